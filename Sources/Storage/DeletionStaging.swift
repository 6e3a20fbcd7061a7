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
/// One `CallsChange` with a step for each version. Used from one thread, inside `changingCalls`.
final class DeletionStaging {
    enum Direction { case out, back }

    private let parts: [DeletionPart]
    private let direction: Direction
    private let change: CallsChange
    /// What is deleted of each version, and what is there, when all is done.
    private var deleted: [Int64: [ClockSpan]] = [:]
    private var after: LiveRows

    private(set) var rows = 0
    /// Calls that leave the figures, or come back.
    private(set) var calls = 0
    private var stays = 0
    private var returns = 0
    private var holders: [Int64: Int] = [:]
    /// Agent-days of the rows concerned, and those whose figures change.
    private var concerned: Set<AgentDay> = []
    private var touched: Set<AgentDay> = []
    private var sums = (rows: UInt64(0), out: UInt64(0), in: UInt64(0))

    init(
        _ store: OfficeStore, _ request: ID<DeleteRequest>, _ parts: [DeletionPart], _ direction: Direction
    ) throws {
        self.direction = direction
        change = try CallsChange(store)
        let live = change.live
        // The earliest first: what takes a row's place is then what counts in the end.
        self.parts = parts.compactMap { part in
            live.place(of: part.number).map { (part: part, place: $0) }
        }.sorted { $0.place < $1.place }.map(\.part)
        after = live
        for part in parts {
            let spans: [ClockSpan]
            switch direction {
            case .out: spans = after.deleted(of: part.number) + part.spans
            case .back:
                spans = try store.pool.read { db in
                    try OfficeStore.deletedSpans(of: part.number, besides: request, db)
                }
            }
            after.set(part.number, deleted: spans)
            deleted[part.number] = spans
        }
    }

    /// - Parameter progress: rows looked at, and of how many.
    func run(isCancelled: () -> Bool = { false }, progress: (Int, Int) -> Void = { _, _ in }) throws {
        do {
            let total = parts.reduce(0) { $0 + $1.rows }
            var done = 0
            for part in parts {
                try change.retarget(
                    part.number, deleted: deleted[part.number] ?? [], later: after, isCancelled,
                    { line in progress(min(total, done + min(part.rows, line)), total) }, visit: note)
                done += part.rows
                progress(min(total, done), total)
            }
        } catch {
            try change.abandon()
            throw error
        }
    }

    private func note(_ turned: CallsChange.Turned, _ db: Database) throws {
        rows += 1
        sums.rows = sums.rows &+ turned.row.entry.fingerprint
        concerned.insert(try change.agentDay(of: turned.row, db))
        calls += direction == .out ? -turned.turn.calls : turned.turn.calls
        for row in turned.turn.out {
            touched.insert(try change.agentDay(of: row, db))
            sums.out = sums.out &+ row.entry.fingerprint
        }
        for row in turned.turn.back {
            touched.insert(try change.agentDay(of: row, db))
            sums.in = sums.in &+ row.entry.fingerprint
        }
        guard direction == .out, !turned.later.isEmpty else { return }
        if let holder = turned.later.kin(of: turned.row).max(by: { $0.place < $1.place }) {
            stays += 1
            holders[holder.version, default: 0] += 1
        }
        let comesBack = turned.turn.back.contains {
            after.place(of: $0.version, at: $0.entry.time.seconds) != nil
        }
        if comesBack { returns += 1 }
    }

    /// Stages what was counted; to be posted with the event.
    func finish(isCancelled: () -> Bool = { false }) throws -> RollupChange {
        try change.finish(isCancelled: isCancelled)
    }

    func abandon() throws { try change.abandon() }

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
        preview.digest = try digest(figures: preview.figures, db)
        return preview
    }

    /// The preview's digest alone: cheap, for it asks no report.
    func digest(_ db: Database) throws -> String {
        try digest(figures: try period.map { try OfficeStore.figuresDigest($0, db) } ?? "", db)
    }

    private var days: Set<Int32> { Set(concerned.map(\.day)).union(touched.map(\.day)) }

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
    private func digest(figures: String, _ db: Database) throws -> String {
        var hasher = SHA256()
        let inForce = try db.cachedStatement(
            sql: """
                SELECT digest FROM agentDay WHERE day = ? AND name = ?
                  AND change <= (SELECT postedChange FROM folder) ORDER BY change DESC LIMIT 1
                """)
        let touched = try touched.reduce(UInt64(0)) { sum, key in
            let digest = try Int64.fetchOne(inForce, arguments: [key.day, key.name]) ?? 0
            return sum &+ OfficeStore.mixed(day: key.day, digest: UInt64(bitPattern: digest))
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
    /// What is deleted of a version by other requests than this one.
    fileprivate static func deletedSpans(
        of version: Int64, besides request: ID<DeleteRequest>, _ db: Database
    ) throws -> [ClockSpan] {
        try Row.fetchAll(
            db, sql: "SELECT fromTime, untilTime FROM deletedSpan WHERE version = ? AND request <> ?",
            arguments: [version, request.description]
        ).map { ClockSpan(from: $0["fromTime"], until: $0["untilTime"]) }
    }

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
