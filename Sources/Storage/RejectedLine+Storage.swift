import Domain
import Foundation
import GRDB

/// A rejected line as a version keeps it for the search.
public struct RejectedLine: Sendable, Hashable {
    public var line: Int
    public var reason: String
    public var text: String

    /// Of each version so many lines can be searched; all of them are in its archive.
    public static let mostSearched = 5000
    /// Characters of a line that can be searched.
    public static let longest = 2000

    public init(line: Int, reason: String, text: String) {
        self.line = line
        self.reason = reason
        self.text = String(text.prefix(Self.longest))
    }
}

/// A rejected line that a search found.
public struct FoundLine: Sendable, Hashable {
    public var rejected: RejectedLine
    public var file: ID<CallFile>
    public var fileName: String
    public var sourceName: String
    public var version: Int
    public var uploadedAt: Instant
    public var uploadedBy: String
}

/// One page of what a search found.
public struct FoundLines: Sendable {
    public var lines: [FoundLine] = []
    public var total = 0
    /// Live versions with more rejected lines than can be searched, and how many those have together.
    public var cutVersions = 0
    public var cutLines = 0
    /// Rejected lines of all live versions that can be searched.
    public var searched = 0
}

extension StagedVersion {
    /// Keeps rejected lines for the search, in the order of lines, as long as there is room.
    public func keepRejected(_ lines: [RejectedLine]) throws {
        let kept = lines.prefix(max(0, RejectedLine.mostSearched - rejectedKept))
        guard !kept.isEmpty else { return }
        rejectedKept += kept.count
        try store.writeStaged { db in
            let insert = try db.cachedStatement(
                sql: "INSERT OR IGNORE INTO rejectedLine (number, reason, text) VALUES (?, ?, ?)")
            for line in kept {
                try insert.execute(
                    arguments: [CallRecord.number(number, line: line.line), line.reason, line.text])
            }
        }
    }

    /// No more lines are kept.
    public var hasRejectedEnough: Bool { rejectedKept >= RejectedLine.mostSearched }
}

extension OfficeStore {
    /// Rejected lines of live versions that hold a text, those of the latest upload first.
    ///
    /// Case makes no difference. A text of digits and the marks that phone numbers are written with is also
    /// found where the marks differ.
    public func rejectedLines(holding text: String, offset: Int = 0, limit: Int = 100, for viewer: Viewer)
        async throws -> FoundLines
    {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try await read { db in
            var found = FoundLines()
            let inScope = try OfficeScope(viewer, for: .viewFiles, db).ofSource("source")
            let sums = try Row.fetchOne(
                db,
                sql: """
                    SELECT total(min(n, ?1)), total(n > ?1), total(iif(n > ?1, n, 0))
                    FROM (SELECT event ->> '$.counts.rejected' AS n FROM fileVersion
                      WHERE state = 'live' AND \(inScope))
                    """, arguments: [RejectedLine.mostSearched])
            (found.searched, found.cutVersions, found.cutLines) = (
                sums?[0] ?? 0, sums?[1] ?? 0, sums?[2] ?? 0
            )
            guard !text.isEmpty else { return found }
            let condition = """
                FROM rejectedLine r JOIN fileVersion v ON v.number = r.number >> 32
                WHERE v.state = 'live' AND \(inScope) AND (instr(swiftLowercaseString(r.text), ?1) > 0
                  OR (?2 IS NOT NULL AND instr(\(Self.withoutMarks), ?2) > 0))
                """
            let arguments: StatementArguments = [text.lowercased(), digits(ofNumber: text)]
            found.total =
                try Int.fetchOne(db, sql: "SELECT count(*) \(condition)", arguments: arguments) ?? 0
            let numbers = try Int64.fetchAll(
                db,
                sql:
                    "SELECT r.number \(condition) ORDER BY v.time DESC, v.office, r.number LIMIT ?3 OFFSET ?4",
                arguments: arguments + [min(max(1, limit), 1000), max(0, offset)])
            found.lines = try numbers.compactMap { try Self.foundLine($0, db) }
            return found
        }
    }

    private static let withoutMarks = phoneMarks.reduce("r.text") { "replace(\($0), '\($1)', '')" }

    private static func foundLine(_ number: Int64, _ db: Database) throws -> FoundLine? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT r.*, v.file, v.version, v.time, v.uploadedBy, f.name, s.name AS sourceName
                    FROM rejectedLine r JOIN fileVersion v ON v.number = r.number >> 32
                    JOIN file f ON f.id = v.file JOIN source s ON s.number = v.source WHERE r.number = ?
                    """), arguments: [number])
        guard let row, let file = ID<CallFile>(row["file"] as String) else { return nil }
        return FoundLine(
            rejected: RejectedLine(
                line: Int(number & 0xffff_ffff), reason: row["reason"], text: row["text"]), file: file,
            fileName: row["name"], sourceName: row["sourceName"], version: row["version"],
            uploadedAt: HybridTime(bits: row["time"]).instant, uploadedBy: row["uploadedBy"] ?? "")
    }
}

private let phoneMarks = [" ", "-", "(", ")", ".", "/", "+"]

/// The digits of what looks like a phone number; nil for any other text.
private func digits(ofNumber text: String) -> String? {
    let digits = text.filter { $0.isASCII && $0.isNumber }
    let rest = text.filter { !($0.isASCII && $0.isNumber) }
    guard digits.count >= 5, rest.allSatisfy({ phoneMarks.contains(String($0)) }) else { return nil }
    return digits
}
