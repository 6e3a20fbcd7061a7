import Domain
import Foundation
import GRDB

/// A request as pages show it to somebody.
public struct RequestRow: Sendable {
    public var request: TransferRequest
    public var state: TransferRequest.State
    /// Why it is stale; nil: it is not.
    public var staleness: String?
    /// What the viewer may do with it now.
    public var actions: Set<RequestAction>
    /// In whose place he may, himself first.
    public var actingFor: [ID<Person>]
    public var waitingFor: [ID<Person>]
    /// It was approved, and somebody has placed its agents otherwise for its day since.
    public var isOverruled: Bool
    /// It waits for somebody who has no account that could decide.
    public var isOrphaned: Bool
    /// It waits for the viewer's word, or for an admin because nobody else can give it.
    public var awaitsViewer: Bool
    /// When it is over unless it is decided before; nil: it is decided.
    public var expires: Instant?
}

public struct RequestList: Sendable {
    public var rows: [RequestRow]
    public var names: [ID<Person>: String]
    public var today: Day
}

/// One side of a request: its team's figures over a period, with and without it.
public struct TeamEffect: Sendable, Hashable {
    public var seat: Seat
    public var agentsBefore: Int
    public var agentsAfter: Int
    public var before: Figures
    public var after: Figures
}

/// Whom somebody may open a request about, and where to.
public struct RequestChoices: Sendable {
    /// A leader's agents, or the idle agents of a manager.
    public struct Team: Sendable {
        public var seat: Seat
        public var leader: String?
        public var manager: String
        public var agents: [Person]
    }
    /// The viewer's own and those of whom he stands in for.
    public var own: [Team]
    /// Where an agent can go, or be swapped with.
    public var others: [Team]
    /// He opens as a team manager: within his own teams no request is needed.
    public var opensAsManager: Bool
    public var today: Day
}

extension OfficeStore {
    /// Requests that the viewer has a part in, those that wait for him first, then the newest.
    ///
    /// - Parameter undecided: only those that somebody can still decide.
    public func requests(undecided: Bool = false, about agent: ID<Person>? = nil, for viewer: Viewer)
        async throws -> RequestList
    {
        try viewer.require(.viewRequests)
        return try await read { [clock] db in
            let now = clock.now()
            let context = try Self.requestContext(db, now: now)
            let since = undecided ? context.firstUndecided.bits : .min
            let texts = try String.fetchAll(
                db,
                sql: """
                    SELECT request FROM transferRequest
                    WHERE (?1 IS NULL OR agent = ?1 OR otherAgent = ?1)
                      AND (NOT ?2 OR stage IN ('open', 'accepted', 'approved')) AND opened >= ?3
                    ORDER BY opened DESC LIMIT 5000
                    """, arguments: [agent?.description, undecided, since])
            var list = try Self.rows(
                of: texts, for: agent == nil ? viewer : viewer.everywhere, in: context, db)
            if undecided { list.rows.removeAll { !$0.state.isUndecided } }
            list.rows = list.rows.filter(\.awaitsViewer) + list.rows.filter { !$0.awaitsViewer }
            return list
        }
    }

    /// - Throws: `UserError.notHere` for a request that the viewer has no part in.
    public func request(_ id: ID<TransferRequest>, for viewer: Viewer) async throws -> RequestList {
        try viewer.require(.viewRequests)
        return try await read { [clock] db in
            let texts = try String.fetchAll(
                db, sql: "SELECT request FROM transferRequest WHERE id = ?", arguments: [id.description])
            let context = try Self.requestContext(db, now: clock.now())
            let list = try Self.rows(of: texts, for: viewer.everywhere, in: context, db)
            guard !list.rows.isEmpty else { throw UserError.notHere }
            return list
        }
    }

