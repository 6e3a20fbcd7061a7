import Domain
import Foundation
import Storage

/// Says in words what two offices did to one thing without knowing of each other.
struct ConflictWriter: Sendable {
    struct Subject: Sendable, Hashable {
        var text: String
        var href: String?
    }

    var activity: ActivityWriter
    private var names: [String: String] { activity.names }
    private var format: OfficeFormat { activity.format }

    init(names: [String: String], _ format: OfficeFormat) {
        activity = ActivityWriter(names: names, format: format)
    }

    func office(_ id: ID<Office>) -> String { names[id.description] ?? "an unknown office" }

    private func name(_ id: some StringProtocol) -> String { names[String(id)] ?? "somebody new here" }

    // MARK: What it is about

    /// - Parameter body: of what lost, where it is here.
    func about(_ conflict: Conflict, _ body: EventBody? = nil) -> Subject {
        let parts = conflict.register.split(separator: " ", maxSplits: 1)
        guard let kind = parts.first, let id = parts.last else {
            return Subject(text: "Something that two offices did")
        }
        let text = String(id)
        switch kind {
        case "person": return Subject(text: "What \(name(id)) is called", href: Paths.person(text))
        case "placement": return Subject(text: "Where \(name(id)) is placed", href: Paths.person(text))
        case "same":
            return Subject(text: "Whether \(name(id)) is the same as somebody else", href: Paths.person(text))
        case "name":
            let folded = id.split(separator: " ", maxSplits: 1).last.map(String.init) ?? text
            return Subject(
                text: "Whose the dialer's name “\(folded)” is",
                href: Form([("q", folded), ("office", "all")]).link(Paths.allNames))
        case "office": return Subject(text: "The settings of the office \(name(id))")
        case "source": return Subject(text: "The source \(name(id))", href: Paths.source(text))
        case "request":
            var who: String?
            if case .transferRequestDecided(let it)? = body { who = activity.name(it.agent) }
            return Subject(text: "A request" + (who.map { " about \($0)" } ?? ""), href: Paths.request(text))
        case "stand-in":
            var who: String?
            if case .delegationChanged(let it)? = body {
                who = activity.name((it.after ?? it.before)?.person)
            }
            return Subject(text: "Who stands in for \(who ?? "somebody")", href: Paths.standIns)
        case "deletion": return Subject(text: "A deletion", href: Paths.deletion(text))
        case "purge": return Subject(text: "Calls that were purged", href: Paths.deletion(text))
        case "hold": return Subject(text: "A hold", href: Paths.deleteHolds)
        case "conflict": return Subject(text: "How a conflict was decided", href: Paths.conflict(text))
        default:
            guard let words = body.map({ activity.words($0) }) else {
                return Subject(text: "Something that has no effect")
            }
            let deed = [words.deed, words.subject].compactMap { $0 }.joined(separator: " ")
            return Subject(text: "No effect: \(deed)", href: words.href)
        }
    }

    // MARK: What each did

    /// Of an entry about several things, that about the conflict's alone.
    func narrowed(_ body: EventBody, to register: String) -> EventBody {
        func own(_ placements: [Placement]) -> [Placement] {
            placements.filter { register == "placement \($0.person)" }
        }
        switch body {
        case .personsPlaced(let it) where !own(it.placements).isEmpty:
            return .personsPlaced(PersonsPlaced(placements: own(it.placements), reason: it.reason))
        case .teamHandedOver(let it) where !own(it.placements).isEmpty:
            return .personsPlaced(PersonsPlaced(placements: own(it.placements), reason: it.reason))
        case .transferRequestDecided(let it) where !own(it.placements).isEmpty:
            return .personsPlaced(PersonsPlaced(placements: own(it.placements), reason: it.comment))
        case .conflictDecided(let it) where register != "conflict \(it.conflict)":
            guard let change = try? it.change?.body() else { return body }
            return narrowed(change, to: register)
        default: return body
        }
    }

    // MARK: Why, and what follows

    func why(_ conflict: OpenConflict) -> String {
        if let refusal = conflict.conflict.refusal { return refusal }
        guard let winner = conflict.winner else {
            return "The rules do not allow it beside what else was done."
        }
        let (loser, other) = (office(conflict.loser.office), office(winner.office))
        let both =
            conflict.loser.office == winner.office ? "Two boxes of \(loser)" : "\(loser) and \(other)"
        return "\(both) did this without knowing of each other."
            + (conflict.since != nil
                ? " Somebody has changed it since."
                : conflict.isOpen ? " The later one stands until somebody decides." : "")
    }

