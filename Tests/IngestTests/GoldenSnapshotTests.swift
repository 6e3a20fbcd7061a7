import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Snapshots and backups of every format that was ever released are read for ever: `Backups/format-N` holds some, and
/// what they come to.
///
/// To write those of a new format, or of one that is not released yet:
/// `ROLLCALL_WRITE_GOLDEN=format-1 … --filter GoldenSnapshotTests`.
@Suite struct GoldenSnapshotTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Backups").path
    private static let passphrase = "four brown horses run"

    /// Counted calls of a reader of them that has none of its own.
    private struct Expected: Codable {
        var stateHash: String
        var calls: Int64
        var callsAfterFull: Int64
        var callsAfterDelta: Int64
        var figures: Int
        var users: Int
    }

    private static var formats: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.filter { $0.hasPrefix("format-") }
            .sorted() ?? []
    }

    @Test func `there are golden files of the format that is written now`() async throws {
        if let format = ProcessInfo.processInfo.environment["ROLLCALL_WRITE_GOLDEN"], !format.isEmpty {
            try await write(to: "\(Self.folder)/\(format)")
        }
        #expect(Self.formats.contains("format-\(SnapshotManifest.readableFormat)"))
    }

    @Test(arguments: formats) func `a golden backup is restored`(format: String) async throws {
        let place = "\(Self.folder)/\(format)"
        let expected = try expected(place)
        let reader = try verifySnapshot(place + "/backup.rollcall").reader
        let folder = DataFolder(
            path: FileManager.default.temporaryDirectory.path + "/rollcall-golden-\(UUID().uuidString)")
        let outcome = try RestorePlace(folder).restore(reader, named: "backup.rollcall", by: .console)
        #expect(outcome.calls == expected.calls)
        if reader.manifest.program == Version.text { #expect(outcome.stateHash == expected.stateHash) }
        let office = try ImportOffice(opening: folder.path)
        #expect(try await office.figures().count == expected.figures)
        #expect(try await office.sql("SELECT count(*) FROM user") == ["\(expected.users)"])
        #expect(try await office.faults() == [])
        #expect(
            try await office.store.confirmAccount(username: "dan", password: "three brown horses").name
                == "Dan")
    }

    @Test(arguments: formats) func `golden snapshots are taken in`(format: String) async throws {
        let place = "\(Self.folder)/\(format)"
        let expected = try expected(place)
        let reader = try await ImportOffice(rules: OfficeRules(name: "Reader", timeZone: "UTC"), seed: 900)
        func take(_ name: String, _ opener: SealOpener = .none) throws -> MergeOutcome {
            try ReceivedSnapshot(
                path: "\(place)/\(name).rollcall", fileName: name, opener: opener, in: reader.store
            ).merge(by: .console)
        }
        let manifest = try SnapshotReader(path: place + "/full.rollcall").manifest
        for head in manifest.heads {
            try? await reader.store.pair(
                head.head.office, name: head.name, key: head.key, for: .console, by: .console)
        }
        #expect(throws: UserError.snapshotSealed) { try take("sealed") }
        #expect(try take("full").callsAfter == expected.callsAfterFull)
        #expect(try take("delta").callsAfter == expected.callsAfterDelta)
        #expect(try take("sealed", .passphrase(Self.passphrase)).entries == 0)
        #expect(try await reader.faults() == [])
    }

    private func expected(_ place: String) throws -> Expected {
        try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: URL(fileURLWithPath: place + "/expected.json")))
    }

    private func write(to place: String) async throws {
        let files = FileManager.default
        try? files.removeItem(atPath: place)
        try files.createDirectory(atPath: place, withIntermediateDirectories: true)
        let network = try await OfficeNetwork(["North", "South"], seed: 7)
        let (office, _) = try await BackupTests.filled(network)
        func export(_ name: String, since: [ChainHead] = [], seal: SealingKey? = nil) throws
            -> SnapshotManifest
        {
            try exportSnapshot(
                SnapshotOrder(since: since, seal: seal), to: "\(place)/\(name).rollcall", from: office.store,
                by: .console
            ).manifest
        }
        let full = try export("full")
        let callsAfterFull = try await office.store.stateHash().calls
        // The least cost: the test is not of how long it takes.
        let key = try SealingKey(passphrase: Self.passphrase, salt: office.ids.random(), cost: 10)
        _ = try export("sealed", seal: key)
        network.pass(minutes: 5)
        try await BackupTests.takeMore(office)
        _ = try export("delta", since: full.heads.map(\.head))
        try backUp(office.store, to: place + "/backup.rollcall", by: .console)
        let hash = try await office.store.stateHash()
        let expected = Expected(
            stateHash: hash.hex, calls: hash.calls, callsAfterFull: callsAfterFull,
            callsAfterDelta: hash.calls, figures: try await office.figures().count,
            users: try await office.sql("SELECT id FROM user").count)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(expected).write(to: URL(fileURLWithPath: place + "/expected.json"))
    }
}
