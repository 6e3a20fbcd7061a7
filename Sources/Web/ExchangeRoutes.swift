import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import Storage

let exchangeRoutes: [Route] = [
    Route(.get, Paths.exchange, needs: .manageOffices) { try await showExchange($0) },
    Route(.post, Paths.exchangeNow, needs: .manageOffices, exchangeNow),
    Route(.post, Paths.exchangeFolder, needs: .manageOffices, saveFolder),
    Route(.post, Paths.exchangePassphrase, needs: .manageOffices, changeFolderPassphrase),
    Route(.post, Paths.exchangeNetwork, needs: .manageOffices, saveNetwork),
    Route(.post, Paths.exchangeAllow, needs: .manageOffices, allowExchange),
    Route(.post, Paths.exchangeToken(":id"), needs: .manageOffices, makeExchangeToken),
    Route(.post, Paths.exchangeTokenRevoke(":id"), needs: .manageOffices, revokeExchangeToken),
    Route(.post, Paths.exchangeAddress(":id"), needs: .manageOffices, saveAddress),
    Route(.post, Paths.exchangeAddressRemove(":id"), needs: .manageOffices, removeAddress),
]

/// - Parameter form: whose fields were typed, where there is a problem.
private func showExchange(
    _ context: SignedIn, problem: UserError? = nil, typed form: String? = nil
) async throws -> Response {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let settings = context.office.settings.exchange
    let runs = try await store.exchangeRuns(for: viewer)
    let next = try await onOwnThread { try store.nextExchanges() }
    let now = store.clock.now()
    func last(_ way: ExchangeWay) -> ExchangePage.Last {
        ExchangePage.Last(
            way, runs[way], next: next[way], isRunning: store.exchanging.isRunning(way), now: now, format)
    }
    let files = settings.folder == nil ? [] : try await store.exchangeFiles(for: viewer)
    let questions = try await store.exchangeQuestions(for: viewer)
    let partners = try await store.exchangePartners(for: viewer)
    let ways = try await context.work.ways(for: viewer)
    return try context.page(
        ExchangePage(
            problem: problem.map(Problem.init), mayRun: !ways.isEmpty,
            isRunning: ways.contains { store.exchanging.isRunning($0) },
            questions: questions.map {
                .init(
                    text: $0.question.message, advice: $0.question.advice, when: format.moment($0.found),
                    key: $0.question.key, isOpen: $0.allowed == nil)
            }, hasQuestions: !questions.isEmpty,
            folder: (form == "folder" ? context.form["folder"] : settings.folder) ?? "",
            folderTimes: .init(
                "folder", settings.folderTimes, typed: form == "folder" ? context.form : nil),
            folderLast: settings.folder == nil ? nil : last(.folder),
            files: files.map { .init($0, isSealed: settings.isSealed, format) }, hasFiles: !files.isEmpty,
            isSealed: settings.isSealed,
            networkTimes: .init(
                "network", settings.networkTimes, typed: form == "network" ? context.form : nil),
            partners: partners.map {
                .init(
                    $0, typed: form == $0.office.description ? context.form : nil,
                    last: last(.office($0.office)), format)
            }, hasPartners: !partners.isEmpty,
            noToken: context.isSecure
                ? nil
                : "This box is served without TLS, so other offices cannot fetch from it: a token would be read on the way. Start it with --tls auto."
        ),
        status: problem?.httpStatus ?? .ok)
}

extension SignedIn {
    fileprivate var work: ExchangeWork { ExchangeWork(shelf: visit.site.exchange, logger: visit.logger) }

    fileprivate func settings(_ change: (inout ExchangeSettings) throws -> Void) throws -> BoxSettings {
        var settings = office.settings
        try change(&settings.exchange)
        try settings.check()
        return settings
    }
}

/// Begins, and waits a moment: what is quick is done when the page is asked for.
@Sendable private func exchangeNow(_ context: SignedIn) async throws -> Response {
    let (work, store) = (context.work, context.store)
    let ways = try await work.ways(for: context.viewer)
    let asked = context.form.text("way").flatMap { ExchangeWay($0) }
    let wanted = ways.filter { asked == nil || $0 == asked }
    guard !wanted.isEmpty else { throw UserError.noExchange }
    for way in wanted { work.start(way, by: context.actor) }
    try await context.site.grace.wait { wanted.contains { store.exchanging.isRunning($0) } }
    return context.redirect(to: Paths.exchange)
}

private func times(_ form: Form) throws -> ExchangeTimes {
    switch form["how"] {
    case "hand": return .byHand
    case "daily": return .daily(try minutes(form["at"]))
    default: return .everyMinutes(try form.wholeNumber("minutes", "Minutes"))
    }
}

