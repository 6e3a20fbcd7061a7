import Foundation

/// When an exchange with other offices runs by itself.
public enum ExchangeTimes: Hashable, Sendable {
    /// Only when somebody asks for it.
    case byHand
    case everyMinutes(Int)
    /// Minutes past midnight, on the office's clock.
    case daily(Int)

    public static let usual = ExchangeTimes.everyMinutes(10)

    /// The first time after `last`; nil: never by itself. A run that never was is due now.
    ///
    /// - Parameter zone: the office's.
    public func next(after last: Instant?, now: Instant, in zone: TimeZone) -> Instant? {
        switch self {
        case .byHand: return nil
        case .everyMinutes(let minutes):
            // A clock that was put back counts from there.
            guard let last, last <= now else { return now }
            return last.adding(seconds: Int64(minutes) * 60)
        case .daily(let minute):
            let from = min(last ?? now, now)
            let local = from.local(in: zone)
            let today = LocalTime(local.day, secondOfDay: minute * 60)
            let next = today > local ? today : LocalTime(local.day.adding(1), secondOfDay: minute * 60)
            return from.adding(seconds: next.seconds - local.seconds)
        }
    }

    public func check() throws {
        switch self {
        case .byHand: return
        case .everyMinutes(let minutes):
            guard (1...10_080).contains(minutes) else {
                throw UserError(
                    .invalid, "An exchange runs every 1 to 10,080 minutes.", advice: "10 is usual.")
            }
        case .daily(let minute):
            guard (0..<1440).contains(minute) else {
                throw UserError(
                    .invalid, "An exchange runs between 00:00 and 23:59.", advice: "Use hours and minutes.")
            }
        }
    }
}

extension ExchangeTimes: Codable {
    private enum CodingKeys: String, CodingKey { case minutes, dailyAt }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if let minutes = try values.decodeIfPresent(Int.self, forKey: .minutes) {
            self = .everyMinutes(minutes)
        } else if let minute = try values.decodeIfPresent(Int.self, forKey: .dailyAt) {
            self = .daily(minute)
        } else {
            self = .byHand
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .byHand: break
        case .everyMinutes(let minutes): try values.encode(minutes, forKey: .minutes)
        case .daily(let minute): try values.encode(minute, forKey: .dailyAt)
        }
    }
}

/// How this box exchanges snapshots with other offices by itself; addresses and tokens are kept elsewhere.
public struct ExchangeSettings: Hashable, Codable, Sendable {
    /// A folder that other offices reach, too; nil: none.
    public var folder: String?
    /// What lies there is sealed with a passphrase; so is what goes to any other folder.
    public var isSealed: Bool
    public var folderTimes: ExchangeTimes
    public var networkTimes: ExchangeTimes

    public init(
        folder: String? = nil, isSealed: Bool = false, folderTimes: ExchangeTimes = .usual,
        networkTimes: ExchangeTimes = .usual
    ) {
        self.folder = folder
        self.isSealed = isSealed
        self.folderTimes = folderTimes
        self.networkTimes = networkTimes
    }

    private enum CodingKeys: String, CodingKey { case folder, isSealed, folderTimes, networkTimes }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            folder: try values.decodeIfPresent(String.self, forKey: .folder),
            isSealed: try values.decodeIfPresent(Bool.self, forKey: .isSealed) ?? false,
            folderTimes: try values.decodeIfPresent(ExchangeTimes.self, forKey: .folderTimes) ?? .usual,
            networkTimes: try values.decodeIfPresent(ExchangeTimes.self, forKey: .networkTimes) ?? .usual)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(folder, forKey: .folder)
        if isSealed { try values.encode(isSealed, forKey: .isSealed) }
        if folderTimes != .usual { try values.encode(folderTimes, forKey: .folderTimes) }
        if networkTimes != .usual { try values.encode(networkTimes, forKey: .networkTimes) }
    }

    public func check() throws {
        try folderTimes.check()
        try networkTimes.check()
        guard let folder else { return }
        guard folder.hasPrefix("/"), folder.utf8.count <= 1000, !folder.utf8.contains(0) else {
            throw UserError(
                .invalid, "The shared folder “\(folder)” is no whole path.",
                advice: "Give the folder as this box sees it, from the root on: /mnt/offices, for example.")
        }
    }
}

/// The way that snapshots go: the shared folder, or straight to one other office.
public enum ExchangeWay: Hashable, Sendable {
    case folder
    case office(ID<Office>)

    /// `folder`, or the office's id.
    public var text: String {
        switch self {
        case .folder: "folder"
        case .office(let office): office.description
        }
    }

    public init?(_ text: String) {
        if text == "folder" {
            self = .folder
        } else if let office = ID<Office>(text) {
            self = .office(office)
        } else {
            return nil
        }
    }
}

