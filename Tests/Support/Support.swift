import Foundation

/// Waits for what runs beside a test.
///
/// - Returns: whether it came to be so; false after minutes, so that a slow box is no failure.
public func comes(_ isSo: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<30_000 {
        if try await isSo() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return false
}

/// Has a service run beside a test, and ends when it has ended: no store is closed under it.
public func running(
    _ service: @escaping @Sendable () async throws -> Void, _ body: () async throws -> Void
) async throws {
    let task = Task { try await service() }
    let result: Result<Void, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    task.cancel()
    _ = await task.result
    try result.get()
}
