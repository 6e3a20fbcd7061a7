import Crypto
import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Storage
import Synchronization
import Testing

@testable import Web

@Suite struct WireTests {
    private func office(of site: TestSite, _ role: Role, _ browser: TestBrowser) async throws {
        try await browser.signIn(site.users[role]?.username ?? "")
    }

    /// A route that takes a multipart form and tells what came through.
    private let routes =
        siteRoutes + [
            Route(.post, "/test/form", needs: .uploadFiles, body: .stream) { context in
                let parts = Mutex<[String]>([])
                try await context.readForm { event in
                    switch event {
                    case .part(let name, let file, _): parts.withLock { $0.append("\(name)/\(file ?? "-")") }
                    case .data(let bytes):
                        parts.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
                    case .partEnd: break
                    }
                }
                return try context.json(parts.withLock { $0 })
            },
            Route(.put, "/test/raw", needs: .uploadFiles, body: .stream) { context in
                let count = Mutex(0)
                try await context.upload { piece in count.withLock { $0 += piece.readableBytes } }
                return try context.json(count.withLock { $0 })
            },
        ]

    private func multipart(_ parts: [(String, String)]) -> String {
        parts.map { "--xyz\r\nContent-Disposition: form-data; name=\"\($0.0)\"\r\n\r\n\($0.1)\r\n" }.joined()
            + "--xyz--\r\n"
    }

    @Test func `nothing of an upload is passed on before its form token is proven`() async throws {
        let site = try await TestSite()
        let form: HTTPFields = [.contentType: "multipart/form-data; boundary=xyz"]
        try await site.run(routes) { browser in
            try await browser.signIn("dan")
            let token = browser.formToken
            let good = try await browser.send(
                .post, "/test/form", headers: form, body: multipart([("csrf", token), ("source", "a")]))
            #expect(good.status == 200 && good.text.contains(#"["source/-","a"]"#), "\(good.text)")
            for (parts, why) in [
                ([("source", "a"), ("csrf", token)], "the token comes late"),
                ([("source", "a")], "no token"), ([("csrf", "wrong"), ("source", "a")], "a wrong token"),
                ([("csrf", ""), ("source", "a")], "an empty token"),
            ] {
                let answer = try await browser.send(
                    .post, "/test/form", headers: form, body: multipart(parts))
                #expect(answer.status == 403, "\(why): \(answer.status)")
            }
            let cut = try await browser.send(
                .post, "/test/form", headers: form,
                body: String(multipart([("csrf", token), ("source", "a")]).dropLast(9)))
            #expect(cut.status == 400)
            let raw = try await browser.send(
                .put, "/test/raw", headers: [.csrfToken: token], body: String(repeating: "x", count: 300_000))
            #expect(raw.text == "300000\n")
            let unproven = try await browser.send(.put, "/test/raw", body: "xxx")
            #expect(unproven.status == 403)
        }
    }

    @Test func `a file arrives whole over a real connection, raw and in a form`() async throws {
        let site = try await TestSite()
        try await site.run(routes, over: .live) { browser in
            try await browser.signIn("dan")
            let token = browser.formToken
            let raw = try await browser.send(
                .put, "/test/raw", headers: [.csrfToken: token], body: String(repeating: "x", count: 300_000))
            #expect(raw.text == "300000\n")
            let form = try await browser.send(
                .post, "/test/form", headers: [.contentType: "multipart/form-data; boundary=xyz"],
                body: multipart([("csrf", token), ("source", "a")]))
            #expect(form.text.contains(#"["source/-","a"]"#), "\(form.text)")
        }
    }

