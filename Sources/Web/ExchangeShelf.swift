import Crypto
import Domain
import Formats
import Foundation
import Ingest
import Logging
import Storage
import Synchronization

/// A snapshot on its way, as the office that sends it asks.
struct ExchangeUpload: Codable, Sendable, Hashable {
    enum State: String, Codable, Sendable {
        /// Bytes are missing.
        case receiving
        /// It is whole, and being taken in.
        case taking
        case taken
        case refused
    }
    var state: State
    /// Bytes that are here.
    var offset: Int64
    /// New entries, once it is taken.
    var entries: Int?
    var message: String?
    var advice: String?
}

/// What another office may download.
struct ExchangeDownload: Codable, Sendable, Hashable {
    /// SHA-256 of the bytes in hex, which is also its name.
    var digest: String
    var bytes: Int64
}

/// Snapshots on their way, in the data folder's `Exchange`: `down-` for others to fetch, `up-` coming from others,
/// `from-` being fetched, `to-` being sent, each with the other office's id and the SHA-256 of the whole.
///
/// They outlive a crash, so that what was cut off goes on.
final class ExchangeShelf: Sendable {
    /// How long others may fetch a snapshot, and how long what was cut off is kept.
    static let downloadSeconds: Int64 = 3600
    static let partSeconds: Int64 = 86_400

    let store: OfficeStore
    private let logger: Logger
    private struct Table {
        var uploads: [String: ExchangeUpload] = [:]
        var writing: Set<String> = []
        /// What was made, by what the reader holds and what is here.
        var downloads: [String: String] = [:]
    }
    private let table = Mutex(Table())

    init(store: OfficeStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    private var folder: String { store.folder.exchange }

    func path(_ kind: String, _ office: ID<Office>, _ digest: String) -> String {
        "\(folder)/\(kind)-\(office)-\(digest)"
    }

    func makeFolder() throws { try makeDirectory(folder) }

    /// Digests of what is there of a kind for an office.
    func digests(_ kind: String, _ office: ID<Office>) -> [String] {
        let start = "\(kind)-\(office)-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }.sorted()
    }

    /// Removes what nobody came back for.
    func sweep() {
        let now = store.clock.now().milliseconds / 1000
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let about = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            guard let changed = about?[.modificationDate] as? Date else { continue }
            let age = now - Instant(changed).milliseconds / 1000
            if age > (name.hasPrefix("down-") ? Self.downloadSeconds : Self.partSeconds) {
                unlink("\(folder)/\(name)")
            }
        }
        let uploads = Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        table.withLock { table in
            // What was taken is told for as long as this server runs, but not without end.
            if table.uploads.count > 1000 {
                table.uploads = table.uploads.filter { uploads.contains($0.key) }
            }
            if table.downloads.count > 1000 { table.downloads = [:] }
        }
    }

    // MARK: For others to fetch

    /// Makes what an office lacks, or finds it where it was made already. Blocks its thread.
    func makeDownload(
        for office: ID<Office>, named name: String, holding heads: [ChainHead], by actor: Actor
    ) throws -> ExchangeDownload {
        try makeFolder()
        let vector = try store.exchangeVector()
        let asked = "\(office) \(try canonicalText(heads)) \(try canonicalText(vector.given))"
        let key = hexadecimal(SHA256.hash(data: Data(asked.utf8)))
        if let known = table.withLock({ $0.downloads[key] }),
            let size = try? fileSize(path("down", office, known))
        {
            return ExchangeDownload(digest: known, bytes: size)
        }
        let work = path("down", office, "new")
        guard table.withLock({ $0.writing.insert(work).inserted }) else {
            throw UserError(
                .busy, "A snapshot for this office is being made.", advice: "Ask again in a moment.")
        }
        defer { table.withLock { _ = $0.writing.remove(work) } }
        var order = SnapshotOrder(to: office, holding: heads, of: vector)
        order.name = "Snapshot for \(name)"
        let summary = try exportSnapshot(order, to: work, from: store, by: actor)
        let made = try digest(ofFile: work)
        let place = path("down", office, made)
        guard rename(work, place) == 0 else { throw FileFailure(.rename, place, errno: errno) }
        table.withLock { $0.downloads[key] = made }
        return ExchangeDownload(digest: made, bytes: summary.bytes)
    }

    /// Whether nothing that a snapshot brings was purged here since. Blocks its thread.
    func stillHolds(_ place: String) throws -> Bool {
        guard let manifest = try? SnapshotReader(path: place).manifest else { return false }
        return try store.stillHolds(manifest)
    }

    /// It is kept from now on for as long as its kind is.
    func renew(_ place: String) { utimes(place, nil) }

    // MARK: Coming from others

    /// As its file is called.
    private func key(_ office: ID<Office>, _ digest: String) -> String { "up-\(office)-\(digest)" }

