import Foundation

/// One place where people call: a branch with its own box and its own chain of events.
public struct Office: Hashable, Codable, Sendable {
    public var id: ID<Office>
    public var rules: OfficeRules

    public init(id: ID<Office>, rules: OfficeRules) {
        self.id = id
        self.rules = rules
    }
}

/// The settings that change figures: shared between offices, so that the same events give the same figures.
public struct OfficeRules: Hashable, Codable, Sendable {
    public var name: String
    /// IANA name, for example `Europe/Berlin`.
    public var timeZone: String
    /// Minutes past midnight at which the business day begins.
    public var cutOverMinutes: Int
    /// Pauses between two logs up to this many minutes count as active time.
    public var maxGapMinutes: Int
    /// The words that persons are placed with.
    public var terms: PlacementTerms
    public var requests: RequestRules
    /// Leaders and managers go on seeing the days on which somebody was theirs after he moved on.
    public var keepsPastDays: Bool
    public var deletions: DeleteRules
    /// Files whose last day is older than so many months are proposed for deletion; nil: none is.
    public var retentionMonths: Int?

    public init(
        name: String, timeZone: String, cutOverMinutes: Int = 0, maxGapMinutes: Int = 10,
        terms: PlacementTerms = .standard, requests: RequestRules = RequestRules(),
        keepsPastDays: Bool = true,
        deletions: DeleteRules = DeleteRules(),
        retentionMonths: Int? = nil
    ) {
        self.name = name
        self.timeZone = timeZone
        self.cutOverMinutes = cutOverMinutes
        self.maxGapMinutes = maxGapMinutes
        self.terms = terms
        self.requests = requests
        self.keepsPastDays = keepsPastDays
        self.deletions = deletions
        self.retentionMonths = retentionMonths
    }

    /// Entries of older releases lack what came later.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try values.decode(String.self, forKey: .name),
            timeZone: try values.decode(String.self, forKey: .timeZone),
            cutOverMinutes: try values.decode(Int.self, forKey: .cutOverMinutes),
            maxGapMinutes: try values.decode(Int.self, forKey: .maxGapMinutes),
            terms: try values.decodeIfPresent(PlacementTerms.self, forKey: .terms) ?? .standard,
            requests: try values.decodeIfPresent(RequestRules.self, forKey: .requests) ?? RequestRules(),
            keepsPastDays: try values.decodeIfPresent(Bool.self, forKey: .keepsPastDays) ?? true,
            deletions: try values.decodeIfPresent(DeleteRules.self, forKey: .deletions) ?? DeleteRules(),
            retentionMonths: try values.decodeIfPresent(Int.self, forKey: .retentionMonths))
    }

    /// What is usual is not written, so that entries stay as older releases wrote them.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(timeZone, forKey: .timeZone)
        try values.encode(cutOverMinutes, forKey: .cutOverMinutes)
        try values.encode(maxGapMinutes, forKey: .maxGapMinutes)
        if terms != .standard { try values.encode(terms, forKey: .terms) }
        if requests != RequestRules() { try values.encode(requests, forKey: .requests) }
        if !keepsPastDays { try values.encode(keepsPastDays, forKey: .keepsPastDays) }
        if deletions != DeleteRules() { try values.encode(deletions, forKey: .deletions) }
        try values.encodeIfPresent(retentionMonths, forKey: .retentionMonths)
    }

    private enum CodingKeys: String, CodingKey {
        case name, timeZone, cutOverMinutes, maxGapMinutes, terms, requests, keepsPastDays, deletions
        case retentionMonths
    }

    /// Whether every figure must be counted again when these rules follow others.
    public func countsDifferently(from before: OfficeRules) -> Bool {
        cutOverMinutes != before.cutOverMinutes || maxGapMinutes != before.maxGapMinutes
    }

    /// The first day that a file must reach to be kept without a question; nil: every file is.
    public func firstKeptDay(on today: Day) -> Day? { retentionMonths.map { today.adding(months: -$0) } }

    public func check() throws {
        guard !name.trimmingCharacters(in: .whitespaces).isEmpty, name.count <= 100 else {
            throw UserError(.invalid, "The office has no name.", advice: "Give it 1 to 100 characters.")
        }
        guard TimeZone(identifier: timeZone) != nil else {
            throw UserError(
                .invalid, "“\(timeZone)” is not a time zone.",
                advice: "Use a name such as Europe/Berlin or America/New_York.")
        }
        guard (0..<1440).contains(cutOverMinutes) else {
            throw UserError(
                .invalid, "The business day must begin between 00:00 and 23:59.",
                advice: "Most offices use 00:00.")
        }
        guard (1...30).contains(maxGapMinutes) else {
            throw UserError(
                .invalid, "The longest pause that counts as active must be 1 to 30 minutes.",
                advice: "10 is usual.")
        }
        guard retentionMonths.map({ (1...600).contains($0) }) ?? true else {
            throw UserError(
                .invalid, "Files can be proposed for deletion after 1 to 600 months.",
                advice: "Leave it empty where none is to be proposed.")
        }
        try requests.check()
        try deletions.check()
        try terms.check()
    }
}

