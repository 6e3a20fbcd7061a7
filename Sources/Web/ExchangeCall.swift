import Domain
import Formats
import Foundation
import Ingest
import Logging
import NIOCore
import NIOHTTP1
import Storage
import Synchronization

/// One exchange with one office over the network: what is held on both sides, then what each lacks.
///
/// Nothing is held while the line is waited for; only taking in, which is local, waits for its turn.
struct ExchangeCall: Sendable {
    let store: OfficeStore
    let link: ExchangeLink
    let shelf: ExchangeShelf
    let client: ExchangeClient
    let actor: Actor
    /// How long the other office may take to take something in.
    var patience: Duration = .seconds(3600)

    init(_ link: ExchangeLink, shelf: ExchangeShelf, by actor: Actor, silence: Duration = .seconds(60)) throws
    {
        store = shelf.store
        self.link = link
        self.shelf = shelf
        self.actor = actor
        client = ExchangeClient(
            address: try ExchangeAddress(link.address),
            trust: link.authority.map { .authority($0) } ?? .system, secret: link.secret, name: link.name,
            silence: silence)
    }

    /// - Parameter run: what was done is added as it is done, so that it is told also where the rest fails.
    /// - Throws: `UserError`.
    func perform(_ run: inout ExchangeRun, _ lines: inout [String]) async throws {
        let theirs = try await vector()
        let first = try await difference(theirs)
        if let held = first.wanted, try await fetch(holding: held, &run, &lines),
            let held = try await difference(theirs).wanted
        {
            _ = try await fetch(holding: held, &run, &lines)
        }
        let skew = (theirs.now.milliseconds - first.ours.now.milliseconds) / 1000
        try await onOwnThread { [store] in
            try store.noteHeard(
                of: theirs.office, made: theirs.now, heads: theirs.held, program: theirs.program, skew: skew)
        }
        let last = try await difference(theirs)
        if let held = last.offered {
            if try await send(holding: held, &run, &lines),
                let held = try await difference(vector()).offered
            {
                _ = try await send(holding: held, &run, &lines)
            }
        } else if last.ours.given.isCovered(by: theirs.held) {
            // What was begun has arrived after the last run gave up waiting, or by another way.
            for name in shelf.digests("to", link.office) { unlink(shelf.path("to", link.office, name)) }
        }
        if run.taken == 0, run.sent == 0 {
            lines.append("“\(link.name)” and this office hold the same already.")
        }
    }

    private func difference(_ theirs: ExchangeVector) async throws -> ExchangeDifference {
        try await onOwnThread { [store, link] in
            try store.exchangeDifference(store.exchangeVector(for: link.office), theirs)
        }
    }

    private func vector() async throws -> ExchangeVector {
        let vector = try await ask(ExchangeVector.self, .GET, Paths.exchangeAPI)
        try vector.check()
        guard vector.office == link.office, vector.key == link.key else {
            throw UserError(
                .notAllowed,
                vector.office == link.office
                    ? "“\(link.name)” has another key than the one that was compared."
                    : "At \(link.address) is “\(vector.name)”, not “\(link.name)”.",
                advice: "Nothing was exchanged. Check the address, and pair again if that box was replaced.")
        }
        return vector
    }

    // MARK: Fetching

