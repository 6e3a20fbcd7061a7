/// One human of the office: an agent, a team leader, a team manager.
public struct Person: Hashable, Codable, Sendable {
    public var id: ID<Person>
    public var name: String

    public init(id: ID<Person>, name: String) {
        self.id = id
        self.name = name
    }
}

/// What a person is from a day on, until the next placement of the same person begins.
public struct Placement: Hashable, Codable, Sendable {
    public var person: ID<Person>
    public var from: Day
    public var designation: String
    public var employment: String
    public var status: String
    public var group: String
    /// The team leader; nil for leaders, managers and idle agents.
    public var leader: ID<Person>?
    /// The team manager, where there is no leader between: of a leader, or of an idle agent.
    public var manager: ID<Person>?

    public init(
        person: ID<Person>, from: Day, designation: String = Placement.coldCaller,
        employment: String = Placement.fullTimer, status: String = Placement.employee,
        group: String = Placement.unassigned, leader: ID<Person>? = nil, manager: ID<Person>? = nil
    ) {
        self.person = person
        self.from = from
        self.designation = designation
        self.employment = employment
        self.status = status
        self.group = group
        self.leader = leader
        self.manager = manager
    }

    public static let coldCaller = "Cold Caller"
    public static let teamLeader = "Team Leader"
    public static let teamManager = "Team Manager"
    public static let fullTimer = "Full-Timer"
    public static let partTimer = "Part-Timer"
    public static let employee = "Employee"
    public static let unassigned = "Unassigned"
}

/// A stretch of days on which one person's designation, group, leader and manager do not change.
///
/// Made from the person's placements and those of his leaders: the manager of a call is the
/// manager, on that day, of the leader the agent had on that day.
public struct PlacementSpan: Hashable, Sendable {
    /// The leader and manager in it are those that stand in these days; `manager` also where a leader is between.
    public var placement: Placement
    public var from: Day
    /// The first day after the span.
    public var until: Day
    public var manager: ID<Person>?
}

/// Cuts placements into spans, as `Organization.spans` does for what is known of who placed whom.
///
/// - Parameter placements: at most one per person and first day counts; a later element wins. Leaders and
///   managers who are not among the persons are taken at their word.
public func placementSpans(_ placements: [Placement], terms: PlacementTerms = .standard) -> [PlacementSpan] {
    let known = placements.enumerated().map { index, placement in
        KnownPlacement(
            placement, time: HybridTime(bits: Int64(index)), office: KnownPlacement.nowhere,
            cause: PlacementCause(kind: ""))
    }
    return Organization(persons: [], placements: known, terms: terms).spans()
}
