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
    private let columns: Columns
    private var names: [String: AgentName] = [:]
    /// How many fields more than headings the first row has, as where every line ends in a comma.
    private var usualExtraFields: Int?

    /// Looked up once, for each is asked for in every row.
    private struct Columns {
        struct Column {
            var index: Int?
            var heading: String

            init(_ role: ColumnRole, _ map: ColumnMap) {
                index = map.index(role)
                heading = map.heading(role)
            }
        }

        let agent, callID, profile, type, state, callType, originalCampaign, currentCampaign: Column
        let answered, resolved, moment, clock, talk, wait: Column
        /// The date and the time of day are in two columns.
        let hasDateAlone: Bool
        /// One past the last column that is used.
        let end: Int

        init(_ map: ColumnMap) {
            func column(_ role: ColumnRole) -> Column { Column(role, map) }
            (agent, callID, profile) = (column(.agent), column(.callID), column(.profile))
            (type, state, callType) = (column(.type), column(.state), column(.callType))
            originalCampaign = column(.originalCampaign)
            currentCampaign = column(.currentCampaign)
            (answered, resolved) = (column(.answered), column(.resolved))
            hasDateAlone = map.index(.logTime) == nil
            moment = column(hasDateAlone ? .date : .logTime)
            clock = column(.time)
            (talk, wait) = (column(.talk), column(.wait))
            end = (map.indices.values.max() ?? -1) + 1
        }
    }

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
        columns = Columns(map)
    }

    /// No text column of a call log is longer.
    private static let longestText = 300
    private static let earliest = LocalTime(Day(number: 7305), secondOfDay: 0)  // 1990-01-01

    /// - Parameter canonical: receives the record's line of `calls.csv`, without line number and line end.
    mutating func clean(_ row: CSVRow, canonical: inout [UInt8]) throws -> Cleaned {
        if let problem = row.problem { throw Rejection(reason: problem.description) }
        if isTotal(row) { throw Rejection(reason: "This looks like a line of totals, not a call.") }
        if row.count < map.headingCount, row.count < columns.end {
            throw Rejection(
                reason: "The line has \(row.count) fields; the header has \(map.headingCount).")
        }
        try checkExtraFields(row)
        let rawAgent = try text(row, columns.agent)
        guard !rawAgent.isEmpty else { throw Rejection(reason: "“\(columns.agent.heading)” is empty.") }
        let agent = try agentName(rawAgent)
        let id = try text(row, columns.callID)
        guard !id.isEmpty else { throw Rejection(reason: "“\(columns.callID.heading)” is empty.") }
        let time = try moment(row)
        let talk = duration(row, columns.talk)
        let wait = duration(row, columns.wait)
        let profile = try text(row, columns.profile)
        let record = CallRecord(
            line: row.line, key: CallKey(id: id), agent: agent.display, time: time,
            profile: profile.isEmpty ? nil : profile, type: try text(row, columns.type),
            state: try state(row),
            callType: try text(row, columns.callType),
            originalCampaign: try text(row, columns.originalCampaign),
            currentCampaign: try text(row, columns.currentCampaign), talk: talk, wait: wait, fingerprint: 0)
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
            throw Rejection(reason: "“\(columns.agent.heading)” has no letters or digits: “\(raw)”.")
        }
        if isPartTimer { partTimers.insert(folded) }
        if names.count > 50_000 { names = [:] }
        let name = AgentName(display: display, folded: folded)
        names[raw] = name
        return name
    }

    private func text(_ row: CSVRow, _ column: Columns.Column) throws -> String {
        guard let index = column.index else { return "" }
        let range = trimmed(row.bytes, row.range(index))
        guard range.count <= Self.longestText else {
            throw Rejection(reason: "“\(column.heading)” is longer than \(Self.longestText) bytes.")
        }
        return String(decoding: row.bytes[range], as: UTF8.self)
    }

    /// The dialer's state; where a file has answered and resolved instead, the two in words.
    private func state(_ row: CSVRow) throws -> String {
        guard columns.answered.index != nil else { return try text(row, columns.state) }
        guard let answered = yes(try text(row, columns.answered)) else {
            throw Rejection(reason: "“\(columns.answered.heading)” is neither yes nor no.")
        }
        guard answered else { return "Not answered" }
        guard let resolved = yes(try text(row, columns.resolved)) else {
            throw Rejection(reason: "“\(columns.resolved.heading)” is neither yes nor no.")
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
        let column = columns.moment
        guard let index = column.index else { throw Rejection(reason: "There is no date column.") }
        let range = row.range(index)
        guard let parsed = parseTime(row.bytes, range, order: dateOrder) else {
            if dateOrder == .ymd,
                parseTime(row.bytes, range, order: .mdy) != nil
                    || parseTime(row.bytes, range, order: .dmy) != nil
            {
                throw OrderUnsettled()
            }
            throw Rejection(
                reason: "“\(column.heading)” is no date and time: “\(try text(row, column).prefix(40))”.")
        }
        var local = parsed.local
        // Beside a clock of its own a midnight is a date: in another zone it would be another day's.
        let isDate = columns.hasDateAlone && local.secondOfDay == 0
        if let offset = parsed.offsetSeconds, !isDate {
            let utc = Instant(milliseconds: 0).adding(
                seconds: local.seconds.subtractingSaturated(Int64(offset)))
            local = utc.local(in: zone)
        }
        if columns.hasDateAlone {
            guard let clock = columns.clock.index,
                let second = parseClockTime(row.bytes, row.range(clock))
            else {
                throw Rejection(
                    reason:
                        "“\(columns.clock.heading)” is no time of day: “\(try text(row, columns.clock).prefix(40))”."
                )
            }
            local = LocalTime(local.day, secondOfDay: second)
        } else if !parsed.hasTime {
            throw Rejection(reason: "“\(column.heading)” has a date but no time of day.")
        }
        guard local >= Self.earliest else {
            throw Rejection(reason: "“\(column.heading)” is before 1990: \(local.iso).")
        }
        guard local <= latest else {
            throw Rejection(reason: "“\(column.heading)” lies in the future: \(local.iso).")
        }
        return local
    }

    /// An unreadable duration costs the figure, not the call: it is counted as a fault of quality.
    private mutating func duration(_ row: CSVRow, _ column: Columns.Column) -> Int? {
        guard let index = column.index else { return nil }
        let range = trimmed(row.bytes, row.range(index))
        if range.isEmpty { return nil }
        if case .seconds(let value) = parseDuration(row.bytes, range) { return value }
        badDurations += 1
        return nil
    }

    private func isTotal(_ row: CSVRow) -> Bool {
        var first: Range<Int>?
        var filled = 0
        for index in 0..<row.count {
            let range = trimmed(row.bytes, row.range(index))
            guard !range.isEmpty else { continue }
            if first == nil { first = range }
            filled += 1
            if filled >= 4 || filled >= map.format.columns.count / 2 { return false }
        }
        guard let first else { return false }
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
