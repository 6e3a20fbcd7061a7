import Domain
import Ingest
import Logging
import Mustache
import Storage

/// Everything that may be asked of the site: every feature's table, on one screen.
let siteRoutes: [Route] = [
    plainRoutes,
    trustRoutes,
    signInRoutes,
    setupRoutes,
    homeRoutes,
    agentRoutes,
    reportRoutes,
    callRoutes,
    openAPIRoutes,
    exchangeAPIRoutes,
    exchangeRoutes,
    fileRoutes,
    importRoutes,
    activityRoutes,
    ownAccountRoutes,
    userRoutes,
    permissionRoutes,
    sourceRoutes,
    settingsRoutes,
    nameRoutes,
    distributionRoutes,
    peopleRoutes,
    personChangeRoutes,
    rosterRoutes,
    transferRequestRoutes,
    standInRoutes,
    deleteRequestAPIRoutes,
    deleteHoldAPIRoutes,
    deletionPlanRoutes,
    deleteRequestRoutes,
    deleteHoldRoutes,
    fileLineRoutes,
    fileDifferenceRoutes,
    fileDayRoutes,
    storageUseRoutes,
    forkRoutes,
    readAgainRoutes,
    backupRoutes,
    peerRoutes,
    pairingRoutes,
    snapshotExportRoutes,
    snapshotImportRoutes,
    snapshotWorkRoutes,
    snapshotHistoryRoutes,
    conflictRoutes,
    officeAPIRoutes,
].flatMap { $0 }

/// Every page, so that a test can hold each template against the struct it prints.
let sitePages: [any Page.Type] = [
    plainPages,
    trustPages,
    signInPages,
    setupPages,
    homePages,
    agentPages,
    reportPages,
    callPages,
    filePages,
    importPages,
    activityPages,
    ownAccountPages,
    userPages,
    permissionPages,
    sourcePages,
    settingsPages,
    exchangePages,
    namePages,
    distributionPages,
    peoplePages,
    personChangePages,
    rosterPages,
    transferRequestPages,
    standInPages,
    deleteRequestPages,
    deleteHoldPages,
    fileLinePages,
    fileDifferencePages,
    fileDayPages,
    storageUsePages,
    forkPages,
    readAgainPages,
    backupPages,
    peerPages,
    pairingPages,
    snapshotExportPages,
    snapshotImportPages,
    snapshotWorkPages,
    snapshotHistoryPages,
    conflictPages,
].flatMap { $0 }

/// The main menu; who may not do what an entry needs does not see it.
let siteMenu: [MenuEntry] = [
    MenuEntry("Home", Paths.home, needs: .viewFirstScreen, icon: "home"),
    MenuEntry("Agents", Paths.agents, needs: .viewFigures, icon: "account"),
    MenuEntry(
        "People", Paths.people, needs: .viewPeople, icon: "people",
        pages: [
            MenuEntry("Chart", Paths.people, needs: .viewPeople),
            MenuEntry("Distribution", Paths.distribution, needs: .decideRequests),
            MenuEntry("Names", Paths.names, needs: .matchNames),
        ]),
    MenuEntry("Requests", Paths.requests, needs: .viewRequests, icon: "requests") {
        try await $0.requestsAwaiting($1)
    },
    MenuEntry("Calls", Paths.calls, needs: .viewCalls, icon: "calls"),
    MenuEntry("Reports", Paths.reports, needs: .viewFigures, icon: "reports"),
    MenuEntry(
        "Files", Paths.files, needs: .viewFiles, icon: "files",
        pages: [
            MenuEntry("All files", Paths.files, needs: .viewFiles),
            MenuEntry("By day", Paths.fileDays, needs: .viewFiles),
            MenuEntry("Rejected lines", Paths.rejectedLines, needs: .viewFiles),
            MenuEntry("Storage", Paths.storage, needs: .viewFiles),
        ]),
    MenuEntry(
        "Deletions", Paths.deletions, needs: .requestDeletions, icon: "trash",
        pages: [
            MenuEntry("Requests", Paths.deletions, needs: .requestDeletions),
            MenuEntry("Trash", Paths.deletionTrash, needs: .requestDeletions),
            MenuEntry("Holds", Paths.deleteHolds, needs: .decideDeletions),
        ]
    ) { try await $0.deleteRequestsAwaiting($1) },
    MenuEntry(
        "Offices", Paths.sync, needs: .viewOffices, icon: "sync",
        pages: [
            MenuEntry("All offices", Paths.sync, needs: .viewOffices),
            MenuEntry("Take in", Paths.snapshotImport, needs: .manageOffices),
            MenuEntry("Write", Paths.snapshotExport, needs: .manageOffices),
            MenuEntry("Pair", Paths.pairing, needs: .manageOffices),
            MenuEntry("Conflicts", Paths.conflicts, needs: .decideConflicts, sharesWaiting: true),
            MenuEntry("Exchange", Paths.exchange, needs: .manageOffices),
            MenuEntry("History", Paths.snapshotHistory, needs: .viewOffices),
        ]
    ) { try await $0.openConflictCount(for: $1) },
    MenuEntry("Activity", Paths.activity, needs: .viewActivity, icon: "activity"),
    MenuEntry(
        "Settings", Paths.settings, needs: .manageSettings, icon: "admin",
        pages: [
            MenuEntry("Office and box", Paths.settings, needs: .manageSettings),
            MenuEntry("Users", Paths.users, needs: .manageUsers),
            MenuEntry("Sources", Paths.sources, needs: .manageSettings),
            MenuEntry("Backups", Paths.backups, needs: .manageBackups),
            MenuEntry("Who may do what", Paths.permissions, needs: .viewPermissions),
        ]),
]

