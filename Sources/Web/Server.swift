import Domain
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle
import Storage

/// Where and how the site is served.
public struct WebConfiguration: Sendable {
    public enum TLS: Sendable, Hashable {
        case off
        /// A certificate of the box's own authority, made and renewed at start, in the data folder's `keys`.
        case auto
        /// Files in PEM; the certificate's may hold its chain.
        case files(certificate: String, key: String)
    }

    public var host: String
    /// 0: any free one.
    public var port: Int
    public var tls: TLS
    public var maxConnections = 1000
    /// The release, as pages show it.
    public var version: String

    public init(host: String = "127.0.0.1", port: Int = 8080, tls: TLS = .off, version: String) {
        self.host = host
        self.port = port
        self.tls = tls
        self.version = version
    }
}

/// The site as a service: `run` serves until it is told to stop, then lets what is under way end.
public struct WebServer: Service {
    let application: Application<RouterResponder<ArrivedContext>>
    /// For the service that makes backups when they are due.
    public let backups: BackupWork
    /// For the service that exchanges with other offices, which shares what is on its way with the site.
    public let exchange: ExchangeWork
    /// Where a browser reaches it, with the port that was asked for.
    public let url: String

    /// - Parameter onServerRunning: gets the port in use.
    /// - Throws: `UserError` for certificates that cannot be read.
    public init(
        _ configuration: WebConfiguration, store: OfficeStore, logger: Logger,
        onServerRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        let http = HTTP1Channel.Configuration(
            idleTimeout: .seconds(60),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))
        var server = HTTPServerBuilder.http1(configuration: http)
        var authority: LocalAuthority?
        switch configuration.tls {
        case .off: break
        case .auto:
            let made = try LocalAuthority(folder: store.folder.keys, now: store.clock.now())
            authority = made
            server = try .tls(
                server,
                tlsConfiguration: try tlsConfiguration(certificate: made.leafFile, key: made.leafKeyFile))
        case .files(let certificate, let key):
            server = try .tls(
                server, tlsConfiguration: try tlsConfiguration(certificate: certificate, key: key))
        }
        let site = try Site(
            store: store, version: configuration.version, isSecure: configuration.tls != .off,
            authority: authority?.certificatePEM, names: authority?.names ?? [], logger: logger)
        backups = site.backups
        exchange = ExchangeWork(shelf: site.exchange, logger: logger)
        let scheme = site.isSecure ? "https" : "http"
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        url = "\(scheme)://\(host):\(configuration.port)"
        application = makeApplication(
            site: site, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "Rollcall",
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.maxConnections, logger: logger)),
            logger: logger, onServerRunning: onServerRunning)
    }

    public func run() async throws { try await application.run() }
}

/// The application of a site, for the server and for tests.
public func makeApplication(
    site: Site, server: HTTPServerBuilder = .http1(), configuration: ApplicationConfiguration = .init(),
    logger: Logger, onServerRunning: @escaping @Sendable (Int) async -> Void = { _ in }
) -> Application<RouterResponder<ArrivedContext>> {
    Application(
        router: makeRouter(siteRoutes, site), server: server, configuration: configuration,
        onServerRunning: { channel in await onServerRunning(channel.localAddress?.port ?? 0) },
        logger: logger)
}

private func tlsConfiguration(certificate: String, key: String) throws -> TLSConfiguration {
    do {
        let chain = try NIOSSLCertificate.fromPEMFile(certificate)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        return configuration
    } catch {
        throw UserError(
            .unreadable, "The certificate \(certificate) with the key \(key) cannot be used.",
            advice: "Give two PEM files that belong together: --tls CERT:KEY.")
    }
}
