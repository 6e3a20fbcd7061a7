import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// What scripts rely on: output, exit codes, and where errors go.
@Suite struct CommandTests {
    private func office() async throws -> ImportOffice {
        let office = try await ImportOffice()
        try office.take(oldCalls(200), file: "before.csv")
        try office.store.close()
        return office
    }

    private static let importKeys: Set<String> = [
        "file", "version", "source", "rows", "accepted", "duplicate", "changed", "rejected", "blank",
        "overlapping", "agents", "from", "to", "digest", "seconds", "dryRun",
    ]

    @Test func `import prints one object a file and says which were refused`() async throws {
        let office = try await office()
        let good = try TemporaryFile(oldCalls(300, seed: 2), name: "good.csv")
        let bad = try TemporaryFile("a,b\n1,2\n", name: "bad.csv")
        let dry = try await rollcall("import", good.path, "--dry-run", "--json", "--data", office.folder.path)
        #expect(dry.status == 0 && dry.json.first?["dryRun"] as? Bool == true)
        let both = try await rollcall("import", good.path, bad.path, "--json", "--data", office.folder.path)
        #expect(both.status == 65)
        #expect(both.json.count == 2)
        #expect(Set(both.json[0].keys) == Self.importKeys)
        #expect(both.json[0]["rows"] as? Int == 300 && both.json[0]["accepted"] as? Int == 300)
        #expect(both.json[0]["digest"] as? String == dry.json.first?["digest"] as? String)
        #expect(Set(both.json[1].keys) == ["file", "refused"])
        let refused = try #require(both.json[1]["refused"] as? [String: String])
        #expect(refused["code"] == "not-a-call-log" && refused["message"]?.isEmpty == false)
        // In words the refusal goes to standard error, with what to do.
        let words = try await rollcall("import", bad.path, good.path, "--data", office.folder.path)
        #expect(words.status == 65)
        #expect(words.out.isEmpty)
        #expect(words.err.contains("bad.csv: not taken in.") && words.err.contains("Rollcall reads:"))
        #expect(words.err.contains("version 1"), "the same bytes are named")
    }

    @Test func `exit codes say what kind of thing went wrong`() async throws {
        let office = try await office()
        let data = office.folder.path
        let missing = try await rollcall("import", "/nowhere/x.csv", "--json", "--data", data)
        #expect(missing.status == 66)
        #expect((missing.json.first?["refused"] as? [String: String])?["code"] == "not-found")
        let folder = try await rollcall("import", "/tmp", "--data", data)
        #expect(folder.status == 65 && folder.err.contains("/tmp"))
        for arguments in [
            ["frobnicate"], ["import", "--data", data], ["import", "x.csv", "--date-order", "xyz"],
            ["serve", "--port", "70000", "--data", data], ["setup", "--password", "x"],
            ["verify", "--wrong"],
        ] {
            let outcome = try await Child(arguments).wait()
            #expect(outcome.status == 64, "\(arguments): \(outcome.status)")
            #expect(outcome.out.isEmpty && !outcome.err.isEmpty, "\(arguments)")
        }
        let report = try await rollcall("report", "performance", "--by", "shoe", "--data", data)
        #expect(report.status == 64 && report.out.isEmpty && report.err.contains("shoe"))
        let source = try await rollcall("import", "/etc/hostname", "--source", "x", "--data", data)
        #expect(source.status == 65)
    }

