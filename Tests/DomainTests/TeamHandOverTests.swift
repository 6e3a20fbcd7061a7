import Domain
import Testing

@Suite struct TeamHandOverTests {
    private typealias T = TestOrganization

    @Test func `everybody under a leader goes over, scheduled ones too, and earlier days keep the old name`()
        throws
    {
        var it = try T()
        try it.place(it.organization.move([T.agents[2]], to: T.ann, from: day(60)), reason: "scheduled")
        try it.place(it.organization.move([T.agents[1]], to: T.cat, from: day(20)))
        let placements = try it.organization.handOver(T.ann, to: T.ben, from: day(40), status: Placement.left)
        #expect(Set(placements.map(\.person)) == [T.agents[0], T.agents[2], T.ann])
        try it.place(placements)
        #expect(it.leader(T.agents[0], 39) == T.ann && it.leader(T.agents[0], 40) == T.ben)
        #expect(it.leader(T.agents[2], 70) == T.ben)
        #expect(it.leader(T.agents[1], 50) == T.cat, "who had gone is not fetched back")
        #expect(it.organization.standing(of: T.ann, on: day(40))?.hasLeft == true)
        #expect(!it.organization.hasSubjects(T.ann, from: day(40)))
        #expect(it.organization.hasSubjects(T.ann, from: day(39)))
    }

