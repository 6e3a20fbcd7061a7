import Domain
import Foundation
import GRDB

/// The part of the rollups that a viewer may see and a query asks for, as SQL over `agentDay a`.
///
/// Every figure, list and count starts here, so that nothing outside a viewer's reach is in any of them.
struct VisibleDays {
    /// Begins with the tables, `agentDay a` and what it is joined to; other tables are appended to it.
    private(set) var tables = "agentDay a"
    private(set) var conditions: String
    private(set) var arguments: StatementArguments

    /// - Parameter people: join names and placements even where neither scope nor filter needs them.
    init(_ query: ReportQuery, _ viewer: Viewer, _ db: Database, people: Bool = false) throws {
        let posted = try Int64.fetchOne(db, sql: "SELECT postedChange FROM folder") ?? 0
        var conditions = [
            """
            a.day BETWEEN ? AND ? AND a.change <= ? AND a.logs > 0 AND NOT EXISTS (
              SELECT 1 FROM agentDay b
              WHERE b.day = a.day AND b.name = a.name AND b.change > a.change AND b.change <= ?)
            """
        ]
        var arguments: StatementArguments = [
            query.period.from.number, query.period.to.number, posted, posted,
        ]
        let placed = PlacedPersons(query.filter, viewer)
        if let condition = placed.condition {
            conditions.append(condition)
            arguments += placed.arguments
        }
        if !query.filter.weekdays.isEmpty {
            conditions.append("((a.day + 3) % 7 + 7) % 7 IN (\(list(query.filter.weekdays)))")
        }
        if people || placed.condition != nil {
            tables += """
                 JOIN agentName n ON n.number = a.name
                JOIN placementSpan s ON s.person = n.person AND s.fromDay <= a.day AND a.day < s.untilDay
                """
        }
        self.conditions = conditions.joined(separator: " AND ")
        self.arguments = arguments
    }

    /// - Parameter tally: `dayTally` or `hourTally`, joined as `t`.
    func sql(_ columns: String, tally: String? = nil, and condition: String = "1", _ rest: String = "")
        -> String
    {
        // CROSS JOIN keeps the order: first the agent-days, then the tallies of each.
        let join = tally.map {
            " CROSS JOIN \($0) t ON t.day = a.day AND t.name = a.name AND t.change = a.change"
        }
        return "SELECT \(columns) FROM \(tables)\(join ?? "") WHERE \(conditions) AND \(condition) \(rest)"
    }
}

/// The viewer's reach and a filter's persons and groups, as SQL over `placementSpan s`.
struct PlacedPersons {
    /// nil: everybody.
    private(set) var condition: String?
    private(set) var arguments: StatementArguments = []

    init(_ filter: CallFilter, _ viewer: Viewer) {
        var conditions: [String] = []
        switch viewer.reach(.viewFigures) {
        case .office: break
        case .none: conditions.append("0")
        case .own: conditions.append("s.person = ?")
        case .team: conditions.append("s.leader = ?")
        case .teams: conditions.append("s.manager = ?")
        }
        if conditions.first?.contains("?") == true { arguments += [viewer.person?.description] }
        for (column, persons) in [
            ("s.person", filter.agents), ("s.leader", filter.leaders), ("s.manager", filter.managers),
        ] where !persons.isEmpty {
            var parts: [String] = []
            for person in persons {
                switch person {
                case .nobody: parts.append("\(column) IS NULL")
                case .id(let id):
                    parts.append("\(column) = ?")
                    arguments += [id.description]
                case .named(let name):
                    parts.append("\(column) IN (SELECT id FROM person WHERE name = ? COLLATE NOCASE)")
                    arguments += [name]
                }
            }
            conditions.append("(\(parts.joined(separator: " OR ")))")
        }
        for (column, texts) in [("s.groupName", filter.groups), ("s.employment", filter.employments)]
        where !texts.isEmpty {
            conditions.append("\(column) IN (\(databaseQuestionMarks(count: texts.count)))")
            arguments += StatementArguments(texts)
        }
        condition = conditions.isEmpty ? nil : conditions.joined(separator: " AND ")
    }
}

