import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Storage

let fileRoutes: [Route] = [
    Route(.get, Paths.files, needs: .viewFiles, showFiles),
    Route(.post, Paths.files, needs: .uploadFiles, body: .stream, uploadByForm),
    Route(.put, Paths.upload, needs: .uploadFiles, body: .stream, uploadByScript),
    Route(.get, Paths.importPage(":id"), needs: .uploadFiles, showImport),
    Route(.get, Paths.importEvents(":id"), needs: .uploadFiles, followImport),
    Route(.post, Paths.importCancel(":id"), needs: .uploadFiles, cancelImport),
    Route(.post, Paths.importAnswer(":id"), needs: .uploadFiles, answerImport),
    Route(.get, Paths.file(":id"), needs: .viewFiles, showFile),
    Route(.get, Paths.fileVersion(":id", ":version"), needs: .viewFiles, showVersion),
    Route(.get, Paths.fileRejects(":id", ":version"), needs: .viewFiles, downloadRejects),
    Route(.get, Paths.fileOriginal(":id", ":version"), needs: .viewFiles, downloadOriginal),
    Route(.get, Paths.apiFiles, needs: .viewFiles, listFilesForPrograms),
    Route(.post, Paths.apiFiles, needs: .uploadFiles, body: .stream, uploadByProgram),
    Route(.get, Paths.apiImport(":id"), needs: .uploadFiles, showImportToPrograms),
]

// MARK: Uploading

@Sendable
private func uploadByScript(_ visit: SignedIn) async throws -> Response {
    let file = try await receive(visit)
    let id = try enqueue(file, named: visit.query["name"], visit)
    return try visit.json(
        ["import": id.description, "href": Paths.importPage(id.description)], status: .accepted)
}

@Sendable
private func uploadByProgram(_ visit: SignedIn) async throws -> Response {
    let file = try await receive(visit)
    let id = try enqueue(file, named: visit.query["name"], visit)
    return try visit.json(
        ["import": id.description, "href": Paths.apiImport(id.description)], status: .accepted)
}

/// Without script: one form with any number of files; those that arrive whole go in line.
@Sendable
private func uploadByForm(_ visit: SignedIn) async throws -> Response {
    var incoming: IncomingFile?
    var name = ""
    var source = ""
    var field = ""
    var queued: [ID<ImportJob>] = []
    do {
        try await visit.readForm { event in
            switch event {
            case .part(let part, let fileName, _):
                field = part
                name = fileName ?? ""
                if let fileName, !fileName.isEmpty { incoming = try newIncoming(visit) }
            case .data(let bytes):
                if let incoming {
                    try bytes.withUnsafeBytes { try incoming.append($0) }
                } else if field == "source", source.utf8.count + bytes.count <= 200 {
                    source += String(decoding: bytes, as: UTF8.self)
                }
            case .partEnd:
                guard let whole = incoming else { return }
                incoming = nil
                queued.append(try enqueue(try whole.finish(), named: name, source: source, visit))
            }
        }
    } catch {
        incoming?.discard()
        throw uploadError(error)
    }
    guard let first = queued.first else {
        throw UserError(.invalid, "No file was chosen.", advice: "Choose one or more CSV files, then upload.")
    }
    if queued.count == 1 { return visit.redirect(to: Paths.importPage(first.description)) }
    return visit.redirect(
        to: Paths.files,
        Notice(
            .info, "\(queued.count) files are in line",
            "They are read one after the other; this page shows how far they are."))
}

private func receive(_ visit: SignedIn) async throws -> ReceivedFile {
    let incoming = try newIncoming(visit)
    do {
        try await visit.upload { buffer in try buffer.withUnsafeReadableBytes { try incoming.append($0) } }
        return try incoming.finish()
    } catch {
        incoming.discard()
        throw uploadError(error)
    }
}

private func newIncoming(_ visit: SignedIn) throws -> IncomingFile {
    let limit = visit.office.settings.uploadLimit
    if let declared = visit.request.headers[.contentLength].flatMap({ Int64($0) }), declared > limit + 100_000
    {
        throw UserError.tooLarge(limit: limit)
    }
    return try IncomingFile(
        folder: visit.store.folder, ids: visit.store.ids, clock: visit.store.clock, limit: limit)
}

private func uploadError(_ error: any Error) -> any Error {
    if let failure = error as? FileFailure, failure.isDiskFull { return UserError.diskFull }
    return error
}

private func enqueue(
    _ file: ReceivedFile, named name: String, source: String? = nil, _ visit: SignedIn
) throws -> ID<ImportJob> {
    let request = ImportRequest(
        file: file, fileName: name, source: source ?? visit.query["source"],
        dateOrder: DateOrder(rawValue: visit.query["date_order"]))
    return try visit.site.imports.add(request, owner: visit.viewer, by: visit.actor)
}

