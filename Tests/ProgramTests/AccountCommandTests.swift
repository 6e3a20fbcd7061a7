import Domain
import Foundation
import TestSupport
import Testing

/// `setup`, `user` and `names`, as scripts and people at a terminal use them.
@Suite struct AccountCommandTests {
    private func newFolder() -> String {
        FileManager.default.temporaryDirectory.path + "/rollcall-accounts-\(UUID().uuidString)"
    }

    private func setUp(_ data: String) async throws -> Child.Outcome {
        try await rollcall(
            "setup", "--office", "North", "--time-zone", "Europe/Berlin", "--admin", "ann",
            "--password-stdin",
            "--json", "--data", data, input: "three brown horses\n")
    }

    @Test func `each change of an account prints it as it is then`() async throws {
        let data = newFolder()
        defer { try? FileManager.default.removeItem(atPath: data) }
        let founded = try await setUp(data)
        #expect(founded.status == 0, "\(founded.err)")
        #expect(founded.json.first?["name"] as? String == "North")
        #expect(ID<Office>(founded.json.first?["office"] as? String ?? "") != nil)
        let added = try await rollcall("user", "add", "bob", "--role", "data-entry", "--json", "--data", data)
        #expect((added.json.first?["password"] as? String)?.isEmpty == false, "\(added.out) \(added.err)")
        for (command, input, isDisabled) in [
            ("disable", "", true), ("enable", "", false), ("password", "four green bottles\n", false),
        ] {
            let options = input.isEmpty ? [] : ["--password-stdin"]
            let outcome = try await Child(
                ["user", command, "bob", "--json", "--data", data] + options, input: input
            ).wait()
            #expect(
                outcome.status == 0 && outcome.json.count == 1, "\(command): \(outcome.out) \(outcome.err)")
            #expect(outcome.json.first?["username"] as? String == "bob")
            #expect(outcome.json.first?["disabled"] as? Bool == isDisabled)
            let list = try await rollcall("user", "list", "--json", "--data", data)
            #expect(
                list.out.split(separator: "\n").contains(Substring(outcome.out.dropLast())), "\(list.out)")
        }
    }

    @Test func `a name that is linked, and one that is unlinked, are printed as the list prints them`()
        async throws
    {
        let data = newFolder()
        defer { try? FileManager.default.removeItem(atPath: data) }
        #expect(try await setUp(data).status == 0)
        let file = try TemporaryFile(oldCalls(100), name: "calls.csv")
        #expect(try await rollcall("import", file.path, "--data", data).status == 0)
        let before = try await rollcall("names", "list", "--search", "Agent B", "--json", "--data", data)
        let linked = try await rollcall(
            "names", "link", "Agent B", "--to", "Agent C", "--json", "--data", data)
        #expect(linked.status == 0 && linked.json.count == 1, "\(linked.out) \(linked.err)")
        #expect(linked.json.first?["name"] as? String == "Agent B")
        let link = (linked.json.first?["links"] as? [[String: Any]])?.first
        #expect(link?["name"] as? String == "Agent C")
        let list = try await rollcall("names", "list", "--json", "--data", data)
        #expect(list.out.split(separator: "\n").contains(Substring(linked.out.dropLast())), "\(list.out)")
        let undone = try await rollcall("names", "undo", "--json", "--data", data)
        // The person of a name that went was one with the other meanwhile: both names are told.
        #expect(undone.status == 0 && undone.json.count == 2, "\(undone.out) \(undone.err)")
        #expect(before.json.count == 1 && undone.out.contains(before.out), "\(undone.out)")
    }

    private static let hasTerminals: Bool = {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        guard terminal >= 0 else { return false }
        close(terminal)
        return access("/usr/bin/script", X_OK) == 0
    }()

    @Test(.enabled(if: hasTerminals, "no terminal can be opened here"))
    func `a password that is chosen at a terminal is typed twice`() async throws {
        let data = newFolder()
        defer { try? FileManager.default.removeItem(atPath: data) }
        #expect(try await setUp(data).status == 0)
        func typed(_ lines: String) async throws -> Child.Outcome {
            try await Child(
                ["-qec", "'\(Child.path)' user password ann --data '\(data)'", "/dev/null"], input: lines,
                program: "/usr/bin/script"
            ).wait()
        }
        let slip = try await typed("four green bottles\nfour green bottle\n")
        #expect(slip.status == 64 && slip.out.contains("The two passwords differ"), "\(slip.out)")
        #expect(!slip.out.contains("all sessions are ended"))
        let same = try await typed("four green bottles\nfour green bottles\n")
        #expect(same.status == 0 && same.out.contains("all sessions are ended"), "\(same.out)")
    }

    @Test func `the demo without a folder of its own leaves nothing behind`() async throws {
        let demo = try Child(["demo", "--port", "0"])
        #expect(try await demo.says("Open "), "\(demo.text("err"))")
        let said = demo.text("out")
        let folder = try #require(said.firstMatch(of: #/in (\/\S+) until it stops/#)).1
        #expect(FileManager.default.fileExists(atPath: folder + "/rollcall.sqlite"), "\(said)")
        demo.process.terminate()
        #expect(try await demo.wait().status == 0)
        #expect(!FileManager.default.fileExists(atPath: String(folder)))
    }
}
