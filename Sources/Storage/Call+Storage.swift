import Domain
import Foundation
import GRDB

/// A call as lists show it.
public struct CallRow: Sendable, Hashable {
    public var reference: CallReference
    public var day: Day
    public var time: LocalTime
    public var person: ID<Person>
    public var personName: String
    /// The dialer's spelling.
    public var agentName: String
    public var type: String
    public var state: String
    /// nil: unmapped.
    public var flags: OutcomeFlags?
    public var campaign: String
    public var originalCampaign: String
    public var callType: String
    public var profile: String?
    /// Seconds.
    public var talk: Int?
    public var wait: Int?
    public var sourceName: String
    public var file: ID<CallFile>
    public var fileName: String
    public var version: Int
    public var line: Int
    /// Whether this sighting is the one that counts.
    public var counts: Bool
}

/// What names a call in an address: its source and its key there.
public struct CallReference: Hashable, Sendable {
    public var source: Int64
    public var key: CallKey

    public init(source: Int64, key: CallKey) {
        self.source = source
        self.key = key
    }

    /// `1-n123`, `1-t616263` (UTF-8 in hex) or `1-d…` (hex).
    public var text: String {
        switch key {
        case .number(let number): "\(source)-n\(number)"
        case .text(let text): "\(source)-t\(hexadecimal(Array(text.utf8)))"
        case .digest(let bytes): "\(source)-d\(hexadecimal(bytes))"
        }
    }

    public init?(text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let source = Int64(parts[0]), let kind = parts[1].first else { return nil }
        let rest = parts[1].dropFirst()
        switch kind {
        case "n":
            guard let number = Int64(rest) else { return nil }
            self.init(source: source, key: .number(number))
        case "t", "d":
            guard let bytes = bytesOfHexadecimal(rest) else { return nil }
            self.init(
                source: source,
                key: kind == "d" ? .digest(bytes) : .text(String(decoding: bytes, as: UTF8.self)))
        default: return nil
        }
    }
}

/// nil for anything but pairs of hexadecimal digits.
func bytesOfHexadecimal(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 2) {
        let pair = String(decoding: digits[start...(start + 1)], as: UTF8.self)
        guard pair.utf8.first != 0x2b, let byte = UInt8(pair, radix: 16) else { return nil }
        bytes.append(byte)
    }
    return bytes
}

/// One page of calls, and out of how many.
public struct CallPage: Sendable {
    public var calls: [CallRow]
    public var offset: Int
    public var total: Int
}

extension OfficeStore {
    /// Counted calls that a query means, latest day first, then by agent and time.
    ///
    /// The rollups say how many calls each agent-day has, so any page is found, and the total known, without
    /// reading the calls before it.
    /// - Parameter limit: at most 1,000.
    public func calls(_ query: ReportQuery, offset: Int = 0, limit: Int = 100, for viewer: Viewer)
        async throws
        -> CallPage
    {
        try viewer.require(.viewCalls)
        return try await read { db in
            let cells = try Self.callCells(query, viewer, db)
            var page = CallPage(calls: [], offset: max(0, offset), total: 0)
            for cell in cells { page.total += cell.logs }
            var toSkip = page.offset
            var wanted = min(max(0, limit), 1000)
            let reader = try CallReader(query.filter, db)
            for cell in cells where wanted > 0 {
                if toSkip >= cell.logs {
                    toSkip -= cell.logs
                    continue
                }
                let calls = try reader.calls(of: cell, offset: toSkip, limit: wanted, db)
                toSkip = 0
                wanted -= calls.count
                page.calls += calls
            }
            return page
        }
    }

    /// Every counted call of a query, in the order of `calls`, to be read in pieces.
    public func exportCalls(_ query: ReportQuery, for viewer: Viewer) async throws -> CallExport {
        try viewer.require(.exportFigures)
        return try await read { db in
            CallExport(
                store: self, cells: try Self.callCells(query, viewer, db),
                reader: try CallReader(query.filter, db))
        }
    }

