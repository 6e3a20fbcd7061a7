import Testing

@testable import Web

/// The names of a page struct's fields, learnt from its type alone.
indirect enum PageShape {
    case text
    /// A Bool: its section does not change what names mean.
    case flag
    case list(PageShape)
    case object([String: PageShape])

    init(of type: any Decodable.Type) throws {
        let node = Node()
        _ = try type.init(from: Recorder(node: node, depth: 0))
        self = node.shape
    }

    fileprivate final class Node {
        var shape = PageShape.text
        var fields: [String: Node] = [:]
        var element: Node?

        func settle() {
            if !fields.isEmpty {
                for field in fields.values { field.settle() }
                shape = .object(fields.mapValues(\.shape))
            } else if let element {
                element.settle()
                shape = .list(element.shape)
            }
        }
    }

    fileprivate struct Recorder: Decoder {
        let node: Node
        let depth: Int
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
            KeyedDecodingContainer(Fields(node: node, depth: depth))
        }
        func unkeyedContainer() -> any UnkeyedDecodingContainer { Elements(node: node, depth: depth) }
        func singleValueContainer() -> any SingleValueDecodingContainer { Value() }
    }

    fileprivate static func decode<T: Decodable>(_ type: T.Type, _ node: Node, _ depth: Int) throws -> T {
        let value = try T(from: Recorder(node: node, depth: depth + 1))
        if type == Bool.self || type == Bool?.self { node.shape = .flag }
        node.settle()
        return value
    }

    fileprivate struct Fields<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let node: Node
        let depth: Int
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }
        func contains(_ key: Key) -> Bool { depth < 8 }
        func decodeNil(forKey key: Key) -> Bool {
            if depth >= 8 { return true }
            return false
        }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            let field = node.fields[key.stringValue] ?? Node()
            node.fields[key.stringValue] = field
            let value = try PageShape.decode(type, field, depth)
            node.settle()
            return value
        }
        func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws
            -> KeyedDecodingContainer<N>
        { throw Unsupported() }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw Unsupported()
        }
        func superDecoder() throws -> any Decoder { throw Unsupported() }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw Unsupported() }
    }

    fileprivate struct Elements: UnkeyedDecodingContainer {
        let node: Node
        let depth: Int
        var codingPath: [any CodingKey] { [] }
        var count: Int? { 1 }
        var currentIndex = 0
        var isAtEnd: Bool { currentIndex > 0 || depth >= 8 }

        init(node: Node, depth: Int) {
            self.node = node
            self.depth = depth
            // A list of nothing is still a list.
            if node.element == nil { node.element = Node() }
        }
        mutating func decodeNil() -> Bool { false }
        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
            currentIndex += 1
            let element = node.element ?? Node()
            node.element = element
            return try PageShape.decode(type, element, depth)
        }
        mutating func nestedContainer<N: CodingKey>(keyedBy type: N.Type) throws -> KeyedDecodingContainer<N>
        {
            throw Unsupported()
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Unsupported() }
        mutating func superDecoder() throws -> any Decoder { throw Unsupported() }
    }

    fileprivate struct Value: SingleValueDecodingContainer {
        var codingPath: [any CodingKey] { [] }
        func decodeNil() -> Bool { false }
        func decode(_ type: Bool.Type) -> Bool { true }
        func decode(_ type: String.Type) -> String { "text" }
        func decode(_ type: Int.Type) -> Int { 1 }
        func decode(_ type: Double.Type) -> Double { 1 }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { throw Unsupported() }
    }

    struct Unsupported: Error {}
}
