import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// `snapshot`, as somebody types it who carries an office to another one.
@Suite struct SnapshotCommandTests {
    @Test func `a snapshot is looked at, tried, taken in and taken back`() async throws {
        func office(_ name: String, _ seed: UInt64) async throws -> ImportOffice {
            try await ImportOffice(
                rules: OfficeRules(name: name, timeZone: "Europe/Berlin"), seed: seed, clock: .system)
        }
        let (a, b) = (try await office("North", 81), try await office("South", 82))
        try a.take(oldCalls(40), file: "a.csv")
        for office in [a, b] { try office.store.close() }
        let (data, other, file) = (a.folder.path, b.folder.path, b.folder.path + "-north.rollcall")
        defer { try? FileManager.default.removeItem(atPath: file) }
        func run(_ words: String...) async throws -> Child.Outcome {
            try await Child(["snapshot"] + words).wait()
        }
        /// What South says of North.
        func known() async throws -> [String: Any] {
            let out = try await run("offices", "--json", "--data", other).out
            let list = try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [[String: Any]]
            return try #require(list?.first)
        }
        let none = try await run("offices", "--data", other)
        #expect(none.status == 0 && none.out.contains("No other office is known"))
        #expect(try await run("export", "--out", file, "--data", data).status == 0)

        let looked = try await run("inspect", file)
        #expect(looked.status == 0, "\(looked.err)")
        for words in ["North", "Check words: ", "Every byte is as it was signed."] {
            #expect(looked.out.contains(words), "\(looked.out)")
        }
        let manifest = try await run("inspect", file, "--json")
        #expect(manifest.json.first?["officeName"] as? String == "North")
        let damaged = file + ".damaged"
        defer { try? FileManager.default.removeItem(atPath: damaged) }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: damaged))
        #expect(try await run("inspect", damaged).status == 65)

        let stranger = try await run("import", file, "--yes", "--data", other)
        #expect(stranger.status != 0 && stranger.err.contains("North"), "\(stranger.err)")
        #expect(try await run("pair", file, "--yes", "--data", other).status == 0)
        #expect(try await run("import", file, "--dry-run", "--data", other).status == 0)
        #expect(try await known()["entries"] as? Int == 0, "a trial takes nothing in")

        #expect(try await run("import", file, "--yes", "--data", other).status == 0)
        let shown = try await known()
        #expect(shown["name"] as? String == "North" && shown["trust"] as? String == "paired")
        #expect((shown["entries"] as? Int ?? 0) > 0)
        #expect([shown["gaps"], shown["openConflicts"]].map { $0 as? Int } == [0, 0])
        let told = try await run("offices", "--data", other)
        for words in ["North: paired, last heard ", " entries here up to 20", ", Rollcall "] {
            #expect(told.out.contains(words), "\(told.out)")
        }
        #expect(shown["heldUntil"] != nil)

        let back = try await run("undo", "--reason", "by mistake", "--json", "--data", other)
        #expect(back.status == 0 && back.json.first?["name"] as? String == "North", "\(back.err)")
        #expect(try await known()["entries"] as? Int == 0)
        let twice = try await run("undo", "--reason", "once more", "--data", other)
        #expect(twice.status != 0 && twice.err.contains("so it stays"), "\(twice.out)\(twice.err)")
    }
}
