import Domain
import Testing

/// Placing one person, with what changes and the rest as it was.
@Suite struct PlacementChangeTests {
    private typealias T = TestOrganization

    @Test func `what is not named stays, and the seat follows the designation and the status`() throws {
        let office = try T().organization
        let agent = T.agents[0]
        let moved = try office.change(agent, from: day(5), by: PlacementChange(seat: .leader(T.cat)))
        #expect(moved.count == 1 && moved.first?.leader == T.cat && moved.first?.from == day(5))
        let risen = try office.change(
            agent, from: day(5), by: PlacementChange(designation: Placement.teamLeader))
        #expect(risen.first?.leader == nil && risen.first?.manager == T.manager)
        let left = try office.change(agent, from: day(5), by: PlacementChange(status: Placement.left))
        #expect(left.first?.leader == nil && left.first?.manager == nil)
        let top = try office.change(
            T.agents[4], from: day(5), by: PlacementChange(designation: Placement.teamManager))
        #expect(top.first?.manager == nil)
        for placements in [moved, risen, left, top] { try office.check(placements) }
    }

    @Test func `who joined after the day is placed from the day he joined, and nothing is no change`() throws
    {
        let office = try T().organization
        let early = try office.change(T.agents[0], from: day(-9), by: PlacementChange(group: "South"))
        #expect(early.first?.from == day(0))
        #expect(throws: UserError.self) {
            try office.change(T.agents[0], from: day(5), by: PlacementChange(seat: .leader(T.ann)))
        }
    }

    @Test func `later changes stand, or become the same`() throws {
        var it = try T()
        try it.place(it.organization.move([T.agents[0]], to: T.ben, from: day(20)))
        let change = PlacementChange(seat: .leader(T.cat))
        let standing = try it.organization.change(T.agents[0], from: day(10), by: change)
        #expect(standing.map(\.from) == [day(10)])
        let replaced = try it.organization.change(
            T.agents[0], from: day(10), by: change, replacingLater: true)
        #expect(replaced.map(\.from) == [day(10), day(20)])
        try it.place(replaced)
        #expect(it.leader(T.agents[0], 30) == T.cat && it.leader(T.agents[0], 9) == T.ann)
    }
}
