import CArchive
import Crypto
import Domain
import Foundation
import Glibc

/// Packs lines into parts of at most 64 MB, one zstd frame each, one behind the other into a file of the caller.
///
/// libarchive's zstd at a fixed level, fed by blocks of a fixed size: the same lines give the same bytes.
final class SnapshotPartPacker {
    private let sink: FileSink
    private let name: (Int) -> String
    private(set) var entries: [SnapshotManifest.Entry] = []
    private(set) var lines: Int64 = 0
    private var frame: Frame?
    private var block: [UInt8] = []

    private let partBytes: Int64

    /// - Parameter name: of the part of that number, from 0.
    init(to sink: FileSink, partBytes: Int64, name: @escaping (Int) -> String) {
        self.sink = sink
        self.partBytes = partBytes
        self.name = name
        block.reserveCapacity(Self.blockBytes)
    }

    private static let blockBytes = 128 * 1024

    /// - Parameter line: without its end; the caller has checked its length.
    func add(_ line: [UInt8]) throws {
        if let frame, frame.unpacked + Int64(line.count) + 1 > partBytes { try endPart() }
        if frame == nil {
            guard entries.count < SnapshotLimits.parts else {
                throw UserError(
                    .tooLarge, "The journal is too long for one snapshot. Nothing was written.",
                    advice:
                        "Tell whoever looks after Rollcall; a copy of the data folder still holds everything."
                )
            }
            frame = try Frame(sink)
        }
        frame?.unpacked += Int64(line.count) + 1
        lines += 1
        try put(line[...])
        try put([UInt8(ascii: "\n")])
    }

    func finish() throws { if frame != nil { try endPart() } }

    private func put(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(Self.blockBytes - block.count)
            block.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
            if block.count == Self.blockBytes { try flush() }
        }
    }

    private func flush() throws {
        guard !block.isEmpty else { return }
        try frame?.write(block)
        block.removeAll(keepingCapacity: true)
    }

    private func endPart() throws {
        try flush()
        guard let frame else { return }
        let (size, sha256) = try frame.finish()
        entries.append(
            SnapshotManifest.Entry(
                name: name(entries.count), size: size, sha256: sha256, unpacked: frame.unpacked))
        self.frame = nil
    }

    private final class Frame {
        var unpacked: Int64 = 0
        private let archive: OpaquePointer
        private let output: PackedOutput

        init(_ sink: FileSink) throws {
            guard let archive = archive_write_new() else {
                throw FileFailure(.create, sink.path, errno: ENOMEM)
            }
            self.archive = archive
            output = PackedOutput(sink)
            try check(archive_write_set_format_raw(archive))
            try check(archive_write_add_filter_zstd(archive))
            try check(archive_write_set_filter_option(archive, "zstd", "compression-level", "3"))
            try check(archive_write_set_bytes_per_block(archive, 64 * 1024))
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
            guard let header = archive_entry_new() else {
                throw FileFailure(.write, sink.path, errno: ENOMEM)
            }
            defer { archive_entry_free(header) }
            archive_entry_set_filetype(header, regularFile)
            try check(archive_write_header(archive, header))
        }

        // Freeing an unfinished archive would flush it into a file that is about to be removed.
        deinit {
            archive_write_fail(archive)
            archive_write_free(archive)
        }

        func write(_ bytes: [UInt8]) throws {
            let count = bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
            try check(count == bytes.count ? ARCHIVE_OK : ARCHIVE_FATAL)
        }

        func finish() throws -> (size: Int64, sha256: String) {
            try check(archive_write_close(archive))
            return (output.size, hex(output.hash.finalize()))
        }

        private func check(_ status: Int32) throws {
            guard status != ARCHIVE_OK else { return }
            if let failure = output.failure { throw failure }
            throw ArchiveFailure(.refused, archive: output.sink.path, archiveWords(archive))
        }
    }
}

/// Unpacks one part of a snapshot into its lines, hashing what it reads; nothing of it is believed before the end.
final class SnapshotPartReader {
    private let entry: SnapshotManifest.Entry
    private let input: Input
    private let archive: OpaquePointer
    private var unpacked: Int64 = 0

