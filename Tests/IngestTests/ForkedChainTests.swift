import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Chains that two boxes wrote: nobody goes on in the wrong one, and once it is settled everybody goes on.
@Suite struct ForkedChainTests {
    /// Two boxes wrote as North: South holds the twin's entry, and North wrote two others.
    private func forked(_ names: [String] = ["North", "South"]) async throws -> (
        network: OfficeNetwork, twin: ImportOffice
    ) {
        let network = try await OfficeNetwork(names)
        try network[0].take(CallFileText.usual.text)
        let twin = try network.copy(of: 0, seed: 92)
        network.pass(minutes: 1)
        try await rename(twin, to: "Zoe Twin")
        for name in ["Zoe One", "Zoe Two"] { try await rename(network[0], to: name) }
        try network.take(export(twin, network), at: 1)
        return (network, twin)
    }

    /// Both offices learn of the fork, and North goes on with a chain of its own.
    private func alarm(_ network: OfficeNetwork) throws {
        #expect(try network.send(0, to: 1).notTaken.map(\.reason) == [.fork])
        #expect(try network.send(1, to: 0).notTaken.map(\.reason).contains(.fork))
    }

    /// The other box hears of the fork, too.
    private func alarm(at twin: ImportOffice, of network: OfficeNetwork) throws {
        let received = try ReceivedSnapshot(path: network.export(0), fileName: "s", in: twin.store)
        #expect(try received.merge(by: .console).notTaken.map(\.reason).contains(.fork))
    }

    @Test func `behind an office that holds one side of a fork, what the other goes on with is taken`()
        async throws
    {
        let network = try await forked(["North", "South", "West"]).network
        try alarm(network)
        try await rename(network[0], to: "Zoe New")
        try network.send(0, to: 1)
        let held = try await entries(network[1], of: network[0])
        #expect(Set(held.map { $0.split(separator: "|")[1] }).count == 2, "\(held)")
        // West exchanges with South alone, and has never heard of a fork.
        try network.send(1, to: 2)
        #expect(try await entries(network[2], of: network[0]) == held)
        try network.send(2, to: 1)
        #expect(try await network[2].store.stateHash() == network[1].store.stateHash())
    }

    @Test(arguments: [0, 3])
    func `once it is settled which box goes on, its file takes the place of the other's`(more: Int)
        async throws
    {
        let (network, twin) = try await forked()
        let path = network.place + "/shared"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        func run(_ office: ImportOffice) throws {
            _ = try ExchangeFolder(path, of: office.store, by: .console).run()
        }
        for number in 0..<more { try await rename(twin, to: "Zoe Twin \(number)") }
        try run(twin)
        try alarm(network)
        let error = #expect(throws: UserError.self) { try run(network[0]) }
        #expect(error?.message.contains("Another box writes as this office") == true)
        let vector = try network[0].store.exchangeVector()
        try await network[0].store.decideFork(
            Chain(office: vector.office, incarnation: 1), isSettled: true, for: .console, by: .console)
        try run(network[0])
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: path).first)
        let heads = try SnapshotReader(path: "\(path)/\(name)").manifest.heads.map(\.head)
        #expect(heads.contains { $0.office == vector.office && $0.incarnation == vector.incarnation })
        // Where the other box goes on all the same, they do not write over each other for ever.
        network.pass(minutes: 1)
        try alarm(at: twin, of: network)
        try await twin.store.decideFork(
            Chain(office: vector.office, incarnation: 1), isSettled: true, for: .console, by: .console)
        try run(twin)
        let still = #expect(throws: UserError.self) { try run(network[0]) }
        #expect(still?.message.contains("Another box writes as this office") == true)
    }

    @Test func `an older state in the same place begins a new chain also where it hears its number alone`()
        async throws
    {
        let network = try await OfficeNetwork()
        let old = try network.copy(of: 0, seed: 93)
        try network[0].take(CallFileText.usual.text)
        try network.send(0, to: 1)
        let before = try old.store.exchangeVector()
        let all = try network[1].store.exchangeVector().held
        let heard = try ReceivedSnapshot(
            path: network.export(1, since: all), fileName: "heads", in: old.store
        ).merge(by: .console)
        #expect(heard.entries == 0)
        #expect(try old.store.exchangeVector().incarnation != before.incarnation)
        try await add("Zoe", to: old)
        try network.send(1, to: 0)
        let outcome = try network.take(export(old, network), at: 1)
        #expect(outcome.notTaken == [] && outcome.entries > 0, "\(outcome.notTaken)")
    }

    @Test func `to a reader of another entry the chain goes whole, and he raises the alarm`() async throws {
        let network = try await forked().network
        let north = try network[0].store.exchangeVector().office
        let held = try network[1].store.exchangeVector().held
        let path = try network.export(0, since: held)
        let manifest = try SnapshotReader(path: path).manifest
        #expect(manifest.heads.contains { $0.head.office == north })
        #expect(!manifest.since.contains { $0.office == north })
        #expect(manifest.fileEntries.isEmpty, "nobody takes what belongs to it")
        let before = try await entries(network[1])
        #expect(try network.take(path, at: 1).notTaken.map(\.reason) == [.fork])
        #expect(try await network[1].sql("SELECT office FROM fork") == ["\(north)"])
        #expect(try await entries(network[1]) == before)
    }
}
