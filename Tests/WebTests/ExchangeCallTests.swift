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
    private func filled() async throws -> ExchangeOffices {
        let offices = try await ExchangeOffices()
        try offices.network[0].take(randomCalls(300, seed: 1), file: "north.csv")
        try offices.network[1].take(randomCalls(300, seed: 2, from: 5000), file: "south.csv")
        return offices
    }

    @Test func `one exchange brings both to one state, and the next has nothing to do`() async throws {
        let offices = try await filled()
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
        let offices = try await filled()
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
        let offices = try await filled()
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

    @Test(.timeLimit(.minutes(5))) func `an office that is down, or silent, is tried again later and later`()
        async throws
    {
        let offices = try await filled()
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
    private func northsClient(of offices: ExchangeOffices) async throws -> (ExchangeLink, ExchangeClient) {
        let link = try #require(try await offices.north.exchangeLinks(for: .console).first)
        return (
            link,
            ExchangeClient(
                address: try ExchangeAddress(link.address), trust: .authority(try #require(link.authority)),
                secret: link.secret, name: "South")
        )
    }

    @Test func `after a download that was cut off comes what the other office did since`() async throws {
        let offices = try await filled()
        let (link, client) = try await northsClient(of: offices)
        let body = try JSONEncoder().encode(ExchangeHolding(heads: []))
        let answer = try await client.call(.POST, Paths.exchangeDownloadsAPI, body: .json(Array(body)))
        let made = try JSONDecoder().decode(ExchangeDownload.self, from: Data(answer.body))
        let whole = try await client.callKeeping(Paths.exchangeDownloadAPI(made.digest), range: nil)
        let shelf = ExchangeShelf(store: offices.north, logger: Logger(label: "test"))
        try shelf.makeFolder()
        let place = shelf.path("from", link.office, made.digest)
        try Data(whole.prefix(1000)).write(to: URL(fileURLWithPath: place))
        try offices.network[1].take(randomCalls(5, seed: 3, from: 9000), file: "more.csv")
        let done = try await offices.exchange()
        #expect(done.run.error == nil && done.run.taken == 2, "\(done.lines)")
        #expect(try await offices.areOne())
    }

    @Test func `what the other office is still taking in is waited for, and not sent again`() async throws {
        let offices = try await ExchangeOffices()
        for _ in 0..<2 { try await offices.exchange() }
        offices.network.pass(minutes: 1)
        try offices.network[0].take(randomCalls(200, seed: 5), file: "a.csv")
        let link = try #require(try await offices.north.exchangeLinks(for: .console).first)
        func send(_ run: inout ExchangeRun, patience: Duration) async throws {
            let shelf = ExchangeShelf(store: offices.north, logger: Logger(label: "test"))
            var call = try ExchangeCall(link, shelf: shelf, by: .console)
            call.patience = patience
            var lines: [String] = []
            try await call.perform(&run, &lines)
        }
        // South is busy with its calls, and takes nothing in meanwhile.
        let goesOn = DispatchSemaphore(value: 0)
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [south = offices.south] in
                south.changingCalls {
                    continuation.resume()
                    goesOn.wait()
                }
            }
        }
        var run = ExchangeRun(began: offices.north.clock.now())
        do {
            defer { offices.network.pass(minutes: 1) }
            try await send(&run, patience: .milliseconds(200))
            Issue.record("it was taken in")
        } catch let error as UserError { #expect(error.code == .busy, "\(error)") }
        #expect(run.bytesOut > 0)
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 1)
            goesOn.signal()
        }
        run = ExchangeRun(began: offices.north.clock.now())
        try await send(&run, patience: .seconds(600))
        #expect(run.sent == 1 && run.bytesOut == 0, "\(run)")
        #expect(try await offices.areOne())
        #expect(try await offices.network[0].leftovers() == [])
    }

    @Test func `a download that was begun before a purge is not gone on with`() async throws {
        let offices = try await filled()
        let (_, client) = try await northsClient(of: offices)
        let files = try await offices.network[1].sql("SELECT id FROM file")
        let file = try #require(files.first.flatMap { ID<CallFile>($0) })
        let body = try JSONEncoder().encode(ExchangeHolding(heads: []))
        let made = try JSONDecoder().decode(
            ExchangeDownload.self,
            from: Data(
                try await client.call(.POST, Paths.exchangeDownloadsAPI, body: .json(Array(body))).body))
        let path = Paths.exchangeDownloadAPI(made.digest)
        #expect(try await client.call(.GET, path).status == 200)
        let (bob, cleo) = (viewer(.dataEntry), viewer(.admin))
        let request = try offices.south.openDeleteRequest(
            offices.south.planDeletion(.file(file), for: bob), reason: "wrong", for: bob, by: .console)
        try offices.south.decideDeleteRequest(request.id, .approve, for: cleo, by: .console)
        try purgeDeletion(request.id, in: offices.south, comment: "room", for: cleo, by: .console)
        #expect(try await client.call(.GET, path).status == 404)
        #expect(try await client.call(.HEAD, path).status == 404)
    }

    private func viewer(_ role: Role) -> Viewer {
        Viewer(user: ID(UUID()), name: role.title, role: role, person: nil)
    }

    @Test func `a download goes on after what is here, and an upload too`() async throws {
        let offices = try await filled()
        let (_, client) = try await northsClient(of: offices)
        let body = try JSONEncoder().encode(ExchangeHolding(heads: []))
        let made = try JSONDecoder().decode(
            ExchangeDownload.self,
            from: Data(
                try await client.call(.POST, Paths.exchangeDownloadsAPI, body: .json(Array(body))).body))
        let path = Paths.exchangeDownloadAPI(made.digest)
        let whole = try await client.callKeeping(path, range: nil)
        #expect(whole.count == made.bytes)
        #expect(hexadecimal(SHA256.hash(data: Data(whole))) == made.digest)
        for from in [1, 1000, whole.count - 1] {
            #expect(try await client.callKeeping(path, range: "bytes=\(from)-") == Array(whole[from...]))
        }
        for range in ["bytes=-5", "bytes=5-6", "bytes=\(whole.count)-", "lines=3-", "bytes=x-"] {
            #expect(try await client.callKeeping(path, range: range) == whole, "\(range)")
        }
        #expect(try await client.callKeeping(path, range: "bytes=5-", ifRange: "\"other\"") == whole)
        // The same question within the hour is the same file.
        let again = try await client.call(.POST, Paths.exchangeDownloadsAPI, body: .json(Array(body)))
        #expect(try JSONDecoder().decode(ExchangeDownload.self, from: Data(again.body)) == made)

        let file = try offices.network.export(0)
        let (digest, size) = (try Web.digest(ofFile: file), try fileSize(file))
        let upload = Paths.exchangeUploadAPI(digest)
        func put(_ offset: Int64, _ path: String) async throws -> Int {
            try await client.call(
                .PUT, "\(upload)?offset=\(offset)&bytes=\(size)", body: .file(path, from: offset)
            ).status
        }
        let half = file + ".half"
        try Data(contentsOf: URL(fileURLWithPath: file)).prefix(Int(size / 2)).write(
            to: URL(fileURLWithPath: half))
        #expect(try await put(0, half) == 200)
        #expect(try await put(0, file) == 409, "bytes would be appended twice")
        #expect(try await put(size / 2 + 1, file) == 409, "bytes would be missing")
        #expect(try await put(size / 2, file) == 200)
        func state() async throws -> ExchangeUpload {
            let answer = try await client.call(.GET, upload)
            return try JSONDecoder().decode(ExchangeUpload.self, from: Data(answer.body))
        }
        while try await state().state == .taking { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try await state().state == .taken)
        let hash = try await offices.south.stateHash()
        // Once more changes nothing.
        #expect(try await put(0, file) == 409)
        #expect(try await offices.south.stateHash() == hash)
        #expect(try await offices.network[1].faults() == [])
        // Another office's snapshot under this token is not taken.
        let foreign = try offices.network.export(1)
        let name = try Web.digest(ofFile: foreign)
        let bytes = try fileSize(foreign)
        let sent = try await client.call(
            .PUT, "\(Paths.exchangeUploadAPI(name))?offset=0&bytes=\(bytes)", body: .file(foreign, from: 0))
        #expect(sent.status == 200)
        func other() async throws -> ExchangeUpload {
            let answer = try await client.call(.GET, Paths.exchangeUploadAPI(name))
            return try JSONDecoder().decode(ExchangeUpload.self, from: Data(answer.body))
        }
        while try await other().state == .taking { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try await other().state == .refused)
        #expect(try await offices.south.stateHash() == hash)
    }
}

extension ExchangeClient {
    /// The bytes of an answer, which `call` would keep only where it is none of a file.
    fileprivate func callKeeping(_ path: String, range: String?, ifRange: String? = nil) async throws
        -> [UInt8]
    {
        var headers: [(String, String)] = []
        if let range { headers.append(("Range", range)) }
        if let ifRange { headers.append(("If-Range", ifRange)) }
        let answer = try await call(.GET, path, headers: headers)
        #expect(answer.status == 200 || answer.status == 206)
        return answer.body
    }
}