func databaseQuestionMarks(count: Int) -> String {
    Array(repeating: "?", count: count).joined(separator: ",")
}

/// Numbers for `IN (…)`; none gives a list that nothing is in.
func list(_ numbers: some Sequence<some BinaryInteger>) -> String {
    let texts = numbers.map { String($0) }
    return texts.isEmpty ? "NULL" : texts.joined(separator: ",")
}

/// Dictionaries that give tallies their words; a few hundred entries.
struct FigureWords: Sendable {
    struct Outcome: Sendable {
        var source: Int64
        var type: String
        var state: String
        var flags: OutcomeFlags?
    }

    var outcomes: [Int64: Outcome] = [:]
    var sources: [Int64: Source] = [:]
    var persons: [String: String] = [:]
    /// Person of a dialer's name.
    var people: [Int64: String] = [:]

    init(_ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT number, source, type, state, flags FROM outcome")
        while let row = try rows.next() {
            outcomes[row[0]] = Outcome(
                source: row[1], type: row[2], state: row[3],
                flags: (row[4] as Int?).map(OutcomeFlags.init(rawValue:)))
        }
        for stored in try OfficeStore.sources(db) { sources[stored.number] = stored.source }
        let names = try Row.fetchCursor(db, sql: "SELECT id, name FROM person")
        while let row = try names.next() { persons[row[0]] = row[1] }
        let aliases = try Row.fetchCursor(
            db, sql: "SELECT number, person FROM agentName WHERE person IS NOT NULL")
        while let row = try aliases.next() { people[row[0]] = row[1] }
    }

    /// The outcomes that a filter lets in; nil: all.
    func outcomes(in filter: CallFilter) -> [Int64]? {
        guard
            !filter.states.isEmpty || !filter.types.isEmpty || !filter.sources.isEmpty
                || (filter.counting != nil && filter.counting != .talk)
        else { return nil }
        return outcomes.filter { _, outcome in
            if !filter.states.isEmpty, !filter.states.contains(outcome.state) { return false }
            if !filter.types.isEmpty, !filter.types.contains(outcome.type) { return false }
            if !filter.sources.isEmpty {
                guard let source = sources[outcome.source],
                    filter.sources.contains(where: {
                        $0 == source.id.description
                            || $0.caseInsensitiveCompare(source.name) == .orderedSame
                    })
                else { return false }
            }
            if filter.counting == .unmapped { return outcome.flags == nil }
            if let flag = filter.counting?.flag { return outcome.flags?.contains(flag) == true }
            return true
        }.map(\.key).sorted()
    }
}

/// What narrows tallies and rows alike: outcome, campaign, hour.
struct RowConditions {
    var outcomes: [Int64]?
    var campaigns: [Int64]?
    var hours: [Int]
    var onlyTalk: Bool

    init(_ filter: CallFilter, _ words: FigureWords, _ db: Database) throws {
        outcomes = words.outcomes(in: filter)
        if !filter.campaigns.isEmpty {
            campaigns = try Int64.fetchAll(
                db,
                sql: """
                    SELECT number FROM label
                    WHERE text IN (\(databaseQuestionMarks(count: filter.campaigns.count)))
                    """, arguments: StatementArguments(filter.campaigns))
        }
        hours = filter.hours
        onlyTalk = filter.counting == .talk
    }

    var needsHours: Bool { campaigns != nil || !hours.isEmpty }

    /// On `dayTally` or `hourTally` as `t`.
    var ofTally: String {
        var parts = ["1"]
        if let outcomes { parts.append("t.outcome IN (\(list(outcomes)))") }
        if let campaigns { parts.append("t.campaign IN (\(list(campaigns)))") }
        if !hours.isEmpty { parts.append("t.hour IN (\(list(hours)))") }
        if onlyTalk { parts.append("t.talkLogs > 0") }
        return parts.joined(separator: " AND ")
    }