    /// The version that counts, then the other sightings within the viewer's reach, latest first; of other offices too,
    /// where the same call is in their files.
    ///
    /// - Throws: `UserError` `notFound` where the call is not there or its agent is out of reach.
    public func sightings(of call: CallReference, for viewer: Viewer) async throws -> [CallRow] {
        try viewer.require(.viewCalls)
        return try await read { db in
            let reader = try CallReader(CallFilter(), db)
            let viewer = viewer.everywhere
            let offices = try OfficeScope(viewer, for: .viewCalls, db)
            if !offices.isWhole {
                let office = try String.fetchOne(
                    db, sql: "SELECT office FROM source WHERE number = ?", arguments: [call.source])
                guard offices.holds(office) else { throw UserError.notHere }
            }
            let alike = """
                c.key = ? AND c.source IN (SELECT o.number FROM source s JOIN source o ON o.format = s.format
                  WHERE s.number = ?)
                """
            let held = try Row.fetchAll(
                db, sql: CallReader.sql(where: alike, counted: false),
                arguments: [call.key.databaseValue, call.source])
            var visible: [CallRow] = []
            // The one that counts may be of another office, whose things the viewer does not see.
            var isElsewhere = false
            for row in Self.sameCall(as: call, held) {
                let office = try String.fetchOne(
                    db.cachedStatement(sql: "SELECT office FROM source WHERE number = ?"),
                    arguments: [row["source"] as Int64])
                guard offices.isWhole || offices.holds(office) else {
                    isElsewhere = true
                    continue
                }
                let name: Int64 = row["name"]
                let time = LocalTime(seconds: row["time"])
                let day = try reader.rules.of(name: name, db).day(of: time)
                let query = ReportQuery(period: Period(from: day, to: day))
                let days = try VisibleDays(query, viewer, db)
                // An earlier sighting may be on a day or under a name that has no counted call left.
                let seen = try Bool.fetchOne(
                    db, sql: days.sql("1", and: "a.name = ?"), arguments: days.arguments + [name])
                if seen == true || viewer.reach(.viewCalls) == .office {
                    if let call = reader.call(row, day: day) { visible.append(call) }
                }
            }
            visible.sort { $0.counts && !$1.counts }
            guard let first = visible.first, first.counts || isElsewhere else { throw UserError.notHere }
            return visible
        }
    }

    /// Rows of one key that are the same call as the source's own: `[Sighting].standings` says when.
    private static func sameCall(as call: CallReference, _ held: [Row]) -> [Row] {
        var sources: Set<Int64> = held.contains { $0["source"] == call.source } ? [call.source] : []
        var contents: Set<Int64> = []
        var found: [Row] = []
        repeat {
            let before = (sources.count, contents.count)
            found = held.filter { sources.contains($0["source"]) || contents.contains($0["fingerprint"]) }
            sources.formUnion(found.map { $0["source"] })
            contents.formUnion(found.map { $0["fingerprint"] })
            if before == (sources.count, contents.count) { return found }
        } while true
    }

    /// The version that holds a sighting, for showing its line to whoever may see the call.
    public func version(of sighting: CallRow) async throws -> FileVersion? {
        try await read { [self] db in
            try Row.fetchOne(
                db, sql: Self.versionSelect + "WHERE v.file = ? AND v.version = ? AND v.state = 'live'",
                arguments: [sighting.file.description, sighting.version]
            ).map(version)
        }
    }

    static func callCells(_ query: ReportQuery, _ viewer: Viewer, _ db: Database) throws
        -> [CallCell]
    {
        let words = try FigureWords(db)
        let conditions = try RowConditions(query.filter, words, db)
        let days = try VisibleDays(query, viewer, db)
        var cells: [CallCell] = []
        try days.forEachTally(db, conditions, TallyGrouping(name: true, day: true)) { key, tally in
            cells.append(CallCell(day: key.day, name: key.name, logs: Int(tally.logs)))
        }
        func person(_ cell: CallCell) -> String {
            words.persons[words.person(ofName: cell.name, on: cell.day)] ?? ""
        }
        return cells.sorted { a, b in
            if a.day != b.day { return a.day > b.day }
            let (x, y) = (person(a), person(b))
            return x == y ? a.name < b.name : x < y
        }
    }
}

