import Crypto
import Domain
import Foundation
import GRDB

/// A version of a delete request as the database has it.
struct DeletionPart: Sendable {
    var target: DeleteTarget
    var number: Int64
    var source: Int64
    var spans: [ClockSpan]
    /// Rows that the version has, of any day.
    var rows: Int
}

/// Takes rows out of the figures, or back in: stages the agent-days as they will be, and says exactly what that
/// does. Nothing is changed until its change is posted with an event.
///
/// The work is one pass over the rows of the versions concerned, with a look at the other rows of each key; no
/// other row is counted again. Used from one thread, inside `changingCalls`.
final class DeletionStaging {
    enum Direction { case out, back }

    private let store: OfficeStore
    private let rules: OfficeRules
    private let parts: [DeletionPart]
    private let direction: Direction
    /// By source: as it is, as far as the work has come, and as it will be.
    private var before: [Int64: LiveRows] = [:]
    private var present: [Int64: LiveRows] = [:]
    private var after: [Int64: LiveRows] = [:]
    private var tallies: StagedTallies

    private(set) var rows = 0
    /// Calls that leave the figures, or come back.
    private(set) var calls = 0
    private var stays = 0
    private var returns = 0
    private var holders: [Int64: Int] = [:]
    /// Agent-days of the rows concerned, and those whose figures change, with what is in force for them.
    private var concerned: Set<AgentDay> = []
    private var touched: [AgentDay: UInt64] = [:]
    private var sums = (rows: UInt64(0), out: UInt64(0), in: UInt64(0))

    init(
        _ store: OfficeStore, _ request: ID<DeleteRequest>, _ parts: [DeletionPart], _ direction: Direction
    ) throws {
        self.store = store
        self.direction = direction
        rules = try store.officeRulesNow()
        try store.sweepStaged()
        for source in Set(parts.map(\.source)) {
            before[source] = try store.pool.read { db in try LiveRows(source: source, db) }
        }
        present = before
        after = before
        // The earliest first: what takes a row's place is then what counts in the end.
        self.parts = parts.compactMap { [before] part in
            before[part.source]?.place(of: part.number).map { (part: part, place: $0) }
        }.sorted { $0.place < $1.place }.map(\.part)
        for part in parts {
            switch direction {
            case .out: after[part.source]?.delete(part.spans, of: part.number, by: request)
            case .back: after[part.source]?.restore(part.number, by: request)
            }
        }
        tallies = StagedTallies(try RollupChange(store: store, rules: rules))
    }

    var change: RollupChange { tallies.change }

    /// - Parameter progress: rows looked at, and of how many.
    func run(isCancelled: () -> Bool = { false }, progress: (Int, Int) -> Void = { _, _ in }) throws {
        do {
            let total = parts.reduce(0) { $0 + $1.rows }
            var done = 0
            for part in parts {
                guard let isThere = before[part.source], let willBe = after[part.source] else { continue }
                let isAlone = isThere.isAlone(part.number) && willBe.isAlone(part.number)
                var next: Int64? = CallRecord.number(part.number, line: 0)
                while let from = next {
                    if isCancelled() { throw UserError.cancelledDeletion }
                    if store.isClosing { throw UserError.closing }
                    next = try store.pool.read { db in try turn(part, from: from, isAlone: isAlone, db) }
                    if tallies.isFull { try tallies.write(isCancelled: isCancelled) }
                    let line = next.map { Int($0 & 0xffff_ffff) } ?? part.rows
                    progress(min(total, done + min(part.rows, line)), total)
                }
                done += part.rows
                present[part.source]?.set(part.number, asIn: willBe)
            }
            try tallies.write(isCancelled: isCancelled)
        } catch {
            try change.abandon()
            throw error
        }
    }

