/// Where somebody is under: in a leader's team, or idle under a manager.
public struct Seat: Hashable, Codable, Sendable {
    public var leader: ID<Person>?
    /// Also where a leader is between.
    public var manager: ID<Person>?

    public init(leader: ID<Person>?, manager: ID<Person>?) {
        self.leader = leader
        self.manager = manager
    }
}

/// Who takes a step in a request, as he was then: accounts never travel, so the journal says what he was.
public struct RequestParty: Hashable, Codable, Sendable {
    public var user: ID<User>
    public var name: String
    public var role: Role
    public var person: ID<Person>?

    public init(user: ID<User>, name: String, role: Role, person: ID<Person>?) {
        self.user = user
        self.name = name
        self.role = role
        self.person = person
    }

    public init(_ viewer: Viewer) {
        self.init(user: viewer.user, name: viewer.name, role: viewer.role, person: viewer.person)
    }
}

/// Somebody acts for somebody else in a window of days; never on to a third.
public struct Delegation: Hashable, Codable, Sendable {
    public var id: ID<Delegation>
    /// Who is away.
    public var person: ID<Person>
    public var delegate: ID<Person>
    public var from: Day
    /// The first day on which it no longer holds.
    public var until: Day

    public init(id: ID<Delegation>, person: ID<Person>, delegate: ID<Person>, from: Day, until: Day) {
        self.id = id
        self.person = person
        self.delegate = delegate
        self.from = from
        self.until = until
    }

    public func holds(on day: Day) -> Bool { from <= day && day < until }

    public func check() throws {
        guard person != delegate else {
            throw UserError(.invalid, "Nobody can stand in for himself.", advice: "Choose somebody else.")
        }
        guard from < until else {
            throw UserError(
                .invalid, "The delegation ends before it begins.", advice: "Choose a later last day.")
        }
    }
}

/// What can be done with a request that is there.
public enum RequestAction: String, Hashable, Codable, Sendable, CaseIterable {
    /// By the other leader.
    case accept
    /// By a manager involved.
    case approve
    case reject
    /// By the side that opened it, while nothing is final.
    case withdraw
    /// After the approval and before its day.
    case revoke
    /// By an admin in place of everybody whose word is missing.
    case override
    case comment
}

/// One step that was taken, kept in order.
public struct RequestStep: Hashable, Codable, Sendable {
    public var action: RequestAction
    public var by: RequestParty
    /// Whose word this was; nil: his own.
    public var actingFor: ID<Person>?
    /// An admin's, without being involved.
    public var isOverride: Bool
    public var comment: String
    public var time: HybridTime
}

/// A wish to take an agent out of a team, to move him to another, or to swap two.
public struct TransferRequest: Hashable, Codable, Sendable {
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        case remove
        case transfer
        case swap
    }

    /// What was done so far; what time and facts made of it is `State`.
    public enum Stage: String, Hashable, Codable, Sendable, CaseIterable {
        case open
        case accepted
        /// One of two managers has.
        case approved
        case scheduled
        case rejected
        case withdrawn
        case revoked

        public var isUndecided: Bool { self == .open || self == .accepted || self == .approved }
    }

    public enum State: String, Hashable, Codable, Sendable, CaseIterable {
        case open
        case accepted
        case approved
        case scheduled
        /// Scheduled, and its day has come.
        case applied
        case rejected
        case withdrawn
        case revoked
        /// Nobody decided in time.
        case expired
        /// What it was about is no longer so.
        case stale

        public var isUndecided: Bool { self == .open || self == .accepted || self == .approved }
    }

    /// As what the opener opened it: his agent's leader, or the manager of both.
    public enum Side: String, Hashable, Codable, Sendable {
        case leader
        case manager
    }

    public var id: ID<TransferRequest>
    public var kind: Kind
    public var agent: ID<Person>
    /// Of a swap.
    public var otherAgent: ID<Person>?
    /// Where the agent is on the effective day, when opened; a hand-over moves it on.
    public var from: Seat
    /// Where he shall be.
    public var to: Seat
    public var effective: Day
    public var reason: String
    public var opener: RequestParty
    /// In whose place it was opened; nil: his own.
    public var openedFor: ID<Person>?
    public var openedAs: Side
    public var opened: HybridTime
    public var stage: Stage
    /// Managers who said yes.
    public var approvals: [ID<Person>]
    public var steps: [RequestStep]

    public init(
        id: ID<TransferRequest>, kind: Kind, agent: ID<Person>, otherAgent: ID<Person>? = nil, from: Seat,
        to: Seat, effective: Day, reason: String, opener: RequestParty, openedFor: ID<Person>? = nil,
        openedAs: Side, opened: HybridTime
    ) {
        self.id = id
        self.kind = kind
        self.agent = agent
        self.otherAgent = otherAgent
        self.from = from
        self.to = to
        self.effective = effective
        self.reason = reason
        self.opener = opener
        self.openedFor = openedFor
        self.openedAs = openedAs
        self.opened = opened
        stage = .open
        approvals = []
        steps = []
    }

    public var agents: [ID<Person>] { [agent, otherAgent].compactMap { $0 } }

    /// Whoever has a part in it by place: leaders and managers of both sides.
    public var involved: Set<ID<Person>> {
        Set([from.leader, from.manager, to.leader, to.manager].compactMap { $0 })
    }

    /// Needs the word of the leader who gains an agent before managers are asked.
    public var needsAcceptance: Bool { kind != .remove && openedAs == .leader && to.leader != nil }

    /// Whose approval it takes, the one first whose agent it is; never the opening manager's own.
    public var approvers: [ID<Person>] {
        var persons: [ID<Person>] = []
        if let manager = from.manager, openedAs == .leader { persons.append(manager) }
        if let manager = to.manager, manager != from.manager { persons.append(manager) }
        return persons
    }

    /// Leaders and managers are replaced by their successor in a request that takes effect from his day on.
    ///
    /// An approval that was given stands, as the successor's; where both managers are one person by it, he is asked
    /// once, for both.
    public func handedOver(from person: ID<Person>, to successor: ID<Person>, from day: Day)
        -> TransferRequest
    {
        guard effective >= day, stage.isUndecided || stage == .scheduled else { return self }
        func heir(_ id: ID<Person>?) -> ID<Person>? { id == person ? successor : id }
        var request = self
        request.from = Seat(leader: heir(from.leader), manager: heir(from.manager))
        request.to = Seat(leader: heir(to.leader), manager: heir(to.manager))
        request.approvals = approvals.map { $0 == person ? successor : $0 }
        if stage == .approved, request.approvers.allSatisfy(request.approvals.contains) {
            request.approvals = []
            request.stage = needsAcceptance ? .accepted : .open
        }
        return request
    }
}

/// The settings of requests.
public struct RequestRules: Hashable, Codable, Sendable {
    /// Days after which an undecided request is over.
    public var expiryDays: Int

    public init(expiryDays: Int = 7) { self.expiryDays = expiryDays }

    public func check() throws {
        guard (1...90).contains(expiryDays) else {
            throw UserError(.invalid, "Requests must end after 1 to 90 days.", advice: "7 is usual.")
        }
    }
}
