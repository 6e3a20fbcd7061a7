import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// `rollcall files delete-request` and what follows it: Dan does data entry, Ann and Eve are admins.
@Suite struct DeletionCommandTests {
    private static let password = "three brown horses"

    /// An office with a file of 200 calls.
    private func office() async throws -> ImportOffice {
        let office = try await ImportOffice()
        for (username, name, role) in [("eve", "Eve", Role.admin), ("dan", "Dan", .dataEntry)] {
            _ = try await office.store.addUser(
                username: username, name: name, role: role, person: nil, password: Self.password,
                isInitial: false, by: .console)
        }
        try office.take(oldCalls(200), file: "calls.csv")
        try office.store.close()
        return office
    }

    private func logs(_ data: String) async throws -> Int? {
        let report = try await rollcall(
            "report", "performance", "--from", "2024-01-01", "--to", "2024-01-31", "--json", "--data", data)
        return (report.json.first?["total"] as? [String: Any])?["logs"] as? Int
    }

    /// Runs a command of `files` under an account.
    private func files(_ data: String, as user: String, _ arguments: String..., password: String? = nil)
        async throws -> Child.Outcome
    {
        try await Child(
            ["files"] + arguments + ["--user", user, "--password-stdin", "--json", "--data", data],
            input: (password ?? Self.password) + "\n"
        ).wait()
    }