    @Test func `a folder that was mistyped is not made`() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-typo-\(UUID().uuidString)"
        for arguments in [
            ["verify"], ["backup", "--status"], ["user", "list"], ["import", "/etc/hostname"],
        ] {
            let outcome = try await Child(arguments + ["--data", path]).wait()
            #expect(outcome.status == 65 && outcome.err.contains(path), "\(arguments) \(outcome.err)")
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `two versions of a file are compared`() async throws {
        let office = try await office()
        let data = office.folder.path
        let next = try TemporaryFile(oldCalls(250), name: "before.csv")
        #expect(try await rollcall("import", next.path, "--data", data).status == 0)
        let words = try await rollcall("files", "diff", "before.csv", "--limit", "3", "--data", data)
        #expect(words.status == 0, "\(words.err)")
        #expect(words.out.contains("version 1 to 2: 0 changed, 50 new, 0 gone, 200 the same"))
        #expect(words.out.contains("… and 47 more new"))
        let told = try await rollcall(
            "files", "diff", "before.csv", "--from", "2", "--to", "1", "--json", "--data", data)
        #expect(told.json.count == 3)
        #expect(told.json.map { $0["kind"] as? String } == ["changed", "new", "gone"])
        #expect(told.json.last?["gone"] as? Int == 50)
        #expect((told.json.last?["calls"] as? [Any])?.count == 20)
        let missing = try await rollcall("files", "diff", "before.csv", "--to", "1", "--data", data)
        #expect(missing.status == 64 && missing.err.contains("no version before 1"))
        #expect(try await rollcall("files", "diff", "none.csv", "--data", data).status == 66)
    }

    @Test func `people are listed, shown and placed`() async throws {
        let office = try await office()
        let data = office.folder.path
        let store = try OfficeStore(folder: office.folder)
        let day = Day(number: 19_000)
        let tom = try await store.addPerson(
            name: "Tom Manager",
            placement: { Placement(person: $0, from: day, designation: Placement.teamManager) }, by: .console)
        _ = try await store.addPerson(
            name: "Lea Leader",
            placement: {
                Placement(person: $0, from: day, designation: Placement.teamLeader, manager: tom.id)
            }, by: .console)
        _ = try await store.addPerson(
            name: "Al Agent", placement: { Placement(person: $0, from: day) }, by: .console)
        try store.close()
        let placed = try await rollcall(
            "place", "al agent", "--from", "2024-05-01", "--leader", "Lea Leader", "--employment",
            "part-timer",
            "--reason", "new team", "--json", "--data", data)
        #expect(placed.status == 0, "\(placed.err)")
        #expect(placed.json.first?["leader"] as? String == "Lea Leader")
        #expect(placed.json.first?["manager"] as? String == "Tom Manager")
        let before = try await rollcall("people", "list", "--on", "2024-04-30", "--json", "--data", data)
        let al = before.json.first { $0["name"] as? String == "Al Agent" }
        #expect(al?["employment"] as? String == "Full-Timer" && al?["leader"] == nil)
        let shown = try await rollcall("people", "show", "Al Agent", "--on", "2024-05-01", "--data", data)
        #expect(shown.out.contains("in the team of Lea Leader") && shown.out.contains("new team"))
        for (arguments, status) in [
            (["place", "Nobody", "--from", "2024-05-01", "--nobody"], 66),
            (["place", "Al Agent", "--from", "soon", "--nobody"], 64),
            (["place", "Al Agent", "--from", "2024-05-01", "--nobody", "--leader", "Lea Leader"], 64),
            (["place", "Al Agent", "--from", "2024-05-01", "--designation", "Astronaut"], 64),
            (["place", "Lea Leader", "--from", "2024-05-01", "--status", "Left"], 65),
            (["people", "show", "Nobody"], 66),
        ] {
            let outcome = try await Child(arguments + ["--data", data]).wait()
            #expect(outcome.status == status, "\(arguments): \(outcome.status) \(outcome.err)")
            #expect(outcome.out.isEmpty && !outcome.err.isEmpty, "\(arguments)")
        }
    }

    @Test func `dates that can be read in two ways wait for an answer`() async throws {
        let office = try await office()
        let text = SampleCall.header + "\nJane,P1,9001,03/04/2024 09:00,Outbound,Sale,Auto,North,North,\n"
        let file = try TemporaryFile(text)
        let asked = try await rollcall("import", file.path, "--json", "--data", office.folder.path)
        #expect(asked.status == 65)
        #expect((asked.json.first?["refused"] as? [String: String])?["code"] == "date-order-needed")
        let words = try await rollcall("import", file.path, "--data", office.folder.path)
        #expect(words.err.contains("--date-order"))
        let answered = try await rollcall(
            "import", file.path, "--date-order", "dmy", "--json", "--data", office.folder.path)
        #expect(answered.status == 0 && answered.json.first?["from"] as? String == "2024-04-03")
        let reopened = try ImportOffice(opening: office.folder.path)
        #expect(try await reopened.leftovers() == [])
    }

    @Test func `verify and report have the shape that machines read`() async throws {
        let office = try await office()
        let verify = try await rollcall("verify", "--json", "--data", office.folder.path)
        #expect(verify.status == 0)
        let result = try #require(verify.json.first)
        #expect(Set(result.keys) == ["ok", "stateHash", "checks"])
        let checks = try #require(result["checks"] as? [[String: Any]])
        #expect(checks.allSatisfy { Set($0.keys) == ["name", "ok", "detail"] })
        #expect(
            Set(checks.compactMap { $0["name"] as? String }).isSuperset(of: [
                "database", "journal", "files", "rows", "rollups", "state hash", "archives", "calls",
            ]))
        let report = try await rollcall(
            "report", "performance", "--from", "2024-01-01", "--to", "2024-01-31", "--by", "agent", "--by",
            "state", "--format", "json", "--data", office.folder.path)
        let body = try #require(
            try JSONSerialization.jsonObject(with: Data(report.out.utf8)) as? [String: Any])
        #expect(Set(body.keys).isSuperset(of: ["columns", "rows", "total"]))
        let rows = try #require(body["rows"] as? [[String: Any]])
        #expect(rows.allSatisfy { ($0["key"] as? [Any])?.count == 2 && $0["logs"] is Int })
        #expect((body["total"] as? [String: Any])?["logs"] as? Int == 200)
        #expect(rows.compactMap { $0["logs"] as? Int }.reduce(0, +) == 200)

