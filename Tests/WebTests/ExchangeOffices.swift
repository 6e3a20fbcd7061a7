import Domain
import Foundation
import Ingest
import Logging
import Storage
import TestSupport
import Testing

@testable import Web

/// Two offices; the second is served over TLS, and the first has its address and a token.
final class ExchangeOffices: Sendable {
    let network: OfficeNetwork
    let port: Int
    private let server: Task<Void, any Error>

    var north: OfficeStore { network[0].store }
    var south: OfficeStore { network[1].store }

    init(_ names: [String] = ["North", "South"]) async throws {
        let network = try await OfficeNetwork(names)
        self.network = network
        (server, port) = try await Self.serve(network[1].store)
        let secret = try await south.makeExchangeToken(
            of: try await Self.office(of: north), for: .console, by: .console)
        try await setAddress(secret: secret)
    }

    /// With calls of its own in each.
    static func filled() async throws -> ExchangeOffices {
        let offices = try await ExchangeOffices()
        try offices.network[0].take(randomCalls(300, seed: 1), file: "north.csv")
        try offices.network[1].take(randomCalls(300, seed: 2, from: 5000), file: "south.csv")
        return offices
    }

    deinit { server.cancel() }

    /// Gives the first office an address of the second.
    func setAddress(port: Int? = nil, secret: String? = nil, authority: String? = nil) async throws {
        let office = try await Self.office(of: south)
        let known = try await north.exchangeLinks(for: .console).first { $0.office == office }
        let own = try String(contentsOfFile: south.folder.keys + "/rollcall-ca.crt", encoding: .utf8)
        try await north.saveExchangeAddress(
            of: office, ExchangeAddress("https://127.0.0.1:\(port ?? self.port)"),
            secret: secret ?? known?.secret ?? "", authority: authority ?? own, for: .console, by: .console)
    }

    static func office(of store: OfficeStore) async throws -> ID<Office> {
        try #require(try await store.officeState()).office.id
    }

    /// One exchange, as the schedule runs it.
    @discardableResult
    func exchange() async throws -> ExchangeWork.Done {
        try await ExchangeWork(store: north, logger: Logger(label: "test")).run(
            .office(try await Self.office(of: south)), by: .console)
    }

    func areOne() async throws -> Bool {
        try await north.stateHash() == south.stateHash()
    }

    static func serve(_ store: OfficeStore) async throws -> (Task<Void, any Error>, Int) {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try WebServer(
            WebConfiguration(port: 0, tls: .auto, version: "test"), store: store, logger: logger
        ) { continuation.yield($0) }
        let task = Task { try await server.run() }
        for await port in ports { return (task, port) }
        throw CancellationError()
    }
}

/// Something that makes a snapshot of so many bytes, roughly: archives do not shrink what is random.
func randomCalls(_ count: Int, seed: UInt64, from id: Int = 1) -> String {
    var numbers = SeededNumbers(seed)
    var lines = [SampleCall.header]
    for index in 0..<count {
        let noise = String(UInt64.random(in: 0 ... .max, using: &numbers), radix: 36)
        lines.append(
            "Agent \(index % 7),\(noise),\(id + index),2024-01-\(10 + index % 20) 10:00:00,Outbound,Sale,Auto,\(noise),North,"
        )
    }
    return lines.joined(separator: "\n") + "\n"
}
