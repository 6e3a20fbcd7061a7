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

    /// Numbers in the database by code of the batches' dictionary.
    private var names: [MetName] = []
    private var outcomes: [Int64] = []
    private var labels: [Int64] = []
    private var ownDictionary = CallDictionary()

    private var tallyIndex: [AgentDay: Int] = [:]
    private var tallies: [AgentDayTally] = []
    private var weight = 0
    /// Agent-days that must be read back: other versions have calls on them, or memory ran short.
    private var recounts: Set<AgentDay> = []

    public private(set) var accepted = 0
    public private(set) var overlapping = 0
    public private(set) var digest: UInt64 = 0
    public private(set) var firstDay: Day?
    public private(set) var lastDay: Day?
    public var agents: Int { names.count { $0.firstDay != nil } }

    /// An agent's name as this file spells it first, and its first day here.
    private struct MetName {
        var number: Int64
        var name: String
        var folded: String
        var firstDay: Day?
    }

    struct AgentDay: Hashable {
        var name: Int64
        var day: Int32
    }

    /// About 40 MB of rows and cells; past that, days are counted from the database at the end.
    private static let weightLimit = 10_000_000

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

    /// Interns and writes one batch; for callers that have no thread of their own to intern on.
    public func insert(_ records: [CallRecord], folded: [String]) throws -> [RowFate] {
        try insert(try ownDictionary.batch(records, folded: folded))
    }

    /// Writes one batch in one transaction and says what became of each record, in the order given.
    ///
    /// - Parameter batch: at most some thousands of records, so that the writer is held well under 100 ms;
    ///   all batches of a version come from one dictionary, in its order.
    public func insert(_ batch: CallBatch) throws -> [RowFate] {
        let records = batch.records
        // In key order the rows of a batch meet the same pages of the tree: several times faster.
        let ascending = zip(records, records.dropFirst()).allSatisfy { $0.key < $1.key }
        let order =
            ascending
            ? Array(records.indices)
            : records.indices.sorted { a, b in
                let (x, y) = (records[a], records[b])
                return x.key == y.key ? x.line < y.line : x.key < y.key
            }
        var fates = [RowFate](repeating: .accepted, count: records.count)
        try store.pool.write { db in
            try learn(batch, db)
            let insert = try db.cachedStatement(
                sql: """
                    INSERT INTO call (source, key, version, line, name, time, outcome, campaign,
                      originalCampaign, callType, profile, talk, wait, fingerprint, number)
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING
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
                let codes = batch.codes[index]
                guard names.indices.contains(codes.name), outcomes.indices.contains(codes.outcome),
                    labels.indices.contains(codes.campaign), labels.indices.contains(codes.original),
                    labels.indices.contains(codes.callType)
                else { continue }
                let name = names[codes.name].number
                let outcome = outcomes[codes.outcome]
                let campaign = labels[codes.campaign]

                sqlite3_reset(handle)
                sqlite3_bind_int64(handle, 1, source.number)
                bind(record.key, to: handle, at: 2)
                sqlite3_bind_int64(handle, 3, number)
                sqlite3_bind_int64(handle, 4, Int64(record.line))
                sqlite3_bind_int64(handle, 5, name)
                sqlite3_bind_int64(handle, 6, record.time.seconds)
                sqlite3_bind_int64(handle, 7, outcome)
                sqlite3_bind_int64(handle, 8, campaign)
                sqlite3_bind_int64(handle, 9, labels[codes.original])
                sqlite3_bind_int64(handle, 10, labels[codes.callType])
                bind(record.profile, to: handle, at: 11)
                bind(record.talk, to: handle, at: 12)
                bind(record.wait, to: handle, at: 13)
                sqlite3_bind_int64(handle, 14, Int64(bitPattern: record.fingerprint))
                sqlite3_bind_int64(handle, 15, CallRecord.number(number, line: record.line))
                try checkDone(sqlite3_step(handle), handle)
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
                try count(record, nameCode: codes.name, day: day, outcome: outcome, campaign: campaign)
            }
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        return fates
    }

    private func count(
        _ record: CallRecord, nameCode: Int, day: Day, outcome: Int64, campaign: Int64
    ) throws {
        accepted += 1
        digest = digest &+ record.fingerprint
        firstDay = min(firstDay ?? day, day)
        lastDay = max(lastDay ?? day, day)
        if names[nameCode].firstDay.map({ day < $0 }) ?? true { names[nameCode].firstDay = day }
        let key = AgentDay(name: names[nameCode].number, day: day.number)
        let index: Int
        if let known = tallyIndex[key] {
            index = known
        } else {
            index = tallies.count
            tallyIndex[key] = index
            tallies.append(AgentDayTally(day: day))
        }
        let before = tallies[index].weight
        try tallies[index].add(
            time: record.time, campaign: campaign, outcome: outcome, talk: record.talk.map(Int64.init),
            fingerprint: record.fingerprint)
        weight += tallies[index].weight - before
        if weight > Self.weightLimit {
            recounts.formUnion(tallyIndex.keys)
            tallyIndex = [:]
            tallies = []
            weight = 0
        }
    }

    /// Names whose first file this is, each with the person and first placement the event makes.
    func newNames(_ tx: Transaction, isPartTimer: (String) -> Bool) throws -> [NewName] {
        var result: [NewName] = []
        for met in names.sorted(by: { $0.folded < $1.folded }) {
            guard let firstDay = met.firstDay else { continue }
            let person = try String.fetchOne(
                tx.db, sql: "SELECT person FROM agentName WHERE number = ?", arguments: [met.number])
            guard person == nil else { continue }
            result.append(
                NewName(
                    name: met.name, folded: met.folded, person: tx.newID(), from: firstDay,
                    partTimer: isPartTimer(met.folded)))
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
            for key in tallyIndex.keys where !recounts.contains(key) {
                if try Bool.fetchOne(statement, arguments: [key.day, key.name]) == true { had.insert(key) }
            }
            return had
        }
        recounts.formUnion(current)
        var counted: [AgentDay: AgentDayTally] = [:]
        for (key, index) in tallyIndex where !recounts.contains(key) { counted[key] = tallies[index] }
        tallyIndex = [:]
        tallies = []
        do {
            try change.stage(counted, isCancelled: isCancelled)
            counted = [:]
            try change.recount(recounts, staged: number, isCancelled: isCancelled)
        } catch {
            try change.abandon()
            throw error
        }
        return change
    }

    /// Says where the version's archive is going to be, so that a crash leaves none that nobody names.
    public func announceArchive(of file: ID<CallFile>, version: Int) throws {
        try store.pool.write { db in
            try db.execute(
                sql: "UPDATE fileVersion SET file = ?, version = ? WHERE number = ?",
                arguments: [file.description, version, number])
        }
    }

    /// Forgets everything that was staged.
    public func abandon() throws { try store.sweepVersion(number) }

    // MARK: Dictionaries

    /// Numbers what the batch's dictionary met for the first time.
    private func learn(_ batch: CallBatch, _ db: Database) throws {
        for new in batch.newNames {
            let number = try dictionaryNumber(
                db, "SELECT number FROM agentName WHERE office = ? AND folded = ?",
                [office.description, new.folded],
                "INSERT INTO agentName (office, folded, name) VALUES (?, ?, ?)",
                [office.description, new.folded, new.name])
            names.append(MetName(number: number, name: new.name, folded: new.folded))
        }
        for new in batch.newOutcomes {
            let flags = source.source.outcomes.flags(ofState: new.state)?.rawValue
            outcomes.append(
                try dictionaryNumber(
                    db, "SELECT number FROM outcome WHERE source = ? AND type = ? AND state = ?",
                    [source.number, new.type, new.state],
                    "INSERT INTO outcome (source, type, state, flags) VALUES (?, ?, ?, ?)",
                    [source.number, new.type, new.state, flags]))
        }
        for new in batch.newLabels {
            labels.append(
                try dictionaryNumber(
                    db, "SELECT number FROM label WHERE text = ?", [new],
                    "INSERT INTO label (text) VALUES (?)", [new]))
        }
    }

    private func dictionaryNumber(
        _ db: Database, _ select: String, _ key: StatementArguments, _ insert: String,
        _ values: StatementArguments
    ) throws -> Int64 {
        if let known = try Int64.fetchOne(db.cachedStatement(sql: select), arguments: key) { return known }
        try db.cachedStatement(sql: insert).execute(arguments: values)
        return db.lastInsertedRowID
    }
}

extension CallRecord {
    /// The row's number in the table: a version's rows lie together, in the order of their lines.
    static func number(_ version: Int64, line: Int) -> Int64 {
        (version & 0x7fff_ffff) << 32 | Int64(line & 0xffff_ffff)
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
