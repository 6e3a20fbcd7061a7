import Domain

/// Every address of the site, written once: routes match on these, pages link to these.
public enum Paths {
    // Everybody.
    static let assets = "/assets/**"
    static func asset(_ name: String, version: String) -> String { "/assets/\(name)?v=\(version)" }
    static let health = "/healthz"
    static let metrics = "/metrics"
    static let trust = "/trust"
    static let trustCertificate = "/trust/rollcall-ca.crt"
    public static let setup = "/setup"
    static let login = "/auth/login"
    static let logout = "/auth/logout"

    static let home = "/"

    // One's own account.
    static let ownAccount = "/me"
    static let ownName = "/me/name"
    static let ownPassword = "/me/password"

    // Files.
    static let files = "/files"
    static let upload = "/files/upload"
    static func importPage(_ id: String) -> String { "/files/imports/\(id)" }
    static func importEvents(_ id: String) -> String { "\(importPage(id))/events" }
    static func importCancel(_ id: String) -> String { "\(importPage(id))/cancel" }
    static func importAnswer(_ id: String) -> String { "\(importPage(id))/answer" }
    static func file(_ id: String) -> String { "/files/\(id)" }
    static func fileVersion(_ id: String, _ version: String) -> String { "\(file(id))/versions/\(version)" }
    static func fileRejects(_ id: String, _ version: String) -> String {
        "\(fileVersion(id, version))/rejects.csv"
    }
    static func fileOriginal(_ id: String, _ version: String) -> String {
        "\(fileVersion(id, version))/original.csv"
    }
    static let apiFiles = "/api/v1/files"
    static func apiImport(_ id: String) -> String { "/api/v1/imports/\(id)" }

    // Deletions.
    static let deletions = "/deletions"
    static let newDeletion = "/deletions/new"
    static let deletionTrash = "/deletions/trash"
    static let deleteHolds = "/deletions/holds"
    static func deleteHoldLift(_ id: String) -> String { "\(deleteHolds)/\(id)/lift" }
    static func deletionWork(_ id: String) -> String { "/deletions/work/\(id)" }
    static func deletionWorkCancel(_ id: String) -> String { "\(deletionWork(id))/cancel" }
    static func deletionWorkAsk(_ id: String) -> String { "\(deletionWork(id))/ask" }
    static func deletion(_ id: String) -> String { "/deletions/\(id)" }
    static func deletionStep(_ id: String, _ action: String) -> String { "\(deletion(id))/steps/\(action)" }
    static func deletionCertificate(_ id: String) -> String { "\(deletion(id))/certificate" }
    static let apiDeletions = "/api/v1/deletions"
    static func apiDeletion(_ id: String) -> String { "\(apiDeletions)/\(id)" }
    static func apiDeletionStep(_ id: String, _ action: String) -> String { "\(apiDeletion(id))/\(action)" }
    static let apiHolds = "/api/v1/holds"
    static func apiHoldLift(_ id: String) -> String { "\(apiHolds)/\(id)/lift" }

    // Sessions and tokens of one's own.
    static let ownSessionsEnd = "/me/sessions/end"
    static func ownSessionEnd(_ id: String) -> String { "/me/sessions/\(id)/end" }
    static let ownTokens = "/me/tokens"
    static func ownTokenRevoke(_ id: String) -> String { "/me/tokens/\(id)/revoke" }

    // Administration.
    static let users = "/admin/users"
    static let newUser = "/admin/users/new"
    static func user(_ id: String) -> String { "/admin/users/\(id)" }
    static func userDisable(_ id: String) -> String { "/admin/users/\(id)/disable" }
    static func userEnable(_ id: String) -> String { "/admin/users/\(id)/enable" }
    static func userPassword(_ id: String) -> String { "/admin/users/\(id)/password" }
    static func userSessionsEnd(_ id: String) -> String { "/admin/users/\(id)/sessions/end" }
    static let settings = "/admin/settings"
    static let deletionSettings = "/admin/settings/deletions"
    static let boxSettings = "/admin/settings/box"
    static let sources = "/admin/sources"
    static func source(_ id: String) -> String { "/admin/sources/\(id)" }
    static func sourceOutcomes(_ id: String) -> String { "/admin/sources/\(id)/outcomes" }
    static let permissions = "/admin/permissions"

