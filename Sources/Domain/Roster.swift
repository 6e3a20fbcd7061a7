/// A line of a roster as somebody wrote it; an empty field leaves things as they are, `-` is nobody.
public struct RosterLine: Hashable, Sendable {
    /// Line of the file, from 1.
    public var line: Int
    public var name: String
    public var designation: String
    public var employment: String
    public var status: String
    public var group: String
    public var leader: String
    public var manager: String
    public var from: String
    /// nil: it could be read.
    public var problem: String?

    public init(
        line: Int, name: String = "", designation: String = "", employment: String = "", status: String = "",
        group: String = "", leader: String = "", manager: String = "", from: String = "",
        problem: String? = nil
    ) {
        self.line = line
        self.name = name
        self.designation = designation
        self.employment = employment
        self.status = status
        self.group = group
        self.leader = leader
        self.manager = manager
        self.from = from
        self.problem = problem
    }
}

/// What a roster would do, line by line, and as the placements of one event.
public struct RosterPlan: Sendable {
    public enum Outcome: Hashable, Sendable {
        case added
        case placed
        case unchanged
        case refused(String)
    }
    public struct Line: Hashable, Sendable {
        public var line: RosterLine
        public var person: ID<Person>?
        public var outcome: Outcome
    }
    public var lines: [Line] = []
    public var added: [Person] = []
    public var placements: [Placement] = []
    /// By line: the manager it names beside a leader, to be checked once everybody is placed.
    var managers: [Int: (manager: ID<Person>, day: Day)] = [:]

    public init() {}

    public var refused: Int { lines.count { if case .refused = $0.outcome { true } else { false } } }
}

extension Organization {
    /// Plans a roster: whoever is found by name is placed, whoever is not is added; nothing is guessed.
    ///
    /// - Parameters:
    ///   - day: where a line names none.
    ///   - known: persons by folded name; two under one name are never chosen from.
    ///   - fold: a name for comparing.
    ///   - newID: of a person who is added.
    public func roster(
        _ lines: [RosterLine], from day: Day, known: [String: Set<ID<Person>>], fold: (String) -> String,
        newID: () -> ID<Person>
    ) -> RosterPlan {
        var reading = RosterReading(organization: self, known: known, day: day)
        reading.find(lines, fold: fold, newID: newID)
        reading.place(fold: fold)
        return reading.plan
    }
}

/// The roster while it is read: first who everybody is, then where they stand, managers first.
private struct RosterReading {
    let organization: Organization
    /// With those whom the roster adds.
    var known: [String: Set<ID<Person>>]
    let day: Day
    var plan = RosterPlan()
    private var isNew: Set<ID<Person>> = []
    private var groups: [ID<Person>: String] = [:]

    init(organization: Organization, known: [String: Set<ID<Person>>], day: Day) {
        self.organization = organization
        self.known = known
        self.day = day
    }

    mutating func find(_ lines: [RosterLine], fold: (String) -> String, newID: () -> ID<Person>) {
        var firstLine: [String: Int] = [:]
        for line in lines {
            let key = fold(line.name)
            var person: ID<Person>?
            var problem = line.problem
            if problem == nil, key.isEmpty { problem = "It has no name." }
            if problem == nil, let first = firstLine[key] {
                problem = "“\(line.name)” is in line \(first) already."
            }
            let found = known[key] ?? []
            if problem == nil, found.count > 1 {
                problem = "\(found.count) people are called “\(line.name)”: place them on their own pages."
            }
            if problem == nil {
                firstLine[key] = line.line
                person = found.first ?? newID()
                if let person, found.isEmpty {
                    isNew.insert(person)
                    known[key] = [person]
                }
            }
            plan.lines.append(
                .init(line: line, person: person, outcome: problem.map { .refused($0) } ?? .unchanged))
        }
    }

    mutating func place(fold: (String) -> String) {
        let terms = organization.terms
        var order: [(Int, Int)] = []
        for (index, it) in plan.lines.enumerated() where it.person != nil {
            let designation = word(it.line.designation, terms.designations, fold)
            order.append((-(designation.map { terms.rank(of: $0).rawValue } ?? 0), index))
        }
        for (_, index) in order.sorted(by: <) {
            let it = plan.lines[index]
            guard let person = it.person else { continue }
            do {
                let (change, from, manager) = try read(it.line, fold)
                if let manager { plan.managers[index] = (manager, from) }
                if isNew.contains(person) {
                    let placement = new(person, change, from)
                    try placement.check(terms)
                    plan.added.append(Person(id: person, name: it.line.name))
                    plan.placements.append(placement)
                    plan.lines[index].outcome = .added
                } else {
                    let placements = try placements(of: person, change, from)
                    for placement in placements { try placement.check(terms) }
                    plan.placements += placements
                    plan.lines[index].outcome = placements.isEmpty ? .unchanged : .placed
                }
                groups[person] = plan.placements.last { $0.person == person }?.group
            } catch let error as UserError {
                plan.lines[index].outcome = .refused(error.message)
            } catch { plan.lines[index].outcome = .refused("It cannot be placed.") }
        }
    }

