import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// A version read again with other answers, and mended lines that join their file.
@Suite struct ReadAgainTests {
    /// Two calls whose dates can be read both ways.
    private static let either = CallFileText([
        CallFileText.row(1, "Jane", "03/04/2026 09:00"), CallFileText.row(2, "Jane", "05/06/2026 10:00"),
    ]).text

    private func latest(_ office: ImportOffice, _ file: ID<CallFile>, version: Int? = nil) throws
        -> FileVersion
    {
        let versions = try office.store.versionsNow(of: file)
        return try #require(versions.first { version == nil || $0.uploaded.version == version })
    }

    @discardableResult
    private func readAgain(
        _ office: ImportOffice, _ version: FileVersion, isDryRun: Bool = false,
        _ change: (inout FileReading) -> Void = { _ in }
    ) throws -> ImportResult {
        var reading = FileReading(version.uploaded.mapping)
        change(&reading)
        return try importFile(
            version.readAgain(reading, isDryRun: isDryRun, in: office.store), into: office.store, by: .console
        )
    }

    private func days(_ office: ImportOffice) async throws -> [String] {
        try await office.sql(
            "SELECT DISTINCT date(day * 86400, 'unixepoch') FROM agentDay a WHERE logs > 0 AND change = (SELECT max(change) FROM agentDay b WHERE b.day = a.day AND b.name = a.name) ORDER BY 1"
        )
    }

    private func refusal(_ body: () throws -> Void) -> UserError? {
        #expect(throws: UserError.self) { try body() }
    }

    @Test func `another date order moves the calls to other days, and every figure follows`() async throws {
        let office = try await ImportOffice()
        let first = try office.take(Self.either, file: "us.csv", dateOrder: .mdy)
        #expect(try await days(office) == ["2026-03-04", "2026-05-06"])
        let result = try readAgain(office, latest(office, first.upload.file)) { $0.dateOrder = .dmy }
        #expect(result.upload.version == 2 && result.upload.file == first.upload.file)
        #expect(result.upload.original == first.upload.original)
        #expect(result.upload.readAgain == ReadAgain(version: 1, mapping: first.upload.mapping))
        #expect(try await days(office) == ["2026-04-03", "2026-06-05"])
        #expect(try await office.store.stateHash().calls == 2, "each call counts once")
        // As if it had been read so from the beginning, but for the versions.
        let other = try await ImportOffice()
        try other.take(Self.either, file: "us.csv", dateOrder: .dmy)
        #expect(try await office.figures() == other.figures())
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        let before = try await office.state()
        try office.rebuild()
        #expect(try await office.state() == before)
    }

    @Test func `an order that only the end of a large file decides needs no answer to read it again`()
        async throws
    {
        let office = try await ImportOffice()
        let rows =
            (1...20_000).map { CallFileText.row($0, "Jane", "03/04/2026 09:00") }
            + [CallFileText.row(20_001, "Jane", "25/03/2026 09:00")]
        let file = try office.take(CallFileText(rows).text).upload.file
        let version = try latest(office, file)
        var reading = FileReading()
        reading.timeZone = "Europe/London"
        let trial = try version.trial(of: reading, in: office.store)
        #expect(trial.problem == nil && trial.preview?.isWhole == false)
        #expect(trial.preview?.rows.first?.call?.time.iso.hasPrefix("2026-04-03") == true)
        let result = try importFile(
            version.readAgain(reading, in: office.store), into: office.store, by: .console)
        #expect(result.upload.version == 2 && result.upload.mapping.dateOrder == "dmy")
    }

    @Test func `a dry run predicts the figures and changes nothing`() async throws {
        let office = try await ImportOffice()
        let first = try office.take(Self.either, dateOrder: .mdy)
        let before = try await office.state()
        let dry = try readAgain(office, latest(office, first.upload.file), isDryRun: true) {
            $0.dateOrder = .dmy
        }
        #expect(try await office.state() == before)
        let real = try readAgain(office, latest(office, first.upload.file)) { $0.dateOrder = .dmy }
        #expect(dry.upload.digest == real.upload.digest && dry.upload.version == 2)
    }

