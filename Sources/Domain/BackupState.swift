/// A backup as the journal tells of it.
public struct BackupRecord: Hashable, Codable, Sendable {
    public var name: String
    public var made: Instant
    public var bytes: Int64
    public var entries: Int
    public var files: Int
    public var calls: Int
    public var isSealed: Bool
    /// When it was last restored for trial.
    public var drilled: Instant?

    public init(
        name: String, made: Instant, bytes: Int64, entries: Int, files: Int, calls: Int, isSealed: Bool,
        drilled: Instant? = nil
    ) {
        self.name = name
        self.made = made
        self.bytes = bytes
        self.entries = entries
        self.files = files
        self.calls = calls
        self.isSealed = isSealed
        self.drilled = drilled
    }
}

/// How this box's backups stand: what was made last, what failed since, what comes next.
public struct BackupState: Hashable, Sendable {
    public struct Failure: Hashable, Sendable {
        public var step: BackupFailed.Step
        public var time: Instant
        public var message: String

        public init(step: BackupFailed.Step, time: Instant, message: String) {
            self.step = step
            self.time = time
            self.message = message
        }
    }

    public var settings: BackupSettings
    /// The last one that was written and read again.
    public var last: BackupRecord?
    /// When a backup was last restored for trial.
    public var drilled: Instant?
    /// The last failure of each step that has not been done well since.
    public var failures: [Failure]
    /// Whether anything was done since the last one.
    public var hasChanged: Bool
    /// When the office began; nil: there is none yet.
    public var founded: Instant?

    public init(
        settings: BackupSettings, last: BackupRecord?, drilled: Instant?, failures: [Failure],
        hasChanged: Bool, founded: Instant?
    ) {
        self.settings = settings
        self.last = last
        self.drilled = drilled
        self.failures = failures
        self.hasChanged = hasChanged
        self.founded = founded
    }

    /// Seconds after which the last backup is too old.
    public static let tooOld: Int64 = 26 * 3600
    /// Seconds between two trials.
    public static let drillEvery: Int64 = 7 * 86_400
    /// Seconds after which the last trial is too long ago: two were missed.
    public static let untriedFor: Int64 = 15 * 86_400
    /// Seconds from a failure to the next attempt, and from a start to the first one.
    public static let retry: Int64 = 3600
    public static let afterStart: Int64 = 120

    /// When the next one is made; nil: none is, by itself.
    ///
    /// - Parameter started: when the server did.
    public func next(started: Instant) -> Instant? {
        guard settings.isOn, founded != nil else { return nil }
        let pace = hasChanged ? settings.pace : .daily
        var next = last?.made.adding(seconds: pace.seconds) ?? started
        for failure in failures where failure.step != .drill {
            next = max(next, failure.time.adding(seconds: Self.retry))
        }
        return max(next, started.adding(seconds: Self.afterStart))
    }

    /// When the last backup is next restored for trial; nil: none is.
    public func nextDrill(started: Instant) -> Instant? {
        guard settings.isOn, settings.drills, let last else { return nil }
        var next = drilled?.adding(seconds: Self.drillEvery) ?? last.made
        for failure in failures where failure.step == .drill {
            next = max(next, failure.time.adding(seconds: 86_400))
        }
        return max(next, started.adding(seconds: Self.afterStart))
    }

    public enum Alarm: Hashable, Sendable {
        /// None was ever made, and the office is more than a day old.
        case never
        /// The last one was made then.
        case old(Instant)
        case failed(Failure)
        /// None was restored for trial for long, the last one then; nil: none ever was.
        case untried(Instant?)
        /// Nobody wants them.
        case off
    }

    /// What somebody must look after; nil: all is well.
    public func alarm(at now: Instant) -> Alarm? {
        guard let founded else { return nil }
        if let failure = failures.max(by: { $0.time < $1.time }) { return .failed(failure) }
        if let last {
            let isOld = last.made.adding(seconds: Self.tooOld) < now
            if isOld { return settings.isOn ? .old(last.made) : .off }
            // Where trials were switched on late, or no backup was there to try, it counts from the beginning.
            let isUntried = (drilled ?? founded).adding(seconds: Self.untriedFor) < now
            return settings.isOn && settings.drills && isUntried ? .untried(drilled) : nil
        }
        guard founded.adding(seconds: Self.tooOld) < now else { return nil }
        return settings.isOn ? .never : .off
    }
}
