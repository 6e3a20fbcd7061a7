import Domain
import Formats
import Hummingbird
import Ingest
import Storage

let snapshotImportRoutes: [Route] = [
    Route(.get, Paths.snapshotImport, needs: .manageOffices) { try await showArrival($0, problem: nil) },
    Route(.post, Paths.snapshotImport, needs: .manageOffices, body: .stream, bringSnapshot),
    Route(.post, Paths.arrivalStep(":id", "open"), needs: .manageOffices, openArrival),
    Route(.post, Paths.arrivalStep(":id", "check"), needs: .manageOffices, checkArrival),
    Route(.post, Paths.arrivalStep(":id", "pair"), needs: .manageOffices, pairWithArrival),
    Route(.post, Paths.arrivalStep(":id", "take"), needs: .manageOffices, takeArrival),
    Route(.post, Paths.arrivalStep(":id", "discard"), needs: .manageOffices, discardArrival),
]

let snapshotImportPages: [any Page.Type] = [SnapshotImportPage.self]

/// Taking a snapshot in: nothing came yet, it asks for its passphrase, it was refused, or this is what it would do.
struct SnapshotImportPage: Page {
    static let template = "snapshot.import"
    struct Passphrase: Decodable, Sendable {
        var open: String
        var wrong: Problem?
    }
    struct Refusal: Decodable, Sendable {
        var message: String
        var advice: String
        var check: String
        /// For a sender who is not paired yet.
        var pair: String?
        var pairName: String
    }
    struct Preview: Decodable, Sendable {
        var from: String
        var nothing: String?
        var clock: String?
        /// Whether it takes a tick to go on in spite of the clock.
        var asksAboutClock: Bool
        var part: MergePart
        var take: String
        var confirm: String
    }
    var title = "Take in a snapshot"
    var lede: String
    var problem: Problem?
    var action = Paths.snapshotImport
    var hasNone: Bool
    var room: String
    var passphrase: Passphrase?
    var refusal: Refusal?
    var preview: Preview?
    var discard: String?
}

func showArrival(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let format = context.format
    var page = SnapshotImportPage(
        lede: "What another office wrote for this one. You see what it does before anything is taken in.",
        problem: problem.map(Problem.init), hasNone: true,
        room: (try? context.store.diskSpace()).map {
            format.bytes(max(0, $0.free - context.office.settings.disk.refuseBelow))
        } ?? "")
    let status = problem?.httpStatus ?? .ok
    guard let arrival = context.site.desk.arrival else { return try context.page(page, status: status) }
    let id = arrival.id.description
    page.hasNone = false
    page.title = arrival.name
    page.lede = "Brought by \(arrival.by), \(format.moment(arrival.came)). Nothing of it is taken in yet."
    page.discard = Paths.arrivalStep(id, "discard")
    switch arrival.state {
    case .checking(let work), .taking(let work):
        return context.redirect(to: Paths.snapshotWork(work.description))
    case .new:
        page.refusal = .init(
            message: "It was not looked at yet.", advice: "Check it to see what it would do.",
            check: Paths.arrivalStep(id, "check"), pair: nil, pairName: "")
    case .sealed(let wrong):
        page.passphrase = .init(open: Paths.arrivalStep(id, "open"), wrong: wrong.map(Problem.init))
    case .refused(let error):
        // Whoever is paired already was refused for something else.
        let peers = try await context.store.peers(for: context.viewer)
        let manifest = arrival.manifest
        let isStranger =
            error.code == .notAllowed
            && !peers.contains {
                $0.office == manifest?.office && $0.trust == .paired && $0.key == manifest?.key
            }
        let canPair = manifest != nil && (isStranger || manifest?.kind == .card)
        page.refusal = .init(
            message: error.message, advice: error.advice, check: Paths.arrivalStep(id, "check"),
            pair: canPair ? Paths.arrivalStep(id, "pair") : nil, pairName: manifest?.officeName ?? "")
    case .ready(let outcome, let received):
        page.preview = try await preview(arrival, outcome, received, context)
        page.title = "Take in what “\(received.manifest.officeName)” sent?"
    }
    return try context.page(page, status: status)
}

