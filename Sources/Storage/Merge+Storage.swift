import Domain
import Foundation
import GRDB

/// What a merge would do, or did.
public struct MergeOutcome: Sendable {
    public struct Kind: Sendable, Hashable {
        public var kind: String
        public var entries: Int
    }
    public struct Upload: Sendable, Hashable {
        public var office: ID<Office>
        public var upload: FileUploaded
        /// Its calls count: it is neither deleted nor purged.
        public var isLive: Bool
    }

    public var entries = 0
    /// New entries by kind, the most first.
    public var kinds: [Kind] = []
    public var uploads: [Upload] = []
    /// Conflicts that there were not before.
    public var conflicts: [Conflict] = []
    /// Versions here of which calls leave the figures, or come back, with it.
    public var changedVersions = 0
    public var notTaken: [ChainNotTaken] = []
    /// Seconds by which the sender's clock is ahead of ours.
    public var ahead: Int64 = 0
    /// Calls that count, before and after; after: nil in a preview that did not read the files.
    public var callsBefore: Int64 = 0
    public var callsAfter: Int64?
    public var stateHash: String?
    /// Where the database is kept as it was before; nil: nothing that anybody did was new.
    public var copy: String?
    /// The entry that tells of it; nil: nothing that anybody did was new.
    public var event: EventName?

    /// Whether it brings what somebody did. Entries that only tell of merges ask for no answer, or two offices would
    /// answer each other for ever.
    public var isNews: Bool {
        let tellsNothing: Set<String> = [SnapshotMerged.kind, MergeUndone.kind, IncarnationBegun.kind]
        return kinds.contains { !tellsNothing.contains($0.kind) }
    }
}

/// An archive that a merge needs: what its bytes must be, and where they belong.
public struct WantedArchive: Sendable, Hashable {
    public var file: ID<CallFile>
    public var version: Int
    /// SHA-256 in hex.
    public var archive: String
    /// Rows of days that are purged are gone from it already.
    public var isKept: Bool
}

/// Which rows of a version are there after a merge.
struct LiveTarget: Sendable, Hashable {
    /// nil: the version is not here yet.
    var number: Int64?
    var file: ID<CallFile>
    var version: Int
    var source: ID<Source>
    var office: ID<Office>
    var incarnation: Int
    var time: Int64
    var state: String
    var deleted: [ClockSpan]
    var upload: FileUploaded
    /// Its entry, as it was made.
    var uploaded: FileUploaded
}

/// What the fold of both journals comes to, worked out and taken back.
struct MergePlan: Sendable {
    var outcome = MergeOutcome()
    /// Versions that are new, or of which other rows are there than before.
    var targets: [LiveTarget] = []
    /// As they will be; nil: not worked out yet.
    var rules: RulesByOffice?
    var sources: [ID<Source>: (source: Source, office: ID<Office>)] = [:]
}

extension OfficeStore {
    /// What a merge of what was received would do, but for the calls: the same work as the merge, taken back.
    public func previewMerge(_ reception: Reception) throws -> MergeOutcome {
        try plan(reception).outcome
    }

    /// Archives that the merge needs and this office lacks.
    public func wantedArchives(_ reception: Reception) throws -> [WantedArchive] {
        try Self.wanted(plan(reception).targets, in: folder)
    }

    static func wanted(_ targets: [LiveTarget], in folder: DataFolder) -> [WantedArchive] {
        targets.compactMap { target in
            guard target.state != "purged" else { return nil }
            let isKept = target.number != nil
            let wanted = WantedArchive(
                file: target.file, version: target.version, archive: target.upload.archive, isKept: isKept)
            guard let path = folder.existingArchive(of: target.file, version: target.version) else {
                return wanted
            }
            return (try? fileDigest(path)) == target.upload.archive ? nil : wanted
        }
    }

    /// Works the fold of both journals out in a transaction that is taken back.
    func plan(_ reception: Reception) throws -> MergePlan {
        struct TakenBack: Error {}
        var plan = MergePlan()
        do {
            try writeNow(as: .program) { tx in
                try requireWaiting(reception)
                plan = try tx.folded(reception, arrival: nil)
                throw TakenBack()
            }
        } catch is TakenBack {}
        return plan
    }
}

extension Transaction {
    /// Takes what was received into the journal and folds both, without calls; returns what that comes to.
    ///
    /// - Parameter arrival: the entry of the own chain that will tell of it; nil: none will.
    mutating func folded(_ reception: Reception, arrival: Int64?) throws -> MergePlan {
        var plan = MergePlan()
        let before = try versionsNow()
        let known = try Set(String.fetchAll(db.cachedStatement(sql: "SELECT id FROM conflict")))
        let (calls, _) = try OfficeStore.digestOfRollups(db)
        plan.outcome.kinds = try incomingKinds()
        plan.outcome.entries = plan.outcome.kinds.reduce(0) { $0 + $1.entries }
        try placeholders(reception)
        try takeIncoming(arrival: arrival)
        try refoldShared()
        plan.targets = try versionsNow().values.filter { $0.isOther(than: before[$0.place]) }
            .map { target in
                var target = target
                target.number = before[target.place]?.number
                return target
            }
            .sorted { ($0.time, $0.office, $0.incarnation) < ($1.time, $1.office, $1.incarnation) }
        plan.rules = try RulesByOffice(db)
        for row in try Row.fetchAll(db.cachedStatement(sql: "SELECT office, settings FROM source")) {
            let source = try fromJSON(Source.self, row["settings"])
            guard let office = ID<Office>(row["office"] as String) else { continue }
            plan.sources[source.id] = (source, office)
        }
        plan.outcome.uploads = plan.targets.filter { $0.number == nil }.map {
            MergeOutcome.Upload(office: $0.office, upload: $0.uploaded, isLive: $0.state == "live")
        }
        plan.outcome.changedVersions = plan.targets.count { $0.number != nil }
        plan.outcome.conflicts = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM conflict ORDER BY id")
        )
        .compactMap { Conflict($0) }.filter { !known.contains($0.id) }
        plan.outcome.notTaken = reception.notTaken
        plan.outcome.ahead = reception.ahead
        plan.outcome.callsBefore = calls
        return plan
    }
}

