import Domain
import Foundation
import GRDB

extension CallKey: Comparable {
    /// As SQLite orders them: numbers, then texts, then digests.
    public static func < (a: CallKey, b: CallKey) -> Bool {
        switch (a, b) {
        case (.number(let x), .number(let y)): x < y
        case (.text(let x), .text(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
        case (.digest(let x), .digest(let y)): x.lexicographicallyPrecedes(y)
        case (.number, _), (.text, .digest): true
        default: false
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .number(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .digest(let value): Data(value).databaseValue
        }
    }
}

extension RawStatement {
    func bind(_ key: CallKey, at index: Int32) {
        switch key {
        case .number(let value): bind(value, at: index)
        case .text(let value): bind(value, at: index)
        case .digest(let value): bind(value, at: index)
        }
    }
}

extension CallKey {
    init?(_ value: DatabaseValue) {
        switch value.storage {
        case .int64(let number): self = .number(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .digest(Array(data))
        default: return nil
        }
    }
}
