import Domain
import Foundation

/// An office in which requests are made: two managers with teams, a third with strangers, and stand-ins.
struct RequestOffice {
    var it: TestOrganization
    var delegations: [Delegation] = []
    static let opened = HybridTime(bits: (1_795_000_000_000 as Int64) << 16)
    static let today = day(20)
    static let effective = day(23)

    static let stranger: ID<Person> = numbered(13)
    static let strangeLeader: ID<Person> = numbered(24)
    static let forManager: ID<Person> = numbered(41)
    static let forOther: ID<Person> = numbered(42)
    static let forOpener: ID<Person> = numbered(43)
    static let secondHand: ID<Person> = numbered(44)
    static let tooLate: ID<Person> = numbered(45)

    /// - Parameter otherLeader: whose delegate is there.
    init(otherLeader: ID<Person> = TestOrganization.cat) throws {
        it = try TestOrganization()
        try it.join(Self.stranger, "Strange Manager", designation: Placement.teamManager)
        let persons = [
            Self.strangeLeader, Self.forManager, Self.forOther, Self.forOpener, Self.secondHand, Self.tooLate,
        ]
        for person in persons {
            try it.join(person, "Stranger", designation: Placement.teamLeader, manager: Self.stranger)
        }
        let manager = TestOrganization.manager
        stand(Self.forManager, in: manager)
        stand(Self.forOther, in: otherLeader)
        stand(Self.forOpener, in: TestOrganization.ann)
        // Opens for herself and stands in for her manager: has no say all the same.
        stand(TestOrganization.ann, in: manager)
        // So does the agent whom it is about.
        stand(TestOrganization.agents[0], in: manager)
        stand(Self.secondHand, in: Self.forManager)
        stand(Self.tooLate, in: manager, from: day(5), until: Self.today)
    }

    mutating func stand(
        _ delegate: ID<Person>, in person: ID<Person>, from: Day = day(20), until: Day = day(21)
    ) {
        delegations.append(
            Delegation(
                id: numbered(900 + delegations.count), person: person, delegate: delegate, from: from,
                until: until))
    }

    func context(today: Day = RequestOffice.today, seconds: Int64 = 60) -> TransferRequestContext {
        TransferRequestContext(
            organization: it.organization, delegations: delegations, today: today,
            now: Self.opened.instant.adding(seconds: seconds))
    }

    static func party(_ person: ID<Person>?, _ role: Role, user: Int? = nil) -> RequestParty {
        let number = user ?? person.map { Int($0.uuid.uuid.15) + 2000 } ?? 2500
        return RequestParty(user: numbered(number), name: "Somebody", role: role, person: person)
    }

    func open(
        _ kind: TransferRequest.Kind, to leader: ID<Person>? = nil, other: ID<Person>? = nil,
        agent: ID<Person> = TestOrganization.agents[0], by party: RequestParty? = nil,
        effective: Day = effective,
        others: [TransferRequest] = [], id: Int = 700, reason: String = "nearer"
    ) throws -> TransferRequest {
        try TransferRequest.opening(
            id: numbered(id), kind: kind, agent: agent, otherAgent: other, to: leader, effective: effective,
            reason: reason, by: party ?? Self.party(TestOrganization.ann, .teamLeader), at: Self.opened,
            others: others, in: context())
    }

    func step(
        _ request: TransferRequest, _ action: RequestAction, _ person: ID<Person>, _ role: Role = .teamManager
    ) throws -> TransferRequest {
        try request.deciding(
            action, comment: "so be it", by: Self.party(person, role),
            at: HybridTime(bits: Self.opened.bits + 1), in: context()
        ).request
    }
}
