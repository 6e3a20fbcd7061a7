import Domain
import Formats
import Storage

/// What became of a line of a file.
public enum LineFate: String, Sendable, Codable, Hashable, CaseIterable {
    /// The headings, and whatever stands above them.
    case header
    case accepted, duplicate, changed, rejected, blank
}

/// A record of a file as it was uploaded, with what became of it; most are one line.
public struct FileLine: Sendable, Hashable {
    public var line: Int
    /// The last physical line, where a quoted field has line ends in it.
    public var lastLine: Int
    public var fate: LineFate
    /// Of a duplicate and a changed line: the line that counts.
    public var other: Int?
    /// Why it was not accepted, as it was said then.
    public var reason = ""
    /// As it stands in the file, cut at `FileLine.longest` bytes.
    public var text: String
    /// Of an accepted line its call; nil: it is not in the office any more.
    public var call: AcceptedLine?

    static let longest = 4000

    init(line: Int, fate: LineFate, text: [UInt8]) {
        self.line = line
        self.fate = fate
        var ends = 0
        var previous: UInt8 = 0
        for byte in text {
            if byte == 0x0d || (byte == 0x0a && previous != 0x0d) { ends += 1 }
            previous = byte
        }
        lastLine = line + ends
        self.text = String(decoding: text.prefix(Self.longest), as: UTF8.self)
    }

    init?(_ reject: RejectLine) {
        guard let fate = LineFate(rawValue: reject.fate) else { return nil }
        self.init(line: reject.line, fate: fate, text: Array(reject.text.utf8))
        reason = reject.reason
        other = fate == .rejected ? nil : reject.otherLine
    }
}

extension RejectLine {
    /// The line that a reason of the import speaks of.
    var otherLine: Int? {
        guard let words = reason.firstRange(of: "line ") else { return nil }
        return Int(reason[words.upperBound...].prefix { $0.isASCII && $0.isNumber })
    }
}

/// Which lines of a version are asked for.
public struct FileLineQuery: Sendable, Hashable {
    /// What may be asked for alone; `notAccepted` are the rejected, duplicate and changed ones.
    public enum Filter: String, Sendable, Hashable, CaseIterable {
        case notAccepted = "not-accepted"
        case rejected, duplicate, changed, accepted, blank

        public func takes(_ fate: LineFate) -> Bool {
            self == .notAccepted
                ? [.rejected, .duplicate, .changed].contains(fate) : fate.rawValue == rawValue
        }

        public func count(_ counts: RowCounts) -> Int {
            switch self {
            case .notAccepted: counts.rejected + counts.duplicate + counts.changed
            case .rejected: counts.rejected
            case .duplicate: counts.duplicate
            case .changed: counts.changed
            case .accepted: counts.accepted
            case .blank: counts.blank
            }
        }
    }

    /// nil: all lines.
    public var filter: Filter?
    /// The first physical line that may be on the page.
    public var from: Int
    /// All lines: so many physical ones; with a filter: so many that fit it.
    public var limit: Int

    public init(filter: Filter? = nil, from: Int = 1, limit: Int = 100) {
        self.filter = filter
        self.from = max(1, min(from, 0xffff_ffff))
        self.limit = max(1, min(limit, 1000))
    }
}

/// A page of lines, and where the pages beside it begin.
public struct FileLinePage: Sendable, Hashable {
    public var lines: [FileLine] = []
    public var previous: Int?
    public var next: Int?

    public init() {}
}

extension FileVersion {
    /// Lines of the file with their fate. Blocks its thread; reads the archive no further than it must and
    /// holds one page in memory.
    ///
    /// - Throws: `UserError` `damaged` when the archive cannot be read.
    public func lines(_ query: FileLineQuery, in store: OfficeStore, for viewer: Viewer) throws
        -> FileLinePage
    {
        try viewer.require(.viewFiles)
        switch query.filter {
        case .some(let filter) where filter.count(uploaded.counts) == 0: return FileLinePage()
        case .accepted: return try acceptedLines(query, in: store, for: viewer)
        case .blank: return try blankLines(query)
        case .some(let filter): return try rejectLines(filter, query)
        case nil: return try allLines(query, in: store, for: viewer)
        }
    }

    // MARK: All lines

    private func allLines(_ query: FileLineQuery, in store: OfficeStore, for viewer: Viewer) throws
        -> FileLinePage
    {
        var (page, before) = try records(query.from, to: query.from + query.limit)
        // The line asked for is inside a record that begins above it, or behind the end.
        if page.lines.first?.line != query.from, let before {
            page = try records(before, to: query.from + query.limit).page
            page.lines.removeAll { $0.lastLine < query.from && $0.line != before }
        }
        page.previous = query.from > 1 ? max(1, query.from - query.limit) : nil
        try tell(&page.lines, in: store, for: viewer)
        return page
    }

