import Domain
import Foundation
import GRDB

/// Loading of who reports to whom: as much of it as a rule looks at, or all of it.
extension Organization {
    /// Everybody, for charts and boards; some thousand placements.
    static func load(_ db: Database, _ rules: KnownOffices? = nil) throws -> Organization {
        let rules = try rules ?? KnownOffices(db)
        let rows = try Row.fetchCursor(db, sql: "SELECT \(placementColumns) FROM placement")
        var placements: [KnownPlacement] = []
        while let row = try rows.next() { if let known = KnownPlacement(row) { placements.append(known) } }
        let persons = try Row.fetchAll(db.cachedStatement(sql: "SELECT id, name FROM person")).compactMap {
            row in
            ID<Person>(row[0] as String).map { Person(id: $0, name: row[1]) }
        }
        var organization = Organization(
            persons: persons, placements: placements, terms: rules.ownTerms, merged: try merged(db))
        for (office, terms) in rules.withOtherTerms {
            try organization.set(terms, of: office, db)
        }
        return organization
    }

    static func load(_ db: Database, touchedBy placements: [Placement], _ rules: KnownOffices? = nil) throws
        -> Organization
    {
        let rules = try rules ?? KnownOffices(db)
        return try Organization(
            touchedBy: placements, terms: rules.ownTerms, merged: merged(db), load: { try person($0, db) },
            subjects: { try subjects($0, db) }
        ).withTerms(rules, db)
    }

    /// - Parameter others: who is only named, a new leader for example.
    static func load(
        _ db: Database, changing changed: some Sequence<ID<Person>>,
        naming others: some Sequence<ID<Person>> = [ID<Person>](), _ rules: KnownOffices? = nil
    ) throws -> Organization {
        let rules = try rules ?? KnownOffices(db)
        return try Organization(
            changing: changed, naming: others, terms: rules.ownTerms, merged: merged(db),
            load: { try person($0, db) }, subjects: { try subjects($0, db) }
        ).withTerms(rules, db)
    }

    /// Gives each person who is loaded the words of his office.
    private func withTerms(_ rules: KnownOffices, _ db: Database) throws -> Organization {
        let others = rules.withOtherTerms
        guard !others.isEmpty else { return self }
        var organization = self
        for person in names.keys {
            let office = try String.fetchOne(
                db.cachedStatement(sql: "SELECT office FROM person WHERE id = ?"),
                arguments: [person.description])
            if let it = others.first(where: { $0.office.description == office }) {
                organization.otherTerms[person] = it.terms
            }
        }
        return organization
    }

    /// Sets the words of an office's persons.
    fileprivate mutating func set(_ terms: PlacementTerms, of office: ID<Office>, _ db: Database) throws {
        let persons = try String.fetchAll(
            db.cachedStatement(sql: "SELECT id FROM person WHERE office = ?"), arguments: [office.description]
        )
        for text in persons { if let person = ID<Person>(text) { otherTerms[person] = terms } }
    }

    private static func merged(_ db: Database) throws -> [ID<Person>: ID<Person>] {
        var merged: [ID<Person>: ID<Person>] = [:]
        let rows = try Row.fetchCursor(
            db, sql: "SELECT id, mergedInto FROM person WHERE mergedInto IS NOT NULL")
        while let row = try rows.next() {
            if let id = ID<Person>(row[0] as String) { merged[id] = ID(row[1] as String) }
        }
        return merged
    }

