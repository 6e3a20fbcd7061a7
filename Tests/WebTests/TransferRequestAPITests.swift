import Domain
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

/// Requests as programs see them: Lea has Al and Ada, Leo is beside her under Tom; Ned and Bob are Meg's.
@Suite struct TransferRequestAPITests {
    private func office() async throws -> (site: TestSite, people: [String: String]) {
        let site = try await TestSite()
        let manager = site.users[.teamManager]?.person
        let leo = try await site.store.testPerson("Leo Leader", Placement.teamLeader) { $0.manager = manager }
        let lea = site.users[.teamLeader]?.person
        _ = try await site.store.testPerson("Ada Agent", Placement.coldCaller) { $0.leader = lea }
        var people: [String: String] = [:]
        for person in try await site.store.persons() {
            people[String(person.name.prefix(3))] = person.id.description
        }
        for (username, name, person) in [
            ("leo", "Leo Leader", leo.id), ("ned", "Ned Leader", ID<Person>(people["Ned"] ?? "")),
        ] {
            _ = try await site.store.addUser(
                username: username, name: name, role: .teamLeader, person: person,
                password: TestSite.password, isInitial: false, by: .console)
        }
        return (site, people)
    }

    private func program(_ username: String, _ site: TestSite, _ browser: TestBrowser) async throws
        -> TestProgram
    {
        try await TestProgram(username, site, browser)
    }

    private func events(_ site: TestSite) async throws -> Int {
        var filter = ActivityFilter()
        filter.kinds = [
            TransferRequestOpened.kind, TransferRequestDecided.kind, TransferRequestCommented.kind,
        ]
        return try await site.store.activity(filter, for: .console, limit: 500).entries.count
    }

    private func body(_ people: [String: String], _ change: [String: Any] = [:]) throws -> String {
        let fields: [String: Any] = [
            "kind": "transfer", "agent": people["Al "] ?? "", "to": people["Leo"] ?? "",
            "effective": "2026-11-26", "reason": "Lives nearer",
        ]
        let data = try JSONSerialization.data(withJSONObject: fields.merging(change) { $1 })
        return String(decoding: data, as: UTF8.self)
    }

