import Crypto
import Domain
import Formats
import Foundation
import Storage

/// An upload on its way to disk: written as it comes, hashed on the way, never held in memory.
public final class IncomingFile {
    public let path: String
    private let limit: Int64
    private let descriptor: Int32
    private var hasher = SHA256()
    public private(set) var size: Int64 = 0
    private var isOpen: Bool

    /// - Parameters:
    ///   - limit: bytes; more is refused as it arrives.
    ///   - ending: of its name until it is somebody's.
    public init(folder: DataFolder, ids: IDs, clock: Clock, limit: Int64, ending: String = "csv") throws {
        let id: ID<IncomingFile> = ids.next(at: clock.now())
        path = "\(folder.incoming)/\(id).\(ending)"
        self.limit = limit
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        isOpen = descriptor >= 0
        guard descriptor >= 0 else { throw FileFailure(.open, path, errno: errno) }
    }

    deinit { if isOpen { discard() } }

    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        size += Int64(bytes.count)
        guard size <= limit else {
            throw UserError.tooLarge(limit: limit)
        }
        hasher.update(bufferPointer: bytes)
        try FileSink(descriptor: descriptor, path: path).write(raw: bytes)
    }

    /// Ends the upload: the file at `path` now belongs to the caller.
    public func finish() throws -> ReceivedFile {
        isOpen = false
        close(descriptor)
        return ReceivedFile(path: path, size: size, sha256: hexadecimal(hasher.finalize()))
    }

    public func discard() {
        guard isOpen else { return }
        isOpen = false
        close(descriptor)
        unlink(path)
    }
}

/// A file that is wholly on disk in `Incoming/`.
public struct ReceivedFile: Sendable, Hashable, Codable {
    public var path: String
    public var size: Int64
    public var sha256: String

    /// Takes in a file from elsewhere on this box.
    ///
    /// - Throws: `UserError` `notFound` or `tooLarge`.
    public static func copy(
        _ file: String, to folder: DataFolder, ids: IDs, clock: Clock, limit: Int64 = .max
    ) throws -> ReceivedFile {
        let source = open(file, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else {
            let words = String(cString: strerror(errno))
            throw UserError(
                .notFound, "The file \(file) cannot be read: \(words).", advice: "Check its name.")
        }
        defer { close(source) }
        let incoming = try IncomingFile(folder: folder, ids: ids, clock: clock, limit: limit)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count >= 0 else {
                let words = String(cString: strerror(errno))
                throw UserError(
                    .unreadable, "The file \(file) cannot be read: \(words).", advice: "Check its name.")
            }
            if count == 0 { return try incoming.finish() }
            try buffer.withUnsafeBytes { try incoming.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}

extension UserError {
    public static func tooLarge(limit: Int64) -> UserError {
        UserError(
            .tooLarge, "The file is larger than \(limit / 1_000_000) MB.",
            advice: "Export a shorter period, or ask an admin to raise the upload limit. Nothing was kept.")
    }
}
