import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Deletions against the slow model: which calls count depends on the set of what is there alone.
@Suite struct DeletionTests {
    /// More with `ROLLCALL_TEST_WALKS=500`.
    private static let walks =
        ProcessInfo.processInfo.environment["ROLLCALL_TEST_WALKS"].flatMap { UInt64($0) } ?? 48

    @Test(arguments: 1...walks)
    func `figures and previews are those of what is there`(seed: UInt64) async throws {
        let walk = try await DeletionWalk(seed: seed)
        let office = walk.office
        for step in 0..<24 {
            try walk.step(step)
            let figures = try await office.figures()
            #expect(figures == walk.model.figures, "seed \(seed) step \(step) \(walk.done)")
            guard figures == walk.model.figures else { return }
        }
        #expect(try await office.store.stateHash().calls == walk.model.counted.count)
        #expect(try await office.faults() == [], "seed \(seed)")
        #expect(try await office.leftovers() == [], "seed \(seed)")
        let hash = try await office.store.stateHash()
        try office.rebuild()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.figures() == walk.model.figures)
        try office.reopen()
        #expect(try await office.faults() == [])
        if ProcessInfo.processInfo.environment["ROLLCALL_TEST_WALKS"] != nil {
            print("WALK \(seed) \(walk.done)")
        }
    }
}

extension DeletionTests {
    @Test(arguments: [0, 240]) func `a day begins and ends to the second`(cutOver: Int) async throws {
        let office = try await ImportOffice(
            rules: OfficeRules(name: "Sample", timeZone: "Europe/Berlin", cutOverMinutes: cutOver))
        let day = Day(iso: "2026-10-21") ?? Day(number: 0)
        let begin = LocalTime(day, secondOfDay: cutOver * 60).seconds
        let times = [begin - 1, begin, begin + 86_399, begin + 86_400]
        let text =
            ([SampleCall.header]
            + times.enumerated().map { index, second in
                SampleCall(id: index + 1, agent: "Ann", time: LocalTime(seconds: second)).text
            }).joined(separator: "\n")
        let file = try office.take(text).upload.file
        let plan = try office.store.planDeletion(.days(file, version: nil, [day]), for: DeletionWalk.bob)
        #expect(plan.preview.rows == 2 && plan.preview.days == 1)
        let request = try office.store.openDeleteRequest(
            plan, reason: "wrong", for: DeletionWalk.bob, by: .console)
        try office.store.decideDeleteRequest(request.id, .approve, for: DeletionWalk.cleo, by: .console)
        let lines = try await office.figures()
        #expect(
            lines.filter { $0.hasPrefix("day|") }.map { $0.split(separator: "|")[1] }.sorted()
                == [-1, 1].map {
                    "\(day.adding($0).number)"
                })
        #expect(try await office.faults() == [])
        // Counted again, and erased.
        try office.rebuild()
        #expect(try await office.figures() == lines)
        try purgeDeletion(request.id, in: office.store, comment: "room", for: DeletionWalk.cleo, by: .console)
        #expect(try await office.sql("SELECT key FROM call ORDER BY key") == ["1", "4"])
        #expect(try await office.figures() == lines)
        #expect(try await office.faults() == [])
    }

    @Test func `a store that is closed waits for a deletion that goes on, which gives up`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text, file: "a.csv")
        let file = try #require(try office.store.archivedVersionsNow().first).uploaded.file
        let bob = Viewer(user: EventIDs.user(2), name: "Bob", role: .dataEntry, person: nil)
        for _ in 0..<40 {
            let store = office.store
            let work = Task.detached { try store.planDeletion(.file(file), for: bob) }
            try office.reopen()
            _ = await work.result
        }
        #expect(try await office.leftovers() == [])
        #expect(try await office.faults() == [])
    }
}

enum EventIDs {
    static func user(_ last: Int) -> ID<User> {
        ID("01890a5d-ac96-774b-bcce-b302099a80\(10 + last)") ?? Viewer.console.user
    }
}

/// A clock that a test moves.
final class TestClock: @unchecked Sendable {
    private let lock = NSLock()
    private var now: Int64 = 1_795_413_600_000

    var clock: Clock { Clock { [self] in lock.withLock { Instant(milliseconds: now) } } }
    func advance(_ seconds: Int64) { lock.withLock { now += seconds * 1000 } }
}
