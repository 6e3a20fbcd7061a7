/// The tar of a snapshot, in the one spelling that it has: POSIX ustar, regular files of fixed names.
///
/// Ours instead of libarchive's, because a reader that makes the header it expects and compares 512 bytes has no parser
/// that a stranger's header could mislead: links, long names, sparse maps and two readings of one name cannot be said.
enum SnapshotTar {
    static let block = 512
    /// Two blocks of zeros, and nothing behind them.
    static let endBytes = 1024

    /// The header of an entry: owner 0, mode 0600, 1980-01-01, POSIX.1-1988 field by field.
    ///
    /// - Parameter size: 0 to 8 GiB − 1, which are eleven octal digits; name: up to 100 bytes.
    static func header(name: String, size: Int64) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: block)
        func put(_ text: String, at offset: Int) {
            for (place, byte) in text.utf8.enumerated() where offset + place < block {
                header[offset + place] = byte
            }
        }
        put(name, at: 0)
        put("0000600", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(size, digits: 11), at: sizeField)
        put(octal(315_532_800, digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put("0000000", at: 329)
        put("0000000", at: 337)
        // The sum of all bytes, while its own eight are blanks; they are six digits, a NUL and a blank then.
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, digits: 6), at: 148)
        header[154] = 0
        return header
    }

    private static let sizeField = 124

    private static func octal(_ value: Int64, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// The size of the first entry, whose header must be the one we would write; nil: it is not.
    static func size(inHeader header: [UInt8], name: String) -> Int64? {
        guard header.count == block else { return nil }
        var size: Int64 = 0
        for digit in header[sizeField..<sizeField + 11] {
            guard (0x30...0x37).contains(digit) else { return nil }
            size = size << 3 | Int64(digit - 0x30)
        }
        return header == self.header(name: name, size: size) ? size : nil
    }

    /// Zeros behind the bytes of an entry, up to a whole block.
    static func padding(after size: Int64) -> Int64 { (512 - size % 512) % 512 }

    /// Bytes of a whole entry: header, content, padding.
    static func span(of size: Int64) -> Int64 { Int64(block) + size + padding(after: size) }
}
