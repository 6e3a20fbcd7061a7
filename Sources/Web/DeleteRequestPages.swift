import Domain
import Storage

let deleteRequestPages: [any Page.Type] = [
    DeleteRequestsPage.self, NewDeletionPage.self, DeletionWorkPage.self, DeleteRequestPage.self,
    DeletionCertificatePage.self,
]

struct DeleteRequestsPage: Page {
    static let template = "deleteRequest.list"
    struct Row: Decodable, Sendable {
        var what: String
        var href: String
        var calls: String
        var by: String
        var when: String
        var state: String
        var tone: String
        var note: String
    }
    struct Section: Decodable, Sendable {
        var title: String
        var rows: [Row]
    }
    var title: String
    var lede: String
    var newHref: String?
    var sections: [Section]
    var noteTitle: String
    var emptyTitle: String
    var emptyText: String
    var previous: String?
    var next: String?
    var range: String
}

struct NewDeletionPage: Page {
    static let template = "deleteRequest.new"
    var title = "Ask to delete calls"
    var problem: Problem?
    var list = Paths.deletions
    var action = Paths.newDeletion
    var file: String
    var fileName: String
    var fileHref: String?
    /// Of several files at once, as the retention period proposes: hidden fields.
    struct Place: Decodable, Sendable {
        var value: String
        var label: String
    }
    var places: [Place]
    var isRetention: Bool
    var versions: [Choice]
    var isWhole: Bool
    var from: String
    var to: String
    var earliest: String
    var latest: String
    var days: [Choice]
    var hasDays: Bool
    var reason: String
}

struct DeletionWorkPage: Page {
    static let template = "deleteRequest.work"
    var title: String
    var list = Paths.deletions
    var isRunning = false
    var percent: String?
    var progress = ""
    var cancel = ""
    /// Of a plan that is done.
    var preview: DeletePreviewPart?
    var nothing: String?
    var ask = ""
    var reason = ""
    var back = Paths.deletions
    var problem: Problem?
}

struct DeleteRequestPage: Page {
    static let template = "deleteRequest.show"
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
    }
    struct Target: Decodable, Sendable {
        var label: String
        var href: String?
        var days: String
    }
    struct Step: Decodable, Sendable {
        var who: String
        var deed: String
        var isSingleAdmin: Bool
        var when: String
        var machine: String
        var comment: String
    }
    struct Button: Decodable, Sendable {
        var label: String
        var action: String
        var tone: String
        var confirm: String?
    }
    struct Actions: Decodable, Sendable {
        var buttons: [Button]
        var hint: String
        var comment: String
        /// The file's name, where it has to be typed.
        var typedName: String?
    }
    var title: String
    var problem: Problem?
    var list = Paths.deletions
    var lede: String
    var state: String
    var tone: String
    var explanation: String
    var holds: [String]
    var againHref: String?
    var certificate: String?
    var actions: Actions?
    var facts: [Fact]
    var targets: [Target]
    var preview: DeletePreviewPart
    var steps: [Step]
    var hasSteps: Bool
}

