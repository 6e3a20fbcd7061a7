import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Every figure after seeded random files equals a slow model's; whatever the order, and again after a rebuild.
@Suite struct CountTests {
    private static let rules: [(cutOver: Int, maxGap: Int)] = [(0, 10), (240, 10), (1410, 1), (30, 30)]

    private func counts(_ upload: FileUploaded) -> ImportModel.Counts {
        let it = upload.counts
        return ImportModel.Counts(
            rows: it.rows, accepted: it.accepted, duplicate: it.duplicate, changed: it.changed,
            rejected: it.rejected, blank: it.blank, overlapping: it.overlapping)
    }

    @Test(arguments: 0..<6) func `random files give the model's counts and figures`(seed: Int) async throws {
        let (cutOver, maxGap) = Self.rules[seed % Self.rules.count]
        let rules = OfficeRules(
            name: "Sample", timeZone: "Europe/Berlin", cutOverMinutes: cutOver, maxGapMinutes: maxGap)
        let office = try await ImportOffice(rules: rules)
        var model = ImportModel(cutOver: Int64(cutOver), maxGap: Int64(maxGap) * 60)
        var random = RandomFile(seed: UInt64(seed) + 100)
        for file in 0..<4 {
            let rows = random.rows(150, ids: 1 + file * 60...160 + file * 60)
            // Two names, so that some files are new versions and some are other files.
            let name = "file\(file % 3).csv"
            let text = RandomFile.text(rows)
            let expected = model.take(rows)

            let before = try await office.state()
            let foretold = try office.take(text, file: name, isDryRun: true)
            #expect(try await office.state() == before, "a dry run changes nothing")
            let result = try office.take(text, file: name)
            #expect(foretold.upload.counts == result.upload.counts)
            #expect(foretold.upload.digest == result.upload.digest)
            #expect(foretold.upload.version == result.upload.version)

            #expect(counts(result.upload) == expected, "seed \(seed), file \(file)")
            #expect(result.upload.counts.isBalanced)
            let figures = try await office.figures()
            #expect(figures == model.figures, "seed \(seed), file \(file)")
            for line in figures where line.hasPrefix("day|") {
                let fields = line.split(separator: "|").compactMap { Int64($0) }
                // day, logs, first, last, active, idle; the name is no number.
                #expect(fields[4] + fields[5] == fields[3] - fields[2], "A + I = span: \(line)")
            }
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
        }
        let hash = try await office.store.stateHash()
        let figures = try await office.figures()
        #expect(try await office.store.stateHash(fromRows: true) == hash)
        try office.store.rebuildFromArchives()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.figures() == figures)
    }

    @Test func `figures are the model's when the tallies do not fit the memory`() async throws {
        let office = try await ImportOffice(tallyMemory: 100)
        var model = ImportModel(cutOver: 0, maxGap: 600)
        var random = RandomFile(seed: 55)
        for (name, ids) in [("a.csv", 1...7000), ("b.csv", 4000...10_000)] {
            // Several batches a file, each of which meets days that were written down before.
            let rows = random.rows(5500, ids: ids)
            #expect(try counts(office.take(RandomFile.text(rows), file: name).upload) == model.take(rows))
            #expect(try await office.figures() == model.figures)
        }
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
    }

    @Test func `importing a file again changes no figure`() async throws {
        let office = try await ImportOffice()
        var random = RandomFile(seed: 7)
        let text = RandomFile.text(random.rows(120, ids: 1...150))
        try office.take(text, file: "a.csv")
        let before = try await office.figures()
        let state = try await office.state()
        // The same bytes are refused, by whatever name.
        for name in ["a.csv", "b.csv"] {
            let error = #expect(throws: UserError.self) { try office.take(text, file: name) }
            #expect(error?.code == .sameBytes)
            #expect(error?.message.contains("a.csv") == true && error?.message.contains("version 1") == true)
        }
        #expect(try await office.state() == state)
        // The same rows in other bytes count once.
        for (name, version) in [("a.csv", 2), ("b.csv", 1), ("a.csv", 3)] {
            let again = try office.take(
                text + String(repeating: "\n", count: version + name.count), file: name)
            #expect(again.upload.counts.overlapping == again.upload.counts.accepted)
            #expect(try await office.figures() == before)
        }
        #expect(try await office.faults() == [])
    }

    @Test func `the order of imports changes neither what is counted nor equal contents' figures`()
        async throws
    {
        var random = RandomFile(seed: 21)
        let rows = (0..<120).map { random.call($0 + 1) }
        let files = [Array(rows[0..<60]), Array(rows[30..<100]), Array(rows[90..<120] + rows[0..<10])]
        var figures: Set<[String]> = []
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
            let office = try await ImportOffice()
            for index in order { try office.take(RandomFile.text(files[index]), file: "\(index).csv") }
            #expect(try await office.store.stateHash().calls == 120)
            figures.insert(try await office.figures())
        }
        #expect(figures.count == 1)
    }

    @Test func `of other contents the latest upload counts, on the days of both`() async throws {
        let office = try await ImportOffice()
        let old = CallFileText.row(7, "Jane Doe", "2026-11-02 09:00:00")
        let other = CallFileText.row(7, "Tom Ash", "2026-11-03 23:59:59", state: "Sale")
        try office.take(CallFileText([old, CallFileText.row(8, "Jane Doe", "2026-11-02 09:01:00")]).text)
        let result = try office.take(CallFileText([other]).text, file: "later.csv")
        #expect(result.upload.counts.overlapping == 1)
        #expect(
            try await office.figures().filter { $0.hasPrefix("outcome") } == [
                "outcome|20759|janedoe|Outbound|No Answer|1|0|0", "outcome|20760|tomash|Outbound|Sale|1|0|0",
            ])
        #expect(try await office.store.stateHash().calls == 2)
        #expect(try await office.faults() == [])
    }

    @Test func `two sources of one layout share the calls that are equal, and no others`() async throws {
        let office = try await ImportOffice()
        try await office.store.saveSource(
            Source(
                id: office.ids.next(at: office.store.clock.now()), name: "Second", format: "readymode",
                outcomes: .coldCalling), by: .console)
        let first = (1...6).map { CallFileText.row($0, "Ann", "2026-11-02 09:0\($0):00") }
        // Calls 4 to 6 are other calls there, by another agent.
        let second = first[..<3] + (4...6).map { CallFileText.row($0, "Bob", "2026-11-03 09:0\($0):00") }
        try office.take(CallFileText(first).text, source: "ReadyMode")
        let upload = try office.take(CallFileText(Array(second)).text, source: "Second").upload
        #expect(upload.counts.overlapping == 3)
        #expect(try await office.store.countedCalls() == 9)
        // A later export of the first source has one of the equal calls otherwise: it counts instead, in both.
        var mended = first[0]
        mended[5] = "Sale"
        try office.take(CallFileText([mended]).text, file: "mended.csv", source: "ReadyMode")
        #expect(try await office.store.countedCalls() == 9)
        #expect(try await office.figures().contains { $0.contains("|Sale|1|") })
        #expect(try await office.faults() == [])
        let figures = try await office.figures()
        try office.rebuild()
        #expect(try await office.figures() == figures)
    }

    @Test func `the layout of a source never changes`() async throws {
        let office = try await ImportOffice()
        var source = try #require(try await office.store.sources().first).source
        source.format = "other"
        let changed = source
        let error = await #expect(throws: UserError.self) {
            try await office.store.saveSource(changed, by: .console)
        }
        #expect(error?.code == .conflict)
    }

    @Test func `within a file the first row of a key counts, however far apart`() async throws {
        let office = try await ImportOffice()
        // More rows than one batch, and the same keys again after them.
        let count = 7000
        let first = (0..<count).map {
            CallFileText.row($0, "Agent \($0 % 5)", "2026-11-02 0\($0 % 9):\(10 + $0 % 50):00")
        }
        var again = first[0..<200].map { $0 }
        for index in 0..<100 { again[index][5] = "Sale" }
        let result = try office.take(CallFileText(first + again).text)
        #expect(result.upload.counts.accepted == count)
        #expect(result.upload.counts.changed == 100)
        #expect(result.upload.counts.duplicate == 100)
        #expect(try await office.sql("SELECT sum(logs) FROM dayTally") == [String(count)])
        #expect(try await office.sql("SELECT count(*) FROM outcome WHERE state = 'Sale'") == ["1"])
        #expect(
            try await office.figures().filter { $0.hasPrefix("outcome") && $0.contains("|Sale|") } == [])
    }

    @Test(arguments: [(240, 10), (0, 1), (1439, 30)])
    func `other rules count everything again, like an office founded with them`(rule: (Int, Int)) async throws
    {
        let after = OfficeRules(
            name: "Sample", timeZone: "Europe/Berlin", cutOverMinutes: rule.0, maxGapMinutes: rule.1)
        let changed = try await ImportOffice()
        let fresh = try await ImportOffice(rules: after)
        for office in [changed, fresh] {
            var random = RandomFile(seed: 33)
            for file in 0..<3 {
                try office.take(
                    RandomFile.text(random.rows(150, ids: 1 + file * 50...150 + file * 50)),
                    file: "\(file).csv")
            }
        }
        let before = try await changed.figures()
        try changed.store.changeOffice(after, by: .console)
        #expect(try await changed.figures() != before)
        #expect(try await changed.figures() == fresh.figures())
        #expect(try await changed.faults() == [])
        #expect(try await changed.leftovers() == [])
        try changed.store.rebuildFromArchives()
        #expect(try await changed.figures() == fresh.figures())
    }
}
