import Foundation

/// A name as somebody may have misspelt it, with the person it is linked to.
public struct ComparedName: Hashable, Sendable {
    public var office: ID<Office>
    public var folded: String
    public var name: String
    public var person: ID<Person>

    public init(office: ID<Office>, folded: String, name: String, person: ID<Person>) {
        self.office = office
        self.folded = folded
        self.name = name
        self.person = person
    }
}

/// Two names of two persons who may be one: for a human to judge, never merged by machine.
public struct NameSuggestion: Hashable, Sendable {
    public enum Likeness: Int, Hashable, Sendable, Comparable, CaseIterable {
        /// The same letters: other case, accents, blanks or hyphens, or in another office.
        case sameLetters
        /// `Smith, John` and `John Smith`.
        case otherOrder
        /// `John Smith 2`, `John Smith (new)`.
        case marker
        /// `John A. Smith` and `John Smith`.
        case middleName
        /// `J. Smith` and `John Smith`.
        case initial
        case nearSpelling

        public static func < (a: Likeness, b: Likeness) -> Bool { a.rawValue < b.rawValue }
    }
    /// The earlier of the two in the order given.
    public var first: ComparedName
    public var second: ComparedName
    public var likeness: Likeness
    /// Letters that differ; 0 but for near spellings.
    public var distance: Int
    /// Letters of the longer name.
    public var length: Int
}

/// Suggests which names are spellings of one human, the likeliest first.
///
/// Names that agree in letters, in another order, but for markers or middle names are found by lookup; near
/// spellings by an edit distance that is only computed for names of like length and like letters. About
/// 0.1 s for 2,000 names.
public func nameSuggestions(_ names: [ComparedName], limit: Int = 500) -> [NameSuggestion] {
    let spelt = names.map { SpeltName($0.name) }
    var best: [Pair: NameSuggestion] = [:]
    func suggest(_ a: Int, _ b: Int, _ likeness: NameSuggestion.Likeness, distance: Int = 0) {
        guard a != b, names.indices.contains(a), names.indices.contains(b), names[a].person != names[b].person
        else { return }
        let pair = Pair(first: min(a, b), second: max(a, b))
        if let known = best[pair], known.likeness <= likeness { return }
        best[pair] = NameSuggestion(
            first: names[pair.first], second: names[pair.second], likeness: likeness, distance: distance,
            length: max(spelt[a].letters.count, spelt[b].letters.count))
    }
    for likeness in NameSuggestion.Likeness.allCases {
        var groups: [String: [Int]] = [:]
        for (index, name) in spelt.enumerated() {
            for key in name.keys(for: likeness) { groups[key, default: []].append(index) }
        }
        for group in groups.values where group.count > 1 {
            // A key that half the office shares says nothing.
            for (place, a) in group.prefix(50).enumerated() {
                for b in group.prefix(50).dropFirst(place + 1) {
                    if spelt[a].agrees(with: spelt[b], in: likeness) { suggest(a, b, likeness) }
                }
            }
        }
    }
    for (a, b, distance) in nearSpellings(spelt) { suggest(a, b, .nearSpelling, distance: distance) }
    let ranked = best.sorted { one, other in
        let (a, b) = (one.value, other.value)
        if a.likeness != b.likeness { return a.likeness < b.likeness }
        // Share of letters that differ, without dividing.
        let (left, right) = (a.distance * b.length, b.distance * a.length)
        if left != right { return left < right }
        return (one.key.first, one.key.second) < (other.key.first, other.key.second)
    }
    return ranked.prefix(max(0, limit)).map(\.value)
}

private struct Pair: Hashable {
    var first: Int
    var second: Int
}

/// Pairs whose letters differ little, as indices and the distance: by length, then by which letters there are.
private func nearSpellings(_ names: [SpeltName]) -> [(Int, Int, Int)] {
    let order = names.indices.sorted { (names[$0].letters.count, $0) < (names[$1].letters.count, $1) }
    var found: [(Int, Int, Int)] = []
    for (place, a) in order.enumerated() {
        let name = names[a]
        for b in order.dropFirst(place + 1) {
            let other = names[b]
            let allowed = SpeltName.allowedDistance(length: other.letters.count)
            guard other.letters.count - name.letters.count <= allowed else { break }
            // One edit takes at most one letter away and brings one in; those that only lengthen bring one in.
            let unlike =
                (name.mask ^ other.mask).nonzeroBitCount
                + (name.repeated ^ other.repeated).nonzeroBitCount
            guard allowed > 0, unlike <= 2 * allowed - (other.letters.count - name.letters.count) else {
                continue
            }
            let straight = editDistance(name.letters, other.letters, limit: allowed)
            let sorted =
                straight != nil || (name.isOrdered && other.isOrdered)
                ? nil : editDistance(name.ordered, other.ordered, limit: allowed)
            if let distance = straight ?? sorted, distance > 0, name.agrees(with: other, in: .nearSpelling) {
                found.append((a, b, distance))
            }
        }
    }
    return found
}

