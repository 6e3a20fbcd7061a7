import Domain
import HTTPTypes
import Hummingbird
import Storage

let signInRoutes: [Route] = []
let signInPages: [any Page.Type] = []

/// Sends a visitor who must sign in to the page where he can, and back afterwards.
func signInFirst(_ route: Route, _ visit: inout Visit) async throws -> Response {
    let target = visit.request.uri.string
    return .seeOther(Form([("next", target)]).link(Paths.login))
}
