import Domain
import Foundation
import GRDB

/// The rows behind a report, counted one by one.
public struct CountedRows: Sendable, Hashable {
    public var rows: Int
    /// Live versions that hold at least one of them.
    public var files: Int

    public init(rows: Int, files: Int) {
        self.rows = rows
        self.files = files
    }
}

/// Whether a report agrees with the rows it is made of.
public struct FigureBadge: Sendable, Hashable {
    public var logs: Int
    public var counted: CountedRows
    /// Said of all calls of the office, because the report has too many to count while one waits.
    public var isWholeOffice: Bool

    public var agrees: Bool { logs == counted.rows }
}

extension OfficeStore {
    /// Counts the rows that a query means from the calls themselves.
    public func countedRows(_ query: ReportQuery, for viewer: Viewer) async throws -> CountedRows {
        try viewer.require(.viewFigures)
        return try await read { db in try Self.countedRows(query, viewer, db) }
    }

    /// What the badge on a report says: its logs against its rows, counted one by one.
    ///
    /// Over 100,000 logs that would take longer than the report. Who sees the whole office then gets the whole
    /// office's logs against what its changes of calls added up; others get their rows all the same.
    public func badge(_ report: Report, for viewer: Viewer) async throws -> FigureBadge {
        guard report.total.logs > 100_000, viewer.reach(.viewFigures) == .office else {
            let counted = try await countedRows(report.query, for: viewer)
            return FigureBadge(logs: report.total.logs, counted: counted, isWholeOffice: false)
        }
        return try await read { db in
            var always = ReportQuery(period: Period(from: Day(number: .min), to: Day(number: .max)))
            always.filter.offices = report.query.filter.offices
            let days = try VisibleDays(always, viewer, db)
            let logs = try Int.fetchOne(db, sql: days.sql("total(a.logs)"), arguments: days.arguments)
            let offices = try OfficeScope(
                viewer, for: .viewFigures, choosing: report.query.filter.offices, db)
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT
                      (SELECT count(*) FROM fileVersion WHERE state = 'live' AND \(offices.ofSource("source"))),
                      (SELECT coalesce(sum(calls), 0) FROM office WHERE \(offices.condition("id")))
                    """)
            let counted = CountedRows(rows: row?[1] ?? 0, files: row?[0] ?? 0)
            return FigureBadge(logs: logs ?? 0, counted: counted, isWholeOffice: true)
        }
    }

    static func countedRows(_ query: ReportQuery, _ viewer: Viewer, _ db: Database) throws -> CountedRows {
        let cutOver = try RulesByOffice(db).cutOver(ofName: "a.name")
        let days = try VisibleDays(query, viewer, db)
        let conditions = try RowConditions(query.filter, FigureWords(db), db)
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT c.version, count(*) FROM (\(days.sql("a.day, a.name"))) a
                CROSS JOIN call c ON c.name = a.name AND c.time >= a.day * 86400 + \(cutOver)
                  AND c.time < a.day * 86400 + \(cutOver) + 86400
                CROSS JOIN fileVersion v ON v.number = c.version
                WHERE \(Self.isLive) AND \(conditions.ofCall) AND \(Self.isCounted) GROUP BY c.version
                """, arguments: days.arguments)
        return CountedRows(rows: rows.reduce(0) { $0 + ($1[1] as Int) }, files: rows.count)
    }

    /// The checks that figures agree with each other and with the rows they are made of, for a period.
    public func reconcile(_ period: Period, for viewer: Viewer) async throws -> [CheckResult] {
        try viewer.require(.viewFigures)
        return try await read { db in
            let whole = try Self.report(ReportQuery(period: period), viewer, db).total
            var checks = [try Self.checkRows(period, whole, viewer, db)]
            if viewer.reach(.viewFiles) == .office { checks.append(try Self.checkFiles(viewer, db)) }
            checks.append(try Self.checkSlices(period, whole, viewer, db))
            checks += try Self.checkAgentDays(period, viewer, db)
            checks.append(try Self.checkScopes(period, viewer, db))
            return checks
        }
    }

    private static func checkRows(_ period: Period, _ whole: Figures, _ viewer: Viewer, _ db: Database) throws
        -> CheckResult
    {
        let counted = try countedRows(ReportQuery(period: period), viewer, db)
        return CheckResult(
            name: "figures = rows", ok: counted.rows == whole.logs,
            detail: "\(grouped(whole.logs)) in reports, \(grouped(counted.rows)) rows in "
                + "\(grouped(counted.files)) files")
    }

