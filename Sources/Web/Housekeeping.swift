import Domain
import Ingest
import Logging
import ServiceLifecycle
import Storage

/// What the server does by itself: soon after its start and then every hour it purges what has lain in the trash
/// long enough, and writes archives again that still have what another box of the office purged.
public struct Housekeeping: Service {
    let store: OfficeStore
    let logger: Logger
    /// How often it looks at the office's clock, which may be moved at any time.
    var pulse: Duration

    static let interval: Int64 = 3600

    public init(store: OfficeStore, logger: Logger, pulse: Duration = .seconds(20)) {
        self.store = store
        self.logger = logger
        self.pulse = pulse
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var last: Instant?
            while !Task.isCancelled {
                guard (try? await Task.sleep(for: pulse)) != nil else { return }
                let now = store.clock.now()
                // A clock that was put back counts from there.
                if let last, last <= now, now < last.adding(seconds: Self.interval) { continue }
                last = now
                await purge()
            }
        }
    }

    private func purge() async {
        do {
            for failure in try await onOwnThread({ [store] in try purgeWhatIsDue(in: store) }) {
                // A hold keeps what it keeps, hour by hour; everything else is somebody's to mend.
                logger.log(
                    level: failure.code == .conflict ? .info : .error,
                    "What is due in the trash was not purged: \(failure.message) \(failure.advice)")
            }
        } catch {
            logger.error("What is due in the trash was not purged: \(error)")
        }
        do {
            for failure in try await onOwnThread({ [store] in try rewriteArchives(in: store) }) {
                logger.error(
                    "An archive still has calls that another box of this office purged: \(failure.message) \(failure.advice)"
                )
            }
        } catch {
            logger.error("An archive was not written again: \(error)")
        }
    }
}
