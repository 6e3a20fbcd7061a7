import Domain
import Foundation
import HTTPTypes
import Ingest
import Storage
import TestSupport
import Testing

@testable import Web

/// Asking, approving, restoring and holding as the pages do it; dan does data entry, ann is the only admin.
@Suite struct DeleteRequestRouteTests {
    private static let calls =
        "Agent name,Call Log ID,Log Time,Log Type,State\r\nAnn Lee,1,2024-03-02 09:00:00,Outbound,Lead\r\nAnn Lee,2,2024-03-03 09:00:00,Outbound,Lead\r\n"

    private func take(_ text: String, file name: String, _ site: TestSite) throws -> FileUploaded {
        let incoming = try IncomingFile(
            folder: site.store.folder, ids: .system, clock: .system, limit: .max)
        try Array(text.utf8).withUnsafeBytes { try incoming.append($0) }
        return try importFile(
            ImportRequest(file: try incoming.finish(), fileName: name), into: site.store, by: .console
        ).upload
    }

    @Test func `what is asked for is shown first, and another approves it`() async throws {
        let site = try await TestSite()
        let file = try take(Self.calls, file: "march.csv", site).file.description
        let before = try await site.store.countedCalls()
        try await site.run { browser in
            try await browser.signIn("dan")
            let form = try await browser.get(Paths.newDeletion + "?file=\(file)&version=1&day=2024-03-02")
                .text
            #expect(form.contains("march.csv") && form.contains(#"value="2024-03-02" checked"#))
            // Days and all of it at once is asked about, and what was typed stays.
            let both = try await browser.post(
                Paths.newDeletion,
                ["file": file, "version": "1", "what": "all", "day": "2024-03-02", "reason": "twice"])
            #expect(both.status == 400 && both.text.contains("days are chosen too"))
            #expect(both.text.contains(">twice</textarea>"))
            let none = try await browser.post(
                Paths.newDeletion, ["file": file, "version": "1", "what": "days", "reason": "twice"])
            #expect(none.status == 400 && none.text.contains("No day was chosen"))

            let planned = try await browser.post(
                Paths.newDeletion, ["file": file, "version": "1", "what": "days", "day": "2024-03-02"])
            #expect(planned.status == 303)
            let plan = try await browser.get(planned.location).text
            #expect(plan.contains("Delete Sat 2 Mar 2024 of march.csv, version 1?"))
            #expect(plan.contains("Nothing is deleted yet"))
            let unsaid = try await browser.post(planned.location + "/ask", ["reason": " "])
            #expect(unsaid.status == 400 && unsaid.text.contains("needs a reason"))
            let asked = try await browser.post(planned.location + "/ask", ["reason": "sent twice"])
            #expect(asked.status == 303 && asked.location.hasPrefix("/deletions/"))
            #expect(try await browser.post(asked.location + "/steps/approve").status == 404)
            #expect(try await browser.post(asked.location + "/steps/restore").status == 404)
            // Somebody else's plan is nobody's business, and a leader's neither.
            let other = browser.another()
            try await other.signIn("lea")
            #expect(try await other.get(asked.location).status == 404)

            let admin = browser.another()
            try await admin.signIn("ann")
            #expect(try await admin.get(planned.location).status == 404)
            #expect(try await admin.get(Paths.deletions).text.contains("Waiting for you"))
            #expect(try await site.store.countedCalls() == before)
            #expect(try await admin.post(asked.location + "/steps/approve").status == 303)
            #expect(try await site.store.countedCalls() == before - 1)
            #expect(try await admin.get(Paths.deletionTrash).text.contains("Purged in 30 days"))
            let silent = try await admin.post(asked.location + "/steps/restore")
            #expect(silent.status == 400 && silent.text.contains("needs a comment"))
            let back = try await admin.post(asked.location + "/steps/restore", ["comment": "was right"])
            #expect(back.status == 303)
            #expect(try await site.store.countedCalls() == before)
            #expect(
                try await admin.get(Paths.deletionCertificate(String(asked.location.dropFirst(11)))).status
                    == 404)
        }
    }

    @Test func `an only admin waits a day and types the name; a hold stops everybody`() async throws {
        let site = try await TestSite()
        let file = try take(Self.calls, file: "march.csv", site).file.description
        try await site.run { browser in
            try await browser.signIn("ann")
            func ask() async throws -> String {
                let plan = try await browser.post(
                    Paths.newDeletion, ["file": file, "version": "1", "what": "all"])
                let asked = try await browser.post(plan.location + "/ask", ["reason": "wrong list"])
                #expect(asked.status == 303, "\(asked.text)")
                return asked.location
            }
            let request = try await ask()
            let early = try await browser.post(request + "/steps/approve", ["typedName": "march.csv"])
            #expect(early.status == 409 && early.text.contains("24 hours after"))
            site.time.pass(seconds: 25 * 3600)
            try await browser.signIn("ann")
            let wrong = try await browser.post(request + "/steps/approve", ["typedName": "march"])
            #expect(wrong.status == 400 && wrong.text.contains("is not “march.csv”"))

            let unsaid = try await browser.post(Paths.deleteHolds, ["file": file, "reason": ""])
            #expect(unsaid.status == 400 && unsaid.text.contains("needs a reason"))
            let held = try await browser.post(Paths.deleteHolds, ["file": file, "reason": "the court asks"])
            #expect(held.status == 303)
            let stopped = try await browser.post(request + "/steps/approve", ["typedName": "march.csv"])
            #expect(stopped.status == 409 && stopped.text.contains("the court asks"))
            let page = try await browser.get(Paths.deleteHolds).text
            let lift = try #require(page.firstMatch(of: #/action="(/deletions/holds/[^"]*/lift)"/#)).1
            #expect(try await browser.post(String(lift)).status == 400)
            #expect(try await browser.post(String(lift), ["comment": "decided"]).status == 303)
            let done = try await browser.post(request + "/steps/approve", ["typedName": "march.csv"])
            #expect(done.status == 303)
            #expect(try await browser.get(request).text.contains("Single admin"))
        }
    }

    @Test func `what is past the retention period is asked for in one request`() async throws {
        let site = try await TestSite()
        let old = try take(Self.calls, file: "march.csv", site)
        try await site.run { browser in
            try await browser.signIn("ann")
            let none = try await browser.get(Paths.newDeletion + "?retention=1")
            #expect(none.status == 303 && none.location == Paths.storage)
            let set = try await browser.post(
                Paths.settings,
                [
                    "office": "Sample", "timeZone": "Europe/Berlin", "cutOver": "00:00", "maxGap": "10",
                    "retentionMonths": "12",
                ])
            #expect(set.status == 303)
            let form = try await browser.get(Paths.newDeletion + "?retention=1").text
            let place = "\(old.file)/\(old.version)"
            #expect(form.contains("march.csv, version 1") && form.contains("value=\"\(place)\""))
            let plan = try await browser.post(
                Paths.newDeletion, ["retention": "1", "place": place, "reason": "old"])
            #expect(plan.status == 303)
            let asked = try await browser.post(plan.location + "/ask", ["reason": "old"])
            #expect(asked.status == 303)
            #expect(try await browser.get(asked.location).text.contains("march.csv, version 1"))
        }
    }
}