    private static func checkFiles(_ viewer: Viewer, _ db: Database) throws -> CheckResult {
        let offices = try OfficeScope(viewer, for: .viewFiles, db)
        let events = try String.fetchAll(
            db,
            sql: "SELECT event FROM fileVersion WHERE state = 'live' AND \(offices.ofSource("source"))")
        var rows = 0
        for text in events {
            let upload = try fromJSON(FileUploaded.self, text)
            rows += upload.counts.rows
            guard upload.counts.isBalanced else {
                return CheckResult(
                    name: "lines of files", ok: false,
                    detail: "“\(upload.fileName)”, version \(upload.version), does not add up")
            }
        }
        return CheckResult(
            name: "lines of files", ok: true,
            detail:
                "\(grouped(rows)) lines in \(grouped(events.count)) files = accepted + duplicate + changed "
                + "+ rejected + blank")
    }

    private static func checkSlices(_ period: Period, _ whole: Figures, _ viewer: Viewer, _ db: Database)
        throws
        -> CheckResult
    {
        var wrong: [String] = []
        for by in By.allCases {
            let sum = try report(ReportQuery(period: period, by: [by]), viewer, db).rows
                .reduce(Figures(activity: .init())) { $0 + $1.figures }
            var expected = whole
            expected.activity = by.isOfAgentDay ? whole.activity : sum.activity
            if sum != expected { wrong.append("by \(by.rawValue): \(sum.logs) of \(whole.logs) logs") }
            if by == .hour, sum.activity?.active != whole.activity?.active {
                wrong.append("active time by hour: \(sum.activity?.active ?? 0) s")
            }
        }
        return CheckResult(
            name: "slices = whole", ok: wrong.isEmpty,
            detail: wrong.isEmpty
                ? "\(grouped(whole.logs)) logs by each of "
                    + By.allCases.map(\.rawValue).joined(separator: ", ")
                : wrong.joined(separator: "; "))
    }

    private static func checkAgentDays(_ period: Period, _ viewer: Viewer, _ db: Database) throws
        -> [CheckResult]
    {
        let days = try VisibleDays(ReportQuery(period: period), viewer, db)
        let columns = """
            a.day, a.active, a.idle, a.last - a.first, a.activeByHour,
            (SELECT count(*) FROM aliasSpan o JOIN placementSpan t ON t.person = o.person
              WHERE o.name = a.name AND o.fromDay <= a.day AND a.day < o.untilDay
                AND t.fromDay <= a.day AND a.day < t.untilDay) AS spans
            """
        let rows = try Row.fetchCursor(db, sql: days.sql(columns), arguments: days.arguments)
        var (count, misplaced, unequal, unsplit) = (0, 0, 0, 0)
        while let row = try rows.next() {
            count += 1
            let (active, idle, span): (Int, Int, Int) = (row[1], row[2], row[3])
            if active + idle != span { unequal += 1 }
            if activeSeconds(row[4] as Data).reduce(0, +) != active { unsplit += 1 }
            if row[5] as Int != 1 { misplaced += 1 }
        }
        func check(_ name: String, _ wrong: Int) -> CheckResult {
            CheckResult(
                name: name, ok: wrong == 0,
                detail: wrong == 0
                    ? "\(grouped(count)) agent-days"
                    : "\(grouped(wrong)) of \(grouped(count)) agent-days differ")
        }
        return [
            check("one placement a day", misplaced), check("active + idle = span", unequal),
            check("active by hour = active", unsplit),
        ]
    }

    /// Each manager's own report is his slice of this one, and each leader's too.
    private static func checkScopes(_ period: Period, _ viewer: Viewer, _ db: Database) throws -> CheckResult
    {
        guard try keepsPastDays(db) else {
            return CheckResult(
                name: "own reports = slices", ok: true,
                detail: "not compared: by a setting, leaders and managers see only who is theirs now")
        }
        var wrong: [String] = []
        var checked = 0
        let roles: [(By, Role, Reach)] = [(.manager, .teamManager, .teams), (.leader, .teamLeader, .team)]
        for (by, role, reach) in roles where viewer.reach(.viewFigures) >= reach {
            for row in try report(ReportQuery(period: period, by: [by]), viewer, db).rows {
                guard let slice = row.slices.first, let person = ID<Person>(slice.value) else { continue }
                let own = Viewer(user: viewer.user, name: viewer.name, role: role, person: person)
                // A leader may have agents of another manager on other days: compare within the reach.
                var query = ReportQuery(period: period)
                if viewer.reach(.viewFigures) == .teams, let manager = viewer.person {
                    query.filter.managers = [.id(manager)]
                }
                checked += 1
                let seen = try report(query, own, db).total
                if seen != row.figures {
                    wrong.append("\(slice.title) sees \(seen.logs) of \(row.figures.logs)")
                }
            }
        }
        return CheckResult(
            name: "own reports = slices", ok: wrong.isEmpty,
            detail: wrong.isEmpty ? "\(checked) leaders and managers" : wrong.joined(separator: "; "))
    }
}

/// `51,452`, as pages write it.
private func grouped(_ value: Int) -> String { value.formatted(.number.locale(Locale(identifier: "en"))) }
