import Domain
import Foundation
import GRDB
import GRDBSQLite

/// What became of a record that was handed to the store.
public enum RowFate: Hashable, Sendable {
    case accepted
    /// The first row of its key is this line, with the same content.
    case duplicate(of: Int)
    /// The first row of its key is this line, with other content.
    case changed(of: Int)
}

/// A version being read: its rows go in by batches that no page counts, until one short transaction
/// makes them live.
///
/// One at a time per store (`OfficeStore.changes` sees to it); used from one thread.
public final class StagedVersion {
    public let source: StoredSource
    let store: OfficeStore
    let number: Int64
    let office: ID<Office>
    let rules: OfficeRules
    let time: Int64
    /// Only then can rows of this version meet rows of another.
    private let sourceHasCalls: Bool

    private var names: [String: Int64] = [:]
    private var outcomes: [String: Int64] = [:]
    private var labels: [String: Int64] = [:]
    private var tallies: [AgentDay: AgentDayTally] = [:]
    private var weight = 0
    /// Agent-days that must be read back: other versions have calls on them, or memory ran short.
    private var recounts: Set<AgentDay> = []

    public private(set) var accepted = 0
    public private(set) var overlapping = 0
    public private(set) var digest: UInt64 = 0
    public private(set) var firstDay: Day?
    public private(set) var lastDay: Day?
    private var agentNumbers: Set<Int64> = []
    public var agents: Int { agentNumbers.count }
    /// Spelling, first day and part-timer mark of each folded name met in the file.
    private var spellings: [String: (name: String, from: Day)] = [:]

    struct AgentDay: Hashable {
        var name: Int64
        var day: Int32
    }

    /// About 40 MB of rows and cells; past that, days are counted from the database at the end.
    private static let weightLimit = 4_000_000

