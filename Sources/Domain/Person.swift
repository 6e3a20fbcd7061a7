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

    /// The lawful shape of a single placement; how placements fit each other is the fold's business.
    public func check() throws {
        guard !designation.isEmpty, !employment.isEmpty, !status.isEmpty, !group.isEmpty else {
            throw UserError(
                .invalid, "A placement needs a designation, an employment, a status and a group.",
                advice: "Fill in what is empty.")
        }
        guard leader != person, manager != person else {
            throw UserError(
                .invalid, "Nobody can report to himself.", advice: "Choose another leader or manager.")
        }
        guard leader == nil || (designation != Self.teamLeader && designation != Self.teamManager) else {
            throw UserError(
                .invalid, "Only an agent has a team leader.",
                advice: "Place a team leader under a team manager instead.")
        }
        guard designation != Self.teamManager || manager == nil else {
            throw UserError(
                .invalid, "A team manager has no team manager.", advice: "Leave the manager empty.")
        }
    }
}

/// A stretch of days on which one person's designation, group, leader and manager do not change.
///
/// Made from the person's placements and those of his leaders: the manager of a call is the
/// manager, on that day, of the leader the agent had on that day.
public struct PlacementSpan: Hashable, Sendable {
    public var placement: Placement
    public var from: Day
    /// The first day after the span.
    public var until: Day
    public var manager: ID<Person>?
}

/// Cuts placements into spans; every person with a placement is covered on every day, with no gap:
/// before his first placement the first one holds, so that an older file finds him somewhere.
///
/// - Parameter placements: at most one per person and first day counts; a later element wins.
public func placementSpans(_ placements: [Placement]) -> [PlacementSpan] {
    let forever = Day(number: .max)
    var timelines: [ID<Person>: [Day: Placement]] = [:]
    for placement in placements { timelines[placement.person, default: [:]][placement.from] = placement }
    let ordered = timelines.mapValues { $0.values.sorted { $0.from < $1.from } }

    var spans: [PlacementSpan] = []
    for person in ordered.keys.sorted() {
        guard let timeline = ordered[person] else { continue }
        for (index, placement) in timeline.enumerated() {
            let start = index == 0 ? Day(number: .min) : placement.from
            let end = index + 1 < timeline.count ? timeline[index + 1].from : forever
            guard let leader = placement.leader, let above = ordered[leader] else {
                spans.append(
                    PlacementSpan(
                        placement: placement, from: start, until: end, manager: placement.manager))
                continue
            }
            let cuts = above.dropFirst().map(\.from).filter { start < $0 && $0 < end }
            for (from, until) in zip([start] + cuts, cuts + [end]) {
                let manager = (above.last { $0.from <= from } ?? above.first)?.manager
                spans.append(
                    PlacementSpan(
                        placement: placement, from: from, until: until,
                        manager: manager ?? placement.manager))
            }
        }
    }
    return spans
}
