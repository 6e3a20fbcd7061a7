import Domain
import Foundation
import GRDB
import Ingest
import Storage
import TestSupport
import Testing

@Suite struct AgentAliasStorageTests {
    private static let from = Day(iso: "2026-11-02") ?? Day(number: 0)
    private static let period = Period(from: from, to: from.adding(20))

    /// Calls under three names on the first ten days: so many a day each.
    private static let perDay = [("Ben Ashby", 5), ("Ben Asby", 3), ("Carla Mendes", 2)]

    private static var calls: [SampleCall] {
        var id = 0
        return (0..<10).flatMap { offset in
            perDay.flatMap { name, count in
                (0..<count).map { index in
                    id += 1
                    return SampleCall(
                        id: id, agent: name,
                        time: LocalTime(from.adding(offset), secondOfDay: 32_400 + index * 300),
                        state: index == 0 ? "Sale" : "No Answer")
                }
            }
        }
    }

    /// An office with the calls, and what a test needs of it.
    private struct Office {
        let sample: SampleOffice
        let all: Figures
        let calls: [String]

        var store: OfficeStore { sample.store }

        init(_ sample: SampleOffice) async throws {
            self.sample = sample
            all = try await sample.store.report(
                ReportQuery(period: AgentAliasStorageTests.period), for: sample.admin
            ).total
            calls = try await Self.callTable(sample.store)
        }

        /// Every column of every call, and the digest of the rows.
        static func callTable(_ store: OfficeStore) async throws -> [String] {
            try await store.read { db in
                // A fingerprint is any 64 bits: half of each, or the sum would not fit.
                let sum = try String.fetchOne(
                    db, sql: "SELECT sum(fingerprint >> 32) || ' ' || count(*) FROM call")
                return [sum ?? ""]
                    + (try Row.fetchAll(db, sql: "SELECT * FROM call ORDER BY number").map(\.description))
            }
        }

        func person(_ name: String) async throws -> ID<Person> {
            try #require(try await sample.person(named: name))
        }

        func alias(_ name: String) async throws -> AgentAlias {
            try #require(try await store.names(for: sample.admin).first { $0.name == name })
        }

        func link(_ name: String, to person: ID<Person>, from day: Day? = nil) async throws {
            let alias = try await alias(name)
            try await store.linkName(
                office: alias.office, folded: alias.folded, to: person, from: day, for: sample.admin,
                by: sample.adminActor)
        }

        func unlink(_ name: String, from day: Day) async throws {
            let alias = try await alias(name)
            try await store.unlinkName(
                office: alias.office, folded: alias.folded, from: day, for: sample.admin,
                by: sample.adminActor)
        }

        func logs(by: [By] = [.agent], in period: Period = AgentAliasStorageTests.period) async throws
            -> [String: Int]
        {
            let report = try await store.report(ReportQuery(period: period, by: by), for: sample.admin)
            return Dictionary(
                report.rows.map { ($0.slices.map(\.title).joined(separator: " "), $0.figures.logs) }
            ) { $0 + $1 }
        }

        /// The logs by agent; besides: the sum stands, no call was touched, and a rebuild gives the same.
        func expect(_ logs: [String: Int], _ location: SourceLocation = #_sourceLocation) async throws {
            #expect(try await self.logs() == logs, sourceLocation: location)
            var (total, all) = (
                try await store.report(
                    ReportQuery(period: AgentAliasStorageTests.period), for: sample.admin
                ).total, all
            )
            // Somebody is present with so many logs on a day: that is about persons, not about calls.
            total.activity?.presentDays = nil
            all.activity?.presentDays = nil
            #expect(total == all, sourceLocation: location)
            let now = try await Self.callTable(store)
            #expect(now == calls, "a call row changed", sourceLocation: location)
            let failed = try await sample.faults()
            #expect(failed.isEmpty, "\(failed)", sourceLocation: location)
        }
    }

    private func filled() async throws -> Office {
        let sample = try await SampleOffice(seed: 21)
        try sample.take(Self.calls)
        return try await Office(sample)
    }

    private static let before = ["Ben Ashby": 50, "Ben Asby": 30, "Carla Mendes": 20]

    @Test func `a name linked on all days takes its figures along, and undo brings them back`() async throws {
        let office = try await filled()
        try await office.expect(Self.before)
        try await office.link("Ben Asby", to: try await office.person("Ben Ashby"))
        try await office.expect(["Ben Ashby": 80, "Carla Mendes": 20])
        // The person made for the name alone is gone with it.
        #expect(try await office.store.persons().map(\.name) == ["Ben Ashby", "Carla Mendes"])
        let change = try #require(try await office.store.nameChanges(for: office.sample.admin).first)
        #expect(change.canBeUndone)
        try await office.store.undoNameChange(
            change.seq, for: office.sample.admin, by: office.sample.adminActor)
        try await office.expect(Self.before)
        let changes = try await office.store.nameChanges(for: office.sample.admin)
        #expect(changes.map(\.canBeUndone) == [true, false])
        #expect(try await office.store.persons().count == 3)
    }

