import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// The figures that a query asks for, as far as the viewer's reach goes; from rollups alone.
    public func report(_ query: ReportQuery, for viewer: Viewer) async throws -> Report {
        try viewer.require(.viewFigures)
        return try await read { db in try Self.report(query, viewer, db) }
    }

    /// - Parameter posted: as if this change were the latest in force; nil: the one that is.
    static func report(
        _ query: ReportQuery, _ viewer: Viewer, _ db: Database, posted: Int64? = nil
    ) throws -> Report {
        let words = try FigureWords(db)
        let spans = try SpanWords(query, db)
        let conditions = try RowConditions(query.filter, words, db)
        let byPerson = query.by.contains { $0.isOfPerson }
        let byDay = query.by.contains(.day) || query.by.contains(.weekday)
        let byHour = query.by.contains(.hour)
        let byCampaign = query.by.contains(.campaign)
        let byOffice = query.by.contains(.office)
        let days = try VisibleDays(query, viewer, db, posted: posted)
        let withSpan = query.by.contains { $0.isOfSpan }

        var cells: [[SliceKey]: Figures] = [:]
        let keeps = query.filter.keepsAgentDays && query.by.allSatisfy { $0.isOfAgentDay || $0 == .hour }
        func key(
            name: Int64, spanFrom: Int64, office: Int64, day: Int32, hour: Int, campaign: Int64,
            outcome: Int64
        ) -> [SliceKey] {
            query.by.map { by in
                switch by {
                case .office: .number(office)
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
        let grouping = TallyGrouping(
            person: byPerson, span: withSpan, office: byOffice ? words.officeOfName : nil, day: byDay,
            hour: byHour, campaign: byCampaign, outcome: true)
        var campaignsMet: Set<Int64> = []
        try days.forEachTally(db, conditions, grouping) { it, tally in
            if byCampaign { campaignsMet.insert(it.campaign) }
            let slice = key(
                name: it.name, spanFrom: it.spanFrom, office: it.office, day: it.day, hour: it.hour,
                campaign: it.campaign, outcome: it.outcome)
            cells[slice, default: Figures(activity: keeps ? .init(active: 0) : nil)].add(
                Int(tally.logs), flags: words.outcomes[it.outcome]?.flags, talkLogs: Int(tally.talkLogs),
                talk: Int(tally.talk))
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
                "a.name, \(byPerson ? "n.number" : "0"), \(withSpan ? days.spanDay : "0"), a.day, "
                    + "a.logs, a.active, a.idle, " + (splits ? "a.activeByHour" : "NULL") + ", "
                    + (byOffice ? words.officeOfName : "0"))
            let rows = try Row.fetchCursor(db, sql: sql, arguments: days.arguments)
            while let row = try rows.next() {
                let (name, owner, spanFrom, day): (Int64, Int64, Int64, Int32) = (
                    row[0], row[1], row[2], row[3]
                )
                let office: Int64 = row[8]
                if splits {
                    let packed: Data = row[7]
                    for (hour, seconds) in activeSeconds(packed).enumerated()
                    where query.filter.hours.isEmpty || query.filter.hours.contains(hour) {
                        let slice = key(
                            name: owner, spanFrom: spanFrom, office: office, day: day, hour: hour,
                            campaign: 0, outcome: 0)
                        guard var figures = cells[slice] else { continue }
                        figures.activity =
                            (figures.activity ?? .init())
                            + .init(active: seconds, idle: nil, presentDays: nil)
                        cells[slice] = figures
                    }
                } else {
                    let slice = key(
                        name: owner, spanFrom: spanFrom, office: office, day: day, hour: -1, campaign: 0,
                        outcome: 0)
                    guard var figures = cells[slice] else { continue }
                    figures.activity =
                        (figures.activity ?? .init()) + .init(active: row[5], idle: row[6], presentDays: 0)
                    cells[slice] = figures
                    let personDay = PersonDay(person: words.person(ofName: name, on: day), day: day)
                    presence[personDay, default: (0, slice)].logs += row[4] as Int
                }
            }
            for (logs, slice) in presence.values where logs >= Metric.presentLogs {
                cells[slice]?.activity?.presentDays? += 1
            }
        }

        let campaigns = byCampaign ? try labels(db, campaignsMet) : [:]
        // Whoever's calls they are: a source's name is its office's.
        let sources = try Self.sources(OfficeScope(viewer, choosing: query.filter.offices, db), db)
        var report = Report(
            query: query, rows: [],
            total: cells.values.reduce(Figures(activity: keeps ? .init() : nil), +),
            mappings: sources.map { ($0.title, $0.source.outcomes.version) }.sorted { $0.0 < $1.0 })
        report.elsewhere = try elsewhere(query, viewer, db, posted: posted)
        guard !query.by.isEmpty else { return report }
        report.rows = cells.map { key, figures in
            ReportRow(
                slices: zip(query.by, key).map { by, key in words.slice(by, key, campaigns) },
                figures: figures)
        }
        report.sort()
        return report
    }

    /// Calls that files of the query's agents hold and that count in another office's files instead; nil where it
    /// asks for some of a day's calls, for it is kept by the day.
    private static func elsewhere(
        _ query: ReportQuery, _ viewer: Viewer, _ db: Database, posted: Int64?
    ) throws -> Int? {
        guard query.filter.keepsAgentDays, query.filter.hours.isEmpty else { return nil }
        var whole = query
        whole.by = []
        let days = try VisibleDays(whole, viewer, db, posted: posted, having: "a.elsewhere > 0")
        return try Int.fetchOne(
            db, sql: days.sql("coalesce(sum(a.elsewhere), 0)"), arguments: days.arguments)
    }

    static func labels(_ db: Database, _ numbers: some Sequence<Int64>) throws -> [Int64: String] {
        var labels: [Int64: String] = [:]
        let statement = try db.cachedStatement(sql: "SELECT text FROM label WHERE number = ?")
        for number in numbers { labels[number] = try String.fetchOne(statement, arguments: [number]) }
        return labels
    }

    /// The last business day that has calls the viewer may see, before `day` where one is given; nil: none.
    public func lastDayWithCalls(
        of agent: ID<Person>? = nil, before day: Day? = nil, for viewer: Viewer
    ) async throws -> Day? {
        try await read { db in
            let last = day?.adding(-1) ?? Day(number: .max)
            var always = ReportQuery(period: Period(from: Day(number: .min), to: last))
            if let agent {
                always.filter.agents = [.id(agent)]
                always.filter.offices = .all
            }
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

private struct PersonDay: Hashable {
    var person: String
    var day: Int32
}
