import Synchronization

/// Words left for a session's next page; in memory, since losing them at a restart costs nobody anything.
final class Notices: Sendable {
    private let waiting = Mutex<[String: Notice]>([:])

    func leave(_ notice: Notice, for session: String) {
        waiting.withLock { waiting in
            // Sessions that never ask for another page must not add up.
            if waiting.count > 1000 { waiting.removeAll() }
            waiting[session] = notice
        }
    }

    func take(for session: String) -> Notice? {
        waiting.withLock { $0.removeValue(forKey: session) }
    }
}
