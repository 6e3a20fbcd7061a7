import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// What a dialer's export may look like and still be the same calls.
@Suite struct FileReadingTests {
    /// The same three calls must be read whatever the spelling of the file.
    private func expectUsual(_ bytes: [UInt8], _ what: Comment) async throws {
        let usual = try await ImportOffice()
        try usual.take(CallFileText.usual.text)
        let office = try await ImportOffice()
        let result = try office.take(bytes)
        #expect(result.upload.counts.accepted == 3, what)
        #expect(try await office.figures() == usual.figures(), what)
        #expect(try await office.faults() == [], what)
    }

    @Test func `headings are read in either spelling and any order`() async throws {
        var file = CallFileText.usual
        file.headings = [
            "AGENT NAME", "profile_id", "Call log ID", "log time", "Log type", "state", "Call type",
            "Original campaign", "Current campaign", "Ember",
        ]
        try await expectUsual(Array(file.text.utf8), "capitals")
        let turned = CallFileText.usual
        var other = CallFileText(turned.rows.map { $0.reversed() })
        other.headings = turned.headings.reversed()
        try await expectUsual(Array(other.text.utf8), "order")
        // A column more is kept in the archive and raises no question.
        var wider = CallFileText(turned.rows.map { ["x"] + $0 })
        wider.headings = ["Notes"] + turned.headings
        try await expectUsual(Array(wider.text.utf8), "one more")
    }

    @Test func `line ends, byte order marks and delimiters are the dialer's business`() async throws {
        for lineEnd in ["\n", "\r\n", "\r"] {
            for delimiter in [",", ";", "\t", "|"] {
                var file = CallFileText.usual
                (file.lineEnd, file.delimiter) = (lineEnd, delimiter)
                try await expectUsual(Array(file.text.utf8), "\(lineEnd.debugDescription) \(delimiter)")
            }
        }
        try await expectUsual([0xef, 0xbb, 0xbf] + CallFileText.usual.text.utf8, "UTF-8 with a mark")
        try await expectUsual(Array(CallFileText.usual.text.utf8.dropLast()), "no last line end")
        for order in [true, false] {
            let units = ("\u{feff}" + CallFileText.usual.text).utf16
            let bytes = units.flatMap { unit in
                let (high, low) = (UInt8(unit >> 8), UInt8(truncatingIfNeeded: unit))
                return order ? [low, high] : [high, low]
            }
            try await expectUsual(bytes, "UTF-16, low byte first: \(order)")
        }
    }

