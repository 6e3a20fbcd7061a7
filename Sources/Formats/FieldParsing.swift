// All of these work on a range of a row's bytes and allocate nothing; a range beyond the bytes is cut.

/// The range without spaces, tabs, line ends, no-break spaces and byte order marks at its ends.
public func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    let range = range.clamped(to: 0..<bytes.count)
    var start = range.lowerBound
    var end = range.upperBound
    while start < end {
        let step = blankLength(bytes, at: start, end: end)
        if step == 0 { break }
        start += step
    }
    while start < end {
        if isBlankByte(bytes[end - 1]) {
            end -= 1
        } else if end - 2 >= start, blankLength(bytes, at: end - 2, end: end) == 2 {
            end -= 2
        } else if end - 3 >= start, blankLength(bytes, at: end - 3, end: end) == 3 {
            end -= 3
        } else {
            break
        }
    }
    return start..<end
}

@inline(__always)
private func isBlankByte(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

/// The bytes of the blank character at `index`: ASCII, U+00A0, U+202F (which some systems put before "PM"),
/// U+FEFF; 0 when there is another.
@inline(__always)
func blankLength(_ bytes: [UInt8], at index: Int, end: Int) -> Int {
    let byte = bytes[index]
    if byte < 0x80 { return isBlankByte(byte) ? 1 : 0 }
    if byte == 0xc2, index + 1 < end, bytes[index + 1] == 0xa0 { return 2 }
    guard index + 2 < end else { return 0 }
    if byte == 0xe2, bytes[index + 1] == 0x80, bytes[index + 2] == 0xaf { return 3 }
    return byte == 0xef && bytes[index + 1] == 0xbb && bytes[index + 2] == 0xbf ? 3 : 0
}

/// A whole number with an optional sign; nil for anything else and when it does not fit.
public func parseInteger(_ bytes: [UInt8], _ range: Range<Int>) -> Int64? {
    var text = FieldCursor(bytes, range)
    let isNegative = text.take("-")
    if !isNegative { _ = text.take("+") }
    guard !text.isAtEnd else { return nil }
    var value: Int64 = 0
    while let digit = text.takeDigit() {
        // Towards the sign, so that the smallest number fits.
        let (tenfold, overflowed) = value.multipliedReportingOverflow(by: 10)
        let (sum, carried) =
            isNegative
            ? tenfold.subtractingReportingOverflow(Int64(digit))
            : tenfold.addingReportingOverflow(Int64(digit))
        if overflowed || carried { return nil }
        value = sum
    }
    return text.isAtEnd ? value : nil
}

public func parseInteger(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    return parseInteger(bytes, 0..<bytes.count)
}

/// How long a call took.
public enum ParsedDuration: Equatable, Sendable {
    /// Whole seconds, rounded down, at most four hours.
    case seconds(Int)
    case negative

    /// Over four hours (14,400 s): no call, but a clock that ran on or a wrong column.
    case tooLong
}

public let longestDuration = 14_400

/// Reads seconds (`143`, `143.0`), `m:ss` with any number of minutes, `h:mm:ss` and `h.mm.ss`, each with an
/// optional fraction that is dropped; nil for other text. Two numbers with a dot are seconds.
public func parseDuration(_ bytes: [UInt8], _ range: Range<Int>) -> ParsedDuration? {
    var text = FieldCursor(bytes, range)
    let isNegative = text.take("-")
    guard let first = text.takeNumber() else { return nil }
    var seconds = first
    if text.take(":") {
        guard let second = text.takeNumber(maxDigits: 2), second < 60 else { return nil }
        seconds = clampedSum(first, times: 60, second)
        if text.take(":") {
            guard let third = text.takeNumber(maxDigits: 2), third < 60 else { return nil }
            seconds = clampedSum(seconds, times: 60, third)
        }
        if text.take(".") || text.take(",") {
            guard text.takeNumber() != nil else { return nil }
        }
    } else if text.take(".") {
        let digitsFrom = text.position
        guard let second = text.takeNumber() else { return nil }
        let digits = text.position - digitsFrom
        if text.take(".") {
            guard digits <= 2, second < 60, let third = text.takeNumber(maxDigits: 2), third < 60
            else { return nil }
            seconds = clampedSum(clampedSum(first, times: 60, second), times: 60, third)
        } else if isNegative, seconds == 0, second > 0 {
            return text.isAtEnd ? .negative : nil
        }
    }
    guard text.isAtEnd else { return nil }
    if isNegative, seconds > 0 { return .negative }
    return seconds > longestDuration ? .tooLong : .seconds(seconds)
}

public func parseDuration(_ text: String) -> ParsedDuration? {
    let bytes = Array(text.utf8)
    return parseDuration(bytes, 0..<bytes.count)
}

private func clampedSum(_ value: Int, times factor: Int, _ more: Int) -> Int {
    let (product, overflowed) = value.multipliedReportingOverflow(by: factor)
    let (sum, carried) = product.addingReportingOverflow(more)
    return overflowed || carried ? Int.max : sum
}

/// A clock time alone, as second of the day: `09:12:58`, `9.12.58`, `9:12`, `1:05 PM`; fractions are dropped.
public func parseClockTime(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    var text = FieldCursor(bytes, range)
    let isQuoted = text.take("'")
    guard let second = text.takeClockTime() else { return nil }
    if isQuoted, !text.take("'") { return nil }
    return text.isAtEnd ? second : nil
}

public func parseClockTime(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    return parseClockTime(bytes, 0..<bytes.count)
}

/// Walks through a trimmed field.
struct FieldCursor {
    private let bytes: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        let range = trimmed(bytes, range)
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position >= end }
    var remaining: Int { end - position }
    var next: UInt8? { position < end ? bytes[position] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < end, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    mutating func takeDigit() -> Int? {
        guard position < end, (0x30...0x39).contains(bytes[position]) else { return nil }
        position += 1
        return Int(bytes[position - 1] - 0x30)
    }

    /// All digits that follow, at most `maxDigits`; a number too great for `Int` is its greatest.
    mutating func takeNumber(maxDigits: Int = .max) -> Int? {
        guard var value = takeDigit() else { return nil }
        var digits = 1
        while let digit = takeDigit() {
            digits += 1
            if digits > maxDigits { return nil }
            value = clampedSum(value, times: 10, digit)
        }
        return value
    }

    /// The number of blanks passed over.
    @discardableResult
    mutating func skipBlanks() -> Int {
        let start = position
        while position < end {
            let step = blankLength(bytes, at: position, end: end)
            if step == 0 { break }
            position += step
        }
        return position - start
    }

    /// `h:mm`, `h:mm:ss`, `h.mm.ss`, a fraction, AM or PM (hours 1–12 then); nil when there is no such time.
    mutating func takeClockTime() -> Int? {
        guard var hour = takeNumber(maxDigits: 2) else { return nil }
        let separator: Unicode.Scalar
        if take(":") {
            separator = ":"
        } else if take(".") {
            separator = "."
        } else {
            return nil
        }
        guard let minute = takeNumber(maxDigits: 2), minute < 60 else { return nil }
        var second = 0
        if take(separator) {
            guard let value = takeNumber(maxDigits: 2), value < 60 else { return nil }
            second = value
            if take(".") || take(",") {
                guard takeNumber() != nil else { return nil }
            }
        }
        let beforeHalf = position
        skipBlanks()
        if let half = takeHalfOfDay() {
            guard (1...12).contains(hour) else { return nil }
            hour = hour % 12 + half
        } else {
            position = beforeHalf
        }
        return hour < 24 ? hour * 3600 + minute * 60 + second : nil
    }

    /// 0 for AM, 12 for PM, also `a.m.`.
    private mutating func takeHalfOfDay() -> Int? {
        let start = position
        let half: Int
        if take("A") || take("a") {
            half = 0
        } else if take("P") || take("p") {
            half = 12
        } else {
            return nil
        }
        _ = take(".")
        guard take("M") || take("m") else {
            position = start
            return nil
        }
        _ = take(".")
        return half
    }
}
