import Domain
import Foundation
import GRDB
import Glibc

/// Why a copy of the database is kept.
public enum SafetyCopyReason: Hashable, Sendable {
    /// Before this release brings the schema up to date.
    case upgrade
    case merge

    fileprivate var words: String { self == .upgrade ? "before-\(Version.text)" : "before-merge" }
}

extension OfficeStore {
    /// Keeps a copy of the database as it is, before a merge; blocks its thread, and nobody else's.
    ///
    /// Archives are not in it: a merge adds to them, and removes those alone that were purged elsewhere, which the next
    /// snapshot of that office purges here again. Exchanges that run by themselves every few minutes keep one
    /// an hour. The newest two copies are kept, and the last one of the day before.
    /// - Returns: its path; nil: there is one that is young enough.
    /// - Throws: `UserError` `diskFull` where there is no room for it, or the disk does not take it.
    @discardableResult
    func backUpBeforeMerge(by actor: Actor) throws -> String? {
        let now = clock.now()
        if actor.isExchange, let last = Self.copies(of: .merge, in: folder).last?.made,
            last <= now, now < last.adding(seconds: 3600)
        {
            return nil
        }
        do {
            return try Self.keepCopy(
                of: pool, .merge, in: folder, at: now, disk: disk,
                leaving: try officeStateNow()?.settings.disk.refuseBelow ?? 0)
        } catch let error where !(error is UserError) {
            let words = (error as? FolderFailure)?.description ?? "\(error)"
            throw UserError(
                .diskFull,
                "The copy of the database that is kept before a merge cannot be written: \(words). Nothing was taken in.",
                advice:
                    "Check the disk of \(folder.backups), and that Rollcall's user may write there; then try again."
            )
        }
    }

    /// Keeps a copy where `migrator` has work to do on a folder with an office.
    static func keepCopyBeforeUpgrade(
        of pool: DatabasePool, in folder: DataFolder, at now: Instant, disk: Disk
    ) throws {
        let migrator = Schema.migrator
        let (isOld, isNewer, hasOffice) = try pool.read { db in
            let hasOffice =
                try db.tableExists("folder") && Bool.fetchOne(db, sql: "SELECT 1 FROM folder") == true
            return (
                try !migrator.hasCompletedMigrations(db), try migrator.hasBeenSuperseded(db), hasOffice
            )
        }
        guard !isNewer else {
            let kept = copies(of: .upgrade, in: folder)
            throw UserError(
                .unknownFormat,
                "The data folder \(folder.path) was last used by a newer Rollcall than this one (\(Version.text)).",
                advice: "Use that release again"
                    + (kept.last.map { ", or go back with “rollcall restore \($0.path)”." } ?? "."))
        }
        if isOld, hasOffice { try keepCopy(of: pool, .upgrade, in: folder, at: now, disk: disk) }
    }