    /// How many requests wait for the viewer: the badge of every page.
    ///
    /// Looks at nobody's placements unless a request asks the viewer, or those he stands in for.
    public func requestsAwaiting(_ viewer: Viewer) async throws -> Int {
        guard viewer.may(.decideRequests) else { return 0 }
        return try await read { [clock] db in
            guard let state = try Self.officeState(db) else { return 0 }
            let now = clock.now()
            var context = TransferRequestContext(
                organization: Organization(persons: [], placements: []),
                delegations: try Delegation.all(db), today: state.businessDay(at: now), now: now,
                rules: state.office.rules.requests)
            let texts = try String.fetchAll(
                db,
                sql: """
                    SELECT request FROM transferRequest
                    WHERE stage IN ('open', 'accepted', 'approved') AND opened >= ? AND effectiveDay >= ?
                    """, arguments: [context.firstUndecided.bits, context.today.number])
            let mine = Set(context.principals(of: viewer.person))
            let outsiders = try Self.outsiders(viewer, for: .decideRequests, db)
            let asked = try texts.map { try fromJSON(TransferRequest.self, $0) }.filter { request in
                viewer.role == .admin
                    ? !request.isOf(outsiders)
                    : !mine.isDisjoint(with: request.involved)
            }
            guard !asked.isEmpty else { return 0 }
            context.organization = try Organization.load(
                db, changing: asked.flatMap(\.agents), naming: asked.flatMap(\.involved))
            let deciders = try Delegation.deciders(db)
            return asked.count {
                $0.row(for: RequestParty(viewer), deciders, in: context, state).awaitsViewer
            }
        }
    }

    /// What requests would do to both their teams: figures of a period, with and without them.
    ///
    /// Of everybody who is in the team on the effective day, whoever's he was in the period: shown to those who
    /// decide, for it is what they decide on. For a request that is scheduled or applied, “before” is without it.
    ///
    /// - Returns: for each request its two sides, where the agent comes from first.
    /// - Throws: `UserError.notHere` for a request that the viewer has no part in, and for whoever decides none.
    public func effects(of ids: [ID<TransferRequest>], in period: Period, for viewer: Viewer) async throws
        -> [ID<TransferRequest>: [TeamEffect]]
    {
        try viewer.require(.decideRequests)
        return try await read { [clock, store = self] db in
            let context = try Self.requestContext(db, now: clock.now())
            let tx = Transaction(db: db, now: context.now, actor: .program, ids: store.ids)
            let requests = try ids.compactMap { try tx.transferRequest($0) }
            guard requests.count == ids.count,
                requests.allSatisfy({ $0.isVisible(to: RequestParty(viewer), in: context) })
            else { throw UserError.notHere }
            var byPerson: [String: Figures] = [:]
            for row in try Self.report(
                ReportQuery(period: period, by: [.agent]), .console.everywhere, db
            ).rows {
                byPerson[row.slices.first?.value ?? ""] = row.figures
            }
            return requests.reduce(into: [:]) { effects, request in
                effects[request.id] = request.effect(byPerson, in: context.organization)
            }
        }
    }

    /// Whom the viewer may open a request about on a day, and which teams there are besides.
    public func requestChoices(on day: Day, for viewer: Viewer) async throws -> RequestChoices {
        try viewer.require(.decideRequests)
        return try await read { [clock] db in
            let context = try Self.requestContext(db, now: clock.now())
            let principals = Set(context.principals(of: viewer.person))
            let organization = context.organization
            // Other offices' teams are no place to go; who leads people of theirs keeps them.
            let outsiders = try Self.outsiders(.own(db), db).subtracting(principals)
            let branches = organization.chart(on: day).branches.filter { branch in
                !outsiders.contains(branch.manager.person)
                    || branch.teams.contains { !outsiders.contains($0.leader.person) }
            }
            let teams = branches.flatMap { branch in
                let manager = branch.manager.person
                return branch.teams.filter { !outsiders.contains($0.leader.person) }.map { team in
                    RequestChoices.Team(
                        seat: Seat(leader: team.leader.person, manager: manager), leader: team.leader.name,
                        manager: branch.manager.name,
                        agents: team.agents.filter { $0.rank == .agent }.map {
                            Person(id: $0.person, name: $0.name)
                        })
                } + [
                    RequestChoices.Team(
                        seat: Seat(leader: nil, manager: manager), leader: nil, manager: branch.manager.name,
                        agents: branch.idle.map { Person(id: $0.person, name: $0.name) })
                ]
            }
            func leads(_ team: RequestChoices.Team) -> Bool {
                team.seat.leader.map(principals.contains) == true
            }
            func manages(_ team: RequestChoices.Team) -> Bool {
                team.seat.manager.map(principals.contains) == true
            }
            let opensAsManager = !teams.contains(where: leads)
            return RequestChoices(
                own: teams.filter { leads($0) || manages($0) },
                others: teams.filter { !(opensAsManager ? manages($0) : leads($0)) },
                opensAsManager: opensAsManager, today: context.today)
        }
    }

