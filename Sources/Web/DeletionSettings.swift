import Domain
import Hummingbird
import Storage

/// The periods of deletions, as the settings page has them.
struct DeletionSettings: Decodable, Sendable {
    var save = Paths.deletionSettings
    var undecidedDays: String
    var trashDays: String
    var singleAdminHours: String

    init(_ rules: DeleteRules, typed: Form?) {
        undecidedDays = typed?["undecidedDays"] ?? String(rules.expiryDays)
        trashDays = typed?["trashDays"] ?? String(rules.trashDays)
        singleAdminHours = typed?["singleAdminHours"] ?? String(rules.singleAdminHours)
    }
}

@Sendable func changeDeletions(_ context: SignedIn) async throws -> Response {
    do {
        let form = context.form
        var rules = context.office.office.rules
        rules.deletions = DeleteRules(
            expiryDays: try form.wholeNumber("undecidedDays", "Delete requests end after"),
            trashDays: try form.wholeNumber("trashDays", "Days in the trash"),
            singleAdminHours: try form.wholeNumber("singleAdminHours", "Hours that an only admin waits"))
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
        to: Paths.settings,
        Notice(.success, "Saved", "What is in the trash already keeps the time it was deleted with."))
}
