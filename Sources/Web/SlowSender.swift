import Domain
import Hummingbird
import NIOCore
import Synchronization

/// Hangs up on who sends a body too slowly, so that he cannot hold a connection for ever.
struct SlowSender: Sendable {
    /// The longest silence, and the longest time for all of it (nil: as long as bytes keep coming).
    var silence: Duration = .seconds(60)
    var total: Duration?

    /// Gives out the pieces of a body as they come.
    ///
    /// - Parameters:
    ///   - declared: the Content-Length, where there is one: a body that ends before it was cut off.
    ///   - hangUp: closes the connection, which ends the wait for the next piece.
    /// - Throws: `UserError` `cutOff`.
    func read(
        _ body: RequestBody, declared: Int?, hangUp: @escaping @Sendable () -> Void,
        _ take: (ByteBuffer) async throws -> Void
    ) async throws {
        let watch = Watch()
        let watcher = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: min(silence, .seconds(5)))
                if watch.isOver(silence: silence, total: total) {
                    hangUp()
                    return
                }
            }
        }
        defer { watcher.cancel() }
        var count = 0
        var pieces = body.makeAsyncIterator()
        while true {
            watch.wait(true)
            let piece: ByteBuffer?
            do { piece = try await pieces.next() } catch { throw UserError.uploadCutOff }
            guard let piece else { break }
            watch.wait(false)
            count += piece.readableBytes
            try await take(piece)
        }
        guard count >= declared ?? 0 else { throw UserError.uploadCutOff }
    }

    /// Since when we wait for the sender; time that we spend on a piece ourselves is not his.
    private final class Watch: Sendable {
        private let begun = ContinuousClock.now
        private let waitingSince = Mutex<ContinuousClock.Instant?>(nil)

        func wait(_ isWaiting: Bool) { waitingSince.withLock { $0 = isWaiting ? .now : nil } }

        func isOver(silence: Duration, total: Duration?) -> Bool {
            guard let since = waitingSince.withLock({ $0 }) else { return false }
            return .now - since > silence || total.map { .now - begun > $0 } ?? false
        }
    }
}

extension UserError {
    static let uploadCutOff = UserError(
        .cutOff, "What was sent broke off; nothing of it was kept.", advice: "Send it again.")
}

extension Visit {
    /// A whole small body; it has a minute to arrive.
    func collect(_ body: RequestBody, upTo limit: Int) async throws -> ByteBuffer {
        let declared = request.headers[.contentLength].flatMap { Int($0) }
        guard declared ?? 0 <= limit else { throw UserError.formTooLarge(limit) }
        var bytes = ByteBuffer()
        try await SlowSender(silence: .seconds(20), total: .seconds(60)).read(
            body, declared: declared, hangUp: hangUp
        ) { piece in
            guard bytes.readableBytes + piece.readableBytes <= limit else {
                throw UserError.formTooLarge(limit)
            }
            bytes.writeImmutableBuffer(piece)
        }
        return bytes
    }
}
