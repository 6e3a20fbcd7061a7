import Foundation

/// The identity of one `Entity`: a UUID version 7 (RFC 9562), written in lower case.
public struct ID<Entity>: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    public let uuid: UUID

    public init(_ uuid: UUID) { self.uuid = uuid }

    /// - Parameter text: 36 characters, in either case (RFC 9562, 4).
    public init?(_ text: some StringProtocol) {
        // By hand: a journal has millions of them, and Foundation's goes through scanf and printf.
        var bytes = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)).uuid
        let isRead = withUnsafeMutableBytes(of: &bytes) { bytes in
            var place = 0
            for character in text.utf8 {
                switch place {
                case 8, 13, 18, 23: guard character == UInt8(ascii: "-") else { return false }
                case 36...: return false
                default:
                    guard let digit = hexDigit(character) else { return false }
                    let nibble =
                        place - (place > 23 ? 4 : place > 18 ? 3 : place > 13 ? 2 : place > 8 ? 1 : 0)
                    bytes[nibble / 2] = bytes[nibble / 2] << 4 | digit
                }
                place += 1
            }
            return place == 36
        }
        guard isRead else { return nil }
        uuid = UUID(uuid: bytes)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an id: \(text)")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            withUnsafeBytes(of: uuid.uuid) { bytes in
                var place = 0
                func put(_ character: UInt8) {
                    text[place] = character
                    place += 1
                }
                func put(digit: UInt8) {
                    put(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
                }
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 { put(UInt8(ascii: "-")) }
                    put(digit: byte >> 4)
                    put(digit: byte & 15)
                }
                return place
            }
        }
    }

    /// The order of the texts, without making them: teams are sorted by it.
    public static func < (a: Self, b: Self) -> Bool {
        withUnsafeBytes(of: a.uuid.uuid) { first in
            withUnsafeBytes(of: b.uuid.uuid) { second in first.lexicographicallyPrecedes(second) }
        }
    }
}

private func hexDigit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Makes identities; handed in, so that a test can name what comes next.
public struct IDs: Sendable {
    public var random: @Sendable () -> [UInt8]

    /// - Parameter random: gives 16 bytes each time it is asked.
    public init(random: @escaping @Sendable () -> [UInt8]) { self.random = random }

    public static let system = IDs {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A UUID version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then random bits.
    public func next<Entity>(at now: Instant) -> ID<Entity> {
        let noise = random()
        func byte(_ index: Int) -> UInt8 { index < noise.count ? noise[index] : 0 }
        let ms = UInt64(bitPattern: now.milliseconds)
        return ID(
            UUID(
                uuid: (
                    UInt8(truncatingIfNeeded: ms >> 40), UInt8(truncatingIfNeeded: ms >> 32),
                    UInt8(truncatingIfNeeded: ms >> 24), UInt8(truncatingIfNeeded: ms >> 16),
                    UInt8(truncatingIfNeeded: ms >> 8), UInt8(truncatingIfNeeded: ms),
                    0x70 | (byte(0) & 0x0f), byte(1), 0x80 | (byte(2) & 0x3f), byte(3),
                    byte(4), byte(5), byte(6), byte(7), byte(8), byte(9)
                )))
    }
}
