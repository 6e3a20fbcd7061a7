import Domain
import Ingest
import Storage

let sourcePages: [any Page.Type] = [SourcesPage.self, SourcePage.self]

struct SourcesPage: Page {
    static let template = "sources"
    struct Row: Decodable, Sendable {
        var name: String
        var href: String
        var format: String
        var timeZone: String
        var unmapped: String?

        init(_ stored: StoredSource, states: [SeenState], format: OfficeFormat) {
            let source = stored.source
            name = stored.title
            href = Paths.source(source.id.description)
            self.format = FileFormat.all.first { $0.key == source.format }?.title ?? source.format
            timeZone = source.timeZone ?? "The office's"
            let count = states.filter { source.outcomes.flags(ofState: $0.state) == nil }.count
            unmapped = count == 0 ? nil : format.count(count, "state unmapped", "states unmapped")
        }
    }
    var title = "Sources"
    var problem: Problem?
    var settings = Paths.settings
    var rows: [Row]
    var add = Paths.sources
    /// Of another office's nothing is changed.
    var mayAdd: Bool
    var name: String
    var formats: [Choice]
}

struct SourcePage: Page {
    static let template = "source"
    struct Flag: Decodable, Sendable {
        var key: String
        var title: String
        var isSet: Bool
    }
    struct Row: Decodable, Sendable {
        var line: String
        var state: String
        /// What stands for a state without text.
        var shown: String
        var logs: String
        var isMapped: Bool
        var flags: [Flag]
    }
    struct Column: Decodable, Sendable {
        var title: String
    }
    var title: String
    var heading: String
    var problem: Problem?
    /// Another office's, to be looked at.
    var isReadOnly: Bool
    var list = Paths.sources
    var action: String
    var name: String
    var kind: String
    var timeZones: [Choice]
    var partTimerSuffix: Bool
    var dateOrders: [Choice]
    var saveOutcomes: String
    var mapping: String
    var unmapped: String?
    var columns: [Column]
    var rows: [Row]
    var others: String?

    init(
        _ source: Source, states: [SeenState], officeZone: String, typed: Form?, isReadOnly: Bool = false,
        format: OfficeFormat, problem: Problem?
    ) {
        self.isReadOnly = isReadOnly
        title = source.name
        heading = source.name
        self.problem = problem
        action = Paths.source(source.id.description)
        name = typed?["name"] ?? source.name
        kind = FileFormat.all.first { $0.key == source.format }?.title ?? source.format
        timeZones = timeZoneChoices(
            selected: typed.map { $0.text("timeZone") } ?? source.timeZone,
            none: "The office's (\(officeZone))")
        partTimerSuffix = typed.map { $0.has("partTimerSuffix") } ?? source.partTimerSuffix
        let order = typed.map { $0.text("dateOrder") } ?? source.dateOrder
        dateOrders = [
            ("", "Ask when a file does not tell"), ("ymd", "Year, month, day"), ("mdy", "Month, day, year"),
            ("dmy", "Day, month, year"),
        ].map { Choice($0.0, $0.1, selected: $0.0 == (order ?? "")) }
        saveOutcomes = Paths.sourceOutcomes(source.id.description)
        mapping = String(source.outcomes.version)
        columns = OutcomeFlags.named.map { Column(title: $0.title) }
        // Unmapped first: that is what somebody has to decide.
        let ordered =
            states.filter { source.outcomes.flags(ofState: $0.state) == nil }
            + states.filter { source.outcomes.flags(ofState: $0.state) != nil }
        rows = ordered.enumerated().map { line, seen in
            let flags = source.outcomes.flags(ofState: seen.state)
            return Row(
                line: String(line), state: seen.state, shown: seen.state.isEmpty ? "(no state)" : seen.state,
                logs: format.number(seen.logs), isMapped: flags != nil,
                flags: OutcomeFlags.named.map {
                    Flag(key: $0.key, title: $0.title, isSet: flags?.contains($0.flag) ?? false)
                })
        }
        let count = rows.filter { !$0.isMapped }.count
        unmapped = count == 0 ? nil : format.count(count, "state is unmapped", "states are unmapped")
        let seen = Set(states.map { OutcomeMapping.fold($0.state) })
        let unseen = source.outcomes.states.keys.filter { !seen.contains($0) }.sorted()
        others = unseen.isEmpty ? nil : unseen.joined(separator: ", ")
    }
}
