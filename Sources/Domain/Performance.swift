/// What was counted over some agent-days: every part is additive, so a whole is the sum of its slices.
public struct Figures: Hashable, Sendable {
    public var logs = 0
    public var dials = 0
    public var human = 0
    public var contacts = 0
    public var successes = 0
    public var dnc = 0
    public var callbacks = 0
    public var machine = 0
    /// Logs whose state has no meaning yet: in `logs` and in nothing else.
    public var unmapped = 0
    /// Logs that carry a duration, and the sum of these in seconds.
    public var talkLogs = 0
    public var talk = 0
    /// nil where logs were chosen by something that pauses between logs do not have, a state for example.
    public var activity: Activity?

    /// What follows from the times of logs: metrics "active A, idle I" and "present day".
    public struct Activity: Hashable, Sendable {
        /// Seconds.
        public var active = 0
        /// Seconds; nil by hour of the day, which splits only active time.
        public var idle: Int?
        public var presentDays: Int?

        public init(active: Int = 0, idle: Int? = 0, presentDays: Int? = 0) {
            self.active = active
            self.idle = idle
            self.presentDays = presentDays
        }

        public static func + (a: Activity, b: Activity) -> Activity {
            Activity(
                active: a.active &+ b.active, idle: a.idle.flatMap { x in b.idle.map { x &+ $0 } },
                presentDays: a.presentDays.flatMap { x in b.presentDays.map { x &+ $0 } })
        }
    }

    public init(activity: Activity? = nil) { self.activity = activity }

    /// Counts `logs` that share one outcome; nil flags: unmapped.
    public mutating func add(_ logs: Int, flags: OutcomeFlags?, talkLogs: Int, talk: Int) {
        self.logs &+= logs
        self.talkLogs &+= talkLogs
        self.talk &+= talk
        guard let flags else {
            unmapped &+= logs
            return
        }
        if flags.contains(.attempted) { dials &+= logs }
        if flags.contains(.human) { human &+= logs }
        if flags.contains(.contact) { contacts &+= logs }
        if flags.contains(.success) { successes &+= logs }
        if flags.contains(.doNotCall) { dnc &+= logs }
        if flags.contains(.callback) { callbacks &+= logs }
        if flags.contains(.machine) { machine &+= logs }
    }

    public static func + (a: Figures, b: Figures) -> Figures {
        var sum = Figures(activity: a.activity.flatMap { x in b.activity.map { x + $0 } })
        sum.logs = a.logs &+ b.logs
        sum.dials = a.dials &+ b.dials
        sum.human = a.human &+ b.human
        sum.contacts = a.contacts &+ b.contacts
        sum.successes = a.successes &+ b.successes
        sum.dnc = a.dnc &+ b.dnc
        sum.callbacks = a.callbacks &+ b.callbacks
        sum.machine = a.machine &+ b.machine
        sum.unmapped = a.unmapped &+ b.unmapped
        sum.talkLogs = a.talkLogs &+ b.talkLogs
        sum.talk = a.talk &+ b.talk
        return sum
    }
}

/// The logs a count is made of, so that a figure can be opened.
public enum Counting: String, CaseIterable, Hashable, Sendable {
    case dials, human, contacts, successes, dnc, callbacks, machine, unmapped
    case talk

    /// nil: not decided by the outcome.
    public var flag: OutcomeFlags? {
        switch self {
        case .dials: .attempted
        case .human: .human
        case .contacts: .contact
        case .successes: .success
        case .dnc: .doNotCall
        case .callbacks: .callback
        case .machine: .machine
        case .unmapped, .talk: nil
        }
    }

    public var title: String {
        switch self {
        case .dials: "Dials"
        case .human: "Human"
        case .contacts: "Contacts"
        case .successes: "Successes"
        case .dnc: "Do not call"
        case .callbacks: "Callbacks"
        case .machine: "Machine"
        case .unmapped: "Unmapped"
        case .talk: "With a duration"
        }
    }
}

/// One column of figures: what it is called, how it is computed, and out of how many.
public struct Metric: Sendable {
    public enum Unit: Sendable {
        case count
        /// A share from 0 to 1.
        case share
        /// Per hour.
        case rate
        /// Seconds, read as hours or as minutes.
        case hours
        case seconds
    }

    /// Stable name in JSON, CSV and addresses.
    public var key: String
    public var title: String
    public var formula: String
    public var unit: Unit
    public var counting: Counting?
    /// nil is shown as “—”, never as 0.
    public var value: @Sendable (Figures) -> Double?
    /// The number of cases behind the value.
    public var n: @Sendable (Figures) -> Int
    /// Numerator and denominator of a share, for an order that small samples do not lead.
    public var proportion: (@Sendable (Figures) -> (Int, Int))?

    /// The value as it stands in JSON and CSV: shares to 4 digits, rates and means to 2, counts whole.
    public func rounded(_ figures: Figures) -> Double? {
        value(figures).map { value in
            switch unit {
            case .count, .hours: value.rounded()
            case .share: (value * 10_000).rounded() / 10_000
            case .rate, .seconds: (value * 100).rounded() / 100
            }
        }
    }

    /// The calls that opening a value shows: those it counts, or the part that a ratio is about; nil: all.
    public var opens: Counting? {
        switch key {
        case "contactRate": .contacts
        case "conversion", "conversionPerDial", "successesPerActiveHour": .successes
        case "talk", "aht", "coverage": .talk
        default: counting
        }
    }

    public static func named(_ key: String) -> Metric? { all.first { $0.key == key } }

