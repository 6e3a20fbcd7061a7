import Domain
import Foundation
import Ingest
import Logging
import Storage
import TestSupport
import Testing

@testable import Web

/// Exchanges by themselves: when they are due, and when the shared folder shows something new.
@Suite struct ExchangeServiceTests {
    /// With a service that looks at clock and folder all the time, and has ended when this returns.
    private func serving(_ store: OfficeStore, _ body: () async throws -> Void) async throws {
        let service = ExchangeService(
            work: ExchangeWork(store: store, logger: Logger(label: "test")), pulse: .milliseconds(5),
            folderPulse: .milliseconds(20))
        try await running(service.run, body)
    }

    /// Long enough for many looks at the clock; a busy box makes this test weaker, not false.
    private func stays(_ isSo: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<20 {
            guard try await isSo() else { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    @Test func `offices exchange over the network when it is due, and not before`() async throws {
        let offices = try await ExchangeOffices()
        let (north, south) = (offices.north, offices.south)
        let way = ExchangeWay.office(try await ExchangeOffices.office(of: south))
        try await serving(north) {
            // That it never did is due at once.
            #expect(try await comes { try north.exchangeRunsNow()[way] != nil })
            let first = try #require(try north.exchangeRunsNow()[way])
            #expect(first.error == nil)
            try offices.network[1].take(randomCalls(5, seed: 1), file: "a.csv")
            offices.network.pass(minutes: 9)
            #expect(try await stays { try north.exchangeRunsNow()[way]?.began == first.began })
            offices.network.pass(minutes: 1)
            #expect(try await comes { try north.exchangeRunsNow()[way]?.began != first.began })
            #expect(try north.exchangeRunsNow()[way]?.error == nil)
            #expect(try await offices.areOne())
            try await north.changeBoxSettings(
                BoxSettings(exchange: ExchangeSettings(networkTimes: .byHand)), by: .console)
            let last = try #require(try north.exchangeRunsNow()[way])
            offices.network.pass(minutes: 10_000)
            #expect(try await stays { try north.exchangeRunsNow()[way]?.began == last.began })
        }
    }

    @Test func `what fails is tried again after a minute, then later and later`() async throws {
        let offices = try await ExchangeOffices()
        let north = offices.north
        let way = ExchangeWay.office(try await ExchangeOffices.office(of: offices.south))
        // Nobody listens there.
        try await offices.setAddress(port: 1)
        try await serving(north) {
            #expect(try await comes { try north.exchangeRunsNow()[way]?.error != nil })
            var last = try #require(try north.exchangeRunsNow()[way])
            var waits: [Int64] = []
            for _ in 0..<3 {
                let retry = try #require(last.retry)
                waits.append((retry.milliseconds - last.ended.milliseconds) / 1000)
                let began = last.began
                for clock in offices.network.clocks { clock.set(retry.adding(seconds: -1)) }
                #expect(try await stays { try north.exchangeRunsNow()[way]?.began == began })
                for clock in offices.network.clocks { clock.set(retry) }
                #expect(try await comes { try north.exchangeRunsNow()[way]?.began == retry })
                last = try #require(try north.exchangeRunsNow()[way])
            }
            #expect(waits == waits.sorted() && waits[0] >= 60 && waits[2] > 120, "\(waits)")
            try await offices.setAddress()
            let next = try #require(try north.nextExchanges()[way])
            for clock in offices.network.clocks { clock.set(next) }
            #expect(
                try await comes { try north.exchangeRunsNow()[way].map { $0.error == nil } ?? false })
            #expect(try await offices.areOne())
        }
    }

    /// Two offices, of which the first has a shared folder that it looks into once a day.
    private func sharing() async throws -> (network: OfficeNetwork, folder: String) {
        let network = try await OfficeNetwork()
        let shared = network.newPath()
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
        try await network[0].store.changeBoxSettings(
            BoxSettings(exchange: ExchangeSettings(folder: shared, folderTimes: .everyMinutes(1440))),
            by: .console)
        return (network, shared)
    }

    @Test func `what came into the shared folder while no server ran is taken in at its start`() async throws
    {
        let (network, shared) = try await sharing()
        let north = network[0].store
        _ = try await ExchangeWork(store: north, logger: Logger(label: "test")).run(.folder, by: .console)
        network.pass(minutes: 1)
        try network[1].take(randomCalls(5, seed: 1), file: "a.csv")
        _ = try ExchangeFolder(shared, of: network[1].store, by: .console).run()
        try await serving(north) {
            let isTaken = try await comes { try north.exchangeRunsNow()[.folder]?.taken == 1 }
            #expect(isTaken)
        }
        #expect(try await network[0].sql("SELECT count(*) FROM call") == ["5"])
    }

    @Test func `what another office lays into the shared folder is taken in before the next run is due`()
        async throws
    {
        let (network, shared) = try await sharing()
        try await serving(network[0].store) {
            #expect(try await comes { try network[0].store.exchangeRunsNow()[.folder] != nil })
            // So that the watch has looked at the folder as it was.
            #expect(try await stays { true })
            try network[1].take(randomCalls(5, seed: 1), file: "a.csv")
            _ = try ExchangeFolder(shared, of: network[1].store, by: .console).run()
            #expect(try await comes { try network[0].store.exchangeRunsNow()[.folder]?.taken == 1 })
            #expect(try await network[0].sql("SELECT count(*) FROM call") == ["5"])
        }
    }
}
