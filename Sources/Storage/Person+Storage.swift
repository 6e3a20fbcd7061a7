import Domain
import Foundation
import GRDB

extension Transaction {
    func foldPersonAdded(_ event: Event, _ added: PersonAdded) throws {
        try savePerson(added.person, office: event.office)
        try savePlacements([added.placement], event)
    }

    func foldPersonsPlaced(_ event: Event, _ placed: PersonsPlaced) throws {
        for placement in placed.placements {
            let known = try Bool.fetchOne(
                db, sql: "SELECT 1 FROM person WHERE id = ?", arguments: [placement.person.description])
            guard known != nil else { throw UserError.notHere }
        }
        try savePlacements(placed.placements, event)
    }

    /// The persons, aliases and first placements of names met for the first time.
    func saveNewNames(_ names: [NewName], _ event: Event) throws {
        for new in names {
            try savePerson(Person(id: new.person, name: new.name), office: event.office)
            try db.execute(
                sql: """
                    INSERT INTO agentName (office, folded, name, person) VALUES (?, ?, ?, ?)
                    ON CONFLICT (office, folded) DO UPDATE SET name = excluded.name, person = excluded.person
                    """,
                arguments: [event.office.description, new.folded, new.name, new.person.description])
        }
        try savePlacements(
            names.map { new in
                Placement(
                    person: new.person, from: new.from,
                    employment: new.partTimer ? Placement.partTimer : Placement.fullTimer)
            }, event)
    }

    private func savePerson(_ person: Person, office: ID<Office>) throws {
        guard !person.name.isEmpty, person.name.count <= 200 else {
            throw UserError(.invalid, "A person needs a name of 1 to 200 characters.", advice: "Give one.")
        }
        try db.execute(
            sql: "INSERT INTO person (id, office, name) VALUES (?, ?, ?)",
            arguments: [person.id.description, office.description, person.name])
    }

    private func savePlacements(_ placements: [Placement], _ event: Event) throws {
        for placement in placements {
            try placement.check()
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO placement (person, fromDay, time, office, placement)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    placement.person.description, placement.from.number, event.time.bits,
                    event.office.description, try jsonText(placement),
                ])
        }
        try refreshSpans(of: placements.map(\.person))
    }

    /// Cuts the spans of these persons again, and of those who report to them.
    private func refreshSpans(of persons: [ID<Person>]) throws {
        var affected = Set(persons)
        for person in persons {
            let subjects = try String.fetchAll(
                db, sql: "SELECT DISTINCT person FROM placementSpan WHERE leader = ?",
                arguments: [person.description])
            affected.formUnion(subjects.compactMap { ID($0) })
        }
        var placements: [Placement] = []
        var loaded: Set<ID<Person>> = []
        func load(_ person: ID<Person>) throws {
            guard loaded.insert(person).inserted else { return }
            let texts = try String.fetchAll(
                db, sql: "SELECT placement FROM placement WHERE person = ? ORDER BY fromDay, time, office",
                arguments: [person.description])
            for text in texts {
                let placement = try fromJSON(Placement.self, text)
                placements.append(placement)
                if let leader = placement.leader { try load(leader) }
            }
        }
        for person in affected { try load(person) }
        for person in affected {
            try db.execute(sql: "DELETE FROM placementSpan WHERE person = ?", arguments: [person.description])
        }
        for span in placementSpans(placements) where affected.contains(span.placement.person) {
            try db.execute(
                sql: """
                    INSERT INTO placementSpan (person, fromDay, untilDay, designation, employment, status,
                      groupName, leader, manager) VALUES (?,?,?,?,?,?,?,?,?)
                    """,
                arguments: [
                    span.placement.person.description, span.from.number, span.until.number,
                    span.placement.designation, span.placement.employment, span.placement.status,
                    span.placement.group, span.placement.leader?.description, span.manager?.description,
                ])
        }
    }
}

extension OfficeStore {
    /// Adds a person who is in no file yet, a leader or a manager for example.
    @discardableResult
    public func addPerson(
        name: String, placement: @escaping @Sendable (ID<Person>) -> Placement, by actor: Actor
    ) async throws -> Person {
        try await write(as: actor) { tx in
            let person = Person(id: tx.newID(), name: name)
            try tx.append(.personAdded(PersonAdded(person: person, placement: placement(person.id))))
            return person
        }
    }

    public func place(_ placements: [Placement], reason: String, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            try tx.append(.personsPlaced(PersonsPlaced(placements: placements, reason: reason)))
        }
    }

    /// Everybody of the office, by name.
    public func persons() async throws -> [Person] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT id, name FROM person ORDER BY name").compactMap { row in
                ID<Person>(row["id"] as String).map { Person(id: $0, name: row["name"]) }
            }
        }
    }
}
