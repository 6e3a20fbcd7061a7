import Domain
import Hummingbird
import Storage

let homeRoutes: [Route] = [Route(.get, Paths.home, needs: .viewFirstScreen, showHome)]
let homePages: [any Page.Type] = [OfficeHomePage.self, TeamHomePage.self, OwnHomePage.self]

@Sendable private func showHome(_ context: SignedIn) async throws -> Response {
    let today = context.today
    let day = try await context.store.lastDayWithCalls(for: context.viewer)
    switch context.viewer.reach(.viewFigures) {
    case .office: return try await officeHome(context, day: day, today: today)
    case .team, .teams: return try await teamHome(context, day: day, today: today)
    case .own, .none: return try await ownHome(context, day: day)
    }
}

/// Figures of a day in tiles, against the last day like it.
func dayTiles(_ day: Day, _ keys: [String], _ context: SignedIn) async throws -> [FigureTile] {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let query = context.question(Period(from: day, to: day))
    let now = try await store.report(query, for: viewer).total
    var before: (figures: Figures, words: String)?
    if let like = try await store.likeDay(before: day, for: viewer) {
        let total = try await store.report(ReportQuery(period: Period(from: like, to: like)), for: viewer)
            .total
        before = (total, format.shortDay(like))
    }
    return keys.compactMap(Metric.named).map { metric in
        let opened = query.narrowed(to: [], counting: metric.opens)
        return FigureTile(
            metric, now, href: context.may(.viewCalls) ? Paths.calls + "?" + opened.queryString : nil,
            before: before, format)
    }
}

extension SignedIn {
    /// A question to the figures of the offices that the page shows, whose links say so.
    func question(_ period: Period) -> ReportQuery {
        var query = ReportQuery(period: period)
        query.filter.offices = viewer.offices
        return query
    }

    func reportHref(_ day: Day) -> String { dayHref(Paths.performance, day) }

    func dayHref(_ path: String, _ day: Day) -> String {
        Form([("from", day.iso), ("to", day.iso)] + officeItems).link(path)
    }
}

private func officeHome(_ context: SignedIn, day: Day?, today: Day) async throws -> Response {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let period = Period(from: today.adding(-27), to: today)
    let calendar = try await store.uploadCalendar(period, today: today, for: viewer)
    let unmapped = try await store.unmappedStates(in: period, for: viewer)
    var fileQuery = FileQuery()
    fileQuery.limit = 8
    let files = try await store.files(fileQuery, for: viewer).files
    let shown = day ?? today
    let query = context.question(Period(from: shown, to: shown))
    let badge = try await store.badge(try await store.report(query, for: viewer), for: viewer)
    let gaps = calendar.flatMap { row in
        row.days.filter { $0.state == .missing || $0.state == .half }.map { (row.title, $0) }
    }.sorted { $0.1.day > $1.1.day }.map { source, day in
        let came = day.state == .missing ? "nothing" : format.count(day.logs, "call", "calls")
        let usual = day.usual.map { ", usually \(format.number($0))" } ?? ""
        return OfficeHomePage.Gap(
            words: "\(source): \(came) for \(format.shortDay(day.day))\(usual)",
            isMissing: day.state == .missing)
    }
    let upload = viewer.role == .dataEntry ? try await UploadForm(context) : nil
    return try context.page(
        OfficeHomePage(
            lede: format.day(today), hasCalls: day != nil, upload: upload, disk: DiskNotice(context),
            mayUpload: upload == nil && context.viewer.offices == .own && context.may(.uploadFiles),
            inbox: try await inbox(context),
            dayName: format.day(shown), reportHref: context.reportHref(shown),
            tiles: day == nil
                ? []
                : try await dayTiles(
                    shown, ["logs", "dials", "contactRate", "successes", "presentDays"], context),
            gaps: Array(gaps.prefix(6)), hasGaps: !gaps.isEmpty,
            moreGaps: gaps.count > 6
                ? "and \(format.count(gaps.count - 6, "more day", "more days")), in the calendar" : nil,
            calendarDays: (0..<period.dayCount).map { offset in
                let day = period.from.adding(offset)
                return .init(
                    weekday: String(format.weekday(day).prefix(2)), number: String(day.civil.day))
            },
            calendar: calendar.map { row in
                .init(
                    name: row.title,
                    cells: row.days.map { day in
                        .init(
                            kind: day.state.rawValue,
                            words: "\(format.shortDay(day.day)): "
                                + (day.logs > 0 ? format.count(day.logs, "call", "calls") + ", " : "")
                                + day.state.title.lowercased()
                                + (day.usual.map { ", usually \(format.number($0))" } ?? ""),
                            href: context.reportHref(day.day) + "&source=\(row.source.id)")
                    })
            },
            key: UploadState.allCases.map { .init(kind: $0.rawValue, label: $0.title) },
            uploads: files.map { file in
                let counts = file.uploaded.counts
                let refused = counts.rejected + counts.changed
                return .init(
                    name: file.uploaded.fileName, href: Paths.file(file.uploaded.file.description),
                    when: format.moment(file.uploadedAt), whenMachine: format.machine(file.uploadedAt),
                    by: file.uploadedBy,
                    outcome:
                        "\(format.number(counts.accepted)) of \(format.count(counts.rows, "line", "lines"))"
                        + (refused > 0 ? ", \(format.number(refused)) rejected or changed" : ""),
                    isClean: refused == 0)
            },
            unmapped: unmapped.prefix(8).map { state in
                var query = context.question(period)
                query.filter.counting = .unmapped
                let slices = [
                    Slice(by: .source, value: state.source.id.description, title: ""),
                    Slice(by: .state, value: state.state, title: ""),
                ]
                return .init(
                    source: FigureCell(
                        state.title,
                        href: context.may(.manageSettings)
                            ? Paths.source(state.source.id.description) : nil),
                    state: state.state.isEmpty ? "(blank)" : state.state,
                    logs: format.number(state.logs),
                    href: Paths.calls + "?" + query.narrowed(to: slices).queryString)
            },
            hasUnmapped: !unmapped.isEmpty,
            badge: format.badge(badge), badgeIsGood: badge.agrees,
            checksHref: context.dayHref(Paths.checks, shown)))
}

