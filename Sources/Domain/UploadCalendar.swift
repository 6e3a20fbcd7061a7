/// What a source has sent for a day, judged by the days like it.
public enum UploadState: String, Sendable, Hashable, CaseIterable {
    case arrived = "ok"
    /// Nothing has come, though most days like it had calls.
    case missing
    /// Far fewer calls than on days like it.
    case half
    /// Nothing has come, and mostly nothing comes on such a day.
    case off

    /// In the words of a person.
    public var title: String {
        switch self {
        case .arrived: "Arrived"
        case .missing: "Missing"
        case .half: "Looks half-uploaded"
        case .off: "No calls expected"
        }
    }
}

/// One day of one source.
public struct UploadDay: Sendable, Hashable {
    public var day: Day
    public var logs: Int
    /// Median of the like weekdays that had calls; nil where there are fewer than two.
    public var usual: Int?
    public var state: UploadState
}

/// How many weeks back like weekdays are looked at.
public let likeWeeks = 8

/// Judges the last days of a source.
///
/// A day like it is the same weekday of the eight weeks before, not before the source's first calls. Under
/// half of their median looks half-uploaded. Today is never missing: its file may come tonight.
/// - Parameter logs: counted logs by business day, back to eight weeks before `period`.
public func uploadDays(_ logs: [Day: Int], in period: Period, today: Day) -> [UploadDay] {
    let first = logs.filter { $0.value > 0 }.keys.min()
    return (0..<max(0, period.dayCount)).map { offset in
        let day = period.from.adding(offset)
        let like = (1...likeWeeks).map { day.adding(-7 * $0) }.filter { $0 >= first ?? $0.adding(1) }
        let counts = like.map { logs[$0] ?? 0 }
        let working = counts.filter { $0 > 0 }.sorted()
        let usual = working.count < 2 ? nil : working[working.count / 2]
        let count = logs[day] ?? 0
        let state: UploadState
        if count > 0 {
            state = usual.map { count * 2 < $0 } == true && day < today ? .half : .arrived
        } else if day >= today || working.isEmpty || working.count * 2 < counts.count {
            state = .off
        } else {
            state = .missing
        }
        return UploadDay(day: day, logs: count, usual: usual, state: state)
    }
}
