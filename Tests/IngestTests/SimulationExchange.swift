import Domain
import Foundation
import Formats
import Ingest
import Storage
import TestSupport

/// How entries and files get from box to box: late, twice, out of order, cut off, or not at all.
extension Simulation {
    func exchange(_ kind: SimulationStep.Kind, _ index: Int, _ numbers: inout SeededNumbers) async throws {
        switch kind {
        case .send: parcels.append(try await pack(index))
        case .sendDelta:
            let reader = try pick(boxes.indices, &numbers)
            parcels.append(try await pack(index, since: try await heads(reader)))
        case .deliver:
            // The newest more often than others; one that was delivered before is delivered again.
            try await take(try pick(parcels.reversed(), &numbers), at: index)
        case .exchange:
            let other = try pick(neighbours(of: index), &numbers)
            try await exchange(index, other)
        case .clash:
            let other = try pick(neighbours(of: index), &numbers)
            try await exchange(index, other)
            // Both go on from the same, and neither knows what the other does.
            let kinds = SimulationStep.Kind.clashing(hasFiles: plan.hasFiles)
            let kind = kinds.randomElement(using: &numbers) ?? .rename
            for box in [index, other, index, other].prefix(Int.random(in: 2...4, using: &numbers)) {
                boxes[box].clock.pass(minutes: Int64.random(in: -5...9, using: &numbers))
                try await perform(SimulationStep(kind: kind, box: box, seed: numbers.next()))
            }
            if Bool.random(using: &numbers) { try await exchange(index, other) }
        case .damage: try await takeDamaged(index, &numbers)
        case .pair:
            let other = try pick(templates.filter { $0.id != boxes[index].id }, &numbers)
            try await boxes[index].store.pair(
                other.id, name: other.name, key: other.key, for: .console, by: .console)
        default:
            let other = try pick(templates.filter { $0.id != boxes[index].id }, &numbers)
            try await boxes[index].store.unpair(other.id, reason: "for now", for: .console, by: .console)
        }
    }

    private func exchange(_ a: Int, _ b: Int) async throws {
        let (one, two) = (try await pack(a), try await pack(b))
        try await take(one, at: b)
        try await take(two, at: a)
    }

    private func neighbours(of index: Int) -> [Int] {
        let others = boxes.indices.filter { $0 != index }
        let next = [(index + 1) % boxes.count, (index + boxes.count - 1) % boxes.count]
        return others.filter { other in
            switch plan.topology {
            case .mesh, .random: true
            case .star: index == 0 || other == 0
            case .ring: next.contains(other)
            case .line: abs(index - other) == 1
            }
        }
    }

    /// What a box holds of every chain.
    func heads(_ index: Int) async throws -> [ChainHead] {
        try await boxes[index].it.sql(
            """
            SELECT office, incarnation, max(seq), lower(hex(hash)) FROM journal WHERE stream = 'shared'
            GROUP BY office, incarnation
            """
        ).compactMap { line in
            let parts = line.split(separator: "|").map(String.init)
            guard parts.count == 4, let office = ID<Office>(parts[0]), let incarnation = Int(parts[1]),
                let seq = Int64(parts[2])
            else { return nil }
            return ChainHead(office: office, incarnation: incarnation, seq: seq, hash: parts[3])
        }
    }

    func pack(_ index: Int, since: [ChainHead] = []) async throws -> SimulatedParcel {
        let box = boxes[index]
        if plan.hasFiles {
            let path = newPath(".rollcall")
            try exportSnapshot(SnapshotOrder(since: since), to: path, from: box.store, by: .console)
            return .file(path: path, from: box.id)
        }
        return try Self.entries(of: box.store, since: since)
    }

