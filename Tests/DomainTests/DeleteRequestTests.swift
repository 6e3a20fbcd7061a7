import Domain
import Testing

/// Every rule of a delete request, each with the words it is refused with.
@Suite struct DeleteRequestTests {
    private static let opened = HybridTime(bits: (1_795_000_000_000 as Int64) << 16)
    private static let today = day(20)
    private static let file: ID<CallFile> = numbered(1)
    private static let other: ID<CallFile> = numbered(2)
    private static let jane: ID<Person> = numbered(31)

    private static let data = RequestParty(user: numbered(51), name: "Dee", role: .dataEntry, person: nil)
    private static let admin = RequestParty(
        user: numbered(52), name: "Ada", role: .admin, person: numbered(32))
    /// The same human's second account.
    private static let twin = RequestParty(
        user: numbered(53), name: "Ada2", role: .admin, person: numbered(32))
    private static let boss = RequestParty(user: numbered(54), name: "Bo", role: .admin, person: nil)
    private static let manager = RequestParty(
        user: numbered(55), name: "Mo", role: .teamManager, person: numbered(33))
    private static let leader = RequestParty(
        user: numbered(56), name: "Lea", role: .teamLeader, person: numbered(34))
    private static let agent = RequestParty(user: numbered(57), name: "Al", role: .agent, person: jane)

    private static func target(
        _ file: ID<CallFile> = file, days: [Day]? = nil, from: Day? = day(1), to: Day? = day(9)
    ) -> DeleteTarget {
        DeleteTarget(file: file, fileName: "a.csv", version: 1, days: days, firstDay: from, lastDay: to)
    }

    private static func request(
        by opener: RequestParty = data, isSingleAdmin: Bool = false, targets: [DeleteTarget] = [target()],
        reason: String = "wrong", rows: Int = 5
    ) -> DeleteRequest {
        DeleteRequest(
            id: numbered(9), kind: .version, targets: targets, cutOverMinutes: 0, reason: reason,
            preview: DeletePreview(
                rows: rows, agents: [.init(person: jane, name: "Jane", before: 5, after: 0)]),
            opener: opener, isSingleAdmin: isSingleAdmin, opened: opened)
    }

    private static func context(
        hours: Int64 = 1, holds: [DeleteHold] = [], agents: Set<ID<Person>> = [],
        rules: DeleteRules = DeleteRules()
    ) -> DeleteContext {
        DeleteContext(
            now: opened.instant.adding(seconds: hours * 3600),
            today: today.adding(Int(hours / 24)), rules: rules, holds: holds, agents: agents)
    }

    private static func time(_ hours: Int64) -> HybridTime {
        .next(after: opened, now: opened.instant.adding(seconds: hours * 3600))
    }

    @discardableResult
    private static func step(
        _ request: DeleteRequest, _ action: DeleteAction, _ comment: String = "so it is",
        typed: String? = nil, by party: RequestParty, hours: Int64 = 1, holds: [DeleteHold] = [],
        agents: Set<ID<Person>> = []
    ) throws -> DeleteRequest {
        try request.deciding(
            action, comment: comment, typedName: typed, by: party, at: time(hours),
            in: context(hours: hours, holds: holds, agents: agents))
    }

