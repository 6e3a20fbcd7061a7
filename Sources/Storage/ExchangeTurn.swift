import Domain
import Foundation
import Synchronization

/// Keeps exchanges apart, whoever began them: a schedule, a person, a command or another office.
public final class ExchangeTurn: Sendable {
    private let taking = NSLock()
    private let running = Mutex<Set<ExchangeWay>>([])

    /// Snapshots are taken in one after the other. Blocks its thread, and is held for nothing that waits for a network.
    public func takingIn<T>(_ body: () throws -> T) rethrows -> T { try taking.withLock(body) }

    /// Whether a way may run now, which it then does until `end`.
    public func begin(_ way: ExchangeWay) -> Bool { running.withLock { $0.insert(way).inserted } }

    public func end(_ way: ExchangeWay) { running.withLock { _ = $0.remove(way) } }

    public func isRunning(_ way: ExchangeWay) -> Bool { running.withLock { $0.contains(way) } }
}
