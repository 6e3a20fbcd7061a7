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

/// A version that is live or in the trash, and the archive it was made from.
public struct ArchivedVersion: Sendable {
    public var uploaded: FileUploaded
    public var archivePath: String
    /// What is erased of it, and in its archive still: its office has to write that again.
    public var leftovers: [ClockSpan] = []
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
        results.append(try await read { db in try Self.verifyFiles(db) })
        results.append(try await read { db in try Self.verifyRows(db) })
        results.append(try await read { db in try Self.verifyDeletions(db) })
        results.append(try await read { db in try Self.verifyRollups(db) })
        results.append(try verifyDays())
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

    /// Every version that is live or in the trash has exactly the rows that its event says.
    private static func verifyRows(_ db: Database) throws -> CheckResult {
        var (checked, waiting) = (0, 0)
        let mixed = try Erasure.mixed(db)
        let versions = try Row.fetchAll(
            db,
            sql: "SELECT number, event FROM fileVersion WHERE state IN ('live', 'trashed') ORDER BY number")
        for row in versions {
            let upload = try fromJSON(FileUploaded.self, row["event"] as String)
            // Its event counts what is in its archive, which has more; “calls” compares what is left.
            if mixed[VersionPlace(file: upload.file, version: upload.version)] != nil {
                waiting += 1
                continue
            }
            let name = "“\(upload.fileName)”, version \(upload.version)"
            var count = 0
            var digest: UInt64 = 0
            // Rows that were purged may still be on their way out.
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT line, fingerprint FROM call WHERE number >= ?1 AND number < ?2 AND NOT EXISTS (
                      SELECT 1 FROM deletedSpan x WHERE x.version = ?3 AND x.purged = 1
                        AND x.fromTime <= call.time AND call.time < x.untilTime)
                    """,
                arguments: [
                    CallRecord.number(row["number"], line: 0),
                    CallRecord.number(row["number"] as Int64 + 1, line: 0), row["number"] as Int64,
                ])
            while let call = try rows.next() {
                count += 1
                digest = digest &+ UInt64(bitPattern: call["fingerprint"] as Int64)
            }
            let hex = hexadecimal(bigEndian: digest)
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
            name: "rows", ok: true,
            detail: "\(checked) rows in \(versions.count) versions, as accepted"
                + (waiting == 0
                    ? ""
                    : "; of \(waiting) the archive waits for its office to write it again without what was purged")
        )
    }

    /// Every deletion of the journal is in force as its request says, and no other is.
    private static func verifyDeletions(_ db: Database) throws -> CheckResult {
        func spans(_ sql: String) throws -> Set<String> { Set(try String.fetchAll(db, sql: sql)) }
        let kept = try spans(
            """
            SELECT v.file || ' ' || v.version || ' ' || d.fromTime || ' ' || d.untilTime || ' ' || d.request || ' '
              || d.purged FROM deletedSpan d JOIN fileVersion v ON v.number = d.version
            """)
        // Of two boxes that purged one version, the later one found nothing left of it to delete.
        let there = try spans(
            "SELECT file || ' ' || version FROM fileVersion WHERE state IN ('live', 'trashed')")
        var expected: Set<String> = []
        var requests = 0
        let texts = try String.fetchAll(
            db, sql: "SELECT request FROM deleteRequest WHERE stage IN ('deleted', 'purged')")
        for text in texts {
            let request = try fromJSON(DeleteRequest.self, text)
            requests += 1
            for target in request.targets {
                let isGone = request.stage == .purged && !there.contains("\(target.file) \(target.version)")
                for span in target.spans(cutOverMinutes: request.cutOverMinutes) {
                    let line =
                        "\(target.file) \(target.version) \(span.from) \(span.until) \(request.id) "
                        + (request.stage == .purged ? "1" : "0")
                    if !isGone || kept.contains(line) { expected.insert(line) }
                }
            }
        }
        let recovered = try Row.fetchAll(
            db,
            sql: """
                SELECT file, version, event ->> '$.recovered.deleted' AS spans FROM fileVersion
                WHERE spans IS NOT NULL
                """)
        for row in recovered {
            for span in try fromJSON([ClockSpan].self, row["spans"] as String) {
                expected.insert(
                    "\(row["file"] as String) \(row["version"] as Int) \(span.from) \(span.until) "
                        + "\(Transaction.lostRequest) 0")
            }
        }
        let wrongStates =
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM fileVersion v WHERE state <> 'staged' AND (state, cut) <> (
                      coalesce((SELECT CASE max(purged) WHEN 1 THEN 'purged' ELSE 'trashed' END FROM deletedSpan
                        WHERE version = v.number AND fromTime = ?1 HAVING count(*) > 0), 'live'),
                      EXISTS (SELECT 1 FROM deletedSpan WHERE version = v.number AND fromTime > ?1))
                    """, arguments: [Int64.min]) ?? 0
        let isRight = kept == expected && wrongStates == 0
        return CheckResult(
            name: "deletions", ok: isRight,
            detail: isRight
                ? "\(requests) deletions in force, as approved"
                : "what is deleted is not what was approved. “rollcall rebuild” makes it so again.")
    }

