import Domain
import Foundation
import GRDB

/// Figures of the running office, for monitoring.
public struct VitalSigns: Sendable {
    /// Seconds that a write waited just now.
    public var writerWait = 0.0
    public var calls = 0
    public var versions = 0
    public var entries = 0
    public var sessions = 0
}

extension OfficeStore {
    /// From the rollups: the cost does not depend on the number of calls.
    public func vitalSigns() async throws -> VitalSigns {
        let start = ContinuousClock.now
        try await pool.write { db in try db.execute(sql: "SELECT 1") }
        let waited = (ContinuousClock.now - start).components
        var signs = try await read { db in
            var signs = VitalSigns()
            signs.calls = try Self.countedCalls(db)
            signs.versions =
                try Int.fetchOne(db, sql: "SELECT count(*) FROM fileVersion WHERE state = 'live'") ?? 0
            signs.entries = try Int.fetchOne(db, sql: "SELECT count(*) FROM journal") ?? 0
            signs.sessions = try Int.fetchOne(db, sql: "SELECT count(*) FROM session") ?? 0
            return signs
        }
        signs.writerWait = Double(waited.seconds) + Double(waited.attoseconds) / 1e18
        return signs
    }

    /// The calls that count, of the whole office.
    public func countedCalls() async throws -> Int { try await read { db in try Self.countedCalls(db) } }

    private static func countedCalls(_ db: Database) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT sum(d.logs) FROM agentDay d WHERE d.change = (SELECT max(x.change) FROM agentDay x
                  WHERE x.day = d.day AND x.name = d.name
                    AND x.change <= (SELECT postedChange FROM folder))
                """) ?? 0
    }
}
