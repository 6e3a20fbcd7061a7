import Domain
import Formats
import HTTPTypes
import Hummingbird
import Ingest
import Storage

let rosterRoutes: [Route] = [
    Route(.get, Paths.roster, needs: .managePeople) { try await askRoster($0, RosterForm(), nil) },
    Route(.post, Paths.roster, needs: .managePeople, body: .stream, takeRoster),
    Route(.get, Paths.rosterCSV, needs: .viewPeople, sendRoster),
]

let rosterPages: [any Page.Type] = [RosterPage.self, RosterLookPage.self]

struct RosterPage: Page {
    static let template = "roster"
    var title = "Roster"
    var people = Paths.people
    var problem: Problem?
    var action = Paths.roster
    var export = Paths.rosterCSV
    var columns: String
    var example: String
    var from: String
    var reason: String
    var text: String
}

/// What a roster would do, line by line.
struct RosterLookPage: Page {
    static let template = "roster.look"
    struct Row: Decodable, Sendable {
        var line: String
        var name: String
        var badge: String
        var outcome: String
        var text: String
    }
    var title = "Roster"
    var people = Paths.people
    var roster = Paths.roster
    var problem: Problem?
    var counts: String
    var rows: [Row]
    var canTake: Bool
    var refused: String?
    var from: String
    var reason: String
    var text: String
}

/// The fields of the roster's form, which carries the file along as text.
private struct RosterForm {
    var step = ""
    var from = ""
    var reason = ""
    var text: [UInt8] = []
    var file: [UInt8] = []

    init() {}

    init(_ context: SignedIn) async throws {
        var fields: [String: [UInt8]] = [:]
        var name = ""
        try await context.readForm { event in
            switch event {
            case .part(let part, _, _): name = part
            case .data(let bytes):
                fields[name, default: []] += bytes
                guard fields[name]?.count ?? 0 <= RosterFile.largest else {
                    throw UserError(.tooLarge, "The roster is larger than 2 MB.", advice: "Send it in parts.")
                }
            case .partEnd: break
            }
        }
        func text(_ name: String) -> String { String(decoding: fields[name] ?? [], as: UTF8.self) }
        (step, from, reason) = (text("step"), text("from"), text("reason"))
        self.text = fields["text"] ?? []
        file = fields["file"] ?? []
    }

    /// The file where one was chosen.
    var bytes: [UInt8] { file.isEmpty ? text : file }
    var asText: String {
        file.isEmpty
            ? String(decoding: text, as: UTF8.self) : String(decoding: decoded(file), as: UTF8.self)
    }
}

/// A file in any encoding as the UTF-8 that a form can carry.
private func decoded(_ bytes: [UInt8]) -> [UInt8] {
    let dialect = sniffDialect(bytes: bytes)
    var reader = CSVReader(bytes: bytes, dialect: dialect)
    reader.keepsRaw = true
    var row = CSVRow()
    var text: [UInt8] = []
    while (try? reader.next(&row)) == true { text += row.raw + [0x0a] }
    return text
}

