import Dispatch
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Storage
import Synchronization

let settingsRoutes: [Route] = [
    Route(.get, Paths.settings, needs: .manageSettings) { try await showSettings($0, problem: nil) },
    Route(.post, Paths.settings, needs: .manageSettings, changeOffice),
    Route(.post, Paths.boxSettings, needs: .manageSettings, changeBox),
    Route(.post, Paths.peopleSettings, needs: .manageSettings, changePeople),
    Route(.post, Paths.deletionSettings, needs: .manageSettings, changeDeletions),
]

let settingsPages: [any Page.Type] = [SettingsPage.self]

struct SettingsPage: Page {
    static let template = "settings"
    var title = "Settings"
    var problem: Problem?
    /// A recount that goes on.
    struct Recount: Decodable, Sendable {
        var text: String
        /// Hundredths; nil: not known.
        var percent: String?
    }
    var recount: Recount?
    /// `51,433 calls`; nil where there are none to count again.
    var calls: String?
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
    var warnPercent: String
    var warnMegabytes: String
    var refuseMegabytes: String
    /// Empty: never.
    var retentionMonths: String
    var words: PeopleSettings
    var deletions: DeletionSettings

    init(
        _ rules: OfficeRules, _ box: BoxSettings, calls: Int, recount: RecountWatch.Progress?, typed: Form?,
        problem: Problem?, _ format: OfficeFormat
    ) {
        self.problem = problem
        self.calls = calls > 0 ? format.count(calls, "call", "calls") : nil
        self.recount = recount.map { now in
            Recount(
                text: now.total == 0
                    ? "Waiting for its turn."
                    : "\(format.number(now.done)) of \(format.count(now.total, "agent", "agents"))",
                percent: now.total == 0 ? nil : String(now.done * 100 / now.total))
        }
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
        deletions = DeletionSettings(rules.deletions, typed: typed.flatMap { $0.has("trashDays") ? $0 : nil })
        warnPercent = value("warnPercent", String(box.disk.warnPercent))
        warnMegabytes = value("warnMegabytes", String(box.disk.warnMegabytes))
        refuseMegabytes = value("refuseMegabytes", String(box.disk.refuseMegabytes))
        // Emptied is typed, too.
        let kept = typed.flatMap { $0.has("retentionMonths") ? $0["retentionMonths"] : nil }
        retentionMonths = kept ?? rules.retentionMonths.map { String($0) } ?? ""
        words = PeopleSettings(rules, typed: typed.flatMap { $0.has("expiryDays") ? $0 : nil })
    }
}

/// The recount of a running server, for the page that shows how far it is; there is one at a time.
final class RecountWatch: Sendable {
    struct Progress: Sendable {
        var done = 0
        /// 0: it has not begun.
        var total = 0
    }
    private let now = Mutex<Progress?>(nil)

    /// nil: none goes on.
    var progress: Progress? { now.withLock { $0 } }

    /// Whether this one may go on now.
    func begin() -> Bool {
        now.withLock { now in
            guard now == nil else { return false }
            now = Progress()
            return true
        }
    }
    func note(_ done: Int, of total: Int) { now.withLock { $0 = Progress(done: done, total: total) } }
    func end() { now.withLock { $0 = nil } }
}

func showSettings(_ context: SignedIn, problem: UserError?) async throws -> Response {
    try context.page(
        SettingsPage(
            context.office.office.rules, context.office.settings,
            calls: try await context.store.countedCalls(), recount: context.site.recount.progress,
            typed: problem == nil ? nil : context.form, problem: problem.map(Problem.init), context.format),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func changeOffice(_ context: SignedIn) async throws -> Response {
    let recount = context.site.recount
    do {
        let form = context.form
        // What this form does not ask for stays as it is.
        var after = context.office.office.rules
        (after.name, after.timeZone) = (form["office"], form["timeZone"])
        after.cutOverMinutes = try minutes(form["cutOver"])
        after.maxGapMinutes = try form.wholeNumber("maxGap", "Longest pause")
        if form.has("retentionMonths") {
            after.retentionMonths =
                try form.text("retentionMonths") == nil
                ? nil : form.wholeNumber("retentionMonths", "Propose files for deletion")
        }
        try after.check()
        let rules = after
        guard recount.begin() else {
            throw UserError(
                .busy, "The calls are being counted again; nothing was changed.",
                advice: "Wait until that is done.")
        }
        let countsAgain = rules.countsDifferently(from: context.office.office.rules)
        Task { await change(rules, countsAgain: countsAgain, context) }
    } catch let error as UserError { return try await showSettings(context, problem: error) }
    // A change that counts little is done before the page is asked for.
    try await context.site.grace.wait { recount.progress != nil }
    return context.redirect(to: Paths.settings)
}

/// Leaves a word on how it ended for the next page of whoever asked for it.
private func change(_ rules: OfficeRules, countsAgain: Bool, _ context: SignedIn) async {
    let (store, site) = (context.store, context.site)
    var notice: Notice
    do {
        try await offLoop { [actor = context.actor] in
            try store.changeOffice(rules, by: actor) { site.recount.note($0, of: $1) }
        }
        notice = Notice(.success, "Saved", "The office's settings are in force.")
        if countsAgain, let calls = try? await store.countedCalls(), calls > 0 {
            notice.text += " \(context.format.count(calls, "call is", "calls are")) counted again."
        }
    } catch let error as UserError {
        notice = Notice(.error, error.message, "The settings and figures are as they were. \(error.advice)")
    } catch {
        context.logger.error("The office's settings could not be changed: \(error)")
        notice = Notice(
            .error, "The settings could not be saved.",
            "They and the figures are as they were. The server's log says why.")
    }
    if let session = context.session { site.notices.leave(notice, for: session.id) }
    site.recount.end()
}

@Sendable private func changeBox(_ context: SignedIn) async throws -> Response {
    do {
        let form = context.form
        // What this form does not ask for stays as it is.
        var after = context.office.settings
        after.sessionIdleMinutes = try form.wholeNumber("idleMinutes", "Idle limit")
        after.sessionHours = try form.wholeNumber("hours", "Longest session")
        after.uploadLimitMegabytes = try form.wholeNumber("uploadMegabytes", "Upload limit")
        if form.has("refuseMegabytes") {
            after.disk = DiskMarks(
                warnPercent: try form.wholeNumber("warnPercent", "Warning, share of the disk"),
                warnMegabytes: try form.wholeNumber("warnMegabytes", "Warning, MB"),
                refuseMegabytes: try form.wholeNumber("refuseMegabytes", "Uploads refused, MB"))
        }
        try await context.store.changeBoxSettings(after, by: context.actor)
    } catch let error as UserError { return try await showSettings(context, problem: error) }
    return context.redirect(to: Paths.settings, Notice(.success, "Saved", "This box's limits are in force."))
}

/// Minutes past midnight of `05:30` or `05:30:00`.
func minutes(_ text: String) throws -> Int {
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
