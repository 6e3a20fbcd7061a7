import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// An office on which a seeded test walks about: uploads, requests, approvals, restores and purges in any order, each
/// against the slow model.
final class DeletionWalk {
    static let bob = Viewer(user: EventIDs.user(2), name: "Bob", role: .dataEntry, person: nil)
    static let cleo = Viewer(user: EventIDs.user(3), name: "Cleo", role: .admin, person: nil)
    static let dan = Viewer(user: EventIDs.user(4), name: "Dan", role: .admin, person: nil)

    /// A request, and what the model says of it.
    struct Asked {
        var id: ID<DeleteRequest>
        var targets: [(file: Int, times: [Range<Int64>]?)]
        var expected: DeletionModel
    }

    let office: ImportOffice
    let clock = TestClock()
    var numbers: SeededNumbers
    var generator: RandomFile
    var model = ImportModel()
    /// Of each file of the model: where it is, its text and its rows.
    var places: [VersionPlace] = []
    var texts: [String] = []
    var rows: [[ModelRow]] = []
    var names: [String] = []
    var open: [Asked] = []
    var trash: [Asked] = []
    var purged: [Asked] = []
    var done: [String: Int] = [:]

    init(seed: UInt64) async throws {
        numbers = SeededNumbers(seed)
        generator = RandomFile(seed: seed)
        model.cutOver = seed.isMultiple(of: 2) ? 0 : 240
        office = try await ImportOffice(
            rules: OfficeRules(
                name: "Sample", timeZone: "Europe/Berlin", cutOverMinutes: Int(model.cutOver)),
            seed: seed, clock: clock.clock, tallyMemory: seed % 3 == 0 ? 50 : 10_000_000)
    }

