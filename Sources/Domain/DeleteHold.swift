/// Calls that must not be deleted, whoever approves it: of a file, of days, of an agent, or of all three at once.
public struct DeleteHold: Hashable, Codable, Sendable {
    public var id: ID<DeleteHold>
    /// nil: of every file.
    public var file: ID<CallFile>?
    /// nil: of every day.
    public var period: Period?
    /// nil: of every agent.
    public var person: ID<Person>?
    public var reason: String
    /// The last day on which it holds; nil: until it is lifted.
    public var until: Day?

    public init(
        id: ID<DeleteHold>, file: ID<CallFile>? = nil, period: Period? = nil, person: ID<Person>? = nil,
        reason: String, until: Day? = nil
    ) {
        self.id = id
        self.file = file
        self.period = period
        self.person = person
        self.reason = reason
        self.until = until
    }

    public func holds(on day: Day) -> Bool { until.map { day <= $0 } ?? true }

    public func check(today: Day) throws {
        guard !reason.allSatisfy(\.isWhitespace), reason.count <= 2000 else {
            throw UserError(
                .invalid, "A hold needs a reason of at most 2,000 characters.", advice: "Say why.")
        }
        if let period, period.to < period.from {
            throw UserError(
                .invalid, "The held days end before they begin.", advice: "Choose a later last day.")
        }
        if let until, until < today {
            throw UserError(
                .invalid, "\(until.iso) is over.", advice: "Choose today or a later day, or leave it empty.")
        }
    }

    /// Whether it is about some of what would go.
    ///
    /// - Parameters:
    ///   - agents: everybody with calls among it.
    ///   - touched: the days of all of it, as they are cut now.
    public func blocks(_ targets: [DeleteTarget], agents: Set<ID<Person>>, touched: Period? = nil) -> Bool {
        if let person, !agents.contains(person) { return false }
        let about = targets.filter { file == nil || $0.file == file }
        if about.contains(where: { $0.touches(period) }) { return true }
        // Days of a version are as they were cut when it was uploaded.
        guard let period, let touched, about.count == targets.count, about.allSatisfy({ $0.days == nil })
        else { return false }
        return touched.from <= period.to && period.from <= touched.to
    }
}
