import Domain
import Foundation

/// The layout of a data folder; every path in it is made here.
public struct DataFolder: Sendable, Hashable {
    public let path: String

    public init(path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    public var database: String { path + "/rollcall.sqlite" }
    public var lock: String { path + "/rollcall.lock" }
    public var socket: String { path + "/rollcall.sock" }
    public var files: String { path + "/Files" }
    public var incoming: String { path + "/Incoming" }
    /// What follows a received file's name in the name of the question it waits with.
    public static let questionEnding = ".question.json"
    public var backups: String { path + "/Backups" }
    public var trash: String { path + "/Trash" }
    public var keys: String { path + "/keys" }
    /// Snapshots on their way between offices, so that what was cut off goes on; made when it is needed first.
    public var exchange: String { path + "/Exchange" }
    public var officeKey: String { keys + "/office.key" }

    /// Of a version that is not in the trash.
    public func archive(of file: ID<CallFile>, version: Int) -> String {
        "\(files)/\(file)/\(archiveName(version))"
    }

    static let archiveEnding = ".tar.zst"

    func archiveName(_ version: Int) -> String {
        let digits = String(version)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "v\(padded)\(Self.archiveEnding)"
    }

    /// Makes what is missing, for the owner's eyes only.
    public func make() throws { try make([path, files, incoming, backups, trash, keys]) }

    /// The folder itself, for its lock.
    public func makePlace() throws { try make([path]) }

    private func make(_ folders: [String]) throws {
        for folder in folders {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw UserError(
                    .unreadable, "The data folder \(folder) cannot be made.",
                    advice: "Check that the folder above exists and that this user may write there.")
            }
        }
    }
}

/// Keeps the data folder for one process; released when the process ends, however it ends.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `UserError` with code `busy`, naming the process that has it.
    public init(_ folder: DataFolder) throws {
        let descriptor = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw UserError(
                .unreadable, "The data folder \(folder.path) cannot be opened for writing.",
                advice: "Run as the user that owns it, or choose another with --data.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = pread(descriptor, &bytes, bytes.count, 0)
            close(descriptor)
            let owner = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            throw UserError(
                .busy, "The data folder \(folder.path) is in use by process \(owner.isEmpty ? "?" : owner).",
                advice: "Stop that process, or use the running server.")
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    /// Gives the folder back before the process ends; once more is harmless.
    public func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }
}
