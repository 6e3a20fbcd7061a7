/// Picks physical lines out of a byte stream, keeping only those asked for.
struct LinePicker {
    private let last: Int
    private let first: Int
    private let limit: Int
    private var line = 1
    private var afterReturn = false
    private var text: [UInt8] = []
    /// A text that ends with a line end has no further, empty line.
    private var hasText = false
    private var picked: [(line: Int, text: [UInt8])] = []

    init(from first: Int, count: Int, limit: Int) {
        self.first = first
        self.limit = limit
        let (end, overflow) = first.addingReportingOverflow(count)
        last = overflow ? .max : end - 1
    }

    /// Returns whether more bytes are wanted.
    mutating func feed(_ bytes: ArraySlice<UInt8>) -> Bool {
        for byte in bytes {
            let isSecondHalf = afterReturn && byte == 0x0A
            afterReturn = byte == 0x0D
            if isSecondHalf { continue }
            if byte == 0x0A || byte == 0x0D {
                endLine()
                if line > last { return false }
            } else {
                hasText = true
                if line >= first, text.count < limit { text.append(byte) }
            }
        }
        return true
    }

    mutating func finish() -> [(line: Int, text: [UInt8])] {
        if hasText, line <= last { endLine() }
        return picked
    }

    private mutating func endLine() {
        if line >= first { picked.append((line, text)) }
        text.removeAll(keepingCapacity: true)
        hasText = false
        line += 1
    }
}
