import Domain
import Foundation
import Formats
import Ingest
import Storage
import TestSupport

/// What people do with people, names and requests, through the verbs that pages call.
extension Simulation {
    /// Two admins of each office, by numbers: whoever asks does not approve.
    static func admin(_ number: Int) -> Viewer {
        Viewer(user: EventIDs.user(number), name: "Admin \(number)", role: .admin, person: nil)
    }

    static let actor = Actor(user: nil, name: "Simulated", via: "test")

    func ids<Entity>(_ sql: String, at box: SimulatedBox) async throws -> [ID<Entity>] {
        try await box.it.sql(sql).compactMap { ID($0) }
    }

    func persons(_ box: SimulatedBox) async throws -> [ID<Person>] {
        try await ids("SELECT id FROM person ORDER BY id", at: box)
    }

    /// Persons of a rank on a day.
    func persons(_ rank: Rank, on day: Day, _ organization: Organization) -> [ID<Person>] {
        organization.persons.sorted().filter {
            guard let it = organization.standing(of: $0, on: day) else { return false }
            return it.rank == rank && !it.hasLeft
        }
    }

    func day(_ box: SimulatedBox, _ numbers: inout SeededNumbers) async throws -> Day {
        try await box.store.today().adding(Int.random(in: -20...10, using: &numbers))
    }

    func actOnPeople(_ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers)
        async throws
    {
        let store = box.store
        let day = try await day(box, &numbers)
        let organization = try await store.organization()
        let everybody = organization.persons.sorted()
        let (agents, leaders, managers) = (
            persons(.agent, on: day, organization), persons(.leader, on: day, organization),
            persons(.manager, on: day, organization)
        )
        switch kind {
        case .addPerson:
            let leader = leaders.randomElement(using: &numbers)
            let name = ["Ann Bell", "Cy Dunn", "Dee", "Ed Fox", "Flo"].randomElement(using: &numbers) ?? ""
            _ = try await store.addPerson(
                name: name, folded: foldedName(name),
                placement: { Placement(person: $0, from: day, leader: leader) }, by: Self.actor)
        case .place:
            let agent = try pick(agents, &numbers)
            let replaces = Bool.random(using: &numbers)
            try await some(of: leaders, &numbers) { leader in
                try await plan([agent], [leader], store) {
                    try $0.move([agent], to: leader, from: day, replacingLater: replaces)
                }
            }
        case .swap:
            let one = try pick(agents, &numbers)
            try await some(of: agents.filter { $0 != one }, &numbers) { other in
                try await plan([one, other], [], store) { try $0.swap(one, other, from: day) }
            }
        case .promote:
            let person = try pick(agents, &numbers)
            let manager = try pick(managers, &numbers)
            try await plan([person], [manager], store) {
                try $0.promote(person, to: Placement.teamLeader, under: manager, from: day)
            }
        case .leave:
            // Leaders too, whom the rules keep while they have a team.
            try await some(of: everybody.shuffled(using: &numbers), tries: 3, &numbers) { person in
                try await plan([person], [], store) { try $0.leave(person, from: day) }
            }
        case .rejoin:
            let leader = try pick(leaders, &numbers)
            let someDays = [day, day.adding(3), try await store.today(), day.adding(20)]
            let returns = someDays.flatMap { day in
                everybody.filter { organization.standing(of: $0, on: day)?.hasLeft == true }.map { ($0, day) }
            }
            if returns.isEmpty {
                let agent = try pick(agents, &numbers)
                try await plan([agent], [], store) { try $0.leave(agent, from: day.adding(-1)) }
                try await plan([agent], [leader], store) { try $0.rejoin(agent, from: day, leader: leader) }
            } else {
                try await some(of: returns, &numbers) { person, day in
                    try await plan([person], [leader], store) {
                        try $0.rejoin(person, from: day, leader: leader)
                    }
                }
            }
        case .handOver:
            let isLeader = Bool.random(using: &numbers)
            let group = isLeader ? leaders : managers
            let person = try pick(group, &numbers)
            let (promotes, leaves) = (Bool.random(using: &numbers), Bool.random(using: &numbers))
            try await some(of: (group + agents).filter { $0 != person }, &numbers) { successor in
                _ = try await store.handOver(
                    person, to: successor, from: day, promoting: promotes,
                    status: leaves ? Placement.left : nil, reason: "moved on", for: .console, by: Self.actor)
            }
        case .rename:
            try await store.renamePerson(
                try pick(everybody, &numbers), to: "Name \(Int.random(in: 1...9, using: &numbers))",
                for: .console, by: Self.actor)
        default: try await actOnNames(kind, box, everybody, day, &numbers)
        }
    }

    private func plan(
        _ changed: [ID<Person>], _ others: [ID<Person>], _ store: OfficeStore,
        _ plan: @escaping @Sendable (Organization) throws -> [Placement]
    ) async throws {
        try await store.placePersons(
            changed, naming: others, reason: "as it should be", for: .console, by: Self.actor, plan: plan)
    }

