import Foundation
import Domain
import Formats

/// What a column of a call log means to Rollcall.
public enum ColumnRole: String, Sendable, CaseIterable, Codable {
    case agent, profile, callID, logTime, date, time, type, state, callType
    case originalCampaign, currentCampaign, talk, wait, answered, resolved

    /// As a page names it.
    public var title: String {
        switch self {
        case .agent: "Agent"
        case .profile: "Profile"
        case .callID: "Call id"
        case .logTime: "Date and time"
        case .date: "Date"
        case .time: "Time of day"
        case .type: "Type"
        case .state: "State"
        case .callType: "Call type"
        case .originalCampaign: "Original campaign"
        case .currentCampaign: "Current campaign"
        case .talk: "Talk time"
        case .wait: "Wait"
        case .answered: "Answered"
        case .resolved: "Resolved"
        }
    }
}

/// A dialer's layout: which headings mean what, compared without case, spaces and punctuation.
public struct FileFormat: Sendable {
    public struct Column: Sendable {
        public var role: ColumnRole
        /// As the dialer writes it; the first is the one that messages name.
        public var headings: [String]
        public var isRequired: Bool
    }

    public var key: String
    public var title: String
    public var columns: [Column]
    /// Headings that are known to be of no use here, so that they raise no question.
    public var ignored: [String] = []

    public static let all: [FileFormat] = [readyMode, callCentre]

    /// ReadyMode's (Xencall's) call log.
    public static let readyMode = FileFormat(
        key: "readymode", title: "ReadyMode",
        columns: [
            Column(role: .agent, headings: ["Agent name", "Agent"], isRequired: true),
            Column(role: .profile, headings: ["Profile ID"], isRequired: false),
            Column(role: .callID, headings: ["Call Log ID"], isRequired: true),
            Column(role: .logTime, headings: ["Log Time"], isRequired: true),
            Column(role: .type, headings: ["Log Type"], isRequired: true),
            Column(role: .state, headings: ["State", "Disposition"], isRequired: true),
            Column(role: .callType, headings: ["Call Type"], isRequired: false),
            Column(role: .originalCampaign, headings: ["Original Campaign"], isRequired: false),
            Column(role: .currentCampaign, headings: ["Current Campaign"], isRequired: false),
            Column(role: .talk, headings: ["Recording Length (Seconds)"], isRequired: false),
        ], ignored: ["Ember"])

    /// The call-centre set: date and clock apart, answered and resolved as yes or no.
    public static let callCentre = FileFormat(
        key: "call-centre", title: "Call centre",
        columns: [
            Column(role: .callID, headings: ["Call Id"], isRequired: true),
            Column(role: .agent, headings: ["Agent"], isRequired: true),
            Column(role: .date, headings: ["Date"], isRequired: true),
            Column(role: .time, headings: ["Time"], isRequired: true),
            Column(role: .type, headings: ["Topic"], isRequired: false),
            Column(role: .answered, headings: ["Answered (Y/N)", "Answered"], isRequired: true),
            Column(role: .resolved, headings: ["Resolved"], isRequired: true),
            Column(
                role: .wait, headings: ["Speed of answer in seconds", "Speed of answer"], isRequired: false),
            Column(role: .talk, headings: ["AvgTalkDuration", "Talk Duration"], isRequired: false),
        ], ignored: ["Satisfaction rating"])
}

/// A format found in a file: which field holds what.
public struct ColumnMap: Sendable {
    public var format: FileFormat
    public var indices: [ColumnRole: Int]
    public var headings: [ColumnRole: String]
    public var ignored: [String]
    public var headerLine: Int
    public var headingCount: Int

    public func index(_ role: ColumnRole) -> Int? { indices[role] }

    /// The heading as it stands in the file, for messages.
    public func heading(_ role: ColumnRole) -> String { headings[role] ?? role.rawValue }

