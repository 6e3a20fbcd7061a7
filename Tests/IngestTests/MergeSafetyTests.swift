import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// What a merge, its undo and a restore must never lose, or mix up.
@Suite struct MergeSafetyTests {
    // MARK: What was received, and does not fit any more

    @Test func `a snapshot that knows more of an office is stale once that office wrote on itself`()
        async throws
    {
        let network = try await OfficeNetwork()
        try network[0].take(CallFileText.usual.text)
        let older = try network.copy(of: 0, seed: 90)
        network.pass(minutes: 1)
        for name in ["Zoe One", "Zoe Two"] { try await rename(network[0], to: name) }
        try network.send(0, to: 1)
        let received = try ReceivedSnapshot(path: network.export(1), fileName: "s", in: older.store)
        #expect(received.reception.knowsMoreOfUs)
        network.pass(minutes: 1)
        try await rename(older, to: "Zoe Here")
        try await requireStale(received, at: older)
        #expect(try await older.sql("SELECT incarnation FROM folder") == ["1"])
        try verifiedExport(of: older, network)
    }

    @Test func `a delta is stale once the merge that it goes on from was taken back`() async throws {
        let network = try await OfficeNetwork()
        try network[1].take(CallFileText.usual.text)
        let merge = try #require(try network.send(1, to: 0).event)
        let held = try network[0].store.exchangeVector().held
        network.pass(minutes: 1)
        try await rename(network[1], to: "Zoe South")
        let received = try network.receive(try network.export(1, since: held), at: 0)
        #expect(received.reception.entries == 1)
        try undo(merge, at: network[0])
        #expect(try await entries(network[0], of: network[1]) == [])
        try await requireStale(received, at: network[0])
        try verifiedExport(of: network[0], network)
        // Whole it comes again.
        try network.send(1, to: 0)
        #expect(try await entries(network[0], of: network[1]) == entries(network[1], of: network[1]))
        #expect(try await network[0].faults() == [])
    }

