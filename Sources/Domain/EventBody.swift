import Foundation

/// What happened, typed; `kind` and the payload's keys are the journal's format and never change meaning.
public enum EventBody: Hashable, Sendable {
    // Shared.
    case officeFounded(OfficeFounded)
    case officeChanged(OfficeChanged)
    case sourceChanged(SourceChanged)
    case fileUploaded(FileUploaded)
    case personAdded(PersonAdded)
    case personsPlaced(PersonsPlaced)
    case personRenamed(PersonRenamed)
    case teamHandedOver(TeamHandedOver)
    case aliasChanged(AliasChanged)
    case namesHeldApart(NamesHeldApart)
    case transferRequestOpened(TransferRequestOpened)
    case transferRequestDecided(TransferRequestDecided)
    case transferRequestCommented(TransferRequestCommented)
    case delegationChanged(DelegationChanged)
    case deleteRequestOpened(DeleteRequestOpened)
    case deleteRequestDecided(DeleteRequestDecided)
    case deleteRequestPurged(DeleteRequestPurged)
    case archiveRewritten(ArchiveRewritten)
    case deleteHoldChanged(DeleteHoldChanged)
    case snapshotMerged(SnapshotMerged)
    case incarnationBegun(IncarnationBegun)
    case conflictDecided(ConflictDecided)
    case mergeUndone(MergeUndone)
    // Local.
    case userAdded(UserAdded)
    case userChanged(UserChanged)
    case userDisabled(UserDisabled)
    case passwordSet(PasswordSet)
    case signedIn(SignedIn)
    case signInRefused(SignInRefused)
    case signedOut(SignedOut)
    case sessionsEnded(SessionsEnded)
    case tokenMade(TokenMade)
    case tokenRevoked(TokenRevoked)
    case boxSettingsChanged(BoxSettingsChanged)
    case uploadRefused(UploadRefused)
    case figuresExported(FiguresExported)
    case officePaired(OfficePaired)
    case officeUnpaired(OfficeUnpaired)
    case snapshotExported(SnapshotExported)
    case snapshotRefused(SnapshotRefused)
    case backupMade(BackupMade)
    case backupFailed(BackupFailed)
    case backupDrilled(BackupDrilled)
    case backupRestored(BackupRestored)
    case backupPassphraseChanged(BackupPassphraseChanged)
    case backupDownloaded(BackupDownloaded)
    case replacedRemoved(ReplacedRemoved)
    case forkDecided(ForkDecided)
    case exchangeTokenMade(ExchangeTokenMade)
    case exchangeTokenRevoked(ExchangeTokenRevoked)
    case exchangeAddressChanged(ExchangeAddressChanged)
    case exchangePassphraseChanged(ExchangePassphraseChanged)
    case exchangeAllowed(ExchangeAllowed)

    public var payload: any EventPayload {
        switch self {
        case .officeFounded(let it): it
        case .officeChanged(let it): it
        case .sourceChanged(let it): it
        case .fileUploaded(let it): it
        case .personAdded(let it): it
        case .personsPlaced(let it): it
        case .personRenamed(let it): it
        case .teamHandedOver(let it): it
        case .aliasChanged(let it): it
        case .namesHeldApart(let it): it
        case .transferRequestOpened(let it): it
        case .transferRequestDecided(let it): it
        case .transferRequestCommented(let it): it
        case .delegationChanged(let it): it
        case .deleteRequestOpened(let it): it
        case .deleteRequestDecided(let it): it
        case .deleteRequestPurged(let it): it
        case .archiveRewritten(let it): it
        case .deleteHoldChanged(let it): it
        case .userAdded(let it): it
        case .userChanged(let it): it
        case .userDisabled(let it): it
        case .passwordSet(let it): it
        case .signedIn(let it): it
        case .signInRefused(let it): it
        case .signedOut(let it): it
        case .sessionsEnded(let it): it
        case .tokenMade(let it): it
        case .tokenRevoked(let it): it
        case .boxSettingsChanged(let it): it
        case .uploadRefused(let it): it
        case .figuresExported(let it): it
        case .snapshotMerged(let it): it
        case .incarnationBegun(let it): it
        case .conflictDecided(let it): it
        case .officePaired(let it): it
        case .officeUnpaired(let it): it
        case .snapshotExported(let it): it
        case .snapshotRefused(let it): it
        case .mergeUndone(let it): it
        case .backupMade(let it): it
        case .backupFailed(let it): it
        case .backupDrilled(let it): it
        case .backupRestored(let it): it
        case .backupPassphraseChanged(let it): it
        case .backupDownloaded(let it): it
        case .replacedRemoved(let it): it
        case .forkDecided(let it): it
        case .exchangeTokenMade(let it): it
        case .exchangeTokenRevoked(let it): it
        case .exchangeAddressChanged(let it): it
        case .exchangePassphraseChanged(let it): it
        case .exchangeAllowed(let it): it
        }
    }

