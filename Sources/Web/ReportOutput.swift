import Domain
import Foundation
import Storage

/// How a report leaves the program.
public enum ReportFormat: String, CaseIterable, Sendable {
    case table, csv, json
}

/// A report's values as every output has them: one rounding, so that page, CSV, JSON and table agree.
public struct ReportValues: Sendable {
    public let report: Report
    /// Place by successes per active hour; only where the rows are agents.
    public let ranks: [Int?]?

    public init(_ report: Report) {
        self.report = report
        ranks = report.query.by == [.agent] ? Domain.ranks(report.rows.map(\.figures)) : nil
    }

    /// Names of the columns in CSV and JSON after the slices.
    public static let columns = Metric.all.map(\.key)

    public var csvHeader: [String] {
        report.query.by.map(\.rawValue) + Self.columns + (ranks == nil ? [] : ["rank"])
    }

    public var csvRows: [[String]] {
        report.rows.enumerated().map { index, row in
            row.slices.map(\.title) + Metric.all.map { Self.machineText($0, row.figures) }
                + (ranks.map { [$0[index].map { String($0) } ?? ""] } ?? [])
        }
    }

    /// Empty where there is no value.
    static func machineText(_ metric: Metric, _ figures: Figures) -> String {
        guard let value = metric.rounded(figures) else { return "" }
        return metric.isWhole ? String(Int(value)) : String(value)
    }

    public var json: ReportJSON {
        ReportJSON(
            columns: ["key"] + Self.columns + (ranks == nil ? [] : ["rank"]),
            from: report.query.period.from.iso, to: report.query.period.to.iso,
            by: report.query.by.map(\.rawValue), teams: report.query.teams.words, offices: nil,
            rows: report.rows.enumerated().map { index, row in
                ReportJSON.Row(
                    keys: row.slices.map(\.title), figures: row.figures, rank: ranks.map { $0[index] })
            },
            total: ReportJSON.Row(keys: nil, figures: report.total, rank: nil),
            elsewhere: (report.elsewhere ?? 0) > 0 ? report.elsewhere : nil,
            outcomeMappings: Dictionary(report.mappings.map { ($0.source, $0.version) }) { first, _ in first }
        )
    }

    /// Aligned columns for a terminal.
    public func table(_ format: OfficeFormat) -> String {
        let metrics = report.metrics
        var lines = [report.query.by.map(\.title) + metrics.map(\.title)]
        lines += report.rows.map { row in
            row.slices.map(\.title) + metrics.map { format.metric($0, row.figures) }
        }
        let blanks = Array(repeating: "", count: max(0, report.query.by.count - 1))
        lines.append(["Total"] + blanks + metrics.map { format.metric($0, report.total) })
        let elsewhere = format.elsewhere(report).map { "\n" + $0 } ?? ""
        let texts = report.query.by.isEmpty ? 1 : report.query.by.count
        if report.query.by.isEmpty { lines[0].insert("", at: 0) }
        let widths = (0..<(texts + metrics.count)).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).enumerated().map { column, cell in
                let gap = String(repeating: " ", count: cell.1 - cell.0.count)
                return column < texts ? cell.0 + gap : gap + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n") + elsewhere
    }
}

extension Metric {
    var isWhole: Bool { unit == .count || unit == .hours }
}

extension OfficeFormat {
    /// `Mon 2 Nov – Fri 20 Nov`.
    func shortPeriod(_ period: Period) -> String {
        period.from == period.to ? shortDay(period.from) : "\(shortDay(period.from)) – \(shortDay(period.to))"
    }

    /// `12,430 rows = 12,430 in 3 files`.
    func badge(_ badge: FigureBadge) -> String {
        (badge.isWholeOffice ? "Whole office: " : "")
            + "\(count(badge.counted.rows, "row", "rows")) \(badge.agrees ? "=" : "≠") \(number(badge.logs)) in "
            + count(badge.counted.files, "file", "files")
    }

