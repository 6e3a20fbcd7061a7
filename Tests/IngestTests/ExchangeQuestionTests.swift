import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Where nobody looks, an exchange stops rather than do what somebody might not want.
@Suite struct ExchangeQuestionTests {
    private func intake(_ network: OfficeNetwork, _ path: String, at office: Int) throws -> ExchangeIntake {
        try ExchangeIntake(of: path, fileName: "a.rollcall", in: network[office].store, by: .console)
    }

    private func asked(_ intake: ExchangeIntake) -> [ExchangeQuestion.Kind] {
        if case .asks(let questions) = intake { questions.map(\.kind) } else { [] }
    }

    private func allowAll(_ network: OfficeNetwork, _ office: Int) async throws {
        let store = network[office].store
        for open in try await store.exchangeQuestions(for: .console) where open.allowed == nil {
            try await store.allowExchange(open.question.key, for: .console, by: .console)
        }
    }

    @Test func `a clock far ahead is asked about each time`() async throws {
        let network = try await OfficeNetwork()
        network.clocks[0].pass(minutes: 30 * 60)
        try await network[0].store.rename("One")
        let path = try network.export(0)
        let before = try await network[1].store.stateHash()
        #expect(asked(try intake(network, path, at: 1)) == [.clock])
        #expect(try await network[1].store.stateHash() == before)
        #expect(try await network[1].store.exchangeQuestionCount(for: .console) == 1)
        // The same again is the same question.
        #expect(asked(try intake(network, path, at: 1)) == [.clock])
        #expect(try await network[1].store.exchangeQuestions(for: .console).count == 1)
        try await allowAll(network, 1)
        #expect(asked(try intake(network, path, at: 1)) == [])
        try network.send(1, to: 0)
        #expect(try await network[1].store.stateHash() == network[0].store.stateHash())
        #expect(try await network[1].store.exchangeQuestionCount(for: .console) == 0)
        network.clocks[0].pass(minutes: 60 * 60)
        try await network[0].store.rename("Two")
        #expect(asked(try intake(network, try network.export(0), at: 1)) == [.clock])
    }

    @Test func `entries of an office that is not paired are asked about, and left out once that is allowed`()
        async throws
    {
        let network = try await OfficeNetwork(["North", "South", "West"], pairs: false)
        for (a, b) in [(0, 1), (1, 0), (1, 2), (2, 1)] { try await network.pair(a, with: b) }
        try await network[2].store.rename("West End")
        try network.send(2, to: 1)
        #expect(asked(try intake(network, try network.export(1), at: 0)) == [.unpaired])
        try await allowAll(network, 0)
        #expect(asked(try intake(network, try network.export(1), at: 0)) == [])
        // Once is enough: nothing about it has changed.
        try await network[2].store.rename("West Gate")
        try network.send(2, to: 1)
        #expect(asked(try intake(network, try network.export(1), at: 0)) == [])
        try await network.pair(0, with: 2)
        #expect(asked(try intake(network, try network.export(1), at: 0)) == [])
        #expect(try await network[0].store.exchangeQuestions(for: .console).isEmpty)
        try network.send(0, to: 1)
        #expect(try await network[0].store.stateHash() == network[1].store.stateHash())
    }

    @Test func `two boxes that write as one office stop the exchange`() async throws {
        let network = try await OfficeNetwork()
        try network.send(0, to: 1)
        // A folder that has noticed no place goes on in a copy as if it were the same one.
        try network[0].damage("UPDATE folder SET place = NULL")
        try network[0].store.close()
        let copy = network.place + "/copy"
        try FileManager.default.copyItem(atPath: network[0].folder.path, toPath: copy)
        try network[0].reopen()
        try await network[0].store.rename("Here")
        try network.send(0, to: 1)
        let twin = try ImportOffice(opening: copy)
        try await twin.store.rename("There")
        let path = network.place + "/twin.rollcall"
        try exportSnapshot(SnapshotOrder(), to: path, from: twin.store, by: .console)
        let kinds = asked(try intake(network, path, at: 1))
        #expect(kinds.contains(.fork), "\(kinds)")
        #expect(try await network[1].store.peers(for: .console).contains { $0.isForked })
    }

