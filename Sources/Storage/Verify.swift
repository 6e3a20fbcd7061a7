import Domain
import Foundation
import GRDB

/// One thing that was checked, in words.
public struct CheckResult: Codable, Hashable, Sendable {
    public var name: String
    public var ok: Bool
    public var detail: String

    public init(name: String, ok: Bool, detail: String) {
        self.name = name
        self.ok = ok
        self.detail = detail
    }
}

/// A live version and the archive it was made from.
public struct LiveVersion: Sendable {
    public var uploaded: FileUploaded
    public var archivePath: String
}

extension OfficeStore {
    /// Checks that need the database alone: the file itself, the chains, rows against events, rollups
    /// against rows.
    public func verifyDatabase() async throws -> [CheckResult] {
        var results: [CheckResult] = []
        let faults = try await read { db in
            try String.fetchAll(db, sql: "PRAGMA integrity_check(5)").filter { $0 != "ok" }
        }
        results.append(
            CheckResult(
                name: "database", ok: faults.isEmpty,
                detail: faults.isEmpty ? "SQLite finds no fault" : faults.joined(separator: "; ")))
        let (entries, fault) = try await verifyChains()
        results.append(
            CheckResult(
                name: "journal", ok: fault == nil,
                detail: fault.map { "\($0.stream.rawValue) chain: \($0.words)" }
                    ?? "\(entries) entries, every hash right"))
        results.append(try await read { db in try Self.verifyRows(db) })
        results.append(try await read { db in try Self.verifyRollups(db) })
        let kept = try await stateHash()
        let counted = try await stateHash(fromRows: true)
        results.append(
            CheckResult(
                name: "state hash", ok: kept == counted,
                detail: kept == counted
                    ? "\(kept.hex.prefix(16))…, \(kept.calls) calls"
                    : "kept \(kept.hex.prefix(16))… with \(kept.calls) calls, counted \(counted.hex.prefix(16))… with \(counted.calls)"
            ))
        return results
    }

    /// Every live version has exactly the rows that its event says.
    private static func verifyRows(_ db: Database) throws -> CheckResult {
        var checked = 0
        let versions = try Row.fetchAll(
            db, sql: "SELECT number, event FROM fileVersion WHERE state = 'live' ORDER BY number")
        for row in versions {
            let upload = try fromJSON(FileUploaded.self, row["event"] as String)
            let name = "“\(upload.fileName)”, version \(upload.version)"
            var count = 0
            var digest: UInt64 = 0
            let rows = try Row.fetchCursor(
                db, sql: "SELECT line, fingerprint FROM call WHERE number >= ? AND number < ?",
                arguments: [
                    CallRecord.number(row["number"], line: 0),
                    CallRecord.number(row["number"] as Int64 + 1, line: 0),
                ])
            while let call = try rows.next() {
                count += 1
                digest = digest &+ UInt64(bitPattern: call["fingerprint"] as Int64)
            }
            let hex = hexadecimal((0..<8).map { UInt8(truncatingIfNeeded: digest >> (56 - 8 * UInt64($0))) })
            guard upload.counts.isBalanced, count == upload.counts.accepted, hex == upload.digest else {
                return CheckResult(
                    name: "rows", ok: false,
                    detail:
                        "\(name): \(count) rows here, \(upload.counts.accepted) were accepted, digest \(hex == upload.digest ? "equal" : "differs"). “rollcall rebuild” reads them again from the archive."
                )
            }
            checked += count
        }
        return CheckResult(
            name: "rows", ok: true, detail: "\(checked) rows in \(versions.count) live versions, as accepted")
    }

    /// Every agent-day in force equals a count of its rows.
    private static func verifyRollups(_ db: Database) throws -> CheckResult {
        guard let rules = try officeState(db)?.office.rules else {
            return CheckResult(name: "rollups", ok: true, detail: "no office yet")
        }
        let names = try Row.fetchAll(db, sql: "SELECT number, name FROM agentName ORDER BY number")
        var days = 0
        for name in names {
            var counted: [Int32: AgentDayTally] = [:]
            try countedRows(db, name: name["number"], from: .min, until: .max, staged: nil) { row in
                let day = LocalTime(seconds: row["time"]).businessDay(cutOver: rules.cutOverMinutes)
                var tally = counted.removeValue(forKey: day.number) ?? AgentDayTally(day: day)
                try tally.add(row)
                counted[day.number] = tally
            }
            let kept = try Row.fetchAll(
                db,
                sql: """
                    SELECT number, day, max(change) AS change, logs, active, idle, digest FROM agentDay
                    WHERE name = ? AND change <= (SELECT postedChange FROM folder) GROUP BY day
                    """, arguments: [name["number"] as Int64])
            for row in kept {
                let tally =
                    counted.removeValue(forKey: row["day"]) ?? AgentDayTally(day: Day(number: row["day"]))
                let activity = tally.activity(maxGap: Int32(clamping: rules.maxGapMinutes * 60))
                let sums = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT (SELECT total(logs) FROM dayTally WHERE number >= ?1 << 20 AND number < (?1 + 1) << 20) AS d,
                          (SELECT total(logs) FROM hourTally WHERE number >= ?1 << 20 AND number < (?1 + 1) << 20) AS h
                        """,
                    arguments: [row["number"] as Int64])
                let byDay: Double = sums?["d"] ?? -1
                let byHour: Double = sums?["h"] ?? -1
                guard tally.logs == row["logs"] as Int, byDay == Double(tally.logs), byHour == byDay,
                    activity.active == row["active"] as Int64, activity.idle == row["idle"] as Int64,
                    Int64(bitPattern: tally.digest) == row["digest"] as Int64
                else {
                    let day = Day(number: row["day"]).iso
                    return CheckResult(
                        name: "rollups", ok: false,
                        detail:
                            "\(name["name"] as String) on \(day): \(row["logs"] as Int) kept, \(tally.logs) counted. “rollcall rebuild” counts again."
                    )
                }
                days += 1
            }
            if let (day, tally) = counted.first {
                return CheckResult(
                    name: "rollups", ok: false,
                    detail:
                        "\(name["name"] as String) on \(Day(number: day).iso): \(tally.logs) calls in no report. “rollcall rebuild” counts again."
                )
            }
        }
        return CheckResult(
            name: "rollups", ok: true, detail: "\(days) agent-days, each as counted from its rows")
    }

    public func liveVersions() async throws -> [LiveVersion] {
        let folder = folder
        return try await read { db in
            try String.fetchAll(
                db, sql: "SELECT event FROM fileVersion WHERE state = 'live' ORDER BY time, office"
            ).map { text in
                let upload = try fromJSON(FileUploaded.self, text)
                return LiveVersion(
                    uploaded: upload, archivePath: folder.archive(of: upload.file, version: upload.version))
            }
        }
    }
}
