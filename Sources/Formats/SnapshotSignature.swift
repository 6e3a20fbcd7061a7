import Crypto
import Domain
import Foundation

/// Signs bytes with an office's Ed25519 key, which stays with the caller: 64 bytes (RFC 8032).
public typealias SnapshotSigner = (_ bytes: [UInt8]) throws -> [UInt8]

extension SnapshotManifest {
    /// What is signed: a version line, then the manifest's bytes as they lie in the file.
    static func signedBytes(_ manifest: [UInt8]) -> [UInt8] { Array("rollcall-manifest-1\n".utf8) + manifest }
}

extension SignedHead {
    /// - Throws: what `sign` throws, and `UserError` `invalid` where it signs with another key than `key`.
    public init(_ head: ChainHead, name: String, key: String, sign: SnapshotSigner) throws {
        let text = Array(Self.signedText(head, name: name, key: key).utf8)
        let signature = hexadecimal(try sign(text))
        guard isSigned(text, signature: signature, key: key) else { throw UserError.otherKey }
        self.init(head: head, name: name, key: key, signature: signature)
    }

    /// Whether the owner of `key` signed it; whose key that is, is not told by it.
    public var isGenuine: Bool { isSigned(Array(signedText.utf8), signature: signature, key: key) }
}

extension UserError {
    static let otherKey = UserError(
        .invalid, "The key that signs is not the office's key. Nothing was written.",
        advice: "Put the office's key back from a backup of its data folder.")
}

/// Ed25519 (RFC 8032) with signature and key in hex; false also where they are none.
func isSigned(_ bytes: [UInt8], signature: String, key: String) -> Bool {
    guard let signature = Domain.bytes(ofHexadecimal: signature), signature.count == 64,
        let key = Domain.bytes(ofHexadecimal: key),
        let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: key)
    else { return false }
    return publicKey.isValidSignature(signature, for: bytes)
}
