import Domain
import Foundation
import Storage
import Synchronization

/// How to sign in to the demo office.
public struct DemoOffice: Sendable {
    public static let name = "Northgate Calls"
    /// For all of them; it is printed, so it guards nothing.
    public static let password = "violet kettle harbour"
    public static let usernames = ["admin", "admin2", "data", "manager", "leader", "agent"]

    public var files: Int
    public var rows: Int
}

/// The demo's time of day: where its story is, then the true one.
public final class DemoClock: Sendable {
    private let now: Mutex<Instant?>
    private let real: Clock

    public init(_ real: Clock = .system) {
        self.real = real
        now = Mutex(nil)
    }

    public var clock: Clock { Clock { [self] in now.withLock { $0 } ?? real.now() } }

    /// Never later than the true time; nil: the story is told.
    func set(_ instant: Instant?) { now.withLock { $0 = instant.map { min($0, real.now()) } } }
}

/// Founds the office “Northgate Calls” in an empty store and lives through its first three weeks: people,
/// accounts, moves, and some nine weeks of files that end yesterday, with the faults that files have.
///
/// Everything goes the way it goes in an office: the same verbs, the same import. The same clock and ids
/// give the same office. Blocks for some seconds.
///
/// - Parameters:
///   - store: made with `time.clock`, so that each event has the time it would have had.
///   - progress: gets the share that is done, 0 to 1.
public func openDemoOffice(
    _ store: OfficeStore, time: DemoClock, timeZone: String = demoTimeZone(),
    progress: @escaping @Sendable (Double) -> Void = { _ in }
) async throws -> DemoOffice {
    defer { time.set(nil) }
    let zone = TimeZone(identifier: timeZone) ?? .gmt
    let plan = DemoPlan(today: store.clock.now().local(in: zone).day)
    var story = DemoStory(store: store, time: time, zone: zone, plan: plan, progress: progress)
    try await story.found(timeZone: timeZone)
    try await story.bringHistoryIn()
    try await story.liveThroughDays()
    return DemoOffice(files: story.files, rows: story.rows)
}

/// The box's own zone, or London's where the box has none.
public func demoTimeZone() -> String {
    let own = TimeZone.current.identifier
    return own.contains("/") && !own.hasPrefix("Etc/") ? own : "Europe/London"
}

/// Which day has what happen on it.
struct DemoPlan {
    /// Mondays to Fridays, the last of them yesterday or before.
    let days: [Day]
    /// As many of them came in weekly files before the office was founded.
    let historyDays = 30
    let promotion = 14
    let move = 21
    let leaving = 27

    init(today: Day) {
        let yesterday = today.adding(-1)
        let monday = yesterday.adding(-yesterday.weekday - 8 * 7)
        days = (0...yesterday.days(since: monday)).map { monday.adding($0) }.filter { $0.weekday < 5 }
    }

    /// Counted from the last day.
    var missing: Int { days.count - 7 }
    var halfUploaded: Int { days.count - 5 }
    var corrected: Int { days.count - 3 }
    var faulty: Int { days.count - 2 }
    var overlapping: Int { days.count - 9 }

    func day(_ index: Int) -> Day { days.indices.contains(index) ? days[index] : Day(number: 0) }
}

/// The office's first weeks, told with its own verbs.
struct DemoStory {
    static let secondAdminName = "Ruth Bellamy"

    let store: OfficeStore
    let time: DemoClock
    let zone: TimeZone
    let plan: DemoPlan
    let progress: @Sendable (Double) -> Void
    var calls: DemoCalls
    var files = 0
    var rows = 0
    private(set) var admin = Actor.program
    private(set) var dataEntry = Actor.program
    private(set) var secondAdmin: ID<User>?
    private var managerAccount: ID<User>?
    private var leaderAccount: ID<User>?
    private var managers: [ID<Person>] = []
    private var leaders: [ID<Person>] = []
    private var seed = DemoRandom(seed: 0x0DDC_0FFE)

    init(
        store: OfficeStore, time: DemoClock, zone: TimeZone, plan: DemoPlan,
        progress: @escaping @Sendable (Double) -> Void
    ) {
        self.store = store
        self.time = time
        self.zone = zone
        self.plan = plan
        self.progress = progress
        let crew = DemoCrew(
            workingDays: plan.days.count, promotion: plan.promotion, leaving: plan.leaving, random: &seed)
        calls = DemoCalls(crew: crew, random: seed)
    }

