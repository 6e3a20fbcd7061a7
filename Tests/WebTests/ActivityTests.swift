import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage
import Testing

@testable import Web

@Suite struct ActivityTests {
    /// One of each kind, so that no kind of entry is without words.
    static let bodies: [EventBody] = {
        let ids = IDs { (0..<16).map { _ in UInt8.random(in: 0...255) } }
        let now = Instant(milliseconds: 1_795_413_600_000)
        func id<T>() -> ID<T> { ids.next(at: now) }
        let user = User(id: id(), username: "lea", name: "Lea", role: .teamLeader)
        var admin = user
        admin.role = .admin
        let source = Source(id: id(), name: "Dialer", format: "readymode", outcomes: .coldCalling)
        var changed = source
        changed.outcomes.states["busy"] = [.attempted, .human]
        changed.timeZone = "America/New_York"
        let person = Person(id: id(), name: "Bob")
        let placement = Placement(person: person.id, from: Day(number: 20_000), group: "North")
        let rules = OfficeRules(name: "Harbour", timeZone: "Europe/Berlin")
        var moved = rules
        moved.cutOverMinutes = 330
        let request = TransferRequest(
            id: id(), kind: .swap, agent: person.id, otherAgent: id(),
            from: Seat(leader: id(), manager: id()), to: Seat(leader: id(), manager: id()),
            effective: Day(number: 20_000), reason: "closer to home",
            opener: RequestParty(user: user.id, name: "Lea", role: .teamLeader, person: id()),
            openedAs: .leader, opened: HybridTime(bits: 1))
        let upload = FileUploaded(
            file: id(), fileName: "mon.csv", source: source.id, version: 2, archive: "a", original: "b",
            bytes: 10, counts: RowCounts(),
            mapping: FileMapping(
                format: "readymode", encoding: "utf-8", delimiter: ",", headerLine: 1, columns: [:],
                ignoredColumns: [], dateOrder: "ymd", timeZone: "Europe/Berlin"), firstDay: nil,
            lastDay: nil, agents: 3, digest: "c", newNames: [])
        let deletion = DeleteRequest(
            id: id(), kind: .version,
            targets: [DeleteTarget(file: upload.file, fileName: "mon.csv", version: 2)],
            cutOverMinutes: 330, reason: "wrong campaign",
            preview: DeletePreview(
                rows: 9, gone: 7, before: DeleteTotals(logs: 20), after: DeleteTotals(logs: 13)),
            opener: request.opener, isSingleAdmin: true, opened: HybridTime(bits: 2))
        return [
            .officeFounded(OfficeFounded(rules: rules, sources: [source])),
            .officeChanged(OfficeChanged(before: rules, after: moved)),
            .sourceChanged(SourceChanged(before: source, after: changed)),
            .fileUploaded(upload),
            .personAdded(PersonAdded(person: person, placement: placement)),
            .personsPlaced(PersonsPlaced(placements: [placement], reason: "moved")),
            .personRenamed(PersonRenamed(person: person.id, before: "Bob", after: "Robert")),
            .teamHandedOver(
                TeamHandedOver(
                    person: person.id, successor: id(), from: Day(number: 20_000), reason: "moves away",
                    placements: [placement], requests: [id()], deactivates: true)),
            .aliasChanged(
                AliasChanged.merge(
                    person.id, into: id(),
                    aliases: [
                        AgentAlias(
                            office: id(), folded: "bob", name: "Bob",
                            links: [AliasLink(person: person.id, from: Day(number: 20_000))])
                    ], reason: "one and the same")),
            .namesHeldApart(NamesHeldApart(person.id, id())),
            .transferRequestOpened(TransferRequestOpened(request: request)),
            .transferRequestDecided(
                TransferRequestDecided(
                    request: request.id, agent: person.id, action: .approve, comment: "fine",
                    by: request.opener, actingFor: id(), override: false, placements: [placement])),
            .transferRequestCommented(
                TransferRequestCommented(
                    request: request.id, agent: person.id, comment: "when?", by: request.opener)),
            .delegationChanged(
                DelegationChanged(
                    before: nil,
                    after: Delegation(
                        id: id(), person: person.id, delegate: id(), from: Day(number: 20_000),
                        until: Day(number: 20_007)))),
            .deleteRequestOpened(DeleteRequestOpened(request: deletion)),
            .deleteRequestDecided(
                DeleteRequestDecided(
                    deletion, .approve, comment: "fine", by: request.opener, typedName: "mon.csv", calls: 7)),
            .deleteRequestPurged(
                DeleteRequestPurged(
                    request: deletion.id, by: nil, comment: "",
                    versions: [PurgedVersion(upload, rows: 9, digest: "d", kept: nil)])),
            .archiveRewritten(
                ArchiveRewritten(
                    upload, requests: [deletion.id], rows: 3,
                    kept: KeptVersion(
                        archive: "c", original: "d", bytes: 9, counts: RowCounts(), digest: "f"))),
            .deleteHoldChanged(
                DeleteHoldChanged(
                    before: nil, after: DeleteHold(id: id(), file: upload.file, reason: "a court asked"))),
            .userAdded(UserAdded(user: user)), .userChanged(UserChanged(before: user, after: admin)),
            .userDisabled(UserDisabled(user: user.id, username: "lea", disabled: true)),
            .passwordSet(PasswordSet(user: user.id, username: "lea")),
            .signedIn(Domain.SignedIn(user: user.id, username: "lea")),
            .signInRefused(SignInRefused(username: "lea", reason: "password")),
            .signedOut(SignedOut(user: user.id, username: "lea")),
            .sessionsEnded(SessionsEnded(user: user.id, username: "lea", count: 2)),
            .tokenMade(TokenMade(user: user.id, username: "lea", token: "sheet")),
            .tokenRevoked(TokenRevoked(user: user.id, username: "lea", token: "sheet")),
            .boxSettingsChanged(
                BoxSettingsChanged(before: BoxSettings(), after: BoxSettings(sessionIdleMinutes: 60))),
            .uploadRefused(UploadRefused(fileName: "x.csv", code: .notCallLog, message: "No call log.")),
            .figuresExported(FiguresExported(what: "calls", filter: "today", rows: 1204)),
        ] + offices(id(), person.id)
    }()

