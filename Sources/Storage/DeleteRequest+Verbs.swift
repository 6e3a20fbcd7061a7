import Domain
import Foundation
import GRDB

/// What somebody wants to delete.
public enum DeleteScope: Hashable, Codable, Sendable {
    case version(ID<CallFile>, Int)
    /// All versions of a file that are there.
    case file(ID<CallFile>)
    /// These business days, of one version or of every version of the file.
    case days(ID<CallFile>, version: Int?, [Day])
    /// Whole versions of several files, as the retention period proposes.
    case retention([VersionPlace])
}

/// A deletion as it would be, looked at before it is asked for.
public struct PlannedDeletion: Sendable {
    public var kind: DeleteRequest.Kind
    public var targets: [DeleteTarget]
    public var cutOverMinutes: Int
    public var preview: DeletePreview
    /// Everybody with calls among it, also where they stay in another file.
    public var agents: Set<ID<Person>>
}

/// Watches and stops work that may take seconds.
public struct LongWork: Sendable {
    public var isCancelled: @Sendable () -> Bool
    /// Rows done, and of how many.
    public var progress: @Sendable (Int, Int) -> Void

    public init(
        isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) {
        self.isCancelled = isCancelled
        self.progress = progress
    }
}

extension OfficeStore {
    /// Says what a deletion would do. Blocks its thread; nothing is changed.
    ///
    /// - Throws: `UserError.notHere` for what is out of the viewer's reach: a team manager may ask only where
    ///   agents of his have calls.
    public func planDeletion(_ scope: DeleteScope, for viewer: Viewer, work: LongWork = LongWork()) throws
        -> PlannedDeletion
    {
        try viewer.require(.requestDeletions)
        // All of it within the change, which the closing of a store waits for.
        return try changingCalls {
            let (kind, targets) = try pool.read { db in try Self.targets(of: scope, db) }
            let cutOver = try pool.read { db in try Self.cutOverMinutes(of: targets, db) }
            let id: ID<DeleteRequest> = ids.next(at: clock.now())
            let staging = try DeletionStaging(
                self, id, try parts(of: targets, cutOverMinutes: cutOver), .out)
            try staging.run(isCancelled: work.isCancelled, progress: work.progress)
            defer { try? staging.abandon() }
            _ = try staging.finish(isCancelled: work.isCancelled)
            return try pool.read { db in
                let plan = PlannedDeletion(
                    kind: kind, targets: targets, cutOverMinutes: cutOver,
                    preview: try staging.preview(db), agents: try staging.agents(db))
                guard try Self.mayAsk(viewer, plan.preview, db) else { throw UserError.notHere }
                return plan
            }
        }
    }

    /// Asks for a deletion that was planned; what it would do is frozen with it.
    @discardableResult
    public func openDeleteRequest(
        _ plan: PlannedDeletion, reason: String, for viewer: Viewer, by actor: Actor
    ) throws -> DeleteRequest {
        try viewer.require(.requestDeletions)
        return try writeNow(as: actor) { tx in
            guard try Self.mayAsk(viewer, plan.preview, tx.db) else { throw UserError.notHere }
            let admins = try Self.admins(tx.db)
            let request = DeleteRequest(
                id: tx.newID(), kind: plan.kind, targets: plan.targets, cutOverMinutes: plan.cutOverMinutes,
                reason: reason.trimmingCharacters(in: .whitespacesAndNewlines), preview: plan.preview,
                opener: RequestParty(viewer), isSingleAdmin: admins == [viewer.user.description],
                opened: try tx.nextTime())
            try request.checkOpening(in: try tx.deleteContext(tx.now, agents: plan.agents))
            // Whoever sits at the console has an account to approve with, too.
            guard viewer.user != Viewer.console.user else {
                throw UserError(
                    .notAllowed, "The console is nobody: a delete request needs the name of whoever asks.",
                    advice: "Ask under an account, with --user NAME.")
            }
            try tx.append(.deleteRequestOpened(DeleteRequestOpened(request: request)))
            return request
        }
    }

