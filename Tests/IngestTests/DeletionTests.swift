import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Deletions against the slow model: which calls count depends on the set of what is there alone.
@Suite struct DeletionTests {
    private static let bob = Viewer(
        user: EventIDs.user(2), name: "Bob", role: .dataEntry, person: nil)
    private static let cleo = Viewer(user: EventIDs.user(3), name: "Cleo", role: .admin, person: nil)
    private static let dan = Viewer(user: EventIDs.user(4), name: "Dan", role: .admin, person: nil)

    /// One applied deletion of the model: a file's index, and days; nil: all of it.
    private struct Deletion {
        var id: ID<DeleteRequest>
        var files: [Int]
        var days: Set<Int64>?
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `figures are those of what is there`(seed: UInt64) async throws {
        var numbers = SeededNumbers(seed)
        let clock = TestClock()
        let office = try await ImportOffice(
            seed: seed, clock: clock.clock, tallyMemory: seed % 3 == 0 ? 50 : 10_000_000)
        var generator = RandomFile(seed: seed)
        var model = ImportModel()
        var places: [VersionPlace] = []
        var applied: [Deletion] = []
        var purged: [Deletion] = []
        for step in 0..<14 {
            clock.advance(60)
            switch places.isEmpty ? 0 : Int.random(in: 0..<8, using: &numbers) {
            case 0...2:
                let rows = generator.rows(60, ids: 1...70)
                let result = try office.take(
                    RandomFile.text(rows), file: Bool.random(using: &numbers) ? "a.csv" : "b\(step).csv")
                _ = model.take(rows)
                places.append(VersionPlace(file: result.upload.file, version: result.upload.version))
            case 3...5:
                guard let index = places.indices.randomElement(using: &numbers) else { continue }
                let place = places[index]
                let isWhole = Bool.random(using: &numbers)
                let days = (0..<2).map { _ in
                    Day(iso: "2026-10-20")?.adding(Int.random(in: -1...5, using: &numbers)) ?? Day(number: 0)
                }
                let scope: DeleteScope =
                    isWhole
                    ? .version(place.file, place.version) : .days(place.file, version: place.version, days)
                do {
                    let plan = try office.store.planDeletion(scope, for: Self.bob)
                    let before = model.counted.count
                    let request = try office.store.openDeleteRequest(
                        plan, reason: "wrong", for: Self.bob, by: .console)
                    try office.store.decideDeleteRequest(request.id, .approve, for: Self.cleo, by: .console)
                    let deletion = Deletion(
                        id: request.id, files: [index],
                        days: isWhole ? nil : Set(days.map { Int64($0.number) }))
                    applied.append(deletion)
                    model.deleted = (applied + purged).flatMap { d in d.files.map { ($0, d.days) } }
                    #expect(plan.preview.gone == before - model.counted.count)
                } catch let error as UserError where error.code == .conflict || error.code == .notFound {
                    continue
                }
            case 6:
                guard let index = applied.indices.randomElement(using: &numbers) else { continue }
                try office.store.decideDeleteRequest(
                    applied[index].id, .restore, comment: "was right", for: Self.dan, by: .console)
                applied.remove(at: index)
                model.deleted = (applied + purged).flatMap { d in d.files.map { ($0, d.days) } }
            default:
                guard let index = applied.indices.randomElement(using: &numbers) else { continue }
                try purgeDeletion(
                    applied[index].id, in: office.store, comment: "room", for: Self.cleo, by: .console)
                purged.append(applied.remove(at: index))
            }
            #expect(try await office.figures() == model.figures, "seed \(seed) step \(step)")
        }
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        let hash = try await office.store.stateHash()
        try office.rebuild()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.figures() == model.figures)
        try office.reopen()
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
