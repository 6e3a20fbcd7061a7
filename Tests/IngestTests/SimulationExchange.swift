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
            if parcels.isEmpty { parcels.append(try await pack(try pick(neighbours(of: index), &numbers))) }
            try await some(of: parcels.reversed(), tries: 3, &numbers) { try await take($0, at: index) }
        case .exchange:
            let other = try pick(neighbours(of: index), &numbers)
            try await exchange(index, other)
        case .clash:
            // Only the boxes of one office decide about the same files.
            let twins = boxes.indices.filter { $0 != index && boxes[$0].office == boxes[index].office }
            let isAmongTwins =
                plan.hasFiles && !twins.isEmpty && Int.random(in: 0..<4, using: &numbers) > 0
            let other = try pick(isAmongTwins ? twins : neighbours(of: index), &numbers)
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
            var unpaired = try await unpaired(boxes[index])
            if unpaired.isEmpty {
                let other = try pick(templates.filter { $0.id != boxes[index].id }, &numbers)
                try await boxes[index].store.unpair(other.id, reason: "anew", for: .console, by: .console)
                unpaired = [other]
            }
            let other = try pick(unpaired, &numbers)
            try await boxes[index].store.pair(
                other.id, name: other.name, key: other.key, for: .console, by: .console)
        default:
            let unpaired = Set(try await unpaired(boxes[index]).map(\.id))
            let others = templates.filter { $0.id != boxes[index].id && !unpaired.contains($0.id) }
            try await boxes[index].store.unpair(
                try pick(others, &numbers).id, reason: "for now", for: .console, by: .console)
        }
    }

    private func unpaired(_ box: SimulatedBox) async throws -> [SimulatedOffices.Template] {
        let paired = Set(try await box.it.sql("SELECT office FROM peer WHERE revoked = 0"))
        return templates.filter { $0.id != box.id && !paired.contains($0.id.description) }
    }

    /// Two boxes that know the same give one person two names.
    func makeConflict(_ box: SimulatedBox, _ numbers: inout SeededNumbers) async throws {
        guard let index = boxes.firstIndex(where: { $0 === box }) else { throw NothingToDo() }
        let other = try pick(neighbours(of: index), &numbers)
        try await exchange(index, other)
        let theirs = Set(try await persons(boxes[other]))
        let person = try pick(try await persons(box).filter { theirs.contains($0) }, &numbers)
        for (box, name) in [(index, "One"), (other, "Other")] {
            try await boxes[box].store.renamePerson(
                person, to: "\(name) \(Int.random(in: 1...9, using: &numbers))", for: .console, by: Self.actor
            )
        }
        try await exchange(index, other)
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
            return .file(path: path)
        }
        if plan.mayFork { try await noteEntries(of: box) }
        return try Self.entries(of: box.store, since: since)
    }

    /// Entries alone, as a snapshot without files has them, but for the tar and its bytes.
    static func entries(
        of store: OfficeStore, since: [ChainHead] = [], linkingInto place: String = SimulatedOffices.place
    ) throws -> SimulatedParcel {
        let contents = try store.snapshotContents(since: since, linkingInto: place)
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
        guard plan.mayFork, case .entries(let offer, let events) = parcel else {
            return try Self.take(parcel, into: boxes[index].store)
        }
        return try await takeAlarmed(parcel, offer, events, at: index)
    }

    // MARK: Chains that were written twice

    private func noteEntries(of box: SimulatedBox) async throws {
        for line in try await box.it.sql(
            "SELECT lower(hex(hash)), lower(hex(previousHash)) FROM journal WHERE stream = 'shared'")
        {
            let parts = line.split(separator: "|").map(String.init)
            if let entry = parts.first, let last = parts.last { before[entry] = last }
        }
    }

    /// Whether one entry is in the other's chain before it, or the same.
    private func leads(_ entry: String, to other: String) -> Bool {
        var at: String? = other
        while let hash = at {
            if hash == entry { return true }
            at = before[hash]
        }
        return false
    }

    /// A box that meets another one's part of a chain of which it holds one says so, and takes nothing of it.
    private func takeAlarmed(
        _ parcel: SimulatedParcel, _ offer: SnapshotOffer, _ events: [Event], at index: Int
    ) async throws -> MergeOutcome {
        let box = boxes[index]
        try await noteEntries(of: box)
        let held = try await heads(index)
        let forked = offer.heads.map(\.head).filter { head in
            held.contains {
                $0.chain == head.chain && !leads($0.hash, to: head.hash) && !leads(head.hash, to: $0.hash)
            }
        }
        let result: Result<MergeOutcome, UserError>
        do { result = .success(try Self.take(parcel, into: box.store)) } catch let error as UserError {
            result = .failure(error)
        }
        let after = try await heads(index)
        for head in forked {
            let (ours, now) = (
                held.first { $0.chain == head.chain }, after.first { $0.chain == head.chain }
            )
            guard ours == now else {
                throw SimulationFault("box \(index) took entries of a chain that was written twice: \(head)")
            }
            guard case .success(let outcome) = result else { continue }
            let reason = outcome.notTaken.first {
                $0.office == head.office && $0.incarnation == head.incarnation
            }?
            .reason
            let alarms = try await box.it.sql(
                "SELECT 1 FROM fork WHERE office = '\(head.office)' AND incarnation = \(head.incarnation)")
            switch reason {
            case .fork where !alarms.isEmpty: forksMet += 1
            // Whom it does not believe at all, and a part that does not reach back to where the two part.
            case .unpaired, .revoked, .gap: break
            // Its last entry alone, of a number that is not held here, tells nothing.
            case nil
            where head.seq > (ours?.seq ?? 0)
                && !events.contains { $0.office == head.office && $0.incarnation == head.incarnation }:
                break
            default:
                throw SimulationFault(
                    "box \(index) met a chain that was written twice, and says \(reason.map { "\($0)" } ?? "nothing"): \(head) beside \(ours.map { "\($0)" } ?? "-")"
                )
            }
        }
        return try result.get()
    }

    @discardableResult
    static func take(_ parcel: SimulatedParcel, into store: OfficeStore) throws -> MergeOutcome {
        switch parcel {
        case .file(let path):
            return try ReceivedSnapshot(path: path, fileName: "parcel", in: store).merge(by: .exchange)
        case .entries(let offer, let events):
            let reception = try store.receive(offer, ownKey: OfficeKey(of: store).publicKey) { body in
                for event in events { try body(event) }
            }
            return try store.merge(reception, by: .exchange) { _, _ in
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
        case .file(let path):
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let cut = newPath(".rollcall")
            try bytes.prefix(Int.random(in: 0..<bytes.count, using: &numbers)).write(
                to: URL(fileURLWithPath: cut))
            broken = .file(path: cut)
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
            // Who holds the same has nothing to send; that it then takes nothing, the orders check. In the
            // thorough ones the words on the merges themselves go round as well, until nobody has any left.
            if !plan.mayFork {
                var held: Set<[String]> = []
                for (index, box) in boxes.enumerated() {
                    held.insert(
                        isThorough
                            ? try await heads(index).map { "\($0)" }.sorted() : try await events(box))
                }
                if held.count == 1 { return }
            }
            let hub = Int.random(in: boxes.indices, using: &numbers)
            let others = boxes.indices.filter { $0 != hub }.shuffled(using: &numbers)
            for (from, to) in others.map({ ($0, hub) }) + others.map({ (hub, $0) }) {
                do {
                    // Part of a chain that was written twice is not even sent; the whole is taken, and told of.
                    let isWhole = plan.mayFork
                    let parcel = try await pack(from, since: isWhole ? [] : try await heads(to))
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
