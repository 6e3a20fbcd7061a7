import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// What became of each line, and what two versions of a file do not share, held against a model that is
/// obviously right.
@Suite struct FileLineTests {
    /// A line as the rows that were generated say it is.
    private struct Expected: Equatable {
        var line: Int
        var fate: LineFate
        var other: Int?
        var text: String
        var key: String?
    }

    /// The slow way: each row against all rows before it.
    private func model(_ rows: [ModelRow]) -> [Expected] {
        var expected = [Expected(line: 1, fate: .header, text: SampleCall.header)]
        for (index, row) in rows.enumerated() {
            var line = Expected(line: index + 2, fate: .blank, text: row.text)
            if row.kind == .flawed { line.fate = .rejected }
            if row.kind == .call {
                let first = rows.firstIndex { $0.kind == .call && $0.key == row.key } ?? index
                line.key = row.key
                line.fate =
                    first == index ? .accepted : rows[first].content == row.content ? .duplicate : .changed
                if first != index { line.other = first + 2 }
            }
            expected.append(line)
        }
        return expected
    }

    private func versions(_ office: ImportOffice, _ name: String) async throws -> [FileVersion] {
        var query = FileQuery()
        query.search = name
        let file = try #require(try await office.store.files(query, for: .console).files.first)
        return try await office.store.versions(of: file.uploaded.file, for: .console).reversed()
    }

    @Test func `a file has calls on the days of any of its versions`() async throws {
        let office = try await ImportOffice()
        let rows = (2...20).map { CallFileText.row($0, "Jane", String(format: "2026-11-%02d 09:00:00", $0)) }
        try office.take(CallFileText(rows).text, file: "november.csv")
        try office.take(CallFileText([rows[10]]).text, file: "november.csv")
        var query = FileQuery()
        for (day, count) in [("2026-11-05", 1), ("2026-11-12", 1), ("2026-11-21", 0)] {
            let wanted = try #require(Day(iso: day))
            query.period = Period(from: wanted, to: wanted)
            let found = try await office.store.files(query, for: .console)
            #expect(found.total == count && found.files.count == count, "\(day)")
            #expect(found.files.allSatisfy { $0.uploaded.version == 2 })
        }
    }

    private func text(_ key: CallKey?) -> String? {
        switch key {
        case .number(let number): String(number)
        case .text(let text): text
        default: nil
        }
    }

