import Domain
import Foundation
import GRDB

extension Transaction {
    func foldConflictDecided(_ event: Event, _ it: ConflictDecided) throws {
        if it.comment.count > 2000 {
            throw UserError(.invalid, "A comment has at most 2,000 characters.", advice: "Say it shorter.")
        }
        if let change = it.change { try fold(event, change.body()) }
        try db.run(
            sql: """
                INSERT INTO conflictDecision (conflict, choice, event, time) VALUES (?, ?, ?, ?)
                ON CONFLICT (conflict) DO UPDATE SET choice = excluded.choice, event = excluded.event,
                  time = excluded.time
                """,
            arguments: [it.conflict, it.choice.rawValue, EventName(event).description, event.time.bits])
    }

    func save(_ conflict: Conflict) throws {
        try db.run(
            sql: "INSERT INTO conflict (id, register, loser, winner, refusal) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                conflict.id, conflict.register, conflict.loser.description, conflict.winner?.description,
                conflict.refusal,
            ])
    }
}

/// A conflict as pages show it.
public struct OpenConflict: Sendable {
    public var conflict: Conflict
    /// What lost, and what stands instead.
    public var loser: Event
    public var winner: Event?
    /// The last decision; nil: it is open.
    public var decision: (event: Event, decided: ConflictDecided)?
    /// What somebody did to the same thing later, who knew of both, or of the decision: that stands now.
    public var since: Event?
    /// Whether what lost can be done by a click.
    public var canTakeOther: Bool
    /// Whether it is for another office alone to set.
    public var isAnothers: Bool

    /// Whether a decision can be taken back here: where it did what lost, what stood is done again.
    public var canReopen: Bool { !(isAnothers && decision?.decided.choice == .other) }

    public var isOpen: Bool { decision == nil }

    /// What stands now; nil: nothing of it does.
    public var stands: Event? { since ?? (decision?.decided.choice == .other ? loser : winner) }

    /// What somebody sees of it who decides: that another has decided meanwhile is told by it.
    public var seen: String { decision.map { EventName($0.event).description } ?? "open" }
}

extension Conflict {
    init?(_ row: Row) {
        guard let loser = EventName(row["loser"] as String) else { return nil }
        self.init(
            id: row["id"], register: row["register"], loser: loser,
            winner: (row["winner"] as String?).flatMap { EventName($0) }, refusal: row["refusal"])
    }
}

extension OfficeStore {
    /// Conflicts that nobody decided, for the menu; 0 for who may not decide them.
    public func openConflictCount(for viewer: Viewer) async throws -> Int {
        guard viewer.may(.decideConflicts) else { return 0 }
        return try await read { db in try Self.openConflictCount(db) }
    }

