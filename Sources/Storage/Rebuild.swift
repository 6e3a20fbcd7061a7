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
            var lost: [UserError] = []
            let purged = try pool.read { db in try Self.purgedVersions(db) }
            try pool.write { db in
                try db.execute(sql: "UPDATE folder SET rebuilding = 1")
                for table in Schema.projections { try db.execute(sql: "DELETE FROM \(table)") }
                try db.execute(sql: "UPDATE journal SET refusal = NULL WHERE refusal IS NOT NULL")
            }
            var place: EventPlace? = EventPlace(time: -1, office: "", incarnation: 0, stream: "", seq: 0)
            while let after = place {
                let events = try pool.read { db in try Self.events(db, after: after, limit: 1000) }
                for event in events {
                    if let error = try refold(event, purged, readCalls) { lost.append(error) }
                }
                place = events.last.map(EventPlace.init)
            }
            let rules = try officeRulesNow()
            let change = try recountAll(rules)
            let days = try recountedDays(rules)
            try writeNow(as: .program) { tx in
                try change.post(tx)
                try Self.replaceDays(days, tx.db)
                try tx.db.execute(sql: "UPDATE folder SET rebuilding = 0")
            }
            try settleArchives()
            return lost
        }
    }

    /// What the journal says was purged later, lawfully or not: such a version's archive is no more, or has fewer rows
    /// than its upload says. nil: all of it was.
    private static func purgedVersions(_ db: Database) throws -> [VersionPlace: [KeptVersion?]] {
        let payloads = try String.fetchAll(
            db,
            sql: "SELECT payload FROM journal WHERE kind = ? ORDER BY time, office, seq",
            arguments: [DeleteRequestPurged.kind])
        var purged: [VersionPlace: [KeptVersion?]] = [:]
        for payload in payloads {
            // One that cannot be read is refused when it is folded.
            guard let it = try? fromJSON(DeleteRequestPurged.self, payload) else { continue }
            for version in it.versions {
                purged[VersionPlace(file: version.file, version: version.version), default: []].append(
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

    /// Returns why an upload's archive could not be read.
    private func refold(
        _ event: Event, _ purged: [VersionPlace: [KeptVersion?]],
        _ readCalls: (FileUploaded, StagedVersion) throws -> Void
    ) throws -> UserError? {
        do {
            let body = try EventBody(kind: event.kind, payload: event.payload)
            if case .fileUploaded(let upload) = body {
                guard let source = try everySourceNow().first(where: { $0.source.id == upload.source }) else {
                    throw UserError.notHere
                }
                let staged = try StagedVersion(
                    store: self, source: source, office: event.office, rules: try officeRulesNow(),
                    time: event.time, countsRollups: false)
                do {
                    let purges = purged[VersionPlace(file: upload.file, version: upload.version)] ?? []
                    if let archived = try asArchived(upload, purges) { try readCalls(archived, staged) }
                } catch {
                    try staged.abandon()
                    throw error
                }
                try pool.write { db in
                    try db.execute(
                        sql: "UPDATE fileVersion SET archive = ? WHERE number = ?",
                        arguments: [upload.archive, staged.number])
                }
            }
            try writeNow(as: event.actor) { tx in try tx.fold(event, body) }
            return nil
        } catch let error as UserError {
            try pool.write { db in
                try db.execute(
                    sql: """
                        UPDATE journal SET refusal = ?
                        WHERE stream = ? AND office = ? AND incarnation = ? AND seq = ?
                        """,
                    arguments: [
                        error.message, event.stream.rawValue, event.office.description, event.incarnation,
                        event.seq,
                    ])
            }
            return event.kind == FileUploaded.kind && error.code == .damaged ? error : nil
        }
    }

    /// A place in the total order.
    struct EventPlace {
        var time: Int64
        var office: String
        var incarnation: Int
        var stream: String
        var seq: Int64

        init(time: Int64, office: String, incarnation: Int, stream: String, seq: Int64) {
            self.time = time
            self.office = office
            self.incarnation = incarnation
            self.stream = stream
            self.seq = seq
        }

        init(_ event: Event) {
            self.init(
                time: event.time.bits, office: event.office.description, incarnation: event.incarnation,
                stream: event.stream.rawValue, seq: event.seq)
        }
    }

    static func events(_ db: Database, after place: EventPlace, limit: Int) throws -> [Event] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM journal WHERE (time, office, incarnation, stream, seq) > (?, ?, ?, ?, ?)
                ORDER BY time, office, incarnation, stream, seq LIMIT ?
                """,
            arguments: [place.time, place.office, place.incarnation, place.stream, place.seq, limit]
        ).map(Event.init)
    }
}