// MARK: Imports

private func job(_ visit: SignedIn) throws -> ImportJob {
    guard let job = visit.site.imports.job(try visit.id(), for: visit.viewer) else { throw UserError.notHere }
    return job
}

@Sendable
private func showImport(_ visit: SignedIn) async throws -> Response {
    try visit.page(ImportPage(try job(visit), visit.format))
}

@Sendable
private func showImportToPrograms(_ visit: SignedIn) async throws -> Response {
    let job = try job(visit)
    return try visit.json(ImportStatus(job, visit.format))
}

@Sendable
private func followImport(_ visit: SignedIn) async throws -> Response {
    let id: ID<ImportJob> = try visit.id()
    guard visit.site.imports.job(id, for: visit.viewer) != nil else { throw UserError.notHere }
    let imports = visit.site.imports
    let viewer = visit.viewer
    let format = visit.format
    let watch = ImportWatch()
    return visit.events {
        while true {
            switch await watch.next(imports.job(id, for: viewer)) {
            case .tell(let job): return ImportStatus(job, format)
            case .end: return nil
            case .wait: try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}

/// Remembers what a watcher was told last.
private actor ImportWatch {
    enum Step {
        case tell(ImportJob)
        case wait
        case end
    }
    private var told: ImportJob?

    func next(_ job: ImportJob?) -> Step {
        guard let job else { return .end }
        if told == job { return job.state.isOver || job.state == .question ? .end : .wait }
        told = job
        return .tell(job)
    }
}

@Sendable
private func cancelImport(_ visit: SignedIn) async throws -> Response {
    let id: ID<ImportJob> = try visit.id()
    try visit.site.imports.cancel(id, by: visit.viewer)
    return visit.redirect(to: Paths.importPage(id.description))
}

@Sendable
private func answerImport(_ visit: SignedIn) async throws -> Response {
    let id: ID<ImportJob> = try visit.id()
    guard let order = DateOrder(rawValue: visit.form["date_order"]) else {
        throw UserError(
            .invalid, "No answer was chosen.", advice: "Choose whether the day or the month comes first.")
    }
    try visit.site.imports.answer(id, dateOrder: order, by: visit.viewer)
    return visit.redirect(to: Paths.importPage(id.description))
}

// MARK: Files

private let filesPerPage = 50

@Sendable
private func showFiles(_ visit: SignedIn) async throws -> Response {
    let query = fileQuery(visit)
    let (files, total) = try await visit.store.files(query, for: visit.viewer)
    let sources = try await visit.store.sources().map(\.source)
    return try visit.page(
        FilesPage(
            files: files, total: total, query: query, imports: visit.site.imports.jobs(for: visit.viewer),
            sources: sources, mayUpload: visit.may(.uploadFiles), limit: visit.office.settings.uploadLimit,
            visit.format))
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
    return try visit.page(FilePage(latest, versions: versions, visit.format))
}

private func version(_ visit: SignedIn) async throws -> FileVersion {
    let versions = try await visit.store.versions(of: try visit.id(), for: visit.viewer)
    guard let number = visit.parameters.get("version").flatMap({ Int($0) }),
        let version = versions.first(where: { $0.uploaded.version == number })
    else { throw UserError.notHere }
    return version
}

private let rejectsPerPage = 100

@Sendable
private func showVersion(_ visit: SignedIn) async throws -> Response {
    let version = try await version(visit)
    let offset = max(0, min(100_000_000, Int(visit.query["offset"]) ?? 0))
    var rejects: [RejectLine] = []
    var damage: UserError?
    let store = visit.store
    do {
        rejects = try await onOwnThread {
            try version.rejects(offset: offset, limit: rejectsPerPage, in: store)
        }
    } catch let error as UserError {
        // The page still tells what the journal knows.
        damage = error
    }
    return try visit.page(
        FileVersionPage(
            version, rejects: rejects, offset: offset, perPage: rejectsPerPage, damage: damage, visit.format))
}

@Sendable
private func downloadRejects(_ visit: SignedIn) async throws -> Response {
    let version = try await version(visit)
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
        name: "rejects of \(name)", type: "text/csv; charset=utf-8", temporaryFile: path)
}

@Sendable
private func downloadOriginal(_ visit: SignedIn) async throws -> Response {
    let version = try await version(visit)
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
        guard let handle else {
            throw UserError(.unreadable, "The file could not be made ready.", advice: "Try again.")
        }
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