    /// Takes a step in a delete request: an approval takes the calls out of every figure, a restore brings them
    /// back. Blocks its thread.
    ///
    /// - Throws: `UserError` `stale` where an approval would do anything else than was asked for; the request has
    ///   lapsed then. `notHere` for a request out of the viewer's sight.
    public func decideDeleteRequest(
        _ id: ID<DeleteRequest>, _ action: DeleteAction, comment: String = "", typedName: String? = nil,
        for viewer: Viewer, by actor: Actor, work: LongWork = LongWork()
    ) throws {
        try viewer.require(.requestDeletions)
        guard action != .lapse else { throw UserError.notHere }
        let party = RequestParty(viewer)
        let comment = comment.trimmingCharacters(in: .whitespacesAndNewlines)
        // An approval of what somebody asked for himself takes the name that he typed, another's does not.
        func decided(_ request: DeleteRequest) -> String? { request.isOwn(party) ? typedName ?? "" : nil }
        func append(_ tx: inout Transaction, agents: Set<ID<Person>> = [], calls: Int = 0) throws {
            // It may have waited for an import.
            try tx.requireStill(viewer)
            let request = try tx.deleteRequest(id)
            let typed = action == .approve ? decided(request) : nil
            if action == .approve, request.isOwn(party), try Self.admins(tx.db).count > 1 {
                throw UserError(
                    .notAllowed, "The office has another admin now.",
                    advice: "Let him approve it: nobody approves his own delete request.")
            }
            _ = try request.deciding(
                action, comment: comment, typedName: typed, by: party, at: try tx.nextTime(),
                in: try tx.deleteContext(tx.now, agents: agents))
            try tx.append(
                .deleteRequestDecided(
                    DeleteRequestDecided(
                        request, action, comment: comment, by: party, typedName: typed, calls: calls)))
        }
        // Whether it is his to take is said before any work is done.
        let request = try pool.read { [clock] db in
            guard let request = try DeleteRequest.fetch(db, id), try request.isVisible(to: viewer, db) else {
                throw UserError.notHere
            }
            try request.requireOwnOffice(db)
            let now = clock.now()
            _ = try request.deciding(
                action, comment: comment, typedName: action == .approve ? decided(request) : nil, by: party,
                at: .next(after: nil, now: now), in: try DeleteContext.load(db, now: now))
            return request
        }
        guard action == .approve || action == .restore else {
            return try writeNow(as: actor) { tx in try append(&tx) }
        }
        try changingCalls {
            let staging = try DeletionStaging(
                self, id, try parts(of: request.targets, cutOverMinutes: request.cutOverMinutes),
                action == .approve ? .out : .back)
            try staging.run(isCancelled: work.isCancelled, progress: work.progress)
            let change: RollupChange
            do {
                change = try staging.finish(isCancelled: work.isCancelled)
                let agents = try pool.read { db in try staging.agents(db) }
                if action == .approve {
                    let now = try pool.read { db in try staging.digest(db) }
                    guard now == request.preview.digest else {
                        try lapse(request)
                        throw UserError.staleDeletion
                    }
                }
                if work.isCancelled() { throw UserError.cancelledDeletion }
                try writeNow(as: actor) { tx in
                    try append(
                        &tx, agents: agents, calls: action == .approve ? staging.calls : -staging.calls)
                    try change.post(tx)
                }
            } catch {
                try staging.abandon()
                throw error
            }
            // Done: what follows only tidies up, and the next start does it again.
            try? change.sweepReplaced()
            try? settleArchives()
        }
    }

    private func lapse(_ request: DeleteRequest) throws {
        try writeNow(as: .program) { tx in
            try tx.append(
                .deleteRequestDecided(
                    DeleteRequestDecided(
                        request, .lapse,
                        comment: "The figures of these days have changed since it was asked for.",
                        by: RequestParty(.console))))
        }
    }

    // MARK: Parts

