import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// SHA-256 of the archives that the office knows, by their places in its own folder, whatever became of them.
    public func knownArchives() throws -> [String: String] {
        let rows = try pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT file, version, archive FROM fileVersion WHERE state <> 'staged'")
        }
        var known: [String: String] = [:]
        for row in rows {
            guard let file = ID<CallFile>(row["file"] as String) else { continue }
            known[folder.archive(of: file, version: row["version"])] = row["archive"] ?? ""
        }
        return known
    }

    /// Whether a version can join the office under its own file and number.
    ///
    /// - Throws: `UserError` `conflict` or `sameBytes`, saying what stands in the way.
    public func requireRecoverable(
        _ file: ID<CallFile>, name: String, version: Int, source: ID<Source>, original: String
    ) throws {
        let clash: UserError? = try pool.read { db in
            let advice = "Nothing was changed. Look at both files and decide which one is right."
            let named = try Row.fetchAll(
                db,
                // A name may have several files, where the office went on as a new chain; all of them come back. One that
                // was uploaded here since is another matter.
                sql: """
                    SELECT id, source, name FROM file WHERE id = ?1 OR (source = ?2 AND name = ?3
                      AND EXISTS (SELECT 1 FROM fileVersion v WHERE v.file = file.id AND v.state <> 'staged'
                        AND v.event ->> '$.recovered' IS NULL))
                    """,
                arguments: [file.description, source.description, name])
            for row in named {
                guard row["id"] == file.description else {
                    return UserError(
                        .conflict, "the office has another file named “\(name)” of this source",
                        advice: advice)
                }
                guard row["source"] == source.description, row["name"] == name else {
                    return UserError(
                        .conflict, "its file is “\(row["name"] as String)” in the office", advice: advice)
                }
            }
            let same = try Row.fetchOne(
                db,
                sql: """
                    SELECT f.name, v.version FROM fileVersion v JOIN file f ON f.id = v.file
                    WHERE v.original = ? AND v.state IN ('live', 'trashed') AND f.source = ? AND f.id <> ?
                    """, arguments: [original, source.description, file.description])
            // Of the same file it is one that was read again.
            guard let same else { return nil }
            return UserError(
                .sameBytes,
                "its bytes are in the office already: “\(same["name"] as String)”, version \(same["version"] as Int)",
                advice: advice)
        }
        if let clash { throw clash }
    }
}

extension StagedVersion {
    /// Whether some of the version's names are nobody's yet.
    public func hasNewNames() throws -> Bool {
        try store.pool.read { db in
            try Bool.fetchOne(db, sql: "SELECT 1 FROM agentName WHERE links IS NULL LIMIT 1") ?? false
        }
    }
}
