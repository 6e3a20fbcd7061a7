/// One shared chain of entries: what one office wrote in one life of its data folder.
public struct Chain: Hashable, Comparable, Sendable {
    public var office: ID<Office>
    public var incarnation: Int

    public init(office: ID<Office>, incarnation: Int) {
        self.office = office
        self.incarnation = incarnation
    }

    public static func < (a: Chain, b: Chain) -> Bool {
        a.office == b.office ? a.incarnation < b.incarnation : a.office < b.office
    }
}

/// The last entry of one shared chain; a list of them is a version vector.
public struct ChainHead: Hashable, Codable, Sendable {
    public var office: ID<Office>
    public var incarnation: Int
    public var seq: Int64
    /// Of that entry, in hex.
    public var hash: String

    public init(office: ID<Office>, incarnation: Int, seq: Int64, hash: String) {
        self.office = office
        self.incarnation = incarnation
        self.seq = seq
        self.hash = hash
    }

    public var chain: Chain { Chain(office: office, incarnation: incarnation) }

    /// More entries no office writes; sums of so many do not overflow.
    public static let mostEntries: Int64 = 1 << 48

    public var isSound: Bool {
        (1...Int(Int32.max)).contains(incarnation) && (1...Self.mostEntries).contains(seq)
            && isHexadecimal(hash, bytes: 32)
    }
}

/// What the office that writes a chain signed about its last entry: another office can carry it, and not forge it.
public struct SignedHead: Hashable, Codable, Sendable {
    public var head: ChainHead
    /// What the office was called then.
    public var name: String
    /// The office's Ed25519 public key, in hex.
    public var key: String
    /// Ed25519 over `signedText`, in hex.
    public var signature: String

    public init(head: ChainHead, name: String, key: String, signature: String) {
        self.head = head
        self.name = name
        self.key = key
        self.signature = signature
    }

    /// What is signed: a version line, then office, incarnation, seq, hash, name and key, escaped as in
    /// `Event.hashedText`; every line ends in LF.
    public static func signedText(_ head: ChainHead, name: String, key: String) -> String {
        let fields = [
            "rollcall-head-1", head.office.description, String(head.incarnation), String(head.seq), head.hash,
            name, key,
        ]
        var text: [UInt8] = []
        for field in fields {
            for byte in field.utf8 { appendEscaped(byte, to: &text) }
            text.append(UInt8(ascii: "\n"))
        }
        return String(decoding: text, as: UTF8.self)
    }

    public var signedText: String { Self.signedText(head, name: name, key: key) }

    public var isSound: Bool {
        head.isSound && SnapshotManifest.isName(name) && isHexadecimal(key, bytes: 32)
            && isHexadecimal(signature, bytes: 64)
    }
}

/// Lower-case hexadecimal of so many bytes.
func isHexadecimal(_ text: String, bytes: Int) -> Bool {
    text.utf8.count == bytes * 2
        && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}
