import Domain
import Ingest
import Storage

extension LineFate {
    /// The colour that says at once whether somebody has to look at it.
    var badge: String {
        switch self {
        case .accepted: "good"
        case .rejected: "bad"
        case .changed: "warn"
        case .duplicate, .blank, .header: "neutral"
        }
    }
}

extension FileLineQuery.Filter {
    var title: String {
        switch self {
        case .notAccepted: "Not accepted"
        case .rejected: "Rejected"
        case .duplicate: "Duplicate"
        case .changed: "Changed"
        case .accepted: "Accepted"
        case .blank: "Blank"
        }
    }
}

/// A line as a table shows it: on one line, and not without end.
func shownLine(_ text: String) -> String {
    let flat = text.replacing("\r\n", with: " ⏎ ").replacing("\n", with: " ⏎ ").replacing("\r", with: " ⏎ ")
    return flat.count > 400 ? flat.prefix(400) + "…" : flat
}

/// The lines of a version, and where one of them is.
func linesHref(_ file: ID<CallFile>, _ version: Int, line: Int? = nil, fate: String? = nil) -> String {
    let path = Paths.fileLines(file.description, String(version))
    var items: [(name: String, value: String)] = []
    if let fate { items.append(("fate", fate)) }
    if let line { items.append(("line", String(line))) }
    return Form(items).link(path) + (line.map { "#line-\($0)" } ?? "")
}

struct FileLinesPage: Page {
    static let template = "file.lines"

    struct Filter: Sendable, Decodable {
        var label: String
        var count: String
        var href: String
        var current: Bool
    }
    struct Row: Sendable, Decodable {
        var anchor: String
        var line: String
        var isAsked: Bool
        var fate: String
        var badge: String
        var why: String
        var link: TextLink?
        var rest: String
        var text: String
    }

    var title: String
    var files = Paths.files
    var fileName: String
    var file: String
    var versionHref: String
    var versionLabel: String
    var equation: String
    var original: String
    var here: String
    var filters: [Filter]
    var fate: String?
    var asked: String
    var problem: String?
    var advice: String
    var rows: [Row]
    var hasRows: Bool
    var emptyText: String
    var range: String
    var previous: String?
    var next: String?

    init(
        _ version: FileVersion, _ page: FileLinePage, _ query: FileLineQuery, asked: Int?, typed: String,
        problem: UserError?, showsCalls: Bool, _ format: OfficeFormat
    ) {
        let upload = version.uploaded
        let (id, number) = (upload.file, upload.version)
        title = "Lines of \(upload.fileName)"
        fileName = upload.fileName
        file = Paths.file(id.description)
        versionHref = Paths.fileVersion(id.description, String(number))
        versionLabel = "Version \(number)"
        equation = upload.counts.equation(format)
        original = Paths.fileOriginal(id.description, String(number))
        here = linesHref(id, number)
        filters =
            [Filter(label: "All", count: "", href: here, current: query.filter == nil)]
            + FileLineQuery.Filter.allCases.map { filter in
                Filter(
                    label: filter.title, count: format.number(filter.count(upload.counts)),
                    href: linesHref(id, number, fate: filter.rawValue), current: query.filter == filter)
            }
        fate = query.filter?.rawValue
        self.asked = typed
        self.problem = problem?.message
        advice = problem?.advice ?? ""
        rows = page.lines.map { line in
            Row(
                line, isAsked: asked.map { ($0 >= line.line) && ($0 <= line.lastLine) } ?? false, upload,
                showsCalls: showsCalls, format)
        }
        hasRows = !rows.isEmpty
        emptyText =
            query.filter.map { filter in
                filter.count(upload.counts) == 0
                    ? "No line of this version is \(filter.title.lowercased())."
                    : "No line from \(format.number(query.from)) on is \(filter.title.lowercased())."
            } ?? "The file has no lines."
        range = ""
        if let first = page.lines.first, let last = page.lines.last {
            range = "Lines \(format.number(first.line))–\(format.number(last.lastLine))"
            if let filter = query.filter {
                range +=
                    ": \(format.number(page.lines.count)) of \(format.number(filter.count(upload.counts))) \(filter.title.lowercased())"
            }
        }
        func link(_ from: Int?) -> String? {
            from.map { from in
                var items: [(name: String, value: String)] = [("from", String(from))]
                if let filter = query.filter { items.append(("fate", filter.rawValue)) }
                return Form(items).link(linesHref(id, number))
            }
        }
        previous = link(page.previous)
        next = link(page.next)
    }
}

