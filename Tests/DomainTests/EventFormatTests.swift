import Domain
import Foundation
import Testing

/// The journal's format is for ever: a text below may get company, and must never change.
@Suite struct EventFormatTests {
    static func id<T>(_ last: Int) -> ID<T> {
        ID("01890a5d-ac96-774b-bcce-b302099a8\(String(1000 + last).suffix(3))")
            ?? ID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
    }

    private static let rules = OfficeRules(
        name: "Nord \"1\"/ä", timeZone: "Europe/Berlin", cutOverMinutes: 240)
    private static let source = Source(
        id: id(1), name: "ReadyMode", format: "readymode", timeZone: "Asia/Manila", partTimerSuffix: false,
        dateOrder: "dmy", outcomes: OutcomeMapping(version: 3, states: ["sale": [.attempted, .success]]))
    private static let plainSource = Source(
        id: id(2), name: "Other", format: "call-centre", outcomes: OutcomeMapping(states: [:]))
    private static let sourceWithHeader = Source(
        id: id(2), name: "Other", format: "call-centre", outcomes: OutcomeMapping(states: [:]),
        knownHeaders: ["0a": ["state": "Result"]])
    private static let person = Person(id: id(3), name: "Jane Doe")
    private static let day = Day(iso: "2026-11-02") ?? Day(number: 0)
    private static let user = User(id: id(5), username: "ann", name: "Ann", role: .teamLeader, person: id(3))
    private static var upload: FileUploaded {
        var counts = RowCounts()
        (counts.rows, counts.accepted, counts.duplicate, counts.changed) = (10, 4, 1, 2)
        (counts.rejected, counts.blank, counts.overlapping) = (2, 1, 3)
        return FileUploaded(
            file: id(6), fileName: "a b.csv", source: id(1), version: 2, archive: "aa", original: "bb",
            bytes: 99, counts: counts,
            mapping: FileMapping(
                format: "readymode", encoding: "utf8", delimiter: ",", headerLine: 1,
                columns: ["agent": "Agent name"], ignoredColumns: ["Ember"], dateOrder: "ymd",
                timeZone: "Europe/Berlin"), firstDay: day, lastDay: day, agents: 1, digest: "00ff",
            newNames: [
                NewName(name: "Jane Doe", folded: "janedoe", person: id(3), from: day, partTimer: true)
            ])
    }

    private static let recovered = FileUploaded(
        file: id(6), fileName: "a.csv", source: id(1), version: 1, archive: "aa", original: "bb", bytes: 9,
        counts: RowCounts(),
        mapping: FileMapping(
            format: "readymode", encoding: "utf8", delimiter: ",", headerLine: 1, columns: [:],
            ignoredColumns: [], dateOrder: "ymd", timeZone: "UTC"), firstDay: nil, lastDay: nil, agents: 0,
        digest: "00ff", newNames: [],
        recovered: RecoveredUpload(by: "Dan", time: Instant(milliseconds: 1_700_000_000_000)))
    private static var uploadAgain: FileUploaded {
        var again = upload
        again.readAgain = ReadAgain(version: 1, mapping: again.mapping)
        again.uploadedAs = "x.csv"
        return again
    }

    private static let idText = "01890a5d-ac96-774b-bcce-b302099a8"

