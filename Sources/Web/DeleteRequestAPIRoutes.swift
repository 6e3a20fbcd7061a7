import Domain
import Foundation
import Hummingbird
import Ingest
import Storage

let deleteRequestAPIRoutes: [Route] =
    [
        Route(.get, Paths.apiDeletions, needs: .requestDeletions, sendDeleteRequests),
        Route(.post, Paths.apiDeletions, needs: .requestDeletions, askByProgram),
        Route(.get, Paths.apiDeletion(":id"), needs: .requestDeletions, sendDeleteRequest),
        Route(.post, Paths.apiDeletionStep(":id", "purge"), needs: .decideDeletions) { context in
            try await takeDeleteStep(context) { id, body, store, viewer, actor in
                try purgeDeletion(id, in: store, comment: body.comment ?? "", for: viewer, by: actor)
            }
        },
    ]
    + DeleteAction.buttons.map { action in
        Route(.post, Paths.apiDeletionStep(":id", action.rawValue), needs: action.permission) { context in
            try await takeDeleteStep(context) { id, body, store, viewer, actor in
                try store.decideDeleteRequest(
                    id, action, comment: body.comment ?? "", typedName: body.typedName, for: viewer,
                    by: actor)
            }
        }
    }

extension DeleteAction {
    /// What its route needs; whether the step is somebody's is said by the request's own rules.
    var permission: Permission {
        switch self {
        case .approve, .restore, .lapse: .decideDeletions
        case .reject, .withdraw, .comment: .requestDeletions
        }
    }
}

private struct DeleteRequestsJSON: Encodable {
    var total: Int
    var requests: [DeleteRequestJSON]
}

@Sendable private func sendDeleteRequests(_ context: SignedIn) async throws -> Response {
    let query = context.query
    var wanted = DeleteQuery()
    if let text = query.text("state") {
        guard let part = DeleteQuery.Part(rawValue: text) else {
            throw UserError(
                .invalid, "“\(text)” is no state to list.", advice: "There is: open, trash, all.")
        }
        wanted.part = part
    }
    wanted.offset = max(0, min(1_000_000, query.integer("offset") ?? 0))
    wanted.limit = max(1, min(500, query.integer("limit") ?? 50))
    let (rows, total) = try await context.store.deleteRequests(wanted, for: context.viewer)
    return try context.json(
        DeleteRequestsJSON(total: total, requests: rows.map { DeleteRequestJSON($0, context.format) }))
}

@Sendable private func sendDeleteRequest(_ context: SignedIn) async throws -> Response {
    let row = try await context.store.deleteRequest(try context.id(), for: context.viewer)
    return try context.json(DeleteRequestJSON(row, context.format))
}

private struct AskBody: Decodable {
    var file: String
    /// nil: every version that is there.
    var version: Int?
    /// nil: all of them.
    var days: [Day]?
    var reason: String?
    /// Says what it would do, and asks for nothing.
    var dryRun: Bool?

    func scope() throws -> DeleteScope {
        guard let id = ID<CallFile>(file) else {
            throw UserError(
                .invalid, "“\(file)” is no identity of a file.", advice: "See GET \(Paths.apiFiles).")
        }
        if let days { return .days(id, version: version, days) }
        return version.map { .version(id, $0) } ?? .file(id)
    }
}

private struct AskedJSON: Encodable {
    var request: ID<DeleteRequest>?
    var href: String?
    var kind: DeleteRequest.Kind
    var targets: [DeleteTargetJSON]
    var preview: DeletePreviewJSON
}

@Sendable private func askByProgram(_ context: SignedIn) async throws -> Response {
    let body = try context.decode(AskBody.self)
    let scope = try body.scope()
    let (store, viewer, actor) = (context.store, context.viewer, context.actor)
    let isDryRun = body.dryRun == true
    let (plan, request) = try await offLoop {
        let plan = try store.planDeletion(scope, for: viewer)
        let request =
            try isDryRun
            ? nil : store.openDeleteRequest(plan, reason: body.reason ?? "", for: viewer, by: actor)
        return (plan, request)
    }
    let preview = try await store.narrowed(plan.preview, for: viewer)
    return try context.json(
        AskedJSON(
            request: request?.id, href: request.map { Paths.apiDeletion($0.id.description) }, kind: plan.kind,
            targets: plan.targets.map(DeleteTargetJSON.init),
            preview: DeletePreviewJSON(preview, isNarrowed: viewer.reach(.requestDeletions) < .office)),
        status: isDryRun ? .ok : .created)
}

private struct DeleteStepBody: Decodable, Sendable {
    var comment: String?
    var typedName: String?
}

private struct DeleteStepJSON: Encodable {
    var request: ID<DeleteRequest>
    var href: String
    var state: DeleteRequest.State
}

private func takeDeleteStep(
    _ context: SignedIn,
    _ step:
        @escaping @Sendable (ID<DeleteRequest>, DeleteStepBody, OfficeStore, Viewer, Actor) throws -> Void
) async throws -> Response {
    let id: ID<DeleteRequest> = try context.id()
    var body = DeleteStepBody(
        comment: context.form.text("comment"), typedName: context.form.text("typedName"))
    if !context.visit.json.isEmpty { body = try context.decode(DeleteStepBody.self) }
    do {
        try await offLoop {
            [body, store = context.store, viewer = context.viewer, actor = context.actor] in
            try step(id, body, store, viewer, actor)
        }
    } catch let error as UserError where error.code == .notAllowed {
        // The request is there for him: only the step is not his.
        throw UserError(.conflict, error.message, advice: error.advice)
    }
    let row = try await context.store.deleteRequest(id, for: context.viewer)
    return try context.json(
        DeleteStepJSON(request: id, href: Paths.apiDeletion(id.description), state: row.state))
}
