public struct PersonRenamed: EventPayload {
    public static let kind = "personRenamed"
    public static let stream = EventStream.shared
    public var body: EventBody { .personRenamed(self) }
    public var subject: String? { person.description }
    public var person: ID<Person>
    public var before: String
    public var after: String

    public init(person: ID<Person>, before: String, after: String) {
        self.person = person
        self.before = before
        self.after = after
    }

    /// - Parameter now: what the person is called; nil: there is no such person.
    public func check(now: String?) throws {
        guard let now else { throw UserError.notHere }
        guard now == before else {
            throw UserError(
                .stale, "“\(before)” was renamed to “\(now)” meanwhile.", advice: "Look again, and repeat.")
        }
        guard !after.allSatisfy(\.isWhitespace), after.count <= 200 else {
            throw UserError(.invalid, "A person needs a name of 1 to 200 characters.", advice: "Give one.")
        }
    }
}

/// Everybody under a leader or manager, and the open requests, went to a successor from a day.
public struct TeamHandedOver: EventPayload {
    public static let kind = "teamHandedOver"
    public static let stream = EventStream.shared
    public var body: EventBody { .teamHandedOver(self) }
    public var subject: String? { person.description }
    public var person: ID<Person>
    public var successor: ID<Person>
    public var from: Day
    public var reason: String
    /// Of those handed over, of the successor where he rose, and of the person where he left.
    public var placements: [Placement]
    public var requests: [ID<TransferRequest>]
    /// The person left with it.
    public var deactivates: Bool

    public init(
        person: ID<Person>, successor: ID<Person>, from: Day, reason: String, placements: [Placement],
        requests: [ID<TransferRequest>], deactivates: Bool
    ) {
        self.person = person
        self.successor = successor
        self.from = from
        self.reason = reason
        self.placements = placements
        self.requests = requests
        self.deactivates = deactivates
    }

    /// What the placements must hold beyond being lawful; call it with the office after they were placed.
    public func check(after organization: Organization) throws {
        guard person != successor, organization.names[successor] != nil else { throw UserError.notHere }
        guard !organization.hasSubjects(person, from: from) else {
            throw UserError(
                .stale, "Somebody came under \(organization.name(of: person)) meanwhile.",
                advice: "Look at the hand-over again, and repeat.")
        }
    }
}

/// Names were linked, unlinked, or given from one person to another.
public struct AliasChanged: EventPayload {
    public static let kind = "aliasChanged"
    public static let stream = EventStream.shared
    public var body: EventBody { .aliasChanged(self) }
    /// The merged person, or the one whom the name is linked to last.
    public var subject: String? {
        merge?.into.description ?? (changes.count == 1 ? changes.first?.after.last?.person.description : nil)
    }
    public var changes: [AliasChange]
    public var merge: PersonMerge?
    public var reason: String

    public init(changes: [AliasChange], merge: PersonMerge? = nil, reason: String = "") {
        self.changes = changes
        self.merge = merge
        self.reason = reason
    }
}

public struct TransferRequestOpened: EventPayload {
    public static let kind = "transferRequestOpened"
    public static let stream = EventStream.shared
    public var body: EventBody { .transferRequestOpened(self) }
    public var subject: String? { request.agent.description }
    public var request: TransferRequest

    public init(request: TransferRequest) { self.request = request }
}

/// Somebody took a step; what completes or revokes a request carries its placements with it.
public struct TransferRequestDecided: EventPayload {
    public static let kind = "transferRequestDecided"
    public static let stream = EventStream.shared
    public var body: EventBody { .transferRequestDecided(self) }
    public var subject: String? { agent.description }
    public var request: ID<TransferRequest>
    /// Whom it is about.
    public var agent: ID<Person>
    public var action: RequestAction
    public var comment: String
    public var by: RequestParty
    public var actingFor: ID<Person>?
    public var override: Bool
    public var placements: [Placement]

    public init(
        request: ID<TransferRequest>, agent: ID<Person>, action: RequestAction, comment: String,
        by party: RequestParty, actingFor: ID<Person>?, override: Bool, placements: [Placement]
    ) {
        self.request = request
        self.agent = agent
        self.action = action
        self.comment = comment
        by = party
        self.actingFor = actingFor
        self.override = override
        self.placements = placements
    }
}

