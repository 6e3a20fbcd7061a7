/// Empties physical lines of a text, whatever its encoding, and keeps their line ends: the other lines keep their
/// numbers and bytes.
///
/// CR LF, LF and a lone CR each end one line, as `CSVReader` counts them.
public struct LineEraser {
    private let ranges: [Range<Int>]
    private let unit: Int
    private let isBigEndian: Bool
    private var next = 0
    private var line = 1
    private var afterReturn = false
    /// Whether what was kept last is a CR.
    private var keptReturn = false
    /// The first byte of a unit that the last chunk cut.
    private var cut: UInt8?

    /// - Parameter lines: in order and apart; the first line is 1.
    public init(lines: [Range<Int>], encoding: TextEncoding) {
        ranges = lines
        unit = encoding.isUTF16 ? 2 : 1
        isBigEndian = encoding == .utf16be
    }

    /// The next bytes as they stay.
    public mutating func erase(_ chunk: ArraySlice<UInt8>) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(chunk.count + 1)
        for byte in chunk {
            guard unit == 2 else {
                take(UInt16(byte), [byte], &kept)
                continue
            }
            guard let first = cut else {
                cut = byte
                continue
            }
            cut = nil
            let value = isBigEndian ? UInt16(first) << 8 | UInt16(byte) : UInt16(byte) << 8 | UInt16(first)
            take(value, [first, byte], &kept)
        }
        return kept
    }

    /// What is left at the end of the text.
    public mutating func finish() -> [UInt8] {
        defer { cut = nil }
        return isErased ? [] : cut.map { [$0] } ?? []
    }

    private var isErased: Bool { ranges.indices.contains(next) && ranges[next].contains(line) }

    private mutating func take(_ value: UInt16, _ bytes: [UInt8], _ kept: inout [UInt8]) {
        let isSecondHalf = afterReturn && value == 0x0a
        afterReturn = value == 0x0d
        if isSecondHalf {
            keep(value, bytes, &kept)
        } else if value == 0x0a || value == 0x0d {
            // With nothing between them a CR and a LF would be one end; a blank keeps them two.
            if value == 0x0a, keptReturn {
                keep(0x20, unit == 1 ? [0x20] : isBigEndian ? [0, 0x20] : [0x20, 0], &kept)
            }
            keep(value, bytes, &kept)
            line += 1
            while ranges.indices.contains(next), ranges[next].upperBound <= line { next += 1 }
        } else if !isErased {
            keep(value, bytes, &kept)
        }
    }

    private mutating func keep(_ value: UInt16, _ bytes: [UInt8], _ kept: inout [UInt8]) {
        kept += bytes
        keptReturn = value == 0x0d
    }
}