    /// Every kind, for filters and for tests that want each of them covered.
    public static let payloadTypes: [any EventPayload.Type] = [
        OfficeFounded.self, OfficeChanged.self, SourceChanged.self, FileUploaded.self, PersonAdded.self,
        PersonsPlaced.self, PersonRenamed.self, TeamHandedOver.self, AliasChanged.self, NamesHeldApart.self,
        TransferRequestOpened.self, TransferRequestDecided.self, TransferRequestCommented.self,
        DelegationChanged.self, DeleteRequestOpened.self, DeleteRequestDecided.self,
        DeleteRequestPurged.self, ArchiveRewritten.self, DeleteHoldChanged.self, UserAdded.self,
        UserChanged.self, UserDisabled.self, PasswordSet.self,
        SignedIn.self, SignInRefused.self, SignedOut.self, SessionsEnded.self, TokenMade.self,
        TokenRevoked.self, BoxSettingsChanged.self, UploadRefused.self, FiguresExported.self,
        SnapshotMerged.self, IncarnationBegun.self, ConflictDecided.self, OfficePaired.self,
        OfficeUnpaired.self,
        SnapshotExported.self, SnapshotRefused.self, MergeUndone.self, BackupMade.self, BackupFailed.self,
        BackupDrilled.self, BackupRestored.self, BackupPassphraseChanged.self, BackupDownloaded.self,
        ReplacedRemoved.self, ForkDecided.self,
        ExchangeTokenMade.self, ExchangeTokenRevoked.self, ExchangeAddressChanged.self,
        ExchangePassphraseChanged.self, ExchangeAllowed.self,
    ]

    /// - Throws: `DecodingError` for a damaged payload, `UserError` for a kind of a newer release.
    public init(kind: String, payload: String) throws {
        guard let type = Self.payloadTypes.first(where: { $0.kind == kind }) else {
            throw UserError(
                .invalid,
                "The journal holds an entry of the kind “\(kind)”, which this release does not know.",
                advice: "Upgrade Rollcall.")
        }
        self = try JSONDecoder().decode(type, from: Data(payload.utf8)).body
    }

    public var kind: String { type(of: payload).kind }
    public var stream: EventStream { type(of: payload).stream }

    /// Canonical JSON of the payload.
    public func canonicalPayload() throws -> String { try canonicalText(payload) }
}

/// JSON in its one spelling: keys sorted, no blanks.
public func canonicalText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

public protocol EventPayload: Codable, Hashable, Sendable {
    static var kind: String { get }
    static var stream: EventStream { get }
    /// Identity or name of what the event is mainly about, for filters; nil: the office.
    var subject: String? { get }
    var body: EventBody { get }
}

extension EventPayload {
    public var subject: String? { nil }
}

public struct OfficeFounded: EventPayload {
    public static let kind = "officeFounded"
    public static let stream = EventStream.shared
    public var body: EventBody { .officeFounded(self) }
    public var rules: OfficeRules
    public var sources: [Source]

    public init(rules: OfficeRules, sources: [Source]) {
        self.rules = rules
        self.sources = sources
    }
}

public struct OfficeChanged: EventPayload {
    public static let kind = "officeChanged"
    public static let stream = EventStream.shared
    public var body: EventBody { .officeChanged(self) }
    public var before: OfficeRules
    public var after: OfficeRules

    public init(before: OfficeRules, after: OfficeRules) {
        self.before = before
        self.after = after
    }
}

/// A source was added (no `before`) or its settings changed.
public struct SourceChanged: EventPayload {
    public static let kind = "sourceChanged"
    public static let stream = EventStream.shared
    public var body: EventBody { .sourceChanged(self) }
    public var subject: String? { after.id.description }
    public var before: Source?
    public var after: Source

    public init(before: Source?, after: Source) {
        self.before = before
        self.after = after
    }
}

/// A version of a file became live: all of it counts from this entry on.
public struct FileUploaded: EventPayload {
    public static let kind = "fileUploaded"
    public static let stream = EventStream.shared
    public var body: EventBody { .fileUploaded(self) }
    public var subject: String? { file.description }
    public var file: ID<CallFile>
    public var fileName: String
    public var source: ID<Source>
    public var version: Int
    /// SHA-256 of the archive and of the bytes as uploaded, in hex.
    public var archive: String
    public var original: String
    /// Size of the bytes as uploaded.
    public var bytes: Int64
    public var counts: RowCounts
    public var mapping: FileMapping
    public var firstDay: Day?
    public var lastDay: Day?
    public var agents: Int
    /// Order-free digest of the accepted rows, in hex.
    public var digest: String
    /// Names met for the first time, each with the person made for it.
    public var newNames: [NewName]
    /// Who uploaded it before the database was lost, and when; nil: it came in by this entry.
    public var recovered: RecoveredUpload?
    /// Of a version that is another one read again; not written for others, as older releases had none.
    public var readAgain: ReadAgain?
    /// The name that it came under, where it joined a file of another name.
    public var uploadedAs: String?