        try FileManager.default.removeItem(atPath: office.folder.files)
        let damaged = try await rollcall("verify", "--json", "--data", office.folder.path)
        #expect(damaged.status == 65 && damaged.json.first?["ok"] as? Bool == false)
    }

    @Test func `permissions are printed as the table in the code`() async throws {
        let outcome = try await rollcall("permissions", "--json")
        let table = try #require(outcome.json.first as? [String: [String: String]])
        #expect(Set(table.keys) == Set(Permission.allCases.map(\.rawValue)))
        for permission in Permission.allCases {
            for role in Role.allCases {
                #expect(table[permission.rawValue]?[role.rawValue] == permission.reach(of: role).rawValue)
            }
        }
        #expect(try await rollcall("permissions").out.contains("Upload files"))
    }

    @Test func `setup takes the password from standard input and only once`() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-setup-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let arguments = [
            "setup", "--data", path, "--office", "Nord", "--time-zone", "Europe/Berlin", "--admin", "ann",
        ]
        let weak = try await Child(arguments + ["--password-stdin"], input: "password12\n").wait()
        #expect(weak.status == 64 && weak.err.contains("first that somebody would try"))
        let none = try await Child(arguments).wait()
        #expect(none.status == 64 && none.err.contains("--password-stdin"))
        let done = try await Child(arguments + ["--password-stdin"], input: "three brown horses\n").wait()
        #expect(done.status == 0 && done.out.contains("Nord"), "\(done.err)")
        let again = try await Child(arguments + ["--password-stdin"], input: "three brown horses\n").wait()
        #expect(again.status == 65 && again.err.contains("already"))
    }
}

/// Two processes and one folder.
@Suite struct LockTests {
    @Test func `a second process is told who has the folder`() async throws {
        let office = try await ImportOffice()
        for arguments in [
            ["verify"], ["serve", "--port", "0"], ["rebuild"], ["import", "/etc/hostname.csv"],
        ] {
            let outcome = try await Child(arguments + ["--data", office.folder.path]).wait()
            #expect(outcome.status == 75, "\(arguments): \(outcome.err)")
            #expect(outcome.err.contains("process \(getpid())"), "\(outcome.err)")
        }
        #expect(try await office.faults() == [])
    }

    @Test func `while a server runs it performs the commands, with the same output`() async throws {
        let office = try await ImportOffice()
        try office.take(oldCalls(200), file: "before.csv")
        try office.store.close()
        let data = office.folder.path
        let alone = try await rollcall("verify", "--json", "--data", data)
        let report = ["report", "performance", "--from", "2024-01-01", "--to", "2024-01-31", "--by", "agent"]
        let aloneReport = try await Child(report + ["--data", data]).wait()

        let server = try Child(["serve", "--port", "0", "--data", data])
        #expect(try await server.says("serves"), "\(server.text("err"))")
        let verify = try await rollcall("verify", "--json", "--data", data)
        #expect(verify.status == 0 && verify.out == alone.out)
        let served = try await Child(report + ["--data", data]).wait()
        #expect(served.status == 0 && served.out == aloneReport.out && !served.out.isEmpty)
        let good = try TemporaryFile(oldCalls(100, seed: 8), name: "good.csv")
        let taken = try await rollcall("import", good.path, "--json", "--data", data)
        #expect(taken.status == 0 && taken.json.first?["accepted"] as? Int == 100, "\(taken.err)")
        let again = try await rollcall("import", good.path, "--data", data)
        #expect(again.status == 65 && again.out.isEmpty && again.err.contains("good.csv"))
        let missing = try await rollcall("import", "/nowhere/x.csv", "--json", "--data", data)
        #expect(missing.status == 66)
        let code = try await rollcall("setup-code", "--data", data)
        #expect(code.status == 65 && code.err.contains("already"))
        #expect(try await rollcall("report", "performance", "--by", "shoe", "--data", data).status == 64)
        let second = try await rollcall("serve", "--port", "0", "--data", data)
        #expect(second.status == 75 && second.err.contains("\(server.process.processIdentifier)"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: office.folder.incoming) == [])

        server.process.terminate()
        #expect(try await server.wait().status == 0)
        #expect(!FileManager.default.fileExists(atPath: office.folder.socket))
        let reopened = try ImportOffice(opening: data)
        #expect(try await reopened.faults() == [])
    }

