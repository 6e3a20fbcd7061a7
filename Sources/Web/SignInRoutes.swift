import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

let signInRoutes: [Route] = [
    Route(.get, Paths.login, anyone: showSignIn),
    Route(.post, Paths.login, anyone: signIn),
    Route(.post, Paths.logout, needs: .viewOwnAccount, signOut),
]

let signInPages: [any Page.Type] = [SignInPage.self, ResumePage.self]

/// A field of a form that was sent while nobody was signed in.
struct CarriedField: Decodable, Sendable {
    var name: String
    var value: String
}

struct SignInPage: Page {
    static let template = "signIn"
    var title = "Sign in"
    var action = Paths.login
    var problem: Problem?
    /// Said instead of a problem when somebody was sent here.
    var reason: String?
    var username: String
    var next: String
    /// Where the form goes that waits for the sign-in.
    var carry: String?
    var carried: [CarriedField]
}

/// The form that waited for the sign-in, to be sent by its owner's own hand.
struct ResumePage: Page {
    static let template = "signIn.resume"
    var title = "Send what you typed"
    var action: String
    var fields: [CarriedField]
    var shown: [CarriedField]
}

/// Sends a visitor who must sign in to the page where he can; what he typed goes with him, but for passwords.
func signInFirst(_ route: Route, _ visit: Visit, body: RequestBody) async throws -> Response {
    guard !route.method.isSafe else {
        return .seeOther(Form([("next", visit.request.uri.string)]).link(Paths.login))
    }
    var form = Form()
    if case .form(let limit) = route.body {
        form = Form(urlEncoded: String(buffer: try await visit.collect(body, upTo: limit)))
    }
    let secrets = ["password", "csrf", "secret", "token", "code"]
    let fields = form.fields.filter { field in
        !secrets.contains { field.name.lowercased().contains($0) } && field.value.utf8.count <= 10_000
    }
    return try visit.page(
        SignInPage(
            reason: "Your session has ended. What you typed is kept: sign in, then send it.",
            username: "", next: Paths.home, carry: fields.isEmpty ? nil : visit.path,
            carried: fields.prefix(100).map { CarriedField(name: $0.name, value: $0.value) }),
        status: .unauthorized)
}

@Sendable private func showSignIn(_ visit: Visit) async throws -> Response {
    guard visit.office != nil else { return .seeOther(Paths.setup) }
    let next = ownPath(visit.query["next"])
    if visit.session != nil { return .seeOther(next) }
    return try visit.page(
        SignInPage(
            reason: next == Paths.home ? nil : "Sign in to go on.", username: "", next: next, carried: []))
}

@Sendable private func signIn(_ visit: Visit) async throws -> Response {
    guard visit.office != nil else { throw UserError.notSetUpYet }
    let username = visit.form["username"]
    let next = ownPath(visit.form["next"])
    let carry = visit.form.text("carry").map(ownPath)
    let carried = visit.form.fields.filter { $0.name.hasPrefix("carried.") }.map {
        CarriedField(name: String($0.name.dropFirst("carried.".count)), value: $0.value)
    }
    do {
        let opened = try await visit.site.gate.pass(visit.address) {
            try await visit.store.signIn(
                username: username, password: visit.form.raw("password") ?? "", browser: visit.browser,
                replacing: visit.request.cookie(visit.site.sessionCookie))
        }
        var response: Response
        if let carry {
            var signedIn = visit
            signedIn.session = opened.session
            signedIn.formToken = opened.session.formToken
            let fields = carried.filter { $0.name != "csrf" }
            response = try signedIn.page(
                ResumePage(
                    action: carry, fields: fields, shown: fields.filter { !$0.value.isEmpty }))
        } else {
            response = .seeOther(opened.session.mustChangePassword ? Paths.ownPassword : next)
        }
        response.setCookie(visit.site.cookie(visit.site.sessionCookie, opened.secret))
        return response
    } catch let error as UserError where error.code == .notSignedIn || error.code == .tooMany {
        if visit.wantsJSON { throw error }
        return try visit.page(
            SignInPage(
                problem: Problem(error), username: username, next: next, carry: carry, carried: carried),
            status: error.httpStatus)
    }
}

@Sendable private func signOut(_ context: SignedIn) async throws -> Response {
    if let session = context.session { try await context.store.signOut(session, by: context.actor) }
    var response = Response.seeOther(Paths.login)
    response.setCookie(context.site.deadCookie(context.site.sessionCookie))
    // What the browser keeps of pages and typed forms is nobody's business any more.
    response.headers[.clearSiteData] = "\"cache\", \"storage\""
    return response
}

/// A path of this site; anything else is the first screen, so that nobody is sent elsewhere after signing in.
func ownPath(_ text: String) -> String {
    let isOwn =
        text.hasPrefix("/") && !text.hasPrefix("//") && !text.contains("\\")
        && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
    return isOwn ? text : Paths.home
}

extension HTTPField.Name {
    static let clearSiteData = HTTPField.Name("Clear-Site-Data") ?? .server
}
