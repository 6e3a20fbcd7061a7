import Domain
import Storage

extension DeleteRequest.State {
    var title: String {
        switch self {
        case .open: "Open"
        case .expired: "Expired"
        case .rejected: "Rejected"
        case .withdrawn: "Withdrawn"
        case .stale: "Out of date"
        case .deleted: "In the trash"
        case .restored: "Restored"
        case .purged: "Purged"
        }
    }

    var tone: String {
        switch self {
        case .open: "info"
        case .deleted: "warn"
        case .purged: "bad"
        case .restored: "good"
        case .expired, .rejected, .withdrawn, .stale: "neutral"
        }
    }
}

/// Says delete requests in words.
struct DeleteRequestWriter: Sendable {
    var format: OfficeFormat

    /// `calls.csv, version 2`, `3 days of calls.csv, all 2 versions`.
    func what(_ kind: DeleteRequest.Kind, _ targets: [DeleteTarget]) -> String {
        guard let first = targets.first else { return OfficeFormat.none }
        let files = Set(targets.map(\.file)).count
        if files > 1 {
            return "\(format.count(targets.count, "version", "versions")) of "
                + format.count(files, "file", "files")
        }
        let file =
            targets.count == 1
            ? "\(first.fileName), version \(first.version)"
            : "\(first.fileName), \(format.number(targets.count)) versions"
        guard let days = first.days, let day = days.first else { return file }
        return (days.count == 1 ? format.day(day) : format.count(days.count, "day", "days")) + " of \(file)"
    }

    func headline(_ request: DeleteRequest) -> String { "Delete \(what(request.kind, request.targets))" }

    func left(until instant: Instant, from now: Instant) -> String {
        let seconds = max(0, instant.milliseconds - now.milliseconds) / 1000
        return seconds >= 86_400
            ? format.count(Int((seconds + 86_399) / 86_400), "day", "days")
            : format.count(Int((seconds + 3599) / 3600), "hour", "hours")
    }

    /// What the state means here, and what comes next.
    func explanation(_ row: DeleteRequestRow, viewer: Viewer, now: Instant) -> String {
        let request = row.request
        let last = request.steps.last { $0.action != .comment }
        let by = last?.by.name ?? "somebody"
        switch row.state {
        case .open:
            var words = "Nothing is deleted yet. It waits for an admin other than \(request.opener.name)."
            if let from = row.singleAdminFrom, viewer.user == request.opener.user {
                words =
                    now >= from
                    ? "Nothing is deleted yet. As the office's only admin you can approve it yourself now; that is marked."
                    : "Nothing is deleted yet. As the office's only admin you can approve it yourself from \(format.moment(from)) on; that is marked."
            }
            if row.isOutOfDate {
                words +=
                    " The figures of these days have changed since it was asked for: ask again, or it will be out of date when somebody approves it."
            }
            return words
        case .expired: return "Nobody decided in time. Nothing was deleted."
        case .rejected: return "\(by) said no. Nothing was deleted."
        case .withdrawn: return "\(by) took it back. Nothing was deleted."
        case .stale:
            return
                "The figures of these days changed after it was asked for, so an approval would have done something else. Nothing was deleted."
        case .deleted:
            let time = request.purgeTime
            return "Out of every figure since \(by) approved it."
                + (time.map {
                    now >= $0
                        ? " Its time in the trash is over: it is purged within the hour\(row.holds.isEmpty ? "" : ", unless a hold keeps it")."
                        : " In the trash for \(left(until: $0, from: now)) more, until \(format.moment($0)); an admin can restore it until then."
                } ?? "")
        case .restored: return "\(by) restored it: every figure is as if it had never been deleted."
        case .purged:
            return
                "Erased for good on \(request.purged.map { format.moment($0.instant) } ?? OfficeFormat.none)."
        }
    }

    func deed(_ step: DeleteStep) -> String {
        switch step.action {
        case .approve: "approved it"
        case .reject: "rejected it"
        case .withdraw: "withdrew it"
        case .lapse: "found it out of date"
        case .restore: "restored it"
        case .comment: "commented"
        }
    }

    /// What happened, above the next page.
    func done(_ action: DeleteAction, _ row: DeleteRequestRow) -> Notice {
        switch action {
        case .approve:
            Notice(
                .success, "Deleted",
                "\(format.count(row.request.preview.gone, "call is", "calls are")) out of every figure. It lies in the trash for \(format.count(row.request.trashDays ?? 0, "day", "days"))."
            )
        case .reject: Notice(.success, "Rejected", "Nothing was deleted.")
        case .withdraw: Notice(.success, "Withdrawn", "Nothing was deleted.")
        case .restore: Notice(.success, "Restored", "Every figure is back.")
        case .comment: Notice(.success, "Your comment is there")
        case .lapse: Notice(.info, "Out of date")
        }
    }
}

extension DeleteAction {
    var title: String {
        switch self {
        case .approve: "Approve"
        case .reject: "Reject"
        case .withdraw: "Withdraw"
        case .restore: "Restore"
        case .comment: "Comment"
        case .lapse: "Lapse"
        }
    }

    /// What somebody can press.
    static let buttons: [DeleteAction] = [.approve, .reject, .withdraw, .restore, .comment]
}