    @Test
    func `two versions of a chain are shown side by side, and the office goes on with the one it holds`()
        async throws
    {
        let network = try await OfficeNetwork()
        try network.send(0, to: 1)
        try network[0].damage("UPDATE folder SET place = NULL")
        try network[0].store.close()
        let copy = network.place + "/copy"
        try FileManager.default.copyItem(atPath: network[0].folder.path, toPath: copy)
        try network[0].reopen()
        network.pass(minutes: 10)
        try await network[0].store.rename("Here")
        let since = network.clocks[0].time
        network.pass(minutes: 1)
        let twin = try ImportOffice(opening: copy, seed: 70, clock: network.clocks[0].clock, place: nil)
        try await twin.store.rename("There")
        try await twin.store.rename("There Too")
        try network.send(0, to: 1)
        let path = network.newPath()
        try exportSnapshot(SnapshotOrder(), to: path, from: twin.store, by: .console)
        #expect(asked(try intake(network, path, at: 1)).contains(.fork))

        let south = network[1].store
        let fork = try #require(try await south.forks(for: .console).first)
        #expect(fork.name == "Here" && !fork.isOwn && !fork.isSettled)
        #expect(fork.since == since && fork.hereCount >= 1 && fork.here.first?.event.seq == fork.seq)
        #expect(fork.otherCount == 2 && fork.other.map(\.event.seq) == [fork.seq, fork.seq + 1])
        // Nothing more of the real box is taken until somebody decides.
        try await network[0].store.rename("Here Still")
        #expect(try network.send(0, to: 1).notTaken.map(\.reason) == [.fork])
        #expect(
            try await south.forks(for: .console).first?.otherCount == 2,
            "what goes on here is not the other's")
        await #expect(throws: UserError.self) {
            try await south.decideFork(fork.chain, isSettled: false, for: .console, by: .console)
        }

        try await south.decideFork(fork.chain, isSettled: true, for: .console, by: .console)
        #expect(try await south.peers(for: .console).allSatisfy { !$0.isForked })
        let merged = try network.send(0, to: 1)
        #expect(merged.notTaken == [] && merged.entries > 0)
        // The other box's stay out, and no longer stop anything.
        let before = try await south.stateHash()
        #expect(asked(try intake(network, path, at: 1)) == [])
        #expect(try await south.stateHash() == before)
        try network.send(1, to: 0)
        #expect(try await south.stateHash() == network[0].store.stateHash())
        #expect(try await network[1].faults() == [])
        try network[1].rebuild()
        #expect(try await south.forks(for: .console).map(\.isSettled) == [true])
        #expect(try await network[1].sql("SELECT count(*) FROM journal WHERE kind = 'forkDecided'") == ["1"])

        try await south.decideFork(fork.chain, isSettled: false, for: .console, by: .console)
        try await network[0].store.rename("Here Again")
        #expect(try network.send(0, to: 1).notTaken.map(\.reason) == [.fork])
    }

    @Test func `a box that meets its own chain in another version goes on with a new one`() async throws {
        let network = try await OfficeNetwork()
        try network.send(0, to: 1)
        try network[0].damage("UPDATE folder SET place = NULL")
        try network[0].store.close()
        let copy = network.place + "/copy"
        try FileManager.default.copyItem(atPath: network[0].folder.path, toPath: copy)
        try network[0].reopen()
        network.pass(minutes: 1)
        try await network[0].store.rename("Here")
        let twin = try ImportOffice(opening: copy, seed: 70, clock: network.clocks[0].clock, place: nil)
        try await twin.store.rename("There")
        let path = network.newPath()
        try exportSnapshot(SnapshotOrder(), to: path, from: twin.store, by: .console)
        try network.take(path, at: 1)
        try network.send(1, to: 0)
        let north = network[0].store
        let fork = try #require(try await north.forks(for: .console).first)
        #expect(fork.isOwn && fork.otherCount == 1)
        #expect(
            try await network[0].sql(
                "SELECT count(*) FROM journal WHERE kind = 'incarnationBegun' AND payload LIKE '%forked%'")
                == ["1"])
        // What it writes from then on is taken.
        try await north.rename("Here Anew")
        let merged = try network.send(0, to: 1)
        #expect(merged.entries > 0)
        #expect(try await network[1].store.peers(for: .console).map(\.name) == ["Here Anew"])
    }

    @Test func `a snapshot that is looked at is not mixed with the next one that comes`() async throws {
        let network = try await OfficeNetwork(["North", "South", "West"])
        try await network[0].store.rename("North End")
        try await network[2].store.rename("West End")
        let looked = try network.receive(try network.export(0), at: 1)
        let next = try network.receive(try network.export(2), at: 1)
        let error = #expect(throws: UserError.self) { try looked.merge(by: .console) }
        #expect(error?.code == .stale)
        #expect(throws: UserError.self) { try looked.preview() }
        #expect(try next.merge(by: .console).event != nil)
        let names = try await network[1].store.peers(for: .console).map(\.name)
        #expect(names == ["North", "West End"])
    }
}

extension OfficeStore {
    /// Something that travels.
    fileprivate func rename(_ name: String) async throws {
        guard var rules = try await officeState()?.office.rules else { return }
        rules.name = name
        let changed = rules
        try await onOwnThread { try self.changeOffice(changed, by: .console) { _, _ in } }
    }
}
