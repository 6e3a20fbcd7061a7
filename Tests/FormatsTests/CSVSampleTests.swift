import Domain
import Foundation
import Testing

@testable import Formats

/// Real exports that lie beside the checkout, where they are present.
enum CallSamples {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "../shared/samples").standardizedFileURL
    static let arePresent = FileManager.default.fileExists(atPath: folder.path)

    static func path(_ name: String) -> String { folder.appending(path: name).path }

    static func rows(_ name: String) throws -> [ReadRow] {
        var reader = try CSVReader(path: path(name), dialect: try sniffDialect(path: path(name)))
        var row = CSVRow()
        var rows: [ReadRow] = []
        while try reader.next(&row) { rows.append(ReadRow(row)) }
        return rows
    }
}

@Suite(.enabled(if: CallSamples.arePresent, "no samples beside the checkout"))
struct CSVSampleTests {
    /// Name, encoding, delimiter, header line, rows that are not blank (with the header), usual width.
    @Test(
        arguments: [
            ("freepbx/cdr__1504525205.csv", "utf8", ",", 1, 101, 16),
            ("freepbx/g9telecom-cr-only.csv", "utf8", ",", 1, 101, 6),
            ("asterisk/Master-custom-19col.csv", "utf8", ",", nil, 14, 19),
            ("freeswitch/import_cdr.txt", "utf8", ",", nil, 5, 16),
            ("freeswitch/Master-resaved-by-excel.csv", "utf8", ",", nil, 10, 15),
            ("cisco-cucm/cdr.txt", "utf8", ",", 1, 5, 133),
            ("avaya-ip-office/ipo-r11-smdr.csv", "utf8", ",", 1, 7, 18),
            ("genesys-cloud/Interactions_new.pseudonymised.csv", "utf8", ",", 1, 24, 19),
            ("vicidial/agent_stats_export.psv", "utf8", "|", 1, 3, 20),
            ("call-centre-daily/Call Center Data.csv", "utf8", ";", 1, 1252, 9),
            ("misc/turkish-cp1254-pivot.csv", "windows1254", ";", 1, 53, 2),
            ("misc/epoch-trailing-blank-lines.csv", "utf8", ",", 1, 11, 7),
            ("misc/spanish-summary-rows.csv", "utf8", ",", 1, 15, 5),
            ("csv-suites/frictionless/blank-rows-multiple.csv", "utf8", ",", 1, 3, 3),
            ("csv-suites/frictionless/skip-rows-before-headers.csv", "utf8", ",", 2, 4, 2),
            ("csv-suites/univocity/essential-mac.csv", "utf8", ",", 4, 17, 5),
            ("csv-suites/univocity/european.csv", "utf8", ";", 1, 6, 5),
            ("csv-suites/openrefine/example-utf16le-bom.tsv", "utf16le", "\t", 1, 3, 12),
            ("csv-suites/swiftcsv/utf8_with_bom.csv", "utf8", ",", 1, 2, 4),
            ("csv-suites/papaparse/long-sample.csv", "utf8", ",", nil, 8, 7),
            ("pwc-call-centre/call-centre-mixed-dates.csv", "utf8", ",", 1, 5001, 12),
        ] as [(String, String, String, Int?, Int, Int)])
    func `a sample is laid out as its description says`(
        name: String, encoding: String, delimiter: String, header: Int?, rows: Int, width: Int
    ) throws {
        let dialect = try sniffDialect(path: CallSamples.path(name))
        #expect(dialect.encoding.rawValue == encoding)
        #expect(dialect.delimiter == delimiter.utf8.first)
        #expect(dialect.headerLines.first == header)
        let found = try CallSamples.rows(name).filter { !$0.fields.joined().allSatisfy(\.isWhitespace) }
        #expect(found.count == rows)
        let widths = Dictionary(grouping: found, by: \.fields.count).mapValues(\.count)
        #expect(widths.max { $0.value < $1.value }?.key == width)
    }

