import Domain
import Foundation
import GRDB

/// A delete request as pages show it to somebody.
public struct DeleteRequestRow: Sendable {
    public var request: DeleteRequest
    public var state: DeleteRequest.State
    /// The figures of its days have changed since: an approval will say that it is out of date.
    public var isOutOfDate: Bool
    /// What the viewer may do with it now.
    public var actions: Set<DeleteAction>
    /// He may purge it before its time.
    public var mayPurge: Bool
    public var awaitsViewer: Bool
    /// When it is over unless it is decided before; nil: it is decided.
    public var expires: Instant?
    /// When its only admin may approve his own; nil: it is no such request.
    public var singleAdminFrom: Instant?
    /// Whether the preview shows only what is of the viewer's teams.
    public var isNarrowed: Bool
    /// Reasons of the holds that forbid it now.
    public var holds: [String]
    /// What was erased; nil: it is not purged.
    public var certificate: DeleteRequestPurged?
    /// SHA-256 of the journal's entry that erased it, in hex.
    public var certificateHash: String?
}

public struct DeleteQuery: Sendable, Hashable {
    public enum Part: String, Sendable, CaseIterable {
        case open
        case trash
        case all
    }
    public var part = Part.all
    public var offset = 0
    public var limit = 50

    public init(_ part: Part = .all) { self.part = part }
}

extension OfficeStore {
    /// Delete requests that the viewer may see, those that wait for him first, then the newest.
    public func deleteRequests(_ query: DeleteQuery = DeleteQuery(), for viewer: Viewer) async throws -> (
        rows: [DeleteRequestRow], total: Int
    ) {
        try viewer.require(.requestDeletions)
        let result: DeleteRequestPage = try await read { [clock] db in
            let stages: [DeleteRequest.Stage] =
                switch query.part {
                case .open: [.open]
                case .trash: [.deleted]
                case .all: DeleteRequest.Stage.allCases
                }
            let own = viewer.reach(.requestDeletions) == .office ? nil : viewer
            let offices = try OfficeScope(viewer, for: .requestDeletions, db)
            let condition = """
                stage IN (\(stages.map { "'\($0.rawValue)'" }.joined(separator: ", ")))
                AND (?1 IS NULL OR request ->> '$.opener.user' = ?1 OR request ->> '$.opener.person' = ?2)
                AND \(offices.ofTargets("request"))
                """
            let whose: StatementArguments = [own?.user.description, own?.person?.description]
            let total =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM deleteRequest WHERE \(condition)", arguments: whose) ?? 0
            let texts = try String.fetchAll(
                db,
                sql: """
                    SELECT request FROM deleteRequest WHERE \(condition)
                    ORDER BY stage = 'open' DESC, opened DESC LIMIT ?3 OFFSET ?4
                    """, arguments: whose + [max(1, min(query.limit, 500)), max(0, query.offset)])
            let now = clock.now()
            let rows = try texts.map {
                try Self.row(try fromJSON(DeleteRequest.self, $0), viewer, now, db)
            }
            return DeleteRequestPage(
                rows: rows.filter(\.awaitsViewer) + rows.filter { !$0.awaitsViewer }, total: total)
        }
        return (result.rows, result.total)
    }

    private struct DeleteRequestPage: Sendable {
        var rows: [DeleteRequestRow]
        var total: Int
    }

    /// - Throws: `UserError.notHere` for one out of the viewer's sight.
    public func deleteRequest(_ id: ID<DeleteRequest>, for viewer: Viewer) async throws -> DeleteRequestRow {
        try viewer.require(.requestDeletions)
        return try await read { [clock] db in
            guard let request = try DeleteRequest.fetch(db, id), try request.isVisible(to: viewer, db) else {
                throw UserError.notHere
            }
            return try Self.row(request, viewer, clock.now(), db)
        }
    }

    /// How many wait for the viewer: the badge of every page.
    public func deleteRequestsAwaiting(_ viewer: Viewer) async throws -> Int {
        guard viewer.reach(.decideDeletions) == .office else { return 0 }
        return try await read { [clock] db in
            let texts = try String.fetchAll(
                db,
                sql: """
                    SELECT request FROM deleteRequest
                    WHERE stage = 'open' AND \(try OfficeScope.own(db).ofTargets("request"))
                    ORDER BY opened DESC LIMIT 500
                    """)
            guard !texts.isEmpty else { return 0 }
            let context = try DeleteContext.load(db, now: clock.now())
            return try texts.count { text in
                try fromJSON(DeleteRequest.self, text).allowedActions(
                    for: RequestParty(viewer), in: context
                ).contains(.approve)
            }
        }
    }

