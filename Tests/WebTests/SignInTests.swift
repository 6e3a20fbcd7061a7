import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage
import Testing

@testable import Web

@Suite struct SignInTests {
    @Test func `signing in opens a session and signing out ends it`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            let sent = try await browser.get("/auth/logout-nowhere")
            #expect(sent.status == 404)
            let answer = try await browser.signIn("ANN")
            #expect(answer.status == 303 && answer.location == "/")
            let secret = browser.cookies["rollcall"] ?? ""
            #expect(secret.count == 43)
            let out = try await browser.post(Paths.logout)
            #expect(out.status == 303 && out.location == Paths.login)
            #expect(browser.cookies["rollcall"] == nil)
            browser.cookies["rollcall"] = secret
            let answer1 = try await browser.get(Paths.ownAccount)
            #expect(answer1.location.hasPrefix(Paths.login))
        }
    }

    @Test func `the cookie is bound to host and TLS where there is TLS`() async throws {
        let office = try await TestSite(isSecure: true)
        try await office.run { browser in
            let page = try await browser.get(Paths.login)
            let answer = try await browser.post(
                Paths.login, ["username": "ann", "password": TestSite.password])
            let cookies = (page.headers[values: .setCookie] + answer.headers[values: .setCookie])
            #expect(cookies.count == 2)
            for cookie in cookies {
                #expect(cookie.hasPrefix("__Host-"))
                for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                    #expect(cookie.contains(part), "\(cookie)")
                }
                #expect(!cookie.contains("Domain"))
            }
            #expect(answer.headers[.strictTransportSecurity] != nil)
        }
    }

    @Test func `a cookie that somebody planted before is not the session's afterwards`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            try await browser.signIn("ann")
            let first = browser.cookies["rollcall"]
            // Signed in again at the same browser: the old secret is dead.
            let other = browser.another()
            other.cookies = browser.cookies
            _ = try await other.get(Paths.trust)
            other.formToken = browser.formToken
            let again = try await other.post(
                Paths.login, ["username": "ann", "password": TestSite.password])
            #expect(again.status == 303)
            #expect(other.cookies["rollcall"] != first)
            let answer2 = try await browser.get(Paths.ownAccount)
            #expect(answer2.location.hasPrefix(Paths.login))
            let answer3 = try await other.get(Paths.ownAccount)
            #expect(answer3.status == 200)
        }
    }

    @Test func `wrong password and unknown user get the same answer`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            _ = try await browser.get(Paths.login)
            let wrong = try await browser.post(
                Paths.login, ["username": "ann", "password": "not the password"])
            let unknown = try await browser.post(
                Paths.login, ["username": "zoe", "password": "not the password"])
            #expect(wrong.status == 401 && unknown.status == 401)
            #expect(
                wrong.text.replacing("value=\"ann\"", with: "")
                    == unknown.text.replacing("value=\"zoe\"", with: ""))
            #expect(wrong.text.contains("wrong"))
        }
    }

    @Test func `nobody is sent elsewhere after signing in`() async throws {
        for (next, expected) in [
            ("/agents?x=1", "/agents?x=1"), ("//evil.example", "/"), ("https://evil.example", "/"),
            ("/\\evil.example", "/"), ("javascript:alert(1)", "/"), ("", "/"), ("/a\r\nSet-Cookie: x=y", "/"),
        ] {
            let office = try await TestSite()
            try await office.run { browser in
                _ = try await browser.get(Paths.login)
                let answer = try await browser.post(
                    Paths.login, ["username": "ann", "password": TestSite.password, "next": next])
                #expect(answer.location == expected, "\(next)")
            }
        }
    }

    @Test func `a form sent after the session ended is kept, but no password of it`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            try await browser.signIn("ann")
            office.time.pass(seconds: 31 * 60)
            let stopped = try await browser.post(
                Paths.logout, ["comment": "half <an hour> of typing", "new-password": "do not keep me"])
            #expect(stopped.status == 401)
            #expect(stopped.text.contains("half &lt;an hour&gt; of typing"))
            #expect(!stopped.text.contains("do not keep me"))
            let resumed = try await browser.post(
                Paths.login,
                [
                    "username": "ann", "password": TestSite.password, "carry": Paths.logout,
                    "carried.comment": "half <an hour> of typing",
                ])
            #expect(resumed.status == 200)
            #expect(resumed.text.contains(#"action="/auth/logout""#))
            #expect(resumed.text.contains(#"name="comment" value="half &lt;an hour&gt; of typing""#))
            let answer4 = try await browser.post(Paths.logout)
            #expect(answer4.status == 303, "its token is the new session's")
        }
    }

    @Test func `a session is bound to its browser, goes idle, and ends after its hours`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            try await browser.signIn("ann")
            let thief = browser.another("curl/8.0")
            thief.cookies = browser.cookies
            let answer5 = try await thief.get(Paths.ownAccount)
            #expect(answer5.location.hasPrefix(Paths.login))
            for _ in 0..<25 {
                office.time.pass(seconds: 29 * 60)
                let answer = try await browser.get(Paths.ownAccount)
                let hours = 12 * 60 * 60
                if office.time.now.milliseconds - TestTime().now.milliseconds > Int64(hours) * 1000 {
                    #expect(answer.location.hasPrefix(Paths.login))
                } else {
                    #expect(answer.status == 200)
                }
            }
            try await browser.signIn("ann")
            office.time.pass(seconds: 30 * 60 + 1)
            let answer6 = try await browser.get(Paths.ownAccount)
            #expect(answer6.location.hasPrefix(Paths.login))
        }
    }

    @Test func `too many wrong passwords must wait, and the right one too`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            _ = try await browser.get(Paths.login)
            for _ in 0..<5 {
                let wrong = try await browser.post(
                    Paths.login, ["username": "ann", "password": "wrong word"])
                #expect(wrong.status == 401)
            }
            let right = ["username": "ann", "password": TestSite.password]
            let answer7 = try await browser.post(Paths.login, right)
            #expect(answer7.status == 429)
            office.time.pass(seconds: 31)
            let answer8 = try await browser.post(Paths.login, right)
            #expect(answer8.status == 303)
        }
    }

    @Test func `the set-up code opens the office once`() async throws {
        let office = try await TestSite(isSetUp: false)
        let code = try await office.store.makeSetupCode()
        try await office.run { browser in
            let answer9 = try await browser.get(Paths.activity)
            #expect(answer9.location == Paths.setup)
            let answer10 = try await browser.get(Paths.login)
            #expect(answer10.location == Paths.setup)
            _ = try await browser.get(Paths.setup)
            let form = [
                "code": code.uppercased().replacing("-", with: " "), "office": "Harbour",
                "timeZone": "Europe/Berlin",
                "username": "ann", "name": "Ann", "password": TestSite.password, "again": TestSite.password,
            ]
            for (field, value, says) in [
                ("code", "wrong-code-here", "not the set-up code"), ("again", "other words here", "differ"),
                ("password", "short", "differ"), ("timeZone", "Mars/Base", "time zone"),
                ("office", " ", "no name"), ("username", "ä b", "user name"),
            ] {
                var wrong = form
                wrong[field] = value
                let answer = try await browser.post(Paths.setup, wrong)
                #expect(answer.status == 400, "\(field)")
                #expect(answer.text.contains(says), "\(field)")
                #expect(!answer.text.contains(TestSite.password))
            }
            let answer = try await browser.post(Paths.setup, form)
            #expect(answer.status == 303 && answer.location == "/")
            let answer11 = try await browser.get(Paths.ownAccount)
            #expect(answer11.text.contains("Harbour"))
            let again = try await browser.another().get(Paths.setup)
            #expect(again.status == 303, "the set-up is over")
        }
        let answer12 = try await office.store.sources()
        #expect(answer12.map(\.source.name).count == 2)
        await #expect(throws: UserError.self) { try await office.store.makeSetupCode() }
    }
}