extension TransferRequestDecided {
    /// The event of a step, with the placements that belong into it.
    public init(
        _ action: RequestAction, on request: TransferRequest, comment: String, by party: RequestParty,
        actingFor: ID<Person>? = nil, at time: HybridTime, in context: TransferRequestContext
    ) throws {
        let outcome = try request.deciding(
            action, comment: comment, by: party, actingFor: actingFor, at: time, in: context)
        let step = outcome.request.steps.last
        self.init(
            request: request.id, agent: request.agent, action: action, comment: comment, by: party,
            actingFor: step?.actingFor, override: step?.isOverride ?? false, placements: outcome.placements)
    }

    /// The request after this event.
    ///
    /// - Throws: `UserError` where the step is not lawful by now, or no longer does what its event says.
    public func result(
        on now: TransferRequest, at time: HybridTime, in context: TransferRequestContext
    ) throws -> TransferRequest {
        guard now.id == request, now.agent == agent, action != .comment else { throw UserError.notHere }
        let outcome = try now.deciding(
            action, comment: comment, by: by, actingFor: actingFor, at: time, in: context)
        guard outcome.placements == placements, outcome.request.steps.last?.isOverride == override else {
            throw UserError(
                .stale, "What this decision would do has changed meanwhile.",
                advice: "Look at the request again, and decide anew.")
        }
        return outcome.request
    }
}

public struct TransferRequestCommented: EventPayload {
    public static let kind = "transferRequestCommented"
    public static let stream = EventStream.shared
    public var body: EventBody { .transferRequestCommented(self) }
    public var subject: String? { agent.description }
    public var request: ID<TransferRequest>
    public var agent: ID<Person>
    public var comment: String
    public var by: RequestParty

    public init(request: ID<TransferRequest>, agent: ID<Person>, comment: String, by party: RequestParty) {
        self.request = request
        self.agent = agent
        self.comment = comment
        by = party
    }
}

extension TransferRequestCommented {
    /// The request after this event.
    public func result(
        on now: TransferRequest, at time: HybridTime, in context: TransferRequestContext
    ) throws -> TransferRequest {
        guard now.id == request, now.agent == agent else { throw UserError.notHere }
        return try now.deciding(.comment, comment: comment, by: by, at: time, in: context).request
    }
}

/// Somebody stands in for somebody (no `before`), otherwise than before, or no longer (no `after`).
public struct DelegationChanged: EventPayload {
    public static let kind = "delegationChanged"
    public static let stream = EventStream.shared
    public var body: EventBody { .delegationChanged(self) }
    public var subject: String? { (after ?? before)?.person.description }
    public var before: Delegation?
    public var after: Delegation?

    public init(before: Delegation?, after: Delegation?) {
        self.before = before
        self.after = after
    }

    /// - Parameter now: the delegation of that id as it is; nil: there is none.
    public func check(now: Delegation?, organization: Organization) throws {
        guard before != nil || after != nil else {
            throw UserError(.invalid, "No delegation would change.", advice: "Choose a person and days.")
        }
        guard now == before, after == nil || before == nil || after?.id == before?.id,
            after == nil || before == nil || after?.person == before?.person
        else {
            throw UserError(
                .stale, "The delegation was changed meanwhile.", advice: "Look at it again, and repeat.")
        }
        guard let after else { return }
        try after.check()
        for person in [after.person, after.delegate] where organization.names[person] == nil {
            throw UserError.notHere
        }
    }
}

/// Somebody looked at two persons with like names and said that they are two.
public struct NamesHeldApart: EventPayload {
    public static let kind = "namesHeldApart"
    public static let stream = EventStream.shared
    public var body: EventBody { .namesHeldApart(self) }
    public var subject: String? { first.description }
    /// The lesser of the two.
    public var first: ID<Person>
    public var second: ID<Person>

    public init(_ one: ID<Person>, _ other: ID<Person>) {
        first = min(one, other)
        second = max(one, other)
    }

    /// Both ids with a blank between.
    public var pair: String { "\(first) \(second)" }

    public func check() throws {
        guard first < second else {
            throw UserError(.invalid, "Nobody is two persons.", advice: "Choose two people.")
        }
    }
}