    private static func offices(_ office: ID<Office>, _ person: ID<Person>) -> [EventBody] {
        let made = Instant(milliseconds: 1_700_000_000_000)
        let by = RequestParty(user: ID(office.uuid), name: "Ann", role: .admin, person: nil)
        let key = String(repeating: "0f", count: 32)
        let renamed = EventBody.personRenamed(PersonRenamed(person: person, before: "Bob", after: "Rob"))
        return [
            .snapshotMerged(
                SnapshotMerged(
                    from: office, name: "North", made: made, heads: [], entries: 9, files: 2, calls: 800,
                    conflicts: 1, stateHash: key)),
            .mergeUndone(
                MergeUndone(
                    merge: EventName(chain: Chain(office: office, incarnation: 1), seq: 4), from: office,
                    name: "North", heads: [], entries: 9, reason: "the wrong stick")),
            .incarnationBegun(IncarnationBegun(reason: .moved, heads: [])),
            .conflictDecided(
                ConflictDecided(
                    conflict: "c", choice: .other, comment: "as agreed", by: by,
                    change: try? NestedChange(renamed))),
            .officePaired(OfficePaired(office: office, name: "North", key: key)),
            .officeUnpaired(OfficeUnpaired(office: office, name: "North", key: key, reason: "sold")),
            .snapshotExported(
                SnapshotExported(
                    to: nil, name: "a.rollcall", isDelta: false, isSealed: true, entries: 3, files: 1,
                    bytes: 9_000_000)),
            .snapshotRefused(SnapshotRefused(fileName: "a.rollcall", code: .damaged, message: "Cut off.")),
            .backupMade(
                BackupMade(name: "b.rollcall", bytes: 99, entries: 3, files: 1, calls: 80, isSealed: false)),
            .backupFailed(BackupFailed(step: .written, message: "The disk is full.")),
            .backupDrilled(BackupDrilled(name: "b.rollcall", calls: 80, seconds: 2)),
            .backupRestored(BackupRestored(name: "b.rollcall", made: made, replaced: "Replaced/1")),
            .backupPassphraseChanged(BackupPassphraseChanged(isSet: false)),
            .exchangePassphraseChanged(ExchangePassphraseChanged(isSet: true)),
            .backupDownloaded(BackupDownloaded(name: "b.rollcall", bytes: 99, isSealed: false)),
            .replacedRemoved(ReplacedRemoved(names: ["20261123T060000Z"], bytes: 99)),
            .forkDecided(
                ForkDecided(
                    office: office, incarnation: 1, name: "North", seq: 9, isSettled: true)),
            .exchangeTokenMade(ExchangeTokenMade(office: office, name: "North")),
            .exchangeTokenRevoked(ExchangeTokenRevoked(office: office, name: "North")),
            .exchangeAddressChanged(
                ExchangeAddressChanged(office: office, name: "North", address: "https://north.lan")),
            .exchangeAllowed(
                ExchangeAllowed(
                    question: ExchangeQuestion(
                        .fork, from: office, name: "North", about: office, message: "Two boxes wrote.",
                        advice: "Stop one."))),
        ]
    }

