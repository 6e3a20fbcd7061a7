import Crypto
import CryptoExtras
import Domain
import Foundation

/// How hard a password hash is: scrypt (RFC 7914) with block size 8 and parallelism 1.
///
/// Stored as `scrypt$N$salt$key` with base64 fields, so that a higher cost applies from the next change on.
public struct PasswordCost: Sendable {
    /// A power of two; memory is 1,024 × this many bytes.
    public var rounds: Int

    public init(rounds: Int) { self.rounds = rounds }

    /// 64 MB and about 0.2 s.
    public static let standard = PasswordCost(rounds: 65_536)

    /// At most two at a time: each needs 64 MB, and sign-ins must not starve the office.
    private static let queue: OperationQueue = {
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 2
        queue.name = "passwords"
        return queue
    }()

    public func hash(_ password: String) async throws -> String {
        let rounds = rounds
        return try await Self.offLoop {
            let salt = Data(AES.GCM.Nonce()) + Data(AES.GCM.Nonce())
            let key = try Self.derive(password, salt: salt, rounds: rounds)
            return "scrypt$\(rounds)$\(salt.base64EncodedString())$\(key.base64EncodedString())"
        }
    }

    /// Takes the same time for a missing hash as for a wrong password.
    public func matches(_ password: String, hash: String?) async throws -> Bool {
        let rounds = rounds
        return try await Self.offLoop {
            let parts = (hash ?? "").split(separator: "$")
            guard parts.count == 4, parts[0] == "scrypt", let cost = Int(parts[1]),
                let salt = Data(base64Encoded: String(parts[2])),
                let key = Data(base64Encoded: String(parts[3]))
            else {
                _ = try Self.derive(password, salt: Data(count: 24), rounds: rounds)
                return false
            }
            let derived = try Self.derive(password, salt: salt, rounds: cost)
            return constantTimeEqual(derived, key)
        }
    }

    private static func derive(_ password: String, salt: Data, rounds: Int) throws -> Data {
        // NFC, so that the same word typed on another keyboard opens the account (RFC 8265, 4.2).
        let text = Data(password.precomposedStringWithCanonicalMapping.utf8)
        let key = try KDF.Scrypt.deriveKey(
            from: text, salt: salt, outputByteCount: 32, rounds: rounds, blockSize: 8, parallelism: 1)
        return key.withUnsafeBytes { Data($0) }
    }

    private static func offLoop<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.addOperation { continuation.resume(with: Result { try body() }) }
        }
    }
}

/// Compares without telling by its time where the first difference is.
func constantTimeEqual(_ a: Data, _ b: Data) -> Bool {
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
