import Foundation

/// A moment, in milliseconds since 1970-01-01 00:00 UTC.
public struct Instant: Hashable, Comparable, Codable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public init(_ date: Date) {
        milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    public var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    public static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

    /// Saturates instead of trapping: the operands may come from outside.
    public func adding(seconds: Int64) -> Instant {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return Instant(milliseconds: seconds < 0 ? .min : .max) }
        let (sum, carried) = milliseconds.addingReportingOverflow(product)
        return Instant(milliseconds: carried ? (product < 0 ? .min : .max) : sum)
    }

    /// The wall clock in `zone` at this moment.
    public func local(in zone: TimeZone) -> LocalTime {
        let seconds = Int64((Double(milliseconds) / 1000).rounded(.down))
        return LocalTime(seconds: seconds + Int64(zone.secondsFromGMT(for: date)))
    }
}

/// What a wall clock shows: seconds since 1970-01-01 00:00 of that clock, in no time zone.
///
/// A dialer's log time has no zone in it; the zone is the source's setting.
public struct LocalTime: Hashable, Comparable, Codable, Sendable {
    public var seconds: Int64

    public init(seconds: Int64) { self.seconds = seconds }

    public init(_ day: Day, secondOfDay: Int) {
        seconds = Int64(day.number) * 86_400 + Int64(secondOfDay)
    }

    public init(from decoder: any Decoder) throws {
        seconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(seconds)
    }

    public static func < (a: LocalTime, b: LocalTime) -> Bool { a.seconds < b.seconds }

    public var day: Day { Day(number: Int32(clamping: seconds.floorDivided(by: 86_400))) }
    public var secondOfDay: Int { Int(seconds &- seconds.floorDivided(by: 86_400) &* 86_400) }
    public var hour: Int { secondOfDay / 3600 }

    /// The day this moment is counted on when the office's day begins `cutOver` minutes past midnight.
    public func businessDay(cutOver minutes: Int) -> Day {
        let (shifted, overflow) = seconds.subtractingReportingOverflow(Int64(minutes) * 60)
        return overflow ? day : LocalTime(seconds: shifted).day
    }

    /// `2026-11-23 09:05:00`.
    public var iso: String { "\(day.iso) \(clock)" }

    /// `09:05:00`.
    public var clock: String {
        let s = secondOfDay
        return "\(twoDigits(s / 3600)):\(twoDigits(s / 60 % 60)):\(twoDigits(s % 60))"
    }
}

/// A calendar day (proleptic Gregorian), as days since 1970-01-01.
public struct Day: Hashable, Comparable, Codable, Sendable {
    public var number: Int32

    public init(number: Int32) { self.number = number }

    /// Fails for a date that does not exist, and for years outside 1–9999.
    ///
    /// Days-from-civil after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Day.daysIn(month: month, year: year)
        else { return nil }
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = Int32(era * 146_097 + dayOfEra - 719_468)
    }

    /// Reads `2026-11-23` and nothing else.
    public init?(iso text: some StringProtocol) {
        let parts = text.utf8.split(separator: 0x2d, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2
        else { return nil }
        var values: [Int] = []
        for part in parts {
            var value = 0
            for byte in part {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            values.append(value)
        }
        self.init(year: values[0], month: values[1], day: values[2])
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let day = Day(iso: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a day: \(text)")
        }
        self = day
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(iso)
    }

    public static func < (a: Day, b: Day) -> Bool { a.number < b.number }

    public static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: 31
        }
    }

    public var civil: (year: Int, month: Int, day: Int) {
        let z = Int(number) + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// `2026-11-23`.
    public var iso: String {
        let (year, month, day) = civil
        let digits = String(year)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "\(padded)-\(twoDigits(month))-\(twoDigits(day))"
    }

    /// 0 is Monday, 6 is Sunday.
    public var weekday: Int { Int((Int64(number) + 3) - (Int64(number) + 3).floorDivided(by: 7) * 7) }

    public func adding(_ days: Int) -> Day {
        Day(number: Int32(clamping: Int64(number).addingReportingOverflow(Int64(days)).partialValue))
    }

    /// The same day of another month, or the last one that it has.
    public func adding(months: Int) -> Day {
        let (year, month, day) = civil
        let index = year * 12 + month - 1 + max(-120_000, min(120_000, months))
        let (newYear, newMonth) = (index.floorDivided(by: 12), index - index.floorDivided(by: 12) * 12 + 1)
        let last = Day.daysIn(month: newMonth, year: newYear)
        // Beyond the calendar's ends the end itself.
        return Day(year: newYear, month: newMonth, day: min(day, last))
            ?? (months < 0 ? Day(year: 1, month: 1, day: 1) : Day(year: 9999, month: 12, day: 31)) ?? self
    }

    public func days(since other: Day) -> Int { Int(number) - Int(other.number) }
}

/// A span of whole days, both ends included.
public struct Period: Hashable, Codable, Sendable {
    public var from: Day
    public var to: Day

    /// Swaps the ends when they come the wrong way round.
    public init(from: Day, to: Day) {
        self.from = min(from, to)
        self.to = max(from, to)
    }

    public var dayCount: Int { to.days(since: from) + 1 }
    public func contains(_ day: Day) -> Bool { from <= day && day <= to }

    /// The period of equal length just before, with the same weekdays.
    public var previous: Period {
        let shift = (dayCount + 6) / 7 * 7
        return Period(from: from.adding(-shift), to: to.adding(-shift))
    }
}

/// The time of day is handed in, so that a test can run a year in a second.
public struct Clock: Sendable {
    public var now: @Sendable () -> Instant

    public init(now: @escaping @Sendable () -> Instant) { self.now = now }

    public static let system = Clock { Instant(Date()) }
}

func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }

extension BinaryInteger {
    /// Rounds towards negative infinity, so that times before 1970 fall on the right day.
    func floorDivided(by divisor: Self) -> Self {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

extension LocalTime {
    /// The instant at which the clocks of a zone show this; where they show it twice or never, one near it.
    public func instant(in zone: TimeZone) -> Instant {
        let naive = Instant(milliseconds: 0).adding(seconds: seconds)
        let guess = naive.adding(seconds: -Int64(zone.secondsFromGMT(for: naive.date)))
        return naive.adding(seconds: -Int64(zone.secondsFromGMT(for: guess.date)))
    }
}
