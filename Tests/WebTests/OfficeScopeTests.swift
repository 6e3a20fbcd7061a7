import Domain
import Foundation
import HTTPTypes
import Ingest
import Storage
import TestSupport
import Testing

@testable import Web

/// A box that holds two offices: whoever may not see the other one meets nothing of it, anywhere.
@Suite struct OfficeScopeTests {
    /// Queries that look for the other office's things without saying its mark, which pages would repeat.
    private static let searches =
        [
            "/files?q=zyx", "/files/rejected?q=zyx", "/names/all?q=zyx", "/agents?q=zyx", "/people?q=zyx",
            "/activity?q=zyx", "/api/v1/files?q=zyx", "/api/v1/files/rejected?q=zyx", "/api/v1/names?q=zyx",
            "/api/v1/agents?q=zyx", "/api/v1/people?q=zyx", "/api/v1/reports/performance?agent=zzyx+agent",
            "/api/v1/reports/performance?source=zzyx+dialer", "/api/v1/calls?agent=zzyx+agent&limit=1000",
            "/api/v1/reports/performance?from=2000-01-01&to=2030-01-01&by=campaign",
            "/files/storage?rows=versions", "/files/days?month=2026-11", "/reports/performance?by=source",
            "/people/roster.csv", "/deletions/holds", "/distribution?q=zyx",
        ] + By.allCases.map { "/api/v1/reports/performance?from=2026-10-01&to=2026-11-30&by=\($0.rawValue)" }

    @Test func `nobody but an admin meets anything of another office`() async throws {
        let box = try await TwoOffices()
        let mark = SecondOffice.mark
        try await box.site.run { client in
            for (role, user) in box.site.users where role != .admin {
                let browser = try await box.enter(user, client)
                for path in Self.lists + Self.searches {
                    let answer = try await browser.get(path)
                    let who = "\(path) as \(role)"
                    #expect(answer.status < 500, "\(who): \(answer.status)")
                    #expect(!answer.text.lowercased().contains(mark.lowercased()), "\(who) tells of them")
                    #expect(!answer.text.contains(SecondOffice.name), "\(who) names the office")
                    for choice in ["all", box.other.office.description, SecondOffice.name] {
                        let asked = try await browser.get(
                            path + (path.contains("?") ? "&" : "?") + "office=\(choice)")
                        #expect(asked.status == 404, "\(who), office=\(choice): \(asked.status)")
                    }
                }
                for path in box.foreignPaths {
                    let answer = try await browser.get(path)
                    #expect(answer.status == 404, "\(path) as \(role): \(answer.status)")
                    #expect(!answer.text.contains(mark), "\(path) as \(role)")
                }
            }
        }
    }

    @Test func `an admin sees his own office until he asks for another`() async throws {
        let box = try await TwoOffices()
        let mark = SecondOffice.mark
        try await box.site.run { client in
            let browser = try await box.enter(try #require(box.site.users[.admin]), client)
            for path in Self.lists + Self.searches {
                let answer = try await browser.get(path)
                #expect(answer.status < 500, "\(path): \(answer.status)")
                #expect(!answer.text.lowercased().contains(mark.lowercased()), "\(path) tells of them")
            }
            let office = box.other.office.description
            let pages = [
                Paths.home, Paths.agents, Paths.people, Paths.names, Paths.allNames, Paths.requests,
                Paths.calls,
                Paths.performance, Paths.files, Paths.fileDays, Paths.storage, Paths.deletions,
                Paths.deleteHolds,
                Paths.activity, Paths.distribution, Paths.sources, Paths.permissions,
            ]
            for path in pages {
                let own = try await browser.get(path).text
                #expect(own.contains(#"aria-label="Office""#), "\(path) has no choice of offices")
                for choice in [office, "all"] {
                    let answer = try await browser.get(path + "?office=\(choice)")
                    #expect(answer.status == 200 && answer.text.contains(mark), "\(path), \(choice)")
                    // Accounts are the box's own, and a hold is set in its own office.
                    let isOfPeople = [
                        Paths.agents, Paths.people, Paths.allNames, Paths.calls, Paths.performance,
                    ]
                    .contains(path)
                    #expect(
                        !isOfPeople || answer.text.contains("Al Agent") == (choice == "all"),
                        "\(path), \(choice): the own office")
                }
            }
            for path in [Paths.performanceCSV, Paths.callsCSV, Paths.rosterCSV, Paths.activityExport] {
                #expect(try await browser.get(path + "?office=\(office)").text.contains(mark), "\(path)")
            }
            for path in box.foreignPaths {
                let answer = try await browser.get(path)
                let isPage = answer.headers[.contentType]?.hasPrefix("text/html") == true
                guard answer.status == 200 else {
                    #expect([400, 404, 409].contains(answer.status), "\(path): \(answer.status)")
                    continue
                }
                #expect(!isPage || answer.text.contains("Office \(SecondOffice.name)"), "whose is \(path)?")
            }
            for path in box.foreignPaths.prefix(6) {
                #expect(try await browser.get(path).status == 200, "\(path)")
            }
            #expect(try await browser.get(Paths.performance + "?office=Nowhere").status == 404)
        }
    }

