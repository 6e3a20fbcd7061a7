/// Backups are sealed with another passphrase from now on, or with none.
public struct BackupPassphraseChanged: EventPayload {
    public static let kind = "backupPassphraseChanged"
    public static let stream = EventStream.local
    public var body: EventBody { .backupPassphraseChanged(self) }
    /// false: they are no longer sealed.
    public var isSet: Bool

    public init(isSet: Bool) { self.isSet = isSet }
}

/// Somebody took a backup away with a browser.
public struct BackupDownloaded: EventPayload {
    public static let kind = "backupDownloaded"
    public static let stream = EventStream.local
    public var body: EventBody { .backupDownloaded(self) }
    public var subject: String? { name }
    public var name: String
    public var bytes: Int64
    public var isSealed: Bool

    public init(name: String, bytes: Int64, isSealed: Bool) {
        self.name = name
        self.bytes = bytes
        self.isSealed = isSealed
    }
}

/// Offices that earlier restores had replaced were removed from the disk.
public struct ReplacedRemoved: EventPayload {
    public static let kind = "replacedRemoved"
    public static let stream = EventStream.local
    public var body: EventBody { .replacedRemoved(self) }
    /// Folders within `Replaced`.
    public var names: [String]
    public var bytes: Int64

    public init(names: [String], bytes: Int64) {
        self.names = names
        self.bytes = bytes
    }
}