/// The settings of this box alone: they never leave it except in its own backup.
public struct BoxSettings: Hashable, Codable, Sendable {
    public var sessionIdleMinutes: Int
    public var sessionHours: Int
    public var uploadLimitMegabytes: Int
    public var disk: DiskMarks
    public var backups: BackupSettings
    public var exchange: ExchangeSettings

    public init(
        sessionIdleMinutes: Int = 30, sessionHours: Int = 12, uploadLimitMegabytes: Int = 200,
        disk: DiskMarks = DiskMarks(), backups: BackupSettings = BackupSettings(),
        exchange: ExchangeSettings = ExchangeSettings()
    ) {
        self.sessionIdleMinutes = sessionIdleMinutes
        self.sessionHours = sessionHours
        self.uploadLimitMegabytes = uploadLimitMegabytes
        self.disk = disk
        self.backups = backups
        self.exchange = exchange
    }

    /// Entries of older releases lack what came later.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            sessionIdleMinutes: try values.decode(Int.self, forKey: .sessionIdleMinutes),
            sessionHours: try values.decode(Int.self, forKey: .sessionHours),
            uploadLimitMegabytes: try values.decode(Int.self, forKey: .uploadLimitMegabytes),
            disk: try values.decodeIfPresent(DiskMarks.self, forKey: .disk) ?? DiskMarks(),
            backups: try values.decodeIfPresent(BackupSettings.self, forKey: .backups) ?? BackupSettings(),
            exchange: try values.decodeIfPresent(ExchangeSettings.self, forKey: .exchange)
                ?? ExchangeSettings())
    }

    /// What is usual is not written, so that entries stay as older releases wrote them.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(sessionIdleMinutes, forKey: .sessionIdleMinutes)
        try values.encode(sessionHours, forKey: .sessionHours)
        try values.encode(uploadLimitMegabytes, forKey: .uploadLimitMegabytes)
        if disk != DiskMarks() { try values.encode(disk, forKey: .disk) }
        if backups != BackupSettings() { try values.encode(backups, forKey: .backups) }
        if exchange != ExchangeSettings() { try values.encode(exchange, forKey: .exchange) }
    }

    private enum CodingKeys: String, CodingKey {
        case sessionIdleMinutes, sessionHours, uploadLimitMegabytes, disk, backups, exchange
    }

    public var uploadLimit: Int64 { Int64(uploadLimitMegabytes) * 1_000_000 }

    public func check() throws {
        guard (5...720).contains(sessionIdleMinutes) else {
            throw UserError(
                .invalid, "The idle limit must be 5 to 720 minutes.", advice: "30 is usual.")
        }
        guard (1...72).contains(sessionHours) else {
            throw UserError(.invalid, "A session must end after 1 to 72 hours.", advice: "12 is usual.")
        }
        guard (1...20_000).contains(uploadLimitMegabytes) else {
            throw UserError(
                .invalid, "The upload limit must be 1 to 20,000 MB.", advice: "200 is usual.")
        }
        try disk.check()
        try backups.check()
        try exchange.check()
    }
}

/// Where files come from: one dialer with its spelling, its clock and its meaning of outcomes.
public struct Source: Hashable, Codable, Sendable {
    public var id: ID<Source>
    public var name: String
    /// Key of the file format, for example `readymode`.
    public var format: String
    /// Time zone of the log times in its files; nil is the office's.
    public var timeZone: String?
    /// A trailing ` P`, `-P` or `_P` of an agent name marks a Part-Timer.
    public var partTimerSuffix: Bool
    /// The answer to a date order that files of this source cannot decide.
    public var dateOrder: String?
    public var outcomes: OutcomeMapping
    /// Headings that somebody explained, by their fingerprint: role to heading. Not written where there are none.
    public var knownHeaders: [String: [String: String]]?

