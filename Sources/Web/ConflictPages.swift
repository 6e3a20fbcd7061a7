import Domain
import Storage

let conflictPages: [any Page.Type] = [ConflictsPage.self, ConflictPage.self]

/// One conflict with both sides, for the inbox and its own page.
struct ConflictCard: Decodable, Sendable {
    struct Change: Decodable, Sendable {
        var what: String
        var before: String?
        var after: String?
        /// The other side has it otherwise.
        var isOther: Bool
    }
    struct Side: Decodable, Sendable {
        var heading: String
        var tone: String
        var deed: String
        var changes: [Change]
        var note: String?
        /// `Ann Admin, North`
        var who: String
        var when: String
        var machine: String
    }
    var id: String
    var about: String
    var href: String?
    var page: String
    var sides: [Side]
    var nothingStands: String?
    var why: String
    var consequence: String?
    var decide: String
    var isOpen: Bool
    var canTakeOther: Bool
    /// What was decided, by whom and when.
    var decision: String?
    var comment: String?

    init(_ conflict: OpenConflict, _ words: ConflictWriter) {
        let format = words.activity.format
        let register = conflict.conflict.register
        let lost = try? EventBody(conflict.loser)
        let subject = words.about(conflict.conflict, lost)
        id = conflict.conflict.id
        about = subject.text
        href = subject.href
        page = Paths.conflict(conflict.conflict.id)
        decide = Paths.conflictDecide(conflict.conflict.id)
        why = words.why(conflict)
        consequence = words.consequence(conflict)
        isOpen = conflict.isOpen
        canTakeOther = conflict.canTakeOther
        func said(_ event: Event) -> ActivityWords {
            (try? EventBody(event)).map { words.activity.words(words.narrowed($0, to: register)) }
                ?? ActivityWords("made an entry of a newer release", note: "Its kind is \(event.kind).")
        }
        func side(_ heading: String, _ tone: String, _ event: Event, against other: Event?) -> Side {
            let own = said(event)
            let others = other.map { said($0).changes } ?? []
            return Side(
                heading: heading, tone: tone,
                deed: [own.deed, own.subject].compactMap { $0 }.joined(separator: " ").capitalizedFirst,
                changes: own.changes.map { change in
                    let same = others.first { $0.what == change.what }
                    return Change(
                        what: change.what, before: change.before, after: change.after,
                        isOther: other != nil && same?.after != change.after)
                }, note: own.note, who: "\(event.actor.name), \(words.office(event.office))",
                when: format.moment(event.time.instant), machine: format.machine(event.time.instant))
        }
        sides =
            (conflict.winner.map { [side("Stands now", "good", $0, against: conflict.loser)] } ?? [])
            + [side(isOpen ? "Lost" : "Had lost", "warn", conflict.loser, against: conflict.winner)]
        nothingStands = conflict.winner == nil ? "Nothing of this: it has no effect." : nil
        if let (event, it) = conflict.decision {
            decision =
                "\(words.decision(it.choice)): \(it.by.name), \(words.office(event.office)), \(format.moment(event.time.instant))"
            comment = it.comment.isEmpty ? nil : it.comment
        }
    }
}

struct ConflictsPage: Page {
    static let template = "conflict.list"
    struct Decided: Decodable, Sendable {
        var about: String
        var href: String
        var decision: String
        var comment: String?
    }
    var title = "Conflicts"
    var lede: String
    var cards: [ConflictCard]
    var isEmpty: Bool
    var emptyText: String
    var more: String?
    var decided: [Decided]
    var hasDecided: Bool
}

struct ConflictPage: Page {
    static let template = "conflict.show"
    var title: String
    var list = Paths.conflicts
    var problem: Problem?
    var card: ConflictCard
}
