import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

let ownAccountRoutes: [Route] = [
    Route(.get, Paths.ownAccount, needs: .viewOwnAccount) { context in try await showAccount(context) },
    Route(.post, Paths.ownName, needs: .viewOwnAccount, changeName),
    Route(.get, Paths.ownPassword, needs: .viewOwnAccount, showPassword),
    Route(.post, Paths.ownPassword, needs: .viewOwnAccount, changePassword),
    Route(.post, Paths.ownSessionsEnd, needs: .viewOwnAccount, endOtherSessions),
    Route(.post, Paths.ownSessionEnd(":id"), needs: .viewOwnAccount, endSession),
    Route(.post, Paths.ownTokens, needs: .viewOwnAccount, makeToken),
    Route(.post, Paths.ownTokenRevoke(":id"), needs: .viewOwnAccount, revokeToken),
]

@Sendable private func showAccount(
    _ context: SignedIn, problem: UserError? = nil
) async throws -> Response {
    let account = try await context.store.account(context.viewer.user)
    let page = OwnAccountPage(
        account, sessions: try await context.store.sessions(of: account.user.id),
        tokens: try await context.store.tokens(of: account.user.id), current: context.session?.id,
        now: context.store.clock.now(), format: context.format, problem: problem.map(Problem.init))
    return try context.page(page, status: problem?.httpStatus ?? .ok)
}

@Sendable private func changeName(_ context: SignedIn) async throws -> Response {
    var user = try await context.store.account(context.viewer.user).user
    user.name = context.form["name"]
    do { try await context.store.changeUser(user, by: context.actor) } catch let error as UserError {
        return try await showAccount(context, problem: error)
    }
    return context.redirect(
        to: Paths.ownAccount, Notice(.success, "Saved", "You are \(user.name) from now on."))
}

@Sendable private func showPassword(_ context: SignedIn) async throws -> Response {
    try context.page(OwnPasswordPage(context, problem: nil))
}

@Sendable private func changePassword(_ context: SignedIn) async throws -> Response {
    guard let session = context.session else { throw UserError.notHere }
    do {
        guard context.form.raw("password") == context.form.raw("again") else {
            throw UserError(.invalid, "The two passwords differ.", advice: "Type the same one twice.")
        }
        let opened = try await context.site.gate.pass(context.address) {
            try await context.store.changePassword(
                of: session, from: context.form.raw("present") ?? "", to: context.form.raw("password") ?? "",
                browser: context.browser, by: context.actor)
        }
        context.site.notices.leave(
            Notice(.success, "The password is changed", "Your other sessions have ended."),
            for: opened.session.id)
        var response = Response.seeOther(
            session.mustChangePassword ? Paths.home : Paths.ownAccount)
        response.setCookie(context.site.cookie(context.site.sessionCookie, opened.secret))
        return response
    } catch let error as UserError {
        return try context.page(
            OwnPasswordPage(context, problem: Problem(error)), status: error.httpStatus)
    }
}

@Sendable private func endSession(_ context: SignedIn) async throws -> Response {
    let id: ID<Session> = try context.id()
    let count = try await context.store.endSessions(
        of: context.viewer.user, only: id.description, by: context.actor)
    guard count > 0 else { throw UserError.notHere }
    return context.redirect(to: Paths.ownAccount, Notice(.success, "The session has ended"))
}

@Sendable private func endOtherSessions(_ context: SignedIn) async throws -> Response {
    let count = try await context.store.endSessions(
        of: context.viewer.user, except: context.session?.id, by: context.actor)
    return context.redirect(
        to: Paths.ownAccount,
        Notice(.success, count == 0 ? "There were no others" : "The other sessions have ended"))
}

@Sendable private func makeToken(_ context: SignedIn) async throws -> Response {
    do {
        let days = try context.form.wholeNumber("days", "Days")
        let name = context.form["name"]
        let secret = try await context.store.makeToken(
            for: context.viewer.user, name: name, days: days, by: context.actor)
        return try context.page(TokenMadePage(name: name, secret: secret, back: Paths.ownAccount))
    } catch let error as UserError { return try await showAccount(context, problem: error) }
}

@Sendable private func revokeToken(_ context: SignedIn) async throws -> Response {
    let id: ID<APIToken> = try context.id()
    try await context.store.revokeToken(id.description, of: context.viewer.user, by: context.actor)
    return context.redirect(to: Paths.ownAccount, Notice(.success, "The token is revoked"))
}
