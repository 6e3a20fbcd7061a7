import Domain
import Foundation
import Testing

@Suite struct NameSuggestionTests {
    private func compared(_ names: [String]) -> [ComparedName] {
        names.enumerated().map { index, name in
            ComparedName(
                office: numbered(1), folded: name.lowercased().filter { !$0.isWhitespace }, name: name,
                person: numbered(index + 1))
        }
    }

    private func likeness(_ first: String, _ second: String) -> NameSuggestion.Likeness? {
        let found = nameSuggestions(compared([first, second]))
        #expect(
            found
                == nameSuggestions(compared([second, first])).map { it in
                    var turned = it
                    (turned.first, turned.second) = (it.second, it.first)
                    (turned.first.person, turned.second.person) = (numbered(1), numbered(2))
                    return turned
                })
        return found.first?.likeness
    }

    @Test(
        arguments: [
            ("José Núñez", "Jose Nunez", .sameLetters), ("Anne-Marie Weiss", "Annemarie Weiss", .sameLetters),
            ("Connor O'Brien", "CONNOR OBRIEN", .sameLetters), ("MEGAN  PRICE", "Megan Price", .sameLetters),
            ("Smith, John", "John Smith", .otherOrder), ("Iqbal Mohammed", "Mohammed Iqbal", .otherOrder),
            ("Hannah Cole 2", "Hannah Cole", .marker), ("hannah.cole01", "Hannah Cole", .marker),
            ("Hannah Cole-P", "Hannah Cole", .marker), ("Owen Hughes (new)", "Owen Hughes", .marker),
            ("John A. Smith", "John Smith", .middleName), ("Maria Elena Lopez", "Maria Lopez", .middleName),
            ("Maria E Lopez", "Maria Elena Lopez", .middleName), ("J. Papadakis", "Zoe J Papadakis", nil),
            ("Z Papadakis", "Zoe Papadakis", .initial), ("L. Chambers", "Lucy Chambers", .initial),
            ("Hanah Cole", "Hannah Cole", .nearSpelling), ("Mohamed Iqbal", "Mohammed Iqbal", .nearSpelling),
            ("Jhon Smith", "John Smith", .nearSpelling), ("Smyth Jon", "Jon Smith", .nearSpelling),
            ("Liam Gallager Hart", "Liam Gallagher-Hart", .nearSpelling),
            ("Elena Petrowa", "Elena Petrova", .nearSpelling),
            ("Papadakis Zoé", "Zoe Papadaki", .nearSpelling),
            // Two persons.
            ("Jane Doe", "John Doe", nil), ("Lucy Chambers", "Mark Chambers", nil),
            ("Amy Cole", "Ann Cook", nil),
            ("John A Smith", "John B Smith", nil), ("Agent 101", "Agent 102", nil),
            ("Li Wu", "Li Xu", nil), ("Karen Whitfield", "Kofi Mensah", nil), ("J Smith", "K Smith", nil),
            ("Sam", "Sim", nil), ("Ben Ashby", "Adam Kowalski", nil), ("Harry Dunn", "Harry Dean", nil),
            ("", "A", nil), ("1", "2", nil), ("—", "…", nil),
        ] as [(String, String, NameSuggestion.Likeness?)])
    func `names that may be one are told from names that are not`(
        first: String, second: String, expected: NameSuggestion.Likeness?
    ) {
        #expect(likeness(first, second) == expected)
    }

    @Test func `the likeliest comes first, and one person's names are not compared`() {
        var names = compared([
            "Hannah Cole", "Hanna Coel", "Hanah Cole", "Cole Hannah", "H Cole", "hannah cole",
            "Somebody Else",
        ])
        let found = nameSuggestions(names).filter { $0.first.name == "Hannah Cole" }
        #expect(
            found.map(\.second.name) == ["hannah cole", "Cole Hannah", "H Cole", "Hanah Cole", "Hanna Coel"])
        #expect(found.map(\.distance) == [0, 0, 0, 1, 2])
        for index in names.indices { names[index].person = numbered(1) }
        #expect(nameSuggestions(names).isEmpty)
        #expect(nameSuggestions([]).isEmpty && nameSuggestions(compared(["A", "a"]), limit: 0).isEmpty)
    }

    @Test(.timeLimit(.minutes(20))) func `of two thousand names none is missed that is like another`() {
        let first = [
            "Adam", "Aisha", "Alan", "Bianca", "Callum", "Carla", "Daniel", "Elena", "Farah", "Gareth",
        ]
        let syllables = ["ka", "ro", "lin", "mo", "ster", "wi", "ban", "der", "li", "son", "ves", "tu"]
        var random = SeededGenerator(21)
        var names: [String] = []
        for _ in 0..<2000 {
            let last = (0..<3).compactMap { _ in syllables.randomElement(using: &random) }.joined()
            names.append((first.randomElement(using: &random) ?? "") + " " + last.capitalized)
        }
        let list = compared(names + ["Zebulon Quartermain", "Zebulon Quatermain"])
        let found = nameSuggestions(list, limit: 100_000)
        #expect(
            found.contains {
                $0.first.name == "Zebulon Quartermain" && $0.second.name == "Zebulon Quatermain"
            })
        // None is missed that comparing all with all finds.
        let sample = Array(list.prefix(120))
        let quick = Set(nameSuggestions(sample, limit: 100_000).map { [$0.first.name, $0.second.name] })
        var slow: Set<[String]> = []
        for (place, one) in sample.enumerated() {
            for other in sample.dropFirst(place + 1) where !nameSuggestions([one, other]).isEmpty {
                slow.insert([one.name, other.name])
            }
        }
        #expect(quick == slow)
    }
}