    /// - Parameter time: the place in the total order that the version will have; nil: the last.
    init(store: OfficeStore, source: StoredSource, office: ID<Office>, rules: OfficeRules, time: HybridTime?)
        throws
    {
        self.store = store
        self.source = source
        self.office = office
        self.rules = rules
        self.time = time?.bits ?? .max
        let (number, known): (Int64, Bool) = try store.pool.write { [time = self.time] db in
            try db.execute(
                sql: "INSERT INTO fileVersion (state, time, office, source) VALUES ('staged', ?, ?, ?)",
                arguments: [time, office.description, source.number])
            let number = db.lastInsertedRowID
            let known = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM call WHERE source = ?)", arguments: [source.number])
            return (number, known ?? false)
        }
        self.number = number
        sourceHasCalls = known
    }

    /// Writes one batch in one transaction and says what became of each record, in the order given.
    ///
    /// - Parameter records: at most some thousands, so that the writer is held well under 100 ms.
    public func insert(_ records: [CallRecord], folded: [String]) throws -> [RowFate] {
        guard records.count == folded.count else { return [] }
        // In key order the rows of a batch meet the same pages of the tree: several times faster.
        let order = records.indices.sorted { a, b in
            let (x, y) = (records[a], records[b])
            return x.key == y.key ? x.line < y.line : x.key < y.key
        }
        var fates = [RowFate](repeating: .accepted, count: records.count)
        try store.pool.write { db in
            let insert = try db.cachedStatement(
                sql: """
                    INSERT INTO call (source, key, version, line, name, time, outcome, campaign,
                      originalCampaign, callType, profile, talk, wait, fingerprint)
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING
                    """)
            let same = try db.cachedStatement(
                sql: "SELECT line, fingerprint FROM call WHERE source = ? AND key = ? AND version = ?")
            let others = try db.cachedStatement(
                sql: """
                    SELECT c.name, c.time FROM call c JOIN fileVersion v ON v.number = c.version
                    WHERE c.source = ? AND c.key = ? AND c.version <> ? AND v.state = 'live'
                    """)
            let handle = insert.sqliteStatement
            for index in order {
                let record = records[index]
                let name = try nameNumber(record.agent, folded: folded[index], db)
                let outcome = try outcomeNumber(record.type, record.state, db)
                let campaign = try labelNumber(
                    record.currentCampaign.isEmpty ? record.originalCampaign : record.currentCampaign, db)
                let original = try labelNumber(record.originalCampaign, db)
                let callType = try labelNumber(record.callType, db)

                sqlite3_reset(handle)
                sqlite3_bind_int64(handle, 1, source.number)
                bind(record.key, to: handle, at: 2)
                sqlite3_bind_int64(handle, 3, number)
                sqlite3_bind_int64(handle, 4, Int64(record.line))
                sqlite3_bind_int64(handle, 5, name)
                sqlite3_bind_int64(handle, 6, record.time.seconds)
                sqlite3_bind_int64(handle, 7, outcome)
                sqlite3_bind_int64(handle, 8, campaign)
                sqlite3_bind_int64(handle, 9, original)
                sqlite3_bind_int64(handle, 10, callType)
                bind(record.profile, to: handle, at: 11)
                bind(record.talk, to: handle, at: 12)
                bind(record.wait, to: handle, at: 13)
                sqlite3_bind_int64(handle, 14, Int64(bitPattern: record.fingerprint))
                let code = sqlite3_step(handle)
                guard code == SQLITE_DONE else {
                    throw DatabaseError(
                        resultCode: ResultCode(rawValue: code),
                        message: String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
                }
                guard sqlite3_changes(sqlite3_db_handle(handle)) > 0 else {
                    let first = try Row.fetchOne(
                        same, arguments: [source.number, record.key.databaseValue, number])
                    let line: Int = first?["line"] ?? 0
                    let print: Int64? = first?["fingerprint"]
                    fates[index] =
                        print == Int64(bitPattern: record.fingerprint)
                        ? .duplicate(of: line) : .changed(of: line)
                    continue
                }
                let day = record.time.businessDay(cutOver: rules.cutOverMinutes)
                if sourceHasCalls {
                    let met = try Row.fetchAll(
                        others, arguments: [source.number, record.key.databaseValue, number])
                    if !met.isEmpty { overlapping += 1 }
                    for row in met {
                        let time = LocalTime(seconds: row["time"])
                        let was = time.businessDay(cutOver: rules.cutOverMinutes)
                        recounts.insert(AgentDay(name: row["name"], day: was.number))
                    }
                }
                try count(
                    record, name: name, folded: folded[index], day: day, outcome: outcome, campaign: campaign)
            }
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        return fates
    }

    private func count(
        _ record: CallRecord, name: Int64, folded: String, day: Day, outcome: Int64, campaign: Int64
    ) throws {
        accepted += 1
        digest = digest &+ record.fingerprint
        agentNumbers.insert(name)
        firstDay = min(firstDay ?? day, day)
        lastDay = max(lastDay ?? day, day)
        if let known = spellings[folded] {
            if day < known.from { spellings[folded] = (known.name, day) }
        } else {
            spellings[folded] = (record.agent, day)
        }
        let key = AgentDay(name: name, day: day.number)
        var tally = tallies[key] ?? AgentDayTally(day: day)
        tallies[key] = nil  // so that `tally` is the only owner of its storage while it grows
        let before = tally.weight
        try tally.add(
            time: record.time, campaign: campaign, outcome: outcome, talk: record.talk.map(Int64.init),
            fingerprint: record.fingerprint)
        weight += tally.weight - before
        tallies[key] = tally
        if weight > Self.weightLimit {
            recounts.formUnion(tallies.keys)
            tallies = [:]
            weight = 0
        }
    }

    /// Names whose first file this is, each with the person and first placement the event makes.
    func newNames(_ tx: Transaction, isPartTimer: (String) -> Bool) throws -> [NewName] {
        var result: [NewName] = []
        for (folded, spelling) in spellings.sorted(by: { $0.key < $1.key }) {
            let person = try String.fetchOne(
                tx.db, sql: "SELECT person FROM agentName WHERE office = ? AND folded = ?",
                arguments: [office.description, folded])
            guard person == nil else { continue }
            result.append(
                NewName(
                    name: spelling.name, folded: folded, person: tx.newID(), from: spelling.from,
                    partTimer: isPartTimer(folded)))
        }
        return result
    }

    /// Stages the rollups of every agent-day this version touches.
    ///
    /// - Returns: the change to post.
    func stageRollups(isCancelled: () -> Bool) throws -> RollupChange {
        var change = try RollupChange(store: store, rules: rules)
        // A day that had calls before is counted from all its rows; one that is new was counted on the way.
        let current = try store.pool.read { db in
            var had: Set<AgentDay> = []
            let statement = try db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM agentDay WHERE day = ? AND name = ?)")
            for key in tallies.keys where !recounts.contains(key) {
                if try Bool.fetchOne(statement, arguments: [key.day, key.name]) == true { had.insert(key) }
            }
            return had
        }
        recounts.formUnion(current)
        for key in recounts { tallies[key] = nil }
        do {
            try change.stage(tallies, isCancelled: isCancelled)
            tallies = [:]
            try change.recount(recounts, staged: number, isCancelled: isCancelled)
        } catch {
            try change.abandon()
            throw error
        }
        return change
    }

    /// Forgets everything that was staged.
    public func abandon() throws { try store.sweepVersion(number) }

    // MARK: Dictionaries

    private func nameNumber(_ name: String, folded: String, _ db: Database) throws -> Int64 {
        if let known = names[folded] { return known }
        let arguments: StatementArguments = [office.description, folded]
        let sql = "SELECT number FROM agentName WHERE office = ? AND folded = ?"
        if let number = try Int64.fetchOne(db, sql: sql, arguments: arguments) {
            names[folded] = number
            return number
        }
        try db.execute(
            sql: "INSERT INTO agentName (office, folded, name) VALUES (?, ?, ?)",
            arguments: [office.description, folded, name])
        names[folded] = db.lastInsertedRowID
        return db.lastInsertedRowID
    }

    private func outcomeNumber(_ type: String, _ state: String, _ db: Database) throws -> Int64 {
        let key = type + "\u{0}" + state
        if let known = outcomes[key] { return known }
        let sql = "SELECT number FROM outcome WHERE source = ? AND type = ? AND state = ?"
        var number = try Int64.fetchOne(db, sql: sql, arguments: [source.number, type, state])
        if number == nil {
            try db.execute(
                sql: "INSERT INTO outcome (source, type, state, flags) VALUES (?, ?, ?, ?)",
                arguments: [
                    source.number, type, state, source.source.outcomes.flags(ofState: state)?.rawValue,
                ])
            number = db.lastInsertedRowID
        }
        outcomes[key] = number
        return number ?? 0
    }

    private func labelNumber(_ text: String, _ db: Database) throws -> Int64 {
        if let known = labels[text] { return known }
        var number = try Int64.fetchOne(db, sql: "SELECT number FROM label WHERE text = ?", arguments: [text])
        if number == nil {
            try db.execute(sql: "INSERT INTO label (text) VALUES (?)", arguments: [text])
            number = db.lastInsertedRowID
        }
        // Bounded: a column of unique texts must not fill the memory.
        if labels.count > 100_000 { labels = [:] }
        labels[text] = number
        return number ?? 0
    }
}