    /// The whole office as requests are judged by it now.
    static func requestContext(_ db: Database, now: Instant) throws -> TransferRequestContext {
        guard let state = try officeState(db) else { throw UserError.notSetUp }
        return TransferRequestContext(
            organization: try Organization.load(db), delegations: try Delegation.all(db),
            today: state.businessDay(at: now), now: now, rules: state.office.rules.requests)
    }

    private static func rows(
        of texts: [String], for viewer: Viewer, in context: TransferRequestContext, _ db: Database
    ) throws -> RequestList {
        guard let state = try officeState(db) else { throw UserError.notSetUp }
        let (party, deciders) = (RequestParty(viewer), try Delegation.deciders(db))
        let outsiders = try outsiders(viewer, for: .viewRequests, db)
        let rows = try texts.map { try fromJSON(TransferRequest.self, $0) }
            .filter { !$0.isOf(outsiders) && $0.isVisible(to: party, in: context) }
            .map { $0.row(for: party, deciders, in: context, state) }
        return RequestList(rows: rows, names: context.organization.names, today: context.today)
    }
}

extension TransferRequestContext {
    /// No request that was opened before this can still be undecided.
    fileprivate var firstUndecided: HybridTime {
        .next(after: nil, now: now.adding(seconds: -Int64(rules.expiryDays) * 86_400))
    }
}

extension TransferRequest {
    /// Whether everybody whom it names is another office's.
    fileprivate func isOf(_ outsiders: Set<ID<Person>>) -> Bool {
        !outsiders.isEmpty && (agents + involved).allSatisfy(outsiders.contains)
    }

    fileprivate func row(
        for party: RequestParty, _ deciders: Set<ID<Person>>, in context: TransferRequestContext,
        _ office: OfficeState
    ) -> RequestRow {
        let waiting = waitingFor(in: context)
        let isOrphaned = waiting.contains { person in
            !deciders.contains(person)
                && !context.delegations.contains {
                    $0.person == person && $0.holds(on: context.today) && deciders.contains($0.delegate)
                }
        }
        let actions = allowedActions(for: party, in: context)
        let dayIsOver = effective.end(in: office.timeZone)
            .adding(seconds: Int64(office.office.rules.cutOverMinutes) * 60)
        return RequestRow(
            request: self, state: state(in: context),
            staleness: stage.isUndecided ? staleness(in: context) : nil, actions: actions,
            actingFor: principalsActing(for: party, in: context), waitingFor: waiting,
            isOverruled: isOverruled(in: context), isOrphaned: isOrphaned,
            awaitsViewer: actions.contains(.accept) || actions.contains(.approve)
                || (isOrphaned && actions.contains(.override)),
            expires: stage.isUndecided ? min(expiry(context.rules), dayIsOver) : nil)
    }

    fileprivate func effect(_ figures: [String: Figures], in organization: Organization) -> [TeamEffect] {
        func members(_ seat: Seat) -> [ID<Person>] {
            let found =
                seat.leader.map { organization.team(of: $0, on: effective) }
                ?? seat.manager.map { organization.idleAgents(of: $0, on: effective) } ?? []
            return found.map(\.person).filter { !agents.contains($0) }
        }
        func sum(_ persons: [ID<Person>]) -> Figures {
            persons.compactMap { figures[$0.description] }.reduce(Figures(activity: .init()), +)
        }
        let coming = [otherAgent, agent]
        return zip(zip([agent, otherAgent], coming), [from, to]).map { agents, seat in
            // Whoever is named in the request is on one side without it and on the other with it.
            let rest = members(seat)
            let (before, after) = (rest + [agents.0].compactMap { $0 }, rest + [agents.1].compactMap { $0 })
            return TeamEffect(
                seat: seat, agentsBefore: before.count, agentsAfter: after.count, before: sum(before),
                after: sum(after))
        }
    }
}
