import Domain
import Formats
import Foundation
import HTTPTypes
import Ingest
import Storage
import TestSupport
import Testing

@testable import Web

/// Writing a snapshot for another office: by download, and onto a stick.
@Suite struct SnapshotExportRouteTests {
    @Test func `what is written can be fetched for an hour, and the other office takes it`() async throws {
        let office = try await ExchangeOffice()
        let id = try #require(try await office.other.store.officeState()?.office.id.description)
        try await office.site.run { browser in
            try await browser.signIn("ann")
            #expect(
                try await browser.get(Paths.snapshotExport + "?to=\(id)").text
                    .contains(#"<option value="\#(id)" selected>North"#))
            let page = try await browser.arrive(
                try await browser.post(Paths.snapshotExport, ["to": id, "extent": "lacks"]))
            #expect(page.text.contains("The snapshot is ready"), "\(page.text)")
            let file = try #require(page.text.firstMatch(of: #/href="([^"]*\/file)" download/#)).1
            let got = try await browser.download(String(file))
            #expect(got.status == 200)
            #expect(got.headers[.contentLength] == String(got.bytes.count))
            let disposition = try #require(got.headers[.contentDisposition])
            #expect(disposition.contains(#/filename="sample-20261123-070000\.rollcall"/#), "\(disposition)")
            #expect(try office.takeThere(got.bytes).entries > 0)
            #expect(
                try await office.other.store.persons(for: .console.everywhere).contains {
                    $0.name == "Al Agent"
                })
            // Again, and from the list.
            #expect(try await browser.download(String(file)).bytes == got.bytes)
            #expect(
                try await browser.get(Paths.snapshotExport).text.contains("sample-20261123-070000.rollcall"))
            let history = try await browser.get(Paths.snapshotHistory).text
            #expect(history.contains("For North"), "\(history)")

            office.site.time.pass(seconds: 1900)
            _ = try await browser.get(Paths.sync)
            office.site.time.pass(seconds: 1750)
            try await browser.signIn("ann")
            #expect(try await browser.get(String(file)).status == 404)
            #expect(try office.incoming == [])
        }
    }

    @Test func `a delta is written once the other office was heard`() async throws {
        let office = try await ExchangeOffice()
        let id = try #require(try await office.other.store.officeState()?.office.id.description)
        try office.takeThere()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let look = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "n.rollcall"))
            _ = try await browser.arrive(try await browser.post(look.action("/take")))
            for (extent, words) in [("lacks", "what that office lacks"), ("full", "all of it")] {
                let page = try await browser.arrive(
                    try await browser.post(Paths.snapshotExport, ["to": id, "extent": extent]))
                #expect(page.text.contains("<dt>Holds</dt><dd>\(words)</dd>"), "\(page.text)")
            }
        }
    }

    @Test func `a passphrase is typed twice, and the file opens with it alone`() async throws {
        let office = try await ExchangeOffice()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let differ = try await browser.post(
                Paths.snapshotExport, ["passphrase": "four green bottles", "again": "four green bottle"])
            #expect(differ.status == 400 && differ.problem.contains("differ"))
            #expect(!differ.text.contains("four green"))
            // For whom it is stays as it was chosen.
            #expect(differ.text.contains(#"<option value="" selected>Any office"#))
            let short = try await browser.post(
                Paths.snapshotExport, ["passphrase": "short", "again": "short"])
            #expect(short.status == 400 && short.problem.contains("too short"))
            let nobody = try await browser.post(Paths.snapshotExport, ["to": UUID().uuidString])
            #expect(nobody.status == 400 && nobody.problem.contains("not known"))
            #expect(try office.incoming == [])
            let page = try await browser.arrive(
                try await browser.post(
                    Paths.snapshotExport,
                    ["passphrase": "four green bottles", "again": "four green bottles"]))
            let file = try #require(page.text.firstMatch(of: #/href="([^"]*\/file)" download/#)).1
            let bytes = try await browser.download(String(file)).bytes
            #expect(throws: SealedFile.needsPassphrase) { try office.takeThere(bytes) }
            #expect(throws: SealedFile.wrongPassphrase) {
                try office.takeThere(bytes, opener: .passphrase("four green bottle"))
            }
            #expect(try office.takeThere(bytes, opener: .passphrase("four green bottles")).entries > 0)
        }
    }

    @Test func `a stick gets the same file, and no other folder does`() async throws {
        let stick = FileManager.default.temporaryDirectory.path + "/rollcall-stick-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: stick) }
        let office = try await ExchangeOffice(sticks: [stick])
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let page = try await browser.arrive(try await browser.post(Paths.snapshotExport))
            #expect(page.text.contains("Write to \(stick)"))
            let file = try #require(page.text.firstMatch(of: #/href="([^"]*\/file)" download/#)).1
            let bytes = try await browser.download(String(file)).bytes
            let write = try page.action("/stick")
            #expect(try await browser.post(write, ["place": office.place]).status == 404)
            let done = try await browser.arrive(try await browser.post(write, ["place": stick]))
            #expect(done.text.contains("you may take the stick out"), "\(done.text)")
            let names = try FileManager.default.contentsOfDirectory(atPath: stick)
            #expect(names.count == 1)
            let name = try #require(names.first)
            let copied = try #require(FileManager.default.contents(atPath: "\(stick)/\(name)"))
            #expect(Array(copied) == bytes)
            // A stick that went away is said in words.
            try FileManager.default.removeItem(atPath: stick)
            let gone = try await browser.arrive(try await browser.post(write, ["place": stick]))
            #expect(gone.text.contains("The stick could not be written"), "\(gone.text)")
        }
    }

    @Test func `a file's name is one that every system takes`() {
        let time = Instant(milliseconds: 1_795_413_600_000)
        func name(_ office: String) -> String {
            snapshotFileName(office, at: time, in: TimeZone(identifier: "Europe/Berlin") ?? .gmt)
        }
        #expect(name("Harbour Calls") == "harbour-calls-20261123-070000.rollcall")
        #expect(name("Zürich / Süd: 2") == "zurich-sud-2-20261123-070000.rollcall")
        #expect(name("東京") == "office-20261123-070000.rollcall")
        #expect(name("../../etc/passwd") == "etc-passwd-20261123-070000.rollcall")
        #expect(name(String(repeating: "x", count: 300)).count < 100)
    }
}