    @Test func `one name is two persons' at different dates, and figures divide on the day`() async throws {
        let office = try await filled()
        let day = Self.from.adding(4)
        let alias = try await office.alias("Ben Asby")
        let stone = try await office.store.linkName(
            office: alias.office, folded: alias.folded, toNew: "Ben Stone", from: day,
            for: office.sample.admin, by: office.sample.adminActor)
        try await office.expect(["Ben Ashby": 50, "Ben Asby": 12, "Ben Stone": 18, "Carla Mendes": 20])
        let byDay = try await office.logs(by: [.agent, .day])
        #expect(byDay["Ben Asby \(day.adding(-1).iso)"] == 3)
        #expect(byDay["Ben Asby \(day.iso)"] == nil)
        #expect(byDay["Ben Stone \(day.iso)"] == 3)
        let detail = try await office.store.name(
            office: alias.office, folded: alias.folded, for: office.sample.admin)
        #expect(detail.shares.map(\.person) == ["Ben Asby", "Ben Stone"])
        #expect(detail.shares.map(\.logs) == [12, 18])
        // A third from a later day, and the second taken back: the first has his days too.
        try await office.link(
            "Ben Asby", to: try await office.person("Carla Mendes"), from: Self.from.adding(8))
        try await office.expect(["Ben Ashby": 50, "Ben Asby": 12, "Ben Stone": 12, "Carla Mendes": 26])
        try await office.unlink("Ben Asby", from: day)
        try await office.expect(["Ben Ashby": 50, "Ben Asby": 24, "Carla Mendes": 26])
        #expect(try await office.store.persons().contains { $0.id == stone.id }, "people are never deleted")
        await #expect(throws: UserError.self) { try await office.unlink("Ben Asby", from: day) }
    }

