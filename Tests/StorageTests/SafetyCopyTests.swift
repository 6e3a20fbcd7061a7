import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

/// Copies of the database before an upgrade and before a merge; and what a backup must not forget.
@Suite struct SafetyCopyTests {
    private func copies(_ office: ImportOffice) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: office.folder.backups).sorted()
    }

    /// As the release before left it.
    private static let older = """
        DROP TABLE backup; DROP TABLE backupFailure; DELETE FROM grdb_migrations WHERE identifier LIKE '8 %';
        """

    @Test func `an upgrade keeps a copy of the database first, and no other start does`() async throws {
        let office = try await ImportOffice()
        try office.reopen()
        #expect(try copies(office) == [])
        let entries = try await office.sql("SELECT * FROM journal ORDER BY stream, seq")
        try office.damage(Self.older)
        try office.reopen()
        let name = "before-\(Version.text)-20261123T060000Z.sqlite"
        #expect(try copies(office) == [name])
        let path = office.folder.backups + "/" + name
        let copy = try DatabaseQueue(path: path)
        let (kept, isOld) = try await copy.read { db in
            (
                try Row.fetchAll(db, sql: "SELECT * FROM journal ORDER BY stream, seq").count,
                try !Schema.migrator.hasCompletedMigrations(db)
            )
        }
        try copy.close()
        #expect(kept == entries.count && isOld)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(OfficeGlance(database: path)?.name == "Sample")
        #expect(try copies(office) == [name], "a look must leave nothing beside it")
    }

    @Test func `without room for the copy nothing is upgraded`() async throws {
        let disk = TestDisk()
        let office = try await ImportOffice(disk: disk.disk)
        try office.damage(Self.older)
        disk.set(freeMegabytes: 1)
        let error = #expect(throws: UserError.self) { try office.reopen() }
        #expect(error?.code == .diskFull)
        let queue = try DatabaseQueue(path: office.folder.database)
        #expect(try await queue.read { db in try !db.tableExists("backup") })
        try queue.close()
        disk.set(freeMegabytes: 5000)
        try office.reopen()
        #expect(try copies(office).count == 1)
    }

    @Test func `the newest two copies are kept, of upgrades and of merges`() async throws {
        let time = TestClock()
        let office = try await ImportOffice(clock: time.clock)
        for _ in 0..<4 {
            time.pass(minutes: 1)
            try office.store.backUpBeforeMerge(by: .console)
            try office.damage(Self.older)
            try office.reopen()
        }
        let version = Version.text
        #expect(
            try copies(office) == [
                "before-\(version)-20261123T060300Z.sqlite", "before-\(version)-20261123T060400Z.sqlite",
                "before-merge-20261123T060300Z.sqlite", "before-merge-20261123T060400Z.sqlite",
            ])
    }

    @Test func `exchanges that run by themselves keep one copy an hour, and one of the day before`()
        async throws
    {
        let time = TestClock()
        let office = try await ImportOffice(clock: time.clock)
        // From 06:00 on, for two and a half days.
        for minute in 0..<(60 * 60) {
            if minute % 10 == 0 { try office.store.backUpBeforeMerge(by: .exchange) }
            // As another office sends; and once somebody at a desk.
            if minute % 7 == 0 {
                try office.store.backUpBeforeMerge(by: .exchange(with: "North", at: "10.0.0.7"))
            }
            if minute == 60 * 60 - 25 { #expect(try office.store.backUpBeforeMerge(by: .console) != nil) }
            time.pass(minutes: 1)
        }
        #expect(
            try copies(office) == [
                "before-merge-20261124T230000Z.sqlite", "before-merge-20261125T170000Z.sqlite",
                "before-merge-20261125T173500Z.sqlite",
            ])
        // A clock that was put back does not do without.
        time.pass(minutes: -500)
        #expect(try office.store.backUpBeforeMerge(by: .exchange) != nil)
    }

    @Test func `what a newer release wrote is not touched`() async throws {
        let office = try await ImportOffice()
        try office.store.backUpBeforeMerge(by: .console)
        try office.damage("INSERT INTO grdb_migrations VALUES ('999 from the future')")
        let error = #expect(throws: UserError.self) { try office.reopen() }
        #expect(error?.code == .unknownFormat && error?.message.contains("newer Rollcall") == true)
    }

    @Test func `every table is in a backup, made again from the journal, or left out on purpose`()
        async throws
    {
        let office = try await ImportOffice()
        let tables = try await office.sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        let known = Set(Schema.projections).union(OfficeStore.backedUp).union(OfficeStore.notBackedUp)
            .union(["journal"])
        #expect(Set(tables).subtracting(known) == [], "say in BackupContents.swift what becomes of them")
        #expect(known.subtracting(tables) == [])
    }
}
