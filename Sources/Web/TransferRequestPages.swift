import Domain
import Storage

let transferRequestPages: [any Page.Type] = [RequestsPage.self, RequestPage.self, NewRequestPage.self]

/// A request in a list.
struct RequestLine: Decodable, Sendable {
    var what: String
    var href: String
    var opened: String
    var state: String
    var tone: String
    var waiting: String
    var isOrphaned: Bool
    var expires: String
    /// What became of it, once it is over.
    var outcome: String

    init(_ row: RequestRow, _ words: RequestWriter) {
        let format = words.format
        what = words.headline(row.request)
        href = Paths.request(row.request.id.description)
        opened = "\(words.opener(row.request)), \(format.moment(row.request.opened.instant))"
        state = row.state.title
        tone = row.state.tone
        waiting = words.waiting(row) ?? OfficeFormat.none
        isOrphaned = row.isOrphaned
        outcome = words.outcome(row)
        expires =
            row.state.isUndecided ? row.expires.map(format.moment) ?? OfficeFormat.none : OfficeFormat.none
    }
}

struct RequestsPage: Page {
    static let template = "transferRequest.list"
    struct Section: Decodable, Sendable {
        var title: String
        var isHistory: Bool
        var rows: [RequestLine]
    }
    var title = "Requests"
    var lede: String
    var newHref: String?
    var standInHref: String?
    var hasAny: Bool
    var emptyTitle: String
    var emptyText: String
    var action = Paths.requests
    var states: [Choice]
    var kinds: [Choice]
    var agents: [Choice]
    var sections: [Section]
    var earlierHref: String?
    var laterHref: String?
    var shown: String
}

struct RequestPage: Page {
    static let template = "transferRequest.show"
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
    }
    struct EffectRow: Decodable, Sendable {
        var metric: String
        var before: String
        var after: String
    }
    struct Side: Decodable, Sendable {
        var title: String
        var rows: [EffectRow]
    }
    struct Step: Decodable, Sendable {
        var who: String
        var deed: String
        var isOverride: Bool
        var when: String
        var machine: String
        var comment: String
    }
    struct Button: Decodable, Sendable {
        var label: String
        var action: String
        var tone: String
    }
    struct Actions: Decodable, Sendable {
        var buttons: [Button]
        var hint: String
        var acting: [Choice]
        var hasActing: Bool
        var comment: String
    }
    var title: String
    var problem: Problem?
    var list = Paths.requests
    var lede: String
    var state: String
    var tone: String
    var explanation: String
    var actions: Actions?
    var facts: [Fact]
    var sides: [Side]
    var hasEffect: Bool
    var effectNote: String
    var withoutTitle: String
    var withTitle: String
    var steps: [Step]
    var hasSteps: Bool

    static let effectKeys = [
        "logs", "contacts", "successes", "contactRate", "successesPerActiveHour", "logsPerActiveHour",
    ]

    /// - Parameters:
    ///   - typed: what a step that was refused came with.
    ///   - effect: nil for whoever decides nothing.
    init(
        _ row: RequestRow, words: RequestWriter, viewer: Viewer,
        effect: (sides: [TeamEffect], period: Period)?,
        typed: Form, problem: UserError?
    ) {
        let (request, format) = (row.request, words.format)
        title = words.headline(request)
        self.problem = problem.map(Problem.init)
        lede = "Opened by \(words.opener(request)), \(format.moment(request.opened.instant))"
        state = row.state.title
        tone = row.state.tone
        explanation = words.explanation(row)
        var facts = request.agents.map { agent in
            let isFirst = agent == request.agent
            let (old, new) = isFirst ? (request.from, request.to) : (request.to, request.from)
            return Fact(name: words.name(agent), value: "\(words.team(old)) → \(words.team(new))")
        }
        facts += [
            Fact(name: "From", value: format.day(request.effective)),
            Fact(name: "Reason", value: request.reason),
        ]
        if let waiting = words.waiting(row) { facts.append(Fact(name: "Waits for", value: waiting)) }
        if row.state.isUndecided, let expires = row.expires {
            facts.append(Fact(name: "Ends undecided", value: format.moment(expires)))
        }
        self.facts = facts
        actions = Actions(row, words, viewer: viewer, typed: typed)
        sides =
            effect?.sides.map { side in
                Side(
                    title: side.seat.leader == nil
                        ? words.team(side.seat) : "Team of \(words.team(side.seat))",
                    rows: [
                        EffectRow(
                            metric: "Agents", before: format.number(side.agentsBefore),
                            after: format.number(side.agentsAfter)),
                        EffectRow(
                            metric: "Active hours", before: format.activeHours(side.before),
                            after: format.activeHours(side.after)),
                    ]
                        + Self.effectKeys.compactMap(Metric.named).map { metric in
                            EffectRow(
                                metric: metric.title, before: format.metric(metric, side.before),
                                after: format.metric(metric, side.after))
                        })
            } ?? []
        hasEffect = !sides.isEmpty
        let isDone = row.state == .scheduled || row.state == .applied
        (withoutTitle, withTitle) = isDone ? ("Without it", "With it") : ("Now", "With it")
        effectNote =
            effect.map {
                "Of those who are in each team on \(format.day(request.effective)), over \(format.period($0.period)). "
                    + "Rates are sums divided by sums."
            } ?? ""
        steps = request.steps.map { step in
            Step(
                who: words.who(step), deed: words.deed(step), isOverride: step.isOverride,
                when: format.moment(step.time.instant), machine: format.machine(step.time.instant),
                comment: step.comment)
        }
        hasSteps = !steps.isEmpty
    }
}

