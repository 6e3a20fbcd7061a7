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

/// One request, in the order that nothing may skip: origin, who, may he, form token, body, handler.
private func answer(
    _ route: Route, _ request: Request, _ context: ArrivedContext, _ site: Site
) async throws -> Response {
    var visit = Visit(
        site: site, request: request, id: context.id, address: context.address, logger: context.logger,
        hangUp: context.hangUp, parameters: context.parameters)
    if !route.method.isSafe { try checkOrigin(request) }

    let bearer = route.takesToken ? bearerToken(request) : nil
    var viewer: Viewer?
    if let bearer {
        let found = try await site.store.bearer(bearer)
        visit.office = found.office
        viewer = found.viewer
        guard viewer != nil else { throw UserError.notSignedIn }
    } else {
        let arrival = try await site.store.arrive(
            secret: request.cookie(site.sessionCookie), browser: visit.browser)
        visit.office = arrival.office
        visit.session = arrival.session
        viewer = arrival.session?.viewer
    }
    var freshCookie: Cookie?
    if let session = visit.session {
        visit.formToken = session.formToken
    } else if let secret = request.cookie(site.visitCookie), secret.utf8.count == 43 {
        visit.formToken = visitFormToken(secret)
    } else if !route.isAPI, case .anyone = route.access {
        let secret = site.store.ids.secret()
        visit.formToken = visitFormToken(secret)
        freshCookie = site.cookie(site.visitCookie, secret)
    }

    guard visit.office != nil || route.access == .anyone else {
        if visit.wantsJSON || !route.method.isSafe { throw UserError.notSetUpYet }
        return .seeOther(Paths.setup)
    }
    switch route.access {
    case .anyone: break
    case .box(let permission):
        guard context.isLoopback || viewer?.may(permission) == true else { throw UserError.notHere }
    case .needs(let permission):
        guard let viewer else {
            if visit.wantsJSON { throw UserError.notSignedIn }
            return try await signInFirst(route, &visit)
        }
        try viewer.require(permission)
    }

    try await open(route, &visit, isBearer: bearer != nil)
    var response: Response
    switch (route.handler, route.access) {
    case (.open(let handler), _): response = try await handler(visit)
    case (.signedIn(let handler), .needs(let permission)):
        guard let viewer, let office = visit.office else { throw UserError.notSignedIn }
        response = try await handler(
            SignedIn(
                visit: visit, viewer: viewer, office: office, session: visit.session, permission: permission))
    case (.signedIn, _): throw UserError.notSignedIn
    }
    if let freshCookie { response.setCookie(freshCookie) }
    return response
}

/// Reads the body as the route's rule says, and proves the form token.
private func open(_ route: Route, _ visit: inout Visit, isBearer: Bool) async throws {
    let body = visit.request.body
    visit.request.body = RequestBody(buffer: ByteBuffer())
    let contentType = visit.request.headers[.contentType] ?? ""
    if case .form(let limit) = route.body {
        let bytes = try await collect(body, upTo: limit, visit)
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
        if route.body == .stream { visit.request.body = body }
        return
    }
    let sent = visit.request.headers[.csrfToken] ?? visit.form.raw("csrf")
    if let sent {
        guard !visit.formToken.isEmpty, sameText(sent, visit.formToken) else { throw UserError.formExpired }
        if route.body == .stream { visit.request.body = body }
    } else if route.body == .stream, contentType.hasPrefix("multipart/form-data") {
        // The token is the form's first field; `readForm` lets nothing behind it through unproven.
        visit.sealedBody = body
    } else {
        throw UserError.formExpired
    }
}

private func collect(_ body: RequestBody, upTo limit: Int, _ visit: Visit) async throws -> ByteBuffer {
    let declared = visit.request.headers[.contentLength].flatMap { Int($0) }
    guard declared ?? 0 <= limit else { throw UserError.formTooLarge(limit) }
    var bytes = ByteBuffer()
    try await SlowSender(silence: .seconds(20), total: .seconds(60)).read(
        body, declared: declared, hangUp: visit.hangUp
    ) { piece in
        guard bytes.readableBytes + piece.readableBytes <= limit else { throw UserError.formTooLarge(limit) }
        bytes.writeImmutableBuffer(piece)
    }
    return bytes
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

extension ArrivedContext {
    /// This box, over TCP on loopback or its own socket.
    var isLoopback: Bool { address == "::1" || address == "local" || address.hasPrefix("127.") }
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
