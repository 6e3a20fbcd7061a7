import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ingest
import Storage
import TestSupport
import Testing

@testable import Web

/// The storage page, and what people are told and refused when the disk gets full.
@Suite struct StorageUseRoutesTests {
    private static let calls =
        "Agent name,Call Log ID,Log Time,Log Type,State\r\nAnn Lee,1,2026-03-02 09:00:00,Outbound,Lead\r\n"

    private func take(_ text: String, file name: String, _ site: TestSite) throws {
        let incoming = try IncomingFile(
            folder: site.store.folder, ids: .system, clock: .system, limit: .max)
        try Array(text.utf8).withUnsafeBytes { try incoming.append($0) }
        _ = try importFile(
            ImportRequest(file: try incoming.finish(), fileName: name), into: site.store, by: .console)
    }

    @Test func `what takes the space is listed, page by page, by file and by version`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("dan")
            let empty = try await browser.get(Paths.storage).text
            #expect(empty.contains("No files yet") && empty.contains("Cannot be said yet"))
            #expect(!empty.contains("Change the marks"), "that is the admin's")
        }
        for number in 0..<55 {
            try take(Self.calls.replacing(",1,2026", with: ",\(number),2026"), file: "f\(number).csv", site)
        }
        try take(Self.calls.replacing(",1,2026", with: ",777,2026"), file: "f7.csv", site)
        try await site.run { browser in
            try await browser.signIn("ann")
            let first = try await browser.get(Paths.storage).text
            #expect(first.contains("1–50 of 55") && first.contains("500\u{a0}GB"))
            #expect(first.contains(#"aria-current="page">Storage</a>"#))
            #expect(!first.contains(#"aria-current="page">All files</a>"#))
            #expect(first.contains("Change the marks"))
            #expect(try await browser.get(Paths.storage + "?offset=50").text.contains("51–55 of 55"))
            let versions = try await browser.get(Paths.storage + "?rows=versions").text
            #expect(versions.contains("1–50 of 56") && versions.contains("rows=versions&amp;offset=50"))
            #expect(try await browser.get(Paths.files).text.contains(#"aria-current="page">All files</a>"#))
            for user in ["tom", "lea", "al"] {
                let other = browser.another()
                try await other.signIn(user)
                #expect(try await other.get(Paths.storage).status == 404)
            }
        }
    }

    @Test func `what restores replaced is shown, and all but the last one can be removed`() async throws {
        let site = try await TestSite()
        let place = site.store.folder.replaced
        @Sendable func keep(_ name: String, _ size: Int) throws {
            try FileManager.default.createDirectory(
                atPath: "\(place)/\(name)/Files", withIntermediateDirectories: true)
            try Data(count: size).write(to: URL(fileURLWithPath: "\(place)/\(name)/rollcall.sqlite"))
        }
        try await site.run { browser in
            try await browser.signIn("ann")
            #expect(!(try await browser.get(Paths.storage).text.contains("last restore")))
            try keep("20260101T060000Z", 3_000_000)
            try keep("20260201T060000Z", 2_000_000)
            try keep("20260301T060000Z", 1_000_000)
            let page = try await browser.get(Paths.storage).text
            #expect(
                page.contains("2 older ones") && page.contains("data-confirm") && page.contains("5.0\u{a0}MB")
            )
            let other = browser.another()
            try await other.signIn("dan")
            let seen = try await other.get(Paths.storage).text
            #expect(seen.contains("2 older ones") && !seen.contains(Paths.storageReplaced))
            #expect(try await other.post(Paths.storageReplaced).status == 404)
            #expect(try FileManager.default.contentsOfDirectory(atPath: place).count == 3)
            #expect(try await browser.post(Paths.storageReplaced).status == 303)
            #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["20260301T060000Z"])
            let after = try await browser.get(Paths.storage).text
            #expect(after.contains("last restore") && !after.contains("older one"))
            #expect(try await browser.get(Paths.activity).text.contains("2 replaced offices"))
            // Nothing older is there: the last one stays.
            #expect(try await browser.post(Paths.storageReplaced).status == 303)
            #expect(try FileManager.default.contentsOfDirectory(atPath: place).count == 1)
        }
    }

    @Test func `below the first mark people are told, below the second nothing more is taken in`()
        async throws
    {
        let site = try await TestSite()
        try take(Self.calls, file: "before.csv", site)
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("ann")
            for path in [Paths.files, Paths.storage, Paths.home] {
                #expect(try await !browser.get(path).text.contains("The disk is"), "\(path)")
            }
            site.disk.set(freeMegabytes: 3000)
            for path in [Paths.files, Paths.storage, Paths.home] {
                let page = try await browser.get(path).text
                #expect(page.contains("The disk is getting full") && page.contains("3.0\u{a0}GB"), "\(path)")
            }
            #expect(try await browser.get(Paths.metrics).text.contains("rollcall_disk_level 1\n"))
            let leader = browser.another()
            try await leader.signIn("lea")
            #expect(try await !leader.get(Paths.home).text.contains("The disk is"))

            site.disk.set(freeMegabytes: 400)
            let metrics = try await browser.get(Paths.metrics).text
            #expect(metrics.contains("rollcall_disk_level 2\n"))
            #expect(metrics.contains("rollcall_disk_free_bytes 400000000\n"))
            for path in [Paths.files, Paths.storage, Paths.home] {
                #expect(try await browser.get(path).text.contains("No file is taken in"), "\(path)")
            }
            #expect(try await browser.get(Paths.storage).text.contains("no longer"))
            let byScript = try await browser.send(
                .put, "/files/upload?name=a.csv",
                headers: [.csrfToken: browser.formToken, .accept: "application/json"], body: Self.calls)
            #expect(byScript.status == 507 && byScript.text.contains("400 MB free"))
            #expect(byScript.text.contains("1000 MB") && byScript.text.contains("Storage"))
            let byProgram = try await browser.send(
                .post, Paths.apiFiles + "?name=a.csv", headers: [.csrfToken: browser.formToken],
                body: Self.calls)
            #expect(byProgram.status == 507 && byProgram.text.contains("disk-full"))
            let name = "Content-Disposition: form-data; name="
            let form =
                "--xyz\r\n\(name)\"csrf\"\r\n\r\n\(browser.formToken)\r\n--xyz\r\n\(name)\"file\"; filename=\"a.csv\"\r\n\r\n\(Self.calls)\r\n--xyz--\r\n"
            let byForm = try await browser.send(
                .post, Paths.files, headers: [.contentType: "multipart/form-data; boundary=xyz"], body: form)
            #expect(byForm.status == 507 && byForm.text.contains("400 MB free"))
            #expect(byForm.text.contains(#"href="/files/storage""#))
            #expect(try FileManager.default.contentsOfDirectory(atPath: site.store.folder.incoming) == [])
            // Everything that reads goes on, and so do other changes.
            let file = try #require(try site.store.archivedVersionsNow().first).uploaded.file.description
            #expect(try await browser.get(Paths.fileOriginal(file, "1")).text == Self.calls)
            #expect(try await browser.get(Paths.agents).status == 200)
            let saved = try await browser.post(
                Paths.boxSettings,
                [
                    "idleMinutes": "30", "hours": "12", "uploadMegabytes": "200", "warnPercent": "0",
                    "warnMegabytes": "500", "refuseMegabytes": "100",
                ])
            #expect(saved.status == 303)
            let after = try await browser.send(
                .put, "/files/upload?name=a.csv", headers: [.csrfToken: browser.formToken], body: Self.calls)
            #expect(after.status == 202)
        }
    }

    @Test func `marks and retention are settings, kept as typed when they are wrong`() async throws {
        let site = try await TestSite()
        try take(Self.calls.replacing("2026-03-02", with: "2024-03-02"), file: "old.csv", site)
        try await site.run { browser in
            try await browser.signIn("ann")
            let wrong = try await browser.post(
                Paths.boxSettings,
                [
                    "idleMinutes": "30", "hours": "12", "uploadMegabytes": "200", "warnPercent": "7",
                    "warnMegabytes": "50", "refuseMegabytes": "60",
                ])
            #expect(wrong.status == 400 && wrong.text.contains("cannot be refused below 60 MB"))
            #expect(wrong.text.contains(#"name="warnPercent" type="number" min="0" max="50" value="7""#))
            let office = [
                "office": "Sample", "timeZone": "Europe/Berlin", "cutOver": "00:00", "maxGap": "10",
            ]
            #expect(try await browser.get(Paths.storage).text.contains("No age is set"))
            for months in ["0", "many"] {
                let answer = try await browser.post(
                    Paths.settings, office.merging(["retentionMonths": months]) { $1 })
                #expect(answer.status == 400 && answer.text.contains("value=\"\(months)\""))
            }
            let set = try await browser.post(
                Paths.settings, office.merging(["retentionMonths": "12"]) { $1 })
            #expect(set.status == 303)
            let page = try await browser.get(Paths.storage).text
            #expect(page.contains("The last day of 1 version is older than 12 months"))
            #expect(page.contains(#"href="/deletions/new?retention=1""#))
            let activity = try await browser.get(Paths.activity).text
            #expect(activity.contains("Files proposed for deletion"))
            // What another form does not ask for stays.
            #expect(try await browser.post(Paths.settings, office).status == 303)
            #expect(try await browser.get(Paths.settings).text.contains(#"max="600" value="12""#))
            let off = try await browser.post(Paths.settings, office.merging(["retentionMonths": ""]) { $1 })
            #expect(off.status == 303)
            #expect(try await browser.get(Paths.storage).text.contains("No age is set"))
        }
    }

    @Test func `a recovered file is shown with its uploader and his time, and the activity says so`()
        async throws
    {
        let lost = try await ImportOffice(clock: Clock { Instant(milliseconds: 1_790_000_000_000) })
        try lost.take(Self.calls.utf8, file: "monday.csv", by: Actor(user: nil, name: "Old Hand", via: "web"))
        let site = try await TestSite()
        _ = try await recoverFiles(from: lost.folder.files, into: site.store, by: .console)
        try await site.run { browser in
            try await browser.signIn("ann")
            let files = try await browser.get(Paths.files).text
            #expect(files.contains("Old Hand") && files.contains("Mon 21 Sep 2026"))
            let activity = try await browser.get(Paths.activity).text
            #expect(activity.contains("recovered") && activity.contains("by Old Hand"))
        }
    }
}
