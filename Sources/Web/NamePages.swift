import Domain
import Storage

let namePages: [any Page.Type] = [NameQueuePage.self, AllNamesPage.self, NameChangesPage.self, NamePage.self]

/// The views of the names pages, for the line of tabs on top of each.
struct NameTab: Decodable, Sendable {
    var label: String
    var href: String
    var current: Bool

    /// - Parameter office: what the tabs keep of the office that is looked at.
    static func all(_ current: String, office: String? = nil) -> [NameTab] {
        let kept = Form(office.map { [("office", $0)] } ?? [])
        return [
            ("To match", Paths.names), ("All names", Paths.allNames), ("Last changes", Paths.nameChanges),
        ]
        .map { NameTab(label: $0.0, href: kept.link($0.1), current: $0.1 == current) }
    }
}

/// Every name and whose it is.
struct AllNamesPage: Page {
    static let template = "name.list"
    struct Owner: Decodable, Sendable {
        var name: String
        var href: String
        /// `until Tue 3 Nov 2026`, `from Wed 4 Nov 2026`; nil: on all days.
        var days: String?
    }
    struct Row: Decodable, Sendable {
        var name: String
        var href: String
        var owners: [Owner]
        /// Where that is not the own.
        var office: String?
        var isUnmatched: Bool
        var isShared: Bool
    }
    var title = "All names"
    var tabs: [NameTab]
    var lede: String
    var action = Paths.allNames
    var search: String
    var hasRows: Bool
    var rows: [Row]
    var emptyText: String
    var uploadHref: String?
    var shown: String
    var previousHref: String?
    var nextHref: String?

    init(
        _ book: NameBook, search: String, from start: Int, limit: Int, isLast: Bool,
        link: (Int) -> String, page: Int, uploadHref: String?, office: String? = nil,
        nameOf: (ID<Office>) -> String? = { _ in nil }, format: OfficeFormat
    ) {
        tabs = NameTab.all(Paths.allNames, office: office)
        self.search = search
        let shared = book.aliases.filter { $0.persons.count > 1 }.count
        lede =
            format.count(book.aliases.count, "name", "names")
            + (shared > 0 ? ", \(format.number(shared)) of several persons at different dates" : "") + "."
        rows = book.aliases.dropFirst(start).prefix(limit).map { alias in
            Row(
                name: alias.name, href: NameReference(alias).path,
                owners: alias.spans.map { span in
                    Owner(
                        name: book.persons[span.person] ?? OfficeFormat.none,
                        href: Paths.agent(span.person.description), days: format.days(span))
                }, office: nameOf(alias.office), isUnmatched: book.isUnmatched(alias),
                isShared: alias.persons.count > 1)
        }
        hasRows = !rows.isEmpty
        emptyText =
            search.isEmpty
            ? "Names appear with the first file that holds calls."
            : "No name and no person is called so. Search for a part of it."
        self.uploadHref = search.isEmpty ? uploadHref : nil
        shown =
            "\(format.number(start + 1))–\(format.number(start + rows.count)) of \(format.number(book.aliases.count))"
        previousHref = page > 1 ? link(page - 1) : nil
        nextHref = isLast ? nil : link(page + 1)
    }
}

extension OfficeFormat {
    /// `until Tue 3 Nov 2026`, `from Wed 4 Nov 2026`; nil: on all days.
    func days(_ span: AliasSpan) -> String? {
        let from = span.from == Day(number: .min) ? nil : span.from
        let until = span.until == Day(number: .max) ? nil : span.until.adding(-1)
        return switch (from, until) {
        case (nil, nil): nil
        case (let from?, nil): "from \(day(from))"
        case (nil, let until?): "until \(day(until))"
        case (let from?, let until?): "\(day(from)) to \(day(until))"
        }
    }

    /// `Ben Asby, Ben Ashby from Wed 4 Nov 2026`.
    func owners(_ links: [AliasLink], _ names: [ID<Person>: String]) -> String {
        links.enumerated().map { index, link in
            (names[link.person] ?? Self.none) + (index == 0 ? "" : " from \(day(link.from))")
        }.joined(separator: ", ")
    }
}