extension FileLinesPage.Row {
    init(
        _ line: FileLine, isAsked: Bool, _ upload: FileUploaded, showsCalls: Bool, _ format: OfficeFormat
    ) {
        anchor = "line-\(line.line)"
        self.line =
            line.lastLine > line.line
            ? "\(format.number(line.line))–\(format.number(line.lastLine))" : format.number(line.line)
        self.isAsked = isAsked
        fate = line.fate.rawValue
        badge = line.fate.badge
        text = shownLine(line.text)
        link = line.other.map { other in
            TextLink(
                text: "line \(format.number(other))",
                href: linesHref(upload.file, upload.version, line: other))
        }
        rest = ""
        switch line.fate {
        case .header:
            why =
                line.line == upload.mapping.headerLine
                ? "The headings." : "Above the headings; it is not read."
        case .blank: why = "An empty line."
        case .rejected: why = line.reason
        case .duplicate:
            why = link == nil ? line.reason : "The same call as in"
            rest = link == nil ? "" : "; it counts once."
        case .changed:
            why = link == nil ? line.reason : "The call of"
            rest = link == nil ? "" : " with other content; that line counts."
        case .accepted:
            guard let call = line.call else {
                why = "Its call is not in the office any more."
                return
            }
            why =
                call.isDeleted
                ? "Deleted: this line counts nowhere."
                : call.counts ? "" : "A later file holds this call, so it counts there:"
            if !call.counts { badge = "neutral" }
            link =
                showsCalls
                ? TextLink(text: call.counts ? "Its call" : "its call", href: Paths.call(call.reference.text))
                : nil
        }
    }
}

extension RowCounts {
    /// `12 rows = 9 accepted + 1 duplicate + …`.
    func equation(_ format: OfficeFormat) -> String {
        "\(format.number(rows)) rows = "
            + [
                (accepted, "accepted"), (duplicate, "duplicate"), (changed, "changed"),
                (rejected, "rejected"),
                (blank, "blank"),
            ].map { "\(format.number($0.0)) \($0.1)" }.joined(separator: " + ")
    }
}

struct RejectedLinesPage: Page {
    static let template = "file.rejected"

    struct Row: Sendable, Decodable {
        var file: String
        var fileHref: String
        var line: String
        var lineHref: String
        var reason: String
        var text: String
        var when: String
        var by: String
    }

    var title = "Rejected lines"
    var here = Paths.rejectedLines
    var search: String
    var isAsked: Bool
    var searched: String
    var cut: String?
    var hasAny: Bool
    var rows: [Row]
    var hasRows: Bool
    var range: String
    var previous: String?
    var next: String?

    init(
        _ found: FoundLines, _ text: String, offset: Int, perPage: Int,
        kept: [(name: String, value: String)] = [], _ format: OfficeFormat
    ) {
        search = text
        isAsked = !text.isEmpty
        searched = format.count(found.searched, "rejected line", "rejected lines") + " can be searched."
        hasAny = found.searched > 0
        let most = format.number(RejectedLine.mostSearched)
        cut =
            found.cutVersions == 0
            ? nil
            : "\(format.count(found.cutVersions, "version has", "versions have")) more than \(most) rejected lines: only the first \(most) of each are searched, \(format.number(found.cutLines - found.cutVersions * RejectedLine.mostSearched)) are not. Open the version to see all of them."
        rows = found.lines.map { line in
            Row(
                file: "\(line.fileName), version \(line.version)",
                fileHref: Paths.fileVersion(line.file.description, String(line.version)),
                line: "Line \(format.number(line.rejected.line))",
                lineHref: linesHref(line.file, line.version, line: line.rejected.line),
                reason: line.rejected.reason, text: shownLine(line.rejected.text),
                when: format.moment(line.uploadedAt), by: line.uploadedBy)
        }
        hasRows = !rows.isEmpty
        range =
            rows.isEmpty
            ? ""
            : "\(format.number(offset + 1))–\(format.number(offset + rows.count)) of \(format.number(found.total))"
        func page(_ offset: Int) -> String {
            Form([("q", text)] + (offset > 0 ? [("offset", String(offset))] : []) + kept)
                .link(Paths.rejectedLines)
        }
        previous = offset > 0 ? page(max(0, offset - perPage)) : nil
        next = offset + rows.count < found.total && hasRows ? page(offset + rows.count) : nil
    }
}