    private static let isHere = UserError(
        .conflict, "This snapshot is here already.", advice: "Ask what became of it.")

    func upload(_ digest: String, of office: ID<Office>) -> ExchangeUpload {
        let place = path("up", office, digest)
        if var known = table.withLock({ $0.uploads[key(office, digest)] }) {
            if known.state == .receiving { known.offset = (try? fileSize(place)) ?? 0 }
            return known
        }
        return ExchangeUpload(state: .receiving, offset: (try? fileSize(place)) ?? 0)
    }

    /// Begins to append at an offset; nobody else appends to it until `Appending` ends.
    ///
    /// - Throws: `UserError` `stale` where something else than `offset` bytes are here.
    func append(_ digest: String, of office: ID<Office>, at offset: Int64, of bytes: Int64) throws
        -> Appending
    {
        try makeFolder()
        let place = path("up", office, digest)
        let here = upload(digest, of: office)
        guard here.state == .receiving || here.state == .refused else {
            throw Self.isHere
        }
        guard here.offset == offset, offset <= bytes else {
            throw UserError(
                .stale, "There are \(here.offset) bytes of it here, not \(offset).",
                advice: "Go on after those.")
        }
        try store.requireRoom(for: bytes - offset)
        guard table.withLock({ $0.writing.insert(place).inserted }) else {
            throw UserError(
                .busy, "This snapshot is being received over another connection.",
                advice: "Ask again in a moment.")
        }
        do {
            let appending = try Appending(place, at: offset) { [self] in
                table.withLock { _ = $0.writing.remove(place) }
            }
            // One at a time for each office: what it began before is of no use to it.
            for other in digests("up", office)
            where other != digest && upload(other, of: office).state != .taking {
                unlink(path("up", office, other))
            }
            try table.withLock { table in
                let key = key(office, digest)
                // It came whole over another connection meanwhile.
                guard ![.taking, .taken].contains(table.uploads[key]?.state) else { throw Self.isHere }
                table.uploads[key] = ExchangeUpload(state: .receiving, offset: offset)
            }
            return appending
        } catch {
            table.withLock { _ = $0.writing.remove(place) }
            throw error
        }
    }

    /// Takes in what is whole by now; the sender asks how that went.
    func take(_ digest: String, of office: ID<Office>, name: String, by actor: Actor) {
        let key = key(office, digest)
        let place = path("up", office, digest)
        let isFirst = table.withLock { table in
            guard table.uploads[key]?.state != .taking else { return false }
            table.uploads[key] = ExchangeUpload(state: .taking, offset: (try? fileSize(place)) ?? 0)
            return true
        }
        guard isFirst else { return }
        Task {
            let state = await taken(place, digest, office, name, actor)
            unlink(place)
            table.withLock { $0.uploads[key] = state }
        }
    }

    private func taken(
        _ place: String, _ digest: String, _ office: ID<Office>, _ name: String, _ actor: Actor
    ) async -> ExchangeUpload {
        var upload = ExchangeUpload(state: .refused, offset: 0)
        do {
            let intake = try await onOwnThread { [store] in
                guard try Web.digest(ofFile: place) == digest else {
                    throw UserError(
                        .damaged, "Other bytes arrived than were sent.", advice: "Send it again.")
                }
                return try ExchangeIntake(
                    of: place, fileName: "Snapshot of \(name)", from: office, in: store, by: actor)
            }
            switch intake {
            case .taken(let outcome):
                upload.state = .taken
                upload.entries = outcome.entries
            case .asks(let questions):
                upload.message =
                    "The other office stopped to ask: " + questions.map(\.message).joined(separator: " ")
                upload.advice = "Somebody there must say on its page Exchange whether it may go on."
            }
        } catch let error as UserError {
            (upload.message, upload.advice) = (error.message, error.advice)
            try? await onOwnThread { [store] in
                try store.recordRefusal(ofSnapshot: "Snapshot of \(name)", error, by: actor)
            }
        } catch {
            logger.error("A snapshot of \(name) could not be taken in: \(error)")
            let known = OfficeStore.userError(for: error)
            upload.message = known?.message ?? "Something went wrong in the other office's Rollcall."
            upload.advice = known?.advice ?? "Its log says what."
        }
        return upload
    }

    /// A file that grows.
    final class Appending: Sendable {
        private let descriptor: Int32
        private let path: String
        private let done: @Sendable () -> Void

        init(_ path: String, at offset: Int64, done: @escaping @Sendable () -> Void) throws {
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw FileFailure(.open, path, errno: errno) }
            self.path = path
            self.done = done
        }

        func write(_ bytes: [UInt8]) throws {
            try FileSink(descriptor: descriptor, path: path).write(bytes)
        }

        func sync() throws {
            guard fsync(descriptor) == 0 else { throw FileFailure(.sync, path, errno: errno) }
        }

        deinit {
            close(descriptor)
            done()
        }
    }
}