    static let activity = "/activity"
    static let activityExport = "/activity/export.csv"
}

// Backups.
extension Paths {
    static let backups = "/admin/backups"
    static let backupCancel = "/admin/backups/cancel"
    static let backupDrill = "/admin/backups/trial"
    static let backupSettings = "/admin/backups/settings"
    static let exchangePassphrase = "/sync/exchange/passphrase"
    static let backupPassphrase = "/admin/backups/passphrase"
    static func backupFile(_ name: String) -> String { "/admin/backups/files/\(name)" }
    static let backupsAPI = "/api/v1/backups"
}

// Storage.
extension Paths {
    static let storage = "/files/storage"
    static let storageReplaced = "/files/storage/replaced"
    /// The form that asks to delete what is past the retention time.
    static let pastRetention = "/deletions/new?retention=1"
}

// Figures.
extension Paths {
    static let agents = "/agents"
    static func agent(_ id: String) -> String { "/agents/\(id)" }
    static let reports = "/reports"
    static let performance = "/reports/performance"
    static let performanceCSV = "/reports/performance.csv"
    static let checks = "/reports/checks"
    static let calls = "/calls"
    static let callsCSV = "/calls.csv"
    static func call(_ reference: String) -> String { "/calls/\(reference)" }
    static let performanceAPI = "/api/v1/reports/performance"
    static let agentsAPI = "/api/v1/agents"
    static let callsAPI = "/api/v1/calls"
    static let openAPI = "/api/v1/openapi.json"
}

// Names, and who is in which team.
extension Paths {
    static let names = "/names"
    static let allNames = "/names/all"
    static let nameChanges = "/names/changes"
    static func name(_ id: String) -> String { "/names/\(id)" }
    static func nameLink(_ id: String) -> String { "\(name(id))/link" }
    static func nameUnlink(_ id: String) -> String { "\(name(id))/unlink" }
    static let namesMerge = "/names/merge"
    static let namesApart = "/names/apart"
    static func nameChangeUndo(_ id: String) -> String { "\(nameChanges)/\(id)/undo" }
    static let namesAPI = "/api/v1/names"
    static let distribution = "/distribution"
    /// The form of a request about an agent, with the leader he is to come to where that is known.
    static func requestAbout(_ agent: String, to leader: String? = nil) -> String {
        "/requests/new?agent=\(agent)" + (leader.map { "&to=\($0)" } ?? "")
    }
}

// People.
extension Paths {
    static let people = "/people"
    static let newPerson = "/people/new"
    static let placePeople = "/people/place"
    static let roster = "/people/roster"
    static let rosterCSV = "/people/roster.csv"
    static func person(_ id: String) -> String { "/people/\(id)" }
    static func personPlace(_ id: String) -> String { "/people/\(id)/place" }
    static func personPromote(_ id: String) -> String { "/people/\(id)/promote" }
    static func personLeave(_ id: String) -> String { "/people/\(id)/leave" }
    static func personReturn(_ id: String) -> String { "/people/\(id)/return" }
    static func personCancel(_ id: String) -> String { "/people/\(id)/cancel" }
    static func personName(_ id: String) -> String { "/people/\(id)/name" }
    static func personHandOver(_ id: String) -> String { "/people/\(id)/hand-over" }
    static let peopleAPI = "/api/v1/people"
    static func personAPI(_ id: String) -> String { "/api/v1/people/\(id)" }
    static let peopleSettings = "/admin/settings/people"
}

// A version read again, and its mended lines.
extension Paths {
    static func fileReadAgain(_ id: String, _ version: String) -> String {
        "\(fileVersion(id, version))/read-again"
    }
    static func fileMended(_ id: String, _ version: String) -> String { "\(fileVersion(id, version))/mended" }
}

// Requests.
extension Paths {
    static let requests = "/requests"
    static let newRequest = "/requests/new"
    static func request(_ id: String) -> String { "/requests/\(id)" }
    static func requestStep(_ id: String, _ step: String) -> String { "\(request(id))/\(step)" }
    static let standIns = "/requests/stand-in"
    static let requestsAPI = "/api/v1/requests"
    static func requestAPI(_ id: String) -> String { "\(requestsAPI)/\(id)" }
    static func requestStepAPI(_ id: String, _ step: String) -> String { "\(requestAPI(id))/\(step)" }
    static func standInEnd(_ id: String) -> String { "\(standIns)/\(id)/end" }
}

