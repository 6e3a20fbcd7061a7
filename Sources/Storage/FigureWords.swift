import Domain
import Foundation
import GRDB

/// What a tally is put under before it has words.
enum SliceKey: Hashable {
    case text(String)
    case number(Int64)
}

extension By {
    /// Whether a slice needs the name that a call is under.
    var isOfPerson: Bool { self == .agent || isOfSpan }

    /// Whether a slice needs the placement on the call's day.
    var isOfSpan: Bool {
        self == .leader || self == .manager || self == .group || self == .employment
    }
}

/// Dictionaries that give tallies their words; a few hundred entries.
struct FigureWords: Sendable {
    struct Outcome: Sendable {
        var source: Int64
        var type: String
        var state: String
        var flags: OutcomeFlags?
    }

    var outcomes: [Int64: Outcome] = [:]
    /// Of every office.
    var sources: [Int64: Source] = [:]
    var sourceTitles: [Int64: String] = [:]
    /// By the number that `officeOfName` gives.
    var offices: [Int64: KnownOffice] = [:]
    /// SQL: the office of the name of an agent-day `a`, as a number to group by.
    private(set) var officeOfName = "0"
    var persons: [String: String] = [:]
    /// Person of a name's span, by its number in `aliasSpan`.
    var people: [Int64: String] = [:]
    private var owners: [Int64: [(from: Int32, until: Int32, person: String)]] = [:]

    init(_ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT number, source, type, state, flags FROM outcome")
        while let row = try rows.next() {
            outcomes[row[0]] = Outcome(
                source: row[1], type: row[2], state: row[3],
                flags: (row[4] as Int?).map(OutcomeFlags.init(rawValue:)))
        }
        for stored in try OfficeStore.sources(.every, db) {
            sources[stored.number] = stored.source
            sourceTitles[stored.number] = stored.title
        }
        let names = try Row.fetchCursor(db, sql: "SELECT id, name FROM person")
        while let row = try names.next() { persons[row[0]] = row[1] }
        let aliases = try Row.fetchCursor(
            db, sql: "SELECT number, person, name, fromDay, untilDay FROM aliasSpan")
        while let row = try aliases.next() {
            people[row[0]] = row[1]
            owners[row[2], default: []].append((row[3], row[4], row[1]))
        }
        let known = try KnownOffice.all(db)
        offices[0] = known.first
        guard known.count > 1 else { return }
        // Where an identity begins in the list of all is its office's number.
        let list = known.map(\.id.description).joined(separator: ",")
        for (place, office) in known.enumerated() { offices[Int64(1 + place * 37)] = office }
        officeOfName = "(SELECT instr('\(list)', x.office) FROM agentName x WHERE x.number = a.name)"
    }

    /// Whose a dialer's name is on a day; empty only while its first file is being staged.
    func person(ofName name: Int64, on day: Int32) -> String {
        owners[name]?.first { $0.from <= day && day < $0.until }?.person ?? ""
    }

    /// The outcomes that a filter lets in; nil: all.
    func outcomes(in filter: CallFilter) -> [Int64]? {
        guard
            !filter.states.isEmpty || !filter.types.isEmpty || !filter.sources.isEmpty
                || (filter.counting != nil && filter.counting != .talk)
        else { return nil }
        return outcomes.filter { _, outcome in
            if !filter.states.isEmpty, !filter.states.contains(outcome.state) { return false }
            if !filter.types.isEmpty, !filter.types.contains(outcome.type) { return false }
            if !filter.sources.isEmpty {
                guard let source = sources[outcome.source],
                    filter.sources.contains(where: {
                        $0 == source.id.description
                            || $0.caseInsensitiveCompare(source.name) == .orderedSame
                    })
                else { return false }
            }
            if filter.counting == .unmapped { return outcome.flags == nil }
            if let flag = filter.counting?.flag { return outcome.flags?.contains(flag) == true }
            return true
        }.map(\.key).sorted()
    }
}

