import Domain
import Formats
import Foundation
import Storage

/// An office that was made again from a backup in a folder of its own, and compared with what the backup says.
///
/// The folder's store is closed before it goes anywhere.
struct RestoredOffice {
    let stateHash: StateHash
    let files: Int
    /// What the journal says of it is not written yet.
    let store: OfficeStore

    /// Makes it in an empty folder. Blocks its thread.
    ///
    /// - Throws: `UserError` where the backup is damaged, or comes to another state than when it was made.
    init(
        of reader: SnapshotReader, in folder: DataFolder, clock: Clock, ids: IDs,
        isCancelled: () -> Bool = { false }, progress: (String) -> Void = { _ in }
    ) throws {
        let manifest = reader.manifest
        guard manifest.kind == .backup else {
            throw UserError(
                .invalid,
                "“\(manifest.officeName)” wrote this as a \(manifest.kind.words), not as a backup: it lacks the accounts, the settings and the keys.",
                advice: "Take it in under Other offices (“rollcall snapshot import”), or choose a backup.")
        }
        let store = try OfficeStore(folder: folder, clock: clock, ids: ids, keepsCopies: false)
        do {
            try store.beginRestore(of: manifest.office, incarnation: manifest.incarnation)
            progress("Reading the journal.")
            try Self.readJournal(reader, store, isCancelled)
            progress("Unpacking \(manifest.counts.files) files.")
            files = try Self.extractArchives(reader, store, isCancelled)
            progress("Counting the calls again.")
            let lost = try store.rebuild { upload, staged in
                guard !isCancelled() else { throw UserError.restoreCancelled }
                try readUpload(upload, from: store, into: staged)
            }
            if let first = lost.first { throw first }
            stateHash = try store.stateHashNow()
            // What the hash is taken over may differ from release to release; every byte was compared in any case.
            let isSame = stateHash.hex == manifest.stateHash || manifest.program != Version.text
            guard isSame, stateHash.calls == manifest.counts.calls else {
                throw UserError(
                    .damaged,
                    "The backup comes to another state than when it was made: \(stateHash.calls) calls in place of \(manifest.counts.calls). It was not put in place.",
                    advice: "Take another backup, and ask for help with this one.")
            }
            self.store = store
        } catch {
            try? store.close()
            throw error
        }
    }

    private static func readJournal(
        _ reader: SnapshotReader, _ store: OfficeStore, _ isCancelled: () -> Bool
    ) throws {
        var batch: [Event] = []
        var bytes = 0
        func keep(_ event: Event) throws {
            batch.append(event)
            bytes += event.payload.utf8.count
            guard batch.count == 2000 || bytes > Event.batchBytes else { return }
            try store.keepRestored(batch)
            (batch, bytes) = ([], 0)
        }
        try reader.eachEvent(isCancelled: isCancelled, keep)
        var part = RestoredLocalPart(reader.manifest)
        var others: [BackupLine] = []
        try reader.eachLocalLine(isCancelled: isCancelled) { line in
            switch try part.take(line) {
            case .entry(let event): try keep(event)
            case .other(let line): others.append(line)
            }
        }
        try store.keepRestored(batch)
        try store.keepRestored(others)
        for case .key(let key) in others {
            try writeFile(Array(key.content), to: store.folder.keys + "/" + key.name)
        }
        guard try OfficeKey(of: store).publicKey == reader.manifest.key else {
            throw UserError.snapshotInvalid("it was signed with another key than the one in it")
        }
    }

    private static func extractArchives(
        _ reader: SnapshotReader, _ store: OfficeStore, _ isCancelled: () -> Bool
    ) throws -> Int {
        let there = Set(reader.manifest.fileEntries.map(\.sha256))
        var count = 0
        for archive in try store.restoredArchives() {
            guard let digest = archive.digests.first(where: there.contains) else { continue }
            let path = store.folder.archive(of: archive.file, version: archive.version)
            try makeDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
            try reader.extractFile(digest, to: path, isCancelled: isCancelled)
            count += 1
        }
        return count
    }
}

extension SnapshotManifest.Kind {
    /// In a sentence.
    public var words: String {
        switch self {
        case .full: "snapshot"
        case .delta: "snapshot of what was new"
        case .backup: "backup"
        case .card: "card"
        }
    }
}

extension UserError {
    static let restoreCancelled = UserError(
        .cancelled, "It was cancelled; the office is as it was.", advice: "Start it again any time.")
}

extension SnapshotManifest {
    /// About how much room an office takes once it is restored: its archives, its journal twice, and a call's row with
    /// its share of the indexes and figures.
    var restoredBytes: Int64 {
        let archives = fileEntries.reduce(Int64(0)) { $0 + $1.size }
        let journal = (journalEntries + localEntries).reduce(Int64(0)) { $0 + $1.unpacked }
        // What a manifest says of calls nobody has counted yet.
        return archives + journal * 2 + min(max(0, counts.calls), 1 << 40) * 400
    }
}
