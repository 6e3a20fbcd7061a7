import Domain
import Foundation
import Hummingbird
import Storage

/// Asking for a deletion: a form, what it would do, and the request.
let deletionPlanRoutes: [Route] = [
    Route(.get, Paths.newDeletion, needs: .requestDeletions) { try await showNew($0, problem: nil) },
    Route(.post, Paths.newDeletion, needs: .requestDeletions, body: .form(1 << 20), planDeletion),
    Route(.get, Paths.deletionWork(":id"), needs: .requestDeletions) {
        try await showWork($0, problem: nil)
    },
    Route(.post, Paths.deletionWorkCancel(":id"), needs: .requestDeletions, cancelWork),
    Route(.post, Paths.deletionWorkAsk(":id"), needs: .requestDeletions, askForDeletion),
]

private func showNew(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let form = problem == nil ? context.query : context.form
    let format = context.format
    var page = NewDeletionPage(
        problem: problem.map(Problem.init), file: "", fileName: "", places: [], isRetention: false,
        versions: [], isWhole: true, from: form["from"], to: form["to"], earliest: "", latest: "", days: [],
        hasDays: false, reason: form["reason"])
    if let file: ID<CallFile> = form.id("file") {
        let place = try await context.store.deletableFile(
            file, version: form.integer("version"), for: context.viewer)
        page.file = file.description
        page.fileName = place.name
        page.fileHref = context.may(.viewFiles) ? Paths.file(file.description) : nil
        let wanted = form.integer("version")
        page.versions =
            (place.versions.count > 1
                ? [Choice("", "All \(place.versions.count) versions", selected: wanted == nil)] : [])
            + place.versions.map {
                Choice(String($0), "Version \($0)", selected: $0 == wanted || place.versions.count == 1)
            }
        let chosen = Set(form.all("day").compactMap { Day(iso: $0) })
        page.isWhole = form["what"] != "days" && chosen.isEmpty && page.from.isEmpty
        if let first = place.firstDay, let last = place.lastDay {
            page.earliest = first.iso
            page.latest = last.iso
        }
        let days = try await context.store.deletableDays(
            file, version: wanted, for: context.viewer)
        page.days = days.prefix(62).map {
            Choice(
                $0.day.iso, "\(format.day($0.day)): \(format.count($0.rows, "row", "rows"))",
                selected: chosen.contains($0.day))
        }
        page.hasDays = days.count <= 62
    } else if form["retention"] == "1", context.may(.viewFiles) {
        let past = try await context.store.filesPastRetention(for: context.viewer)
        guard !past.isEmpty else {
            return context.redirect(
                to: Paths.storage,
                Notice(.info, "No file is past its time", "Nothing is proposed for deletion."))
        }
        page.isRetention = true
        page.reason = form.text("reason") ?? "Past the office's retention period"
        page.places = past.prefix(5000).map { version in
            let upload = version.uploaded
            let last = upload.lastDay.map { ", last day \(format.day($0))" } ?? ""
            return .init(
                value: "\(upload.file)/\(upload.version)",
                label: "\(upload.fileName), version \(upload.version)\(last)")
        }
    } else {
        let mayChoose = context.may(.viewFiles)
        return context.redirect(
            to: mayChoose ? Paths.files : Paths.deletions,
            Notice(
                .info, "Choose what shall be deleted",
                mayChoose
                    ? "Open a file, and choose “Delete”." : "Open a call of your teams, and choose “Delete”.")
        )
    }
    return try context.page(page, status: problem?.httpStatus ?? .ok)
}

@Sendable private func planDeletion(_ context: SignedIn) async throws -> Response {
    do {
        let id = try await context.site.deletions.begin(
            .plan(try scope(context.form), reason: context.form["reason"]), for: context.viewer,
            by: context.actor)
        return context.redirect(to: Paths.deletionWork(id.description))
    } catch let error as UserError where error.code != .notFound {
        return try await showNew(context, problem: error)
    }
}

/// What a form, or a program's fields, ask to delete.
func scope(_ form: Form) throws -> DeleteScope {
    if form.has("place") {
        return .retention(
            form.all("place").compactMap { text in
                let parts = text.split(separator: "/")
                guard parts.count == 2, let file = ID<CallFile>(parts[0]), let version = Int(parts[1]) else {
                    return nil
                }
                return VersionPlace(file: file, version: version)
            })
    }
    guard let file: ID<CallFile> = form.id("file") else {
        throw UserError(
            .invalid, "It does not say what shall be deleted.", advice: "Name a file, and a version or days.")
    }
    let version = form.integer("version")
    guard form["what"] == "days" else {
        guard form.all("day").isEmpty, form.text("from") == nil else {
            throw UserError(
                .invalid, "It says “All of it”, and days are chosen too.",
                advice: "Choose “Only these days”, or take the days away.")
        }
        return version.map { .version(file, $0) } ?? .file(file)
    }
    var days = Set(form.all("day").compactMap { Day(iso: $0) })
    if let from = form.day("from") {
        let to = form.day("to") ?? from
        guard from <= to, to.days(since: from) < 3660 else {
            throw UserError(
                .invalid, "The last day is before the first, or more than ten years after it.",
                advice: "Choose the days again.")
        }
        days.formUnion((0...to.days(since: from)).map { from.adding($0) })
    }
    guard !days.isEmpty else {
        throw UserError(.invalid, "No day was chosen.", advice: "Choose one or more days.")
    }
    return .days(file, version: version, days.sorted())
}

