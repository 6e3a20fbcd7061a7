import Domain
import Hummingbird
import Storage

@Sendable func askHandOver(_ it: PersonContext, _ problem: UserError?) async throws -> Response {
    let now = try it.standing()
    guard now.rank != .agent else {
        throw UserError(
            .notFound, "\(it.name) leads nobody on \(it.request.format.day(it.day)).",
            advice: "Only a team leader or a team manager can hand over.")
    }
    let (form, choices) = (it.form, it.choices)
    let selected = form["successor"]
    func choice(_ kind: String, _ person: Person, _ note: String) -> Choice {
        let value = "\(kind):\(person.id)"
        return Choice(value, person.name + note, selected: value == selected)
    }
    let same = now.rank == .leader ? choices.leaders(except: it.id) : choices.managers(except: it.id)
    // Whoever is one step below can take over by rising, his own people first.
    let below =
        now.rank == .leader
        ? it.organization.team(of: it.id, on: it.day)
            + (now.manager.map { manager in
                it.organization.leaders(of: manager, on: it.day).filter { $0.person != it.id }
                    .flatMap { it.organization.team(of: $0.person, on: it.day) }
                    + it.organization.idleAgents(of: manager, on: it.day)
            } ?? [])
        : it.organization.leaders(of: it.id, on: it.day)
    let fate = form["fate"]
    let others = choices.terms.statuses.filter { $0 != now.placement.status }
    return try it.page(
        "Hand over from \(it.name)",
        lede:
            "Everybody who reports to \(it.name), also as scheduled, and the open requests go to one successor, in one step.",
        parts: [
            .day("from", "From", form.text("from") ?? it.today.iso, hint: "Days before keep \(it.name)."),
            .select(
                "successor", "Successor", [Choice("", "Choose…", selected: selected.isEmpty)],
                groups: [
                    .init(
                        label: now.placement.designation, choices: same.map { choice("is", $0, "") }),
                    .init(
                        label: "Is promoted to \(now.placement.designation) in the same step",
                        choices: below.map {
                            choice(
                                "rises", Person(id: $0.person, name: $0.name), ", \($0.placement.designation)"
                            )
                        }),
                ]),
            .checks(
                "fate", "\(it.name)",
                [Choice("", "stays, with nobody reporting to him or her", selected: fate.isEmpty)]
                    + others.map { status in
                        let ends = choices.terms.ending.contains(status)
                        return Choice(
                            status, ends ? "leaves (\(status))" : "stays, with the status “\(status)”",
                            selected: fate == status)
                    }, radio: true),
            choices.reason,
        ], action: Paths.personHandOver(it.id.description), problem)
}

@Sendable func handOver(_ it: PersonContext) async throws -> Response {
    let request = it.request
    let (store, viewer, format, form) = (request.store, request.viewer, request.format, it.form)
    let parts = form["successor"].split(separator: ":")
    let promoting = parts.first == "rises"
    let successor = parts.last.flatMap { ID<Person>(String($0)) }
    let status = form.text("fate")
    return try await request.inSteps(ask: { try await askHandOver(it, $0) }) {
        let day = try request.day("from")
        guard let successor else {
            throw UserError(.invalid, "There is no successor.", advice: "Choose one of the list.")
        }
        let handed = try await store.handOverPreview(
            it.id, to: successor, from: day, promoting: promoting, status: status, for: viewer)
        let preview = try await store.previewPlacing(for: viewer) { _ in handed.placements }
        let name = it.organization.name(of: successor)
        var look = PeopleLook(
            preview, heading: "Hand over the people of \(it.name) to \(name) on \(format.day(day))?",
            confirm: "Hand over", from: day, format: format)
        let requests = try await store.requests(for: viewer.everywhere).rows.map(\.request)
            .filter { handed.requests.contains($0.id) }
        look.sentences.append(
            handed.requests.isEmpty
                ? "No open request is touched."
                : "\(format.count(handed.requests.count, "open request goes", "open requests go")) over too: "
                    + requests.map {
                        "\($0.kind.rawValue) of \(it.organization.name(of: $0.agent)) on \(format.day($0.effective))"
                    }.joined(separator: "; ") + ".")
        if handed.deactivates { look.warnings += accountWarnings(it) }
        return look
    } act: {
        guard let successor else { throw UserError.notHere }
        let day = try request.day("from")
        let handed = try await store.handOver(
            it.id, to: successor, from: day, promoting: promoting, status: status, reason: form["reason"],
            for: viewer, by: request.actor)
        let people = Set(handed.placements.map(\.person)).subtracting([it.id, successor]).count
        let open =
            handed.deactivates && request.may(.manageUsers) && !it.managed.accounts.isEmpty
            ? " \(it.name) can still sign in: see Account below." : ""
        return request.redirect(
            to: it.path,
            Notice(
                open.isEmpty ? .success : .warning, "Handed over",
                "\(format.count(people, "person", "people")) from \(format.day(day)) on to \(it.organization.name(of: successor)).\(open)"
            ))
    }
}
