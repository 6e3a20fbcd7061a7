import Domain
import Foundation
import GRDB

/// An agent's name on a business day.
struct AgentDay: Hashable, Sendable {
    var name: Int64
    var day: Int32
}

/// Rollups that are being staged under one change number: in no report until the change is posted.
///
/// A change holds whole agent-days, each a pure function of the rows that count on it. Reports read,
/// for each name and day, the latest posted change; so posting is one small update, whatever its size.
public struct RollupChange {
    let store: OfficeStore
    let rules: RulesByOffice
    let number: Int64
    /// Calls that it brings into the figures, less those it takes out, by the office of their names.
    var calls: [String: Int64] = [:]
    /// Whether these are all the calls that count.
    var countsAll = false
    /// Rows by day of versions whose business days are others.
    var days: [Int64: [Row]] = [:]
    /// What is staged, by its number in `agentDay`.
    private var staged: [AgentDay: Int64] = [:]

    init(store: OfficeStore, rules: RulesByOffice) throws {
        self.store = store
        self.rules = rules
        number = try store.pool.write { db in
            try db.run(sql: "UPDATE folder SET lastChange = lastChange + 1")
            return try Int64.fetchOne(db.cachedStatement(sql: "SELECT lastChange FROM folder")) ?? 0
        }
    }

    /// Writes agent-days as they will be; one that was staged before is replaced.
    mutating func stage(_ tallies: [AgentDay: AgentDayTally], isCancelled: () -> Bool = { false }) throws {
        let ordered = tallies.sorted { ($0.key.day, $0.key.name) < ($1.key.day, $1.key.name) }
        var start = 0
        while start < ordered.count {
            if isCancelled() { throw UserError.cancelledImport }
            // Some 20 ms a transaction.
            var end = start
            var weight = 0
            while end < ordered.count, weight < 100_000 {
                weight += ordered[end].value.weight + 200
                end += 1
            }
            try store.writeStaged { db in
                for (key, tally) in ordered[start..<end] {
                    if let earlier = staged[key] { try removeRollup(earlier, db) }
                    staged[key] = try save(tally, key, db)
                }
            }
            start = end
        }
    }

    /// An agent-day as this change has it so far: as staged, else as it is in force; nil: it has no rows.
    func tally(_ key: AgentDay, _ db: Database) throws -> AgentDayTally? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT a.digest, a.elsewhere, c.cells, c.times FROM agentDay a JOIN agentDayCells c ON c.number = a.number
                    WHERE a.day = ?1 AND a.name = ?2
                      AND (a.change <= (SELECT postedChange FROM folder) OR a.change = ?3)
                    ORDER BY a.change DESC LIMIT 1
                    """), arguments: [key.day, key.name, number])
        guard let row else { return nil }
        return try AgentDayTally(
            day: Day(number: key.day), cells: row["cells"], times: row["times"],
            digest: UInt64(bitPattern: row["digest"] as Int64), elsewhere: row["elsewhere"])
    }

    private func save(_ tally: AgentDayTally, _ key: AgentDay, _ db: Database) throws -> Int64 {
        let maxGap = try rules.of(name: key.name, db).maxGapMinutes
        let activity = tally.activity(maxGap: Int32(clamping: maxGap * 60))
        try db.cachedStatement(
            sql: """
                INSERT INTO agentDay (day, name, change, logs, first, last, active, idle, longestGap,
                  longestGapStart, pace, activeByHour, digest, elsewhere)
                VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)
                """
        ).execute(arguments: [
            key.day, key.name, number, tally.logs, activity.first, activity.last, activity.active,
            activity.idle,
            activity.longestGap, activity.longestGapStart, activity.pace, activity.packedHours,
            Int64(bitPattern: tally.digest), tally.elsewhere,
        ])
        let day = db.lastInsertedRowID
        try db.cachedStatement(sql: "INSERT INTO agentDayCells (number, cells, times) VALUES (?,?,?)")
            .execute(arguments: [day, tally.packedCells, tally.packedTimes])
        let outcomes = tally.byOutcome
        guard outcomes.count < 1 << Self.tallyBits else {
            throw UserError(
                .tooMany, "An agent has over a million different outcomes on one day.",
                advice: "Check that the columns of the file are under the right headings.")
        }
        let insert = try RawStatement(
            db, "INSERT INTO dayTally (number, outcome, logs, talkLogs, talk) VALUES (?,?,?,?,?)")
        for (index, (outcome, cell)) in outcomes.enumerated() {
            insert.bind(day << Self.tallyBits + Int64(index), at: 1)
            insert.bind(outcome, at: 2)
            insert.bind(cell.logs, at: 3)
            insert.bind(cell.talkLogs, at: 4)
            insert.bind(cell.talk, at: 5)
            try insert.run()
        }
        return day
    }

    /// Room for the tallies of one agent-day in their numbers; the schema's `<< 20`.
    private static let tallyBits: Int64 = 20

    /// Brings the change into every report; part of the transaction that appends its event.
    func post(_ tx: Transaction) throws {
        try tx.db.run(sql: "UPDATE folder SET postedChange = ?", arguments: [number])
        if countsAll { try tx.db.run(sql: "UPDATE office SET calls = 0") }
        try OfficeStore.replaceDays(days, tx.db)
        for (office, calls) in calls {
            try tx.db.run(
                sql: "UPDATE office SET calls = calls + ? WHERE id = ?", arguments: [calls, office])
        }
    }

    /// Removes what this change replaced; any time after it was posted.
    func sweepReplaced() throws {
        let touched = Array(staged.keys)
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
                    db.cachedStatement(sql: "SELECT number FROM agentDay WHERE change = ?"),
                    arguments: [number])
            })
    }
}

extension UserError {
    public static let cancelledImport = UserError(
        .cancelled, "The import was cancelled; nothing of the file was kept.",
        advice: "Upload it again any time.")
}

extension OfficeStore {
    /// Rows of a name that are there, from a wall-clock second on, in the order of time, each with its `standing`.
    static func standingRows(_ db: Database, name: Int64, from: Int64, _ body: (Row) throws -> Void) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT c.time, c.campaign, c.outcome, c.talk, c.fingerprint, \(standing) AS standing
                FROM call c JOIN fileVersion v ON v.number = c.version
                WHERE c.name = ? AND c.time >= ? AND \(isLive) ORDER BY c.time
                """)
        let rows = try Row.fetchCursor(statement, arguments: [name, from])
        while let row = try rows.next() { try body(row) }
    }
}

extension AgentDayTally {
    /// - Parameter row: one of `standingRows`.
    mutating func add(_ row: Row) throws {
        switch row["standing"] as Int {
        case 1:
            try add(
                Entry(
                    time: LocalTime(seconds: row["time"]), campaign: row["campaign"],
                    outcome: row["outcome"], talk: row["talk"],
                    fingerprint: UInt64(bitPattern: row["fingerprint"] as Int64)))
        case -1: elsewhere += 1
        default: break
        }
    }
}
