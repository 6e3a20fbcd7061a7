import Domain
import Storage

/// A leader's or manager's morning: what waits for him, the team on its last days, what is out of the ordinary.
struct TeamHomePage: Page {
    static let template = "home.team"
    struct Missing: Decodable, Sendable {
        var name: String
        var href: String
        var group: String
    }
    struct Exception: Decodable, Sendable {
        var kind: String
        var tone: String
        var name: String
        var href: String
        var words: String
    }
    struct Idle: Decodable, Sendable {
        var name: String
        var href: String
    }
    var title = "Home"
    var heading: String
    var lede: String
    var requests: [HomeRequest]
    var hasRequests: Bool
    var requestsNote: String
    var newRequestHref = Paths.newRequest
    var requestsHref = Paths.requests
    var scheduled: [HomeChange]
    var hasScheduled: Bool
    var hasCalls: Bool
    var dayName: String
    var against: TextLink?
    var reportHref: String
    var tiles: [FigureTile]
    /// A manager's.
    var comparison: TeamComparison?
    /// A manager's.
    var exceptions: [Exception]
    var showsExceptions: Bool
    var idle: [Idle]
    var hasIdle: Bool
    /// A leader's.
    var twoDays: TwoDays?
    var table: FigureTable?
    var missing: [Missing]
    var hasMissing: Bool
}

/// A request with its effect in short.
struct HomeRequest: Decodable, Sendable {
    var what: String
    var href: String
    var state: String
    var tone: String
    var waiting: String
    var awaitsViewer: Bool
    var effects: [String]
}

/// What is going to be, from a day on.
struct HomeChange: Decodable, Sendable {
    var day: String
    var words: String
    var link: TextLink?
}

/// Teams against the previous equal period.
struct TeamComparison: Decodable, Sendable {
    struct Cell: Decodable, Sendable {
        var label: String
        var value: String
        var change: String
        /// `good`, `bad` or `neutral`.
        var kind: String
    }
    struct Row: Decodable, Sendable {
        var name: FigureCell
        var cells: [Cell]
    }
    var words: String
    var columns: [String]
    var rows: [Row]
    var total: [Cell]

    static let keys = ["logs", "contactRate", "successes", "successesPerActiveHour"]

    /// - Parameter link: of a team, by the value of its slice.
    init(_ now: Report, _ before: Report, format: OfficeFormat, link: (Slice) -> String) {
        let metrics = Self.keys.compactMap(Metric.named)
        columns = metrics.map(\.title)
        words = "\(format.period(now.query.period)) against \(format.period(before.query.period))"
        func cells(_ now: Figures?, _ before: Figures?) -> [Cell] {
            metrics.map { metric in
                let change = Domain.change(
                    from: before.flatMap { metric.value($0) }, to: now.flatMap { metric.value($0) })
                let shown = change.map { ($0 * 1000).rounded() / 1000 }
                return Cell(
                    label: metric.title, value: now.map { format.metric(metric, $0) } ?? OfficeFormat.none,
                    change: shown.map {
                        ($0 > 0 ? "▲ " : $0 < 0 ? "▼ " : "= ") + format.percent(abs($0))
                    } ?? OfficeFormat.none,
                    kind: (shown ?? 0) == 0 ? "neutral" : (shown ?? 0) > 0 ? "good" : "bad")
            }
        }
        let old = Dictionary(before.rows.compactMap { row in row.slices.first.map { ($0, row.figures) } }) {
            a, _ in a
        }
        let met = Set(now.rows.compactMap(\.slices.first))
        let gone = before.rows.compactMap(\.slices.first).filter { !met.contains($0) }
        rows =
            now.rows.compactMap { row in
                row.slices.first.map {
                    Row(name: FigureCell($0.title, href: link($0)), cells: cells(row.figures, old[$0]))
                }
            } + gone.map { Row(name: FigureCell($0.title), cells: cells(nil, old[$0])) }
        total = cells(now.total, before.total)
    }
}

/// Agents on the last two days with calls.
struct TwoDays: Decodable, Sendable {
    struct Head: Decodable, Sendable {
        var name: String
        var href: String
    }
    struct Cell: Decodable, Sendable {
        var text: String
        var label: String
    }
    struct Row: Decodable, Sendable {
        var name: FigureCell
        var cells: [Cell]
    }
    var days: [Head]
    var columns: [String]
    var rows: [Row]
    var total: [Cell]

    static let keys = ["logs", "successes", "active"]

    /// - Parameter reports: by agent, one for each day, the last one first.
    init(_ reports: [Report], format: OfficeFormat, href: (Day) -> String) {
        let metrics = Self.keys.compactMap(Metric.named)
        days = reports.map {
            Head(name: format.day($0.query.period.to), href: href($0.query.period.to))
        }
        columns = reports.flatMap { _ in metrics.map(\.title) }
        func cells(_ figures: [Figures?]) -> [Cell] {
            zip(reports, figures).flatMap { report, figures in
                metrics.map { metric in
                    Cell(
                        text: figures.map { format.metric(metric, $0) } ?? OfficeFormat.none,
                        label: "\(format.shortDay(report.query.period.to)): \(metric.title)")
                }
            }
        }
        let byAgent = reports.map { report in
            Dictionary(report.rows.compactMap { row in row.slices.first.map { ($0, row.figures) } }) { a, _ in
                a
            }
        }
        var slices: [Slice] = []
        for row in reports.flatMap(\.rows) {
            if let slice = row.slices.first, !slices.contains(slice) { slices.append(slice) }
        }
        rows = slices.map { slice in
            Row(
                name: FigureCell(slice.title, href: slice.value.isEmpty ? nil : Paths.agent(slice.value)),
                cells: cells(byAgent.map { $0[slice] }))
        }
        total = cells(reports.map(\.total))
    }
}

/// An agent's place in the office, and how he came there.
struct OwnTeam: Decodable, Sendable {
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
    }
    struct Step: Decodable, Sendable {
        var day: String
        var words: String
    }
    var facts: [Fact]
    var steps: [Step]
    var scheduled: [HomeChange]
    var hasScheduled: Bool
    var requests: [HomeRequest]
    var hasRequests: Bool
}