    /// Accounts that can approve a deletion.
    static func admins(_ db: Database) throws -> [String] {
        try String.fetchAll(db, sql: "SELECT id FROM user WHERE role = 'admin' AND disabled = 0")
    }

    /// Whether somebody may ask for what a preview says: a team manager where agents of his have calls.
    private static func mayAsk(_ viewer: Viewer, _ preview: DeletePreview, _ db: Database) throws -> Bool {
        switch viewer.reach(.requestDeletions) {
        case .office: return true
        case .none: return false
        case .own, .team, .teams: return try !preview.narrowed(for: viewer, db).agents.isEmpty
        }
    }

    private static func targets(of scope: DeleteScope, _ db: Database) throws
        -> (DeleteRequest.Kind, [DeleteTarget])
    {
        func targets(_ file: ID<CallFile>, _ version: Int?, _ days: [Day]?) throws -> [DeleteTarget] {
            try requireOwn(file, db)
            let rows = try String.fetchAll(
                db,
                sql: """
                    SELECT event FROM fileVersion WHERE file = ?1 AND (?2 IS NULL OR version = ?2)
                      AND state = 'live' ORDER BY version
                    """, arguments: [file.description, version])
            return try rows.map { text in
                let upload = try fromJSON(FileUploaded.self, text)
                return DeleteTarget(
                    file: upload.file, fileName: upload.fileName, version: upload.version,
                    days: days.map { Set($0).sorted() }, firstDay: upload.firstDay, lastDay: upload.lastDay)
            }
        }
        let kind: DeleteRequest.Kind
        let found: [DeleteTarget]
        switch scope {
        case .version(let file, let version): (kind, found) = (.version, try targets(file, version, nil))
        case .file(let file): (kind, found) = (.file, try targets(file, nil, nil))
        case .days(let file, let version, let days):
            guard !days.isEmpty else {
                throw UserError(.invalid, "No day was chosen.", advice: "Choose one or more days.")
            }
            (kind, found) = (.days, try targets(file, version, days))
        case .retention(let places):
            var met: Set<VersionPlace> = []
            (kind, found) = (
                .retention,
                try places.filter { met.insert($0).inserted }.flatMap {
                    try targets($0.file, $0.version, nil)
                }
            )
        }
        guard !found.isEmpty else { throw UserError.notHere }
        let offices = try Set(
            found.map { target in
                try String.fetchOne(
                    db,
                    sql:
                        "SELECT office FROM fileVersion WHERE file = ? AND version = ? AND state <> 'staged'",
                    arguments: [target.file.description, target.version])
            })
        // Each office erases its own.
        guard offices.count == 1 else {
            throw UserError(
                .invalid, "These are files of \(offices.count) offices.",
                advice: "Ask for those of each office by themselves.")
        }
        return (kind, found)
    }

    /// When business days begin in the office whose file it is.
    private static func cutOverMinutes(of targets: [DeleteTarget], _ db: Database) throws -> Int {
        let office = try targets.first.flatMap { target in
            try String.fetchOne(
                db,
                sql: "SELECT office FROM fileVersion WHERE file = ? AND version = ? AND state <> 'staged'",
                arguments: [target.file.description, target.version])
        }
        return try RulesByOffice(db).of(office: office ?? "").cutOverMinutes
    }

    private func parts(of targets: [DeleteTarget], cutOverMinutes: Int) throws -> [DeletionPart] {
        try pool.read { db in
            try targets.compactMap { target in
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT number, source, event ->> '$.counts.accepted' AS rows FROM fileVersion
                        WHERE file = ? AND version = ? AND state <> 'staged'
                        """, arguments: [target.file.description, target.version])
                return row.map { row in
                    DeletionPart(
                        target: target, number: row["number"], source: row["source"],
                        spans: target.spans(cutOverMinutes: cutOverMinutes), rows: row["rows"])
                }
            }
        }
    }
}

extension UserError {
    static let staleDeletion = UserError(
        .stale, "The figures of these days have changed since it was asked for; nothing was deleted.",
        advice: "The request is out of date now. Look at what it would do today, and ask again.")
}
