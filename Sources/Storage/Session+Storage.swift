import Crypto
import Domain
import Foundation
import GRDB

/// Somebody who is signed in at one browser.
public struct Session: Sendable, Hashable {
    /// Names the session on pages; it opens nothing.
    public var id: String
    public var user: User
    /// What every form of this session carries.
    public var formToken: String
    public var browserName: String
    public var address: String
    public var created: Instant
    public var seen: Instant
    /// The password came from somebody else; nothing is shown before it is changed.
    public var mustChangePassword: Bool

    public var viewer: Viewer { Viewer(user: user.id, name: user.name, role: user.role, person: user.person) }
}

/// A new session with the secret that opens it: the only time it is known in the clear.
public struct OpenedSession: Sendable {
    public var secret: String
    public var session: Session
}

/// Who sits at the other end, as far as a server can tell.
public struct Browser: Sendable, Hashable {
    public var address: String
    public var userAgent: String

    public init(address: String, userAgent: String) {
        self.address = address
        self.userAgent = userAgent
    }

    /// A session is bound to this: a stolen cookie does not open from another kind of browser.
    var mark: Data { Data(SHA256.hash(data: Data(userAgent.utf8))) }

    /// `Firefox on Windows`, for the list of sessions.
    var name: String {
        func first(_ table: [(String, String)]) -> String? { table.first { userAgent.contains($0.0) }?.1 }
        let program =
            first([
                ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
                ("Safari/", "Safari"), ("curl/", "curl"),
            ]) ?? "A browser"
        let system = first([
            ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
            ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
        ])
        return system.map { "\(program) on \($0)" } ?? program
    }
}

extension IDs {
    /// 256 random bits as 43 letters of base64url: what cookies, tokens and codes are made of.
    public func secret() -> String { base64URL(Data(random() + random())) }
}

func base64URL(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// Secrets are looked up by this digest, so that the database opens nothing to who reads it.
func secretHash(_ secret: String) -> Data { Data(SHA256.hash(data: Data(secret.utf8))) }

/// What a request needs to know before anything else.
public struct Arrival: Sendable {
    /// nil: not set up yet.
    public var office: OfficeState?
    public var session: Session?
}

extension OfficeStore {
    /// The office, and the session that this secret opens, unless it has ended or is somebody else's browser.
    public func arrive(secret: String?, browser: Browser) async throws -> Arrival {
        let now = clock.now()
        let arrival = try await read { db in
            let office = try Self.officeState(db)
            guard let secret, let settings = office?.settings else { return Arrival(office: office) }
            let row = try Row.fetchOne(
                db, sql: Self.sessionSQL + " WHERE s.hash = ? AND s.browser = ? AND u.disabled = 0",
                arguments: [secretHash(secret), browser.mark])
            let session = try row.map { try Session($0) }
            return Arrival(
                office: office, session: session?.isOver(settings, at: now) == true ? nil : session)
        }
        // Written at most once a minute: reading pages must not keep the writer busy.
        if let session = arrival.session, now.milliseconds - session.seen.milliseconds >= 60_000 {
            try await pool.write { db in
                try db.execute(
                    sql: "UPDATE session SET seen = ?, address = ? WHERE id = ?",
                    arguments: [now.milliseconds, browser.address, session.id])
            }
        }
        return arrival
    }

    /// The sessions of a user that are still open, the latest used first.
    public func sessions(of user: ID<User>) async throws -> [Session] {
        let now = clock.now()
        return try await read { db in
            let settings = try Self.officeState(db)?.settings ?? BoxSettings()
            return try Row.fetchAll(
                db, sql: Self.sessionSQL + " WHERE s.user = ? ORDER BY s.seen DESC",
                arguments: [user.description]
            ).map { try Session($0) }.filter { !$0.isOver(settings, at: now) }
        }
    }

    /// Ends the session that signs itself out.
    public func signOut(_ session: Session, by actor: Actor) async throws {
        try await write(as: actor) { tx in
            try tx.db.execute(sql: "DELETE FROM session WHERE id = ?", arguments: [session.id])
            guard tx.db.changesCount > 0 else { return }
            try tx.append(.signedOut(SignedOut(user: session.user.id, username: session.user.username)))
        }
    }

    /// Ends one session of a user (by its id), or all but `except`.
    ///
    /// - Returns: how many ended.
    @discardableResult
    public func endSessions(
        of user: ID<User>, only: String? = nil, except: String? = nil, by actor: Actor
    ) async throws -> Int {
        try await write(as: actor) { tx in
            let account = try tx.account(user)
            let count = try tx.removeSessions(of: user, only: only, except: except)
            if count > 0 {
                try tx.append(
                    .sessionsEnded(SessionsEnded(user: user, username: account.user.username, count: count)))
            }
            return count
        }
    }

    static let sessionSQL = """
        SELECT s.*, u.username, u.name, u.role, u.person, c.initial FROM session s
        JOIN user u ON u.id = s.user LEFT JOIN credential c ON c.user = s.user
        """
}

extension Transaction {
    /// Opens a session; those past their end are swept on the way.
    func openSession(_ user: User, browser: Browser) throws -> OpenedSession {
        let settings = try OfficeStore.officeState(db)?.settings ?? BoxSettings()
        try db.execute(
            sql: "DELETE FROM session WHERE created < ? OR seen < ?",
            arguments: [
                now.adding(seconds: -Int64(settings.sessionHours) * 3600).milliseconds,
                now.adding(seconds: -Int64(settings.sessionIdleMinutes) * 60).milliseconds,
            ])
        let secret = ids.secret()
        let id: ID<Session> = newID()
        let isInitial = try Bool.fetchOne(
            db, sql: "SELECT initial FROM credential WHERE user = ?", arguments: [user.id.description])
        let session = Session(
            id: id.description, user: user, formToken: ids.secret(), browserName: browser.name,
            address: browser.address, created: now, seen: now,
            mustChangePassword: isInitial ?? false)
        try db.execute(
            sql: """
                INSERT INTO session (hash, id, user, formToken, browser, browserName, address, created, seen)
                VALUES (?,?,?,?,?,?,?,?,?)
                """,
            arguments: [
                secretHash(secret), session.id, user.id.description, session.formToken, browser.mark,
                session.browserName, session.address, now.milliseconds, now.milliseconds,
            ])
        return OpenedSession(secret: secret, session: session)
    }

    @discardableResult
    func removeSessions(of user: ID<User>, only: String? = nil, except: String? = nil) throws -> Int {
        try db.execute(
            sql: "DELETE FROM session WHERE user = ? AND (? IS NULL OR id = ?) AND (? IS NULL OR id <> ?)",
            arguments: [user.description, only, only, except, except])
        return db.changesCount
    }
}

extension Session {
    init(_ row: Row) throws {
        guard let user = ID<User>(row["user"] as String), let role = Role(rawValue: row["role"]) else {
            throw UserError(
                .damaged, "A session's account is damaged.", advice: "Run “rollcall verify”.")
        }
        self.init(
            id: row["id"],
            user: User(
                id: user, username: row["username"], name: row["name"], role: role,
                person: (row["person"] as String?).flatMap { ID($0) }),
            formToken: row["formToken"], browserName: row["browserName"], address: row["address"],
            created: Instant(milliseconds: row["created"]), seen: Instant(milliseconds: row["seen"]),
            mustChangePassword: row["initial"] ?? false)
    }

    func isOver(_ settings: BoxSettings, at now: Instant) -> Bool {
        now > seen.adding(seconds: Int64(settings.sessionIdleMinutes) * 60)
            || now > created.adding(seconds: Int64(settings.sessionHours) * 3600)
    }
}