    @Test(.timeLimit(.minutes(20))) func `who sends a body too slowly is hung up on`() async throws {
        let (body, source) = RequestBody.makeStream()
        await source.yield(ByteBuffer(string: "half"))
        await #expect(throws: UserError.uploadCutOff) {
            try await SlowSender(silence: .milliseconds(50)).read(
                body, declared: 8, hangUp: { source.finish() }
            ) { _ in }
        }
    }

    @Test func `time that we take ourselves is not the sender's`() async throws {
        let (body, source) = RequestBody.makeStream()
        let feeder = Task {
            for _ in 0..<3 { await source.yield(ByteBuffer(string: "ab")) }
            source.finish()
        }
        let hungUp = Mutex(false)
        let count = Mutex(0)
        try await SlowSender(silence: .seconds(3)).read(
            body, declared: 6, hangUp: { hungUp.withLock { $0 = true } }
        ) { piece in
            count.withLock { $0 += piece.readableBytes }
            try await Task.sleep(for: .seconds(4))
        }
        await feeder.value
        #expect(count.withLock { $0 } == 6)
        #expect(!hungUp.withLock { $0 })
    }

    @Test func `events go out as lines of JSON and end when there are no more`() async throws {
        let site = try await TestSite()
        let routes =
            siteRoutes + [
                Route(.get, "/test/events", needs: .viewFigures) { context in
                    let left = Mutex(3)
                    return context.events {
                        left.withLock { left -> (any Encodable & Sendable)? in
                            left -= 1
                            return left < 0 ? nil : ["left": left]
                        }
                    }
                }
            ]
        try await site.run(routes) { browser in
            try await browser.signIn("ann")
            let answer = try await browser.get("/test/events")
            #expect(answer.headers[.contentType]?.hasPrefix("text/event-stream") == true)
            #expect(
                answer.text.contains("data: {\"left\":2}\n\ndata: {\"left\":1}\n\ndata: {\"left\":0}\n\n"))
        }
    }

    @Test(.timeLimit(.minutes(20))) func `an open event stream does not hold up the server's end`()
        async throws
    {
        let site = try await TestSite()
        let routes =
            siteRoutes + [
                Route(.get, "/test/endless", needs: .viewFigures) { context in
                    context.events {
                        try await Task.sleep(for: .seconds(3600))
                        return nil
                    }
                }
            ]
        let opened = try await site.store.signIn(
            username: "ann", password: TestSite.password,
            browser: Browser(address: "127.0.0.1", userAgent: "x"))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(router: makeRouter(routes, site.site), logger: logger)
        try await application.test(.live) { client in
            guard let port = client.port else { return }
            try await TestClient.withClient(host: "localhost", port: port) { other in
                try await other.executeAndDontWaitForResponse(
                    TestClient.Request(
                        "/test/endless", method: .get,
                        headers: [.cookie: "rollcall=\(opened.secret)", .userAgent: "x"]))
                try await Task.sleep(for: .milliseconds(300))
            }
        }
    }

    @Test func `the local authority vouches for this box's names and renews its certificate`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/rollcall-ca-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let now = Instant(milliseconds: 1_795_413_600_000)
        func make(_ names: [String], at time: Instant) throws -> (
            authority: String, leaf: String, key: String
        ) {
            let made = try LocalAuthority(
                folder: folder, now: time, names: names, addresses: [[192, 168, 0, 5]])
            return (
                made.certificatePEM, try String(contentsOfFile: made.leafFile, encoding: .utf8),
                try String(contentsOfFile: made.leafKeyFile, encoding: .utf8)
            )
        }
        let first = try make(["box", "box.local", "localhost"], at: now)
        let same = try make(["box", "box.local", "localhost"], at: now.adding(seconds: 86_400 * 300))
        #expect(first == same, "kept as long as it is good")
        let renewed = try make(["box", "box.local", "localhost"], at: now.adding(seconds: 86_400 * 370))
        #expect(renewed.authority == first.authority && renewed.leaf != first.leaf)
        let renamed = try make(["other", "other.local", "localhost"], at: now.adding(seconds: 86_400 * 370))
        #expect(renamed.authority == first.authority && renamed.leaf != renewed.leaf)
        for file in ["rollcall-ca.key", "rollcall-ca.crt", "rollcall.key", "rollcall.crt"] {
            let mode = try FileManager.default.attributesOfItem(atPath: folder + "/" + file)[
                .posixPermissions]
            #expect(mode as? Int == 0o600, "\(file)")
        }
    }

    @Test func `a public address is no business of the local authority`() {
        #expect(isLocal([192, 168, 1, 1]) && isLocal([10, 1, 1, 1]) && isLocal([172, 31, 0, 1]))
        #expect(!isLocal([8, 8, 8, 8]) && !isLocal([172, 32, 0, 1]) && !isLocal([192, 169, 0, 1]))
    }
}
