import Domain
import Foundation

/// Counts one agent's name on one business day; the only place where rows become figures.
///
/// Rows can be added and taken back in any order; what is left depends only on the set. Memory: 4 bytes a
/// row and about 40 a distinct (hour, campaign, outcome).
struct AgentDayTally {
    struct Cell: Equatable {
        var logs: Int64 = 0
        var talkLogs: Int64 = 0
        var talk: Int64 = 0

        static func += (a: inout Cell, b: Cell) {
            a.logs &+= b.logs
            a.talkLogs &+= b.talkLogs
            a.talk &+= b.talk
        }

        static prefix func - (a: Cell) -> Cell {
            Cell(logs: 0 &- a.logs, talkLogs: 0 &- a.talkLogs, talk: 0 &- a.talk)
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

    /// A row as far as figures go.
    struct Entry {
        var time: LocalTime
        var campaign: Int64
        var outcome: Int64
        /// Seconds; nil where the row has none.
        var talk: Int64?
        var fingerprint: UInt64
    }

    private(set) var cells: [CellKey: Cell] = [:]
    /// Seconds since the start of `origin`'s day; a business day spans two calendar days at most.
    private var times: [Int32] = []
    private var timesTakenBack: [Int32] = []
    private let origin: Int64
    private(set) var digest: UInt64 = 0
    /// Rows that do not count, because the same call counts in a file of another office.
    var elsewhere: Int64 = 0

    init(day: Day) { origin = Int64(day.number) * 86_400 }

    var logs: Int { times.count - timesTakenBack.count }
    /// For the memory bound: rows and cells in the size of a row.
    var weight: Int { times.count + timesTakenBack.count + cells.count * 10 }

    /// - Throws: `UserError` `tooMany` past 268 million campaigns or outcomes.
    mutating func add(_ entry: Entry) throws {
        cells[try key(of: entry), default: Cell()] += cell(of: entry)
        times.append(offset(of: entry))
        digest = digest &+ entry.fingerprint
    }

    /// Undoes `add` of the same entry.
    mutating func takeBack(_ entry: Entry) throws {
        cells[try key(of: entry), default: Cell()] += -cell(of: entry)
        timesTakenBack.append(offset(of: entry))
        digest = digest &- entry.fingerprint
    }

    private func key(of entry: Entry) throws -> CellKey {
        guard let key = CellKey(hour: entry.time.hour, campaign: entry.campaign, outcome: entry.outcome)
        else {
            throw UserError(
                .tooMany, "The office has more than 268 million different campaigns or outcomes.",
                advice: "Check that the columns of the file are the right ones.")
        }
        return key
    }

    private func cell(of entry: Entry) -> Cell {
        Cell(logs: 1, talkLogs: entry.talk == nil ? 0 : 1, talk: entry.talk ?? 0)
    }

    private func offset(of entry: Entry) -> Int32 { Int32(clamping: entry.time.seconds &- origin) }

    /// Sums over hours and campaigns, by outcome.
    var byOutcome: [(outcome: Int64, cell: Cell)] {
        var sums: [Int64: Cell] = [:]
        for (key, cell) in cells { sums[key.outcome, default: Cell()] += cell }
        return sums.filter { $0.value != Cell() }.sorted { $0.key < $1.key }
            .map { (outcome: $0.key, cell: $0.value) }
    }

    /// When the rows that are left are, in order.
    private var sortedTimes: [Int32] {
        guard !timesTakenBack.isEmpty else { return times.sorted() }
        var gone = timesTakenBack.sorted()[...]
        return times.sorted().filter { time in
            while let first = gone.first, first < time { gone.removeFirst() }
            guard gone.first == time else { return true }
            gone.removeFirst()
            return false
        }
    }

    // MARK: As kept

    /// Cells in order, each as hour, campaign, outcome, logs, logs with talk time, talk seconds.
    var packedCells: Data {
        var packer = NumberPacker()
        for (key, cell) in cells.sorted(by: { $0.key.bits < $1.key.bits }) where cell != Cell() {
            packer.add(UInt64(key.hour))
            packer.add(UInt64(key.campaign))
            packer.add(UInt64(key.outcome))
            packer.add(UInt64(bitPattern: cell.logs))
            packer.add(UInt64(bitPattern: cell.talkLogs))
            packer.add(UInt64(bitPattern: cell.talk))
        }
        return Data(packer.bytes)
    }

    /// The first row's second of the day, then each gap to the next row.
    var packedTimes: Data {
        var packer = NumberPacker()
        var last: Int32 = 0
        for time in sortedTimes {
            packer.add(UInt64(UInt32(bitPattern: time &- last)))
            last = time
        }
        return Data(packer.bytes)
    }

    /// - Throws: `UserError` `damaged` for what was not written by `packedCells` and `packedTimes`.
    init(day: Day, cells: Data, times: Data, digest: UInt64, elsewhere: Int64) throws {
        self.init(day: day)
        self.digest = digest
        self.elsewhere = elsewhere
        try Self.forEachCell(of: cells) { self.cells[$0] = $1 }
        var unpacker = NumberUnpacker(Array(times))
        var last: Int32 = 0
        while !unpacker.isAtEnd {
            guard let gap = unpacker.next() else { throw Self.damaged }
            last = last &+ Int32(bitPattern: UInt32(truncatingIfNeeded: gap))
            self.times.append(last)
        }
    }

    static func forEachCell(of packed: Data, _ body: (CellKey, Cell) throws -> Void) throws {
        var unpacker = NumberUnpacker(Array(packed))
        while !unpacker.isAtEnd {
            guard let hour = unpacker.next(), let campaign = unpacker.next(), let outcome = unpacker.next(),
                let logs = unpacker.next(), let talkLogs = unpacker.next(), let talk = unpacker.next(),
                let key = CellKey(
                    hour: Int(clamping: hour), campaign: Int64(clamping: campaign),
                    outcome: Int64(clamping: outcome))
            else { throw damaged }
            try body(
                key,
                Cell(
                    logs: Int64(bitPattern: logs), talkLogs: Int64(bitPattern: talkLogs),
                    talk: Int64(bitPattern: talk)))
        }
    }

    private static let damaged = UserError(
        .damaged, "Figures of the office are damaged.",
        advice: "Run “rollcall verify” to see which, and “rollcall rebuild” to count them again.")

    // MARK: Activity

    /// First, last, active, idle: metrics "gap", "active A, idle I", "hourly A", "pace", "longest gap".
    func activity(maxGap: Int32) -> Activity {
        let sorted = sortedTimes
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
