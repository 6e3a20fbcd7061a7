import Domain
import Foundation
import Ingest
import Storage

let filePages: [any Page.Type] = [FilesPage.self, FilePage.self, FileVersionPage.self]

/// The form that takes files, with the imports it began.
struct UploadForm: Decodable, Sendable {
    var limit: String
    var sources: [Choice]
    var hasSourceChoice: Bool
    var imports: [ImportRow]

    /// nil: for whoever may not upload.
    init?(_ context: SignedIn) async throws {
        guard context.may(.uploadFiles) else { return nil }
        limit = context.format.bytes(context.office.settings.uploadLimit)
        sources = try await context.store.sources().map {
            Choice($0.source.id.description, $0.source.name, selected: false)
        }
        hasSourceChoice = sources.count > 1
        imports = context.site.imports.jobs(for: context.viewer).map { ImportRow($0, context.format) }
    }
}

struct FilesPage: Page {
    static let template = "file.list"
    var title = "Files"

    struct Row: Sendable, Decodable {
        var name: String
        var href: String
        var source: String
        var days: String
        var calls: String
        var rejected: String
        var hasRejects: Bool
        var versions: String
        var versionsHref: String
        var when: String
        var whenMachine: String
        var by: String
    }

    var upload: UploadForm?
    var disk: DiskNotice?
    var rows: [Row]
    var isEmpty: Bool
    var isEmptySearch: Bool
    var search: String
    var rejectedSearch: String?
    var from: String
    var to: String
    var range: String
    var previous: String?
    var next: String?

    init(
        files: [FileVersion], total: Int, query: FileQuery, upload: UploadForm?,
        kept: [(name: String, value: String)] = [], _ format: OfficeFormat
    ) {
        self.upload = upload
        rows = files.map { file in
            let upload = file.uploaded
            return Row(
                name: upload.fileName,
                href: Paths.fileVersion(upload.file.description, String(upload.version)),
                source: file.sourceName + (file.otherOffice.map { " (\($0))" } ?? ""),
                days: upload.days(format),
                calls: format.number(upload.counts.accepted), rejected: format.number(upload.counts.rejected),
                hasRejects: upload.counts.rejected > 0, versions: format.number(file.versions),
                versionsHref: Paths.file(upload.file.description),
                when: format.moment(file.uploadedAt), whenMachine: format.machine(file.uploadedAt),
                by: file.uploadedBy)
        }
        let isFiltered = !query.search.isEmpty || query.period != nil
        isEmpty = files.isEmpty && !isFiltered && query.offset == 0
        isEmptySearch = files.isEmpty && !isEmpty
        search = query.search
        rejectedSearch = search.isEmpty ? nil : Form([("q", search)] + kept).link(Paths.rejectedLines)
        from = query.period?.from.iso ?? ""
        to = query.period?.to.iso ?? ""
        range =
            files.isEmpty
            ? ""
            : "\(format.number(query.offset + 1))–\(format.number(query.offset + files.count)) of \(format.number(total))"
        func page(_ offset: Int) -> String {
            Form(
                [("q", search), ("from", from), ("to", to), ("offset", offset > 0 ? String(offset) : "")]
                    .filter { !$0.1.isEmpty } + kept
            ).link(Paths.files)
        }
        previous = query.offset > 0 ? page(max(0, query.offset - query.limit)) : nil
        next = query.offset + files.count < total && !files.isEmpty ? page(query.offset + query.limit) : nil
    }
}

struct FilePage: Page {
    static let template = "file.show"
    var title: String

    struct Row: Sendable, Decodable {
        var label: String
        var href: String
        var when: String
        var by: String
        var rows: String
        var accepted: String
        var duplicate: String
        var changed: String
        var rejected: String
        var blank: String
        var days: String
        var agents: String
        var state: String
        var tone: String
    }

    var files = Paths.files
    var conflict: ConflictNote?
    var source: String
    var rows: [Row]
    /// nil: nothing of it is there, or whoever looks may not ask.
    var deleteHref: String?

    init(
        _ latest: FileVersion, versions: [FileVersion], conflict: ConflictNote?, mayDelete: Bool,
        _ format: OfficeFormat
    ) {
        self.conflict = conflict
        deleteHref =
            mayDelete && versions.contains { $0.state == .live }
            ? Form([("file", latest.uploaded.file.description)]).link(Paths.newDeletion) : nil
        title = latest.uploaded.fileName
        source = latest.sourceName
        rows = versions.map { version in
            let counts = version.uploaded.counts
            return Row(
                label: "Version \(version.uploaded.version)",
                href: Paths.fileVersion(version.uploaded.file.description, String(version.uploaded.version)),
                when: format.moment(version.uploadedAt), by: version.uploadedBy,
                rows: format.number(counts.rows),
                accepted: format.number(counts.accepted), duplicate: format.number(counts.duplicate),
                changed: format.number(counts.changed), rejected: format.number(counts.rejected),
                blank: format.number(counts.blank), days: version.uploaded.days(format),
                agents: format.number(version.uploaded.agents), state: version.stateTitle,
                tone: version.stateTone)
        }
    }
}

