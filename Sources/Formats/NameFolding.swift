import Foundation

/// A name for comparing: without case, diacritics, spaces and "(…)" at its end, the same in every locale.
///
/// Unicode compatibility decomposition; then marks U+0300–036F and Arabic vowel signs are dropped, letters
/// that do not decompose (ı ł ø đ ß æ œ þ ð) become ASCII. Vowel signs of other scripts stay: they tell
/// names apart.
public func foldedName(_ name: String) -> String {
    folded(withoutBrackets(decomposed(name)[...])) {
        !$0.properties.isWhitespace && $0.value != 0xfeff && $0.value != 0x200b
    }
}

/// A name for showing: trimmed, one space between words, without "(…)" at its end.
public func displayName(_ name: String) -> String {
    withoutBrackets(name[...]).split { $0.isWhitespace || $0 == "\u{feff}" }.joined(separator: " ")
}

/// The display name without the ` P`, `-P` or `_P` (or p) that marks a part-timer, and whether it was there.
public func partTimer(_ name: String) -> (name: String, marked: Bool) {
    let shown = displayName(name)
    guard let last = shown.last, last == "P" || last == "p",
        let mark = shown.dropLast().last, isMark(mark)
    else { return (shown, false) }
    var rest = shown.dropLast()
    while let character = rest.last, isMark(character) { rest = rest.dropLast() }
    return rest.isEmpty ? (shown, false) : (String(rest), true)
}

private func isMark(_ character: Character) -> Bool {
    character == " " || character == "-" || character == "_"
}

/// A header for comparing: without case, diacritics, spaces, `_`, `-`, brackets and dots.
public func foldedHeader(_ header: String) -> String {
    folded(decomposed(header)[...]) { scalar in
        switch scalar {
        case "_", "-", "(", ")", "[", "]", "{", "}", ".", "\u{feff}": false
        default: !scalar.properties.isWhitespace
        }
    }
}

/// Drops "(…)" groups at the end, unless nothing else would be left.
private func withoutBrackets(_ name: Substring) -> Substring {
    var rest = trimmedEnd(name)
    while rest.last == ")", let open = rest.lastIndex(of: "(") {
        let shorter = trimmedEnd(rest[..<open])
        if shorter.allSatisfy(\.isWhitespace) { break }
        rest = shorter
    }
    return rest
}

private func trimmedEnd(_ text: Substring) -> Substring {
    var text = text
    while let last = text.last, last.isWhitespace || last == "\u{feff}" { text = text.dropLast() }
    return text
}

private func isASCII(_ text: some StringProtocol) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

private func decomposed(_ text: String) -> String {
    isASCII(text) ? text : text.decomposedStringWithCompatibilityMapping
}

/// Expects decomposed text.
private func folded(_ text: Substring, keeping isKept: (Unicode.Scalar) -> Bool) -> String {
    var result = String.UnicodeScalarView()
    if isASCII(text) {
        for scalar in text.unicodeScalars where isKept(scalar) {
            let isCapital = (0x41...0x5a).contains(scalar.value)
            result.append(isCapital ? Unicode.Scalar(UInt8(scalar.value) + 0x20) : scalar)
        }
        return String(result)
    }
    for scalar in text.unicodeScalars where isKept(scalar) {
        for lower in scalar.properties.lowercaseMapping.unicodeScalars {
            switch lower.value {
            case 0x300...0x36f, 0x64b...0x652: continue
            default:
                if let plain = plainLetters[lower] {
                    result.append(contentsOf: plain.unicodeScalars)
                } else {
                    result.append(lower)
                }
            }
        }
    }
    return String(result)
}

private let plainLetters: [Unicode.Scalar: String] = [
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
    "ς": "σ", "’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-",
]
