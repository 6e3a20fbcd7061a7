/// A version of a file that is to go, whole or some of its days.
public struct DeleteTarget: Hashable, Codable, Sendable {
    public var file: ID<CallFile>
    public var fileName: String
    public var version: Int
    /// Business days in order; nil: the whole version.
    public var days: [Day]?
    /// First and last day with calls in the version.
    public var firstDay: Day?
    public var lastDay: Day?

    public init(
        file: ID<CallFile>, fileName: String, version: Int, days: [Day]? = nil, firstDay: Day? = nil,
        lastDay: Day? = nil
    ) {
        self.file = file
        self.fileName = fileName
        self.version = version
        self.days = days
        self.firstDay = firstDay
        self.lastDay = lastDay
    }

    /// The wall-clock time that goes, in order and apart; the day's cut-over is frozen with the request, so that
    /// a later change of it moves no call in or out.
    public func spans(cutOverMinutes: Int) -> [ClockSpan] {
        guard let days else { return [.always] }
        var spans: [ClockSpan] = []
        for day in Set(days).sorted() {
            let begin = LocalTime(day, secondOfDay: cutOverMinutes * 60).seconds
            if let last = spans.last, last.until == begin {
                spans[spans.count - 1].until = begin + 86_400
            } else {
                spans.append(ClockSpan(from: begin, until: begin + 86_400))
            }
        }
        return spans
    }

    /// Whether some of it lies in a period; nil: any time.
    func touches(_ period: Period?) -> Bool {
        guard let period else { return true }
        if let days { return days.contains { period.from <= $0 && $0 <= period.to } }
        guard let firstDay, let lastDay else { return false }
        return firstDay <= period.to && period.from <= lastDay
    }
}

/// A half-open stretch of a source's wall clock, in seconds since 1970.
public struct ClockSpan: Hashable, Codable, Sendable {
    public var from: Int64
    public var until: Int64

    public init(from: Int64, until: Int64) {
        self.from = from
        self.until = until
    }

    /// All of a version.
    public static let always = ClockSpan(from: .min, until: .max)

    public func contains(_ second: Int64) -> Bool { from <= second && second < until }
}

/// Figures that a deletion changes.
public struct DeleteTotals: Hashable, Codable, Sendable {
    public var logs: Int
    public var contacts: Int
    public var successes: Int
    /// Seconds.
    public var talk: Int
    public var active: Int

    public init(logs: Int = 0, contacts: Int = 0, successes: Int = 0, talk: Int = 0, active: Int = 0) {
        self.logs = logs
        self.contacts = contacts
        self.successes = successes
        self.talk = talk
        self.active = active
    }

    public init(_ figures: Figures) {
        self.init(
            logs: figures.logs, contacts: figures.contacts, successes: figures.successes, talk: figures.talk,
            active: figures.activity?.active ?? 0)
    }
}

/// What exactly a request would do, as it was when it was asked for; the approver approves this and nothing else.
public struct DeletePreview: Hashable, Codable, Sendable {
    /// One agent's or one team's logs in the period.
    public struct Share: Hashable, Codable, Sendable {
        /// The agent, or the team's leader; nil: no leader.
        public var person: ID<Person>?
        public var name: String
        public var before: Int
        public var after: Int

        public init(person: ID<Person>?, name: String, before: Int, after: Int) {
            self.person = person
            self.name = name
            self.before = before
            self.after = after
        }
    }

    /// Another live version that holds some of the calls, which therefore stay.
    public struct Holder: Hashable, Codable, Sendable {
        public var file: ID<CallFile>
        public var fileName: String
        public var version: Int
        public var calls: Int

        public init(file: ID<CallFile>, fileName: String, version: Int, calls: Int) {
            self.file = file
            self.fileName = fileName
            self.version = version
            self.calls = calls
        }
    }

    /// Rows of the targets that go.
    public var rows: Int
    /// Calls that are in no figure afterwards.
    public var gone: Int
    /// Rows whose call stays, for another live version holds it.
    public var stays: Int
    /// Of those, calls that count with another content afterwards.
    public var returns: Int
    /// Business days that it touches; nil: no rows.
    public var period: Period?
    public var days: Int
    /// Of the whole office in the period.
    public var before: DeleteTotals
    public var after: DeleteTotals
    public var agents: [Share]
    public var teams: [Share]
    public var holders: [Holder]
    /// Hex of a digest over every agent-day of the period as it counted then: cheap to compare.
    public var figures: String
    /// Hex of a digest over the rows that go, what counts instead, and `figures`.
    public var digest: String

    public init(
        rows: Int = 0, gone: Int = 0, stays: Int = 0, returns: Int = 0, period: Period? = nil, days: Int = 0,
        before: DeleteTotals = DeleteTotals(), after: DeleteTotals = DeleteTotals(), agents: [Share] = [],
        teams: [Share] = [], holders: [Holder] = [], figures: String = "", digest: String = ""
    ) {
        self.rows = rows
        self.gone = gone
        self.stays = stays
        self.returns = returns
        self.period = period
        self.days = days
        self.before = before
        self.after = after
        self.agents = agents
        self.teams = teams
        self.holders = holders
        self.figures = figures
        self.digest = digest
    }
}