struct MenuEntry: Sendable {
    var label: String
    var path: String
    var needs: Permission
    var icon: String?
    /// Its pages, as a line of tabs above each of them.
    var pages: [MenuEntry]
    /// As a tab: what waits of the entry waits there.
    var sharesWaiting: Bool
    /// How much of it waits for somebody; asked for every page, so it must be quick.
    var waiting: (@Sendable (OfficeStore, Viewer) async throws -> Int)?

    /// Whether an address is of this entry.
    func holds(_ path: String) -> Bool {
        ([self.path] + pages.map(\.path)).contains { behind in
            behind == "/" ? path == "/" : (path + "/").hasPrefix(behind + "/")
        }
    }

    init(
        _ label: String, _ path: String, needs: Permission, icon: String? = nil,
        pages: [MenuEntry] = [], sharesWaiting: Bool = false,
        waiting: (@Sendable (OfficeStore, Viewer) async throws -> Int)? = nil
    ) {
        self.label = label
        self.path = path
        self.needs = needs
        self.icon = icon
        self.pages = pages
        self.sharesWaiting = sharesWaiting
        self.waiting = waiting
    }
}

/// What handlers work with: the open office and what is made once at start.
public struct Site: Sendable {
    public let store: OfficeStore
    public let imports: ImportQueue
    let deletions: DeletionWork
    public let backups: BackupWork
    let desk: SnapshotDesk
    let exchange: ExchangeShelf
    public let version: String
    /// Whether browsers come over TLS.
    public let isSecure: Bool
    /// The local authority's certificate in PEM, where there is one.
    let authority: String?
    let names: [String]
    let menu: [MenuEntry]
    let templates: MustacheLibrary
    let assets: Assets
    let notices = Notices()
    let gate = SignInGate()
    let recount = RecountWatch()
    let grace: Grace
    let counters: Counters

    /// What waits for somebody, by path of its menu entry; without the zeros.
    func waiting(for viewer: Viewer) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for entry in menu where viewer.may(entry.needs) {
            if let count = try await entry.waiting?(store, viewer), count > 0 { counts[entry.path] = count }
        }
        return counts
    }

    public init(
        store: OfficeStore, version: String, isSecure: Bool, authority: String? = nil, names: [String] = [],
        sticks: @escaping @Sendable () -> [String] = { removablePlaces() }, grace: Grace = Grace(),
        logger: Logger
    ) throws {
        let files = EmbeddedFiles()
        self.store = store
        imports = ImportQueue(store: store, logger: logger)
        deletions = DeletionWork(store: store, logger: logger, grace: grace)
        backups = BackupWork(store: store, logger: logger)
        desk = SnapshotDesk(store: store, logger: logger, grace: grace, sticks: sticks)
        exchange = ExchangeShelf(store: store, logger: logger)
        self.version = version
        self.isSecure = isSecure
        self.grace = grace
        self.authority = authority
        self.names = names
        menu = siteMenu
        templates = try files.templates()
        assets = Assets(files)
        counters = Counters(started: store.clock.now())
    }
}
