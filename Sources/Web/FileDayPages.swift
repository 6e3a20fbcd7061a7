import Domain
import Storage

struct FileDaysPage: Page {
    static let template = "file.days"

    struct Part: Sendable, Decodable {
        var name: String
        var href: String
        var rows: String
        var isFull: Bool
    }
    struct Row: Sendable, Decodable {
        var day: String
        var href: String
        var source: String
        var state: String
        var badge: String
        var calls: FigureCell
        var usual: String
        var isOff: Bool
        var parts: [Part]
        var hasParts: Bool
    }

    var title = "Files by day"
    var monthName: String
    var summary: String
    var here = Paths.fileDays
    var month: String
    var previous: String
    var next: String?
    var previousName: String
    var nextName: String
    var rows: [Row]
    var hasRows: Bool
    var hasCalls: Bool
    var emptyTitle: String

    init(
        _ month: Month, _ days: [FileDay], _ calendar: [UploadCalendarRow], hasCalls: Bool, today: Day,
        kept: [(name: String, value: String)] = [], _ format: OfficeFormat
    ) {
        self.month = month.text
        monthName = format.month(month.first)
        let last = min(month.period.to, today)
        let byDay = Dictionary(grouping: days) { SourceDay(source: $0.source, day: $0.day) }
        var states: [UploadState: Int] = [:]
        rows = []
        for offset in 0..<max(0, month.period.dayCount) {
            let day = month.period.to.adding(-offset)
            var ofDay: [Row] = []
            for source in calendar {
                guard let seen = source.days.first(where: { $0.day == day }) else { continue }
                let parts = byDay[SourceDay(source: source.source.id, day: day)] ?? []
                // A day to come is only shown where a file has calls of it.
                guard day <= last || !parts.isEmpty else { continue }
                states[seen.state, default: 0] += 1
                ofDay.append(Row(seen, source, parts, kept, format))
            }
            // A Sunday is one line, however many sources there are.
            if ofDay.count > 1, ofDay.allSatisfy({ $0.isOff && !$0.hasParts }), var one = ofDay.first {
                one.source = "All sources"
                ofDay = [one]
            }
            rows += ofDay
        }
        hasRows = !rows.isEmpty
        self.hasCalls = hasCalls
        emptyTitle = month.first > today ? "This month has not begun" : "No calls in \(monthName)"
        let (missing, half) = (states[.missing] ?? 0, states[.half] ?? 0)
        let words = [
            missing > 0 ? "\(format.number(missing)) missing" : nil,
            half > 0 ? "\(format.number(half)) \(half == 1 ? "looks" : "look") half-uploaded" : nil,
        ].compactMap { $0 }
        summary = words.isEmpty ? "Nothing is missing" : words.joined(separator: ", ")
        previous = Form([("month", month.previous.text)] + kept).link(Paths.fileDays)
        previousName = format.month(month.previous.first)
        next =
            month.next.first <= today ? Form([("month", month.next.text)] + kept).link(Paths.fileDays) : nil
        nextName = format.month(month.next.first)
    }
}

extension FileDaysPage.Row {
    init(
        _ seen: UploadDay, _ source: UploadCalendarRow, _ parts: [FileDay],
        _ kept: [(name: String, value: String)],
        _ format: OfficeFormat
    ) {
        day = format.shortDay(seen.day)
        href = Form([("from", seen.day.iso), ("to", seen.day.iso)] + kept).link(Paths.files)
        self.source = source.title
        state = seen.state.title
        badge =
            switch seen.state {
            case .arrived: "good"
            case .missing: "bad"
            case .half: "warn"
            case .off: "neutral"
            }
        calls = FigureCell(
            parts.isEmpty && seen.logs == 0 ? OfficeFormat.none : format.number(seen.logs),
            href: seen.logs > 0
                ? Form(
                    [("from", seen.day.iso), ("to", seen.day.iso), ("source", source.source.id.description)]
                        + kept
                ).link(Paths.performance) : nil)
        isOff = seen.state == .off
        usual = isOff ? "" : seen.usual.map { "usually \(format.number($0))" } ?? ""
        self.parts = parts.map { part in
            FileDaysPage.Part(
                name: "\(part.fileName), version \(part.version)",
                href: Paths.fileVersion(part.file.description, String(part.version)),
                rows: part.words(format), isFull: part.counted == part.rows)
        }
        hasParts = !parts.isEmpty
    }
}

extension FileDay {
    fileprivate func words(_ format: OfficeFormat) -> String {
        let all = format.count(rows, "row", "rows")
        if counted == rows { return rows == 1 ? "1 row, it counts" : "\(all), all count" }
        let others = isCut ? "deleted, or in a later file" : "a later file has them"
        if counted == 0 { return "\(all), none counts: \(others)" }
        return "\(all), \(format.number(counted)) count"
    }
}

/// The days of one version, as its page has them.
struct VersionDays: Sendable, Decodable {
    struct Row: Sendable, Decodable {
        var day: String
        var href: String
        var rows: String
        var counted: String
        var agents: String
    }
    var rows: [Row]
    var summary: String
    var isOpen: Bool

    init?(_ days: [FileDay], _ format: OfficeFormat) {
        guard !days.isEmpty else { return nil }
        rows = days.map { day in
            Row(
                day: format.day(day.day),
                href: Form([("month", Month(of: day.day).text)]).link(Paths.fileDays),
                rows: format.number(day.rows), counted: format.number(day.counted),
                agents: format.number(day.agents))
        }
        let (all, counted) = (days.reduce(0) { $0 + $1.rows }, days.reduce(0) { $0 + $1.counted })
        summary =
            "\(format.count(days.count, "day", "days")), \(format.number(counted)) of \(format.count(all, "call counts", "calls count"))"
        isOpen = days.count <= 10
    }
}
