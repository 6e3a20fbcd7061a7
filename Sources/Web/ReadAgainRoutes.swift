import Domain
import Formats
import Foundation
import Hummingbird
import Ingest
import Storage

let readAgainRoutes: [Route] = [
    Route(.get, Paths.fileReadAgain(":id", ":version"), needs: .uploadFiles, showReadAgain),
    Route(.post, Paths.fileReadAgain(":id", ":version"), needs: .uploadFiles, readAgain),
    Route(.post, Paths.fileMended(":id", ":version"), needs: .uploadFiles, body: .stream, uploadMended),
]

/// With the answers of a link, as a refused import has one; else as the version was read.
@Sendable
private func showReadAgain(_ visit: SignedIn) async throws -> Response {
    let version = try await version(visit)
    let typed = visit.query.fields.isEmpty ? nil : visit.query
    return try await show(version, typed ?? Form(version.uploaded.mapping), isTyped: typed != nil, visit)
}

@Sendable
private func readAgain(_ visit: SignedIn) async throws -> Response {
    let version = try await version(visit)
    guard visit.form["step"] == "run" else {
        return try await show(version, visit.form, isTyped: true, visit)
    }
    let trial = try await trial(version, visit.form, visit)
    guard trial.problem == nil else {
        return try await show(version, visit.form, trial, isTyped: true, visit)
    }
    let request = version.readAgain(try FileReading(visit.form), in: visit.store)
    let id = try visit.site.imports.add(request, owner: visit.viewer, by: visit.actor)
    return visit.redirect(to: Paths.importPage(id.description))
}

private func trial(_ version: FileVersion, _ form: Form, _ visit: SignedIn) async throws -> ReadingTrial {
    let store = visit.store
    do {
        let reading = try FileReading(form)
        return try await onOwnThread { try version.trial(of: reading, in: store) }
    } catch let error as UserError where error.code == .invalid {
        let usual = FileReading(version.uploaded.mapping)
        var trial = try await onOwnThread { try version.trial(of: usual, rows: 0, in: store) }
        trial.preview = nil
        trial.problem = error
        return trial
    }
}

private func show(
    _ version: FileVersion, _ form: Form, _ done: ReadingTrial? = nil, isTyped: Bool, _ visit: SignedIn
) async throws -> Response {
    var trial = if let done { done } else { try await trial(version, form, visit) }
    // Nobody asked yet for anything to change.
    if !isTyped, trial.problem?.code == .sameReading { trial.problem = nil }
    let versions = try await visit.store.versions(of: version.uploaded.file, for: visit.viewer)
    return try visit.page(
        ReadAgainPage(version, latest: versions.first?.uploaded.version ?? 0, form, trial, visit.format),
        status: trial.problem?.httpStatus ?? .ok)
}

/// Mended lines join the file whose page they are sent from, whatever they are called.
@Sendable
private func uploadMended(_ visit: SignedIn) async throws -> Response {
    let version = try await version(visit)
    var queued: [ID<ImportJob>] = []
    try await visit.uploadedFiles { file, name, _ in
        let request = ImportRequest(file: file, fileName: name, joins: version.uploaded.file)
        queued.append(try visit.site.imports.add(request, owner: visit.viewer, by: visit.actor))
    }
    guard let last = queued.last else {
        return visit.redirect(
            to: Paths.fileVersion(version.uploaded.file.description, String(version.uploaded.version)),
            Notice(.error, "No file was chosen", "Choose the file with the mended lines, then upload it."))
    }
    return visit.redirect(to: Paths.importPage(last.description))
}

extension Form {
    /// The fields that make a version be read just as it was.
    init(_ mapping: FileMapping) { self.init(FileReading(mapping)) }

    init(_ reading: FileReading) {
        self.init(
            [
                ("dateOrder", reading.dateOrder?.rawValue ?? ""), ("timeZone", reading.timeZone ?? ""),
                ("encoding", reading.encoding?.rawValue ?? ""),
                ("delimiter", reading.delimiter?.rawValue ?? ""),
                ("headerLine", reading.headerLine.map(String.init) ?? ""),
            ]
                + reading.columns.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { ("column.\($0.key.rawValue)", $0.value) })
    }
}

extension FileReading {
    /// Fields: `dateOrder`, `timeZone`, `encoding`, `delimiter`, `headerLine` (each empty: found in the file),
    /// and `column.ROLE` with a heading (empty: no column).
    ///
    /// - Throws: `UserError` `invalid` for what is none of the choices.
    init(_ form: Form) throws {
        self.init(dateOrder: try form.choice("dateOrder", "The order of the dates"))
        timeZone = form.text("timeZone")
        encoding = try form.choice("encoding", "The encoding")
        delimiter = try form.choice("delimiter", "The delimiter")
        if form.text("headerLine") != nil {
            let line = try form.wholeNumber("headerLine", "Line of the headings")
            guard (1...1000).contains(line) else {
                throw UserError(
                    .invalid, "The headings must stand in one of the lines 1 to 1,000.",
                    advice: "Mostly it is line 1.")
            }
            headerLine = line
        }
        for role in ColumnRole.allCases where form.has("column.\(role.rawValue)") {
            columns[role] = form["column.\(role.rawValue)"]
        }
    }
}

extension Form {
    /// nil where the field is missing or empty.
    fileprivate func choice<Value: RawRepresentable<String>>(_ name: String, _ title: String) throws -> Value?
    {
        guard let text = text(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw UserError(
                .invalid, "\(title) cannot be “\(text.prefix(40))”.", advice: "Choose one of the list.")
        }
        return value
    }
}
