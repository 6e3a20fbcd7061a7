import Domain
import Foundation
import GRDB

extension Transaction {
    func foldBackupMade(_ event: Event, _ it: BackupMade) throws {
        try db.execute(
            sql: """
                INSERT INTO backup (name, made, bytes, entries, files, calls, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (name) DO UPDATE SET made = excluded.made, bytes = excluded.bytes,
                  entries = excluded.entries, files = excluded.files, calls = excluded.calls,
                  sealed = excluded.sealed, drilled = NULL
                """,
            arguments: [
                it.name, event.time.instant.milliseconds, it.bytes, it.entries, it.files, it.calls,
                it.isSealed,
            ])
        try db.execute(sql: "DELETE FROM backupFailure WHERE step IN ('written', 'verified')")
    }

    func foldBackupFailed(_ event: Event, _ it: BackupFailed) throws {
        try db.execute(
            sql: """
                INSERT INTO backupFailure (step, time, message) VALUES (?, ?, ?)
                ON CONFLICT (step) DO UPDATE SET time = excluded.time, message = excluded.message
                """, arguments: [it.step.rawValue, event.time.instant.milliseconds, it.message])
    }

    func foldBackupDrilled(_ event: Event, _ it: BackupDrilled) throws {
        try db.execute(
            sql: "UPDATE backup SET drilled = ? WHERE name = ?",
            arguments: [event.time.instant.milliseconds, it.name])
        try db.execute(sql: "DELETE FROM backupFailure WHERE step = 'drill'")
    }
}

extension BackupRecord {
    fileprivate init(_ row: Row) {
        self.init(
            name: row["name"], made: Instant(milliseconds: row["made"]), bytes: row["bytes"],
            entries: row["entries"], files: row["files"], calls: row["calls"], isSealed: row["sealed"],
            drilled: (row["drilled"] as Int64?).map(Instant.init(milliseconds:)))
    }
}

extension OfficeStore {
    /// How the backups stand: some rows, so that every page of an admin can ask. Whether anything changed since the last
    /// one is not looked up.
    public func backupState(for viewer: Viewer) async throws -> BackupState {
        try viewer.require(.manageBackups)
        return try await read { db in try Self.backupState(db) }
    }

    /// The same with what has changed, for who makes them. For threads that may block.
    public func backupStateNow() throws -> BackupState {
        try pool.read { db in
            var state = try Self.backupState(db)
            state.hasChanged = try Self.hasChanged(since: state.last, db)
            return state
        }
    }

    /// Every backup that was written and read again, the last one first; its file need not be there any more.
    public func backupRecords(for viewer: Viewer) async throws -> [BackupRecord] {
        try viewer.require(.manageBackups)
        return try await read { db in try Self.backupRecords(db) }
    }

    /// For threads that may block.
    public func backupRecordsNow() throws -> [BackupRecord] {
        try pool.read { db in try Self.backupRecords(db) }
    }

    private static func backupRecords(_ db: Database) throws -> [BackupRecord] {
        try Row.fetchAll(db, sql: "SELECT * FROM backup ORDER BY made DESC, name").map { BackupRecord($0) }
    }

    private static func backupState(_ db: Database) throws -> BackupState {
        let settings = try officeState(db)?.settings.backups
        let last = try Row.fetchOne(db, sql: "SELECT * FROM backup ORDER BY made DESC LIMIT 1")
        let drilled = try Int64.fetchOne(db, sql: "SELECT max(drilled) FROM backup")
        let failures = try Row.fetchAll(
            db, sql: "SELECT step, time, message FROM backupFailure ORDER BY step")
        let founded = try Int64.fetchOne(db, sql: "SELECT min(time) FROM journal")
        return BackupState(
            settings: settings ?? BackupSettings(), last: last.map { BackupRecord($0) },
            drilled: drilled.map(Instant.init(milliseconds:)),
            failures: failures.compactMap { row in
                BackupFailed.Step(rawValue: row["step"]).map {
                    BackupState.Failure(
                        step: $0, time: Instant(milliseconds: row["time"]), message: row["message"])
                }
            }, hasChanged: false,
            founded: settings == nil ? nil : founded.map { HybridTime(bits: $0).instant })
    }

    /// Anything but what backups and sign-ins write themselves.
    private static func hasChanged(since last: BackupRecord?, _ db: Database) throws -> Bool {
        guard let last else { return true }
        guard try heads(db).reduce(0, { $0 + $1.seq }) == Int64(last.entries) else { return true }
        // What was done while it was written is not in it.
        let since = HybridTime.next(after: nil, now: last.made.adding(seconds: -60)).bits
        return try Bool.fetchOne(
            db,
            sql: """
                SELECT 1 FROM journal WHERE time > ? AND stream = 'local' AND kind NOT IN ('backupMade',
                  'backupFailed', 'backupDrilled', 'backupDownloaded', 'replacedRemoved', 'signedIn', 'signInRefused', 'signedOut',
                  'snapshotExported', 'figuresExported') LIMIT 1
                """, arguments: [since]) ?? false
    }

    /// For threads that may block.
    public func record(_ made: BackupMade, by actor: Actor) throws {
        try writeNow(as: actor) { tx in _ = try tx.append(.backupMade(made)) }
    }

    public func record(_ failed: BackupFailed, by actor: Actor) throws {
        try writeNow(as: actor) { tx in _ = try tx.append(.backupFailed(failed)) }
    }

    public func record(_ drilled: BackupDrilled, by actor: Actor) throws {
        try writeNow(as: actor) { tx in _ = try tx.append(.backupDrilled(drilled)) }
    }

    public func record(_ changed: BackupPassphraseChanged, by actor: Actor) throws {
        try writeNow(as: actor) { tx in _ = try tx.append(.backupPassphraseChanged(changed)) }
    }

    public func record(_ downloaded: BackupDownloaded, by actor: Actor) throws {
        try writeNow(as: actor) { tx in _ = try tx.append(.backupDownloaded(downloaded)) }
    }
}
