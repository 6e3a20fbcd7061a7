import Domain
import Testing

/// A year of an office, played at random and repeatably.
struct OfficeYear {
    var it: TestOrganization
    var random: SeededGenerator
    var people: [ID<Person>] = []
    var done: [String: Int] = [:]
    var refused: [String: Int] = [:]
    /// The office as it was at a time.
    var snapshots: [(HybridTime, Organization)] = []
    static let length = 365

    init(seed: UInt64) throws {
        it = try TestOrganization(empty: true)
        random = SeededGenerator(seed)
        let designations =
            Array(repeating: Placement.teamManager, count: 6)
            + Array(repeating: Placement.teamLeader, count: 28)
            + Array(repeating: Placement.coldCaller, count: 280)
        for designation in designations {
            let person: ID<Person> = numbered(1000 + people.count)
            let manager = people.prefix(6).randomElement(using: &random)
            let leader = people.dropFirst(6).prefix(28).randomElement(using: &random)
            let isAgent = designation == Placement.coldCaller
            let isIdle = isAgent && random.chance(10)
            // Leaders and managers are there first; agents come all year long.
            try it.join(
                person, "Person \(people.count)",
                from: isAgent ? max(0, Int.random(in: -200..<300, using: &random)) : 0,
                designation: designation, leader: isAgent && !isIdle ? leader : nil,
                manager: designation == Placement.teamManager || (isAgent && !isIdle) ? nil : manager)
            people.append(person)
        }
    }

    var organization: Organization { it.organization }

    mutating func anyDay() -> Day { day(Int.random(in: -20..<Self.length, using: &random)) }
    mutating func anybody() -> ID<Person> { people.randomElement(using: &random) ?? numbered(1000) }

    mutating func anybody(_ rank: Rank, on day: Day) -> ID<Person> {
        for _ in 0..<60 {
            let person = anybody()
            if let it = organization.standing(of: person, on: day), it.rank == rank, !it.hasLeft {
                return person
            }
        }
        return anybody()
    }

    /// One act, lawful or not: what is refused must leave everything as it was.
    mutating func act() {
        let day = anyDay()
        let kinds = [
            "move", "move", "move", "swap", "swap", "release", "promote", "rise", "leave", "return",
            "hand over", "replace", "demote", "carry", "anything", "cancel", "merge",
        ]
        let kind = kinds.randomElement(using: &random) ?? "move"
        let before = organization
        do {
            let placements = try plan(kind, day)
            if !placements.isEmpty { try it.place(placements) }
            done[kind, default: 0] += 1
        } catch let error as UserError {
            refused[kind, default: 0] += 1
            // Of all that is compared, which is slow, some.
            guard refused[kind, default: 0] % 4 == 1 else { return }
            #expect(organization == before, "refused, and yet something changed: \(error.message)")
        } catch {
            Issue.record("\(kind): \(error)")
        }
    }

    private mutating func plan(_ kind: String, _ day: Day) throws -> [Placement] {
        let agent = anybody(.agent, on: day)
        let other = anybody(.agent, on: day)
        let leader = anybody(.leader, on: day)
        let heir = anybody(.leader, on: day)
        let manager = anybody(.manager, on: day)
        let chief = anybody(.manager, on: day)
        let flag = random.chance(50)
        switch kind {
        case "move":
            return try organization.move([agent, other], to: leader, from: day, replacingLater: flag)
        case "swap": return try organization.swap(agent, other, from: day)
        case "release": return try organization.release([agent], under: manager, from: day)
        case "promote":
            return try organization.promote(
                agent, to: Placement.teamLeader, under: manager, from: day, team: flag ? [other] : [],
                replacingLater: random.chance(70))
        case "rise":
            return try organization.promote(
                leader, to: Placement.teamManager, under: nil, from: day,
                fate: flag ? .handedTo(heir) : .idleUnder(manager), replacingLater: true)
        case "leave": return try organization.leave(flag ? agent : leader, from: day)
        case "return":
            let gone = people.filter { organization.standing(of: $0, on: day)?.hasLeft == true }
            let person = gone.randomElement(using: &random) ?? agent
            return try organization.rejoin(
                person, from: day, manager: manager, designation: Placement.coldCaller)
        case "hand over":
            return try organization.handOver(
                leader, to: flag ? heir : agent, from: day, promoting: !flag,
                status: random.chance(50) ? Placement.left : nil)
        case "replace":
            return try organization.handOver(manager, to: chief, from: day, status: Placement.left)
        case "demote": return [Placement(person: leader, from: day, manager: manager)]
        case "carry":
            return [Placement(person: leader, from: day, designation: Placement.teamLeader, manager: manager)]
        case "cancel":
            let scheduled = organization.scheduled(after: day)
            guard let known = scheduled.randomElement(using: &random) else { return [] }
            return try organization.cancel(known.placement.person, from: known.placement.from)
        case "merge":
            guard !organization.hasSubjects(agent, from: day) else { return [] }
            it.organization.merge(agent, into: flag ? other : nil)
            return []
        default:
            let designations = [Placement.coldCaller, Placement.teamLeader, Placement.teamManager]
            return [
                Placement(
                    person: anybody(), from: day,
                    designation: designations.randomElement(using: &random) ?? "",
                    status: flag ? Placement.employee : Placement.left,
                    leader: random.chance(40) ? anybody() : nil, manager: random.chance(40) ? anybody() : nil)
            ]
        }
    }

    mutating func live(_ acts: Int) {
        for number in 0..<acts {
            act()
            if number % 150 == 0 { snapshots.append((HybridTime(bits: it.time), organization)) }
        }
    }
}
