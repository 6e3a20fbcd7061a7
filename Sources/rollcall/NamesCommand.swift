import ArgumentParser
import Domain
import Foundation
import Storage

struct NamesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "names", abstract: "List the dialer's names, say whose they are, undo it.",
        subcommands: [NamesListCommand.self, NamesLinkCommand.self, NamesUndoCommand.self])
}

struct NamesListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the names and whose they are on which days.")

    @OptionGroup var office: OfficeOptions
    @Option(help: "Part of a name or of a person's.") var search = ""
    @Flag(help: "Only those that wait to be matched or placed.") var unmatched = false

    func perform(_ session: OfficeSession) async throws {
        let book = try await session.store.nameBook(search: search, for: .console)
        for alias in book.aliases where !unmatched || book.isUnmatched(alias) {
            let line = NameLine(alias, in: book)
            session.print(office.json ? try machineJSON(line) : line.text)
        }
    }
}

/// A name and whose it is, as a machine reads it.
private struct NameLine: Encodable {
    struct Link: Encodable {
        var person: String
        var name: String
        var from: String?
    }
    var name: String
    var links: [Link]
    var unmatched: Bool

    init(_ alias: AgentAlias, in book: NameBook) {
        name = alias.name
        links = alias.links.enumerated().map { index, link in
            Link(
                person: link.person.description, name: book.persons[link.person] ?? "",
                from: index == 0 ? nil : link.from.iso)
        }
        unmatched = book.isUnmatched(alias)
    }

    var text: String {
        let owners = links.map { $0.name + ($0.from.map { " from \($0)" } ?? "") }
        return "\(name): \(owners.joined(separator: ", "))" + (unmatched ? " (nobody's yet)" : "")
    }
}

extension OfficeSession {
    /// The names as they are after a change, a line each, or what was done to them in words.
    fileprivate func printChanged(
        _ words: String, json: Bool, where isAbout: (AgentAlias) -> Bool
    ) async throws {
        guard json else { return print(words) }
        let book = try await store.nameBook(for: .console)
        for alias in book.aliases where isAbout(alias) {
            print(try machineJSON(NameLine(alias, in: book)))
        }
    }
}

struct NamesLinkCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "link", abstract: "Say whose a name is, on all days or from a day on.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The name as the dialer writes it.") var name: String
    @Option(help: "The person's name or identity.") var to: String
    @Option(help: "The first day, as 2026-11-23; without it, all days.") var from: String?
    @Option(help: "Why.") var reason = ""

    func perform(_ session: OfficeSession) async throws {
        let store = session.store
        let aliases = try await store.names(for: .console).filter {
            $0.name.lowercased() == name.lowercased()
        }
        guard let alias = aliases.first, aliases.count == 1 else {
            throw UserError(
                .notFound, aliases.isEmpty ? "No name is “\(name)”." : "Several names are “\(name)”.",
                advice: "See “rollcall names list”, or link it on the page of the names.")
        }
        let persons = try await store.persons().filter {
            $0.id == ID(to) || $0.name.lowercased() == to.lowercased()
        }
        guard let person = persons.first, persons.count == 1 else {
            throw UserError(
                .notFound,
                persons.isEmpty ? "Nobody is called “\(to)”." : "\(persons.count) people are called “\(to)”.",
                advice: "Name one by the identity that “rollcall names list --json” prints.")
        }
        let day = try from.map { text in
            guard let day = Day(iso: text) else {
                throw UserError(.invalid, "“\(text)” is no day.", advice: "Write it as 2026-11-23.")
            }
            return day
        }
        try await store.linkName(
            office: alias.office, folded: alias.folded, to: person.id, from: day, reason: reason,
            for: .console, by: .console)
        try await session.printChanged(
            "“\(alias.name)” is \(person.name) \(day.map { "from \($0.iso) on" } ?? "on all days").",
            json: office.json
        ) { $0.office == alias.office && $0.folded == alias.folded }
    }
}

struct NamesUndoCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Take the last change of a name back.")

    @OptionGroup var office: OfficeOptions

    func perform(_ session: OfficeSession) async throws {
        guard let last = try await session.store.nameChanges(limit: 1, for: .console).first else {
            throw UserError(
                .notFound, "No name was changed yet.", advice: "See “rollcall names list”.")
        }
        try await session.store.undoNameChange(last.seq, for: .console, by: .console)
        let (changes, merge) = (last.change.changes, last.change.merge)
        let words = changes.map { "“\($0.name)”" }.joined(separator: ", ")
        try await session.printChanged(
            "Undone: \(words.isEmpty ? "the merge" : words).", json: office.json
        ) { alias in
            changes.contains { $0.office == alias.office && $0.folded == alias.folded }
                || merge.map { alias.persons.contains($0.person) || alias.persons.contains($0.into) } ?? false
        }
    }
}
