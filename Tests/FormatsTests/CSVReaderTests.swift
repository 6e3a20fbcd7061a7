import Testing

@testable import Formats

/// What a row says, in one comparable value.
struct ReadRow: Equatable {
    var line: Int
    var fields: [String]
    var problem: CSVProblem?
    var raw: String

    init(_ row: CSVRow) {
        line = row.line
        fields = row.strings
        problem = row.problem
        raw = row.rawString
    }

    init(_ line: Int, _ fields: [String], problem: CSVProblem? = nil, raw: String) {
        self.line = line
        self.fields = fields
        self.problem = problem
        self.raw = raw
    }
}

func readCSV(
    _ bytes: [UInt8], _ dialect: CSVDialect = .init(), limits: CSVLimits = .init(), chunk: Int = 1 << 18
) throws -> [ReadRow] {
    var reader = CSVReader(bytes: bytes, dialect: dialect, limits: limits, chunk: chunk)
    reader.keepsRaw = true
    var row = CSVRow()
    var rows: [ReadRow] = []
    while try reader.next(&row) { rows.append(ReadRow(row)) }
    return rows
}

func csvFields(_ text: String, delimiter: Character = ",") throws -> [[String]] {
    try readCSV(Array(text.utf8), CSVDialect(delimiter: delimiter.asciiValue ?? 0x2c)).map(\.fields)
}

