import Domain
import Storage

/// A line above every page of who must look after the backups; nothing while all is well.
struct BackupAlarm: Decodable, Sendable {
    var text: String
    var href = Paths.backups
}

extension BackupState.Alarm {
    /// In one sentence.
    public func words(at now: Instant, _ format: OfficeFormat) -> String {
        switch self {
        case .never: return "No backup has ever been made."
        case .old(let made): return "The last backup is \(format.age(of: made, at: now)) old."
        case .failed(let failure):
            let what = failure.step == .drill ? "The trial of a backup" : "The backup"
            return "\(what) failed on \(format.moment(failure.time)): \(failure.message)"
        case .off: return "Backups are switched off."
        }
    }
}

extension OfficeFormat {
    /// `5 minutes`, `26 hours`, `3 days`.
    public func age(of moment: Instant, at now: Instant) -> String {
        let seconds = max(0, (now.milliseconds - moment.milliseconds) / 1000)
        switch seconds {
        case ..<5400: return count(Int(seconds / 60), "minute", "minutes")
        case ..<172_800: return count(Int(seconds / 3600), "hour", "hours")
        default: return count(Int(clamping: seconds / 86_400), "day", "days")
        }
    }
}

extension Site {
    /// nil: all is well, or it is not this viewer's to know.
    func backupAlarm(for viewer: Viewer, _ format: OfficeFormat) async throws -> BackupAlarm? {
        guard viewer.may(.manageBackups) else { return nil }
        let now = store.clock.now()
        let alarm = try await store.backupState(for: viewer).alarm(at: now)
        return alarm.map { BackupAlarm(text: $0.words(at: now, format)) }
    }
}