extension FigureWords {
    func slice(_ by: By, _ key: SliceKey, _ campaigns: [Int64: String]) -> Slice {
        switch key {
        case .text(let text):
            switch by {
            case .agent: return Slice(by: by, value: text, title: persons[text] ?? "(unmatched)")
            case .leader:
                return Slice(by: by, value: text, title: text.isEmpty ? "(no leader)" : persons[text] ?? text)
            case .manager:
                return Slice(
                    by: by, value: text, title: text.isEmpty ? "(no manager)" : persons[text] ?? text)
            default: return Slice(by: by, value: text, title: text.isEmpty ? "(blank)" : text)
            }
        case .number(let number):
            switch by {
            case .day:
                let day = Day(number: Int32(clamping: number)).iso
                return Slice(by: by, value: day, title: day)
            case .weekday:
                let index = Int(number)
                let titles = ReportQuery.weekdayTitles
                return Slice(
                    by: by, value: String(index),
                    title: titles.indices.contains(index) ? titles[index] : String(index))
            case .hour:
                return Slice(by: by, value: String(number), title: number < 10 ? "0\(number)" : "\(number)")
            case .office:
                let office = offices[number]
                return Slice(by: by, value: office?.id.description ?? "", title: office?.name ?? "(blank)")
            case .source:
                let source = sources[number]
                return Slice(
                    by: by, value: source?.id.description ?? "", title: sourceTitles[number] ?? "(blank)")
            default:
                let text = campaigns[number] ?? ""
                return Slice(by: by, value: text, title: text.isEmpty ? "(blank)" : text)
            }
        }
    }
}

/// Placements by the first day of their span, for figures of a name's span.
struct SpanWords {
    struct Key: Hashable {
        /// Of `aliasSpan`.
        var name: Int64
        var from: Int64
    }
    struct Span {
        var leader: String
        var manager: String
        var group: String
        var employment: String
    }
    private var spans: [Key: Span] = [:]

    init(_ query: ReportQuery, _ db: Database) throws {
        guard query.by.contains(where: \.isOfSpan) else { return }
        let teams = try TeamSpans(query.teams, db)
        let rows = try Row.fetchCursor(
            db,
            sql: """
                \(teams.with) SELECT n.number, s.fromDay, s.leader, s.manager, s.groupName, s.employment
                FROM aliasSpan n JOIN \(teams.table) s ON s.person = n.person
                WHERE s.fromDay <= ? AND s.untilDay > ?
                """, arguments: teams.arguments + [query.period.to.number, query.period.from.number])
        while let row = try rows.next() {
            spans[Key(name: row[0], from: row[1])] = Span(
                leader: row[2] ?? "", manager: row[3] ?? "", group: row[4], employment: row[5])
        }
    }

    private func span(_ name: Int64, _ from: Int64) -> Span? { spans[Key(name: name, from: from)] }
    func leader(_ name: Int64, _ from: Int64) -> String { span(name, from)?.leader ?? "" }
    func manager(_ name: Int64, _ from: Int64) -> String { span(name, from)?.manager ?? "" }
    func group(_ name: Int64, _ from: Int64) -> String { span(name, from)?.group ?? "" }
    func employment(_ name: Int64, _ from: Int64) -> String { span(name, from)?.employment ?? "" }
}

extension OfficeStore {
    /// Texts that filters offer: what came in a period, within reach; campaigns at most 500.
    public func filterChoices(in period: Period, for viewer: Viewer) async throws -> [By: [Slice]] {
        try viewer.require(.viewFigures)
        return try await read { db in
            let words = try FigureWords(db)
            let query = ReportQuery(period: period, by: [.leader])
            let spans = try SpanWords(query, db)
            let days = try VisibleDays(query, viewer, db)
            var found: [By: Set<SliceKey>] = [:]
            // DISTINCT alone is several times faster than sums that nobody reads.
            let names = try Row.fetchCursor(
                db, sql: days.sql("DISTINCT n.number, s.fromDay"), arguments: days.arguments)
            while let row = try names.next() {
                let (name, from): (Int64, Int64) = (row[0], row[1])
                found[.agent, default: []].insert(.text(words.people[name] ?? ""))
                found[.leader, default: []].insert(.text(spans.leader(name, from)))
                found[.manager, default: []].insert(.text(spans.manager(name, from)))
                found[.group, default: []].insert(.text(spans.group(name, from)))
                found[.employment, default: []].insert(.text(spans.employment(name, from)))
            }
            let scope = try VisibleDays(query, viewer, db)
            let outcomes = try Int64.fetchAll(
                db, sql: scope.sql("DISTINCT t.outcome", with: .outcomes), arguments: scope.arguments)
            for outcome in outcomes.compactMap({ words.outcomes[$0] }) {
                found[.state, default: []].insert(.text(outcome.state))
                found[.type, default: []].insert(.text(outcome.type))
                found[.source, default: []].insert(.number(outcome.source))
            }
            let campaigns = try scope.campaigns(db, limit: 500)
            found[.campaign] = Set(campaigns.map { .number($0) })
            let labels = try Self.labels(db, campaigns)
            return found.reduce(into: [:]) { choices, entry in
                choices[entry.key] = entry.value.map { words.slice(entry.key, $0, labels) }.sorted { a, b in
                    a.value.isEmpty == b.value.isEmpty
                        ? a.title.compare(b.title, options: [.caseInsensitive, .numeric]) == .orderedAscending
                        : b.value.isEmpty
                }
            }
        }
    }
}
