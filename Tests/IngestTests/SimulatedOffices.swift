import Domain
import Foundation
import Formats
import Ingest
import Storage
import TestSupport

/// Six founded offices with a few people, made once and copied for every history: founding costs more than all else.
struct SimulatedOffices: Sendable {
    struct Template: Sendable {
        var path: String
        var id: ID<Office>
        var name: String
        var key: String
    }
    var all: [Template]
    /// By how many of them: the folders after they had exchanged all.
    private(set) var merged: [Int: [String]] = [:]
    /// In memory where the system has such a disk: what is synced and how fast is not the question here.
    static let place: String = {
        let memory = "/dev/shm"
        let base =
            access(memory, W_OK) == 0 ? memory : FileManager.default.temporaryDirectory.path
        return "\(base)/rollcall-simulation-\(getpid())"
    }()

    static let ready = Task { try await SimulatedOffices() }

    private static let zones = [
        ("North", "Europe/Berlin"), ("South", "America/New_York"), ("East", "Asia/Kolkata"),
        ("West", "America/Los_Angeles"), ("Mid", "Europe/London"), ("Far", "Pacific/Auckland"),
    ]

    private init() async throws {
        try? FileManager.default.removeItem(atPath: Self.place)
        try FileManager.default.createDirectory(atPath: Self.place, withIntermediateDirectories: true)
        all = []
        for (index, (name, zone)) in Self.zones.enumerated() {
            all.append(try await Self.make(index, name, zone))
        }
        for own in all {
            let store = try Self.open(own.path, 50, TestSupport.TestClock().clock)
            for other in all where other.id != own.id {
                try await store.pair(
                    other.id, name: other.name, key: other.key, for: .console, by: .console)
            }
            try store.close()
        }
        for count in 2...6 { merged[count] = try merge(count) }
    }

    private func merge(_ count: Int) throws -> [String] {
        var paths: [String] = []
        var stores: [OfficeStore] = []
        for index in 0..<count {
            let path = "\(Self.place)/merged-\(count)-\(index)"
            try FileManager.default.copyItem(atPath: all[index].path, toPath: path)
            paths.append(path)
            stores.append(
                try Self.open(path, UInt64(200 + count * 10 + index), TestSupport.TestClock().clock))
        }
        for _ in 0..<2 {
            for store in stores.dropFirst() {
                try Simulation.take(Simulation.entries(of: store), into: stores[0])
            }
            for store in stores.dropFirst() {
                try Simulation.take(Simulation.entries(of: stores[0]), into: store)
            }
        }
        for store in stores { try store.close() }
        return paths
    }

    /// What the system says of where a folder of the first day is.
    static let firstPlace = "first"

    private static func open(_ path: String, _ seed: UInt64, _ clock: Clock) throws -> OfficeStore {
        let numbers = LockedNumbers(seed)
        return try OfficeStore(
            folder: DataFolder(path: path), clock: clock, ids: IDs { numbers.bytes(16) },
            passwords: PasswordCost(rounds: 16), place: FolderPlace { _ in firstPlace })
    }

    private static func make(_ index: Int, _ name: String, _ zone: String) async throws -> Template {
        let path = "\(place)/template-\(index)"
        let store = try open(path, UInt64(100 + index), TestSupport.TestClock().clock)
        try await store.foundOffice(
            rules: OfficeRules(name: name, timeZone: zone, cutOverMinutes: index % 2 * 240),
            sources: [("ReadyMode", "readymode", .coldCalling)], username: "ann", name: "Ann",
            password: SampleOffice.password, by: .console)
        let from = try await store.today().adding(-40)
        func add(_ name: String, _ designation: String, leader: Person? = nil, manager: Person? = nil)
            async throws -> Person
        {
            try await store.addPerson(
                name: name, folded: foldedName(name),
                placement: {
                    Placement(
                        person: $0, from: from, designation: designation, leader: leader?.id,
                        manager: manager?.id)
                }, by: .console)
        }
        let tom = try await add("Tom \(name)", Placement.teamManager)
        let lea = try await add("Lea \(name)", Placement.teamLeader, manager: tom)
        let leo = try await add("Leo \(name)", Placement.teamLeader, manager: tom)
        _ = try await add("Ann Bell", Placement.coldCaller, leader: lea)
        _ = try await add("Bob Cole", Placement.coldCaller, leader: leo)
        for (person, role) in [(tom, Role.teamManager), (lea, .teamLeader)] {
            try await store.addUser(
                username: "u\(role.rawValue.count)", name: person.name, role: role, person: person.id,
                password: SampleOffice.password, isInitial: false, by: .console)
        }
        let id = try await store.officeState()?.office.id
        let key = try OfficeKey(of: store).publicKey
        try store.close()
        guard let id else { throw SimulationFault("no office was founded") }
        return Template(path: path, id: id, name: name, key: key)
    }
}
