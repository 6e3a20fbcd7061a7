import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// The disk's use as it is on the real disk, and the marks on a disk that the test fills.
@Suite struct StorageUseTests {
    private func size(_ path: String) throws -> Int64 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.size] as? NSNumber)?.int64Value ?? -1
    }

    @Test func `files and versions are listed by their size on the disk`() async throws {
        let disk = TestDisk(freeMegabytes: 300_000)
        let office = try await ImportOffice(disk: disk.disk)
        var random = RandomFile(seed: 8)
        try office.take(CallFileText.usual.text, file: "small.csv")
        try office.take(RandomFile.text(random.rows(400, ids: 100...9000)), file: "large.csv")
        try office.take(RandomFile.text(random.rows(900, ids: 100...9000)), file: "large.csv")
        var query = StorageQuery()
        let use = try office.store.storageUse(query, for: .console)
        #expect(use.rows.map(\.name) == ["large.csv", "small.csv"])
        #expect(use.rows.map(\.versions) == [2, 1] && use.rows.map(\.version) == [nil, nil])
        let live = try await office.store.archivedVersions()
        let archives = try live.reduce(0) { try $0 + size($1.archivePath) }
        #expect(use.archives == archives && use.files == archives)
        #expect(use.original == live.reduce(0) { $0 + $1.uploaded.bytes })
        #expect(use.rows.reduce(0) { $0 + $1.archive } == archives)
        #expect(try use.database == size(office.folder.database) && use.log > 0)
        #expect(use.space.free == 300_000_000_000)
        query.byVersion = true
        (query.offset, query.limit) = (1, 1)
        let page = try office.store.storageUse(query, for: .console)
        #expect(page.total == 3 && page.rows.count == 1 && page.rows.first?.version == 1)
        #expect(page.rows.first?.name == "large.csv")
        // An archive that is gone is shown as missing, never as empty.
        try FileManager.default.removeItem(atPath: live[0].archivePath)
        try Data(count: 5000).write(to: URL(fileURLWithPath: office.folder.trash + "/old"))
        let after = try office.store.storageUse(StorageQuery(), for: .console)
        #expect(after.rows.last?.missing == 1 && after.rows.first?.missing == 0)
        #expect(after.trash == 5000 && after.incoming == 0)
        let stranger = Viewer(user: Viewer.console.user, name: "Lea", role: .teamLeader, person: nil)
        #expect(throws: UserError.self) { try office.store.storageUse(query, for: stranger) }
        await #expect(throws: UserError.self) { try await office.store.filesPastRetention(for: stranger) }
    }

    @Test func `the pace is that of the last four weeks, where there is one`() async throws {
        let time = TickingClock()
        let office = try await ImportOffice(clock: time.clock)
        var random = RandomFile(seed: 3)
        for week in 0..<4 {
            let rows = random.rows(200, ids: (1000 * week + 1)...(1000 * week + 900))
            try office.take(RandomFile.text(rows), file: "week\(week).csv")
            let use = try office.store.storageUse(StorageQuery(), for: .console)
            #expect((use.weekly != nil) == (week >= 2), "week \(week)")
            if week < 3 { time.pass(days: 7) }
        }
        let use = try office.store.storageUse(StorageQuery(), for: .console)
        let weekly = try #require(use.weekly)
        #expect(weekly > use.archives / 6, "the database grows, too")
        #expect(weekly < (use.archives + use.database + use.log) / 2)
        time.pass(days: 60)
        #expect(try office.store.storageUse(StorageQuery(), for: .console).weekly == nil)
    }

    @Test func `what is past the retention time is listed, and nothing else happens to it`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text, file: "new.csv")
        let old = CallFileText([CallFileText.row(9, "Jane Doe", "2024-01-10 09:00:00")])
        try office.take(old.text, file: "old.csv")
        #expect(try await office.store.filesPastRetention(for: .console).isEmpty, "off by itself")
        #expect(try office.store.storageUse(StorageQuery(), for: .console).pastRetention == nil)
        var rules = try office.store.officeRulesNow()
        rules.retentionMonths = 12
        try office.store.changeOffice(rules, by: .console)
        let past = try await office.store.filesPastRetention(for: .console)
        #expect(past.map(\.uploaded.fileName) == ["old.csv"])
        let use = try #require(try office.store.storageUse(StorageQuery(), for: .console).pastRetention)
        #expect(use.versions == 1 && use.before.iso == "2025-11-23")
        #expect(try use.archives == size(past[0].archivePath))
        #expect(try await office.store.archivedVersions().count == 2)
        #expect(try await office.faults() == [])
    }

    @Test func `below the mark no file is taken in and everything that reads goes on`() async throws {
        let disk = TestDisk()
        let office = try await ImportOffice(disk: disk.disk)
        try office.take(CallFileText.usual.text, file: "before.csv")
        let before = try await office.state()
        disk.set(freeMegabytes: 999)
        let error = #expect(throws: UserError.self) {
            try office.take(CallFileText.usual.text + "\n", file: "after.csv")
        }
        #expect(error?.code == .diskFull && error?.message.contains("999 MB free") == true)
        #expect(try await office.state() == before)
        #expect(try await office.faults() == [])
        #expect(try office.store.storageUse(StorageQuery(), for: .console).marks == DiskMarks())
        // A file that would not fit is refused before it is read, above the mark, too.
        try await office.store.changeBoxSettings(
            BoxSettings(disk: DiskMarks(warnPercent: 0, warnMegabytes: 0, refuseMegabytes: 0)), by: .console)
        disk.set(freeMegabytes: 20)
        let large = #expect(throws: UserError.self) {
            try office.take(CallFileText.usual.text + "\n", file: "after.csv")
        }
        #expect(large?.code == .diskFull && large?.message.contains("needs up to 64 MB") == true)
        disk.set(freeMegabytes: 500)
        try office.take(CallFileText.usual.text + "\n", file: "after.csv")
    }

    @Test func `the real disk is asked of the system`() throws {
        let space = try Disk.system.space("/tmp")
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: "/tmp")
        #expect(space.total == (attributes[.systemSize] as? NSNumber)?.int64Value)
        #expect(space.free > 0 && space.free <= space.total)
        #expect(throws: UserError.self) { try Disk.system.space("/no/such/folder") }
    }
}
