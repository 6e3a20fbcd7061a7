import Domain
import Foundation
import GRDB

@testable import Storage

/// The slow and obviously right way from the files of several offices to the calls that count.
struct CallsModel {
    struct Row: Hashable {
        var key: CallKey
        var agent: String
        var time: Int64
        /// All that makes two rows with a key the same call, as a number.
        var content: UInt64
    }
    struct File {
        var office: Int
        var source: Int
        var format: String
        var time: Int64
        var rows: [Row]
        var deleted: [Range<Int64>] = []

        func isThere(_ row: Row) -> Bool { !deleted.contains { $0.contains(row.time) } }
    }
    /// A row of a file, by their indices.
    struct Sighting: Hashable {
        var file: Int
        var row: Int
    }

    var files: [Int: File] = [:]
    /// Minutes, by office.
    var cutOvers: [Int]
    var maxGaps: [Int]
    /// As total order compares offices.
    var officeIDs: [String] = []

    func row(_ sighting: Sighting) -> Row? { files[sighting.file]?.rows[sighting.row] }

    private func place(_ sighting: Sighting) -> (Int64, String) {
        guard let file = files[sighting.file] else { return (0, "") }
        return (file.time, officeIDs[file.office])
    }

    /// Rows that are there and the same call.
    func groups() -> [[Sighting]] {
        var byKey: [CallKey: [Sighting]] = [:]
        for (number, file) in files {
            for (index, row) in file.rows.enumerated() where file.isThere(row) {
                byKey[row.key, default: []].append(Sighting(file: number, row: index))
            }
        }
        var groups: [[Sighting]] = []
        for sightings in byKey.values {
            var rest = Set(sightings)
            while let first = rest.popFirst() {
                var group = [first]
                var reached = 0
                while reached < group.count {
                    let next = group[reached]
                    reached += 1
                    let same = rest.filter { isSameCall($0, next) }
                    rest.subtract(same)
                    group += same
                }
                groups.append(group)
            }
        }
        return groups
    }

    /// 1: counts; -1: another office's row counts instead; 0: a later one of its own office is the same call.
    func standings() -> [Sighting: Int] {
        var result: [Sighting: Int] = [:]
        for group in groups() {
            for sighting in group {
                let later = group.filter { place($0) > place(sighting) }
                let office = files[sighting.file]?.office
                result[sighting] =
                    later.isEmpty ? 1 : later.contains { files[$0.file]?.office == office } ? 0 : -1
            }
        }
        return result
    }

    private func isSameCall(_ a: Sighting, _ b: Sighting) -> Bool {
        guard let x = files[a.file], let y = files[b.file], x.format == y.format else { return false }
        return x.source == y.source || x.rows[a.row].content == y.rows[b.row].content
    }

    func day(_ row: Row, of office: Int) -> Int64 {
        Int64((Double(row.time - Int64(cutOvers[office]) * 60) / 86_400).rounded(.down))
    }

    /// Of each agent's name and day that has any: logs, calls elsewhere, sum of contents, first, last, active seconds.
    func figures() -> Set<String> {
        struct Key: Hashable {
            var office: Int
            var agent: String
            var day: Int64
        }
        var days: [Key: (rows: [Row], elsewhere: Int)] = [:]
        for (sighting, standing) in standings() where standing != 0 {
            guard let row = row(sighting), let office = files[sighting.file]?.office else { continue }
            let key = Key(office: office, agent: row.agent, day: day(row, of: office))
            if standing == 1 { days[key, default: ([], 0)].rows.append(row) }
            if standing == -1 { days[key, default: ([], 0)].elsewhere += 1 }
        }
        return Set(
            days.map { key, it in
                let times = it.rows.map(\.time).sorted()
                let gap = Int64(maxGaps[key.office] * 60)
                let active = zip(times, times.dropFirst()).reduce(0) {
                    $1.1 - $1.0 > gap ? $0 : $0 + $1.1 - $1.0
                }
                let digest = it.rows.reduce(UInt64(0)) { $0 &+ $1.content }
                return [
                    officeIDs[key.office], key.agent, String(key.day), String(it.rows.count),
                    String(it.elsewhere), String(digest), times.first.map(String.init) ?? "-",
                    times.last.map(String.init) ?? "-", String(active),
                ].joined(separator: "|")
            })
    }
}
