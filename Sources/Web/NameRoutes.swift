import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

let nameRoutes: [Route] = [
    Route(.get, Paths.names, needs: .matchNames) { try await showNameQueue($0, problem: nil) },
    Route(.get, Paths.allNames, needs: .matchNames, showAllNames),
    Route(.get, Paths.nameChanges, needs: .matchNames) { try await showNameChanges($0, problem: nil) },
    Route(.post, Paths.nameChangeUndo(":seq"), needs: .matchNames, undoNameChange),
    Route(.post, Paths.namesMerge, needs: .matchNames, mergePersons),
    Route(.post, Paths.namesApart, needs: .matchNames, holdApart),
    Route(.get, Paths.name(":id"), needs: .matchNames) { try await showName($0, problem: nil) },
    Route(.post, Paths.nameLink(":id"), needs: .matchNames, linkName),
    Route(.post, Paths.nameUnlink(":id"), needs: .matchNames, unlinkName),
    Route(.get, Paths.namesAPI, needs: .matchNames, sendNames),
]

/// A name in an address: its office and its folded letters.
struct NameReference: Hashable, Sendable {
    var office: ID<Office>
    var folded: String

    init(_ alias: AgentAlias) { (office, folded) = (alias.office, alias.folded) }

    /// nil for what is no reference.
    init?(_ text: String) {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, let office = ID<Office>(String(halves[0])) else { return nil }
        var bytes: [UInt8] = []
        var rest = halves[1][...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        self.office = office
        folded = String(decoding: bytes, as: UTF8.self)
    }

    var text: String { "\(office).\(hexadecimal(Array(folded.utf8)))" }
    var path: String { Paths.name(text) }
}

extension SignedIn {
    fileprivate func nameReference() throws -> NameReference {
        guard let found = visit.parameters.get("id").flatMap({ NameReference($0) }) else {
            throw UserError.notHere
        }
        return found
    }
}

extension SignedIn {
    /// The viewer as he looks at one office, to choose from what is its own.
    fileprivate func viewer(ofOffice office: ID<Office>) -> Viewer {
        viewer.looking(at: .these([office.description]))
    }
}

private func showNameQueue(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let (store, viewer) = (context.store, context.viewer)
    let unmatched = try await store.unmatchedNames(for: viewer)
    let suggestions = try await store.nameSuggestions(for: viewer)
    let book = try await store.nameBook(for: viewer)
    return try context.page(
        NameQueuePage(
            unmatched: unmatched, suggestions: suggestions, book: book,
            boardHref: context.may(.decideRequests) ? Paths.distribution : nil,
            uploadHref: context.may(.uploadFiles) ? Paths.files : nil, office: context.visit.offices.text,
            format: context.format,
            problem: problem.map(Problem.init)), status: problem?.httpStatus ?? .ok)
}

private let namesPerPage = 100

@Sendable private func showAllNames(_ context: SignedIn) async throws -> Response {
    let search = context.query["q"]
    let book = try await context.store.nameBook(search: search, for: context.viewer)
    let pages = max(1, (book.aliases.count + namesPerPage - 1) / namesPerPage)
    let page = min(max(1, context.query.integer("page") ?? 1), pages)
    return try context.page(
        AllNamesPage(
            book, search: search, from: (page - 1) * namesPerPage, limit: namesPerPage,
            isLast: page == pages,
            link: { Form([("q", search), ("page", String($0))] + context.officeItems).link(Paths.allNames) },
            page: page, uploadHref: context.may(.uploadFiles) ? Paths.files : nil,
            office: context.visit.offices.text,
            nameOf: { context.office.otherName($0) },
            format: context.format))
}

private func showNameChanges(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let changes = try await context.store.nameChanges(for: context.viewer)
    return try context.page(
        NameChangesPage(changes, format: context.format, problem: problem.map(Problem.init)),
        status: problem?.httpStatus ?? .ok)
}

private func showName(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let reference = try context.nameReference()
    let detail = try await context.store.name(
        office: reference.office, folded: reference.folded, for: context.viewer)
    return try context.page(
        NamePage(
            detail, persons: try await context.store.persons(for: context.viewer(ofOffice: reference.office)),
            // A new person is the own office's.
            mayAdd: context.viewer.reach(.managePeople) == .office
                && context.office.otherName(reference.office) == nil,
            today: try await context.store.today(), typed: problem == nil ? nil : context.form,
            format: context.format, problem: problem.map(Problem.init)), status: problem?.httpStatus ?? .ok,
        whose: context.office.otherName(reference.office))
}

/// Fields: `person` (an identity, or `new` with `newName`), `days` (`all` or `from`), `from`, `reason`.
@Sendable private func linkName(_ context: SignedIn) async throws -> Response {
    let (store, form, viewer) = (context.store, context.form, context.viewer)
    let reference = try context.nameReference()
    let detail = try await store.name(office: reference.office, folded: reference.folded, for: viewer)
    let name = detail.alias.name
    do {
        var day: Day?
        if form["days"] == "from" {
            guard let typed = form.day("from") else {
                throw UserError(
                    .invalid, "From which day on?",
                    advice: "Choose the first day on which the name is theirs.")
            }
            day = typed
        }
        let who: String
        if form["person"] == "new" {
            guard let day else {
                throw UserError(
                    .invalid, "From which day on is there this new person?",
                    advice:
                        "Choose “From a day on”. On all days the name is the new person's already: rename.")
            }
            who = try await store.linkName(
                office: reference.office, folded: reference.folded, toNew: form["newName"], from: day,
                reason: form["reason"], for: viewer, by: context.actor
            ).name
        } else {
            guard let person: ID<Person> = form.id("person"),
                let known = try await store.persons(for: context.viewer(ofOffice: reference.office))
                    .first(where: { $0.id == person })
            else { throw UserError(.invalid, "Whose is the name?", advice: "Choose a person of the list.") }
            try await store.linkName(
                office: reference.office, folded: reference.folded, to: person, from: day,
                reason: form["reason"], for: viewer, by: context.actor)
            who = known.name
        }
        return context.redirect(
            to: reference.path,
            Notice(
                .success, "Linked",
                day.map { "“\(name)” is \(who) from \(context.format.day($0)) on." }
                    ?? "“\(name)” is \(who) on all days."))
    } catch let error as UserError where error.code != .notFound {
        return try await showName(context, problem: error)
    }
}

@Sendable private func unlinkName(_ context: SignedIn) async throws -> Response {
    let reference = try context.nameReference()
    let before = try await context.store.name(
        office: reference.office, folded: reference.folded, for: context.viewer)
    do {
        guard let day = context.form.day("from") else {
            throw UserError(.invalid, "Which link?", advice: "Press “Take back” beside it.")
        }
        try await context.store.unlinkName(
            office: reference.office, folded: reference.folded, from: day, for: context.viewer,
            by: context.actor)
    } catch let error as UserError where error.code != .notFound {
        return try await showName(context, problem: error)
    }
    return context.redirect(
        to: reference.path,
        Notice(.success, "Taken back", "See below whose “\(before.alias.name)” is now."))
}

/// Two persons that a form names, or what is wrong with it.
private func pair(_ context: SignedIn, _ first: String, _ second: String) async throws -> (Person, Person) {
    let persons = try await context.store.persons(for: context.viewer.everywhere)
    guard let one: ID<Person> = context.form.id(first), let other: ID<Person> = context.form.id(second),
        let a = persons.first(where: { $0.id == one }), let b = persons.first(where: { $0.id == other })
    else {
        throw UserError(
            .stale, "They are no longer two persons.", advice: "Somebody else was quicker: look again.")
    }
    return (a, b)
}

@Sendable private func mergePersons(_ context: SignedIn) async throws -> Response {
    do {
        let (person, other) = try await pair(context, "person", "into")
        try await context.store.mergePersons(
            person.id, into: other.id, reason: context.form["reason"], for: context.viewer, by: context.actor)
        return context.redirect(
            to: context.visit.ofOffice(Paths.names),
            Notice(
                .success, "The same person",
                "All names of \(person.name) are \(other.name) now. The last changes let you undo it."))
    } catch let error as UserError { return try await showNameQueue(context, problem: error) }
}

@Sendable private func holdApart(_ context: SignedIn) async throws -> Response {
    do {
        let (one, other) = try await pair(context, "first", "second")
        try await context.store.holdApart(one.id, other.id, for: context.viewer, by: context.actor)
        return context.redirect(
            to: context.visit.ofOffice(Paths.names),
            Notice(.success, "Two people", "\(one.name) and \(other.name) are not suggested again."))
    } catch let error as UserError { return try await showNameQueue(context, problem: error) }
}

@Sendable private func undoNameChange(_ context: SignedIn) async throws -> Response {
    guard let seq = context.visit.parameters.get("seq").flatMap({ Int64($0) }) else {
        throw UserError.notHere
    }
    do {
        try await context.store.undoNameChange(seq, for: context.viewer, by: context.actor)
    } catch let error as UserError where error.code != .notFound {
        return try await showNameChanges(context, problem: error)
    }
    return context.redirect(
        to: Paths.nameChanges, Notice(.success, "Undone", "The names are as they were before."))
}

private struct NamesAnswer: Encodable {
    struct Link: Encodable {
        var person: String
        var name: String
        /// nil for the first: it holds before too.
        var from: String?
    }
    struct Name: Encodable {
        var office: String
        var name: String
        var links: [Link]
        var isUnmatched: Bool
    }
    var names: [Name]
}

@Sendable private func sendNames(_ context: SignedIn) async throws -> Response {
    let book = try await context.store.nameBook(search: context.query["q"], for: context.viewer)
    return try context.json(
        NamesAnswer(
            names: book.aliases.map { alias in
                NamesAnswer.Name(
                    office: alias.office.description, name: alias.name,
                    links: alias.links.enumerated().map { index, link in
                        NamesAnswer.Link(
                            person: link.person.description, name: book.persons[link.person] ?? "",
                            from: index == 0 ? nil : link.from.iso)
                    }, isUnmatched: book.isUnmatched(alias))
            }))
}
