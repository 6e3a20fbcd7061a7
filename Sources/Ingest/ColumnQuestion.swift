import Crypto
import Domain
import Formats
import Foundation
import Storage

/// What is asked about a header that is nearly known: which of its headings is which column.
public struct ColumnQuestion: Sendable {
    public var format: FileFormat
    public var headings: [String]
    /// The columns that are found without an answer.
    public var found: [ColumnRole: String]
    private let line: Int
    private let fields: [String]

    /// nil: the header is like none that is known.
    init?(_ layout: FileLayout) {
        var found: [ColumnRole: String] = [:]
        var nearest: (format: FileFormat, row: FileLayout.HeaderRow)?
        for row in layout.rows {
            for format in FileFormat.all {
                let usual = ColumnMap.usual(row.fields, format)
                if usual.count > found.count { (found, nearest) = (usual, (format, row)) }
            }
        }
        guard let nearest else { return nil }
        format = nearest.format
        self.found = found
        (line, fields) = nearest.row
        headings = fields.map(\.trimmingBlanks).filter { !$0.isEmpty }
    }

    /// - Throws: `UserError` `invalid` for an answer that leaves a column out or names one twice.
    public func check(_ columns: [ColumnRole: String]) throws {
        _ = try ColumnMap.find(fields, line: line, in: [format], columns: columns)
    }
}

/// The headings of a file that somebody had to explain, and what he said.
struct ExplainedHeader {
    var fingerprint: String
    /// Role to heading.
    var columns: [String: String]

    /// The same for every file whose headings are the same but for case, spaces and punctuation.
    static func fingerprint(_ fields: [String]) -> String {
        let text = fields.map(foldedHeader).joined(separator: "\u{1f}")
        return hexadecimal(Array(SHA256.hash(data: Data(text.utf8)).prefix(16)))
    }
}

extension ImportTarget {
    /// The source that a header was explained for, with the columns as they were explained.
    ///
    /// - Throws: `UserError` `invalid` where it may be of several.
    static func explained(_ layout: FileLayout, _ named: StoredSource?, _ all: [StoredSource]) throws
        -> (source: StoredSource, map: ColumnMap)?
    {
        let rows = layout.rows.map { ($0, ExplainedHeader.fingerprint($0.fields)) }
        let known = (named.map { [$0] } ?? all).compactMap { source in
            rows.lazy.compactMap { row, key in
                source.source.knownHeaders?[key].map { (source: source, row: row, columns: $0) }
            }.first
        }
        guard known.count <= 1 else {
            throw UserError(
                .invalid, "A file with these headings may come from \(known.count) sources.",
                advice: "Say which: \(known.map(\.source.source.name).joined(separator: ", ")).")
        }
        guard let (source, row, columns) = known.first,
            let format = FileFormat.all.first(where: { $0.key == source.source.format })
        else { return nil }
        let said = Dictionary(format.columns.map { ($0.role, columns[$0.role.rawValue] ?? "") }) { $1 }
        return (source, try ColumnMap.find(row.fields, line: row.line, in: [format], columns: said))
    }
}
