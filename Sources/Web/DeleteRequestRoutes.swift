import Domain
import Foundation
import Hummingbird
import Storage

let deleteRequestRoutes: [Route] =
    [
        Route(.get, Paths.deletions, needs: .requestDeletions) { try await listDeletions($0, .all) },
        Route(.get, Paths.deletionTrash, needs: .requestDeletions) { try await listDeletions($0, .trash) },
        Route(.get, Paths.newDeletion, needs: .requestDeletions) { try await showNew($0, problem: nil) },
        Route(.post, Paths.newDeletion, needs: .requestDeletions, body: .form(1 << 20), planDeletion),
        Route(.get, Paths.deletionWork(":id"), needs: .requestDeletions) {
            try await showWork($0, problem: nil)
        },
        Route(.post, Paths.deletionWorkCancel(":id"), needs: .requestDeletions, cancelWork),
        Route(.post, Paths.deletionWorkAsk(":id"), needs: .requestDeletions, askForDeletion),
        Route(.get, Paths.deletion(":id"), needs: .requestDeletions) {
            try await showDeletion($0, problem: nil)
        },
        Route(.get, Paths.deletionCertificate(":id"), needs: .requestDeletions, showCertificate),
        Route(.post, Paths.deletionStep(":id", "purge"), needs: .decideDeletions, purge),
    ]
    + DeleteAction.buttons.map { action in
        Route(
            .post, Paths.deletionStep(":id", action.rawValue),
            needs: action == .approve || action == .restore || action == .reject
                ? .decideDeletions : .requestDeletions
        ) { try await takeStep(action, $0) }
    }

private let deletionsPerPage = 50

// MARK: Lists

private func listDeletions(_ context: SignedIn, _ part: DeleteQuery.Part) async throws -> Response {
    let format = context.format
    var query = DeleteQuery(part)
    query.limit = deletionsPerPage
    query.offset = max(0, min(1_000_000, context.query.integer("offset") ?? 0))
    let (rows, total) = try await context.store.deleteRequests(query, for: context.viewer)
    let words = DeleteRequestWriter(format: format)
    let now = context.store.clock.now()
    let lines = rows.map { row in
        let request = row.request
        var note = ""
        switch row.state {
        case .open:
            note =
                row.isOutOfDate
                ? "Figures have changed since"
                : row.expires.map { "Ends undecided in \(words.left(until: $0, from: now))" } ?? ""
        case .deleted:
            note = request.purgeTime.map { "Purged in \(words.left(until: $0, from: now))" } ?? ""
        default:
            note = request.steps.last { $0.action != .comment }.map { "By \($0.by.name)" } ?? ""
        }
        if !row.holds.isEmpty { note = "Held. " + note }
        return (
            row,
            DeleteRequestsPage.Row(
                what: words.what(request.kind, request.targets),
                href: Paths.deletion(request.id.description), calls: format.number(request.preview.gone),
                by: request.opener.name, when: format.moment(request.opened.instant), state: row.state.title,
                tone: row.state.tone, note: note)
        )
    }
    func section(_ title: String, _ wanted: (DeleteRequestRow) -> Bool) -> DeleteRequestsPage.Section? {
        let rows = lines.filter { wanted($0.0) }.map(\.1)
        return rows.isEmpty ? nil : .init(title: title, rows: rows)
    }
    let isTrash = part == .trash
    let sections =
        isTrash
        ? [section("In the trash") { _ in true }]
        : [
            section("Waiting for you", \.awaitsViewer),
            section("Open") { $0.state == .open && !$0.awaitsViewer },
            section("History") { $0.state != .open },
        ]
    let path = isTrash ? Paths.deletionTrash : Paths.deletions
    func link(_ offset: Int) -> String {
        offset > 0 ? Form([("offset", String(offset))]).link(path) : path
    }
    return try context.page(
        DeleteRequestsPage(
            title: isTrash ? "Trash" : "Deletions",
            lede: isTrash
                ? "Deleted, and out of every figure. An admin can restore it; after its time it is purged, and then it is gone."
                : "Calls that shall go. Nobody deletes alone: one asks, another admin approves.",
            newHref: context.may(.viewFiles) ? Paths.files : nil,
            sections: sections.compactMap { $0 }, noteTitle: isTrash ? "Left" : "Note",
            emptyTitle: isTrash ? "The trash is empty" : "Nobody has asked to delete anything",
            emptyText: isTrash
                ? "What another admin approves to delete lies here until it is purged."
                : context.may(.viewFiles)
                    ? "To delete a file, a version or days of one, open it under Files and choose “Delete”."
                    : "To ask for it, open a call of your teams and choose “Delete”.",
            previous: query.offset > 0 ? link(query.offset - query.limit) : nil,
            next: query.offset + rows.count < total && !rows.isEmpty
                ? link(query.offset + query.limit) : nil,
            range: rows.isEmpty
                ? ""
                : "\(format.number(query.offset + 1))–\(format.number(query.offset + rows.count)) of \(format.number(total))"
        ))
}