    func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &numbers) }

    func step(_ number: Int) throws {
        clock.advance(60)
        switch places.count < 3 ? 0 : pick(1..<25) {
        case 0...1: try upload(generator.rows(50, ids: 1...60), "f\(number).csv")
        case 2: try uploadCorrected()
        case 3...4: try uploadAgain()
        case 5: try uploadSecondHolder()
        case 6...8: try ask()
        case 9...13:
            try ask()
            try approve(open.indices.last)
        case 14...15: try approve(open.indices.randomElement(using: &numbers))
        case 16...18: try restore()
        case 19...20: try purge()
        case 21: try turnDown()
        case 22: try office.reopen()
        case 23: if pick(0..<3) == 0 { try office.rebuild() }
        default: if pick(0..<2) == 0 { try moveCutOver() }
        }
    }

    func did(_ what: String) { done[what, default: 0] += 1 }

    // MARK: Uploads

    private func upload(_ content: [ModelRow], _ name: String) throws {
        let text = RandomFile.text(content)
        let upload = try office.take(text, file: name).upload
        let counts = model.take(content)
        #expect(upload.counts.accepted == counts.accepted && upload.counts.overlapping == counts.overlapping)
        places.append(VersionPlace(file: upload.file, version: upload.version))
        texts.append(text)
        rows.append(content)
        names.append(name)
        did("upload")
    }

    /// The next version of a file: some rows with other content, some left out, a few new ones.
    private func uploadCorrected() throws {
        guard let index = places.indices.randomElement(using: &numbers) else { return }
        var content = rows[index].filter { _ in pick(0..<8) > 0 }
        for at in content.indices where content[at].kind == .call && pick(0..<4) == 0 {
            content[at] = generator.call(Int(content[at].key.filter(\.isNumber)) ?? 1)
        }
        try upload(content + generator.rows(5, ids: 1...60), names[index])
        did("corrected")
    }

    /// Some of the same calls in another file, as they are.
    private func uploadSecondHolder() throws {
        guard let index = places.indices.randomElement(using: &numbers) else { return }
        let content = rows[index].filter { $0.kind == .call && pick(0..<2) == 0 }
        guard !content.isEmpty else { return }
        try upload(content, "second\(texts.count).csv")
    }

    /// The same bytes once more: refused in the right words, or taken where they were purged.
    private func uploadAgain() throws {
        guard let index = places.indices.randomElement(using: &numbers) else { return }
        let same = texts.indices.filter { texts[$0] == texts[index] && !isErased($0) }
        let live = same.filter { at in
            !trash.contains { $0.targets.contains { $0.file == at && $0.times == nil } }
        }
        guard let first = live.first ?? same.first else {
            try upload(rows[index], names[index])
            return did("again after purge")
        }
        let error = #expect(throws: UserError.self) { try office.take(texts[index], file: "again.csv") }
        #expect(error?.code == .sameBytes)
        let isCut = (trash + purged).contains { $0.targets.contains { $0.file == first } }
        let words =
            live.isEmpty ? "in the trash" : isCut ? "Some days of it are deleted" : "in the office already"
        #expect(error?.message.contains(words) == true, "\(words): \(error?.message ?? "")")
        did(words)
    }

    /// The bytes as they were uploaded are no more.
    private func isErased(_ file: Int) -> Bool {
        purged.contains { asked in
            asked.targets.contains { target in
                target.file == file
                    && target.times.map { times in
                        model.files[file].values.contains { row in times.contains { $0.contains(row.time) } }
                    } ?? true
            }
        }
    }

    // MARK: Requests

    private func isWhollyGone(_ file: Int) -> Bool {
        (trash + purged).contains { $0.targets.contains { $0.file == file && $0.times == nil } }
    }

    /// A random wish, and the model's targets of it.
    private func wish() -> (DeleteScope, [(file: Int, times: [Range<Int64>]?)])? {
        guard let index = places.indices.randomElement(using: &numbers) else { return nil }
        let place = places[index]
        let ofFile = places.indices.filter { places[$0].file == place.file && !isWhollyGone($0) }
        let first = Day(iso: "2026-10-20") ?? Day(number: 0)
        let days = (0..<pick(1..<4)).map { _ in first.adding(pick(-1..<6)) }
        let times = Set(days).map { day -> Range<Int64> in
            let begin = Int64(day.number) * 86_400 + model.cutOver * 60
            return begin..<begin + 86_400
        }
        switch pick(0..<6) {
        case 0: return isWhollyGone(index) ? nil : (.version(place.file, place.version), [(index, nil)])
        case 1: return ofFile.isEmpty ? nil : (.file(place.file), ofFile.map { ($0, nil) })
        case 2, 3:
            return isWhollyGone(index)
                ? nil : (.days(place.file, version: place.version, days), [(index, times)])
        case 4:
            return ofFile.isEmpty
                ? nil : (.days(place.file, version: nil, days), ofFile.map { ($0, times) })
        default:
            let chosen = places.indices.filter { !isWhollyGone($0) }.shuffled(using: &numbers).prefix(4)
            return chosen.isEmpty
                ? nil : (.retention(chosen.map { places[$0] }), chosen.map { ($0, nil) })
        }
    }

    private func ask() throws {
        guard let (scope, targets) = wish() else { return }
        let expected = DeletionModel(model, deleting: targets)
        do {
            let plan = try office.store.planDeletion(scope, for: Self.bob)
            check(plan.preview, expected)
            let request = try office.store.openDeleteRequest(
                plan, reason: "wrong", for: Self.bob, by: .console)
            #expect(expected.rows > 0)
            open.append(Asked(id: request.id, targets: targets, expected: expected))
            did("asked")
        } catch let error as UserError {
            #expect(error.code == .conflict && expected.rows == 0, "\(error.message)")
            did("nothing to delete")
        }
    }

    func check(_ preview: DeletePreview, _ expected: DeletionModel) {
        #expect(preview.rows == expected.rows)
        #expect(preview.gone == expected.gone)
        #expect(preview.stays == expected.stays)
        #expect(preview.returns == expected.returns)
        #expect(preview.period == expected.period)
        #expect(preview.days == expected.days)
        #expect(preview.before == expected.before)
        #expect(preview.after == expected.after)
        let agents: [String: [Int]] = Dictionary(
            preview.agents.map { ($0.name, [$0.before, $0.after]) }, uniquingKeysWith: { $0 + $1 })
        #expect(agents == expected.agents)
        let holders = Dictionary(
            preview.holders.map { holder in
                (
                    places.firstIndex(of: VersionPlace(file: holder.file, version: holder.version)) ?? -1,
                    holder.calls
                )
            }, uniquingKeysWith: { $0 + $1 })
        #expect(holders == expected.holders)
        let change = expected.before.logs - expected.after.logs
        #expect(preview.teams.reduce(0) { $0 + $1.before - $1.after } == change)
    }

    private func approve(_ index: Int?) throws {
        guard let index else { return }
        let asked = open.remove(at: index)
        let now = DeletionModel(model, deleting: asked.targets)
        if now.isSame(as: asked.expected) {
            try office.store.decideDeleteRequest(asked.id, .approve, for: Self.cleo, by: .console)
            trash.append(asked)
            settle()
            return did("approved")
        }
        let error = #expect(throws: UserError.self) {
            try office.store.decideDeleteRequest(asked.id, .approve, for: Self.cleo, by: .console)
        }
        #expect(error?.code == .stale, "\(error?.message ?? "")")
        did("stale")
    }

    private func restore() throws {
        guard let index = trash.indices.randomElement(using: &numbers) else { return }
        let asked = trash.remove(at: index)
        try office.store.decideDeleteRequest(
            asked.id, .restore, comment: "was right", for: Self.dan, by: .console)
        settle()
        did("restored")
    }

    private func purge() throws {
        guard let index = trash.indices.randomElement(using: &numbers) else { return }
        let asked = trash.remove(at: index)
        try purgeDeletion(asked.id, in: office.store, comment: "room", for: Self.cleo, by: .console)
        purged.append(asked)
        did("purged")
    }

    private func turnDown() throws {
        guard let index = open.indices.randomElement(using: &numbers) else { return }
        let asked = open.remove(at: index)
        let isHis = pick(0..<2) == 0
        try office.store.decideDeleteRequest(
            asked.id, isHis ? .withdraw : .reject, comment: "no", for: isHis ? Self.bob : Self.cleo,
            by: .console)
    }

    private func moveCutOver() throws {
        var rules = try office.store.officeRulesNow()
        rules.cutOverMinutes = [0, 60, 240, 870].randomElement(using: &numbers) ?? 0
        model.cutOver = Int64(rules.cutOverMinutes)
        try office.store.changeOffice(rules, by: .console)
        did("cut-over")
    }

    func settle() { model.deleted = (trash + purged).flatMap(\.targets) }
}
