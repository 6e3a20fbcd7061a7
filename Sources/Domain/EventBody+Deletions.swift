public struct DeleteRequestOpened: EventPayload {
    public static let kind = "deleteRequestOpened"
    public static let stream = EventStream.shared
    public var body: EventBody { .deleteRequestOpened(self) }
    public var subject: String? { request.targets.first?.file.description }
    public var request: DeleteRequest

    public init(request: DeleteRequest) { self.request = request }
}

/// A step in a delete request; an approval takes the calls out of every figure, a restore brings them back.
public struct DeleteRequestDecided: EventPayload {
    public static let kind = "deleteRequestDecided"
    public static let stream = EventStream.shared
    public var body: EventBody { .deleteRequestDecided(self) }
    public var subject: String? { file?.description }
    public var request: ID<DeleteRequest>
    /// The first file it is about.
    public var file: ID<CallFile>?
    public var fileName: String
    public var action: DeleteAction
    public var comment: String
    public var by: RequestParty
    /// What an office's only admin typed to approve his own request; nil: another admin approved.
    public var typedName: String?
    /// Calls that left the figures with it (less than none: that came back).
    public var calls: Int

    public init(
        _ request: DeleteRequest, _ action: DeleteAction, comment: String, by: RequestParty,
        typedName: String? = nil, calls: Int = 0
    ) {
        self.request = request.id
        file = request.targets.first?.file
        fileName = request.typedName
        self.action = action
        self.comment = comment
        self.by = by
        self.typedName = typedName
        self.calls = calls
    }
}

/// The archives of a deletion were erased, or written again without the days that were deleted.
public struct DeleteRequestPurged: EventPayload {
    public static let kind = "deleteRequestPurged"
    public static let stream = EventStream.shared
    public var body: EventBody { .deleteRequestPurged(self) }
    public var subject: String? { versions.first?.file.description }
    public var request: ID<DeleteRequest>
    /// nil: its time in the trash was over.
    public var by: RequestParty?
    public var comment: String
    public var versions: [PurgedVersion]

    public init(
        request: ID<DeleteRequest>, by: RequestParty?, comment: String, versions: [PurgedVersion]
    ) {
        self.request = request
        self.by = by
        self.comment = comment
        self.versions = versions
    }
}

/// The archive of a version was written again without what several deletions erased of it, each from the archive that
/// it knew: boxes of one office had purged different days of the version without knowing of each other.
public struct ArchiveRewritten: EventPayload {
    public static let kind = "archiveRewritten"
    public static let stream = EventStream.shared
    public var body: EventBody { .archiveRewritten(self) }
    public var subject: String? { file.description }
    public var file: ID<CallFile>
    public var fileName: String
    public var version: Int
    /// Every deletion whose calls are not in it any more.
    public var requests: [ID<DeleteRequest>]
    /// Accepted rows that this took out of the archive; no figure had them.
    public var rows: Int
    /// The version as it is from now on.
    public var kept: KeptVersion

    public init(_ upload: FileUploaded, requests: [ID<DeleteRequest>], rows: Int, kept: KeptVersion) {
        file = upload.file
        fileName = upload.fileName
        version = upload.version
        self.requests = requests
        self.rows = rows
        self.kept = kept
    }
}

/// What stays of something purged: enough to prove what it was, nothing of what was in it.
public struct PurgedVersion: Hashable, Codable, Sendable {
    public var file: ID<CallFile>
    public var fileName: String
    public var version: Int
    /// SHA-256 in hex of the archive and of the bytes as uploaded.
    public var archive: String
    public var original: String
    public var bytes: Int64
    public var firstDay: Day?
    public var lastDay: Day?
    /// Accepted rows erased, and the order-free digest of them, in hex.
    public var rows: Int
    public var digest: String
    /// The version as it is from now on, where only days of it were purged; nil: all of it is gone.
    public var kept: KeptVersion?

    public init(_ upload: FileUploaded, rows: Int, digest: String, kept: KeptVersion?) {
        file = upload.file
        fileName = upload.fileName
        version = upload.version
        archive = upload.archive
        original = upload.original
        bytes = upload.bytes
        firstDay = upload.firstDay
        lastDay = upload.lastDay
        self.rows = rows
        self.digest = digest
        self.kept = kept
    }
}

/// What a version is after days of it were purged; its lines keep their numbers.
public struct KeptVersion: Hashable, Codable, Sendable {
    public var archive: String
    public var original: String
    public var bytes: Int64
    public var counts: RowCounts
    public var digest: String

    public init(archive: String, original: String, bytes: Int64, counts: RowCounts, digest: String) {
        self.archive = archive
        self.original = original
        self.bytes = bytes
        self.counts = counts
        self.digest = digest
    }
}

extension FileUploaded {
    /// The same upload after days of it were purged.
    public func keeping(_ kept: KeptVersion) -> FileUploaded {
        var upload = self
        upload.archive = kept.archive
        upload.original = kept.original
        upload.bytes = kept.bytes
        upload.counts = kept.counts
        upload.digest = kept.digest
        return upload
    }
}

/// A hold was set (no `before`), changed, or lifted (no `after`).
public struct DeleteHoldChanged: EventPayload {
    public static let kind = "deleteHoldChanged"
    public static let stream = EventStream.shared
    public var body: EventBody { .deleteHoldChanged(self) }
    public var subject: String? { (after ?? before)?.file?.description }
    public var before: DeleteHold?
    public var after: DeleteHold?
    /// Why it was lifted.
    public var comment: String

    public init(before: DeleteHold?, after: DeleteHold?, comment: String = "") {
        self.before = before
        self.after = after
        self.comment = comment
    }
}
