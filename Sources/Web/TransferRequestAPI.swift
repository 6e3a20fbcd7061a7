import Domain
import HTTPTypes
import Hummingbird
import Storage

/// A request as programs read it, over the API and on the command line.
public struct TransferRequestJSON: Encodable {
    struct Named: Encodable {
        var id: String
        var name: String
    }
    struct Place: Encodable {
        var leader: Named?
        var manager: Named?
    }
    struct Step: Encodable {
        var action: RequestAction
        var by: String
        var actingFor: Named?
        var override: Bool
        var comment: String
        var at: String
    }
    var id: String
    var kind: TransferRequest.Kind
    var agent: Named
    var otherAgent: Named?
    var from: Place
    var to: Place
    var effective: String
    var reason: String
    var by: String
    var actingFor: Named?
    var opened: String
    var expires: String?
    var state: TransferRequest.State
    var staleness: String?
    var waitingFor: [Named]
    var actions: [RequestAction]
    var steps: [Step]

    public init(_ row: RequestRow, names: [ID<Person>: String], _ format: OfficeFormat) {
        let words = RequestWriter(names: names, format: format)
        func named(_ id: ID<Person>) -> Named { Named(id: id.description, name: words.name(id)) }
        func place(_ seat: Seat) -> Place {
            Place(leader: seat.leader.map(named), manager: seat.manager.map(named))
        }
        let request = row.request
        id = request.id.description
        kind = request.kind
        agent = named(request.agent)
        otherAgent = request.otherAgent.map(named)
        from = place(request.from)
        to = place(request.to)
        effective = request.effective.iso
        reason = request.reason
        by = request.opener.name
        actingFor = request.openedFor.map(named)
        opened = format.machine(request.opened.instant)
        expires = row.expires.map(format.machine)
        state = row.state
        staleness = row.staleness
        waitingFor = row.waitingFor.map(named)
        actions = RequestAction.allCases.filter(row.actions.contains)
        steps = request.steps.map { step in
            Step(
                action: step.action, by: step.by.name, actingFor: step.actingFor.map(named),
                override: step.isOverride, comment: step.comment, at: format.machine(step.time.instant))
        }
    }
}

/// A request in lines for a person at a terminal: the first alone says what it is and how it stands.
public func transferRequestText(_ row: RequestRow, names: [ID<Person>: String], _ format: OfficeFormat)
    -> [String]
{
    let words = RequestWriter(names: names, format: format)
    let request = row.request
    func said(_ who: String, _ deed: String, _ time: HybridTime, _ text: String) -> String {
        "\(format.moment(time.instant))  \(who) \(deed)" + (text.isEmpty ? "" : ": \(text)")
    }
    return [
        "\(request.id)  \(row.state.title): \(words.headline(request))", words.explanation(row),
        said(words.opener(request), "opened it", request.opened, request.reason),
    ]
        + request.steps.map { step in
            said(
                words.who(step), words.deed(step) + (step.isOverride ? " as an admin" : ""), step.time,
                step.comment)
        }
}

private struct RequestsJSON: Encodable {
    var today: String
    var requests: [TransferRequestJSON]
}

private struct RequestAnswerJSON: Encodable {
    var request: String
    var href: String
    var state: TransferRequest.State?

    init(_ id: ID<TransferRequest>, _ state: TransferRequest.State? = nil) {
        request = id.description
        href = Paths.requestAPI(id.description)
        self.state = state
    }
}

@Sendable func sendRequests(_ context: SignedIn) async throws -> Response {
    let query = context.query
    let state = try query.text("state").map { text in
        guard let state = TransferRequest.State(rawValue: text) else {
            throw UserError(
                .invalid, "“\(text)” is no state of a request.",
                advice: "There is: "
                    + TransferRequest.State.allCases.map(\.rawValue).joined(separator: ", ") + ".")
        }
        return state
    }
    let list = try await context.store.requests(undecided: query["open"] == "1", for: context.viewer)
    return try context.json(
        RequestsJSON(
            today: list.today.iso,
            requests: list.rows.filter { state == nil || $0.state == state }.map {
                TransferRequestJSON($0, names: list.names, context.format)
            }))
}

@Sendable func sendRequest(_ context: SignedIn) async throws -> Response {
    let list = try await context.store.request(try context.id(), for: context.viewer)
    guard let row = list.rows.first else { throw UserError.notHere }
    return try context.json(TransferRequestJSON(row, names: list.names, context.format))
}

private struct OpenBody: Decodable {
    var kind: String
    var agent: String
    var otherAgent: String?
    /// The leader who gains the agent.
    var to: String?
    /// Into his idle agents, where `to` is not given.
    var manager: String?
    var effective: String
    var reason: String

    var form: Form {
        Form([
            ("kind", kind), ("agent", agent), ("other", otherAgent ?? ""),
            ("to", to ?? manager.map { "-" + $0 } ?? ""), ("effective", effective), ("reason", reason),
        ])
    }
}

@Sendable func openRequestByProgram(_ context: SignedIn) async throws -> Response {
    var form = context.form
    if !context.visit.json.isEmpty {
        form = try context.decode(OpenBody.self).form
    } else {
        form = form.with([
            "to": form.text("to") ?? form.text("manager").map { "-" + $0 } ?? "",
            "other": form.text("other") ?? form["otherAgent"],
        ])
    }
    let request = try await openRequest(as: form, context)
    return try context.json(RequestAnswerJSON(request.id), status: .created)
}

private struct StepBody: Decodable {
    var comment: String?
    var actingFor: String?
}

@Sendable func takeStepByProgram(_ context: SignedIn) async throws -> Response {
    let id: ID<TransferRequest> = try context.id()
    guard let action = context.parameters.get("action").flatMap({ RequestAction(rawValue: $0) }) else {
        throw UserError.notHere
    }
    var body = StepBody(
        comment: context.form["comment"],
        actingFor: context.form.text("actingFor") ?? context.form.text("acting-for"))
    if !context.visit.json.isEmpty { body = try context.decode(StepBody.self) }
    let actingFor: ID<Person>? = try body.actingFor.map { text in
        guard let person = ID<Person>(text) else {
            throw UserError(
                .invalid, "“\(text)” is no identity of a person.",
                advice: "Leave “actingFor” out to act for yourself.")
        }
        return person
    }
    do {
        try await context.store.decideRequest(
            id, action, comment: body.comment ?? "", actingFor: actingFor, for: context.viewer,
            by: context.actor)
    } catch let error as UserError where error.code == .notAllowed {
        // The request is there for him: only the step is not his.
        throw UserError(.conflict, error.message, advice: error.advice)
    }
    let list = try? await context.store.request(id, for: context.viewer)
    return try context.json(RequestAnswerJSON(id, list?.rows.first?.state))
}
