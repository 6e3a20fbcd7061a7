import Domain
import Foundation
import HTTPTypes
import Storage
import Testing

@testable import Web

@Suite struct DistributionTests {
    private static let today = Day(iso: "2026-11-23") ?? Day(number: 0)

    private func person(_ name: String, _ office: TestSite) async throws -> ID<Person> {
        try #require(try await office.store.persons().first { $0.name == name }?.id)
    }

    private func leader(_ agent: String, on day: Day, _ office: TestSite) async throws -> String? {
        let organization = try await office.store.organization()
        let standing = organization.standing(of: try await person(agent, office), on: day)
        return standing?.leader.map { organization.name(of: $0) }
    }

    /// The test site with a second leader of Tom's, an idle agent of his, and somebody whom nobody has.
    private func filled() async throws -> TestSite {
        let office = try await TestSite()
        let tom = try #require(office.users[.teamManager]?.person)
        _ = try await office.store.testPerson("Lou Leader", Placement.teamLeader) { $0.manager = tom }
        _ = try await office.store.testPerson("Ida Idle", Placement.coldCaller) { $0.manager = tom }
        _ = try await office.store.testPerson("Una Unassigned", Placement.coldCaller) { _ in }
        return office
    }

    private func post(_ browser: TestBrowser, _ fields: [(String, String)]) async throws -> TestAnswer {
        let form = Form([("csrf", browser.formToken)] + fields.map { (name: $0.0, value: $0.1) })
        return try await browser.send(
            .post, Paths.distribution,
            headers: [.contentType: "application/x-www-form-urlencoded", .origin: "http://localhost"],
            body: form.urlEncoded)
    }

