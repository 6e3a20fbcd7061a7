import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// `backup`, `restore` and `verify FILE`, as somebody types them.
@Suite struct BackupCommandTests {
    private func office() async throws -> ImportOffice {
        let office = try await ImportOffice(clock: .system)
        try office.take(oldCalls(300), file: "a.csv")
        try office.store.close()
        return office
    }

    private func newFolder() -> String {
        FileManager.default.temporaryDirectory.path + "/rollcall-new-\(UUID().uuidString)"
    }

    @Test func `an office moves to a new box by one file and a passphrase`() async throws {
        let office = try await office()
        let place = newFolder()
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: place) }
        let (file, data) = (place + "/north.rollcall", office.folder.path)
        let made = try await rollcall(
            "backup", "--out", file, "--passphrase-stdin", "--json", "--data", data,
            input: "four brown horses\n")
        #expect(made.status == 0, "\(made.err)")
        #expect(made.json.first?["sealed"] as? Bool == true)
        let hash = try #require(made.json.first?["stateHash"] as? String)

        for command in [["backup"], ["snapshot", "export"]] {
            let short = try await Child(
                command + ["--out", place + "/short", "--passphrase-stdin", "--data", data],
                input: "four words\n"
            ).wait()
            #expect(short.status == 64 && short.err.contains("too short"), "\(command): \(short.err)")
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: place)
        #expect(files == ["north.rollcall"])

        let typo = try await rollcall("backup", "--out", "/no/where/x", "--data", data)
        #expect(typo.status == 65 && typo.err.contains("Nothing can be written in /no/where"))
        let standing = try await rollcall("backup", "--status", "--data", data)
        #expect(standing.status == 0, "\(standing.out)")

        let closed = try await rollcall("verify", file)
        #expect(closed.status == 64 && closed.err.contains("--passphrase-stdin"))
        let wrong = try await rollcall("verify", file, "--passphrase-stdin", input: "four brown cows\n")
        #expect(wrong.status == 64 && wrong.err.contains("wrong"))
        let checked = try await rollcall(
            "verify", file, "--passphrase-stdin", "--json", input: "four brown horses\n")
        #expect(checked.status == 0, "\(checked.err)")
        #expect(checked.json.first?["stateHash"] as? String == hash)
        #expect(checked.json.first?["kind"] as? String == "backup")
        #expect(checked.json.first?["calls"] as? Int == 300)

        let new = place + "/data"
        let asked = try await rollcall(
            "restore", file, "--passphrase-stdin", "--data", new, input: "four brown horses\n")
        #expect(asked.status == 64 && asked.err.contains("--yes") && asked.err.contains("is empty"))
        #expect(asked.err.contains("300 calls"))
        let restored = try await rollcall(
            "restore", file, "--yes", "--passphrase-stdin", "--json", "--data", new,
            input: "four brown horses\n")
        #expect(restored.status == 0, "\(restored.err)")
        #expect(restored.json.first?["stateHash"] as? String == hash)
        #expect(restored.json.first?["replaced"] == nil)
        let verify = try await rollcall("verify", "--json", "--data", new)
        #expect(verify.json.first?["ok"] as? Bool == true, "\(verify.out)")
        #expect(verify.json.first?["stateHash"] as? String == hash)
        #expect(try await rollcall("restore", "--undo", "--yes", "--data", new).status == 66)
    }

    @Test func `what it does is shown first, and can be undone`() async throws {
        let office = try await office()
        let data = office.folder.path
        #expect(try await rollcall("restore", "--data", data).status == 66)
        #expect(try await rollcall("backup", "--data", data).out.contains("Written, read again, whole."))
        let listed = try await rollcall("restore", "--data", data)
        let file = listed.out.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(file.hasSuffix(".rollcall"))
        let more = try TemporaryFile(oldCalls(200, seed: 9), name: "b.csv")
        #expect(try await rollcall("import", more.path, "--data", data).status == 0)
        let before =
            try await rollcall("verify", "--json", "--data", data).json.first?["stateHash"] as? String
        let restored = try await rollcall("restore", file, "--yes", "--data", data)
        #expect(restored.status == 0 && restored.out.contains("--undo"), "\(restored.err)")
        #expect(restored.err.contains("Now:") && restored.err.contains("2 files"))
        let after = try await rollcall("verify", "--json", "--data", data).json.first?["stateHash"] as? String
        #expect(after != before && after != nil)
        let undone = try await rollcall("restore", "--undo", "--yes", "--json", "--data", data)
        #expect(undone.json.first?["stateHash"] as? String == before, "\(undone.err)")
        let verify = try await rollcall("verify", "--json", "--data", data)
        #expect(verify.status == 0 && verify.json.first?["stateHash"] as? String == before)
        let doctor = try await rollcall("doctor", "--json", "--data", data)
        #expect(doctor.out.contains("\"backups\""))
        #expect(try await rollcall("restore", "no-such-file", "--yes", "--data", data).status == 66)
    }

    @Test func `a running server makes it, and keeps the folder from being restored into`() async throws {
        let office = try await office()
        let data = office.folder.path
        let server = try Child(["serve", "--port", "0", "--data", data])
        #expect(try await server.says("serves"))
        let made = try await rollcall("backup", "--json", "--data", data)
        #expect(made.status == 0, "\(made.err)")
        let file = try #require(made.json.first?["file"] as? String)
        let refused = try await rollcall("restore", file, "--yes", "--data", data)
        #expect(refused.status == 75 && refused.err.contains("Stop the server"))
        let doctor = try await rollcall("doctor", "--data", data)
        #expect(
            doctor.out.contains("ok     backups: The last backup is less than a minute old"), "\(doctor.out)")
        server.process.terminate()
        #expect(try await server.wait().status == 0)
        #expect(try await rollcall("restore", file, "--yes", "--data", data).status == 0)
    }

    @Test func `an upgrade can be taken back`() async throws {
        let office = try await office()
        let data = office.folder.path
        try office.damage(
            """
            DROP TABLE backup; DROP TABLE backupFailure;
            DELETE FROM grdb_migrations WHERE identifier LIKE '8 %';
            """)
        let hash = try await rollcall("verify", "--json", "--data", data).json.first?["stateHash"] as? String
        let more = try TemporaryFile(oldCalls(200, seed: 9), name: "b.csv")
        #expect(try await rollcall("import", more.path, "--data", data).status == 0)
        let file = try await rollcall("restore", "--data", data).out
            .trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(file.contains("/before-") && file.hasSuffix(".sqlite"))
        let restored = try await rollcall("restore", file, "--yes", "--json", "--data", data)
        #expect(restored.json.first?["stateHash"] as? String == hash, "\(restored.err)")
        let verify = try await rollcall("verify", "--json", "--data", data)
        #expect(verify.status == 0 && verify.json.first?["ok"] as? Bool == true, "\(verify.out)")
        #expect(try await rollcall("restore", "--undo", "--yes", "--data", data).status == 0)
    }
}
