import Domain
import Foundation
import Ingest
import Storage
import Synchronization
import TestSupport
import Testing

/// Two managers with three teams on real SQLite, calls up to the evening of its first today, and a clock that
/// tests move.
///
/// Tom has Lea (Ann, Abe) and Leo (Bob, Bea); Meg has Ned (Cid). Each leader and manager has an account.
final class TeamsOffice: Sendable {
    /// A Friday.
    static let today = Day(iso: "2026-11-27") ?? Day(number: 0)
    static let first = today.adding(-10)
    let store: OfficeStore
    let people: [String: ID<Person>]
    let viewers: [String: Viewer]
    private let now: Clocked

    private final class Clocked: Sendable {
        let value = Mutex(Instant(milliseconds: 1_795_809_600_000))
    }

    init() async throws {
        let now = Clocked()
        self.now = now
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-teams-\(UUID().uuidString)"
        store = try OfficeStore(
            folder: DataFolder(path: path), clock: Clock { now.value.withLock { $0 } },
            passwords: PasswordCost(rounds: 16))
        let admin = try await store.foundOffice(
            rules: OfficeRules(name: "Sample", timeZone: "Europe/Berlin"),
            sources: [("ReadyMode", "readymode", .coldCalling)], username: "ada", name: "Ada",
            password: SampleOffice.password, by: .console)
        var viewers = ["Ada": Viewer(user: admin, name: "Ada", role: .admin, person: nil)]
        var people: [String: ID<Person>] = [:]
        var id = 0
        var calls: [SampleCall] = []
        for (index, agent) in ["Ann", "Abe", "Bob", "Bea", "Cid"].enumerated() {
            for offset in 0...10 {
                for number in 0..<(6 + index) {
                    id += 1
                    calls.append(
                        SampleCall(
                            id: id, agent: agent,
                            time: LocalTime(
                                Self.first.adding(offset), secondOfDay: 9 * 3600 + number * 300),
                            state: number % 3 == 0 ? "Sale" : "No Answer"))
                }
            }
        }
        try takeIn(calls, into: store)
        for person in try await store.persons() { people[person.name] = person.id }
        let above: [(String, String, String?)] = [
            ("Tom", Placement.teamManager, nil), ("Meg", Placement.teamManager, nil),
            ("Lea", Placement.teamLeader, "Tom"), ("Leo", Placement.teamLeader, "Tom"),
            ("Ned", Placement.teamLeader, "Meg"),
        ]
        for (name, designation, manager) in above {
            let manager = manager.flatMap { people[$0] }
            let person = try await store.addPerson(
                name: name,
                placement: {
                    Placement(person: $0, from: Self.first, designation: designation, manager: manager)
                }, by: .console)
            people[name] = person.id
            let role: Role = designation == Placement.teamManager ? .teamManager : .teamLeader
            let user = try await store.addUser(
                username: name.lowercased(), name: name, role: role, person: person.id,
                password: SampleOffice.password, isInitial: false, by: .console)
            viewers[name] = Viewer(user: user.id, name: name, role: role, person: person.id)
        }
        let teams = [("Ann", "Lea"), ("Abe", "Lea"), ("Bob", "Leo"), ("Bea", "Leo"), ("Cid", "Ned")]
        let seated = people
        try await store.place(
            teams.compactMap { agent, leader in
                seated[agent].map { Placement(person: $0, from: Self.first, leader: seated[leader]) }
            }, reason: "As it was", by: .console)
        for name in ["Ann", "Cid"] {
            viewers[name] = Viewer(
                user: try #require(viewers["Ada"]).user, name: name, role: .agent, person: people[name])
        }
        self.people = people
        self.viewers = viewers
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: store.folder.path)
    }

    func pass(days: Int64) { now.value.withLock { $0 = $0.adding(seconds: days * 86_400) } }

    func id(_ name: String) throws -> ID<Person> { try #require(people[name]) }
    func viewer(_ name: String) throws -> Viewer { try #require(viewers[name]) }
    func actor(_ name: String) throws -> Actor { Actor(user: try viewer(name).user, name: name, via: "test") }

    @discardableResult
    func open(
        _ kind: TransferRequest.Kind, _ agent: String, with other: String? = nil, to leader: String? = nil,
        by name: String = "Lea", in days: Int = 0
    ) async throws -> ID<TransferRequest> {
        try await store.openRequest(
            kind, agent: try id(agent), otherAgent: try other.map(id), to: try leader.map(id),
            effective: store.today().adding(days), reason: "nearer", for: try viewer(name),
            by: try actor(name)
        ).id
    }

    func step(
        _ request: ID<TransferRequest>, _ action: RequestAction, _ name: String, _ comment: String = "",
        for other: String? = nil
    ) async throws {
        try await store.decideRequest(
            request, action, comment: comment, actingFor: try other.map(id), for: try viewer(name),
            by: try actor(name))
    }

    func row(_ request: ID<TransferRequest>, _ name: String = "Ada") async throws -> RequestRow {
        try #require(try await store.request(request, for: try viewer(name)).rows.first)
    }

    func state(_ request: ID<TransferRequest>) async throws -> TransferRequest.State {
        try await row(request).state
    }

    /// Name of the leader on a day.
    func leader(of agent: String, on day: Day) async throws -> String? {
        let organization = try await store.organization()
        return organization.standing(of: try id(agent), on: day)?.leader.map { organization.name(of: $0) }
    }

    /// Logs by leader over a period.
    func logs(_ from: Day, _ to: Day) async throws -> [String: Int] {
        let report = try await store.report(
            ReportQuery(period: Period(from: from, to: to), by: [.leader]), for: .console)
        return Dictionary(uniqueKeysWithValues: report.rows.map { ($0.slices[0].title, $0.figures.logs) })
    }

    /// What an act was refused with.
    func refusal(_ act: () async throws -> Void) async throws -> UserError.Code? {
        do { try await act() } catch let error as UserError { return error.code }
        return nil
    }
}