    /// None where everything is as the line says.
    private func placements(of person: ID<Person>, _ change: PlacementChange, _ from: Day) throws
        -> [Placement]
    {
        do { return try organization.change(person, from: from, by: change) } catch let error as UserError
            where error.code == .invalid
        { return [] }
    }

    private func new(_ person: ID<Person>, _ change: PlacementChange, _ from: Day) -> Placement {
        let terms = organization.terms
        let agents = terms.designations.first { terms.rank(of: $0) == .agent }
        let staying = terms.statuses.first { !terms.ending.contains($0) }
        var placement = Placement(
            person: person, from: from, designation: change.designation ?? agents ?? Placement.coldCaller,
            employment: change.employment ?? terms.employments.first ?? Placement.fullTimer,
            status: change.status ?? staying ?? Placement.employee)
        switch change.seat {
        case .leader(let leader): placement.leader = leader
        case .manager(let manager): placement.manager = manager
        case .nobody, nil: break
        }
        let above = placement.leader ?? placement.manager
        placement.group =
            change.group ?? above.flatMap {
                groups[$0] ?? organization.standing(of: $0, on: from)?.placement.group
            }
            ?? Placement.unassigned
        return placement
    }

    private func read(_ line: RosterLine, _ fold: (String) -> String) throws
        -> (PlacementChange, Day, manager: ID<Person>?)
    {
        let terms = organization.terms
        func known(_ text: String, _ words: [String], _ what: String) throws -> String? {
            guard !text.isEmpty else { return nil }
            guard let word = word(text, words, fold) else {
                throw UserError(
                    .invalid, "“\(text)” is no \(what). There is: \(words.joined(separator: ", ")).",
                    advice: "")
            }
            return word
        }
        guard let from = line.from.isEmpty ? day : Day(iso: line.from) else {
            throw UserError(
                .invalid, "“\(line.from)” is no day. Write it like \(day.iso).", advice: "")
        }
        var change = PlacementChange(
            designation: try known(line.designation, terms.designations, "designation"),
            employment: try known(line.employment, terms.employments, "employment"),
            status: try known(line.status, terms.statuses, "status"),
            group: line.group.isEmpty ? nil : line.group)
        var beside: ID<Person>?
        let isNobody = { (text: String) in text == "-" || text == "–" }
        if !line.leader.isEmpty, !isNobody(line.leader) {
            change.seat = .leader(try person(line.leader, fold))
            if !line.manager.isEmpty, !isNobody(line.manager) { beside = try person(line.manager, fold) }
        } else if !line.manager.isEmpty, !isNobody(line.manager) {
            change.seat = .manager(try person(line.manager, fold))
        } else if isNobody(line.leader) || isNobody(line.manager) {
            change.seat = .nobody
        }
        return (change, from, beside)
    }

    private func word(_ text: String, _ words: [String], _ fold: (String) -> String) -> String? {
        words.first { $0 == text } ?? words.first { fold($0) == fold(text) }
    }

    private func person(_ name: String, _ fold: (String) -> String) throws -> ID<Person> {
        let found = known[fold(name)] ?? []
        guard let only = found.first else {
            throw UserError(.invalid, "Nobody is called “\(name)”, here or in this roster.", advice: "")
        }
        guard found.count == 1 else {
            throw UserError(.invalid, "\(found.count) people are called “\(name)”.", advice: "")
        }
        return only
    }
}

extension RosterPlan {
    /// Refuses lines whose team manager is not that of their team leader, once everybody is placed.
    public mutating func checkManagers(in after: Organization) {
        for (index, said) in managers.sorted(by: { $0.key < $1.key }) where lines.indices.contains(index) {
            guard let person = lines[index].person, let now = after.standing(of: person, on: said.day),
                let leader = now.leader, now.manager != said.manager
            else { continue }
            let manager = now.manager.map { after.name(of: $0) } ?? "nobody"
            lines[index].outcome = .refused(
                "The team manager of \(after.name(of: leader)) is \(manager), not \(after.name(of: said.manager))."
            )
        }
    }
}
