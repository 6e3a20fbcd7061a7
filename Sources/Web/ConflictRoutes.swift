import Domain
import Hummingbird
import Storage

let conflictRoutes: [Route] = [
    Route(.get, Paths.conflicts, needs: .decideConflicts, showConflicts),
    Route(.get, Paths.conflict(":id"), needs: .decideConflicts) {
        try await showConflict($0, problem: nil)
    },
    Route(.post, Paths.conflictDecide(":id"), needs: .decideConflicts, decideConflict),
]

/// Open ones on a page: each is read, thought about and decided.
private let cardsShown = 20

@Sendable private func showConflicts(_ context: SignedIn) async throws -> Response {
    let words = try await context.conflictWriter()
    let all = try await context.store.conflicts(for: context.viewer, limit: 1000)
    let open = all.filter(\.isOpen)
    let decided = all.filter { !$0.isOpen }
        .sorted { ($0.decision?.event.time.bits ?? 0) > ($1.decision?.event.time.bits ?? 0) }
    let shown = open.prefix(cardsShown).map { conflict in
        let subject = words.about(conflict.conflict, try? EventBody(conflict.loser))
        return ConflictsPage.Open(
            about: subject.text, href: subject.href, page: Paths.conflict(conflict.conflict.id),
            card: ConflictCard(conflict, words))
    }
    return try context.page(
        ConflictsPage(
            lede: open.isEmpty
                ? "What two offices did without knowing of each other, where only one can stand."
                : "Two offices did this without knowing of each other. What stands counts meanwhile; nothing is lost.",
            open: shown, isEmpty: open.isEmpty,
            emptyText: decided.isEmpty
                ? "When two offices change the same thing before they exchange snapshots, you decide here what stands."
                : "All are decided. Each can be opened again below.",
            more: open.count > shown.count
                ? "\(context.format.number(open.count - shown.count)) more come up as you decide these."
                : nil,
            decided: decided.prefix(200).map { conflict in
                let said = words.decision(conflict)
                return .init(
                    about: words.about(conflict.conflict, try? EventBody(conflict.loser)).text,
                    href: Paths.conflict(conflict.conflict.id), decision: said?.text ?? "",
                    comment: said?.comment)
            }, hasDecided: !decided.isEmpty))
}

/// What a route's address names: 32 hex digits, as the fold makes them.
private func conflictID(_ context: SignedIn) throws -> String {
    guard let id = context.parameters.get("id"), id.utf8.count <= 64 else { throw UserError.notHere }
    return id
}

private func showConflict(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let conflict = try await context.store.conflict(try conflictID(context), for: context.viewer)
    let words = try await context.conflictWriter()
    let subject = words.about(conflict.conflict, try? EventBody(conflict.loser))
    let said = words.decision(conflict)
    return try context.page(
        ConflictPage(
            title: subject.text, problem: problem.map(Problem.init), href: subject.href,
            decision: said?.text, comment: said?.comment, canReopen: conflict.canReopen,
            card: ConflictCard(
                conflict, words, comment: problem == nil ? "" : context.form["comment"])),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func decideConflict(_ context: SignedIn) async throws -> Response {
    let id = try conflictID(context)
    do {
        let choice = try ConflictChoice(asked: context.form["choice"])
        try await context.store.decideConflict(
            id, choice, comment: context.form["comment"], seen: context.form.text("seen"),
            for: context.viewer, by: context.actor)
        let left = try await context.store.openConflictCount(for: context.viewer)
        let rest =
            left == 0
            ? "No conflict is open any more."
            : "\(context.format.count(left, "conflict is", "conflicts are")) still open."
        switch choice {
        case .keep:
            return context.redirect(to: Paths.conflicts, Notice(.success, "What stands is kept", rest))
        case .other:
            return context.redirect(
                to: Paths.conflicts, Notice(.success, "The other is done after all", rest))
        case .reopen:
            return context.redirect(to: Paths.conflict(id), Notice(.info, "It is open again", rest))
        }
    } catch let error as UserError where error.code != .notFound {
        return try await showConflict(context, problem: error)
    }
}

extension ConflictChoice {
    /// - Throws: `UserError` `invalid`.
    init(asked text: String) throws {
        guard let choice = ConflictChoice(rawValue: text) else {
            throw UserError(
                .invalid, text.isEmpty ? "Nothing was chosen." : "“\(text)” is no choice.",
                advice: "There is: keep (what stands), other (what lost, after all), reopen.")
        }
        self = choice
    }
}

/// A note on the page of something that a conflict is open about.
struct ConflictNote: Decodable, Sendable {
    var text: String
    var href: String

    /// nil: none is open, or it is not this viewer's to know.
    init?(about subject: ConflictSubject, _ context: SignedIn) async throws {
        let open = try await context.store.openConflicts(about: subject, for: context.viewer)
        guard let first = open.first else { return nil }
        text =
            open.count == 1
            ? "Two offices did something here without knowing of each other, and nobody has decided what stands."
            : "\(context.format.number(open.count)) conflicts with other offices about this are open."
        href = open.count == 1 ? Paths.conflict(first) : Paths.conflicts
    }
}