    @Test func `persons who were placed are merged with all their names, and set apart again`() async throws {
        let office = try await filled()
        let (store, admin, actor) = (office.store, office.sample.admin, office.sample.adminActor)
        let (ashby, asby) = (try await office.person("Ben Ashby"), try await office.person("Ben Asby"))
        try await office.link("Carla Mendes", to: asby, from: Self.from.adding(5))
        try await office.expect(["Ben Ashby": 50, "Ben Asby": 40, "Carla Mendes": 10])
        try await store.mergePersons(asby, into: ashby, for: admin, by: actor)
        try await office.expect(["Ben Ashby": 90, "Carla Mendes": 10])
        let merge = try #require(try await store.nameChanges(for: admin).first)
        try await store.undoNameChange(merge.seq, for: admin, by: actor)
        try await office.expect(["Ben Ashby": 50, "Ben Asby": 40, "Carla Mendes": 10])
        // Somebody without any name: nothing but who is whom tells whether the merge still stands.
        let nameless = try await store.addPerson(
            name: "Ben Ashbey", placement: { Placement(person: $0, from: Self.from) }, by: actor)
        try await store.mergePersons(nameless.id, into: ashby, for: admin, by: actor)
        let bare = try #require(try await store.nameChanges(for: admin).first)
        #expect(bare.change.changes.isEmpty && bare.canBeUndone)
        try await store.undoNameChange(bare.seq, for: admin, by: actor)
        #expect(try await store.nameChanges(for: admin).first { $0.seq == bare.seq }?.canBeUndone == false)
        // It can be redone by undoing the undoing, but not be undone twice.
        await #expect(throws: UserError.self) {
            try await store.undoNameChange(merge.seq, for: admin, by: actor)
        }
    }

    @Test func `a rebuild gives the same hash and the same figures`() async throws {
        let rebuilt = try await ImportOffice()
        try rebuilt.take(
            ([SampleCall.header] + Self.calls.map(\.text)).joined(separator: "\n") + "\n")
        let (store, viewer) = (rebuilt.store, Viewer.console)
        func alias(_ name: String) async throws -> AgentAlias {
            try #require(try await store.names(for: viewer).first { $0.name == name })
        }
        func person(_ name: String) async throws -> ID<Person> {
            try #require(try await store.persons().first { $0.name == name }?.id)
        }
        let carla = try await alias("Carla Mendes")
        try await store.linkName(
            office: carla.office, folded: carla.folded, to: try await person("Ben Ashby"),
            from: Self.from.adding(3), for: viewer, by: .console)
        try await store.mergePersons(
            try await person("Ben Asby"), into: try await person("Ben Ashby"), for: viewer, by: .console)
        let (figures, hash) = (try await rebuilt.figures(), try await store.stateHash())
        try rebuilt.rebuild()
        #expect(try await rebuilt.figures() == figures)
        #expect(try await store.stateHash() == hash)
        let report = try await store.report(
            ReportQuery(period: Self.period, by: [.agent]), for: viewer)
        #expect(
            Dictionary(uniqueKeysWithValues: report.rows.map { ($0.slices[0].title, $0.figures.logs) })
                == ["Ben Ashby": 94, "Carla Mendes": 6])
    }

    @Test func `names wait until somebody links, divides or places them`() async throws {
        let office = try await filled()
        let (store, admin) = (office.store, office.sample.admin)
        func waiting() async throws -> [String] {
            let names = try await store.unmatchedNames(for: admin)
            #expect(try await store.unmatchedNameCount(for: admin) == names.count)
            return names.map(\.alias.name)
        }
        let first = try await store.unmatchedNames(for: admin)
        #expect(first.map(\.alias.name) == ["Ben Ashby", "Ben Asby", "Carla Mendes"])
        #expect(first.map(\.logs) == [50, 30, 20])
        #expect(first.map(\.firstDay) == [Self.from, Self.from, Self.from])
        // Linked: its person is the other, who still waits, with both names.
        try await office.link("Ben Asby", to: try await office.person("Ben Ashby"))
        let linked = try await store.unmatchedNames(for: admin)
        #expect(linked.map(\.alias.name) == ["Ben Ashby", "Carla Mendes"])
        #expect(linked.first?.also == ["Ben Asby"])
        #expect(linked.first?.logs == 80)
        // Placed.
        let ben = try await office.person("Ben Ashby")
        try await store.place(
            [Placement(person: ben, from: Self.from, group: "North")], reason: "",
            by: office.sample.adminActor)
        #expect(try await waiting() == ["Carla Mendes"])
        // Divided by days.
        try await office.link("Carla Mendes", to: ben, from: Self.from.adding(7))
        #expect(try await waiting() == [])
    }

    @Test func `persons held apart are not suggested again`() async throws {
        let office = try await filled()
        let (store, admin, actor) = (office.store, office.sample.admin, office.sample.adminActor)
        let suggested = try await store.nameSuggestions(for: admin)
        #expect(suggested.map { [$0.first.name, $0.second.name].sorted() } == [["Ben Asby", "Ben Ashby"]])
        let pair = try #require(suggested.first)
        try await store.holdApart(pair.second.person, pair.first.person, for: admin, by: actor)
        #expect(try await store.nameSuggestions(for: admin).isEmpty)
        // Nor is somebody who is merged already.
        let other = try await filled()
        try await other.link("Ben Asby", to: try await other.person("Ben Ashby"))
        #expect(try await other.store.nameSuggestions(for: other.sample.admin).isEmpty)
        try await office.expect(Self.before)
    }

    @Test(arguments: [Role.teamManager, .teamLeader, .agent])
    func `names are nothing for who may not match them`(role: Role) async throws {
        let office = try await filled()
        let (store, actor) = (office.store, office.sample.adminActor)
        let ben = try await office.person("Ben Ashby")
        let carla = try await office.person("Carla Mendes")
        let viewer = office.sample.viewer(role, ben)
        let alias = try await office.alias("Ben Asby")
        let (hash, state) = (try await store.stateHash(), office.calls)
        let attempts: [@Sendable () async throws -> Void] = [
            { _ = try await store.unmatchedNames(for: viewer) },
            { _ = try await store.unmatchedNameCount(for: viewer) },
            { _ = try await store.nameBook(for: viewer) },
            { _ = try await store.names(for: viewer) },
            { _ = try await store.nameSuggestions(for: viewer) },
            { _ = try await store.nameChanges(for: viewer) },
            { _ = try await store.name(office: alias.office, folded: alias.folded, for: viewer) },
            {
                try await store.linkName(
                    office: alias.office, folded: alias.folded, to: ben, from: nil, for: viewer, by: actor)
            },
            {
                try await store.linkName(
                    office: alias.office, folded: alias.folded, toNew: "New", from: Self.from, for: viewer,
                    by: actor)
            },
            {
                try await store.unlinkName(
                    office: alias.office, folded: alias.folded, from: Self.from, for: viewer, by: actor)
            },
            { try await store.mergePersons(ben, into: carla, for: viewer, by: actor) },
            { try await store.holdApart(ben, carla, for: viewer, by: actor) },
            { try await store.undoNameChange(1, for: viewer, by: actor) },
        ]
        for (index, attempt) in attempts.enumerated() {
            await #expect(throws: UserError.notHere, "attempt \(index)") { try await attempt() }
        }
        #expect(try await store.stateHash() == hash)
        #expect(try await Office.callTable(store) == state)
    }

    @Test func `calls under the name of somebody who was added before his first file are his`() async throws {
        let sample = try await SampleOffice()
        let store = sample.store
        func add(_ name: String) async throws -> ID<Person> {
            try await store.addPerson(
                name: name, folded: "carlamendes",
                placement: { Placement(person: $0, from: Self.from.adding(2)) }, by: sample.adminActor
            ).id
        }
        let carla = try await add("Carla Mendes")
        // The name is taken: another one of the same name gets none.
        _ = try await add("Carla Mendes")
        try sample.take(Self.calls)
        let agents = try await store.agents(in: Self.period, for: sample.admin)
        #expect(agents.filter { $0.person.id == carla }.map(\.figures.logs) == [20])
        #expect(agents.filter { $0.figures.logs > 0 }.count == 3)
        #expect(try await store.unmatchedNames(for: sample.admin).count == 2)
        let hash = try await store.stateHash()
        try store.rebuildFromArchives()
        #expect(try await store.stateHash() == hash)
    }
}
