import Domain
import Foundation
import GRDB

/// One change of the rows that are there: versions that come, versions of which other days are deleted, and the
/// figures as they will be. In no report until what `finish` returns is posted.
///
/// Every step builds on those before it, and the figures in the end are those of a count from scratch, whatever the
/// order. Used from one thread, inside `changingCalls`; ends with `finish` or `abandon`.
public final class CallsChange {
    let store: OfficeStore
    let rules: RulesByOffice
    /// What is there after the steps so far.
    private(set) var live: LiveRows
    var tallies: StagedTallies
    private var versions: [StagedVersion] = []
    private var staged: [Int64] = []
    /// Counted calls more, by the office of their names.
    private var calls: [String: Int64] = [:]
    private var rulesOfNames: [Int64: CountingRules] = [:]

    public convenience init(_ store: OfficeStore) throws { try self.init(store, rules: nil) }

    /// - Parameters:
    ///   - rules: as they will be; nil: as they are. Of offices that have other rules now everything is counted again.
    ///   - progress: names counted again, and of how many.
    init(
        _ store: OfficeStore, rules: RulesByOffice?, progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        self.store = store
        // One at a time: what is staged now is a leftover, of a disk that was full for example.
        try store.sweepStaged()
        let (before, live) = try store.pool.read { db in (try RulesByOffice(db), try LiveRows(db)) }
        self.live = live
        self.rules = rules ?? before
        tallies = StagedTallies(try RollupChange(store: store, rules: self.rules))
        let changed = self.rules.differing(from: before)
        guard !changed.isEmpty else { return }
        do {
            try recount(changed, progress)
            tallies.replace(days: try store.recountedDays(self.rules, of: changed))
        } catch {
            try abandon()
            throw error
        }
    }

    var number: Int64 { tallies.change.number }

    /// Begins a version whose rows come next; later steps see those that it has as there.
    ///
    /// - Parameters:
    ///   - source: whose files it is of; it is in the database already.
    ///   - office: that uploaded it, and whose the names on its rows are.
    ///   - incarnation: of the chain that tells of it.
    ///   - time: the place in the total order that the version will have; nil: the last.
    ///   - deleted: times whose rows are kept and count nowhere.
    public func stage(
        _ source: StoredSource, office: ID<Office>, incarnation: Int, time: HybridTime? = nil,
        deleted: [ClockSpan] = []
    ) throws -> StagedVersion {
        let version = try StagedVersion(
            store: store, source: source, office: office, incarnation: incarnation, rules: rules.of(office),
            time: time, change: self, deleted: deleted)
        versions.append(version)
        staged.append(version.number)
        live.add(version.number, of: source, at: version.place, deleted: deleted)
        return version
    }

    /// Stages the figures, and says what is to be posted in the transaction that appends or folds the events.
    public func finish(isCancelled: () -> Bool = { false }) throws -> RollupChange {
        try tallies.write(isCancelled: isCancelled)
        for version in versions { try version.stageDays() }
        versions = []
        var change = tallies.change
        change.calls.merge(calls, uniquingKeysWith: &+)
        return change
    }

    /// Whether the versions of the database are as this change worked towards; ask it in the transaction that posts,
    /// once everything is folded.
    func matches(_ db: Database) throws -> Bool { live.isSame(as: try LiveRows(db)) }

    /// Forgets everything that was staged, also what `finish` returned.
    public func abandon() throws {
        versions = []
        try tallies.change.abandon()
        for number in staged { try store.sweepVersion(number) }
    }

    // MARK: Rows

    /// What a row's coming or going does: rows that do not count any more, and rows that do from now on. Where the
    /// figures stay the same it is neither.
    struct Turn {
        var out: [Sighting] = []
        var back: [Sighting] = []

        var calls: Int { back.count - out.count }
    }

