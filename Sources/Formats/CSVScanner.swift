/// What became of one try to read a record from the buffer.
enum ScanOutcome {
    case needsMore
    case record(ScannedRecord)

    /// Given up at the byte `at`, the same whatever the size of the chunks the file was read in.
    case failed(CSVProblem, at: Int)
}

struct ScannedRecord {
    /// Bytes written: the length of all fields together.
    var length: Int

    /// Where the text ends in the buffer, and where the next record begins, after the line end.
    var end: Int
    var next: Int

    /// A quoted field has a line end in it.
    var spansLines: Bool

    /// There may be a NUL or a byte beyond ASCII in it.
    var needsCheck: Bool
}

/// Splits one record into unescaped fields (RFC 4180, tolerant), eight bytes at a time.
///
/// Where files depart from the RFC: a field is quoted when its first character after any spaces is a
/// quotation mark, and those spaces, like spaces after the closing mark, are dropped; other text after the
/// closing mark belongs to the field (`"User 5" <109>` is `User 5 <109>`); elsewhere a quotation mark is
/// itself. A backslash escapes nothing. Text after the closing mark of a field with line ends in it is taken
/// for the sign of a stray mark before: the next line's opening mark has closed the field.
struct CSVScanner {
    var delimiter: UInt8
    var limits: CSVLimits

    /// `bytes` must be at least eight longer than the text from `start`; it is scratch and never shrinks.
    func scan(
        _ buffer: [UInt8], from start: Int, isLast: Bool, maySpanLines: Bool,
        into bytes: inout [UInt8], ends: inout [Int]
    ) -> ScanOutcome {
        let text = buffer.span
        let count = text.count
        let words = text.bytes
        var span = bytes.mutableSpan
        var output = span.mutableBytes
        let delimiters = UInt64(repeating: delimiter)
        var i = start
        var o = 0
        var spansLines = false
        var seen: UInt64 = 0
        ends.removeAll(keepingCapacity: true)

        while true {
            let fieldStart = o
            var closedAt = -1
            var fieldSpansLines = false
            var ahead = i
            while ahead < count, isSpace(text[ahead]) { ahead += 1 }
            if ahead > i {
                // Spaces without end must not fill the buffer.
                if let failure = overrun(i: ahead, start: start, field: ahead - i, spansLines) {
                    return failure
                }
            }
            if ahead == count, !isLast { return .needsMore }

            if ahead < count, text[ahead] == quote {
                i = ahead + 1
                while true {
                    copyWords(
                        words, stopAt: quotes, into: &output, &i, &o, &seen, start: start,
                        fieldStart: fieldStart)
                    if let failure = overrun(i: i, start: start, field: o - fieldStart, spansLines) {
                        return failure
                    }
                    if i == count { return isLast ? .failed(.unclosedQuote, at: i) : .needsMore }
                    let byte = text[i]
                    if byte != quote {
                        if byte == lineFeed || byte == carriageReturn {
                            guard maySpanLines else { return .failed(.unclosedQuote, at: i) }
                            spansLines = true
                            fieldSpansLines = true
                        }
                        seen |= byte == 0 ? highBits : UInt64(byte)
                        output.storeBytes(of: byte, toByteOffset: o, as: UInt8.self)
                        i += 1
                        o += 1
                        continue
                    }
                    if i + 1 < count, text[i + 1] == quote {
                        output.storeBytes(of: quote, toByteOffset: o, as: UInt8.self)
                        i += 2
                        o += 1
                        continue
                    }
                    i += 1
                    break
                }
                closedAt = o
            }

            var ending: UInt8?
            while true {
                copyWords(
                    words, stopAt: delimiters, into: &output, &i, &o, &seen, start: start,
                    fieldStart: fieldStart)
                if let failure = overrun(i: i, start: start, field: o - fieldStart, spansLines) {
                    return failure
                }
                if i == count {
                    if !isLast { return .needsMore }
                    break
                }
                let byte = text[i]
                if byte == delimiter || byte == lineFeed || byte == carriageReturn {
                    ending = byte
                    break
                }
                seen |= byte == 0 ? highBits : UInt64(byte)
                output.storeBytes(of: byte, toByteOffset: o, as: UInt8.self)
                i += 1
                o += 1
            }
            if closedAt >= 0, closedAt < o {
                var end = o
                while end > closedAt,
                    isSpace(output.bytes.unsafeLoad(fromByteOffset: end - 1, as: UInt8.self))
                {
                    end -= 1
                }
                if end == closedAt {
                    o = end
                } else if fieldSpansLines {
                    return .failed(.unclosedQuote, at: i)
                }
            }
            ends.append(o)

            if let ending, ending == delimiter {
                if ends.count >= limits.maxFields {
                    return .failed(
                        spansLines ? .unclosedQuote : .tooManyFields(limit: limits.maxFields), at: i)
                }
                i += 1
                continue
            }
            var next = i
            if let ending {
                next += 1
                if ending == carriageReturn {
                    if next == count, !isLast { return .needsMore }
                    if next < count, text[next] == lineFeed { next += 1 }
                }
            }
            return .record(
                ScannedRecord(
                    length: o, end: i, next: next, spansLines: spansLines,
                    needsCheck: seen & highBits != 0))
        }
    }

