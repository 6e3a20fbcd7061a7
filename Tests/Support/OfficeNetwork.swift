import Domain
import Formats
import Foundation
import Ingest
import Storage

/// Several offices with clocks that a test sets, and the files that pass between them.
public final class OfficeNetwork: @unchecked Sendable {
    public let offices: [ImportOffice]
    public let clocks: [TestClock]
    public let place: String
    private var files = 0

    /// - Parameter names: of the offices; each pairs with each, unless `pairs` is false.
    public init(
        _ names: [String] = ["North", "South"], seed: UInt64 = 1, pairs: Bool = true, disk: Disk = .system
    )
        async throws
    {
        place = FileManager.default.temporaryDirectory.path + "/rollcall-network-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        var offices: [ImportOffice] = []
        var clocks: [TestClock] = []
        for (index, name) in names.enumerated() {
            let clock = TestClock()
            clocks.append(clock)
            offices.append(
                try await ImportOffice(
                    rules: OfficeRules(name: name, timeZone: "Europe/Berlin"),
                    seed: seed &* 64 &+ UInt64(index),
                    clock: clock.clock, disk: disk))
        }
        (self.offices, self.clocks) = (offices, clocks)
        guard pairs else { return }
        for a in offices.indices { for b in offices.indices where a != b { try await pair(a, with: b) } }
    }

    deinit { try? FileManager.default.removeItem(atPath: place) }

    public subscript(_ index: Int) -> ImportOffice { offices[index] }

    /// An office learns of another's key.
    public func pair(_ a: Int, with b: Int) async throws {
        let card = newPath()
        let summary = try exportCard(to: card, from: offices[b].store)
        let manifest = summary.manifest
        try await offices[a].store.pair(
            manifest.office, name: manifest.officeName, key: manifest.key, for: .console, by: .console)
    }

    public func newPath() -> String {
        files += 1
        return "\(place)/\(files).rollcall"
    }

    /// A full snapshot of an office, or what a reader of `since` lacks.
    public func export(_ office: Int, since: [ChainHead] = [], seal: SealingKey? = nil) throws -> String {
        let path = newPath()
        try exportSnapshot(
            SnapshotOrder(since: since, seal: seal), to: path, from: offices[office].store, by: .console)
        return path
    }

    public func receive(_ path: String, at office: Int, opener: SealOpener = .none) throws -> ReceivedSnapshot
    {
        try ReceivedSnapshot(
            path: path, fileName: URL(fileURLWithPath: path).lastPathComponent, opener: opener,
            in: offices[office].store)
    }

    @discardableResult
    public func take(_ path: String, at office: Int) throws -> MergeOutcome {
        try receive(path, at: office).merge(by: .console)
    }

    /// All that one office has goes to another.
    @discardableResult
    public func send(_ a: Int, to b: Int) throws -> MergeOutcome { try take(export(a), at: b) }

    /// An office's folder as it is now, opened elsewhere.
    ///
    /// - Parameter place: what tells it from the other one, so that it goes on with a chain of its own; nil: it goes on
    ///   with the same chain.
    public func copy(of office: Int, seed: UInt64, place: String? = nil) throws -> ImportOffice {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-copy-\(UUID().uuidString)"
        try offices[office].store.close()
        try FileManager.default.copyItem(atPath: offices[office].folder.path, toPath: path)
        try offices[office].reopen()
        return try ImportOffice(opening: path, seed: seed, clock: clocks[office].clock, place: place)
    }

    public func hashes() async throws -> [String] {
        var hashes: [String] = []
        for office in offices { hashes.append(try await office.store.stateHash().hex) }
        return hashes
    }

    /// Minutes pass in every office.
    public func pass(minutes: Int64) { for clock in clocks { clock.pass(minutes: minutes) } }
}

/// A clock that stands until it is moved; it begins at 2026-11-23 06:00 UTC.
public final class TestClock: @unchecked Sendable {
    private let lock = NSLock()
    private var now = Instant(milliseconds: 1_795_413_600_000)

    public init() {}

    public var clock: Clock { Clock { self.lock.withLock { self.now } } }

    public var time: Instant { lock.withLock { now } }

    public func pass(minutes: Int64) { lock.withLock { now = now.adding(seconds: minutes * 60) } }

    public func set(_ time: Instant) { lock.withLock { now = time } }
}
