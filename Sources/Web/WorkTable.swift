import Domain
import Foundation
import Logging
import Storage
import Synchronization

/// What works are named by.
enum Work {}

/// Work that may take seconds or minutes, as somebody watches it.
struct WatchedWork<Deed: Sendable, Outcome: Sendable>: Sendable {
    enum State: Sendable {
        case running
        case done(Outcome)
        case failed(UserError)

        var isRunning: Bool { if case .running = self { true } else { false } }
    }

    var id: ID<Work>
    var deed: Deed
    var owner: ID<User>
    var state = State.running
    var done = 0
    /// 0: not known yet.
    var total = 0
    var began: Instant

    /// Hundredths; nil: not known.
    var percent: String? { total > 0 ? String(Int(Double(done) * 100 / Double(total))) : nil }
}

/// The works of a running server, of one sort. Kept in memory only: one that was not done when the server stopped
/// changed nothing, and one that was is in the journal.
final class WorkTable<Deed: Sendable, Outcome: Sendable>: Sendable {
    typealias Job = WatchedWork<Deed, Outcome>

    private struct Table: Sendable {
        var jobs: [ID<Work>: Job] = [:]
        var cancelled: Set<ID<Work>> = []
    }
    private let table = Mutex(Table())
    private let store: OfficeStore
    private let logger: Logger
    private let grace: Grace

    init(store: OfficeStore, logger: Logger, grace: Grace) {
        self.store = store
        self.logger = logger
        self.grace = grace
    }

    /// Whoever's it is; nil: unknown.
    func job(_ id: ID<Work>) -> Job? { table.withLock { $0.jobs[id] } }

    /// nil: unknown, or somebody else's.
    func job(_ id: ID<Work>, of viewer: Viewer) -> Job? {
        job(id).flatMap { $0.owner == viewer.user ? $0 : nil }
    }

    func cancel(_ id: ID<Work>) { table.withLock { _ = $0.cancelled.insert(id) } }

    /// Begins, and waits a moment: what is quick is done when this returns.
    ///
    /// - Throws: `UserError` `tooMany` where somebody has begun a hundred in the last hour.
    func begin(
        _ deed: Deed, for viewer: Viewer,
        _ run: @escaping @Sendable (ID<Work>, LongWork) async throws -> Outcome
    ) async throws -> ID<Work> {
        let now = store.clock.now()
        let id: ID<Work> = store.ids.next(at: now)
        let isFull = table.withLock { table in
            let limit = now.adding(seconds: -3600)
            table.jobs = table.jobs.filter { $0.value.state.isRunning || $0.value.began > limit }
            table.cancelled.formIntersection(table.jobs.keys)
            guard table.jobs.values.count(where: { $0.owner == viewer.user }) < 100 else { return true }
            table.jobs[id] = Job(id: id, deed: deed, owner: viewer.user, began: now)
            return false
        }
        guard !isFull else {
            throw UserError(
                .tooMany, "You have begun a hundred of these in the last hour.", advice: "Wait a while.")
        }
        Task {
            let state = await outcome(id, run)
            table.withLock { $0.jobs[id]?.state = state }
        }
        try await grace.wait { job(id)?.state.isRunning == true }
        return id
    }

    private func outcome(
        _ id: ID<Work>, _ run: @escaping @Sendable (ID<Work>, LongWork) async throws -> Outcome
    ) async -> Job.State {
        let work = LongWork(
            isCancelled: { [self] in table.withLock { $0.cancelled.contains(id) } },
            progress: { [self] done, total in
                table.withLock {
                    $0.jobs[id]?.done = done
                    $0.jobs[id]?.total = total
                }
            })
        do { return .done(try await run(id, work)) } catch {
            return .failed(inWords(error, id))
        }
    }

    /// What a person can mend as it is; everything else goes into the log with the work's id.
    func inWords(_ error: any Error, _ id: ID<Work>) -> UserError {
        if let error = error as? UserError { return error }
        logger.error("Work \(id) failed: \(error)")
        return OfficeStore.userError(for: error)
            ?? UserError(
                .damaged, "Something went wrong inside Rollcall (error \(id)); nothing was changed.",
                advice: "Try again; if it happens again, give this number to whoever looks after the box.")
    }
}
