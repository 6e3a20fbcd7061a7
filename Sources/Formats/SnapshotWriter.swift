import CArchive
import Crypto
import Domain
import Foundation
import Glibc

/// An archive that goes into a snapshot as it is.
public struct SnapshotFile: Hashable, Sendable {
    public var path: String
    /// What its bytes must have, in hex.
    public var sha256: String

    public init(path: String, sha256: String) {
        self.path = path
        self.sha256 = sha256
    }
}

/// What was written: the manifest with its entries, the digest of its bytes, and the size of the file.
public struct SnapshotSummary: Hashable, Sendable {
    public var manifest: SnapshotManifest
    /// As `SnapshotReader.digest`.
    public var digest: String
    public var bytes: Int64
}

/// Writes a snapshot: the same input (with the same salt and nonce, where it is sealed) gives the same bytes.
public struct SnapshotWriter {
    /// Counts of entries and files, and the entries themselves, are filled in here.
    public var manifest: SnapshotManifest
    public var seal: Seal?
    /// Where the packed journal waits in a file without a name, unsealed; nil: the folder that is written to.
    ///
    /// One on the office's own disk, where the folder is a stick.
    public var workFolder: String?
    private let sign: SnapshotSigner

    public init(
        manifest: SnapshotManifest, seal: Seal? = nil, workFolder: String? = nil,
        sign: @escaping SnapshotSigner
    ) {
        self.manifest = manifest
        self.seal = seal
        self.workFolder = workFolder
        self.sign = sign
    }

    /// Writes it to `path`: whole and durable, or not at all.
    ///
    /// - Parameters:
    ///   - events: the next shared entry, nil after the last; those of one chain in their order.
    ///   - local: the next line of a backup's local part, one JSON object without LF; nil after the last.
    ///   - files: in any order, none twice.
    ///   - progress: bytes of the tar done, and in all; from when the journal is packed.
    /// - Throws: `UserError` where the input is not what it should be, `FileFailure` where the disk does not do it.
    public func write(
        to path: String, events: () throws -> Event? = { nil }, local: () throws -> [UInt8]? = { nil },
        files: [SnapshotFile] = [], isCancelled: () -> Bool = { false },
        progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws -> SnapshotSummary {
        var manifest = manifest
        let spool = try Spool(in: workFolder ?? URL(fileURLWithPath: path).deletingLastPathComponent().path)
        var chains = SnapshotChains(manifest)
        let journalParts = SnapshotPartPacker(to: spool.sink, name: SnapshotManifest.journalEntry)
        while let event = try events() {
            try Self.check(isCancelled)
            try chains.take(event)
            try journalParts.add(SnapshotEvent.encode(event))
        }
        try journalParts.finish()
        if manifest.kind != .card { try chains.finish() }
        let localParts = SnapshotPartPacker(to: spool.sink, name: SnapshotManifest.localEntry)
        while let line = try local() {
            try Self.check(isCancelled)
            guard line.first == UInt8(ascii: "{"), line.last == UInt8(ascii: "}"),
                !line.contains(UInt8(ascii: "\n")),
                line.count <= SnapshotLimits.lineBytes
            else { throw UserError.snapshotInvalid("a line of the local part is no object") }
            try localParts.add(line)
        }
        try localParts.finish()
        let parts = journalParts.entries + localParts.entries
        let sorted = files.sorted { $0.sha256 < $1.sha256 }
        manifest.counts.events = journalParts.lines
        manifest.counts.localEvents = localParts.lines
        manifest.counts.files = Int64(files.count)
        manifest.entries = try parts + sorted.map(Self.entry)
        try manifest.check()

        let json = try manifest.written()
        guard json.count <= SnapshotLimits.manifestBytes else {
            throw UserError(
                .tooLarge, "\(files.count) files are too many for one snapshot. Nothing was written.",
                advice: "Export what changed since another office's last snapshot instead.")
        }
        let signed = SnapshotManifest.signedBytes(json)
        let signature = hexadecimal(try sign(signed))
        guard isSigned(signed, signature: signature, key: manifest.key) else { throw UserError.otherKey }

        let total =
            manifest.entries.reduce(SnapshotTar.span(of: Int64(json.count)) + SnapshotTar.span(of: 128)) {
                $0 + SnapshotTar.span(of: $1.size)
            } + Int64(SnapshotTar.endBytes)
        let size = try writeFile(to: path) { sink in
            let output = try SnapshotOutput(sink, seal)
            func step() throws {
                try Self.check(isCancelled)
                progress(output.written, total)
            }
            try output.entry("manifest.json", json)
            try output.entry("manifest.sig", Array(signature.utf8))
            var offset: Int64 = 0
            for part in parts {
                try output.copy(part, from: spool.sink.descriptor, at: offset, spool.sink.path, step)
                offset += part.size
            }
            for (file, entry) in zip(sorted, manifest.entries.dropFirst(parts.count)) {
                let descriptor = try Self.openArchive(file)
                defer { close(descriptor) }
                try output.copy(entry, from: descriptor, at: 0, file.path, step)
            }
            try output.write([UInt8](repeating: 0, count: SnapshotTar.endBytes))
            return try output.finish()
        }
        progress(total, total)
        return SnapshotSummary(manifest: manifest, digest: hex(SHA256.hash(data: json)), bytes: size)
    }

    private static func entry(_ file: SnapshotFile) throws -> SnapshotManifest.Entry {
        let descriptor = try openArchive(file)
        defer { close(descriptor) }
        var state = stat()
        guard fstat(descriptor, &state) == 0 else { throw FileFailure(.inspect, file.path, errno: errno) }
        let size = Int64(state.st_size)
        guard state.st_mode & 0o170000 == regularFile else { throw changed(file.path) }
        guard size <= SnapshotLimits.fileBytes else {
            throw UserError(
                .tooLarge, "The archive \(file.path) has \(size) bytes; a snapshot holds files below 8 GB.",
                advice: "Delete that version of the file, and upload it again in parts.")
        }
        return SnapshotManifest.Entry(
            name: SnapshotManifest.fileEntry(file.sha256), size: size, sha256: file.sha256, unpacked: size)
    }

    private static func openArchive(_ file: SnapshotFile) throws -> Int32 {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno != ENOENT, errno != ELOOP else { throw changed(file.path) }
            throw FileFailure(.open, file.path, errno: errno)
        }
        return descriptor
    }

    static func changed(_ path: String) -> UserError {
        UserError(
            .damaged, "The archive \(path) is missing or not what it was. No snapshot was written.",
            advice: "Run “rollcall verify”; put the archive back from a backup.")
    }

    private static func check(_ isCancelled: () -> Bool) throws {
        guard !isCancelled() else {
            throw UserError(
                .cancelled, "Writing the snapshot was cancelled; no file was written.",
                advice: "Start it again any time.")
        }
    }
}

/// A file that has no name any more: whatever ends the program, nothing of it stays.
private final class Spool {
    let sink: FileSink

    init(in folder: String) throws {
        var name = Array("\(folder)/\(unfinishedPrefix)XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw FileFailure(.create, folder, errno: errno) }
        unlink(name)
        sink = FileSink(descriptor: descriptor, path: folder)
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw FileFailure(.create, folder, errno: errno)
        }
    }

    deinit { close(sink.descriptor) }
}