    /// The Monday after the last weekly file, in the morning.
    private var founding: Day { plan.day(plan.historyDays - 1).adding(3) }

    func setTime(_ day: Day, _ hour: Int, _ minute: Int) {
        time.set(LocalTime(day, secondOfDay: hour * 3600 + minute * 60).instant(in: zone))
    }

    mutating func found(timeZone: String) async throws {
        setTime(founding, 8, 20)
        let console = Actor(user: nil, name: "Console", via: "cli")
        let id = try await store.foundOffice(
            rules: OfficeRules(name: DemoOffice.name, timeZone: timeZone), sources: defaultSources,
            username: "admin", name: "Helen Marsh", password: DemoOffice.password, by: console)
        admin = Actor(user: id, name: "Helen Marsh", via: "web 192.0.2.10")
        let first = plan.day(0)
        for manager in DemoCrew.managers {
            managers.append(
                try await store.addPerson(
                    name: manager.name,
                    placement: {
                        Placement(
                            person: $0, from: first, designation: Placement.teamManager, group: manager.group)
                    }, by: admin
                ).id)
        }
        for leader in DemoCrew.leaders.dropLast() {
            let (manager, group) = (managers[leader.manager], DemoCrew.managers[leader.manager].group)
            leaders.append(
                try await store.addPerson(
                    name: leader.name,
                    placement: {
                        Placement(
                            person: $0, from: first, designation: Placement.teamLeader, group: group,
                            manager: manager)
                    }, by: admin
                ).id)
        }
        secondAdmin = try await addUser("admin2", DemoStory.secondAdminName, .admin, person: nil)
        let data = try await addUser("data", "Priya Shah", .dataEntry, person: nil)
        dataEntry = Actor(user: data, name: "Priya Shah", via: "web 192.0.2.21")
        managerAccount = try await addUser(
            "manager", DemoCrew.managers[0].name, .teamManager, person: managers[0])
        leaderAccount = try await addUser("leader", DemoCrew.leaders[0].name, .teamLeader, person: leaders[0])
    }

    private func addUser(_ username: String, _ name: String, _ role: Role, person: ID<Person>?) async throws
        -> ID<User>
    {
        try await store.addUser(
            username: username, name: name, role: role, person: person, password: DemoOffice.password,
            isInitial: false, by: admin
        ).id
    }

    /// Six weekly files; after the first, its agents are persons and can be placed.
    mutating func bringHistoryIn() async throws {
        for week in 0..<(plan.historyDays / 5) {
            setTime(founding, 9, 5 + week * 4)
            var batch: [DemoCalls.Call] = []
            for index in (week * 5)..<(week * 5 + 5) { batch += calls.day(plan.day(index), index: index) }
            let bytes = DemoCalls.readyMode(batch, hasTalk: false)
            try await take(
                week == 2 ? faulty(bytes, day: plan.day(week * 5)) : bytes,
                "readymode-week-\(plan.day(week * 5).iso).csv")
        }
        setTime(founding, 10, 0)
        try await takeInbound(20..<plan.historyDays)
        setTime(founding, 10, 30)
        try await placeAgents()
    }

