import Domain
import Foundation
import GRDB

/// A line of the agents list.
public struct AgentRow: Sendable, Hashable {
    public var person: Person
    public var office: ID<Office>?
    public var designation: String
    public var employment: String
    public var status: String
    public var group: String
    public var leader: Person?
    public var manager: Person?
    /// The dialer's spellings, where they differ from the name.
    public var alsoNamed: [String]
    public var figures: Figures
}

/// One day of one agent.
public struct AgentDayRow: Sendable, Hashable {
    public var day: Day
    public var logs: Int
    public var first: LocalTime
    public var last: LocalTime
    /// Seconds.
    public var active: Int
    public var idle: Int
    public var longestGap: Int
    public var longestGapStart: LocalTime?
    /// The lower median of the pauses that count as active; nil where two names of the agent have logs.
    public var pace: Int?
    public var activeByHour: [Int]

    public var span: Int { Int(last.seconds &- first.seconds) }
}

/// A version that holds calls of an agent.
public struct AgentFile: Sendable, Hashable {
    public var file: CallFile
    public var version: Int
    public var uploaded: Instant
    /// Rows of the agent in the version, and how many of them count.
    public var rows: Int
    public var counted: Int
}

extension OfficeStore {
    /// Agents within the viewer's reach in a period, by name; those without logs have zero figures.
    ///
    /// - Parameters:
    ///   - search: parts of the name or of a dialer's spelling, in any case and without diacritics.
    ///   - teams: whose leader, manager and group the rows have, and the filter asks for.
    public func agents(
        search: String = "", in period: Period, filter: CallFilter = CallFilter(),
        teams: Teams = .ofTheDay, for viewer: Viewer
    ) async throws -> [AgentRow] {
        try viewer.require(.viewFigures)
        return try await read { db in
            var figures: [String: Figures] = [:]
            var query = ReportQuery(period: period, by: [.agent], filter: filter)
            query.teams = teams
            for row in try Self.report(query, viewer, db).rows {
                if let slice = row.slices.first { figures[slice.value] = row.figures }
            }
            let names = try Row.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT s.person, n.name FROM agentName n JOIN aliasSpan s ON s.name = n.number
                    ORDER BY n.name
                    """)
            let spellings = Dictionary(grouping: names) { $0["person"] as String }
                .mapValues { $0.map { $0["name"] as String } }
            let persons = try Self.personNames(db)
            let parts = foldedWords(search)
            return try Self.spans(in: period, filter, viewer, db, teams: teams).compactMap { span in
                let known = spellings[span.person.id.description] ?? []
                // Leaders and managers are agents only as far as they have logs.
                let isAgent =
                    span.designation != Placement.teamLeader && span.designation != Placement.teamManager
                guard figures[span.person.id.description] != nil || isAgent else { return nil }
                let text = foldedWords(([span.person.name] + known).joined(separator: " "))
                guard parts.allSatisfy({ part in text.contains { $0.contains(part) } }) else { return nil }
                return AgentRow(
                    person: span.person, office: span.office, designation: span.designation,
                    employment: span.employment,
                    status: span.status, group: span.group,
                    leader: span.leader.map { Person(id: $0, name: persons[$0.description] ?? "") },
                    manager: span.manager.map { Person(id: $0, name: persons[$0.description] ?? "") },
                    alsoNamed: known.filter { $0 != span.person.name },
                    figures: figures[span.person.id.description] ?? Figures(activity: .init()))
            }
        }
    }

    /// One agent as placed last within the period and the viewer's reach.
    ///
    /// - Throws: `UserError` `notFound` for an agent who is out of reach on every day of the period.
    public func agent(_ person: ID<Person>, in period: Period, for viewer: Viewer) async throws -> AgentRow {
        try viewer.require(.viewFigures)
        var filter = CallFilter()
        filter.agents = [.id(person)]
        filter.offices = .all
        let total = try await report(ReportQuery(period: period, filter: filter), for: viewer).total
        return try await read { [filter] db in
            guard let span = try Self.spans(in: period, filter, viewer, db).first else {
                throw UserError.notHere
            }
            let known = try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT n.name FROM agentName n JOIN aliasSpan s ON s.name = n.number
                    WHERE s.person = ? ORDER BY n.name
                    """, arguments: [person.description])
            let persons = try Self.personNames(db)
            return AgentRow(
                person: span.person, office: span.office, designation: span.designation,
                employment: span.employment,
                status: span.status, group: span.group,
                leader: span.leader.map { Person(id: $0, name: persons[$0.description] ?? "") },
                manager: span.manager.map { Person(id: $0, name: persons[$0.description] ?? "") },
                alsoNamed: known.filter { $0 != span.person.name }, figures: total)
        }
    }

    /// The days with logs of one agent, in order.
    public func agentDays(_ person: ID<Person>, in period: Period, for viewer: Viewer) async throws
        -> [AgentDayRow]
    {
        try viewer.require(.viewFigures)
        var filter = CallFilter()
        filter.agents = [.id(person)]
        filter.offices = .all
        let query = ReportQuery(period: period, filter: filter)
        return try await read { db in
            let days = try VisibleDays(query, viewer, db)
            let columns = """
                a.day, a.logs, a.first, a.last, a.active, a.idle, a.longestGap, a.longestGapStart, a.pace,
                a.activeByHour
                """
            let rows = try Row.fetchCursor(
                db, sql: days.sql(columns, "ORDER BY a.day"), arguments: days.arguments)
            var result: [AgentDayRow] = []
            while let row = try rows.next() {
                let packed: Data = row["activeByHour"]
                let next = AgentDayRow(
                    day: Day(number: row["day"]), logs: row["logs"],
                    first: LocalTime(seconds: row["first"] ?? 0), last: LocalTime(seconds: row["last"] ?? 0),
                    active: row["active"], idle: row["idle"], longestGap: row["longestGap"],
                    longestGapStart: (row["longestGapStart"] as Int64?).map { LocalTime(seconds: $0) },
                    pace: row["pace"], activeByHour: activeSeconds(packed))
                if let last = result.last, last.day == next.day {
                    result[result.count - 1] = last.joined(with: next)
                } else {
                    result.append(next)
                }
            }
            return result
        }
    }

    /// The files that hold calls of an agent in a period, latest upload first.
    public func agentFiles(_ person: ID<Person>, in period: Period, for viewer: Viewer) async throws
        -> [AgentFile]
    {
        try viewer.require(.viewFigures)
        var filter = CallFilter()
        filter.agents = [.id(person)]
        filter.offices = .all
        let query = ReportQuery(period: period, filter: filter)
        return try await read { db in
            let rules = try RulesByOffice(db)
            let days = try VisibleDays(query, viewer, db)
            let cells = try Row.fetchAll(db, sql: days.sql("a.day, a.name"), arguments: days.arguments)
            var held: [Int64: (rows: Int, counted: Int)] = [:]
            let statement = try db.cachedStatement(
                sql: """
                    SELECT c.version, count(*), sum(\(Self.isCounted))
                    FROM call c JOIN fileVersion v ON v.number = c.version
                    WHERE c.name = ? AND c.time >= ? AND c.time < ? AND \(Self.isLive) GROUP BY c.version
                    """)
            for cell in cells {
                let begin = try rules.of(name: cell[1], db).begin(of: cell[0])
                let rows = try Row.fetchAll(
                    statement, arguments: [cell[1] as Int64, begin, begin + 86_400])
                for row in rows {
                    held[row[0], default: (0, 0)].rows += row[1] as Int
                    held[row[0], default: (0, 0)].counted += row[2] as Int
                }
            }
            let versions = try Row.fetchAll(
                db,
                sql: """
                    SELECT v.number, v.version, v.time, f.id, f.name, f.source FROM fileVersion v
                    JOIN file f ON f.id = v.file WHERE v.number IN (\(list(held.keys))) ORDER BY v.time DESC
                    """)
            return versions.compactMap { row in
                guard let id = ID<CallFile>(row["id"] as String),
                    let source = ID<Source>(row["source"] as String)
                else { return nil }
                let (rows, counted) = held[row["number"]] ?? (0, 0)
                return AgentFile(
                    file: CallFile(id: id, name: row["name"], source: source), version: row["version"],
                    uploaded: HybridTime(bits: row["time"]).instant, rows: rows, counted: counted)
            }
        }
    }

    static func personNames(_ db: Database) throws -> [String: String] {
        var names: [String: String] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT id, name FROM person")
        while let row = try rows.next() { names[row[0]] = row[1] }
        return names
    }

    struct PersonSpan {
        var person: Person
        var office: ID<Office>?
        var designation: String
        var employment: String
        var status: String
        var group: String
        var leader: ID<Person>?
        var manager: ID<Person>?
    }

    /// Each person within reach and filter, with the last of the spans that overlap the period; by name.
    static func spans(
        in period: Period, _ filter: CallFilter, _ viewer: Viewer, _ db: Database,
        teams: Teams = .ofTheDay
    ) throws -> [PersonSpan] {
        let other = try TeamSpans(teams, db)
        let team = teams == .ofTheDay ? "s" : "o"
        let (reach, wanted) = (try Reachable(viewer, db), WantedPersons(filter, teams: team))
        let offices = try OfficeScope(viewer, for: .viewFigures, choosing: filter.offices, db)
        let join =
            teams == .ofTheDay
            ? ""
            : """
             LEFT JOIN \(other.table) o ON o.person = s.person AND o.fromDay < s.untilDay
              AND s.fromDay < o.untilDay AND o.fromDay <= \(period.to.number) AND o.untilDay > \(period.from.number)
            """
        let rows = try Row.fetchAll(
            db,
            sql: """
                \(other.with)SELECT p.id, p.name, p.office, s.designation, s.status,
                  coalesce(\(team).employment, s.employment) AS employment,
                  coalesce(\(team).groupName, '') AS groupName, \(team).leader, \(team).manager
                FROM person p JOIN placementSpan s ON s.person = p.id\(join)
                WHERE s.fromDay <= ? AND s.untilDay > ? AND p.mergedInto IS NULL
                  AND \(reach.condition ?? "1") AND \(wanted.condition ?? "1")
                  AND \(offices.condition("p.office"))
                ORDER BY p.name COLLATE NOCASE, p.id, s.fromDay DESC, \(team).fromDay DESC
                """,
            arguments: other.arguments + [period.to.number, period.from.number] + reach.arguments
                + wanted.arguments)
        var result: [PersonSpan] = []
        for row in rows {
            guard let id = ID<Person>(row["id"] as String), result.last?.person.id != id else { continue }
            result.append(
                PersonSpan(
                    person: Person(id: id, name: row["name"]), office: ID(row["office"] as String),
                    designation: row["designation"], employment: row["employment"], status: row["status"],
                    group: row["groupName"],
                    leader: (row["leader"] as String?).flatMap { ID($0) },
                    manager: (row["manager"] as String?).flatMap { ID($0) }))
        }
        return result
    }
}

extension AgentDayRow {
    /// The same day under two names of one agent.
    fileprivate func joined(with other: AgentDayRow) -> AgentDayRow {
        var sum = self
        sum.logs += other.logs
        sum.first = min(first, other.first)
        sum.last = max(last, other.last)
        sum.active += other.active
        sum.idle += other.idle
        if other.longestGap > longestGap {
            sum.longestGap = other.longestGap
            sum.longestGapStart = other.longestGapStart
        }
        sum.pace = nil
        sum.activeByHour = zip(activeByHour, other.activeByHour).map { $0 + $1 }
        return sum
    }
}

/// Words of a text for searching: no case, no diacritics.
func foldedWords(_ text: String) -> [String] {
    text.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
        .split { $0.isWhitespace }.map(String.init)
}