    let writer = ActivityWriter(names: [:], format: OfficeFormat(zone: .gmt))

    @Test func `every kind of entry has words and a group to be found in`() {
        let kinds = Set(EventBody.payloadTypes.map { $0.kind })
        #expect(Set(Self.bodies.map(\.kind)) == kinds, "a kind has no sample here")
        #expect(Set(activityKinds.flatMap { $0.kinds.map { $0.kind } }) == kinds, "a kind is in no group")
        for body in Self.bodies {
            let words = writer.words(body)
            #expect(!words.deed.isEmpty && !words.line.contains(body.kind), "\(body.kind): \(words.line)")
        }
    }

    @Test func `numbers that no office writes stop no page`() throws {
        for case var .deleteRequestPurged(it) in Self.bodies {
            it.versions = [it.versions[0], it.versions[0]]
            for index in it.versions.indices { it.versions[index].rows = .max }
            #expect(writer.words(.deleteRequestPurged(it)).line.contains("purged"))
        }
        for case var .archiveRewritten(it) in Self.bodies {
            for rows in [Int.min, .max] {
                it.rows = rows
                #expect(writer.words(.archiveRewritten(it)).note?.contains("more erased") == true)
            }
        }
        for case var .deleteRequestDecided(it) in Self.bodies {
            it.calls = .min
            #expect(writer.words(.deleteRequestDecided(it)).note?.contains("came back") == true)
        }
    }

    @Test func `words say what was before and after`() throws {
        func line(_ kind: String) -> String {
            Self.bodies.first { $0.kind == kind }.map { writer.words($0).line } ?? ""
        }
        #expect(line("officeChanged").contains("Business day begins: 00:00 → 05:30"))
        #expect(!line("officeChanged").contains("Time zone"), "what did not change is not said")
        #expect(line("sourceChanged").contains("State “busy”: Dial → Dial, Human"))
        #expect(line("sourceChanged").contains("Time zone: the office's → America/New_York"))
        #expect(line("userChanged").contains("Role: Team Leader → Admin"))
        #expect(line("boxSettingsChanged").contains("Idle limit: 30 min → 60 min"))
        #expect(line("figuresExported").contains("1,204 rows; today"))
        #expect(line("signInRefused").contains("the password was wrong"))
        #expect(line("deleteRequestOpened").contains("mon.csv, version 2"))
        #expect(line("deleteRequestOpened").contains("Logs: 20 → 13"))
        #expect(line("deleteRequestOpened").contains("9 rows, 7 calls of them in no other file"))
        #expect(line("deleteRequestDecided").contains("7 calls left the figures; Single admin: approved by"))
        #expect(line("deleteRequestPurged").contains("mon.csv, version 2"))
        #expect(line("deleteRequestPurged").contains("9 rows erased"))
        #expect(line("deleteHoldChanged").contains("Reason: a court asked"))
    }

