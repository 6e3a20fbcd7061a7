import Domain
import Foundation
import GRDB
import Synchronization

/// An open data folder: the one connection that writes, readers, the clock and the source of identities.
///
/// Every change is a named verb in an extension of this type, one transaction each.
public final class OfficeStore: Sendable {
    public let folder: DataFolder
    public let clock: Clock
    public let ids: IDs
    public let passwords: PasswordCost
    public let disk: Disk
    let place: FolderPlace
    /// How many rows' worth of tallies an import holds before it writes them down; 4 bytes each.
    let tallyMemory: Int
    private let lock: FolderLock
    let pool: DatabasePool
    /// Held by whatever stages rows and rollups: one such change at a time, so that each builds on the last.
    private let changing = NSRecursiveLock()
    private let closing = Mutex(false)
    /// Snapshots that were received since the start; the quarantine has the last.
    let receptions = Mutex(0)
    public let exchanging = ExchangeTurn()

    /// Takes the folder's lock, ends a restore that was cut off, brings the schema up to date, sweeps what a crash left
    /// behind, and goes on as a new chain where the folder is a copy.
    ///
    /// - Parameter place: what tells this folder from its copies.
    /// - Parameter keepsCopies: a copy of the database is kept before the schema is brought up to date.
    /// - Throws: `UserError` `busy` when another process has the folder, `damaged` for a database that
    ///   cannot be opened.
    public init(
        folder: DataFolder, clock: Clock = .system, ids: IDs = .system, passwords: PasswordCost = .standard,
        tallyMemory: Int = 10_000_000, disk: Disk = .system, place: FolderPlace = .system,
        keepsCopies: Bool = true
    ) throws {
        self.folder = folder
        self.clock = clock
        self.ids = ids
        self.passwords = passwords
        self.tallyMemory = tallyMemory
        self.disk = disk
        self.place = place
        try folder.makePlace()
        lock = try FolderLock(folder)
        try FolderSwap.finish(in: folder)
        try folder.make()
        var configuration = Configuration()
        configuration.maximumReaderCount = 6
        configuration.busyMode = .timeout(5)
        let now = DatabaseFunction("nowMilliseconds", argumentCount: 0) { _ in clock.now().milliseconds }
        configuration.prepareDatabase { db in
            db.add(function: now)
            try db.execute(sql: "PRAGMA cache_size = -8000")
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        do {
            pool = try DatabasePool(path: folder.database, configuration: configuration)
            chmod(folder.database, 0o600)
            // After the pool is open: opening it sets NORMAL, which may lose what was answered "done".
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA wal_autocheckpoint = 16000")
                try db.execute(sql: "PRAGMA cache_size = -40000")
            }
            if keepsCopies {
                try Self.keepCopyBeforeUpgrade(of: pool, in: folder, at: clock.now(), disk: disk)
            }
            try Schema.migrator.migrate(pool)
        } catch let error as DatabaseError {
            if error.resultCode == .SQLITE_FULL {
                throw UserError(
                    .diskFull, "The disk is full.", advice: "Make room on the disk of \(folder.path).")
            }
            throw UserError(
                .damaged, "The database \(folder.database) cannot be opened: \(error.message ?? "unknown").",
                advice: "Restore the last backup, or ask for help with this message.")
        }
        try sweep()
        try noticePlace()
    }

    /// Reads one consistent state.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await pool.read(body)
    }

    /// One transaction in the name of `actor`: all of it or nothing; one transaction has one time.
    @discardableResult
    public func write<T: Sendable>(
        as actor: Actor, _ body: @escaping @Sendable (inout Transaction) throws -> T
    ) async throws -> T {
        try await pool.write { [self] db in try transact(db, actor, body) }
    }

    /// The same, for threads that may block.
    @discardableResult
    func writeNow<T>(as actor: Actor, _ body: (inout Transaction) throws -> T) throws -> T {
        try pool.write { db in try transact(db, actor, body) }
    }

    /// One transaction on rows that nothing counts yet, which a power cut may take back.
    ///
    /// Not synced by itself: the write-ahead log is one file, so the commit that makes the rows count syncs
    /// them with itself, and a cut before it leaves only what the next start sweeps.
    func writeStaged<T>(_ body: (Database) throws -> T) throws -> T {
        guard !isClosing else { throw UserError.closing }
        return try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            defer { try? db.execute(sql: "PRAGMA synchronous = FULL") }
            var result: T?
            try db.inTransaction {
                result = try body(db)
                return .commit
            }
            guard let result else { throw UserError.notHere }
            return result
        }
    }

    /// The business day on the office's clock now, inside a read or a write; nil: there is no office yet.
    static func today(_ db: Database) throws -> Day? {
        guard let state = try officeState(db),
            let now = try Int64.fetchOne(db, sql: "SELECT nowMilliseconds()")
        else { return nil }
        return state.businessDay(at: Instant(milliseconds: now))
    }

    private func transact<T>(
        _ db: Database, _ actor: Actor, _ body: (inout Transaction) throws -> T
    ) throws -> T {
        var transaction = Transaction(db: db, now: clock.now(), actor: actor, ids: ids)
        return try body(&transaction)
    }

    /// Runs one change of calls and rollups after the other; blocks its thread, never the writer.
    public func changingCalls<T>(_ body: () throws -> T) rethrows -> T {
        changing.lock()
        defer { changing.unlock() }
        return try body()
    }

    /// Long changes give up then, as if they had been cancelled; the next start sweeps what they leave.
    var isClosing: Bool { closing.withLock { $0 } }

    /// Ends the use of the folder, which another store or process may open then; waits for a change that goes on
    /// to give up.
    public func close() throws {
        closing.withLock { $0 = true }
        changing.lock()
        defer { changing.unlock() }
        try pool.close()
        lock.release()
    }
}

/// What a verb works with: the database inside one transaction, its one time, and who acts.
public struct Transaction {
    let db: Database
    public let now: Instant
    public let actor: Actor
    let ids: IDs
    /// Where the journal is folded again: what stood before an event need not be what its author saw, for others
    /// may have acted at the same time. The later one stands then, and the other is a conflict.
    var refold: Refold?

    public func newID<Entity>() -> ID<Entity> { ids.next(at: now) }
}

extension UserError {
    static let closing = UserError(
        .cancelled, "Rollcall is being stopped; nothing was changed.", advice: "Start it again after that.")
}

/// Whether the database, or the system under it, ran out of room.
public func isDiskFull(_ error: any Error) -> Bool {
    guard let error = error as? DatabaseError else { return false }
    return error.resultCode == .SQLITE_FULL || error.extendedResultCode == .SQLITE_IOERR_WRITE
}
