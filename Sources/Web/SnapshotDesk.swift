import Domain
import Formats
import Foundation
import Ingest
import Logging
import Storage
import Synchronization

/// What exchange pages of a running server wait for.
enum SnapshotDeed: Sendable, Hashable {
    case write
    /// A written snapshot, and where to.
    case copyToStick(ID<Work>, String)
    case check(ID<Arrival>)
    case take(ID<Arrival>)
    case undo(String)
}

enum SnapshotOutcome: Sendable {
    case written
    case onStick(String)
    /// What came of it, the arrival says.
    case checked
    /// The receipt, where anything was new.
    case taken(MergeOutcome, receipt: String?)
    case undone(String)
}

/// A snapshot that was written here, until it is swept.
struct WrittenSnapshot: Sendable {
    /// Of the work that wrote it.
    var id: ID<Work>
    var path: String
    var name: String
    /// nil: for any office.
    var reader: String?
    var isSealed: Bool
    var summary: SnapshotSummary
    var made: Instant

    /// Seconds that it lies ready.
    static let kept: Int64 = 3600
}

/// A snapshot that somebody brought. Memory has it alone: after a restart it is gone, and nothing of it was taken in.
struct Arrival: Sendable {
    enum State: Sendable {
        case new
        case checking(ID<Work>)
        /// nil: nobody tried one yet.
        case sealed(UserError?)
        case ready(MergeOutcome, ReceivedSnapshot)
        case refused(UserError)
        case taking(ID<Work>)
    }
    var id: ID<Arrival>
    var file: ReceivedFile
    var name: String
    /// Who brought it, and when.
    var by: String
    var came: Instant
    /// Of a file that could be opened.
    var manifest: SnapshotManifest?
    var opener = SealOpener.none
    var state = State.new

    var work: ID<Work>? {
        switch state {
        case .checking(let id), .taking(let id): id
        default: nil
        }
    }
    /// Another may take its place.
    var isOver: Bool { if case .refused = state { true } else { false } }
}

/// Another office's card, while two people compare words.
struct SeenCard: Sendable {
    var id: ID<SeenCard>
    var office: ID<Office>
    var name: String
    /// Hex.
    var key: String
    var seen: Instant
}

/// What the exchange pages of a running server work on: snapshots that were written, the one that came, cards that are
/// looked at. One import at a time; every admin sees the same.
final class SnapshotDesk: Sendable {
    private struct Table: Sendable {
        var arrival: Arrival?
        var written: [ID<Work>: WrittenSnapshot] = [:]
        var cards: [ID<SeenCard>: SeenCard] = [:]
    }
    let works: WorkTable<SnapshotDeed, SnapshotOutcome>
    let store: OfficeStore
    /// Folders that a snapshot may be copied to besides a browser.
    let sticks: @Sendable () -> [String]
    private let table = Mutex(Table())

    init(store: OfficeStore, logger: Logger, grace: Grace, sticks: @escaping @Sendable () -> [String]) {
        works = WorkTable(store: store, logger: logger, grace: grace)
        self.store = store
        self.sticks = sticks
    }

    // MARK: Written

    func keep(_ written: WrittenSnapshot) {
        table.withLock { $0.written[written.id] = written }
        // Also where nobody looks again: the whole office may be in it, unsealed.
        Task { [weak self] in
            try? await Task.sleep(for: .seconds(WrittenSnapshot.kept + 1))
            self?.sweep()
        }
    }

    /// - Throws: `UserError.notHere` for one that was swept.
    func written(_ id: ID<Work>) throws -> WrittenSnapshot {
        sweep()
        guard let found = table.withLock({ $0.written[id] }) else { throw UserError.notHere }
        return found
    }

    /// Those that lie ready, newest first.
    func written() -> [WrittenSnapshot] {
        sweep()
        return table.withLock { $0.written.values.sorted { $0.made > $1.made } }
    }

    /// Removes what has lain ready long enough.
    func sweep() {
        let limit = store.clock.now().adding(seconds: -WrittenSnapshot.kept)
        let old = table.withLock { table in
            table.cards = table.cards.filter { $0.value.seen > limit }
            let old = table.written.values.filter { $0.made <= limit }
            for written in old { table.written[written.id] = nil }
            return old
        }
        for written in old { remove(written) }
    }

