import Crypto
import Domain
import Foundation
import GRDB

extension DataFolder {
    public func trashed(_ file: ID<CallFile>, version: Int) -> String {
        "\(trash)/\(file)/\(archiveName(version))"
    }

    /// Beside a live archive: which of its days are deleted, so that the folder alone tells it.
    public func deletedDays(of file: ID<CallFile>, version: Int) -> String {
        String(archive(of: file, version: version).dropLast(Self.archiveEnding.count)) + ".deleted.json"
    }

    /// A version's archive without the days that are being purged, until it takes the old one's place.
    public func keptArchive(of file: ID<CallFile>, version: Int) -> String {
        "\(trash)/\(file)/\(archiveName(version)).kept"
    }

    /// Where the archive of a version in this state is; an unsettled one may still be on its way.
    func archive(of file: ID<CallFile>, version: Int, state: String, isUnsettled: Bool) -> String {
        let (live, trashed) = (archive(of: file, version: version), trashed(file, version: version))
        let place = state == "trashed" ? trashed : live
        guard isUnsettled, access(place, F_OK) != 0 else { return place }
        return state == "trashed" ? live : trashed
    }

    /// Where an archive is, whatever its state; nil: it is in neither place.
    public func existingArchive(of file: ID<CallFile>, version: Int) -> String? {
        [archive(of: file, version: version), trashed(file, version: version)].first { access($0, F_OK) == 0 }
    }
}

extension OfficeStore {
    private struct Unsettled: Sendable {
        var number: Int64
        var file: ID<CallFile>
        var version: Int
        var state: String
        var archive: String
        var spans: [ClockSpan]
    }

