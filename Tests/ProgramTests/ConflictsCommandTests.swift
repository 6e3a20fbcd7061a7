import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// `rollcall conflicts`: North and South call one person something else.
@Suite struct ConflictsCommandTests {
    @Test func `conflicts are listed, shown and decided by the console`() async throws {
        let network = try await OfficeNetwork()
        let person = try await network[0].store.addPerson(
            name: "Zoe", placement: { Placement(person: $0, from: Day(number: 20_000)) }, by: .console)
        try network.send(0, to: 1)
        network.pass(minutes: 1)
        try await network[0].store.renamePerson(person.id, to: "Zoe North", for: .console, by: .console)
        network.pass(minutes: 1)
        try await network[1].store.renamePerson(person.id, to: "Zoe South", for: .console, by: .console)
        try network.send(1, to: 0)
        let data = network[0].folder.path
        try network[0].store.close()

        let list = try await rollcall("conflicts", "list", "--open", "--json", "--data", data)
        #expect(list.status == 0 && list.json.count == 1, "\(list.err)")
        let id = try #require(list.json.first?["id"] as? String)
        let shown = try await rollcall("conflicts", "show", id, "--data", data)
        #expect(shown.out.contains("What Zoe South is called"), "\(shown.out)")
        #expect(shown.out.contains("stands now: renamed Zoe; Name: Zoe → Zoe South (Console, South, "))
        #expect(shown.out.contains("lost:       renamed Zoe; Name: Zoe → Zoe North (Console, North, "))
        for (arguments, status, says) in [
            ([id, "both"], Int32(64), "no choice"), (["x", "keep"], 66, "rollcall conflicts list"),
            ([id, "reopen"], 65, "open already"),
        ] {
            let outcome = try await Child(["conflicts", "decide"] + arguments + ["--data", data]).wait()
            #expect(outcome.status == status && outcome.err.contains(says), "\(arguments): \(outcome.err)")
        }
        let done = try await rollcall(
            "conflicts", "decide", id, "other", "--comment", "as she writes it", "--data", data)
        #expect(done.status == 0, "\(done.err)")
        #expect(done.out.contains("The other was done after all, by Console"), "\(done.out)")
        #expect(done.out.contains("What Zoe North is called"))
        let none = try await rollcall("conflicts", "list", "--open", "--data", data)
        #expect(none.status == 0 && none.out.isEmpty)
        let all = try await rollcall("conflicts", "list", "--data", data)
        #expect(all.out.hasPrefix("\(id)  decided  "))
        let verified = try await rollcall("verify", "--json", "--data", data)
        #expect(verified.status == 0, "\(verified.out)")
    }
}
