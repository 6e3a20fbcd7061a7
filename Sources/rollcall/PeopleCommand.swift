import ArgumentParser
import Domain
import Formats
import Foundation
import Storage
import Web

struct PeopleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people", abstract: "Show people and who reports to whom.",
        subcommands: [PeopleListCommand.self, PeopleShowCommand.self])
}

/// A day as an option writes it.
func dayOption(_ text: String?, _ name: String) throws -> Day? {
    guard let text else { return nil }
    guard let day = Day(iso: text) else {
        throw UserError(.invalid, "--\(name) is no day: “\(text)”.", advice: "Write it like 2026-11-23.")
    }
    return day
}

extension OfficeStore {
    /// The one person with this name or identity.
    func person(named text: String) async throws -> Person {
        let all = try await persons()
        if let id = ID<Person>(text) {
            let everybody = try await persons(for: .console.everywhere)
            if let person = everybody.first(where: { $0.id == id }) { return person }
        }
        let found = all.filter { foldedName($0.name) == foldedName(text) }
        guard let only = found.first else {
            throw UserError(.notFound, "Nobody is called “\(text)”.", advice: "See “rollcall people list”.")
        }
        guard found.count == 1 else {
            throw UserError(
                .conflict, "\(found.count) people are called “\(text)”.",
                advice: "Give the identity in place of the name: "
                    + found.map(\.id.description).joined(separator: ", ") + ".")
        }
        return only
    }
}

/// A person on a line of JSON.
private struct PersonLine: Encodable {
    struct Step: Encodable {
        var from: String
        var until: String?
        var changes: [String]
        var by: String?
        var reason: String?
    }
    var id: String
    var name: String
    var designation: String?
    var employment: String?
    var status: String?
    var group: String?
    var leader: String?
    var manager: String?
    var names: [String]?
    var timeline: [Step]?

    init(_ person: Person, _ standing: Standing?, _ organization: Organization) {
        id = person.id.description
        name = person.name
        designation = standing?.placement.designation
        employment = standing?.placement.employment
        status = standing?.placement.status
        group = standing?.placement.group
        leader = standing?.leader.map { organization.name(of: $0) }
        manager = standing?.manager.map { organization.name(of: $0) }
    }

    /// What a person reads.
    var text: String {
        [
            "\(name): \(designation ?? "not placed")", leader.map { "in the team of \($0)" },
            manager.map { "under \($0)" }, group.map { "group \($0)" }, employment, status,
        ].compactMap { $0 }.joined(separator: ", ")
    }
}

struct PeopleListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List everybody of the office on a day, by name.")

    @OptionGroup var office: OfficeOptions
    @Option(help: "The day, like 2026-11-23; today where it is not given.") var on: String?
    @Option(help: "As it was known at the end of this day.") var known: String?

    func perform(_ session: OfficeSession) async throws {
        let store = session.store
        let today = try await store.today()
        let day = try dayOption(on, "on") ?? today
        let known = try dayOption(known, "known")
        let organization = try await store.organization(known: known)
        for it in try await store.chart(on: day, known: known, for: .console).everybody {
            let line = PersonLine(Person(id: it.person, name: it.name), it, organization)
            session.print(office.json ? try machineJSON(line) : line.text)
        }
    }
}

struct PeopleShowCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one person with the history.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "Name or identity.") var person: String
    @Option(help: "The day, like 2026-11-23; today where it is not given.") var on: String?
    @Option(help: "As it was known at the end of this day.") var known: String?

    func perform(_ session: OfficeSession) async throws {
        let store = session.store
        let today = try await store.today()
        let day = try dayOption(on, "on") ?? today
        let known = try dayOption(known, "known")
        let person = try await store.person(named: person)
        let detail = try await store.person(person.id, on: day, known: known, for: .console)
        let organization = try await store.organization(known: known)
        var line = PersonLine(person, detail.standing, organization)
        line.names = detail.aliases.map(\.name)
        line.timeline = detail.timeline.map { step in
            .init(
                from: step.from.iso, until: step.until?.iso, changes: step.changes.map(\.rawValue),
                by: step.known?.cause.actor, reason: step.known?.cause.reason)
        }
        if office.json { return session.print(try machineJSON(line)) }
        session.print(line.text)
        let zone = try await store.officeState()?.timeZone ?? .gmt
        for text in timelineText(detail.timeline, organization, OfficeFormat(zone: zone)) {
            session.print(text)
        }
    }
}

/// `rollcall place`: one person, from a day.
struct PlaceCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "place", abstract: "Place a person anew from a day; what is not named stays as it is.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "Name or identity.") var person: String
    @Option(help: "The first day, like 2026-11-23.") var from: String
    @Option(help: "Name or identity of the team leader.") var leader: String?
    @Option(help: "Name or identity of the team manager, for a leader or an agent without a team.")
    var manager: String?
    @Flag(help: "Reports to nobody.") var nobody = false
    @Option(help: "What he becomes: a word of the office's settings.") var designation: String?
    @Option(help: "Full-Timer or Part-Timer, or a word of the office's settings.") var employment: String?
    @Option(help: "Employee, On leave, Left, or a word of the office's settings.") var status: String?
    @Option(help: "The group.") var group: String?
    @Option(help: "Why; it stays in the history.") var reason = ""

    func validate() throws {
        if [leader != nil, manager != nil, nobody].filter({ $0 }).count > 1 {
            throw ValidationError("Give one of --leader, --manager and --nobody.")
        }
    }

    func perform(_ session: OfficeSession) async throws {
        let store = session.store
        guard let day = try dayOption(from, "from") else { throw UserError.notHere }
        let person = try await store.person(named: person)
        let terms = try await store.officeState()?.office.rules.terms ?? .standard
        func word(_ text: String?, _ words: [String], _ what: String) throws -> String? {
            guard let text else { return nil }
            guard let word = words.first(where: { foldedName($0) == foldedName(text) }) else {
                throw UserError(
                    .invalid, "“\(text)” is no \(what).",
                    advice: "There is: \(words.joined(separator: ", ")).")
            }
            return word
        }
        var change = PlacementChange(
            designation: try word(designation, terms.designations, "designation"),
            employment: try word(employment, terms.employments, "employment"),
            status: try word(status, terms.statuses, "status"), group: group)
        var named: [ID<Person>] = []
        if let leader {
            let found = try await store.person(named: leader)
            (named, change.seat) = ([found.id], .leader(found.id))
        } else if let manager {
            let found = try await store.person(named: manager)
            (named, change.seat) = ([found.id], .manager(found.id))
        } else if nobody {
            change.seat = .nobody
        }
        let placements = try await store.placePersons(
            [person.id], naming: named, reason: reason, for: .console, by: .console
        ) { [change] in try $0.change(person.id, from: day, by: change) }
        let from = placements.first?.from ?? day
        let organization = try await store.organization()
        let line = PersonLine(person, organization.standing(of: person.id, on: from), organization)
        session.print(office.json ? try machineJSON(line) : "From \(from.iso) on: \(line.text)")
        for later in organization.later(of: person.id, after: from) {
            session.complain(
                "A later change stands, from \(later.placement.from.iso): \(later.placement.designation), \(later.placement.status)."
            )
        }
    }
}
