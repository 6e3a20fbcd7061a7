import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

/// The words that people are placed with, and the settings of who sees and decides, as the settings page has them.
struct PeopleSettings: Decodable, Sendable {
    struct Designation: Decodable, Sendable {
        var line: String
        var word: String
        var meanings: [Choice]
    }
    struct Status: Decodable, Sendable {
        var line: String
        var word: String
        var ends: Bool
    }
    var save = Paths.peopleSettings
    var designations: [Designation]
    var employments: String
    var statuses: [Status]
    var expiryDays: String
    var keepsPastDays: Bool

    /// With two empty lines to add words in.
    init(_ rules: OfficeRules, typed: Form?) {
        let terms = rules.terms
        let ranks = ["agent", "leads", "manages"]
        func meanings(_ selected: String) -> [Choice] {
            [("agent", "is an agent"), ("leads", "leads a team"), ("manages", "manages teams")].map {
                Choice($0.0, $0.1, selected: $0.0 == selected)
            }
        }
        let words: [(String, String)]
        if let typed {
            words = typed.numbered("designation").map { ($0.value, typed["rank.\($0.line)"]) }
        } else {
            words = terms.designations.map { word in
                let rank = terms.rank(of: word).rawValue
                return (word, ranks.indices.contains(rank) ? ranks[rank] : "agent")
            }
        }
        designations = (words.filter { !$0.0.isEmpty } + [("", "agent"), ("", "agent")]).enumerated().map {
            Designation(line: String($0), word: $1.0, meanings: meanings($1.1))
        }
        let ends: [(String, Bool)] =
            typed.map { form in form.numbered("status").map { ($0.value, form.has("ends.\($0.line)")) } }
            ?? terms.statuses.map { ($0, terms.ending.contains($0)) }
        statuses = (ends.filter { !$0.0.isEmpty } + [("", false), ("", false)]).enumerated().map {
            Status(line: String($0), word: $1.0, ends: $1.1)
        }
        employments = typed?["employments"] ?? terms.employments.joined(separator: "\n")
        expiryDays = typed?["expiryDays"] ?? String(rules.requests.expiryDays)
        keepsPastDays = typed.map { $0.has("keepsPastDays") } ?? rules.keepsPastDays
    }
}

extension Form {
    /// Fields `name.N` with their N, as typed but without blanks around.
    fileprivate func numbered(_ name: String) -> [(line: String, value: String)] {
        fields.filter { $0.name.hasPrefix(name + ".") }.map {
            (String($0.name.dropFirst(name.count + 1)), self[$0.name])
        }
    }
}

@Sendable func changePeople(_ context: SignedIn) async throws -> Response {
    do {
        let form = context.form
        var rules = context.office.office.rules
        let words = form.numbered("designation").filter { !$0.value.isEmpty }
        func meaning(_ rank: String) -> [String] {
            words.filter { form["rank.\($0.line)"] == rank }.map(\.value)
        }
        let statuses = form.numbered("status").filter { !$0.value.isEmpty }
        rules.terms = PlacementTerms(
            designations: words.map(\.value),
            employments: form["employments"].split(whereSeparator: \.isNewline).map {
                $0.trimmingCharacters(in: .whitespaces)
            }.filter { !$0.isEmpty }, statuses: statuses.map(\.value), leading: meaning("leads"),
            managing: meaning("manages"),
            ending: statuses.filter { form.has("ends.\($0.line)") }.map(\.value))
        rules.requests.expiryDays = try form.wholeNumber("expiryDays", "Requests end after")
        rules.keepsPastDays = form.has("keepsPastDays")
        // A recount writes the whole of the rules when it ends.
        guard context.site.recount.progress == nil else {
            throw UserError(
                .busy, "The calls are being counted again; nothing was changed.",
                advice: "Wait until that is done.")
        }
        try await offLoop { [rules, store = context.store, actor = context.actor] in
            try store.changeOffice(rules, by: actor)
        }
    } catch let error as UserError { return try await showSettings(context, problem: error) }
    return context.redirect(
        to: Paths.settings, Notice(.success, "Saved", "People are placed with these words from now on."))
}