    /// What either choice means, as far as it can be said; nil: it cannot.
    func consequence(_ conflict: OpenConflict) -> String? {
        let register = conflict.conflict.register
        guard let lost = try? EventBody(conflict.loser) else { return nil }
        let stands = conflict.stands.flatMap { try? EventBody($0) }
        // Of what does not stand: once the other was done after all, that is what had won.
        let other =
            conflict.decision?.decided.choice == .other
            ? conflict.winner.flatMap { try? EventBody($0) } : lost
        func place(_ body: EventBody?) -> Placement? {
            guard case .personsPlaced(let it)? = body.map({ narrowed($0, to: register) }) else { return nil }
            return it.placements.min { $0.from < $1.from }
        }
        if register.hasPrefix("placement ") {
            guard let other = place(other) else { return nil }
            let who = name(register.dropFirst("placement ".count))
            let there =
                "The calls of \(who) from \(format.day(other.from)) on would count for \(team(other))."
            guard let now = place(stands) else { return there }
            return "The calls of \(who) from \(format.day(now.from)) on count for \(team(now)). "
                + "With the other: from \(format.day(other.from)) on for \(team(other))."
        }
        switch narrowed(lost, to: register) {
        case .personRenamed: return "Only the name that pages show. No figure changes."
        case .aliasChanged:
            return "The calls under this name count for whoever it belongs to, with his team on each day."
        case .sourceChanged:
            return "What its states mean changes the contacts and successes of all its calls."
        case .officeChanged:
            return "A new begin of the day or a new longest pause counts all calls of that office again."
        case .delegationChanged: return "Who may decide in somebody's place on those days. No figure changes."
        case .transferRequestDecided: return "Whether somebody changes his team by this request."
        case .deleteRequestDecided: return "Whether these calls count. Until somebody decides they are kept."
        case .deleteHoldChanged: return "Whether calls under the hold can be deleted."
        default: return nil
        }
    }

    private func team(_ placement: Placement) -> String {
        if let leader = activity.name(placement.leader) { return "the team of \(leader)" }
        if let manager = activity.name(placement.manager) { return "\(manager), without a team" }
        return "nobody's team"
    }

    // MARK: What was decided

    func decision(_ choice: ConflictChoice) -> String {
        switch choice {
        case .keep: "What stands was kept"
        case .other: "The other was done after all"
        case .reopen: "Opened again"
        }
    }
}

extension SignedIn {
    func conflictWriter() async throws -> ConflictWriter {
        ConflictWriter(names: try await self.store.activityNames(), self.format)
    }
}

/// A conflict, line by line, for the command line.
public func conflictText(_ conflict: OpenConflict, names: [String: String], _ format: OfficeFormat)
    -> [String]
{
    let writer = ConflictWriter(names: names, format)
    let register = conflict.conflict.register
    func deed(_ event: Event?) -> String {
        guard let event else { return "nothing" }
        let what =
            (try? EventBody(event)).map { writer.activity.words(writer.narrowed($0, to: register)).line }
            ?? "an entry of a newer release"
        return
            "\(what) (\(event.actor.name), \(writer.office(event.office)), \(format.moment(event.time.instant)))"
    }
    let isTurned = conflict.decision?.decided.choice == .other
    var lines = [
        "\(conflict.conflict.id)  \(conflict.isOpen ? "open" : "decided")  "
            + writer.about(conflict.conflict, try? EventBody(conflict.loser)).text,
        "  stands now: \(deed(conflict.stands))",
    ]
    if conflict.since != nil {
        lines.append("  won:        \(deed(isTurned ? conflict.loser : conflict.winner))")
    }
    lines += [
        "  lost:       \(deed(isTurned ? conflict.winner : conflict.loser))",
        "  \(writer.why(conflict))",
    ]
    if let consequence = writer.consequence(conflict) { lines.append("  \(consequence)") }
    if let (event, it) = conflict.decision {
        lines.append(
            "  \(writer.decision(it.choice)), by \(it.by.name), \(format.moment(event.time.instant))"
                + (it.comment.isEmpty ? "" : ": “\(it.comment)”"))
    } else if !conflict.canTakeOther {
        lines.append("  The other cannot be done by itself: do it by hand, then keep what stands.")
    }
    return lines
}
