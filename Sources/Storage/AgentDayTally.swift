import Domain
import Foundation

/// Counts one agent's name on one business day; the only place where rows become figures.
///
/// Memory: 4 bytes a row and about 40 a distinct (hour, campaign, outcome).
struct AgentDayTally {
    struct Cell {
        var logs: Int64 = 0
        var talkLogs: Int64 = 0
        var talk: Int64 = 0

        static func += (a: inout Cell, b: Cell) {
            a.logs &+= b.logs
            a.talkLogs &+= b.talkLogs
            a.talk &+= b.talk
        }
    }

    /// Hour, campaign and outcome in one number: 8, 28 and 28 bits.
    struct CellKey: Hashable {
        let bits: UInt64

        init?(hour: Int, campaign: Int64, outcome: Int64) {
            guard (0..<24).contains(hour), (0..<(1 << 28)).contains(campaign),
                (0..<(1 << 28)).contains(outcome)
            else { return nil }
            bits = UInt64(hour) << 56 | UInt64(campaign) << 28 | UInt64(outcome)
        }

        var hour: Int { Int(bits >> 56) }
        var campaign: Int64 { Int64(bits >> 28 & 0xfff_ffff) }
        var outcome: Int64 { Int64(bits & 0xfff_ffff) }
    }

    private(set) var cells: [CellKey: Cell] = [:]
    /// Seconds since the start of `origin`'s day; a business day spans two calendar days at most.
    private var times: [Int32] = []
    private let origin: Int64
    private(set) var digest: UInt64 = 0

    init(day: Day) { origin = Int64(day.number) * 86_400 }

    var logs: Int { times.count }
    /// For the memory bound: rows and cells in the size of a row.
    var weight: Int { times.count + cells.count * 10 }

    mutating func add(time: LocalTime, campaign: Int64, outcome: Int64, talk: Int64?, fingerprint: UInt64)
        throws
    {
        guard let key = CellKey(hour: time.hour, campaign: campaign, outcome: outcome) else {
            throw UserError(
                .tooMany, "The office has more than 268 million different campaigns or outcomes.",
                advice: "Check that the columns of the file are the right ones.")
        }
        cells[key, default: Cell()] += Cell(logs: 1, talkLogs: talk == nil ? 0 : 1, talk: talk ?? 0)
        times.append(Int32(clamping: time.seconds &- origin))
        digest = digest &+ fingerprint
    }

    /// Sums over hours and campaigns.
    var byOutcome: [Int64: Cell] {
        var sums: [Int64: Cell] = [:]
        for (key, cell) in cells { sums[key.outcome, default: Cell()] += cell }
        return sums
    }

    /// First, last, active, idle: metrics "gap", "active A, idle I", "hourly A", "pace", "longest gap".
    func activity(maxGap: Int32) -> Activity {
        let sorted = times.sorted()
        var result = Activity()
        guard let first = sorted.first, let last = sorted.last else { return result }
        result.first = origin + Int64(first)
        result.last = origin + Int64(last)
        var counted: [Int32] = []
        counted.reserveCapacity(sorted.count)
        for (start, end) in zip(sorted, sorted.dropFirst()) {
            let gap = end &- start
            if gap > result.longestGap {
                result.longestGap = gap
                result.longestGapStart = origin + Int64(start)
            }
            guard gap <= maxGap else {
                result.idle += Int64(gap)
                continue
            }
            result.active += Int64(gap)
            counted.append(gap)
            var from = start
            while from < end {
                let edge = min(end, (from.floorDivided(by: 3600) &+ 1) &* 3600)
                let hour = Int(from.floorDivided(by: 3600) % 24)
                if result.activeByHour.indices.contains(hour) {
                    result.activeByHour[hour] = result.activeByHour[hour] &+ UInt16(clamping: edge &- from)
                }
                from = edge
            }
        }
        counted.sort()
        if !counted.isEmpty { result.pace = counted[(counted.count - 1) / 2] }
        return result
    }

    struct Activity: Equatable {
        /// Seconds since 1970 of the wall clock; nil without rows.
        var first: Int64?
        var last: Int64?
        var active: Int64 = 0
        var idle: Int64 = 0
        var longestGap: Int32 = 0
        var longestGapStart: Int64?
        /// The lower median of the counted gaps.
        var pace: Int32?
        var activeByHour = [UInt16](repeating: 0, count: 24)

        var packedHours: Data {
            Data(
                activeByHour.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] })
        }
    }
}

extension FixedWidthInteger {
    /// Rounds towards negative infinity.
    func floorDivided(by divisor: Self) -> Self {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
