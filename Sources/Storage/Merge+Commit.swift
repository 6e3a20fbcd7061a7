import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Takes what was received into the office: all of it in one transaction, or nothing.
    ///
    /// Calls are staged first, in batches that no page counts; imports and deletions wait meanwhile, everything else
    /// goes on. Blocks its thread.
    /// - Parameters:
    ///   - readCalls: hands the accepted rows of an upload to the staged version, from its archive, which is in its
    ///     place by now.
    ///   - progress: files done, and of how many.
    /// - Throws: `UserError` where it was cancelled, where an archive is not what it should be, or where the disk is
    ///   full, for the copy of the database that is kept first too: nothing is changed then.
    public func merge(
        _ reception: Reception, by actor: Actor, isCancelled: () -> Bool = { false },
        progress: (Int, Int) -> Void = { _, _ in }, readCalls: (FileUploaded, StagedVersion) throws -> Void
    ) throws -> MergeOutcome {
        try changingCalls {
            guard reception.entries > 0 else {
                return try writeNow(as: actor) { tx in
                    try requireWaiting(reception)
                    return try tx.hear(reception)
                }
            }
            // Whoever asks for the merge, and however it came. No call changes between the copy and the merge, so
            // that a return to the copy takes back the merge alone.
            var copy: String?
            // What somebody decided about deletions meanwhile may ask for other rows.
            if try isOfPeople(reception) {
                if try MergeOutcome(kinds: incomingKindsNow()).isNews {
                    copy = try backUpBeforeMerge(by: actor)
                }
                if var done = try attemptWithoutCalls(reception, actor) {
                    done.copy = copy
                    try? settleArchives()
                    return done
                }
            }
            for _ in 0..<3 {
                let plan = try plan(reception)
                if copy == nil, plan.outcome.isNews { copy = try backUpBeforeMerge(by: actor) }
                let done = try attempt(plan, reception, actor, isCancelled, progress, readCalls)
                guard var done else { continue }
                done.copy = copy
                try? settleArchives()
                return done
            }
            throw UserError(
                .busy, "The office changed while the snapshot was taken in; nothing was changed by it.",
                advice: "Take it in again.")
        }
    }

    /// The same rows without taking anything in: how many calls would count.
    public func rehearseMerge(
        _ reception: Reception, isCancelled: () -> Bool = { false },
        progress: (Int, Int) -> Void = { _, _ in }, readCalls: (FileUploaded, StagedVersion) throws -> Void
    ) throws -> MergeOutcome {
        try changingCalls {
            var plan = try plan(reception)
            let change = try stage(plan, isCancelled, progress, readCalls)
            defer {
                try? change.abandon()
                try? forgetStagedSources()
            }
            let rollups = try change.finish(isCancelled: isCancelled)
            plan.outcome.callsAfter = try pool.read { db in
                try Self.digestOfRollups(db, posted: rollups.number).0
            }
            return plan.outcome
        }
    }

    /// Whether no entry that came can be about calls: then one fold is plan and merge.
    private func isOfPeople(_ reception: Reception) throws -> Bool {
        guard !reception.knowsMoreOfUs else { return false }
        return try incomingKindsNow().allSatisfy { Self.kindsOfPeople.contains($0.kind) }
    }

    private static let kindsOfPeople: Set<String> = [
        PersonAdded.kind, PersonsPlaced.kind, TeamHandedOver.kind, PersonRenamed.kind, AliasChanged.kind,
        NamesHeldApart.kind, TransferRequestOpened.kind, TransferRequestDecided.kind,
        TransferRequestCommented.kind, DelegationChanged.kind,
        SnapshotMerged.kind,
    ]

    private func incomingKindsNow() throws -> [MergeOutcome.Kind] {
        try writeNow(as: .program) { tx in try tx.incomingKinds() }
    }

    /// nil: other rows would be there after it, so it has to be planned.
    private func attemptWithoutCalls(_ reception: Reception, _ actor: Actor) throws -> MergeOutcome? {
        do {
            return try writeNow(as: actor) { tx in
                try requireWaiting(reception)
                let isNews = try MergeOutcome(kinds: tx.incomingKinds()).isNews
                let plan = try tx.folded(reception, arrival: isNews ? tx.nextSharedSeq() : nil)
                guard plan.targets.isEmpty else { throw MergeMismatch() }
                return try tx.conclude(plan.outcome, reception)
            }
        } catch is MergeMismatch { return nil }
    }

    /// nil: the fold came out otherwise than planned.
    private func attempt(
        _ plan: MergePlan, _ reception: Reception, _ actor: Actor, _ isCancelled: () -> Bool,
        _ progress: (Int, Int) -> Void, _ readCalls: (FileUploaded, StagedVersion) throws -> Void
    ) throws -> MergeOutcome? {
        let change = try stage(plan, isCancelled, progress, readCalls)
        do {
            let rollups = try change.finish(isCancelled: isCancelled)
            let outcome = try writeNow(as: actor) { tx in
                try requireWaiting(reception)
                return try tx.commit(plan, reception, change, rollups)
            }
            try? rollups.sweepReplaced()
            return outcome
        } catch is MergeMismatch {
            try change.abandon()
            try forgetStagedSources()
            return nil
        } catch {
            try change.abandon()
            try forgetStagedSources()
            throw error
        }
    }

    /// Stages the rows of versions that come, and turns those of versions that are here.
    private func stage(
        _ plan: MergePlan, _ isCancelled: () -> Bool, _ progress: (Int, Int) -> Void,
        _ readCalls: (FileUploaded, StagedVersion) throws -> Void
    ) throws -> CallsChange {
        let change = try CallsChange(self, rules: plan.rules)
        do {
            let sources = try stageSources(plan)
            for (index, target) in plan.targets.enumerated() {
                progress(index, plan.targets.count)
                if isCancelled() { throw UserError.cancelledMerge }
                if let number = target.number {
                    try change.retarget(number, deleted: target.gone, isCancelled: isCancelled)
                    continue
                }
                guard let source = sources[target.source] else { throw UserError.notHere }
                let staged = try change.stage(
                    source, office: target.office, incarnation: target.incarnation,
                    time: HybridTime(bits: target.time), deleted: target.gone)
                try staged.announceArchive(of: target.file, version: target.version)
                if target.state != "purged" { try readCalls(target.upload, staged) }
            }
        } catch {
            try change.abandon()
            try forgetStagedSources()
            throw error
        }
        return change
    }

    /// Sources of versions that come, with numbers for their calls; no list has those that are new.
    private func stageSources(_ plan: MergePlan) throws -> [ID<Source>: StoredSource] {
        try pool.write { db in
            var result: [ID<Source>: StoredSource] = [:]
            for id in Set(plan.targets.map(\.source)) {
                guard let (source, office) = plan.sources[id] else { continue }
                try db.run(
                    sql: """
                        INSERT INTO source (id, office, name, format, settings, staged)
                        VALUES (?, ?, ?, ?, ?, 1)
                        ON CONFLICT (id) DO NOTHING
                        """,
                    arguments: [
                        id.description, office.description, source.name, source.format,
                        try jsonText(source),
                    ])
                let number = try Int64.fetchOne(
                    db.cachedStatement(sql: "SELECT number FROM source WHERE id = ?"),
                    arguments: [id.description])
                if let number { result[id] = StoredSource(number: number, source: source) }
            }
            return result
        }
    }

    func forgetStagedSources() throws {
        try pool.write { db in try db.run(sql: "DELETE FROM source WHERE staged = 1") }
    }
}

