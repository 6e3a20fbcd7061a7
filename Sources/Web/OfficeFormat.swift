import Domain
import Foundation

/// Numbers, days and times as the office writes them: pages hold nothing but finished text.
public struct OfficeFormat: Sendable {
    public var zone: TimeZone

    public init(zone: TimeZone) { self.zone = zone }

    /// What stands where there is nothing to say: a figure without a base is no zero.
    public static let none = "—"

    /// `1,204`; a minus is `−`.
    public func number(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return value < 0 ? "−" + result : result
    }

    /// `12.3`, with so many places; `—` for what is no number.
    public func decimal(_ value: Double?, places: Int = 1) -> String {
        guard let value, value.isFinite, abs(value) < 1e15 else { return Self.none }
        var scale = 1.0
        for _ in 0..<max(0, places) { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 9e15 else { return Self.none }
        let whole = number(Int64(scaled / scale))
        let rest = String(Int64(scaled) % Int64(scale))
        let fraction =
            places > 0 ? "." + String(repeating: "0", count: max(0, places - rest.count)) + rest : ""
        return (value < 0 && scaled > 0 ? "−" : "") + whole + fraction
    }

    /// `8.1 %` of a share; `—` without a base.
    public func percent(_ share: Double?, places: Int = 1) -> String {
        let text = decimal(share.map { $0 * 100 }, places: places)
        return text == Self.none ? text : text + "\u{a0}%"
    }

    public func percent(_ part: Int, of whole: Int, places: Int = 1) -> String {
        percent(whole == 0 ? nil : Double(part) / Double(whole), places: places)
    }

    /// `1:02:03`; hours go on past 24.
    public func duration(seconds: Int?) -> String {
        guard let seconds else { return Self.none }
        let s = seconds.magnitude
        let text = "\(number(s / 3600)):\(two(Int(s / 60 % 60))):\(two(Int(s % 60)))"
        return seconds < 0 ? "−" + text : text
    }

    /// `1:02` for an average of calls; minutes go on past 60.
    public func minutes(seconds: Double?) -> String {
        guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e12 else { return Self.none }
        let s = Int(seconds.rounded())
        return "\(number(s / 60)):\(two(s % 60))"
    }

    /// `1.4 MB`; decimal units, as file managers show them.
    public func bytes(_ count: Int64) -> String {
        var value = Double(max(0, count))
        var unit = "bytes"
        for next in ["kB", "MB", "GB", "TB"] where value >= 1000 {
            value /= 1000
            unit = next
        }
        return (unit == "bytes" ? number(max(0, count)) : decimal(value, places: value < 10 ? 1 : 0))
            + "\u{a0}" + unit
    }

    /// `Mon 23 Nov 2026`.
    public func day(_ day: Day) -> String {
        let (year, month, number) = day.civil
        return "\(weekday(day)) \(number) \(Self.months[month - 1]) \(year)"
    }

    /// `Mon 23 Nov`.
    public func shortDay(_ day: Day) -> String {
        let (_, month, number) = day.civil
        return "\(weekday(day)) \(number) \(Self.months[month - 1])"
    }

    /// `November 2026`.
    public func month(_ day: Day) -> String {
        let (year, month, _) = day.civil
        return "\(Self.monthNames[month - 1]) \(year)"
    }

    /// `Mon`.
    public func weekday(_ day: Day) -> String { Self.weekdays[day.weekday] }

    /// `Mon 23 Nov 2026` or `Mon 23 Nov 2026 – Sun 29 Nov 2026`.
    public func period(_ period: Period) -> String {
        period.from == period.to ? day(period.from) : "\(day(period.from)) – \(day(period.to))"
    }

    /// `09:12`, in the office's zone.
    public func time(_ instant: Instant) -> String { String(instant.local(in: zone).clock.prefix(5)) }

    /// `Mon 23 Nov 2026, 09:12`, in the office's zone.
    public func moment(_ instant: Instant) -> String {
        "\(day(instant.local(in: zone).day)), \(time(instant))"
    }

    /// `2026-11-23T09:12:00+01:00` for `<time datetime>`.
    public func machine(_ instant: Instant) -> String {
        let local = instant.local(in: zone)
        let offset = zone.secondsFromGMT(for: instant.date)
        let sign = offset < 0 ? "-" : "+"
        let minutes = abs(offset) / 60
        return "\(local.day.iso)T\(local.clock)\(sign)\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// The moment at which a calendar day begins in the office's zone.
    public func start(of day: Day) -> Instant {
        // The offset at that midnight differs from the one at midnight UTC near a change of the clock.
        let utc = Instant(milliseconds: Int64(day.number) * 86_400_000)
        let guess = utc.adding(seconds: -Int64(zone.secondsFromGMT(for: utc.date)))
        return utc.adding(seconds: -Int64(zone.secondsFromGMT(for: guess.date)))
    }

    /// `1 call`, `2 calls`.
    public func count(_ value: Int, _ one: String, _ many: String) -> String {
        "\(number(value)) \(value == 1 ? one : many)"
    }

    private func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }

    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
