import Domain
import Testing

@Suite struct AgentAliasTests {
    private static let (jane, john, june): (ID<Person>, ID<Person>, ID<Person>) = (
        numbered(1), numbered(2), numbered(3)
    )
    private static let office: ID<Office> = numbered(9)

    private func alias(_ links: (ID<Person>, Int)..., folded: String = "jsmith") -> AgentAlias {
        AgentAlias(
            office: Self.office, folded: folded, name: "J Smith",
            links: links.map { AliasLink(person: $0.0, from: day($0.1)) })
    }

    @Test func `a name is two persons' at different dates, with no gap and no overlap`() throws {
        let name = alias((Self.jane, 0)).linked(to: Self.john, from: day(10))
        #expect(name == alias((Self.jane, 0), (Self.john, 10)))
        #expect(name.person(on: day(-5)) == Self.jane && name.person(on: day(9)) == Self.jane)
        #expect(name.person(on: day(10)) == Self.john && name.person(on: day(900)) == Self.john)
        #expect(
            name.spans == [
                AliasSpan(person: Self.jane, from: Day(number: .min), until: day(10)),
                AliasSpan(person: Self.john, from: day(10), until: Day(number: .max)),
            ])
        #expect(name.linked(to: Self.june, from: day(10)) == alias((Self.jane, 0), (Self.june, 10)))
        #expect(
            name.linked(to: Self.june, from: day(-3))
                == alias((Self.june, -3), (Self.jane, 0), (Self.john, 10)))
        #expect(
            name.linked(to: Self.jane, from: day(10)) == alias((Self.jane, 0)),
            "what changes nothing is no link")
        #expect(name.linked(to: Self.june) == alias((Self.june, 0)))
        #expect(try name.unlinked(from: day(10)) == alias((Self.jane, 0)))
        #expect(try name.unlinked(from: day(0)) == alias((Self.john, 10)))
        #expect(throws: UserError.self) { try name.unlinked(from: day(5)) }
        #expect(throws: UserError.self) { try alias((Self.jane, 0)).unlinked(from: day(0)) }
        try name.check()
        #expect(throws: UserError.self) { try alias().check() }
        #expect(throws: UserError.self) { try alias((Self.jane, 3), (Self.john, 3)).check() }
        #expect(alias().spans.isEmpty && alias().person(on: day(0)) == nil)
    }

    @Test func `spans cover each day once, whatever was linked and unlinked`() throws {
        var random = SeededGenerator(8)
        for _ in 0..<200 {
            var name = alias((Self.jane, 0))
            for _ in 0..<12 {
                let person = [Self.jane, Self.john, Self.june].randomElement(using: &random) ?? Self.jane
                let from = day(Int.random(in: -20..<40, using: &random))
                let before = name
                switch Int.random(in: 0..<4, using: &random) {
                case 0: name = (try? name.unlinked(from: from)) ?? name
                case 1: name = name.relinked(from: person, to: Self.june)
                default:
                    name = name.linked(to: person, from: from)
                    #expect(name.person(on: from) == person)
                    if let first = before.links.first?.from, first < from {
                        for number in -25..<from.days(since: firstDay) {
                            #expect(name.person(on: day(number)) == before.person(on: day(number)))
                        }
                    }
                }
                try name.check()
                let spans = name.spans
                #expect(spans.first?.from == Day(number: .min) && spans.last?.until == Day(number: .max))
                #expect(
                    zip(spans, spans.dropFirst()).allSatisfy { $0.until == $1.from && $0.person != $1.person }
                )
                for number in -25..<45 {
                    let here = spans.filter { $0.from <= day(number) && day(number) < $0.until }
                    #expect(here.map(\.person) == [name.person(on: day(number))])
                }
            }
        }
    }

    /// Names as they are now, for the rules.
    private struct Book {
        var names: [String: AgentAlias]
        var organization: Organization

        mutating func apply(_ event: AliasChanged) throws {
            try event.check(
                alias: { names[$0.folded] },
                namesOf: { person in names.values.count { $0.persons.contains(person) } },
                organization: organization, today: day(5))
            for change in event.changes { names[change.folded]?.links = change.after }
            if let merge = event.merge {
                organization.merge(merge.person, into: merge.undone ? nil : merge.into)
            }
        }
    }

    private func book() -> Book {
        let persons = [(Self.jane, "Jane"), (Self.john, "John"), (Self.june, "June")]
        return Book(
            names: [
                "jane": alias((Self.jane, 0), folded: "jane"),
                "both": alias((Self.jane, 0), (Self.john, 10), folded: "both"),
                "june": alias((Self.june, 0), folded: "june"),
            ],
            organization: Organization(persons: persons.map { Person(id: $0.0, name: $0.1) }, placements: []))
    }

    @Test func `two persons are merged and set apart again, to the letter`() throws {
        var it = book()
        let merge = AliasChanged.merge(
            Self.jane, into: Self.john, aliases: Array(it.names.values), reason: "one")
        #expect(merge.changes.map(\.folded) == ["both", "jane"])
        let before = it
        try it.apply(merge)
        #expect(it.names["both"]?.links == [AliasLink(person: Self.john, from: day(0))])
        #expect(it.names["jane"]?.persons == [Self.john] && it.names["june"] == before.names["june"])
        #expect(it.organization.merged == [Self.jane: Self.john])
        // No name for her meanwhile, and no second merge.
        let other = it.names["june"] ?? alias()
        let link = AliasChanged(changes: [
            AliasChange(from: other, to: other.linked(to: Self.jane, from: day(3)))
        ])
        #expect(throws: UserError.self) { try it.apply(link) }
        for (one, two) in [(Self.june, Self.jane), (Self.john, Self.june), (Self.jane, Self.june)] {
            let again = AliasChanged.merge(one, into: two, aliases: Array(it.names.values), reason: "")
            #expect(throws: UserError.self) { try it.apply(again) }
        }
        try it.apply(merge.undoing(reason: "two after all"))
        #expect(it.names == before.names && it.organization == before.organization)
        #expect(throws: UserError.self) { try it.apply(merge.undoing(reason: "twice")) }
    }

    @Test func `a change is refused when the name was linked anew meanwhile`() throws {
        var it = book()
        let name = it.names["jane"] ?? alias()
        let change = AliasChanged(changes: [
            AliasChange(from: name, to: name.linked(to: Self.june, from: day(2)))
        ])
        try it.apply(change)
        let error = #expect(throws: UserError.self) { try it.apply(change) }
        #expect(error?.code == .stale)
        try it.apply(change.undoing(reason: ""))
        #expect(it.names["jane"] == name)
        #expect(throws: UserError.self) { try it.apply(AliasChanged(changes: [])) }
        #expect(throws: UserError.self) {
            try it.apply(AliasChanged(changes: [AliasChange(from: name, to: name.linked(to: numbered(77)))]))
        }
        #expect(throws: UserError.self) {
            try it.apply(AliasChanged(changes: [AliasChange(from: name, to: name)]))
        }
        // A merge that forgets a name.
        let half = AliasChanged.merge(Self.jane, into: Self.john, aliases: [name], reason: "")
        #expect(throws: UserError.self) { try it.apply(half) }
    }

    @Test func `whoever leads somebody is not merged away`() throws {
        var it = book()
        let leader = TestOrganization.ann
        it.organization = try TestOrganization().organization
        it.organization.add(Person(id: Self.jane, name: "Jane"))
        let merge = AliasChanged.merge(leader, into: Self.jane, aliases: [], reason: "")
        let error = #expect(throws: UserError.self) { try it.apply(merge) }
        #expect(error?.message.contains("reporting") == true)
        try it.apply(
            AliasChanged.merge(
                TestOrganization.agents[0], into: TestOrganization.agents[1], aliases: [], reason: ""))
    }
}
