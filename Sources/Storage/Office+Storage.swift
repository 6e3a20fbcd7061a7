import Crypto
import Domain
import Foundation
import GRDB

extension Transaction {
    func foldOfficeFounded(_ event: Event, _ founded: OfficeFounded) throws {
        try founded.rules.check()
        try db.run(
            sql: "INSERT INTO office (id, name, rules) VALUES (?, ?, ?)",
            arguments: [event.office.description, founded.rules.name, try jsonText(founded.rules)])
        try refold?.set(founded.rules, of: event.office, db)
        for source in founded.sources { try saveSource(source, office: event.office) }
    }

    func foldOfficeChanged(_ event: Event, _ changed: OfficeChanged) throws {
        try changed.after.check()
        if changed.before.terms != changed.after.terms { try refit(changed.after.terms, of: event.office) }
        try db.run(
            sql: "UPDATE office SET name = ?, rules = ? WHERE id = ?",
            arguments: [changed.after.name, try jsonText(changed.after), event.office.description])
        try refold?.set(changed.after, of: event.office, db)
    }

    func foldSourceChanged(_ event: Event, _ changed: SourceChanged) throws {
        try changed.after.check()
        try saveSource(changed.after, office: event.office)
    }

    func foldBoxSettingsChanged(_ changed: BoxSettingsChanged) throws {
        try changed.after.check()
        try save(changed.after)
    }

    func save(_ settings: BoxSettings) throws {
        try db.run(
            sql: """
                INSERT INTO boxSettings (only, settings) VALUES (1, ?)
                ON CONFLICT (only) DO UPDATE SET settings = excluded.settings
                """, arguments: [try jsonText(settings)])
    }

    private func saveSource(_ source: Source, office: ID<Office>) throws {
        let clash = try Bool.fetchOne(
            db.cachedStatement(
                sql: "SELECT 1 FROM source WHERE name = ? COLLATE NOCASE AND office = ? AND id <> ?"),
            arguments: [source.name, office.description, source.id.description])
        guard clash == nil || refold != nil else {
            throw UserError(
                .conflict, "There is a source named “\(source.name)” already.", advice: "Choose another name."
            )
        }
        let format = try String.fetchOne(
            db.cachedStatement(sql: "SELECT format FROM source WHERE id = ?"),
            arguments: [source.id.description])
        // Whether two calls are the same one depends on it.
        guard format == nil || format == source.format else {
            throw UserError(
                .conflict, "The layout of “\(source.name)”'s files cannot be changed.",
                advice: "Add another source for files of another layout.")
        }
        try db.run(
            sql: """
                INSERT INTO source (id, office, name, format, settings) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET name = excluded.name, settings = excluded.settings, staged = 0
                """,
            arguments: [
                source.id.description, office.description, source.name, source.format, try jsonText(source),
            ])
        guard
            let number = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT number FROM source WHERE id = ?"),
                arguments: [source.id.description])
        else { return }
        try flagOutcomes(of: source, number)
    }

    /// Gives a source's outcomes the meaning that its mapping says.
    ///
    /// - Parameter number: the source's.
    func flagOutcomes(of source: Source, _ number: Int64) throws {
        let outcomes = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT number, state FROM outcome WHERE source = ?"), arguments: [number]
        )
        for row in outcomes {
            try db.run(
                sql: "UPDATE outcome SET flags = ?1 WHERE number = ?2 AND flags IS NOT ?1",
                arguments: [
                    source.outcomes.flags(ofState: row["state"])?.rawValue, row["number"] as Int64,
                ])
        }
    }
}

/// The office as a page needs it.
public struct OfficeState: Sendable {
    public var office: Office
    public var settings: BoxSettings
    /// Every office that the folder holds things of, the own first.
    public var known: [KnownOffice]

    public var timeZone: TimeZone { TimeZone(identifier: office.rules.timeZone) ?? .gmt }
}

/// A source with the number its calls carry and the zone its files are in.
public struct StoredSource: Sendable, Hashable {
    public var number: Int64
    public var source: Source
    /// The name of its office, where that is not the own.
    public var otherOffice: String?

    /// `ReadyMode`; of another office `ReadyMode (Leipzig)`, for names are an office's own.
    public var title: String { source.name + (otherOffice.map { " (\($0))" } ?? "") }
}

extension OfficeStore {
    /// nil: not set up yet.
    public func officeState() async throws -> OfficeState? {
        try await read { db in try Self.officeState(db) }
    }

    static func officeState(_ db: Database) throws -> OfficeState? {
        guard let chain = try ChainIdentity.fetch(db),
            let rules = try String.fetchOne(
                db.cachedStatement(sql: "SELECT rules FROM office WHERE id = ?"),
                arguments: [chain.office.description])
        else { return nil }
        let settings = try String.fetchOne(db.cachedStatement(sql: "SELECT settings FROM boxSettings"))
        return OfficeState(
            office: Office(id: chain.office, rules: try fromJSON(OfficeRules.self, rules)),
            settings: try settings.map { try fromJSON(BoxSettings.self, $0) } ?? BoxSettings(),
            known: try KnownOffice.all(db))
    }

