import Domain
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

/// Requests over HTTP: Lea has Al and Ada, Leo has Lou, all under Tom; Ned has Bob under Meg.
@Suite struct TransferRequestRouteTests {
    private struct Office {
        var site: TestSite
        var people: [String: ID<Person>]
        func id(_ name: String) -> String { people[name]?.description ?? "" }
        var store: OfficeStore { site.store }
    }

    private func office() async throws -> Office {
        let site = try await TestSite()
        let manager = site.users[.teamManager]?.person
        let leo = try await site.store.testPerson("Leo Leader", Placement.teamLeader) { $0.manager = manager }
        let lea = site.users[.teamLeader]?.person
        _ = try await site.store.testPerson("Ada Agent", Placement.coldCaller) { $0.leader = lea }
        _ = try await site.store.testPerson("Lou <Agent>", Placement.coldCaller) { $0.leader = leo.id }
        var people: [String: ID<Person>] = [:]
        for person in try await site.store.persons() { people[String(person.name.prefix(3))] = person.id }
        for (username, name) in [("leo", "Leo Leader"), ("ned", "Ned Leader")] {
            _ = try await site.store.addUser(
                username: username, name: name, role: .teamLeader, person: people[String(name.prefix(3))],
                password: TestSite.password, isInitial: false, by: .console)
        }
        return Office(site: site, people: people)
    }

    /// Entries about requests.
    private func events(_ office: Office) async throws -> Int {
        var filter = ActivityFilter()
        filter.kinds = [
            TransferRequestOpened.kind, TransferRequestDecided.kind, TransferRequestCommented.kind,
        ]
        return try await office.store.activity(filter, for: .console, limit: 500).entries.count
    }

    private var day: String { "2026-11-26" }

    @Test func `a swap goes from its form to its last word, and its pages say each state`() async throws {
        let office = try await office()
        try await office.site.run { lea in
            try await lea.signIn("lea")
            let form = try await lea.get(Paths.newRequest + "?kind=swap&agent=\(office.id("Al "))")
            #expect(form.text.contains("value=\"\(office.id("Al "))\" selected"))
            #expect(
                form.text.contains("Lou &lt;Agent&gt;") && form.text.contains("optgroup label=\"Leo Leader\"")
            )
            let opened = try await lea.post(
                Paths.newRequest,
                [
                    "kind": "swap", "agent": office.id("Al "), "other": office.id("Lou"), "effective": day,
                    "reason": "Both live nearer",
                ])
            #expect(opened.status == 303, "\(opened.text)")
            let page = opened.location
            let mine = try await lea.get(page)
            #expect(
                mine.text.contains(
                    "Swap Al Agent of Lea Leader with Lou &lt;Agent&gt; of Leo Leader, from Thu 26 Nov 2026"))
            #expect(mine.text.contains("It waits for Leo Leader, to accept"))
            #expect(mine.text.contains("The request is open"))
            #expect(mine.text.contains(">Withdraw<") && !mine.text.contains(">Accept<"))

            let leo = lea.another()
            try await leo.signIn("leo")
            let home = try await leo.get(Paths.home)
            #expect(home.text.contains("1<span class=\"sr\"> waiting</span>"))
            #expect(home.text.contains("1 request waits for you"))
            let taken = try await leo.post(page + "/accept", ["comment": "Welcome"])
            #expect(taken.status == 303)
            let told = try await leo.get(page)
            #expect(told.text.contains("Accepted") && told.text.contains("Welcome"))
            #expect(!told.text.contains("> waiting</span>"))

