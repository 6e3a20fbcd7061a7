import Domain
import HTTPTypes
import Hummingbird
import Storage

let personChangePages: [any Page.Type] = [PersonFormPage.self, PeopleLookPage.self]

/// A form about people, part by part.
struct PersonFormPage: Page {
    static let template = "person.form"
    struct Crumb: Decodable, Sendable {
        var label: String
        var href: String
    }
    struct Group: Decodable, Sendable {
        var label: String
        var choices: [Choice]
    }
    struct Input: Decodable, Sendable {
        var name: String
        var label: String
        var hint: String?
        var kind: String
        var value: String
        var isRequired: Bool
        /// What was used before, to choose from.
        var known: [String]
        var hasKnown: Bool
    }
    struct Select: Decodable, Sendable {
        var name: String
        var label: String
        var hint: String?
        var choices: [Choice]
        var groups: [Group]
    }
    struct Checks: Decodable, Sendable {
        var name: String
        var label: String
        var hint: String?
        /// `checkbox` or `radio`.
        var kind: String
        var choices: [Choice]
    }
    struct Note: Decodable, Sendable {
        var title: String
        var lines: [String]
    }
    /// Exactly one of these.
    struct Part: Decodable, Sendable {
        var input: Input?
        var select: Select?
        var checks: Checks?
        var note: Note?
    }
    var title: String
    var lede: String?
    var crumbs: [Crumb]
    var problem: Problem?
    var action: String
    var back: String
    var hidden: [HiddenField]
    var parts: [Part]
    var submit: String
}

/// What a form would do, to be confirmed.
struct PeopleLookPage: Page {
    static let template = "people.look"
    var title: String
    var action: String
    var isNew: Bool
    var sentences: [String]
    var lines: [PeopleLook.Line]
    var hasLines: Bool
    var more: String?
    var warnings: [String]
    var hasWarnings: Bool
    var hidden: [HiddenField]
    var confirm: String
}

extension PersonFormPage.Part {
    static func text(
        _ name: String, _ label: String, _ value: String, hint: String? = nil, required: Bool = false,
        known: [String] = [], kind: String = "text"
    ) -> Self {
        .init(
            input: .init(
                name: name, label: label, hint: hint, kind: kind, value: value, isRequired: required,
                known: known, hasKnown: !known.isEmpty))
    }

    static func day(_ name: String, _ label: String, _ value: String, hint: String? = nil) -> Self {
        text(name, label, value, hint: hint, required: true, kind: "date")
    }

    static func select(
        _ name: String, _ label: String, _ choices: [Choice], groups: [PersonFormPage.Group] = [],
        hint: String? = nil
    ) -> Self {
        .init(
            select: .init(
                name: name, label: label, hint: hint, choices: choices,
                groups: groups.filter { !$0.choices.isEmpty }))
    }

    static func checks(
        _ name: String, _ label: String, _ choices: [Choice], hint: String? = nil, radio: Bool = false
    ) -> Self {
        .init(
            checks: .init(
                name: name, label: label, hint: hint, kind: radio ? "radio" : "checkbox", choices: choices))
    }

    static func note(_ title: String, _ lines: [String]) -> Self {
        .init(note: .init(title: title, lines: lines))
    }
}

extension SignedIn {
    /// Carries a change of people through its steps: the form, what it would do in words, then doing it.
    ///
    /// What is done must be what was looked at; a wrong form comes back with what was typed.
    func inSteps(
        ask: (UserError?) async throws -> Response, look: () async throws -> PeopleLook,
        act: () async throws -> Response
    ) async throws -> Response {
        let step = self.form["step"]
        if step == "edit" { return try await ask(nil) }
        do {
            let look = try await look()
            if step == "do", self.form["seen"] == look.digest { return try await act() }
            var hidden = self.form.fields.filter { !["csrf", "step", "seen"].contains($0.name) }
                .map { HiddenField(name: $0.name, value: $0.value) }
            hidden.append(HiddenField(name: "seen", value: look.digest))
            return try page(
                PeopleLookPage(
                    title: look.heading, action: self.path, isNew: step == "do", sentences: look.sentences,
                    lines: look.lines, hasLines: !look.lines.isEmpty, more: look.more,
                    warnings: look.warnings, hasWarnings: !look.warnings.isEmpty, hidden: hidden,
                    confirm: look.confirm))
        } catch let error as UserError where error.code != .notFound { return try await ask(error) }
    }

    /// A day that must be there.
    func day(_ name: String, _ title: String = "From") throws -> Day {
        guard let day = self.form.day(name) else {
            throw UserError(
                .invalid, "“\(title)” is no day: “\(self.form[name])”.", advice: "Write it like 2026-11-23.")
        }
        return day
    }

