import Domain
import Foundation
import GRDB

/// What one version of a file has of one business day.
public struct FileDay: Sendable, Hashable {
    public var day: Day
    public var file: ID<CallFile>
    public var fileName: String
    public var version: Int
    public var source: ID<Source>
    /// Accepted rows, and the agents' names on them.
    public var rows: Int
    public var agents: Int
    /// Those that no later live file holds, and that are not deleted.
    public var counted: Int
    /// Some days of the version are deleted.
    public var isCut = false
}

extension StagedVersion {
    /// Writes how many rows each day has; a rebuild counts them all at its end.
    func stageDays() throws {
        try store.writeStaged { db in
            for (day, count) in days {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO versionDay (version, day, rows, agents) VALUES (?, ?, ?, ?)",
                    arguments: [number, day, count.rows, count.names.count])
            }
        }
    }

    struct DayCount {
        var rows = 0
        /// Codes of the agents' names.
        var names: Set<Int> = []
    }
}

extension OfficeStore {
    /// Rows by day and live version, the latest day first, and of a day the latest upload first.
    public func fileDays(in period: Period, for viewer: Viewer) async throws -> [FileDay] {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try await read { db in
            try DayCounter(period, of: nil, viewer, db).days(db).sorted { $0.day > $1.day }
        }
    }

    /// The days of one live version, the first first; empty: there is no such version.
    public func fileDays(of file: ID<CallFile>, version: Int, for viewer: Viewer) async throws -> [FileDay] {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try await read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT v.number, min(d.day), max(d.day) FROM fileVersion v
                    JOIN versionDay d ON d.version = v.number
                    WHERE v.file = ? AND v.version = ? AND v.state = 'live' GROUP BY v.number
                    """, arguments: [file.description, version])
            try Self.require(file, viewer, for: .viewFiles, db)
            guard let row else { return [] }
            let period = Period(from: Day(number: row[1]), to: Day(number: row[2]))
            return try DayCounter(period, of: row[0], viewer.everywhere, db).days(db).sorted {
                $0.day < $1.day
            }
        }
    }

    /// Counts the rows of every version by day again, as a rebuild and other business days ask for.
    func recountedDays(_ rules: OfficeRules) throws -> [Row] {
        let versions = try pool.read { db in
            try Int64.fetchAll(db, sql: "SELECT number FROM fileVersion WHERE state IN ('live', 'trashed')")
        }
        return try versions.flatMap { version in
            try pool.read { db in try Self.countedDays(of: version, rules, db) }
        }
    }

    /// - Parameter rules: of the own office; another office's files are cut by its own.
    private static func countedDays(of version: Int64, _ rules: OfficeRules, _ db: Database) throws -> [Row] {
        let office = try String.fetchOne(
            db,
            sql: """
                SELECT s.office FROM fileVersion v JOIN source s ON s.number = v.source
                WHERE v.number = ? AND s.office <> (SELECT office FROM folder)
                """, arguments: [version])
        return try Row.fetchAll(
            db,
            sql: """
                SELECT version, (time - ?1) / 86400, count(*), count(DISTINCT name) FROM call
                WHERE number >= ?2 AND number < ?3 GROUP BY 2
                """,
            arguments: [
                try office.map { try CutOvers(db).seconds(of: $0) } ?? rules.cutOverMinutes * 60,
                CallRecord.number(version, line: 0),
                CallRecord.number(version + 1, line: 0),
            ])
    }

    /// Brings a version's days, and its lines that the search finds, in line with what a purge left of it.
    func settleDays(of version: Int64) throws {
        guard let rules = try? officeRulesNow() else { return }
        let days = try pool.read { db in try Self.countedDays(of: version, rules, db) }
        try pool.write { db in
            try db.execute(sql: "DELETE FROM versionDay WHERE version = ?", arguments: [version])
            try Self.addDays(days, db)
            try db.execute(
                sql: """
                    DELETE FROM rejectedLine WHERE number >= ? AND number < ?
                      AND (SELECT state FROM fileVersion WHERE number = ?) = 'purged'
                    """,
                arguments: [
                    CallRecord.number(version, line: 0), CallRecord.number(version + 1, line: 0), version,
                ])
        }
    }

    /// What is kept of the days of versions equals a count of their rows.
    func verifyDays() throws -> CheckResult {
        guard let state = try pool.read({ db in try Self.officeState(db) }) else {
            return CheckResult(name: "days", ok: true, detail: "no office yet")
        }
        let counted = try recountedDays(state.office.rules).map { Array($0.databaseValues) }
        let kept = try pool.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT d.version, d.day, d.rows, d.agents FROM versionDay d
                    JOIN fileVersion v ON v.number = d.version WHERE v.state IN ('live', 'trashed')
                    """
            ).map { Array($0.databaseValues) }
        }
        let wrong = Set(counted).symmetricDifference(kept).count
        return CheckResult(
            name: "days", ok: wrong == 0,
            detail: wrong == 0
                ? "\(kept.count) days of versions, each as counted from its rows"
                : "\(wrong) days of versions are not those of their rows. “rollcall rebuild” counts again.")
    }

    static func replaceDays(_ rows: [Row], _ db: Database) throws {
        try db.execute(sql: "DELETE FROM versionDay")
        try addDays(rows, db)
    }

    private static func addDays(_ rows: [Row], _ db: Database) throws {
        for row in rows {
            try db.cachedStatement(
                sql: "INSERT INTO versionDay (version, day, rows, agents) VALUES (?, ?, ?, ?)"
            ).execute(arguments: StatementArguments(row.databaseValues))
        }
    }
}