    @Test func `letters beyond ASCII are the same in every encoding`() async throws {
        let text = CallFileText([
            CallFileText.row(1, "Zoë Müller", "2026-11-02 09:00:00", campaign: "Straße"),
            CallFileText.row(2, "Zoë Müller", "2026-11-02 09:01:00", campaign: "Straße"),
        ]).text
        let utf8 = try await ImportOffice()
        try utf8.take(text)
        let western = try await ImportOffice()
        try western.take(Array(try #require(text.data(using: .windowsCP1252))))
        #expect(try await western.figures() == utf8.figures())
        #expect(try await western.sql("SELECT name FROM agentName") == ["Zoë Müller"])
        #expect(try await western.sql("SELECT text FROM label WHERE text LIKE 'Stra%'") == ["Straße"])
    }

    @Test func `quoted commas and line ends stay in their field`() async throws {
        let office = try await ImportOffice()
        let file = CallFileText([
            CallFileText.row(1, "Doe, Jane", "2026-11-02 09:00:00", campaign: "North,\nWest"),
            CallFileText.row(2, "Doe, Jane", "2026-11-02 09:01:00", campaign: "The \"Best\""),
        ])
        let result = try office.take(file.text)
        #expect(result.upload.counts.accepted == 2)
        #expect(try await office.sql("SELECT name FROM agentName") == ["Doe, Jane"])
        #expect(
            try await office.sql("SELECT DISTINCT l.text FROM call c JOIN label l ON l.number = c.campaign")
                == ["North,\nWest", "The \"Best\""])
        // The second record begins on the fifth line: two fields have a line end.
        #expect(try await office.sql("SELECT line FROM call ORDER BY line") == ["2", "5"])
        let before = try await office.figures()
        try office.store.rebuildFromArchives()
        #expect(try await office.figures() == before)
    }

    @Test func `one person's spellings are one person and the mark makes a part-timer`() async throws {
        let spellings = [
            "Jane Doe", "JANE DOE", " jane  doe ", "JaneDoe", "Jane Doe (Sales)", "Jane Doe (A) (B)",
            "Jané Doe",
        ]
        let parts = ["Tom Ash P", "Tom Ash-P", "tom ash_p", "Tom Ash - P", "Tom Ash P (Night)"]
        let rows = (spellings + parts + ["Phillip", "P"]).enumerated().map {
            CallFileText.row($0.offset + 1, $0.element, "2026-11-02 09:00:00")
        }
        let office = try await ImportOffice()
        let result = try office.take(CallFileText(rows).text)
        #expect(result.upload.counts.accepted == rows.count)
        #expect(
            try await office.sql("SELECT folded FROM agentName ORDER BY folded") == [
                "janedoe", "p", "phillip", "tomash",
            ])
        #expect(
            try await office.sql(
                """
                SELECT p.name, s.employment, s.groupName, s.designation, s.status FROM person p
                JOIN placementSpan s ON s.person = p.id ORDER BY p.name
                """) == [
                    "Jane Doe|Full-Timer|Unassigned|Cold Caller|Employee",
                    "P|Full-Timer|Unassigned|Cold Caller|Employee",
                    "Phillip|Full-Timer|Unassigned|Cold Caller|Employee",
                    "Tom Ash|Part-Timer|Unassigned|Cold Caller|Employee",
                ])
    }

    @Test func `the mark means nothing where the source says so`() async throws {
        let office = try await ImportOffice()
        var source = try #require(
            try await office.store.sources().first { $0.source.format == "readymode" }?.source)
        source.partTimerSuffix = false
        try await office.store.saveSource(source, by: .console)
        try office.take(
            CallFileText([
                CallFileText.row(1, "Tom Ash P", "2026-11-02 09:00:00"),
                CallFileText.row(2, "Tom Ash", "2026-11-02 09:00:00"),
            ]).text)
        #expect(
            try await office.sql("SELECT folded FROM agentName ORDER BY folded") == ["tomash", "tomashp"])
        #expect(try await office.sql("SELECT DISTINCT employment FROM placementSpan") == ["Full-Timer"])
    }

    /// The times of the calls as stored.
    private func times(_ texts: [String], order: DateOrder? = nil) async throws -> [String] {
        let office = try await ImportOffice()
        let rows = texts.enumerated().map { CallFileText.row($0.offset + 1, "Jane", $0.element) }
        try office.take(CallFileText(rows).text, dateOrder: order)
        return try await office.sql("SELECT datetime(time, 'unixepoch') FROM call ORDER BY line")
    }

    private func refusal(_ texts: [String], order: DateOrder? = nil) async throws -> UserError.Code? {
        let office = try await ImportOffice()
        let rows = texts.enumerated().map { CallFileText.row($0.offset + 1, "Jane", $0.element) }
        return #expect(throws: UserError.self) {
            try office.take(CallFileText(rows).text, dateOrder: order)
        }?.code
    }

    @Test func `the whole column decides how dates are read`() async throws {
        let iso = ["2026-03-04 09:00:00", "2026-03-05T10:00:00"]
        #expect(try await times(iso) == ["2026-03-04 09:00:00", "2026-03-05 10:00:00"])
        #expect(
            try await times(["03/04/2026 09:00", "03/25/2026 10:00"])
                == ["2026-03-04 09:00:00", "2026-03-25 10:00:00"])
        #expect(
            try await times(["03/04/2026 09:00", "25/03/2026 10:00"])
                == ["2026-04-03 09:00:00", "2026-03-25 10:00:00"])
        // One late value decides about thousands before it.
        let many = (0..<3000).map { "0\($0 % 9 + 1)/05/2026 10:\($0 % 50 + 10)" } + ["31/01/2026 09:00"]
        #expect(try await times(many).last == "2026-01-31 09:00:00")
        #expect(try await times(many).first == "2026-05-01 10:10:00")
        // A column that begins year first and goes on otherwise is looked at as a whole.
        let late = (0..<1500).map { _ in "2026-03-04 09:00:00" } + ["25/03/2026 10:00"]
        #expect(try await times(late).last == "2026-03-25 10:00:00")
    }

    @Test func `dates that can be read in two ways are asked, never guessed`() async throws {
        let both = ["03/04/2026 09:00", "05/06/2026 10:00"]
        #expect(try await refusal(both) == .dateOrder)
        #expect(try await times(both, order: .mdy).first == "2026-03-04 09:00:00")
        #expect(try await times(both, order: .dmy).first == "2026-04-03 09:00:00")
        // Proofs of both orders are a mixture, which only a person can sort out.
        let mixed = ["25/03/2026 09:00", "03/25/2026 10:00", "03/04/2026 11:00"]
        #expect(try await refusal(mixed) == .dateOrder)
        let office = try await ImportOffice()
        let error = #expect(throws: UserError.self) {
            try office.take(CallFileText(mixed.enumerated().map { CallFileText.row($0, "Jane", $1) }).text)
        }
        #expect(error?.message.contains("1 can only be read month first, 1 only day first, 1 either") == true)
        #expect(try await times(mixed, order: .dmy) == ["2026-03-25 09:00:00", "2026-04-03 11:00:00"])
        // An answer that the column contradicts is refused.
        #expect(try await refusal(["03/25/2026 09:00"], order: .dmy) == .invalid)
        #expect(try await times(["2026-03-04 09:00:00"], order: .dmy) == ["2026-03-04 09:00:00"])
    }

    @Test func `the answer of a source is kept for files that cannot decide`() async throws {
        let office = try await ImportOffice()
        var source = try #require(
            try await office.store.sources().first { $0.source.format == "readymode" }?.source)
        source.dateOrder = "dmy"
        try await office.store.saveSource(source, by: .console)
        try office.take(CallFileText([CallFileText.row(1, "Jane", "03/04/2026 09:00")]).text)
        #expect(try await office.sql("SELECT date(time, 'unixepoch') FROM call") == ["2026-04-03"])
    }
}
