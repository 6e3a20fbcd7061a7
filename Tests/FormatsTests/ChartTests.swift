import Domain
import Foundation
import Testing

@testable import Formats

#if canImport(FoundationXML)
    import FoundationXML
#endif

struct ChartTests {
    static let start = Day(number: 20_000)
    static let nasty = "<b onload=\"x\">&'\u{0}\u{8}</b>"
    static let odd: [Double?] = [
        .nan, .infinity, -.infinity, 1e308, -1e308, .leastNonzeroMagnitude, 0, -0.0, nil, 3, 12.5,
    ]

    /// Every kind of chart drawn from the same awkward texts and numbers.
    static func awkward() -> [String: String] {
        let points = odd.enumerated().map {
            TrendPoint(day: start.adding($0), value: $1, href: "/d?a=1&b=\"\($0)\"")
        }
        let parts = odd.enumerated().map { ChartPart(label: nasty, value: $1 ?? 0, style: $0 - 4) }
        let calls = [0, 5, 9000, 100_000, 900_000].map { LocalTime(start, secondOfDay: $0) }
        let far = [LocalTime(seconds: .min), LocalTime(seconds: .max)]
        return [
            "trend": trendChart(id: nasty, title: nasty, points: points, dayLabel: { _ in nasty }),
            "heat": heatMap(
                id: "h", title: nasty, rows: [HeatRow(label: nasty, href: "/a&b"), HeatRow(label: "short")],
                columns: odd.map { _ in nasty }, values: [odd], href: { "/calls?r=\($0)&c=\($1)" }),
            "stack": stackedBar(id: "s", title: nasty, segments: parts),
            "stacks": stackedBars(
                id: "s2", title: nasty, rows: [StackRow(label: nasty, parts: parts, href: "/t")], width: .full
            ),
            "spark": sparkline(odd, title: nasty),
            "day": dayTimeline(
                id: "d", title: nasty, calls: calls + far,
                gaps: [ChartGap(from: calls[1], to: calls[2], label: nasty)]
                    + [ChartGap(from: far[0], to: far[1], label: nasty)]),
        ]
    }

    static func empty() -> [String: String] {
        [
            "trend": trendChart(id: "", title: "", points: []),
            "no file at all": trendChart(id: "n", title: "", points: [TrendPoint(day: start, value: nil)]),
            "heat": heatMap(id: "h", title: "", rows: [], columns: [], values: []),
            "heat, no values": heatMap(
                id: "h", title: "", rows: [HeatRow(label: "")], columns: ["9"], values: []),
            "stack": stackedBar(id: "s", title: "", segments: []),
            "stacks": stackedBars(id: "s", title: "", rows: []),
            "spark": sparkline([], title: ""), "spark of gaps": sparkline([nil, nil], title: ""),
            "day": dayTimeline(id: "d", title: "", calls: []),
            "day of one call": dayTimeline(id: "d", title: "", calls: [LocalTime(start, secondOfDay: 3600)]),
        ]
    }

    @Test func `awkward texts and numbers and empty data give well-formed XML without odd numbers`() throws {
        for (name, svg) in Self.awkward().merging(Self.empty(), uniquingKeysWith: { a, _ in a }) {
            let problem = xmlProblem(svg)
            #expect(problem == nil, "\(name): \(problem ?? "")")
            #expect(!svg.contains("nan") && !svg.contains("inf\""), "\(name)")
            #expect(svg.hasPrefix("<svg ") && svg.contains("<title"), "\(name)")
        }
    }