    /// Deletions of the own files whose time in the trash is over, for the program to purge.
    public func purgesDue() throws -> [ID<DeleteRequest>] {
        let now = clock.now()
        return try pool.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT request FROM deleteRequest
                    WHERE stage = 'deleted' AND \(try OfficeScope.own(db).ofTargets("request"))
                    """
            )
            .map { try fromJSON(DeleteRequest.self, $0) }
            .filter { $0.purgeTime.map { $0 <= now } ?? false }.map(\.id)
        }
    }

    private static func row(_ request: DeleteRequest, _ viewer: Viewer, _ now: Instant, _ db: Database) throws
        -> DeleteRequestRow
    {
        let context = try DeleteContext.load(db, now: now)
        let party = RequestParty(viewer)
        let state = request.state(now: now, rules: context.rules)
        let office = try request.office(db)
        let isOwnOffice = try OfficeScope.own(db).holds(office?.description)
        // What becomes of another office's files is decided there.
        let actions = isOwnOffice ? request.allowedActions(for: party, in: context) : []
        let isNarrowed = viewer.reach(.requestDeletions) < .office
        var shown = request
        if isNarrowed { shown.preview = try request.preview.narrowed(for: viewer, db) }
        var isOutOfDate = false
        if state == .open, let period = request.preview.period {
            isOutOfDate = try figuresDigest(period, of: office, db) != request.preview.figures
        }
        var row = DeleteRequestRow(
            request: shown, state: state, isOutOfDate: isOutOfDate, actions: actions,
            mayPurge: isOwnOffice && state == .deleted && viewer.reach(.decideDeletions) == .office
                && !request.isOwn(party), awaitsViewer: actions.contains(.approve),
            expires: state == .open ? request.expiry(context.rules) : nil,
            singleAdminFrom: state == .open && request.isSingleAdmin
                ? request.singleAdminTime(context.rules) : nil,
            isNarrowed: isNarrowed, holds: [])
        if state == .open || state == .deleted {
            let agents = Set(request.preview.agents.compactMap(\.person))
            row.holds = context.holds.filter {
                $0.holds(on: context.today)
                    && $0.blocks(request.targets, agents: agents, touched: request.preview.period)
            }
            // A hold may be about somebody who is no business of the viewer's.
            .map { isNarrowed ? "set by an admin" : $0.reason }
        }
        if state == .purged {
            let entries = try Row.fetchAll(
                db,
                sql: """
                    SELECT payload, hash FROM journal WHERE kind = ? AND \(payloadField("$.request")) = ?
                      AND refusal IS NULL
                    """, arguments: [DeleteRequestPurged.kind, request.id.description])
            if let entry = entries.last {
                row.certificate = try fromJSON(DeleteRequestPurged.self, entry["payload"] as String)
                row.certificateHash = hexadecimal(entry["hash"] as Data)
            }
        }
        return row
    }
}

extension DeleteRequest {
    /// Whoever takes care of the office's files, and whoever asked for it.
    func isVisible(to viewer: Viewer, _ db: Database) throws -> Bool {
        guard viewer.reach(.requestDeletions) == .office else { return isOwn(RequestParty(viewer)) }
        let offices = try OfficeScope(viewer.everywhere, for: .requestDeletions, db)
        return try offices.isWhole || offices.holds(office(db)?.description)
    }

    /// Whose the files are that it is about; nil where they are not known.
    func office(_ db: Database) throws -> ID<Office>? {
        try String.fetchOne(
            db, sql: "SELECT s.office FROM file f JOIN source s ON s.id = f.source WHERE f.id = ?",
            arguments: [targets.first?.file.description]
        ).flatMap { ID($0) }
    }

    /// One office decides and erases, and the others follow its entries: two that rewrote one archive at the same time
    /// would each keep what the other erased.
    ///
    /// - Throws: `UserError` where another office's files are decided about.
    func requireOwnOffice(_ db: Database) throws {
        guard try OfficeScope.own(db).holds(office(db)?.description) else { throw Self.othersFiles }
    }

    static let othersFiles = UserError(
        .notAllowed, "These are another office's files; nothing was changed.",
        advice: "Their deletion is decided in that office.")
}

extension DeletePreview {
    /// What is of the viewer's own teams in the period: no other name, and no total, is told to him.
    func narrowed(for viewer: Viewer, _ db: Database) throws -> DeletePreview {
        var preview = DeletePreview(period: period, days: days)
        guard let period else { return preview }
        // Of somebody who was another manager's on some of the days, the logs of those days are not his to see.
        func own(_ column: String) throws -> Set<String> {
            Set(
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT \(column) FROM placementSpan
                        WHERE fromDay <= ?1 AND untilDay > ?2 AND \(column) IS NOT NULL GROUP BY 1
                        HAVING min(coalesce(manager = ?3, 0)) = 1
                        """,
                    arguments: [period.to.number, period.from.number, viewer.person?.description]))
        }
        let (agents, leaders) = (try own("person"), try own("leader"))
        preview.agents = self.agents.filter { $0.person.map { agents.contains($0.description) } ?? false }
        preview.teams = teams.filter { $0.person.map { leaders.contains($0.description) } ?? false }
        preview.before.logs = preview.agents.reduce(0) { $0 + $1.before }
        preview.after.logs = preview.agents.reduce(0) { $0 + $1.after }
        preview.gone = preview.before.logs - preview.after.logs
        return preview
    }
}
