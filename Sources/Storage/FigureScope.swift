import Domain
import Foundation
import GRDB

/// The part of the rollups that a viewer may see and a query asks for, as SQL over `agentDay a`.
///
/// Every figure, list and count starts here, so that nothing outside a viewer's reach is in any of them.
struct VisibleDays {
    /// Begins with the tables, `agentDay a`, the name's person that day `n`, his placement that day `s`, and
    /// where the query asks for other teams these as `o`.
    private let tables: String
    private let with: String
    private let conditions: String
    let arguments: StatementArguments
    /// The first day of the span that the query's teams are of; far back for somebody who was not known then.
    let spanDay: String

    /// - Parameters:
    ///   - posted: as if this change were the latest in force; nil: the one that is.
    ///   - having: what agent-days must have to be asked for: calls that count, unless said otherwise.
    init(
        _ query: ReportQuery, _ viewer: Viewer, _ db: Database, posted: Int64? = nil,
        having: String = "a.logs > 0"
    ) throws {
        let posted = try posted ?? Int64.fetchOne(db, sql: "SELECT postedChange FROM folder") ?? 0
        var conditions = [
            """
            a.day BETWEEN ? AND ? AND a.change <= ? AND \(having) AND NOT EXISTS (
              SELECT 1 FROM agentDay b
              WHERE b.day = a.day AND b.name = a.name AND b.change > a.change AND b.change <= ?)
            """
        ]
        let offices = try OfficeScope(viewer, for: .viewFigures, choosing: query.filter.offices, db)
        if !offices.isWhole { conditions.append(offices.ofName("a.name")) }
        let other = try TeamSpans(query.teams, db)
        var arguments = other.arguments
        arguments += [query.period.from.number, query.period.to.number, posted, posted]
        let reach = try Reachable(viewer, db)
        let teams = query.teams == .ofTheDay ? "s" : "o"
        let wanted = WantedPersons(query.filter, teams: teams)
        var tables = "agentDay a"
        if query.by.contains(where: \.isOfPerson) || reach.condition != nil || wanted.condition != nil {
            tables += """
                 JOIN aliasSpan n ON n.name = a.name AND n.fromDay <= a.day AND a.day < n.untilDay
                JOIN placementSpan s ON s.person = n.person AND s.fromDay <= a.day AND a.day < s.untilDay
                """
            // What somebody may see follows from the teams as they were, whatever teams he asks for.
            if query.teams != .ofTheDay {
                tables += """
                     LEFT JOIN \(other.table) o ON o.person = n.person AND o.fromDay <= a.day AND a.day < o.untilDay
                    """
            }
        }
        for (condition, values) in [(reach.condition, reach.arguments), (wanted.condition, wanted.arguments)]
        where condition != nil {
            conditions.append(condition ?? "")
            arguments += values
        }
        if !query.filter.weekdays.isEmpty {
            conditions.append("((a.day + 3) % 7 + 7) % 7 IN (\(list(query.filter.weekdays)))")
        }
        self.tables = tables
        spanDay = teams == "s" ? "s.fromDay" : "coalesce(o.fromDay, -1099511627776)"
        with = other.with
        self.arguments = arguments
        self.conditions = conditions.joined(separator: " AND ")
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
        return "\(with)SELECT \(columns) FROM \(tables)\(join) WHERE \(conditions) AND \(condition) \(rest)"
    }
}

/// The viewer's reach, as SQL over `placementSpan s`.
struct Reachable {
    /// nil: everybody.
    private(set) var condition: String?
    private(set) var arguments: StatementArguments = []

    init(_ viewer: Viewer, _ db: Database) throws {
        let column: String
        switch viewer.reach(.viewFigures) {
        case .office: return
        case .none:
            condition = "0"
            return
        case .own: column = "person"
        case .team: column = "leader"
        case .teams: column = "manager"
        }
        condition = "s.\(column) = ?"
        arguments = [viewer.person?.description]
        guard column != "person", try !OfficeStore.keepsPastDays(db), let today = try OfficeStore.today(db)
        else { return }
        condition = """
            s.\(column) = ? AND s.person IN (
              SELECT person FROM placementSpan WHERE \(column) = ? AND fromDay <= ? AND untilDay > ?)
            """
        arguments += [viewer.person?.description, today.number, today.number]
    }
}

extension OfficeStore {
    /// Whether leaders and managers go on seeing the days on which somebody was theirs.
    static func keepsPastDays(_ db: Database) throws -> Bool {
        try officeState(db)?.office.rules.keepsPastDays ?? true
    }
}

/// A filter's persons and groups, as SQL over the spans of the teams it asks for.
struct WantedPersons {
    /// nil: everybody.
    private(set) var condition: String?
    private(set) var arguments: StatementArguments = []

    init(_ filter: CallFilter, teams: String = "s") {
        var conditions: [String] = []
        for (column, persons) in [
            ("person", filter.agents), ("leader", filter.leaders), ("manager", filter.managers),
        ] where !persons.isEmpty {
            // Whose a call is does not change with the teams that are asked for: somebody may have none in them.
            let place = column == "person" ? "s.person" : "\(teams).\(column)"
            var parts: [String] = []
            for person in persons {
                switch person {
                case .nobody: parts.append("\(place) IS NULL")
                case .id(let id):
                    parts.append("\(place) = ?")
                    arguments += [id.description]
                case .named(let name):
                    parts.append("\(place) IN (SELECT id FROM person WHERE name = ? COLLATE NOCASE)")
                    arguments += [name]
                }
            }
            conditions.append("(\(parts.joined(separator: " OR ")))")
        }
        for (column, texts) in [("groupName", filter.groups), ("employment", filter.employments)]
        where !texts.isEmpty {
            // Whoever has no place, or none in the teams that are asked for, is in the blank one.
            let place = texts.contains("") ? "coalesce(\(teams).\(column), '')" : "\(teams).\(column)"
            conditions.append("\(place) IN (\(databaseQuestionMarks(count: texts.count)))")
            arguments += StatementArguments(texts)
        }
        condition = conditions.isEmpty ? nil : conditions.joined(separator: " AND ")
    }
}

/// The spans of the teams that a query asks for, as a table of the statement it heads.
struct TeamSpans {
    /// Goes before the SELECT, with `arguments` first; empty for the teams of the day.
    let with: String
    let table: String
    let arguments: StatementArguments

    init(_ teams: Teams, _ db: Database) throws {
        let spans: [PlacementSpan]
        switch teams {
        case .ofTheDay:
            (with, table, arguments) = ("", "placementSpan", [])
            return
        case .asOf(let day): spans = try Organization.load(db).spans(asOf: day)
        case .known(let day):
            let zone = try OfficeStore.officeState(db)?.timeZone ?? .gmt
            // Every reading of the clock within the day is below the first one after it.
            let time = HybridTime.next(after: nil, now: day.end(in: zone))
            spans = try Organization.load(db).asKnown(at: HybridTime(bits: time.bits - 1)).spans()
        }
        table = "teamSpan"
        with = """
            WITH teamSpan (person, fromDay, untilDay, groupName, employment, leader, manager) AS MATERIALIZED (
              SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
              FROM json_each(?))

            """
        arguments = [
            try jsonText(
                spans.map { span in
                    [
                        .text(span.placement.person.description), .number(Int64(span.from.number)),
                        .number(Int64(span.until.number)), .text(span.placement.group),
                        .text(span.placement.employment), .text(span.placement.leader?.description),
                        .text(span.manager?.description),
                    ] as [Cell]
                })
        ]
    }

    private enum Cell: Encodable {
        case text(String?)
        case number(Int64)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
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
