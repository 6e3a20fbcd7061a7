import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

@Suite struct OfficeScopeStorageTests {
    private static let day = Day(iso: "2026-11-20") ?? Day(number: 0)
    private static let always = Period(from: day.adding(-60), to: day)

    private func twoOffices(seed: UInt64 = 3) async throws -> (SampleOffice, SecondOffice) {
        let office = try await SampleOffice(seed: seed)
        try office.take(
            SampleOffice.calls(agents: 4, from: Self.day.adding(-9), days: 10, perDay: 6, seed: seed))
        let other = try await SecondOffice(
            day: Self.day, now: Instant(milliseconds: 1_795_413_660_000), seed: seed &+ 500)
        try other.join(office.store)
        return (office, other)
    }

    @Test func `what another office sent has its effect, whoever's clock it was`() async throws {
        let (office, other) = try await twoOffices()
        let refused = try await office.store.read { db in
            try String.fetchAll(
                db, sql: "SELECT kind || ': ' || refusal FROM journal WHERE refusal IS NOT NULL")
        }
        #expect(refused.isEmpty, "\(refused)")
        #expect(try await office.faults().isEmpty)
        let known = try #require(try await office.store.officeState()).known
        #expect(known.map(\.name) == ["Sample", SecondOffice.name] && known.map(\.isOwn) == [true, false])
        #expect(known.last?.id == other.office)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `the offices' figures add up to those of all of them, divided by anything`(seed: UInt64) async throws
    {
        let (office, other) = try await twoOffices(seed: seed)
        let (store, admin) = (office.store, office.admin)
        for by in By.allCases {
            var query = ReportQuery(period: Self.always, by: [by, .office])
            query.filter.offices = .all
            let all = try await store.report(query, for: admin)
            for (choice, name) in [
                (OfficeChoice.own, "Sample"), (.these([other.office.description]), SecondOffice.name),
            ] {
                var one = ReportQuery(period: Self.always, by: [by])
                one.filter.offices = choice
                let report = try await store.report(one, for: admin)
                let rows = all.rows.filter { $0.slices.last?.title == name }
                let sum = rows.reduce(Figures()) { $0 + $1.figures }
                #expect(sum.logs == report.total.logs && sum.logs > 0, "\(by), \(name)")
                let parts = Dictionary(rows.map { ($0.slices[0].title, $0.figures.logs) }) { $0 + $1 }
                let whole = Dictionary(report.rows.map { ($0.slices[0].title, $0.figures.logs) }) { $0 + $1 }
                #expect(parts == whole, "\(by), \(name)")
                // The viewer's choice stands in where the question names none.
                let looking = try await store.report(
                    ReportQuery(period: Self.always, by: [by]), for: admin.looking(at: choice))
                #expect(looking.total == report.total, "\(by)")
            }
        }
    }

    @Test func `a leader who got somebody of another office sees his calls, and nobody else's`() async throws
    {
        let (office, other) = try await twoOffices()
        let store = office.store
        let manager = try await store.addPerson(
            name: "Own Manager",
            placement: {
                Placement(person: $0, from: Self.day.adding(-60), designation: Placement.teamManager)
            }, by: .console)
        let leader = try await store.addPerson(
            name: "Own Leader",
            placement: {
                Placement(
                    person: $0, from: Self.day.adding(-60), designation: Placement.teamLeader,
                    manager: manager.id)
            }, by: .console)
        let viewer = office.viewer(.teamLeader, leader.id)
        let before = try await store.report(ReportQuery(period: Self.always), for: viewer).total.logs
        #expect(before == 0)
        let agent = other.agent.id
        try await store.placePersons(
            [agent], naming: [leader.id], reason: "", for: office.admin, by: office.adminActor
        ) {
            try $0.move([agent], to: leader.id, from: Self.day, replacingLater: false)
        }
        let logs = try await store.report(ReportQuery(period: Self.always), for: viewer).total.logs
        #expect(logs == 6, "the calls of the day he came")
        // The asking for another office changes nothing for who may not see one.
        let asked = viewer.looking(at: .these([other.office.description]))
        #expect(try await store.report(ReportQuery(period: Self.always), for: asked).total.logs == logs)
        let clerk = office.viewer(.dataEntry, nil).looking(at: .all)
        let own = try await store.report(ReportQuery(period: Self.always), for: office.admin).total
        #expect(try await store.report(ReportQuery(period: Self.always), for: clerk).total == own)
    }

    @Test func `names are compared within an office unless all are looked at`() async throws {
        let (office, other) = try await twoOffices()
        let store = office.store
        try office.take(
            [
                SampleCall(
                    id: 7, agent: "\(SecondOffice.mark) Newcomer",
                    time: LocalTime(Self.day, secondOfDay: 40_000))
            ], file: "same.csv")
        func pairs(_ choice: OfficeChoice) async throws -> [Set<ID<Office>>] {
            try await store.nameSuggestions(for: office.admin.looking(at: choice)).map {
                [$0.first.office, $0.second.office]
            }
        }
        let known = try #require(try await store.officeState()).known.map(\.id)
        #expect(try await pairs(.own).allSatisfy { $0 == [known[0]] })
        let theirs = try await pairs(.these([other.office.description]))
        #expect(!theirs.isEmpty && theirs.allSatisfy { $0 == [other.office] })
        #expect(try await pairs(.all).contains(Set(known)))
        // A name of the own office is nobody's of the other without saying so.
        let clerk = office.viewer(.dataEntry, nil)
        await #expect(throws: UserError.notHere) {
            try await store.linkName(
                office: known[0], folded: "newcomer", to: other.agent.id, from: nil, for: clerk, by: .console)
        }
    }

