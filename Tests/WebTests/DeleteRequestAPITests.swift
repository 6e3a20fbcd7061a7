import Domain
import Foundation
import HTTPTypes
import Ingest
import Logging
import Storage
import TestSupport
import Synchronization
import Testing

@testable import Web

/// Deletions as programs see them: Cal is Tom's, Bob is nobody's; Ann and Eve are admins, Dan does data entry.
@Suite struct DeleteRequestAPITests {
    private struct Office {
        var site: TestSite
        var cal: ID<Person>
        /// Calls of Cal and of Bob, on two days.
        var both: FileUploaded
        /// Calls of Bob alone.
        var bobs: FileUploaded

        func events() async throws -> Int {
            var filter = ActivityFilter()
            filter.kinds = [
                DeleteRequestOpened.kind, DeleteRequestDecided.kind, DeleteRequestPurged.kind,
                DeleteHoldChanged.kind,
            ]
            return try await site.store.activity(filter, for: .console, limit: 500).entries.count
        }
    }

    private func office() async throws -> Office {
        let site = try await TestSite()
        _ = try await site.store.addUser(
            username: "eve", name: "Eve Admin", role: .admin, person: nil, password: TestSite.password,
            isInitial: false, by: .console)
        let lea = site.users[.teamLeader]?.person
        let cal = try await site.store.addPerson(
            name: "Cal Caller", folded: "calcaller",
            placement: {
                Placement(person: $0, from: Day(number: 20_000), group: "North", leader: lea)
            }, by: .console)
        return Office(
            site: site, cal: cal.id, both: try take(site, ["Cal Caller", "Bob Other"], 1, "both.csv"),
            bobs: try take(site, ["Bob Other"], 100, "bobs.csv"))
    }

    private func take(_ site: TestSite, _ agents: [String], _ ids: Int, _ file: String)
        throws -> FileUploaded
    {
        let start = try #require(Day(iso: "2026-11-18"))
        let calls = (0..<10).map { number in
            SampleCall(
                id: ids + number, agent: agents[number % agents.count],
                time: LocalTime(start.adding(number / 5), secondOfDay: 36_000 + number * 60))
        }
        return try takeIn(calls, file: file, into: site.store).upload
    }

    private func calls(_ program: TestProgram) async throws -> Int? {
        try await program.get(Paths.callsAPI + "?from=2026-11-18&to=2026-11-19").json["total"] as? Int
    }

    @Test func `a program asks, another admin approves, restores and purges`() async throws {
        let office = try await office()
        let body: [String: any Sendable] = [
            "file": office.both.file.description, "version": 1, "reason": "Exported twice",
        ]
        try await office.site.run { browser in
            let ann = try await TestProgram("ann", office.site, browser)
            let eve = try await TestProgram("eve", office.site, browser)
            #expect(try await calls(ann) == 20)
            let looked = try await ann.post(
                Paths.apiDeletions, ["file": office.both.file.description, "version": 1, "dryRun": true])
            #expect(looked.status == 200, "\(looked.text)")
            #expect((looked.json["preview"] as? [String: Any])?["gone"] as? Int == 10)
            #expect(try await office.events() == 0)

            let asked = try await ann.post(Paths.apiDeletions, body)
            #expect(asked.status == 201, "\(asked.text)")
            let href = try #require(asked.json["href"] as? String)
            let request = try await eve.get(href)
            #expect(
                request.json["state"] as? String == "open" && request.json["by"] as? String == "Ann Admin")
            #expect(request.json["actions"] as? [String] == ["approve", "reject", "comment"])
            #expect(request.json["awaitsYou"] as? Bool == true)
            let agents = (request.json["preview"] as? [String: Any])?["agents"] as? [[String: Any]]
            #expect(Set((agents ?? []).compactMap { $0["name"] as? String }) == ["Cal Caller", "Bob Other"])
            for (state, count) in [("open", 1), ("trash", 0), ("all", 1)] {
                #expect(
                    try await eve.get(Paths.apiDeletions + "?state=\(state)").json["total"] as? Int == count)
            }
            let own = try await ann.post(href + "/approve", ["typedName": "both.csv"])
            #expect(own.status == 409 && own.text.contains("Nobody approves his own"), "\(own.text)")
            #expect(try await calls(ann) == 20)

