import Domain
import Foundation
import GRDB

/// What is asked of the disk's use.
public struct StorageQuery: Sendable, Hashable {
    /// One row a version rather than one a file.
    public var byVersion = false
    public var offset = 0
    public var limit = 50

    public init() {}
}

/// What a file, or one version of it, takes on the disk.
public struct StoredFile: Sendable {
    public var file: ID<CallFile>
    public var name: String
    public var sourceName: String
    /// The latest; nil where the row is of the whole file.
    public var version: Int?
    public var versions: Int
    public var firstDay: Day?
    public var lastDay: Day?
    /// Bytes as uploaded, of all its versions together.
    public var original: Int64
    public var archive: Int64
    /// Archives that should be there and are not.
    public var missing: Int
}

/// What a restore replaced: a whole data folder, which `restore --undo` puts back where it is the last one.
public struct ReplacedOffice: Sendable, Hashable {
    /// Of its folder within `Replaced`.
    public var name: String
    public var size: Int64
    /// When it was replaced; nil: the name does not say.
    public var replaced: Instant?
}

/// Where the bytes of a data folder are, and how much room is left.
public struct StorageUse: Sendable {
    public var rows: [StoredFile]
    public var total: Int
    /// Bytes as uploaded and bytes of the archives, of every live version.
    public var original: Int64
    public var archives: Int64
    public var files: Int64
    public var trash: Int64
    public var incoming: Int64
    public var backups: Int64
    /// Offices that restores replaced, the last one first.
    public var replaced: [ReplacedOffice]
    public var database: Int64
    public var log: Int64
    public var space: DiskSpace
    public var marks: DiskMarks
    /// Bytes that the office grows by in a week; nil where that cannot be said.
    public var weekly: Int64?
    /// Live versions past the retention time; nil where there is none.
    public var pastRetention: PastRetention?

    public struct PastRetention: Sendable {
        public var months: Int
        public var before: Day
        public var versions: Int
        public var archives: Int64
    }
}

extension OfficeStore {
    /// The live versions of which no day is younger than the retention time, oldest first; none where there is none.
    public func filesPastRetention(for viewer: Viewer) async throws -> [FileVersion] {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try await read { [self] db in
            guard let rules = try Self.officeState(db)?.office.rules, let today = try Self.today(db),
                let kept = rules.firstKeptDay(on: today)
            else { return [] }
            return try Row.fetchAll(
                db,
                sql: Self.versionSelect + """
                    WHERE v.state = 'live' AND v.event ->> 'lastDay' < ?
                      AND \(try OfficeScope.own(db).condition("s.office"))
                    ORDER BY v.event ->> 'lastDay', v.time
                    """,
                arguments: [kept.iso]
            ).map(version)
        }
    }

