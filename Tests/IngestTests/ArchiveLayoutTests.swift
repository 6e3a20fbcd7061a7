import Domain
import Formats
import Foundation
import Storage
import TestSupport
import Testing

@testable import Ingest

/// What Docs/archives.md tells people without Rollcall, held against an archive and the real `tar`.
@Suite struct ArchiveLayoutTests {
    @Test func `plain tar opens an archive, and the page names all that is in it`() async throws {
        let office = try await ImportOffice()
        let text =
            CallFileText.usual.text + "Jane Doe,P1,4,yesterday,Outbound,Sale,Predictive,North,North,\n"
            + CallFileText.usual.text.split(separator: "\n")[1] + "\n"
        try office.take(text, file: "monday.csv")
        let archive = try #require(try office.store.archivedVersionsNow().first).archivePath
        let folder = office.folder.path + "/opened"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(
            try run("tar --zstd -tf \(archive)")
                == "original.csv\ncalls.csv\nrejects.csv\nmanifest.json\n")
        try run("tar --zstd -xf \(archive) -C \(folder)")
        func read(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")), as: UTF8.self)
        }
        #expect(try read("original.csv") == text)
        let calls = try read("calls.csv").components(separatedBy: "\r\n")
        #expect(calls.count == 5 && calls[1].hasPrefix("2,1,,Jane Doe,2026-11-02 09:00:00,"))
        let rejects = try read("rejects.csv").components(separatedBy: "\r\n")
        #expect(rejects.count == 4 && rejects[1].hasPrefix("5,rejected,"))
        #expect(rejects[2].hasPrefix("6,duplicate,"))
        let manifest = try #require(
            try JSONSerialization.jsonObject(with: Data(read("manifest.json").utf8)) as? [String: Any])
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("Docs/archives.md"), encoding: .utf8)
        let counts = try #require(manifest["counts"] as? [String: Any])
        let mapping = try #require(manifest["mapping"] as? [String: Any])
        let names =
            Array(manifest.keys) + counts.keys + mapping.keys
            + (calls[0] + "," + rejects[0]).components(separatedBy: ",")
        for name in names {
            #expect(page.contains("`\(name)`"), "Docs/archives.md does not say what \(name) is")
        }
        for command in ["tar --zstd -xf", "rollcall files recover", "rollcall setup"] {
            #expect(page.contains(command))
        }
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(readme.contains("Docs/archives.md"))
    }

    @Test func `a line of calls.csv with a duration that no import keeps is no record`() throws {
        func isRecord(talk: String, wait: String) throws -> Bool {
            let line = "2,1,,Jane,2026-11-02 09:00:00,P1,Outbound,Sale,Auto,North,North,\(talk),\(wait)\r\n"
            var reader = CSVReader(bytes: Array(line.utf8), dialect: CSVDialect())
            reader.keepsRaw = true
            var row = CSVRow()
            _ = try reader.next(&row)
            return CanonicalCalls.record(row) != nil
        }
        for good in ["", "0", "14400"] {
            let isTaken = try isRecord(talk: good, wait: good)
            #expect(isTaken, "\(good)")
        }
        for bad in ["14401", "-1", "9223372036854775807", "-9223372036854775808"] {
            let isTaken = try isRecord(talk: bad, wait: "") || isRecord(talk: "60", wait: bad)
            #expect(!isTaken, "\(bad)")
        }
    }
}
