import Domain
import Hummingbird
import Storage

let deleteHoldRoutes: [Route] = [
    Route(.get, Paths.deleteHolds, needs: .decideDeletions) { try await showHolds($0, problem: nil) },
    Route(.post, Paths.deleteHolds, needs: .decideDeletions, setHold),
    Route(.post, Paths.deleteHoldLift(":id"), needs: .decideDeletions, liftHold),
]

let deleteHoldPages: [any Page.Type] = [DeleteHoldsPage.self]

struct DeleteHoldsPage: Page {
    static let template = "deleteHold.list"
    struct Row: Decodable, Sendable {
        var what: String
        var reason: String
        var until: String
        var state: String
        var tone: String
        var lift: String?
        var id: String
    }
    var title = "Holds"
    var problem: Problem?
    var action = Paths.deleteHolds
    var maySet: Bool
    var people: [Choice]
    var from: String
    var to: String
    var until: String
    var earliest: String
    var reason: String
    var files: [Choice]
    var rows: [Row]
    var isEmpty: Bool
}

private func showHolds(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let (store, format) = (context.store, context.format)
    let form = problem == nil ? context.query : context.form
    let holds = try await store.deleteHolds(for: context.viewer)
    let today = try await store.today()
    let people = try await store.persons()
    var query = FileQuery()
    query.limit = 500
    let files = try await store.files(query, for: context.viewer.looking(at: .own)).files
    // Another office's holds are set and lifted there.
    let isOwn = context.viewer.offices == .own
    let file: ID<CallFile>? = form.id("file")
    let person: ID<Person>? = form.id("person")
    func what(_ hold: DeleteHold) -> String {
        let parts = [
            hold.file.map { holds.files[$0] ?? "a file that is not here" },
            hold.person.map { "calls of \(holds.people[$0] ?? "somebody unknown")" },
            hold.period.map { format.period($0) },
        ].compactMap { $0 }
        return parts.isEmpty ? "Every call of the office" : parts.joined(separator: ", ")
    }
    return try context.page(
        DeleteHoldsPage(
            problem: problem.map(Problem.init), maySet: isOwn && context.may(.decideDeletions),
            people: personChoices(people, person, none: "Anybody"),
            from: form["from"], to: form["to"], until: form["until"], earliest: today.iso,
            reason: form["reason"],
            files: [Choice("", "Any file", selected: file == nil)]
                + files.map {
                    Choice(
                        $0.uploaded.file.description, $0.uploaded.fileName, selected: $0.uploaded.file == file
                    )
                },
            rows: holds.holds.map {
                let isOn = $0.holds(on: today)
                return .init(
                    what: what($0), reason: $0.reason, until: $0.until.map { format.day($0) } ?? "lifted",
                    state: isOn ? "Holds" : "Over", tone: isOn ? "warn" : "neutral",
                    lift: isOwn ? Paths.deleteHoldLift($0.id.description) : nil, id: $0.id.description)
            }, isEmpty: holds.holds.isEmpty),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func setHold(_ context: SignedIn) async throws -> Response {
    let form = context.form
    do {
        var hold = DeleteHold(
            id: context.store.ids.next(at: context.store.clock.now()), file: form.id("file"),
            person: form.id("person"), reason: form["reason"], until: form.day("until"))
        if let from = form.day("from") ?? form.day("to") {
            hold.period = Period(from: from, to: form.day("to") ?? from)
        }
        try await context.store.changeHold(nil, to: hold, for: context.viewer, by: context.actor)
        return context.redirect(
            to: Paths.deleteHolds,
            Notice(.success, "The hold is set", "Nothing of it can be deleted or purged until it is lifted."))
    } catch let error as UserError where error.code != .notFound {
        return try await showHolds(context, problem: error)
    }
}

@Sendable private func liftHold(_ context: SignedIn) async throws -> Response {
    let id: ID<DeleteHold> = try context.id()
    let holds = try await context.store.deleteHolds(for: context.viewer).holds
    guard let hold = holds.first(where: { $0.id == id }) else { throw UserError.notHere }
    do {
        try await context.store.changeHold(
            hold, to: nil, comment: context.form["comment"], for: context.viewer, by: context.actor)
        return context.redirect(to: Paths.deleteHolds, Notice(.success, "The hold is lifted"))
    } catch let error as UserError where error.code != .notFound {
        return try await showHolds(context, problem: error)
    }
}
