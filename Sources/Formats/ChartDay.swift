import Domain
import Foundation

/// A pause between two calls that is worth showing.
public struct ChartGap: Sendable {
    public var from: LocalTime
    public var to: LocalTime
    /// What is printed in the bar when it fits, such as `42 min`.
    public var label: String

    public init(from: LocalTime, to: LocalTime, label: String) {
        self.from = from
        self.to = to
        self.label = label
    }
}

/// An agent's day: a tick per call on a band from first to last, gaps as labelled bars, hours below.
///
/// Calls that fall on the same half unit of the width share a tick, so the size does not grow with the calls.
/// Anything later than 30 hours after the first call is left out, and so are times outside the years 1–9999.
public func dayTimeline(
    id: String, title: String, calls: [LocalTime], gaps: [ChartGap] = [], width: ChartWidth = .full,
    noValue: String = "no calls", callsWord: String = "calls"
) -> String {
    var svg = ChartSVG(id: id, width: width.units)
    let calls = calls.filter(isPlausible)
    let gaps = gaps.filter { isPlausible($0.from) && isPlausible($0.to) }
    guard let first = calls.min() else {
        svg.rect("c-rest", x: 0, y: 6, width: svg.width, height: 30)
        svg.text("c-text", x: 10, y: 25, noValue)
        return svg.finished(kind: "chart-day", height: 42, title: title, summary: noValue)
    }
    let start = (Double(first.seconds) / 3600).rounded(.down)
    let kept = calls.filter { Double($0.seconds) / 3600 - start <= 30 }.sorted()
    let last = kept.last ?? first
    let end = max(start + 1, (Double(last.seconds) / 3600 + 1e-6).rounded(.up))
    let margin = 18.0
    func x(_ time: LocalTime) -> Double {
        let hours = min(max(Double(time.seconds) / 3600 - start, 0), end - start)
        return margin + hours / (end - start) * (svg.width - 2 * margin)
    }
    svg.rect("c-work", x: x(first), y: 6, width: x(last) - x(first), height: 30)
    for gap in gaps where gap.from < gap.to && gap.to >= first && gap.from <= last {
        let width = x(gap.to) - x(gap.from)
        let tip = "\(gap.from.clock)–\(gap.to.clock) \(gap.label)"
        svg.rect("c-gap", x: x(gap.from), y: 6, width: width, height: 30, tip: tip)
        if width > textWidth(gap.label) + 8 {
            svg.text("c-gap-text", x: x(gap.from) + width / 2, y: 25, gap.label, anchor: "middle")
        }
    }
    var ticks = ""
    var before = ""
    for call in kept {
        let place = coordinate((x(call) * 2).rounded() / 2)
        if place != before { ticks += "M\(place) 8v26" }
        before = place
    }
    svg.path("c-tick", ticks)
    svg.path("c-axis", "M\(coordinate(margin)) 40H\(coordinate(svg.width - margin))")
    let hours = Int(end - start)
    let step = max(1, (hours + 11) / 12)
    for hour in stride(from: 0, through: hours, by: step) {
        let place = margin + Double(hour) / Double(max(1, hours)) * (svg.width - 2 * margin)
        svg.path("c-axis", "M\(coordinate(place)) 40v4")
        let clock = Int((start + Double(hour)).truncatingRemainder(dividingBy: 24))
        svg.text("c-text", x: place, y: 57, hourText(clock), anchor: "middle")
    }
    return svg.finished(
        kind: "chart-day", height: 62, title: title,
        summary: "\(calls.count) \(callsWord), \(first.clock)–\(last.clock).")
}

private func isPlausible(_ time: LocalTime) -> Bool {
    (-62_135_596_800...253_402_300_799).contains(time.seconds)
}

private func hourText(_ hour: Int) -> String {
    let positive = hour < 0 ? hour + 24 : hour
    return "\(positive < 10 ? "0" : "")\(positive):00"
}
