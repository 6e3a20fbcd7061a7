import Foundation

private let sampleSize = 256 << 10

/// Finds encoding, delimiter and header candidates from the first 256 KB. Throws `CSVFileError`.
///
/// - Parameters: encoding, delimiter: where they are known already.
public func sniffDialect(path: String, encoding: TextEncoding? = nil, delimiter: UInt8? = nil) throws
    -> CSVDialect
{
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CSVFileError(action: "open", path: path, code: errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: sampleSize)
    var filled = 0
    while filled < bytes.count {
        let got = bytes[filled...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if got == 0 { break }
        if got < 0 {
            if errno == EINTR { continue }
            throw CSVFileError(action: "read", path: path, code: errno)
        }
        filled += got
    }
    return sniffDialect(bytes: Array(bytes[..<filled]), encoding: encoding, delimiter: delimiter)
}

/// Finds encoding, delimiter and header candidates; bytes after the first 256 KB are not looked at.
public func sniffDialect(bytes: [UInt8], encoding: TextEncoding? = nil, delimiter: UInt8? = nil)
    -> CSVDialect
{
    let sample = bytes.count > sampleSize ? Array(bytes[..<sampleSize]) : bytes
    let encoding = encoding ?? sniffEncoding(sample)
    let delimiters: [UInt8] = delimiter.map { [$0] } ?? [0x2c, 0x3b, 0x09, 0x7c]
    var best = CSVDialect(encoding: encoding)
    var bestScore = 0.0
    for delimiter in delimiters {
        var dialect = CSVDialect(encoding: encoding, delimiter: delimiter)
        let rows = firstRows(sample, dialect, isWhole: bytes.count < sampleSize)
        // Spreadsheets write their delimiter as `sep=;` into the first line.
        let isNamed = rows.first.map {
            foldedName($0.fields.joined()) == "sep=" && $0.fields.count == 2
        }
        let score = isNamed == true ? .infinity : regularity(rows)
        dialect.headerLines = headerLines(rows)
        if score > bestScore || delimiter == delimiters.first {
            best = dialect
            bestScore = score
        }
    }
    return best
}

/// A byte order mark; else UTF-16 when most bytes on one side of each pair are NUL; else UTF-8 when valid, but for half
/// a character now and then, as a dialer leaves that cuts texts off; else windows-1254 when it has letters that only Turkish has there; else windows-1252.
func sniffEncoding(_ bytes: [UInt8]) -> TextEncoding {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return .utf8 }
    if bytes.starts(with: [0xff, 0xfe]) { return .utf16le }
    if bytes.starts(with: [0xfe, 0xff]) { return .utf16be }
    let pairs = bytes.count / 2
    var evenNULs = 0
    var oddNULs = 0
    for (index, byte) in bytes.enumerated() where byte == 0 {
        if index % 2 == 0 { evenNULs += 1 } else { oddNULs += 1 }
    }
    // Text in other scripts has NULs too: every delimiter, digit and line end.
    if pairs > 0, oddNULs * 5 > pairs, evenNULs * 20 < oddNULs { return .utf16le }
    if pairs > 0, evenNULs * 5 > pairs, oddNULs * 20 < evenNULs { return .utf16be }
    // The sample may end within a character.
    let end = bytes.count < sampleSize ? bytes.count : bytes.count - 3
    var index = 0
    var (characters, broken) = (0, 0)
    while index < end {
        let length = sequenceLength(bytes.span, at: index, end: bytes.count)
        if length == 0 { broken += 1 } else if length > 1 { characters += 1 }
        index += max(1, length)
    }
    // In the others hardly ever two letters look like one of these.
    return broken == 0 || characters >= 4 * broken ? .utf8 : sniffSingleByte(bytes)
}

private func sniffSingleByte(_ bytes: [UInt8]) -> TextEncoding {
    let turkish: Set<UInt8> = [0xd0, 0xdd, 0xde, 0xf0, 0xfd, 0xfe]
    // Those six are Icelandic in windows-1252, which cannot do without these.
    let icelandic: Set<UInt8> = [0xc1, 0xc6, 0xc9, 0xcd, 0xd3, 0xda, 0xe1, 0xe6, 0xe9, 0xed, 0xf3, 0xfa]
    let found = Set(bytes)
    return !found.isDisjoint(with: turkish) && found.isDisjoint(with: icelandic) ? .windows1254 : .windows1252
}

private struct SampleRow {
    var line: Int
    var fields: [String]
}

private func firstRows(_ sample: [UInt8], _ dialect: CSVDialect, isWhole: Bool) -> [SampleRow] {
    var reader = CSVReader(bytes: sample, dialect: dialect)
    var row = CSVRow()
    var rows: [SampleRow] = []
    while rows.count < 200, (try? reader.next(&row)) == true {
        if row.problem == nil, !row.isBlank { rows.append(SampleRow(line: row.line, fields: row.strings)) }
    }
    // The sample may end within a row.
    if !isWhole, rows.count > 1, rows.count < 200 { rows.removeLast() }
    return rows
}

/// How alike in width the rows are, and how wide: 0 when most have one field.
private func regularity(_ rows: [SampleRow]) -> Double {
    let width = usualWidth(rows)
    guard width > 1 else { return 0 }
    let alike = rows.count { $0.fields.count == width }
    return Double(alike) / Double(rows.count) * (1 + log2(Double(width)))
}

private func usualWidth(_ rows: [SampleRow]) -> Int {
    var counts: [Int: Int] = [:]
    for row in rows { counts[row.fields.count, default: 0] += 1 }
    return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0
}

/// Rows near the top that could name the columns: about as wide as the others, and nothing in them is a
/// number or a time. At most five.
private func headerLines(_ rows: [SampleRow]) -> [Int] {
    let width = usualWidth(rows)
    var lines: [Int] = []
    for row in rows.prefix(30) where lines.count < 5 {
        let names = row.fields.filter { !$0.allSatisfy(\.isWhitespace) }
        if row.fields.count * 2 >= width, names.count >= min(2, width), names.count * 2 >= row.fields.count,
            names.count > 1 || row.line == rows.first?.line, !names.contains(where: looksLikeData)
        {
            lines.append(row.line)
        }
    }
    return lines
}

/// At least as many digits as other characters: a number, a time, a telephone number.
private func looksLikeData(_ text: String) -> Bool {
    let digits = text.utf8.count { (0x30...0x39).contains($0) }
    return digits > 0 && digits * 2 >= text.utf8.count
}
