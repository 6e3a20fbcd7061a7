import Domain
import Hummingbird
import Storage

// MARK: Promoting

@Sendable func askPromote(_ it: PersonContext, _ problem: UserError?) async throws -> Response {
    let now = try it.standing()
    let (form, choices) = (it.form, it.choices)
    let higher = choices.terms.designations.filter { choices.terms.rank(of: $0).rawValue > now.rank.rawValue }
    guard !higher.isEmpty else { throw UserError.notHere }
    let chosen = form.text("designation") ?? higher.first ?? ""
    let managers = choices.managers(except: it.id)
    let selected = form.id("manager") ?? now.manager
    var parts: [PersonFormPage.Part] = [
        .day("from", "From", form.text("from") ?? it.today.iso),
        choices.words("designation", "Becomes", higher, chosen),
    ]
    if now.rank == .agent {
        parts.append(
            .select(
                "manager", "Under",
                managers.map { Choice($0.id.description, $0.name, selected: $0.id == selected) },
                hint: "For a team leader; a team manager is under nobody."))
        let ticked = Set(form.all("team"))
        let colleagues =
            (now.leader.map { it.organization.team(of: $0, on: it.day) } ?? [])
            + (now.manager.map { it.organization.idleAgents(of: $0, on: it.day) } ?? [])
        let others = colleagues.filter { $0.person != it.id }
        if !others.isEmpty {
            parts.append(
                .checks(
                    "team", "Who comes into the new team",
                    others.map { other in
                        let id = other.person.description
                        let from =
                            other.leader.map { "with \(it.organization.name(of: $0)) now" } ?? "idle now"
                        return Choice(id, "\(other.name), \(from)", selected: ticked.contains(id))
                    }, hint: "Others can be placed there later."))
        }
    } else {
        let team = it.organization.team(of: it.id, on: it.day)
        if !team.isEmpty {
            let fate = form["fate"]
            let under = [
                Choice("idle:\(it.id)", "\(it.name), without a team", selected: fate == "idle:\(it.id)")
            ]
            parts.append(
                .select(
                    "fate", "The \(it.request.format.count(team.count, "agent", "agents")) of the team go",
                    [],
                    groups: [
                        .init(
                            label: "To a team leader",
                            choices: choices.leaders(except: it.id).map {
                                Choice("to:\($0.id)", $0.name, selected: fate == "to:\($0.id)")
                            }),
                        .init(
                            label: "Under a team manager",
                            choices: under
                                + managers.map {
                                    Choice(
                                        "idle:\($0.id)", "\($0.name), without a team",
                                        selected: fate == "idle:\($0.id)")
                                }),
                    ], hint: "To give the team to a new leader, hand over first and promote then."))
        }
    }
    parts.append(choices.group(form["group"], hint: "Empty: the group stays."))
    parts += choices.later(of: [it.id], replace: "keep their day, with the new designation")
    parts.append(choices.reason)
    return try it.page(
        "Promote \(it.name)", parts: parts, action: Paths.personPromote(it.id.description), problem)
}

@Sendable func promote(_ it: PersonContext) async throws -> Response {
    let team = it.form.all("team").compactMap { ID<Person>($0) }
    for agent in team
    where !it.organization.isManaged(agent, by: it.request.viewer, from: it.today) { throw UserError.notHere }
    let subjects = it.organization.team(of: it.id, on: it.day).map(\.person)
    return try await it.place(
        "Promote \(it.name)", confirm: "Promote", notice: "\(it.name) is promoted",
        ask: { try await askPromote(it, $0) },
        plan: { organization in
            let designation = it.form["designation"]
            let rank = organization.terms.rank(of: designation)
            var fate: TeamFate?
            let parts = it.form["fate"].split(separator: ":")
            if parts.count == 2, let id = ID<Person>(String(parts[1])) {
                fate = parts[0] == "to" ? .handedTo(id) : .idleUnder(id)
            }
            return try organization.promote(
                it.id, to: designation, under: rank == .leader ? it.form.id("manager") : nil,
                from: try it.request.day("from"), group: it.form.text("group"),
                team: rank == .leader ? team : [], fate: fate, replacingLater: it.form["later"] == "replace")
        }, involved: team + subjects)
}

// MARK: Leaving and returning

/// For who may shut accounts: that this one stays open.
func accountWarnings(_ it: PersonContext) -> [String] {
    guard it.request.may(.manageUsers) else { return [] }
    return it.managed.accounts.map {
        "\(it.name) can still sign in as \($0.username). Disable that user on the page of the person, or under Users."
    }
}