    /// Entries alone, as a snapshot without files has them, but for the tar and its bytes.
    static func entries(of store: OfficeStore, since: [ChainHead] = []) throws -> SimulatedParcel {
        let contents = try store.snapshotContents(since: since, linkingInto: SimulatedOffices.place)
        let key = try OfficeKey(of: store)
        let own = try contents.own.map {
            try SignedHead($0, name: contents.name, key: key.publicKey, sign: key.sign)
        }
        var entries = store.entries(of: contents)
        var events: [Event] = []
        while let event = try entries.next() { events.append(event) }
        return .entries(
            SnapshotOffer(
                fileName: "entries", office: contents.office, name: contents.name, key: key.publicKey,
                made: contents.made, program: "test", heads: own + contents.others), events)
    }

    @discardableResult
    func take(_ parcel: SimulatedParcel, at index: Int) async throws -> MergeOutcome {
        try Self.take(parcel, into: boxes[index].store)
    }

    @discardableResult
    static func take(_ parcel: SimulatedParcel, into store: OfficeStore) throws -> MergeOutcome {
        switch parcel {
        case .file(let path, _):
            return try ReceivedSnapshot(path: path, fileName: "parcel", in: store).merge(by: .console)
        case .entries(let offer, let events):
            let reception = try store.receive(offer, ownKey: OfficeKey(of: store).publicKey) { body in
                for event in events { try body(event) }
            }
            return try store.merge(reception, by: .console) { _, _ in
                throw SimulationFault("an archive was asked for, where nobody uploads")
            }
        }
    }

    /// A cut off file, or entries that were altered on their way, are refused whole.
    private func takeDamaged(_ index: Int, _ numbers: inout SeededNumbers) async throws {
        let box = boxes[index]
        let sender = try pick(boxes.indices.filter { boxes[$0].id != box.id }, &numbers)
        let parcel = try await pack(sender)
        let before = try await fingerprint(box)
        let broken: SimulatedParcel
        switch parcel {
        case .file(let path, let from):
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let cut = newPath(".rollcall")
            try bytes.prefix(Int.random(in: 0..<bytes.count, using: &numbers)).write(
                to: URL(fileURLWithPath: cut))
            broken = .file(path: cut, from: from)
        case .entries(let offer, var events):
            let at = Int.random(in: 0..<events.count, using: &numbers)
            if Bool.random(using: &numbers) {
                events.remove(at: at)
            } else {
                events[at].payload = events[at].payload.replacing(":", with: ": ", maxReplacements: 1)
            }
            broken = .entries(offer, events)
        }
        do {
            let outcome = try await take(broken, at: index)
            // An entry that is held already, or of a chain that is not taken, may be missing or wrong.
            guard case .entries = broken else {
                throw SimulationFault("a cut off file was taken in: \(outcome.entries) entries")
            }
        } catch is UserError {
            guard try await fingerprint(box) == before else {
                throw SimulationFault("a damaged snapshot was refused, and changed something all the same")
            }
        }
    }

    /// Everybody is paired with everybody and exchanges, in whatever order, until nothing is new.
    func settle() async throws {
        var numbers = SeededNumbers(plan.seed ^ 0x5e77_1e)
        for box in boxes {
            for other in templates where other.id != box.id {
                do {
                    try await box.store.pair(
                        other.id, name: other.name, key: other.key, for: .console, by: .console)
                } catch let error as UserError where error.code == .conflict {}
            }
        }
        for _ in 0..<(boxes.count + 4) {
            var isQuiet = true
            let hub = Int.random(in: boxes.indices, using: &numbers)
            let others = boxes.indices.filter { $0 != hub }.shuffled(using: &numbers)
            for (from, to) in others.map({ ($0, hub) }) + others.map({ (hub, $0) }) {
                do {
                    let parcel = try await pack(from, since: plan.hasFiles ? [] : try await heads(to))
                    if try await take(parcel, at: to).entries > 0 { isQuiet = false }
                } catch let error as UserError where plan.mayFork {
                    notes.append("settling: \(error.message)")
                }
            }
            if isQuiet { return }
        }
        throw SimulationFault("the boxes go on answering each other for ever")
    }
}
