import Domain
import Hummingbird
import Storage

/// Many at once: the chart sends whom, the form where to.
@Sendable func placeMany(_ context: SignedIn) async throws -> Response {
    let form = context.form
    let today = try await context.store.today()
    let agents = form.all("person").compactMap { ID<Person>($0) }
    let organization = try await context.store.organization()
    for agent in agents where !organization.isManaged(agent, by: context.viewer, from: today) {
        throw UserError.notHere
    }
    let day = form.day("from") ?? today
    let choices = PeopleChoices(
        context: context, organization: organization, day: day,
        outsiders: try await context.store.outsiders(ofOfficeOf: agents.first))
    func ask(_ problem: UserError?) throws -> Response {
        let words = PeopleWords(organization: organization, format: context.format)
        let now = agents.compactMap { organization.standing(of: $0, on: day) }.map {
            "\($0.name), \(words.seat($0))"
        }
        return try context.page(
            PersonFormPage(
                title: "Place \(context.format.count(agents.count, "person", "people"))",
                lede: "Together, as one entry of the activity.",
                crumbs: [.init(label: "People", href: Paths.people)], problem: problem.map(Problem.init),
                action: Paths.placePeople, back: Paths.people,
                hidden: agents.map { .init(name: "person", value: $0.description) },
                parts: (now.isEmpty ? [] : [.note("Chosen", now)]) + [
                    .day("from", "From", form.text("from") ?? today.iso),
                    choices.seats(
                        form["seat"], first: [Choice("", "Choose…", selected: form["seat"].isEmpty)]),
                    choices.group(form["group"], hint: "Empty: everybody keeps his own."),
                ] + choices.later(of: agents, replace: "keep their day, but stay with whom is chosen here")
                    + [choices.reason], submit: "Look at it first"), status: problem?.httpStatus ?? .ok)
    }
    guard !agents.isEmpty else {
        let problem = UserError(
            .invalid, "Nobody is chosen.", advice: "Go back to the chart and tick whom you want to place.")
        return try ask(problem)
    }
    let plan: @Sendable (Organization) throws -> [Placement] = { organization in
        let day = try context.day("from")
        let replacing = form["later"] == "replace"
        switch try context.seat() {
        case .leader(let leader):
            return try organization.move(
                agents, to: leader, from: day, group: form.text("group"), replacingLater: replacing)
        case .manager(let manager):
            return try organization.release(agents, under: manager, from: day, replacingLater: replacing)
                .map { placement in
                    var placement = placement
                    placement.group = form.text("group") ?? placement.group
                    return placement
                }
        case .nobody, nil:
            throw UserError(.invalid, "Nobody is chosen to report to.", advice: "Choose a team or a manager.")
        }
    }
    return try await context.inSteps(ask: { try ask($0) }) {
        let day = try context.day("from")
        return PeopleLook(
            try await context.store.previewPlacing(for: context.viewer, plan: plan),
            heading:
                "Place \(context.format.count(agents.count, "person", "people")) from \(context.format.day(day))?",
            confirm: "Place them", from: day, format: context.format)
    } act: {
        var named: [ID<Person>] = []
        switch try context.seat() {
        case .leader(let id), .manager(let id): named = [id]
        default: break
        }
        let placed = try await context.store.placePersons(
            agents, naming: named, reason: form["reason"], for: context.viewer, by: context.actor, plan: plan)
        return context.redirect(
            to: Paths.people,
            Notice(
                .success, "Placed",
                "\(context.format.count(Set(placed.map(\.person)).count, "person", "people")) from \(context.format.day(day)) on."
            ))
    }
}