extension DeleteRequestPage {
    init(
        _ row: DeleteRequestRow, viewer: Viewer, now: Instant, typed: Form, problem: UserError?,
        _ format: OfficeFormat
    ) {
        let request = row.request
        let words = DeleteRequestWriter(format: format)
        let id = request.id.description
        let linksFiles = viewer.may(.viewFiles)
        title = words.headline(request)
        self.problem = problem.map(Problem.init)
        lede = "Asked for by \(request.opener.name), \(format.moment(request.opened.instant))"
        state = row.state.title
        tone = row.state.tone
        explanation = words.explanation(row, viewer: viewer, now: now)
        holds = row.holds
        let isOver = [.stale, .expired, .withdrawn, .rejected, .restored].contains(row.state)
        if isOver || row.isOutOfDate, let first = request.targets.first {
            var fields = [("file", first.file.description), ("reason", request.reason)]
            if request.kind == .retention {
                fields = [("retention", "1")]
            } else {
                if request.targets.count == 1 { fields.append(("version", String(first.version))) }
                fields += (first.days ?? []).prefix(62).map { ("day", $0.iso) }
            }
            againHref = Form(fields).link(Paths.newDeletion)
        }
        certificate =
            row.certificate != nil && !row.isNarrowed ? Paths.deletionCertificate(id) : nil
        facts = [
            .init(name: "Reason", value: request.reason),
            .init(name: "Asked for by", value: "\(request.opener.name), \(request.opener.role.title)"),
        ]
        if let expires = row.expires {
            facts.append(.init(name: "Ends undecided", value: format.moment(expires)))
        }
        if request.isSingleAdmin {
            facts.append(.init(name: "Single admin", value: "Asked for when the office had one admin"))
        }
        targets = request.targets.prefix(100).map { target in
            Target(
                label: "\(target.fileName), version \(target.version)",
                href: linksFiles
                    ? Paths.fileVersion(target.file.description, String(target.version)) : nil,
                days: target.days.map { days in
                    days.count <= 5
                        ? days.map { format.day($0) }.joined(separator: ", ")
                        : format.count(days.count, "day", "days")
                            + (days.first.flatMap { first in
                                days.last.map { ", \(format.period(Period(from: first, to: $0)))" }
                            } ?? "")
                } ?? "all of it")
        }
        preview = DeletePreviewPart(
            request.preview, isNarrowed: row.isNarrowed, linksFiles: linksFiles, format)
        actions = Actions(row, viewer: viewer, typed: typed)
        steps = request.steps.map { step in
            Step(
                who: step.by.name, deed: words.deed(step),
                isSingleAdmin: step.action == .approve && step.by.user == request.opener.user,
                when: format.moment(step.time.instant), machine: format.machine(step.time.instant),
                comment: step.comment)
        }
        if let certificate = row.certificate, let purged = request.purged {
            steps.append(
                Step(
                    who: certificate.by?.name ?? "Rollcall", deed: "purged it", isSingleAdmin: false,
                    when: format.moment(purged.instant), machine: format.machine(purged.instant),
                    comment: certificate.comment))
        }
        hasSteps = !steps.isEmpty
    }
}

extension DeleteRequestPage.Actions {
    init?(_ row: DeleteRequestRow, viewer: Viewer, typed: Form) {
        let id = row.request.id.description
        func button(_ action: DeleteAction) -> DeleteRequestPage.Button? {
            guard row.actions.contains(action) else { return nil }
            let tone =
                switch action {
                case .approve: "button-danger"
                case .restore: "button-primary"
                case .comment: "button-quiet"
                case .reject, .withdraw, .lapse: ""
                }
            return .init(
                label: action == .approve ? "Approve and delete" : action.title,
                action: Paths.deletionStep(id, action.rawValue), tone: tone, confirm: nil)
        }
        buttons = DeleteAction.buttons.filter { $0 != .comment }.compactMap(button)
        if row.mayPurge {
            buttons.append(
                .init(
                    label: "Purge now", action: Paths.deletionStep(id, "purge"), tone: "button-danger",
                    confirm: "It is erased for good and cannot be restored."))
        }
        buttons += [button(.comment)].compactMap { $0 }
        guard !buttons.isEmpty else { return nil }
        let needing =
            DeleteAction.buttons.filter { row.actions.contains($0) && $0.needsComment }
            .map { $0.title.lowercased() } + (row.mayPurge ? ["purge before its time"] : [])
        hint =
            needing.isEmpty
            ? "Everybody who may see this reads it." : "Needed to \(needing.joined(separator: " or to "))."
        comment = typed["comment"]
        let isOwn = row.request.opener.user == viewer.user
        typedName = isOwn && row.actions.contains(.approve) ? row.request.typedName : nil
    }
}

extension DeleteAction {
    fileprivate var needsComment: Bool { self == .reject || self == .restore }
}
