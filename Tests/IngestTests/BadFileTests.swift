import Domain
import Foundation
import Ingest
import Storage
import Synchronization
import TestSupport
import Testing

/// Whatever is wrong with a file: a clear answer, and nothing half.
@Suite struct BadFileTests {
    private let header = CallFileText.headings.joined(separator: ",")
    private let call = "Jane Doe,P1,1,2026-11-02 09:00:00,Outbound,Sale,Auto,North,North,"

    /// Refused with this code, and the office is as it was.
    private func expectRefusal(
        _ bytes: [UInt8], file: String = "calls.csv", _ code: UserError.Code, says words: String...
    ) async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text, file: "before.csv")
        let before = try await office.state()
        let error = #expect(throws: UserError.self) { try office.take(bytes, file: file) }
        #expect(error?.code == code)
        let text = [error?.message ?? "", error?.advice ?? ""]
        #expect(!text.contains(""))
        for word in words {
            #expect(text.joined(separator: " ").contains(word), "\(text.joined(separator: " "))")
        }
        #expect(try await office.state() == before)
        #expect(try await office.faults() == [])
        // And it stands in nobody's way.
        try office.take(CallFileText.usual.text + "\n", file: "after.csv")
    }

    @Test func `an empty file, a header alone, and no header`() async throws {
        try await expectRefusal([], .emptyFile, says: "calls.csv", "empty")
        try await expectRefusal(Array((header + "\n").utf8), .noRows, says: "a header and no rows")
        try await expectRefusal(Array((header + "\n\n,,,\n \n").utf8), .noRows, says: "a header and no rows")
        try await expectRefusal(
            Array((call + "\n" + call + "\n").utf8), .notCallLog, says: "Found", "Log Time")
        try await expectRefusal(Array("\n\n\n".utf8), .emptyFile)
    }

    @Test func `a column that is missing or doubled is named`() async throws {
        let missing = CallFileText.headings.filter { $0 != "Log Time" && $0 != "State" }
        try await expectRefusal(
            Array((missing.joined(separator: ",") + "\n" + call).utf8), .unknownFormat, says: "“Log Time”",
            "“State”", "missing", "ReadyMode")
        try await expectRefusal(
            Array((header + ",state\n" + call).utf8), .unknownFormat, says: "more than one column", "tate")
    }

    @Test(arguments: ["calls.xlsx", "calls", "calls.csv.exe", "calls.pdf", "a/b.csv", "", "x\n.csv"])
    func `a name that is no CSV file's is refused before anything is read`(name: String) async throws {
        let plain = !name.isEmpty && !name.contains("/") && !name.contains("\n")
        try await expectRefusal(
            Array(CallFileText.usual.text.utf8), file: name, plain ? .unknownFormat : .invalid)
    }

    @Test func `bytes that are no text are refused`() async throws {
        try await expectRefusal([UInt8](repeating: 0, count: 100_000), .emptyFile)
        var numbers = SeededNumbers(5)
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let office = try await ImportOffice()
        let before = try await office.state()
        #expect(throws: UserError.self) { try office.take(noise) }
        #expect(try await office.state() == before)
    }

    /// One good row and one with a fault: the fault costs its line, with its number and a reason.
    private func reject(_ flawed: String) async throws -> RejectLine {
        let office = try await ImportOffice()
        let result = try office.take(header + "\n" + call + "\n" + flawed + "\n")
        #expect(result.upload.counts.accepted == 1)
        #expect(result.upload.counts.rejected == 1)
        #expect(result.upload.counts.isBalanced)
        let admin = Viewer(
            user: office.ids.next(at: Instant(milliseconds: 0)), name: "A", role: .admin, person: nil)
        let version = try #require(
            try await office.store.versions(of: result.upload.file, for: admin).first)
        let rejects = try version.rejects(offset: 0, limit: 10, in: office.store)
        #expect(rejects.count == 1)
        #expect(try await office.faults() == [])
        return try #require(rejects.first)
    }

    @Test(arguments: ["America/New_York", "Asia/Tokyo"])
    func `a date that is written as a midnight is that day in every zone`(zone: String) async throws {
        let office = try await ImportOffice(rules: OfficeRules(name: "Sample", timeZone: zone))
        let header = "Call Id,Agent,Date,Time,Topic,Answered (Y/N),Resolved"
        try office.take(
            header + "\nID1,Jane,2021-01-01T00:00:00Z,09:12:58,Contract,Y,N\n"
                + "ID2,Jane,1609459200,10:12:58,Contract,Y,N\n")
        #expect(
            try await office.sql("SELECT time FROM call ORDER BY time").compactMap { Int64($0) }.map {
                LocalTime(seconds: $0).iso
            } == ["2021-01-01 09:12:58", "2021-01-01 10:12:58"])
    }

    @Test func `rejected lines under a header with a mark and quotation marks can be mended`() async throws {
        let office = try await ImportOffice()
        let quoted = header.split(separator: ",", omittingEmptySubsequences: false).map { "\"\($0)\"" }
            .joined(separator: ",")
        let bad = call.replacing("2026-11-02", with: "soon")
        let upload = try office.take("\u{feff}\(quoted)\n\(call)\n\(bad)\n", file: "a.csv").upload
        let version = try #require(
            try await office.store.versions(of: upload.file, for: .console).first)
        try requireMendable(version, in: office)
    }

    @Test func `rejected lines under a heading of two lines can be mended, and a call of two is shown whole`()
        async throws
    {
        let office = try await ImportOffice()
        let heading = header.replacing("State", with: "\"State\n\"") + ",Note"
        let bad = call.replacing("2026-11-02", with: "soon") + ",x"
        let upload = try office.take("\(heading)\n\(call),\"one\ntwo\"\n\(bad)\n", file: "a.csv").upload
        let version = try #require(
            try await office.store.versions(of: upload.file, for: .console).first)
        #expect(try version.records(on: [3, 99]) == [3: "\(call),\"one\ntwo\""])
        try requireMendable(version, in: office)
    }

    /// The one rejected line, of which the day is “soon”, joins the file once it is mended.
    private func requireMendable(_ version: FileVersion, in office: ImportOffice) throws {
        let path = office.folder.path + "/mendable.csv"
        #expect(try version.writeMendable(to: path, in: office.store) == 1)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let mended = try office.take(
            Array(text.replacing("soon", with: "2026-11-03").replacing(",1,", with: ",7,").utf8),
            file: CallFile.rejectsName(of: version.uploaded.fileName))
        #expect(mended.upload.file == version.uploaded.file && mended.upload.counts.accepted == 1)
    }

    @Test func `two texts with a mark each hide no call between them, in any list`() async throws {
        let office = try await ImportOffice()
        let rows = (2...40).map {
            "Jane Doe,P1,\($0),2026-11-02 09:00:00,Outbound,Sale,Auto,North,North,,fine"
        }
        var lines = ["\(header),Note", "\(call),x"] + rows
        lines[5] = lines[5].replacing("fine", with: "\"call back")
        lines[30] = lines[30].replacing("fine", with: "TV 32\"")
        let upload = try office.take(lines.joined(separator: "\n") + "\n").upload
        #expect(upload.counts.accepted == 39 && upload.counts.rejected == 1 && upload.counts.rows == 40)
        let version = try #require(
            try await office.store.versions(of: upload.file, for: .console).first)
        let shown = try version.lines(FileLineQuery(limit: 100), in: office.store, for: .console).lines
        #expect(shown.map(\.line) == Array(1...41))
        #expect(shown.filter { $0.fate == .rejected }.map(\.line) == [6])
        #expect(try await office.faults() == [])
    }

    @Test func `a line of a megabyte that is not accepted is in every list`() async throws {
        let office = try await ImportOffice()
        let note = String(repeating: "n", count: 600_000)
        let upload = try office.take(
            "\(header),Note,Other\n\(call),\(note),\"\(note)\"\n\(call),\(note),\"\(note)\"\n"
        ).upload
        #expect(upload.counts.accepted == 1 && upload.counts.duplicate == 1)
        let version = try #require(
            try await office.store.versions(of: upload.file, for: .console).first)
        let rejects = try version.rejects(offset: 0, limit: 10, in: office.store)
        #expect(rejects.map(\.line) == [3] && rejects.first.map { $0.text.utf8.count > 1_200_000 } == true)
        let lines = try version.lines(FileLineQuery(), in: office.store, for: .console).lines
        #expect(lines.map(\.fate) == [.header, .accepted, .duplicate])
    }

    @Test func `a NUL, a huge field, too many columns and an open quote cost one line each`() async throws {
        let rest = ",P1,2,2026-11-02 09:00:00,Outbound,Sale,Auto,North,North,"
        let null = try await reject("Ja\u{0}ne" + rest)
        #expect(null.line == 3 && null.reason.contains("NUL"))
        let huge = try await reject(String(repeating: "x", count: 10_000_000) + rest)
        #expect(huge.reason.contains("longer than") && huge.text.utf8.count < 20_000)
        let wide = try await reject("Jane" + rest + String(repeating: ",", count: 5000))
        #expect(wide.reason.contains("fields"))
        let open = try await reject("\"Jane" + rest)
        #expect(open.reason.contains("quotation mark"))
        // The last column is empty, so nothing else tells that the campaign has a comma in it.
        let comma = "Jane,P1,2,2026-11-02 09:00:00,Outbound,Sale,Auto,North, West,North,"
        let shifted = try await reject(comma)
        #expect(shifted.reason == "The line has 11 fields; the header has 10.")
        #expect(shifted.text == comma)
    }

    @Test func `a comma at the end of every line is no field`() async throws {
        let office = try await ImportOffice()
        let text = CallFileText.usual
        let lines = text.rows.map { $0.joined(separator: ",") + ",\n" }.joined()
        let result = try office.take(header + "\n" + lines)
        #expect(result.upload.counts.accepted == 3)
    }

    @Test func `a file of 5,000 columns, and one whose header never ends`() async throws {
        let wide = (0..<5000).map { "column \($0)" }.joined(separator: ",")
        try await expectRefusal(Array((wide + "\n" + wide + "\n").utf8), .emptyFile)
        let office = try await ImportOffice()
        let before = try await office.state()
        #expect(throws: UserError.self) {
            try office.take("\"" + self.header + "\n" + String(repeating: self.call + "\n", count: 5000))
        }
        #expect(try await office.state() == before)
    }

    @Test func `where no row is good the first reason is told`() async throws {
        let bad = "Jane,P1,1,2099-01-01 00:00:00,Outbound,Sale,Auto,North,North,"
        try await expectRefusal(
            Array((header + "\n" + bad + "\n").utf8), .noRows, says: "line 2", "lies in the future")
    }

    @Test func `what is over the limit is refused as it arrives and not kept`() async throws {
        let office = try await ImportOffice()
        let incoming = try IncomingFile(folder: office.folder, ids: .system, clock: .system, limit: 1000)
        let bytes = [UInt8](repeating: 65, count: 600)
        try bytes.withUnsafeBytes { try incoming.append($0) }
        let error = #expect(throws: UserError.self) { try bytes.withUnsafeBytes { try incoming.append($0) } }
        #expect(error?.code == .tooLarge)
        incoming.discard()
        #expect(try await office.leftovers() == [])
    }

    @Test func `an upload that was cut off leaves nothing`() async throws {
        let office = try await ImportOffice()
        do {
            let incoming = try IncomingFile(folder: office.folder, ids: .system, clock: .system, limit: 1000)
            try [UInt8]("half".utf8).withUnsafeBytes { try incoming.append($0) }
            #expect(try await office.leftovers().count == 1)
        }
        #expect(try await office.leftovers() == [])
    }

    @Test func `the same file twice at once is taken in once`() async throws {
        let office = try await ImportOffice()
        var random = RandomFile(seed: 3)
        let text = RandomFile.text(random.rows(3000, ids: 1...3000))
        let outcomes = await withTaskGroup(of: Result<Int, any Error>.self) { group in
            for name in ["a.csv", "a.csv", "b.csv"] {
                group.addTask {
                    do {
                        return .success(
                            try await onOwnThread { try office.take(text, file: name).upload.version })
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.compactMap { try? $0.get() } == [1])
        for case .failure(let error) in outcomes { #expect((error as? UserError)?.code == .sameBytes) }
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
    }

    @Test(arguments: 0..<6) func `cancelled at any moment nothing of it stays`(moment: Int) async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text, file: "before.csv")
        let before = try await office.state()
        var random = RandomFile(seed: 9)
        let text = RandomFile.text(random.rows(14_000, ids: 1...9000))
        // The import asks now and then; this is how often it hears no.
        let asked = Mutex(0)
        let error = #expect(throws: UserError.self) {
            try office.take(
                text.utf8,
                isCancelled: {
                    asked.withLock { count in
                        count += 1
                        return count > moment
                    }
                })
        }
        #expect(error?.code == .cancelled)
        #expect(try await office.state() == before)
        try office.take(text)
        #expect(try await office.faults() == [])
    }

    @Test func `a failure after the import is live does not take it back`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text)
        // Tidying up replaced figures fails, as on a full disk.
        try office.damage(
            "CREATE TRIGGER refuse BEFORE DELETE ON agentDay BEGIN SELECT RAISE(ABORT, 'refused'); END")
        let more = CallFileText([CallFileText.row(9, "Jane Doe", "2026-11-02 11:00:00")])
        try office.take(more.text, file: "more.csv")
        #expect(try await office.store.stateHash().calls == 4)
        #expect(try await office.faults() == [])
        try office.damage("DROP TRIGGER refuse")
        try office.reopen()
        #expect(try await office.faults() == [])
        // What was replaced goes at the next start.
        #expect(
            try await office.sql("SELECT day, name FROM agentDay GROUP BY day, name HAVING count(*) > 1")
                == [])
        #expect(try await office.leftovers() == [])
    }

    @Test func `a failure in the last transaction leaves nothing`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text)
        let before = try await office.state()
        try office.damage(
            "CREATE TRIGGER refuse BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'refused'); END")
        let more = CallFileText([CallFileText.row(9, "New Person", "2026-11-02 11:00:00")])
        #expect(throws: (any Error).self) { try office.take(more.text, file: "more.csv") }
        #expect(try await office.state() == before)
        try office.damage("DROP TRIGGER refuse")
        try office.take(more.text, file: "more.csv")
        #expect(try await office.faults() == [])
    }

    @Test func `what a crash leaves before the last transaction is gone at the next start`() async throws {
        let office = try await ImportOffice()
        try office.take(CallFileText.usual.text)
        let before = try await office.state()
        let live = try #require(try await office.store.archivedVersions().first)
        let orphan = "01890a5d-ac96-774b-bcce-b302099a8057"
        // Of a new file, and of the file that is live, under its own number and the next.
        for (file, version) in [(orphan, 1), ("\(live.uploaded.file)", 1), ("\(live.uploaded.file)", 2)] {
            try office.damage(
                """
                INSERT INTO fileVersion (file, version, state, time, office, source)
                VALUES ('\(file)', \(version), 'staged', 1, 'x', 1)
                """)
        }
        let manager = FileManager.default
        let folder = office.folder.files + "/" + orphan
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for path in [
            folder + "/v0001.tar.zst", folder + "/.part-abc",
            live.archivePath.replacing("v0001", with: "v0002"),
            office.folder.incoming + "/x.csv",
        ] {
            try Data("half".utf8).write(to: URL(fileURLWithPath: path))
        }
        #expect(try await office.leftovers().count == 8)
        try office.reopen()
        #expect(try await office.state() == before)
        #expect(try await office.faults() == [])
    }
}
