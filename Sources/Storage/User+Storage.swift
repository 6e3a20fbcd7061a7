import Domain
import Foundation
import GRDB

extension Transaction {
    func foldUserAdded(_ event: Event, _ added: UserAdded) throws {
        try User.checkUsername(added.user.username)
        try checkFree(added.user)
        try db.execute(
            sql: "INSERT INTO user (id, username, name, role, person, added) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                added.user.id.description, added.user.username, added.user.name, added.user.role.rawValue,
                added.user.person?.description, event.time.instant.milliseconds,
            ])
    }

    func foldUserChanged(_ changed: UserChanged) throws {
        try User.checkUsername(changed.after.username)
        try checkFree(changed.after)
        try checkAdminRemains(without: changed.after.role == .admin ? nil : changed.after.id)
        try db.execute(
            sql: "UPDATE user SET username = ?, name = ?, role = ?, person = ? WHERE id = ?",
            arguments: [
                changed.after.username, changed.after.name, changed.after.role.rawValue,
                changed.after.person?.description, changed.after.id.description,
            ])
    }

    func foldUserDisabled(_ it: UserDisabled) throws {
        if it.disabled { try checkAdminRemains(without: it.user) }
        try db.execute(
            sql: "UPDATE user SET disabled = ? WHERE id = ?", arguments: [it.disabled, it.user.description])
    }

    private func checkFree(_ user: User) throws {
        let taken = try Bool.fetchOne(
            db, sql: "SELECT 1 FROM user WHERE username = ? AND id <> ?",
            arguments: [user.username, user.id.description])
        guard taken == nil else {
            throw UserError(
                .conflict, "There is a user “\(user.username)” already.", advice: "Choose another user name.")
        }
    }

    /// An office without an admin could never be mended.
    private func checkAdminRemains(without user: ID<User>?) throws {
        guard let user else { return }
        let others = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM user WHERE role = 'admin' AND disabled = 0 AND id <> ?",
            arguments: [user.description])
        let isAdmin = try Bool.fetchOne(
            db, sql: "SELECT role = 'admin' AND disabled = 0 FROM user WHERE id = ?",
            arguments: [user.description])
        guard isAdmin != true || (others ?? 0) > 0 else {
            throw UserError(
                .conflict, "This is the only admin of the office.",
                advice: "Make another user an admin first.")
        }
    }

    func saveCredential(_ user: ID<User>, hash: String) throws {
        try db.execute(
            sql: """
                INSERT INTO credential (user, hash, changed) VALUES (?, ?, ?)
                ON CONFLICT (user) DO UPDATE SET hash = excluded.hash, changed = excluded.changed
                """, arguments: [user.description, hash, now.milliseconds])
    }
}

/// An account as the admin's pages show it.
public struct Account: Sendable, Hashable {
    public var user: User
    public var isDisabled: Bool
    public var added: Instant
    /// The latest use of any of its sessions.
    public var seen: Instant?
    public var personName: String?
}

extension Transaction {
    /// - Throws: `UserError.notHere` for an id that is nobody's.
    func account(_ id: ID<User>) throws -> Account {
        guard
            let row = try Row.fetchOne(db, sql: Account.sql + " WHERE u.id = ?", arguments: [id.description])
        else { throw UserError.notHere }
        return try Account(row)
    }
}

extension Account {
    static let sql = """
        SELECT u.*, p.name AS personName, (SELECT max(seen) FROM session s WHERE s.user = u.id) AS seen
        FROM user u LEFT JOIN person p ON p.id = u.person
        """

    init(_ row: Row) throws {
        guard let id = ID<User>(row["id"] as String), let role = Role(rawValue: row["role"]) else {
            throw UserError(.damaged, "An account is damaged.", advice: "Run “rollcall verify”.")
        }
        self.init(
            user: User(
                id: id, username: row["username"], name: row["name"], role: role,
                person: (row["person"] as String?).flatMap { ID($0) }),
            isDisabled: row["disabled"], added: Instant(milliseconds: row["added"]),
            seen: (row["seen"] as Int64?).map(Instant.init(milliseconds:)), personName: row["personName"])
    }
}
