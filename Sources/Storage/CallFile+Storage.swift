import Domain
import Foundation
import GRDB

extension Transaction {
    /// Makes the staged version of this archive live.
    func foldFileUploaded(_ event: Event, _ it: FileUploaded) throws {
        guard it.counts.isBalanced else {
            throw UserError(
                .damaged, "The rows of “\(it.fileName)” do not add up.", advice: "Upload the file again.")
        }
        let isTaken = try Bool.fetchOne(
            db, sql: "SELECT 1 FROM fileVersion WHERE file = ? AND version = ? AND state <> 'staged'",
            arguments: [it.file.description, it.version])
        guard isTaken == nil else {
            throw UserError(
                .conflict, "There is a version \(it.version) of “\(it.fileName)” already.",
                advice: "Upload the file again.")
        }
        let number = try Int64.fetchOne(
            db, sql: "SELECT number FROM source WHERE id = ?", arguments: [it.source.description])
        guard let number else { throw UserError.notHere }
        try saveNewNames(it.newNames, event)
        try db.execute(
            sql: "INSERT INTO file (id, source, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [it.file.description, it.source.description, it.fileName])
        try db.execute(
            sql: """
                UPDATE fileVersion SET file = ?1, version = ?2, state = 'live', time = ?3, office = ?4,
                  incarnation = ?5, original = ?6, event = ?7, uploadedBy = ?8, archive = ?9,
                  source = ?11
                WHERE state = 'staged' AND office = ?4 AND CASE time WHEN ?10 THEN archive = ?9
                  ELSE time = ?3 AND incarnation = ?5
                    AND (file IS NULL OR (file = ?1 AND version = ?2)) END
                """,
            arguments: [
                it.file.description, it.version, event.time.bits, event.office.description,
                event.incarnation, it.original, event.payload, it.recovered?.by ?? event.actor.name,
                it.archive, Int64.max, number,
            ])
        guard db.changesCount == 1 else { throw UserError.archiveNotRead(it) }
        guard let deleted = it.recovered?.deleted, !deleted.isEmpty else { return }
        for span in deleted {
            try db.execute(
                sql: """
                    INSERT INTO deletedSpan (version, fromTime, untilTime, request)
                    SELECT number, ?, ?, ? FROM fileVersion WHERE archive = ? AND state = 'live'
                    """, arguments: [span.from, span.until, Self.lostRequest, it.archive])
        }
        try db.execute(
            sql: "UPDATE fileVersion SET cut = 1, unsettled = 1 WHERE archive = ? AND state = 'live'",
            arguments: [it.archive])
    }

    /// What stands for the request of a deletion that was recovered without its journal.
    static let lostRequest = "recovered"
}

extension UserError {
    /// Why an upload that no rule refuses has no effect here.
    static func archiveNotRead(_ it: FileUploaded) -> UserError {
        UserError(
            .damaged, "The archive of “\(it.fileName)”, version \(it.version), was not read.",
            advice: "Run “rollcall verify”, and put the archive back from a backup.")
    }
}

/// Where the next upload of a file will stand.
public struct NextVersion: Sendable {
    public var file: ID<CallFile>
    public var version: Int
    /// The file's own name, which need not be that of the upload.
    public var fileName: String
}

/// Where a version is in its life.
public enum VersionState: String, Sendable, Codable, CaseIterable {
    case live
    /// All of it is deleted and in the trash.
    case trashed
    /// Its archive and calls are erased.
    case purged
}

/// A version of a file as pages show it.
public struct FileVersion: Sendable {
    public var state: VersionState
    /// The deletions that are in force on it: of the whole version, or of days.
    public var deletions: [ID<DeleteRequest>]
    /// Some of its days are deleted.
    public var isCut: Bool
    public var uploaded: FileUploaded
    public var sourceName: String
    /// The office of the source, where that is not the own.
    public var otherOffice: String?
    public var uploadedAt: Instant
    public var uploadedBy: String
    /// How many versions the file has.
    public var versions: Int
    public var archivePath: String
}

/// What is listed of files.
public struct FileQuery: Sendable, Hashable {
    /// Part of a file's name, its source's or who uploaded it; empty: all.
    public var search = ""
    /// Files that have calls on one of these days; nil: all.
    public var period: Period?
    /// Of each file the latest version in this state; nil: in any.
    public var state: VersionState? = .live
    public var offset = 0
    public var limit = 50

