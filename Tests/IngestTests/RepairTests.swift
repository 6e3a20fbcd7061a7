import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Rebuild gives everything back; verify names what is damaged.
@Suite struct RepairTests {
    private static let projections = [
        "agentDay", "dayTally", "agentDayCells", "call", "rejectedLine", "versionDay", "deletedSpan",
        "deleteRequest", "deleteHold", "fileVersion", "file", "aliasSpan", "agentName", "placementSpan",
        "placement", "person", "outcome", "label", "source", "office", "user", "boxSettings",
    ]

    /// Three versions of two files, with calls that later ones replace.
    private func filled() async throws -> ImportOffice {
        let office = try await ImportOffice()
        var random = RandomFile(seed: 4)
        for name in ["a.csv", "b.csv", "a.csv"] {
            try office.take(RandomFile.text(random.rows(80, ids: 1...120)), file: name)
        }
        return office
    }

    private func archives(_ office: ImportOffice) async throws -> [String] {
        try await office.store.archivedVersions().map(\.archivePath)
    }

    @Test func `a rebuild gives the same state, also after every projection was lost`() async throws {
        let office = try await filled()
        let (hash, figures) = (try await office.store.stateHash(), try await office.figures())
        let users = try await office.sql("SELECT * FROM user")
        try office.store.rebuildFromArchives()
        #expect(try await office.store.stateHash() == hash)
        try office.damage(Self.projections.map { "DELETE FROM \($0);" }.joined())
        #expect(try await office.store.stateHash().hex != hash.hex)
        try office.store.rebuildFromArchives()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.figures() == figures)
        #expect(try await office.sql("SELECT * FROM user") == users)
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        // The office goes on as before.
        try office.take(CallFileText.usual.text, file: "later.csv")
        #expect(try await office.faults() == [])
    }

    @Test func `a rebuild that was cut off is known and done again`() async throws {
        let office = try await filled()
        let hash = try await office.store.stateHash()
        #expect(try office.store.isRebuilding() == false)
        try office.damage(
            "CREATE TRIGGER refuse BEFORE INSERT ON agentDayCells BEGIN SELECT RAISE(ABORT, 'refused'); END")
        #expect(throws: (any Error).self) { try office.store.rebuildFromArchives() }
        try office.damage("DROP TRIGGER refuse")
        try office.reopen()
        #expect(try office.store.isRebuilding())
        try office.store.rebuildFromArchives()
        #expect(try office.store.isRebuilding() == false)
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
    }

    @Test func `a folder of the first schema is counted again`() async throws {
        let office = try await filled()
        let (hash, figures) = (try await office.store.stateHash(), try await office.figures())
        try office.damage(
            """
            DROP TABLE agentDayCells; CREATE TABLE hourTally (number INTEGER PRIMARY KEY);
            DROP INDEX callByKey; CREATE UNIQUE INDEX callByKey ON call (source, key, version);
            DROP TABLE rejectedLine; DROP TABLE versionDay;
            DROP TABLE aliasSpan; DROP TABLE namesApart; DROP TABLE transferRequest; DROP TABLE delegation;
            ALTER TABLE person DROP COLUMN mergedInto; ALTER TABLE agentName DROP COLUMN links;
            ALTER TABLE agentName ADD COLUMN person TEXT; CREATE INDEX agentNameByPerson ON agentName (person);
            DROP TABLE deletedSpan; DROP TABLE deleteRequest; DROP TABLE deleteHold;
            ALTER TABLE fileVersion DROP COLUMN cut; ALTER TABLE fileVersion DROP COLUMN unsettled;
            DROP INDEX agentDayElsewhere; ALTER TABLE agentDay DROP COLUMN elsewhere;
            ALTER TABLE source DROP COLUMN format; ALTER TABLE office DROP COLUMN calls;
            DROP TABLE file; CREATE TABLE file (id TEXT PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL);
            ALTER TABLE fileVersion DROP COLUMN incarnation; ALTER TABLE source DROP COLUMN staged;
            ALTER TABLE folder DROP COLUMN place; ALTER TABLE journal DROP COLUMN arrival;
            DROP TABLE incomingEvent; DROP TABLE signedHead; DROP TABLE peer; DROP TABLE peerState;
            DROP TABLE fork; DROP TABLE forkEntry; DROP TABLE conflict; DROP TABLE conflictDecision;
            DROP TABLE backup; DROP TABLE backupFailure;
            DROP TABLE exchangeToken; DROP TABLE exchangeAddress; DROP TABLE exchangeRun; DROP TABLE exchangeFile;
            DROP TABLE exchangeQuestion;
            DELETE FROM grdb_migrations WHERE identifier NOT LIKE '1 %';
            """)
        try office.reopen()
        #expect(try office.store.isRebuilding())
        // As it was, it was kept first, and can be had back.
        let kept = try FileManager.default.contentsOfDirectory(atPath: office.folder.backups)
        #expect(kept.count == 1)
        try office.store.rebuildFromArchives()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.figures() == figures)
        #expect(try await office.faults() == [])
        try office.take(CallFileText.usual.text, file: "later.csv")
        try office.store.close()
        let outcome = try RestorePlace(office.folder).restoreDatabase(
            office.folder.backups + "/" + (kept.first ?? ""), by: .console)
        #expect(outcome.stateHash == hash.hex)
        try office.reopen()
        #expect(try await office.figures() == figures)
        #expect(try await office.faults().allSatisfy { $0.contains("later.csv") })
    }

    @Test func `a hold of the release before is the office's that set it`() async throws {
        let network = try await OfficeNetwork()
        let (north, south) = (network[0], network[1])
        for (box, reason) in [(north, "a lawsuit"), (south, "an audit")] {
            let hold = DeleteHold(id: box.ids.next(at: box.store.clock.now()), reason: reason)
            try await box.store.changeHold(nil, to: hold, for: DeletionWalk.dan, by: .console)
        }
        network.pass(minutes: 1)
        try network.send(0, to: 1)
        try network.send(1, to: 0)
        let (hash, holds) = (
            try await north.store.stateHash(), "SELECT hold ->> '$.reason', office FROM deleteHold ORDER BY 1"
        )
        let before = try await north.sql(holds)
        #expect(before.count == 2)
        let old = """
            ALTER TABLE deleteHold RENAME TO newHold;
            CREATE TABLE deleteHold (id TEXT PRIMARY KEY, hold TEXT NOT NULL) WITHOUT ROWID;
            INSERT INTO deleteHold SELECT id, hold FROM newHold; DROP TABLE newHold;
            DELETE FROM grdb_migrations WHERE identifier LIKE '14 %';
            """
        try north.damage(old)
        try north.reopen()
        #expect(try await north.sql(holds) == before)
        #expect(try await north.store.stateHash() == hash)
        #expect(try north.store.isRebuilding() == false)
        // A conflict about a hold follows from the entries anew.
        try north.damage(old + "INSERT INTO conflict VALUES ('1', 'hold 2', 'loser', NULL, 'why');")
        try north.reopen()
        #expect(try north.store.isRebuilding())
        try north.rebuild()
        #expect(try await north.sql(holds) == before)
        #expect(try await north.store.stateHash() == hash)
        #expect(try await north.faults() == [])
    }

    @Test func `a folder without rejected lines and days gets them`() async throws {
        let office = try await filled()
        let tables = [
            "SELECT number & 0xffffffff, reason, text FROM rejectedLine ORDER BY number",
            "SELECT day, rows, agents FROM versionDay ORDER BY version, day",
        ]
        var before: [[String]] = []
        for sql in tables { before.append(try await office.sql(sql)) }
        #expect(before.allSatisfy { !$0.isEmpty })
        try office.damage(
            """
            DROP TABLE rejectedLine; DROP TABLE versionDay;
            DELETE FROM grdb_migrations WHERE identifier LIKE '5 %';
            """)
        try office.reopen()
        #expect(try office.store.isRebuilding())
        try office.store.rebuildFromArchives()
        for (sql, rows) in zip(tables, before) { #expect(try await office.sql(sql) == rows) }
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
    }

    /// An office of the release before, of which calls of several offices are not known.
    private static let version5 = """
        DROP INDEX agentDayElsewhere; ALTER TABLE agentDay DROP COLUMN elsewhere;
        ALTER TABLE source DROP COLUMN format; ALTER TABLE office DROP COLUMN calls;
        ALTER TABLE fileVersion ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE deleteRequest ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
        UPDATE fileVersion SET added = (event ->> '$.counts.accepted') - (event ->> '$.counts.overlapping');
        DELETE FROM grdb_migrations WHERE identifier LIKE '6 %';
        """

    @Test func `only an office with two sources of one layout is counted again for calls of several offices`()
        async throws
    {
        let office = try await filled()
        let figures = try await office.figures()
        try office.damage(Self.version5)
        try office.reopen()
        #expect(try office.store.isRebuilding() == false)
        #expect(try await office.figures() == figures)
        #expect(try await office.faults() == [])
        try await office.store.saveSource(
            Source(
                id: office.ids.next(at: office.store.clock.now()), name: "Second", format: "readymode",
                outcomes: .coldCalling), by: .console)
        try office.take(CallFileText.usual.text, file: "second.csv", source: "Second")
        try office.damage(Self.version5)
        try office.reopen()
        #expect(try office.store.isRebuilding())
        try office.rebuild()
        #expect(try await office.faults() == [])
    }

    enum Damage: String, CaseIterable { case missing, flipped, truncated, swapped }

    private func apply(_ damage: Damage, to path: String, other: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        switch damage {
        case .missing: return try FileManager.default.removeItem(atPath: path)
        case .flipped: bytes[bytes.count / 2] ^= 1
        case .truncated: bytes.removeLast(bytes.count / 3)
        case .swapped: bytes = try Data(contentsOf: URL(fileURLWithPath: other))
        }
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    @Test(arguments: Damage.allCases)
    func `a damaged archive is named by verify and by rebuild, which changes nothing`(damage: Damage)
        async throws
    {
        let office = try await filled()
        let before = try await office.state()
        let paths = try await archives(office)
        try apply(damage, to: paths[1], other: paths[0])
        let faults = try await office.faults()
        #expect(faults.count == 1)
        #expect(faults.first?.contains(paths[1]) == true && faults.first?.contains("b.csv") == true)
        let error = #expect(throws: UserError.self) { try office.store.rebuildFromArchives() }
        #expect(error?.code == .damaged)
        #expect(error.map { $0.message + $0.advice }?.contains(paths[1]) == true)
        #expect(try await office.state() == before)
        #expect(try office.store.isRebuilding() == false)
    }

    @Test(arguments: Damage.allCases)
    func `with the tables lost too, a rebuild gives back what it can and says what is missing`(damage: Damage)
        async throws
    {
        let office = try await filled()
        let hash = try await office.store.stateHash()
        let paths = try await archives(office)
        let good = try Data(contentsOf: URL(fileURLWithPath: paths[1]))
        try apply(damage, to: paths[1], other: paths[0])
        try office.damage(Self.projections.map { "DELETE FROM \($0);" }.joined())
        try office.damage("UPDATE folder SET rebuilding = 1")
        let error = #expect(throws: UserError.self) { try office.store.rebuildFromArchives() }
        #expect(error?.code == .damaged)
        #expect(error.map { $0.message + $0.advice }?.contains(paths[1]) == true)
        // The other files count, once; the lost one counts not at all, and verify names it.
        #expect(try await office.sql("SELECT version FROM fileVersion ORDER BY time") == ["1", "2"])
        #expect(try await office.faults().contains { $0.contains("b.csv") })
        #expect(try await office.leftovers().filter { !$0.hasPrefix("Files/") } == [])
        #expect(try await office.store.stateHash() == office.store.stateHash(fromRows: true))
        // With the archive back everything is.
        try good.write(to: URL(fileURLWithPath: paths[1]))
        try office.store.rebuildFromArchives()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.faults() == [])
    }

    private static let alteredCalls = [
        "UPDATE call SET time = time + 60",
        "UPDATE call SET talk = coalesce(talk, 0) + 1",
        "UPDATE call SET wait = 9",
        "UPDATE call SET profile = 'P9'",
        "UPDATE call SET fingerprint = fingerprint + 1",
        "UPDATE call SET line = line + 500",
        "UPDATE call SET name = (SELECT number FROM agentName WHERE number <> name LIMIT 1)",
        "UPDATE call SET outcome = (SELECT number FROM outcome WHERE number <> outcome LIMIT 1)",
        "UPDATE call SET campaign = (SELECT number FROM label WHERE text = 'Auto')",
        "UPDATE call SET originalCampaign = (SELECT number FROM label WHERE text = 'Auto')",
        "UPDATE call SET callType = (SELECT number FROM label WHERE text = 'North')",
        "UPDATE call SET key = 'other'",
        "DELETE FROM call",
    ]

    private static let alteredFigures = [
        "UPDATE agentDay SET logs = logs + 1",
        "UPDATE agentDay SET active = active + 1, idle = idle - 1",
        "UPDATE agentDay SET first = first + 1",
        "UPDATE agentDay SET last = last + 1",
        "UPDATE agentDay SET longestGap = longestGap + 1",
        "UPDATE agentDay SET pace = coalesce(pace, 0) + 1",
        "UPDATE agentDay SET longestGapStart = 5",
        "UPDATE agentDay SET activeByHour = zeroblob(47)",
        "UPDATE agentDay SET digest = digest + 1",
        "UPDATE agentDay SET elsewhere = elsewhere + 1",
        "UPDATE dayTally SET talk = talk + 1",
        "UPDATE dayTally SET talkLogs = talkLogs + 1",
        "UPDATE dayTally SET outcome = outcome + 99",
        "UPDATE agentDayCells SET cells = CAST(x'0b' || substr(cells, 2) AS BLOB)",
        "UPDATE agentDayCells SET cells = CAST(cells || cells AS BLOB)",
        "UPDATE agentDayCells SET cells = zeroblob(5)",
        "UPDATE agentDayCells SET times = zeroblob(length(times))",
        "DELETE FROM agentDay",
        "DELETE FROM dayTally",
        "DELETE FROM agentDayCells",
    ]

    @Test func `an altered call or figure is found whatever was altered`() async throws {
        let office = try await filled()
        let tables = ["call", "agentDayCells", "agentDay", "dayTally"]
        for table in tables { try office.damage("CREATE TABLE spare_\(table) AS SELECT * FROM \(table)") }
        let call = "(SELECT number FROM call WHERE line > 9 LIMIT 1)"
        // An agent-day in force with more than one call.
        let day = "(SELECT number FROM agentDay WHERE logs > 1 ORDER BY change DESC LIMIT 1)"
        for sql in Self.alteredCalls + Self.alteredFigures {
            let table = try #require(tables.first { sql.contains(" \($0)") })
            let place =
                switch table {
                case "call": "number = \(call)"
                case "dayTally": "number >> 20 = \(day)"
                default: "number = \(day)"
                }
            try office.damage("\(sql) WHERE \(place)")
            let faults = try await office.faults()
            #expect(
                faults.contains { $0.hasPrefix(table == "call" ? "calls" : "rollups") }, "\(sql): \(faults)")
            try office.damage("DELETE FROM \(table); INSERT INTO \(table) SELECT * FROM spare_\(table)")
        }
        #expect(try await office.faults() == [])
        try office.damage("UPDATE call SET time = time + 60; DELETE FROM dayTally")
        try office.store.rebuildFromArchives()
        #expect(try await office.faults() == [])
    }

    @Test func `an altered day of a version is found`() async throws {
        let office = try await filled()
        try office.damage(
            "UPDATE versionDay SET rows = rows + 1 WHERE day = (SELECT min(day) FROM versionDay)")
        #expect(try await office.faults().contains { $0.hasPrefix("days") })
        try office.rebuild()
        #expect(try await office.faults() == [])
    }

    @Test func `an added call is found`() async throws {
        let office = try await filled()
        try office.damage(
            """
            INSERT INTO call SELECT number + 9999, source, 'new', version, 9999, name, time, outcome, campaign, originalCampaign,
            callType, profile, talk, wait, 0 FROM call LIMIT 1
            """)
        #expect(try await office.faults() != [])
    }
}
