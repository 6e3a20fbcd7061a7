import Domain
import Hummingbird
import Storage

/// The form of a new request: its kind is a tab, so that it asks for nothing that the kind does not need.
@Sendable func showNewRequest(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let typed = problem == nil ? context.query : context.form
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let today = try await store.today()
    let usual = today.adding(1)
    let day = typed.day("effective").map { max($0, today) } ?? usual
    let agent: ID<Person>? = typed.id("agent")
    var choices = try await store.requestChoices(on: day, for: viewer)
    if let agent, !choices.has(agent), day != usual {
        // Not his on that day: he is still offered, so that what was typed stands.
        choices = try await store.requestChoices(on: usual, for: viewer)
    }
    let kinds = TransferRequest.Kind.allCases.filter { !(choices.opensAsManager && $0 == .remove) }
    let kind =
        TransferRequest.Kind(rawValue: typed["kind"]).flatMap { kinds.contains($0) ? $0 : nil } ?? .transfer
    let tabs = [TransferRequest.Kind.transfer, .swap, .remove].filter(kinds.contains).map { other in
        NewRequestPage.Tab(
            label: other.title,
            href: Form(
                [("kind", other.rawValue)]
                    + ["agent", "effective"].compactMap { name in
                        typed.text(name).map { (name, $0) }
                    }
            ).link(Paths.newRequest),
            isCurrent: other == kind)
    }
    let ownSeats = choices.own.map(\.seat)
    let partner: ID<Person>? = typed.id("other")
    return try context.page(
        NewRequestPage(
            problem: problem.map(Problem.init), kind: kind.rawValue, tabs: tabs,
            about: about(kind, choices), hasAgents: choices.own.contains { !$0.agents.isEmpty },
            emptyText: choices.own.isEmpty
                ? "Requests are opened by team leaders about their agents, and by team managers about theirs. "
                    + "You lead no team on \(format.day(day))."
                : "There is no agent in your team on \(format.day(day)).",
            agents: choices.own.compactMap { $0.group(selected: agent) },
            targets: kind == .transfer ? .init(groups: choices.targets(selected: typed["to"])) : nil,
            partners: kind == .swap
                ? .init(
                    groups: choices.others.filter { !ownSeats.contains($0.seat) || !choices.opensAsManager }
                        .compactMap { $0.group(selected: partner) }) : nil,
            effective: typed.text("effective") ?? usual.iso, earliest: today.iso, reason: typed["reason"],
            submit: choices.opensAsManager ? "Ask the other team manager" : "Open the request"),
        status: problem?.httpStatus ?? .ok)
}

private func about(_ kind: TransferRequest.Kind, _ choices: RequestChoices) -> String {
    if choices.opensAsManager {
        return
            "The other team manager decides. Within your own teams no request is needed: place the agent directly."
    }
    return switch kind {
    case .transfer: "The other team leader accepts first, then the team manager approves."
    case .swap:
        "Both agents change places on the same day. The other team leader accepts, then the team manager approves."
    case .remove: "The agent stays with your team manager, without a team. The team manager approves."
    }
}

extension RequestChoices {
    fileprivate func has(_ agent: ID<Person>) -> Bool {
        own.contains { $0.agents.contains { $0.id == agent } }
    }

    /// Leaders by their manager, and for a manager's request the idle agents of another; `-ID` is the latter.
    fileprivate func targets(selected: String) -> [NewRequestPage.Group] {
        let managers = others.reduce(into: [String]()) {
            if !$0.contains($1.manager) { $0.append($1.manager) }
        }
        return managers.compactMap { manager in
            let choices = others.filter { $0.manager == manager }.compactMap { team -> Choice? in
                if let leader = team.seat.leader {
                    return Choice(
                        leader.description, team.leader ?? "", selected: selected == leader.description)
                }
                guard opensAsManager, let id = team.seat.manager else { return nil }
                return Choice("-\(id)", "\(manager)'s idle agents", selected: selected == "-\(id)")
            }
            return choices.isEmpty ? nil : .init(label: manager, choices: choices)
        }
    }
}

extension RequestChoices.Team {
    fileprivate func group(selected: ID<Person>?) -> NewRequestPage.Group? {
        guard !agents.isEmpty else { return nil }
        return .init(
            label: leader ?? "\(manager)'s idle agents",
            choices: agents.map { Choice($0.id.description, $0.name, selected: $0.id == selected) })
    }
}

@Sendable func openRequest(_ context: SignedIn) async throws -> Response {
    do {
        let request = try await openRequest(as: context.form, context)
        let list = try await context.store.request(request.id, for: context.viewer)
        let words = RequestWriter(names: list.names, format: context.format)
        return context.redirect(
            to: Paths.request(request.id.description),
            Notice(.success, "The request is open", list.rows.first.map(words.explanation) ?? ""))
    } catch let error as UserError where error.code != .notFound {
        return try await showNewRequest(context, problem: error)
    }
}

/// Opens what the fields `kind`, `agent`, `other`, `to` (`-ID`: a manager's idle agents), `effective` and `reason` say.
func openRequest(as form: Form, _ context: SignedIn) async throws -> TransferRequest {
    guard let kind = TransferRequest.Kind(rawValue: form["kind"]) else {
        throw UserError(.invalid, "That is no kind of request.", advice: "Choose transfer, swap or remove.")
    }
    guard let agent: ID<Person> = form.id("agent") else {
        throw UserError(.invalid, "The request names no agent.", advice: "Choose one.")
    }
    guard let day = form.day("effective") else {
        throw UserError(
            .invalid, "The request has no day.", advice: "Choose the first day on which it shall hold.")
    }
    let target = form["to"]
    let other: ID<Person>? = form.id("other")
    if kind == .swap, other == nil {
        throw UserError(.invalid, "The swap names no other agent.", advice: "Choose one of another team.")
    }
    do {
        return try await context.store.openRequest(
            kind, agent: agent, otherAgent: other, to: ID(target),
            manager: target.hasPrefix("-") ? ID(String(target.dropFirst())) : nil, effective: day,
            reason: form["reason"], for: context.viewer, by: context.actor)
    } catch let error as UserError where error.code == .notFound {
        // His agent, but not on that day, or not the other's: a reason to choose again, not a secret.
        let usual = try await context.store.today().adding(1)
        let choices = try await context.store.requestChoices(on: usual, for: context.viewer)
        guard choices.has(agent) else { throw error }
        throw UserError(
            .conflict, "On that day the agent is not in your team, or the other one is in none.",
            advice: "Choose another day or another agent.")
    }
}
