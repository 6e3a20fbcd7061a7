import Domain
import Hummingbird
import Storage

let standInRoutes: [Route] = [
    Route(.get, Paths.standIns, needs: .decideRequests) { try await showStandIns($0, problem: nil) },
    Route(.post, Paths.standIns, needs: .decideRequests, setStandIn),
    Route(.post, Paths.standInEnd(":id"), needs: .decideRequests, endStandIn),
]
let standInPages: [any Page.Type] = [StandInsPage.self]

struct StandInsPage: Page {
    static let template = "standIn.list"
    struct Row: Decodable, Sendable {
        var person: String
        var delegate: String
        var from: String
        var until: String
        var state: String
        var tone: String
        var end: String?
    }
    var title = "Stand-ins"
    var problem: Problem?
    var list = Paths.requests
    var action = Paths.standIns
    var rows: [Row]
    var maySet: Bool
    var away: [Choice]
    var delegates: [Choice]
    var from: String
    var until: String
    var earliest: String
}

private func showStandIns(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let (store, viewer, format, form) = (context.store, context.viewer, context.format, context.form)
    let today = try await store.today()
    let (list, names) = try await store.delegations(for: viewer)
    let choices = try await store.standInChoices(for: viewer)
    let isOffice = context.reach == .office
    let rows = list.sorted { $0.from > $1.from }.prefix(100).map { it in
        let state =
            it.holds(on: today) ? ("Now", "good") : it.from > today ? ("Later", "info") : ("Over", "neutral")
        return StandInsPage.Row(
            person: names[it.person] ?? "", delegate: names[it.delegate] ?? "", from: format.day(it.from),
            until: format.day(it.until.adding(-1)), state: state.0, tone: state.1,
            end: state.0 != "Over" && (isOffice || it.person == viewer.person)
                ? Paths.standInEnd(it.id.description) : nil)
    }
    let away: ID<Person>? = form.id("person") ?? viewer.person
    let delegate: ID<Person>? = form.id("delegate")
    return try context.page(
        StandInsPage(
            problem: problem.map(Problem.init), rows: rows, maySet: !choices.away.isEmpty,
            away: choices.away.map { Choice($0.id.description, $0.name, selected: $0.id == away) },
            delegates: [Choice("", "Choose", selected: delegate == nil)]
                + choices.delegates.filter { isOffice || $0.id != viewer.person }
                .map { Choice($0.id.description, $0.name, selected: $0.id == delegate) },
            from: form.text("from") ?? today.iso, until: form["until"], earliest: today.iso),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func setStandIn(_ context: SignedIn) async throws -> Response {
    let form = context.form
    do {
        guard let delegate: ID<Person> = form.id("delegate") else {
            throw UserError(.invalid, "It does not say who stands in.", advice: "Choose somebody.")
        }
        guard let from = form.day("from"), let last = form.day("until") else {
            throw UserError(
                .invalid, "It does not say on which days.", advice: "Choose the first and the last day.")
        }
        guard let person: ID<Person> = form.id("person") ?? context.viewer.person else {
            throw UserError.notHere
        }
        try await context.store.delegate(
            person, to: delegate, from: from, until: last.adding(1), for: context.viewer, by: context.actor)
        return context.redirect(
            to: Paths.standIns,
            Notice(
                .success, "The stand-in is set",
                context.format.period(Period(from: from, to: last)) + ", both days included."))
    } catch let error as UserError where error.code != .notFound {
        return try await showStandIns(context, problem: error)
    }
}

@Sendable private func endStandIn(_ context: SignedIn) async throws -> Response {
    try await context.store.endDelegation(try context.id(), for: context.viewer, by: context.actor)
    return context.redirect(
        to: Paths.standIns, Notice(.success, "The stand-in has ended", "What was decided meanwhile stands."))
}
