import Domain
import Ingest
import Logging
import Storage

enum DeletionDeed: Sendable, Hashable {
    /// Looking at what a deletion would do; with what was typed, for the page that goes on with it.
    case plan(DeleteScope, reason: String)
    case decide(ID<DeleteRequest>, DeleteAction)
    case purge(ID<DeleteRequest>)
}

/// The works on deletions of a running server.
final class DeletionWork: Sendable {
    private let works: WorkTable<DeletionDeed, PlannedDeletion?>
    private let store: OfficeStore

    init(store: OfficeStore, logger: Logger, grace: Grace) {
        works = WorkTable(store: store, logger: logger, grace: grace)
        self.store = store
    }

    /// nil: unknown, or somebody else's. Of a plan that is done: what it would do.
    func job(_ id: ID<Work>, of viewer: Viewer) -> WatchedWork<DeletionDeed, PlannedDeletion?>? {
        works.job(id, of: viewer)
    }

    func cancel(_ id: ID<Work>, by viewer: Viewer) throws {
        guard job(id, of: viewer) != nil else { throw UserError.notHere }
        works.cancel(id)
    }

    /// - Throws: `UserError` `tooMany` where somebody has begun a hundred in the last hour.
    func begin(
        _ deed: DeletionDeed, comment: String = "", typedName: String? = nil, for viewer: Viewer,
        by actor: Actor
    ) async throws -> ID<Work> {
        try await works.begin(deed, for: viewer) { [store] _, work in
            try await offLoop {
                switch deed {
                case .plan(let scope, _): return try store.planDeletion(scope, for: viewer, work: work)
                case .decide(let request, let action):
                    try store.decideDeleteRequest(
                        request, action, comment: comment, typedName: typedName, for: viewer, by: actor,
                        work: work)
                case .purge(let request):
                    try purgeDeletion(request, in: store, comment: comment, for: viewer, by: actor)
                }
                return nil
            }
        }
    }
}
