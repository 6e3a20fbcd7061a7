import Domain
import Foundation
import GRDB

/// A file as far as the form that asks to delete it needs it.
public struct DeletableFile: Sendable {
    public var name: String
    /// Versions that are there, in order.
    public var versions: [Int]
    public var firstDay: Day?
    public var lastDay: Day?
}

extension OfficeStore {
    /// - Throws: `UserError.notHere` where nothing of it is there, or nothing within the viewer's reach.
    public func deletableFile(_ file: ID<CallFile>, version: Int? = nil, for viewer: Viewer) async throws
        -> DeletableFile
    {
        try viewer.require(.requestDeletions)
        return try await read { db in
            try Self.requireOwn(file, db)
            let uploads = try Row.fetchAll(
                db,
                sql:
                    "SELECT number, event FROM fileVersion WHERE file = ? AND state = 'live' ORDER BY version",
                arguments: [file.description]
            ).map { ($0["number"] as Int64, try fromJSON(FileUploaded.self, $0["event"] as String)) }
            guard let first = uploads.first,
                version == nil || uploads.contains(where: { $0.1.version == version })
            else { throw UserError.notHere }
            if viewer.reach(.requestDeletions) < .office {
                let days = try Self.rowsByDay(uploads.map(\.0), viewer, db)
                guard !days.isEmpty else { throw UserError.notHere }
            }
            return DeletableFile(
                name: first.1.fileName, versions: uploads.map(\.1.version),
                firstDay: uploads.compactMap(\.1.firstDay).min(),
                lastDay: uploads.compactMap(\.1.lastDay).max())
        }
    }

    /// Days of a file with rows that are there, and how many; of a team manager's own agents alone.
    public func deletableDays(_ file: ID<CallFile>, version: Int?, for viewer: Viewer) async throws -> [(
        day: Day, rows: Int
    )] {
        try viewer.require(.requestDeletions)
        return try await read { db in
            try Self.requireOwn(file, db)
            let numbers = try Int64.fetchAll(
                db,
                sql: """
                    SELECT number FROM fileVersion
                    WHERE file = ?1 AND (?2 IS NULL OR version = ?2) AND state = 'live'
                    """, arguments: [file.description, version])
            return try Self.rowsByDay(numbers, viewer, db)
        }
    }

    /// Another office's files are deleted there: a deletion is asked for, and decided, in the office of the file.
    static func requireOwn(_ file: ID<CallFile>, _ db: Database) throws {
        let own = try OfficeScope.own(db)
        let isOwn = try Bool.fetchOne(
            db, sql: "SELECT \(own.ofFile("?"))", arguments: own.isWhole ? [] : [file.description])
        guard isOwn == true else { throw UserError.notHere }
    }

    private static func rowsByDay(_ versions: [Int64], _ viewer: Viewer, _ db: Database) throws -> [(
        day: Day, rows: Int
    )] {
        let cutOver = try RulesByOffice(db).cutOver(ofName: "c.name")
        let isWhole = viewer.reach(.requestDeletions) == .office
        let reach = try Reachable(viewer, db)
        var days: [Int64: Int] = [:]
        for version in versions {
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT a.day, sum(a.rows) FROM (
                      SELECT c.name, (c.time - \(cutOver)) / 86400 - (c.time < \(cutOver)) AS day,
                        count(*) AS rows
                      FROM call c JOIN fileVersion v ON v.number = c.version
                      WHERE c.number >= ? AND c.number < ? AND \(isLive) GROUP BY 1, 2) a
                    \(isWhole ? "" : """
                        JOIN aliasSpan n ON n.name = a.name AND n.fromDay <= a.day AND a.day < n.untilDay
                        JOIN placementSpan s ON s.person = n.person AND s.fromDay <= a.day AND a.day < s.untilDay
                        WHERE \(reach.condition ?? "1")
                        """)
                    GROUP BY a.day
                    """,
                arguments: [
                    CallRecord.number(version, line: 0), CallRecord.number(version + 1, line: 0),
                ] + (isWhole ? [] : reach.arguments))
            for row in rows { days[row[0], default: 0] += row[1] as Int }
        }
        return days.sorted { $0.key < $1.key }.map { (Day(number: Int32(clamping: $0.key)), $0.value) }
    }

    /// A preview as far as the viewer's reach goes.
    public func narrowed(_ preview: DeletePreview, for viewer: Viewer) async throws -> DeletePreview {
        try viewer.require(.requestDeletions)
        guard viewer.reach(.requestDeletions) < .office else { return preview }
        return try await read { db in try preview.narrowed(for: viewer, db) }
    }
}
