/// What a person is on one day, and who stands above him then.
public struct Standing: Hashable, Sendable {
    public var person: ID<Person>
    public var name: String
    public var placement: Placement
    public var rank: Rank
    public var hasLeft: Bool
    public var leader: ID<Person>?
    /// Also where a leader is between.
    public var manager: ID<Person>?
    /// False before the person's first placement, where the first one holds.
    public var hasBegun: Bool

    /// Belongs to the office and is under nobody, though he should be.
    public var isUnassigned: Bool { !hasLeft && rank != .manager && leader == nil && manager == nil }
    /// An agent of a manager without a team.
    public var isIdle: Bool { !hasLeft && rank == .agent && leader == nil && manager != nil }
}

/// Everybody of an office on one day, each person once: managers with teams with agents, then who is left over.
public struct OrganizationChart: Hashable, Sendable {
    public struct Team: Hashable, Sendable {
        public var leader: Standing
        public var agents: [Standing]
    }
    public struct Branch: Hashable, Sendable {
        public var manager: Standing
        public var teams: [Team]
        public var idle: [Standing]

        public var count: Int { 1 + idle.count + teams.reduce(0) { $0 + 1 + $1.agents.count } }
    }
    public var day: Day
    public var branches: [Branch]
    public var unassigned: [Standing]
    public var left: [Standing]

    public var count: Int { unassigned.count + left.count + branches.reduce(0) { $0 + $1.count } }
}

extension Organization {
    /// nil: without any placement.
    public func standing(of person: ID<Person>, on day: Day) -> Standing? {
        guard let history = histories[person], let placement = history.inForce(on: day)?.placement else {
            return nil
        }
        let above = superiors(of: placement, on: day)
        return Standing(
            person: person, name: name(of: person), placement: placement, rank: rank(of: placement),
            hasLeft: hasLeft(placement), leader: above.leader, manager: above.manager,
            hasBegun: placement.from <= day)
    }

    /// By name; without those who are the same human as another, unless they lead somebody on the day.
    private func standings(_ persons: some Sequence<ID<Person>>, on day: Day) -> [Standing] {
        persons.filter { merged[$0] == nil || leads($0, on: day) }.compactMap { standing(of: $0, on: day) }
            .sorted { ($0.name, $0.person) < ($1.name, $1.person) }
    }

    private func leads(_ person: ID<Person>, on day: Day) -> Bool {
        reach(of: [person]).contains { subject in
            guard subject != person, merged[subject] == nil, let it = standing(of: subject, on: day) else {
                return false
            }
            return it.leader == person || it.manager == person
        }
    }

    /// The agents of a leader on a day, by name.
    public func team(of leader: ID<Person>, on day: Day) -> [Standing] {
        standings(subjects[leader] ?? [], on: day).filter { $0.leader == leader }
    }

    /// The leaders under a manager on a day, by name.
    public func leaders(of manager: ID<Person>, on day: Day) -> [Standing] {
        standings(subjects[manager] ?? [], on: day).filter { $0.manager == manager && $0.rank == .leader }
    }

    /// The agents under a manager without a team on a day, by name.
    public func idleAgents(of manager: ID<Person>, on day: Day) -> [Standing] {
        standings(subjects[manager] ?? [], on: day).filter { $0.manager == manager && $0.isIdle }
    }

    /// Who should be under somebody on a day and is not, by name.
    public func unassigned(on day: Day) -> [Standing] {
        standings(persons, on: day).filter(\.isUnassigned)
    }

    /// Leader, then manager; whoever there is.
    public func chain(above person: ID<Person>, on day: Day) -> [ID<Person>] {
        standing(of: person, on: day).map { [$0.leader, $0.manager].compactMap { $0 } } ?? []
    }

    /// - Parameter withEarlier: also persons whose first placement begins after the day, as figures count them.
    public func chart(on day: Day, withEarlier: Bool = false) -> OrganizationChart {
        let all = standings(persons, on: day)
        let shown = all.filter { withEarlier || $0.hasBegun }
        // Whoever leads somebody is shown, or a team would hang in the air.
        let needed = Set(shown.flatMap { [$0.leader, $0.manager].compactMap { $0 } })
        var agents: [ID<Person>: [Standing]] = [:]
        var leaders: [ID<Person>: [Standing]] = [:]
        var idle: [ID<Person>: [Standing]] = [:]
        var chart = OrganizationChart(day: day, branches: [], unassigned: [], left: [])
        var managers: [Standing] = []
        for it in all where it.hasBegun || withEarlier || needed.contains(it.person) {
            if it.hasLeft {
                chart.left.append(it)
            } else if it.rank == .manager {
                managers.append(it)
            } else if let leader = it.leader, it.manager != nil {
                agents[leader, default: []].append(it)
            } else if let manager = it.manager {
                if it.rank == .leader {
                    leaders[manager, default: []].append(it)
                } else {
                    idle[manager, default: []].append(it)
                }
            } else {
                // Also an agent whose leader has no manager, as can be before the leader's first placement.
                chart.unassigned.append(it)
            }
        }
        chart.branches = managers.map { manager in
            OrganizationChart.Branch(
                manager: manager,
                teams: (leaders[manager.person] ?? []).map {
                    OrganizationChart.Team(leader: $0, agents: agents[$0.person] ?? [])
                }, idle: idle[manager.person] ?? [])
        }
        return chart
    }

    /// Placements that begin after a day, by day and name: what is scheduled.
    public func scheduled(after day: Day) -> [KnownPlacement] {
        histories.values.flatMap { $0.begun(from: day.adding(1)) }
            .filter { merged[$0.placement.person] == nil }
            .sorted { a, b in
                let (first, second) = (a.placement, b.placement)
                return (first.from, name(of: first.person), first.person)
                    < (second.from, name(of: second.person), second.person)
            }
    }
}
