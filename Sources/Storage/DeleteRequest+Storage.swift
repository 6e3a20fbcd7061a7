import Domain
import Foundation
import GRDB

extension Transaction {
    func foldDeleteRequestOpened(_ event: Event, _ it: DeleteRequestOpened) throws {
        var request = it.request
        request.opened = event.time
        try requireOwnFiles(of: request, event)
        try request.checkOpening(in: try deleteContext(of: event))
        for target in request.targets { _ = try versionNumber(of: target, event) }
        try save(request)
    }

    func foldDeleteRequestDecided(_ event: Event, _ it: DeleteRequestDecided) throws {
        let request = try deleteRequest(it.request)
        try requireOwnFiles(of: request, event)
        let after = try request.deciding(
            it.action, comment: it.comment, typedName: it.typedName, by: it.by, at: event.time,
            in: try deleteContext(of: event))
        switch it.action {
        case .approve:
            for target in request.targets {
                guard let number = try versionNumber(of: target, event) else { continue }
                for span in target.spans(cutOverMinutes: request.cutOverMinutes) {
                    try db.run(
                        sql: """
                            INSERT INTO deletedSpan (version, fromTime, untilTime, request) VALUES (?, ?, ?, ?)
                            """, arguments: [number, span.from, span.until, request.id.description])
                }
                try settleState(number)
            }
        case .restore:
            let numbers = try versions(of: request.id)
            try db.run(
                sql: "DELETE FROM deletedSpan WHERE request = ? AND purged = 0",
                arguments: [request.id.description])
            for number in numbers { try settleState(number) }
        case .reject, .withdraw, .lapse, .comment: break
        }
        try save(after)
    }

    func foldDeleteRequestPurged(_ event: Event, _ it: DeleteRequestPurged) throws {
        let request = try deleteRequest(it.request)
        try requireOwnFiles(of: request, event)
        var after = request
        if request.stage == .purged, isSealed(event) {
            // Another box purged the same; of the two archives the later one counts.
            try request.checkPurged(it.versions)
        } else {
            after = try request.purging(
                it.versions, by: it.by, comment: it.comment, at: event.time,
                in: try deleteContext(of: event))
        }
        let numbers = try versions(of: request.id)
        try db.run(
            sql: "UPDATE deletedSpan SET purged = 1 WHERE request = ?", arguments: [request.id.description])
        for purged in it.versions {
            if let kept = purged.kept { try keep(kept, purged.file, purged.version) }
        }
        for number in numbers { try settleState(number) }
        try save(after)
    }

    func foldArchiveRewritten(_ event: Event, _ it: ArchiveRewritten) throws {
        try requireOwnFiles([it.file], event)
        let isThere = try Bool.fetchOne(
            db.cachedStatement(
                sql: "SELECT 1 FROM fileVersion WHERE file = ? AND version = ? AND state <> 'staged'"),
            arguments: [it.file.description, it.version])
        guard isThere == true, !it.requests.isEmpty else { throw UserError.notHere }
        for id in it.requests {
            let request = try deleteRequest(id)
            let isOfIt = request.targets.contains {
                $0.file == it.file && $0.version == it.version && $0.days != nil
            }
            guard request.stage == .purged, isOfIt else {
                throw UserError(
                    .invalid, "The archive was written again without calls that nobody purged.",
                    advice: "Ask the office that did it.")
            }
        }
        try keep(it.kept, it.file, it.version)
    }

    // MARK: Parts

    /// The version goes on as what was kept of it; one that is not there, or was purged whole, stays so. Counts that no
    /// file can have are not taken.
    private func keep(_ kept: KeptVersion, _ file: ID<CallFile>, _ version: Int) throws {
        guard kept.counts.isBalanced, let upload = try upload(file, version) else { return }
        try db.run(
            sql: """
                UPDATE fileVersion SET event = ?, archive = ?, original = ?, unsettled = 1
                WHERE file = ? AND version = ?
                """,
            arguments: [
                try jsonText(upload.keeping(kept)), kept.archive, kept.original, file.description, version,
            ])
    }

    /// An office decides about its own files alone: what another one signs of them has no effect.
    private func requireOwnFiles(of request: DeleteRequest, _ event: Event) throws {
        try requireOwnFiles(Set(request.targets.map(\.file)), event)
    }