    static func openConflictCount(_ db: Database) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT count(*) FROM conflict c LEFT JOIN conflictDecision d ON d.conflict = c.id
                    WHERE coalesce(d.choice, 'reopen') = 'reopen'
                    """)) ?? 0
    }

    /// Conflicts, open ones first, then by when what lost was done, newest first.
    public func conflicts(for viewer: Viewer, open: Bool? = nil, limit: Int = 200) async throws
        -> [OpenConflict]
    {
        try viewer.require(.decideConflicts)
        return try await read { db in
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT c.*, coalesce(d.choice, 'reopen') = 'reopen' AS open FROM conflict c
                        LEFT JOIN conflictDecision d ON d.conflict = c.id
                        WHERE ?1 IS NULL OR open = ?1 ORDER BY open DESC, c.id LIMIT ?2
                        """), arguments: [open, max(1, min(limit, 1000))])
            return try rows.compactMap { row in try Conflict(row).flatMap { try Self.whole($0, db) } }
                .sorted { a, b in
                    a.isOpen == b.isOpen
                        ? (b.loser.time, a.conflict.id) < (a.loser.time, b.conflict.id) : a.isOpen
                }
        }
    }

    /// - Throws: `UserError.notHere` where there is none of that id.
    public func conflict(_ id: String, for viewer: Viewer) async throws -> OpenConflict {
        try viewer.require(.decideConflicts)
        return try await read { db in
            guard let whole = try Self.conflict(id, db).flatMap({ try Self.whole($0, db) }) else {
                throw UserError.notHere
            }
            return whole
        }
    }

    private static func conflict(_ id: String, _ db: Database) throws -> Conflict? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM conflict WHERE id = ?"), arguments: [id])
            .flatMap {
                Conflict($0)
            }
    }

    private static func whole(_ conflict: Conflict, _ db: Database) throws -> OpenConflict? {
        guard let loser = try event(conflict.loser, db) else { return nil }
        let decided = try String.fetchOne(
            db.cachedStatement(
                sql: "SELECT event FROM conflictDecision WHERE conflict = ? AND choice <> 'reopen'"),
            arguments: [conflict.id]
        ).flatMap { EventName($0) }.flatMap { try event($0, db) }
        var decision: (Event, ConflictDecided)?
        if let decided, case .conflictDecided(let it) = try EventBody(decided) { decision = (decided, it) }
        let winner = try conflict.winner.flatMap { try event($0, db) }
        let before = [loser, winner, decision?.0].compactMap { $0 }
        let isAnothers = try isAnothers(loser, conflict.register, db)
        return OpenConflict(
            conflict: conflict, loser: loser, winner: winner, decision: decision,
            since: try last(in: conflict, after: before, db),
            canTakeOther: !isAnothers && EventBody.canBeRedone(try? EventBody(loser), conflict.register),
            isAnothers: isAnothers)
    }

    /// Whether what an event set is for its office alone to set: its rules, and its holds.
    fileprivate static func isAnothers(_ event: Event, _ register: String, _ db: Database) throws -> Bool {
        try (register.hasPrefix("office ") || register.hasPrefix("hold "))
            && ChainIdentity.fetch(db)?.office != event.office
    }

    /// The last entry that has effect on what a conflict is about and comes after all of these; nil: none, or one that
    /// decided the conflict or opened it again.
    private static func last(in conflict: Conflict, after events: [Event], _ db: Database) throws -> Event? {
        guard let time = events.map(\.time.bits).max() else { return nil }
        let register = conflict.register
        // Its payload names what the register is of: that few are read that set something else.
        let id = register.split(separator: " ").last.map(String.init) ?? register
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT * FROM journal WHERE stream = 'shared' AND time > ? AND refusal IS NULL
                  AND instr(payload, ?) ORDER BY time DESC, office DESC, incarnation DESC, seq DESC
                """, arguments: [time, id])
        while let row = try rows.next() {
            let event = try Event(row)
            guard let body = try? EventBody(event),
                try body.writes(of: event.office).contains(where: { $0.register == register })
            else { continue }
            if case .conflictDecided(let it) = body, it.conflict == conflict.id { return nil }
            return event
        }
        return nil
    }

    static func event(_ name: EventName, _ db: Database) throws -> Event? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT * FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ? AND seq = ?
                    """),
            arguments: [name.chain.office.description, name.chain.incarnation, name.seq]
        ).map(Event.init)
    }

    /// Decides a conflict, decides it anew, or opens it again, which takes back what the decision had changed.
    ///
    /// - Parameter seen: the conflict as it was when the one who decides looked at it; nil: however it is now.
    /// - Throws: `UserError` where what lost can no longer be done, and `stale` where another has decided meanwhile:
    ///   nothing is decided then.
    public func decideConflict(
        _ id: String, _ choice: ConflictChoice, comment: String, seen: String? = nil, for viewer: Viewer,
        by actor: Actor
    ) async throws {
        try viewer.require(.decideConflicts)
        try await write(as: actor) { tx in
            guard let conflict = try Self.conflict(id, tx.db), let whole = try Self.whole(conflict, tx.db)
            else { throw UserError.notHere }
            let loser = whole.loser
            guard seen == nil || seen == whole.seen else {
                throw UserError(
                    .stale, "Somebody else has decided this meanwhile; nothing was changed by you.",
                    advice: "This is how it is now. Decide it anew if that is wrong.")
            }
            let decided = try String.fetchOne(
                tx.db.cachedStatement(sql: "SELECT choice FROM conflictDecision WHERE conflict = ?"),
                arguments: [id])
            guard (decided ?? ConflictChoice.reopen.rawValue) != choice.rawValue else {
                throw UserError(
                    .conflict, choice == .reopen ? "It is open already." : "It is decided like that already.",
                    advice: "Look at it again.")
            }
            let winner = whole.winner
            var change: NestedChange?
            switch choice {
            case .other: change = try tx.redoing(loser, conflict.register)
            // Where it was the other's for a while, what stood is done again; what somebody did since stands, and is kept.
            case .keep where decided == ConflictChoice.other.rawValue && whole.since == nil,
                .reopen where decided == ConflictChoice.other.rawValue:
                // What was purged stays so by itself.
                if let winner, winner.kind != DeleteRequestPurged.kind {
                    change = try tx.redoing(winner, conflict.register)
                }
            case .keep, .reopen: break
            }
            try tx.append(
                .conflictDecided(
                    ConflictDecided(
                        conflict: id, choice: choice, comment: comment, by: RequestParty(viewer),
                        change: change)))
        }
    }
}

