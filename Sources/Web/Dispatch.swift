import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// A request as the server hands it over.
public struct ArrivedContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    let address: String
    let hangUp: @Sendable () -> Void

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "local"
        hangUp = { [channel = source.channel] in channel.close(promise: nil) }
    }
}

/// Builds the application from the table, and from nothing else.
func makeRouter(_ routes: [Route], _ site: Site) -> Router<ArrivedContext> {
    let router = Router(context: ArrivedContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: Edge(site: site))
    for route in routes {
        router.on(RouterPath(route.path), method: route.method) { request, context in
            try await answer(route, request, context, site)
        }
    }
    return router
}

/// One request: who it is, then whether he may, then what he asked for.
private func answer(
    _ route: Route, _ request: Request, _ context: ArrivedContext, _ site: Site
) async throws -> Response {
    var visit = Visit(
        site: site, request: request, id: context.id, address: context.address, logger: context.logger,
        hangUp: context.hangUp, parameters: context.parameters)
    if route.access == .file, case .open(let handler) = route.handler { return try await handler(visit) }
    if route.access == .office { return try await answerOffice(route, visit) }
    if !route.method.isSafe { try checkOrigin(request) }
    if route.takesToken, let bearer = bearerToken(request) {
        let found = try await site.store.bearer(bearer)
        visit.office = found.office
        guard let viewer = found.viewer else { throw UserError.notSignedIn }
        return try await admit(route, visit, viewer, isBearer: true)
    }
    let arrival = try await site.store.arrive(
        secret: request.cookie(site.sessionCookie), browser: visit.browser)
    visit.office = arrival.office
    visit.session = arrival.session
    let known = request.cookie(site.visitCookie).flatMap { $0.utf8.count == 43 ? $0 : nil }
    let secret = known ?? site.store.ids.secret()
    visit.guestToken = visitFormToken(secret)
    visit.formToken = arrival.session?.formToken ?? visit.guestToken
    var response = try await admit(route, visit, arrival.session?.viewer, isBearer: false)
    if known == nil, arrival.session == nil, !route.isAPI {
        response.setCookie(site.cookie(site.visitCookie, secret))
    }
    return response
}

/// Another office's program: its token and nothing else says who it is, and a browser is never it.
private func answerOffice(_ route: Route, _ visit: Visit) async throws -> Response {
    let headers = visit.request.headers
    guard headers[.origin] == nil, headers[.secFetchSite] == nil else { throw UserError.foreignOrigin }
    // A token that was seen on the way would be anybody's.
    guard visit.isSecure, let bearer = bearerToken(visit.request),
        let found = try await visit.store.exchangeBearer(bearer), case .office(let handler) = route.handler
    else { throw UserError.notFromOffice }
    var visit = visit
    visit.office = try await visit.store.officeState()
    try await open(route, &visit, isBearer: true)
    return try await handler(OfficeVisit(visit: visit, office: found.office, name: found.name))
}

/// The order that nothing may skip: is there an office, may he, is the form his, then the handler.
private func admit(
    _ route: Route, _ visit: Visit, _ viewer: Viewer?, isBearer: Bool
) async throws -> Response {
    var visit = visit
    guard visit.office != nil || route.access == .anyone else {
        if visit.wantsJSON || !route.method.isSafe { throw UserError.notSetUpYet }
        return .seeOther(Paths.setup)
    }
    switch route.access {
    case .anyone, .file: break
    // Answered before, by its token.
    case .office: throw UserError.notHere
    case .box(let permission):
        guard visit.isFromBox || viewer?.may(permission) == true else { throw UserError.notHere }
    case .needs(let permission):
        guard let viewer else {
            if visit.wantsJSON { throw UserError.notSignedIn }
            return try await signInFirst(route, visit, body: visit.request.body)
        }
        try viewer.require(permission)
        if let asked = visit.query.text("office"), let office = visit.office {
            visit.offices = try office.choice(asked, for: viewer)
        }
        // Somebody else knows this password: until it is changed, only the own account is open.
        if visit.session?.mustChangePassword == true, permission != .viewOwnAccount {
            if visit.wantsJSON || !route.method.isSafe { throw UserError.passwordFirst }
            return .seeOther(Paths.ownPassword)
        }
    }
    try await open(route, &visit, isBearer: isBearer)
    if !isBearer, !route.isAPI, let viewer {
        visit.waiting = try await visit.site.waiting(for: viewer)
        visit.backups = try await visit.site.backupNotice(for: viewer, visit.format)
    }
    switch (route.handler, route.access) {
    case (.open(let handler), _): return try await handler(visit)
    case (.signedIn(let handler), .needs(let permission)):
        guard let viewer, let office = visit.office else { throw UserError.notSignedIn }
        return try await handler(
            SignedIn(
                visit: visit, viewer: viewer.looking(at: visit.offices), office: office,
                session: visit.session, permission: permission))
    case (.signedIn, _), (.office, _): throw UserError.notSignedIn
    }
}

