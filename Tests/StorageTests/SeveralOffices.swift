import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

/// Three offices in one database, whose versions a seeded test lets come, go and come back in any order, each change
/// folded as a merge would.
final class SeveralOffices {
    let office: SampleOffice
    var model: CallsModel
    var numbers: SeededNumbers
    var done: [String: Int] = [:]
    private var offices: [ID<Office>] = []
    private var sources: [(office: Int, stored: StoredSource)] = []
    private var seq: Int64 = 0
    private let start: Int64 = 1_792_454_400
    private static let agents = ["ann", "bob", "cy"]

    var store: OfficeStore { office.store }

    init(seed: UInt64) async throws {
        numbers = SeededNumbers(seed)
        office = try await SampleOffice(
            cutOverMinutes: 120, seed: seed, tallyMemory: seed.isMultiple(of: 3) ? 40 : 10_000_000)
        model = CallsModel(cutOvers: [120, 0, 300], maxGaps: [10, 10, 3])
        guard let own = try await office.store.officeState()?.office.id else { throw UserError.notSetUp }
        offices = [own]
        for index in 1...2 {
            let id: ID<Office> = store.ids.next(at: store.clock.now())
            offices.append(id)
            let rules = OfficeRules(
                name: "Branch \(index)", timeZone: "Europe/Berlin", cutOverMinutes: model.cutOvers[index],
                maxGapMinutes: model.maxGaps[index])
            let founded = OfficeFounded(
                rules: rules,
                sources: (0..<index).map {
                    source("Dialer \($0)", format: "readymode")
                } + [source("Other", format: index == 1 ? "other" : "readymode")])
            try store.writeNow(as: .program) { tx in
                try tx.fold(event(.officeFounded(founded), of: index, at: 1), .officeFounded(founded))
            }
        }
        model.officeIDs = offices.map(\.description)
        let stored = try await store.read { db in
            try OfficeStore.sources(.every, db).map { stored in
                let office = try String.fetchOne(
                    db, sql: "SELECT office FROM source WHERE number = ?", arguments: [stored.number])
                return (office: office ?? "", stored: stored)
            }
        }
        sources = stored.map { (model.officeIDs.firstIndex(of: $0.office) ?? 0, $0.stored) }
    }