    /// All pages of a filter, walked forwards; backwards they must be the same.
    private func all(
        _ filter: FileLineQuery.Filter?, of version: FileVersion, limit: Int, _ office: ImportOffice
    ) throws -> [FileLine] {
        var lines: [FileLine] = []
        var starts: [Int] = []
        var from: Int? = 1
        while let start = from {
            let query = FileLineQuery(filter: filter, from: start, limit: limit)
            let page = try version.lines(query, in: office.store, for: .console)
            if let before = starts.last { #expect(page.previous == before, "\(filter as Any) at \(start)") }
            starts.append(filter == nil ? start : page.lines.first?.line ?? start)
            lines += page.lines
            from = page.next
        }
        return lines
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `every line has the fate that its rows give it, whole and filtered`(seed: UInt64) async throws {
        let office = try await ImportOffice(seed: seed)
        var random = RandomFile(seed: seed)
        // A NUL is shown as a replacement character.
        func shown(_ text: String) -> String { text.replacing("\u{0}", with: "\u{fffd}") }
        let uploads = (0..<3).map { _ in random.rows(120, ids: 1...90) }
        for rows in uploads { try office.take(RandomFile.text(rows), file: "calls.csv") }
        let versions = try await versions(office, "calls")
        for (index, version) in versions.enumerated() {
            let expected = model(uploads[index])
            let later = Set(uploads[(index + 1)...].flatMap { model($0) }.compactMap(\.key))
            for limit in [7, 100] {
                let lines = try all(nil, of: version, limit: limit, office)
                #expect(lines.map(\.line) == expected.map(\.line))
                for (line, model) in zip(lines, expected) {
                    #expect(line.fate == model.fate, "\(model)")
                    #expect(line.other == model.other, "\(model)")
                    #expect(line.reason.isEmpty == [.header, .blank, .accepted].contains(model.fate))
                    #expect(shown(line.text) == shown(model.text))
                    #expect(text(line.call?.reference.key) == (model.fate == .accepted ? model.key : nil))
                    if let call = line.call { #expect(call.counts == !later.contains(model.key ?? "")) }
                }
                for filter in FileLineQuery.Filter.allCases {
                    let found = try all(filter, of: version, limit: limit, office)
                    #expect(found.map(\.line) == expected.filter { filter.takes($0.fate) }.map(\.line))
                    #expect(found.count == filter.count(version.uploaded.counts))
                }
            }
        }
        // The same after everything was made again.
        let rejected = try await office.sql(
            "SELECT number >> 32, number & 0xffff, reason, text FROM rejectedLine")
        let days = try await office.sql("SELECT day, rows, agents FROM versionDay ORDER BY version, day")
        try office.rebuild()
        #expect(
            try await office.sql("SELECT number >> 32, number & 0xffff, reason, text FROM rejectedLine").count
                == rejected.count)
        #expect(try await office.sql("SELECT reason, text FROM rejectedLine ORDER BY number").count > 0)
        #expect(
            try await office.sql("SELECT day, rows, agents FROM versionDay ORDER BY version, day") == days)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `the difference of two versions is that of their rows`(seed: UInt64) async throws {
        let office = try await ImportOffice(seed: seed)
        var random = RandomFile(seed: seed &+ 70)
        var model = ImportModel()
        for _ in 0..<3 {
            let rows = random.rows(150, ids: 1...120)
            _ = model.take(rows)
            try office.take(RandomFile.text(rows), file: "calls.csv")
        }
        let file = try await versions(office, "calls")[0].uploaded.file
        for (from, to) in [(1, 2), (2, 3), (1, 3), (3, 1)] {
            let (before, after) = (model.files[from - 1], model.files[to - 1])
            let shared = Set(before.keys).intersection(after.keys)
            let changed = shared.filter { before[$0]?.content != after[$0]?.content }
            let expected: [FileDifferenceKind: Set<String>] = [
                .changed: changed, .new: Set(after.keys).subtracting(shared),
                .gone: Set(before.keys).subtracting(shared),
            ]
            for kind in FileDifferenceKind.allCases {
                var found: [CallDifference] = []
                while true {
                    let page = try await office.store.fileDifference(
                        of: file, from: from, to: to, kind: kind, offset: found.count, limit: 11,
                        for: .console)
                    #expect(page.counts.same == shared.count - changed.count)
                    #expect(page.counts.count(kind) == expected[kind]?.count)
                    guard !page.calls.isEmpty else { break }
                    found += page.calls
                }
                #expect(found.count == expected[kind]?.count)
                #expect(Set(found.compactMap { text($0.reference.key) }) == expected[kind])
                for call in found {
                    let key = text(call.reference.key) ?? ""
                    check(call.before, kind == .new ? nil : before[key])
                    check(call.after, kind == .gone ? nil : after[key])
                    if let old = call.before, let new = call.after {
                        for change in fieldChanges(old, new) { #expect(change.before != change.after) }
                        #expect(!fieldChanges(old, new).isEmpty)
                    }
                }
            }
        }
    }

    private func check(_ side: CallSide?, _ row: ModelRow?) {
        #expect((side == nil) == (row == nil))
        guard let side, let row else { return }
        #expect(side.fields[.agent] == row.agent)
        #expect(side.fields[.time] == LocalTime(seconds: row.time).iso)
        #expect(side.fields[.state] ?? "" == row.state)
        #expect(side.fields[.type] ?? "" == row.type)
        #expect(side.fields[.campaign] ?? "" == row.campaign)
        #expect(side.fields[.talk] == row.talk.map { String($0) })
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `of each day and version the rows that count are those of the model`(seed: UInt64) async throws {
        let office = try await ImportOffice(seed: seed)
        var random = RandomFile(seed: seed &+ 140)
        var model = ImportModel()
        for index in 0..<6 {
            let rows = random.rows(60, ids: (index % 3 * 25)...(index % 3 * 25 + 60))
            _ = model.take(rows)
            try office.take(RandomFile.text(rows), file: index % 2 == 0 ? "a.csv" : "b.csv")
        }
        func compare(cutOver: Int64) async throws {
            var expected: [String] = []
            for (index, file) in model.files.enumerated() {
                let later = Set(model.files[(index + 1)...].flatMap(\.keys))
                let byDay = Dictionary(grouping: file.values) { ($0.time - cutOver * 60) / 86_400 }
                for (day, rows) in byDay {
                    let counted = rows.filter { !later.contains($0.key) }.count
                    let name = index % 2 == 0 ? "a.csv" : "b.csv"
                    expected.append(
                        "\(day) \(name) \(index / 2 + 1): \(rows.count) \(counted) \(Set(rows.map(\.agent)).count)"
                    )
                }
            }
            func words(_ days: [FileDay]) -> [String] {
                days.map {
                    "\($0.day.number) \($0.fileName) \($0.version): \($0.rows) \($0.counted) \($0.agents)"
                }
            }
            let whole = Period(from: Day(number: 20_000), to: Day(number: 22_000))
            #expect(
                words(try await office.store.fileDays(in: whole, for: .console)).sorted() == expected.sorted()
            )
            for name in ["a.csv", "b.csv"] {
                for version in try await versions(office, name) {
                    let days = words(
                        try await office.store.fileDays(
                            of: version.uploaded.file, version: version.uploaded.version, for: .console))
                    let own = expected.filter { $0.contains(" \(name) \(version.uploaded.version):") }
                    #expect(days.sorted() == own.sorted())
                }
            }
        }
        try await compare(cutOver: 0)
        try office.rebuild()
        try await compare(cutOver: 0)
        // Another business day moves rows between days.
        var rules = try office.store.officeRulesNow()
        rules.cutOverMinutes = 240
        try office.store.changeOffice(rules, by: .console)
        try await compare(cutOver: 240)
    }

    @Test func `a record of several lines is found by each of them`() async throws {
        let office = try await ImportOffice()
        let rows = [
            "Ann,P,1,2026-10-20 09:00:00,Outbound,Sale,Auto,\"a\nb\r\nc\",x,3",
            "Bob,P,2,2026-10-20 09:01:00,Outbound,Sale,Auto,a,x,3",
            "Cy,P,2,nonsense,Outbound,Sale,Auto,\"a\nb\",x,3",
        ]
        try office.take(([SampleCall.header] + rows).joined(separator: "\n"), file: "calls.csv")
        let version = try await versions(office, "calls")[0]
        func lines(_ from: Int, _ limit: Int = 2) throws -> [String] {
            try version.lines(FileLineQuery(from: from, limit: limit), in: office.store, for: .console).lines
                .map { "\($0.line)-\($0.lastLine) \($0.fate)" }
        }
        #expect(try lines(1, 50) == ["1-1 header", "2-4 accepted", "5-5 accepted", "6-7 rejected"])
        #expect(try lines(2) == ["2-4 accepted"])
        #expect(try lines(3) == ["2-4 accepted"])
        #expect(try lines(4) == ["2-4 accepted", "5-5 accepted"])
        #expect(try lines(7) == ["6-7 rejected"])
        #expect(try lines(900) == ["6-7 rejected"], "behind the end it is the last line")
        let leader = Viewer(user: Viewer.console.user, name: "", role: .teamLeader, person: nil)
        #expect(throws: UserError.self) {
            try version.lines(FileLineQuery(), in: office.store, for: leader)
        }
        try FileManager.default.removeItem(atPath: version.archivePath)
        let error = #expect(throws: UserError.self) { try lines(1) }
        #expect(error?.code == .damaged)
    }

    @Test func `rejected lines are found over all files, a phone number however it is written`() async throws
    {
        let office = try await ImportOffice()
        func row(_ profile: String, _ time: String, _ id: Int) -> String {
            "Zoë Ürün,\(profile),\(id),\(time),Outbound,Sale,Auto,a,x,3"
        }
        for (name, phone) in [("a.csv", "(555) 010-1234"), ("b.csv", "555.010.1234"), ("c.csv", "999")] {
            let good = row("P", "2026-10-20 09:00:00", name == "a.csv" ? 1 : name == "b.csv" ? 2 : 3)
            try office.take(
                [SampleCall.header, good, row(phone, "never", 9)].joined(separator: "\n"), file: name)
        }
        func found(_ text: String) async throws -> [String] {
            try await office.store.rejectedLines(holding: text, for: .console).lines
                .map { "\($0.fileName) \($0.version) \($0.rejected.line)" }
        }
        #expect(try await found("5550101234").sorted() == ["a.csv 1 3", "b.csv 1 3"])
        #expect(try await found("555 010-1234").sorted() == ["a.csv 1 3", "b.csv 1 3"])
        #expect(try await found("(555)") == ["a.csv 1 3"])
        #expect(try await found("zoë üRÜN").count == 3)
        #expect(try await found("2026-10-20") == [], "accepted lines are not searched")
        #expect(try await office.store.rejectedLines(holding: "", for: .console).searched == 3)
        try office.rebuild()
        #expect(try await found("5550101234").count == 2)
        let manager = Viewer(user: Viewer.console.user, name: "", role: .teamManager, person: nil)
        await #expect(throws: UserError.self) {
            try await office.store.rejectedLines(holding: "5", for: manager)
        }
    }

    @Test func `of too many rejected lines the first are searched, and the rest is said`() async throws {
        let office = try await ImportOffice()
        let bad = (0..<(RejectedLine.mostSearched + 700)).map { ",P\($0),1,never,Outbound,Sale,Auto,a,x,3" }
        let good = "Ann,P,1,2026-10-20 09:00:00,Outbound,Sale,Auto,a,x,3"
        try office.take(([SampleCall.header, good] + bad).joined(separator: "\n"), file: "a.csv")
        for _ in 0..<2 {
            let found = try await office.store.rejectedLines(holding: ",never,", offset: 4990, for: .console)
            #expect(found.total == RejectedLine.mostSearched)
            #expect(found.lines.count == 10)
            #expect(found.searched == RejectedLine.mostSearched)
            #expect(found.cutVersions == 1 && found.cutLines == RejectedLine.mostSearched + 700)
            try office.rebuild()
        }
    }
}