    /// Every agent-day in force equals a count of its rows.
    private static func verifyRollups(_ db: Database) throws -> CheckResult {
        let byOffice = try RulesByOffice(db)
        let names = try Row.fetchAll(db, sql: "SELECT number, name, office FROM agentName ORDER BY number")
        var days = 0
        var calls: [String: Int] = [:]
        for name in names {
            var counted: [Int32: AgentDayTally] = [:]
            let rules = byOffice.of(office: name["office"])
            try standingRows(db, name: name["number"], from: .min) { row in
                let day = rules.day(of: LocalTime(seconds: row["time"]))
                var tally = counted.removeValue(forKey: day.number) ?? AgentDayTally(day: day)
                try tally.add(row)
                counted[day.number] = tally
            }
            calls[name["office"], default: 0] += counted.values.reduce(0) { $0 + $1.logs }
            let kept = try Row.fetchAll(
                db,
                sql: """
                    SELECT number, day, max(change) AS change, \(Self.agentDayColumns) FROM agentDay
                    WHERE name = ? AND change <= (SELECT postedChange FROM folder) GROUP BY day
                    """, arguments: [name["number"] as Int64])
            for row in kept {
                let tally =
                    counted.removeValue(forKey: row["day"]) ?? AgentDayTally(day: Day(number: row["day"]))
                guard try equals(row, tally, rules, db) else {
                    let day = Day(number: row["day"]).iso
                    return CheckResult(
                        name: "rollups", ok: false,
                        detail:
                            "\(name["name"] as String) on \(day): the figures are not those of the \(tally.logs) calls. “rollcall rebuild” counts again."
                    )
                }
                days += 1
            }
            if let (day, tally) = counted.first(where: { $0.value.logs > 0 || $0.value.elsewhere > 0 }) {
                return CheckResult(
                    name: "rollups", ok: false,
                    detail:
                        "\(name["name"] as String) on \(Day(number: day).iso): \(tally.logs) calls in no report. “rollcall rebuild” counts again."
                )
            }
        }
        for row in try Row.fetchAll(db, sql: "SELECT id, name, calls FROM office") {
            let (added, counted): (Int, Int) = (row["calls"], calls[row["id"]] ?? 0)
            guard added == counted else {
                return CheckResult(
                    name: "rollups", ok: false,
                    detail:
                        "\(row["name"] as String): \(added) calls were added up, \(counted) count. “rollcall rebuild” counts again."
                )
            }
        }
        return CheckResult(
            name: "rollups", ok: true, detail: "\(days) agent-days, each as counted from its rows")
    }

    private static let agentDayColumns =
        "logs, first, last, active, idle, longestGap, longestGapStart, pace, activeByHour, digest, elsewhere"