    /// - Returns: whether it was one that was made for an earlier run: what the other office did since is not in it.
    private func fetch(
        holding heads: [ChainHead], _ run: inout ExchangeRun, _ lines: inout [String]
    ) async throws -> Bool {
        try shelf.makeFolder()
        // What was cut off last time goes on where the other office still has it.
        var begun: ExchangeDownload?
        for digest in shelf.digests("from", link.office) {
            if begun == nil, let size = try await size(ofDownload: digest) {
                begun = ExchangeDownload(digest: digest, bytes: size)
            } else {
                unlink(shelf.path("from", link.office, digest))
            }
        }
        let wanted: ExchangeDownload
        if let begun {
            wanted = begun
        } else {
            wanted = try await ask(
                ExchangeDownload.self, .POST, Paths.exchangeDownloadsAPI,
                .json(Array(JSONEncoder().encode(ExchangeHolding(heads: heads)))))
        }
        guard isDigest(wanted.digest), wanted.bytes > 0 else { throw nonsense }
        let place = shelf.path("from", link.office, wanted.digest)
        let before = (try? fileSize(place)) ?? 0
        try await onOwnThread { [store] in try store.requireRoom(for: wanted.bytes) }
        try await resuming({ (try? fileSize(place)) ?? 0 }) { try await download(wanted, to: place) }
        run.bytesIn += max(0, wanted.bytes - before)
        let (store, link, actor) = (store, link, actor)
        let intake = try await onOwnThread { () throws -> ExchangeIntake in
            defer { unlink(place) }
            guard try digest(ofFile: place) == wanted.digest else {
                throw UserError(
                    .damaged, "Other bytes came from “\(link.name)” than it sent; nothing was taken in.",
                    advice: "It is tried again by itself.")
            }
            let name = "Snapshot of \(link.name)"
            do {
                return try ExchangeIntake(
                    of: place, fileName: name, from: link.office, in: store, by: actor)
            } catch let error as UserError {
                // In the activity once, and not with every try.
                let last = try store.exchangeRunsNow()[.office(link.office)]?.error
                if last?.message != error.message {
                    try store.recordRefusal(ofSnapshot: name, error, by: actor)
                }
                throw error
            }
        }
        switch intake {
        case .taken(let outcome):
            run.taken += 1
            run.entries += outcome.entries
            lines.append("Took in \(outcome.entries) new entries of “\(link.name)”, \(wanted.bytes) bytes.")
            lines += outcome.notTaken.map(\.words)
            return begun != nil
        case .asks(let questions):
            throw UserError(
                .conflict, questions.map(\.message).joined(separator: " "),
                advice: "Nothing was taken in. Say on the page Exchange whether it may go on.")
        }
    }

    private func size(ofDownload digest: String) async throws -> Int64? {
        let answer = try await client.call(
            .HEAD, Paths.exchangeDownloadAPI(digest))
        return answer.status == 200 ? answer.headers.first(name: "content-length").flatMap { Int64($0) } : nil
    }

    func download(_ wanted: ExchangeDownload, to place: String) async throws {
        let have = (try? fileSize(place)) ?? 0
        guard have < wanted.bytes else {
            if have > wanted.bytes { unlink(place) }
            if have == wanted.bytes { return }
            throw nonsense
        }
        let file = try ExchangeShelf.Appending(place, at: have) {}
        let answer = try await client.call(
            .GET, Paths.exchangeDownloadAPI(wanted.digest),
            headers: have > 0 ? [("Range", "bytes=\(have)-"), ("If-Range", "\"\(wanted.digest)\"")] : []
        ) { head, piece in
            // A whole answer to a question for the rest would be appended to what is here.
            guard have == 0 || head.status == .partialContent else {
                unlink(place)
                throw UserError(
                    .cutOff, "The other office no longer has that snapshot.", advice: "It is asked anew.")
            }
            guard try fileSize(place) + Int64(piece.readableBytes) <= wanted.bytes else {
                unlink(place)
                throw nonsense
            }
            try file.write(Array(buffer: piece))
        }
        guard answer.status == 200 || answer.status == 206 else { throw refusal(answer) }
    }

    // MARK: Sending

    /// - Returns: whether it was one that was made for an earlier run: what was done here since is not in it.
    func send(
        holding heads: [ChainHead], _ run: inout ExchangeRun, _ lines: inout [String]
    ) async throws -> Bool {
        try shelf.makeFolder()
        let begun = try await begunUpload()
        let (store, link, actor, shelf) = (store, link, actor, shelf)
        let name =
            if let begun { begun } else {
                try await onOwnThread { () throws -> String in
                    let work = shelf.path("to", link.office, "new")
                    defer { unlink(work) }
                    let vector = try store.exchangeVector()
                    var order = SnapshotOrder(to: link.office, holding: heads, of: vector)
                    order.name = "Snapshot for \(link.name)"
                    try exportSnapshot(order, to: work, from: store, by: actor)
                    let name = try digest(ofFile: work)
                    let place = shelf.path("to", link.office, name)
                    guard rename(work, place) == 0 else { throw FileFailure(.rename, place, errno: errno) }
                    return name
                }
            }
        let place = shelf.path("to", link.office, name)
        do {
            let bytes = try fileSize(place)
            let path = Paths.exchangeUploadAPI(name)
            var reached: Int64 = 0
            var before: Int64?
            try await resuming({ reached }) {
                let here = try await ask(ExchangeUpload.self, .GET, path)
                guard here.state == .receiving || here.state == .refused else { return }
                let offset = min(max(0, here.offset), bytes)
                // Swept a day after it was tried the last time.
                if offset > reached { shelf.renew(place) }
                reached = offset
                before = before ?? offset
                _ = try await ask(
                    ExchangeUpload.self, .PUT, "\(path)?offset=\(reached)&bytes=\(bytes)",
                    .file(place, from: reached))
            }
            run.bytesOut += bytes - (before ?? bytes)
            let entries = try await waitUntilTaken(path)
            run.sent += 1
            lines.append("Sent “\(link.name)” \(entries) entries that were new there, \(bytes) bytes.")
        } catch {
            // Whatever else happened, to the line or to this box, the next run goes on with it.
            if let error = error as? UserError, [.conflict, .damaged].contains(error.code) { unlink(place) }
            throw error
        }
        unlink(place)
        return begun != nil
    }

