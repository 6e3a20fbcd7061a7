import Domain

/// Backups and this box's settings, in words.
extension ActivityWriter {
    func words(_ it: BoxSettingsChanged) -> ActivityWords {
        var (before, after) = (it.before, it.after)
        (before.backups, after.backups) = (BackupSettings(), BackupSettings())
        return ActivityWords(
            before == after ? "changed when backups are made" : "changed this box's settings",
            changes: changes(it.before, it.after))
    }

    private func changes(_ before: BoxSettings, _ after: BoxSettings) -> [ActivityWords.Change] {
        differences([
            ("Idle limit", "\(before.sessionIdleMinutes) min", "\(after.sessionIdleMinutes) min"),
            ("Longest session", "\(before.sessionHours) h", "\(after.sessionHours) h"),
            ("Largest upload", "\(before.uploadLimitMegabytes) MB", "\(after.uploadLimitMegabytes) MB"),
            (
                "Warning of a full disk",
                "below \(before.disk.warnPercent) % or \(before.disk.warnMegabytes) MB free",
                "below \(after.disk.warnPercent) % or \(after.disk.warnMegabytes) MB free"
            ),
            (
                "Uploads refused", "below \(before.disk.refuseMegabytes) MB free",
                "below \(after.disk.refuseMegabytes) MB free"
            ),
            ("Backups", pace(before.backups), pace(after.backups)),
            (
                "Backups restored for trial", before.backups.drills ? "weekly" : "never",
                after.backups.drills ? "weekly" : "never"
            ),
            (
                "Folder of backups", before.backups.folder ?? "the data folder's own",
                after.backups.folder ?? "the data folder's own"
            ),
            ("Shared folder", before.exchange.folder ?? "none", after.exchange.folder ?? "none"),
            (
                "Exchange over the folder", before.exchange.folderTimes.words,
                after.exchange.folderTimes.words
            ),
            (
                "Exchange over the network", before.exchange.networkTimes.words,
                after.exchange.networkTimes.words
            ),
        ])
    }

    private func pace(_ settings: BackupSettings) -> String {
        guard settings.isOn else { return "never" }
        return settings.pace == .hourly ? "hourly" : "daily"
    }
}
