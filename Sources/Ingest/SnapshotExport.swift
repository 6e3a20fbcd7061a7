import Domain
import Formats
import Foundation
import Storage

/// For whom a snapshot is written, and how.
public struct SnapshotOrder: Sendable {
    /// nil: for any.
    public var to: ID<Office>?
    /// What the reader holds already; empty: all of it is written.
    public var since: [ChainHead]
    public var seal: SealingKey?
    /// What it is called for people; nil: as its file.
    public var name: String?

    public init(to office: ID<Office>? = nil, since: [ChainHead] = [], seal: SealingKey? = nil) {
        to = office
        self.since = since
        self.seal = seal
    }
}

/// Writes what other offices need of this one: entries and archives, signed. Blocks its thread, and nobody else's.
///
/// - Parameters:
///   - path: appears whole and durable, or not at all.
///   - progress: bytes done, and in all.
/// - Throws: `UserError`, and `FileFailure` where the disk does not do it.
@discardableResult
public func exportSnapshot(
    _ order: SnapshotOrder, to path: String, from store: OfficeStore, by actor: Actor,
    isCancelled: () -> Bool = { false }, progress: (Int64, Int64) -> Void = { _, _ in }
) throws -> SnapshotSummary {
    let summary = try withWorkFolder(store) { work in
        let contents = try store.snapshotContents(since: order.since, linkingInto: work)
        let kind: SnapshotManifest.Kind = order.since.isEmpty ? .full : .delta
        return try write(
            contents, kind, seal: order.seal, to: path, work: work, store, isCancelled: isCancelled,
            progress: progress)
    }
    try store.recordExport(
        summary.manifest, to: order.to, name: order.name ?? URL(fileURLWithPath: path).lastPathComponent,
        isSealed: order.seal != nil, bytes: summary.bytes, by: actor)
    return summary
}

/// Writes the card by which another office gets to know this one: its name and key, signed; no entries and no files.
@discardableResult
public func exportCard(to path: String, from store: OfficeStore) throws -> SnapshotSummary {
    try withWorkFolder(store) { work in
        let manifest = try manifest(try store.officeContents(), .card, store)
        return try SnapshotWriter(manifest: manifest, workFolder: work, sign: OfficeKey(of: store).sign)
            .write(to: path)
    }
}

/// A folder on the data folder's disk that is gone afterwards; a crash leaves it to the next start.
func withWorkFolder<T>(_ store: OfficeStore, _ body: (String) throws -> T) throws -> T {
    let id: ID<OfficeKey> = store.ids.next(at: store.clock.now())
    let work = "\(store.folder.incoming)/\(id).work"
    try FileManager.default.createDirectory(
        atPath: work, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: work) }
    return try body(work)
}

/// - Parameter local: the next line of a backup's local part.
func write(
    _ contents: SnapshotContents, _ kind: SnapshotManifest.Kind, seal: SealingKey?, to path: String,
    work: String,
    _ store: OfficeStore, local: () throws -> [UInt8]? = { nil }, isCancelled: () -> Bool,
    progress: (Int64, Int64) -> Void
) throws -> SnapshotSummary {
    let key = try OfficeKey(of: store)
    let writer = SnapshotWriter(
        manifest: try manifest(contents, kind, store),
        seal: seal.map { Seal(key: $0, nonce: store.ids.random()) }, workFolder: work, sign: key.sign)
    var entries = store.entries(of: contents)
    return try writer.write(
        to: path, events: { try entries.next() }, local: local,
        files: contents.archives.map { SnapshotFile(path: $0.path, sha256: $0.sha256) },
        isCancelled: isCancelled, progress: progress)
}

private func manifest(_ contents: SnapshotContents, _ kind: SnapshotManifest.Kind, _ store: OfficeStore)
    throws
    -> SnapshotManifest
{
    let key = try OfficeKey(of: store)
    let own =
        kind == .card
        ? []
        : try contents.own.map {
            try SignedHead($0, name: contents.name, key: key.publicKey, sign: key.sign)
        }
    let heads = (own + contents.others).sorted { $0.head.chain < $1.head.chain }
    return SnapshotManifest(
        kind: kind, program: Version.text, office: contents.office, officeName: contents.name,
        incarnation: contents.incarnation, made: contents.made, heads: kind == .card ? [] : heads,
        since: kind == .delta ? contents.since : [], counts: .init(calls: kind == .card ? 0 : contents.calls),
        stateHash: kind == .card ? nil : contents.stateHash, key: key.publicKey)
}
