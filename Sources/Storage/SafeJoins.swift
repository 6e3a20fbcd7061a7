import Domain
import Foundation
import GRDB

/// Where two events of the same time exclude each other and one of them is the safer: that one has effect, the other
/// none, whichever comes later in the total order.
///
/// To stop a request beats to carry it on; to keep calls beats to delete them; a hold beats lifting it. What was
/// purged cannot come back, so a purge stands with all that it rests on, and is told as a conflict where somebody held
/// or restored it at the same time.
struct SafeJoins {
    private(set) var overruled: [EventName: String] = [:]
    /// Of each purge the holds that were set at the same time, too late for what it erased.
    private(set) var lateHolds: [EventName: [(set: EventName, hold: ID<DeleteHold>)]] = [:]
    /// Purges and the steps that they rest on: what is erased cannot be kept by words.
    private(set) var sealed: Set<EventName> = []

    private struct Step {
        var name: EventName
        var body: EventBody
    }
    private let order: CausalOrder
    private var offices: [ID<Office>: String] = [:]

    /// Of one chain alone: nothing.
    init(_ order: CausalOrder) { self.order = order }

    init(_ db: Database, _ order: CausalOrder) throws {
        self.order = order
        // From the entries, for the projections are those of before: words must be the same on every box.
        let names = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT office, coalesce(\(payloadField("$.after.name")), \(payloadField("$.rules.name"))) AS name
                    FROM journal
                    WHERE stream = 'shared' AND kind IN ('officeFounded', 'officeChanged')
                    ORDER BY time, office, incarnation, seq
                    """))
        while let row = try names.next() {
            if let id = ID<Office>(row["office"] as String) { offices[id] = row["name"] }
        }
        var steps: [String: [Step]] = [:]
        var opened: [ID<DeleteRequest>: (name: EventName, request: DeleteRequest)] = [:]
        var uploads: [ID<CallFile>: [EventName]] = [:]
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT office, incarnation, seq, kind, payload FROM journal WHERE stream = 'shared' AND kind IN (
                      'transferRequestDecided', 'deleteRequestOpened', 'deleteRequestDecided', 'deleteRequestPurged',
                      'deleteHoldChanged', 'fileUploaded')
                    ORDER BY time, office, incarnation, seq
                    """))
        while let row = try rows.next() {
            guard let name = EventName(row) else { continue }
            let kind: String = row["kind"]
            if kind == FileUploaded.kind {
                // Its payload can be long, and only its file matters here.
                struct File: Decodable { var file: ID<CallFile> }
                if let it = try? fromJSON(File.self, row["payload"]) {
                    uploads[it.file, default: []].append(name)
                }
                continue
            }
            guard let body = try? EventBody(kind: kind, payload: row["payload"]) else { continue }
            switch body {
            case .transferRequestDecided(let it):
                steps["request \(it.request)", default: []].append(Step(name: name, body: body))
            case .deleteRequestOpened(let it): opened[it.request.id] = (name, it.request)
            case .deleteRequestDecided(let it):
                steps["deletion \(it.request)", default: []].append(Step(name: name, body: body))
            case .deleteRequestPurged(let it):
                steps["purge \(it.request)", default: []].append(Step(name: name, body: body))
            case .deleteHoldChanged: steps["holds", default: []].append(Step(name: name, body: body))
            default: break
            }
        }
        for (key, steps) in steps where key.hasPrefix("request ") { joinRequest(steps) }
        let holds = steps["holds"] ?? []
        joinHolds(holds)
        for (key, purges) in steps where key.hasPrefix("purge ") {
            guard let id = ID<DeleteRequest>(key.dropFirst("purge ".count)) else { continue }
            seal(purges, opened[id]?.name, decisions: steps["deletion \(id)"] ?? [])
        }
        for (key, decisions) in steps where key.hasPrefix("deletion ") {
            guard let id = ID<DeleteRequest>(key.dropFirst("deletion ".count)) else { continue }
            joinDeletion(
                decisions, opened[id]?.request, purges: steps["purge \(id)"] ?? [], holds: holds,
                uploads: uploads)
        }
    }

    private func name(of step: EventName) -> String { offices[step.chain.office] ?? "another office" }

    private mutating func joinRequest(_ steps: [Step]) {
        func goesOn(_ step: Step) -> Bool? {
            guard case .transferRequestDecided(let it) = step.body, it.action != .comment else { return nil }
            return it.action.goesOn
        }
        for step in steps where goesOn(step) == true {
            for other in steps where goesOn(other) == false && order.areConcurrent(step.name, other.name) {
                overruled[step.name] =
                    "The request was stopped in \(name(of: other.name)) at the same time; that stands."
            }
        }
    }

    private mutating func joinHolds(_ steps: [Step]) {
        func hold(_ step: Step) -> (id: ID<DeleteHold>?, isLifted: Bool) {
            guard case .deleteHoldChanged(let it) = step.body else { return (nil, false) }
            return ((it.after ?? it.before)?.id, it.after == nil)
        }
        for step in steps where hold(step).isLifted {
            for other in steps
            where !hold(other).isLifted && hold(other).id == hold(step).id
                && other.name.chain.office == step.name.chain.office
                && order.areConcurrent(step.name, other.name)
            {
                overruled[step.name] =
                    "The hold was changed in \(name(of: other.name)) at the same time; it stays."
            }
        }
    }

    /// What a purge knew of its request stands, and nothing that it did not know.
    private mutating func seal(_ purges: [Step], _ opened: EventName?, decisions: [Step]) {
        for purge in purges {
            sealed.insert(purge.name)
            if let opened { sealed.insert(opened) }
            for step in decisions where order.knows(purge.name, step.name) { sealed.insert(step.name) }
        }
        for step in decisions where !sealed.contains(step.name) {
            guard case .deleteRequestDecided(let it) = step.body, it.action != .comment,
                let purge = purges.first
            else { continue }
            overruled[step.name] =
                "\(name(of: purge.name)) had erased the calls, and this was decided without knowing it."
        }
    }

    private mutating func joinDeletion(
        _ decisions: [Step], _ request: DeleteRequest?, purges: [Step], holds: [Step],
        uploads: [ID<CallFile>: [EventName]]
    ) {
        func action(_ step: Step) -> DeleteAction? {
            // A copy: the optimizer of Swift 6.3 gives up on a pattern over a borrowed one.
            let body = step.body
            return (body.payload as? DeleteRequestDecided)?.action
        }
        let keeping: Set<DeleteAction> = [.reject, .withdraw, .lapse]
        for step in decisions where action(step) == .approve {
            guard !sealed.contains(step.name) else { continue }
            for other in decisions
            where action(other).map(keeping.contains) == true && order.areConcurrent(step.name, other.name) {
                overruled[step.name] =
                    "The deletion was turned down in \(name(of: other.name)) at the same time; the calls are kept."
            }
            guard let request else { continue }
            for other in holds where order.areConcurrent(step.name, other.name) {
                guard case .deleteHoldChanged(let it) = other.body, let hold = it.after,
                    request.isTouched(by: hold)
                else { continue }
                overruled[step.name] =
                    "\(name(of: other.name)) set a hold at the same time; the calls are kept. Approve the deletion again if they shall go."
            }
            let files = Set(request.targets.map(\.file))
            for other in files.flatMap({ uploads[$0] ?? [] }) where order.areConcurrent(step.name, other) {
                overruled[step.name] =
                    "\(name(of: other)) uploaded a version of the file at the same time; the calls are kept. Approve the deletion again if they shall go."
            }
        }
        for purge in purges {
            for other in holds where order.areConcurrent(purge.name, other.name) {
                guard case .deleteHoldChanged(let it) = other.body, let hold = it.after,
                    request?.isTouched(by: hold) != false
                else { continue }
                lateHolds[purge.name, default: []].append((other.name, hold.id))
            }
        }
    }
}

extension DeleteRequest {
    /// Whether a hold may be about some of what would go: whose calls they are is not asked, to be safe.
    func isTouched(by hold: DeleteHold) -> Bool {
        hold.blocks(targets, agents: Set([hold.person].compactMap { $0 }), touched: preview.period)
    }
}
