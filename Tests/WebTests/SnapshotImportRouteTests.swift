import Domain
import Formats
import Foundation
import HTTPTypes
import Ingest
import Storage
import TestSupport
import Testing

@testable import Web

/// A file from another office: looked at, taken in, taken back, refused.
@Suite struct SnapshotImportRouteTests {
    private static let calls =
        "Agent name,Call Log ID,Log Time,Log Type,State\r\nAnn Lee,1,2024-03-02 09:00:00,Outbound,Lead\r\nAnn Lee,2,2024-03-03 09:00:00,Outbound,Lead\r\n"

    private func office(isPaired: Bool = true) async throws -> ExchangeOffice {
        let office = try await ExchangeOffice(isPaired: isPaired)
        try office.other.take(Self.calls, file: "march.csv")
        return office
    }

    @Test func `what it would do is shown, then it is taken in with a receipt, and taken back`() async throws
    {
        let office = try await office()
        let store = office.site.store
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let before = try await store.stateHash()
            let look = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "north.rollcall"))
            #expect(look.status == 200 && look.text.contains("Take in what “North” sent?"), "\(look.text)")
            #expect(look.text.contains("<li>1 file with calls</li>"))
            #expect(look.text.contains("march.csv, version 1"))
            #expect(
                look.text.contains("<dt>Calls that count afterwards</dt><dd>2</dd>"), "\(look.text)")
            #expect(try await store.stateHash() == before)
            // A reload finds it again.
            #expect(try await browser.get(Paths.snapshotImport).text.contains("Take in what “North” sent?"))
            #expect(try office.incoming.count == 1)

            let receipt = try await browser.arrive(try await browser.post(look.action("/take")))
            #expect(receipt.status == 200 && receipt.text.contains("Taken in"), "\(receipt.text)")
            let after = try await store.stateHash()
            #expect(after.calls == 2)
            for word in checkWords(ofHex: after.hex) { #expect(receipt.text.contains("<li>\(word)</li>")) }
            #expect(receipt.text.contains("This office still holds exactly this."))
            #expect(receipt.text.contains("<dd>2 more than before</dd>"))
            #expect(receipt.text.contains("march.csv, version 1"))
            #expect(try office.incoming == [])

            let history = try await browser.get(Paths.snapshotHistory).text
            #expect(history.contains("Took in the snapshot of North"))
            let undo = try receipt.action("/undo")
            let unsaid = try await browser.post(undo)
            #expect(unsaid.status == 400 && unsaid.problem.contains("needs a reason"))
            let undone = try await browser.arrive(
                try await browser.post(undo, ["reason": "wrong file"]))
            #expect(undone.text.contains("Taken back"), "\(undone.text)")
            #expect(try await store.countedCalls() == 0)
            let twice = try await browser.arrive(try await browser.post(undo, ["reason": "again"]))
            #expect(twice.text.contains("Something was done since"), "\(twice.text)")

            // It can come again.
            let again = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "north.rollcall"))
            _ = try await browser.arrive(try await browser.post(again.action("/take")))
            #expect(try await store.countedCalls() == 2)
            #expect(try await store.stateHash() == after)
        }
    }

    @Test func `both hold the same once each has taken the other's in, and the pages say so`() async throws {
        let office = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            try office.takeThere()
            let look = try await browser.arrive(
                try await browser.sendFile(
                    Paths.snapshotImport, office.snapshot(), named: "n.rollcall", asScript: true
                ).asRedirect)
            _ = try await browser.arrive(try await browser.post(look.action("/take")))
            let hash = try await office.site.store.stateHash()
            #expect(try await office.other.store.stateHash() == hash)
            let page = try await browser.get(Paths.sync).text
            #expect(page.contains(#"<span class="badge good">The same</span>"#))
            // The same file again has nothing new, and says that both are the same.
            let again = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "n.rollcall"))
            #expect(again.text.contains("Nothing in it is new: both offices hold the same."), "\(again.text)")
            let noted = try await browser.arrive(try await browser.post(again.action("/take")))
            #expect(noted.text.contains("Nothing in it was new"))
            #expect(try await office.site.store.stateHash() == hash)
        }
    }

    @Test func `a stranger's file leads to pairing, and is looked at again`() async throws {
        let office = try await office(isPaired: false)
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let refused = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "n.rollcall"))
            #expect(refused.problem.contains("“North” is not paired"), "\(refused.text)")
            #expect(try await office.site.store.countedCalls() == 0)
            #expect(
                try await browser.get(Paths.activity + "?kind=offices").text.contains("refused the snapshot"))
            let words = try await browser.post(try refused.action("/pair"))
            let asked = try await browser.get(words.location)
            #expect(asked.text.contains("Is this “North”?"))
            let look = try await browser.arrive(try await browser.post(words.location, ["answer": "yes"]))
            #expect(look.text.contains("Take in what “North” sent?"), "\(look.text)")
        }
    }

    @Test func `what is damaged, strange or one's own is said in words, and nothing is kept`() async throws {
        let office = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            func look(_ bytes: [UInt8], _ name: String = "x.rollcall") async throws -> TestAnswer {
                try await browser.arrive(
                    try await browser.sendFile(Paths.snapshotImport, bytes, named: name))
            }
            var damaged = try office.snapshot()
            damaged[damaged.count / 2] ^= 1
            let first = try await look(damaged)
            #expect(first.problem.contains("damaged"), "\(first.problem)")
            // One that was refused makes room for the next.
            let cut = try await look(Array(try office.snapshot().prefix(2000)))
            #expect(!cut.problem.isEmpty && cut.text.contains("Discard it"))
            let strange = try await look(Array("Agent name,State\n".utf8), "calls.csv")
            #expect(strange.problem.contains("no snapshot"))
            let card = try await look(try office.card())
            #expect(card.problem.contains("is the card of “North”"))
            #expect(try office.incoming.count == 1)

            let path = office.path()
            try exportSnapshot(SnapshotOrder(), to: path, from: office.site.store, by: .console)
            let own = try await look(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
            #expect(own.text.contains("a snapshot of this office itself. Nothing in it is new."))
            #expect(try await browser.post(own.action("/discard")).status == 303)
            #expect(try office.incoming == [])
            #expect(try await browser.post(own.action("/take")).status == 404)
        }
    }

    @Test func `a sealed file asks for its passphrase until it is right`() async throws {
        let office = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let asked = try await browser.arrive(
                try await browser.sendFile(
                    Paths.snapshotImport, office.snapshot(passphrase: "four green bottles"),
                    named: "s.rollcall"))
            #expect(asked.text.contains("It is sealed with a passphrase"), "\(asked.text)")
            let open = try asked.action("/open")
            #expect(try await browser.post(open).status == 400)
            let wrong = try await browser.arrive(try await browser.post(open, ["passphrase": "four"]))
            #expect(wrong.problem.contains("The passphrase is wrong"), "\(wrong.text)")
            let right = try await browser.arrive(
                try await browser.post(open, ["passphrase": "four green bottles"]))
            #expect(right.text.contains("Take in what “North” sent?"))
            _ = try await browser.arrive(try await browser.post(right.action("/take")))
            #expect(try await office.site.store.countedCalls() == 2)
        }
    }

    @Test func `one waits at a time, every admin sees it, and a restart forgets it`() async throws {
        let office = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let look = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "first.rollcall"))
            let second = try await browser.sendFile(
                Paths.snapshotImport, office.snapshot(), named: "second.rollcall")
            #expect(second.status == 409 && second.problem.contains("“first.rollcall”, brought by Ann Admin"))
            let script = try await browser.sendFile(
                Paths.snapshotImport, office.snapshot(), named: "second.rollcall", asScript: true)
            #expect(script.status == 409 && script.text.contains(#""code":"conflict""#))
            #expect(try office.incoming.count == 1)
            let other = browser.another()
            try await office.site.store.addUser(
                username: "bo", name: "Bo Admin", role: .admin, person: nil, password: TestSite.password,
                isInitial: false, by: .console)
            try await other.signIn("bo")
            #expect(try await other.get(Paths.snapshotImport).text.contains("Brought by Ann Admin"))
            #expect(try look.action("/discard").hasPrefix(Paths.snapshotImport))
        }
        let site = try office.site.restarted()
        #expect(try office.incoming == [])
        try await site.run { browser in
            try await browser.signIn("ann")
            #expect(
                try await browser.get(Paths.snapshotImport).text.contains("Drop the other office’s snapshot"))
        }
    }

    @Test func `when the office changes meanwhile it is shown again before it is taken in`() async throws {
        let office = try await ExchangeOffice()
        try office.takeThere()
        let person = try #require(try await office.site.store.persons().first { $0.name == "Al Agent" })
        office.clock.pass(minutes: 5)
        try await office.other.store.renamePerson(person.id, to: "Al North", for: .console, by: .console)
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let look = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "n.rollcall"))
            #expect(!look.text.contains("New conflicts to decide"))
            let take = try look.action("/take")
            try await office.site.store.renamePerson(person.id, to: "Al Sample", for: .console, by: .console)
            // And another snapshot takes the place of this one in the quarantine.
            let path = office.path()
            try Data(try office.snapshot()).write(to: URL(fileURLWithPath: path))
            _ = try ReceivedSnapshot(path: path, fileName: "x", in: office.site.store)
            let stale = try await browser.arrive(try await browser.post(take))
            #expect(stale.text.contains("The office has changed since"), "\(stale.text)")
            #expect(stale.text.contains("<dt>New conflicts to decide</dt><dd>1 conflict</dd>"))
            let names = try await office.site.store.persons().map(\.name)
            #expect(names.contains("Al Sample") && !names.contains("Al North"))
            let taken = try await browser.arrive(try await browser.post(take))
            #expect(taken.text.contains("What Al North is called"), "\(taken.text)")
            #expect(try await office.site.store.openConflictCount(for: .console) == 1)
        }
    }

    @Test func `a clock that is days ahead takes a tick`() async throws {
        let office = try await ExchangeOffice()
        office.clock.pass(minutes: 3 * 24 * 60)
        try office.other.take(Self.calls, file: "march.csv")
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let look = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "n.rollcall"))
            #expect(look.text.contains("The clock of “North” is 3 days ahead of this one."), "\(look.text)")
            #expect(look.text.contains(#"name="despiteClock""#))
            let refused = try await browser.post(look.action("/take"))
            #expect(refused.status == 409 && refused.problem.contains("hours ahead"))
            #expect(try await office.site.store.countedCalls() == 0)
            _ = try await browser.arrive(
                try await browser.post(look.action("/take"), ["despiteClock": "yes"]))
            #expect(try await office.site.store.countedCalls() == 2)
        }
    }

    @Test func `every kind of entry that travels has words`() {
        let shared = Set(
            ActivityTests.bodies.filter { $0.payloadType.stream == .shared }.map { $0.payloadType.kind })
        #expect(shared.subtracting(entryKindWords.keys) == [])
    }
}

extension TestAnswer {
    /// A script's answer as the redirect that a browser without one gets.
    var asRedirect: TestAnswer {
        var answer = self
        guard status == 202,
            let href = text.firstMatch(of: #/"href":"([^"]*)"/#).map({ String($0.1) })
        else { return self }
        answer.status = 303
        answer.headers[.location] = href
        return answer
    }
}

extension EventBody {
    fileprivate var payloadType: any EventPayload.Type { type(of: payload) }
}
