import Crypto
import Domain
import Foundation
import GRDB

/// Whose entries are taken.
struct Trust {
    var keys: [ID<Office>: String] = [:]
    var revoked: Set<ID<Office>> = []
    var names: [ID<Office>: String] = [:]

    init(_ db: Database, own: ID<Office>, ownKey: String) throws {
        for row in try Row.fetchAll(db.cachedStatement(sql: "SELECT office, name, key, revoked FROM peer")) {
            guard let office = ID<Office>(row["office"] as String) else { continue }
            names[office] = row["name"]
            if row["revoked"] { revoked.insert(office) } else { keys[office] = row["key"] }
        }
        keys[own] = ownKey
    }
}

/// A chain in quarantine.
struct IncomingChain: Sendable {
    var chain: Chain
    var first: Int64
    var last: Int64
    var entries: Int
}

extension OfficeStore {
    static func heldSeq(_ chain: Chain, _ db: Database) throws -> Int64 {
        try Int64.fetchOne(
            db.cachedStatement(
                sql: "SELECT max(seq) FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ?"
            ),
            arguments: [chain.office.description, chain.incarnation]) ?? 0
    }

    static func heldHash(_ chain: Chain, _ seq: Int64, _ db: Database) throws -> Data? {
        try Data.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT hash FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ? AND seq = ?
                    """), arguments: [chain.office.description, chain.incarnation, seq])
    }

    /// Why nothing of a chain is taken; nil: it fits to what is held.
    ///
    /// - Throws: where the snapshot contradicts itself.
    static func refusal(
        of it: IncomingChain?, _ chain: Chain, _ head: SignedHead, _ trust: Trust, _ db: Database
    ) throws -> ChainNotTaken? {
        func not(_ reason: ChainNotTaken.Reason, at seq: Int64) -> ChainNotTaken {
            ChainNotTaken(
                office: chain.office, incarnation: chain.incarnation,
                name: trust.names[chain.office] ?? head.name, reason: reason, entries: it?.entries ?? 0,
                seq: seq)
        }
        let held = try heldSeq(chain, db)
        guard let key = trust.keys[chain.office] else {
            return not(trust.revoked.contains(chain.office) ? .revoked : .unpaired, at: held + 1)
        }
        guard key == head.key, head.isGenuine else { return not(.unsigned, at: head.head.seq) }
        let open = try Int64.fetchOne(
            db.cachedStatement(
                sql: "SELECT seq FROM fork WHERE office = ? AND incarnation = ? AND settled = 0"),
            arguments: [chain.office.description, chain.incarnation])
        if let open { return not(.fork, at: open) }
        if let hash = try heldHash(chain, head.head.seq, db), hexadecimal(hash) != head.head.hash {
            return not(.fork, at: try firstDifference(chain, db) ?? head.head.seq)
        }
        guard let it else { return nil }
        guard it.first <= held + 1 else { return not(.gap, at: held + 1) }
        return try fork(it, head, db).map { not(.fork, at: $0) }
    }

    /// The first entry that came of which another one is held; nil: those that differ did not come.
    private static func firstDifference(_ chain: Chain, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT min(i.seq) FROM incomingEvent i JOIN journal j ON j.stream = 'shared'
                      AND j.office = i.office AND j.incarnation = i.incarnation AND j.seq = i.seq AND j.hash <> i.hash
                    WHERE i.office = ? AND i.incarnation = ?
                    """), arguments: [chain.office.description, chain.incarnation])
    }

    /// Goes along the chain; returns the first entry of which another one is held.
    private static func fork(_ it: IncomingChain, _ head: SignedHead, _ db: Database) throws -> Int64? {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT seq, time, previousHash, hash FROM incomingEvent WHERE office = ? AND incarnation = ?
                    ORDER BY seq
                    """), arguments: [it.chain.office.description, it.chain.incarnation])
        var last: (hash: Data, time: Int64)?
        var seq = it.first
        while let row = try rows.next() {
            let (hash, time): (Data, Int64) = (row["hash"], row["time"])
            let before: Data
            if let last {
                before = last.hash
            } else if seq == 1 {
                before = Data(Event.rootHash)
            } else if let held = try heldHash(it.chain, seq - 1, db) {
                before = held
            } else {
                throw brokenChain(head.name, seq)
            }
            guard row["seq"] == seq, last.map({ $0.time < time }) ?? true else {
                throw brokenChain(head.name, seq)
            }
            if let held = try heldHash(it.chain, seq, db), held != hash { return seq }
            guard row["previousHash"] == before else {
                // The first of a delta that does not continue what is held: somebody wrote on elsewhere.
                if last == nil { return seq }
                throw brokenChain(head.name, seq)
            }
            last = (hash, time)
            seq += 1
        }
        guard let last, head.head.seq == seq - 1, hexadecimal(last.hash) == head.head.hash else {
            throw brokenChain(head.name, seq)
        }
        return nil
    }

    static func brokenChain(_ name: String, _ seq: Int64) -> UserError {
        UserError(
            .damaged, "Entry \(seq) of the snapshot of “\(name)” does not fit the ones before it.",
            advice: "Nothing was taken in. Ask for another snapshot.")
    }
}

extension SignedHead {
    /// Whether the signature is that of the key over this head.
    var isGenuine: Bool {
        guard let key = bytes(ofHexadecimal: key), let signature = bytes(ofHexadecimal: signature),
            let verifier = try? Curve25519.Signing.PublicKey(rawRepresentation: key)
        else { return false }
        return verifier.isValidSignature(
            signature, for: Data(Self.signedText(head, name: name, key: self.key).utf8))
    }
}
