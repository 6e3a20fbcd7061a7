import Crypto
import Domain
import Formats
import Foundation
import Storage

extension OfficeStore {
    /// Throws the projections away and makes them again from the journal and the archives. Blocks its thread.
    ///
    /// - Throws: `UserError` `damaged`, naming the archive: nothing was changed where the calls of a damaged
    ///   archive would be lost; where they were lost before, everything else is there.
    public func rebuildFromArchives() throws {
        if try !isRebuilding() {
            let check = verifyArchives(try archivedVersionsNow()).check
            guard check.ok else {
                throw UserError(
                    .damaged, "The rebuild would lose calls: \(check.detail). Nothing was changed.",
                    advice: "Put the archive back from a backup and run “rollcall rebuild” again.")
            }
        }
        let lost = try rebuild { upload, staged in
            try readUpload(upload, from: self, into: staged)
        }
        if let first = lost.first {
            let others = lost.count > 1 ? " \(lost.count - 1) more files are lost too." : ""
            throw UserError(
                .damaged, first.message + others + " Everything else was made again.", advice: first.advice)
        }
    }

    /// Everything that can be checked: the database, the archives, and whether the archives hold what the
    /// journal says.
    public func verifyAll() async throws -> [CheckResult] {
        var results = try await verifyDatabase()
        let always = Period(from: Day(number: 0), to: Day(number: 0).adding(200 * 366))
        do {
            results += try await reconcile(always, for: .console.everywhere)
        } catch let error as UserError where error.code == .damaged {
            results.append(CheckResult(name: "figures", ok: false, detail: error.message))
        }
        let versions = try await archivedVersions()
        results += try await onOwnThread {
            let (check, sound) = verifyArchives(versions)
            return [check, try verifyCalls(sound, self)]
        }
        return results
    }
}

/// Reads an upload's calls, and what is searched of its rejected lines, into a staged version.
///
/// - Throws: `UserError` `damaged` when the archive is missing, altered, or not what the event says.
func readUpload(
    _ upload: FileUploaded, from store: OfficeStore, into staged: StagedVersion,
    isCancelled: () -> Bool = { false }
) throws {
    try AcceptedCalls.read(upload, from: store, into: staged, isCancelled: isCancelled)
    try readRejectedLines(of: upload, from: store, into: staged)
}

/// Reads what the search finds of an upload's rejected lines into a staged version.
private func readRejectedLines(of upload: FileUploaded, from store: OfficeStore, into staged: StagedVersion)
    throws
{
    guard upload.counts.rejected > 0 else { return }
    var lines: [RejectedLine] = []
    guard let path = store.folder.existingArchive(of: upload.file, version: upload.version) else { return }
    do {
        try forEachReject(inArchive: path) { reject in
            guard reject.fate == LineFate.rejected.rawValue else { return true }
            lines.append(RejectedLine(line: reject.line, reason: reject.reason, text: reject.text))
            return lines.count < RejectedLine.mostSearched
        }
    } catch  where isUnreadable(error) {
        // The calls were read and must not be lost for this; `verify` names the archive.
    }
    try staged.keepRejected(lines)
}

/// Every call in the database is as its archive has it.
private func verifyCalls(_ versions: [ArchivedVersion], _ store: OfficeStore) throws -> CheckResult {
    var checked = 0
    for version in versions {
        let calls = try AcceptedCalls(of: version.uploaded, from: store)
        let difference = try store.firstDifference(of: version) {
            while let call = try calls.next() {
                let time = call.record.time.seconds
                if !version.leftovers.contains(where: { $0.contains(time) }) { return call }
            }
            return nil
        }
        if let difference {
            return CheckResult(
                name: "calls", ok: false,
                detail:
                    "“\(version.uploaded.fileName)”, version \(version.uploaded.version): \(difference). “rollcall rebuild” reads it again from the archive."
            )
        }
        checked += version.uploaded.counts.accepted
    }
    return CheckResult(name: "calls", ok: true, detail: "\(checked) calls, each as in its archive")
}

/// Every archive has the bytes that the journal says; also returns the versions whose archive has.
private func verifyArchives(_ versions: [ArchivedVersion]) -> (check: CheckResult, sound: [ArchivedVersion]) {
    var bytes: Int64 = 0
    var sound: [ArchivedVersion] = []
    var faults: [String] = []
    for version in versions {
        let name = "“\(version.uploaded.fileName)”, version \(version.uploaded.version)"
        if let hash = fileHash(version.archivePath) {
            if hash.hex == version.uploaded.archive {
                bytes += hash.size
                sound.append(version)
            } else {
                faults.append("\(name): \(version.archivePath) was altered")
            }
        } else {
            faults.append("\(name): \(version.archivePath) cannot be read")
        }
    }
    let words =
        faults.first.map { $0 + (faults.count > 1 ? ", and \(faults.count - 1) more" : "") }
        ?? "\(versions.count) archives, \(bytes) bytes, every hash right"
    return (CheckResult(name: "archives", ok: faults.isEmpty, detail: words), sound)
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