    private static func person(_ id: ID<Person>, _ db: Database) throws
        -> (name: String, placements: [KnownPlacement])?
    {
        let name = try String.fetchOne(
            db.cachedStatement(sql: "SELECT name FROM person WHERE id = ?"), arguments: [id.description])
        guard let name else { return nil }
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT \(placementColumns) FROM placement WHERE person = ?"),
            arguments: [id.description])
        return (name, rows.compactMap { KnownPlacement($0) })
    }

    /// Also who was under the person in a placement that was superseded: more than needed does no harm.
    private static func subjects(_ id: ID<Person>, _ db: Database) throws -> [ID<Person>] {
        try String.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT person FROM placement WHERE leader = ?1
                    UNION SELECT person FROM placement WHERE manager = ?1
                    """), arguments: [id.description]
        ).compactMap { ID($0) }
    }
}

private let placementColumns = """
    person, fromDay, designation, employment, status, groupName, leader, manager, time, office, kind, actor,
    reason, request, incarnation
    """

extension KnownPlacement {
    /// Of `placementColumns`; nil for a row that no event could have written.
    fileprivate init?(_ row: Row) {
        guard let person = ID<Person>(row[0] as String), let office = ID<Office>(row[9] as String) else {
            return nil
        }
        self.init(
            Placement(
                person: person, from: Day(number: row[1]), designation: row[2], employment: row[3],
                status: row[4], group: row[5], leader: (row[6] as String?).flatMap { ID($0) },
                manager: (row[7] as String?).flatMap { ID($0) }),
            time: HybridTime(bits: row[8]), office: office, incarnation: row[14],
            cause: PlacementCause(
                kind: row[10], actor: row[11], reason: row[12],
                request: (row[13] as String?).flatMap { ID($0) }))
    }
}

extension Transaction {
    /// Judges placements by the rules of the organization and brings them into the projections.
    ///
    /// - Parameters:
    ///   - added: persons who are placed for the first time.
    ///   - check: what else must hold afterwards.
    func place(
        _ placements: [Placement], _ event: Event, reason: String = "",
        request: ID<TransferRequest>? = nil, adding added: [Person] = [],
        then check: (Organization) throws -> Void = { _ in }
    ) throws {
        let cause = PlacementCause(
            kind: event.kind, actor: event.actor.name, reason: reason, request: request)
        let known = placements.map {
            KnownPlacement(
                $0, time: event.time, office: event.office, incarnation: event.incarnation, cause: cause)
        }
        if let refold {
            try refold.place(known, check, db)
        } else {
            let rules = try knownOffices()
            var organization = try Organization.load(db, touchedBy: placements, rules)
            for person in added {
                organization.add(person)
                organization.otherTerms[person.id] = rules.otherTerms(of: event.office)
            }
            let affected = try organization.place(known)
            try check(organization)
            try saveSpans(of: affected, organization)
        }
        let insert = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO placement (\(placementColumns))
                VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
                """)
        for it in placements {
            try insert.execute(arguments: [
                it.person.description, it.from.number, it.designation, it.employment, it.status, it.group,
                it.leader?.description, it.manager?.description, event.time.bits, event.office.description,
                cause.kind, cause.actor, cause.reason, request?.description, event.incarnation,
            ])
        }
    }

    /// As much of the organization as the rules look at for these persons, or all of it where it is at hand.
    func organization(
        changing changed: some Sequence<ID<Person>>,
        naming others: some Sequence<ID<Person>> = [ID<Person>]()
    ) throws -> Organization {
        if let refold { return try refold.organization(db) }
        return try Organization.load(db, changing: changed, naming: others, knownOffices())
    }

    func saveSpans(of persons: Set<ID<Person>>, _ organization: Organization) throws {
        let delete = try db.cachedStatement(sql: "DELETE FROM placementSpan WHERE person = ?")
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO placementSpan (person, fromDay, untilDay, designation, employment, status,
                  groupName, leader, manager) VALUES (?,?,?,?,?,?,?,?,?)
                """)
        for person in persons {
            try delete.execute(arguments: [person.description])
            for span in organization.spans(of: person) {
                try insert.execute(arguments: [
                    span.placement.person.description, span.from.number, span.until.number,
                    span.placement.designation, span.placement.employment, span.placement.status,
                    span.placement.group, span.placement.leader?.description, span.manager?.description,
                ])
            }
        }
    }

    /// Judges everybody of an office by new terms; what a designation means decides who stands under whom.
    func refit(_ terms: PlacementTerms, of office: ID<Office>) throws {
        var rules = try knownOffices()
        rules[office]?.terms = terms
        // Rare, and of all: read from the tables, with the words as they would be.
        let organization = try Organization.load(db, rules)
        if let fault = organization.faults().first {
            throw UserError(
                .conflict,
                "With these terms \(organization.name(of: fault.person)) would be left without a team leader or manager on \(fault.day.iso).",
                advice:
                    "Place \(organization.name(of: fault.person)) elsewhere first, or keep the designation's meaning."
            )
        }
        if refold == nil { try saveSpans(of: Set(organization.persons), organization) }
    }

    /// The business day of the own office at an instant.
    func businessDay(at instant: Instant) throws -> Day {
        guard let state = try OfficeStore.officeState(db) else { throw UserError.notSetUp }
        return state.businessDay(at: instant)
    }
}

extension OfficeState {
    public func businessDay(at instant: Instant) -> Day {
        instant.local(in: timeZone).businessDay(cutOver: office.rules.cutOverMinutes)
    }
}
