import Domain
import Foundation
import GRDB

/// What each source sent, day by day.
public struct UploadCalendarRow: Sendable, Hashable {
    public var source: Source
    public var title: String
    public var days: [UploadDay]
}

/// A state without a meaning, and how often it came.
public struct UnmappedState: Sendable, Hashable {
    public var source: Source
    public var title: String
    public var state: String
    public var logs: Int
}

extension OfficeStore {
    /// The last days by source; a source that never sent a call has no row.
    public func uploadCalendar(_ period: Period, today: Day, for viewer: Viewer) async throws
        -> [UploadCalendarRow]
    {
        guard viewer.reach(.viewFiles) == .office else { throw UserError.notHere }
        return try await read { db in
            let back = Period(from: period.from.adding(-7 * likeWeeks), to: period.to)
            let report = try Self.report(ReportQuery(period: back, by: [.source, .day]), viewer, db)
            var logs: [String: [Day: Int]] = [:]
            for row in report.rows {
                guard let source = row.slices.first, let day = Day(iso: row.slices.last?.value ?? "") else {
                    continue
                }
                logs[source.value, default: [:]][day] = row.figures.logs
            }
            return try Self.sources(.every, db).compactMap { stored in
                logs[stored.source.id.description].map {
                    UploadCalendarRow(
                        source: stored.source, title: stored.title,
                        days: uploadDays($0, in: period, today: today))
                }
            }
        }
    }

    /// The latest day before `day` that is the same weekday and has calls within reach; nil: none in 8 weeks.
    public func likeDay(before day: Day, for viewer: Viewer) async throws -> Day? {
        try viewer.require(.viewFigures)
        return try await read { db in
            var query = ReportQuery(
                period: Period(from: day.adding(-7 * likeWeeks), to: day.adding(-7)))
            query.filter.weekdays = [day.weekday]
            let days = try VisibleDays(query, viewer, db)
            return try Int32.fetchOne(
                db, sql: days.sql("max(a.day)"), arguments: days.arguments
            ).map { Day(number: $0) }
        }
    }

    /// Days on which anybody at all of the offices has calls: elsewhere “no file” is told from 0 by them.
    public func daysWithCalls(_ query: ReportQuery, for viewer: Viewer) async throws -> Set<Day> {
        let period = query.period
        return try await read { db in
            let offices = try OfficeScope(viewer, choosing: query.filter.offices, db)
            let days = try Int32.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT day FROM agentDay WHERE day BETWEEN ? AND ? AND logs > 0
                      AND change <= (SELECT postedChange FROM folder) AND \(offices.ofName("name"))
                    """, arguments: [period.from.number, period.to.number])
            return Set(days.map { Day(number: $0) })
        }
    }

    /// States without a meaning that came in a period, most frequent first.
    public func unmappedStates(in period: Period, for viewer: Viewer) async throws -> [UnmappedState] {
        guard viewer.reach(.viewFigures) == .office else { throw UserError.notHere }
        return try await read { db in
            var query = ReportQuery(period: period, by: [.source, .state])
            query.filter.counting = .unmapped
            let sources = Dictionary(
                try Self.sources(.every, db).map { ($0.source.id.description, $0) },
                uniquingKeysWith: { first, _ in first })
            return try Self.report(query, viewer, db).rows.compactMap { row in
                guard let source = row.slices.first.flatMap({ sources[$0.value] }),
                    let state = row.slices.last?.value
                else { return nil }
                return UnmappedState(
                    source: source.source, title: source.title, state: state, logs: row.figures.logs)
            }.sorted { $0.logs > $1.logs }
        }
    }
}