    @Test func `a box of one office has no choice, and asks no question about offices`() async throws {
        let site = try await TestSite()
        try await site.run { client in
            let browser = client.another()
            try await browser.signIn("ann")
            for path in [Paths.home, Paths.agents, Paths.performance, Paths.people, Paths.files] {
                let text = try await browser.get(path).text
                #expect(!text.contains(#"class="offices""#) && !text.contains("office="), "\(path)")
                #expect(!text.contains(#"<option value="office""#), "\(path)")
            }
            // An address that was copied from a box with more is no error.
            #expect(try await browser.get(Paths.performance + "?office=all").status == 200)
        }
    }

    @Test func `an admin acts on another office's people and on none of its files`() async throws {
        let box = try await TwoOffices()
        let other = box.other
        try await box.site.run { client in
            let browser = try await box.enter(try #require(box.site.users[.admin]), client)
            let place = try await browser.get(Paths.personPlace(other.agent.id.description)).text
            #expect(place.contains("\(SecondOffice.mark) Other") && !place.contains("Lea Leader"))
            let own = try #require(box.site.users[.agent]?.person)
            let ownForm = try await browser.get(Paths.personPlace(own.description)).text
            #expect(ownForm.contains("Lea Leader") && !ownForm.contains(SecondOffice.mark))
            let renamed = try await browser.post(
                Paths.personName(other.agent.id.description), ["name": "\(SecondOffice.mark) Renamed"])
            #expect(renamed.status == 303, "\(renamed.status) \(renamed.text)")
            #expect(
                try await browser.get(Paths.person(other.agent.id.description)).text
                    .contains("\(SecondOffice.mark) Renamed"))

            let deletion = Paths.deletion(other.deletion.description)
            let page = try await browser.get(deletion).text
            #expect(!page.contains("/steps/approve"))
            let step = try await browser.post(deletion + "/steps/reject", ["comment": "not ours"])
            #expect(step.status == 409, "\(step.status)")
            let file = other.file.description
            #expect(try await browser.get(Paths.newDeletion + "?file=\(file)").status == 404)
            #expect(try await browser.get(Paths.fileReadAgain(file, "1")).status == 404)
            let version = try await browser.get(Paths.fileVersion(file, "1")).text
            #expect(!version.contains("read-again") && !version.contains(Paths.newDeletion))
            let source = Paths.source(other.source.description)
            #expect(try await browser.get(source).text.contains("<fieldset class=\"bare\" disabled>"))
            #expect(try await browser.post(source, ["name": "Mine"]).status == 404)
            #expect(
                !(try await browser.get(Paths.files + "?office=all").text).contains(
                    "<option value=\"\(other.source)"))
        }
    }

    @Test func `a report says whose calls it counts, in every form`() async throws {
        let box = try await TwoOffices()
        let store = box.site.store
        func json(_ items: [(name: String, value: String)]) async throws -> [String: Any] {
            let span = [(name: "from", value: "2026-10-01"), (name: "to", value: "2026-11-30")]
            let text = try await reportOutput(span + items, format: .json, store: store, viewer: .console)
                .text
            return try #require(
                JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
        func logs(_ report: [String: Any]) -> Int? { (report["total"] as? [String: Any])?["logs"] as? Int }
        let own = try await json([])
        let theirs = try await json([("office", "leipzig")])
        let all = try await json([("office", "all"), ("by", "office")])
        #expect(logs(own) == box.ownCalls && own["offices"] == nil)
        #expect(logs(theirs) == box.other.calls && theirs["offices"] as? String == "office Leipzig")
        #expect(logs(all) == box.ownCalls + box.other.calls && all["offices"] as? String == "all offices")
        let rows = try #require(all["rows"] as? [[String: Any]])
        #expect(Set(rows.compactMap { $0["key"] as? String }) == ["Sample", SecondOffice.name])
        let table = try await reportOutput(
            [("office", "all"), ("by", "office")], format: .table, store: store, viewer: .console
        ).text
        #expect(table.hasPrefix("All offices:\n"))
        await #expect(throws: UserError.self) {
            try await reportOutput([("office", "Nowhere")], format: .csv, store: store, viewer: .console)
        }
        try await box.site.run { client in
            let browser = try await box.enter(try #require(box.site.users[.admin]), client)
            let page = try await browser.get(
                Paths.performance + "?from=2026-10-01&to=2026-11-30&by=office&office=all"
            ).text
            #expect(page.contains("all offices</p>"))
            // A figure of one office opens its calls.
            #expect(page.contains("office=\(box.other.office)"))
            let csv = try await browser.get(Paths.performanceCSV + "?by=office&office=all")
            #expect(csv.headers[.contentDisposition]?.contains("-all-offices.csv") == true)
            let activity = try await browser.get(Paths.activity).text
            #expect(activity.contains("all offices"))
        }
    }

    @Test func `every figure of two offices agrees with the rows it is made of`() async throws {
        let box = try await TwoOffices()
        let faults = try await box.site.store.verifyAll().filter { !$0.ok }.map { "\($0.name): \($0.detail)" }
        #expect(faults.isEmpty, "\(faults)")
        let admin = try #require(box.site.users[.admin])
        let viewer = Viewer(user: admin.id, name: admin.name, role: .admin, person: nil)
        let period = Period(from: Day(number: 20_000), to: Day(number: 21_000))
        for choice: OfficeChoice in [.own, .all, .these([box.other.office.description])] {
            let checks = try await box.site.store.reconcile(period, for: viewer.looking(at: choice))
            let wrong = checks.filter { !$0.ok }.map { "\($0.name): \($0.detail)" }
            #expect(wrong.isEmpty, "\(choice): \(wrong)")
        }
    }

    /// Every page, list and export without an identity in its address.
    private static let lists = siteRoutes.compactMap { route -> String? in
        guard route.method == .get, case .needs = route.access, !route.path.contains(":") else { return nil }
        return route.path
    }
}

