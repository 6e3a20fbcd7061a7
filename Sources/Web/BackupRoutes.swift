import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import Storage

let backupRoutes: [Route] = [
    Route(.get, Paths.backups, needs: .manageBackups) { try await showBackups($0, problem: nil) },
    Route(.post, Paths.backups, needs: .manageBackups, makeBackup),
    Route(.post, Paths.backupCancel, needs: .manageBackups, cancelBackup),
    Route(.post, Paths.backupDrill, needs: .manageBackups, tryBackup),
    Route(.post, Paths.backupSettings, needs: .manageBackups, changeBackups),
    Route(.post, Paths.backupPassphrase, needs: .manageBackups, changePassphrase),
    Route(.get, Paths.backupFile(":name"), needs: .manageBackups, downloadBackup),
    Route(.get, Paths.backupsAPI, needs: .manageBackups, sendBackups),
    Route(.post, Paths.backupsAPI, needs: .manageBackups, makeBackupByProgram),
]

let backupPages: [any Page.Type] = [BackupsPage.self]

private func showBackups(_ context: SignedIn, problem: UserError?, typed: Form? = nil) async throws
    -> Response
{
    let (store, site) = (context.store, context.site)
    let state = try await store.backupState(for: context.viewer)
    let found = try await offLoop {
        var failure: UserError?
        var (path, files): (String, [BackupFile]) = (state.settings.folder ?? store.folder.backups, [])
        do {
            let place = try BackupPlace(of: store)
            (path, files) = (place.path, try place.files())
        } catch let error as UserError { failure = error }
        let isSealed = access(KeptSeal.backups.path(in: store.folder), F_OK) == 0
        return (path: path, files: files, failure: failure, isSealed: isSealed)
    }
    return try context.page(
        BackupsPage(
            state, files: found.files, folder: found.path, folderProblem: found.failure,
            data: store.folder, isSealed: found.isSealed, work: site.backups, typed: typed, problem: problem,
            at: store.clock.now(), context.format), status: problem?.httpStatus ?? .ok)
}

@Sendable private func makeBackup(_ context: SignedIn) async throws -> Response {
    try await begin(.backup, context)
}

@Sendable private func tryBackup(_ context: SignedIn) async throws -> Response {
    try await begin(.drill, context)
}

private func begin(_ kind: BackupWork.Kind, _ context: SignedIn) async throws -> Response {
    let work = context.site.backups
    let before = try await context.store.backupState(for: context.viewer)
    if kind == .drill {
        let error = try await onOwnThread { [store = context.store] in
            // What else is the matter, the trial records.
            (try? lastBackupCannotBeTried(of: store)) ?? nil
        }
        if let error {
            return context.redirect(to: Paths.backups, Notice(.info, error.message, error.advice))
        }
    }
    do { try work.start(kind, by: context.actor) } catch let error as UserError {
        return context.redirect(to: Paths.backups, Notice(.info, error.message, error.advice))
    }
    // What is quick is done when the page is asked for.
    try await context.site.grace.wait { work.progress != nil }
    guard work.progress == nil else { return context.redirect(to: Paths.backups) }
    let state = try await context.store.backupState(for: context.viewer)
    // Where it failed, or was cancelled, the page says how it stands.
    let isDone = kind == .backup ? state.last != before.last : state.drilled != before.drilled
    return context.redirect(
        to: Paths.backups,
        !isDone
            ? nil
            : kind == .backup
                ? Notice(.success, "A backup was made", "It was read again, and is whole.")
                : Notice(
                    .success, "The backup was tried",
                    "It was restored in full beside the office, and came to the same figures."))
}

@Sendable private func cancelBackup(_ context: SignedIn) async throws -> Response {
    let work = context.site.backups
    work.cancel()
    try await context.site.grace.wait { work.progress != nil }
    return context.redirect(to: Paths.backups)
}

