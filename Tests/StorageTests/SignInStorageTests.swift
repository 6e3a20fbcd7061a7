import Domain
import Foundation
import GRDB
import Storage
import Synchronization
import TestSupport
import Testing

/// Sign-ins of a real office in a temporary folder, under a clock that the test moves.
private final class LockedOffice: Sendable {
    let store: OfficeStore

    init() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-lock-\(UUID().uuidString)"
        let time = LockedTime()
        self.clock = time
        store = try OfficeStore(
            folder: DataFolder(path: path), clock: Clock { time.now }, passwords: PasswordCost(rounds: 16))
        try await store.foundOffice(
            rules: OfficeRules(name: "Sample", timeZone: "Europe/Berlin"),
            sources: [("ReadyMode", "readymode", .coldCalling)], username: "ann", name: "Ann",
            password: Self.right, by: .console)
    }
    static let right = "three brown horses"
    let clock: LockedTime

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: store.folder.path)
    }

    /// `in`, `wrong`, or `wait N`.
    func attempt(_ password: String, as username: String = "ann", from address: String) async throws -> String
    {
        do {
            _ = try await store.signIn(
                username: username, password: password, browser: Browser(address: address, userAgent: "x"))
            return "in"
        } catch let error as UserError where error.code == .notSignedIn {
            return "wrong"
        } catch let error as UserError where error.code == .tooMany {
            return "wait " + (error.advice.firstMatch(of: /\d+ \w+/).map { String($0.0) } ?? "?")
        }
    }

    func count(_ sql: String) throws -> Int {
        let queue = try DatabaseQueue(path: store.folder.database)
        return try queue.read { db in try Int.fetchOne(db, sql: sql) ?? -1 }
    }
}

private final class LockedTime: Sendable {
    private let value = Mutex(Instant(milliseconds: 1_795_413_600_000))
    var now: Instant { value.withLock { $0 } }
    func pass(_ seconds: Int64) { value.withLock { $0 = $0.adding(seconds: seconds) } }
}

@Suite struct SignInStorageTests {
    @Test func `waits double from half a minute to a quarter of an hour`() async throws {
        let office = try await LockedOffice()
        for _ in 0..<5 {
            let answer = try await office.attempt("nope nope nope", from: "10.0.0.1")
            #expect(answer == "wrong")
        }
        for wait in [
            "30 seconds", "60 seconds", "2 minutes", "4 minutes", "8 minutes", "15 minutes", "15 minutes",
        ] {
            let locked = try await office.attempt(LockedOffice.right, from: "10.0.0.1")
            #expect(locked == "wait " + wait)
            let number = Int64(wait.prefix { $0.isNumber }) ?? 0
            office.clock.pass(wait.hasSuffix("seconds") ? number : number * 60)
            let wrong = try await office.attempt("nope nope nope", from: "10.0.0.1")
            #expect(wrong == "wrong", "after \(wait)")
        }
        office.clock.pass(900)
        let right = try await office.attempt(LockedOffice.right, from: "10.0.0.1")
        #expect(right == "in")
        let again = try await office.attempt("nope nope nope", from: "10.0.0.1")
        #expect(again == "wrong", "a sign-in starts the count again")
    }

    @Test func `an account that is unknown waits like one that is known`() async throws {
        let office = try await LockedOffice()
        var answers: [[String]] = []
        for username in ["ann", "zoe"] {
            var list: [String] = []
            for _ in 0..<7 {
                list.append(try await office.attempt("wrong wrong", as: username, from: "10.0.0.9"))
            }
            answers.append(list)
        }
        #expect(answers[0] == answers[1])
    }

    @Test func `who attacks from elsewhere never locks the owner out`() async throws {
        let office = try await LockedOffice()
        let home = "10.0.0.1"
        let first = try await office.attempt(LockedOffice.right, from: home)
        #expect(first == "in")
        for address in 20..<60 {
            for _ in 0..<5 { _ = try await office.attempt("guess guess", from: "10.0.0.\(address)") }
        }
        let elsewhere = try await office.attempt("guess guess", from: "10.0.0.200")
        #expect(elsewhere.hasPrefix("wait"), "the account is slowed at addresses nobody knows")
        let owner = try await office.attempt(LockedOffice.right, from: home)
        #expect(owner == "in")
        office.clock.pass(900)
        let traveller = try await office.attempt(LockedOffice.right, from: "10.0.0.201")
        #expect(traveller == "in", "even at a new address the wait ends")
    }

