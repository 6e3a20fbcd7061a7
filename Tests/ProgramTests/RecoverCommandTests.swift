import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// `rollcall files recover` and `files storage`, and what the commands say when the disk gets full.
@Suite(.serialized) struct RecoverCommandTests {
    private func lost() async throws -> ImportOffice {
        let office = try await ImportOffice(clock: TickingClock().clock)
        try office.take(oldCalls(4000), file: "a.csv")
        try office.take(oldCalls(3000, seed: 3), file: "b.csv")
        try office.take(oldCalls(3500, seed: 9), file: "a.csv")
        return office
    }

    /// The lost office's folder without its database, and a new office in it.
    private func founded(_ lost: ImportOffice) async throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-recover-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: lost.folder.files, toPath: path + "/Files")
        let setup = try await rollcall(
            "setup", "--office", "Sample", "--time-zone", "Europe/Berlin", "--admin", "ann",
            "--password-stdin", "--data", path, input: "three brown horses\n")
        #expect(setup.status == 0, "\(setup.err)")
        return path
    }

    @Test func `a lost office has its calls back, with what was skipped named`() async throws {
        let lost = try await lost()
        let path = try await founded(lost)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/Files/notes.txt"))
        let first = try await rollcall("files", "recover", "--json", "--data", path)
        #expect(first.status == 65, "\(first.err)")
        #expect(first.json.first?["taken"] as? Int == 3 && first.json.first?["skipped"] as? Int == 1)
        #expect(first.json.first?["calls"] as? Int == 10_500)
        #expect(first.err.contains("3 of 3: a.csv, version 2: 3500 calls"))
        try FileManager.default.removeItem(atPath: path + "/Files/notes.txt")
        let again = try await rollcall("files", "recover", "--data", path)
        #expect(again.status == 0)
        #expect(again.out.contains("0 archives taken in, 0 calls; 3 were there already; 0 skipped."))
        let shown = try await rollcall("files", "storage", "--versions", "--json", "--data", path)
        #expect((shown.json.first?["rows"] as? [Any])?.count == 3 && shown.json.first?["total"] as? Int == 3)
        let words = try await rollcall("files", "storage", "--data", path)
        #expect(words.status == 0 && words.out.contains("a.csv (ReadyMode)"))
        let restarted = try ImportOffice(opening: path)
        #expect(try await restarted.figures() == lost.figures())
        #expect(try await restarted.faults() == [])
        let nowhere = try await rollcall("files", "recover", "--from", "/no/where", "--data", path + "-other")
        #expect(nowhere.status == 65 && nowhere.err.contains("no office yet"), "\(nowhere.err)")
        try? FileManager.default.removeItem(atPath: path + "-other")
    }

    @Test(arguments: [false, true])
    func `a recovery that is killed goes on where it was, and no archive is lost`(fromElsewhere: Bool)
        async throws
    {
        let lost = try await lost()
        var numbers = SeededNumbers(fromElsewhere ? 5 : 6)
        let template = try await founded(lost)
        defer { try? FileManager.default.removeItem(atPath: template) }
        if fromElsewhere { try FileManager.default.removeItem(atPath: template + "/Files") }
        let from = fromElsewhere ? ["--from", lost.folder.path] : []
        func copy() throws -> String {
            let path = template + "-\(UUID().uuidString)"
            try FileManager.default.copyItem(atPath: template, toPath: path)
            return path
        }
        let first = try copy()
        let began = Date()
        let whole = try await Child(["files", "recover", "--data", first] + from).wait()
        var length = Date().timeIntervalSince(began)
        #expect(whole.status == 0, "\(whole.err)")
        try? FileManager.default.removeItem(atPath: first)
        var cutOff = 0
        // The first one may have taken long for other reasons.
        for round in 0..<16 where round < 4 || cutOff == 0 {
            let path = try copy()
            let child = try Child(["files", "recover", "--data", path] + from)
            try await Task.sleep(for: .seconds(length * Double.random(in: 0.2...0.95, using: &numbers)))
            child.kill()
            if try await child.wait().status == 128 + SIGKILL { cutOff += 1 } else { length *= 0.6 }
            let next = try await Child(["files", "recover", "--json", "--data", path] + from).wait()
            #expect(next.status == 0, "\(next.err)")
            let (taken, known) = (next.json.first?["taken"] as? Int, next.json.first?["known"] as? Int)
            #expect((taken ?? 0) + (known ?? 0) == 3)
            let restarted = try ImportOffice(opening: path)
            #expect(try await restarted.figures() == lost.figures())
            #expect(try await restarted.faults() == [])
            #expect(try await restarted.leftovers() == [])
        }
        #expect(cutOff > 0, "no kill hit the recovery")
        #expect(try await lost.faults() == [])
    }

    @Test func `when the disk gets full import says so before it copies, and doctor has a line`() async throws
    {
        let office = try await ImportOffice()
        let data = office.folder.path
        let file = try TemporaryFile(oldCalls(20), name: "new.csv")
        func set(warn: Int, refuse: Int) async throws {
            try await office.store.changeBoxSettings(
                BoxSettings(disk: DiskMarks(warnPercent: 0, warnMegabytes: warn, refuseMegabytes: refuse)),
                by: .console)
        }
        // More than any disk has.
        try await set(warn: 10_000_000, refuse: 0)
        try office.store.close()
        let low = try await rollcall("doctor", "--json", "--data", data)
        #expect(low.out.contains("the warning is at 10000000 MB"))
        #expect(try await rollcall("import", file.path, "--dry-run", "--data", data).status == 0)
        try office.reopen()
        try await set(warn: 10_000_000, refuse: 10_000_000)
        try office.store.close()

        func checkRefused(_ how: String) async throws {
            let json = try await rollcall("import", file.path, file.path, "--json", "--data", data)
            #expect(json.status == 74, "\(how): \(json.err)")
            #expect(json.json.count == 2, "\(how)")
            #expect((json.json.first?["refused"] as? [String: String])?["code"] == "disk-full", "\(how)")
            let words = try await rollcall("import", file.path, "--data", data)
            #expect(words.status == 74 && words.err.contains("new.csv: not taken in."), "\(how)")
            #expect(words.err.contains("the mark is 10000000 MB"), "\(how)")
            let doctor = try await rollcall("doctor", "--data", data)
            #expect(doctor.status == 65 && doctor.out.contains("AMISS  disk:"), "\(how)")
            #expect(doctor.out.contains("uploads are refused below 10000000 MB"), "\(how)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: office.folder.incoming) == [], "\(how)")
            #expect(try await rollcall("files", "list", "--data", data).status == 0, "\(how)")
        }
        try await checkRefused("no server")
        let server = try Child(["serve", "--port", "0", "--data", data])
        #expect(try await server.says("serves"))
        try await checkRefused("a server")
        server.process.terminate()
        _ = try await server.wait()
    }
}
