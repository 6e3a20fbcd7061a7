import Domain
import Foundation

/// One day of a trend. No value means that no file came for the day, which is not the same as 0.
public struct TrendPoint: Sendable {
    public var day: Day
    public var value: Double?
    public var href: String?

    public init(day: Day, value: Double?, href: String? = nil) {
        self.day = day
        self.value = value
        self.href = href
    }
}

/// The words a trend prints, from the page's text catalogue.
public struct TrendWords: Sendable {
    public var value: String
    public var mean: String
    public var zero: String
    public var noFile: String
    public var noDays: String

    public init(
        value: String = "Calls", mean: String = "7-day mean", zero: String = "0", noFile: String = "No file",
        noDays: String = "No days to show"
    ) {
        self.value = value
        self.mean = mean
        self.zero = zero
        self.noFile = noFile
        self.noDays = noDays
    }
}

/// The mean of the values on a day and the six before it; nil where fewer than four of those days have one.
public func sevenDayMean(_ points: [TrendPoint]) -> [Double?] {
    var valueOn: [Int32: Double] = [:]
    for point in points {
        if let value = drawable(point.value) { valueOn[point.day.number] = value }
    }
    return points.map { point in
        let window = (0..<7).compactMap { valueOn[point.day.number &- Int32($0)] }
        return window.count < 4 ? nil : window.reduce(0, +) / Double(window.count)
    }
}

/// A bar per day with the 7-day mean over it; 0 is a hollow mark on the axis, "no file" a hatched one under it.
///
/// Days are drawn in order, evenly spaced: hand in every day of the period.
/// - Parameter dayLabel: how the office writes a day on the axis, short.
public func trendChart(
    id: String, title: String, points: [TrendPoint], width: ChartWidth = .half,
    words: TrendWords = TrendWords(),
    dayLabel: (Day) -> String = { $0.iso }, format: (Double) -> String = groupedNumber
) -> String {
    var svg = ChartSVG(id: id, width: width.units)
    guard !points.isEmpty else {
        svg.text("c-text", x: 0, y: 16, words.noDays)
        return svg.finished(kind: "chart-trend", height: 28, title: title, summary: words.noDays)
    }
    let days = points.sorted { $0.day < $1.day }
    let means = sevenDayMean(days)
    let top = roundCeiling(days.compactMap { drawable($0.value) }.max() ?? 0)
    let lines = [0, top / 2, top]
    let left = 10 + (lines.map { textWidth(format($0)) }.max() ?? 0)
    let labelWidth = days.map { textWidth(dayLabel($0.day)) }.max() ?? 0
    let plot = (top: 12.0, height: 168.0, bottom: 180.0, width: svg.width - left - min(labelWidth / 2, 30))
    let pitch = plot.width / Double(max(1, days.count))
    let barWidth = max(0.6, min(pitch * 0.72, 40))
    func y(_ value: Double) -> Double { plot.bottom - value / top * plot.height }
    func centre(_ index: Int) -> Double { left + (Double(index) + 0.5) * pitch }

    svg.raw(
        "<defs><pattern id=\"\(svg.id)-n\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
            + "<rect class=\"c-none\" width=\"5\" height=\"5\"/><path class=\"c-hatch\" d=\"M-1 6 6 -1M-1 1 1 -1M4 6 6 4\"/>"
            + "</pattern></defs>")
    for line in lines {
        svg.path(
            line == 0 ? "c-axis" : "c-grid",
            "M\(coordinate(left)) \(coordinate(y(line)))H\(coordinate(svg.width))")
        svg.text("c-text", x: left - 8, y: y(line) + 4, format(line), anchor: "end")
    }
    for (index, point) in days.enumerated() {
        let value = drawable(point.value)
        let tip = "\(dayLabel(point.day)): \(value.map(format) ?? words.noFile)"
        let x = centre(index) - barWidth / 2
        svg.link(point.href, label: tip) { svg in
            if let value, value > 0 {
                svg.rect(
                    "c-bar", x: x, y: y(value), width: barWidth, height: plot.bottom - y(value), tip: tip)
            } else if value != nil {
                svg.drawZero(x: centre(index), y: plot.bottom, tip: tip)
            } else {
                svg.drawNoFile(x: x, y: plot.bottom + 2, width: barWidth, tip: tip)
            }
        }
    }
    svg.path("c-mean", brokenLine(means.enumerated().map { ($0.element).map(y) }, x: centre))
    // Counted back from the newest day, which is the one people look for.
    let step = max(1, Int(((labelWidth + 14) / pitch).rounded(.up)))
    var free = svg.width
    for index in stride(from: days.count - 1, through: 0, by: -step) {
        let half = labelWidth / 2
        let x = min(max(centre(index), left + half), svg.width - half)
        guard x + half <= free else { continue }
        free = x - half - 8
        svg.text("c-text", x: x, y: plot.bottom + 24, dayLabel(days[index].day), anchor: "middle")
    }
    let legendTop = plot.bottom + 38
    let used = svg.legend(
        [
            (words.value, { $0.rect("c-bar", x: $1, y: $2, width: 12, height: 12) }),
            (words.mean, { $0.path("c-mean", "M\(coordinate($1)) \(coordinate($2 + 6))h13") }),
            (words.zero, { $0.drawZero(x: $1 + 6, y: $2 + 6, tip: nil) }),
            (words.noFile, { $0.drawNoFile(x: $1, y: $2 + 2, width: 12, tip: nil) }),
        ], y: legendTop)
    let total = days.compactMap { drawable($0.value) }.reduce(0, +)
    let missing = days.filter { drawable($0.value) == nil }.count
    let span = days.first.map { "\(dayLabel($0.day)) – \(dayLabel(days.last?.day ?? $0.day)). " } ?? ""
    return svg.finished(
        kind: "chart-trend", height: legendTop + used + 2, title: title,
        summary: "\(span)\(words.value): \(format(total)). \(words.noFile): \(missing).")
}

