import Domain
import Foundation
import GRDB

/// What a snapshot holds, as it is at one moment; what happens later is not in it.
public struct SnapshotContents: Sendable {
    public struct Archive: Sendable, Hashable {
        /// SHA-256 in hex.
        public var sha256: String
        public var path: String
        public var size: Int64
    }

    public var office: ID<Office>
    public var name: String
    public var incarnation: Int
    /// The last entry of every chain that goes along, or is held: those of this office are to be signed.
    public var own: [ChainHead]
    /// Those of other offices, as they signed them.
    public var others: [SignedHead]
    /// What the reader must hold.
    public var since: [ChainHead]
    public var entries: Int64
    public var archives: [Archive]
    public var calls: Int64
    public var stateHash: String
    public var made: Instant

    public var heads: [ChainHead] { own + others.map(\.head) }
}

extension OfficeStore {
    /// What a snapshot for somebody holds who has `since` already; the archives are linked into a folder, so that
    /// nothing that is done meanwhile takes them away.
    ///
    /// - Parameters:
    ///   - since: empty: all of it.
    ///   - place: on the data folder's disk, empty.
    public func snapshotContents(since: [ChainHead] = [], linkingInto place: String) throws -> SnapshotContents {
        // Archives stay where they are while they are linked.
        try changingCalls {
            let now = clock.now()
            var contents = try pool.read { [folder] db in try Self.contents(db, since: since, now, folder) }
            for (index, archive) in contents.archives.enumerated() {
                let target = "\(place)/\(index)"
                var status = stat()
                guard link(archive.path, target) == 0, stat(target, &status) == 0 else {
                    throw UserError(
                        .damaged, "The archive \(archive.path) is missing, or cannot be read.",
                        advice: "Run “rollcall verify”, and put it back from a backup.")
                }
                contents.archives[index].path = target
                contents.archives[index].size = Int64(status.st_size)
            }
            return contents
        }
    }

    private static func contents(
        _ db: Database, since: [ChainHead], _ now: Instant, _ folder: DataFolder
    ) throws -> SnapshotContents {
        guard let state = try officeState(db), let chain = try ChainIdentity.fetch(db) else {
            throw UserError.notSetUp
        }
        let heads = try heads(db)
        let signed = try Row.fetchAll(db, sql: "SELECT * FROM signedHead ORDER BY office, incarnation")
            .compactMap { SignedHead($0) }
        // A chain goes along up to what its office signed, or not at all.
        let others = heads.filter { $0.office != chain.office }.compactMap { head in
            signed.first { $0.head == head }
        }
        let own = heads.filter { $0.office == chain.office }
        let held = VersionVector(since)
        // The reader's own knowledge of chains that are not here is not ours to ask for.
        let known = try since.filter { head in try heldHash(head.chain, head.seq, db).map { hexadecimal($0) } == head.hash }
        guard known.count == since.count else {
            throw UserError(
                .conflict, "That office holds entries that this one does not.",
                advice: "Take its snapshot in first, or write a full one.")
        }
        let hash = try Self.stateHash(db, fromRows: false)
        var contents = SnapshotContents(
            office: chain.office, name: state.office.rules.name, incarnation: chain.incarnation, own: own,
            others: others, since: since, entries: 0, archives: [], calls: hash.calls,
            stateHash: hash.hex, made: now)
        contents.entries = contents.heads.reduce(0) { $0 + max(0, $1.seq - held[$1.chain]) }
        contents.archives = try archives(db, held, Set(contents.heads.map(\.chain)), folder)
        return contents
    }

    /// Every entry that goes along, chain by chain.
    public func eachEntry(of contents: SnapshotContents, _ body: (Event) throws -> Void) throws {
        let held = VersionVector(contents.since)
        for head in contents.heads {
            var after = held[head.chain]
            while after < head.seq {
                let events = try pool.read { [after] db in
                    try Row.fetchAll(
                        db,
                        sql: """
                            SELECT * FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ?
                              AND seq > ? AND seq <= ? ORDER BY seq LIMIT 1000
                            """,
                        arguments: [head.office.description, head.incarnation, after, head.seq]
                    ).map(Event.init)
                }
                guard let last = events.last else { throw UserError.notHere }
                for event in events { try body(event) }
                after = last.seq
            }
        }
    }

    /// Archives that are not erased: of uploads that the reader lacks, and those from which he has not yet heard that
    /// days were purged.
    private static func archives(
        _ db: Database, _ held: VersionVector, _ chains: Set<Chain>, _ folder: DataFolder
    ) throws -> [SnapshotContents.Archive] {
        var rewritten: Set<VersionPlace> = []
        let purges = try Row.fetchAll(
            db, sql: "SELECT office, incarnation, seq, payload FROM journal WHERE kind = 'deleteRequestPurged'")
        for row in purges {
            guard let name = EventName(row), !held.holds(name),
                let it = try? fromJSON(DeleteRequestPurged.self, row["payload"])
            else { continue }
            for version in it.versions where version.kept != nil {
                rewritten.insert(VersionPlace(file: version.file, version: version.version))
            }
        }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT v.file, v.version, v.state, v.unsettled, v.archive, v.office, v.incarnation, j.seq
                FROM fileVersion v JOIN journal j ON j.time = v.time AND j.office = v.office
                  AND j.incarnation = v.incarnation AND j.stream = 'shared' AND j.kind = 'fileUploaded'
                WHERE v.state IN ('live', 'trashed') ORDER BY v.time, v.office
                """)
        var seen: Set<String> = []
        return rows.compactMap { row in
            guard let file = ID<CallFile>(row["file"] as String), let name = EventName(row),
                chains.contains(name.chain)
            else { return nil }
            let place = VersionPlace(file: file, version: row["version"])
            guard !held.holds(name) || rewritten.contains(place) else { return nil }
            let sha256: String = row["archive"]
            guard seen.insert(sha256).inserted else { return nil }
            return SnapshotContents.Archive(
                sha256: sha256,
                path: folder.archive(
                    of: file, version: place.version, state: row["state"], isUnsettled: row["unsettled"]),
                size: 0)
        }
    }
}

extension SignedHead {
    init?(_ row: Row) {
        guard let office = ID<Office>(row["office"] as String) else { return nil }
        self.init(
            head: ChainHead(
                office: office, incarnation: row["incarnation"], seq: row["seq"], hash: row["hash"]),
            name: row["name"], key: row["key"], signature: row["signature"])
    }
}
