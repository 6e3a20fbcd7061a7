import Domain
import Foundation
import GRDB

/// An upload's archive in an office that is being restored: where it belongs, and what its bytes may be.
public struct RestoredArchive: Sendable, Hashable {
    public var file: ID<CallFile>
    public var version: Int
    /// SHA-256 in hex, the likeliest first: days of it may have been purged.
    public var digests: [String]
}

/// An empty folder's store while a backup is read into it; nobody else uses it.
extension OfficeStore {
    /// Says whose folder this is to be.
    ///
    /// - Throws: `UserError` `conflict` where it has an office.
    public func beginRestore(of office: ID<Office>, incarnation: Int) throws {
        try pool.write { db in
            guard try ChainIdentity.fetch(db) == nil else {
                throw UserError(
                    .conflict, "The folder \(folder.path) has an office already.",
                    advice: "Restore into another one.")
            }
            try db.execute(
                sql: "INSERT INTO folder (only, office, incarnation, rebuilding) VALUES (1, ?, ?, 1)",
                arguments: [office.description, incarnation])
        }
    }

    /// Takes entries into the journal as they are; they have no effect before `rebuild`.
    ///
    /// - Parameter events: whose hashes and chains were checked.
    public func keepRestored(_ events: [Event]) throws {
        try writeStaged { db in
            for event in events {
                let subject = (try? EventBody(event))?.payload.subject
                try db.cachedStatement(
                    sql: """
                        INSERT INTO journal (stream, office, incarnation, seq, time, user, actor, via, kind, subject,
                          payload, previousHash, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
                        """
                ).execute(arguments: [
                    event.stream.rawValue, event.office.description, event.incarnation, event.seq,
                    event.time.bits, event.actor.user?.description, event.actor.name, event.actor.via,
                    event.kind, subject, event.payload, Data(event.previousHash), Data(event.hash),
                ])
            }
        }
    }

    /// Takes what no entry says; keys are the caller's.
    public func keepRestored(_ lines: [BackupLine]) throws {
        try writeNow(as: .program) { tx in
            for line in lines {
                switch line {
                case .credential(let it):
                    try tx.db.execute(
                        sql: "INSERT INTO credential (user, hash, changed, initial) VALUES (?, ?, ?, ?)",
                        arguments: [it.user.description, it.hash, it.changed, it.initial])
                case .token(let it):
                    try tx.db.execute(
                        sql: """
                            INSERT INTO apiToken (hash, id, user, name, created, expires, used)
                            VALUES (?, ?, ?, ?, ?, ?, ?)
                            """,
                        arguments: [
                            Data(bytes(ofHexadecimal: it.hash) ?? []), it.id, it.user.description, it.name,
                            it.created, it.expires, it.used,
                        ])
                case .peer(let it):
                    // Read once, so that no page meets what cannot be read.
                    _ = try fromJSON(PeerState.self, it.state)
                    try tx.db.execute(
                        sql: "INSERT INTO peerState (office, state) VALUES (?, ?)",
                        arguments: [it.office.description, it.state])
                case .signedHead(let it): try tx.save(it)
                case .fork(let it):
                    try tx.db.execute(
                        sql: """
                            INSERT INTO fork (office, incarnation, seq, ours, theirs, found)
                            VALUES (?, ?, ?, ?, ?, ?)
                            """,
                        arguments: [
                            it.office.description, it.incarnation, it.seq, it.ours, it.theirs, it.found,
                        ])
                case .key: break
                }
            }
        }
    }

    /// Archives that the journal speaks of, lawfully or not.
    public func restoredArchives() throws -> [RestoredArchive] {
        try pool.read { db in
            let purged = try Self.purgedVersions(db)
            let uploads = try Row.fetchAll(
                db,
                sql: """
                    SELECT office, payload FROM journal WHERE stream = 'shared' AND kind = 'fileUploaded'
                    ORDER BY time, office, incarnation, seq
                    """)
            return uploads.compactMap { row in
                guard let it = try? fromJSON(FileUploaded.self, row["payload"]),
                    let office = ID<Office>(row["office"] as String)
                else { return nil }
                let place = VersionPlace(file: it.file, version: it.version)
                let kept = (purged[office]?[place] ?? []).compactMap { $0?.archive }
                return RestoredArchive(
                    file: it.file, version: it.version, digests: kept.reversed() + [it.archive])
            }
        }
    }

    /// The office goes on from here: as a new chain, and with a word on where it came from.
    public func finishRestore(_ restored: BackupRestored, by actor: Actor) throws {
        try writeNow(as: actor) { tx in
            // Accounts that no entry knows have no password.
            try tx.db.execute(sql: "DELETE FROM credential WHERE user NOT IN (SELECT id FROM user)")
            try tx.db.execute(sql: "DELETE FROM apiToken WHERE user NOT IN (SELECT id FROM user)")
            // Whoever was signed in where this was written is not signed in here.
            try tx.db.execute(sql: "DELETE FROM session")
            try tx.db.execute(sql: "UPDATE folder SET place = NULL")
            try tx.beginIncarnation(.restored)
            try tx.append(.backupRestored(restored))
        }
        // All of it in the one file that is put in place.
        _ = try pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    }

    /// For threads that may block.
    public func stateHashNow(fromRows: Bool = false) throws -> StateHash {
        try pool.read { db in try Self.stateHash(db, fromRows: fromRows) }
    }

    /// For threads that may block; nil: not set up yet.
    public func officeStateNow() throws -> OfficeState? { try pool.read { db in try Self.officeState(db) } }
}
