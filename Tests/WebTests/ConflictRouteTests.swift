import Domain
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

/// What two offices did to one person without knowing of each other, and what becomes of it.
@Suite struct ConflictRouteTests {
    private func office() async throws -> (ExchangeOffice, ID<Person>) {
        let office = try await ExchangeOffice()
        let person = try await office.conflict()
        return (office, person)
    }

    private func take(_ office: ExchangeOffice, _ browser: TestBrowser) async throws -> TestAnswer {
        let look = try await browser.arrive(
            try await browser.sendFile(Paths.snapshotImport, office.snapshot(), named: "n.rollcall"))
        return try await browser.arrive(try await browser.post(look.action("/take")))
    }

    private func name(_ person: ID<Person>, _ office: ExchangeOffice) async throws -> String? {
        try await office.site.store.persons().first { $0.id == person }?.name
    }

    @Test func `both sides are shown, one is chosen, and it can be opened again`() async throws {
        let (office, person) = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            #expect(try await browser.get(Paths.conflicts).text.contains("No conflict is open"))
            let receipt = try await take(office, browser)
            #expect(receipt.text.contains("What Al North is called"), "\(receipt.text)")

            let inbox = try await browser.get(Paths.conflicts)
            #expect(inbox.text.contains("What Al North is called"))
            let sides = inbox.text.matches(
                of: #/(?s)<div class="side (good|warn)"><h3>([^<]*)<\/h3>(.*?)<\/div>/#
            )
            .map { (String($0.1), String($0.2), String($0.3)) }
            #expect(inbox.text.contains("<h3>Stands now</h3>") && inbox.text.contains("<h3>Lost</h3>"))
            #expect(sides.count == 2)
            #expect(inbox.text.contains("Al North") && inbox.text.contains("Al Sample"))
            #expect(inbox.text.contains("Console, North") && inbox.text.contains("Console, Sample"))
            #expect(inbox.text.contains("Only the name that pages show. No figure changes."))
            // The menu, the first screen and the person's page tell of it.
            #expect(inbox.text.contains(#"<span class="waiting">1<span"#))
            #expect(try await browser.get(Paths.home).text.contains("1 conflict with other offices"))
            let page = try await browser.get(Paths.person(person.description))
            #expect(page.text.contains("There is an open conflict about this"))
            let link = try #require(page.text.firstMatch(of: #/href="(\/sync\/conflicts\/[0-9a-f]+)"/#)).1

            let decide = try inbox.action("/decide")
            #expect(decide == String(link) + "/decide")
            let none = try await browser.post(decide)
            #expect(none.status == 400 && none.problem.contains("Nothing was chosen"))
            #expect(try await browser.post(decide, ["choice": "both"]).status == 400)
            let long = try await browser.post(
                decide, ["choice": "keep", "comment": String(repeating: "x", count: 2001)])
            #expect(long.status == 400 && long.problem.contains("2,000"))
            let other = try await browser.post(decide, ["choice": "other", "comment": "as he writes it"])
            #expect(other.status == 303)
            let after = try await browser.get(Paths.conflicts).text
            #expect(after.contains("The other is done after all") && after.contains("No conflict is open"))
            #expect(after.contains("“as he writes it”"))
            #expect(try await name(person, office) == "Al Sample")
            #expect(
                !(try await browser.get(Paths.person(person.description))).text
                    .contains("There is an open conflict"))
            #expect(!(try await browser.get(Paths.home)).text.contains("conflict with other offices"))