    /// `leader:ID`, `manager:ID` or `nobody`.
    func seat(_ name: String = "seat") throws -> PlacementChange.Seat? {
        let text = self.form[name]
        guard !text.isEmpty else { return nil }
        if text == "nobody" { return .nobody }
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let id = ID<Person>(String(parts[1])) else {
            throw UserError(.invalid, "“Reports to” names nobody.", advice: "Choose one of the list.")
        }
        switch parts[0] {
        case "leader": return .leader(id)
        case "manager": return .manager(id)
        default: throw UserError(.invalid, "“Reports to” names nobody.", advice: "Choose one of the list.")
        }
    }
}

/// What there is to choose from in forms about people, within the viewer's reach.
struct PeopleChoices {
    let context: SignedIn
    let organization: Organization
    let day: Day
    let terms: PlacementTerms
    /// Whom an admin is not offered: people of other offices than the form's.
    let outsiders: Set<ID<Person>>

    init(
        context: SignedIn, organization: Organization, day: Day, terms: PlacementTerms? = nil,
        outsiders: Set<ID<Person>>
    ) {
        self.context = context
        self.organization = organization
        self.day = day
        self.terms = terms ?? organization.terms
        self.outsiders = outsiders
    }

    private var isOffice: Bool { context.viewer.reach(.managePeople) == .office }

    func leaders(except person: ID<Person>? = nil) -> [Person] {
        organization.superiors(.leader, from: day).filter { leader in
            leader.id != person
                && (isOffice
                    ? !outsiders.contains(leader.id)
                    : organization.isManaged(leader.id, by: context.viewer, from: day))
        }
    }

    func managers(except person: ID<Person>? = nil) -> [Person] {
        organization.superiors(.manager, from: day).filter {
            $0.id != person && (isOffice ? !outsiders.contains($0.id) : $0.id == context.viewer.person)
        }
    }

    /// Under whom somebody can be, `leader:ID` or `manager:ID`.
    func seats(
        _ selected: String, except person: ID<Person>? = nil, leaders isLeaders: Bool = true,
        first: [Choice] = []
    ) -> PersonFormPage.Part {
        func choices(_ persons: [Person], _ kind: String, _ label: (Person) -> String) -> [Choice] {
            persons.map { person in
                let value = "\(kind):\(person.id)"
                return Choice(value, label(person), selected: value == selected)
            }
        }
        let teams = choices(isLeaders ? leaders(except: person) : [], "leader") { leader in
            let manager = organization.manager(ofLeader: leader.id, on: day)
            return leader.name + (manager.map { " (\(organization.name(of: $0)))" } ?? "")
        }
        return .select(
            "seat", "Reports to", first,
            groups: [
                .init(label: "In the team of", choices: teams),
                .init(
                    label: "Under a team manager",
                    choices: choices(managers(except: person), "manager", \.name)),
            ], hint: isLeaders ? nil : "A team leader is under a team manager.")
    }

    func words(_ name: String, _ label: String, _ words: [String], _ selected: String) -> PersonFormPage.Part
    {
        // A word that is no longer among the office's is kept where it is in use.
        let all = words.contains(selected) || selected.isEmpty ? words : words + [selected]
        return .select(name, label, all.map { Choice($0, $0, selected: $0 == selected) })
    }

    var groups: [String] {
        Set(
            organization.persons.filter { !outsiders.contains($0) }
                .compactMap { organization.standing(of: $0, on: day)?.placement.group }
        )
        .subtracting([Placement.unassigned]).sorted()
    }

    func group(_ value: String, hint: String? = nil) -> PersonFormPage.Part {
        .text("group", "Group", value, hint: hint, known: groups)
    }

    var reason: PersonFormPage.Part {
        .text(
            "reason", "Reason", context.form["reason"], hint: "Stays in the person's history. May be empty.")
    }

    /// What becomes of later changes of these persons; nothing where there are none.
    func later(of persons: [ID<Person>], replace: String) -> [PersonFormPage.Part] {
        let words = PeopleWords(organization: organization, format: context.format)
        let later = persons.flatMap { organization.later(of: $0, after: day) }
        guard !later.isEmpty else { return [] }
        let lines = later.prefix(8).map {
            "\(context.format.day($0.placement.from)): \(words.name($0.placement.person)), \(words.sentence($0.placement))"
        }
        let isReplacing = context.form["later"] == "replace"
        return [
            .note(
                "Later changes after \(context.format.day(day))",
                lines + (later.count > 8 ? ["… and \(later.count - 8) more"] : [])),
            .checks(
                "later", "These later changes",
                [
                    Choice("stand", "stand as they are", selected: !isReplacing),
                    Choice("replace", replace, selected: isReplacing),
                ], radio: true),
        ]
    }
}