    @Test func `an agent of the team can take it over, risen in the same step`() throws {
        var it = try T()
        #expect(throws: UserError.self) {
            try it.organization.handOver(T.ann, to: T.agents[0], from: day(5))
        }
        try it.place(
            it.organization.handOver(
                T.ann, to: T.agents[0], from: day(5), promoting: true, status: Placement.left))
        #expect(it.leader(T.agents[1], 5) == T.agents[0])
        #expect(it.manager(T.agents[1], 5) == T.manager)
        #expect(it.leader(T.agents[0], 5) == nil && it.leader(T.agents[0], 4) == T.ann)
    }

    @Test func `a manager hands over teams and idle agents; agents need not be touched`() throws {
        var it = try T()
        let placements = try it.organization.handOver(
            T.manager, to: T.otherManager, from: day(5), status: Placement.left)
        #expect(Set(placements.map(\.person)) == [T.ann, T.ben, T.agents[4], T.manager])
        try it.place(placements)
        #expect(it.manager(T.agents[0], 4) == T.manager)
        #expect(it.manager(T.agents[0], 5) == T.otherManager)
        #expect(it.manager(T.agents[4], 5) == T.otherManager)
    }

    @Test func `a successor must be eligible on each day, and somebody must move`() throws {
        var it = try T()
        func fails(_ words: String, _ body: () throws -> [Placement]) {
            let error = #expect(throws: UserError.self) { _ = try body() }
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        try it.place(it.organization.handOver(T.cat, to: T.ben, from: day(90), status: Placement.left))
        fails("leads no team on \(day(90).iso)") {
            try it.organization.handOver(T.ann, to: T.cat, from: day(50))
        }
        fails("cannot take over") { try it.organization.handOver(T.ann, to: T.cat, from: day(90)) }
        fails("cannot take over") { try it.organization.handOver(T.ann, to: T.manager, from: day(5)) }
        fails("cannot take over") { try it.organization.handOver(T.manager, to: T.ann, from: day(5)) }
        fails("somebody else") { try it.organization.handOver(T.ann, to: T.ann, from: day(5)) }
        fails("leads nobody") { try it.organization.handOver(T.agents[0], to: T.ben, from: day(5)) }
        fails("nobody to hand over") {
            try it.place(it.organization.handOver(T.ann, to: T.ben, from: day(30)))
            return try it.organization.handOver(T.ann, to: T.ben, from: day(40))
        }
        // A leader who rises to take over a manager's place must not leave his own team behind.
        fails("under Ben Leader") {
            try it.organization.handOver(T.manager, to: T.ben, from: day(40), promoting: true)
        }
    }

    @Test func `a hand-over that somebody slipped under is stale`() throws {
        var it = try T()
        let event = TeamHandedOver(
            person: T.ann, successor: T.ben, from: day(10), reason: "away",
            placements: try it.organization.handOver(T.ann, to: T.ben, from: day(10)), requests: [],
            deactivates: false)
        try event.check(after: it.organization.placing(event.placements))
        try it.place(it.organization.move([T.agents[4]], to: T.ann, from: day(12)))
        #expect(throws: UserError.self) { try event.check(after: it.organization.placing(event.placements)) }
    }

    @Test func `plans keep what they are not about, and say what becomes of later placements`() throws {
        var it = try T()
        let agent = T.agents[0]
        let later = Placement(
            person: agent, from: day(30), employment: Placement.partTimer, group: "Evening", leader: T.ann)
        try it.place([later])
        let plain = try it.organization.move([agent], to: T.ben, from: day(10))
        #expect(plain == [Placement(person: agent, from: day(10), leader: T.ben)])
        let all = try it.organization.move([agent], to: T.ben, from: day(10), replacingLater: true)
        var moved = later
        moved.leader = T.ben
        #expect(all == plain + [moved])
        // Who joined later is placed from the day he joined.
        try it.join(numbered(90), "Late", from: 50)
        #expect(try it.organization.move([numbered(90)], to: T.ben, from: day(10)).map(\.from) == [day(50)])
        #expect(throws: UserError.self) { try it.organization.swap(agent, numbered(90), from: day(10)) }
        let swapped = try it.organization.placing(it.organization.swap(agent, T.agents[4], from: day(10)))
        #expect(swapped.standing(of: agent, on: day(10))?.isIdle == true)
        #expect(swapped.standing(of: T.agents[4], on: day(10))?.leader == T.ann)
        #expect(throws: UserError.self) { try it.organization.swap(agent, T.agents[1], from: day(10)) }
        #expect(throws: UserError.self) { try it.organization.move([agent], to: T.ann, from: day(10)) }
        #expect(throws: UserError.self) { try it.organization.move([T.ben], to: T.ann, from: day(10)) }
        // Whoever has no group comes into the leader's.
        try it.place([
            Placement(
                person: T.cat, from: day(0), designation: Placement.teamLeader, group: "South",
                manager: T.otherManager)
        ])
        #expect(try it.organization.move([agent], to: T.cat, from: day(10)).map(\.group) == ["South"])
        #expect(try it.organization.move([agent], to: T.cat, from: day(30)).map(\.group) == ["Evening"])
        #expect(
            try it.organization.move([agent], to: T.cat, from: day(10), group: "X").map(\.group) == ["X"])
        // Leaving takes back what was scheduled.
        try it.place(it.organization.leave(agent, from: day(20)))
        #expect(it.organization.standing(of: agent, on: day(40))?.hasLeft == true)
        #expect(throws: UserError.self) { try it.organization.move([agent], to: T.ben, from: day(25)) }
        try it.place(it.organization.cancel(agent, from: day(20)))
        #expect(it.leader(agent, 25) == T.ann)
        #expect(throws: UserError.self) { try it.organization.cancel(agent, from: day(21)) }
        #expect(throws: UserError.self) { try it.organization.cancel(agent, from: day(0)) }
        // A rising leader's agents go where they are told to.
        try it.place(
            it.organization.promote(
                T.ben, to: Placement.teamManager, under: nil, from: day(60), fate: .idleUnder(T.ben)))
        #expect(it.manager(T.agents[2], 60) == T.ben && it.leader(T.agents[2], 60) == nil)
    }

    @Test func `a manager moves within his own teams only`() throws {
        let it = try T()
        func party(_ person: ID<Person>?, _ role: Role) -> RequestParty {
            RequestParty(user: numbered(500), name: "M", role: role, person: person)
        }
        let own = party(T.manager, .teamManager)
        let office = it.organization
        try office.checkDirect(office.move([T.agents[0]], to: T.ben, from: day(3)), by: own)
        try office.checkDirect(office.release([T.agents[0]], under: T.manager, from: day(3)), by: own)
        try office.checkDirect(office.leave(T.agents[0], from: day(3)), by: own)
        try office.checkDirect(
            office.promote(
                T.agents[4], to: Placement.teamLeader, under: T.manager, from: day(3), team: [T.agents[0]]),
            by: own)
        let across = try office.move([T.agents[0]], to: T.cat, from: day(3))
        #expect(throws: UserError.self) { try office.checkDirect(across, by: own) }
        #expect(throws: UserError.self) {
            try office.checkDirect(office.move([T.agents[3]], to: T.ann, from: day(3)), by: own)
        }
        #expect(throws: UserError.self) {
            try office.checkDirect(
                office.promote(T.ann, to: Placement.teamManager, under: nil, from: day(3)), by: own)
        }
        #expect(throws: UserError.self) { try office.checkDirect(across, by: party(T.ann, .teamLeader)) }
        #expect(throws: UserError.self) { try office.checkDirect(across, by: party(nil, .teamManager)) }
        try office.checkDirect(across, by: party(nil, .admin))
    }
}
