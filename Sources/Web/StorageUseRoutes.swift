import Domain
import Hummingbird
import Storage

let storageUseRoutes: [Route] = [Route(.get, Paths.storage, needs: .viewFiles, showStorage)]

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
            use, query, mayChange: visit.may(.manageSettings), kept: visit.officeItems, visit.format))
}
