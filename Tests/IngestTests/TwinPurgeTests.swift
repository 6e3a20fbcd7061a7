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
        let request: ID<DeleteRequest>?
        var north: ImportOffice { network[0] }
        var south: ImportOffice { network[1] }
        var all: [ImportOffice] { [north, twin, south] }

        /// - Parameters:
        ///   - trashed: a day that is in the trash before North has a twin.
        ///   - purges: whether each has purged a day.
        init(trashed: Day? = nil, purges: Bool = true) async throws {
            network = try await OfficeNetwork()
            let file = try network[0].take(TwinPurgeTests.file, file: "a.csv").upload.file
            let north = network[0]
            request = try trashed.map { try Self.delete([$0], of: file, north) }
            self.file = file
            try network.send(0, to: 1)
            twin = try network.copy(of: 0, seed: 93, place: "elsewhere")
            network.pass(minutes: 1)
            guard purges else { return }
            try purge(TwinPurgeTests.days[1], north)
            network.pass(minutes: 1)
            try purge(TwinPurgeTests.days[2], twin)
            network.pass(minutes: 1)
        }

        /// - Parameter days: nil: all of the version.
        static func delete(_ days: [Day]?, of file: ID<CallFile>, _ box: ImportOffice) throws
            -> ID<DeleteRequest>
        {
            let scope =
                days.map { DeleteScope.days(file, version: 1, $0) } ?? DeleteScope.version(file, 1)
            let plan = try box.store.planDeletion(scope, for: DeletionWalk.bob)
            let request = try box.store.openDeleteRequest(
                plan, reason: "wrong", for: DeletionWalk.bob, by: .console)
            try box.store.decideDeleteRequest(request.id, .approve, for: DeletionWalk.cleo, by: .console)
            return request.id
        }

        func purge(_ request: ID<DeleteRequest>, early box: ImportOffice) throws {
            try purgeDeletion(request, in: box.store, comment: "room", for: DeletionWalk.cleo, by: .console)
        }

        func purge(_ day: Day?, _ box: ImportOffice) throws {
            try purge(Self.delete(day.map { [$0] }, of: file, box), early: box)
        }

        /// - Parameter reader: what he lacks; nil: all of it.
        func export(_ box: ImportOffice, for reader: ImportOffice? = nil) throws -> String {
            let path = network.newPath()
            let since = try reader?.store.exchangeVector().held ?? []
            try exportSnapshot(SnapshotOrder(since: since), to: path, from: box.store, by: .console)
            return path
        }

        @discardableResult
        func take(_ path: String, at box: ImportOffice) throws -> MergeOutcome {
            network.pass(minutes: 1)
            return try ReceivedSnapshot(path: path, fileName: "s", in: box.store).merge(by: .console)
        }

        /// Everybody takes what everybody has until nothing is new.
        ///
        /// - Parameter byDeltas: what each lacks; else all.
        func settle(byDeltas: Bool = false) throws {
            for _ in 0..<4 {
                var isNews = false
                for from in all {
                    for to in all where to !== from {
                        if try take(export(from, for: byDeltas ? to : nil), at: to).isNews { isNews = true }
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

        /// They are one, and nothing that was purged is in any of them; lines that stay keep their numbers.
        func requireOneTruth() async throws {
            let path = try #require(north.folder.existingArchive(of: file, version: 1))
            let original = String(
                decoding: try ArchiveReader(path: path).bytes(of: "original.csv", limit: 1 << 20),
                as: UTF8.self)
            let lines = original.split(separator: "\n", omittingEmptySubsequences: false)
            let before = TwinPurgeTests.file.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count == before.count)
            for (now, was) in zip(lines, before) {
                let isGone = was.contains(marks[1]) || was.contains(marks[2])
                #expect(now == (isGone ? "" : was))
            }
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
        try boxes.settle(byDeltas: order == 1)
        try await boxes.requireOneTruth()
        #expect(try await boxes.rewrites(boxes.south) == (order < 2 ? 1 : 2))
        for box in boxes.all { try box.rebuild() }
        try await boxes.requireOneTruth()
    }

    @Test func `a deletion that both purged, one of them out of an archive without another day, is one`()
        async throws
    {
        let boxes = try await Boxes(trashed: Self.days[1], purges: false)
        let request = try #require(boxes.request)
        try boxes.purge(request, early: boxes.north)
        boxes.network.pass(minutes: 1)
        try boxes.purge(Self.days[2], boxes.twin)
        boxes.network.pass(minutes: 1)
        try boxes.purge(request, early: boxes.twin)
        try boxes.settle(byDeltas: true)
        try await boxes.requireOneTruth()
        for box in boxes.all { try box.rebuild() }
        try await boxes.requireOneTruth()
    }

    @Test(arguments: [true, false])
    func `what was purged by the rules that its box knew is purged, whatever another one changed meanwhile`(
        keepsLonger: Bool
    ) async throws {
        let boxes = try await Boxes(trashed: keepsLonger ? Self.days[1] : nil, purges: false)
        var rules = try boxes.north.store.officeRulesNow()
        if keepsLonger { rules.deletions.trashDays = 60 } else { rules.deletions.expiryDays = 1 }
        try boxes.north.store.changeOffice(rules, by: .console)
        boxes.network.pass(minutes: 1)
        if keepsLonger {
            try boxes.purge(Self.days[2], boxes.twin)
        } else {
            let plan = try boxes.twin.store.planDeletion(
                .days(boxes.file, version: 1, [Self.days[1], Self.days[2]]), for: DeletionWalk.bob)
            let request = try boxes.twin.store.openDeleteRequest(
                plan, reason: "wrong", for: DeletionWalk.bob, by: .console)
            boxes.network.pass(minutes: 3 * 1440)
            try boxes.twin.store.decideDeleteRequest(
                request.id, .approve, for: DeletionWalk.cleo, by: .console)
        }
        boxes.network.pass(minutes: 31 * 1440)
        #expect(try purgeWhatIsDue(in: boxes.twin.store).isEmpty)
        let text = try boxes.archived(boxes.twin)
        #expect(!text.contains(Self.marks[1]) && !text.contains(Self.marks[2]))
        try boxes.settle()
        try await boxes.requireOneTruth()
    }

    @Test func `a purge comes to the same when it is folded again with other chains`() async throws {
        let boxes = try await Boxes(purges: false)
        try boxes.take(boxes.export(boxes.south), at: boxes.north)
        try boxes.purge(Self.days[1], boxes.north)
        let hash = try await boxes.north.store.stateHash()
        try boxes.north.rebuild()
        #expect(try await boxes.north.store.stateHash() == hash)
    }

    @Test func `a day that one purges of a version that the other purges whole`() async throws {
        let boxes = try await Boxes(purges: false)
        try boxes.purge(Self.days[1], boxes.north)
        boxes.network.pass(minutes: 1)
        try boxes.purge(nil, boxes.twin)
        try boxes.settle()
        for box in boxes.all {
            #expect(box.folder.existingArchive(of: boxes.file, version: 1) == nil)
            #expect(try await box.sql("SELECT count(*) FROM call") == ["0"])
            #expect(try await box.faults() == [])
            #expect(try await box.leftovers() == [])
            #expect(try await box.store.stateHash() == boxes.north.store.stateHash())
        }
        for box in boxes.all { try box.rebuild() }
        #expect(try await boxes.south.faults() == [])
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
        let failures = try rewriteArchives(in: boxes.north.store)
        #expect(failures.map(\.code) == [.damaged] && failures[0].message.contains("a.csv"))
        try whole.write(to: URL(fileURLWithPath: place))
        // Nor is it read again before that.
        #expect(throws: UserError.self) {
            try boxes.north.store.requireNothingDeleted(of: boxes.file, version: 1)
        }
        #expect(try rewriteArchives(in: boxes.north.store).isEmpty)
        #expect(try await boxes.rewrites(boxes.north) == 1)
        #expect(try rewriteArchives(in: boxes.north.store).isEmpty)
        #expect(try await boxes.rewrites(boxes.north) == 1)
        try boxes.settle()
        try await boxes.requireOneTruth()
    }

    private func restore(_ path: String, into folder: DataFolder) throws {
        _ = try RestorePlace(folder).restore(verifySnapshot(path).reader, named: "backup", by: .console)
    }
}
