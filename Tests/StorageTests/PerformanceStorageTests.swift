import Domain
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct PerformanceStorageTests {
    private static let from = Day(iso: "2026-11-02") ?? Day(number: 0)
    private static let period = Period(from: from, to: from.adding(20))

    private func filled(seed: UInt64, cutOver: Int = 0) async throws -> (SampleOffice, [SampleCall]) {
        let office = try await SampleOffice(cutOverMinutes: cutOver, seed: seed)
        let calls = SampleOffice.calls(agents: 4, from: Self.from, days: 14, perDay: 12, seed: seed)
        // Two files that overlap: what both hold counts once.
        try office.take(Array(calls.prefix(calls.count * 2 / 3)), file: "a.csv")
        try office.take(Array(calls.suffix(calls.count / 2)), file: "b.csv")
        return (office, calls)
    }

    @Test(arguments: [UInt64(1), 2], [0, 240])
    func `reports are what counting calls one by one gives`(seed: UInt64, cutOver: Int) async throws {
        let (office, calls) = try await filled(seed: seed, cutOver: cutOver)
        let model = PerformanceModel(calls: calls, cutOver: cutOver)
        let divisions: [[By]] =
            By.allCases.map { [$0] } + [[.agent, .day], [.weekday, .hour], [.agent, .state, .campaign]]
        for by in divisions {
            let report = try await office.store.report(
                ReportQuery(period: Self.period, by: by), for: office.admin)
            let expected = model.report(Self.period, by: by)
            #expect(report.rows.count == expected.count, "\(by)")
            for row in report.rows {
                #expect(expected[row.slices.map(\.title)] == row.figures, "\(by) \(row.slices.map(\.title))")
            }
            #expect(report.total == report.rows.map(\.figures).dropFirst().reduce(report.rows[0].figures, +))
            #expect(report.total.logs == calls.count)
        }
    }

    @Test func `a figure opens exactly the calls it counts`() async throws {
        let (office, calls) = try await filled(seed: 7, cutOver: 240)
        for by in [[By.agent, .day], [.state], [.weekday, .hour], [.campaign, .type]] as [[By]] {
            let query = ReportQuery(period: Self.period, by: by)
            let report = try await office.store.report(query, for: office.admin)
            for row in report.rows {
                for counting in [nil] + Counting.allCases.map(Optional.some) {
                    let page = try await office.store.calls(
                        query.narrowed(to: row.slices, counting: counting), limit: 1000, for: office.admin)
                    let n = Metric.all.first { $0.counting == counting }?.n(row.figures)
                    #expect(page.total == n, "\(row.slices) \(String(describing: counting))")
                    #expect(page.calls.count == n)
                    #expect(Set(page.calls.map(\.reference)).count == page.calls.count)
                }
            }
        }
        var seen: [CallReference] = []
        var offset = 0
        while offset < calls.count {
            let page = try await office.store.calls(
                ReportQuery(period: Self.period), offset: offset, limit: 37, for: office.admin)
            #expect(page.total == calls.count)
            seen += page.calls.map(\.reference)
            offset += 37
        }
        #expect(seen.count == calls.count)
        #expect(Set(seen).count == calls.count)
    }

    @Test(arguments: [By.group, .employment, .leader])
    func `a blank cell opens its calls too, by its address`(by: By) async throws {
        let (office, calls) = try await filled(seed: 3)
        var query = ReportQuery(period: Self.period, by: [by])
        // Of teams that nobody knew anything of yet.
        query.teams = .known(Self.from.adding(-400))
        let report = try await office.store.report(query, for: office.admin)
        #expect(report.rows.map { $0.slices[0].value } == [""])
        let items = query.narrowed(to: report.rows[0].slices).items
        #expect(items.contains { $0.name == by.rawValue && $0.value == "-" })
        let opened = try ReportQuery(items: items, today: Self.period.to, otherwise: Self.period)
        let page = try await office.store.calls(opened, limit: 1000, for: office.admin)
        #expect(page.total == calls.count && report.total.logs == calls.count)
        // Of the teams of the day nobody is without one.
        var ofTheDay = opened
        ofTheDay.teams = .ofTheDay
        let others = try await office.store.calls(ofTheDay, limit: 1000, for: office.admin)
        #expect(others.total == (by == .leader ? calls.count : 0))
    }

    @Test func `a leader sees his team's days and nothing else`() async throws {
        let (office, calls) = try await filled(seed: 4)
        let store = office.store
        let manager = try await store.addPerson(
            name: "Mia",
            placement: { Placement(person: $0, from: Self.from, designation: Placement.teamManager) },
            by: office.adminActor)
        var leaders: [Person] = []
        for name in ["Lea", "Leo"] {
            leaders.append(
                try await store.addPerson(
                    name: name,
                    placement: {
                        Placement(
                            person: $0, from: Self.from, designation: Placement.teamLeader,
                            manager: manager.id)
                    }, by: office.adminActor))
        }
        let moved = try #require(try await office.person(named: "Agent A0"))
        let idle = try #require(try await office.person(named: "Agent B1"))
        let middle = Self.from.adding(8)
        try await store.place(
            [
                Placement(person: moved, from: Self.from, group: "One", leader: leaders[0].id),
                Placement(person: moved, from: middle, group: "Two", leader: leaders[1].id),
                Placement(person: idle, from: Self.from, manager: manager.id),
            ], reason: "test", by: office.adminActor)

        let query = ReportQuery(period: Self.period)
        let lea = office.viewer(.teamLeader, leaders[0].id)
        let leo = office.viewer(.teamLeader, leaders[1].id)
        let mia = office.viewer(.teamManager, manager.id)
        let own = office.viewer(.agent, moved)
        func logs(_ viewer: Viewer) async throws -> Int {
            try await store.report(query, for: viewer).total.logs
        }
        let before = calls.filter { $0.agent == "Agent A0" && $0.time.day < middle }.count
        let after = calls.filter { $0.agent == "Agent A0" && $0.time.day >= middle }.count
        let ofIdle = calls.filter { $0.agent == "Agent B1" }.count
        #expect(before > 0 && after > 0)
        #expect(try await logs(lea) == before)
        #expect(try await logs(leo) == after)
        #expect(try await logs(mia) == before + after + ofIdle)
        #expect(try await logs(own) == before + after)
        #expect(try await logs(office.viewer(.teamLeader, nil)) == 0)

        // His slice of the admin's report is the same figure.
        let byManager = try await store.report(
            ReportQuery(period: Self.period, by: [.manager, .leader]), for: office.admin)
        let slice = byManager.rows.filter { $0.slices[0].value == manager.id.description }
        #expect(slice.map(\.figures.logs).reduce(0, +) == before + after + ofIdle)
        #expect(Set(slice.map(\.slices[1].title)) == ["Lea", "Leo", "(no leader)"])

        // Nor in any list, count or search.
        #expect(try await store.calls(query, for: lea).total == before)
        #expect(try await store.agents(in: Self.period, for: lea).map(\.person.name) == ["Agent A0"])
        #expect(try await store.agents(search: "agent b", in: Self.period, for: lea).isEmpty)
        await #expect(throws: UserError.notHere) { try await store.agent(idle, in: Self.period, for: lea) }
        #expect(try await store.agentDays(moved, in: Self.period, for: lea).allSatisfy { $0.day < middle })
        let late = try #require(
            try await store.calls(query, for: leo).calls.first?.reference)
        #expect(try await store.sightings(of: late, for: leo).first?.counts == true)
        await #expect(throws: UserError.notHere) { try await store.sightings(of: late, for: lea) }
        #expect(
            try await store.agentFiles(moved, in: Self.period, for: lea).map(\.counted).reduce(0, +) == before
        )
    }

    @Test func `an agent's days add up and his files say what counts`() async throws {
        let (office, calls) = try await filled(seed: 5, cutOver: 240)
        let person = try #require(try await office.person(named: "Agent C2"))
        let days = try await office.store.agentDays(person, in: Self.period, for: office.admin)
        let own = calls.filter { $0.agent == "Agent C2" }
        #expect(days.map(\.logs).reduce(0, +) == own.count)
        for day in days {
            #expect(day.active + day.idle == day.span)
            #expect(day.activeByHour.reduce(0, +) == day.active)
            let times = own.filter { $0.time.businessDay(cutOver: 240) == day.day }.map(\.time).sorted()
            #expect(day.first == times.first && day.last == times.last)
        }
        let files = try await office.store.agentFiles(person, in: Self.period, for: office.admin)
        #expect(files.map(\.counted).reduce(0, +) == own.count)
        #expect(files.map(\.rows).reduce(0, +) > own.count)
        #expect(files.map(\.file.name) == ["b.csv", "a.csv"])
    }

    @Test func `a call shows each version that holds it and which one counts`() async throws {
        let office = try await SampleOffice()
        var call = SampleCall(id: 5, agent: "Zoë", time: LocalTime(Self.from, secondOfDay: 36_000))
        try office.take([call], file: "one.csv")
        call.state = "Sale"
        try office.take([call], file: "two.csv")
        let page = try await office.store.calls(ReportQuery(period: Self.period), for: office.admin)
        let reference = try #require(page.calls.first?.reference)
        #expect(CallReference(text: reference.text) == reference)
        let sightings = try await office.store.sightings(of: reference, for: office.admin)
        #expect(sightings.map(\.fileName) == ["two.csv", "one.csv"])
        #expect(sightings.map(\.counts) == [true, false])
        #expect(sightings.map(\.state) == ["Sale", "No Answer"])
        #expect(sightings.map(\.line) == [2, 2])
        #expect(try await office.store.agents(search: "zoe", in: Self.period, for: office.admin).count == 1)
    }

    @Test(arguments: ["", "1", "1-x5", "1-d0", "1-dzz", "a-n5", "1-n"])
    func `a damaged reference is none`(text: String) {
        #expect(CallReference(text: text) == nil)
    }

    @Test func `by a setting, a leader sees past days only of those who are his now`() async throws {
        let (office, _) = try await filled(seed: 5)
        let store = office.store
        let manager = try await store.addPerson(
            name: "Mia",
            placement: { Placement(person: $0, from: Self.from, designation: Placement.teamManager) },
            by: office.adminActor)
        var leaders: [ID<Person>] = []
        for name in ["Lea", "Leo"] {
            let leader = try await store.addPerson(
                name: name,
                placement: {
                    Placement(
                        person: $0, from: Self.from, designation: Placement.teamLeader, manager: manager.id)
                }, by: office.adminActor)
            leaders.append(leader.id)
        }
        let (lea, leo) = (try #require(leaders.first), try #require(leaders.last))
        let agents = try await store.agents(in: Self.period, for: office.admin).filter { $0.figures.logs > 0 }
        let (stays, goes) = (try #require(agents.first).person.id, try #require(agents.last).person.id)
        let today = try await store.today()
        func move(_ agent: ID<Person>, to leader: ID<Person>, from day: Day) async throws {
            try await store.placePersons(
                [agent], naming: [leader], reason: "", for: office.admin, by: office.adminActor
            ) { try $0.move([agent], to: leader, from: day) }
        }
        for agent in [stays, goes] { try await move(agent, to: lea, from: Self.from) }
        try await move(goes, to: leo, from: today)
        // He stays for now: what is scheduled changes nothing yet.
        try await move(stays, to: leo, from: today.adding(9))

        func seen(_ viewer: Viewer) async throws -> [ID<Person>] {
            try await store.agents(in: Self.period, for: viewer).filter { $0.figures.logs > 0 }
                .map(\.person.id).sorted()
        }
        let leader = office.viewer(.teamLeader, lea)
        #expect(try await seen(leader) == [stays, goes].sorted())
        var rules = try #require(try await store.officeState()).office.rules
        rules.keepsPastDays = false
        try store.changeOffice(rules, by: office.adminActor)
        #expect(try await seen(leader) == [stays])
        await #expect(throws: UserError.notHere) { try await store.person(goes, on: today, for: leader) }
        #expect(try await store.person(stays, on: today, for: leader).person.id == stays)
        #expect(try await store.reconcile(Self.period, for: office.admin).filter { !$0.ok } == [])
    }

    @Test func `by that setting, the chart and the board hide past days too`() async throws {
        let office = try await TeamsOffice()
        let (today, ann, ned) = (TeamsOffice.today, try office.id("Ann"), try office.id("Ned"))
        try await office.store.place(
            [Placement(person: ann, from: today, leader: ned)], reason: "Nearer", by: .console)
        func chart(_ name: String) async throws -> [String] {
            try await office.store.chart(on: today.adding(-1), for: office.viewer(name)).branches
                .flatMap(\.teams).flatMap(\.agents).map(\.name).sorted()
        }
        func board(_ name: String) async throws -> [String] {
            try await office.store.board(on: today.adding(-1), for: office.viewer(name)).sections
                .flatMap(\.columns).flatMap(\.cards).map(\.standing.name).sorted()
        }
        for keeps in [true, false] {
            var rules = try #require(try await office.store.officeState()).office.rules
            rules.keepsPastDays = keeps
            try office.store.changeOffice(rules, by: .console)
            for (name, theirs) in [("Lea", ["Abe"]), ("Tom", ["Abe", "Bea", "Bob"])] {
                let agents = (keeps ? ["Ann"] : []) + theirs
                #expect(try await chart(name) == agents.sorted(), "\(name), \(keeps)")
                #expect(try await board(name) == agents.sorted(), "\(name), \(keeps)")
            }
            #expect(try await chart("Ada") == ["Abe", "Ann", "Bea", "Bob", "Cid"], "\(keeps)")
            #expect(try await board("Ada") == ["Abe", "Ann", "Bea", "Bob", "Cid"], "\(keeps)")
        }
    }

    @Test func `what states mean is what the source says when a file is in, not when it was begun`()
        async throws
    {
        let office = try await SampleOffice()
        let store = office.store
        let begun = try #require(try await store.sources().first)
        var source = begun.source
        source.outcomes.states["mystery"] = [.attempted, .human, .contact, .success] as OutcomeFlags
        try await store.saveSource(source, by: .console)
        let id = source.id
        _ = try store.changingCalls {
            let staged = try store.stage(begun)
            let call = CallRecord(
                line: 2, key: .number(1), agent: "Ann", time: LocalTime(Self.from, secondOfDay: 36_000),
                profile: nil, type: "Manual", state: "Mystery", callType: "Auto", originalCampaign: "North",
                currentCampaign: "", talk: 5, wait: nil, fingerprint: 1)
            _ = try staged.insert([call], folded: ["ann"])
            var counts = RowCounts()
            (counts.rows, counts.accepted) = (1, 1)
            let upload = FileUploaded(
                file: store.ids.next(at: store.clock.now()), fileName: "a.csv", source: id, version: 1,
                archive: "archive", original: "original", bytes: 1, counts: counts,
                mapping: FileMapping(
                    format: "readymode", encoding: "utf-8", delimiter: ",", headerLine: 1, columns: [:],
                    ignoredColumns: [], dateOrder: "ymd", timeZone: "Europe/Berlin"),
                firstDay: staged.firstDay, lastDay: staged.lastDay, agents: staged.agents,
                digest: "0000000000000001", newNames: [])
            return try store.finish(
                staged, by: .console, isPartTimer: { _ in false }, isCancelled: { false }
            ) { upload }
        }
        let report = try await store.report(
            ReportQuery(period: Self.period, by: [.state]), for: office.admin)
        #expect(report.total.logs == 1 && report.total.contacts == 1 && report.total.successes == 1)
    }
}
