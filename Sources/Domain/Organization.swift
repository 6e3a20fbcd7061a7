/// Who reports to whom, on every day: the placements of an office, or of the part of it that a change touches.
///
/// The last placement in total order for a person and first day stands, until the person's next one begins;
/// what it superseded is kept. Before a person's first placement the first one holds, so that an older file
/// finds him somewhere; on such days a leader or manager stands in it only as far as he leads or manages then.
public struct Organization: Hashable, Sendable {
    /// The words of the office that looks; see `terms(of:)`.
    public var terms: PlacementTerms
    /// Of persons of offices with other words.
    public var otherTerms: [ID<Person>: PlacementTerms] = [:]
    public private(set) var names: [ID<Person>: String] = [:]
    /// Who is the same human as another; his names were given to that one. His placements go on, unseen, so
    /// that setting them apart again is always lawful.
    public private(set) var merged: [ID<Person>: ID<Person>] = [:]
    var histories: [ID<Person>: PlacementHistory] = [:]
    /// Who has a placement, on any day, under whom.
    private(set) var subjects: [ID<Person>: Set<ID<Person>>] = [:]

    /// Takes facts as they are, in any order; `faults` tells what does not fit.
    public init(
        persons: [Person], placements: [KnownPlacement], terms: PlacementTerms = .standard,
        merged: [ID<Person>: ID<Person>] = [:]
    ) {
        self.terms = terms
        self.merged = merged
        for person in persons { names[person.id] = person.name }
        var grown: [ID<Person>: PlacementHistory] = [:]
        for known in placements { grown[known.placement.person, default: .init()].add(known) }
        for (person, history) in grown { set(history, of: person) }
    }

    /// Loads no more of an office than the rules look at when these persons are placed: they, everybody under
    /// them on any day (two steps), the others who are named, and everybody above all of those.
    ///
    /// For a request: its agents change, and those involved are named. For a manager's teams: he changes.
    /// - Parameters:
    ///   - load: a person's name and all his placements; nil: there is no such person.
    ///   - subjects: who has a standing placement, on any day, under a person.
    public init(
        changing changed: some Sequence<ID<Person>>, naming others: some Sequence<ID<Person>>,
        terms: PlacementTerms = .standard, merged: [ID<Person>: ID<Person>] = [:],
        load: (ID<Person>) throws -> (name: String, placements: [KnownPlacement])?,
        subjects: (ID<Person>) throws -> [ID<Person>]
    ) throws {
        var wanted = Set(changed)
        var step = wanted
        for _ in 0..<2 {
            var next: Set<ID<Person>> = []
            for person in step { next.formUnion(try subjects(person)) }
            step = next.subtracting(wanted)
            wanted.formUnion(next)
        }
        wanted.formUnion(others)
        var persons: [Person] = []
        var known: [KnownPlacement] = []
        var seen: Set<ID<Person>> = []
        var queue = Array(wanted)
        while let person = queue.popLast() {
            guard seen.insert(person).inserted, let found = try load(person) else { continue }
            persons.append(Person(id: person, name: found.name))
            known += found.placements
            for above in found.placements.flatMap({ [$0.placement.leader, $0.placement.manager] }) {
                if let above, !seen.contains(above) { queue.append(above) }
            }
        }
        self.init(persons: persons, placements: known, terms: terms, merged: merged)
    }

    /// The same for placements that are to be made.
    public init(
        touchedBy placements: [Placement], terms: PlacementTerms = .standard,
        merged: [ID<Person>: ID<Person>] = [:],
        load: (ID<Person>) throws -> (name: String, placements: [KnownPlacement])?,
        subjects: (ID<Person>) throws -> [ID<Person>]
    ) throws {
        try self.init(
            changing: placements.map(\.person),
            naming: placements.flatMap { [$0.leader, $0.manager].compactMap { $0 } }, terms: terms,
            merged: merged, load: load, subjects: subjects)
    }