    @Test func `the page finds by day, person, kind and text, and turns pages without gaps`() async throws {
        let office = try await TestSite()
        let admin = Actor(user: office.users[.admin]?.id, name: "Ann Admin", via: "test")
        for number in 1...120 {
            office.time.pass(seconds: 60)
            try await office.store.recordExport(
                FiguresExported(what: "sheet \(number)", filter: "50%_x", rows: number), by: admin)
        }
        office.time.pass(seconds: 2 * 86_400)
        try await office.run { browser in
            try await browser.signIn("ann")
            var path = "/activity?kind=exports"
            var seen: [String] = []
            for _ in 0..<3 {
                let page = try await browser.get(path)
                #expect(page.status == 200)
                seen += page.text.matches(of: /exported sheet (\d+)/).map { String($0.1) }
                guard let link = page.text.firstMatch(of: /rel="next" href="([^"]*)"/) else { break }
                path = String(link.1).replacing("&amp;", with: "&")
            }
            #expect(seen == (1...120).reversed().map(String.init))
            let hit = try await browser.get("/activity?q=sheet+77")
            #expect(hit.text.contains("sheet 77") && !hit.text.contains("sheet 78"))
            let escaped = try await browser.get("/activity?q=0%25_")
            #expect(escaped.text.contains("sheet 120"), "a text is no pattern")
            let none = try await browser.get("/activity?q=0_%25")
            #expect(none.text.contains("Nothing found"))
            let day = try await browser.get("/activity?from=2026-11-25&to=2026-11-25")
            #expect(day.text.contains("signed in") && !day.text.contains("exported sheet"))
            let console = try await browser.get("/activity?who=Console")
            #expect(console.text.contains("opened the office") && !console.text.contains("exported sheet"))
            let ann = try await browser.get("/activity?who=\(admin.user?.description ?? "")&kind=sign-ins")
            #expect(ann.text.contains("signed in") && !ann.text.contains("opened the office"))
            for broken in [
                "before=x", "before=1.2.3.4", "after=9.shared.zz.1", "from=yesterday", "kind=none",
            ] {
                let answer = try await browser.get("/activity?\(broken)")
                #expect(answer.status == 200, "\(broken)")
            }
        }
    }

    @Test func `an export holds every entry, quotes formulas, and is an entry itself`() async throws {
        let office = try await TestSite()
        let admin = Actor(user: office.users[.admin]?.id, name: "=HYPERLINK(1)", via: "test")
        for number in 1...1100 {
            try await office.store.recordExport(
                FiguresExported(what: "sheet \(number)", filter: "", rows: number), by: admin)
        }
        office.time.pass(seconds: 60)
        try await office.run { browser in
            try await browser.signIn("ann")
            office.time.pass(seconds: 60)
            let file = try await browser.get("/activity/export.csv?kind=exports")
            #expect(file.status == 200)
            #expect(file.headers[.contentDisposition]?.contains("activity.csv") == true)
            let lines = file.text.split(separator: "\r\n")
            #expect(lines.count == 1101)
            #expect(lines.last?.contains("'=HYPERLINK(1)") == true)
            let page = try await browser.get("/activity?kind=exports")
            #expect(page.text.contains("exported activity"))
            #expect(page.text.contains("1,100 rows; kind exports"))
        }
    }

    @Test func `an entry without effect says why`() async throws {
        let office = try await TestSite()
        var page = try await office.store.activity(
            ActivityFilter(),
            for: Viewer(user: ID(UUID()), name: "Ann", role: .admin, person: nil))
        #expect(page.entries.allSatisfy { $0.refusal == nil })
        page.entries[0].refusal = "Another office was first."
        page.entries[1].body = nil
        let list = ActivityListPage(page, query: Form(), accounts: [], writer: writer)
        let frame = Frame(officeName: "x", nav: [], csrf: "", version: "", assetVersion: "")
        let text = try office.site.render(list, in: frame)
        #expect(text.contains("No effect") && text.contains("Another office was first."))
        #expect(text.contains("made an entry of a newer release"))
    }
}