    @Test func `texts are escaped and the policy's forbidden attributes never appear`() {
        for (name, svg) in Self.awkward() {
            #expect(!svg.contains("<b"), "\(name)")
            #expect(svg.contains("&lt;b onload=&quot;x&quot;&gt;&amp;&#39;&lt;/b&gt;"), "\(name)")
            #expect(
                !svg.contains(" style=") && !svg.contains("<script") && !svg.contains("<style"), "\(name)")
        }
    }

    @Test func `the same data draws the same bytes`() {
        #expect(Self.awkward() == Self.awkward())
    }

    @Test(arguments: ["javascript:alert(1)", "https://example.org/", "//example.org/", "/\\example.org", ""])
    func `links out of the site are left away`(href: String) {
        let svg = trendChart(
            id: "t", title: "t", points: [TrendPoint(day: Self.start, value: 1, href: href)])
        #expect(!svg.contains("<a "))
        #expect(svg.contains("role=\"img\""))
    }

    @Test func `a drawing with links is not an image to a screen reader`() {
        let svg = trendChart(
            id: "t", title: "t", points: [TrendPoint(day: Self.start, value: 1, href: "/calls")])
        #expect(svg.contains("<a class=\"c-link\" href=\"/calls\"") && svg.contains("role=\"group\""))
    }

    @Test func `zero and no file are drawn differently`() {
        func drawing(_ value: Double?) -> String {
            trendChart(
                id: "t", title: "t",
                points: [
                    TrendPoint(day: Self.start, value: value),
                    TrendPoint(day: Self.start.adding(1), value: 5),
                ])
        }
        let day = Self.start.iso
        #expect(drawing(0).contains("r=\"3\"><title>\(day): 0</title></circle>"))
        #expect(drawing(nil).contains("height=\"8\"><title>\(day): No file</title></rect>"))
        #expect(
            drawing(0).contains("Calls: 5. No file: 0.") && drawing(nil).contains("Calls: 5. No file: 1."))
    }

    @Test func `the mean spans seven calendar days and needs four of them`() {
        let values: [Double?] = [7, 7, nil, 7, 7, 0, 14, 21]
        let points = values.enumerated().map { TrendPoint(day: Self.start.adding($0), value: $1) }
        let means = sevenDayMean(points)
        #expect(Array(means.prefix(4)) == [nil, nil, nil, nil])
        #expect(means[4] == 7)
        #expect(means[6] == 7)
        #expect(means[7] == 56.0 / 6)
    }

    @Test func `one huge value does not bleach the others`() {
        let scale = QuantileScale((1...60).map(Double.init) + [1_000_000])
        let steps = (1...60).map { scale.step(of: Double($0)) }
        #expect(Set(steps) == [1, 2, 3, 4, 5, 6])
        for step in 1...6 { #expect((8...12).contains(steps.filter { $0 == step }.count), "step \(step)") }
        #expect(steps == steps.sorted())
    }

    @Test func `zero has its own shade, equal values share one, few values are spread`() {
        #expect(QuantileScale([0, 0, 5, 5, 5]).step(of: 0) == 0)
        #expect(QuantileScale([5, 5, 5]).step(of: 5) == 4)
        let two = QuantileScale([1, 1, 1, 9, 9, 9])
        #expect(two.step(of: 1) == 1 && two.step(of: 9) == 6)
        #expect(QuantileScale([]).step(of: .nan) == 0)
        #expect(QuantileScale([1, 2, .nan, .infinity]).step(of: 2) == 6)
    }

    @Test func `shares of a stacked bar are of the whole and each style has a pattern`() {
        let svg = stackedBar(
            id: "s", title: "Outcomes",
            segments: [
                ChartPart(label: "No answer", value: 3, style: 1),
                ChartPart(label: "Sale", value: 1, style: 2),
            ])
        #expect(svg.contains("<desc id=\"c-s-d\">No answer: 75 %, Sale: 25 %</desc>"))
        #expect(svg.contains("width=\"418.5\""))
        #expect(svg.contains("id=\"c-s-p1\"") && svg.contains("url(#c-s-p2)"))
    }

    @Test func `a day of many calls stays small and shows its gaps`() {
        let calls = (0..<50_000).map { LocalTime(Self.start, secondOfDay: 28_800 + $0 % 36_000) }
        let gap = ChartGap(
            from: LocalTime(Self.start, secondOfDay: 36_000), to: LocalTime(Self.start, secondOfDay: 43_200),
            label: "120 min")
        let svg = dayTimeline(id: "d", title: "Day", calls: calls, gaps: [gap])
        #expect(svg.utf8.count < 40_000)
        #expect(svg.contains("<title>10:00:00–12:00:00 120 min</title>") && svg.contains(">120 min</text>"))
        #expect(svg.contains(">08:00</text>") && svg.contains(">18:00</text>"))
    }

    @Test(arguments: [
        (0.0, "0"), (999.0, "999"), (1000.0, "1,000"), (-1_234_567.0, "-1,234,567"), (12.34, "12.3"),
        (0.96, "1"), (-0.04, "0"), (.nan, "—"), (.infinity, "—"),
    ])
    func `numbers are grouped`(value: Double, text: String) {
        #expect(groupedNumber(value) == text)
    }

    @Test(arguments: [
        (1.0, "1"), (1.5, "1.5"), (1.25, "1.25"), (1.05, "1.05"), (-0.5, "-0.5"), (0.001, "0"), (.nan, "0"),
        (1e300, "10000000"),
    ])
    func `coordinates have at most two decimals`(value: Double, text: String) {
        #expect(coordinate(value) == text)
    }

    @Test(arguments: [(0.0, 1.0), (1, 1), (1.1, 2), (2.2, 2.5), (3, 5), (501, 1000), (0.03, 0.05)])
    func `axes end at round numbers`(value: Double, top: Double) {
        #expect(abs(roundCeiling(value) - top) < 1e-9)
    }
}

/// What a real XML parser says against the text; nil when it is well-formed.
private func xmlProblem(_ text: String) -> String? {
    let parser = XMLParser(data: Data(text.utf8))
    return parser.parse() ? nil : parser.parserError.map { "\($0) in \(text)" } ?? "not well-formed"
}
