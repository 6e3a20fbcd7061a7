import Domain
import Formats
import Foundation
import Storage

/// A snapshot that came: opened, its every byte checked, its entries in quarantine. Nothing of the office has changed.
///
/// One at a time per office: `receive` of another takes the place of this one.
public final class ReceivedSnapshot: Sendable {
    public let manifest: SnapshotManifest
    public let reception: Reception
    private let reader: SnapshotReader
    private let store: OfficeStore

    /// Checks it whole; blocks its thread.
    ///
    /// - Parameters:
    ///   - fileName: what it is called for people.
    ///   - isFresh: it comes straight from its office, so that clocks can be compared.
    /// - Throws: `UserError`: for what is no snapshot, is damaged, sealed with another passphrase, of a newer format, of
    ///   an office that is not paired, or does not fit to what is here.
    public init(
        path: String, fileName: String, opener: SealOpener = .none, isFresh: Bool = false,
        in store: OfficeStore,
        isCancelled: () -> Bool = { false }, progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws {
        let reader = try SnapshotReader(path: path, opener: opener)
        let manifest = reader.manifest
        guard manifest.kind != .card else {
            throw UserError(
                .invalid, "“\(fileName)” is the card of “\(manifest.officeName)”: it has no entries.",
                advice: "Pair the two offices with it, then exchange snapshots.")
        }
        guard manifest.kind != .backup else {
            throw UserError(
                .unknownFormat,
                "“\(fileName)” is a backup of “\(manifest.officeName)”, no snapshot for another office. Nothing was taken in.",
                advice:
                    "A backup is put back with “rollcall restore \(fileName)” at its own office: see the page Backups. For this office, have a snapshot written there."
            )
        }
        try reader.verify(isCancelled: isCancelled, progress: progress)
        let offer = SnapshotOffer(
            fileName: fileName, office: manifest.office, name: manifest.officeName, key: manifest.key,
            made: manifest.made, program: manifest.program, heads: manifest.heads,
            stateHash: manifest.stateHash,
            isFresh: isFresh)
        reception = try store.receive(offer, ownKey: OfficeKey(of: store).publicKey) { body in
            try reader.eachEvent(isCancelled: isCancelled, body)
        }
        self.reader = reader
        self.manifest = manifest
        self.store = store
    }

    /// Whether its entries are still the ones in quarantine.
    public var isWaiting: Bool { store.isWaiting(reception) }

    /// Forgets its entries; the file stays where it is.
    public func discard() throws { try store.discard(reception) }

    /// What taking it in would do.
    ///
    /// - Throws: `UserError` where the snapshot lacks an archive that it speaks of.
    public func preview() throws -> MergeOutcome {
        try checkArchives()
        return try store.previewMerge(reception)
    }

    /// The same with the calls counted, which takes as long as to take it in.
    public func rehearse(isCancelled: () -> Bool = { false }, progress: (Int, Int) -> Void = { _, _ in })
        throws
        -> MergeOutcome
    {
        try checkArchives()
        var extracted = ExtractedArchives(reader, store)
        defer { extracted.remove() }
        return try store.rehearseMerge(reception, isCancelled: isCancelled, progress: progress) {
            try extracted.read($0, into: $1, isCancelled: isCancelled)
        }
    }

    /// Takes it in, whole or not at all.
    public func merge(
        by actor: Actor, isCancelled: () -> Bool = { false }, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> MergeOutcome {
        // One lock over all of it: a purge writes to the same places, and what is read again would be taken out of an
        // archive that has to be written again first.
        try store.changingCalls {
            let wanted = try checkArchives()
            var extracted = ExtractedArchives(reader, store)
            do {
                // Archives without the days that were purged at the other office lie ready for the old ones' places.
                for archive in wanted where archive.isKept {
                    try extracted.prepare(archive, isCancelled: isCancelled)
                }
                let outcome = try store.merge(
                    reception, by: actor, isCancelled: isCancelled, progress: progress
                ) {
                    try extracted.read($0, into: $1, isCancelled: isCancelled)
                }
                // What this fails at, housekeeping tries again, and tells.
                _ = try? rewriteArchives(in: store)
                return outcome
            } catch {
                extracted.remove()
                throw error
            }
        }
    }

    @discardableResult
    private func checkArchives() throws -> [WantedArchive] {
        let wanted = try store.wantedArchives(reception)
        let there = Set(manifest.entries.map(\.name))
        for archive in wanted where !there.contains(SnapshotManifest.fileEntry(archive.archive)) {
            let upload = reception.uploads.first {
                $0.upload.file == archive.file && $0.upload.version == archive.version
            }
            throw UserError(
                .invalid,
                "The snapshot does not hold the archive of “\(upload?.upload.fileName ?? archive.file.description)”, version \(archive.version). Nothing was taken in.",
                advice: "Ask the other office for a full snapshot.")
        }
        return wanted
    }
}

/// Archives on their way from a snapshot to their places.
private struct ExtractedArchives {
    private let reader: SnapshotReader
    private let store: OfficeStore
    private var paths: [String] = []

    init(_ reader: SnapshotReader, _ store: OfficeStore) {
        self.reader = reader
        self.store = store
    }

    /// Brings an upload's archive to its place, which the staged version has announced, and reads its calls.
    mutating func read(
        _ upload: FileUploaded, into staged: StagedVersion, isCancelled: () -> Bool
    ) throws {
        let path = store.folder.archive(of: upload.file, version: upload.version)
        // What lies there may be of an earlier life of the folder, or from before days were purged.
        if fileHash(path)?.hex != upload.archive { try extract(upload.archive, to: path, isCancelled) }
        try readUpload(upload, from: store, into: staged, isCancelled: isCancelled)
    }

    mutating func prepare(_ archive: WantedArchive, isCancelled: () -> Bool) throws {
        try extract(
            archive.archive, to: store.folder.keptArchive(of: archive.file, version: archive.version),
            isCancelled)
    }

    private mutating func extract(_ sha256: String, to path: String, _ isCancelled: () -> Bool) throws {
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
            withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        paths.append(path)
        try reader.extractFile(sha256, to: path, isCancelled: isCancelled)
    }

    /// When nothing comes of it.
    mutating func remove() {
        for path in paths {
            unlink(path)
            // Fails, as it should, where other versions are.
            rmdir(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        }
        paths = []
    }
}
