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

    /// Counts the rows of versions by day again, as a rebuild and other business days ask for.
    ///
    /// - Parameter offices: whose versions; nil: every office's.
    func recountedDays(_ rules: RulesByOffice, of offices: Set<String>? = nil) throws -> [Int64: [Row]] {
        let versions = try pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT number, office FROM fileVersion WHERE state IN ('live', 'trashed')")
        }
        var days: [Int64: [Row]] = [:]
        for version in versions where offices?.contains(version["office"]) ?? true {
            let number: Int64 = version["number"]
            days[number] = try pool.read { db in
                try Self.countedDays(of: number, rules.of(office: version["office"]), db)
            }
        }
        return days
    }

    private static func countedDays(of version: Int64, _ rules: CountingRules, _ db: Database) throws -> [Row]
    {
        try Row.fetchAll(
            db,
            sql: """
                SELECT version, (time - ?1) / 86400, count(*), count(DISTINCT name) FROM call
                WHERE number >= ?2 AND number < ?3 GROUP BY 2
                """,
            arguments: [
                rules.cutOverMinutes * 60,
                CallRecord.number(version, line: 0),
                CallRecord.number(version + 1, line: 0),
            ])
    }

    /// Brings a version's days, and its lines that the search finds, in line with what a purge left of it.
    func settleDays(of version: Int64) throws {
        let days = try pool.read { db in
            let office = try String.fetchOne(
                db, sql: "SELECT office FROM fileVersion WHERE number = ?", arguments: [version])
            return try Self.countedDays(of: version, RulesByOffice(db).of(office: office ?? ""), db)
        }
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
        let counted = try recountedDays(rulesByOfficeNow()).values.flatMap { $0 }.map {
            Array($0.databaseValues)
        }
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

    /// Puts these days of versions in the place of those that they have.
    static func replaceDays(_ days: [Int64: [Row]], _ db: Database) throws {
        for (version, rows) in days {
            try db.cachedStatement(sql: "DELETE FROM versionDay WHERE version = ?").execute(arguments: [
                version
            ])
            try addDays(rows, db)
        }
    }

    private static func addDays(_ rows: [Row], _ db: Database) throws {
        for row in rows {
            try db.cachedStatement(
                sql: "INSERT INTO versionDay (version, day, rows, agents) VALUES (?, ?, ?, ?)"
            ).execute(arguments: StatementArguments(row.databaseValues))
        }
    }
}
