import CArchive
import Crypto
import Foundation
import Glibc

/// What an archive may hold, by what its headers declare; beyond it nothing more is unpacked.
public struct ArchiveLimits: Sendable {
    public var entries: Int
    public var entryBytes: Int64
    public var totalBytes: Int64

    public init(entries: Int = 1000, entryBytes: Int64 = 8 << 30, totalBytes: Int64 = 16 << 30) {
        self.entries = entries
        self.entryBytes = entryBytes
        self.totalBytes = totalBytes
    }
}

/// Reads tar archives, plain or zstd, that may come from a stranger: only regular files with safe names.
///
/// libarchive's zstd frames carry no checksum, so only `expecting` (sizes and SHA-256, from a manifest or the journal)
/// proves that unpacked bytes are the right ones; without it a flipped bit may pass. Throws `ArchiveFailure`
/// and `FileFailure`. Nothing stays open between calls.
public struct ArchiveReader: Sendable {
    public let path: String
    public let limits: ArchiveLimits
    private let expected: [String: ArchivedEntry]?

    public init(path: String, limits: ArchiveLimits = ArchiveLimits(), expecting: [ArchivedEntry]? = nil) {
        self.path = path
        self.limits = limits
        expected = expecting.map {
            Dictionary($0.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Names and sizes in order; the whole archive is unpacked once, so a cut-off one is an error.
    public func list() throws -> [(name: String, size: Int64)] {
        var found: [(name: String, size: Int64)] = []
        try forEachEntry {
            found.append(($0.name, $0.size))
            return true
        }
        return found
    }

    /// Reads every byte, compares with what was expected, and says what is there.
    public func check(isCancelled: () -> Bool = { false }) throws -> [ArchivedEntry] {
        var found: [ArchivedEntry] = []
        try forEachEntry { entry in
            var hash = SHA256()
            try entry.read { chunk in
                guard !isCancelled() else {
                    throw ArchiveFailure(.cancelled, archive: path, entry: entry.name, "stopped on request")
                }
                hash.update(data: chunk)
                return true
            }
            found.append(ArchivedEntry(name: entry.name, size: entry.size, sha256: hex(hash.finalize())))
            return true
        }
        return found
    }

    /// Visits the entries in order; `body` reads an entry or leaves it, and returns whether to go on.
    ///
    /// Going on to the end also finds entries twice, entries missing and an archive cut off.
    public func forEachEntry(_ body: (OpenEntry) throws -> Bool) throws {
        let archive = try OpenArchive(path: path, limits: limits)
        var seen: Set<String> = []
        var total: Int64 = 0
        while let (name, size) = try archive.next() {
            func refuse(_ kind: ArchiveFailure.Kind, _ detail: String) -> ArchiveFailure {
                ArchiveFailure(kind, archive: path, entry: name, detail)
            }
            guard seen.insert(name).inserted else { throw refuse(.unsafe, "entry is there twice") }
            guard seen.count <= limits.entries else { throw refuse(.tooLarge, "too many entries") }
            let (sum, overflow) = total.addingReportingOverflow(size)
            guard size <= limits.entryBytes, !overflow, sum <= limits.totalBytes else {
                throw refuse(.tooLarge, "unpacks to \(size) bytes")
            }
            total = sum
            if let expected {
                guard let entry = expected[name] else { throw refuse(.unsafe, "entry was not expected") }
                guard entry.size == size else { throw refuse(.damaged, "\(size) bytes, not \(entry.size)") }
            }
            let entry = OpenEntry(name: name, size: size, sha256: expected?[name]?.sha256, archive: archive)
            guard try body(entry) else { return }
        }
        if let missing = expected?.keys.filter({ !seen.contains($0) }).min() {
            throw ArchiveFailure(.noSuchEntry, archive: path, entry: missing, "entry is missing")
        }
    }

    /// Streams one entry in chunks until it ends or `body` returns false.
    ///
    /// The expected SHA-256 is compared at the entry's end, after the last chunk was given to `body`.
    public func withEntry(named name: String, _ body: (ArraySlice<UInt8>) throws -> Bool) throws {
        var found = false
        try forEachEntry { entry in
            guard entry.name == name else { return true }
            found = true
            try entry.read(body)
            return false
        }
        guard found else {
            throw ArchiveFailure(.noSuchEntry, archive: path, entry: name, "entry is missing")
        }
    }

    /// An entry as a file: whole, durable and, where expected, of the right SHA-256; or not at all.
    public func extract(entry name: String, to file: String) throws {
        try writeFile(to: file) { sink in
            try withEntry(named: name) {
                try sink.write($0)
                return true
            }
        }
    }

    /// A small entry in memory; more than `limit` bytes is an error before any of it is read.
    public func bytes(of name: String, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8]?
        try forEachEntry { entry in
            guard entry.name == name else { return true }
            guard entry.size <= limit else {
                throw ArchiveFailure(
                    .tooLarge, archive: path, entry: name, "\(entry.size) bytes, limit \(limit)")
            }
            var read: [UInt8] = []
            try entry.read {
                read.append(contentsOf: $0)
                return true
            }
            bytes = read
            return false
        }
        guard let bytes else {
            throw ArchiveFailure(.noSuchEntry, archive: path, entry: name, "entry is missing")
        }
        return bytes
    }
}

/// One entry, valid only inside the `body` it was given to.
public struct OpenEntry {
    public let name: String
    public let size: Int64
    fileprivate let sha256: String?
    fileprivate let archive: OpenArchive

    /// Streams the bytes, in chunks of at most a few 100 KB, until they end or `body` returns false.
    public func read(_ body: (ArraySlice<UInt8>) throws -> Bool) throws {
        var hash = SHA256()
        var count: Int64 = 0
        func damaged(_ detail: String) -> ArchiveFailure {
            ArchiveFailure(.damaged, archive: archive.path, entry: name, detail)
        }
        while let (chunk, offset) = try archive.nextChunk(of: name) {
            // A gap is a sparse file, which nothing of ours writes.
            guard offset == count, Int64(chunk.count) <= size - count else {
                throw damaged("holes in the data")
            }
            count += Int64(chunk.count)
            if sha256 != nil { hash.update(data: chunk) }
            guard try body(chunk) else { return }
        }
        guard count == size else { throw damaged("\(count) bytes, not \(size)") }
        if let sha256, hex(hash.finalize()) != sha256 { throw damaged("SHA-256 differs") }
    }
}
