import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Offices that exchange snapshots come to one truth.
@Suite struct ExchangeTests {
    private func filled() async throws -> OfficeNetwork {
        let network = try await OfficeNetwork()
        var random = RandomFile(seed: 4)
        try network[0].take(RandomFile.text(random.rows(80, ids: 1...120)), file: "a.csv")
        network.pass(minutes: 1)
        try network[1].take(RandomFile.text(random.rows(80, ids: 300...420)), file: "b.csv")
        network.pass(minutes: 1)
        return network
    }

    @Test func `two offices that send each other all they have are the same`() async throws {
        let network = try await filled()
        let outcome = try network.send(0, to: 1)
        #expect(outcome.uploads.count == 1)
        #expect(outcome.conflicts == [])
        #expect(outcome.callsAfter ?? 0 > outcome.callsBefore)
        try network.send(1, to: 0)
        let hashes = try await network.hashes()
        #expect(Set(hashes).count == 1)
        for office in network.offices {
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
            let (hash, figures) = (try await office.store.stateHash(), try await office.figures())
            try office.rebuild()
            #expect(try await office.store.stateHash() == hash)
            #expect(try await office.figures() == figures)
            #expect(try await office.faults() == [])
        }
    }

    @Test func `the same snapshot again changes nothing, and asks for no answer`() async throws {
        let network = try await filled()
        let path = try network.export(0)
        try network.take(path, at: 1)
        let hash = try await network[1].store.stateHash()
        let entries = try await network[1].sql("SELECT count(*) FROM journal WHERE stream = 'shared'")
        #expect(try network.take(path, at: 1).entries == 0)
        #expect(try await network[1].store.stateHash() == hash)
        #expect(try await network[1].sql("SELECT count(*) FROM journal WHERE stream = 'shared'") == entries)
        // What comes back is nothing but the news of the merge.
        #expect(try network.send(1, to: 0).event != nil)
        #expect(try network.send(0, to: 1).event == nil)
        #expect(try network.send(1, to: 0).event == nil)
    }

    @Test func `who hears of entries that did not come hands on what it holds, and gives it back`()
        async throws
    {
        let network = try await OfficeNetwork(["North", "South", "West"])
        var random = RandomFile(seed: 4)
        func take(_ name: String, _ ids: ClosedRange<Int>) throws {
            try network[0].take(RandomFile.text(random.rows(20, ids: ids)), file: name)
            network.pass(minutes: 1)
        }
        let copy = network.place + "/copy"
        try FileManager.default.copyItem(atPath: network[0].folder.path, toPath: copy)
        try take("a.csv", 1...40)
        try network.send(0, to: 1)
        try take("b.csv", 100...140)
        // Written for somebody who has all of it: of the chain comes the last head alone.
        let held = try network[0].store.exchangeVector(key: "", program: "").held
        let heard = try network.take(try network.export(0, since: held), at: 1)
        #expect(heard.entries == 0)
        func entries(_ office: ImportOffice) async throws -> [String] {
            try await office.sql(
                "SELECT office, incarnation, seq, hash FROM journal WHERE kind = 'fileUploaded' ORDER BY 1, 2, 3"
            )
        }
        #expect(try network.send(1, to: 2).uploads.count == 1)
        #expect(try await entries(network[2]) == entries(network[1]))
        // North's box is lost, and an older copy takes its place.
        let north = try ImportOffice(
            opening: copy, seed: 77, clock: network.clocks[0].clock, place: "new box")
        let path = try network.export(1)
        let back = try ReceivedSnapshot(path: path, fileName: "back", in: north.store).merge(by: .console)
        #expect(back.uploads.count == 1)
        #expect(try await entries(north) == entries(network[1]))
        #expect(try await north.faults() == [])
    }

