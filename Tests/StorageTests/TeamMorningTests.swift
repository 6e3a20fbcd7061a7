import Domain
import Foundation
import Storage
import TestSupport
import Testing

/// What first screens ask for.
@Suite struct TeamMorningTests {
    private let today = TeamsOffice.today

    @Test func `absences, sharp drops and long gaps are within reach and against one's own usual`()
        async throws
    {
        let office = try await TeamsOffice()
        let day = today.adding(1)
        office.pass(days: 2)
        func call(_ id: Int, _ agent: String, _ minute: Int) -> SampleCall {
            SampleCall(id: id, agent: agent, time: LocalTime(day, secondOfDay: 9 * 3600 + minute * 60))
        }
        // Ann not at all, Abe twice of 7, Bob as ever with a gap of 100 minutes, Cid twice of 10.
        let calls =
            [call(9001, "Abe", 0), call(9002, "Abe", 5), call(9050, "Cid", 0), call(9051, "Cid", 1)]
            + (0..<8).map { call(9100 + $0, "Bob", $0 < 4 ? $0 : 100 + $0) }
            + (0..<9).map { call(9200 + $0, "Bea", $0) }
        try takeIn(calls, file: "next.csv", into: office.store)
        func exceptions(_ name: String) async throws -> [String] {
            try await office.store.agentExceptions(on: day, for: office.viewer(name)).map {
                "\($0.person.name) \($0.kind)".replacing(/longGap\((\d+).*/) { "longGap \($0.output.1)" }
            }
        }
        let lea = ["Ann absent(usual: 6)", "Abe drop(logs: 2, usual: 7)"]
        #expect(try await exceptions("Lea") == lea)
        #expect(try await exceptions("Tom") == lea + ["Bob longGap 6060"])
        #expect(try await exceptions("Meg") == ["Cid drop(logs: 2, usual: 10)"])
        #expect(try await office.store.lastDayWithCalls(before: day, for: office.viewer("Tom")) == today)
    }

    @Test func `scheduled changes are seen by both sides and by nobody else`() async throws {
        let office = try await TeamsOffice()
        let move = try await office.open(.transfer, "Ann", to: "Leo", in: 3)
        try await office.step(move, .override, "Ada", "Agreed")
        for (name, sees) in [
            ("Lea", true), ("Leo", true), ("Tom", true), ("Ann", true), ("Ned", false), ("Meg", false),
            ("Cid", false),
        ] {
            let list = try await office.store.scheduledChanges(for: office.viewer(name)).list
            #expect(list.count == (sees ? 1 : 0), "\(name)")
            #expect(list.allSatisfy { $0.known.cause.request == move }, "\(name)")
        }
    }

    @Test func `agents by the teams of today, or as known, are in other teams and none goes missing`()
        async throws
    {
        let office = try await TeamsOffice()
        office.pass(days: 1)
        let (ann, leo) = (try office.id("Ann"), try office.id("Leo"))
        try await office.store.place(
            [Placement(person: ann, from: today.adding(1), leader: leo)], reason: "Move", by: .console)
        let period = Period(from: TeamsOffice.first, to: today)
        func leaders(_ teams: Teams) async throws -> [String] {
            try await office.store.agents(in: period, teams: teams, for: .console).map {
                "\($0.person.name) \($0.leader?.name ?? "-") \($0.figures.logs)"
            }
        }
        let asOnTheDay = ["Abe Lea 77", "Ann Lea 66", "Bea Leo 99", "Bob Leo 88", "Cid Ned 110"]
        #expect(try await leaders(.ofTheDay) == asOnTheDay)
        #expect(
            try await leaders(.asOf(today.adding(1)))
                == ["Abe Lea 77", "Ann Leo 66", "Bea Leo 99", "Bob Leo 88", "Cid Ned 110"])
        #expect(try await leaders(.known(today)) == asOnTheDay)
        // Before anybody was known, nobody was in a team; Lea still sees her own of then.
        #expect(
            try await leaders(.known(today.adding(-5)))
                == ["Abe - 77", "Ann - 66", "Bea - 99", "Bob - 88", "Cid - 110"])
        let lea = try await office.store.agents(
            in: period, teams: .known(today.adding(-5)), for: office.viewer("Lea"))
        #expect(lea.map(\.person.name) == ["Abe", "Ann"])
        // A figure of somebody who had no team then opens his calls all the same.
        var one = ReportQuery(period: period, by: [.agent])
        one.teams = .known(today.adding(-5))
        one.filter.agents = [.id(ann)]
        #expect(try await office.store.report(one, for: .console).total.logs == 66)
    }
}
