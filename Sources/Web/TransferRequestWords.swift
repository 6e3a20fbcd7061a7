import Domain
import Storage

/// Says requests in words; knows what persons are called.
struct RequestWriter: Sendable {
    var names: [ID<Person>: String]
    var format: OfficeFormat

    func name(_ id: ID<Person>?) -> String { id.flatMap { names[$0] } ?? "nobody" }

    private func list(_ ids: [ID<Person>]) -> String { ids.map { name($0) }.joined(separator: " and ") }

    /// `Lea Leader`, or `Tom Manager's idle agents`.
    func team(_ seat: Seat) -> String {
        seat.leader.map { name($0) } ?? seat.manager.map { "\(name($0))'s idle agents" } ?? "nobody"
    }

    /// `Move Ann Bell from Lea Leader to Leo Other, from Tue 1 Dec 2026`.
    func headline(_ request: TransferRequest) -> String {
        "\(deed(request)), from \(format.day(request.effective))"
    }

    private func deed(_ request: TransferRequest) -> String {
        let agent = name(request.agent)
        return switch request.kind {
        case .remove: "Take \(agent) out of the team of \(team(request.from))"
        case .transfer: "Move \(agent) from \(team(request.from)) to \(team(request.to))"
        case .swap:
            "Swap \(agent) of \(team(request.from)) with \(name(request.otherAgent)) of \(team(request.to))"
        }
    }

    /// `Lea Leader`, or `Lea Leader for Ned Leader`.
    func opener(_ request: TransferRequest) -> String {
        request.opener.name + (request.openedFor.map { " for \(name($0))" } ?? "")
    }

    /// `Leo Other, to accept`; nil: for nobody.
    func waiting(_ row: RequestRow) -> String? {
        guard !row.waitingFor.isEmpty else { return nil }
        let isLeaders = row.request.needsAcceptance && row.request.stage == .open
        return "\(list(row.waitingFor)), to \(isLeaders ? "accept" : "approve")"
    }

    /// What the state means here, and what comes next.
    func explanation(_ row: RequestRow) -> String {
        let request = row.request
        let last = request.steps.last { $0.action != .comment }
        let by = last.map { who($0) } ?? "somebody"
        let orphaned =
            row.isOrphaned
            ? " Nobody with an account can say this: an admin can decide instead, or set a stand-in." : ""
        let day = format.day(request.effective)
        switch row.state {
        case .open, .accepted, .approved:
            let next = waiting(row).map { "It waits for \($0)." } ?? ""
            let then =
                request.needsAcceptance && request.stage == .open
                ? " After that \(list(request.approvers)) decides." : ""
            return next + then + orphaned
        case .scheduled where row.isOverruled:
            return "Approved, but for \(day) somebody has placed otherwise since whom it is about."
        case .applied where row.isOverruled:
            return "Approved, but somebody placed otherwise for \(day) whom it is about."
        case .scheduled: return "Approved. It comes true on \(day) by itself; until then it can be revoked."
        case .applied: return "Approved, and true since \(day)."
        case .rejected: return "\(by) rejected it. Nobody was moved."
        case .withdrawn: return "\(by) withdrew it. Nobody was moved."
        case .revoked: return "It was approved, and \(by) revoked it before its day."
        case .expired:
            return "Nobody decided in time"
                + (row.expires.map { ": it ended on \(format.moment($0))" } ?? "")
                + ". Nobody was moved. Open a new one if it is still wanted."
        case .stale:
            return "What it was about has changed. \(row.staleness ?? "") "
                + "Nobody was moved. Whoever opened it can withdraw it and open a new one."
        }
    }

    /// `Tom Manager approved, Tue 24 Nov 2026, 09:15`.
    func outcome(_ row: RequestRow) -> String {
        if row.state == .expired { return "Nobody decided in time." }
        if row.state == .stale { return row.staleness ?? "" }
        guard let last = row.request.steps.last(where: { $0.action != .comment }) else {
            return OfficeFormat.none
        }
        return "\(who(last)) \(deed(last)), \(format.moment(last.time.instant))"
    }

    func who(_ step: RequestStep) -> String {
        step.by.name + (step.actingFor.map { " for \(name($0))" } ?? "")
    }

    /// What a step did, after whoever did it: `accepted`.
    func deed(_ step: RequestStep) -> String {
        switch step.action {
        case .accept: "accepted"
        case .approve: "approved"
        case .reject: "rejected"
        case .withdraw: "withdrew it"
        case .revoke: "revoked it"
        case .override: "approved it by override"
        case .comment: "commented"
        }
    }

    /// The notice after a step.
    func done(_ action: RequestAction, _ row: RequestRow) -> Notice {
        let title =
            switch action {
            case .accept: "Accepted"
            case .approve, .override: "Approved"
            case .reject: "Rejected"
            case .withdraw: "Withdrawn"
            case .revoke: "Revoked"
            case .comment: "Comment added"
            }
        return Notice(.success, title, action == .comment ? "" : explanation(row))
    }
}

extension TransferRequest.State {
    var title: String {
        switch self {
        case .open: "Open"
        case .accepted: "Accepted"
        case .approved: "Approved by one"
        case .scheduled: "Scheduled"
        case .applied: "Applied"
        case .rejected: "Rejected"
        case .withdrawn: "Withdrawn"
        case .revoked: "Revoked"
        case .expired: "Expired"
        case .stale: "Stale"
        }
    }

    /// The badge's class.
    var tone: String {
        switch self {
        case .open, .accepted, .approved: "info"
        case .scheduled, .applied: "good"
        case .rejected, .revoked: "bad"
        case .withdrawn: "neutral"
        case .expired, .stale: "warn"
        }
    }
}

extension TransferRequest.Kind {
    var title: String {
        switch self {
        case .remove: "Remove"
        case .transfer: "Transfer"
        case .swap: "Swap"
        }
    }
}

extension RequestAction {
    var title: String {
        switch self {
        case .accept: "Accept"
        case .approve: "Approve"
        case .reject: "Reject"
        case .withdraw: "Withdraw"
        case .revoke: "Revoke"
        case .override: "Approve by override"
        case .comment: "Add the comment"
        }
    }

    /// The button's class.
    var tone: String {
        switch self {
        case .accept, .approve: "button-primary"
        case .reject, .revoke, .override: "button-danger"
        case .withdraw, .comment: ""
        }
    }

    var needsComment: Bool { [.reject, .revoke, .override, .comment].contains(self) }
}