/// Calls that are being written to a file: never in memory as a whole.
public actor CallExport {
    public nonisolated let total: Int
    private let store: OfficeStore
    private let reader: CallReader
    private var cells: ArraySlice<CallCell>

    fileprivate init(store: OfficeStore, cells: [CallCell], reader: CallReader) {
        self.store = store
        self.cells = cells[...]
        self.reader = reader
        total = cells.reduce(0) { $0 + $1.logs }
    }

    /// The next agent-days with about a thousand calls; nil at the end.
    public func next() async throws -> [CallRow]? {
        var part: [CallCell] = []
        var logs = 0
        while let cell = cells.first, logs < 1000 {
            cells = cells.dropFirst()
            part.append(cell)
            logs += cell.logs
        }
        guard !part.isEmpty else { return nil }
        return try await store.read { [part, reader] db in
            try part.flatMap { try reader.calls(of: $0, offset: 0, limit: .max, db) }
        }
    }
}

struct CallCell: Sendable {
    var day: Int32
    var name: Int64
    var logs: Int
}

/// Reads the rows of agent-days, with their words.
private struct CallReader: Sendable {
    let conditions: String
    let words: FigureWords
    let rules: RulesByOffice

    init(_ filter: CallFilter, _ db: Database) throws {
        words = try FigureWords(db)
        conditions = try RowConditions(filter, words, db).ofCall
        rules = try RulesByOffice(db)
    }

    static func sql(where condition: String, counted: Bool) -> String {
        """
        SELECT c.*, v.version AS versionNumber, v.file, f.name AS fileName,
          n.name AS agentName, l.text AS campaignText, m.text AS originalText, k.text AS callTypeText,
          \(counted ? "1" : OfficeStore.isCounted) AS counts
        FROM call c JOIN fileVersion v ON v.number = c.version JOIN file f ON f.id = v.file
          JOIN agentName n ON n.number = c.name JOIN label l ON l.number = c.campaign
          JOIN label m ON m.number = c.originalCampaign JOIN label k ON k.number = c.callType
        WHERE \(OfficeStore.isLive) AND \(condition)\(counted ? " AND " + OfficeStore.isCounted : "")
        ORDER BY \(counted ? "c.time, c.source, c.key" : "v.time DESC, v.office DESC")
        """
    }

    func calls(of cell: CallCell, offset: Int, limit: Int, _ db: Database) throws -> [CallRow] {
        let day = Day(number: cell.day)
        let begin = try rules.of(name: cell.name, db).begin(of: cell.day)
        let statement = try db.cachedStatement(
            sql: Self.sql(
                where: "c.name = ? AND c.time >= ? AND c.time < ? AND \(conditions)", counted: true)
                + " LIMIT ? OFFSET ?")
        return try Row.fetchAll(
            statement, arguments: [cell.name, begin, begin + 86_400, limit, offset]
        ).compactMap { call($0, day: day) }
    }

    func call(_ row: Row, day: Day) -> CallRow? {
        guard let person = ID<Person>(words.person(ofName: row["name"], on: day.number)),
            let file = ID<CallFile>(row["file"] as String)
        else { return nil }
        let outcome = words.outcomes[row["outcome"]]
        guard let reference = CallReference(row) else { return nil }
        return CallRow(
            reference: reference, day: day,
            time: LocalTime(seconds: row["time"]),
            person: person, personName: words.persons[person.description] ?? "", agentName: row["agentName"],
            type: outcome?.type ?? "", state: outcome?.state ?? "", flags: outcome?.flags,
            campaign: row["campaignText"], originalCampaign: row["originalText"],
            callType: row["callTypeText"], profile: row["profile"], talk: row["talk"], wait: row["wait"],
            sourceName: words.sourceTitles[reference.source] ?? "", file: file, fileName: row["fileName"],
            version: row["versionNumber"], line: row["line"], counts: row["counts"])
    }
}
