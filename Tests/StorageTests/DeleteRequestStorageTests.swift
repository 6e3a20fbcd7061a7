import Domain
import Foundation
import GRDB
import Ingest
import Storage
import TestSupport
import Testing

/// Delete requests on real SQLite: who reaches what, what holds keep, and what a forged journal cannot do.
@Suite struct DeleteRequestStorageTests {
    /// The teams' office, whose calls are in one file; of Cid alone are those of another.
    private struct Office {
        let teams: TeamsOffice
        let file: ID<CallFile>
        let cids: ID<CallFile>
        static let dee = Viewer(user: id(61), name: "Dee", role: .dataEntry, person: nil)
        static let bo = Viewer(user: id(62), name: "Bo", role: .admin, person: nil)
        var store: OfficeStore { teams.store }

        static func id<T>(_ number: Int) -> ID<T> {
            ID("01890a5d-ac96-774b-bcce-b302099a80\(number)") ?? ID(UUID())
        }

        init() async throws {
            teams = try await TeamsOffice()
            let files = try await teams.store.read { db in try String.fetchAll(db, sql: "SELECT id FROM file")
            }
            file = try #require(files.first.flatMap { ID($0) })
            let calls = (1...9).map { number in
                SampleCall(
                    id: 9000 + number, agent: "Cid",
                    time: LocalTime(TeamsOffice.first, secondOfDay: 60_000 + number * 60))
            }
            cids = try takeIn(calls, file: "cid.csv", into: teams.store).upload.file
        }

        @discardableResult
        func ask(_ scope: DeleteScope, _ viewer: Viewer = dee) throws -> DeleteRequest {
            try store.openDeleteRequest(
                store.planDeletion(scope, for: viewer), reason: "wrong", for: viewer, by: .console)
        }

        func decide(
            _ request: DeleteRequest, _ action: DeleteAction, _ viewer: Viewer = bo, typed: String? = nil
        ) throws {
            try store.decideDeleteRequest(
                request.id, action, comment: "so it is", typedName: typed, for: viewer, by: .console)
        }

        func purge(_ request: DeleteRequest, _ viewer: Viewer? = bo) throws {
            try purgeDeletion(request.id, in: store, comment: "room", for: viewer, by: .console)
        }

        func hold(_ name: String? = nil, file: ID<CallFile>? = nil, on day: Day? = nil) async throws {
            try await store.changeHold(
                nil,
                to: DeleteHold(
                    id: store.ids.next(at: store.clock.now()), file: file,
                    period: day.map { Period(from: $0, to: $0) }, person: try name.map(teams.id),
                    reason: "court"), for: Self.bo, by: .console)
        }

        func state(_ request: DeleteRequest) async throws -> DeleteRequest.State {
            try await store.deleteRequest(request.id, for: Self.bo).state
        }

        func logs() async throws -> Int {
            try await teams.logs(TeamsOffice.first, TeamsOffice.today).values.reduce(0, +)
        }

        func faults() async throws -> [String] {
            try await store.verifyAll().filter { !$0.ok }.map { "\($0.name): \($0.detail)" }
        }

        func refusals() async throws -> [String] {
            try await store.read { db in
                try String.fetchAll(
                    db,
                    sql: "SELECT kind || ': ' || refusal FROM journal WHERE refusal IS NOT NULL ORDER BY seq")
            }
        }

        /// What somebody does to the database behind the program's back.
        func damage(_ sql: String) throws {
            let queue = try DatabaseQueue(path: store.folder.database)
            try queue.write { db in try db.execute(sql: sql) }
            try queue.close()
        }

        /// An entry that the office's own verbs would never make, at the journal's end.
        func forge(_ body: EventBody) throws {
            let payload = try body.canonicalPayload().replacingOccurrences(of: "'", with: "''")
            try damage(
                """
                INSERT INTO journal (stream, office, incarnation, seq, time, user, actor, via, kind, payload,
                  previousHash, hash)
                SELECT stream, office, incarnation, seq + 1, time + 65536, user, actor, via, '\(body.kind)',
                  '\(payload)', hash, randomblob(32) FROM journal WHERE stream = 'shared' ORDER BY seq DESC LIMIT 1
                """)
        }
    }

    private func refusal(_ act: () throws -> Void) -> UserError.Code? {
        do { try act() } catch { return (error as? UserError)?.code }
        return nil
    }

