import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Makes the code that opens the set-up page; only the latest one does, and only until there is an office.
    ///
    /// 12 letters and digits that nobody mixes up, 59 bits, for example `k7mq-3fxa-9tzw`.
    ///
    /// - Throws: `UserError` `conflict` when there is an office already.
    public func makeSetupCode() async throws -> String {
        let code = String(initialPassword().prefix(14))
        try await write(as: .program) { tx in
            guard try ChainIdentity.fetch(tx.db) == nil else {
                throw UserError(
                    .conflict, "This data folder has an office already.", advice: "Sign in as an admin.")
            }
            try tx.db.execute(
                sql: """
                    INSERT INTO setupCode (only, hash) VALUES (1, ?)
                    ON CONFLICT (only) DO UPDATE SET hash = excluded.hash
                    """, arguments: [secretHash(plain(code))])
        }
        return code
    }

    /// Whether a code was printed that still opens the set-up page.
    public func hasSetupCode() async throws -> Bool {
        try await read { db in
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM setupCode)") ?? false
        }
    }

    /// - Throws: `UserError` `invalid` for a code that is not the latest.
    public func checkSetupCode(_ code: String) async throws {
        let isRight = try await read { db in
            let hash = try Data.fetchOne(db, sql: "SELECT hash FROM setupCode")
            return hash.map { constantTimeEqual($0, secretHash(plain(code))) } ?? false
        }
        guard isRight else {
            throw UserError(
                .invalid, "That is not the set-up code.",
                advice: "The server printed it when it started; “rollcall setup-code” prints a new one.")
        }
    }
}

/// Dashes, blanks and case are for the eye.
private func plain(_ code: String) -> String {
    code.lowercased().filter { $0.isLetter || $0.isNumber }
}
