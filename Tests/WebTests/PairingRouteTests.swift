import Domain
import Formats
import Foundation
import HTTPTypes
import Ingest
import Storage
import TestSupport
import Testing

@testable import Web

/// Getting to know another office by its card, its snapshots and six words.
@Suite struct PairingRouteTests {
    @Test func `a lonely office is told what another one is for and how to begin`() async throws {
        let office = try await ExchangeOffice(isPaired: false)
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let page = try await browser.get(Paths.sync)
            #expect(page.status == 200 && page.text.contains("No other office yet"))
            let hash = try await office.site.store.stateHash().hex
            for word in checkWords(ofHex: hash) + (try OfficeKey(of: office.site.store).words) {
                #expect(page.text.contains("<li>\(word)</li>"), "\(word)")
            }
        }
    }

    @Test func `offices pair when the words are the same, and not otherwise`() async throws {
        let office = try await ExchangeOffice(isPaired: false)
        let words = try OfficeKey(of: office.other.store).words
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let seen = try await browser.sendFile(Paths.pairing, office.card(), named: "north.rollcall")
            #expect(seen.status == 303 && seen.location.hasPrefix(Paths.pairing + "/"), "\(seen.text)")
            #expect(try office.incoming == [])
            let page = try await browser.get(seen.location)
            #expect(page.text.contains("Is this “North”?"))
            for word in words { #expect(page.text.contains("<li>\(word)</li>"), "\(word)") }

            #expect(try await browser.post(seen.location).status == 400)
            let no = try await browser.post(seen.location, ["answer": "no"])
            #expect(no.status == 303 && no.location == Paths.pairing)
            #expect(try await browser.get(Paths.pairing).text.contains("Other words mean another key"))
            #expect(try await browser.get(seen.location).status == 404)
            #expect(try await office.site.store.peers(for: .console).isEmpty)

            // A snapshot has the key, too.
            let again = try await browser.sendFile(Paths.pairing, office.snapshot(), named: "n.rollcall")
            let yes = try await browser.post(again.location, ["answer": "yes"])
            #expect(yes.status == 303 && yes.location == Paths.sync)
            let list = try await browser.get(Paths.sync).text
            #expect(list.contains(#"<span class="badge good">Paired</span>"#) && list.contains("Never"))
            #expect(try await office.site.store.peers(for: .console).map(\.trust) == [.paired])
            let activity = try await browser.get(Paths.activity + "?kind=offices").text
            #expect(activity.contains("Its words: \(words.joined(separator: " "))"))
        }
    }

    @Test func `the page tells what somebody must know of each office, and a program the same`() async throws
    {
        let office = try await ExchangeOffice(isPaired: false)
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let seen = try await browser.sendFile(Paths.pairing, office.snapshot(), named: "n.rollcall")
            _ = try await browser.post(seen.location, ["answer": "yes"])
            let store = office.site.store
            let (north, now) = (try #require(try await store.peers(for: .console).first), store.clock.now())
            var list = try await browser.get(Paths.sync).text
            for fact in ["Missing here", "Its clock", "Open conflicts with it"] {
                #expect(!list.contains(fact), "\(fact)")
            }
            let hash = String(repeating: "ab", count: 32)
            try store.noteHeard(
                of: north.office, made: now,
                heads: [ChainHead(office: north.office, incarnation: 1, seq: 7, hash: hash)],
                program: "9.9", skew: 7200)
            list = try await browser.get(Paths.sync).text
            for fact in ["7 entries that others hold", "2 hours ahead of this one", "Rollcall 9.9"] {
                #expect(list.contains(fact), "\(fact)")
            }
            let answer = try await browser.get(Paths.officesAPI)
            let told = try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
            let first = try #require((told?["offices"] as? [[String: Any]])?.first)
            #expect([first["gaps"], first["clockSkew"]].map { $0 as? Int } == [7, 7200])
            #expect(first["release"] as? String == "9.9" && first["heldUntil"] == nil)
        }
    }

    @Test func `only another office's file can be paired with`() async throws {
        let office = try await ExchangeOffice(isPaired: false)
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let own = try await browser.download(Paths.ownCard)
            #expect(own.status == 200)
            #expect(own.headers[.contentDisposition]?.contains("sample-card.rollcall") == true)
            let self_ = try await browser.sendFile(Paths.pairing, own.bytes, named: "own.rollcall")
            #expect(self_.status == 400 && self_.problem.contains("this office itself"))
            let text = try await browser.sendFile(Paths.pairing, Array("hello".utf8), named: "x.txt")
            #expect(text.status == 422 && text.problem.contains("no snapshot"))
            let none = try await browser.sendFile(Paths.pairing, [], named: "empty.rollcall")
            #expect(none.status == 400 && none.problem.contains("No file was chosen"))
            let sealed = try await browser.sendFile(
                Paths.pairing, office.snapshot(passphrase: "four green bottles"), named: "s.rollcall")
            #expect(sealed.status == 400 && sealed.problem.contains("sealed with a passphrase"))
            #expect(try office.incoming == [])
            // The card of this office pairs there.
            let path = office.path()
            try Data(own.bytes).write(to: URL(fileURLWithPath: path))
            let manifest = try SnapshotReader(path: path).manifest
            #expect(manifest.key == (try OfficeKey(of: office.site.store).publicKey))
            #expect(manifest.officeName == "Sample")
        }
    }

    @Test func `a pairing ends with a reason, and nothing more is taken`() async throws {
        let office = try await ExchangeOffice()
        let bytes = try office.snapshot()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            let end = try await browser.get(Paths.sync).action("/unpair")
            let unsaid = try await browser.post(end, ["reason": " "])
            #expect(unsaid.status == 400 && unsaid.problem.contains("needs a reason"))
            #expect(try await browser.post(end, ["reason": "sold"]).status == 303)
            #expect(try await browser.get(Paths.sync).text.contains("Pairing ended"))
            #expect(try await browser.post(end, ["reason": "sold"]).status == 404)
            let page = try await browser.arrive(
                try await browser.sendFile(Paths.snapshotImport, bytes, named: "n.rollcall"))
            #expect(page.problem.contains("pairing with “North” was ended"))
        }
    }
}
