import Domain
import Foundation
import HTTPTypes
import Storage
import Testing

@testable import Web

/// The pages about people over HTTP: what they show to whom, and each change with its steps.
@Suite struct PeopleTests {
    /// The office's day at the test clock.
    static let today = "2026-11-23"

    private func person(_ name: String, _ site: TestSite) async throws -> Person {
        try #require(try await site.store.persons().first { $0.name == name })
    }

    private func standing(_ name: String, _ day: String, _ site: TestSite) async throws -> Standing {
        let organization = try await site.store.organization()
        let id = try await person(name, site).id
        let day = try #require(Day(iso: day))
        return try #require(organization.standing(of: id, on: day))
    }

    private func kinds(_ site: TestSite) async throws -> [String] {
        let admin = try #require(site.users[.admin])
        let viewer = Viewer(user: admin.id, name: admin.name, role: .admin, person: nil)
        return try await site.store.activity(ActivityFilter(), for: viewer).entries.map(\.event.kind)
    }

    /// Sends a form, then what its preview page asks to be confirmed.
    private func confirm(_ browser: TestBrowser, _ path: String, _ fields: [String: String]) async throws
        -> (look: TestAnswer, done: TestAnswer)
    {
        let look = try await browser.post(path, fields.merging(["step": "look"]) { $1 })
        var again = fields
        again["seen"] = look.hidden("seen")
        again["step"] = "do"
        return (look, try await browser.post(path, again))
    }