struct CSVReaderTests {
    @Test func `quoted fields are unescaped and keep commas and line ends`() throws {
        #expect(
            try csvFields("a,\"b,\"\"c\"\"\r\nd\",e\r\n\"\",,\n") == [
                ["a", "b,\"c\"\r\nd", "e"], ["", "", ""],
            ])
    }

    @Test func `text after a closing quote belongs to the field`() throws {
        #expect(try csvFields("\"User 5\" <109>,x\n") == [["User 5 <109>", "x"]])
        #expect(try csvFields("\"\"\"\"\" <client1>\",y\n") == [["\"\" <client1>", "y"]])
        #expect(try csvFields("\"a\" \"b\",\"c\"  ,d\n") == [["a \"b\"", "c", "d"]])
    }

    @Test func `a quote inside a bare field is itself`() throws {
        #expect(try csvFields("5\" pipe,it's \"fine\"\nx\n") == [["5\" pipe", "it's \"fine\""], ["x"]])
    }

    @Test func `spaces before an opening quote do not make it a bare one`() throws {
        #expect(try csvFields("1, \"a, b\" ,\t\"c\"\n") == [["1", "a, b", "c"]])
        #expect(try csvFields(" a , b\n") == [[" a ", " b"]])
    }

    @Test func `a tab is no blank where it is the delimiter`() throws {
        #expect(try csvFields("\t\"a\tb\"\t\t\n", delimiter: "\t") == [["", "a\tb", "", ""]])
    }

    @Test func `every kind of line end counts as one line`() throws {
        let rows = try readCSV(Array("a\nb\rc\r\nd\n\r\ne\r\rf".utf8))
        #expect(rows.map(\.fields) == [["a"], ["b"], ["c"], ["d"], [""], ["e"], [""], ["f"]])
        #expect(rows.map(\.line) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func `line ends inside quotes count for the lines that follow`() throws {
        let rows = try readCSV(Array("h\r\n\"1\n2\r\n3\r4\",x\r\nlast\r\n".utf8))
        #expect(rows.map(\.line) == [1, 2, 6])
        #expect(rows.map(\.raw) == ["h", "\"1\n2\r\n3\r4\",x", "last"])
    }

    @Test func `the last line needs no end and nothing follows the last end`() throws {
        #expect(try csvFields("") == [])
        #expect(try csvFields("\n") == [[""]])
        #expect(try csvFields("a,b") == [["a", "b"]])
        #expect(try csvFields("a,") == [["a", ""]])
        #expect(try csvFields("\"a\"\r") == [["a"]])
    }

    @Test func `a byte order mark is no part of the first field`() throws {
        #expect(try csvFields("\u{feff}a,b\n") == [["a", "b"]])
        #expect(try csvFields("\u{feff}\"a\"") == [["a"]])
        #expect(try csvFields("\u{feff}") == [])
    }

    @Test func `a stray quote costs its own line and no other`() throws {
        let rows = try readCSV(Array("a,b\nc,\"d\ne,f\ng,h".utf8))
        #expect(rows[1] == ReadRow(2, [], problem: .unclosedQuote, raw: "c,\"d"))
        #expect(rows.map(\.fields) == [["a", "b"], [], ["e", "f"], ["g", "h"]])
        #expect(rows.map(\.line) == [1, 2, 3, 4])
    }

    @Test func `a stray quote far from the end of a file is found by the limit`() throws {
        let text = "\"oops,1\n" + String(repeating: "name,2\n", count: 100)
        let rows = try readCSV(Array(text.utf8), limits: CSVLimits(maxFieldBytes: 64))
        #expect(rows.count == 101)
        #expect(rows[0].problem == .unclosedQuote)
        #expect(rows[0].raw == "\"oops,1")
        #expect(rows.dropFirst().allSatisfy { $0.fields == ["name", "2"] })
    }

    @Test func `a stray quote does not take in the next line where every field is quoted`() throws {
        let rows = try readCSV(Array("\"a\",\"b\"\n\"c\",\"d\n\"e\",\"f\"\n\"g\nh\" ,\"i\"\n".utf8))
        #expect(rows.map(\.fields) == [["a", "b"], [], ["e", "f"], ["g\nh", "i"]])
        #expect(rows[1] == ReadRow(2, [], problem: .unclosedQuote, raw: "\"c\",\"d"))
    }

    private func doubting(_ text: String, chunk: Int = 1 << 18) throws -> [ReadRow] {
        var reader = CSVReader(
            bytes: Array(text.utf8), dialect: CSVDialect(), limits: CSVLimits(), chunk: chunk)
        (reader.keepsRaw, reader.doubtsQuotes) = (true, true)
        var row = CSVRow()
        var rows: [ReadRow] = []
        while try reader.next(&row) { rows.append(ReadRow(row)) }
        return rows
    }

    @Test(arguments: [1, 7, 1 << 18]) func `marks that belong to texts take in no lines between them`(
        chunk: Int
    )
        throws
    {
        let head = "a,b,c,d,e,f,note\n"
        let between = (3...400).map { "\($0),1,2,3,4,5,fine\n" }.joined()
        let text =
            head + "2,1,2,3,4,5,\"call back\n" + between + "401,1,2,3,4,5,wants TV 32\"\n402,1,2,3,4,5,x\n"
        let rows = try doubting(text, chunk: chunk)
        #expect(rows.count == 402 && rows.map(\.line) == Array(1...402))
        #expect(rows.filter { $0.problem != nil }.map(\.line) == [2])
        #expect(rows[400].fields.last == "wants TV 32\"")
        // Two lines one behind the other.
        let two = try doubting(
            head + "2,1,2,3,4,5,\"call\n3,1,2,3,4,5,TV 32\"\n4,1,2,3,4,5,x\n", chunk: chunk)
        #expect(two.map(\.problem) == [nil, .unclosedQuote, nil, nil])
        // In the middle of a record, which gets more fields by it.
        let middle = try doubting(
            head + "2,1,2,\"x,4,5,n\n" + "3,1,2,3,4,5,n\n" + "4,1,2,y\",4,5,n\n5,1,2,3,4,5,n\n", chunk: chunk)
        #expect(middle.map(\.problem) == [nil, .unclosedQuote, nil, nil, nil])
        // Texts of several lines are what they were.
        let notes =
            head + "2,1,2,3,4,\"one, two\nthree, four\n, , \",n\n" + "\"3\n3\",1,2,3,4,5,n\n"
            + "4,1,2,3,4,5,\"dear, sir,\nI, we, you,\nbye\"\n5,1,2,3,4,5,n\n"
        let kept = try doubting(notes, chunk: chunk)
        #expect(kept.allSatisfy { $0.problem == nil && $0.fields.count == 7 } && kept.count == 5)
        #expect(kept[2].fields[0] == "3\n3" && kept[3].fields[6] == "dear, sir,\nI, we, you,\nbye")
    }

    @Test func `a NUL flags its record alone`() throws {
        let rows = try readCSV(Array("a\0b,c\r\nd,e\n\"x\ny\0\"\nz\n".utf8))
        #expect(rows.map(\.problem) == [.nulByte, nil, .nulByte, nil])
        #expect(rows.map(\.line) == [1, 2, 3, 5])
        #expect(rows[0].raw == "a\0b,c")
        #expect(rows[0].fields == [])
    }

    @Test(arguments: ["x", "\"x"]) func `a field of ten million bytes is flagged and the next line read`(
        _ opening: String
    ) throws {
        let text = "ok\n" + opening + String(repeating: "y", count: 10_000_000) + "\nafter,1\n"
        let rows = try readCSV(Array(text.utf8))
        #expect(rows.map(\.problem) == [nil, .fieldTooLong(limit: 1 << 20), nil])
        #expect(rows[1].raw.utf8.count == 16 << 10)
        #expect(rows[2] == ReadRow(3, ["after", "1"], raw: "after,1"))
    }

    @Test func `five thousand columns are flagged and one thousand are not`() throws {
        let many = Array(repeating: "1", count: 5000).joined(separator: ",")
        let enough = Array(repeating: "1", count: 1000).joined(separator: ",")
        let rows = try readCSV(Array("\(many)\n\(enough)\na".utf8))
        #expect(rows.map(\.problem) == [.tooManyFields(limit: 1000), nil, nil])
        #expect(rows[1].fields.count == 1000)
    }

    @Test func `a record longer than the limit is flagged though its fields are not`() throws {
        let text = "aaaa,bbbb,cccc\naaaa,bbb,ccc\n"
        let rows = try readCSV(Array(text.utf8), limits: CSVLimits(maxRecordBytes: 12))
        #expect(rows.map(\.problem) == [.recordTooLong(limit: 12), nil])
    }

    @Test func `a field at the limit passes and one byte more does not`() throws {
        for limit in 1...20 {
            let fits = String(repeating: "é", count: limit / 2) + (limit % 2 == 1 ? "e" : "")
            let text = "\(fits)\n\(fits)x\n\"\(fits)\"\n\"\(fits)x\"\n"
            let rows = try readCSV(Array(text.utf8), limits: CSVLimits(maxFieldBytes: limit))
            let failure = CSVProblem.fieldTooLong(limit: limit)
            #expect(rows.map(\.problem) == [nil, failure, nil, failure])
        }
    }

    @Test func `what is kept of a long line never ends within a character`() throws {
        for limit in 4...12 {
            let text = String(repeating: "a€", count: 20)
            let limits = CSVLimits(maxFieldBytes: 10, maxRawOfProblem: limit)
            let raw = try #require(try readCSV(Array(text.utf8), limits: limits).first).raw
            #expect(text.hasPrefix(raw) && raw.utf8.count <= limit && raw.utf8.count > limit - 3)
        }
    }

    @Test func `bytes that are not UTF-8 are read as windows-1252 and the row says so`() throws {
        var reader = CSVReader(
            bytes: [0x41, 0xe9, 0x2c, 0xc3, 0xa9, 0x0a, 0xc3, 0x2c, 0xa9, 0x0a, 0x42], dialect: .init())
        var row = CSVRow()
        #expect(try reader.next(&row))
        #expect(row.strings == ["Aé", "é"] && row.repaired)
        // Two halves of a character in two fields are not a character.
        #expect(try reader.next(&row))
        #expect(row.strings == ["Ã", "©"] && row.repaired)
        #expect(try reader.next(&row))
        #expect(row.strings == ["B"] && !row.repaired)
    }

    @Test func `half a surrogate pair flags its record`() throws {
        let units: [UInt16] = [0x41, 0xd83d, 0x0a, 0xd83d, 0xde00, 0x0a, 0xdc00, 0x0a, 0x42]
        let bytes = units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let rows = try readCSV(bytes, CSVDialect(encoding: .utf16le))
        #expect(rows.map(\.problem) == [.invalidText, nil, .invalidText, nil])
        #expect(rows.map(\.fields) == [[], ["😀"], [], ["B"]])
        let cut = try readCSV(bytes + [0x43], CSVDialect(encoding: .utf16le))
        #expect(cut.last?.problem == .invalidText)
    }

    @Test func `one text reads alike in every encoding that can hold it`() throws {
        let text = "näme,“ÿ”\r\n\"é\n€\",Œ\r\n"
        let expected = [["näme", "“ÿ”"], ["é\n€", "Œ"]]
        let units = Array(text.utf16)
        let little = units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        let single = text.unicodeScalars.map { scalar in
            UInt8((0...255).first { windows1252(UInt8($0)) == scalar.value } ?? 0)
        }
        for (encoding, bytes): (TextEncoding, [UInt8]) in [
            (.utf8, Array(text.utf8)), (.utf16le, little), (.utf16be, big), (.windows1252, single),
            (.utf16le, [0xff, 0xfe] + little), (.utf16be, [0xfe, 0xff] + big),
        ] {
            for chunk in [1, 2, 3, 5, 1000] {
                let rows = try readCSV(bytes, CSVDialect(encoding: encoding), chunk: chunk)
                #expect(rows.map(\.fields) == expected, "\(encoding) in chunks of \(chunk)")
            }
        }
        #expect(
            try readCSV([0xfd, 0xfe, 0xd0], CSVDialect(encoding: .windows1254)).map(\.fields) == [["ışĞ"]])
        #expect(try readCSV([0xfd, 0xe9], CSVDialect(encoding: .latin1)).map(\.fields) == [["ýé"]])
    }

    @Test func `an index beyond the record gives an empty field`() throws {
        var row = CSVRow()
        var reader = CSVReader(bytes: Array("a,b\n".utf8), dialect: .init())
        #expect(try reader.next(&row))
        for index in [-1, 2, .max, .min] {
            #expect(row.range(index).isEmpty && row.string(index).isEmpty)
        }
        #expect(row.string(1) == "b")
    }

    @Test func `a row of blanks is blank and a problem never is`() throws {
        var row = CSVRow()
        var reader = CSVReader(bytes: Array(" ,\t,\u{a0}\n\n,x\n\"".utf8), dialect: .init())
        var blanks: [Bool] = []
        while try reader.next(&row) { blanks.append(row.isBlank) }
        #expect(blanks == [true, true, false, false])
    }

    @Test func `a file that is not there is named in the error`() {
        let error = #expect(throws: CSVFileError.self) {
            _ = try CSVReader(path: "/nowhere/calls.csv", dialect: .init())
        }
        #expect(error?.description == "cannot open /nowhere/calls.csv: No such file or directory")
    }
}