    @Test func `a rehearsal says what the merge does, and leaves nothing`() async throws {
        let network = try await filled()
        let received = try network.receive(try network.export(0), at: 1)
        let hash = try await network[1].store.stateHash()
        let rehearsed = try received.rehearse()
        #expect(try await network[1].store.stateHash() == hash)
        let merged = try received.merge(by: .console)
        #expect(rehearsed.callsAfter == merged.callsAfter)
        #expect(rehearsed.uploads == merged.uploads)
        #expect(try await network[1].faults() == [])
        #expect(try await network[1].leftovers() == [])
    }

    @Test func `a chain that goes on from another one waits for it, with its files`() async throws {
        let network = try await OfficeNetwork()
        var random = RandomFile(seed: 8)
        let north = network[0]
        // What the twin uploads is of a source that the first box's chain alone tells of.
        try north.take(RandomFile.text(random.rows(30, ids: 1...90)), file: "a.csv")
        let base = try north.store.exchangeVector().held
        try north.store.close()
        let copy = network.place + "/twin"
        try FileManager.default.copyItem(atPath: north.folder.path, toPath: copy)
        try north.reopen()
        network.pass(minutes: 1)
        let twin = try ImportOffice(
            opening: copy, seed: 5, clock: network.clocks[0].clock, place: "elsewhere")
        try twin.take(RandomFile.text(random.rows(30, ids: 200...290)), file: "b.csv")
        let (delta, whole) = (network.newPath(), network.newPath())
        try exportSnapshot(SnapshotOrder(since: base), to: delta, from: twin.store, by: .console)
        try exportSnapshot(SnapshotOrder(), to: whole, from: twin.store, by: .console)
        let before = try await network[1].store.stateHash()
        let early = try network.take(delta, at: 1)
        #expect(early.entries == 0 && early.isRefused)
        #expect(early.notTaken.allSatisfy { $0.reason == .gap } && !early.notTaken.isEmpty)
        #expect(try await network[1].store.stateHash() == before)
        let taken = try network.take(whole, at: 1)
        #expect(taken.notTaken.isEmpty && taken.uploads.count == 2)
        #expect(try await network[1].store.stateHash().calls == twin.store.stateHash().calls)
        #expect(try await network[1].faults() == [])
        // Once the first chain is there, the other one's news come alone.
        try twin.take(RandomFile.text(random.rows(3, ids: 400...410)), file: "c.csv")
        let more = network.newPath()
        let held = try network[1].store.exchangeVector().held
        try exportSnapshot(SnapshotOrder(since: held), to: more, from: twin.store, by: .console)
        #expect(try network.take(more, at: 1).uploads.count == 1)
    }

