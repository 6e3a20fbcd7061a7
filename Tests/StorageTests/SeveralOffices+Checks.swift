import Domain
import Foundation
import GRDB
import Testing

@testable import Storage

extension SeveralOffices {
    /// What is kept agrees with the model, and what is asked of the rows.
    func check() async throws {
        let figures = try await store.read { db in
            Set(
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT n.office || '|' || n.folded || '|' || a.day || '|' || a.logs || '|' || a.elsewhere
                          || '|' || printf('%u', a.digest) || '|' || coalesce(a.first, '-') || '|'
                          || coalesce(a.last, '-') || '|' || a.active
                        FROM agentDay a JOIN agentName n ON n.number = a.name
                        WHERE (a.logs > 0 OR a.elsewhere > 0) AND a.change = (
                          SELECT max(b.change) FROM agentDay b WHERE b.day = a.day AND b.name = a.name
                            AND b.change <= (SELECT postedChange FROM folder))
                        """))
        }
        #expect(figures == model.figures())
        let standings = model.standings()
        let inSQL: [(version: Int, key: CallKey?, standing: Int, counts: Bool)] = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT c.version, c.key, \(OfficeStore.standing) AS standing, \(OfficeStore.isCounted) AS counts
                    FROM call c JOIN fileVersion v ON v.number = c.version WHERE \(OfficeStore.isLive)
                    """
            ).map { ($0["version"], CallKey($0["key"] as DatabaseValue), $0["standing"], $0["counts"]) }
        }
        #expect(inSQL.count == standings.count)
        for row in inSQL {
            let index = model.files[row.version]?.rows.firstIndex { $0.key == row.key } ?? -1
            #expect(row.standing == standings[.init(file: row.version, row: index)])
            #expect(row.counts == (row.standing == 1))
        }
        done["elsewhere", default: 0] += standings.values.count { $0 == -1 }
        done["replaced", default: 0] += standings.values.count { $0 == 0 }
    }

    /// So does everything else that says which calls count.
    func checkPages() async throws {
        let standings = model.standings()
        let faults = try await store.verifyDatabase().filter {
            ["rollups", "days", "rows", "state hash"].contains($0.name) && !$0.ok
        }
        #expect(faults == [])

        let period = Period(
            from: Day(iso: "2026-10-10") ?? Day(number: 0), to: Day(iso: "2026-11-20") ?? Day(number: 0))
        var query = ReportQuery(period: period)
        query.filter.offices = .all
        let report = try await store.report(query, for: .console)
        let counted = standings.values.count { $0 == 1 }
        #expect(report.total.logs == counted)
        #expect(report.elsewhere == standings.values.count { $0 == -1 })
        var large = report
        large.total.logs = 100_001
        let badge = try await store.badge(large, for: .console)
        #expect(badge.logs == counted && badge.counted.rows == counted)
        let checks = try await store.reconcile(period, for: .console.everywhere).filter { !$0.ok }
        #expect(checks == [])
        let calls = try await store.calls(query, limit: 1000, for: .console)
        #expect(calls.total == counted && calls.calls.count == counted)
        let allCount = calls.calls.allSatisfy { $0.counts }
        #expect(allCount)
        let days = try await store.fileDays(in: period, for: .console.everywhere)
        #expect(days.reduce(0) { $0 + $1.counted } == counted)
        for file in days {
            let number = Int(file.fileName.dropLast(4)) ?? 0
            let of = model.files[number]?.office ?? 0
            let expected = standings.count { sighting, standing in
                standing == 1 && sighting.file == number
                    && model.row(sighting).map { model.day($0, of: of) } == Int64(file.day.number)
            }
            #expect(file.counted == expected)
        }
        try await checkSightings()
    }

    /// From every row its call is found, with all the rows that are the same.
    private func checkSightings() async throws {
        for group in model.groups() {
            for sighting in group {
                guard let file = model.files[sighting.file], let row = model.row(sighting) else { continue }
                let found = try await store.sightings(
                    of: CallReference(source: Int64(file.source), key: row.key), for: .console)
                #expect(found.count == group.count && found.first?.counts == true)
                #expect(found.count { $0.counts } == 1)
            }
        }
    }
}
