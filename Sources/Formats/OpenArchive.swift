import CArchive
import Foundation
import Glibc

/// An archive being read through libarchive: the one place where a stranger's tar headers are judged.
final class OpenArchive {
    let path: String
    private let archive: OpaquePointer
    private let input: PackedInput
    private var current: String?
    /// Where the last entry's data and padding end in the unpacked tar.
    private var dataEnd: Int64 = 0
    /// Reused, so that streaming allocates nothing while nobody keeps a chunk.
    private var chunk: [UInt8] = []

    init(path: String, limits: ArchiveLimits) throws {
        input = try PackedInput(path: path, limits: limits)
        guard let archive = archive_read_new() else { throw FileFailure(.open, path, errno: ENOMEM) }
        self.archive = archive
        self.path = path
        try check(archive_read_support_filter_zstd(archive))
        try check(archive_read_support_format_tar(archive))
        // Reads on behind the end mark, so that a cut or broken end is noticed.
        try check(archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1"))
        // `self` holds `input` until the archive is freed.
        let opened = archive_read_open(
            archive, Unmanaged.passUnretained(input).toOpaque(), nil,
            { archive, context, buffer in
                guard let archive, let context, let buffer else { return -1 }
                let input = Unmanaged<PackedInput>.fromOpaque(context).takeUnretainedValue()
                let count = input.read(unpacked: archive_filter_bytes(archive, 0))
                buffer.pointee = UnsafeRawPointer(input.buffer.baseAddress)
                return count
            }, nil)
        try check(opened)
        // Packed in packed in packed could unpack without end between two looks at the limit.
        guard archive_filter_count(archive) <= 2 else {
            throw ArchiveFailure(.unsafe, archive: path, "packed more than once")
        }
    }

    deinit { archive_read_free(archive) }

    /// The next entry's name and declared size; nil at the end of the archive.
    func next() throws -> (name: String, size: Int64)? {
        var header: OpaquePointer?
        let status = archive_read_next_header(archive, &header)
        if status == ARCHIVE_EOF, input.failure == nil {
            let trailer = archive_filter_bytes(archive, 0).subtractingReportingOverflow(dataEnd)
            // POSIX pax: two blocks of zeros end a tar; a cut between entries shows in nothing else.
            guard !trailer.overflow, trailer.partialValue >= 1024 else {
                throw ArchiveFailure(.damaged, archive: path, entry: current, "no end mark")
            }
            return nil
        }
        try check(status)
        guard let header else { return nil }
        guard let bytes = archive_entry_pathname(header) else {
            throw ArchiveFailure(.unsafe, archive: path, "an entry without a readable name")
        }
        let name = String(cString: bytes)
        guard isSafeName(name) else {
            throw ArchiveFailure(.unsafe, archive: path, entry: name, "name not allowed")
        }
        guard archive_entry_filetype(header) == regularFile, archive_entry_hardlink(header) == nil,
            archive_entry_symlink(header) == nil, archive_entry_sparse_count(header) == 0
        else { throw ArchiveFailure(.unsafe, archive: path, entry: name, "not a regular file") }
        let size = archive_entry_size(header)
        guard archive_entry_size_is_set(header) != 0, (0...(Int64.max - 1024)).contains(size) else {
            throw ArchiveFailure(.unsafe, archive: path, entry: name, "no size")
        }
        current = name
        let (end, overflow) = archive_filter_bytes(archive, 0).addingReportingOverflow(
            (size + 511) / 512 * 512)
        dataEnd = overflow ? .max : end
        return (name, size)
    }

    /// The next bytes of the entry that `next` returned last; nil at its end.
    func nextChunk(of entry: String) throws -> (bytes: ArraySlice<UInt8>, offset: Int64)? {
        guard entry == current else {
            throw ArchiveFailure(.refused, archive: path, entry: entry, "read after its turn")
        }
        while true {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let status = archive_read_data_block(archive, &start, &count, &offset)
            if status == ARCHIVE_EOF, input.failure == nil { return nil }
            try check(status)
            guard count > 0 else { continue }
            chunk.removeAll(keepingCapacity: true)
            chunk.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
            return (chunk[...], offset)
        }
    }

    private func check(_ status: Int32) throws {
        if let failure = input.failure { throw failure }
        guard status != ARCHIVE_OK else { return }
        // Its warnings are names it cannot read in this locale and fields out of range: none of ours has those.
        let kind = status == ARCHIVE_WARN ? ArchiveFailure.Kind.unsafe : .damaged
        throw ArchiveFailure(kind, archive: path, entry: current, archiveWords(archive))
    }
}

/// The packed file, read by blocks; refuses to feed on what has unpacked beyond the limits.
private final class PackedInput {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    var failure: (any Error)?
    private let path: String
    private let descriptor: Int32
    private let allowed: Int64

    init(path: String, limits: ArchiveLimits) throws {
        self.path = path
        // A tar header and its pax header take 2 KB; the rest is the end mark's padding.
        let headers = Int64(clamping: limits.entries).multipliedReportingOverflow(by: 4096)
        let sum = limits.totalBytes.addingReportingOverflow(headers.partialValue)
        let all = sum.partialValue.addingReportingOverflow(1 << 20)
        allowed = headers.overflow || sum.overflow || all.overflow ? .max : all.partialValue
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        // `deinit` frees the buffer: it runs for an initializer that fails with every property set, too.
        guard descriptor >= 0 else { throw FileFailure(.open, path, errno: errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        buffer.deallocate()
    }

    /// Fills `buffer`; 0 at the end of the file, -1 with `failure` set.
    func read(unpacked: Int64) -> Int {
        guard unpacked <= allowed else {
            failure = ArchiveFailure(.tooLarge, archive: path, "unpacks to more than \(allowed) bytes")
            return -1
        }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { failure = FileFailure(.read, path, errno: errno) }
            return count
        }
    }
}
