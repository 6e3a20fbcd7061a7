import Domain
import Foundation
import Ingest
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// Runs exchanges with other offices, each way by itself, and keeps what came of them.
public struct ExchangeWork: Sendable {
    public struct Done: Sendable {
        public var way: ExchangeWay
        public var run: ExchangeRun
        /// What happened, one sentence each.
        public var lines: [String]
    }

    let store: OfficeStore
    let shelf: ExchangeShelf
    let logger: Logger

    public init(store: OfficeStore, logger: Logger) {
        self.init(shelf: ExchangeShelf(store: store, logger: logger), logger: logger)
    }

    init(shelf: ExchangeShelf, logger: Logger) {
        store = shelf.store
        self.shelf = shelf
        self.logger = logger
    }

    /// Every way that is set up: the folder first, for it is the quickest.
    public func ways(for viewer: Viewer) async throws -> [ExchangeWay] {
        let folder = try await store.officeState()?.settings.exchange.folder
        let links = try await store.exchangeLinks(for: viewer)
        return (folder == nil ? [] : [.folder]) + links.map { .office($0.office) }
    }

    /// Runs one way now.
    ///
    /// - Throws: `UserError` `busy` where it is running; a run that fails is no error here, but told in what it returns.
    public func run(_ way: ExchangeWay, by actor: Actor) async throws -> Done {
        guard store.exchanging.begin(way) else {
            throw UserError(
                .busy, "This exchange is going on already.", advice: "Wait until it is done.")
        }
        return try await perform(way, by: actor)
    }

    /// The same without waiting for the end; where it goes on already, nothing is begun.
    func start(_ way: ExchangeWay, by actor: Actor) {
        guard store.exchanging.begin(way) else { return }
        Task { _ = try? await perform(way, by: actor) }
    }

    /// Of a way that was begun.
    private func perform(_ way: ExchangeWay, by actor: Actor) async throws -> Done {
        defer { store.exchanging.end(way) }
        var run = ExchangeRun(began: store.clock.now())
        var lines: [String] = []
        do {
            switch way {
            case .folder: try await runFolder(&run, &lines, actor)
            case .office(let office):
                let link = try await store.exchangeLinks(for: .console).first { $0.office == office }
                guard let link else { throw UserError.notHere }
                try await ExchangeCall(link, shelf: shelf, by: actor).perform(&run, &lines)
            }
        } catch {
            run.error = words(for: error)
        }
        if let error = run.error {
            logger.notice("The exchange \(way.text) failed: \(error.message)")
        }
        let saved = try await onOwnThread { [store, run] in try store.saveExchangeRun(run, of: way) }
        return Done(way: way, run: saved, lines: lines)
    }

    private func runFolder(_ run: inout ExchangeRun, _ lines: inout [String], _ actor: Actor) async throws {
        guard let path = try await store.officeState()?.settings.exchange.folder else {
            throw UserError.notHere
        }
        let outcome = try await onCancellableThread { [store] isCancelled in
            try ExchangeFolder(path, of: store, by: actor).run(isCancelled: isCancelled)
        }
        (run.bytesIn, run.bytesOut) = (outcome.bytesIn, outcome.bytesOut)
        (run.taken, run.entries, run.sent) = (outcome.taken, outcome.entries, outcome.sent)
        lines += outcome.lines
    }

    private func words(for error: any Error) -> UserError {
        if let error = error as? UserError { return error }
        if error is CancellationError { return .exchangeCancelled }
        if let error = OfficeStore.userError(for: error) { return error }
        logger.error("An exchange failed: \(String(reflecting: error))")
        return UserError(
            .damaged, "Something went wrong inside Rollcall; nothing was taken in.",
            advice: "It is tried again by itself. The server's log says more.")
    }
}

extension UserError {
    public static let noExchange = UserError(
        .conflict, "No exchange is set up.",
        advice: "Choose a shared folder, or enter another office's address, on the page Exchange.")
}

/// Runs work that blocks on a thread of its own, and tells it when the task is cancelled.
func onCancellableThread<T: Sendable>(
    _ work: @escaping @Sendable (@escaping @Sendable () -> Bool) throws -> T
) async throws -> T {
    let flag = Flag()
    return try await withTaskCancellationHandler {
        try await onOwnThread { try work { flag.isSet } }
    } onCancel: {
        flag.set()
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// Exchanges by their schedule, and looks at the shared folder in between; what fails is tried again later and later.
public struct ExchangeService: Service {
    let work: ExchangeWork
    /// How often it looks at the clock, and at the folder.
    var pulse: Duration
    var folderPulse: Duration

    public init(
        work: ExchangeWork, pulse: Duration = .seconds(5), folderPulse: Duration = .seconds(20)
    ) {
        self.work = work
        self.pulse = pulse
        self.folderPulse = folderPulse
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await watchFolder() }
                while !Task.isCancelled {
                    for way in due() {
                        // Its own task: one that waits for a line holds up no other.
                        group.addTask { _ = try? await work.run(way, by: .exchange) }
                    }
                    work.shelf.sweep()
                    try? await Task.sleep(for: pulse)
                }
            }
        }
    }

    private func due() -> [ExchangeWay] {
        let (store, now) = (work.store, work.store.clock.now())
        func next() -> [ExchangeWay: Instant] { (try? store.nextExchanges()) ?? [:] }
        // Asked for again once it is known what runs: a run that ends in between has put its next one off.
        let idle = next().keys.filter { !store.exchanging.isRunning($0) }
        return next().filter { idle.contains($0.key) && $0.value <= now }.map(\.key)
    }

    /// Runs the folder before its time once others' files differ, and have stood still for one look: they may be copied
    /// right now.
    private func watchFolder() async {
        var (last, seen): (String?, String?)
        while !Task.isCancelled {
            try? await Task.sleep(for: folderPulse)
            guard let settings = try? await work.store.officeState()?.settings.exchange,
                let path = settings.folder, settings.folderTimes != .byHand
            else { continue }
            let store = work.store
            let found = try? await onOwnThread { try ExchangeFolder(path, of: store, by: .exchange).look() }
            guard let found else { continue }
            // What came while no server ran is taken in, too.
            if found == last, found != seen, (try? await work.run(.folder, by: .exchange)) != nil {
                seen = found
            }
            last = found
        }
    }
}
