import Domain
import Foundation
import GRDB

extension Transaction {
    func foldTransferRequestOpened(_ event: Event, _ it: TransferRequestOpened) throws {
        var request = it.request
        request.opened = event.time
        let others = try openRequests(about: request.agents)
        try request.checkOpening(
            others: others, in: try context(of: [request] + others, event.time, event.office))
        try save(request)
    }

    func foldTransferRequestDecided(_ event: Event, _ it: TransferRequestDecided) throws {
        guard let request = try transferRequest(it.request) else { throw UserError.notHere }
        let after = try it.result(
            on: request, at: event.time, in: try context(of: [request], event.time, event.office))
        if !it.placements.isEmpty {
            try place(it.placements, event, reason: request.reason, request: request.id)
        }
        try save(after)
    }

    func foldTransferRequestCommented(_ event: Event, _ it: TransferRequestCommented) throws {
        guard let request = try transferRequest(it.request) else { throw UserError.notHere }
        try save(
            it.result(on: request, at: event.time, in: try context(of: [request], event.time, event.office)))
    }

    func transferRequest(_ id: ID<TransferRequest>) throws -> TransferRequest? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT request FROM transferRequest WHERE id = ?"),
            arguments: [id.description]
        ).map { try fromJSON(TransferRequest.self, $0) }
    }

    /// Undecided ones that name one of these agents, expired and stale ones too.
    func openRequests(about agents: [ID<Person>]) throws -> [TransferRequest] {
        let texts = try agents.flatMap { agent in
            try String.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT request FROM transferRequest
                        WHERE (agent = ?1 OR otherAgent = ?1) AND stage IN ('open', 'accepted', 'approved')
                        """), arguments: [agent.description])
        }
        return try Set(texts).map { try fromJSON(TransferRequest.self, $0) }
    }

    /// What a request is judged by at the time of an event.
    func context(of request: TransferRequest, _ time: HybridTime) throws -> TransferRequestContext {
        try context(of: [request], time)
    }

    /// - Parameter office: whose rules and day it is judged by; nil: the own one's.
    func context(of requests: [TransferRequest], _ time: HybridTime, _ office: ID<Office>? = nil) throws
        -> TransferRequestContext
    {
        try context(of: requests.flatMap(\.agents), naming: requests.flatMap(\.involved), time, office)
    }

    func context(
        of agents: [ID<Person>], naming others: [ID<Person>], _ time: HybridTime, _ office: ID<Office>? = nil
    ) throws -> TransferRequestContext {
        let known = try knownOffices()
        guard let office = office ?? known.own else { throw UserError.notSetUp }
        let rules = try known.rules(of: office)
        return TransferRequestContext(
            organization: try organization(changing: agents, naming: others),
            delegations: try delegations(), today: rules.businessDay(at: time.instant),
            now: time.instant, rules: rules.requests)
    }

    private func delegations() throws -> [Delegation] {
        guard let refold else { return try Delegation.all(db) }
        let all = try refold.delegations ?? Delegation.all(db)
        refold.delegations = all
        return all
    }

    func save(_ request: TransferRequest) throws {
        try db.run(
            sql: """
                INSERT INTO transferRequest (id, stage, agent, otherAgent, effectiveDay, opened, request)
                VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET stage = excluded.stage,
                  request = excluded.request
                """,
            arguments: [
                request.id.description, request.stage.rawValue, request.agent.description,
                request.otherAgent?.description, request.effective.number, request.opened.bits,
                try jsonText(request),
            ])
    }
}

extension OfficeStore {
    /// Opens a request; who is where on its day is read from the office.
    ///
    /// - Parameters:
    ///   - otherAgent: of a swap.
    ///   - leader: of a transfer, who gains the agent; nil with a manager: into his idle agents.
    @discardableResult
    public func openRequest(
        _ kind: TransferRequest.Kind, agent: ID<Person>, otherAgent: ID<Person>? = nil,
        to leader: ID<Person>? = nil, manager: ID<Person>? = nil, effective: Day, reason: String,
        for viewer: Viewer, by actor: Actor
    ) async throws -> TransferRequest {
        try viewer.require(.decideRequests)
        return try await write(as: actor) { tx in
            let time = try tx.nextTime()
            let agents = [agent, otherAgent].compactMap { $0 }
            let open = try tx.openRequests(about: agents)
            let named = [leader, manager, viewer.person].compactMap { $0 }
            let request = try TransferRequest.opening(
                id: tx.newID(), kind: kind, agent: agent, otherAgent: otherAgent, to: leader,
                manager: manager, effective: effective,
                reason: reason.trimmingCharacters(in: .whitespacesAndNewlines), by: RequestParty(viewer),
                at: time, others: open,
                // Whether an open one still stands depends on all whom it names.
                in: try tx.context(
                    of: agents + open.flatMap(\.agents), naming: named + open.flatMap(\.involved), time))
            try tx.append(.transferRequestOpened(TransferRequestOpened(request: request)))
            return request
        }
    }

    /// Takes a step in a request; a comment is one too.
    ///
    /// - Parameter actingFor: in whose place; nil: his own, or the only one he stands in for.
    /// - Throws: `UserError` where the step is not the viewer's; of a request out of his sight, `notHere`.
    public func decideRequest(
        _ id: ID<TransferRequest>, _ action: RequestAction, comment: String = "",
        actingFor: ID<Person>? = nil, for viewer: Viewer, by actor: Actor
    ) async throws {
        try viewer.require(.viewRequests)
        try await write(as: actor) { tx in
            guard let request = try tx.transferRequest(id) else { throw UserError.notHere }
            let comment = comment.trimmingCharacters(in: .whitespacesAndNewlines)
            let time = try tx.nextTime()
            let context = try tx.context(of: request, time)
            let party = RequestParty(viewer)
            guard request.isVisible(to: party, in: context) else { throw UserError.notHere }
            if action == .comment {
                try tx.append(
                    .transferRequestCommented(
                        TransferRequestCommented(
                            request: id, agent: request.agent, comment: comment, by: party)))
            } else {
                try tx.append(
                    .transferRequestDecided(
                        TransferRequestDecided(
                            action, on: request, comment: comment, by: party, actingFor: actingFor,
                            at: time, in: context)))
            }
        }
    }
}

extension TransferRequest {
    /// Whoever takes part: the office's admins, leaders and managers of both sides and those who stand in for
    /// them, the one who opened it, and the agents themselves.
    func isVisible(to party: RequestParty, in context: TransferRequestContext) -> Bool {
        if party.role == .admin { return true }
        guard Permission.viewRequests.reach(of: party.role) > .none, let person = party.person else {
            return false
        }
        if person == opener.person || agents.contains(person) { return true }
        return context.principals(of: person).contains { involved.contains($0) }
    }
}
