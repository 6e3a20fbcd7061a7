import Domain
import Foundation
import GRDB
import Ingest
import TestSupport
import Testing

@testable import Storage

/// A seeded year of placings, promotions, leaves, hand-overs, swaps, links and merges on a real database: what
/// the rules promise holds after every step, and a rebuild gives the same.
@Suite struct PeopleHistoryTests {
    private static let start = Day(iso: "2026-02-02") ?? Day(number: 0)
    private static let period = Period(from: start, to: start.adding(320))

    private struct Year {
        let office: SampleOffice
        var numbers: SeededNumbers
        var managers: [ID<Person>] = []
        var refused = 0
        var done = 0

        mutating func pick<T>(_ all: [T]) -> T? { all.randomElement(using: &numbers) }
        mutating func day() -> Day { start.adding(Int.random(in: 0..<300, using: &numbers)) }
    }

    private func founded(seed: UInt64) async throws -> Year {
        let office = try await SampleOffice(seed: seed)
        for month in 0..<4 {
            let from = Self.start.adding(month * 75)
            try office.take(
                SampleOffice.calls(agents: 14, from: from, days: 5, perDay: 6, seed: seed &+ UInt64(month))
                    .map { call in
                        var call = call
                        call.id += month * 100_000
                        return call
                    }, file: "month\(month).csv")
        }
        var year = Year(office: office, numbers: SeededNumbers(seed))
        for name in ["Mia", "Max"] {
            let manager = try await office.store.addPerson(
                name: name,
                placement: {
                    Placement(person: $0, from: Self.start, designation: Placement.teamManager)
                }, by: office.adminActor)
            year.managers.append(manager.id)
            for number in 1...2 {
                try await office.store.addPerson(
                    name: "\(name)'s leader \(number)",
                    placement: {
                        Placement(
                            person: $0, from: Self.start, designation: Placement.teamLeader,
                            manager: manager.id)
                    }, by: office.adminActor)
            }
        }
        return year
    }

    /// One random act; what the rules refuse is no act.
    private func act(_ year: inout Year) async throws {
        let store = year.office.store
        let organization = try await store.organization()
        let day = year.day()
        let chart = organization.chart(on: day, withEarlier: true)
        let leaders = chart.branches.flatMap { $0.teams.map(\.leader.person) }
        let agents =
            chart.branches.flatMap { $0.idle + $0.teams.flatMap(\.agents) }.map(\.person)
            + chart.unassigned.map(\.person)
        guard let leader = year.pick(leaders), let agent = year.pick(agents), let other = year.pick(agents),
            let manager = year.pick(year.managers)
        else { return }
        let actor = year.office.adminActor
        func place(_ changed: [ID<Person>], _ plan: @escaping @Sendable (Organization) throws -> [Placement])
            async throws
        {
            try await store.placePersons(
                changed, naming: [leader, manager], reason: "because", for: .console, by: actor, plan: plan)
        }
        let later = Bool.random(using: &year.numbers)
        do {
            switch Int.random(in: 0..<14, using: &year.numbers) {
            case 0...3:
                try await place([agent, other]) {
                    try $0.move([agent, other], to: leader, from: day, replacingLater: later)
                }
            case 4: try await place([agent]) { try $0.release([agent], under: manager, from: day) }
            case 5: try await place([agent, other]) { try $0.swap(agent, other, from: day) }
            case 6:
                try await place([agent]) {
                    try $0.promote(
                        agent, to: Placement.teamLeader, under: manager, from: day, replacingLater: later)
                }
            case 7: try await place([agent]) { try $0.leave(agent, from: day) }
            case 8:
                guard let gone = year.pick(chart.left.map(\.person)) else { return }
                try await place([gone]) { try $0.rejoin(gone, from: day, leader: leader) }
            case 9:
                guard let heir = year.pick(leaders), heir != leader else { return }
                try await store.handOver(
                    leader, to: heir, from: day, status: later ? Placement.left : nil, reason: "goes",
                    for: .console, by: actor)
            case 10:
                // His whole team comes along, without a placement of its own.
                try await place([leader]) {
                    guard var placement = $0.standing(of: leader, on: day)?.placement else { return [] }
                    (placement.from, placement.manager) = (max(day, placement.from), manager)
                    return [placement]
                }
            case 11:
                guard let heir = year.pick(year.managers), heir != manager else { return }
                try await store.handOver(
                    manager, to: heir, from: day, reason: "away", for: .console, by: actor)
            case 12:
                guard let alias = year.pick(try await store.names(for: .console)) else { return }
                try await store.linkName(
                    office: alias.office, folded: alias.folded, to: agent, from: later ? day : nil,
                    for: .console, by: actor)
            default: try await store.mergePersons(agent, into: other, for: .console, by: actor)
            }
            year.done += 1
        } catch let error as UserError {
            #expect([.conflict, .invalid, .notFound, .stale].contains(error.code), "\(error)")
            year.refused += 1
        }
    }

