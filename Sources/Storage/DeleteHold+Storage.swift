import Domain
import Foundation
import GRDB

extension Transaction {
    func foldDeleteHoldChanged(_ event: Event, _ it: DeleteHoldChanged) throws {
        let id = (it.after ?? it.before)?.id
        // Each office has its own: whatever another one signs of a hold neither changes nor lifts it.
        let own: StatementArguments = [id?.description, event.office.description]
        let now = try String.fetchOne(
            db.cachedStatement(sql: "SELECT hold FROM deleteHold WHERE id = ? AND office = ?"), arguments: own
        )
        .map { try fromJSON(DeleteHold.self, $0) }
        guard try now != nil || it.before == nil || !DeleteHold.all(db).contains(where: { $0.id == id })
        else { throw DeleteHold.others }
        guard now == it.before || refold != nil else {
            throw UserError(
                .stale, "The hold was changed by somebody else meanwhile.", advice: "Look again, and repeat.")
        }
        guard let after = it.after else {
            guard it.before != nil else { throw UserError.notHere }
            try db.run(sql: "DELETE FROM deleteHold WHERE id = ? AND office = ?", arguments: own)
            return
        }
        try after.check(today: businessDay(of: event))
        try db.run(
            sql: """
                INSERT INTO deleteHold (id, office, hold) VALUES (?, ?, ?)
                ON CONFLICT (id, office) DO UPDATE SET hold = excluded.hold
                """, arguments: own + [try jsonText(after)])
    }
}

/// Holds as pages show them.
public struct DeleteHolds: Sendable {
    public var holds: [DeleteHold]
    public var files: [ID<CallFile>: String] = [:]
    public var people: [ID<Person>: String] = [:]
    public var today: Day?
}

extension OfficeStore {
    /// Sets, changes or lifts a hold.
    ///
    /// - Parameter after: nil: the hold is lifted, which needs a comment.
    public func changeHold(
        _ before: DeleteHold?, to after: DeleteHold?, comment: String = "", for viewer: Viewer,
        by actor: Actor
    ) async throws {
        try viewer.require(.decideDeletions)
        guard after != nil || !comment.allSatisfy(\.isWhitespace), comment.count <= 2000 else {
            throw UserError(
                .invalid, "A hold is lifted with a reason of at most 2,000 characters.",
                advice: "Say why it may go.")
        }
        try await write(as: actor) { tx in
            if let file = after?.file {
                try Self.requireOwn(file, tx.db)
                let isThere = try Bool.fetchOne(
                    tx.db, sql: "SELECT 1 FROM file WHERE id = ?", arguments: [file.description])
                guard isThere == true else { throw UserError.notHere }
            }
            if let person = after?.person {
                let isThere = try Bool.fetchOne(
                    tx.db, sql: "SELECT 1 FROM person WHERE id = ?", arguments: [person.description])
                guard isThere == true else { throw UserError.notHere }
            }
            try tx.append(
                .deleteHoldChanged(DeleteHoldChanged(before: before, after: after, comment: comment)))
        }
    }

    /// Every hold, and what the people and files in them are called.
    public func deleteHolds(for viewer: Viewer) async throws -> DeleteHolds {
        guard viewer.reach(.requestDeletions) == .office else { throw UserError.notHere }
        return try await read { db in
            let offices = try OfficeScope(viewer, for: .requestDeletions, db)
            var result = DeleteHolds(holds: try DeleteHold.all(db, of: offices), today: try Self.today(db))
            for hold in result.holds {
                if let file = hold.file {
                    result.files[file] = try String.fetchOne(
                        db, sql: "SELECT name FROM file WHERE id = ?", arguments: [file.description])
                }
                if let person = hold.person {
                    result.people[person] = try String.fetchOne(
                        db, sql: "SELECT name FROM person WHERE id = ?", arguments: [person.description])
                }
            }
            return result
        }
    }
}

extension DeleteHold {
    static let others = UserError(
        .notAllowed, "This hold is another office's; nothing was changed.",
        advice: "It is changed or lifted in that office.")

    /// Every hold; one on somebody who was merged into another is on the other too.
    static func inForce(_ db: Database) throws -> [DeleteHold] {
        let merged = try Row.fetchAll(
            db, sql: "SELECT id, mergedInto FROM person WHERE mergedInto IS NOT NULL")
        var into: [ID<Person>: ID<Person>] = [:]
        for row in merged {
            guard let person = ID<Person>(row["id"] as String) else { continue }
            into[person] = ID(row["mergedInto"] as String)
        }
        var holds = try all(db)
        for hold in holds where !into.isEmpty {
            var hold = hold
            // Nobody is merged more often than there are merges.
            for _ in into {
                guard let person = hold.person, let next = into[person] else { break }
                hold.person = next
                holds.append(hold)
            }
        }
        return holds
    }

    /// The own office's first.
    static func all(_ db: Database, of offices: OfficeScope = .every) throws -> [DeleteHold] {
        try String.fetchAll(
            db,
            sql: """
                SELECT hold FROM deleteHold WHERE \(offices.condition("office"))
                ORDER BY office <> (SELECT office FROM folder), id, office
                """
        ).map { try fromJSON(DeleteHold.self, $0) }
    }
}