/// A line of 120 by 24 for a table cell; gaps stay gaps, the last value has a dot.
public func sparkline(_ values: [Double?], title: String) -> String {
    let drawn = values.map(drawable)
    let top = max(drawn.compactMap { $0 }.max() ?? 0, .leastNormalMagnitude)
    let pitch = 112 / Double(max(1, values.count - 1))
    let ys = drawn.map { $0.map { 21 - $0 / top * 18 } }
    var svg = ChartSVG(id: "s", width: 120)
    svg.path("c-line", brokenLine(ys) { 4 + Double($0) * pitch })
    if let index = ys.lastIndex(where: { $0 != nil }), let y = ys[index] {
        svg.raw(
            "<circle class=\"c-last\" cx=\"\(coordinate(4 + Double(index) * pitch))\" cy=\"\(coordinate(y))\" r=\"2.5\"/>"
        )
    }
    return
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart-spark\" viewBox=\"0 0 120 24\" role=\"img\">"
        + "<title>\(chartEscaped(title))</title>\(svg.body)</svg>"
}

/// A line that lifts the pen over missing values; a value alone between two gaps becomes a dot's length.
private func brokenLine(_ ys: [Double?], x: (Int) -> Double) -> String {
    var out = ""
    var down = false
    for (index, y) in ys.enumerated() {
        guard let y else {
            down = false
            continue
        }
        out += "\(down ? "L" : "M")\(coordinate(x(index))) \(coordinate(y))"
        if !down { out += "h0.01" }
        down = true
    }
    return out
}

extension ChartSVG {
    fileprivate mutating func drawZero(x: Double, y: Double, tip: String?) {
        let shape = "<circle class=\"c-zero\" cx=\"\(coordinate(x))\" cy=\"\(coordinate(y))\" r=\"3\""
        raw(tip.map { "\(shape)><title>\(chartEscaped($0))</title></circle>" } ?? "\(shape)/>")
    }

    fileprivate mutating func drawNoFile(x: Double, y: Double, width: Double, tip: String?) {
        patterned("n", x: x, y: y, width: width, height: 8, tip: tip)
    }
}
