extension TransferRequest {
    /// A request as somebody opens it: who is where on its day is read from the office.
    ///
    /// - Parameters:
    ///   - leader: of a transfer, the one who gains the agent; nil with a manager: into his idle agents.
    ///   - otherAgent: of a swap; his team is the other side.
    /// - Throws: `UserError` where `checkOpening` does.
    public static func opening(
        id: ID<TransferRequest>, kind: Kind, agent: ID<Person>, otherAgent: ID<Person>? = nil,
        to leader: ID<Person>? = nil, manager: ID<Person>? = nil, effective: Day, reason: String,
        by party: RequestParty, at time: HybridTime, others: [TransferRequest],
        in context: TransferRequestContext
    ) throws -> TransferRequest {
        guard let from = context.seat(of: agent, on: effective) else { throw UserError.notHere }
        var to = Seat(leader: nil, manager: from.manager)
        switch kind {
        case .remove: break
        case .transfer:
            to = Seat(
                leader: leader,
                manager: leader.map { context.organization.manager(ofLeader: $0, on: effective) } ?? manager)
        case .swap:
            guard let otherAgent, let seat = context.seat(of: otherAgent, on: effective) else {
                throw UserError.notHere
            }
            to = seat
        }
        let principals = context.principals(of: party.person)
        let asLeader = principals.first { $0 == from.leader }
        let asManager = principals.first { $0 == from.manager }
        // Whoever is a party himself asks as that, and stands in for nobody: he could not approve it then.
        let isOwnManager = asManager != nil && asManager == party.person && asLeader != party.person
        guard let principal = isOwnManager ? asManager : asLeader ?? asManager else {
            throw UserError.notHere
        }
        let request = TransferRequest(
            id: id, kind: kind, agent: agent, otherAgent: kind == .swap ? otherAgent : nil, from: from,
            to: to,
            effective: effective, reason: reason, opener: party,
            openedFor: principal == party.person ? nil : principal,
            openedAs: asLeader != nil && !isOwnManager ? .leader : .manager, opened: time)
        try request.checkOpening(others: others, in: context)
        return request
    }

    /// Whether a request may be opened as it is; the same when it is made and when it is folded again.
    ///
    /// - Parameter others: requests about the same agents, at least.
    public func checkOpening(others: [TransferRequest], in context: TransferRequestContext) throws {
        guard stage == .open, steps.isEmpty, approvals.isEmpty, (kind == .swap) == (otherAgent != nil) else {
            throw UserError(.invalid, "This is no new request.", advice: "Open it again.")
        }
        guard !reason.allSatisfy(\.isWhitespace), reason.count <= 2000 else {
            throw UserError(
                .invalid, "A request needs a reason of at most 2,000 characters.", advice: "Say why.")
        }
        let principal = openedFor ?? opener.person
        guard opener.role.mayDecideRequests, let principal,
            principal == (openedAs == .leader ? from.leader : from.manager),
            context.principals(of: opener.person).contains(principal), !isAbout(opener)
        else { throw UserError.notHere }
        guard effective >= context.today else {
            throw UserError(
                .invalid, "\(effective.iso) is over.", advice: "Choose today or a later day.")
        }
        if openedAs == .manager, kind == .remove || to.manager == from.manager {
            throw UserError(
                .invalid, "Within your own teams no request is needed.", advice: "Move the agent directly.")
        }
        guard kind == .remove || to.leader != nil || (openedAs == .manager && to.manager != nil) else {
            throw UserError(
                .invalid, "The request does not say which team the agent shall go to.",
                advice: "Choose a team leader.")
        }
        guard !approvers.isEmpty else {
            throw UserError(
                .conflict, "There is no team manager who could approve this on \(effective.iso).",
                advice: "Ask an admin to place the team under a team manager.")
        }
        if let words = staleness(in: context) {
            throw UserError(.conflict, words, advice: "Choose another agent, team or day.")
        }
        // In whatever order the others come, the words are the same: every office keeps them.
        let asked = others.filter { $0.id != id && $0.state(in: context).isUndecided }.flatMap(\.agents)
        if let agent = agents.first(where: asked.contains) {
            throw UserError(
                .conflict,
                "There is an open request about \(context.organization.name(of: agent)) already.",
                advice: "Wait until it is decided, or withdraw it.")
        }
        try context.organization.check(placements(in: context.organization))
    }

    /// Whether somebody belongs to the side that wants it, and so has no say in it.
    private func isOwn(_ party: RequestParty) -> Bool {
        if party.user == opener.user { return true }
        guard let person = party.person else { return false }
        let side = openedAs == .leader ? from.leader : from.manager
        return person == opener.person || person == openedFor || person == side || isAbout(party)
    }

    /// Nobody moves himself about, in whosever name.
    private func isAbout(_ party: RequestParty) -> Bool { party.person.map(agents.contains) == true }

