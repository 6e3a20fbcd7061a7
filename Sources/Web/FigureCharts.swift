import Domain
import Formats
import Storage

/// Pictures of figures, each made of a report, with the rows of the table beside it.
struct FigureCharts {
    var format: OfficeFormat
    /// Days on which the office has any calls: a day without an agent's calls is 0 on these, else “no file”.
    var openDays: Set<Day>

    /// A bar for each day of the period; at most two years.
    func trend(_ report: Report, id: String, _ metric: Metric, link: (Day) -> String?) -> (
        svg: String, rows: [NamedCell]
    ) {
        var figures: [Day: Figures] = [:]
        for row in report.rows {
            if let day = row.slices.first.flatMap({ Day(iso: $0.value) }) { figures[day] = row.figures }
        }
        let days = (0..<min(report.query.period.dayCount, 731)).map { report.query.period.from.adding($0) }
        let points = days.map { day in
            TrendPoint(
                day: day,
                value: figures[day].flatMap { metric.value($0) }
                    ?? (openDays.contains(day) && metric.unit == .count ? 0 : nil),
                href: figures[day] == nil ? nil : link(day))
        }
        let svg = trendChart(
            id: id, title: "\(metric.title) by day", points: points, width: .full,
            words: TrendWords(value: metric.title), dayLabel: format.shortDay)
        let rows = days.map { day in
            NamedCell(
                name: format.day(day),
                cell: FigureCell(
                    figures[day].map { format.metric(metric, $0) }
                        ?? (openDays.contains(day) ? "0" : "No file"),
                    href: figures[day] == nil ? nil : link(day)))
        }
        return (svg, rows)
    }

    /// Rows by the first division, hours across; at most 60 rows.
    func heat(_ report: Report, id: String, _ metric: Metric, link: ([Slice]) -> String?) -> String? {
        guard report.query.by.count == 2, report.query.by.last == .hour else { return nil }
        var order: [Slice] = []
        var cells: [Slice: [Int: ReportRow]] = [:]
        for row in report.rows {
            guard let first = row.slices.first, let hour = row.slices.last.flatMap({ Int($0.value) }) else {
                continue
            }
            if cells[first] == nil { order.append(first) }
            cells[first, default: [:]][hour] = row
        }
        let hours = cells.values.flatMap(\.keys)
        guard let low = hours.min(), let high = hours.max() else { return nil }
        let columns = Array(low...high)
        let shown = Array(order.prefix(60))
        return heatMap(
            id: id, title: "\(metric.title) by \(report.query.by[0].title.lowercased()) and hour",
            rows: shown.map { HeatRow(label: $0.by == .weekday ? String($0.title.prefix(3)) : $0.title) },
            columns: columns.map { String($0) },
            values: shown.map { slice in
                columns.map { hour in cells[slice]?[hour].flatMap { metric.value($0.figures) } }
            },
            href: { row, column in
                guard shown.indices.contains(row), columns.indices.contains(column) else { return nil }
                return cells[shown[row]]?[columns[column]].flatMap { link($0.slices) }
            })
    }

    /// The seven most frequent states and the rest, as one 100 % bar.
    func states(_ report: Report, id: String) -> String? {
        guard report.total.logs > 0 else { return nil }
        let rows = report.rows.sorted { $0.figures.logs > $1.figures.logs }
        var parts = rows.prefix(7).enumerated().map { index, row in
            ChartPart(
                label: row.slices.last?.title ?? "", value: Double(row.figures.logs), style: index)
        }
        let rest = rows.dropFirst(7).reduce(0) { $0 + $1.figures.logs }
        if rest > 0 { parts.append(ChartPart(label: "Others", value: Double(rest), style: 7)) }
        return stackedBar(id: id, title: "Dispositions", segments: parts, width: .full)
    }
}
