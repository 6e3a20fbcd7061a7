import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// kill -9 at any moment: wholly in or wholly out, nothing left over, and the office goes on.
@Suite(.serialized) struct KillTests {
    /// Three batches.
    private static let rows = 15_000

    /// A folder with a small office; every kill gets a copy.
    private func template() async throws -> ImportOffice {
        let office = try await ImportOffice()
        try office.take(oldCalls(500, seed: 5), file: "before.csv")
        try office.store.close()
        return office
    }

    private func copy(_ office: ImportOffice) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-kill-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: office.folder.path, toPath: path)
        return path
    }

    @Test func `an import that is killed is wholly in or wholly out`() async throws {
        let office = try await template()
        let file = try TemporaryFile(oldCalls(Self.rows))
        var numbers = SeededNumbers(11)
        // How long it takes when nobody kills it, and what it gives.
        let first = try copy(office)
        let began = Date()
        let whole = try await rollcall("import", file.path, "--data", first, "--json")
        // Follows what the kills meet, for the box may get quicker or slower meanwhile.
        var length = Date().timeIntervalSince(began)
        #expect(whole.status == 0, "\(whole.err)")
        let finished = try ImportOffice(opening: first)
        let after = try await finished.figures()
        let before = try await {
            let fresh = try ImportOffice(opening: try copy(office))
            return try await fresh.figures()
        }()
        var (inside, outside) = (0, 0)
        for moment in 0..<12 {
            let path = try copy(office)
            let child = try Child(["import", file.path, "--data", path])
            // Half of them late, where the archive and the last transaction are.
            let from = moment.isMultiple(of: 2) ? 0.02 : 0.6
            let wait = length * Double.random(in: from...1.02, using: &numbers)
            try await Task.sleep(for: .seconds(wait))
            child.kill()
            let outcome = try await child.wait()

            if moment.isMultiple(of: 4) {
                let verify = try await rollcall("verify", "--json", "--data", path)
                #expect(verify.status == 0, "\(verify.out) \(verify.err)")
                #expect(verify.json.first?["ok"] as? Bool == true)
            }
            let restarted = try ImportOffice(opening: path)
            let versions = try await restarted.sql("SELECT count(*) FROM fileVersion")
            let figures = try await restarted.figures()
            if versions == ["2"] {
                inside += 1
                length *= 0.8
                #expect(figures == after)
            } else {
                outside += 1
                length *= 1.05
                #expect(versions == ["1"])
                #expect(figures == before)
                #expect(outcome.status == 128 + SIGKILL)
            }
            #expect(try await restarted.leftovers() == [], "killed after \(wait) of \(length) s")
            try restarted.take(oldCalls(50, seed: 77) + "\n", file: "next.csv")
            #expect(try await restarted.faults() == [])
        }
        #expect(outside > 0, "no kill hit the import")
        #expect(inside + outside == 12)
    }

    @Test func `a rebuild that is killed is done again by whatever comes next`() async throws {
        let office = try await ImportOffice()
        try office.take(oldCalls(4000), file: "a.csv")
        try office.take(oldCalls(2000, seed: 3), file: "b.csv")
        let (hash, figures) = (try await office.store.stateHash(), try await office.figures())
        try office.store.close()
        let file = try TemporaryFile(oldCalls(50, seed: 9) + "\n\n", name: "next.csv")
        let began = Date()
        #expect(try await rollcall("rebuild", "--data", office.folder.path).status == 0)
        var length = Date().timeIntervalSince(began)
        var cutOff = 0
        // The first one may have taken long for other reasons.
        for moment in 0..<24 where moment < 4 || cutOff == 0 {
            let path = try copy(office)
            let child = try Child(["rebuild", "--data", path])
            try await Task.sleep(for: .seconds(length * [0.15, 0.4, 0.6, 0.8][moment % 4]))
            child.kill()
            let ended = try await child.wait().status == 0
            let next =
                moment.isMultiple(of: 2)
                ? try await rollcall("verify", "--json", "--data", path)
                : try await rollcall("import", "--dry-run", file.path, "--json", "--data", path)
            #expect(next.status == 0, "\(next.out) \(next.err)")
            if next.err.contains("cut off") { cutOff += 1 } else { length *= ended ? 0.7 : 1.1 }
            let restarted = try ImportOffice(opening: path)
            #expect(try restarted.store.isRebuilding() == false)
            #expect(try await restarted.store.stateHash() == hash)
            #expect(try await restarted.figures() == figures)
            #expect(try await restarted.leftovers() == [])
        }
        #expect(cutOff > 0, "no kill hit the rebuild")
    }
}
