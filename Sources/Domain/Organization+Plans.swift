/// What is to happen to somebody's agents when he stops leading them.
public enum TeamFate: Hashable, Sendable {
    /// To another leader (of a leader), or to another manager (of a manager).
    case handedTo(ID<Person>)
    /// Without a team, under a manager.
    case idleUnder(ID<Person>)
}

/// Plans return the placements of one event; `place` still judges them. A person who joined after the day is
/// placed from the day he joined. Placements already scheduled after the day stand, unless `replacingLater`.
extension Organization {
    /// Moves agents to a leader from a day; employment, status and designation stay, and the group unless one is
    /// given or the agent has none: then it is the leader's.
    ///
    /// - Parameter replacingLater: also in each agent's placements after the day, as far as he is an agent in
    ///   them and has not left, he is with this leader.
    public func move(
        _ agents: [ID<Person>], to leader: ID<Person>, from day: Day, group: String? = nil,
        replacingLater: Bool = false
    ) throws -> [Placement] {
        try reassign(agents, from: day, replacingLater: replacingLater) {
            ($0.leader, $0.manager) = (leader, nil)
            $0.group = group ?? self.group($0.group, under: leader, on: $0.from)
        }
    }

    /// Takes agents out of their teams: idle under a manager from a day.
    public func release(
        _ agents: [ID<Person>], under manager: ID<Person>, from day: Day, replacingLater: Bool = false
    ) throws -> [Placement] {
        try reassign(agents, from: day, replacingLater: replacingLater) {
            ($0.leader, $0.manager) = (nil, manager)
            $0.group = self.group($0.group, under: manager, on: $0.from)
        }
    }

    /// Whoever has no group comes into that of the one above him.
    private func group(_ own: String, under superior: ID<Person>?, on day: Day) -> String {
        guard own == Placement.unassigned, let superior else { return own }
        return histories[superior]?.inForce(on: day)?.placement.group ?? own
    }

    private func reassign(
        _ agents: [ID<Person>], from day: Day, replacingLater: Bool, _ change: (inout Placement) -> Void
    ) throws -> [Placement] {
        var placements: [Placement] = []
        var seen: Set<ID<Person>> = []
        for agent in agents where seen.insert(agent).inserted {
            let now = try presentAgent(agent, on: day)
            var new = now
            new.from = max(day, histories[agent]?.firstDay ?? day)
            change(&new)
            if !new.isLike(now) { placements.append(new) }
            for later in histories[agent]?.begun(from: new.from.adding(1)) ?? [] where replacingLater {
                var new = later.placement
                guard rank(of: new) == .agent, !hasLeft(new) else { continue }
                change(&new)
                if new != later.placement { placements.append(new) }
            }
        }
        guard !placements.isEmpty else {
            throw UserError(
                .invalid, "They are there already on \(day.iso).",
                advice: "Choose somebody else, or another day.")
        }
        return placements
    }

    private func presentAgent(_ person: ID<Person>, on day: Day) throws -> Placement {
        let placement = try placed(person, on: day)
        guard rank(of: placement) == .agent else {
            throw UserError(
                .conflict, "\(name(of: person)) is no agent on \(day.iso) but a \(placement.designation).",
                advice: "Move the team leader to another team manager, or hand the team over.")
        }
        guard !hasLeft(placement) else {
            throw UserError(
                .conflict, "\(name(of: person)) has left by \(day.iso).",
                advice: "Let \(name(of: person)) return first, or choose an earlier day.")
        }
        return placement
    }

    func placed(_ person: ID<Person>, on day: Day) throws -> Placement {
        guard let placement = histories[person]?.inForce(on: day)?.placement else { throw UserError.notHere }
        return placement
    }

    /// Swaps two agents from a day: each takes the other's leader, or the manager where he is idle. Groups stay.
    ///
    /// Twice on the same day is as if nothing had been.
    public func swap(_ first: ID<Person>, _ second: ID<Person>, from day: Day) throws -> [Placement] {
        var (one, other) = (try presentAgent(first, on: day), try presentAgent(second, on: day))
        guard first != second, (one.leader, one.manager) != (other.leader, other.manager) else {
            throw UserError(
                .invalid, "They are in the same team on \(day.iso).",
                advice: "Choose two agents of different teams.")
        }
        guard one.from <= day, other.from <= day else {
            let late = one.from > day ? one : other
            throw UserError(
                .conflict, "\(name(of: late.person)) joined only on \(late.from.iso).",
                advice: "Choose that day or a later one.")
        }
        (one.leader, other.leader) = (other.leader, one.leader)
        (one.manager, other.manager) = (other.manager, one.manager)
        (one.from, other.from) = (day, day)
        return [one, other]
    }