    /// Copies up to the first line end or byte of the pattern, a limit, or the last eight bytes.
    @inline(__always)
    private func copyWords(
        _ words: RawSpan, stopAt pattern: UInt64, into output: inout MutableRawSpan, _ i: inout Int,
        _ o: inout Int, _ seen: inout UInt64, start: Int, fieldStart: Int
    ) {
        while i + 8 <= words.byteCount {
            let word = UInt64(littleEndian: words.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self))
            output.storeBytes(of: word.littleEndian, toByteOffset: o, as: UInt64.self)
            seen |= word | (word &- lowBits)
            let hits = (matches(word, pattern) | matches(word, lineFeeds) | matches(word, returns)) & highBits
            let step = hits == 0 ? 8 : hits.trailingZeroBitCount >> 3
            i += step
            o += step
            if hits != 0 || o - fieldStart > limits.maxFieldBytes || i - start > limits.maxRecordBytes {
                return
            }
        }
    }

    @inline(__always)
    private func isSpace(_ byte: UInt8) -> Bool {
        (byte == 0x20 || byte == 0x09) && byte != delimiter
    }

    /// The failure at the first byte over a limit, wherever in the last eight bytes that was.
    @inline(__always)
    private func overrun(i: Int, start: Int, field: Int, _ spansLines: Bool) -> ScanOutcome? {
        if field <= limits.maxFieldBytes && i - start <= limits.maxRecordBytes { return nil }
        let fieldAt = field > limits.maxFieldBytes ? i - (field - limits.maxFieldBytes) : Int.max
        let recordAt = i - start > limits.maxRecordBytes ? start + limits.maxRecordBytes : Int.max
        let problem: CSVProblem =
            if spansLines {
                .unclosedQuote
            } else if fieldAt <= recordAt {
                .fieldTooLong(limit: limits.maxFieldBytes)
            } else {
                .recordTooLong(limit: limits.maxRecordBytes)
            }
        return .failed(problem, at: min(fieldAt, recordAt))
    }
}

let quote: UInt8 = 0x22
let lineFeed: UInt8 = 0x0a
let carriageReturn: UInt8 = 0x0d

private let lowBits: UInt64 = 0x0101_0101_0101_0101
private let highBits: UInt64 = 0x8080_8080_8080_8080
private let quotes: UInt64 = 0x2222_2222_2222_2222
private let lineFeeds: UInt64 = 0x0a0a_0a0a_0a0a_0a0a
private let returns: UInt64 = 0x0d0d_0d0d_0d0d_0d0d

/// Sets the high bit of each byte that equals the pattern's; bits above the first hit may be false.
@inline(__always)
private func matches(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
    let difference = word ^ pattern
    return (difference &- lowBits) & ~difference
}

extension UInt64 {
    @inline(__always)
    fileprivate init(repeating byte: UInt8) { self = UInt64(byte) &* 0x0101_0101_0101_0101 }
}
