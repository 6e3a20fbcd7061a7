import Domain
import Foundation
import GRDB

/// Agent-days as a change will have them: in memory until there are too many, then staged and loaded again
/// when they are met once more.
struct StagedTallies {
    private(set) var change: RollupChange
    private var index: [AgentDay: Int] = [:]
    private var tallies: [AgentDayTally] = []
    private var weight = 0
    /// Counted up when positions that were handed out are no longer right.
    private(set) var round = 0

    init(_ change: RollupChange) { self.change = change }

    var isFull: Bool { weight > change.store.tallyMemory }

    /// Where the tally of an agent-day is in this round; loaded as it is in force when it is met first.
    mutating func position(of key: AgentDay, _ db: Database) throws -> Int {
        if let known = index[key] { return known }
        let tally = try change.tally(key, db) ?? AgentDayTally(day: Day(number: key.day))
        weight += tally.weight
        tallies.append(tally)
        index[key] = tallies.count - 1
        return tallies.count - 1
    }

    mutating func add(_ entry: AgentDayTally.Entry, at position: Int) throws {
        try update(position) { try $0.add(entry) }
    }

    mutating func takeBack(_ entry: AgentDayTally.Entry, at position: Int) throws {
        try update(position) { try $0.takeBack(entry) }
    }

    mutating func count(elsewhere rows: Int64, at position: Int) { tallies[position].elsewhere &+= rows }

    /// How many calls count in all, by the office of their names; where all are counted again.
    mutating func count(all calls: [String: Int64]) {
        change.calls = calls
        change.countsAll = true
    }

    /// Versions whose business days are others.
    mutating func replace(days: [Int64: [Row]]) { change.days = days }

    /// Stages agent-days that were counted from their rows; before any other is met.
    mutating func stage(_ counted: [AgentDay: AgentDayTally]) throws { try change.stage(counted) }

    private mutating func update(_ position: Int, _ body: (inout AgentDayTally) throws -> Void) throws {
        let before = tallies[position].weight
        try body(&tallies[position])
        weight += tallies[position].weight - before
    }

    /// Stages what is in memory, in transactions of its own.
    mutating func write(isCancelled: () -> Bool = { false }) throws {
        try change.stage(index.mapValues { tallies[$0] }, isCancelled: isCancelled)
        index = [:]
        tallies = []
        weight = 0
        round += 1
    }
}
