import Crypto
import CryptoExtras
import Domain
import Foundation

/// A key made of a passphrase, with what it was made by; a box that seals on schedule keeps this, not the passphrase.
public struct SealingKey: Hashable, Codable, Sendable {
    /// 16 random bytes.
    public let salt: [UInt8]
    /// scrypt's N is 2 to this; memory is 1,024 × N bytes.
    public let cost: Int
    /// 32 bytes; whoever has them reads every file that the passphrase sealed with this salt.
    public let secret: [UInt8]

    /// 128 MB and about half a second.
    public static let standardCost = 17
    /// What a file may ask of its reader: 1 MB to 128 MB.
    public static let costs = 10...17

    /// scrypt (RFC 7914) with block size 8 and parallelism 1; takes long, so off the event loop.
    ///
    /// - Parameter salt: 16 random bytes.
    /// - Throws: `UserError` `invalid` for an empty passphrase.
    public init(passphrase: String, salt: [UInt8], cost: Int = Self.standardCost) throws {
        guard !passphrase.isEmpty else {
            throw UserError(.invalid, "The passphrase is empty.", advice: "Use four words or more.")
        }
        guard salt.count == SealedFile.saltBytes, Self.costs.contains(cost) else {
            throw SealedFile.notSealed
        }
        // NFC, so that the same words typed on another keyboard open the file (RFC 8265, 4.2).
        let text = Data(passphrase.precomposedStringWithCanonicalMapping.utf8)
        let key = try KDF.Scrypt.deriveKey(
            from: text, salt: salt, outputByteCount: 32, rounds: 1 << cost, blockSize: 8, parallelism: 1)
        self.salt = salt
        self.cost = cost
        secret = key.withUnsafeBytes { Array($0) }
    }

    /// A key that seals from now on; what a shorter passphrase sealed before still opens.
    ///
    /// - Throws: `UserError` `invalid` for a passphrase that is too short.
    public static func new(
        passphrase: String, salt: [UInt8], cost: Int = Self.standardCost
    ) throws -> SealingKey {
        try requireLong(passphrase)
        return try SealingKey(passphrase: passphrase, salt: salt, cost: cost)
    }

    /// Whoever has the file can try passphrases for years.
    ///
    /// - Throws: `UserError` `invalid` for one of fewer than 12 characters.
    public static func requireLong(_ passphrase: String) throws {
        guard passphrase.count >= 12 else {
            throw UserError(
                .invalid, "The passphrase is too short; nothing was changed.",
                advice: "Use 12 characters or more: four words, for example.")
        }
    }

    /// The key that was kept.
    public init(kept secret: [UInt8], salt: [UInt8], cost: Int) {
        self.salt = salt
        self.cost = cost
        self.secret = secret
    }

    /// A key for one purpose in one file (HKDF-SHA256, RFC 5869).
    func derived(_ purpose: String, nonce: [UInt8], count: Int) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), salt: nonce, info: Data(purpose.utf8),
            outputByteCount: count)
    }
}

/// How a snapshot is sealed: the key, and 16 random bytes that no other file sealed with that key has.
public struct Seal: Sendable {
    public var key: SealingKey
    public var nonce: [UInt8]

    public init(key: SealingKey, nonce: [UInt8]) {
        self.key = key
        self.nonce = nonce
    }
}

/// What opens a sealed snapshot.
public enum SealOpener: Sendable {
    case none
    case passphrase(String)
    case key(SealingKey)
    /// The key where it was made with the file's salt, else one made of the passphrase.
    case kept(SealingKey, passphrase: String)
}

/// A file under a passphrase: a head, then chunks of 64 KB, each encrypted and authenticated in its place.
///
/// The STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
/// Nonce-Reuse Misuse-Resistance" (2015), with ChaCha20-Poly1305 (RFC 8439): the nonce is the chunk's number and whether
/// it is the last, so a file that was cut, put together or put in another order does not open.
public enum SealedFile {
    static let magic = Array("rollcall-sealed-1\n".utf8)
    static let saltBytes = 16
    static let nonceBytes = 16
    private static let checkBytes = 16
    /// Magic, cost, block size, parallelism, salt, nonce, key check, and 16 bytes of the SHA-256 of all that.
    public static let headBytes = magic.count + 3 + saltBytes + nonceBytes + checkBytes + 16
    static let chunkBytes = 64 * 1024
    static let tagBytes = 16

    /// Whether a file that begins so is sealed.
    public static func isSealed(_ beginning: some Collection<UInt8>) -> Bool {
        beginning.prefix(magic.count).elementsEqual(magic)
    }

