import Domain
import Foundation
import Storage
import TestSupport

/// Who knew of what and which writes met, found the slow way: every entry's past is a set of names.
struct SimulationModel {
    struct Entry {
        var name: EventName
        var body: EventBody?
        var office: ID<Office>
        var refusal: String?
        var writes: [RegisterWrite] = []

        var addsByHand: Bool {
            switch body {
            case .personAdded, .personsPlaced: true
            default: false
            }
        }
    }
    /// In the total order.
    var entries: [Entry]
    /// Of each entry all that its author knew.
    private var pasts: [EventName: Set<EventName>] = [:]

    init(_ events: [(event: Event, refusal: String?)]) throws {
        entries = try events.map { event, refusal in
            let body = try? EventBody(kind: event.kind, payload: event.payload)
            return Entry(
                name: EventName(event), body: body, office: event.office, refusal: refusal,
                writes: try body?.writes(of: event.office) ?? [])
        }
        let all = Set(entries.map(\.name))
        for (chain, own) in Dictionary(grouping: entries, by: \.name.chain) {
            var past: Set<EventName> = []
            for entry in own.sorted(by: { $0.name.seq < $1.name.seq }) {
                pasts[entry.name] = past
                past.insert(entry.name)
                let heads: [ChainHead]
                switch entry.body {
                case .snapshotMerged(let it): heads = it.heads
                case .incarnationBegun(let it): heads = it.heads
                default: continue
                }
                for head in heads where head.chain != chain {
                    past.formUnion(all.filter { $0.chain == head.chain && $0.seq <= head.seq })
                }
            }
        }
    }

    func knows(_ a: EventName, _ b: EventName) -> Bool { pasts[a]?.contains(b) == true }

    /// Pairs of writes that met and of which nobody tells, in words.
    ///
    /// - Parameter told: registers with the entry that lost, as the inbox has them.
    func silent(told: Set<String>) throws -> [String] {
        var silent: [String] = []
        var byRegister: [String: [(entry: Entry, value: String)]] = [:]
        for entry in entries where entry.refusal == nil {
            for write in entry.writes {
                // Whoever adds somebody by hand and knows that the name is another's claims nothing.
                if entry.addsByHand, write.register.hasPrefix("name "),
                    byRegister[write.register]?.contains(where: { knows(entry.name, $0.entry.name) }) == true
                {
                    continue
                }
                byRegister[write.register, default: []].append((entry, try write.value()))
            }
        }
        for (register, writes) in byRegister {
            for (index, later) in writes.enumerated() {
                for earlier in writes[..<index]
                where earlier.value != later.value && !knows(later.entry.name, earlier.entry.name) {
                    let (a, b) = (earlier.entry.name, later.entry.name)
                    // Who went on from one of them without knowing the other moved the question to himself.
                    let isMoved = writes.contains { other in
                        let (first, second) = (knows(other.entry.name, a), knows(other.entry.name, b))
                        return first != second
                    }
                    // What lost was set again by somebody who knew nothing of it: it is his word from then on.
                    let isSetAgain = writes[(index + 1)...].contains { other in
                        other.value == earlier.value && !knows(other.entry.name, a)
                    }
                    guard !isMoved, !isSetAgain, !told.contains("\(register) \(a)"),
                        !told.contains("\(register) \(b)")
                    else { continue }
                    let all = writes.map { write in
                        let known = writes.filter { knows(write.entry.name, $0.entry.name) }
                        return "\(write.entry.name) \(write.value) knowing \(known.map(\.entry.name))"
                    }
                    silent.append("\(register): \(a) and \(b) of\n" + all.joined(separator: "\n"))
                }
            }
        }
        for entry in entries {
            guard let refusal = entry.refusal, entry.body != nil else { continue }
            let isSo =
                try !entry.writes.isEmpty
                && entry.writes.allSatisfy { write in
                    let value = try write.value()
                    return byRegister[write.register]?.contains { $0.value == value } == true
                }
            guard !isSo, !told.contains(where: { $0.hasSuffix(" \(entry.name)") }) else { continue }
            silent.append("\(entry.name) has no effect (\(refusal)), and nobody is told")
        }
        return silent.sorted()
    }
}

extension Simulation {
    /// Nothing that met is decided without a word.
    func checkConflicts(_ box: SimulatedBox) async throws {
        let model = try SimulationModel(try await box.it.sharedJournal())
        let told = Set(try await box.it.sql("SELECT register || ' ' || loser FROM conflict"))
        let silent = try model.silent(told: told)
        guard silent.isEmpty else {
            throw SimulationFault("decided silently: \(silent.prefix(3).joined(separator: "; "))")
        }
    }
}
