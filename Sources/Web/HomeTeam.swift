import Domain
import Hummingbird
import Storage

/// The last days over which teams are compared.
private let comparedDays = 7
private let mostLines = 6

func teamHome(_ context: SignedIn, day: Day?, today: Day) async throws -> Response {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let isManager = viewer.role == .teamManager
    let shown = day ?? today
    let period = Period(from: shown, to: shown)
    let report = try await store.report(
        ReportQuery(period: period, by: isManager ? [.leader] : [.agent], sort: "-logs"), for: viewer)
    let missing = try await store.agents(in: period, for: viewer).filter { $0.figures.logs == 0 }
    let requests = try await homeRequests(context)
    let scheduled = try await homeChanges(context)
    let waiting = requests.count { $0.awaitsViewer }
    let exceptions = isManager && day != nil ? try await store.agentExceptions(on: shown, for: viewer) : []
    let idle =
        isManager
        ? try await store.chart(on: try await store.today(), for: viewer).branches.flatMap(\.idle) : []
    let dates = "?from=\(shown.iso)&to=\(shown.iso)"
    return try context.page(
        TeamHomePage(
            heading: isManager ? "My teams" : "My team", lede: format.day(today),
            requests: Array(requests.prefix(mostLines)), hasRequests: !requests.isEmpty,
            requestsNote: waiting > 0
                ? format.count(waiting, "request waits for you.", "requests wait for you.")
                : requests.isEmpty ? "No request is open." : "Nothing waits for you.",
            scheduled: Array(scheduled.prefix(12)), hasScheduled: !scheduled.isEmpty, hasCalls: day != nil,
            dayName: format.day(shown),
            against: try await store.likeDay(before: shown, for: viewer).map {
                TextLink(text: format.shortDay($0), href: context.reportHref($0))
            },
            reportHref: context.reportHref(shown),
            tiles: day == nil
                ? []
                : try await dayTiles(
                    shown,
                    ["logs", "contactRate", "successes", "successesPerActiveHour", "presentDays"], context),
            comparison: isManager && day != nil ? try await comparison(shown, context) : nil,
            exceptions: exceptions.prefix(20).map { .init($0, dates: dates, on: shown, format) },
            showsExceptions: isManager,
            idle: idle.map { .init(name: $0.name, href: Paths.agent($0.person.description)) },
            hasIdle: !idle.isEmpty, twoDays: isManager ? nil : try await twoDays(day, context),
            table: report.rows.isEmpty
                ? nil
                : FigureTable(
                    ReportValues(report), page: 1, period: period, format: format,
                    mayOpenCalls: context.may(.viewCalls)
                ) { Form(report.query.items).with($0).link(Paths.performance) },
            missing: missing.prefix(50).map {
                .init(
                    name: $0.person.name, href: Paths.agent($0.person.id.description), group: $0.group)
            },
            hasMissing: !missing.isEmpty))
}

private func comparison(_ day: Day, _ context: SignedIn) async throws -> TeamComparison? {
    var query = ReportQuery(
        period: Period(from: day.adding(1 - comparedDays), to: day), by: [.leader], sort: "-logs")
    let now = try await context.store.report(query, for: context.viewer)
    query.period = query.period.previous
    let before = try await context.store.report(query, for: context.viewer)
    return TeamComparison(now, before, format: context.format) { slice in
        var opened = now.query.narrowed(to: [slice])
        opened.by = [.agent]
        return Paths.performance + "?" + opened.queryString
    }
}

private func twoDays(_ day: Day?, _ context: SignedIn) async throws -> TwoDays? {
    guard let day else { return nil }
    var reports: [Report] = []
    for day in [day, try await context.store.lastDayWithCalls(before: day, for: context.viewer)].compactMap({
        $0
    }) {
        reports.append(
            try await context.store.report(
                ReportQuery(period: Period(from: day, to: day), by: [.agent], sort: "-logs"),
                for: context.viewer))
    }
    return TwoDays(reports, format: context.format, href: context.reportHref)
}

/// What is open of the viewer's requests, those that wait for him first, these with their effect.
func homeRequests(_ context: SignedIn) async throws -> [HomeRequest] {
    let list = try await context.store.requests(undecided: true, for: context.viewer)
    let words = RequestWriter(names: list.names, format: context.format)
    let end = list.today.adding(-1)
    let asked = list.rows.prefix(mostLines).filter(\.awaitsViewer).map(\.request.id)
    let effects =
        asked.isEmpty
        ? [:]
        : try await context.store.effects(
            of: asked, in: Period(from: end.adding(-29), to: end), for: context.viewer)
    return list.rows.map { row in
        HomeRequest(
            what: words.headline(row.request), href: Paths.request(row.request.id.description),
            state: row.state.title, tone: row.state.tone,
            waiting: words.waiting(row).map { "Waits for \($0)" } ?? "", awaitsViewer: row.awaitsViewer,
            effects: (effects[row.request.id] ?? []).map { words.effect($0) })
    }
}

