import Domain

/// The order of year, month and day in a date.
public enum DateOrder: String, Codable, Sendable, CaseIterable {
    case ymd, mdy, dmy
}

/// A moment as a file tells it.
public struct ParsedTime: Equatable, Sendable {
    /// What the wall clock showed at `offsetSeconds`, or at the source when that is nil.
    public var local: LocalTime

    /// Seconds east of UTC when the text says so; 0 for epoch seconds and milliseconds.
    public var offsetSeconds: Int?

    /// False for a date alone.
    public var hasTime: Bool

    /// Ten digits (seconds) or thirteen (milliseconds) since 1970-01-01 00:00 UTC.
    public var isEpoch: Bool

    public init(local: LocalTime, offsetSeconds: Int? = nil, hasTime: Bool, isEpoch: Bool = false) {
        self.local = local
        self.offsetSeconds = offsetSeconds
        self.hasTime = hasTime
        self.isEpoch = isEpoch
    }
}

/// Reads a date, alone or with a clock time, in the given order.
///
/// Separators `-`, `/` and `.`, alike on both sides; days and months padded or not. A year of four digits in
/// front is read whatever the order. Two-digit years stand last: 69–99 are 1969–1999, 00–68 are 2000–2068
/// (POSIX `strptime` %y). After the date: `T`, spaces or a comma, a time as in `parseClockTime`, then `Z`,
/// `UTC`, `GMT`, `±hh`, `±hhmm` or `±hh:mm`. Single quotes round the whole are dropped. Nil for anything else.
public func parseTime(_ bytes: [UInt8], _ range: Range<Int>, order: DateOrder) -> ParsedTime? {
    DateText(bytes, range)?.read(as: order)
}

public func parseTime(_ text: String, order: DateOrder) -> ParsedTime? {
    let bytes = Array(text.utf8)
    return parseTime(bytes, 0..<bytes.count, order: order)
}

/// A date taken apart before its order is known.
struct DateText {
    /// Seconds since 1970 of ten or thirteen digits; the three numbers mean nothing then.
    var epochSeconds: Int64?
    var first = 0
    var second = 0

    /// The year, with its century, unless `isYearFirst`.
    var third = 0
    var isYearFirst = false
    var secondOfDay: Int?
    var offsetSeconds: Int?

    init?(_ bytes: [UInt8], _ range: Range<Int>) {
        if let plain = DateText(plain: bytes, range) {
            self = plain
            return
        }
        var text = FieldCursor(bytes, range)
        let isQuoted = text.take("'")
        let start = text.position
        guard let one = text.takeNumber() else { return nil }
        let digits = text.position - start
        if digits == 10 || digits == 13 {
            epochSeconds = Int64(digits == 10 ? one : one / 1000)
        } else {
            guard text.takeRestOfDate(first: one, digits: digits, into: &self) else { return nil }
        }
        if isQuoted, !text.take("'") { return nil }
        guard text.isAtEnd else { return nil }
    }

    /// `2026-11-23 09:05:00`, what most files have, without a cursor.
    private init?(plain bytes: [UInt8], _ range: Range<Int>) {
        let s = range.lowerBound
        guard range.count == 19, s >= 0, range.upperBound <= bytes.count,
            bytes[s + 4] == 0x2d, bytes[s + 7] == 0x2d, bytes[s + 13] == 0x3a, bytes[s + 16] == 0x3a,
            bytes[s + 10] == 0x20 || bytes[s + 10] == 0x54
        else { return nil }
        var bad: UInt8 = 0
        func two(_ at: Int) -> Int {
            let tens = bytes[at] &- 0x30
            let ones = bytes[at + 1] &- 0x30
            bad |= (tens > 9 ? 1 : 0) | (ones > 9 ? 1 : 0)
            return Int(tens) * 10 + Int(ones)
        }
        first = two(s) * 100 + two(s + 2)
        second = two(s + 5)
        third = two(s + 8)
        let hour = two(s + 11)
        let minute = two(s + 14)
        let seconds = two(s + 17)
        guard bad == 0, hour < 24, minute < 60, seconds < 60 else { return nil }
        isYearFirst = true
        secondOfDay = hour * 3600 + minute * 60 + seconds
    }

    func day(as order: DateOrder) -> Day? {
        if isYearFirst { return Day(year: first, month: second, day: third) }
        return switch order {
        case .ymd: nil
        case .mdy: Day(year: third, month: first, day: second)
        case .dmy: Day(year: third, month: second, day: first)
        }
    }

    func read(as order: DateOrder) -> ParsedTime? {
        if let epochSeconds {
            return ParsedTime(
                local: LocalTime(seconds: epochSeconds), offsetSeconds: 0, hasTime: true, isEpoch: true)
        }
        guard let day = day(as: order) else { return nil }
        return ParsedTime(
            local: LocalTime(day, secondOfDay: secondOfDay ?? 0), offsetSeconds: offsetSeconds,
            hasTime: secondOfDay != nil)
    }
}

extension FieldCursor {
    fileprivate mutating func takeRestOfDate(first: Int, digits: Int, into date: inout DateText) -> Bool {
        let separator: Unicode.Scalar
        switch next {
        case 0x2d: separator = "-"
        case 0x2f: separator = "/"
        case 0x2e: separator = "."
        default: return false
        }
        guard take(separator), let second = takeNumber(maxDigits: 2), take(separator) else { return false }
        let start = position
        guard let third = takeNumber(maxDigits: 4) else { return false }
        date.first = first
        date.second = second
        switch (digits, position - start) {
        case (4, 1...2):
            date.isYearFirst = true
            date.third = third
        case (1...2, 4): date.third = third
        case (1...2, 2): date.third = third < 69 ? 2000 + third : 1900 + third
        default: return false
        }
        guard let following = next, following != 0x27 else { return true }
        var isSeparated = take("T") || take("t")
        if !isSeparated {
            isSeparated = take(",")
            isSeparated = skipBlanks() > 0 || isSeparated
        }
        guard isSeparated, let time = takeClockTime() else { return false }
        date.secondOfDay = time
        return takeOffset(into: &date)
    }

    /// An offset may follow, or nothing; false when what follows is neither. At most 18 h (ISO 8601 zones
    /// in use reach 14 h).
    private mutating func takeOffset(into date: inout DateText) -> Bool {
        guard let following = next, following != 0x27 else { return true }
        skipBlanks()
        if take("Z") || take("z") || (take("U") && take("T") && take("C"))
            || (take("G") && take("M") && take("T"))
        {
            date.offsetSeconds = 0
            if isAtEnd || next == 0x27 { return true }
        }
        let isWest = take("-")
        guard isWest || take("+") else { return false }
        let start = position
        guard var hours = takeNumber(maxDigits: 4) else { return false }
        var minutes = 0
        if position - start > 2 {
            minutes = hours % 100
            hours /= 100
        } else if take(":") {
            guard let value = takeNumber(maxDigits: 2) else { return false }
            minutes = value
        }
        guard hours <= 18, minutes < 60 else { return false }
        date.offsetSeconds = (isWest ? -1 : 1) * (hours * 3600 + minutes * 60)
        return true
    }
}
