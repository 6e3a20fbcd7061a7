import Domain
import Foundation
import GRDB

/// A state that a source's files hold, with how often it counts.
public struct SeenState: Sendable, Hashable {
    public var state: String
    public var logs: Int
}

extension OfficeStore {
    /// Every state that was seen from a source, from the rollups in force; the most frequent first.
    public func states(of source: Int64) async throws -> [SeenState] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT o.state, coalesce(sum(t.logs), 0) AS logs FROM outcome o
                    LEFT JOIN dayTally t ON t.outcome = o.number AND t.change = (
                      SELECT max(a.change) FROM agentDay a WHERE a.day = t.day AND a.name = t.name
                        AND a.change <= (SELECT postedChange FROM folder))
                    WHERE o.source = ? GROUP BY o.state ORDER BY logs DESC, o.state
                    """, arguments: [source]
            ).map { SeenState(state: $0["state"], logs: $0["logs"]) }
        }
    }

    /// - Throws: `UserError.notHere` for an id that is no source's.
    public func source(_ id: ID<Source>) async throws -> StoredSource {
        guard let source = try await sources().first(where: { $0.source.id == id }) else {
            throw UserError.notHere
        }
        return source
    }
}
