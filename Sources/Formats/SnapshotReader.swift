import Crypto
import Domain
import Foundation
import Glibc
import Synchronization

/// A snapshot that may come from a stranger: read as a stream, sealed or not, with little memory whatever it holds.
///
/// Opening it reads the manifest, and checks signatures and the file's length; whether the manifest's `key` is one to be
/// trusted is the caller's question. `verify` goes through everything and writes nothing. What is asked for afterwards
/// is read from the same descriptor and hashed again. Nothing but `UserError` and, from `extractFile`, `FileFailure`
/// is thrown, and what a body throws.
public final class SnapshotReader: Sendable {
    public let manifest: SnapshotManifest
    /// SHA-256 of the manifest's bytes in hex, which hold the hash of everything else: for receipts and check words.
    public let digest: String
    private let bytes: SnapshotBytes
    /// Where each entry's header lies.
    private let offsets: [Int64]
    private let isVerified = Once()

    public var isSealed: Bool { bytes.isSealed }
    /// What opens the file again at once; nil: it is not sealed.
    public var key: SealingKey? { bytes.key }
    /// Of the file as it lies there.
    public var fileSize: Int64 { bytes.fileSize }

    public convenience init(path: String, opener: SealOpener = .none) throws {
        // Not blocking: a pipe of that name must not hold us before it is refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = errno
            guard reason != ENOENT else {
                throw UserError(
                    .notFound, "There is no file “\(path)”.", advice: "Check the name and the folder.")
            }
            throw UserError(
                .unreadable, "The file “\(path)” cannot be opened: \(String(cString: strerror(reason))).",
                advice: "Check who may read it.")
        }
        try self.init(taking: descriptor, opener: opener)
    }

    /// Reads through a duplicate; the caller closes its own.
    public convenience init(descriptor: Int32, opener: SealOpener = .none) throws {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else {
            throw UserError(.unreadable, "The snapshot cannot be opened.", advice: "Try again.")
        }
        try self.init(taking: copy, opener: opener)
    }

    private init(taking descriptor: Int32, opener: SealOpener) throws {
        bytes = try SnapshotBytes(descriptor: descriptor, opener)
        let cursor = bytes.cursor(at: 0)
        guard !bytes.isSealed || bytes.size >= Int64(SnapshotTar.block) else {
            throw UserError.snapshotDamaged("its end", "it is cut off")
        }
        guard bytes.size >= Int64(SnapshotTar.block),
            let size = SnapshotTar.size(inHeader: try cursor.read(SnapshotTar.block), name: "manifest.json")
        else {
            throw UserError.noSnapshot
        }
        guard (1...Int64(SnapshotLimits.manifestBytes)).contains(size) else {
            throw UserError.snapshotInvalid("its manifest would have \(size) bytes")
        }
        let json = try cursor.read(Int(size))
        try Self.skipPadding(cursor, after: size, "manifest.json")
        // Before anything else: how a newer format goes on is not known here.
        let manifest = try SnapshotManifest.read(json)
        try Self.readHeader(cursor, "manifest.sig", size: 128)
        let signature = String(decoding: try cursor.read(128), as: UTF8.self)
        try Self.skipPadding(cursor, after: 128, "manifest.sig")
        guard isSigned(SnapshotManifest.signedBytes(json), signature: signature, key: manifest.key) else {
            throw UserError.snapshotDamaged(
                "manifest.sig", "the office \(manifest.officeName) did not sign this manifest")
        }
        guard let forged = manifest.heads.first(where: { !$0.isGenuine }) else {
            self.manifest = manifest
            digest = hex(SHA256.hash(data: json))
            var offset = SnapshotTar.span(of: size) + SnapshotTar.span(of: 128)
            var offsets: [Int64] = []
            for entry in manifest.entries {
                offsets.append(offset)
                offset += SnapshotTar.span(of: entry.size)
            }
            self.offsets = offsets
            guard offset + Int64(SnapshotTar.endBytes) == bytes.size else {
                throw UserError.snapshotDamaged(
                    "its end",
                    offset + Int64(SnapshotTar.endBytes) > bytes.size ? "it is cut off" : "something follows")
            }
            return
        }
        throw UserError.snapshotInvalid(
            "the office \(forged.name) did not sign entry \(forged.head.seq) as its last")
    }

    /// Goes through the whole file, writing nothing: every byte is the one that was signed, every entry of the journal
    /// has its hash and goes on with its chain, and there are as many as the manifest counts.
    ///
    /// - Parameter progress: bytes done, and bytes in all.
    public func verify(isCancelled: () -> Bool = { false }, progress: (Int64, Int64) -> Void = { _, _ in })
        throws
    {
        var chains = SnapshotChains(manifest)
        var (events, locals) = (Int64(0), Int64(0))
        for (entry, offset) in zip(manifest.entries, offsets) {
            try Self.check(isCancelled)
            switch entry.name.prefix(while: { $0 != "/" }) {
            case "journal":
                try eachLine(of: entry, at: offset) { line in
                    try Self.check(isCancelled)
                    try chains.take(SnapshotEvent.decode(line))
                    events += 1
                }
            case "local":
                try eachLine(of: entry, at: offset) { line in
                    try Self.check(isCancelled)
                    guard line.first == UInt8(ascii: "{"), line.last == UInt8(ascii: "}") else {
                        throw UserError.snapshotDamaged(entry.name, "a line is no object")
                    }
                    locals += 1
                }
            default: try readFile(entry, at: offset, isCancelled: isCancelled) { _ in }
            }
            progress(offset + SnapshotTar.span(of: entry.size), bytes.size)
        }
        guard events == manifest.counts.events, locals == manifest.counts.localEvents else {
            throw UserError.snapshotInvalid("it counts other entries than it holds")
        }
        if manifest.kind != .card { try chains.finish() }
        let end = try bytes.cursor(at: bytes.size - Int64(SnapshotTar.endBytes)).read(SnapshotTar.endBytes)
        guard end.allSatisfy({ $0 == 0 }) else { throw UserError.snapshotDamaged("its end", "it is no end") }
        progress(bytes.size, bytes.size)
        isVerified.set()
    }

    /// The shared entries, in the order in which they lie there; verifies the file first, if nobody has.
    ///
    /// - Throws: `UserError` where the file was changed since, also after entries were given: a caller keeps none of
    ///   them before this returns.
    public func eachEvent(isCancelled: () -> Bool = { false }, _ body: (Event) throws -> Void) throws {
        try verifyOnce(isCancelled)
        try each(manifest.journalEntries) { line in
            try Self.check(isCancelled)
            try body(SnapshotEvent.decode(line))
        }
    }

    /// The lines of a backup's local part, without their ends; as `eachEvent` otherwise.
    public func eachLocalLine(isCancelled: () -> Bool = { false }, _ body: (ArraySlice<UInt8>) throws -> Void)
        throws
    {
        try verifyOnce(isCancelled)
        try each(manifest.localEntries) { line in
            try Self.check(isCancelled)
            try body(line)
        }
    }

    /// Writes one archive to `path`: whole, durable and of the right SHA-256, or not at all.
    public func extractFile(_ sha256: String, to path: String, isCancelled: () -> Bool = { false }) throws {
        try verifyOnce(isCancelled)
        let name = SnapshotManifest.fileEntry(sha256)
        guard let (entry, offset) = zip(manifest.entries, offsets).first(where: { $0.0.name == name }) else {
            throw UserError(
                .notFound, "The snapshot does not hold the file \(sha256).",
                advice: "Ask the other office for a full one.")
        }
        try writeFile(to: path) { sink in
            try readFile(entry, at: offset, isCancelled: isCancelled) { try sink.write(raw: $0) }
        }
    }

    private func verifyOnce(_ isCancelled: () -> Bool) throws {
        if !isVerified.isSet { try verify(isCancelled: isCancelled) }
    }

    private func each(
        _ parts: [SnapshotManifest.Entry], _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        // Parts come first, and in this order.
        let wanted = Set(parts.map(\.name))
        for (entry, offset) in zip(manifest.entries, offsets) where wanted.contains(entry.name) {
            try eachLine(of: entry, at: offset, body)
        }
    }

    private func eachLine(
        of entry: SnapshotManifest.Entry, at offset: Int64, _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        let cursor = bytes.cursor(at: offset)
        try Self.readHeader(cursor, entry.name, size: entry.size)
        try SnapshotPartReader(entry, from: cursor).eachLine(body)
        try Self.skipPadding(cursor, after: entry.size, entry.name)
    }

    private func readFile(
        _ entry: SnapshotManifest.Entry, at offset: Int64, isCancelled: () -> Bool,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let cursor = bytes.cursor(at: offset)
        try Self.readHeader(cursor, entry.name, size: entry.size)
        var hash = SHA256()
        var left = entry.size
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
            while left > 0 {
                try Self.check(isCancelled)
                let piece = UnsafeMutableRawBufferPointer(
                    rebasing: buffer.prefix(Int(clamping: min(left, Int64(buffer.count)))))
                try cursor.read(into: piece)
                hash.update(bufferPointer: UnsafeRawBufferPointer(piece))
                try body(UnsafeRawBufferPointer(piece))
                left -= Int64(piece.count)
            }
        }
        guard hex(hash.finalize()) == entry.sha256 else {
            throw UserError.snapshotDamaged(entry.name, "its SHA-256 differs")
        }
        try Self.skipPadding(cursor, after: entry.size, entry.name)
    }

    private static func readHeader(_ cursor: SnapshotCursor, _ name: String, size: Int64) throws {
        guard try cursor.read(SnapshotTar.block) == SnapshotTar.header(name: name, size: size) else {
            throw UserError.snapshotDamaged(name, "it does not begin where it should")
        }
    }

    private static func skipPadding(_ cursor: SnapshotCursor, after size: Int64, _ name: String) throws {
        guard try cursor.read(Int(SnapshotTar.padding(after: size))).allSatisfy({ $0 == 0 }) else {
            throw UserError.snapshotDamaged(name, "something lies behind it")
        }
    }

    private static func check(_ isCancelled: () -> Bool) throws {
        guard !isCancelled() else {
            throw UserError(
                .cancelled, "Reading the snapshot was cancelled; nothing of it was taken in.",
                advice: "Start it again any time.")
        }
    }
}

/// Set once, from any thread.
private final class Once: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }

    func set() { flag.store(true, ordering: .releasing) }
}
