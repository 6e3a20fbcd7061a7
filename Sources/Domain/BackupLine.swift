import Foundation

/// What a backup holds beside the journal, as one line of its local part: what no entry says.
///
/// An object with one field, which is called by its kind. Entries of the local stream are lines of their own kind,
/// spelt as the shared ones.
public enum BackupLine: Hashable, Codable, Sendable {
    /// An account's password, as it is kept.
    public struct Credential: Hashable, Codable, Sendable {
        public var user: ID<User>
        public var hash: String
        /// Milliseconds since 1970, as every time here.
        public var changed: Int64
        /// Somebody else knows it.
        public var initial: Bool

        public init(user: ID<User>, hash: String, changed: Int64, initial: Bool) {
            self.user = user
            self.hash = hash
            self.changed = changed
            self.initial = initial
        }
    }

    /// A bearer token of the API, as it is kept.
    public struct Token: Hashable, Codable, Sendable {
        /// SHA-256 of the secret, in hex.
        public var hash: String
        public var id: String
        public var user: ID<User>
        public var name: String
        public var created: Int64
        public var expires: Int64
        public var used: Int64?

        public init(
            hash: String, id: String, user: ID<User>, name: String, created: Int64, expires: Int64,
            used: Int64?
        ) {
            self.hash = hash
            self.id = id
            self.user = user
            self.name = name
            self.created = created
            self.expires = expires
            self.used = used
        }
    }

    /// A file of the folder `keys`.
    public struct Key: Hashable, Codable, Sendable {
        public var name: String
        /// Its bytes.
        public var content: Data

        public init(name: String, content: Data) {
            self.name = name
            self.content = content
        }

        /// Of a file of the folder `keys` itself, not hidden.
        public static func isName(_ name: String) -> Bool {
            (1...100).contains(name.utf8.count) && !name.hasPrefix(".")
                && name.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                        || (0x61...0x7a).contains(byte) || byte == 0x2d || byte == 0x2e || byte == 0x5f
                }
        }
        public static let mostBytes = 1 << 20
    }

    /// What is known of another office by its last snapshot.
    public struct Peer: Hashable, Codable, Sendable {
        public var office: ID<Office>
        /// JSON, as it is kept.
        public var state: String

        public init(office: ID<Office>, state: String) {
            self.office = office
            self.state = state
        }
    }

    /// Two signed entries with one number that were found.
    public struct Fork: Hashable, Codable, Sendable {
        public var office: ID<Office>
        public var incarnation: Int
        public var seq: Int64
        public var ours: String
        public var theirs: String
        public var found: Int64

        public init(
            office: ID<Office>, incarnation: Int, seq: Int64, ours: String, theirs: String, found: Int64
        ) {
            self.office = office
            self.incarnation = incarnation
            self.seq = seq
            self.ours = ours
            self.theirs = theirs
            self.found = found
        }
    }

    case credential(Credential)
    case token(Token)
    case key(Key)
    case peer(Peer)
    case signedHead(SignedHead)
    case fork(Fork)

    private enum CodingKeys: String, CodingKey { case credential, token, key, peer, signedHead, fork }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        guard values.allKeys.count == 1, let kind = values.allKeys.first else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not one kind"))
        }
        switch kind {
        case .credential: self = .credential(try values.decode(Credential.self, forKey: kind))
        case .token: self = .token(try values.decode(Token.self, forKey: kind))
        case .key: self = .key(try values.decode(Key.self, forKey: kind))
        case .peer: self = .peer(try values.decode(Peer.self, forKey: kind))
        case .signedHead: self = .signedHead(try values.decode(SignedHead.self, forKey: kind))
        case .fork: self = .fork(try values.decode(Fork.self, forKey: kind))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .credential(let it): try values.encode(it, forKey: .credential)
        case .token(let it): try values.encode(it, forKey: .token)
        case .key(let it): try values.encode(it, forKey: .key)
        case .peer(let it): try values.encode(it, forKey: .peer)
        case .signedHead(let it): try values.encode(it, forKey: .signedHead)
        case .fork(let it): try values.encode(it, forKey: .fork)
        }
    }

    /// Canonical JSON without an end.
    public func written() throws -> [UInt8] { Array(try canonicalText(self).utf8) }

    /// The line that `written` gives as exactly these bytes.
    ///
    /// - Throws: `UserError` `invalid` for any other.
    public static func read(_ line: ArraySlice<UInt8>) throws -> BackupLine {
        guard let it = try? JSONDecoder().decode(BackupLine.self, from: Data(line)),
            try it.written().elementsEqual(line), it.isSound
        else { throw UserError.snapshotInvalid("a line of its local part is of no known kind") }
        return it
    }

    private var isSound: Bool {
        switch self {
        case .credential(let it): (1...1000).contains(it.hash.utf8.count)
        case .token(let it): isHexadecimal(it.hash, bytes: 32) && it.id.utf8.count <= 100
        case .key(let it): Key.isName(it.name) && it.content.count <= Key.mostBytes
        case .peer: true
        case .signedHead(let it): it.isSound
        case .fork(let it): (1...Int(Int32.max)).contains(it.incarnation) && it.seq >= 1
        }
    }
}
