import Foundation
import Glibc

/// A file operation that the system refused; `words` is for the log, the path included.
public struct FileFailure: Error, Hashable, Sendable {
    public enum Operation: String, Sendable {
        case create, open, write, read, sync, rename, remove, makeDirectory = "make directory", inspect
    }

    public var operation: Operation
    public var path: String
    public var errno: Int32

    public init(_ operation: Operation, _ path: String, errno: Int32) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    /// No space left, or none left for this user's quota.
    public var isDiskFull: Bool { errno == ENOSPC || errno == EDQUOT }

    public var words: String { "Cannot \(operation.rawValue) \(path): \(String(cString: strerror(errno)))" }
}

/// An open file being written; every short write is completed and every refusal thrown.
public struct FileSink {
    public let descriptor: Int32
    /// Only for the words of an error.
    public let path: String

    public init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(write(raw:)) }
    public func write(_ bytes: ArraySlice<UInt8>) throws { try bytes.withUnsafeBytes(write(raw:)) }

    public func write(raw bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(
                descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw FileFailure(.write, path, errno: errno)
            }
            // A device that takes nothing and reports nothing would be asked for ever.
            guard written > 0 else { throw FileFailure(.write, path, errno: ENOSPC) }
            rest = rest.dropFirst(written)
        }
    }
}

/// Begins the name of every file that `writeFile` has not finished; such files are orphans after a crash.
public let unfinishedPrefix = ".part-"

/// Replaces the file at `path` with `bytes`, wholly or not at all, mode 0600.
public func writeFile(_ bytes: [UInt8], to path: String) throws {
    try writeFile(to: path) { try $0.write(bytes) }
}

/// Replaces the file at `path` with what `body` writes; when `body` throws, the old file stays.
///
/// Temporary file in the same directory, fsync, rename, fsync of the directory.
public func writeFile<Result>(to path: String, _ body: (FileSink) throws -> Result) throws -> Result {
    let directory = parent(of: path)
    var temporary = Array("\(directory)/\(unfinishedPrefix)XXXXXX".utf8CString)
    let descriptor = mkstemp(&temporary)
    guard descriptor >= 0 else { throw FileFailure(.create, path, errno: errno) }
    var isOpen = true
    do {
        // A child process must not keep it open.
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw FileFailure(.create, path, errno: errno)
        }
        let result = try body(FileSink(descriptor: descriptor, path: path))
        guard fsync(descriptor) == 0 else { throw FileFailure(.sync, path, errno: errno) }
        isOpen = false
        // NFS and quota systems may report a lost write only here.
        guard close(descriptor) == 0 else { throw FileFailure(.write, path, errno: errno) }
        guard rename(temporary, path) == 0 else { throw FileFailure(.rename, path, errno: errno) }
        try syncDirectory(directory)
        return result
    } catch {
        if isOpen { close(descriptor) }
        unlink(temporary)
        throw error
    }
}

/// Puts an already written file in its final place on the same file system, durably, mode 0600.
public func moveDurably(from source: String, to path: String) throws {
    let descriptor = open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.open, source, errno: errno) }
    let changed = fchmod(descriptor, 0o600)
    let synced = changed == 0 ? fsync(descriptor) : -1
    let failure = errno
    close(descriptor)
    guard synced == 0 else { throw FileFailure(.sync, source, errno: failure) }
    guard rename(source, path) == 0 else { throw FileFailure(.rename, path, errno: errno) }
    let (from, to) = (parent(of: source), parent(of: path))
    try syncDirectory(to)
    if from != to { try syncDirectory(from) }
}

/// Removes a file so that it stays removed after a power cut; one that is not there is no error.
public func removeDurably(_ path: String) throws {
    if unlink(path) != 0 {
        guard errno == ENOENT else { throw FileFailure(.remove, path, errno: errno) }
        return
    }
    try syncDirectory(parent(of: path))
}

/// Makes the directory and those above it that are missing, mode 0700, each synced into its parent.
public func makeDirectory(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return try syncDirectory(parent(of: path)) }
    switch errno {
    case EEXIST:
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(.makeDirectory, path, errno: errno) }
        close(descriptor)
    case ENOENT where parent(of: path) != path && !path.isEmpty:
        try makeDirectory(parent(of: path))
        // Another task may have made it meanwhile, which is as good.
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw FileFailure(.makeDirectory, path, errno: errno)
        }
        try syncDirectory(parent(of: path))
    default: throw FileFailure(.makeDirectory, path, errno: errno)
    }
}

/// Gives a file another name in a directory of the same file system, durably; no bytes are copied.
///
/// - Returns: false where the file system or the rights do not allow it; nothing has changed then.
public func linkDurably(_ source: String, to path: String) throws -> Bool {
    guard link(source, path) == 0 else { return false }
    try makeDurable(path)
    return true
}

/// Brings a file that lies in its place already, and its name there, safely onto the disk.
public func makeDurable(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.open, path, errno: errno) }
    let synced = fsync(descriptor)
    let failure = errno
    close(descriptor)
    guard synced == 0 else { throw FileFailure(.sync, path, errno: failure) }
    try syncDirectory(parent(of: path))
}

/// A rename or removal is durable only once the directory itself is.
private func syncDirectory(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.open, path, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileFailure(.sync, path, errno: errno) }
}

private func parent(of path: String) -> String {
    var bytes = path.utf8[...]
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes = bytes.dropLast() }
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == bytes.startIndex ? "/" : String(bytes[..<slash]) ?? "."
}
