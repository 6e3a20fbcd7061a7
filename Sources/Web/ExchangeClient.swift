import Crypto
import Domain
import Foundation
import Ingest
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// Calls another office's box: HTTP/1.1 over TLS, one connection for each call.
///
/// Made of the parts that the server is made of: what is asked here is little, and a client library would bring more
/// than this file.
struct ExchangeClient: Sendable {
    enum Trust: Sendable {
        /// The other box's own authority, in PEM. It speaks for that box alone, so the name in the address does not
        /// matter: boxes are reached through tunnels and forwarded ports, too.
        case authority(String)
        /// The system's authorities, for the name in the address.
        case system
        /// Nobody looks: only to fetch what is compared afterwards.
        case nobody
    }

    enum Body: Sendable {
        case none
        case json([UInt8])
        /// The bytes of a file from an offset on.
        case file(String, from: Int64)
    }

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    let address: ExchangeAddress
    let trust: Trust
    var secret: String?
    /// What errors call the other office.
    var name: String
    /// The longest silence.
    var silence: Duration = .seconds(60)

    /// - Parameters:
    ///   - limit: bytes of an answer that are kept at most.
    ///   - take: gets the body of an answer 200 or 206 piece by piece; it is not kept then.
    /// - Throws: `UserError` where the box is not reached, is not the one that is meant, or breaks off.
    func call(
        _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], body: Body = .none,
        limit: Int = 8_000_000,
        take: (@Sendable (HTTPResponseHead, ByteBuffer) throws -> Void)? = nil
    ) async throws -> Answer {
        let watch = Watch()
        do {
            let channel = try await connect()
            let watcher = Task {
                while !Task.isCancelled {
                    try await Task.sleep(for: min(silence / 4, .seconds(5)))
                    if watch.isSilent(for: silence) { channel.channel.close(promise: nil) }
                }
            }
            defer { watcher.cancel() }
            let head = try requestHead(method, path, headers, body)
            return try await channel.executeThenClose { inbound, outbound in
                async let sent: Void = send(head, body, outbound, watch)
                var answer: Answer?
                var found: HTTPResponseHead?
                for try await part in inbound {
                    watch.touch()
                    switch part {
                    case .head(let head):
                        found = head
                        answer = Answer(
                            status: Int(head.status.code), headers: head.headers, body: [])
                    case .body(let bytes):
                        if let take, let found, answer?.status == 200 || answer?.status == 206 {
                            try take(found, bytes)
                        } else {
                            guard (answer?.body.count ?? 0) + bytes.readableBytes <= limit else {
                                throw tooMuch
                            }
                            answer?.body += Array(buffer: bytes)
                        }
                    case .end:
                        // A refusal may come before all was sent.
                        if let answer { return answer }
                    }
                }
                try await sent
                throw cutOff
            }
        } catch let error as UserError {
            throw error
        } catch is CancellationError {
            throw UserError.exchangeCancelled
        } catch {
            if Task.isCancelled { throw UserError.exchangeCancelled }
            throw watch.isSilent(for: silence) ? tooSlow : words(for: error)
        }
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func connect() async throws -> Connection {
        let context = try NIOSSLContext(configuration: tlsConfiguration())
        let isName = address.host.contains { $0.isLetter } && !address.host.contains(":")
        let name = isName ? address.host : nil
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(15))
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(sslHandler(context, serverHostname: name))
                    try pipeline.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// A box's own authority may speak for private addresses alone; the library under the handler does not know such
    /// constraints and would refuse every one of its certificates.
    private func sslHandler(_ context: NIOSSLContext, serverHostname name: String?) throws
        -> NIOSSLClientHandler
    {
        guard case .authority(let pem) = trust else {
            return try NIOSSLClientHandler(context: context, serverHostname: name)
        }
        let authority = try Certificate(pemEncoded: pem)
        return try NIOSSLClientHandler(context: context, serverHostname: name) { shown, promise in
            let chain = shown.compactMap { try? Certificate(derEncoded: $0.toDERBytes()) }
            promise.completeWithTask {
                guard let leaf = chain.first, chain.count == shown.count else { return .failed }
                var verifier = Verifier(rootCertificates: CertificateStore([authority])) { RFC5280Policy() }
                let result = await verifier.validate(
                    leaf: leaf, intermediates: CertificateStore(chain.dropFirst()))
                if case .validCertificate = result { return .certificateVerified }
                return .failed
            }
        }
    }

    private func tlsConfiguration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        switch trust {
        case .system: break
        case .authority(let pem):
            configuration.trustRoots = .certificates([
                try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)
            ])
            configuration.certificateVerification = .noHostnameVerification
        case .nobody: configuration.certificateVerification = .none
        }
        return configuration
    }

    private func requestHead(
        _ method: HTTPMethod, _ path: String, _ headers: [(String, String)], _ body: Body
    ) throws -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: address.authority)
        head.headers.add(name: "Connection", value: "close")
        head.headers.add(name: "User-Agent", value: "Rollcall/\(Version.text)")
        if let secret { head.headers.add(name: "Authorization", value: "Bearer \(secret)") }
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        switch body {
        case .none: if method != .GET { head.headers.add(name: "Content-Length", value: "0") }
        case .json(let bytes):
            head.headers.add(name: "Content-Type", value: "application/json")
            head.headers.add(name: "Content-Length", value: String(bytes.count))
        case .file(let path, let offset):
            head.headers.add(name: "Content-Type", value: "application/octet-stream")
            head.headers.add(
                name: "Content-Length", value: String(max(0, try fileSize(path) - offset)))
        }
        return head
    }

    private func send(
        _ head: HTTPRequestHead, _ body: Body,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>, _ watch: Watch
    ) async throws {
        try await outbound.write(.head(head))
        switch body {
        case .none: break
        case .json(let bytes): try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        case .file(let path, var offset):
            let file = try OpenFile(path)
            while let piece = try file.read(at: offset, upTo: 256 * 1024) {
                try await outbound.write(.body(.byteBuffer(piece)))
                watch.touch()
                offset += Int64(piece.readableBytes)
            }
        }
        try await outbound.write(.end(nil))
    }

    /// Since when the other side was silent.
    private final class Watch: Sendable {
        private let last = Mutex(ContinuousClock.now)

        func touch() { last.withLock { $0 = .now } }
        func isSilent(for limit: Duration) -> Bool { last.withLock { .now - $0 > limit } }
    }

    // MARK: Errors in words

    private var tooMuch: UserError {
        UserError(
            .invalid, "“\(name)” at \(address.text) answers with more than Rollcall would.",
            advice: "Check the address.")
    }
    private var cutOff: UserError {
        UserError(
            .cutOff,
            "The connection to “\(name)” broke off. What came so far is kept, and goes on from there.",
            advice: "It is tried again by itself.")
    }
    private var tooSlow: UserError {
        UserError(
            .busy, "“\(name)” at \(address.text) did not answer in time.",
            advice: "It is tried again by itself. Look whether its box is busy, and the line between you.")
    }

    private func words(for error: any Error) -> UserError {
        switch error {
        case NIOSSLError.handshakeFailed(.sslError(let stack)) where stack == [.eofDuringHandshake]: cutOff
        case NIOSSLError.handshakeFailed(let reason):
            UserError(
                .notAllowed,
                "The box at \(address.text) is not the one that made the token of “\(name)”, or its certificate is no longer good (\(reason)). Nothing was sent to it.",
                advice:
                    "Check the address. If that box was replaced, have a new token made there, and enter it here."
            )
        case is NIOConnectionError, is ChannelError:
            UserError(
                .busy, "“\(name)” cannot be reached at \(address.text).",
                advice:
                    "It is tried again by itself. Look whether its box is on, and whether the address is right."
            )
        default: cutOff
        }
    }
}

