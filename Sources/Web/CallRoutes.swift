import Domain
import Foundation
import Hummingbird
import Ingest
import Storage

let callRoutes: [Route] = [
    Route(.get, Paths.calls, needs: .viewCalls, showCalls),
    Route(.get, Paths.callsCSV, needs: .exportFigures, exportCalls),
    Route(.get, Paths.call(":id"), needs: .viewCalls, showCall),
    Route(.get, Paths.callsAPI, needs: .viewCalls, sendCalls),
]
let callPages: [any Page.Type] = [CallsPage.self, CallPage.self]

private let callsPerPage = 100
/// Calls that one export may hold: what a spreadsheet still opens.
private let mostExported = 1_000_000

@Sendable private func showCalls(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery()
    let format = context.format
    let number = min(max(1, context.query.integer("page") ?? 1), 1_000_000)
    let page = try await context.store.calls(
        query, offset: (number - 1) * callsPerPage, limit: callsPerPage, for: context.viewer)
    let items = query.items
    let end = page.offset + page.calls.count
    return try context.page(
        CallsPage(
            lede:
                "\(format.count(page.total, "call", "calls")), \(context.reportHeading(ReportQuery(period: query.period))).",
            filter: FilterForm(
                query, path: Paths.calls,
                choices: try await context.store.filterChoices(in: query.period, for: context.viewer),
                divisions: 0, today: context.today, format),
            csvHref: context.may(.exportFigures) && page.total > 0
                ? Paths.callsCSV + "?" + query.queryString : nil,
            reportHref: Paths.performance + "?" + query.queryString,
            rows: page.calls.map { call in
                .init(
                    day: format.day(call.day), time: call.time.clock, href: Paths.call(call.reference.text),
                    agent: call.personName,
                    agentHref: Paths.agent(call.person.description)
                        + "?from=\(call.day.iso)&to=\(call.day.iso)",
                    type: call.type, state: call.state.isEmpty ? "(blank)" : call.state,
                    isUnmapped: call.flags == nil, campaign: call.campaign,
                    talk: format.minutes(seconds: call.talk.map(Double.init)),
                    place: "\(call.fileName), version \(call.version), line \(format.number(call.line))")
            },
            hasRows: !page.calls.isEmpty, allHref: Paths.calls,
            shown: page.calls.isEmpty
                ? "0 of \(format.number(page.total))"
                : "\(format.number(page.offset + 1))–\(format.number(end)) of \(format.number(page.total))",
            previousHref: number > 1
                ? Form(items).with(["page": String(number - 1)]).link(Paths.calls) : nil,
            nextHref: end < page.total
                ? Form(items).with(["page": String(number + 1)]).link(Paths.calls) : nil))
}

@Sendable private func exportCalls(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery()
    let export = try await context.store.exportCalls(query, for: context.viewer)
    guard export.total <= mostExported else {
        throw UserError(
            .tooMany, "These are \(context.format.number(export.total)) calls; one export holds a million.",
            advice: "Choose a shorter period or fewer agents.")
    }
    try await context.store.recordExport(
        FiguresExported(what: "calls", filter: query.words(offices: context.officeWords), rows: export.total),
        by: context.actor)
    return context.csv(
        name: "calls-\(query.period.from.iso)-\(query.period.to.iso)\(context.officeFileName).csv",
        header: [
            "Call", "Day", "Time", "Agent", "Name in file", "Type", "State", "Campaign", "Original campaign",
            "Call type", "Profile", "Talk", "Wait", "Source", "File", "Version", "Line",
        ]
    ) {
        try await export.next()?.map { call in
            [
                call.reference.text, call.day.iso, call.time.iso, call.personName, call.agentName, call.type,
                call.state, call.campaign, call.originalCampaign, call.callType, call.profile ?? "",
                call.talk.map { String($0) } ?? "", call.wait.map { String($0) } ?? "", call.sourceName,
                call.fileName, String(call.version), String(call.line),
            ]
        }
    }
}

