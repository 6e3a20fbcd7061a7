import Domain
import Foundation
import Testing

@testable import Formats

/// Holds rollcall.css to the contrast of WCAG 2.2 AA in both themes (success criteria 1.4.3 and 1.4.11).
struct ChartColourTests {
    let css: String
    let tokens: [String: [String]]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        css = try String(contentsOf: root.appending(path: "Resources/assets/rollcall.css"), encoding: .utf8)
        tokens = Dictionary(
            css.matches(of: /--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/).map {
                (String($0.1), [String($0.2), String($0.3)])
            }, uniquingKeysWith: { _, second in second })
    }

    static let text: [(String, [String])] = [
        ("ink", ["paper", "surface", "sunken", "hover", "neutral-soft", "accent-soft"]),
        ("ink", ["good-soft", "warn-soft", "bad-soft", "info-soft"]),
        ("ink-2", ["paper", "surface", "sunken", "hover", "neutral-soft"]),
        ("accent", ["paper", "surface", "sunken", "hover", "accent-soft"]),
        ("accent-hover", ["paper", "surface", "sunken", "accent-soft"]),
        ("accent-ink", ["accent", "accent-hover"]), ("danger-ink", ["danger"]),
        ("bar-ink", ["bar"]), ("bar-ink-2", ["bar"]), ("paper", ["ink"]),
        ("good", ["good-soft", "surface", "paper", "hover"]),
        ("warn", ["warn-soft", "surface", "paper", "hover"]),
        ("bad", ["bad-soft", "surface", "paper", "hover"]),
        ("info", ["info-soft", "surface", "paper", "hover"]),
    ]

    static let shapes: [(String, [String])] =
        [
            ("edge", ["paper", "surface", "sunken"]), ("focus", ["paper", "surface", "sunken"]),
            ("gold", ["bar"]), ("heat-6", ["surface"]),
        ] + (0...7).map { ("part-\($0)", ["surface"]) }

    static let cases: [(front: String, backs: [String], least: Double)] =
        text.map { ($0, $1, 4.5) } + shapes.map { ($0, $1, 3) }

    @Test func `every pair of colours in use has its contrast in light and dark`() throws {
        for (front, backs, least) in Self.cases {
            for back in backs {
                for theme in 0...1 {
                    let ratio = contrast(
                        try #require(tokens[front], "\(front)")[theme],
                        try #require(tokens[back], "\(back)")[theme])
                    #expect(ratio >= least, "\(front) on \(back), \(theme == 0 ? "light" : "dark"): \(ratio)")
                }
            }
        }
    }

    @Test func `each heat step is further from the page than the one before, in both themes`() throws {
        let steps = try (0...6).map { try #require(tokens["heat-\($0)"]) }
        for theme in 0...1 {
            let page = try #require(tokens["surface"])[theme]
            let distance = steps.map { contrast($0[theme], page) }
            for (paler, darker) in zip(distance, distance.dropFirst()) { #expect(darker > paler * 1.1) }
        }
    }

    @Test func `every class that a chart draws with has ink`() {
        let drawn = ChartTests.awkward().merging(ChartTests.empty(), uniquingKeysWith: { a, b in a + b })
        let classes = Set(
            drawn.values.flatMap { $0.matches(of: /class="([^"]*)"/).flatMap { $0.1.split(separator: " ") } })
        let unstyled: Set<Substring> = ["chart-trend", "chart-heat", "chart-stack", "chart-day"]
        for name in classes.subtracting(unstyled) {
            #expect(css.contains(".\(name)"), "\(name) is not in rollcall.css")
        }
    }

    @Test func `the style sheet asks nothing of the network`() {
        #expect(!css.contains("@import") && !css.contains("http:") && !css.contains("https:"))
        #expect(!css.contains("url("))
    }
}

/// The contrast ratio of WCAG 2.2, from relative luminance in sRGB; 0 for what is not `#rrggbb`.
private func contrast(_ one: String, _ other: String) -> Double {
    func luminance(_ colour: String) -> Double? {
        guard let value = Int(colour.dropFirst(), radix: 16) else { return nil }
        let parts = [value >> 16 & 255, value >> 8 & 255, value & 255].map { part -> Double in
            let share = Double(part) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    guard let a = luminance(one), let b = luminance(other) else { return 0 }
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}