    public init() {}
}

extension OfficeStore {
    /// Starts staging one version of the office's own; call inside `changingCalls`.
    ///
    /// - Parameter deleted: times whose rows are kept and count nowhere.
    public func stage(_ source: StoredSource, deleted: [ClockSpan] = []) throws -> StagedVersion {
        guard let own = try pool.read({ db in try ChainIdentity.fetch(db) }) else { throw UserError.notSetUp }
        return try CallsChange(self).stage(
            source, office: own.office, incarnation: own.incarnation, deleted: deleted)
    }

    /// - Throws: `UserError` `conflict` where days of a version are deleted and not purged, or purged and in its archive
    ///   still: read again, they would count without anybody's approval.
    public func requireNothingDeleted(of file: ID<CallFile>, version: Int) throws {
        let (deleted, isMixed) = try pool.read { db in
            (
                try Bool.fetchOne(
                    db,
                    sql: """
                        SELECT 1 FROM deletedSpan d JOIN fileVersion v ON v.number = d.version
                        WHERE v.file = ? AND v.version = ? AND v.state <> 'staged' AND d.purged = 0 LIMIT 1
                        """, arguments: [file.description, version]),
                try Erasure.mixed(db)[VersionPlace(file: file, version: version)] != nil
            )
        }
        guard !isMixed else {
            throw UserError(
                .conflict, "The archive of this version still has calls that another box purged.",
                advice: "Rollcall writes it again within the hour; then try again.")
        }
        guard deleted == nil else {
            throw UserError(
                .conflict, "Days of this version are deleted; read again, they would be back.",
                advice: "Have the days restored under Deletions, or wait until they are purged.")
        }
    }

