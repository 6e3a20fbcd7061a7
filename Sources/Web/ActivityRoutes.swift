import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage
import Synchronization

let activityRoutes: [Route] = [
    Route(.get, Paths.activity, needs: .viewActivity, showActivity),
    Route(.get, Paths.activityExport, needs: .viewActivity, exportActivity),
]

@Sendable private func showActivity(_ context: SignedIn) async throws -> Response {
    let query = context.query
    let page = try await context.store.activity(
        filter(context), for: context.viewer, before: ActivityPlace(text: query["before"]),
        after: ActivityPlace(text: query["after"]))
    let writer = ActivityWriter(names: try await context.store.activityNames(), format: context.format)
    return try context.page(
        ActivityListPage(
            page, query: query, accounts: try await context.store.accounts(), writer: writer,
            nameOf: { context.office.otherName($0) }))
}

/// The same entries as a file; that they left is an entry itself, made first.
@Sendable private func exportActivity(_ context: SignedIn) async throws -> Response {
    var filter = filter(context)
    // What comes after this moment is not in it, so that the recorded count is the count of rows.
    let now = context.store.clock.now()
    filter.until = min(filter.until ?? now, now)
    let count = try await context.store.countActivity(filter, for: context.viewer)
    let words = context.query.with(["before": nil, "after": nil]).fields.filter { !$0.value.isEmpty }
        .map { $0.name == "office" ? context.officeWords ?? "" : "\($0.name) \($0.value)" }
        .joined(separator: ", ")
    try await context.store.recordExport(
        FiguresExported(what: "activity", filter: words, rows: count), by: context.actor)
    let writer = ActivityWriter(names: try await context.store.activityNames(), format: context.format)
    let place = Mutex<(before: ActivityPlace?, isDone: Bool)>((nil, false))
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    return context.csv(
        name: "activity\(context.officeFileName).csv",
        header: ["time", "who", "from", "kind", "what", "no effect because", "stream", "entry", "hash"]
    ) { [filter] in
        let (before, isDone) = place.withLock { $0 }
        guard !isDone else { return nil }
        let page = try await store.activity(filter, for: viewer, before: before, limit: 500)
        place.withLock { $0 = (page.entries.last?.place, !page.hasEarlier) }
        return page.entries.map { entry in
            [
                format.machine(entry.event.time.instant), entry.event.actor.name, entry.event.actor.via,
                entry.event.kind, entry.body.map { writer.words($0).line } ?? "of a newer release",
                entry.refusal ?? "", entry.event.stream.rawValue, String(entry.event.seq),
                hexadecimal(entry.event.hash),
            ]
        }
    }
}

private func filter(_ context: SignedIn) -> ActivityFilter {
    var filter = ActivityFilter()
    let query = context.query
    filter.from = query.day("from").map { context.format.start(of: $0) }
    filter.until = query.day("to").map { context.format.start(of: $0.adding(1)) }
    if let user: ID<User> = query.id("who") {
        filter.user = user
    } else {
        filter.actor = query.text("who")
    }
    if let group = activityKinds.first(where: { $0.key == query["kind"] }) {
        filter.kinds = group.kinds.map { $0.kind }
    }
    filter.text = query.text("q").map { String($0.prefix(200)) }
    return filter
}
