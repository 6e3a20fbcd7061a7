import Domain
import Formats
import Foundation
import HTTPTypes
import Ingest
import Storage
import Testing

@testable import Web

/// The page Exchange, and what an office's token opens.
@Suite struct ExchangePageTests {
    private static let key = String(repeating: "ab", count: 32)

    /// A site that another office is paired with.
    private func paired() async throws -> (TestSite, ID<Office>) {
        let site = try await TestSite(isSecure: true)
        let office: ID<Office> = site.store.ids.next(at: site.store.clock.now())
        try await site.store.pair(office, name: "North", key: Self.key, for: .console, by: .console)
        return (site, office)
    }

    private func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }

    @Test func `an office's token opens the exchange, and nothing else of the site`() async throws {
        let (site, office) = try await paired()
        let secret = try await site.store.makeExchangeToken(of: office, for: .console, by: .console)
        try await site.run { client in
            for route in siteRoutes {
                let path = route.path.split(separator: "/", omittingEmptySubsequences: false).map { part in
                    part.hasPrefix(":") ? String(repeating: "0", count: 64) : String(part)
                }.joined(separator: "/")
                let what = "\(route.method) \(route.path)"
                switch route.access {
                case .office:
                    let answer = try await client.another().send(
                        route.method, path, headers: bearer(secret))
                    #expect(answer.status != 401 && answer.status != 403, "\(what): \(answer.status)")
                    for token in ["", secret + "x", String(secret.dropLast()), "rollcall_" + secret] {
                        let refused = try await client.another().send(
                            route.method, path, headers: bearer(token))
                        #expect(refused.status == 401, "\(what) with “\(token)”: \(refused.status)")
                    }
                    // A browser is never another office's program.
                    for (name, value) in [("Origin", "http://localhost"), ("Sec-Fetch-Site", "same-origin")] {
                        var headers = bearer(secret)
                        headers[HTTPField.Name(name) ?? .cookie] = value
                        let browser = try await client.another().send(route.method, path, headers: headers)
                        #expect(browser.status == 403, "\(what) from a browser: \(browser.status)")
                    }
                case .needs, .box:
                    let answer = try await client.another().send(
                        route.method, path, headers: bearer(secret))
                    #expect(
                        [401, 303, 403].contains(answer.status)
                            || route.access == .box(.verifyOffice), "\(what): \(answer.status)")
                case .anyone, .file: break
                }
            }
        }
    }

    @Test func `a person's token and session open nothing of the exchange`() async throws {
        let (site, _) = try await paired()
        let admin = try #require(site.users[.admin])
        let token = try await site.store.makeToken(for: admin.id, name: "x", days: 1, by: .console)
        try await site.run { browser in
            try await browser.signIn("ann")
            #expect(try await browser.get(Paths.exchangeAPI).status == 401)
            #expect(try await browser.another().get(Paths.exchangeAPI, headers: bearer(token)).status == 401)
        }
    }

    @Test func `without TLS nobody gets or uses a token`() async throws {
        let site = try await TestSite()
        let office: ID<Office> = site.store.ids.next(at: site.store.clock.now())
        try await site.store.pair(office, name: "North", key: Self.key, for: .console, by: .console)
        let secret = try await site.store.makeExchangeToken(of: office, for: .console, by: .console)
        try await site.run { browser in
            #expect(try await browser.another().get(Paths.exchangeAPI, headers: bearer(secret)).status == 401)
            try await browser.signIn("ann")
            #expect(try await browser.get(Paths.exchange).text.contains("without TLS"))
            #expect(try await browser.post(Paths.exchangeToken(office.description)).status == 409)
        }
    }

    @Test func `an admin makes a token, which is shown once, and revokes it`() async throws {
        let (site, office) = try await paired()
        try await site.run { browser in
            try await browser.signIn("ann")
            let page = try await browser.post(Paths.exchangeToken(office.description))
            #expect(page.status == 200)
            let match = page.text.firstMatch(of: /rollcall-exchange\.[^<]+/)
            let token = try ExchangeToken(String(try #require(match).output))
            #expect(try await site.store.exchangeBearer(token.secret)?.office == office)
            #expect(!(try await browser.get(Paths.exchange).text.contains(token.secret)))
            #expect(try await browser.post(Paths.exchangeTokenRevoke(office.description)).status == 303)
            #expect(try await site.store.exchangeBearer(token.secret) == nil)
            #expect(try await browser.post(Paths.exchangeTokenRevoke(office.description)).status == 404)
        }
    }

    @Test func `the folder and the times are set, and what is wrong with them is said`() async throws {
        let (site, _) = try await paired()
        let folder = site.store.folder.path + "-shared"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await site.run { browser in
            try await browser.signIn("ann")
            _ = try await browser.get(Paths.exchange)
            let own = ["how": "minutes", "minutes": "30", "folder": site.store.folder.path + "/Files"]
            #expect(try await browser.post(Paths.exchangeFolder, own).text.contains("own data folder"))
            let nowhere = ["how": "minutes", "minutes": "30", "folder": "/nowhere/at/all"]
            let refused = try await browser.post(Paths.exchangeFolder, nowhere)
            #expect(refused.status == 422 && refused.text.contains("is not there"))
            #expect(refused.text.contains("/nowhere/at/all"), "what was typed is gone")
            let good = ["how": "daily", "at": "03:30", "minutes": "", "folder": folder + "/"]
            #expect(try await browser.post(Paths.exchangeFolder, good).status == 303)
            #expect(try await browser.post(Paths.exchangeNetwork, ["how": "hand"]).status == 303)
            let settings = try #require(try await site.store.officeState()).settings.exchange
            #expect(
                settings
                    == ExchangeSettings(folder: folder, folderTimes: .daily(210), networkTimes: .byHand))
            #expect(try await browser.post(Paths.exchangeNow).status == 303)
            let page = try await browser.get(Paths.exchange).text
            #expect(page.contains("snapshot") && page.contains("Good"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
        }
    }

    @Test func `what an exchange stopped at is on the page and on the first screen, and can be allowed`()
        async throws
    {
        let (site, office) = try await paired()
        let question = ExchangeQuestion(
            .clock, from: office, name: "North", about: office, message: "The clock of North is ahead.",
            advice: "Set it right.")
        _ = try site.store.ask([question], of: office)
        try await site.run { browser in
            try await browser.signIn("ann")
            #expect(try await browser.get(Paths.home).text.contains("stopped at 1 question"))
            #expect(try await browser.get(Paths.exchange).text.contains("The clock of North is ahead."))
            #expect(try await browser.post(Paths.exchangeAllow, ["key": question.key]).status == 303)
            #expect(try site.store.ask([question], of: office) == [])
            #expect(!(try await browser.get(Paths.home).text.contains("stopped at")))
            #expect(try await browser.post(Paths.exchangeAllow, ["key": question.key]).status == 409)
            // Allowed by mistake, it is asked again.
            let again = ["key": question.key, "again": "yes"]
            #expect(try await browser.get(Paths.exchange).text.contains("Ask again"))
            #expect(try await browser.post(Paths.exchangeAllow, again).status == 303)
            #expect(try site.store.ask([question], of: office) == [question])
            #expect(try await browser.get(Paths.activity).text.contains("has the exchange ask again about"))
            #expect(try await browser.post(Paths.exchangeAllow, again).status == 409)
            // Of an office that is no longer paired nothing is asked.
            try await site.store.unpair(office, reason: "sold", for: .console, by: .console)
            #expect(try await site.store.exchangeQuestions(for: .console).isEmpty)
        }
    }

    @Test func `a passphrase seals the shared folder, and is shown nowhere`() async throws {
        let site = try await TestSite()
        let shared = site.store.folder.path + "-shared"
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: shared) }
        let words = "four brown horses run"
        try await site.run { browser in
            try await browser.signIn("ann")
            _ = try await browser.post(Paths.exchangeFolder, ["folder": shared, "how": "hand"])
            #expect(try await browser.get(Paths.exchange).text.contains("Whoever can read the folder"))
            for (one, other) in [("short", "short"), (words, words + "s")] {
                let refused = try await browser.post(
                    Paths.exchangePassphrase, ["passphrase": one, "again": other])
                #expect(refused.status == 400 && !refused.text.contains(words))
            }
            _ = try await browser.post(Paths.exchangePassphrase, ["passphrase": words, "again": words])
            let page = try await browser.get(Paths.exchange).text
            #expect(page.contains("is sealed with a passphrase") && !page.contains(words))
            // The folder's own form leaves it alone.
            _ = try await browser.post(
                Paths.exchangeFolder, ["folder": shared, "how": "daily", "at": "02:00"])
            _ = try await browser.post(Paths.exchangeNow)
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: shared).first {
                    $0.hasSuffix(".rollcall")
                })
            #expect(throws: SealedFile.needsPassphrase) { try verifySnapshot(shared + "/" + file) }
            _ = try verifySnapshot(shared + "/" + file, opener: .passphrase(words))
            #expect(try await browser.post(Paths.exchangePassphrase, ["remove": "yes"]).status == 303)
            #expect(try await browser.get(Paths.exchange).text.contains("Not sealed"))
            let activity = try await browser.get(Paths.activity).text
            #expect(activity.contains("set a passphrase for the shared folder"))
            #expect(activity.contains("took the passphrase for the shared folder away"))
            #expect(!activity.contains(words))
        }
    }
}
