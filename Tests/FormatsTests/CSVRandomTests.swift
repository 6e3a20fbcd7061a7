import Foundation
import Testing

@testable import Formats

/// SplitMix64: the same texts on every run.
private struct SeededTexts: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes(_ alphabet: [[UInt8]], upTo count: Int) -> [UInt8] {
        var result: [UInt8] = []
        for _ in 0..<Int.random(in: 0...count, using: &self) {
            result += alphabet.randomElement(using: &self) ?? []
        }
        return result
    }
}

private let awkward: [[UInt8]] = [
    Array("a".utf8), Array("b1".utf8), Array("long enough for words".utf8), Array(",".utf8), Array(",".utf8),
    Array("\"".utf8), Array("\"".utf8), Array("\"\"".utf8), Array(",\"".utf8), Array("\",".utf8),
    Array("\n".utf8), Array("\r".utf8), Array("\r\n".utf8), Array(" ".utf8), Array("\t".utf8),
    Array("é".utf8), Array("😀".utf8), [0xe9], [0x00],
]

struct CSVRandomTests {
    @Test func `the size of the chunks makes no difference`() throws {
        var random = SeededTexts(state: 1)
        let limits = [
            CSVLimits(),
            CSVLimits(
                maxFieldBytes: 30, maxFields: 5, maxRecordBytes: 60, maxRawOfProblem: 10,
                maxBytesReadAgain: 200),
        ]
        for round in 0..<300 {
            let bytes = random.bytes(awkward, upTo: 80)
            let limit = limits[round % 2]
            let dialect = CSVDialect(encoding: TextEncoding.allCases[round % 5 == 0 ? round / 5 % 6 : 0])
            let whole = try readCSV(bytes, dialect, limits: limit)
            for chunk in 1...64 {
                let rows = try readCSV(bytes, dialect, limits: limit, chunk: chunk)
                try #require(rows == whole, "round \(round), chunks of \(chunk): \(bytes)")
            }
        }
    }

    @Test func `what is given up is the same whatever the chunks`() throws {
        var random = SeededTexts(state: 5)
        let pieces = ["x\",\"", "x\",\"", "y", "\n", ",", "long enough for words", "\""].map {
            Array($0.utf8)
        }
        for round in 0..<2000 {
            let bytes = random.bytes(pieces, upTo: 60)
            let limits = CSVLimits(
                maxFieldBytes: Int.random(in: 8...40, using: &random),
                maxFields: Int.random(in: 2...9, using: &random),
                maxRecordBytes: Int.random(in: 20...90, using: &random), maxRawOfProblem: 40,
                maxBytesReadAgain: Int.random(in: 0...150, using: &random))
            let whole = try readCSV(bytes, limits: limits)
            for chunk in [1, 3, 7, 20] {
                let rows = try readCSV(bytes, limits: limits, chunk: chunk)
                try #require(rows == whole, "round \(round), chunks of \(chunk): \(bytes)")
            }
        }
    }

    @Test func `the reader agrees with a plain one that goes byte by byte`() throws {
        var random = SeededTexts(state: 2)
        let valid = awkward.filter { $0 != [0xe9] && $0 != [0x00] }
        for round in 0..<3000 {
            let bytes = random.bytes(valid, upTo: 60)
            let expected = PlainReader(bytes).rows()
            let found = try readCSV(bytes)
            try #require(found.map(\.fields) == expected.map(\.fields), "round \(round): \(bytes)")
            try #require(found.map(\.line) == expected.map(\.line), "round \(round): \(bytes)")
        }
    }

