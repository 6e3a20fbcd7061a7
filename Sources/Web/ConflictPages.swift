import Domain
import Storage

let conflictPages: [any Page.Type] = [ConflictsPage.self, ConflictPage.self]

/// Both sides of a conflict, and the answer, for the inbox and the conflict's own page.
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
    var sides: [Side]
    var nothingStands: String?
    /// As it is seen, for whoever decides.
    var seen: String
    var comment: String
    var why: String
    var consequence: String?
    var decide: String
    var isOpen: Bool
    var canTakeOther: Bool
    /// What taking the other is called: of three, it says which.
    var takeOther: String

    init(_ conflict: OpenConflict, _ words: ConflictWriter, comment: String = "") {
        let format = words.activity.format
        let register = conflict.conflict.register
        id = conflict.conflict.id
        decide = Paths.conflictDecide(conflict.conflict.id)
        why = words.why(conflict)
        consequence = words.consequence(conflict)
        isOpen = conflict.isOpen
        seen = conflict.seen
        self.comment = comment
        canTakeOther = conflict.canTakeOther
        func said(_ event: Event) -> ActivityWords {
            (try? EventBody(event)).map { words.activity.words(words.narrowed($0, to: register)) }
                ?? ActivityWords("made an entry of a newer release", note: "Its kind is \(event.kind).")
        }
        func side(_ heading: String, _ tone: String, _ event: Event, against other: Event?) -> Side {
            let own = said(event)
            let others = other.map { said($0).changes } ?? []
            // What only the other side sets is a line here, too, so that both read line by line.
            let lines =
                own.changes.map { ($0.what, $0.before, $0.after) }
                + others.filter { other in !own.changes.contains { $0.what == other.what } }
                .map { ($0.what, nil, nil) }
            let changes = lines.map { what, before, after in
                let same = others.first { $0.what == what }
                return Change(
                    what: what, before: before, after: after, isOther: other != nil && same?.after != after)
            }
            return Side(
                heading: heading, tone: tone,
                deed: [own.deed, own.subject].compactMap { $0 }.joined(separator: " ").capitalizedFirst,
                // What differs first: it is what is decided.
                changes: changes.filter(\.isOther) + changes.filter { !$0.isOther }, note: own.note,
                who: "\(event.actor.name), \(words.office(event.office))",
                when: format.moment(event.time.instant), machine: format.machine(event.time.instant))
        }
        let since =
            conflict.since.map { [side("Stands now", "good", $0, against: conflict.winner)] } ?? []
        takeOther = since.isEmpty ? "Do the other after all" : "Do what lost after all"
        let (stands, tone) = since.isEmpty ? ("Stands now", "good") : ("Won", "neutral")
        // Decided otherwise, the two have changed places.
        let isTurned = conflict.decision?.decided.choice == .other
        sides =
            since
            + (conflict.winner.map {
                [
                    side(
                        isTurned ? "Lost" : stands, isTurned ? "warn" : tone, $0,
                        against: conflict.loser)
                ]
            } ?? [])
            + [
                side(
                    isTurned ? stands : "Lost", isTurned ? tone : "warn", conflict.loser,
                    against: conflict.winner)
            ]
        nothingStands =
            conflict.winner == nil && !isTurned && since.isEmpty ? "Nothing of this: it has no effect." : nil
    }
}

struct ConflictsPage: Page {
    static let template = "conflict.list"
    struct Open: Decodable, Sendable {
        var about: String
        var href: String?
        var page: String
        var card: ConflictCard
    }
    struct Decided: Decodable, Sendable {
        var about: String
        var href: String
        var decision: String
        var comment: String?
    }
    var title = "Conflicts"
    var lede: String
    var open: [Open]
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
    var href: String?
    /// What was decided, by whom and when.
    var decision: String?
    var comment: String?
    /// Whether a decision can be taken back in this office.
    var canReopen: Bool
    var card: ConflictCard
}

extension ConflictWriter {
    /// `What stands was kept: Ann Admin, North, Mon 23 Nov 2026, 09:12`; nil: it is open.
    func decision(_ conflict: OpenConflict) -> (text: String, comment: String?)? {
        conflict.decision.map { event, it in
            (
                "\(decision(it.choice)): \(it.by.name), \(office(event.office)), \(activity.format.moment(event.time.instant))",
                it.comment.isEmpty ? nil : it.comment
            )
        }
    }
}
