import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Storage

extension SignedIn {
    /// The body of a `.stream` route as it comes, for bytes sent with the token in the header or with a bearer token.
    ///
    /// - Throws: `UserError` when the sender is silent for a minute.
    public func upload(_ take: (ByteBuffer) async throws -> Void) async throws {
        try await visit.eachPiece(of: visit.streamedBody ?? visit.request.body, take)
    }

    /// The parts of a multipart form on a `.stream` route, as they come.
    ///
    /// The form token must be the first field, unless it came as a header; nothing is passed on before it is proven.
    public func readForm(_ take: (MultipartEvent) async throws -> Void) async throws {
        var parser: MultipartForm
        do { parser = try MultipartForm(contentType: visit.request.headers[.contentType] ?? "") } catch {
            throw UserError(
                .invalid, "The form did not arrive as one.",
                advice: "Choose the file again and send the form.")
        }
        var isProven = visit.sealedBody == nil
        var isToken = false
        var token: [UInt8] = []
        try await visit.eachPiece(of: visit.sealedBody ?? visit.streamedBody ?? visit.request.body) { piece in
            var events: [MultipartEvent] = []
            do { try parser.feed(Array(buffer: piece)[...]) { events.append($0) } } catch {
                throw Self.words(for: error)
            }
            for event in events {
                if isProven {
                    try await take(event)
                    continue
                }
                switch event {
                case .part(let name, _, _):
                    guard name == "csrf" else { throw UserError.formExpired }
                    isToken = true
                case .data(let bytes):
                    token += bytes
                    guard isToken, token.count <= 200 else { throw UserError.formExpired }
                case .partEnd:
                    guard sameText(String(decoding: token, as: UTF8.self), visit.formToken) else {
                        throw UserError.formExpired
                    }
                    isProven = true
                }
            }
        }
        do { try parser.finish() } catch { throw Self.words(for: error) }
        guard isProven else { throw UserError.formExpired }
    }

    private static func words(for error: any Error) -> UserError {
        switch error as? MultipartError {
        case .incomplete:
            UserError.uploadCutOff
        default:
            UserError(
                .invalid, "The form did not arrive whole; nothing was kept.", advice: "Send it again.")
        }
    }
}

extension Visit {
    func eachPiece(of body: RequestBody, _ take: (ByteBuffer) async throws -> Void) async throws {
        try await SlowSender().read(
            body, declared: request.headers[.contentLength].flatMap { Int($0) }, hangUp: hangUp, take)
    }
}
