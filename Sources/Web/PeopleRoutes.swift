import Domain
import HTTPTypes
import Hummingbird
import Storage

let peopleRoutes: [Route] = [
    Route(.get, Paths.people, needs: .viewPeople, showPeople),
    Route(.get, Paths.person(":id"), needs: .viewPeople, showPerson),
    Route(.get, Paths.peopleAPI, needs: .viewPeople, sendPeople),
    Route(.get, Paths.personAPI(":id"), needs: .viewPeople, sendPerson),
]

/// The day that is asked about, and as of which day what is known counts; nil: now.
struct AskedDays {
    var on: Day
    var known: Day?

    /// For links that keep them; empty for today as known now.
    func query(today: Day) -> Form {
        guard on != today || known != nil else { return Form() }
        return Form([("on", on.iso), ("known", known?.iso ?? "")])
    }

    init(_ context: SignedIn) async throws {
        let today = try await context.store.today()
        on = try context.askedDay("on") ?? today
        known = try context.askedDay("known")
    }
}

extension SignedIn {
    /// A day of the query; nil where it is empty.
    fileprivate func askedDay(_ name: String) throws -> Day? {
        guard let text = self.query.text(name) else { return nil }
        guard let day = Day(iso: text) else {
            throw UserError(.invalid, "“\(text)” is no day.", advice: "Write it like 2026-11-23.")
        }
        return day
    }

    /// Whether a person's page is within reach as he stands; his name may be there without it.
    func sees(_ it: Standing) -> Bool {
        switch viewer.reach(.viewPeople) {
        case .office: true
        case .none: false
        case .own: it.person == viewer.person
        case .team: it.person == viewer.person || it.leader == viewer.person
        case .teams: it.person == viewer.person || it.manager == viewer.person
        }
    }
}

// MARK: The chart

@Sendable private func showPeople(_ context: SignedIn) async throws -> Response {
    let days = try await AskedDays(context)
    let today = try await context.store.today()
    let chart = try await context.store.chart(on: days.on, known: days.known, for: context.viewer)
    let search = context.query["q"]
    let shown = chart.matching(search)
    let canManage = context.may(.managePeople)
    var scheduled: [PeoplePage.Scheduled] = []
    if canManage {
        let (changes, organization) = try await context.store.scheduledChanges(
            after: today, for: context.viewer)
        let words = PeopleWords(organization: organization, format: context.format)
        scheduled = changes.map { known in
            let id = known.placement.person.description
            return .init(
                day: context.format.day(known.placement.from), name: words.name(known.placement.person),
                href: Paths.person(id), text: words.sentence(known.placement), cause: words.cause(known),
                cancel: Form([("day", known.placement.from.iso)]).link(Paths.personCancel(id)))
        }
    }
    let builder = ChartBuilder(
        context: context, canChoose: canManage && days.known == nil, days: days.query(today: today))
    let isOffice = context.viewer.reach(.viewPeople) == .office
    // Who is added here is the own office's.
    let canAdd = canManage && context.viewer.offices == .own
    return try context.page(
        PeoplePage(
            lede: builder.counts(chart, on: days.on),
            search: search, on: days.on.iso, known: days.known?.iso ?? "",
            asKnown: days.known.map { context.format.day($0) },
            canManage: builder.canChoose, add: canAdd ? Paths.newPerson : nil,
            roster: canAdd ? Paths.roster : nil,
            export: Form([("on", days.on.iso)] + context.officeItems).link(Paths.rosterCSV),
            begin: isOffice && context.viewer.offices == .own && canManage && chart.branches.isEmpty
                && days.known == nil,
            newManager: newPersonLink(context.office.office.rules.terms.managing.first),
            newLeader: newPersonLink(context.office.office.rules.terms.leading.first),
            users: context.may(.manageUsers) ? Paths.newUser : nil,
            isEmpty: shown.count == 0,
            emptyText: chart.count == 0
                ? "Nobody was here on \(context.format.day(days.on)), as far as you may see. Choose another day."
                : "Nobody is called so. Search for a part of the name.",
            hasPeople: shown.count > 0, branches: shown.branches.map(builder.branch),
            unassigned: builder.loose("Unassigned", shown.unassigned),
            left: builder.loose("Left", shown.left),
            scheduled: scheduled, hasScheduled: !scheduled.isEmpty))
}

// MARK: A person

@Sendable private func showPerson(_ context: SignedIn) async throws -> Response {
    let id: ID<Person> = try context.id()
    let days = try await AskedDays(context)
    return try context.page(
        try await personPage(id, days, context),
        whose: context.may(.viewOffices) ? try await context.store.otherOffice(of: id) : nil)
}