    /// The one place where the version that holds the same bytes is looked at.
    ///
    /// A file goes on in the chain alone that began it: two boxes would both make its next version. Where the office
    /// went on as a new chain, its next upload of that name begins a file.
    /// - Parameters:
    ///   - file: the file that it joins, whatever its name; nil: the one of that name.
    ///   - mayRepeat: true where bytes that are in the office are read again.
    /// - Throws: `UserError` `sameBytes`, with the place of the version that holds exactly these bytes; `notAllowed`
    ///   for a file of another office.
    public func nextVersion(
        of name: String, in file: CallFile? = nil, source: Source, original: String, mayRepeat: Bool = false
    ) throws -> NextVersion {
        try pool.read { db in
            let same = try Row.fetchOne(
                db,
                sql: """
                    SELECT f.id, f.name, v.version, v.state, v.cut FROM fileVersion v
                    JOIN file f ON f.id = v.file
                    WHERE v.original = ? AND v.state IN ('live', 'trashed') AND f.source = ?
                    ORDER BY v.state, v.time DESC LIMIT 1
                    """, arguments: [original, source.id.description])
            if !mayRepeat, let same, let holder = ID<CallFile>(same["id"] as String) {
                throw Self.sameBytes(same, holder)
            }
            guard let own = try ChainIdentity.fetch(db) else { throw UserError.notSetUp }
            if let file { try Self.checkIsOwn(file, own.office, db) }
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT f.id, f.name, max(v.version) AS version FROM file f
                    LEFT JOIN fileVersion v ON v.file = f.id
                    WHERE CASE WHEN ?1 IS NULL THEN f.source = ?2 AND f.name = ?3 ELSE f.id = ?1 END
                      AND NOT EXISTS (SELECT 1 FROM fileVersion o WHERE o.file = f.id AND o.state <> 'staged'
                        AND (o.office <> ?4 OR o.incarnation <> ?5))
                    GROUP BY f.id ORDER BY f.id LIMIT 1
                    """,
                arguments: [
                    file?.id.description, source.id.description, name, own.office.description,
                    own.incarnation,
                ])
            if let row, let file = ID<CallFile>(row["id"] as String) {
                var version = (row["version"] as Int? ?? 0) + 1
                // What lies there and is not in the office may still be recovered.
                while access(folder.archive(of: file, version: version), F_OK) == 0 { version += 1 }
                return NextVersion(file: file, version: version, fileName: row["name"])
            }
            return NextVersion(
                file: ids.next(at: clock.now()), version: 1, fileName: file?.name ?? name)
        }
    }

    private static func checkIsOwn(_ file: CallFile, _ own: ID<Office>, _ db: Database) throws {
        let name = try String.fetchOne(
            db,
            sql: """
                SELECT o.name FROM fileVersion v JOIN office o ON o.id = v.office
                WHERE v.file = ? AND v.state <> 'staged' AND v.office <> ? LIMIT 1
                """, arguments: [file.id.description, own.description])
        guard let name else { return }
        throw UserError(
            .notAllowed, "“\(file.name)” is a file of \(name); nothing was changed.",
            advice: "Upload or read it again there, and take that office’s next snapshot in.")
    }

    /// Says which version holds the bytes, and what can be done about it.
    private static func sameBytes(_ row: Row, _ holder: ID<CallFile>) -> UserError {
        let (name, version): (String, Int) = (row["name"], row["version"])
        var error = UserError(
            .sameBytes, "These bytes are in the office already: “\(name)”, version \(version).",
            advice:
                "Nothing was changed, and no figure would. Open that version; if it was read wrongly, read it again with other answers. If the dialer's file should differ, export it again.",
            place: VersionPlace(file: holder, version: version))
        if row["state"] == "trashed" {
            error.message = "These bytes are in the trash: “\(name)”, version \(version), was deleted."
            error.advice = "Nothing was changed. An admin can restore it under Deletions, Trash."
        } else if row["cut"] {
            error.message += " Some days of it are deleted."
            error.advice = "Nothing was changed. An admin can restore the days under Deletions, Trash."
        }
        return error
    }

    /// The one short transaction that makes an upload live: its event, its rollups, its names.
    ///
    /// The archive named in `upload` must be durable on disk before.
    @discardableResult
    func makeLive(
        _ staged: StagedVersion, _ change: RollupChange, _ upload: FileUploaded,
        isPartTimer: (String) -> Bool,
        by actor: Actor
    ) throws -> FileUploaded {
        try writeNow(as: actor) { tx in
            var upload = upload
            upload.newNames = try staged.newNames(tx, isPartTimer: isPartTimer)
            try tx.db.execute(
                sql: "UPDATE fileVersion SET archive = ? WHERE number = ?",
                arguments: [upload.archive, staged.number])
            try tx.append(.fileUploaded(upload))
            // What states mean may have been changed since the first row was read.
            let source = try Row.fetchOne(
                tx.db, sql: "SELECT number, settings FROM source WHERE id = ?",
                arguments: [upload.source.description])
            if let source {
                try tx.flagOutcomes(
                    of: fromJSON(Source.self, source["settings"] as String), source["number"])
            }
            // Names that only rows which were not accepted have.
            try tx.db.execute(sql: Self.forgetNobodysNames)
            try change.post(tx)
            return upload
        }
    }

    /// Stages the rollups, lets the caller make the archive durable, and makes the version live.
    ///
    /// - Parameter archive: runs when all rows are in; returns the event's payload but for the new names.
    public func finish(
        _ staged: StagedVersion, by actor: Actor, isPartTimer: (String) -> Bool, isCancelled: () -> Bool,
        archive: () throws -> FileUploaded
    ) throws -> FileUploaded {
        guard let change = try staged.change?.finish(isCancelled: isCancelled) else {
            throw UserError.notHere
        }
        let upload = try makeLive(staged, change, try archive(), isPartTimer: isPartTimer, by: actor)
        // Live: what follows only tidies up; a failure must not undo the import, and the next start sweeps.
        try? change.sweepReplaced()
        if upload.recovered?.deleted != nil { try? settleArchives() }
        return upload
    }

    /// An upload that was not taken in, for the activity.
    public func recordRefusal(of fileName: String, _ error: UserError, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            try tx.append(
                .uploadRefused(UploadRefused(fileName: fileName, code: error.code, message: error.message)))
        }
    }

    /// A snapshot that was not taken in for what it is. What only has to wait, or to be asked for otherwise, is no
    /// refusal, and is not recorded. For threads that may block.
    public func recordRefusal(ofSnapshot fileName: String, _ error: UserError, by actor: Actor) throws {
        guard !UserError.Code.passing.contains(error.code) else { return }
        try writeNow(as: actor) { tx in
            try tx.append(
                .snapshotRefused(
                    SnapshotRefused(fileName: fileName, code: error.code, message: error.message)))
        }
    }

    /// The latest version of each file in the query's state, newest upload first, and how many files fit the query.
    public func files(_ query: FileQuery, for viewer: Viewer) async throws -> (
        files: [FileVersion], total: Int
    ) {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        let result: FilePage = try await read { [self] db in
            let wanted = query.state.map { "= '\($0.rawValue)'" } ?? "<> 'staged'"
            let offices = try OfficeScope(viewer, for: .viewFiles, db)
            let condition = """
                v.state \(wanted) AND v.version = (
                  SELECT max(version) FROM fileVersion WHERE file = v.file AND state \(wanted))
                  AND (?1 = '' OR instr(swiftLowercaseString(f.name), ?1) > 0
                    OR instr(swiftLowercaseString(s.name), ?1) > 0
                    OR instr(swiftLowercaseString(v.uploadedBy), ?1) > 0)
                  AND (?2 IS NULL OR EXISTS (SELECT 1 FROM fileVersion d WHERE d.file = v.file AND d.state \(wanted)
                    AND d.event ->> 'firstDay' <= ?3 AND d.event ->> 'lastDay' >= ?2))
                  AND \(offices.condition("s.office"))
                """
            let period = query.period
            let arguments: StatementArguments = [
                query.search.lowercased(), period?.from.iso, period?.to.iso,
            ]
            let total = try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM fileVersion v JOIN file f ON f.id = v.file
                    JOIN source s ON s.number = v.source WHERE \(condition)
                    """, arguments: arguments)
            let rows = try Row.fetchAll(
                db,
                sql: Self.versionSelect
                    + "WHERE \(condition) ORDER BY v.time DESC, v.number DESC LIMIT ?4 OFFSET ?5",
                arguments: arguments + [max(1, min(query.limit, 500)), max(0, query.offset)])
            return FilePage(files: try rows.map(version), total: total ?? 0)
        }
        return (result.files, result.total)
    }

