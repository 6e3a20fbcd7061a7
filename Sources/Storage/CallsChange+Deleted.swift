import Domain
import Foundation
import GRDB

extension CallsChange {
    /// A row that comes or goes because its time is deleted no more, or from now on.
    struct Turned {
        var row: Sighting
        /// The rows of its key that will be there when all is done.
        var later: [Sighting]
        var turn: Turn
    }

    /// Brings the rows of a version that is there in line with what shall be deleted of it: rows that go, and rows that
    /// come back. The events that make it so are the caller's.
    ///
    /// One pass over the version's rows, with a look at the other rows of each key.
    /// - Parameters:
    ///   - number: of a version that is not being staged, in the database.
    ///   - deleted: all that shall be deleted of it; `[.always]`: the whole version.
    ///   - progress: lines looked at.
    public func retarget(
        _ number: Int64, deleted: [ClockSpan], isCancelled: () -> Bool = { false },
        progress: (Int) -> Void = { _ in }
    ) throws {
        try retarget(number, deleted: deleted, later: nil, isCancelled, progress) { _, _ in }
    }

    /// - Parameter later: the rows that will be there when all is done, for what is visited.
    func retarget(
        _ number: Int64, deleted: [ClockSpan], later: LiveRows?, _ isCancelled: () -> Bool,
        _ progress: (Int) -> Void, visit: (Turned, Database) throws -> Void
    ) throws {
        guard let source = live.source(of: number), let place = live.place(of: number) else { return }
        let (before, after) = (live.deleted(of: number), deleted.joined)
        let pass = Pass(
            number: number, source: source, place: place, before: before, after: after,
            isAlone: live.isAlone(number) && later?.isAlone(number) ?? true)
        guard let changed = pass.changed else { return }
        var next: Int64? = CallRecord.number(number, line: 0)
        while let from = next {
            if isCancelled() { throw UserError.cancelledDeletion }
            if store.isClosing { throw UserError.closing }
            next = try store.pool.read { db in try turn(pass, changed, from: from, later: later, db, visit) }
            try makeRoom(isCancelled: isCancelled)
            if let next { progress(Int(next & 0xffff_ffff)) }
        }
        set(number, deleted: after)
    }

    private struct Pass {
        var number: Int64
        var source: Int64
        var place: LiveRows.Place
        var before: [ClockSpan]
        var after: [ClockSpan]
        var isAlone: Bool

        /// The stretch of the clock beyond which nothing changes; nil: nothing does.
        var changed: ClockSpan? {
            let spans = before.filter { !after.contains($0) } + after.filter { !before.contains($0) }
            guard let from = spans.map(\.from).min(), let until = spans.map(\.until).max() else { return nil }
            return ClockSpan(from: from, until: until)
        }
    }

    /// Turns up to 20,000 rows of a version; returns where to go on, nil at its end.
    private func turn(
        _ pass: Pass, _ changed: ClockSpan, from: Int64, later: LiveRows?, _ db: Database,
        _ visit: (Turned, Database) throws -> Void
    ) throws -> Int64? {
        let select = try RawStatement(
            db,
            """
            SELECT number, key, name, time, campaign, outcome, talk, fingerprint FROM call
            WHERE number >= ? AND number < ? AND time >= ? AND time < ? ORDER BY number LIMIT 20000
            """)
        let sightings = try Sightings(db)
        select.bind(from, at: 1)
        select.bind(CallRecord.number(pass.number + 1, line: 0), at: 2)
        select.bind(changed.from, at: 3)
        select.bind(changed.until, at: 4)
        defer { select.reset() }
        var count = 0
        var last = from
        while try select.step() {
            count += 1
            last = select.number(0)
            let second = select.number(3)
            let wasThere = !pass.before.contains { $0.contains(second) }
            guard wasThere == pass.after.contains(where: { $0.contains(second) }) else { continue }
            let row = Sighting(
                version: pass.number, source: pass.source, place: pass.place, name: select.number(2),
                entry: AgentDayTally.Entry(
                    time: LocalTime(seconds: second), campaign: select.number(4), outcome: select.number(5),
                    talk: select.isNull(6) ? nil : select.number(6),
                    fingerprint: UInt64(bitPattern: select.number(7))))
            let others =
                pass.isAlone
                ? (now: [], later: [])
                : try sightings.live(besides: pass.number, in: live, later: later) {
                    $0.bind(column: 1, of: select, at: 1)
                }
            let turn = try turn(row, comes: !wasThere, among: others.now, db)
            try visit(Turned(row: row, later: others.later, turn: turn), db)
        }
        return count < 20_000 ? nil : last + 1
    }
}