            let approved = try await eve.post(href + "/approve", ["comment": "Yes"])
            #expect(
                approved.status == 200 && approved.json["state"] as? String == "deleted", "\(approved.text)")
            #expect(try await calls(ann) == 10)
            #expect(try await eve.post(href + "/approve").status == 409)
            #expect(try await ann.post(href + "/restore").status == 400)
            let restored = try await ann.post(href + "/restore", ["comment": "It was right"])
            #expect(restored.json["state"] as? String == "restored", "\(restored.text)")
            #expect(try await calls(ann) == 20)

            let again = try #require(try await ann.post(Paths.apiDeletions, body).json["href"] as? String)
            #expect(try await eve.post(again + "/approve").status == 200)
            let early = try await ann.post(again + "/purge", ["comment": "Room"])
            #expect(early.status == 409 && early.text.contains("Nobody purges early"), "\(early.text)")
            #expect(try await eve.post(again + "/purge").status == 400)
            let purged = try await eve.post(again + "/purge", ["comment": "Room"])
            #expect(purged.json["state"] as? String == "purged", "\(purged.text)")
            let tombstone = try await eve.get(again).json["certificate"] as? [String: Any]
            #expect(tombstone?["by"] as? String == "Eve Admin")
            #expect((tombstone?["versions"] as? [[String: Any]])?.first?["rows"] as? Int == 10)
            #expect(try await calls(ann) == 10)
            #expect(try await office.events() == 6)
        }
    }

    @Test func `who asks may withdraw, who decides may reject, both may comment`() async throws {
        let office = try await office()
        try await office.site.run { browser in
            let dan = try await TestProgram("dan", office.site, browser)
            let eve = try await TestProgram("eve", office.site, browser)
            func ask() async throws -> String {
                let asked = try await dan.post(
                    Paths.apiDeletions,
                    ["file": office.both.file.description, "days": ["2026-11-18"], "reason": "Wrong list"])
                return try #require(asked.json["href"] as? String, "\(asked.text)")
            }
            let first = try await ask()
            #expect(try await dan.post(first + "/comment", ["comment": "See the list"]).status == 200)
            #expect(try await eve.post(first + "/withdraw").status == 409)
            #expect(try await eve.post(first + "/reject").status == 400)
            // Approval is no data entry's, not even as a word.
            for step in ["approve", "restore", "purge"] {
                #expect(try await dan.post(first + "/" + step, ["comment": "x"]).status == 404)
            }
            #expect(try await dan.post(first + "/reject", ["comment": "x"]).status == 409)
            let rejected = try await eve.send(
                .post, first + "/reject", "comment=It+is+right", type: "application/x-www-form-urlencoded")
            #expect(rejected.json["state"] as? String == "rejected", "\(rejected.text)")
            let second = try await ask()
            #expect(try await dan.post(second + "/withdraw").json["state"] as? String == "withdrawn")
            #expect(try await eve.post(second + "/approve").status == 409)
            let steps = try await eve.get(first).json["steps"] as? [[String: Any]]
            #expect(steps?.compactMap { $0["action"] as? String } == ["comment", "reject"])
            #expect(try await office.events() == 5)
        }
    }

    @Test func `what has changed since is out of date, and a hold keeps what it names`() async throws {
        let office = try await office()
        let body: [String: any Sendable] = ["file": office.both.file.description, "reason": "Wrong"]
        try await office.site.run { browser in
            let dan = try await TestProgram("dan", office.site, browser)
            let eve = try await TestProgram("eve", office.site, browser)
            let href = try #require(try await dan.post(Paths.apiDeletions, body).json["href"] as? String)
            _ = try take(office.site, ["Cal Caller"], 200, "more.csv")
            #expect(try await eve.get(href).json["outOfDate"] as? Bool == true)
            let stale = try await eve.post(href + "/approve")
            #expect(stale.status == 409 && stale.text.contains("\"stale\""), "\(stale.text)")
            #expect(try await eve.get(href).json["state"] as? String == "stale")
            #expect(try await calls(eve) == 30)

            let again = try #require(try await dan.post(Paths.apiDeletions, body).json["href"] as? String)
            let set = try await eve.post(
                Paths.apiHolds,
                ["person": office.cal.description, "reason": "A complaint", "until": "2026-12-24"])
            #expect(set.status == 201 && set.json["personName"] as? String == "Cal Caller", "\(set.text)")
            #expect(try await dan.get(again).json["holds"] as? [String] == ["A complaint"])
            let held = try await eve.post(again + "/approve")
            #expect(held.status == 409 && held.text.contains("A complaint"), "\(held.text)")
            #expect(try await dan.post(Paths.apiDeletions, body).status == 409)
            let list = try await eve.get(Paths.apiHolds).json["holds"] as? [[String: Any]]
            let id = try #require(list?.first?["id"] as? String)
            #expect(list?.count == 1 && list?.first?["holds"] as? Bool == true)
            #expect(try await dan.get(Paths.apiHolds).status == 404)
            #expect(try await dan.post(Paths.apiHoldLift(id), ["comment": "x"]).status == 404)
            #expect(try await eve.post(Paths.apiHoldLift(id)).status == 400)
            #expect(try await eve.post(Paths.apiHoldLift(id), ["comment": "Settled"]).status == 200)
            #expect(try await eve.post(Paths.apiHoldLift(id), ["comment": "Settled"]).status == 404)
            #expect(try await eve.post(again + "/approve").status == 200)
        }
    }

    @Test func `a team manager sees his own agents and his own requests`() async throws {
        let office = try await office()
        try await office.site.run { browser in
            let tom = try await TestProgram("tom", office.site, browser)
            let dan = try await TestProgram("dan", office.site, browser)
            let foreign: [String: any Sendable] = ["file": office.bobs.file.description, "reason": "Wrong"]
            #expect(try await tom.post(Paths.apiDeletions, foreign).status == 404)
            let body: [String: any Sendable] = ["file": office.both.file.description, "reason": "Wrong"]
            let looked = try await tom.post(Paths.apiDeletions, body.merging(["dryRun": true]) { $1 })
            let asked = try await tom.post(Paths.apiDeletions, body)
            #expect(asked.status == 201, "\(asked.text)")
            let href = try #require(asked.json["href"] as? String)
            for answer in [looked, asked, try await tom.get(href)] {
                #expect(answer.text.contains("Cal Caller") && !answer.text.contains("Bob"), "\(answer.text)")
                let preview = answer.json["preview"] as? [String: Any]
                #expect(preview?["narrowed"] as? Bool == true && preview?["rows"] == nil)
                #expect(preview?["gone"] as? Int == 5)
            }
            let others = try #require(try await dan.post(Paths.apiDeletions, foreign).json["href"] as? String)
            #expect(try await tom.get(others).status == 404)
            #expect(try await tom.post(others + "/comment", ["comment": "x"]).status == 404)
            #expect(try await tom.post(href + "/approve").status == 404)
            #expect(try await tom.get(Paths.apiDeletions).json["total"] as? Int == 1)
            #expect(try await dan.get(Paths.apiDeletions).json["total"] as? Int == 2)
            for username in ["lea", "al"] {
                let program = try await TestProgram(username, office.site, browser)
                #expect(try await program.get(Paths.apiDeletions).status == 404)
                #expect(try await program.get(href).status == 404)
                #expect(try await program.post(Paths.apiDeletions, body).status == 404)
            }
        }
    }

    @Test func `bad input is named and changes nothing`() async throws {
        let office = try await office()
        let file = office.both.file.description
        try await office.site.run { browser in
            let dan = try await TestProgram("dan", office.site, browser)
            let eve = try await TestProgram("eve", office.site, browser)
            for (body, status, says) in [
                (["file": "both.csv", "reason": "x"], 400, "no identity of a file"),
                (["file": file, "reason": " "], 400, "needs a reason"),
                (["file": file], 400, "needs a reason"),
                (["reason": "x"], 400, "“file”"),
                (["file": file, "days": ["soon"], "reason": "x"], 400, "“days"),
                (["file": file, "days": [String](), "reason": "x"], 400, "No day was chosen"),
                (["file": file, "version": 9, "reason": "x"], 404, "nothing here"),
                (["file": file, "days": ["2026-01-01"], "reason": "x"], 409, "nothing to delete"),
            ] as [([String: any Sendable], Int, String)] {
                let answer = try await dan.post(Paths.apiDeletions, body)
                #expect(answer.status == status && answer.text.contains(says), "\(says): \(answer.text)")
            }
            #expect(try await dan.send(.post, Paths.apiDeletions, "{").status == 400)
            #expect(try await dan.get(Paths.apiDeletions + "?state=lost").status == 400)
            #expect(try await eve.post(Paths.apiHolds, ["reason": " "]).status == 400)
            #expect(try await eve.post(Paths.apiHolds, ["reason": "x", "until": "2020-01-01"]).status == 400)
            #expect(try await office.events() == 0)
            let asked = try await dan.post(Paths.apiDeletions, ["file": file, "reason": "x"])
            let href = try #require(asked.json["href"] as? String)
            #expect(try await eve.post(href + "/lapse").status == 404)
            #expect(try await eve.post(href + "/praise").status == 404)
            #expect(try await eve.send(.post, href + "/approve", "{").status == 400)
        }
    }

    @Test func `what has lain in the trash long enough is purged by itself`() async throws {
        let office = try await office()
        let store = office.site.store
        let dan = try #require(office.site.users[.dataEntry])
        let ann = try #require(office.site.users[.admin])
        let asker = Viewer(user: dan.id, name: dan.name, role: .dataEntry, person: nil)
        let admin = Viewer(user: ann.id, name: ann.name, role: .admin, person: nil)
        var ids: [ID<DeleteRequest>] = []
        for upload in [office.both, office.bobs] {
            let plan = try store.planDeletion(.version(upload.file, 1), for: asker)
            let id = try store.openDeleteRequest(plan, reason: "Wrong", for: asker, by: .console).id
            try store.decideDeleteRequest(id, .approve, for: admin, by: .console)
            ids.append(id)
        }
        let hold = DeleteHold(
            id: store.ids.next(at: store.clock.now()), file: office.bobs.file, reason: "A complaint")
        try await store.changeHold(nil, to: hold, for: admin, by: .console)
        func state(_ index: Int) async throws -> DeleteRequest.State {
            try await store.deleteRequest(ids[index], for: admin).state
        }
        func becomes(_ wanted: DeleteRequest.State, _ index: Int) async throws -> Bool {
            try await comes { try await state(index) == wanted }
        }
        let said = KeptLog.Lines()
        let service = Housekeeping(
            store: store, logger: Logger(label: "test") { _ in KeptLog(said) },
            pulse: .milliseconds(5))
        try await running(service.run) {
            office.site.time.pass(seconds: 29 * 86_400)
            try await Task.sleep(for: .milliseconds(200))
            #expect(try await state(0) == .deleted)
            office.site.time.pass(seconds: 2 * 86_400)
            #expect(try await becomes(.purged, 0))
            let isTold = try await comes { said.all.contains { $0.contains("was not purged") } }
            #expect(isTold)
            #expect(try await state(1) == .deleted, "the hold keeps it")
            try await store.changeHold(hold, to: nil, comment: "Settled", for: admin, by: .console)
            try await Task.sleep(for: .milliseconds(200))
            #expect(try await state(1) == .deleted, "it looks once an hour")
            office.site.time.pass(seconds: 3601)
            #expect(try await becomes(.purged, 1))
        }
    }
}

/// A log that a test reads.
private struct KeptLog: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }
    private let lines: Lines
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    init(_ lines: Lines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.append(event.message.description) }
}
