/// Finds the order of the dates in a column from every value in it, never from the first few.
public struct DateColumn: Sendable {
    public enum Verdict: Equatable, Sendable {
        /// No value is a date in any order.
        case none
        case decided(DateOrder)

        /// The column can be read in each of these; a person must say which.
        case ambiguous([DateOrder])
    }

    /// Values that are not blank.
    public private(set) var values = 0

    /// Values with a four-digit year in front; they are read alike in every order.
    public private(set) var yearFirst = 0

    /// Epoch seconds and milliseconds; they too are read alike in every order.
    public private(set) var epochs = 0

    public private(set) var firstMisfitLine: Int?

    /// Values that are a date in one order only.
    public private(set) var onlyMonthFirst = 0
    public private(set) var onlyDayFirst = 0
    /// Values that are a date in both orders.
    public private(set) var either = 0

    public init() {}

    /// Call it for each value; blank ones count for nothing.
    public mutating func add(_ bytes: [UInt8], _ range: Range<Int>, line: Int) {
        guard let date = DateText(bytes, range) else {
            if !trimmed(bytes, range).isEmpty { addMisfit(line) }
            return
        }
        values += 1
        if date.epochSeconds != nil {
            epochs += 1
        } else if date.isYearFirst {
            if date.day(as: .ymd) != nil { yearFirst += 1 } else { noteMisfit(line) }
        } else {
            switch (date.day(as: .mdy) != nil, date.day(as: .dmy) != nil) {
            case (true, true): either += 1
            case (true, false): onlyMonthFirst += 1
            case (false, true): onlyDayFirst += 1
            case (false, false): noteMisfit(line)
            }
        }
    }

    public mutating func add(_ text: String, line: Int) {
        let bytes = Array(text.utf8)
        add(bytes, 0..<bytes.count, line: line)
    }

    /// The values that are a date when read in this order.
    public func fitting(_ order: DateOrder) -> Int {
        let always = yearFirst + epochs
        return switch order {
        case .ymd: always
        case .mdy: always + either + onlyMonthFirst
        case .dmy: always + either + onlyDayFirst
        }
    }

    /// A day over 12 proves an order. Where values prove both, the order with twenty times the other's
    /// proofs wins, and the few others are left to be rejected; with less the column is a mixture, and a
    /// guess would put calls on wrong days unseen, so it is asked.
    public var verdict: Verdict {
        if either + onlyMonthFirst + onlyDayFirst == 0 {
            return yearFirst + epochs == 0 ? .none : .decided(.ymd)
        }
        if onlyMonthFirst > 0, onlyMonthFirst / 20 >= onlyDayFirst { return .decided(.mdy) }
        if onlyDayFirst > 0, onlyDayFirst / 20 >= onlyMonthFirst { return .decided(.dmy) }
        return .ambiguous(onlyDayFirst > onlyMonthFirst ? [.dmy, .mdy] : [.mdy, .dmy])
    }

    private mutating func addMisfit(_ line: Int) {
        values += 1
        noteMisfit(line)
    }

    private mutating func noteMisfit(_ line: Int) {
        if firstMisfitLine == nil { firstMisfitLine = line }
    }
}
