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