    func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &numbers) }

    private func source(_ name: String, format: String) -> Source {
        Source(
            id: store.ids.next(at: store.clock.now()), name: name, format: format, outcomes: .coldCalling)
    }

    private func event(_ body: EventBody, of office: Int, at time: Int64) -> Event {
        seq += 1
        return Event(
            stream: .shared, office: offices[office], incarnation: 1, seq: seq, time: HybridTime(bits: time),
            actor: .program, kind: body.kind, payload: (try? body.canonicalPayload()) ?? "",
            previousHash: Event.rootHash)
    }

    // MARK: Steps

    /// Some steps under one change, folded and posted, or abandoned.
    func change() throws {
        try store.changingCalls {
            var after = model
            var folds: [(inout Transaction) throws -> Void] = []
            let calls = try CallsChange(store, rules: pick(0..<4) == 0 ? branchRules(&after, &folds) : nil)
            for _ in 0..<pick(1..<5) {
                switch pick(0..<3) {
                case 0 where !model.files.isEmpty: try retarget(calls, &after, &folds)
                case 1: try stage(calls, 2, &after, &folds)
                default: try stage(calls, 1, &after, &folds)
                }
            }
            guard pick(0..<6) > 0 else {
                if pick(0..<2) == 0 { _ = try calls.finish() }
                try calls.abandon()
                done["abandoned", default: 0] += 1
                return
            }
            let change = try calls.finish()
            try store.writeNow(as: .program) { tx in
                for fold in folds { try fold(&tx) }
                let isAsWorkedTowards = try calls.matches(tx.db)
                #expect(isAsWorkedTowards)
                try change.post(tx)
            }
            try change.sweepReplaced()
            model = after
            done["posted", default: 0] += 1
        }
    }

    /// Other rules of a branch come with its entries: its rows that are here count by them.
    private func branchRules(
        _ after: inout CallsModel, _ folds: inout [(inout Transaction) throws -> Void]
    ) throws -> RulesByOffice {
        let branch = pick(1..<3)
        func rules(_ model: CallsModel) -> OfficeRules {
            OfficeRules(
                name: "Branch \(branch)", timeZone: "Europe/Berlin", cutOverMinutes: model.cutOvers[branch],
                maxGapMinutes: model.maxGaps[branch])
        }
        after.cutOvers[branch] = [0, 60, 300].randomElement(using: &numbers) ?? 0
        after.maxGaps[branch] = pick(2..<20)
        let changed = OfficeChanged(before: rules(model), after: rules(after))
        folds.append { [self] tx in
            try tx.fold(event(.officeChanged(changed), of: branch, at: 2), .officeChanged(changed))
        }
        var byOffice = try store.rulesByOfficeNow()
        byOffice.set(changed.after, of: offices[branch])
        done["branch rules", default: 0] += 1
        return byOffice
    }

    /// Versions whose rows come in turns.
    private func stage(
        _ calls: CallsChange, _ count: Int, _ after: inout CallsModel,
        _ folds: inout [(inout Transaction) throws -> Void]
    ) throws {
        var open: [(version: StagedVersion, file: CallsModel.File, time: Int64, isNew: [Bool])] = []
        for _ in 0..<count {
            let (office, stored) = sources[pick(0..<sources.count)]
            // Anywhere in the total order: a merge brings old uploads too.
            let time = Int64(pick(10..<1_000_000))
            let deleted = pick(0..<4) == 0 ? [days()] : []
            let version = try calls.stage(
                stored, office: offices[office], incarnation: 1, time: HybridTime(bits: time),
                deleted: deleted.map { ClockSpan(from: $0.lowerBound, until: $0.upperBound) })
            open.append(
                (
                    version,
                    CallsModel.File(
                        office: office, source: Int(stored.number), format: stored.source.format, time: time,
                        rows: rows(), deleted: deleted), time, []
                ))
        }
        var begin = 0
        while open.contains(where: { begin < $0.file.rows.count }) {
            for it in open {
                let part = it.file.rows.dropFirst(begin).prefix(7)
                _ = try it.version.insert(part.map(record), folded: part.map(\.agent))
            }
            begin += 7
        }
        for it in open {
            let (version, file) = (it.version, it.file)
            after.files[Int(version.number)] = file
            folds.append { [self] tx in try foldUpload(version, file, &tx) }
        }
    }

    private func foldUpload(
        _ version: StagedVersion, _ file: CallsModel.File, _ tx: inout Transaction
    ) throws {
        var counts = RowCounts()
        (counts.rows, counts.accepted) = (version.accepted, version.accepted)
        let spans = file.deleted.map { ClockSpan(from: $0.lowerBound, until: $0.upperBound) }
        let upload = FileUploaded(
            file: tx.newID(), fileName: "\(version.number).csv", source: version.source.source.id, version: 1,
            archive: "archive \(version.number)", original: "original \(version.number)", bytes: 1,
            counts: counts,
            mapping: FileMapping(
                format: "readymode", encoding: "utf-8", delimiter: ",", headerLine: 1, columns: [:],
                ignoredColumns: [], dateOrder: "ymd", timeZone: "Europe/Berlin"),
            firstDay: version.firstDay, lastDay: version.lastDay, agents: version.agents,
            digest: hexadecimal(bigEndian: version.digest),
            newNames: try version.newNames(tx, isPartTimer: { _ in false }),
            recovered: spans.isEmpty
                ? nil
                : RecoveredUpload(
                    by: "Ann", time: tx.now, deleted: spans, deletedRows: version.deletedRows))
        try tx.db.execute(
            sql: "UPDATE fileVersion SET archive = ? WHERE number = ?",
            arguments: [upload.archive, version.number])
        try tx.fold(
            event(.fileUploaded(upload), of: file.office, at: file.time), .fileUploaded(upload))
    }

    private func retarget(
        _ calls: CallsChange, _ after: inout CallsModel, _ folds: inout [(inout Transaction) throws -> Void]
    ) throws {
        guard let number = model.files.keys.sorted().randomElement(using: &numbers) else { return }
        let deleted: [Range<Int64>] =
            switch pick(0..<4) {
            case 0: [.min ..< .max]
            case 1: []
            default: [days(), days()]
            }
        let spans = deleted.map { ClockSpan(from: $0.lowerBound, until: $0.upperBound) }
        try calls.retarget(Int64(number), deleted: spans)
        after.files[number]?.deleted = deleted
        folds.append { tx in
            try tx.db.execute(sql: "DELETE FROM deletedSpan WHERE version = ?", arguments: [number])
            for (index, span) in spans.enumerated() {
                try tx.db.execute(
                    sql:
                        "INSERT INTO deletedSpan (version, fromTime, untilTime, request) VALUES (?, ?, ?, ?)",
                    arguments: [number, span.from, span.until, "request \(index)"])
            }
            let isWhole = spans == [.always]
            try tx.db.execute(
                sql: "UPDATE fileVersion SET state = ?, cut = ? WHERE number = ?",
                arguments: [isWhole ? "trashed" : "live", !isWhole && !spans.isEmpty, number])
        }
        done[deleted.isEmpty ? "restored" : "deleted", default: 0] += 1
    }

    /// Other rules of the own office: the others' figures must stay.
    func changeRules() throws {
        var rules = try store.officeRulesNow()
        rules.cutOverMinutes = [0, 120, 240].randomElement(using: &numbers) ?? 0
        rules.maxGapMinutes = pick(2..<20)
        try store.changeOffice(rules, by: .console)
        (model.cutOvers[0], model.maxGaps[0]) = (rules.cutOverMinutes, rules.maxGapMinutes)
        done["rules", default: 0] += 1
    }

    /// Few keys and few contents, so that files meet in every way.
    private func rows() -> [CallsModel.Row] {
        var keys: Set<Int> = []
        for _ in 0..<pick(1..<25) { keys.insert(pick(0..<14)) }
        return keys.shuffled(using: &numbers).map { key in
            let variant = pick(0..<3)
            // A content is always the same call.
            var content = SeededNumbers(UInt64(key * 10 + variant))
            let agent = Self.agents[Int(content.next() % 3)]
            let time = start + Int64(content.next() % 4) * 86_400 + Int64(content.next() % 21_600)
            return CallsModel.Row(
                key: key.isMultiple(of: 5) ? .text("k\(key)") : .number(Int64(key)), agent: agent, time: time,
                content: content.next())
        }
    }

    private func record(_ row: CallsModel.Row) -> CallRecord {
        CallRecord(
            line: Int(row.content % 100_000) + 2, key: row.key, agent: row.agent,
            time: LocalTime(seconds: row.time), profile: nil, type: "Manual",
            state: row.content.isMultiple(of: 2) ? "Sale" : "Busy", callType: "Auto",
            originalCampaign: "North", currentCampaign: "", talk: 5, wait: nil, fingerprint: row.content)
    }

    private func days() -> Range<Int64> {
        let from = start + Int64(pick(-1..<5)) * 86_400
        return from..<from + Int64(pick(1..<3)) * 86_400
    }
}
