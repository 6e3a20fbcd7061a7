import Domain
import Formats
import Foundation
import Storage

/// A file in the folder of the backups.
public struct BackupFile: Sendable, Hashable {
    public var name: String
    public var size: Int64
    /// When the file was last written.
    public var written: Instant
    /// What the journal knows of it; nil: nobody here made it, or the office was restored from it or an earlier one.
    public var record: BackupRecord?
    /// nil: its first bytes cannot be read.
    public var isSealed: Bool?

    /// When it was made, as well as that is known.
    public var made: Instant { record?.made ?? written }
}

/// The folder that backups go to: the data folder's own, or another one that somebody chose.
public struct BackupPlace: Sendable {
    public let path: String
    private let isOwn: Bool
    private let store: OfficeStore

    /// Lies in a chosen folder, so that a disk that is not mounted is told from one that is.
    public static let mark = "rollcall-backups.txt"

    /// - Throws: `UserError` `unreadable` where a chosen folder is not there.
    public init(of store: OfficeStore) throws {
        self.store = store
        let chosen = try store.officeStateNow()?.settings.backups.folder
        isOwn = chosen == nil
        path = chosen ?? store.folder.backups
        guard let chosen else { return }
        guard access(chosen + "/" + Self.mark, F_OK) == 0 else {
            throw UserError(
                .unreadable,
                "The folder “\(chosen)” for backups is not there, or its disk is not mounted: it lacks the file \(Self.mark).",
                advice:
                    "Mount the disk. Where it was replaced, say under Backups that the folder is used as it is now."
            )
        }
    }

    /// Tries whether backups can go to a folder, and marks it as theirs.
    ///
    /// - Returns: whether it is on the data folder's own disk, which is lost with it.
    /// - Throws: `UserError` `invalid` where it is no folder, or within the data folder, or cannot be written.
    public static func prepare(_ folder: String, for store: OfficeStore) throws -> Bool {
        try BackupSettings(folder: folder).check()
        var (place, data) = (stat(), stat())
        guard stat(folder, &place) == 0, place.st_mode & S_IFMT == S_IFDIR else {
            throw UserError(
                .invalid, "There is no folder “\(folder)” on the box.",
                advice: "Make it, or mount its disk, and write its whole path.")
        }
        let own = URL(fileURLWithPath: store.folder.path).resolvingSymlinksInPath().path
        let real = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        guard real != own, !real.hasPrefix(own + "/") else {
            throw UserError(
                .invalid, "“\(folder)” is within the data folder.",
                advice: "Leave the field empty for the data folder's own Backups, or choose another folder.")
        }
        do {
            try writeFile(
                Array(
                    "Rollcall writes backups here. Without this file it takes the disk for missing.\n".utf8),
                to: folder + "/" + mark)
        } catch let error as FileFailure {
            throw UserError(
                .invalid, "“\(folder)” cannot be written: \(error.words).",
                advice:
                    "Give Rollcall's user the right to; under systemd the folder must be in ReadWritePaths.")
        }
        return stat(store.folder.path, &data) == 0 && place.st_dev == data.st_dev
    }

    func newPath(office: String, at moment: Instant) throws -> String {
        let name = BackupName.make(office: office, at: moment) { access(path + "/" + $0, F_OK) == 0 }
        return path + "/" + name
    }

    /// The path of a backup that is there.
    ///
    /// - Throws: `UserError.notHere` for anything else.
    public func path(of name: String) throws -> String {
        guard BackupName.isName(name), try files().contains(where: { $0.name == name }) else {
            throw UserError.notHere
        }
        return path + "/" + name
    }

    /// What lies there, the last one first.
    public func files() throws -> [BackupFile] {
        let records = Dictionary(try store.backupRecordsNow().map { ($0.name, $0) }) { first, _ in first }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name -> BackupFile? in
            var status = stat()
            guard BackupName.isName(name), lstat(path + "/" + name, &status) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { return nil }
            let size = Int64(status.st_size)
            // Another file of the same name is another backup.
            let record = records[name].flatMap { $0.bytes == size ? $0 : nil }
            return BackupFile(
                name: name, size: size,
                written: Instant(milliseconds: Int64(status.st_mtim.tv_sec) &* 1000), record: record,
                isSealed: record?.isSealed ?? Self.isSealed(path + "/" + name))
        }.sorted { ($1.made, $0.name) < ($0.made, $1.name) }
    }

    private static func isSealed(_ path: String) -> Bool? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        return (try? file.read(upToCount: SealedFile.headBytes)).map { SealedFile.isSealed($0) }
    }

    /// The last one that this office made and read again; nil: none is there.
    public func lastKnown() throws -> BackupFile? { try files().first { $0.record != nil } }

    /// Removes backups of this office that no bucket keeps; what nobody here made stays.
    ///
    /// - Returns: their names.
    @discardableResult
    public func prune(_ retention: BackupRetention = .standard) throws -> [String] {
        let zone = try store.officeStateNow()?.timeZone ?? .gmt
        let kept = try files().compactMap { file in
            file.record.map { KeptBackup(name: file.name, made: $0.made, isVerified: true) }
        }
        removeUnfinished()
        let expired = retention.expired(kept, in: zone).sorted()
        for name in expired { try removeDurably(path + "/" + name) }
        return expired
    }

    /// What a crash left a day ago or longer: another box may be writing to the same folder now.
    private func removeUnfinished() {
        let limit = store.clock.now().adding(seconds: -86_400).milliseconds / 1000
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        where name.hasPrefix(unfinishedPrefix) {
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0, Int64(status.st_mtim.tv_sec) < limit else {
                continue
            }
            unlink(path + "/" + name)
        }
    }
}
