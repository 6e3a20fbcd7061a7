import Domain
import Foundation
import Storage

/// What a deletion does, found the slow way: everything is counted before and after.
struct DeletionModel {
    var rows = 0
    var gone = 0
    var stays = 0
    var returns = 0
    /// Calls by the index of the file that holds them besides.
    var holders: [Int: Int] = [:]
    var period: Period?
    var days = 0
    var before = DeleteTotals()
    var after = DeleteTotals()
    /// Logs in the period by agent, where they change.
    var agents: [String: [Int]] = [:]
    /// Figures of the period as they were, and rows that go: whatever else is the same, an approval waits for these.
    private var figures: Set<String> = []
    private var lost: [String] = []
    private var counts: [String] = []

    /// Whether an approval of one does what the other says.
    func isSame(as other: DeletionModel) -> Bool {
        (rows, gone, stays, returns) == (other.rows, other.gone, other.stays, other.returns)
            && (lost, counts, figures) == (other.lost, other.counts, other.figures)
    }

    /// - Parameter deleted: what is deleted with it, as `ImportModel.deleted`.
    init(_ model: ImportModel, deleting deleted: [(file: Int, times: [Range<Int64>]?)]) {
        var then = model
        then.deleted += deleted
        let (was, willBe) = (model.holders, then.holders)
        var concerned: Set<Int64> = []
        for file in Set(deleted.map(\.file)) {
            for (key, row) in model.files[file]
            where model.isThere(row, in: file) && !then.isThere(row, in: file) {
                rows += 1
                lost.append("\(file) \(key)")
                concerned.insert(model.day(row))
                if let holder = willBe[key]?.last {
                    stays += 1
                    holders[holder.file, default: 0] += 1
                }
            }
        }
        for (key, sightings) in was {
            guard let counted = sightings.last?.row else { continue }
            let next = willBe[key]?.last?.row
            if next == nil { gone += 1 }
            if let next, next.content != counted.content {
                returns += 1
                counts.append("\(key) \(next.content)")
                concerned.formUnion([model.day(counted), model.day(next)])
            }
        }
        lost.sort()
        counts.sort()
        days = concerned.count
        guard let first = concerned.min(), let last = concerned.max() else { return }
        let isIn = { (row: ModelRow) in first <= model.day(row) && model.day(row) <= last }
        period = Period(
            from: Day(number: Int32(clamping: first)), to: Day(number: Int32(clamping: last)))
        let (rowsBefore, rowsAfter) = (model.counted.filter(isIn), then.counted.filter(isIn))
        figures = Set(rowsBefore.map { "\(model.day($0)) \($0.content)" })
        before = totals(rowsBefore, model)
        after = totals(rowsAfter, model)
        for agent in Set((rowsBefore + rowsAfter).map(\.agent)) {
            let logs = [rowsBefore, rowsAfter].map { $0.count { $0.agent == agent } }
            if logs[0] != logs[1] { agents[agent] = logs }
        }
    }

    /// Logs, talk and active seconds; contacts and successes as cold calling has them.
    private func totals(_ rows: [ModelRow], _ model: ImportModel) -> DeleteTotals {
        var totals = DeleteTotals(logs: rows.count)
        totals.talk = rows.compactMap(\.talk).reduce(0, +)
        totals.successes = rows.count { $0.state == "Sale" }
        totals.contacts = rows.count { ["Sale", "Callback"].contains($0.state) }
        for day in Dictionary(grouping: rows, by: { "\(model.day($0)) \($0.agent)" }).values {
            let times = day.map(\.time).sorted()
            totals.active += zip(times, times.dropFirst()).reduce(0) { sum, pair in
                pair.1 - pair.0 > model.maxGap ? sum : sum + Int(pair.1 - pair.0)
            }
        }
        return totals
    }
}

extension ImportModel {
    /// Every sighting of each key that is there, in the order of upload; the last counts.
    var holders: [String: [(file: Int, row: ModelRow)]] {
        var holders: [String: [(file: Int, row: ModelRow)]] = [:]
        for (index, file) in files.enumerated() {
            for (key, row) in file where isThere(row, in: index) {
                holders[key, default: []].append((index, row))
            }
        }
        return holders
    }
}