    /// Brings archives to where their versions' states want them: beside the others, in the trash, or nowhere; and
    /// removes the rows of what was purged.
    ///
    /// Each step leaves the archive in at least one place, and a crash in between is made good by the next start.
    /// One that fails keeps no other from its place.
    ///
    /// - Throws: what failed first.
    public func settleArchives() throws {
        let unsettled: [Unsettled] = try pool.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT number, file, version, state, archive FROM fileVersion
                    WHERE unsettled = 1 AND state <> 'staged'
                    """
            ).compactMap { row in
                guard let file = ID<CallFile>(row["file"] as String) else { return nil }
                let spans = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT fromTime, untilTime FROM deletedSpan WHERE version = ? AND fromTime > ?
                          AND purged = 0 ORDER BY fromTime, untilTime
                        """, arguments: [row["number"] as Int64, Int64.min])
                return Unsettled(
                    number: row["number"], file: file, version: row["version"], state: row["state"],
                    archive: row["archive"],
                    spans: spans.map { ClockSpan(from: $0["fromTime"], until: $0["untilTime"]) })
            }
        }
        var failure: (any Error)?
        for version in unsettled {
            do {
                try settle(version)
                try sweepPurged(version.number)
                try pool.write { db in
                    try db.execute(
                        sql: "UPDATE fileVersion SET unsettled = 0 WHERE number = ?",
                        arguments: [version.number])
                }
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    /// Removes what a purge that was cut off before its event left in the trash. Runs when all versions are settled.
    func sweepTrash() throws {
        for place in try FileManager.default.contentsOfDirectory(atPath: folder.trash) {
            let path = folder.trash + "/" + place
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            where !name.hasSuffix(DataFolder.archiveEnding) {
                try removeFile(path + "/" + name)
            }
            // Fails, as it should, where archives are.
            rmdir(path)
        }
    }

    private func settle(_ it: Unsettled) throws {
        let live = folder.archive(of: it.file, version: it.version)
        let trashed = folder.trashed(it.file, version: it.version)
        let kept = folder.keptArchive(of: it.file, version: it.version)
        let days = folder.deletedDays(of: it.file, version: it.version)
        let place = it.state == "trashed" ? trashed : live
        if access(kept, F_OK) == 0 {
            if it.state != "purged", try fileDigest(kept) == it.archive {
                try moveFile(kept, to: place)
            } else {
                try removeFile(kept)
            }
        }
        switch it.state {
        case "purged":
            try removeFile(live)
            try removeFile(trashed)
        case "trashed": try bring(trashed, from: live)
        default: try bring(live, from: trashed)
        }
        if it.state == "live", !it.spans.isEmpty {
            let text = try jsonText(
                DeletedDays(
                    spans: it.spans.map {
                        .init(from: LocalTime(seconds: $0.from).iso, until: LocalTime(seconds: $0.until).iso)
                    }))
            try replaceFile(days, with: Data((text + "\n").utf8))
        } else {
            try removeFile(days)
        }
        // Fail, as they should, where other versions are.
        for path in [live, trashed] where access(path, F_OK) != 0 {
            rmdir(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        }
    }

    /// What `vNNNN.deleted.json` says.
    private struct DeletedDays: Encodable {
        struct Span: Encodable {
            var from: String
            var until: String
        }
        var spans: [Span]
    }

    /// A file that is in both places is removed from the other; one that is in neither stays lost.
    private func bring(_ place: String, from other: String) throws {
        guard access(other, F_OK) == 0 else { return }
        if access(place, F_OK) == 0 { try removeFile(other) } else { try moveFile(other, to: place) }
    }

    /// Removes a version's rows that were purged.
    private func sweepPurged(_ version: Int64) throws {
        let spans: [ClockSpan] = try pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT fromTime, untilTime FROM deletedSpan WHERE version = ? AND purged = 1",
                arguments: [version]
            ).map { ClockSpan(from: $0[0], until: $0[1]) }
        }
        for span in spans { try removeRows(of: version, in: span) }
        if !spans.isEmpty { try settleDays(of: version) }
    }

    /// Removes a version's rows of some time in transactions of some 50 ms.
    private func removeRows(of version: Int64, in span: ClockSpan) throws {
        var batch = 1000
        var next: Int64? = CallRecord.number(version, line: 0)
        while let from = next {
            let start = ContinuousClock.now
            next = try pool.write { db in
                let numbers = try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT number FROM call WHERE number >= ? AND number < ? AND time >= ? AND time < ?
                        ORDER BY number LIMIT ?
                        """,
                    arguments: [
                        from, CallRecord.number(version + 1, line: 0), span.from, span.until, batch,
                    ])
                for number in numbers {
                    try db.cachedStatement(sql: "DELETE FROM call WHERE number = ?").execute(arguments: [
                        number
                    ])
                }
                return numbers.count < batch ? nil : (numbers.last ?? from) + 1
            }
            let took = ContinuousClock.now - start
            batch = took > .milliseconds(50) ? max(200, batch / 2) : min(20_000, batch * 2)
        }
    }
}

// MARK: Durable steps

private func makeParent(of path: String) throws {
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard access(parent, F_OK) != 0 else { return }
    try FileManager.default.createDirectory(
        atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try syncFolder(URL(fileURLWithPath: parent).deletingLastPathComponent().path)
}

/// Renames, and syncs both folders, so that a power cut leaves the file in one of the places.
private func moveFile(_ path: String, to place: String) throws {
    try makeParent(of: place)
    guard rename(path, place) == 0 else {
        throw FolderFailure(what: "cannot move \(path) to \(place)", code: errno)
    }
    try syncFolder(URL(fileURLWithPath: place).deletingLastPathComponent().path)
    try syncFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
}

private func removeFile(_ path: String) throws {
    guard access(path, F_OK) == 0 else { return }
    guard unlink(path) == 0 || errno == ENOENT else {
        throw FolderFailure(what: "cannot remove \(path)", code: errno)
    }
    try syncFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
}

private func replaceFile(_ path: String, with data: Data) throws {
    let temporary = path + ".part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FolderFailure(what: "cannot write \(temporary)", code: errno) }
    let written = data.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    let synced = fsync(descriptor)
    close(descriptor)
    guard written == data.count, synced == 0, rename(temporary, path) == 0 else {
        unlink(temporary)
        throw FolderFailure(what: "cannot write \(path)", code: errno)
    }
    try syncFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
}

private func syncFolder(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FolderFailure(what: "cannot sync \(path)", code: errno) }
}

/// SHA-256 of a file in hex; nil when it cannot be read.
func fileDigest(_ path: String) throws -> String? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    var hasher = SHA256()
    while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { hasher.update(data: data) }
    return hexadecimal(hasher.finalize())
}

/// A step on the data folder's files that the system refused.
struct FolderFailure: Error, CustomStringConvertible {
    var what: String
    /// `errno` of the failed call.
    var code: Int32

    var description: String { "\(what): \(String(cString: strerror(code)))" }
}
