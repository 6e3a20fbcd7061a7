import Domain
import HTTPTypes
import Hummingbird
import NIOCore

let trustRoutes: [Route] = [
    Route(.get, Paths.trust, anyone: showTrust),
    Route(.get, Paths.trustCertificate, file: sendCertificate),
]

let trustPages: [any Page.Type] = [TrustPage.self]

/// How a browser learns to trust this box, for each system.
struct TrustPage: Page {
    static let template = "trust"
    var title = "Trust this box"
    var hasAuthority: Bool
    var certificate: String
    var names: [String]
}

@Sendable private func showTrust(_ visit: Visit) async throws -> Response {
    try visit.page(
        TrustPage(
            hasAuthority: visit.site.authority != nil, certificate: Paths.trustCertificate,
            names: visit.site.names))
}

/// The type is what makes phones and Windows offer to install it.
@Sendable private func sendCertificate(_ visit: Visit) async throws -> Response {
    guard let authority = visit.site.authority else { throw UserError.notHere }
    return Response(
        status: .ok,
        headers: [
            .contentType: "application/x-x509-ca-cert",
            .contentDisposition: contentDisposition("rollcall-ca.crt"),
        ], body: ResponseBody(byteBuffer: ByteBuffer(string: authority)))
}