    /// Turns up to 20,000 rows of a version; returns where to go on, nil at its end.
    private func turn(_ part: DeletionPart, from: Int64, isAlone: Bool, _ db: Database) throws -> Int64? {
        guard let isThere = before[part.source], let willBe = after[part.source],
            let now = present[part.source]
        else { return nil }
        let select = try RawStatement(
            db,
            """
            SELECT number, key, name, time, campaign, outcome, talk, fingerprint FROM call
            WHERE number >= ? AND number < ? AND time >= ? AND time < ? ORDER BY number LIMIT 20000
            """)
        let sightings = try Sightings(db)
        select.bind(from, at: 1)
        select.bind(CallRecord.number(part.number + 1, line: 0), at: 2)
        select.bind(part.spans.map(\.from).min() ?? 0, at: 3)
        select.bind(part.spans.map(\.until).max() ?? 0, at: 4)
        defer { select.reset() }
        var count = 0
        var last = from
        while try select.step() {
            count += 1
            last = select.number(0)
            let second = select.number(3)
            // On one side of the change it is there, on the other not; else somebody deleted it before.
            guard
                let place = direction == .out
                    ? isThere.place(of: part.number, at: second) : willBe.place(of: part.number, at: second),
                (direction == .out ? willBe : isThere).place(of: part.number, at: second) == nil
            else { continue }
            let name = select.number(2)
            let entry = AgentDayTally.Entry(
                time: LocalTime(seconds: second), campaign: select.number(4), outcome: select.number(5),
                talk: select.isNull(6) ? nil : select.number(6),
                fingerprint: UInt64(bitPattern: select.number(7)))
            rows += 1
            sums.rows = sums.rows &+ entry.fingerprint
            concerned.insert(agentDay(name, entry))
            guard !isAlone else {
                calls += 1
                try replace(
                    direction == .out ? (name, entry) : nil, direction == .out ? nil : (name, entry), db)
                continue
            }
            var counted: Sightings.Sighting?
            var holder: (version: Int64, place: LiveRows.Place)?
            try sightings.each(source: part.source, besides: part.number) {
                $0.bind(column: 1, of: select, at: 2)
            } _: { row, version, second in
                if let place = now.place(of: version, at: second), counted.map({ $0.place < place }) ?? true {
                    counted = row.sighting(version, place)
                }
                if let place = willBe.place(of: version, at: second),
                    holder.map({ $0.place < place }) ?? true
                {
                    holder = (version, place)
                }
            }
            if let holder, direction == .out {
                stays += 1
                holders[holder.version, default: 0] += 1
            }
            guard let counted else {
                calls += 1
                try replace(
                    direction == .out ? (name, entry) : nil, direction == .out ? nil : (name, entry), db)
                continue
            }
            // A later version's row counts before and after.
            guard counted.place < place else { continue }
            if counted.entry.fingerprint == entry.fingerprint, counted.name == name { continue }
            if holder != nil { returns += 1 }
            let other = (counted.name, counted.entry)
            try replace(
                direction == .out ? (name, entry) : other, direction == .out ? other : (name, entry), db)
        }
        return count < 20_000 ? nil : last + 1
    }

    private func agentDay(_ name: Int64, _ entry: AgentDayTally.Entry) -> AgentDay {
        AgentDay(name: name, day: entry.time.businessDay(cutOver: rules.cutOverMinutes).number)
    }

    /// Takes a row out of its agent-day's figures, and puts another into its own.
    private func replace(
        _ old: (name: Int64, entry: AgentDayTally.Entry)?, _ new: (name: Int64, entry: AgentDayTally.Entry)?,
        _ db: Database
    ) throws {
        if let (name, entry) = old {
            try tallies.takeBack(entry, at: try position(agentDay(name, entry), db))
            sums.out = sums.out &+ entry.fingerprint
        }
        if let (name, entry) = new {
            try tallies.add(entry, at: try position(agentDay(name, entry), db))
            sums.in = sums.in &+ entry.fingerprint
        }
    }

    private var lastPosition: (key: AgentDay, position: Int, round: Int)?

    private func position(_ key: AgentDay, _ db: Database) throws -> Int {
        if let last = lastPosition, last.key == key, last.round == tallies.round { return last.position }
        let position = try tallies.position(of: key, db)
        if touched[key] == nil { touched[key] = tallies.digest(at: position) }
        lastPosition = (key, position, tallies.round)
        return position
    }

    // MARK: What it does

    /// Everybody with calls among the rows, as names belong to people now.
    func agents(_ db: Database) throws -> Set<ID<Person>> {
        let words = try FigureWords(db)
        return Set(concerned.compactMap { ID<Person>(words.person(ofName: $0.name, on: $0.day)) })
    }

