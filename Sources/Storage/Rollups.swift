import Domain
import Foundation
import GRDB
import GRDBSQLite

/// Rollups that are being staged under one change number: in no report until the change is posted.
///
/// A change holds whole agent-days, each a pure function of the rows that count on it. Reports read,
/// for each name and day, the latest posted change; so posting is one small update, whatever its size.
struct RollupChange {
    let store: OfficeStore
    let rules: OfficeRules
    let number: Int64
    private(set) var touched: [StagedVersion.AgentDay] = []

    init(store: OfficeStore, rules: OfficeRules) throws {
        self.store = store
        self.rules = rules
        number = try store.pool.write { db in
            try db.execute(sql: "UPDATE folder SET lastChange = lastChange + 1")
            return try Int64.fetchOne(db, sql: "SELECT lastChange FROM folder") ?? 0
        }
    }

    mutating func stage(
        _ tallies: [StagedVersion.AgentDay: AgentDayTally], isCancelled: () -> Bool = { false }
    ) throws {
        let ordered = tallies.sorted { ($0.key.day, $0.key.name) < ($1.key.day, $1.key.name) }
        var start = 0
        while start < ordered.count {
            if isCancelled() { throw UserError.cancelledImport }
            // About 4,000 rows a transaction.
            var end = start
            var rows = 0
            while end < ordered.count, rows < 4000 {
                rows += ordered[end].value.cells.count
                end += 1
            }
            try store.pool.write { db in
                for (key, tally) in ordered[start..<end] { try save(tally, key, db) }
            }
            touched += ordered[start..<end].map(\.key)
            start = end
        }
    }

    /// Counts agent-days again from the rows that count on them.
    ///
    /// - Parameter staged: a version that is not live yet but counts here.
    mutating func recount(
        _ days: Set<StagedVersion.AgentDay>, staged: Int64?, isCancelled: () -> Bool = { false }
    ) throws {
        let ordered = days.sorted { ($0.name, $0.day) < ($1.name, $1.day) }
        for start in stride(from: 0, to: ordered.count, by: 200) {
            let part = ordered[start..<min(start + 200, ordered.count)]
            var tallies: [StagedVersion.AgentDay: AgentDayTally] = [:]
            try store.pool.read { db in
                for key in part {
                    let day = Day(number: key.day)
                    let begin = LocalTime(day, secondOfDay: rules.cutOverMinutes * 60).seconds
                    var tally = AgentDayTally(day: day)
                    try OfficeStore.countedRows(
                        db, name: key.name, from: begin, until: begin + 86_400, staged: staged
                    ) { row in
                        try tally.add(row)
                    }
                    tallies[key] = tally
                }
            }
            try stage(tallies, isCancelled: isCancelled)
        }
    }

    private func save(_ tally: AgentDayTally, _ key: StagedVersion.AgentDay, _ db: Database) throws {
        let activity = tally.activity(maxGap: Int32(clamping: rules.maxGapMinutes * 60))
        try db.cachedStatement(
            sql: """
                INSERT INTO agentDay (day, name, change, logs, first, last, active, idle, longestGap,
                  longestGapStart, pace, activeByHour, digest) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
                """
        ).execute(arguments: [
            key.day, key.name, number, tally.logs, activity.first, activity.last, activity.active,
            activity.idle,
            activity.longestGap, activity.longestGapStart, activity.pace, activity.packedHours,
            Int64(bitPattern: tally.digest),
        ])
        let first = db.lastInsertedRowID << Self.tallyBits
        guard tally.cells.count < 1 << Self.tallyBits else {
            throw UserError(
                .tooMany, "An agent has over a million different outcomes on one day.",
                advice: "Check that the columns of the file are under the right headings.")
        }
        let day = try NumberInsert(
            db, "INSERT INTO dayTally (number, outcome, logs, talkLogs, talk) VALUES (?,?,?,?,?)")
        for (index, (outcome, cell)) in tally.byOutcome.enumerated() {
            try day.insert(first + Int64(index), outcome, cell.logs, cell.talkLogs, cell.talk)
        }
        let hour = try NumberInsert(
            db,
            "INSERT INTO hourTally (number, hour, campaign, outcome, logs, talkLogs, talk) VALUES (?,?,?,?,?,?,?)"
        )
        let cells = tally.cells.sorted { $0.key.bits < $1.key.bits }
        for (index, (key, cell)) in cells.enumerated() {
            try hour.insert(
                first + Int64(index), Int64(key.hour), key.campaign, key.outcome, cell.logs, cell.talkLogs,
                cell.talk)
        }
    }