    init(_ entry: SnapshotManifest.Entry, from cursor: SnapshotCursor) throws {
        self.entry = entry
        input = Input(entry, cursor)
        guard let archive = archive_read_new() else { throw FileFailure(.open, entry.name, errno: ENOMEM) }
        self.archive = archive
        // The specific ones: functions that choose by a number bring every format into the static program.
        try check(archive_read_support_filter_zstd(archive))
        try check(archive_read_support_format_raw(archive))
        let opened = archive_read_open(
            archive, Unmanaged.passUnretained(input).toOpaque(), nil,
            { _, context, buffer in
                guard let context, let buffer else { return -1 }
                let input = Unmanaged<Input>.fromOpaque(context).takeUnretainedValue()
                let count = input.read()
                buffer.pointee = UnsafeRawPointer(input.buffer.baseAddress)
                return count
            }, nil)
        try check(opened)
        var header: OpaquePointer?
        try check(archive_read_next_header(archive, &header))
        // zstd and the bytes themselves: what is packed twice is not unpacked twice.
        guard archive_filter_count(archive) == 2 else {
            throw UserError.snapshotDamaged(entry.name, "it is not packed once")
        }
    }

    deinit { archive_read_free(archive) }

    /// Gives every line without its end, then compares size and SHA-256 of the part.
    ///
    /// - Throws: `UserError` `damaged`, also after lines were given: the caller throws those away.
    func eachLine(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
        var line: [UInt8] = []
        while let chunk = try nextChunk() {
            var rest = chunk
            while let start = rest.baseAddress, let end = memchr(start, 0x0a, rest.count) {
                let length = UnsafeRawPointer(end) - start
                try append(rest.prefix(length), to: &line)
                guard !line.isEmpty else { throw damaged("a line is empty") }
                try body(line[...])
                // A long line must not be held while short ones are read.
                line.removeAll(keepingCapacity: line.capacity <= 1 << 20)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(length + 1))
            }
            try append(rest[...], to: &line)
        }
        guard line.isEmpty else { throw damaged("its last line has no end") }
        try input.finish()
        guard unpacked == entry.unpacked else {
            throw damaged("it unpacks to \(unpacked) bytes, not \(entry.unpacked)")
        }
    }

    private func append(_ bytes: Swift.Slice<UnsafeRawBufferPointer>, to line: inout [UInt8]) throws {
        guard bytes.count <= SnapshotLimits.lineBytes - line.count else {
            throw damaged("a line is too long")
        }
        line.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes))
    }

    /// Valid until the next one is asked for.
    private func nextChunk() throws -> UnsafeRawBufferPointer? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        let status = archive_read_data_block(archive, &start, &count, &offset)
        if status == ARCHIVE_EOF, input.failure == nil { return nil }
        try check(status)
        unpacked += Int64(count)
        guard unpacked <= entry.unpacked else {
            throw damaged("it unpacks to more than \(entry.unpacked) bytes")
        }
        return UnsafeRawBufferPointer(start: start, count: count)
    }

    private func check(_ status: Int32) throws {
        if let failure = input.failure { throw failure }
        guard status == ARCHIVE_OK else { throw damaged("it cannot be unpacked") }
    }

    private func damaged(_ detail: String) -> UserError { .snapshotDamaged(entry.name, detail) }

    /// The packed bytes of the part and no others.
    private final class Input {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
        var failure: (any Error)?
        private let entry: SnapshotManifest.Entry
        private let cursor: SnapshotCursor
        private var left: Int64
        private var hash = SHA256()
        private var frame = ZstandardFrame()

        init(_ entry: SnapshotManifest.Entry, _ cursor: SnapshotCursor) {
            self.entry = entry
            self.cursor = cursor
            left = entry.size
        }

        deinit { buffer.deallocate() }

        /// 0 at the end, -1 with `failure` set.
        func read() -> Int {
            guard failure == nil else { return -1 }
            do {
                let piece = UnsafeMutableRawBufferPointer(
                    rebasing: buffer.prefix(Int(clamping: min(left, Int64(buffer.count)))))
                try cursor.read(into: piece)
                left -= Int64(piece.count)
                hash.update(bufferPointer: UnsafeRawBufferPointer(piece))
                if let fault = frame.take(UnsafeRawBufferPointer(piece)) {
                    throw UserError.snapshotDamaged(entry.name, fault)
                }
                return piece.count
            } catch {
                failure = error
                return -1
            }
        }

        /// What the unpacking did not ask for is read, too.
        func finish() throws {
            while left > 0, read() >= 0 {}
            if let failure { throw failure }
            guard frame.isWhole else { throw UserError.snapshotDamaged(entry.name, "its end is missing") }
            guard hex(hash.finalize()) == entry.sha256 else {
                throw UserError.snapshotDamaged(entry.name, "its SHA-256 differs")
            }
        }
    }
}