extension LiveTarget {
    var place: VersionPlace { VersionPlace(file: file, version: version) }

    func isOther(than other: LiveTarget?) -> Bool {
        guard let other else { return true }
        return state != other.state || deleted != other.deleted || upload.archive != other.upload.archive
    }
}

extension Transaction {
    /// Every version that an upload of the journal made, with what is deleted of it.
    func versionsNow() throws -> [VersionPlace: LiveTarget] {
        var spans: [Int64: [ClockSpan]] = [:]
        for row in try Row.fetchAll(
            db.cachedStatement(
                sql:
                    "SELECT DISTINCT version, fromTime, untilTime FROM deletedSpan ORDER BY version, fromTime, untilTime"
            ))
        {
            spans[row["version"], default: []].append(
                ClockSpan(from: row["fromTime"], until: row["untilTime"]))
        }
        var versions: [VersionPlace: LiveTarget] = [:]
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT v.number, v.file, v.version, v.state, v.time, v.office, v.incarnation, v.event, j.payload
                    FROM fileVersion v
                    JOIN journal j ON j.time = v.time AND j.office = v.office AND j.incarnation = v.incarnation
                      AND j.stream = 'shared' AND j.kind = 'fileUploaded'
                    WHERE v.state <> 'staged'
                    """))
        while let row = try rows.next() {
            guard let office = ID<Office>(row["office"] as String) else { continue }
            let (event, payload): (String, String) = (row["event"], row["payload"])
            let upload = try fromJSON(FileUploaded.self, event)
            // An archive that was written again is told in the first alone.
            let uploaded = event == payload ? upload : try fromJSON(FileUploaded.self, payload)
            let number: Int64 = row["number"]
            let target = LiveTarget(
                number: number, file: upload.file, version: upload.version, source: upload.source,
                office: office, incarnation: row["incarnation"], time: row["time"], state: row["state"],
                deleted: spans[number] ?? [],
                upload: upload, uploaded: uploaded)
            versions[target.place] = target
        }
        return versions
    }

    func incomingKinds() throws -> [MergeOutcome.Kind] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT kind, count(*) AS entries FROM incomingEvent i WHERE NOT EXISTS (
                      SELECT 1 FROM journal j WHERE j.stream = 'shared' AND j.office = i.office
                        AND j.incarnation = i.incarnation AND j.seq = i.seq)
                    GROUP BY kind ORDER BY entries DESC, kind
                    """)
        ).map { MergeOutcome.Kind(kind: $0["kind"], entries: $0["entries"]) }
    }

    /// Rows of versions for the fold of a plan, without calls.
    fileprivate func placeholders(_ reception: Reception) throws {
        for (event, upload) in reception.uploads {
            let time = try Int64.fetchOne(
                db.cachedStatement(
                    sql: "SELECT time FROM incomingEvent WHERE office = ? AND incarnation = ? AND seq = ?"),
                arguments: [event.chain.office.description, event.chain.incarnation, event.seq])
            try db.run(
                sql: """
                    INSERT INTO fileVersion (file, version, state, time, office, incarnation, source, archive)
                    VALUES (?, ?, 'staged', ?, ?, ?, 0, ?)
                    """,
                arguments: [
                    upload.file.description, upload.version, time, event.chain.office.description,
                    event.chain.incarnation, upload.archive,
                ])
        }
    }

    /// Puts what was received into the journal.
    ///
    /// - Parameter arrival: the entry of the own chain that will tell of it; nil: none will.
    /// - Throws: `UserError` `stale` where it no longer goes on from what is held: since it was checked, the own chain
    ///   was written on, or a merge taken back.
    func takeIncoming(arrival: Int64?) throws {
        let isOther = try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM incomingEvent i JOIN journal j ON j.stream = 'shared'
                        AND j.office = i.office AND j.incarnation = i.incarnation AND j.seq = i.seq
                      WHERE j.hash <> i.hash)
                    OR EXISTS (SELECT 1 FROM incomingEvent i
                      WHERE i.seq > 1
                        AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.stream = 'shared' AND j.office = i.office
                          AND j.incarnation = i.incarnation AND j.seq = i.seq)
                        AND NOT EXISTS (SELECT 1 FROM incomingEvent p WHERE p.office = i.office
                          AND p.incarnation = i.incarnation AND p.seq = i.seq - 1 AND p.hash = i.previousHash)
                        AND NOT EXISTS (SELECT 1 FROM journal p WHERE p.stream = 'shared' AND p.office = i.office
                          AND p.incarnation = i.incarnation AND p.seq = i.seq - 1 AND p.hash = i.previousHash))
                    """))
        guard isOther == false else { throw UserError.otherOffice }
        try db.run(
            sql: """
                INSERT INTO journal (stream, office, incarnation, seq, time, user, actor, via, kind, subject, payload,
                  previousHash, hash, arrival)
                SELECT 'shared', office, incarnation, seq, time, user, actor, via, kind, subject, payload,
                  previousHash, hash, ? FROM incomingEvent WHERE true
                ON CONFLICT (stream, office, incarnation, seq) DO NOTHING
                """, arguments: [arrival])
    }
}
