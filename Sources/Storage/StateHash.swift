import Crypto
import Domain
import Foundation
import GRDB

/// What the shared stream determines, in one hash: offices that hold the same events have the same.
///
/// SHA-256 over lines of people, names, placements, requests, sources, files and conflicts in a fixed order, then the
/// number and order-free digest of the counted calls.
public struct StateHash: Hashable, Sendable {
    public var hex: String
    public var calls: Int64
}

extension OfficeStore {
    /// - Parameter fromRows: false: from the digests kept with the rollups, cheap at any size; true: from
    ///   every call row, as `verify` does.
    public func stateHash(fromRows: Bool = false) async throws -> StateHash {
        try await read { db in try Self.stateHash(db, fromRows: fromRows) }
    }

    static func stateHash(_ db: Database, fromRows: Bool) throws -> StateHash {
        var hasher = SHA256()
        func line(_ fields: [String]) {
            var text: [UInt8] = []
            for (index, field) in fields.enumerated() {
                if index > 0 { text.append(UInt8(ascii: "\t")) }
                for byte in field.utf8 {
                    switch byte {
                    case UInt8(ascii: "\\"): text.append(contentsOf: "\\\\".utf8)
                    case UInt8(ascii: "\t"): text.append(contentsOf: "\\t".utf8)
                    default: text.append(byte)
                    }
                }
            }
            text.append(UInt8(ascii: "\n"))
            hasher.update(data: text)
        }
        func lines(_ label: String, _ sql: String) throws {
            let rows = try Row.fetchCursor(db.cachedStatement(sql: sql))
            while let row = try rows.next() {
                line([label] + row.databaseValues.map { String.fromDatabaseValue($0) ?? "-" })
            }
        }
        try lines("office", "SELECT id, rules FROM office ORDER BY id")
        try lines("source", "SELECT id, office, settings FROM source WHERE staged = 0 ORDER BY id")
        try lines("person", "SELECT id, office, name, mergedInto FROM person ORDER BY id")
        try lines(
            "placement",
            """
            SELECT person, CAST(fromDay AS TEXT), CAST(time AS TEXT), office, designation, employment, status,
              groupName, leader, manager, kind, actor, reason, request
            FROM placement ORDER BY person, fromDay, time, office, incarnation
            """)
        try lines(
            "name",
            "SELECT office, folded, name, links FROM agentName WHERE links IS NOT NULL ORDER BY office, folded"
        )
        try lines("apart", "SELECT first, second FROM namesApart ORDER BY first, second")
        try lines("request", "SELECT id, request FROM transferRequest ORDER BY id")
        try lines(
            "delegation",
            "SELECT id, person, delegate, CAST(fromDay AS TEXT), CAST(untilDay AS TEXT) FROM delegation ORDER BY id"
        )
        try lines(
            "version",
            """
            SELECT file, CAST(version AS TEXT), CAST(time AS TEXT), office, archive, original, state
            FROM fileVersion WHERE state <> 'staged' ORDER BY file, version
            """)
        try lines(
            "deleted",
            """
            SELECT v.file, CAST(v.version AS TEXT), CAST(d.fromTime AS TEXT), CAST(d.untilTime AS TEXT), d.request,
              CAST(d.purged AS TEXT) FROM deletedSpan d JOIN fileVersion v ON v.number = d.version
            ORDER BY v.file, v.version, d.fromTime, d.untilTime, d.request
            """)
        try lines("delete request", "SELECT id, request FROM deleteRequest ORDER BY id")
        try lines("hold", "SELECT id, office, hold FROM deleteHold ORDER BY id, office")
        try lines("conflict", "SELECT id, register, loser, winner, refusal FROM conflict ORDER BY id")
        try lines("decision", "SELECT conflict, choice, event FROM conflictDecision ORDER BY conflict")
        let (calls, digest) = try fromRows ? digestOfRows(db) : digestOfRollups(db)
        line(["calls", String(calls), String(digest, radix: 16)])
        return StateHash(hex: hexadecimal(hasher.finalize()), calls: calls)
    }

    /// - Parameter posted: as if this change were the latest in force; nil: the one that is.
    static func digestOfRollups(_ db: Database, posted: Int64? = nil) throws -> (Int64, UInt64) {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT max(change), logs, digest FROM agentDay
                WHERE change <= coalesce(?, (SELECT postedChange FROM folder)) GROUP BY day, name
                """, arguments: [posted])
        return try sum(rows, count: 1, digest: 2)
    }

    private static func digestOfRows(_ db: Database) throws -> (Int64, UInt64) {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT 1, c.fingerprint FROM call c JOIN fileVersion v ON v.number = c.version
                WHERE \(isLive) AND \(isCounted)
                """)
        return try sum(rows, count: 0, digest: 1)
    }

    private static func sum(_ rows: RowCursor, count: Int, digest: Int) throws -> (Int64, UInt64) {
        var total: Int64 = 0
        var sum: UInt64 = 0
        while let row = try rows.next() {
            total &+= row[count] as Int64
            sum = sum &+ UInt64(bitPattern: row[digest] as Int64)
        }
        return (total, sum)
    }
}
