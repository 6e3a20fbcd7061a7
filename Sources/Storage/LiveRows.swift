import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// SQL: row `c` of version `v` is there: the version is live, and the row's day of it was not deleted.
    static let isLive = isLive("c", "v")
    /// SQL: row `c`, which is there, counts: no later version that is there holds its key.
    static let isCounted = """
        NOT EXISTS (
          SELECT 1 FROM call d JOIN fileVersion w ON w.number = d.version
          WHERE d.source = c.source AND d.key = c.key AND d.version <> c.version
            AND (w.time, w.office) > (v.time, v.office) AND \(isLive("d", "w")))
        """

    private static func isLive(_ call: String, _ version: String) -> String {
        """
        \(version).state = 'live' AND (\(version).cut = 0 OR NOT EXISTS (
          SELECT 1 FROM deletedSpan x WHERE x.version = \(version).number
            AND x.fromTime <= \(call).time AND \(call).time < x.untilTime))
        """
    }
}

/// Which rows of a source's versions are there, as `OfficeStore.isLive` has it, for work that asks a million times
/// and for changes that are not made yet.
struct LiveRows {
    /// A version's place in the total order: of two that hold a key, the later counts.
    struct Place: Comparable {
        var time: Int64
        var office: String

        static func < (a: Place, b: Place) -> Bool { (a.time, a.office) < (b.time, b.office) }
    }

    private struct Version {
        var place: Place
        var deleted: [Deleted] = []
    }
    private struct Deleted {
        var span: ClockSpan
        var request: String
    }

    private var versions: [Int64: Version] = [:]

    init(source: Int64, _ db: Database) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT number, time, office FROM fileVersion WHERE source = ? AND state <> 'staged'",
            arguments: [source])
        for row in rows {
            versions[row["number"]] = Version(place: Place(time: row["time"], office: row["office"]))
        }
        let spans = try Row.fetchAll(
            db,
            sql: """
                SELECT d.version, d.fromTime, d.untilTime, d.request FROM deletedSpan d
                JOIN fileVersion v ON v.number = d.version WHERE v.source = ?
                """, arguments: [source])
        for row in spans {
            let span = ClockSpan(from: row["fromTime"], until: row["untilTime"])
            versions[row["version"]]?.deleted.append(Deleted(span: span, request: row["request"]))
        }
    }

    /// No version but this one has rows that are there.
    func isAlone(_ version: Int64) -> Bool {
        versions.allSatisfy { $0.key == version || $0.value.deleted.contains { $0.span == .always } }
    }

    /// Where a version's row of a time stands; nil: it is not there.
    func place(of version: Int64, at second: Int64) -> Place? {
        guard let version = versions[version] else { return nil }
        return version.deleted.contains { $0.span.contains(second) } ? nil : version.place
    }

    /// As it is without asking for the row's time.
    func place(of version: Int64) -> Place? { versions[version]?.place }

    mutating func delete(_ spans: [ClockSpan], of version: Int64, by request: ID<DeleteRequest>) {
        versions[version]?.deleted += spans.map { Deleted(span: $0, request: request.description) }
    }

    mutating func restore(_ version: Int64, by request: ID<DeleteRequest>) {
        versions[version]?.deleted.removeAll { $0.request == request.description }
    }

    mutating func set(_ version: Int64, asIn other: LiveRows) { versions[version] = other.versions[version] }
}

/// The rows of other versions that hold a key.
struct Sightings {
    struct Sighting {
        var version: Int64
        var place: LiveRows.Place
        var name: Int64
        var entry: AgentDayTally.Entry
    }
    private let statement: RawStatement

    init(_ db: Database) throws {
        statement = try RawStatement(
            db,
            """
            SELECT version, name, time, campaign, outcome, talk, fingerprint FROM call
            WHERE source = ? AND key = ? AND version <> ?
            """)
    }

    /// Visits them; `bindKey` binds the key at 2.
    func each(
        source: Int64, besides version: Int64, bindKey: (RawStatement) -> Void,
        _ body: (Sightings, Int64, _ second: Int64) -> Void
    ) throws {
        statement.bind(source, at: 1)
        bindKey(statement)
        statement.bind(version, at: 3)
        defer { statement.reset() }
        while try statement.step() { body(self, statement.number(0), statement.number(2)) }
    }

    /// The row of the present step, as far as figures go.
    func sighting(_ version: Int64, _ place: LiveRows.Place) -> Sighting {
        Sighting(
            version: version, place: place, name: statement.number(1),
            entry: AgentDayTally.Entry(
                time: LocalTime(seconds: statement.number(2)), campaign: statement.number(3),
                outcome: statement.number(4), talk: statement.isNull(5) ? nil : statement.number(5),
                fingerprint: UInt64(bitPattern: statement.number(6))))
    }

    /// The one that counts of those that are there; nil: none is.
    func latest(
        source: Int64, besides version: Int64, in live: LiveRows, bindKey: (RawStatement) -> Void
    ) throws -> Sighting? {
        var latest: Sighting?
        try each(source: source, besides: version, bindKey: bindKey) { row, version, second in
            guard let place = live.place(of: version, at: second), latest.map({ $0.place < place }) ?? true
            else { return }
            latest = row.sighting(version, place)
        }
        return latest
    }
}
