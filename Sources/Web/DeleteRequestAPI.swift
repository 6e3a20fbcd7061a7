import Domain
import Storage

/// A delete request as programs read it, over the API and on the command line.
public struct DeleteRequestJSON: Encodable {
    struct Step: Encodable {
        var action: DeleteAction
        var by: String
        var comment: String
        var at: String
    }
    /// What stays of something purged.
    struct Certificate: Encodable {
        struct Version: Encodable {
            var file: ID<CallFile>
            var name: String
            var version: Int
            var archive: String
            var original: String
            var bytes: Int64
            var from: Day?
            var to: Day?
            var rows: Int
            var digest: String
        }
        /// SHA-256 of the journal's entry.
        var entry: String?
        /// nil: its time in the trash was over.
        var by: String?
        var comment: String
        var versions: [Version]
    }
    var id: ID<DeleteRequest>
    var kind: DeleteRequest.Kind
    var state: DeleteRequest.State
    /// An approval would find that the figures have changed.
    var outOfDate: Bool
    var targets: [DeleteTargetJSON]
    var reason: String
    var by: String
    var opened: String
    var expires: String?
    var singleAdmin: Bool
    var singleAdminFrom: String?
    var awaitsYou: Bool
    /// Those that the reader may take; `purge` before its time too.
    var actions: [String]
    var holds: [String]
    var preview: DeletePreviewJSON
    var steps: [Step]
    var deleted: String?
    var trashUntil: String?
    var purged: String?
    var certificate: Certificate?

    public init(_ row: DeleteRequestRow, _ format: OfficeFormat) {
        let request = row.request
        id = request.id
        kind = request.kind
        state = row.state
        outOfDate = row.isOutOfDate
        targets = request.targets.map(DeleteTargetJSON.init)
        reason = request.reason
        by = request.opener.name
        opened = format.machine(request.opened.instant)
        expires = row.expires.map(format.machine)
        singleAdmin = request.isSingleAdmin
        singleAdminFrom = row.singleAdminFrom.map(format.machine)
        awaitsYou = row.awaitsViewer
        actions =
            DeleteAction.allCases.filter(row.actions.contains).map(\.rawValue)
            + (row.mayPurge ? ["purge"] : [])
        holds = row.holds
        preview = DeletePreviewJSON(request.preview, isNarrowed: row.isNarrowed)
        steps = request.steps.map {
            Step(
                action: $0.action, by: $0.by.name, comment: $0.comment, at: format.machine($0.time.instant))
        }
        deleted = request.deleted.map { format.machine($0.instant) }
        trashUntil = request.purgeTime.map(format.machine)
        purged = request.purged.map { format.machine($0.instant) }
        guard let erased = row.certificate, !row.isNarrowed else { return }
        certificate = Certificate(
            entry: row.certificateHash, by: erased.by?.name, comment: erased.comment,
            versions: erased.versions.map {
                .init(
                    file: $0.file, name: $0.fileName, version: $0.version, archive: $0.archive,
                    original: $0.original, bytes: $0.bytes, from: $0.firstDay, to: $0.lastDay, rows: $0.rows,
                    digest: $0.digest)
            })
    }
}

/// A version, or days of it, that is to go.
public struct DeleteTargetJSON: Encodable, Sendable {
    var file: ID<CallFile>
    var name: String
    var version: Int
    /// nil: the whole version.
    var days: [Day]?

    public init(_ target: DeleteTarget) {
        file = target.file
        name = target.fileName
        version = target.version
        days = target.days
    }
}

/// What a deletion does; of a team manager's request only what is of his teams is there.
public struct DeletePreviewJSON: Encodable, Sendable {
    struct Totals: Encodable {
        var logs: Int
        var contacts: Int?
        var successes: Int?
        /// Seconds.
        var talk: Int?
        var active: Int?

        init(_ totals: DeleteTotals, isNarrowed: Bool) {
            logs = totals.logs
            guard !isNarrowed else { return }
            contacts = totals.contacts
            successes = totals.successes
            talk = totals.talk
            active = totals.active
        }
    }
    struct Share: Encodable {
        var id: ID<Person>?
        var name: String
        var before: Int
        var after: Int

        init(_ share: DeletePreview.Share) {
            (id, name, before, after) = (share.person, share.name, share.before, share.after)
        }
    }
    struct Holder: Encodable {
        var file: ID<CallFile>
        var name: String
        var version: Int
        var calls: Int
    }
    var narrowed: Bool
    var rows: Int?
    var gone: Int
    var stays: Int?
    var returns: Int?
    var from: Day?
    var to: Day?
    var days: Int
    var before: Totals
    var after: Totals
    var agents: [Share]
    var teams: [Share]
    var holders: [Holder]?
    var digest: String?