extension LiveTarget {
    /// What is not there of it.
    var gone: [ClockSpan] { state == "live" ? deleted : [.always] }
}

extension UserError {
    static let cancelledMerge = UserError(
        .cancelled, "It was cancelled; nothing of the snapshot was taken in.",
        advice: "Take it in again any time.")
}

/// The fold came out otherwise than it was planned.
private struct MergeMismatch: Error {}

extension Transaction {
    fileprivate mutating func commit(
        _ plan: MergePlan, _ reception: Reception, _ change: CallsChange, _ rollups: RollupChange
    ) throws -> MergeOutcome {
        // An older state of this folder goes on as a new chain, whatever else comes.
        if reception.knowsMoreOfUs { try beginIncarnation(.forked) }
        try takeIncoming(arrival: plan.outcome.isNews ? nextSharedSeq() : nil)
        try refoldShared()
        guard try change.matches(db) else { throw MergeMismatch() }
        try rollups.post(self)
        return try conclude(plan.outcome, reception)
    }

    /// What follows the fold: what was heard is kept, and an entry tells of the merge.
    fileprivate mutating func conclude(_ planned: MergeOutcome, _ reception: Reception) throws -> MergeOutcome
    {
        var outcome = planned
        let offer = reception.offer
        try keep(reception)
        let hash = try OfficeStore.stateHash(db, fromRows: false)
        outcome.callsAfter = hash.calls
        outcome.stateHash = hash.hex
        guard outcome.isNews else { return outcome }
        let event = try append(
            .snapshotMerged(
                SnapshotMerged(
                    from: offer.office, name: offer.name, made: offer.made, heads: OfficeStore.heads(db),
                    entries: outcome.entries, files: outcome.uploads.count,
                    calls: Int(clamping: hash.calls - outcome.callsBefore),
                    conflicts: outcome.conflicts.count,
                    stateHash: hash.hex,
                    notTaken: outcome.notTaken.isEmpty ? nil : outcome.notTaken)))
        outcome.event = EventName(event)
        return outcome
    }

