import Domain
import Formats
import Foundation
@testable import Ingest
import Storage
import TestSupport
import Testing

/// A folder that offices share brings them to one truth, whatever is in it besides.
@Suite struct ExchangeFolderTests {
    private func folder(_ network: OfficeNetwork) throws -> String {
        let path = network.place + "/shared"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @discardableResult
    private func run(_ network: OfficeNetwork, _ office: Int, _ path: String) throws -> ExchangeFolder.Outcome
    {
        try ExchangeFolder(path, of: network[office].store, by: .console).run()
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    private func state(_ network: OfficeNetwork, _ office: Int, _ name: String) throws -> ExchangeFile? {
        try network[office].store.exchangeFiles().first { $0.name == name }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `three offices in any order, with half files in between, end with one state`(seed: UInt64)
        async throws
    {
        let network = try await OfficeNetwork(["North", "South", "West Side"], seed: seed)
        let path = try folder(network)
        var random = RandomFile(seed: seed)
        var numbers = SeededNumbers(seed)
        for step in 0..<14 {
            let office = Int.random(in: 0..<3, using: &numbers)
            if step % 2 == 0 {
                try network[office].take(
                    RandomFile.text(random.rows(20, ids: 1...400)), file: "\(office)-\(step).csv")
            }
            network.pass(minutes: 1)
            // What a copy that goes on, or that broke off, looks like.
            if step % 3 == 1, let name = try names(path).randomElement(using: &numbers) {
                let whole = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
                let half = whole.prefix(Int.random(in: 0..<whole.count, using: &numbers))
                try half.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
                try run(network, office, path)
                // Its own file an office writes anew; a half one of another's stays until that one comes round.
                if try names(path).contains(name),
                    try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")) == half
                {
                    try whole.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
                }
            }
            try run(network, Int.random(in: 0..<3, using: &numbers), path)
        }
        for _ in 0..<3 { for office in [2, 0, 1] { try run(network, office, path) } }
        #expect(Set(try await network.hashes()).count == 1)
        let quiet = try (0..<3).map { try run(network, $0, path) }
        #expect(
            quiet.allSatisfy { $0.taken == 0 && $0.sent == 0 }, "offices that hold the same go on writing")
        #expect(try names(path).count <= 6)
        for office in network.offices {
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
        }
    }

    @Test func `a change is written as a delta, and a delta that grew makes way for a full one`() async throws
    {
        let network = try await OfficeNetwork()
        let path = try folder(network)
        var random = RandomFile(seed: 3)
        try network[0].take(RandomFile.text(random.rows(300, ids: 1...900)), file: "a.csv")
        func write(_ small: Int64) throws {
            network.pass(minutes: 1)
            var folder = try ExchangeFolder(path, of: network[0].store, by: .console)
            folder.smallDelta = small
            _ = try folder.run()
        }
        try write(1_000_000)
        let full = try #require(try names(path).first)
        func mode() throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(full)")
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }
        #expect(try mode() == 0o640)
        chmod("\(path)/\(full)", 0o644)
        try write(1_000_000)
        #expect(try mode() == 0o640, "what an earlier release wrote")
        #expect(try names(path) == [full] && full.hasPrefix("north-") && full.hasSuffix(".rollcall"))
        let mark = try SnapshotReader(path: "\(path)/\(full)").digest
        try network[0].take(RandomFile.text(random.rows(5, ids: 2000...2100)), file: "b.csv")
        try write(1_000_000)
        #expect(try names(path).count == 2)
        #expect(try SnapshotReader(path: "\(path)/\(full)").digest == mark)
        try run(network, 1, path)
        try network.send(1, to: 0)
        #expect(try await network[1].store.stateHash() == network[0].store.stateHash())
        try network[0].take(RandomFile.text(random.rows(200, ids: 3000...9000)), file: "c.csv")
        try write(0)
        #expect(try names(path).filter { $0.hasPrefix("north-") } == [full])
        #expect(try SnapshotReader(path: "\(path)/\(full)").digest != mark)
        try run(network, 1, path)
        try network.send(1, to: 0)
        #expect(try await network[1].store.stateHash() == network[0].store.stateHash())
    }

    @Test func `a delta that comes before its full file waits for it`() async throws {
        let network = try await OfficeNetwork()
        let (path, other) = (try folder(network), network.place + "/late")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        var random = RandomFile(seed: 5)
        try network[0].take(RandomFile.text(random.rows(50, ids: 1...90)), file: "a.csv")
        try run(network, 0, path)
        network.pass(minutes: 1)
        try network[0].take(RandomFile.text(random.rows(5, ids: 200...210)), file: "b.csv")
        try run(network, 0, path)
        let delta = try #require(try names(path).first { $0.contains("-delta") })
        let full = try #require(try names(path).first { !$0.contains("-delta") })
        try FileManager.default.copyItem(atPath: "\(path)/\(delta)", toPath: "\(other)/\(delta)")
        try run(network, 1, other)
        #expect(try state(network, 1, delta)?.state == .waits)
        try FileManager.default.copyItem(atPath: "\(path)/\(full)", toPath: "\(other)/\(full)")
        try run(network, 1, other)
        #expect(try state(network, 1, delta)?.state == .taken)
        try network.send(1, to: 0)
        #expect(try await network[1].store.stateHash() == network[0].store.stateHash())
    }

    @Test func `a delta is taken though it goes on from an office that is left out here`() async throws {
        let network = try await OfficeNetwork(["North", "South", "West"], pairs: false)
        for (a, b) in [(0, 1), (1, 0), (1, 2), (2, 1)] { try await network.pair(a, with: b) }
        let path = try folder(network)
        try network[2].take(oldText(), file: "west.csv")
        try network.send(2, to: 1)
        try run(network, 1, path)
        #expect(try run(network, 0, path).taken == 0)
        let store = network[0].store
        let question = try #require(try await store.exchangeQuestions(for: .console).first).question
        #expect(question.kind == .unpaired)
        try await store.allowExchange(question.key, for: .console, by: .console)
        #expect(try run(network, 0, path).taken == 1)
        for number in 1...2 {
            network.pass(minutes: 1)
            try network[1].take(
                CallFileText([CallFileText.row(900 + number, "Jane", "2026-11-02 09:00:00")]).text,
                file: "\(number).csv")
            try run(network, 1, path)
            #expect(try run(network, 0, path).taken > 0)
            let names = try await network[0].sql("SELECT name FROM file ORDER BY name")
            #expect(names.last == "\(number).csv", "\(names)")
        }
        // The answer is kept for the next full file.
        #expect(try await store.exchangeQuestions(for: .console).first?.allowed != nil)
    }

    @Test func `a stranger's file is shown and left alone, until somebody pairs`() async throws {
        let network = try await OfficeNetwork(pairs: false)
        let path = try folder(network)
        try network[0].take(oldText(), file: "a.csv")
        try run(network, 0, path)
        let name = try #require(try names(path).first)
        let before = try await network[1].store.stateHash()
        #expect(try run(network, 1, path).taken == 0)
        #expect(try state(network, 1, name)?.state == .unpaired)
        #expect(try await network[1].store.stateHash() == before)
        #expect(try names(path).contains(name))
        try await network.pair(1, with: 0)
        #expect(try run(network, 1, path).taken == 1)
        #expect(try state(network, 1, name)?.state == .taken)
    }

    @Test func `a damaged file is looked at once, and again when it changes`() async throws {
        let network = try await OfficeNetwork()
        let path = try folder(network)
        try network[0].take(oldText(), file: "a.csv")
        try run(network, 0, path)
        let name = try #require(try names(path).first)
        let place = URL(fileURLWithPath: "\(path)/\(name)")
        let whole = try Data(contentsOf: place)
        var broken = whole
        broken[whole.count - 3000] ^= 1
        try broken.write(to: place)
        let first = try run(network, 1, path)
        #expect(first.taken == 0 && first.lines.contains { $0.contains(name) })
        #expect(try state(network, 1, name)?.state == .damaged)
        // Nothing but the own file is written.
        #expect(!(try run(network, 1, path)).lines.contains { $0.contains("“\(name)”") })
        #expect(try Data(contentsOf: place) == broken)
        try whole.write(to: place)
        #expect(try run(network, 1, path).taken == 1)
    }

    private func set(_ passphrase: String, _ network: OfficeNetwork, _ office: Int) throws {
        // The usual cost would hold up every other test.
        try KeptSeal.sharedFolder.set(passphrase, cost: 10, in: network[office].store, by: .console)
    }

    @Test func `a file of a newer release is no damaged one, and is tried again until this box is upgraded`()
        async throws
    {
        let network = try await OfficeNetwork(["North", "South"])
        let path = try folder(network)
        try run(network, 0, path)
        let name = try #require(try names(path).first)
        let place = URL(fileURLWithPath: "\(path)/\(name)")
        var bytes = try Data(contentsOf: place)
        let reader = try #require(bytes.range(of: Data(#""minimumReader":1"#.utf8)))
        bytes.replaceSubrange(reader, with: Data(#""minimumReader":9"#.utf8))
        try bytes.write(to: place)
        for _ in 0..<2 {
            let lines = try run(network, 1, path).lines
            #expect(lines.contains { $0.contains("Upgrade Rollcall here") }, "\(lines)")
            #expect(try state(network, 1, name)?.state == .refused)
        }
        try Data("no snapshot at all".utf8).write(to: place)
        try run(network, 1, path)
        #expect(try state(network, 1, name)?.state == .damaged)
    }

    @Test func `with one passphrase offices read each other's files, and nobody else does`() async throws {
        let network = try await OfficeNetwork(["North", "South", "West"])
        let path = try folder(network)
        var random = RandomFile(seed: 4)
        for office in 0..<3 {
            try network[office].take(
                RandomFile.text(random.rows(30, ids: (office * 100)...(office * 100 + 60))),
                file: "\(office).csv")
            network.pass(minutes: 1)
            // What lay there openly is written anew.
            try run(network, office, path)
        }
        let plain = try names(path)
        for office in 0..<2 {
            try set("four brown horses run", network, office)
            network.pass(minutes: 1)
            try run(network, office, path)
            for name in try names(path).filter({ $0.hasPrefix(["north-", "south-"][office]) }) {
                #expect(try state(network, office, name)?.isSealed == true, "\(name) is shown as it was")
            }
        }
        let sealed = try names(path).filter { !$0.hasPrefix("west-") }
        for name in sealed {
            let error = #expect(throws: UserError.self) { try SnapshotReader(path: "\(path)/\(name)") }
            #expect(error == SealedFile.needsPassphrase, "\(name)")
        }
        #expect(try state(network, 0, #require(plain.first { $0.hasPrefix("west-") }))?.isSealed == false)
        // Those who have no passphrase, or another one, are told so.
        for passphrase in [nil, "four brown cows stand"] {
            if let passphrase { try set(passphrase, network, 2) }
            network.pass(minutes: 1)
            let before = try await network[2].store.stateHash()
            #expect(try run(network, 2, path).taken == 0)
            #expect(try await network[2].store.stateHash() == before)
            for name in sealed {
                #expect(try state(network, 2, name)?.state == .sealed)
                #expect(try state(network, 2, name)?.message?.contains("passphrase") == true)
            }
        }
        try set("four brown horses run", network, 2)
        for _ in 0..<3 { for office in [2, 0, 1] { try run(network, office, path) } }
        #expect(Set(try await network.hashes()).count == 1)
        // No delta of before is left that nobody can open.
        for name in try names(path) {
            _ = try verifySnapshot("\(path)/\(name)", opener: .passphrase("four brown horses run"))
        }
        // Nor is there anything to write where nothing is new.
        let quiet = try (0..<3).map { try run(network, $0, path) }
        #expect(quiet.allSatisfy { $0.taken == 0 && $0.sent == 0 })
        try KeptSeal.sharedFolder.remove(in: network[0].store, by: .console)
        network.pass(minutes: 1)
        try run(network, 0, path)
        let north = try names(path).filter { $0.hasPrefix("north-") }
        #expect(north.count == 1)
        for name in north { _ = try SnapshotReader(path: "\(path)/\(name)") }
    }

    @Test func `without the passphrase that the folder is sealed with, nothing is written there openly`()
        async throws
    {
        let network = try await OfficeNetwork()
        let path = try folder(network)
        try set("four brown horses run", network, 0)
        // As where a backup that was not sealed is restored.
        try FileManager.default.removeItem(atPath: KeptSeal.sharedFolder.path(in: network[0].folder))
        let error = #expect(throws: UserError.self) { try run(network, 0, path) }
        #expect(error?.message.contains("is not on this box") == true)
        #expect(try names(path) == [])
        try set("four brown horses run", network, 0)
        try run(network, 0, path)
        #expect(try names(path).count == 1)
    }

    @Test func `links, folders and hidden files are nothing to read`() async throws {
        let network = try await OfficeNetwork()
        let (path, files) = (try folder(network), FileManager.default)
        try network[0].take(oldText(), file: "a.csv")
        let outside = try network.export(0)
        try files.createSymbolicLink(atPath: "\(path)/link.rollcall", withDestinationPath: outside)
        try files.createDirectory(atPath: "\(path)/folder.rollcall", withIntermediateDirectories: false)
        try files.copyItem(atPath: outside, toPath: "\(path)/.hidden.rollcall")
        try files.copyItem(atPath: outside, toPath: "\(path)/half.rollcall.part")
        #expect(try run(network, 1, path).taken == 0)
        // Its own file alone is known.
        let known = try network[1].store.exchangeFiles().map(\.name)
        #expect(known.count == 1 && known.allSatisfy { $0.hasPrefix("south-") }, "\(known)")
    }

    @Test func `only one's own unfinished files are removed, once they are a day old`() async throws {
        let network = try await OfficeNetwork()
        let path = try folder(network)
        try run(network, 0, path)
        let own = try #require(try names(path).first)
        let mine = own + ".part"
        let others = "south-00000000.rollcall.part"
        for name in [mine, others] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        }
        func age(_ seconds: TimeInterval) throws {
            for name in [mine, others] {
                try FileManager.default.setAttributes(
                    [.modificationDate: network.clocks[0].clock.now().date.addingTimeInterval(-seconds)],
                    ofItemAtPath: "\(path)/\(name)")
            }
        }
        try age(80_000)
        try run(network, 0, path)
        #expect(try names(path).contains(mine))
        try age(90_000)
        try run(network, 0, path)
        #expect(try !names(path).contains(mine))
        #expect(try names(path).contains(others))
    }

    @Test func `a folder that is not there is an error in words`() async throws {
        let network = try await OfficeNetwork()
        let error = #expect(throws: UserError.self) { try run(network, 0, network.place + "/nowhere") }
        #expect(error?.code == .unreadable)
    }

    private func oldText() -> String {
        var random = RandomFile(seed: 9)
        return RandomFile.text(random.rows(40, ids: 1...90))
    }
}
