import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Storage
import Synchronization
import Testing

@testable import Web

@Suite struct FileRoutesTests {
    private static let header = "Agent name,Call Log ID,Log Time,Log Type,State\r\n"
    private static let calls =
        header + "Ann Lee,1,2026-03-02 09:00:00,Outbound,Lead\r\n"
        + "\"Bo, Roy\",2,2026-03-02 09:01:00,Outbound,Busy\r\n"
        + "Ann Lee,3,yesterday,Outbound,Busy\r\n"

    /// Uploads by script and waits for the import's end; returns what programs are told.
    private func upload(_ text: String, named name: String, _ browser: TestBrowser) async throws -> Status {
        let answer = try await browser.send(
            .put, "/files/upload?name=\(name)", headers: [.csrfToken: browser.formToken], body: text)
        #expect(answer.status == 202, "\(answer.text)")
        let queued = try JSONDecoder().decode([String: String].self, from: Data(answer.text.utf8))
        while true {
            let told = try await browser.get("/api/v1/imports/\(queued["import"] ?? "")")
            let status = try JSONDecoder().decode(Status.self, from: Data(told.text.utf8))
            if ["done", "refused", "cancelled", "question"].contains(status.state) { return status }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private struct Status: Decodable {
        var state: String
        var text: String
        var href: String?
    }

    @Test func `a file is uploaded, shown with its rejects, and had back byte for byte`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let status = try await upload(Self.calls, named: "monday.csv", browser)
            #expect(status.state == "done")
            let page = try await browser.get(status.href ?? "")
            #expect(page.status == 200)
            #expect(
                page.text.contains("3 rows = 2 accepted + 0 duplicate + 0 changed + 1 rejected + 0 blank"))
            #expect(page.text.contains("yesterday"))
            let original = try await browser.get("\(status.href ?? "")/original.csv")
            #expect(original.text == Self.calls)
            let rejects = try await browser.get("\(status.href ?? "")/rejects.csv")
            #expect(rejects.text == "\u{feff}" + Self.header + "Ann Lee,3,yesterday,Outbound,Busy\r\n")
            #expect(try await browser.get("/files?q=mon").text.contains("monday.csv"))
            #expect(try await browser.get("/files?q=tue").text.contains("No file fits"))
        }
    }

    @Test func `the same bytes again are refused with the version that holds them`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            #expect(try await upload(Self.calls, named: "monday.csv", browser).state == "done")
            let again = try await upload(Self.calls, named: "other.csv", browser)
            #expect(again.state == "refused")
            #expect(again.text.contains("“monday.csv”, version 1"))
            let activity = try await site.store.countActivity(
                ActivityFilter(),
                for: Viewer(
                    user: site.users[.admin]?.id ?? Viewer.console.user, name: "", role: .admin, person: nil))
            #expect(activity > 0)
        }
    }

    @Test func `dates that can be read both ways wait for an answer`() async throws {
        let site = try await TestSite()
        let text = Self.header + "Ann Lee,1,03/04/2026 09:00:00,Outbound,Lead\r\n"
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let status = try await upload(text, named: "us.csv", browser)
            #expect(status.state == "question")
            let path = status.href ?? ""
            #expect(try await browser.get(path).text.contains("How are the dates written?"))
            let answer = try await browser.post("\(path)/answer", ["date_order": "mdy"])
            #expect(answer.status == 303)
            while true {
                let page = try await browser.get(path).text
                if page.contains("The file is in") {
                    #expect(page.contains("Wed 4 Mar 2026"))
                    break
                }
                #expect(!page.contains("was not taken in"), "\(page)")
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test func `a question about dates outlives a restart`() async throws {
        let site = try await TestSite()
        let incoming = site.store.folder.incoming
        let text = Self.header + "Ann Lee,1,03/04/2026 09:00:00,Outbound,Lead\r\n"
        let path = Mutex("")
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let status = try await upload(text, named: "us.csv", browser)
            #expect(status.state == "question")
            path.withLock { $0 = status.href ?? "" }
        }
        let orphan = FileManager.default.createFile(atPath: incoming + "/left-by-a-crash.csv", contents: nil)
        #expect(orphan)
        let again = try site.restarted()
        #expect(try FileManager.default.contentsOfDirectory(atPath: incoming).count == 2, "file, question")
        try await again.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let path = path.withLock { $0 }
            #expect(try await browser.get("/files").text.contains("us.csv"))
            #expect(try await browser.get(path).text.contains("How are the dates written?"))
            let answer = try await browser.post("\(path)/answer", ["date_order": "mdy"])
            #expect(answer.status == 303)
            while try await !browser.get(path).text.contains("The file is in") {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: incoming) == [])
    }

    @Test func `a file over the limit is refused and nothing of it stays`() async throws {
        let site = try await TestSite()
        try await site.store.changeBoxSettings(BoxSettings(uploadLimitMegabytes: 1), by: .console)
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            let answer = try await browser.send(
                .put, "/files/upload?name=big.csv", headers: [.csrfToken: browser.formToken],
                body: String(repeating: "x", count: 1_200_000))
            #expect(answer.status == 413)
            #expect(answer.text.contains("larger than 1 MB"))
            let left = try FileManager.default.contentsOfDirectory(atPath: site.store.folder.incoming)
            #expect(left == [])
        }
    }

    @Test func `with a wrong parameter an upload is refused and nothing of it stays`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            for wrong in ["delimiter=xx", "encoding=ebcdic", "dateOrder=dym", "headerLine=0"] {
                let answer = try await browser.send(
                    .put, "/files/upload?name=a.csv&\(wrong)", headers: [.csrfToken: browser.formToken],
                    body: Self.calls)
                #expect(answer.status == 400, "\(wrong): \(answer.text)")
                let left = try FileManager.default.contentsOfDirectory(atPath: site.store.folder.incoming)
                #expect(left == [], "\(wrong)")
            }
        }
    }

    @Test func `without script one form takes several files`() async throws {
        let site = try await TestSite()
        // Each is within the limit, and the form is not.
        try await site.store.changeBoxSettings(BoxSettings(uploadLimitMegabytes: 1), by: .console)
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("dan")
            func part(_ name: String, _ body: String, file: String? = nil) -> String {
                let name = "Content-Disposition: form-data; name=\"\(name)\""
                return "--xyz\r\n\(name)\(file.map { "; filename=\"\($0)\"" } ?? "")\r\n\r\n\(body)\r\n"
            }
            let second = Self.calls.replacing(",1,2026", with: ",11,2026")
            let body =
                part("csrf", browser.formToken) + part("source", "") + part("file", Self.calls, file: "a.csv")
                + part("file", second, file: "b.csv")
                + part("file", Self.calls + String(repeating: "\r\n", count: 400_000), file: "c.csv")
                + part("file", second + String(repeating: "\r\n", count: 400_000), file: "d.csv")
                + "--xyz--\r\n"
            let answer = try await browser.send(
                .post, "/files", headers: [.contentType: "multipart/form-data; boundary=xyz"], body: body)
            #expect(answer.status == 303)
            while try await site.store.archivedVersions().count < 4 {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await site.store.stateHash().calls == 3)
            let third = Self.calls.replacing(",1,2026", with: ",12,2026")
            let large = String(repeating: "\r\n", count: 600_000)
            let refused = try await browser.send(
                .post, "/files", headers: [.contentType: "multipart/form-data; boundary=xyz"],
                body: part("csrf", browser.formToken) + part("file", third, file: "e.csv")
                    + part("file", third + large, file: "f.csv") + "--xyz--\r\n")
            #expect(
                refused.status == 413 && refused.text.contains("The file before it in the form was taken"))
            while try await site.store.archivedVersions().count < 5 {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test func `who may not see files finds none, and none is taken from him`() async throws {
        let site = try await TestSite()
        for user in ["tom", "lea", "al"] {
            try await site.run(siteRoutes, over: .live) { browser in
                try await browser.signIn(user)
                #expect(try await browser.get("/files").status == 404)
                let answer = try await browser.send(
                    .put, "/files/upload?name=a.csv", headers: [.csrfToken: browser.formToken],
                    body: Self.calls)
                #expect(answer.status == 404)
            }
        }
        #expect(try await site.store.archivedVersions().isEmpty)
    }
}
