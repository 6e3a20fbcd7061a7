import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Two servers that exchange over TLS and over a folder while one or the other is killed: no entry is lost or doubled.
@Suite(.serialized) struct KillExchangeTests {
    private final class Box {
        let folder: String
        let port: Int
        var server: Child?

        init(_ folder: String, port: Int) {
            self.folder = folder
            self.port = port
        }

        func start() async throws {
            let child = try Child([
                "serve", "--data", folder, "--tls", "auto", "--port", String(port),
            ])
            server = child
            #expect(try await child.says("serves"), "\(child.text("err"))")
        }

        func kill() async throws {
            server?.kill()
            _ = try await server?.wait()
            server = nil
        }

        deinit { server?.kill() }
    }

    private func office(_ name: String, seed: UInt64) async throws -> ImportOffice {
        let office = try await ImportOffice(
            rules: OfficeRules(name: name, timeZone: "Europe/Berlin"), seed: seed, clock: .system)
        try office.take(oldCalls(300, seed: seed), file: "\(name).csv")
        return office
    }

    private func pair(_ a: ImportOffice, with b: ImportOffice) async throws {
        let card = FileManager.default.temporaryDirectory.path + "/rollcall-card-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: card) }
        let manifest = try exportCard(to: card, from: b.store).manifest
        try await a.store.pair(
            manifest.office, name: manifest.officeName, key: manifest.key, for: .console, by: .console)
    }

