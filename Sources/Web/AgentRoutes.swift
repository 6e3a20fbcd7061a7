import Domain
import Formats
import Hummingbird
import Storage

let agentRoutes: [Route] = [
    Route(.get, Paths.agents, needs: .viewFigures, showAgents),
    Route(.get, Paths.agent(":id"), needs: .viewFigures, showAgent),
    Route(.get, Paths.agentsAPI, needs: .viewFigures, sendAgents),
]
let agentPages: [any Page.Type] = [AgentsPage.self, AgentPage.self]

private let agentsPerPage = 200

@Sendable private func showAgents(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery(days: 28)
    let format = context.format
    let search = context.query["q"]
    let agents = try await context.store.agents(
        search: search, in: query.period, filter: query.filter, teams: query.teams, for: context.viewer)
    let pages = max(1, (agents.count + agentsPerPage - 1) / agentsPerPage)
    let page = min(max(1, context.query.integer("page") ?? 1), pages)
    let start = (page - 1) * agentsPerPage
    let end = min(agents.count, start + agentsPerPage)
    let isWhole = search.isEmpty && query.filter.isEmpty
    let items = query.items + (search.isEmpty ? [] : [(name: "q", value: search)])
    let dates = ReportQuery.queryString([("from", query.period.from.iso), ("to", query.period.to.iso)])
    let rate = Metric.named("contactRate")
    let perHour = Metric.named("successesPerActiveHour")
    let rows = agents[start..<end].map { agent in
        let slice = Slice(by: .agent, value: agent.person.id.description, title: agent.person.name)
        return AgentsPage.Row(
            name: agent.person.name, href: Paths.agent(agent.person.id.description) + "?" + dates,
            also: agent.alsoNamed.isEmpty ? nil : agent.alsoNamed.joined(separator: ", "),
            office: context.may(.viewOffices) ? agent.office.flatMap { context.office.otherName($0) } : nil,
            group: agent.group, leader: agent.leader?.name ?? agent.manager?.name ?? OfficeFormat.none,
            employment: agent.employment,
            logs: FigureCell(
                format.number(agent.figures.logs),
                href: agent.figures.logs > 0 && context.may(.viewCalls)
                    ? Paths.calls + "?" + query.narrowed(to: [slice]).queryString : nil),
            contactRate: rate.map { format.metric($0, agent.figures) } ?? OfficeFormat.none,
            successes: format.number(agent.figures.successes),
            perHour: perHour.map { format.metric($0, agent.figures) } ?? OfficeFormat.none,
            present: agent.figures.activity?.presentDays.map { format.number($0) } ?? OfficeFormat.none)
    }
    let form = FilterForm(
        query, path: Paths.agents,
        choices: try await context.store.filterChoices(in: query.period, for: context.viewer)
            .filter { [.leader, .manager, .group, .employment].contains($0.key) },
        divisions: 0, today: context.today, search: search, choosesTeams: true,
        format)
    return try context.page(
        AgentsPage(
            lede:
                "\(format.count(agents.count, "agent", "agents")), figures of \(context.reportHeading(query)).",
            filter: form, rows: rows, hasRows: !rows.isEmpty,
            emptyText: isWhole
                ? "Agents appear with the first file that names them."
                : "Nobody fits. Take a filter away or search for a part of the name.",
            allHref: isWhole ? nil : Paths.agents,
            uploadHref: isWhole && context.may(.uploadFiles) ? Paths.files : nil,
            previousHref: page > 1 ? Form(items).with(["page": String(page - 1)]).link(Paths.agents) : nil,
            nextHref: page < pages ? Form(items).with(["page": String(page + 1)]).link(Paths.agents) : nil,
            shown: rows.isEmpty
                ? "0" : "\(format.number(start + 1))–\(format.number(end)) of \(format.number(agents.count))")
    )
}

@Sendable private func showAgent(_ context: SignedIn) async throws -> Response {
    let person: ID<Person> = try context.id()
    var query = try await context.reportQuery(days: 28)
    query.filter = CallFilter()
    query.filter.agents = [.id(person)]
    query.filter.offices = context.everyOffice
    query.by = []
    let agent = try await context.store.agent(person, in: query.period, for: context.viewer)
    return try context.page(
        try await agentPage(agent, query, context),
        whose: try await context.store.otherOffice(of: person))
}

