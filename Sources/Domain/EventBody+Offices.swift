/// Entries of other offices came in: from here on this office knows all that the heads name.
public struct SnapshotMerged: EventPayload {
    public static let kind = "snapshotMerged"
    public static let stream = EventStream.shared
    public var body: EventBody { .snapshotMerged(self) }
    public var subject: String? { from.description }
    /// The office whose file it was.
    public var from: ID<Office>
    public var name: String
    /// When that office made it.
    public var made: Instant
    /// What this office holds of every chain after it, its own but for this entry.
    public var heads: [ChainHead]
    /// That were new here.
    public var entries: Int
    public var files: Int
    public var calls: Int
    /// That the merge opened.
    public var conflicts: Int
    /// Of what this office holds after it, in hex: offices with the same entries have the same.
    public var stateHash: String
    /// Chains of which nothing was taken; nil: of all of them.
    public var notTaken: [ChainNotTaken]?

    public init(
        from office: ID<Office>, name: String, made: Instant, heads: [ChainHead], entries: Int, files: Int,
        calls: Int, conflicts: Int, stateHash: String, notTaken: [ChainNotTaken]? = nil
    ) {
        from = office
        self.name = name
        self.made = made
        self.heads = heads
        self.entries = entries
        self.files = files
        self.calls = calls
        self.conflicts = conflicts
        self.stateHash = stateHash
        self.notTaken = notTaken
    }
}

/// A merge was taken back while nothing followed from it: this office no longer holds what it had brought.
public struct MergeUndone: EventPayload {
    public static let kind = "mergeUndone"
    public static let stream = EventStream.shared
    public var body: EventBody { .mergeUndone(self) }
    public var subject: String? { from.description }
    /// The entry of the own chain that told of the merge.
    public var merge: EventName
    public var from: ID<Office>
    public var name: String
    /// What this office holds of every chain after it, its own but for this entry.
    public var heads: [ChainHead]
    /// That are gone from here.
    public var entries: Int
    public var reason: String

    public init(
        merge: EventName, from office: ID<Office>, name: String, heads: [ChainHead], entries: Int,
        reason: String
    ) {
        self.merge = merge
        from = office
        self.name = name
        self.heads = heads
        self.entries = entries
        self.reason = reason
    }
}

/// A data folder was restored, copied or moved to another box: it goes on as a new chain, so that two boxes never
/// write the same one.
public struct IncarnationBegun: EventPayload {
    public enum Reason: String, Hashable, Codable, Sendable {
        /// From a backup.
        case restored
        /// The folder is not where it was: copied, or moved to another disk or box.
        case moved
        /// Another box writes, or wrote, the chain that this one had.
        case forked
    }

    public static let kind = "incarnationBegun"
    public static let stream = EventStream.shared
    public var body: EventBody { .incarnationBegun(self) }
    public var reason: Reason
    /// What the folder held when it began.
    public var heads: [ChainHead]

    public init(reason: Reason, heads: [ChainHead]) {
        self.reason = reason
        self.heads = heads
    }
}

/// A backup was written, and read again to see that it is whole.
public struct BackupMade: EventPayload {
    public static let kind = "backupMade"
    public static let stream = EventStream.local
    public var body: EventBody { .backupMade(self) }
    public var subject: String? { name }
    public var name: String
    public var bytes: Int64
    public var entries: Int
    public var files: Int
    public var calls: Int
    public var isSealed: Bool

    public init(name: String, bytes: Int64, entries: Int, files: Int, calls: Int, isSealed: Bool) {
        self.name = name
        self.bytes = bytes
        self.entries = entries
        self.files = files
        self.calls = calls
        self.isSealed = isSealed
    }
}

/// A backup could not be written, or is not what was written: `drill`, restoring one for trial, failed.
public struct BackupFailed: EventPayload {
    public enum Step: String, Hashable, Codable, Sendable { case written, verified, drill }
    public static let kind = "backupFailed"
    public static let stream = EventStream.local
    public var body: EventBody { .backupFailed(self) }
    public var step: Step
    public var message: String

    public init(step: Step, message: String) {
        self.step = step
        self.message = message
    }
}

/// A backup was restored for trial, and came to the same state as when it was made.
public struct BackupDrilled: EventPayload {
    public static let kind = "backupDrilled"
    public static let stream = EventStream.local
    public var body: EventBody { .backupDrilled(self) }
    public var subject: String? { name }
    public var name: String
    public var calls: Int
    public var seconds: Int

