import Domain
import Foundation
import GRDB
import Glibc

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

    /// Gives every archive a second name, so that nothing that is done meanwhile takes it away.
    mutating func link(into place: String) throws {
        for (index, archive) in archives.enumerated() {
            let target = "\(place)/\(index)"
            var status = stat()
            guard Glibc.link(archive.path, target) == 0, stat(target, &status) == 0 else {
                throw UserError(
                    .damaged, "The archive \(archive.path) is missing, or cannot be read.",
                    advice: "Run “rollcall verify”, and put it back from a backup.")
            }
            archives[index].path = target
            archives[index].size = Int64(status.st_size)
        }
    }
}

extension OfficeStore {
    /// What a snapshot for somebody holds who has `since` already; the archives are linked into a folder, so that
    /// nothing that is done meanwhile takes them away.
    ///
    /// - Parameters:
    ///   - since: empty: all of it.
    ///   - place: on the data folder's disk, empty.
    public func snapshotContents(since: [ChainHead] = [], linkingInto place: String) throws
        -> SnapshotContents
    {
        // Archives stay where they are while they are linked.
        try changingCalls {
            let now = clock.now()
            var contents = try pool.read { [folder] db in try Self.contents(db, since: since, now, folder) }
            try contents.link(into: place)
            return contents
        }
    }

    /// - Parameter isBackup: archives of every chain go along, also of those whose office did not sign what is held.
    static func contents(
        _ db: Database, since: [ChainHead], isBackup: Bool = false, _ now: Instant, _ folder: DataFolder
    ) throws -> SnapshotContents {
        guard let state = try officeState(db), let chain = try ChainIdentity.fetch(db) else {
            throw UserError.notSetUp
        }
        let heads = try heads(db)
        let signed = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM signedHead ORDER BY office, incarnation")
        )
        .compactMap { SignedHead($0) }
        // A chain goes along up to what its office signed, or not at all.
        let others = heads.filter { $0.office != chain.office }.compactMap { head in
            signed.first { $0.head == head }
        }
        let own = heads.filter { $0.office == chain.office }
        // Of a chain that the reader holds further than this office, nothing goes along. One of which he holds another
        // entry goes whole, for the alarm to be raised there; but for its archives, which nobody takes then.
        var forked = VersionVector()
        let since = try heads.compactMap { head -> ChainHead? in
            guard let theirs = since.first(where: { $0.chain == head.chain }) else { return nil }
            if theirs.seq > head.seq { return head }
            if try heldHash(head.chain, theirs.seq, db).map({ hexadecimal($0) }) == theirs.hash {
                return theirs
            }
            forked.join(VersionVector([head]))
            return nil
        }
        let held = VersionVector(since)
        let hash = try Self.stateHash(db, fromRows: false)
        var contents = SnapshotContents(
            office: chain.office, name: state.office.rules.name, incarnation: chain.incarnation, own: own,
            others: others, since: since, entries: 0, archives: [], calls: hash.calls,
            stateHash: hash.hex, made: now)
        contents.entries = contents.heads.reduce(0) { $0 + max(0, $1.seq - held[$1.chain]) }
        var archived = held
        archived.join(forked)
        contents.archives = try archives(
            db, archived, Set((isBackup ? heads : contents.heads).map(\.chain)), folder)
        return contents
    }

    /// Every entry that goes along, chain by chain.
    public func entries(of contents: SnapshotContents) -> SnapshotEntries {
        SnapshotEntries(store: self, contents: contents)
    }

    /// The office and its chain, without entries: for a card.
    public func officeContents() throws -> SnapshotContents {
        let now = clock.now()
        return try pool.read { db in
            guard let state = try Self.officeState(db), let chain = try ChainIdentity.fetch(db) else {
                throw UserError.notSetUp
            }
            return SnapshotContents(
                office: chain.office, name: state.office.rules.name, incarnation: chain.incarnation, own: [],
                others: [], since: [], entries: 0, archives: [], calls: 0, stateHash: "", made: now)
        }
    }

    /// Tells of a snapshot that was written, and keeps what its reader will hold.
    public func recordExport(
        _ manifest: SnapshotManifest, to office: ID<Office>?, name: String, isSealed: Bool, bytes: Int64,
        by actor: Actor
    ) throws {
        try writeNow(as: actor) { tx in
            if let office {
                let now = tx.now
                try Self.savePeerState(office, tx.db) { state in
                    state.sent = now
                    state.sentHeads = manifest.heads.map(\.head)
                }
            }
            try tx.append(
                .snapshotExported(
                    SnapshotExported(
                        to: office, name: name, isDelta: manifest.kind == .delta, isSealed: isSealed,
                        entries: Int(clamping: manifest.counts.events),
                        files: Int(clamping: manifest.counts.files), bytes: bytes)))
        }
    }

    /// Archives that are not erased: of uploads that the reader lacks, and those from which he has not yet heard that
    /// days were purged.
    private static func archives(
        _ db: Database, _ held: VersionVector, _ chains: Set<Chain>, _ folder: DataFolder
    ) throws -> [SnapshotContents.Archive] {
        var rewritten: Set<VersionPlace> = []
        for erasure in try Erasure.fetchAll(db) where !held.holds(erasure.name) {
            for version in erasure.versions where version.kept != nil { rewritten.insert(version.place) }
        }
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT v.file, v.version, v.state, v.unsettled, v.archive, v.office, v.incarnation, j.seq
                    FROM fileVersion v JOIN journal j ON j.time = v.time AND j.office = v.office
                      AND j.incarnation = v.incarnation AND j.stream = 'shared' AND j.kind = 'fileUploaded'
                    WHERE v.state IN ('live', 'trashed') ORDER BY v.time, v.office
                    """))
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

/// The entries of a snapshot, read as they are asked for.
public struct SnapshotEntries {
    private let store: OfficeStore
    private var chains: [(chain: Chain, after: Int64, last: Int64)]
    private var page: ArraySlice<Event> = []

    fileprivate init(store: OfficeStore, contents: SnapshotContents) {
        self.store = store
        let held = VersionVector(contents.since)
        chains = contents.heads.map { ($0.chain, held[$0.chain], $0.seq) }.reversed()
    }

    /// nil after the last.
    public mutating func next() throws -> Event? {
        while page.isEmpty {
            guard let (chain, after, last) = chains.last else { return nil }
            guard after < last else {
                chains.removeLast()
                continue
            }
            let events = try store.pool.read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT * FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ?
                              AND seq > ? AND seq <= ? ORDER BY seq LIMIT 500
                            """), arguments: [chain.office.description, chain.incarnation, after, last]
                ).map(Event.init)
            }
            guard let end = events.last else { throw UserError.notHere }
            chains[chains.count - 1].after = end.seq
            page = events[...]
        }
        return page.popFirst()
    }
}
