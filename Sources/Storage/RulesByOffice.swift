import Domain
import Foundation
import GRDB

/// The rules that turn the rows of a name into figures.
struct CountingRules: Hashable, Sendable {
    /// Minutes after midnight at which a business day begins.
    var cutOverMinutes = 0
    /// The longest pause that counts as active.
    var maxGapMinutes = 10

    init() {}

    init(_ rules: OfficeRules) {
        cutOverMinutes = rules.cutOverMinutes
        maxGapMinutes = rules.maxGapMinutes
    }

    func day(of time: LocalTime) -> Day { time.businessDay(cutOver: cutOverMinutes) }

    /// The first wall-clock second of a business day.
    func begin(of day: Int32) -> Int64 {
        LocalTime(Day(number: day), secondOfDay: cutOverMinutes * 60).seconds
    }
}

/// The rules of every office that calls are here of: a row counts by those of the office its agent's name belongs to.
///
/// Loaded once per work; an office that is not known yet has the usual rules.
struct RulesByOffice: Sendable {
    private var offices: [String: CountingRules] = [:]

    init(_ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT id, rules FROM office")
        while let row = try rows.next() {
            offices[row["id"]] = CountingRules(try fromJSON(OfficeRules.self, row["rules"] as String))
        }
    }

    /// As if an office had other rules.
    mutating func set(_ rules: OfficeRules, of office: ID<Office>) {
        offices[office.description] = CountingRules(rules)
    }

    /// Offices that are counted otherwise than by others.
    func differing(from other: RulesByOffice) -> Set<String> {
        Set(offices.keys.filter { offices[$0] != other.of(office: $0) })
    }

    func of(_ office: ID<Office>) -> CountingRules { of(office: office.description) }

    func of(office: String) -> CountingRules { offices[office] ?? CountingRules() }

    /// Those of all names, where all offices have the same; nil: they differ.
    var common: CountingRules? {
        guard let first = offices.values.first else { return CountingRules() }
        return offices.values.allSatisfy { $0 == first } ? first : nil
    }

    /// - Parameter name: its number in the database.
    func of(name: Int64, _ db: Database) throws -> CountingRules {
        if let common { return common }
        let statement = try db.cachedStatement(sql: "SELECT office FROM agentName WHERE number = ?")
        return of(office: try String.fetchOne(statement, arguments: [name]) ?? "")
    }

    /// SQL: the second of the day at which the business day of a name begins.
    ///
    /// - Parameter name: SQL of the name's number.
    func cutOver(ofName name: String) -> String {
        if let common { return String(common.cutOverMinutes * 60) }
        let cases = offices.sorted { $0.key < $1.key }.map { office, rules in
            "WHEN '\(office.replacing("'", with: "''"))' THEN \(rules.cutOverMinutes * 60)"
        }
        return
            "(CASE (SELECT office FROM agentName WHERE number = \(name)) \(cases.joined(separator: " ")) ELSE 0 END)"
    }
}

extension OfficeStore {
    /// For threads that may block.
    func rulesByOfficeNow() throws -> RulesByOffice { try pool.read { db in try RulesByOffice(db) } }
}
