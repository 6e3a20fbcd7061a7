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

    /// - Parameter isInitial: somebody else knows it: its owner must change it at his first sign-in.
    func saveCredential(_ user: ID<User>, hash: String, isInitial: Bool = false) throws {
        try db.execute(
            sql: """
                INSERT INTO credential (user, hash, changed, initial) VALUES (?, ?, ?, ?)
                ON CONFLICT (user) DO UPDATE
                SET hash = excluded.hash, changed = excluded.changed, initial = excluded.initial
                """, arguments: [user.description, hash, now.milliseconds, isInitial])
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

extension OfficeStore {
    /// Every account, by user name.
    public func accounts() async throws -> [Account] {
        try await read { db in
            try Row.fetchAll(db, sql: Account.sql + " ORDER BY u.username").map { try Account($0) }
        }
    }

    /// - Throws: `UserError.notHere` for an id that is nobody's.
    public func account(_ id: ID<User>) async throws -> Account {
        try await read { db in
            guard
                let row = try Row.fetchOne(
                    db, sql: Account.sql + " WHERE u.id = ?", arguments: [id.description])
            else { throw UserError.notHere }
            return try Account(row)
        }
    }

    /// - Throws: `UserError` `notFound` that names what was typed.
    public func account(named username: String) async throws -> Account {
        try await read { db in
            guard
                let row = try Row.fetchOne(
                    db, sql: Account.sql + " WHERE u.username = ?", arguments: [username])
            else {
                throw UserError(
                    .notFound, "There is no user “\(username)”.", advice: "See “rollcall user list”.")
            }
            return try Account(row)
        }
    }

    /// Adds an account.
    ///
    /// - Parameter isInitial: whether its owner must change the password at his first sign-in.
    @discardableResult
    public func addUser(
        username: String, name: String, role: Role, person: ID<Person>?, password: String,
        isInitial: Bool = true, by actor: Actor
    ) async throws -> User {
        let office = try await officeState()?.office.rules.name ?? ""
        try User.checkUsername(username)
        try checkPassword(password, username: username, officeName: office)
        let hash = try await passwords.hash(password)
        return try await write(as: actor) { tx in
            let user = User(id: tx.newID(), username: username, name: name, role: role, person: person)
            try tx.check(user)
            try tx.append(.userAdded(UserAdded(user: user)))
            try tx.saveCredential(user.id, hash: hash, isInitial: isInitial)
            return user
        }
    }

    /// Changes what an account is called, what it may do, or who is behind it; changed rights end its sessions.
    public func changeUser(_ after: User, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            let before = try tx.account(after.id).user
            guard before != after else { return }
            try tx.check(after)
            try tx.append(.userChanged(UserChanged(before: before, after: after)))
            if before.role != after.role || before.person != after.person {
                try tx.removeSessions(of: after.id)
            }
        }
    }

    /// Shuts an account, with all its sessions at once, or opens it again.
    public func setDisabled(_ user: ID<User>, _ disabled: Bool, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            let account = try tx.account(user)
            guard account.isDisabled != disabled else { return }
            try tx.append(
                .userDisabled(
                    UserDisabled(user: user, username: account.user.username, disabled: disabled)))
            if disabled { try tx.removeSessions(of: user) }
        }
    }

    /// Sets somebody else's password, and ends all his sessions.
    public func setPassword(
        of user: ID<User>, to password: String, isInitial: Bool = true, by actor: Actor
    ) async throws {
        let account = try await account(user)
        let office = try await officeState()?.office.rules.name ?? ""
        try checkPassword(password, username: account.user.username, officeName: office)
        let hash = try await passwords.hash(password)
        try await write(as: actor) { tx in
            try tx.saveCredential(user, hash: hash, isInitial: isInitial)
            try tx.removeSessions(of: user)
            try tx.forgetFailures(of: account.user.username)
            try tx.append(.passwordSet(PasswordSet(user: user, username: account.user.username)))
            // Whoever had the old password may have made them.
            try tx.revokeTokens(of: account.user)
        }
    }

    /// A password for somebody's first sign-in: 16 letters and digits that nobody mixes up, 78 bits.
    public func initialPassword() -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
        let text = (ids.random() + ids.random()).prefix(16).map { letters[Int($0) % letters.count] }
        return stride(from: 0, to: text.count, by: 4).map { String(text[$0..<min($0 + 4, text.count)]) }
            .joined(separator: "-")
    }
}

extension Transaction {
    /// Whether somebody still is what he was when he asked.
    ///
    /// - Throws: `UserError` `notAllowed` where his account was shut or changed meanwhile; never for the console.
    func requireStill(_ viewer: Viewer) throws {
        let row = try Row.fetchOne(
            db, sql: "SELECT role, disabled FROM user WHERE id = ?", arguments: [viewer.user.description])
        guard let row, row["disabled"] || row["role"] != viewer.role.rawValue else { return }
        throw UserError(
            .notAllowed, "Your account was changed while this waited; nothing was done.",
            advice: "Ask an admin.")
    }

    /// What must hold of an account beyond its spelling.
    func check(_ user: User) throws {
        guard !user.name.trimmingCharacters(in: .whitespaces).isEmpty, user.name.count <= 100 else {
            throw UserError(.invalid, "The user has no name.", advice: "Give it 1 to 100 characters.")
        }
        guard let person = user.person else {
            guard !user.role.needsPerson else {
                throw UserError(
                    .invalid, "A \(user.role.title) sees what the person behind the account may see.",
                    advice: "Choose the person.")
            }
            return
        }
        let known = try Bool.fetchOne(
            db, sql: "SELECT 1 FROM person WHERE id = ?", arguments: [person.description])
        guard known != nil else {
            throw UserError(.invalid, "That person is not known.", advice: "Choose one of the list.")
        }
    }

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
