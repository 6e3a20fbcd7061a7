import Domain
import Foundation
import GRDB
import Ingest
import Storage
import Synchronization
import TestSupport
import Testing

/// A demo office on a Wednesday, made once for all tests.
private let demo = Task { try await DemoFixture("2026-11-25") }

@Test func `the demo office has six accounts, each opened by the printed password`() async throws {
    try checkPassword(DemoOffice.password, username: "admin", officeName: DemoOffice.name)
    let it = try await demo.value
    #expect(try await it.sql("SELECT username FROM user ORDER BY username") == DemoOffice.usernames.sorted())
    #expect(try await it.sql("SELECT count(DISTINCT role) FROM user") == ["5"])
    #expect(
        try await it.sql(
            "SELECT count(*) FROM user WHERE role IN ('team-manager','team-leader','agent') AND person IS NULL"
        ) == ["0"])
}

@Test func `the demo's files end yesterday and have the faults that files have`() async throws {
    let it = try await demo.value
    #expect(try await it.sql("SELECT date(max(day) * 86400, 'unixepoch') FROM agentDay") == ["2026-11-24"])
    #expect(try await it.sql("SELECT date(min(day) * 86400, 'unixepoch') FROM agentDay") == ["2026-09-28"])
    let counts = try await it.sql(
        """
        SELECT sum(event ->> '$.counts.duplicate') || ' ' || sum(event ->> '$.counts.changed') || ' '
          || sum(event ->> '$.counts.rejected') || ' ' || sum(event ->> '$.counts.blank') || ' '
          || sum(event ->> '$.counts.overlapping') FROM fileVersion WHERE version = 1
        """)
    #expect(counts == ["22 2 12 4 60"])
    // One file was put right by a second version, one upload refused.
    #expect(try await it.sql("SELECT count(*) FROM fileVersion WHERE version = 2") == ["1"])
    #expect(try await it.sql("SELECT count(*) FROM journal WHERE kind = 'uploadRefused'") == ["1"])
    // A working day of which only the inbound desk's file came, and a state without a meaning.
    let missing = try await it.sql(
        "SELECT count(DISTINCT name) FROM agentDay WHERE date(day * 86400, 'unixepoch') = '2026-11-16'")
    #expect(missing == ["4"])
    #expect(try await it.sql("SELECT DISTINCT state FROM outcome WHERE flags IS NULL") == ["Quote Sent"])
}

@Test func `the demo's people moved, rose and left, and their history shows it`() async throws {
    let it = try await demo.value
    func history(_ name: String) async throws -> [String] {
        try await it.sql(
            """
            SELECT s.designation || ', ' || s.status || ', ' || coalesce(l.name, '-') || ', ' || coalesce(m.name, '-')
            FROM placementSpan s JOIN person p ON p.id = s.person LEFT JOIN person l ON l.id = s.leader
            LEFT JOIN person m ON m.id = s.manager WHERE p.name = '\(name)' ORDER BY s.fromDay
            """)
    }
    #expect(
        try await history("Liam Gallagher-Hart") == [
            "Cold Caller, Employee, Peter Lindqvist, Marcus Webb",
            "Cold Caller, Employee, Tom Ashworth, Rachel Donovan",
        ])
    #expect(
        try await history("Grace Okafor") == [
            "Cold Caller, Employee, Denise Carter, Marcus Webb", "Team Leader, Employee, -, Marcus Webb",
        ])
    #expect(try await history("Alan Pritchard").last == "Cold Caller, Left, -, -")
    #expect(try await history("Karen Whitfield") == ["Cold Caller, Employee, -, Rachel Donovan"])
    #expect(try await history("Zoe Papadakis") == ["Cold Caller, Employee, -, -"])
    // Names in other letters are the same person: nobody is there twice.
    #expect(try await it.sql("SELECT count(*) FROM agentName") == ["49"])
}

@Test func `the demo has something on every page of deletions`() async throws {
    let store = try await demo.value.store
    func states(_ part: DeleteQuery.Part) async throws -> [DeleteRequest.State] {
        try await store.deleteRequests(DeleteQuery(part), for: .console).rows.map(\.state)
    }
    #expect(try await states(.all) == [.open, .rejected, .deleted])
    #expect(try await states(.trash) == [.deleted])
    let open = try #require(try await store.deleteRequests(DeleteQuery(.open), for: .console).rows.first)
    #expect(!open.isOutOfDate && open.holds.isEmpty && open.request.preview.gone > 100)
    #expect(try await store.deleteHolds(for: .console).holds.count == 1)
    // The trial's calls are in no figure.
    let trial = try await demo.value.sql("SELECT count(*) FROM fileVersion WHERE state = 'trashed'")
    #expect(trial == ["1"])
}

@Test func `the demo's figures add up`() async throws {
    let store = try await demo.value.store
    #expect(try await store.verifyDatabase().filter { !$0.ok }.map(\.detail) == [])
}

@Test func `the same day and ids make the same demo office, on any weekday`() async throws {
    let first = try await DemoFixture("2026-11-25")
    let again = try await demo.value
    let hashes = try await again.sql("SELECT hex(hash) FROM journal ORDER BY time")
    #expect(try await first.sql("SELECT hex(hash) FROM journal ORDER BY time") == hashes)
    for day in ["2026-11-23", "2026-11-29"] {
        let other = try await DemoFixture(day)
        #expect(other.office.rows > 10_000, "\(day)")
    }
}

/// An office in a temporary folder, gone with the last test that holds it.
private final class DemoFixture: Sendable {
    let store: OfficeStore
    let office: DemoOffice

    init(_ today: String) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-demo-\(UUID().uuidString)"
        let day = try #require(Day(iso: today))
        let noon = Instant(milliseconds: Int64(day.number) * 86_400_000 + 43_200_000)
        let time = DemoClock(Clock { noon })
        let numbers = Mutex(SeededNumbers(7))
        store = try OfficeStore(
            folder: DataFolder(path: path), clock: time.clock,
            ids: IDs {
                numbers.withLock { numbers in (0..<16).map { _ in UInt8.random(in: 0...255, using: &numbers) }
                }
            }, passwords: PasswordCost(rounds: 16))
        office = try await openDemoOffice(store, time: time, timeZone: "Europe/London")
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: store.folder.path)
    }

    /// The first column as text.
    func sql(_ query: String) async throws -> [String] {
        try await store.read { db in try String.fetchAll(db, sql: query) }
    }
}