    @Test func `each sees his own columns`() async throws {
        let office = try await filled()
        try await office.run { browser in
            for (user, sees, hidden) in [
                (
                    "ann",
                    ["Under nobody", "Una Unassigned", "Tom Manager", "Ida Idle", "Lou Leader", "Bob Other"],
                    ["Open a request"]
                ),
                (
                    "tom", ["Una Unassigned", "Ida Idle", "Al Agent", "Lea Leader", "Lou Leader"],
                    ["Bob Other", "Ned Leader", "Meg Manager", "Under nobody"]
                ),
                (
                    "lea", ["Al Agent", "Lea Leader", "Open a request"],
                    ["Bob Other", "Ida Idle", "Una Unassigned", "Lou Leader", "type=\"checkbox\""]
                ),
            ] {
                let other = browser.another()
                try await other.signIn(user)
                let page = try await other.get(Paths.distribution)
                #expect(page.status == 200)
                for name in sees { #expect(page.text.contains(name), "\(user): \(name)") }
                for name in hidden { #expect(!page.text.contains(name), "\(user): \(name)") }
            }
            for user in ["dan", "al"] {
                let other = browser.another()
                try await other.signIn(user)
                #expect(try await other.get(Paths.distribution).status == 404)
            }
            try await browser.signIn("ann")
            let meg = try await person("Meg Manager", office)
            let one = try await browser.get(Paths.distribution + "?manager=\(meg)&on=2026-12-01")
            #expect(one.text.contains("Bob Other") && !one.text.contains("Ida Idle"))
            #expect(one.text.contains("Una Unassigned"), "who may place sees whom nobody has")
            let found = try await browser.get(Paths.distribution + "?q=bob")
            #expect(found.text.contains("Bob Other") && !found.text.contains("Ida Idle"))
        }
    }

    @Test func `several agents move in one event from the chosen day`() async throws {
        let office = try await filled()
        let (al, ida, una) = (
            try await person("Al Agent", office), try await person("Ida Idle", office),
            try await person("Una Unassigned", office)
        )
        let lou = try await person("Lou Leader", office)
        let before = try await office.peopleEvents().count
        try await office.run { browser in
            try await browser.signIn("tom")
            let moved = try await post(
                browser,
                [
                    ("agent", al.description), ("agent", ida.description), ("agent", una.description),
                    ("to", "team:\(lou)"), ("on", "2026-12-01"), ("reason", "More hands"), ("do", "move"),
                ])
            #expect(moved.status == 303 && moved.location == "/distribution?on=2026-12-01")
            let page = try await browser.get(moved.location)
            #expect(page.text.contains("Al Agent, Ida Idle, Una Unassigned are in the team of Lou Leader"))
            let now = try await browser.get(Paths.distribution)
            #expect(now.text.contains("from Tue 1 Dec → Lou Leader"), "the badge of a scheduled change")
            #expect(now.text.contains("Tom Manager: More hands"), "and the list of what is scheduled")
        }
        let journal = try await office.peopleEvents()
        #expect(journal.count == before + 1 && journal.last == "personsPlaced")
        #expect(try await leader("Al Agent", on: Self.today, office) == "Lea Leader")
        #expect(try await leader("Ida Idle", on: Self.today, office) == nil)
        for agent in ["Al Agent", "Ida Idle", "Una Unassigned"] {
            #expect(try await leader(agent, on: Day(iso: "2026-12-01") ?? Self.today, office) == "Lou Leader")
        }
    }

    @Test func `what cannot be moved stays ticked, with what is wrong`() async throws {
        let office = try await filled()
        let (al, lea, tom) = (
            try await person("Al Agent", office), try await person("Lea Leader", office),
            try await person("Tom Manager", office)
        )
        let before = try await office.peopleEvents().count
        try await office.run { browser in
            try await browser.signIn("tom")
            for (fields, status, says) in [
                ([("to", "team:\(lea)"), ("on", "2026-11-23")], 400, "Nobody is selected"),
                ([("agent", "\(al)"), ("to", ""), ("on", "2026-11-23")], 400, "Where to?"),
                ([("agent", "\(al)"), ("to", "team:\(lea)"), ("on", "soon")], 400, "From which day on?"),
                (
                    [("agent", "\(al)"), ("to", "team:\(lea)"), ("on", "2026-11-23")], 400,
                    "They are there already"
                ),
                ([("agent", "\(al)"), ("to", "team:\(tom)"), ("on", "2026-11-23")], 409, "That is no team"),
            ] {
                let answer = try await post(browser, fields + [("reason", "typed reason")])
                #expect(answer.status == status && answer.text.contains(says), "\(says): \(answer.status)")
                #expect(answer.text.contains("typed reason"))
                if fields.contains(where: { $0.0 == "agent" }) {
                    #expect(answer.text.contains(#"aria-label="Al Agent" checked"#), "\(says)")
                }
            }
        }
        #expect(try await office.peopleEvents().count == before)
    }

    @Test func `across managers a request is offered, and another's people are not there`() async throws {
        let office = try await filled()
        let (al, ned, bob, lea) = (
            try await person("Al Agent", office), try await person("Ned Leader", office),
            try await person("Bob Other", office), try await person("Lea Leader", office)
        )
        let before = try await office.peopleEvents().count
        try await office.run { browser in
            try await browser.signIn("tom")
            let across = try await post(
                browser, [("agent", "\(al)"), ("to", "team:\(ned)"), ("on", "2026-11-23")])
            #expect(across.status == 409 && across.text.contains("would come under another team manager"))
            #expect(across.text.contains("/requests/new?agent=\(al)&amp;to=\(ned)"))
            #expect(!across.text.contains("Ned Leader"))
            let asked = try await post(browser, [("agent", "\(al)"), ("do", "request"), ("on", "")])
            #expect(asked.status == 303 && asked.location == "/requests/new?agent=\(al)")
            let foreign = try await post(
                browser, [("agent", "\(bob)"), ("to", "team:\(lea)"), ("on", "2026-11-23")])
            #expect(foreign.status == 404 && !foreign.text.contains("Bob"))
            // Nor does a rule tell of him what he is.
            let ruled = try await post(
                browser, [("agent", "\(ned)"), ("to", "team:\(lea)"), ("on", "2026-11-23")])
            #expect(ruled.status == 404 && !ruled.text.contains("Ned"))
            let other = browser.another()
            try await other.signIn("lea")
            let leader = try await post(
                other, [("agent", "\(al)"), ("to", "team:\(lea)"), ("on", "2026-11-23")])
            #expect(leader.status == 404)
            #expect(try await office.peopleEvents().count == before)
        }
    }

    @Test func `three hundred agents in twenty teams are on one board`() async throws {
        let office = try await TestSite()
        var leaders: [ID<Person>] = []
        for number in 0..<20 {
            let manager =
                number % 2 == 0
                ? try #require(office.users[.teamManager]?.person) : try await person("Meg Manager", office)
            leaders.append(
                try await office.store.testPerson("Leader \(number)", Placement.teamLeader) {
                    $0.manager = manager
                }.id)
        }
        for number in 0..<300 {
            let leader = leaders[number % 20]
            _ = try await office.store.testPerson("Agent \(number)", Placement.coldCaller) {
                $0.leader = leader
            }
        }
        try await office.run { browser in
            try await browser.signIn("ann")
            let page = try await browser.get(Paths.distribution)
            #expect(page.text.matches(of: /data-card/).count == 302)
            // How long that takes: Tests/Benchmarks/people.py.
        }
    }
}