/// Everything about one agent in a period; the agent's own first screen shows it too.
func agentPage(_ agent: AgentRow, _ query: ReportQuery, _ context: SignedIn) async throws -> AgentPage {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let mayOpen = context.may(.viewCalls)
    func calls(_ slices: [Slice], counting: Counting? = nil) -> String? {
        mayOpen ? Paths.calls + "?" + query.narrowed(to: slices, counting: counting).queryString : nil
    }
    func divided(_ by: [By], sort: String? = nil) async throws -> Report {
        var divided = query
        divided.by = by
        divided.sort = sort
        return try await store.report(divided, for: viewer)
    }
    func ofDay(_ day: Day) -> String? { calls([Slice(by: .day, value: day.iso, title: "")]) }

    var before = query
    before.period = query.period.previous
    let previous = try await store.report(before, for: viewer).total
    let days = try await store.agentDays(agent.person.id, in: query.period, for: viewer)
    let files = try await store.agentFiles(agent.person.id, in: query.period, for: viewer)
    let states = try await divided([.state], sort: "-logs")
    let hours = try await divided([.weekday, .hour])
    let charts = FigureCharts(format: format, openDays: try await store.daysWithCalls(query, for: viewer))
    let logs = Metric.named("logs")
    let daily = query.period.dayCount > 1 ? try await divided([.day]) : nil
    let trend = daily.flatMap { daily in logs.map { charts.trend(daily, id: "trend", $0, link: ofDay) } }
    let isOneDay = query.period.dayCount == 1
    let path = Paths.agent(agent.person.id.description)
    let lastDay =
        agent.figures.logs > 0 ? nil : try await store.lastDayWithCalls(of: agent.person.id, for: viewer)
    let table = hourTable(hours, calls: { calls($0) }, format)
    let form = FilterForm(
        ReportQuery(period: query.period), path: path, choices: [:], divisions: 0,
        today: context.today, format)
    let tileKeys = [
        "logs", "dials", "contactRate", "successes", "conversion", "active", "logsPerActiveHour",
        "successesPerActiveHour", "aht", "presentDays",
    ]
    return AgentPage(
        title: agent.person.name, lede: format.period(query.period),
        personHref: Paths.person(agent.person.id.description),
        facts: [
            .init(name: "Group", value: agent.group),
            .init(name: "Team leader", value: agent.leader?.name ?? OfficeFormat.none),
            .init(name: "Team manager", value: agent.manager?.name ?? OfficeFormat.none),
            .init(name: "Designation", value: agent.designation),
            .init(name: "Employment", value: agent.employment), .init(name: "Status", value: agent.status),
        ]
            + (agent.alsoNamed.isEmpty
                ? [] : [.init(name: "In files as", value: agent.alsoNamed.joined(separator: ", "))]),
        filter: form,
        reportHref: Paths.performance + "?" + query.queryString + "&by=day",
        requestHref: context.may(.decideRequests) && viewer.person != nil
            && [agent.leader?.id, agent.manager?.id].contains(viewer.person)
            ? Form([("agent", agent.person.id.description)]).link(Paths.newRequest) : nil,
        hasCalls: agent.figures.logs > 0,
        lastDayHref: lastDay.map { "\(path)?from=\($0.iso)&to=\($0.iso)" },
        tiles: tileKeys.compactMap(Metric.named).filter { $0.key != "aht" || agent.figures.talkLogs > 0 }
            .map { metric in
                FigureTile(
                    metric, agent.figures, href: calls([], counting: metric.opens),
                    before: (previous, format.shortPeriod(query.period.previous)), format)
            },
        timeline: isOneDay ? try await timeline(query, days.first, context) : nil,
        trend: trend?.svg, trendRows: trend?.rows ?? [],
        heat: logs.flatMap { charts.heat(hours, id: "heat", $0) { calls($0) } },
        heatHours: table.hours, heatRows: table.rows,
        stack: charts.states(states, id: "states"),
        states: states.rows.map { row in
            .init(
                state: FigureCell(row.slices[0].title, href: calls(row.slices)),
                logs: format.number(row.figures.logs),
                share: format.percent(row.figures.logs, of: states.total.logs))
        },
        days: days.reversed().map { $0.page(format, href: ofDay($0.day)) },
        daysNote:
            "Pauses up to \(context.office.office.rules.maxGapMinutes) minutes count as active. "
            + "Work before the first log is not seen.",
        files: files.map { file in
            .init(
                name: FigureCell(
                    file.file.name,
                    href: context.may(.viewFiles) ? Paths.file(file.file.id.description) : nil),
                version: format.number(file.version), uploaded: format.moment(file.uploaded),
                rows: format.number(file.rows), counted: format.number(file.counted))
        })
}

