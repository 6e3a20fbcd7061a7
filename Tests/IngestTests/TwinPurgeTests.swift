import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Two boxes of one office that purge different days of one version without knowing of each other: what either erased
/// is in no archive of any office once they have met.
@Suite struct TwinPurgeTests {
    private static let days = (20...22).map { Day(iso: "2026-10-\($0)") ?? Day(number: 0) }
    /// What lines of each day say.
    private static let marks = ["Olive Stays", "Mona First", "Nick Second"]

    /// Calls of three days, some of them twice, one of them in two lines of the file.
    private static var file: String {
        var rows: [[String]] = []
        for id in 1...30 {
            let day = id % 3
            var row = CallFileText.row(id, marks[day], "2026-10-\(20 + day) 09:\(10 + id):00")
            if id % 10 == 1 { row[7] = "North\n\(marks[day])" }
            rows.append(row)
            if id % 5 == 0 { rows.append(row) }
        }
        return CallFileText(rows).text
    }

    /// North and its twin, which goes on with a chain of its own, and South, which holds all that they have in common.
    private final class Boxes {
        let network: OfficeNetwork
        let twin: ImportOffice
        let file: ID<CallFile>
        var north: ImportOffice { network[0] }
        var south: ImportOffice { network[1] }
        var all: [ImportOffice] { [north, twin, south] }

        init() async throws {
            network = try await OfficeNetwork()
            file = try network[0].take(TwinPurgeTests.file, file: "a.csv").upload.file
            try network.send(0, to: 1)
            let path = FileManager.default.temporaryDirectory.path + "/rollcall-twin-\(UUID().uuidString)"
            try network[0].store.close()
            try FileManager.default.copyItem(atPath: network[0].folder.path, toPath: path)
            try network[0].reopen()
            twin = try ImportOffice(
                opening: path, seed: 93, clock: network.clocks[0].clock, place: "elsewhere")
            network.pass(minutes: 1)
            try purge(TwinPurgeTests.days[1], north)
            network.pass(minutes: 1)
            try purge(TwinPurgeTests.days[2], twin)
            network.pass(minutes: 1)
        }

        func purge(_ day: Day, _ box: ImportOffice) throws {
            let plan = try box.store.planDeletion(.days(file, version: 1, [day]), for: DeletionWalk.bob)
            let request = try box.store.openDeleteRequest(
                plan, reason: "wrong", for: DeletionWalk.bob, by: .console)
            try box.store.decideDeleteRequest(request.id, .approve, for: DeletionWalk.cleo, by: .console)
            try purgeDeletion(
                request.id, in: box.store, comment: "room", for: DeletionWalk.cleo, by: .console)
        }

        func export(_ box: ImportOffice) throws -> String {
            let path = network.newPath()
            try exportSnapshot(SnapshotOrder(), to: path, from: box.store, by: .console)
            return path
        }

        @discardableResult
        func take(_ path: String, at box: ImportOffice) throws -> MergeOutcome {
            network.pass(minutes: 1)
            return try ReceivedSnapshot(path: path, fileName: "s", in: box.store).merge(by: .console)
        }

        /// Everybody takes what everybody has until nothing is new.
        func settle() throws {
            for _ in 0..<4 {
                var isNews = false
                for from in all {
                    for to in all where to !== from {
                        if try take(export(from), at: to).isNews { isNews = true }
                    }
                }
                if !isNews { return }
            }
            Issue.record("they never stop answering each other")
        }

        /// All that is in the archive of a box, as text.
        func archived(_ box: ImportOffice) throws -> String {
            let path = try #require(box.folder.existingArchive(of: file, version: 1))
            return try ["original.csv", "calls.csv", "rejects.csv"].map {
                String(decoding: try ArchiveReader(path: path).bytes(of: $0, limit: 1 << 20), as: UTF8.self)
            }.joined()
        }

        func rewrites(_ box: ImportOffice) async throws -> Int {
            try await box.sql("SELECT seq FROM journal WHERE kind = 'archiveRewritten'").count
        }

        /// They are one, and nothing that was purged is in any of them.
        func requireOneTruth() async throws {
            for box in all {
                let text = try archived(box)
                #expect(!text.contains(marks[1]) && !text.contains(marks[2]))
                #expect(text.contains(marks[0]))
                #expect(try await box.faults() == [])
                #expect(try await box.leftovers() == [])
                #expect(try await box.store.stateHash() == north.store.stateHash())
                #expect(try await box.figures() == north.figures())
                #expect(try await box.sql("SELECT count(*) FROM call") == ["10"])
            }
        }
    }