private func preview(
    _ arrival: Arrival, _ outcome: MergeOutcome, _ received: ReceivedSnapshot, _ context: SignedIn
) async throws -> SnapshotImportPage.Preview {
    let format = context.format
    let manifest = received.manifest
    var facts = [
        ("From", manifest.officeName), ("Made", format.moment(manifest.made)),
        ("Written by", "Rollcall \(manifest.program)"),
        ("Holds", manifest.kind == .delta ? "what this office lacked then" : "all of it"),
        ("Size", format.bytes(arrival.file.size)),
        ("New entries", format.number(outcome.entries)),
    ]
    facts += outcome.callFacts(format)
    if outcome.changedVersions > 0 {
        facts.append(
            (
                "Files here that change by deletions",
                format.count(outcome.changedVersions, "version", "versions")
            ))
    }
    if !outcome.conflicts.isEmpty {
        facts.append(
            ("New conflicts to decide", format.count(outcome.conflicts.count, "conflict", "conflicts")))
    }
    let isFar = outcome.ahead > ReceivedSnapshot.mostAhead
    let isOwn = manifest.office == context.office.office.id
    let nothing: String? =
        outcome.entries > 0
        ? isOwn ? "This is a snapshot of this office itself, with entries that this folder lacks." : nil
        : outcome.isRefused
            ? "None of it can be taken in."
            : isOwn
                ? "This is a snapshot of this office itself. Nothing in it is new."
                : manifest.stateHash == (try await context.store.stateHash().hex)
                    ? "Nothing in it is new: both offices hold the same." : "Nothing in it is new here."
    return .init(
        from: manifest.officeName, nothing: nothing,
        clock: outcome.ahead > 60
            ? "The clock of “\(manifest.officeName)” is \(format.span(seconds: outcome.ahead)) ahead of this one."
                + (isFar
                    ? " Set the clocks right and ask for another snapshot. Where entries were made with the wrong time already, take it in all the same: new entries here are then dated after them."
                    : "")
            : nil,
        asksAboutClock: isFar,
        part: MergePart(
            facts: facts, kinds: outcome.kinds, uploads: outcome.uploads, conflicts: outcome.conflicts,
            notTaken: outcome.notTaken, try await context.conflictWriter()),
        take: Paths.arrivalStep(arrival.id.description, "take"),
        confirm: outcome.entries > 0 ? "Take it in" : "Note that it came")
}

// MARK: Steps

/// Answers a script with the next address, and a browser without script with a redirect.
private func goOn(_ context: SignedIn, to work: ID<Work>) throws -> Response {
    let path = Paths.snapshotWork(work.description)
    return context.visit.wantsJSON
        ? try context.json(["href": path], status: .accepted) : context.redirect(to: path)
}

@Sendable private func bringSnapshot(_ context: SignedIn) async throws -> Response {
    let desk = context.site.desk
    do {
        try desk.requireFree()
        let (file, name) = try await context.receiveSnapshot()
        let id = try desk.bring(file, named: name, by: context.viewer.name)
        return try goOn(context, to: try await desk.check(id, for: context.viewer, by: context.actor))
    } catch let error as UserError where !context.visit.wantsJSON && error.code != .formToken {
        return try await showArrival(context, problem: error)
    }
}

@Sendable private func openArrival(_ context: SignedIn) async throws -> Response {
    let desk = context.site.desk
    let arrival = try desk.arrival(try context.id())
    let passphrase = context.form.raw("passphrase") ?? ""
    guard !passphrase.isEmpty, case .sealed = arrival.state else {
        return try await showArrival(
            context,
            problem: UserError(
                .invalid, "No passphrase was typed.", advice: "Ask the other office for it, by another way."))
    }
    desk.change(arrival.id) { $0.opener = .passphrase(passphrase) }
    return try goOn(context, to: try await desk.check(arrival.id, for: context.viewer, by: context.actor))
}

@Sendable private func checkArrival(_ context: SignedIn) async throws -> Response {
    let desk = context.site.desk
    let arrival = try desk.arrival(try context.id())
    return try goOn(context, to: try await desk.check(arrival.id, for: context.viewer, by: context.actor))
}

@Sendable private func pairWithArrival(_ context: SignedIn) async throws -> Response {
    let desk = context.site.desk
    guard let manifest = try desk.arrival(try context.id()).manifest else { throw UserError.notHere }
    return context.redirect(to: Paths.seenCard(desk.see(manifest).description))
}

@Sendable private func takeArrival(_ context: SignedIn) async throws -> Response {
    let id: ID<Arrival> = try context.id()
    do {
        let work = try await context.site.desk.take(
            id, despiteClock: context.form["despiteClock"] == "yes", for: context.viewer, by: context.actor)
        return try goOn(context, to: work)
    } catch let error as UserError where error.code != .notFound {
        return try await showArrival(context, problem: error)
    }
}

@Sendable private func discardArrival(_ context: SignedIn) async throws -> Response {
    let desk = context.site.desk
    let arrival = try desk.arrival(try context.id())
    if let work = arrival.work {
        desk.works.cancel(work)
        return context.redirect(to: Paths.snapshotWork(work.description))
    }
    do { try desk.forget(arrival.id) } catch let error as UserError where error.code == .busy {
        return context.redirect(to: Paths.snapshotImport, Notice(.info, error.message, error.advice))
    }
    return context.redirect(
        to: Paths.snapshotImport, Notice(.success, "Discarded", "Nothing of “\(arrival.name)” was taken in."))
}
