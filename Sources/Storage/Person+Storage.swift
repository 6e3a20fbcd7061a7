import Domain
import Foundation
import GRDB

extension Transaction {
    func foldPersonAdded(_ event: Event, _ added: PersonAdded) throws {
        try savePerson(added.person, office: event.office)
        try place([added.placement], event, adding: [added.person])
        if let folded = added.folded {
            try claim(folded, for: added.person, from: added.placement.from, event)
        }
    }

    /// Gives somebody who was added by hand the name that files will call him by, unless it is somebody's.
    private func claim(_ folded: String, for person: Person, from day: Day, _ event: Event) throws {
        guard !folded.isEmpty else { return }
        guard try alias(office: event.office, folded: folded) == nil else {
            refold?.takenNames.append(
                NewName(name: person.name, folded: folded, person: person.id, from: day, partTimer: false))
            return
        }
        let links = [AliasLink(person: person.id, from: day)]
        try save(AgentAlias(office: event.office, folded: folded, name: person.name, links: links))
    }

    func foldPersonRenamed(_ renamed: PersonRenamed) throws {
        let now = try String.fetchOne(
            db.cachedStatement(sql: "SELECT name FROM person WHERE id = ?"),
            arguments: [renamed.person.description])
        try renamed.check(now: refold == nil ? now : now.map { _ in renamed.before })
        try db.run(
            sql: "UPDATE person SET name = ? WHERE id = ?",
            arguments: [renamed.after, renamed.person.description])
        try refold?.rename(renamed.person, renamed.after, db)
    }

    func foldPersonsPlaced(_ event: Event, _ placed: PersonsPlaced) throws {
        for person in placed.added {
            guard placed.placements.contains(where: { $0.person == person.id }) else {
                throw UserError.notHere
            }
            try savePerson(person, office: event.office)
        }
        try place(placed.placements, event, reason: placed.reason, adding: placed.added)
        for (person, folded) in zip(placed.added, placed.folded) {
            let from = placed.placements.filter { $0.person == person.id }.map(\.from).min()
            if let from { try claim(folded, for: person, from: from, event) }
        }
    }

    func foldTeamHandedOver(_ event: Event, _ it: TeamHandedOver) throws {
        try place(it.placements, event, reason: it.reason) { try it.check(after: $0) }
        for id in it.requests {
            guard let request = try transferRequest(id) else { throw UserError.notHere }
            try save(request.handedOver(from: it.person, to: it.successor, from: it.from))
        }
    }

    private func savePerson(_ person: Person, office: ID<Office>) throws {
        guard !person.name.allSatisfy(\.isWhitespace), person.name.count <= 200 else {
            throw UserError(.invalid, "A person needs a name of 1 to 200 characters.", advice: "Give one.")
        }
        try db.run(
            sql: "INSERT INTO person (id, office, name) VALUES (?, ?, ?)",
            arguments: [person.id.description, office.description, person.name])
        try refold?.add(person, of: office, db)
    }

    /// The persons, aliases and first placements of names met for the first time.
    func saveNewNames(_ names: [NewName], _ event: Event) throws {
        guard !names.isEmpty else { return }
        for new in names {
            try savePerson(Person(id: new.person, name: new.name), office: event.office)
            if let refold, try alias(office: event.office, folded: new.folded) != nil {
                refold.takenNames.append(new)
                continue
            }
            let links = [AliasLink(person: new.person, from: new.from)]
            try save(AgentAlias(office: event.office, folded: new.folded, name: new.name, links: links))
        }
        try place(
            names.map { new in
                Placement(
                    person: new.person, from: new.from,
                    employment: new.partTimer ? Placement.partTimer : Placement.fullTimer)
            }, event)
    }
}

extension OfficeStore {
    /// Adds a person who is in no file yet, a leader or a manager for example.
    ///
    /// A team manager adds people under himself alone.
    /// - Parameter folded: the name as dialers' names are compared; nil: no calls are his by it.
    @discardableResult
    public func addPerson(
        name: String, folded: String? = nil, placement: @escaping @Sendable (ID<Person>) -> Placement,
        for viewer: Viewer = .console, by actor: Actor
    ) async throws -> Person {
        try viewer.require(.managePeople)
        return try await write(as: actor) { tx in
            let person = Person(id: tx.newID(), name: name.trimmingCharacters(in: .whitespacesAndNewlines))
            let placement = placement(person.id)
            if viewer.reach(.managePeople) != .office {
                let organization = try Organization.load(tx.db, touchedBy: [placement])
                let above =
                    placement.leader.map { organization.manager(ofLeader: $0, on: placement.from) }
                    ?? placement.manager
                guard let above, above == viewer.person else { throw UserError.notHere }
            }
            try tx.append(.personAdded(PersonAdded(person: person, placement: placement, folded: folded)))
            return person
        }
    }

    public func renamePerson(_ person: ID<Person>, to name: String, for viewer: Viewer, by actor: Actor)
        async throws
    {
        try viewer.require(.managePeople)
        try await write(as: actor) { tx in
            let organization = try Organization.load(tx.db, changing: [], naming: [person])
            guard let before = organization.names[person], try viewer.reaches(person, .managePeople, tx.db)
            else { throw UserError.notHere }
            try tx.append(
                .personRenamed(
                    PersonRenamed(
                        person: person, before: before,
                        after: name.trimmingCharacters(in: .whitespacesAndNewlines))))
        }
    }