    @Test(arguments: [UInt64(11), 12, 13]) func `a year of changes keeps every promise`(seed: UInt64)
        async throws
    {
        var year = try await founded(seed: seed)
        let store = year.office.store
        let whole = try await store.report(ReportQuery(period: Self.period), for: .console).total
        let calls = try await fingerprint(store)
        for step in 0..<60 {
            try await act(&year)
            guard step % 15 == 14 else { continue }
            try await expectLawful(store, whole, calls)
        }
        #expect(year.done > 20, "only \(year.done) acts were lawful, \(year.refused) were not")

        let (hash, spans) = (try await store.stateHash(), try await storedSpans(store))
        let byAgent = try await store.report(ReportQuery(period: Self.period, by: [.agent]), for: .console)
        try store.rebuildFromArchives()
        #expect(try await store.stateHash() == hash)
        #expect(try await storedSpans(store) == spans)
        let again = try await store.report(ReportQuery(period: Self.period, by: [.agent]), for: .console)
        #expect(again.rows == byAgent.rows)
        #expect(try await store.verifyAll().filter { !$0.ok } == [])
    }

    private func expectLawful(_ store: OfficeStore, _ whole: Figures, _ calls: [Int64]) async throws {
        let organization = try await store.organization()
        #expect(organization.faults() == [])
        // What was written step by step is what the whole organization gives.
        let expected = organization.spans().map { span in
            "\(span.placement.person)|\(span.from.number)|\(span.until.number)|\(span.placement.designation)|"
                + "\(span.placement.status)|\(span.placement.leader?.description ?? "-")|"
                + "\(span.manager?.description ?? "-")"
        }.sorted()
        #expect(try await storedSpans(store) == expected)
        #expect(try await store.reconcile(Self.period, for: .console).filter { !$0.ok } == [])
        let total = try await store.report(ReportQuery(period: Self.period), for: .console).total
        #expect(total.logs == whole.logs && total.activity?.active == whole.activity?.active)
        #expect(try await fingerprint(store) == calls, "no change of people touches a call")

        // Teams of one day, and as known then, divide the same calls otherwise and lose none.
        for teams in [
            Teams.asOf(Self.start.adding(100)), .known(Self.start.adding(200)), .known(Day(number: 25_000)),
        ] {
            var query = ReportQuery(period: Self.period, by: [.manager, .leader])
            query.teams = teams
            let sum = try await store.report(query, for: .console).total
            #expect(sum.logs == whole.logs, "\(teams)")
        }
        var known = ReportQuery(period: Self.period, by: [.manager, .leader, .agent])
        let now = try await store.report(known, for: .console)
        known.teams = .known(Day(number: 25_000))
        #expect(try await store.report(known, for: .console).rows == now.rows)
    }

    private func fingerprint(_ store: OfficeStore) async throws -> [Int64] {
        try await store.read { db in
            try Row.fetchOne(db, sql: "SELECT count(*), sum(fingerprint % 1000003), sum(name) FROM call")
                .map { [$0[0], $0[1], $0[2]] } ?? []
        }
    }

    private func storedSpans(_ store: OfficeStore) async throws -> [String] {
        try await store.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT person || '|' || fromDay || '|' || untilDay || '|' || designation || '|' || status
                      || '|' || coalesce(leader, '-') || '|' || coalesce(manager, '-') FROM placementSpan
                    """
            ).sorted()
        }
    }
}
