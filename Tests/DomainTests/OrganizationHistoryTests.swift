import Domain
import Testing

@Suite struct OrganizationHistoryTests {
    static let seeds: [UInt64] = [1, 20_261_125, 777]

    @Test(arguments: seeds) func `a year of changes is lawful on each day`(seed: UInt64) throws {
        var year = try OfficeYear(seed: seed)
        year.live(600)
        for kind in ["move", "swap", "promote", "leave", "return", "hand over", "cancel", "merge", "carry"] {
            #expect(year.done[kind, default: 0] > 4, "\(kind) hardly ever happened: \(year.done)")
        }
        #expect(year.done["rise", default: 0] + year.done["replace", default: 0] > 2, "\(year.done)")
        for kind in ["demote", "leave", "anything", "hand over"] {
            #expect(year.refused[kind, default: 0] > 4, "\(kind) was hardly ever refused: \(year.refused)")
        }
        let organization = year.organization
        let model = PlacementModel(organization.facts)
        #expect(organization.faults().isEmpty)
        var wrong: [String] = []
        for person in organization.persons {
            let spans = organization.spans(of: person)
            // No gap and no overlap, from the first day to the last.
            #expect(spans.first?.from == Day(number: .min) && spans.last?.until == Day(number: .max))
            #expect(zip(spans, spans.dropFirst()).allSatisfy { $0.until == $1.from })
            #expect(spans.allSatisfy { $0.from < $0.until })
            var place = 0
            for number in -40..<(OfficeYear.length + 40) {
                let day = day(number)
                while spans.indices.contains(place + 1), spans[place].until <= day { place += 1 }
                if let fault = model.fault(person, day) { wrong.append("\(person) \(day.iso) \(fault)") }
                // Exactly one placement, and the same as the slow rules say.
                let (span, above) = (spans[place], model.above(person, day))
                let placement = model.placement(person, day)
                guard span.from <= day, day < span.until, span.placement.leader == above.leader,
                    span.manager == above.manager, span.placement.status == placement?.status,
                    span.placement.designation == placement?.designation
                else {
                    wrong.append("\(person) \(day.iso) spans")
                    continue
                }
                // No circle: two steps up there is nobody any more.
                let chain = organization.chain(above: person, on: day)
                if chain.contains(person) || Set(chain).count != chain.count {
                    wrong.append("\(person) \(day.iso) circle")
                }
            }
        }
        #expect(wrong.prefix(5) == [], "\(wrong.count) of them")
    }