@Sendable private func changeBackups(_ context: SignedIn) async throws -> Response {
    let form = context.form
    do {
        guard let pace = BackupSettings.Pace(rawValue: form["pace"]) else {
            throw UserError(.invalid, "It does not say how often.", advice: "Choose it from the list.")
        }
        var after = context.office.settings
        after.backups = BackupSettings(
            isOn: form.has("isOn"), pace: pace, drills: form.has("drills"), folder: form.text("folder"))
        try after.check()
        var notice = Notice(.success, "Saved", "It is in force from now on.")
        let store = context.store
        let isOther = after.backups.folder != context.office.settings.backups.folder
        if let folder = after.backups.folder, isOther || form.has("asItIs") {
            let isSameDisk = try await offLoop { try BackupPlace.prepare(folder, for: store) }
            if isSameDisk {
                notice = Notice(
                    .warning, "Saved",
                    "That folder is on the same disk as the office: when the disk is lost, so are the backups."
                )
            }
        }
        try await store.changeBoxSettings(after, by: context.actor)
        do { try await offLoop { _ = try BackupPlace(of: store) } } catch let error as UserError {
            notice = Notice(.warning, "Saved, but no backup can be made", "\(error.message) \(error.advice)")
        }
        return context.redirect(to: Paths.backups, notice)
    } catch let error as UserError { return try await showBackups(context, problem: error, typed: form) }
}

@Sendable private func changePassphrase(_ context: SignedIn) async throws -> Response {
    do {
        let isSet = try await context.changePassphrase(of: .backups)
        return context.redirect(
            to: Paths.backups,
            isSet
                ? Notice(
                    .success, "The passphrase is set",
                    "Backups from now on are sealed. Write it down, and keep it away from this box.")
                : Notice(.warning, "The passphrase is taken away", "Backups from now on are not sealed."))
    } catch let error as UserError { return try await showBackups(context, problem: error) }
}

extension SignedIn {
    /// As the form of a passphrase says.
    ///
    /// - Returns: false: it was taken away.
    func changePassphrase(of seal: KeptSeal) async throws -> Bool {
        let (form, store, actor) = (self.form, self.store, self.actor)
        if form.has("remove") {
            try await offLoop { try seal.remove(in: store, by: actor) }
            return false
        }
        let passphrase = form.raw("passphrase") ?? ""
        guard passphrase == form.raw("again") else {
            throw UserError(
                .invalid, "The two passphrases differ; nothing was changed.", advice: "Type both again.")
        }
        try await offLoop { try seal.set(passphrase, in: store, by: actor) }
        return true
    }
}

@Sendable private func downloadBackup(_ context: SignedIn) async throws -> Response {
    let (store, actor) = (context.store, context.actor)
    let name = context.visit.parameters.get("name")?.removingPercentEncoding ?? ""
    let path = try await offLoop {
        let place = try BackupPlace(of: store)
        let path = try place.path(of: name)
        let file = try place.files().first { $0.name == name }
        try store.record(
            BackupDownloaded(
                name: name, bytes: file?.size ?? 0, isSealed: file?.isSealed ?? false), by: actor)
        return path
    }
    return try context.download(name: name, type: "application/octet-stream", file: path)
}

// MARK: For programs

private struct BackupsJSON: Encodable {
    struct Backup: Encodable {
        var name: String
        var made: Int64
        var bytes: Int64
        var verified: Bool
        var calls: Int?
        var files: Int?
        var sealed: Bool?
        var drilled: Int64?
    }
    struct Failure: Encodable {
        var step: String
        var time: Int64
        var message: String
    }
    var on: Bool
    var running: Bool
    var next: Int64?
    var failures: [Failure]
    var backups: [Backup]
}

private func backupsJSON(_ context: SignedIn) async throws -> BackupsJSON {
    let store = context.store
    let state = try await store.backupState(for: context.viewer)
    let files = try await offLoop { try BackupPlace(of: store).files() }
    let work = context.site.backups
    return BackupsJSON(
        on: state.settings.isOn, running: work.progress != nil,
        next: state.next(started: work.started)?.milliseconds,
        failures: state.failures.map {
            .init(step: $0.step.rawValue, time: $0.time.milliseconds, message: $0.message)
        },
        backups: files.map {
            .init(
                name: $0.name, made: $0.made.milliseconds, bytes: $0.size, verified: $0.record != nil,
                calls: $0.record?.calls, files: $0.record?.files, sealed: $0.isSealed,
                drilled: $0.record?.drilled?.milliseconds)
        })
}

@Sendable private func sendBackups(_ context: SignedIn) async throws -> Response {
    try context.json(try await backupsJSON(context))
}

@Sendable private func makeBackupByProgram(_ context: SignedIn) async throws -> Response {
    let work = context.site.backups
    try work.start(.backup, by: context.actor)
    try await context.site.grace.wait { work.progress != nil }
    return try context.json(try await backupsJSON(context), status: .accepted)
}
