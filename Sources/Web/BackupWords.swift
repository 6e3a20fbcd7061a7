import Domain
import Storage

/// A line on every page of who looks after the backups: above it where something is wrong, else their age below it.
struct BackupNotice: Decodable, Sendable {
    var text: String
    var isAlarm: Bool
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
        case .untried(let drilled):
            return drilled.map {
                "No backup was restored for trial for \(format.age(of: $0, at: now))."
            } ?? "No backup has ever been restored for trial."
        case .off: return "Backups are switched off."
        }
    }
}

extension OfficeFormat {
    /// `5 minutes`, `26 hours`, `3 days`.
    public func age(of moment: Instant, at now: Instant) -> String {
        let seconds = max(0, (now.milliseconds - moment.milliseconds) / 1000)
        switch seconds {
        case ..<60: return "less than a minute"
        case ..<5400: return count(Int(seconds / 60), "minute", "minutes")
        case ..<172_800: return count(Int(seconds / 3600), "hour", "hours")
        default: return count(Int(clamping: seconds / 86_400), "day", "days")
        }
    }
}

extension Site {
    /// nil: there is nothing to say yet, or it is not this viewer's to know.
    func backupNotice(for viewer: Viewer, _ format: OfficeFormat) async throws -> BackupNotice? {
        guard viewer.may(.manageBackups) else { return nil }
        let now = store.clock.now()
        let state = try await store.backupState(for: viewer)
        if let alarm = state.alarm(at: now) {
            return BackupNotice(text: alarm.words(at: now, format), isAlarm: true)
        }
        return state.last.map {
            BackupNotice(text: "Last backup \(format.age(of: $0.made, at: now)) ago", isAlarm: false)
        }
    }
}