extension OfficeFormat {
    /// `328.9`.
    fileprivate func activeHours(_ figures: Figures) -> String {
        decimal(figures.activity.map { Double($0.active) / 3600 })
    }
}

extension RequestPage.Actions {
    init?(_ row: RequestRow, _ words: RequestWriter, viewer: Viewer, typed: Form) {
        let order: [RequestAction] = [.accept, .approve, .reject, .override, .withdraw, .revoke, .comment]
        let allowed = order.filter(row.actions.contains)
        guard !allowed.isEmpty else { return nil }
        buttons = allowed.map {
            .init(
                label: $0.title, action: Paths.requestStep(row.request.id.description, $0.rawValue),
                tone: $0.tone)
        }
        let needing = allowed.filter { $0.needsComment && $0 != .comment }.map { $0.title.lowercased() }
        hint =
            needing.isEmpty
            ? "Everybody who takes part reads it." : "Needed to \(needing.joined(separator: " or to "))."
        let chosen: ID<Person>? = typed.id("acting-for")
        acting = row.actingFor.map { person in
            Choice(
                person.description, person == viewer.person ? "Myself" : words.name(person),
                selected: person == chosen)
        }
        hasActing = row.actingFor.count > 1 || row.actingFor.contains { $0 != viewer.person }
        comment = typed["comment"]
    }
}

struct NewRequestPage: Page {
    static let template = "transferRequest.new"
    struct Tab: Decodable, Sendable {
        var label: String
        var href: String
        var isCurrent: Bool
    }
    struct Group: Decodable, Sendable {
        var label: String
        var choices: [Choice]
    }
    /// A select with groups.
    struct Grouped: Decodable, Sendable {
        var groups: [Group]
    }
    var title = "Open a request"
    var problem: Problem?
    var list = Paths.requests
    var action = Paths.newRequest
    var kind: String
    var tabs: [Tab]
    var about: String
    var hasAgents: Bool
    var emptyText: String
    var agents: [Group]
    /// Of a transfer.
    var targets: Grouped?
    /// Of a swap.
    var partners: Grouped?
    var effective: String
    var earliest: String
    var reason: String
    var submit: String
}
