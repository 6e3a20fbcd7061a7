/// One record, reused from call to call so that reading allocates nothing per row.
public struct CSVRow: Sendable {
    /// The physical line on which the record begins, from 1; CRLF, LF and CR each end a line, also in quotes.
    public var line: Int

    /// The unescaped UTF-8 contents of all fields, back to back.
    public var bytes: [UInt8]

    /// The end of each field in `bytes`.
    public var ends: [Int]

    /// The record's text without its line end, in UTF-8; filled when `CSVReader.keepsRaw`, and for problems.
    ///
    /// After `unclosedQuote` and the limits it is the first physical line only, cut at
    /// `CSVLimits.maxRawOfProblem`.
    public var raw: [UInt8]

    /// Nil for a good record; otherwise there are no fields.
    public var problem: CSVProblem?

    /// Some bytes were not valid UTF-8 and were read as windows-1252, one by one.
    public var repaired: Bool

    public init() {
        line = 0
        bytes = []
        ends = []
        raw = []
        problem = nil
        repaired = false
    }

    public var count: Int { ends.count }

    /// Where a field lies in `bytes`; empty for an index that the record does not have.
    public func range(_ index: Int) -> Range<Int> {
        guard index >= 0, index < ends.count else { return 0..<0 }
        let start = index == 0 ? 0 : ends[index - 1]
        let end = ends[index]
        return start <= end ? start..<end : 0..<0
    }

    /// The field as it is in the file, untrimmed; empty for an index that the record does not have.
    public func string(_ index: Int) -> String {
        let range = range(index).clamped(to: 0..<bytes.count)
        return String(decoding: bytes[range], as: UTF8.self)
    }

    public var strings: [String] { (0..<count).map(string) }

    public var rawString: String { String(decoding: raw, as: UTF8.self) }

    /// No field has anything but spaces; never true of a problem.
    public var isBlank: Bool { problem == nil && trimmed(bytes, 0..<bytes.count).isEmpty }

    mutating func clear(line: Int) {
        self.line = line
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        raw.removeAll(keepingCapacity: true)
        problem = nil
        repaired = false
    }
}