/// A file that is read piece by piece.
final class OpenFile: Sendable {
    private let descriptor: Int32
    let size: Int64

    init(_ path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw UserError.notHere }
        var info = stat()
        size = fstat(descriptor, &info) == 0 ? Int64(info.st_size) : 0
    }

    deinit { close(descriptor) }

    /// nil: the end.
    func read(at offset: Int64, upTo count: Int) throws -> ByteBuffer? {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(descriptor, &bytes, count, Int(offset))
        guard got >= 0 else {
            throw UserError(.unreadable, "A snapshot on its way cannot be read.", advice: "Check the disk.")
        }
        return got == 0 ? nil : ByteBuffer(bytes: bytes[..<got])
    }
}

func fileSize(_ path: String) throws -> Int64 {
    var info = stat()
    guard stat(path, &info) == 0 else { throw UserError.notHere }
    return Int64(info.st_size)
}

/// SHA-256 in hex of a file's bytes, or of their beginning. Blocks its thread.
func digest(ofFile path: String) throws -> String {
    let file = try OpenFile(path)
    var hash = SHA256()
    var offset: Int64 = 0
    while let piece = try file.read(at: offset, upTo: 1 << 20) {
        hash.update(data: piece.readableBytesView)
        offset += Int64(piece.readableBytes)
    }
    return hexadecimal(hash.finalize())
}

extension ExchangeClient {
    /// The authority of a box that made a token, fetched from it and compared with the token.
    ///
    /// - Returns: in PEM; nil where the token says that the system knows it.
    /// - Throws: `UserError` where it is another box's.
    static func authority(of token: ExchangeToken, at address: ExchangeAddress, name: String) async throws
        -> String?
    {
        guard case .authority(let hash) = token.trust else { return nil }
        // No secret goes along.
        let client = ExchangeClient(address: address, trust: .nobody, name: name)
        let answer = try await client.call(.GET, Paths.trustCertificate, limit: 100_000)
        guard answer.status == 200, let pem = String(bytes: answer.body, encoding: .utf8),
            let certificate = try? NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem),
            try hexadecimal(SHA256.hash(data: Data(certificate.toDERBytes()))) == hash
        else {
            throw UserError(
                .notAllowed, "The box at \(address.text) is not the one that made this token.",
                advice:
                    "Check the address. If it is right, somebody stands between the two boxes: do not go on.")
        }
        return pem
    }
}

/// SHA-256 of a certificate, in hex, as tokens have it; nil where there is none.
func authorityDigest(_ pem: String) -> String? {
    guard let certificate = try? NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem),
        let bytes = try? certificate.toDERBytes()
    else { return nil }
    return hexadecimal(SHA256.hash(data: Data(bytes)))
}
