import Domain
import Foundation
import GRDB
import Ingest
import Storage
import TestSupport
import Testing

/// Requests on real SQLite: what each step makes of them, of the teams and of the figures.
@Suite struct TransferRequestStorageTests {
    private let today = TeamsOffice.today

    /// Opened by Lea, accepted by Leo.
    private func accepted(_ office: TeamsOffice, in days: Int = 0) async throws -> ID<TransferRequest> {
        let swap = try await office.open(.swap, "Ann", with: "Bob", in: days)
        try await office.step(swap, .accept, "Leo")
        return swap
    }

    @Test func `a swap is two placements in one event, and figures agree to the call`() async throws {
        let office = try await TeamsOffice()
        let (past, now) = (
            try await office.logs(TeamsOffice.first, today.adding(-1)), try await office.logs(today, today)
        )
        #expect(now == ["Lea": 13, "Leo": 17, "Ned": 10])
        let swap = try await office.open(.swap, "Ann", with: "Bob")
        #expect(try await office.row(swap).waitingFor == [try office.id("Leo")])
        #expect(try await office.store.requestsAwaiting(office.viewer("Leo")) == 1)
        #expect(try await office.store.requestsAwaiting(office.viewer("Tom")) == 0)
        try await office.step(swap, .accept, "Leo")
        #expect(try await office.store.requestsAwaiting(office.viewer("Tom")) == 1)
        let effects = try #require(
            try await office.store.effects(
                of: [swap], in: Period(from: TeamsOffice.first, to: today), for: office.viewer("Tom"))[swap])
        let entries = try await count("SELECT count(*) FROM journal", office)
        try await office.step(swap, .approve, "Tom")
        #expect(try await count("SELECT count(*) FROM journal", office) == entries + 1)
        #expect(
            try await count(
                "SELECT count(*) FROM placement WHERE request = '\(swap)' AND kind = 'transferRequestDecided'",
                office) == 2)
        #expect(try await office.state(swap) == .applied)
        #expect(try await office.store.requestsAwaiting(office.viewer("Tom")) == 0)
        // Both days are right: before as it was, from the day on swapped.
        #expect(try await office.leader(of: "Ann", on: today.adding(-1)) == "Lea")
        #expect(try await office.leader(of: "Ann", on: today) == "Leo")
        #expect(try await office.leader(of: "Bob", on: today) == "Lea")
        #expect(try await office.logs(TeamsOffice.first, today.adding(-1)) == past)
        // Ann makes 6 calls a day, Bob 8.
        #expect(try await office.logs(today, today) == ["Lea": 15, "Leo": 15, "Ned": 10])
        // The preview had said what the teams' own eleven days are now.
        #expect(effects.map(\.before.logs) == [11 * 13, 11 * 17])
        #expect(effects.map(\.after.logs) == [11 * 15, 11 * 15])
        #expect(effects.map(\.agentsAfter) == [2, 2])
        let again = try #require(
            try await office.store.effects(
                of: [swap], in: Period(from: TeamsOffice.first, to: today), for: office.viewer("Tom"))[swap])
        #expect(again == effects)
    }

    @Test func `a request ends by withdrawal, or by one rejection that says why`() async throws {
        let office = try await TeamsOffice()
        let first = try await office.open(.transfer, "Ann", to: "Leo", in: 3)
        #expect(try await office.refusal { try await office.step(first, .withdraw, "Leo") } == .notAllowed)
        try await office.step(first, .withdraw, "Lea")
        #expect(try await office.state(first) == .withdrawn)
        let second = try await office.open(.transfer, "Ann", to: "Leo", in: 3)
        #expect(try await office.refusal { try await office.step(second, .reject, "Leo", "  ") } == .invalid)
        #expect(try await office.state(second) == .open)
        try await office.step(second, .reject, "Leo", "My team is full")
        #expect(try await office.state(second) == .rejected)
        #expect(try await office.row(second).request.steps.map(\.comment) == ["My team is full"])
        #expect(try await office.refusal { try await office.step(second, .approve, "Tom") } == .conflict)
        #expect(try await office.leader(of: "Ann", on: today.adding(3)) == "Lea")
    }

    @Test func `an undecided request expires after its days, and when its day is over`() async throws {
        let office = try await TeamsOffice()
        let late = try await office.open(.remove, "Ann", in: 30)
        let soon = try await office.open(.remove, "Abe", in: 1)
        #expect(
            try await office.row(late).expires
                == office.row(late).request.opened.instant.adding(seconds: 7 * 86_400))
        office.pass(days: 1)
        #expect(try await office.state(soon) == .open)
        office.pass(days: 1)
        #expect(try await office.state(soon) == .expired)
        #expect(try await office.store.requestsAwaiting(office.viewer("Tom")) == 1)
        office.pass(days: 5)
        #expect(try await office.state(late) == .expired)
        #expect(try await office.store.requestsAwaiting(office.viewer("Tom")) == 0)
        #expect(try await office.refusal { try await office.step(late, .approve, "Tom") } == .conflict)
        // It is in nobody's way.
        try await office.open(.remove, "Ann", in: 30)
    }

    @Test func `a move since makes a request stale`() async throws {
        let office = try await TeamsOffice()
        let swap = try await accepted(office, in: 2)
        let (bob, lea) = (try office.id("Bob"), try office.id("Lea"))
        try await office.store.place(
            [Placement(person: bob, from: today.adding(1), leader: lea)], reason: "Meanwhile", by: .console)
        #expect(try await office.state(swap) == .stale)
        #expect(try await office.row(swap).staleness?.contains("Bob") == true)
        #expect(try await office.refusal { try await office.step(swap, .approve, "Tom") } == .stale)
        try await office.step(swap, .withdraw, "Lea")
        #expect(try await office.state(swap) == .withdrawn)
    }

    @Test func `revoking before the day puts everybody back`() async throws {
        let office = try await TeamsOffice()
        let swap = try await accepted(office, in: 2)
        try await office.step(swap, .approve, "Tom")
        #expect(try await office.state(swap) == .scheduled)
        #expect(try await office.leader(of: "Ann", on: today.adding(2)) == "Leo")
        #expect(try await office.refusal { try await office.step(swap, .revoke, "Tom") } == .invalid)
        try await office.step(swap, .revoke, "Tom", "Bob is ill")
        #expect(try await office.state(swap) == .revoked)
        for day in 0..<5 {
            #expect(try await office.leader(of: "Ann", on: today.adding(day)) == "Lea")
            #expect(try await office.leader(of: "Bob", on: today.adding(day)) == "Leo")
        }
        let other = try await accepted(office)
        try await office.step(other, .approve, "Tom")
        #expect(try await office.refusal { try await office.step(other, .revoke, "Tom", "Too late") } != nil)
    }

    @Test func `what was placed otherwise after an approval is no longer said to come true`() async throws {
        let office = try await TeamsOffice()
        let swap = try await accepted(office, in: 2)
        try await office.step(swap, .approve, "Tom")
        #expect(try await !office.row(swap).isOverruled)
        let (bob, leo) = (try office.id("Bob"), try office.id("Leo"))
        try await office.store.place(
            [Placement(person: bob, from: today.adding(2), leader: leo)], reason: "He stays", by: .console)
        #expect(try await office.row(swap).isOverruled)
    }

    @Test func `a manager who stands in for his leader asks as himself`() async throws {
        let office = try await TeamsOffice()
        let (lea, tom) = (try office.id("Lea"), try office.id("Tom"))
        try await office.store.delegate(
            lea, to: tom, from: today, until: today.adding(5), for: .console, by: .console)
        let move = try await office.open(.transfer, "Ann", to: "Ned", by: "Tom")
        let request = try await office.row(move).request
        #expect(request.openedAs == .manager && request.openedFor == nil)
    }

    @Test func `an admin's override is marked, with its reason`() async throws {
        let office = try await TeamsOffice()
        let move = try await office.open(.transfer, "Ann", to: "Leo")
        #expect(
            try await office.refusal { try await office.step(move, .override, "Tom", "Now") } == .notAllowed)
        #expect(try await office.refusal { try await office.step(move, .override, "Ada") } == .invalid)
        try await office.step(move, .override, "Ada", "Leo is away")
        let step = try #require(try await office.row(move).request.steps.last)
        #expect(step.isOverride && step.by.name == "Ada" && step.comment == "Leo is away")
        #expect(try await office.leader(of: "Ann", on: today) == "Leo")
    }

    @Test func `an agent has one open request at a time`() async throws {
        let office = try await TeamsOffice()
        try await office.open(.swap, "Ann", with: "Bob", in: 2)
        #expect(try await office.refusal { try await office.open(.remove, "Ann", in: 3) } == .conflict)
        #expect(
            try await office.refusal { try await office.open(.remove, "Bob", by: "Leo", in: 3) } == .conflict)
        try await office.open(.remove, "Abe", in: 3)
    }

    @Test func `two who approve at once have one effect`() async throws {
        let office = try await TeamsOffice()
        let (tom, meg) = (try office.id("Tom"), try office.id("Meg"))
        try await office.store.delegate(
            tom, to: meg, from: today, until: today.adding(2), for: office.viewer("Tom"),
            by: office.actor("Tom"))
        let swap = try await accepted(office)
        let refusals = try await withThrowingTaskGroup(of: UserError.Code?.self) { group in
            for name in ["Tom", "Meg", "Tom", "Meg", "Ada", "Tom"] {
                group.addTask {
                    try await office.refusal {
                        try await office.step(swap, name == "Ada" ? .override : .approve, name, "Good")
                    }
                }
            }
            return try await group.reduce(into: [UserError.Code?]()) { $0.append($1) }
        }
        #expect(refusals.count { $0 == nil } == 1, "\(refusals)")
        #expect(try await count("SELECT count(*) FROM placement WHERE request = '\(swap)'", office) == 2)
        #expect(try await office.row(swap).request.steps.count == 2)
        #expect(try await office.leader(of: "Ann", on: today) == "Leo")
    }

    @Test func `two managers decide a move between their teams, each once`() async throws {
        let office = try await TeamsOffice()
        let move = try await office.open(.transfer, "Ann", to: "Ned")
        try await office.step(move, .accept, "Ned")
        async let tom: Void = office.step(move, .approve, "Tom")
        async let meg: Void = office.step(move, .approve, "Meg")
        _ = try await (tom, meg)
        #expect(try await office.state(move) == .applied)
        #expect(try await count("SELECT count(*) FROM placement WHERE request = '\(move)'", office) == 1)
        #expect(try await office.logs(today, today) == ["Lea": 7, "Leo": 17, "Ned": 16])
    }

    @Test func `a stand-in acts in his window and says for whom`() async throws {
        let office = try await TeamsOffice()
        let (tom, meg, ann) = (try office.id("Tom"), try office.id("Meg"), try office.id("Ann"))
        let store = office.store
        func window(_ from: Int, _ until: Int, to delegate: ID<Person>, by name: String = "Tom") async throws
        {
            try await store.delegate(
                tom, to: delegate, from: today.adding(from), until: today.adding(until),
                for: office.viewer(name),
                by: office.actor(name))
        }
        #expect(try await office.refusal { try await window(0, 1, to: ann) } == .invalid)
        #expect(try await office.refusal { try await window(0, 1, to: meg, by: "Lea") } == .notFound)
        #expect(try await office.refusal { try await window(-3, 0, to: meg) } == .invalid)
        try await window(1, 2, to: meg)
        let swap = try await accepted(office, in: 5)
        #expect(try await office.refusal { try await office.step(swap, .approve, "Meg") } == .notFound)
        office.pass(days: 1)
        #expect(try await office.row(swap, "Meg").actingFor == [tom])
        #expect(try await store.requestsAwaiting(office.viewer("Meg")) == 1)
        try await office.step(swap, .approve, "Meg", for: "Tom")
        let step = try #require(try await office.row(swap).request.steps.last)
        #expect(step.by.name == "Meg" && step.actingFor == tom && !step.isOverride)
        office.pass(days: 1)
        #expect(try await office.refusal { _ = try await office.row(swap, "Meg") } == .notFound)
        let list = try await store.delegations(for: office.viewer("Tom")).list
        let foreign = try #require(list.first).id
        #expect(
            try await office.refusal {
                try await store.endDelegation(foreign, for: office.viewer("Lea"), by: office.actor("Lea"))
            } == .notFound)
        try await store.endDelegation(foreign, for: office.viewer("Ada"), by: office.actor("Ada"))
        #expect(try await store.delegations(for: office.viewer("Tom")).list.isEmpty)
    }

    @Test func `a stand-in for ever is none: no entry could be read again`() async throws {
        let office = try await TeamsOffice()
        let (tom, meg) = (try office.id("Tom"), try office.id("Meg"))
        let last = try #require(Day(iso: "9999-12-31"))
        func standIn(until day: Day) async throws {
            try await office.store.delegate(
                tom, to: meg, from: today, until: day, for: office.viewer("Tom"), by: office.actor("Tom"))
        }
        let entries = try await count("SELECT count(*) FROM journal", office)
        #expect(try await office.refusal { try await standIn(until: last.adding(1)) } == .invalid)
        #expect(try await count("SELECT count(*) FROM journal", office) == entries)
        #expect(try await office.store.delegations(for: office.viewer("Tom")).list.isEmpty)
        try await standIn(until: last)
        #expect(try await office.store.delegations(for: office.viewer("Tom")).list.map(\.until) == [last])
    }

    @Test func `whoever has no part in a request does not see that there is one`() async throws {
        let office = try await TeamsOffice()
        let swap = try await accepted(office, in: 2)
        for (name, sees) in [
            ("Ada", true), ("Tom", true), ("Lea", true), ("Leo", true), ("Ann", true), ("Meg", false),
            ("Ned", false), ("Cid", false),
        ] {
            let viewer = try office.viewer(name)
            #expect(try await office.store.requests(for: viewer).rows.count == (sees ? 1 : 0), "\(name)")
            #expect(
                try await office.refusal { _ = try await office.row(swap, name) } == (sees ? nil : .notFound))
            let effects = try await office.refusal {
                _ = try await office.store.effects(
                    of: [swap], in: Period(from: today, to: today), for: viewer)
            }
            #expect(effects == (sees && name != "Ann" ? nil : .notFound), "\(name)")
            let comment = try await office.refusal { try await office.step(swap, .comment, name, "Hm") }
            #expect((comment == nil) == (sees && name != "Ann"), "\(name): \(String(describing: comment))")
        }
        let data = Viewer(user: try office.viewer("Ada").user, name: "Dan", role: .dataEntry, person: nil)
        #expect(try await office.refusal { _ = try await office.store.requests(for: data) } == .notFound)
    }

    @Test func `what waits for somebody without an account waits for an admin`() async throws {
        let office = try await TeamsOffice()
        let leo = try office.viewer("Leo").user
        try await office.store.setDisabled(leo, true, by: .console)
        let move = try await office.open(.transfer, "Ann", to: "Leo", in: 2)
        #expect(try await office.row(move).isOrphaned)
        #expect(try await office.store.requestsAwaiting(office.viewer("Ada")) == 1)
        try await office.store.setDisabled(leo, false, by: .console)
        #expect(try await office.store.requestsAwaiting(office.viewer("Ada")) == 0)
    }

    @Test func `a rebuild gives the same requests and the same state hash`() async throws {
        let office = try await TeamsOffice()
        let swap = try await accepted(office)
        try await office.step(swap, .approve, "Tom")
        let gone = try await office.open(.remove, "Abe", in: 4)
        try await office.step(gone, .reject, "Tom", "No")
        let back = try await office.open(.remove, "Abe", in: 4)
        try await office.step(back, .approve, "Tom")
        try await office.step(back, .revoke, "Tom", "Not yet")
        try await office.open(.transfer, "Abe", to: "Ned", in: 5)
        try await office.store.delegate(
            office.id("Tom"), to: office.id("Meg"), from: today, until: today.adding(3),
            for: office.viewer("Tom"), by: office.actor("Tom"))
        let before = try await office.store.requests(for: .console)
        let (hash, logs) = (
            try await office.store.stateHash(), try await office.logs(TeamsOffice.first, today)
        )
        try await offThread { try office.store.rebuildFromArchives() }
        let after = try await office.store.requests(for: .console)
        #expect(after.rows.map(\.request) == before.rows.map(\.request))
        #expect(after.rows.map(\.state) == [.open, .revoked, .rejected, .applied])
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.logs(TeamsOffice.first, today) == logs)
        #expect(try await office.store.verifyAll().filter { !$0.ok }.map(\.detail) == [])
    }

    @Test func `choices are one's own agents and everybody else's teams`() async throws {
        let office = try await TeamsOffice()
        func choices(_ name: String) async throws -> (own: [String], others: [String]) {
            let found = try await office.store.requestChoices(on: today, for: office.viewer(name))
            return (found.own.flatMap(\.agents).map(\.name), found.others.flatMap(\.agents).map(\.name))
        }
        #expect(try await choices("Lea") == (["Abe", "Ann"], ["Cid", "Bea", "Bob"]))
        #expect(try await choices("Meg") == (["Cid"], ["Abe", "Ann", "Bea", "Bob"]))
        #expect(try await choices("Ada").own == [])
        let agent = try office.viewer("Ann")
        #expect(
            try await office.refusal { _ = try await office.store.requestChoices(on: today, for: agent) }
                == .notFound)
    }

    private func count(_ sql: String, _ office: TeamsOffice) async throws -> Int {
        try await office.store.read { db in try Int.fetchOne(db, sql: sql) ?? 0 }
    }

    /// A rebuild blocks its thread.
    private func offThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try body() }) }
            thread.stackSize = 1 << 22
            thread.start()
        }
    }
}