    /// Counts a row that comes, or takes one back that goes.
    ///
    /// - Parameter others: the rows of its key that are there besides.
    @discardableResult
    func turn(_ row: Sighting, comes: Bool, among others: [Sighting], _ db: Database) throws -> Turn {
        var turn = Turn()
        if let other = others.first, others.count == 1, other.isSameCall(as: row) {
            // What nearly always happens, without looking for groups.
            let (earlier, later) = row.place < other.place ? (row, other) : (other, row)
            if earlier.place.office != later.place.office {
                try count(elsewhere: comes ? 1 : -1, earlier, db)
            }
            if later.version == row.version, !row.isCounted(like: other) {
                (turn.out, turn.back) = comes ? ([other], [row]) : ([row], [other])
            }
        } else if others.count < 2 {
            if comes { turn.back = [row] } else { turn.out = [row] }
        } else {
            try compare(others, with: row, comes: comes, into: &turn, db)
        }
        for row in turn.out {
            try tallies.takeBack(row.entry, at: try position(row, db))
            calls[row.place.office, default: 0] -= 1
        }
        for row in turn.back {
            try tallies.add(row.entry, at: try position(row, db))
            calls[row.place.office, default: 0] += 1
        }
        return turn
    }

    private func compare(
        _ others: [Sighting], with row: Sighting, comes: Bool, into turn: inout Turn, _ db: Database
    ) throws {
        let rows = others + [row]
        let without = others.standings + [.replaced]
        let with = rows.standings
        let (before, after) = comes ? (without, with) : (with, without)
        for (row, (was, willBe)) in zip(rows, zip(before, after)) where was != willBe {
            switch was {
            case .counts: turn.out.append(row)
            case .elsewhere: try count(elsewhere: -1, row, db)
            case .replaced: break
            }
            switch willBe {
            case .counts: turn.back.append(row)
            case .elsewhere: try count(elsewhere: 1, row, db)
            case .replaced: break
            }
        }
        // Which of two rows with the same figures counts is the same to them.
        turn.back.removeAll { row in
            guard let same = turn.out.firstIndex(where: { $0.isCounted(like: row) }) else { return false }
            turn.out.remove(at: same)
            return true
        }
    }

    /// A row that comes and is the only one of its key.
    ///
    /// - Parameter position: of its agent-day, in this round.
    func add(_ entry: AgentDayTally.Entry, at position: Int) throws { try tallies.add(entry, at: position) }

    /// Rows that were added so.
    func count(added rows: Int, of office: String) { calls[office, default: 0] += Int64(rows) }

    /// Where the tally of an agent-day is in this round.
    func position(of key: AgentDay, _ db: Database) throws -> Int { try tallies.position(of: key, db) }

    /// Makes room where there are too many tallies in memory; in transactions of its own.
    func makeRoom(isCancelled: () -> Bool = { false }) throws {
        if tallies.isFull { try tallies.write(isCancelled: isCancelled) }
    }

    func agentDay(of row: Sighting, _ db: Database) throws -> AgentDay {
        let rules: CountingRules
        if let known = rulesOfNames[row.name] {
            rules = known
        } else {
            rules = try self.rules.of(name: row.name, db)
            rulesOfNames[row.name] = rules
        }
        return AgentDay(name: row.name, day: rules.day(of: row.entry.time).number)
    }

    private var lastPosition: (key: AgentDay, position: Int, round: Int)?

    private func position(_ row: Sighting, _ db: Database) throws -> Int {
        let key = try agentDay(of: row, db)
        if let last = lastPosition, last.key == key, last.round == tallies.round { return last.position }
        let position = try tallies.position(of: key, db)
        lastPosition = (key, position, tallies.round)
        return position
    }

    private func count(elsewhere rows: Int64, _ row: Sighting, _ db: Database) throws {
        tallies.count(elsewhere: rows, at: try position(row, db))
    }

    // MARK: Parts for steps

    func set(_ number: Int64, deleted: [ClockSpan]) { live.set(number, deleted: deleted) }

    /// Takes a version's rows back, of which no entry will tell any more.
    func withdraw(_ number: Int64) throws {
        try retarget(number, deleted: [.always])
        live.remove(number)
    }

    /// Stages agent-days that were counted from their rows.
    func stage(counted: [AgentDay: AgentDayTally]) throws { try tallies.stage(counted) }

    func counted(all: [String: Int64]) { tallies.count(all: all) }
}