    /// Every placement that is known, standing or superseded.
    public var facts: [KnownPlacement] { histories.values.flatMap(\.all) }

    public var persons: [ID<Person>] { Array(histories.keys) }

    /// What a designation or status means is for the person's own office to say.
    public func terms(of person: ID<Person>) -> PlacementTerms { otherTerms[person] ?? terms }

    func rank(of placement: Placement) -> Rank { terms(of: placement.person).rank(of: placement) }

    func hasLeft(_ placement: Placement) -> Bool { terms(of: placement.person).hasLeft(placement) }

    public func name(of person: ID<Person>) -> String { names[person] ?? "somebody unknown" }

    public mutating func add(_ person: Person) { names[person.id] = person.name }

    /// Marks a person as the same human as another; nil sets him apart again.
    public mutating func merge(_ person: ID<Person>, into other: ID<Person>?) { merged[person] = other }

    /// The office as it was known then, to the placements made up to `time`.
    public func asKnown(at time: HybridTime) -> Organization {
        var then = Organization(
            persons: names.map { Person(id: $0.key, name: $0.value) },
            placements: facts.filter { $0.time <= time }, terms: terms, merged: merged)
        then.otherTerms = otherTerms
        return then
    }

    /// Places persons, all of them or none.
    ///
    /// - Returns: whose spans may differ now: those placed and those under them.
    /// - Throws: `UserError` where the result would not be lawful on every day; nothing is changed then.
    @discardableResult
    public mutating func place(_ changes: [KnownPlacement]) throws -> Set<ID<Person>> {
        try checkShape(changes.map(\.placement))
        var before: [ID<Person>: PlacementHistory] = [:]
        var first = Day(number: .max)
        for change in changes {
            let person = change.placement.person
            var history = histories[person] ?? PlacementHistory()
            if before[person] == nil { before[person] = history }
            history.add(change)
            // A first placement stands on all days before it, too.
            let from = change.placement.from
            first = min(first, history.firstDay == from ? Day(number: .min) : from)
            set(history, of: person)
        }
        let changed = Set(before.keys)
        let affected = reach(of: changed)
        do {
            try checkFit(affected, changed: changed, from: first)
        } catch {
            for (person, history) in before { set(history, of: person) }
            throw error
        }
        return affected
    }

    /// Throws what `place` would for placements made after all that is known.
    public func check(_ placements: [Placement]) throws {
        var copy = self
        try copy.place(latest(placements))
    }

    /// The office as it would be with these placements, for a preview.
    public func placing(_ placements: [Placement]) throws -> Organization {
        var copy = self
        try copy.place(latest(placements))
        return copy
    }

    /// As if an event made them that is later than all that is known of these persons.
    private func latest(_ placements: [Placement]) -> [KnownPlacement] {
        let last = placements.compactMap { histories[$0.person]?.all.map(\.time).max() }.max()
        let time = HybridTime(bits: last.map { $0.bits == .max ? .max : $0.bits + 1 } ?? 0)
        return placements.map {
            KnownPlacement(
                $0, time: time, office: KnownPlacement.nowhere, cause: PlacementCause(kind: "preview"))
        }
    }

    private mutating func set(_ history: PlacementHistory, of person: ID<Person>) {
        let old = histories[person]?.superiors ?? []
        let new = history.superiors
        histories[person] = history.standing.isEmpty ? nil : history
        for above in old.subtracting(new) {
            subjects[above]?.remove(person)
            if subjects[above]?.isEmpty == true { subjects[above] = nil }
        }
        for above in new.subtracting(old) { subjects[above, default: []].insert(person) }
    }

    /// These persons, those under them, and those under those: an agent's manager is his leader's.
    func reach(of persons: Set<ID<Person>>) -> Set<ID<Person>> {
        var found = persons
        var step = persons
        for _ in 0..<2 {
            step = step.reduce(into: []) { $0.formUnion(subjects[$1] ?? []) }
            found.formUnion(step)
        }
        return found
    }
}
