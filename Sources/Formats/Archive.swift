import CArchive
import Crypto
import Foundation
import Glibc

/// Something to be put in an archive under `name`.
public struct ArchiveEntry: Sendable {
    public enum Content: Sendable {
        /// A regular file; when `size` is given, another size is an error.
        case file(path: String, size: Int64?)
        case bytes([UInt8])
        /// Asked for when the entries before it are written; may wait for what it needs.
        indirect case later(@Sendable () throws -> Content)

        fileprivate func now() throws -> Content {
            if case .later(let content) = self { try content().now() } else { self }
        }
    }

    public var name: String
    public var content: Content

    public init(name: String, content: Content) {
        self.name = name
        self.content = content
    }
}

/// An entry as it is in an archive: unpacked bytes, and their SHA-256 in lower-case hex.
public struct ArchivedEntry: Hashable, Codable, Sendable {
    public var name: String
    public var size: Int64
    public var sha256: String

    public init(name: String, size: Int64, sha256: String) {
        self.name = name
        self.size = size
        self.sha256 = sha256
    }
}

/// What `writeArchive` made: the archive's own bytes and SHA-256, and its entries in order.
public struct ArchiveSummary: Hashable, Codable, Sendable {
    public var size: Int64
    public var sha256: String
    public var entries: [ArchivedEntry]
}

/// An archive that cannot be made or must not be trusted; `words` names archive and entry.
public struct ArchiveFailure: Error, Hashable, Sendable {
    public enum Kind: String, Sendable {
        /// The bytes are not what was written: cut off, flipped, or no archive at all.
        case damaged
        /// A name, kind of entry or wrapping that no archive of ours has.
        case unsafe
        case tooLarge = "too large"
        case noSuchEntry = "no such entry"
        /// A file was written to while it was being archived.
        case changed
        case cancelled
        case refused
    }

    public var kind: Kind
    public var archive: String
    public var entry: String?
    public var detail: String

    public init(_ kind: Kind, archive: String, entry: String? = nil, _ detail: String) {
        self.kind = kind
        self.archive = archive
        self.entry = entry
        self.detail = detail
    }

    public var words: String {
        "Archive \(archive)\(entry.map { ", entry \($0)" } ?? ""): \(detail) (\(kind.rawValue))"
    }
}

/// Writes a tar archive (ustar, pax where needed) that plain `tar` opens; the same input gives the same bytes.
///
/// `compressionLevel` is zstd's, 1–22; `nil` leaves the tar unpacked. The archive appears at `path` whole and
/// durable or not at all. Throws `ArchiveFailure` and `FileFailure`.
public func writeArchive(
    _ entries: [ArchiveEntry], to path: String, compressionLevel: Int? = 3,
    isCancelled: () -> Bool = { false }
) throws -> ArchiveSummary {
    var names: Set<String> = []
    for entry in entries {
        guard isSafeName(entry.name), names.insert(entry.name).inserted else {
            throw ArchiveFailure(.unsafe, archive: path, entry: entry.name, "name not allowed or used twice")
        }
    }
    return try writeFile(to: path) { sink in
        let output = PackedOutput(sink)
        let writer = try ArchiveWriter(path: path, compressionLevel: compressionLevel, output: output)
        var written: [ArchivedEntry] = []
        for entry in entries { written.append(try writer.add(entry, isCancelled: isCancelled)) }
        try writer.finish()
        return ArchiveSummary(size: output.size, sha256: hex(output.hash.finalize()), entries: written)
    }
}

func hex(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// Relative, printable ASCII, no `.`, `..` or empty parts: nothing that two systems could read differently.
func isSafeName(_ name: String) -> Bool {
    let bytes = name.utf8
    guard (1...255).contains(bytes.count),
        bytes.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\\") })
    else { return false }
    return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
}

/// Where libarchive's packed bytes go: hashed and written, the first failure kept for the caller.
final class PackedOutput {
    let sink: FileSink
    var hash = SHA256()
    var size: Int64 = 0
    var failure: (any Error)?

    init(_ sink: FileSink) { self.sink = sink }

    func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        do { try sink.write(raw: bytes) } catch {
            if failure == nil { failure = error }
            return -1
        }
        hash.update(bufferPointer: bytes)
        size += Int64(bytes.count)
        return bytes.count
    }
}

private final class ArchiveWriter {
    private let archive: OpaquePointer
    private let path: String
    private let output: PackedOutput

