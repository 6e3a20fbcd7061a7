// The first two bytes choose encoding, delimiter, limits and chunk size; the rest is the file.
// Built by fuzz.sh together with the sources it tries, as one module.

import Foundation

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCSV(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 2 else { return 0 }
    let file = Array(input[2...])
    let encodings = TextEncoding.allCases
    let delimiters: [UInt8] = [0x2c, 0x3b, 0x09, 0x7c]
    let dialect = CSVDialect(
        encoding: encodings[Int(input[0]) % encodings.count], delimiter: delimiters[Int(input[0] >> 6)])
    let limits =
        input[1] < 128
        ? CSVLimits()
        : CSVLimits(
            maxFieldBytes: 20, maxFields: 4, maxRecordBytes: 50, maxRawOfProblem: 8, maxBytesReadAgain: 100)
    let whole = read(file, dialect, limits, chunk: 1 << 18)
    let pieces = read(file, dialect, limits, chunk: 1 + Int(input[1] & 63))
    expect(whole == pieces, "the size of the chunks made a difference")
    expect(zip(whole, whole.dropFirst()).allSatisfy { $0.line < $1.line }, "lines went back")

    var writer = CSVWriter(guardsFormulas: input[1] & 64 != 0)
    let good = whole.filter { $0.problem == nil }
    for row in good { try? writer.record(row.fields) }
    let again = read(writer.bytes, CSVDialect(), CSVLimits(maxFields: 1 << 20), chunk: 1 << 18)
    expect(again.map(\.fields.count) == good.map(\.fields.count), "the round trip lost a field")
    if input[1] & 64 == 0 {
        expect(again.map(\.fields) == good.map(\.fields), "the round trip changed a field")
    }
    _ = sniffDialect(bytes: file)
    parseFields(whole)
    return 0
}

private struct Row: Equatable {
    var line: Int
    var fields: [String]
    var raw: String
    var problem: CSVProblem?
}

private func read(_ bytes: [UInt8], _ dialect: CSVDialect, _ limits: CSVLimits, chunk: Int) -> [Row] {
    var reader = CSVReader(bytes: bytes, dialect: dialect, limits: limits, chunk: chunk)
    reader.keepsRaw = true
    var row = CSVRow()
    var rows: [Row] = []
    while (try? reader.next(&row)) == true {
        expect(isValidUTF8(row.bytes.span, 0..<row.bytes.count), "a field is not UTF-8")
        expect(isValidUTF8(row.raw.span, 0..<row.raw.count), "a raw line is not UTF-8")
        rows.append(Row(line: row.line, fields: row.strings, raw: row.rawString, problem: row.problem))
    }
    return rows
}

private func parseFields(_ rows: [Row]) {
    var column = DateColumn()
    for row in rows {
        for field in row.fields {
            column.add(field, line: row.line)
            if let integer = parseInteger(field) {
                expect(parseInteger("\(integer)") == integer, "a number does not return")
            }
            if case .seconds(let seconds) = parseDuration(field) {
                expect((0...longestDuration).contains(seconds), "a duration is out of bounds")
            }
            if let second = parseClockTime(field) {
                expect((0..<86_400).contains(second), "a clock time is out of bounds")
            }
            for order in DateOrder.allCases {
                if let time = parseTime(field, order: order) {
                    expect(
                        parseTime(time.local.iso, order: order)?.local == time.local, "a time does not return"
                    )
                }
            }
            _ = foldedHeader(field)
            let name = partTimer(field)
            expect(name.marked || name.name == displayName(field), "an unmarked name changed")
            _ = foldedName(field)
        }
    }
    _ = column.verdict
    expect(DateOrder.allCases.allSatisfy { column.fitting($0) <= column.values }, "too many fit")
}

/// Says what is wrong before it ends the process; optimised builds drop the words of a precondition.
private func expect(_ isTrue: Bool, _ otherwise: @autoclosure () -> String) {
    if isTrue { return }
    FileHandle.standardError.write(Data("\(otherwise())\n".utf8))
    abort()
}
