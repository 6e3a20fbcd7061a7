import Foundation

/// Writes records as RFC 4180 with CRLF, in UTF-8 without a byte order mark, through a buffer of 64 KB.
///
/// Fields are quoted when they must be. Call `finish()` at the end; the descriptor stays open and is the
/// caller's to sync and close.
public struct CSVWriter {
    /// What is not yet written; without a descriptor everything.
    public private(set) var bytes: [UInt8] = []

    private let descriptor: Int32?
    private let delimiter: UInt8
    private let guardsFormulas: Bool
    private var isFirstField = true

    /// - Parameter guardsFormulas: for files that people open in a spreadsheet, never for archives: text
    ///   that a spreadsheet would run (it begins with `=`, `+`, `-`, `@`, tab or a line end) gets a leading
    ///   apostrophe; plain numbers are left (OWASP, "CSV Injection").
    public init(descriptor: Int32? = nil, delimiter: UInt8 = 0x2c, guardsFormulas: Bool = false) {
        self.descriptor = descriptor
        self.delimiter = delimiter
        self.guardsFormulas = guardsFormulas
    }

    public mutating func field(_ text: String) {
        append(text.utf8)
    }

    public mutating func field(_ value: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A field of UTF-8 bytes as they are in a row; a range beyond the bytes is cut.
    public mutating func field(_ source: [UInt8], _ range: Range<Int>) {
        append(source[range.clamped(to: 0..<source.count)])
    }

    /// Ends the record; a record without fields is an empty line. Throws `CSVFileError`.
    public mutating func endRecord() throws {
        bytes.append(carriageReturn)
        bytes.append(lineFeed)
        isFirstField = true
        if bytes.count >= 1 << 16 { try flush() }
    }

    public mutating func record(_ fields: some Sequence<String>) throws {
        for text in fields { field(text) }
        try endRecord()
    }

    /// Throws `CSVFileError`.
    public mutating func finish() throws { try flush() }

    private mutating func separate() {
        if !isFirstField { bytes.append(delimiter) }
        isFirstField = false
    }

    private mutating func append(_ text: some BidirectionalCollection<UInt8>) {
        separate()
        let isGuarded = guardsFormulas && looksLikeFormula(text)
        // A reader would take a byte order mark or spaces at an end for no part of the field.
        var isQuoted = isEdge(text.first) || isEdge(text.last) || text.first == 0xef
        if !isQuoted {
            for byte in text
            where byte == delimiter || byte == quote || byte == lineFeed || byte == carriageReturn {
                isQuoted = true
                break
            }
        }
        if isQuoted { bytes.append(quote) }
        if isGuarded { bytes.append(0x27) }
        if isQuoted {
            for byte in text {
                if byte == quote { bytes.append(quote) }
                bytes.append(byte)
            }
            bytes.append(quote)
        } else {
            bytes.append(contentsOf: text)
        }
    }

    private func isEdge(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0x09 }

    private mutating func flush() throws {
        guard let descriptor else { return }
        var start = 0
        while start < bytes.count {
            let done = bytes[start...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if done < 0 {
                if errno == EINTR { continue }
                throw CSVFileError(action: "write", path: "the file", code: errno)
            }
            start += done
        }
        bytes.removeAll(keepingCapacity: true)
    }
}

/// Text that a spreadsheet would take for a formula; the full-width forms of the four signs count too.
func looksLikeFormula(_ text: some Collection<UInt8>) -> Bool {
    switch text.first {
    case 0x3d, 0x40, 0x09, 0x0d, 0x0a: true
    case 0x2b, 0x2d: !isPlainNumber(text)
    case 0xef:
        text.starts(with: [0xef, 0xbc, 0x9d]) || text.starts(with: [0xef, 0xbc, 0x8b])
            || text.starts(with: [0xef, 0xbc, 0x8d]) || text.starts(with: [0xef, 0xbc, 0xa0])
    default: false
    }
}

/// A sign, digits, and at most one point or comma with digits on both sides.
private func isPlainNumber(_ text: some Collection<UInt8>) -> Bool {
    var digits = 0
    var separators = 0
    for byte in text.dropFirst(text.first == 0x2b || text.first == 0x2d ? 1 : 0) {
        switch byte {
        case 0x30...0x39: digits += 1
        case 0x2e, 0x2c:
            if digits == 0 || separators > 0 { return false }
            separators += 1
            digits = 0
        default: return false
        }
    }
    return digits > 0
}
