import Foundation

/// The identity of one `Entity`: a UUID version 7 (RFC 9562), written in lower case.
public struct ID<Entity>: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    public let uuid: UUID

    public init(_ uuid: UUID) { self.uuid = uuid }

    public init?(_ text: some StringProtocol) {
        guard let uuid = UUID(uuidString: String(text)) else { return nil }
        self.uuid = uuid
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

    public var description: String { uuid.uuidString.lowercased() }

    /// The order of the texts, without making them: teams are sorted by it.
    public static func < (a: Self, b: Self) -> Bool {
        withUnsafeBytes(of: a.uuid.uuid) { first in
            withUnsafeBytes(of: b.uuid.uuid) { second in first.lexicographicallyPrecedes(second) }
        }
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
