import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import Storage

let setupRoutes: [Route] = [
    Route(.get, Paths.setup, anyone: showSetup),
    Route(.post, Paths.setup, anyone: foundOffice),
]

let setupPages: [any Page.Type] = [SetupPage.self]

struct SetupPage: Page {
    static let template = "setup"
    var title = "Set up the office"
    var problem: Problem?
    var code: String
    var office: String
    var timeZones: [Choice]
    var name: String
    var username: String

    init(_ form: Form, problem: Problem? = nil) {
        self.problem = problem
        code = form["code"]
        office = form["office"]
        timeZones = timeZoneChoices(selected: form.text("timeZone") ?? TimeZone.current.identifier)
        name = form["name"]
        username = form["username"]
    }
}

/// Every zone by its name; `none` is the first line where no zone is a choice too.
func timeZoneChoices(selected: String?, none: String? = nil) -> [Choice] {
    var names = TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") || $0 == "GMT" }.sorted()
    if let selected, !selected.isEmpty, !names.contains(selected), TimeZone(identifier: selected) != nil {
        names.insert(selected, at: 0)
    }
    let choices = names.map { Choice($0, $0.replacing("_", with: " "), selected: $0 == selected) }
    guard let none else { return choices }
    return [Choice("", none, selected: selected == nil)] + choices
}

@Sendable private func showSetup(_ visit: Visit) async throws -> Response {
    guard visit.office == nil else { return .seeOther(Paths.home) }
    return try visit.page(SetupPage(visit.query))
}

@Sendable private func foundOffice(_ visit: Visit) async throws -> Response {
    guard visit.office == nil else { return .seeOther(Paths.home) }
    let form = visit.form
    do {
        let opened = try await visit.site.gate.pass(visit.address) {
            try await visit.store.checkSetupCode(form["code"])
            guard form.raw("password") == form.raw("again") else {
                throw UserError(
                    .invalid, "The two passwords differ.", advice: "Type the same one twice.")
            }
            let founder = try await visit.store.foundOffice(
                rules: OfficeRules(name: form["office"], timeZone: form["timeZone"]),
                sources: defaultSources, username: form["username"],
                name: form.text("name") ?? form["username"], password: form.raw("password") ?? "",
                by: Actor(user: nil, name: "Set-up", via: "web \(visit.address)"))
            return try await visit.store.signInFounder(founder, browser: visit.browser)
        }
        visit.site.notices.leave(
            Notice(.success, "The office is open", "Upload the dialer's first log to see figures."),
            for: opened.session.id)
        var response = Response.seeOther(Paths.home)
        response.setCookie(visit.site.cookie(visit.site.sessionCookie, opened.secret))
        return response
    } catch let error as UserError {
        return try visit.page(SetupPage(form, problem: Problem(error)), status: error.httpStatus)
    }
}
