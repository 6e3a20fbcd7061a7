import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Changes the rules of the office; where they change figures, every agent-day is counted again first
    /// and comes into force together with the event. Until then reports show the figures by the old rules.
    ///
    /// - Parameter progress: names counted again, and of how many.
    public func changeOffice(
        _ after: OfficeRules, by actor: Actor, progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        try after.check()
        try changingCalls {
            let before = try officeRulesNow()
            guard before != after else { return }
            let change =
                after.countsDifferently(from: before) ? try recountAll(after, OfficeScope.own, progress) : nil
            do {
                let days = change == nil ? nil : try recountedDays(after)
                try writeNow(as: actor) { tx in
                    try tx.append(.officeChanged(OfficeChanged(before: before, after: after)))
                    try change?.post(tx)
                    if let days { try Self.replaceDays(days, tx.db) }
                }
            } catch {
                try change?.abandon()
                throw error
            }
            try? change?.sweepReplaced()
        }
    }

    /// Counts every agent-day of the offices from the rows that count, under a change that is not posted yet.
    func recountAll(
        _ rules: OfficeRules, _ offices: (Database) throws -> OfficeScope = { _ in .every },
        _ progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> RollupChange {
        var change = try RollupChange(store: self, rules: rules)
        do {
            let names = try pool.read { db in
                let inScope = try offices(db).condition("office")
                return try Int64.fetchAll(
                    db, sql: "SELECT number FROM agentName WHERE \(inScope) ORDER BY number")
            }
            for (done, name) in names.enumerated() {
                progress(done, names.count)
                try recount(name, rules, &change)
            }
        } catch {
            try change.abandon()
            throw error
        }
        return change
    }

    /// A name's rows come in the order of time, so one day at a time is in memory.
    private func recount(_ name: Int64, _ rules: OfficeRules, _ change: inout RollupChange) throws {
        var next: Int64? = .min
        var empty = try pool.read { db in
            Set(
                try Int32.fetchAll(
                    db, sql: "SELECT DISTINCT day FROM agentDay WHERE name = ?", arguments: [name]))
        }
        while let from = next {
            // At most 50,000 rows and the rest of their day between two looks at the clock.
            var tallies: [AgentDay: AgentDayTally] = [:]
            next = nil
            try pool.read { db in
                var rows = 0
                do {
                    try Self.countedRows(db, name: name, from: from) { row in
                        let time = LocalTime(seconds: row["time"])
                        let day = time.businessDay(cutOver: rules.cutOverMinutes)
                        let key = AgentDay(name: name, day: day.number)
                        var tally: AgentDayTally
                        if let known = tallies.removeValue(forKey: key) {
                            tally = known
                        } else {
                            if rows > 50_000 {
                                next = LocalTime(day, secondOfDay: rules.cutOverMinutes * 60).seconds
                                throw EnoughRows()
                            }
                            tally = AgentDayTally(day: day)
                        }
                        try tally.add(row)
                        tallies[key] = tally
                        rows += 1
                    }
                } catch is EnoughRows {}
            }
            empty.subtract(tallies.keys.map(\.day))
            try change.stage(tallies)
        }
        var emptied: [AgentDay: AgentDayTally] = [:]
        for day in empty {
            emptied[AgentDay(name: name, day: day)] = AgentDayTally(day: Day(number: day))
        }
        try change.stage(emptied)
    }

    private struct EnoughRows: Error {}
}

extension AgentDayTally {
    mutating func add(_ row: Row) throws {
        try add(
            Entry(
                time: LocalTime(seconds: row["time"]), campaign: row["campaign"], outcome: row["outcome"],
                talk: row["talk"], fingerprint: UInt64(bitPattern: row["fingerprint"] as Int64)))
    }
}