    /// On `call` as `c`.
    var ofCall: String {
        var parts = ["1"]
        if let outcomes { parts.append("c.outcome IN (\(list(outcomes)))") }
        if let campaigns { parts.append("c.campaign IN (\(list(campaigns)))") }
        if !hours.isEmpty {
            parts.append("((c.time % 86400 + 86400) % 86400) / 3600 IN (\(list(hours)))")
        }
        if onlyTalk { parts.append("c.talk IS NOT NULL") }
        return parts.joined(separator: " AND ")
    }
}

extension OfficeStore {
    /// The figures that a query asks for, as far as the viewer's reach goes; from rollups alone.
    public func report(_ query: ReportQuery, for viewer: Viewer) async throws -> Report {
        try viewer.require(.viewFigures)
        return try await read { db in try Self.report(query, viewer, db) }
    }

    static func report(_ query: ReportQuery, _ viewer: Viewer, _ db: Database) throws -> Report {
        let words = try FigureWords(db)
        let spans = try SpanWords(query, db)
        let conditions = try RowConditions(query.filter, words, db)
        let byPerson = query.by.contains { $0.isOfPerson }
        let byDay = query.by.contains(.day) || query.by.contains(.weekday)
        let byHour = query.by.contains(.hour)
        let byCampaign = query.by.contains(.campaign)
        let days = try VisibleDays(query, viewer, db, people: query.by.contains { $0.isOfSpan })
        let withSpan = query.by.contains { $0.isOfSpan }

        var cells: [[SliceKey]: Figures] = [:]
        let keeps = query.filter.keepsAgentDays && query.by.allSatisfy { $0.isOfAgentDay || $0 == .hour }
        func key(name: Int64, spanFrom: Int64, day: Int32, hour: Int, campaign: Int64, outcome: Int64)
            -> [SliceKey]
        {
            query.by.map { by in
                switch by {
                case .agent: .text(words.people[name] ?? "")
                case .leader: .text(spans.leader(name, spanFrom))
                case .manager: .text(spans.manager(name, spanFrom))
                case .group: .text(spans.group(name, spanFrom))
                case .employment: .text(spans.employment(name, spanFrom))
                case .campaign: .number(campaign)
                case .state: .text(words.outcomes[outcome]?.state ?? "")
                case .type: .text(words.outcomes[outcome]?.type ?? "")
                case .source: .number(words.outcomes[outcome]?.source ?? 0)
                case .day: .number(Int64(day))
                case .weekday: .number(Int64(Day(number: day).weekday))
                case .hour: .number(Int64(hour))
                }
            }
        }

        // Counts: integers alone in the grouping, their words are put on afterwards.
        let parts = [
            byPerson ? "a.name" : "0", withSpan ? "s.fromDay" : "0", byDay ? "a.day" : "0",
            byHour ? "t.hour" : "-1", byCampaign ? "t.campaign" : "0",
        ]
        let grouping = parts.filter { $0.contains(".") } + ["t.outcome"]
        let sql = days.sql(
            parts.joined(separator: ", ") + ", t.outcome, sum(t.logs), sum(t.talkLogs), sum(t.talk)",
            tally: conditions.needsHours || byHour || byCampaign ? "hourTally" : "dayTally",
            and: conditions.ofTally, "GROUP BY " + grouping.joined(separator: ", "))
        let rows = try Row.fetchCursor(db, sql: sql, arguments: days.arguments)
        while let row = try rows.next() {
            let outcome: Int64 = row[5]
            let slice = key(
                name: row[0], spanFrom: row[1], day: row[2], hour: row[3], campaign: row[4], outcome: outcome)
            let talkLogs: Int = row[7]
            cells[slice, default: Figures(activity: keeps ? .init(active: 0) : nil)].add(
                conditions.onlyTalk ? talkLogs : row[6], flags: words.outcomes[outcome]?.flags,
                talkLogs: talkLogs, talk: row[8])
            if cells.count > 200_000 {
                throw UserError(
                    .tooMany, "The report would have more than 200,000 rows.",
                    advice: "Divide by fewer things, or choose a shorter period.")
            }
        }

        if keeps {
            var presence: [PersonDay: (logs: Int, slice: [SliceKey])] = [:]
            let splits = byHour || !query.filter.hours.isEmpty
            let sql = days.sql(
                "a.name, \(withSpan ? "s.fromDay" : "0"), a.day, a.logs, a.active, a.idle, "
                    + (splits ? "a.activeByHour" : "NULL"))
            let rows = try Row.fetchCursor(db, sql: sql, arguments: days.arguments)
            while let row = try rows.next() {
                let (name, spanFrom, day): (Int64, Int64, Int32) = (row[0], row[1], row[2])
                if splits {
                    let packed: Data = row[6]
                    for (hour, seconds) in activeSeconds(packed).enumerated()
                    where query.filter.hours.isEmpty || query.filter.hours.contains(hour) {
                        let slice = key(
                            name: name, spanFrom: spanFrom, day: day, hour: hour, campaign: 0, outcome: 0)
                        guard var figures = cells[slice] else { continue }
                        figures.activity =
                            (figures.activity ?? .init())
                            + .init(active: seconds, idle: nil, presentDays: nil)
                        cells[slice] = figures
                    }
                } else {
                    let slice = key(
                        name: name, spanFrom: spanFrom, day: day, hour: -1, campaign: 0, outcome: 0)
                    guard var figures = cells[slice] else { continue }
                    figures.activity =
                        (figures.activity ?? .init()) + .init(active: row[4], idle: row[5], presentDays: 0)
                    cells[slice] = figures
                    let personDay = PersonDay(person: words.people[name] ?? "", day: day)
                    presence[personDay, default: (0, slice)].logs += row[3] as Int
                }
            }
            for (logs, slice) in presence.values where logs >= Metric.presentLogs {
                cells[slice]?.activity?.presentDays? += 1
            }
        }

        let campaigns = byCampaign ? try labels(db, cells.keys.flatMap { $0 }) : [:]
        var report = Report(
            query: query, rows: [],
            total: cells.values.reduce(Figures(activity: keeps ? .init() : nil), +),
            mappings: words.sources.values.map { ($0.name, $0.outcomes.version) }
                .sorted { $0.0 < $1.0 })
        guard !query.by.isEmpty else { return report }
        report.rows = cells.map { key, figures in
            ReportRow(
                slices: zip(query.by, key).map { by, key in words.slice(by, key, campaigns) },
                figures: figures)
        }
        report.sort()
        return report
    }

