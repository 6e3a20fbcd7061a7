import Foundation

/// How much of the page a chart takes: its text is set for that size and is not scaled up or down with it.
public enum ChartWidth: Sendable {
    case half, full

    var units: Double { self == .half ? 560 : 1180 }
}

/// Collects the elements of one drawing; every text that goes in is escaped here and nowhere else.
///
/// Colours are classes (`c-…`, `h-…`, `p-…` in rollcall.css), never attributes, so that one drawing serves
/// light, dark and paper, and no inline style offends the content policy.
struct ChartSVG {
    private(set) var body = ""
    let id: String
    let width: Double

    /// `id` keeps only letters, digits, `-` and `_`: it goes into references.
    init(id: String, width: Double) {
        let kept = id.unicodeScalars.filter {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
                || $0 == "_"
        }
        self.id = kept.isEmpty ? "chart" : "c-" + String(String.UnicodeScalarView(kept))
        self.width = width
    }

    mutating func raw(_ markup: String) { body += markup }

    mutating func rect(
        _ kind: String, x: Double, y: Double, width: Double, height: Double, tip: String? = nil
    ) {
        let box =
            "<rect class=\"\(kind)\" x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" width=\"\(coordinate(max(0, width)))\" "
            + "height=\"\(coordinate(max(0, height)))\""
        body += tip.map { "\(box)><title>\(chartEscaped($0))</title></rect>" } ?? "\(box)/>"
    }

    mutating func path(_ kind: String, _ steps: String) {
        if !steps.isEmpty { body += "<path class=\"\(kind)\" d=\"\(steps)\"/>" }
    }

    mutating func text(_ kind: String, x: Double, y: Double, _ text: String, anchor: String = "start") {
        body +=
            "<text class=\"\(kind)\" x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" text-anchor=\"\(anchor)\">"
            + "\(chartEscaped(text))</text>"
    }

    /// A rectangle filled with one of the drawing's own patterns.
    mutating func patterned(
        _ pattern: String, x: Double, y: Double, width: Double, height: Double, tip: String? = nil
    ) {
        let box =
            "<rect fill=\"url(#\(id)-\(pattern))\" x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" "
            + "width=\"\(coordinate(width))\" height=\"\(coordinate(height))\""
        body += tip.map { "\(box)><title>\(chartEscaped($0))</title></rect>" } ?? "\(box)/>"
    }

    /// Draws inside a link when there is somewhere to go.
    mutating func link(_ href: String?, label: String, _ draw: (inout ChartSVG) -> Void) {
        guard let href, isLocalPath(href) else { return draw(&self) }
        body += "<a class=\"c-link\" href=\"\(chartEscaped(href))\" aria-label=\"\(chartEscaped(label))\">"
        draw(&self)
        body += "</a>"
    }

    /// Swatch and words, set side by side and broken into lines; returns the height used.
    mutating func legend(
        _ entries: [(words: String, draw: (inout ChartSVG, Double, Double) -> Void)], y: Double
    )
        -> Double
    {
        var x = 0.0
        var line = y
        for entry in entries {
            let needed = 20 + textWidth(entry.words) + 18
            if x > 0, x + needed > width {
                x = 0
                line += 20
            }
            entry.draw(&self, x, line)
            text("c-text", x: x + 18, y: line + 10, entry.words)
            x += needed
        }
        return line - y + 16
    }

    /// The finished drawing. A drawing with links is a group: an image would hide them from a screen reader.
    func finished(kind: String, height: Double, title: String, summary: String) -> String {
        let role = body.contains("<a ") ? "group" : "img"
        let titleID = "\(id)-t"
        let summaryID = "\(id)-d"
        let size = width > ChartWidth.half.units ? " chart-full" : ""
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"\(kind)\(size)\" direction=\"ltr\" role=\"\(role)\" "
            + "viewBox=\"0 0 \(coordinate(width)) \(coordinate(height))\" "
            + "aria-labelledby=\"\(titleID)\" aria-describedby=\"\(summaryID)\">"
            + "<title id=\"\(titleID)\">\(chartEscaped(title))</title>"
            + "<desc id=\"\(summaryID)\">\(chartEscaped(summary))</desc>\(body)</svg>"
    }
}

/// A number for a person: grouped in thousands, at most one decimal, `—` for what is not a number.
public func groupedNumber(_ value: Double) -> String {
    guard value.isFinite else { return "—" }
    guard abs(value) < 1e15 else { return String(value) }
    let tenths = Int64((value * 10).rounded())
    let digits = String(abs(tenths) / 10)
    var grouped = ""
    for (offset, digit) in digits.enumerated() {
        if offset > 0, (digits.count - offset) % 3 == 0 { grouped.append(",") }
        grouped.append(digit)
    }
    let decimal = abs(tenths) % 10
    return (tenths < 0 ? "-" : "") + grouped + (decimal == 0 ? "" : ".\(decimal)")
}

/// Escapes for XML text and attributes, and drops what XML 1.0 cannot hold (section 2.2).
func chartEscaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&quot;"
        case "'": out += "&#39;"
        case "\t", "\n", "\r": out += " "
        default:
            if scalar.value >= 0x20, scalar.value != 0xFFFE, scalar.value != 0xFFFF {
                out.unicodeScalars.append(scalar)
            }
        }
    }
    return out
}

/// A link may lead only within this site: `javascript:` and other hosts are drawn without it.
func isLocalPath(_ href: String) -> Bool {
    (href.hasPrefix("/") && !href.hasPrefix("//") && !href.hasPrefix("/\\")) || href.hasPrefix("?")
        || href.hasPrefix("#")
}

/// A coordinate with at most two decimals, the same on every machine.
func coordinate(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let hundredths = Int64((min(max(value, -1e7), 1e7) * 100).rounded())
    let whole = abs(hundredths) / 100
    let rest = abs(hundredths) % 100
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    if rest % 10 == 0 { return "\(sign)\(whole).\(rest / 10)" }
    return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
}

/// What a chart can draw: counts and rates, so not below 0, and small enough for arithmetic.
func drawable(_ value: Double?) -> Double? {
    guard let value, value.isFinite else { return nil }
    return min(max(value, 0), 1e15)
}

/// The next round number at or above `value`: 1, 2, 2.5, 5 times a power of ten.
func roundCeiling(_ value: Double) -> Double {
    guard value.isFinite, value > 0 else { return 1 }
    let power = pow(10, log10(value).rounded(.down))
    guard power.isFinite, power > 0 else { return 1 }
    for step in [1, 2, 2.5, 5, 10] where value <= step * power * (1 + 1e-9) { return step * power }
    return 10 * power
}

/// An estimate at 12 px in an unknown sans serif; wide scripts take a full square.
func textWidth(_ text: String) -> Double {
    text.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x1100 ? 12 : 6.6) }
}

/// Cuts a label to a width; the caller keeps the whole in a tip.
func shortened(_ text: String, to width: Double) -> String {
    if textWidth(text) <= width { return text }
    var out = ""
    var used = 12.0
    for character in text {
        used += textWidth(String(character))
        if used > width { break }
        out.append(character)
    }
    return out + "…"
}
