import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// kill -9 at any moment of an approval, a restore or a purge: wholly done or not at all, every archive where it
/// belongs after the next start, and the step can be taken then.
@Suite(.serialized) struct KillDeletionTests {
    enum Step: String, CaseIterable { case approve, restore, purge }

    /// More with `ROLLCALL_TEST_KILLS=40`.
    private static let kills =
        ProcessInfo.processInfo.environment["ROLLCALL_TEST_KILLS"].flatMap { Int($0) } ?? 3

    /// An office with two files that share calls, and a request that waits for the step.
    private func office(before step: Step, ofDays: Bool) async throws -> (
        office: ImportOffice, request: ID<DeleteRequest>, file: ID<CallFile>
    ) {
        let office = try await ImportOffice(clock: .system)
        var viewers: [String: Viewer] = [:]
        for name in ["eve", "dan"] {
            let user = try await office.store.addUser(
                username: name, name: name, role: .admin, person: nil, password: "three brown horses",
                isInitial: false, by: .console)
            viewers[name] = Viewer(user: user.id, name: name, role: .admin, person: nil)
        }
        let dan = try #require(viewers["dan"])
        let eve = try #require(viewers["eve"])
        try office.take(oldCalls(1500, seed: 5), file: "before.csv")
        let file = try office.take(oldCalls(12_000), file: "calls.csv").upload.file
        let scope: DeleteScope =
            ofDays
            ? .days(file, version: 1, [2, 3, 5].compactMap { Day(iso: "2024-01-0\($0)") }) : .version(file, 1)
        let plan = try office.store.planDeletion(scope, for: dan)
        #expect(plan.preview.gone > 0 && plan.preview.stays > 0)
        let request = try office.store.openDeleteRequest(plan, reason: "wrong", for: dan, by: .console)
        if step != .approve {
            try office.store.decideDeleteRequest(request.id, .approve, for: eve, by: .console)
        }
        try office.store.close()
        return (office, request.id, file)
    }

    private func copy(_ office: ImportOffice) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-kill-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: office.folder.path, toPath: path)
        return path
    }

    private func child(_ step: Step, _ request: ID<DeleteRequest>, _ path: String) throws -> Child {
        try Child(
            [
                "files", step.rawValue, request.description, "--comment", "so it is", "--user", "eve",
                "--password-stdin", "--data", path,
            ], input: "three brown horses\n")
    }

    @Test(arguments: Step.allCases, [false, true])
    func `a step that is killed is taken or not`(step: Step, ofDays: Bool) async throws {
        let (office, request, file) = try await office(before: step, ofDays: ofDays)
        var numbers = SeededNumbers(UInt64(step.rawValue.utf8.count) + (ofDays ? 100 : 0))
        // How long it takes when nobody kills it, and what it gives.
        let first = try copy(office)
        let began = Date()
        let whole = try await child(step, request, first).wait()
        var length = Date().timeIntervalSince(began)
        #expect(whole.status == 0, "\(whole.err)")
        let after = try await ImportOffice(opening: first).figures()
        let before = try await ImportOffice(opening: copy(office)).figures()
        #expect((step == .purge) == (after == before))
        let stages = [
            Step.approve: ("open", "deleted"), .restore: ("deleted", "restored"),
            .purge: ("deleted", "purged"),
        ]
        let (undone, done) = try #require(stages[step])
        var (inside, outside) = (0, 0)
        for moment in 0..<Self.kills {
            let path = try copy(office)
            let child = try child(step, request, path)
            let wait = length * Double.random(in: (moment == 0 ? 0.02 : 0.5)...1.02, using: &numbers)
            try await Task.sleep(for: .seconds(wait))
            child.kill()
            _ = try await child.wait()
            let restarted = try ImportOffice(opening: path)
            let stage = try await restarted.sql("SELECT stage FROM deleteRequest")
            let what = "killed after \(wait) of \(length) s: \(stage)"
            if stage == [done] {
                inside += 1
                length *= 0.9
            } else {
                outside += 1
                length *= 1.05
                #expect(stage == [undone])
            }
            #expect(try await restarted.figures() == (stage == [done] ? after : before), "\(what)")
            #expect(try await restarted.leftovers() == [], "\(what)")
            #expect(try await restarted.faults() == [], "\(what)")
            let place = restarted.store.folder.existingArchive(of: file, version: 1)
            let isTrashed = !ofDays && stage == ["deleted"]
            if !ofDays, stage == ["purged"] {
                #expect(place == nil, "\(what)")
            } else {
                #expect(place?.contains(isTrashed ? "/Trash/" : "/Files/") == true, "\(what)")
            }
            try restarted.store.close()
            if stage == [undone] {
                let again = try await self.child(step, request, path).wait()
                #expect(again.status == 0, "\(what): \(again.err)")
            }
            let last = try ImportOffice(opening: path)
            #expect(try await last.figures() == after, "\(what)")
            #expect(try await last.leftovers() == [], "\(what)")
            #expect(try await last.faults() == [], "\(what)")
        }
        #expect(inside + outside == Self.kills)
        if ProcessInfo.processInfo.environment["ROLLCALL_TEST_KILLS"] != nil {
            print("KILLS \(step) \(ofDays) inside \(inside) outside \(outside) length \(length)")
        }
    }
}
