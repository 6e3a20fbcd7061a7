import Domain
import Foundation
import GRDB

/// An entry of the journal that erased something of archives: a purge, or an archive that was written again.
struct Erasure {
    struct Version {
        var place: VersionPlace
        /// SHA-256 in hex of the archive that a purge erased or wrote again; nil: whichever was there.
        var from: String?
        /// The version as it is from then on; nil: all of it is gone.
        var kept: KeptVersion?
    }
    var name: EventName
    /// Whether its entry has effect.
    var isLawful: Bool
    /// Deletions whose calls are not in what it wrote.
    var requests: [ID<DeleteRequest>]
    var versions: [Version]

    /// All of the journal in its order; one that cannot be read is refused when it is folded, and is none.
    static func fetchAll(_ db: Database) throws -> [Erasure] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT office, incarnation, seq, kind, payload, refusal FROM journal WHERE kind IN (?, ?)
                    ORDER BY time, office, incarnation, seq
                    """), arguments: [DeleteRequestPurged.kind, ArchiveRewritten.kind]
        ).compactMap { row in
            guard let name = EventName(row) else { return nil }
            var it = Erasure(name: name, isLawful: row["refusal"] == nil, requests: [], versions: [])
            switch try? EventBody(kind: row["kind"], payload: row["payload"]) {
            case .deleteRequestPurged(let purge):
                it.requests = [purge.request]
                it.versions = purge.versions.map {
                    Version(
                        place: VersionPlace(file: $0.file, version: $0.version), from: $0.archive,
                        kept: $0.kept)
                }
            case .archiveRewritten(let rewrite):
                it.requests = rewrite.requests
                it.versions = [
                    Version(
                        place: VersionPlace(file: rewrite.file, version: rewrite.version), from: nil,
                        kept: rewrite.kept)
                ]
            default: return nil
            }
            return it
        }
    }

    /// Versions whose archive has something that was purged, with all deletions that erased calls of it: two boxes of
    /// one office purged different days at the same time, and the archive in force is the one of the later entry.
    static func mixed(_ db: Database) throws -> [VersionPlace: [ID<DeleteRequest>]] {
        struct Archive {
            var sha256: String
            /// Deletions whose calls are not in it.
            var without: Set<ID<DeleteRequest>>
            var purged: Set<ID<DeleteRequest>>
        }
        var archives: [VersionPlace: Archive] = [:]
        let all = try fetchAll(db).filter(\.isLawful)
        guard !all.isEmpty else { return [:] }
        var owners: [VersionPlace: String] = [:]
        let versions = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT file, version, office FROM fileVersion WHERE state <> 'staged'"))
        while let row = try versions.next() {
            guard let file = ID<CallFile>(row["file"] as String) else { continue }
            owners[VersionPlace(file: file, version: row["version"])] = row["office"]
        }
        for erasure in all {
            // None can speak of another office's files.
            for version in erasure.versions
            where owners[version.place] == erasure.name.chain.office.description {
                guard let kept = version.kept else {
                    archives[version.place] = nil
                    continue
                }
                let before = archives[version.place]
                var without = Set(erasure.requests)
                // A purge of the archive in force leaves out what that one does.
                if let before, before.sha256 == version.from { without.formUnion(before.without) }
                archives[version.place] = Archive(
                    sha256: kept.archive, without: without,
                    purged: (before?.purged ?? []).union(erasure.requests))
            }
        }
        return archives.compactMapValues { $0.purged.isSubset(of: $0.without) ? nil : $0.purged.sorted() }
    }

    /// What is purged of a version.
    static func spans(of version: Int64, _ db: Database) throws -> [ClockSpan] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT DISTINCT fromTime, untilTime FROM deletedSpan WHERE version = ? AND purged = 1
                    ORDER BY fromTime, untilTime
                    """), arguments: [version]
        ).map { ClockSpan(from: $0["fromTime"], until: $0["untilTime"]) }
    }
}

/// An archive that has to be written again without what was purged.
public struct ArchiveRewrite: Sendable {
    /// Its rows and lines are found in the archive: the database has them no longer.
    public var version: PurgePlan.Version
    public var requests: [ID<DeleteRequest>]
}

extension OfficeStore {
    /// Archives of the own office that have something purged in them. Blocks its thread.
    public func archiveRewrites() throws -> [ArchiveRewrite] {
        try pool.read { [folder] db in
            let mixed = try Erasure.mixed(db)
            guard !mixed.isEmpty, let own = try ChainIdentity.fetch(db)?.office else { return [] }
            return try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT v.number, v.event, v.state, v.unsettled FROM fileVersion v
                        JOIN file f ON f.id = v.file JOIN source s ON s.id = f.source
                        WHERE v.state IN ('live', 'trashed') AND s.office = ? ORDER BY v.number
                        """), arguments: [own.description]
            ).compactMap { row in
                let upload = try fromJSON(FileUploaded.self, row["event"] as String)
                let place = VersionPlace(file: upload.file, version: upload.version)
                guard let requests = mixed[place] else { return nil }
                return ArchiveRewrite(
                    version: PurgePlan.Version(
                        uploaded: upload, spans: try Erasure.spans(of: row["number"], db),
                        archivePath: folder.archive(
                            of: upload.file, version: upload.version, state: row["state"],
                            isUnsettled: row["unsettled"])), requests: requests)
            }
        }
    }

    /// Tells of an archive that was written again, and puts it in its place. Call inside `changingCalls`.
    public func rewrite(_ rewrite: ArchiveRewrite, kept: KeptVersion, by actor: Actor) throws {
        try writeNow(as: actor) { tx in
            try tx.append(
                .archiveRewritten(
                    ArchiveRewritten(
                        rewrite.version.uploaded, requests: rewrite.requests, rows: rewrite.version.rows,
                        kept: kept)))
        }
        try? settleArchives()
    }
}
