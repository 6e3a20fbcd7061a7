import Domain
import Formats
import Foundation
import Storage

/// The period, the divisions and the filters of a page of figures, as a form that works without script.
struct FilterForm: Decodable, Sendable {
    struct Link: Decodable, Sendable {
        var label: String
        var href: String
        var isCurrent: Bool
    }
    struct Choice: Decodable, Sendable {
        var value: String
        var label: String
        var isSelected: Bool
    }
    struct Select: Decodable, Sendable {
        var id: String
        var name: String
        var label: String
        var choices: [Choice]
    }
    struct Hidden: Decodable, Sendable {
        var name: String
        var value: String
    }
    struct Chip: Decodable, Sendable {
        var label: String
        var href: String
    }
    struct Search: Decodable, Sendable {
        var value: String
    }

    /// Whose teams the figures are put under.
    struct TeamsField: Decodable, Sendable {
        var choices: [Choice]
        /// The day of “as known on”.
        var asKnown: String
    }

    var action: String
    /// What is asked for, in one line: all that a narrow screen shows of the form until it is opened.
    var summary: String
    var search: Search?
    var from: String
    var to: String
    var teams: TeamsField?
    var presets: [Link]
    var selects: [Select]
    var hidden: [Hidden]
    /// What is left out by filters, each with a link that takes it away.
    var chips: [Chip]
    var hasChips: Bool

    /// - Parameters:
    ///   - divisions: how many selects of divisions the page has.
    ///   - search: the text that names are searched for; nil: the page has no such field.
    ///   - choosesTeams: whether the page can show other teams than those of the day.
    ///   - dividesByOffice: whether there are several offices to divide by.
    init(
        _ query: ReportQuery, path: String, choices: [By: [Slice]], divisions: Int, today: Day,
        search: String? = nil, choosesTeams: Bool = false, dividesByOffice: Bool = false,
        _ format: OfficeFormat
    ) {
        let extra = search.map { $0.isEmpty ? [] : [(name: "q", value: $0)] } ?? []
        action = path
        self.search = search.map(Search.init)
        from = query.period.from.iso
        to = query.period.to.iso
        let others = query.items.filter { $0.name != "from" && $0.name != "to" } + extra
        presets = ReportQuery.presets.map { key, title in
            Link(
                label: title, href: path + "?" + ReportQuery.queryString([("p", key)] + others),
                isCurrent: ReportQuery.period(preset: key, today: today) == query.period)
        }
        selects = (0..<divisions).map { index in
            let current = query.by.indices.contains(index) ? query.by[index] : nil
            let none = Choice(value: "", label: "—", isSelected: current == nil)
            return Select(
                id: "by\(index + 1)", name: "by", label: index == 0 ? "By" : "Then by",
                choices: (index == 0 ? [] : [none])
                    + By.allCases.filter { $0 != .office || dividesByOffice || $0 == current }.map {
                        Choice(value: $0.rawValue, label: $0.title, isSelected: $0 == current)
                    })
        }
        var shown: Set<String> = ["from", "to", "by", "q"]
        if choosesTeams {
            teams = TeamsField(query.teams, today: today)
            shown.formUnion(["teams", "as-known"])
        }
        let filters: [By] = [
            .agent, .leader, .manager, .group, .employment, .campaign, .state, .type, .source,
        ]
        for by in filters {
            let values = query.items.filter { $0.name == by.rawValue }.map(\.value)
            // Several values are kept as they are: a select holds one.
            guard values.count < 2, let slices = choices[by], slices.count > 1 || !values.isEmpty else {
                continue
            }
            var options = slices.map { slice in
                let value =
                    query.narrowed(to: [slice]).items.first { $0.name == by.rawValue }?.value ?? slice.value
                return Choice(value: value, label: slice.title, isSelected: values == [value])
            }
            if let value = values.first, !options.contains(where: \.isSelected) {
                options.append(Choice(value: value, label: value, isSelected: true))
            }
            shown.insert(by.rawValue)
            selects.append(
                Select(
                    id: "filter-\(by.rawValue)", name: by.rawValue, label: by.title,
                    choices: [Choice(value: "", label: "All", isSelected: values.isEmpty)] + options))
        }
        hidden = others.filter { !shown.contains($0.name) }.map { Hidden(name: $0.name, value: $0.value) }
        let all = query.items + extra
        chips = query.items.enumerated().compactMap { index, item in
            guard !["from", "to", "by", "sort", "office"].contains(item.name) else { return nil }
            var rest = all
            rest.remove(at: index)
            let by = By(rawValue: item.name)
            let title = by.flatMap { by in
                choices[by]?.first { slice in
                    query.narrowed(to: [slice]).items.first { $0.name == item.name }?.value == item.value
                }?.title
            }
            if let words = query.teams.words, item.name == "teams" || item.name == "as-known" {
                return Chip(label: words, href: path + "?" + ReportQuery.queryString(rest))
            }
            let counting = item.name == "counting" ? Counting(rawValue: item.value)?.title : nil
            let value = title ?? counting ?? (item.value == "-" ? "blank" : item.value)
            return Chip(
                label: "\(by?.title ?? "Only"): \(value)",
                href: path + "?" + ReportQuery.queryString(rest))
        }
        hasChips = !chips.isEmpty
        let divided = query.by.map { $0.title.lowercased() }.joined(separator: ", then by ")
        summary =
            ([presets.first(where: \.isCurrent)?.label ?? format.shortPeriod(query.period)]
            + (divisions > 0 && !divided.isEmpty ? ["by \(divided)"] : [])
            + extra.map { "“\($0.value)”" } + chips.map(\.label)).joined(separator: " · ")
    }
}