    /// Lets somebody rise: an agent opens his own team under a manager, a leader becomes a manager.
    ///
    /// - Parameters:
    ///   - manager: of a new leader; nil for a new manager.
    ///   - team: agents who come into the new leader's team on the same day.
    ///   - fate: of the agents whom a rising leader leaves behind; nil is refused by `place` where there are any.
    ///   - replacingLater: also in his placements after the day, as far as he has not left. If they stand, they
    ///     make him an agent again, and `place` refuses to leave a team behind.
    public func promote(
        _ person: ID<Person>, to designation: String, under manager: ID<Person>?, from day: Day,
        group: String? = nil, team: [ID<Person>] = [], fate: TeamFate? = nil, replacingLater: Bool = false
    ) throws -> [Placement] {
        let now = try placed(person, on: day)
        guard !hasLeft(now), terms(of: person).rank(of: designation).rawValue > rank(of: now).rawValue else {
            throw UserError(
                .conflict, "\(name(of: person)) cannot rise from \(now.designation) to \(designation).",
                advice: "Choose a higher designation, and somebody who has not left.")
        }
        func risen(_ placement: Placement) -> Placement {
            var new = placement
            (new.designation, new.leader, new.manager) = (designation, nil, manager)
            new.group = group ?? self.group(new.group, under: manager, on: new.from)
            return new
        }
        var first = now
        first.from = max(day, histories[person]?.firstDay ?? day)
        first = risen(first)
        var placements = [first]
        for later in histories[person]?.begun(from: first.from.adding(1)) ?? []
        where replacingLater && !hasLeft(later.placement) {
            placements.append(risen(later.placement))
        }
        if let fate { placements += try handing(subjectsOf: person, to: fate, from: day) }
        if !team.isEmpty { placements += try move(team, to: person, from: day, group: group) }
        return placements
    }

    /// Ends somebody's membership from a day. Everything scheduled for him later is taken back, or it would
    /// bring him in again.
    public func leave(_ person: ID<Person>, from day: Day, status: String = Placement.left) throws
        -> [Placement]
    {
        let now = try placed(person, on: day)
        guard !hasLeft(now) else {
            throw UserError(
                .conflict, "\(name(of: person)) has left already by \(day.iso).",
                advice: "Choose an earlier day.")
        }
        let start = max(day, histories[person]?.firstDay ?? day)
        let later = (histories[person]?.begun(from: start.adding(1)) ?? []).map(\.placement)
        return ([now] + later).enumerated().map { index, placement in
            var new = placement
            if index == 0 { new.from = start }
            (new.status, new.leader, new.manager) = (status, nil, nil)
            return new
        }
    }

    /// Takes somebody who left back from a day, in a team, idle under a manager, or unassigned.
    public func rejoin(
        _ person: ID<Person>, from day: Day, leader: ID<Person>? = nil, manager: ID<Person>? = nil,
        designation: String? = nil, status: String = Placement.employee
    ) throws -> [Placement] {
        var new = try placed(person, on: day)
        guard hasLeft(new), new.from <= day else {
            throw UserError(
                .conflict, "\(name(of: person)) has not left on \(day.iso).",
                advice: "Move \(name(of: person)) instead.")
        }
        (new.from, new.leader, new.manager, new.status) = (day, leader, manager, status)
        new.designation = designation ?? new.designation
        return [new]
    }

    /// Takes a scheduled placement back: from its day he goes on as he was before it.
    public func cancel(_ person: ID<Person>, from day: Day) throws -> [Placement] {
        guard let history = histories[person], history.inForce(on: day)?.placement.from == day,
            let first = history.firstDay, first < day,
            var new = history.inForce(on: day.adding(-1))?.placement
        else { throw UserError.notHere }
        new.from = day
        return [new]
    }
}

extension Placement {
    /// Equal in all but the day.
    func isLike(_ other: Placement) -> Bool {
        var same = other
        same.from = from
        return self == same
    }
}
