/// Walks along a zstd frame without unpacking it (RFC 8878, 3.1): it must be exactly one, and ask for little memory.
///
/// libarchive would take any number of frames, and gives each the window that it asks for, up to 128 MB.
struct ZstandardFrame {
    /// What unpacking may need for looking back; the writer's level 3 asks for 2 MB.
    static let largestWindow: UInt64 = 8 << 20

    private enum Place { case header, block, body(Int), checksum, end }

    private var place = Place.header
    /// Bytes of a header that is not whole yet.
    private var held: [UInt8] = []
    private var isLastBlock = false
    private var hasChecksum = false

    var isWhole: Bool { if case .end = place { true } else { false } }

    /// The next bytes; returns what is wrong with them, in words.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> String? {
        var rest = bytes[...]
        while let byte = rest.first {
            switch place {
            case .body(let left):
                let count = min(left, rest.count)
                rest = rest.dropFirst(count)
                place = left > count ? .body(left - count) : afterBlock
                continue
            case .header:
                held.append(byte)
                if let fault = readHeader() { return fault }
            case .block:
                held.append(byte)
                if let fault = readBlockHeader() { return fault }
            case .checksum:
                held.append(byte)
                if held.count == 4 { place = .end }
            case .end: return "something follows its end"
            }
            rest = rest.dropFirst()
        }
        return nil
    }

    private var afterBlock: Place { !isLastBlock ? .block : hasChecksum ? .checksum : .end }

    private mutating func readHeader() -> String? {
        let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
        guard held.elementsEqual((magic + held.dropFirst(4)).prefix(held.count)) else {
            return "it is not packed with zstd"
        }
        guard held.count >= 5 else { return nil }
        let descriptor = held[4]
        let isSingleSegment = descriptor & 0x20 != 0
        guard descriptor & 0x0b == 0 else { return "it needs a dictionary" }
        hasChecksum = descriptor & 0x04 != 0
        let sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
        let length = 5 + (isSingleSegment ? 0 : 1) + sizeBytes
        guard held.count == length else { return nil }
        let window: UInt64
        if isSingleSegment {
            let size = held.suffix(sizeBytes).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            window = sizeBytes == 2 ? size + 256 : size
        } else {
            // Ten bits at least, in eighths.
            let base = UInt64(1) << UInt64(10 + held[5] >> 3)
            window = base + base / 8 * UInt64(held[5] & 7)
        }
        guard window <= Self.largestWindow else { return "unpacking it takes \(window) bytes of memory" }
        held.removeAll()
        place = .block
        return nil
    }

    private mutating func readBlockHeader() -> String? {
        guard held.count == 3 else { return nil }
        let header = Int(held[0]) | Int(held[1]) << 8 | Int(held[2]) << 16
        held.removeAll()
        isLastBlock = header & 1 != 0
        let (kind, size) = (header >> 1 & 3, header >> 3)
        guard kind != 3, size <= 128 * 1024 else { return "a block of it is none" }
        // One byte, repeated.
        let count = kind == 1 ? 1 : size
        place = count > 0 ? .body(count) : afterBlock
        return nil
    }
}
