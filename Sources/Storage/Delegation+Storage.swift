import Domain
import Foundation
import GRDB

extension Transaction {
    func foldDelegationChanged(_ it: DelegationChanged) throws {
        let persons = [it.before, it.after].compactMap { $0 }.flatMap { [$0.person, $0.delegate] }
        let id = (it.after ?? it.before)?.id
        try it.check(
            now: refold == nil ? try Delegation.all(db).first { $0.id == id } : it.before,
            organization: try organization(changing: [], naming: persons))
        refold?.delegations = nil
        try db.run(sql: "DELETE FROM delegation WHERE id = ?", arguments: [id?.description])
        if let after = it.after {
            try db.run(
                sql: """
                    INSERT INTO delegation (id, person, delegate, fromDay, untilDay) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    after.id.description, after.person.description, after.delegate.description,
                    after.from.number, after.until.number,
                ])
        }
    }
}

extension Delegation {
    static func all(_ db: Database) throws -> [Delegation] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT id, person, delegate, fromDay, untilDay FROM delegation ORDER BY fromDay, id")
        ).compactMap { row in
            guard let id = ID<Delegation>(row[0] as String), let person = ID<Person>(row[1] as String),
                let delegate = ID<Person>(row[2] as String)
            else { return nil }
            return Delegation(
                id: id, person: person, delegate: delegate, from: Day(number: row[3]),
                until: Day(number: row[4]))
        }
    }
}

/// Who may stand in for whom.
public struct StandInChoices: Sendable {
    /// Whom the viewer may set a stand-in for.
    public var away: [Person]
    /// Who can decide requests with an account of his own.
    public var delegates: [Person]
}

extension OfficeStore {
    /// Who stands in for whom: the viewer's own, or all of the office's.
    public func delegations(for viewer: Viewer) async throws -> (
        list: [Delegation], names: [ID<Person>: String]
    ) {
        try viewer.require(.decideRequests)
        let result: DelegationList = try await read { db in
            let names = try Self.personNames(db).reduce(into: [ID<Person>: String]()) { names, entry in
                if let id = ID<Person>(entry.key) { names[id] = entry.value }
            }
            let outsiders = try Self.outsiders(viewer, for: .decideRequests, db)
            let all = try Delegation.all(db).filter {
                guard !outsiders.contains($0.person) else { return false }
                return viewer.reach(.decideRequests) == .office || $0.person == viewer.person
                    || $0.delegate == viewer.person
            }
            return DelegationList(list: all, names: names)
        }
        return (result.list, result.names)
    }

    /// Whom the viewer may set a stand-in for, and whom he may choose; by name.
    public func standInChoices(for viewer: Viewer) async throws -> StandInChoices {
        try viewer.require(.decideRequests)
        return try await read { [clock] db in
            guard let state = try Self.officeState(db) else { throw UserError.notSetUp }
            let organization = try Organization.load(db)
            let deciders = try Delegation.deciders(db)
            let today = state.businessDay(at: clock.now())
            let outsiders = try Self.outsiders(viewer, for: .decideRequests, db)
            let leading = organization.persons.filter {
                guard !outsiders.contains($0), let it = organization.standing(of: $0, on: today) else {
                    return false
                }
                return it.rank != .agent && !it.hasLeft
            }
            func persons(_ ids: some Sequence<ID<Person>>) -> [Person] {
                ids.map { Person(id: $0, name: organization.name(of: $0)) }
                    .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
            }
            let away =
                viewer.reach(.decideRequests) == .office
                ? deciders.union(leading) : Set([viewer.person].compactMap { $0 })
            return StandInChoices(away: persons(away), delegates: persons(deciders))
        }
    }

    private struct DelegationList: Sendable {
        var list: [Delegation]
        var names: [ID<Person>: String]
    }

    /// Lets somebody stand in for a person in a window of days [from, until).
    public func delegate(
        _ person: ID<Person>, to delegate: ID<Person>, from: Day, until: Day, for viewer: Viewer,
        by actor: Actor
    ) async throws {
        try viewer.require(.decideRequests)
        guard viewer.reach(.decideRequests) == .office || viewer.person == person else {
            throw UserError.notHere
        }
        try await write(as: actor) { tx in
            guard until > from, until > (try tx.businessDay(at: tx.now)) else {
                throw UserError(
                    .invalid, "The last day is before the first one, or over.",
                    advice: "Choose a last day that is still to come.")
            }
            guard try Delegation.deciders(tx.db).contains(delegate) else {
                throw UserError(
                    .invalid, "Nobody who may decide requests has an account for that person.",
                    advice: "Choose a team leader, a team manager or an admin with an account.")
            }
            let delegation = Delegation(
                id: tx.newID(), person: person, delegate: delegate, from: from, until: until)
            try tx.append(.delegationChanged(DelegationChanged(before: nil, after: delegation)))
        }
    }

    public func endDelegation(_ id: ID<Delegation>, for viewer: Viewer, by actor: Actor) async throws {
        try viewer.require(.decideRequests)
        try await write(as: actor) { tx in
            guard let delegation = try Delegation.all(tx.db).first(where: { $0.id == id }),
                viewer.reach(.decideRequests) == .office || viewer.person == delegation.person
            else { throw UserError.notHere }
            try tx.append(.delegationChanged(DelegationChanged(before: delegation, after: nil)))
        }
    }
}

extension Delegation {
    /// Persons with an open account that may decide requests.
    static func deciders(_ db: Database) throws -> Set<ID<Person>> {
        let rows = try Row.fetchAll(
            db, sql: "SELECT person, role FROM user WHERE NOT disabled AND person IS NOT NULL")
        return Set(
            rows.compactMap { row in
                guard let role = Role(rawValue: row[1]), Permission.decideRequests.reach(of: role) > .none
                else { return nil }
                return ID(row[0] as String)
            })
    }
}
