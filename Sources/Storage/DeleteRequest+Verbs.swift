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
        let (kind, targets) = try pool.read { db in try Self.targets(of: scope, db) }
        let rules = try officeRulesNow()
        let plan = try changingCalls {
            let id: ID<DeleteRequest> = ids.next(at: clock.now())
            let staging = try DeletionStaging(
                self, id, try parts(of: targets, cutOverMinutes: rules.cutOverMinutes), .out)
            try staging.run(isCancelled: work.isCancelled, progress: work.progress)
            defer { try? staging.change.abandon() }
            return try pool.read { db in
                PlannedDeletion(
                    kind: kind, targets: targets, cutOverMinutes: rules.cutOverMinutes,
                    preview: try staging.preview(db), agents: try staging.agents(db))
            }
        }
        guard try pool.read({ db in try Self.mayAsk(viewer, plan.preview, db) }) else {
            throw UserError.notHere
        }
        return plan
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
            guard viewer.user != Viewer.console.user || admins.count > 1 else {
                throw UserError(
                    .notAllowed,
                    "The office has one admin: he would approve alone what the console asked for.",
                    advice: "Ask under an account; its request then waits as an only admin's does.")
            }
            let request = DeleteRequest(
                id: tx.newID(), kind: plan.kind, targets: plan.targets, cutOverMinutes: plan.cutOverMinutes,
                reason: reason.trimmingCharacters(in: .whitespacesAndNewlines), preview: plan.preview,
                opener: RequestParty(viewer), isSingleAdmin: admins == [viewer.user.description],
                opened: try tx.nextTime())
            try request.checkOpening(in: try tx.deleteContext(tx.now, agents: plan.agents))
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
            guard let request = try DeleteRequest.fetch(db, id), request.isVisible(to: viewer) else {
                throw UserError.notHere
            }
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
            do {
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
                    try staging.change.post(tx)
                }
            } catch {
                try staging.change.abandon()
                throw error
            }
            // Done: what follows only tidies up, and the next start does it again.
            try? staging.change.sweepReplaced()
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

    /// Appends the purge of a deletion whose remaining archives are written; see `purgePlan`. Call inside
    /// `changingCalls`.
    ///
    /// - Parameter viewer: nil: the program, when its time in the trash is over.
    public func purge(
        _ plan: PurgePlan, kept: [VersionPlace: KeptVersion], comment: String, for viewer: Viewer?,
        by actor: Actor
    ) throws {
        try writeNow(as: actor) { tx in
            let request = try tx.deleteRequest(plan.request.id)
            let party = viewer.map { RequestParty($0) }
            _ = try request.purging(
                by: party, comment: comment, at: try tx.nextTime(),
                in: try tx.deleteContext(tx.now, agents: plan.agents))
            let versions = plan.versions.map { version in
                PurgedVersion(
                    version.uploaded, rows: version.rows, digest: version.digest,
                    kept: kept[VersionPlace(file: version.uploaded.file, version: version.uploaded.version)])
            }
            try tx.append(
                .deleteRequestPurged(
                    DeleteRequestPurged(
                        request: request.id, by: party, comment: comment, versions: versions)))
        }
        try? settleArchives()
    }

    /// What a purge erases: checked against the rules before any work is done. Blocks its thread.
    public func purgePlan(
        _ id: ID<DeleteRequest>, comment: String, for viewer: Viewer?
    ) throws -> PurgePlan {
        if let viewer { try viewer.require(.decideDeletions) }
        return try pool.read { [clock, folder] db in
            guard let request = try DeleteRequest.fetch(db, id) else { throw UserError.notHere }
            var versions: [PurgePlan.Version] = []
            var names: Set<AgentDay> = []
            let cutOver = try Self.officeState(db)?.office.rules.cutOverMinutes ?? 0
            for target in request.targets {
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT v.number, v.event, v.state, v.unsettled FROM fileVersion v
                        WHERE v.file = ? AND v.version = ? AND v.state NOT IN ('staged', 'purged')
                        """, arguments: [target.file.description, target.version])
                // Purged with another request.
                guard let row else { continue }
                let number: Int64 = row["number"]
                let spans = target.spans(cutOverMinutes: request.cutOverMinutes)
                let uploaded = try fromJSON(FileUploaded.self, row["event"] as String)
                var version = PurgePlan.Version(
                    uploaded: uploaded, spans: spans,
                    archivePath: folder.archive(
                        of: uploaded.file, version: uploaded.version, state: row["state"],
                        isUnsettled: row["unsettled"]))
                var digest: UInt64 = 0
                let select = try RawStatement(
                    db,
                    """
                    SELECT line, name, time, fingerprint FROM call WHERE number >= ? AND number < ?
                    ORDER BY number
                    """)
                select.bind(CallRecord.number(number, line: 0), at: 1)
                select.bind(CallRecord.number(number + 1, line: 0), at: 2)
                defer { select.reset() }
                while try select.step() {
                    let time = select.number(2)
                    guard spans.contains(where: { $0.contains(time) }) else { continue }
                    version.rows += 1
                    digest = digest &+ UInt64(bitPattern: select.number(3))
                    if target.days != nil { version.lines.append(Int(clamping: select.number(0))) }
                    let day = LocalTime(seconds: time).businessDay(cutOver: cutOver)
                    names.insert(AgentDay(name: select.number(1), day: day.number))
                }
                version.digest = hexadecimal(bigEndian: digest)
                versions.append(version)
            }
            let words = try FigureWords(db)
            let agents = Set(names.compactMap { ID<Person>(words.person(ofName: $0.name, on: $0.day)) })
            let now = clock.now()
            _ = try request.purging(
                by: viewer.map { RequestParty($0) }, comment: comment, at: .next(after: nil, now: now),
                in: try DeleteContext.load(db, now: now, agents: agents))
            return PurgePlan(request: request, versions: versions, agents: agents)
        }
    }

    /// Sets, changes or lifts a hold.
    ///
    /// - Parameter after: nil: the hold is lifted, which needs a comment.
    public func changeHold(
        _ before: DeleteHold?, to after: DeleteHold?, comment: String = "", for viewer: Viewer,
        by actor: Actor
    ) async throws {
        try viewer.require(.decideDeletions)
        guard after != nil || !comment.allSatisfy(\.isWhitespace) else {
            throw UserError(.invalid, "A hold is lifted with a reason.", advice: "Say why it may go.")
        }
        try await write(as: actor) { tx in
            if let file = after?.file {
                let isThere = try Bool.fetchOne(
                    tx.db, sql: "SELECT 1 FROM file WHERE id = ?", arguments: [file.description])
                guard isThere == true else { throw UserError.notHere }
            }
            if let person = after?.person {
                let isThere = try Bool.fetchOne(
                    tx.db, sql: "SELECT 1 FROM person WHERE id = ?", arguments: [person.description])
                guard isThere == true else { throw UserError.notHere }
            }
            try tx.append(
                .deleteHoldChanged(DeleteHoldChanged(before: before, after: after, comment: comment)))
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
        return (kind, found)
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

/// What a purge erases, and what has to be written again without it.
public struct PurgePlan: Sendable {
    public struct Version: Sendable {
        public var uploaded: FileUploaded
        public var spans: [ClockSpan]
        public var archivePath: String
        /// Accepted rows that go; of a whole version their lines are not listed.
        public var rows = 0
        public var digest = ""
        public var lines: [Int] = []

        /// All of the version goes.
        public var isWhole: Bool { spans == [.always] }
    }
    public var request: DeleteRequest
    public var versions: [Version]
    public var agents: Set<ID<Person>>
}

extension UserError {
    static let staleDeletion = UserError(
        .stale, "The figures of these days have changed since it was asked for; nothing was deleted.",
        advice: "The request is out of date now. Look at what it would do today, and ask again.")
}

/// A digest as the journal writes it.
func hexadecimal(bigEndian number: UInt64) -> String {
    hexadecimal((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) })
}
