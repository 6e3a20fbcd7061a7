import Domain
import Foundation

/// The fields of a form or of a query, in their order; every reader says what to mend.
public struct Form: Sendable, Hashable {
    public private(set) var fields: [(name: String, value: String)] = []

    public init() {}

    public init(_ fields: [(name: String, value: String)]) { self.fields = fields }

    /// Reads `application/x-www-form-urlencoded` (WHATWG URL, 5.1); broken escapes stay as they are.
    public init(urlEncoded text: some StringProtocol) {
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let halves = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decode(halves[0])
            fields.append((name, halves.count > 1 ? Self.decode(halves[1]) : ""))
        }
    }

    /// The text as a form or a link carries it.
    public var urlEncoded: String {
        fields.map { Self.encode($0.name) + "=" + Self.encode($0.value) }.joined(separator: "&")
    }

    public static func == (a: Form, b: Form) -> Bool {
        a.fields.elementsEqual(b.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(urlEncoded) }

    /// The first field of that name, without blanks around it; empty where there is none.
    public subscript(_ name: String) -> String {
        raw(name)?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }

    /// nil where the field is missing or empty.
    public func text(_ name: String) -> String? {
        let value = self[name]
        return value.isEmpty ? nil : value
    }

    /// As it was typed, blanks included: for passwords.
    public func raw(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    public func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    public func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    public func integer(_ name: String) -> Int? { Int(self[name]) }

    public func day(_ name: String) -> Day? { Day(iso: self[name]) }

    public func id<Entity>(_ name: String) -> ID<Entity>? { ID(self[name]) }

    /// A whole number that must be there.
    ///
    /// - Parameter title: what the field is called on the page.
    public func wholeNumber(_ name: String, _ title: String) throws -> Int {
        guard let value = integer(name) else {
            throw UserError(
                .invalid, "“\(title)” is not a whole number: “\(self[name])”.", advice: "Type digits only.")
        }
        return value
    }

    /// These fields with some replaced (nil: removed): for links that keep the rest of a query.
    public func with(_ changes: [String: String?]) -> Form {
        var result = fields.filter { changes[$0.name] == nil }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            if let value { result.append((name, value)) }
        }
        return Form(result)
    }

    /// A path with these fields as its query.
    public func link(_ path: String) -> String { fields.isEmpty ? path : path + "?" + urlEncoded }

    private static func decode(_ bytes: some Collection<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                result.append(0x20)
            } else if byte == UInt8(ascii: "%"), let value = hexPair(rest.prefix(2)) {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func hexPair(_ bytes: some Collection<UInt8>) -> UInt8? {
        guard bytes.count == 2 else { return nil }
        var value: UInt8 = 0
        for byte in bytes {
            switch byte {
            case 0x30...0x39: value = value << 4 | (byte - 0x30)
            case 0x41...0x46: value = value << 4 | (byte - 0x37)
            case 0x61...0x66: value = value << 4 | (byte - 0x57)
            default: return nil
            }
        }
        return value
    }

    static func encode(_ text: String) -> String {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x2a: result.append(byte)
            case 0x20: result.append(UInt8(ascii: "+"))
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
