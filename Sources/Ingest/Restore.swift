import Domain
import Formats
import Foundation
import Storage

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

    /// Neither an office nor what is left of one that lost its database.
    public var isEmpty: Bool { FolderSwap.isEmpty(folder) }

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
                replaced: isEmpty ? nil : old)
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
