import Domain
import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite struct ReconciliationTests {
    private static let from = Day(iso: "2026-11-02") ?? Day(number: 0)
    private static let period = Period(from: from, to: from.adding(20))

    @Test func `a sound office passes every check and a damaged one does not`() async throws {
        let office = try await SampleOffice(cutOverMinutes: 240)
        let calls = SampleOffice.calls(agents: 4, from: Self.from, days: 12, perDay: 12, seed: 9)
        try office.take(calls, file: "a.csv")
        try office.take(Array(calls.prefix(20)), file: "b.csv")
        let manager = try await office.store.addPerson(
            name: "Mia", placement: { Placement(person: $0, from: Self.from, designation: "Team Manager") },
            by: office.adminActor)
        let leader = try await office.store.addPerson(
            name: "Lea",
            placement: {
                Placement(person: $0, from: Self.from, designation: "Team Leader", manager: manager.id)
            }, by: office.adminActor)
        let agent = try #require(try await office.person(named: "Agent A0"))
        try await office.store.place(
            [Placement(person: agent, from: Self.from.adding(3), leader: leader.id)], reason: "test",
            by: office.adminActor)
        for viewer in [office.admin, office.viewer(.teamManager, manager.id), office.viewer(.agent, agent)] {
            let checks = try await office.store.reconcile(Self.period, for: viewer)
            #expect(checks.filter { !$0.ok } == [])
            #expect(checks.count >= 5)
        }
        let counted = try await office.store.countedRows(ReportQuery(period: Self.period), for: office.admin)
        #expect(counted == CountedRows(rows: calls.count, files: 2))

        // Somebody changes the database by hand.
        let path = office.store.folder.database
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in
            try db.execute(
                sql: """
                    UPDATE dayTally SET logs = logs + 1
                    WHERE number IN (SELECT number FROM dayTally LIMIT 1)
                    """)
            try db.execute(
                sql:
                    "UPDATE agentDay SET idle = idle + 1 WHERE (day, name) IN (SELECT day, name FROM agentDay LIMIT 1)"
            )
        }
        let wrong = try await office.store.reconcile(Self.period, for: office.admin).filter { !$0.ok }
        #expect(
            Set(wrong.map(\.name)).isSuperset(of: [
                "figures = rows", "slices = whole", "active + idle = span",
            ]))
    }
}

@Suite struct UploadCalendarTests {
    private let monday = Day(iso: "2026-11-23") ?? Day(number: 0)

    private func states(_ logs: [Int: Int], today: Int = 1) -> [UploadState] {
        let byDay = Dictionary(uniqueKeysWithValues: logs.map { (monday.adding($0.key), $0.value) })
        return uploadDays(
            byDay, in: Period(from: monday.adding(-7), to: monday), today: monday.adding(today)
        ).map(\.state)
    }

    @Test func `a day is judged by the days like it`() {
        // Mondays with 100 calls, Tuesdays without.
        let mondays = Dictionary(uniqueKeysWithValues: (1...6).map { (-7 * $0, 100) })
        #expect(states(mondays).last == .missing)
        #expect(states(mondays)[1] == .off)
        #expect(states(mondays.merging([0: 49]) { $1 }).last == .half)
        #expect(states(mondays.merging([0: 50]) { $1 }).last == .arrived)
    }

    @Test func `today and days before the first file are not missing`() {
        let mondays = Dictionary(uniqueKeysWithValues: (1...6).map { (-7 * $0, 100) })
        #expect(states(mondays, today: 0).last == .off)
        #expect(states([:]).allSatisfy { $0 == .off })
        #expect(states([-7: 100, 0: 1]).first == .arrived)
    }
}

@Suite struct FigureBadgeTests {
    private static let from = Day(iso: "2026-11-02") ?? Day(number: 0)

    @Test func `the badge of a large report counts what imports counted`() async throws {
        let office = try await SampleOffice()
        let calls = SampleOffice.calls(agents: 3, from: Self.from, days: 10, perDay: 10, seed: 2)
        try office.take(calls, file: "a.csv")
        try office.take(Array(calls.prefix(30)), file: "b.csv")
        let query = ReportQuery(period: Period(from: Self.from, to: Self.from.adding(20)))
        var report = try await office.store.report(query, for: office.admin)
        let small = try await office.store.badge(report, for: office.admin)
        #expect(small.agrees && !small.isWholeOffice && small.counted.rows == calls.count)
        report.total.logs = 100_001
        let large = try await office.store.badge(report, for: office.admin)
        #expect(large.agrees && large.isWholeOffice && large.logs == calls.count)
    }

    @Test func `filters offer what is within reach and nothing else`() async throws {
        let office = try await SampleOffice()
        let calls = [
            SampleCall(
                id: 1, agent: "One", time: LocalTime(Self.from, secondOfDay: 36_000), state: "Sale",
                campaign: ""),
            SampleCall(
                id: 2, agent: "Two", time: LocalTime(Self.from, secondOfDay: 36_000), type: "Auto",
                state: "Busy", campaign: "South"),
        ]
        try office.take(calls)
        let period = Period(from: Self.from, to: Self.from)
        func titles(_ viewer: Viewer) async throws -> [By: [String]] {
            try await office.store.filterChoices(in: period, for: viewer).mapValues { $0.map(\.title) }
        }
        let all = try await titles(office.admin)
        #expect(all[.agent] == ["One", "Two"])
        #expect(all[.state] == ["Busy", "Sale"])
        #expect(all[.campaign] == ["South", "(blank)"])
        #expect(all[.leader] == ["(no leader)"])
        let one = try #require(try await office.person(named: "One"))
        let own = try await titles(office.viewer(.agent, one))
        #expect(own[.agent] == ["One"])
        #expect(own[.state] == ["Sale"])
        #expect(own[.type] == ["Manual"])
        #expect(own[.campaign] == ["(blank)"])
    }
}
