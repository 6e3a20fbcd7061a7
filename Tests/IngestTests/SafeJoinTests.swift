import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Two boxes of one office that do, without knowing of each other, what excludes each other: the safer of the two has
/// effect, whichever came first, and what it overruled is told as a conflict.
@Suite struct SafeJoinTests {
    private typealias Act = (ImportOffice) async throws -> Void

    /// North and its twin, which goes on with a chain of its own.
    private struct Twins {
        let network: OfficeNetwork
        let boxes: [ImportOffice]

        init(of network: OfficeNetwork) throws {
            self.network = network
            // Its key is made with the first snapshot, and both have the same.
            _ = try network.export(0)
            boxes = [network[0], try network.copy(of: 0, seed: 95, place: "elsewhere")]
        }

        /// North does the one, its twin the other, before or after; then they exchange.
        func act(_ north: @escaping Act, _ twin: @escaping Act, twinFirst: Bool) async throws {
            let acts = [(boxes[0], north), (boxes[1], twin)]
            for (box, act) in twinFirst ? acts.reversed() : acts {
                network.pass(minutes: 1)
                try await act(box)
            }
            try meet()
        }

        func meet() throws {
            for (from, to) in [(1, 0), (0, 1), (1, 0)] {
                network.pass(minutes: 1)
                let path = network.newPath()
                try exportSnapshot(SnapshotOrder(), to: path, from: boxes[from].store, by: .console)
                _ = try ReceivedSnapshot(path: path, fileName: "s", in: boxes[to].store).merge(by: .console)
            }
        }

        /// Both boxes say the same, also once they fold anew, and tell of one conflict in these words; nil: of none.
        func require(_ query: String, _ expected: [String], told words: String?) async throws {
            for box in boxes {
                for isAnew in [false, true] {
                    if isAnew { try box.rebuild() }
                    #expect(try await box.sql(query) == expected)
                    let told = try await box.store.conflicts(for: .console)
                    #expect(told.count == (words == nil ? 0 : 1))
                    for it in told {
                        #expect(it.isOpen)
                        #expect(it.conflict.refusal?.contains(words ?? "?") == true)
                    }
                    #expect(try await box.faults() == [])
                    #expect(try await box.store.stateHash() == boxes[0].store.stateHash())
                }
            }
        }
    }

    // MARK: Requests

    @Test(arguments: [true, false])
    func `a request that is turned down where somebody else approves it is turned down`(approvedFirst: Bool)
        async throws
    {
        let network = try await OfficeNetwork(["North"])
        let north = network[0].store
        let day = try await north.today()
        func person(_ name: String, _ edit: @escaping @Sendable (inout Placement) -> Void) async throws
            -> ID<Person>
        {
            try await north.addPerson(
                name: name,
                placement: { id in
                    var placement = Placement(person: id, from: day.adding(-60))
                    edit(&placement)
                    return placement
                }, by: .console
            ).id
        }
        let manager = try await person("Mia") { $0.designation = Placement.teamManager }
        let leaders = [
            try await person("Lea") { ($0.designation, $0.manager) = (Placement.teamLeader, manager) },
            try await person("Lou") { ($0.designation, $0.manager) = (Placement.teamLeader, manager) },
        ]
        let agent = try await person("Amy") { $0.leader = leaders[0] }
        func viewer(_ person: ID<Person>, _ role: Role) -> Viewer {
            let number = ([manager] + leaders).firstIndex(of: person) ?? 3
            return Viewer(user: EventIDs.user(5 + number), name: "Somebody", role: role, person: person)
        }
        let request = try await north.openRequest(
            .transfer, agent: agent, to: leaders[1], effective: day, reason: "nearer",
            for: viewer(leaders[0], .teamLeader), by: .console
        ).id
        try await north.decideRequest(
            request, .accept, comment: "", for: viewer(leaders[1], .teamLeader), by: .console)
        let twins = try Twins(of: network)
        func decide(_ action: RequestAction) -> Act {
            { box in
                try await box.store.decideRequest(
                    request, action, comment: "because", for: viewer(manager, .teamManager), by: .console)
            }
        }
        try await twins.act(decide(.reject), decide(.approve), twinFirst: approvedFirst)
        try await twins.require(
            "SELECT stage FROM transferRequest", ["rejected"], told: "was stopped in North at the same time")
        for box in twins.boxes {
            #expect(try await box.store.organization().standing(of: agent, on: day)?.leader == leaders[0])
        }
    }

    // MARK: Deletions and holds

    /// An office with a file of three calls, and somebody who asks to delete it.
    private static func office(_ names: [String] = ["North"]) async throws -> (OfficeNetwork, ID<CallFile>) {
        let network = try await OfficeNetwork(names)
        return (network, try network[0].take(CallFileText.usual.text, file: "a.csv").upload.file)
    }

    private static func ask(for file: ID<CallFile>, _ box: ImportOffice) throws -> ID<DeleteRequest> {
        let plan = try box.store.planDeletion(.file(file), for: DeletionWalk.bob)
        return try box.store.openDeleteRequest(plan, reason: "wrong", for: DeletionWalk.bob, by: .console).id
    }

    private static func approve(_ request: ID<DeleteRequest>) -> Act {
        { try $0.store.decideDeleteRequest(request, .approve, for: DeletionWalk.cleo, by: .console) }
    }

    private static func hold(_ file: ID<CallFile>, _ box: ImportOffice) -> DeleteHold {
        DeleteHold(id: box.store.ids.next(at: box.store.clock.now()), file: file, reason: "a complaint")
    }

    /// What keeps calls that somebody else lets go, what the request is then, and how that is told.
    enum Keeps: CaseIterable {
        case reject, withdraw, hold, upload