    /// Room for the tallies of one agent-day in their numbers; the schema's `<< 20`.
    private static let tallyBits: Int64 = 20

    /// Brings the change into every report; part of the transaction that appends its event.
    func post(_ tx: Transaction) throws {
        try tx.db.execute(sql: "UPDATE folder SET postedChange = ?", arguments: [number])
    }

    /// Removes what this change replaced; any time after it was posted.
    func sweepReplaced() throws {
        for start in stride(from: 0, to: touched.count, by: 2000) {
            let part = touched[start..<min(start + 2000, touched.count)]
            let replaced: [Int64] = try store.pool.read { db in
                let statement = try db.cachedStatement(
                    sql: "SELECT number FROM agentDay WHERE day = ? AND name = ? AND change < ?")
                return try part.flatMap { key in
                    try Int64.fetchAll(statement, arguments: [key.day, key.name, number])
                }
            }
            try store.removeRollups(replaced)
        }
    }

    /// Removes the change itself, when it is not to be posted.
    func abandon() throws {
        try store.removeRollups(
            store.pool.read { db in
                try Int64.fetchAll(
                    db, sql: "SELECT number FROM agentDay WHERE change = ?", arguments: [number])
            })
    }
}

/// An insert of whole numbers, bound without a detour: rollups have as many rows as a third of the calls.
private struct NumberInsert {
    private let handle: OpaquePointer

    init(_ db: Database, _ sql: String) throws { handle = try db.cachedStatement(sql: sql).sqliteStatement }

    func insert(_ values: Int64...) throws {
        sqlite3_reset(handle)
        for (index, value) in values.enumerated() { sqlite3_bind_int64(handle, Int32(index + 1), value) }
        try checkDone(sqlite3_step(handle), handle)
        sqlite3_reset(handle)
    }
}

/// - Throws: `DatabaseError` unless the statement is done.
func checkDone(_ code: Int32, _ handle: OpaquePointer) throws {
    guard code != SQLITE_DONE else { return }
    throw DatabaseError(
        resultCode: ResultCode(rawValue: code),
        message: String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
}

extension UserError {
    public static let cancelledImport = UserError(
        .cancelled, "The import was cancelled; nothing of the file was kept.",
        advice: "Upload it again any time.")
}

extension OfficeStore {
    /// Rows of a name that count, in a stretch of wall-clock seconds: their version is live (or staged now)
    /// and no later one holds the key.
    static func countedRows(
        _ db: Database, name: Int64, from: Int64, until: Int64, staged: Int64?, _ body: (Row) throws -> Void
    ) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT c.* FROM call c JOIN fileVersion v ON v.number = c.version
                WHERE c.name = ?1 AND c.time >= ?2 AND c.time < ?3
                  AND (v.state = 'live' OR v.number = ?4)
                  AND NOT EXISTS (
                    SELECT 1 FROM call d JOIN fileVersion w ON w.number = d.version
                    WHERE d.source = c.source AND d.key = c.key AND d.version <> c.version
                      AND (w.state = 'live' OR w.number = ?4) AND (w.time, w.office) > (v.time, v.office))
                """)
        let rows = try Row.fetchCursor(statement, arguments: [name, from, until, staged])
        while let row = try rows.next() { try body(row) }
    }
}
