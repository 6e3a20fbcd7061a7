import Foundation

/// A ReadyMode file as text, from rows of the usual ten fields.
struct CallFileText {
    static let headings = [
        "Agent name", "Profile ID", "Call Log ID", "Log Time", "Log Type", "State", "Call Type",
        "Original Campaign", "Current Campaign", "Ember",
    ]

    var headings = Self.headings
    var delimiter = ","
    var lineEnd = "\n"
    var rows: [[String]]

    init(_ rows: [[String]]) { self.rows = rows }

    /// Three calls of two agents on 2026-11-02.
    static let usual = CallFileText([
        row(1, "Jane Doe", "2026-11-02 09:00:00", state: "Sale"),
        row(2, "Jane Doe", "2026-11-02 09:05:00"),
        row(3, "Tom Ash", "2026-11-02 10:00:00", state: "Callback"),
    ])

    static func row(
        _ id: Int, _ agent: String, _ time: String, type: String = "Outbound", state: String = "No Answer",
        campaign: String = "North"
    ) -> [String] {
        [agent, "P\(id % 7)", String(id), time, type, state, "Predictive", campaign, campaign, ""]
    }

    var text: String {
        ([headings] + rows).map { row in
            row.map { field in
                field.unicodeScalars.contains { ["\"", "\r", "\n"].contains($0) } || field.contains(delimiter)
                    ? "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : field
            }.joined(separator: delimiter) + lineEnd
        }.joined()
    }
}