    private func actOnNames(
        _ kind: SimulationStep.Kind, _ box: SimulatedBox, _ persons: [ID<Person>], _ day: Day,
        _ numbers: inout SeededNumbers
    ) async throws {
        let store = box.store
        let first = try pick(persons, &numbers)
        switch kind {
        case .link: try await link(box, persons, Bool.random(using: &numbers) ? day : nil, &numbers)
        case .unlink:
            var random = numbers
            try await orElse {
                let names = try await self.names(box).filter { $0.links.count > 1 }
                try await self.some(of: names.flatMap { name in name.links.map { (name, $0.from) } }, &random)
                {
                    try await store.unlinkName(
                        office: $0.office, folded: $0.folded, from: $1, for: .console, by: Self.actor)
                }
            } make: {
                try await self.link(box, persons, day, &random)
            }
        case .mergePersons:
            let into = first
            try await some(of: persons.filter { $0 != into }, &numbers) {
                try await store.mergePersons($0, into: into, for: .console, by: Self.actor)
            }
        case .undoNames:
            var random = numbers
            try await orElse {
                let changes = try await store.nameChanges(for: .console).filter(\.canBeUndone)
                try await self.some(of: changes, &random) {
                    try await store.undoNameChange($0.seq, for: .console, by: Self.actor)
                }
            } make: {
                try await self.link(box, persons, Bool.random(using: &random) ? day : nil, &random)
            }
        default:
            try await some(of: persons.filter { $0 != first }, &numbers) {
                try await store.holdApart(first, $0, for: .console, by: Self.actor)
            }
        }
    }

    private func names(_ box: SimulatedBox) async throws -> [AgentAlias] {
        try await box.store.names(for: .console).sorted {
            ($0.office, $0.folded) < ($1.office, $1.folded)
        }
    }

    private func link(
        _ box: SimulatedBox, _ persons: [ID<Person>], _ day: Day?, _ numbers: inout SeededNumbers
    ) async throws {
        let name = try pick(try await names(box), &numbers)
        try await some(of: persons, &numbers) {
            try await box.store.linkName(
                office: name.office, folded: name.folded, to: $0, from: day, for: .console, by: Self.actor)
        }
    }

    // MARK: Requests

    func actOnTransfers(_ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers)
        async throws
    {
        let store = box.store
        let today = try await store.today()
        let day = today.adding(Int.random(in: -1...6, using: &numbers))
        let organization = try await store.organization()
        switch kind {
        case .openTransfer: try await openTransfer(box, organization, day, &numbers)
        case .decideTransfer:
            let actions = RequestAction.allCases.filter { $0 != .comment }.shuffled(using: &numbers).prefix(4)
            let all = [.accept, .approve].shuffled(using: &numbers) + actions + [.comment]
            let viewers = deciders(organization, today).shuffled(using: &numbers)
            var random = numbers
            try await orElse {
                let requests: [ID<TransferRequest>] = try await self.ids(
                    """
                    SELECT id FROM transferRequest
                    ORDER BY stage IN ('open', 'accepted', 'approved', 'scheduled') DESC, opened DESC, id
                    """, at: box)
                let request = try self.pick(requests, &random)
                var last: any Error = NothingToDo()
                // Whoever may: only the rules know whose word is waited for.
                for action in all {
                    for viewer in viewers {
                        do {
                            try await store.decideRequest(
                                request, action, comment: "because", for: viewer, by: Self.actor)
                            return
                        } catch let error as UserError { last = error }
                    }
                }
                throw last
            } make: {
                try await self.openTransfer(box, organization, day, &random)
            }
        case .delegate: try await delegate(box, organization, today, day.adding(2), &numbers)
        default:
            var random = numbers
            try await orElse {
                try await self.some(
                    of: try await self.ids("SELECT id FROM delegation ORDER BY id", at: box), &random
                ) { try await store.endDelegation($0, for: .console, by: Self.actor) }
            } make: {
                try await self.delegate(box, organization, today, day.adding(2), &random)
            }
        }
    }

    private func openTransfer(
        _ box: SimulatedBox, _ organization: Organization, _ day: Day, _ numbers: inout SeededNumbers
    ) async throws {
        let agents = persons(.agent, on: day, organization)
        let leaders = persons(.leader, on: day, organization)
        let led = agents.filter { organization.standing(of: $0, on: day)?.leader != nil }
        let way = try pick([TransferRequest.Kind.transfer, .transfer, .swap, .swap, .remove], &numbers)
        let (other, leader) = (
            agents.randomElement(using: &numbers), leaders.randomElement(using: &numbers)
        )
        try await some(of: led, &numbers) { agent in
            try await box.store.openRequest(
                way, agent: agent, otherAgent: way == .swap ? other : nil,
                to: way == .transfer ? leader : nil,
                effective: day, reason: "nearer",
                for: viewer(organization.standing(of: agent, on: day)?.leader, .teamLeader), by: Self.actor)
        }
    }

    private func delegate(
        _ box: SimulatedBox, _ organization: Organization, _ today: Day, _ until: Day,
        _ numbers: inout SeededNumbers
    ) async throws {
        let leading =
            persons(.leader, on: today, organization) + persons(.manager, on: today, organization)
        let delegates: [ID<Person>] = try await ids(
            "SELECT person FROM user WHERE person IS NOT NULL ORDER BY person", at: box)
        let delegate = try pick(delegates, &numbers)
        try await some(of: leading.filter { $0 != delegate }, &numbers) {
            try await box.store.delegate(
                $0, to: delegate, from: today, until: until, for: .console, by: Self.actor)
        }
    }

    private func viewer(_ person: ID<Person>?, _ role: Role) -> Viewer {
        Viewer(user: EventIDs.user(20), name: "Somebody", role: role, person: person)
    }

    private func deciders(_ organization: Organization, _ today: Day) -> [Viewer] {
        persons(.leader, on: today, organization).prefix(5).map { viewer($0, .teamLeader) }
            + persons(.manager, on: today, organization).prefix(3).map {
                Viewer(user: EventIDs.user(21), name: "Manager", role: .teamManager, person: $0)
            } + [Self.admin(1)]
    }
}
