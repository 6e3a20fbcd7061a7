import Domain
import Foundation

/// A generator whose results a seed repeats: SplitMix64 (Steele, Lea, Flood 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// The identity that ends in a number.
func numbered<T>(_ number: Int) -> ID<T> {
    let (a, b) = (UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number))
    return ID(UUID(uuid: (1, 0x89, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, a, b)))
}

/// Days of the tests are counted from here.
let firstDay = Day(iso: "2026-01-01") ?? Day(number: 0)

func day(_ number: Int) -> Day { firstDay.adding(number) }

/// Two managers with two and one teams, to which tests add what they need; day 0 is when all begins.
struct TestOrganization {
    var organization = Organization(persons: [], placements: [])
    var time: Int64 = 0
    let office: ID<Office> = numbered(1)

    static let manager: ID<Person> = numbered(11)
    static let otherManager: ID<Person> = numbered(12)
    static let ann: ID<Person> = numbered(21)
    static let ben: ID<Person> = numbered(22)
    /// Under the other manager.
    static let cat: ID<Person> = numbered(23)
    /// Two of Ann's, one of Ben's, one of Cat's, one idle.
    static let agents: [ID<Person>] = (31...35).map { numbered($0) }

    init(empty: Bool = false) throws {
        guard !empty else { return }
        for (person, name) in [(Self.manager, "Mia Manager"), (Self.otherManager, "Moe Manager")] {
            try join(person, name, designation: Placement.teamManager)
        }
        try join(Self.ann, "Ann Leader", designation: Placement.teamLeader, manager: Self.manager)
        try join(Self.ben, "Ben Leader", designation: Placement.teamLeader, manager: Self.manager)
        try join(Self.cat, "Cat Leader", designation: Placement.teamLeader, manager: Self.otherManager)
        for (index, leader) in [Self.ann, Self.ann, Self.ben, Self.cat].enumerated() {
            try join(Self.agents[index], "Agent \(index)", leader: leader)
        }
        try join(Self.agents[4], "Agent 4", manager: Self.manager)
    }

    mutating func join(
        _ person: ID<Person>, _ name: String, from number: Int = 0,
        designation: String = Placement.coldCaller, leader: ID<Person>? = nil, manager: ID<Person>? = nil
    ) throws {
        organization.add(Person(id: person, name: name))
        try place([
            Placement(
                person: person, from: day(number), designation: designation, leader: leader, manager: manager)
        ])
    }

    /// As one event would.
    @discardableResult
    mutating func place(
        _ placements: [Placement], reason: String = "", request: ID<TransferRequest>? = nil
    ) throws -> Set<ID<Person>> {
        time += 1
        return try organization.place(
            placements.map {
                KnownPlacement(
                    $0, time: HybridTime(bits: time), office: office,
                    cause: PlacementCause(
                        kind: "personsPlaced", actor: "Tess", reason: reason, request: request))
            })
    }

    func leader(_ person: ID<Person>, _ number: Int) -> ID<Person>? {
        organization.standing(of: person, on: day(number))?.leader
    }

    func manager(_ person: ID<Person>, _ number: Int) -> ID<Person>? {
        organization.standing(of: person, on: day(number))?.manager
    }
}
