import Domain
import Ingest
import Logging
import ServiceLifecycle
import Storage

/// Makes backups and tries them when they are due, as long as the server runs.
public struct BackupService: Service {
    let work: BackupWork
    let logger: Logger
    /// How often it looks at the office's clock, which may be moved at any time.
    var pulse: Duration

    public init(work: BackupWork, logger: Logger, pulse: Duration = .seconds(20)) {
        self.work = work
        self.logger = logger
        self.pulse = pulse
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                guard (try? await Task.sleep(for: pulse)) != nil else { return }
                await withTaskCancellationHandler {
                    await look()
                } onCancel: {
                    // A server that stops waits for no backup.
                    work.cancel()
                }
            }
        }
    }

    private func look() async {
        do {
            guard let kind = try await onOwnThread({ [work] in try work.due() }) else { return }
            try await work.run(kind, by: .program)
        } catch let error as UserError where error.code == .busy || error.code == .cancelled {
            // Somebody's own is under way, or the server stops.
        } catch let error as UserError {
            logger.error("The backup failed: \(error.message) \(error.advice)")
        } catch {
            logger.error("The backup failed: \(error)")
        }
    }
}
