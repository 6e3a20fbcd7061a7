import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// SQL: row `c` of version `v` is there: the version is live, and the row's day of it was not deleted.
    static let isLive = isLive("c", "v")

    /// SQL: how row `c`, which is there, stands among the rows that are there and hold its key: 1, it counts;
    /// -1, a row of another office counts instead; 0, it is one that its own office replaced.
    ///
    /// The rule is said at `[Sighting].standings`. Nearly every key has one row, or rows of one source; only where a
    /// second source holds it are groups looked for.
    static let standing = """
        CASE WHEN NOT EXISTS (SELECT 1 FROM call d WHERE d.key = c.key AND d.number <> c.number) THEN 1
        WHEN NOT EXISTS (SELECT 1 FROM call d WHERE d.key = c.key AND d.source <> c.source) THEN (
          SELECT \(standingByLater) FROM call d CROSS JOIN fileVersion w ON w.number = d.version
          WHERE d.key = c.key AND d.source = c.source AND d.version <> c.version
            AND (w.time, w.office, w.incarnation) > (v.time, v.office, v.incarnation) AND \(isLive("d", "w")))
        ELSE (
          WITH RECURSIVE kin (source, fingerprint) AS (
            SELECT c.source, c.fingerprint
            UNION
            SELECT e.source, e.fingerprint FROM kin CROSS JOIN call e CROSS JOIN fileVersion w ON w.number = e.version
            WHERE e.key = c.key AND (e.source = kin.source OR e.fingerprint = kin.fingerprint)
              AND (SELECT format FROM source WHERE number = e.source)
                = (SELECT format FROM source WHERE number = c.source) AND \(isLive("e", "w")))
          SELECT \(standingByLater)
          FROM call e CROSS JOIN fileVersion w ON w.number = e.version
          WHERE e.key = c.key AND (w.time, w.office, w.incarnation) > (v.time, v.office, v.incarnation) AND \(isLive("e", "w"))
            AND (e.source, e.fingerprint) IN (SELECT source, fingerprint FROM kin))
        END
        """

    /// Of the later rows `w` that are the same call.
    private static let standingByLater =
        "CASE WHEN count(*) = 0 THEN 1 WHEN max(w.office = v.office) THEN 0 ELSE -1 END"

    /// SQL: row `c`, which is there, counts.
    static let isCounted = "(\(standing)) = 1"

    private static func isLive(_ call: String, _ version: String) -> String {
        """
        \(version).state = 'live' AND (\(version).cut = 0 OR NOT EXISTS (
          SELECT 1 FROM deletedSpan x WHERE x.version = \(version).number
            AND x.fromTime <= \(call).time AND \(call).time < x.untilTime))
        """
    }
}

/// Which rows are there, as `OfficeStore.isLive` has it, for work that asks a million times and for changes that are
/// not made yet.
struct LiveRows: Sendable {
    /// A version's place in the total order: of two rows that are the same call, the later counts.
    struct Place: Comparable, Hashable, Sendable {
        /// As `HybridTime` has it; the greatest number where its event is still to come.
        var time: Int64
        var office: String
        var incarnation: Int

        static func < (a: Place, b: Place) -> Bool {
            (a.time, a.office, a.incarnation) < (b.time, b.office, b.incarnation)
        }
    }

    private struct Version {
        var source: Int64
        /// The source's layout: others' rows are never the same call.
        var format: String
        var place: Place
        /// In order and apart from each other.
        var deleted: [ClockSpan] = []
    }

    private var versions: [Int64: Version] = [:]

    init(_ db: Database) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT v.number, v.source, v.time, v.office, v.incarnation, coalesce(s.format, '') AS format
                FROM fileVersion v LEFT JOIN source s ON s.number = v.source WHERE v.state <> 'staged'
                """)
        while let row = try rows.next() {
            versions[row["number"]] = Version(
                source: row["source"], format: row["format"],
                place: Place(
                    time: row["time"], office: row["office"], incarnation: row["incarnation"]))
        }
        var spans: [Int64: [ClockSpan]] = [:]
        let deleted = try Row.fetchCursor(db, sql: "SELECT version, fromTime, untilTime FROM deletedSpan")
        while let row = try deleted.next() {
            spans[row["version"], default: []].append(
                ClockSpan(from: row["fromTime"], until: row["untilTime"]))
        }
        for (version, spans) in spans { versions[version]?.deleted = spans.joined }
    }

    /// No other version whose rows could be the same calls has rows that are there.
    func isAlone(_ number: Int64) -> Bool {
        guard let version = versions[number] else { return true }
        return versions.allSatisfy {
            $0.key == number || $0.value.format != version.format || $0.value.deleted == [.always]
        }
    }

    /// Where a version's row of a time stands; nil: it is not there.
    func place(of number: Int64, at second: Int64) -> Place? {
        guard let version = versions[number] else { return nil }
        return version.deleted.contains { $0.contains(second) } ? nil : version.place
    }

    /// The same among the rows of one layout.
    func place(of number: Int64, at second: Int64, besides other: Int64) -> Place? {
        guard let version = versions[number], version.format == versions[other]?.format,
            !version.deleted.contains(where: { $0.contains(second) })
        else { return nil }
        return version.place
    }

    /// As it is without asking for the row's time.
    func place(of number: Int64) -> Place? { versions[number]?.place }

    func source(of number: Int64) -> Int64? { versions[number]?.source }

    /// What is deleted of a version, in order; all of it is one span.
    func deleted(of number: Int64) -> [ClockSpan] { versions[number]?.deleted ?? [] }

    mutating func add(_ number: Int64, of source: StoredSource, at place: Place, deleted: [ClockSpan]) {
        versions[number] = Version(
            source: source.number, format: source.source.format, place: place, deleted: deleted.joined)
    }

    mutating func remove(_ number: Int64) { versions[number] = nil }

    mutating func set(_ number: Int64, deleted: [ClockSpan]) { versions[number]?.deleted = deleted.joined }

    /// Whether the versions of a database are as these, whose events that were still to come are the last of it.
    func isSame(as other: LiveRows) -> Bool {
        guard versions.count == other.versions.count else { return false }
        return versions.allSatisfy { number, version in
            guard let there = other.versions[number], there.source == version.source,
                there.format == version.format, there.deleted == version.deleted
            else { return false }
            guard version.place.time == .max else { return there.place == version.place }
            return there.place.office == version.place.office
                && other.versions.allSatisfy { $0.key == number || $0.value.place < there.place }
        }
    }
}

extension [ClockSpan] {
    /// The same moments in order, in as few spans as they take.
    var joined: [ClockSpan] {
        var result: [ClockSpan] = []
        for span in sorted(by: { ($0.from, $0.until) < ($1.from, $1.until) }) where span.from < span.until {
            if let last = result.last, span.from <= last.until {
                result[result.count - 1].until = Swift.max(last.until, span.until)
            } else {
                result.append(span)
            }
        }
        return result
    }
}
