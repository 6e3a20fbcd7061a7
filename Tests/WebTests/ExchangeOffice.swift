import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ingest
import NIOCore
import Storage
import TestSupport
import Testing

@testable import Web

/// The site of an office, and another office on a box of its own that passes files to it and back.
final class ExchangeOffice: Sendable {
    let site: TestSite
    let other: ImportOffice
    let place: String
    let clock: TestClock

    /// - Parameter isPaired: whether the two know each other's keys already.
    init(isPaired: Bool = true, sticks: [String] = []) async throws {
        site = try await TestSite(sticks: sticks)
        let clock = TestClock()
        self.clock = clock
        other = try await ImportOffice(
            rules: OfficeRules(name: "North", timeZone: "Europe/Berlin"), seed: 12, clock: clock.clock)
        place = FileManager.default.temporaryDirectory.path + "/rollcall-exchange-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        guard isPaired else { return }
        try await pair(site.store, with: other.store)
        try await pair(other.store, with: site.store)
    }

    deinit { try? FileManager.default.removeItem(atPath: place) }

    func path() -> String { "\(place)/\(UUID().uuidString).rollcall" }

    func pair(_ store: OfficeStore, with another: OfficeStore) async throws {
        let manifest = try exportCard(to: path(), from: another).manifest
        try await store.pair(
            manifest.office, name: manifest.officeName, key: manifest.key, for: .console, by: .console)
    }

    /// Bytes of a snapshot, or of a card, of the other office.
    func snapshot(passphrase: String? = nil) throws -> [UInt8] {
        let path = path()
        var order = SnapshotOrder()
        if let passphrase {
            order.seal = try SealingKey(
                passphrase: passphrase, salt: Array(repeating: 3, count: 16), cost: 10)
        }
        try exportSnapshot(order, to: path, from: other.store, by: .console)
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    func card() throws -> [UInt8] {
        let path = path()
        try exportCard(to: path, from: other.store)
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The other office takes in what this one has, or bytes that came from it.
    @discardableResult
    func takeThere(_ bytes: [UInt8]? = nil, opener: SealOpener = .none) throws -> MergeOutcome {
        let path = path()
        if let bytes {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        } else {
            try exportSnapshot(SnapshotOrder(), to: path, from: site.store, by: .console)
        }
        return try ReceivedSnapshot(path: path, fileName: "there", opener: opener, in: other.store)
            .merge(by: .console)
    }

    /// Both give one person another name, the other office last.
    func conflict() async throws -> ID<Person> {
        try takeThere()
        let person = try #require(try await site.store.persons().first { $0.name == "Al Agent" })
        try await site.store.renamePerson(person.id, to: "Al Sample", for: .console, by: .console)
        clock.pass(minutes: 5)
        try await other.store.renamePerson(person.id, to: "Al North", for: .console, by: .console)
        return person.id
    }

    var incoming: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: site.store.folder.incoming).sorted()
        }
    }
}

extension TestBrowser {
    /// A form with one file, as a browser sends it.
    func sendFile(_ path: String, _ bytes: [UInt8], named name: String, asScript: Bool = false) async throws
        -> TestAnswer
    {
        let edge = "----edge7MA4YWxkTrZu0gW"
        var body = ByteBuffer(
            string:
                "--\(edge)\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n\(formToken)\r\n--\(edge)\r\n"
                + "Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n")
        body.writeBytes(bytes)
        body.writeString("\r\n--\(edge)--\r\n")
        var headers: HTTPFields = [
            .contentType: "multipart/form-data; boundary=\(edge)", .origin: "http://localhost",
            .secFetchSite: "same-origin",
        ]
        if asScript { headers[.accept] = "application/json" }
        return try await send(.post, path, headers: headers, bytes: body)
    }

    func download(_ path: String) async throws -> (status: Int, headers: HTTPFields, bytes: [UInt8]) {
        let response = try await answer(.get, path, headers: [:], body: nil)
        return (response.status.code, response.headers, response.body.map { Array(buffer: $0) } ?? [])
    }

    /// Goes on from a form's answer until no work is in between.
    func arrive(_ answer: TestAnswer) async throws -> TestAnswer {
        var answer = answer
        for _ in 0..<12_000 {
            if answer.status == 303 {
                answer = try await get(answer.location)
            } else if answer.text.contains("data-reload") {
                try await Task.sleep(for: .milliseconds(50))
                let address = try #require(
                    answer.text.firstMatch(of: #/action="(\/sync\/work\/[0-9a-f-]+)\/cancel"/#))
                answer = try await get(String(address.1))
            } else {
                return answer
            }
        }
        return answer
    }
}

extension TestAnswer {
    /// The address that a form of the page is sent to.
    func action(_ ending: String) throws -> String {
        let pattern = try Regex("action=\"([^\"]*\(ending))\"", as: (Substring, Substring).self)
        return String(try #require(text.firstMatch(of: pattern), "no form to …\(ending)").1)
    }

    var problem: String {
        text.firstMatch(of: #/(?s)<div class="(?:errors|notice error)"[^>]*>(.*?)<\/div>/#).map {
            String($0.1)
        } ?? ""
    }
}
