/// A name belongs to a person from a day on.
public struct AliasLink: Hashable, Codable, Sendable {
    public var person: ID<Person>
    public var from: Day

    public init(person: ID<Person>, from: Day) {
        self.person = person
        self.from = from
    }
}

/// A stretch of days on which a name is one person's.
public struct AliasSpan: Hashable, Sendable {
    public var person: ID<Person>
    public var from: Day
    /// The first day after the span.
    public var until: Day

    public init(person: ID<Person>, from: Day, until: Day) {
        self.person = person
        self.from = from
        self.until = until
    }
}

/// A dialer's agent name and whose it is, on every day; calls refer to the name, so a change rewrites no call.
public struct AgentAlias: Hashable, Codable, Sendable {
    public var office: ID<Office>
    public var folded: String
    public var name: String
    /// By day, one a day, never empty in a lawful alias; before the first the first holds.
    public var links: [AliasLink]

    public init(office: ID<Office>, folded: String, name: String, links: [AliasLink]) {
        self.office = office
        self.folded = folded
        self.name = name
        self.links = links
    }

    public func check() throws {
        guard !links.isEmpty, zip(links, links.dropFirst()).allSatisfy({ $0.from < $1.from }) else {
            throw UserError(
                .invalid, "The name “\(name)” must be one person's on each day.",
                advice: "Give it one person a day, in the order of days.")
        }
    }

    /// nil only for an alias without links.
    public func person(on day: Day) -> ID<Person>? {
        (links.last { $0.from <= day } ?? links.first)?.person
    }

    /// No gap and no overlap, from the first day that there is to the last.
    public var spans: [AliasSpan] {
        let starts = [Day(number: .min)] + links.dropFirst().map(\.from)
        let ends = links.dropFirst().map(\.from) + [Day(number: .max)]
        return zip(links, zip(starts, ends)).map { AliasSpan(person: $0.person, from: $1.0, until: $1.1) }
    }

    public var persons: Set<ID<Person>> { Set(links.map(\.person)) }

    /// The name is a person's from a day until its next link; without a day it is his on all days. A link before
    /// the first one takes the days before it too.
    public func linked(to person: ID<Person>, from day: Day? = nil) -> AgentAlias {
        var alias = self
        guard let day else {
            alias.links = [AliasLink(person: person, from: links.first?.from ?? Day(number: 0))]
            return alias
        }
        alias.links = links.filter { $0.from != day } + [AliasLink(person: person, from: day)]
        alias.links.sort { $0.from < $1.from }
        return alias.joined
    }

    /// Takes a link back: whoever had the name before has it on; at the first, whoever has it next.
    ///
    /// - Throws: where there is no such link, and for the only one: a name is always somebody's.
    public func unlinked(from day: Day) throws -> AgentAlias {
        guard links.contains(where: { $0.from == day }) else { throw UserError.notHere }
        guard links.count > 1 else {
            throw UserError(
                .conflict, "The name “\(name)” would be nobody's.",
                advice: "Link it to another person, or to a new one.")
        }
        var alias = self
        alias.links.removeAll { $0.from == day }
        return alias.joined
    }

    /// Every day of one person's becomes another's.
    public func relinked(from person: ID<Person>, to other: ID<Person>) -> AgentAlias {
        var alias = self
        alias.links = links.map { AliasLink(person: $0.person == person ? other : $0.person, from: $0.from) }
        return alias.joined
    }

    /// Without links that change nothing.
    private var joined: AgentAlias {
        var alias = self
        alias.links = links.reduce(into: []) { kept, link in
            if kept.last?.person != link.person { kept.append(link) }
        }
        return alias
    }
}

/// What became of one name, with all its links before and after.
public struct AliasChange: Hashable, Codable, Sendable {
    public var office: ID<Office>
    public var folded: String
    public var name: String
    public var before: [AliasLink]
    public var after: [AliasLink]

    public init(from old: AgentAlias, to new: AgentAlias) {
        office = old.office
        folded = old.folded
        name = old.name
        before = old.links
        after = new.links
    }
}

/// Two persons were found to be one human; `undone`: they were not.
public struct PersonMerge: Hashable, Codable, Sendable {
    public var person: ID<Person>
    public var into: ID<Person>
    public var undone: Bool

    public init(person: ID<Person>, into: ID<Person>, undone: Bool = false) {
        self.person = person
        self.into = into
        self.undone = undone
    }
}

