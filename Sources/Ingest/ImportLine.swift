import Domain

/// The outcome of an import as machines read it; its keys are stable.
public struct ImportLine: Codable, Sendable, Hashable {
    public var file: String
    /// The name that it came under, where it joined a file of another name; else it is not there.
    public var uploadedAs: String?
    public var version: Int
    public var source: String
    public var rows: Int
    public var accepted: Int
    public var duplicate: Int
    public var changed: Int
    public var rejected: Int
    public var blank: Int
    public var overlapping: Int
    public var agents: Int
    public var from: Day?
    public var to: Day?
    public var digest: String
    public var seconds: Double
    public var dryRun: Bool

    public init(_ result: ImportResult) {
        let upload = result.upload
        file = upload.fileName
        uploadedAs = upload.uploadedAs
        version = upload.version
        source = result.sourceName
        rows = upload.counts.rows
        accepted = upload.counts.accepted
        duplicate = upload.counts.duplicate
        changed = upload.counts.changed
        rejected = upload.counts.rejected
        blank = upload.counts.blank
        overlapping = upload.counts.overlapping
        agents = upload.agents
        from = upload.firstDay
        to = upload.lastDay
        digest = upload.digest
        seconds = (result.seconds * 1000).rounded() / 1000
        dryRun = result.isDryRun
    }

    /// The same in words.
    public var words: String {
        let days = [from?.iso, to?.iso].compactMap { $0 }
        let span = days.first == days.last ? days.first ?? "no day" : days.joined(separator: " to ")
        let joined =
            uploadedAs.map { "\($0) \(dryRun ? "would join" : "joined") \(file) as its next version. " } ?? ""
        var text =
            "\(joined)\(file): \(dryRun ? "would be " : "")version \(version) of \(source), \(rows) rows: \(accepted) accepted"
        for (count, name) in [
            (duplicate, "duplicate"), (changed, "changed"), (rejected, "rejected"), (blank, "blank"),
        ] where count > 0 {
            text += ", \(count) \(name)"
        }
        text += "; \(agents) agents, \(span)"
        if overlapping > 0 { text += "; \(overlapping) of the calls are in other files too and count once" }
        return text + "."
    }
}