    /// The disk's use, the largest file first. Looks at every archive: blocks its thread.
    public func storageUse(_ query: StorageQuery, for viewer: Viewer) throws -> StorageUse {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        let office = try pool.read { db in
            StoredOffice(
                state: try Self.officeState(db), today: try Self.today(db),
                versions: try Self.storedVersions(OfficeScope(viewer, for: .viewFiles, db), db),
                ownSources: Set(try Self.sources(.own(db), db).map(\.number)),
                pages: try Int64.fetchOne(
                    db, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") ?? 0)
        }
        var sizes: [String: Int64] = [:]
        let files = folderSize(folder.files) { sizes[$0] = $1 }
        let space = try diskSpace()
        let database = fileSize(folder.database) ?? 0
        var use = StorageUse(
            rows: [], total: 0, original: 0, archives: 0, files: files, trash: folderSize(folder.trash),
            incoming: folderSize(folder.incoming), backups: folderSize(folder.backups),
            replaced: replacedOffices(), database: database,
            log: (fileSize(folder.database + "-wal") ?? 0) + (fileSize(folder.database + "-shm") ?? 0),
            space: space, marks: office.state?.settings.disk ?? DiskMarks())
        let kept = office.today.flatMap { office.state?.office.rules.firstKeptDay(on: $0) }
        if let kept, let months = office.state?.office.rules.retentionMonths {
            use.pastRetention = .init(months: months, before: kept, versions: 0, archives: 0)
        }
        var weeks: [Int64] = [0, 0, 0, 0]
        let now = clock.now().milliseconds
        var rows: [ID<CallFile>: StoredFile] = [:]
        var all: [StoredFile] = []
        for version in office.versions {
            let size = sizes[folder.archive(of: version.file, version: version.number)]
            let row = version.row(size)
            use.original += row.original
            use.archives += row.archive
            let week = (now - version.uploaded) / (7 * 86_400_000)
            if now >= version.uploaded, weeks.indices.contains(Int(clamping: week)) {
                weeks[Int(week)] += row.archive
            }
            if let kept, let last = row.lastDay, last < kept, office.ownSources.contains(version.source) {
                use.pastRetention?.versions += 1
                use.pastRetention?.archives += row.archive
            }
            if query.byVersion { all.append(row) } else { rows[row.file, default: row].join(row) }
        }
        if !query.byVersion { all = Array(rows.values) }
        all.sort { ($1.archive, $0.name, $0.version ?? 0) < ($0.archive, $1.name, $1.version ?? 0) }
        use.total = all.count
        use.rows = Array(all.dropFirst(max(0, query.offset)).prefix(max(1, min(query.limit, 500))))
        // The database grows with the archives.
        if let weekly = StoragePace.weekly(weeks), use.archives > 0 {
            use.weekly = Int64(
                clamping: Int(Double(weekly) * (1 + Double(office.pages) / Double(use.archives))))
        }
        return use
    }

    /// What restores replaced, the last one first. Blocks its thread.
    func replacedOffices() -> [ReplacedOffice] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.replaced)) ?? []
        return names.sorted(by: >).map { name in
            ReplacedOffice(
                name: name, size: folderSize("\(folder.replaced)/\(name)"),
                replaced: BackupName.moment(ofStamp: name))
        }
    }

    /// Removes what restores replaced but for the last one, to which a restore can still be undone. Blocks its thread.
    ///
    /// - Throws: `UserError` `conflict` where nothing older is kept.
    @discardableResult
    public func removeOlderReplaced(for viewer: Viewer, by actor: Actor) throws -> [ReplacedOffice] {
        try viewer.require(.manageBackups)
        let kept = replacedOffices()
        // What a restore of an empty folder leaves is no office to go back to.
        let last = kept.firstIndex { access("\(folder.replaced)/\($0.name)/rollcall.sqlite", F_OK) == 0 } ?? 0
        let old = Array(kept.dropFirst(last + 1))
        guard !old.isEmpty else {
            throw UserError(
                .conflict, "Nothing older than the last replaced office is kept. Nothing was removed.",
                advice: "The last one is what “rollcall restore --undo” needs; remove its folder by hand.")
        }
        try writeNow(as: actor) { tx in
            _ = try tx.append(
                .replacedRemoved(
                    ReplacedRemoved(names: old.map(\.name), bytes: old.reduce(0) { $0 + $1.size })))
        }
        for office in old { try FileManager.default.removeItem(atPath: "\(folder.replaced)/\(office.name)") }
        return old
    }

    private struct StoredOffice: Sendable {
        var state: OfficeState?
        var today: Day?
        var versions: [StoredVersion]
        /// The retention time is of the own files alone.
        var ownSources: Set<Int64>
        /// Bytes of the database with what is still in its log.
        var pages: Int64
    }

    private struct StoredVersion: Sendable {
        var file: ID<CallFile>
        var number: Int
        var name: String
        var source: Int64
        var sourceName: String
        var firstDay: Day?
        var lastDay: Day?
        var bytes: Int64
        /// Milliseconds since 1970.
        var uploaded: Int64

        func row(_ archive: Int64?) -> StoredFile {
            StoredFile(
                file: file, name: name, sourceName: sourceName, version: number, versions: 1,
                firstDay: firstDay, lastDay: lastDay, original: bytes, archive: archive ?? 0,
                missing: archive == nil ? 1 : 0)
        }
    }

    private static func storedVersions(_ offices: OfficeScope, _ db: Database) throws -> [StoredVersion] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT v.file, v.version, v.source, f.name, s.name AS sourceName, v.event ->> 'bytes' AS bytes,
                  v.event ->> 'firstDay' AS firstDay, v.event ->> 'lastDay' AS lastDay,
                  coalesce(v.event ->> '$.recovered.time', v.time >> 16) AS uploaded
                FROM fileVersion v JOIN file f ON f.id = v.file JOIN source s ON s.number = v.source
                WHERE v.state = 'live' AND \(offices.condition("s.office")) ORDER BY v.version
                """
        ).compactMap { row in
            guard let file = ID<CallFile>(row["file"] as String) else { return nil }
            return StoredVersion(
                file: file, number: row["version"], name: row["name"], source: row["source"],
                sourceName: row["sourceName"],
                firstDay: (row["firstDay"] as String?).flatMap { Day(iso: $0) },
                lastDay: (row["lastDay"] as String?).flatMap { Day(iso: $0) }, bytes: row["bytes"],
                uploaded: row["uploaded"])
        }
    }
}

extension StoredFile {
    /// Makes the row one of the whole file; the first time it meets itself.
    fileprivate mutating func join(_ other: StoredFile) {
        guard version != other.version else {
            version = nil
            return
        }
        versions += 1
        original += other.original
        archive += other.archive
        missing += other.missing
        firstDay = [firstDay, other.firstDay].compactMap { $0 }.min()
        lastDay = [lastDay, other.lastDay].compactMap { $0 }.max()
    }
}

/// Size of a regular file; nil where there is none.
private func fileSize(_ path: String) -> Int64? {
    var info = stat()
    guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int64(info.st_size)
}

/// Sizes of all files below a folder together; links are not followed, what cannot be read counts nothing.
private func folderSize(_ folder: String, depth: Int = 0, _ visit: (String, Int64) -> Void = { _, _ in })
    -> Int64
{
    guard depth < 16, let stream = opendir(folder) else { return 0 }
    defer { closedir(stream) }
    var sum: Int64 = 0
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard name != ".", name != ".." else { continue }
        let path = folder + "/" + name
        var info = stat()
        guard lstat(path, &info) == 0 else { continue }
        if info.st_mode & S_IFMT == S_IFDIR {
            sum += folderSize(path, depth: depth + 1, visit)
        } else if info.st_mode & S_IFMT == S_IFREG {
            sum += Int64(info.st_size)
            visit(path, Int64(info.st_size))
        }
    }
    return sum
}
