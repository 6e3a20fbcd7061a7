import Domain
import Hummingbird
import Storage

private struct PersonJSON: Encodable {
    struct Step: Encodable {
        var from: String
        var until: String?
        var changes: [String]
        var text: String
        var by: String?
        var reason: String?
    }
    var id: String
    var name: String
    var designation: String?
    var employment: String?
    var status: String?
    var group: String?
    var rank: String?
    var hasLeft: Bool?
    var leader: String?
    var leaderId: String?
    var manager: String?
    var managerId: String?
    var names: [String]?
    var timeline: [Step]?

    init(_ person: Person, _ standing: Standing?, _ name: (ID<Person>) -> String) {
        id = person.id.description
        self.name = person.name
        designation = standing?.placement.designation
        employment = standing?.placement.employment
        status = standing?.placement.status
        group = standing?.placement.group
        rank = standing.map { "\($0.rank)" }
        hasLeft = standing?.hasLeft
        leader = standing?.leader.map(name)
        leaderId = standing?.leader?.description
        manager = standing?.manager.map(name)
        managerId = standing?.manager?.description
    }
}

private struct PeopleJSON: Encodable {
    var on: String
    var people: [PersonJSON]
}

extension OrganizationChart {
    /// Everybody in it, each once, by name.
    public var everybody: [Standing] {
        (branches.flatMap { branch in
            [branch.manager] + branch.idle + branch.teams.flatMap { [$0.leader] + $0.agents }
        } + unassigned + left).sorted { ($0.name, $0.person) < ($1.name, $1.person) }
    }
}

@Sendable func sendPeople(_ context: SignedIn) async throws -> Response {
    let days = try await AskedDays(context)
    let chart = try await context.store.chart(on: days.on, known: days.known, for: context.viewer)
        .matching(context.query["q"])
    let names = Dictionary(chart.everybody.map { ($0.person, $0.name) }) { first, _ in first }
    return try context.json(
        PeopleJSON(
            on: days.on.iso,
            people: chart.everybody.filter(context.sees).map { it in
                PersonJSON(Person(id: it.person, name: it.name), it) { names[$0] ?? "" }
            }))
}

@Sendable func sendPerson(_ context: SignedIn) async throws -> Response {
    let days = try await AskedDays(context)
    let detail = try await context.store.person(
        try context.id(), on: days.on, known: days.known, for: context.viewer)
    let organization = try await context.store.organization(known: days.known)
    let words = PeopleWords(organization: organization, format: context.format)
    var json = PersonJSON(detail.person, detail.standing) { detail.names[$0] ?? "" }
    json.names = detail.aliases.map(\.name)
    json.timeline = detail.timeline.map { step in
        .init(
            from: step.from.iso, until: step.until?.iso, changes: step.changes.map(\.rawValue),
            text: words.title(step), by: step.known?.cause.actor, reason: step.known?.cause.reason)
    }
    return try context.json(json)
}
