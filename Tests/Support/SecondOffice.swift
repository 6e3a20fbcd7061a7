import Domain
import Formats
import Foundation
import GRDB
import Ingest
import Storage

/// Another branch, as it is known after its journal and its archives have arrived: recognisable by `mark` in everything
/// that is its own but its name.
public final class SecondOffice: Sendable {
    /// In every name, text and file of the branch, and nowhere else.
    public static let mark = "Zzyx"
    public static let name = "Leipzig"

    public let office: ID<Office>
    public let manager: Person
    public let leader: Person
    /// An agent whom somebody placed; others wait in the name queue.
    public let agent: Person
    public let source: ID<Source>
    public let file: ID<CallFile>
    public let request: ID<TransferRequest>
    public let deletion: ID<DeleteRequest>
    public let calls: Int
    private let branch: SampleBranch

    /// A branch of its own, with a team, a file with rejected lines, and one of everything that waits.
    ///
    /// - Parameters:
    ///   - day: the day of its calls; another four weeks before it have some, too.
    ///   - now: of its clock, which must be past that day.
    public init(day: Day, now: Instant, seed: UInt64 = 77) async throws {
        let branch = try await SampleBranch(name: Self.name, now: now, seed: seed)
        self.branch = branch
        let store = branch.store
        let mark = Self.mark
        guard let state = try await store.officeState() else { throw UserError.notHere }
        office = state.office.id
        func person(
            _ name: String, _ designation: String, _ edit: @escaping @Sendable (inout Placement) -> Void
        )
            async throws -> Person
        {
            try await store.addPerson(
                name: "\(mark) \(name)", folded: foldedName("\(mark) \(name)"),
                placement: { id in
                    var placement = Placement(
                        person: id, from: day.adding(-60), designation: designation, group: "\(mark) group")
                    edit(&placement)
                    return placement
                }, by: branch.actor)
        }
        let manager = try await person("Manager", Placement.teamManager) { _ in }
        let leader = try await person("Leader", Placement.teamLeader) { $0.manager = manager.id }
        let other = try await person("Other", Placement.teamLeader) { $0.manager = manager.id }
        let agent = try await person("Agent", Placement.coldCaller) { $0.leader = leader.id }
        (self.manager, self.leader, self.agent) = (manager, leader, agent)
        var rows: [String] = []
        for (index, name) in ["Agent", "Newcomer", "Newcomr"].enumerated() {
            for offset in [0, -1, -7, -28] {
                for call in 0..<6 {
                    rows.append(
                        "\(mark) \(name),P\(index),\(9_000_000 + rows.count),\(day.adding(offset).iso) "
                            + "1\(call):05:00,Manual,\(call == 0 ? mark + " state" : "Sale"),Outbound,"
                            + "\(mark) campaign,\(mark) campaign,60")
                }
            }
        }
        calls = rows.count
        rows.append("\(mark) Agent,P1,,no time at all,Manual,Sale,Outbound,\(mark) rejected,,")
        let path = store.folder.path + "/calls.csv"
        try Data(([SampleCall.header] + rows).joined(separator: "\n").utf8).write(
            to: URL(fileURLWithPath: path))
        let received = try ReceivedFile.copy(path, to: store.folder, ids: store.ids, clock: store.clock)
        let taken = try importFile(
            ImportRequest(file: received, fileName: "\(mark) calls.csv", dateOrder: .ymd), into: store,
            by: branch.actor)
        let upload = taken.upload
        (file, source) = (upload.file, upload.source)
        let viewer = Viewer(
            user: branch.admin.user, name: branch.admin.name, role: .teamLeader, person: leader.id)
        request = try await store.openRequest(
            .transfer, agent: agent.id, to: other.id, effective: day.adding(30), reason: "\(mark) reason",
            for: viewer, by: branch.actor
        ).id
        let plan = try store.planDeletion(
            .days(upload.file, version: nil, [day.adding(-28)]), for: branch.admin)
        deletion = try store.openDeleteRequest(
            plan, reason: "\(mark) reason", for: branch.admin, by: branch.actor
        ).id
        try await store.changeHold(
            nil,
            to: DeleteHold(
                id: store.ids.next(at: now), file: upload.file, reason: "\(mark) hold", until: nil),
            for: branch.admin, by: branch.actor)
    }

    /// Brings what the branch shares into an office: its events into the journal, its archives beside the others; then
    /// everything is folded in one total order.
    public func join(_ store: OfficeStore) throws {
        let rows = try DatabaseQueue(path: branch.store.folder.database).read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM journal WHERE stream = 'shared'")
        }
        let own = try DatabaseQueue(path: store.folder.database)
        try own.write { db in
            for row in rows {
                let columns = Array(row.columnNames)
                try db.execute(
                    sql: """
                        INSERT INTO journal (\(columns.joined(separator: ", ")))
                        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                        """, arguments: StatementArguments(row.databaseValues))
            }
        }
        try own.close()
        let files = FileManager.default
        for name in try files.subpathsOfDirectory(atPath: branch.store.folder.files)
        where name.hasSuffix(".zst") {
            let target = store.folder.files + "/" + name
            try files.createDirectory(
                atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try files.copyItem(atPath: branch.store.folder.files + "/" + name, toPath: target)
        }
        try store.rebuildFromArchives()
    }
}

/// The branch's own box.
private final class SampleBranch: Sendable {
    let store: OfficeStore
    let admin: Viewer
    let actor: Actor

    init(name: String, now: Instant, seed: UInt64) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-branch-\(UUID().uuidString)"
        let numbers = LockedNumbers(seed)
        store = try OfficeStore(
            folder: DataFolder(path: path), clock: Clock { now }, ids: IDs { numbers.bytes(16) },
            passwords: PasswordCost(rounds: 16))
        let mark = SecondOffice.mark
        let user = try await store.foundOffice(
            rules: OfficeRules(name: name, timeZone: "Europe/Berlin"),
            sources: [("\(mark) dialer", "readymode", .coldCalling)], username: "zoe", name: "\(mark) Admin",
            password: "three brown horses", by: Actor(user: nil, name: "\(mark) founder", via: "test"))
        admin = Viewer(user: user, name: "\(mark) Admin", role: .admin, person: nil)
        actor = Actor(user: user, name: "\(mark) Admin", via: "test")
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: store.folder.path)
    }
}
