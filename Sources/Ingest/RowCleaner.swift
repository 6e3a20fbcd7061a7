import Crypto
import Domain
import Formats
import Foundation

/// Cleans and validates rows of one file; knows nothing of other rows but how often equal ones occurred.
struct RowCleaner {
    let map: ColumnMap
    let dateOrder: DateOrder
    let zone: TimeZone
    let partTimerSuffix: Bool
    /// Rows later than this are refused: the dialer's clock, or the column, is wrong.
    let latest: LocalTime

    private(set) var badDurations = 0
    private(set) var partTimers: Set<String> = []
    private var names: [String: AgentName] = [:]
    /// How many fields more than headings the first row has, as where every line ends in a comma.
    private var usualExtraFields: Int?

    struct AgentName {
        var display: String
        var folded: String
    }

    struct Cleaned {
        var record: CallRecord
        var folded: String
    }

    /// Why a row was not taken.
    struct Rejection: Error {
        var reason: String
    }

    /// A year-first column turned out to hold other dates: the whole of it must be looked at.
    struct OrderUnsettled: Error {}

    init(map: ColumnMap, dateOrder: DateOrder, zone: TimeZone, partTimerSuffix: Bool, latest: LocalTime) {
        self.map = map
        self.dateOrder = dateOrder
        self.zone = zone
        self.partTimerSuffix = partTimerSuffix
        self.latest = latest
    }

    /// No text column of a call log is longer.
    private static let longestText = 300
    private static let earliest = LocalTime(Day(number: 7305), secondOfDay: 0)  // 1990-01-01

    /// - Parameter canonical: receives the record's line of `calls.csv`, without line number and line end.
    mutating func clean(_ row: CSVRow, canonical: inout [UInt8]) throws -> Cleaned {
        if let problem = row.problem { throw Rejection(reason: problem.description) }
        if isTotal(row) { throw Rejection(reason: "This looks like a line of totals, not a call.") }
        if row.count < map.headingCount, let last = map.indices.values.max(), row.count <= last {
            throw Rejection(
                reason: "The line has \(row.count) fields; the header has \(map.headingCount).")
        }
        try checkExtraFields(row)
        let rawAgent = try text(row, .agent)
        guard !rawAgent.isEmpty else { throw Rejection(reason: "“\(map.heading(.agent))” is empty.") }
        let agent = try agentName(rawAgent)
        let id = try text(row, .callID)
        guard !id.isEmpty else { throw Rejection(reason: "“\(map.heading(.callID))” is empty.") }
        let time = try moment(row)
        let talk = duration(row, .talk)
        let wait = duration(row, .wait)
        let profile = try text(row, .profile)
        let record = CallRecord(
            line: row.line, key: CallKey(id: id), agent: agent.display, time: time,
            profile: profile.isEmpty ? nil : profile, type: try text(row, .type), state: try state(row),
            callType: try text(row, .callType), originalCampaign: try text(row, .originalCampaign),
            currentCampaign: try text(row, .currentCampaign), talk: talk, wait: wait, fingerprint: 0)
        return Cleaned(record: record.sealed(into: &canonical), folded: agent.folded)
    }

    /// A comma that nobody quoted shifts what follows it into other columns: more fields than headings are
    /// only taken where they are empty and the file's first row has them too.
    private mutating func checkExtraFields(_ row: CSVRow) throws {
        let extra = max(0, row.count - map.headingCount)
        let usual = usualExtraFields ?? extra
        usualExtraFields = usual
        guard extra > 0 else { return }
        let isEmpty = (map.headingCount..<row.count).allSatisfy {
            trimmed(row.bytes, row.range($0)).isEmpty
        }
        guard isEmpty, extra <= usual else {
            throw Rejection(
                reason: "The line has \(row.count) fields; the header has \(map.headingCount).")
        }
    }

    private mutating func agentName(_ raw: String) throws -> AgentName {
        if let known = names[raw] { return known }
        var display = displayName(raw)
        var isPartTimer = false
        if partTimerSuffix {
            let (name, marked) = partTimer(display)
            if marked { (display, isPartTimer) = (name, true) }
        }
        let folded = foldedName(display)
        guard !folded.isEmpty else {
            throw Rejection(reason: "“\(map.heading(.agent))” has no letters or digits: “\(raw)”.")
        }
        if isPartTimer { partTimers.insert(folded) }
        if names.count > 50_000 { names = [:] }
        let name = AgentName(display: display, folded: folded)
        names[raw] = name
        return name
    }