    /// Every metric of a report, in the order of its columns.
    public static let all: [Metric] = [
        count("logs", "Logs", "Counted lines of live files", nil) { $0.logs },
        count("dials", "Dials", "Logs whose state counts as a dial", .dials) { $0.dials },
        count("human", "Human", "Logs answered by a human", .human) { $0.human },
        count("contacts", "Contacts", "Logs whose state counts as a contact", .contacts) { $0.contacts },
        share("contactRate", "Contact rate", "Contacts ÷ dials", { $0.contacts }, { $0.dials }),
        count("successes", "Successes", "Logs whose state counts as a success", .successes) {
            $0.successes
        },
        share("conversion", "Conversion", "Successes ÷ contacts", { $0.successes }, { $0.contacts }),
        share(
            "conversionPerDial", "Conversion per dial", "Successes ÷ dials", { $0.successes }, { $0.dials }),
        Metric(
            key: "active", title: "Active",
            formula: "Sum of the pauses between two logs of an agent's day that are no longer than the "
                + "office's limit; it does not see work before the first log",
            unit: .hours, value: { ($0.activity?.active).map(Double.init) }, n: { $0.logs }),
        Metric(
            key: "idle", title: "Idle",
            formula: "Sum of the longer pauses; active + idle = last log − first log",
            unit: .hours, value: { ($0.activity?.idle).map(Double.init) }, n: { $0.logs }),
        perHour("logsPerActiveHour", "Logs per active hour", "Logs ÷ active hours", { $0.logs }),
        perHour(
            "successesPerActiveHour", "Successes per active hour", "Successes ÷ active hours",
            { $0.successes }),
        Metric(
            key: "presentDays", title: "Present days",
            formula: "Days on which an agent has at least \(presentLogs) logs, added over agents",
            unit: .count, value: { ($0.activity?.presentDays).map(Double.init) },
            n: { $0.activity?.presentDays ?? 0 }),
        count("dnc", "Do not call", "Logs whose state counts as do not call", .dnc) { $0.dnc },
        count("callbacks", "Callbacks", "Logs whose state counts as a callback", .callbacks) {
            $0.callbacks
        },
        count("machine", "Machine", "Logs answered by a machine", .machine) { $0.machine },
        count(
            "unmapped", "Unmapped", "Logs whose state has no meaning set; in Logs, in no other column",
            .unmapped
        ) { $0.unmapped },
        count("talkLogs", "With a duration", "Logs whose duration the file has", .talk) { $0.talkLogs },
        Metric(
            key: "talk", title: "Talk", formula: "Sum of the durations that the file has",
            unit: .hours, value: { $0.talkLogs == 0 ? nil : Double($0.talk) }, n: { $0.talkLogs }),
        Metric(
            key: "aht", title: "Mean duration",
            formula: "Sum of durations ÷ logs that have one, in seconds",
            unit: .seconds, value: { ratio($0.talk, $0.talkLogs) }, n: { $0.talkLogs }),
        share("coverage", "Coverage", "Logs with a duration ÷ logs", { $0.talkLogs }, { $0.logs }),
    ]

    /// Logs that make a present day.
    public static let presentLogs = 5
    /// Under this much active time an hourly rate says nothing.
    public static let leastActiveSeconds = 1800
    /// Dials that a rank needs.
    public static let rankDials = 30

    private static func count(
        _ key: String, _ title: String, _ formula: String, _ counting: Counting?,
        _ value: @escaping @Sendable (Figures) -> Int
    ) -> Metric {
        Metric(
            key: key, title: title, formula: formula, unit: .count, counting: counting,
            value: { Double(value($0)) }, n: value)
    }

    private static func share(
        _ key: String, _ title: String, _ formula: String,
        _ numerator: @escaping @Sendable (Figures) -> Int, _ denominator: @escaping @Sendable (Figures) -> Int
    ) -> Metric {
        Metric(
            key: key, title: title, formula: formula, unit: .share,
            value: { ratio(numerator($0), denominator($0)) },
            n: denominator,
            proportion: { (numerator($0), denominator($0)) })
    }

    private static func perHour(
        _ key: String, _ title: String, _ formula: String, _ part: @escaping @Sendable (Figures) -> Int
    ) -> Metric {
        Metric(
            key: key, title: title, formula: formula + "; “—” under 30 active minutes", unit: .rate,
            value: { figures in
                guard let active = figures.activity?.active, active >= leastActiveSeconds else { return nil }
                return Double(part(figures)) * 3600 / Double(active)
            },
            n: part)
    }
}

/// nil for x/0: “—”.
func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }

/// The share that a proportion has at least, with 97.5 % certainty: Wilson's score interval (1927).
///
/// Orders proportions so that 1 of 1 does not stand above 90 of 100; nil without cases.
public func wilsonLowerBound(_ part: Int, of whole: Int, z: Double = 1.959964) -> Double? {
    guard whole > 0 else { return nil }
    let n = Double(whole)
    let p = Double(part) / n
    let spread = z * ((p * (1 - p) + z * z / (4 * n)) / n).squareRoot()
    return max(0, (p + z * z / (2 * n) - spread) / (1 + z * z / n))
}

/// Places by successes per active hour: at least 30 dials, ties share the better place, others have none.
public func ranks(_ figures: [Figures]) -> [Int?] {
    let rate = Metric.named("successesPerActiveHour")
    let values = figures.map { $0.dials >= Metric.rankDials ? rate?.value($0) : nil }
    let descending = values.compactMap { $0 }.sorted(by: >)
    var places: [Double: Int] = [:]
    for (index, value) in descending.enumerated() where places[value] == nil { places[value] = index + 1 }
    return values.map { $0.flatMap { places[$0] } }
}

/// The change against an earlier value, as a share of it; nil where there is nothing to compare with.
public func change(from before: Double?, to now: Double?) -> Double? {
    guard let before, let now, before != 0 else { return nil }
    return (now - before) / before
}
