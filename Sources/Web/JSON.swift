import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Visit {
    /// A JSON answer with sorted keys.
    public func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value) + [0x0a])))
    }

    /// The JSON that was sent.
    ///
    /// - Throws: `UserError` `invalid` that names the field.
    public func decode<T: Decodable>(_ type: T.Type) throws -> T {
        do { return try JSONDecoder().decode(type, from: Data(json)) } catch let error as DecodingError {
            let path =
                switch error {
                case .keyNotFound(let key, let context): context.codingPath + [key]
                case .typeMismatch(_, let context), .valueNotFound(_, let context),
                    .dataCorrupted(let context):
                    context.codingPath
                @unknown default: [any CodingKey]()
                }
            let field = path.map(\.stringValue).joined(separator: ".")
            throw UserError(
                .invalid,
                field.isEmpty ? "The body is no valid JSON." : "The field “\(field)” is missing or wrong.",
                advice: "See /api/v1/openapi.json.")
        }
    }
}

extension SignedIn {
    public func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        try visit.json(value, status: status)
    }

    public func decode<T: Decodable>(_ type: T.Type) throws -> T { try visit.decode(type) }
}
