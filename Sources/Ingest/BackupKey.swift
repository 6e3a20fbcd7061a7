import Domain
import Formats
import Foundation
import Storage

/// The key that this box seals its backups with, in `keys/backup.key`; made of a passphrase that is kept nowhere.
public enum BackupKey {
    public static let name = "backup.key"

    public static func path(in folder: DataFolder) -> String { folder.keys + "/" + name }

    /// nil: backups are not sealed.
    ///
    /// - Throws: `UserError` `damaged` where the file holds no key: an unsealed backup would be a surprise.
    public static func read(in folder: DataFolder) throws -> SealingKey? {
        let path = path(in: folder)
        guard access(path, F_OK) == 0 else { return nil }
        guard let data = FileManager.default.contents(atPath: path),
            let key = try? JSONDecoder().decode(SealingKey.self, from: data)
        else {
            throw UserError(
                .damaged, "The key \(path) of the backups is damaged; no backup is made.",
                advice: "Set the passphrase of the backups again.")
        }
        return key
    }

    /// Seals backups with a passphrase from now on; takes about half a second. Those that are there stay as they are.
    ///
    /// - Throws: `UserError` `invalid` for a passphrase that is too short.
    public static func set(_ passphrase: String, in store: OfficeStore, by actor: Actor) throws {
        guard passphrase.count >= 12 else {
            throw UserError(
                .invalid, "The passphrase is too short; nothing was changed.",
                advice: "Use 12 characters or more: four words, for example.")
        }
        let key = try SealingKey(passphrase: passphrase, salt: store.ids.random())
        try writeFile(Array(try JSONEncoder().encode(key)), to: path(in: store.folder))
        try store.record(BackupPassphraseChanged(isSet: true), by: actor)
    }

    /// Backups are no longer sealed.
    public static func remove(in store: OfficeStore, by actor: Actor) throws {
        try removeDurably(path(in: store.folder))
        try store.record(BackupPassphraseChanged(isSet: false), by: actor)
    }
}