    public init(
        id: ID<Source>, name: String, format: String, timeZone: String? = nil, partTimerSuffix: Bool = true,
        dateOrder: String? = nil, outcomes: OutcomeMapping, knownHeaders: [String: [String: String]]? = nil
    ) {
        self.id = id
        self.name = name
        self.format = format
        self.timeZone = timeZone
        self.partTimerSuffix = partTimerSuffix
        self.dateOrder = dateOrder
        self.outcomes = outcomes
        self.knownHeaders = knownHeaders
    }

    public func check() throws {
        guard !name.isEmpty, name.count <= 60 else {
            throw UserError(.invalid, "The source has no name.", advice: "Give it 1 to 60 characters.")
        }
        if let timeZone, TimeZone(identifier: timeZone) == nil {
            throw UserError(
                .invalid, "“\(timeZone)” is not a time zone.",
                advice: "Use a name such as Europe/Berlin, or leave it empty for the office's.")
        }
    }
}

/// What a call's outcome counts as; the figures' words are in the user guide.
public struct OutcomeFlags: OptionSet, Hashable, Codable, Sendable {
    public var rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let attempted = OutcomeFlags(rawValue: 1)
    public static let human = OutcomeFlags(rawValue: 2)
    public static let contact = OutcomeFlags(rawValue: 4)
    public static let success = OutcomeFlags(rawValue: 8)
    public static let doNotCall = OutcomeFlags(rawValue: 16)
    public static let callback = OutcomeFlags(rawValue: 32)
    public static let machine = OutcomeFlags(rawValue: 64)

    public static let named: [(flag: OutcomeFlags, key: String, title: String)] = [
        (.attempted, "attempted", "Dial"), (.human, "human", "Human"), (.contact, "contact", "Contact"),
        (.success, "success", "Success"), (.doNotCall, "dnc", "Do not call"),
        (.callback, "callback", "Callback"), (.machine, "machine", "Machine"),
    ]
}

/// The meaning of a source's states, by folded text; a state that is not listed is unmapped, never dropped.
public struct OutcomeMapping: Hashable, Codable, Sendable {
    /// Counts up with each change and is printed on reports.
    public var version: Int
    public var states: [String: OutcomeFlags]

    public init(version: Int = 1, states: [String: OutcomeFlags]) {
        self.version = version
        self.states = states
    }

    public static func fold(_ state: String) -> String {
        state.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
    }

    /// nil: unmapped.
    public func flags(ofState state: String) -> OutcomeFlags? { states[Self.fold(state)] }

    /// States that dialers use for cold calling; an office adds its own on the source's page.
    public static let coldCalling = OutcomeMapping(
        states: {
            var states: [String: OutcomeFlags] = [:]
            func set(_ flags: OutcomeFlags, _ names: String...) {
                for name in names { states[fold(name)] = flags }
            }
            set([.attempted], "No Answer", "Busy", "Disconnected", "Dead", "Bad Number", "Wrong Number")
            set(
                [.attempted], "Dropped", "Abandoned", "Failed", "Not Answered", "Hung Up Before Answer", "Fax"
            )
            set([.attempted, .machine], "Answering Machine", "Voicemail", "Machine", "Left Message")
            set([.attempted, .human], "Hung Up", "Hang Up", "Call Dropped", "Language Barrier", "Gatekeeper")
            set(
                [.attempted, .human, .contact], "Not Interested", "Contact", "Spoke", "Answered", "Connected")
            set(
                [.attempted, .human, .contact], "Not Qualified", "Already Sold", "Follow Up",
                "Answered, not resolved")
            set([.attempted, .human, .contact, .callback], "Callback", "Call Back", "Callback Scheduled")
            set([.attempted, .human, .contact, .doNotCall], "Do Not Call", "DNC")
            set(
                [.attempted, .human, .contact, .success], "Lead", "Sale", "Sold", "Appointment",
                "Appointment Set")
            set(
                [.attempted, .human, .contact, .success], "Interested", "Qualified", "Transfer", "Transferred"
            )
            set(
                [.attempted, .human, .contact, .success], "Success", "Closed", "Resolved",
                "Answered, resolved")
            return states
        }())
}
