import Domain
import Foundation
import Ingest
import Storage
import TestSupport

/// What people do with the office's rules, its files and its deletions.
extension Simulation {
    func actOnOffice(_ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers)
        async throws
    {
        let store = box.store
        switch kind {
        case .changeOffice:
            var rules = try store.officeRulesNow()
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: rules.cutOverMinutes = try pick([0, 60, 240, 870], &numbers)
            case 1: rules.maxGapMinutes = try pick([5, 10, 20], &numbers)
            case 2: rules.timeZone = try pick(["Europe/Berlin", "Asia/Tokyo", "America/Chicago"], &numbers)
            case 3: rules.name += "’"
            default: rules.keepsPastDays.toggle()
            }
            try store.changeOffice(rules, by: Self.actor)
        case .changeSource:
            var source = try pick(
                try await store.sources().map(\.source).sorted { $0.id < $1.id }, &numbers)
            if Bool.random(using: &numbers) {
                source.name = try pick(["Dialer", "ReadyMode", "Other"], &numbers)
            } else {
                let state = try pick(["sale", "callback", "mystery"], &numbers)
                source.outcomes.states[state] = source.outcomes.states[state] == nil ? [] : nil
            }
            try await store.saveSource(source, by: Self.actor)
        case .changeHold: try await changeHold(box, &numbers)
        case .decideConflict:
            let all = try await store.conflicts(for: .console).sorted { $0.conflict.id < $1.conflict.id }
            try await store.decideConflict(
                try pick(all, &numbers).conflict.id, try pick(ConflictChoice.allCases, &numbers),
                comment: "as agreed", for: .console, by: Self.actor)
        default: try await appendNewerKind(box)
        }
    }

    private func changeHold(_ box: SimulatedBox, _ numbers: inout SeededNumbers) async throws {
        let store = box.store
        let holds = try await store.deleteHolds(for: Self.admin(1)).holds
        if let hold = holds.randomElement(using: &numbers), Bool.random(using: &numbers) {
            var after: DeleteHold? = hold
            if Bool.random(using: &numbers) { after?.reason += "!" } else { after = nil }
            return try await store.changeHold(
                hold, to: after, comment: "over", for: Self.admin(1), by: Self.actor)
        }
        let files: [ID<CallFile>] = try await ids("SELECT id FROM file ORDER BY id", at: box)
        let persons = try await persons(box)
        let isOnFile = Bool.random(using: &numbers)
        let hold = DeleteHold(
            id: store.ids.next(at: store.clock.now()),
            file: isOnFile ? files.randomElement(using: &numbers) : nil,
            person: isOnFile ? nil : persons.randomElement(using: &numbers), reason: "a complaint")
        try await store.changeHold(nil, to: hold, for: Self.admin(1), by: Self.actor)
    }

    /// An entry that only a later release knows: nobody here can say what it means, and nobody may lose it.
    private func appendNewerKind(_ box: SimulatedBox) async throws {
        let chain = try await box.it.sql("SELECT office, incarnation FROM folder").first ?? ""
        let parts = chain.split(separator: "|")
        guard parts.count == 2, let incarnation = Int(parts[1]) else { throw NothingToDo() }
        let last =
            try await box.it.sql(
                """
                SELECT seq, hash, (SELECT max(time) FROM journal) FROM journal WHERE stream = 'shared'
                  AND office = '\(parts[0])' AND incarnation = \(incarnation) ORDER BY seq DESC LIMIT 1
                """
            ).first?.split(separator: "|").map(String.init) ?? []
        guard last.count == 3, let seq = Int64(last[0]), let time = Int64(last[2]) else {
            throw NothingToDo()
        }
        let previous = stride(from: 0, to: last[1].count, by: 2).compactMap { offset -> UInt8? in
            let start = last[1].index(last[1].startIndex, offsetBy: offset)
            return UInt8(last[1][start...].prefix(2), radix: 16)
        }
        let event = Event(
            stream: .shared, office: box.id, incarnation: incarnation, seq: seq + 1,
            time: .next(after: HybridTime(bits: time), now: box.clock.time), actor: Self.actor,
            kind: "somethingNewer", payload: "{\"what\":\"\(seq)\"}", previousHash: previous)
        try box.it.damage(
            """
            INSERT INTO journal (stream, office, incarnation, seq, time, actor, via, kind, payload,
              previousHash, hash, refusal) VALUES ('shared', '\(box.id)', \(incarnation), \(seq + 1),
              \(event.time.bits), '\(event.actor.name)', '\(event.actor.via)', '\(event.kind)', '\(event.payload)',
              x'\(last[1])', x'\(hexadecimal(event.computedHash))', NULL)
            """)
    }

    // MARK: Files

    func actOnFiles(_ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers)
        async throws
    {
        let office = box.it
        let own = try await office.sql("SELECT id FROM source WHERE office = '\(box.id)' ORDER BY id")
        let source = try pick(own, &numbers)
        switch kind {
        case .upload, .uploadNext:
            var random = RandomFile(seed: numbers.next())
            let text = RandomFile.text(random.rows(Int.random(in: 2...9, using: &numbers), ids: 1...14))
            let name =
                kind == .upload
                ? "f\(texts.count).csv" : try pick(["daily.csv", "weekly.csv"], &numbers)
            try office.take(text, file: name, source: source)
            texts.append((name, text))
        case .uploadElsewhere:
            let (name, text) = try pick(texts, &numbers)
            try office.take(
                text, file: Bool.random(using: &numbers) ? name : "again-\(name)", source: source)
        case .readAgain:
            let version = try pick(
                try await files(box).flatMap { try office.store.versionsNow(of: $0) }, &numbers)
            var reading = FileReading(version.uploaded.mapping)
            reading.timeZone = try pick(["America/Chicago", "Asia/Tokyo", "Europe/Berlin"], &numbers)
            _ = try importFile(
                version.readAgain(reading, in: office.store), into: office.store, by: Self.actor)
        default: try await actOnDeletions(kind, box, &numbers)
        }
    }

    private func files(_ box: SimulatedBox) async throws -> [ID<CallFile>] {
        try await ids("SELECT DISTINCT file FROM fileVersion WHERE state = 'live' ORDER BY file", at: box)
    }

    private func actOnDeletions(
        _ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers
    ) async throws {
        let store = box.store
        let requests: [ID<DeleteRequest>] = try await ids("SELECT id FROM deleteRequest ORDER BY id", at: box)
        switch kind {
        case .askDeletion:
            let file = try pick(try await files(box), &numbers)
            let version = try pick(try store.versionsNow(of: file), &numbers).uploaded
            let days = (0..<2).map { _ in
                (version.firstDay ?? Day(number: 0)).adding(Int.random(in: 0...4, using: &numbers))
            }
            let scope: DeleteScope = try pick(
                [
                    .version(file, version.version), .file(file), .days(file, version: version.version, days),
                    .days(file, version: nil, days),
                ], &numbers)
            let bob = Viewer(user: EventIDs.user(4), name: "Bob", role: .dataEntry, person: nil)
            let plan = try store.planDeletion(scope, for: bob)
            let request = try store.openDeleteRequest(plan, reason: "wrong", for: bob, by: Self.actor)
            if Bool.random(using: &numbers) {
                try store.decideDeleteRequest(request.id, .approve, for: Self.admin(1), by: Self.actor)
            }
        case .decideDeletion:
            let action = try pick(
                [DeleteAction.approve, .approve, .approve, .restore, .restore, .reject, .withdraw, .comment],
                &numbers)
            let viewer =
                action == .withdraw
                ? Viewer(user: EventIDs.user(4), name: "Bob", role: .dataEntry, person: nil) : Self.admin(2)
            try store.decideDeleteRequest(
                try pick(requests, &numbers), action, comment: "because", for: viewer, by: Self.actor)
        default:
            if Bool.random(using: &numbers) {
                try purgeDeletion(
                    try pick(requests, &numbers), in: store, comment: "room", for: Self.admin(3),
                    by: Self.actor)
            } else {
                box.clock.pass(minutes: 31 * 1440)
                _ = try purgeWhatIsDue(in: store)
            }
        }
    }
}
