import Domain
import Storage

struct DeletionCertificatePage: Page {
    static let template = "deleteRequest.certificate"
    struct Version: Decodable, Sendable {
        var name: String
        var days: String
        var rows: String
        var original: String
        var archive: String
        var digest: String
        var kept: String
    }
    var title = "Erase certificate"
    var list = Paths.deletions
    var request: String
    var requestTitle: String
    var office: String
    var facts: [DeleteRequestPage.Fact]
    var versions: [Version]
    var entry: String
}

extension DeletionCertificatePage {
    init(
        _ row: DeleteRequestRow, _ it: DeleteRequestPurged, office: String, _ format: OfficeFormat
    ) {
        let request = row.request
        let approval = request.steps.last { $0.action == .approve }
        self.request = Paths.deletion(request.id.description)
        requestTitle = DeleteRequestWriter(format: format).headline(request)
        self.office = office
        facts = [
            .init(
                name: "Asked for by",
                value: "\(request.opener.name), \(format.moment(request.opened.instant))"),
            .init(name: "Reason", value: request.reason),
            .init(
                name: "Approved by",
                value: approval.map {
                    "\($0.by.name), \(format.moment($0.time.instant))"
                        + ($0.by.user == request.opener.user ? " (the office's only admin)" : "")
                } ?? OfficeFormat.none),
            .init(
                name: "Purged by",
                value: (it.by?.name ?? "Rollcall, when its time in the trash was over")
                    + (request.purged.map { ", \(format.moment($0.instant))" } ?? "")),
            .init(name: "Comment", value: it.comment.isEmpty ? OfficeFormat.none : it.comment),
        ]
        versions = it.versions.map { version in
            let target = request.targets.first { $0.file == version.file && $0.version == version.version }
            return Version(
                name: "\(version.fileName), version \(version.version)",
                days: target?.days.map { $0.map { format.day($0) }.joined(separator: ", ") } ?? "all of it",
                rows: format.number(version.rows), original: version.original, archive: version.archive,
                digest: version.digest,
                kept: version.kept.map {
                    "The rest of the file goes on: \(format.count($0.counts.accepted, "row", "rows")), archive \($0.archive)"
                } ?? "Nothing of it is kept.")
        }
        entry = row.certificateHash ?? ""
    }
}
