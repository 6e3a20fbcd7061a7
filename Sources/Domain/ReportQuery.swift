import Foundation

/// What a report can be divided by; several nest.
public enum By: String, CaseIterable, Hashable, Sendable {
    case agent, leader, manager, group, employment, campaign, state, type, source, office, day, weekday, hour

    public var title: String {
        switch self {
        case .agent: "Agent"
        case .leader: "Team leader"
        case .manager: "Team manager"
        case .group: "Group"
        case .employment: "Employment"
        case .campaign: "Campaign"
        case .state: "State"
        case .type: "Type"
        case .source: "Source"
        case .office: "Office"
        case .day: "Day"
        case .weekday: "Weekday"
        case .hour: "Hour"
        }
    }

    /// Whether an agent's whole day falls into one slice, so that its active time does too.
    public var isOfAgentDay: Bool {
        switch self {
        case .agent, .leader, .manager, .group, .employment, .office, .day, .weekday: true
        case .campaign, .state, .type, .source, .hour: false
        }
    }

    /// Slices in time are read in their own order, others by name.
    public var isTime: Bool { self == .day || self == .weekday || self == .hour }
}

/// A person in a filter: by identity from a page, by name from a command line, or nobody at all.
public enum PersonChoice: Hashable, Sendable {
    case id(ID<Person>)
    case named(String)
    case nobody
}

/// Which calls are meant; an empty list leaves all of them in.
public struct CallFilter: Hashable, Sendable {
    public var agents: [PersonChoice] = []
    public var leaders: [PersonChoice] = []
    public var managers: [PersonChoice] = []
    public var groups: [String] = []
    public var employments: [String] = []
    /// An empty text is the blank.
    public var campaigns: [String] = []
    public var states: [String] = []
    public var types: [String] = []
    /// Identity or name.
    public var sources: [String] = []
    /// Own: those that the viewer looks at.
    public var offices = OfficeChoice.own
    /// 0 is Monday.
    public var weekdays: [Int] = []
    public var hours: [Int] = []
    public var counting: Counting?

    public init() {}

    public var isEmpty: Bool { self == CallFilter() }

    /// Whether pauses between logs still mean something: no log of an agent's day was left out.
    public var keepsAgentDays: Bool {
        campaigns.isEmpty && states.isEmpty && types.isEmpty && sources.isEmpty && counting == nil
    }
}

/// A question to the figures: the same for the page, the API, the export and the command line.
public struct ReportQuery: Hashable, Sendable {
    public var period: Period
    public var by: [By]
    public var filter: CallFilter
    public var teams = Teams.ofTheDay
    /// A metric's key or `key`; a leading `-` is descending. nil: the natural order.
    public var sort: String?

    public init(period: Period, by: [By] = [], filter: CallFilter = CallFilter(), sort: String? = nil) {
        self.period = period
        self.by = by
        self.filter = filter
        self.sort = sort
    }

    public static let weekdayKeys = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    public static let weekdayTitles = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
    public static let presets: [(key: String, title: String)] = [
        ("today", "Today"), ("yesterday", "Yesterday"), ("week", "This week"), ("last-week", "Last week"),
        ("month", "This month"), ("last-month", "Last month"),
    ]

    /// The days that a preset means today; nil for an unknown one.
    public static func period(preset: String, today: Day) -> Period? {
        let monday = today.adding(-today.weekday)
        let firstOfMonth = today.adding(1 - today.civil.day)
        switch preset {
        case "today": return Period(from: today, to: today)
        case "yesterday": return Period(from: today.adding(-1), to: today.adding(-1))
        case "week": return Period(from: monday, to: today)
        case "last-week": return Period(from: monday.adding(-7), to: monday.adding(-1))
        case "month": return Period(from: firstOfMonth, to: today)
        case "last-month":
            let last = firstOfMonth.adding(-1)
            return Period(from: last.adding(1 - last.civil.day), to: last)
        default: return nil
        }
    }

