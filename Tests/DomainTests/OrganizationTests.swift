import Domain
import Testing

@Suite struct OrganizationTests {
    private typealias T = TestOrganization

    private func refused(
        _ words: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        let error = #expect(throws: UserError.self, sourceLocation: sourceLocation) { try body() }
        for word in words {
            #expect(
                error?.message.contains(word) == true, "\(error?.message ?? "")",
                sourceLocation: sourceLocation)
        }
        #expect(error?.advice.isEmpty == false, sourceLocation: sourceLocation)
    }

    @Test func `ids are in the order of their texts`() {
        var random = SeededGenerator(3)
        let ids: [ID<Person>] = (0..<200).map { _ in numbered(Int.random(in: 0..<65_536, using: &random)) }
        #expect(ids.sorted() == ids.sorted { $0.description < $1.description })
    }

    @Test func `a leader's move carries the agents without touching them`() throws {
        var it = try T()
        let affected = try it.place([
            Placement(
                person: T.ann, from: day(10), designation: Placement.teamLeader, manager: T.otherManager)
        ])
        #expect(it.manager(T.agents[0], 9) == T.manager)
        #expect(it.manager(T.agents[0], 10) == T.otherManager)
        #expect(affected == [T.ann, T.agents[0], T.agents[1]])
        let spans = it.organization.spans(of: T.agents[0])
        #expect(spans.map(\.from) == [Day(number: .min), day(10)])
        #expect(spans.map(\.until) == [day(10), Day(number: .max)])
        #expect(it.organization.timeline(of: T.agents[0]).map(\.changes) == [[.joined], [.movedManager]])
    }

    @Test func `nobody is left without a leader by a demotion, a promotion or a leaving`() throws {
        var it = try T()
        let before = it.organization
        var demoted = Placement(person: T.ann, from: day(5), manager: T.manager)
        refused("2 people under Ann Leader", "Agent 0, Agent 1", day(5).iso) { try it.place([demoted]) }
        refused("2 people") { try it.place(it.organization.leave(T.ann, from: day(5))) }
        refused("2 people") {
            try it.place(
                it.organization.promote(T.ann, to: Placement.teamManager, under: nil, from: day(5)))
        }
        refused("Ann Leader, Ben Leader") {
            try it.place(it.organization.leave(T.manager, from: day(5)))
        }
        #expect(it.organization == before, "what is refused changes nothing")
        // Neither later, nor where the leader's own later placement ends his span.
        demoted.from = day(200)
        refused("2 people") { try it.place([demoted]) }
        try it.place(it.organization.handOver(T.ann, to: T.ben, from: day(100)))
        try it.place([demoted])
        refused("leads no team on \(day(200).iso)") {
            try it.place(it.organization.move([T.agents[2]], to: T.ann, from: day(150)))
        }
    }

    @Test func `the orphans are counted and the first few are named`() throws {
        var it = try T()
        for number in 0..<9 { try it.join(numbered(100 + number), "New \(number)", leader: T.ben) }
        refused("10 people under Ben Leader", "Agent 2, New 0, New 1, New 2, New 3 and 5 more") {
            try it.place(it.organization.leave(T.ben, from: day(30)))
        }
    }

    @Test func `each rank has only the superiors it may have`() throws {
        var it = try T()
        func place(
            _ designation: String = Placement.coldCaller, leader: ID<Person>? = nil,
            manager: ID<Person>? = nil, status: String = Placement.employee, person: ID<Person> = T.agents[4]
        ) throws {
            try it.place([
                Placement(
                    person: person, from: day(3), designation: designation, status: status, leader: leader,
                    manager: manager)
            ])
        }
        refused("Only an agent") { try place(Placement.teamLeader, leader: T.ann) }
        refused("needs a team manager") { try place(Placement.teamLeader) }
        refused("no team manager") { try place(Placement.teamManager, manager: T.manager) }
        refused("himself") { try place(leader: T.agents[4]) }
        refused("himself") { try place(manager: T.agents[4]) }
        refused("of that team") { try place(leader: T.ann, manager: T.manager) }
        refused("no team leader and no team manager") { try place(leader: T.ann, status: Placement.left) }
        refused("leads no team") { try place(leader: T.agents[0]) }
        refused("leads no team") { try place(leader: T.manager) }
        refused("is no team manager") { try place(manager: T.ann) }
        refused("nothing here") { try place(leader: numbered(999)) }
        refused("nothing here") { try place(manager: T.manager, person: numbered(999)) }
        refused("twice") {
            let twice = Placement(person: T.agents[4], from: day(3))
            try it.place([twice, twice])
        }
        refused("Nobody would be placed") { try it.place([]) }
        try place("Closer", leader: T.ann)
        try place(leader: T.ann, status: Placement.onLeave)
        try place(status: Placement.left)
        refused("leads no team") { try place(leader: T.agents[4], person: T.agents[0]) }
    }

    @Test func `a circle of three cannot be closed`() throws {
        var it = try T()
        let ring = [T.ann, T.ben, T.cat]
        refused("no team manager") {
            try it.place(
                zip(ring, [T.ben, T.cat, T.ann]).map {
                    Placement(
                        person: $0, from: day(1), designation: Placement.teamLeader, manager: $1)
                })
        }
        refused("Only an agent") {
            try it.place(
                zip(ring, [T.ben, T.cat, T.ann]).map {
                    Placement(person: $0, from: day(1), designation: Placement.teamLeader, leader: $1)
                })
        }
        refused("leads no team") {
            try it.place(
                zip(Array(T.agents.prefix(2)), [T.agents[1], T.agents[0]]).map {
                    Placement(person: $0, from: day(1), leader: $1)
                })
        }
    }

    @Test func `before somebody's first placement a leader counts only where he led`() throws {
        var it = try T()
        try it.place(
            it.organization.promote(T.agents[4], to: Placement.teamLeader, under: T.manager, from: day(50)))
        try it.join(numbered(90), "Late Comer", from: 80, leader: T.agents[4])
        #expect(it.leader(numbered(90), 80) == T.agents[4])
        #expect(it.leader(numbered(90), 60) == T.agents[4])
        #expect(it.leader(numbered(90), 49) == nil, "he was an agent himself")
        #expect(it.manager(numbered(90), 49) == nil)
        #expect(it.organization.faults().isEmpty)
        refused("leads no team on \(day(40).iso)") {
            try it.join(numbered(91), "Too Early", from: 40, leader: T.agents[4])
        }
    }

    @Test func `an earlier placement of a manager reaches the agents of his leaders`() throws {
        var it = try T(empty: true)
        try it.join(T.manager, "Mia", from: 50, designation: Placement.teamManager)
        try it.join(T.ann, "Ann", from: 50, designation: Placement.teamLeader, manager: T.manager)
        try it.join(T.agents[0], "Agent", from: 0, leader: T.ann)
        let before = it.organization
        refused("1 person under Ann") { try it.place([Placement(person: T.manager, from: day(10))]) }
        #expect(it.organization == before)
    }

    @Test func `the last in total order stands, whatever comes first, and the others are kept`() throws {
        let person: ID<Person> = numbered(7)
        func known(_ group: String, _ time: Int64, _ office: Int) -> KnownPlacement {
            KnownPlacement(
                Placement(person: person, from: day(0), group: group), time: HybridTime(bits: time),
                office: numbered(office), cause: PlacementCause(kind: "personsPlaced"))
        }
        let facts = [known("a", 1, 1), known("b", 5, 2), known("c", 5, 1), known("d", 4, 9)]
        var random = SeededGenerator(5)
        let first = Organization(persons: [Person(id: person, name: "P")], placements: facts)
        for _ in 0..<20 {
            let other = Organization(
                persons: [Person(id: person, name: "P")],
                placements: (facts + facts.prefix(2)).shuffled(using: &random))
            #expect(other == first)
        }
        #expect(first.spans(of: person).map(\.placement.group) == ["b"])
        #expect(first.timeline(of: person).first?.superseded.map(\.placement.group) == ["c", "d", "a"])
        #expect(first.asKnown(at: HybridTime(bits: 4)).spans(of: person).map(\.placement.group) == ["d"])
        #expect(first.asKnown(at: HybridTime(bits: 0)).spans(of: person).isEmpty)
    }

    @Test func `today's teams hold for all days`() throws {
        var it = try T()
        try it.place(it.organization.move([T.agents[0]], to: T.cat, from: day(20)))
        let spans = it.organization.spans(asOf: day(25))
        #expect(spans.count == it.organization.persons.count)
        #expect(Set(spans.map(\.from)) == [Day(number: .min)])
        #expect(Set(spans.map(\.until)) == [Day(number: .max)])
        let moved = spans.first { $0.placement.person == T.agents[0] }
        #expect(moved?.placement.leader == T.cat && moved?.manager == T.otherManager)
    }

    @Test func `a chart has everybody once, and whoever joins later not yet`() throws {
        var it = try T()
        try it.join(numbered(95), "Nobody's", from: 40)
        try it.place(it.organization.leave(T.agents[3], from: day(30)))
        let chart = it.organization.chart(on: day(35))
        #expect(chart.branches.map(\.manager.name) == ["Mia Manager", "Moe Manager"])
        #expect(chart.branches.map(\.count) == [7, 2])
        #expect(chart.branches.first?.teams.map(\.agents.count) == [2, 1])
        #expect(chart.branches.first?.idle.map(\.name) == ["Agent 4"])
        #expect(chart.left.map(\.name) == ["Agent 3"])
        #expect(chart.unassigned.isEmpty && chart.count == 10)
        #expect(it.organization.chart(on: day(40)).unassigned.map(\.name) == ["Nobody's"])
        #expect(it.organization.chart(on: day(35), withEarlier: true).count == 11)
        #expect(it.organization.unassigned(on: day(40)).map(\.name) == ["Nobody's"])
        #expect(it.organization.team(of: T.ann, on: day(0)).map(\.name) == ["Agent 0", "Agent 1"])
        #expect(
            it.organization.leaders(of: T.manager, on: day(0)).map(\.name) == ["Ann Leader", "Ben Leader"])
        #expect(it.organization.idleAgents(of: T.manager, on: day(0)).map(\.name) == ["Agent 4"])
        #expect(it.organization.chain(above: T.agents[0], on: day(0)) == [T.ann, T.manager])
        #expect(it.organization.chain(above: T.ann, on: day(0)) == [T.manager])
        #expect(
            it.organization.scheduled(after: day(10)).map(\.placement.person) == [T.agents[3], numbered(95)])
        // Two persons who are one stand in the chart once.
        it.organization.merge(T.agents[4], into: T.agents[0])
        #expect(it.organization.chart(on: day(40)).count == 10)
        it.organization.merge(T.ann, into: T.ben)
        #expect(it.organization.chart(on: day(40)).count == 10, "on days on which she led she is still there")
        refused("Ann Leader is the same person as Ben Leader") {
            try it.place(it.organization.move([T.agents[2]], to: T.ann, from: day(50)))
        }
    }

    @Test func `a timeline tells what happened and who said so`() throws {
        var it = try T()
        let agent = T.agents[0]
        try it.place(it.organization.move([agent], to: T.ben, from: day(10)), reason: "closer to home")
        var away = Placement(person: agent, from: day(20), status: Placement.onLeave, leader: T.ben)
        try it.place([away])
        (away.from, away.status, away.employment) = (day(25), Placement.employee, Placement.partTimer)
        try it.place([away])
        try it.place(
            it.organization.promote(agent, to: Placement.teamLeader, under: T.manager, from: day(30)))
        try it.place(it.organization.leave(agent, from: day(40)))
        try it.place(
            it.organization.rejoin(agent, from: day(50), leader: T.cat, designation: Placement.coldCaller))
        let steps = it.organization.timeline(of: agent)
        #expect(
            steps.map(\.changes) == [
                [.joined], [.movedTeam], [.changedStatus], [.changedStatus, .changedEmployment],
                [.promoted, .movedTeam], [.left], [.returned, .demoted, .movedTeam],
            ])
        #expect(steps.map(\.from) == [0, 10, 20, 25, 30, 40, 50].map(day))
        #expect(steps.last?.until == nil && steps.first?.until == day(10))
        #expect(
            steps[1].known?.cause
                == PlacementCause(
                    kind: "personsPlaced", actor: "Tess", reason: "closer to home"))
        #expect(steps[1].before?.placement.leader == T.ann && steps[1].after.placement.leader == T.ben)
    }

    @Test func `no more than the touched part is loaded, and it judges alike`() throws {
        var it = try T()
        for number in 0..<200 { try it.join(numbered(300 + number), "X \(number)", leader: T.cat) }
        let whole = it.organization
        func part(_ placements: [Placement]) throws -> (Organization, Int) {
            var loads = 0
            let part = try Organization(
                touchedBy: placements,
                load: { person in
                    loads += 1
                    let facts = whole.facts.filter { $0.placement.person == person }
                    return whole.names[person].map { ($0, facts) }
                },
                subjects: { person in
                    whole.persons.filter {
                        whole.spans(of: $0).contains { span in
                            span.placement.leader == person || span.placement.manager == person
                        }
                    }
                })
            return (part, loads)
        }
        let swap = try whole.swap(T.agents[0], T.agents[3], from: day(9))
        let (small, loads) = try part(swap)
        #expect(loads == 6, "two agents, two leaders, two managers")
        #expect(
            try small.placing(swap).spans(of: T.agents[3]) == whole.placing(swap).spans(of: T.agents[3]))
        let leaving = try whole.leave(T.otherManager, from: day(9))
        let (large, _) = try part(leaving)
        let one = #expect(throws: UserError.self) { try large.check(leaving) }
        let other = #expect(throws: UserError.self) { try whole.check(leaving) }
        #expect(one == other && one?.message.contains("1 person under Moe") == true)
    }

    @Test func `other words for ranks and leaving are honoured`() throws {
        var it = try T()
        it.organization.terms.leading.append("Coach")
        it.organization.terms.ending.append("Resigned")
        try it.place(it.organization.promote(T.agents[4], to: "Coach", under: T.manager, from: day(4)))
        try it.place(it.organization.move([T.agents[0]], to: T.agents[4], from: day(5)))
        refused("1 person") {
            try it.place(it.organization.leave(T.agents[4], from: day(6), status: "Resigned"))
        }
        #expect(it.leader(T.agents[0], 7) == T.agents[4])
    }
}