    @Test(arguments: [false, true])
    func `asked, approved, extracted, restored and purged`(isServed: Bool) async throws {
        let office = try await office()
        let data = office.folder.path
        var server: Child?
        if isServed {
            let child = try Child(["serve", "--port", "0", "--data", data])
            #expect(try await child.says("serves"), "\(child.text("err"))")
            server = child
        }
        let dry = try await rollcall("files", "delete-request", "calls.csv", "--dry-run", "--data", data)
        #expect(dry.status == 0 && dry.out.contains("Delete calls.csv, version 1"), "\(dry.err)")
        #expect(dry.out.contains("200 rows: 200 calls leave the figures"), "\(dry.out)")
        #expect(dry.out.contains("Logs: 200 → 0") && dry.out.contains("Nothing was asked for."))
        #expect(try await rollcall("files", "delete-requests", "--json", "--data", data).out.isEmpty)

        let asked = try await files(data, as: "ann", "delete-request", "calls.csv", "--reason", "Wrong list")
        let id = try #require(asked.json.first?["id"] as? String, "\(asked.err)")
        #expect(asked.json.first?["by"] as? String == "Ann")
        let own = try await files(data, as: "ann", "approve", id, "--typed-name", "calls.csv")
        #expect(own.status == 77 && own.err.contains("Nobody approves his own"), "\(own.err)")
        let console = try await rollcall("files", "approve", id, "--data", data)
        #expect(console.status == 64 && console.err.contains("nobody's second person"), "\(console.err)")
        #expect(try await logs(data) == 200)

        let approved = try await files(data, as: "eve", "approve", id, "--comment", "Seen")
        #expect(
            approved.status == 0 && approved.json.first?["state"] as? String == "deleted", "\(approved.err)")
        #expect(try await logs(data) == 0)
        let none = try await rollcall("files", "list", "--data", data)
        #expect(none.out == "0 files\n", "\(none.out)")
        let listed = try await rollcall("files", "list", "--state", "trashed", "--json", "--data", data)
        #expect(
            listed.json.first?["state"] as? String == "trashed" && listed.json.first?["trashUntil"] != nil)
        let history = try await rollcall("files", "history", "calls.csv", "--data", data)
        #expect(history.out.contains("; in the trash until "), "\(history.out)")
        let place = FileManager.default.temporaryDirectory.path + "/rollcall-extract-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        let extracted = try await rollcall("files", "extract", "calls.csv", "--out", place, "--data", data)
        #expect(extracted.status == 0, "\(extracted.err)")
        #expect(try String(contentsOfFile: place, encoding: .utf8) == oldCalls(200))

        let restored = try await rollcall(
            "files", "restore", id, "--comment", "It was right", "--json", "--data", data)
        #expect(restored.json.first?["state"] as? String == "restored", "\(restored.err)")
        #expect(try await logs(data) == 200)

        // Two days of it alone; not by the console, which is nobody.
        let period = ["--from", "2024-01-02", "--to", "2024-01-03", "--reason", "Trial"]
        let nobody = try await Child(
            ["files", "delete-request", "calls.csv"] + period + ["--data", data]
        ).wait()
        #expect(nobody.status == 77 && nobody.err.contains("--user"), "\(nobody.err)")
        let days = try await files(
            data, as: "ann", "delete-request", "calls.csv", "--from", "2024-01-02", "--to", "2024-01-03",
            "--reason", "Trial")
        let second = try #require(days.json.first?["id"] as? String, "\(days.err)")
        #expect(try await files(data, as: "eve", "approve", second).status == 0)
        let left = try #require(try await logs(data))
        #expect(left > 0 && left < 200)
        let live = try await rollcall("files", "show", "calls.csv", "--data", data)
        #expect(live.out.contains("; live, 2 days deleted\n"), "\(live.out)")
        let early = try await files(data, as: "ann", "purge", second, "--comment", "Room")
        #expect(early.status == 77 && early.err.contains("Nobody purges early"), "\(early.err)")
        let due = try await rollcall("files", "purge", "--due", "--json", "--data", data)
        #expect(due.status == 0 && due.json.first?["due"] as? Int == 0, "\(due.err)")

        let third = try await files(data, as: "dan", "delete-request", "calls.csv", "--reason", "All wrong")
        let whole = try #require(third.json.first?["id"] as? String, "\(third.err)")
        #expect(try await files(data, as: "eve", "approve", whole).status == 0)
        let purged = try await files(data, as: "ann", "purge", whole, "--comment", "Room is needed")
        #expect(purged.status == 0 && purged.json.first?["state"] as? String == "purged", "\(purged.err)")
        let certificate = purged.json.first?["certificate"] as? [String: Any]
        #expect(certificate?["by"] as? String == "Ann")
        let gone = try await rollcall("files", "extract", "calls.csv", "--out", place + "x", "--data", data)
        #expect(gone.status == 66, "\(gone.err)")
        for words in ["was purged on", "Dan asked for it", "(All wrong)", "Eve approved it"] {
            #expect(gone.err.contains(words), "\(words): \(gone.err)")
        }
        let shown = try await rollcall("files", "show", "calls.csv", "--data", data)
        #expect(shown.status == 0 && shown.out.contains("; purged on "), "\(shown.err)")
        let one = try await rollcall("files", "delete-requests", whole, "--data", data)
        #expect(
            one.out.contains("Ann purged it: Room is needed") && one.out.contains("SHA-256"), "\(one.out)")
        let all = try await rollcall("files", "delete-requests", "--data", data)
        #expect(all.out.hasSuffix("3 requests\n"), "\(all.out)")
        if let server {
            server.process.terminate()
            #expect(try await server.wait().status == 0)
        }
        let verified = try await rollcall("verify", "--json", "--data", data)
        #expect(verified.status == 0, "\(verified.out)")
    }

    @Test func `only an admin's own word approves`() async throws {
        let office = try await office()
        let data = office.folder.path
        let asked = try await files(data, as: "dan", "delete-request", "calls.csv", "--reason", "Wrong")
        let id = try #require(asked.json.first?["id"] as? String, "\(asked.err)")
        let entry = try await files(data, as: "dan", "approve", id)
        #expect(entry.status == 77 && entry.err.contains("dan is Data Entry"), "\(entry.err)")
        // Another's account whose first password an admin knows is nobody's word.
        let added = try await rollcall("user", "add", "joe", "--role", "admin", "--json", "--data", data)
        let first = try #require(added.json.first?["password"] as? String)
        let initial = try await files(data, as: "joe", "approve", id, password: first)
        #expect(initial.status == 77 && initial.err.contains("Somebody else gave"), "\(initial.err)")
        #expect(try await rollcall("user", "disable", "joe", "--data", data).status == 0)
        for (user, password) in [("eve", "two brown horses"), ("nobody", Self.password), ("joe", first)] {
            let wrong = try await files(data, as: user, "approve", id, password: password)
            #expect(
                wrong.status == 77 && wrong.err.contains("user name or the password is wrong"), "\(wrong.err)"
            )
        }
        for _ in 0..<4 { _ = try await files(data, as: "eve", "approve", id, password: "wrong one") }
        let locked = try await files(data, as: "eve", "approve", id)
        #expect(locked.status == 75 && locked.err.contains("too many wrong passwords"), "\(locked.err)")
        let state = try await rollcall("files", "delete-requests", id, "--json", "--data", data)
        #expect(state.json.first?["state"] as? String == "open")
        #expect(try await logs(data) == 200)

        let empty = try await rollcall("files", "decide", id, "reject", "--data", data)
        #expect(empty.status == 64 && empty.err.contains("needs a comment"), "\(empty.err)")
        let strange = try await rollcall("files", "decide", id, "approve", "--data", data)
        #expect(strange.status == 64 && strange.err.contains("commands of their own"), "\(strange.err)")
        let foreign = try await files(data, as: "ann", "decide", id, "withdraw")
        #expect(foreign.status == 77, "\(foreign.err)")
        let taken = try await files(data, as: "dan", "decide", id, "withdraw")
        #expect(taken.json.first?["state"] as? String == "withdrawn", "\(taken.err)")

        let store = try OfficeStore(folder: office.folder)
        defer { try? store.close() }
        var filter = ActivityFilter()
        filter.kinds = [SignInRefused.kind]
        let refused = try await store.activity(filter, for: .console, limit: 50).entries
        #expect(refused.count == 8 && refused.allSatisfy { $0.event.actor.via == "cli" })
    }

    @Test func `what cannot be asked for is said`() async throws {
        let office = try await office()
        let data = office.folder.path
        for (arguments, status, says) in [
            (["calls.csv"], 64, "--reason"), (["no.csv", "--reason", "x"], 66, "no file"),
            (["calls.csv", "--version", "7", "--reason", "x"], 66, "no version 7"),
            (["calls.csv", "--version", "1", "--all-versions", "--reason", "x"], 64, "not both"),
            (["calls.csv", "--days", "soon", "--reason", "x"], 64, "no day"),
            (["calls.csv", "--from", "2024-01-02", "--reason", "x"], 64, "Give both"),
            (["calls.csv", "--days", "2023-01-01", "--reason", "x"], 65, "nothing to delete"),
            (["calls.csv", "--reason", " "], 64, "needs a reason"),
            (["calls.csv", "--reason", "x", "--password-stdin"], 64, "--user"),
        ] {
            let outcome = try await Child(
                ["files", "delete-request"] + arguments + ["--json", "--data", data]
            )
            .wait()
            #expect(outcome.status == status, "\(arguments): \(outcome.status) \(outcome.err)")
            #expect(outcome.out.isEmpty && outcome.err.contains(says), "\(arguments): \(outcome.err)")
        }
        let unknown = try await rollcall("files", "delete-requests", "x", "--data", data)
        #expect(unknown.status == 66 && unknown.err.contains("rollcall files delete-requests"))
        #expect(try await rollcall("files", "purge", "--data", data).status == 64)
    }
}
