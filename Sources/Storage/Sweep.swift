import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Removes what a crash left: rows of versions never made live, rollups never posted, temporary files,
    /// archives on their way to the trash or out of it.
    ///
    /// Runs before anything else uses the folder, so whatever is staged now belongs to nobody.
    func sweep() throws {
        try forgetIncoming()
        try sweepStaged()
        try settleArchives()
        try sweepTrash()
        let incoming = Set(try FileManager.default.contentsOfDirectory(atPath: folder.incoming))
        for name in incoming where !isOfQuestion(name, incoming) {
            try FileManager.default.removeItem(atPath: folder.incoming + "/" + name)
        }
        // What was being written there when the program ended.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.backups)
        where name.hasPrefix(".part-") { unlink(folder.backups + "/" + name) }
        let replaced = try pool.read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT a.number FROM agentDay a JOIN (
                      SELECT day, name, max(change) AS change FROM agentDay GROUP BY day, name
                      HAVING count(*) > 1) latest
                    ON a.day = latest.day AND a.name = latest.name AND a.change < latest.change
                    """)
        }
        try removeRollups(replaced)
    }

    /// A received file that waits for an answer, or the question beside it: both outlive a restart, or neither.
    private func isOfQuestion(_ name: String, _ incoming: Set<String>) -> Bool {
        let ending = DataFolder.questionEnding
        return name.hasSuffix(ending)
            ? incoming.contains(String(name.dropLast(ending.count))) : incoming.contains(name + ending)
    }

    /// The part of it that may be in the way of the next change.
    func sweepStaged() throws {
        let staged: [StagedPlace] = try pool.read { db in
            try Row.fetchAll(db, sql: "SELECT number, file, version FROM fileVersion WHERE state = 'staged'")
                .map { row in
                    StagedPlace(
                        number: row["number"], file: (row["file"] as String?).flatMap { ID($0) },
                        version: row["version"])
                }
        }
        for place in staged {
            if let file = place.file, let version = place.version { try removeArchive(file, version) }
            try sweepVersion(place.number)
        }
        try forgetStagedSources()
        let (changes, posted): (Int64, Int64) = try pool.read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT lastChange, postedChange FROM folder") else {
                return (0, 0)
            }
            return (row["lastChange"], row["postedChange"])
        }
        if changes > posted { try sweepChanges(after: posted) }
    }

    private struct StagedPlace: Sendable {
        var number: Int64
        var file: ID<CallFile>?
        var version: Int?
    }

    /// Removes the archive of a version that no entry tells of, unfinished ones too.
    private func removeArchive(_ file: ID<CallFile>, _ version: Int) throws {
        let path = folder.archive(of: file, version: version)
        let place = URL(fileURLWithPath: path).deletingLastPathComponent().path
        // Asked of the journal: a rebuild that was cut off stages what has long been live, and its projections are gone.
        let isTaken = try pool.read { db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT 1 FROM journal WHERE kind = ? AND \(payloadField("$.file")) = ?
                      AND \(payloadField("$.version")) = ?
                    """, arguments: [FileUploaded.kind, file.description, String(version)])
        }
        guard isTaken == nil, FileManager.default.fileExists(atPath: place) else { return }
        unlink(path)
        for name in try FileManager.default.contentsOfDirectory(atPath: place) where name.hasPrefix(".part-")
        {
            unlink(place + "/" + name)
        }
        // Fails, as it should, where other versions are.
        rmdir(place)
    }

    /// In steps of at most 20,000 rows, so that no one waits for it.
    func sweepVersion(_ version: Int64) throws {
        var removed = 0
        repeat {
            removed = try pool.write { db in
                try db.execute(
                    sql: """
                        DELETE FROM call WHERE number IN
                          (SELECT number FROM call WHERE number >= ? AND number < ? LIMIT 20000)
                        """,
                    arguments: [CallRecord.number(version, line: 0), CallRecord.number(version + 1, line: 0)])
                return db.changesCount
            }
        } while removed > 0
        try pool.write { db in
            try db.execute(
                sql: "DELETE FROM rejectedLine WHERE number >= ? AND number < ?",
                arguments: [CallRecord.number(version, line: 0), CallRecord.number(version + 1, line: 0)])
            try db.execute(sql: "DELETE FROM versionDay WHERE version = ?", arguments: [version])
            try db.execute(
                sql: "DELETE FROM fileVersion WHERE number = ? AND state = 'staged'", arguments: [version])
            try db.execute(sql: Self.forgetNobodysNames)
        }
    }

    /// Removes names that nobody has and no row needs. While rows are staged their names are nobody's, too, until
    /// their entry is folded.
    static let forgetNobodysNames = """
        DELETE FROM agentName WHERE links IS NULL
          AND NOT EXISTS (SELECT 1 FROM fileVersion WHERE state = 'staged')
          AND NOT EXISTS (SELECT 1 FROM call c WHERE c.name = agentName.number)
        """

    /// Removes staged rollups whose change was never posted.
    func sweepChanges(after posted: Int64) throws {
        let leftovers = try pool.read { db in
            try Int64.fetchAll(
                db, sql: "SELECT number FROM agentDay WHERE change > ?", arguments: [posted])
        }
        try removeRollups(leftovers)
    }

    /// Removes agent-days by their numbers, with their tallies.
    func removeRollups(_ numbers: [Int64]) throws {
        for start in stride(from: 0, to: numbers.count, by: 500) {
            try writeStaged { db in
                for number in numbers[start..<min(start + 500, numbers.count)] {
                    try removeRollup(number, db)
                }
            }
        }
    }
}

func removeRollup(_ number: Int64, _ db: Database) throws {
    for sql in [
        "DELETE FROM dayTally WHERE number >= ?1 << 20 AND number < (?1 + 1) << 20",
        "DELETE FROM agentDayCells WHERE number = ?1", "DELETE FROM agentDay WHERE number = ?1",
    ] {
        try db.cachedStatement(sql: sql).execute(arguments: [number])
    }
}
