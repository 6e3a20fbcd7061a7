import Domain
import Foundation
import GRDB

/// Something that passed between this office and another, or was to.
public struct SnapshotRecord: Sendable {
    public var event: Event
    public var body: EventBody
    /// A merge from which nothing followed yet.
    public var canBeUndone: Bool

    /// `shared-1-42`, for links.
    public var id: String { "\(event.stream.rawValue)-\(event.incarnation)-\(event.seq)" }
}

/// What a merge brought, as far as it is still here.
public struct MergeReceipt: Sendable {
    /// Entries by kind, the most first.
    public var kinds: [MergeOutcome.Kind] = []
    public var uploads: [MergeOutcome.Upload] = []
    /// Conflicts of what it brought.
    public var conflicts: [Conflict] = []
}

/// This office among others.
public struct OwnOffice: Sendable {
    public var office: ID<Office>
    public var name: String
    /// Own entries, in all lives of the folder.
    public var entries: Int64
    public var stateHash: StateHash
    /// Another box wrote other entries under this office's name.
    public var isForked: Bool
}

extension OfficeStore {
    private static let recordKinds = [
        SnapshotMerged.kind, MergeUndone.kind, SnapshotExported.kind, SnapshotRefused.kind,
        OfficePaired.kind, OfficeUnpaired.kind,
    ]

    /// What this office sent, took in and refused, and with whom it paired, newest first.
    public func snapshotRecords(for viewer: Viewer, offset: Int = 0, limit: Int = 50) async throws -> (
        rows: [SnapshotRecord], total: Int
    ) {
        try viewer.require(.viewOffices)
        let found: RecordPage = try await read { db in
            guard let chain = try ChainIdentity.fetch(db) else { return RecordPage() }
            let kinds = Self.recordKinds.map { "'\($0)'" }.joined(separator: ", ")
            let condition = "office = ? AND kind IN (\(kinds))"
            let office = chain.office.description
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM journal WHERE \(condition)
                    ORDER BY time DESC, stream DESC, incarnation DESC, seq DESC LIMIT ? OFFSET ?
                    """, arguments: [office, max(1, min(limit, 500)), max(0, offset)])
            return RecordPage(
                rows: try rows.map { try Self.snapshotRecord($0, db) },
                total: try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM journal WHERE \(condition)", arguments: [office]) ?? 0)
        }
        return (found.rows, found.total)
    }

    private struct RecordPage: Sendable {
        var rows: [SnapshotRecord] = []
        var total = 0
    }

    private static func snapshotRecord(_ row: Row, _ db: Database) throws -> SnapshotRecord {
        let event = try Event(row)
        let canUndo = try event.kind == SnapshotMerged.kind && canUndo(EventName(event), db)
        return SnapshotRecord(event: event, body: try EventBody(event), canBeUndone: canUndo)
    }

    /// - Throws: `UserError.notHere` for an id that names nothing of this office.
    public func snapshotRecord(_ id: String, for viewer: Viewer) async throws -> (
        SnapshotRecord, MergeReceipt
    ) {
        try viewer.require(.viewOffices)
        let parts = id.split(separator: "-")
        guard parts.count == 3, let stream = EventStream(rawValue: String(parts[0])),
            let incarnation = Int(parts[1]), let seq = Int64(parts[2])
        else { throw UserError.notHere }
        let found: RecordDetail = try await read { db in
            guard let chain = try ChainIdentity.fetch(db),
                let row = try Row.fetchOne(
                    db,
                    sql:
                        "SELECT * FROM journal WHERE stream = ? AND office = ? AND incarnation = ? AND seq = ?",
                    arguments: [stream.rawValue, chain.office.description, incarnation, seq]),
                Self.recordKinds.contains(row["kind"] as String)
            else { throw UserError.notHere }
            let record = try Self.snapshotRecord(row, db)
            // Entries of an earlier life of the folder may have come with an entry of the same number.
            let isOfThisLife = incarnation == chain.incarnation && record.event.kind == SnapshotMerged.kind
            return RecordDetail(
                record: record, receipt: isOfThisLife ? try Self.receipt(seq, db) : MergeReceipt())
        }
        return (found.record, found.receipt)
    }

    private struct RecordDetail: Sendable {
        var record: SnapshotRecord
        var receipt: MergeReceipt
    }

    private static func receipt(_ arrival: Int64, _ db: Database) throws -> MergeReceipt {
        var receipt = MergeReceipt()
        receipt.kinds = try Row.fetchAll(
            db,
            sql: """
                SELECT kind, count(*) AS entries FROM journal WHERE arrival = ?
                GROUP BY kind ORDER BY entries DESC, kind
                """, arguments: [arrival]
        ).map { MergeOutcome.Kind(kind: $0["kind"], entries: $0["entries"]) }
        receipt.uploads = try Row.fetchAll(
            db,
            sql: """
                SELECT j.office, j.payload, v.state FROM journal j LEFT JOIN fileVersion v
                  ON v.time = j.time AND v.office = j.office AND v.incarnation = j.incarnation
                WHERE j.arrival = ? AND j.kind = 'fileUploaded' ORDER BY j.time, j.office
                """, arguments: [arrival]
        ).compactMap { row in
            guard let office = ID<Office>(row["office"] as String),
                let upload = try? fromJSON(FileUploaded.self, row["payload"])
            else { return nil }
            return MergeOutcome.Upload(office: office, upload: upload, isLive: row["state"] == "live")
        }
        let names = try Set(
            Row.fetchAll(
                db, sql: "SELECT office, incarnation, seq FROM journal WHERE arrival = ?",
                arguments: [arrival]
            ).compactMap { EventName($0) })
        receipt.conflicts = try Row.fetchAll(db, sql: "SELECT * FROM conflict ORDER BY id")
            .compactMap { Conflict($0) }
            .filter { names.contains($0.loser) || $0.winner.map(names.contains) == true }
        return receipt
    }

    public func ownOffice(for viewer: Viewer) async throws -> OwnOffice {
        try viewer.require(.viewOffices)
        return try await read { db in
            guard let state = try Self.officeState(db) else { throw UserError.notSetUp }
            let office = state.office.id
            let own = try Self.heads(db).filter { $0.office == office }
            let fork = try Bool.fetchOne(
                db, sql: "SELECT 1 FROM fork WHERE office = ? AND settled = 0",
                arguments: [office.description])
            return OwnOffice(
                office: office, name: state.office.rules.name, entries: own.reduce(0) { $0 + $1.seq },
                stateHash: try Self.stateHash(db, fromRows: false), isForked: fork == true)
        }
    }
}
