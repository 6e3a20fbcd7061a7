import Foundation

/// A row of a heat map: an agent, a weekday.
public struct HeatRow: Sendable {
    public var label: String
    public var href: String?

    public init(label: String, href: String? = nil) {
        self.label = label
        self.href = href
    }
}

/// Steps of equal membership: 0 for a value of 0, then 1–6 so that each step holds about as many values.
///
/// A scale linear to the maximum would let one busy hour bleach all others. Equal values share a step, so
/// with few different values some steps stay unused.
public struct QuantileScale: Sendable {
    /// The upper bounds of the steps in use, all but the last.
    public let bounds: [Double]
    private static let steps = 6

    /// Ignores what is missing, below or at 0, or not a number.
    public init(_ values: [Double]) {
        let sorted = values.compactMap { drawable($0) }.filter { $0 > 0 }.sorted()
        var bounds: [Double] = []
        for step in 1..<QuantileScale.steps where !sorted.isEmpty {
            let rank = (step * sorted.count + QuantileScale.steps - 1) / QuantileScale.steps
            let bound = sorted[min(sorted.count, max(1, rank)) - 1]
            if bound != bounds.last, bound != sorted.last { bounds.append(bound) }
        }
        self.bounds = bounds
    }

    /// 0–6; the steps in use are spread so that the lowest is pale and the highest dark.
    public func step(of value: Double) -> Int {
        guard let value = drawable(value), value > 0 else { return 0 }
        guard !bounds.isEmpty else { return 4 }
        let place = bounds.filter { $0 < value }.count
        return 1 + (place * (QuantileScale.steps - 1) + bounds.count / 2) / bounds.count
    }
}

/// Cells shaded by quantile; nil is an empty outline. Missing cells of a short row count as nil.
/// - Parameter href: where a cell leads, by row and column.
public func heatMap(
    id: String, title: String, rows: [HeatRow], columns: [String], values: [[Double?]],
    width: ChartWidth = .full, noValue: String = "no calls",
    href: (_ row: Int, _ column: Int) -> String? = { _, _ in nil },
    format: (Double) -> String = groupedNumber
) -> String {
    let labelWidth = min(150, 20 + (rows.map { textWidth($0.label) }.max() ?? 0))
    let columnCount = max(1, columns.count)
    let widest = columns.map { textWidth($0) }.max() ?? 0
    let pitch = max(22, (width.units - labelWidth) / Double(columnCount))
    var svg = ChartSVG(id: id, width: labelWidth + pitch * Double(columnCount))
    let height = 22.0
    let headTop = 20.0
    let scale = QuantileScale(values.joined().compactMap { $0 })
    // A head wider than its column is set at every second, third … column.
    let every = max(1, Int(((widest + 6) / pitch).rounded(.up)))
    for (column, label) in columns.enumerated() where column % every == 0 {
        svg.text(
            "c-text", x: labelWidth + (Double(column) + 0.5) * pitch, y: 13, label, anchor: "middle")
    }
    var ranges: [Int: (low: Double, high: Double)] = [:]
    for (index, row) in rows.enumerated() {
        let y = headTop + Double(index) * height
        svg.link(row.href, label: row.label) {
            $0.text(
                row.href == nil ? "c-text" : "c-label-link", x: labelWidth - 8, y: y + 15,
                shortened(row.label, to: labelWidth - 10), anchor: "end")
        }
        let cells = index < values.count ? values[index] : []
        for (column, label) in columns.enumerated() {
            let value = column < cells.count ? drawable(cells[column]) : nil
            let tip = "\(row.label), \(label): \(value.map(format) ?? noValue)"
            let step = value.map { scale.step(of: $0) }
            if let value, let step {
                let range = ranges[step] ?? (value, value)
                ranges[step] = (min(range.low, value), max(range.high, value))
            }
            svg.link(value == nil ? nil : href(index, column), label: tip) {
                $0.rect(
                    step.map { "c-cell h-\($0)" } ?? "h-none", x: labelWidth + Double(column) * pitch + 1,
                    y: y + 1, width: pitch - 2, height: height - 2, tip: tip)
            }
        }
    }
    let legendTop = headTop + Double(rows.count) * height + 12
    let entries = ranges.sorted { $0.key < $1.key }.map { step, range in
        let low = format(range.low)
        let high = format(range.high)
        return (
            words: low == high ? low : "\(low)–\(high)",
            draw: { (svg: inout ChartSVG, x: Double, y: Double) in
                svg.rect("h-\(step)", x: x, y: y, width: 12, height: 12)
            }
        )
    }
    let used = svg.legend(entries, y: legendTop)
    let counted = values.joined().compactMap { drawable($0) }
    let most = counted.max().map { " ≤ \(format($0))." } ?? ""
    return svg.finished(
        kind: "chart-heat", height: legendTop + used + 2, title: title,
        summary: "\(rows.count) × \(columns.count).\(most)")
}