    public init(
        file: ID<CallFile>, fileName: String, source: ID<Source>, version: Int, archive: String,
        original: String, bytes: Int64, counts: RowCounts, mapping: FileMapping, firstDay: Day?,
        lastDay: Day?,
        agents: Int, digest: String, newNames: [NewName], recovered: RecoveredUpload? = nil,
        readAgain: ReadAgain? = nil, uploadedAs: String? = nil
    ) {
        self.file = file
        self.fileName = fileName
        self.source = source
        self.version = version
        self.archive = archive
        self.original = original
        self.bytes = bytes
        self.counts = counts
        self.mapping = mapping
        self.firstDay = firstDay
        self.lastDay = lastDay
        self.agents = agents
        self.digest = digest
        self.newNames = newNames
        self.recovered = recovered
        self.readAgain = readAgain
        self.uploadedAs = uploadedAs
    }
}

/// What the manifest of an archive tells of the upload that made it.
public struct RecoveredUpload: Hashable, Codable, Sendable {
    public var by: String
    public var time: Instant
    /// Wall-clock times whose calls had been deleted with approval; nil: none had.
    public var deleted: [ClockSpan]?
    /// Accepted rows in them.
    public var deletedRows: Int?

    public init(by: String, time: Instant, deleted: [ClockSpan] = [], deletedRows: Int = 0) {
        self.by = by
        self.time = time
        self.deleted = deleted.isEmpty ? nil : deleted
        self.deletedRows = deleted.isEmpty ? nil : deletedRows
    }
}

public struct NewName: Hashable, Codable, Sendable {
    public var name: String
    public var folded: String
    public var person: ID<Person>
    public var from: Day
    public var partTimer: Bool

    public init(name: String, folded: String, person: ID<Person>, from: Day, partTimer: Bool) {
        self.name = name
        self.folded = folded
        self.person = person
        self.from = from
        self.partTimer = partTimer
    }
}

public struct PersonAdded: EventPayload {
    public static let kind = "personAdded"
    public static let stream = EventStream.shared
    public var body: EventBody { .personAdded(self) }
    public var subject: String? { person.id.description }
    public var person: Person
    public var placement: Placement
    /// The person's name as dialers' names are compared: calls under it are his where it was nobody's.
    public var folded: String?

    public init(person: Person, placement: Placement, folded: String? = nil) {
        self.person = person
        self.placement = placement
        self.folded = folded
    }
}

/// Placements made together; a later one for the same person and day supersedes the earlier.
public struct PersonsPlaced: EventPayload {
    public static let kind = "personsPlaced"
    public static let stream = EventStream.shared
    public var body: EventBody { .personsPlaced(self) }
    public var subject: String? { placements.count == 1 ? placements.first?.person.description : nil }
    public var placements: [Placement]
    public var reason: String
    /// Persons whom the same step added to the office, each placed above.
    public var added: [Person]
    /// Of each of those his name as dialers' names are compared: calls under it are his where it was nobody's.
    public var folded: [String]

    public init(placements: [Placement], reason: String, added: [Person] = [], folded: [String] = []) {
        self.placements = placements
        self.reason = reason
        self.added = added
        self.folded = folded
    }

    /// Entries of older releases lack what came later.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            placements: try values.decode([Placement].self, forKey: .placements),
            reason: try values.decode(String.self, forKey: .reason),
            added: try values.decodeIfPresent([Person].self, forKey: .added) ?? [],
            folded: try values.decodeIfPresent([String].self, forKey: .folded) ?? [])
    }

    /// Nobody added is not written, so that entries stay as older releases wrote them.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(placements, forKey: .placements)
        try values.encode(reason, forKey: .reason)
        if !added.isEmpty { try values.encode(added, forKey: .added) }
        if !folded.isEmpty { try values.encode(folded, forKey: .folded) }
    }

    private enum CodingKeys: String, CodingKey {
        case placements, reason, added, folded
    }
}

public struct UserAdded: EventPayload {
    public static let kind = "userAdded"
    public static let stream = EventStream.local
    public var body: EventBody { .userAdded(self) }
    public var subject: String? { user.id.description }
    public var user: User

    public init(user: User) { self.user = user }
}

public struct UserChanged: EventPayload {
    public static let kind = "userChanged"
    public static let stream = EventStream.local
    public var body: EventBody { .userChanged(self) }
    public var subject: String? { after.id.description }
    public var before: User
    public var after: User