    static func head(of seal: Seal) throws -> [UInt8] {
        guard seal.nonce.count == nonceBytes, seal.key.salt.count == saltBytes, seal.key.secret.count == 32
        else {
            throw notSealed
        }
        var head = magic + [UInt8(clamping: seal.key.cost), 8, 1] + seal.key.salt + seal.nonce
        head += seal.key.derived("rollcall-sealed-1 check", nonce: seal.nonce, count: checkBytes)
            .withUnsafeBytes { Array($0) }
        return head + Array(SHA256.hash(data: head)).prefix(16)
    }

    /// The seal that a head names, opened.
    ///
    /// - Throws: `UserError` `damaged`, or `invalid` for a passphrase that is missing or wrong.
    static func seal(ofHead head: [UInt8], _ opener: SealOpener) throws -> Seal {
        guard head.count == headBytes, isSealed(head),
            SHA256.hash(data: head.dropLast(16)).prefix(16).elementsEqual(head.suffix(16))
        else { throw damagedHead }
        let cost = Int(head[magic.count])
        // The sum holds, so these were written: a stranger must not make us work for an hour.
        guard SealingKey.costs.contains(cost), head[magic.count + 1] == 8, head[magic.count + 2] == 1 else {
            throw UserError.snapshotInvalid("opening it would take too much memory or time")
        }
        let salt = Array(head.dropFirst(magic.count + 3).prefix(saltBytes))
        let nonce = Array(head.dropFirst(magic.count + 3 + saltBytes).prefix(nonceBytes))
        let key: SealingKey
        switch opener {
        case .none: throw needsPassphrase
        case .passphrase(let passphrase): key = try SealingKey(passphrase: passphrase, salt: salt, cost: cost)
        case .key(let kept): key = kept
        case .kept(let kept, let passphrase):
            key =
                kept.salt == salt && kept.cost == cost
                ? kept : try SealingKey(passphrase: passphrase, salt: salt, cost: cost)
        }
        let seal = Seal(key: key, nonce: nonce)
        // Salt and cost are in it, so a kept key of another passphrase is told, too.
        guard key.salt == salt, try self.head(of: seal) == head else { throw wrongPassphrase }
        return seal
    }

    static let notSealed = UserError(
        .invalid, "The key that is kept for a passphrase is damaged.", advice: "Set the passphrase again.")
    static let damagedHead = UserError.snapshotDamaged("its beginning", "the passphrase cannot even be tried")
    public static let needsPassphrase = UserError.snapshotSealed
    public static let wrongPassphrase = UserError(
        .sealed, "The passphrase is wrong. Nothing was taken in.",
        advice: "Type it again; capital letters and blanks count.")
}

/// Seals and opens the chunks of one file.
struct SealedChunks: Sendable {
    private let key: SymmetricKey
    private let head: [UInt8]

    init(_ seal: Seal) throws {
        key = seal.key.derived("rollcall-sealed-1 chunks", nonce: seal.nonce, count: 32)
        head = try SealedFile.head(of: seal)
    }

    /// Eleven bytes of the number, from 0, highest first; then 1 for the last chunk.
    private func nonce(_ number: Int64, isLast: Bool) throws -> ChaChaPoly.Nonce {
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: number >> Int64(8 * (7 - $0))) }
        return try ChaChaPoly.Nonce(data: [0, 0, 0] + digits + [isLast ? 1 : 0])
    }

    func seal(_ plain: UnsafeRawBufferPointer, number: Int64, isLast: Bool) throws -> Data {
        let box = try ChaChaPoly.seal(
            plain, using: key, nonce: nonce(number, isLast: isLast), authenticating: head)
        return box.ciphertext + box.tag
    }

    /// nil: the chunk is not the one that was sealed in this place.
    func open(_ sealed: UnsafeRawBufferPointer, number: Int64, isLast: Bool) throws -> Data? {
        guard sealed.count > SealedFile.tagBytes else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: sealed.dropLast(SealedFile.tagBytes))
        let tag = UnsafeRawBufferPointer(rebasing: sealed.suffix(SealedFile.tagBytes))
        guard
            let box = try? ChaChaPoly.SealedBox(
                nonce: nonce(number, isLast: isLast), ciphertext: text, tag: tag)
        else { return nil }
        return try? ChaChaPoly.open(box, using: key, authenticating: head)
    }
}

extension UserError {
    public static let noSnapshot = UserError(
        .unknownFormat, "That is no snapshot, or its first bytes are damaged. Nothing of it was taken in.",
        advice: "Choose a file that “Export” of Rollcall wrote; its name ends in .rollcall.")
    /// Nothing can be said of it without the passphrase.
    public static let snapshotSealed = UserError(
        .sealed, "The snapshot is sealed with a passphrase.", advice: "Give the passphrase.")
}
