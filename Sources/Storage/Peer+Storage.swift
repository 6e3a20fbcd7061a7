import Domain
import Foundation
import GRDB

extension Transaction {
    func foldOfficePaired(_ event: Event, _ it: OfficePaired) throws {
        try db.run(
            sql: """
                INSERT INTO peer (office, name, key, paired, revoked) VALUES (?, ?, ?, ?, 0)
                ON CONFLICT (office) DO UPDATE SET name = excluded.name, key = excluded.key,
                  paired = excluded.paired, revoked = 0
                """, arguments: [it.office.description, it.name, it.key, event.time.instant.milliseconds])
    }

    func foldOfficeUnpaired(_ it: OfficeUnpaired) throws {
        try db.run(
            sql: "UPDATE peer SET revoked = 1 WHERE office = ? AND key = ?",
            arguments: [it.office.description, it.key])
        guard db.changesCount == 1 else { throw UserError.notHere }
    }
}

/// Another office as far as its snapshots told of it.
public struct PeerState: Hashable, Codable, Sendable {
    /// When its last snapshot was taken in here, and when it had made it.
    public var heard: Instant?
    public var made: Instant?
    /// What it held of every chain then, its own included.
    public var heads: [ChainHead] = []
    /// Its state then, in hex: the same as ours means that both hold the same.
    public var stateHash: String?
    /// Its clock less ours when its snapshot came, in seconds; only where it came straight away.
    public var clockSkew: Int64?
    /// Its release.
    public var program = ""
    public var openConflicts: Int?
    /// What was last sent to it, and when.
    public var sent: Instant?
    public var sentHeads: [ChainHead] = []

    public init() {}
}

/// Another office: paired, or known through others only.
public struct Peer: Hashable, Sendable {
    public enum Trust: String, Hashable, Sendable, Codable { case paired, revoked, unknown }

    public var office: ID<Office>
    public var name: String
    /// Hex; nil: nobody compared it.
    public var key: String?
    public var trust: Trust
    public var paired: Instant?
    public var state: PeerState
    /// What is held here of its chains.
    public var heads: [ChainHead]
    /// When it wrote the last entry of it that is held here.
    public var heldUntil: Instant?
    /// Its entries that others hold and this office does not.
    public var gaps: Int64
    /// Two entries with one number were found in one of its chains.
    public var isForked: Bool
}

extension OfficeStore {
    /// The other offices, by name.
    public func peers(for viewer: Viewer) async throws -> [Peer] {
        try viewer.require(.viewOffices)
        return try await read { db in try Self.peers(db) }
    }

    static func peers(_ db: Database) throws -> [Peer] {
        guard let own = try ChainIdentity.fetch(db)?.office else { return [] }
        let heads = try heads(db)
        let held = VersionVector(heads)
        var known: [ID<Office>: Peer] = [:]
        func peer(_ office: ID<Office>, _ name: String) {
            guard office != own, known[office] == nil else { return }
            known[office] = Peer(
                office: office, name: name, key: nil, trust: .unknown, paired: nil, state: PeerState(),
                heads: heads.filter { $0.office == office }, gaps: 0, isForked: false)
        }
        for row in try Row.fetchAll(db.cachedStatement(sql: "SELECT * FROM peer")) {
            guard let office = ID<Office>(row["office"] as String) else { continue }
            peer(office, row["name"])
            known[office]?.key = row["key"]
            known[office]?.trust = row["revoked"] ? .revoked : .paired
            known[office]?.paired = Instant(milliseconds: row["paired"])
        }
        for row in try Row.fetchAll(db.cachedStatement(sql: "SELECT id, name FROM office")) {
            if let office = ID<Office>(row["id"] as String) {
                peer(office, row["name"])
                known[office]?.name = row["name"]
            }
        }
        for head in heads {
            let time = try Int64.fetchOne(
                db.cachedStatement(
                    sql:
                        "SELECT time FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ? AND seq = ?"
                ), arguments: [head.office.description, head.incarnation, head.seq])
            guard let until = time.map({ HybridTime(bits: $0).instant }) else { continue }
            let last = known[head.office]?.heldUntil
            known[head.office]?.heldUntil = max(last ?? until, until)
        }
        var elsewhere = VersionVector()
        for row in try Row.fetchAll(db.cachedStatement(sql: "SELECT office, state FROM peerState")) {
            guard let office = ID<Office>(row["office"] as String) else { continue }
            let state = try fromJSON(PeerState.self, row["state"])
            known[office]?.state = state
            elsewhere.join(VersionVector(state.heads))
        }
        for (chain, seq) in elsewhere.seqs where seq > held[chain] {
            known[chain.office]?.gaps += seq - held[chain]
        }
        for office in try String.fetchAll(
            db.cachedStatement(sql: "SELECT office FROM fork WHERE settled = 0"))
        {
            if let office = ID<Office>(office) { known[office]?.isForked = true }
        }
        return known.values.sorted { ($0.name, $0.office) < ($1.name, $1.office) }
    }

