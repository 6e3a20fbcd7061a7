import Domain
import Hummingbird
import Storage

let forkRoutes: [Route] = [
    Route(.get, Paths.forks, needs: .manageOffices) { try await showForks($0) },
    Route(.post, Paths.forkDecide(":id", ":incarnation"), needs: .manageOffices, decideFork),
]

let forkPages: [any Page.Type] = [ForksPage.self]

/// Chains that two boxes wrote differently: what happened, and what to do; its lists are for paper, too.
struct ForksPage: Page {
    static let template = "fork.list"
    struct Entry: Decodable, Sendable {
        var number: String
        var when: String
        var who: String
        var what: String
    }
    struct Side: Decodable, Sendable {
        var title: String
        var count: String
        var entries: [Entry]
        var isEmpty: Bool
        var empty: String
        var more: String?
    }
    struct Fork: Decodable, Sendable {
        var title: String
        var badge: String
        var tone: String
        var story: String
        var steps: [String]
        var sides: [Side]
        var decide: String
        /// `yes`: goes on; empty: raises the alarm again.
        var settle: String
        var button: String
        var question: String
    }
    var title = "Two versions"
    var list = Paths.sync
    var forks: [Fork]
    var isEmpty: Bool
}

extension Fork {
    /// What happened, in words.
    func story(_ format: OfficeFormat) -> String {
        let other =
            otherCount == 0
            ? "What the other box wrote has not come in full yet; its next full snapshot brings it."
            : "At the other box, without effect here: \(format.count(otherCount, "entry", "entries"))."
        return
            "Two boxes wrote as “\(name)” without knowing of each other: a data folder was copied, or an old copy was put back. From entry \(seq) on, made \(format.moment(since)), there are two versions. Here, and counting: \(format.count(hereCount, "entry", "entries")). \(other) It was noticed \(format.moment(found))."
    }

    /// What a person does about it, step by step.
    func steps(_ format: OfficeFormat) -> [String] {
        guard !isSettled else {
            return [
                "This office goes on with what is held here.",
                "Have what the other box wrote entered again where it is missed: print the list.",
            ]
        }
        let find =
            isOwn
            ? "Find the other box that writes as this office, and stop it. This box goes on with a new chain of entries already, which other offices take."
            : "Call “\(name)”: find the box that is not the real one, and stop it. Until then nothing more of this chain is taken in."
        return [
            find,
            "Are the entries that are held here those of the real box? Then go on with them. The other box's stay out: print their list and have them entered again.",
            "Are they the other box's? Then have this office put back to before \(format.moment(since)): “rollcall restore” with a backup, or with a copy that was kept before a merge. What was done here since then leaves this office and stays in the folder Replaced alone, so print what you need of the activity before. Afterwards take in the real box's snapshot first.",
        ]
    }

    fileprivate func lines(_ entries: [ActivityEntry], _ writer: ActivityWriter) -> [ForksPage.Entry] {
        entries.map { entry in
            ForksPage.Entry(
                number: String(entry.event.seq), when: writer.format.moment(entry.event.time.instant),
                who: entry.event.actor.name,
                what: entry.body.map { writer.words($0).line } ?? "made an entry of a newer release")
        }
    }
}

/// A fork, line by line, for the command line.
public func forkText(_ fork: Fork, names: [String: String], _ format: OfficeFormat) -> [String] {
    let writer = ActivityWriter(names: names, format: format)
    func side(_ title: String, _ entries: [ActivityEntry], _ count: Int) -> [String] {
        ["\(title): \(count)"]
            + fork.lines(entries, writer).map { "  \($0.number)  \($0.when)  \($0.who) \($0.what)" }
    }
    return [fork.story(format)] + fork.steps(format).map { "- \($0)" }
        + side("Held here", fork.here, fork.hereCount) + side("Of the other box", fork.other, fork.otherCount)
}

private func showForks(_ context: SignedIn) async throws -> Response {
    let forks = try await context.store.forks(for: context.viewer)
    let format = context.format
    let writer = ActivityWriter(names: try await context.store.activityNames(), format: format)
    func side(_ fork: Fork, _ title: String, _ entries: [ActivityEntry], _ count: Int, _ empty: String)
        -> ForksPage.Side
    {
        .init(
            title: title, count: format.count(count, "entry", "entries"),
            entries: fork.lines(entries, writer),
            isEmpty: entries.isEmpty, empty: empty,
            more: count > entries.count
                ? "And \(format.count(count - entries.count, "later one", "later ones"))." : nil)
    }
    return try context.page(
        ForksPage(
            forks: forks.map { fork in
                .init(
                    title: "Two boxes wrote as “\(fork.name)”", badge: fork.isSettled ? "Decided" : "Alarm",
                    tone: fork.isSettled ? "neutral" : "bad", story: fork.story(format),
                    steps: fork.steps(format),
                    sides: [
                        side(
                            fork, "What the other box wrote", fork.other, fork.otherCount,
                            "It has not come yet. A full snapshot of that box, or of who holds its version, brings it."
                        ),
                        side(
                            fork, "What is held here in its place", fork.here, fork.hereCount,
                            "Nothing is held here from that entry on."),
                    ],
                    decide: Paths.forkDecide(
                        fork.chain.office.description, String(fork.chain.incarnation)),
                    settle: fork.isSettled ? "" : "yes",
                    button: fork.isSettled ? "Raise the alarm again" : "Go on with what is held here",
                    question: fork.isSettled
                        ? "Take nothing more of this chain until it is decided anew?"
                        : "Go on with what is held here of “\(fork.name)”? What the other box wrote stays out."
                )
            }, isEmpty: forks.isEmpty))
}

@Sendable private func decideFork(_ context: SignedIn) async throws -> Response {
    guard let incarnation = context.parameters.get("incarnation").flatMap({ Int($0) }) else {
        throw UserError.notHere
    }
    let isSettled = context.form["settle"] == "yes"
    do {
        try await context.store.decideFork(
            Chain(office: try context.id(), incarnation: incarnation), isSettled: isSettled,
            for: context.viewer, by: context.actor)
    } catch let error as UserError where error.code == .stale {
        return context.redirect(to: Paths.forks, Notice(.info, error.message, error.advice))
    }
    return context.redirect(
        to: Paths.forks,
        isSettled
            ? Notice(
                .success, "This office goes on with what it holds",
                "What continues it is taken in again. Have the other box's entries entered again where they are missed."
            ) : Notice(.warning, "The alarm is raised again", "Nothing more of that chain is taken in."))
}