    // MARK: Reach

    @Test func `a team manager asks only where agents of his have calls, and is told of no others`()
        async throws
    {
        let office = try await Office()
        let (tom, meg) = (try office.teams.viewer("Tom"), try office.teams.viewer("Meg"))
        let whole = DeleteScope.version(office.file, 1)
        #expect(
            refusal { _ = try office.store.planDeletion(.version(office.cids, 1), for: tom) } == .notFound)
        // A plan that somebody else made does not help him.
        let plan = try office.store.planDeletion(.version(office.cids, 1), for: Office.dee)
        #expect(
            refusal { try office.store.openDeleteRequest(plan, reason: "x", for: tom, by: .console) }
                == .notFound)

        let his = try office.ask(whole, tom)
        let all = try await office.store.deleteRequest(his.id, for: Office.dee).request.preview
        #expect(Set(all.agents.map(\.name)) == ["Ann", "Abe", "Bob", "Bea", "Cid"] && all.rows == 440)
        let row = try await office.store.deleteRequest(his.id, for: tom)
        let shown = row.request.preview
        #expect(row.isNarrowed && Set(shown.agents.map(\.name)) == ["Ann", "Abe", "Bob", "Bea"])
        #expect(Set(shown.teams.map(\.name)) == ["Lea", "Leo"])
        #expect(shown.rows == 0 && shown.holders.isEmpty && shown.digest.isEmpty && shown.figures.isEmpty)
        #expect(shown.before.logs == 330 && shown.after.logs == 0 && shown.before.talk == 0)
        #expect(row.actions == [.withdraw, .comment] && !row.mayPurge && !row.awaitsViewer)

        // His own requests, no others.
        try office.ask(.version(office.cids, 1))
        #expect(try await office.store.deleteRequests(for: tom).rows.map(\.request.id) == [his.id])
        #expect(try await office.store.deleteRequests(for: tom).total == 1)
        #expect(try await office.store.deleteRequests(for: meg).total == 0)
        #expect(try await office.store.deleteRequests(for: Office.dee).total == 2)
        await #expect(throws: UserError.notHere) {
            try await office.store.deleteRequest(his.id, for: meg)
        }
        for action in DeleteAction.allCases {
            #expect(refusal { try office.decide(his, action, meg) } == .notFound, "\(action)")
        }
        try office.decide(his, .withdraw, tom)
        #expect(try await office.state(his) == .withdrawn)
    }

    @Test func `leaders and agents reach nothing, data entry decides nothing`() async throws {
        let office = try await Office()
        let request = try office.ask(.version(office.file, 1))
        let deleted = try office.ask(.version(office.cids, 1))
        try office.decide(deleted, .approve)
        for viewer in [try office.teams.viewer("Lea"), try office.teams.viewer("Ann")] {
            #expect(
                refusal { _ = try office.store.planDeletion(.version(office.file, 1), for: viewer) }
                    == .notFound)
            for action in DeleteAction.allCases {
                #expect(refusal { try office.decide(request, action, viewer) } == .notFound)
                #expect(refusal { try office.decide(deleted, action, viewer) } == .notFound)
            }
            #expect(refusal { try office.purge(deleted, viewer) } == .notFound)
            await #expect(throws: UserError.notHere) { try await office.store.deleteRequests(for: viewer) }
            await #expect(throws: UserError.notHere) {
                try await office.store.deleteRequest(request.id, for: viewer)
            }
            await #expect(throws: UserError.notHere) { try await office.store.deleteHolds(for: viewer) }
            #expect(try await office.store.deleteRequestsAwaiting(viewer) == 0)
        }
        let other = Viewer(user: Office.id(63), name: "Dirk", role: .dataEntry, person: nil)
        for viewer in [Office.dee, other, try office.teams.viewer("Tom")] {
            for action in [.approve, .reject] as [DeleteAction] {
                #expect(refusal { try office.decide(request, action, viewer) } != nil)
            }
            #expect(refusal { try office.decide(deleted, .restore, viewer) } != nil)
            #expect(refusal { try office.purge(deleted, viewer) } == .notFound)
            await #expect(throws: UserError.notHere) {
                try await office.store.changeHold(
                    nil, to: DeleteHold(id: Office.id(70), reason: "x"), for: viewer, by: .console)
            }
            #expect(try await office.store.deleteRequestsAwaiting(viewer) == 0)
        }
        #expect(try await office.store.deleteRequestsAwaiting(Office.bo) == 1)
        #expect(try await office.state(request) == .open)
        #expect(try await office.state(deleted) == .deleted)
    }

    // MARK: The only admin

    @Test func `an only admin approves his own after a day, and not when there is another`() async throws {
        let office = try await Office()
        let ada = try office.teams.viewer("Ada")
        let first = try office.ask(.version(office.cids, 1), ada)
        #expect(first.isSingleAdmin)
        #expect(refusal { try office.decide(first, .approve, ada, typed: "cid.csv") } == .notAllowed)
        office.teams.pass(days: 1)
        #expect(refusal { try office.decide(first, .approve, ada) } == .invalid)
        #expect(refusal { try office.decide(first, .approve, ada, typed: "calls.csv") } == .invalid)
        try office.decide(first, .approve, ada, typed: "cid.csv")
        let typed = try await office.store.read { db in
            try String.fetchAll(
                db, sql: "SELECT payload ->> '$.typedName' FROM journal WHERE kind = 'deleteRequestDecided'")
        }
        #expect(typed == ["cid.csv"])
        try office.decide(first, .restore, ada)

        let second = try office.ask(.version(office.cids, 1), ada)
        office.teams.pass(days: 1)
        _ = try await office.store.addUser(
            username: "bo", name: "Bo", role: .admin, person: nil, password: SampleOffice.password,
            by: .console)
        #expect(refusal { try office.decide(second, .approve, ada, typed: "cid.csv") } == .notAllowed)
        #expect(try !office.ask(.version(office.file, 1), ada).isSingleAdmin)
        try office.decide(second, .approve, Office.bo)
        #expect(try await office.state(second) == .deleted)
    }

    // MARK: Whoever is an admin no more

    @Test func `whoever is no admin any more when his turn comes decides and purges nothing`() async throws {
        let office = try await Office()
        var bo = try await office.store.addUser(
            username: "bo", name: "Bo", role: .admin, person: nil, password: SampleOffice.password,
            by: .console)
        // As he was when he clicked.
        let viewer = Viewer(user: bo.id, name: "Bo", role: .admin, person: nil)
        let deleted = try office.ask(.version(office.cids, 1))
        try office.decide(deleted, .approve, viewer)
        let waiting = try office.ask(.version(office.file, 1))
        let logs = try await office.logs()
        for isDisabled in [true, false] {
            bo.role = isDisabled ? .admin : .dataEntry
            try await office.store.changeUser(bo, by: .console)
            try await office.store.setDisabled(bo.id, isDisabled, by: .console)
            for action in [.approve, .reject] as [DeleteAction] {
                #expect(refusal { try office.decide(waiting, action, viewer) } == .notAllowed, "\(action)")
            }
            #expect(refusal { try office.decide(deleted, .restore, viewer) } == .notAllowed)
            #expect(refusal { try office.purge(deleted, viewer) } == .notAllowed)
        }
        #expect(try await office.state(waiting) == .open)
        #expect(try await office.state(deleted) == .deleted)
        #expect(try await office.logs() == logs)
        #expect(try await office.faults() == [])
        bo.role = .admin
        try await office.store.changeUser(bo, by: .console)
        try office.decide(waiting, .approve, viewer)
        #expect(try await office.state(waiting) == .deleted)
    }

    // MARK: Holds

    @Test func `a hold set after the approval stops the purge, and the program goes on with the others`()
        async throws
    {
        let office = try await Office()
        let (held, free) = (
            try office.ask(.days(office.file, version: 1, [TeamsOffice.first])),
            try office.ask(.version(office.cids, 1))
        )
        try office.decide(held, .approve)
        #expect(refusal { try office.decide(free, .approve) } == .stale)
        let again = try office.ask(.version(office.cids, 1))
        try office.decide(again, .approve)
        try await office.hold(file: office.file)
        #expect(refusal { try office.purge(held) } == .conflict)
        #expect(refusal { try office.purge(held, nil) } == .conflict)
        office.teams.pass(days: 31)
        #expect(try office.store.purgesDue().count == 2)
        let failures = try purgeWhatIsDue(in: office.store)
        #expect(failures.map(\.code) == [.conflict] && failures.first?.message.contains("court") == true)
        #expect(try await office.state(held) == .deleted)
        #expect(try await office.state(again) == .purged)
        #expect(try await office.faults() == [])
        let hold = try #require(try await office.store.deleteHolds(for: Office.bo).holds.first)
        await #expect(throws: UserError.self) {
            try await office.store.changeHold(hold, to: nil, comment: " ", for: Office.bo, by: .console)
        }
        try await office.store.changeHold(hold, to: nil, comment: "over", for: Office.bo, by: .console)
        #expect(try purgeWhatIsDue(in: office.store).isEmpty)
        #expect(try await office.state(held) == .purged)
        #expect(try purgeWhatIsDue(in: office.store).isEmpty)
        #expect(try await office.faults() == [])
    }

    @Test func `a hold on an agent keeps calls of names that became his later`() async throws {
        let office = try await Office()
        let day = TeamsOffice.first
        let request = try office.ask(.version(office.cids, 1))
        try office.decide(request, .approve)
        let later = try office.ask(.days(office.file, version: 1, [day]))
        try await office.hold("Meg")
        let name = try #require(
            try await office.store.names(for: Office.bo).first { $0.name == "Cid" })
        try await office.store.linkName(
            office: name.office, folded: name.folded, to: office.teams.id("Meg"), from: nil, for: Office.bo,
            by: .console)
        #expect(refusal { try office.purge(request) } == .conflict)
        #expect(refusal { try office.purge(request, nil) } == .conflict)
        #expect(refusal { try office.decide(later, .approve) } == .conflict)
        #expect(refusal { _ = try office.ask(.days(office.file, version: 1, [day])) } == .conflict)
        // It keeps nothing in the trash.
        try office.decide(request, .restore)
        #expect(try await office.faults() == [])
    }

    @Test func `a hold on somebody holds on when he is merged into another`() async throws {
        let office = try await Office()
        try await office.hold("Cid")
        try await office.store.mergePersons(
            office.teams.id("Cid"), into: office.teams.id("Ann"), for: Office.bo, by: .console)
        #expect(refusal { _ = try office.ask(.version(office.cids, 1)) } == .conflict)
    }

    @Test func `a hold on an agent whose calls stay in another file is said when it is asked for`()
        async throws
    {
        let office = try await Office()
        let calls = (1...9).map { number in
            SampleCall(
                id: 9000 + number, agent: "Cid",
                time: LocalTime(TeamsOffice.first, secondOfDay: 60_000 + number * 60))
        }
        try takeIn(
            calls + [SampleCall(id: 1, agent: "Ann", time: LocalTime(TeamsOffice.first, secondOfDay: 0))],
            file: "both.csv", into: office.store)
        try await office.hold("Cid")
        #expect(refusal { _ = try office.ask(.version(office.cids, 1)) } == .conflict)
    }

    @Test func `a hold on days is about the days as they are cut now`() async throws {
        let office = try await Office()
        let night = TeamsOffice.first.adding(3)
        let file = try takeIn(
            [SampleCall(id: 7000, agent: "Cid", time: LocalTime(night, secondOfDay: 7200))],
            file: "night.csv",
            into: office.store
        ).upload.file
        try await office.hold(on: night.adding(-1))
        let request = try office.ask(.version(file, 1))
        var rules = try office.store.officeRulesNow()
        rules.cutOverMinutes = 240
        try office.store.changeOffice(rules, by: .console)
        #expect(refusal { _ = try office.ask(.version(file, 1)) } == .conflict)
        try office.decide(request, .withdraw, Office.dee)
    }

    // MARK: Out of date

    @Test func `an upload in between makes it out of date, also of the same calls, and the journal says so`()
        async throws
    {
        let office = try await Office()
        let request = try office.ask(.version(office.cids, 1))
        try takeIn(
            [SampleCall(id: 9001, agent: "Cid", time: LocalTime(TeamsOffice.first, secondOfDay: 60_060))],
            file: "second.csv", into: office.store)
        let before = try await office.logs()
        #expect(refusal { try office.decide(request, .approve) } == .stale)
        #expect(try await office.state(request) == .stale)
        #expect(try await office.logs() == before)
        let entry = try await office.store.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT actor || ' ' || (payload ->> '$.action') || ' ' || (payload ->> '$.comment') FROM journal
                    WHERE kind = 'deleteRequestDecided'
                    """)
        }
        #expect(
            entry.count == 1 && entry.first?.contains("lapse The figures of these days have changed") == true)
        #expect(refusal { try office.decide(request, .approve) } == .conflict)
        // Nor are the totals what the approver was shown when somebody else has more calls on these days.
        let third = try office.ask(.version(office.cids, 1))
        try takeIn(
            [SampleCall(id: 8001, agent: "Ann", time: LocalTime(TeamsOffice.first, secondOfDay: 0))],
            file: "anns.csv", into: office.store)
        #expect(try await office.store.deleteRequest(third.id, for: Office.bo).isOutOfDate)
        #expect(refusal { try office.decide(third, .approve) } == .stale)
        // What does not touch these days does not touch the request.
        let other = try office.ask(.version(office.cids, 1))
        try takeIn(
            [SampleCall(id: 8000, agent: "Cid", time: LocalTime(TeamsOffice.today, secondOfDay: 0))],
            file: "third.csv", into: office.store)
        try office.decide(other, .approve)
        #expect(try await office.state(other) == .deleted)
    }

    // MARK: The fold

    @Test func `an approval that the rules refuse has no effect when it is folded, and is named`()
        async throws
    {
        let office = try await Office()
        let before = try await office.logs()
        let request = try office.ask(.version(office.file, 1))
        let other = try office.ask(.version(office.cids, 1))
        try office.decide(other, .approve)
        let deleted = try await office.logs()
        // By whoever asked; by data entry; of nobody's request; twice.
        let parties = [RequestParty(Office.dee), RequestParty(try office.teams.viewer("Tom"))]
        for party in parties {
            try office.forge(
                .deleteRequestDecided(DeleteRequestDecided(request, .approve, comment: "", by: party)))
        }
        try office.forge(
            .deleteRequestDecided(
                DeleteRequestDecided(other, .approve, comment: "", by: RequestParty(Office.bo))))
        // Before its time, by the program; and without having been deleted.
        for request in [other, request] {
            try office.forge(
                .deleteRequestPurged(
                    DeleteRequestPurged(
                        request: request.id, by: nil, comment: "",
                        versions: [try await purged(request, office)])))
        }
        // In its time, of what another request is about, and of some days where all was deleted.
        var kept = try await purged(other, office)
        kept.kept = KeptVersion(archive: "", original: "", bytes: 0, counts: RowCounts(), digest: "")
        for version in [try await purged(request, office), kept] {
            try office.forge(
                .deleteRequestPurged(
                    DeleteRequestPurged(
                        request: other.id, by: RequestParty(Office.bo), comment: "room", versions: [version]))
            )
        }
        for _ in 0..<2 {
            try office.store.rebuildFromArchives()
            #expect(try await office.logs() == deleted && deleted < before)
            #expect(try await office.state(request) == .open)
            #expect(try await office.state(other) == .deleted)
            let refusals = try await office.refusals()
            #expect(refusals.count == 7, "\(refusals)")
            #expect(refusals.contains { $0.contains("Nobody approves") || $0.contains("not yours") })
            #expect(try await office.faults().map { $0.prefix(8) } == ["journal:"])
            // The next one is like one that was cut off.
            try office.damage("UPDATE folder SET rebuilding = 1; UPDATE journal SET refusal = NULL")
        }
        try office.store.rebuildFromArchives()
        try office.decide(other, .restore)
        #expect(try await office.logs() == before)
    }

    private func purged(_ request: DeleteRequest, _ office: Office) async throws -> PurgedVersion {
        let target = try #require(request.targets.first)
        let upload = try #require(
            try await office.store.versions(of: target.file, for: Office.bo).first?.uploaded)
        return PurgedVersion(upload, rows: 1, digest: "00", kept: nil)
    }

    @Test
    func `a request that names a version twice, or one that is not there, has no effect when it is folded`()
        async throws
    {
        let office = try await Office()
        var twice = try office.ask(.version(office.cids, 1))
        twice.targets += twice.targets
        try office.forge(.deleteRequestOpened(DeleteRequestOpened(request: twice)))
        var nowhere = try office.ask(.version(office.file, 1))
        nowhere.targets[0].version = 7
        try office.forge(.deleteRequestOpened(DeleteRequestOpened(request: nowhere)))
        try office.store.rebuildFromArchives()
        #expect(try await office.refusals().count == 2)
        #expect(try await office.store.deleteRequests(for: Office.bo).total == 2)
    }
}