    /// Reads query items, `from`, `to` or `p`, `by`, `sort` and the filters; unknown names are left to others.
    ///
    /// - Parameter otherwise: the period when none is asked for.
    /// - Throws: `UserError` `invalid` for a value that means nothing.
    public init(
        items: [(name: String, value: String)], today: Day, otherwise: Period, by defaultBy: [By] = []
    ) throws {
        self.init(period: otherwise)
        var from: Day?
        var to: Day?
        var (ofTeams, asKnown): (String?, String?)
        for (name, text) in items where !text.isEmpty {
            switch name {
            case "from": from = try Self.day(text)
            case "to": to = try Self.day(text)
            case "p":
                guard let preset = Self.period(preset: text, today: today) else {
                    throw Self.invalid("period", text, Self.presets.map(\.key))
                }
                period = preset
            case "by":
                for part in text.split(separator: ",") {
                    guard let next = By(rawValue: part.trimmingCharacters(in: .whitespaces)) else {
                        throw Self.invalid("division", String(part), By.allCases.map(\.rawValue))
                    }
                    if !by.contains(next) { by.append(next) }
                }
            case "sort":
                let key = text.hasPrefix("-") ? String(text.dropFirst()) : text
                if key == "key" || key == "rank" || Metric.named(key) != nil { sort = text }
            case "teams": ofTeams = text
            case "as-known": asKnown = text
            case "agent": filter.agents.append(Self.person(text))
            case "leader": filter.leaders.append(Self.person(text))
            case "manager": filter.managers.append(Self.person(text))
            case "group": filter.groups.append(Self.unescape(text))
            case "employment": filter.employments.append(Self.unescape(text))
            case "campaign": filter.campaigns.append(Self.unescape(text))
            case "state": filter.states.append(Self.unescape(text))
            case "type": filter.types.append(Self.unescape(text))
            case "source": filter.sources.append(text)
            case "office": filter.offices = OfficeChoice(text: text)
            case "weekday":
                guard let index = Self.weekdayKeys.firstIndex(of: text.lowercased().prefix(3).description)
                else { throw Self.invalid("weekday", text, Self.weekdayKeys) }
                filter.weekdays.append(index)
            case "hour":
                guard let hour = Int(text), (0..<24).contains(hour) else {
                    throw Self.invalid("hour", text, ["0 to 23"])
                }
                filter.hours.append(hour)
            case "counting":
                guard let counting = Counting(rawValue: text) else {
                    throw Self.invalid("count", text, Counting.allCases.map(\.rawValue))
                }
                filter.counting = counting
            default: break
            }
        }
        if let one = from ?? to { period = Period(from: from ?? one, to: to ?? one) }
        teams = try Self.teams(ofTeams, asKnown: asKnown, today: today, in: period)
        if by.isEmpty { by = defaultBy }
        guard by.count <= 3 else {
            throw UserError(
                .invalid, "A report can be divided by at most three things.",
                advice: "Use a filter for the others.")
        }
    }

    /// The same question as query items; reading them again gives an equal query.
    public var items: [(name: String, value: String)] {
        var items = [("from", period.from.iso), ("to", period.to.iso)]
        if !by.isEmpty { items.append(("by", by.map(\.rawValue).joined(separator: ","))) }
        items += filterItems
        switch teams {
        case .ofTheDay: break
        case .asOf(let day): items.append(("teams", day.iso))
        case .known(let day): items.append(("as-known", day.iso))
        }
        if let sort { items.append(("sort", sort)) }
        return items.map { (name: $0.0, value: $0.1) }
    }

    private var filterItems: [(String, String)] {
        var items: [(String, String)] = []
        items += filter.agents.map { ("agent", Self.text($0)) }
        items += filter.leaders.map { ("leader", Self.text($0)) }
        items += filter.managers.map { ("manager", Self.text($0)) }
        items += filter.groups.map { ("group", Self.escape($0)) }
        items += filter.employments.map { ("employment", Self.escape($0)) }
        items += filter.campaigns.map { ("campaign", Self.escape($0)) }
        items += filter.states.map { ("state", Self.escape($0)) }
        items += filter.types.map { ("type", Self.escape($0)) }
        items += filter.sources.map { ("source", $0) }
        if let offices = filter.offices.text { items.append(("office", offices)) }
        items += filter.weekdays.compactMap { day in
            Self.weekdayKeys.indices.contains(day) ? ("weekday", Self.weekdayKeys[day]) : nil
        }
        items += filter.hours.map { ("hour", String($0)) }
        if let counting = filter.counting { items.append(("counting", counting.rawValue)) }
        return items
    }

