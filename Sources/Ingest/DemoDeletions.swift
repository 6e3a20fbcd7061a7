import Domain
import Storage

/// What the office asked to delete, so that every page of deletions has something to show: one in the trash, one
/// rejected, one that waits for an admin, and a hold.
extension DemoStory {
    mutating func askForDeletions() async throws {
        guard let admin = admin.user, let data = dataEntry.user, let secondAdmin, let last = plan.days.last
        else { return }
        let priya = Viewer(user: data, name: dataEntry.name, role: .dataEntry, person: nil)
        let helen = Viewer(user: admin, name: self.admin.name, role: .admin, person: nil)
        let ruth = Viewer(user: secondAdmin, name: Self.secondAdminName, role: .admin, person: nil)
        let next = last.adding(last.weekday == 4 ? 3 : 1)

        setTime(next, 10, 0)
        let trial = "readymode-trial-\(plan.day(plan.halfUploaded).iso).csv"
        try await take(trialCalls(), trial)
        setTime(next, 10, 5)
        let deleted = try await ask(trial, "Calls of the new dialer's trial; they belong to nobody", priya)
        setTime(next, 10, 20)
        try await decide(deleted, .approve, comment: "Seen, none of them is real", ruth)

        setTime(next, 10, 25)
        let overlap = plan.day(plan.overlapping)
        let rejected = try await ask(
            "readymode-\(overlap.iso).csv", "60 of its calls are in the file before as well", priya,
            days: [overlap])
        setTime(next, 10, 35)
        try await decide(
            rejected, .reject,
            comment: "Each call counts once, in how many files it may be; nothing has to go", helen)

        setTime(next, 10, 40)
        _ = try await ask(
            "readymode-\(plan.day(plan.halfUploaded).iso).csv",
            "Exported at two o'clock: half the day is missing. The whole day's file follows", priya)

        setTime(next, 10, 45)
        let hold = DeleteHold(
            id: store.ids.next(at: store.clock.now()),
            period: Period(from: plan.day(0), to: plan.day(4)),
            reason: "A customer's complaint about a call of this week is being looked into",
            until: last.adding(60))
        try await store.changeHold(nil, to: hold, for: helen, by: self.admin)
    }

    /// A dozen calls that nobody made, of an agent who worked on that day.
    private func trialCalls() -> [UInt8] {
        let agent = calls.crew.agents.indices.first { calls.crew.agents[$0].name == DemoCrew.ownAgent } ?? 0
        let day = plan.day(plan.halfUploaded)
        let campaign = DemoCrew.leaders[0].campaigns[0]
        return DemoCalls.readyMode(
            (0..<12).map { number in
                DemoCalls.Call(
                    agent: agent, spelling: calls.crew.agents[agent].spelling, id: 900_000_001 + number,
                    profile: "P\(1_099_001 + number)",
                    time: LocalTime(day, secondOfDay: 11 * 3600 + number * 95), type: "Auto",
                    state: "No Answer", campaign: campaign, currentCampaign: campaign, talk: 0)
            }, hasTalk: true)
    }

    private func actor(_ viewer: Viewer) -> Actor {
        Actor(user: viewer.user, name: viewer.name, via: "web 192.0.2.40")
    }

    private func ask(_ name: String, _ reason: String, _ viewer: Viewer, days: [Day]? = nil) async throws
        -> ID<DeleteRequest>
    {
        var query = FileQuery()
        query.search = name
        let found = try await store.files(query, for: viewer).files.first { $0.uploaded.fileName == name }
        guard let upload = found?.uploaded else { throw UserError.notHere }
        let scope: DeleteScope =
            days.map { .days(upload.file, version: upload.version, $0) }
            ?? .version(upload.file, upload.version)
        let actor = actor(viewer)
        return try await onOwnThread { [store] in
            let plan = try store.planDeletion(scope, for: viewer)
            return try store.openDeleteRequest(plan, reason: reason, for: viewer, by: actor).id
        }
    }

    private func decide(
        _ id: ID<DeleteRequest>, _ action: DeleteAction, comment: String, _ viewer: Viewer
    ) async throws {
        let actor = actor(viewer)
        try await onOwnThread { [store] in
            try store.decideDeleteRequest(id, action, comment: comment, for: viewer, by: actor)
        }
    }
}
