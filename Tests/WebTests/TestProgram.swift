import Domain
import Foundation
import HTTPTypes
import Storage

@testable import Web

/// A program with somebody's token.
struct TestProgram {
    var browser: TestBrowser
    var token: String

    init(_ username: String, _ site: TestSite, _ browser: TestBrowser) async throws {
        let user = try await site.store.account(named: username).user.id
        token = try await site.store.makeToken(for: user, name: "test", days: 7, by: .console)
        self.browser = browser.another("program")
    }

    func get(_ path: String) async throws -> (status: Int, json: [String: Any], text: String) {
        try await send(.get, path, nil)
    }

    func post(_ path: String, _ body: [String: any Sendable] = [:]) async throws -> (
        status: Int, json: [String: Any], text: String
    ) {
        let data = try JSONSerialization.data(withJSONObject: body)
        return try await send(.post, path, String(decoding: data, as: UTF8.self))
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String?, type: String = "application/json"
    ) async throws -> (status: Int, json: [String: Any], text: String) {
        let answer = try await browser.send(
            method, path, headers: [.authorization: "Bearer \(token)", .contentType: type], body: body)
        let json = try? JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
        return (answer.status, json ?? [:], answer.text)
    }
}