/// Reads the body as the route's rule says, and proves the form token.
private func open(_ route: Route, _ visit: inout Visit, isBearer: Bool) async throws {
    let body = visit.request.body
    visit.request.body = RequestBody(buffer: ByteBuffer())
    let contentType = visit.request.headers[.contentType] ?? ""
    if case .form(let limit) = route.body {
        let bytes = try await visit.collect(body, upTo: limit)
        if contentType.hasPrefix("application/json") {
            visit.json = Array(buffer: bytes)
        } else if contentType.hasPrefix("application/x-www-form-urlencoded") {
            visit.form = Form(urlEncoded: String(buffer: bytes))
        } else if bytes.readableBytes > 0 {
            throw UserError(
                .invalid, "This address takes a form, not “\(contentType)”.",
                advice: "Send application/x-www-form-urlencoded or application/json.")
        }
    }
    guard !route.method.isSafe else { return }
    if isBearer {
        if route.body == .stream { visit.streamedBody = body }
        return
    }
    let sent = visit.request.headers[.csrfToken] ?? visit.form.raw("csrf")
    if let sent {
        // A sign-in page that was open while another one was used is still a page of ours.
        let isGuests = route.access == .anyone && sameText(sent, visit.guestToken)
        guard !visit.formToken.isEmpty, sameText(sent, visit.formToken) || isGuests else {
            throw UserError.formExpired
        }
        if route.body == .stream { visit.streamedBody = body }
    } else if route.body == .stream, contentType.hasPrefix("multipart/form-data") {
        // The token is the form's first field; `readForm` lets nothing behind it through unproven.
        visit.sealedBody = body
    } else {
        throw UserError.formExpired
    }
}

/// A change comes from a page of ours: browsers say where a request was made (Fetch Metadata; Origin, RFC 6454).
private func checkOrigin(_ request: Request) throws {
    if let site = request.headers[.secFetchSite] {
        guard site == "same-origin" || site == "none" else { throw UserError.foreignOrigin }
    }
    if let origin = request.headers[.origin] {
        let host = origin.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init)
        guard let host, let own = request.head.authority, host.lowercased() == own.lowercased() else {
            throw UserError.foreignOrigin
        }
    }
}

private func bearerToken(_ request: Request) -> String? {
    guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else {
        return nil
    }
    return value.dropFirst("bearer ".count).trimmingCharacters(in: .whitespaces)
}

extension Visit {
    /// This box, over TCP on loopback or its own socket.
    var isFromBox: Bool { address == "::1" || address == "local" || address.hasPrefix("127.") }
}

extension UserError {
    static let notSignedIn = UserError(
        .notSignedIn, "You are not signed in.", advice: "Sign in, or send a valid bearer token.")
    static let formExpired = UserError(
        .formToken, "This form is too old, or was not made for you. Nothing was changed.",
        advice: "Open the page again and send the form once more.")
    static let foreignOrigin = UserError(
        .formToken, "This request came from another site. Nothing was changed.",
        advice: "Open the page here and send its form.")
    static let notSetUpYet = UserError(
        .conflict, "This box has no office yet.", advice: "Open its address in a browser to set it up.")

    static func formTooLarge(_ limit: Int) -> UserError {
        UserError(
            .tooLarge, "The form is larger than \(limit / 1024) kB. Nothing was changed.",
            advice: "Send less at once.")
    }
}

extension HTTPField.Name {
    static let csrfToken = HTTPField.Name("X-CSRF-Token") ?? .cookie
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .cookie
}
