import Crypto
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Style, script and icons, with the name of this set of them.
struct Assets: Sendable {
    struct File: Sendable {
        var bytes: ByteBuffer
        var type: String
        var tag: String
    }
    let files: [String: File]
    /// Changes with any byte of any asset, so that a browser may keep what it has for ever.
    let version: String

    init(_ embedded: EmbeddedFiles) {
        var files: [String: File] = [:]
        var all = SHA256()
        for (path, bytes) in embedded.files.sorted(by: { $0.key < $1.key }) where path.hasPrefix("assets/") {
            let digest = SHA256.hash(data: Data(bytes.readableBytesView))
            all.update(data: Data(path.utf8))
            digest.withUnsafeBytes { all.update(bufferPointer: $0) }
            files[String(path.dropFirst("assets/".count))] = File(
                bytes: bytes, type: Self.type(of: path), tag: "\"\(hexadecimal(digest).prefix(32))\"")
        }
        self.files = files
        version = String(hexadecimal(all.finalize()).prefix(12))
    }

    private static func type(of path: String) -> String {
        let types = [
            "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
            "png": "image/png", "ico": "image/x-icon", "woff2": "font/woff2",
            "txt": "text/plain; charset=utf-8",
            "json": "application/json", "webmanifest": "application/manifest+json",
        ]
        return types[path.split(separator: ".").last.map(String.init) ?? ""] ?? "application/octet-stream"
    }

    func answer(_ visit: Visit) throws -> Response {
        let name = visit.parameters.getCatchAll().joined(separator: "/")
        guard let file = files[name] else { throw UserError.notHere }
        var headers: HTTPFields = [
            .contentType: file.type, .eTag: file.tag,
            .cacheControl: visit.query["v"] == version
                ? "public, max-age=31536000, immutable" : "public, no-cache",
        ]
        if visit.request.headers[.ifNoneMatch]?.contains(file.tag) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.acceptRanges] = "none"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
    }
}
