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
                    WITH seen AS (
                      SELECT t.outcome, sum(t.logs) AS logs FROM dayTally t
                      JOIN agentDay a ON a.number = t.number >> 20
                      WHERE a.change = (
                        SELECT max(b.change) FROM agentDay b WHERE b.day = a.day AND b.name = a.name
                          AND b.change <= (SELECT postedChange FROM folder))
                      GROUP BY t.outcome)
                    SELECT o.state, coalesce(sum(s.logs), 0) AS logs FROM outcome o
                    LEFT JOIN seen s ON s.outcome = o.number
                    WHERE o.source = ? GROUP BY o.state ORDER BY logs DESC, o.state
                    """, arguments: [source]
            ).map { SeenState(state: $0["state"], logs: $0["logs"]) }
        }
    }

    /// Remembers what headings mean, so that the next file with them needs no answer. Blocks its thread.
    ///
    /// - Parameter columns: role to heading.
    public func rememberHeader(
        _ fingerprint: String, columns: [String: String], of source: ID<Source>, by actor: Actor
    ) throws {
        try writeNow(as: actor) { tx in
            let own = try Self.sources(.own(tx.db), tx.db)
            guard let before = own.first(where: { $0.source.id == source })?.source else { return }
            var after = before
            after.knownHeaders = (before.knownHeaders ?? [:]).merging([fingerprint: columns]) { $1 }
            if before != after { try tx.append(.sourceChanged(SourceChanged(before: before, after: after))) }
        }
    }

    /// - Throws: `UserError.notHere` for an id that is no source's of the office.
    public func source(_ id: ID<Source>) async throws -> StoredSource {
        guard let source = try await sources().first(where: { $0.source.id == id }) else {
            throw UserError.notHere
        }
        return source
    }

    /// To be looked at: another office's too, for who may see it.
    public func source(_ id: ID<Source>, for viewer: Viewer) async throws -> StoredSource {
        let all = try await sources(for: viewer.everywhere)
        guard let source = all.first(where: { $0.source.id == id }) else { throw UserError.notHere }
        return source
    }
}
