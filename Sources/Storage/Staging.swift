import Domain
import Foundation
import GRDB

/// What became of a record that was handed to the store.
public enum RowFate: Hashable, Sendable {
    case accepted
    /// The first row of its key is this line, with the same content.
    case duplicate(of: Int)
    /// The first row of its key is this line, with other content.
    case changed(of: Int)
}

/// A version being read: its rows go in by batches that no page counts, until one short transaction
/// makes them live. A step of a `CallsChange`, and used from its thread.
public final class StagedVersion {
    public let source: StoredSource
    let store: OfficeStore
    let number: Int64
    let office: ID<Office>
    let place: LiveRows.Place
    private let rules: CountingRules
    /// The change that counts its rows; nil: all are counted afterwards, as a rebuild does.
    let change: CallsChange?
    /// Times whose rows are kept and count nowhere.
    private let deleted: [ClockSpan]

    /// Numbers in the database by code of the batches' dictionary.
    private var names: [MetName] = []
    private var outcomes: [Int64] = []
    private var labels: [Int64] = []
    private var ownDictionary = CallDictionary()

    /// Accepted rows by business day.
    private(set) var days: [Int32: DayCount] = [:]
    /// Rejected lines that the search will find.
    var rejectedKept = 0

    public private(set) var deletedRows = 0

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
        /// The day of its last row.
        var lastDay: Day?
        /// Where the tally of its last row is: rows of a name mostly come day by day.
        var lastTally: (day: Int32, position: Int, round: Int)?
    }

    /// - Parameter time: the place in the total order that the version will have; nil: the last.
    init(
        store: OfficeStore, source: StoredSource, office: ID<Office>, incarnation: Int, rules: CountingRules,
        time: HybridTime?,
        change: CallsChange? = nil, deleted: [ClockSpan] = []
    ) throws {
        self.store = store
        self.source = source
        self.office = office
        self.rules = rules
        self.change = change
        self.deleted = deleted
        let place = LiveRows.Place(
            time: time?.bits ?? .max, office: office.description, incarnation: incarnation)
        self.place = place
        number = try store.pool.write { db in
            try db.run(
                sql: """
                    INSERT INTO fileVersion (state, time, office, incarnation, source)
                    VALUES ('staged', ?, ?, ?, ?)
                    """, arguments: [place.time, place.office, place.incarnation, source.number])
            return db.lastInsertedRowID
        }
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
        let isAlone = change?.live.isAlone(number) ?? true
        var added = 0
        try store.writeStaged { db in
            try learn(batch, db)
            let (numbers, outcomes, labels) = (names.map(\.number), outcomes, labels)
            let insert = try RawStatement(
                db,
                """
                INSERT INTO call (source, key, version, line, name, time, outcome, campaign,
                  originalCampaign, callType, profile, talk, wait, fingerprint, number)
                VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING
                """)
            let same = try RawStatement(
                db, "SELECT line, fingerprint FROM call WHERE source = ? AND key = ? AND version = ?")
            let sightings = try Sightings(db)
            for index in order {
                let record = records[index]
                let codes = batch.codes[index]
                guard numbers.indices.contains(codes.name), outcomes.indices.contains(codes.outcome),
                    labels.indices.contains(codes.campaign), labels.indices.contains(codes.original),
                    labels.indices.contains(codes.callType)
                else { continue }
                let entry = AgentDayTally.Entry(
                    time: record.time, campaign: labels[codes.campaign], outcome: outcomes[codes.outcome],
                    talk: record.talk.map(Int64.init), fingerprint: record.fingerprint)

                insert.bind(source.number, at: 1)
                insert.bind(record.key, at: 2)
                insert.bind(number, at: 3)
                insert.bind(Int64(record.line), at: 4)
                insert.bind(numbers[codes.name], at: 5)
                insert.bind(record.time.seconds, at: 6)
                insert.bind(entry.outcome, at: 7)
                insert.bind(entry.campaign, at: 8)
                insert.bind(labels[codes.original], at: 9)
                insert.bind(labels[codes.callType], at: 10)
                insert.bind(record.profile, at: 11)
                insert.bind(entry.talk, at: 12)
                insert.bind(record.wait.map(Int64.init), at: 13)
                insert.bind(Int64(bitPattern: record.fingerprint), at: 14)
                insert.bind(CallRecord.number(number, line: record.line), at: 15)
                try insert.run()
                guard insert.changes > 0 else {
                    fates[index] = try fate(of: record, same)
                    continue
                }
                let day = rules.day(of: record.time)
                accept(record, on: day, nameCode: codes.name)
                if !deleted.isEmpty, deleted.contains(where: { $0.contains(record.time.seconds) }) {
                    deletedRows += 1
                    continue
                }
                guard let change else { continue }
                if !isAlone, try meet(entry, nameCode: codes.name, key: record.key, change, sightings, db) {
                    continue
                }
                added += 1
                try count(entry, on: day, nameCode: codes.name, change, db)
            }
        }
        change?.count(added: added, of: place.office)
        // Between two transactions, for it makes its own.
        try change?.makeRoom()
        return fates
    }

    /// What a row is whose key stands in this version already.
    private func fate(of record: CallRecord, _ same: RawStatement) throws -> RowFate {
        same.bind(source.number, at: 1)
        same.bind(record.key, at: 2)
        same.bind(number, at: 3)
        defer { same.reset() }
        guard try same.step() else { return .duplicate(of: 0) }
        let line = Int(clamping: same.number(0))
        let isSame = same.number(1) == Int64(bitPattern: record.fingerprint)
        return isSame ? .duplicate(of: line) : .changed(of: line)
    }

    private func accept(_ record: CallRecord, on day: Day, nameCode: Int) {
        accepted += 1
        digest = digest &+ record.fingerprint
        firstDay = min(firstDay ?? day, day)
        lastDay = max(lastDay ?? day, day)
        if names[nameCode].firstDay.map({ day < $0 }) ?? true { names[nameCode].firstDay = day }
        days[day.number, default: DayCount()].rows += 1
        if names[nameCode].lastDay != day {
            names[nameCode].lastDay = day
            days[day.number]?.names.insert(nameCode)
        }
    }

    /// Counts an accepted row that others may be the same call as; false: none holds its key.
    private func meet(
        _ entry: AgentDayTally.Entry, nameCode: Int, key: CallKey, _ change: CallsChange,
        _ sightings: Sightings, _ db: Database
    ) throws -> Bool {
        let others = try sightings.live(besides: number, in: change.live) { $0.bind(key, at: 1) }.now
        guard !others.isEmpty else { return false }
        let row = Sighting(
            version: number, source: source.number, place: place, name: names[nameCode].number, entry: entry)
        if others.contains(where: { $0.isSameCall(as: row) }) { overlapping += 1 }
        try change.turn(row, comes: true, among: others, db)
        return true
    }

    /// Counts an accepted row that is alone.
    private func count(
        _ entry: AgentDayTally.Entry, on day: Day, nameCode: Int, _ change: CallsChange, _ db: Database
    ) throws {
        if let last = names[nameCode].lastTally, last.day == day.number, last.round == change.tallies.round {
            return try change.add(entry, at: last.position)
        }
        let position = try change.position(
            of: AgentDay(name: names[nameCode].number, day: day.number), db)
        names[nameCode].lastTally = (day.number, position, change.tallies.round)
        try change.add(entry, at: position)
    }

    /// Names whose first file this is, each with the person and first placement the event makes.
    func newNames(_ tx: Transaction, isPartTimer: (String) -> Bool) throws -> [NewName] {
        var result: [NewName] = []
        for met in names.sorted(by: { $0.folded < $1.folded }) {
            guard let firstDay = met.firstDay else { continue }
            let links = try String.fetchOne(
                tx.db.cachedStatement(sql: "SELECT links FROM agentName WHERE number = ?"),
                arguments: [met.number])
            guard links == nil else { continue }
            result.append(
                NewName(
                    name: met.name, folded: met.folded, person: tx.newID(), from: firstDay,
                    partTimer: isPartTimer(met.folded)))
        }
        return result
    }

    /// Says where the version's archive is going to be, so that a crash leaves none that nobody names.
    public func announceArchive(of file: ID<CallFile>, version: Int) throws {
        try store.pool.write { db in
            try db.run(
                sql: "UPDATE fileVersion SET file = ?, version = ? WHERE number = ?",
                arguments: [file.description, version, number])
        }
    }

    /// Forgets everything that was staged, with all of the change that it is a step of.
    public func abandon() throws {
        if let change { try change.abandon() } else { try store.sweepVersion(number) }
    }

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
