import Domain
import Formats
import Foundation
import Ingest
import Storage

extension SnapshotDesk {
    /// Opens it, checks every byte and works out what it would do.
    func check(_ id: ID<Arrival>, for viewer: Viewer, by actor: Actor) async throws -> ID<Work> {
        let arrival = try arrival(id)
        return try await works.begin(.check(id), for: viewer) { [self] work, progress in
            try claim(id, { .checking($0) }, for: work)
            do {
                let (manifest, outcome, received) = try await offLoop { [self] in
                    try store.exchanging.takingIn { try look(at: arrival, progress) }
                }
                change(id) {
                    $0.manifest = manifest
                    $0.state = .ready(outcome, received)
                }
            } catch {
                let words = works.inWords(error, work)
                if words.code == .sealed {
                    change(id) {
                        $0.opener = .none
                        $0.state = .sealed(words == SealedFile.wrongPassphrase ? words : nil)
                    }
                    return .checked
                }
                if words.code == .cancelled {
                    try forget(id, after: work)
                    throw words
                }
                change(id) { $0.state = .refused(words) }
                try await offLoop { [self] in
                    try store.recordRefusal(ofSnapshot: arrival.name, words, by: actor)
                }
            }
            return .checked
        }
    }

    private func look(at arrival: Arrival, _ work: LongWork) throws -> (
        SnapshotManifest, MergeOutcome, ReceivedSnapshot
    ) {
        let reader = try SnapshotReader(path: arrival.file.path, opener: arrival.opener)
        // Also of one that is refused: whose it is, and by which key, is said then.
        change(arrival.id) { $0.manifest = reader.manifest }
        let received = try ReceivedSnapshot(
            path: arrival.file.path, fileName: arrival.name, opener: arrival.opener, in: store,
            isCancelled: work.isCancelled
        ) { work.progress(Int(clamping: $0), Int(clamping: $1)) }
        return (reader.manifest, try rehearse(received, work), received)
    }

    private func rehearse(_ received: ReceivedSnapshot, _ work: LongWork) throws -> MergeOutcome {
        received.reception.entries == 0
            ? try received.preview()
            : try received.rehearse(isCancelled: work.isCancelled, progress: work.progress)
    }

    /// Takes in what was looked at. Where the office has changed so that it would do something else, it is shown again
    /// and nothing is taken in.
    ///
    /// - Throws: `UserError` where it is not ready to be taken in.
    func take(_ id: ID<Arrival>, despiteClock: Bool, for viewer: Viewer, by actor: Actor) async throws
        -> ID<Work>
    {
        let arrival = try arrival(id)
        guard case .ready(let shown, let received) = arrival.state else {
            throw UserError(
                .conflict, "It is not ready to be taken in.", advice: "Look at what it would do first.")
        }
        try received.requireSaneClock(despite: despiteClock)
        return try await works.begin(.take(id), for: viewer) { [self] work, progress in
            try claim(id, { .taking($0) }, for: work)
            do {
                let outcome = try await offLoop { [self] in
                    try store.exchanging.takingIn {
                        try merge(arrival, shown, received, despiteClock, actor, progress)
                    }
                }
                try forget(id, after: work)
                let receipt = outcome.event.map { "shared-\($0.chain.incarnation)-\($0.seq)" }
                return .taken(outcome, receipt: receipt)
            } catch {
                let words = works.inWords(error, work)
                change(id) { arrival in
                    if case .taking = arrival.state { arrival.state = .ready(shown, received) }
                }
                throw words
            }
        }
    }

    private func merge(
        _ arrival: Arrival, _ shown: MergeOutcome, _ received: ReceivedSnapshot, _ despiteClock: Bool,
        _ actor: Actor, _ work: LongWork
    ) throws -> MergeOutcome {
        var received = received
        if !received.isWaiting {
            // Another snapshot came in meanwhile and took its place in the quarantine.
            received = try ReceivedSnapshot(
                path: arrival.file.path, fileName: arrival.name, opener: arrival.opener, in: store,
                isCancelled: work.isCancelled
            ) { work.progress(Int(clamping: $0), Int(clamping: $1)) }
        }
        try received.requireSaneClock(despite: despiteClock)
        do {
            guard try received.preview().doesTheSame(as: shown) else { throw UserError.otherOffice }
        } catch let error as UserError where error.code == .stale {
            // What came may not even go on from what is held any more.
            received = try ReceivedSnapshot(
                path: arrival.file.path, fileName: arrival.name, opener: arrival.opener, in: store,
                isCancelled: work.isCancelled)
            let now = try rehearse(received, work)
            change(arrival.id) { [received] in $0.state = .ready(now, received) }
            throw UserError(
                .stale, "The office has changed since this was worked out. Nothing was taken in.",
                advice: "Look at it again: this is what it would do now.")
        }
        return try received.merge(by: actor, isCancelled: work.isCancelled, progress: work.progress)
    }
}

extension MergeOutcome {
    /// The same but for calls, which other imports may have added meanwhile.
    fileprivate func doesTheSame(as other: MergeOutcome) -> Bool {
        entries == other.entries && kinds == other.kinds && uploads == other.uploads
            && conflicts == other.conflicts && changedVersions == other.changedVersions
            && notTaken == other.notTaken
    }
}
