import Domain
import Testing

/// Every kind of request × what has become of it × who looks at it.
@Suite struct TransferRequestTableTests {
    private typealias T = TestOrganization
    private typealias R = RequestOffice

    /// Letters of a cell.
    private static let letters: [Character: RequestAction] = [
        "A": .accept, "P": .approve, "R": .reject, "W": .withdraw, "V": .revoke, "O": .override,
        "C": .comment,
    ]

    /// Who looks, in the order of the table's columns.
    private static let lookers: [(name: String, party: RequestParty)] = [
        ("own leader", R.party(T.ann, .teamLeader)),
        ("other leader", R.party(T.cat, .teamLeader)),
        ("own manager", R.party(T.manager, .teamManager)),
        ("other manager", R.party(T.otherManager, .teamManager)),
        ("stands in for own manager", R.party(R.forManager, .teamLeader)),
        ("stands in for other leader", R.party(R.forOther, .teamLeader)),
        ("stands in for own leader", R.party(R.forOpener, .teamLeader)),
        ("admin", R.party(nil, .admin)),
    ]
    /// They never may do anything.
    private static let outsiders: [(name: String, party: RequestParty)] = [
        ("stands in at second hand", R.party(R.secondHand, .teamLeader)),
        ("stood in until yesterday", R.party(R.tooLate, .teamLeader)),
        ("unrelated leader", R.party(R.strangeLeader, .teamLeader)),
        ("unrelated manager", R.party(R.stranger, .teamManager)),
        ("the agent himself", R.party(T.agents[0], .agent)),
        ("another agent", R.party(T.agents[4], .agent)),
        ("data entry", R.party(nil, .dataEntry)),
        ("own manager's person with an agent's account", R.party(T.manager, .agent)),
        ("a leader without a person", R.party(nil, .teamLeader)),
    ]

    /// `.` is nothing. Where one manager has both teams, the other manager is a stranger.
    private static let table = """
        kind     state     ownTL otherTL ownTM otherTM forTM forOther forOwn admin
        across   open      WC    ARC     RC    RC      RC    ARC      WC     ROC
        across   accepted  WC    C       PRC   PRC     PRC   C        WC     ROC
        across   approved  WC    C       RC    PRC     RC    C        WC     ROC
        across   approved2 WC    C       PRC   RC      PRC   C        WC     ROC
        across   scheduled VC    C       VC    VC      VC    C        C      VC
        across   applied   C     C       C     C       C     C        C      C
        across   rejected  C     C       C     C       C     C        C      C
        across   withdrawn C     C       C     C       C     C        C      C
        across   revoked   C     C       C     C       C     C        C      C
        across   expired   C     C       C     C       C     C        C      C
        across   late      C     C       C     C       C     C        C      C
        across   stale     WC    C       C     C       C     C        WC     C
        swap     open      WC    ARC     RC    RC      RC    ARC      WC     ROC
        swap     accepted  WC    C       PRC   PRC     PRC   C        WC     ROC
        swap     approved  WC    C       RC    PRC     RC    C        WC     ROC
        swap     approved2 WC    C       PRC   RC      PRC   C        WC     ROC
        swap     scheduled VC    C       VC    VC      VC    C        C      VC
        swap     applied   C     C       C     C       C     C        C      C
        swap     rejected  C     C       C     C       C     C        C      C
        swap     withdrawn C     C       C     C       C     C        C      C
        swap     revoked   C     C       C     C       C     C        C      C
        swap     expired   C     C       C     C       C     C        C      C
        swap     late      C     C       C     C       C     C        C      C
        swap     stale     WC    C       C     C       C     C        WC     C
        within   open      WC    ARC     RC    .       RC    ARC      WC     ROC
        within   accepted  WC    C       PRC   .       PRC   C        WC     ROC
        within   scheduled VC    C       VC    .       VC    C        C      VC
        within   applied   C     C       C     .       C     C        C      C
        within   rejected  C     C       C     .       C     C        C      C
        within   withdrawn C     C       C     .       C     C        C      C
        within   revoked   C     C       C     .       C     C        C      C
        within   expired   C     C       C     .       C     C        C      C
        within   late      C     C       C     .       C     C        C      C
        within   stale     WC    C       C     .       C     C        WC     C
        remove   open      WC    .       PRC   .       PRC   .        WC     ROC
        remove   scheduled VC    .       VC    .       VC    .        C      VC
        remove   applied   C     .       C     .       C     .        C      C
        remove   rejected  C     .       C     .       C     .        C      C
        remove   withdrawn C     .       C     .       C     .        C      C
        remove   revoked   C     .       C     .       C     .        C      C
        remove   expired   C     .       C     .       C     .        C      C
        remove   late      C     .       C     .       C     .        C      C
        remove   stale     WC    .       C     .       C     .        WC     C
        manager  open      WC    C       WC    PRC     WC    C        C      ROC
        manager  scheduled VC    C       VC    VC      VC    C        C      VC
        manager  applied   C     C       C     C       C     C        C      C
        manager  rejected  C     C       C     C       C     C        C      C
        manager  withdrawn C     C       C     C       C     C        C      C
        manager  revoked   C     C       C     C       C     C        C      C
        manager  expired   C     C       C     C       C     C        C      C
        manager  late      C     C       C     C       C     C        C      C
        manager  stale     WC    C       WC    C       WC    C        C      C
        """