    /// Kind, stream and canonical payload; `@n` is the identity that ends in n.
    private static let golden: [(EventBody, String)] = [
        (
            .officeFounded(OfficeFounded(rules: rules, sources: [source])),
            #"shared officeFounded {"rules":{"cutOverMinutes":240,"maxGapMinutes":10,"name":"Nord \"1\"/ä","timeZone":"Europe/Berlin"},"sources":[{"dateOrder":"dmy","format":"readymode","id":"@001","name":"ReadyMode","outcomes":{"states":{"sale":9},"version":3},"partTimerSuffix":false,"timeZone":"Asia/Manila"}]}"#
        ),
        (
            .officeChanged(OfficeChanged(before: rules, after: OfficeRules(name: "S", timeZone: "UTC"))),
            #"shared officeChanged {"after":{"cutOverMinutes":0,"maxGapMinutes":10,"name":"S","timeZone":"UTC"},"before":{"cutOverMinutes":240,"maxGapMinutes":10,"name":"Nord \"1\"/ä","timeZone":"Europe/Berlin"}}"#
        ),
        (
            .sourceChanged(SourceChanged(before: nil, after: plainSource)),
            #"shared sourceChanged {"after":{"format":"call-centre","id":"@002","name":"Other","outcomes":{"states":{},"version":1},"partTimerSuffix":true}}"#
        ),
        (
            .sourceChanged(SourceChanged(before: nil, after: sourceWithHeader)),
            #"shared sourceChanged {"after":{"format":"call-centre","id":"@002","knownHeaders":{"0a":{"state":"Result"}},"name":"Other","outcomes":{"states":{},"version":1},"partTimerSuffix":true}}"#
        ),
        (
            .fileUploaded(upload),
            #"shared fileUploaded {"agents":1,"archive":"aa","bytes":99,"counts":{"accepted":4,"badDurations":0,"blank":1,"changed":2,"duplicate":1,"keyless":0,"overlapping":3,"rejected":2,"rows":10},"digest":"00ff","file":"@006","fileName":"a b.csv","firstDay":"2026-11-02","lastDay":"2026-11-02","mapping":{"columns":{"agent":"Agent name"},"dateOrder":"ymd","delimiter":",","encoding":"utf8","format":"readymode","headerLine":1,"ignoredColumns":["Ember"],"timeZone":"Europe/Berlin"},"newNames":[{"folded":"janedoe","from":"2026-11-02","name":"Jane Doe","partTimer":true,"person":"@003"}],"original":"bb","source":"@001","version":2}"#
        ),
        (
            .fileUploaded(uploadAgain),
            #"shared fileUploaded {"agents":1,"archive":"aa","bytes":99,"counts":{"accepted":4,"badDurations":0,"blank":1,"changed":2,"duplicate":1,"keyless":0,"overlapping":3,"rejected":2,"rows":10},"digest":"00ff","file":"@006","fileName":"a b.csv","firstDay":"2026-11-02","lastDay":"2026-11-02","mapping":{"columns":{"agent":"Agent name"},"dateOrder":"ymd","delimiter":",","encoding":"utf8","format":"readymode","headerLine":1,"ignoredColumns":["Ember"],"timeZone":"Europe/Berlin"},"newNames":[{"folded":"janedoe","from":"2026-11-02","name":"Jane Doe","partTimer":true,"person":"@003"}],"original":"bb","readAgain":{"mapping":{"columns":{"agent":"Agent name"},"dateOrder":"ymd","delimiter":",","encoding":"utf8","format":"readymode","headerLine":1,"ignoredColumns":["Ember"],"timeZone":"Europe/Berlin"},"version":1},"source":"@001","uploadedAs":"x.csv","version":2}"#
        ),
        (
            .personAdded(PersonAdded(person: person, placement: Placement(person: person.id, from: day))),
            #"shared personAdded {"person":{"id":"@003","name":"Jane Doe"},"placement":{"designation":"Cold Caller","employment":"Full-Timer","from":"2026-11-02","group":"Unassigned","person":"@003","status":"Employee"}}"#
        ),
        (
            .personsPlaced(
                PersonsPlaced(
                    placements: [
                        Placement(
                            person: person.id, from: day, group: "North", leader: id(7), manager: id(8))
                    ], reason: "swap")),
            #"shared personsPlaced {"placements":[{"designation":"Cold Caller","employment":"Full-Timer","from":"2026-11-02","group":"North","leader":"@007","manager":"@008","person":"@003","status":"Employee"}],"reason":"swap"}"#
        ),
        (
            .userAdded(UserAdded(user: user)),
            #"local userAdded {"user":{"id":"@005","name":"Ann","person":"@003","role":"team-leader","username":"ann"}}"#
        ),
        (
            .userChanged(
                UserChanged(
                    before: user, after: User(id: user.id, username: "ann", name: "Ann", role: .admin))),
            #"local userChanged {"after":{"id":"@005","name":"Ann","role":"admin","username":"ann"},"before":{"id":"@005","name":"Ann","person":"@003","role":"team-leader","username":"ann"}}"#
        ),
        (
            .userDisabled(UserDisabled(user: user.id, username: "ann", disabled: true)),
            #"local userDisabled {"disabled":true,"user":"@005","username":"ann"}"#
        ),
        (
            .passwordSet(PasswordSet(user: user.id, username: "ann")),
            #"local passwordSet {"user":"@005","username":"ann"}"#
        ),
        (
            .signedIn(SignedIn(user: user.id, username: "ann")),
            #"local signedIn {"user":"@005","username":"ann"}"#
        ),
        (
            .signInRefused(SignInRefused(username: "ann", reason: "password")),
            #"local signInRefused {"reason":"password","username":"ann"}"#
        ),
        (
            .signedOut(SignedOut(user: user.id, username: "ann")),
            #"local signedOut {"user":"@005","username":"ann"}"#
        ),
        (
            .sessionsEnded(SessionsEnded(user: user.id, username: "ann", count: 2)),
            #"local sessionsEnded {"count":2,"user":"@005","username":"ann"}"#
        ),
        (
            .tokenMade(TokenMade(user: user.id, username: "ann", token: "x")),
            #"local tokenMade {"token":"x","user":"@005","username":"ann"}"#
        ),
        (
            .tokenRevoked(TokenRevoked(user: user.id, username: "ann", token: "x")),
            #"local tokenRevoked {"token":"x","user":"@005","username":"ann"}"#
        ),
        (
            .boxSettingsChanged(
                BoxSettingsChanged(before: BoxSettings(), after: BoxSettings(uploadLimitMegabytes: 300))),
            #"local boxSettingsChanged {"after":{"sessionHours":12,"sessionIdleMinutes":30,"uploadLimitMegabytes":300},"before":{"sessionHours":12,"sessionIdleMinutes":30,"uploadLimitMegabytes":200}}"#
        ),
        (
            .boxSettingsChanged(
                BoxSettingsChanged(
                    before: BoxSettings(),
                    after: BoxSettings(
                        disk: DiskMarks(warnPercent: 7, warnMegabytes: 900, refuseMegabytes: 90)))),
            #"local boxSettingsChanged {"after":{"disk":{"refuseMegabytes":90,"warnMegabytes":900,"warnPercent":7},"sessionHours":12,"sessionIdleMinutes":30,"uploadLimitMegabytes":200},"before":{"sessionHours":12,"sessionIdleMinutes":30,"uploadLimitMegabytes":200}}"#
        ),
        (
            .officeChanged(
                OfficeChanged(
                    before: OfficeRules(name: "S", timeZone: "UTC"),
                    after: OfficeRules(name: "S", timeZone: "UTC", retentionMonths: 24))),
            #"shared officeChanged {"after":{"cutOverMinutes":0,"maxGapMinutes":10,"name":"S","retentionMonths":24,"timeZone":"UTC"},"before":{"cutOverMinutes":0,"maxGapMinutes":10,"name":"S","timeZone":"UTC"}}"#
        ),
        (
            .fileUploaded(recovered),
            #"shared fileUploaded {"agents":0,"archive":"aa","bytes":9,"counts":{"accepted":0,"badDurations":0,"blank":0,"changed":0,"duplicate":0,"keyless":0,"overlapping":0,"rejected":0,"rows":0},"digest":"00ff","file":"@006","fileName":"a.csv","mapping":{"columns":{},"dateOrder":"ymd","delimiter":",","encoding":"utf8","format":"readymode","headerLine":1,"ignoredColumns":[],"timeZone":"UTC"},"newNames":[],"original":"bb","recovered":{"by":"Dan","time":1700000000000},"source":"@001","version":1}"#
        ),
        (
            .uploadRefused(UploadRefused(fileName: "a.csv", code: .dateOrder, message: "m")),
            #"local uploadRefused {"code":"date-order-needed","fileName":"a.csv","message":"m"}"#
        ),
        (
            .figuresExported(FiguresExported(what: "calls", filter: "all", rows: 3)),
            #"local figuresExported {"filter":"all","rows":3,"what":"calls"}"#
        ),
    ]

