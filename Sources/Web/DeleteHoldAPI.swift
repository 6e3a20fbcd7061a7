import Domain
import Hummingbird
import Storage

let deleteHoldAPIRoutes: [Route] = [
    Route(.get, Paths.apiHolds, needs: .decideDeletions, sendHolds),
    Route(.post, Paths.apiHolds, needs: .decideDeletions, setHoldByProgram),
    Route(.post, Paths.apiHoldLift(":id"), needs: .decideDeletions, liftHoldByProgram),
]

/// A hold as programs read it; what it does not name is any.
private struct DeleteHoldJSON: Encodable {
    var id: ID<DeleteHold>
    var file: ID<CallFile>?
    var fileName: String?
    var person: ID<Person>?
    var personName: String?
    var from: Day?
    var to: Day?
    var reason: String
    var until: Day?
    /// Whether it is in force today.
    var holds: Bool

    init(_ hold: DeleteHold, in all: DeleteHolds) {
        id = hold.id
        file = hold.file
        fileName = hold.file.flatMap { all.files[$0] }
        person = hold.person
        personName = hold.person.flatMap { all.people[$0] }
        from = hold.period?.from
        to = hold.period?.to
        reason = hold.reason
        until = hold.until
        holds = all.today.map { hold.holds(on: $0) } ?? true
    }
}

private struct DeleteHoldsJSON: Encodable {
    var holds: [DeleteHoldJSON]
}

@Sendable private func sendHolds(_ context: SignedIn) async throws -> Response {
    let all = try await context.store.deleteHolds(for: context.viewer)
    return try context.json(DeleteHoldsJSON(holds: all.holds.map { DeleteHoldJSON($0, in: all) }))
}

private struct DeleteHoldBody: Decodable {
    var file: ID<CallFile>?
    var person: ID<Person>?
    var from: Day?
    var to: Day?
    var reason: String
    var until: Day?
}

@Sendable private func setHoldByProgram(_ context: SignedIn) async throws -> Response {
    let body = try context.decode(DeleteHoldBody.self)
    let store = context.store
    var hold = DeleteHold(
        id: store.ids.next(at: store.clock.now()), file: body.file, person: body.person, reason: body.reason,
        until: body.until)
    if let from = body.from ?? body.to { hold.period = Period(from: from, to: body.to ?? from) }
    try await store.changeHold(nil, to: hold, for: context.viewer, by: context.actor)
    let all = try await store.deleteHolds(for: context.viewer)
    return try context.json(DeleteHoldJSON(hold, in: all), status: .created)
}

private struct LiftBody: Decodable {
    var comment: String?
}

private struct LiftedJSON: Encodable {
    var lifted: ID<DeleteHold>
}

@Sendable private func liftHoldByProgram(_ context: SignedIn) async throws -> Response {
    let id: ID<DeleteHold> = try context.id()
    var comment = context.form["comment"]
    if !context.visit.json.isEmpty { comment = try context.decode(LiftBody.self).comment ?? "" }
    guard
        let hold = try await context.store.deleteHolds(for: context.viewer).holds.first(where: { $0.id == id }
        )
    else { throw UserError.notHere }
    try await context.store.changeHold(
        hold, to: nil, comment: comment, for: context.viewer, by: context.actor)
    return try context.json(LiftedJSON(lifted: id))
}