        var stage: String {
            switch self {
            case .reject: "rejected"
            case .withdraw: "withdrawn"
            case .hold, .upload: "open"
            }
        }

        var words: String {
            switch self {
            case .reject, .withdraw: "was turned down in North at the same time; the calls are kept"
            case .hold: "North set a hold at the same time; the calls are kept"
            case .upload: "North uploaded a version of the file at the same time; the calls are kept"
            }
        }
    }

    @Test(arguments: Keeps.allCases, [true, false])
    func `what keeps calls beats what deletes them`(keeps: Keeps, approvedFirst: Bool) async throws {
        let (network, file) = try await Self.office()
        let figures = try await network[0].figures()
        let request = try Self.ask(for: file, network[0])
        let twins = try Twins(of: network)
        let keep: Act = { box in
            switch keeps {
            case .reject:
                try box.store.decideDeleteRequest(
                    request, .reject, comment: "no", for: DeletionWalk.dan, by: .console)
            case .withdraw:
                try box.store.decideDeleteRequest(request, .withdraw, for: DeletionWalk.bob, by: .console)
            case .hold:
                try await box.store.changeHold(
                    nil, to: Self.hold(file, box), for: DeletionWalk.dan, by: .console)
            case .upload: try box.take(CallFileText.usual.text + "\n", file: "a.csv")
            }
        }
        try await twins.act(keep, Self.approve(request), twinFirst: approvedFirst)
        try await twins.require("SELECT stage FROM deleteRequest", [keeps.stage], told: keeps.words)
        for box in twins.boxes { #expect(try await box.figures() == figures) }
    }

    @Test func `who knows that the calls are deleted overrules nothing by a hold`() async throws {
        let (network, file) = try await Self.office()
        let request = try Self.ask(for: file, network[0])
        let twins = try Twins(of: network)
        network.pass(minutes: 1)
        try await Self.approve(request)(twins.boxes[0])
        try twins.meet()
        network.pass(minutes: 1)
        try await twins.boxes[1].store.changeHold(
            nil, to: Self.hold(file, twins.boxes[1]), for: DeletionWalk.dan, by: .console)
        try twins.meet()
        try await twins.require("SELECT stage FROM deleteRequest", ["deleted"], told: nil)
    }

    @Test(arguments: [true, false])
    func `what was purged where somebody else sets a hold stays purged, and both are told`(purgedFirst: Bool)
        async throws
    {
        let (network, file) = try await Self.office()
        let request = try Self.ask(for: file, network[0])
        try await Self.approve(request)(network[0])
        let twins = try Twins(of: network)
        let purge: Act = {
            try purgeDeletion(request, in: $0.store, comment: "room", for: DeletionWalk.cleo, by: .console)
        }
        let hold: Act = {
            try await $0.store.changeHold(nil, to: Self.hold(file, $0), for: DeletionWalk.dan, by: .console)
        }
        try await twins.act(hold, purge, twinFirst: purgedFirst)
        let told = "Some of what it should keep was erased at the same time."
        try await twins.require("SELECT stage FROM deleteRequest", ["purged"], told: told)
        #expect(try await twins.boxes[0].sql("SELECT count(*) FROM deleteHold") == ["1"])
        // Decided either way, and taken back, without anything that would have to be erased again.
        let store = twins.boxes[0].store
        let conflict = try #require(try await store.conflicts(for: .console).first)
        for choice in [ConflictChoice.other, .reopen, .other, .keep]
        where choice != .other || conflict.canTakeOther {
            try await store.decideConflict(
                conflict.conflict.id, choice, comment: "seen", for: .console, by: .console)
        }
        try twins.meet()
        #expect(try await twins.boxes[1].store.openConflictCount(for: .console) == 0)
    }

    @Test(arguments: [true, false])
    func `a hold that is lifted where somebody else changes it stays`(liftedFirst: Bool) async throws {
        let (network, file) = try await Self.office(["North", "South"])
        let hold = Self.hold(file, network[0])
        try await network[0].store.changeHold(nil, to: hold, for: DeletionWalk.dan, by: .console)
        let twins = try Twins(of: network)
        func change(to after: DeleteHold?) -> Act {
            { box in
                try await box.store.changeHold(
                    hold, to: after, comment: "over", for: DeletionWalk.dan, by: .console)
            }
        }
        var changed = hold
        changed.reason = "a lawsuit"
        try await twins.act(change(to: changed), change(to: nil), twinFirst: liftedFirst)
        try await twins.require(
            "SELECT hold ->> '$.reason' FROM deleteHold", ["a lawsuit"],
            told: "The hold was changed in North at the same time; it stays.")
        // For North to decide alone.
        try network.send(0, to: 1)
        let south = network[1].store
        let conflict = try #require(try await south.conflicts(for: .console).first)
        #expect(!conflict.canTakeOther)
        let refusal = await #expect(throws: UserError.self) {
            try await south.decideConflict(
                conflict.conflict.id, .other, comment: "over", for: .console, by: .console)
        }
        #expect(refusal?.code == .notAllowed)
        let north = twins.boxes[0].store
        #expect(try await north.conflicts(for: .console).first?.canTakeOther == true)
        network.pass(minutes: 1)
        try await north.decideConflict(
            conflict.conflict.id, .other, comment: "over", for: .console, by: .console)
        #expect(try await north.conflicts(for: .console).first?.canReopen == true)
        #expect(try await twins.boxes[0].sql("SELECT count(*) FROM deleteHold") == ["0"])
        try network.send(0, to: 1)
        #expect(try await south.conflicts(for: .console).first?.canReopen == false)
        #expect(try await network[1].sql("SELECT count(*) FROM deleteHold") == ["0"])
    }
}
