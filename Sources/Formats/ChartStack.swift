import Foundation

/// A part of a whole; `style` 0–7 picks colour and pattern, the same number means the same thing all over.
public struct ChartPart: Sendable {
    public var label: String
    public var value: Double
    public var style: Int

    public init(label: String, value: Double, style: Int) {
        self.label = label
        self.value = value
        self.style = style
    }
}

/// One bar of several.
public struct StackRow: Sendable {
    public var label: String
    public var parts: [ChartPart]
    public var href: String?

    public init(label: String, parts: [ChartPart], href: String? = nil) {
        self.label = label
        self.parts = parts
        self.href = href
    }
}

/// One 100 % bar with its shares above and a legend of label, value and share.
public func stackedBar(
    id: String, title: String, segments: [ChartPart], width: ChartWidth = .half,
    noValue: String = "nothing to show",
    format: (Double) -> String = groupedNumber
) -> String {
    stackedBars(
        id: id, title: title, rows: [StackRow(label: "", parts: segments)], width: width, noValue: noValue,
        format: format)
}

/// 100 % bars under each other with one legend, which sums the rows.
///
/// Each style has its pattern besides its colour. A row whose parts sum to 0 is drawn empty.
public func stackedBars(
    id: String, title: String, rows: [StackRow], width: ChartWidth = .half,
    noValue: String = "nothing to show",
    format: (Double) -> String = groupedNumber
) -> String {
    var svg = ChartSVG(id: id, width: width.units)
    let named = rows.contains { !$0.label.isEmpty }
    let left = named ? min(160, 12 + (rows.map { textWidth($0.label) }.max() ?? 0)) : 0
    let pitch = 42.0
    let styles = Set(rows.flatMap { $0.parts.map { styleIndex($0.style) } }).sorted()
    svg.raw("<defs>")
    for style in styles { svg.raw(patternMarkup(style, id: svg.id)) }
    svg.raw("</defs>")
    for (index, row) in rows.enumerated() {
        let y = Double(index) * pitch + 15
        if named {
            svg.link(row.href, label: row.label) {
                $0.text(
                    row.href == nil ? "c-text" : "c-label-link", x: left - 10, y: y + 14,
                    shortened(row.label, to: left - 12), anchor: "end")
            }
        }
        let total = row.parts.reduce(0) { $0 + (drawable($1.value) ?? 0) }
        guard total > 0 else {
            svg.rect("c-rest", x: left, y: y, width: svg.width - left, height: 20, tip: noValue)
            svg.text("c-text", x: left + 8, y: y + 14, noValue)
            continue
        }
        var x = left
        for part in row.parts {
            let share = (drawable(part.value) ?? 0) / total
            let width = share * (svg.width - left)
            guard width > 0 else { continue }
            let style = styleIndex(part.style)
            let percent = percentText(share)
            let tip = "\(part.label): \(format(part.value)) (\(percent))"
            let inner = max(0.5, width - 1.5)
            svg.rect("p-\(style)", x: x, y: y, width: inner, height: 20)
            svg.patterned("p\(style)", x: x, y: y, width: inner, height: 20, tip: tip)
            if width > textWidth(percent) + 4 { svg.text("c-text", x: x, y: y - 4, percent) }
            x += width
        }
    }
    let legendTop = Double(rows.count) * pitch + 6
    let used = svg.legend(
        legendParts(rows).map { part, share in
            let style = styleIndex(part.style)
            return (
                "\(part.label) \(format(part.value)) (\(percentText(share)))",
                { svg, x, y in
                    svg.rect("p-\(style)", x: x, y: y, width: 12, height: 12)
                    svg.patterned("p\(style)", x: x, y: y, width: 12, height: 12)
                }
            )
        }, y: legendTop)
    let words = legendParts(rows).map { "\($0.label): \(percentText($1))" }.joined(separator: ", ")
    return svg.finished(
        kind: "chart-stack", height: legendTop + used + 2, title: title,
        summary: words.isEmpty ? noValue : words)
}

/// The parts summed over all rows, by label and style, in order of first appearance.
private func legendParts(_ rows: [StackRow]) -> [(part: ChartPart, share: Double)] {
    var order: [String] = []
    var sums: [String: ChartPart] = [:]
    for part in rows.flatMap(\.parts) {
        guard let value = drawable(part.value) else { continue }
        let key = "\(styleIndex(part.style)) \(part.label)"
        if sums[key] == nil {
            order.append(key)
            sums[key] = ChartPart(label: part.label, value: 0, style: part.style)
        }
        sums[key]?.value += value
    }
    let total = sums.values.map(\.value).sorted().reduce(0, +)
    guard total > 0 else { return [] }
    return order.compactMap { key in sums[key].map { ($0, $0.value / total) } }
}

private func styleIndex(_ style: Int) -> Int { style.magnitude > 7 ? Int(style.magnitude % 8) : abs(style) }

private func percentText(_ share: Double) -> String {
    share > 0 && share < 0.001 ? "<0.1 %" : "\(groupedNumber(share * 100)) %"
}

private func patternMarkup(_ style: Int, id: String) -> String {
    let marks = [
        "", "M-2 10 10 -2M-2 2 2 -2M6 10 10 6", "", "M0 4h8", "M-2 -2 10 10M-2 6 2 10M6 -2 10 2", "M4 0v8",
        "M4 0v8M0 4h8", "",
    ]
    let dot =
        switch style {
        case 2: "<circle class=\"p-dot\" cx=\"4\" cy=\"4\" r=\"1.6\"/>"
        case 7: "<circle class=\"p-mark\" cx=\"4\" cy=\"4\" r=\"2.2\"/>"
        default: ""
        }
    let line = marks[style].isEmpty ? "" : "<path class=\"p-mark\" d=\"\(marks[style])\"/>"
    return
        "<pattern id=\"\(id)-p\(style)\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\(line)\(dot)"
        + "</pattern>"
}