    /// What exactly it does; after `run`, before the change is posted or abandoned.
    func preview(_ db: Database) throws -> DeletePreview {
        var preview = DeletePreview(rows: rows, gone: calls, stays: stays, returns: returns)
        if let period {
            preview.period = period
            preview.days = days.count
            // Both divisions from one report each, for in a large office a report takes its time.
            let query = ReportQuery(period: period, by: [.agent, .leader])
            let before = try OfficeStore.report(query, .console, db)
            let after = try OfficeStore.report(query, .console, db, posted: change.number)
            preview.before = DeleteTotals(before.total)
            preview.after = DeleteTotals(after.total)
            preview.agents = Self.shares(.agent, before, after)
            preview.teams = Self.shares(.leader, before, after)
            preview.figures = try OfficeStore.figuresDigest(period, db)
        }
        preview.holders = try holders.sorted { $0.key < $1.key }.compactMap { number, calls in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT f.id, f.name, v.version FROM fileVersion v JOIN file f ON f.id = v.file
                    WHERE v.number = ?
                    """, arguments: [number])
            guard let row, let file = ID<CallFile>(row["id"] as String) else { return nil }
            return DeletePreview.Holder(
                file: file, fileName: row["name"], version: row["version"], calls: calls)
        }.sorted { ($0.fileName, $0.version) < ($1.fileName, $1.version) }
        preview.digest = digest(figures: preview.figures)
        return preview
    }

    /// The preview's digest alone: cheap, for it asks no report.
    func digest(_ db: Database) throws -> String {
        digest(figures: try period.map { try OfficeStore.figuresDigest($0, db) } ?? "")
    }

    private var days: Set<Int32> { Set(concerned.map(\.day)).union(touched.keys.map(\.day)) }

    /// All days that it touches.
    private var period: Period? {
        guard let first = days.min(), let last = days.max() else { return nil }
        return Period(from: Day(number: first), to: Day(number: last))
    }

    private static func shares(_ by: By, _ before: Report, _ after: Report) -> [DeletePreview.Share] {
        var shares: [String: DeletePreview.Share] = [:]
        func add(_ report: Report, _ logs: WritableKeyPath<DeletePreview.Share, Int>) {
            for row in report.rows {
                guard let slice = row.slices.first(where: { $0.by == by }) else { continue }
                let none = DeletePreview.Share(
                    person: ID(slice.value), name: slice.title, before: 0, after: 0)
                shares[slice.value, default: none][keyPath: logs] += row.figures.logs
            }
        }
        add(before, \.before)
        add(after, \.after)
        return shares.values.filter { $0.before != $0.after }.sorted { a, b in
            let (x, y) = (a.before - a.after, b.before - b.after)
            return x == y
                ? (a.name, a.person?.description ?? "") < (b.name, b.person?.description ?? "") : x > y
        }
    }

    /// Over what goes, what counts instead, and every agent-day that changes; no number of this database is in it.
    private func digest(figures: String) -> String {
        var hasher = SHA256()
        let touched = touched.reduce(UInt64(0)) { sum, entry in
            sum &+ OfficeStore.mixed(day: entry.key.day, digest: entry.value)
        }
        let lines = [
            "rollcall-deletion-1", "\(rows) \(calls) \(stays) \(returns)",
            "\(sums.rows) \(sums.out) \(sums.in) \(touched)", figures,
        ]
        hasher.update(data: Data(lines.joined(separator: "\n").utf8))
        return hexadecimal(hasher.finalize())
    }
}

extension OfficeStore {
    /// A digest of every agent-day's rows in a period, as they count now: cheap, and another one whenever any of
    /// these figures is.
    ///
    /// - Parameter office: whose figures; nil: the own. What another office sends changes no digest of this one.
    static func figuresDigest(_ period: Period, of office: ID<Office>? = nil, _ db: Database) throws -> String
    {
        let offices = try OfficeScope(of: office, db)
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT day, digest, max(change) FROM agentDay WHERE day BETWEEN ? AND ?
                  AND change <= (SELECT postedChange FROM folder) AND \(offices.ofName("name"))
                GROUP BY day, name
                """, arguments: [period.from.number, period.to.number])
        var sum: UInt64 = 0
        while let row = try rows.next() {
            sum = sum &+ mixed(day: row[0], digest: UInt64(bitPattern: row[1] as Int64))
        }
        return String(sum, radix: 16)
    }

    /// Day and digest in one number that other pairs hardly have; no rows are nothing.
    fileprivate static func mixed(day: Int32, digest: UInt64) -> UInt64 {
        guard digest != 0 else { return 0 }
        // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
        var z = digest ^ (UInt64(UInt32(bitPattern: day)) &* 0x9e37_79b9_7f4a_7c15)
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension UserError {
    static let cancelledDeletion = UserError(
        .cancelled, "It was cancelled; nothing was changed.", advice: "Start it again any time.")
}
