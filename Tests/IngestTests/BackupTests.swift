import Domain
import Formats
import Foundation
import Ingest
import Storage
import Synchronization
import TestSupport
import Testing

/// A backup holds the whole office, and gives it back.
@Suite struct BackupTests {
    static let passphrase = "four brown horses run"

    /// An office that took files, lost days and versions again, knows another office, and has an account with a token.
    static func filled(_ network: OfficeNetwork) async throws -> (office: ImportOffice, token: String) {
        let office = network[0]
        var random = RandomFile(seed: 4)
        for name in ["a.csv", "b.csv", "a.csv"] {
            try office.take(RandomFile.text(random.rows(80, ids: 1...120)), file: name)
            network.pass(minutes: 1)
        }
        try network[1].take(RandomFile.text(random.rows(60, ids: 300...420)), file: "c.csv")
        network.pass(minutes: 1)
        try network.send(1, to: 0)
        var viewers: [Viewer] = []
        for name in ["Dan", "Eve"] {
            let user = try await office.store.addUser(
                username: name.lowercased(), name: name, role: .admin, person: nil,
                password: "three brown horses", isInitial: name == "Eve", by: .console)
            viewers.append(Viewer(user: user.id, name: name, role: .admin, person: nil))
        }
        let (dan, eve) = (viewers[0], viewers[1])
        let versions = try await office.store.archivedVersions()
        let file = try #require(versions.first { $0.uploaded.fileName == "b.csv" }).uploaded
        let plan = try office.store.planDeletion(.version(file.file, file.version), for: dan)
        let request = try office.store.openDeleteRequest(plan, reason: "wrong", for: dan, by: .console)
        try office.store.decideDeleteRequest(request.id, .approve, for: eve, by: .console)
        var settings = BoxSettings()
        settings.sessionHours = 9
        try await office.store.changeBoxSettings(settings, by: .console)
        network.pass(minutes: 1)
        return (
            office,
            try await office.store.makeToken(
                for: dan.user, name: "robot", days: 30, by: .console)
        )
    }

    /// Another file, to the office's own source: the other office has one of that name, too.
    static func takeMore(_ office: ImportOffice) async throws {
        let source = try await office.sql(
            "SELECT id FROM source WHERE format = 'readymode' AND office = (SELECT office FROM folder)")
        try office.take(CallFileText.usual.text, file: "later.csv", source: source.first)
    }

    private func emptyFolder() -> DataFolder {
        DataFolder(
            path: FileManager.default.temporaryDirectory.path + "/rollcall-restored-\(UUID().uuidString)")
    }

    /// Everything but what is only good for the moment: tables and their rows.
    private func kept(_ office: ImportOffice) async throws -> [String] {
        var all: [String] = []
        for sql in [
            "SELECT stream, office, incarnation, seq, hash, subject, refusal FROM journal WHERE incarnation = 1 AND kind <> 'backupMade' ORDER BY 1, 2, 3, 4",
            "SELECT * FROM credential ORDER BY user", "SELECT * FROM apiToken ORDER BY id",
            "SELECT * FROM user ORDER BY id", "SELECT * FROM boxSettings",
            "SELECT * FROM peer ORDER BY office",
            "SELECT * FROM signedHead ORDER BY office, incarnation",
            "SELECT * FROM peerState ORDER BY office",
            "SELECT id, rules, calls FROM office ORDER BY id",
        ] { all += try await office.sql(sql) }
        return all
    }

    @discardableResult
    private func restore(
        _ path: String, into folder: DataFolder, opener: SealOpener = .none, disk: Disk = .system
    ) throws -> RestoreOutcome {
        let place = try RestorePlace(folder, disk: disk)
        let reader = try verifySnapshot(path, opener: opener).reader
        return try place.restore(
            reader, named: URL(fileURLWithPath: path).lastPathComponent, by: .console)
    }