    init(path: String, compressionLevel: Int?, output: PackedOutput) throws {
        guard let archive = archive_write_new() else { throw FileFailure(.create, path, errno: ENOMEM) }
        self.archive = archive
        self.path = path
        self.output = output
        try check(archive_write_set_format_pax_restricted(archive))
        if let compressionLevel {
            try check(archive_write_add_filter_zstd(archive))
            try check(
                archive_write_set_filter_option(
                    archive, "zstd", "compression-level", String(min(max(compressionLevel, 1), 22))))
        }
        try check(archive_write_set_bytes_per_block(archive, 64 * 1024))
        // Else the last block is padded with zeros, which are no part of a zstd file.
        try check(archive_write_set_bytes_in_last_block(archive, 1))
        // `self` holds `output` until the archive is freed.
        let opened = archive_write_open(
            archive, Unmanaged.passUnretained(output).toOpaque(), nil,
            { _, context, bytes, count in
                guard let context else { return -1 }
                let output = Unmanaged<PackedOutput>.fromOpaque(context).takeUnretainedValue()
                return output.take(UnsafeRawBufferPointer(start: bytes, count: count))
            }, nil)
        try check(opened)
    }

    // Freeing an unfinished archive would flush it into a file that is about to be removed.
    deinit {
        archive_write_fail(archive)
        archive_write_free(archive)
    }

    func finish() throws { try check(archive_write_close(archive)) }

    func add(_ entry: ArchiveEntry, isCancelled: () -> Bool) throws -> ArchivedEntry {
        var hash = SHA256()
        func put(_ bytes: UnsafeRawBufferPointer) throws {
            guard !isCancelled() else {
                throw ArchiveFailure(.cancelled, archive: path, entry: entry.name, "stopped on request")
            }
            let count = archive_write_data(archive, bytes.baseAddress, bytes.count)
            try check(count < 0 ? ARCHIVE_FATAL : ARCHIVE_OK, entry: entry.name)
            guard count == bytes.count else {
                throw ArchiveFailure(.changed, archive: path, entry: entry.name, "more bytes than declared")
            }
            hash.update(bufferPointer: bytes)
        }
        let size: Int64
        switch try entry.content.now() {
        case .bytes(let bytes):
            size = Int64(bytes.count)
            try begin(entry.name, size: size)
            try bytes.withUnsafeBytes { all in
                var rest = all[...]
                while !rest.isEmpty {
                    try put(UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 17)))
                    rest = rest.dropFirst(1 << 17)
                }
            }
        case .file(let file, let declared):
            size = try addFile(file, declared: declared, as: entry.name, put)
        case .later:
            throw ArchiveFailure(.refused, archive: path, entry: entry.name, "has no content")
        }
        try check(archive_write_finish_entry(archive), entry: entry.name)
        return ArchivedEntry(name: entry.name, size: size, sha256: hex(hash.finalize()))
    }

    /// Reads exactly the size found at the start, and looks again at the end.
    private func addFile(
        _ file: String, declared: Int64?, as name: String, _ put: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int64 {
        // Not blocking: a pipe of that name must not hold us before it is refused.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure(.open, file, errno: errno) }
        defer { close(descriptor) }
        var before = stat()
        guard fstat(descriptor, &before) == 0 else { throw FileFailure(.inspect, file, errno: errno) }
        guard before.st_mode & 0o170000 == regularFile else { throw FileFailure(.read, file, errno: EINVAL) }
        let size = Int64(before.st_size)
        let changed = ArchiveFailure(.changed, archive: path, entry: name, "\(file) changed in size")
        guard declared == nil || declared == size else { throw changed }
        try begin(name, size: size)
        var rest = size
        try withUnsafeTemporaryAllocation(byteCount: 1 << 17, alignment: 16) { buffer in
            while rest > 0 {
                let count = read(descriptor, buffer.baseAddress, min(buffer.count, Int(clamping: rest)))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw FileFailure(.read, file, errno: errno) }
                guard count > 0 else { throw changed }
                try put(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer).prefix(count)))
                rest -= Int64(count)
            }
        }
        var after = stat()
        guard fstat(descriptor, &after) == 0 else { throw FileFailure(.inspect, file, errno: errno) }
        guard after.st_size == before.st_size else { throw changed }
        return size
    }

    private func begin(_ name: String, size: Int64) throws {
        guard let header = archive_entry_new() else { throw FileFailure(.write, path, errno: ENOMEM) }
        defer { archive_entry_free(header) }
        archive_entry_set_pathname(header, name)
        archive_entry_set_size(header, size)
        archive_entry_set_filetype(header, regularFile)
        archive_entry_set_perm(header, 0o600)
        // 1980-01-01 UTC: fixed, and in range for every tool.
        archive_entry_set_mtime(header, 315_532_800, 0)
        archive_entry_set_uid(header, 0)
        archive_entry_set_gid(header, 0)
        try check(archive_write_header(archive, header), entry: name)
    }

    private func check(_ status: Int32, entry: String? = nil) throws {
        guard status != ARCHIVE_OK else { return }
        if let failure = output.failure { throw failure }
        throw ArchiveFailure(.refused, archive: path, entry: entry, archiveWords(archive))
    }
}

/// POSIX `S_IFREG`, which reaches Swift from two modules and so cannot be named.
let regularFile: UInt32 = 0o100000

func archiveWords(_ archive: OpaquePointer) -> String {
    archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
}