extension CallKey: Comparable {
    /// As SQLite orders them: numbers, then texts, then digests.
    public static func < (a: CallKey, b: CallKey) -> Bool {
        switch (a, b) {
        case (.number(let x), .number(let y)): x < y
        case (.text(let x), .text(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
        case (.digest(let x), .digest(let y)): x.lexicographicallyPrecedes(y)
        case (.number, _), (.text, .digest): true
        default: false
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .number(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .digest(let value): Data(value).databaseValue
        }
    }
}

/// SQLite copies the value before the call returns.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

private func bind(_ key: CallKey, to statement: OpaquePointer, at index: Int32) {
    switch key {
    case .number(let value): sqlite3_bind_int64(statement, index, value)
    case .text(let value): bind(value, to: statement, at: index)
    case .digest(let value):
        sqlite3_bind_blob(statement, index, value, Int32(clamping: value.count), transient)
    }
}

private func bind(_ text: String?, to statement: OpaquePointer, at index: Int32) {
    guard var text else {
        sqlite3_bind_null(statement, index)
        return
    }
    text.withUTF8 { utf8 in
        utf8.withMemoryRebound(to: CChar.self) { characters in
            _ = sqlite3_bind_text(
                statement, index, characters.baseAddress, Int32(clamping: characters.count), transient)
        }
    }
}

private func bind(_ number: Int?, to statement: OpaquePointer, at index: Int32) {
    if let number {
        sqlite3_bind_int64(statement, index, Int64(number))
    } else {
        sqlite3_bind_null(statement, index)
    }
}