    private func text(_ row: CSVRow, _ role: ColumnRole) throws -> String {
        guard let index = map.index(role) else { return "" }
        let range = trimmed(row.bytes, row.range(index))
        guard range.count <= Self.longestText else {
            throw Rejection(reason: "“\(map.heading(role))” is longer than \(Self.longestText) bytes.")
        }
        return String(decoding: row.bytes[range], as: UTF8.self)
    }

    /// The dialer's state; where a file has answered and resolved instead, the two in words.
    private func state(_ row: CSVRow) throws -> String {
        guard map.index(.answered) != nil else { return try text(row, .state) }
        guard let answered = yes(try text(row, .answered)) else {
            throw Rejection(reason: "“\(map.heading(.answered))” is neither yes nor no.")
        }
        guard answered else { return "Not answered" }
        guard let resolved = yes(try text(row, .resolved)) else {
            throw Rejection(reason: "“\(map.heading(.resolved))” is neither yes nor no.")
        }
        return resolved ? "Answered, resolved" : "Answered, not resolved"
    }

    private func yes(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "y", "yes", "true", "1": true
        case "n", "no", "false", "0": false
        default: nil
        }
    }

    private func moment(_ row: CSVRow) throws -> LocalTime {
        let role: ColumnRole = map.index(.logTime) != nil ? .logTime : .date
        guard let index = map.index(role) else { throw Rejection(reason: "There is no date column.") }
        let range = row.range(index)
        guard let parsed = parseTime(row.bytes, range, order: dateOrder) else {
            if dateOrder == .ymd,
                parseTime(row.bytes, range, order: .mdy) != nil
                    || parseTime(row.bytes, range, order: .dmy) != nil
            {
                throw OrderUnsettled()
            }
            throw Rejection(
                reason: "“\(map.heading(role))” is no date and time: “\(try text(row, role).prefix(40))”.")
        }
        var local = parsed.local
        if let offset = parsed.offsetSeconds {
            let utc = Instant(milliseconds: 0).adding(
                seconds: local.seconds.subtractingSaturated(Int64(offset)))
            local = utc.local(in: zone)
        }
        if role == .date {
            guard let clockIndex = map.index(.time),
                let second = parseClockTime(row.bytes, row.range(clockIndex))
            else {
                throw Rejection(
                    reason: "“\(map.heading(.time))” is no time of day: “\(try text(row, .time).prefix(40))”."
                )
            }
            local = LocalTime(local.day, secondOfDay: second)
        } else if !parsed.hasTime {
            throw Rejection(reason: "“\(map.heading(role))” has a date but no time of day.")
        }
        guard local >= Self.earliest else {
            throw Rejection(reason: "“\(map.heading(role))” is before 1990: \(local.iso).")
        }
        guard local <= latest else {
            throw Rejection(reason: "“\(map.heading(role))” lies in the future: \(local.iso).")
        }
        return local
    }

    /// An unreadable duration costs the figure, not the call: it is counted as a fault of quality.
    private mutating func duration(_ row: CSVRow, _ role: ColumnRole) -> Int? {
        guard let index = map.index(role) else { return nil }
        let range = trimmed(row.bytes, row.range(index))
        if range.isEmpty { return nil }
        if case .seconds(let value) = parseDuration(row.bytes, range) { return value }
        badDurations += 1
        return nil
    }

    private func isTotal(_ row: CSVRow) -> Bool {
        let filled = (0..<row.count).map { trimmed(row.bytes, row.range($0)) }.filter { !$0.isEmpty }
        guard let first = filled.first, filled.count < 4, filled.count < map.format.columns.count / 2 else {
            return false
        }
        let word = String(decoding: row.bytes[first], as: UTF8.self).lowercased()
        return ["total", "totals", "grand total", "sum"].contains { word.hasPrefix($0) }
    }
}

extension CallKey {
    /// A plain decimal id is kept as a number; everything else, leading zeros and all, as text.
    init(id: String) {
        let isPlain =
            id == "0" || (id.utf8.first != 0x30 && id.utf8.allSatisfy { (0x30...0x39).contains($0) })
        if isPlain, let number = Int64(id) { self = .number(number) } else { self = .text(id) }
    }

    var idText: String {
        switch self {
        case .number(let value): String(value)
        case .text(let value): value
        case .digest: ""
        }
    }

    var digestText: String {
        if case .digest(let bytes) = self { hexadecimal(bytes) } else { "" }
    }
}

extension Int64 {
    func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}