    private mutating func placeAgents() async throws {
        var persons: [String: ID<Person>] = [:]
        for person in try await store.persons() { persons[person.name] = person.id }
        let promoted = DemoCrew.promotedLeader
        let first = plan.day(0)
        let grace = persons[DemoCrew.leaders[promoted].name]
        if let grace { leaders.append(grace) }
        var teams: [Placement] = []
        var later: [Placement] = []
        for agent in calls.crew.agents {
            guard let person = persons[agent.name], person != grace else { continue }
            var placement = Placement(
                person: person, from: first,
                employment: agent.isPartTimer ? Placement.partTimer : Placement.fullTimer)
            if let idleUnder = agent.idleUnder {
                placement.manager = managers[idleUnder]
                placement.group = DemoCrew.managers[idleUnder].group
            } else if let leader = agent.leader {
                // Before the promotion, her team was part of the one beside it.
                let before = leader == promoted ? promoted - 1 : leader
                placement.leader = leaders[before]
                placement.group = DemoCrew.managers[DemoCrew.leaders[before].manager].group
                if leader == promoted, leaders.indices.contains(promoted) {
                    var after = placement
                    after.from = plan.day(plan.promotion)
                    after.leader = leaders[promoted]
                    later.append(after)
                }
            } else {
                continue
            }
            teams.append(placement)
        }
        if let grace {
            let group = DemoCrew.managers[1].group
            teams.append(Placement(person: grace, from: first, group: group, leader: leaders[promoted - 1]))
            later.insert(
                Placement(
                    person: grace, from: plan.day(plan.promotion), designation: Placement.teamLeader,
                    group: group,
                    manager: managers[1]), at: 0)
        }
        try await store.place(teams, reason: "The teams as they were in the first week", by: admin)
        setTime(founding, 10, 40)
        try await store.place(later, reason: "Grace Okafor leads a team of her own", by: admin)
        setTime(founding, 10, 45)
        try await placeOne(DemoCrew.mover, persons, from: plan.move, "Asked for daytime hours") {
            ($0.leader, $0.group) = (leaders[1], DemoCrew.managers[0].group)
        }
        setTime(founding, 10, 50)
        try await placeOne(DemoCrew.leaver, persons, from: plan.leaving, "Left on good terms") {
            ($0.leader, $0.status) = (nil, "Left")
        }
        setTime(founding, 11, 0)
        let own = DemoCrew.ownAgent
        _ = try await addUser("agent", own, .agent, person: persons[own])
    }

    private func placeOne(
        _ name: String, _ persons: [String: ID<Person>], from index: Int, _ reason: String,
        _ change: (inout Placement) -> Void
    ) async throws {
        guard let person = persons[name], let agent = calls.crew.agents.first(where: { $0.name == name }),
            let leader = agent.leader
        else { return }
        var placement = Placement(
            person: person, from: plan.day(index),
            employment: agent.isPartTimer ? Placement.partTimer : Placement.fullTimer,
            group: DemoCrew.managers[DemoCrew.leaders[leader].manager].group, leader: leaders[leader])
        change(&placement)
        try await store.place([placement], reason: reason, by: admin)
    }

    /// Each working day's file comes in on the next working day's morning.
    mutating func liveThroughDays() async throws {
        var before: [DemoCalls.Call] = []
        for index in plan.historyDays..<max(plan.historyDays, plan.days.count) {
            let day = plan.day(index)
            let next = day.adding(day.weekday == 4 ? 3 : 1)
            let today = calls.day(day, index: index)
            let name = "readymode-\(day.iso).csv"
            setTime(next, 8, 5 + index % 7)
            switch index {
            case plan.missing:
                break
            case plan.halfUploaded:
                let noon = LocalTime(day, secondOfDay: 14 * 3600 + 1200)
                try await take(DemoCalls.readyMode(today.filter { $0.time < noon }, hasTalk: true), name)
            case plan.corrected:
                // First exported while people still called and with one campaign's states gone wrong.
                var early = Array(today.dropLast(today.count / 6))
                for position in early.indices where early[position].campaign == "Pet Cover" {
                    early[position].state = "No Answer"
                }
                try await take(DemoCalls.readyMode(early, hasTalk: true), name)
                setTime(next, 11, 40)
                try await take(DemoCalls.readyMode(today, hasTalk: true), name)
            case plan.faulty:
                try await take(faulty(DemoCalls.readyMode(today, hasTalk: true), day: day), name)
            case plan.overlapping:
                try await take(DemoCalls.readyMode(before.suffix(60) + today, hasTalk: true), name)
            default:
                try await take(DemoCalls.readyMode(today, hasTalk: true), name)
            }
            before = today
            if index == plan.days.count - 2 { try await openRequests() }
            // The inbound desk sends its week on Fridays.
            if day.weekday == 4 || index == plan.days.count - 1 {
                setTime(next, 9, 30)
                try await takeInbound((index - day.weekday)..<(index + 1))
            }
        }
        // What everybody tries once.
        try await refuse(Array("Row Labels,Count of Call Log ID\r\nGrand Total,1234\r\n".utf8), "pivot.csv")
        try await askForDeletions()
    }

