import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Offices that exchange snapshots come to one truth.
@Suite struct ExchangeTests {
    private func filled() async throws -> OfficeNetwork {
        let network = try await OfficeNetwork()
        var random = RandomFile(seed: 4)
        try network[0].take(RandomFile.text(random.rows(80, ids: 1...120)), file: "a.csv")
        network.pass(minutes: 1)
        try network[1].take(RandomFile.text(random.rows(80, ids: 300...420)), file: "b.csv")
        network.pass(minutes: 1)
        return network
    }

    @Test func `two offices that send each other all they have are the same`() async throws {
        let network = try await filled()
        let outcome = try network.send(0, to: 1)
        #expect(outcome.uploads.count == 1)
        #expect(outcome.conflicts == [])
        #expect(outcome.callsAfter ?? 0 > outcome.callsBefore)
        try network.send(1, to: 0)
        let hashes = try await network.hashes()
        #expect(Set(hashes).count == 1)
        for office in network.offices {
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
            let (hash, figures) = (try await office.store.stateHash(), try await office.figures())
            try office.rebuild()
            #expect(try await office.store.stateHash() == hash)
            #expect(try await office.figures() == figures)
            #expect(try await office.faults() == [])
        }
    }

    @Test func `the same snapshot again changes nothing, and asks for no answer`() async throws {
        let network = try await filled()
        let path = try network.export(0)
        try network.take(path, at: 1)
        let hash = try await network[1].store.stateHash()
        let entries = try await network[1].sql("SELECT count(*) FROM journal WHERE stream = 'shared'")
        #expect(try network.take(path, at: 1).entries == 0)
        #expect(try await network[1].store.stateHash() == hash)
        #expect(try await network[1].sql("SELECT count(*) FROM journal WHERE stream = 'shared'") == entries)
        // What comes back is nothing but the news of the merge.
        #expect(try network.send(1, to: 0).event != nil)
        #expect(try network.send(0, to: 1).event == nil)
        #expect(try network.send(1, to: 0).event == nil)
    }

    @Test func `a rehearsal says what the merge does, and leaves nothing`() async throws {
        let network = try await filled()
        let received = try network.receive(try network.export(0), at: 1)
        let hash = try await network[1].store.stateHash()
        let rehearsed = try received.rehearse()
        #expect(try await network[1].store.stateHash() == hash)
        let merged = try received.merge(by: .console)
        #expect(rehearsed.callsAfter == merged.callsAfter)
        #expect(rehearsed.uploads == merged.uploads)
        #expect(try await network[1].faults() == [])
        #expect(try await network[1].leftovers() == [])
    }

    @Test func `a snapshot whose place another one took is not taken in as that other one`() async throws {
        let network = try await OfficeNetwork(["North", "South", "East"])
        let first = try network.receive(try network.export(0), at: 1)
        let second = try network.receive(try network.export(2), at: 1)
        #expect(!first.isWaiting && second.isWaiting)
        let before = try await network[1].store.stateHash()
        #expect(throws: UserError.self) { try first.preview() }
        #expect(throws: UserError.self) { try first.merge(by: .console) }
        #expect(try await network[1].store.stateHash() == before)
        // Discarding the one that is gone leaves the other alone.
        try first.discard()
        #expect(try second.merge(by: .console).entries > 0)
    }

    @Test func `a stranger's snapshot is refused, and so is one after the pairing was ended`() async throws {
        let network = try await OfficeNetwork(pairs: false)
        let path = try network.export(0)
        #expect(throws: UserError.self) { try network.take(path, at: 1) }
        try await network.pair(1, with: 0)
        try network.take(path, at: 1)
        let office = try await network[0].store.officeState()?.office.id
        try await network[1].store.unpair(
            try #require(office), reason: "sold", for: .console, by: .console)
        #expect(throws: UserError.self) { try network.take(path, at: 1) }
    }

    @Test func `one name given by two offices is a conflict that a person decides, and can take back`()
        async throws
    {
        let network = try await filled()
        try network.send(0, to: 1)
        let person = try #require(try await network[0].store.persons().first)
        network.pass(minutes: 1)
        try await network[0].store.renamePerson(person.id, to: "Zoe North", for: .console, by: .console)
        network.pass(minutes: 1)
        try await network[1].store.renamePerson(person.id, to: "Zoe South", for: .console, by: .console)
        let outcome = try network.send(0, to: 1)
        #expect(outcome.conflicts.count == 1)
        try network.send(1, to: 0)
        #expect(Set(try await network.hashes()).count == 1)
        func name(_ office: Int) async throws -> String? {
            try await network[office].store.persons(for: .console.everywhere).first { $0.id == person.id }?
                .name
        }
        #expect(try await name(0) == "Zoe South")
        let conflict = try #require(try await network[0].store.conflicts(for: .console).first)
        #expect(conflict.canTakeOther)
        try await network[0].store.decideConflict(
            conflict.conflict.id, .other, comment: "as she writes it", for: .console, by: .console)
        #expect(try await name(0) == "Zoe North")
        try network.send(0, to: 1)
        #expect(try await name(1) == "Zoe North")
        #expect(try await network[1].store.openConflictCount(for: .console) == 0)
        try await network[1].store.decideConflict(
            conflict.conflict.id, .keep, comment: "", for: .console, by: .console)
        #expect(try await name(1) == "Zoe South")
        try network.send(1, to: 0)
        #expect(Set(try await network.hashes()).count == 1)
        for office in network.offices {
            let hash = try await office.store.stateHash()
            try office.rebuild()
            #expect(try await office.store.stateHash() == hash)
        }
    }
}
