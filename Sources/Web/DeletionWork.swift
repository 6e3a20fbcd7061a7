import Domain
import Foundation
import Ingest
import Logging
import Storage
import Synchronization

/// Work on deletions that may take seconds, as somebody watches it.
struct DeletionJob: Sendable {
    enum Kind: Sendable, Hashable {
        /// Looking at what a deletion would do.
        case plan(DeleteScope)
        case decide(ID<DeleteRequest>, DeleteAction)
        case purge(ID<DeleteRequest>)
    }
    enum State: Sendable {
        case running
        /// Of a plan, what it would do.
        case done(PlannedDeletion?)
        case failed(UserError)

        var isRunning: Bool { if case .running = self { true } else { false } }
    }

    var id: ID<DeletionJob>
    var kind: Kind
    var owner: ID<User>
    /// What was typed, for the page that goes on with it.
    var reason: String
    var state = State.running
    var rowsDone = 0
    var rows = 0
    var began: Instant
}

/// The works of a running server. Kept in memory only: one that was not done when the server stopped changed
/// nothing, and one that was is in the journal.
final class DeletionWork: Sendable {
    private struct Table {
        var jobs: [ID<DeletionJob>: DeletionJob] = [:]
        var cancelled: Set<ID<DeletionJob>> = []
    }
    private let table = Mutex(Table())
    private let store: OfficeStore
    private let logger: Logger

    init(store: OfficeStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// nil: unknown, or somebody else's.
    func job(_ id: ID<DeletionJob>, of viewer: Viewer) -> DeletionJob? {
        table.withLock { $0.jobs[id] }.flatMap { $0.owner == viewer.user ? $0 : nil }
    }

    func cancel(_ id: ID<DeletionJob>, by viewer: Viewer) throws {
        guard job(id, of: viewer) != nil else { throw UserError.notHere }
        table.withLock { _ = $0.cancelled.insert(id) }
    }

    /// Begins, and waits a moment: what is quick is done when this returns.
    ///
    /// - Throws: `UserError` `tooMany` where somebody has begun a hundred in the last hour.
    func begin(
        _ kind: DeletionJob.Kind, reason: String = "", comment: String = "", typedName: String? = nil,
        for viewer: Viewer, by actor: Actor
    ) async throws -> ID<DeletionJob> {
        let now = store.clock.now()
        let id: ID<DeletionJob> = store.ids.next(at: now)
        let isFull = table.withLock { table in
            let limit = now.adding(seconds: -3600)
            table.jobs = table.jobs.filter { $0.value.state.isRunning || $0.value.began > limit }
            table.cancelled.formIntersection(table.jobs.keys)
            guard table.jobs.values.count(where: { $0.owner == viewer.user }) < 100 else { return true }
            table.jobs[id] = DeletionJob(
                id: id, kind: kind, owner: viewer.user, reason: reason, began: now)
            return false
        }
        guard !isFull else {
            throw UserError(
                .tooMany, "You have begun a hundred of these in the last hour.", advice: "Wait a while.")
        }
        Task {
            let state = await run(kind, id, comment, typedName, viewer, actor)
            table.withLock { $0.jobs[id]?.state = state }
        }
        for _ in 0..<60 where job(id, of: viewer)?.state.isRunning == true {
            try await Task.sleep(for: .milliseconds(25))
        }
        return id
    }

    private func run(
        _ kind: DeletionJob.Kind, _ id: ID<DeletionJob>, _ comment: String, _ typedName: String?,
        _ viewer: Viewer, _ actor: Actor
    ) async -> DeletionJob.State {
        let work = LongWork(
            isCancelled: { [self] in table.withLock { $0.cancelled.contains(id) } },
            progress: { [self] done, rows in
                table.withLock {
                    $0.jobs[id]?.rowsDone = done
                    $0.jobs[id]?.rows = rows
                }
            })
        do {
            return try await offLoop { [store] in
                switch kind {
                case .plan(let scope): return .done(try store.planDeletion(scope, for: viewer, work: work))
                case .decide(let request, let action):
                    try store.decideDeleteRequest(
                        request, action, comment: comment, typedName: typedName, for: viewer, by: actor,
                        work: work)
                case .purge(let request):
                    try purgeDeletion(request, in: store, comment: comment, for: viewer, by: actor)
                }
                return .done(nil)
            }
        } catch let error as UserError {
            return .failed(error)
        } catch {
            logger.error("Deletion work \(id) failed: \(error)")
            return .failed(
                OfficeStore.userError(for: error)
                    ?? UserError(
                        .damaged,
                        "Something went wrong inside Rollcall (error \(id)); nothing was changed.",
                        advice:
                            "Try again; if it happens again, give this number to whoever looks after the box."
                    ))
        }
    }
}