    /// What is held of every shared chain.
    static func heads(_ db: Database) throws -> [ChainHead] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT office, incarnation, max(seq) AS seq, hash FROM journal WHERE stream = 'shared'
                    GROUP BY office, incarnation ORDER BY office, incarnation
                    """)
        ).compactMap { row in
            guard let office = ID<Office>(row["office"] as String) else { return nil }
            return ChainHead(
                office: office, incarnation: row["incarnation"], seq: row["seq"],
                hash: hexadecimal(row["hash"] as Data))
        }
    }

    static func savePeerState(_ office: ID<Office>, _ db: Database, _ change: (inout PeerState) -> Void)
        throws
    {
        var state =
            try String.fetchOne(
                db.cachedStatement(sql: "SELECT state FROM peerState WHERE office = ?"),
                arguments: [office.description]
            ).map { try fromJSON(PeerState.self, $0) } ?? PeerState()
        change(&state)
        try db.run(
            sql: """
                INSERT INTO peerState (office, state) VALUES (?, ?)
                ON CONFLICT (office) DO UPDATE SET state = excluded.state
                """, arguments: [office.description, try jsonText(state)])
    }

    /// Trusts another office's key from now on; somebody compared its check words.
    public func pair(_ office: ID<Office>, name: String, key: String, for viewer: Viewer, by actor: Actor)
        async throws
    {
        try viewer.require(.manageOffices)
        try await write(as: actor) { tx in
            guard let own = try ChainIdentity.fetch(tx.db)?.office else { throw UserError.notSetUp }
            guard office != own else {
                throw UserError(
                    .invalid, "This is the office itself.", advice: "Choose a file of another office.")
            }
            let now = try Row.fetchOne(
                tx.db.cachedStatement(sql: "SELECT key, revoked FROM peer WHERE office = ?"),
                arguments: [office.description])
            if let now, now["key"] == key, !now["revoked"] {
                throw UserError(.conflict, "“\(name)” is paired already.", advice: "Exchange snapshots.")
            }
            // With another key it is another box: what the one before could do, this one cannot.
            if now != nil { try tx.forgetExchange(with: office) }
            try tx.append(.officePaired(OfficePaired(office: office, name: name, key: key)))
        }
    }

    /// Takes nothing more that the office signs; what came is kept.
    public func unpair(_ office: ID<Office>, reason: String, for viewer: Viewer, by actor: Actor) async throws
    {
        try viewer.require(.manageOffices)
        guard !reason.allSatisfy(\.isWhitespace), reason.count <= 2000 else {
            throw UserError(.invalid, "This needs a reason of at most 2,000 characters.", advice: "Say why.")
        }
        try await write(as: actor) { tx in
            let row = try Row.fetchOne(
                tx.db.cachedStatement(sql: "SELECT name, key FROM peer WHERE office = ? AND revoked = 0"),
                arguments: [office.description])
            guard let row else { throw UserError.notHere }
            try tx.forgetExchange(with: office)
            try tx.append(
                .officeUnpaired(
                    OfficeUnpaired(office: office, name: row["name"], key: row["key"], reason: reason)))
        }
    }
}
