import Domain
import Formats
import Foundation
import Storage

/// Where a received file belongs, and how it lies there: its source, the file that it joins, its columns.
struct ImportTarget {
    let source: StoredSource
    /// nil: the file of the upload's name, or a new one.
    let file: CallFile?
    /// How the file that it joins was read: what mended lines do not tell is as there.
    let like: FileMapping?
    /// The version that is read again.
    let again: FileVersion?
    /// What was said about headings that nobody knew.
    let learned: ExplainedHeader?
    let dialect: CSVDialect
    let map: ColumnMap

    /// Takes the bytes out of the version's archive, unless they wait already.
    init(readingAgain place: VersionPlace, _ request: ImportRequest, _ store: OfficeStore) throws {
        let versions = try store.versionsNow(of: place.file)
        guard let version = versions.first(where: { $0.uploaded.version == place.version }) else {
            throw UserError(
                .stale, "“\(request.fileName)”, version \(place.version), is not in the office any more.",
                advice: "Look at the file's versions.")
        }
        try store.requireNothingDeleted(of: place.file, version: place.version)
        if !FileManager.default.fileExists(atPath: request.file.path) {
            try version.extractOriginal(to: request.file.path)
            guard fileHash(request.file.path)?.hex == version.uploaded.original else {
                throw version.damaged
            }
        }
        let source = try store.sourceNow(version.uploaded.source)
        let layout = try FileLayout(
            path: request.file.path, fileName: request.fileName, reading: request.reading)
        self.source = source
        file = CallFile(
            id: version.uploaded.file, name: version.uploaded.fileName, source: version.uploaded.source)
        like = nil
        again = version
        learned = nil
        dialect = layout.dialect
        map = try layout.map(FileFormat.all.filter { $0.key == source.source.format }, request.reading)
    }

    init(_ request: ImportRequest, _ store: OfficeStore) throws {
        let all = try store.sourcesNow()
        let named = try Self.source(named: request.source, all)
        let layout = try FileLayout(
            path: request.file.path, fileName: request.fileName, reading: request.reading)
        dialect = layout.dialect
        again = nil
        let usual = Result { try layout.map(FileFormat.all, request.reading) }
        if let joined = try Self.joined(request, named, all, layout, usual, store) {
            source = try store.sourceNow(joined.version.uploaded.source)
            file = CallFile(
                id: joined.version.uploaded.file, name: joined.version.uploaded.fileName,
                source: source.source.id)
            like = joined.version.uploaded.mapping
            learned = nil
            map = joined.map
            return
        }
        file = nil
        like = nil
        let isExplained = !request.reading.columns.isEmpty
        if !isExplained, case .failure = usual, let known = try Self.explained(layout, named, all) {
            (source, map) = known
            learned = nil
            return
        }
        let found = try usual.get()
        map = found
        source = try Self.source(of: found, named, all)
        let isNews = isExplained && (try? layout.map(FileFormat.all, FileReading())) == nil
        let columns = FileMapping(found, layout.dialect, .ymd, timeZone: "").columns
        learned = layout.rows.first { isNews && $0.line == found.headerLine }.map {
            ExplainedHeader(fingerprint: ExplainedHeader.fingerprint($0.fields), columns: columns)
        }
    }

    /// The zone of the file's log times: as said, else as in the file that it joins, else the source's.
    func zone(_ office: OfficeRules, _ reading: FileReading) throws -> TimeZone {
        let name = reading.timeZone ?? like?.timeZone ?? source.source.timeZone ?? office.timeZone
        if let zone = TimeZone(identifier: name) { return zone }
        guard reading.timeZone == nil else {
            throw UserError(
                .invalid, "“\(name)” is not a time zone.",
                advice: "Use a name such as Europe/Berlin or America/New_York.")
        }
        return .gmt
    }

    // MARK: The file that it joins

    private static func joined(
        _ request: ImportRequest, _ named: StoredSource?, _ all: [StoredSource], _ layout: FileLayout,
        _ usual: Result<ColumnMap, any Error>, _ store: OfficeStore
    ) throws -> (version: FileVersion, map: ColumnMap)? {
        if let id = request.joins {
            guard let latest = try store.versionsNow(of: id).first else {
                throw UserError(
                    .stale, "The file that the lines belong to is not in the office any more.",
                    advice: "Upload them among the files.")
            }
            let format = try store.sourceNow(latest.uploaded.source).source.format
            return (latest, try map(like: latest, format, layout, request.reading, usual))
        }
        let names = CallFile.mendedNames(request.fileName)
        guard !names.isEmpty else { return nil }
        let found = try store.latestVersionsNow(named: names, of: named.map { [$0] } ?? all)
        let fitting = found.compactMap { version -> (version: FileVersion, map: ColumnMap)? in
            let format = all.first { $0.source.id == version.uploaded.source }?.source.format ?? ""
            let map = try? map(like: version, format, layout, request.reading, usual)
            return map.map { (version, $0) }
        }
        guard fitting.count <= 1 else {
            throw UserError(
                .invalid,
                "“\(request.fileName)” may belong to \(fitting.count) files of that name, of different sources.",
                advice:
                    "Say which source: \(fitting.map(\.version.sourceName).joined(separator: ", ")). Or upload it on the page of its file."
            )
        }
        return fitting.first
    }

    /// The columns as the file that it joins has them; where the headings are others, as any file's are found.
    private static func map(
        like version: FileVersion, _ format: String, _ layout: FileLayout, _ reading: FileReading,
        _ usual: Result<ColumnMap, any Error>
    ) throws -> ColumnMap {
        var same = reading
        same.columns = FileReading.columns(version.uploaded.mapping).merging(reading.columns) { $1 }
        if let map = try? layout.map(FileFormat.all.filter({ $0.key == format }), same) { return map }
        let map = try usual.get()
        guard map.format.key == format else { throw otherLayout(version.sourceName, map) }
        return map
    }

    // MARK: Its source

    private static func source(named wanted: String?, _ all: [StoredSource]) throws -> StoredSource? {
        guard let wanted, !wanted.isEmpty else { return nil }
        let found = all.first {
            $0.source.id.description == wanted || $0.source.name.lowercased() == wanted.lowercased()
        }
        guard let found else {
            throw UserError(
                .notFound, "There is no source “\(wanted)”.",
                advice: "The sources are: \(all.map(\.source.name).joined(separator: ", ")).")
        }
        return found
    }

    private static func source(of map: ColumnMap, _ named: StoredSource?, _ all: [StoredSource]) throws
        -> StoredSource
    {
        if let named {
            guard named.source.format == map.format.key else { throw otherLayout(named.source.name, map) }
            return named
        }
        let fitting = all.filter { $0.source.format == map.format.key }
        guard let only = fitting.first else {
            throw UserError(
                .unknownFormat,
                "This is a \(map.format.title) file, and the office has no source for such files.",
                advice: "An admin can add one under Settings, Sources.")
        }
        guard fitting.count == 1 else {
            throw UserError(
                .invalid, "This \(map.format.title) file may come from \(fitting.count) sources.",
                advice: "Say which: \(fitting.map(\.source.name).joined(separator: ", ")).")
        }
        return only
    }

    private static func otherLayout(_ source: String, _ map: ColumnMap) -> UserError {
        UserError(
            .unknownFormat,
            "The source “\(source)” has files of another layout; this is a \(map.format.title) file.",
            advice: "Choose the source that it came from.")
    }
}
