import Domain
import Foundation
import GRDB

/// Somebody known from files alone: nobody placed him or said whose his name is.
public struct UnmatchedName: Sendable, Hashable {
    public var alias: AgentAlias
    /// Further names that were found to be his.
    public var also: [String]
    public var person: Person
    /// First day with calls under the names.
    public var firstDay: Day?
    public var logs: Int
}

/// Names with what their persons are called now.
public struct NameBook: Sendable {
    /// By name.
    public var aliases: [AgentAlias]
    public var persons: [ID<Person>: String]
    /// Who waits in the queue.
    public var unmatched: Set<ID<Person>>

    public func isUnmatched(_ alias: AgentAlias) -> Bool {
        alias.links.count == 1 && alias.persons.contains { unmatched.contains($0) }
    }
}

/// One name, with what was called under it while it was whose.
public struct NameDetail: Sendable {
    public struct Share: Sendable, Hashable {
        public var span: AliasSpan
        public var person: String
        public var logs: Int
        /// nil: no calls in these days.
        public var days: Period?
    }
    public var alias: AgentAlias
    /// In order of days, one for each link.
    public var shares: [Share]
}

/// Persons whom nobody placed and who were merged with nobody: a file made them.
private let knownFromFiles = """
    p.mergedInto IS NULL AND NOT EXISTS (SELECT 1 FROM placement
      WHERE person = p.id AND kind <> 'fileUploaded')
    """

extension OfficeStore {
    /// Who waits to be matched or placed, the most used names first.
    ///
    /// A name that somebody divided by days is matched.
    public func unmatchedNames(for viewer: Viewer) async throws -> [UnmatchedName] {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        return try await read { db in
            let offices = try OfficeScope(viewer, for: .matchNames, db)
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT n.office, n.folded, n.name, n.links, p.id, p.name AS personName,
                      min(CASE WHEN a.logs > 0 THEN a.day END) AS firstDay,
                      coalesce(sum(a.logs), 0) AS logs
                    FROM person p JOIN aliasSpan s ON s.person = p.id JOIN agentName n ON n.number = s.name
                    LEFT JOIN agentDay a ON a.name = n.number AND a.change = (
                      SELECT max(change) FROM agentDay b WHERE b.day = a.day AND b.name = a.name
                        AND b.change <= (SELECT postedChange FROM folder))
                    WHERE \(knownFromFiles) AND \(offices.condition("p.office"))
                      AND (SELECT count(*) FROM aliasSpan o WHERE o.name = n.number) = 1
                    GROUP BY n.number ORDER BY n.name <> p.name, n.name
                    """)
            var found: [ID<Person>: UnmatchedName] = [:]
            for row in rows {
                guard let alias = try AgentAlias(row), let id = ID<Person>(row["id"] as String) else {
                    continue
                }
                let firstDay = (row["firstDay"] as Int32?).map { Day(number: $0) }
                if var known = found[id] {
                    known.also.append(alias.name)
                    known.logs += row["logs"] as Int
                    known.firstDay = [known.firstDay, firstDay].compactMap { $0 }.min()
                    found[id] = known
                } else {
                    found[id] = UnmatchedName(
                        alias: alias, also: [], person: Person(id: id, name: row["personName"]),
                        firstDay: firstDay, logs: row["logs"])
                }
            }
            return found.values.sorted {
                ($1.logs, $0.alias.name, $0.person.id) < ($0.logs, $1.alias.name, $1.person.id)
            }
        }
    }

    /// How many wait in the name queue, for the first screen.
    public func unmatchedNameCount(for viewer: Viewer) async throws -> Int {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        return try await read { db in try Self.unmatchedPersons(viewer, db).count }
    }

    private static func unmatchedPersons(_ viewer: Viewer, _ db: Database) throws -> Set<ID<Person>> {
        let offices = try OfficeScope(viewer, for: .matchNames, db)
        return Set(
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT p.id FROM person p JOIN aliasSpan s ON s.person = p.id
                    WHERE \(knownFromFiles) AND \(offices.condition("p.office"))
                      AND (SELECT count(*) FROM aliasSpan o WHERE o.name = s.name) = 1
                    """
            ).compactMap { ID<Person>($0) })
    }

    /// Every name in which all words occur, or in what one of its persons is called.
    public func nameBook(search: String = "", for viewer: Viewer) async throws -> NameBook {
        let all = try await names(for: viewer)
        let (persons, unmatched) = try await read { db in
            (try Self.namesOfPersons(db), try Self.unmatchedPersons(viewer, db))
        }
        let words = foldedWords(search)
        let found = all.filter { alias in
            let texts = [alias.name] + alias.persons.compactMap { persons[$0] }
            let text = foldedWords(texts.joined(separator: " ")).joined(separator: " ")
            return words.allSatisfy { text.contains($0) }
        }
        return NameBook(aliases: found, persons: persons, unmatched: unmatched)
    }

    /// - Throws: `UserError` `notFound` where there is no such name.
    public func name(office: ID<Office>, folded: String, for viewer: Viewer) async throws -> NameDetail {
        guard viewer.reach(.matchNames) == .office else { throw UserError.notHere }
        return try await read { [clock, ids] db in
            let tx = Transaction(db: db, now: clock.now(), actor: .program, ids: ids)
            let alias = try tx.alias(office: office, folded: folded, for: viewer)
            let persons = try Self.namesOfPersons(db)
            let shares = try alias.spans.map { span in
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT total(a.logs) AS logs, min(a.day) AS first, max(a.day) AS last
                        FROM agentDay a JOIN agentName n ON n.number = a.name
                        WHERE n.office = ? AND n.folded = ? AND a.day >= ? AND a.day < ? AND a.logs > 0
                          AND a.change = (SELECT max(change) FROM agentDay b WHERE b.day = a.day
                            AND b.name = a.name AND b.change <= (SELECT postedChange FROM folder))
                        """,
                    arguments: [office.description, folded, span.from.number, span.until.number])
                let first = (row?["first"] as Int32?).map { Day(number: $0) }
                let last = (row?["last"] as Int32?).map { Day(number: $0) }
                return NameDetail.Share(
                    span: span, person: persons[span.person] ?? "", logs: row?["logs"] ?? 0,
                    days: first.flatMap { first in last.map { Period(from: first, to: $0) } })
            }
            return NameDetail(alias: alias, shares: shares)
        }
    }

    static func namesOfPersons(_ db: Database) throws -> [ID<Person>: String] {
        var names: [ID<Person>: String] = [:]
        for (id, name) in try personNames(db) { if let id = ID<Person>(id) { names[id] = name } }
        return names
    }

    /// Says that a name is, from a day on, that of somebody who is in no file yet; he is placed from that day.
    @discardableResult
    public func linkName(
        office: ID<Office>, folded: String, toNew personName: String, from day: Day, reason: String = "",
        for viewer: Viewer, by actor: Actor
    ) async throws -> Person {
        guard viewer.reach(.matchNames) == .office, viewer.reach(.managePeople) == .office else {
            throw UserError.notHere
        }
        return try await write(as: actor) { tx in
            let alias = try tx.alias(office: office, folded: folded, for: viewer)
            let person = Person(
                id: tx.newID(), name: personName.trimmingCharacters(in: .whitespacesAndNewlines))
            // Added and named in one transaction: there is never one without the other.
            try tx.append(
                .personAdded(
                    PersonAdded(person: person, placement: Placement(person: person.id, from: day))))
            let change = AliasChange(from: alias, to: alias.linked(to: person.id, from: day))
            try tx.append(.aliasChanged(AliasChanged(changes: [change], reason: reason)))
            return person
        }
    }
}
