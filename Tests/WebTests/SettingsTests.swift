import Domain
import Foundation
import HTTPTypes
import Storage
import Testing

@testable import Web

@Suite struct SettingsTests {
    @Test func `the office's settings are kept and wrong ones stay on the page`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("ann")
            let good = [
                "office": "Harbour & Sons", "timeZone": "America/New_York", "cutOver": "05:30",
                "maxGap": "12",
            ]
            let saved = try await browser.post(Paths.settings, good)
            #expect(saved.status == 303)
            let page = try await browser.get(Paths.settings)
            #expect(page.text.contains("Harbour &amp; Sons") && page.text.contains(#"value="05:30""#))
            for (field, value, says) in [
                ("office", "", "no name"), ("timeZone", "Nowhere", "not a time zone"),
                ("cutOver", "25:00", "not a time of day"), ("maxGap", "31", "1 to 30"),
                ("maxGap", "ten", "not a whole number"),
            ] {
                var wrong = good
                wrong[field] = value
                wrong["office"] = field == "office" ? value : "Typed name"
                let answer = try await browser.post(Paths.settings, wrong)
                #expect(answer.status == 400 && answer.text.contains(says), "\(field)")
                if field != "office" { #expect(answer.text.contains("Typed name"), "\(field)") }
            }
        }
        let rules = try await site.store.officeState()?.office.rules
        #expect(rules?.cutOverMinutes == 330 && rules?.maxGapMinutes == 12)
    }

    @Test func `while calls are counted again the page says so and takes no other change`() async throws {
        let site = try await TestSite()
        let fields = ["office": "Sample", "timeZone": "Europe/Berlin", "cutOver": "05:00", "maxGap": "10"]
        try await site.run { browser in
            try await browser.signIn("ann")
            #expect(site.site.recount.begin())
            site.site.recount.note(3, of: 4)
            let during = try await browser.get(Paths.settings).text
            #expect(during.contains("being counted again") && during.contains("3 of 4 agents"))
            #expect(during.contains(#"value="75" max="100""#) && !during.contains("Save the office"))
            let refused = try await browser.post(Paths.settings, fields)
            #expect(refused.status == 503 && refused.text.contains("nothing was changed"))
            site.site.recount.end()
            let saved = try await browser.post(Paths.settings, fields)
            #expect(saved.status == 303)
            let after = try await browser.get(Paths.settings).text
            #expect(after.contains("settings are in force") && after.contains("Save the office"))
        }
        let rules = try await site.store.officeState()?.office.rules
        #expect(rules?.cutOverMinutes == 300)
    }

    @Test func `a shorter idle limit holds for sessions that are open`() async throws {
        let site = try await TestSite()
        try await site.run { browser in
            try await browser.signIn("ann")
            let saved = try await browser.post(
                Paths.boxSettings, ["idleMinutes": "5", "hours": "8", "uploadMegabytes": "50"])
            #expect(saved.status == 303)
            site.time.pass(seconds: 301)
            let over = try await browser.get(Paths.ownAccount)
            #expect(over.location.hasPrefix(Paths.login))
        }
    }

    @Test func `what a state counts as can be decided, also as nothing and as unmapped`() async throws {
        let site = try await TestSite()
        let source = try await site.store.sources()[0].source
        let path = Paths.sourceOutcomes(source.id.description)
        try await site.run { browser in
            try await browser.signIn("ann")
            for fields in [
                ["state.0": "Quote sent", "flag.0": "success"], ["state.0": "Busy"],
                ["state.0": "Fax", "mapped.0": "1"],
            ] {
                let saved = try await browser.post(path, fields)
                #expect(saved.status == 303)
            }
            let settings = try await browser.post(
                Paths.source(source.id.description),
                ["name": "Dialer", "timeZone": "America/New_York", "dateOrder": "mdy"])
            #expect(settings.status == 303)
            let wrong = try await browser.post(
                Paths.source(source.id.description), ["name": "Dialer", "timeZone": "Mars"])
            #expect(wrong.status == 400 && wrong.text.contains("not a time zone"))
            let added = try await browser.post(Paths.sources, ["name": "Second", "format": "readymode"])
            #expect(added.status == 303)
            let twice = try await browser.post(Paths.sources, ["name": "second", "format": "readymode"])
            #expect(twice.status == 409)
        }
        let after = try await site.store.source(source.id).source
        #expect(after.outcomes.flags(ofState: "quote SENT") == [.success])
        #expect(after.outcomes.flags(ofState: "Busy") == nil, "unmapped")
        #expect(after.outcomes.flags(ofState: "Fax") == [], "mapped, and counts as nothing")
        #expect(after.outcomes.version == 4)
        #expect(after.timeZone == "America/New_York" && after.dateOrder == "mdy" && !after.partTimerSuffix)
    }

    @Test func `who sees whom is said in words`() async throws {
        let site = try await TestSite()
        let lea = site.users[.teamLeader]?.id.description ?? ""
        let al = site.users[.agent]?.person?.description ?? ""
        let tom = site.users[.teamManager]?.person?.description ?? ""
        try await site.run { browser in
            try await browser.signIn("ann")
            let sees = try await browser.get("/admin/permissions?user=\(lea)&person=\(al)&day=2026-11-02")
            #expect(sees.text.contains("So Lea Leader sees Al Agent"))
            #expect(sees.text.contains("team leader Lea Leader, team manager Tom Manager"))
            let not = try await browser.get("/admin/permissions?user=\(lea)&person=\(tom)")
            #expect(not.text.contains("So Lea Leader does not see Tom Manager"))
            let own = browser.another()
            try await own.signIn("al")
            let mine = try await own.get("/admin/permissions?user=\(lea)&person=\(tom)")
            #expect(mine.text.contains("What you see") && mine.text.contains("Al Agent is an Agent"))
            #expect(!mine.text.contains("Lea Leader") && !mine.text.contains("Tom Manager"))
        }
    }
}
