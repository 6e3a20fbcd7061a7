import Domain
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

@Suite struct FigurePagesTests {
    private static let from = Day(iso: "2026-11-02") ?? Day(number: 0)
    private static let dates = "from=2026-11-02&to=2026-11-20"
    private static let monday = Day(iso: "2026-11-23") ?? Day(number: 0)

    /// The test site with calls: some of Al, who is in Lea's team, most of nobody's.
    private func filled() async throws -> (TestSite, [SampleCall]) {
        let office = try await TestSite()
        var calls = SampleOffice.calls(agents: 4, from: Self.from, days: 14, perDay: 15, seed: 3)
        calls[0].campaign = "=HYPERLINK(1)"
        try takeIn(calls, into: office.store)
        let leader = try #require(office.users[.teamLeader]?.person)
        let agent = try #require(try await office.store.persons().first { $0.name == "Agent A0" })
        try await office.store.place(
            // From his first day on, so that it stands in the place of the one that the file made.
            [
                Placement(
                    person: agent.id,
                    from: calls.filter { $0.agent == "Agent A0" }.map(\.time.day).min() ?? Self.from,
                    group: "North", leader: leader)
            ], reason: "test",
            by: .console)
        return (office, calls)
    }

    /// The test site at 02:00 of the Tuesday, four hours before Monday's business day ends, with an
    /// agent's calls at these times.
    private func atNight(_ times: [LocalTime]) async throws -> TestSite {
        let office = try await TestSite()
        var rules = try #require(try await office.store.officeState()).office.rules
        rules.cutOverMinutes = 360
        try office.store.changeOffice(rules, by: .console)
        office.time.pass(seconds: 19 * 3600)
        try takeIn(
            times.enumerated().map { SampleCall(id: 100 + $0.offset, agent: "Nat", time: $0.element) },
            into: office.store)
        return office
    }

