import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage
import Synchronization

/// What surrounds every request: its line in the log, the headers that guard pages, and errors in words.
struct Edge: RouterMiddleware {
    typealias Context = ArrivedContext
    let site: Site

    func handle(
        _ request: Request, context: ArrivedContext,
        next: (Request, ArrivedContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = await failure(error, request, context)
        }
        addGuards(to: &response)
        let elapsed = ContinuousClock.now - start
        site.counters.count(response.status.code, elapsed)
        // The path only: a query may hold names, and nothing secret is ever in a path.
        context.logger.info(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path.prefix(200))",
                "status": "\(response.status.code)", "from": "\(context.address)",
                "ms":
                    "\(elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000)",
            ])
        return response
    }

    private func addGuards(to response: inout Response) {
        for (name, value) in Self.guards where response.headers[name] == nil {
            response.headers[name] = value
        }
        if site.isSecure { response.headers[.strictTransportSecurity] = "max-age=15552000" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    }

    private static let guards: [(HTTPField.Name, String)] = [
        (
            .contentSecurityPolicy,
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
                + "form-action 'self'; frame-ancestors 'none'"
        ),
        (.xContentTypeOptions, "nosniff"),
        (named("Referrer-Policy"), "same-origin"),
        (named("Cross-Origin-Opener-Policy"), "same-origin"),
        (named("Cross-Origin-Resource-Policy"), "same-origin"),
        (named("Permissions-Policy"), "camera=(), microphone=(), geolocation=(), interest-cohort=()"),
        (named("X-Frame-Options"), "DENY"),
    ]

    private static func named(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .server }
}