    /// All versions of a file, those in the trash and purged ones too, newest first; empty: there is no such file for
    /// this viewer.
    public func versions(of file: ID<CallFile>, for viewer: Viewer) async throws -> [FileVersion] {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try await read { [self] db in
            let offices = try OfficeScope(viewer.everywhere, for: .viewFiles, db)
            return try Row.fetchAll(
                db,
                sql: Self.versionSelect + """
                    WHERE v.file = ? AND v.state <> 'staged' AND \(offices.condition("s.office"))
                    ORDER BY v.version DESC
                    """,
                arguments: [file.description]
            ).map(version)
        }
    }

    /// The same for threads that may block.
    public func versionsNow(of file: ID<CallFile>) throws -> [FileVersion] {
        try pool.read { db in
            try Row.fetchAll(
                db, sql: Self.versionSelect + "WHERE v.file = ? AND v.state = 'live' ORDER BY v.version DESC",
                arguments: [file.description]
            ).map(version)
        }
    }

    /// The latest version of each file that has one of these names in one of these sources, for threads that
    /// may block; only files of the first name that any has.
    public func latestVersionsNow(named names: [String], of sources: [StoredSource]) throws -> [FileVersion] {
        try pool.read { db in
            for name in names {
                let found = try sources.compactMap { source in
                    try Row.fetchOne(
                        db,
                        sql: Self.versionSelect
                            + "WHERE f.source = ? AND f.name = ? AND v.state = 'live' ORDER BY v.version DESC LIMIT 1",
                        arguments: [source.source.id.description, name]
                    ).map(version)
                }
                guard found.isEmpty else { return found }
            }
            return []
        }
    }

    private struct FilePage: Sendable {
        var files: [FileVersion]
        var total: Int
    }

    static let versionSelect = """
        SELECT v.event, v.time, v.uploadedBy, v.state, v.cut, v.unsettled, s.name AS sourceName,
          (SELECT o.name FROM office o
            WHERE o.id = s.office AND o.id <> (SELECT office FROM folder)) AS otherOffice,
          (SELECT count(*) FROM fileVersion WHERE file = v.file AND state <> 'staged') AS versions,
          (SELECT group_concat(DISTINCT request) FROM deletedSpan d WHERE d.version = v.number) AS deletions
        FROM fileVersion v JOIN file f ON f.id = v.file JOIN source s ON s.number = v.source
        """ + " "

    func version(_ row: Row) throws -> FileVersion {
        let uploaded = try fromJSON(FileUploaded.self, row["event"] as String)
        let state: String = row["state"]
        return FileVersion(
            state: VersionState(rawValue: state) ?? .live,
            deletions: (row["deletions"] as String? ?? "").split(separator: ",").compactMap { ID($0) },
            isCut: row["cut"], uploaded: uploaded, sourceName: row["sourceName"],
            otherOffice: row["otherOffice"],
            uploadedAt: uploaded.recovered?.time ?? HybridTime(bits: row["time"]).instant,
            uploadedBy: row["uploadedBy"] ?? "",
            versions: row["versions"],
            archivePath: folder.archive(
                of: uploaded.file, version: uploaded.version, state: state, isUnsettled: row["unsettled"]))
    }
}
