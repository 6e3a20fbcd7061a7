import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Takes a merge back while nothing followed from it: what it brought is gone from here, and can come again.
    ///
    /// Blocks its thread.
    /// - Parameter merge: the entry of the own chain that told of it.
    /// - Throws: `UserError` `conflict` where something was done since: nothing is changed then.
    public func undoMerge(_ merge: EventName, reason: String, for viewer: Viewer, by actor: Actor) throws {
        try viewer.require(.manageOffices)
        guard !reason.allSatisfy(\.isWhitespace), reason.count <= 2000 else {
            throw UserError(.invalid, "This needs a reason of at most 2,000 characters.", advice: "Say why.")
        }
        try changingCalls {
            struct TakenBack: Error {}
            var targets: [LiveTarget] = []
            // Versions of which no entry will tell any more.
            var withdrawn: [Int64] = []
            var rules: RulesByOffice?
            do {
                try writeNow(as: actor) { tx in
                    let before = try tx.versionsNow()
                    try tx.removeMerge(merge)
                    try tx.refoldShared()
                    let after = try tx.versionsNow()
                    rules = try RulesByOffice(tx.db)
                    targets = before.values.compactMap { target in
                        guard let now = after[target.place] else {
                            if let number = target.number { withdrawn.append(number) }
                            return nil
                        }
                        return now.isOther(than: target) ? now : nil
                    }.sorted { ($0.time, $0.office) < ($1.time, $1.office) }
                    throw TakenBack()
                }
            } catch is TakenBack {}
            let change = try CallsChange(self, rules: rules)
            do {
                for number in withdrawn.sorted() { try change.withdraw(number) }
                for target in targets {
                    if let number = target.number { try change.retarget(number, deleted: target.gone) }
                }
                let rollups = try change.finish()
                try writeNow(as: actor) { tx in
                    let undone = try tx.removeMerge(merge)
                    try tx.refoldShared()
                    guard try change.matches(tx.db) else {
                        throw UserError(
                            .busy, "The office changed meanwhile; nothing was taken back.",
                            advice: "Try it again.")
                    }
                    // A file of the shared folder that was done with may be what is missing now.
                    try tx.db.execute(sql: "DELETE FROM exchangeFile")
                    try rollups.post(tx)
                    try tx.append(
                        .mergeUndone(
                            MergeUndone(
                                merge: merge, from: undone.merged.from, name: undone.merged.name,
                                heads: try Self.heads(tx.db), entries: undone.entries, reason: reason)))
                }
                try? rollups.sweepReplaced()
            } catch {
                try change.abandon()
                throw error
            }
            // What no entry speaks of any more: rows, archives, names, sources.
            try sweepStaged()
            try settleArchives()
        }
    }

    /// Merges of this office, newest first, and whether each can still be taken back.
    public func merges(for viewer: Viewer, limit: Int = 100) async throws -> [(
        event: Event, merged: SnapshotMerged, canBeUndone: Bool
    )] {
        try viewer.require(.viewOffices)
        let found: [MergeEntry] = try await read { db in
            guard let chain = try ChainIdentity.fetch(db) else { return [] }
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM journal WHERE stream = 'shared' AND kind = 'snapshotMerged' AND office = ?
                    ORDER BY time DESC, incarnation DESC, seq DESC LIMIT ?
                    """, arguments: [chain.office.description, max(1, min(limit, 1000))])
            return try rows.map { row in
                let event = try Event(row)
                return MergeEntry(
                    event: event, merged: try fromJSON(SnapshotMerged.self, event.payload),
                    canBeUndone: try Self.canUndo(EventName(event), db))
            }
        }
        return found.map { ($0.event, $0.merged, $0.canBeUndone) }
    }

    private struct MergeEntry: Sendable {
        var event: Event
        var merged: SnapshotMerged
        var canBeUndone: Bool
    }

    /// Nothing was done in this office after it, and it brought something.
    static func canUndo(_ merge: EventName, _ db: Database) throws -> Bool {
        guard let chain = try ChainIdentity.fetch(db),
            merge.chain == Chain(office: chain.office, incarnation: chain.incarnation)
        else { return false }
        let last = try Int64.fetchOne(
            db,
            sql: "SELECT max(seq) FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ?",
            arguments: [chain.office.description, chain.incarnation])
        guard last == merge.seq else { return false }
        let brought = try Bool.fetchOne(
            db, sql: "SELECT 1 FROM journal WHERE arrival = ? LIMIT 1", arguments: [merge.seq])
        return try brought == true && !broughtPurge(merge, db)
    }

    /// What was erased with it cannot come back.
    fileprivate static func broughtPurge(_ merge: EventName, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT 1 FROM journal WHERE arrival = ? AND kind IN (?, ?) LIMIT 1",
            arguments: [merge.seq, DeleteRequestPurged.kind, ArchiveRewritten.kind]) == true
    }
}

extension Transaction {
    /// Takes out of the journal what a merge brought, and what came of the same chains after it.
    @discardableResult
    fileprivate func removeMerge(_ merge: EventName) throws -> (merged: SnapshotMerged, entries: Int) {
        guard let event = try OfficeStore.event(merge, db),
            case .snapshotMerged(let merged) = try EventBody(event)
        else { throw UserError.notHere }
        guard try OfficeStore.canUndo(merge, db) else {
            if try OfficeStore.broughtPurge(merge, db) {
                throw UserError(
                    .conflict,
                    "With this snapshot calls were purged, which cannot be taken back, so it stays.",
                    advice: "Change by hand what should be otherwise.")
            }
            throw UserError(
                .conflict, "Something was done since this snapshot was taken in, so it stays.",
                advice: "Change by hand what should be otherwise, or restore the backup made before.")
        }
        let chains = try Row.fetchAll(
            db,
            sql:
                "SELECT office, incarnation, min(seq) AS seq FROM journal WHERE arrival = ? GROUP BY office, incarnation",
            arguments: [merge.seq])
        var entries = 0
        for row in chains {
            let chain: StatementArguments = [
                row["office"] as String, row["incarnation"] as Int, row["seq"] as Int64,
            ]
            try db.execute(
                sql: """
                    DELETE FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ? AND seq >= ?
                    """, arguments: chain)
            entries += db.changesCount
            // The heads that were signed of these are no longer held; with the one before, what is left is handed on.
            try db.execute(
                sql: "DELETE FROM signedHead WHERE office = ? AND incarnation = ? AND seq >= ?",
                arguments: chain)
        }
        return (merged, entries)
    }
}
