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
            db.cachedStatement(
                sql: "SELECT 1 FROM fileVersion WHERE file = ? AND version = ? AND state <> 'staged'"),
            arguments: [it.file.description, it.version])
        guard isTaken == nil else {
            throw UserError(
                .conflict, "There is a version \(it.version) of “\(it.fileName)” already.",
                advice: "Upload the file again.")
        }
        let number = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT number FROM source WHERE id = ?"),
            arguments: [it.source.description])
        guard let number else { throw UserError.notHere }
        try saveNewNames(it.newNames, event)
        try db.run(
            sql: "INSERT INTO file (id, source, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [it.file.description, it.source.description, it.fileName])
        try db.run(
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
            try db.run(
                sql: """
                    INSERT INTO deletedSpan (version, fromTime, untilTime, request)
                    SELECT number, ?, ?, ? FROM fileVersion WHERE archive = ? AND state = 'live'
                    """, arguments: [span.from, span.until, Self.lostRequest, it.archive])
        }
        try db.run(
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

    /// An upload that was not taken in, for the activity. For threads that may block.
    public func recordRefusal(of fileName: String, _ error: UserError, by actor: Actor) throws {
        try writeNow(as: actor) { tx in
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
}
