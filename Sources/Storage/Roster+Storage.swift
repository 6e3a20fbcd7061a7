import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// What a roster would do, and what speaks against all of it.
    ///
    /// - Parameter fold: a name for comparing.
    public func rosterPreview(
        _ lines: [RosterLine], from day: Day, fold: @escaping @Sendable (String) -> String, for viewer: Viewer
    ) async throws -> (plan: RosterPlan, problem: UserError?) {
        try viewer.require(.managePeople)
        return try await read { [clock, ids] db in
            let tx = Transaction(db: db, now: clock.now(), actor: .program, ids: ids)
            return try tx.roster(lines, from: day, fold: fold, viewer)
        }
    }

    /// Takes a roster in, all of it or nothing, as one event; a roster that changes nothing writes none.
    @discardableResult
    public func takeRoster(
        _ lines: [RosterLine], from day: Day, reason: String, fold: @escaping @Sendable (String) -> String,
        for viewer: Viewer, by actor: Actor
    ) async throws -> RosterPlan {
        try viewer.require(.managePeople)
        return try await write(as: actor) { tx in
            let (plan, problem) = try tx.roster(lines, from: day, fold: fold, viewer)
            if let problem { throw problem }
            guard plan.refused == 0 else {
                throw UserError(
                    .invalid, "The roster has lines that cannot be taken in; nothing was changed.",
                    advice: "Mend them and send it again.")
            }
            if !plan.placements.isEmpty {
                try tx.append(
                    .personsPlaced(
                        PersonsPlaced(
                            placements: plan.placements, reason: reason, added: plan.added,
                            folded: plan.added.map { fold($0.name) })))
            }
            return plan
        }
    }
}

extension Transaction {
    fileprivate func roster(
        _ lines: [RosterLine], from day: Day, fold: (String) -> String, _ viewer: Viewer
    ) throws -> (plan: RosterPlan, problem: UserError?) {
        var organization = try Organization.load(db)
        var known: [String: Set<ID<Person>>] = [:]
        var others: [String: Set<ID<Person>>] = [:]
        var within: Set<ID<Person>> = []
        // A roster is the own office's: who is called so elsewhere is somebody else.
        let outsiders = try OfficeStore.outsiders(viewer.looking(at: .own), for: .managePeople, db)
        for person in organization.names.keys
        where organization.merged[person] == nil && !outsiders.contains(person)
            && organization.isManaged(person, by: viewer, from: day)
        {
            within.insert(person)
            known[fold(organization.name(of: person)), default: []].insert(person)
        }
        // A team manager may name himself.
        if let own = viewer.person, organization.names[own] != nil {
            known[fold(organization.name(of: own)), default: []].insert(own)
        }
        let spellings = try Row.fetchAll(
            db,
            sql: """
                SELECT n.name, s.person FROM agentName n JOIN aliasSpan s ON s.name = n.number
                WHERE s.fromDay <= ?1 AND s.untilDay > ?1
                """, arguments: [day.number])
        for row in spellings {
            guard let person = ID<Person>(row[1] as String), within.contains(person) else { continue }
            others[fold(row[0]), default: []].insert(person)
        }
        // A person's own name goes before a dialer's spelling of somebody.
        known.merge(others) { names, _ in names }
        var plan = organization.roster(lines, from: day, known: known, fold: fold) { newID() }
        for person in plan.added { organization.add(person) }
        guard !plan.placements.isEmpty else { return (plan, nil) }
        do {
            let after = try organization.placing(plan.placements)
            plan.checkManagers(in: after)
            try check(plan, organization, after, viewer)
            return (plan, nil)
        } catch let error as UserError { return (plan, error) }
    }

    /// A team manager's roster holds people of his own teams, before and afterwards.
    private func check(
        _ plan: RosterPlan, _ organization: Organization, _ after: Organization, _ viewer: Viewer
    ) throws {
        guard viewer.reach(.managePeople) != .office else { return }
        let added = Set(plan.added.map(\.id))
        try organization.checkDirect(
            plan.placements.filter { !added.contains($0.person) }, by: RequestParty(viewer))
        for placement in plan.placements where added.contains(placement.person) {
            guard let person = viewer.person,
                after.standing(of: placement.person, on: placement.from)?.manager == person
            else {
                throw UserError(
                    .notAllowed, "\(after.name(of: placement.person)) would not be in your teams.",
                    advice: "Name one of your team leaders, or yourself as the team manager.")
            }
        }
    }
}
