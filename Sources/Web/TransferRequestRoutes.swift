import Domain
import Foundation
import Hummingbird
import Storage

let transferRequestRoutes: [Route] =
    [
        Route(.get, Paths.requests, needs: .viewRequests, listRequests),
        Route(.get, Paths.newRequest, needs: .decideRequests) { try await showNewRequest($0, problem: nil) },
        Route(.post, Paths.newRequest, needs: .decideRequests, openRequest),
        Route(.get, Paths.request(":id"), needs: .viewRequests) { try await showRequest($0, problem: nil) },
        Route(.get, Paths.requestsAPI, needs: .viewRequests, sendRequests),
        Route(.post, Paths.requestsAPI, needs: .decideRequests, openRequestByProgram),
        Route(.get, Paths.requestAPI(":id"), needs: .viewRequests, sendRequest),
        Route(.post, Paths.requestStepAPI(":id", ":action"), needs: .decideRequests, takeStepByProgram),
    ]
    + RequestAction.allCases.map { action in
        Route(.post, Paths.requestStep(":id", action.rawValue), needs: .decideRequests) { context in
            try await takeStep(action, context)
        }
    }

private let requestsPerPage = 50

@Sendable private func listRequests(_ context: SignedIn) async throws -> Response {
    let (query, format, viewer) = (context.query, context.format, context.viewer)
    let list = try await context.store.requests(for: viewer)
    let words = RequestWriter(names: list.names, format: format)
    let state = TransferRequest.State(rawValue: query["state"])
    let kind = TransferRequest.Kind(rawValue: query["kind"])
    let agent: ID<Person>? = query.id("agent")
    let rows = list.rows.filter { row in
        (state == nil || row.state == state) && (kind == nil || row.request.kind == kind)
            && (agent.map(row.request.agents.contains) ?? true)
    }
    let waiting = rows.filter(\.awaitsViewer)
    let open = rows.filter { $0.state.isUndecided && !$0.awaitsViewer }
    let decided = rows.filter { !$0.state.isUndecided }
    let pages = max(1, (decided.count + requestsPerPage - 1) / requestsPerPage)
    let page = min(max(1, query.integer("page") ?? 1), pages)
    let start = (page - 1) * requestsPerPage
    let shown = decided[start..<min(decided.count, start + requestsPerPage)]
    let sections: [(String, ArraySlice<RequestRow>)] =
        (page == 1 ? [("Waiting for you", waiting[...]), ("Open", open[...])] : [])
        + [("History", shown)]
    let persons = Set(list.rows.flatMap(\.request.agents)).map { Person(id: $0, name: words.name($0)) }
        .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    let isFiltered = state != nil || kind != nil || agent != nil
    let empty = emptyWords(viewer, isFiltered: isFiltered)
    func link(_ page: Int) -> String { query.with(["page": String(page)]).link(Paths.requests) }
    return try context.page(
        RequestsPage(
            lede: waiting.isEmpty
                ? "Agents who shall leave, change or swap teams."
                : "\(format.count(waiting.count, "request waits", "requests wait")) for you.",
            newHref: context.may(.decideRequests) ? Paths.newRequest : nil,
            standInHref: context.may(.decideRequests) ? Paths.standIns : nil,
            hasAny: !list.rows.isEmpty, emptyTitle: empty.title, emptyText: empty.text,
            states: [Choice("", "All", selected: state == nil)]
                + TransferRequest.State.allCases.map { Choice($0.rawValue, $0.title, selected: $0 == state) },
            kinds: [Choice("", "All", selected: kind == nil)]
                + TransferRequest.Kind.allCases.map { Choice($0.rawValue, $0.title, selected: $0 == kind) },
            agents: personChoices(persons, agent, none: "All"),
            sections: sections.filter { !$0.1.isEmpty }.map { title, rows in
                .init(title: title, isHistory: title == "History", rows: rows.map { RequestLine($0, words) })
            },
            earlierHref: page < pages ? link(page + 1) : nil, laterHref: page > 1 ? link(page - 1) : nil,
            shown:
                "\(format.number(waiting.count + open.count)) open, \(format.number(decided.count)) in the history"
        ))
}

private func emptyWords(_ viewer: Viewer, isFiltered: Bool) -> (title: String, text: String) {
    if isFiltered { return ("No request fits", "Take a filter away to see the others.") }
    return switch viewer.role {
    case .teamLeader:
        (
            "No requests yet",
            "Open one when an agent of yours shall leave your team, go to another or be swapped."
        )
    case .teamManager:
        (
            "No requests yet",
            "What your team leaders ask for appears here. For an agent of another team manager, open one yourself."
        )
    case .agent: ("No requests about you", "When somebody asks to move you to another team, it appears here.")
    default:
        ("No requests yet", "What team leaders and team managers ask for appears here, with its history.")
    }
}

@Sendable private func showRequest(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let list = try await context.store.request(try context.id(), for: context.viewer)
    guard let row = list.rows.first else { throw UserError.notHere }
    let end = min(list.today, row.request.effective).adding(-1)
    let period = Period(from: end.adding(-29), to: end)
    let shows = row.state.isUndecided || row.state == .scheduled || row.state == .applied
    var effect: (sides: [TeamEffect], period: Period)?
    if shows, context.may(.decideRequests) {
        let id = row.request.id
        effect = try await context.store.effects(of: [id], in: period, for: context.viewer)[id]
            .map { ($0, period) }
    }
    return try context.page(
        RequestPage(
            row, words: RequestWriter(names: list.names, format: context.format), viewer: context.viewer,
            effect: effect, typed: context.form, problem: problem),
        // The request is there for him: only the step is not his.
        status: problem.map { $0.code == .notAllowed ? .conflict : $0.httpStatus } ?? .ok,
        whose: context.may(.viewOffices)
            ? try await context.store.otherOffice(of: row.request.agent) : nil)
}

private func takeStep(_ action: RequestAction, _ context: SignedIn) async throws -> Response {
    let id: ID<TransferRequest> = try context.id()
    do {
        try await context.store.decideRequest(
            id, action, comment: context.form["comment"], actingFor: context.form.id("acting-for"),
            for: context.viewer, by: context.actor)
    } catch let error as UserError where error.code != .notFound {
        return try await showRequest(context, problem: error)
    }
    let path = Paths.request(id.description)
    // Whoever stood in for a side may be out of the request's sight with his step.
    guard let list = try? await context.store.request(id, for: context.viewer), let row = list.rows.first
    else {
        return context.redirect(to: Paths.requests, Notice(.success, "Done"))
    }
    return context.redirect(
        to: path, RequestWriter(names: list.names, format: context.format).done(action, row))
}
