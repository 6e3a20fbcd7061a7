import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Storage

let fileRoutes: [Route] = [
    Route(.get, Paths.files, needs: .viewFiles, showFiles),
    Route(.get, Paths.file(":id"), needs: .viewFiles, showFile),
    Route(.get, Paths.fileVersion(":id", ":version"), needs: .viewFiles, showVersion),
    Route(.get, Paths.fileRejects(":id", ":version"), needs: .viewFiles, downloadRejects),
    Route(.get, Paths.fileOriginal(":id", ":version"), needs: .viewFiles, downloadOriginal),
    Route(.get, Paths.apiFiles, needs: .viewFiles, listFilesForPrograms),
]

private let filesPerPage = 50

@Sendable
private func showFiles(_ visit: SignedIn) async throws -> Response {
    let query = fileQuery(visit)
    let (files, total) = try await visit.store.files(query, for: visit.viewer)
    var page = FilesPage(
        files: files, total: total, query: query,
        upload: visit.viewer.offices == .own ? try await UploadForm(visit) : nil,
        kept: visit.officeItems, visit.format)
    page.disk = DiskNotice(visit)
    return try visit.page(page)
}

private func fileQuery(_ visit: SignedIn) -> FileQuery {
    var query = FileQuery()
    query.search = String(visit.query["q"].prefix(100))
    if let from = Day(iso: visit.query["from"]) {
        query.period = Period(from: from, to: Day(iso: visit.query["to"]) ?? from)
    }
    query.limit = filesPerPage
    query.offset = max(0, min(1_000_000, Int(visit.query["offset"]) ?? 0))
    return query
}

@Sendable
private func listFilesForPrograms(_ visit: SignedIn) async throws -> Response {
    let query = fileQuery(visit)
    let (files, total) = try await visit.store.files(query, for: visit.viewer)
    return try visit.json(FileListing(files: files.map(FileListing.Entry.init), total: total))
}

@Sendable
private func showFile(_ visit: SignedIn) async throws -> Response {
    let versions = try await visit.store.versions(of: try visit.id(), for: visit.viewer)
    guard let latest = versions.first else { throw UserError.notHere }
    let whose = latest.otherOffice
    return try visit.page(
        FilePage(
            latest, versions: versions,
            conflict: try await ConflictNote(about: .file(latest.uploaded.file), visit),
            mayDelete: whose == nil && visit.may(.requestDeletions),
            visit.format), whose: whose)
}

/// The version that the address names.
func version(_ visit: SignedIn) async throws -> FileVersion {
    let versions = try await visit.store.versions(of: try visit.id(), for: visit.viewer)
    guard let number = visit.parameters.get("version").flatMap({ Int($0) }),
        let version = versions.first(where: { $0.uploaded.version == number })
    else { throw UserError.notHere }
    return version
}

/// - Throws: `UserError` for a version whose bytes are erased.
private func unpurgedVersion(_ visit: SignedIn) async throws -> FileVersion {
    let version = try await version(visit)
    try version.requireBytes()
    return version
}

extension FileVersion {
    /// - Throws: `UserError` where the bytes are erased.
    func requireBytes() throws {
        guard state == .purged else { return }
        throw UserError(
            .notFound, "Version \(uploaded.version) of “\(uploaded.fileName)” was purged.",
            advice: "Its bytes are erased for good; its page leads to the certificate.")
    }
}

/// As many as a page needs to say what is wrong; all of them are among the lines.
private let rejectsShown = 20

@Sendable
private func showVersion(_ visit: SignedIn) async throws -> Response {
    let version = try await version(visit)
    let days = try await visit.store.fileDays(
        of: version.uploaded.file, version: version.uploaded.version, for: visit.viewer)
    var rejects: [RejectLine] = []
    var damage: UserError?
    let store = visit.store
    do {
        rejects =
            version.state == .purged
            ? []
            : try await onOwnThread { try version.rejects(offset: 0, limit: rejectsShown, in: store) }
    } catch let error as UserError {
        // The page still tells what the journal knows.
        damage = error
    }
    // Another office's files are uploaded, read again and deleted there.
    let whose = version.otherOffice
    return try visit.page(
        FileVersionPage(
            version, rejects: rejects, days: VersionDays(days, visit.format), damage: damage,
            mayDelete: whose == nil && visit.may(.requestDeletions),
            mayUpload: whose == nil && visit.may(.uploadFiles), office: whose == nil ? nil : "all",
            visit.format), whose: whose)
}

@Sendable
private func downloadRejects(_ visit: SignedIn) async throws -> Response {
    let version = try await unpurgedVersion(visit)
    let store = visit.store
    let (path, rows) = try await onOwnThread {
        let path = temporaryPath(store)
        return (path, try version.writeMendable(to: path, in: store))
    }
    let name = version.uploaded.fileName
    try await store.recordExport(
        FiguresExported(
            what: "rejects of “\(name)”, version \(version.uploaded.version)", filter: "", rows: rows),
        by: visit.actor)
    return try visit.download(
        name: CallFile.rejectsName(of: name), type: "text/csv; charset=utf-8", temporaryFile: path)
}

@Sendable
private func downloadOriginal(_ visit: SignedIn) async throws -> Response {
    let version = try await unpurgedVersion(visit)
    let store = visit.store
    let path = try await onOwnThread {
        let path = temporaryPath(store)
        try version.extractOriginal(to: path)
        return path
    }
    try await store.recordExport(
        FiguresExported(
            what: "original of “\(version.uploaded.fileName)”, version \(version.uploaded.version)",
            filter: "",
            rows: version.uploaded.counts.rows), by: visit.actor)
    return try visit.download(
        name: version.uploaded.fileName, type: "application/octet-stream", temporaryFile: path)
}

private func temporaryPath(_ store: OfficeStore) -> String {
    let id: ID<FileVersion> = store.ids.next(at: store.clock.now())
    return "\(store.folder.incoming)/\(id).download"
}

extension SignedIn {
    /// Sends a file that nobody else has a name for: it is unlinked at once and gone when the answer ends.
    func download(name: String, type: String, temporaryFile path: String) throws -> Response {
        let handle = FileHandle(forReadingAtPath: path)
        unlink(path)
        return try download(name: name, type: type, handle)
    }

    /// Sends a file that stays where it is.
    func download(name: String, type: String, file path: String) throws -> Response {
        try download(name: name, type: type, FileHandle(forReadingAtPath: path))
    }

    private func download(name: String, type: String, _ handle: FileHandle?) throws -> Response {
        guard let handle else {
            throw UserError(.unreadable, "The file could not be made ready.", advice: "Try again.")
        }
        return try download(name: name, type: type, handle: handle)
    }

    /// Sends an open file from its beginning.
    func download(name: String, type: String, handle: FileHandle) throws -> Response {
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: 0)
        let source = SentFile(handle: handle)
        var response = download(
            name: name, type: type,
            body: ResponseBody(contentLength: Int(clamping: size)) { writer in
                while let piece = try source.next() { try await writer.write(piece) }
                try await writer.finish(nil)
            })
        response.headers[.cacheControl] = "no-store"
        return response
    }
}

/// An open file on its way to a browser; read by the one task that writes the answer.
private final class SentFile: @unchecked Sendable {
    private let handle: FileHandle

    init(handle: FileHandle) { self.handle = handle }

    func next() throws -> ByteBuffer? {
        guard let data = try handle.read(upToCount: 1 << 17), !data.isEmpty else { return nil }
        return ByteBuffer(bytes: data)
    }
}