    private func requireOwnFiles(_ files: Set<ID<CallFile>>, _ event: Event) throws {
        let select = try db.cachedStatement(
            sql: "SELECT s.office FROM file f JOIN source s ON s.id = f.source WHERE f.id = ?")
        for file in files {
            let office = try String.fetchOne(select, arguments: [file.description])
            guard office == nil || office == event.office.description else {
                throw DeleteRequest.othersFiles
            }
        }
    }

    /// - Throws: `UserError.notHere` where there is none.
    func deleteRequest(_ id: ID<DeleteRequest>) throws -> DeleteRequest {
        guard let request = try DeleteRequest.fetch(db, id) else { throw UserError.notHere }
        return request
    }

    func deleteContext(of event: Event) throws -> DeleteContext {
        let rules = try rules(of: event.office)
        let now = event.time.instant
        return DeleteContext(
            now: now, today: rules.businessDay(at: now), rules: rules.deletions,
            holds: try DeleteHold.inForce(db), agents: [], isDone: isSealed(event))
    }

    /// Whether an entry is a purge, or a step that a purge rests on.
    private func isSealed(_ event: Event) -> Bool { refold?.sealed.contains(EventName(event)) == true }

    /// - Parameter agents: with calls among what would go, where it is known better than the request knows.
    func deleteContext(_ now: Instant, agents: Set<ID<Person>> = []) throws -> DeleteContext {
        try DeleteContext.load(db, now: now, agents: agents)
    }

    private func save(_ request: DeleteRequest) throws {
        try db.run(
            sql: """
                INSERT INTO deleteRequest (id, stage, opened, request) VALUES (?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, request = excluded.request
                """,
            arguments: [
                request.id.description, request.stage.rawValue, request.opened.bits, try jsonText(request),
            ])
    }

    /// nil: it is not there, or was purged, and yet the rest of what the event is about was erased somewhere.
    ///
    /// - Throws: `UserError` for a version that is not there, or was purged.
    private func versionNumber(of target: DeleteTarget, _ event: Event) throws -> Int64? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT number, state FROM fileVersion WHERE file = ? AND version = ? AND state <> 'staged'
                    """), arguments: [target.file.description, target.version])
        if isSealed(event), row == nil || row?["state"] == "purged" { return nil }
        guard let row else { throw UserError.notHere }
        guard row["state"] != "purged" else {
            throw UserError(
                .conflict, "“\(target.fileName)”, version \(target.version), was purged already.",
                advice: "There is nothing left to delete of it.")
        }
        return row["number"]
    }

    private func versions(of request: ID<DeleteRequest>) throws -> [Int64] {
        try Int64.fetchAll(
            db.cachedStatement(sql: "SELECT DISTINCT version FROM deletedSpan WHERE request = ?"),
            arguments: [request.description])
    }

    /// nil: it is not there, or was purged whole.
    private func upload(_ file: ID<CallFile>, _ version: Int) throws -> FileUploaded? {
        try String.fetchOne(
            db.cachedStatement(
                sql:
                    "SELECT event FROM fileVersion WHERE file = ? AND version = ? AND state IN ('live', 'trashed')"
            ),
            arguments: [file.description, version]
        ).map { try fromJSON(FileUploaded.self, $0) }
    }

    /// Brings a version's state in line with what is deleted of it.
    private func settleState(_ number: Int64) throws {
        try db.run(
            sql: """
                UPDATE fileVersion SET unsettled = 1,
                  cut = EXISTS (SELECT 1 FROM deletedSpan WHERE version = ?1 AND fromTime > ?2),
                  state = coalesce((SELECT CASE max(purged) WHEN 1 THEN 'purged' ELSE 'trashed' END
                    FROM deletedSpan WHERE version = ?1 AND fromTime = ?2 HAVING count(*) > 0), 'live')
                WHERE number = ?1
                """, arguments: [number, Int64.min])
    }
}

extension DeleteRequest {
    static func fetch(_ db: Database, _ id: ID<DeleteRequest>) throws -> DeleteRequest? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT request FROM deleteRequest WHERE id = ?"),
            arguments: [id.description]
        ).map { try fromJSON(DeleteRequest.self, $0) }
    }
}

extension DeleteContext {
    static func load(_ db: Database, now: Instant, agents: Set<ID<Person>> = []) throws -> DeleteContext {
        guard let state = try OfficeStore.officeState(db) else { throw UserError.notSetUp }
        return DeleteContext(
            now: now, today: state.businessDay(at: now), rules: state.office.rules.deletions,
            holds: try DeleteHold.inForce(db), agents: agents)
    }
}
