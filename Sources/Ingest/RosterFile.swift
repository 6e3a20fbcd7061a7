import Domain
import Formats

/// A roster as a CSV file holds it: one line a person, headings in any order, case and spelling of spaces.
public enum RosterFile {
    public static let header = [
        "Name", "Designation", "Employment", "Status", "Group", "Team leader", "Team manager", "From",
    ]
    public static let largest = 2_000_000
    static let mostLines = 5000

    /// Lines in their order; one that cannot be read says why.
    ///
    /// - Throws: `UserError` where the headings do not say what the columns are.
    public static func read(_ bytes: [UInt8]) throws -> [RosterLine] {
        guard bytes.count <= largest else {
            throw UserError(.tooLarge, "The roster is larger than 2 MB.", advice: "Send it in parts.")
        }
        var reader = CSVReader(bytes: bytes, dialect: sniffDialect(bytes: bytes))
        var row = CSVRow()
        var columns: [Column: Int]?
        var lines: [RosterLine] = []
        while try reader.next(&row) {
            guard let columns else {
                if row.isBlank || row.string(0).hasPrefix("sep=") { continue }
                columns = try Self.columns(row)
                continue
            }
            if row.isBlank { continue }
            guard lines.count < mostLines else {
                throw UserError(
                    .tooLarge, "The roster has more than \(mostLines) lines.", advice: "Send it in parts.")
            }
            if let problem = row.problem {
                lines.append(RosterLine(line: row.line, name: row.rawString, problem: "\(problem)."))
                continue
            }
            func field(_ column: Column) -> String { columns[column].map { clean(row.string($0)) } ?? "" }
            lines.append(
                RosterLine(
                    line: row.line, name: displayName(field(.name)), designation: field(.designation),
                    employment: field(.employment), status: field(.status), group: field(.group),
                    leader: field(.leader), manager: field(.manager), from: field(.from)))
        }
        guard columns != nil else {
            throw UserError(
                .emptyFile, "The roster is empty.", advice: "Choose a CSV file, or paste its lines.")
        }
        guard !lines.isEmpty else {
            throw UserError(.noRows, "The roster has headings and nobody.", advice: "Add a line a person.")
        }
        return lines
    }

    private enum Column: CaseIterable {
        case name, designation, employment, status, group, leader, manager, from

        /// Folded.
        var headings: [String] {
            switch self {
            case .name: ["name", "agentname", "agent", "person", "fullname"]
            case .designation: ["designation", "position", "title"]
            case .employment: ["employment", "employmenttype"]
            case .status: ["status"]
            case .group: ["group"]
            case .leader: ["teamleader", "leader", "tl"]
            case .manager: ["teammanager", "manager", "tm"]
            case .from: ["from", "fromday", "day", "date", "since"]
            }
        }
    }

    private static func columns(_ row: CSVRow) throws -> [Column: Int] {
        var columns: [Column: Int] = [:]
        for index in 0..<row.count {
            let heading = foldedHeader(row.string(index))
            if heading.isEmpty { continue }
            guard let column = Column.allCases.first(where: { $0.headings.contains(heading) }) else {
                throw UserError(
                    .unknownFormat, "The heading “\(row.string(index))” is not known.",
                    advice: "The headings are: \(header.joined(separator: ", ")). Only Name must be there.")
            }
            guard columns.updateValue(index, forKey: column) == nil else {
                throw UserError(
                    .unknownFormat, "The heading “\(row.string(index))” is there twice.",
                    advice: "Take one of the columns away.")
            }
        }
        guard columns[.name] != nil else {
            throw UserError(
                .unknownFormat, "The first line has no heading “Name”.",
                advice: "The headings are: \(header.joined(separator: ", ")).")
        }
        return columns
    }

    /// Trimmed, without the apostrophe that an export puts before what a spreadsheet would run.
    private static func clean(_ text: String) -> String {
        let shown = text.split { $0.isWhitespace }.joined(separator: " ")
        guard shown.first == "'", let second = shown.dropFirst().first, "=+-@".contains(second) else {
            return shown
        }
        return String(shown.dropFirst())
    }
}
