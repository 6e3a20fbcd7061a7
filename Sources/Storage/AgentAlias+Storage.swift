import Domain
import Foundation
import GRDB

extension Transaction {
    func foldAliasChanged(_ event: Event, _ it: AliasChanged) throws {
        var named = Set(it.changes.flatMap { $0.before + $0.after }.map(\.person))
        if let merge = it.merge { named.formUnion([merge.person, merge.into]) }
        let organization = try organization(changing: named)
        try it.check(
            alias: { change in
                var now = try alias(office: change.office, folded: change.folded)
                if refold != nil { now?.links = change.before }
                return now
            },
            namesOf: { person in
                try Int.fetchOne(
                    db.cachedStatement(sql: "SELECT count(DISTINCT name) FROM aliasSpan WHERE person = ?"),
                    arguments: [person.description]) ?? 0
            }, organization: organization, today: try businessDay(of: event))
        for change in it.changes {
            guard var alias = try alias(office: change.office, folded: change.folded) else { continue }
            alias.links = change.after
            try save(alias)
        }
        if let merge = it.merge {
            let into = merge.undone ? nil : merge.into
            try db.run(
                sql: "UPDATE person SET mergedInto = ? WHERE id = ?",
                arguments: [into?.description, merge.person.description])
            try refold?.merge(merge.person, into: into, db)
        }
    }

    /// nil for a name that nobody has, or that is only being staged.
    func alias(office: ID<Office>, folded: String) throws -> AgentAlias? {
        try Row.fetchOne(
            db.cachedStatement(sql: AgentAlias.sql + "AND office = ? AND folded = ?"),
            arguments: [office.description, folded]
        ).flatMap { try AgentAlias($0) }
    }

    /// - Throws: `UserError.notHere` for a name out of the viewer's sight, as for one that is not there.
    func alias(office: ID<Office>, folded: String, for viewer: Viewer) throws -> AgentAlias {
        let offices = try OfficeScope(viewer.everywhere, for: .matchNames, db)
        guard offices.holds(office.description), let alias = try alias(office: office, folded: folded) else {
            throw UserError.notHere
        }
        return alias
    }

    /// - Throws: `UserError.notHere` where one of them is another office's that the viewer does not see.
    func requireNamed(_ persons: [ID<Person>], for viewer: Viewer) throws {
        let outsiders = try OfficeStore.outsiders(viewer.everywhere, for: .matchNames, db)
        guard outsiders.isDisjoint(with: persons) else { throw UserError.notHere }
    }

    /// Every name that was a person's on any day.
    func aliases(of person: ID<Person>) throws -> [AgentAlias] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: AgentAlias.sql
                    + "AND number IN (SELECT name FROM aliasSpan WHERE person = ?) ORDER BY name"),
            arguments: [person.description]
        ).compactMap { try AgentAlias($0) }
    }

    func save(_ alias: AgentAlias) throws {
        try alias.check()
        try db.run(
            sql: """
                INSERT INTO agentName (office, folded, name, links) VALUES (?, ?, ?, ?)
                ON CONFLICT (office, folded) DO UPDATE SET name = excluded.name, links = excluded.links
                """,
            arguments: [
                alias.office.description, alias.folded, alias.name, try jsonText(alias.links),
            ])
        let number = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT number FROM agentName WHERE office = ? AND folded = ?"),
            arguments: [alias.office.description, alias.folded])
        try db.run(sql: "DELETE FROM aliasSpan WHERE name = ?", arguments: [number])
        for span in alias.spans {
            try db.run(
                sql: "INSERT INTO aliasSpan (name, fromDay, untilDay, person) VALUES (?, ?, ?, ?)",
                arguments: [number, span.from.number, span.until.number, span.person.description])
        }
    }
}

extension AgentAlias {
    static let sql = "SELECT office, folded, name, links FROM agentName WHERE links IS NOT NULL "

    init?(_ row: Row) throws {
        guard let office = ID<Office>(row["office"] as String) else { return nil }
        self.init(
            office: office, folded: row["folded"], name: row["name"],
            links: try fromJSON([AliasLink].self, row["links"] as String))
    }
}

/// What was done to names, newest first, for undoing it.
public struct NameChange: Sendable {
    /// Of the journal: what `undoNameChange` takes.
    public var seq: Int64
    public var time: Instant
    public var actor: String
    public var change: AliasChanged
    /// Whether the names, and who is whom, are still what this change made them.
    public var canBeUndone: Bool
    /// What everybody in it is called now.
    public var names: [ID<Person>: String]
}

extension OfficeStore {
    /// Every name and whose it is, by name.
    public func names(for viewer: Viewer) async throws -> [AgentAlias] {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        return try await read { db in
            let offices = try OfficeScope(viewer, for: .matchNames, db)
            return try Row.fetchAll(
                db,
                sql: AgentAlias.sql
                    + "AND \(offices.condition("office")) ORDER BY name COLLATE NOCASE, office"
            )
            .compactMap { try AgentAlias($0) }
        }
    }

    /// Names that may be spellings of one human, without those that somebody said are two; of two offices only
    /// where the viewer looks at all of them.
    public func nameSuggestions(for viewer: Viewer) async throws -> [NameSuggestion] {
        let all = try await names(for: viewer)
        let (apart, merged): (Set<String>, Set<String>) = try await read { db in
            (
                try String.fetchSet(db, sql: "SELECT first || ' ' || second FROM namesApart"),
                try String.fetchSet(db, sql: "SELECT id FROM person WHERE mergedInto IS NOT NULL")
            )
        }
        let compared = all.compactMap { alias in
            alias.links.last.map {
                ComparedName(
                    office: alias.office, folded: alias.folded, name: alias.name, person: $0.person)
            }
        }
        return Domain.nameSuggestions(compared.filter { !merged.contains($0.person.description) }).filter {
            !apart.contains(NamesHeldApart($0.first.person, $0.second.person).pair)
                && (viewer.offices == .all || $0.first.office == $0.second.office)
        }
    }

