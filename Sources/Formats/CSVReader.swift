import Foundation

/// Reads records one by one in bounded memory; RFC 4180 with the tolerance `CSVScanner` describes.
///
/// A byte order mark is skipped; CR, LF and CRLF may be mixed; the last line needs no end; an empty line is
/// a record with one empty field. A record that runs over a limit or whose quote is never closed is given
/// up: it is reported at its first line, and reading goes on with the next *physical* line, so that a stray
/// quotation mark costs one line and not the rest of the file; see `doubtsQuotes`, too. A NUL flags its record alone.
/// Bytes that are not valid UTF-8 are read as windows-1252 one by one, and the row says `repaired`.
public struct CSVReader {
    /// Fills `CSVRow.raw` for every record, not only for problems.
    public var keepsRaw = false

    /// For files that others wrote: where a quoted field takes in lines that are records by themselves, as wide as the
    /// others, its mark belongs to a text and opened nothing. It costs its line; read as RFC 4180 has it, it would cost
    /// every line up to the next mark, without a word.
    public var doubtsQuotes = false

    /// Fields of the last record of one line.
    private var usualWidth = 0

    /// Bytes taken from the file so far, whole chunks at a time: for progress.
    public var bytesRead: Int64 { source.bytesRead }

    private let scanner: CSVScanner
    private let source: ByteSource
    private var decoder: TextDecoder
    private var buffer: [UInt8] = []
    private var head = 0
    private var line = 1
    private var scratch: [UInt8] = []
    private var isLast = false
    private var pastMark = false
    private var readAgain = 0

    /// Throws `CSVFileError` when the file cannot be opened.
    public init(path: String, dialect: CSVDialect, limits: CSVLimits = .init()) throws {
        self.init(source: try ByteSource(path: path, chunk: 1 << 18), dialect: dialect, limits: limits)
    }

    /// Reads an entry of an archive as it is unpacked; `next` throws `ArchiveFailure` and `FileFailure`, too.
    public init(archive: ArchiveReader, entry: String, dialect: CSVDialect, limits: CSVLimits = .init())
        throws
    {
        let stream = try ArchivedEntryStream(archive, entry: entry)
        self.init(source: ByteSource(stream.next), dialect: dialect, limits: limits)
    }

    public init(bytes: [UInt8], dialect: CSVDialect, limits: CSVLimits = .init()) {
        self.init(bytes: bytes, dialect: dialect, limits: limits, chunk: 1 << 18)
    }

    init(bytes: [UInt8], dialect: CSVDialect, limits: CSVLimits, chunk: Int) {
        self.init(source: ByteSource(bytes: bytes, chunk: chunk), dialect: dialect, limits: limits)
    }

    private init(source: ByteSource, dialect: CSVDialect, limits: CSVLimits) {
        self.source = source
        decoder = TextDecoder(dialect.encoding)
        scanner = CSVScanner(delimiter: dialect.delimiter, limits: limits)
    }

    /// Reads the next record into `row`; false at the end of the file. Throws `CSVFileError` only.
    public mutating func next(_ row: inout CSVRow) throws -> Bool {
        row.clear(line: line)
        if !pastMark { try skipMark() }
        while true {
            if head == buffer.count {
                if isLast { return false }
                try fill()
                continue
            }
            let needed = buffer.count - head + 8
            if scratch.count < needed {
                scratch.append(contentsOf: [UInt8](repeating: 0, count: needed - scratch.count))
            }
            let maySpanLines = readAgain <= scanner.limits.maxBytesReadAgain
            let outcome = scanner.scan(
                buffer, from: head, isLast: isLast, maySpanLines: maySpanLines,
                into: &scratch, ends: &row.ends)
            switch outcome {
            case .needsMore:
                try fill()
            case .failed(let problem, let at):
                try giveUp(problem, reach: at - head, &row)
                return true
            case .record(let record)
            where doubtsQuotes && record.spansLines && takesInRecords(head..<record.end):
                try giveUp(.unclosedQuote, reach: record.end - head, &row)
                return true
            case .record(let record):
                if !record.spansLines, row.ends.count > 1 { usualWidth = row.ends.count }
                row.bytes.append(contentsOf: scratch[..<record.length])
                if keepsRaw { row.raw.append(contentsOf: buffer[head..<record.end]) }
                if record.needsCheck { check(record, &row) }
                line += record.spansLines ? 1 + lineEnds(head..<record.end) : 1
                head = record.next
                return true
            }
        }
    }

    /// Whether a line of a record, behind its first, is a record by itself. The last one is only where a mark ends it: else
    /// it is the rest of a field that has lines.
    private func takesInRecords(_ text: Range<Int>) -> Bool {
        // Few fields a text may well have by chance.
        guard usualWidth >= 6 else { return false }
        var start = text.lowerBound
        var isFirst = true
        while start < text.upperBound {
            let end = buffer[start..<text.upperBound].firstIndex { $0 == lineFeed || $0 == carriageReturn }
            let line = start..<(end ?? text.upperBound)
            if !isFirst, fieldCount(of: line) == usualWidth,
                end != nil || buffer[line.upperBound - 1] == quote
            {
                return true
            }
            isFirst = false
            start = line.upperBound + 1
        }
        return false
    }