// Exchange with other offices.
extension Paths {
    static let exchange = "/sync/exchange"
    static let exchangeNow = "/sync/exchange/now"
    static let exchangeFolder = "/sync/exchange/folder"
    static let exchangeNetwork = "/sync/exchange/network"
    static let exchangeAllow = "/sync/exchange/allow"
    static func exchangeToken(_ office: String) -> String { "/sync/exchange/\(office)/token" }
    static func exchangeTokenRevoke(_ office: String) -> String { "\(exchangeToken(office))/revoke" }
    static func exchangeAddress(_ office: String) -> String { "/sync/exchange/\(office)/address" }
    static func exchangeAddressRemove(_ office: String) -> String { "\(exchangeAddress(office))/remove" }
    static let exchangeAPI = "/api/v1/exchange"
    static let exchangeDownloadsAPI = "\(exchangeAPI)/downloads"
    static func exchangeDownloadAPI(_ digest: String) -> String { "\(exchangeDownloadsAPI)/\(digest)" }
    static func exchangeUploadAPI(_ digest: String) -> String { "\(exchangeAPI)/uploads/\(digest)" }
}

// Lines of files, differences between versions, and days.
extension Paths {
    static let fileDays = "/files/days"
    static let rejectedLines = "/files/rejected"
    static func fileLines(_ id: String, _ version: String) -> String { "\(fileVersion(id, version))/lines" }
    static func fileDifference(_ id: String) -> String { "\(file(id))/difference" }
    static let fileDaysAPI = "\(apiFiles)/days"
    static let rejectedLinesAPI = "\(apiFiles)/rejected"
    static func fileLinesAPI(_ id: String, _ version: String) -> String {
        "\(apiFiles)/\(id)/versions/\(version)/lines"
    }
    static func versionDaysAPI(_ id: String, _ version: String) -> String {
        "\(apiFiles)/\(id)/versions/\(version)/days"
    }
    static func fileDifferenceAPI(_ id: String) -> String { "\(apiFiles)/\(id)/difference" }
}

// Other offices.
extension Paths {
    static let sync = "/sync"
    static func officeUnpair(_ id: String) -> String { "\(sync)/offices/\(id)/unpair" }
    static let pairing = "/sync/pair"
    static let ownCard = "/sync/card"
    static func seenCard(_ id: String) -> String { "\(pairing)/\(id)" }
    static let snapshotExport = "/sync/export"
    static func writtenSnapshot(_ id: String) -> String { "\(snapshotExport)/\(id)" }
    static func writtenFile(_ id: String) -> String { "\(writtenSnapshot(id))/file" }
    static func writtenToStick(_ id: String) -> String { "\(writtenSnapshot(id))/stick" }
    static let snapshotImport = "/sync/import"
    static func arrivalStep(_ id: String, _ step: String) -> String { "\(snapshotImport)/\(id)/\(step)" }
    static func snapshotWork(_ id: String) -> String { "/sync/work/\(id)" }
    static func snapshotWorkCancel(_ id: String) -> String { "\(snapshotWork(id))/cancel" }
    static let forks = "/sync/forks"
    static func forkDecide(_ office: String, _ incarnation: String) -> String {
        "\(forks)/\(office)/\(incarnation)"
    }
    static let snapshotHistory = "/sync/history"
    static func snapshotRecord(_ id: String) -> String { "\(snapshotHistory)/\(id)" }
    static func mergeUndo(_ id: String) -> String { "\(snapshotRecord(id))/undo" }
    static let conflicts = "/sync/conflicts"
    static func conflict(_ id: String) -> String { "\(conflicts)/\(id)" }
    static func conflictDecide(_ id: String) -> String { "\(conflict(id))/decide" }
    static let officesAPI = "/api/v1/offices"
    static let snapshotsAPI = "/api/v1/snapshots"
    static let conflictsAPI = "/api/v1/conflicts"
    static func conflictDecideAPI(_ id: String) -> String { "\(conflictsAPI)/\(id)/decide" }
}
