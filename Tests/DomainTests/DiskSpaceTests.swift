import Domain
import Testing

@Suite struct DiskSpaceTests {
    private static let gigabyte: Int64 = 1_000_000_000

    private func disk(_ free: Int64, of total: Int64 = 100) -> DiskSpace {
        DiskSpace(free: free * Self.gigabyte, total: total * Self.gigabyte)
    }

    @Test func `a disk is low below the share or the size, whichever comes first`() {
        let marks = DiskMarks(warnPercent: 10, warnMegabytes: 5000, refuseMegabytes: 2000)
        #expect(marks.level(of: disk(11)) == .plenty)
        #expect(marks.level(of: disk(10)) == .plenty, "exactly at the mark is not below it")
        #expect(marks.level(of: disk(9)) == .low)
        #expect(marks.level(of: disk(4, of: 10)) == .low, "5 GB count on a small disk")
        #expect(marks.level(of: disk(2)) == .low)
        #expect(marks.level(of: disk(1)) == .full)
        #expect(DiskMarks(warnPercent: 0, warnMegabytes: 0, refuseMegabytes: 0).level(of: disk(0)) == .plenty)
    }

    @Test func `no room is said with what is free, what the mark is and where to look`() throws {
        let marks = DiskMarks(warnPercent: 0, warnMegabytes: 900, refuseMegabytes: 700)
        let error = #expect(throws: UserError.self) {
            try marks.requireRoom(on: DiskSpace(free: 312_400_000, total: Self.gigabyte))
        }
        #expect(error?.code == .diskFull)
        #expect(error?.message.contains("312 MB free") == true && error?.message.contains("700 MB") == true)
        #expect(error?.advice.contains("Storage") == true)
        try marks.requireRoom(on: DiskSpace(free: 700_000_000, total: Self.gigabyte))
    }

    @Test(arguments: [(51, 9000, 500), (-1, 9000, 500), (5, -1, 0), (5, 400, 500), (5, 4000, -1)])
    func `marks that make no sense are refused`(percent: Int, warn: Int, refuse: Int) {
        #expect(throws: UserError.self) {
            try DiskMarks(warnPercent: percent, warnMegabytes: warn, refuseMegabytes: refuse).check()
        }
    }

    @Test func `a pace is said only where the weeks tell one`() {
        #expect(StoragePace.weekly([10, 20, 30, 40]) == 25)
        #expect(StoragePace.weekly([10, 0, 30, 9000]) == 20, "a year's files at once foretell nothing")
        #expect(StoragePace.weekly([10, 0, 0, 9000]) == nil)
        #expect(StoragePace.weekly([0, 0, 0, 0]) == nil)
        #expect(StoragePace.weekly([.max, .max, .max, .max]) != nil)
    }

    @Test(arguments: [
        ("2026-03-31", -1, "2026-02-28"), ("2024-03-31", -1, "2024-02-29"), ("2026-01-15", -13, "2024-12-15"),
        ("2026-11-30", 3, "2027-02-28"), ("2026-11-30", 0, "2026-11-30"), ("0001-02-01", -9, "0001-01-01"),
        ("9999-12-01", 5, "9999-12-31"),
    ])
    func `months go on from day to day`(from: String, months: Int, to: String) throws {
        #expect(try #require(Day(iso: from)).adding(months: months).iso == to)
    }

    @Test func `the first kept day follows from the months`() throws {
        var rules = OfficeRules(name: "S", timeZone: "UTC")
        let today = try #require(Day(iso: "2026-11-25"))
        #expect(rules.firstKeptDay(on: today) == nil)
        rules.retentionMonths = 24
        #expect(rules.firstKeptDay(on: today)?.iso == "2024-11-25")
        try rules.check()
        rules.retentionMonths = 0
        #expect(throws: UserError.self) { try rules.check() }
    }
}
