import Domain
import Foundation
import GRDB

/// One entry of the journal, as people read it.
public struct ActivityEntry: Sendable {
    public var event: Event
    /// nil: of a kind that this release does not know.
    public var body: EventBody?
    /// Why it has no effect; nil where it has.
    public var refusal: String?

    public var place: ActivityPlace {
        ActivityPlace(time: event.time.bits, stream: event.stream, office: event.office, seq: event.seq)
    }
}

/// Where a page of entries ends: entries are read from the latest back.
public struct ActivityPlace: Sendable, Hashable {
    public var time: Int64
    public var stream: EventStream
    public var office: ID<Office>
    public var seq: Int64

    public init(time: Int64, stream: EventStream, office: ID<Office>, seq: Int64) {
        self.time = time
        self.stream = stream
        self.office = office
        self.seq = seq
    }

    /// `time.stream.office.seq`, for links.
    public var text: String { "\(time).\(stream.rawValue).\(office).\(seq)" }

    public init?(text: String) {
        let parts = text.split(separator: ".")
        guard parts.count == 4, let time = Int64(parts[0]),
            let stream = EventStream(rawValue: String(parts[1])),
            let office = ID<Office>(parts[2]), let seq = Int64(parts[3])
        else { return nil }
        self.init(time: time, stream: stream, office: office, seq: seq)
    }
}

/// Which entries; nil: any.
public struct ActivityFilter: Sendable, Hashable {
    public var from: Instant?
    /// Up to but not including.
    public var until: Instant?
    public var user: ID<User>?
    /// The journal's name of an actor without an account, for example `Console`.
    public var actor: String?
    public var kinds: [String] = []
    /// In the subject, the actor's name, or any text of the entry.
    public var text: String?

    public init() {}
}

/// A page of entries, the latest first.
public struct ActivityPage: Sendable {
    public var entries: [ActivityEntry]
    public var hasEarlier: Bool
    public var hasLater: Bool
}

extension OfficeStore {
    /// - Parameters:
    ///   - before: entries earlier than this place; nil: from the latest on.
    ///   - after: entries later than this place instead.
    public func activity(
        _ filter: ActivityFilter, for viewer: Viewer, before: ActivityPlace? = nil,
        after: ActivityPlace? = nil, limit: Int = 50
    ) async throws -> ActivityPage {
        try viewer.require(.viewActivity)
        return try await read { db in
            var (clauses, arguments) = try Self.activityClauses(filter, viewer, db)
            // The place of an entry is unique but for copies of a box, whose entries of one moment differ in number.
            let place = "(time, office, stream, seq)"
            let backward = after == nil
            if let edge = after ?? before {
                clauses.append("\(place) \(backward ? "<" : ">") (?, ?, ?, ?)")
                arguments += [edge.time, edge.office.description, edge.stream.rawValue, edge.seq]
            }
            let order = backward ? "DESC" : "ASC"
            arguments += [limit + 1]
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM journal \(clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND "))
                    ORDER BY time \(order), office \(order), stream \(order), seq \(order) LIMIT ?
                    """, arguments: arguments)
            var entries = try rows.prefix(limit).map { try ActivityEntry($0) }
            if !backward { entries.reverse() }
            let hasMore = rows.count > limit
            return ActivityPage(
                entries: entries, hasEarlier: backward ? hasMore : true,
                hasLater: backward ? before != nil : hasMore)
        }
    }

    /// How many entries a filter finds, and the latest of them: what an export of now holds.
    public func countActivity(_ filter: ActivityFilter, for viewer: Viewer) async throws -> Int {
        try viewer.require(.viewActivity)
        return try await read { db in
            let (clauses, arguments) = try Self.activityClauses(filter, viewer, db)
            return try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM journal
                    \(clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND "))
                    """, arguments: arguments) ?? 0
        }
    }

    private static func activityClauses(_ filter: ActivityFilter, _ viewer: Viewer, _ db: Database) throws
        -> ([String], StatementArguments)
    {
        var clauses: [String] = []
        let offices = try OfficeScope(viewer, for: .viewActivity, db)
        if !offices.isWhole { clauses.append(offices.condition("office")) }
        var arguments = StatementArguments()
        func bits(_ instant: Instant) -> Int64 {
            min(max(0, instant.milliseconds), Int64.max >> 16) << 16
        }
        if let from = filter.from {
            clauses.append("time >= ?")
            arguments += [bits(from)]
        }
        if let until = filter.until {
            clauses.append("time < ?")
            arguments += [bits(until)]
        }
        if let user = filter.user {
            clauses.append("user = ?")
            arguments += [user.description]
        }
        if let actor = filter.actor {
            clauses.append("user IS NULL AND actor = ?")
            arguments += [actor]
        }
        if !filter.kinds.isEmpty {
            clauses.append("kind IN (\(filter.kinds.map { _ in "?" }.joined(separator: ", ")))")
            arguments += StatementArguments(filter.kinds)
        }
        if let text = filter.text {
            let escaped = text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing(
                "_", with: "\\_")
            clauses.append(
                "(subject LIKE ? ESCAPE '\\' OR actor LIKE ? ESCAPE '\\' OR payload LIKE ? ESCAPE '\\')")
            let pattern = "%\(escaped)%"
            arguments += [pattern, pattern, pattern]
        }
        return (clauses, arguments)
    }

    /// What identities in entries are called now: offices, persons, accounts and sources.
    public func activityNames() async throws -> [String: String] {
        try await read { db in
            var names: [String: String] = [:]
            for table in ["(SELECT office AS id, name FROM peer)", "office", "person", "user", "source"] {
                let rows = try Row.fetchCursor(db, sql: "SELECT id, name FROM \(table)")
                while let row = try rows.next() { names[row["id"] as String] = row["name"] }
            }
            return names
        }
    }
}

extension ActivityEntry {
    init(_ row: Row) throws {
        event = try Event(row)
        body = try? EventBody(kind: event.kind, payload: event.payload)
        refusal = row["refusal"]
    }
}
