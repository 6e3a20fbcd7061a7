import Domain
import Storage

struct FileDifferencePage: Page {
    static let template = "file.difference"

    struct Kind: Sendable, Decodable {
        var label: String
        var count: String
        var hint: String
        var href: String
        var current: Bool
    }
    struct Change: Sendable, Decodable {
        var field: String
        var before: String
        var after: String
    }
    struct Row: Sendable, Decodable {
        var time: FigureCell
        var agent: String
        var state: String
        var campaign: String
        var before: FigureCell
        var after: FigureCell
        var changes: [Change]
        var isSpelling: Bool
    }

    var title: String
    var files = Paths.files
    var fileName: String
    var file: String
    var here: String
    var hasPair: Bool
    var isSame: Bool
    var from: [Choice]
    var to: [Choice]
    var fromLabel: String
    var toLabel: String
    var kinds: [Kind]
    var areEqual: Bool
    var sameCount: String
    var goneNote: Bool
    var isChanged: Bool
    var rows: [Row]
    var hasRows: Bool
    var kindTitle: String
    var kindLabel: String
    var range: String
    var previous: String?
    var next: String?

    init(
        _ versions: [FileVersion], _ latest: FileVersion, _ pair: (from: Int, to: Int)?,
        _ difference: FileDifference?, perPage: Int, showsCalls: Bool, _ format: OfficeFormat
    ) {
        let id = latest.uploaded.file
        fileName = latest.uploaded.fileName
        title = "Difference of \(latest.uploaded.fileName)"
        file = Paths.file(id.description)
        here = Paths.fileDifference(id.description)
        hasPair = pair != nil
        isSame = pair.map { $0.from == $0.to } ?? false
        func choices(_ chosen: Int?) -> [Choice] {
            versions.map { version in
                let number = version.uploaded.version
                return Choice(
                    String(number), "Version \(number), \(format.moment(version.uploadedAt))",
                    selected: number == chosen)
            }
        }
        from = choices(pair?.from)
        to = choices(pair?.to)
        fromLabel = "Version \(pair?.from ?? 0)"
        toLabel = "version \(pair?.to ?? 0)"
        let counts = difference?.counts ?? FileDifferenceCounts(new: 0, changed: 0, gone: 0, same: 0)
        func link(_ kind: FileDifferenceKind, _ offset: Int = 0) -> String {
            var items: [(name: String, value: String)] = [
                ("from", String(pair?.from ?? 0)), ("to", String(pair?.to ?? 0)), ("kind", kind.rawValue),
            ]
            if offset > 0 { items.append(("offset", String(offset))) }
            return Form(items).link(Paths.fileDifference(id.description))
        }
        kinds = FileDifferenceKind.allCases.map { kind in
            let hint =
                switch kind {
                case .changed: "In both, with other content."
                case .new: "Only in version \(pair?.to ?? 0)."
                case .gone: "Only in version \(pair?.from ?? 0)."
                }
            return Kind(
                label: kind.title, count: format.number(counts.count(kind)), hint: hint, href: link(kind),
                current: difference?.kind == kind)
        }
        areEqual = difference != nil && counts.areEqual
        sameCount = format.count(counts.same, "call is", "calls are")
        goneNote = difference?.kind == .gone && counts.gone > 0
        let kind = difference?.kind ?? .changed
        isChanged = kind == .changed
        kindTitle = kind.title
        kindLabel = kind.title.lowercased()
        func line(_ side: CallSide?, _ version: Int?) -> FigureCell {
            guard let side, let version else { return FigureCell(OfficeFormat.none) }
            return FigureCell(format.number(side.line), href: linesHref(id, version, line: side.line))
        }
        rows = (difference?.calls ?? []).map { call in
            let side = call.after ?? call.before
            let changes = call.changes ?? []
            func known(_ field: CallField) -> String { format.known(side?.fields[field], field) }
            return Row(
                time: FigureCell(
                    format.moment(ofCall: side?.fields[.time]),
                    href: showsCalls ? Paths.call(call.reference.text) : nil),
                agent: known(.agent), state: known(.state), campaign: known(.campaign),
                before: line(call.before, pair?.from), after: line(call.after, pair?.to),
                changes: changes.map {
                    Change(
                        field: $0.field.title, before: format.known($0.before, $0.field),
                        after: format.known($0.after, $0.field))
                }, isSpelling: call.before != nil && call.after != nil && changes.isEmpty)
        }
        hasRows = !rows.isEmpty
        let offset = difference?.offset ?? 0
        let total = counts.count(kind)
        range =
            rows.isEmpty
            ? ""
            : "\(format.number(offset + 1))–\(format.number(offset + rows.count)) of \(format.number(total))"
        previous = offset > 0 ? link(kind, max(0, offset - perPage)) : nil
        next = offset + rows.count < total && hasRows ? link(kind, offset + rows.count) : nil
    }
}

extension OfficeFormat {
    /// `Mon 9 Nov 2026, 10:41:00` of a log time as it is kept.
    fileprivate func moment(ofCall time: String?) -> String {
        guard let time, let day = Day(iso: time.prefix(10)) else { return time ?? Self.none }
        return "\(self.day(day)), \(time.dropFirst(11))"
    }

    /// A call's field as a page shows it.
    fileprivate func known(_ value: String?, _ field: CallField) -> String {
        guard let value else { return Self.none }
        return field.isDuration ? duration(seconds: Int(value)) : value
    }
}
