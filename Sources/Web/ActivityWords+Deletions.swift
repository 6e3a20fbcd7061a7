import Domain

extension ActivityWriter {
    func words(_ it: DeleteRequestOpened) -> ActivityWords {
        let preview = it.request.preview
        return ActivityWords(
            "asked to delete", what(it.request), href: Paths.deletion(it.request.id.description),
            changes: [
                .init(
                    what: "Logs", before: format.number(preview.before.logs),
                    after: format.number(preview.after.logs))
            ],
            note: "\(format.count(preview.rows, "row", "rows")), "
                + "\(format.count(preview.gone, "call", "calls")) of them in no other file. "
                + "Reason: \(it.request.reason)")
    }

    func words(_ it: DeleteRequestDecided) -> ActivityWords {
        let deed =
            switch it.action {
            case .approve: "approved to delete"
            case .reject: "rejected to delete"
            case .withdraw: "withdrew the request to delete"
            case .lapse: "found out of date the request to delete"
            case .restore: "restored"
            case .comment: "commented on the request to delete"
            }
        var notes: [String] = []
        if it.calls > 0 { notes.append("\(format.count(it.calls, "call", "calls")) left the figures") }
        if it.calls < 0 {
            notes.append("\(format.count(Int(clamping: it.calls.magnitude), "call", "calls")) came back")
        }
        if it.action == .approve, it.typedName != nil {
            notes.append("Single admin: approved by whoever asked for it")
        }
        if !it.comment.isEmpty { notes.append("Comment: \(it.comment)") }
        return ActivityWords(
            deed, it.fileName, href: Paths.deletion(it.request.description),
            note: notes.isEmpty ? nil : notes.joined(separator: "; "))
    }

    func words(_ it: DeleteRequestPurged) -> ActivityWords {
        // Of another office's entry: it may say anything.
        let rows = it.versions.reduce(0) { sum, version in
            let (rows, isTooMuch) = sum.addingReportingOverflow(version.rows)
            return isTooMuch ? sum : rows
        }
        let names = it.versions.prefix(5).map { version in
            "\(version.fileName), version \(version.version)" + (version.kept == nil ? "" : " (days of it)")
        }
        let more = it.versions.count > 5 ? " and \(format.number(it.versions.count - 5)) more" : ""
        return ActivityWords(
            "purged", names.joined(separator: "; ") + more, href: Paths.deletion(it.request.description),
            note: format.count(rows, "row", "rows") + " erased"
                + (it.comment.isEmpty ? "" : "; Comment: \(it.comment)"))
    }

    func words(_ it: ArchiveRewritten) -> ActivityWords {
        ActivityWords(
            "wrote the archive again of", "\(it.fileName), version \(it.version)",
            href: Paths.fileVersion(it.file.description, String(it.version)),
            note: "Boxes of this office had purged days of it without knowing of each other; "
                + "\(format.count(it.rows, "row", "rows")) more erased")
    }

    func words(_ it: DeleteHoldChanged) -> ActivityWords {
        func line(_ hold: DeleteHold?) -> String? {
            hold.map { hold in
                let parts = [
                    hold.file.map { names[$0.description] ?? "a file" },
                    hold.period.map { format.period($0) }, name(hold.person),
                ].compactMap { $0 }
                return (parts.isEmpty ? "everything" : parts.joined(separator: ", "))
                    + (hold.until.map { ", until \(format.day($0))" } ?? "")
            }
        }
        let reason = it.after == nil ? it.comment : it.after?.reason ?? ""
        return ActivityWords(
            it.after == nil
                ? "lifted the hold on" : it.before == nil ? "set a hold on" : "changed the hold on",
            line(it.after ?? it.before), href: Paths.deleteHolds,
            changes: it.before == nil || it.after == nil
                ? [] : [.init(what: "Hold", before: line(it.before), after: line(it.after))],
            note: reason.isEmpty ? nil : "Reason: \(reason)")
    }

    private func what(_ request: DeleteRequest) -> String {
        guard let first = request.targets.first else { return "nothing" }
        if request.targets.count > 1, Set(request.targets.map(\.file)).count > 1 {
            return format.count(request.targets.count, "version", "versions") + " of several files"
        }
        let version =
            request.targets.count == 1
            ? "\(first.fileName), version \(first.version)"
            : "\(first.fileName), \(format.count(request.targets.count, "version", "versions"))"
        guard let days = first.days else { return version }
        return "\(format.count(days.count, "day", "days")) of \(version)"
    }
}