    /// Finds the format of a header row.
    ///
    /// - Parameter columns: the heading of each role that somebody has said; empty: no column has it.
    /// - Throws: `UserError` `unknownFormat` that names what is missing or doubled; `columns` where one of the
    ///   other headings may be what is missing; `invalid` for columns that
    ///   cannot be as they were said to be.
    public static func find(
        _ header: [String], line: Int, in formats: [FileFormat], columns said: [ColumnRole: String] = [:]
    ) throws -> ColumnMap {
        let folded = header.map(foldedHeader)
        var nearest: (format: FileFormat, missing: [FileFormat.Column], found: Int, others: Int)?
        for format in formats {
            if let foreign = said.first(where: { role, _ in !format.columns.contains { $0.role == role } }) {
                guard formats.count > 1 else { throw UserError.noSuchRole(foreign.key, format) }
                continue
            }
            var map = ColumnMap(
                format: format, indices: [:], headings: [:], ignored: [], headerLine: line,
                headingCount: header.count)
            var missing: [FileFormat.Column] = []
            for column in format.columns {
                let match = try index(of: column, said[column.role], header, folded)
                guard let match else {
                    if column.isRequired { missing.append(column) }
                    continue
                }
                if folded.filter({ $0 == folded[match] }).count > 1 {
                    throw UserError(
                        .unknownFormat, "The heading “\(header[match])” stands over more than one column.",
                        advice: "Rename or remove one of them in the dialer's export and upload it again.")
                }
                map.indices[column.role] = match
                map.headings[column.role] = header[match].trimmingBlanks
            }
            guard !missing.isEmpty else {
                try map.checkEachOnce()
                let used = Set(map.indices.values)
                map.ignored = header.indices.filter { !used.contains($0) }.map { header[$0].trimmingBlanks }
                    .filter { !$0.isEmpty }
                return map
            }
            if map.indices.count > (nearest?.found ?? 0) || !said.isEmpty && nearest == nil {
                let known = Set(format.ignored.map(foldedHeader))
                let others = header.indices.filter { index in
                    !map.indices.values.contains(index) && !folded[index].isEmpty
                        && !known.contains(folded[index])
                }
                nearest = (format, missing, map.indices.count, others.count)
            }
        }
        if !said.isEmpty, let nearest { throw UserError.columnsLeftOut(nearest.missing, nearest.format) }
        let seen = header.map(\.trimmingBlanks).filter { !$0.isEmpty }
        let list = seen.prefix(12).map { "“\($0.prefix(40))”" }.joined(separator: ", ")
        let more = seen.count > 12 ? " and \(seen.count - 12) more" : ""
        if let nearest, nearest.found >= 2 {
            let names = nearest.missing.compactMap(\.headings.first).map { "“\($0)”" }.joined(
                separator: ", ")
            let required = nearest.format.columns.filter(\.isRequired).count
            // Renamed rather than left out: a person can say which it is.
            let canAsk = nearest.missing.count * 2 <= required && nearest.others >= nearest.missing.count
            let role = nearest.missing.first?.role.rawValue ?? ""
            throw UserError(
                canAsk ? .columns : .unknownFormat,
                "This looks like a \(nearest.format.title) file, but \(nearest.missing.count == 1 ? "the column" : "the columns") \(names) \(nearest.missing.count == 1 ? "is" : "are") missing. Found: \(list)\(more).",
                advice: canAsk
                    ? "Say under which heading \(nearest.missing.count == 1 ? "it stands" : "they stand") now (--column \(role)=HEADING)."
                    : "Export the call log again with all columns. Nothing of this file was kept.")
        }
        let needs = formats.map { format in
            "\(format.title) ("
                + format.columns.filter(\.isRequired).compactMap(\.headings.first).joined(separator: ", ")
                + ")"
        }.joined(separator: "; ")
        throw UserError(
            .notCallLog,
            seen.isEmpty
                ? "The file has no headings."
                : "This is no call log that Rollcall knows. Found: \(list)\(more).",
            advice: "Rollcall reads: \(needs). Nothing of this file was kept.")
    }
}

extension ColumnMap {
    /// What a format finds in a header by its usual headings.
    static func usual(_ header: [String], _ format: FileFormat) -> [ColumnRole: String] {
        let folded = header.map(foldedHeader)
        return format.columns.reduce(into: [:]) { found, column in
            guard let index = try? index(of: column, nil, header, folded) else { return }
            found[column.role] = header[index].trimmingBlanks
        }
    }

    /// Where a role's column is: as somebody said, else by its usual headings; nil: nowhere.
    private static func index(
        of column: FileFormat.Column, _ said: String?, _ header: [String], _ folded: [String]
    ) throws -> Int? {
        guard let said = said?.trimmingBlanks else {
            return column.headings.lazy.map(foldedHeader).compactMap { folded.firstIndex(of: $0) }.first
        }
        guard !said.isEmpty else { return nil }
        if let index = header.firstIndex(where: { $0.trimmingBlanks == said }) { return index }
        let wanted = foldedHeader(said)
        guard !wanted.isEmpty, let index = folded.firstIndex(of: wanted) else {
            throw UserError(
                .invalid, "The file has no column “\(said)” for “\(column.role.title)”.",
                advice: "Choose one of the headings that the file has.")
        }
        return index
    }

    private func checkEachOnce() throws {
        let roles = format.columns.map(\.role).filter { indices[$0] != nil }
        for (index, role) in roles.enumerated() {
            guard let other = roles[..<index].first(where: { indices[$0] == indices[role] }) else { continue }
            throw UserError(
                .invalid,
                "The column “\(heading(role))” is named twice: for “\(other.title)” and for “\(role.title)”.",
                advice: "Choose another column for one of them.")
        }
    }
}

extension UserError {
    fileprivate static func columnsLeftOut(_ missing: [FileFormat.Column], _ format: FileFormat) -> UserError
    {
        let names = missing.map { "“\($0.role.title)”" }.joined(separator: ", ")
        return UserError(
            .invalid, "No column is chosen for \(names); a \(format.title) file cannot be read without.",
            advice: missing.count == 1 ? "Choose its column." : "Choose the column of each.")
    }

    fileprivate static func noSuchRole(_ role: ColumnRole, _ format: FileFormat) -> UserError {
        UserError(
            .invalid, "A \(format.title) file has no column for “\(role.title)”.",
            advice: "It has: \(format.columns.map(\.role.rawValue).joined(separator: ", ")).")
    }
}

extension String {
    var trimmingBlanks: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
