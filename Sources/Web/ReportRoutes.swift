import Domain
import Hummingbird
import Storage

let reportRoutes: [Route] = [
    Route(.get, Paths.reports, needs: .viewFigures, showReports),
    Route(.get, Paths.performance, needs: .viewFigures, showPerformance),
    Route(.get, Paths.performanceCSV, needs: .exportFigures, exportPerformance),
    Route(.get, Paths.checks, needs: .viewFigures, showChecks),
    Route(.get, Paths.performanceAPI, needs: .viewFigures, sendPerformance),
]
let reportPages: [any Page.Type] = [ReportPage.self, ChecksPage.self]

extension SignedIn {
    /// The question in the address; without a period: the last day that has calls within reach.
    func reportQuery(by: [By] = [], days: Int = 1) async throws -> ReportQuery {
        let today = self.today
        let last = try await visit.store.lastDayWithCalls(for: viewer) ?? today
        var query = try ReportQuery(
            items: visit.query.fields, today: today,
            otherwise: Period(from: last.adding(1 - days), to: last), by: by)
        query.filter.offices = viewer.offices
        return query
    }
}

extension SignedIn {
    /// The period, whose teams where these are not the day's, and which offices where that is not the own.
    func reportHeading(_ query: ReportQuery) -> String {
        ([visit.format.period(query.period)] + [query.teams.words, officeWords].compactMap { $0 })
            .joined(separator: ", ")
    }
}

extension Teams {
    /// For the name of an export.
    var fileName: String {
        switch self {
        case .ofTheDay: ""
        case .asOf(let day): "-teams-\(day.iso)"
        case .known(let day): "-as-known-\(day.iso)"
        }
    }
}

@Sendable private func showReports(_ context: SignedIn) async throws -> Response {
    context.redirect(to: Paths.performance)
}

@Sendable private func showPerformance(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery(by: [context.reach == .own ? .day : .agent])
    let store = context.store
    let format = context.format
    let values = ReportValues(try await store.report(query, for: context.viewer))
    var before = query
    before.by = []
    before.period = query.period.previous
    let previous = try await store.report(before, for: context.viewer).total
    let badge = try await store.badge(values.report, for: context.viewer)
    let figures = values.report
    let mayOpen = context.may(.viewCalls)
    let items = query.items
    func link(_ changes: [String: String?]) -> String {
        Form(items).with(changes).link(Paths.performance)
    }

    let charts = FigureCharts(
        format: format, openDays: try await store.daysWithCalls(query, for: context.viewer))
    var trend: (svg: String, rows: [NamedCell])?
    if query.period.dayCount > 1, figures.total.logs > 0, let logs = Metric.named("logs") {
        var daily = query
        daily.by = [.day]
        daily.sort = nil
        trend = charts.trend(try await store.report(daily, for: context.viewer), id: "trend", logs) { day in
            mayOpen
                ? Paths.calls + "?"
                    + query.narrowed(to: [Slice(by: .day, value: day.iso, title: "")]).queryString : nil
        }
    }
    let lastDay = try await store.lastDayWithCalls(for: context.viewer)
    let tileKeys = [
        "logs", "contactRate", "successes", "conversion", "successesPerActiveHour", "unmapped",
    ]
    let page = ReportPage(
        lede: context.reportHeading(query),
        filter: FilterForm(
            query, path: Paths.performance,
            choices: try await store.filterChoices(in: query.period, for: context.viewer), divisions: 2,
            today: context.today, choosesTeams: true,
            dividesByOffice: context.everyOffice == .all, format),
        csvHref: context.may(.exportFigures) ? Paths.performanceCSV + "?" + query.queryString : nil,
        tiles: tileKeys.compactMap(Metric.named)
            .filter { $0.key != "unmapped" || figures.total.unmapped > 0 }
            .map { metric in
                let opened = query.narrowed(to: [], counting: metric.opens)
                return FigureTile(
                    metric, figures.total, href: mayOpen ? Paths.calls + "?" + opened.queryString : nil,
                    before: (previous, format.shortPeriod(query.period.previous)), format)
            },
        hasCalls: figures.total.logs > 0,
        emptyText: query.filter.isEmpty
            ? "There are no calls on these days." : "No calls on these days fit the filters.",
        lastDayHref: lastDay.map { day in
            Form(items).with(["from": day.iso, "to": day.iso]).link(Paths.performance)
        },
        uploadHref: context.may(.uploadFiles) ? Paths.files : nil, trend: trend?.svg,
        trendRows: trend?.rows ?? [],
        heat: Metric.named("logs").flatMap { logs in
            charts.heat(figures, id: "heat", logs) { slices in
                mayOpen ? Paths.calls + "?" + query.narrowed(to: slices).queryString : nil
            }
        },
        stack: query.by == [.state] ? charts.states(figures, id: "states") : nil,
        table: figures.total.logs == 0
            ? nil
            : FigureTable(
                values, page: context.query.integer("page") ?? 1, period: query.period, format: format,
                mayOpenCalls: mayOpen, link: link),
        mappings: figures.mappings.map { "\($0.source) \($0.version)" }.joined(separator: ", "),
        badge: format.badge(badge), badgeIsGood: badge.agrees,
        checksHref: Paths.checks + "?"
            + ReportQuery.queryString(
                [("from", query.period.from.iso), ("to", query.period.to.iso)] + context.officeItems),
        elsewhere: format.elsewhere(figures))
    return try context.page(page)
}

@Sendable private func exportPerformance(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery(by: [.agent])
    let values = ReportValues(try await context.store.report(query, for: context.viewer))
    let divisions = query.by.map(\.rawValue).joined(separator: ", ")
    try await context.store.recordExport(
        FiguresExported(
            what: "performance by \(divisions)", filter: query.words(offices: context.officeWords),
            rows: values.report.rows.count),
        by: context.actor)
    let name =
        "performance-\(query.by.map(\.rawValue).joined(separator: "-"))-\(query.period.from.iso)-"
        + "\(query.period.to.iso)\(query.teams.fileName)\(context.officeFileName).csv"
    return context.csv(name: name, header: values.csvHeader, rows: values.csvRows)
}

@Sendable private func showChecks(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery()
    let checks = try await context.store.reconcile(query.period, for: context.viewer)
    return try context.page(
        ChecksPage(
            period: context.reportHeading(ReportQuery(period: query.period)),
            reportHref: Paths.performance + "?"
                + ReportQuery.queryString(
                    [("from", query.period.from.iso), ("to", query.period.to.iso)] + context.officeItems),
            isGood: checks.allSatisfy(\.ok),
            checks: checks.map { check in
                .init(
                    name: check.name.prefix(1).uppercased() + check.name.dropFirst(), detail: check.detail,
                    isGood: check.ok)
            }))
}

@Sendable private func sendPerformance(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery(by: [.agent])
    var json = ReportValues(try await context.store.report(query, for: context.viewer)).json
    json.offices = context.officeWords
    return try context.json(json)
}
