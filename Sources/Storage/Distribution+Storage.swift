import Domain
import GRDB

extension OfficeStore {
    /// The distribution board of a day, within the viewer's reach; the organization is read once.
    ///
    /// - Parameter manager: only this manager's teams; for who sees them all.
    public func board(on day: Day, of manager: ID<Person>? = nil, for viewer: Viewer) async throws
        -> DistributionBoard
    {
        try viewer.require(.decideRequests)
        return try await read { db in
            try Organization.load(db).board(on: day, for: viewer, of: manager)
        }
    }

    /// Moves agents to a place of the board from a day, all in one event.
    ///
    /// - Parameter replacingLater: also in what is scheduled for them after the day.
    /// - Throws: `UserError` `notAllowed` where another team manager would have to agree.
    @discardableResult
    public func moveAgents(
        _ agents: [ID<Person>], to place: DistributionBoard.Place, from day: Day,
        replacingLater: Bool = false, reason: String = "", for viewer: Viewer, by actor: Actor
    ) async throws -> [Placement] {
        let superior: [ID<Person>] =
            switch place {
            case .team(let leader): [leader]
            case .idle(let manager): [manager]
            case .unassigned: []
            }
        return try await placePersons(agents, naming: superior, reason: reason, for: viewer, by: actor) {
            try $0.move(
                agents, to: place, from: day, replacingLater: replacingLater, by: RequestParty(viewer))
        }
    }
}