    /// Records that begin in a range of physical lines, and the line of the one before them.
    private func records(_ first: Int, to end: Int) throws -> (page: FileLinePage, before: Int?) {
        var page = FileLinePage()
        var before: Int?
        try eachRecord { row in
            if row.line < first {
                before = row.line
                return true
            }
            guard row.line < end else {
                page.next = end
                return false
            }
            page.lines.append(line(row))
            return true
        }
        return (page, before)
    }

    /// Says of each line what it is; so far they are headings, blank, or not known yet.
    private func tell(_ lines: inout [FileLine], in store: OfficeStore, for viewer: Viewer) throws {
        guard let first = lines.first?.line, let last = lines.last?.line else { return }
        let accepted = try store.acceptedLines(
            of: uploaded.file, version: uploaded.version, in: first...last, for: viewer)
        let calls = Dictionary(accepted.map { ($0.line, $0) }) { first, _ in first }
        var open: Set<Int> = []
        for index in lines.indices where lines[index].fate == .accepted {
            lines[index].call = calls[lines[index].line]
            if lines[index].call == nil { open.insert(lines[index].line) }
        }
        guard !open.isEmpty, FileLineQuery.Filter.notAccepted.count(uploaded.counts) > 0 else { return }
        var told: [Int: FileLine] = [:]
        try eachReject { reject in
            if open.contains(reject.line) { told[reject.line] = FileLine(reject) }
            return reject.line < last && told.count < open.count
        }
        for index in lines.indices {
            guard let line = told[lines[index].line] else { continue }
            (lines[index].fate, lines[index].other, lines[index].reason) = (
                line.fate, line.other, line.reason
            )
        }
    }

    // MARK: One fate

    private func acceptedLines(_ query: FileLineQuery, in store: OfficeStore, for viewer: Viewer) throws
        -> FileLinePage
    {
        let (file, version) = (uploaded.file, uploaded.version)
        let found = try store.acceptedLines(
            of: file, version: version, in: query.from...Int(UInt32.max), limit: query.limit + 1, for: viewer)
        let shown = found.prefix(query.limit)
        var page = FileLinePage()
        page.next = found.count > query.limit ? found.last?.line : nil
        page.previous = try store.acceptedLine(
            of: file, version: version, before: query.from, back: query.limit, for: viewer)
        guard let last = shown.last?.line else { return page }
        let calls = Dictionary(shown.map { ($0.line, $0) }) { first, _ in first }
        try eachRecord { row in
            if let call = calls[row.line] {
                var line = line(row)
                line.call = call
                page.lines.append(line)
            }
            return row.line < last
        }
        return page
    }

    private func blankLines(_ query: FileLineQuery) throws -> FileLinePage {
        var pager = LinePager(query)
        try eachRecord { row in
            guard row.line > uploaded.mapping.headerLine, row.isBlank else { return true }
            return pager.take(row.line) { line(row) }
        }
        return pager.page
    }

    private func rejectLines(_ filter: FileLineQuery.Filter, _ query: FileLineQuery) throws -> FileLinePage {
        var pager = LinePager(query)
        try eachReject { reject in
            guard let fate = LineFate(rawValue: reject.fate), filter.takes(fate) else { return true }
            return pager.take(reject.line) { FileLine(reject) }
        }
        return pager.page
    }

    // MARK: Reading

    private func line(_ row: CSVRow) -> FileLine {
        let fate: LineFate =
            row.line <= uploaded.mapping.headerLine ? .header : row.isBlank ? .blank : .accepted
        return FileLine(line: row.line, fate: fate, text: row.raw)
    }
}

/// Lines that come in their order, of which one page is kept.
private struct LinePager {
    private(set) var page = FileLinePage()
    private let query: FileLineQuery
    /// The lines just before the page, as many as a page has.
    private var before: [Int] = []

    init(_ query: FileLineQuery) { self.query = query }

    /// Returns whether more are wanted.
    mutating func take(_ line: Int, _ make: () -> FileLine?) -> Bool {
        if line < query.from {
            before.append(line)
            if before.count >= query.limit * 2 { before.removeFirst(query.limit) }
            page.previous = before.suffix(query.limit).first
            return true
        }
        guard page.lines.count < query.limit else {
            page.next = line
            return false
        }
        if let made = make() { page.lines.append(made) }
        return true
    }
}
