import Crypto
import Domain
import Foundation
import Ingest
import Logging
import NIOHTTP1
import Storage
import TestSupport
import Testing

@testable import Web

/// Two offices over TLS, on good lines and on bad ones.
@Suite(.serialized) struct ExchangeCallTests {
    @Test func `one exchange brings both to one state, and the next has nothing to do`() async throws {
        let offices = try await ExchangeOffices.filled()
        let done = try await offices.exchange()
        #expect(done.run.error == nil && done.run.taken == 1 && done.run.sent == 1, "\(done.lines)")
        #expect(done.run.bytesIn > 0 && done.run.bytesOut > 0)
        #expect(try await offices.areOne())
        offices.network.pass(minutes: 5)
        // The other office's word that it took them in, which asks for no answer.
        #expect(try await offices.exchange().run.entries == 1)
        let again = try await offices.exchange()
        #expect(again.run.error == nil && again.run.taken == 0 && again.run.sent == 0, "\(again.lines)")
        // What passed is called by words, not by the name of a file that is gone.
        for (office, other) in [(0, "South"), (1, "North")] {
            let names = try await offices.network[office].sql(
                "SELECT DISTINCT payload ->> '$.name' FROM journal WHERE kind = 'snapshotExported'")
            #expect(names == ["Snapshot for \(other)"])
        }
        // Each knows what the other holds, and how its clock goes.
        let peer = try #require(try await offices.north.peers(for: .console).first)
        #expect(peer.gaps == 0 && peer.state.clockSkew == 0 && peer.state.heard != nil)
        // Whatever it said while its clock ran ahead, what it says now counts.
        let ahead = offices.north.clock.now().adding(seconds: 86_400)
        try offices.north.noteHeard(of: peer.office, made: ahead, heads: [], program: "older")
        _ = try await offices.exchange()
        #expect(try await offices.north.peers(for: .console).first?.state.program == peer.state.program)
        for office in offices.network.offices {
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: offices.north.folder.exchange)
        #expect(left == [])
        // A change travels without what is there already.
        try offices.network[1].take(randomCalls(3, seed: 3, from: 9000), file: "more.csv")
        let delta = try await offices.exchange()
        #expect(delta.run.bytesIn < done.run.bytesIn && delta.run.taken == 1)
        #expect(try await offices.areOne())
    }

    @Test func `a wrong token, a revoked one and one of an unpaired office open nothing`() async throws {
        let offices = try await ExchangeOffices.filled()
        let before = try await offices.south.stateHash()
        func refused() async throws {
            let done = try await offices.exchange()
            #expect(done.run.error?.code == .notSignedIn, "\(String(describing: done.run.error))")
            #expect(try await offices.south.stateHash() == before)
        }
        let good = try #require(try await offices.north.exchangeLinks(for: .console).first)
        try await offices.setAddress(secret: String(repeating: "x", count: 43))
        try await refused()
        try await offices.setAddress(secret: good.secret)
        let north = try await ExchangeOffices.office(of: offices.north)
        try await offices.south.revokeExchangeToken(of: north, for: .console, by: .console)
        try await refused()
        let secret = try await offices.south.makeExchangeToken(of: north, for: .console, by: .console)
        try await offices.setAddress(secret: secret)
        try await offices.south.unpair(north, reason: "sold", for: .console, by: .console)
        try await refused()
        // Paired again it needs a new one.
        try await offices.network.pair(1, with: 0)
        try await refused()
    }

    @Test func `a box with another certificate gets no token`() async throws {
        let offices = try await ExchangeOffices.filled()
        let third = try await OfficeNetwork(["Liar"])
        let (liar, port) = try await ExchangeOffices.serve(third[0].store)
        defer { liar.cancel() }
        try await offices.setAddress(port: port)
        let done = try await offices.exchange()
        #expect(done.run.error?.code == .notAllowed, "\(String(describing: done.run.error))")
        // Nor is it believed when the token is entered.
        let pem = try String(
            contentsOfFile: offices.south.folder.keys + "/rollcall-ca.crt", encoding: .utf8)
        let digest = try #require(authorityDigest(pem))
        let token = ExchangeToken(secret: String(repeating: "x", count: 43), trust: .authority(digest))
        func authority(at port: Int) async throws -> String? {
            try await ExchangeClient.authority(
                of: token, at: ExchangeAddress("127.0.0.1:\(port)"), name: "South")
        }
        #expect(try await authority(at: offices.port) == pem)
        let error = await #expect(throws: UserError.self) { try await authority(at: port) }
        #expect(error?.code == .notAllowed)
    }