    @Test(arguments: seeds) func `teams and idle agents make the manager's whole, and all make the office`(
        seed: UInt64
    ) throws {
        var year = try OfficeYear(seed: seed)
        year.live(500)
        let organization = year.organization
        let spans = organization.spans()
        for number in stride(from: -30, to: OfficeYear.length + 30, by: 13) {
            let day = day(number)
            let chart = organization.chart(on: day, withEarlier: true)
            // Two persons who are one count once, but for the days on which the other led somebody.
            let all = spans.filter { $0.from <= day && day < $0.until }
            let own = all.filter { organization.merged[$0.placement.person] == nil }
            let leading = Set(own.flatMap { [$0.placement.leader, $0.manager].compactMap { $0 } })
            let placed = all.filter {
                organization.merged[$0.placement.person] == nil || leading.contains($0.placement.person)
            }
            let people = Set(placed.map(\.placement.person))
            #expect(chart.count == people.count)
            var seen: [ID<Person>] = chart.unassigned.map(\.person) + chart.left.map(\.person)
            for branch in chart.branches {
                let manager = branch.manager.person
                var whole: Set<ID<Person>> = [manager]
                for team in branch.teams {
                    whole.insert(team.leader.person)
                    whole.formUnion(team.agents.map(\.person))
                    #expect(team.agents == organization.team(of: team.leader.person, on: day))
                }
                whole.formUnion(branch.idle.map(\.person))
                #expect(branch.teams.map(\.leader) == organization.leaders(of: manager, on: day))
                #expect(branch.idle == organization.idleAgents(of: manager, on: day))
                #expect(whole.count == branch.count)
                #expect(
                    whole.subtracting([manager])
                        == Set(placed.filter { $0.manager == manager }.map(\.placement.person)))
                seen += whole
            }
            #expect(seen.count == people.count && Set(seen) == people)
        }
    }

    @Test(arguments: seeds.prefix(2))
    func `the order in which facts arrive does not matter, nor what came after`(
        seed: UInt64
    ) throws {
        var year = try OfficeYear(seed: seed)
        year.live(500)
        let organization = year.organization
        let persons = organization.names.map { Person(id: $0.key, name: $0.value) }
        for _ in 0..<3 {
            let other = Organization(
                persons: persons, placements: organization.facts.shuffled(using: &year.random),
                merged: organization.merged)
            #expect(other == organization)
            #expect(other.spans() == organization.spans())
        }
        #expect(year.snapshots.count > 3)
        for (time, snapshot) in year.snapshots {
            #expect(organization.asKnown(at: time).spans() == snapshot.spans())
        }
        // The whole, folded again event by event, is the same.
        var again = Organization(persons: persons, placements: [], merged: organization.merged)
        for (_, facts) in Dictionary(grouping: organization.facts, by: \.time).sorted(by: { $0.key < $1.key })
        {
            try again.place(facts)
        }
        #expect(again == organization)
    }

    @Test(arguments: seeds.suffix(2))
    func `two swaps on a day are none, and a move leaves earlier days alone`(
        seed: UInt64
    ) throws {
        var year = try OfficeYear(seed: seed)
        year.live(300)
        func picture(_ organization: Organization, _ person: ID<Person>, _ days: Range<Int>) -> [Standing?] {
            days.map { number in
                var standing = organization.standing(of: person, on: day(number))
                standing?.placement.from = day(0)
                standing?.hasBegun = true
                return standing
            }
        }
        var swaps = 0
        var moves = 0
        for _ in 0..<400 where swaps < 40 || moves < 40 {
            let day = year.anyDay()
            let number = day.days(since: firstDay)
            let (one, other) = (year.anybody(.agent, on: day), year.anybody(.agent, on: day))
            let before = year.organization
            if let once = try? before.placing(before.swap(one, other, from: day)) {
                #expect(
                    once.standing(of: one, on: day)?.leader == before.standing(of: other, on: day)?.leader)
                let twice = try once.placing(once.swap(one, other, from: day))
                for person in [one, other] {
                    let all = -40..<(OfficeYear.length + 40)
                    #expect(picture(twice, person, all) == picture(before, person, all))
                }
                swaps += 1
            }
            let leader = year.anybody(.leader, on: day)
            if let moved = try? before.placing(before.move([one], to: leader, from: day)) {
                let begin = PlacementModel(before.facts).begins(one)?.days(since: firstDay) ?? 0
                if begin < number {
                    #expect(picture(moved, one, begin..<number) == picture(before, one, begin..<number))
                }
                #expect(moved.standing(of: one, on: max(day, firstDay.adding(begin)))?.leader == leader)
                for person in year.people.shuffled(using: &year.random).prefix(10) where person != one {
                    #expect(moved.spans(of: person) == before.spans(of: person))
                }
                moves += 1
            }
            year.act()
        }
        #expect(swaps >= 40 && moves >= 40)
    }

    @Test func `the spans that a change leaves alone are those it does not name`() throws {
        var year = try OfficeYear(seed: 4)
        for _ in 0..<300 {
            let before = year.organization
            let day = year.anyDay()
            let leader = year.anybody(.leader, on: day)
            let manager = year.anybody(.manager, on: day)
            let placement = Placement(
                person: leader, from: day, designation: Placement.teamLeader, manager: manager)
            guard let affected = try? year.it.place([placement]) else { continue }
            for person in year.people where !affected.contains(person) {
                #expect(year.organization.spans(of: person) == before.spans(of: person))
            }
        }
    }
}
