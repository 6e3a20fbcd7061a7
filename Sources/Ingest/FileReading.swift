import Domain
import Formats
import Foundation

/// How a person says that a file is to be read; what he leaves open is found in the file.
public struct FileReading: Sendable, Hashable, Codable {
    public var dateOrder: DateOrder?
    /// IANA name.
    public var timeZone: String?
    public var encoding: TextEncoding?
    public var delimiter: FieldDelimiter?
    public var headerLine: Int?
    /// The heading that a role stands under; empty: the file has no such column.
    public var columns: [ColumnRole: String] = [:]

    public init(dateOrder: DateOrder? = nil) { self.dateOrder = dateOrder }

    /// The answers that make a file be read just as it was.
    public init(_ mapping: FileMapping) {
        dateOrder = DateOrder(rawValue: mapping.dateOrder)
        timeZone = mapping.timeZone
        encoding = TextEncoding(rawValue: mapping.encoding)
        delimiter = FieldDelimiter(text: mapping.delimiter)
        headerLine = mapping.headerLine
        columns = Self.columns(mapping)
    }

    /// The columns of a mapping, with those that it leaves out.
    static func columns(_ mapping: FileMapping) -> [ColumnRole: String] {
        let roles = FileFormat.all.first { $0.key == mapping.format }?.columns.map(\.role) ?? []
        return Dictionary(roles.map { ($0, mapping.columns[$0.rawValue] ?? "") }) { first, _ in first }
    }
}

/// What stands between two fields of a line.
public enum FieldDelimiter: String, Sendable, Codable, CaseIterable {
    case comma, semicolon, tab, pipe

    public var byte: UInt8 {
        switch self {
        case .comma: 0x2c
        case .semicolon: 0x3b
        case .tab: 0x09
        case .pipe: 0x7c
        }
    }

    /// As a page names it.
    public var title: String {
        switch self {
        case .comma: "Comma"
        case .semicolon: "Semicolon"
        case .tab: "Tab"
        case .pipe: "Vertical bar"
        }
    }

    /// By its name or by the character itself.
    public init?(text: String) {
        let found = Self.allCases.first {
            $0.rawValue == text.lowercased() || Array(text.utf8) == [$0.byte]
        }
        guard let found else { return nil }
        self = found
    }
}

extension TextEncoding {
    /// As a page names it.
    public var title: String {
        switch self {
        case .utf8: "UTF-8"
        case .utf16le: "UTF-16, low byte first"
        case .utf16be: "UTF-16, high byte first"
        case .windows1252: "Windows-1252 (Western)"
        case .windows1254: "Windows-1254 (Turkish)"
        case .latin1: "Latin-1"
        }
    }
}

extension DateOrder {
    /// As a page names it.
    public var title: String {
        switch self {
        case .ymd: "Year, month, day"
        case .mdy: "Month, day, year"
        case .dmy: "Day, month, year"
        }
    }
}

/// A file's text laid out: how its lines are cut, and which row may name the columns.
struct FileLayout {
    typealias HeaderRow = (line: Int, fields: [String])

    let dialect: CSVDialect
    /// The row that messages speak of.
    let first: HeaderRow
    /// Rows that may be the header, the likeliest first.
    private let likely: [HeaderRow]

    /// Nobody writes so much above the headings.
    static let lastHeaderLine = 1000

    /// - Throws: `UserError` `emptyFile` for a file without text, `invalid` for a header line without any.
    init(path: String, fileName: String, reading: FileReading) throws {
        dialect = try sniffDialect(
            path: path, encoding: reading.encoding, delimiter: reading.delimiter?.byte)
        var reader = try CSVReader(path: path, dialect: dialect)
        reader.doubtsQuotes = true
        var row = CSVRow()
        var rows: [HeaderRow] = []
        let limit = reading.headerLine == nil ? 20 : Self.lastHeaderLine
        while rows.count < limit, row.line < reading.headerLine ?? .max, try reader.next(&row) {
            if row.problem == nil, !row.isBlank { rows.append((row.line, row.strings)) }
        }
        guard let first = rows.first else {
            throw UserError(
                .emptyFile, "“\(fileName)” holds no text that can be read.",
                advice: "Check that it is a CSV file, and export it again.")
        }
        guard let wanted = reading.headerLine else {
            self.first = first
            likely = dialect.headerLines.compactMap { line in rows.first { $0.line == line } }
            return
        }
        guard let header = rows.last, header.line == wanted else {
            throw UserError(
                .invalid, "Line \(wanted) holds no headings.",
                advice: "Give the line that names the columns; mostly it is line 1.")
        }
        self.first = header
        likely = []
    }

    /// Every row that may be the header, the likeliest first.
    var rows: [HeaderRow] { likely.filter { $0.line != first.line } + [first] }

    /// The row that is taken for the header where nothing fits: for choosing from its headings.
    var likeliest: HeaderRow { likely.first ?? first }

    /// The columns as they are found, or as they are said to be.
    ///
    /// A row further down is only taken when it fits or nearly does; else the error speaks of the first.
    func map(_ formats: [FileFormat], _ reading: FileReading) throws -> ColumnMap {
        var question: UserError?
        for row in likely {
            do {
                return try ColumnMap.find(row.fields, line: row.line, in: formats, columns: reading.columns)
            } catch let error as UserError {
                if error.code == .columns, question == nil { question = error }
            }
        }
        do {
            return try ColumnMap.find(first.fields, line: first.line, in: formats, columns: reading.columns)
        } catch {
            throw question ?? error
        }
    }
}

extension FileMapping {
    var dialect: CSVDialect {
        CSVDialect(
            encoding: TextEncoding(rawValue: encoding) ?? .utf8, delimiter: delimiter.utf8.first ?? 0x2c)
    }

    /// What is written down of a reading.
    init(_ map: ColumnMap, _ dialect: CSVDialect, _ order: DateOrder, timeZone: String) {
        self.init(
            format: map.format.key, encoding: dialect.encoding.rawValue,
            delimiter: String(UnicodeScalar(dialect.delimiter)), headerLine: map.headerLine,
            columns: Dictionary(
                map.headings.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first }),
            ignoredColumns: map.ignored, dateOrder: order.rawValue, timeZone: timeZone)
    }
}
