/// How much of the disk that holds the data folder is free, in bytes.
public struct DiskSpace: Hashable, Sendable {
    /// What an ordinary user may still write.
    public var free: Int64
    public var total: Int64

    public init(free: Int64, total: Int64) {
        self.free = free
        self.total = total
    }
}

/// The look at the disk of a path is handed in, so that a test has any disk it wants.
public struct Disk: Sendable {
    public var space: @Sendable (String) throws -> DiskSpace

    public init(space: @escaping @Sendable (String) throws -> DiskSpace) { self.space = space }
}

/// From how little free space on people are warned, and from how little on nothing more is taken in.
public struct DiskMarks: Hashable, Codable, Sendable {
    /// Of the disk's size; 0: the share does not matter.
    public var warnPercent: Int
    public var warnMegabytes: Int
    /// 0: uploads go on until the disk is full.
    public var refuseMegabytes: Int

    public init(warnPercent: Int = 5, warnMegabytes: Int = 4000, refuseMegabytes: Int = 1000) {
        self.warnPercent = warnPercent
        self.warnMegabytes = warnMegabytes
        self.refuseMegabytes = refuseMegabytes
    }

    public enum Level: String, Sendable, CaseIterable { case plenty, low, full }

    public var refuseBelow: Int64 { Int64(refuseMegabytes) * 1_000_000 }

    public func warnBelow(of space: DiskSpace) -> Int64 {
        max(space.total / 100 * Int64(warnPercent), Int64(warnMegabytes) * 1_000_000)
    }

    public func level(of space: DiskSpace) -> Level {
        space.free < refuseBelow ? .full : space.free < warnBelow(of: space) ? .low : .plenty
    }

    /// - Throws: `UserError` `diskFull` below the mark from which nothing is taken in.
    public func requireRoom(on space: DiskSpace) throws {
        guard level(of: space) != .full else { throw UserError.diskLow(space.free, mark: refuseBelow) }
    }

    public func check() throws {
        guard (0...50).contains(warnPercent), (0...10_000_000).contains(warnMegabytes) else {
            throw UserError(
                .invalid, "The warning must be at 0 to 50 % of the disk, and at 0 to 10,000,000 MB.",
                advice: "5 % and 4,000 MB are usual; 0 and 0 never warn.")
        }
        guard (0...warnMegabytes).contains(refuseMegabytes) else {
            throw UserError(
                .invalid,
                "Uploads cannot be refused below \(refuseMegabytes) MB: the warning comes only at \(warnMegabytes) MB.",
                advice: "Take a mark from 0 up to that of the warning; 1,000 MB are usual.")
        }
    }
}

extension UserError {
    static func diskLow(_ free: Int64, mark: Int64) -> UserError {
        UserError(
            .diskFull,
            "No file is taken in: the box's disk has \(free / 1_000_000) MB free, and the mark is \(mark / 1_000_000) MB. Nothing was kept; everything that is in the office can be read as before.",
            advice:
                "Make room on the disk: the page Storage, under Files, shows what takes it (“rollcall files storage”). An admin can change the mark under Settings."
        )
    }
}

/// How fast an office fills its disk.
public enum StoragePace {
    /// Bytes a week, from those of each of the last four weeks: the middle of them, so that a year's files taken
    /// in at once foretell nothing.
    ///
    /// - Returns: nil where it cannot be said: less than three weeks with anything in them.
    public static func weekly(_ weeks: [Int64]) -> Int64? {
        guard weeks.count == 4, weeks.count(where: { $0 > 0 }) >= 3 else { return nil }
        let middle = weeks.sorted()[1...2]
        return max(1, middle.reduce(0) { $0 + $1 / 2 })
    }
}
