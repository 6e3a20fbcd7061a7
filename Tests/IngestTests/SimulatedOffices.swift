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
    /// The same offices with files, deletions that are asked for, and some in the trash.
    private(set) var filed: [Template] = []
    private(set) var filedMerged: [Int: [String]] = [:]
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
        for index in all.indices { filed.append(try await Self.file(all[index], index)) }
        for count in 2...6 {
            merged[count] = try merge(all.prefix(count), "merged-\(count)") { store, _ in
                try Simulation.entries(of: store)
            }
            filedMerged[count] = try merge(filed.prefix(count), "filed-\(count)") { store, number in
                let path = "\(Self.place)/filed-\(count)-\(number).rollcall"
                try exportSnapshot(SnapshotOrder(), to: path, from: store, by: .console)
                return .file(path: path)
            }
        }
    }

    private func merge(
        _ templates: some Collection<Template>, _ name: String,
        pack: (OfficeStore, Int) throws -> SimulatedParcel
    ) throws -> [String] {
        var paths: [String] = []
        var stores: [OfficeStore] = []
        for (index, template) in templates.enumerated() {
            let path = "\(Self.place)/\(name)-\(index)"
            try FileManager.default.copyItem(atPath: template.path, toPath: path)
            paths.append(path)
            stores.append(
                try Self.open(
                    path, UInt64(200 + templates.count * 10 + index), TestSupport.TestClock().clock))
        }
        var number = 0
        func give(_ from: OfficeStore, _ to: OfficeStore) throws {
            number += 1
            try Simulation.take(pack(from, number), into: to)
        }
        for _ in 0..<2 {
            for store in stores.dropFirst() { try give(store, stores[0]) }
            for store in stores.dropFirst() { try give(stores[0], store) }
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

    private static func file(_ template: Template, _ index: Int) async throws -> Template {
        var filed = template
        filed.path = "\(place)/filed-\(index)"
        // Whoever opens the office for an upload takes its folder away at the end.
        let work = "\(place)/filing-\(index)"
        try FileManager.default.copyItem(atPath: template.path, toPath: work)
        let office = try ImportOffice(
            opening: work, seed: UInt64(150 + index), clock: TestSupport.TestClock().clock, place: firstPlace)
        let source = try await office.sql(
            "SELECT id FROM source WHERE office = '\(template.id)' ORDER BY id"
        ).first
        for (name, text) in texts(of: index) { try office.take(text, file: name, source: source) }
        let files = try await office.sql("SELECT id, name FROM file").map { line in
            let parts = line.split(separator: "|", maxSplits: 1).map(String.init)
            return (name: parts.last ?? "", file: parts.first.flatMap { ID<CallFile>($0) })
        }
        for (name, isApproved, isByDay) in [
            ("old.csv", true, false), ("daily.csv", false, true), ("late.csv", true, true),
            ("weekly.csv", false, false),
        ] {
            guard let file = files.first(where: { $0.name == name })?.file else { continue }
            let days = try await office.store.deletableDays(file, version: nil, for: Simulation.clerk)
            let scope =
                isByDay ? DeleteScope.days(file, version: nil, days.prefix(2).map(\.day)) : .file(file)
            let request = try office.store.openDeleteRequest(
                office.store.planDeletion(scope, for: Simulation.clerk), reason: "wrong",
                for: Simulation.clerk, by: Simulation.actor)
            if isApproved {
                try office.store.decideDeleteRequest(
                    request.id, .approve, for: Simulation.admin(1), by: Simulation.actor)
            }
        }
        try office.store.close()
        try FileManager.default.copyItem(atPath: work, toPath: filed.path)
        return filed
    }

    /// What an office of files has uploaded before anything happens.
    static func texts(of index: Int) -> [(name: String, text: String)] {
        ["daily.csv", "weekly.csv", "old.csv", "late.csv"].enumerated().map { place, name in
            var random = RandomFile(seed: UInt64(index * 10 + place))
            return (name, RandomFile.text(random.rows(9, ids: 1...14)))
        }
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
