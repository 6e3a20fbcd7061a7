import Foundation

/// Something a person can mend: what happened (and what was kept), and what to do.
///
/// Everything else that goes wrong is logged with an id and shown as an internal error.
public struct UserError: Error, Hashable, Sendable, Codable {
    public var code: Code
    public var message: String
    public var advice: String
    /// The version that the words speak of, for a link to it.
    public var place: VersionPlace?

    public init(_ code: Code, _ message: String, advice: String, place: VersionPlace? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
        self.place = place
    }

    /// The stable name of an error; `status` and `exitCode` are its only other spellings.
    public enum Code: String, CaseIterable, Codable, Sendable {
        case invalid
        case notFound = "not-found"
        case notAllowed = "not-allowed"
        case notSignedIn = "not-signed-in"
        case conflict
        case stale
        case busy
        case tooLarge = "too-large"
        case tooMany = "too-many"
        case diskFull = "disk-full"
        case damaged
        case cancelled
        case formToken = "form-token"
        // A file that was not taken in.
        case unknownFormat = "unknown-format"
        case notCallLog = "not-a-call-log"
        case emptyFile = "empty-file"
        case noRows = "no-rows"
        case sameBytes = "same-bytes"
        case sameReading = "same-reading"
        case dateOrder = "date-order-needed"
        case columns = "columns-needed"
        case cutOff = "cut-off"
        case unreadable
        /// Its passphrase is missing or wrong.
        case sealed

        /// What only has to wait, or to be asked for otherwise: nothing was refused for what it is.
        public static let passing: Set<Code> = [.stale, .busy, .cancelled, .notFound, .sealed]

        /// Not a refusal: the file waits for somebody's answer.
        public var isQuestion: Bool { self == .dateOrder || self == .columns }

        /// HTTP status, RFC 9110.
        public var status: Int {
            switch self {
            case .invalid, .cutOff, .sealed: 400
            case .notSignedIn: 401
            case .formToken: 403
            // Outside one's scope is 404, never 403: the answer must not tell that something exists.
            case .notFound, .notAllowed: 404
            case .conflict, .stale, .sameBytes, .sameReading, .cancelled: 409
            case .tooLarge: 413
            case .unknownFormat, .notCallLog, .emptyFile, .noRows, .dateOrder, .columns, .unreadable: 422
            case .tooMany: 429
            case .damaged: 500
            case .busy: 503
            case .diskFull: 507
            }
        }

        /// Exit status of the program, `sysexits.h`.
        public var exitCode: Int32 {
            switch self {
            case .invalid, .sealed: 64
            case .unknownFormat, .notCallLog, .emptyFile, .noRows, .sameBytes, .sameReading, .dateOrder,
                .columns, .unreadable, .cutOff, .tooLarge, .damaged, .conflict, .stale:
                65
            case .notFound: 66
            case .diskFull: 74
            case .busy, .tooMany, .cancelled: 75
            case .notAllowed, .notSignedIn, .formToken: 77
            }
        }
    }
}