    /// Places persons as a plan says, in one event.
    ///
    /// - Parameters:
    ///   - changed: whose placements the plan makes; others are only named, a new leader for example.
    ///   - plan: is given as much of the organization as the rules look at for these persons.
    /// - Throws: `UserError` where the rules forbid it, or where a team manager would reach beyond his teams.
    @discardableResult
    public func placePersons(
        _ changed: [ID<Person>], naming others: [ID<Person>] = [], reason: String, for viewer: Viewer,
        by actor: Actor, plan: @escaping @Sendable (Organization) throws -> [Placement]
    ) async throws -> [Placement] {
        try viewer.require(.managePeople)
        return try await write(as: actor) { tx in
            let organization = try Organization.load(tx.db, changing: changed, naming: others)
            // Before the plan, whose errors name people.
            let today = try tx.businessDay(at: tx.now)
            let strangers =
                viewer.reach(.managePeople) == .office ? [] : try Self.strangers(viewer, tx.db)
            for person in changed {
                guard
                    organization.isManaged(person, by: viewer, from: today)
                        || (organization.standing(of: person, on: today)?.isUnassigned == true
                            && !strangers.contains(person))
                else { throw UserError.notHere }
            }
            let placements = try plan(organization)
            try organization.checkDirect(placements, by: RequestParty(viewer))
            try tx.append(.personsPlaced(PersonsPlaced(placements: placements, reason: reason)))
            return placements
        }
    }

    public func place(_ placements: [Placement], reason: String, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            try tx.append(.personsPlaced(PersonsPlaced(placements: placements, reason: reason)))
        }
    }

    /// Gives everybody under a leader or manager, and the open requests, to a successor from a day.
    ///
    /// - Parameters:
    ///   - promoting: the successor takes the person's designation in the same step.
    ///   - status: what the person becomes, `Placement.left` for example; nil: he stays.
    @discardableResult
    public func handOver(
        _ person: ID<Person>, to successor: ID<Person>, from day: Day, promoting: Bool = false,
        status: String? = nil, reason: String, for viewer: Viewer, by actor: Actor
    ) async throws -> TeamHandedOver {
        try viewer.require(.managePeople)
        return try await write(as: actor) { tx in
            let handed = try tx.handOver(
                person, to: successor, from: day, promoting: promoting, status: status, reason: reason, viewer
            )
            try tx.append(.teamHandedOver(handed))
            return handed
        }
    }

    /// What `handOver` would do, for a preview.
    public func handOverPreview(
        _ person: ID<Person>, to successor: ID<Person>, from day: Day, promoting: Bool = false,
        status: String? = nil, for viewer: Viewer
    ) async throws -> TeamHandedOver {
        try viewer.require(.managePeople)
        return try await read { [clock, ids] db in
            let tx = Transaction(db: db, now: clock.now(), actor: .program, ids: ids)
            return try tx.handOver(
                person, to: successor, from: day, promoting: promoting, status: status, reason: "", viewer)
        }
    }

    /// Everybody of the offices that the viewer looks at, by name; without those found to be the same as somebody
    /// else.
    public func persons(for viewer: Viewer = .console) async throws -> [Person] {
        try await read { db in
            let offices = try OfficeScope(viewer, db)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT id, name FROM person WHERE mergedInto IS NULL AND \(offices.condition("office"))
                    ORDER BY name COLLATE NOCASE, id
                    """
            ).compactMap { row in
                ID<Person>(row["id"] as String).map { Person(id: $0, name: row["name"]) }
            }
        }
    }
}

extension Transaction {
    fileprivate func handOver(
        _ person: ID<Person>, to successor: ID<Person>, from day: Day, promoting: Bool, status: String?,
        reason: String, _ viewer: Viewer
    ) throws -> TeamHandedOver {
        let organization = try Organization.load(db, changing: [person, successor])
        let placements = try organization.handOver(
            person, to: successor, from: day, promoting: promoting, status: status)
        try organization.checkDirect(placements, by: RequestParty(viewer))
        let requests = try String.fetchAll(
            db,
            sql: """
                SELECT request FROM transferRequest
                WHERE stage IN ('open', 'accepted', 'approved', 'scheduled') AND effectiveDay >= ?
                ORDER BY opened, id
                """, arguments: [day.number]
        ).map { try fromJSON(TransferRequest.self, $0) }
            .filter { $0.handedOver(from: person, to: successor, from: day) != $0 }
        return TeamHandedOver(
            person: person, successor: successor, from: day, reason: reason, placements: placements,
            requests: requests.map(\.id),
            deactivates: status.map { organization.terms.ending.contains($0) } ?? false)
    }
}

extension Viewer {
    /// Whether a person is, or on some day was, within the reach of a permission.
    func reaches(_ other: ID<Person>, _ permission: Permission, _ db: Database) throws -> Bool {
        let column: String
        switch reach(permission) {
        case .none: return false
        case .office:
            let offices = try OfficeScope(everywhere, for: permission, db)
            return try offices.isWhole
                || offices.holds(OfficeStore.office(of: other, db).map(\.description))
        case .own: return other == person
        case .team: column = "leader"
        case .teams: column = "manager"
        }
        guard let person else { return false }
        if other == person { return true }
        let today = try OfficeStore.keepsPastDays(db) ? nil : OfficeStore.today(db)
        return try Bool.fetchOne(
            db,
            sql: """
                SELECT 1 FROM placementSpan WHERE person = ?1 AND \(column) = ?2
                  AND (?3 IS NULL OR (fromDay <= ?3 AND untilDay > ?3))
                """, arguments: [other.description, person.description, today?.number]) == true
    }
}
