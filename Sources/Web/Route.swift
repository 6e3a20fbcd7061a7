import Domain
import HTTPTypes
import Hummingbird

/// One line of the site's table: the whole of what may be asked for, and by whom.
///
/// The application is built from these alone, so what a route must be protected by is never left to its handler.
public struct Route: Sendable {
    public enum Access: Hashable, Sendable {
        case anyone
        /// The same for everybody: nobody is looked up, no cookie is set.
        case file
        /// Who is signed in with a role that has any reach for this; `/api/` also takes a bearer token.
        case needs(Permission)
        /// The box itself (loopback), or who may do this.
        case box(Permission)
        /// Another office's program, with the token that was made for it; no account has any reach here.
        case office
    }

    public enum Body: Hashable, Sendable {
        case none
        /// A form or JSON, read before the handler runs; the most bytes it may have.
        case form(Int)
        /// Read by the handler as it comes: `SignedIn.upload` or `SignedIn.readForm`.
        case stream
    }

    enum Handler: Sendable {
        case open(@Sendable (Visit) async throws -> Response)
        case signedIn(@Sendable (SignedIn) async throws -> Response)
        case office(@Sendable (OfficeVisit) async throws -> Response)
    }

    public let method: HTTPRequest.Method
    public let path: String
    public let access: Access
    public let body: Body
    let handler: Handler

    /// A route of who is signed in.
    init(
        _ method: HTTPRequest.Method, _ path: String, needs permission: Permission, body: Body? = nil,
        _ handler: @escaping @Sendable (SignedIn) async throws -> Response
    ) {
        self.method = method
        self.path = path
        access = .needs(permission)
        self.body = body ?? Self.usualBody(method)
        self.handler = .signedIn(handler)
    }

    /// A route for everybody, signed in or not.
    init(
        _ method: HTTPRequest.Method, _ path: String,
        anyone handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        self.method = method
        self.path = path
        access = .anyone
        body = Self.usualBody(method)
        self.handler = .open(handler)
    }

    /// A route whose answer is the same for everybody.
    init(
        _ method: HTTPRequest.Method, _ path: String,
        file handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        self.method = method
        self.path = path
        access = .file
        body = .none
        self.handler = .open(handler)
    }

    /// A route of the box itself.
    init(
        _ method: HTTPRequest.Method, _ path: String, boxOr permission: Permission,
        _ handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        self.method = method
        self.path = path
        access = .box(permission)
        body = Self.usualBody(method)
        self.handler = .open(handler)
    }

    /// A route of other offices' programs.
    init(
        _ method: HTTPRequest.Method, _ path: String,
        office handler: @escaping @Sendable (OfficeVisit) async throws -> Response, body: Body? = nil
    ) {
        self.method = method
        self.path = path
        access = .office
        self.body = body ?? Self.usualBody(method)
        self.handler = .office(handler)
    }

    private static func usualBody(_ method: HTTPRequest.Method) -> Body {
        method.isSafe ? .none : .form(64 * 1024)
    }

    /// Programs speak here: errors are JSON, and a bearer token stands for a session.
    var isAPI: Bool { path.hasPrefix("/api/") }
    var takesToken: Bool {
        if case .box = access { return true }
        return isAPI && access != .office
    }
}

extension HTTPRequest.Method {
    /// Changes nothing, RFC 9110, 9.2.1.
    var isSafe: Bool { self == .get || self == .head || self == .options }
}