    private static func labels(_ db: Database, _ keys: [SliceKey]) throws -> [Int64: String] {
        let numbers = Set(
            keys.compactMap { key -> Int64? in
                if case .number(let number) = key { number } else { nil }
            })
        var labels: [Int64: String] = [:]
        let statement = try db.cachedStatement(sql: "SELECT text FROM label WHERE number = ?")
        for number in numbers { labels[number] = try String.fetchOne(statement, arguments: [number]) }
        return labels
    }

    /// The last business day that has calls the viewer may see; nil: there are none.
    public func lastDayWithCalls(of agent: ID<Person>? = nil, for viewer: Viewer) async throws -> Day? {
        try await read { db in
            var always = ReportQuery(period: Period(from: Day(number: .min), to: Day(number: .max)))
            if let agent { always.filter.agents = [.id(agent)] }
            let days = try VisibleDays(always, viewer, db)
            return try Int32.fetchOne(
                db, sql: days.sql("a.day", "ORDER BY a.day DESC LIMIT 1"), arguments: days.arguments
            ).map { Day(number: $0) }
        }
    }

    /// Notes in the activity that figures left the office as a file.
    public func recordExport(_ export: FiguresExported, by actor: Actor) async throws {
        try await write(as: actor) { tx in try tx.append(.figuresExported(export)) }
    }
}

