import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

@testable import Web

/// Two boxes that wrote as one office: an admin sees both versions and says which counts.
@Suite struct ForkRoutesTests {
    @Test func `both versions are shown, and going on with the one held here is on record`() async throws {
        let office = try await ExchangeOffice()
        let (site, north) = (office.site, office.other)
        @Sendable func add(_ name: String, _ box: ImportOffice) async throws {
            office.clock.pass(minutes: 1)
            try await box.store.addPerson(
                name: name, placement: { Placement(person: $0, from: Day(number: 20_000)) }, by: .console)
        }
        @Sendable func takeHere(_ box: ImportOffice) throws -> MergeOutcome {
            let path = office.path()
            try exportSnapshot(SnapshotOrder(), to: path, from: box.store, by: .console)
            return try ReceivedSnapshot(path: path, fileName: "n", in: site.store).merge(by: .console)
        }
        _ = try takeHere(north)
        // A copy that the system does not tell from the folder.
        try north.damage("UPDATE folder SET place = NULL")
        try north.store.close()
        let copy = office.place + "/copy"
        try FileManager.default.copyItem(atPath: north.folder.path, toPath: copy)
        try north.reopen()
        try await add("Real <b>One</b>", north)
        let twin = try ImportOffice(opening: copy, seed: 70, clock: office.clock.clock, place: nil)
        try await add("Twin Only", twin)
        _ = try takeHere(north)
        #expect(try takeHere(twin).notTaken.map(\.reason) == [.fork])
        try await site.run { browser in
            try await browser.signIn("ann")
            let offices = try await browser.get(Paths.sync).text
            #expect(offices.contains("Two boxes write as “North”") && offices.contains(Paths.forks))
            let page = try await browser.get(Paths.forks).text
            #expect(page.contains("Real &lt;b&gt;One") && page.contains("Twin Only"))
            #expect(page.contains("there are two versions") && page.contains("data-confirm"))
            let other = browser.another()
            try await other.signIn("dan")
            #expect(try await other.get(Paths.forks).status == 404)
            let action = try await browser.get(Paths.forks).action(Paths.forks + "/[^\"]*")
            #expect(try await other.post(action, ["settle": "yes"]).status == 404)
            #expect(try await browser.get(Paths.forks).text.contains(">Alarm<"))
            #expect(try await browser.post(action, ["settle": "yes"]).location == Paths.forks)
            let decided = try await browser.get(Paths.forks).text
            #expect(decided.contains(">Decided<") && decided.contains("Twin Only"))
            #expect(!(try await browser.get(Paths.sync).text.contains("Two boxes write as")))
            #expect(
                try await browser.get(Paths.activity).text.contains(
                    "went on with the entries that are held here of"))
            // Twice is once.
            #expect(try await browser.post(action, ["settle": "yes"]).status == 303)
            try await add("Real Two", north)
            #expect(try takeHere(north).notTaken == [])
            #expect(try await browser.post(action).status == 303)
            #expect(try await browser.get(Paths.forks).text.contains(">Alarm<"))
        }
    }
}
