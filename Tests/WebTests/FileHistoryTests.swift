import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ingest
import Storage
import Testing

@testable import Web

/// Lines, differences and days over HTTP.
@Suite struct FileHistoryTests {
    private static let header = "Agent name,Call Log ID,Log Time,Log Type,State\n"
    private static let first =
        header + "Ann Lee,1,2026-11-16 09:00:00,Outbound,Lead\n"
        + "Ann Lee,2,2026-11-16 09:01:00,Outbound,Busy\nAnn Lee,1,2026-11-16 09:00:00,Outbound,Lead\n"
        + "Ann Lee,(555) 010-9,never,Outbound,<b>Busy</b>\n\n"
    private static let second =
        header + "Ann Lee,1,2026-11-16 09:00:00,Outbound,Busy\nAnn Lee,3,2026-11-17 09:00:00,Outbound,Busy\n"

    /// Uploads and waits; the path of the version.
    private func upload(_ text: String, _ name: String, _ browser: TestBrowser) async throws -> String {
        let answer = try await browser.send(
            .put, "/files/upload?name=\(name)", headers: [.csrfToken: browser.formToken], body: text)
        let queued = try JSONDecoder().decode([String: String].self, from: Data(answer.text.utf8))
        while true {
            let told = try await browser.get("/api/v1/imports/\(queued["import"] ?? "")").text
            if told.contains("\"done\"") {
                let path = try #require(told.firstMatch(of: #/"href":"([^"]+)"/#)).output.1
                return String(path)
            }
            #expect(!told.contains("refused"), "\(told)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func json(_ answer: TestAnswer) throws -> [String: Any] {
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(
            try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    private func run(
        _ site: TestSite? = nil,
        _ body: @escaping @Sendable (TestBrowser, String, String) async throws -> Void
    ) async throws {
        let new = try await TestSite()
        try await (site ?? new).run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let one = try await upload(Self.first, "log.csv", browser)
            let two = try await upload(Self.second, "log.csv", browser)
            try await body(browser, one, two)
        }
    }

    @Test func `a version that was purged is called so everywhere, and is compared with nothing`()
        async throws
    {
        let site = try await TestSite()
        try await run(site) { browser, one, two in
            let file = try #require(try site.store.archivedVersionsNow().first).uploaded.file
            func party(_ role: Role) throws -> Viewer {
                let user = try #require(site.users[role])
                return Viewer(user: user.id, name: user.name, role: user.role, person: nil)
            }
            let plan = try site.store.planDeletion(.version(file, 1), for: party(.dataEntry))
            let request = try site.store.openDeleteRequest(
                plan, reason: "wrong", for: party(.dataEntry), by: .console)
            try site.store.decideDeleteRequest(request.id, .approve, for: party(.admin), by: .console)
            try purgeDeletion(request.id, in: site.store, comment: "room", for: party(.admin), by: .console)
            let page = try await browser.get(one).text
            #expect(page.contains("purged") && !page.contains("\(one)/lines"), "\(page)")
            for path in [
                "\(one)/lines", "\(one)/lines?fate=rejected", Paths.apiFiles + one.dropFirst(6) + "/lines",
            ] {
                let answer = try await browser.get(path)
                #expect(answer.status == 404 && answer.text.contains("was purged"), "\(path) \(answer.text)")
                #expect(!answer.text.contains("backup"))
            }
            #expect(try await browser.get("\(two)/lines").status == 200)
            let compared = try await browser.get(Paths.fileDifference(file.description) + "?to=2")
            #expect(compared.status == 200 && !compared.text.contains("version 1"), "\(compared.text)")
        }
    }

    @Test func `the lines of a version say what became of each, and lead on`() async throws {
        try await run { browser, one, two in
            let page = try await browser.get(one).text
            #expect(page.contains("href=\"\(one)/lines?fate=rejected\""))
            #expect(page.contains("href=\"\(one)/lines\""))
            let lines = try await browser.get("\(one)/lines").text
            #expect(lines.contains("The headings.") && lines.contains("An empty line."))
            #expect(lines.contains("The same call as in <a href=\"\(one)/lines?line=2#line-2\">line 2</a>"))
            #expect(lines.contains("&lt;b&gt;Busy&lt;/b&gt;") && !lines.contains("<b>Busy</b>"))
            #expect(lines.contains("A later file holds this call") && lines.contains("href=\"/calls/1-n1\""))
            #expect(lines.contains("<a href=\"/calls/1-n2\">Its call</a>"))
            let asked = try await browser.get("\(one)/lines?line=3").text
            #expect(asked.contains("<tr id=\"line-3\" class=\"asked\">"))
            #expect(asked.components(separatedBy: "class=\"asked\"").count == 2)
            let rejected = try await browser.get("\(one)/lines?fate=rejected").text
            #expect(rejected.contains("id=\"line-5\"") && !rejected.contains("id=\"line-2\""))
            let none = try await browser.get("\(two)/lines?fate=blank").text
            #expect(none.contains("No line of this version is blank."))
            let wrong = try await browser.get("\(one)/lines?line=x5").text
            #expect(wrong.contains("is no line number") && wrong.contains("value=\"x5\""))
            #expect(try await browser.get("\(one)0/lines").status == 404)
            let told = try json(try await browser.get("/api/v1\(one)/lines?fate=not-accepted"))
            let found = try #require(told["lines"] as? [[String: Any]])
            #expect(found.map { $0["line"] as? Int } == [4, 5])
            #expect(found.map { $0["fate"] as? String } == ["duplicate", "rejected"])
            #expect(found.first?["other"] as? Int == 2)
            let all = try json(try await browser.get("/api/v1\(one)/lines?limit=2"))
            #expect(all["next"] as? Int == 3)
            #expect(((all["lines"] as? [[String: Any]])?.last?["counts"] as? Bool) == false)
            #expect(try await browser.get("/api/v1\(one)7/lines").status == 404)
        }
    }

    @Test func `the difference of two versions is shown by kind`() async throws {
        try await run { browser, one, _ in
            let file = one.components(separatedBy: "/versions")[0]
            let page = try await browser.get("\(file)/difference").text
            #expect(page.contains("Version 1 against version 2"))
            #expect(page.contains("State: <del>Lead</del> <ins>Busy</ins>"))
            #expect(page.contains("href=\"\(file)/versions/1/lines?line=2#line-2\""))
            let gone = try await browser.get("\(file)/difference?kind=gone").text
            #expect(gone.contains("These calls still count") && gone.contains("09:01:00"))
            let back = try await browser.get("\(file)/difference?from=2&to=1").text
            #expect(back.contains("State: <del>Busy</del> <ins>Lead</ins>"))
            let same = try await browser.get("\(file)/difference?from=2&to=2").text
            #expect(same.contains("Both are the same version"))
            #expect(
                try await browser.get("/files/\(UUID().uuidString.lowercased())/difference").status == 404)
            let told = try json(try await browser.get("/api/v1\(file)/difference?kind=new"))
            for (key, count) in [("new", 1), ("changed", 1), ("gone", 1), ("same", 0), ("from", 1)] {
                #expect(told[key] as? Int == count, "\(key)")
            }
            #expect(((told["calls"] as? [[String: Any]])?.first?["call"] as? String) == "1-n3")
            let single = try await upload(
                Self.header + "Bo,9,2026-11-16 09:00:00,Outbound,Busy\n", "b.csv", browser)
            let other = single.components(separatedBy: "/versions")[0]
            #expect(try await browser.get("\(other)/difference").text.contains("Nothing to compare yet"))
            #expect(try await browser.get("/api/v1\(other)/difference").status == 400)
            #expect(!(try await browser.get(single).text.contains("Compare versions")))
        }
    }

    @Test func `days say which files they are from and how many rows count`() async throws {
        try await run { browser, one, two in
            let page = try await browser.get("/files/days").text
            #expect(page.contains("November 2026"))
            #expect(page.contains("log.csv, version 2") && page.contains("1 row, it counts"))
            #expect(page.contains("2 rows, 1 count"))
            #expect(page.contains("aria-current=\"page\">By day</a>"))
            #expect(!page.contains("aria-current=\"page\">All files</a>"))
            let early = try await browser.get("/files/days?month=2026-03")
            #expect(early.status == 200 && early.text.contains("No calls in March 2026"))
            #expect(try await browser.get("/files/days?month=2027-03").text.contains("has not begun"))
            #expect(try await browser.get("/files/days?month=soon").text.contains("November 2026"))
            #expect(try await browser.get(one).text.contains("1 day, 1 of 2 calls count<"))
            let told = try json(try await browser.get("/api/v1\(one)/days"))
            let day = try #require((told["days"] as? [[String: Any]])?.first)
            #expect(day["rows"] as? Int == 2 && day["counted"] as? Int == 1 && day["agents"] as? Int == 1)
            let month = try json(try await browser.get("/api/v1/files/days?month=2026-11"))
            let days = try #require(month["days"] as? [[String: Any]])
            #expect(days.count == 30)
            #expect((days[15]["files"] as? [Any])?.count == 2 && days[15]["calls"] as? Int == 2)
            _ = two
        }
    }

    @Test func `a rejected line is found by the phone number in it, and leads to its place`() async throws {
        try await run { browser, one, _ in
            let page = try await browser.get("/files/rejected?q=5550109").text
            #expect(page.contains("href=\"\(one)/lines?line=5#line-5\"") && page.contains("never"))
            #expect(page.contains("1 rejected line can be searched."))
            let none = try await browser.get("/files/rejected?q=%3Cb%3Enobody").text
            #expect(none.contains("No rejected line holds “&lt;b&gt;nobody”"))
            let told = try json(try await browser.get("/api/v1/files/rejected?q=555"))
            #expect(told["total"] as? Int == 1 && told["notSearched"] as? Int == 0)
            // The list finds by name, source and uploader, and hands what it does not find on.
            for word in ["LOG", "ready", "dan%20data"] {
                #expect(try await browser.get("/files?q=\(word)").text.contains("log.csv"), "\(word)")
            }
            let list = try await browser.get("/files?q=5550109").text
            #expect(list.contains("href=\"/files/rejected?q=5550109\""))
        }
    }

    @Test func `an office without files says what to do`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("ann")
            #expect(try await browser.get("/files/days").text.contains("No calls yet"))
            #expect(try await browser.get("/files/rejected").text.contains("No rejected lines"))
        }
    }

    @Test func `who may not see files finds none of it`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let path = try await upload(Self.first, "log.csv", browser)
            let file = path.components(separatedBy: "/versions")[0]
            for user in ["tom", "lea", "al"] {
                let other = browser.another()
                try await other.signIn(user)
                for page in [
                    "\(path)/lines", "\(file)/difference", "/files/days", "/files/rejected?q=Ann",
                ] {
                    #expect(try await other.get(page).status == 404, "\(user) \(page)")
                    #expect(try await other.get("/api/v1" + page).status == 404, "\(user) \(page)")
                }
            }
        }
    }
}