private func showWork(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let format = context.format
    let words = DeleteRequestWriter(format: format)
    guard let job = context.site.deletions.job(try context.id(), of: context.viewer) else {
        throw UserError.notHere
    }
    var page = DeletionWorkPage(title: "Delete", problem: problem.map(Problem.init))
    switch job.deed {
    case .plan(let scope, let reason):
        page.title = "What a deletion would do"
        page.back = back(to: scope, reason: reason)
    case .decide(let id, let action):
        page.title = action == .restore ? "Restoring" : "Deleting"
        page.back = Paths.deletion(id.description)
    case .purge(let id):
        page.title = "Purging"
        page.back = Paths.deletion(id.description)
    }
    switch job.state {
    case .running:
        page.isRunning = true
        page.percent = job.percent
        page.progress =
            job.total > 0
            ? "\(format.number(job.done)) of \(format.count(job.total, "row", "rows"))"
            : "Waiting for its turn."
        page.cancel = Paths.deletionWorkCancel(job.id.description)
    case .failed(let error):
        // Back where he was, with the word on what is wrong.
        if case .plan = job.deed {
            page.problem = Problem(error)
        } else {
            return context.redirect(to: page.back, Notice(.error, error.message, error.advice))
        }
    case .done(let plan):
        switch job.deed {
        case .plan(_, let reason):
            guard let plan else { throw UserError.notHere }
            page.title = "Delete \(words.what(plan.kind, plan.targets))?"
            let isNarrowed = context.reach != .office
            let shown =
                isNarrowed
                ? try await context.store.narrowed(plan.preview, for: context.viewer) : plan.preview
            if plan.preview.rows == 0 {
                page.nothing =
                    "There is nothing to delete: what you chose has no calls that are still there."
            } else {
                page.preview = DeletePreviewPart(
                    shown, isNarrowed: isNarrowed, linksFiles: context.may(.viewFiles), format)
                page.ask = Paths.deletionWorkAsk(job.id.description)
                page.reason = context.form.text("reason") ?? reason
            }
        case .decide(let id, let action):
            let row = try await context.store.deleteRequest(id, for: context.viewer)
            return context.redirect(to: page.back, words.done(action, row))
        case .purge:
            return context.redirect(
                to: page.back, Notice(.success, "Purged", "It is gone for good. The certificate says what."))
        }
    }
    return try context.page(page, status: problem?.httpStatus ?? .ok)
}

/// The form that a plan came from, as it was filled in.
private func back(to scope: DeleteScope, reason: String) -> String {
    var fields: [(String, String)] = []
    switch scope {
    case .version(let file, let version):
        fields = [("file", file.description), ("version", String(version))]
    case .file(let file): fields = [("file", file.description)]
    case .days(let file, let version, let days):
        fields = [("file", file.description), ("version", version.map(String.init) ?? ""), ("what", "days")]
        fields += days.prefix(62).map { ("day", $0.iso) }
    case .retention: fields = [("retention", "1")]
    }
    return Form((fields + [("reason", reason)]).filter { !$0.1.isEmpty }).link(Paths.newDeletion)
}

@Sendable private func cancelWork(_ context: SignedIn) async throws -> Response {
    let id: ID<Work> = try context.id()
    try context.site.deletions.cancel(id, by: context.viewer)
    return context.redirect(to: Paths.deletionWork(id.description))
}

@Sendable private func askForDeletion(_ context: SignedIn) async throws -> Response {
    guard let job = context.site.deletions.job(try context.id(), of: context.viewer),
        case .done(let plan) = job.state, let plan
    else { throw UserError.notHere }
    do {
        let (reason, viewer, actor, store) = (
            context.form["reason"], context.viewer, context.actor, context.store
        )
        let request = try await offLoop {
            try store.openDeleteRequest(plan, reason: reason, for: viewer, by: actor)
        }
        return context.redirect(
            to: Paths.deletion(request.id.description),
            Notice(
                .success, "You have asked for it",
                request.isSingleAdmin
                    ? "Nothing is deleted yet. As the only admin you can approve it after a while."
                    : "Nothing is deleted until another admin approves it."))
    } catch let error as UserError where error.code != .notFound {
        return try await showWork(context, problem: error)
    }
}
