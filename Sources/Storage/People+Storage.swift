import Domain
import Foundation
import GRDB

/// One person as his page shows him.
public struct PersonDetail: Sendable {
    public var person: Person
    public var mergedInto: Person?
    /// As placed on the day that was asked for; nil without any placement within reach.
    public var standing: Standing?
    /// Steps within the viewer's reach, in order of days.
    public var timeline: [TimelineStep]
    /// Every name of his on any day.
    public var aliases: [AgentAlias]
    /// Names of everybody who occurs above.
    public var names: [ID<Person>: String]
}

extension OfficeStore {
    /// The whole organization as the viewer may see it on a day: nobody outside his reach is in it.
    ///
    /// - Parameter known: as it was known at the end of that day; nil: now.
    public func chart(on day: Day, known: Day? = nil, for viewer: Viewer) async throws -> OrganizationChart {
        try viewer.require(.viewPeople)
        return try await read { db in
            try Self.organization(db, known: known).chart(on: day).narrowed(to: viewer)
                .without(Self.outsiders(viewer, for: .viewPeople, db))
                .without(Self.hidden(on: day, from: viewer, .viewPeople, db))
        }
    }

    /// Who was the viewer's before and is no more, on a past day, where the office hides past days from him.
    static func hidden(on day: Day, from viewer: Viewer, _ permission: Permission, _ db: Database) throws
        -> Set<ID<Person>>
    {
        let column: String
        switch viewer.reach(permission) {
        case .team: column = "leader"
        case .teams: column = "manager"
        case .office, .own, .none: return []
        }
        guard try !keepsPastDays(db), let person = viewer.person, let today = try today(db), day < today
        else {
            return []
        }
        return Set(
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT person FROM placementSpan p WHERE \(column) = ?1 AND person <> ?1
                      AND NOT EXISTS (SELECT 1 FROM placementSpan n WHERE n.person = p.person
                        AND n.\(column) = ?1 AND n.fromDay <= ?2 AND n.untilDay > ?2)
                    """, arguments: [person.description, today.number]
            ).compactMap { ID($0) })
    }

    /// For rules and choices of a page; narrow what is shown of it.
    public func organization(known: Day? = nil) async throws -> Organization {
        try await read { db in try Self.organization(db, known: known) }
    }

    static func organization(_ db: Database, known: Day?) throws -> Organization {
        let organization = try Organization.load(db)
        guard let known else { return organization }
        let zone = try officeState(db)?.timeZone ?? .gmt
        let after = HybridTime.next(after: nil, now: known.end(in: zone))
        return organization.asKnown(at: HybridTime(bits: after.bits - 1))
    }

    /// - Throws: `UserError` `notFound` for somebody who was never within the viewer's reach.
    public func person(_ id: ID<Person>, on day: Day, known: Day? = nil, for viewer: Viewer) async throws
        -> PersonDetail
    {
        try viewer.require(.viewPeople)
        return try await read { [clock, ids] db in
            let organization = try Self.organization(db, known: known)
            guard let name = organization.names[id], try viewer.reaches(id, .viewPeople, db) else {
                throw UserError.notHere
            }
            let sees = { (leader: ID<Person>?, manager: ID<Person>?) -> Bool in
                switch viewer.reach(.viewPeople) {
                case .office: true
                case .none: false
                case .own: id == viewer.person
                case .team: id == viewer.person || leader == viewer.person
                case .teams: id == viewer.person || manager == viewer.person
                }
            }
            let standing = organization.standing(of: id, on: day)
            let tx = Transaction(db: db, now: clock.now(), actor: .program, ids: ids)
            return PersonDetail(
                person: Person(id: id, name: name),
                mergedInto: organization.merged[id].map { Person(id: $0, name: organization.name(of: $0)) },
                standing: standing.flatMap { sees($0.leader, $0.manager) ? $0 : nil },
                timeline: organization.timeline(of: id).filter {
                    sees($0.after.placement.leader, $0.after.manager)
                }, aliases: try tx.aliases(of: id), names: organization.names)
        }
    }

    /// The business day on the office's clock now.
    public func today() async throws -> Day {
        guard let state = try await officeState() else { throw UserError.notSetUp }
        return state.businessDay(at: clock.now())
    }
}

extension OrganizationChart {
    func narrowed(to viewer: Viewer) -> OrganizationChart {
        var chart = self
        switch viewer.reach(.viewPeople) {
        case .office: return self
        case .none: chart.branches = []
        case .teams: chart.branches = branches.filter { $0.manager.person == viewer.person }
        case .team:
            chart.branches = branches.compactMap { branch in
                var branch = branch
                branch.teams = branch.teams.filter { $0.leader.person == viewer.person }
                branch.idle = []
                return branch.teams.isEmpty ? nil : branch
            }
        case .own:
            chart.branches = branches.compactMap { branch in
                var branch = branch
                branch.idle = branch.idle.filter { $0.person == viewer.person }
                branch.teams = branch.teams.compactMap { team in
                    var team = team
                    team.agents = team.agents.filter { $0.person == viewer.person }
                    return team.agents.isEmpty && team.leader.person != viewer.person ? nil : team
                }
                let isHis = branch.manager.person == viewer.person
                return branch.teams.isEmpty && branch.idle.isEmpty && !isHis ? nil : branch
            }
        }
        chart.unassigned = unassigned.filter { $0.person == viewer.person }
        chart.left = left.filter { $0.person == viewer.person }
        return chart
    }
}
