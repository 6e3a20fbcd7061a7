import Crypto
import Domain
import Formats
import Foundation
import Storage

extension OfficeStore {
    /// Throws the projections away and makes them again from the journal and the archives.
    public func rebuildFromArchives() throws {
        let folder = folder
        try rebuild { upload, staged in
            try readAcceptedCalls(
                of: ArchiveReader(path: folder.archive(of: upload.file, version: upload.version)), upload,
                into: staged)
        }
    }

    /// Everything that can be checked: the database, the archives, and whether the archives hold what the
    /// journal says.
    public func verifyAll() async throws -> [CheckResult] {
        var results = try await verifyDatabase()
        let versions = try await liveVersions()
        results.append(
            try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(with: Result { verifyArchives(versions) })
                }
            })
        return results
    }
}

/// Reads `calls.csv` into a staged version.
///
/// - Throws: `UserError` `damaged` when the archive is missing, altered, or not what the event says.
private func readAcceptedCalls(of archive: ArchiveReader, _ upload: FileUploaded, into staged: StagedVersion)
    throws
{
    func damaged(_ what: String) -> UserError {
        UserError(
            .damaged, "The archive of “\(upload.fileName)”, version \(upload.version), \(what).",
            advice: "Put \(archive.path) back from a backup and run “rollcall rebuild”.")
    }
    let copy = archive.path + ".calls"
    defer { unlink(copy) }
    do {
        try archive.extract(entry: "calls.csv", to: copy)
    } catch {
        throw damaged("cannot be read")
    }
    var reader = try CSVReader(path: copy, dialect: CSVDialect())
    var row = CSVRow()
    _ = try reader.next(&row)
    var records: [CallRecord] = []
    var folded: [String] = []
    func flush() throws {
        _ = try staged.insert(records, folded: folded)
        records.removeAll(keepingCapacity: true)
        folded.removeAll(keepingCapacity: true)
    }
    while try reader.next(&row) {
        guard let (record, name) = CanonicalCalls.record(row) else {
            throw damaged("has a damaged line \(row.line)")
        }
        records.append(record)
        folded.append(name)
        if records.count >= RowPipeline.rowsPerBatch { try flush() }
    }
    try flush()
    guard staged.accepted == upload.counts.accepted,
        hexadecimal(staged.digest.bigEndianBytes) == upload.digest
    else { throw damaged("does not hold the rows that were accepted") }
}

private func verifyArchives(_ versions: [LiveVersion]) -> CheckResult {
    var bytes: Int64 = 0
    for version in versions {
        let name = "“\(version.uploaded.fileName)”, version \(version.uploaded.version)"
        guard let hash = fileHash(version.archivePath) else {
            return CheckResult(
                name: "archives", ok: false, detail: "\(name): \(version.archivePath) cannot be read")
        }
        guard hash.hex == version.uploaded.archive else {
            return CheckResult(
                name: "archives", ok: false, detail: "\(name): \(version.archivePath) was altered")
        }
        bytes += hash.size
    }
    return CheckResult(
        name: "archives", ok: true, detail: "\(versions.count) archives, \(bytes) bytes, every hash right")
}

/// SHA-256 and size of a file, read in pieces; nil when it cannot be read.
func fileHash(_ path: String) -> (hex: String, size: Int64)? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var size: Int64 = 0
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { return nil }
        if count == 0 { return (hexadecimal(hasher.finalize()), size) }
        size += Int64(count)
        buffer.withUnsafeBytes {
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }
}
