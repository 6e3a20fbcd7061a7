import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

@Suite struct QueryPlanTests {
    /// Every statement that figures run, explained: none may walk through all calls or all tallies.
    @Test(arguments: [Role.admin, .teamManager, .teamLeader, .agent], [false, true])
    func `no question about figures reads all calls`(role: Role, hasOthers: Bool) async throws {
        let from = Day(iso: "2026-11-02") ?? Day(number: 0)
        let office = try await SampleOffice()
        try office.take(SampleOffice.calls(agents: 3, from: from, days: 5, perDay: 8, seed: 1))
        if hasOthers {
            let other = try await SecondOffice(
                day: from.adding(4), now: Instant(milliseconds: 1_795_413_660_000))
            try other.join(office.store)
        }
        let agent = try #require(try await office.person(named: "Agent A0"))
        let viewer = office.viewer(role, agent)
        let period = Period(from: from, to: from.adding(6))
        let statements = Statements()
        try await office.store.read { db in
            db.trace { event in
                if case .statement(let statement) = event { statements.add(statement.expandedSQL) }
            }
            for by in By.allCases {
                _ = try OfficeStore.report(ReportQuery(period: period, by: [by]), viewer, db)
            }
            var narrow = ReportQuery(period: period)
            narrow.filter.agents = [.id(agent)]
            narrow.filter.states = ["Sale"]
            narrow.filter.hours = [9]
            _ = try OfficeStore.report(narrow, viewer, db)
            _ = try OfficeStore.countedRows(narrow, viewer, db)
            for name in ["state", "hour", "campaign"] {
                let value = ["state": "Sale", "hour": "9", "campaign": "North"][name] ?? ""
                let one = try ReportQuery(
                    items: [(name, value)], today: from, otherwise: period, by: [.agent])
                _ = try OfficeStore.report(one, viewer, db)
                _ = try OfficeStore.callCells(one, viewer, db)
            }
            db.trace(options: [])
            #expect(statements.all.count > 20)
            for sql in statements.all where sql.hasPrefix("SELECT") {
                let plan = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map {
                    $0["detail"] as String
                }
                // A team has few agent-days; of a whole office those without any are not read.
                if sql.contains("a.elsewhere > 0"), !sql.contains("placementSpan") {
                    #expect(plan.contains { $0.contains("agentDayElsewhere") }, "\(plan): \(sql)")
                }
                for step in plan {
                    #expect(!step.hasPrefix("SCAN c"), "\(step): \(sql)")
                    #expect(!step.hasPrefix("SCAN d"), "\(step): \(sql)")
                    #expect(!step.hasPrefix("SCAN t"), "\(step): \(sql)")
                    #expect(!step.contains("AUTOMATIC"), "\(step): \(sql)")
                }
            }
        }
    }

    @Test func `whether a call counts is one look into the index where nobody else holds its key`()
        async throws
    {
        let office = try await SampleOffice()
        let plan = try await office.store.read { db in
            try String.fetchAll(
                db,
                sql: """
                    EXPLAIN QUERY PLAN SELECT count(*) FROM call c JOIN fileVersion v ON v.number = c.version
                    WHERE c.number = 1 AND \(OfficeStore.isLive) AND \(OfficeStore.isCounted)
                    """, adapter: SuffixRowAdapter(fromIndex: 3))
        }
        let first = plan.firstIndex { $0.contains("callByKey") } ?? plan.count - 1
        #expect(plan[first] == "SEARCH d USING COVERING INDEX callByKey (key=?)", "\(plan)")
        for step in plan where !step.hasPrefix("SCAN kin") && !step.hasPrefix("SCAN CONSTANT") {
            #expect(!step.hasPrefix("SCAN"), "\(plan)")
        }
    }
}

private final class Statements: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []

    func add(_ text: String) { lock.withLock { texts.append(text) } }
    var all: [String] { lock.withLock { texts } }
}