    private func undo(_ folder: DataFolder, of replaced: [String]? = nil) throws -> RestoreOutcome {
        let place = try RestorePlace(folder)
        if let replaced { #expect(place.replacedOffices == replaced) }
        return try place.undo(by: .console)
    }

    @Test func `on an empty box the office is the same office, as a new chain`() async throws {
        let network = try await OfficeNetwork(["North", "South"])
        let (office, token) = try await Self.filled(network)
        let before = (try await office.store.stateHash(), try await office.figures(), try await kept(office))
        try Data("PEM".utf8).write(to: URL(fileURLWithPath: office.folder.keys + "/rollcall-ca.key"))
        let made = try backUp(office.store, by: .console)
        #expect(made.path.hasPrefix(office.folder.backups + "/north-2026"))
        #expect(made.summary.manifest.stateHash == before.0.hex)
        #expect(
            try await office.sql("SELECT name, calls, sealed FROM backup") == [
                "\(made.name)|\(before.0.calls)|0"
            ])

        let folder = emptyFolder()
        let outcome = try restore(made.path, into: folder)
        #expect(outcome.calls == before.0.calls && outcome.stateHash == before.0.hex)
        #expect(outcome.replaced == nil)
        let restored = try ImportOffice(opening: folder.path)
        #expect(try await restored.store.stateHash() == before.0)
        #expect(try await restored.figures() == before.1)
        #expect(try await kept(restored) == before.2)
        #expect(try await restored.faults() == [])
        #expect(try await restored.leftovers() == [])
        for name in ["office.key", "rollcall-ca.key"] {
            let files = FileManager.default
            #expect(
                files.contents(atPath: folder.keys + "/" + name)
                    == files.contents(atPath: office.folder.keys + "/" + name))
        }
        // The account works as before, with its token.
        #expect(
            try await restored.store.confirmAccount(username: "dan", password: "three brown horses").name
                == "Dan")
        #expect(try await restored.store.bearer(token).office?.settings.sessionHours == 9)
        #expect(
            try await restored.sql(
                "SELECT kind FROM journal WHERE office = (SELECT office FROM folder) AND incarnation > 1 ORDER BY time"
            )
                == ["incarnationBegun", "backupRestored"])
        // It goes on, and the other office takes what it sends from there.
        try await Self.takeMore(restored)
        #expect(try await restored.faults() == [])
        let path = network.newPath()
        try exportSnapshot(SnapshotOrder(), to: path, from: restored.store, by: .console)
        try network.take(path, at: 1)
        #expect(try await network[1].store.stateHash() == restored.store.stateHash())
        #expect(try await network[1].sql("SELECT count(*) FROM fork") == ["0"])
    }

    @Test func `what it replaces is kept, and comes back whole`() async throws {
        let network = try await OfficeNetwork(["North", "South"])
        let (office, _) = try await Self.filled(network)
        let path = try backUp(office.store, by: .console).path
        try await Self.takeMore(office)
        let (hash, figures) = (try await office.store.stateHash(), try await office.figures())
        try office.store.close()
        let outcome = try restore(path, into: office.folder)
        let replaced = try #require(outcome.replaced)
        #expect(outcome.stateHash != hash.hex)
        #expect(!FileManager.default.fileExists(atPath: office.folder.restoring))
        try office.reopen()
        #expect(try await office.store.stateHash().hex == outcome.stateHash)
        #expect(try await office.faults() == [])
        // The backups stay where they are.
        #expect(FileManager.default.fileExists(atPath: path))
        try office.store.close()

        #expect(try undo(office.folder, of: [replaced]).stateHash == hash.hex)
        try office.reopen()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.figures() == figures)
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        // Each life writes a chain of its own.
        #expect(
            try await office.sql(
                "SELECT count(DISTINCT incarnation) FROM journal WHERE office = (SELECT office FROM folder)")
                == ["2"])
        // And back again.
        try office.store.close()
        #expect(try undo(office.folder).stateHash == outcome.stateHash)
        try office.reopen()
        #expect(try await office.store.stateHash().hex == outcome.stateHash)
    }

    @Test func `the file of a fixed name is the last good one until the new one was read again`() async throws
    {
        let network = try await OfficeNetwork(["North", "South"])
        let (office, _) = try await Self.filled(network)
        let path = network.newPath()
        try backUp(office.store, to: path, by: .console)
        let before = FileManager.default.contents(atPath: path)
        network.pass(minutes: 1)
        let isReading = Mutex(false)
        let state = Mutex<Data?>(nil)
        let error = #expect(throws: UserError.self) {
            try backUp(office.store, to: path, by: .console) {
                isReading.withLock { $0 }
            } progress: { done, all in
                guard done * 2 >= all, all > 0 else { return }
                isReading.withLock { $0 = true }
                state.withLock { $0 = FileManager.default.contents(atPath: path) }
            }
        }
        #expect(error?.code == .cancelled)
        #expect(before != nil && state.withLock { $0 } == before)
        #expect(FileManager.default.contents(atPath: path) == before)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".new") } == [])
        try backUp(office.store, to: path, by: .console)
        #expect(FileManager.default.contents(atPath: path) != before)
    }

    @Test func `a sealed one opens with the passphrase or the box's key, and with nothing else`() async throws
    {
        let network = try await OfficeNetwork(["North", "South"])
        let (office, _) = try await Self.filled(network)
        #expect(throws: UserError.self) {
            try KeptSeal.backups.set("too short", in: office.store, by: .console)
        }
        let open = try backUp(office.store, by: .console)
        try KeptSeal.backups.set(Self.passphrase, in: office.store, by: .console)
        network.pass(minutes: 1)
        let made = try backUp(office.store, by: .console)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: KeptSeal.backups.path(in: office.folder))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(throws: UserError.snapshotSealed) { try verifySnapshot(made.path) }
        let wrong = #expect(throws: UserError.self) {
            try verifySnapshot(made.path, opener: .passphrase("four brown cows run"))
        }
        #expect(wrong?.message.contains("wrong") == true)
        try drillBackup(made.path, in: office.store, by: .program)

        // Whoever has the passphrase has the office, and its next backups are sealed as before.
        let folder = emptyFolder()
        try restore(made.path, into: folder, opener: .passphrase(Self.passphrase))
        #expect(try KeptSeal.backups.read(in: folder) == KeptSeal.backups.read(in: office.folder))
        try FileManager.default.removeItem(atPath: folder.path)
        // In one that is not sealed the key would lie open.
        for path in [open.path, made.path] {
            let key = try #require(try KeptSeal.backups.read(in: office.folder)).sealing
            let reader = try SnapshotReader(path: path, opener: path == made.path ? .key(key) : .none)
            var keys: [String] = []
            try reader.eachLocalLine { line in
                if case .key(let it)? = try? BackupLine.read(line) { keys.append(it.name) }
            }
            #expect(keys.contains(KeptSeal.backups.name) == (path == made.path))
            #expect(keys.contains("office.key"))
        }
        try KeptSeal.backups.remove(in: office.store, by: .console)
        network.pass(minutes: 1)
        let after = try backUp(office.store, by: .console)
        _ = try verifySnapshot(after.path)
        #expect(
            try await office.sql(
                "SELECT payload FROM journal WHERE kind = 'backupPassphraseChanged' ORDER BY seq")
                == [#"{"isSet":true}"#, #"{"isSet":false}"#])
        // A key that is damaged must not make an unsealed backup.
        try Data("x".utf8).write(to: URL(fileURLWithPath: KeptSeal.backups.path(in: office.folder)))
        #expect(throws: UserError.self) { try backUp(office.store, by: .console) }
    }

    @Test func `what is damaged, or no backup, is refused and changes nothing`() async throws {
        let network = try await OfficeNetwork(["North", "South"])
        let (office, _) = try await Self.filled(network)
        let path = try backUp(office.store, by: .console).path
        let snapshot = try network.export(0)
        let state = try await office.state()
        try office.store.close()
        let error = #expect(throws: UserError.self) { try restore(snapshot, into: office.folder) }
        #expect(error?.message.contains("not as a backup") == true)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let other = path + ".damaged"
        for place in stride(from: 700, to: bytes.count, by: bytes.count / 40) {
            bytes[place] ^= 1
            try bytes.write(to: URL(fileURLWithPath: other))
            #expect(throws: UserError.self, "byte \(place)") { try restore(other, into: office.folder) }
            bytes[place] ^= 1
        }
        let full = TestDisk(freeMegabytes: 0)
        let noRoom = #expect(throws: UserError.self) {
            try restore(path, into: office.folder, disk: full.disk)
        }
        #expect(noRoom?.code == .diskFull)
        #expect(!FileManager.default.fileExists(atPath: office.folder.restoring))
        #expect(!FileManager.default.fileExists(atPath: office.folder.replaced))
        try office.reopen()
        #expect(try await office.state() == state)
        // Nor while somebody has the folder.
        #expect(throws: UserError.self) { try RestorePlace(office.folder) }
    }

    @Test func `a failure is on record until the next one is well`() async throws {
        let (disk, time) = (TestDisk(), TestSupport.TestClock())
        let office = try await ImportOffice(clock: time.clock, disk: disk.disk)
        try office.take(CallFileText.usual.text)
        time.pass(minutes: 5)
        disk.set(freeMegabytes: 5)
        #expect(throws: UserError.self) { try backUp(office.store, by: .program) }
        let failed = try office.store.backupStateNow()
        #expect(failed.failures.map(\.step) == [.written])
        #expect(failed.failures.first?.message.contains("no room") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: office.folder.backups) == [])
        disk.set(freeMegabytes: 500_000)
        let made = try backUp(office.store, by: .program)
        let well = try office.store.backupStateNow()
        #expect(well.failures == [] && well.last?.name == made.name && !well.hasChanged)
        // Making one, and signing in, changes nothing; a setting does, and so does a file.
        var settings = BoxSettings()
        settings.sessionHours = 3
        try await office.store.changeBoxSettings(settings, by: .console)
        #expect(try office.store.backupStateNow().hasChanged)
        try office.rebuild()
        #expect(try office.store.backupStateNow().last == well.last)
    }

    @Test func `a trial finds a backup that does not come to what it says`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text)
        let made = try backUp(office.store, by: .program)
        #expect(try drillBackup(made.path, in: office.store, by: .program).calls > 0)
        #expect(try office.store.backupStateNow().drilled != nil)
        #expect(try await office.leftovers() == [])
        // A figure that no call makes: the office's own verify would find it; a backup says it, and cannot give it back.
        try office.damage("UPDATE agentDay SET logs = logs + 1, digest = digest + 1")
        let wrong = try backUp(office.store, to: office.folder.backups + "/wrong.rollcall", by: .program)
        let error = #expect(throws: UserError.self) {
            try drillBackup(wrong.path, in: office.store, by: .program)
        }
        #expect(error?.message.contains("another state") == true)
        #expect(try office.store.backupStateNow().failures.map(\.step) == [.drill])
        #expect(try await office.leftovers() == [])
    }

    @Test func `old backups go by their buckets, and nothing else does`() async throws {
        let time = TestSupport.TestClock()
        let office = try await ImportOffice(clock: time.clock)
        try office.take(CallFileText.usual.text)
        var names: [String] = []
        for _ in 0..<5 {
            names.append(try backUp(office.store, by: .program).name)
            time.pass(minutes: 20)
        }
        let place = try BackupPlace(of: office.store)
        let foreign = place.path + "/elsewhere-20200101T000000Z.rollcall"
        try Data("not ours".utf8).write(to: URL(fileURLWithPath: foreign))
        // 06:00, 06:20, 06:40, 07:00, 07:20: the last of each hour.
        #expect(try place.prune() == [names[0], names[1], names[3]])
        #expect(try place.files().map(\.name).contains("elsewhere-20200101T000000Z.rollcall"))
        #expect(try place.files().filter { $0.record != nil }.map(\.name) == [names[4], names[2]])
        #expect(throws: UserError.self) { try place.path(of: "../rollcall.sqlite") }
        #expect(try place.path(of: names[4]) == place.path + "/" + names[4])
    }

    @Test func `another folder is used only while its disk is there`() async throws {
        let office = try await ImportOffice()
        let stick = FileManager.default.temporaryDirectory.path + "/rollcall-stick-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: stick) }
        #expect(throws: UserError.self) { try BackupPlace.prepare(stick, for: office.store) }
        #expect(throws: UserError.self) { try BackupPlace.prepare(office.folder.files, for: office.store) }
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: false)
        _ = try BackupPlace.prepare(stick, for: office.store)
        var settings = BoxSettings()
        settings.backups.folder = stick
        try await office.store.changeBoxSettings(settings, by: .console)
        #expect(try backUp(office.store, by: .program).path.hasPrefix(stick + "/"))
        // The disk is gone: an empty folder is in its place.
        try FileManager.default.removeItem(atPath: stick)
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: false)
        let error = #expect(throws: UserError.self) { try backUp(office.store, by: .program) }
        #expect(error?.message.contains("not mounted") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: stick) == [])
        #expect(try office.store.backupStateNow().failures.count == 1)
    }

    @Test func `while files come and go every backup is of one moment`() async throws {
        let office = try await ImportOffice(clock: TickingClock().clock)
        try office.take(oldFile(0))
        let store = office.store
        async let imports: Void = onOwnThread {
            for number in 1...6 { try office.take(Self.text(number), file: "f\(number % 3).csv") }
        }
        var paths: [String] = []
        for _ in 0..<4 {
            paths.append(try await onOwnThread { try backUp(store, by: .program).path })
        }
        try await imports
        for path in paths { try drillBackup(path, in: store, by: .program) }
        #expect(try await office.faults() == [])
    }

    private func oldFile(_ number: Int) -> String { Self.text(number) }

    private static func text(_ number: Int) -> String {
        var random = RandomFile(seed: UInt64(number + 1))
        return RandomFile.text(random.rows(400, ids: 1...900))
    }
}
