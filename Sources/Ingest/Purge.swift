import Domain
import Formats
import Foundation
import Storage

/// Erases what a deletion left in the trash: whole archives, or days out of an archive that goes on without them.
/// Blocks its thread. After a crash at any instant it is wholly done or not at all.
///
/// - Parameter viewer: nil: the program, when its time in the trash is over.
public func purgeDeletion(
    _ id: ID<DeleteRequest>, in store: OfficeStore, comment: String = "", for viewer: Viewer?, by actor: Actor
) throws {
    let comment = comment.trimmingCharacters(in: .whitespacesAndNewlines)
    try store.changingCalls {
        // What another purge has written, and could not put in its place, is not to be written over.
        try store.settleArchives()
        let plan = try store.purgePlan(id, comment: comment, for: viewer)
        var kept: [VersionPlace: KeptVersion] = [:]
        do {
            for version in plan.versions where !version.isWhole {
                kept[VersionPlace(file: version.uploaded.file, version: version.uploaded.version)] =
                    try writeKept(version, store)
            }
            try store.purge(plan, kept: kept, comment: comment, for: viewer, by: actor)
        } catch {
            for place in kept.keys {
                try? removeDurably(store.folder.keptArchive(of: place.file, version: place.version))
            }
            throw explain(error, plan.request.typedName)
        }
    }
}

/// Purges every deletion whose time in the trash is over; one that a hold keeps waits. Blocks its thread.
///
/// - Returns: of those that failed, why.
public func purgeWhatIsDue(in store: OfficeStore) throws -> [UserError] {
    var failures: [UserError] = []
    for id in try store.purgesDue() {
        do {
            try purgeDeletion(id, in: store, for: nil, by: .program)
        } catch let error as UserError {
            failures.append(error)
        }
    }
    return failures
}

/// Writes the archives again in which something is left that was purged: boxes of one office had purged different days
/// of a version without knowing of each other, and each left what the other erased. Blocks its thread; after a crash
/// at any instant an archive is written again, or as it was.
///
/// - Returns: of those that failed, why; the next call tries again.
@discardableResult
public func rewriteArchives(in store: OfficeStore) throws -> [UserError] {
    guard try !store.archiveRewrites().isEmpty else { return [] }
    return try store.changingCalls {
        // What cannot be put in its place keeps no other archive waiting.
        try? store.settleArchives()
        var failures: [UserError] = []
        for var rewrite in try store.archiveRewrites() {
            let upload = rewrite.version.uploaded
            do {
                // What another purge has written, and could not put in its place, is not to be written over.
                guard access(store.folder.keptArchive(of: upload.file, version: upload.version), F_OK) != 0
                else {
                    throw UserError(
                        .busy, "Another archive of “\(upload.fileName)” waits to be put in its place.",
                        advice: "See the server's log for what keeps it.")
                }
                guard fileHash(rewrite.version.archivePath)?.hex == upload.archive else {
                    throw rewrite.version.isUnreadable
                }
                var digest: UInt64 = 0
                let calls = try AcceptedCalls(of: upload, from: store)
                while let (record, _) = try calls.next() {
                    guard rewrite.version.spans.contains(where: { $0.contains(record.time.seconds) }) else {
                        continue
                    }
                    rewrite.version.lines.append(record.line)
                    rewrite.version.rows += 1
                    digest &+= record.fingerprint
                }
                rewrite.version.digest = hexadecimal(digest.bigEndianBytes)
                let kept = try writeKept(rewrite.version, store)
                do {
                    try store.rewrite(rewrite, kept: kept, by: .program)
                } catch {
                    try? removeDurably(store.folder.keptArchive(of: upload.file, version: upload.version))
                    throw error
                }
            } catch {
                guard let failure = explain(error, upload.fileName) as? UserError else { throw error }
                failures.append(failure)
            }
        }
        return failures
    }
}

/// Why a line was not accepted, where another line is the reason; written into archives and read back.
enum RejectReason {
    static let rejected = "rejected"
    static let duplicate = "duplicate"
    static let changed = "changed"

    static func duplicate(of line: Int) -> String { "The same call as in line \(line)." }
    static func changed(of line: Int) -> String {
        "The call of line \(line) with other content; that line counts."
    }

    /// The line that counts, of a line with one of these fates.
    static func line(in reason: String) -> Int? {
        reason.split { !$0.isASCII || !$0.isNumber }.first.flatMap { Int($0) }
    }
}

extension PurgePlan.Version {
    fileprivate var isUnreadable: UserError {
        UserError(
            .damaged, "The archive of “\(uploaded.fileName)”, version \(uploaded.version), cannot be read.",
            advice: "Nothing was purged. Put \(archivePath) back from a backup and try again.")
    }
}