/// Weekdays down, hours across, as text beside the heat map.
private func hourTable(_ report: Report, calls: ([Slice]) -> String?, _ format: OfficeFormat) -> (
    hours: [String], rows: [AgentPage.HourRow]
) {
    var cells: [Int: [Int: ReportRow]] = [:]
    for row in report.rows {
        guard row.slices.count == 2, let weekday = Int(row.slices[0].value),
            let hour = Int(row.slices[1].value)
        else { continue }
        cells[weekday, default: [:]][hour] = row
    }
    let hours = cells.values.flatMap(\.keys)
    guard let low = hours.min(), let high = hours.max() else { return ([], []) }
    let rows = cells.keys.sorted().map { weekday in
        AgentPage.HourRow(
            weekday: ReportQuery.weekdayTitles.indices.contains(weekday)
                ? ReportQuery.weekdayTitles[weekday] : "",
            cells: (low...high).map { hour in
                guard let row = cells[weekday]?[hour] else {
                    return FigureCell(OfficeFormat.none)
                }
                return FigureCell(format.number(row.figures.logs), href: calls(row.slices))
            })
    }
    return ((low...high).map { String($0) }, rows)
}

/// Ticks and pauses of one day.
func timeline(_ query: ReportQuery, _ day: AgentDayRow?, _ context: SignedIn) async throws -> String? {
    guard let day else { return nil }
    let page = try await context.store.calls(query, limit: 1000, for: context.viewer)
    let times = page.calls.map(\.time).sorted()
    let limit = Int64(context.office.office.rules.maxGapMinutes) * 60
    let gaps = zip(times, times.dropFirst()).compactMap { from, to -> ChartGap? in
        let length = to.seconds - from.seconds
        return length > limit ? ChartGap(from: from, to: to, label: "\(length / 60) min") : nil
    }
    return dayTimeline(id: "day", title: "Calls of \(context.format.day(day.day))", calls: times, gaps: gaps)
}

@Sendable private func sendAgents(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery(days: 28)
    let agents = try await context.store.agents(
        search: context.query["q"], in: query.period, filter: query.filter, teams: query.teams,
        for: context.viewer)
    let names = { (office: ID<Office>?) in
        context.may(.viewOffices) ? office.flatMap { context.office.otherName($0) } : nil
    }
    return try context.json(
        AgentsJSON(
            from: query.period.from.iso, to: query.period.to.iso, teams: query.teams.words,
            agents: agents.map {
                .init(
                    id: $0.person.id.description, name: $0.person.name, alsoNamed: $0.alsoNamed,
                    office: names($0.office), designation: $0.designation, employment: $0.employment,
                    status: $0.status, group: $0.group, leader: $0.leader?.name, manager: $0.manager?.name,
                    logs: $0.figures.logs, contacts: $0.figures.contacts, successes: $0.figures.successes)
            }))
}

private struct AgentsJSON: Encodable {
    struct Agent: Encodable {
        var id: String
        var name: String
        var alsoNamed: [String]
        var office: String?
        var designation: String
        var employment: String
        var status: String
        var group: String
        var leader: String?
        var manager: String?
        var logs: Int
        var contacts: Int
        var successes: Int
    }
    var from: String
    var to: String
    var teams: String?
    var agents: [Agent]
}
