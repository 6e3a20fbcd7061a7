import Domain
import Storage

/// How a version of a file stands, from the deletions on it.
public struct FileStanding: Sendable {
    public var version: FileVersion
    /// The deletion that took all of it.
    public var whole: DeleteRequestRow?
    /// Days of it that are deleted, in order.
    public var days: [Day]

    /// - Parameter deletions: at least those of `version.deletions`.
    public init(_ version: FileVersion, deletions: [DeleteRequestRow]) {
        self.version = version
        var days: Set<Day> = []
        var whole: DeleteRequestRow?
        /// One that erased it, else the one that keeps it in the trash for the longest.
        func weight(_ row: DeleteRequestRow) -> Int64 {
            row.state == .purged ? .max : row.request.purgeTime?.milliseconds ?? 0
        }
        for row in deletions where row.state == .deleted || row.state == .purged {
            for target in row.request.targets
            where target.file == version.uploaded.file && target.version == version.uploaded.version {
                if let some = target.days {
                    days.formUnion(some)
                } else if whole.map({ weight($0) < weight(row) }) ?? true {
                    whole = row
                }
            }
        }
        self.whole = whole
        self.days = days.sorted()
    }

    /// Until when it can be restored; nil: it is not in the trash.
    public var until: Instant? { version.state == .trashed ? whole?.request.purgeTime : nil }

    /// `live`, `live, 2 days deleted`, `in the trash until Fri 25 Dec 2026, 09:00`, `purged on …`.
    public func words(_ format: OfficeFormat) -> String {
        switch version.state {
        case .live:
            return days.isEmpty ? "live" : "live, \(format.count(days.count, "day", "days")) deleted"
        case .trashed: return "in the trash" + (until.map { " until \(format.moment($0))" } ?? "")
        case .purged:
            return "purged" + (whole?.request.purged.map { " on \(format.moment($0.instant))" } ?? "")
        }
    }

    /// Why nothing of it can be read any more.
    public func purgedError(_ format: OfficeFormat) -> UserError {
        let name = "“\(version.uploaded.fileName)”, version \(version.uploaded.version),"
        guard let request = whole?.request else {
            return UserError(
                .notFound, "\(name) was purged.", advice: "See “rollcall files delete-requests”.")
        }
        let approval = request.steps.last { $0.action == .approve }
        return UserError(
            .notFound,
            "\(name) was purged"
                + (request.purged.map { " on \(format.moment($0.instant))" } ?? "")
                + ": \(request.opener.name) asked for it on \(format.moment(request.opened.instant)) (\(request.reason))"
                + (approval.map { ", \($0.by.name) approved it on \(format.moment($0.time.instant))" } ?? "")
                + ".",
            advice: "Nothing of it is left but the certificate: rollcall files delete-requests \(request.id)")
    }
}

extension FileListing.Entry {
    public init(_ standing: FileStanding, _ format: OfficeFormat) {
        self.init(standing.version)
        trashUntil = standing.until.map(format.machine)
        deletedDays = standing.days.isEmpty ? nil : standing.days
    }
}
