import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Storage

extension SignedIn {
    /// A CSV file made of rows that are fetched piece by piece; text that begins like a formula is quoted.
    ///
    /// - Parameters:
    ///   - rows: called until it returns nil; each answer is one piece of rows (some hundreds).
    public func csv(
        name: String, header: [String],
        rows: @escaping @Sendable () async throws -> [[String]]?
    ) -> Response {
        let body = ResponseBody { writer in
            // Spreadsheets take a file without the mark for the local code page.
            try await writer.write(ByteBuffer(bytes: [0xef, 0xbb, 0xbf] + Self.csvBytes([header])))
            while let piece = try await rows() {
                if !piece.isEmpty { try await writer.write(ByteBuffer(bytes: Self.csvBytes(piece))) }
            }
            try await writer.finish(nil)
        }
        return download(name: name, type: "text/csv; charset=utf-8", body: body)
    }

    public func csv(name: String, header: [String], rows: [[String]]) -> Response {
        var body = ByteBuffer(bytes: [0xef, 0xbb, 0xbf])
        body.writeBytes(Self.csvBytes([header]))
        body.writeBytes(Self.csvBytes(rows))
        return download(
            name: name, type: "text/csv; charset=utf-8", body: ResponseBody(byteBuffer: body))
    }

    /// A file to be saved under `name`.
    public func download(name: String, type: String, body: ResponseBody) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: type, .contentDisposition: contentDisposition(name)], body: body)
    }

    static func csvBytes(_ rows: [[String]]) -> [UInt8] {
        var writer = CSVWriter(guardsFormulas: true)
        // Without a descriptor nothing is written anywhere, and nothing can fail.
        for row in rows { try? writer.record(row) }
        return writer.bytes
    }

    /// Server-sent events (WHATWG HTML, 9.2): one `data:` line of JSON for each element, until `next` returns nil.
    ///
    /// Ends when the server stops, so that an open page never holds it up; a comment every 15 seconds keeps
    /// the connection open and finds out when the browser has gone.
    public func events(
        _ next: @escaping @Sendable () async throws -> (any Encodable & Sendable)?
    ) -> Response {
        let body = ResponseBody { writer in
            let lines = AsyncThrowingStream<ByteBuffer, any Error>(bufferingPolicy: .bufferingOldest(64)) {
                continuation in
                let source = Task {
                    do {
                        while let value = try await next() {
                            let json = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
                            continuation.yield(ByteBuffer(string: "data: \(json)\n\n"))
                        }
                        continuation.finish()
                    } catch { continuation.finish(throwing: error) }
                }
                let pulse = Task {
                    while !Task.isCancelled {
                        try await Task.sleep(for: .seconds(15))
                        continuation.yield(ByteBuffer(string: ": still here\n\n"))
                    }
                }
                continuation.onTermination = { _ in
                    source.cancel()
                    pulse.cancel()
                }
            }
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            for try await line in lines.cancelOnGracefulShutdown() { try await writer.write(line) }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8"], body: body)
    }
}

/// RFC 6266 with the name in UTF-8 (RFC 8187) and a plain one for old programs.
func contentDisposition(_ name: String) -> String {
    let plain = String(
        name.unicodeScalars.map { scalar in
            scalar.isASCII && scalar.value >= 0x20 && scalar != "\"" && scalar != "\\" && scalar != "/"
                && scalar.value != 0x7f ? Character(scalar) : "_"
        })
    let encoded = name.utf8.map { byte -> String in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: String(UnicodeScalar(byte))
        default: "%" + hexadecimal([byte]).uppercased()
        }
    }.joined()
    return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
}
