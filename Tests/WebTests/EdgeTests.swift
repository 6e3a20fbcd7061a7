import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage
import Testing

@testable import Web

@Suite struct EdgeTests {
    @Test func `every answer carries the headers that guard it`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            for path in [Paths.login, "/nowhere", "/healthz", "/assets/rollcall.css", "/api/v1/nothing"] {
                let answer = try await browser.get(path)
                let policy = answer.headers[.contentSecurityPolicy] ?? ""
                #expect(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "\(path)")
                #expect(policy.contains("frame-ancestors 'none'"), "\(path)")
                #expect(answer.headers[.xContentTypeOptions] == "nosniff", "\(path)")
                #expect(answer.headers[.strictTransportSecurity] == nil, "HSTS without TLS")
                for name in ["Referrer-Policy", "Cross-Origin-Opener-Policy"] {
                    #expect(HTTPField.Name(name).flatMap { answer.headers[$0] } == "same-origin", "\(path)")
                }
            }
            let answer1 = try await browser.get(Paths.login)
            #expect(answer1.headers[.cacheControl] == "no-store")
        }
    }

    @Test func `assets are kept by browsers for ever, under the name of their version`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            let path = Paths.asset("rollcall.css", version: office.site.assets.version)
            let first = try await browser.get(path)
            #expect(first.status == 200)
            #expect(first.headers[.contentType] == "text/css; charset=utf-8")
            #expect(first.headers[.cacheControl]?.contains("immutable") == true)
            #expect(first.headers[values: .setCookie].isEmpty)
            let tag = first.headers[.eTag] ?? ""
            let second = try await browser.get(path, headers: [.ifNoneMatch: tag])
            #expect(second.status == 304 && second.text.isEmpty)
            let old = try await browser.get(Paths.asset("rollcall.css", version: "old"))
            #expect(old.headers[.cacheControl]?.contains("immutable") == false)
            let answer2 = try await browser.get("/assets/../templates/layout.mustache")
            #expect(answer2.status == 404)
            let answer3 = try await browser.get("/assets/none.css")
            #expect(answer3.status == 404)
        }
    }

    @Test func `errors are a page for people and JSON for programs`() async throws {
        let office = try await TestSite()
        struct Broken: Error {}
        let routes = [
            Route(.get, "/broken", anyone: { _ in throw Broken() }),
            Route(.get, "/api/v1/broken", anyone: { _ in throw Broken() }),
            Route(
                .get, "/refused",
                anyone: { _ in throw UserError(.stale, "It <changed> meanwhile.", advice: "Look again.") }),
        ]
        try await office.run(routes) { browser in
            let broken = try await browser.get("/broken")
            #expect(broken.status == 500)
            #expect(broken.text.contains("Internal error"))
            #expect(!broken.text.contains("Broken"), "what went wrong inside is for the log")
            let json = try await browser.get("/api/v1/broken")
            #expect(json.headers[.contentType]?.hasPrefix("application/json") == true)
            let refused = try await browser.get("/refused")
            #expect(refused.status == 409 && refused.text.contains("It &lt;changed&gt; meanwhile."))
            #expect(refused.text.contains("Look again."))
            let forProgram = try await browser.get("/refused", headers: [.accept: "application/json"])
            let body = try JSONDecoder().decode(FailureJSON.self, from: Data(forProgram.text.utf8))
            #expect(body.error.code == "stale" && body.error.message == "It <changed> meanwhile.")
            let answer4 = try await browser.get("/nowhere")
            #expect(answer4.status == 404)
        }
    }

    @Test func `every error code has its status on a page and in JSON`() async throws {
        let office = try await TestSite()
        let routes = UserError.Code.allCases.map { code in
            Route(.get, "/\(code.rawValue)", anyone: { _ in throw UserError(code, "What.", advice: "How.") })
        }
        try await office.run(routes) { browser in
            for code in UserError.Code.allCases {
                let answer5 = try await browser.get("/\(code.rawValue)")
                #expect(answer5.status == code.status)
            }
        }
    }

    @Test func `a form that is too large is refused unread`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            _ = try await browser.get(Paths.login)
            let big = String(repeating: "x", count: 70_000)
            let answer6 = try await browser.post(Paths.login, ["username": big])
            #expect(answer6.status == 413)
        }
    }

    @Test func `health and figures for monitoring`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            let answer7 = try await browser.get(Paths.health)
            #expect(answer7.text.contains(#""status":"ok""#))
            let metrics = try await browser.get(Paths.metrics)
            #expect(metrics.status == 200)
            for name in [
                "rollcall_uptime_seconds", "rollcall_requests_total{status=\"200\"} 1", "rollcall_calls 0",
            ] {
                #expect(metrics.text.contains(name), "\(name)")
            }
        }
    }

    @Test func `the authority's certificate can be fetched where there is one`() async throws {
        let with = try await TestSite(authority: "-----BEGIN CERTIFICATE-----\n")
        try await with.run { browser in
            let answer8 = try await browser.get(Paths.trust)
            #expect(answer8.text.contains("rollcall-ca.crt"))
            let answer9 = try await browser.get(Paths.trustCertificate)
            #expect(answer9.text.hasPrefix("-----BEGIN"))
        }
        let without = try await TestSite()
        try await without.run { browser in
            let answer10 = try await browser.get(Paths.trust)
            #expect(answer10.status == 200)
            let answer11 = try await browser.get(Paths.trustCertificate)
            #expect(answer11.status == 404)
        }
    }
}