    public init(before: User, after: User) {
        self.before = before
        self.after = after
    }
}

/// An account was shut (`disabled`) or opened again.
public struct UserDisabled: EventPayload {
    public static let kind = "userDisabled"
    public static let stream = EventStream.local
    public var body: EventBody { .userDisabled(self) }
    public var subject: String? { user.description }
    public var user: ID<User>
    public var username: String
    public var disabled: Bool

    public init(user: ID<User>, username: String, disabled: Bool) {
        self.user = user
        self.username = username
        self.disabled = disabled
    }
}

/// A password was set; neither it nor its hash is in the journal.
public struct PasswordSet: EventPayload {
    public static let kind = "passwordSet"
    public static let stream = EventStream.local
    public var body: EventBody { .passwordSet(self) }
    public var subject: String? { user.description }
    public var user: ID<User>
    public var username: String

    public init(user: ID<User>, username: String) {
        self.user = user
        self.username = username
    }
}

public struct SignedIn: EventPayload {
    public static let kind = "signedIn"
    public static let stream = EventStream.local
    public var body: EventBody { .signedIn(self) }
    public var subject: String? { user.description }
    public var user: ID<User>
    public var username: String

    public init(user: ID<User>, username: String) {
        self.user = user
        self.username = username
    }
}

/// Somebody was not let in. `reason`: `unknown`, `password`, `disabled`, `locked`.
public struct SignInRefused: EventPayload {
    public static let kind = "signInRefused"
    public static let stream = EventStream.local
    public var body: EventBody { .signInRefused(self) }
    public var subject: String? { username }
    public var username: String
    public var reason: String

    public init(username: String, reason: String) {
        self.username = username
        self.reason = reason
    }
}

public struct SignedOut: EventPayload {
    public static let kind = "signedOut"
    public static let stream = EventStream.local
    public var body: EventBody { .signedOut(self) }
    public var subject: String? { user.description }
    public var user: ID<User>
    public var username: String

    public init(user: ID<User>, username: String) {
        self.user = user
        self.username = username
    }
}

/// Sessions were revoked, by their owner or by an admin.
public struct SessionsEnded: EventPayload {
    public static let kind = "sessionsEnded"
    public static let stream = EventStream.local
    public var body: EventBody { .sessionsEnded(self) }
    public var subject: String? { user.description }
    public var user: ID<User>
    public var username: String
    public var count: Int

    public init(user: ID<User>, username: String, count: Int) {
        self.user = user
        self.username = username
        self.count = count
    }
}

/// A bearer token for the API was made.
public struct TokenMade: EventPayload {
    public static let kind = "tokenMade"
    public static let stream = EventStream.local
    public var body: EventBody { .tokenMade(self) }
    public var subject: String? { user.description }
    public var user: ID<User>
    public var username: String
    public var token: String

    public init(user: ID<User>, username: String, token: String) {
        self.user = user
        self.username = username
        self.token = token
    }
}

public struct TokenRevoked: EventPayload {
    public static let kind = "tokenRevoked"
    public static let stream = EventStream.local
    public var body: EventBody { .tokenRevoked(self) }
    public var subject: String? { user.description }
    public var user: ID<User>
    public var username: String
    public var token: String

    public init(user: ID<User>, username: String, token: String) {
        self.user = user
        self.username = username
        self.token = token
    }
}

public struct BoxSettingsChanged: EventPayload {
    public static let kind = "boxSettingsChanged"
    public static let stream = EventStream.local
    public var body: EventBody { .boxSettingsChanged(self) }
    public var before: BoxSettings
    public var after: BoxSettings

    public init(before: BoxSettings, after: BoxSettings) {
        self.before = before
        self.after = after
    }
}

/// A file was not taken in; nothing of it is kept.
public struct UploadRefused: EventPayload {
    public static let kind = "uploadRefused"
    public static let stream = EventStream.local
    public var body: EventBody { .uploadRefused(self) }
    public var subject: String? { fileName }
    public var fileName: String
    public var code: UserError.Code
    public var message: String

    public init(fileName: String, code: UserError.Code, message: String) {
        self.fileName = fileName
        self.code = code
        self.message = message
    }
}

/// Figures, calls, rejects or activity left as a file.
public struct FiguresExported: EventPayload {
    public static let kind = "figuresExported"
    public static let stream = EventStream.local
    public var body: EventBody { .figuresExported(self) }
    public var subject: String? { what }
    /// For example `performance by agent`, `calls`, `rejects of calls.csv version 2`.
    public var what: String
    /// The filters in words.
    public var filter: String
    public var rows: Int

    public init(what: String, filter: String, rows: Int) {
        self.what = what
        self.filter = filter
        self.rows = rows
    }
}