    private static var everyGolden: [(EventBody, String)] {
        golden + PeopleEvents.golden + DeletionEvents.golden + OfficeEvents.golden
    }

    @Test func `every kind of event is written as it ever was, and read back`() throws {
        let golden = Self.everyGolden
        for (body, text) in golden {
            let payload = try body.canonicalPayload()
            let written = "\(body.stream.rawValue) \(body.kind) \(payload)"
            #expect(written.replacingOccurrences(of: Self.idText, with: "@") == text)
            #expect(try EventBody(kind: body.kind, payload: payload) == body)
            #expect(try EventBody(kind: body.kind, payload: payload).canonicalPayload() == payload)
        }
        #expect(Set(golden.map(\.0.kind)) == Set(EventBody.payloadTypes.map { $0.kind }))
    }

    @Test func `a kind of a newer release is refused in words`() {
        let error = #expect(throws: UserError.self) { try EventBody(kind: "moonLanded", payload: "{}") }
        #expect(error?.message.contains("moonLanded") == true)
        #expect(throws: (any Error).self) { try EventBody(kind: "signedIn", payload: "{") }
    }

    @Test func `what is hashed of an event has one field a line, whatever is in it`() {
        var event = Event(
            stream: .local, office: Self.id(9), incarnation: 1, seq: 2, time: HybridTime(bits: 3),
            actor: Actor(user: nil, name: "a\\b\nc", via: "cli"), kind: "signedIn", payload: "{}",
            previousHash: [0, 255])
        #expect(
            event.hashedText.replacingOccurrences(of: Self.idText, with: "@")
                == "rollcall-event-1\nlocal\n@009\n1\n2\n3\n-\na\\\\b\\nc\ncli\nsignedIn\n{}\n00ff\n")
        // What looks alike over field borders is not.
        let first = event.hashedText
        event.actor = Actor(user: nil, name: "a\\b", via: "c\ncli")
        #expect(event.hashedText != first)
    }

    @Test func `the clock of events never goes back and never stands still`() {
        var last: HybridTime?
        for wall in [1000, 1000, 900, 5, 1000, 1001, -7, .max, 3, .min] as [Int64] {
            let next = HybridTime.next(after: last, now: Instant(milliseconds: wall))
            if let last { #expect(next > last, "\(wall)") }
            last = next
        }
        #expect(HybridTime.next(after: nil, now: Instant(milliseconds: 5)).instant.milliseconds == 5)
        // At its end it stays there, rather than trap.
        let end = HybridTime(bits: .max)
        #expect(HybridTime.next(after: end, now: Instant(milliseconds: 0)) == end)
    }

    @Test func `Docs/snapshots.md says what every field of a shared entry is`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "Docs/snapshots.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        for type in EventBody.payloadTypes where type.stream == .shared {
            let row = try #require(rows.first { $0.hasPrefix("| `\(type.kind)` |") }, "\(type.kind)")
            let bodies = Self.everyGolden.map(\.0).filter { $0.kind == type.kind }
            #expect(!bodies.isEmpty, "\(type.kind)")
            for body in bodies {
                let json = try JSONSerialization.jsonObject(with: Data(body.canonicalPayload().utf8))
                for key in (json as? [String: Any] ?? [:]).keys {
                    #expect(row.contains("`\(key)`"), "\(type.kind): \(key)")
                }
            }
        }
    }
}
