import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage
import Testing

@testable import Web

@Suite struct UserTests {
    private func secret(_ text: String) -> String {
        text.firstMatch(of: /<dt>Password<\/dt><dd class="mono">([^<]*)</).map { String($0.1) } ?? ""
    }

    @Test func `a first password is shown once and must be changed before anything else`() async throws {
        let office = try await TestSite()
        try await office.run { ann in
            try await ann.signIn("ann")
            let given = try await ann.post(
                Paths.users, ["username": "eva", "name": "Eva", "role": "data-entry", "password": ""])
            #expect(given.status == 200)
            let password = secret(given.text)
            #expect(password.count == 19)
            let eva = ann.another()
            let answer = try await eva.signIn("eva", password)
            #expect(answer.location == Paths.ownPassword)
            let files = try await eva.get(Paths.permissions)
            #expect(files.location == Paths.ownPassword)
            _ = try await eva.get(Paths.ownPassword)
            for (present, new, again, says) in [
                (password, "green paper boat", "green paper coat", "differ"),
                ("wrong", "green paper boat", "green paper boat", "present password is wrong"),
                (password, password, password, "is the present one"),
                (password, "rollcall123", "rollcall123", "first that somebody would try"),
            ] {
                let refused = try await eva.post(
                    Paths.ownPassword, ["present": present, "password": new, "again": again])
                #expect(refused.status == 400 && refused.text.contains(says), "\(says)")
            }
            let changed = try await eva.post(
                Paths.ownPassword,
                ["present": password, "password": "green paper boat", "again": "green paper boat"])
            #expect(changed.status == 303)
            let open = try await eva.get(Paths.permissions)
            #expect(open.status == 200)
            let old = try await eva.another().signIn("eva", password)
            #expect(old.status == 401)
        }
    }

    @Test func `disabling, a new role and a new password end every session at once`() async throws {
        for change in ["disable", "role", "password", "sessions/end"] {
            let office = try await TestSite()
            let dan = office.users[.dataEntry]?.id.description ?? ""
            try await office.run { ann in
                try await ann.signIn("ann")
                let browser = ann.another()
                try await browser.signIn("dan")
                let before = try await browser.get(Paths.ownAccount)
                #expect(before.status == 200)
                let done =
                    change == "role"
                    ? try await ann.post(
                        Paths.user(dan), ["username": "dan", "name": "Dan", "role": "admin", "person": ""])
                    : try await ann.post("/admin/users/\(dan)/\(change)", ["password": "green paper boat"])
                #expect(done.status == 303, "\(change): \(done.text)")
                let after = try await browser.get(Paths.ownAccount)
                #expect(after.location.hasPrefix(Paths.login), "\(change)")
                if change == "disable" {
                    let again = try await browser.signIn("dan")
                    #expect(again.status == 401)
                    let listed = try await ann.get(Paths.users)
                    #expect(listed.text.contains("Disabled"))
                    _ = try await ann.post(Paths.userEnable(dan))
                    let enabled = try await browser.signIn("dan")
                    #expect(enabled.status == 303)
                }
            }
        }
    }

    @Test func `the last admin stays`() async throws {
        let office = try await TestSite()
        let ann = office.users[.admin]?.id.description ?? ""
        try await office.run { browser in
            try await browser.signIn("ann")
            let disabled = try await browser.post(Paths.userDisable(ann))
            #expect(disabled.status == 409 && disabled.text.contains("only admin"))
            let demoted = try await browser.post(
                Paths.user(ann), ["username": "ann", "name": "Ann", "role": "data-entry"])
            #expect(demoted.status == 409 && demoted.text.contains("only admin"))
            let still = try await browser.get(Paths.users)
            #expect(still.status == 200)
        }
    }

