import Domain
import Storage

/// Above the pages of who could do something about it, when the disk gets full; printed by `storageUse.notice`.
struct DiskNotice: Decodable, Sendable {
    var kind: String
    var title: String
    var words: String
    var href: String?

    /// nil: there is enough room, or it cannot be told, or it is not this viewer's to know.
    init?(_ context: SignedIn) {
        guard context.may(.viewFiles), let space = try? context.store.diskSpace() else { return nil }
        self.init(space, context.office.settings.disk, href: Paths.storage, context.format)
    }

    init?(_ space: DiskSpace, _ marks: DiskMarks, href: String?, _ format: OfficeFormat) {
        self.href = href
        let free = "\(format.bytes(space.free)) of \(format.bytes(space.total)) are free."
        switch marks.level(of: space) {
        case .plenty: return nil
        case .low:
            kind = "warning"
            title = "The disk is getting full"
            words =
                free
                + (marks.refuseMegabytes > 0
                    ? " Below \(format.bytes(marks.refuseBelow)) no file is taken in any more." : "")
        case .full:
            kind = "error"
            title = "No file is taken in: the disk is full"
            words =
                "\(free) The mark is \(format.bytes(marks.refuseBelow)). What is in the office can be read as before; make room on the box's disk, and uploads go on by themselves."
        }
    }
}

struct StorageUsePage: Page {
    static let template = "storageUse"
    var title = "Storage"

    struct Tile: Decodable, Sendable {
        var label: String
        var value: String
        var hint: String
    }
    struct Place: Decodable, Sendable {
        var name: String
        var what: String
        var size: String
    }
    struct Replaced: Decodable, Sendable {
        var words: String
        /// For who may, where something older than the last one is kept.
        var remove: String?
    }
    struct View: Decodable, Sendable {
        var label: String
        var href: String
        var current: Bool
    }
    struct Row: Decodable, Sendable {
        var name: String
        var href: String
        var source: String
        var days: String
        var versions: String
        var original: String
        var archive: String
        var missing: String?
        var ratio: String
        var share: String
    }

    var disk: DiskNotice?
    /// For who may change them.
    var settings: String?
    var files = Paths.files
    var tiles: [Tile]
    var places: [Place]
    var together: String
    /// What of restores is kept, where anything is.
    var replaced: Replaced?
    var retention: String
    var pastRetention: String?
    var views: [View]
    var versionHeading: String
    var rows: [Row]
    var isEmpty: Bool
    var range: String
    var previous: String?
    var next: String?

