import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import Ingest
import Storage
import Testing

@testable import Web

@Suite struct ReadAgainRouteTests {
    private static let header = "Agent name,Call Log ID,Log Time,Log Type,State,Outcome\r\n"
    private static let calls =
        header + "Ann Lee,1,03/04/2026 09:00:00,Outbound,Lead,Busy\r\n"
        + "Bo Roy,2,05/06/2026 09:01:00,Outbound,Busy,Busy\r\n" + "Ann Lee,3,soon,Outbound,Busy,Busy\r\n"

    private struct Status: Decodable {
        struct Problem: Decodable {
            var code: String
            var href: String?
        }
        var state: String
        var text: String
        var href: String?
        var error: Problem?
    }

    private func end(of id: String, _ browser: TestBrowser) async throws -> Status {
        while true {
            let told = try await browser.get("/api/v1/imports/\(id)")
            let status = try JSONDecoder().decode(Status.self, from: Data(told.text.utf8))
            if ["done", "refused", "cancelled", "question"].contains(status.state) { return status }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func upload(
        _ text: String, named name: String, order: String = "mdy", _ browser: TestBrowser
    ) async throws -> (id: String, status: Status) {
        let answer = try await browser.send(
            .put, "/files/upload?name=\(Form.encode(name))&date_order=\(order)",
            headers: [.csrfToken: browser.formToken], body: text)
        #expect(answer.status == 202, "\(answer.text)")
        let queued = try JSONDecoder().decode([String: String].self, from: Data(answer.text.utf8))
        let id = queued["import"] ?? ""
        return (id, try await end(of: id, browser))
    }

    /// What the form on the page would send.
    private func fields(_ page: String) -> [String: String] {
        var fields: [String: String] = [:]
        for part in page.components(separatedBy: "<select ").dropFirst() {
            guard let name = value("name", part), let chosen = part.range(of: " selected>") else { continue }
            let option = part[..<chosen.lowerBound]
            fields[name] =
                option.components(separatedBy: "value=\"").last.map { String($0.dropLast()) } ?? ""
        }
        fields["headerLine"] = "1"
        return fields
    }

    private func value(_ attribute: String, _ text: String) -> String? {
        text.components(separatedBy: "\(attribute)=\"").dropFirst().first?.components(separatedBy: "\"").first
    }

    @Test func `a version is read again with another date order after a look at the rows`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let first = try await upload(Self.calls, named: "us.csv", browser).status.href ?? ""
            #expect(try await browser.get(first).text.contains("\(first)/read-again"))
            let page = try await browser.get("\(first)/read-again")
            #expect(page.status == 200 && !page.text.contains("Nothing would change"))
            #expect(page.text.contains("Wed 4 Mar 2026, 09:00:00"))
            #expect(page.text.contains("2 would be read, 1 rejected"))
            var form = fields(page.text)
            #expect(form["dateOrder"] == "mdy" && form["column.state"] == "State")
            #expect(form["timeZone"] == "Europe/Berlin" && form["delimiter"] == "comma")
            form["dateOrder"] = "dmy"
            form["step"] = "preview"
            let look = try await browser.post("\(first)/read-again", form)
            #expect(look.status == 200 && look.text.contains("Fri 3 Apr 2026, 09:00:00"))
            #expect(fields(look.text)["dateOrder"] == "dmy")
            #expect(try await site.store.archivedVersions().count == 1)
            form["step"] = "run"
            let run = try await browser.post("\(first)/read-again", form)
            #expect(run.status == 303 && run.location.hasPrefix("/files/imports/"))
            let status = try await end(of: String(run.location.split(separator: "/").last ?? ""), browser)
            #expect(status.state == "done", "\(status)")
            #expect(try await browser.get(run.location).text.contains("Version 1 is read again"))
            let next = try await browser.get(status.href ?? "")
            #expect(next.text.contains("Version 2 of 2"))
            #expect(next.text.contains("Read again from version 1"))
            #expect(next.text.contains("Dates: day first (before: month first)"))
            for (day, logs) in [("2026-03-04", 0), ("2026-04-03", 1), ("2026-05-06", 0), ("2026-06-05", 1)] {
                let report = try await browser.get("\(Paths.performanceAPI)?from=\(day)&to=\(day)&by=day")
                    .text
                #expect(report.contains("\"rows\":[]") == (logs == 0), "\(day): \(report)")
            }
        }
        try await site.run(siteRoutes) { browser in
            try await browser.signIn("ann")
            let words = try await browser.get("/activity").text
            #expect(words.contains("read again") && words.contains("us.csv, version 1"))
            #expect(words.contains("month first") && words.contains("day first"))
        }
    }