/// What can be done with a delete request that is there.
public enum DeleteAction: String, Hashable, Codable, Sendable, CaseIterable {
    /// By another admin: the calls are out of every figure from then on.
    case approve
    case reject
    /// By whoever asked.
    case withdraw
    /// By the program: what was asked for is no longer what would happen.
    case lapse
    /// Out of the trash, back into every figure.
    case restore
    case comment
}

/// One step that was taken, kept in order.
public struct DeleteStep: Hashable, Codable, Sendable {
    public var action: DeleteAction
    public var by: RequestParty
    public var comment: String
    public var time: HybridTime

    public init(action: DeleteAction, by: RequestParty, comment: String, time: HybridTime) {
        self.action = action
        self.by = by
        self.comment = comment
        self.time = time
    }
}

/// A wish to take calls out of the figures, and their files into the trash; never done by one person alone.
public struct DeleteRequest: Hashable, Codable, Sendable {
    /// As what it was asked for.
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        case version
        case file
        case days
        /// Files that the office's retention period proposes.
        case retention
    }

    /// What was done so far; what time made of it is `State`.
    public enum Stage: String, Hashable, Codable, Sendable, CaseIterable {
        case open
        case rejected
        case withdrawn
        case stale
        /// In the trash.
        case deleted
        case restored
        case purged
    }

    public enum State: String, Hashable, Codable, Sendable, CaseIterable {
        case open
        /// Nobody decided in time.
        case expired
        case rejected
        case withdrawn
        case stale
        case deleted
        case restored
        case purged
    }

    public var id: ID<DeleteRequest>
    public var kind: Kind
    public var targets: [DeleteTarget]
    /// The office's cut-over when it was asked for.
    public var cutOverMinutes: Int
    public var reason: String
    public var preview: DeletePreview
    public var opener: RequestParty
    /// The opener was the office's only admin: after a day he may approve it himself, marked as such.
    public var isSingleAdmin: Bool
    public var opened: HybridTime
    public var stage: Stage
    public var steps: [DeleteStep]
    /// When it was approved, and how many days it then lies in the trash.
    public var deleted: HybridTime?
    public var trashDays: Int?
    public var purged: HybridTime?

    public init(
        id: ID<DeleteRequest>, kind: Kind, targets: [DeleteTarget], cutOverMinutes: Int, reason: String,
        preview: DeletePreview, opener: RequestParty, isSingleAdmin: Bool, opened: HybridTime
    ) {
        self.id = id
        self.kind = kind
        self.targets = targets
        self.cutOverMinutes = cutOverMinutes
        self.reason = reason
        self.preview = preview
        self.opener = opener
        self.isSingleAdmin = isSingleAdmin
        self.opened = opened
        stage = .open
        steps = []
    }

    public func state(now: Instant, rules: DeleteRules) -> State {
        switch stage {
        case .open: now >= expiry(rules) ? .expired : .open
        case .rejected: .rejected
        case .withdrawn: .withdrawn
        case .stale: .stale
        case .deleted: .deleted
        case .restored: .restored
        case .purged: .purged
        }
    }

    /// The instant from which it can no longer be decided.
    public func expiry(_ rules: DeleteRules) -> Instant {
        opened.instant.adding(seconds: Int64(rules.expiryDays) * 86_400)
    }

    /// The instant from which it is purged; nil: it is not in the trash.
    public var purgeTime: Instant? {
        guard stage == .deleted, let deleted, let trashDays else { return nil }
        return deleted.instant.adding(seconds: Int64(trashDays) * 86_400)
    }

    /// The instant from which a single admin may approve what he asked for himself.
    public func singleAdminTime(_ rules: DeleteRules) -> Instant {
        opened.instant.adding(seconds: Int64(rules.singleAdminHours) * 3600)
    }

    /// What a single admin types to approve: the name of the first file.
    public var typedName: String { targets.first?.fileName ?? "" }
}

/// Periods of deletions; part of the office's rules.
public struct DeleteRules: Hashable, Codable, Sendable {
    /// Days after which an undecided request is over.
    public var expiryDays: Int
    /// Days between approval and purge.
    public var trashDays: Int
    /// Hours that an office's only admin waits for himself.
    public var singleAdminHours: Int

    public init(expiryDays: Int = 14, trashDays: Int = 30, singleAdminHours: Int = 24) {
        self.expiryDays = expiryDays
        self.trashDays = trashDays
        self.singleAdminHours = singleAdminHours
    }

    public func check() throws {
        guard (1...90).contains(expiryDays) else {
            throw UserError(
                .invalid, "Delete requests must end after 1 to 90 days.", advice: "14 is usual.")
        }
        guard (1...3650).contains(trashDays) else {
            throw UserError(
                .invalid, "What is deleted must stay in the trash for 1 to 3,650 days.",
                advice: "30 is usual.")
        }
        guard (1...720).contains(singleAdminHours) else {
            throw UserError(
                .invalid, "An only admin must wait 1 to 720 hours.", advice: "24 is usual.")
        }
    }
}