extension FilterForm.TeamsField {
    init(_ teams: Teams, today: Day) {
        var options = [("", "As on each day"), ("today", "Today's teams"), ("known", "As known on…")]
        var chosen = ""
        asKnown = ""
        switch teams {
        case .ofTheDay: break
        case .asOf(today): chosen = "today"
        case .asOf(let day):
            chosen = day.iso
            options.append((day.iso, "Teams of \(day.iso)"))
        case .known(let day):
            chosen = "known"
            asKnown = day.iso
        }
        choices = options.map { .init(value: $0.0, label: $0.1, isSelected: $0.0 == chosen) }
    }
}

/// A word that leads somewhere.
struct TextLink: Decodable, Sendable {
    var text: String
    var href: String
}

/// A word that may lead somewhere.
struct FigureCell: Decodable, Sendable {
    var text: String
    var link: TextLink?

    init(_ text: String, href: String? = nil) {
        self.text = text
        link = href.map { TextLink(text: text, href: $0) }
    }
}

/// The same, with its column's title for a narrow screen.
struct LabelledCell: Decodable, Sendable {
    var text: String
    var link: TextLink?
    var label: String

    init(_ text: String, href: String? = nil, label: String) {
        self.text = text
        link = href.map { TextLink(text: text, href: $0) }
        self.label = label
    }
}

/// A figure in a tile, with its change and how it is computed.
struct FigureTile: Decodable, Sendable {
    struct Change: Decodable, Sendable {
        var text: String
        /// `good`, `bad` or `neutral`.
        var kind: String
        var against: String
    }
    var label: String
    var value: String
    var link: TextLink?
    var change: Change?
    var formula: String
    var n: String

    /// - Parameter before: the figures it is compared with, and what they are called.
    init(
        _ metric: Metric, _ figures: Figures, href: String?, before: (figures: Figures, words: String)?,
        _ format: OfficeFormat
    ) {
        label = metric.title
        let text = format.metric(metric, figures)
        value = text
        link = figures.logs > 0 ? href.map { TextLink(text: text, href: $0) } : nil
        formula = metric.formula
        n = format.number(metric.n(figures))
        guard let before,
            let difference = Domain.change(
                from: metric.value(before.figures), to: metric.value(figures))
        else { return }
        let shown = (difference * 1000).rounded() / 1000
        let isNeutral = ["unmapped", "dnc", "idle", "machine", "aht"].contains(metric.key)
        change = Change(
            text: (shown > 0 ? "▲ " : shown < 0 ? "▼ " : "= ") + format.percent(abs(shown)),
            kind: shown == 0 || isNeutral ? "neutral" : shown > 0 ? "good" : "bad",
            against: "vs \(before.words)")
    }
}

/// One column's explanation.
struct FigureHelp: Decodable, Sendable {
    var title: String
    var formula: String
    var n: String
}

/// A table of figures: columns sort, figures open their calls.
struct FigureTable: Decodable, Sendable {
    struct Column: Decodable, Sendable {
        var title: String
        var href: String
        /// `ascending` or `descending`.
        var sorted: String?
        var isNumber: Bool
    }
    struct Row: Decodable, Sendable {
        var head: FigureCell
        var others: [LabelledCell]
        var cells: [LabelledCell]
    }

    var columns: [Column]
    var rows: [Row]
    /// A cell without text for each column between “Total” and the figures.
    var totalBlanks: [String]
    var totals: [LabelledCell]
    var help: [FigureHelp]
    var shown: String
    var previousHref: String?
    var nextHref: String?

    static let rowsPerPage = 200

