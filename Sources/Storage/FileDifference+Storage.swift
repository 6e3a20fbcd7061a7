import Domain
import Foundation
import GRDB

/// A call that two versions of a file do not share; at least one side is there.
public struct CallDifference: Sendable, Hashable {
    public var reference: CallReference
    public var before: CallSide?
    public var after: CallSide?
}

/// Two versions of a file held against each other, and one page of what differs.
public struct FileDifference: Sendable, Hashable {
    public var counts: FileDifferenceCounts
    public var kind: FileDifferenceKind
    public var offset: Int
    /// In the order of lines.
    public var calls: [CallDifference]
}

extension OfficeStore {
    /// Compares the accepted calls of two live versions of a file by their keys.
    ///
    /// Walks the rows of both once and looks each key up in the other, so nothing but the page is in memory.
    /// - Parameter kind: which calls the page lists; nil: the first kind that there are any of.
    public func fileDifference(
        of file: ID<CallFile>, from: Int, to: Int, kind: FileDifferenceKind? = nil, offset: Int = 0,
        limit: Int = 100, for viewer: Viewer
    ) async throws -> FileDifference {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try await read { db in
            try Self.require(file, viewer, for: .viewFiles, db)
            guard let before = try Self.versionNumber(file, from, db),
                let after = try Self.versionNumber(file, to, db)
            else { throw UserError.notHere }
            let counts = try Self.differenceCounts(before, after, db)
            let kind = kind ?? FileDifferenceKind.allCases.first { counts.count($0) > 0 } ?? .changed
            var difference = FileDifference(counts: counts, kind: kind, offset: max(0, offset), calls: [])
            guard difference.offset < counts.count(kind) else { return difference }
            let (left, right) = kind == .gone ? (before, after) : (after, before)
            let pairs = try Row.fetchAll(
                db,
                sql: """
                    SELECT c.number, d.number FROM \(Self.matchedCalls)
                      AND \(kind == .changed ? "d.fingerprint <> c.fingerprint" : "d.number IS NULL")
                    ORDER BY c.number LIMIT ?4 OFFSET ?5
                    """,
                arguments: Self.matchArguments(left, right)
                    + [min(max(1, limit), 1000), difference.offset])
            for pair in pairs {
                guard let (reference, side) = try Self.callSide(pair[0], db) else { continue }
                let other = try (pair[1] as Int64?).flatMap { try Self.callSide($0, db)?.side }
                difference.calls.append(
                    CallDifference(
                        reference: reference, before: kind == .gone ? side : other,
                        after: kind == .gone ? nil : side))
            }
            return difference
        }
    }

    /// Rows `c` of one version, each with the row `d` of the other that has its key, where there is one.
    private static let matchedCalls = """
        call c LEFT JOIN call d ON d.key = c.key AND d.source = c.source AND d.version = ?3
        WHERE c.number >= ?1 AND c.number < ?2
        """

    private static func matchArguments(_ version: Int64, _ other: Int64) -> StatementArguments {
        [CallRecord.number(version, line: 0), CallRecord.number(version + 1, line: 0), other]
    }

    private static func differenceCounts(_ before: Int64, _ after: Int64, _ db: Database) throws
        -> FileDifferenceCounts
    {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*), count(d.number), coalesce(sum(d.fingerprint = c.fingerprint), 0)
                FROM \(matchedCalls)
                """, arguments: matchArguments(after, before))
        let old = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM call WHERE number >= ? AND number < ?",
            arguments: [CallRecord.number(before, line: 0), CallRecord.number(before + 1, line: 0)])
        let (rows, matched, same): (Int, Int, Int) = (row?[0] ?? 0, row?[1] ?? 0, row?[2] ?? 0)
        return FileDifferenceCounts(
            new: rows - matched, changed: matched - same, gone: (old ?? 0) - matched, same: same)
    }

    private static func callSide(_ number: Int64, _ db: Database) throws -> (
        reference: CallReference, side: CallSide
    )? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT c.*, n.name AS agentText, o.type AS typeText, o.state AS stateText, l.text AS campaignText,
                  m.text AS originalText, k.text AS callTypeText
                FROM call c JOIN agentName n ON n.number = c.name JOIN outcome o ON o.number = c.outcome
                  JOIN label l ON l.number = c.campaign JOIN label m ON m.number = c.originalCampaign
                  JOIN label k ON k.number = c.callType
                WHERE c.number = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [number]),
            let reference = CallReference(row)
        else { return nil }
        var fields: [CallField: String] = [:]
        func set(_ field: CallField, _ text: String?) {
            if let text, !text.isEmpty { fields[field] = text }
        }
        set(.agent, row["agentText"])
        set(.time, LocalTime(seconds: row["time"]).iso)
        set(.type, row["typeText"])
        set(.state, row["stateText"])
        set(.campaign, row["campaignText"])
        set(.originalCampaign, row["originalText"])
        set(.callType, row["callTypeText"])
        set(.profile, row["profile"])
        set(.talk, (row["talk"] as Int?).map { String($0) })
        set(.wait, (row["wait"] as Int?).map { String($0) })
        return (reference, CallSide(line: row["line"], fields: fields))
    }
}
