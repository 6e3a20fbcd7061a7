import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// What went wrong, as a page.
struct FailurePage: Page {
    static let template = "failure"
    var title: String
    var message: String
    var advice: String
    /// Names the entry in the log; only for what no person can mend.
    var id: String?
    /// Where the disk's space is, for who needs some.
    var storage: String?
}

/// What went wrong, for programs.
struct FailureJSON: Codable, Sendable {
    struct Body: Codable, Sendable {
        var code: String
        var message: String
        var advice: String
        /// The version that the words speak of.
        var href: String?
    }
    var error: Body
}

extension Edge {
    /// The one place where an error becomes a status with a page or with JSON.
    func failure(_ error: any Error, _ request: Request, _ context: ArrivedContext) async -> Response {
        let known = known(error)
        if known == nil {
            context.logger.error(
                "internal error", metadata: ["id": "\(context.id)", "error": "\(String(reflecting: error))"])
        }
        let shown =
            known
            ?? UserError(
                .damaged, "Internal error \(context.id). Nothing more was changed.",
                advice: "Try again. If it stays, tell an admin this number: the server's log says more.")
        let office = try? await site.store.officeState()
        var visit = Visit(
            site: site, request: request, id: context.id, address: context.address, logger: context.logger,
            hangUp: context.hangUp)
        visit.office = office
        return visit.failure(shown, id: known == nil ? context.id : nil)
    }

    private func known(_ error: any Error) -> UserError? {
        if let error = error as? UserError { return error }
        if let error = error as? HTTPError {
            switch error.status.code {
            case 404, 405: return UserError.notHere
            case 413: return UserError.formTooLarge(64 * 1024)
            case 400..<500:
                return UserError(
                    .invalid, "The request cannot be understood.", advice: "Check what was sent.")
            default: return nil
            }
        }
        return OfficeStore.userError(for: error)
    }
}

extension Visit {
    func failure(_ error: UserError, id: String? = nil) -> Response {
        let status = HTTPResponse.Status(code: id == nil ? error.code.status : 500)
        var response: Response?
        if wantsJSON {
            let json = FailureJSON(
                error: .init(
                    code: error.code.rawValue, message: error.message, advice: error.advice,
                    href: error.place?.href))
            response = try? self.json(json, status: status)
        } else {
            response = try? page(
                FailurePage(
                    title: Self.title(of: error, isInternal: id != nil), message: error.message,
                    advice: error.advice, id: id,
                    storage: error.code == .diskFull && path.hasPrefix(Paths.files) ? Paths.storage : nil),
                status: status)
        }
        var answer =
            response
            ?? Response(
                status: status, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: error.message + "\n" + error.advice + "\n"))
            )
        if error.code == .notSignedIn { answer.headers[.wwwAuthenticate] = "Bearer" }
        if error.code == .busy { answer.headers[.retryAfter] = "5" }
        return answer
    }

    private static func title(of error: UserError, isInternal: Bool) -> String {
        if isInternal { return "Something went wrong" }
        return switch error.code {
        case .notFound, .notAllowed: "Not found"
        case .notSignedIn: "Not signed in"
        case .formToken: "Not sent"
        case .tooLarge: "Too large"
        case .tooMany: "Too many tries"
        case .busy: "Busy"
        case .diskFull: "The disk is full"
        case .conflict, .stale: "Not done"
        default: "That did not work"
        }
    }
}