/// What was done to names, to be taken back.
struct NameChangesPage: Page {
    static let template = "name.changes"
    struct Change: Decodable, Sendable {
        var name: String
        var href: String
        var before: String
        var after: String
    }
    struct Row: Decodable, Sendable {
        var when: String
        var whenMachine: String
        var by: String
        var merge: String?
        var changes: [Change]
        var reason: String?
        var undo: String?
        var label: String
    }
    var title = "Last changes of names"
    var tabs = NameTab.all(Paths.nameChanges)
    var problem: Problem?
    var hasRows: Bool
    var rows: [Row]

    init(_ changes: [NameChange], format: OfficeFormat, problem: Problem?) {
        self.problem = problem
        rows = changes.map { it in
            let merge = it.change.merge.map { merge in
                let (one, other) = (it.names[merge.person] ?? "", it.names[merge.into] ?? "")
                return merge.undone
                    ? "\(one) and \(other) are two persons again" : "\(one) is the same person as \(other)"
            }
            return Row(
                when: format.moment(it.time), whenMachine: format.machine(it.time), by: it.actor,
                merge: merge,
                changes: it.change.changes.map { change in
                    let alias = AgentAlias(
                        office: change.office, folded: change.folded, name: change.name, links: change.after)
                    return Change(
                        name: change.name, href: NameReference(alias).path,
                        before: format.owners(change.before, it.names),
                        after: format.owners(change.after, it.names))
                }, reason: it.change.reason.isEmpty ? nil : it.change.reason,
                undo: it.canBeUndone ? Paths.nameChangeUndo(String(it.seq)) : nil,
                label: it.change.changes.first?.name ?? merge ?? "")
        }
        hasRows = !rows.isEmpty
    }
}

/// One name: whose it is on which days, and the form that says it anew.
struct NamePage: Page {
    static let template = "name.show"
    struct Share: Decodable, Sendable {
        var person: String
        var href: String
        var days: String
        var logs: String
        var worked: String
        /// The day whose link can be taken back.
        var from: String?
    }
    var title: String
    var heading: String
    var lede: String
    var tabs = NameTab.all("")
    var list = Paths.allNames
    var problem: Problem?
    var shares: [Share]
    var unlink: String
    var link: String
    var persons: [Choice]
    var mayAdd: Bool
    var newName: String
    var isFrom: Bool
    var from: String
    var reason: String

    init(
        _ detail: NameDetail, persons: [Person], mayAdd: Bool, today: Day, typed: Form?, format: OfficeFormat,
        problem: Problem?
    ) {
        let alias = detail.alias
        let reference = NameReference(alias).text
        title = "Name “\(alias.name)”"
        heading = "“\(alias.name)”"
        let count = alias.persons.count
        lede =
            count == 1
            ? "As a dialer writes it. It is one person's on all days."
            : "As a dialer writes it. It is \(format.number(count)) persons' at different dates."
        self.problem = problem
        shares = zip(alias.links, detail.shares).map { link, share in
            Share(
                person: share.person, href: Paths.agent(share.span.person.description),
                days: format.days(share.span) ?? "on all days", logs: format.number(share.logs),
                worked: share.days.map { format.period($0) } ?? OfficeFormat.none,
                from: alias.links.count > 1 ? link.from.iso : nil)
        }
        unlink = Paths.nameUnlink(reference)
        self.link = Paths.nameLink(reference)
        let chosen = typed?["person"] ?? ""
        self.persons =
            [Choice("", "Choose…", selected: chosen.isEmpty)]
            + (mayAdd ? [Choice("new", "A new person…", selected: chosen == "new")] : [])
            + persons.map { Choice($0.id.description, $0.name, selected: $0.id.description == chosen) }
        self.mayAdd = mayAdd
        newName = typed?["newName"] ?? ""
        isFrom = typed?["days"] == "from"
        from = typed?["from"] ?? today.iso
        reason = typed?["reason"] ?? ""
    }
}
