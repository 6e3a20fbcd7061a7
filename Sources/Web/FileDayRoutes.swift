import Domain
import Hummingbird
import Storage

let fileDayRoutes: [Route] = [
    Route(.get, Paths.fileDays, needs: .viewFiles, showDays),
    Route(.get, Paths.fileDaysAPI, needs: .viewFiles, sendDays),
    Route(.get, Paths.versionDaysAPI(":id", ":version"), needs: .viewFiles, sendVersionDays),
]
let fileDayPages: [any Page.Type] = [FileDaysPage.self]

/// A calendar month.
struct Month: Hashable, Sendable {
    var first: Day

    init(of day: Day) {
        let (_, _, number) = day.civil
        first = day.adding(1 - number)
    }

    /// `2026-11`.
    init?(_ text: String) {
        guard let day = Day(iso: text + "-01") else { return nil }
        first = day
    }

    var text: String { String(first.iso.prefix(7)) }
    var next: Month { Month(of: first.adding(31)) }
    var previous: Month { Month(of: first.adding(-1)) }
    var period: Period { Period(from: first, to: next.first.adding(-1)) }
}

extension SignedIn {
    /// The month that is asked for, else that of the last day with calls.
    fileprivate func month() async throws -> Month {
        if let month = Month(self.query["month"]) { return month }
        let last = try await self.store.lastDayWithCalls(for: viewer)
        return Month(of: last ?? today)
    }

    fileprivate func calendar(_ month: Month) async throws -> [UploadCalendarRow] {
        try await self.store.uploadCalendar(
            month.period, today: today, for: viewer)
    }
}

@Sendable private func showDays(_ context: SignedIn) async throws -> Response {
    let month = try await context.month()
    let days = try await context.store.fileDays(in: month.period, for: context.viewer)
    return try context.page(
        FileDaysPage(
            month, days, try await context.calendar(month),
            hasCalls: try await context.store.lastDayWithCalls(for: context.viewer) != nil,
            today: context.today, kept: context.officeItems, context.format)
    )
}

@Sendable private func sendDays(_ context: SignedIn) async throws -> Response {
    let month = try await context.month()
    let days = try await context.store.fileDays(in: month.period, for: context.viewer)
    let byDay = Dictionary(grouping: days) { SourceDay(source: $0.source, day: $0.day) }
    return try context.json(
        DaysJSON(
            month: month.text,
            days: try await context.calendar(month).flatMap { row in
                row.days.map { day in
                    .init(
                        day: day.day, source: row.title, calls: day.logs, usual: day.usual,
                        state: day.state.rawValue,
                        files: (byDay[SourceDay(source: row.source.id, day: day.day)] ?? []).map(
                            FileDayJSON.init))
                }
            }))
}

@Sendable private func sendVersionDays(_ context: SignedIn) async throws -> Response {
    let version = try await context.fileVersion().uploaded
    let days = try await context.store.fileDays(
        of: version.file, version: version.version, for: context.viewer)
    return try context.json(
        VersionDaysJSON(
            days: days.map { .init(day: $0.day, rows: $0.rows, counted: $0.counted, agents: $0.agents) }))
}

struct SourceDay: Hashable {
    var source: ID<Source>
    var day: Day
}

private struct DaysJSON: Encodable {
    struct Day: Encodable {
        var day: Domain.Day
        var source: String
        var calls: Int
        var usual: Int?
        var state: String
        var files: [FileDayJSON]
    }
    var month: String
    var days: [Day]
}

private struct FileDayJSON: Encodable {
    var file: String
    var name: String
    var version: Int
    var rows: Int
    var counted: Int
    var agents: Int

    init(_ day: FileDay) {
        file = day.file.description
        name = day.fileName
        version = day.version
        rows = day.rows
        counted = day.counted
        agents = day.agents
    }
}

private struct VersionDaysJSON: Encodable {
    struct Day: Encodable {
        var day: Domain.Day
        var rows: Int
        var counted: Int
        var agents: Int
    }
    var days: [Day]
}