/// What only somebody of the whole office can mend; lines without anything are left out.
private func inbox(_ context: SignedIn) async throws -> [InboxLine] {
    var lines: [InboxLine] = []
    let waiting = try await context.store.requestsAwaiting(context.viewer)
    if waiting > 0 {
        lines.append(
            InboxLine(
                context.format.count(waiting, "transfer request waits", "transfer requests wait")
                    + " for an admin, or for somebody without an account",
                href: context.visit.ofOffice(Paths.requests)))
    }
    let stopped = try await context.store.exchangeQuestionCount(for: context.viewer)
    if stopped > 0 {
        lines.append(
            InboxLine(
                "The exchange with other offices stopped at "
                    + context.format.count(stopped, "question", "questions"), href: Paths.exchange))
    }
    let names = try await context.store.unmatchedNameCount(for: context.viewer)
    if names > 0 {
        lines.append(
            InboxLine(
                context.format.count(names, "name of a dialer's file", "names of dialers' files")
                    + " that nobody has matched or placed yet",
                href: context.visit.ofOffice(Paths.names)))
    }
    if let alarm = context.visit.backups, alarm.isAlarm {
        lines.append(InboxLine(alarm.text, href: alarm.href))
    }
    let conflicts = try await context.store.openConflictCount(for: context.viewer)
    if conflicts > 0 {
        lines.append(
            InboxLine(
                context.format.count(conflicts, "conflict", "conflicts")
                    + " with other offices that nobody has decided yet",
                href: Paths.conflicts))
    }
    return lines
}

private func ownHome(_ context: SignedIn, day: Day?) async throws -> Response {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    guard let person = viewer.person, let day else {
        return try context.page(
            OwnHomePage(
                lede: format.day(context.today), hasCalls: false,
                isLinked: viewer.person != nil, dayName: "", agentHref: Paths.agents, tiles: [],
                best: [], days: [], own: try await ownTeam(context)))
    }
    let path = Paths.agent(person.description)
    let month = Period(from: day.adding(-27), to: day)
    let days = try await store.agentDays(person, in: month, for: viewer)
    let daily = try await store.report(ReportQuery(period: month, by: [.day]), for: viewer)
    let best = ["logs", "successes", "contactRate", "successesPerActiveHour"].compactMap(Metric.named)
        .compactMap { metric -> OwnHomePage.Best? in
            // A rate of three calls is no best.
            let rows = daily.rows.filter { $0.figures.dials >= Metric.rankDials || metric.unit == .count }
            guard
                let top = rows.max(by: { (metric.value($0.figures) ?? -1) < (metric.value($1.figures) ?? -1) }
                ),
                let value = metric.value(top.figures), value > 0,
                let day = top.slices.first.flatMap({ Day(iso: $0.value) })
            else { return nil }
            return .init(
                what: metric.title, value: format.metric(metric, top.figures),
                day: FigureCell(format.day(day), href: "\(path)?from=\(day.iso)&to=\(day.iso)"))
        }
    var query = ReportQuery(period: Period(from: day, to: day))
    query.filter.agents = [.id(person)]
    return try context.page(
        OwnHomePage(
            lede: format.day(context.today), hasCalls: true, isLinked: true,
            dayName: format.day(day), agentHref: path,
            tiles: try await dayTiles(
                day, ["logs", "contactRate", "successes", "active", "successesPerActiveHour"], context),
            timeline: try await timeline(query, days.last, context), best: best,
            days: days.reversed().prefix(7).map {
                $0.page(format, href: "\(path)?from=\($0.day.iso)&to=\($0.day.iso)")
            }, own: try await ownTeam(context)))
}