    /// Of a line by itself; 0 where a mark in it is not closed.
    private func fieldCount(of line: Range<Int>) -> Int {
        var (fields, isQuoted, isStart) = (1, false, true)
        for byte in buffer[line] {
            switch byte {
            case quote where isQuoted: isQuoted = false
            case quote where isStart: (isQuoted, isStart) = (true, false)
            case scanner.delimiter where !isQuoted: (fields, isStart) = (fields + 1, true)
            default: isStart = false
            }
        }
        return isQuoted ? 0 : fields
    }

    /// Looks closer at a record that has a NUL or a byte beyond ASCII in it, or near it.
    private func check(_ record: ScannedRecord, _ row: inout CSVRow) {
        let text = head..<record.end
        // The record's own text, not the fields side by side: two halves of a character may meet there.
        let isValid = isValidUTF8(buffer.span, text)
        if buffer.span.contains(0, in: text) {
            row.problem = .nulByte
        } else if !isValid, decoder.encoding.isUTF16 {
            row.problem = .invalidText
        } else if !isValid {
            repairFields(of: &row)
            if keepsRaw { row.raw = repairedUTF8(row.raw[...]) }
            row.repaired = true
        }
        if row.problem != nil {
            row.bytes.removeAll(keepingCapacity: true)
            row.ends.removeAll(keepingCapacity: true)
            row.raw = shown(buffer[text])
        }
    }

    private func shown(_ text: ArraySlice<UInt8>) -> [UInt8] {
        decoder.encoding.isUTF16
            ? Array(String(decoding: text, as: UTF8.self).utf8) : repairedUTF8(text)
    }

    private func lineEnds(_ range: Range<Int>) -> Int {
        var count = 0
        var previous: UInt8 = 0
        for index in range {
            let byte = buffer[index]
            if byte == carriageReturn || (byte == lineFeed && previous != carriageReturn) { count += 1 }
            previous = byte
        }
        return count
    }

    /// Reports a record at its first line and drops that line only.
    private mutating func giveUp(_ problem: CSVProblem, reach: Int, _ row: inout CSVRow) throws {
        row.ends.removeAll(keepingCapacity: true)
        row.problem = problem
        let limit = scanner.limits.maxRawOfProblem
        var end = buffer.span.firstLineEnd(from: head)
        while end == nil, buffer.count - head <= limit, !isLast {
            try fill()
            end = buffer.span.firstLineEnd(from: head)
        }
        let whole = head..<(end ?? buffer.count)
        row.raw = shown(buffer[head..<buffer.span.characterBoundary(head + limit, in: whole)])
        let dropped = try skipLine()
        readAgain += max(0, reach - dropped)
        line += 1
    }

    /// Drops the rest of the physical line without keeping it; the number of bytes dropped.
    private mutating func skipLine() throws -> Int {
        var dropped = 0
        while true {
            guard let end = buffer.span.firstLineEnd(from: head) else {
                dropped += buffer.count - head
                head = buffer.count
                if isLast { return dropped }
                try fill()
                continue
            }
            dropped += end - head
            head = end
            if buffer[end] == carriageReturn {
                if end + 1 == buffer.count, !isLast {
                    try fill()
                    continue
                }
                if end + 1 < buffer.count, buffer[end + 1] == lineFeed {
                    dropped += 1
                    head += 1
                }
            }
            head += 1
            return dropped + 1
        }
    }

    private mutating func skipMark() throws {
        while buffer.count < 3, !isLast { try fill() }
        if buffer.starts(with: [0xef, 0xbb, 0xbf]) { head = 3 }
        pastMark = true
    }

    /// Adds at least as much as is left over, so that a long record is not scanned once per chunk.
    private mutating func fill() throws {
        buffer.removeSubrange(0..<head)
        head = 0
        let wanted = buffer.count + min(max(1, buffer.count), 1 << 20)
        repeat {
            let chunk = try source.read()
            if chunk.isEmpty {
                decoder.finish(into: &buffer)
                isLast = true
            } else {
                decoder.decode(chunk, into: &buffer)
            }
        } while buffer.count < wanted && !isLast
    }
}

/// The bytes of a file or an array, chunk by chunk.
private final class ByteSource {
    private let path: String
    private let descriptor: Int32?
    private let chunk: Int
    private let next: (() throws -> ArraySlice<UInt8>)?
    private var bytes: [UInt8]
    private var offset = 0

    var bytesRead: Int64 { Int64(offset) }

    init(bytes: [UInt8], chunk: Int) {
        path = ""
        descriptor = nil
        next = nil
        self.bytes = bytes
        self.chunk = max(1, chunk)
    }

    /// - Parameter next: the next bytes, wherever they come from; none at the end.
    init(_ next: @escaping () throws -> ArraySlice<UInt8>) {
        path = ""
        descriptor = nil
        self.next = next
        bytes = []
        chunk = 0
    }

    init(path: String, chunk: Int) throws {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw CSVFileError(action: "open", path: path, code: errno) }
        self.path = path
        self.chunk = chunk
        next = nil
        descriptor = opened
        bytes = Array(repeating: 0, count: chunk)
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// Empty at the end.
    func read() throws -> ArraySlice<UInt8> {
        if let next {
            let piece = try next()
            offset += piece.count
            return piece
        }
        guard let descriptor else {
            let start = offset
            offset = min(bytes.count, offset + chunk)
            return bytes[start..<offset]
        }
        while true {
            let got = bytes.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
            if got >= 0 {
                offset += got
                return bytes[..<min(got, bytes.count)]
            }
            if errno != EINTR { throw CSVFileError(action: "read", path: path, code: errno) }
        }
    }
}

func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
