import Domain
import Formats
import Foundation
import Ingest
import Storage

/// SplitMix64: the same numbers in every run.
public struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(_ seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A call as a test says it; `text` is its line of a ReadyMode file.
public struct SampleCall: Hashable, Sendable {
    public var id: Int
    public var agent: String
    public var time: LocalTime
    public var type: String
    public var state: String
    public var campaign: String
    public var talk: Int?

    public init(
        id: Int, agent: String, time: LocalTime, type: String = "Manual", state: String = "No Answer",
        campaign: String = "North", talk: Int? = nil
    ) {
        self.id = id
        self.agent = agent
        self.time = time
        self.type = type
        self.state = state
        self.campaign = campaign
        self.talk = talk
    }

    public static let header =
        "Agent name,Profile ID,Call Log ID,Log Time,Log Type,State,Call Type,Original Campaign,"
        + "Current Campaign,Recording Length (Seconds)"

    public var text: String {
        "\(agent),P\(id % 97),\(id),\(time.iso),\(type),\(state),Outbound,\(campaign),\(campaign),"
            + (talk.map { String($0) } ?? "")
    }
}

/// A real office in a temporary folder, filled through the real import.
public final class SampleOffice: Sendable {
    public let store: OfficeStore
    public let admin: Viewer
    public let adminActor: Actor
    public static let password = "three brown horses"

    /// Founds the office; its clock stands at 2026-11-23 06:00 UTC, a Monday.
    public init(cutOverMinutes: Int = 0, seed: UInt64 = 1, tallyMemory: Int = 10_000_000) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-sample-\(UUID().uuidString)"
        let ids = SeededIDs(seed)
        store = try OfficeStore(
            folder: DataFolder(path: path), clock: Clock { Instant(milliseconds: 1_795_413_600_000) },
            ids: IDs { ids.next() }, passwords: PasswordCost(rounds: 16), tallyMemory: tallyMemory)
        let user = try await store.foundOffice(
            rules: OfficeRules(name: "Sample", timeZone: "Europe/Berlin", cutOverMinutes: cutOverMinutes),
            sources: [("ReadyMode", "readymode", .coldCalling)], username: "ann", name: "Ann Admin",
            password: Self.password, by: .console)
        admin = Viewer(user: user, name: "Ann Admin", role: .admin, person: nil)
        adminActor = Actor(user: user, name: "Ann Admin", via: "test")
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: store.folder.path)
    }

    public func viewer(_ role: Role, _ person: ID<Person>?) -> Viewer {
        Viewer(user: admin.user, name: "Viewer", role: role, person: person)
    }

    /// Takes calls in as one file.
    @discardableResult
    public func take(_ calls: [SampleCall], file name: String = "calls.csv") throws -> ImportResult {
        try takeIn(calls, file: name, into: store, by: adminActor)
    }

    /// Names of the checks that fail.
    public func faults() async throws -> [String] {
        try await store.verifyAll().filter { !$0.ok }.map { "\($0.name): \($0.detail)" }
    }

    public func person(named name: String) async throws -> ID<Person>? {
        try await store.persons().first { $0.name == name }?.id
    }

    /// Calls of some agents over some days, by seed: busy hours, pauses, nights, unmapped states, blanks.
    public static func calls(agents: Int, from day: Day, days: Int, perDay: Int, seed: UInt64) -> [SampleCall]
    {
        var numbers = SeededNumbers(seed)
        var calls: [SampleCall] = []
        var id = 1000
        let states = [
            "No Answer", "No Answer", "Answering Machine", "Not Interested", "Callback", "Sale", "DNC",
            "Mystery", "",
        ]
        for agent in 0..<agents {
            for offset in 0..<days where Int.random(in: 0..<10, using: &numbers) > 1 {
                var second = Int.random(in: 7 * 3600..<11 * 3600, using: &numbers)
                for _ in 0..<Int.random(in: 1...max(1, perDay), using: &numbers) {
                    id += 1
                    second += Int.random(in: 0..<1000, using: &numbers)
                    guard second < 30 * 3600 else { break }
                    calls.append(
                        SampleCall(
                            id: id,
                            agent: "Agent \(Character(UnicodeScalar(UInt8(65 + agent % 26))))\(agent)",
                            time: LocalTime(
                                seconds: LocalTime(day.adding(offset), secondOfDay: 0).seconds + Int64(second)
                            ),
                            type: Bool.random(using: &numbers) ? "Manual" : "Auto",
                            state: states[Int.random(in: 0..<states.count, using: &numbers)],
                            campaign: ["North", "South", ""][Int.random(in: 0..<3, using: &numbers)],
                            talk: Bool.random(using: &numbers)
                                ? Int.random(in: 0..<400, using: &numbers) : nil))
                }
            }
        }
        return calls.shuffled(using: &numbers)
    }
}

/// Sixteen seeded bytes at a time.
private final class SeededIDs: @unchecked Sendable {
    private let lock = NSLock()
    private var numbers: SeededNumbers

    init(_ seed: UInt64) { numbers = SeededNumbers(seed) }

    func next() -> [UInt8] {
        lock.lock()
        defer { lock.unlock() }
        return (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &numbers) }
    }
}

/// Takes calls in as one ReadyMode file, through the real import.
@discardableResult
public func takeIn(
    _ calls: [SampleCall], file name: String = "calls.csv", into store: OfficeStore,
    by actor: Actor = .console
) throws -> ImportResult {
    let text = ([SampleCall.header] + calls.map(\.text)).joined(separator: "\n") + "\n"
    let path = store.folder.path + "/" + name
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let received = try ReceivedFile.copy(path, to: store.folder, ids: store.ids, clock: store.clock)
    return try importFile(
        ImportRequest(file: received, fileName: name, source: "ReadyMode", dateOrder: .ymd), into: store,
        by: actor)
}