    @Test func `a busy port is said at once`() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 1)
                _ = getsockname(listener, $0, &length)
            }
        }
        let office = try await ImportOffice()
        try office.store.close()
        let port = String(UInt16(bigEndian: address.sin_port))
        let outcome = try await rollcall("serve", "--port", port, "--data", office.folder.path)
        #expect(outcome.status == 75)
        #expect(outcome.err.contains("Port \(port) is in use") && outcome.err.contains("--port"))
    }
}

/// A disk that fills up.
@Suite(.serialized, .enabled(if: SmallDisk.canMount, "a small file system cannot be mounted here"))
struct FullDiskTests {
    /// Uploads go on until the disk is full.
    private static let toTheLast = BoxSettings(
        disk: DiskMarks(warnPercent: 0, warnMegabytes: 0, refuseMegabytes: 0))

    @Test(arguments: [ImportProgress.Stage.reading, .saving])
    func `a disk that fills up during an import costs the import and nothing else`(
        stage: ImportProgress.Stage
    )
        async throws
    {
        let disk = try SmallDisk(megabytes: 110)
        let office = try await ImportOffice(path: disk.path + "/data")
        try await office.store.changeBoxSettings(Self.toTheLast, by: .console)
        try office.take(oldCalls(100), file: "before.csv")
        let before = try await office.figures()
        let error = #expect(throws: UserError.self) {
            try office.take(
                oldCalls(20_000, seed: 4).utf8,
                progress: { if $0.stage == stage { disk.fill() } })
        }
        #expect(error?.code == .diskFull && error?.code.exitCode == 74)
        #expect(try await office.figures() == before)
        disk.empty()
        try office.reopen()
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        try office.take(oldCalls(3000, seed: 4))
        #expect(try await office.faults() == [])
    }

    @Test func `the command says that the disk is full and exits 74`() async throws {
        let disk = try SmallDisk(megabytes: 30)
        let office = try await ImportOffice(path: disk.path + "/data")
        try await office.store.changeBoxSettings(Self.toTheLast, by: .console)
        try office.store.close()
        let file = try TemporaryFile(oldCalls(5000))
        let first = try await rollcall("import", file.path, "--json", "--data", office.folder.path)
        #expect(first.status == 74)
        #expect((first.json.first?["refused"] as? [String: String])?["code"] == "disk-full")
        disk.fill(leaving: 200_000)
        let second = try await rollcall("import", file.path, "--data", office.folder.path)
        #expect(second.status == 74, "\(second.err)")
        #expect(second.err.contains("disk is full"))
        disk.empty()
        let reopened = try ImportOffice(opening: office.folder.path)
        #expect(try await reopened.faults() == [])
    }
}

/// A file system in memory that is full soon.
final class SmallDisk: @unchecked Sendable {
    let path: String

    static let canMount = (try? SmallDisk(megabytes: 1)) != nil

    init(megabytes: Int) throws {
        path = FileManager.default.temporaryDirectory.path + "/rollcall-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            try FileManager.default.removeItem(atPath: path)
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Takes all the room but so many bytes.
    func fill(leaving rest: Int = 0) {
        let descriptor = open(path + "/filler", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        var info = statvfs()
        while statvfs(path, &info) == 0, Int(info.f_bavail) * Int(info.f_frsize) > rest {
            if write(descriptor, block, block.count) <= 0 { break }
        }
    }

    func empty() { unlink(path + "/filler") }
}