    @discardableResult
    private static func keepCopy(
        of pool: DatabasePool, _ reason: SafetyCopyReason, in folder: DataFolder, at now: Instant, disk: Disk,
        leaving reserve: Int64 = 0
    ) throws -> String {
        let size = try pool.read { db in
            try Int64.fetchOne(
                db, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") ?? 0
        }
        let space = try disk.space(folder.path)
        // A copy must not be what stops the uploads.
        let left = max(reserve, 16 << 20)
        guard space.free - size > left else {
            throw UserError(
                .diskFull,
                "A copy of the database must be kept first. It needs \(size / 1_000_000) MB beside the \(left / 1_000_000) MB that stay free, and \(space.free / 1_000_000) MB are free. Nothing was changed.",
                advice: "Make room on the disk of \(folder.path), and try again.")
        }
        let name = "\(reason.words)-\(BackupName.stamp(now)).sqlite"
        let (path, temporary) = ("\(folder.backups)/\(name)", "\(folder.backups)/.part-\(name)")
        removeUnfinishedCopies(in: folder)
        do {
            let copy = try DatabaseQueue(path: temporary)
            chmod(temporary, 0o600)
            try pool.backup(to: copy)
            try copy.writeWithoutTransaction { db in
                // One file, whatever its original has beside it.
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
            try syncFile(temporary)
            guard rename(temporary, path) == 0 else {
                throw FolderFailure(what: "cannot move \(temporary) to \(path)", code: errno)
            }
            try syncFile(folder.backups)
        } catch {
            removeUnfinishedCopies(in: folder)
            throw error
        }
        let all = copies(of: reason, in: folder)
        var kept = Set(all.suffix(2).map(\.path))
        if reason == .merge, let earlier = all.last(where: { $0.day < now.local(in: .gmt).day }) {
            kept.insert(earlier.path)
        }
        for old in all where !kept.contains(old.path) { unlink(old.path) }
        return path
    }

    /// What a crash left, with what SQLite has beside it.
    private static func removeUnfinishedCopies(in folder: DataFolder) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.backups)) ?? []
        for name in names where name.hasPrefix(".part-before-") { unlink("\(folder.backups)/\(name)") }
    }

    private struct Copy {
        var path: String
        /// As its name says.
        var made: Instant
        var day: Day { made.local(in: .gmt).day }
    }

    /// The kept copies, the oldest first.
    private static func copies(of reason: SafetyCopyReason, in folder: DataFolder) -> [Copy] {
        let isMerge: (String) -> Bool = { $0.hasPrefix("before-merge-") }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.backups)) ?? []).filter {
            $0.hasPrefix("before-") && $0.hasSuffix(".sqlite") && isMerge($0) == (reason == .merge)
        }
        return names.compactMap { name in
            BackupName.moment(ofStamp: String(name.suffix(23))).map {
                Copy(path: "\(folder.backups)/\(name)", made: $0)
            }
        }.sorted { ($0.made, $0.path) < ($1.made, $1.path) }
    }

    private static func syncFile(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FolderFailure(what: "cannot open \(path)", code: errno) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FolderFailure(what: "cannot sync \(path)", code: errno) }
    }
}

/// What a database file holds, in a few figures, whatever its schema's age; nothing of it is changed.
public struct OfficeGlance: Hashable, Sendable {
    public var name: String
    public var calls: Int64
    public var files: Int
    public var entries: Int
    /// Of the last entry.
    public var last: Instant?

    /// nil: there is no office in it, or it cannot be read.
    public init?(database path: String) {
        guard access(path, F_OK) == 0 else { return nil }
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        guard let queue = try? DatabaseQueue(path: path, configuration: configuration) else { return nil }
        defer { try? queue.close() }
        let found = try? queue.read { db -> OfficeGlance? in
            let name = try String.fetchOne(
                db, sql: "SELECT name FROM office WHERE id = (SELECT office FROM folder)")
            guard let name else { return nil }
            let time = try Int64.fetchOne(db, sql: "SELECT max(time) FROM journal")
            return OfficeGlance(
                name: name,
                calls: try Int64.fetchOne(
                    db,
                    sql: """
                        SELECT sum(d.logs) FROM agentDay d WHERE d.change = (SELECT max(x.change) FROM agentDay x
                          WHERE x.day = d.day AND x.name = d.name AND x.change <= (SELECT postedChange FROM folder))
                        """) ?? 0,
                files: try Int.fetchOne(db, sql: "SELECT count(*) FROM fileVersion WHERE state = 'live'")
                    ?? 0,
                entries: try Int.fetchOne(db, sql: "SELECT count(*) FROM journal") ?? 0,
                last: time.map { HybridTime(bits: $0).instant })
        }
        guard let glance = found ?? nil else { return nil }
        self = glance
    }

    private init(name: String, calls: Int64, files: Int, entries: Int, last: Instant?) {
        self.name = name
        self.calls = calls
        self.files = files
        self.entries = entries
        self.last = last
    }
}