            let tom = lea.another()
            try await tom.signIn("tom")
            let list = try await tom.get(Paths.requests)
            #expect(list.text.contains("Waiting for you") && list.text.contains("1 request waits for you"))
            let asked = try await tom.get(page)
            #expect(asked.text.contains("Team of Lea Leader") && asked.text.contains(">Approve<"))
            let approved = try await tom.post(page + "/approve")
            #expect(approved.status == 303)
            let after = try await tom.get(page)
            #expect(
                after.text.contains("Scheduled") && after.text.contains("It comes true on Thu 26 Nov 2026"))
            let morning = try await tom.get(Paths.home)
            #expect(morning.text.contains("Al Agent moves from Lea Leader to Leo Leader"))
            let back = try await tom.post(page + "/revoke", ["comment": "Lou is ill"])
            #expect(back.status == 303)
            let revoked = try await tom.get(page)
            #expect(revoked.text.contains("Tom Manager revoked it before its day"))
            let history = try await tom.get(Paths.requests + "?state=revoked")
            #expect(history.text.contains("Swap Al Agent") && history.text.contains("History"))
            let none = try await tom.get(Paths.requests + "?state=open")
            #expect(none.text.contains("No request fits"))
        }
    }

    @Test func `what was typed is kept, with what is wrong`() async throws {
        let office = try await office()
        try await office.site.run { lea in
            try await lea.signIn("lea")
            let before = try await events(office)
            let typed = [
                "kind": "transfer", "agent": office.id("Al "), "to": office.id("Leo"), "effective": day,
                "reason": "<b>near</b>",
            ]
            for (change, says) in [
                (["reason": " "], "needs a reason"), (["to": ""], "which team"),
                (["agent": ""], "names no agent"),
                (["effective": ""], "has no day"), (["effective": "2026-11-01"], "is over"),
                (["kind": "swap"], "names no other agent"), (["kind": "gift"], "no kind of request"),
            ] {
                let fields = typed.merging(change) { $1 }
                let answer = try await lea.post(Paths.newRequest, fields)
                #expect(
                    (400...409).contains(answer.status) && answer.text.contains(says),
                    "\(says): \(answer.status)")
                if change["reason"] == nil {
                    #expect(answer.text.contains("&lt;b&gt;near&lt;/b&gt;"), "\(says)")
                }
                if change["agent"] == nil {
                    #expect(answer.text.contains("value=\"\(office.id("Al "))\" selected"), "\(says)")
                }
                if let sent = fields["effective"], !sent.isEmpty {
                    #expect(answer.text.contains("value=\"\(sent)\""), "\(says)")
                }
            }
            // His own agent without a place on that day, against somebody else's agent.
            let foreign = try await lea.post(
                Paths.newRequest, typed.merging(["agent": office.id("Bob")]) { $1 })
            #expect(foreign.status == 404 && !foreign.text.contains("Bob"))
            #expect(try await events(office) == before)
            let opened = try await lea.post(Paths.newRequest, typed)
            #expect(opened.status == 303)
            let again = try await lea.post(Paths.newRequest, typed)
            #expect(again.status == 409 && again.text.contains("open request about Al Agent"))
            #expect(try await events(office) == before + 1)

            let tom = lea.another()
            try await tom.signIn("tom")
            let silent = try await tom.post(opened.location + "/reject", ["comment": " "])
            #expect(silent.status == 400 && silent.text.contains("needs a comment"))
            let early = try await tom.post(opened.location + "/approve", ["comment": "Fine <by> me"])
            #expect(early.status == 409 && early.text.contains("Fine &lt;by&gt; me"), "\(early.status)")
            #expect(try await events(office) == before + 1)
        }
    }

    @Test func `a request of others is not there`() async throws {
        let office = try await office()
        try await office.site.run { lea in
            try await lea.signIn("lea")
            let opened = try await lea.post(
                Paths.newRequest,
                ["kind": "remove", "agent": office.id("Al "), "effective": day, "reason": "Rest"])
            let ned = lea.another()
            try await ned.signIn("ned")
            for path in [opened.location]
                + RequestAction.allCases.map({ opened.location + "/\($0.rawValue)" })
            {
                let answer =
                    path == opened.location
                    ? try await ned.get(path) : try await ned.post(path, ["comment": "Let me see"])
                #expect(answer.status == 404, "\(path): \(answer.status)")
            }
            let list = try await ned.get(Paths.requests)
            #expect(list.text.contains("No requests yet") && !list.text.contains("Al Agent"))
            // The agent sees it and has no say.
            let al = lea.another()
            try await al.signIn("al")
            let own = try await al.get(opened.location)
            #expect(own.status == 200 && !own.text.contains("<textarea") && !own.text.contains("Team of"))
            let home = try await al.get(Paths.home)
            #expect(home.text.contains("Requests about me") && home.text.contains("My history"))
            let word = try await al.post(opened.location + "/withdraw")
            #expect(word.status == 404)
            let data = lea.another()
            try await data.signIn("dan")
            let nothing = try await data.get(Paths.requests)
            #expect(nothing.status == 404)
        }
    }

    @Test func `a stand-in is set, acts and ends`() async throws {
        let office = try await office()
        try await office.site.run { lea in
            try await lea.signIn("lea")
            let opened = try await lea.post(
                Paths.newRequest,
                ["kind": "remove", "agent": office.id("Al "), "effective": day, "reason": "Rest"])
            let tom = lea.another()
            try await tom.signIn("tom")
            let window = [
                "person": office.id("Tom"), "delegate": office.id("Leo"), "from": "2026-11-23",
                "until": "2026-11-24",
            ]
            for (change, says) in [
                (["delegate": ""], "who stands in"), (["until": ""], "on which days"),
                (["until": "2026-11-20"], "or over"),
                (["delegate": office.id("Bob")], "has an account"),
            ] {
                let answer = try await tom.post(Paths.standIns, window.merging(change) { $1 })
                #expect(answer.status == 400 && answer.text.contains(says), "\(says): \(answer.status)")
                #expect(answer.text.contains("value=\"2026-11-23\""), "\(says)")
            }
            let foreign = try await tom.post(
                Paths.standIns, window.merging(["person": office.id("Ned")]) { $1 })
            #expect(foreign.status == 404)
            let set = try await tom.post(Paths.standIns, window)
            #expect(set.status == 303)
            let page = try await tom.get(Paths.standIns)
            #expect(page.text.contains("Tue 24 Nov 2026") && page.text.contains(">Now<"))
            let leo = lea.another()
            try await leo.signIn("leo")
            let asked = try await leo.get(opened.location)
            #expect(asked.text.contains("In whose place") && asked.text.contains(">Approve<"))
            let end = try #require(page.text.firstMatch(of: /action="(\/requests\/stand-in\/[^"]*)"/)).output
                .1
            let notHis = try await leo.post(String(end))
            #expect(notHis.status == 404)
            let done = try await leo.post(opened.location + "/approve", ["acting-for": office.id("Tom")])
            #expect(done.status == 303)
            let said = try await leo.get(opened.location)
            #expect(said.text.contains("Leo Leader for Tom Manager"))
            let ended = try await tom.post(String(end))
            #expect(ended.status == 303)
            let none = try await tom.get(Paths.standIns)
            #expect(none.text.contains("Nobody stands in for anybody"))
        }
    }

    @Test func `an admin sees what nobody can decide, and overrides with a mark`() async throws {
        let office = try await office()
        let leo = try await office.store.account(named: "leo").user.id
        try await office.store.setDisabled(leo, true, by: .console)
        try await office.site.run { lea in
            try await lea.signIn("lea")
            let opened = try await lea.post(
                Paths.newRequest,
                [
                    "kind": "transfer", "agent": office.id("Al "), "to": office.id("Leo"), "effective": day,
                    "reason": "Near",
                ])
            let ann = lea.another()
            try await ann.signIn("ann")
            let home = try await ann.get(Paths.home)
            #expect(home.text.contains("1 transfer request waits for an admin"))
            let list = try await ann.get(Paths.requests)
            #expect(list.text.contains("No account") && list.text.contains("Waiting for you"))
            let done = try await ann.post(opened.location + "/override", ["comment": "Leo has left"])
            #expect(done.status == 303)
            let page = try await ann.get(opened.location)
            #expect(page.text.contains("approved it by override") && page.text.contains("As an admin"))
            let new = try await ann.get(Paths.newRequest)
            #expect(new.status == 200 && new.text.contains("You lead no team"))
        }
    }
}

