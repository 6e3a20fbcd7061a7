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

/// Snapshots on their way between two offices: what was begun goes on, and only where it is still right.
@Suite(.serialized) struct ExchangeTransferTests {
    private func northsClient(of offices: ExchangeOffices) async throws -> (ExchangeLink, ExchangeClient) {
        let link = try #require(try await offices.north.exchangeLinks(for: .console).first)
        return (
            link,
            ExchangeClient(
                address: try ExchangeAddress(link.address), trust: .authority(try #require(link.authority)),
                secret: link.secret, name: "South")
        )
    }

    /// Has the other office make a snapshot of all it has.
    private func askForAll(_ client: ExchangeClient) async throws -> ExchangeDownload {
        let body = try JSONEncoder().encode(ExchangeHolding(heads: []))
        let answer = try await client.call(.POST, Paths.exchangeDownloadsAPI, body: .json(Array(body)))
        return try JSONDecoder().decode(ExchangeDownload.self, from: Data(answer.body))
    }

    /// What became of something that was sent.
    private func upload(_ digest: String, _ client: ExchangeClient) async throws -> ExchangeUpload {
        let answer = try await client.call(.GET, Paths.exchangeUploadAPI(digest))
        return try JSONDecoder().decode(ExchangeUpload.self, from: Data(answer.body))
    }

    @Test func `after a download that was cut off comes what the other office did since`() async throws {
        let offices = try await ExchangeOffices.filled()
        let (link, client) = try await northsClient(of: offices)
        let made = try await askForAll(client)
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
        let before = try offices.south.exchangeVector().held
        try offices.network[0].take(randomCalls(200, seed: 5), file: "a.csv")
        let (link, client) = try await northsClient(of: offices)
        let shelf = ExchangeShelf(store: offices.north, logger: Logger(label: "test"))
        /// - Returns: the run, and whether the other office was still at it when patience ended.
        func send(patience: Duration) async throws -> (run: ExchangeRun, isBusy: Bool) {
            var call = try ExchangeCall(link, shelf: shelf, by: .console)
            call.patience = patience
            var run = ExchangeRun(began: offices.north.clock.now())
            var lines: [String] = []
            do { _ = try await call.send(holding: before, &run, &lines) } catch let error as UserError
                where error.code == .busy
            {
                return (run, true)
            }
            return (run, false)
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
        do {
            defer { goesOn.signal() }
            let first = try await send(patience: .milliseconds(200))
            #expect(first.isBusy && first.run.bytesOut > 0, "\(first)")
            offices.network.pass(minutes: 1)
            let second = try await send(patience: .milliseconds(200))
            #expect(second.isBusy && second.run.bytesOut == 0, "\(second)")
        }
        let name = try #require(shelf.digests("to", link.office).first)
        #expect(try await comes { try await upload(name, client).state == .taken })
        // It was taken in after this run had asked what South holds. One made anew would be another file by now.
        offices.network.pass(minutes: 1)
        let third = try await send(patience: .seconds(600))
        #expect(!third.isBusy && third.run.sent == 1 && third.run.bytesOut == 0, "\(third)")
        #expect(try await offices.areOne())
        #expect(try await offices.network[0].leftovers() == [])
    }

    @Test func `what was begun and has come by another way is cleared away`() async throws {
        let offices = try await ExchangeOffices()
        for _ in 0..<2 { try await offices.exchange() }
        let shelf = ExchangeShelf(store: offices.north, logger: Logger(label: "test"))
        try shelf.makeFolder()
        let link = try #require(try await offices.north.exchangeLinks(for: .console).first)
        let begun = shelf.path("to", link.office, String(repeating: "a", count: 64))
        try Data("half".utf8).write(to: URL(fileURLWithPath: begun))
        let done = try await offices.exchange()
        #expect(done.run.error == nil && done.run.sent == 0, "\(done.lines)")
        #expect(!FileManager.default.fileExists(atPath: begun))
    }

    @Test func `a download that was begun before a purge is not gone on with`() async throws {
        let offices = try await ExchangeOffices.filled()
        let (_, client) = try await northsClient(of: offices)
        let files = try await offices.network[1].sql("SELECT id FROM file")
        let file = try #require(files.first.flatMap { ID<CallFile>($0) })
        let made = try await askForAll(client)
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

    @Test func `more bytes than were announced are not written`() async throws {
        let offices = try await ExchangeOffices.filled()
        let (link, client) = try await northsClient(of: offices)
        var made = try await askForAll(client)
        made.bytes -= 1
        let shelf = ExchangeShelf(store: offices.north, logger: Logger(label: "test"))
        try shelf.makeFolder()
        let place = shelf.path("from", link.office, made.digest)
        let call = try ExchangeCall(link, shelf: shelf, by: .console)
        let error = await #expect(throws: UserError.self) { try await call.download(made, to: place) }
        #expect(error?.code == .invalid)
        #expect(!FileManager.default.fileExists(atPath: place))
    }

    private func viewer(_ role: Role) -> Viewer {
        Viewer(user: ID(UUID()), name: role.title, role: role, person: nil)
    }

    @Test func `a download goes on after what is here, and an upload too`() async throws {
        let offices = try await ExchangeOffices.filled()
        let (_, client) = try await northsClient(of: offices)
        let made = try await askForAll(client)
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
        #expect(try await askForAll(client) == made)

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
        #expect(try await comes { try await self.upload(digest, client).state == .taken })
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
        #expect(try await comes { try await self.upload(name, client).state == .refused })
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
