import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Removes what a crash left: rows of versions never made live, rollups never posted, temporary files.
    ///
    /// Runs before anything else uses the folder, so whatever is staged now belongs to nobody.
    func sweep() throws {
        let staged: [Int64] = try pool.read { db in
            try Int64.fetchAll(db, sql: "SELECT number FROM fileVersion WHERE state = 'staged'")
        }
        for version in staged { try sweepVersion(version) }
        let (changes, posted): (Int64, Int64) = try pool.read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT lastChange, postedChange FROM folder") else {
                return (0, 0)
            }
            return (row["lastChange"], row["postedChange"])
        }
        if changes > posted { try sweepChanges(after: posted) }
        let incoming = try FileManager.default.contentsOfDirectory(atPath: folder.incoming)
        for name in incoming { try FileManager.default.removeItem(atPath: folder.incoming + "/" + name) }
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
                sql: "DELETE FROM fileVersion WHERE number = ? AND state = 'staged'", arguments: [version])
            try db.execute(sql: "DELETE FROM agentName WHERE person IS NULL")
        }
    }

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
            try pool.write { db in
                for number in numbers[start..<min(start + 500, numbers.count)] {
                    for table in ["hourTally", "dayTally"] {
                        try db.cachedStatement(
                            sql: "DELETE FROM \(table) WHERE number >= ?1 << 20 AND number < (?1 + 1) << 20"
                        ).execute(arguments: [number])
                    }
                    try db.cachedStatement(sql: "DELETE FROM agentDay WHERE number = ?")
                        .execute(arguments: [number])
                }
            }
        }
    }
}
