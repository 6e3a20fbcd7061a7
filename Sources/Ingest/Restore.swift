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
        func keep(_ event: Event) throws {
            batch.append(event)
            guard batch.count == 2000 else { return }
            try store.keepRestored(batch)
            batch = []
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

/// What came of a restore.
public struct RestoreOutcome: Sendable {
    public var office: String
    public var calls: Int64
    public var stateHash: String
    /// Where what was there before lies, within the data folder; nil: there was nothing.
    public var replaced: String?
}

/// A data folder that nobody else uses, to restore an office into.
///
/// Holds the folder's lock, and ends a restore that was cut off before.
public final class RestorePlace {
    public let folder: DataFolder
    private let lock: FolderLock
    private let clock: Clock
    private let ids: IDs
    private let disk: Disk

    /// - Throws: `UserError` `busy` where a server runs.
    public init(
        _ folder: DataFolder, clock: Clock = .system, ids: IDs = .system, disk: Disk = .system
    ) throws {
        try folder.makePlace()
        do { lock = try FolderLock(folder) } catch let error as UserError where error.code == .busy {
            throw UserError(
                .busy, "\(error.message) Nothing was changed.",
                advice: "Stop the server (“systemctl stop rollcall”), restore, and start it again.")
        }
        self.folder = folder
        self.clock = clock
        self.ids = ids
        self.disk = disk
        try FolderSwap.finish(in: folder)
    }

    deinit { lock.release() }

    /// What is there now; nil: no office, or one that cannot be read.
    public var present: OfficeGlance? { OfficeGlance(database: folder.database) }

    public var hasDatabase: Bool { access(folder.database, F_OK) == 0 }

    /// Puts the office of a backup in the place of what is there, which is kept.
    ///
    /// - Throws: `UserError`; nothing has changed then.
    public func restore(
        _ reader: SnapshotReader, named name: String, by actor: Actor, isCancelled: () -> Bool = { false },
        progress: (String) -> Void = { _ in }
    ) throws -> RestoreOutcome {
        try requireRoom(reader.manifest.restoredBytes)
        return try swapIn(named: name, made: reader.manifest.made, by: actor, progress) { place in
            try RestoredOffice(
                of: reader, in: place, clock: clock, ids: ids, isCancelled: isCancelled, progress: progress
            ).store
        }
    }

    /// Puts a copy of the database, kept before an upgrade or a merge, in the place of the one that is there. Archives
    /// are the ones that are there.
    public func restoreDatabase(
        _ path: String, by actor: Actor, progress: (String) -> Void = { _ in }
    ) throws -> RestoreOutcome {
        guard let glance = OfficeGlance(database: path) else {
            throw UserError(
                .damaged, "“\(path)” is no copy of an office's database, or cannot be read.",
                advice: "Choose a file “before-….sqlite” of the folder Backups.")
        }
        var status = stat()
        let size = stat(path, &status) == 0 ? Int64(status.st_size) : 0
        try requireRoom(size * 2)
        let name = URL(fileURLWithPath: path).lastPathComponent
        let made = glance.last ?? clock.now()
        return try swapIn(named: name, made: made, by: actor, progress) { place in
            progress("Copying the database.")
            try place.make()
            try copy(path, to: place.database)
            for (from, to) in [(folder.files, place.files), (folder.trash, place.trash)] {
                try linkAll(from, to)
            }
            for key in (try? FileManager.default.contentsOfDirectory(atPath: folder.keys)) ?? [] {
                try copy(folder.keys + "/" + key, to: place.keys + "/" + key)
            }
            let store = try OfficeStore(folder: place, clock: clock, ids: ids, keepsCopies: false)
            if try store.isRebuilding() {
                progress("Counting the calls again.")
                try store.rebuildFromArchives()
            }
            return store
        }
    }

    /// Offices that restores replaced, the last one first; within the data folder.
    public var replacedOffices: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.replaced)) ?? []
        return names.filter { access("\(folder.replaced)/\($0)/rollcall.sqlite", F_OK) == 0 }.sorted(by: >)
            .map { "Replaced/\($0)" }
    }

    /// Puts the office back that the last restore replaced; what is there now is kept in its turn.
    ///
    /// - Throws: `UserError` `notFound` where none was replaced.
    public func undo(by actor: Actor, progress: (String) -> Void = { _ in }) throws -> RestoreOutcome {
        guard let last = replacedOffices.first else {
            throw UserError(
                .notFound, "No office was replaced by a restore here.",
                advice: "There is nothing to undo; “rollcall restore FILE” restores a backup.")
        }
        let store = try OfficeStore(
            folder: DataFolder(path: folder.path + "/" + last), clock: clock, ids: ids, keepsCopies: false)
        if try store.isRebuilding() {
            progress("Counting the calls again.")
            try store.rebuildFromArchives()
        }
        let made = OfficeGlance(database: store.folder.database)?.last ?? clock.now()
        return try putInPlace(store, from: last, named: last, made: made, by: actor)
    }

    private func swapIn(
        named name: String, made: Instant, by actor: Actor, _ progress: (String) -> Void,
        _ make: (DataFolder) throws -> OfficeStore
    ) throws -> RestoreOutcome {
        let place = DataFolder(path: folder.restoring)
        do {
            let store = try make(place)
            progress("Putting it in place.")
            return try putInPlace(store, from: "Restoring", named: name, made: made, by: actor)
        } catch {
            // Once the marker is there, the next start ends what was begun.
            try? FolderSwap.finish(in: folder)
            throw backupError(for: error)
        }
    }

    private func putInPlace(
        _ store: OfficeStore, from new: String, named name: String, made: Instant, by actor: Actor
    ) throws -> RestoreOutcome {
        let outcome: RestoreOutcome
        var old = "Replaced/" + BackupName.stamp(clock.now())
        do {
            guard let state = try store.officeStateNow() else { throw UserError.noOfficeInBackup }
            var number = 2
            let base = old
            while access(folder.path + "/" + old, F_OK) == 0 {
                old = "\(base)-\(number)"
                number += 1
            }
            let hash = try store.stateHashNow()
            outcome = RestoreOutcome(
                office: state.office.rules.name, calls: hash.calls, stateHash: hash.hex,
                replaced: hasDatabase ? old : nil)
            try store.finishRestore(
                BackupRestored(name: name, made: made, replaced: outcome.replaced), by: actor)
        } catch {
            try? store.close()
            throw error
        }
        // Everything is in the database's file then, and on the disk.
        try store.close()
        for leftover in ["rollcall.lock", "rollcall.sock"] { unlink(store.folder.path + "/" + leftover) }
        try FolderSwap(new: new, old: old).begin(in: folder)
        if outcome.replaced == nil {
            try? FileManager.default.removeItem(atPath: folder.path + "/" + old)
            rmdir(folder.replaced)
        }
        return outcome
    }

    private func requireRoom(_ needed: Int64) throws {
        let space = try disk.space(folder.path)
        guard space.free > needed else {
            throw UserError(
                .diskFull,
                "Restoring needs about \(needed / 1_000_000) MB beside what is there, and \(space.free / 1_000_000) MB are free. Nothing was changed.",
                advice:
                    "Make room on the disk of \(folder.path); what earlier restores replaced lies in \(folder.replaced)."
            )
        }
    }

    private func copy(_ source: String, to path: String) throws {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw FileFailure(.open, source, errno: errno) }
        defer { close(input) }
        try writeFile(to: path) { sink in
            try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
                while true {
                    let count = read(input, buffer.baseAddress, buffer.count)
                    guard count >= 0 else { throw FileFailure(.read, source, errno: errno) }
                    guard count > 0 else { return }
                    try sink.write(raw: UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
                }
            }
        }
    }

    /// Gives every file below a folder a second name: archives are never written again once they are there.
    private func linkAll(_ source: String, _ target: String) throws {
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: source)) ?? [] {
            let (from, to) = (source + "/" + name, target + "/" + name)
            var status = stat()
            guard lstat(from, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try makeDirectory(to)
            } else if status.st_mode & S_IFMT == S_IFREG {
                guard try linkDurably(from, to: to) else { throw FileFailure(.create, to, errno: errno) }
            }
        }
    }
}