    public init(name: String, calls: Int, seconds: Int) {
        self.name = name
        self.calls = calls
        self.seconds = seconds
    }
}

/// The office goes on from a backup; what was there before is kept beside it.
public struct BackupRestored: EventPayload {
    public static let kind = "backupRestored"
    public static let stream = EventStream.local
    public var body: EventBody { .backupRestored(self) }
    public var subject: String? { name }
    public var name: String
    public var made: Instant
    /// Where what it replaced lies, within the data folder; nil: there was nothing.
    public var replaced: String?

    public init(name: String, made: Instant, replaced: String?) {
        self.name = name
        self.made = made
        self.replaced = replaced
    }
}

/// Another office's key was compared and is trusted from now on.
public struct OfficePaired: EventPayload {
    public static let kind = "officePaired"
    public static let stream = EventStream.local
    public var body: EventBody { .officePaired(self) }
    public var subject: String? { office.description }
    public var office: ID<Office>
    public var name: String
    /// Hex of the Ed25519 public key.
    public var key: String

    public init(office: ID<Office>, name: String, key: String) {
        self.office = office
        self.name = name
        self.key = key
    }
}

/// Nothing more is taken that the key signs.
public struct OfficeUnpaired: EventPayload {
    public static let kind = "officeUnpaired"
    public static let stream = EventStream.local
    public var body: EventBody { .officeUnpaired(self) }
    public var subject: String? { office.description }
    public var office: ID<Office>
    public var name: String
    public var key: String
    public var reason: String

    public init(office: ID<Office>, name: String, key: String, reason: String) {
        self.office = office
        self.name = name
        self.key = key
        self.reason = reason
    }
}

/// A snapshot was written for somebody.
public struct SnapshotExported: EventPayload {
    public static let kind = "snapshotExported"
    public static let stream = EventStream.local
    public var body: EventBody { .snapshotExported(self) }
    public var subject: String? { to?.description }
    /// The office it was made for; nil: for any.
    public var to: ID<Office>?
    public var name: String
    public var isDelta: Bool
    public var isSealed: Bool
    public var entries: Int
    public var files: Int
    public var bytes: Int64

    public init(
        to: ID<Office>?, name: String, isDelta: Bool, isSealed: Bool, entries: Int, files: Int, bytes: Int64
    ) {
        self.to = to
        self.name = name
        self.isDelta = isDelta
        self.isSealed = isSealed
        self.entries = entries
        self.files = files
        self.bytes = bytes
    }
}

/// A snapshot was not taken in; nothing of it is in the office.
public struct SnapshotRefused: EventPayload {
    public static let kind = "snapshotRefused"
    public static let stream = EventStream.local
    public var body: EventBody { .snapshotRefused(self) }
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

/// Somebody decided what stands of two things that were done at the same time; a later decision takes its place.
public struct ConflictDecided: EventPayload {
    public static let kind = "conflictDecided"
    public static let stream = EventStream.shared
    public var body: EventBody { .conflictDecided(self) }
    public var subject: String? { conflict }
    public var conflict: String
    public var choice: ConflictChoice
    public var comment: String
    public var by: RequestParty
    /// What the choice changes, as an entry of its own kind would; nil: nothing.
    public var change: NestedChange?

    public init(
        conflict: String, choice: ConflictChoice, comment: String, by: RequestParty, change: NestedChange?
    ) {
        self.conflict = conflict
        self.choice = choice
        self.comment = comment
        self.by = by
        self.change = change
    }
}

/// A change inside another entry: kind and canonical payload.
public struct NestedChange: Hashable, Codable, Sendable {
    public var kind: String
    public var payload: String

    public init(_ body: EventBody) throws {
        kind = body.kind
        payload = try body.canonicalPayload()
    }

    /// - Throws: also for what may not be nested.
    public func body() throws -> EventBody {
        let body = try EventBody(kind: kind, payload: payload)
        switch body {
        case .officeChanged, .sourceChanged, .personRenamed, .personsPlaced, .aliasChanged,
            .delegationChanged,
            .deleteHoldChanged:
            return body
        default:
            throw UserError(
                .invalid, "“\(kind)” is no change that a decision can make.", advice: "Make it by hand.")
        }
    }
}
