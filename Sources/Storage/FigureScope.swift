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

    /// What is kept of an agent-day beside its own row.
    enum Detail: String {
        /// `dayTally t`: sums by outcome.
        case outcomes = "dayTally t ON t.number >= a.number << 20 AND t.number < (a.number + 1) << 20"
        /// `agentDayCells c`: packed tallies by hour, campaign and outcome.
        case cells = "agentDayCells c ON c.number = a.number"
    }

    func sql(_ columns: String, with detail: Detail? = nil, and condition: String = "1", _ rest: String = "")
        -> String
    {
        // CROSS JOIN keeps the order: first the agent-days, then the tallies of each.
        let join = detail.map { " CROSS JOIN \($0.rawValue)" } ?? ""
        return "SELECT \(columns) FROM \(tables)\(join) WHERE \(conditions) AND \(condition) \(rest)"
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
    let texts = numbers.sorted().map { String($0) }
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
struct RowConditions: Sendable {
    private(set) var outcomes: Set<Int64>?
    private(set) var campaigns: Set<Int64>?
    private(set) var hours: Set<Int>
    private(set) var onlyTalk: Bool

    init(_ filter: CallFilter, _ words: FigureWords, _ db: Database) throws {
        outcomes = words.outcomes(in: filter).map(Set.init)
        if !filter.campaigns.isEmpty {
            campaigns = try Int64.fetchSet(
                db,
                sql: """
                    SELECT number FROM label
                    WHERE text IN (\(databaseQuestionMarks(count: filter.campaigns.count)))
                    """, arguments: StatementArguments(filter.campaigns))
        }
        hours = Set(filter.hours)
        onlyTalk = filter.counting == .talk
    }

    var needsCells: Bool { campaigns != nil || !hours.isEmpty }

    func includes(_ key: AgentDayTally.CellKey, _ cell: AgentDayTally.Cell) -> Bool {
        (hours.isEmpty || hours.contains(key.hour)) && (campaigns?.contains(key.campaign) ?? true)
            && (outcomes?.contains(key.outcome) ?? true) && (!onlyTalk || cell.talkLogs > 0)
    }

    /// On `dayTally` as `t`, where no cells are needed.
    ///
    /// The plus keeps SQLite from building an index over every tally for a single value: agent-days come first.
    var ofTally: String {
        var parts = ["1"]
        if let outcomes { parts.append("+t.outcome IN (\(list(outcomes)))") }
        if onlyTalk { parts.append("+t.talkLogs > 0") }
        return parts.joined(separator: " AND ")
    }

    /// On `call` as `c`.
    var ofCall: String {
        var parts = ["1"]
        if let outcomes { parts.append("+c.outcome IN (\(list(outcomes)))") }
        if let campaigns { parts.append("+c.campaign IN (\(list(campaigns)))") }
        if !hours.isEmpty {
            parts.append("((c.time % 86400 + 86400) % 86400) / 3600 IN (\(list(hours)))")
        }
        if onlyTalk { parts.append("c.talk IS NOT NULL") }
        return parts.joined(separator: " AND ")
    }
}
