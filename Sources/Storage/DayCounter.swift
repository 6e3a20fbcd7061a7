import Domain
import Foundation
import GRDB

/// Finds of each version how many of its rows count on each day.
///
/// The rollups know how many calls of a source count on a day. Mostly that alone says it: all rows count, or only
/// the latest version's. Only where it does not are rows looked at, the latest version first, until all that
/// count are found.
struct DayCounter {
    private struct Part {
        var version: Int64
        var source: Int64
        /// Of the office that uploaded it.
        var rules: CountingRules
        var day: FileDay
        var isSolved = false
    }

    /// Latest upload first.
    private var parts: [Part] = []
    /// Counted calls by source and day that no part has been given yet.
    private var left: [SourceDay: Int] = [:]
    private let only: Int64?

    private struct SourceDay: Hashable {
        var source: Int64
        var day: Day
    }

    /// - Parameter only: the version that is asked for; other days than its own are left out then.
    init(_ period: Period, of only: Int64?, _ viewer: Viewer, _ db: Database) throws {
        self.only = only
        let rules = try RulesByOffice(db)
        let sources = try OfficeStore.sources(OfficeScope(viewer, for: .viewFiles, db), db)
        let ids = Dictionary(sources.map { ($0.number, $0.source.id) }) { first, _ in first }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT d.*, v.source, v.office, v.cut, v.file, v.version AS versionNumber, f.name FROM versionDay d
                JOIN fileVersion v ON v.number = d.version JOIN file f ON f.id = v.file
                WHERE v.state = 'live' AND d.day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR (
                  v.source = (SELECT source FROM fileVersion WHERE number = ?3)
                  AND d.day IN (SELECT day FROM versionDay WHERE version = ?3)))
                  AND v.source IN (\(list(sources.map(\.number))))
                ORDER BY v.time DESC, v.office DESC, v.incarnation DESC
                """, arguments: [period.from.number, period.to.number, only])
        parts = rows.compactMap { row in
            guard let file = ID<CallFile>(row["file"] as String), let source = ids[row["source"]] else {
                return nil
            }
            return Part(
                version: row["version"], source: row["source"], rules: rules.of(office: row["office"]),
                day: FileDay(
                    day: Day(number: row["day"]), file: file, fileName: row["name"],
                    version: row["versionNumber"], source: source, rows: row["rows"], agents: row["agents"],
                    counted: 0, isCut: row["cut"]))
        }
        let report = try OfficeStore.report(ReportQuery(period: period, by: [.source, .day]), viewer, db)
        let numbers = Dictionary(sources.map { ($0.source.id.description, $0.number) }) { first, _ in first }
        for row in report.rows {
            guard let source = row.slices.first.flatMap({ numbers[$0.value] }),
                let day = Day(iso: row.slices.last?.value ?? "")
            else { continue }
            left[SourceDay(source: source, day: day)] = row.figures.logs
        }
    }

    func days(_ db: Database) throws -> [FileDay] {
        var counter = self
        try counter.solve(db)
        return counter.parts.filter { only == nil || $0.version == only }.map(\.day)
    }

    private mutating func solve(_ db: Database) throws {
        var latest: Set<Int64> = []
        var met: Set<String> = []
        let versions = try Row.fetchCursor(
            db,
            sql: """
                SELECT v.number, v.cut, s.format FROM fileVersion v JOIN source s ON s.number = v.source
                WHERE v.state = 'live' ORDER BY v.time DESC, v.office DESC
                """)
        // Nobody has a later row of any of its calls.
        while let row = try versions.next() {
            if met.insert(row["format"]).inserted, !(row["cut"] as Bool) { latest.insert(row["number"]) }
        }
        for index in parts.indices where latest.contains(parts[index].version) {
            give(parts[index].day.rows, to: index)
        }
        let byDay = Dictionary(grouping: parts.indices.filter { !parts[$0].isSolved }) { index in
            SourceDay(source: parts[index].source, day: parts[index].day.day)
        }
        for (key, indices) in byDay {
            let rows = indices.reduce(0) { $0 + parts[$1].day.rows }
            if rows == left[key] ?? 0 { for index in indices { give(parts[index].day.rows, to: index) } }
        }
        var rest = byDay.mapValues(\.count)
        for version in parts.map(\.version).uniqued {
            let open = parts.indices.filter { parts[$0].version == version && !parts[$0].isSolved }
            var asked: [Int] = []
            for index in open {
                let key = SourceDay(source: parts[index].source, day: parts[index].day.day)
                rest[key, default: 1] -= 1
                let remaining = left[key] ?? 0
                // None is left, or there is nobody else to have them.
                if remaining == 0 || rest[key] == 0 {
                    give(remaining, to: index)
                } else {
                    asked.append(index)
                }
            }
            let counts = try counted(asked.map { parts[$0] }, db)
            for index in asked { give(counts[parts[index].day.day] ?? 0, to: index) }
            if version == only { return }
        }
    }

    private mutating func give(_ count: Int, to index: Int) {
        parts[index].isSolved = true
        parts[index].day.counted = count
        left[SourceDay(source: parts[index].source, day: parts[index].day.day), default: 0] -= count
    }

    /// Counts rows of one version's days that count, one by one.
    private func counted(_ days: [Part], _ db: Database) throws -> [Day: Int] {
        guard let part = days.first, let first = days.map(\.day.day).min(),
            let last = days.map(\.day.day).max()
        else { return [:] }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT (c.time - ?1) / 86400, count(*) FROM call c JOIN fileVersion v ON v.number = c.version
                WHERE c.number >= ?2 AND c.number < ?3 AND c.time >= ?4 AND c.time < ?5
                  AND \(OfficeStore.isLive) AND \(OfficeStore.isCounted) GROUP BY 1
                """,
            arguments: [
                part.rules.cutOverMinutes * 60, CallRecord.number(part.version, line: 0),
                CallRecord.number(part.version + 1, line: 0), part.rules.begin(of: first.number),
                part.rules.begin(of: last.number) + 86_400,
            ])
        return Dictionary(rows.map { (Day(number: $0[0]), $0[1] as Int) }) { first, _ in first }
    }
}

extension [Int64] {
    /// Each once, where it is first.
    fileprivate var uniqued: [Int64] {
        var seen: Set<Int64> = []
        return filter { seen.insert($0).inserted }
    }
}