extension EventBody {
    public init(_ event: Event) throws { try self.init(kind: event.kind, payload: event.payload) }

    /// Whether what an event did to a register can be done again by a decision.
    fileprivate static func canBeRedone(_ body: EventBody?, _ register: String) -> Bool {
        switch body {
        case .officeChanged, .sourceChanged, .personRenamed, .aliasChanged, .delegationChanged,
            .deleteHoldChanged,
            .personsPlaced:
            return true
        case .teamHandedOver, .transferRequestDecided: return register.hasPrefix("placement ")
        case .conflictDecided(let it):
            return register.hasPrefix("conflict ") ? false : canBeRedone(try? it.change?.body(), register)
        default: return false
        }
    }
}

extension Transaction {
    /// What an event set in a register, as a change of what is there now.
    fileprivate func redoing(_ event: Event, _ register: String) throws -> NestedChange {
        guard try !OfficeStore.isAnothers(event, register, db) else {
            throw UserError(
                .notAllowed, "This is another office's, and set there; nothing was changed.",
                advice: "It is decided in that office.")
        }
        return try redoing(EventBody(event), register)
    }

    private func redoing(_ body: EventBody, _ register: String) throws -> NestedChange {
        let again: EventBody
        switch body {
        case .officeChanged(let it):
            guard let chain = try ChainIdentity.fetch(db) else { throw Self.notByClick }
            again = .officeChanged(OfficeChanged(before: try rules(of: chain.office), after: it.after))
        case .sourceChanged(let it):
            let now = try OfficeStore.sources(.every, db).first { $0.source.id == it.after.id }?.source
            again = .sourceChanged(SourceChanged(before: now, after: it.after))
        case .personRenamed(let it):
            let now = try String.fetchOne(
                db.cachedStatement(sql: "SELECT name FROM person WHERE id = ?"),
                arguments: [it.person.description])
            guard let now else { throw UserError.notHere }
            again = .personRenamed(PersonRenamed(person: it.person, before: now, after: it.after))
        case .aliasChanged(let it):
            let changes = try it.changes.filter { register == "name \($0.office) \($0.folded)" }.map {
                change in
                guard let now = try alias(office: change.office, folded: change.folded) else {
                    throw UserError.notHere
                }
                var new = now
                new.links = change.after
                return AliasChange(from: now, to: new)
            }
            again = .aliasChanged(
                changes.isEmpty
                    ? AliasChanged(changes: it.changes, merge: it.merge, reason: it.reason)
                    : AliasChanged(changes: changes, reason: it.reason))
        case .delegationChanged(let it):
            guard let id = (it.after ?? it.before)?.id else { throw UserError.notHere }
            let now = try Delegation.all(db).first { $0.id == id }
            again = .delegationChanged(DelegationChanged(before: now, after: it.after))
        case .deleteHoldChanged(let it):
            guard let id = (it.after ?? it.before)?.id else { throw UserError.notHere }
            let now = try DeleteHold.all(db, of: .own(db)).first { $0.id == id }
            again = .deleteHoldChanged(
                DeleteHoldChanged(before: now, after: it.after, comment: it.comment))
        case .personsPlaced(let it):
            again = .personsPlaced(
                PersonsPlaced(placements: placements(it.placements, register), reason: it.reason))
        case .teamHandedOver(let it):
            again = .personsPlaced(
                PersonsPlaced(placements: placements(it.placements, register), reason: it.reason))
        case .transferRequestDecided(let it):
            again = .personsPlaced(
                PersonsPlaced(placements: placements(it.placements, register), reason: it.comment))
        case .conflictDecided(let it):
            guard let change = try it.change?.body() else { throw Self.notByClick }
            return try redoing(change, register)
        default: throw Self.notByClick
        }
        return try NestedChange(again)
    }

    /// Those of the register's person; of an event that has no effect at all: all.
    private func placements(_ placements: [Placement], _ register: String) -> [Placement] {
        let own = placements.filter { register == "placement \($0.person)" }
        return own.isEmpty ? placements : own
    }

    private static let notByClick = UserError(
        .conflict, "This cannot be done again by a click.", advice: "Do it by hand, then keep what stands.")
}