    @Test func `answers that cannot be are told on the form, which keeps them`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let first = try await upload(Self.calls, named: "us.csv", browser).status.href ?? ""
            let usual = fields(try await browser.get("\(first)/read-again").text)
            for (change, status, words) in [
                ([:], 409, "Nothing would change"),
                (["column.agent": ""], 400, "No column is chosen for “Agent”"),
                (["column.type": "State"], 400, "“State” is named twice"),
                (["column.state": "Outcome", "dateOrder": "xyz"], 400, "The order of the dates cannot be"),
                (["column.state": "Outcome", "headerLine": "zero"], 400, "not a whole number"),
                (["column.state": "Outcome", "headerLine": "4000"], 400, "lines 1 to 1,000"),
                (
                    ["column.logTime": "Call Log ID", "column.callID": "Log Time"], 422,
                    "is a date"
                ),
                (["column.logTime": "Outcome", "column.state": "Log Time"], 422, "is a date"),
                (["delimiter": "tab", "column.state": "Outcome"], 400, "no column"),
            ] as [([String: String], Int, String)] {
                var form = usual.merging(change) { $1 }
                form["step"] = "run"
                let answer = try await browser.post("\(first)/read-again", form)
                #expect(answer.status == status, "\(change): \(answer.status)")
                #expect(answer.text.contains(words), "\(change)")
                if let state = change["column.state"] {
                    #expect(fields(answer.text)["column.state"] == state, "\(change)")
                }
            }
            #expect(try await site.store.archivedVersions().count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: site.store.folder.incoming) == [])
        }
    }

    @Test func `who may not upload has no way to read again or to mend`() async throws {
        let site = try await TestSite()
        let path = Path()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            path.text = try await upload(Self.calls, named: "us.csv", browser).status.href ?? ""
            let other = path.text.replacing("versions/1", with: "versions/7")
            #expect(try await browser.get("\(other)/read-again").status == 404)
            #expect(try await browser.post("\(other)/read-again", ["step": "run"]).status == 404)
        }
        for user in ["tom", "lea", "al"] {
            try await site.run(siteRoutes, over: .live) { browser in
                try await browser.signIn(user)
                #expect(try await browser.get("\(path.text)/read-again").status == 404)
                #expect(try await browser.post("\(path.text)/read-again", ["step": "run"]).status == 404)
                #expect(try await browser.post("\(path.text)/mended").status == 404)
            }
        }
        #expect(try await site.store.archivedVersions().count == 1)
    }

    private final class Path: @unchecked Sendable { var text = "" }

    @Test func `mended rejects join their file by their name`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let first = try await upload(Self.calls, named: "us.csv", browser).status.href ?? ""
            #expect(try await browser.get(first).text.contains("they join this file as its next version"))
            let rejects = try await browser.get("\(first)/rejects.csv")
            #expect(rejects.headers[.contentDisposition]?.contains("rejects of us.csv") == true)
            let mended = rejects.text.replacing("soon", with: "03/04/2026 11:00:00")
            // Nothing is asked: the dates are as in the file.
            let (id, status) = try await upload(mended, named: "rejects of us (1).csv", order: "", browser)
            #expect(status.state == "done", "\(status)")
            #expect(status.text.contains("Joined “us.csv” as version 2"))
            #expect(status.href == first.replacing("versions/1", with: "versions/2"))
            #expect(try await browser.get("/files/imports/\(id)").text.contains("The mended lines are in"))
            #expect(
                try await browser.get(status.href ?? "").text.contains("Uploaded as “rejects of us (1).csv”"))
            #expect(try await site.store.stateHash().calls == 3)
        }
    }

    @Test func `on the page of the version mended lines are taken under any name`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let first = try await upload(Self.calls, named: "us.csv", browser).status.href ?? ""
            func form(_ file: String) -> String {
                "--xyz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n\(browser.formToken)\r\n--xyz\r\n"
                    + "Content-Disposition: form-data; name=\"file\"; filename=\"\(file)\"\r\n\r\n"
                    + (file.isEmpty
                        ? "" : Self.header + "Ann Lee,3,03/04/2026 11:00:00,Outbound,Busy,Busy\r\n")
                    + "\r\n--xyz--\r\n"
            }
            let type: HTTPFields = [.contentType: "multipart/form-data; boundary=xyz"]
            _ = try await browser.get(first)
            let none = try await browser.send(.post, "\(first)/mended", headers: type, body: form(""))
            #expect(none.status == 303 && none.location == first)
            #expect(try await browser.get(first).text.contains("No file was chosen"))
            let sent = try await browser.send(.post, "\(first)/mended", headers: type, body: form("fix.csv"))
            #expect(sent.status == 303 && sent.location.hasPrefix("/files/imports/"))
            let status = try await end(of: String(sent.location.split(separator: "/").last ?? ""), browser)
            #expect(status.text.contains("Joined “us.csv” as version 2"))
        }
    }

    @Test func `the same bytes lead to the version that holds them`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let first = try await upload(Self.calls, named: "us.csv", browser).status.href ?? ""
            let (id, again) = try await upload(Self.calls, named: "other.csv", browser)
            #expect(again.error?.code == "same-bytes" && again.error?.href == first)
            let page = try await browser.get("/files/imports/\(id)").text
            #expect(page.contains("href=\"\(first)\"") && page.contains("href=\"\(first)/read-again\""))
            #expect(try await browser.get("/files").text.contains("data-import-holder href=\"\(first)\""))
        }
    }

    @Test func `headings that changed are asked about once, and the answer is kept`() async throws {
        let site = try await TestSite()
        let renamed = Self.header.replacing("State", with: "Result")
        let path = Path()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let text = Self.calls.replacing(Self.header, with: renamed)
            let (id, asked) = try await upload(text, named: "new.csv", browser)
            #expect(asked.state == "question" && asked.text.contains("“State” is missing"), "\(asked)")
            path.text = "/files/imports/\(id)"
        }
        let again = try site.restarted()
        try await again.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let page = try await browser.get(path.text).text
            #expect(page.contains("Which column is which?"))
            var form = fields(page)
            #expect(form["column.agent"] == "Agent name" && form["column.state"] == "")
            let left = try await browser.post("\(path.text)/answer", form)
            #expect(left.status == 400 && left.text.contains("No column is chosen for “State”"))
            form["column.state"] = "Log Type"
            let twice = try await browser.post("\(path.text)/answer", form)
            #expect(twice.status == 400 && twice.text.contains("named twice"))
            #expect(fields(twice.text)["column.state"] == "Log Type")
            form["column.state"] = "Result"
            #expect(try await browser.post("\(path.text)/answer", form).status == 303)
            let id = String(path.text.split(separator: "/").last ?? "")
            #expect(try await end(of: id, browser).state == "done")
            let next = renamed + "Ann Lee,7,2026-04-05 09:00:00,Outbound,Lead,Busy\r\n"
            #expect(try await upload(next, named: "next.csv", browser).status.state == "done")
            try await browser.signIn("ann")
            #expect(try await browser.get("/activity").text.contains("State is “Result”"))
        }
    }

    @Test func `a refused reading leads back to its answers`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            // The beginning fits both orders, and a line behind what the preview looks at proves one.
            let many = (10..<26_000).map { "Ann Lee,\($0),03/04/2026 09:00:00,Outbound,Lead,Busy\r\n" }
            let text = Self.header + many.joined() + "Ann Lee,9,03/25/2026 09:00:00,Outbound,Lead,Busy\r\n"
            let first = try await upload(text, named: "us.csv", order: "", browser).status.href ?? ""
            var form = fields(try await browser.get("\(first)/read-again").text)
            #expect(form["dateOrder"] == "mdy")
            (form["dateOrder"], form["step"]) = ("dmy", "run")
            let run = try await browser.post("\(first)/read-again", form)
            let status = try await end(of: String(run.location.split(separator: "/").last ?? ""), browser)
            #expect(status.state == "refused" && status.text.contains("only be read month first"))
            let page = try await browser.get(run.location).text
            let link = try #require(value("href", page.components(separatedBy: "button-primary").last ?? ""))
            #expect(link.hasPrefix("\(first)/read-again?dateOrder=dmy"))
            let back = try await browser.get(link.replacing("&amp;", with: "&"))
            #expect(fields(back.text)["dateOrder"] == "dmy")
        }
    }
}
