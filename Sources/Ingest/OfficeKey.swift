import Crypto
import Domain
import Formats
import Foundation
import Storage

/// The office's Ed25519 key (RFC 8032), in `keys/office.key`: with it the office signs what it sends, and by it others
/// know it. It leaves the folder in the office's own backups alone.
public struct OfficeKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// Hex.
    public var publicKey: String { hexadecimal(key.publicKey.rawRepresentation) }

    /// The folder's key; made when it is asked for first.
    ///
    /// - Throws: `UserError` `damaged` for a file that holds no key.
    public init(of store: OfficeStore) throws {
        let path = store.folder.officeKey
        // One that is there and cannot be read is not replaced: to the other offices it would be a stranger's.
        if access(path, F_OK) == 0 || errno != ENOENT {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw UserError(
                    .damaged, "The office's key \(path) cannot be read.",
                    advice: "Give it to the user that owns the data folder, with the mode 0600.")
            }
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes) else {
                throw UserError(
                    .damaged, "The office's key \(path) is damaged.", advice: "Put it back from a backup.")
            }
            self.key = key
            return
        }
        key = try Curve25519.Signing.PrivateKey(
            rawRepresentation: store.ids.random() + store.ids.random())
        try writeFile(Array(key.rawRepresentation), to: path)
    }

    public func sign(_ bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: Data(bytes))) }

    /// Words that two people compare before their offices trust each other.
    public var words: [String] { checkWords(ofKey: publicKey) }
}

/// Of a public key in hex.
public func checkWords(ofKey key: String) -> [String] {
    checkWords(ofHex: hexadecimal(SHA256.hash(data: Data("rollcall-key-1\n\(key)".utf8))))
}