    /// Whether an agent-day as kept, with its tallies, is what a count of its rows gives.
    private static func equals(
        _ row: Row, _ tally: AgentDayTally, _ rules: CountingRules, _ db: Database
    ) throws -> Bool {
        let activity = tally.activity(maxGap: Int32(clamping: rules.maxGapMinutes * 60))
        let counted: [(any DatabaseValueConvertible)?] = [
            tally.logs, activity.first, activity.last, activity.active, activity.idle, activity.longestGap,
            activity.longestGapStart, activity.pace, activity.packedHours, Int64(bitPattern: tally.digest),
            tally.elsewhere,
        ]
        guard Array(row.databaseValues.dropFirst(3)) == counted.map({ $0?.databaseValue ?? .null }) else {
            return false
        }
        let number: Int64 = row["number"]
        let kept = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT outcome, logs, talkLogs, talk FROM dayTally
                    WHERE number >= ?1 << 20 AND number < (?1 + 1) << 20 ORDER BY outcome
                    """), arguments: [number]
        ).map { Array($0.databaseValues) }
        let outcomes = tally.byOutcome.map { outcome, cell in
            [outcome, cell.logs, cell.talkLogs, cell.talk].map(\.databaseValue)
        }
        let packed = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT cells, times FROM agentDayCells WHERE number = ?"),
            arguments: [number])
        return kept == outcomes && packed?["cells"] == tally.packedCells.databaseValue
            && packed?["times"] == tally.packedTimes.databaseValue
    }

    /// Every upload of the journal that no rule refuses is there. One that a rule refuses, of two boxes that uploaded the
    /// same version for example, is so everywhere, and needs no archive.
    private static func verifyFiles(_ db: Database) throws -> CheckResult {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT payload, refusal FROM journal WHERE kind = ? ORDER BY time",
            arguments: [FileUploaded.kind])
        var (uploads, refused, unread) = (0, 0, [String]())
        while let row = try rows.next() {
            guard let refusal: String = row["refusal"] else {
                uploads += 1
                continue
            }
            refused += 1
            if isUnread(payload: row["payload"], refusal) { unread.append(refusal) }
        }
        if let first = unread.first {
            return CheckResult(
                name: "files", ok: false,
                detail: first + (unread.count > 1 ? " And \(unread.count - 1) more." : ""))
        }
        let versions =
            try Int.fetchOne(db, sql: "SELECT count(*) FROM fileVersion WHERE state <> 'staged'") ?? 0
        return CheckResult(
            name: "files", ok: uploads == versions,
            detail: "\(versions) versions of \(uploads) uploads in the journal"
                + (refused > 0 ? ", \(refused) more have no effect" : ""))
    }

    /// Whether an upload has no effect only because its archive was not read.
    static func isUnread(payload: String, _ refusal: String) -> Bool {
        guard let upload = try? fromJSON(FileUploaded.self, payload) else { return false }
        return refusal == UserError.archiveNotRead(upload).message
    }

    public func archivedVersions() async throws -> [ArchivedVersion] {
        try await read { [folder] db in try Self.archivedVersions(db, folder) }
    }

    /// For threads that may block.
    public func archivedVersionsNow() throws -> [ArchivedVersion] {
        try pool.read { db in try Self.archivedVersions(db, folder) }
    }

    private static func archivedVersions(_ db: Database, _ folder: DataFolder) throws -> [ArchivedVersion] {
        let mixed = try Erasure.mixed(db)
        return try Row.fetchAll(
            db,
            sql: """
                SELECT number, event, state, unsettled FROM fileVersion WHERE state IN ('live', 'trashed')
                ORDER BY time, office
                """
        ).map { row in
            let upload = try fromJSON(FileUploaded.self, row["event"] as String)
            let isMixed = mixed[VersionPlace(file: upload.file, version: upload.version)] != nil
            return ArchivedVersion(
                uploaded: upload,
                archivePath: folder.archive(
                    of: upload.file, version: upload.version, state: row["state"],
                    isUnsettled: row["unsettled"]),
                leftovers: isMixed ? try Erasure.spans(of: row["number"], db) : [])
        }
    }

    /// Compares the rows of a live version with calls that come in the order of lines. Blocks its thread.
    ///
    /// - Returns: what differs first, in words; nil: nothing does.
    public func firstDifference(
        of version: ArchivedVersion, next: () throws -> (record: CallRecord, folded: String)?
    ) throws -> String? {
        try pool.read { db in
            let number =
                try Int64.fetchOne(
                    db,
                    sql:
                        "SELECT number FROM fileVersion WHERE file = ? AND version = ? AND state <> 'staged'",
                    arguments: [version.uploaded.file.description, version.uploaded.version]) ?? 0
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT c.line, c.key, n.folded, c.time, c.profile, o.type, o.state, t.text, p.text, m.text,
                      c.talk, c.wait, c.fingerprint, 
                      o.source = c.source AND c.version = c.number >> 32 AND c.line = c.number & 0xffffffff
                    FROM call c LEFT JOIN agentName n ON n.number = c.name
                    LEFT JOIN outcome o ON o.number = c.outcome
                    LEFT JOIN label t ON t.number = c.callType
                    LEFT JOIN label p ON p.number = c.originalCampaign
                    LEFT JOIN label m ON m.number = c.campaign
                    WHERE c.number >= ?1 AND c.number < ?2 AND NOT EXISTS (
                      SELECT 1 FROM deletedSpan x WHERE x.version = ?3 AND x.purged = 1
                        AND x.fromTime <= c.time AND c.time < x.untilTime)
                    ORDER BY c.number
                    """,
                arguments: [
                    CallRecord.number(number, line: 0), CallRecord.number(number + 1, line: 0), number,
                ])
            while true {
                let row = try rows.next()
                let call = try next()
                guard let row, let (record, folded) = call else {
                    return (row?["line"] ?? call?.record.line).map { line in
                        "line \(line) is \(row == nil ? "missing" : "not of the archive")"
                    }
                }
                let expected: [(any DatabaseValueConvertible)?] = [
                    record.line, record.key.databaseValue, folded, record.time.seconds, record.profile,
                    record.type, record.state, record.callType, record.originalCampaign,
                    record.currentCampaign.isEmpty ? record.originalCampaign : record.currentCampaign,
                    record.talk, record.wait, Int64(bitPattern: record.fingerprint), true,
                ]
                guard Array(row.databaseValues) == expected.map({ $0?.databaseValue ?? .null }) else {
                    return "line \(record.line) is not as it was accepted"
                }
            }
        }
    }
}
