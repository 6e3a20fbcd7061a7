import Domain
import Formats
import Foundation
import HTTPTypes
import HummingbirdTesting
import Ingest
import Logging
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import Web

/// The page of the backups, the service that makes them, and who is told when they fail.
@Suite struct BackupTests {
    private func backups(_ site: TestSite) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: site.store.folder.backups).sorted()
    }

    /// The service as the server runs it, for so long.
    private func serve(_ site: TestSite, until isDone: @escaping @Sendable () throws -> Bool) async throws {
        let service = BackupService(
            work: site.site.backups, logger: Logger(label: "test"), pulse: .milliseconds(5))
        try await running(service.run) {
            let isThere = try await comes { try isDone() && site.site.backups.progress == nil }
            #expect(isThere)
        }
    }

    @Test func `an admin makes one, tries it, takes it away, and nobody else does`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("ann")
            let empty = try await browser.get(Paths.backups).text
            #expect(empty.contains("No backup yet") && empty.contains("None yet"))
            #expect(empty.contains("rollcall restore FILE") && empty.contains("by anybody"))
            #expect(try await browser.post(Paths.backups).status == 303)
            let page = try await browser.get(Paths.backups).text
            #expect(!empty.contains("Last backup"))
            site.time.pass(seconds: 1200)
            #expect(try await browser.get(Paths.users).text.contains(">Last backup 20 minutes ago</a>"))
            let name = try #require(try backups(site).first)
            #expect(page.contains(name) && page.contains("A backup was made") && page.contains("Whole"))
            #expect(try await browser.post(Paths.backupDrill).status == 303)
            #expect(try await browser.get(Paths.backups).text.contains("The backup was tried"))
            let path = Paths.backupFile(name)
            let file = try await browser.get(path)
            #expect(file.headers[.contentDisposition]?.contains(name) == true)
            let bytes = try FileManager.default.attributesOfItem(
                atPath: site.store.folder.backups + "/" + name)[.size]
            #expect(file.headers[.contentLength] == "\((bytes as? NSNumber)?.intValue ?? -1)")
            #expect(try backups(site) == [name], "a download takes nothing away")
            #expect(try await browser.get(Paths.activity).text.contains("downloaded the backup"))
            for bad in ["..%2Frollcall.sqlite", "none.rollcall", "rollcall.sqlite"] {
                #expect(try await browser.get(Paths.backupFile(bad)).status == 404, "\(bad)")
            }
            for user in ["dan", "tom", "lea", "al"] {
                let other = browser.another()
                try await other.signIn(user)
                for path in [Paths.backups, path, Paths.backupsAPI] {
                    #expect(try await other.get(path).status == 404, "\(user) \(path)")
                }
                #expect(try await other.post(Paths.backups).status == 404)
                #expect(try await !other.get(Paths.home).text.contains("Last backup"))
            }
            #expect(try backups(site) == [name])
        }
    }

    /// A page two weeks and two days later, with a backup of that day.
    private func later(_ site: TestSite, _ browser: TestBrowser) async throws -> String {
        site.time.pass(seconds: 16 * 86_400)
        try await browser.signIn("ann")
        #expect(try await browser.post(Paths.backups).status == 303)
        return try await browser.get(Paths.users).text
    }

    @Test func `on every page it says that no backup was restored for trial for long`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            let first = try await later(site, browser)
            #expect(first.contains("No backup has ever been restored for trial."))
            #expect(try await browser.post(Paths.backupDrill).status == 303)
            #expect(try await browser.get(Paths.users).text.contains("Last backup"))
            #expect(try await later(site, browser).contains("No backup was restored for trial for 16 days."))
        }
    }

    @Test func `programs read how they stand, and make one`() async throws {
        let site = try await TestSite()
        let ann = try #require(site.users[.admin])
        let token = try await site.store.makeToken(for: ann.id, name: "robot", days: 3, by: .console)
        try await site.run { browser in
            let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
            let made = try await browser.send(.post, Paths.backupsAPI, headers: bearer)
            #expect(made.status == 202)
            let read = try await browser.get(Paths.backupsAPI, headers: bearer)
            let json = try JSONSerialization.jsonObject(with: Data(read.text.utf8)) as? [String: Any]
            let first = (json?["backups"] as? [[String: Any]])?.first
            #expect(first?["verified"] as? Bool == true && first?["sealed"] as? Bool == false)
            #expect(json?["running"] as? Bool == false && json?["on"] as? Bool == true)
            #expect(first?["name"] as? String == (try backups(site).first))
        }
    }

    @Test func `settings and passphrase are taken, and kept as typed when they are wrong`() async throws {
        let site = try await TestSite()
        let stick = FileManager.default.temporaryDirectory.path + "/rollcall-stick-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: stick) }
        try await site.run { browser in
            try await browser.signIn("ann")
            let wrong = try await browser.post(
                Paths.backupSettings, ["pace": "hourly", "isOn": "yes", "folder": stick])
            #expect(wrong.status == 400 && wrong.text.contains("There is no folder"))
            #expect(wrong.text.contains("value=\"\(stick)\""))
            #expect(wrong.text.contains(#"value="hourly" selected"#))
            try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: false)
            let saved = try await browser.post(
                Paths.backupSettings, ["pace": "hourly", "isOn": "yes", "folder": stick])
            #expect(saved.status == 303)
            let settings = try await site.store.officeState()?.settings.backups
            #expect(settings == BackupSettings(pace: .hourly, drills: false, folder: stick))
            // The limits form of another page leaves them alone.
            _ = try await browser.post(
                Paths.boxSettings, ["idleMinutes": "31", "hours": "12", "uploadMegabytes": "200"])
            #expect(try await site.store.officeState()?.settings.backups == settings)
            let words = "four brown horses run"
            for (one, other) in [("short", "short"), (words, words + "s")] {
                let refused = try await browser.post(
                    Paths.backupPassphrase, ["passphrase": one, "again": other])
                #expect(refused.status == 400 && !refused.text.contains(words))
            }
            _ = try await browser.post(Paths.backupPassphrase, ["passphrase": words, "again": words])
            let page = try await browser.get(Paths.backups).text
            #expect(page.contains("Backups are sealed") && !page.contains(words))
            _ = try await browser.post(Paths.backups)
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: stick).first { $0.hasSuffix(".rollcall") }
            )
            #expect(throws: UserError.self) { try verifySnapshot(stick + "/" + file) }
            _ = try verifySnapshot(stick + "/" + file, opener: .passphrase(words))
            #expect(try await browser.post(Paths.backupPassphrase, ["remove": "yes"]).status == 303)
            #expect(try await browser.get(Paths.backups).text.contains("Not sealed"))
            let activity = try await browser.get(Paths.activity).text
            #expect(activity.contains("took the passphrase for backups away"))
            #expect(activity.contains("changed when backups are made"))
            #expect(!activity.contains(words))
        }
    }

    @Test func `a backup from before another passphrase was set is no alarm`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("ann")
            _ = try await browser.post(Paths.backups)
            let words = "four brown horses run"
            _ = try await browser.post(Paths.backupPassphrase, ["passphrase": words, "again": words])
            // An open one opens all the same.
            _ = try await browser.post(Paths.backupDrill)
            #expect(try await browser.get(Paths.backups).text.contains("The backup was tried"))
            site.time.pass(seconds: 8 * 86_400)
            try await browser.signIn("ann")
            _ = try await browser.post(Paths.backups)
            let other = "five white horses run"
            _ = try await browser.post(Paths.backupPassphrase, ["passphrase": other, "again": other])
            #expect(try site.site.backups.due() != .drill)
            #expect(try await browser.post(Paths.backupDrill).status == 303)
            let page = try await browser.get(Paths.backups).text
            #expect(
                page.contains("sealed with another passphrase") && !page.contains("trial of a backup failed"))
            #expect(throws: UserError.self) { try drillLastBackup(of: site.store, by: .console) }
            let failures = try await site.store.backupState(for: .console).failures
            #expect(failures.isEmpty)
            site.time.pass(seconds: 60)
            _ = try await browser.post(Paths.backups)
            #expect(try await browser.post(Paths.backupDrill).status == 303)
            #expect(try await browser.get(Paths.backups).text.contains("The backup was tried"))
        }
    }

    @Test func `what lies there without a record is shown as it is, and never said to be tried`() async throws
    {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("ann")
            let words = "four brown horses run"
            _ = try await browser.post(Paths.backupPassphrase, ["passphrase": words, "again": words])
            _ = try await browser.post(Paths.backups)
            let name = try #require(try backups(site).first)
            // As after a restore: the file is there, and the journal knows nothing of it.
            let other = "elsewhere-20260101T000000Z.rollcall"
            let folder = site.store.folder.backups + "/"
            try FileManager.default.moveItem(atPath: folder + name, toPath: folder + other)
            let page = try await browser.get(Paths.backups).text
            #expect(page.contains(other) && page.contains("No record here"))
            #expect(page.contains(#"data-label="Sealed">Yes"#) && !page.contains("Try the last one now"))
            _ = try await browser.get(Paths.backupFile(other))
            #expect(try await !browser.get(Paths.activity).text.contains("It is not sealed"))
            #expect(try await browser.post(Paths.backupDrill).status == 303)
            let tried = try await browser.get(Paths.backups).text
            #expect(!tried.contains("The backup was tried") && tried.contains("There is no backup to try"))
        }
        // By itself nothing is tried where there is nothing to try; the next backup is.
        site.time.pass(seconds: 8 * 86_400)
        #expect(try site.site.backups.due() == .backup)
        try site.site.store.record(
            BackupMade(name: "gone.rollcall", bytes: 1, entries: 1, files: 0, calls: 0, isSealed: false),
            by: .program)
        site.time.pass(seconds: 3600)
        #expect(try site.site.backups.due() == nil)
    }

    @Test func `a folder whose disk was replaced is used again when somebody says so`() async throws {
        let site = try await TestSite()
        let stick = FileManager.default.temporaryDirectory.path + "/rollcall-stick-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: stick) }
        let settings = ["pace": "daily", "isOn": "yes", "folder": stick]
        try await site.run { browser in
            try await browser.signIn("ann")
            _ = try await browser.post(Paths.backupSettings, settings)
            #expect(try await !browser.get(Paths.backups).text.contains("as it is now"))
            try FileManager.default.removeItem(atPath: stick + "/" + BackupPlace.mark)
            let page = try await browser.get(Paths.backups).text
            #expect(page.contains("Mount the disk.") && page.contains("name=\"asItIs\""))
            // To save something else must not take a mount point without its disk for the folder.
            _ = try await browser.post(Paths.backupSettings, settings)
            #expect(try await browser.get(Paths.backups).text.contains("Saved, but no backup can be made"))
            _ = try await browser.post(
                Paths.backupSettings, settings.merging(["asItIs": "yes"]) { $1 })
            #expect(try await !browser.get(Paths.backups).text.contains("Mount the disk."))
            _ = try await browser.post(Paths.backups)
            #expect(try FileManager.default.contentsOfDirectory(atPath: stick).count == 2)
        }
    }

    @Test func `they are made by themselves, tried once a week, and old ones go`() async throws {
        let site = try await TestSite()
        #expect(try site.site.backups.due() == nil, "not before the server has settled")
        site.time.pass(seconds: BackupState.afterStart + 1)
        try await serve(site) { try site.store.backupStateNow().drilled != nil }
        #expect(try backups(site).count == 1)
        // Nothing is due for a day.
        site.time.pass(seconds: 23 * 3600)
        #expect(try site.site.backups.due() == nil)
        site.time.pass(seconds: 3600)
        let last = try site.store.backupStateNow().last
        try await serve(site) { try site.store.backupStateNow().last != last }
        #expect(try backups(site).count == 2)
        let drilled = try site.store.backupStateNow().drilled
        for _ in 0..<8 {
            site.time.pass(seconds: 86_401)
            let last = try site.store.backupStateNow().last
            try await serve(site) { try site.store.backupStateNow().last != last }
        }
        try await serve(site) { try site.store.backupStateNow().drilled != drilled }
        #expect(try site.store.backupStateNow().drilled != drilled)
    }

    @Test func `a failure is told on every page of who can mend it, and to monitors`() async throws {
        let site = try await TestSite()
        try await site.run(siteRoutes, over: .live) { browser in
            try await browser.signIn("ann")
            #expect(try await !browser.get(Paths.users).text.contains(">Backups</a></p>"))
            site.disk.set(freeMegabytes: 100)
            _ = try await browser.post(Paths.backups)
            let page = try await browser.get(Paths.backups).text
            #expect(page.contains("There is no room for a backup") && page.contains("Look here"))
            for path in [Paths.users, Paths.home, Paths.activity] {
                #expect(
                    try await browser.get(path).text.contains("There is no room for a backup"), "\(path)")
            }
            let leader = browser.another()
            try await leader.signIn("lea")
            #expect(try await !leader.get(Paths.home).text.contains("There is no room"))
            let metrics = try await browser.get(Paths.metrics).text
            #expect(metrics.contains("rollcall_backup_failed 1\n"))
            site.disk.set(freeMegabytes: 500_000)
            _ = try await browser.post(Paths.backups)
            #expect(try await !browser.get(Paths.home).text.contains("There is no room"))
            #expect(try await browser.get(Paths.metrics).text.contains("rollcall_backup_failed 0\n"))
            #expect(try await browser.get(Paths.metrics).text.contains("rollcall_backup_age_seconds 0\n"))
            site.time.pass(seconds: 27 * 3600)
            try await browser.signIn("ann")
            #expect(try await browser.get(Paths.home).text.contains("The last backup is 27 hours old."))
        }
    }
}
