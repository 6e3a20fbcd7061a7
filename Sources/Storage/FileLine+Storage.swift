import Domain
import Foundation
import GRDB

/// A line of a version that was accepted, with the call it became.
public struct AcceptedLine: Sendable, Hashable {
    public var line: Int
    public var reference: CallReference
    /// false: a later live file holds the call, or it is deleted.
    public var counts: Bool
    public var isDeleted: Bool
}

extension OfficeStore {
    /// Accepted lines of a version, in their order. Blocks its thread.
    public func acceptedLines(
        of file: ID<CallFile>, version: Int, in lines: ClosedRange<Int>, limit: Int = .max, for viewer: Viewer
    ) throws -> [AcceptedLine] {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try pool.read { db in
            try Self.require(file, viewer, for: .viewFiles, db)
            guard let number = try Self.versionNumber(file, version, db) else { return [] }
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT c.line, c.source, c.key, NOT (\(Self.isLive)) AS isDeleted, \(Self.isCounted) AS counts
                    FROM call c JOIN fileVersion v ON v.number = c.version
                    WHERE c.number BETWEEN ? AND ? ORDER BY c.number LIMIT ?
                    """,
                arguments: [
                    CallRecord.number(number, line: lines.lowerBound),
                    CallRecord.number(number, line: lines.upperBound), limit,
                ]
            ).compactMap { row in
                CallReference(row).map {
                    AcceptedLine(
                        line: row["line"], reference: $0, counts: row["counts"] && !row["isDeleted"],
                        isDeleted: row["isDeleted"])
                }
            }
        }
    }

    /// The accepted line so many before another, or the first; nil: none is before it. Blocks its thread.
    public func acceptedLine(
        of file: ID<CallFile>, version: Int, before line: Int, back count: Int, for viewer: Viewer
    ) throws -> Int? {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try pool.read { db in
            try Self.require(file, viewer, for: .viewFiles, db)
            guard let number = try Self.versionNumber(file, version, db) else { return nil }
            return try Int.fetchOne(
                db,
                sql: """
                    SELECT min(line) FROM (
                      SELECT line FROM call WHERE number >= ? AND number < ? ORDER BY number DESC LIMIT ?)
                    """,
                arguments: [
                    CallRecord.number(number, line: 0), CallRecord.number(number, line: line), count,
                ])
        }
    }

    /// The number of a version in the database that is live or in the trash.
    static func versionNumber(_ file: ID<CallFile>, _ version: Int, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db,
            sql:
                "SELECT number FROM fileVersion WHERE file = ? AND version = ? AND state IN ('live', 'trashed')",
            arguments: [file.description, version])
    }
}

extension CallReference {
    /// From the columns `source` and `key`.
    init?(_ row: Row) {
        guard let key = CallKey(row["key"] as DatabaseValue) else { return nil }
        self.init(source: row["source"], key: key)
    }
}