extension FileUploaded {
    /// `Mon 23 Nov 2026 – Tue 24 Nov 2026`; `—` without calls.
    func days(_ format: OfficeFormat) -> String {
        guard let firstDay, let lastDay else { return OfficeFormat.none }
        return format.period(Period(from: firstDay, to: lastDay))
    }
}

extension FileVersion {
    var stateTitle: String {
        switch state {
        case .live: isCut ? "Live but for some days" : "Live"
        case .trashed: "In the trash"
        case .purged: "Purged"
        }
    }

    var stateTone: String {
        switch state {
        case .live: isCut ? "warn" : "good"
        case .trashed: "warn"
        case .purged: "bad"
        }
    }
}

/// As people write them.
private let encodingNames = [
    "utf8": "UTF-8", "utf16le": "UTF-16", "utf16be": "UTF-16", "windows1252": "Windows-1252",
    "windows1254": "Windows-1254", "latin1": "Latin-1",
]

struct FileVersionPage: Page {
    static let template = "file.version"
    var title: String

    struct Count: Sendable, Decodable {
        var label: String
        var value: String
        var href: String
        var hint: String

        init(_ filter: FileLineQuery.Filter, _ upload: FileUploaded, _ hint: String, _ format: OfficeFormat) {
            label = filter.title
            value = format.number(filter.count(upload.counts))
            href = linesHref(upload.file, upload.version, fate: filter.rawValue)
            self.hint = hint
        }
    }
    struct Column: Sendable, Decodable {
        var role: String
        var heading: String
    }
    struct Line: Sendable, Decodable {
        var line: TextLink
        var fate: String
        var badge: String
        var reason: String
        var text: String
    }

    var files = Paths.files
    var file: String
    var versionLabel: String
    var source: String
    var summary: String
    var when: String
    var by: String
    var size: String
    var original: String
    var archive: String
    var equation: String
    var counts: [Count]
    var columns: [Column]
    var ignored: String
    var reading: String
    var notes: [String]
    var lines: [Line]
    var hasLines: Bool
    var hasRejects: Bool
    var lineCount: String
    var rejectsPath: String
    var originalPath: String
    var callsPath: String
    /// nil: it is not there any more, or whoever looks may not ask.
    var deleteHref: String?
    var isPurged: Bool
    /// What is deleted of it.
    struct Deletion: Sendable, Decodable {
        var text: String
        var href: String
    }
    var deletions: [Deletion]
    /// How it came to be, where it is no plain upload.
    var origin: String?
    /// nil: for whoever may not upload.
    var readAgainPath: String?
    var mendedPath: String?
    var damage: String?
    var damageAdvice: String
    var linesPath: String
    var notAcceptedPath: String
    var moreLines: String?
    var differencePath: String?
    var days: VersionDays?