@Sendable private func saveFolder(_ context: SignedIn) async throws -> Response {
    let notice: Notice
    do {
        let settings = try context.settings {
            $0.folder = context.form.text("folder").map {
                $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0
            }
            $0.folderTimes = try times(context.form)
        }
        if let folder = settings.exchange.folder {
            let place = context.store.folder.path
            guard folder != place, !(folder + "/").hasPrefix(place + "/") else {
                throw UserError(
                    .invalid, "\(folder) is in this office's own data folder.",
                    advice: "Choose a folder that the other offices reach, too.")
            }
            let store = context.store
            _ = try await onOwnThread { try ExchangeFolder(folder, of: store, by: .console).look() }
        }
        notice = Notice(
            .success, "Saved",
            settings.exchange.folder == nil
                ? "No shared folder is used." : "The shared folder is in use from now on.")
        try await context.store.changeBoxSettings(settings, by: context.actor)
    } catch let error as UserError {
        return try await showExchange(context, problem: error, typed: "folder")
    }
    return context.redirect(to: Paths.exchange, notice)
}

@Sendable private func changeFolderPassphrase(_ context: SignedIn) async throws -> Response {
    do {
        let isSet = try await context.changePassphrase(of: .sharedFolder)
        return context.redirect(
            to: Paths.exchange,
            isSet
                ? Notice(
                    .success, "The passphrase is set",
                    "This office’s file is written anew, sealed, with the next exchange. Set the same passphrase at the other offices."
                )
                : Notice(
                    .warning, "The passphrase is taken away",
                    "With the next exchange this office’s file lies open, and sealed files of others are not read."
                ))
    } catch let error as UserError { return try await showExchange(context, problem: error) }
}

@Sendable private func saveNetwork(_ context: SignedIn) async throws -> Response {
    do {
        let settings = try context.settings { $0.networkTimes = try times(context.form) }
        try await context.store.changeBoxSettings(settings, by: context.actor)
    } catch let error as UserError {
        return try await showExchange(context, problem: error, typed: "network")
    }
    return context.redirect(to: Paths.exchange, Notice(.success, "Saved"))
}

@Sendable private func allowExchange(_ context: SignedIn) async throws -> Response {
    let isAllowed = !context.form.has("again")
    try await context.store.allowExchange(
        context.form["key"], isAllowed: isAllowed, for: context.viewer, by: context.actor)
    return context.redirect(
        to: Paths.exchange,
        isAllowed
            ? Notice(.success, "It goes on", "The next exchange takes in what had stopped.")
            : Notice(.success, "It asks again", "The next exchange stops where this is met."))
}

@Sendable private func makeExchangeToken(_ context: SignedIn) async throws -> Response {
    let office: ID<Office> = try context.id()
    let partner = try await context.store.exchangePartners(for: context.viewer).first { $0.office == office }
    guard let partner else { throw UserError.notHere }
    guard context.isSecure else {
        throw UserError(
            .conflict, "This box is served without TLS; no token was made.",
            advice: "Start it with --tls auto.")
    }
    let digest = context.site.authority.flatMap { authorityDigest($0) }
    let secret = try await context.store.makeExchangeToken(
        of: office, for: context.viewer, by: context.actor)
    let token = ExchangeToken(secret: secret, trust: digest.map { .authority($0) } ?? .system)
    return try context.page(
        ExchangeTokenPage(
            name: partner.name, own: context.office.office.rules.name, secret: token.text,
            words: digest.map { checkWords(ofHex: $0).joined(separator: " ") }))
}

@Sendable private func revokeExchangeToken(_ context: SignedIn) async throws -> Response {
    try await context.store.revokeExchangeToken(
        of: context.id(), for: context.viewer, by: context.actor)
    return context.redirect(to: Paths.exchange, Notice(.success, "The token is revoked"))
}

@Sendable private func saveAddress(_ context: SignedIn) async throws -> Response {
    let office: ID<Office> = try context.id()
    let partner = try await context.store.exchangePartners(for: context.viewer).first { $0.office == office }
    guard let partner else { throw UserError.notHere }
    do {
        let address = try ExchangeAddress(context.form["address"])
        let token = try ExchangeToken(context.form["token"])
        let authority = try await ExchangeClient.authority(of: token, at: address, name: partner.name)
        try await context.store.saveExchangeAddress(
            of: office, address, secret: token.secret, authority: authority, for: context.viewer,
            by: context.actor)
    } catch let error as UserError {
        return try await showExchange(context, problem: error, typed: office.description)
    }
    return context.redirect(
        to: Paths.exchange,
        Notice(.success, "Saved", "The box at that address is the one that made the token."))
}

@Sendable private func removeAddress(_ context: SignedIn) async throws -> Response {
    try await context.store.removeExchangeAddress(
        of: context.id(), for: context.viewer, by: context.actor)
    return context.redirect(to: Paths.exchange, Notice(.success, "That office is no longer asked"))
}
