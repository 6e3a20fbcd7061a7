import Domain
import Formats
import Foundation
import Storage

/// Restores the office's last backup for trial, as `drillBackup` does.
///
/// - Throws: `UserError`, also recorded; `notFound` where none is there that this office made; `conflict`, not recorded,
///   where the last one is sealed otherwise than backups are now.
@discardableResult
public func drillLastBackup(
    of store: OfficeStore, by actor: Actor, isCancelled: () -> Bool = { false },
    progress: (String) -> Void = { _ in }
) throws -> BackupDrilled {
    let path = try recordingFailure(of: .drill, store, actor) {
        let place = try BackupPlace(of: store)
        guard let last = try place.lastKnown() else {
            throw UserError(
                .notFound, "There is no backup to try.", advice: "Make one first: “Back up now”.")
        }
        return place.path + "/" + last.name
    }
    guard try opensBackup(path, in: store) else { throw sealedOtherwise }
    return try drillBackup(path, in: store, by: actor, isCancelled: isCancelled, progress: progress)
}

/// What keeps the last backup from being tried, although nothing is wrong with it: it is from before another passphrase
/// was set. nil: nothing, or there is none.
public func lastBackupCannotBeTried(of store: OfficeStore) throws -> UserError? {
    let place = try BackupPlace(of: store)
    guard let last = try place.lastKnown(), try !opensBackup(place.path + "/" + last.name, in: store) else {
        return nil
    }
    return sealedOtherwise
}

private let sealedOtherwise = UserError(
    .conflict, "The last backup was sealed with another passphrase than the one that is set now.",
    advice: "Make a backup; that one can be tried.")

private func opensBackup(_ path: String, in store: OfficeStore) throws -> Bool {
    let opener: SealOpener = try KeptSeal.backups.read(in: store.folder)?.opener ?? .none
    do { _ = try SnapshotReader(path: path, opener: opener) } catch let error as UserError
        where error.code == .sealed
    {
        return false
    } catch {
        // What else is wrong with it, the trial tells.
    }
    return true
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
    try recordingFailure(of: .drill, store, actor) {
        let start = ContinuousClock.now
        let name = URL(fileURLWithPath: path).lastPathComponent
        let opener: SealOpener = try KeptSeal.backups.read(in: store.folder)?.opener ?? .none
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
