import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import Storage

let sourceRoutes: [Route] = [
    Route(.get, Paths.sources, needs: .manageSettings) { try await listSources($0, problem: nil) },
    Route(.post, Paths.sources, needs: .manageSettings, addSource),
    Route(.get, Paths.source(":id"), needs: .manageSettings) { try await showSource($0, problem: nil) },
    Route(.post, Paths.source(":id"), needs: .manageSettings, changeSource),
    Route(
        .post, Paths.sourceOutcomes(":id"), needs: .manageSettings, body: .form(1024 * 1024), changeOutcomes),
]

private func listSources(_ context: SignedIn, problem: UserError?) async throws -> Response {
    var rows: [SourcesPage.Row] = []
    for stored in try await context.store.sources(for: context.viewer) {
        let states = try await context.store.states(of: stored.number)
        rows.append(SourcesPage.Row(stored, states: states, format: context.format))
    }
    return try context.page(
        SourcesPage(
            problem: problem.map(Problem.init), rows: rows, mayAdd: context.viewer.offices == .own,
            name: context.form["name"],
            formats: FileFormat.all.map {
                Choice($0.key, $0.title, selected: $0.key == context.form["format"])
            }),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func addSource(_ context: SignedIn) async throws -> Response {
    let source: Source
    do {
        guard let format = FileFormat.all.first(where: { $0.key == context.form["format"] }) else {
            throw UserError(.invalid, "That is no format.", advice: "Choose one of the list.")
        }
        source = try await context.store.saveSource(
            Source(
                id: context.store.ids.next(at: context.store.clock.now()), name: context.form["name"],
                format: format.key, outcomes: .coldCalling), by: context.actor)
    } catch let error as UserError { return try await listSources(context, problem: error) }
    return context.redirect(
        to: Paths.source(source.id.description), Notice(.success, "Added", "Check its settings."))
}

private func showSource(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let stored = try await context.store.source(try context.id(), for: context.viewer)
    let whose = try await context.store.otherOffice(of: stored.source.id)
    return try context.page(
        SourcePage(
            stored.source, states: try await context.store.states(of: stored.number),
            officeZone: context.office.office.rules.timeZone, typed: problem == nil ? nil : context.form,
            isReadOnly: whose != nil, format: context.format, problem: problem.map(Problem.init)),
        status: problem?.httpStatus ?? .ok, whose: whose)
}

@Sendable private func changeSource(_ context: SignedIn) async throws -> Response {
    var source = try await context.store.source(try context.id()).source
    let form = context.form
    source.name = form["name"]
    source.timeZone = form.text("timeZone")
    source.partTimerSuffix = form.has("partTimerSuffix")
    source.dateOrder = form.text("dateOrder")
    do {
        if let order = source.dateOrder, !["ymd", "mdy", "dmy"].contains(order) {
            throw UserError(.invalid, "That is no order of a date.", advice: "Choose one of the list.")
        }
        try await context.store.saveSource(source, by: context.actor)
    } catch let error as UserError { return try await showSource(context, problem: error) }
    return context.redirect(
        to: Paths.source(source.id.description), Notice(.success, "Saved", "Uploads from now on are read so.")
    )
}

/// Fields: `state.N` names the state of line N, `mapped.N` and `flag.N` say what it counts as.
@Sendable private func changeOutcomes(_ context: SignedIn) async throws -> Response {
    var source = try await context.store.source(try context.id()).source
    let form = context.form
    for field in form.fields where field.name.hasPrefix("state.") {
        let line = field.name.dropFirst("state.".count)
        let ticked = form.all("flag.\(line)")
        let flags = OutcomeFlags.named.reduce(into: OutcomeFlags()) { flags, known in
            if ticked.contains(known.key) { flags.insert(known.flag) }
        }
        let state = OutcomeMapping.fold(field.value)
        source.outcomes.states[state] = flags.isEmpty && !form.has("mapped.\(line)") ? nil : flags
    }
    let saved = try await context.store.saveSource(source, by: context.actor)
    return context.redirect(
        to: Paths.source(source.id.description),
        Notice(.success, "Saved", "Every figure follows mapping \(saved.outcomes.version)."))
}
