import Domain
import Foundation
import Ingest
import Storage
import TestSupport

/// What must be so of every box, whatever happened.
extension Simulation {
    /// Entries that only tell of merges: with them or without, the state is the same.
    static let tellsNothing = "('snapshotMerged', 'mergeUndone', 'incarnationBegun')"

    func events(_ box: SimulatedBox) async throws -> [String] {
        try await box.it.sql(
            """
            SELECT office || '/' || incarnation || '/' || seq || ' ' || hex(hash) FROM journal
            WHERE stream = 'shared' AND kind NOT IN \(Self.tellsNothing) ORDER BY 1
            """)
    }

    /// All that the shared entries determine, in words: the state and what is said of conflicts and of entries
    /// without effect.
    func truth(_ box: SimulatedBox) async throws -> [String] {
        var lines = [try await box.store.stateHash().hex]
        lines += try await box.it.sql(
            "SELECT 'conflict', register, loser, winner, refusal FROM conflict ORDER BY id")
        lines += try await box.it.sql(
            "SELECT 'decision', conflict, choice, event FROM conflictDecision ORDER BY conflict")
        lines += try await box.it.sql(
            """
            SELECT 'refused', office, incarnation, seq, kind, refusal FROM journal
            WHERE stream = 'shared' AND refusal IS NOT NULL ORDER BY office, incarnation, seq
            """)
        lines += try await box.it.sql("SELECT 'calls', id, calls FROM office ORDER BY id")
        if plan.hasFiles { lines += try await box.it.figures() }
        return lines
    }

    /// The same with everything else that a snapshot may not touch when it is refused.
    func fingerprint(_ box: SimulatedBox) async throws -> [String] {
        try await truth(box) + events(box)
            + box.it.sql("SELECT stream, count(*) FROM journal GROUP BY stream")
            + box.it.sql("SELECT office, state FROM peerState ORDER BY office")
    }

    func checkAll(isEnd: Bool) async throws {
        var known: [[String]: [Int]] = [:]
        for (index, box) in boxes.enumerated() {
            known[try await events(box), default: []].append(index)
            try await checkWholePlacements(box)
            try await checkConflicts(box)
            try await checkPurged(box, isEnd: isEnd)
        }
        for alike in known.values {
            guard let first = alike.first, alike.count > 1 else { continue }
            let truth = try await truth(boxes[first])
            for index in alike.dropFirst() {
                try same(
                    try await self.truth(boxes[index]), truth,
                    "boxes \(first) and \(index) hold the same entries")
            }
        }
        guard isEnd else { return }
        if !plan.mayFork, known.count != 1 {
            let all = known.keys.map { Set($0) }
            let union = all.reduce(into: Set<String>()) { $0.formUnion($1) }
            let lost = all.map { union.subtracting($0).sorted().prefix(3).joined(separator: ", ") }
            throw SimulationFault("entries are lost: \(lost)")
        }
        for (index, box) in boxes.enumerated() where isThorough || index == 0 {
            try await same(box.it.faults(), [], "box \(index) has faults")
            try await same(box.it.leftovers(), [], "box \(index) has leftovers")
        }
        if let box = boxes.last, isThorough { try await checkRebuild(box) }
    }

    /// Of some histories all is asked, of the others what is cheap.
    var isThorough: Bool { plan.seed % 16 == 4 || plan.hasFiles }

    func same(_ a: [String], _ b: [String], _ words: String) throws {
        guard a != b else { return }
        let (one, other) = (Set(a).subtracting(b).sorted(), Set(b).subtracting(a).sorted())
        throw SimulationFault(
            "\(words), and differ: \(one.prefix(6).joined(separator: "\n   ")) <> \(other.prefix(6).joined(separator: "\n   "))"
        )
    }

    /// What came entry by entry is what a fold of everything comes to.
    func checkRebuild(_ box: SimulatedBox) async throws {
        let before = try await truth(box)
        try box.it.rebuild()
        try same(try await truth(box), before, "a rebuild came to something else")
        try await same(box.it.faults(), [], "after a rebuild")
    }

