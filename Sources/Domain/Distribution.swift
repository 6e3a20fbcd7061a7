/// Who is in which team on a day, as somebody who may move them sees it.
public struct DistributionBoard: Hashable, Sendable {
    /// Where a card can lie and be put.
    public enum Place: Hashable, Sendable {
        /// Agents of a manager without a team.
        case idle(ID<Person>)
        /// The team of a leader.
        case team(ID<Person>)
        /// Agents who are under nobody; nothing is put there.
        case unassigned
    }
    /// What becomes of somebody after the board's day.
    public struct Change: Hashable, Sendable {
        public var person: Person
        public var from: Day
        public var before: Placement?
        public var after: Placement
        public var cause: PlacementCause
        /// Whom he reports to then; nil: nobody, or somebody who is not the viewer's business.
        public var superior: String?
        public var isOutside: Bool
    }
    public struct Card: Hashable, Sendable {
        public var standing: Standing
        /// The first change after the day.
        public var next: Change?
    }
    public struct Column: Hashable, Sendable {
        public var place: Place
        public var name: String
        public var cards: [Card]
    }
    /// The columns of one manager; without one, who is under nobody.
    public struct Section: Hashable, Sendable {
        public var manager: Person?
        public var columns: [Column]

        public var count: Int { columns.reduce(0) { $0 + $1.cards.count } }
    }
    public var day: Day
    public var sections: [Section]
    /// Of everybody on the board, and of who comes onto it, by day and name.
    public var scheduled: [Change]
    /// All managers of the day, for who may choose one.
    public var managers: [Person]

    public var count: Int { sections.reduce(0) { $0 + $1.count } }
}

extension Organization {
    /// The board of a day within a viewer's reach: a manager's own teams, a leader's own team, or the office's.
    ///
    /// Whoever may place people also sees agents who are under nobody, as he may take them in.
    /// - Parameter manager: only this manager's teams; for who sees them all.
    public func board(on day: Day, for viewer: Viewer, of manager: ID<Person>? = nil) -> DistributionBoard {
        let chart = chart(on: day)
        let reach = viewer.reach(.decideRequests)
        let branches = chart.branches.filter { branch in
            switch reach {
            case .office: manager == nil || branch.manager.person == manager
            case .teams: branch.manager.person == viewer.person
            case .team: branch.teams.contains { $0.leader.person == viewer.person }
            case .own, .none: false
            }
        }
        let inside = Set(branches.map(\.manager.person))
        let changes = changes(after: day)
        func card(_ standing: Standing) -> DistributionBoard.Card {
            DistributionBoard.Card(
                standing: standing,
                next: changes[standing.person]?.first.map { said($0, reach, inside, viewer) })
        }
        var sections = branches.map { branch in
            let teams = branch.teams.filter { reach != .team || $0.leader.person == viewer.person }.map {
                DistributionBoard.Column(
                    place: .team($0.leader.person), name: $0.leader.name, cards: $0.agents.map(card))
            }
            let idle = DistributionBoard.Column(
                place: .idle(branch.manager.person), name: "Idle", cards: branch.idle.map(card))
            return DistributionBoard.Section(
                manager: Person(id: branch.manager.person, name: branch.manager.name),
                columns: (reach == .team ? [] : [idle]) + teams)
        }
        if viewer.may(.managePeople) {
            let nobodys = chart.unassigned.filter { $0.rank == .agent && $0.isUnassigned }
            let column = DistributionBoard.Column(
                place: .unassigned, name: "Unassigned", cards: nobodys.map(card))
            if let only = sections.indices.first, sections.count == 1 {
                sections[only].columns.insert(column, at: 1)
            } else {
                sections.insert(DistributionBoard.Section(manager: nil, columns: [column]), at: 0)
            }
        }
        let shown = Set(sections.flatMap(\.columns).flatMap(\.cards).map(\.standing.person))
        return DistributionBoard(
            day: day, sections: sections,
            scheduled: changes.values.joined().filter { change in
                shown.contains(change.person.id) || comes(change, reach, inside, viewer)
            }.map { said($0, reach, inside, viewer) }.sorted {
                ($0.from, $0.person.name, $0.person.id) < ($1.from, $1.person.name, $1.person.id)
            },
            managers: reach == .office
                ? chart.branches.map { Person(id: $0.manager.person, name: $0.manager.name) } : [])
    }

    /// What begins after a day, by person, each in order of days.
    private func changes(after day: Day) -> [ID<Person>: [DistributionBoard.Change]] {
        Dictionary(grouping: scheduled(after: day), by: \.placement.person).mapValues { begun in
            var before = begun.first.flatMap { first in
                histories[first.placement.person].flatMap { history in
                    history.firstDay.flatMap { $0 <= day ? history.inForce(on: day)?.placement : nil }
                }
            }
            return begun.map { known in
                let placement = known.placement
                defer { before = placement }
                return DistributionBoard.Change(
                    person: Person(id: placement.person, name: name(of: placement.person)),
                    from: placement.from, before: before, after: placement, cause: known.cause,
                    superior: (placement.leader ?? placement.manager).map { name(of: $0) }, isOutside: false)
            }
        }
    }

    private func comes(
        _ change: DistributionBoard.Change, _ reach: Reach, _ inside: Set<ID<Person>>, _ viewer: Viewer
    ) -> Bool {
        let above = superiors(of: change.after, on: change.from)
        if reach == .team { return above.leader == viewer.person }
        return above.manager.map { inside.contains($0) } ?? false
    }

    /// Without the name of a superior whom the viewer has nothing to do with.
    private func said(
        _ change: DistributionBoard.Change, _ reach: Reach, _ inside: Set<ID<Person>>, _ viewer: Viewer
    ) -> DistributionBoard.Change {
        guard reach != .office, change.superior != nil, !comes(change, reach, inside, viewer) else {
            return change
        }
        var said = change
        (said.superior, said.isOutside) = (nil, true)
        return said
    }

    /// The placements of a move on the board.
    ///
    /// - Throws: `UserError` `notFound` for agents and places that the party has nothing to do with.
    public func move(
        _ agents: [ID<Person>], to place: DistributionBoard.Place, from day: Day, replacingLater: Bool,
        by party: RequestParty
    ) throws -> [Placement] {
        guard !agents.isEmpty else {
            throw UserError(.invalid, "Nobody is selected.", advice: "Tick the agents who are to be moved.")
        }
        if party.role != .admin {
            // Before any rule speaks of somebody by name.
            for agent in agents {
                guard let now = standing(of: agent, on: day), now.isUnassigned || now.manager == party.person
                else { throw UserError.notHere }
            }
        }
        switch place {
        case .team(let leader):
            guard let it = standing(of: leader, on: day), it.rank == .leader, !it.hasLeft else {
                throw UserError(
                    .conflict, "That is no team on \(day.iso).", advice: "Choose a team of the board.")
            }
            return try move(agents, to: leader, from: day, replacingLater: replacingLater)
        case .idle(let manager):
            return try release(agents, under: manager, from: day, replacingLater: replacingLater)
        case .unassigned:
            throw UserError(
                .invalid, "Nobody is put under nobody.",
                advice: "Choose a team, or a manager's idle agents.")
        }
    }
}