/// Writes a version's archive again without the rows that are purged, and without lines that hold the same calls.
private func writeKept(_ version: PurgePlan.Version, _ store: OfficeStore) throws -> KeptVersion {
    let id: ID<PurgePlan.Version> = store.ids.next(at: store.clock.now())
    let work = "\(store.folder.incoming)/\(id)"
    func path(_ name: String) -> String { "\(work).\(name)" }
    let names = ["original", "calls", "rejects", "original.kept", "calls.kept", "rejects.kept"]
    defer { for name in names { unlink(path(name)) } }
    let upload = version.uploaded
    let archive = ArchiveReader(path: version.archivePath)
    let manifest: ArchiveManifest
    do {
        for name in ["original", "calls", "rejects"] {
            try archive.extract(entry: "\(name).csv", to: path(name))
        }
        let bytes = try archive.bytes(of: "manifest.json", limit: 1 << 20)
        manifest = try JSONDecoder().decode(ArchiveManifest.self, from: Data(bytes))
    } catch let failure as FileFailure where failure.isDiskFull {
        throw UserError.diskFull
    } catch {
        throw version.isUnreadable
    }

    var erased = Set(version.lines)
    var counts = upload.counts
    let before = counts.accepted
    counts.accepted -= try copyRows(from: path("calls"), to: path("calls.kept")) { row in
        erased.contains(Int(row.string(0)) ?? 0)
    }
    guard before - counts.accepted == version.rows else {
        throw UserError(
            .damaged, "The archive of “\(upload.fileName)” does not hold the rows that shall go.",
            advice: "Nothing was purged. Run “rollcall verify”.")
    }
    // Later lines with the same calls go with them.
    var followers: [Int] = []
    _ = try copyRows(from: path("rejects"), to: path("rejects.kept")) { row in
        let fate = row.string(1)
        guard fate == RejectReason.duplicate || fate == RejectReason.changed,
            let first = RejectReason.line(in: row.string(2)), erased.contains(first),
            let line = Int(row.string(0))
        else { return false }
        if fate == RejectReason.duplicate { counts.duplicate -= 1 } else { counts.changed -= 1 }
        followers.append(line)
        return true
    }
    erased.formUnion(followers)
    let (lines, blank) = try physicalLines(of: erased, in: path("original"), upload.mapping)
    counts.overlapping = min(counts.overlapping, counts.accepted)
    counts.keyless = min(counts.keyless, counts.accepted)
    counts.badDurations = min(counts.badDurations, counts.accepted)
    try writeFile(to: path("original.kept")) { sink in
        var eraser = LineEraser(
            lines: lines, encoding: TextEncoding(rawValue: upload.mapping.encoding) ?? .utf8)
        try eachPiece(of: path("original")) { try sink.write(eraser.erase($0[...])) }
        try sink.write(eraser.finish())
    }
    counts.blank += try physicalLines(of: [], in: path("original.kept"), upload.mapping).blank - blank
    counts.rows = counts.accepted + counts.duplicate + counts.changed + counts.rejected + counts.blank
    guard let original = fileHash(path("original.kept")),
        let total = UInt64(upload.digest, radix: 16), let gone = UInt64(version.digest, radix: 16)
    else { throw FileFailure(.read, path("original.kept"), errno: EIO) }
    var kept = KeptVersion(
        archive: "", original: original.hex, bytes: original.size, counts: counts,
        digest: hexadecimal((total &- gone).bigEndianBytes))
    let place = store.folder.keptArchive(of: upload.file, version: upload.version)
    try makeDirectory(URL(fileURLWithPath: place).deletingLastPathComponent().path)
    kept.archive = try writeArchive(
        [
            ArchiveEntry(
                name: "original.csv", content: .file(path: path("original.kept"), size: original.size)),
            ArchiveEntry(name: "calls.csv", content: .file(path: path("calls.kept"), size: nil)),
            ArchiveEntry(name: "rejects.csv", content: .file(path: path("rejects.kept"), size: nil)),
            ArchiveEntry(
                name: "manifest.json",
                content: .bytes(try manifest.keeping(kept, purging: version.spans).json())),
        ], to: place
    ).sha256
    return kept
}

/// Copies a CSV file of ours but for some rows, the header as it is; returns how many were left out.
private func copyRows(from source: String, to path: String, without: (CSVRow) -> Bool) throws -> Int {
    var reader = try CSVReader(path: source, dialect: CSVDialect(), limits: .ownFiles)
    reader.keepsRaw = true
    var row = CSVRow()
    var count = 0
    var isHeader = true
    try writeFile(to: path) { sink in
        while try reader.next(&row) {
            if !isHeader, without(row) {
                count += 1
            } else {
                try sink.write(row.raw + [0x0d, 0x0a])
            }
            isHeader = false
        }
    }
    return count
}

/// The stretches of physical lines that records take up, given by the line on which each begins; and how many blank
/// records the file has.
private func physicalLines(of records: Set<Int>, in path: String, _ mapping: FileMapping) throws
    -> (lines: [Range<Int>], blank: Int)
{
    var reader = try CSVReader(path: path, dialect: mapping.dialect)
    reader.doubtsQuotes = true
    var row = CSVRow()
    var blank = 0
    var ranges: [Range<Int>] = []
    var begin: Int?
    func end(_ line: Int) {
        guard let first = begin else { return }
        begin = nil
        if let last = ranges.last, last.upperBound == first {
            ranges[ranges.count - 1] = last.lowerBound..<line
        } else {
            ranges.append(first..<line)
        }
    }
    while try reader.next(&row) {
        end(row.line)
        if row.problem == nil, row.isBlank { blank += 1 }
        if records.contains(row.line) { begin = row.line }
    }
    end(.max)
    return (ranges, blank)
}

private func eachPiece(of path: String, _ body: ([UInt8]) throws -> Void) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.open, path, errno: errno) }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw FileFailure(.read, path, errno: errno) }
        if count == 0 { return }
        try body(Array(buffer[..<count]))
    }
}