            let again = try await browser.post(decide, ["choice": "other"])
            #expect(again.status == 409 && again.problem.contains("decided like that already"))
            #expect(try await browser.post(decide, ["choice": "reopen"]).status == 303)
            #expect(try await office.site.store.openConflictCount(for: .console) == 1)
            // What the page says that stands does.
            #expect(try await name(person, office) == "Al North")
            #expect(try await browser.post(decide, ["choice": "keep"]).status == 303)
            #expect(try await name(person, office) == "Al North")
        }
    }

    @Test func `nobody decides over another unseen, and what was changed by hand since is what stands`()
        async throws
    {
        let (office, person) = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            _ = try await take(office, browser)
            let id = try #require(try await office.site.store.conflicts(for: .console).first).conflict.id
            let (page, decide) = (Paths.conflict(id), Paths.conflictDecide(id))
            #expect(try await browser.get(page).text.contains(#"name="seen" value="open""#))
            #expect(try await browser.post(decide, ["choice": "other", "seen": "open"]).status == 303)
            let late = try await browser.post(
                decide, ["choice": "keep", "seen": "open", "comment": "ours is right"])
            #expect(late.status == 409 && late.problem.contains("Somebody else has decided"))
            #expect(late.text.contains(#"value="ours is right""#))
            #expect(try await name(person, office) == "Al Sample")
            office.site.time.pass(seconds: 60)
            try await office.site.store.renamePerson(person, to: "Al Hand", for: .console, by: .console)
            let after = try await browser.get(page).text
            #expect(after.contains("<h3>Won</h3>") && after.contains("Somebody has changed it since"))
            #expect(after.contains("Al Hand") && !after.contains("stands until somebody decides"))
            let seen = try #require(after.firstMatch(of: #/name="seen" value="([^"]+)"/#)).1
            #expect(
                try await browser.post(decide, ["choice": "reopen", "seen": String(seen)]).status == 303)
            // What stood before any decision stands again, and nothing is said to have come since.
            #expect(try await name(person, office) == "Al North")
            #expect(!(try await browser.get(page)).text.contains("<h3>Won</h3>"))
        }
    }

    @Test func `nobody but an admin learns of a conflict`() async throws {
        let (office, person) = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            _ = try await take(office, browser)
            let conflict = try #require(try await office.site.store.conflicts(for: .console).first)
            for name in ["dan", "tom", "lea", "al"] {
                let other = browser.another()
                try await other.signIn(name)
                #expect(try await other.get(Paths.conflicts).status == 404)
                #expect(try await other.get(Paths.conflict(conflict.conflict.id)).status == 404)
                let decide = Paths.conflictDecide(conflict.conflict.id)
                #expect(try await other.post(decide, ["choice": "keep"]).status == 404)
                let page = try await other.get(Paths.person(person.description))
                #expect(!page.text.contains("conflict"), "\(name)")
                #expect(!(try await other.get(Paths.home)).text.contains("conflict"), "\(name)")
            }
            #expect(try await office.site.store.openConflictCount(for: .console) == 1)
        }
    }

    @Test func `a placement says whose team the calls count for`() async throws {
        let office = try await ExchangeOffice()
        try office.takeThere()
        let people = try await office.site.store.persons()
        func id(_ name: String) throws -> ID<Person> { try #require(people.first { $0.name == name }).id }
        let (al, lea, ned) = (try id("Al Agent"), try id("Lea Leader"), try id("Ned Leader"))
        func place(_ store: OfficeStore, _ leader: ID<Person>, _ day: Int32) async throws {
            let placement = Placement(person: al, from: Day(number: day), group: "North", leader: leader)
            try await store.place([placement], reason: "moved", by: .console)
        }
        try await place(office.site.store, ned, 20_500)
        office.clock.pass(minutes: 5)
        try await place(office.other.store, lea, 20_501)
        try await office.site.run { browser in
            try await browser.signIn("ann")
            _ = try await take(office, browser)
            let inbox = try await browser.get(Paths.conflicts).text
            #expect(inbox.contains("Where Al Agent is placed"), "\(inbox)")
            #expect(inbox.contains("count for the team of Lea Leader."))
            #expect(inbox.contains("on for the team of Ned Leader."))
            #expect(inbox.contains("<ins>Ned Leader</ins>") && inbox.contains("<ins>Lea Leader</ins>"))
        }
    }

    @Test func `programs list offices, what passed and conflicts, and decide`() async throws {
        let (office, _) = try await office()
        try await office.site.run { browser in
            try await browser.signIn("ann")
            _ = try await take(office, browser)
            let program = try await TestProgram("ann", office.site, browser)
            let offices = try await program.get(Paths.officesAPI)
            let own = try #require(offices.json["own"] as? [String: Any])
            #expect((own["checkWords"] as? [String])?.count == 6 && own["name"] as? String == "Sample")
            let other = try #require((offices.json["offices"] as? [[String: Any]])?.first)
            #expect(other["name"] as? String == "North" && other["trust"] as? String == "paired")
            #expect(other["openConflicts"] as? Int == 1)
            let snapshots = try await program.get(Paths.snapshotsAPI)
            let kinds = (snapshots.json["snapshots"] as? [[String: Any]])?.compactMap {
                $0["kind"] as? String
            }
            #expect(kinds?.contains("snapshotMerged") == true)
            let list = try await program.get(Paths.conflictsAPI + "?state=open")
            let conflict = try #require((list.json["conflicts"] as? [[String: Any]])?.first)
            #expect(list.json["open"] as? Int == 1 && conflict["canTakeOther"] as? Bool == true)
            let id = try #require(conflict["id"] as? String)
            #expect(try await program.get(Paths.conflictsAPI + "?state=odd").status == 400)
            let bad = try await program.post(Paths.conflictDecideAPI(id), ["choice": "both"])
            #expect(bad.status == 400)
            let done = try await program.post(
                Paths.conflictDecideAPI(id), ["choice": "other", "comment": "ours"])
            #expect(done.status == 200 && done.json["open"] as? Bool == false, "\(done.text)")
            #expect(try await program.post(Paths.conflictDecideAPI("none"), ["choice": "keep"]).status == 404)
            let leader = try await TestProgram("lea", office.site, browser)
            for path in [Paths.officesAPI, Paths.snapshotsAPI, Paths.conflictsAPI] {
                #expect(try await leader.get(path).status == 404)
            }
        }
    }
}
