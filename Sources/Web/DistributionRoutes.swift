import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

let distributionRoutes: [Route] = [
    Route(.get, Paths.distribution, needs: .decideRequests) {
        try await showBoard($0, $0.query, problem: nil)
    },
    Route(.post, Paths.distribution, needs: .managePeople, moveAgents),
]

/// Of the query, or of a form that is shown again.
private func showBoard(
    _ context: SignedIn, _ form: Form, problem: UserError?, requestLinks: [TextLink] = []
) async throws -> Response {
    let today = try await context.store.today()
    let board = try await context.store.board(
        on: form.day("on") ?? today, of: form.id("manager"), for: context.viewer)
    var page = DistributionPage(
        board, today: today, form: form, viewer: context.viewer, kept: context.officeItems,
        format: context.format, problem: problem.map(Problem.init), requestLinks: requestLinks)
    page.action = context.visit.ofOffice(Paths.distribution)
    return try context.page(
        page,
        status: problem.map { $0.code == .notAllowed ? .conflict : $0.httpStatus } ?? .ok)
}

extension DistributionBoard.Place {
    /// What a form calls it; nil for where nothing is put.
    var key: String? {
        switch self {
        case .idle(let manager): "idle:\(manager)"
        case .team(let leader): "team:\(leader)"
        case .unassigned: nil
        }
    }

    init?(key: String) {
        guard let id = ID<Person>(String(key.dropFirst(5))) else { return nil }
        switch key.prefix(5) {
        case "idle:": self = .idle(id)
        case "team:": self = .team(id)
        default: return nil
        }
    }
}

/// Fields: `agent` for each who is ticked, `to` (`team:ID` or `idle:ID`), `on`, `later`, `reason`; `do` is `move`, or
/// `request` for the form of a request about the one who is ticked.
@Sendable private func moveAgents(_ context: SignedIn) async throws -> Response {
    let (store, form, format) = (context.store, context.form, context.format)
    let agents: [ID<Person>] = form.all("agent").compactMap { ID($0) }
    do {
        if form["do"] == "request" {
            guard let agent = agents.first, agents.count == 1 else {
                throw UserError(
                    .invalid, "A request is about one agent.", advice: "Tick the one, and press again.")
            }
            return context.redirect(to: Paths.requestAbout(agent.description))
        }
        guard let day = form.day("on") else {
            throw UserError(.invalid, "From which day on?", advice: "Choose the day on top of the board.")
        }
        guard let place = DistributionBoard.Place(key: form["to"]) else {
            throw UserError(.invalid, "Where to?", advice: "Choose a team, or a manager's idle agents.")
        }
        let made = try await store.moveAgents(
            agents, to: place, from: day, replacingLater: form.has("later"), reason: form["reason"],
            for: context.viewer, by: context.actor)
        let names = Dictionary(
            try await store.persons(for: context.viewer.everywhere).map { ($0.id, $0.name) }
        ) { first, _ in first }
        let moved = Set(made.map(\.person)).compactMap { names[$0] }.sorted()
        let who =
            moved.count > 3 ? format.count(moved.count, "agent", "agents") : moved.joined(separator: ", ")
        let target: String
        switch place {
        case .team(let leader): target = "in the team of \(names[leader] ?? "")"
        case .idle(let manager): target = "idle under \(names[manager] ?? "")"
        case .unassigned: target = ""
        }
        let left = Set(agents).count - moved.count
        return context.redirect(
            to: Form(
                [("on", form["on"]), ("manager", form["manager"]), ("q", form["q"])].filter { !$0.1.isEmpty }
                    + context.officeItems
            )
            .link(Paths.distribution),
            Notice(
                .success, "Moved",
                "\(who) \(moved.count == 1 ? "is" : "are") \(target) from \(format.day(day)) on."
                    + (left > 0 ? " \(format.number(left)) were there already." : "")))
    } catch let error as UserError where error.code != .notFound {
        var links: [TextLink] = []
        if error.code == .notAllowed, case .team(let leader)? = DistributionBoard.Place(key: form["to"]) {
            let names = Dictionary(
                try await store.persons(for: context.viewer.everywhere).map { ($0.id, $0.name) }
            ) { first, _ in first }
            links = agents.prefix(20).map { agent in
                TextLink(
                    text: "Open a request about \(names[agent] ?? "")",
                    href: Paths.requestAbout(agent.description, to: leader.description))
            }
        }
        return try await showBoard(context, form, problem: error, requestLinks: links)
    }
}