    init(
        _ use: StorageUse, _ query: StorageQuery, mayChange: Bool, mayRemove: Bool = false,
        kept: [(name: String, value: String)] = [], _ format: OfficeFormat
    ) {
        func page(byVersion: Bool, _ offset: Int) -> String {
            Form(
                [("rows", byVersion ? "versions" : ""), ("offset", offset > 0 ? String(offset) : "")]
                    .filter { !$0.1.isEmpty } + kept
            ).link(Paths.storage)
        }
        disk = DiskNotice(use.space, use.marks, href: nil, format)
        settings = mayChange ? Paths.settings : nil
        let places = [
            ("Files", "every version as it came, packed", use.files),
            ("Trash", "what was deleted and can be had back", use.trash),
            ("Incoming", "uploads on their way", use.incoming),
            ("Backups", "copies of the whole office", use.backups),
            (
                "Replaced", "what restores replaced, whole data folders",
                use.replaced.reduce(0) { $0 + $1.size }
            ),
            ("Database", "the journal, calls and figures", use.database),
            ("Database log", "changes on their way into the database", use.log),
        ]
        let together = places.reduce(0) { $0 + $1.2 }
        self.places = places.map { Place(name: $0.0, what: $0.1, size: format.bytes($0.2)) }
        self.together = format.bytes(together)
        tiles = [
            Tile(
                label: "Free", value: format.bytes(use.space.free),
                hint:
                    "Of \(format.bytes(use.space.total)). Warned below \(format.bytes(use.marks.warnBelow(of: use.space))), uploads refused below \(format.bytes(use.marks.refuseBelow))."
            ),
            use.lasting(format),
            Tile(
                label: "This office", value: format.bytes(together), hint: "Everything in its data folder."),
            Tile(
                label: "Packed", value: use.original.ratio(to: use.archives, format),
                hint: use.archives > 0
                    ? "\(format.bytes(use.original)) as uploaded, \(format.bytes(use.archives)) on disk."
                    : "How much smaller the archives are than what was uploaded."),
        ]
        replaced = use.replaced.first.map { last in
            let older = use.replaced.dropFirst()
            let since = last.replaced.map { " of \(format.moment($0))" } ?? ""
            var words =
                "Kept is what the last restore\(since) replaced, \(format.bytes(last.size)): “rollcall restore --undo” puts it back."
            if !older.isEmpty {
                let oldest = older.last?.replaced.map { ", the oldest of \(format.moment($0))" } ?? ""
                words +=
                    " Beside it \(format.count(older.count, "older one", "older ones"))\(oldest), \(format.bytes(older.reduce(0) { $0 + $1.size }))."
            }
            return Replaced(
                words: words, remove: mayRemove && !older.isEmpty ? Paths.storageReplaced : nil)
        }
        retention = use.retentionWords(format)
        pastRetention = use.pastRetention.flatMap { $0.versions > 0 ? Paths.pastRetention : nil }
        views = [
            View(label: "Files", href: page(byVersion: false, 0), current: !query.byVersion),
            View(label: "Versions", href: page(byVersion: true, 0), current: query.byVersion),
        ]
        versionHeading = query.byVersion ? "Version" : "Versions"
        rows = use.rows.map { row in
            let id = row.file.description
            let days = [row.firstDay, row.lastDay].compactMap { $0 }
            return Row(
                name: row.name,
                href: row.version.map { Paths.fileVersion(id, String($0)) } ?? Paths.file(id),
                source: row.sourceName,
                days: days.count == 2 ? format.period(Period(from: days[0], to: days[1])) : OfficeFormat.none,
                versions: format.number(row.version ?? row.versions), original: format.bytes(row.original),
                archive: format.bytes(row.archive),
                missing: row.missing > 0
                    ? format.count(row.missing, "archive missing", "archives missing") : nil,
                ratio: row.missing > 0 ? OfficeFormat.none : row.original.ratio(to: row.archive, format),
                share: format.percent(
                    use.archives > 0 ? Double(row.archive) / Double(use.archives) : nil))
        }
        isEmpty = use.total == 0
        let end = query.offset + use.rows.count
        range =
            use.rows.isEmpty
            ? "" : "\(format.number(query.offset + 1))–\(format.number(end)) of \(format.number(use.total))"
        previous =
            query.offset > 0
            ? page(byVersion: query.byVersion, max(0, query.offset - query.limit)) : nil
        next = end < use.total && !use.rows.isEmpty ? page(byVersion: query.byVersion, end) : nil
    }
}

extension Int64 {
    /// `6.4 : 1`; `—` without a base.
    fileprivate func ratio(to packed: Int64, _ format: OfficeFormat) -> String {
        packed > 0 ? format.decimal(Double(self) / Double(packed)) + " : 1" : OfficeFormat.none
    }
}

extension StorageUse {
    /// How long the room lasts until uploads are refused, where that can be said.
    fileprivate func lasting(_ format: OfficeFormat) -> StorageUsePage.Tile {
        guard marks.level(of: space) != .full else {
            return .init(
                label: "Lasts", value: "no longer", hint: "Uploads are refused until there is more room.")
        }
        guard let weekly else {
            return .init(
                label: "Lasts", value: OfficeFormat.none,
                hint: "Cannot be said yet: it takes uploads in three of the last four weeks.")
        }
        let weeks = Double(max(0, space.free - marks.refuseBelow)) / Double(weekly)
        let value =
            switch weeks {
            case ..<3: "about " + format.count(Int(weeks * 7), "day", "days")
            case ..<26: "about \(Int(weeks)) weeks"
            case ..<260: "about \(Int(weeks / 4.35)) months"
            default: "over five years"
            }
        return .init(
            label: "Lasts", value: value,
            hint:
                "At \(format.bytes(weekly)) a week, the middle of the last four weeks. What else fills this disk is not in it."
        )
    }

    fileprivate func retentionWords(_ format: OfficeFormat) -> String {
        guard let past = pastRetention else {
            return "No age is set from which files are proposed for deletion."
        }
        let limit =
            "\(format.count(past.months, "month", "months")) (before \(format.day(past.before)))"
        return past.versions == 0
            ? "No file's last day is older than \(limit)."
            : "The last day of \(format.count(past.versions, "version", "versions")) is older than \(limit). Together: \(format.bytes(past.archives)) on disk."
    }
}
