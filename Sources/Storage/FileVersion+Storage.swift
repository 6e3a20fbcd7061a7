import Domain
import Foundation
import GRDB

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
