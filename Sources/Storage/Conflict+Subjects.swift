import Domain
import Foundation
import GRDB

/// What a page is about, for the note that something about it is open.
public enum ConflictSubject: Hashable, Sendable {
    case person(ID<Person>)
    case file(ID<CallFile>)
}

extension OfficeStore {
    private static let openConflictRows = """
        SELECT c.* FROM conflict c LEFT JOIN conflictDecision d ON d.conflict = c.id
        WHERE coalesce(d.choice, 'reopen') = 'reopen' ORDER BY c.id LIMIT 1000
        """

    /// Open conflicts in which an entry of an office lost or stands, by office.
    public func openConflictsByOffice(for viewer: Viewer) async throws -> [ID<Office>: Int] {
        guard viewer.may(.decideConflicts) else { return [:] }
        return try await read { db in
            var counts: [ID<Office>: Int] = [:]
            for conflict in try Row.fetchAll(db, sql: Self.openConflictRows).compactMap({ Conflict($0) }) {
                for office in Set([conflict.loser, conflict.winner].compactMap { $0?.chain.office }) {
                    counts[office, default: 0] += 1
                }
            }
            return counts
        }
    }

    /// The open conflicts about something; none for who may not decide them.
    public func openConflicts(about subject: ConflictSubject, for viewer: Viewer) async throws -> [String] {
        guard viewer.may(.decideConflicts) else { return [] }
        return try await read { db in
            try Row.fetchAll(db, sql: Self.openConflictRows).compactMap { Conflict($0) }
                .filter { try Self.isAbout($0, subject, db) }.map(\.id)
        }
    }

    private static func isAbout(_ conflict: Conflict, _ subject: ConflictSubject, _ db: Database) throws
        -> Bool
    {
        let parts = conflict.register.split(separator: " ", maxSplits: 1)
        guard let kind = parts.first, let name = parts.last else { return false }
        func payloadHolds(_ id: String) throws -> Bool {
            try [conflict.loser, conflict.winner].compactMap { $0 }.contains {
                try event($0, db)?.payload.contains(id) == true
            }
        }
        switch (subject, kind) {
        case (.person(let person), "person"), (.person(let person), "placement"),
            (.person(let person), "same"):
            return name == person.description
        // Others name somebody's leader or manager, too, whom they are not about.
        case (.person(let person), "name"), (.person(let person), "stand-in"):
            return try payloadHolds(person.description)
        case (.person(let person), "request"):
            return try Bool.fetchOne(
                db, sql: "SELECT 1 FROM transferRequest WHERE id = ?1 AND (agent = ?2 OR otherAgent = ?2)",
                arguments: [String(name), person.description]) == true
        case (.file(let file), "deletion"), (.file(let file), "purge"):
            return try Bool.fetchOne(
                db, sql: "SELECT instr(request, ?) > 0 FROM deleteRequest WHERE id = ?",
                arguments: [file.description, String(name)]) == true
        case (.file(let file), "hold"), (.file(let file), "event"):
            return try payloadHolds(file.description)
        default: return false
        }
    }
}
