import Domain
import Foundation
import Storage

let distributionPages: [any Page.Type] = [DistributionPage.self]

/// Who is in which team on a day, in columns that agents are moved between.
struct DistributionPage: Page {
    static let template = "distribution"
    struct Card: Decodable, Sendable {
        var id: String
        var name: String
        var href: String?
        var meta: String
        var status: String?
        var next: String?
        var selected: Bool
        var requestHref: String?
    }
    struct Column: Decodable, Sendable {
        var name: String
        var kind: String
        var count: String
        /// nil where nothing is put.
        var key: String?
        var cards: [Card]
    }
    struct Section: Decodable, Sendable {
        var name: String?
        var label: String
        var count: String
        var columns: [Column]
    }
    struct TargetGroup: Decodable, Sendable {
        var label: String
        var choices: [Choice]
    }
    struct Scheduled: Decodable, Sendable {
        var name: String
        var from: String
        var what: String
        var by: String
    }
    var title = "Distribution"
    var heading = "Distribution"
    var lede: String
    var problem: Problem?
    var hasRequestLinks: Bool
    var requestLinks: [TextLink]
    var action = Paths.distribution
    var on: String
    var dayWords: String
    var moveWords: String
    var todayHref: String?
    var pastWords: String?
    var hasManagers: Bool
    var managers: [Choice]
    var manager: String
    var search: String
    var mayMove: Bool
    var mayRequest: Bool
    var hasCards: Bool
    var sections: [Section]
    var targets: [TargetGroup]
    var reason: String
    var later: Bool
    var emptyTitle: String
    var emptyText: String
    var hasScheduled: Bool
    var scheduled: [Scheduled]

    init(
        _ board: DistributionBoard, today: Day, form: Form, viewer: Viewer,
        kept office: [(name: String, value: String)] = [], format: OfficeFormat,
        problem: Problem?, requestLinks: [TextLink]
    ) {
        self.problem = problem
        self.requestLinks = requestLinks
        hasRequestLinks = !requestLinks.isEmpty
        let isOffice = viewer.reach(.managePeople) == .office
        let mayMove = viewer.may(.managePeople)
        let search = form["q"]
        let words = foldedWords(search)
        let ticked = Set(form.all("agent"))
        let several = board.sections.count > 1
        func shown(_ column: DistributionBoard.Column) -> Column {
            let cards = column.cards.filter { card in
                let name = foldedWords(card.standing.name).joined(separator: " ")
                return words.allSatisfy { name.contains($0) }
            }
            let all = format.number(column.cards.count)
            let kind: String
            switch column.place {
            case .idle: kind = "idle"
            case .unassigned: kind = "unassigned"
            case .team: kind = "team"
            }
            return Column(
                name: column.name, kind: kind,
                count: cards.count == column.cards.count ? all : "\(format.number(cards.count)) of \(all)",
                key: mayMove ? column.place.key : nil,
                cards: cards.map { card in
                    let id = card.standing.person.description
                    let placement = card.standing.placement
                    return Card(
                        id: id, name: card.standing.name,
                        href: isOffice || column.place != .unassigned ? Paths.agent(id) : nil,
                        meta: "\(placement.employment) · \(placement.group)",
                        status: placement.status == Placement.employee ? nil : placement.status,
                        next: card.next.map { "from \(format.shortDay($0.from)) → \($0.words)" },
                        selected: ticked.contains(id),
                        requestHref: mayMove ? nil : Paths.requestAbout(id))
                })
        }
        sections = board.sections.map { section in
            Section(
                name: several ? section.manager?.name ?? "Under nobody" : nil,
                label: "Teams of \(section.manager?.name ?? "nobody")",
                count: format.count(section.count, "agent", "agents"), columns: section.columns.map(shown))
        }
        let to = form["to"]
        targets =
            mayMove
            ? board.sections.compactMap { section in
                section.manager.map { manager in
                    TargetGroup(
                        label: manager.name,
                        choices: section.columns.compactMap { column in
                            column.place.key.map { key in
                                if case .idle = column.place {
                                    return Choice(key, "Idle under \(manager.name)", selected: key == to)
                                }
                                return Choice(key, column.name, selected: key == to)
                            }
                        })
                }
            } : []
        self.mayMove = mayMove && !targets.isEmpty
        mayRequest = mayMove && !isOffice
        // A board without anybody still has columns to be filled.
        hasCards = board.sections.contains { $0.manager != nil || $0.count > 0 }
        let teams = board.sections.flatMap(\.columns).filter {
            if case .team = $0.place { true } else { false }
        }
        lede =
            format.count(board.count, "agent", "agents") + " in "
            + format.count(teams.count, "team", "teams") + " on \(format.day(board.day))."
        on = board.day.iso
        dayWords = format.day(board.day)
        moveWords = "Move from \(format.shortDay(board.day)) on"
        let kept = [("manager", form["manager"]), ("q", search)].filter { !$0.1.isEmpty }
        todayHref = board.day == today ? nil : Form(kept + office).link(Paths.distribution)
        pastWords =
            mayMove && board.day < today
            ? "You are placing from a day that is over: the figures of all days since then follow the new team."
            : nil
        hasManagers = board.managers.count > 1
        manager = form["manager"]
        managers =
            [Choice("", "All", selected: form["manager"].isEmpty)]
            + board.managers.map {
                Choice($0.id.description, $0.name, selected: $0.id.description == form["manager"])
            }
        self.search = search
        reason = form["reason"]
        later = form.has("later")
        emptyTitle = "No teams on this day"
        emptyText =
            isOffice
            ? "Add team managers and team leaders under People first, or choose another day."
            : "Nobody reports to you on \(format.day(board.day)). Choose another day, or ask an admin."
        scheduled = board.scheduled.map { change in
            Scheduled(
                name: change.person.name, from: format.day(change.from), what: change.words,
                by: change.cause.actor + (change.cause.reason.isEmpty ? "" : ": \(change.cause.reason)"))
        }
        hasScheduled = !scheduled.isEmpty
    }
}

extension DistributionBoard.Change {
    /// Where he goes, or what else changes: `Lea Leader`, `Left`, `Team Leader under Mia`, `Part-Timer`.
    fileprivate var words: String {
        guard let before else { return "joins" + (superior.map { ": \($0)" } ?? "") }
        var parts: [String] = []
        if after.status != before.status { parts.append(after.status) }
        if after.designation != before.designation { parts.append(after.designation) }
        if (after.leader, after.manager) != (before.leader, before.manager) {
            parts.append(
                isOutside
                    ? "another team"
                    : superior.map {
                        after.leader == nil && after.designation == before.designation
                            ? "idle under \($0)" : $0
                    } ?? (after.status == before.status ? "under nobody" : ""))
        }
        if after.employment != before.employment { parts.append(after.employment) }
        if after.group != before.group { parts.append("group \(after.group)") }
        parts.removeAll(where: \.isEmpty)
        return parts.isEmpty ? "as before" : parts.joined(separator: ", ")
    }
}

/// Words of a text for searching: no case, no diacritics.
private func foldedWords(_ text: String) -> [String] {
    text.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
        .split { $0.isWhitespace }.map(String.init)
}