extension AliasChanged {
    /// Gives all names of a person to another and marks the empty one as the same human.
    ///
    /// - Parameter aliases: every name of the person, of whatever office.
    public static func merge(
        _ person: ID<Person>, into other: ID<Person>, aliases: [AgentAlias], reason: String
    ) -> AliasChanged {
        let changes = aliases.filter { $0.persons.contains(person) }
            .sorted { ($0.office, $0.folded) < ($1.office, $1.folded) }
            .map { AliasChange(from: $0, to: $0.relinked(from: person, to: other)) }
        return AliasChanged(changes: changes, merge: PersonMerge(person: person, into: other), reason: reason)
    }

    /// The change that takes this one back; lawful as long as the names are what this one made them.
    public func undoing(reason: String) -> AliasChanged {
        var undo = self
        undo.changes = changes.map { change in
            var back = change
            (back.before, back.after) = (change.after, change.before)
            return back
        }
        undo.merge = merge.map { PersonMerge(person: $0.person, into: $0.into, undone: !$0.undone) }
        undo.reason = reason
        return undo
    }

    /// Whether the change is lawful; the same when it is made and when it is folded again.
    ///
    /// - Parameters:
    ///   - alias: the name as it is now; nil: there is none.
    ///   - namesOf: how many names a person has on any day.
    ///   - today: business day of the event.
    public func check(
        alias: (AliasChange) throws -> AgentAlias?, namesOf: (ID<Person>) throws -> Int,
        organization: Organization, today: Day
    ) throws {
        guard !changes.isEmpty || merge != nil else {
            throw UserError(.invalid, "No name would change.", advice: "Choose another person or day.")
        }
        var freed = 0
        for change in changes {
            guard let now = try alias(change) else { throw UserError.notHere }
            guard now.links == change.before else {
                throw UserError(
                    .stale, "The name “\(change.name)” was linked anew meanwhile.",
                    advice: "Look at it again, and repeat if it still fits.")
            }
            var new = now
            new.links = change.after
            try new.check()
            guard new.links != now.links else {
                throw UserError(
                    .invalid, "“\(change.name)” is that person's already.", advice: "Choose another person.")
            }
            for person in new.persons where organization.names[person] == nil { throw UserError.notHere }
            if let merge, now.persons.contains(merge.person), !new.persons.contains(merge.person) {
                freed += 1
            }
            // Names do not go to somebody who is no longer one of his own; an undone merge sets him apart first.
            for person in new.persons.subtracting(now.persons) where organization.merged[person] != nil {
                guard let merge, merge.undone, merge.person == person else {
                    throw UserError(
                        .conflict,
                        "\(organization.name(of: person)) is the same person as somebody else.",
                        advice: "Link the name to that one, or undo the merge.")
                }
            }
        }
        if let merge { try check(merge, freed: freed, namesOf: namesOf, organization, today) }
    }

    private func check(
        _ merge: PersonMerge, freed: Int, namesOf: (ID<Person>) throws -> Int, _ organization: Organization,
        _ today: Day
    ) throws {
        let (person, other) = (merge.person, merge.into)
        guard organization.names[person] != nil, organization.names[other] != nil, person != other else {
            throw UserError.notHere
        }
        let name = organization.name(of: person)
        if merge.undone {
            guard organization.merged[person] == other else {
                throw UserError(.stale, "\(name) stands apart already.", advice: "Look again.")
            }
            return
        }
        guard organization.merged[person] == nil, organization.merged[other] == nil,
            !organization.merged.values.contains(person)
        else {
            throw UserError(
                .conflict, "One of them is merged with somebody already.", advice: "Undo that merge first.")
        }
        guard try namesOf(person) == freed else {
            throw UserError(
                .stale, "\(name) has another name meanwhile.", advice: "Look at the names again, and repeat.")
        }
        guard !organization.hasSubjects(person, from: today) else {
            throw UserError(
                .conflict, "\(name) has people reporting to him.", advice: "Hand them over first.")
        }
    }
}

extension Organization {
    /// Whether anybody is under a person on a day from `day` on.
    public func hasSubjects(_ person: ID<Person>, from day: Day) -> Bool {
        (subjects[person] ?? []).contains { subject in
            spans(of: subject).contains {
                $0.until > day && ($0.placement.leader == person || $0.manager == person)
            }
        }
    }
}
