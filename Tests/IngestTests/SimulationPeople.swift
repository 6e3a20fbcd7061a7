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
    func persons(_ rank: Rank, on day: Day, _ box: SimulatedBox) async throws -> [ID<Person>] {
        let organization = try await box.store.organization()
        return organization.persons.sorted().filter {
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
        let everybody = try await persons(box)
        let (agents, leaders, managers) = (
            try await persons(.agent, on: day, box), try await persons(.leader, on: day, box),
            try await persons(.manager, on: day, box)
        )
        switch kind {
        case .addPerson:
            let leader = leaders.randomElement(using: &numbers)
            let name = ["Ann Bell", "Cy Dunn", "Dee", "Ed Fox", "Flo"].randomElement(using: &numbers) ?? ""
            _ = try await store.addPerson(
                name: name, folded: foldedName(name),
                placement: { Placement(person: $0, from: day, leader: leader) }, by: Self.actor)
        case .place:
            let (agent, leader) = (try pick(agents, &numbers), try pick(leaders, &numbers))
            let replaces = Bool.random(using: &numbers)
            try await plan([agent], [leader], store) {
                try $0.move([agent], to: leader, from: day, replacingLater: replaces)
            }
        case .swap:
            let (one, other) = (try pick(agents, &numbers), try pick(agents, &numbers))
            try await plan([one, other], [], store) { try $0.swap(one, other, from: day) }
        case .promote:
            let person = try pick(agents, &numbers)
            let manager = try pick(managers, &numbers)
            try await plan([person], [manager], store) {
                try $0.promote(person, to: Placement.teamLeader, under: manager, from: day)
            }
        case .leave:
            let person = try pick(everybody, &numbers)
            try await plan([person], [], store) { try $0.leave(person, from: day) }
        case .rejoin:
            let organization = try await store.organization()
            let gone = everybody.filter { organization.standing(of: $0, on: day)?.hasLeft == true }
            let (person, leader) = (try pick(gone, &numbers), try pick(leaders, &numbers))
            try await plan([person], [leader], store) {
                try $0.rejoin(person, from: day, leader: leader)
            }
        case .handOver:
            let isLeader = Bool.random(using: &numbers)
            let group = isLeader ? leaders : managers
            let (person, successor) = (try pick(group, &numbers), try pick(group + agents, &numbers))
            _ = try await store.handOver(
                person, to: successor, from: day, promoting: Bool.random(using: &numbers),
                status: Bool.random(using: &numbers) ? Placement.left : nil, reason: "moved on",
                for: .console, by: Self.actor)
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
        let (first, second) = (try pick(persons, &numbers), try pick(persons, &numbers))
        switch kind {
        case .link, .unlink:
            let names = try await store.names(for: .console).sorted {
                ($0.office, $0.folded) < ($1.office, $1.folded)
            }
            if kind == .link {
                let name = try pick(names, &numbers)
                try await store.linkName(
                    office: name.office, folded: name.folded, to: first,
                    from: Bool.random(using: &numbers) ? day : nil, for: .console, by: Self.actor)
            } else {
                let name = try pick(names.filter { $0.links.count > 1 }, &numbers)
                let link = try pick(name.links.dropFirst(), &numbers)
                try await store.unlinkName(
                    office: name.office, folded: name.folded, from: link.from, for: .console, by: Self.actor)
            }
        case .mergePersons:
            try await store.mergePersons(first, into: second, for: .console, by: Self.actor)
        case .undoNames:
            let changes = try await store.nameChanges(for: .console).filter(\.canBeUndone)
            let change = try pick(changes, &numbers)
            try await store.undoNameChange(change.seq, for: .console, by: Self.actor)
        default: try await store.holdApart(first, second, for: .console, by: Self.actor)
        }
    }

    // MARK: Requests

    func actOnTransfers(_ kind: SimulationStep.Kind, _ box: SimulatedBox, _ numbers: inout SeededNumbers)
        async throws
    {
        let store = box.store
        let today = try await store.today()
        let day = today.adding(Int.random(in: -1...6, using: &numbers))
        switch kind {
        case .openTransfer:
            let organization = try await store.organization()
            let agents = try await persons(.agent, on: day, box)
            let led = agents.filter { organization.standing(of: $0, on: day)?.leader != nil }
            let agent = try pick(led, &numbers)
            let other = agents.randomElement(using: &numbers)
            let way = try pick([TransferRequest.Kind.transfer, .transfer, .swap, .swap, .remove], &numbers)
            try await store.openRequest(
                way, agent: agent, otherAgent: way == .swap ? other : nil,
                to: way == .transfer
                    ? (try await persons(.leader, on: day, box)).randomElement(using: &numbers) : nil,
                effective: day, reason: "nearer",
                for: viewer(organization.standing(of: agent, on: day)?.leader, .teamLeader), by: Self.actor)
        case .decideTransfer:
            let request: ID<TransferRequest> = try pick(
                try await ids("SELECT id FROM transferRequest ORDER BY opened DESC, id", at: box), &numbers)
            let actions = RequestAction.allCases.filter { $0 != .comment }.shuffled(using: &numbers).prefix(4)
            // Whoever may: only the rules know whose word is waited for.
            var last: UserError?
            let viewers = try await deciders(box, today).shuffled(using: &numbers)
            for action in [.accept, .approve].shuffled(using: &numbers) + actions + [.comment] {
                for viewer in viewers {
                    do {
                        return try await store.decideRequest(
                            request, action, comment: "because", for: viewer, by: Self.actor)
                    } catch let error as UserError { last = error }
                }
            }
            if let last { throw last }
        case .delegate:
            let leading = try await persons(.leader, on: today, box) + persons(.manager, on: today, box)
            let delegates: [ID<Person>] = try await ids(
                "SELECT person FROM user WHERE person IS NOT NULL ORDER BY person", at: box)
            try await store.delegate(
                try pick(leading, &numbers), to: try pick(delegates, &numbers), from: today,
                until: day.adding(2), for: .console, by: Self.actor)
        default:
            try await store.endDelegation(
                try pick(try await ids("SELECT id FROM delegation ORDER BY id", at: box), &numbers),
                for: .console, by: Self.actor)
        }
    }

    private func viewer(_ person: ID<Person>?, _ role: Role) -> Viewer {
        Viewer(user: EventIDs.user(20), name: "Somebody", role: role, person: person)
    }

    private func deciders(_ box: SimulatedBox, _ today: Day) async throws -> [Viewer] {
        try await persons(.leader, on: today, box).prefix(5).map { viewer($0, .teamLeader) }
            + persons(.manager, on: today, box).prefix(3).map {
                Viewer(user: EventIDs.user(21), name: "Manager", role: .teamManager, person: $0)
            } + [Self.admin(1)]
    }
}
