import Domain
import Testing

@Suite struct TransferRequestRuleTests {
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

    @Test func `a swap is two placements at once, and both teams keep their number`() throws {
        let office = try R()
        var request = try office.open(.swap, other: T.agents[3])
        #expect(request.waitingFor(in: office.context()) == [T.cat])
        request = try office.step(request, .accept, T.cat, .teamLeader)
        #expect(request.waitingFor(in: office.context()) == [T.manager, T.otherManager])
        request = try office.step(request, .approve, T.otherManager)
        #expect(request.waitingFor(in: office.context()) == [T.manager])
        let last = try request.deciding(
            .approve, comment: "", by: R.party(T.manager, .teamManager), at: R.opened, in: office.context())
        #expect(last.placements.map(\.person) == [T.agents[0], T.agents[3]])
        let after = try office.it.organization.placing(last.placements)
        #expect(after.standing(of: T.agents[0], on: R.effective)?.leader == T.cat)
        #expect(after.standing(of: T.agents[3], on: R.effective)?.leader == T.ann)
        #expect(after.standing(of: T.agents[0], on: R.effective.adding(-1))?.leader == T.ann)
        #expect(last.request.waitingFor(in: office.context()).isEmpty)
    }

    @Test func `to remove leaves the agent idle under the manager`() throws {
        let office = try R()
        let request = try office.open(.remove)
        let result = try request.deciding(
            .approve, comment: "", by: R.party(T.manager, .teamManager), at: R.opened, in: office.context())
        let after = try office.it.organization.placing(result.placements)
        #expect(after.standing(of: T.agents[0], on: R.effective)?.isIdle == true)
        #expect(after.standing(of: T.agents[0], on: R.effective)?.manager == T.manager)
    }