    /// One that was rejected, one that waits for the manager, and one for a leader who has no account.
    private func openRequests() async throws {
        guard let last = plan.days.last, let leaderAccount, let managerAccount else { return }
        let names = (DemoCrew.leaders[0].name, DemoCrew.managers[0].name)
        let leader = Viewer(user: leaderAccount, name: names.0, role: .teamLeader, person: leaders[0])
        let manager = Viewer(user: managerAccount, name: names.1, role: .teamManager, person: managers[0])
        func actor(_ viewer: Viewer) -> Actor {
            Actor(user: viewer.user, name: viewer.name, via: "web 192.0.2.30")
        }
        let team = try await store.requestChoices(on: last, for: leader).own.flatMap(\.agents)
            .filter { $0.name != DemoCrew.ownAgent }
        guard team.count > 2 else { return }
        setTime(last, 9, 5)
        let refused = try await store.openRequest(
            .remove, agent: team[0].id, effective: last.adding(7), reason: "Wants evenings off", for: leader,
            by: actor(leader))
        setTime(last, 9, 15)
        try await store.decideRequest(
            refused.id, .reject, comment: "Evenings can be arranged within the team", for: manager,
            by: actor(manager))
        setTime(last, 9, 20)
        try await store.openRequest(
            .remove, agent: team[1].id, effective: last.adding(7),
            reason: "Takes over the training of new starters",
            for: leader, by: actor(leader))
        setTime(last, 9, 25)
        try await store.openRequest(
            .transfer, agent: team[2].id, to: leaders[1], effective: last.adding(8),
            reason: "Knows heat pumps better than solar", for: leader, by: actor(leader))
    }

    private mutating func takeInbound(_ days: Range<Int>) async throws {
        try await take(
            calls.callCentre(days.map { plan.day($0) }), "inbound-desk-\(plan.day(days.lowerBound).iso).csv")
    }

    /// The faults that files have: repeated pages, bad dates, lines cut short, blank lines, totals.
    private func faulty(_ bytes: [UInt8], day: Day) -> [UInt8] {
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: true).map(Array.init)
        guard lines.count > 300 else { return bytes }
        func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }
        let good = day.iso
        let year = Day(number: day.number).civil.year
        lines[40] = Array(text(lines[40]).replacing(good, with: "\(year)-13-45").utf8)
        lines[41] = Array(text(lines[41]).replacing(good, with: "yesterday").utf8)
        lines[90] = Array(text(lines[90]).replacing(good, with: "2099-01-04").utf8)
        lines[150] = Array(lines[150].prefix(20)) + [0x0d]
        lines[151] = Array(text(lines[151]).drop { $0 != "," }.utf8)
        // A page that was exported twice, once with a state that changed meanwhile.
        var page = Array(lines[200..<212])
        let unanswered = page.firstIndex { text($0).contains("No Answer") } ?? 0
        page[unanswered] = Array(text(page[unanswered]).replacing("No Answer", with: "Callback").utf8)
        lines.insert(contentsOf: page, at: 212)
        lines.insert(contentsOf: [[0x0d], Array(",,,,,,,,,\r".utf8)], at: 100)
        lines.append(Array("Total,\(lines.count - 1)\r".utf8))
        return Array(lines.joined(separator: [0x0a])) + [0x0a]
    }

    mutating func take(_ bytes: [UInt8], _ name: String) async throws {
        let result = try await bring(bytes, name)
        files += 1
        rows += result.upload.counts.rows
        progress(min(1, Double(files) / Double(10 + plan.days.count - plan.historyDays)))
    }

    private func refuse(_ bytes: [UInt8], _ name: String) async throws {
        do {
            _ = try await bring(bytes, name)
        } catch let error as UserError {
            try store.recordRefusal(of: name, error, by: dataEntry)
        }
    }

    /// Blocks a thread of its own, as every import does.
    private func bring(_ bytes: [UInt8], _ name: String) async throws -> ImportResult {
        let incoming = try IncomingFile(folder: store.folder, ids: store.ids, clock: store.clock, limit: .max)
        try bytes.withUnsafeBytes { try incoming.append($0) }
        let request = ImportRequest(file: try incoming.finish(), fileName: name)
        return try await withCheckedThrowingContinuation { [store, dataEntry] continuation in
            let thread = Thread {
                continuation.resume(with: Result { try importFile(request, into: store, by: dataEntry) })
            }
            thread.stackSize = 1 << 22
            thread.start()
        }
    }
}
