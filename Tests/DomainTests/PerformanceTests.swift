import Domain
import Testing

@Suite struct PerformanceTests {
    private func figures(_ logs: Int, _ flags: OutcomeFlags?, talk: Int = 0, active: Int? = nil) -> Figures {
        var figures = Figures(activity: active.map { Figures.Activity(active: $0) })
        figures.add(logs, flags: flags, talkLogs: talk > 0 ? logs : 0, talk: talk)
        return figures
    }

    private func value(_ key: String, _ figures: Figures) -> Double? { Metric.named(key)?.value(figures) }

    @Test func `nothing divided by nothing is no value`() {
        let none = Figures(activity: .init())
        for key in ["contactRate", "conversion", "conversionPerDial", "aht", "coverage"] {
            #expect(value(key, none) == nil)
        }
        #expect(value("logs", none) == 0)
    }

    @Test func `a team's rate is the ratio of sums`() {
        let big = figures(100, [.attempted, .contact]) + figures(100, [.attempted])
        let small = figures(1, [.attempted])
        #expect(value("contactRate", big) == 0.5)
        #expect(value("contactRate", big + small) == 100.0 / 201)
    }

    @Test func `unmapped logs count as logs and as nothing else`() {
        let sum = figures(3, nil) + figures(2, [.attempted])
        #expect(sum.logs == 5)
        #expect(sum.unmapped == 3)
        #expect(sum.dials == 2)
    }

    @Test func `hourly rates need half an active hour`() {
        #expect(value("logsPerActiveHour", figures(10, [], active: 1799)) == nil)
        #expect(value("logsPerActiveHour", figures(10, [], active: 1800)) == 20)
        #expect(value("logsPerActiveHour", figures(10, [])) == nil)
    }

    @Test func `one slice without active time leaves the sum without`() {
        let sum = figures(1, [], active: 60) + figures(1, [])
        #expect(sum.activity == nil)
    }

    @Test func `wilson puts 90 of 100 above 1 of 1`() throws {
        let one = try #require(wilsonLowerBound(1, of: 1))
        let many = try #require(wilsonLowerBound(90, of: 100))
        #expect(one < many)
        // Newcombe (1998), table I: 81 of 263 gives 0.2553.
        #expect(abs(try #require(wilsonLowerBound(81, of: 263)) - 0.2553) < 0.0001)
        #expect(wilsonLowerBound(0, of: 0) == nil)
    }

    @Test func `ties share a rank and few dials have none`() {
        let rows = [10, 20, 20, 5].map { successes in
            figures(successes, [.attempted, .success], active: 3600) + figures(30, [.attempted], active: 0)
        }
        #expect(ranks(rows + [figures(29, [.attempted, .success], active: 3600)]) == [3, 1, 1, 4, nil])
    }

    @Test func `proportions are ordered by what they are at least, and what has no value comes last`() {
        let day = Day(number: 20_000)
        func row(_ name: String, _ dials: Int, _ contacts: Int) -> ReportRow {
            let sum =
                figures(contacts, [.attempted, .contact], active: 3600)
                + figures(dials - contacts, [.attempted], active: 0)
            return ReportRow(slices: [Slice(by: .agent, value: name, title: name)], figures: sum)
        }
        var report = Report(
            query: ReportQuery(period: Period(from: day, to: day), by: [.agent], sort: "-contactRate"),
            rows: [row("none", 0, 0), row("one", 1, 1), row("many", 100, 90), row("few", 100, 10)],
            total: Figures(), mappings: [])
        report.sort()
        #expect(report.rows.map { $0.slices[0].title } == ["many", "one", "few", "none"])
        report.query.sort = "key"
        report.sort()
        #expect(report.rows.map { $0.slices[0].title } == ["few", "many", "none", "one"])
    }

    @Test func `every metric has a name, a formula and a number of cases`() {
        #expect(Set(Metric.all.map(\.key)).count == Metric.all.count)
        for metric in Metric.all {
            #expect(!metric.title.isEmpty && !metric.formula.isEmpty)
            #expect(metric.n(Figures()) == 0)
        }
    }
}

@Suite struct ReportQueryTests {
    private let monday = Day(iso: "2026-11-23") ?? Day(number: 0)
    private var today: Period { Period(from: monday, to: monday) }

    private func parse(_ items: (String, String)...) throws -> ReportQuery {
        try ReportQuery(
            items: items.map { (name: $0.0, value: $0.1) }, today: monday, otherwise: today)
    }

    @Test func `a query survives its way through an address`() throws {
        var query = ReportQuery(period: Period(from: monday.adding(-30), to: monday), by: [.agent, .day])
        query.filter.agents = [.named("Zoë & Co"), .nobody]
        query.filter.leaders = [.nobody]
        query.filter.groups = ["Team A,B", "", "-"]
        query.filter.employments = [""]
        query.filter.campaigns = ["", "-", "--x", "North = South"]
        query.filter.states = [""]
        query.filter.weekdays = [0, 6]
        query.filter.hours = [0, 23]
        query.filter.counting = .unmapped
        query.sort = "-contactRate"
        let read = try ReportQuery(items: query.items, today: monday, otherwise: today)
        #expect(read == query)
        #expect(
            query.queryString.contains("campaign=-&campaign=--&campaign=---x&campaign=North%20%3D%20South"))
    }

    @Test(arguments: [
        ("by", "agnet"), ("from", "23.11.2026"), ("hour", "24"), ("weekday", "x"), ("p", "never"),
    ])
    func `what means nothing is refused`(item: (String, String)) {
        #expect(throws: UserError.self) { try parse(item) }
    }

    @Test func `empty fields of a form are no filters`() throws {
        #expect(try parse(("group", ""), ("from", ""), ("by", "")) == ReportQuery(period: today))
    }

    @Test func `presets are whole weeks from Monday and whole months`() throws {
        #expect(try parse(("p", "last-week")).period.from.iso == "2026-11-16")
        #expect(try parse(("p", "last-week")).period.to.iso == "2026-11-22")
        #expect(try parse(("p", "last-month")).period.from.iso == "2026-10-01")
        #expect(try parse(("p", "last-month")).period.to.iso == "2026-10-31")
        #expect(try parse(("p", "month")).period.from.iso == "2026-11-01")
    }

    @Test func `one end of a period is a day`() throws {
        #expect(try parse(("from", "2026-11-02")).period.dayCount == 1)
    }
}
