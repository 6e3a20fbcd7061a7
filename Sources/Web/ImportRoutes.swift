import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Storage

let importRoutes: [Route] = [
    Route(.post, Paths.files, needs: .uploadFiles, body: .stream, uploadByForm),
    Route(.put, Paths.upload, needs: .uploadFiles, body: .stream, uploadByScript),
    Route(.get, Paths.importPage(":id"), needs: .uploadFiles, showImport),
    Route(.get, Paths.importEvents(":id"), needs: .uploadFiles, followImport),
    Route(.post, Paths.importCancel(":id"), needs: .uploadFiles, cancelImport),
    Route(.post, Paths.importAnswer(":id"), needs: .uploadFiles, answerImport),
    Route(.post, Paths.apiFiles, needs: .uploadFiles, body: .stream, uploadByProgram),
    Route(.get, Paths.apiImport(":id"), needs: .uploadFiles, showImportToPrograms),
]

// MARK: Uploading

@Sendable
private func uploadByScript(_ visit: SignedIn) async throws -> Response {
    try await uploadBody(visit) { Paths.importPage($0) }
}

@Sendable
private func uploadByProgram(_ visit: SignedIn) async throws -> Response {
    try await uploadBody(visit) { Paths.apiImport($0) }
}

private func uploadBody(_ visit: SignedIn, href: (String) -> String) async throws -> Response {
    let id = try enqueue(try await receive(visit), named: visit.query["name"], visit).description
    return try visit.json(["import": id, "href": href(id)], status: .accepted)
}

/// Without script: one form with any number of files; those that arrive whole go in line.
@Sendable
private func uploadByForm(_ visit: SignedIn) async throws -> Response {
    try requireRoom(visit)
    var queued: [ID<ImportJob>] = []
    try await visit.uploadedFiles { file, name, source in
        queued.append(try enqueue(file, named: name, source: source, visit))
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

extension SignedIn {
    /// The files of a form, each as soon as it is whole, with its name and the source chosen before it.
    func uploadedFiles(_ take: (ReceivedFile, String, String) throws -> Void) async throws {
        var incoming: IncomingFile?
        var name = ""
        var source = ""
        var field = ""
        var taken = 0
        do {
            try await readForm { event in
                switch event {
                case .part(let part, let fileName, _):
                    field = part
                    name = fileName ?? ""
                    if let fileName, !fileName.isEmpty { incoming = try newIncoming(self) }
                case .data(let bytes):
                    if let incoming {
                        try bytes.withUnsafeBytes { try incoming.append($0) }
                    } else if field == "source", source.utf8.count + bytes.count <= 200 {
                        source += String(decoding: bytes, as: UTF8.self)
                    }
                case .partEnd:
                    guard let whole = incoming else { return }
                    incoming = nil
                    try take(try whole.finish(), name, source)
                    taken += 1
                }
            }
        } catch {
            incoming?.discard()
            guard var told = uploadError(error) as? UserError, taken > 0 else { throw uploadError(error) }
            told.advice +=
                taken == 1
                ? " The file before it in the form was taken and is in line."
                : " The \(taken) files before it in the form were taken and are in line."
            throw told
        }
    }
}

private func receive(_ visit: SignedIn) async throws -> ReceivedFile {
    let limit = visit.office.settings.uploadLimit
    // Of a form it says nothing: several files may be in it.
    if let declared = visit.request.headers[.contentLength].flatMap({ Int64($0) }), declared > limit + 100_000
    {
        try requireRoom(visit)
        throw UserError.tooLarge(limit: limit)
    }
    let incoming = try newIncoming(visit)
    do {
        try await visit.upload { buffer in try buffer.withUnsafeReadableBytes { try incoming.append($0) } }
        return try incoming.finish()
    } catch {
        incoming.discard()
        throw uploadError(error)
    }
}

/// Before any of the bytes are taken.
private func requireRoom(_ visit: SignedIn) throws {
    try visit.office.settings.disk.requireRoom(on: try visit.store.diskSpace())
}

private func newIncoming(_ visit: SignedIn) throws -> IncomingFile {
    try requireRoom(visit)
    return try IncomingFile(
        folder: visit.store.folder, ids: visit.store.ids, clock: visit.store.clock,
        limit: visit.office.settings.uploadLimit)
}

private func uploadError(_ error: any Error) -> any Error {
    if let failure = error as? FileFailure, failure.isDiskFull { return UserError.diskFull }
    return error
}

private func enqueue(
    _ file: ReceivedFile, named name: String, source: String? = nil, _ visit: SignedIn
) throws -> ID<ImportJob> {
    var reading = FileReading(dateOrder: DateOrder(rawValue: visit.query["date_order"]))
    do { reading.columns = try FileReading(visit.query).columns } catch {
        unlink(file.path)
        throw error
    }
    let request = ImportRequest(
        file: file, fileName: name, source: source ?? visit.query["source"], reading: reading)
    return try visit.site.imports.add(request, owner: visit.viewer, by: visit.actor)
}

// MARK: Imports

private func job(_ visit: SignedIn) throws -> ImportJob {
    guard let job = visit.site.imports.job(try visit.id(), for: visit.viewer) else { throw UserError.notHere }
    return job
}

@Sendable
private func showImport(_ visit: SignedIn) async throws -> Response {
    try await show(try job(visit), visit)
}

private func show(_ job: ImportJob, _ visit: SignedIn, problem: UserError? = nil) async throws -> Response {
    let (imports, viewer) = (visit.site.imports, visit.viewer)
    let asked = try await onOwnThread { try imports.columnQuestion(job.id, for: viewer) }
    let columns = asked.map { asked in
        var reading = FileReading()
        reading.columns = asked.found
        let form = problem == nil ? Form(reading) : visit.form
        return ColumnChoice.list(asked.format.key, form, headings: asked.headings)
    }
    return try visit.page(
        ImportPage(job, columns: columns ?? [], problem: problem.map(Problem.init), visit.format),
        status: problem?.httpStatus ?? .ok)
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
    let (imports, viewer) = (visit.site.imports, visit.viewer)
    if let asked = try await onOwnThread({ try imports.columnQuestion(id, for: viewer) }) {
        do {
            let columns = try FileReading(visit.form).columns
            try asked.check(columns)
            try imports.answer(id, by: viewer) { $0.columns = columns }
        } catch let error as UserError where error.code == .invalid {
            return try await show(try job(visit), visit, problem: error)
        }
        return visit.redirect(to: Paths.importPage(id.description))
    }
    guard let order = DateOrder(rawValue: visit.form["date_order"]) else {
        throw UserError(
            .invalid, "No answer was chosen.", advice: "Choose whether the day or the month comes first.")
    }
    try imports.answer(id, by: viewer) { $0.dateOrder = order }
    return visit.redirect(to: Paths.importPage(id.description))
}
