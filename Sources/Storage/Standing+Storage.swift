import Domain
import Foundation
import GRDB

/// Whom a person reports to on a day.
public struct PlacedPerson: Sendable, Hashable {
    public var person: Person
    public var designation: String
    public var group: String
    public var leader: Person?
    public var manager: Person?
}

extension OfficeStore {
    /// nil for a person without any placement.
    public func standing(of person: ID<Person>, on day: Day) async throws -> PlacedPerson? {
        try await read { db in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT p.name, s.designation, s.groupName, s.leader, l.name AS leaderName, s.manager,
                          m.name AS managerName
                        FROM person p JOIN placementSpan s ON s.person = p.id
                        LEFT JOIN person l ON l.id = s.leader LEFT JOIN person m ON m.id = s.manager
                        WHERE p.id = ? AND s.fromDay <= ? AND s.untilDay > ?
                        """, arguments: [person.description, day.number, day.number])
            else { return nil }
            func other(_ id: String, _ name: String) -> Person? {
                guard let text = row[id] as String?, let id = ID<Person>(text) else { return nil }
                return Person(id: id, name: row[name] ?? "")
            }
            return PlacedPerson(
                person: Person(id: person, name: row["name"]), designation: row["designation"],
                group: row["groupName"], leader: other("leader", "leaderName"),
                manager: other("manager", "managerName"))
        }
    }

    /// Whether somebody whose role does not reach the whole office sees a person's figures of a day: as every report asks.
    public func seesFigures(of person: ID<Person>, on day: Day, as viewer: Viewer) async throws -> Bool {
        try await read { db in
            let reachable = try Reachable(viewer, db)
            let found = try Bool.fetchOne(
                db,
                sql: """
                    SELECT 1 FROM placementSpan s WHERE s.person = ? AND s.fromDay <= ? AND s.untilDay > ?
                      AND (\(reachable.condition ?? "1"))
                    """, arguments: [person.description, day.number, day.number] + reachable.arguments)
            return found == true
        }
    }

    /// How many people have this leader or manager on a day.
    public func teamSize(leader: ID<Person>? = nil, manager: ID<Person>? = nil, on day: Day) async throws
        -> Int
    {
        try await read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM placementSpan WHERE fromDay <= ? AND untilDay > ?
                      AND (leader = ? OR manager = ?)
                    """,
                arguments: [day.number, day.number, leader?.description, manager?.description]) ?? 0
        }
    }
}
