import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Storage
import Synchronization
import TestSupport

@testable import Web

/// An office in a temporary folder with one account for each role, behind the real application.
final class TestSite: Sendable {
    static let password = "three brown horses"
    let store: OfficeStore
    let site: Site
    let time: TestTime
    let disk: TestDisk
    /// By role: `ann` (admin), `dan` (data entry), `tom` (team manager), `lea` (team leader), `al` (agent).
    let users: [Role: User]
    /// `Bob Other`, agent of `Ned Leader`, who is under `Meg Manager`: nobody of Tom's.
    let stranger: Person?
    /// What this one was before its restart; it owns the folder.
    private let before: TestSite?

    /// - Parameters:
    ///   - isSetUp: false: an empty folder, as a new box has it.
    ///   - sticks: folders that stand for sticks in this box.
    init(
        isSetUp: Bool = true, isSecure: Bool = false, authority: String? = nil, sticks: [String] = []
    ) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-web-\(UUID().uuidString)"
        let time = TestTime()
        self.time = time
        disk = TestDisk()
        store = try OfficeStore(
            folder: DataFolder(path: path), clock: Clock { time.now }, passwords: PasswordCost(rounds: 16),
            disk: disk.disk)
        site = try Site(
            store: store, version: "test", isSecure: isSecure, authority: authority,
            sticks: { sticks }, grace: Self.grace, logger: Logger(label: "test"))
        var users: [Role: User] = [:]
        var stranger: Person?
        if isSetUp {
            let admin = try await store.foundOffice(
                rules: OfficeRules(name: "Sample", timeZone: "Europe/Berlin"),
                sources: [("ReadyMode", "readymode", .coldCalling)], username: "ann", name: "Ann Admin",
                password: Self.password, by: .console)
            users[.admin] = try await store.account(admin).user
            let manager = try await store.testPerson("Tom Manager", Placement.teamManager) { _ in }
            let leader = try await store.testPerson("Lea Leader", Placement.teamLeader) {
                $0.manager = manager.id
            }
            let agent = try await store.testPerson("Al Agent", Placement.coldCaller) { $0.leader = leader.id }
            let meg = try await store.testPerson("Meg Manager", Placement.teamManager) { _ in }
            let ned = try await store.testPerson("Ned Leader", Placement.teamLeader) { $0.manager = meg.id }
            stranger = try await store.testPerson("Bob Other", Placement.coldCaller) { $0.leader = ned.id }
            for (role, name, person) in [
                (Role.dataEntry, "Dan Data", nil), (.teamManager, "Tom Manager", manager.id),
                (.teamLeader, "Lea Leader", leader.id), (.agent, "Al Agent", agent.id),
            ] {
                users[role] = try await store.addUser(
                    username: name.split(separator: " ")[0].lowercased(), name: name, role: role,
                    person: person, password: Self.password, isInitial: false, by: .console)
            }
        }
        self.users = users
        self.stranger = stranger
        before = nil
    }

    /// Far longer than on a server, so that on a busy box, too, quick work is done when its page comes.
    private static let grace = Grace(.seconds(20))

    private init(after before: TestSite) throws {
        try before.store.close()
        let time = before.time
        self.time = time
        disk = before.disk
        store = try OfficeStore(
            folder: before.store.folder, clock: Clock { time.now }, passwords: PasswordCost(rounds: 16),
            disk: disk.disk)
        site = try Site(
            store: store, version: "test", isSecure: false, grace: Self.grace, logger: Logger(label: "test"))
        users = before.users
        stranger = before.stranger
        self.before = before
    }

    /// The same office after the server stopped and started again.
    func restarted() throws -> TestSite { try TestSite(after: self) }

    deinit {
        try? store.close()
        guard before == nil else { return }
        try? FileManager.default.removeItem(atPath: store.folder.path)
    }

    /// Runs the application, without a network unless `over` says `.live`; the browser is nobody's yet.
    func run(
        _ routes: [Route] = siteRoutes, over: TestingSetup = .router,
        _ body: @escaping @Sendable (TestBrowser) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(router: makeRouter(routes, site), logger: logger)
        try await application.test(over) { client in
            guard let port = client.port else {
                return try await body(
                    TestBrowser { request in
                        let answer = try await client.executeRequest(
                            uri: request.head.path ?? "/", method: request.head.method,
                            headers: request.head.headerFields, body: request.body)
                        return TestClient.Response(head: answer.head, body: answer.body)
                    })
            }
            // The client of `.live` gives up after 20 s, which is too soon on a busy machine.
            try await TestClient.withClient(
                host: "localhost", port: port, configuration: .init(timeout: .seconds(600))
            ) { patient in
                try await body(TestBrowser { try await patient.execute($0) })
            }
        }
    }
}

