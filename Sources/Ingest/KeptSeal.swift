import Domain
import Formats
import Foundation
import Storage

/// What this box seals by itself, with a passphrase that somebody set once; in a file of the folder `keys`.
public enum KeptSeal: Sendable {
    case backups
    case sharedFolder

    public struct Key: Hashable, Sendable {
        public var sealing: SealingKey
        /// Of the shared folder alone: what other offices write there has salts of their own, so the key does not open
        /// it. Backups need no more than the key.
        public var passphrase: String?

        var opener: SealOpener { passphrase.map { .kept(sealing, passphrase: $0) } ?? .key(sealing) }
    }

    /// Of the file in the folder `keys`.
    public var name: String { self == .backups ? "backup.key" : "folder.key" }

    public func path(in folder: DataFolder) -> String { folder.keys + "/" + name }

    /// nil: no passphrase is set.
    ///
    /// - Throws: `UserError` `damaged` where the file holds no key: an unsealed file would be a surprise.
    public func read(in folder: DataFolder) throws -> Key? {
        let path = path(in: folder)
        guard access(path, F_OK) == 0 else { return nil }
        guard let data = FileManager.default.contents(atPath: path),
            let key = try? JSONDecoder().decode(Key.self, from: data)
        else {
            throw UserError(
                .damaged,
                self == .backups
                    ? "The key \(path) of the backups is damaged; no backup is made."
                    : "The key \(path) of the shared folder is damaged; nothing is exchanged there.",
                advice: "Set the passphrase again.")
        }
        return key
    }

    /// Seals with a passphrase from now on; takes about half a second. Backups that are there stay as they are.
    ///
    /// - Parameter cost: of trying a passphrase, see `SealingKey`.
    /// - Throws: `UserError` `invalid` for a passphrase that is too short.
    public func set(
        _ passphrase: String, cost: Int = SealingKey.standardCost, in store: OfficeStore, by actor: Actor
    ) throws {
        let key = Key(
            sealing: try SealingKey.new(passphrase: passphrase, salt: store.ids.random(), cost: cost),
            passphrase: self == .sharedFolder ? passphrase : nil)
        try writeFile(Array(try JSONEncoder().encode(key)), to: path(in: store.folder))
        try record(isSet: true, in: store, by: actor)
    }

    /// Nothing is sealed any longer.
    public func remove(in store: OfficeStore, by actor: Actor) throws {
        // The other way round, a crash in between would leave the shared folder waiting for its key.
        try record(isSet: false, in: store, by: actor)
        try removeDurably(path(in: store.folder))
    }

    private func record(isSet: Bool, in store: OfficeStore, by actor: Actor) throws {
        switch self {
        case .backups: try store.record(BackupPassphraseChanged(isSet: isSet), by: actor)
        case .sharedFolder: try store.record(ExchangePassphraseChanged(isSet: isSet), by: actor)
        }
    }
}

extension KeptSeal.Key: Codable {
    private enum CodingKeys: String, CodingKey { case passphrase }

    /// The fields of the key itself, and the passphrase beside them.
    public init(from decoder: any Decoder) throws {
        sealing = try SealingKey(from: decoder)
        passphrase = try decoder.container(keyedBy: CodingKeys.self)
            .decodeIfPresent(String.self, forKey: .passphrase)
    }

    public func encode(to encoder: any Encoder) throws {
        try sealing.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(passphrase, forKey: .passphrase)
    }
}
