import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// `rollcall requests`: Lea asks to give Al to Leo; both are under Tom.
@Suite struct RequestsCommandTests {
    private struct Office {
        var folder: ImportOffice
        var people: [String: ID<Person>]
        var data: String { folder.folder.path }
    }

    private func office() async throws -> Office {
        let folder = try await ImportOffice()
        try folder.store.close()
        let store = try OfficeStore(folder: folder.folder)
        var people: [String: ID<Person>] = [:]
        for (name, designation, above) in [
            ("Tom", Placement.teamManager, ""), ("Lea", Placement.teamLeader, "Tom"),
            ("Leo", Placement.teamLeader, "Tom"), ("Al", Placement.coldCaller, "Lea"),
            ("Ada", Placement.coldCaller, "Lea"),
        ] {
            let above = people[above]
            people[name] = try await store.addPerson(
                name: "\(name) Example",
                placement: { id in
                    var placement = Placement(
                        person: id, from: Day(number: 19_000), designation: designation)
                    if designation == Placement.teamLeader { placement.manager = above }
                    if designation == Placement.coldCaller { placement.leader = above }
                    return placement
                }, by: .console
            ).id
        }
        try store.close()
        return Office(folder: folder, people: people)
    }

    private func open(_ agent: String, in office: Office) async throws -> String {
        let store = try OfficeStore(folder: office.folder.folder)
        defer { try? store.close() }
        let lea = Viewer(
            user: ID(UUID()), name: "Lea Example", role: .teamLeader, person: office.people["Lea"])
        // The office was founded at a fixed time: a box whose clock is behind it is not behind its journal.
        let founded = try #require(Day(iso: "2026-11-23"))
        let request = try await store.openRequest(
            .transfer, agent: try #require(office.people[agent]), to: office.people["Leo"],
            effective: max(try await store.today(), founded).adding(3), reason: "Lives nearer", for: lea,
            by: .console)
        return request.id.description
    }

    @Test func `requests are listed, shown and decided by the console`() async throws {
        let office = try await office()
        let data = office.data
        let none = try await rollcall("requests", "list", "--data", data)
        #expect(none.status == 0 && none.out.isEmpty)
        let id = try await open("Al", in: office)
        let list = try await rollcall("requests", "list", "--open", "--json", "--data", data)
        #expect(list.status == 0 && list.json.count == 1, "\(list.err)")
        #expect(list.json.first?["id"] as? String == id && list.json.first?["state"] as? String == "open")
        #expect(list.json.first?["actions"] as? [String] == ["reject", "override", "comment"])
        let line = try await rollcall("requests", "list", "--data", data)
        #expect(line.out.contains("\(id)  Open: Move Al Example from Lea Example to Leo Example, from "))
        let shown = try await rollcall("requests", "show", id, "--data", data)
        #expect(shown.out.contains("It waits for Leo Example, to accept"))
        #expect(shown.out.contains("Lea Example opened it: Lives nearer"))

        let said = try await rollcall(
            "requests", "decide", id, "comment", "--comment", "Leo is away", "--data", data)
        #expect(said.status == 0, "\(said.err)")
        let done = try await rollcall(
            "requests", "decide", id, "override", "--comment", "Agreed by phone", "--json", "--data", data)
        #expect(done.status == 0 && done.json.first?["state"] as? String == "scheduled", "\(done.err)")
        let steps = try #require(done.json.first?["steps"] as? [[String: Any]])
        #expect(steps.compactMap { $0["action"] as? String } == ["comment", "override"])
        #expect(steps.last?["override"] as? Bool == true && steps.last?["by"] as? String == "Console")
        let back = try await rollcall(
            "requests", "decide", id, "revoke", "--comment", "Al would rather stay", "--data", data)
        #expect(back.status == 0 && back.out.contains("Revoked: Move Al Example"), "\(back.err)")
        let second = try await open("Ada", in: office)
        let refused = try await rollcall(
            "requests", "decide", second, "reject", "--comment", "Too few agents", "--data", data)
        #expect(refused.status == 0 && refused.out.contains("Console rejected it"), "\(refused.err)")
        let all = try await rollcall("requests", "list", "--json", "--data", data)
        #expect(all.json.compactMap { $0["state"] as? String } == ["rejected", "revoked"])
        let verified = try await rollcall("verify", "--json", "--data", data)
        #expect(verified.status == 0, "\(verified.out)")
    }

    @Test func `what the console cannot do is said`() async throws {
        let office = try await office()
        let id = try await open("Al", in: office)
        let before = try await rollcall("requests", "show", id, "--json", "--data", office.data)
        for (arguments, status, says) in [
            (["accept", "--comment", "x"], 64, "stands for no person"),
            (["approve", "--comment", "x"], 64, "stands for no person"),
            (["withdraw", "--comment", "x"], 64, "stands for no person"),
            (["praise", "--comment", "x"], 64, "no step"), (["reject"], 64, "--comment"),
            (["override", "--comment", " "], 64, "needs a comment"),
            (["revoke", "--comment", "x"], 77, "not yours to take now"),
        ] {
            let outcome = try await Child(["requests", "decide", id] + arguments + ["--data", office.data])
                .wait()
            #expect(outcome.status == status, "\(arguments): \(outcome.status) \(outcome.err)")
            #expect(outcome.out.isEmpty && outcome.err.contains(says), "\(arguments): \(outcome.err)")
        }
        for unknown in ["x", "01900000-0000-7000-8000-00000000dead"] {
            let outcome = try await rollcall("requests", "show", unknown, "--data", office.data)
            #expect(outcome.status == 66 && outcome.err.contains("rollcall requests list"))
        }
        let after = try await rollcall("requests", "show", id, "--json", "--data", office.data)
        #expect(after.out == before.out && !after.out.isEmpty)
    }
}