    @Test func `one address cannot try the whole office`() async throws {
        let office = try await LockedOffice()
        for number in 0..<30 {
            let answer = try await office.attempt("wrong wrong", as: "user\(number)", from: "10.0.0.7")
            #expect(answer == "wrong")
        }
        let next = try await office.attempt("wrong wrong", as: "user99", from: "10.0.0.7")
        #expect(next.hasPrefix("wait"))
        let other = try await office.attempt("wrong wrong", as: "user99", from: "10.0.0.8")
        #expect(other == "wrong")
    }

    @Test func `tries while locked are noted once, and failures are forgotten after an hour`() async throws {
        let office = try await LockedOffice()
        for _ in 0..<50 { _ = try await office.attempt("wrong wrong", from: "10.0.0.1") }
        let refused = try office.count("SELECT count(*) FROM journal WHERE kind = 'signInRefused'")
        #expect(refused == 6, "five wrong ones and the lock, not fifty")
        office.clock.pass(3601)
        _ = try await office.attempt("wrong wrong", from: "10.0.0.2")
        let left = try office.count("SELECT count(*) FROM signInThrottle WHERE scope LIKE '%10.0.0.1 %'")
        #expect(left == 0)
    }

    @Test func `a password typed as user name is not kept`() async throws {
        let office = try await LockedOffice()
        _ = try await office.attempt("x", as: "correct horse battery", from: "10.0.0.1")
        let kept = try office.count("SELECT count(*) FROM journal WHERE payload LIKE '%horse%'")
        #expect(kept == 0)
    }

    @Test func `secrets are stored as digests only`() async throws {
        let office = try await LockedOffice()
        let opened = try await office.store.signIn(
            username: "ann", password: LockedOffice.right, browser: Browser(address: "a", userAgent: "x"))
        let token = try await office.store.makeToken(
            for: opened.session.user.id, name: "sheet", days: 30, by: .console)
        try await office.store.read { db in
            for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table'") {
                for row in try Row.fetchAll(db, sql: "SELECT * FROM \(table)") {
                    let text = "\(row)"
                    #expect(!text.contains(opened.secret) && !text.contains(token), "in \(table)")
                    #expect(!text.contains(LockedOffice.right), "in \(table)")
                }
            }
        }
    }

    @Test func `a first password gets no token, and one that is there opens nothing`() async throws {
        let office = try await ImportOffice()
        let dan = try await office.store.addUser(
            username: "dan", name: "Dan", role: .dataEntry, person: nil, password: LockedOffice.right,
            isInitial: true, by: .console
        ).id
        func make() async throws -> String {
            try await office.store.makeToken(for: dan, name: "sheet", days: 7, by: .console)
        }
        let refused = await #expect(throws: UserError.self) { try await make() }
        #expect(refused?.code == .conflict && refused?.advice.contains("Change it first") == true)
        try await office.store.setPassword(of: dan, to: LockedOffice.right, isInitial: false, by: .console)
        let token = try await make()
        #expect(try await office.store.bearer(token).viewer?.user == dan)
        try office.damage("UPDATE credential SET initial = 1")
        #expect(try await office.store.bearer(token).viewer == nil)
    }

    @Test func `a password that somebody else sets ends the account's tokens, each with its entry`()
        async throws
    {
        let office = try await ImportOffice()
        let ann = try await office.store.account(named: "ann").user.id
        let dan = try await office.store.addUser(
            username: "dan", name: "Dan", role: .dataEntry, person: nil, password: LockedOffice.right,
            isInitial: false, by: .console
        ).id
        func make(_ name: String, for user: ID<User>) async throws -> String {
            try await office.store.makeToken(for: user, name: name, days: 7, by: .console)
        }
        let (sheet, robot) = (try await make("sheet", for: dan), try await make("robot", for: dan))
        let other = try await make("other", for: ann)
        try await office.store.setPassword(
            of: dan, to: "four grey donkeys", isInitial: false, by: .console)
        #expect(try await office.store.bearer(sheet).viewer == nil)
        #expect(try await office.store.bearer(robot).viewer == nil)
        #expect(try await office.store.bearer(other).viewer?.user == ann)
        #expect(try await office.store.tokens(of: dan).isEmpty)
        let ended = try await office.sql(
            "SELECT payload ->> '$.token' FROM journal WHERE kind = 'tokenRevoked' AND subject = '\(dan)'")
        #expect(ended.sorted() == ["robot", "sheet"])
    }
}
