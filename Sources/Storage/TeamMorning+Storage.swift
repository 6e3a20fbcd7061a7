import Domain
import Foundation
import GRDB

/// Something about an agent that whoever leads him wants to know in the morning.
public struct AgentException: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// No logs on a day, after so many in the mean of his present days.
        case absent(usual: Int)
        /// Under half of his mean.
        case drop(logs: Int, usual: Int)
        /// Seconds.
        case longGap(Int, from: LocalTime)
    }
    public var person: Person
    public var kind: Kind

    /// Present days before the day from which on there is something usual.
    static let leastDays = 5
    static let daysBack = 28
    /// Seconds of a pause from which on it is long: longer than any lunch.
    static let longGap = 90 * 60
}

/// A placement that begins after today.
public struct ScheduledChange: Sendable {
    public var known: KnownPlacement
    public var before: Standing?
    public var after: Standing?
}

public struct ScheduledChanges: Sendable {
    public var list: [ScheduledChange]
    public var names: [ID<Person>: String]
}

extension OfficeStore {
    /// Agents placed within reach on a day who were absent, called far less than usual, or paused for long:
    /// absences first, each kind by name.
    public func agentExceptions(on day: Day, for viewer: Viewer) async throws -> [AgentException] {
        try viewer.require(.viewFigures)
        return try await read { db in
            let query = ReportQuery(
                period: Period(from: day.adding(-AgentException.daysBack), to: day), by: [.agent])
            let days = try VisibleDays(query, viewer, db)
            let rows = try Row.fetchCursor(
                db, sql: days.sql("n.person, a.day, a.logs, a.longestGap, a.longestGapStart"),
                arguments: days.arguments)
            var logs: [String: [Day: Int]] = [:]
            var gaps: [String: (length: Int, from: LocalTime)] = [:]
            while let row = try rows.next() {
                let (person, at): (String, Day) = (row[0], Day(number: row[1]))
                logs[person, default: [:]][at, default: 0] += row[2] as Int
                let length: Int = row[3]
                if at == day, length > gaps[person]?.length ?? 0, let start = row[4] as Int64? {
                    gaps[person] = (length, LocalTime(seconds: start))
                }
            }
            let placed = try Self.spans(in: Period(from: day, to: day), CallFilter(), viewer, db)
            var found: [[AgentException]] = [[], [], []]
            for span in placed where span.status == Placement.employee {
                let key = span.person.id.description
                let byDay = logs[key] ?? [:]
                let now = byDay[day] ?? 0
                let before = byDay.filter { $0.key < day && $0.value >= Metric.presentLogs }.values
                let usual = before.count < AgentException.leastDays ? nil : before.reduce(0, +) / before.count
                if now == 0 {
                    if let usual { found[0].append(.init(person: span.person, kind: .absent(usual: usual))) }
                    continue
                }
                if let usual, now * 2 < usual {
                    found[1].append(.init(person: span.person, kind: .drop(logs: now, usual: usual)))
                }
                if let gap = gaps[key], gap.length >= AgentException.longGap {
                    found[2].append(
                        .init(person: span.person, kind: .longGap(gap.length, from: gap.from)))
                }
            }
            return found.flatMap { $0 }
        }
    }

    /// Placements after today of whoever is, before or after, within the viewer's reach; by day and name.
    public func scheduledChanges(for viewer: Viewer) async throws -> ScheduledChanges {
        try viewer.require(.viewPeople)
        return try await read { [clock] db in
            guard let state = try Self.officeState(db) else { throw UserError.notSetUp }
            let organization = try Organization.load(db)
            let outsiders = try Self.outsiders(viewer, for: .viewPeople, db)
            func sees(_ standing: Standing?) -> Bool {
                guard let standing else { return false }
                return switch viewer.reach(.viewPeople) {
                case .office: true
                case .teams: standing.manager == viewer.person && viewer.person != nil
                case .team: standing.leader == viewer.person && viewer.person != nil
                case .own, .none: false
                }
            }
            let list = organization.scheduled(after: state.businessDay(at: clock.now())).compactMap {
                known -> ScheduledChange? in
                let (person, from) = (known.placement.person, known.placement.from)
                guard !outsiders.contains(person) else { return nil }
                let before = organization.standing(of: person, on: from.adding(-1))
                let after = organization.standing(of: person, on: from)
                guard sees(before) || sees(after) || person == viewer.person else { return nil }
                return ScheduledChange(
                    known: known, before: before?.hasBegun == true ? before : nil, after: after)
            }
            return ScheduledChanges(list: list, names: organization.names)
        }
    }
}
