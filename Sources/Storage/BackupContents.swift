import Domain
import Foundation
import GRDB

/// What a backup holds, as it is at one moment: a full snapshot's contents, and what never leaves the office otherwise.
public struct BackupContents: Sendable {
    public var shared: SnapshotContents
    /// What no entry says, but for the files of the folder `keys`.
    public var lines: [BackupLine]
    /// Chains whose entries are lines of the local part: the local ones, and shared ones that their office has not signed
    /// as far as they are held here.
    fileprivate var chains: [LocalChain]
}

private struct LocalChain: Sendable {
    var stream: String
    var chain: Chain
    var last: Int64
}

extension OfficeStore {
    /// What a backup holds now; archives are linked into `place`, an empty folder on the data folder's disk.
    public func backupContents(linkingInto place: String) throws -> BackupContents {
        // Archives stay where they are while they are linked.
        try changingCalls {
            let now = clock.now()
            var contents = try pool.read { [folder] db in
                let shared = try Self.contents(db, since: [], isBackup: true, now, folder)
                return BackupContents(
                    shared: shared, lines: try Self.backupLines(db),
                    chains: try Self.localChains(db, besides: Set(shared.heads.map(\.chain))))
            }
            try contents.shared.link(into: place)
            return contents
        }
    }

    /// Tables whose rows are lines of a backup; `journal` beside them.
    static let backedUp: Set<String> = ["credential", "apiToken", "peerState", "signedHead", "fork"]

    /// Tables that a restored office begins without: what is only good for the box and the moment, and what the restore
    /// makes itself.
    static let notBackedUp: Set<String> = [
        "session", "signInThrottle", "setupCode", "incomingEvent", "folder", "grdb_migrations",
        // The other side's entries come again with the next snapshot that has them.
        "forkEntry",
        // A restored box is not the one whose tokens other offices know: exchange by itself is set up anew.
        "exchangeToken", "exchangeAddress", "exchangeRun", "exchangeFile", "exchangeQuestion",
    ]

    private static func backupLines(_ db: Database) throws -> [BackupLine] {
        var lines: [BackupLine] = []
        for row in try Row.fetchAll(db, sql: "SELECT * FROM credential ORDER BY user") {
            guard let user = ID<User>(row["user"] as String) else { continue }
            lines.append(
                .credential(
                    .init(
                        user: user, hash: row["hash"], changed: row["changed"], initial: row["initial"])))
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM apiToken ORDER BY created, id") {
            guard let user = ID<User>(row["user"] as String) else { continue }
            lines.append(
                .token(
                    .init(
                        hash: hexadecimal(row["hash"] as Data), id: row["id"], user: user, name: row["name"],
                        created: row["created"], expires: row["expires"], used: row["used"])))
        }
        for row in try Row.fetchAll(db, sql: "SELECT office, state FROM peerState ORDER BY office") {
            guard let office = ID<Office>(row["office"] as String) else { continue }
            lines.append(.peer(.init(office: office, state: row["state"])))
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM signedHead ORDER BY office, incarnation, seq") {
            if let head = SignedHead(row) { lines.append(.signedHead(head)) }
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM fork ORDER BY office, incarnation") {
            guard let office = ID<Office>(row["office"] as String) else { continue }
            lines.append(
                .fork(
                    .init(
                        office: office, incarnation: row["incarnation"], seq: row["seq"], ours: row["ours"],
                        theirs: row["theirs"], found: row["found"])))
        }
        return lines
    }

    private static func localChains(_ db: Database, besides signed: Set<Chain>) throws -> [LocalChain] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT stream, office, incarnation, max(seq) AS last FROM journal
                GROUP BY stream, office, incarnation ORDER BY stream, office, incarnation
                """
        ).compactMap { row in
            guard let office = ID<Office>(row["office"] as String) else { return nil }
            let chain = Chain(office: office, incarnation: row["incarnation"])
            let stream: String = row["stream"]
            guard stream == EventStream.local.rawValue || !signed.contains(chain) else { return nil }
            return LocalChain(stream: stream, chain: chain, last: row["last"])
        }
    }

    /// Every entry of the local part, chain by chain.
    public func localEntries(of contents: BackupContents) -> LocalEntries {
        LocalEntries(store: self, chains: contents.chains.reversed())
    }
}

/// The entries of a backup's local part, read as they are asked for.
public struct LocalEntries {
    private let store: OfficeStore
    private var chains: [LocalChain]
    private var after: Int64 = 0
    private var page: ArraySlice<Event> = []

    fileprivate init(store: OfficeStore, chains: [LocalChain]) {
        self.store = store
        self.chains = chains
    }

    /// nil after the last.
    public mutating func next() throws -> Event? {
        while page.isEmpty {
            guard let it = chains.last else { return nil }
            guard after < it.last else {
                chains.removeLast()
                after = 0
                continue
            }
            let from = after
            let events = try store.pool.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT * FROM journal WHERE stream = ? AND office = ? AND incarnation = ?
                          AND seq > ? AND seq <= ? ORDER BY seq LIMIT 500
                        """,
                    arguments: [it.stream, it.chain.office.description, it.chain.incarnation, from, it.last]
                ).map(Event.init)
            }
            guard let end = events.last else { throw UserError.notHere }
            after = end.seq
            page = events[...]
        }
        return page.popFirst()
    }
}