    /// For whom a party may take an action: himself first, then those he stands in for; empty: not at all.
    ///
    /// Not said here: an admin's override, which is for nobody.
    private func principals(
        of party: RequestParty, for action: RequestAction, in context: TransferRequestContext
    ) -> [ID<Person>] {
        guard party.role.mayDecideRequests, action == .comment || !isAbout(party) else { return [] }
        let state = state(in: context)
        var entitled: Set<ID<Person>> = []
        let opening = [opener.person, openedFor, openedAs == .leader ? from.leader : from.manager]
        switch action {
        case .accept:
            if needsAcceptance, state == .open, !isOwn(party), let leader = to.leader { entitled = [leader] }
        case .approve:
            if state.isUndecided, !isOwn(party), !needsAcceptance || stage != .open {
                entitled = Set(approvers).subtracting(approvals)
            }
        case .reject:
            if state.isUndecided, !isOwn(party) {
                entitled = Set(approvers)
                if needsAcceptance, state == .open, let leader = to.leader { entitled.insert(leader) }
            }
        case .withdraw:
            if state.isUndecided || state == .stale { entitled = Set(opening.compactMap { $0 }) }
        case .revoke:
            if state == .scheduled { entitled = Set([from.manager, to.manager].compactMap { $0 }) }
        case .override: break
        case .comment: entitled = involved.union(opening.compactMap { $0 })
        }
        return context.principals(of: party.person).filter(entitled.contains)
    }

    /// What an admin may do without being involved; always marked.
    private func mayOverride(
        _ party: RequestParty, _ action: RequestAction, in context: TransferRequestContext
    )
        -> Bool
    {
        guard party.role == .admin else { return false }
        switch action {
        case .override, .reject: return state(in: context).isUndecided && !isOwn(party)
        case .revoke: return state(in: context) == .scheduled && !isAbout(party)
        case .comment: return true
        case .accept, .approve, .withdraw: return false
        }
    }

    /// What somebody may do with the request now.
    public func allowedActions(for party: RequestParty, in context: TransferRequestContext) -> Set<
        RequestAction
    > {
        Set(
            RequestAction.allCases.filter {
                mayOverride(party, $0, in: context) || !principals(of: party, for: $0, in: context).isEmpty
            })
    }

    /// In whose place somebody may take some step now: himself first, then those he stands in for.
    public func principalsActing(for party: RequestParty, in context: TransferRequestContext) -> [ID<Person>]
    {
        let able = Set(RequestAction.allCases.flatMap { principals(of: party, for: $0, in: context) })
        return context.principals(of: party.person).filter(able.contains)
    }

    /// The request after somebody's step, and the placements that belong into the same event: those that make it
    /// true when the last word is given, those that take it back when it is revoked, else none.
    ///
    /// The same function when the step is made and when it is folded again.
    /// - Parameters:
    ///   - comment: required to reject, revoke and override.
    ///   - actingFor: for whom; nil: for himself, or for the one he stands in for.
    ///   - time: of the event.
    public func deciding(
        _ action: RequestAction, comment: String, by party: RequestParty, actingFor: ID<Person>? = nil,
        at time: HybridTime, in context: TransferRequestContext
    ) throws -> (request: TransferRequest, placements: [Placement]) {
        let able = principals(of: party, for: action, in: context)
        let principal = actingFor == nil ? able.first : able.first { $0 == actingFor }
        let overrides = principal == nil && actingFor == nil && mayOverride(party, action, in: context)
        guard principal != nil || overrides else { throw refusal(of: action, to: party, in: context) }
        let needsWords = [.reject, .revoke, .override, .comment].contains(action)
        guard comment.count <= 2000, !needsWords || !comment.allSatisfy(\.isWhitespace) else {
            throw UserError(
                .invalid, "This needs a comment of at most 2,000 characters.",
                advice: "Say why, so that the others understand.")
        }
        var request = self
        request.steps.append(
            RequestStep(
                action: action, by: party, actingFor: principal == party.person ? nil : principal,
                isOverride: overrides, comment: comment, time: time))
        switch action {
        case .comment: break
        case .accept: request.stage = .accepted
        case .approve:
            if let principal { request.approvals.append(principal) }
            let complete = approvers.allSatisfy(request.approvals.contains)
            request.stage = complete ? .scheduled : .approved
        case .override: request.stage = .scheduled
        case .reject: request.stage = .rejected
        case .withdraw: request.stage = .withdrawn
        case .revoke: request.stage = .revoked
        }
        var placements: [Placement] = []
        if request.stage == .scheduled, stage != .scheduled {
            placements = try self.placements(in: context.organization)
        } else if action == .revoke {
            placements = placementsTakingBack(in: context.organization)
        }
        if !placements.isEmpty { try context.organization.check(placements) }
        return (request, placements)
    }

    private func refusal(
        of action: RequestAction, to party: RequestParty, in context: TransferRequestContext
    ) -> UserError {
        let state = state(in: context)
        let mine = Set(context.principals(of: party.person))
        let isNear = party.role == .admin || isOwn(party) || !mine.isDisjoint(with: involved)
        guard isNear, party.role.mayDecideRequests else { return .notHere }
        if state == .stale, let words = staleness(in: context) {
            return UserError(.stale, words, advice: "Withdraw the request and open a new one.")
        }
        if [.accept, .approve, .reject, .override].contains(action), isOwn(party) {
            return UserError(
                .notAllowed, "Nobody decides on his own request.",
                advice: "Wait for the others, or withdraw it.")
        }
        if [.accept, .approve, .reject, .override, .withdraw].contains(action), !state.isUndecided {
            return UserError(
                .conflict, "The request is \(state.rawValue) already.", advice: "See its history.")
        }
        if action == .approve, !mine.isDisjoint(with: approvals) {
            return UserError(
                .conflict, "You have approved this already.", advice: "Wait for the other team manager.")
        }
        return UserError(
            .notAllowed, "This step is not yours to take now.", advice: "See whose word is waited for.")
    }
}

extension Role {
    /// Requests are for those who lead; an admin takes part by his person, or overrides.
    var mayDecideRequests: Bool { self == .admin || self == .teamManager || self == .teamLeader }
}