    init(
        _ version: FileVersion, rejects: [RejectLine], days: VersionDays?, damage: UserError?,
        mayDelete: Bool, mayUpload: Bool, office: String? = nil, _ format: OfficeFormat
    ) {
        let place = [
            ("file", version.uploaded.file.description), ("version", String(version.uploaded.version)),
        ]
        deleteHref = mayDelete && version.state == .live ? Form(place).link(Paths.newDeletion) : nil
        isPurged = version.state == .purged
        deletions = version.deletions.map { id in
            let text =
                switch version.state {
                case .live: "Some days of this version are deleted."
                case .trashed: "This version is deleted and lies in the trash: no call of it counts."
                case .purged: "This version was purged: its calls and its archive are erased for good."
                }
            return Deletion(text: text, href: Paths.deletion(id.description))
        }
        let upload = version.uploaded
        let counts = upload.counts
        title = upload.fileName
        file = Paths.file(upload.file.description)
        versionLabel = "Version \(upload.version) of \(version.versions)"
        source = version.sourceName
        summary = upload.summary(format)
        when = format.moment(version.uploadedAt)
        by = version.uploadedBy
        size = format.bytes(upload.bytes)
        original = upload.original
        archive = upload.archive
        equation = counts.equation(format)
        self.counts = [
            Count(.accepted, upload, "Valid calls; each counts once.", format),
            Count(.duplicate, upload, "The same call again in this file.", format),
            Count(
                .changed, upload, "A call id again with other content; the first line counts.", format),
            Count(.rejected, upload, "Could not be read; listed below with the reason.", format),
            Count(.blank, upload, "Empty lines.", format),
        ]
        columns = upload.mapping.columns.sorted { $0.key < $1.key }
            .map { Column(role: ColumnRole(rawValue: $0.key)?.title ?? $0.key, heading: $0.value) }
        ignored =
            upload.mapping.ignoredColumns.isEmpty
            ? "none" : upload.mapping.ignoredColumns.joined(separator: ", ")
        let order = ["ymd": "year first", "mdy": "month first", "dmy": "day first"][upload.mapping.dateOrder]
        reading =
            "Dates \(order ?? upload.mapping.dateOrder), times in \(upload.mapping.timeZone), text in \(encodingNames[upload.mapping.encoding] ?? upload.mapping.encoding)."
        var notes: [String] = []
        if counts.overlapping > 0 {
            notes.append(
                "\(format.count(counts.overlapping, "call was", "calls were")) in another file or version too when this one came in. Each counts once, as this version has it."
            )
        }
        if counts.badDurations > 0 {
            notes.append(
                "\(format.count(counts.badDurations, "duration was", "durations were")) unreadable, negative or over four hours; these calls count, their durations do not."
            )
        }
        if counts.keyless > 0 {
            notes.append(
                "\(format.count(counts.keyless, "row has", "rows have")) no call id and is known by its content."
            )
        }
        self.notes = notes
        lines = rejects.map { line in
            Line(
                line: TextLink(
                    text: format.number(line.line),
                    href: linesHref(upload.file, upload.version, line: line.line)), fate: line.fate,
                badge: line.fate == "rejected" ? "bad" : line.fate == "changed" ? "warn" : "neutral",
                reason: line.reason, text: shownLine(line.text))
        }
        let total = counts.rejected + counts.duplicate + counts.changed
        hasLines = total > 0
        hasRejects = counts.rejected > 0
        lineCount = format.count(total, "line", "lines")
        rejectsPath = Paths.fileRejects(upload.file.description, String(upload.version))
        originalPath = Paths.fileOriginal(upload.file.description, String(upload.version))
        callsPath = Form(
            [("from", upload.firstDay?.iso ?? ""), ("to", upload.lastDay?.iso ?? "")].filter { !$0.1.isEmpty }
        ).link(Paths.calls)
        if let office {
            callsPath += (callsPath.contains("?") ? "&" : "?") + Form([("office", office)]).urlEncoded
        }
        origin = upload.origin
        if mayUpload, version.state == .live {
            readAgainPath = Paths.fileReadAgain(upload.file.description, String(upload.version))
            mendedPath = Paths.fileMended(upload.file.description, String(upload.version))
        }
        self.damage = damage?.message
        damageAdvice = damage?.advice ?? ""
        linesPath = linesHref(upload.file, upload.version)
        notAcceptedPath = linesHref(
            upload.file, upload.version, fate: FileLineQuery.Filter.notAccepted.rawValue)
        moreLines =
            total > rejects.count && damage == nil && version.state != .purged
            ? "Show all \(format.number(total)) of them" : nil
        differencePath =
            version.versions > 1
            ? Form([("to", String(upload.version))]).link(Paths.fileDifference(upload.file.description)) : nil
        self.days = days
    }
}

/// Files as programs read them.
public struct FileListing: Encodable, Sendable {
    public struct Entry: Encodable, Sendable {
        var file: String
        var name: String
        var source: String
        /// Where it is not the own.
        var office: String?
        var version: Int
        var rows: Int
        var accepted: Int
        var duplicate: Int
        var changed: Int
        var rejected: Int
        var blank: Int
        var agents: Int
        var from: Day?
        var to: Day?
        var uploaded: Int64
        var by: String
        var state: VersionState
        /// Of a version in the trash: until when it can be restored.
        var trashUntil: String?
        /// Days of it that are deleted.
        var deletedDays: [Day]?

        public init(_ version: FileVersion) {
            state = version.state
            let upload = version.uploaded
            file = upload.file.description
            name = upload.fileName
            source = version.sourceName
            office = version.otherOffice
            self.version = upload.version
            rows = upload.counts.rows
            accepted = upload.counts.accepted
            duplicate = upload.counts.duplicate
            changed = upload.counts.changed
            rejected = upload.counts.rejected
            blank = upload.counts.blank
            agents = upload.agents
            from = upload.firstDay
            to = upload.lastDay
            uploaded = version.uploadedAt.milliseconds
            by = version.uploadedBy
        }
    }

    var files: [Entry]
    var total: Int
}
