import Domain
import Foundation
import TestSupport

/// A row as the generator of a random file knows it: its text, and what it is without any reading.
struct ModelRow {
    enum Kind { case call, blank, flawed }

    var kind: Kind
    var text: String
    var key = ""
    var agent = ""
    var time: Int64 = 0
    var type = ""
    var state = ""
    var campaign = ""
    var talk: Int?
    /// Everything that makes two rows with a key the same call.
    var content = ""
}

/// The slow and obviously right way from files to figures.
struct ImportModel {
    struct Counts: Equatable {
        var rows = 0
        var accepted = 0
        var duplicate = 0
        var changed = 0
        var rejected = 0
        var blank = 0
        var overlapping = 0
    }

    var cutOver: Int64 = 0
    var maxGap: Int64 = 600
    /// The accepted rows of each file, in the order of upload.
    private(set) var files: [[String: ModelRow]] = []
    /// What is deleted: files by their index, and stretches of the clock; nil: all of it.
    var deleted: [(file: Int, times: [Range<Int64>]?)] = []

    mutating func take(_ rows: [ModelRow]) -> Counts {
        var counts = Counts(rows: rows.count)
        var accepted: [String: ModelRow] = [:]
        for row in rows {
            switch row.kind {
            case .blank: counts.blank += 1
            case .flawed: counts.rejected += 1
            case .call:
                if let first = accepted[row.key] {
                    if first.content == row.content { counts.duplicate += 1 } else { counts.changed += 1 }
                } else {
                    accepted[row.key] = row
                    counts.accepted += 1
                    let others = files.enumerated().compactMap { index, rows in
                        rows[row.key].flatMap { isThere($0, in: index) ? $0 : nil }
                    }
                    if !others.isEmpty { counts.overlapping += 1 }
                }
            }
        }
        files.append(accepted)
        return counts
    }

    /// The calls that count: of each key the one in the latest file.
    var counted: [ModelRow] {
        var latest: [String: ModelRow] = [:]
        for (index, file) in files.enumerated() {
            latest.merge(file.filter { isThere($0.value, in: index) }) { $1 }
        }
        return Array(latest.values)
    }

    func day(_ row: ModelRow) -> Int64 {
        Int64((Double(row.time - cutOver * 60) / 86_400).rounded(.down))
    }

    func isThere(_ row: ModelRow, in file: Int) -> Bool {
        !deleted.contains { deleted in
            deleted.file == file && (deleted.times?.contains { $0.contains(row.time) } ?? true)
        }
    }

    /// The lines of `ImportOffice.figures`.
    var figures: [String] {
        var lines: [String] = []
        let byDay = Dictionary(grouping: counted) { "\(day($0))|\(folded($0.agent))" }
        for (key, rows) in byDay {
            let times = rows.map(\.time).sorted()
            guard let first = times.first, let last = times.last else { continue }
            var (active, idle): (Int64, Int64) = (0, 0)
            var longest: (gap: Int64, start: String) = (0, "-")
            var hours = [Int](repeating: 0, count: 24)
            var counted: [Int64] = []
            for (a, b) in zip(times, times.dropFirst()) {
                if b - a > longest.gap { longest = (b - a, String(a)) }
                if b - a > maxGap {
                    idle += b - a
                } else {
                    active += b - a
                    counted.append(b - a)
                    for second in a..<b { hours[Int(second % 86_400 / 3600)] += 1 }
                }
            }
            let pace = counted.isEmpty ? "-" : String(counted.sorted()[(counted.count - 1) / 2])
            let packed = hours.map { hexadecimal([UInt8($0 & 255), UInt8($0 >> 8)]) }.joined().uppercased()
            lines.append(
                "day|\(key)|\(rows.count)|\(first)|\(last)|\(active)|\(idle)|\(longest.gap)|\(longest.start)|\(pace)|\(packed)"
            )
            lines += sums(rows, "outcome|\(key)") { "\($0.type)|\($0.state)" }
            lines += sums(rows, "hour|\(key)") {
                "\($0.time % 86_400 / 3600)|\($0.campaign)|\($0.type)|\($0.state)"
            }
        }
        return lines.sorted()
    }

    private func sums(_ rows: [ModelRow], _ start: String, by key: (ModelRow) -> String) -> [String] {
        Dictionary(grouping: rows, by: key).map { part, rows in
            let talks = rows.compactMap(\.talk)
            return "\(start)|\(part)|\(rows.count)|\(talks.count)|\(talks.reduce(0, +))"
        }
    }

