import Domain
import Foundation
import GRDB

extension Transaction {
    func foldTransferRequestOpened(_ event: Event, _ it: TransferRequestOpened) throws {
        var request = it.request
        request.opened = event.time
        try request.checkOpening(
            others: try openRequests(about: request.agents), in: try context(of: request, event.time))
        try save(request)
    }

    func foldTransferRequestDecided(_ event: Event, _ it: TransferRequestDecided) throws {
        guard let request = try transferRequest(it.request) else { throw UserError.notHere }
        let after = try it.result(on: request, at: event.time, in: try context(of: request, event.time))
        if !it.placements.isEmpty {
            try place(it.placements, event, reason: request.reason, request: request.id)
        }
        try save(after)
    }

    func foldTransferRequestCommented(_ event: Event, _ it: TransferRequestCommented) throws {
        guard let request = try transferRequest(it.request) else { throw UserError.notHere }
        try save(it.result(on: request, at: event.time, in: try context(of: request, event.time)))
    }

    func foldDelegationChanged(_ it: DelegationChanged) throws {
        let persons = [it.before, it.after].compactMap { $0 }.flatMap { [$0.person, $0.delegate] }
        let id = (it.after ?? it.before)?.id
        try it.check(
            now: try Delegation.all(db).first { $0.id == id },
            organization: try Organization.load(db, changing: [], naming: persons))
        if let before = it.before {
            try db.execute(sql: "DELETE FROM delegation WHERE id = ?", arguments: [before.id.description])
        }
        if let after = it.after {
            try db.execute(
                sql: """
                    INSERT INTO delegation (id, person, delegate, fromDay, untilDay) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    after.id.description, after.person.description, after.delegate.description,
                    after.from.number, after.until.number,
                ])
        }
    }

    func transferRequest(_ id: ID<TransferRequest>) throws -> TransferRequest? {
        try String.fetchOne(
            db, sql: "SELECT request FROM transferRequest WHERE id = ?", arguments: [id.description]
        ).map { try fromJSON(TransferRequest.self, $0) }
    }

    /// Undecided ones that name one of these agents, expired and stale ones too.
    func openRequests(about agents: [ID<Person>]) throws -> [TransferRequest] {
        let texts = try agents.flatMap { agent in
            try String.fetchAll(
                db,
                sql: """
                    SELECT request FROM transferRequest
                    WHERE (agent = ?1 OR otherAgent = ?1) AND stage IN ('open', 'accepted', 'approved')
                    """, arguments: [agent.description])
        }
        return try Set(texts).map { try fromJSON(TransferRequest.self, $0) }
    }

    /// What a request is judged by at the time of an event.
    func context(of request: TransferRequest, _ time: HybridTime) throws -> TransferRequestContext {
        try context(of: request.agents, naming: Array(request.involved), time)
    }

    func context(of agents: [ID<Person>], naming others: [ID<Person>], _ time: HybridTime) throws
        -> TransferRequestContext
    {
        guard let state = try OfficeStore.officeState(db) else { throw UserError.notSetUp }
        return TransferRequestContext(
            organization: try Organization.load(db, changing: agents, naming: others),
            delegations: try Delegation.all(db), today: state.businessDay(at: time.instant),
            now: time.instant, rules: state.office.rules.requests)
    }

    func save(_ request: TransferRequest) throws {
        try db.execute(
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

extension Delegation {
    static func all(_ db: Database) throws -> [Delegation] {
        try Row.fetchAll(
            db, sql: "SELECT id, person, delegate, fromDay, untilDay FROM delegation ORDER BY fromDay, id"
        ).compactMap { row in
            guard let id = ID<Delegation>(row[0] as String), let person = ID<Person>(row[1] as String),
                let delegate = ID<Person>(row[2] as String)
            else { return nil }
            return Delegation(
                id: id, person: person, delegate: delegate, from: Day(number: row[3]),
                until: Day(number: row[4]))
        }
    }
}

/// A request as lists show it to somebody.
public struct RequestRow: Sendable {
    public var request: TransferRequest
    public var state: TransferRequest.State
    /// Why it is stale; nil: it is not.
    public var staleness: String?
    /// What the viewer may do with it now.
    public var actions: Set<RequestAction>
    public var waitingFor: [ID<Person>]
    /// It waits for somebody who has no account that could decide.
    public var isOrphaned: Bool

    /// Whether the request waits for the viewer.
    public var awaitsViewer: Bool { actions.contains(.accept) || actions.contains(.approve) }
}

public struct RequestList: Sendable {
    public var rows: [RequestRow]
    public var names: [ID<Person>: String]
    public var today: Day
}

/// One side of a request: its team's figures over a period, with and without it.
public struct TeamEffect: Sendable, Hashable {
    public var name: String
    public var agentsBefore: Int
    public var agentsAfter: Int
    public var before: Figures
    public var after: Figures
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
            let others = [leader, manager, viewer.person].compactMap { $0 }
            let request = try TransferRequest.opening(
                id: tx.newID(), kind: kind, agent: agent, otherAgent: otherAgent, to: leader,
                manager: manager, effective: effective,
                reason: reason.trimmingCharacters(in: .whitespacesAndNewlines), by: RequestParty(viewer),
                at: time, others: try tx.openRequests(about: agents),
                in: try tx.context(of: agents, naming: others, time))
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

    /// Requests that the viewer has a part in, those that wait for him first, then the newest.
    ///
    /// - Parameter undecided: only those that somebody can still decide.
    public func requests(undecided: Bool = false, about agent: ID<Person>? = nil, for viewer: Viewer)
        async throws -> RequestList
    {
        guard viewer.may(.viewRequests) else { throw UserError.notHere }
        return try await read { [clock] db in
            guard let state = try Self.officeState(db) else { throw UserError.notSetUp }
            let now = clock.now()
            let context = TransferRequestContext(
                organization: try Organization.load(db), delegations: try Delegation.all(db),
                today: state.businessDay(at: now), now: now, rules: state.office.rules.requests)
            let deciders = try Delegation.deciders(db)
            let texts = try String.fetchAll(
                db,
                sql: """
                    SELECT request FROM transferRequest
                    WHERE (?1 IS NULL OR agent = ?1 OR otherAgent = ?1)
                      AND (NOT ?2 OR stage IN ('open', 'accepted', 'approved'))
                    ORDER BY opened DESC LIMIT 1000
                    """, arguments: [agent?.description, undecided])
            let party = RequestParty(viewer)
            var rows: [RequestRow] = []
            for text in texts {
                let request = try fromJSON(TransferRequest.self, text)
                guard request.isVisible(to: party, in: context) else { continue }
                let row = request.row(for: party, deciders, in: context)
                if undecided, !row.state.isUndecided { continue }
                rows.append(row)
            }
            let order = rows.enumerated().sorted { a, b in
                a.element.awaitsViewer == b.element.awaitsViewer
                    ? a.offset < b.offset : a.element.awaitsViewer
            }
            return RequestList(
                rows: order.map(\.element), names: context.organization.names, today: context.today)
        }
    }

    /// - Throws: `UserError.notHere` for a request that the viewer has no part in.
    public func request(_ id: ID<TransferRequest>, for viewer: Viewer) async throws -> RequestList {
        var list = try await requests(for: viewer)
        list.rows = list.rows.filter { $0.request.id == id }
        guard !list.rows.isEmpty else { throw UserError.notHere }
        return list
    }

    /// How many requests wait for the viewer: the badge.
    public func requestsAwaiting(_ viewer: Viewer) async throws -> Int {
        guard viewer.may(.decideRequests) else { return 0 }
        let open = try await read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM transferRequest WHERE stage IN ('open', 'accepted', 'approved')")
        }
        guard open ?? 0 > 0 else { return 0 }
        return try await requests(undecided: true, for: viewer).rows.count {
            $0.awaitsViewer || (viewer.role == .admin && $0.isOrphaned)
        }
    }

    /// What a request would do to both teams: their figures of the last days, with and without it.
    ///
    /// Of everybody who is in the team on the effective day, over `period`, whoever's he was then: shown to those
    /// who take part in the request, for it is what they decide on.
    public func effect(of request: TransferRequest, in period: Period, for viewer: Viewer) async throws
        -> [TeamEffect]
    {
        _ = try await self.request(request.id, for: viewer)
        return try await read { db in
            let figures = try Self.report(ReportQuery(period: period, by: [.agent]), .console, db).rows
            var byPerson: [String: Figures] = [:]
            for row in figures { byPerson[row.slices.first?.value ?? ""] = row.figures }
            let organization = try Organization.load(db)
            let placements = (try? request.placements(in: organization)) ?? []
            let after = placements.isEmpty ? organization : (try? organization.placing(placements))
            func members(_ seat: Seat, _ organization: Organization) -> [Standing] {
                if let leader = seat.leader { return organization.team(of: leader, on: request.effective) }
                return seat.manager.map { organization.idleAgents(of: $0, on: request.effective) } ?? []
            }
            func sum(_ members: [Standing]) -> Figures {
                members.reduce(Figures(activity: .init())) {
                    $0 + (byPerson[$1.person.description] ?? Figures(activity: .init()))
                }
            }
            return [request.from, request.to].map { seat in
                let (old, new) = (members(seat, organization), members(seat, after ?? organization))
                let name =
                    seat.leader.map { organization.name(of: $0) }
                    ?? seat.manager.map { "Idle agents of \(organization.name(of: $0))" } ?? "Unassigned"
                return TeamEffect(
                    name: name, agentsBefore: old.count, agentsAfter: new.count, before: sum(old),
                    after: sum(new))
            }
        }
    }

    /// Who stands in for whom: the viewer's own, or all of the office's.
    public func delegations(for viewer: Viewer) async throws -> (
        list: [Delegation], names: [ID<Person>: String]
    ) {
        try viewer.require(.decideRequests)
        let result: DelegationList = try await read { db in
            let names = try Self.personNames(db).reduce(into: [ID<Person>: String]()) { names, entry in
                if let id = ID<Person>(entry.key) { names[id] = entry.value }
            }
            let all = try Delegation.all(db).filter {
                viewer.reach(.decideRequests) == .office || $0.person == viewer.person
                    || $0.delegate == viewer.person
            }
            return DelegationList(list: all, names: names)
        }
        return (result.list, result.names)
    }

    private struct DelegationList: Sendable {
        var list: [Delegation]
        var names: [ID<Person>: String]
    }

    /// Lets somebody stand in for a person in a window of days [from, until).
    public func delegate(
        _ person: ID<Person>, to delegate: ID<Person>, from: Day, until: Day, for viewer: Viewer,
        by actor: Actor
    ) async throws {
        try viewer.require(.decideRequests)
        guard viewer.reach(.decideRequests) == .office || viewer.person == person else {
            throw UserError.notHere
        }
        try await write(as: actor) { tx in
            guard try Delegation.deciders(tx.db).contains(delegate) else {
                throw UserError(
                    .invalid, "Nobody who may decide requests has an account for that person.",
                    advice: "Choose a team leader, a team manager or an admin with an account.")
            }
            let delegation = Delegation(
                id: tx.newID(), person: person, delegate: delegate, from: from, until: until)
            try tx.append(.delegationChanged(DelegationChanged(before: nil, after: delegation)))
        }
    }

    public func endDelegation(_ id: ID<Delegation>, for viewer: Viewer, by actor: Actor) async throws {
        try viewer.require(.decideRequests)
        try await write(as: actor) { tx in
            guard let delegation = try Delegation.all(tx.db).first(where: { $0.id == id }),
                viewer.reach(.decideRequests) == .office || viewer.person == delegation.person
            else { throw UserError.notHere }
            try tx.append(.delegationChanged(DelegationChanged(before: delegation, after: nil)))
        }
    }
}

extension Delegation {
    /// Persons with an open account that may decide requests.
    static func deciders(_ db: Database) throws -> Set<ID<Person>> {
        let rows = try Row.fetchAll(
            db, sql: "SELECT person, role FROM user WHERE NOT disabled AND person IS NOT NULL")
        return Set(
            rows.compactMap { row in
                guard let role = Role(rawValue: row[1]), Permission.decideRequests.reach(of: role) > .none
                else { return nil }
                return ID(row[0] as String)
            })
    }
}

extension TransferRequest {
    fileprivate func row(
        for party: RequestParty, _ deciders: Set<ID<Person>>, in context: TransferRequestContext
    ) -> RequestRow {
        let waiting = waitingFor(in: context)
        let isOrphaned = waiting.contains { person in
            !deciders.contains(person)
                && !context.delegations.contains {
                    $0.person == person && $0.holds(on: context.today) && deciders.contains($0.delegate)
                }
        }
        return RequestRow(
            request: self, state: state(in: context),
            staleness: stage.isUndecided ? staleness(in: context) : nil,
            actions: allowedActions(for: party, in: context), waitingFor: waiting, isOrphaned: isOrphaned)
    }

    /// Whoever takes part: the office's admins, leaders and managers of both sides and those who stand in for
    /// them, the one who opened it, and the agents themselves.
    fileprivate func isVisible(to party: RequestParty, in context: TransferRequestContext) -> Bool {
        if party.role == .admin { return true }
        guard Permission.viewRequests.reach(of: party.role) > .none, let person = party.person else {
            return false
        }
        if person == opener.person || agents.contains(person) { return true }
        return context.principals(of: person).contains { involved.contains($0) }
    }
}
