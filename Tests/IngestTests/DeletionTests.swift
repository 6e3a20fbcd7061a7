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