    @Test(arguments: [0, 1, 2]) func `once the boxes have met, neither archive has what either erased`(
        order: Int
    ) async throws {
        let boxes = try await Boxes()
        #expect(try boxes.archived(boxes.twin).contains(Self.marks[1]))
        #expect(try boxes.archived(boxes.north).contains(Self.marks[2]))
        let (first, second) = order == 0 ? (boxes.north, boxes.twin) : (boxes.twin, boxes.north)
        if order < 2 {
            try boxes.take(boxes.export(second), at: first)
            #expect(try await boxes.rewrites(first) == 1)
            let text = try boxes.archived(first)
            #expect(!text.contains(Self.marks[1]) && !text.contains(Self.marks[2]))
        } else {
            // Both at once, from what each wrote before it knew.
            let (a, b) = (try boxes.export(first), try boxes.export(second))
            try boxes.take(b, at: first)
            try boxes.take(a, at: second)
            #expect(try await [boxes.rewrites(first), boxes.rewrites(second)] == [1, 1])
        }
        try boxes.settle()
        try await boxes.requireOneTruth()
        #expect(try await boxes.rewrites(boxes.south) == (order < 2 ? 1 : 2))
        for box in boxes.all { try box.rebuild() }
        try await boxes.requireOneTruth()
        // Its lines keep their numbers.
        #expect(
            try boxes.archived(boxes.south).split(separator: "\n", omittingEmptySubsequences: false).count
                == boxes.archived(boxes.north).split(separator: "\n", omittingEmptySubsequences: false).count)
    }

    @Test
    func `an office that hears of both before they met has the right figures, and waits for the archive`()
        async throws
    {
        let boxes = try await Boxes()
        for box in [boxes.north, boxes.twin] { try boxes.take(boxes.export(box), at: boxes.south) }
        #expect(try await boxes.rewrites(boxes.south) == 0)
        #expect(try await boxes.south.sql("SELECT count(*) FROM call") == ["10"])
        #expect(try await boxes.south.faults() == [])
        let rows = try await boxes.south.store.verifyDatabase().first { $0.name == "rows" }
        #expect(rows?.detail.contains("waits for its office") == true)
        try boxes.south.rebuild()
        #expect(try await boxes.south.faults() == [])
        #expect(try await boxes.south.sql("SELECT count(*) FROM call") == ["10"])
        try boxes.settle()
        try await boxes.requireOneTruth()
    }

    @Test func `what goes on after the archive was written again is in the archive, and a purge too`()
        async throws
    {
        let boxes = try await Boxes()
        let before = try boxes.export(boxes.twin)
        // A third day is purged of the archive that South does not know yet, while North writes it again.
        try boxes.take(before, at: boxes.north)
        try boxes.purge(Self.days[0], boxes.twin)
        try boxes.settle()
        for box in boxes.all {
            #expect(try await box.faults() == [])
            #expect(try await box.leftovers() == [])
            #expect(try await box.store.stateHash() == boxes.north.store.stateHash())
            #expect(try await box.sql("SELECT count(*) FROM call") == ["0"])
            let text = try boxes.archived(box)
            for mark in Self.marks { #expect(!text.contains(mark)) }
        }
    }

    @Test func `a merge that brought an archive written again stays`() async throws {
        let boxes = try await Boxes()
        for box in [boxes.north, boxes.twin] { try boxes.take(boxes.export(box), at: boxes.south) }
        try boxes.take(boxes.export(boxes.twin), at: boxes.north)
        let merge = try #require(try boxes.take(boxes.export(boxes.north), at: boxes.south).event)
        #expect(try await boxes.rewrites(boxes.south) == 1)
        #expect(throws: UserError.self) {
            try boxes.south.store.undoMerge(merge, reason: "no", for: .console, by: .console)
        }
        #expect(try await boxes.rewrites(boxes.south) == 1)
        #expect(try await boxes.south.faults() == [])
    }

    @Test func `a backup of it is restored with the archive as it was written again`() async throws {
        let boxes = try await Boxes()
        try boxes.settle()
        let path = try backUp(boxes.north.store, by: .console).path
        let folder = DataFolder(
            path: FileManager.default.temporaryDirectory.path + "/rollcall-back-\(UUID().uuidString)")
        try restore(path, into: folder)
        let restored = try ImportOffice(
            opening: folder.path, seed: 94, clock: boxes.network.clocks[0].clock, place: "third")
        #expect(try await restored.faults() == [])
        let text = try boxes.archived(restored)
        #expect(
            text.contains(Self.marks[0]) && !text.contains(Self.marks[1]) && !text.contains(Self.marks[2]))
        #expect(try await restored.sql("SELECT count(*) FROM call") == ["10"])
    }

    @Test func `a box that could not write it again does so with its housekeeping`() async throws {
        let boxes = try await Boxes()
        let path = try boxes.export(boxes.twin)
        let received = try ReceivedSnapshot(path: path, fileName: "s", in: boxes.north.store)
        let (archive, kept) = (
            try #require(boxes.twin.folder.existingArchive(of: boxes.file, version: 1)),
            boxes.north.folder.keptArchive(of: boxes.file, version: 1)
        )
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: kept).deletingLastPathComponent().path,
            withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: archive, toPath: kept)
        // As far as it came before the program was killed.
        #expect(try boxes.north.store.merge(received.reception, by: .console) { _, _ in }.isNews)
        #expect(try await boxes.rewrites(boxes.north) == 0)
        #expect(try boxes.archived(boxes.north).contains(Self.marks[1]))
        #expect(try await boxes.north.faults() == [])
        try boxes.north.reopen()
        let place = try #require(boxes.north.folder.existingArchive(of: boxes.file, version: 1))
        let whole = try #require(FileManager.default.contents(atPath: place))
        try Data("garbage".utf8).write(to: URL(fileURLWithPath: place))
        let failures = try purgeWhatIsDue(in: boxes.north.store)
        #expect(failures.map(\.code) == [.damaged] && failures[0].message.contains("a.csv"))
        try whole.write(to: URL(fileURLWithPath: place))
        #expect(try purgeWhatIsDue(in: boxes.north.store).isEmpty)
        #expect(try await boxes.rewrites(boxes.north) == 1)
        #expect(try purgeWhatIsDue(in: boxes.north.store).isEmpty)
        #expect(try await boxes.rewrites(boxes.north) == 1)
        try boxes.settle()
        try await boxes.requireOneTruth()
    }

    private func restore(_ path: String, into folder: DataFolder) throws {
        _ = try RestorePlace(folder).restore(verifySnapshot(path).reader, named: "backup", by: .console)
    }
}
