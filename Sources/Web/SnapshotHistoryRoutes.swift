import Domain
import Hummingbird
import Ingest
import Storage

let snapshotHistoryRoutes: [Route] = [
    Route(.get, Paths.snapshotHistory, needs: .viewOffices, showExchanges),
    Route(.get, Paths.snapshotRecord(":id"), needs: .viewOffices) { try await showReceipt($0, problem: nil) },
    Route(.post, Paths.mergeUndo(":id"), needs: .manageOffices, undoMerge),
]

let snapshotHistoryPages: [any Page.Type] = [SnapshotHistoryPage.self, SnapshotReceiptPage.self]

struct SnapshotHistoryPage: Page {
    static let template = "snapshotHistory.list"
    struct Row: Decodable, Sendable {
        var what: String
        var href: String
        var when: String
        var machine: String
        var who: String
        var note: String
        var state: String
        var tone: String
    }
    var title = "What passed between offices"
    var rows: [Row]
    var isEmpty: Bool
    var previous: String?
    var next: String?
    var range: String
}

/// What was taken in or written, on paper, too.
struct SnapshotReceiptPage: Page {
    static let template = "snapshotHistory.receipt"
    var title: String
    var lede: String
    var list = Paths.snapshotHistory
    var problem: Problem?
    /// Of the office's state after a merge.
    var words: [String]
    var hasWords: Bool
    var isStill: String?
    var part: MergePart
    var conflictsHref: String?
    var undo: String?
    var entry: String
}

private let exchangesPerPage = 50

@Sendable private func showExchanges(_ context: SignedIn) async throws -> Response {
    let format = context.format
    let offset = max(0, min(1_000_000, context.query.integer("offset") ?? 0))
    let (rows, total) = try await context.store.snapshotRecords(
        for: context.viewer, offset: offset, limit: exchangesPerPage)
    let words = try await context.conflictWriter()
    func link(_ offset: Int) -> String {
        Form(offset > 0 ? [("offset", String(offset))] : []).link(Paths.snapshotHistory)
    }
    return try context.page(
        SnapshotHistoryPage(
            rows: rows.map { record in
                let said = words.activity.words(record.body)
                let (state, tone) = record.body.recordState
                return .init(
                    what: [said.deed, said.subject].compactMap { $0 }.joined(separator: " ").capitalizedFirst,
                    href: Paths.snapshotRecord(record.id), when: format.moment(record.event.time.instant),
                    machine: format.machine(record.event.time.instant), who: record.event.actor.name,
                    note: said.note ?? "", state: state, tone: tone)
            }, isEmpty: rows.isEmpty, previous: offset > 0 ? link(offset - exchangesPerPage) : nil,
            next: offset + rows.count < total && !rows.isEmpty ? link(offset + exchangesPerPage) : nil,
            range: rows.isEmpty
                ? ""
                : "\(format.number(offset + 1))–\(format.number(offset + rows.count)) of \(format.number(total))"
        ))
}

extension EventBody {
    /// A word on what passed, with its tone.
    var recordState: (String, String) {
        switch self {
        case .snapshotMerged: ("Taken in", "good")
        case .mergeUndone: ("Taken back", "warn")
        case .snapshotExported: ("Written", "info")
        case .snapshotRefused: ("Refused", "bad")
        case .officePaired: ("Paired", "good")
        case .officeUnpaired: ("Ended", "neutral")
        default: ("", "neutral")
        }
    }
}

private func showReceipt(_ context: SignedIn, problem: UserError?) async throws -> Response {
    guard let id = context.parameters.get("id") else { throw UserError.notHere }
    let format = context.format
    let (record, receipt) = try await context.store.snapshotRecord(id, for: context.viewer)
    let words = try await context.conflictWriter()
    let event = record.event
    let said = words.activity.words(record.body)
    var facts = [
        ("At this office", context.office.office.rules.name), ("By", event.actor.name),
        ("When", format.moment(event.time.instant)),
    ]
    var page = SnapshotReceiptPage(
        title: [said.deed, said.subject].compactMap { $0 }.joined(separator: " ").capitalizedFirst,
        lede: "Receipt of \(context.office.office.rules.name).", problem: problem.map(Problem.init),
        words: [],
        hasWords: false,
        part: MergePart(facts: [], kinds: [], uploads: [], conflicts: [], notTaken: [], words),
        entry: record.id)
    var notTaken: [ChainNotTaken] = []
    switch record.body {
    case .snapshotMerged(let it):
        facts += [
            ("Snapshot of", it.name), ("It was made", format.moment(it.made)),
            ("New entries", format.number(it.entries)), ("New files", format.number(it.files)),
            (
                "Calls that count",
                it.calls < 0
                    ? "\(format.number(-it.calls)) fewer than before"
                    : "\(format.number(it.calls)) more than before"
            ), ("Conflicts that it opened", format.number(it.conflicts)),
        ]
        notTaken = it.notTaken ?? []
        page.words = checkWords(ofHex: it.stateHash)
        page.hasWords = true
        page.isStill =
            try await context.store.stateHash().hex == it.stateHash
            ? "This office still holds exactly this." : nil
        if it.conflicts > 0, context.may(.decideConflicts) { page.conflictsHref = Paths.conflicts }
        if record.canBeUndone, context.may(.manageOffices) { page.undo = Paths.mergeUndo(id) }
    case .snapshotExported(let it):
        facts += [
            ("File", it.name), ("For", it.to.map { words.office($0) } ?? "any office"),
            ("Holds", it.isDelta ? "what that office lacked" : "all of it"),
            ("Entries", format.number(it.entries)), ("Files with calls", format.number(it.files)),
            ("Size", format.bytes(it.bytes)), ("Passphrase", it.isSealed ? "yes" : "no"),
        ]
    default:
        if let note = said.note { facts.append(("What happened", note)) }
    }
    page.part = MergePart(
        facts: facts, kinds: receipt.kinds, uploads: receipt.uploads, conflicts: receipt.conflicts,
        notTaken: notTaken, words)
    return try context.page(page, status: problem?.httpStatus ?? .ok)
}

@Sendable private func undoMerge(_ context: SignedIn) async throws -> Response {
    guard let id = context.parameters.get("id") else { throw UserError.notHere }
    let (record, _) = try await context.store.snapshotRecord(id, for: context.viewer)
    guard case .snapshotMerged(let it) = record.body else { throw UserError.notHere }
    let reason = context.form["reason"]
    guard !reason.isEmpty else {
        return try await showReceipt(
            context, problem: UserError(.invalid, "Taking it back needs a reason.", advice: "Say why."))
    }
    let work = try await context.site.desk.undo(
        EventName(record.event), id, name: it.name, reason: reason, for: context.viewer, by: context.actor)
    return context.redirect(to: Paths.snapshotWork(work.description))
}
