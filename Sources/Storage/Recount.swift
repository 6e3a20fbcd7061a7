import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Changes the rules of the office; where they change figures, every agent-day of its names is counted again
    /// first and comes into force together with the event. Until then reports show the figures by the old rules.
    ///
    /// - Parameter progress: names counted again, and of how many.
    public func changeOffice(
        _ after: OfficeRules, by actor: Actor, progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        try after.check()
        try changingCalls {
            guard let office = try pool.read({ db in try Self.officeState(db)?.office }) else {
                throw UserError.notSetUp
            }
            guard office.rules != after else { return }
            let event = EventBody.officeChanged(OfficeChanged(before: office.rules, after: after))
            guard after.countsDifferently(from: office.rules) else {
                return try writeNow(as: actor) { tx in try tx.append(event) }
            }
            var rules = try rulesByOfficeNow()
            rules.set(after, of: office.id)
            let calls = try CallsChange(self, rules: rules, progress: progress)
            let change: RollupChange
            do {
                change = try calls.finish()
                try writeNow(as: actor) { tx in
                    try tx.append(event)
                    try change.post(tx)
                }
            } catch {
                try calls.abandon()
                throw error
            }
            try? change.sweepReplaced()
        }
    }
}

extension CallsChange {
    /// Counts every agent-day of offices' names from the rows that are there; before any other step.
    ///
    /// - Parameters:
    ///   - offices: nil: every office.
    ///   - progress: names counted, and of how many.
    func recount(_ offices: Set<String>? = nil, _ progress: (Int, Int) -> Void = { _, _ in }) throws {
        let names = try store.pool.read { db in
            try Row.fetchAll(db, sql: "SELECT number, office FROM agentName ORDER BY number")
        }.filter { offices?.contains($0["office"]) ?? true }
        var counted: [String: Int64] = [:]
        for (done, name) in names.enumerated() {
            progress(done, names.count)
            let office: String = name["office"]
            counted[office, default: 0] += try recount(name["number"], rules.of(office: office))
        }
        if offices == nil { self.counted(all: counted) }
    }

    /// Everything counted again, to be posted.
    func recounted() throws -> RollupChange {
        do {
            try recount()
            tallies.replace(days: try store.recountedDays(rules))
            return try finish()
        } catch {
            try abandon()
            throw error
        }
    }

    /// A name's rows come in the order of time, so one day at a time is in memory.
    ///
    /// - Returns: how many count.
    private func recount(_ name: Int64, _ rules: CountingRules) throws -> Int64 {
        var next: Int64? = .min
        var counted: Int64 = 0
        var empty = try store.pool.read { db in
            Set(
                try Int32.fetchAll(
                    db, sql: "SELECT DISTINCT day FROM agentDay WHERE name = ?", arguments: [name]))
        }
        while let from = next {
            // At most 50,000 rows and the rest of their day between two looks at the clock.
            var tallies: [AgentDay: AgentDayTally] = [:]
            next = nil
            try store.pool.read { db in
                var rows = 0
                do {
                    try OfficeStore.standingRows(db, name: name, from: from) { row in
                        let day = rules.day(of: LocalTime(seconds: row["time"]))
                        let key = AgentDay(name: name, day: day.number)
                        var tally: AgentDayTally
                        if let known = tallies.removeValue(forKey: key) {
                            tally = known
                        } else {
                            if rows > 50_000 {
                                next = rules.begin(of: day.number)
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
            tallies = tallies.filter { $0.value.logs > 0 || $0.value.elsewhere > 0 }
            counted += tallies.values.reduce(0) { $0 + Int64($1.logs) }
            empty.subtract(tallies.keys.map(\.day))
            try stage(counted: tallies)
        }
        var emptied: [AgentDay: AgentDayTally] = [:]
        for day in empty {
            emptied[AgentDay(name: name, day: day)] = AgentDayTally(day: Day(number: day))
        }
        try stage(counted: emptied)
        return counted
    }

    private struct EnoughRows: Error {}
}
