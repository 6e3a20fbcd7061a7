import ArgumentParser
import Domain
import Foundation
import Ingest
import Logging
import NIOCore
import ServiceLifecycle
import Storage
import UnixSignals
import Web

struct ServeOptions: ParsableArguments {
    @Option(help: "Address to listen on; 0.0.0.0 for the whole office.") var host = "127.0.0.1"
    @Option(help: "Port to listen on.") var port = 8080
    @Option(help: "auto (the box's own authority), off, or CERT:KEY (PEM files).") var tls = "off"

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("The port must be 0 to 65535.") }
        _ = try configuration
    }

    var configuration: WebConfiguration {
        get throws {
            let mode: WebConfiguration.TLS
            switch tls {
            case "off": mode = .off
            case "auto": mode = .auto
            default:
                let files = tls.split(separator: ":").map(String.init)
                guard files.count == 2 else { throw ValidationError("--tls is auto, off or CERT:KEY.") }
                mode = .files(certificate: files[0], key: files[1])
            }
            return WebConfiguration(host: host, port: port, tls: mode, version: Version.text)
        }
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the office to browsers until it is told to stop.")

    @OptionGroup var office: OfficeOptions
    @OptionGroup var web: ServeOptions

    func run() async throws {
        let store = try OfficeStore(folder: office.folder)
        try await finishRebuild(store)
        try await serve(store, web.configuration) { url in
            writeOutput("Rollcall \(Version.text) serves \(store.folder.path) at \(url)\n")
            guard try await store.officeState() == nil else { return }
            // The code that was printed first, by the installer for example, stays good.
            let words =
                try await store.hasSetupCode()
                ? "the setup code; “rollcall setup-code” prints a new one."
                : "this code: \(try await store.makeSetupCode())"
            writeOutput("There is no office yet. Open \(url)/setup and enter \(words)\n")
        }
    }
}

/// Serves an open office until SIGTERM or SIGINT, then lets what is under way end.
///
/// - Throws: `UserError` `busy` when the port is taken.
func serve(
    _ store: OfficeStore, _ configuration: WebConfiguration,
    onReady: @escaping @Sendable (String) async throws -> Void
) async throws {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    let logger = makeLogger()
    let supervisor = Supervisor()
    let web = try WebServer(configuration, store: store, logger: logger) { port in
        let scheme = configuration.tls == .off ? "http" : "https"
        let name =
            configuration.host == "0.0.0.0" || configuration.host == "::" ? hostName() : configuration.host
        do {
            try await onReady("\(scheme)://\(name.contains(":") ? "[\(name)]" : name):\(port)")
        } catch {
            logger.error("\(error)")
        }
        supervisor.tell("READY=1")
    }
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: [
                .init(service: ConsoleService(store: store, logger: logger)), .init(service: supervisor),
                .init(service: web), .init(service: Housekeeping(store: store, logger: logger)),
                .init(service: BackupService(work: web.backups, logger: logger)),
                .init(service: ExchangeService(work: web.exchange)),
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    do {
        try await group.run()
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
        throw UserError(
            .busy, "Port \(configuration.port) is in use by another program.",
            advice: "Stop that program, or choose another with --port.")
    } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EADDRNOTAVAIL {
        throw UserError(
            .notAllowed, "This user cannot listen on \(configuration.host), port \(configuration.port).",
            advice: "Choose a port above 1023 and an address of this box.")
    }
    try store.close()
}

private func makeLogger() -> Logger {
    var logger = Logger(label: "rollcall")
    logger.logLevel =
        ProcessInfo.processInfo.environment["ROLLCALL_LOG"].flatMap(Logger.Level.init(rawValue:)) ?? .notice
    return logger
}

private func hostName() -> String {
    let name = ProcessInfo.processInfo.hostName
    return name.isEmpty ? "localhost" : name
}

/// Tells systemd how the server is (sd_notify(3), NOTIFY_SOCKET); does nothing elsewhere.
struct Supervisor: Service {
    private let socketPath = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"]
    /// Half of what systemd grants, as sd_watchdog_enabled(3) advises; nil: no watchdog.
    private let pulse = ProcessInfo.processInfo.environment["WATCHDOG_USEC"].flatMap(Int.init).map { $0 / 2 }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .microseconds(pulse ?? 3_600_000_000))
                if pulse != nil, !Task.isCancelled { tell("WATCHDOG=1") }
            }
        }
        tell("STOPPING=1")
    }

    func tell(_ state: String) {
        guard let socketPath, !socketPath.isEmpty else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(state.utf8)
        _ = withSocketAddress(socketPath) { address, length in
            Int32(clamping: sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length))
        }
    }
}
