import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Whether a rebuild was cut off; until it is done again, pages would show too little.
    public func isRebuilding() throws -> Bool {
        try pool.read { db in try Bool.fetchOne(db, sql: "SELECT rebuilding FROM folder") ?? false }
    }

    /// Throws the projections away and folds the journal again.
    ///
    /// - Parameter readCalls: hands the accepted rows of an upload to the staged version, from its archive.
    ///   Blocks its thread. A crash leaves a mark, and the next start begins again.
    /// - Returns: of each upload whose archive could not be read, why; its calls count nowhere, and `verify`
    ///   names it until a rebuild finds the archive.
    public func rebuild(readCalls: (FileUploaded, StagedVersion) throws -> Void) throws -> [UserError] {
        try changingCalls {
            var lost: [(event: Event, error: UserError)] = []
            let purged = try pool.read { db in try Self.purgedVersions(db) }
            try pool.write { db in
                try db.execute(sql: "UPDATE folder SET rebuilding = 1")
                for table in Schema.projections { try db.execute(sql: "DELETE FROM \(table)") }
                try db.execute(sql: "UPDATE journal SET refusal = NULL WHERE refusal IS NOT NULL")
            }
            try foldLocal()
            // Sources and rules first, which the uploads are read by; then everything over the rows.
            try writeNow(as: .program) { tx in try tx.refoldShared() }
            var hasUploads = false
            try eachUpload { event, upload in
                hasUploads = true
                if let error = try restage(event, upload, purged, readCalls) { lost.append((event, error)) }
            }
            if hasUploads { try writeNow(as: .program) { tx in try tx.refoldShared() } }
            let change = try CallsChange(self).recounted()
            try writeNow(as: .program) { tx in
                try change.post(tx)
                try tx.db.execute(sql: "UPDATE folder SET rebuilding = 0")
            }
            try settleArchives()
            // What a rule refuses in any case lacks nothing: no merge brings its archive.
            return try pool.read { db in
                try lost.filter { event, _ in try Self.isUnread(event, db) }.map(\.error)
            }
        }
    }

    private static func isUnread(_ event: Event, _ db: Database) throws -> Bool {
        let refusal = try String.fetchOne(
            db,
            sql: """
                SELECT refusal FROM journal WHERE stream = 'shared' AND office = ? AND incarnation = ? AND seq = ?
                """, arguments: [event.office.description, event.incarnation, event.seq])
        return refusal.map { isUnread(payload: event.payload, $0) } ?? true
    }

    /// What the journal says was purged later, lawfully or not: such a version's archive is no more, or has fewer rows
    /// than its upload says. nil: all of it was. By the office that says so: none can speak of another one's files.
    static func purgedVersions(_ db: Database) throws -> [ID<Office>: [VersionPlace: [KeptVersion?]]] {
        var purged: [ID<Office>: [VersionPlace: [KeptVersion?]]] = [:]
        for erasure in try Erasure.fetchAll(db) {
            for version in erasure.versions {
                purged[erasure.name.chain.office, default: [:]][version.place, default: []].append(
                    version.kept)
            }
        }
        return purged
    }

    /// An upload as its archive has it today; nil: the archive was erased. The archive itself says which of the purges
    /// it went through, for only its bytes are sure before they are folded.
    private func asArchived(_ upload: FileUploaded, _ purges: [KeptVersion?]) throws -> FileUploaded? {
        guard !purges.isEmpty else { return upload }
        guard let path = folder.existingArchive(of: upload.file, version: upload.version) else {
            return purges.contains(nil) ? nil : upload
        }
        let digest = try fileDigest(path)
        return purges.compactMap { $0 }.last { $0.archive == digest }.map(upload.keeping) ?? upload
    }

    /// What only this folder knows: accounts, settings, pairings.
    private func foldLocal() throws {
        try pool.write { [clock, ids] db in
            let rows = try Row.fetchCursor(
                db,
                sql: "SELECT * FROM journal WHERE stream = 'local' ORDER BY time, office, incarnation, seq")
            while let row = try rows.next() {
                let event = try Event(row)
                let tx = Transaction(db: db, now: clock.now(), actor: event.actor, ids: ids)
                do {
                    try db.inSavepoint {
                        try tx.fold(event, try EventBody(event))
                        return .commit
                    }
                } catch let error as UserError {
                    try db.execute(
                        sql: """
                            UPDATE journal SET refusal = ?
                            WHERE stream = 'local' AND office = ? AND incarnation = ? AND seq = ?
                            """,
                        arguments: [error.message, event.office.description, event.incarnation, event.seq])
                }
            }
        }
    }

    private func eachUpload(_ body: (Event, FileUploaded) throws -> Void) throws {
        var place: EventPlace? = EventPlace(time: -1, office: "", incarnation: 0, seq: 0)
        while let after = place {
            let events = try pool.read { db in try Self.uploads(db, after: after, limit: 100) }
            for event in events {
                guard case .fileUploaded(let upload)? = try? EventBody(event) else { continue }
                try body(event, upload)
            }
            place = events.last.map(EventPlace.init)
        }
    }

    /// Returns why an upload's archive could not be read.
    private func restage(
        _ event: Event, _ upload: FileUploaded, _ purged: [ID<Office>: [VersionPlace: [KeptVersion?]]],
        _ readCalls: (FileUploaded, StagedVersion) throws -> Void
    ) throws -> UserError? {
        // An upload to a source of which nothing is known has no effect.
        let source = try everySourceNow().first { $0.source.id == upload.source }
        guard let source else { return nil }
        let staged = try StagedVersion(
            store: self, source: source, office: event.office, incarnation: event.incarnation,
            rules: try rulesByOfficeNow().of(event.office), time: event.time)
        do {
            let purges = purged[event.office]?[VersionPlace(file: upload.file, version: upload.version)] ?? []
            if let archived = try asArchived(upload, purges) { try readCalls(archived, staged) }
        } catch {
            try staged.abandon()
            guard let error = error as? UserError, error.code == .damaged else { throw error }
            return error
        }
        try staged.announceArchive(of: upload.file, version: upload.version)
        return nil
    }

    /// A place in the total order.
    struct EventPlace {
        var time: Int64
        var office: String
        var incarnation: Int
        var seq: Int64

        init(time: Int64, office: String, incarnation: Int, seq: Int64) {
            self.time = time
            self.office = office
            self.incarnation = incarnation
            self.seq = seq
        }

        init(_ event: Event) {
            self.init(
                time: event.time.bits, office: event.office.description, incarnation: event.incarnation,
                seq: event.seq)
        }
    }

    private static func uploads(_ db: Database, after place: EventPlace, limit: Int) throws -> [Event] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM journal WHERE stream = 'shared' AND kind = 'fileUploaded'
                  AND (time, office, incarnation, seq) > (?, ?, ?, ?)
                ORDER BY time, office, incarnation, seq LIMIT ?
                """, arguments: [place.time, place.office, place.incarnation, place.seq, limit]
        ).map(Event.init)
    }
}
