import Domain
import Storage

let activityPages: [any Page.Type] = [ActivityListPage.self]

struct ActivityListPage: Page {
    static let template = "activity"
    struct Link: Decodable, Sendable {
        var href: String
        var text: String
    }
    struct Change: Decodable, Sendable {
        var what: String
        var before: String?
        var after: String?
    }
    struct Entry: Decodable, Sendable {
        var time: String
        var machineTime: String
        var who: String
        var deed: String
        var subject: String?
        /// The subject, where it has a page.
        var linked: Link?
        var changes: [Change]
        var note: String?
        var from: String
        /// Where that is not the own.
        var office: String?
        var refusal: String?
        var number: String
    }
    struct DayGroup: Decodable, Sendable {
        var day: String
        var entries: [Entry]
    }
    var title = "Activity"
    var action = Paths.activity
    var from: String
    var to: String
    var people: [Choice]
    var kinds: [Choice]
    var q: String
    var export: String
    var days: [DayGroup]
    var later: String?
    var earlier: String?

    init(
        _ page: ActivityPage, query: Form, accounts: [Account], writer: ActivityWriter,
        nameOf: (ID<Office>) -> String? = { _ in nil }
    ) {
        let format = writer.format
        from = query.day("from")?.iso ?? ""
        to = query.day("to")?.iso ?? ""
        let who = query["who"]
        people =
            [Choice("", "Everybody", selected: who.isEmpty)]
            + accounts.map { account in
                let id = account.user.id.description
                return Choice(id, account.user.name, selected: id == who)
            }
            + ["Console", "Somebody", "Rollcall"].map { Choice($0, $0, selected: $0 == who) }
        kinds =
            [Choice("", "Everything", selected: query["kind"].isEmpty)]
            + activityKinds.map { Choice($0.key, $0.title, selected: $0.key == query["kind"]) }
        q = query["q"]
        export = query.with(["before": nil, "after": nil]).link(Paths.activityExport)
        var groups: [DayGroup] = []
        for entry in page.entries {
            let day = format.day(entry.event.time.instant.local(in: format.zone).day)
            if groups.last?.day != day { groups.append(DayGroup(day: day, entries: [])) }
            groups[groups.count - 1].entries.append(Entry(entry, writer, office: nameOf(entry.event.office)))
        }
        days = groups
        let (first, last) = (page.entries.first?.place.text, page.entries.last?.place.text)
        later =
            page.hasLater ? first.map { query.with(["before": nil, "after": $0]).link(Paths.activity) } : nil
        earlier =
            page.hasEarlier
            ? last.map { query.with(["after": nil, "before": $0]).link(Paths.activity) } : nil
    }
}

extension ActivityListPage.Entry {
    init(_ entry: ActivityEntry, _ writer: ActivityWriter, office: String? = nil) {
        self.office = office
        let event = entry.event
        let words =
            entry.body.map { writer.words($0) }
            ?? ActivityWords("made an entry of a newer release", note: "Its kind is \(event.kind).")
        time = writer.format.time(event.time.instant)
        machineTime = writer.format.machine(event.time.instant)
        who = event.actor.name
        deed = words.deed
        subject = words.href == nil ? words.subject : nil
        linked = words.href.map { .init(href: $0, text: words.subject ?? "") }
        changes = words.changes.map { .init(what: $0.what, before: $0.before, after: $0.after) }
        note = words.note
        from = event.actor.via
        refusal = entry.refusal
        number = "\(event.stream.rawValue) \(event.seq)"
    }
}