    @Test func `one text in three encodings reads alike`() throws {
        let expected = try CallSamples.rows("csv-suites/openrefine/example-utf8.tsv").map(\.fields)
        #expect(expected.dropFirst().first?[3] == "Tizi Ouzou, Béjaïa, (Kaby ...")
        for name in ["latin1", "utf16le-bom"] {
            #expect(
                try CallSamples.rows("csv-suites/openrefine/example-\(name).tsv").map(\.fields) == expected)
        }
    }

    @Test func `quotes of the suites read as meant`() throws {
        let quotes = try CallSamples.rows("csv-suites/swiftcsv/quotes.csv")
        #expect(quotes[0].fields == ["id", "name, first", "name, last"])
        #expect(quotes[3].fields[1] == "Person, with a \"quote\" in their name")
        #expect(quotes[6].fields == ["12", "Newlines\nare the best", "Woo hoo"])
        #expect(
            try CallSamples.rows("csv-suites/swiftcsv/wonderland.csv")[1].fields[1]
                == "\"Where shall I begin, please your Majesty?\" he asked.")
        #expect(
            try CallSamples.rows("csv-suites/frictionless/escaping.csv")[1].fields == ["1", "Test line 1"])
        #expect(
            try CallSamples.rows("freepbx/cdr__1504525205.csv")[1].fields[1...2] == ["User 10 <114>", "114"])
        #expect(
            try CallSamples.rows("asterisk/Master-custom-19col.csv")[0].fields[0] == "\"\" <client1>")
        let mac = try CallSamples.rows("csv-suites/univocity/essential-mac.csv")
        #expect(mac.first { $0.line == 8 }?.fields[3] == "MUST SELL!\rair, moon roof, loaded")
        #expect(mac.first { $0.line == 10 }?.fields.count == 1)
    }

    @Test func `a quote that never closes loses one line of the sample`() throws {
        let rows = try CallSamples.rows("csv-suites/papaparse/malformed.tsv")
        #expect(rows.map(\.problem) == Array(repeating: nil, count: 8) + [.unclosedQuote, nil])
        #expect(rows[9].fields.first == "VSF" && rows[9].line == 10)
    }

    @Test func `the order of dates is proven by the whole column or asked`() throws {
        func verdict(_ name: String, _ column: Int) throws -> DateColumn {
            var dates = DateColumn()
            for row in try CallSamples.rows(name).dropFirst() where row.fields.count > column {
                dates.add(row.fields[column], line: row.line)
            }
            return dates
        }
        let mixed = try verdict("pwc-call-centre/call-centre-mixed-dates.csv", 2)
        #expect(mixed.verdict == .decided(.mdy))
        #expect(mixed.fitting(.mdy) == 5000 && mixed.fitting(.dmy) < 5000 && mixed.firstMisfitLine == nil)
        #expect(try verdict("pwc-call-centre/call-centre-dotted-times.csv", 2).verdict == .decided(.ymd))
        #expect(try verdict("misc/performance-sql-call_data.csv", 0).verdict == .ambiguous([.mdy, .dmy]))
        #expect(try verdict("freepbx/g9telecom-cr-only.csv", 0).verdict == .ambiguous([.mdy, .dmy]))
        #expect(try verdict("misc/us-dates.csv", 0).verdict == .decided(.mdy))
        #expect(try verdict("misc/quoted-dates.csv", 0).verdict == .decided(.dmy))
        #expect(try verdict("misc/single-quoted-times.csv", 1).verdict == .decided(.ymd))
        #expect(try verdict("genesys-cloud/Interactions_new.pseudonymised.csv", 3).verdict == .decided(.mdy))
        #expect(try verdict("avaya-ip-office/ipo-r11-smdr.csv", 0).verdict == .decided(.dmy))
        #expect(try verdict("misc/epoch-trailing-blank-lines.csv", 3).epochs == 10)
        #expect(try verdict("misc/neodove-Call_Log.csv", 1).verdict == .none)
    }

    @Test func `both spellings of one data set give the same times and talk`() throws {
        func totals(_ name: String, _ order: DateOrder) throws -> [String: Int] {
            var talk: [String: Int] = [:]
            for row in try CallSamples.rows(name).dropFirst() {
                let text = Array(row.fields[8].utf8)
                let day = try #require(parseTime(row.fields[2], order: order)).local.day
                let second = try #require(parseClockTime(row.fields[3]))
                talk["days \(day.iso)", default: 0] += second
                if case .seconds(let seconds) = parseDuration(text, 0..<text.count) {
                    talk[foldedName(row.fields[1]), default: 0] += seconds
                    talk["all", default: 0] += seconds
                }
            }
            return talk
        }
        let mixed = try totals("pwc-call-centre/call-centre-mixed-dates.csv", .mdy)
        #expect(mixed["all"] == 911_837 && mixed["becky"] == 113_745 && mixed["stewart"] == 107_900)
        #expect(mixed.keys.count { $0.hasPrefix("days 2021-") } == 90)
        #expect(try totals("pwc-call-centre/call-centre-dotted-times.csv", .ymd) == mixed)
    }
}