/// A site whose folder holds a second office.
private final class TwoOffices: Sendable {
    let site: TestSite
    let other: SecondOffice
    let ownCalls: Int
    /// Of every page with an identity in its address: of the other office's things. The first six are pages of one each.
    let foreignPaths: [String]

    init() async throws {
        let site = try await TestSite()
        self.site = site
        let day = try #require(Day(iso: "2026-11-20"))
        let calls = (0..<9).map { index in
            SampleCall(
                id: index, agent: index < 6 ? "Al Agent" : "New Name",
                time: LocalTime(day.adding(-(index % 3)), secondOfDay: 36_000 + index * 60),
                state: index == 0 ? "Unheard of" : "Sale")
        }
        try takeIn(calls, into: site.store)
        ownCalls = calls.count
        let other = try await SecondOffice(day: day, now: site.time.now.adding(seconds: 60))
        // Its entries are over by now: an export holds what was before this moment.
        site.time.pass(seconds: 3600)
        try other.join(site.store)
        self.other = other
        let admin = Viewer.console.looking(at: .these([other.office.description]))
        let call = try #require(
            try await site.store.calls(
                ReportQuery(period: Period(from: day, to: day)), limit: 1, for: admin
            ).calls.first)
        let alias = try #require(try await site.store.names(for: admin).first)
        let named: [(prefix: String, id: String)] = [
            ("/agents/", other.agent.id.description), ("/people/", other.agent.id.description),
            ("/api/v1/people/", other.agent.id.description), ("/calls/", call.reference.text),
            ("/files/", other.file.description), ("/api/v1/files/", other.file.description),
            ("/deletions/", other.deletion.description), ("/api/v1/deletions/", other.deletion.description),
            ("/requests/", other.request.description), ("/api/v1/requests/", other.request.description),
            ("/names/", NameReference(alias).text), ("/admin/sources/", other.source.description),
        ]
        let paths = siteRoutes.compactMap { route -> String? in
            guard route.method == .get, route.path.contains(":"), !route.path.contains("/imports/"),
                !route.path.contains("/work/"),
                let id = named.first(where: { route.path.hasPrefix($0.prefix) })?.id
            else { return nil }
            return route.path.replacing(":id", with: id).replacing(":version", with: "1")
        }
        let first = [
            Paths.agent(other.agent.id.description), Paths.person(other.agent.id.description),
            Paths.call(call.reference.text), Paths.file(other.file.description),
            Paths.request(other.request.description), Paths.deletion(other.deletion.description),
        ]
        foreignPaths = first + paths.filter { !first.contains($0) }
    }

    func enter(_ user: User, _ client: TestBrowser) async throws -> TestBrowser {
        let browser = client.another()
        let opened = try await site.store.signIn(
            username: user.username, password: TestSite.password,
            browser: Browser(address: "local", userAgent: browser.userAgent))
        browser.cookies = [site.site.sessionCookie: opened.secret]
        browser.formToken = opened.session.formToken
        return browser
    }
}