private func askRoster(_ context: SignedIn, _ form: RosterForm, _ problem: UserError?) async throws
    -> Response
{
    let today = try await context.store.today()
    let terms = context.office.office.rules.terms
    let leads = terms.leading.first ?? Placement.teamLeader
    let manages = terms.managing.first ?? Placement.teamManager
    return try context.page(
        RosterPage(
            problem: problem.map(Problem.init), columns: RosterFile.header.joined(separator: ", "),
            example: """
                Name,Designation,Group,Team leader,Team manager
                Meg Mason,\(manages),North,,
                Lea Long,\(leads),North,,Meg Mason
                Al Archer,,North,Lea Long,
                """,
            from: form.from.isEmpty ? today.iso : form.from, reason: form.reason, text: form.asText),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func takeRoster(_ context: SignedIn) async throws -> Response {
    var form = RosterForm()
    do {
        form = try await RosterForm(context)
        if form.step == "edit" { return try await askRoster(context, form, nil) }
        guard let day = Day(iso: form.from) else {
            throw UserError(
                .invalid, "“From” is no day: “\(form.from)”.", advice: "Write it like 2026-11-23.")
        }
        let lines = try RosterFile.read(form.bytes)
        if form.step == "do" {
            let plan = try await context.store.takeRoster(
                lines, from: day, reason: form.reason.isEmpty ? "Roster" : form.reason, fold: foldedName,
                for: context.viewer, by: context.actor)
            return context.redirect(
                to: Paths.people, Notice(.success, "The roster is taken in", counts(plan, context.format)))
        }
        let (plan, problem) = try await context.store.rosterPreview(
            lines, from: day, fold: foldedName, for: context.viewer)
        return try context.page(look(plan, problem, form, context))
    } catch let error as UserError where error.code != .formToken && error.code != .notFound {
        return try await askRoster(context, form, error)
    }
}

private func counts(_ plan: RosterPlan, _ format: OfficeFormat) -> String {
    let added = plan.lines.count { $0.outcome == .added }
    let placed = plan.lines.count { $0.outcome == .placed }
    let unchanged = plan.lines.count { $0.outcome == .unchanged }
    return "\(format.number(added)) added, \(format.number(placed)) placed, "
        + "\(format.number(unchanged)) unchanged, \(format.number(plan.refused)) refused."
}

private func look(
    _ plan: RosterPlan, _ problem: UserError?, _ form: RosterForm, _ context: SignedIn
) -> RosterLookPage {
    let changes = Dictionary(grouping: plan.placements, by: \.person)
    return RosterLookPage(
        problem: problem.map(Problem.init), counts: counts(plan, context.format),
        rows: plan.lines.map { line in
            let it = line.line
            let (badge, outcome, text): (String, String, String) =
                switch line.outcome {
                case .added: ("good", "added", words(it, line.person.flatMap { changes[$0] }, context.format))
                case .placed:
                    ("info", "placed", words(it, line.person.flatMap { changes[$0] }, context.format))
                case .unchanged: ("neutral", "unchanged", "")
                case .refused(let why): ("bad", "refused", why)
                }
            return .init(
                line: context.format.number(it.line), name: it.name, badge: badge, outcome: outcome,
                text: text)
        }, canTake: plan.refused == 0 && problem == nil && !plan.placements.isEmpty,
        refused: plan.refused > 0
            ? "Mend \(context.format.count(plan.refused, "line", "lines")) first: a roster is taken in whole or not at all."
            : plan.placements.isEmpty ? "Everybody is placed like this already." : nil,
        from: form.from, reason: form.reason, text: form.asText)
}

private func words(_ line: RosterLine, _ placements: [Placement]?, _ format: OfficeFormat) -> String {
    guard let placement = placements?.first else { return "" }
    let isNobody = { (text: String) in text.isEmpty || text == "-" || text == "–" }
    let seat =
        !isNobody(line.leader)
        ? ", in the team of \(line.leader)" : !isNobody(line.manager) ? ", under \(line.manager)" : ""
    return
        "From \(format.day(placement.from)): \(placement.designation), \(placement.employment), \(placement.status), group \(placement.group)\(seat)"
}

/// In the columns that a roster is read from; read in again it changes nothing.
@Sendable private func sendRoster(_ context: SignedIn) async throws -> Response {
    let day: Day
    if let text = context.query.text("on") {
        guard let asked = Day(iso: text) else {
            throw UserError(.invalid, "“\(text)” is no day.", advice: "Write it like 2026-11-23.")
        }
        day = asked
    } else {
        day = try await context.store.today()
    }
    let chart = try await context.store.chart(on: day, for: context.viewer)
    let names = Dictionary(chart.everybody.map { ($0.person, $0.name) }) { first, _ in first }
    let rows = chart.everybody.filter(context.sees).map { it in
        [
            it.name, it.placement.designation, it.placement.employment, it.placement.status,
            it.placement.group, it.leader.flatMap { names[$0] } ?? "",
            it.rank == .manager ? "" : it.manager.flatMap { names[$0] } ?? "", day.iso,
        ]
    }
    return context.csv(
        name: "roster-\(day.iso)\(context.officeFileName).csv", header: RosterFile.header, rows: rows)
}
