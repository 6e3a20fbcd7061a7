/// Which chain an event is on: shared events travel between offices, local events never do.
public enum EventStream: String, Codable, Sendable, CaseIterable {
    case shared
    case local
}

/// A hybrid logical clock reading: 48 bits of milliseconds, 16 bits of counter.
///
/// Kulkarni et al., "Logical Physical Clocks" (2014): never runs backwards, even when the box's clock does.
public struct HybridTime: Hashable, Comparable, Codable, Sendable {
    public var bits: Int64

    public init(bits: Int64) { self.bits = bits }

    public init(from decoder: any Decoder) throws {
        bits = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bits)
    }

    public var instant: Instant { Instant(milliseconds: bits >> 16) }

    public static func < (a: HybridTime, b: HybridTime) -> Bool { a.bits < b.bits }

    /// The reading for an event made now, later than `last`.
    public static func next(after last: HybridTime?, now: Instant) -> HybridTime {
        let ceiling = Int64.max >> 16
        let wall = HybridTime(bits: min(max(0, now.milliseconds), ceiling) << 16)
        guard let last, last >= wall else { return wall }
        return HybridTime(bits: last.bits == .max ? .max : last.bits + 1)
    }
}

/// Who did it, as it was called then; the name stays in the journal when the account is renamed.
public struct Actor: Hashable, Codable, Sendable {
    /// nil: the program itself, or the person at the box's own console.
    public var user: ID<User>?
    public var name: String
    /// Where from: `web 192.168.1.20`, `api 192.168.1.20`, `cli`.
    public var via: String

    public init(user: ID<User>?, name: String, via: String) {
        self.user = user
        self.name = name
        self.via = via
    }

    public static let program = Actor(user: nil, name: "Rollcall", via: "program")
    public static let console = Actor(user: nil, name: "Console", via: "cli")
    /// An exchange by its schedule.
    public static let exchange = Actor(user: nil, name: "Rollcall", via: "exchange")
    /// Another office that sends at this address.
    public static func exchange(with office: String, at address: String) -> Actor {
        Actor(user: nil, name: office, via: "exchange \(address)")
    }

    /// Nobody looked on: an exchange by its schedule, here or at another office.
    public var isExchange: Bool { user == nil && (via == "exchange" || via.hasPrefix("exchange ")) }
}

/// One change that somebody made, as a link of its office's chain.
public struct Event: Hashable, Sendable {
    public var stream: EventStream
    public var office: ID<Office>
    public var incarnation: Int
    public var seq: Int64
    public var time: HybridTime
    public var actor: Actor
    public var kind: String
    /// Canonical JSON: keys sorted, no blanks; hashed as these bytes.
    public var payload: String
    public var previousHash: [UInt8]
    public var hash: [UInt8]

    /// Entries that wait in memory to be written are written once their payloads come to more than so many bytes.
    public static let batchBytes = 4 << 20

    public init(
        stream: EventStream, office: ID<Office>, incarnation: Int, seq: Int64, time: HybridTime, actor: Actor,
        kind: String, payload: String, previousHash: [UInt8], hash: [UInt8] = []
    ) {
        self.stream = stream
        self.office = office
        self.incarnation = incarnation
        self.seq = seq
        self.time = time
        self.actor = actor
        self.kind = kind
        self.payload = payload
        self.previousHash = previousHash
        self.hash = hash
    }

    /// What the hash is taken over: a version line, then one field a line, each escaped so that it stays one.
    ///
    /// `rollcall-event-1`, stream, office, incarnation, seq, time, actor's user or `-`, actor's name, via,
    /// kind, payload, previous hash in hex; every line ends in LF.
    public var hashedText: String {
        var text: [UInt8] = []
        eachHashedPiece { text.append(contentsOf: $0) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of `hashedText`, piece by piece: a long payload is not copied whole.
    public func eachHashedPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let fields = [
            "rollcall-event-1", stream.rawValue, office.description, String(incarnation), String(seq),
            String(time.bits), actor.user?.description ?? "-", actor.name, actor.via, kind, payload,
            hexadecimal(previousHash),
        ]
        var piece: [UInt8] = []
        piece.reserveCapacity(1024)
        for field in fields {
            var rest = field.utf8[...]
            while !rest.isEmpty {
                // As many bytes at once as nothing has to be done with.
                let plain = rest.prefix(64 * 1024).prefix {
                    $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\n")
                }
                piece.append(contentsOf: plain)
                rest = rest[plain.endIndex...]
                if let byte = rest.popFirst() { appendEscaped(byte, to: &piece) }
                if piece.count >= 64 * 1024 {
                    try piece.withUnsafeBytes(body)
                    piece.removeAll(keepingCapacity: true)
                }
            }
            piece.append(UInt8(ascii: "\n"))
        }
        try piece.withUnsafeBytes(body)
    }
}

/// `\` becomes `\\` and LF becomes `\n`, byte by byte: a CR before the LF, or a mark after the `\`, changes nothing.
func appendEscaped(_ byte: UInt8, to text: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\\"): text.append(contentsOf: [byte, byte])
    case UInt8(ascii: "\n"): text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
    default: text.append(byte)
    }
}

/// Lower-case hexadecimal text of bytes.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes that lower-case hexadecimal text stands for; nil for anything else.
public func bytes(ofHexadecimal text: String) -> [UInt8]? {
    guard text.utf8.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 2)
    var high: UInt8?
    for digit in text.utf8 {
        let value: UInt8
        switch digit {
        case 0x30...0x39: value = digit - 0x30
        case 0x61...0x66: value = digit - 0x61 + 10
        default: return nil
        }
        if let first = high {
            bytes.append(first << 4 | value)
            high = nil
        } else {
            high = value
        }
    }
    return bytes
}