    private struct ReportAnswer: Decodable {
        struct Key: Decodable, Hashable {
            var parts: [String]
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let several = try? container.decode([String].self) {
                    parts = several
                } else {
                    parts = [try container.decode(String.self)]
                }
            }
        }
        struct Row: Decodable {
            var key: Key?
            var logs: Int
            var contacts: Int
            var contactRate: Double?
            var active: Int?
        }
        var columns: [String]
        var rows: [Row]
        var total: Row
    }

    private func report(_ browser: TestBrowser, _ query: String) async throws -> ReportAnswer {
        let answer = try await browser.get(Paths.performanceAPI + "?" + query)
        #expect(answer.status == 200)
        return try JSONDecoder().decode(ReportAnswer.self, from: Data(answer.text.utf8))
    }

    @Test func `page, export, API and command line say the same`() async throws {
        let (office, calls) = try await filled()
        try await office.run { browser in
            try await browser.signIn("ann")
            for by in ["agent", "day", "state", "campaign", "hour", "agent,day"] {
                let query = "\(Self.dates)&by=\(by)"
                let json = try await report(browser, query)
                #expect(json.total.logs == calls.count)
                #expect(json.rows.map(\.logs).reduce(0, +) == calls.count)
                #expect(json.total.contacts == json.rows.map(\.contacts).reduce(0, +))

                let csv = try await browser.get(Paths.performanceCSV + "?" + query).text
                let lines = csv.dropFirst().split(separator: "\r\n").map {
                    $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                }
                let logs = try #require(lines.first?.firstIndex(of: "logs"))
                #expect(lines.dropFirst().compactMap { Int($0[logs]) } == json.rows.map(\.logs))

                let items = Form(urlEncoded: query).fields
                let viewer = Viewer(
                    user: try #require(office.users[.admin]?.id), name: "", role: .admin, person: nil)
                let text = try await reportOutput(items, format: .csv, store: office.store, viewer: viewer)
                    .text
                #expect("\u{feff}" + text == csv.trimmingCharacters(in: .newlines))

                let page = try await browser.get(Paths.performance + "?" + query)
                #expect(page.status == 200)
                let format = OfficeFormat(zone: .gmt)
                for row in json.rows.prefix(200) {
                    #expect(page.text.contains(">\(format.number(row.logs))<"), "\(by)")
                }
                #expect(
                    page.text.contains(
                        "\(format.number(calls.count)) rows = \(format.number(calls.count)) in 1 file"))
            }
        }
    }

    @Test func `until the cut-over, today is the shift that runs`() async throws {
        // One of Sunday's shift, two of Monday's.
        let office = try await atNight([
            LocalTime(Self.monday, secondOfDay: 5 * 3600), LocalTime(Self.monday, secondOfDay: 23 * 3600),
            LocalTime(Self.monday.adding(1), secondOfDay: 3600),
        ])
        try await office.run { browser in
            try await browser.signIn("ann")
            let json = try await report(browser, "p=today&by=day")
            #expect(json.total.logs == 2 && json.rows.map(\.key?.parts) == [["2026-11-23"]])
            let page = try await browser.get("\(Paths.performance)?p=today")
            #expect(page.text.contains("2 rows = 2 in 1 file"))
        }
    }

    @Test func `until the cut-over, nothing of the shift that runs is missing`() async throws {
        let office = try await atNight(
            [-21, -14, -7].map { LocalTime(Self.monday.adding($0), secondOfDay: 12 * 3600) })
        try await office.run { browser in
            try await browser.signIn("ann")
            let night = try await browser.get(Paths.home)
            #expect(night.text.contains("Nothing that days like these would lead to expect"))
            office.time.pass(seconds: 4 * 3600)
            let later = browser.another()
            try await later.signIn("ann")
            let morning = try await later.get(Paths.home)
            #expect(morning.text.contains("nothing for Mon 23 Nov"))
        }
    }

    @Test func `calls that another office has too are said where totals are, and only then`() async throws {
        let query = ReportQuery(period: Period(from: Self.from, to: Self.from), by: [.agent])
        var report = Report(query: query, rows: [], total: Figures(activity: .init()), mappings: [])
        let format = OfficeFormat(zone: .gmt)
        func json() throws -> String {
            String(decoding: try JSONEncoder().encode(ReportValues(report).json), as: UTF8.self)
        }
        for none in [nil, 0] {
            report.elsewhere = none
            #expect(format.elsewhere(report) == nil)
            #expect(try !json().contains("elsewhere"))
            #expect(!ReportValues(report).table(format).contains("another office"))
        }
        report.elsewhere = 1234
        #expect(
            ReportValues(report).table(format).hasSuffix(
                "\n1,234 calls are also in another office's files and counted once."))
        #expect(try json().contains("\"elsewhere\":1234"))
        report.elsewhere = 1
        #expect(format.elsewhere(report) == "1 call is also in another office's files and counted once.")
    }

    @Test func `a figure on the page opens as many calls`() async throws {
        let (office, _) = try await filled()
        try await office.run { browser in
            try await browser.signIn("ann")
            let page = try await browser.get("\(Paths.performance)?\(Self.dates)&by=state")
            let links = page.text.matches(
                of:
                    /<td class="num" data-label="(Logs|Dials|Contacts|Successes|Unmapped)"><a href="([^"]*)">([0-9,]*)<\/a>/
            )
            #expect(links.count > 8)
            for link in links {
                let calls = try await browser.get(
                    String(link.2).replacing("&amp;", with: "&").replacing("&#x3D;", with: "="))
                #expect(calls.text.contains("of \(link.3)</span>"), "\(link.2)")
            }
        }
    }

    @Test func `nobody sees more than his reach`() async throws {
        let (office, calls) = try await filled()
        let own = calls.filter { $0.agent == "Agent A0" }.count
        #expect(own > 0)
        try await office.run { browser in
            for (name, expected) in [
                ("ann", calls.count), ("dan", calls.count), ("tom", own), ("lea", own), ("al", 0),
            ] {
                let browser = browser.another()
                try await browser.signIn(name)
                #expect(try await report(browser, Self.dates).total.logs == expected, "\(name)")
                let list = try await browser.get("\(Paths.calls)?\(Self.dates)")
                #expect(
                    list.text.contains("of \(OfficeFormat(zone: .gmt).number(expected))</span>"), "\(name)")
                let agents = try await browser.get("\(Paths.agents)?\(Self.dates)")
                #expect(agents.text.contains("Agent B1") == (expected == calls.count), "\(name)")
                #expect(try await browser.get(Paths.home).status == 200)
                #expect(
                    try await browser.get("\(Paths.checks)?\(Self.dates)").text.contains("Something differs")
                        == false)
                let other = try #require(try await office.store.persons().first { $0.name == "Agent B1" })
                let page = try await browser.get(Paths.agent(other.id.description) + "?\(Self.dates)")
                #expect(page.status == (expected == calls.count ? 200 : 404), "\(name)")
            }
        }
    }

    @Test func `an export is in the activity and its texts are no formulas`() async throws {
        let (office, calls) = try await filled()
        try await office.run { browser in
            try await browser.signIn("ann")
            let csv = try await browser.get("\(Paths.callsCSV)?\(Self.dates)")
            #expect(csv.text.split(separator: "\r\n").count == calls.count + 1)
            #expect(csv.text.contains("'=HYPERLINK(1)"))
            #expect(csv.headers[.contentDisposition]?.contains("calls-2026-11-02-2026-11-20.csv") == true)
        }
    }

    @Test func `a call leads to its line as it stands in the file`() async throws {
        let (office, calls) = try await filled()
        try await office.run { browser in
            try await browser.signIn("lea")
            let list = try await browser.get("\(Paths.calls)?\(Self.dates)")
            let href = try #require(
                list.text.firstMatch(of: /<th scope="row"><a href="(\/calls\/[^"]*)">/)?.1)
            let page = try await browser.get(String(href))
            let id = try #require(href.split(separator: "-n").last.flatMap { Int($0) })
            let call = try #require(calls.first { $0.id == id })
            #expect(page.text.contains(call.text))
            #expect(page.text.contains("Call Log ID"))
            #expect(page.text.contains("Counts"))
            let other = try #require(calls.first { $0.agent == "Agent B1" })
            #expect(try await browser.get("/calls/1-n\(other.id)").status == 404)
            #expect(try await browser.get("/calls/1-n\(call.id)x").status == 404)
        }
    }

    @Test func `an empty office says what to do next`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            try await browser.signIn("ann")
            #expect(try await browser.get(Paths.home).text.contains("Upload the dialer"))
            #expect(try await browser.get(Paths.performance).text.contains("Nothing to count"))
            #expect(try await browser.get(Paths.calls).text.contains("No calls here"))
            #expect(try await browser.get("\(Paths.performance)?by=nonsense").status == 400)
        }
    }

    @Test func `filters stay through sorting and paging`() async throws {
        let (office, _) = try await filled()
        try await office.run { browser in
            try await browser.signIn("ann")
            let page = try await browser.get(
                "\(Paths.performance)?\(Self.dates)&by=agent&state=No+Answer&sort=-logs")
            #expect(page.text.contains("aria-sort=\"descending\""))
            let sorts = page.text.matches(of: /<a class="sort" href="([^"]*)"/)
            #expect(sorts.count > 5)
            for link in sorts { #expect(link.1.contains("state=No") && link.1.contains("from=2026-11-02")) }
            #expect(page.text.contains("State: No Answer"))
        }
    }

    @Test func `no address breaks a page`() async throws {
        let (office, _) = try await filled()
        let strange = [
            "from=0001-01-01&to=9999-12-31", "from=9999-12-31&to=0001-01-01&by=day,agent,hour", "page=-5",
            "page=99999999999999999999", "page=9223372036854775807&offset=9223372036854775807", "q=%00%ff%27",
            "agent=%27%20OR%201=1", "group=%25&state=--&campaign=-", "sort=-nothing", "sort=-rank&by=agent",
            "hour=0&weekday=sun&counting=talk", "limit=-1&offset=-1",
            "by=agent&by=agent&by=state&by=day&by=hour",
            "by=state&sort=-conversion&from=2026-11-02&to=2026-11-20&agent=-&leader=-",
        ]
        try await office.run { browser in
            try await browser.signIn("ann")
            for path in [
                Paths.home, Paths.agents, Paths.performance, Paths.performanceCSV, Paths.checks, Paths.calls,
                Paths.callsCSV, Paths.performanceAPI, Paths.agentsAPI, Paths.callsAPI,
            ] {
                for query in strange {
                    let answer = try await browser.get("\(path)?\(query)")
                    #expect(
                        answer.status == 200 || answer.status == 400, "\(path)?\(query): \(answer.status)")
                }
            }
        }
    }
}