    /// The items percent-encoded for an address, without the question mark.
    public var queryString: String { Self.queryString(items) }

    public static func queryString(_ items: [(name: String, value: String)]) -> String {
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,")
        return items.map { item in
            let value = item.value.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
            return "\(item.name)=\(value)"
        }.joined(separator: "&")
    }

    /// The question narrowed to one slice of its report, undivided: what opening a figure asks.
    public func narrowed(to slices: [Slice], counting: Counting? = nil) -> ReportQuery {
        var query = self
        query.by = []
        query.sort = nil
        if let counting { query.filter.counting = counting }
        for slice in slices {
            switch slice.by {
            case .agent: query.filter.agents = [Self.person(slice.value)]
            case .leader: query.filter.leaders = [Self.person(slice.value)]
            case .manager: query.filter.managers = [Self.person(slice.value)]
            case .group: query.filter.groups = [slice.value]
            case .employment: query.filter.employments = [slice.value]
            case .campaign: query.filter.campaigns = [slice.value]
            case .state: query.filter.states = [slice.value]
            case .type: query.filter.types = [slice.value]
            case .source: query.filter.sources = [slice.value]
            case .office: query.filter.offices = OfficeChoice(text: slice.value)
            case .day: if let day = Day(iso: slice.value) { query.period = Period(from: day, to: day) }
            case .weekday: query.filter.weekdays = Int(slice.value).map { [$0] } ?? []
            case .hour: query.filter.hours = Int(slice.value).map { [$0] } ?? []
            }
        }
        return query
    }

    /// The filters in words, for headings and for the journal.
    ///
    /// - Parameter offices: what stands for the offices; nil: as they were asked for.
    public func words(offices: String? = nil) -> String {
        var parts = [period.from == period.to ? period.from.iso : "\(period.from.iso) to \(period.to.iso)"]
        parts += filterItems.map {
            $0.0 == "office" ? offices ?? "office \($0.1)" : "\($0.0) \($0.1 == "-" ? "blank" : $0.1)"
        }
        if let words = teams.words { parts.append(words) }
        return parts.joined(separator: ", ")
    }

    // MARK: Values in an address

    /// `-` stands for the blank, and a text that begins with `-` gets another one before it.
    static func escape(_ text: String) -> String { text.isEmpty || text.hasPrefix("-") ? "-" + text : text }

    static func unescape(_ text: String) -> String {
        text == "-" || text.hasPrefix("--") ? String(text.dropFirst()) : text
    }

    private static func person(_ text: String) -> PersonChoice {
        if text == "-" || text.isEmpty { return .nobody }
        return ID<Person>(text).map { .id($0) } ?? .named(text)
    }

    private static func text(_ choice: PersonChoice) -> String {
        switch choice {
        case .id(let id): id.description
        case .named(let name): name
        case .nobody: "-"
        }
    }

    /// - Parameters:
    ///   - text: `today`, a day, or `known`; anything but `known` wins over `asKnown`, as a select beside a date.
    ///   - asKnown: a day; with `known` alone the last of the period: what was said of it then.
    private static func teams(_ text: String?, asKnown: String?, today: Day, in period: Period) throws
        -> Teams
    {
        switch (text, asKnown) {
        case (nil, nil): .ofTheDay
        case ("known", nil): .known(period.to)
        case (nil, let known?), ("known", let known?): .known(try day(known))
        case (let text?, _): .asOf(text == "today" ? today : try day(text))
        }
    }

