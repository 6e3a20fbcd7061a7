import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Storage

/// What another office's program may ask for, with the token that an admin made for it, and nothing else.
let exchangeAPIRoutes: [Route] = [
    Route(.get, Paths.exchangeAPI, office: sendVector),
    Route(.post, Paths.exchangeDownloadsAPI, office: makeDownload, body: .form(4 * 1024 * 1024)),
    Route(.get, Paths.exchangeDownloadAPI(":digest"), office: sendDownload),
    Route(.get, Paths.exchangeUploadAPI(":digest"), office: sendUploadState),
    Route(.put, Paths.exchangeUploadAPI(":digest"), office: takeUpload, body: .stream),
]

/// A request of another office's program.
struct OfficeVisit: Sendable {
    let visit: Visit
    let office: ID<Office>
    let name: String

    var shelf: ExchangeShelf { visit.site.exchange }
    /// Who the journal says it was.
    var actor: Actor { .exchange(with: name, at: visit.address) }

    func digest() throws -> String {
        guard let digest = visit.parameters.get("digest"), isDigest(digest) else { throw UserError.notHere }
        return digest
    }
}

@Sendable private func sendVector(_ context: OfficeVisit) async throws -> Response {
    try context.visit.json(
        try await onOwnThread { [store = context.visit.store, office = context.office] in
            try store.exchangeVector(for: office)
        })
}

@Sendable private func makeDownload(_ context: OfficeVisit) async throws -> Response {
    let holding = try context.visit.decode(ExchangeHolding.self)
    guard holding.heads.count <= 10_000, holding.heads.allSatisfy(\.isSound) else {
        throw UserError(
            .invalid, "The heads are none that an office could hold.", advice: "Send those of GET.")
    }
    let (shelf, office, name, actor) = (context.shelf, context.office, context.name, context.actor)
    let download = try await onOwnThread {
        try shelf.makeDownload(for: office, named: name, holding: holding.heads, by: actor)
    }
    return try context.visit.json(download)
}

/// Whole, or from an offset on (RFC 9110, 14): the bytes of a digest never change.
@Sendable private func sendDownload(_ context: OfficeVisit) async throws -> Response {
    let digest = try context.digest()
    let place = context.shelf.path("down", context.office, digest)
    let file = try OpenFile(place)
    // Calls may have been purged since it was made.
    guard try await onOwnThread({ [shelf = context.shelf] in try shelf.stillHolds(place) }) else {
        unlink(place)
        throw UserError.notHere
    }
    context.shelf.renew(place)
    let headers = context.visit.request.headers
    let tag = "\"\(digest)\""
    var from: Int64 = 0
    if let range = headers[.range], headers[.ifRange].map({ $0 == tag }) ?? true {
        let text = range.hasPrefix("bytes=") && range.hasSuffix("-") ? range.dropFirst(6).dropLast() : ""
        // Other ranges are answered with the whole, as the RFC allows.
        if let offset = Int64(text), (0..<file.size).contains(offset) { from = offset }
    }
    let (start, size) = (from, file.size)
    let body = ResponseBody(contentLength: Int(size - start)) { writer in
        var offset = start
        while let piece = try file.read(at: offset, upTo: 256 * 1024) {
            try await writer.write(piece)
            offset += Int64(piece.readableBytes)
        }
        try await writer.finish(nil)
    }
    var response = Response(
        status: start > 0 ? .partialContent : .ok,
        headers: [.contentType: "application/octet-stream", .eTag: tag, .acceptRanges: "bytes"], body: body)
    if start > 0 { response.headers[.contentRange] = "bytes \(start)-\(size - 1)/\(size)" }
    return response
}

@Sendable private func sendUploadState(_ context: OfficeVisit) async throws -> Response {
    try context.visit.json(context.shelf.upload(context.digest(), of: context.office))
}

/// Appends what comes; once all of it is here, it is taken in, and this answers before that is done.
@Sendable private func takeUpload(_ context: OfficeVisit) async throws -> Response {
    let (digest, query) = (try context.digest(), context.visit.query)
    guard let offset = Int64(query["offset"]), let bytes = Int64(query["bytes"]), offset >= 0, bytes > 0,
        bytes <= 1 << 44
    else {
        throw UserError(
            .invalid, "The query must say offset and bytes.", advice: "See /api/v1/openapi.json.")
    }
    let visit = context.visit
    try await receive(digest, at: offset, of: bytes, context)
    if context.shelf.upload(digest, of: context.office).offset == bytes {
        context.shelf.take(digest, of: context.office, name: context.name, by: context.actor)
    }
    return try visit.json(context.shelf.upload(digest, of: context.office))
}

private func receive(_ digest: String, at offset: Int64, of bytes: Int64, _ context: OfficeVisit) async throws
{
    let visit = context.visit
    let appending = try context.shelf.append(digest, of: context.office, at: offset, of: bytes)
    var left = bytes - offset
    try await visit.eachPiece(of: visit.streamedBody ?? visit.request.body) { piece in
        left -= Int64(piece.readableBytes)
        guard left >= 0 else {
            throw UserError(
                .invalid, "More bytes came than were announced.", advice: "Send the snapshot anew.")
        }
        try appending.write(Array(buffer: piece))
    }
    if left == 0 { try appending.sync() }
}

extension UserError {
    static let notFromOffice = UserError(
        .notSignedIn, "No office has this token.",
        advice: "Have an admin make a new one on the page Exchange.")
}
