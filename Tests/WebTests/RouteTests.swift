import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage
import Testing

@testable import Web

@Suite struct RouteTests {
    private static let guest = "nobody"

    @Test func `every route is in the table with what it needs`() {
        func line(_ method: String, _ path: String, _ needs: String) -> String {
            "\(method) \(path) \(needs)"
        }
        let actual = siteRoutes.map { route in
            let needs =
                switch route.access {
                case .anyone: "anyone"
                case .file: "file"
                case .box(let permission): "box \(permission.rawValue)"
                case .office: "office"
                case .needs(let permission): permission.rawValue
                }
            return line(route.method.rawValue, route.path, needs)
        }
        let expected = routeTable.split(separator: "\n").map { row in
            let words = row.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            return words.joined(separator: " ")
        }
        #expect(Set(actual).count == actual.count, "a route is there twice")
        let missing = Set(actual).subtracting(expected).sorted()
        let gone = Set(expected).subtracting(actual).sorted()
        #expect(missing.isEmpty, "not in RouteTable.swift:\n\(missing.joined(separator: "\n"))")
        #expect(gone.isEmpty, "in RouteTable.swift, but no route:\n\(gone.joined(separator: "\n"))")
    }

    @Test func `who may do nothing of a route's finds nothing there`() async throws {
        let office = try await TestSite()
        try await office.run { client in
            for route in siteRoutes {
                guard case .needs(let permission) = route.access else { continue }
                let path = concrete(route.path)
                for (role, user) in office.users {
                    let answer = try await ask(route, path, user, office, client)
                    let who = "\(route.method) \(route.path) as \(role)"
                    if permission.reach(of: role) == .none {
                        #expect(answer.status == 404, "\(who): \(answer.status)")
                    } else {
                        #expect(answer.status < 500, "\(who): \(answer.status) \(answer.text)")
                        #expect(answer.status != 401 && answer.status != 403, "\(who): \(answer.status)")
                        if !route.path.contains(":") {
                            #expect(answer.status != 404, "\(who): not found")
                            #expect(!answer.location.hasPrefix(Paths.login + "?"), "\(who): sent to sign in")
                        } else {
                            // An id of nothing: as if it were somebody else's.
                            #expect(answer.status == 404 || answer.status == 400, "\(who): \(answer.status)")
                        }
                    }
                }
            }
        }
    }

    @Test func `nobody is let in without signing in`() async throws {
        let office = try await TestSite()
        try await office.run { client in
            for route in siteRoutes {
                guard case .needs = route.access else { continue }
                let path = concrete(route.path)
                let who = "\(route.method) \(route.path)"
                let answer = try await client.another().send(route.method, path)
                if route.method.isSafe && !route.isAPI {
                    #expect(answer.status == 303 && answer.location.hasPrefix(Paths.login), "\(who)")
                } else {
                    #expect(answer.status == 401, "\(who): \(answer.status)")
                }
            }
        }
    }

    @Test func `nothing changes without the form token, from elsewhere, or with another's token`()
        async throws
    {
        let office = try await TestSite()
        try await office.run { client in
            for route in siteRoutes where !route.method.isSafe && route.access != .office {
                let path = concrete(route.path)
                let who = "\(route.method) \(route.path)"
                let browser = client.another()
                if case .needs = route.access { try await enter(office.users[.admin], office, browser) }
                let form = "application/x-www-form-urlencoded"
                let bare = try await browser.send(
                    route.method, path, headers: [.contentType: form], body: "a=b")
                #expect(bare.status == 403, "\(who) without a token: \(bare.status)")
                let wrong = try await browser.send(
                    route.method, path, headers: [.contentType: form],
                    body: "csrf=\(String(repeating: "x", count: 43))")
                #expect(wrong.status == 403, "\(who) with a wrong token: \(wrong.status)")
                for headers: HTTPFields in [
                    [.origin: "https://elsewhere.example"], [.secFetchSite: "cross-site"],
                    [.secFetchSite: "same-site"], [.origin: "null"],
                ] {
                    var headers = headers
                    headers[.contentType] = form
                    headers[.csrfToken] = browser.formToken
                    let foreign = try await browser.send(route.method, path, headers: headers, body: "a=b")
                    #expect(foreign.status == 403, "\(who) from \(headers): \(foreign.status)")
                }
            }
        }
    }

    @Test func `one's own people are found and somebody else's are not`() async throws {
        let office = try await TestSite()
        let own = try #require(office.users[.agent]?.person)
        let foreign = try #require(office.stranger?.id)
        try await office.run { client in
            for (role, seesForeign) in [
                (Role.admin, true), (.dataEntry, true), (.teamManager, false), (.teamLeader, false),
                (.agent, false),
            ] {
                let browser = client.another()
                try await enter(office.users[role], office, browser)
                let mine = try await browser.get(Paths.agent(own.description))
                #expect(mine.status == 200 && mine.text.contains("Al Agent"), "\(role): \(mine.status)")
                let theirs = try await browser.get(Paths.agent(foreign.description))
                #expect(theirs.status == (seesForeign ? 200 : 404), "\(role): \(theirs.status)")
                #expect(theirs.text.contains("Bob Other") == seesForeign, "\(role)")
                let list = try await browser.get(Paths.agents)
                #expect(list.text.contains("Bob Other") == false || seesForeign, "\(role): the list tells")
                let search = try await browser.get(Paths.calls + "?agent=\(foreign)&q=Bob")
                #expect(!search.text.contains("Bob Other") || seesForeign, "\(role): the search tells")
            }
        }
    }

    /// A route's path with ids that are nobody's.
    private func concrete(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.hasPrefix(":")
                ? (part == ":version" || part == ":line" ? "1" : "01900000-0000-7000-8000-00000000dead")
                : String(part)
        }.joined(separator: "/")
    }

    private func enter(_ user: User?, _ office: TestSite, _ browser: TestBrowser) async throws {
        guard let user else { return }
        let opened = try await office.store.signIn(
            username: user.username, password: TestSite.password,
            browser: Browser(address: "local", userAgent: browser.userAgent))
        browser.cookies = [office.site.sessionCookie: opened.secret]
        browser.formToken = opened.session.formToken
    }

    private func ask(
        _ route: Route, _ path: String, _ user: User, _ office: TestSite, _ client: TestBrowser
    ) async throws -> TestAnswer {
        let browser = client.another()
        try await enter(user, office, browser)
        return try await browser.send(
            route.method, path,
            headers: route.method.isSafe
                ? [:]
                : [
                    .csrfToken: browser.formToken, .contentType: "application/x-www-form-urlencoded",
                    .secFetchSite: "same-origin",
                ])
    }
}