    @Test func `a program opens a request, takes steps in it and reads it`() async throws {
        let (site, people) = try await office()
        try await site.run { browser in
            let lea = try await program("lea", site, browser)
            let leo = try await program("leo", site, browser)
            let tom = try await program("tom", site, browser)
            let opened = try await lea.send(.post, Paths.requestsAPI, try body(people))
            #expect(opened.status == 201, "\(opened.text)")
            let href = try #require(opened.json["href"] as? String)
            #expect(try await events(site) == 1)
            let request = try await leo.get(href)
            #expect(request.status == 200 && request.json["state"] as? String == "open")
            #expect((request.json["agent"] as? [String: String])?["name"] == "Al Agent")
            let to = request.json["to"] as? [String: [String: String]]
            #expect(to?["leader"]?["id"] == people["Leo"] && to?["manager"]?["name"] == "Tom Manager")
            #expect((request.json["waitingFor"] as? [[String: String]])?.first?["name"] == "Leo Leader")
            #expect(request.json["actions"] as? [String] == ["accept", "reject", "comment"])

            // Without a body, as JSON, and as the page's form.
            let accepted = try await leo.send(.post, href + "/accept", nil)
            #expect(accepted.status == 200 && accepted.json["state"] as? String == "accepted")
            let word = try await tom.send(.post, href + "/comment", #"{"comment": "Let me look"}"#)
            #expect(word.status == 200, "\(word.text)")
            let approved = try await tom.send(
                .post, href + "/approve", "comment=Good&acting-for=",
                type: "application/x-www-form-urlencoded")
            #expect(approved.json["state"] as? String == "scheduled", "\(approved.text)")
            #expect(try await events(site) == 4)
            let after = try await lea.get(href)
            let steps = try #require(after.json["steps"] as? [[String: Any]])
            #expect(steps.compactMap { $0["action"] as? String } == ["accept", "comment", "approve"])
            #expect(steps.compactMap { $0["comment"] as? String } == ["", "Let me look", "Good"])
            #expect(steps.last?["by"] as? String == "Tom Manager")
            #expect(steps.last?["at"] as? String == "2026-11-23T07:00:00+01:00")

            for (query, count) in [("", 1), ("?state=scheduled", 1), ("?state=open", 0), ("?open=1", 0)] {
                let list = try await tom.get(Paths.requestsAPI + query)
                #expect((list.json["requests"] as? [[String: Any]])?.count == count, "\(query)")
            }
            let form = try await lea.send(
                .post, Paths.requestsAPI,
                "kind=remove&agent=\(people["Ada"] ?? "")&effective=2026-11-30&reason=Rest",
                type: "application/x-www-form-urlencoded")
            #expect(form.status == 201, "\(form.text)")
        }
    }

    @Test func `bad input is named and changes nothing`() async throws {
        let (site, people) = try await office()
        try await site.run { browser in
            let lea = try await program("lea", site, browser)
            for (change, status, says) in [
                (["reason": " "], 400, "needs a reason"), (["kind": "gift"], 400, "no kind of request"),
                (["agent": "Al"], 400, "names no agent"), (["effective": "soon"], 400, "has no day"),
                (["effective": "2026-11-01"], 400, "is over"), (["to": ""], 400, "which team"),
                (["kind": "swap"], 400, "no other agent"), (["reason": 5], 400, "“reason”"),
                (["agent": people["Bob"] ?? ""], 404, "nothing here"),
            ] as [([String: Any], Int, String)] {
                let answer = try await lea.send(.post, Paths.requestsAPI, try body(people, change))
                #expect(answer.status == status && answer.text.contains(says), "\(says): \(answer.text)")
                #expect((answer.json["error"] as? [String: String])?["advice"]?.isEmpty == false, "\(says)")
            }
            let broken = try await lea.send(.post, Paths.requestsAPI, "{")
            #expect(broken.status == 400)
            let state = try await lea.get(Paths.requestsAPI + "?state=lost")
            #expect(state.status == 400 && state.text.contains("withdrawn"))
            #expect(try await events(site) == 0)

            let opened = try await lea.send(.post, Paths.requestsAPI, try body(people))
            let href = try #require(opened.json["href"] as? String)
            let again = try await lea.send(.post, Paths.requestsAPI, try body(people))
            #expect(again.status == 409)
            let own = try await lea.send(.post, href + "/approve", nil)
            #expect(own.status == 409 && own.text.contains("Nobody decides on his own request"))
            let leo = try await program("leo", site, browser)
            for (step, sent, status, says) in [
                ("reject", "{}", 400, "needs a comment"), ("praise", "{}", 404, "nothing here"),
                ("accept", #"{"actingFor": "Tom"}"#, 400, "no identity"),
                ("accept", #"{"actingFor": "\#(people["Tom"] ?? "")"}"#, 409, "not yours"),
            ] {
                let answer = try await leo.send(.post, href + "/" + step, sent)
                #expect(
                    answer.status == status && answer.text.contains(says), "\(step) \(sent): \(answer.text)")
            }
            #expect(try await events(site) == 1)
        }
    }

    @Test func `a request of others is not there`() async throws {
        let (site, people) = try await office()
        try await site.run { browser in
            let lea = try await program("lea", site, browser)
            let opened = try await lea.send(.post, Paths.requestsAPI, try body(people))
            let href = try #require(opened.json["href"] as? String)
            let ned = try await program("ned", site, browser)
            #expect(try await ned.get(href).status == 404)
            #expect(((try await ned.get(Paths.requestsAPI)).json["requests"] as? [Any])?.isEmpty == true)
            for action in RequestAction.allCases {
                let answer = try await ned.send(
                    .post, href + "/" + action.rawValue, #"{"comment": "Let me see"}"#)
                #expect(answer.status == 404, "\(action): \(answer.status)")
            }
            // The agent reads it and has no say; data entry sees no requests.
            let al = try await program("al", site, browser)
            let mine = try await al.get(href)
            #expect(mine.status == 200 && (mine.json["actions"] as? [String])?.isEmpty == true)
            #expect(try await al.send(.post, href + "/withdraw", nil).status == 404)
            let dan = try await program("dan", site, browser)
            #expect(try await dan.get(Paths.requestsAPI).status == 404)
            #expect(try await events(site) == 1)
        }
    }
}