/// What came of the last run of one way.
public struct ExchangeRun: Hashable, Codable, Sendable {
    public var began: Instant
    public var ended: Instant
    public var bytesIn: Int64 = 0
    public var bytesOut: Int64 = 0
    /// Snapshots that were taken in, and the entries that were new in them.
    public var taken = 0
    public var entries = 0
    /// Snapshots that were written or sent.
    public var sent = 0
    /// nil: it went well.
    public var error: UserError?
    /// Runs that failed one after the other.
    public var failures = 0
    public var lastGood: Instant?
    /// Before its time: the next try after a failure.
    public var retry: Instant?

    public init(began: Instant) {
        self.began = began
        ended = began
    }

    /// Seconds until the next try after so many failures: a minute, doubled each time, an hour at most; a fifth more or
    /// less, so that many offices do not all come back at once.
    ///
    /// - Parameter noise: any byte, by chance.
    public static func pause(afterFailures count: Int, noise: UInt8) -> Int64 {
        let base = Int64(60) << Int64(max(0, min(count - 1, 6)))
        let capped = min(base, 3600)
        return min(3600, max(60, capped * (800 + Int64(noise) * 400 / 255) / 1000))
    }
}

/// Something that an automatic exchange does not do before somebody has said so.
public struct ExchangeQuestion: Hashable, Codable, Sendable {
    public enum Kind: String, Hashable, Codable, Sendable {
        /// The other office's clock is far ahead.
        case clock
        /// Two boxes wrote one chain.
        case fork
        /// Entries of an office that is not paired would be left out.
        case unpaired
        /// Entries without their office's signature would be left out.
        case unsigned
    }
    public var kind: Kind
    /// Whose snapshot it was.
    public var from: ID<Office>
    public var name: String
    /// The office that it is about.
    public var about: ID<Office>
    public var message: String
    public var advice: String

    public init(
        _ kind: Kind, from office: ID<Office>, name: String, about: ID<Office>, message: String,
        advice: String
    ) {
        self.kind = kind
        from = office
        self.name = name
        self.about = about
        self.message = message
        self.advice = advice
    }

    /// The same question again is no new one.
    public var key: String { "\(kind.rawValue) \(from) \(about)" }
}

/// A chain that was written twice, as one office tells another.
public struct ExchangeFork: Hashable, Codable, Sendable {
    public var office: ID<Office>
    public var incarnation: Int
    /// Somebody has decided that it goes on with the side it holds; else nothing more of the chain is taken.
    public var isSettled: Bool

    public init(_ chain: Chain, isSettled: Bool) {
        office = chain.office
        incarnation = chain.incarnation
        self.isSettled = isSettled
    }

    public var chain: Chain { Chain(office: office, incarnation: incarnation) }
}

/// What one office tells another that asks with a token: who it is, and what it holds.
public struct ExchangeVector: Hashable, Codable, Sendable {
    public var office: ID<Office>
    public var name: String
    public var incarnation: Int
    /// Hex of its Ed25519 public key.
    public var key: String
    public var program: String
    public var now: Instant
    /// What it holds of every chain.
    public var held: [ChainHead]
    /// What it hands on: its own chains, and those of others as far as it has their signature.
    public var given: [ChainHead]
    /// Offices of which it takes nothing from who asks; nil: an earlier release, which does not say.
    public var leftOut: [ID<Office>]?
    /// Chains that it knows to have been written twice; nil: an earlier release.
    public var forks: [ExchangeFork]?

    public init(
        office: ID<Office>, name: String, incarnation: Int, key: String, program: String, now: Instant,
        held: [ChainHead], given: [ChainHead]
    ) {
        self.office = office
        self.name = name
        self.incarnation = incarnation
        self.key = key
        self.program = program
        self.now = now
        self.held = held
        self.given = given
    }

    /// - Throws: `UserError` for what no office could have said.
    public func check() throws {
        guard held.count <= 10_000, given.count <= 10_000, leftOut?.count ?? 0 <= 10_000,
            forks?.count ?? 0 <= 10_000,
            (held + given).allSatisfy(\.isSound),
            // Until the year 9999.
            (0..<253_402_300_800_000).contains(now.milliseconds),
            SnapshotManifest.isName(name), isHexadecimal(key, bytes: 32)
        else {
            throw UserError(
                .invalid, "What the other office says it holds makes no sense.",
                advice: "Upgrade Rollcall on both boxes, and try again.")
        }
    }
}

extension Collection<ChainHead> {
    /// Whether everything here is held by who holds `heads`.
    public func isCovered(by heads: [ChainHead]) -> Bool {
        let held = VersionVector(heads)
        return allSatisfy { $0.seq <= held[$0.chain] }
    }
}