    /// A swap, a move or a hand-over is whole, or has no effect at all.
    private func checkWholePlacements(_ box: SimulatedBox) async throws {
        let rows = try await box.it.sql(
            """
            SELECT j.kind, j.office || '/' || j.incarnation || '/' || j.seq, j.refusal IS NULL,
              json_array_length(j.payload, '$.placements'),
              (SELECT count(*) FROM placement p WHERE p.time = j.time AND p.office = j.office
                AND (SELECT count(*) FROM journal k WHERE k.stream = 'shared' AND k.time = j.time
                  AND k.office = j.office) = 1)
            FROM journal j WHERE j.stream = 'shared'
              AND j.kind IN ('personsPlaced', 'teamHandedOver', 'transferRequestDecided')
              AND NOT EXISTS (SELECT 1 FROM journal k WHERE k.stream = 'shared' AND k.time = j.time
                AND k.office = j.office AND k.incarnation <> j.incarnation)
            """)
        for row in rows {
            let parts = row.split(separator: "|").map(String.init)
            guard parts.count == 5, let wanted = Int(parts[3] == "-" ? "0" : parts[3]),
                let there = Int(parts[4])
            else { throw SimulationFault("unreadable: \(row)") }
            guard there == (parts[2] == "1" ? wanted : 0) else {
                throw SimulationFault("half an act: \(row)")
            }
        }
    }

    /// What was purged anywhere is nowhere: no row, no archive, and no version that lives again.
    private func checkPurged(_ box: SimulatedBox, isEnd: Bool) async throws {
        guard plan.hasFiles else { return }
        let back =
            try await box.it.sql(
                """
                SELECT 'purged, and yet', v.state, v.file, v.version FROM journal j, json_each(j.payload, '$.versions') p
                JOIN fileVersion v ON v.file = p.value ->> 'file' AND v.version = p.value ->> 'version'
                WHERE j.kind = 'deleteRequestPurged' AND (j.refusal IS NULL OR \(isEnd)) AND p.value ->> 'kept' IS NULL AND v.state <> 'purged'
                """)
            + box.it.sql(
                """
                SELECT 'a row that was purged', c.version, c.line FROM call c JOIN deletedSpan d ON d.version = c.version
                WHERE d.purged = 1 AND d.fromTime <= c.time AND c.time < d.untilTime
                """)
        guard back.isEmpty else { throw SimulationFault("purged calls are back: \(back.prefix(3))") }
        if isEnd {
            for version in try await box.store.archivedVersions() where !version.leftovers.isEmpty {
                throw SimulationFault("in the archive is what was purged: \(version.archivePath)")
            }
        }
        for line in try await box.it.sql("SELECT file, version FROM fileVersion WHERE state = 'purged'") {
            let parts = line.split(separator: "|")
            guard let file = parts.first.flatMap({ ID<CallFile>($0) }), let version = Int(parts.last ?? "")
            else { continue }
            if let path = box.it.folder.existingArchive(of: file, version: version) {
                throw SimulationFault("the archive of a purged version is there: \(path)")
            }
        }
    }

    // MARK: Orders

    /// A box that has nothing but its founding takes all that there is, in any order and in any grouping, and comes to
    /// the same; what it has already changes nothing.
    func checkOrders() async throws {
        guard !plan.mayFork, plan.seed % 4 < 2, let last = boxes.indices.last else { return }
        var numbers = SeededNumbers(plan.seed ^ 0x0d2d_e25)
        let held = boxes.count
        for _ in 0..<(plan.seed % 8 == 1 ? 2 : 1) {
            let fresh = boxes.count
            // As a backup of the first day would be restored.
            let office = Int.random(in: templates.indices, using: &numbers)
            let box = try addBox(office, copying: templates[office].path)
            box.clock.set(boxes[0].clock.time)
            for parcel in parcels.shuffled(using: &numbers).prefix(6) {
                // A delta may be of what is not there yet.
                do { try await take(parcel, at: fresh) } catch is UserError {}
            }
            try await take(try await pack(last), at: fresh)
            // What a box sent before an old copy took its place may have reached nobody until now.
            if try await events(box) != events(boxes[last]) {
                try await take(try await pack(fresh, since: try await heads(last)), at: last)
            }
            try same(
                try await events(box), try await events(boxes[last]),
                "a box that takes all in another order holds other entries")
            try same(
                try await truth(box), try await truth(boxes[last]), "a box that takes all in another order")
            try await same(box.it.faults(), [], "a box that takes all in another order has faults")
        }
        boxes.removeSubrange(held...)
        let before = try await truth(boxes[last])
        guard try await take(try await pack(last), at: last).entries == 0 else {
            throw SimulationFault("its own snapshot brought a box something new")
        }
        try same(try await truth(boxes[last]), before, "a box and its own snapshot")
    }
}