    private func folded(_ name: String) -> String {
        name.lowercased().replacingOccurrences(of: " ", with: "")
    }
}

/// Makes seeded files with every flaw that the import knows.
struct RandomFile {
    var numbers: SeededNumbers
    /// Days 2026-10-20 to 2026-10-24, some calls round midnight and round 04:00.
    private let start: Int64 = 1_792_454_400
    private let agents = ["Ann Bell", "Bob Cole", "Cy Dunn", "Dee"]
    private let states = ["No Answer", "Sale", "Callback", "Mystery", ""]

    init(seed: UInt64) { numbers = SeededNumbers(seed) }

    mutating func rows(_ count: Int, ids: ClosedRange<Int>) -> [ModelRow] {
        var rows: [ModelRow] = []
        for _ in 0..<count {
            switch Int.random(in: 0..<20, using: &numbers) {
            case 0:
                rows.append(
                    ModelRow(
                        kind: .blank,
                        text: ["", ",,,,,,,,,", "  ", ", ,,"].randomElement(using: &numbers) ?? ""))
            case 1: rows.append(ModelRow(kind: .flawed, text: flawed()))
            case 2 where !rows.isEmpty:
                // The same row again, or the same key with another content.
                if let old = rows.filter({ $0.kind == .call }).randomElement(using: &numbers) {
                    rows.append(old)
                }
            default: rows.append(call(Int.random(in: ids, using: &numbers)))
            }
        }
        return rows
    }

    mutating func call(_ id: Int) -> ModelRow {
        let key = id % 11 == 0 ? "00\(id)" : id % 13 == 0 ? "x-\(id)" : String(id)
        let agent = agents.randomElement(using: &numbers) ?? ""
        let anchor = [0, 4, 9, 14, 23].randomElement(using: &numbers) ?? 0
        let time =
            start + Int64.random(in: 0..<5, using: &numbers) * 86_400 + Int64(anchor) * 3600
            + Int64.random(in: -2400...2400, using: &numbers)
        let state = states.randomElement(using: &numbers) ?? ""
        let campaign = ["North", "So,uth", ""].randomElement(using: &numbers) ?? ""
        let type = ["Outbound", "Manual"].randomElement(using: &numbers) ?? ""
        let (talkText, talk): (String, Int?) =
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: ("", nil)
            case 1: ("long", nil)
            case 2: ("-5", nil)
            default: ("37", 37)
            }
        let local = LocalTime(seconds: time).iso
        let content = [key, agent, local, state, campaign, type, talk.map { "\($0)" } ?? "-"]
        let quoted = campaign.isEmpty ? "" : "\"\(campaign)\""
        // Blanks round a field are not part of it.
        let pad = Bool.random(using: &numbers) ? " " : ""
        return ModelRow(
            kind: .call,
            text:
                "\(pad)\(agent)\(pad),P1,\(key)\(pad),\(local),\(type),\(state)\(pad),Auto,\(quoted),\(quoted),\(talkText)",
            key: key, agent: agent, time: time, type: type, state: state, campaign: campaign, talk: talk,
            content: content.joined(separator: "\u{1f}"))
    }

    private mutating func flawed() -> String {
        let long = String(repeating: "x", count: 301)
        return [
            ",P1,1,2026-10-20 09:00:00,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,,2026-10-20 09:00:00,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,yesterday,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,2026-10-20,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,2026-02-30 09:00:00,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,1989-12-31 09:00:00,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,2027-10-20 09:00:00,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,2026-10-20 09:00:00,Outbound,\(long),Auto,North,North,",
            "Ann Bell,P1,5",
            "Ann Bell,P1,5,2026-10-20 09:00:00,Outbound,Sa\u{0}le,Auto,North,North,",
            "---,P1,5,2026-10-20 09:00:00,Outbound,Sale,Auto,North,North,".replacingOccurrences(
                of: "---", with: "\u{301}"),
            "Totals,12,,",
            "Ann, Bell,P1,5,2026-10-20 09:00:00,Outbound,Sale,Auto,North,North,",
            "Ann Bell,P1,5,2026-10-20 09:00:00,Outbound,Sale,Auto,North,West,North,1",
        ].randomElement(using: &numbers) ?? ""
    }

    static func text(_ rows: [ModelRow]) -> String {
        ([SampleCall.header] + rows.map(\.text)).joined(separator: "\n") + "\n"
    }
}
