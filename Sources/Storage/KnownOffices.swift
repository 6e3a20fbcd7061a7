import Domain
import Foundation
import GRDB

/// The rules of every office that is known: what a fact means is for the office to say that it belongs to, on every
/// box alike.
struct KnownOffices: Sendable {
    /// The office of this folder; nil: there is none yet.
    var own: ID<Office>?
    private(set) var all: [ID<Office>: OfficeRules] = [:]

    init(_ db: Database) throws {
        own = try ChainIdentity.fetch(db)?.office
        for row in try Row.fetchAll(db.cachedStatement(sql: "SELECT id, rules FROM office")) {
            guard let office = ID<Office>(row["id"] as String) else { continue }
            all[office] = try fromJSON(OfficeRules.self, row["rules"] as String)
        }
    }

    subscript(_ office: ID<Office>) -> OfficeRules? {
        get { all[office] }
        set { all[office] = newValue }
    }

    /// Before the journal is folded again.
    mutating func forget() { all = [:] }

    /// - Throws: `UserError` for an office of which nothing is known.
    func rules(of office: ID<Office>) throws -> OfficeRules {
        guard let rules = all[office] else { throw UserError.notSetUp }
        return rules
    }

    var ownTerms: PlacementTerms { own.flatMap { all[$0]?.terms } ?? .standard }

    /// Offices that place people with other words than the own one.
    var withOtherTerms: [(office: ID<Office>, terms: PlacementTerms)] {
        all.filter { $0.value.terms != ownTerms }.map { ($0.key, $0.value.terms) }
    }

    /// nil: the words of the own one.
    func otherTerms(of office: ID<Office>) -> PlacementTerms? {
        all[office].flatMap { $0.terms == ownTerms ? nil : $0.terms }
    }
}

extension OfficeRules {
    /// The business day on the office's clock.
    func businessDay(at instant: Instant) -> Day {
        instant.local(in: TimeZone(identifier: timeZone) ?? .gmt).businessDay(cutOver: cutOverMinutes)
    }
}

extension Transaction {
    func rules(of office: ID<Office>) throws -> OfficeRules { try knownOffices().rules(of: office) }

    func knownOffices() throws -> KnownOffices { try refold?.rules ?? KnownOffices(db) }

    /// The business day of the office that an event is of.
    func businessDay(of event: Event) throws -> Day {
        try rules(of: event.office).businessDay(at: event.time.instant)
    }
}