    /// The request brought into a state by lawful steps, the office that it is judged in, and when.
    private func scene(_ kind: String, _ state: String) throws -> (TransferRequest, R, TransferRequestContext)
    {
        let isWithin = kind == "within"
        var office = try R(otherLeader: isWithin ? T.ben : T.cat)
        var request =
            switch kind {
            case "across": try office.open(.transfer, to: T.cat)
            case "within": try office.open(.transfer, to: T.ben)
            case "swap": try office.open(.swap, other: T.agents[3])
            case "manager": try office.open(.transfer, to: T.cat, by: R.party(T.manager, .teamManager))
            default: try office.open(.remove)
            }
        func pass(_ managers: [ID<Person>]) throws {
            if request.needsAcceptance {
                request = try office.step(request, .accept, isWithin ? T.ben : T.cat, .teamLeader)
            }
            for manager in managers { request = try office.step(request, .approve, manager) }
        }
        switch state {
        case "accepted": try pass([])
        case "approved": try pass([T.manager])
        case "approved2": try pass([T.otherManager])
        case "scheduled", "applied", "revoked":
            let before = office.it.organization
            try pass(request.approvers)
            #expect(request.stage == .scheduled)
            // What the last approval brings with it.
            try office.it.place(request.placements(in: before), request: request.id)
            if state == "revoked" { request = try office.step(request, .revoke, T.manager) }
        case "rejected":
            request = try office.step(request, .reject, kind == "manager" ? T.otherManager : T.manager)
        case "withdrawn":
            request = try office.step(
                request, .withdraw, kind == "manager" ? T.manager : T.ann,
                kind == "manager" ? .teamManager : .teamLeader)
        case "stale":
            try office.it.place(
                office.it.organization.release([T.agents[0]], under: T.manager, from: day(22)))
        default: break
        }
        // Whoever stands in does so on these days too.
        if state == "applied" || state == "late" {
            office.delegations = office.delegations.map { delegation in
                var delegation = delegation
                if delegation.until > R.today { delegation.until = day(60) }
                return delegation
            }
        }
        let context =
            switch state {
            case "applied": office.context(today: R.effective, seconds: 3 * 86_400)
            case "expired": office.context(seconds: 7 * 86_400)
            case "late": office.context(today: day(24), seconds: 4 * 86_400)
            default: office.context()
            }
        return (request, office, context)
    }

    private static let reached: [RequestAction: Set<TransferRequest.Stage>] = [
        .accept: [.accepted], .approve: [.approved, .scheduled], .reject: [.rejected],
        .withdraw: [.withdrawn],
        .revoke: [.revoked], .override: [.scheduled],
    ]

    @Test func `everybody may do what the table says in each state, and nothing else`() throws {
        let rows = Self.table.split(separator: "\n").dropFirst().map {
            $0.split(separator: " ").map(String.init)
        }
        var seen: Set<TransferRequest.State> = []
        for row in rows {
            try #require(row.count == 2 + Self.lookers.count)
            let (request, _, context) = try scene(row[0], row[1])
            let state = request.state(in: context)
            seen.insert(state)
            let expected = ["approved2": "approved", "late": "expired"][row[1]] ?? row[1]
            #expect(state.rawValue == expected, "\(row)")
            var lookers = zip(Self.lookers, row.dropFirst(2)).map { ($0.name, $0.party, $1) }
            if row[0] == "within" {
                // The other team is Ben's; Cat is a stranger here.
                lookers[1] = ("other leader", R.party(T.ben, .teamLeader), row[3])
                lookers.append(("leader of a third team", R.party(T.cat, .teamLeader), "."))
            }
            if row[0] == "remove" || row[0] == "within" {
                lookers.append(("own leader's equal", R.party(R.strangeLeader, .teamLeader), "."))
            }
            // Whom it is about decides nothing, whoever he stands in for and whatever his account is.
            let himself = R.party(T.agents[0], .teamLeader)
            lookers.append(("the agent, standing in for the own manager", himself, "C"))
            lookers.append(
                ("the agent with an admin's account", R.party(T.agents[0], .admin, user: 4000), "C"))
            for (name, party) in Self.outsiders { lookers.append((name, party, ".")) }
            for (name, party, cell) in lookers {
                let allowed = Set(cell.compactMap { Self.letters[$0] })
                #expect(
                    request.allowedActions(for: party, in: context) == allowed, "\(row[0]) \(row[1]): \(name)"
                )
                for action in RequestAction.allCases {
                    let outcome = Result {
                        try request.deciding(
                            action, comment: "so be it", by: party, at: R.opened, in: context)
                    }
                    switch outcome {
                    case .success(let result):
                        #expect(allowed.contains(action), "\(row[0]) \(row[1]): \(name) did \(action)")
                        let stages = Self.reached[action] ?? [request.stage]
                        #expect(stages.contains(result.request.stage), "\(row) \(name) \(action)")
                        #expect(result.request.steps.count == request.steps.count + 1)
                        let isFinal = result.request.stage == .scheduled && request.stage != .scheduled
                        let count = isFinal || action == .revoke ? request.agents.count : 0
                        #expect(result.placements.count == count, "\(row) \(name) \(action)")
                        let isAdmin = party.role == .admin && party.person == nil
                        #expect(result.request.steps.last?.isOverride == isAdmin)
                    case .failure(let error):
                        #expect(
                            !allowed.contains(action), "\(row[0]) \(row[1]): \(name), \(action): \(error)")
                        #expect((error as? UserError)?.advice.isEmpty == false)
                    }
                }
            }
        }
        #expect(seen == Set(TransferRequest.State.allCases))
    }
}