private func personPage(_ id: ID<Person>, _ days: AskedDays, _ context: SignedIn) async throws -> PersonPage {
    let (store, format) = (context.store, context.format)
    let today = try await store.today()
    let detail = try await store.person(id, on: days.on, known: days.known, for: context.viewer)
    let organization = try await store.organization(known: days.known)
    let words = PeopleWords(organization: organization, format: format)
    let text = id.description
    var managed: ManagedPerson?
    if context.may(.managePeople), days.known == nil, detail.mergedInto == nil {
        do { managed = try await store.managedPerson(id, from: today, for: context.viewer) } catch let error
            as UserError where error.code == .notFound
        {}
    }
    let now = detail.standing
    let accounts = try await store.openAccounts(of: id, for: context.viewer)
    let isOffice = context.viewer.reach(.viewPeople) == .office
    let hasLeft = now?.hasLeft == true && days.on >= today
    return PersonPage(
        title: detail.person.name,
        conflict: try await ConflictNote(about: .person(id), context),
        lede: now.map { "\(format.day(days.on)): \($0.placement.designation), \(words.seat($0))." }
            ?? "\(format.day(days.on)): \(isOffice ? "nothing was known of this day" : "not within your reach").",
        path: Paths.person(text), on: days.on.iso, known: days.known?.iso ?? "",
        asKnown: days.known.map { format.day($0) },
        merged: detail.mergedInto.map { .init(label: $0.name, href: Paths.person($0.id.description)) },
        facts: now.map { facts($0, words, organization, days.on, context) } ?? [],
        outside: now == nil
            ? isOffice
                ? "Nothing was known of \(detail.person.name) then."
                : "\(detail.person.name) was not within your reach on this day. The days that you may see are in the history."
            : nil,
        figures: Paths.agent(text),
        actions: managed.map { actions($0, text, today) } ?? [],
        accounts: accounts.map {
            .init(
                text: "\($0.username) (\($0.role.title))", href: Paths.user($0.id.description),
                disable: hasLeft ? Paths.userDisable($0.id.description) : nil)
        },
        steps: detail.timeline.reversed().map { step in
            let isScheduled = step.from > today
            return .init(
                day: format.day(step.from), until: step.until.map { format.day($0.adding(-1)) },
                title: words.title(step), isScheduled: isScheduled,
                cause: step.known.map(words.cause)
                    ?? "Follows from a change above; nobody placed \(detail.person.name) that day.",
                superseded: context.may(.managePeople)
                    ? step.superseded.map { "\(words.sentence($0.placement)). \(words.cause($0))" } : [],
                hasSuperseded: context.may(.managePeople) && !step.superseded.isEmpty,
                cancel: isScheduled && step.known != nil && managed != nil
                    ? Form([("day", step.from.iso)]).link(Paths.personCancel(text)) : nil)
        },
        names: detail.aliases.flatMap { alias in
            alias.spans.filter { $0.person == id }.map { span in
                let from = span.from == Day(number: .min) ? nil : "from \(format.day(span.from))"
                let until =
                    span.until == Day(number: .max) ? nil : "until \(format.day(span.until.adding(-1)))"
                let days = [from, until].compactMap { $0 }.joined(separator: " ")
                return .init(name: alias.name, days: days.isEmpty ? "on all days" : days)
            }
        }, hasNames: !detail.aliases.isEmpty, today: today.iso)
}

private func facts(
    _ now: Standing, _ words: PeopleWords, _ organization: Organization, _ day: Day, _ context: SignedIn
) -> [PersonPage.Fact] {
    func person(_ title: String, _ id: ID<Person>?) -> PersonPage.Fact {
        let standing = id.flatMap { organization.standing(of: $0, on: day) }
        return .init(
            name: title, value: id.map { words.name($0) } ?? OfficeFormat.none,
            href: standing.flatMap { context.sees($0) ? Paths.person($0.person.description) : nil })
    }
    var facts: [PersonPage.Fact] = [
        .init(name: "Designation", value: now.placement.designation, href: nil),
        .init(name: "Employment", value: now.placement.employment, href: nil),
        .init(name: "Status", value: now.placement.status, href: nil),
        .init(name: "Group", value: now.placement.group, href: nil),
    ]
    if now.rank == .agent { facts.append(person("Team leader", now.leader)) }
    if now.rank != .manager { facts.append(person("Team manager", now.manager)) }
    let below = Form([("q", now.name), ("on", day.iso)]).link(Paths.people)
    if now.rank == .leader {
        let team = organization.team(of: now.person, on: day).count
        facts.append(.init(name: "Team", value: context.format.count(team, "agent", "agents"), href: below))
    } else if now.rank == .manager {
        let teams = organization.leaders(of: now.person, on: day).count
        let idle = organization.idleAgents(of: now.person, on: day).count
        facts.append(
            .init(
                name: "Teams", value: context.format.number(teams) + (idle > 0 ? ", and \(idle) idle" : ""),
                href: below))
    }
    return facts
}

private func actions(_ managed: ManagedPerson, _ id: String, _ today: Day) -> [PersonPage.Action] {
    let organization = managed.organization
    guard let now = organization.standing(of: managed.person.id, on: today) else { return [] }
    var actions: [PersonPage.Action] = []
    if now.hasLeft {
        actions.append(.init(label: "Let return", href: Paths.personReturn(id)))
    } else {
        actions.append(.init(label: "Place", href: Paths.personPlace(id)))
        if now.rank != .manager { actions.append(.init(label: "Promote", href: Paths.personPromote(id))) }
        if now.rank != .agent { actions.append(.init(label: "Hand over", href: Paths.personHandOver(id))) }
        actions.append(.init(label: "Leave", href: Paths.personLeave(id)))
    }
    actions.append(.init(label: "Rename", href: Paths.personName(id)))
    return actions
}