    @Test func `another office at the address is noticed`() async throws {
        let offices = try await ExchangeOffices(["North", "South", "West"])
        let (west, port) = try await ExchangeOffices.serve(offices.network[2].store)
        defer { west.cancel() }
        let store = offices.network[2].store
        let secret = try await store.makeExchangeToken(
            of: try await ExchangeOffices.office(of: offices.north), for: .console, by: .console)
        let pem = try String(contentsOfFile: store.folder.keys + "/rollcall-ca.crt", encoding: .utf8)
        try await offices.setAddress(port: port, secret: secret, authority: pem)
        let done = try await offices.exchange()
        #expect(done.run.error?.code == .notAllowed)
        #expect(done.run.error?.message.contains("West") == true)
    }

    @Test(.timeLimit(.minutes(20))) func `an office that is down, or silent, is tried again later and later`()
        async throws
    {
        let offices = try await ExchangeOffices.filled()
        try await offices.setAddress(port: try freePort())
        var pauses: [Int64] = []
        for _ in 0..<4 {
            let run = try await offices.exchange().run
            #expect(run.error?.code == .busy)
            let retry = try #require(run.retry)
            pauses.append((retry.milliseconds - run.ended.milliseconds) / 1000)
            let next = try offices.north.nextExchanges()
            #expect(next[.office(try await ExchangeOffices.office(of: offices.south))] == retry)
        }
        #expect(pauses == pauses.sorted() && pauses[0] >= 60 && pauses[3] >= 380, "\(pauses)")
        // A listener that never answers.
        let silent = try CuttingProxy(to: try freePort(), limits: [])
        let link = try #require(try await offices.north.exchangeLinks(for: .console).first)
        let client = ExchangeClient(
            address: try ExchangeAddress("127.0.0.1:\(silent.port)"), trust: .nobody, name: link.name,
            silence: .milliseconds(300))
        await #expect(throws: UserError.self) { try await client.call(.GET, Paths.exchangeAPI) }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `connections that are cut in the middle go on where they were`(seed: UInt64) async throws {
        let offices = try await ExchangeOffices()
        try offices.network[0].take(randomCalls(12_000, seed: seed), file: "north.csv")
        try offices.network[1].take(randomCalls(12_000, seed: seed + 9, from: 50_000), file: "south.csv")
        var numbers = SeededNumbers(seed)
        // The first calls ask; what is large comes after them.
        let limits = (0..<9).map { _ in Int.random(in: 20_000...150_000, using: &numbers) }
        let proxy = try CuttingProxy(to: offices.port, limits: limits)
        try await offices.setAddress(port: proxy.port)
        var run = try await offices.exchange().run
        var tries = 1
        while run.error != nil, tries < 10 {
            tries += 1
            run = try await offices.exchange().run
        }
        #expect(run.error == nil, "\(String(describing: run.error))")
        #expect(try await offices.areOne())
        #expect(proxy.left == 0, "no connection was cut")
        for office in offices.network.offices {
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
        }
    }

