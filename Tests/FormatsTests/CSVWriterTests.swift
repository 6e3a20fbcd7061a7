import Foundation
import Testing

@testable import Formats

struct CSVWriterTests {
    private func written(_ fields: [String], guarded: Bool = false) throws -> String {
        var writer = CSVWriter(guardsFormulas: guarded)
        try writer.record(fields)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `fields are quoted only when they must be`() throws {
        #expect(
            try written(["a b", "c,d", "e\"f", "g\nh", "", "é"]) == "a b,\"c,d\",\"e\"\"f\",\"g\nh\",,é\r\n")
        #expect(try written([" a", "b "]) == "\" a\",\"b \"\r\n")
    }

    @Test(arguments: ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "-", "+1 555", "-1.2.3"])
    func `text that a spreadsheet would run gets an apostrophe`(_ text: String) throws {
        var writer = CSVWriter(guardsFormulas: true)
        try writer.record([text])
        #expect(try readCSV(writer.bytes).map(\.fields) == [["'" + text]])
        #expect(try readCSV(Array(try written([text]).utf8)).map(\.fields) == [[text]])
    }

    @Test(arguments: ["-5", "+37069123456", "-1.5", "-0,75", "12", "a=b", "0"])
    func `numbers stay numbers`(_ text: String) throws {
        var writer = CSVWriter(guardsFormulas: true)
        try writer.record([text])
        #expect(try readCSV(writer.bytes).map(\.fields) == [[text]])
    }

    @Test func `a long file goes through the descriptor whole`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "writer-\(getpid()).csv").path
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        defer { unlink(path) }
        var writer = CSVWriter(descriptor: descriptor)
        for number in 0..<20_000 {
            writer.field(number)
            writer.field("name, \(number)")
            try writer.endRecord()
        }
        try writer.finish()
        close(descriptor)
        var reader = try CSVReader(path: path, dialect: .init())
        var row = CSVRow()
        var count = 0
        while try reader.next(&row) {
            try #require(row.strings == ["\(count)", "name, \(count)"])
            count += 1
        }
        #expect(count == 20_000)
        #expect(reader.bytesRead == Int64(try Data(contentsOf: URL(filePath: path)).count))
    }

    @Test func `a write that fails is told`() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        var writer = CSVWriter(descriptor: descriptor)
        writer.field("x")
        try writer.endRecord()
        #expect(throws: CSVFileError.self) { try writer.finish() }
    }
}
