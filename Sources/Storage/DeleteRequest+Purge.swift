import Domain
import Foundation
import GRDB

/// What a purge erases, and what has to be written again without it.
public struct PurgePlan: Sendable {
    public struct Version: Sendable {
        public var uploaded: FileUploaded
        public var spans: [ClockSpan]
        public var archivePath: String
        /// Accepted rows that go; of a whole version their lines are not listed.
        public var rows = 0
        public var digest = ""
        public var lines: [Int] = []

        /// All of the version goes.
        public var isWhole: Bool { spans == [.always] }
    }
    public var request: DeleteRequest
    public var versions: [Version]
    public var agents: Set<ID<Person>>
}

extension OfficeStore {
    /// Appends the purge of a deletion whose remaining archives are written; see `purgePlan`. Call inside
    /// `changingCalls`.
    ///
    /// - Parameter viewer: nil: the program, when its time in the trash is over.
    public func purge(
        _ plan: PurgePlan, kept: [VersionPlace: KeptVersion], comment: String, for viewer: Viewer?,
        by actor: Actor
    ) throws {
        try writeNow(as: actor) { tx in
            // It may have waited for an import.
            if let viewer { try tx.requireStill(viewer) }
            let request = try tx.deleteRequest(plan.request.id)
            let party = viewer.map { RequestParty($0) }
            _ = try request.purging(
                by: party, comment: comment, at: try tx.nextTime(),
                in: try tx.deleteContext(tx.now, agents: plan.agents))
            let versions = plan.versions.map { version in
                PurgedVersion(
                    version.uploaded, rows: version.rows, digest: version.digest,
                    kept: kept[VersionPlace(file: version.uploaded.file, version: version.uploaded.version)])
            }
            try tx.append(
                .deleteRequestPurged(
                    DeleteRequestPurged(
                        request: request.id, by: party, comment: comment, versions: versions)))
        }
        try? settleArchives()
    }

    /// What a purge erases: checked against the rules before any work is done. Blocks its thread.
    public func purgePlan(
        _ id: ID<DeleteRequest>, comment: String, for viewer: Viewer?
    ) throws -> PurgePlan {
        if let viewer { try viewer.require(.decideDeletions) }
        return try pool.read { [clock, folder] db in
            guard let request = try DeleteRequest.fetch(db, id) else { throw UserError.notHere }
            try request.requireOwnOffice(db)
            var versions: [PurgePlan.Version] = []
            var names: Set<AgentDay> = []
            let rules = try RulesByOffice(db)
            for target in request.targets {
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT v.number, v.event, v.state, v.unsettled FROM fileVersion v
                        WHERE v.file = ? AND v.version = ? AND v.state NOT IN ('staged', 'purged')
                        """, arguments: [target.file.description, target.version])
                // Purged with another request.
                guard let row else { continue }
                let number: Int64 = row["number"]
                let spans = target.spans(cutOverMinutes: request.cutOverMinutes)
                let uploaded = try fromJSON(FileUploaded.self, row["event"] as String)
                var version = PurgePlan.Version(
                    uploaded: uploaded, spans: spans,
                    archivePath: folder.archive(
                        of: uploaded.file, version: uploaded.version, state: row["state"],
                        isUnsettled: row["unsettled"]))
                var digest: UInt64 = 0
                let select = try RawStatement(
                    db,
                    """
                    SELECT line, name, time, fingerprint FROM call WHERE number >= ? AND number < ?
                    ORDER BY number
                    """)
                select.bind(CallRecord.number(number, line: 0), at: 1)
                select.bind(CallRecord.number(number + 1, line: 0), at: 2)
                defer { select.reset() }
                while try select.step() {
                    let time = select.number(2)
                    guard spans.contains(where: { $0.contains(time) }) else { continue }
                    version.rows += 1
                    digest = digest &+ UInt64(bitPattern: select.number(3))
                    if target.days != nil { version.lines.append(Int(clamping: select.number(0))) }
                    let name = select.number(1)
                    let day = try rules.of(name: name, db).day(of: LocalTime(seconds: time))
                    names.insert(AgentDay(name: name, day: day.number))
                }
                version.digest = hexadecimal(bigEndian: digest)
                versions.append(version)
            }
            let words = try FigureWords(db)
            let agents = Set(names.compactMap { ID<Person>(words.person(ofName: $0.name, on: $0.day)) })
            let now = clock.now()
            _ = try request.purging(
                by: viewer.map { RequestParty($0) }, comment: comment, at: .next(after: nil, now: now),
                in: try DeleteContext.load(db, now: now, agents: agents))
            return PurgePlan(request: request, versions: versions, agents: agents)
        }
    }
}

/// A digest as the journal writes it.
func hexadecimal(bigEndian number: UInt64) -> String {
    hexadecimal((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) })
}
