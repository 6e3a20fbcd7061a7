import Domain
import Foundation
import GRDB

/// An office that this folder holds things of.
public struct KnownOffice: Sendable, Hashable {
    public var id: ID<Office>
    public var name: String
    /// The one that this folder is of.
    public var isOwn: Bool
}

extension KnownOffice {
    /// The own first, then by name.
    static func all(_ db: Database) throws -> [KnownOffice] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT o.id, o.name, o.id = (SELECT office FROM folder) AS own FROM office o
                    ORDER BY own DESC, o.name COLLATE NOCASE, o.id
                    """)
        ).compactMap { row in
            ID<Office>(row[0] as String).map { KnownOffice(id: $0, name: row[1], isOwn: row[2]) }
        }
    }
}

/// The offices that a viewer sees things of: the only place that says so, as SQL on whatever belongs to one.
///
/// Where one office is known nothing is asked, so that no statement is another than it was. What a leader, a
/// manager or an agent sees follows from placements alone, whoever's office somebody came from.
struct OfficeScope: Sendable {
    /// nil: every office that is known.
    let offices: Set<ID<Office>>?

    /// - Parameters:
    ///   - permission: whose reach over teams leaves the offices out; nil: the offices count for everybody.
    ///   - choice: in place of the viewer's, unless it is the own office.
    init(
        _ viewer: Viewer, for permission: Permission? = nil, choosing choice: OfficeChoice = .own,
        _ db: Database
    ) throws {
        if let permission, viewer.reach(permission) < .office {
            offices = nil
            return
        }
        let known = try KnownOffice.all(db)
        guard known.count > 1 else {
            offices = nil
            return
        }
        let own = Set(known.filter(\.isOwn).map(\.id))
        guard viewer.may(.viewOffices) else {
            offices = own
            return
        }
        switch choice == .own ? viewer.offices : choice {
        case .own: offices = own
        case .all: offices = nil
        case .these(let texts):
            offices = Set(known.filter { office in texts.contains { office.isCalled($0) } }.map(\.id))
        }
    }

    /// Every office: for what looks things up by their numbers.
    static let every = OfficeScope(offices: nil)

    private init(offices: Set<ID<Office>>?) { self.offices = offices }

    /// The own office alone, whoever asks.
    static func own(_ db: Database) throws -> OfficeScope { try OfficeScope(of: nil, db) }

    /// - Parameter office: nil: the own.
    init(of office: ID<Office>?, _ db: Database) throws {
        let known = try KnownOffice.all(db)
        offices = known.count > 1 ? Set(office.map { [$0] } ?? known.filter(\.isOwn).map(\.id)) : nil
    }

    /// Whether nothing is left out.
    var isWhole: Bool { offices == nil }

    func holds(_ office: String?) -> Bool {
        guard let offices else { return true }
        return office.flatMap { ID<Office>($0) }.map(offices.contains) ?? false
    }

    // MARK: As SQL; `1` where nothing is left out

    /// On a column that names an office.
    func condition(_ column: String) -> String {
        guard let offices else { return "1" }
        // Identities are hexadecimal digits and hyphens: nothing in them could be taken for SQL.
        let texts = offices.map(\.description).sorted().map { "'\($0)'" }
        return "\(column) IN (\(texts.isEmpty ? "NULL" : texts.joined(separator: ",")))"
    }

    /// On a column with the number of a source.
    func ofSource(_ column: String) -> String { within(column, "SELECT number FROM source WHERE ") }
    /// On a column with the identity of a file.
    func ofFile(_ column: String) -> String {
        within(column, "SELECT f.id FROM file f JOIN source s ON s.id = f.source WHERE ", "s.office")
    }
    func ofPerson(_ column: String) -> String { within(column, "SELECT id FROM person WHERE ") }
    /// On a column with the number of a dialer's name; the plus keeps days before names in the plan.
    func ofName(_ column: String) -> String { within("+" + column, "SELECT number FROM agentName WHERE ") }
    /// On the JSON of a delete request: whose the files are that it is about.
    func ofTargets(_ column: String) -> String {
        guard !isWhole else { return "1" }
        return """
            EXISTS (SELECT 1 FROM json_each(\(column), '$.targets') t WHERE \(ofFile("t.value ->> '$.file'")))
            """
    }

    private func within(_ column: String, _ select: String, _ office: String = "office") -> String {
        isWhole ? "1" : "\(column) IN (\(select)\(condition(office)))"
    }
}

extension KnownOffice {
    /// Whether a text is its identity or its name.
    func isCalled(_ text: String) -> Bool {
        id == ID(text) || name.caseInsensitiveCompare(text) == .orderedSame
    }
}

extension OfficeState {
    /// What an address or a command asks for, by identities; the own where it says nothing else.
    ///
    /// - Throws: `UserError.notHere` for who may see no other office; `notFound` for one that is not known.
    public func choice(_ text: String, for viewer: Viewer) throws -> OfficeChoice {
        let asked = OfficeChoice(text: text)
        guard asked != .own else { return .own }
        guard viewer.may(.viewOffices) else { throw UserError.notHere }
        guard case .these(let texts) = asked else { return known.count > 1 ? asked : .own }
        let found = try texts.map { text in
            guard let office = known.first(where: { $0.isCalled(text) }) else {
                throw UserError(
                    .notFound, "There is no office “\(text)” here.",
                    advice: "Choose from: all, \(known.map(\.name).joined(separator: ", ")).")
            }
            return office
        }
        return found.allSatisfy(\.isOwn) ? .own : .these(found.map(\.id.description))
    }

    /// `office Leipzig`, `all offices`; nil where only one is known.
    public func words(_ choice: OfficeChoice) -> String? {
        guard known.count > 1 else { return nil }
        switch choice {
        case .own: return "office \(office.rules.name)"
        case .all: return "all offices"
        case .these(let texts):
            let names = known.filter { office in texts.contains { office.isCalled($0) } }.map(\.name)
            return "\(names.count == 1 ? "office" : "offices") \(names.joined(separator: ", "))"
        }
    }

    /// The name of an office that is not the own; nil for the own.
    public func otherName(_ office: ID<Office>) -> String? {
        known.first { $0.id == office && !$0.isOwn }?.name
    }
}

extension OfficeStore {
    /// Persons whom a viewer does not see because they are another office's; none where one office is known.
    static func outsiders(_ viewer: Viewer, for permission: Permission, _ db: Database) throws -> Set<
        ID<Person>
    > {
        try outsiders(OfficeScope(viewer, for: permission, db), db)
    }

    static func outsiders(_ scope: OfficeScope, _ db: Database) throws -> Set<ID<Person>> {
        guard !scope.isWhole else { return [] }
        return Set(
            try String.fetchAll(db, sql: "SELECT id FROM person WHERE NOT \(scope.condition("office"))")
                .compactMap { ID($0) })
    }

    /// Everybody who is not of a person's office, or not of the own one: whom forms do not offer.
    ///
    /// - Parameter person: nil: of the own office.
    public func outsiders(ofOfficeOf person: ID<Person>? = nil) async throws -> Set<ID<Person>> {
        try await read { db in try Self.outsiders(OfficeScope(of: Self.office(of: person, db), db), db) }
    }

    static func office(of person: ID<Person>?, _ db: Database) throws -> ID<Office>? {
        guard let person else { return nil }
        return try String.fetchOne(
            db, sql: "SELECT office FROM person WHERE id = ?", arguments: [person.description]
        ).flatMap { ID($0) }
    }

    /// The office of what is named, where that is not the own: for the word on its page.
    public func otherOffice(of person: ID<Person>) async throws -> String? {
        try await otherOffice("SELECT office FROM person WHERE id = ?", person.description)
    }

    public func otherOffice(of file: ID<CallFile>) async throws -> String? {
        try await otherOffice(
            "SELECT s.office FROM file f JOIN source s ON s.id = f.source WHERE f.id = ?", file.description)
    }

    public func otherOffice(of source: ID<Source>) async throws -> String? {
        try await otherOffice("SELECT office FROM source WHERE id = ?", source.description)
    }

    private func otherOffice(_ sql: String, _ id: String) async throws -> String? {
        try await read { db in
            let known = try KnownOffice.all(db)
            guard known.count > 1, let office = try String.fetchOne(db, sql: sql, arguments: [id]) else {
                return nil
            }
            return known.first { $0.id.description == office && !$0.isOwn }?.name
        }
    }

    /// - Throws: `UserError.notHere` for a file out of the viewer's sight, as one that is not there.
    static func require(_ file: ID<CallFile>, _ viewer: Viewer, for permission: Permission, _ db: Database)
        throws
    {
        let scope = try OfficeScope(viewer.everywhere, for: permission, db)
        guard !scope.isWhole else { return }
        let office = try String.fetchOne(
            db, sql: "SELECT s.office FROM file f JOIN source s ON s.id = f.source WHERE f.id = ?",
            arguments: [file.description])
        guard scope.holds(office) else { throw UserError.notHere }
    }
}

extension OrganizationChart {
    /// Without persons of other offices; a leader or manager stays above who is left.
    func without(_ outsiders: Set<ID<Person>>) -> OrganizationChart {
        guard !outsiders.isEmpty else { return self }
        var chart = self
        func inside(_ all: [Standing]) -> [Standing] { all.filter { !outsiders.contains($0.person) } }
        chart.branches = branches.compactMap { branch in
            var branch = branch
            branch.idle = inside(branch.idle)
            branch.teams = branch.teams.compactMap { team in
                var team = team
                team.agents = inside(team.agents)
                return team.agents.isEmpty && outsiders.contains(team.leader.person) ? nil : team
            }
            let isEmpty = branch.teams.isEmpty && branch.idle.isEmpty
            return isEmpty && outsiders.contains(branch.manager.person) ? nil : branch
        }
        chart.unassigned = inside(unassigned)
        chart.left = inside(left)
        return chart
    }
}

extension DistributionBoard {
    /// Without persons of other offices; a leader or manager stays above who is left.
    func without(_ outsiders: Set<ID<Person>>) -> DistributionBoard {
        guard !outsiders.isEmpty else { return self }
        var board = self
        board.sections = sections.compactMap { section in
            var section = section
            section.columns = section.columns.compactMap { column in
                var column = column
                column.cards.removeAll { outsiders.contains($0.standing.person) }
                if case .team(let leader) = column.place, outsiders.contains(leader), column.cards.isEmpty {
                    return nil
                }
                return column
            }
            guard let manager = section.manager, outsiders.contains(manager.id) else { return section }
            let isEmpty = section.columns.allSatisfy { column in
                if case .team = column.place { return false }
                return column.cards.isEmpty
            }
            return isEmpty ? nil : section
        }
        let above = Set(board.sections.compactMap { $0.manager?.id })
        board.scheduled.removeAll { outsiders.contains($0.person.id) }
        board.managers.removeAll { outsiders.contains($0.id) && !above.contains($0.id) }
        return board
    }
}
