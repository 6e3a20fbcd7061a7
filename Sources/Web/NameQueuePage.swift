import Domain
import Storage

extension NameSuggestion {
    /// Why the two may be one, in words.
    var words: String {
        switch likeness {
        case .sameLetters: "the same letters"
        case .otherOrder: "the words in another order"
        case .marker: "but for a mark at the end"
        case .middleName: "but for a middle name"
        case .initial: "but for an initial"
        case .nearSpelling: distance == 1 ? "one letter differs" : "\(distance) letters differ"
        }
    }
}

/// What waits to be decided: names nobody matched, and known persons with like names.
struct NameQueuePage: Page {
    static let template = "name.queue"
    struct Like: Decodable, Sendable {
        var name: String
        var href: String
        var also: String?
        var why: String
        var person: String
        var into: String
    }
    struct Row: Decodable, Sendable {
        var name: String
        var href: String
        var also: String?
        var firstDay: String
        var logs: String
        var likes: [Like]
        var hasLikes: Bool
        var placeHref: String?
    }
    struct Similar: Decodable, Sendable {
        var first: String
        var firstName: String
        var firstHref: String
        var second: String
        var secondName: String
        var secondHref: String
        var why: String
    }
    var title = "Names to match"
    var tabs: [NameTab]
    var problem: Problem?
    var lede: String
    var hasRows: Bool
    var rows: [Row]
    var hasSimilar: Bool
    var similar: [Similar]
    var moreSimilar: String?
    var merge = Paths.namesMerge
    var apart = Paths.namesApart
    var uploadHref: String?
    var hasNames: Bool

    init(
        unmatched: [UnmatchedName], suggestions: [NameSuggestion], book: NameBook, boardHref: String?,
        uploadHref: String?, office: String? = nil, format: OfficeFormat, problem: Problem?
    ) {
        tabs = NameTab.all(Paths.names, office: office)
        self.problem = problem
        let waiting = Set(unmatched.map(\.person.id))
        var likes: [ID<Person>: [Like]] = [:]
        var seen: Set<[ID<Person>]> = []
        var similar: [Similar] = []
        for it in suggestions {
            let (a, b) = (it.first.person, it.second.person)
            guard seen.insert([a, b].sorted()).inserted else { continue }
            for (own, other) in [(a, it.second), (b, it.first)] where waiting.contains(own) {
                let person = book.persons[other.person] ?? other.name
                likes[own, default: []].append(
                    Like(
                        name: person, href: Paths.agent(other.person.description),
                        also: other.name == person ? nil : other.name, why: it.words,
                        person: own.description, into: other.person.description))
            }
            if !waiting.contains(a), !waiting.contains(b) {
                similar.append(
                    Similar(
                        first: a.description, firstName: book.persons[a] ?? it.first.name,
                        firstHref: Paths.agent(a.description), second: b.description,
                        secondName: book.persons[b] ?? it.second.name,
                        secondHref: Paths.agent(b.description), why: it.words))
            }
        }
        rows = unmatched.map { it in
            let own = likes[it.person.id] ?? []
            return Row(
                name: it.alias.name, href: NameReference(it.alias).path,
                also: it.also.isEmpty ? nil : it.also.joined(separator: ", "),
                firstDay: it.firstDay.map { format.day($0) } ?? OfficeFormat.none,
                logs: format.number(it.logs), likes: Array(own.prefix(4)), hasLikes: !own.isEmpty,
                placeHref: boardHref.map { Form([("q", it.person.name)]).link($0) })
        }
        hasRows = !rows.isEmpty
        self.similar = Array(similar.prefix(50))
        hasSimilar = !similar.isEmpty
        moreSimilar =
            similar.count > 50
            ? "\(format.count(similar.count - 50, "more pair", "more pairs")) when these are decided." : nil
        self.uploadHref = uploadHref
        hasNames = !book.aliases.isEmpty
        lede =
            rows.isEmpty
            ? "Whose a dialer's name is, on every day."
            : "\(format.count(rows.count, "name is", "names are")) nobody's yet. Nothing is merged unless you say so."
    }
}