    @Test func `what would change nothing is refused, and the way back is open`() async throws {
        let office = try await ImportOffice()
        let file = try office.take(Self.either, dateOrder: .mdy).upload.file
        let before = try await office.state()
        let same = try #require(refusal { try readAgain(office, latest(office, file)) })
        #expect(same.code == .sameReading && same.place == VersionPlace(file: file, version: 1))
        #expect(try await office.state() == before)
        try readAgain(office, latest(office, file)) { $0.dateOrder = .dmy }
        // From the first version, too: the second is how these bytes are read now.
        let again = try #require(
            refusal { try readAgain(office, latest(office, file, version: 1)) { $0.dateOrder = .dmy } })
        #expect(again.place == VersionPlace(file: file, version: 2))
        try readAgain(office, latest(office, file)) { $0.dateOrder = .mdy }
        #expect(try await days(office) == ["2026-03-04", "2026-05-06"])
        #expect(try latest(office, file).uploaded.version == 3)
    }

    @Test func `the same bytes are refused as an upload with the place of the version`() async throws {
        let office = try await ImportOffice()
        let file = try office.take(Self.either, file: "us.csv", dateOrder: .mdy).upload.file
        try readAgain(office, latest(office, file)) { $0.dateOrder = .dmy }
        let error = try #require(refusal { try office.take(Self.either, file: "other.csv", dateOrder: .mdy) })
        #expect(error.code == .sameBytes)
        #expect(error.place == VersionPlace(file: file, version: 2), "the latest that holds them")
    }

    @Test func `a version of which days are deleted is read again only once they are back`() async throws {
        let office = try await ImportOffice()
        let file = try office.take(Self.either, dateOrder: .mdy).upload.file
        let day = try #require(Day(iso: "2026-03-04"))
        let plan = try office.store.planDeletion(.days(file, version: 1, [day]), for: DeletionWalk.bob)
        let request = try office.store.openDeleteRequest(
            plan, reason: "wrong", for: DeletionWalk.bob, by: .console)
        try office.store.decideDeleteRequest(request.id, .approve, for: DeletionWalk.cleo, by: .console)
        #expect(try await days(office) == ["2026-05-06"])
        let before = try await office.state()
        let error = try #require(
            refusal { try readAgain(office, latest(office, file)) { $0.dateOrder = .dmy } })
        #expect(error.code == .conflict)
        #expect(try await office.state() == before)
        try office.store.decideDeleteRequest(
            request.id, .restore, comment: "back", for: DeletionWalk.cleo, by: .console)
        let result = try readAgain(office, latest(office, file)) { $0.dateOrder = .dmy }
        #expect(result.upload.version == 2)
        #expect(try await days(office) == ["2026-04-03", "2026-06-05"])
        #expect(try await office.faults() == [])
    }

    @Test func `columns can be named otherwise, and wrong answers keep everything as it was`() async throws {
        let office = try await ImportOffice()
        var text = CallFileText.usual
        text.headings[9] = "Outcome"
        text.rows = text.rows.map { $0.dropLast() + ["Callback"] }
        let file = try office.take(text.text).upload.file
        let before = try await office.state()
        func fails(_ change: (inout FileReading) -> Void) throws -> UserError {
            try #require(refusal { try readAgain(office, latest(office, file), change) })
        }
        #expect(try fails { $0.columns[.agent] = "" }.message.contains("No column is chosen for “Agent”"))
        #expect(try fails { $0.columns[.type] = "State" }.message.contains("“State” is named twice"))
        #expect(try fails { $0.columns[.state] = "Nowhere" }.message.contains("no column “Nowhere”"))
        #expect(try fails { $0.columns[.answered] = "State" }.message.contains("no column for “Answered”"))
        #expect(
            try fails {
                $0.columns[.logTime] = "Profile ID"; $0.columns[.profile] = ""
            }.code == .noRows)
        #expect(try fails { $0.headerLine = 900 }.message.contains("Line 900"))
        #expect(try fails { $0.delimiter = .semicolon }.code == .invalid)
        #expect(try fails { $0.timeZone = "Mars/Base" }.message.contains("not a time zone"))
        #expect(try await office.state() == before)
        let result = try readAgain(office, latest(office, file)) { $0.columns[.state] = "Outcome" }
        #expect(result.upload.mapping.columns["state"] == "Outcome")
        #expect(
            try await office.sql(
                "SELECT DISTINCT o.state FROM call c JOIN outcome o ON o.number = c.outcome WHERE c.version = 2"
            )
                == ["Callback"])
        #expect(try await office.faults() == [])
    }

    @Test func `a reading that rejects every row is refused before and at the import`() async throws {
        let office = try await ImportOffice()
        var text = CallFileText.usual
        text.headings[9] = "Day"
        text.rows = text.rows.map { $0.dropLast() + ["2026-11-02"] }
        let file = try office.take(text.text).upload.file
        let before = try await office.state()
        let version = try latest(office, file)
        var reading = FileReading(version.uploaded.mapping)
        reading.columns[.logTime] = "Day"
        let trial = try version.trial(of: reading, in: office.store)
        #expect(trial.problem?.code == .noRows)
        #expect(trial.problem?.message.contains("Line 2: “Day” has a date but no time of day") == true)
        #expect(trial.preview?.rejected == 3)
        let error = try #require(
            refusal { try readAgain(office, version) { $0.columns[.logTime] = "Day" } })
        #expect(error.code == .noRows)
        #expect(try await office.state() == before)
    }

    @Test func `another encoding and another delimiter are read as they are said to be`() async throws {
        let office = try await ImportOffice()
        let text = CallFileText([CallFileText.row(1, "Şule", "2026-11-02 09:00:00")]).text
        let bytes = Array(try #require(text.data(using: .windowsCP1254)))
        let first = try office.take(bytes)
        #expect(first.upload.mapping.encoding == "windows1254")
        try readAgain(office, latest(office, first.upload.file)) { $0.encoding = .windows1252 }
        #expect(
            try await office.sql("SELECT name FROM agentName ORDER BY number") == ["Şule", "Þule"])
    }

    @Test func `a damaged archive is named and nothing is changed`() async throws {
        let office = try await ImportOffice()
        let file = try office.take(Self.either, dateOrder: .mdy).upload.file
        let version = try latest(office, file)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: version.archivePath))
        let error = try #require(refusal { try readAgain(office, version) { $0.dateOrder = .dmy } })
        #expect(error.code == .damaged && error.message.contains("version 1"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: office.folder.incoming) == [])
    }

    @Test func `the preview is what the import makes of the lines`() async throws {
        let office = try await ImportOffice()
        var rows = (1...1200).map { CallFileText.row($0, "Jane", "2026-11-02 09:\(10 + $0 % 50):00") }
        rows[4][3] = "yesterday"
        let file = try office.take(CallFileText(rows).text).upload.file
        let version = try latest(office, file)
        var reading = FileReading(version.uploaded.mapping)
        let now = try version.trial(of: reading, in: office.store)
        #expect(now.problem?.code == .sameReading)
        let preview = try #require(now.preview)
        #expect(preview.rows.count == 20 && preview.accepted == 999 && preview.rejected == 1)
        #expect(!preview.isWhole)
        #expect(preview.rows[3].call?.agent == "Jane" && preview.rows[3].line == 5)
        #expect(preview.rows[4].call == nil && preview.rows[4].text.contains("yesterday"))
        #expect(preview.mapping == version.uploaded.mapping)
        #expect(now.headings == CallFileText.headings)
        reading.columns[.agent] = "Call Log ID"
        let twice = try version.trial(of: reading, in: office.store)
        #expect(twice.preview == nil && twice.problem?.message.contains("named twice") == true)
        #expect(try await office.leftovers() == [])
    }

    // MARK: Headings that changed

    private static func renamed(_ id: Int, _ change: (inout CallFileText) -> Void = { _ in }) -> String {
        var text = CallFileText([CallFileText.row(id, "Jane", "2026-11-02 09:00:00", state: "Sale")])
        text.headings[5] = "Result"
        change(&text)
        return text.text
    }

    @Test func `a renamed column is asked about once and remembered for these headings`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text)
        let before = try await office.state()
        let error = try #require(refusal { try office.take(Self.renamed(11), file: "b.csv") })
        #expect(error.code == .columns && error.message.contains("the column “State” is missing"))
        #expect(error.advice.contains("--column state=HEADING"))
        #expect(try await office.state() == before)
        func take(_ text: String, _ name: String, _ columns: [ColumnRole: String]) throws -> ImportResult {
            let incoming = try IncomingFile(
                folder: office.folder, ids: office.ids, clock: .system, limit: .max)
            try Array(text.utf8).withUnsafeBytes { try incoming.append($0) }
            var reading = FileReading()
            reading.columns = columns
            return try importFile(
                ImportRequest(file: try incoming.finish(), fileName: name, reading: reading),
                into: office.store, by: .console)
        }
        // An answer that did not work is not remembered.
        #expect(refusal { _ = try take(Self.renamed(11), "b.csv", [.state: "Nowhere"]) }?.code == .invalid)
        #expect(try await office.store.sources().allSatisfy { $0.source.knownHeaders == nil })
        let told = try take(Self.renamed(11), "b.csv", [.state: "Result"])
        #expect(told.upload.mapping.columns["state"] == "Result")
        // Spelled otherwise they are the same headings; with another column they are not.
        let next = try office.take(Self.renamed(12) { $0.headings[5] = "RESULT" }, file: "c.csv")
        #expect(next.upload.mapping.columns["state"] == "RESULT")
        #expect(refusal { try office.take(Self.renamed(13) { $0.headings[5] = "End" }) }?.code == .columns)
        // Under lines that are no headings, too.
        let titled = try office.take("Calls of November\n\n" + Self.renamed(14), file: "d.csv")
        #expect(titled.upload.mapping.headerLine == 3)
        let now = try await office.state()
        try office.rebuild()
        #expect(try await office.state() == now)
        #expect(try office.take(Self.renamed(15), file: "e.csv").upload.counts.accepted == 1)
        #expect(try await office.faults() == [])
    }

    @Test(arguments: [10, 12_000])
    func `what its dates leave open is read as it was before, in the preview and for good`(rows: Int)
        async throws
    {
        let office = try await ImportOffice()
        let text = CallFileText(
            (1...rows).map { id in
                var row = CallFileText.row(id, "Jane", "03/04/2026 09:\(10 + id % 50)")
                row[1] = String(repeating: "p", count: 60)
                return row
            }
        ).text
        #expect((text.utf8.count > 1_000_000) == (rows > 10))
        let file = try office.take(text, file: "us.csv", dateOrder: .mdy).upload.file
        let version = try latest(office, file)
        var reading = FileReading()
        reading.timeZone = "America/Chicago"
        let trial = try version.trial(of: reading, in: office.store)
        #expect(trial.problem == nil, "\(String(describing: trial.problem))")
        #expect(trial.preview?.mapping.dateOrder == "mdy" && trial.preview?.rejected == 0)
        let result = try readAgain(office, version) { $0 = reading }
        #expect(result.upload.mapping.dateOrder == "mdy" && result.upload.counts.accepted == rows)
    }

    // MARK: Mended lines

    private static let faulty = CallFileText([
        CallFileText.row(1, "Jane", "25/04/2026 09:00"), CallFileText.row(2, "Jane", "soon"),
        CallFileText.row(3, "", "03/04/2026 11:00"),
    ]).text
    private static let mended = CallFileText([
        CallFileText.row(2, "Jane", "03/04/2026 10:00"), CallFileText.row(3, "Tom", "03/04/2026 11:00"),
    ]).text

    @Test func `mended lines join the file by the name of the download`() async throws {
        for name in ["rejects of a.csv", "rejects of a (1).csv", "Rejects of a(12).csv"] {
            let office = try await ImportOffice()
            let file = try office.take(Self.faulty, file: "a.csv").upload.file
            let result = try office.take(Self.mended, file: name)
            #expect(result.upload.file == file && result.upload.version == 2, "\(name)")
            #expect(result.upload.fileName == "a.csv" && result.upload.uploadedAs == name)
            #expect(result.upload.mapping.dateOrder == "dmy", "as the whole file proved it")
            #expect(try await office.store.stateHash().calls == 3)
            #expect(try await days(office) == ["2026-04-03", "2026-04-25"])
            #expect(try await office.faults() == [])
            let before = try await office.state()
            try office.rebuild()
            #expect(try await office.state() == before)
        }
    }

    @Test func `mended lines of a file with a long name are taken, and no longer name is kept`() async throws
    {
        let office = try await ImportOffice()
        let name = String(repeating: "n", count: 196) + ".csv"
        let file = try office.take(Self.faulty, file: name).upload.file
        let result = try office.take(Self.mended, file: CallFile.rejectsName(of: name))
        #expect(result.upload.file == file && result.upload.fileName == name)
        let other = CallFile.rejectsName(of: "m" + name.dropFirst())
        let error = #expect(throws: UserError.self) {
            try office.take(Self.mended.replacing("10:00", with: "10:07"), file: other, dateOrder: .dmy)
        }
        #expect(error?.code == .invalid)
        #expect(throws: UserError.self) { try office.take(Self.mended, file: "n" + name) }
        #expect(try await office.faults() == [])
    }

    @Test func `a name of rejects without its file is any file's name`() async throws {
        let office = try await ImportOffice()
        let alone = try office.take(Self.mended, file: "rejects of b.csv", dateOrder: .dmy)
        #expect(alone.upload.fileName == "rejects of b.csv" && alone.upload.uploadedAs == nil)
        // A file that really ends in a number is found under its own name first.
        let numbered = try office.take(Self.faulty, file: "c (1).csv").upload.file
        _ = try office.take(CallFileText.usual.text, file: "c.csv")
        #expect(
            try office.take(Self.mended.replacing("10:00", with: "10:01"), file: "rejects of c (1).csv")
                .upload.file == numbered)
    }

    @Test func `on the page of the file they join whatever their name is`() async throws {
        let office = try await ImportOffice()
        let file = try office.take(Self.faulty, file: "a.csv").upload.file
        let incoming = try IncomingFile(folder: office.folder, ids: office.ids, clock: .system, limit: .max)
        try Array(Self.mended.utf8).withUnsafeBytes { try incoming.append($0) }
        let result = try importFile(
            ImportRequest(file: try incoming.finish(), fileName: "x.csv", joins: file), into: office.store,
            by: .console)
        #expect(result.upload.file == file && result.upload.uploadedAs == "x.csv")
    }

    @Test func `of several sources it is the source of the file`() async throws {
        let office = try await ImportOffice()
        let usual = try #require(
            try await office.store.sources().first { $0.source.format == "readymode" }?.source)
        let second = try await office.store.saveSource(
            Source(
                id: office.ids.next(at: Instant(milliseconds: 5)), name: "Second", format: "readymode",
                outcomes: .coldCalling), by: .console)
        let file = try office.take(Self.faulty, file: "a.csv", source: "Second").upload.file
        let result = try office.take(Self.mended, file: "rejects of a.csv")
        #expect(result.upload.file == file && result.upload.source == second.id)
        // Where both sources have the file, somebody must say.
        try office.take(Self.faulty, file: "a.csv", source: usual.name)
        let other = Self.mended.replacing("10:00", with: "10:02")
        let error = try #require(refusal { try office.take(other, file: "rejects of a.csv") })
        #expect(error.code == .invalid && error.advice.contains("Second"))
        #expect(try office.take(other, file: "rejects of a.csv", source: "Second").upload.file == file)
    }

    @Test func `mended lines are read as their file was`() async throws {
        let office = try await ImportOffice()
        var text = CallFileText.usual
        text.headings[9] = "Outcome"
        text.rows = text.rows.map { $0.dropLast() + ["Callback"] }
        let file = try office.take(text.text, file: "a.csv").upload.file
        try readAgain(office, latest(office, file)) { $0.columns[.state] = "Outcome" }
        text.rows = [CallFileText.row(9, "Tom", "2026-11-03 09:00:00").dropLast() + ["Sale"]]
        let result = try office.take(text.text, file: "rejects of a.csv")
        #expect(result.upload.mapping.columns["state"] == "Outcome")
    }
}
