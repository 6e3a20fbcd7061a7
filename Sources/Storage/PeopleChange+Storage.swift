import Domain
import Foundation
import GRDB

/// What a change of people would do: the office before and after it.
public struct PlacementPreview: Sendable {
    public var placements: [Placement]
    public var before: Organization
    public var after: Organization
}

/// One person as a form that places him needs it.
public struct ManagedPerson: Sendable {
    public var person: Person
    /// The whole office, for choices; narrow what is shown of it.
    public var organization: Organization
    /// Who is not of the person's office, and is not offered.
    public var outsiders: Set<ID<Person>>
    /// The words of the person's office.
    public var terms: PlacementTerms
    /// Its name, where it is not the own.
    public var otherOffice: String?
    /// Accounts that are not disabled.
    public var accounts: [User]
}

extension Organization {
    /// Whether a viewer may place somebody without asking: an admin everybody, a team manager whom he has on a day
    /// from `day` on, or was the last to have; himself not.
    public func isManaged(_ person: ID<Person>, by viewer: Viewer, from day: Day) -> Bool {
        switch viewer.reach(.managePeople) {
        case .office: return true
        case .teams:
            guard let manager = viewer.person, person != manager else { return false }
            let spans = spans(of: person)
            if spans.contains(where: { $0.until > day && $0.manager == manager }) { return true }
            guard let now = standing(of: person, on: day), now.hasLeft || now.isUnassigned else {
                return false
            }
            return spans.last { $0.from <= day && $0.manager != nil }?.manager == manager
        default: return false
        }
    }
}

extension OfficeStore {
    /// Somebody whom the viewer may place, with what there is to choose from.
    ///
    /// - Throws: `UserError` `notFound` for everybody else.
    public func managedPerson(_ id: ID<Person>, from day: Day, for viewer: Viewer) async throws
        -> ManagedPerson
    {
        try viewer.require(.managePeople)
        return try await read { db in
            let organization = try Organization.load(db)
            guard let name = organization.names[id], organization.isManaged(id, by: viewer, from: day) else {
                throw UserError.notHere
            }
            let office = try Self.office(of: id, db)
            let rules = try String.fetchOne(
                db, sql: "SELECT rules FROM office WHERE id = ?", arguments: [office?.description]
            ).map { try fromJSON(OfficeRules.self, $0) }
            return ManagedPerson(
                person: Person(id: id, name: name), organization: organization,
                outsiders: try Self.outsiders(OfficeScope(of: office, db), db),
                terms: rules?.terms ?? organization.terms,
                otherOffice: try KnownOffice.all(db).first { $0.id == office && !$0.isOwn }?.name,
                accounts: try Self.openAccounts(of: id, db))
        }
    }

    /// Accounts through which a person can sign in, for who manages users; nobody else learns of them.
    public func openAccounts(of person: ID<Person>, for viewer: Viewer) async throws -> [User] {
        guard viewer.may(.manageUsers) else { return [] }
        return try await read { db in try Self.openAccounts(of: person, db) }
    }

    private static func openAccounts(of person: ID<Person>, _ db: Database) throws -> [User] {
        try Row.fetchAll(
            db, sql: Account.sql + " WHERE u.person = ? AND u.disabled = 0 ORDER BY u.username",
            arguments: [person.description]
        ).map { try Account($0).user }
    }

    /// What `placePersons` would do.
    ///
    /// - Throws: what it would throw.
    public func previewPlacing(
        for viewer: Viewer, plan: @escaping @Sendable (Organization) throws -> [Placement]
    ) async throws -> PlacementPreview {
        try viewer.require(.managePeople)
        return try await read { db in
            let before = try Organization.load(db)
            let placements = try plan(before)
            try before.checkDirect(placements, by: RequestParty(viewer))
            return PlacementPreview(
                placements: placements, before: before, after: try before.placing(placements))
        }
    }

    /// Changes of people that begin after a day, within the viewer's reach.
    public func scheduledChanges(after day: Day, for viewer: Viewer) async throws -> (
        changes: [KnownPlacement], organization: Organization
    ) {
        try viewer.require(.managePeople)
        return try await read { db in
            let organization = try Organization.load(db)
            let outsiders = try Self.outsiders(viewer, for: .managePeople, db)
            return (
                organization.scheduled(after: day).filter {
                    !outsiders.contains($0.placement.person)
                        && organization.isManaged($0.placement.person, by: viewer, from: day)
                }, organization
            )
        }
    }
}