    /// The office's own: where uploads go.
    public func sources() async throws -> [StoredSource] {
        try await read { db in try Self.sources(.own(db), db) }
    }

    /// Of the offices that the viewer looks at.
    public func sources(for viewer: Viewer) async throws -> [StoredSource] {
        try await read { db in try Self.sources(OfficeScope(viewer, db), db) }
    }

    static func sources(_ scope: OfficeScope, _ db: Database) throws -> [StoredSource] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT s.number, s.settings, o.name AS otherOffice FROM source s
                    LEFT JOIN office o ON o.id = s.office AND o.id <> (SELECT office FROM folder)
                    WHERE s.staged = 0 AND \(scope.condition("s.office")) ORDER BY s.name, s.number
                    """)
        ).map { row in
            StoredSource(
                number: row["number"], source: try fromJSON(Source.self, row["settings"] as String),
                otherOffice: row["otherOffice"])
        }
    }

    /// The office's own, for threads that may block.
    public func sourcesNow() throws -> [StoredSource] {
        try pool.read { db in try Self.sources(.own(db), db) }
    }

    /// Every office's, for threads that may block.
    func everySourceNow() throws -> [StoredSource] { try pool.read { db in try Self.sources(.every, db) } }

    /// For threads that may block.
    ///
    /// - Throws: `UserError.notHere` for an id that is no source's of the office.
    public func sourceNow(_ id: ID<Source>) throws -> StoredSource {
        guard let source = try sourcesNow().first(where: { $0.source.id == id }) else {
            throw UserError.notHere
        }
        return source
    }

    /// For threads that may block.
    public func officeRulesNow() throws -> OfficeRules {
        guard let state = try pool.read({ db in try Self.officeState(db) }) else { throw UserError.notSetUp }
        return state.office.rules
    }

    /// Founds the office with its first admin: the end of the set-up, once per data folder.
    ///
    /// - Throws: `UserError` `conflict` when there is an office already.
    @discardableResult
    public func foundOffice(
        rules: OfficeRules, sources: [(name: String, format: String, outcomes: OutcomeMapping)],
        username: String, name: String, password: String, by actor: Actor
    ) async throws -> ID<User> {
        try rules.check()
        try checkPassword(password, username: username, officeName: rules.name)
        let hash = try await passwords.hash(password)
        let templates = sources.map {
            SourceTemplate(name: $0.name, format: $0.format, outcomes: $0.outcomes)
        }
        let place = place.of(folder)
        return try await write(as: actor) { tx in
            guard try ChainIdentity.fetch(tx.db) == nil else {
                throw UserError(
                    .conflict, "This data folder has an office already.",
                    advice: "Sign in, or choose another folder with --data.")
            }
            let office: ID<Office> = tx.newID()
            try tx.db.run(
                sql: "INSERT INTO folder (only, office, incarnation, place) VALUES (1, ?, 1, ?)",
                arguments: [office.description, place])
            try tx.append(
                .officeFounded(
                    OfficeFounded(
                        rules: rules,
                        sources: templates.map {
                            Source(id: tx.newID(), name: $0.name, format: $0.format, outcomes: $0.outcomes)
                        })))
            let admin = User(id: tx.newID(), username: username, name: name, role: .admin)
            try tx.append(.userAdded(UserAdded(user: admin)))
            try tx.saveCredential(admin.id, hash: hash)
            try tx.append(.passwordSet(PasswordSet(user: admin.id, username: username)))
            try tx.db.run(sql: "DELETE FROM setupCode")
            return admin.id
        }
    }

    private struct SourceTemplate: Sendable {
        var name: String
        var format: String
        var outcomes: OutcomeMapping
    }

    public func changeBoxSettings(_ after: BoxSettings, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            let before = try Self.officeState(tx.db)?.settings ?? BoxSettings()
            guard before != after else { return }
            try tx.append(.boxSettingsChanged(BoxSettingsChanged(before: before, after: after)))
        }
    }

    /// Adds a source, or changes one; a changed meaning of states counts its mapping's version up.
    @discardableResult
    public func saveSource(_ source: Source, by actor: Actor) async throws -> Source {
        try await write(as: actor) { tx in
            let before = try Self.sources(.every, tx.db).first { $0.source.id == source.id }?.source
            guard
                try before == nil
                    || Self.sources(.own(tx.db), tx.db).contains(where: { $0.source.id == source.id })
            else { throw UserError.notHere }
            var after = source
            if let before {
                after.outcomes.version =
                    before.outcomes.version + (before.outcomes.states == source.outcomes.states ? 0 : 1)
                guard before != after else { return after }
            }
            try tx.append(.sourceChanged(SourceChanged(before: before, after: after)))
            return after
        }
    }
}