    @Test func `no bytes at all make the reader trap or lose its place`() throws {
        var random = SeededTexts(state: 3)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...200, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            for encoding in TextEncoding.allCases {
                let rows = try readCSV(bytes, CSVDialect(encoding: encoding))
                #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.line < $1.line })
            }
            _ = sniffDialect(bytes: bytes)
        }
    }

    @Test func `what the writer writes the reader reads`() throws {
        var random = SeededTexts(state: 4)
        let texts =
            awkward.filter { $0 != [0xe9] && $0 != [0x00] } + [[0xef, 0xbb, 0xbf], Array("=1+1".utf8)]
        for delimiter in [0x2c, 0x3b, 0x09] as [UInt8] {
            var writer = CSVWriter(delimiter: delimiter)
            var expected: [[String]] = []
            for _ in 0..<500 {
                var record: [String] = []
                for _ in 0...Int.random(in: 0...5, using: &random) {
                    record.append(String(decoding: random.bytes(texts, upTo: 6), as: UTF8.self))
                }
                expected.append(record)
                try writer.record(record)
            }
            let rows = try readCSV(writer.bytes, CSVDialect(delimiter: delimiter))
            #expect(rows.map(\.fields) == expected)
        }
    }

    @Test func `quotes that reopen on every line cost bounded time`() throws {
        // Each line leaves a quote open, so that each is read again from its own start.
        let hostile = String(repeating: "x\",\"yyyyyyyyyyyyyyyy\n", count: 400)
        let bytes = Array((hostile + "1,2\n\"a\nb\",c\n").utf8)
        let patient = try readCSV(bytes, limits: CSVLimits(maxFields: 50))
        #expect(patient.count == 402)
        #expect(patient.last?.fields == ["a\nb", "c"])
        // Once the bytes to read again are used up, a quote may not span lines any more.
        let impatient = try readCSV(bytes, limits: CSVLimits(maxFields: 50, maxBytesReadAgain: 100_000))
        #expect(impatient.suffix(2).map(\.problem) == [.unclosedQuote, nil])
        #expect(impatient.prefix(400).allSatisfy { $0.problem == .unclosedQuote })
    }
}

/// The rules of `CSVScanner` written as plainly as can be, without limits.
private struct PlainReader {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes[3...]) : bytes
    }

    func rows() -> [(line: Int, fields: [String])] {
        var rows: [(Int, [String])] = []
        var start = 0
        var line = 1
        while start < bytes.count {
            var end = start
            let fields: [String]
            if let (found, at) = record(from: start) {
                fields = found
                end = at
            } else {
                fields = []
                while end < bytes.count, !isEnd(end) { end += 1 }
            }
            rows.append((line, fields))
            end = afterEnd(end)
            line += max(
                1,
                (start..<end).count { isEnd($0) && !(bytes[$0] == 10 && $0 > start && bytes[$0 - 1] == 13) })
            start = end
        }
        return rows
    }

    private func record(from start: Int) -> ([String], Int)? {
        var fields: [String] = []
        var i = start
        while true {
            var text: [UInt8] = []
            var j = i
            while j < bytes.count, bytes[j] == 0x20 || bytes[j] == 0x09 { j += 1 }
            var rest: [UInt8] = []
            let isQuoted = j < bytes.count && bytes[j] == 0x22
            if isQuoted {
                i = j + 1
                while true {
                    guard i < bytes.count else { return nil }
                    if bytes[i] == 0x22 {
                        if i + 1 < bytes.count, bytes[i + 1] == 0x22 { i += 1 } else { break }
                    }
                    text.append(bytes[i])
                    i += 1
                }
                i += 1
            }
            while i < bytes.count, bytes[i] != 0x2c, !isEnd(i) {
                rest.append(bytes[i])
                i += 1
            }
            let isText = rest.contains { $0 != 0x20 && $0 != 0x09 }
            if isQuoted, isText, text.contains(10) || text.contains(13) { return nil }
            if !isQuoted || isText { text += rest }
            fields.append(String(decoding: text, as: UTF8.self))
            if i >= bytes.count || isEnd(i) { return (fields, i) }
            i += 1
        }
    }

    private func isEnd(_ i: Int) -> Bool { bytes[i] == 10 || bytes[i] == 13 }

    private func afterEnd(_ i: Int) -> Int {
        guard i < bytes.count else { return i }
        return bytes[i] == 13 && i + 1 < bytes.count && bytes[i + 1] == 10 ? i + 2 : i + 1
    }
}