/// Finds of each version how many of its rows count on each day.
///
/// The rollups know how many calls of a source count on a day. Mostly that alone says it: all rows count, or only
/// the latest version's. Only where it does not are rows looked at, the latest version first, until all that
/// count are found.
private struct DayCounter {
    private struct Part {
        var version: Int64
        var source: Int64
        var day: FileDay
        var isSolved = false
    }

    /// Latest upload first.
    private var parts: [Part] = []
    /// Counted calls by source and day that no part has been given yet.
    private var left: [SourceDay: Int] = [:]
    private let only: Int64?
    private let cutOvers: CutOvers

    private struct SourceDay: Hashable {
        var source: Int64
        var day: Day
    }

    /// - Parameter only: the version that is asked for; other days than its own are left out then.
    init(_ period: Period, of only: Int64?, _ viewer: Viewer, _ db: Database) throws {
        self.only = only
        cutOvers = try CutOvers(db)
        let sources = try OfficeStore.sources(OfficeScope(viewer, for: .viewFiles, db), db)
        let ids = Dictionary(sources.map { ($0.number, $0.source.id) }) { first, _ in first }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT d.*, v.source, v.cut, v.file, v.version AS versionNumber, f.name FROM versionDay d
                JOIN fileVersion v ON v.number = d.version JOIN file f ON f.id = v.file
                WHERE v.state = 'live' AND d.day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR (
                  v.source = (SELECT source FROM fileVersion WHERE number = ?3)
                  AND d.day IN (SELECT day FROM versionDay WHERE version = ?3)))
                  AND v.source IN (\(list(sources.map(\.number))))
                ORDER BY v.time DESC, v.office DESC
                """, arguments: [period.from.number, period.to.number, only])
        parts = rows.compactMap { row in
            guard let file = ID<CallFile>(row["file"] as String), let source = ids[row["source"]] else {
                return nil
            }
            return Part(
                version: row["version"], source: row["source"],
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
        let latest = try Row.fetchAll(
            db,
            sql: """
                SELECT number FROM fileVersion v WHERE state = 'live' AND cut = 0 AND NOT EXISTS (
                  SELECT 1 FROM fileVersion w WHERE w.source = v.source AND w.state = 'live'
                    AND (w.time, w.office) > (v.time, v.office))
                """
        ).map { $0[0] as Int64 }
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
            let counts = try counted(version, asked.map { parts[$0].day.day }, db)
            for index in asked { give(counts[parts[index].day.day] ?? 0, to: index) }
            if version == only { return }
        }
    }

    private mutating func give(_ count: Int, to index: Int) {
        parts[index].isSolved = true
        parts[index].day.counted = count
        left[SourceDay(source: parts[index].source, day: parts[index].day.day), default: 0] -= count
    }

    /// Counts rows of a version that count, one by one.
    private func counted(_ version: Int64, _ days: [Day], _ db: Database) throws -> [Day: Int] {
        guard let first = days.min(), let last = days.max() else { return [:] }
        let office = try String.fetchOne(
            db,
            sql: """
                SELECT s.office FROM fileVersion v JOIN source s ON s.number = v.source WHERE v.number = ?
                """, arguments: [version])
        let cutOver = Int64(office.map { cutOvers.seconds(of: $0) } ?? cutOvers.own)
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT (c.time - ?1) / 86400, count(*) FROM call c JOIN fileVersion v ON v.number = c.version
                WHERE c.number >= ?2 AND c.number < ?3 AND c.time >= ?4 AND c.time < ?5
                  AND \(OfficeStore.isLive) AND \(OfficeStore.isCounted) GROUP BY 1
                """,
            arguments: [
                cutOver, CallRecord.number(version, line: 0), CallRecord.number(version + 1, line: 0),
                Int64(first.number) * 86_400 + cutOver, (Int64(last.number) + 1) * 86_400 + cutOver,
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
