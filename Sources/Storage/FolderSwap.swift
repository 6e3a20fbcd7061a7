import Domain
import Foundation

/// Puts another office into a data folder's place, by renames: after a crash at any instant the folder holds the old
/// office whole or the new one whole, once `finish` has run, which every start does first.
///
/// A marker says what is under way. First everything of the old office goes out, then everything of the new one comes
/// in; each step is a rename that has happened or not, so it can be told what is left to do.
public struct FolderSwap: Codable, Sendable {
    private enum Step: String, Codable, Sendable { case out, `in` }

    /// Where the new office lies and where the old one goes, within the data folder.
    public var new: String
    public var old: String
    private var step = Step.out

    /// What makes an office; backups, the lock and what was replaced before stay where they are.
    private static let parts = [
        "rollcall.sqlite-wal", "rollcall.sqlite-shm", "rollcall.sqlite", "Files", "Trash", "Incoming", "keys",
    ]

    /// Whether there is nothing that a swap would move out, but for empty folders.
    public static func isEmpty(_ folder: DataFolder) -> Bool {
        parts.allSatisfy { part in
            let path = folder.path + "/" + part
            guard access(path, F_OK) == 0 else { return true }
            return (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty ?? false
        }
    }

    public init(new: String, old: String) {
        self.new = new
        self.old = old
    }

    /// Does it; the caller holds the folder's lock, nobody has the database open, and all that is new is durable.
    public func begin(in folder: DataFolder) throws {
        try Self.makeFolder(folder.path + "/" + old)
        try write(in: folder)
        try Self.finish(in: folder)
    }

    /// Does what is left of a swap that was begun; nothing where none was. The caller holds the folder's lock.
    public static func finish(in folder: DataFolder) throws {
        guard let data = FileManager.default.contents(atPath: folder.swapMarker) else {
            // What was never put in place is nobody's, and the folder that it was to make room in may be empty yet.
            if access(folder.restoring, F_OK) == 0 {
                try FileManager.default.removeItem(atPath: folder.restoring)
            }
            unlink(folder.swapMarker + ".part")
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.replaced)) ?? [] {
                rmdir(folder.replaced + "/" + name)
            }
            rmdir(folder.replaced)
            return
        }
        guard var swap = try? JSONDecoder().decode(FolderSwap.self, from: data), swap.isSound else {
            throw UserError(
                .damaged, "The marker \(folder.swapMarker) of a restore that was cut off is damaged.",
                advice:
                    "The office that was replaced lies in \(folder.replaced), the new one in \(folder.restoring) or in the data folder. Keep a copy of all of it, and ask for help."
            )
        }
        if swap.step == .out {
            try move(from: folder.path, to: folder.path + "/" + swap.old)
            swap.step = .in
            try swap.write(in: folder)
        }
        try move(from: folder.path + "/" + swap.new, to: folder.path)
        guard unlink(folder.swapMarker) == 0 else { throw failure("remove", folder.swapMarker) }
        try sync(folder.path)
        try? FileManager.default.removeItem(atPath: folder.path + "/" + swap.new)
    }

    private var isSound: Bool {
        [new, old].allSatisfy { place in
            !place.isEmpty && !place.hasPrefix("/") && !place.split(separator: "/").contains("..")
        }
    }

    private static func move(from place: String, to target: String) throws {
        for part in parts {
            let (source, end) = (place + "/" + part, target + "/" + part)
            guard access(source, F_OK) == 0 else { continue }
            guard rename(source, end) == 0 else { throw failure("move", source) }
        }
        try sync(target)
        if access(place, F_OK) == 0 { try sync(place) }
    }

    private func write(in folder: DataFolder) throws {
        let data = Data(try jsonText(self).utf8)
        let temporary = folder.swapMarker + ".part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("write", temporary) }
        let written = data.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let synced = fsync(descriptor)
        close(descriptor)
        guard written == data.count, synced == 0, rename(temporary, folder.swapMarker) == 0 else {
            throw Self.failure("write", folder.swapMarker)
        }
        try Self.sync(folder.path)
    }

    private static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try sync(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        try sync(URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path)
    }

    private static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", path) }
    }

    private static func failure(_ what: String, _ path: String) -> UserError {
        let reason = String(cString: strerror(errno))
        return UserError(
            .unreadable, "The office cannot be put in its place: \(what) \(path): \(reason).",
            advice: "Mend that, then run the command again; it goes on where it stopped, and nothing is lost."
        )
    }
}

extension DataFolder {
    /// What restored offices replaced: a folder each, called by its moment.
    public var replaced: String { path + "/Replaced" }
    /// Where an office is restored before it is put in place.
    public var restoring: String { path + "/Restoring" }
    var swapMarker: String { path + "/restore.json" }
}
