import Foundation

/// Runs work that blocks on a thread of its own, so that no other task waits for it.
public func onOwnThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try work() }) }
        thread.stackSize = 1 << 22
        thread.start()
    }
}

/// One piece of work on a thread of its own, whose result is waited for.
final class Background<Value: Sendable>: @unchecked Sendable {
    // `result` is touched only while `condition` is held.
    private let condition = NSCondition()
    private var result: Result<Value, any Error>?

    init(_ work: @escaping @Sendable () throws -> Value) {
        let thread = Thread { [self] in
            let outcome = Result { try work() }
            condition.withLock { result = outcome }
            condition.broadcast()
        }
        thread.stackSize = 1 << 21
        thread.start()
    }

    func wait() throws -> Value {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result { return try result.get() }
            condition.wait()
        }
    }
}