extension OfficeStore {
    func testPerson(
        _ name: String, _ designation: String, _ edit: @escaping @Sendable (inout Placement) -> Void
    ) async throws -> Person {
        try await addPerson(
            name: name,
            placement: { id in
                var placement = Placement(
                    person: id, from: Day(number: 20_000), designation: designation, group: "North")
                edit(&placement)
                return placement
            }, by: .console)
    }
}

/// A clock that a test moves.
final class TestTime: Sendable {
    private let value = Mutex(Instant(milliseconds: 1_795_413_600_000))
    var now: Instant { value.withLock { $0 } }
    func pass(seconds: Int64) { value.withLock { $0 = $0.adding(seconds: seconds) } }
}

struct TestAnswer {
    var status: Int
    var text: String
    var headers: HTTPFields
    /// Where a redirect leads.
    var location: String { headers[.location] ?? "" }

    /// The value of the hidden form token of the page.
    var formToken: String {
        guard let range = text.range(of: #"name="csrf" value="([^"]*)""#, options: .regularExpression) else {
            return ""
        }
        return String(text[range].dropFirst(#"name="csrf" value=""#.count).dropLast())
    }
}

/// A browser with its cookies.
final class TestBrowser: Sendable {
    typealias Answering = @Sendable (TestClient.Request) async throws -> TestClient.Response
    let answering: Answering
    let userAgent: String
    private let jar = Mutex<[String: String]>([:])
    /// What the forms of the last page carried.
    private let token = Mutex("")

    init(userAgent: String = "Mozilla/5.0 (Windows) Firefox/140.0", answering: @escaping Answering) {
        self.answering = answering
        self.userAgent = userAgent
    }

    /// Another browser on the same site.
    func another(_ userAgent: String? = nil) -> TestBrowser {
        TestBrowser(userAgent: userAgent ?? self.userAgent, answering: answering)
    }

    var cookies: [String: String] {
        get { jar.withLock { $0 } }
        set { jar.withLock { $0 = newValue } }
    }
    var formToken: String {
        get { token.withLock { $0 } }
        set { token.withLock { $0 = newValue } }
    }

    /// The answer as it came; the jar keeps its cookies.
    func answer(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields, body: ByteBuffer?
    ) async throws -> TestClient.Response {
        var headers = headers
        if headers[.userAgent] == nil { headers[.userAgent] = userAgent }
        headers[.connection] = "keep-alive"
        let cookies = cookies
        if !cookies.isEmpty {
            headers[.cookie] = cookies.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "; ")
        }
        let response = try await answering(
            TestClient.Request(path, method: method, authority: "localhost", headers: headers, body: body))
        for cookie in response.headers[values: .setCookie] {
            let pair = cookie.prefix { $0 != ";" }.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            jar.withLock {
                $0[String(pair[0])] = cookie.contains("Max-Age=0") ? nil : String(pair[1])
            }
        }
        return response
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], bytes: ByteBuffer?
    ) async throws -> TestAnswer {
        let response = try await answer(method, path, headers: headers, body: bytes)
        let answer = TestAnswer(
            status: response.status.code, text: String(buffer: response.body ?? ByteBuffer()),
            headers: response.headers)
        if !answer.formToken.isEmpty { formToken = answer.formToken }
        return answer
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: String? = nil
    ) async throws -> TestAnswer {
        try await send(method, path, headers: headers, bytes: body.map { ByteBuffer(string: $0) })
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> TestAnswer {
        try await send(.get, path, headers: headers)
    }

    /// Sends a form as the last page would have: with its token.
    func post(
        _ path: String, _ fields: [String: String] = [:], token: String? = nil
    ) async throws -> TestAnswer {
        let form = Form(
            [("csrf", token ?? formToken)]
                + fields.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
        return try await send(
            .post, path,
            headers: [
                .contentType: "application/x-www-form-urlencoded", .origin: "http://localhost",
                HTTPField.Name("Sec-Fetch-Site") ?? .server: "same-origin",
            ], body: form.urlEncoded)
    }

    @discardableResult
    func signIn(_ username: String, _ password: String = TestSite.password) async throws -> TestAnswer {
        _ = try await get(Paths.login)
        let answer = try await post(Paths.login, ["username": username, "password": password])
        // Any page of the session, for its form token.
        if answer.status == 303 { _ = try await get(Paths.ownAccount) }
        return answer
    }
}