@Sendable func askLeave(_ it: PersonContext, _ problem: UserError?) async throws -> Response {
    let now = try it.standing()
    let choices = it.choices
    let ending = choices.terms.statuses.filter(choices.terms.ending.contains)
    var parts: [PersonFormPage.Part] = [
        .day("from", "From", it.form.text("from") ?? it.today.iso, hint: "The first day no longer here.")
    ]
    if now.rank != .agent, it.organization.hasSubjects(it.id, from: it.day) {
        parts.insert(
            .note(
                "People report to \(it.name)",
                ["Use “Hand over” on the person's page: everybody goes to a successor in the same step."]),
            at: 0)
    }
    if ending.count > 1 {
        parts.append(choices.words("status", "Status", ending, it.form.text("status") ?? ending.first ?? ""))
    }
    parts.append(choices.reason)
    return try it.page(
        "\(it.name) leaves",
        lede: "Days before stay as they are. Everything that is scheduled after that day is taken back.",
        parts: parts, action: Paths.personLeave(it.id.description), problem)
}

@Sendable func leave(_ it: PersonContext) async throws -> Response {
    try await it.place(
        "\(it.name) leaves", confirm: "Leave", notice: "\(it.name) leaves",
        ask: { try await askLeave(it, $0) }, warnings: accountWarnings(it),
        plan: { organization in
            let ending = organization.terms.statuses.first(where: organization.terms.ending.contains)
            let status = it.form.text("status") ?? ending ?? Placement.left
            guard organization.terms.ending.contains(status) else { throw UserError.notHere }
            return try organization.leave(it.id, from: try it.request.day("from"), status: status)
        })
}

@Sendable func askReturn(_ it: PersonContext, _ problem: UserError?) async throws -> Response {
    let now = try it.standing()
    let (form, choices) = (it.form, it.choices)
    let isOffice = it.request.reach == .office
    return try it.page(
        "\(it.name) returns",
        parts: [
            .day("from", "From", form.text("from") ?? it.today.iso, hint: "The first day here again."),
            choices.words(
                "designation", "Designation", choices.terms.designations,
                form.text("designation") ?? now.placement.designation),
            choices.seats(
                form["seat"], except: it.id,
                first: isOffice
                    ? [Choice("nobody", "Nobody (unassigned)", selected: form["seat"] == "nobody")] : []),
            choices.reason,
        ], action: Paths.personReturn(it.id.description), problem)
}

@Sendable func letReturn(_ it: PersonContext) async throws -> Response {
    try await it.place(
        "\(it.name) returns", confirm: "Let return", notice: "\(it.name) returns",
        ask: { try await askReturn(it, $0) },
        plan: { organization in
            let terms = organization.terms
            let staying = terms.statuses.first { !terms.ending.contains($0) } ?? Placement.employee
            let designation = it.form.text("designation")
            let (leader, manager): (ID<Person>?, ID<Person>?) =
                switch try it.request.seat() {
                case .leader(let id): (id, nil)
                case .manager(let id): (nil, id)
                case .nobody, nil: (nil, nil)
                }
            let isManager = designation.map { terms.rank(of: $0) == .manager } ?? false
            return try organization.rejoin(
                it.id, from: try it.request.day("from"), leader: isManager ? nil : leader,
                manager: isManager ? nil : manager, designation: designation, status: staying)
        })
}

// MARK: Scheduled changes

@Sendable func askCancel(_ it: PersonContext, _ problem: UserError?) async throws -> Response {
    let text = it.form.text("from") ?? it.request.query["day"]
    guard let day = Day(iso: text),
        let scheduled = it.organization.later(of: it.id, after: day.adding(-1)).first(where: {
            $0.placement.from == day
        }), day > it.today
    else { throw UserError.notHere }
    let words = PeopleWords(organization: it.organization, format: it.request.format)
    return try it.page(
        "Cancel what is scheduled for \(it.name)",
        lede: "From that day \(it.name) goes on as before it.",
        parts: [
            .note(
                it.request.format.day(day), [words.sentence(scheduled.placement), words.cause(scheduled)]),
            it.choices.reason,
        ], hidden: [.init(name: "from", value: day.iso)], action: Paths.personCancel(it.id.description),
        problem)
}

@Sendable func cancel(_ it: PersonContext) async throws -> Response {
    guard it.day > it.today else { throw UserError.notHere }
    return try await it.place(
        "Cancel what is scheduled for \(it.name)", confirm: "Cancel the change",
        notice: "The change is cancelled", ask: { try await askCancel(it, $0) },
        plan: { try $0.cancel(it.id, from: try it.request.day("from")) })
}

// MARK: The name

@Sendable func askName(_ it: PersonContext, _ problem: UserError?) async throws -> Response {
    try it.page(
        "Rename \(it.name)",
        lede: "Everywhere and on all days. The dialer's names for \(it.name) stay linked; no call changes.",
        parts: [.text("name", "Name", it.form.has("name") ? it.form["name"] : it.name, required: true)],
        submit: "Rename", action: Paths.personName(it.id.description), problem)
}

@Sendable func rename(_ it: PersonContext) async throws -> Response {
    let name = it.form["name"]
    do {
        if name == it.name { return it.request.redirect(to: it.path) }
        try await it.request.store.renamePerson(
            it.id, to: name, for: it.request.viewer, by: it.request.actor)
    } catch let error as UserError where error.code != .notFound { return try await askName(it, error) }
    return it.request.redirect(to: it.path, Notice(.success, "Renamed", "\(it.name) is called \(name) now."))
}