/// Whose teams figures are put under, on the page, in CSV, in JSON and in links.
@Suite struct TeamsSwitchTests {
    @Test func `a report says whose teams it has, and its links and exports keep them`() async throws {
        let site = try await TestSite()
        let from = Day(iso: "2026-11-16") ?? Day(number: 0)
        try takeIn(SampleOffice.calls(agents: 2, from: from, days: 5, perDay: 9, seed: 5), into: site.store)
        try await site.run { ann in
            try await ann.signIn("ann")
            let dates = "from=2026-11-16&to=2026-11-20&by=leader"
            let plain = try await ann.get(Paths.performance + "?" + dates)
            #expect(!plain.text.contains("with the teams") && plain.text.contains("As on each day"))
            let today = try await ann.get(
                Paths.performance + "?" + dates + "&teams=today&as-known=2026-11-01")
            #expect(today.text.contains("with the teams of 2026-11-23 on all days"))
            #expect(
                today.text.contains("value=\"today\" selected")
                    && today.text.contains("&amp;teams=2026-11-23"))
            let known = try await ann.get(
                Paths.performance + "?" + dates + "&teams=known&as-known=2026-11-18")
            #expect(known.text.contains("with the teams as known on 2026-11-18"))
            #expect(
                known.text.contains(
                    "performance.csv?from=2026-11-16&amp;to=2026-11-20&amp;by=leader&amp;as-known=2026-11-18")
            )
            let then = try await ann.get(Paths.performance + "?" + dates + "&teams=known&as-known=")
            #expect(then.text.contains("as known on 2026-11-20"))
            let bad = try await ann.get(Paths.performance + "?" + dates + "&as-known=soon")
            #expect(bad.status == 400)
            let csv = try await ann.get(Paths.performanceCSV + "?" + dates + "&as-known=2026-11-18")
            #expect(csv.headers[.contentDisposition]?.contains("as-known-2026-11-18") == true)
            let json = try await ann.get(Paths.performanceAPI + "?" + dates + "&as-known=2026-11-18")
            #expect(json.text.contains("\"teams\":\"with the teams as known on 2026-11-18\""))
            let agents = try await ann.get(Paths.agents + "?from=2026-11-16&to=2026-11-20&teams=today")
            #expect(agents.text.contains("with the teams of 2026-11-23") && agents.text.contains("Agent A0"))
        }
    }
}