    /// What of a report's calls another office has too; nil: nothing.
    func elsewhere(_ report: Report) -> String? {
        guard let calls = report.elsewhere, calls > 0 else { return nil }
        return calls == 1
            ? "1 call is also in another office's files and counted once."
            : "\(number(calls)) calls are also in another office's files and counted once."
    }

    /// A figure as pages write it.
    public func metric(_ metric: Metric, _ figures: Figures) -> String {
        let value = metric.rounded(figures)
        switch metric.unit {
        case .count: return value.map { number(Int($0)) } ?? Self.none
        case .share: return percent(value)
        case .rate: return decimal(value)
        case .hours: return duration(seconds: value.map { Int($0) })
        case .seconds: return minutes(seconds: value)
        }
    }
}

/// The JSON of a report: stable for machines.
public struct ReportJSON: Encodable, Sendable {
    public var columns: [String]
    public var from: String
    public var to: String
    public var by: [String]
    /// Whose teams, where these are not the day's.
    public var teams: String?
    /// Whose calls, where these are not the own office's.
    public var offices: String?
    public var rows: [Row]
    public var total: Row
    /// Calls that are also in another office's files and counted once, there; nil: none.
    public var elsewhere: Int?
    /// Version of the meaning of states, by source.
    public var outcomeMappings: [String: Int]

    /// `key` (an array where divisions nest), then every metric; null where there is no value.
    public struct Row: Encodable, Sendable {
        var keys: [String]?
        var figures: Figures
        var rank: Int??

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Name.self)
            if let keys {
                if keys.count == 1 {
                    try container.encode(keys[0], forKey: Name("key"))
                } else {
                    try container.encode(keys, forKey: Name("key"))
                }
            }
            for metric in Metric.all {
                guard let value = metric.rounded(figures) else {
                    try container.encodeNil(forKey: Name(metric.key))
                    continue
                }
                if metric.isWhole {
                    try container.encode(Int(value), forKey: Name(metric.key))
                } else {
                    try container.encode(value, forKey: Name(metric.key))
                }
            }
            if let rank {
                if let rank {
                    try container.encode(rank, forKey: Name("rank"))
                } else {
                    try container.encodeNil(forKey: Name("rank"))
                }
            }
        }
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// A report as text, for the command line: the same values as the page's, the export's and the API's.
///
/// - Parameter items: query items as in an address, `from`, `to`, `by` and filters; without a period the
///   last day that has calls.
public func reportOutput(
    _ items: [(name: String, value: String)], format: ReportFormat, store: OfficeStore, viewer: Viewer
) async throws -> (text: String, rows: Int) {
    guard let office = try await store.officeState() else {
        throw UserError(
            .conflict, "This data folder has no office yet.", advice: "Run “rollcall setup” first.")
    }
    let words = OfficeFormat(zone: office.timeZone)
    let asked = items.last { $0.name == "office" }?.value ?? ""
    let viewer = viewer.looking(at: try office.choice(asked, for: viewer))
    let today = office.businessDay(at: store.clock.now())
    let last = try await store.lastDayWithCalls(for: viewer) ?? today
    var query = try ReportQuery(
        items: items, today: today, otherwise: Period(from: last, to: last), by: [.agent])
    query.filter.offices = viewer.offices
    let values = ReportValues(try await store.report(query, for: viewer))
    let offices = viewer.offices == .own ? nil : office.words(viewer.offices)
    switch format {
    case .table:
        let heading = [query.teams.words, offices].compactMap { $0 }.joined(separator: ", ")
        let line = heading.isEmpty ? "" : heading.prefix(1).uppercased() + heading.dropFirst() + ":\n"
        return (line + values.table(words), values.report.rows.count)
    case .csv:
        let text = String(
            decoding: SignedIn.csvBytes([values.csvHeader] + values.csvRows), as: UTF8.self)
        return (text.hasSuffix("\r\n") ? String(text.dropLast(1)) : text, values.report.rows.count)
    case .json:
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json = values.json
        json.offices = offices
        return (String(decoding: try encoder.encode(json), as: UTF8.self), values.report.rows.count)
    }
}
