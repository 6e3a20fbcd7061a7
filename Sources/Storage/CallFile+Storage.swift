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
        try saveNewNames(it.newNames, event)
        try db.execute(
            sql: "INSERT INTO file (id, source, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [it.file.description, it.source.description, it.fileName])
        try db.execute(
            sql: """
                UPDATE fileVersion SET file = ?, version = ?, state = 'live', time = ?, office = ?, original = ?,
                  event = ? WHERE archive = ? AND state = 'staged'
                """,
            arguments: [
                it.file.description, it.version, event.time.bits, event.office.description, it.original,
                event.payload, it.archive,
            ])
        guard db.changesCount == 1 else {
            throw UserError(
                .damaged, "The archive of “\(it.fileName)”, version \(it.version), was not read.",
                advice: "Run “rollcall verify”, and put the archive back from a backup.")
        }
    }
}

/// Where the next upload of a file will stand.
public struct NextVersion: Sendable {
    public var file: ID<CallFile>
    public var version: Int
}

/// A version of a file as pages show it.
public struct FileVersion: Sendable {
    public var file: CallFile
    public var sourceName: String
    public var number: Int64
    public var uploaded: FileUploaded
    public var time: Instant
    public var by: String
}

extension OfficeStore {
    /// Starts staging a version; call inside `changingCalls`.
    public func stage(_ source: StoredSource, time: HybridTime? = nil) throws -> StagedVersion {
        guard let state = try pool.read({ db in try Self.officeState(db) }) else { throw UserError.notSetUp }
        return try StagedVersion(
            store: self, source: source, office: state.office.id, rules: state.office.rules, time: time)
    }

    /// - Throws: `UserError` `sameBytes`, naming the version that holds exactly these bytes.
    public func nextVersion(of name: String, source: Source, original: String) throws -> NextVersion {
        try pool.read { db in
            let same = try Row.fetchOne(
                db,
                sql: """
                    SELECT f.name, v.version FROM fileVersion v JOIN file f ON f.id = v.file
                    WHERE v.original = ? AND v.state = 'live' AND f.source = ?
                    """, arguments: [original, source.id.description])
            if let same {
                let (holder, version): (String, Int) = (same["name"], same["version"])
                throw UserError(
                    .sameBytes, "These bytes are in the office already: “\(holder)”, version \(version).",
                    advice:
                        "Nothing was changed, and no figure would. If the dialer's file should differ, export it again."
                )
            }
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT f.id, max(v.version) AS version FROM file f LEFT JOIN fileVersion v ON v.file = f.id
                    WHERE f.source = ? AND f.name = ? GROUP BY f.id
                    """, arguments: [source.id.description, name])
            if let row, let file = ID<CallFile>(row["id"] as String) {
                return NextVersion(file: file, version: (row["version"] as Int? ?? 0) + 1)
            }
            return NextVersion(file: ids.next(at: clock.now()), version: 1)
        }
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
        let change = try staged.stageRollups(isCancelled: isCancelled)
        let upload: FileUploaded
        do {
            upload = try makeLive(staged, change, try archive(), isPartTimer: isPartTimer, by: actor)
        } catch {
            try change.abandon()
            throw error
        }
        // Posted: what follows only tidies up, and a failure here is swept at the next change.
        try change.sweepReplaced()
        return upload
    }

    /// An upload that was not taken in, for the activity.
    public func recordRefusal(of fileName: String, _ error: UserError, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            try tx.append(
                .uploadRefused(UploadRefused(fileName: fileName, code: error.code, message: error.message)))
        }
    }
}