    @Test func `two servers that are killed again and again end with one state`() async throws {
        let (a, b) = (try await office("North", seed: 31), try await office("South", seed: 32))
        try await pair(a, with: b)
        try await pair(b, with: a)
        let shared = FileManager.default.temporaryDirectory.path + "/rollcall-shared-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: shared) }
        for office in [a, b] {
            try await office.store.changeBoxSettings(
                BoxSettings(
                    exchange: ExchangeSettings(folder: shared, folderTimes: .byHand, networkTimes: .byHand)),
                by: .console)
        }
        let north = try #require(try await a.store.officeState()).office.id
        let south = try #require(try await b.store.officeState()).office.id
        let secret = try await b.store.makeExchangeToken(of: north, for: .console, by: .console)
        let boxes = [Box(a.folder.path, port: try freePort()), Box(b.folder.path, port: try freePort())]
        // Its authority is made at its first start.
        try b.store.close()
        try await boxes[1].start()
        let authority = try String(contentsOfFile: b.folder.keys + "/rollcall-ca.crt", encoding: .utf8)
        try await a.store.saveExchangeAddress(
            of: south, ExchangeAddress("127.0.0.1:\(boxes[1].port)"), secret: secret, authority: authority,
            for: .console, by: .console)
        try a.store.close()
        try await boxes[0].start()

        var numbers = SeededNumbers(7)
        var cutOff = 0
        var rounds = 0
        // A quick box may be done before it is hit.
        while rounds < 6 || (cutOff == 0 && rounds < 30) {
            let round = rounds
            rounds += 1
            for box in boxes {
                let file = try TemporaryFile(
                    oldCalls(1500, seed: UInt64(100 + round * 2) + (box === boxes[0] ? 0 : 1)),
                    name: "\(round)-\(box === boxes[0] ? "n" : "s").csv")
                let taken = try await rollcall("import", file.path, "--data", box.folder)
                #expect(taken.status == 0, "\(taken.err)")
            }
            let sync = try Child(["snapshot", "sync", "--data", boxes[round % 2].folder])
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...900, using: &numbers)))
            let victim = boxes[Int.random(in: 0..<2, using: &numbers)]
            try await victim.kill()
            if try await sync.wait().status != 0 { cutOff += 1 }
            try await victim.start()
        }
        #expect(cutOff > 0, "no kill hit an exchange")
        // The network alone, then what the folder has is nothing new.
        var told: [String] = []
        var status: Int32 = 1
        for _ in 0..<5 where status != 0 {
            let sync = try await rollcall("snapshot", "sync", "--data", boxes[0].folder)
            status = sync.status
            told.append(sync.out + sync.err)
        }
        #expect(status == 0)
        let last = try await rollcall("snapshot", "sync", "--json", "--data", boxes[1].folder)
        #expect(last.status == 0, "\(last.err)")
        told.append(last.out + last.err)
        var hashes: Set<String> = []
        for box in boxes {
            let verify = try await rollcall("verify", "--json", "--data", box.folder)
            #expect(verify.status == 0 && verify.json.first?["ok"] as? Bool == true, "\(verify.out)")
            hashes.insert(try #require(verify.json.first?["stateHash"] as? String))
            try await box.kill()
            let office = try ImportOffice(opening: box.folder)
            #expect(try await office.leftovers() == [])
            let live = try await office.sql("SELECT count(*) FROM fileVersion WHERE state = 'live'")
            #expect(live == [String(2 + 2 * rounds)])
        }
        #expect(hashes.count == 1, "\(told.joined(separator: "\n"))")
    }

    @Test func `a snapshot is taken in by a command, which says where the copy is; a backup is not`()
        async throws
    {
        let (a, b) = (try await office("North", seed: 51), try await office("South", seed: 52))
        try await pair(b, with: a)
        for office in [a, b] { try office.store.close() }
        let (north, south) = (a.folder.path, b.folder.path)
        let (snapshot, backup) = (north + "/out.rollcall", north + "/backup.rollcall")
        #expect(try await rollcall("snapshot", "export", "--out", snapshot, "--data", north).status == 0)
        #expect(try await rollcall("backup", "--out", backup, "--data", north).status == 0)
        let refused = try await rollcall("snapshot", "import", backup, "--yes", "--data", south)
        #expect(
            refused.status == 65 && refused.err.contains("is a backup")
                && refused.err.contains("rollcall restore"))
        let card = north + "/card.rollcall"
        #expect(try await rollcall("snapshot", "card", "--out", card, "--data", north).status == 0)
        let empty = try await rollcall("snapshot", "import", card, "--yes", "--data", south)
        #expect(empty.status == 65 && empty.err.contains("has no entries"), "\(empty.err)")
        let typo = try await rollcall(
            "snapshot", "import", north + "/typo.rollcall", "--yes", "--data", south)
        #expect(typo.status == 66, "\(typo.err)")
        let taken = try await rollcall("snapshot", "import", snapshot, "--yes", "--data", south)
        #expect(taken.status == 0, "\(taken.err)")
        #expect(taken.out.contains(b.folder.backups + "/before-merge-"))
        let forks = try await rollcall("snapshot", "forks", "--data", south)
        #expect(forks.status == 0 && forks.out.contains("written by one box"))
        let nobody = try await rollcall("snapshot", "forks", "--go-on", "North", "--yes", "--data", south)
        #expect(nobody.status == 66 && nobody.err.contains("No two boxes"))
        let copies = try FileManager.default.contentsOfDirectory(atPath: b.folder.backups)
        #expect(copies.count { $0.hasPrefix("before-merge-") } == 1)
    }

    @Test func `an office whose box was replaced is paired again in so many words alone`() async throws {
        let (a, b) = (try await office("North", seed: 55), try await office("South", seed: 56))
        try await pair(b, with: a)
        let words = try OfficeKey(of: a.store).words.joined(separator: " ")
        try a.store.close()
        // Its key was lost, and the box made another.
        unlink(a.folder.officeKey)
        try a.reopen()
        let now = try OfficeKey(of: a.store).words.joined(separator: " ")
        #expect(now != words)
        for office in [a, b] { try office.store.close() }
        let (north, south) = (a.folder.path, b.folder.path)
        let card = north + "/card.rollcall"
        #expect(try await rollcall("snapshot", "card", "--out", card, "--data", north).status == 0)
        let refused = try await rollcall("snapshot", "pair", card, "--yes", "--data", south)
        #expect(refused.status == 65 && refused.err.contains(words) && refused.err.contains("--replace"))
        let again = try await rollcall("snapshot", "pair", card, "--yes", "--replace", "--data", south)
        #expect(again.status == 0, "\(again.err)")
        let nowhere = try await rollcall("snapshot", "card", "--out", "/no/such/x", "--data", north)
        #expect(nowhere.status == 65 && nowhere.err.contains("the folder is there"), "\(nowhere.err)")
        // One that cannot be read is not replaced.
        unlink(a.folder.officeKey)
        try FileManager.default.createDirectory(
            atPath: a.folder.officeKey, withIntermediateDirectories: true)
        let unreadable = try await rollcall("snapshot", "card", "--out", card, "--data", north)
        #expect(unreadable.status == 65 && unreadable.err.contains("cannot be read"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: a.folder.officeKey).isEmpty)
    }

    @Test func `a snapshot of a chain that was written twice is an alarm, and no success`() async throws {
        let (a, b) = (try await office("North", seed: 61), try await office("South", seed: 62))
        try await pair(b, with: a)
        for office in [a, b] { try office.store.close() }
        let (north, south) = (a.folder.path, b.folder.path)
        #expect(try await rollcall("snapshot", "card", "--out", north + "/card", "--data", north).status == 0)
        // The database of yesterday is written over the one of today, and nobody is told.
        let parts = try FileManager.default.contentsOfDirectory(atPath: north)
            .filter { $0.hasPrefix("rollcall.sqlite") && !$0.hasSuffix("-shm") }
        let kept = try parts.map { try Data(contentsOf: URL(fileURLWithPath: "\(north)/\($0)")) }
        for side in 1...2 {
            let file = try TemporaryFile(oldCalls(20, seed: UInt64(70 + side)), name: "\(side).csv")
            #expect(try await rollcall("import", file.path, "--data", north).status == 0)
            let snapshot = "\(north)/\(side).rollcall"
            #expect(try await rollcall("snapshot", "export", "--out", snapshot, "--data", north).status == 0)
            if side == 1 {
                for (part, bytes) in zip(parts, kept) {
                    try bytes.write(to: URL(fileURLWithPath: "\(north)/\(part)"))
                }
                unlink("\(north)/rollcall.sqlite-shm")
            }
        }
        func take(_ side: Int, _ option: String) async throws -> Child.Outcome {
            try await rollcall(
                "snapshot", "import", "\(north)/\(side).rollcall", option, "--data", south)
        }
        #expect(try await take(1, "--yes").status == 0)
        for option in ["--dry-run", "--yes"] {
            let twice = try await take(2, option)
            #expect(twice.status == 65, "\(twice.out)\(twice.err)")
            #expect(twice.out.contains("ALARM") && twice.out.contains("None of it can be taken in"))
        }
    }

    @Test func `one folder is exchanged once, by a command`() async throws {
        let (a, b) = (try await office("North", seed: 41), try await office("South", seed: 42))
        try await pair(a, with: b)
        try await pair(b, with: a)
        let stick = FileManager.default.temporaryDirectory.path + "/rollcall-stick-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: stick) }
        for office in [a, b] { try office.store.close() }
        let none = try await rollcall("snapshot", "sync", "--data", a.folder.path)
        #expect(none.status == 65 && none.err.contains("No exchange is set up"))
        for office in [a, b, a] {
            let done = try await rollcall("snapshot", "sync", "--folder", stick, "--data", office.folder.path)
            #expect(done.status == 0, "\(done.err)")
        }
        var hashes: Set<String> = []
        for office in [a, b] {
            let verify = try await rollcall("verify", "--json", "--data", office.folder.path)
            hashes.insert(try #require(verify.json.first?["stateHash"] as? String))
        }
        #expect(hashes.count == 1)
        let gone = try await rollcall(
            "snapshot", "sync", "--folder", stick + "/nowhere", "--data", a.folder.path)
        #expect(gone.status == 65 && gone.err.contains("is not there"), "\(gone.err)")
    }
}