extension RequestWriter {
    /// `Lea Leader: 8 → 7 agents, 3,210 → 2,930 logs, 41 → 37 successes in 30 days`.
    func effect(_ side: TeamEffect) -> String {
        func part(_ before: Int, _ after: Int, _ what: String) -> String {
            "\(format.number(before)) → \(format.number(after)) \(what)"
        }
        return "\(team(side.seat)): "
            + [
                part(side.agentsBefore, side.agentsAfter, "agents"),
                part(side.before.logs, side.after.logs, "logs"),
                part(side.before.successes, side.after.successes, "successes"),
            ].joined(separator: ", ") + " in 30 days"
    }
}

/// Placements that are going to be, within reach.
func homeChanges(_ context: SignedIn) async throws -> [HomeChange] {
    let changes = try await context.store.scheduledChanges(for: context.viewer)
    let words = RequestWriter(names: changes.names, format: context.format)
    return changes.list.map { change in
        HomeChange(
            day: context.format.day(change.known.placement.from), words: words.change(change),
            link: change.known.cause.request.map {
                TextLink(text: "the request", href: Paths.request($0.description))
            })
    }
}

extension RequestWriter {
    /// `Ann Bell moves from Lea Leader to Leo Other`.
    func change(_ change: ScheduledChange) -> String {
        let name = name(change.known.placement.person)
        guard let after = change.after else { return "\(name) changes" }
        let (old, new) = (change.before, after.placement)
        if after.hasLeft { return "\(name) leaves" }
        func seat(_ standing: Standing) -> Seat { Seat(leader: standing.leader, manager: standing.manager) }
        guard let old, !old.hasLeft else { return "\(name) joins \(team(seat(after)))" }
        if old.rank != after.rank { return "\(name) becomes \(new.designation)" }
        if after.rank == .leader, old.manager != after.manager {
            return "\(name) and the team come under \(self.name(after.manager))"
        }
        if after.rank == .agent, seat(old) != seat(after) {
            return "\(name) moves from \(team(seat(old))) to \(team(seat(after)))"
        }
        let parts = [
            (old.placement.designation, new.designation), (old.placement.employment, new.employment),
            (old.placement.status, new.status), (old.placement.group, new.group),
        ].filter { $0.0 != $0.1 }.map { "\($0.0) → \($0.1)" }
        return parts.isEmpty ? "\(name) stays as now" : "\(name): \(parts.joined(separator: ", "))"
    }
}

extension TeamHomePage.Exception {
    init(_ it: AgentException, dates: String, on day: Day, _ format: OfficeFormat) {
        name = it.person.name
        href = Paths.agent(it.person.id.description) + dates
        switch it.kind {
        case .absent(let usual):
            (kind, tone) = ("Absent", "bad")
            words = "no logs, usually \(format.number(usual))"
        case .drop(let logs, let usual):
            (kind, tone) = ("Sharp drop", "warn")
            words = "\(format.count(logs, "log", "logs")), usually \(format.number(usual))"
        case .longGap(let seconds, let start):
            (kind, tone) = ("Long gap", "neutral")
            words = "\(format.duration(seconds: seconds)) from \(clockText(start, on: day))"
        }
    }
}

/// An agent's team today, how it came to be, and what is going to be; nil for an account of nobody.
func ownTeam(_ context: SignedIn) async throws -> OwnTeam? {
    guard let person = context.viewer.person, context.may(.viewPeople) else { return nil }
    let (store, format) = (context.store, context.format)
    let today = try await store.today()
    let detail = try await store.person(person, on: today, for: context.viewer)
    let words = RequestWriter(names: detail.names, format: format)
    let requests = context.may(.viewRequests) ? try await homeRequests(context) : []
    let scheduled = try await homeChanges(context)
    return OwnTeam(
        facts: [
            .init(
                name: "Team leader",
                value: detail.standing?.leader.map { words.name($0) } ?? OfficeFormat.none),
            .init(
                name: "Team manager",
                value: detail.standing?.manager.map { words.name($0) } ?? OfficeFormat.none),
            .init(name: "Designation", value: detail.standing?.placement.designation ?? OfficeFormat.none),
            .init(name: "Employment", value: detail.standing?.placement.employment ?? OfficeFormat.none),
        ],
        steps: detail.timeline.filter { $0.from <= today }.reversed().prefix(12).map { step in
            .init(day: format.day(step.from), words: words.step(step))
        },
        scheduled: scheduled, hasScheduled: !scheduled.isEmpty, requests: requests,
        hasRequests: !requests.isEmpty)
}

extension RequestWriter {
    /// `Moved to the team of Leo Other`.
    func step(_ step: TimelineStep) -> String {
        let placement = step.after.placement
        let under = team(Seat(leader: placement.leader, manager: step.after.manager))
        return step.changes.map { change in
            switch change {
            case .joined: "Joined, under \(under)"
            case .returned: "Came back, under \(under)"
            case .left: "Left"
            case .promoted, .demoted, .changedDesignation: "Became \(placement.designation)"
            case .movedTeam: "Moved to \(under)"
            case .movedManager: "Came under \(name(step.after.manager))"
            case .changedEmployment: placement.employment
            case .changedStatus: placement.status
            case .changedGroup: "Group \(placement.group)"
            case .confirmed: "Placed again as before"
            }
        }.joined(separator: ", ")
    }
}
