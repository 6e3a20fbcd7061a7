import Foundation

/// What of a name every file system takes: letters and digits of ASCII, in lower case, with hyphens between words, at
/// most 60; `office` where there are none.
public func fileNamePart(_ text: String) -> String {
    let plain = text.decomposedStringWithCanonicalMapping.lowercased().unicodeScalars
        .filter { !$0.properties.isDiacritic && $0.properties.generalCategory != .nonspacingMark }
        .map { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) ? Character($0) : "-" }
    let words = String(plain).split(separator: "-").joined(separator: "-")
    return words.isEmpty ? "office" : String(words.prefix(60))
}