    @Test func `what was typed stays when a user cannot be added`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            try await browser.signIn("ann")
            for (fields, says) in [
                (["username": "dan", "name": "Else", "role": "admin"], "a user “dan” already"),
                (["username": "x", "name": "Else", "role": "admin"], "cannot be a user name"),
                (["username": "eva", "name": "Else", "role": "agent"], "Choose the person"),
                (["username": "eva", "name": "Else", "role": "king"], "no role"),
                (["username": "eva", "name": "Else", "role": "admin", "password": "short"], "too short"),
            ] {
                let answer = try await browser.post(Paths.users, fields)
                #expect(answer.status == 400 || answer.status == 409)
                #expect(answer.text.contains(says), "\(says)")
                #expect(answer.text.contains(#"value="Else""#))
            }
        }
    }

    @Test func `sessions are listed at both ends and end one by one`() async throws {
        let office = try await TestSite()
        try await office.run { first in
            try await first.signIn("dan")
            let second = first.another("Mozilla/5.0 (iPhone) Safari/600")
            try await second.signIn("dan")
            let page = try await first.get(Paths.ownAccount)
            #expect(page.text.contains("Safari on iPhone") && page.text.contains("Firefox on Windows"))
            let id = try await office.store.sessions(of: office.users[.dataEntry]?.id ?? ID(UUID()))
                .first { $0.browserName == "Safari on iPhone" }?.id
            let foreign = first.another()
            try await foreign.signIn("lea")
            let stolen = try await foreign.post(Paths.ownSessionEnd(id ?? ""))
            #expect(stolen.status == 404, "somebody else's session is nothing")
            let ended = try await first.post(Paths.ownSessionEnd(id ?? ""))
            #expect(ended.status == 303)
            let out = try await second.get(Paths.ownAccount)
            #expect(out.location.hasPrefix(Paths.login))
            let stays = try await first.get(Paths.ownAccount)
            #expect(stays.text.contains("The session has ended"))
            let told = try await first.get(Paths.ownAccount)
            #expect(!told.text.contains("The session has ended"), "a notice shows once")
        }
    }

    @Test func `a token acts as its owner until it is revoked or ends`() async throws {
        let office = try await TestSite()
        let routes =
            siteRoutes + [
                Route(.get, "/api/v1/test", needs: .viewFiles) {
                    try $0.json([$0.viewer.name, $0.actor.via])
                },
                Route(.post, "/api/v1/test", needs: .viewFiles) { try $0.json(["did"]) },
            ]
        try await office.run(routes) { browser in
            try await browser.signIn("dan")
            let made = try await browser.post(Paths.ownTokens, ["name": "sheet", "days": "30"])
            let token = made.text.firstMatch(of: /rollcall_[A-Za-z0-9_-]{43}/).map { String($0.0) } ?? ""
            #expect(!token.isEmpty)
            let listed = try await browser.get(Paths.ownAccount)
            #expect(listed.text.contains("sheet") && !listed.text.contains(token))
            let program = browser.another("program")
            let header: HTTPFields = [.authorization: "Bearer \(token)"]
            let answer = try await program.get("/api/v1/test", headers: header)
            #expect(
                answer.status == 200 && answer.text.contains("Dan Data") && answer.text.contains("api local"))
            let posted = try await program.send(.post, "/api/v1/test", headers: header)
            #expect(posted.status == 200, "a bearer needs no form token")
            let page = try await program.get(Paths.ownAccount, headers: header)
            #expect(page.status == 303, "a token opens no pages")
            let withoutToken = try await browser.send(.post, "/api/v1/test")
            #expect(withoutToken.status == 403, "a session needs one")
            let wrong = try await program.get("/api/v1/test", headers: [.authorization: "Bearer x"])
            #expect(wrong.status == 401)
            office.time.pass(seconds: 31 * 86_400)
            let over = try await program.get("/api/v1/test", headers: header)
            #expect(over.status == 401)
        }
        try await office.run(routes) { browser in
            try await browser.signIn("dan")
            let made = try await browser.post(Paths.ownTokens, ["name": "other", "days": "30"])
            let token = made.text.firstMatch(of: /rollcall_[A-Za-z0-9_-]{43}/).map { String($0.0) } ?? ""
            let header: HTTPFields = [.authorization: "Bearer \(token)"]
            let dan = office.users[.dataEntry]?.id ?? ID(UUID())
            let id = try await office.store.tokens(of: dan).first { $0.name == "other" }?.id ?? ""
            let revoked = try await browser.post(Paths.ownTokenRevoke(id))
            #expect(revoked.status == 303)
            let dead = try await browser.another("program").get("/api/v1/test", headers: header)
            #expect(dead.status == 401)
            for days in ["0", "9999", "x", ""] {
                let refused = try await browser.post(Paths.ownTokens, ["name": "n", "days": days])
                #expect(refused.status == 400, "\(days)")
            }
        }
    }
}
