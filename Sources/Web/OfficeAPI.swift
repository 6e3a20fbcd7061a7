import Domain
import Foundation
import Hummingbird
import Ingest
import Storage

let officeAPIRoutes: [Route] = [
    Route(.get, Paths.officesAPI, needs: .viewOffices, sendOffices),
    Route(.get, Paths.snapshotsAPI, needs: .viewOffices, sendSnapshots),
    Route(.get, Paths.conflictsAPI, needs: .decideConflicts, sendConflicts),
    Route(.post, Paths.conflictDecideAPI(":id"), needs: .decideConflicts, decideByProgram),
]

// MARK: Offices

private struct OfficesJSON: Encodable {
    struct Own: Encodable {
        var id: String
        var name: String
        var entries: Int64
        var calls: Int64
        var stateHash: String
        var checkWords: [String]
        var keyWords: [String]
        var forked: Bool
    }
    struct Other: Encodable {
        var id: String
        var name: String
        var trust: Peer.Trust
        var heard: String?
        var made: String?
        var sent: String?
        var entries: Int64
        var heldUntil: String?
        var gaps: Int64
        /// Seconds that its clock is ahead.
        var clockSkew: Int64?
        var release: String?
        var stateHash: String?
        var openConflicts: Int
        var forked: Bool
    }
    var own: Own
    var offices: [Other]
}

@Sendable private func sendOffices(_ context: SignedIn) async throws -> Response {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let own = try await store.ownOffice(for: viewer)
    let conflicts = try await store.openConflictsByOffice(for: viewer)
    let key = try await onOwnThread { try OfficeKey(of: store).words }
    return try context.json(
        OfficesJSON(
            own: .init(
                id: own.office.description, name: own.name, entries: own.entries, calls: own.stateHash.calls,
                stateHash: own.stateHash.hex, checkWords: checkWords(ofHex: own.stateHash.hex), keyWords: key,
                forked: own.isForked),
            offices: try await store.peers(for: viewer).map { peer in
                let state = peer.state
                return .init(
                    id: peer.office.description, name: peer.name, trust: peer.trust,
                    heard: state.heard.map { format.machine($0) },
                    made: state.made.map { format.machine($0) },
                    sent: state.sent.map { format.machine($0) },
                    entries: peer.heads.reduce(0) { $0 + $1.seq },
                    heldUntil: peer.heldUntil.map { format.machine($0) }, gaps: peer.gaps,
                    clockSkew: state.clockSkew,
                    release: state.program.isEmpty ? nil : state.program, stateHash: state.stateHash,
                    openConflicts: conflicts[peer.office] ?? 0, forked: peer.isForked)
            }))
}

// MARK: What passed

private struct SnapshotsJSON: Encodable {
    struct Entry: Encodable {
        var id: String
        var kind: String
        var at: String
        var by: String
        var text: String
        var canBeUndone: Bool
    }
    var total: Int
    var snapshots: [Entry]
}

@Sendable private func sendSnapshots(_ context: SignedIn) async throws -> Response {
    let (rows, total) = try await context.store.snapshotRecords(
        for: context.viewer, offset: max(0, min(1_000_000, context.query.integer("offset") ?? 0)),
        limit: context.query.integer("limit") ?? 50)
    let words = try await context.conflictWriter()
    return try context.json(
        SnapshotsJSON(
            total: total,
            snapshots: rows.map { record in
                .init(
                    id: record.id, kind: record.event.kind,
                    at: context.format.machine(record.event.time.instant), by: record.event.actor.name,
                    text: words.activity.words(record.body).line, canBeUndone: record.canBeUndone)
            }))
}

// MARK: Conflicts

/// A conflict for machines.
public struct ConflictJSON: Encodable, Sendable {
    public struct Side: Encodable, Sendable {
        var entry: String
        var kind: String
        var office: String
        var by: String
        var at: String
        var text: String
    }
    public struct Decision: Encodable, Sendable {
        var choice: ConflictChoice
        var comment: String
        var by: String
        var at: String
    }
    var id: String
    var open: Bool
    var about: String
    var register: String
    var stands: Side?
    var lost: Side
    var why: String
    var consequence: String?
    var canTakeOther: Bool
    var decision: Decision?

    public init(_ conflict: OpenConflict, names: [String: String], _ format: OfficeFormat) {
        let words = ConflictWriter(names: names, format)
        let register = conflict.conflict.register
        func side(_ event: Event) -> Side {
            let body = try? EventBody(event)
            return Side(
                entry: EventName(event).description, kind: event.kind, office: words.office(event.office),
                by: event.actor.name, at: format.machine(event.time.instant),
                text: body.map { words.activity.words(words.narrowed($0, to: register)).line } ?? event.kind)
        }
        id = conflict.conflict.id
        open = conflict.isOpen
        about = words.about(conflict.conflict, try? EventBody(conflict.loser)).text
        self.register = register
        stands = conflict.stands.map(side)
        lost = side(conflict.loser)
        why = words.why(conflict)
        consequence = words.consequence(conflict)
        canTakeOther = conflict.canTakeOther
        decision = conflict.decision.map { event, it in
            Decision(
                choice: it.choice, comment: it.comment, by: it.by.name,
                at: format.machine(event.time.instant))
        }
    }
}

private struct ConflictsJSON: Encodable {
    var open: Int
    var conflicts: [ConflictJSON]
}

@Sendable private func sendConflicts(_ context: SignedIn) async throws -> Response {
    let open: Bool?
    switch context.query["state"] {
    case "": open = nil
    case "open": open = true
    case "decided": open = false
    case let other:
        throw UserError(
            .invalid, "“\(other)” is no state to list.", advice: "There is: open, decided; all without it.")
    }
    let limit = max(1, min(1000, context.query.integer("limit") ?? 200))
    let found = try await context.store.conflicts(for: context.viewer, open: open, limit: limit)
    let names = try await context.store.activityNames()
    return try context.json(
        ConflictsJSON(
            open: try await context.store.openConflictCount(for: context.viewer),
            conflicts: found.map { ConflictJSON($0, names: names, context.format) }))
}

private struct DecideBody: Decodable {
    var choice: String
    var comment: String?
}

@Sendable private func decideByProgram(_ context: SignedIn) async throws -> Response {
    guard let id = context.parameters.get("id"), id.utf8.count <= 64 else { throw UserError.notHere }
    // That there is none of that id comes before what is wrong with the answer.
    _ = try await context.store.conflict(id, for: context.viewer)
    var body = DecideBody(choice: context.form["choice"], comment: context.form.text("comment"))
    if !context.visit.json.isEmpty { body = try context.decode(DecideBody.self) }
    try await context.store.decideConflict(
        id, try ConflictChoice(asked: body.choice), comment: body.comment ?? "", for: context.viewer,
        by: context.actor)
    let conflict = try await context.store.conflict(id, for: context.viewer)
    return try context.json(
        ConflictJSON(conflict, names: try await context.store.activityNames(), context.format))
}
