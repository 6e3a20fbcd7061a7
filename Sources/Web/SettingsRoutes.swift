import Dispatch
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

let settingsRoutes: [Route] = [
    Route(.get, Paths.settings, needs: .manageSettings) { try showSettings($0, problem: nil) },
    Route(.post, Paths.settings, needs: .manageSettings, changeOffice),
    Route(.post, Paths.boxSettings, needs: .manageSettings, changeBox),
    Route(.post, Paths.peopleSettings, needs: .manageSettings, changePeople),
]

let settingsPages: [any Page.Type] = [SettingsPage.self]

struct SettingsPage: Page {
    static let template = "settings"
    var title = "Settings"
    var problem: Problem?
    var sources = Paths.sources
    var users = Paths.users
    var permissions = Paths.permissions
    var saveOffice = Paths.settings
    var saveBox = Paths.boxSettings
    var office: String
    var timeZones: [Choice]
    /// `05:00`, as a time field has it.
    var cutOver: String
    var maxGap: String
    var idleMinutes: String
    var hours: String
    var uploadMegabytes: String
    var words: PeopleSettings

    init(_ rules: OfficeRules, _ box: BoxSettings, typed: Form?, problem: Problem?) {
        self.problem = problem
        func value(_ name: String, _ saved: String) -> String { typed?.text(name) ?? saved }
        office = value("office", rules.name)
        timeZones = timeZoneChoices(selected: value("timeZone", rules.timeZone))
        cutOver = value(
            "cutOver",
            String(LocalTime(Day(number: 0), secondOfDay: rules.cutOverMinutes * 60).clock.prefix(5)))
        maxGap = value("maxGap", String(rules.maxGapMinutes))
        idleMinutes = value("idleMinutes", String(box.sessionIdleMinutes))
        hours = value("hours", String(box.sessionHours))
        uploadMegabytes = value("uploadMegabytes", String(box.uploadLimitMegabytes))
        words = PeopleSettings(rules, typed: typed.flatMap { $0.has("expiryDays") ? $0 : nil })
    }
}

func showSettings(_ context: SignedIn, problem: UserError?) throws -> Response {
    try context.page(
        SettingsPage(
            context.office.office.rules, context.office.settings, typed: problem == nil ? nil : context.form,
            problem: problem.map(Problem.init)), status: problem?.httpStatus ?? .ok)
}

@Sendable private func changeOffice(_ context: SignedIn) async throws -> Response {
    do {
        let form = context.form
        // What the other forms of the page change stays as it is.
        var rules = context.office.office.rules
        (rules.name, rules.timeZone) = (form["office"], form["timeZone"])
        rules.cutOverMinutes = try minutes(form["cutOver"])
        rules.maxGapMinutes = try form.wholeNumber("maxGap", "Longest pause")
        try await offLoop { [rules, store = context.store, actor = context.actor] in
            try store.changeOffice(rules, by: actor)
        }
    } catch let error as UserError { return try showSettings(context, problem: error) }
    return context.redirect(
        to: Paths.settings, Notice(.success, "Saved", "The office's settings are in force."))
}

@Sendable private func changeBox(_ context: SignedIn) async throws -> Response {
    do {
        let form = context.form
        try await context.store.changeBoxSettings(
            BoxSettings(
                sessionIdleMinutes: try form.wholeNumber("idleMinutes", "Idle limit"),
                sessionHours: try form.wholeNumber("hours", "Longest session"),
                uploadLimitMegabytes: try form.wholeNumber("uploadMegabytes", "Upload limit")),
            by: context.actor)
    } catch let error as UserError { return try showSettings(context, problem: error) }
    return context.redirect(to: Paths.settings, Notice(.success, "Saved", "This box's limits are in force."))
}

/// Minutes past midnight of `05:30` or `05:30:00`.
private func minutes(_ text: String) throws -> Int {
    let parts = text.split(separator: ":").map { Int($0) }
    guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1],
        (0..<24).contains(hour), (0..<60).contains(minute)
    else {
        throw UserError(
            .invalid, "“\(text)” is not a time of day.", advice: "Use hours and minutes, 05:00 for example.")
    }
    return hour * 60 + minute
}

/// Runs work that blocks its thread, away from the threads that answer requests.
func offLoop<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global(qos: .userInitiated).async { continuation.resume(with: Result { try work() }) }
    }
}