/// A name in the parts that spellings differ in.
struct SpeltName {
    /// Words in small plain letters, without markers at the end.
    var words: [String]
    /// Digits or marks at the end: `2`, `p`, `new`.
    var hasMarker: Bool
    /// All words, marker and all, without blanks.
    var joined: String
    /// The words of more than a letter.
    var core: [String]
    var letters: [UInt32]
    /// The letters with the words in alphabetical order.
    var ordered: [UInt32]
    var isOrdered: Bool
    /// Which letters there are, of 64 classes, and which more than once.
    var mask: UInt64 = 0
    var repeated: UInt64 = 0

    private static let markers: Set<String> = [
        "p", "pt", "ft", "new", "old", "temp", "test", "jr", "sr", "ii", "iii", "agent",
    ]

    init(_ name: String) {
        let plain = name.decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars.filter {
            !(0x300...0x36f).contains($0.value) && $0 != "'" && $0 != "’" && $0 != "`"
        }
        let all = String(String.UnicodeScalarView(plain)).split { !$0.isLetter && !$0.isNumber }.map(
            String.init)
        joined = all.joined()
        var kept = all
        while kept.count > 1, let last = kept.last,
            Self.markers.contains(last) || last.allSatisfy(\.isNumber)
        {
            kept.removeLast()
        }
        if let last = kept.last, let end = last.last, end.isNumber {
            let bare = String(last.reversed().drop(while: \.isNumber).reversed())
            if !bare.isEmpty { kept[kept.count - 1] = bare }
        }
        words = kept
        hasMarker = kept != all
        core = kept.filter { $0.count > 1 }
        letters = kept.joined().unicodeScalars.map(\.value)
        ordered = kept.sorted().joined().unicodeScalars.map(\.value)
        isOrdered = letters == ordered
        for letter in letters {
            let bit: UInt64 = 1 << UInt64(letter % 64)
            repeated |= mask & bit
            mask |= bit
        }
    }

    /// What two names share exactly when they are alike in this way; few keys, looked up, not compared.
    func keys(for likeness: NameSuggestion.Likeness) -> [String] {
        let first = words.first ?? ""
        let last = words.last ?? ""
        switch likeness {
        case .sameLetters: return joined.isEmpty ? [] : [joined]
        case .otherOrder: return words.count > 1 ? [words.sorted().joined(separator: " ")] : []
        case .marker: return words.isEmpty ? [] : [words.joined()]
        case .middleName:
            // A name of one word has no middle.
            return words.count > 1 && first.count > 1 && last.count > 1 ? [first + " " + last] : []
        case .initial: return words.count > 1 && last.count > 1 ? [String(first.prefix(1)) + " " + last] : []
        case .nearSpelling: return []
        }
    }

    /// Whether nothing else tells apart two names that share a key.
    func agrees(with other: SpeltName, in likeness: NameSuggestion.Likeness) -> Bool {
        switch likeness {
        case .sameLetters: return true
        case .otherOrder: return words != other.words
        // `J. Smith` and `K. Smith` are two; with one initial missing they are alike in another way.
        case .nearSpelling: return core.isEmpty || core != other.core
        // `Agent 101` and `Agent 102` are two.
        case .marker: return !hasMarker || !other.hasMarker
        case .middleName:
            let (mine, its) = (words.dropFirst().dropLast(), other.words.dropFirst().dropLast())
            return mine.isEmpty || its.isEmpty
                || zip(mine, its).allSatisfy { $0.hasPrefix($1) || $1.hasPrefix($0) }
        case .initial:
            guard let mine = words.first, let its = other.words.first else { return false }
            return (mine.count == 1) != (its.count == 1)
        }
    }

    /// Letters that may differ in names of this length.
    static func allowedDistance(length: Int) -> Int {
        length < 5 ? 0 : length < 10 ? 1 : length < 16 ? 2 : 3
    }
}

/// Optimal string alignment (Damerau-Levenshtein with adjacent swaps); nil: more than `limit`.
func editDistance(_ a: [UInt32], _ b: [UInt32], limit: Int) -> Int? {
    guard abs(a.count - b.count) <= limit else { return nil }
    // What both begin and end with costs nothing; most pairs differ in one place.
    let head = zip(a, b).prefix { $0 == $1 }.count
    let tail = zip(a.dropFirst(head).reversed(), b.dropFirst(head).reversed()).prefix { $0 == $1 }.count
    let (a, b) = (Array(a.dropFirst(head).dropLast(tail)), Array(b.dropFirst(head).dropLast(tail)))
    guard !a.isEmpty, !b.isEmpty else {
        let distance = max(a.count, b.count)
        return distance <= limit ? distance : nil
    }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var row = [i + 1]
        row.reserveCapacity(b.count + 1)
        var least = i + 1
        for (j, y) in b.enumerated() {
            var cost = min(last[j] + (x == y ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, x == b[j - 1], y == a[i - 1] { cost = min(cost, beforeLast[j - 1] + 1) }
            row.append(cost)
            least = min(least, cost)
        }
        if least > limit { return nil }
        (beforeLast, last) = (last, row)
    }
    guard let distance = last.last, distance <= limit else { return nil }
    return distance
}
