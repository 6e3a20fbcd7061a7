import Domain
import Synchronization

/// Few password checks at once for each address: a flood of tries must not keep the others waiting.
final class SignInGate: Sendable {
    private let running = Mutex<[String: Int]>([:])
    private let limit = 3

    func pass<T: Sendable>(_ address: String, _ body: () async throws -> T) async throws -> T {
        let isFree = running.withLock { running in
            guard running[address, default: 0] < limit else { return false }
            running[address, default: 0] += 1
            return true
        }
        guard isFree else {
            throw UserError(
                .tooMany, "There are too many sign-ins at once from your address.",
                advice: "Try again in a few seconds.")
        }
        defer {
            running.withLock { running in
                let left = running[address, default: 1] - 1
                running[address] = left > 0 ? left : nil
            }
        }
        return try await body()
    }
}
