import Domain
import Foundation
import Hummingbird
import Storage

let deleteRequestRoutes: [Route] =
    [
        Route(.get, Paths.deletions, needs: .requestDeletions) { try await listDeletions($0, .all) },
        Route(.get, Paths.deletionTrash, needs: .requestDeletions) { try await listDeletions($0, .trash) },
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
        Form((offset > 0 ? [("offset", String(offset))] : []) + context.officeItems).link(path)
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

// MARK: One request

private func showDeletion(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let row = try await context.store.deleteRequest(try context.id(), for: context.viewer)
    return try context.page(
        DeleteRequestPage(
            row, viewer: context.viewer, now: context.store.clock.now(), typed: context.form,
            problem: problem, context.format),
        // The request is there for him: only the step is not his.
        status: problem.map { $0.code == .notAllowed ? .conflict : $0.httpStatus } ?? .ok,
        whose: try await context.whose(row))
}

extension SignedIn {
    /// The other office that a delete request is of.
    fileprivate func whose(_ row: DeleteRequestRow) async throws -> String? {
        guard let file = row.request.targets.first?.file else { return nil }
        return try await self.store.otherOffice(of: file)
    }
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
private func afterStep(_ id: ID<Work>, _ context: SignedIn) async throws -> Response {
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
            row, certificate,
            office: try await context.whose(row) ?? context.office.office.rules.name, context.format))
}
