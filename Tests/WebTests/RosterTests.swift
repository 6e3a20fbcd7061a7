import Domain
import Foundation
import HTTPTypes
import Storage
import Testing

@testable import Web

@Suite struct RosterTests {
    private func send(
        _ browser: TestBrowser, _ step: String, _ text: String, from: String = "2026-11-23"
    ) async throws -> TestAnswer {
        let parts = [
            ("csrf", browser.formToken), ("step", step), ("from", from), ("reason", ""), ("text", text),
        ]
        let body =
            parts.map {
                "--xyz\r\nContent-Disposition: form-data; name=\"\($0.0)\"\r\n\r\n\($0.1)\r\n"
            }.joined() + "--xyz--\r\n"
        return try await browser.send(
            .post, Paths.roster, headers: [.contentType: "multipart/form-data; boundary=xyz"], body: body)
    }

    private static let roster = """
        name;Team  Leader;DESIGNATION;Team manager;Group;From
        Ola Opener;;team manager;;West;
        Åsa Lind;;Team Leader;Ola Opener;West;
        Cy Caller;asa lind;;;;2026-12-01
        Al Agent;Åsa Lind;;Ola Opener;;
        Bob Other;;;;;
        """

    @Test func `a roster is looked at line by line and taken in as one entry`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("ann")
            _ = try await browser.get(Paths.roster)
            let look = try await send(browser, "look", Self.roster)
            #expect(
                look.text.contains("3 added, 1 placed, 1 unchanged, 0 refused."), "\(look.text.suffix(3000))")
            let done = try await send(browser, "do", Self.roster)
            #expect(done.status == 303 && done.location == Paths.people)
            let again = try await send(browser, "look", Self.roster)
            #expect(again.text.contains("0 added, 0 placed, 5 unchanged"))
            #expect(again.text.contains("placed like this already"))
            // What is exported changes nothing when it comes in again.
            let csv = try await browser.get(Paths.rosterCSV + "?on=2026-12-02")
            #expect(
                csv.text.contains(
                    "Cy Caller,Cold Caller,Full-Timer,Employee,West,Åsa Lind,Ola Opener,2026-12-02"))
            let round = try await send(browser, "look", csv.text)
            #expect(round.text.contains("0 added, 0 placed, 9 unchanged, 0 refused."))
        }
        let organization = try await site.store.organization()
        let persons = try await site.store.persons()
        let al = try #require(persons.first { $0.name == "Al Agent" })
        let day = try #require(Day(iso: "2026-11-23"))
        let now = try #require(organization.standing(of: al.id, on: day))
        let leader = try #require(now.leader)
        #expect(organization.name(of: leader) == "Åsa Lind")
        let admin = try #require(site.users[.admin])
        let viewer = Viewer(user: admin.id, name: admin.name, role: .admin, person: nil)
        let placed = try await site.store.activity(ActivityFilter(), for: viewer).entries.filter {
            $0.event.kind == PersonsPlaced.kind
        }
        #expect(placed.count == 1)
        let hash = try await site.store.stateHash()
        #expect(try site.store.rebuild { _, _ in }.isEmpty)
        #expect(try await site.store.stateHash() == hash, "the journal makes the same people again")
    }

    @Test func `one wrong line keeps everything out, and each says why`() async throws {
        let site = try await TestSite()
        let before = try await site.store.persons().count
        try await site.run { browser in
            try await browser.signIn("ann")
            _ = try await browser.get(Paths.roster)
            let wrong = """
                Name,Designation,Status,Team leader,Team manager,From
                Good One,,,Lea Leader,,
                Al Agent,Astronaut,,,,
                Lea Leader,,,,,31/12/2026
                Good one,,,,,
                Cy Caller,,,Nobody Known,,
                Di Caller,,,Lea Leader,Meg Manager,
                Ned Leader,,,-,-,
                ,,,,,2026-11-23
                """
            let look = try await send(browser, "look", wrong)
            for says in [
                "“Astronaut” is no designation. There is: Cold Caller", "“31/12/2026” is no day",
                "in line 2 already",
                "Nobody is called “Nobody Known”", "A team leader needs a team manager", "It has no name",
                "refused",
            ] { #expect(look.text.contains(says), "\(says)") }
            #expect(!look.text.contains("Take it in"))
            let done = try await send(browser, "do", wrong)
            #expect(done.status == 400 && done.text.contains("nothing was changed"))
            #expect(done.text.contains("Good One,,,Lea Leader"), "what was typed stays")
            let manager = try await send(
                browser, "look", "Name,Team leader,Team manager\nDi,Lea Leader,Meg Manager\n")
            #expect(manager.text.contains("The team manager of Lea Leader is Tom Manager, not Meg Manager"))
            for (text, says) in [
                ("", "The roster is empty"), ("Name\n", "and nobody"),
                ("Who,What\na,b\n", "“Who” is not known"),
                ("Group\nx\n", "no heading “Name”"),
            ] {
                let answer = try await send(browser, "look", text)
                #expect(answer.text.contains(says), "\(says)")
                #expect(answer.status >= 400)
            }
            let orphans = try await send(browser, "look", "Name,Status\nLea Leader,Left\n")
            #expect(orphans.text.contains("Al Agent") && !orphans.text.contains("Take it in"))
        }
        #expect(try await site.store.persons().count == before)
    }

    @Test func `a team manager's roster stays in his teams`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("tom")
            _ = try await browser.get(Paths.roster)
            let good = try await send(browser, "do", "Name,Team leader\nNia New,Lea Leader\n")
            #expect(good.status == 303)
            for text in [
                "Name,Team leader\nBob Other,Lea Leader\n", "Name,Team leader\nNat New,Ned Leader\n",
                "Name,Designation\nNora New,Team Manager\n",
            ] {
                let answer = try await send(browser, "look", text)
                #expect(!answer.text.contains("Meg Manager"))
                if text.contains("Bob") {
                    // He does not know that there is one: it is a new person to him.
                    #expect(answer.text.contains("1 added"))
                } else {
                    #expect(!answer.text.contains("Take it in"), "\(text)")
                }
            }
        }
    }
}
