import Domain
import Foundation
import GRDB

/// A row that is there and holds a key, as far as counting asks.
struct Sighting {
    var version: Int64
    var source: Int64
    var place: LiveRows.Place
    var name: Int64
    var entry: AgentDayTally.Entry

    /// Whichever of the two counts, the figures are the same.
    func isCounted(like other: Sighting) -> Bool {
        name == other.name && entry.fingerprint == other.entry.fingerprint
            && entry.outcome == other.entry.outcome
    }

    /// Of two rows with one key, of sources of one layout.
    func isSameCall(as other: Sighting) -> Bool {
        source == other.source || entry.fingerprint == other.entry.fingerprint
    }
}

/// How a row stands among those that hold its key.
enum RowStanding {
    case counts
    /// It is the last of its office, and a row of another office counts instead.
    case elsewhere
    /// A later row of its own office is the same call.
    case replaced
}

/// The rows that are there and hold one key, of sources of one layout.
extension [Sighting] {
    /// Which of them count: a function of the set, whatever the order of things.
    ///
    /// Rows of one source are the same call, for a dialer gives a number once; rows of several sources are where
    /// their content is the same, for then branches uploaded the same export. What is the same as a third is the
    /// same. Of each group the latest in total order counts. `OfficeStore.standing` says it in SQL.
    var standings: [RowStanding] {
        let groups = groups
        return indices.map { index in
            var standing = RowStanding.counts
            for other in indices
            where groups[other] == groups[index] && self[index].place < self[other].place {
                if self[other].place.office == self[index].place.office { return .replaced }
                standing = .elsewhere
            }
            return standing
        }
    }

    /// Those that are the same call as another row of the key.
    func kin(of row: Sighting) -> [Sighting] {
        let groups = (self + [row]).groups
        return zip(self, groups).filter { $0.1 == groups.last }.map(\.0)
    }

    /// Of each the group it belongs to.
    private var groups: [Int] {
        guard let first, contains(where: { $0.source != first.source }) else {
            return [Int](repeating: 0, count: count)
        }
        var groups = Array<Int>(indices)
        for index in indices {
            for earlier in 0..<index
            where groups[earlier] != groups[index] && self[earlier].isSameCall(as: self[index]) {
                let (old, new) = (groups[earlier], groups[index])
                for place in 0...index where groups[place] == old { groups[place] = new }
            }
        }
        return groups
    }

    /// Adds a row. Of those with one content in one source and office the latest says all, so that a key in hundreds
    /// of versions costs no more than in two.
    mutating func meet(_ row: Sighting) {
        let like = firstIndex {
            $0.source == row.source && $0.entry.fingerprint == row.entry.fingerprint
                && $0.place.office == row.place.office
        }
        guard let like else { return append(row) }
        if self[like].place < row.place { self[like] = row }
    }
}

/// The rows of other versions that hold a key.
struct Sightings {
    private let statement: RawStatement

    init(_ db: Database) throws {
        statement = try RawStatement(
            db,
            """
            SELECT version, name, time, campaign, outcome, talk, fingerprint, source FROM call
            WHERE key = ? AND version <> ?
            """)
    }

    /// Those that are there and could be the same call.
    ///
    /// - Parameters:
    ///   - bindKey: binds the key at 1.
    ///   - later: the rows that will be there when all is done; also returned then.
    func live(
        besides version: Int64, in live: LiveRows, later: LiveRows? = nil, bindKey: (RawStatement) -> Void
    ) throws -> (now: [Sighting], later: [Sighting]) {
        var rows: (now: [Sighting], later: [Sighting]) = ([], [])
        bindKey(statement)
        statement.bind(version, at: 2)
        defer { statement.reset() }
        while try statement.step() {
            let (other, second) = (statement.number(0), statement.number(2))
            if let place = live.place(of: other, at: second, besides: version) {
                rows.now.meet(sighting(other, place))
            }
            if let place = later?.place(of: other, at: second, besides: version) {
                rows.later.meet(sighting(other, place))
            }
        }
        return rows
    }

    /// The row of the present step.
    private func sighting(_ version: Int64, _ place: LiveRows.Place) -> Sighting {
        Sighting(
            version: version, source: statement.number(7), place: place, name: statement.number(1),
            entry: AgentDayTally.Entry(
                time: LocalTime(seconds: statement.number(2)), campaign: statement.number(3),
                outcome: statement.number(4), talk: statement.isNull(5) ? nil : statement.number(5),
                fingerprint: UInt64(bitPattern: statement.number(6))))
    }
}