    @Test func `everybody sees the people within reach and nobody else`() async throws {
        let site = try await TestSite()
        let bob = try #require(site.stranger)
        try await site.run { browser in
            try await browser.signIn("ann")
            let all = try await browser.get(Paths.people)
            for name in ["Tom Manager", "Lea Leader", "Al Agent", "Meg Manager", "Ned Leader", "Bob Other"] {
                #expect(all.text.contains(name), "\(name)")
            }
            #expect(all.text.contains("2 team managers, 2 team leaders, 2 agents"))
            #expect(all.text.contains("Add a person") && all.text.contains("Place whom I ticked"))
            let found = try await browser.get(Paths.people + "?q=bób")
            #expect(found.text.contains("Bob Other") && !found.text.contains("Al Agent"))
            let nobody = try await browser.get(Paths.people + "?q=zz")
            #expect(nobody.text.contains("Nobody is called so"))
            let wrong = try await browser.get(Paths.people + "?on=yesterday")
            #expect(wrong.status == 400)
            for (username, sees) in [("tom", ["Lea Leader", "Al Agent"]), ("lea", ["Al Agent"]), ("al", [])] {
                let own = browser.another()
                try await own.signIn(username)
                let page = try await own.get(Paths.people)
                for name in sees { #expect(page.text.contains(name), "\(username): \(name)") }
                for name in ["Meg Manager", "Ned Leader", "Bob Other"] {
                    #expect(!page.text.contains(name), "\(username): \(name)")
                }
                #expect(page.text.contains("Add a person") == (username == "tom"))
                for path in [
                    Paths.person(bob.id.description), Paths.personAPI(bob.id.description),
                    Paths.personPlace(bob.id.description),
                ] { #expect(try await own.get(path).status == 404, "\(username) \(path)") }
                let json = try await own.get(Paths.peopleAPI)
                #expect(json.status == 200 && !json.text.contains("Bob Other"))
                let csv = try await own.get(Paths.rosterCSV)
                #expect(csv.status == 200 && !csv.text.contains("Bob Other"))
            }
        }
    }

    @Test func `placing is looked at first, done then, and stays in the history`() async throws {
        let site = try await TestSite()
        let (al, ned) = (try await person("Al Agent", site), try await person("Ned Leader", site))
        let path = Paths.personPlace(al.id.description)
        try await site.run { browser in
            try await browser.signIn("ann")
            #expect(try await browser.get(path).text.contains("Place Al Agent"))
            let fields = [
                "from": "2026-12-01", "seat": "leader:\(ned.id)", "designation": "Cold Caller",
                "employment": "Part-Timer", "status": "Employee", "group": "South", "reason": "asked for it",
            ]
            var wrong = fields
            wrong["from"] = "soon"
            let refused = try await browser.post(path, wrong)
            #expect(refused.status == 400 && refused.text.contains("is no day: “soon”"))
            #expect(refused.text.contains(#"value="South""#) && refused.text.contains("asked for it"))
            // Nothing is done that was not looked at.
            var unseen = fields
            unseen["step"] = "do"
            let asked = try await browser.post(path, unseen)
            #expect(asked.status == 200 && asked.text.contains("Something changed meanwhile"))
            let (look, done) = try await confirm(browser, path, fields)
            #expect(look.text.contains("Place Al Agent from Tue 1 Dec 2026?"))
            #expect(
                look.text.contains("<del>Tom Manager</del>") && look.text.contains("<ins>Meg Manager</ins>"))
            #expect(done.status == 303 && done.location == Paths.person(al.id.description))
            let page = try await browser.get(done.location)
            #expect(page.text.contains("Moved from the team of Lea Leader to the team of Ned Leader"))
            #expect(page.text.contains("Scheduled") && page.text.contains("asked for it"))
            let then = try await browser.get(done.location + "?on=2026-12-01")
            #expect(then.text.contains("in the team of Ned Leader (Meg Manager)"))
            let before = try await browser.get(done.location + "?known=2026-11-01")
            #expect(!before.text.contains("Ned Leader"))
            // The scheduled change can be taken back.
            let cancel = Paths.personCancel(al.id.description)
            #expect(try await browser.get(cancel + "?day=2026-12-01").text.contains("asked for it"))
            #expect(try await browser.get(cancel + "?day=2026-12-02").status == 404)
            let (_, cancelled) = try await confirm(browser, cancel, ["from": "2026-12-01"])
            #expect(cancelled.status == 303)
        }
        #expect(try await kinds(site).prefix(3).filter { $0 == PersonsPlaced.kind }.count == 2)
        #expect(try await standing("Al Agent", "2026-12-02", site).leader == person("Lea Leader", site).id)
    }

    @Test func `a team manager places within his teams alone`() async throws {
        let site = try await TestSite()
        let (al, lea, ned) = (
            try await person("Al Agent", site), try await person("Lea Leader", site),
            try await person("Ned Leader", site)
        )
        let bob = try #require(site.stranger)
        try await site.run { browser in
            try await browser.signIn("tom")
            let path = Paths.personPlace(al.id.description)
            #expect(!(try await browser.get(path).text.contains("Ned Leader")))
            let away = try await browser.post(
                path, ["from": "2026-12-01", "seat": "leader:\(ned.id)", "step": "look"])
            #expect(away.status == 404 && away.text.contains("another team manager"))
            let fetch = try await browser.post(
                Paths.placePeople,
                ["person": bob.id.description, "from": Self.today, "seat": "leader:\(lea.id)"])
            #expect(fetch.status == 404 && !fetch.text.contains("Bob"))
            let tom = try #require(site.users[.teamManager]?.person)
            let (_, done) = try await confirm(
                browser, path, ["from": "2026-12-01", "seat": "manager:\(tom)"])
            #expect(done.status == 303)
            let added = try await browser.post(
                Paths.newPerson,
                [
                    "name": "Nia New", "from": Self.today, "designation": "Cold Caller",
                    "employment": "Full-Timer", "seat": "leader:\(lea.id)",
                ])
            #expect(added.status == 303)
            let foreign = try await browser.post(
                Paths.newPerson,
                [
                    "name": "Nat New", "from": Self.today, "designation": "Cold Caller",
                    "employment": "Full-Timer", "seat": "leader:\(ned.id)",
                ])
            #expect(foreign.status == 404)
        }
        #expect(try await standing("Al Agent", "2026-12-01", site).isIdle)
        // Whom he let go today he can take back; whom another manager had last he cannot.
        _ = try await site.store.placePersons([bob.id], reason: "", for: .console, by: .console) {
            try $0.leave(bob.id, from: try #require(Day(iso: Self.today)))
        }
        try await site.run { browser in
            try await browser.signIn("tom")
            let (_, left) = try await confirm(
                browser, Paths.personLeave(al.id.description), ["from": Self.today])
            #expect(left.status == 303)
            let back = Paths.personReturn(al.id.description)
            #expect(try await browser.get(left.location).text.contains("Let return"))
            let (_, returned) = try await confirm(
                browser, back, ["from": Self.today, "seat": "leader:\(lea.id)", "designation": "Cold Caller"])
            #expect(returned.status == 303)
            #expect(try await browser.get(Paths.personReturn(bob.id.description)).status == 404)
        }
    }

    @Test func `many are placed together, as one entry`() async throws {
        let site = try await TestSite()
        let ned = try await person("Ned Leader", site)
        let lea = try await person("Lea Leader", site)
        let bea = try await site.store.testPerson("Bea Agent", Placement.coldCaller) { $0.leader = lea.id }
        let al = try await person("Al Agent", site)
        let before = try await kinds(site).count
        try await site.run { browser in
            try await browser.signIn("ann")
            let none = try await browser.post(Paths.placePeople, ["step": "edit"])
            #expect(none.status == 400 && none.text.contains("Nobody is chosen"))
            let token = browser.formToken
            func send(_ step: String, _ seen: String = "") async throws -> TestAnswer {
                let form = Form([
                    ("csrf", token), ("step", step), ("person", al.id.description),
                    ("person", bea.id.description), ("from", "2026-12-01"), ("seat", "leader:\(ned.id)"),
                    ("seen", seen),
                ])
                return try await browser.send(
                    .post, Paths.placePeople, headers: [.contentType: "application/x-www-form-urlencoded"],
                    body: form.urlEncoded)
            }
            #expect(try await send("edit").text.contains("Place 2 people"))
            let look = try await send("look")
            #expect(look.text.contains("Al Agent") && look.text.contains("Bea Agent"))
            #expect(try await send("do", look.hidden("seen")).status == 303)
        }
        #expect(try await kinds(site).count == before + 2, "the sign-in and one entry")
        #expect(try await standing("Bea Agent", "2026-12-01", site).leader == ned.id)
    }

    @Test func `rising, leaving and returning`() async throws {
        let site = try await TestSite()
        let (al, lea) = (try await person("Al Agent", site), try await person("Lea Leader", site))
        let tom = try #require(site.users[.teamManager]?.person)
        let bea = try await site.store.testPerson("Bea Agent", Placement.coldCaller) { $0.leader = lea.id }
        try await site.run { browser in
            try await browser.signIn("ann")
            let promote = Paths.personPromote(al.id.description)
            #expect(try await browser.get(promote).text.contains("Bea Agent, with Lea Leader now"))
            let (look, done) = try await confirm(
                browser, promote,
                [
                    "from": "2026-12-01", "designation": "Team Leader", "manager": tom.description,
                    "team": bea.id.description,
                ])
            #expect(look.text.contains("2 people are placed"))
            #expect(done.status == 303)
            // Who leads cannot simply leave.
            let leave = Paths.personLeave(lea.id.description)
            let (_, left) = try await confirm(browser, leave, ["from": "2026-12-05"])
            #expect(left.status == 303, "nobody is under her any more: \(left.text.prefix(0))")
            let orphans = try await browser.post(
                Paths.personLeave(al.id.description),
                ["from": "2026-12-05", "step": "look", "reason": "moved away"])
            #expect(orphans.status == 409 && orphans.text.contains("Bea Agent"))
            #expect(orphans.text.contains("moved away"))
            site.time.pass(seconds: 20 * 86_400)
            try await browser.signIn("ann")
            let gone = try await browser.get(Paths.person(lea.id.description))
            #expect(gone.text.contains("Let return") && gone.text.contains("disable the user"))
            let (_, back) = try await confirm(
                browser, Paths.personReturn(lea.id.description),
                ["from": "2026-12-13", "designation": "Cold Caller", "seat": "leader:\(al.id)"])
            #expect(back.status == 303)
        }
        #expect(try await standing("Bea Agent", "2026-12-02", site).leader == al.id)
        #expect(try await standing("Lea Leader", "2026-12-14", site).leader == al.id)
        #expect(try await standing("Lea Leader", "2026-12-06", site).hasLeft)
    }

    @Test func `a leader is replaced by an agent who rises, in one entry`() async throws {
        let site = try await TestSite()
        let (al, lea) = (try await person("Al Agent", site), try await person("Lea Leader", site))
        let bea = try await site.store.testPerson("Bea Agent", Placement.coldCaller) { $0.leader = lea.id }
        let path = Paths.personHandOver(lea.id.description)
        try await site.run { browser in
            try await browser.signIn("ann")
            let form = try await browser.get(path)
            #expect(form.text.contains("Al Agent, Cold Caller") && form.text.contains("Ned Leader"))
            let nobody = try await browser.post(path, ["from": "2026-12-01", "fate": "Left"])
            #expect(nobody.status == 400 && nobody.text.contains("There is no successor"))
            #expect(nobody.text.contains(#"value="Left" checked"#), "what was chosen stays")
            let (look, done) = try await confirm(
                browser, path, ["from": "2026-12-01", "successor": "rises:\(al.id)", "fate": "Left"])
            #expect(look.text.contains("Bea Agent") && look.text.contains("can still sign in as lea"))
            #expect(look.text.contains("No open request is touched"))
            #expect(done.status == 303)
            let page = try await browser.get(done.location)
            #expect(page.text.contains("can still sign in"))
            #expect(try await browser.get(Paths.personHandOver(bea.id.description)).status == 404)
        }
        #expect(try await kinds(site).first == TeamHandedOver.kind)
        #expect(try await standing("Bea Agent", "2026-12-01", site).leader == al.id)
        #expect(try await standing("Lea Leader", "2026-12-01", site).hasLeft)
        #expect(try await standing("Bea Agent", "2026-11-30", site).leader == lea.id)
    }

    @Test func `a leader who goes on leave keeps the manager`() async throws {
        let site = try await TestSite()
        let (al, lea) = (try await person("Al Agent", site), try await person("Lea Leader", site))
        try await site.run { browser in
            try await browser.signIn("tom")
            let (_, done) = try await confirm(
                browser, Paths.personHandOver(lea.id.description),
                ["from": "2026-12-01", "successor": "rises:\(al.id)", "fate": "On leave"])
            #expect(done.status == 303)
        }
        let now = try await standing("Lea Leader", "2026-12-01", site)
        #expect(now.placement.status == "On leave" && !now.hasLeft)
        #expect(now.manager == site.users[.teamManager]?.person)
    }

    @Test func `a person is added and renamed; a name that is there is asked about`() async throws {
        let site = try await TestSite()
        let al = try await person("Al Agent", site)
        try await site.run { browser in
            try await browser.signIn("ann")
            let fields = [
                "name": "AL  agent", "from": Self.today, "designation": "Cold Caller",
                "employment": "Full-Timer", "seat": "",
            ]
            let same = try await browser.post(Paths.newPerson, fields)
            #expect(same.status == 409 && same.text.contains("somebody called Al Agent already"))
            #expect(same.text.contains(#"value="AL  agent""#) || same.text.contains("AL  agent"))
            let other = try await browser.post(Paths.newPerson, fields.merging(["again": "yes"]) { $1 })
            #expect(other.status == 303)
            let name = Paths.personName(al.id.description)
            let empty = try await browser.post(name, ["name": " "])
            #expect(empty.status == 400 && empty.text.contains("needs a name"))
            #expect(try await browser.post(name, ["name": "Alan Agent"]).status == 303)
            #expect(try await browser.get(Paths.people).text.contains("Alan Agent"))
        }
        #expect(try await kinds(site).first == PersonRenamed.kind)
    }

    @Test func `an office without people says how to begin`() async throws {
        let site = try await TestSite(isSetUp: false)
        try await site.store.foundOffice(
            rules: OfficeRules(name: "New", timeZone: "Europe/Berlin"), sources: [], username: "ann",
            name: "Ann Admin", password: TestSite.password, by: .console)
        try await site.run { browser in
            try await browser.signIn("ann")
            let page = try await browser.get(Paths.people)
            #expect(page.text.contains("How to begin") && page.text.contains("Add a team manager"))
            #expect(
                try await browser.get(Paths.newPerson + "?designation=Team+Manager").text.contains(
                    #"<option value="Team Manager" selected>"#))
        }
    }

    @Test func `the words are changed unless somebody would be orphaned`() async throws {
        let site = try await TestSite()
        let good = [
            "designation.0": "Cold Caller", "rank.0": "agent", "designation.1": "Team Leader",
            "rank.1": "leads", "designation.2": "Team Manager", "rank.2": "manages",
            "designation.3": "Closer", "rank.3": "agent", "employments": "Full-Timer\nPart-Timer\nStudent",
            "status.0": "Employee", "status.1": "On leave", "status.2": "Left", "ends.2": "yes",
            "status.3": "Retired", "ends.3": "yes", "expiryDays": "14",
        ]
        try await site.run { browser in
            try await browser.signIn("ann")
            let orphaning = good.merging(["rank.1": "agent", "rank.3": "leads"]) { $1 }
            let refused = try await browser.post(Paths.peopleSettings, orphaning)
            #expect(refused.status == 409 && refused.text.contains("without a team leader"))
            #expect(refused.text.contains(#"value="Closer""#) && refused.text.contains(#"value="14""#))
            for (change, says) in [
                (["rank.2": "agent"], "one that manages"), (["expiryDays": "0"], "1 to 90"),
                (["designation.3": "cold caller"], "is there twice"),
                (["ends.0": "x", "ends.1": "x"], "one that does not"),
            ] {
                let wrong = try await browser.post(Paths.peopleSettings, good.merging(change) { $1 })
                #expect(wrong.status == 400 && wrong.text.contains(says), "\(says)")
            }
            #expect(try await browser.post(Paths.peopleSettings, good).status == 303)
            // The other form of the page leaves them alone.
            let office = try await browser.post(
                Paths.settings,
                ["office": "Sample", "timeZone": "Europe/Berlin", "cutOver": "00:00", "maxGap": "12"])
            #expect(office.status == 303)
        }
        let rules = try #require(try await site.store.officeState()?.office.rules)
        #expect(rules.terms.designations.last == "Closer" && rules.terms.employments.count == 3)
        #expect(rules.terms.ending == ["Left", "Retired"])
        #expect(rules.requests.expiryDays == 14 && !rules.keepsPastDays && rules.maxGapMinutes == 12)
    }

    @Test func `programs read people and one person's steps`() async throws {
        let site = try await TestSite()
        let al = try await person("Al Agent", site)
        try await site.run { browser in
            try await browser.signIn("tom")
            let list = try await browser.get(Paths.peopleAPI + "?on=\(Self.today)")
            let all = try #require(
                try JSONSerialization.jsonObject(with: Data(list.text.utf8)) as? [String: Any])
            let people = try #require(all["people"] as? [[String: Any]])
            #expect(people.map { $0["name"] as? String } == ["Al Agent", "Lea Leader", "Tom Manager"])
            #expect(people.first?["manager"] as? String == "Tom Manager")
            let one = try await browser.get(Paths.personAPI(al.id.description))
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(one.text.utf8)) as? [String: Any])
            let steps = try #require(json["timeline"] as? [[String: Any]])
            #expect(steps.first?["changes"] as? [String] == ["joined"])
            #expect(json["leader"] as? String == "Lea Leader")
        }
    }
}

extension TestAnswer {
    /// The value of a hidden field of the page.
    func hidden(_ name: String) -> String {
        let pattern = #"name=""# + name + #"" value="([^"]*)""#
        guard let range = text.range(of: pattern, options: .regularExpression) else { return "" }
        return String(text[range].dropFirst(#"name="" value=""#.count + name.count).dropLast())
    }
}