    @Test(arguments: [
        "not JSON", "null", "[]", #"{"heads":7}"#, #"{"heads":["x",3,null,{}]}"#,
        #"{"heads":[{"hash":"x","incarnation":"two","office":"OFFICE","seq":"many"}]}"#,
        #"{"heads":[{"hash":"00","incarnation":9,"office":"OFFICE","seq":9223372036854775807}]}"#,
    ])
    func `entries on merges that mean nothing stop nobody`(payload: String) async throws {
        let network = try await filled()
        let (north, south) = (network[0].store, network[1].store)
        for kind in [SnapshotMerged.kind, IncarnationBegun.kind, MergeUndone.kind] {
            let work = "\(network.place)/\(kind)"
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
            let contents = try north.snapshotContents(linkingInto: work)
            let (key, own) = (try OfficeKey(of: north), try #require(contents.own.first))
            var cursor = north.entries(of: contents)
            var events: [Event] = []
            while let event = try cursor.next() { events.append(event) }
            let last = try #require(events.last { $0.office == contents.office })
            var forged = Event(
                stream: .shared, office: last.office, incarnation: last.incarnation, seq: last.seq + 1,
                time: HybridTime(bits: last.time.bits + 1), actor: .console, kind: kind,
                payload: payload.replacing("OFFICE", with: last.office.description),
                previousHash: last.hash)
            forged.hash = forged.computedHash
            var head = own
            (head.seq, head.hash) = (forged.seq, hexadecimal(forged.hash))
            let offer = SnapshotOffer(
                fileName: "forged", office: contents.office, name: contents.name, key: key.publicKey,
                made: contents.made, program: "test",
                heads: [try SignedHead(head, name: contents.name, key: key.publicKey, sign: key.sign)])
            let before = try await south.stateHash()
            let reception = try south.receive(offer, ownKey: OfficeKey(of: south).publicKey) { body in
                for event in events where event.office == last.office { try body(event) }
                try body(forged)
            }
            let outcome = try south.previewMerge(reception)
            // What names entries that nobody has is waited for; the rest says nothing, and is kept as it is.
            #expect(outcome.entries > 0 || outcome.isRefused)
            #expect(try await south.stateHash() == before)
        }
        try network.send(0, to: 1)
        #expect(try await network[1].faults() == [])
    }

    private func copies(_ office: ImportOffice) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: office.folder.backups).sorted()
            .filter { $0.hasPrefix("before-merge-") }
    }

    @Test func `whatever brings something new keeps a copy of the database first`() async throws {
        let network = try await filled()
        let calls = try await network[1].store.stateHash().calls
        let (first, rehearsed) = (try network.export(0), try network.receive(try network.export(0), at: 1))
        _ = try rehearsed.rehearse()
        #expect(try copies(network[1]) == [], "a look is no merge")
        let copy = try #require(try network.take(first, at: 1).copy)
        #expect(try copies(network[1]) == [URL(fileURLWithPath: copy).lastPathComponent])
        #expect(OfficeGlance(database: copy)?.calls == calls)
        network.pass(minutes: 1)
        // The same again, and the news of the merge alone, bring nothing that could be missed.
        #expect(try network.take(first, at: 1).copy == nil)
        #expect(try network.take(first, at: 1).copy == nil)
        #expect(try network.send(1, to: 0).copy != nil)
        network.pass(minutes: 1)
        #expect(try network.send(0, to: 1).copy == nil)
        #expect(try copies(network[1]).count == 1)
        // By itself just as by hand.
        var random = RandomFile(seed: 5)
        try network[1].take(RandomFile.text(random.rows(20, ids: 500...560)), file: "c.csv")
        let path = try network.export(1)
        _ = try ExchangeIntake(of: path, fileName: "c", in: network[0].store, by: .console)
        #expect(try copies(network[0]).count == 2)
        network.pass(minutes: 1)
        try network[1].take(RandomFile.text(random.rows(20, ids: 600...660)), file: "d.csv")
        _ = try ExchangeIntake(
            of: try network.export(1), fileName: "d", in: network[0].store, by: .exchange)
        #expect(try copies(network[0]).count == 2, "there is one of a minute ago")
    }

    @Test func `without a copy nothing is taken in, and it is tried again`() async throws {
        let disk = TestDisk()
        let network = try await OfficeNetwork(disk: disk.disk)
        var random = RandomFile(seed: 4)
        try network[0].take(RandomFile.text(random.rows(80, ids: 1...120)), file: "a.csv")
        let path = try network.export(0)
        let before = try await network[1].store.stateHash()
        // Just what must stay free.
        disk.set(freeMegabytes: Int64(DiskMarks().refuseMegabytes))
        let error = #expect(throws: UserError.self) { try network.take(path, at: 1) }
        #expect(error?.code == .diskFull && error?.message.contains("A copy of the database") == true)
        #expect(error?.advice.contains(network[1].folder.path) == true)
        let shared = network.place + "/shared"
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: path, toPath: shared + "/north.rollcall")
        let folder = try ExchangeFolder(shared, of: network[1].store, by: .console)
        #expect(throws: UserError.self) { try folder.run() }
        // A disk that does not take it is told in the same way.
        disk.set(freeMegabytes: 500_000)
        let backups = network[1].folder.backups
        try FileManager.default.removeItem(atPath: backups)
        try Data().write(to: URL(fileURLWithPath: backups))
        let broken = #expect(throws: UserError.self) { try network.take(path, at: 1) }
        #expect(
            broken?.code == .diskFull && broken?.advice.contains(backups) == true, "\(broken?.message ?? "")")
        #expect(throws: UserError.self) { try folder.run() }
        #expect(try await network[1].store.stateHash() == before)
        try FileManager.default.removeItem(atPath: backups)
        try FileManager.default.createDirectory(atPath: backups, withIntermediateDirectories: true)
        #expect(try folder.run().taken == 1)
        #expect(try copies(network[1]).count == 1)
        #expect(try await network[1].faults() == [])
    }

    @Test func `a backup is no snapshot to be taken in`() async throws {
        let network = try await filled()
        let path = network.newPath()
        try backUp(network[0].store, to: path, by: .console)
        for office in 0...1 {
            let before = try await network[office].store.stateHash()
            let error = #expect(throws: UserError.self) { try network.take(path, at: office) }
            #expect(error?.message.contains("is a backup of “North”") == true)
            #expect(error?.advice.contains("rollcall restore") == true)
            #expect(try await network[office].store.stateHash() == before)
        }
    }

    @Test func `one name given to two new people at the same time is a conflict that is told`() async throws {
        let network = try await OfficeNetwork()
        try network[0].store.close()
        let path = network.place + "/copy"
        try FileManager.default.copyItem(atPath: network[0].folder.path, toPath: path)
        try network[0].reopen()
        let twin = try ImportOffice(
            opening: path, seed: 77, clock: network.clocks[0].clock, place: "elsewhere")
        func add(_ box: ImportOffice, _ name: String, _ folded: String) async throws {
            network.pass(minutes: 1)
            try await box.store.addPerson(
                name: name, folded: folded,
                placement: { Placement(person: $0, from: Day(number: 20_000)) }, by: .console)
        }
        func send(_ a: ImportOffice, to b: ImportOffice) throws -> [Conflict] {
            let path = network.newPath()
            try exportSnapshot(SnapshotOrder(), to: path, from: a.store, by: .console)
            return try ReceivedSnapshot(path: path, fileName: "a", in: b.store).merge(by: .console).conflicts
        }
        try await add(network[0], "Zoe Sample", "zoe sample")
        // Whoever knows that the name is somebody's adds another one of that name on purpose.
        try await add(network[0], "Zoe Sample", "zoe sample")
        try await add(twin, "Zoe  Sample", "zoe sample")
        try await add(twin, "Yan Sample", "yan sample")
        let conflicts = try send(twin, to: network[0])
        #expect(conflicts.count == 1)
        #expect(conflicts.first?.refusal?.contains("was somebody's already") == true)
        #expect(try send(network[0], to: twin).map(\.id) == conflicts.map(\.id))
        #expect(try await network[0].store.stateHash() == twin.store.stateHash())
        #expect(try await network[0].sql("SELECT count(*) FROM person WHERE name LIKE 'Zoe%'") == ["3"])
    }

    @Test func `an upload that the rules refuse at a merge needs no archive, and is no fault`() async throws {
        let network = try await filled()
        let entries = try await network[0].sharedJournal().map(\.event)
        let upload = try #require(entries.last { $0.kind == FileUploaded.kind })
        let last = try #require(entries.last)
        // Another version, of which the rows do not add up: no sound box writes it.
        let payload = upload.payload.replacing("\"version\":1", with: "\"version\":2")
            .replacing("\"accepted\":", with: "\"accepted\":1")
        let event = Event(
            stream: .shared, office: last.office, incarnation: last.incarnation, seq: last.seq + 1,
            time: HybridTime(bits: last.time.bits + 1), actor: .program, kind: upload.kind, payload: payload,
            previousHash: last.hash)
        try network[0].damage(
            """
            INSERT INTO journal (stream, office, incarnation, seq, time, actor, via, kind, payload, previousHash, hash)
            VALUES ('shared', '\(event.office)', \(event.incarnation), \(event.seq), \(event.time.bits),
              '\(event.actor.name)', '\(event.actor.via)', '\(event.kind)', '\(payload)',
              X'\(hexadecimal(event.previousHash))', X'\(hexadecimal(event.computedHash))')
            """)
        #expect(try network.send(0, to: 1).uploads.count == 1)
        let refused = "SELECT count(*) FROM journal WHERE kind = 'fileUploaded' AND refusal IS NOT NULL"
        #expect(try await network[1].sql(refused) == ["1"])
        #expect(try await network[1].faults() == [])
        try network[1].rebuild()
        #expect(try await network[1].faults() == [])
        // One whose archive is lost is a fault all the same.
        let archive = try #require(try await network[1].store.archivedVersions().first)
        unlink(archive.archivePath)
        #expect(try await network[1].faults().count >= 1)
        _ = try network[1].store.rebuild { _, _ in throw UserError(.damaged, "Lost.", advice: "") }
        #expect(try await network[1].faults().contains { $0.hasPrefix("files: The archive of") })
    }

    @Test func `a snapshot whose place another one took is not taken in as that other one`() async throws {
        let network = try await OfficeNetwork(["North", "South", "East"])
        let first = try network.receive(try network.export(0), at: 1)
        let second = try network.receive(try network.export(2), at: 1)
        #expect(!first.isWaiting && second.isWaiting)
        let before = try await network[1].store.stateHash()
        #expect(throws: UserError.self) { try first.preview() }
        #expect(throws: UserError.self) { try first.merge(by: .console) }
        #expect(try await network[1].store.stateHash() == before)
        // Discarding the one that is gone leaves the other alone.
        try first.discard()
        #expect(try second.merge(by: .console).entries > 0)
    }

    @Test func `a stranger's snapshot is refused, and so is one after the pairing was ended`() async throws {
        let network = try await OfficeNetwork(pairs: false)
        let path = try network.export(0)
        #expect(throws: UserError.self) { try network.take(path, at: 1) }
        try await network.pair(1, with: 0)
        try network.take(path, at: 1)
        let office = try await network[0].store.officeState()?.office.id
        try await network[1].store.unpair(
            try #require(office), reason: "sold", for: .console, by: .console)
        #expect(throws: UserError.self) { try network.take(path, at: 1) }
    }

    @Test func `one name given by two offices is a conflict that a person decides, and can take back`()
        async throws
    {
        let network = try await filled()
        try network.send(0, to: 1)
        let person = try #require(try await network[0].store.persons().first)
        network.pass(minutes: 1)
        try await network[0].store.renamePerson(person.id, to: "Zoe North", for: .console, by: .console)
        network.pass(minutes: 1)
        try await network[1].store.renamePerson(person.id, to: "Zoe South", for: .console, by: .console)
        let outcome = try network.send(0, to: 1)
        #expect(outcome.conflicts.count == 1)
        try network.send(1, to: 0)
        #expect(Set(try await network.hashes()).count == 1)
        func name(_ office: Int) async throws -> String? {
            try await network[office].store.persons(for: .console.everywhere).first { $0.id == person.id }?
                .name
        }
        #expect(try await name(0) == "Zoe South")
        let conflict = try #require(try await network[0].store.conflicts(for: .console).first)
        #expect(conflict.canTakeOther)
        try await network[0].store.decideConflict(
            conflict.conflict.id, .other, comment: "as she writes it", for: .console, by: .console)
        #expect(try await name(0) == "Zoe North")
        try network.send(0, to: 1)
        #expect(try await name(1) == "Zoe North")
        #expect(try await network[1].store.openConflictCount(for: .console) == 0)
        try await network[1].store.decideConflict(
            conflict.conflict.id, .keep, comment: "", for: .console, by: .console)
        #expect(try await name(1) == "Zoe South")
        try network.send(1, to: 0)
        #expect(Set(try await network.hashes()).count == 1)
        for office in network.offices {
            let hash = try await office.store.stateHash()
            try office.rebuild()
            #expect(try await office.store.stateHash() == hash)
        }
    }
}
