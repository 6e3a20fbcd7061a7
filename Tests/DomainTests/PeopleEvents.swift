import Domain

/// One of each kind of event about people and requests, as `EventFormatTests` has the others.
enum PeopleEvents {
    private static let day = Day(iso: "2026-11-02") ?? Day(number: 0)
    private static func id<T>(_ last: Int) -> ID<T> { EventFormatTests.id(last) }
    private static let leader = RequestParty(user: id(5), name: "Ann", role: .teamLeader, person: id(7))
    private static let manager = RequestParty(user: id(6), name: "Mo", role: .admin, person: nil)
    private static let placement = Placement(person: id(3), from: day, group: "North", leader: id(8))
    private static let alias = AgentAlias(
        office: id(9), folded: "janedoe", name: "Jane Doe",
        links: [AliasLink(person: id(3), from: day), AliasLink(person: id(2), from: day.adding(9))])
    private static let request = TransferRequest(
        id: id(4), kind: .swap, agent: id(3), otherAgent: id(2), from: Seat(leader: id(7), manager: id(1)),
        to: Seat(leader: id(8), manager: id(1)), effective: day, reason: "nearer", opener: leader,
        openedFor: id(7), openedAs: .leader, opened: HybridTime(bits: 77))
    private static let delegation = Delegation(
        id: id(6), person: id(1), delegate: id(2), from: day, until: day.adding(5))

    static let golden: [(EventBody, String)] = [
        (
            .personRenamed(PersonRenamed(person: id(3), before: "Jane Doe", after: "Jane Roe")),
            #"shared personRenamed {"after":"Jane Roe","before":"Jane Doe","person":"@003"}"#
        ),
        (
            .teamHandedOver(
                TeamHandedOver(
                    person: id(7), successor: id(8), from: day, reason: "moves", placements: [placement],
                    requests: [id(4)], deactivates: true)),
            #"shared teamHandedOver {"deactivates":true,"from":"2026-11-02","person":"@007","placements":[{"designation":"Cold Caller","employment":"Full-Timer","from":"2026-11-02","group":"North","leader":"@008","person":"@003","status":"Employee"}],"reason":"moves","requests":["@004"],"successor":"@008"}"#
        ),
        (
            .aliasChanged(AliasChanged.merge(id(3), into: id(2), aliases: [alias], reason: "one")),
            #"shared aliasChanged {"changes":[{"after":[{"from":"2026-11-02","person":"@002"}],"before":[{"from":"2026-11-02","person":"@003"},{"from":"2026-11-11","person":"@002"}],"folded":"janedoe","name":"Jane Doe","office":"@009"}],"merge":{"into":"@002","person":"@003","undone":false},"reason":"one"}"#
        ),
        (
            .aliasChanged(
                AliasChanged(changes: [AliasChange(from: alias, to: alias.linked(to: id(2)))])),
            #"shared aliasChanged {"changes":[{"after":[{"from":"2026-11-02","person":"@002"}],"before":[{"from":"2026-11-02","person":"@003"},{"from":"2026-11-11","person":"@002"}],"folded":"janedoe","name":"Jane Doe","office":"@009"}],"reason":""}"#
        ),
        (
            .namesHeldApart(NamesHeldApart(id(3), id(2))),
            #"shared namesHeldApart {"first":"@002","second":"@003"}"#
        ),
        (
            .transferRequestOpened(TransferRequestOpened(request: request)),
            #"shared transferRequestOpened {"request":{"agent":"@003","approvals":[],"effective":"2026-11-02","from":{"leader":"@007","manager":"@001"},"id":"@004","kind":"swap","opened":77,"openedAs":"leader","openedFor":"@007","opener":{"name":"Ann","person":"@007","role":"team-leader","user":"@005"},"otherAgent":"@002","reason":"nearer","stage":"open","steps":[],"to":{"leader":"@008","manager":"@001"}}}"#
        ),
        (
            .transferRequestDecided(
                TransferRequestDecided(
                    request: id(4), agent: id(3), action: .approve, comment: "yes", by: leader,
                    actingFor: id(1), override: false, placements: [placement])),
            #"shared transferRequestDecided {"actingFor":"@001","action":"approve","agent":"@003","by":{"name":"Ann","person":"@007","role":"team-leader","user":"@005"},"comment":"yes","override":false,"placements":[{"designation":"Cold Caller","employment":"Full-Timer","from":"2026-11-02","group":"North","leader":"@008","person":"@003","status":"Employee"}],"request":"@004"}"#
        ),
        (
            .transferRequestDecided(
                TransferRequestDecided(
                    request: id(4), agent: id(3), action: .override, comment: "now", by: manager,
                    actingFor: nil, override: true, placements: [])),
            #"shared transferRequestDecided {"action":"override","agent":"@003","by":{"name":"Mo","role":"admin","user":"@006"},"comment":"now","override":true,"placements":[],"request":"@004"}"#
        ),
        (
            .transferRequestCommented(
                TransferRequestCommented(request: id(4), agent: id(3), comment: "why?", by: leader)),
            #"shared transferRequestCommented {"agent":"@003","by":{"name":"Ann","person":"@007","role":"team-leader","user":"@005"},"comment":"why?","request":"@004"}"#
        ),
        (
            .delegationChanged(DelegationChanged(before: nil, after: delegation)),
            #"shared delegationChanged {"after":{"delegate":"@002","from":"2026-11-02","id":"@006","person":"@001","until":"2026-11-07"}}"#
        ),
        (
            .delegationChanged(DelegationChanged(before: delegation, after: nil)),
            #"shared delegationChanged {"before":{"delegate":"@002","from":"2026-11-02","id":"@006","person":"@001","until":"2026-11-07"}}"#
        ),
    ]
}
