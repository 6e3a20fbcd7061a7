import Domain
import Foundation
import GRDB
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct JournalTests {
    /// An office with some fifteen entries on both chains.
    private func filled() async throws -> ImportOffice {
        let office = try await ImportOffice()
        for index in 1...5 {
            try await office.store.changeBoxSettings(
                BoxSettings(sessionIdleMinutes: 30 + index), by: .console)
            try await office.store.addPerson(
                name: "Person \(index)",
                placement: { Placement(person: $0, from: Day(number: 20_000)) },
                by: Actor(user: office.ids.next(at: Instant(milliseconds: 5)), name: "Ann", via: "web"))
        }
        return office
    }

    private func fault(_ office: ImportOffice) async throws -> ChainFault? {
        try await office.store.verifyChains().fault
    }

    private static let changes = [
        "incarnation = 2", "office = upper(office)", "office = 'x'", "time = time + 1", "time = 'soon'",
        "user = 'somebody'", "user = NULL", "user = upper(user)", "user = 5", "actor = actor || ' '",
        "actor = 7",
        "via = 'web'", "kind = 'signedOut'", "kind = 'moonLanded'", "payload = '{}'",
        "payload = payload || ' '",
        "subject = 'x'", "subject = NULL", "previousHash = zeroblob(32)", "previousHash = x''",
        "hash = zeroblob(32)", "hash = 'text'", "hash = 5", "stream = 'other'", "seq = seq + 100",
        "payload = 5",
    ]

    @Test func `an altered column of any entry is found, and its entry is named`() async throws {
        let office = try await filled()
        #expect(try await fault(office) == nil)
        try office.damage("CREATE TABLE spare AS SELECT * FROM journal")
        for seq in [2, 4] {
            for change in Self.changes {
                let entry = "WHERE stream = 'shared' AND seq = \(seq)"
                let before = try await office.sql("SELECT * FROM journal \(entry)")
                try office.damage("UPDATE journal SET \(change) \(entry)")
                if try await office.sql("SELECT * FROM journal \(entry)") != before {
                    let found = try #require(try await fault(office), "\(change)")
                    // An entry that left its place shows as a gap there, or as a stranger where it went.
                    #expect(
                        [Int64(seq), Int64(seq) + 1, Int64(seq) + 100].contains(found.seq),
                        "\(change): \(found)")
                    #expect(!found.words.isEmpty)
                }
                try office.damage("DELETE FROM journal; INSERT INTO journal SELECT * FROM spare")
            }
        }
        #expect(try await fault(office) == nil)
    }

    @Test func `a removed entry and a swapped pair are found, and the first is named`() async throws {
        let office = try await filled()
        try office.damage("CREATE TABLE spare AS SELECT * FROM journal")
        func expectFault(_ stream: EventStream, _ seq: Int64, _ sql: String...) async throws {
            for part in sql { try office.damage(part) }
            let found = try #require(try await fault(office))
            #expect(found.stream == stream && found.seq == seq, "\(sql): \(found)")
            try office.damage("DELETE FROM journal; INSERT INTO journal SELECT * FROM spare")
        }
        try await expectFault(.shared, 2, "DELETE FROM journal WHERE stream = 'shared' AND seq = 1")
        try await expectFault(.shared, 4, "DELETE FROM journal WHERE stream = 'shared' AND seq = 3")
        try await expectFault(.local, 2, "DELETE FROM journal WHERE stream = 'local' AND seq = 1")
        func swap(_ a: Int, _ b: Int) -> String {
            """
            UPDATE journal SET seq = -1 WHERE stream = 'shared' AND seq = \(a);
            UPDATE journal SET seq = \(a) WHERE stream = 'shared' AND seq = \(b);
            UPDATE journal SET seq = \(b) WHERE stream = 'shared' AND seq = -1
            """
        }
        try await expectFault(.shared, 2, swap(2, 3))
        try await expectFault(.shared, 3, swap(3, 5))
        // Two at once: the first is named.
        try await expectFault(
            .shared, 3, "UPDATE journal SET payload = '{}' WHERE stream = 'shared' AND seq IN (3, 5)")
        // One that was made up and hashed rightly does not fit what follows it.
        try await expectFault(
            .shared, 4,
            "UPDATE journal SET previousHash = (SELECT hash FROM spare LIMIT 1) WHERE stream = 'shared' AND seq = 4"
        )
    }

    @Test func `verify names the entry in words`() async throws {
        let office = try await filled()
        try office.damage("UPDATE journal SET actor = 'Eve' WHERE stream = 'shared' AND seq = 3")
        let check = try #require(try await office.store.verifyDatabase().first { $0.name == "journal" })
        #expect(!check.ok && check.detail.contains("entry 3") && check.detail.contains("altered"))
    }

    @Test func `the order of entries is the order they were made in, whatever the box's clock does`()
        async throws
    {
        let wall = Mutex<Int64>(1_795_413_600_000)
        let office = try await ImportOffice(
            clock: Clock { Instant(milliseconds: wall.withLock { $0 }) })
        for (index, jump) in [0, -3_600_000, -86_400_000, 50, 7_200_000, -1].enumerated() {
            wall.withLock { $0 += Int64(jump) }
            try await office.store.changeBoxSettings(
                BoxSettings(sessionIdleMinutes: 40 + index), by: .console)
        }
        let made = try await office.sql("SELECT seq FROM journal WHERE stream = 'local' ORDER BY seq")
        #expect(
            try await office.sql("SELECT seq FROM journal WHERE stream = 'local' ORDER BY time, office, seq")
                == made)
        let times = try await office.sql("SELECT time FROM journal")
        #expect(Set(times).count == times.count)
        #expect(try await fault(office) == nil)
    }

    @Test func `a refused change leaves nothing`() async throws {
        let office = try await filled()
        let before = try await office.sql("SELECT * FROM journal") + office.state()
        let nobody: ID<Person> = office.ids.next(at: Instant(milliseconds: 9))
        await #expect(throws: UserError.self) {
            try await office.store.place(
                [Placement(person: nobody, from: Day(number: 20_000))], reason: "", by: .console)
        }
        #expect(throws: UserError.self) {
            try office.store.changeOffice(OfficeRules(name: "", timeZone: "UTC"), by: .console)
        }
        #expect(throws: UserError.self) {
            try office.store.changeOffice(OfficeRules(name: "X", timeZone: "Mars/North"), by: .console)
        }
        await #expect(throws: UserError.self) {
            try await office.store.changeBoxSettings(BoxSettings(uploadLimitMegabytes: 0), by: .console)
        }
        let source = try #require(try await office.store.sources().first?.source)
        var other = source
        other.id = office.ids.next(at: Instant(milliseconds: 10))
        await #expect(throws: UserError.self) { try await office.store.saveSource(other, by: .console) }
        #expect(try await office.sql("SELECT * FROM journal") + office.state() == before)
    }

    @Test func `payloads are kept as they were hashed`() async throws {
        let office = try await filled()
        for row in try await office.sql("SELECT kind || ' ' || payload FROM journal") {
            let parts = row.split(separator: " ", maxSplits: 1).map(String.init)
            #expect(try EventBody(kind: parts[0], payload: parts[1]).canonicalPayload() == parts[1])
        }
    }
}

@Suite struct SchemaTests {
    /// To renew it after a new migration: delete the file and run the test.
    @Test func `schema sql shows today's schema`() async throws {
        let office = try await ImportOffice()
        let schema = try await office.sql(
            "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        ).joined(separator: "\n\n")
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("schema.sql")
        guard FileManager.default.fileExists(atPath: path.path) else {
            try (schema + "\n").write(to: path, atomically: true, encoding: .utf8)
            Issue.record("schema.sql was not there and has been written; look at it and commit it.")
            return
        }
        #expect(try String(contentsOf: path, encoding: .utf8) == schema + "\n")
    }
}
