import Domain
import Foundation
import GRDB

extension UserError {
    /// One text for every reason, so that it tells nobody which accounts there are.
    static let wrongSignIn = UserError(
        .notSignedIn, "The user name or the password is wrong.",
        advice: "Check both; an admin can give you a new password.")

    static func tooManyTries(_ seconds: Int64) -> UserError {
        let wait = seconds < 90 ? "\(seconds) seconds" : "\((seconds + 59) / 60) minutes"
        return UserError(.tooMany, "There were too many wrong passwords.", advice: "Try again in \(wait).")
    }
}

extension OfficeStore {
    private struct Credential: Sendable {
        var account: Account
        var hash: String
    }

    /// Opens a session for a user name and its password.
    ///
    /// Takes the same time and throws the same words whether the account is unknown, shut or another's.
    ///
    /// - Parameter replacing: the secret of a session that ends with this one's beginning.
    /// - Throws: `UserError` `notSignedIn`, or `tooMany` with the seconds to wait.
    public func signIn(
        username: String, password: String, browser: Browser, replacing: String? = nil
    ) async throws -> OpenedSession {
        let guest = Actor(user: nil, name: "Somebody", via: "web \(browser.address)")
        let user = try await proven(username, password, browser, guest)
        return try await write(
            as: Actor(user: user.id, name: user.name, via: "web \(browser.address)")
        ) { tx in
            // The password took its time to check: the account may have been shut or changed since.
            let now = try tx.account(user.id)
            guard !now.isDisabled else { throw UserError.wrongSignIn }
            if let replacing {
                try tx.db.execute(
                    sql: "DELETE FROM session WHERE hash = ?", arguments: [secretHash(replacing)])
            }
            try tx.rememberSignIn(username, browser.address)
            let opened = try tx.openSession(now.user, browser: browser)
            try tx.append(.signedIn(SignedIn(user: user.id, username: user.username)))
            return opened
        }
    }

    /// Whose user name and password these are, for a step that an account takes at the box's console; no session is
    /// opened.
    ///
    /// The same words, waits and entries in the journal as at sign-in.
    ///
    /// - Throws: `UserError` `notAllowed` for a first password, which somebody else knows.
    public func confirmAccount(username: String, password: String) async throws -> Viewer {
        let console = Browser(address: "cli", userAgent: "")
        let guest = Actor(user: nil, name: "Somebody", via: "cli")
        let user = try await proven(username, password, console, guest)
        return try await write(as: Actor(user: user.id, name: user.name, via: "cli")) { tx in
            let now = try tx.account(user.id)
            guard !now.isDisabled else { throw UserError.wrongSignIn }
            guard try !tx.hasFirstPassword(user.id) else {
                throw UserError(
                    .notAllowed, "Somebody else gave this account its password. Nothing was changed.",
                    advice: "Sign in once in a browser and choose your own.")
            }
            try tx.rememberSignIn(username, console.address)
            return Viewer(
                user: now.user.id, name: now.user.name, role: now.user.role, person: now.user.person)
        }
    }

    /// The account of a user name and its password; a wrong try is counted and written down.
    private func proven(_ username: String, _ password: String, _ browser: Browser, _ guest: Actor)
        async throws -> User
    {
        try await refuseWhileLocked(username, browser, guest)
        let credential = try await credential(of: username)
        let isRight = try await passwords.matches(password, hash: credential?.hash)
        if isRight, let credential, !credential.account.isDisabled { return credential.account.user }
        let reason = credential == nil ? "unknown" : isRight ? "disabled" : "password"
        try await noteFailure(username, reason, browser, guest)
        throw UserError.wrongSignIn
    }

    /// Opens a session for who has just founded the office.
    public func signInFounder(_ user: ID<User>, browser: Browser) async throws -> OpenedSession {
        let account = try await account(user)
        return try await write(
            as: Actor(user: user, name: account.user.name, via: "web \(browser.address)")
        ) { tx in
            try tx.rememberSignIn(account.user.username, browser.address)
            let opened = try tx.openSession(account.user, browser: browser)
            try tx.append(.signedIn(SignedIn(user: user, username: account.user.username)))
            return opened
        }
    }

    /// Changes one's own password: all other sessions end, and this one gets a new secret.
    ///
    /// - Throws: `UserError` `invalid` where the present password is wrong; wrong ones count as at sign-in.
    public func changePassword(
        of session: Session, from present: String, to new: String, browser: Browser, by actor: Actor
    ) async throws -> OpenedSession {
        let user = session.user
        try await refuseWhileLocked(user.username, browser, actor)
        let credential = try await credential(of: user.username)
        guard try await passwords.matches(present, hash: credential?.hash) else {
            try await noteFailure(user.username, "password", browser, actor)
            throw UserError(
                .invalid, "The present password is wrong. Nothing was changed.", advice: "Type it again.")
        }
        let office = try await officeState()?.office.rules.name ?? ""
        try checkPassword(new, username: user.username, officeName: office)
        guard new != present else {
            throw UserError(
                .invalid, "The new password is the present one.", advice: "Choose another.")
        }
        let hash = try await passwords.hash(new)
        return try await write(as: actor) { tx in
            try tx.saveCredential(user.id, hash: hash)
            try tx.removeSessions(of: user.id)
            try tx.append(.passwordSet(PasswordSet(user: user.id, username: user.username)))
            return try tx.openSession(tx.account(user.id).user, browser: browser)
        }
    }

    private func credential(of username: String) async throws -> Credential? {
        try await read { db in
            let row = try Row.fetchOne(
                db, sql: Account.sql + " WHERE u.username = ?", arguments: [username])
            guard let row else { return nil }
            let account = try Account(row)
            let hash = try String.fetchOne(
                db, sql: "SELECT hash FROM credential WHERE user = ?",
                arguments: [account.user.id.description])
            return hash.map { Credential(account: account, hash: $0) }
        }
    }

    private func refuseWhileLocked(_ username: String, _ browser: Browser, _ actor: Actor) async throws {
        let wait = try await write(as: actor) { tx in
            let wait = try tx.secondsToWait(username, browser.address)
            if wait > 0, try tx.isFirstTryOfLock(username, browser.address) {
                try tx.append(.signInRefused(SignInRefused(username: noted(username), reason: "locked")))
            }
            return wait
        }
        if wait > 0 { throw UserError.tooManyTries(wait) }
    }

    private func noteFailure(
        _ username: String, _ reason: String, _ browser: Browser, _ actor: Actor
    ) async throws {
        try await write(as: actor) { tx in
            try tx.countFailure(username, browser.address)
            try tx.append(.signInRefused(SignInRefused(username: noted(username), reason: reason)))
        }
    }
}

/// What the journal says was typed: people type passwords into the wrong field, and those must not stay.
private func noted(_ username: String) -> String {
    (try? User.checkUsername(username)) == nil ? "(no user name)" : username
}
