import Domain
import Formats
import Foundation
import Storage

struct AgentsPage: Page {
    static let template = "agent.list"
    struct Row: Decodable, Sendable {
        var name: String
        var href: String
        var also: String?
        /// Where that is not the own.
        var office: String?
        var group: String
        var leader: String
        var employment: String
        var logs: FigureCell
        var contactRate: String
        var successes: String
        var perHour: String
        var present: String
    }
    var title = "Agents"
    var lede: String
    var filter: FilterForm
    var rows: [Row]
    var hasRows: Bool
    var emptyText: String
    var allHref: String?
    var uploadHref: String?
    var previousHref: String?
    var nextHref: String?
    var shown: String
}

struct AgentPage: Page {
    static let template = "agent.page"
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
    }
    struct DayRow: Decodable, Sendable {
        var day: FigureCell
        var logs: String
        var first: String
        var last: String
        var span: String
        var active: String
        var idle: String
        var longest: String
        var pace: String
    }
    struct StateRow: Decodable, Sendable {
        var state: FigureCell
        var logs: String
        var share: String
    }
    struct HourRow: Decodable, Sendable {
        var weekday: String
        var cells: [FigureCell]
    }
    struct FileRow: Decodable, Sendable {
        var name: FigureCell
        var version: String
        var uploaded: String
        var rows: String
        var counted: String
    }
    var title: String
    var lede: String
    var personHref: String
    var facts: [Fact]
    var filter: FilterForm
    var reportHref: String
    /// For whoever leads or manages him.
    var requestHref: String?
    var hasCalls: Bool
    var lastDayHref: String?
    var tiles: [FigureTile]
    var timeline: String?
    var trend: String?
    var trendRows: [NamedCell]
    var heat: String?
    var heatHours: [String]
    var heatRows: [HourRow]
    var stack: String?
    var states: [StateRow]
    var days: [DayRow]
    var daysNote: String
    var files: [FileRow]
}

extension AgentDayRow {
    /// The line of a day as pages write it.
    func page(_ format: OfficeFormat, href: String?) -> AgentPage.DayRow {
        AgentPage.DayRow(
            day: FigureCell(format.day(day), href: href), logs: format.number(logs),
            first: clockText(first, on: day), last: clockText(last, on: day),
            span: format.duration(seconds: span), active: format.duration(seconds: active),
            idle: format.duration(seconds: idle),
            longest: longestGapStart.map {
                let end = LocalTime(seconds: $0.seconds &+ Int64(longestGap))
                return "\(format.minutes(seconds: Double(longestGap))) "
                    + "(\(clockText($0, on: day))–\(clockText(end, on: day)))"
            } ?? OfficeFormat.none,
            pace: pace.map { format.minutes(seconds: Double($0)) } ?? OfficeFormat.none)
    }
}

/// `09:05`; past midnight of a business day with the days gone by, `00:40 +1`.
func clockText(_ time: LocalTime, on day: Day) -> String {
    let later = time.day.days(since: day)
    return String(time.clock.prefix(5)) + (later == 0 ? "" : " +\(later)")
}
