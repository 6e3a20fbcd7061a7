import Domain
import Foundation
import GRDB

/// How long wrong passwords make somebody wait; the numbers of the lockout.
///
/// Three counters, each `signInThrottle` row forgotten an hour after its last failure:
/// - one account from one address: 5 tries are free, then 30 s, doubling with each failure up to 15 min;
/// - one address, whatever the accounts: 30 free, then the same;
/// - one account from everywhere: 30 free, then the same, but never at an address where its owner
///   signed in within 30 days. So nobody elsewhere can lock the owner out, and nobody can for good.
enum Throttle {
    static let freePerPair = 5
    static let freePerAddress = 30
    static let freePerAccount = 30
    static let firstWait: Int64 = 30
    static let longestWait: Int64 = 900
    static let memory: Int64 = 3600
    static let knownAddressDays: Int64 = 30

    /// Seconds to wait after this many failures.
    static func wait(failures: Int, free: Int) -> Int64 {
        guard failures >= free else { return 0 }
        return min(longestWait, firstWait << Int64(min(failures - free, 10)))
    }

    struct Scope {
        var key: String
        var free: Int
    }

    static func scopes(_ username: String, _ address: String) -> [Scope] {
        [
            Scope(key: pair(username, address), free: freePerPair),
            Scope(key: "address \(address)", free: freePerAddress),
            Scope(key: account(username), free: freePerAccount),
        ]
    }

    // Names are put in as they are folded, so that case makes no new counter; a blank cannot be in an address.
    static func pair(_ username: String, _ address: String) -> String {
        "pair \(address) \(username.lowercased().prefix(64))"
    }
    static func account(_ username: String) -> String { "account \(username.lowercased().prefix(64))" }
    static func known(_ username: String, _ address: String) -> String {
        "known \(address) \(username.lowercased().prefix(64))"
    }
}

extension Transaction {
    /// Seconds that this pair has to wait now; 0: it may try.
    func secondsToWait(_ username: String, _ address: String) throws -> Int64 {
        let isKnown = try Bool.fetchOne(
            db, sql: "SELECT 1 FROM signInThrottle WHERE scope = ? AND until > ?",
            arguments: [Throttle.known(username, address), now.milliseconds])
        var longest: Int64 = 0
        for scope in Throttle.scopes(username, address) {
            if isKnown != nil, scope.key == Throttle.account(username) { continue }
            let until = try Int64.fetchOne(
                db, sql: "SELECT until FROM signInThrottle WHERE scope = ?", arguments: [scope.key])
            longest = max(longest, (until ?? 0) - now.milliseconds)
        }
        return (longest + 999) / 1000
    }

    /// Counts a failure in every scope.
    func countFailure(_ username: String, _ address: String) throws {
        try db.execute(
            sql: "DELETE FROM signInThrottle WHERE until < ? AND last < ?",
            arguments: [now.milliseconds, now.adding(seconds: -Throttle.memory).milliseconds])
        for scope in Throttle.scopes(username, address) {
            let failures =
                1
                + (try Int.fetchOne(
                    db, sql: "SELECT failures FROM signInThrottle WHERE scope = ?", arguments: [scope.key])
                    ?? 0)
            let wait = Throttle.wait(failures: failures, free: scope.free)
            try db.execute(
                sql: """
                    INSERT INTO signInThrottle (scope, failures, last, until) VALUES (?, ?, ?, ?)
                    ON CONFLICT (scope) DO UPDATE
                    SET failures = excluded.failures, last = excluded.last, until = excluded.until
                    """,
                arguments: [
                    scope.key, failures, now.milliseconds, now.adding(seconds: wait).milliseconds,
                ])
        }
    }

    /// A try while locked is written down once for each lock, so that nobody can fill the journal.
    func isFirstTryOfLock(_ username: String, _ address: String) throws -> Bool {
        let key = Throttle.pair(username, address) + " noted"
        let noted = try Int64.fetchOne(
            db, sql: "SELECT until FROM signInThrottle WHERE scope = ?", arguments: [key])
        guard (noted ?? 0) <= now.milliseconds else { return false }
        let until = now.adding(seconds: try secondsToWait(username, address)).milliseconds
        try db.execute(
            sql: """
                INSERT INTO signInThrottle (scope, failures, last, until) VALUES (?, 0, ?, ?)
                ON CONFLICT (scope) DO UPDATE SET last = excluded.last, until = excluded.until
                """, arguments: [key, now.milliseconds, until])
        return true
    }

    /// The owner was here: his counter at this address starts again, and others cannot hold him up here.
    func rememberSignIn(_ username: String, _ address: String) throws {
        try db.execute(
            sql: "DELETE FROM signInThrottle WHERE scope = ?",
            arguments: [Throttle.pair(username, address)])
        try db.execute(
            sql: """
                INSERT INTO signInThrottle (scope, failures, last, until) VALUES (?, 0, ?, ?)
                ON CONFLICT (scope) DO UPDATE SET last = excluded.last, until = excluded.until
                """,
            arguments: [
                Throttle.known(username, address), now.milliseconds,
                now.adding(seconds: Throttle.knownAddressDays * 86_400).milliseconds,
            ])
    }

    /// An admin gave a new password: its owner need not wait for the old one's failures.
    func forgetFailures(of username: String) throws {
        let name = username.lowercased().prefix(64)
        try db.execute(
            sql: """
                DELETE FROM signInThrottle WHERE scope = ?
                  OR (scope LIKE 'pair %' AND substr(scope, -length(?)) = ?)
                """, arguments: [Throttle.account(username), " \(name)", " \(name)"])
    }
}
