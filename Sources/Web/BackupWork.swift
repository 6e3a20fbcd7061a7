import Domain
import Foundation
import Ingest
import Logging
import Storage
import Synchronization

/// Backups of a running server, one at a time: by schedule, or because somebody asked.
public final class BackupWork: Sendable {
    enum Kind: Sendable { case backup, drill }

    struct Progress: Sendable {
        var kind: Kind
        /// What is being done, where it is no number of bytes.
        var words = ""
        var done: Int64 = 0
        /// 0: not known.
        var all: Int64 = 0
    }

    private let now = Mutex<Progress?>(nil)
    private let isCancelled = Mutex(false)
    private let store: OfficeStore
    private let logger: Logger
    /// When the server was started.
    let started: Instant

    init(store: OfficeStore, logger: Logger) {
        self.store = store
        self.logger = logger
        started = store.clock.now()
    }

    /// nil: nothing goes on.
    var progress: Progress? { now.withLock { $0 } }

    /// What goes on is given up, and leaves nothing.
    func cancel() { isCancelled.withLock { $0 = true } }

    /// Does it to the end, off the event loop; what came of it is on record then.
    ///
    /// - Throws: `UserError` `busy` where something goes on already.
    func run(_ kind: Kind, by actor: Actor) async throws {
        try begin(kind)
        try await perform(kind, actor)
    }

    /// The same without waiting for the end.
    func start(_ kind: Kind, by actor: Actor) throws {
        try begin(kind)
        Task {
            do { try await perform(kind, actor) } catch {
                logger.error("The backup that was asked for failed: \(error)")
            }
        }
    }

    private func begin(_ kind: Kind) throws {
        try now.withLock { now in
            guard now == nil else {
                throw UserError(
                    .busy, "A backup is being made or tried already.", advice: "Wait until it is done.")
            }
            // In the same step: whoever sees it go on can cancel it.
            isCancelled.withLock { $0 = false }
            now = Progress(kind: kind)
        }
    }

    private func perform(_ kind: Kind, _ actor: Actor) async throws {
        defer { now.withLock { $0 = nil } }
        try await onOwnThread { [self] in
            let isCancelled = { [self] in self.isCancelled.withLock { $0 } }
            switch kind {
            case .backup:
                try backUp(store, by: actor, isCancelled: isCancelled) { done, all in
                    now.withLock {
                        $0?.done = done
                        $0?.all = all
                    }
                }
                // What a full disk or a lost one keeps from going is no reason to call the backup failed.
                do { try BackupPlace(of: store).prune() } catch {
                    logger.error("Old backups were not removed: \(error)")
                }
            case .drill:
                try drillLastBackup(of: store, by: actor, isCancelled: isCancelled) { words in
                    now.withLock { $0?.words = words }
                }
            }
        }
    }

    /// What is due at this moment: made by the one who calls this, every few seconds.
    func due() throws -> Kind? {
        let state = try store.backupStateNow()
        let moment = store.clock.now()
        if let next = state.next(started: started), next <= moment { return .backup }
        guard let next = state.nextDrill(started: started), next <= moment else { return nil }
        // A restored office has the records of backups that need not be here, and one may be sealed with an earlier
        // passphrase: the next one is what there is to try. A folder that is not there is told of by the trial.
        if let place = try? BackupPlace(of: store) {
            guard try place.lastKnown() != nil, try lastBackupCannotBeTried(of: store) == nil else {
                return nil
            }
        }
        return .drill
    }
}
