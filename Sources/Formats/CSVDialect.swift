/// How the bytes of a file stand for characters.
public enum TextEncoding: String, Codable, Sendable, CaseIterable {
    case utf8, utf16le, utf16be, windows1252, windows1254, latin1
}

/// How the text of a file is laid out.
public struct CSVDialect: Hashable, Codable, Sendable {
    public var encoding: TextEncoding

    /// An ASCII byte: comma, semicolon, tab or pipe when sniffed.
    public var delimiter: UInt8

    /// Physical lines (1-based) of the rows that may be the header, the likeliest first; empty when none may.
    public var headerLines: [Int]

    public init(encoding: TextEncoding = .utf8, delimiter: UInt8 = 0x2c, headerLines: [Int] = []) {
        self.encoding = encoding
        self.delimiter = delimiter
        self.headerLines = headerLines
    }
}

/// The bounds that keep memory and time bounded whatever the input; all in bytes of UTF-8 but `maxFields`.
public struct CSVLimits: Sendable {
    public var maxFieldBytes: Int
    public var maxFields: Int
    public var maxRecordBytes: Int

    /// How much of a record that was given up is kept in `CSVRow.raw`.
    public var maxRawOfProblem: Int

    /// How many bytes may be read again after unclosed quotes, in a whole file, before quoted fields may
    /// no longer contain line ends: a hostile file would otherwise cost its size times `maxRecordBytes`.
    public var maxBytesReadAgain: Int

    public init(
        maxFieldBytes: Int = 1 << 20, maxFields: Int = 1000, maxRecordBytes: Int = 8 << 20,
        maxRawOfProblem: Int = 16 << 10, maxBytesReadAgain: Int = 64 << 20
    ) {
        self.maxFieldBytes = max(1, maxFieldBytes)
        self.maxFields = max(1, maxFields)
        self.maxRecordBytes = max(1, maxRecordBytes)
        self.maxRawOfProblem = max(4, maxRawOfProblem)
        self.maxBytesReadAgain = max(0, maxBytesReadAgain)
    }
}

extension CSVLimits {
    /// For files that this program wrote: a field may hold a whole record of another file, its quotation marks doubled.
    public static let ownFiles = CSVLimits(maxFieldBytes: 17 << 20, maxRecordBytes: 18 << 20)
}

/// Why a record could not be read; such a record has no fields, only its `raw` text.
public enum CSVProblem: Equatable, Sendable, CustomStringConvertible {
    case nulByte
    case fieldTooLong(limit: Int)
    case tooManyFields(limit: Int)
    case recordTooLong(limit: Int)

    /// A quoted field that never ends; a record that takes in line ends inside quotes and then runs over a
    /// limit; a field with line ends in it that goes on after its closing mark. All are what one stray
    /// quotation mark looks like.
    case unclosedQuote

    /// Half of a UTF-16 surrogate pair, or half of a unit at the end of the file.
    case invalidText

    public var description: String {
        switch self {
        case .nulByte: "The line has a NUL character in it."
        case .fieldTooLong(let limit): "A field is longer than \(limit) bytes."
        case .tooManyFields(let limit): "The line has more than \(limit) fields."
        case .recordTooLong(let limit): "The line is longer than \(limit) bytes."
        case .unclosedQuote: "A quotation mark opens a field and is never closed."
        case .invalidText: "The line has characters that cannot be read."
        }
    }
}

/// A file that could not be opened, read or written.
public struct CSVFileError: Error, Equatable, CustomStringConvertible {
    public var action: String
    public var path: String

    /// `errno` of the failed call.
    public var code: Int32

    public init(action: String, path: String, code: Int32) {
        self.action = action
        self.path = path
        self.code = code
    }

    public var description: String { "cannot \(action) \(path): \(systemMessage(code))" }
}
