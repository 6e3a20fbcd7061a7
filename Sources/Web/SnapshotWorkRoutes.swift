import Domain
import Ingest
import Hummingbird
import Storage

let snapshotWorkRoutes: [Route] = [
    Route(.get, Paths.snapshotWork(":id"), needs: .manageOffices, showWork),
    Route(.post, Paths.snapshotWorkCancel(":id"), needs: .manageOffices, cancelWork),
]

let snapshotWorkPages: [any Page.Type] = [SnapshotWorkPage.self]

struct SnapshotWorkPage: Page {
    static let template = "snapshot.work"
    var title: String
    var list = Paths.sync
    var text: String
    var percent: String?
    var progress: String
    /// nil: it cannot be stopped.
    var cancel: String?
}

@Sendable private func showWork(_ context: SignedIn) async throws -> Response {
    guard let job = context.site.desk.works.job(try context.id()) else { throw UserError.notHere }
    switch job.state {
    case .running: return try context.page(page(job, context.format))
    case .done(let outcome): return ended(job, outcome, context)
    case .failed(let error):
        let back =
            switch job.deed {
            case .write: Paths.snapshotExport
            case .copyToStick(let written, _): Paths.writtenSnapshot(written.description)
            case .check, .take: Paths.snapshotImport
            case .undo(let record): Paths.snapshotRecord(record)
            }
        let isByWish = error.code == .cancelled
        return context.redirect(
            to: back, Notice(isByWish ? .info : .error, error.message, error.advice))
    }
}

private func page(
    _ job: WatchedWork<SnapshotDeed, SnapshotOutcome>, _ format: OfficeFormat
) -> SnapshotWorkPage {
    let (title, text): (String, String)
    var isInBytes = true
    switch job.deed {
    case .write: (title, text) = ("Writing the snapshot", "The office goes on meanwhile.")
    case .copyToStick:
        (title, text) = (
            "Writing to the stick", "It is written, then read back and compared. Leave the stick plugged in."
        )
    case .check:
        (title, text) = (
            "Looking at the snapshot",
            "Every byte is checked, then what it would do is worked out. Nothing is taken in yet."
        )
    case .take:
        isInBytes = false
        (title, text) = ("Taking it in", "All of it is taken in at once at the end, or nothing.")
    case .undo:
        (title, text) = ("Taking it back", "Every page shows the figures as they are until it is done.")
    }
    // Whatever is counted in files has few of them.
    if case .check = job.deed, job.total < 10_000 { isInBytes = false }
    let progress: String
    if job.total == 0 {
        progress = "It has begun."
    } else if isInBytes {
        progress = "\(format.bytes(Int64(job.done))) of \(format.bytes(Int64(job.total)))"
    } else {
        progress = "\(format.number(job.done)) of \(format.count(job.total, "file", "files"))"
    }
    var cancel: String?
    if case .undo = job.deed {} else { cancel = Paths.snapshotWorkCancel(job.id.description) }
    return SnapshotWorkPage(
        title: title, text: text, percent: job.percent, progress: progress, cancel: cancel)
}

private func ended(
    _ job: WatchedWork<SnapshotDeed, SnapshotOutcome>, _ outcome: SnapshotOutcome, _ context: SignedIn
) -> Response {
    switch outcome {
    case .written: return context.redirect(to: Paths.writtenSnapshot(job.id.description))
    case .checked: return context.redirect(to: Paths.snapshotImport)
    case .onStick(let place):
        var back = Paths.snapshotExport
        if case .copyToStick(let written, _) = job.deed { back = Paths.writtenSnapshot(written.description) }
        return context.redirect(
            to: back,
            Notice(
                .success, "It is on the stick, and you may take the stick out",
                "Written to \(place), read back and the same."))
    case .taken(let merged, let receipt):
        if merged.isRefused {
            return context.redirect(
                to: Paths.sync,
                Notice(
                    .warning, "None of it could be taken in",
                    merged.notTaken.map(\.words).joined(separator: " ")))
        }
        guard let receipt else {
            return context.redirect(
                to: Paths.sync, Notice(.success, "Nothing in it was new", "That it came is noted."))
        }
        return context.redirect(
            to: Paths.snapshotRecord(receipt),
            Notice(
                .success, "Taken in",
                "\(context.format.count(merged.entries, "entry is", "entries are")) new here."))
    case .undone(let name):
        return context.redirect(
            to: Paths.snapshotHistory,
            Notice(.success, "Taken back", "What “\(name)” had sent is gone from here, and can come again."))
    }
}

@Sendable private func cancelWork(_ context: SignedIn) async throws -> Response {
    let id: ID<Work> = try context.id()
    guard context.site.desk.works.job(id) != nil else { throw UserError.notHere }
    context.site.desk.works.cancel(id)
    return context.redirect(to: Paths.snapshotWork(id.description))
}
