extension TextEncoding {
    var isUTF16: Bool { self == .utf16le || self == .utf16be }
}

/// Turns the bytes of a file into UTF-8, chunk by chunk.
///
/// UTF-8 passes through unchecked. Bytes that windows-1252 and -1254 leave undefined become the control
/// characters of the same number (WHATWG Encoding Standard). Half a surrogate pair becomes the byte FF,
/// which no UTF-8 has, so that the reader can flag the record it is in.
struct TextDecoder {
    let encoding: TextEncoding
    private let table: [UInt32]
    private var pendingByte: UInt8?
    private var pendingSurrogate: UInt32?

    init(_ encoding: TextEncoding) {
        self.encoding = encoding
        table =
            switch encoding {
            case .windows1252: (0...255).map { windows1252(UInt8($0)) }
            case .windows1254: (0...255).map { windows1254(UInt8($0)) }
            case .latin1: (0...255).map { UInt32($0) }
            case .utf8, .utf16le, .utf16be: []
            }
    }

    mutating func decode(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) {
        switch encoding {
        case .utf8: output.append(contentsOf: input)
        case .utf16le, .utf16be:
            for byte in input {
                guard let first = pendingByte else {
                    pendingByte = byte
                    continue
                }
                pendingByte = nil
                let unit =
                    encoding == .utf16le
                    ? UInt32(byte) << 8 | UInt32(first) : UInt32(first) << 8 | UInt32(byte)
                decodeUnit(unit, into: &output)
            }
        case .windows1252, .windows1254, .latin1:
            for byte in input {
                if byte < 0x80 { output.append(byte) } else { appendUTF8(table[Int(byte)], to: &output) }
            }
        }
    }

    /// What is half read at the end of the file.
    mutating func finish(into output: inout [UInt8]) {
        if pendingSurrogate != nil || pendingByte != nil { output.append(0xff) }
        pendingSurrogate = nil
        pendingByte = nil
    }

    private mutating func decodeUnit(_ unit: UInt32, into output: inout [UInt8]) {
        if let high = pendingSurrogate {
            pendingSurrogate = nil
            if unit & 0xfc00 == 0xdc00 {
                appendUTF8(0x10000 + (high & 0x3ff) << 10 + unit & 0x3ff, to: &output)
                return
            }
            output.append(0xff)
        }
        switch unit & 0xfc00 {
        case 0xd800: pendingSurrogate = unit
        case 0xdc00: output.append(0xff)
        default: appendUTF8(unit, to: &output)
        }
    }
}

/// The scalar of a windows-1252 byte.
func windows1252(_ byte: UInt8) -> UInt32 {
    (0x80...0x9f).contains(byte) ? UInt32(windows1252High[Int(byte) - 0x80]) : UInt32(byte)
}

/// The same but for six Turkish letters and two bytes that are undefined.
func windows1254(_ byte: UInt8) -> UInt32 {
    switch byte {
    case 0xd0: 0x11e
    case 0xdd: 0x130
    case 0xde: 0x15e
    case 0xf0: 0x11f
    case 0xfd: 0x131
    case 0xfe: 0x15f
    case 0x8e, 0x9e: UInt32(byte)
    default: windows1252(byte)
    }
}

private let windows1252High: [UInt16] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d,
    0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
    0x153, 0x9d, 0x17e, 0x178,
]

private func appendUTF8(_ scalar: UInt32, to output: inout [UInt8]) {
    switch scalar {
    case ..<0x80: output.append(UInt8(truncatingIfNeeded: scalar))
    case ..<0x800:
        output.append(UInt8(truncatingIfNeeded: 0xc0 | scalar >> 6))
        output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f))
    case ..<0x10000:
        output.append(UInt8(truncatingIfNeeded: 0xe0 | scalar >> 12))
        output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3f))
        output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f))
    default:
        output.append(UInt8(truncatingIfNeeded: 0xf0 | scalar >> 18))
        output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3f))
        output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3f))
        output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f))
    }
}

/// The length of the UTF-8 sequence at `index`, or 0 when there is no whole valid one (Unicode, table 3-7).
func sequenceLength(_ text: Span<UInt8>, at index: Int, end: Int) -> Int {
    func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xbf) -> Bool {
        index + offset < end && range.contains(text[index + offset])
    }
    switch text[index] {
    case 0x00...0x7f: return 1
    case 0xc2...0xdf: return continues(1) ? 2 : 0
    case 0xe0: return continues(1, 0xa0...0xbf) && continues(2) ? 3 : 0
    case 0xed: return continues(1, 0x80...0x9f) && continues(2) ? 3 : 0
    case 0xe1...0xef: return continues(1) && continues(2) ? 3 : 0
    case 0xf0: return continues(1, 0x90...0xbf) && continues(2) && continues(3) ? 4 : 0
    case 0xf1...0xf3: return continues(1) && continues(2) && continues(3) ? 4 : 0
    case 0xf4: return continues(1, 0x80...0x8f) && continues(2) && continues(3) ? 4 : 0
    default: return 0
    }
}

func isValidUTF8(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index < range.upperBound {
        if text[index] < 0x80 {
            index += 1
            continue
        }
        let length = sequenceLength(text, at: index, end: range.upperBound)
        if length == 0 { return false }
        index += length
    }
    return true
}

/// Keeps what is valid and reads every other byte as windows-1252.
func repairedUTF8(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count + 8)
    let span = text.span
    var index = 0
    while index < span.count {
        let length = sequenceLength(span, at: index, end: span.count)
        if length == 0 {
            appendUTF8(windows1252(span[index]), to: &result)
            index += 1
        } else {
            for offset in 0..<length { result.append(span[index + offset]) }
            index += length
        }
    }
    return result
}

func repairFields(of row: inout CSVRow) {
    var bytes: [UInt8] = []
    var ends: [Int] = []
    for index in 0..<row.count {
        bytes.append(contentsOf: repairedUTF8(row.bytes[row.range(index)]))
        ends.append(bytes.count)
    }
    row.bytes = bytes
    row.ends = ends
}

extension Span<UInt8> {
    func contains(_ byte: UInt8, in range: Range<Int>) -> Bool {
        for index in range where self[index] == byte { return true }
        return false
    }

    func firstLineEnd(from start: Int) -> Int? {
        var index = start
        while index < count {
            let byte = self[index]
            if byte == lineFeed || byte == carriageReturn { return index }
            index += 1
        }
        return nil
    }

    /// `position`, or where the character begins that it would cut in two; never beyond the range.
    func characterBoundary(_ position: Int, in range: Range<Int>) -> Int {
        guard position < range.upperBound else { return range.upperBound }
        var index = position
        while index > range.lowerBound, position - index < 3, self[index] & 0xc0 == 0x80 { index -= 1 }
        return index
    }
}
