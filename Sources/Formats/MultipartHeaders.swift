/// A header's first word, lower-cased, and its parameters as bytes: `form-data; name="file"` (RFC 2045 §5.1).
struct HeaderValue {
    var word: String
    var parameters: [String: [UInt8]] = [:]

    init?(_ text: String) { self.init(Array(text.utf8)[...]) }

    /// Fails on an open quote, a parameter without a value or given twice.
    init?(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        word = HeaderValue.lowercased(HeaderValue.token(&rest))
        while let mark = rest.popFirst() {
            guard mark == UInt8(ascii: ";") else { return nil }
            let name = HeaderValue.lowercased(HeaderValue.token(&rest))
            // A semicolon too many is harmless.
            if name.isEmpty, rest.isEmpty || rest.first == UInt8(ascii: ";") { continue }
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "="),
                let value = HeaderValue.value(&rest), parameters.updateValue(value, forKey: name) == nil
            else { return nil }
        }
        guard !word.isEmpty else { return nil }
    }

    /// Up to `;` or `=`, spaces around it dropped.
    private static func token(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let end = rest.firstIndex { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "=") } ?? rest.endIndex
        let token = rest[..<end]
        rest = rest[end...]
        return trimmed(token)
    }

    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        rest = rest.drop(while: isSpace)
        guard rest.first == UInt8(ascii: "\"") else {
            let end = rest.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
            let value = trimmed(rest[..<end])
            rest = rest[end...]
            return Array(value)
        }
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                rest = rest.drop(while: isSpace)
                return value
            }
            // Browsers send `C:\logs\a.csv` as it is, so a backslash escapes only a quote.
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "\"") {
                value.append(UInt8(ascii: "\""))
                rest = rest.dropFirst()
            } else {
                value.append(byte)
            }
        }
        return nil
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
        return bytes
    }

    static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self).lowercased()
    }
}

/// Reads one part's header block, the empty line included.
func partEvent(_ block: [UInt8]) throws -> MultipartEvent {
    var disposition: HeaderValue?
    var contentType: String?
    for line in try headerLines(block) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw MultipartError.malformed("a header without a colon")
        }
        let value = HeaderValue.trimmed(line[(colon + 1)...])
        switch HeaderValue.lowercased(line[..<colon]) {
        case "content-disposition":
            guard disposition == nil, let parsed = HeaderValue(value), parsed.word == "form-data" else {
                throw MultipartError.malformed("Content-Disposition")
            }
            disposition = parsed
        case "content-type": contentType = String(decoding: value, as: UTF8.self)
        case "content-transfer-encoding":
            // RFC 7578 §4.7: nobody sends another one; taking base64 for bytes would be worse than refusing.
            guard ["7bit", "8bit", "binary"].contains(HeaderValue.lowercased(value)) else {
                throw MultipartError.malformed("Content-Transfer-Encoding")
            }
        default: break
        }
    }
    guard let disposition, let name = disposition.parameters["name"] else {
        throw MultipartError.malformed("a part without a name")
    }
    var fileName = disposition.parameters["filename"].map { plainName(unescaped($0)) }
    if let extended = disposition.parameters["filename*"] {
        fileName = plainName(try extendedValue(extended))
    }
    return .part(
        name: String(decoding: unescaped(name), as: UTF8.self), fileName: fileName, contentType: contentType)
}

/// Lines without their ends, folded ones joined (RFC 5322 §2.2.3).
private func headerLines(_ block: [UInt8]) throws -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for line in block.dropLast(2).split(separator: 0x0A, omittingEmptySubsequences: true) {
        guard line.last == 0x0D, !line.dropLast().contains(0x0D), !line.contains(0) else {
            throw MultipartError.malformed("a header line end")
        }
        let text = line.dropLast()
        if let first = text.first, HeaderValue.isSpace(first) {
            guard let previous = lines.popLast() else {
                throw MultipartError.malformed("a folded first line")
            }
            lines.append(previous + text)
        } else {
            lines.append(Array(text))
        }
    }
    return lines
}

/// The three escapes that browsers use in quoted names (HTML Standard, multipart/form-data encoding).
private func unescaped(_ bytes: [UInt8]) -> [UInt8] {
    percentDecoded(bytes) { [0x0A, 0x0D, 0x22].contains($0) }
}

private func percentDecoded(_ bytes: [UInt8], where allowed: (UInt8) -> Bool) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
        let digits = rest.prefix(2)
        if byte == UInt8(ascii: "%"), digits.count == 2, digits.first != UInt8(ascii: "+"),
            let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), allowed(value)
        {
            result.append(value)
            rest = rest.dropFirst(2)
        } else {
            result.append(byte)
        }
    }
    return result
}

/// `UTF-8'en'%e2%82%ac.csv` (RFC 8187), as UTF-8.
private func extendedValue(_ bytes: [UInt8]) throws -> [UInt8] {
    let fields = bytes.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { throw MultipartError.malformed("filename*") }
    let decoded = percentDecoded(Array(fields[2])) { _ in true }
    switch HeaderValue.lowercased(fields[0]) {
    case "utf-8": return decoded
    case "iso-8859-1": return decoded.flatMap { Array(String(UnicodeScalar($0)).utf8) }
    default: throw MultipartError.malformed("filename*")
    }
}

/// What is behind the last slash or backslash, without control characters; `.` and `..` are no names.
private func plainName(_ bytes: [UInt8]) -> String {
    let last = bytes.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    let tail = last.map { bytes[($0 + 1)...] } ?? bytes[...]
    let name = String(decoding: tail.filter { $0 >= 0x20 && $0 != 0x7F }, as: UTF8.self)
    return name == "." || name == ".." ? "" : name
}
