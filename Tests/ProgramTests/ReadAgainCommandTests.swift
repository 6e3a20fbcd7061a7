import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// `rollcall files rerun`, and what `import` says of the same bytes and of mended lines.
@Suite struct ReadAgainCommandTests {
    @Test func `a version is read again from the command line`() async throws {
        let office = try await ImportOffice()
        let text = SampleCall.header + "\nJane,P1,9001,03/04/2024 09:00,Outbound,Sale,Auto,North,North,\n"
        try office.take(text, file: "us.csv", dateOrder: .mdy)
        try office.store.close()
        let data = office.folder.path
        let same = try await rollcall("files", "rerun", "us.csv", "--json", "--data", data)
        #expect(same.status == 65)
        let refused = try #require(same.json.first?["refused"] as? [String: Any])
        #expect(refused["code"] as? String == "same-reading")
        #expect((refused["place"] as? [String: Any])?["version"] as? Int == 1)
        let twice = try await rollcall(
            "files", "rerun", "us.csv", "--column", "type=State", "--data", data)
        #expect(twice.status == 64 && twice.err.contains("named twice"))
        let role = try await rollcall("files", "rerun", "us.csv", "--column", "x=State", "--data", data)
        #expect(role.status == 64 && role.out.isEmpty)
        let missing = try await rollcall("files", "rerun", "nowhere.csv", "--data", data)
        #expect(missing.status == 66)
        let dry = try await rollcall(
            "files", "rerun", "us.csv", "--date-order", "dmy", "--dry-run", "--json", "--data", data)
        #expect(dry.json.first?["dryRun"] as? Bool == true)
        let done = try await rollcall(
            "files", "rerun", "us.csv", "--version", "1", "--date-order", "dmy", "--json", "--data", data)
        #expect(done.status == 0, "\(done.err)")
        #expect(done.json.first?["version"] as? Int == 2 && done.json.first?["file"] as? String == "us.csv")
        #expect(done.json.first?["from"] as? String == "2024-04-03")
        #expect(done.json.first?["digest"] as? String == dry.json.first?["digest"] as? String)
        let words = try await rollcall(
            "files", "rerun", "us.csv", "--column", "state=Log Type", "--column", "type=State", "--data", data
        )
        #expect(words.status == 0 && words.out.contains("version 3"))
        // The same bytes as an upload name the version that holds them.
        let copy = try TemporaryFile(text, name: "b.csv")
        let again = try await rollcall("import", copy.path, "--json", "--data", data)
        let bytes = try #require(again.json.first?["refused"] as? [String: Any])
        #expect(bytes["code"] as? String == "same-bytes")
        #expect((bytes["place"] as? [String: Any])?["version"] as? Int == 3)
    }

    @Test func `mended lines join their file, and a column is named`() async throws {
        let office = try await ImportOffice()
        let line = "Jane,P1,9001,2024-04-03 09:00,Outbound,Sale,Auto,North,North,\n"
        try office.take(SampleCall.header + "\n" + line, file: "a.csv")
        try office.store.close()
        let data = office.folder.path
        let mended = try TemporaryFile(
            SampleCall.header + "\n" + line.replacing("9001", with: "9002"), name: "rejects of a.csv")
        let joined = try await rollcall("import", mended.path, "--json", "--data", data)
        #expect(joined.json.first?["file"] as? String == "a.csv")
        #expect(joined.json.first?["uploadedAs"] as? String == "rejects of a.csv")
        #expect(joined.json.first?["version"] as? Int == 2)
        let other = try TemporaryFile(
            SampleCall.header.replacing("State", with: "Result") + "\n"
                + line.replacing("9001", with: "9003"),
            name: "other.csv")
        let unknown = try await rollcall("import", other.path, "--json", "--data", data)
        #expect(unknown.status == 65)
        let told = try await rollcall(
            "import", other.path, "--column", "state=Result", "--json", "--data", data)
        #expect(told.status == 0 && told.json.first?["accepted"] as? Int == 1, "\(told.err)")
    }
}
