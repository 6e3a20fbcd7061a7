import Domain
import Foundation
import GRDB

/// What tallies are summed by; what is not named is 0 in every key (hour: -1).
struct TallyGrouping {
    /// Names, as the calls have them.
    var name = false
    /// Names with the stretch of days in which each is one person's; keys hold the number of `aliasSpan`.
    var person = false
    /// Placements of the asked teams, by the first day of their spans.
    var span = false
    /// SQL that gives the office of `a.name` as a number; nil: not by offices.
    var office: String?
    var day = false
    var hour = false
    var campaign = false
    var outcome = false
}

struct TallyKey: Hashable {
    /// A name or, by person, the number of a name's span.
    var name: Int64 = 0
    var spanFrom: Int64 = 0
    var office: Int64 = 0
    var day: Int32 = 0
    var hour = -1
    var campaign: Int64 = 0
    var outcome: Int64 = 0
}

extension VisibleDays {
    /// Hands out the sums of the tallies that conditions let in, each key once, in no order.
    ///
    /// From sums by outcome where these suffice, else from the packed cells. With `onlyTalk`, `logs` are the
    /// logs with talk time.
    func forEachTally(
        _ db: Database, _ conditions: RowConditions, _ grouping: TallyGrouping,
        _ body: (TallyKey, AgentDayTally.Cell) throws -> Void
    ) throws {
        func counted(_ cell: AgentDayTally.Cell) -> AgentDayTally.Cell {
            var cell = cell
            if conditions.onlyTalk { cell.logs = cell.talkLogs }
            return cell
        }
        let columns = [
            grouping.person ? "n.number" : grouping.name ? "a.name" : "0",
            grouping.span ? spanDay : "0", grouping.day ? "a.day" : "0", grouping.office ?? "0",
        ]
        guard conditions.needsCells || grouping.hour || grouping.campaign else {
            let parts = columns + [grouping.outcome ? "t.outcome" : "0"]
            let groups = parts.filter { $0 != "0" }
            let sql = sql(
                parts.joined(separator: ", ") + ", sum(t.logs), sum(t.talkLogs), sum(t.talk)",
                with: .outcomes, and: conditions.ofTally,
                groups.isEmpty ? "HAVING count(*) > 0" : "GROUP BY " + groups.joined(separator: ", "))
            let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
            while let row = try rows.next() {
                let key = TallyKey(
                    name: row[0], spanFrom: row[1], office: row[3], day: row[2], outcome: row[4])
                try body(key, counted(AgentDayTally.Cell(logs: row[5], talkLogs: row[6], talk: row[7])))
            }
            return
        }
        var sums: [TallyKey: AgentDayTally.Cell] = [:]
        let sql = sql(columns.joined(separator: ", ") + ", c.cells", with: .cells)
        let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
        while let row = try rows.next() {
            var key = TallyKey(name: row[0], spanFrom: row[1], office: row[3], day: row[2])
            try AgentDayTally.forEachCell(of: row[4]) { place, cell in
                guard conditions.includes(place, cell) else { return }
                if grouping.hour { key.hour = place.hour }
                if grouping.campaign { key.campaign = place.campaign }
                if grouping.outcome { key.outcome = place.outcome }
                sums[key, default: AgentDayTally.Cell()] += counted(cell)
            }
        }
        for (key, cell) in sums { try body(key, cell) }
    }

    /// Numbers of the campaigns that calls of these days have, at most so many.
    func campaigns(_ db: Database, limit: Int) throws -> [Int64] {
        var found: Set<Int64> = []
        let rows = try Row.fetchCursor(db, sql: sql("c.cells", with: .cells), arguments: arguments)
        while found.count < limit, let row = try rows.next() {
            try AgentDayTally.forEachCell(of: row[0]) { key, _ in found.insert(key.campaign) }
        }
        return found.sorted()
    }
}