@Sendable private func showCall(_ context: SignedIn) async throws -> Response {
    guard let reference = CallReference(text: context.visit.parameters.get("id") ?? "") else {
        throw UserError.notHere
    }
    let sightings = try await context.store.sightings(of: reference, for: context.viewer)
    guard let call = sightings.first else { throw UserError.notHere }
    let format = context.format
    var rows: [CallPage.Sighting] = []
    var heading: String?
    for sighting in sightings.prefix(20) {
        var row = CallPage.Sighting(
            file: FigureCell(
                sighting.fileName, href: context.may(.viewFiles) ? Paths.file(sighting.file.description) : nil
            ),
            version: format.number(sighting.version),
            line: FigureCell(
                format.number(sighting.line),
                href: context.may(.viewFiles)
                    ? linesHref(sighting.file, sighting.version, line: sighting.line) : nil),
            counts: sighting.counts, agent: sighting.agentName,
            state: sighting.state.isEmpty ? "(blank)" : sighting.state, time: sighting.time.iso)
        if context.may(.requestDeletions) {
            row.deleteHref = Form([
                ("file", sighting.file.description), ("version", String(sighting.version)),
                ("day", sighting.day.iso),
            ]).link(Paths.newDeletion)
        }
        if let version = try await context.store.version(of: sighting) {
            do {
                let lines = try await archivedLines(of: version, line: sighting.line)
                row.original = lines.line
                if sighting.counts { heading = lines.heading }
            } catch let error as UserError { row.problem = error.message }
        }
        rows.append(row)
    }
    func known(_ text: String?) -> String { text.flatMap { $0.isEmpty ? nil : $0 } ?? OfficeFormat.none }
    let flags = call.flags.map { flags in
        let names = OutcomeFlags.named.filter { flags.contains($0.flag) }.map(\.title)
        return names.isEmpty ? "nothing" : names.joined(separator: ", ")
    }
    return try context.page(
        CallPage(
            lede: "\(format.day(call.day)), \(call.time.clock)",
            agentHref: Paths.agent(call.person.description) + "?from=\(call.day.iso)&to=\(call.day.iso)",
            agent: call.personName,
            facts: [
                .init(name: "Call", value: idText(call.reference.key)),
                .init(name: "Source", value: call.sourceName), .init(name: "Type", value: known(call.type)),
                .init(name: "State", value: known(call.state)),
                .init(name: "Counts as", value: flags ?? "unmapped"),
                .init(name: "Campaign", value: known(call.campaign)),
                .init(name: "Original campaign", value: known(call.originalCampaign)),
                .init(name: "Call type", value: known(call.callType)),
                .init(name: "Profile", value: known(call.profile)),
                .init(name: "Talk", value: format.minutes(seconds: call.talk.map(Double.init))),
                .init(name: "Wait", value: format.minutes(seconds: call.wait.map(Double.init))),
            ], heading: heading, sightings: rows), whose: try await context.store.otherOffice(of: call.file))
}

/// Reading an archive blocks, so it has a thread of its own.
private func archivedLines(of version: FileVersion, line: Int) async throws -> (
    heading: String?, line: String?
) {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(
                with: Result {
                    let header = version.uploaded.mapping.headerLine
                    let records = try version.records(on: [header, line])
                    // A field of megabytes helps nobody.
                    return (records[header], records[line].map { String($0.prefix(16_000)) })
                })
        }
    }
}

private func idText(_ key: CallKey) -> String {
    switch key {
    case .number(let number): String(number)
    case .text(let text): text
    case .digest: "none in the file; told apart by its content"
    }
}

@Sendable private func sendCalls(_ context: SignedIn) async throws -> Response {
    let query = try await context.reportQuery()
    let limit = min(max(1, context.query.integer("limit") ?? 100), 1000)
    let offset = max(0, context.query.integer("offset") ?? 0)
    let page = try await context.store.calls(query, offset: offset, limit: limit, for: context.viewer)
    return try context.json(
        CallsJSON(
            total: page.total, offset: page.offset,
            calls: page.calls.map { call in
                .init(
                    call: call.reference.text, day: call.day.iso, time: call.time.iso,
                    agent: call.personName, agentId: call.person.description, nameInFile: call.agentName,
                    type: call.type, state: call.state, campaign: call.campaign,
                    originalCampaign: call.originalCampaign, callType: call.callType, profile: call.profile,
                    talk: call.talk, wait: call.wait, source: call.sourceName, file: call.fileName,
                    version: call.version, line: call.line)
            }))
}

private struct CallsJSON: Encodable {
    struct Call: Encodable {
        var call: String
        var day: String
        var time: String
        var agent: String
        var agentId: String
        var nameInFile: String
        var type: String
        var state: String
        var campaign: String
        var originalCampaign: String
        var callType: String
        var profile: String?
        var talk: Int?
        var wait: Int?
        var source: String
        var file: String
        var version: Int
        var line: Int
    }
    var total: Int
    var offset: Int
    var calls: [Call]
}