    private static func day(_ text: String) throws -> Day {
        guard let day = Day(iso: text) else {
            throw UserError(.invalid, "“\(text)” is not a day.", advice: "Write days like 2026-11-23.")
        }
        return day
    }

    private static func invalid(_ what: String, _ text: String, _ choices: [String]) -> UserError {
        UserError(
            .invalid, "“\(text)” is not a \(what).",
            advice: "Choose from: \(choices.joined(separator: ", ")).")
    }
}

/// One value of what a report is divided by.
public struct Slice: Hashable, Sendable {
    public var by: By
    /// What a filter takes: an identity, a text, an ISO day, a number; empty: blank or nobody.
    public var value: String
    /// What a person reads, and the key in JSON and CSV.
    public var title: String

    public init(by: By, value: String, title: String) {
        self.by = by
        self.value = value
        self.title = title
    }
}

/// One row of a report: its slices, one for each division, and what they count.
public struct ReportRow: Hashable, Sendable {
    public var slices: [Slice]
    public var figures: Figures

    public init(slices: [Slice], figures: Figures) {
        self.slices = slices
        self.figures = figures
    }
}

/// The answer to a query: its rows add up to its total.
public struct Report: Sendable {
    public var query: ReportQuery
    public var rows: [ReportRow]
    public var total: Figures
    /// Which meaning of states was used, by source.
    public var mappings: [(source: String, version: Int)]
    /// Calls that are in files of these agents and counted once, in another office's; nil: not known for a part of
    /// a day's calls.
    public var elsewhere: Int?

    public init(
        query: ReportQuery, rows: [ReportRow], total: Figures, mappings: [(source: String, version: Int)]
    ) {
        self.query = query
        self.rows = rows
        self.total = total
        self.mappings = mappings
    }

    /// Columns that have a value in some row; those of another kind of file only fill a page with “—”.
    public var metrics: [Metric] {
        Metric.all.filter { metric in
            switch metric.key {
            case "talkLogs", "talk", "aht", "coverage": total.talkLogs > 0
            case "active", "logsPerActiveHour", "successesPerActiveHour": total.activity != nil
            case "idle": total.activity?.idle != nil
            case "presentDays": total.activity?.presentDays != nil
            case "dnc", "callbacks", "machine", "unmapped": metric.n(total) > 0
            default: true
            }
        }
    }

    /// Puts rows in the order that the query asks for; rows without the value come last.
    public mutating func sort() {
        let text = query.sort ?? "key"
        let descending = text.hasPrefix("-")
        let key = descending ? String(text.dropFirst()) : text
        let places = key == "rank" ? ranks(rows.map(\.figures)) : []
        let metric = Metric.named(key)
        guard metric != nil || key == "rank" else {
            rows.sort { a, b in
                for (x, y) in zip(a.slices, b.slices) where x != y {
                    let isLess = Self.isBefore(x, y)
                    return descending ? !isLess : isLess
                }
                return false
            }
            return
        }
        let values = rows.indices.map { index -> Double? in
            let figures = rows[index].figures
            guard let metric else { return places[index].map(Double.init) }
            if let proportion = metric.proportion {
                let (part, whole) = proportion(figures)
                return wilsonLowerBound(part, of: whole)
            }
            return metric.value(figures)
        }
        let order = rows.indices.sorted { a, b in
            switch (values[a], values[b]) {
            case (let x?, let y?) where x != y: descending ? x > y : x < y
            case (.some, nil): true
            case (nil, .some): false
            default: a < b
            }
        }
        rows = order.map { rows[$0] }
    }

    private static func isBefore(_ a: Slice, _ b: Slice) -> Bool {
        if a.by == .weekday || a.by == .hour { return (Int(a.value) ?? 0) < (Int(b.value) ?? 0) }
        if a.by == .day { return a.value < b.value }
        if a.value.isEmpty != b.value.isEmpty { return b.value.isEmpty }
        let order = a.title.compare(b.title, options: [.caseInsensitive, .diacriticInsensitive, .numeric])
        return order == .orderedSame ? a.value < b.value : order == .orderedAscending
    }
}
