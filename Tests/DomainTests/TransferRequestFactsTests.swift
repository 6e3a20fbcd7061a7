import Domain
import Testing

/// What becomes of a request when the office changes under it.
@Suite struct TransferRequestFactsTests {
    private typealias T = TestOrganization
    private typealias R = RequestOffice

    private func refused(
        _ words: String, _ code: UserError.Code? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        let error = #expect(throws: UserError.self, sourceLocation: sourceLocation) { try body() }
        #expect(
            error?.message.contains(words) == true && (code == nil || error?.code == code),
            "\(error?.message ?? "")", sourceLocation: sourceLocation)
    }

    @Test func `facts that change make it stale, and say which`() throws {
        func stale(_ words: String, _ change: (inout TestOrganization) throws -> Void) throws {
            for kind in [TransferRequest.Kind.transfer, .swap] {
                var office = try R()
                let request = try office.open(
                    kind, to: kind == .transfer ? T.cat : nil, other: kind == .swap ? T.agents[3] : nil)
                try change(&office.it)
                #expect(request.state(in: office.context()) == .stale)
                refused(words, .stale) { _ = try office.step(request, .accept, T.cat, .teamLeader) }
            }
        }
        try stale("Agent 0 is in another team") {
            try $0.place($0.organization.move([T.agents[0]], to: T.ben, from: day(21)))
        }
        try stale("Agent 0 is no agent") { try $0.place($0.organization.leave(T.agents[0], from: day(21))) }
        try stale("Agent 0 is the same person") { $0.organization.merge(T.agents[0], into: T.agents[1]) }
        try stale("another team manager") {
            try $0.place([
                Placement(
                    person: T.ann, from: day(21), designation: Placement.teamLeader, manager: T.otherManager)
            ])
        }
        // What comes after its day does not matter.
        var office = try R()
        let request = try office.open(.transfer, to: T.cat)
        try office.it.place(office.it.organization.move([T.agents[0]], to: T.ben, from: day(24)))
        #expect(request.state(in: office.context()) == .open)
    }

    @Test func `what a decision would do is judged when it is made and again later`() throws {
        var office = try R()
        let accepted = try office.step(office.open(.transfer, to: T.cat), .accept, T.cat, .teamLeader)
        let half = try office.step(accepted, .approve, T.manager)
        var event = try TransferRequestDecided(
            .approve, on: half, comment: "", by: R.party(T.otherManager, .teamManager), at: R.opened,
            in: office.context())
        event.placements[0].group = "Elsewhere"
        refused("changed meanwhile", .stale) {
            _ = try event.result(on: half, at: R.opened, in: office.context())
        }
        // The team will not be led for long: refused in the words of placing.
        try office.it.place(
            office.it.organization.handOver(T.cat, to: T.ben, from: day(40), status: Placement.left))
        refused("leads no team on \(day(40).iso)") { _ = try office.step(half, .approve, T.otherManager) }
    }

    @Test func `revoking takes the placements back, unless somebody placed anew`() throws {
        var office = try R()
        let before = office.it.organization
        let request = try office.step(
            office.step(
                office.step(office.open(.swap, other: T.agents[3]), .accept, T.cat, .teamLeader), .approve,
                T.manager),
            .approve, T.otherManager)
        try office.it.place(request.placements(in: before), request: request.id)
        let revoke = try request.deciding(
            .revoke, comment: "changed our minds", by: R.party(T.manager, .teamManager), at: R.opened,
            in: office.context())
        let back = try office.it.organization.placing(revoke.placements)
        for agent in [T.agents[0], T.agents[3]] {
            #expect(
                back.standing(of: agent, on: day(30))?.leader
                    == before.standing(of: agent, on: day(30))?.leader)
        }
        try office.it.place([Placement(person: T.agents[0], from: R.effective, leader: T.ben)])
        let partly = try request.deciding(
            .revoke, comment: "changed our minds", by: R.party(T.manager, .teamManager), at: R.opened,
            in: office.context())
        #expect(partly.placements.map(\.person) == [T.agents[3]])
        refused("not yours to take now") {
            _ = try request.deciding(
                .revoke, comment: "x", by: R.party(T.manager, .teamManager), at: R.opened,
                in: office.context(today: R.effective))
        }
    }

    @Test func `a hand-over takes open requests along`() throws {
        var office = try R()
        let half = try office.step(
            office.step(office.open(.transfer, to: T.cat), .accept, T.cat, .teamLeader), .approve, T.manager)
        try office.it.place(
            office.it.organization.handOver(T.manager, to: R.stranger, from: day(20), status: Placement.left))
        #expect(half.state(in: office.context()) == .stale)
        let moved = half.handedOver(from: T.manager, to: R.stranger, from: day(20))
        #expect(moved.state(in: office.context()) == .approved)
        #expect(moved.waitingFor(in: office.context()) == [T.otherManager])
        #expect(try office.step(moved, .approve, T.otherManager).stage == .scheduled)
        #expect(half.handedOver(from: T.manager, to: R.stranger, from: day(24)) == half)
    }

    @Test(arguments: [T.manager, T.otherManager])
    func `managers who became one person are asked once for both`(leaving: ID<Person>) throws {
        var office = try R()
        let staying = leaving == T.manager ? T.otherManager : T.manager
        let half = try office.step(
            office.step(office.open(.transfer, to: T.cat), .accept, T.cat, .teamLeader), .approve, T.manager)
        try office.it.place(
            office.it.organization.handOver(leaving, to: staying, from: day(20), status: Placement.left))
        let moved = half.handedOver(from: leaving, to: staying, from: day(20))
        #expect(moved.state(in: office.context()) == .accepted)
        #expect(moved.waitingFor(in: office.context()) == [staying])
        #expect(try office.step(moved, .approve, staying).stage == .scheduled)
    }

    @Test func `a manager's request to another who became the same person is not needed any more`() throws {
        var office = try R()
        let open = try office.open(.transfer, to: T.cat, by: R.party(T.manager, .teamManager))
        #expect(open.openedAs == .manager)
        try office.it.place(
            office.it.organization.handOver(
                T.otherManager, to: T.manager, from: day(20), status: Placement.left))
        let moved = open.handedOver(from: T.otherManager, to: T.manager, from: day(20))
        #expect(moved.state(in: office.context()) == .stale)
        #expect(moved.staleness(in: office.context())?.contains("no request is needed") == true)
        #expect(
            moved.allowedActions(for: R.party(T.manager, .teamManager), in: office.context())
                == [.withdraw, .comment])
    }
}
