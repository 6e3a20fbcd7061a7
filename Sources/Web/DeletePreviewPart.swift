import Domain
import Storage

/// What a deletion does, for whoever decides on it.
struct DeletePreviewPart: Decodable, Sendable {
    struct Tile: Decodable, Sendable {
        var label: String
        var value: String
        var hint: String
    }
    struct Total: Decodable, Sendable {
        var label: String
        var before: String
        var after: String
        var change: String
    }
    struct Holder: Decodable, Sendable {
        var label: String
        var href: String
        var calls: String
    }
    struct Shares: Decodable, Sendable {
        var title: String
        var who: String
        var rows: [Total]
        var more: String?
    }
    var tiles: [Tile]
    var period: String
    var totals: [Total]
    var hasTotals: Bool
    var holders: [Holder]
    var hasHolders: Bool
    var shares: [Shares]
    var narrowed: Bool

    init(_ preview: DeletePreview, isNarrowed: Bool, linksFiles: Bool, _ format: OfficeFormat) {
        narrowed = isNarrowed
        period =
            preview.period.map {
                "\(format.period($0)) (\(format.count(preview.days, "day", "days")) with calls)"
            } ?? OfficeFormat.none
        tiles =
            isNarrowed
            ? [
                Tile(
                    label: "Calls of your teams that go", value: format.number(preview.gone),
                    hint: "Out of every figure of yours.")
            ]
            : [
                Tile(
                    label: "Rows that go", value: format.number(preview.rows),
                    hint: "Lines of the file with a call."),
                Tile(
                    label: "Calls that go", value: format.number(preview.gone),
                    hint: "No other file holds them: out of every figure."),
                Tile(
                    label: "Rows whose call stays", value: format.number(preview.stays),
                    hint: preview.returns == 0
                        ? "Another file holds the same calls."
                        : "Another file holds the same calls; \(format.number(preview.returns)) count with that file's content then."
                ),
            ]
        func total(_ label: String, _ before: Int, _ after: Int, _ text: (Int) -> String) -> Total {
            Total(
                label: label, before: text(before), after: text(after),
                change: before == after
                    ? "no change" : (after > before ? "+" : "−") + text(abs(after - before)))
        }
        let (before, after) = (preview.before, preview.after)
        hasTotals = !isNarrowed
        totals = [
            total("Logs", before.logs, after.logs) { format.number($0) },
            total("Contacts", before.contacts, after.contacts) { format.number($0) },
            total("Successes", before.successes, after.successes) { format.number($0) },
            total("Talk time", before.talk, after.talk) { format.duration(seconds: $0) },
            total("Active time", before.active, after.active) { format.duration(seconds: $0) },
        ]
        holders = preview.holders.map {
            Holder(
                label: "\($0.fileName), version \($0.version)",
                href: linksFiles ? Paths.fileVersion($0.file.description, String($0.version)) : "",
                calls: format.number($0.calls))
        }
        hasHolders = !holders.isEmpty && !isNarrowed
        func shares(_ title: String, _ who: String, _ all: [DeletePreview.Share]) -> Shares? {
            guard !all.isEmpty else { return nil }
            let rest = all.count - 50
            return Shares(
                title: title, who: who,
                rows: all.prefix(50).map { share in
                    total(share.name, share.before, share.after) { format.number($0) }
                }, more: rest > 0 ? "and \(format.number(rest)) more" : nil)
        }
        self.shares = [
            shares("Agents", "Agent", preview.agents), shares("Teams", "Team leader", preview.teams),
        ].compactMap { $0 }
    }
}