    @Test func `of a call in two offices' files a clerk sees his own, and an admin both`() async throws {
        let network = try await OfficeNetwork()
        let names = ["north.csv", "south.csv"]
        let time = LocalTime(Self.day, secondOfDay: 40_000)
        for (index, name) in names.enumerated() {
            let calls = [501, 600 + index].map { SampleCall(id: $0, agent: "Zoe", time: time) }
            try takeIn(calls, file: name, into: network[index].store)
            network.pass(minutes: 1)
        }
        try network.send(0, to: 1)
        try network.send(1, to: 0)
        let clerk = Viewer(user: Viewer.console.user, name: "Dan", role: .dataEntry, person: nil)
        var counted = 0
        for (index, name) in names.enumerated() {
            let office = network[index]
            let sources = try await office.sql(
                """
                SELECT number FROM source WHERE number IN (SELECT source FROM call)
                ORDER BY office = (SELECT office FROM folder) DESC
                """
            ).compactMap { Int64($0) }
            #expect(sources.count == 2)
            let own = CallReference(source: try #require(sources.first), key: .number(501))
            let other = CallReference(source: try #require(sources.last), key: .number(501))
            let seen = try await office.store.sightings(of: own, for: clerk)
            #expect(seen.map(\.fileName) == [name])
            counted += seen.count { $0.counts }
            await #expect(throws: UserError.notHere) {
                try await office.store.sightings(of: other, for: clerk)
            }
            let all = try await office.store.sightings(of: own, for: .console)
            #expect(all.map(\.fileName).sorted() == names && all.first?.counts == true)
        }
        #expect(counted == 1, "the one that counts is the other office's for one of them")
    }

    @Test func `another office's upload makes no deletion of the own out of date`() async throws {
        let office = try await SampleOffice(seed: 8)
        try office.take(
            SampleOffice.calls(agents: 2, from: Self.day.adding(-9), days: 10, perDay: 6, seed: 8))
        let files = try await office.store.files(FileQuery(), for: office.admin).files
        let file = try #require(files.first).uploaded.file
        let plan = try office.store.planDeletion(.file(file), for: office.admin)
        let request = try office.store.openDeleteRequest(
            plan, reason: "twice", for: office.admin, by: office.adminActor)
        let other = try await SecondOffice(day: Self.day, now: Instant(milliseconds: 1_795_413_660_000))
        try other.join(office.store)
        #expect(try await !office.store.deleteRequest(request.id, for: office.admin).isOutOfDate)
        #expect(try await !office.store.deleteRequest(other.deletion, for: office.admin).isOutOfDate)
        #expect(try await office.store.deleteRequestsAwaiting(office.admin) == 0)
        let again = try office.store.planDeletion(.file(file), for: office.admin)
        #expect(again.preview.digest == plan.preview.digest)
    }

    @Test func `one office is asked as before: no statement speaks of offices`() async throws {
        let office = try await SampleOffice()
        try office.take(SampleOffice.calls(agents: 3, from: Self.day, days: 2, perDay: 8, seed: 1))
        try await office.store.read { db in
            for viewer in [office.admin, office.admin.everywhere, office.viewer(.dataEntry, nil)] {
                let scope = try OfficeScope(viewer, for: .viewFigures, db)
                #expect(scope.isWhole && scope.condition("office") == "1" && scope.ofName("a.name") == "1")
                let days = try VisibleDays(ReportQuery(period: Self.always, by: [.agent]), viewer, db)
                #expect(!days.sql("a.day").contains("office"))
            }
            #expect(try FigureWords(db).officeOfName == "0")
            #expect(try RulesByOffice(db).cutOver(ofName: "a.name") == "0")
        }
    }
}
