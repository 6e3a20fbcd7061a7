import Foundation

/// Which teams figures are divided by and filtered on; what somebody may see is always that of the day.
public enum Teams: Hashable, Sendable {
    /// The placement on the call's day, as known now.
    case ofTheDay
    /// Everybody's placement on one day, for all days: “today's teams”.
    case asOf(Day)
    /// The placement on the call's day, as it was known at the end of a day.
    case known(Day)

    /// For a report's heading; nil for what goes without saying.
    public var words: String? {
        switch self {
        case .ofTheDay: nil
        case .asOf(let day): "with the teams of \(day.iso) on all days"
        case .known(let day): "with the teams as known on \(day.iso)"
        }
    }
}

extension Day {
    /// The first instant after the day on the clocks of a zone.
    public func end(in zone: TimeZone) -> Instant {
        LocalTime(adding(1), secondOfDay: 0).instant(in: zone)
    }
}
