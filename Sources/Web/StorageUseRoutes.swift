import Domain
import Hummingbird
import Storage

let storageUseRoutes: [Route] = [
    Route(.get, Paths.storage, needs: .viewFiles, showStorage),
    Route(.post, Paths.storageReplaced, needs: .manageBackups, removeReplaced),
]

let storageUsePages: [any Page.Type] = [StorageUsePage.self]

@Sendable private func showStorage(_ visit: SignedIn) async throws -> Response {
    var query = StorageQuery()
    query.byVersion = visit.query["rows"] == "versions"
    query.offset = max(0, min(1_000_000, Int(visit.query["offset"]) ?? 0))
    let asked = query
    let (store, viewer) = (visit.store, visit.viewer)
    let use = try await offLoop { try store.storageUse(asked, for: viewer) }
    return try visit.page(
        StorageUsePage(
            use, query, mayChange: visit.may(.manageSettings), mayRemove: visit.may(.manageBackups),
            kept: visit.officeItems, visit.format))
}

@Sendable private func removeReplaced(_ visit: SignedIn) async throws -> Response {
    let (store, viewer, actor) = (visit.store, visit.viewer, visit.actor)
    do {
        let removed = try await offLoop { try store.removeOlderReplaced(for: viewer, by: actor) }
        let bytes = removed.reduce(0) { $0 + $1.size }
        return visit.redirect(
            to: Paths.storage,
            Notice(.success, "Removed", "\(visit.format.bytes(bytes)) are free again. The last one is kept."))
    } catch let error as UserError where error.code == .conflict {
        return visit.redirect(to: Paths.storage, Notice(.info, error.message, error.advice))
    }
}