    public init(_ preview: DeletePreview, isNarrowed: Bool) {
        narrowed = isNarrowed
        gone = preview.gone
        from = preview.period?.from
        to = preview.period?.to
        days = preview.days
        before = Totals(preview.before, isNarrowed: isNarrowed)
        after = Totals(preview.after, isNarrowed: isNarrowed)
        agents = preview.agents.map(Share.init)
        teams = preview.teams.map(Share.init)
        guard !isNarrowed else { return }
        rows = preview.rows
        stays = preview.stays
        returns = preview.returns
        digest = preview.digest
        holders = preview.holders.map {
            Holder(file: $0.file, name: $0.fileName, version: $0.version, calls: $0.calls)
        }
    }
}

/// A request in lines for a person at a terminal: the first alone says what it is and how it stands.
public func deleteRequestText(_ row: DeleteRequestRow, now: Instant, _ format: OfficeFormat) -> [String] {
    let words = DeleteRequestWriter(format: format)
    let request = row.request
    func said(_ who: String, _ deed: String, _ time: HybridTime, _ text: String) -> String {
        "\(format.moment(time.instant))  \(who) \(deed)" + (text.isEmpty ? "" : ": \(text)")
    }
    var lines = [
        "\(request.id)  \(row.state.title): \(words.headline(request))",
        words.explanation(row, viewer: .console, now: now),
    ]
    lines += row.holds.map { "A hold keeps some of it: \($0)" }
    lines += deletePreviewText(request.preview, format)
    lines.append(said(request.opener.name, "asked for it", request.opened, request.reason))
    lines += request.steps.map { said($0.by.name, words.deed($0), $0.time, $0.comment) }
    if let certificate = row.certificate {
        if let time = request.purged {
            lines.append(said(certificate.by?.name ?? "Rollcall", "purged it", time, certificate.comment))
        }
        lines += certificate.versions.map {
            "  \($0.fileName), version \($0.version): \(format.count($0.rows, "row", "rows")) erased, archive SHA-256 \($0.archive), rows' digest \($0.digest)"
        }
        lines.append("  Entry of the journal: SHA-256 \(row.certificateHash ?? OfficeFormat.none)")
    }
    return lines
}

/// `Delete calls.csv, version 2`.
public func deleteHeadline(_ kind: DeleteRequest.Kind, _ targets: [DeleteTarget], _ format: OfficeFormat)
    -> String
{
    "Delete \(DeleteRequestWriter(format: format).what(kind, targets))"
}

/// What a deletion would do, in lines for a person at a terminal.
public func deletePreviewText(_ preview: DeletePreview, _ format: OfficeFormat) -> [String] {
    var lines = [
        "\(format.count(preview.rows, "row", "rows")): "
            + "\(format.count(preview.gone, "call leaves", "calls leave")) the figures"
            + (preview.stays > 0
                ? ", \(format.number(preview.stays)) \(preview.stays == 1 ? "stays" : "stay"), as other files hold them"
                : "")
            + (preview.returns > 0 ? " (\(format.number(preview.returns)) of them with other content)" : "")
    ]
    lines += preview.holders.map {
        "  held by \($0.fileName), version \($0.version): \(format.count($0.calls, "call", "calls"))"
    }
    if let period = preview.period {
        lines.append("\(format.count(preview.days, "day", "days")): \(format.period(period))")
    }
    func change(_ name: String, _ before: Int, _ after: Int, _ text: (Int) -> String) -> String {
        "  \(name): \(text(before)) → \(text(after))"
    }
    let (before, after) = (preview.before, preview.after)
    lines.append("The office's figures of these days")
    lines += [
        change("Logs", before.logs, after.logs) { format.number($0) },
        change("Contacts", before.contacts, after.contacts) { format.number($0) },
        change("Successes", before.successes, after.successes) { format.number($0) },
        change("Talk", before.talk, after.talk) { format.duration(seconds: $0) },
        change("Active", before.active, after.active) { format.duration(seconds: $0) },
    ]
    for (title, shares) in [("Agents’ logs", preview.agents), ("Teams’ logs", preview.teams)]
    where !shares.isEmpty {
        lines.append(title)
        lines += shares.prefix(30).map { share in
            change(share.name, share.before, share.after) { format.number($0) }
        }
        if shares.count > 30 {
            lines.append("  and \(format.number(shares.count - 30)) more; --json has all")
        }
    }
    return lines
}