    @Test func `over a line that never holds all of it goes through in the end, and is not begun anew`()
        async throws
    {
        let offices = try await ExchangeOffices()
        try offices.network[0].take(randomCalls(12_000, seed: 3), file: "north.csv")
        // Some of it passes, then nothing does for a while, and so on without end.
        let limits = (0..<100).flatMap { _ in [60_000, 60_000, 60_000, 60_000, 2000, 2000, 2000, 2000] }
        let proxy = try CuttingProxy(to: offices.port, limits: limits)
        try await offices.setAddress(port: proxy.port)
        var run = try await offices.exchange().run
        for _ in 0..<40 where run.error != nil { run = try await offices.exchange().run }
        #expect(run.error == nil, "\(run)")
        #expect(proxy.left > 0, "the line got better")
        #expect(try await offices.areOne())
        let exports = try await offices.network[0].sql(
            "SELECT seq FROM journal WHERE kind = 'snapshotExported'")
        // The file of calls once; what the merges themselves tell may need more.
        #expect(exports.count <= 3, "\(exports)")
        #expect(try await offices.network[0].leftovers() == [])
    }

    @Test(arguments: [0, 1], [false, true])
    func `what an office takes nothing of crosses no line, and what else is new does`(
        refusing: Int, hadSome: Bool
    )
        async throws
    {
        let offices = try await ExchangeOffices(["North", "South", "West"])
        let network = offices.network
        try network[2].take(randomCalls(9, seed: 6, from: 5000), file: "first.csv")
        if hadSome { try network.send(2, to: refusing) }
        try network[2].take(randomCalls(2000, seed: 4, from: 9000), file: "west.csv")
        try network.send(2, to: 1 - refusing)
        let west = try await ExchangeOffices.office(of: network[2].store)
        try await network[refusing].store.unpair(west, reason: "sold", for: .console, by: .console)
        // The words on merges go round once more.
        func settle() async throws -> Int64 {
            var bytes: Int64 = 0
            for _ in 0..<5 {
                let run = try await offices.exchange().run
                #expect(run.error == nil)
                bytes += run.bytesIn + run.bytesOut
                if run.taken == 0, run.sent == 0 { return bytes }
            }
            Issue.record("it never ends")
            return bytes
        }
        _ = try await settle()
        try network[1 - refusing].take(randomCalls(5, seed: 5, from: 90_000), file: "new.csv")
        let bytes = try await settle()
        #expect(bytes < 30_000, "\(bytes)")
        let names = try await network[refusing].sql("SELECT name FROM file ORDER BY name")
        #expect(names == (hadSome ? ["first.csv", "new.csv"] : ["new.csv"]), "\(names)")
    }

    @Test(arguments: [0, 1])
    func `once a fork is settled what its side goes on with crosses the line again`(writer: Int) async throws
    {
        let offices = try await ExchangeOffices()
        let network = offices.network
        let reader = network[1 - writer]
        _ = try await offices.exchange()
        let copy = network.place + "/copy"
        try FileManager.default.copyItem(atPath: network[writer].folder.path, toPath: copy)
        let twin = try ImportOffice(opening: copy, seed: 70, clock: network.clocks[writer].clock, place: nil)
        network.pass(minutes: 1)
        try twin.take(randomCalls(9, seed: 1, from: 1000), file: "there.csv")
        try network[writer].take(randomCalls(9, seed: 2, from: 2000), file: "here.csv")
        func exchange() async throws -> [String] {
            for _ in 0..<3 { _ = try await offices.exchange() }
            return try await reader.sql("SELECT name FROM file ORDER BY name")
        }
        #expect(try await exchange() == ["here.csv"])
        let path = network.newPath()
        try exportSnapshot(SnapshotOrder(), to: path, from: twin.store, by: .console)
        #expect(try network.take(path, at: 1 - writer).notTaken.map(\.reason) == [.fork])
        try network[writer].take(randomCalls(9, seed: 3, from: 3000), file: "more.csv")
        #expect(try await exchange() == ["here.csv"], "an alarm keeps out what goes on")
        let fork = try #require(try await reader.store.forks(for: .console).first)
        try await reader.store.decideFork(fork.chain, isSettled: true, for: .console, by: .console)
        #expect(try await exchange() == ["here.csv", "more.csv"])
        let last = try await offices.exchange().run
        #expect(last.error == nil && last.taken == 0 && last.sent == 0, "\(last)")
        #expect(try await offices.areOne())
    }

    /// As the first office calls the second.
}
