import Foundation

/// A backup as far as keeping it goes.
public struct KeptBackup: Hashable, Sendable {
    public var name: String
    public var made: Instant
    /// It was read again after it was written, and was whole.
    public var isVerified: Bool

    public init(name: String, made: Instant, isVerified: Bool) {
        self.name = name
        self.made = made
        self.isVerified = isVerified
    }
}

/// How many backups are kept: the last one of each of so many hours, days, weeks and months that have any.
public struct BackupRetention: Hashable, Sendable {
    public var hours: Int
    public var days: Int
    public var weeks: Int
    public var months: Int

    public init(hours: Int = 25, days: Int = 32, weeks: Int = 12, months: Int = 96) {
        self.hours = hours
        self.days = days
        self.weeks = weeks
        self.months = months
    }

    public static let standard = BackupRetention()

    /// Which of them go.
    ///
    /// Only verified ones fill a bucket. The last verified one stays, and whatever is younger than it; where none is
    /// verified, all stay. Removing what goes and asking again removes nothing more.
    /// - Parameter zone: whose hours, days, weeks (from Monday) and months they are.
    public func expired(_ backups: [KeptBackup], in zone: TimeZone) -> Set<String> {
        let verified = backups.filter(\.isVerified).sorted { ($1.made, $1.name) < ($0.made, $0.name) }
        guard let last = verified.first else { return [] }
        var kept: Set<String> = [last.name]
        let buckets: [(Int, (LocalTime) -> Int64)] = [
            (hours, { $0.seconds.floorDivided(by: 3600) }), (days, { Int64($0.day.number) }),
            // 1970-01-01 was a Thursday.
            (weeks, { (Int64($0.day.number) + 3).floorDivided(by: 7) }),
            (months, { Int64($0.day.civil.year) * 12 + Int64($0.day.civil.month) }),
        ]
        for (count, bucket) in buckets {
            var filled: Set<Int64> = []
            for backup in verified where filled.count < count {
                if filled.insert(bucket(backup.made.local(in: zone))).inserted { kept.insert(backup.name) }
            }
        }
        return Set(backups.filter { !kept.contains($0.name) && $0.made <= last.made }.map(\.name))
    }
}