    @Test func `only who leads the agent opens, or who stands in for him`() throws {
        let office = try R()
        refused("nothing here") {
            _ = try office.open(.transfer, to: T.cat, by: R.party(R.strangeLeader, .teamLeader))
        }
        refused("nothing here") {
            _ = try office.open(.transfer, to: T.cat, by: R.party(T.cat, .teamLeader))
        }
        refused("nothing here") { _ = try office.open(.transfer, to: T.cat, by: R.party(nil, .admin)) }
        refused("nothing here") { _ = try office.open(.transfer, to: T.cat, by: R.party(T.ann, .agent)) }
        refused("nothing here") {
            _ = try office.open(.transfer, to: T.cat, by: R.party(R.secondHand, .teamLeader))
        }
        var asAgent = office
        asAgent.stand(T.agents[0], in: T.ann)
        refused("nothing here") {
            _ = try asAgent.open(.transfer, to: T.cat, by: R.party(T.agents[0], .teamLeader))
        }
        let forAnn = try office.open(.transfer, to: T.cat, by: R.party(R.forOpener, .teamLeader))
        #expect(forAnn.openedFor == T.ann && forAnn.openedAs == .leader)
        // In whose name it was opened has no say either.
        let accepted = try office.step(forAnn, .accept, T.cat, .teamLeader)
        refused("Nobody decides on his own", .notAllowed) {
            _ = try office.step(accepted, .approve, T.ann, .teamLeader)
        }
        _ = try office.step(accepted, .withdraw, T.ann, .teamLeader)
        // Who opened it may withdraw it when he no longer stands in.
        var later = office.context(today: day(21))
        later.delegations = []
        #expect(
            accepted.allowedActions(for: R.party(R.forOpener, .teamLeader), in: later) == [
                .withdraw, .comment,
            ])
        // As a stand-in of the manager across to another one; the manager himself has no say then.
        let forManager = try office.open(.transfer, to: T.cat, by: R.party(R.forManager, .teamLeader))
        #expect(forManager.openedAs == .manager && forManager.approvers == [T.otherManager])
        refused("Nobody decides on his own") { _ = try office.step(forManager, .approve, T.manager) }
    }

    @Test func `a request that makes no sense is not opened`() throws {
        let office = try R()
        let manager = R.party(T.manager, .teamManager)
        refused("Within your own teams") { _ = try office.open(.transfer, to: T.ben, by: manager) }
        refused("Within your own teams") { _ = try office.open(.remove, by: manager) }
        refused("same team") { _ = try office.open(.transfer, to: T.ann) }
        refused("same team") { _ = try office.open(.swap, other: T.agents[1]) }
        refused("is over") { _ = try office.open(.transfer, to: T.cat, effective: day(19)) }
        refused("which team") { _ = try office.open(.transfer) }
        refused("reason") { _ = try office.open(.transfer, to: T.cat, reason: " \n") }
        refused("leads no team") { _ = try office.open(.transfer, to: T.agents[2]) }
        refused("nothing here") { _ = try office.open(.swap, other: T.ben) }
        refused("nothing here") { _ = try office.open(.transfer, to: T.cat, agent: T.ben) }
        refused("nothing here") { _ = try office.open(.transfer, to: T.ben, agent: T.agents[3]) }
        _ = try office.open(.transfer, to: T.cat, effective: day(20))
    }

    @Test func `an agent has one open request, on whichever side`() throws {
        let office = try R()
        let first = try office.open(.swap, other: T.agents[3])
        refused("Agent 0 already") { _ = try office.open(.remove, others: [first], id: 701) }
        refused("Agent 3 already") {
            _ = try office.open(
                .transfer, to: T.ann, agent: T.agents[3], by: R.party(T.cat, .teamLeader), others: [first],
                id: 701)
        }
        _ = try office.open(.remove, agent: T.agents[1], others: [first], id: 701)
        let gone = try office.step(first, .withdraw, T.ann, .teamLeader)
        _ = try office.open(.remove, others: [gone], id: 701)
    }

    @Test func `two approvers at once have one effect`() throws {
        let office = try R()
        let accepted = try office.step(office.open(.transfer, to: T.ben), .accept, T.ben, .teamLeader)
        let event = try TransferRequestDecided(
            .approve, on: accepted, comment: "", by: R.party(T.manager, .teamManager), at: R.opened,
            in: office.context())
        let other = try TransferRequestDecided(
            .approve, on: accepted, comment: "", by: R.party(R.forManager, .teamLeader), at: R.opened,
            in: office.context())
        #expect(other.actingFor == T.manager && event.actingFor == nil)
        let done = try event.result(on: accepted, at: R.opened, in: office.context())
        #expect(done.stage == .scheduled)
        refused("scheduled already", .conflict) {
            _ = try other.result(on: done, at: R.opened, in: office.context())
        }
        // Of two managers each counts once.
        let across = try office.step(office.open(.transfer, to: T.cat), .accept, T.cat, .teamLeader)
        let half = try office.step(across, .approve, T.manager)
        refused("approved this already") { _ = try office.step(half, .approve, T.manager) }
        refused("approved this already") { _ = try office.step(half, .approve, R.forManager, .teamLeader) }
    }

    @Test func `one rejection ends it, and needs a word`() throws {
        let office = try R()
        let accepted = try office.step(office.open(.transfer, to: T.cat), .accept, T.cat, .teamLeader)
        let half = try office.step(accepted, .approve, T.manager)
        for comment in ["", " \n"] {
            refused("needs a comment") {
                _ = try half.deciding(
                    .reject, comment: comment, by: R.party(T.otherManager, .teamManager), at: R.opened,
                    in: office.context())
            }
        }
        let ended = try office.step(half, .reject, T.otherManager)
        refused("rejected already", .conflict) { _ = try office.step(ended, .approve, T.otherManager) }
        #expect(ended.steps.map(\.action) == [.accept, .approve, .reject])
    }

    @Test func `an admin overrides with a reason, marked, and not in his own cause`() throws {
        let office = try R()
        let request = try office.open(.transfer, to: T.cat)
        let admin = R.party(nil, .admin)
        refused("needs a comment") {
            _ = try request.deciding(.override, comment: "", by: admin, at: R.opened, in: office.context())
        }
        let done = try request.deciding(
            .override, comment: "nobody is here", by: admin, at: R.opened, in: office.context())
        #expect(done.request.stage == .scheduled && done.placements.count == 1)
        #expect(done.request.steps.last?.isOverride == true)
        // His account is an admin's and his person leads the team.
        let both = R.party(T.ann, .admin)
        let own = try office.open(.transfer, to: T.cat, by: both)
        #expect(own.allowedActions(for: both, in: office.context()) == [.withdraw, .comment])
        refused("Nobody decides on his own") {
            _ = try own.deciding(.override, comment: "x", by: both, at: R.opened, in: office.context())
        }
        // The same account, and then without the person.
        var stripped = both
        stripped.person = nil
        refused("Nobody decides on his own") {
            _ = try own.deciding(.override, comment: "x", by: stripped, at: R.opened, in: office.context())
        }
        // The same person by another account.
        refused("Nobody decides on his own") {
            _ = try own.deciding(
                .override, comment: "x", by: R.party(T.ann, .admin, user: 3000), at: R.opened,
                in: office.context())
        }
    }

    @Test func `a comment is kept at any time, and is no decision`() throws {
        let office = try R()
        let ended = try office.step(office.open(.remove), .reject, T.manager)
        let party = R.party(T.ann, .teamLeader)
        let comment = TransferRequestCommented(
            request: ended.id, agent: ended.agent, comment: "Why?", by: party)
        let after = try comment.result(on: ended, at: R.opened, in: office.context())
        #expect(after.stage == .rejected && after.steps.last?.comment == "Why?")
        let dressed = TransferRequestDecided(
            request: ended.id, agent: ended.agent, action: .comment, comment: "Why?", by: party,
            actingFor: nil,
            override: false, placements: [])
        refused("nothing here") { _ = try dressed.result(on: ended, at: R.opened, in: office.context()) }
    }

    @Test func `a leader who took over a team has no say in its request`() throws {
        var office = try R()
        let open = try office.open(.transfer, to: T.cat)
        office.stand(T.ben, in: T.cat)
        try office.it.place(office.it.organization.handOver(T.ann, to: T.ben, from: day(20)))
        let moved = open.handedOver(from: T.ann, to: T.ben, from: day(20))
        #expect(moved.state(in: office.context()) == .open)
        let heir = R.party(T.ben, .teamLeader)
        #expect(moved.allowedActions(for: heir, in: office.context()) == [.withdraw, .comment])
    }

    @Test func `in whose name it was opened has no say, even when the team is another's by now`() throws {
        var office = try R()
        let open = try office.open(.transfer, to: T.cat, by: R.party(R.forOpener, .teamLeader))
        try office.it.place(office.it.organization.handOver(T.ann, to: T.ben, from: day(20)))
        let moved = open.handedOver(from: T.ann, to: T.ben, from: day(20))
        #expect(moved.state(in: office.context()) == .open)
        // Ann stands in for the manager.
        let ann = R.party(T.ann, .teamLeader)
        #expect(moved.allowedActions(for: ann, in: office.context()) == [.withdraw, .comment])
        // Nor has he who opened it, by another account and for the manager.
        office.stand(R.forOpener, in: T.manager)
        let again = R.party(R.forOpener, .teamLeader, user: 4001)
        #expect(moved.allowedActions(for: again, in: office.context()) == [.withdraw, .comment])
    }

    @Test func `nobody decides on what he opened, whoever he stands in for`() throws {
        var random = SeededGenerator(11)
        var decided = 0
        for _ in 0..<400 {
            var office = try R()
            let people = [T.manager, T.otherManager, T.ann, T.ben, T.cat, R.strangeLeader, R.stranger]
            for _ in 0..<8 {
                if let one = people.randomElement(using: &random),
                    let other = people.randomElement(using: &random)
                {
                    office.stand(one, in: other)
                }
            }
            guard let opener = people.dropLast(2).randomElement(using: &random),
                let to = people.randomElement(using: &random),
                let agent = T.agents.randomElement(using: &random),
                let other = T.agents.randomElement(using: &random)
            else { continue }
            let role: Role = random.chance(30) ? .admin : .teamLeader
            let kind = TransferRequest.Kind.allCases.randomElement(using: &random) ?? .swap
            guard
                var request = try? office.open(
                    kind, to: kind == .transfer ? to : nil, other: kind == .swap ? other : nil, agent: agent,
                    by: R.party(opener, role))
            else { continue }
            for _ in 0..<30 {
                guard let who = people.randomElement(using: &random),
                    let action = RequestAction.allCases.randomElement(using: &random)
                else { continue }
                let party = R.party(who, random.chance(20) ? .admin : .teamManager)
                guard
                    let next = try? request.deciding(
                        action, comment: "so", by: party, at: R.opened, in: office.context())
                else { continue }
                request = next.request
            }
            for step in request.steps where [.accept, .approve, .reject, .override].contains(step.action) {
                #expect(step.by.user != request.opener.user && step.by.person != opener)
                #expect(step.by.person != request.openedFor || request.openedFor == nil)
                decided += 1
            }
        }
        #expect(decided > 50, "\(decided)")
    }
}