    /// Takes a snapshot without anything new: what was heard of its office is kept, and nothing is folded.
    fileprivate mutating func hear(_ reception: Reception) throws -> MergeOutcome {
        // An older state of this folder, as in a merge.
        if reception.knowsMoreOfUs { try beginIncarnation(.forked) }
        try keep(reception)
        let hash = try OfficeStore.stateHash(db, fromRows: false)
        var outcome = MergeOutcome()
        outcome.notTaken = reception.notTaken
        outcome.ahead = reception.ahead
        (outcome.callsBefore, outcome.callsAfter, outcome.stateHash) = (hash.calls, hash.calls, hash.hex)
        return outcome
    }

    /// Keeps what was heard of other offices, and empties the quarantine.
    private func keep(_ reception: Reception) throws {
        let (now, offer) = (now, reception.offer)
        let own = try ChainIdentity.fetch(db)?.office
        for head in reception.heads where head.head.office != own {
            if try isLast(head.head) { try save(head) }
        }
        try OfficeStore.savePeerState(offer.office, db) { state in
            state.heard = now
            state.made = offer.made
            state.heads = offer.heads.map(\.head)
            state.program = offer.program
            state.stateHash = offer.stateHash
            if offer.isFresh { state.clockSkew = (offer.made.milliseconds - now.milliseconds) / 1000 }
        }
        try db.run(sql: "DELETE FROM incomingEvent")
    }

    /// Whether a chain is held just so far: with the head of entries that did not come, what is held could not be
    /// handed on.
    private func isLast(_ head: ChainHead) throws -> Bool {
        guard try OfficeStore.heldSeq(head.chain, db) == head.seq else { return false }
        return try OfficeStore.heldHash(head.chain, head.seq, db).map { hexadecimal($0) } == head.hash
    }

    /// Keeps a head of a chain that its office signed, and those before it for merges that may be taken back.
    func save(_ head: SignedHead) throws {
        try db.run(
            sql: """
                INSERT INTO signedHead (office, incarnation, seq, hash, name, key, signature)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (office, incarnation, seq) DO UPDATE SET hash = excluded.hash,
                  name = excluded.name, key = excluded.key, signature = excluded.signature
                """,
            arguments: [
                head.head.office.description, head.head.incarnation, head.head.seq, head.head.hash, head.name,
                head.key, head.signature,
            ])
        try db.run(
            sql: """
                DELETE FROM signedHead WHERE office = ?1 AND incarnation = ?2 AND seq <= (
                  SELECT seq FROM signedHead WHERE office = ?1 AND incarnation = ?2 ORDER BY seq DESC LIMIT 1 OFFSET 20)
                """, arguments: [head.head.office.description, head.head.incarnation])
    }

    fileprivate func nextSharedSeq() throws -> Int64 {
        guard let chain = try ChainIdentity.fetch(db) else { throw UserError.notSetUp }
        return try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT max(seq) + 1 FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ?
                    """), arguments: [chain.office.description, chain.incarnation]) ?? 1
    }
}