    private func refused(
        _ code: UserError.Code, _ words: String, _ body: () throws -> Void,
        at place: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: UserError.self, sourceLocation: place) { try body() }
        #expect(error?.code == code, sourceLocation: place)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")", sourceLocation: place)
        #expect(error?.advice.isEmpty == false, sourceLocation: place)
    }

    // MARK: Opening

    @Test func `what a request must have to be opened`() throws {
        try Self.request().checkOpening(in: Self.context())
        for role in [Self.admin, Self.manager] { try Self.request(by: role).checkOpening(in: Self.context()) }
        for role in [Self.leader, Self.agent] {
            refused(.notFound, "nothing here") { try Self.request(by: role).checkOpening(in: Self.context()) }
        }
        for reason in ["", " \n", String(repeating: "x", count: 2001)] {
            refused(.invalid, "needs a reason") {
                try Self.request(reason: reason).checkOpening(in: Self.context())
            }
        }
        try Self.request(reason: String(repeating: "x", count: 2000)).checkOpening(in: Self.context())
        refused(.invalid, "No day") {
            try Self.request(targets: [Self.target(Self.other), Self.target(days: [])]).checkOpening(
                in: Self.context())
        }
        refused(.conflict, "nothing to delete") { try Self.request(rows: 0).checkOpening(in: Self.context()) }
        refused(.invalid, "no new request") { try Self.request(targets: []).checkOpening(in: Self.context()) }
        refused(.invalid, "no new request") {
            try Self.request(targets: Array(repeating: Self.target(), count: 5001))
                .checkOpening(in: Self.context())
        }
        refused(.invalid, "no new request") {
            try Self.request(targets: [Self.target(), Self.target(days: [day(2)])]).checkOpening(
                in: Self.context())
        }
        // One that comes with steps already taken, as a forged entry would.
        let approved = try Self.step(Self.request(), .approve, by: Self.admin)
        refused(.invalid, "no new request") { try approved.checkOpening(in: Self.context()) }
        var noted = Self.request()
        noted.steps = approved.steps
        refused(.invalid, "no new request") { try noted.checkOpening(in: Self.context()) }
    }

    // MARK: Who

    @Test func `nobody approves or rejects his own, under whichever account`() throws {
        for opener in [Self.admin, Self.twin] {
            let request = Self.request(by: opener)
            for party in [Self.admin, Self.twin] {
                refused(.notAllowed, "Nobody approves his own") {
                    try Self.step(request, .approve, by: party)
                }
                refused(.notAllowed, "Nobody approves his own") {
                    try Self.step(request, .approve, typed: "a.csv", by: party, hours: 30)
                }
                #expect(throws: UserError.self) { try Self.step(request, .reject, by: party) }
            }
            #expect(try Self.step(request, .approve, by: Self.boss).stage == .deleted)
            #expect(try Self.step(request, .reject, by: Self.boss).stage == .rejected)
        }
        // Two accounts without a person behind them are not one human's.
        #expect(try Self.step(Self.request(by: Self.boss), .approve, by: Self.admin).stage == .deleted)
        // The same account that got another name or role meanwhile.
        var promoted = Self.data
        (promoted.role, promoted.name) = (.admin, "Dee the admin")
        refused(.notAllowed, "Nobody approves his own") {
            try Self.step(Self.request(), .approve, by: promoted)
        }
    }

    @Test func `the console does not approve what it asked for`() throws {
        let console = RequestParty(.console)
        for hours in [1, 30] as [Int64] {
            refused(.notAllowed, "Nobody approves his own") {
                try Self.step(Self.request(by: console), .approve, typed: "a.csv", by: console, hours: hours)
            }
        }
    }

    @Test func `only admins decide, and others learn nothing of it`() throws {
        for party in [Self.data, Self.manager, Self.leader, Self.agent] {
            for action in DeleteAction.allCases where action != .lapse {
                refused(.notFound, "nothing here") {
                    try Self.step(Self.request(by: Self.boss), action, by: party)
                }
            }
            let deleted = try Self.step(Self.request(by: Self.boss), .approve, by: Self.admin)
            refused(.notFound, "nothing here") { try Self.step(deleted, .restore, by: party) }
            refused(.notFound, "nothing here") {
                _ = try deleted.purging(
                    by: party, comment: "now", at: Self.time(1), in: Self.context(hours: 24 * 400))
            }
        }
        // Whoever asked sees it, and may do no more than withdraw and comment.
        for action in [.approve, .reject, .restore] as [DeleteAction] {
            let error = #expect(throws: UserError.self) {
                try Self.step(Self.request(), action, by: Self.data)
            }
            #expect(error?.code == .notAllowed || error?.code == .conflict, "\(action)")
        }
    }

    @Test func `only whoever asked withdraws`() throws {
        #expect(try Self.step(Self.request(), .withdraw, "", by: Self.data).stage == .withdrawn)
        #expect(try Self.step(Self.request(by: Self.admin), .withdraw, by: Self.twin).stage == .withdrawn)
        refused(.notAllowed, "not yours") { try Self.step(Self.request(), .withdraw, by: Self.boss) }
        let deleted = try Self.step(Self.request(), .approve, by: Self.boss)
        refused(.conflict, "in the trash already") { try Self.step(deleted, .withdraw, by: Self.data) }
    }

    @Test func `what may be done is what is offered`() throws {
        let parties = [Self.data, Self.admin, Self.twin, Self.boss, Self.manager, Self.leader, Self.agent]
        let open = [
            Self.request(), Self.request(by: Self.admin), Self.request(by: Self.boss, isSingleAdmin: true),
        ]
        let deleted = try Self.step(Self.request(), .approve, by: Self.boss)
        let requests =
            try open + [
                deleted, Self.step(deleted, .restore, by: Self.admin),
                Self.step(Self.request(), .reject, by: Self.boss),
                Self.step(Self.request(), .lapse, by: Self.boss),
            ]
        for request in requests {
            for hours in [1, 25, 24 * 15] as [Int64] {
                for party in parties {
                    let offered = request.allowedActions(for: party, in: Self.context(hours: hours))
                    for action in DeleteAction.allCases where action != .lapse {
                        let after = try? Self.step(
                            request, action, typed: "a.csv", by: party, hours: hours)
                        #expect(
                            (after != nil) == offered.contains(action),
                            "\(request.stage) \(action) \(party.name) \(hours)")
                    }
                }
            }
        }
    }

    // MARK: What

    @Test func `rejecting, restoring and commenting need words`() throws {
        let deleted = try Self.step(Self.request(), .approve, "", by: Self.boss)
        for words in ["", "  \n\t", String(repeating: "x", count: 2001)] {
            refused(.invalid, "needs a comment") {
                try Self.step(Self.request(), .reject, words, by: Self.boss)
            }
            refused(.invalid, "needs a comment") {
                try Self.step(Self.request(), .comment, words, by: Self.data)
            }
            refused(.invalid, "needs a comment") { try Self.step(deleted, .restore, words, by: Self.boss) }
        }
        refused(.invalid, "2,000") {
            try Self.step(Self.request(), .approve, String(repeating: "x", count: 2001), by: Self.boss)
        }
        let commented = try Self.step(Self.request(), .comment, "why?", by: Self.boss)
        #expect(commented.stage == .open && commented.steps.map(\.comment) == ["why?"])
    }

    @Test func `steps and times are kept`() throws {
        let rules = DeleteRules(trashDays: 3)
        var request = Self.request()
        request = try request.deciding(
            .approve, comment: "yes", by: Self.boss, at: Self.time(2),
            in: Self.context(hours: 2, rules: rules))
        #expect(request.deleted == Self.time(2) && request.trashDays == 3)
        // A later change of the rules moves no purge.
        #expect(request.purgeTime == Self.time(2).instant.adding(seconds: 3 * 86_400))
        request = try Self.step(request, .restore, "back", by: Self.admin, hours: 5)
        #expect(request.stage == .restored && request.purgeTime == nil)
        #expect(request.steps.map(\.action) == [.approve, .restore])
        #expect(request.steps.map(\.by) == [Self.boss, Self.admin])
    }

    @Test func `an undecided request is over after its days`() throws {
        let end: Int64 = 14 * 24
        #expect(Self.request().state(now: Self.context(hours: end).now, rules: DeleteRules()) == .expired)
        let justBefore = Self.request().expiry(DeleteRules()).adding(seconds: -1)
        #expect(Self.request().state(now: justBefore, rules: DeleteRules()) == .open)
        for action in [.approve, .reject] as [DeleteAction] {
            refused(.conflict, "expired already") {
                try Self.step(Self.request(), action, by: Self.boss, hours: end)
            }
        }
        refused(.conflict, "expired already") {
            try Self.step(Self.request(), .withdraw, by: Self.data, hours: end)
        }
        refused(.conflict, "expired already") {
            try Self.step(Self.request(), .lapse, by: Self.boss, hours: end)
        }
        _ = try Self.step(Self.request(), .comment, "too late", by: Self.data, hours: end)
    }

    @Test(arguments: [DeleteAction.reject, .withdraw, .lapse, .restore])
    func `what is decided stays decided`(action: DeleteAction) throws {
        var request = Self.request()
        if action == .restore { request = try Self.step(request, .approve, by: Self.boss) }
        request = try Self.step(request, action, by: action == .withdraw ? Self.data : Self.admin)
        for next in DeleteAction.allCases where next != .comment {
            let party = next == .withdraw ? Self.data : Self.boss
            refused(.conflict, "already. Nothing was changed") { try Self.step(request, next, by: party) }
        }
        refused(.conflict, "already. Nothing was changed") {
            _ = try request.purging(by: nil, comment: "", at: Self.time(1), in: Self.context(hours: 24 * 99))
        }
    }

    // MARK: The only admin

    @Test func `an only admin waits a day and types the name`() throws {
        let request = Self.request(by: Self.admin, isSingleAdmin: true)
        refused(.notAllowed, "24 hours after") {
            try Self.step(request, .approve, typed: "a.csv", by: Self.admin, hours: 23)
        }
        for typed in [nil, "", "A.csv", "a.csv "] as [String?] {
            refused(.invalid, "is not “a.csv”") {
                try Self.step(request, .approve, typed: typed, by: Self.admin, hours: 24)
            }
        }
        #expect(
            try Self.step(request, .approve, typed: "a.csv", by: Self.admin, hours: 24).stage == .deleted)
        // Another account of the same human is not the account that waits.
        refused(.notAllowed, "Nobody approves") {
            try Self.step(request, .approve, typed: "a.csv", by: Self.twin, hours: 24)
        }
        // An admin who came meanwhile need not wait, nor type.
        #expect(try Self.step(request, .approve, by: Self.boss).stage == .deleted)
        // Once an admin, now somebody else.
        var former = Self.admin
        former.role = .dataEntry
        #expect(throws: UserError.self) {
            try Self.step(request, .approve, typed: "a.csv", by: former, hours: 24)
        }
        // One of several admins has no such way.
        refused(.notAllowed, "Nobody approves his own") {
            try Self.step(Self.request(by: Self.admin), .approve, typed: "a.csv", by: Self.admin, hours: 24)
        }
    }

    // MARK: Restore and purge

    @Test func `any admin restores, also who approved and who asked`() throws {
        let deleted = try Self.step(Self.request(by: Self.admin), .approve, by: Self.boss)
        for party in [Self.admin, Self.twin, Self.boss] {
            #expect(try Self.step(deleted, .restore, by: party).stage == .restored)
        }
        refused(.conflict, "open already") { try Self.step(Self.request(), .restore, by: Self.boss) }
    }

    @Test func `a purge waits for its time, or another admin says why not`() throws {
        let deleted = try Self.step(Self.request(by: Self.admin), .approve, by: Self.boss)
        func purge(_ party: RequestParty?, _ comment: String, hours: Int64) throws -> DeleteRequest {
            try deleted.purging(
                by: party, comment: comment, at: Self.time(hours), in: Self.context(hours: hours))
        }
        let due: Int64 = 30 * 24 + 1
        refused(.conflict, "not over") { _ = try purge(nil, "", hours: due - 1) }
        #expect(try purge(nil, "", hours: due).stage == .purged)
        #expect(try purge(nil, "", hours: due).purged == Self.time(due))
        for party in [Self.admin, Self.twin] {
            refused(.notAllowed, "Nobody purges early") { _ = try purge(party, "room", hours: 2) }
            #expect(try purge(party, "", hours: due).stage == .purged)
        }
        for words in ["", " \n", String(repeating: "x", count: 2001)] {
            refused(.invalid, "needs a comment") { _ = try purge(Self.boss, words, hours: 2) }
        }
        #expect(try purge(Self.boss, "room", hours: 2).stage == .purged)
        refused(.conflict, "purged already") {
            _ = try purge(nil, "", hours: due).purging(
                by: nil, comment: "", at: Self.time(due), in: Self.context(hours: due))
        }
        refused(.conflict, "open already") {
            _ = try Self.request().purging(
                by: Self.boss, comment: "now", at: Self.time(1), in: Self.context())
        }
    }

    @Test func `the rules of deletions have bounds`() {
        for days in [0, 91, -1] {
            #expect(throws: UserError.self) { try DeleteRules(expiryDays: days).check() }
        }
        for days in [0, 3651] { #expect(throws: UserError.self) { try DeleteRules(trashDays: days).check() } }
        for hours in [0, 721] {
            #expect(throws: UserError.self) { try DeleteRules(singleAdminHours: hours).check() }
        }
        #expect(throws: Never.self) {
            try DeleteRules(expiryDays: 1, trashDays: 1, singleAdminHours: 1).check()
            try DeleteRules(expiryDays: 90, trashDays: 3650, singleAdminHours: 720).check()
        }
    }

    // MARK: Holds

    private static func hold(
        file: ID<CallFile>? = nil, _ period: Period? = nil, person: ID<Person>? = nil, until: Day? = nil
    ) -> DeleteHold {
        DeleteHold(id: numbered(7), file: file, period: period, person: person, reason: "court", until: until)
    }

    @Test func `a hold is about files, days and agents, or all of them at once`() {
        let week = Self.target()
        let days = Self.target(days: [day(3), day(5)])
        let bare = Self.target(from: nil, to: nil)
        func blocks(_ hold: DeleteHold, _ target: DeleteTarget, _ agents: Set<ID<Person>> = []) -> Bool {
            hold.blocks([target], agents: agents)
        }
        #expect(blocks(Self.hold(), week) && blocks(Self.hold(), bare), "everything")
        #expect(blocks(Self.hold(file: Self.file), week) && !blocks(Self.hold(file: Self.other), week))
        for (from, to, ofWeek, ofDays) in [
            (4, 4, true, false), (3, 3, true, true), (5, 9, true, true), (6, 8, true, false),
            (9, 20, true, false), (10, 20, false, false), (-5, 0, false, false), (-5, 1, true, false),
        ] {
            let held = Self.hold(Period(from: day(from), to: day(to)))
            #expect(blocks(held, week) == ofWeek && blocks(held, days) == ofDays, "\(from) to \(to)")
            #expect(!blocks(held, bare), "a version without calls has no days")
        }
        let person = Self.hold(person: Self.jane)
        #expect(blocks(person, week, [Self.jane]) && !blocks(person, week, [numbered(30)]))
        let period = Period(from: day(3), to: day(3))
        let all = Self.hold(file: Self.file, period, person: Self.jane)
        #expect(blocks(all, week, [Self.jane]))
        #expect(!blocks(all, week) && !blocks(all, Self.target(Self.other), [Self.jane]))
        #expect(!blocks(all, Self.target(days: [day(4)]), [Self.jane]))
        // File and days must meet in one and the same target.
        #expect(
            !all.blocks([Self.target(days: [day(4)]), Self.target(Self.other)], agents: [Self.jane]))
        #expect(all.blocks([Self.target(Self.other), Self.target()], agents: [Self.jane]))
    }

    @Test func `a hold forbids opening, approval and purge, and its last day counts`() throws {
        let now = Self.context().today
        for (until, holds) in [(nil, true), (now, true), (now.adding(1), true), (now.adding(-1), false)]
            as [(Day?, Bool)]
        {
            let list = [Self.hold(file: Self.other), Self.hold(file: Self.file, until: until)]
            let deleted = try Self.step(Self.request(), .approve, by: Self.boss)
            let steps: [() throws -> Void] = [
                { try Self.request().checkOpening(in: Self.context(holds: list)) },
                { try Self.step(Self.request(), .approve, by: Self.boss, holds: list) },
                {
                    _ = try deleted.purging(
                        by: Self.boss, comment: "room", at: Self.time(1), in: Self.context(holds: list))
                },
            ]
            for step in steps {
                if holds {
                    refused(.conflict, "A hold keeps some of these calls: court", step)
                } else {
                    try step()
                }
            }
            // It keeps nobody from saying no, or from bringing back.
            try Self.step(Self.request(), .reject, by: Self.boss, holds: list)
            try Self.step(Self.request(), .withdraw, by: Self.data, holds: list)
            try Self.step(deleted, .restore, by: Self.boss, holds: list)
        }
        // Who has calls among it is known from the request, and from what names mean now.
        for (person, agents) in [(Self.jane, Set<ID<Person>>()), (numbered(30), [numbered(30)])] {
            refused(.conflict, "court") {
                try Self.step(
                    Self.request(), .approve, by: Self.boss, holds: [Self.hold(person: person)],
                    agents: agents)
            }
        }
    }

    @Test func `what a hold must have`() throws {
        try Self.hold(until: Self.today).check(today: Self.today)
        refused(.invalid, "is over") { try Self.hold(until: day(19)).check(today: Self.today) }
        refused(.invalid, "end before they begin") {
            // As no form makes it, but a forged entry may.
            var period = Period(from: day(3), to: day(3))
            period.to = day(2)
            try Self.hold(period).check(today: Self.today)
        }
        for reason in ["", "  ", String(repeating: "x", count: 2001)] {
            var hold = Self.hold()
            hold.reason = reason
            refused(.invalid, "needs a reason") { try hold.check(today: Self.today) }
        }
    }

    // MARK: Spans

    @Test func `days are stretches of the clock from cut-over to cut-over, joined where they meet`() {
        let target = Self.target(days: [day(5), day(3), day(4), day(3), day(9)])
        for cutOver in [0, 240, 1439] {
            let begin = { (number: Int) in LocalTime(day(number), secondOfDay: cutOver * 60).seconds }
            #expect(
                target.spans(cutOverMinutes: cutOver) == [
                    ClockSpan(from: begin(3), until: begin(6)), ClockSpan(from: begin(9), until: begin(10)),
                ])
        }
        #expect(Self.target().spans(cutOverMinutes: 240) == [.always])
        let span = ClockSpan(from: 5, until: 7)
        #expect([4, 5, 6, 7].map { span.contains($0) } == [false, true, true, false])
    }
}