    /// What was cut off last time, where the other office still has its beginning and nothing in it was purged here.
    private func begunUpload() async throws -> String? {
        var begun: String?
        for name in shelf.digests("to", link.office) where isDigest(name) {
            let place = shelf.path("to", link.office, name)
            let isGood = try await onOwnThread { [shelf] in try shelf.stillHolds(place) }
            if begun == nil, isGood {
                let there = try await ask(ExchangeUpload.self, .GET, Paths.exchangeUploadAPI(name))
                // Being taken in, it is waited for; taken in since what the other office holds was asked, it has arrived.
                if [.taking, .taken].contains(there.state) || (there.state == .receiving && there.offset > 0)
                {
                    begun = name
                    continue
                }
            }
            unlink(place)
        }
        return begun
    }

    private func waitUntilTaken(_ path: String) async throws -> Int {
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(50)
        while ContinuousClock.now < deadline {
            var here: ExchangeUpload?
            try await resuming { [path] in here = try await ask(ExchangeUpload.self, .GET, path) }
            switch here?.state {
            case .taken: return here?.entries ?? 0
            case .refused:
                throw UserError(
                    .conflict,
                    "“\(link.name)” did not take in what was sent: \(here?.message ?? "it does not say why.")",
                    advice: here?.advice ?? "Look at its activity.")
            // It was started again in between: the next run sees what it holds.
            case .receiving, nil:
                throw UserError(
                    .cutOff, "“\(link.name)” was stopped before it had taken in what was sent.",
                    advice: "It is tried again by itself.")
            case .taking: break
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
        throw UserError(
            .busy, "“\(link.name)” is still taking in what was sent.", advice: "It goes on by itself.")
    }

    // MARK: Asking

    /// Goes on where it was cut off, as long as something comes through, and a few times where nothing does: the next
    /// run tries again then.
    ///
    /// - Parameter reached: bytes that are through by now.
    private func resuming(_ reached: () -> Int64 = { 0 }, _ body: () async throws -> Void) async throws {
        var (failures, last) = (0, reached())
        while true {
            do { return try await body() } catch let error as UserError
                where error.code == .cutOff || error.code == .stale
            {
                let now = reached()
                failures = now > last ? 1 : failures + 1
                last = max(last, now)
                guard failures < 4 else { throw error }
                try await Task.sleep(for: .milliseconds(200 * failures))
            }
        }
    }

    private func ask<T: Decodable>(
        _ type: T.Type, _ method: HTTPMethod, _ path: String, _ body: ExchangeClient.Body = .none
    ) async throws -> T {
        let answer = try await client.call(method, path, body: body)
        guard (200..<300).contains(answer.status) else { throw refusal(answer) }
        guard let value = try? JSONDecoder().decode(type, from: Data(answer.body)) else { throw nonsense }
        return value
    }

    private var nonsense: UserError {
        UserError(
            .invalid, "“\(link.name)” at \(link.address) answers in a way that Rollcall does not.",
            advice: "Check the address, and upgrade Rollcall on both boxes.")
    }

    private func refusal(_ answer: ExchangeClient.Answer) -> UserError {
        if answer.status == 401 {
            return UserError(
                .notSignedIn, "“\(link.name)” does not take this box's token: it was revoked, or replaced.",
                advice: "Have a new token made there, and enter it here.")
        }
        guard let failure = try? JSONDecoder().decode(FailureJSON.self, from: Data(answer.body)) else {
            return nonsense
        }
        return UserError(
            UserError.Code(rawValue: failure.error.code) ?? .conflict,
            "“\(link.name)” says: \(failure.error.message)", advice: failure.error.advice)
    }
}

/// What somebody holds who wants to have the rest.
struct ExchangeHolding: Codable, Sendable {
    var heads: [ChainHead]
}

func isDigest(_ text: String) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}
