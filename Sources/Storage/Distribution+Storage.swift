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
                .without(Self.boardOutsiders(viewer, db))
                .without(Self.hidden(on: day, from: viewer, .viewPeople, db))
        }
    }

    /// A manager, too, takes in only those of his office who are under nobody.
    private static func boardOutsiders(_ viewer: Viewer, _ db: Database) throws -> Set<ID<Person>> {
        guard viewer.reach(.decideRequests) < .office else {
            return try outsiders(viewer, for: .decideRequests, db)
        }
        return try strangers(viewer, db)
    }

    /// Persons of other offices but for those who are, or were, the viewer's.
    static func strangers(_ viewer: Viewer, _ db: Database) throws -> Set<ID<Person>> {
        let others = try outsiders(.own(db), db)
        guard !others.isEmpty else { return [] }
        return others.subtracting(
            try String.fetchAll(
                db, sql: "SELECT person FROM placementSpan WHERE leader = ?1 OR manager = ?1 OR person = ?1",
                arguments: [viewer.person?.description]
            ).compactMap { ID($0) })
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