    /// Says whose a name is: from a day on, or on all days.
    public func linkName(
        office: ID<Office>, folded: String, to person: ID<Person>, from day: Day?, reason: String = "",
        for viewer: Viewer, by actor: Actor
    ) async throws {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        try await write(as: actor) { tx in
            let alias = try tx.alias(office: office, folded: folded, for: viewer)
            try tx.requireNamed([person], for: viewer)
            let change = AliasChange(from: alias, to: alias.linked(to: person, from: day))
            // A person made for this name alone is nobody when the name is another's.
            let before = alias.links.first?.person
            let gone = try before.flatMap { before -> ID<Person>? in
                guard before != person, change.after.allSatisfy({ $0.person == person }),
                    try tx.aliases(of: before).count == 1, try tx.cameWithAFile(before)
                else { return nil }
                return before
            }
            try tx.append(
                .aliasChanged(
                    AliasChanged(
                        changes: [change], merge: gone.map { PersonMerge(person: $0, into: person) },
                        reason: reason)))
        }
    }

    /// Takes the link of a name that begins on a day back.
    public func unlinkName(
        office: ID<Office>, folded: String, from day: Day, for viewer: Viewer, by actor: Actor
    ) async throws {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        try await write(as: actor) { tx in
            let alias = try tx.alias(office: office, folded: folded, for: viewer)
            let change = AliasChange(from: alias, to: try alias.unlinked(from: day))
            try tx.append(.aliasChanged(AliasChanged(changes: [change])))
        }
    }

    /// Gives all names of a person to another: they are one human.
    public func mergePersons(
        _ person: ID<Person>, into other: ID<Person>, reason: String = "", for viewer: Viewer,
        by actor: Actor
    ) async throws {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        try await write(as: actor) { tx in
            try tx.requireNamed([person, other], for: viewer)
            try tx.append(
                .aliasChanged(
                    .merge(person, into: other, aliases: try tx.aliases(of: person), reason: reason)))
        }
    }

    /// Says that two persons are two, so that they are not suggested again.
    public func holdApart(_ first: ID<Person>, _ second: ID<Person>, for viewer: Viewer, by actor: Actor)
        async throws
    {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        try await write(as: actor) { tx in
            try tx.requireNamed([first, second], for: viewer)
            try tx.append(.namesHeldApart(NamesHeldApart(first, second)))
        }
    }

    /// The last changes of names, newest first.
    public func nameChanges(limit: Int = 50, for viewer: Viewer) async throws -> [NameChange] {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        return try await read { [clock, ids] db in
            let tx = Transaction(db: db, now: clock.now(), actor: .program, ids: ids)
            let names = try Self.namesOfPersons(db)
            let offices = try OfficeScope(viewer.everywhere, for: .matchNames, db)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT seq, time, actor, payload FROM journal
                    WHERE kind = 'aliasChanged' AND refusal IS NULL AND office = (SELECT office FROM folder)
                      AND incarnation = (SELECT incarnation FROM folder)
                    ORDER BY seq DESC LIMIT ?
                    """, arguments: [max(0, min(limit, 500))]
            ).compactMap { row in
                let change = try fromJSON(AliasChanged.self, row["payload"] as String)
                guard change.changes.allSatisfy({ offices.holds($0.office.description) }) else { return nil }
                var stands = try change.changes.allSatisfy {
                    try tx.alias(office: $0.office, folded: $0.folded)?.links == $0.after
                }
                if let merge = change.merge {
                    let now = try String.fetchOne(
                        db, sql: "SELECT mergedInto FROM person WHERE id = ?",
                        arguments: [merge.person.description])
                    stands = stands && now == (merge.undone ? nil : merge.into.description)
                }
                return NameChange(
                    seq: row["seq"], time: HybridTime(bits: row["time"]).instant, actor: row["actor"],
                    change: change, canBeUndone: stands, names: names)
            }
        }
    }

    /// Takes a change of names back; lawful while the names are what it made them.
    public func undoNameChange(_ seq: Int64, for viewer: Viewer, by actor: Actor) async throws {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        try await write(as: actor) { tx in
            let payload = try String.fetchOne(
                tx.db,
                sql: """
                    SELECT payload FROM journal
                    WHERE kind = 'aliasChanged' AND refusal IS NULL AND office = (SELECT office FROM folder)
                      AND incarnation = (SELECT incarnation FROM folder) AND seq = ?
                    """, arguments: [seq])
            guard let payload else { throw UserError.notHere }
            let change = try fromJSON(AliasChanged.self, payload)
            for name in change.changes {
                _ = try tx.alias(office: name.office, folded: name.folded, for: viewer)
            }
            try tx.append(.aliasChanged(change.undoing(reason: "Undone")))
        }
    }
}

extension Transaction {
    /// Whether somebody is known from files alone: nobody ever placed or added him.
    fileprivate func cameWithAFile(_ person: ID<Person>) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT 1 FROM placement WHERE person = ? AND kind <> 'fileUploaded'",
            arguments: [person.description]) == nil
    }

    func foldNamesHeldApart(_ it: NamesHeldApart) throws {
        try it.check()
        try db.run(
            sql: "INSERT INTO namesApart (first, second) VALUES (?, ?) ON CONFLICT DO NOTHING",
            arguments: [it.first.description, it.second.description])
    }
}
