import Domain
import Foundation
import Testing

/// Which backups are kept.
@Suite struct BackupRetentionTests {
    private static let berlin = TimeZone(identifier: "Europe/Berlin") ?? .gmt
    /// 2026-01-05 00:00 UTC, a Monday.
    private static let start = Instant(milliseconds: 1_767_571_200_000)

    private func backup(_ hours: Int64, isVerified: Bool = true) -> KeptBackup {
        KeptBackup(
            name: "b\(hours)", made: Self.start.adding(seconds: hours * 3600), isVerified: isVerified)
    }

    /// What stays, in hours from the start.
    private func kept(
        _ backups: [KeptBackup], _ retention: BackupRetention = .standard, in zone: TimeZone = .gmt
    )
        -> [Int64]
    {
        let expired = retention.expired(backups, in: zone)
        return backups.filter { !expired.contains($0.name) }.compactMap { Int64($0.name.dropFirst()) }
    }

    @Test func `the last of each hour, day, week and month is kept`() {
        let two = BackupRetention(hours: 2, days: 2, weeks: 2, months: 2)
        // Every hour of ten weeks.
        let all = (0..<(70 * 24)).map { backup(Int64($0)) }
        // 10 March … 15 March 23:00: the last two hours, days, Sundays and ends of months.
        let (last, sunday) = (Int64(70 * 24 - 1), Int64(63 * 24 - 1))
        let february = Int64(55 * 24 - 1)
        #expect(kept(all, two) == [february, sunday, last - 24, last - 1, last].sorted())
    }

    @Test func `buckets without a backup are not counted`() {
        let two = BackupRetention(hours: 2, days: 2, weeks: 0, months: 0)
        #expect(kept([backup(0), backup(1), backup(500), backup(1000)], two) == [500, 1000])
    }

    @Test func `hours and days are those of the office`() {
        let days = BackupRetention(hours: 0, days: 9, weeks: 0, months: 0)
        // 22:30 and 23:30 UTC are two days in Berlin.
        let backups = [22, 23].map {
            KeptBackup(
                name: "b\($0)", made: Self.start.adding(seconds: $0 * 3600 + 1800), isVerified: true)
        }
        #expect(kept(backups, days, in: .gmt) == [23])
        #expect(kept(backups, days, in: Self.berlin) == [22, 23])
    }

    @Test func `the last verified one stays, and what is younger than it`() {
        let none = BackupRetention(hours: 0, days: 0, weeks: 0, months: 0)
        let backups = [backup(0), backup(1), backup(2, isVerified: false), backup(3, isVerified: false)]
        #expect(kept(backups, none) == [1, 2, 3])
        #expect(kept([backup(0, isVerified: false), backup(1, isVerified: false)], none) == [0, 1])
        // One that nobody read again fills no bucket.
        let hour = BackupRetention(hours: 1, days: 0, weeks: 0, months: 0)
        #expect(kept([backup(0, isVerified: false), backup(1)], hour) == [1])
        #expect(kept([], none) == [])
    }

    @Test(arguments: 1...20) func `years of backups leave no gap, and asking again removes nothing`(
        seed: UInt64
    ) {
        var numbers = SplitMix(seed)
        var there: [KeptBackup] = []
        var hour: Int64 = 0
        var everVerified: [KeptBackup] = []
        for number in 0..<1500 {
            hour += Int64.random(in: 1...(number.isMultiple(of: 50) ? 900 : 30), using: &numbers)
            let new = backup(hour, isVerified: Int.random(in: 0..<20, using: &numbers) > 0)
            there.append(new)
            if new.isVerified { everVerified.append(new) }
            let expired = BackupRetention.standard.expired(there.shuffled(using: &numbers), in: Self.berlin)
            there.removeAll { expired.contains($0.name) }
            #expect(BackupRetention.standard.expired(there, in: Self.berlin).isEmpty)
            if let last = everVerified.last { #expect(there.contains(last)) }
        }
        let verified = there.filter(\.isVerified)
        #expect(verified.count <= 25 + 32 + 12 + 96)
        // The last of every month that had one is there, for eight years back.
        var months: [Int: KeptBackup] = [:]
        for backup in everVerified {
            let day = backup.made.local(in: Self.berlin).day.civil
            months[day.year * 12 + day.month] = backup
        }
        for (_, last) in months.sorted(by: { $0.key > $1.key }).prefix(96) { #expect(there.contains(last)) }
    }
}

private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
