/// What a request is judged by: the office, who stands in for whom, and when.
public struct TransferRequestContext: Sendable {
    public var organization: Organization
    public var delegations: [Delegation]
    /// The business day of `now`.
    public var today: Day
    public var now: Instant
    public var rules: RequestRules

    public init(
        organization: Organization, delegations: [Delegation], today: Day, now: Instant,
        rules: RequestRules = RequestRules()
    ) {
        self.organization = organization
        self.delegations = delegations
        self.today = today
        self.now = now
        self.rules = rules
    }

    /// For whom a person may act today: himself, then those who are away, one step and no further.
    public func principals(of person: ID<Person>?) -> [ID<Person>] {
        guard let person else { return [] }
        let away = delegations.filter { $0.delegate == person && $0.person != person && $0.holds(on: today) }
        return [person] + Set(away.map(\.person)).sorted()
    }

    func seat(of person: ID<Person>, on day: Day) -> Seat? {
        guard let it = organization.standing(of: person, on: day), it.rank == .agent, !it.hasLeft else {
            return nil
        }
        return Seat(leader: it.leader, manager: it.manager)
    }
}

extension TransferRequest {
    /// What has become of the request; nothing runs by a timer.
    public func state(in context: TransferRequestContext) -> State {
        switch stage {
        case .scheduled: context.today >= effective ? .applied : .scheduled
        case .rejected: .rejected
        case .withdrawn: .withdrawn
        case .revoked: .revoked
        case .open, .accepted, .approved:
            if isExpired(in: context) {
                .expired
            } else if staleness(in: context) != nil {
                .stale
            } else {
                stage == .open ? .open : stage == .accepted ? .accepted : .approved
            }
        }
    }

    /// Approved, and yet on its day somebody is not where it puts him: he was placed otherwise since, or left.
    public func isOverruled(in context: TransferRequestContext) -> Bool {
        guard stage == .scheduled else { return false }
        func isThere(_ agent: ID<Person>, _ wanted: Seat) -> Bool {
            guard let seat = context.seat(of: agent, on: effective) else { return false }
            return wanted.leader != nil
                ? seat.leader == wanted.leader : seat.leader == nil && seat.manager == wanted.manager
        }
        return !isThere(agent, to) || otherAgent.map { !isThere($0, from) } == true
    }

    /// The instant from which it can no longer be decided, if its day has not passed before.
    public func expiry(_ rules: RequestRules) -> Instant {
        opened.instant.adding(seconds: Int64(max(0, min(rules.expiryDays, 36_500))) * 86_400)
    }

    private func isExpired(in context: TransferRequestContext) -> Bool {
        context.now >= expiry(context.rules) || context.today > effective
    }

    /// Why the request no longer fits the facts, in words; nil: it does.
    public func staleness(in context: TransferRequestContext) -> String? {
        let organization = context.organization
        func moved(_ person: ID<Person>, _ seat: Seat) -> String? {
            let name = organization.name(of: person)
            if organization.merged[person] != nil { return "\(name) is the same person as another agent." }
            guard let now = context.seat(of: person, on: effective) else {
                return "\(name) is no agent of the office on \(effective.iso)."
            }
            guard now != seat else { return nil }
            guard now.leader == seat.leader, let leader = seat.leader else {
                return "\(name) is in another team on \(effective.iso)."
            }
            return
                "The team of \(organization.name(of: leader)) has another team manager on \(effective.iso)."
        }
        if let words = moved(agent, from) { return words }
        if kind == .swap, let words = otherAgent.flatMap({ moved($0, to) }) { return words }
        if from == to { return Self.sameTeam }
        if kind != .remove, openedAs == .manager, let manager = to.manager, manager == from.manager {
            return "Both teams are \(organization.name(of: manager))’s by now, so no request is needed."
        }
        if kind == .swap { return nil }
        if let leader = to.leader {
            guard organization.holds(leader, .leader, on: effective),
                organization.manager(ofLeader: leader, on: effective) == to.manager
            else {
                return "\(organization.name(of: leader)) leads no team under that team manager on "
                    + "\(effective.iso)."
            }
        } else if let manager = to.manager, !organization.holds(manager, .manager, on: effective) {
            return "\(organization.name(of: manager)) is no team manager on \(effective.iso)."
        }
        return nil
    }

    private static let sameTeam = "Both sides are the same team by now."

    /// Whose word is waited for: the other leader's, then the managers'. Delegates are not counted.
    public func waitingFor(in context: TransferRequestContext) -> [ID<Person>] {
        guard state(in: context).isUndecided else { return [] }
        if needsAcceptance, stage == .open { return [to.leader].compactMap { $0 } }
        return approvers.filter { !approvals.contains($0) }
    }

    /// The placements with which the request comes true: all in one event.
    public func placements(in organization: Organization) throws -> [Placement] {
        func seated(_ person: ID<Person>, _ seat: Seat) throws -> Placement {
            var placement = try organization.placed(person, on: effective)
            placement.from = max(effective, organization.histories[person]?.firstDay ?? effective)
            placement.leader = seat.leader
            placement.manager = seat.leader == nil ? seat.manager : nil
            return placement
        }
        guard kind == .swap, let otherAgent else { return [try seated(agent, to)] }
        return [try seated(agent, to), try seated(otherAgent, from)]
    }

    /// What takes a scheduled request back: each agent as he would have been without it, unless somebody has
    /// placed him elsewhere for that day since.
    func placementsTakingBack(in organization: Organization) -> [Placement] {
        let decided = steps.last { $0.action == .approve || $0.action == .override }?.time
        return zip(agents, [to, from]).compactMap { agent, seat in
            guard let history = organization.histories[agent] else { return nil }
            let day = max(effective, history.firstDay ?? effective)
            guard let standing = organization.standing(of: agent, on: day), standing.placement.from == day,
                standing.leader == seat.leader, standing.manager == seat.manager
            else { return nil }
            let earlier = history.superseded.last { known in
                known.placement.from == day && decided.map { known.time < $0 } == true
            }
            return earlier?.placement ?? (try? organization.cancel(agent, from: day))?.first
        }
    }
}
