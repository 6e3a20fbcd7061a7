import Foundation

/// Runs work that blocks on a thread of its own, so that no other task waits for it.
public func onOwnThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try work() }) }
        thread.stackSize = 1 << 22
        thread.start()
    }
}

/// A value that one thread makes and another waits for.
final class Awaited<Value: Sendable>: @unchecked Sendable {
    // `result` is touched only while `condition` is held.
    private let condition = NSCondition()
    private var result: Result<Value, any Error>?

    /// The first result stands.
    func settle(_ outcome: Result<Value, any Error>) {
        condition.withLock { if result == nil { result = outcome } }
        condition.broadcast()
    }

    func wait() throws -> Value {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result { return try result.get() }
            condition.wait()
        }
    }

    var hasFailed: Bool {
        condition.withLock { if case .failure = result { true } else { false } }
    }
}

/// One piece of work on a thread of its own, whose result is waited for.
func inBackground<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) -> Awaited<Value> {
    let awaited = Awaited<Value>()
    let thread = Thread { awaited.settle(Result { try work() }) }
    thread.stackSize = 1 << 21
    thread.start()
    return awaited
}
