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
            switch Int.random(in: 0..<(plan.hasFiles ? 8 : 5), using: &numbers) {
            case 0: rules.cutOverMinutes = try pick([0, 60, 240, 870], &numbers)
            case 1: rules.maxGapMinutes = try pick([5, 10, 20], &numbers)
            case 2: rules.timeZone = try pick(["Europe/Berlin", "Asia/Tokyo", "America/Chicago"], &numbers)
            case 3: rules.name += "’"
            case 5: rules.deletions.trashDays = try pick([1, 5, 30, 60], &numbers)
            case 6: rules.deletions.expiryDays = try pick([1, 3, 14], &numbers)
            case 7: rules.deletions.singleAdminHours = try pick([1, 24, 700], &numbers)
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
            var random = numbers
            let choices = ConflictChoice.allCases.shuffled(using: &numbers)
            try await orElse {
                let all = try await store.conflicts(for: .console).map(\.conflict.id).sorted()
                try await self.some(of: choices.flatMap { choice in all.map { ($0, choice) } }, &random) {
                    try await store.decideConflict(
                        $0, $1, comment: "as agreed", for: .console, by: Self.actor)
                }
            } make: {
                try await self.makeConflict(box, &random)
            }
        default: try await appendNewerKind(box)
        }
    }

    private func changeHold(_ box: SimulatedBox, _ numbers: inout SeededNumbers) async throws {
        let store = box.store
        let holds = try await store.deleteHolds(for: Self.admin(1)).holds
        // Lifted more often than set, or nothing could be deleted for long.
        if let hold = holds.randomElement(using: &numbers), Int.random(in: 0..<3, using: &numbers) > 0 {
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
        // As the fold says of one that came from elsewhere.
        var refusal = "NULL"
        do { _ = try EventBody(event) } catch let error as UserError { refusal = "'\(error.message)'" }
        try box.it.damage(
            """
            INSERT INTO journal (stream, office, incarnation, seq, time, actor, via, kind, payload,
              previousHash, hash, refusal) VALUES ('shared', '\(box.id)', \(incarnation), \(seq + 1),
              \(event.time.bits), '\(event.actor.name)', '\(event.actor.via)', '\(event.kind)', '\(event.payload)',
              x'\(last[1])', x'\(hexadecimal(event.computedHash))', \(refusal))
            """)
    }

    // MARK: Files

    /// Who asks for deletions, and decides none.
    static let clerk = Viewer(user: EventIDs.user(4), name: "Bob", role: .dataEntry, person: nil)

    func actOnFiles(_ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers)
        async throws
    {
        switch kind {
        case .upload: try await upload("f\(texts.count).csv", box, &numbers)
        case .uploadNext: try await upload(try pick(["daily.csv", "weekly.csv"], &numbers), box, &numbers)
        case .uploadElsewhere:
            if !texts.contains(where: { $0.office != box.office }) {
                let other = try pick(boxes.filter { $0.office != box.office }, &numbers)
                try await upload("f\(texts.count).csv", other, &numbers)
            }
            let isRenamed = Bool.random(using: &numbers)
            let source = try await source(of: box)
            try await some(of: texts.reversed().filter { $0.office != box.office }, &numbers) { it in
                try box.it.take(it.text, file: isRenamed ? "again-\(it.name)" : it.name, source: source)
            }
        case .readAgain:
            if try await files(box).isEmpty { try await upload("f\(texts.count).csv", box, &numbers) }
            let versions = try await files(box).flatMap { try box.store.versionsNow(of: $0) }
            let zones = ["America/Chicago", "Asia/Tokyo", "Europe/Berlin", "Asia/Kolkata"]
            let readings = versions.shuffled(using: &numbers).flatMap { version in
                zones.shuffled(using: &numbers).map { (version, $0) }
            }
            try await some(of: readings, &numbers) { version, zone in
                var reading = FileReading(version.uploaded.mapping)
                reading.timeZone = zone
                _ = try importFile(
                    version.readAgain(reading, in: box.store), into: box.store, by: Self.actor)
            }
        default: try await actOnDeletions(kind, box, &numbers)
        }
    }

    private func source(of box: SimulatedBox) async throws -> String? {
        try await box.it.sql("SELECT id FROM source WHERE office = '\(box.id)' ORDER BY id").first
    }

    private func upload(_ name: String, _ box: SimulatedBox, _ numbers: inout SeededNumbers) async throws {
        var random = RandomFile(seed: numbers.next())
        let text = RandomFile.text(random.rows(Int.random(in: 2...9, using: &numbers), ids: 1...14))
        try box.it.take(text, file: name, source: try await source(of: box))
        texts.append((box.office, name, text))
    }

    /// Of the office itself: of another one's files nobody here decides.
    private func files(_ box: SimulatedBox) async throws -> [ID<CallFile>] {
        try await ids(
            """
            SELECT DISTINCT file FROM fileVersion WHERE state = 'live' AND office = '\(box.id)' ORDER BY file
            """, at: box)
    }

    private func requests(_ stages: [String], _ box: SimulatedBox) async throws -> [ID<DeleteRequest>] {
        let stages = stages.map { "'\($0)'" }.joined(separator: ", ")
        return try await ids(
            """
            SELECT r.id FROM deleteRequest r WHERE r.stage IN (\(stages))
              AND EXISTS (SELECT 1 FROM fileVersion v WHERE v.office = '\(box.id)'
                AND v.file = r.request ->> '$.targets[0].file') ORDER BY r.opened DESC, r.id
            """, at: box)
    }

    /// Asks for the deletion of calls that are there.
    private func ask(_ box: SimulatedBox, _ numbers: inout SeededNumbers) async throws -> ID<DeleteRequest> {
        if try await files(box).isEmpty { try await upload("f\(texts.count).csv", box, &numbers) }
        let store = box.store
        var scopes: [DeleteScope] = []
        for file in try await files(box).shuffled(using: &numbers).prefix(4) {
            guard
                let version = try store.versionsNow(of: file).randomElement(using: &numbers)?.uploaded.version
            else { continue }
            let isOfOne = Bool.random(using: &numbers)
            let days = try await store.deletableDays(file, version: isOfOne ? version : nil, for: Self.clerk)
            let some = days.map(\.day).shuffled(using: &numbers).prefix(
                Int.random(in: 1...3, using: &numbers))
            let scope = DeleteScope.days(file, version: isOfOne ? version : nil, Array(some))
            scopes.append(
                [.version(file, version), .file(file), scope, scope].randomElement(using: &numbers) ?? scope)
        }
        var id: ID<DeleteRequest>?
        try await self.some(of: scopes, &numbers) { scope in
            id = try store.openDeleteRequest(
                store.planDeletion(scope, for: Self.clerk), reason: "wrong", for: Self.clerk, by: Self.actor
            ).id
        }
        guard let id else { throw NothingToDo() }
        return id
    }

    private func askAndApprove(_ box: SimulatedBox, _ numbers: inout SeededNumbers) async throws {
        try box.store.decideDeleteRequest(
            try await ask(box, &numbers), .approve, for: Self.admin(1), by: Self.actor)
    }

    private func actOnDeletions(
        _ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers
    ) async throws {
        let store = box.store
        var random = numbers
        switch kind {
        case .askDeletion:
            if Bool.random(using: &numbers) {
                try await askAndApprove(box, &numbers)
            } else {
                _ = try await ask(box, &numbers)
            }
        case .decideDeletion:
            let actions: [DeleteAction] =
                [
                    [.approve, .approve, .restore, .reject, .withdraw],
                    [.restore, .approve, .withdraw, .reject],
                    [.comment],
                ].randomElement(using: &numbers) ?? []
            try await orElse {
                let requests = try await self.requests(["open", "deleted"], box)
                try await self.some(
                    of: actions.flatMap { action in requests.map { (action, $0) } }, tries: 8, &random
                ) {
                    action, request in
                    try store.decideDeleteRequest(
                        request, action, comment: "because",
                        for: action == .withdraw ? Self.clerk : Self.admin(2), by: Self.actor)
                }
            } make: {
                _ = try await self.ask(box, &random)
            }
        default:
            let isEarly = Bool.random(using: &numbers)
            try await orElse {
                if isEarly {
                    try await self.some(of: try await self.requests(["deleted"], box), &random) { request in
                        try purgeDeletion(
                            request, in: store, comment: "room", for: Self.admin(3), by: Self.actor)
                    }
                } else {
                    box.clock.pass(minutes: 31 * 1440)
                    let due = try store.purgesDue()
                    let failures = try purgeWhatIsDue(in: store)
                    if let failure = failures.first(where: { $0.code == .damaged }) { throw failure }
                    guard failures.count < due.count else {
                        throw failures.first ?? NothingToDo() as any Error
                    }
                }
            } make: {
                try await self.askAndApprove(box, &random)
            }
        }
    }
}