/// 24 little-endian 16-bit numbers: active seconds by hour of the clock.
func activeSeconds(_ packed: Data) -> [Int] {
    let bytes = Array(packed)
    return stride(from: 0, to: bytes.count - 1, by: 2).map { Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8 }
}

/// What a tally is put under before it has words.
private enum SliceKey: Hashable {
    case text(String)
    case number(Int64)
}

private struct PersonDay: Hashable {
    var person: String
    var day: Int32
}

extension By {
    /// Whether a slice needs the name that a call is under.
    fileprivate var isOfPerson: Bool { self == .agent || isOfSpan }

    /// Whether a slice needs the placement on the call's day.
    fileprivate var isOfSpan: Bool {
        self == .leader || self == .manager || self == .group || self == .employment
    }
}

extension FigureWords {
    fileprivate func slice(_ by: By, _ key: SliceKey, _ campaigns: [Int64: String]) -> Slice {
        switch key {
        case .text(let text):
            switch by {
            case .agent: return Slice(by: by, value: text, title: persons[text] ?? "(unmatched)")
            case .leader:
                return Slice(by: by, value: text, title: text.isEmpty ? "(no leader)" : persons[text] ?? text)
            case .manager:
                return Slice(
                    by: by, value: text, title: text.isEmpty ? "(no manager)" : persons[text] ?? text)
            default: return Slice(by: by, value: text, title: text.isEmpty ? "(blank)" : text)
            }
        case .number(let number):
            switch by {
            case .day:
                let day = Day(number: Int32(clamping: number)).iso
                return Slice(by: by, value: day, title: day)
            case .weekday:
                let index = Int(number)
                let titles = ReportQuery.weekdayTitles
                return Slice(
                    by: by, value: String(index),
                    title: titles.indices.contains(index) ? titles[index] : String(index))
            case .hour:
                return Slice(by: by, value: String(number), title: number < 10 ? "0\(number)" : "\(number)")
            case .source:
                let source = sources[number]
                return Slice(by: by, value: source?.id.description ?? "", title: source?.name ?? "(blank)")
            default:
                let text = campaigns[number] ?? ""
                return Slice(by: by, value: text, title: text.isEmpty ? "(blank)" : text)
            }
        }
    }
}

/// Placements by dialer's name and first day of the span.
private struct SpanWords {
    struct Key: Hashable {
        var name: Int64
        var from: Int64
    }
    struct Span {
        var leader: String
        var manager: String
        var group: String
        var employment: String
    }
    private var spans: [Key: Span] = [:]

    init(_ query: ReportQuery, _ db: Database) throws {
        guard query.by.contains(where: \.isOfSpan) else { return }
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT n.number, s.fromDay, s.leader, s.manager, s.groupName, s.employment
                FROM agentName n JOIN placementSpan s ON s.person = n.person
                WHERE s.fromDay <= ? AND s.untilDay > ?
                """, arguments: [query.period.to.number, query.period.from.number])
        while let row = try rows.next() {
            spans[Key(name: row[0], from: row[1])] = Span(
                leader: row[2] ?? "", manager: row[3] ?? "", group: row[4], employment: row[5])
        }
    }

    private func span(_ name: Int64, _ from: Int64) -> Span? { spans[Key(name: name, from: from)] }
    func leader(_ name: Int64, _ from: Int64) -> String { span(name, from)?.leader ?? "" }
    func manager(_ name: Int64, _ from: Int64) -> String { span(name, from)?.manager ?? "" }
    func group(_ name: Int64, _ from: Int64) -> String { span(name, from)?.group ?? "" }
    func employment(_ name: Int64, _ from: Int64) -> String { span(name, from)?.employment ?? "" }
}
