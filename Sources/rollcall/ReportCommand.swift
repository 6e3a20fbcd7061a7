import ArgumentParser
import Domain
import Foundation
import Storage
import Web

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Print figures.", subcommands: [PerformanceReportCommand.self])
}

struct PerformanceReportCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "performance", abstract: "Print the performance report.",
        discussion:
            "Without --from and --to: the last day that has calls. Options that filter may be repeated.")

    @OptionGroup var office: OfficeOptions

    @Option(help: "First day, like 2026-11-01.") var from: String?
    @Option(help: "Last day.") var to: String?
    @Option(
        help: ArgumentHelp(
            "What to divide by; several nest: \(By.allCases.map(\.rawValue).joined(separator: ", "))."))
    var by: [String] = []
    @Option(help: "table, csv or json.") var format: ReportFormat?
    @Option(help: "Order by a column, like -contactRate; a leading - is descending.") var sort: String?
    @Option(help: "Everybody's team of one day on all days: today, or a day like 2026-11-23.") var teams:
        String?
    @Option(help: "The team on each call's day, as it was known at the end of this day.") var asKnown: String?
    @Option(help: "Name or identity of an agent.") var agent: [String] = []
    @Option(help: "Name or identity of a team leader; - for none.") var leader: [String] = []
    @Option(help: "Name or identity of a team manager; - for none.") var manager: [String] = []
    @Option(help: "A group.") var group: [String] = []
    @Option(help: "Full-Timer or Part-Timer.") var employment: [String] = []
    @Option(help: "A campaign; - for the blank.") var campaign: [String] = []
    @Option(help: "A state; - for the blank.") var state: [String] = []
    @Option(help: "A type; - for the blank.") var type: [String] = []
    @Option(help: "Name or identity of a source.") var source: [String] = []
    @Option(name: .customLong("office"), help: "Another office by its name, or all; without it the own.")
    var offices: String?
    @Option(help: "mon to sun.") var weekday: [String] = []
    @Option(help: "0 to 23.") var hour: [String] = []

    func validate() throws {
        guard teams == nil || asKnown == nil else {
            throw ValidationError("Give --teams or --as-known, not both.")
        }
    }

    func perform(_ session: OfficeSession) async throws {
        var items: [(name: String, value: String)] = []
        for (name, value) in [
            ("from", from), ("to", to), ("sort", sort), ("teams", teams), ("as-known", asKnown),
            ("office", offices),
        ] {
            if let value { items.append((name, value)) }
        }
        let lists: [(String, [String])] = [
            ("by", by), ("agent", agent), ("leader", leader), ("manager", manager), ("group", group),
            ("employment", employment), ("campaign", campaign), ("state", state), ("type", type),
            ("source", source), ("weekday", weekday), ("hour", hour),
        ]
        for (name, values) in lists { items += values.map { (name: name, value: $0) } }
        let chosen = format ?? (office.json ? .json : .table)
        session.print(
            try await reportOutput(items, format: chosen, store: session.store, viewer: .console).text)
    }
}

extension ReportFormat: ExpressibleByArgument {}
