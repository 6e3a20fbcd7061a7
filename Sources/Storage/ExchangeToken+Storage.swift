import Domain
import Foundation
import GRDB

/// Another office as far as this box exchanges with it over the network.
public struct ExchangePartner: Hashable, Sendable {
    public var office: ID<Office>
    public var name: String
    /// Hex of the key that was compared.
    public var key: String
    /// When its token was made here, and when it was used last; nil: it has none.
    public var tokenMade: Instant?
    public var tokenUsed: Instant?
    /// Where it is reached; nil: it is not asked.
    public var address: String?
    /// Whether its own authority is trusted for that address, and not the system's.
    public var hasAuthority = false
}

/// What is needed to call another office.
public struct ExchangeLink: Sendable {
    public var office: ID<Office>
    public var name: String
    /// Hex of the key that was compared.
    public var key: String
    public var address: String
    public var secret: String
    /// In PEM; nil: the system's authorities.
    public var authority: String?
}

extension OfficeStore {
    /// Every paired office, by name.
    public func exchangePartners(for viewer: Viewer) async throws -> [ExchangePartner] {
        try viewer.require(.manageOffices)
        return try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT p.office, coalesce(o.name, p.name) AS name, p.key, t.made, t.used, a.address, a.authority
                    FROM peer p LEFT JOIN office o ON o.id = p.office
                    LEFT JOIN exchangeToken t ON t.office = p.office
                    LEFT JOIN exchangeAddress a ON a.office = p.office
                    WHERE p.revoked = 0 ORDER BY name, p.office
                    """
            ).compactMap { row in
                guard let office = ID<Office>(row["office"] as String) else { return nil }
                return ExchangePartner(
                    office: office, name: row["name"], key: row["key"],
                    tokenMade: (row["made"] as Int64?).map(Instant.init(milliseconds:)),
                    tokenUsed: (row["used"] as Int64?).map(Instant.init(milliseconds:)),
                    address: row["address"], hasAuthority: (row["authority"] as String?) != nil)
            }
        }
    }

    // MARK: What others may

    /// Makes the secret with which another office fetches and sends; the one before it is good no longer.
    ///
    /// - Returns: shown once and kept nowhere.
    public func makeExchangeToken(of office: ID<Office>, for viewer: Viewer, by actor: Actor) async throws
        -> String
    {
        try viewer.require(.manageOffices)
        return try await write(as: actor) { tx in
            let name = try tx.pairedName(office)
            let secret = tx.ids.secret()
            try tx.db.execute(
                sql: "INSERT OR REPLACE INTO exchangeToken (office, hash, made) VALUES (?, ?, ?)",
                arguments: [office.description, secretHash(secret), tx.now.milliseconds])
            try tx.append(.exchangeTokenMade(ExchangeTokenMade(office: office, name: name)))
            return secret
        }
    }

    public func revokeExchangeToken(of office: ID<Office>, for viewer: Viewer, by actor: Actor) async throws {
        try viewer.require(.manageOffices)
        try await write(as: actor) { tx in
            try tx.db.execute(
                sql: "DELETE FROM exchangeToken WHERE office = ?", arguments: [office.description])
            guard tx.db.changesCount == 1 else { throw UserError.notHere }
            let name = try String.fetchOne(
                tx.db, sql: "SELECT name FROM peer WHERE office = ?", arguments: [office.description])
            try tx.append(.exchangeTokenRevoked(ExchangeTokenRevoked(office: office, name: name ?? "")))
        }
    }

    /// The paired office whose token this is; nil: nobody's.
    public func exchangeBearer(_ secret: String) async throws -> (office: ID<Office>, name: String)? {
        let now = clock.now()
        let hash = secretHash(secret)
        let found: (ID<Office>, String, Int64)? = try await read { db in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT t.office, p.name, t.used FROM exchangeToken t
                        JOIN peer p ON p.office = t.office AND p.revoked = 0 WHERE t.hash = ?
                        """, arguments: [hash]), let office = ID<Office>(row["office"] as String)
            else { return nil }
            return (office, row["name"], row["used"] ?? 0)
        }
        guard let found else { return nil }
        if now.milliseconds - found.2 >= 60_000 {
            try await pool.write { db in
                try db.execute(
                    sql: "UPDATE exchangeToken SET used = ? WHERE hash = ?",
                    arguments: [now.milliseconds, hash])
            }
        }
        return (found.0, found.1)
    }

    // MARK: Whom this box calls

    /// Keeps where another office is reached and the token that it made.
    ///
    /// - Parameter authority: of its box, in PEM, compared by the caller; nil: the system's.
    public func saveExchangeAddress(
        of office: ID<Office>, _ address: ExchangeAddress, secret: String, authority: String?,
        for viewer: Viewer, by actor: Actor
    ) async throws {
        try viewer.require(.manageOffices)
        try await write(as: actor) { tx in
            let name = try tx.pairedName(office)
            try tx.db.execute(
                sql: """
                    INSERT OR REPLACE INTO exchangeAddress (office, address, secret, authority)
                    VALUES (?, ?, ?, ?)
                    """, arguments: [office.description, address.text, secret, authority])
            // The failures were those of another address.
            try tx.db.execute(sql: "DELETE FROM exchangeRun WHERE way = ?", arguments: [office.description])
            try tx.append(
                .exchangeAddressChanged(
                    ExchangeAddressChanged(office: office, name: name, address: address.text)))
        }
    }

    public func removeExchangeAddress(of office: ID<Office>, for viewer: Viewer, by actor: Actor) async throws
    {
        try viewer.require(.manageOffices)
        try await write(as: actor) { tx in
            try tx.db.execute(
                sql: "DELETE FROM exchangeAddress WHERE office = ?", arguments: [office.description])
            guard tx.db.changesCount == 1 else { throw UserError.notHere }
            try tx.db.execute(sql: "DELETE FROM exchangeRun WHERE way = ?", arguments: [office.description])
            let name = try String.fetchOne(
                tx.db, sql: "SELECT name FROM peer WHERE office = ?", arguments: [office.description])
            try tx.append(
                .exchangeAddressChanged(
                    ExchangeAddressChanged(office: office, name: name ?? "", address: nil)))
        }
    }

    /// Every office that this box calls, by name.
    public func exchangeLinks(for viewer: Viewer) async throws -> [ExchangeLink] {
        try viewer.require(.manageOffices)
        return try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT a.*, p.name, p.key FROM exchangeAddress a
                    JOIN peer p ON p.office = a.office AND p.revoked = 0 ORDER BY p.name, p.office
                    """
            ).compactMap { row in
                guard let office = ID<Office>(row["office"] as String) else { return nil }
                return ExchangeLink(
                    office: office, name: row["name"], key: row["key"], address: row["address"],
                    secret: row["secret"], authority: row["authority"])
            }
        }
    }
}

extension Transaction {
    /// Its token here, its address, and what was asked about it.
    func forgetExchange(with office: ID<Office>) throws {
        for sql in [
            "DELETE FROM exchangeToken WHERE office = ?", "DELETE FROM exchangeAddress WHERE office = ?",
            "DELETE FROM exchangeRun WHERE way = ?",
            "DELETE FROM exchangeQuestion WHERE question ->> '$.from' = ?",
        ] { try db.execute(sql: sql, arguments: [office.description]) }
    }

    /// - Throws: for an office that is not paired.
    fileprivate func pairedName(_ office: ID<Office>) throws -> String {
        let name = try String.fetchOne(
            db, sql: "SELECT name FROM peer WHERE office = ? AND revoked = 0",
            arguments: [office.description])
        guard let name else { throw UserError.notHere }
        return name
    }
}