// MARK: Asking

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
            .plan(try scope(context.form)), reason: context.form["reason"], for: context.viewer,
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
    switch job.kind {
    case .plan(let scope):
        page.title = "What a deletion would do"
        page.back = back(to: scope, reason: job.reason)
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
        page.percent = job.rows > 0 ? String(job.rowsDone * 100 / job.rows) : nil
        page.progress =
            job.rows > 0
            ? "\(format.number(job.rowsDone)) of \(format.count(job.rows, "row", "rows"))"
            : "Waiting for its turn."
        page.cancel = Paths.deletionWorkCancel(job.id.description)
    case .failed(let error):
        // Back where he was, with the word on what is wrong.
        if case .plan = job.kind {
            page.problem = Problem(error)
        } else {
            return context.redirect(to: page.back, Notice(.error, error.message, error.advice))
        }
    case .done(let plan):
        switch job.kind {
        case .plan:
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
                page.reason = context.form.text("reason") ?? job.reason
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
    let id: ID<DeletionJob> = try context.id()
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

// MARK: One request

private func showDeletion(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let row = try await context.store.deleteRequest(try context.id(), for: context.viewer)
    return try context.page(
        DeleteRequestPage(
            row, viewer: context.viewer, now: context.store.clock.now(), typed: context.form,
            problem: problem, context.format),
        // The request is there for him: only the step is not his.
        status: problem.map { $0.code == .notAllowed ? .conflict : $0.httpStatus } ?? .ok)
}

private func takeStep(_ action: DeleteAction, _ context: SignedIn) async throws -> Response {
    let id: ID<DeleteRequest> = try context.id()
    let (form, viewer, actor, store) = (context.form, context.viewer, context.actor, context.store)
    let (comment, typedName) = (form["comment"], form.text("typedName"))
    do {
        guard action == .approve || action == .restore else {
            try await offLoop {
                try store.decideDeleteRequest(id, action, comment: comment, for: viewer, by: actor)
            }
            let row = try await store.deleteRequest(id, for: viewer)
            return context.redirect(
                to: Paths.deletion(id.description),
                DeleteRequestWriter(format: context.format).done(action, row))
        }
        let job = try await context.site.deletions.begin(
            .decide(id, action), comment: comment, typedName: typedName, for: viewer, by: actor)
        return try await afterStep(job, context)
    } catch let error as UserError where error.code != .notFound {
        return try await showDeletion(context, problem: error)
    }
}

@Sendable private func purge(_ context: SignedIn) async throws -> Response {
    let id: ID<DeleteRequest> = try context.id()
    do {
        let job = try await context.site.deletions.begin(
            .purge(id), comment: context.form["comment"], for: context.viewer, by: context.actor)
        return try await afterStep(job, context)
    } catch let error as UserError where error.code != .notFound {
        return try await showDeletion(context, problem: error)
    }
}

/// What failed at once is said where he typed; the rest on the page of the work.
private func afterStep(_ id: ID<DeletionJob>, _ context: SignedIn) async throws -> Response {
    if let job = context.site.deletions.job(id, of: context.viewer), case .failed(let error) = job.state {
        throw error
    }
    return context.redirect(to: Paths.deletionWork(id.description))
}

@Sendable private func showCertificate(_ context: SignedIn) async throws -> Response {
    let row = try await context.store.deleteRequest(try context.id(), for: context.viewer)
    guard let certificate = row.certificate, !row.isNarrowed else { throw UserError.notHere }
    return try context.page(
        DeletionCertificatePage(
            row, certificate, office: context.office.office.rules.name, context.format))
}
