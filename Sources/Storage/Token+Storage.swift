import Domain
import Foundation
import GRDB

/// A bearer token of the API: it acts as its owner, within the owner's permissions.
public struct APIToken: Sendable, Hashable {
    public var id: String
    public var name: String
    public var created: Instant
    public var expires: Instant
    public var used: Instant?
}

extension OfficeStore {
    /// Who a bearer token acts for, with the office; nil for a token that is unknown, expired or of a shut account.
    public func bearer(_ secret: String) async throws -> (office: OfficeState?, viewer: Viewer?) {
        let now = clock.now()
        let found: (OfficeState?, Viewer?, Bool) = try await read { db in
            let office = try Self.officeState(db)
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT u.id, u.username, u.name, u.role, u.person, t.used FROM apiToken t
                        JOIN user u ON u.id = t.user JOIN credential c ON c.user = t.user
                        WHERE t.hash = ? AND t.expires > ? AND u.disabled = 0 AND c.initial = 0
                        """, arguments: [secretHash(secret), now.milliseconds]),
                let user = ID<User>(row["id"] as String), let role = Role(rawValue: row["role"])
            else { return (office, nil, false) }
            let viewer = Viewer(
                user: user, name: row["name"], role: role,
                person: (row["person"] as String?).flatMap { ID($0) })
            let used: Int64 = row["used"] ?? 0
            return (office, viewer, now.milliseconds - used >= 60_000)
        }
        if found.2 {
            try await pool.write { db in
                try db.execute(
                    sql: "UPDATE apiToken SET used = ? WHERE hash = ?",
                    arguments: [now.milliseconds, secretHash(secret)])
            }
        }
        return (found.0, found.1)
    }

    public func tokens(of user: ID<User>) async throws -> [APIToken] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM apiToken WHERE user = ? ORDER BY created DESC, id",
                arguments: [user.description]
            ).map { row in
                APIToken(
                    id: row["id"], name: row["name"], created: Instant(milliseconds: row["created"]),
                    expires: Instant(milliseconds: row["expires"]),
                    used: (row["used"] as Int64?).map(Instant.init(milliseconds:)))
            }
        }
    }

    /// Makes a token; the returned secret is shown once and kept nowhere.
    ///
    /// - Parameter days: 1 to 366 until it expires.
    public func makeToken(for user: ID<User>, name: String, days: Int, by actor: Actor) async throws -> String
    {
        guard !name.trimmingCharacters(in: .whitespaces).isEmpty, name.count <= 60 else {
            throw UserError(
                .invalid, "The token needs a name of 1 to 60 characters.",
                advice: "Name the program that will use it.")
        }
        guard (1...366).contains(days) else {
            throw UserError(
                .invalid, "A token lives 1 to 366 days.", advice: "Make a new one before it ends.")
        }
        return try await write(as: actor) { tx in
            let account = try tx.account(user)
            // Whoever set the first password would go on acting as its owner.
            guard try !tx.hasFirstPassword(user) else { throw UserError.passwordFirst }
            let count = try Int.fetchOne(
                tx.db, sql: "SELECT count(*) FROM apiToken WHERE user = ?", arguments: [user.description])
            guard (count ?? 0) < 50 else {
                throw UserError(
                    .tooMany, "There are 50 tokens already.", advice: "Revoke those that are not in use.")
            }
            let secret = "rollcall_" + tx.ids.secret()
            let id: ID<APIToken> = tx.newID()
            try tx.db.execute(
                sql: "INSERT INTO apiToken (hash, id, user, name, created, expires) VALUES (?,?,?,?,?,?)",
                arguments: [
                    secretHash(secret), id.description, user.description, name, tx.now.milliseconds,
                    tx.now.adding(seconds: Int64(days) * 86_400).milliseconds,
                ])
            try tx.append(
                .tokenMade(TokenMade(user: user, username: account.user.username, token: name)))
            return secret
        }
    }

    public func revokeToken(_ id: String, of user: ID<User>, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            let account = try tx.account(user)
            let name = try String.fetchOne(
                tx.db, sql: "SELECT name FROM apiToken WHERE id = ? AND user = ?",
                arguments: [id, user.description])
            guard let name else { throw UserError.notHere }
            try tx.db.execute(sql: "DELETE FROM apiToken WHERE id = ?", arguments: [id])
            try tx.append(
                .tokenRevoked(TokenRevoked(user: user, username: account.user.username, token: name)))
        }
    }
}

extension UserError {
    public static let passwordFirst = UserError(
        .conflict, "Your password was given to you by somebody else. Nothing was changed.",
        advice: "Change it first, on the page of your account.")
}

extension Transaction {
    /// Whether somebody else gave an account its password.
    func hasFirstPassword(_ user: ID<User>) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT initial FROM credential WHERE user = ?", arguments: [user.description]) == true
    }

    /// Ends every token of an account, each with its entry.
    mutating func revokeTokens(of user: User) throws {
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM apiToken WHERE user = ? ORDER BY created, id",
            arguments: [user.id.description])
        try db.execute(sql: "DELETE FROM apiToken WHERE user = ?", arguments: [user.id.description])
        for name in names {
            try append(.tokenRevoked(TokenRevoked(user: user.id, username: user.username, token: name)))
        }
    }
}
