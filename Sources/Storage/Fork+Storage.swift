import Domain
import Foundation
import GRDB

/// A chain of an office that two boxes wrote differently, and what is known of both sides.
public struct Fork: Sendable {
    public var chain: Chain
    /// The office's.
    public var name: String
    public var isOwn: Bool
    /// The first entry of which there are two, and when it was made.
    public var seq: Int64
    public var since: Instant
    public var found: Instant
    /// Somebody said that this office goes on with what it holds.
    public var isSettled: Bool
    /// From that entry on: what is held here and counts, in its order.
    public var here: [ActivityEntry]
    /// What the other box wrote, as far as snapshots brought it: it has no effect here.
    public var other: [ActivityEntry]
    /// How many there are, listed or not.
    public var hereCount: Int
    public var otherCount: Int

    /// Of each side, at most so many are listed.
    public static let mostListed = 1000
}

extension OfficeStore {
    /// The chains that two boxes wrote differently, those first about which nobody has decided.
    public func forks(for viewer: Viewer) async throws -> [Fork] {
        try viewer.require(.manageOffices)
        return try await read { db in
            let own = try ChainIdentity.fetch(db)?.office
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT f.*, coalesce(o.name, p.name, f.office) AS name FROM fork f
                    LEFT JOIN office o ON o.id = f.office LEFT JOIN peer p ON p.office = f.office
                    ORDER BY f.settled, f.found DESC, f.office, f.incarnation
                    """
            ).compactMap { row in
                guard let office = ID<Office>(row["office"] as String) else { return nil }
                let chain = Chain(office: office, incarnation: row["incarnation"])
                let seq: Int64 = row["seq"]
                let here = try Self.side(
                    "journal WHERE stream = 'shared' AND", "*", chain, from: seq, db)
                let other = try Self.side(
                    "forkEntry WHERE", "*, 'shared' AS stream, NULL AS refusal", chain, from: seq, db)
                let found = Instant(milliseconds: row["found"])
                let first = [here.entries.first, other.entries.first].compactMap {
                    $0?.event.time.instant
                }.min()
                return Fork(
                    chain: chain, name: row["name"], isOwn: office == own, seq: seq, since: first ?? found,
                    found: found, isSettled: row["settled"], here: here.entries, other: other.entries,
                    hereCount: here.count, otherCount: other.count)
            }
        }
    }

    private static func side(
        _ table: String, _ columns: String, _ chain: Chain, from seq: Int64, _ db: Database
    ) throws -> (entries: [ActivityEntry], count: Int) {
        let condition = "\(table) office = ? AND incarnation = ? AND seq >= ?"
        let arguments: StatementArguments = [chain.office.description, chain.incarnation, seq]
        let entries = try Row.fetchAll(
            db, sql: "SELECT \(columns) FROM \(condition) ORDER BY seq LIMIT \(Fork.mostListed)",
            arguments: arguments
        ).map { try ActivityEntry($0) }
        return (
            entries, try Int.fetchOne(db, sql: "SELECT count(*) FROM \(condition)", arguments: arguments) ?? 0
        )
    }

    /// Goes on with the side of a fork that is held here: what continues it is taken in again, and the other side's
    /// entries stay out. Or, not settled, raises the alarm again.
    ///
    /// - Throws: `UserError` `stale` where that is so already, or nobody found two sides.
    public func decideFork(_ chain: Chain, isSettled: Bool, for viewer: Viewer, by actor: Actor) async throws
    {
        try viewer.require(.manageOffices)
        let fork = try await forks(for: viewer).first { $0.chain == chain && $0.isSettled != isSettled }
        guard let fork else {
            throw UserError(
                .stale, "This was decided already, or is no longer asked.",
                advice: "Look at the two versions again.")
        }
        try await write(as: actor) { tx in
            try tx.append(
                .forkDecided(
                    ForkDecided(
                        office: chain.office, incarnation: chain.incarnation, name: fork.name, seq: fork.seq,
                        isSettled: isSettled)))
            // What an exchange stopped at is tried again at once.
            try tx.db.execute(
                sql: """
                    DELETE FROM exchangeQuestion WHERE question ->> '$.kind' = 'fork'
                      AND question ->> '$.about' = ?
                    """, arguments: [chain.office.description])
            try tx.db.execute(sql: "DELETE FROM exchangeFile WHERE file ->> '$.state' <> 'known'")
        }
    }

    /// Chains that were written twice, whether somebody has decided about them or not.
    public func forkedChains() throws -> Set<Chain> { try pool.read { db in try Self.forkedChains(db) } }

    static func forkedChains(_ db: Database) throws -> Set<Chain> {
        try Set(
            Row.fetchAll(db.cachedStatement(sql: "SELECT office, incarnation FROM fork")).compactMap { row in
                ID<Office>(row["office"] as String).map { Chain(office: $0, incarnation: row["incarnation"]) }
            })
    }

    /// The same, with what was decided.
    public func exchangeForks() throws -> [ExchangeFork] {
        try pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT office, incarnation, settled FROM fork ORDER BY office, incarnation"
            ).compactMap { row in
                ID<Office>(row["office"] as String).map {
                    ExchangeFork(
                        Chain(office: $0, incarnation: row["incarnation"]), isSettled: row["settled"])
                }
            }
        }
    }

    /// What this office and another one that answered lack of each other.
    ///
    /// - Parameter ours: as it is told the other one.
    public func exchangeDifference(_ ours: ExchangeVector, _ theirs: ExchangeVector) throws
        -> ExchangeDifference
    {
        let (reach, leftOut) = (VersionVector(ours.held), Set(ours.leftOut ?? []))
        return try pool.read { db in
            let differing = try theirs.given.filter { head in
                try !leftOut.contains(head.office) && head.seq <= reach[head.chain]
                    && Self.heldHash(head.chain, head.seq, db).map { hexadecimal($0) } != head.hash
            }
            let declined = try theirs.given.filter { head in
                try Bool.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT 1 FROM forkEntry
                            WHERE office = ? AND incarnation = ? AND seq = ? AND lower(hex(hash)) = ?
                            """),
                    arguments: [head.office.description, head.incarnation, head.seq, head.hash]) != nil
            }
            return ExchangeDifference(
                ours: ours, theirs: theirs, differing: Set(differing.map(\.chain)),
                declined: Set(declined.map(\.chain)))
        }
    }

    func isSettled(_ chain: Chain) throws -> Bool {
        try pool.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT settled FROM fork WHERE office = ? AND incarnation = ?",
                arguments: [chain.office.description, chain.incarnation]) ?? false
        }
    }

    /// When somebody said that this office goes on with what it holds of a chain; nil: nobody has, or not any more.
    public func settled(_ chain: Chain) throws -> Instant? {
        guard try isSettled(chain) else { return nil }
        return try pool.read { db in
            let time = try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(time) FROM journal WHERE stream = 'local' AND kind = ?
                      AND payload ->> '$.office' = ? AND payload ->> '$.incarnation' = ?
                    """, arguments: [ForkDecided.kind, chain.office.description, chain.incarnation])
            return time.map { HybridTime(bits: $0).instant }
        }
    }

    /// Keeps what another box wrote in the place of entries that are held here, out of the quarantine.
    ///
    /// - Parameter seq: the first entry of which there are two.
    func keepOtherSide(of chain: Chain, from seq: Int64, _ number: Int) throws {
        try writeStaged { db in
            try requireWaiting(number)
            // Of the other side is what came where it contradicts what is held here, or goes on from what was kept.
            try db.execute(
                sql: """
                    INSERT INTO forkEntry
                    SELECT office, incarnation, seq, time, user, actor, via, kind, payload, previousHash, hash
                    FROM incomingEvent WHERE office = ?1 AND incarnation = ?2 AND seq >= ?3 AND (EXISTS (
                      SELECT 1 FROM incomingEvent i JOIN journal j ON j.stream = 'shared' AND j.office = ?1
                        AND j.incarnation = ?2 AND (j.seq = i.seq AND j.hash <> i.hash
                          OR j.seq = i.seq - 1 AND j.hash <> i.previousHash)
                      WHERE i.office = ?1 AND i.incarnation = ?2
                    ) OR EXISTS (
                      SELECT 1 FROM incomingEvent i JOIN forkEntry e ON e.office = ?1 AND e.incarnation = ?2
                        AND (e.seq = i.seq AND e.hash = i.hash OR e.seq = i.seq - 1 AND e.hash = i.previousHash)
                      WHERE i.office = ?1 AND i.incarnation = ?2
                    )) ON CONFLICT DO NOTHING
                    """, arguments: [chain.office.description, chain.incarnation, seq])
        }
    }
}

extension Transaction {
    func foldForkDecided(_ it: ForkDecided) throws {
        try db.execute(
            sql: "UPDATE fork SET settled = ? WHERE office = ? AND incarnation = ?",
            arguments: [it.isSettled, it.office.description, it.incarnation])
        guard db.changesCount == 1 else { throw UserError.notHere }
    }
}