extension UserError {
    static let noOfficeInBackup = UserError(
        .damaged, "The backup holds no office; nothing was changed.", advice: "Choose another backup.")
}

extension SnapshotManifest {
    /// About how much room an office takes once it is restored: its archives, its journal twice, and a call's row with
    /// its share of the indexes and figures.
    var restoredBytes: Int64 {
        let archives = fileEntries.reduce(Int64(0)) { $0 + $1.size }
        let journal = (journalEntries + localEntries).reduce(Int64(0)) { $0 + $1.unpacked }
        let (calls, overflow) = counts.calls.multipliedReportingOverflow(by: 400)
        return archives + journal * 2 + (overflow ? 0 : calls)
    }
}

/// Restores a backup for trial into a folder that is gone afterwards, and compares what it comes to. Records what came
/// of it. Blocks its thread.
///
/// - Throws: `UserError`, also recorded.
@discardableResult
public func drillBackup(
    _ path: String, in store: OfficeStore, by actor: Actor, isCancelled: () -> Bool = { false },
    progress: (String) -> Void = { _ in }
) throws -> BackupDrilled {
    do {
        let start = ContinuousClock.now
        let name = URL(fileURLWithPath: path).lastPathComponent
        let opener: SealOpener = try BackupKey.read(in: store.folder).map { .key($0) } ?? .none
        let reader = try SnapshotReader(path: path, opener: opener)
        let marks = try store.officeStateNow()?.settings.disk ?? DiskMarks()
        let needed = reader.manifest.restoredBytes + marks.refuseBelow
        guard try store.diskSpace().free > needed else {
            throw UserError(
                .diskFull,
                "There is no room to restore “\(name)” for trial: it needs \(needed / 1_000_000) MB.",
                advice: "Make room on the box's disk, or switch the trial off under Backups.")
        }
        let calls = try withWorkFolder(store) { work in
            let office = try RestoredOffice(
                of: reader, in: DataFolder(path: work + "/office"), clock: store.clock, ids: store.ids,
                isCancelled: isCancelled, progress: progress)
            try office.store.close()
            return office.stateHash.calls
        }
        let drilled = BackupDrilled(
            name: name, calls: Int(clamping: calls),
            seconds: Int(clamping: (ContinuousClock.now - start).components.seconds))
        try store.record(drilled, by: actor)
        return drilled
    } catch {
        let error = backupError(for: error)
        if error.code != .cancelled {
            try? store.record(BackupFailed(step: .drill, message: error.message), by: actor)
        }
        throw error
    }
}

/// What a file holds, after all of it was read: for `verify FILE`.
public struct VerifiedSnapshot: Sendable {
    public var manifest: SnapshotManifest
    public var digest: String
    public var size: Int64
    public var isSealed: Bool
}

/// Goes through a snapshot or a backup: every byte, every chain, every line. Nothing is taken in.
///
/// - Throws: `UserError` for what is damaged, or sealed with another passphrase.
public func verifySnapshot(
    _ path: String, opener: SealOpener = .none, progress: (Int64, Int64) -> Void = { _, _ in }
) throws -> (verified: VerifiedSnapshot, reader: SnapshotReader) {
    let reader = try SnapshotReader(path: path, opener: opener)
    try reader.verify(progress: progress)
    var part = RestoredLocalPart(reader.manifest)
    try reader.eachLocalLine { _ = try part.take($0) }
    return (
        VerifiedSnapshot(
            manifest: reader.manifest, digest: reader.digest, size: reader.fileSize,
            isSealed: reader.isSealed), reader
    )
}