    /// - Parameter link: an address with the page's query items, some of them changed.
    init(
        _ values: ReportValues, page: Int, period: Period, format: OfficeFormat, mayOpenCalls: Bool,
        link: ([String: String?]) -> String
    ) {
        let report = values.report
        let metrics = report.metrics
        let sort = report.query.sort ?? "key"
        func column(_ title: String, _ key: String, isNumber: Bool, bestIsLow: Bool = false) -> Column {
            let descending = sort == "-" + key
            let ascending = sort == key
            // Figures are first sorted from the highest, names from A, ranks from 1.
            let next = isNumber && !bestIsLow ? (descending ? key : "-" + key) : (ascending ? "-" + key : key)
            return Column(
                title: title, href: link(["sort": next, "page": nil]),
                sorted: ascending ? "ascending" : descending ? "descending" : nil, isNumber: isNumber)
        }
        columns = report.query.by.map { column($0.title, "key", isNumber: false) }
        // One arrow says enough: nested divisions are sorted together.
        for index in columns.indices.dropFirst() { columns[index].sorted = nil }
        if values.ranks != nil { columns.append(column("Rank", "rank", isNumber: true, bestIsLow: true)) }
        columns += metrics.map { column($0.title, $0.key, isNumber: true) }
        totalBlanks = Array(repeating: "", count: max(0, columns.count - metrics.count - 1))

        func cells(_ figures: Figures, _ slices: [Slice]) -> [LabelledCell] {
            metrics.map { metric in
                let text = format.metric(metric, figures)
                let isEmpty = figures.logs == 0 || metric.rounded(figures) == nil || metric.n(figures) == 0
                let query = report.query.narrowed(to: slices, counting: metric.opens)
                let part = metric.opens.map { opened in
                    (Metric.all.first { $0.counting == opened }?.n(figures) ?? 0) > 0
                }
                return LabelledCell(
                    text,
                    href: isEmpty || part == false || !mayOpenCalls
                        ? nil : Paths.calls + "?" + query.queryString,
                    label: metric.title)
            }
        }
        let pages = max(1, (report.rows.count + Self.rowsPerPage - 1) / Self.rowsPerPage)
        let current = min(max(1, page), pages)
        let start = (current - 1) * Self.rowsPerPage
        let end = min(report.rows.count, start + Self.rowsPerPage)
        rows = (start..<end).map { index in
            let row = report.rows[index]
            let heads = row.slices.map { slice in
                LabelledCell(
                    slice.by == .day
                        ? Day(iso: slice.value).map(format.day) ?? slice.title
                        : slice.by == .hour ? slice.title + ":00" : slice.title,
                    href: slice.by == .agent && !slice.value.isEmpty
                        ? Paths.agent(slice.value) + "?"
                            + ReportQuery.queryString([("from", period.from.iso), ("to", period.to.iso)])
                        : nil,
                    label: slice.by.title)
            }
            var rank: [LabelledCell] = []
            if let ranks = values.ranks {
                rank = [
                    LabelledCell(
                        ranks[index].map { format.number($0) } ?? OfficeFormat.none, label: "Rank")
                ]
            }
            return Row(
                head: heads.first.map { FigureCell($0.text, href: $0.link?.href) } ?? FigureCell("All"),
                others: Array(heads.dropFirst()),
                cells: rank + cells(row.figures, row.slices))
        }
        totals = cells(report.total, [])
        help = metrics.map {
            FigureHelp(title: $0.title, formula: $0.formula, n: format.number($0.n(report.total)))
        }
        if values.ranks != nil {
            help.append(
                FigureHelp(
                    title: "Rank",
                    formula:
                        "By successes per active hour, from \(Metric.rankDials) dials on; ties share a place",
                    n: format.number(values.ranks?.compactMap { $0 }.count ?? 0)))
        }
        shown =
            report.rows.isEmpty
            ? "No rows"
            : "\(format.number(start + 1))–\(format.number(end)) of \(format.number(report.rows.count))"
        previousHref = current > 1 ? link(["page": String(current - 1)]) : nil
        nextHref = current < pages ? link(["page": String(current + 1)]) : nil
    }
}

struct ReportPage: Page {
    static let template = "report.performance"
    var title = "Performance"
    var lede: String
    var filter: FilterForm
    var csvHref: String?
    var tiles: [FigureTile]
    var hasCalls: Bool
    var emptyText: String
    var lastDayHref: String?
    var uploadHref: String?
    var trend: String?
    var trendRows: [NamedCell]
    var heat: String?
    var stack: String?
    var table: FigureTable?
    var mappings: String
    var badge: String
    var badgeIsGood: Bool
    var checksHref: String
    var elsewhere: String?
}

/// A line of a small table beside a picture.
struct NamedCell: Decodable, Sendable {
    var name: String
    var cell: FigureCell
}

struct ChecksPage: Page {
    static let template = "report.checks"
    struct Check: Decodable, Sendable {
        var name: String
        var detail: String
        var isGood: Bool
    }
    var title = "Checks"
    var period: String
    var reportHref: String
    var isGood: Bool
    var checks: [Check]
}
