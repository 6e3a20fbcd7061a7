import ArgumentParser
import Domain
import Foundation
import Ingest
import Logging
import Storage
import Web

/// What the server does by its schedule, now.
struct SnapshotSyncCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Exchange with the other offices now.",
        discussion: """
            Over the shared folder and with every office that has an address, as the page Exchange has them; or with \
            --folder once over another folder, a stick for example.
            """)

    @OptionGroup var office: OfficeOptions
    @Option(help: "Only over this folder, which is not remembered.") var folder: String?

    private struct Shown: Encodable {
        struct Failure: Encodable {
            var code: String
            var message: String
            var advice: String
        }
        var way: String
        var taken: Int
        var entries: Int
        var sent: Int
        var bytesIn: Int64
        var bytesOut: Int64
        var seconds: Double
        var error: Failure?

        init(_ way: String, _ run: ExchangeRun) {
            self.way = way
            (taken, entries, sent) = (run.taken, run.entries, run.sent)
            (bytesIn, bytesOut) = (run.bytesIn, run.bytesOut)
            seconds = Double(max(0, run.ended.milliseconds - run.began.milliseconds)) / 1000
            error = run.error.map {
                Failure(code: $0.code.rawValue, message: $0.message, advice: $0.advice)
            }
        }
    }

    func collectInput(_ folder: DataFolder) throws -> [String] {
        self.folder.map { [absolutePath($0)] } ?? []
    }

    func perform(_ session: OfficeSession) async throws {
        if let path = session.input.first {
            let store = session.store
            var run = ExchangeRun(began: store.clock.now())
            let outcome = try await onOwnThread {
                try ExchangeFolder(path, of: store, by: .console, remembers: false).run()
            }
            run.ended = store.clock.now()
            (run.bytesIn, run.bytesOut) = (outcome.bytesIn, outcome.bytesOut)
            (run.taken, run.entries, run.sent) = (outcome.taken, outcome.entries, outcome.sent)
            return try show(run, path, outcome.lines, session)
        }
        // What goes wrong is told below.
        var logger = Logger(label: "rollcall")
        logger.logLevel = .critical
        let work = ExchangeWork(store: session.store, logger: logger)
        let ways = try await work.ways(for: .console)
        guard !ways.isEmpty else { throw UserError.noExchange }
        var failed: UserError?
        for way in ways {
            let done = try await work.run(way, by: .console)
            try show(done.run, way.text, done.lines, session)
            failed = failed ?? done.run.error
        }
        if let failed { throw ExitCode(failed.code.exitCode) }
    }

    private func show(_ run: ExchangeRun, _ way: String, _ lines: [String], _ session: OfficeSession) throws {
        if office.json { return session.print(try machineJSON(Shown(way, run))) }
        for line in lines { session.print(line) }
        if let error = run.error { return session.complain("\(error.message)\n\(error.advice)") }
        if lines.isEmpty { session.print("Nothing was new, here or there.") }
    }
}