    private func remove(_ written: WrittenSnapshot) {
        try? FileManager.default.removeItem(
            atPath: URL(fileURLWithPath: written.path).deletingLastPathComponent().path)
    }

    // MARK: The one that came

    var arrival: Arrival? { table.withLock { $0.arrival } }

    /// - Throws: `UserError.notHere` for one that is gone.
    func arrival(_ id: ID<Arrival>) throws -> Arrival {
        guard let arrival, arrival.id == id else { throw UserError.notHere }
        return arrival
    }

    /// - Throws: `UserError` `conflict` where another one waits.
    func requireFree() throws {
        if let arrival, !arrival.isOver { throw Self.occupied(arrival) }
    }

    private static func occupied(_ arrival: Arrival) -> UserError {
        UserError(
            .conflict, "“\(arrival.name)”, brought by \(arrival.by), waits already. Nothing was kept.",
            advice: "Take that one in, or discard it, then bring the next one.")
    }

    /// Takes over a received file; where another one waits, it is removed.
    func bring(_ file: ReceivedFile, named name: String, by who: String) throws -> ID<Arrival> {
        let now = store.clock.now()
        let new = Arrival(id: store.ids.next(at: now), file: file, name: name, by: who, came: now)
        let old = table.withLock { table -> Arrival? in
            if let old = table.arrival, !old.isOver { return old }
            let old = table.arrival
            table.arrival = new
            return old
        }
        if let old, !old.isOver {
            unlink(file.path)
            throw Self.occupied(old)
        }
        if let old { unlink(old.file.path) }
        return new.id
    }

    /// Changes it where it is still there.
    func change(_ id: ID<Arrival>, _ body: (inout Arrival) -> Void) {
        table.withLock { table in
            guard var arrival = table.arrival, arrival.id == id else { return }
            body(&arrival)
            table.arrival = arrival
        }
    }

    /// Begins to work on it, unless somebody does already.
    ///
    /// - Throws: `UserError` `busy`.
    func claim(_ id: ID<Arrival>, _ state: (ID<Work>) -> Arrival.State, for work: ID<Work>) throws {
        let isClaimed = table.withLock { table in
            guard var arrival = table.arrival, arrival.id == id, arrival.work == nil else { return false }
            arrival.state = state(work)
            table.arrival = arrival
            return true
        }
        guard isClaimed else {
            throw UserError(
                .busy, "Somebody is at it already, or has discarded it.", advice: "Look at it again.")
        }
    }

    /// Forgets it with its file and its entries in quarantine.
    ///
    /// - Parameter work: that goes on with it, and ends by this.
    /// - Throws: `UserError` `busy` where another does.
    func forget(_ id: ID<Arrival>, after work: ID<Work>? = nil) throws {
        let gone = try table.withLock { table throws -> Arrival? in
            guard let arrival = table.arrival, arrival.id == id else { return nil }
            guard arrival.work == work else {
                throw UserError(
                    .busy, "Somebody has just gone on with “\(arrival.name)”.", advice: "Cancel that first.")
            }
            table.arrival = nil
            return arrival
        }
        guard let gone else { throw UserError.notHere }
        unlink(gone.file.path)
        if case .ready(_, let received) = gone.state { try received.discard() }
    }

    // MARK: Cards

    func see(_ manifest: SnapshotManifest) -> ID<SeenCard> {
        let now = store.clock.now()
        let card = SeenCard(
            id: store.ids.next(at: now), office: manifest.office, name: manifest.officeName,
            key: manifest.key, seen: now)
        table.withLock { table in
            // Cards that nobody answers must not add up.
            if table.cards.count >= 100 { table.cards.removeAll() }
            table.cards[card.id] = card
        }
        return card.id
    }

    func card(_ id: ID<SeenCard>) throws -> SeenCard {
        guard let card = table.withLock({ $0.cards[id] }) else { throw UserError.notHere }
        return card
    }

    func forget(_ id: ID<SeenCard>) { table.withLock { $0.cards[id] = nil } }
}