    @Test func `one without news, whose place another one took, leaves that other one alone`() async throws {
        let network = try await OfficeNetwork(["North", "South", "East"])
        try network.send(1, to: 0)
        let first = try network.receive(try network.export(1), at: 0)
        #expect(first.reception.entries == 0)
        let second = try network.receive(try network.export(2), at: 0)
        let waiting = "SELECT office, incarnation, seq, hash FROM incomingEvent ORDER BY 1, 2, 3"
        let before = try await network[0].sql(waiting)
        #expect(!before.isEmpty)
        // Not by way of its preview, which is refused before.
        let error = #expect(throws: UserError.self) {
            try network[0].store.merge(first.reception, by: .console) { _, _ in }
        }
        #expect(error?.code == .stale)
        #expect(try await network[0].sql(waiting) == before)
        #expect(second.isWaiting)
        #expect(try second.merge(by: .console).entries == second.reception.entries)
        #expect(try await entries(network[0], of: network[2]) == entries(network[2], of: network[2]))
        #expect(try await network[0].faults() == [])
    }

    // MARK: Archives

    @Test func `what is left of an office that lost its database is kept by a restore`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text, file: "a.csv")
        let path = try backUp(office.store, by: .console).path
        // The backup does not have this one.
        let rows = [CallFileText.row(9, "Jane Doe", "2026-11-03 09:00:00")]
        try office.take(CallFileText(rows).text, file: "b.csv")
        let before = try archives(office.folder.files)
        #expect(before.count == 2)
        try office.store.close()
        for ending in ["", "-wal", "-shm"] { unlink(office.folder.database + ending) }
        let replaced = try #require(try restore(path, into: office.folder).replaced)
        #expect(replaced.hasPrefix("Replaced/"))
        #expect(try archives("\(office.folder.path)/\(replaced)/Files") == before)
        try office.reopen()
        #expect(try archives(office.folder.files).count == 1)
        #expect(try await office.faults() == [])
    }

    @Test(arguments: [false, true])
    func `an archive that lies at its place with other bytes is replaced by the one that comes`(
        isOfBeforePurge: Bool
    ) async throws {
        let network = try await OfficeNetwork()
        let upload = try network[1].take(threeDays(), file: "a.csv").upload
        let files = FileManager.default
        let path = network[0].folder.archive(of: upload.file, version: upload.version)
        let source = network[1].folder.archive(of: upload.file, version: upload.version)
        try files.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
            withIntermediateDirectories: true)
        if isOfBeforePurge {
            try files.copyItem(atPath: source, toPath: path)
            network.pass(minutes: 1)
            try purgeDay(of: upload.file, in: network[1])
        } else {
            try Data("garbage".utf8).write(to: URL(fileURLWithPath: path))
        }
        let whole = try #require(files.contents(atPath: source))
        #expect(files.contents(atPath: path) != whole)
        #expect(try network.send(1, to: 0).uploads.count == 1)
        #expect(files.contents(atPath: path) == whole)
        #expect(try await network[0].store.stateHash().calls == network[1].store.stateHash().calls)
        #expect(try await network[0].faults() == [])
        #expect(try await network[0].leftovers() == [])
    }

    // MARK: Undo

    @Test func `an undo takes out what its own merge brought, whatever numbers an earlier life used`()
        async throws
    {
        let network = try await OfficeNetwork()
        try network[1].take(CallFileText.usual.text)
        for name in ["Zoe One", "Zoe Two"] { try await add(name, to: network[0]) }
        let first = try #require(try network.send(1, to: 0).event)
        let moved = try network.copy(of: 0, seed: 91, place: "elsewhere")
        // The new chain has an entry by itself already, and the merge makes the last one.
        for number in 0..<(first.seq - 2) { try await add("Yan \(number)", to: moved) }
        let (before, figures) = (try await entries(moved, of: network[1]), try await moved.figures())
        #expect(try await before == entries(network[1], of: network[1]))
        network.pass(minutes: 1)
        try await rename(network[1], to: "Zoe South")
        let second = try #require(
            try ReceivedSnapshot(path: network.export(1), fileName: "s", in: moved.store)
                .merge(by: .console).event)
        #expect(second.seq == first.seq && second.chain != first.chain)
        #expect(try await entries(moved, of: network[1]).count == before.count + 1)
        try undo(second, at: moved)
        #expect(try await entries(moved, of: network[1]) == before)
        #expect(try await moved.figures() == figures)
        #expect(try await moved.faults() == [])
    }

    @Test func `what an undo leaves of a chain is handed on`() async throws {
        let network = try await OfficeNetwork(["North", "South", "West"])
        try network[1].take(CallFileText.usual.text)
        try network.send(1, to: 0)
        let held = try await entries(network[0], of: network[1])
        network.pass(minutes: 1)
        try await rename(network[1], to: "Zoe South")
        try undo(try #require(try network.send(1, to: 0).event), at: network[0])
        #expect(try await entries(network[0], of: network[1]) == held)
        try network.send(0, to: 2)
        #expect(try await entries(network[2], of: network[1]) == held)
        #expect(try await network[2].faults() == [])
    }

    @Test func `a merge stays once anything was done since`() async throws {
        let network = try await OfficeNetwork()
        try network[1].take(CallFileText.usual.text)
        let merge = try #require(try network.send(1, to: 0).event)
        #expect(try await network[0].store.merges(for: .console).map { $0.canBeUndone } == [true])
        network.pass(minutes: 1)
        try await add("Yan", to: network[0])
        let before = try await network[0].state()
        #expect(try await network[0].store.merges(for: .console).map { $0.canBeUndone } == [false])
        let error = #expect(throws: UserError.self) { try undo(merge, at: network[0]) }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("Something was done since") == true)
        #expect(try await network[0].state() == before)
    }

    @Test func `a merge that brought a purge stays`() async throws {
        let network = try await OfficeNetwork()
        let file = try network[1].take(threeDays(), file: "a.csv").upload.file
        try network.send(1, to: 0)
        network.pass(minutes: 1)
        try purgeDay(of: file, in: network[1])
        let merge = try #require(try network.send(1, to: 0).event)
        let (before, held) = (try await network[0].state(), try await entries(network[0]))
        let error = #expect(throws: UserError.self) { try undo(merge, at: network[0]) }
        #expect(error?.code == .conflict)
        let message = error?.message ?? ""
        #expect(message.contains("purge") || message.contains("erased"), "\(message)")
        let merges = try await network[0].store.merges(for: .console)
        #expect(merges.first.map { EventName($0.event) } == merge)
        #expect(merges.first?.canBeUndone == false)
        #expect(try await network[0].state() == before)
        #expect(try await entries(network[0]) == held)
        #expect(try await network[0].faults() == [])
        let made = try backUp(network[0].store, by: .console)
        #expect(made.summary.manifest.counts.files == 1)
    }

    @Test func `with the undo of another office's cut-over its figures are what they were`() async throws {
        let network = try await OfficeNetwork()
        var random = RandomFile(seed: 4)
        try network[0].take(RandomFile.text(random.rows(80, ids: 1...120)), file: "a.csv")
        try network[1].take(RandomFile.text(random.rows(80, ids: 300...420)), file: "b.csv")
        try network.send(1, to: 0)
        let figures = try await network[0].figures()
        network.pass(minutes: 1)
        var rules = try network[1].store.officeRulesNow()
        rules.cutOverMinutes = 240
        try network[1].store.changeOffice(rules, by: .console)
        let merge = try #require(try network.send(1, to: 0).event)
        #expect(try await network[0].figures() != figures)
        try undo(merge, at: network[0])
        #expect(try await network[0].figures() == figures)
        #expect(try await network[0].faults() == [])
    }

    @Test func `what an undo took out comes again with the next run of the shared folder`() async throws {
        let network = try await OfficeNetwork()
        let path = network.place + "/shared"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        func run(_ office: Int) throws -> ExchangeFolder.Outcome {
            network.pass(minutes: 1)
            return try ExchangeFolder(path, of: network[office].store, by: .console).run()
        }
        try network[1].take(CallFileText.usual.text)
        _ = try run(1)
        #expect(try run(0).taken == 1)
        let (all, figures) = (try await entries(network[1], of: network[1]), try await network[0].figures())
        #expect(try await entries(network[0], of: network[1]) == all)
        let merge = try await network[0].store.merges(for: .console).first?.event
        try undo(EventName(try #require(merge)), at: network[0])
        #expect(try await entries(network[0], of: network[1]) == [])
        #expect(try run(0).taken > 0)
        #expect(try await entries(network[0], of: network[1]) == all)
        #expect(try await network[0].figures() == figures)
        #expect(try await network[0].faults() == [])
    }

    // MARK: Helpers

    private func undo(_ merge: EventName, at office: ImportOffice) throws {
        try office.store.undoMerge(merge, reason: "by mistake", for: .console, by: .console)
    }

    /// It is refused in the right words, and changes nothing.
    private func requireStale(_ received: ReceivedSnapshot, at office: ImportOffice) async throws {
        let (before, held) = (try await office.state(), try await entries(office))
        let error = #expect(throws: UserError.self) { try received.merge(by: .console) }
        #expect(error?.code == .stale, "\(error?.message ?? "")")
        #expect(try await office.state() == before)
        #expect(try await entries(office) == held)
        #expect(try await office.faults() == [])
    }

    /// All that an office has can be written, and every chain of it goes on from its first entry.
    @discardableResult
    private func verifiedExport(of office: ImportOffice, _ network: OfficeNetwork, since: [ChainHead] = [])
        throws -> String
    {
        let path = try export(office, network, since: since)
        try SnapshotReader(path: path).verify()
        return path
    }

    /// A file of three days, one of which is to be purged.
    private func threeDays() -> String {
        var random = RandomFile(seed: 5)
        return PurgeTests.lines(&random, count: 40).joined(separator: "\n")
    }

    private func purgeDay(of file: ID<CallFile>, in office: ImportOffice) throws {
        let plan = try office.store.planDeletion(
            .days(file, version: 1, [PurgeTests.purgedDay]), for: DeletionWalk.bob)
        let request = try office.store.openDeleteRequest(
            plan, reason: "wrong", for: DeletionWalk.bob, by: .console)
        try office.store.decideDeleteRequest(request.id, .approve, for: DeletionWalk.cleo, by: .console)
        try purgeDeletion(request.id, in: office.store, comment: "room", for: DeletionWalk.cleo, by: .console)
    }

    /// In a function of its own: the folder's lock is given back with its end.
    private func restore(_ path: String, into folder: DataFolder) throws -> RestoreOutcome {
        try RestorePlace(folder).restore(verifySnapshot(path).reader, named: "backup", by: .console)
    }

    /// The archives below a folder, by their places in it.
    private func archives(_ folder: String) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) where name.hasSuffix(".zst") {
            found[name] = FileManager.default.contents(atPath: "\(folder)/\(name)")
        }
        return found
    }
}

func rename(_ office: ImportOffice, to name: String) async throws {
    let person = try #require(try await office.store.persons().first)
    try await office.store.renamePerson(person.id, to: name, for: .console, by: .console)
}

/// The shared entries that an office holds.
///
/// - Parameter maker: whose they are; nil: everybody's.
func entries(_ office: ImportOffice, of maker: ImportOffice? = nil) async throws -> [String] {
    let all = try await office.sql(
        "SELECT office, incarnation, seq, hash FROM journal WHERE stream = 'shared' ORDER BY 1, 2, 3")
    guard let id = try maker?.store.exchangeVector().office.description else { return all }
    return all.filter { $0.hasPrefix(id) }
}

func add(_ name: String, to office: ImportOffice) async throws {
    try await office.store.addPerson(
        name: name, placement: { Placement(person: $0, from: Day(number: 20_000)) }, by: .console)
}

func export(_ office: ImportOffice, _ network: OfficeNetwork, since: [ChainHead] = []) throws
    -> String
{
    let path = network.newPath()
    try exportSnapshot(SnapshotOrder(since: since), to: path, from: office.store, by: .console)
    return path
}
