import Domain
import Formats
import Foundation
import Storage

/// One file to take in.
public struct ImportRequest: Sendable, Codable {
    public var file: ReceivedFile
    public var fileName: String
    /// Name or id of a source; nil: the one that the file's header belongs to.
    public var source: String?
    /// What is said about how to read it.
    public var reading: FileReading
    /// The file that it joins, whatever its name; nil: found by the name.
    public var joins: ID<CallFile>?
    /// The version whose bytes these are, to be read again as the next version of its file.
    public var readsAgain: VersionPlace?
    /// Do everything but make it live.
    public var isDryRun: Bool

    public init(
        file: ReceivedFile, fileName: String, source: String? = nil, dateOrder: DateOrder? = nil,
        reading: FileReading? = nil, joins: ID<CallFile>? = nil, isDryRun: Bool = false
    ) {
        self.file = file
        self.fileName = fileName
        self.source = source
        self.reading = reading ?? FileReading(dateOrder: dateOrder)
        self.joins = joins
        self.isDryRun = isDryRun
    }
}

public struct ImportProgress: Sendable, Hashable {
    public enum Stage: String, Sendable { case reading, saving }
    public var stage: Stage
    public var rowsDone: Int
    public var rowsEstimated: Int
}

public struct ImportResult: Sendable, Hashable {
    public var upload: FileUploaded
    public var sourceName: String
    public var seconds: Double
    public var isDryRun: Bool
}

/// Takes a file in, from its bytes to figures: sniff, parse, clean, validate, dedupe, insert, count,
/// archive, one event. Blocks its thread; the file in `Incoming/` is gone afterwards, whatever happens,
/// unless the error asks for an answer (`isQuestion`).
///
/// - Throws: `UserError`; nothing of the file is kept then.
public func importFile(
    _ request: ImportRequest, into store: OfficeStore, by actor: Actor,
    progress: (ImportProgress) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
) throws -> ImportResult {
    do {
        let result = try store.changingCalls {
            try FileImport(request, store, actor, isCancelled).run(progress: progress)
        }
        unlink(request.file.path)
        return result
    } catch {
        let explained = explain(error, request.fileName)
        if !explained.code.isQuestion || actor.via == "cli" { unlink(request.file.path) }
        throw explained
    }
}

/// Everything that can stop an import, in words for the person who uploaded.
func explain(_ error: any Error, _ fileName: String) -> any Error & Explained {
    if let error = error as? UserError { return error }
    if let failure = error as? FileFailure, failure.isDiskFull { return UserError.diskFull }
    if isDiskFull(error) { return UserError.diskFull }
    if let failure = error as? CSVFileError {
        return UserError(
            .unreadable, "“\(fileName)” cannot be read: \(failure.description).", advice: "Upload it again.")
    }
    return UnexplainedFailure(underlying: error)
}

/// An error with a code, so that one `catch` serves both kinds.
protocol Explained {
    var code: UserError.Code { get }
}

extension UserError: Explained {
    public static let diskFull = UserError(
        .diskFull, "The disk is full; nothing of the file was kept.",
        advice: "Make room on the box's disk, then upload the file again.")
}

/// Not a person's to mend: logged with an id by the caller.
struct UnexplainedFailure: Error, Explained, CustomStringConvertible {
    var underlying: any Error
    var code: UserError.Code { .damaged }
    var description: String { "\(underlying)" }
}

/// The work of one import; lives on the importing thread.
private struct FileImport {
    let request: ImportRequest
    let store: OfficeStore
    let actor: Actor
    let isCancelled: @Sendable () -> Bool
    let began: Instant

    init(
        _ request: ImportRequest, _ store: OfficeStore, _ actor: Actor,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.request = request
        self.store = store
        self.actor = actor
        self.isCancelled = isCancelled
        began = store.clock.now()
    }

    func run(progress: (ImportProgress) -> Void) throws -> ImportResult {
        try checkName()
        guard request.file.size > 0 else {
            throw UserError(.emptyFile, "“\(request.fileName)” is empty.", advice: "Export it again.")
        }
        try store.requireRoom(
            for: request.file.size * (request.readsAgain == nil ? 3 : 4) + 64_000_000)
        let target = try findTarget()
        // A name of mended lines whose file is not here is a file's own.
        if target.file == nil { try checkFileName(request.fileName) }
        let place = try store.nextVersion(
            of: request.fileName, in: target.file, source: target.source.source,
            original: request.file.sha256, mayRepeat: request.readsAgain != nil)
        let order = try CallDates(file: request.file.path, dialect: target.dialect, map: target.map)
        // Some mended lines alone seldom tell what the whole file told.
        let known = target.like.flatMap { $0.dateOrder == DateOrder.ymd.rawValue ? nil : $0.dateOrder }
        let before = target.again?.uploaded.mapping.dateOrder(under: target.map)
        let usual = known ?? target.source.source.dateOrder ?? before
        do {
            let settled = try order.settle(
                asked: request.reading.dateOrder, usual: usual, wholeColumn: false)
            return try stage(target, place, settled, progress)
        } catch is RowCleaner.OrderUnsettled {
            let settled = try order.settle(
                asked: request.reading.dateOrder, usual: usual, wholeColumn: true)
            return try stage(target, place, settled, progress)
        }
    }

    private func checkName() throws {
        guard request.readsAgain == nil else { return }
        let name = request.fileName
        // The name of mended lines is longer than their file's.
        try checkFileName(name, keptAs: CallFile.mendedNames(name).first ?? name)
    }

    private func findTarget() throws -> ImportTarget {
        if let place = request.readsAgain { return try ImportTarget(readingAgain: place, request, store) }
        return try ImportTarget(request, store)
    }

    private func stage(
        _ target: ImportTarget, _ place: NextVersion, _ order: DateOrder,
        _ progress: (ImportProgress) -> Void
    ) throws -> ImportResult {
        let source = target.source
        let office = try store.officeRulesNow()
        let zone = try target.zone(office, request.reading)
        let mapping = FileMapping(target.map, target.dialect, order, timeZone: zone.identifier)
        if let again = target.again { try again.refuseSame(mapping, in: store) }
        let cleaner = RowCleaner(
            map: target.map, dateOrder: order, zone: zone, partTimerSuffix: source.source.partTimerSuffix,
            latest: began.adding(seconds: 2 * 86_400).local(in: zone))
        let staged = try store.stage(source)
        do {
            let rows = try RowPipeline(
                request: request, dialect: target.dialect, cleaner: cleaner, clock: store.clock,
                isCancelled: isCancelled)
            defer { rows.removeFiles() }
            let packing = request.isDryRun ? nil : try startPacking(rows, staged, place)
            do {
                try rows.run(into: staged, progress: progress)
                let counts = try rows.checkedCounts(staged)
                progress(ImportProgress(stage: .saving, rowsDone: counts.rows, rowsEstimated: counts.rows))
                var upload = FileUploaded(
                    file: place.file, fileName: place.fileName, source: source.source.id,
                    version: place.version, archive: "", original: request.file.sha256,
                    bytes: request.file.size, counts: counts, mapping: mapping, firstDay: staged.firstDay,
                    lastDay: staged.lastDay, agents: staged.agents,
                    digest: hexadecimal(staged.digest.bigEndianBytes), newNames: [],
                    readAgain: target.again.map {
                        ReadAgain(version: $0.uploaded.version, mapping: $0.uploaded.mapping)
                    }, uploadedAs: place.fileName == request.fileName ? nil : request.fileName)
                if let packing {
                    upload = try save(upload, staged, rows, packing, source)
                    // Live: forgetting an answer only means that it is asked once more.
                    if let header = target.learned {
                        try? store.rememberHeader(
                            header.fingerprint, columns: header.columns, of: source.source.id, by: actor)
                    }
                } else {
                    try staged.abandon()
                }
                let seconds = Double(store.clock.now().milliseconds - began.milliseconds) / 1000
                return ImportResult(
                    upload: upload, sourceName: source.source.name, seconds: seconds,
                    isDryRun: request.isDryRun)
            } catch {
                packing?.abandon()
                throw isCancelled() ? UserError.cancelledImport : error
            }
        } catch {
            try staged.abandon()
            throw error
        }
    }

    private func startPacking(_ rows: RowPipeline, _ staged: StagedVersion, _ place: NextVersion) throws
        -> ArchivePacking
    {
        try staged.announceArchive(of: place.file, version: place.version)
        return ArchivePacking(
            of: request.file, calls: rows.callsPath, rejects: rows.rejectsPath,
            to: store.folder.archive(of: place.file, version: place.version), isCancelled: isCancelled)
    }

    /// Archive first, then the one transaction that makes it live.
    private func save(
        _ upload: FileUploaded, _ staged: StagedVersion, _ rows: RowPipeline, _ packing: ArchivePacking,
        _ source: StoredSource
    ) throws -> FileUploaded {
        let manifest = ArchiveManifest(
            upload: upload, sourceName: source.source.name, time: began, by: actor.name)
        packing.finish(manifest: try manifest.json())
        return try store.finish(
            staged, by: actor, isPartTimer: { rows.partTimers.contains($0) }, isCancelled: isCancelled
        ) {
            var upload = upload
            upload.archive = try packing.wait().sha256
            if isCancelled() { throw UserError.cancelledImport }
            return upload
        }
    }
}

/// What a file may be called.
///
/// - Parameter kept: its name in the office; nil: the same.
/// - Throws: `UserError` `invalid` or `unknownFormat`.
func checkFileName(_ name: String, keptAs kept: String? = nil) throws {
    guard !name.isEmpty, (kept ?? name).utf8.count <= 200, !name.contains("/"),
        !name.utf8.contains(where: { $0 < 0x20 })
    else {
        throw UserError(
            .invalid, "The file's name cannot be kept.",
            advice: "Give it a plain name of up to 200 bytes.")
    }
    let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
    guard ["csv", "txt", "tsv", "psv"].contains(ending) else {
        throw UserError(
            .unknownFormat, "“\(name)” is not a CSV file by its name.",
            advice: "Export the call log as CSV. A spreadsheet (.xlsx) can be saved as CSV first.")
    }
}

/// `manifest.json` of an archive: with it, an office's calls can be had back from `Files/` alone.
struct ArchiveManifest: Codable {
    var format = 1
    var file: ID<CallFile>
    var fileName: String
    var source: ID<Source>
    var sourceName: String
    var version: Int
    var original: String
    var bytes: Int64
    var counts: RowCounts
    var mapping: FileMapping
    var firstDay: Day?
    var lastDay: Day?
    var agents: Int
    var digest: String
    var readAgain: ReadAgain?
    var uploadedAs: String?
    var uploaded: Instant
    var by: String
    /// What was purged of it since: its lines are empty in `original.csv`, and missing in the others.
    var purged: [Purged]?

    struct Purged: Hashable, Codable {
        /// Wall-clock times of the source, half open.
        var from: String
        var until: String
    }

    init(upload: FileUploaded, sourceName: String, time: Instant, by: String) {
        file = upload.file
        fileName = upload.fileName
        source = upload.source
        self.sourceName = sourceName
        version = upload.version
        original = upload.original
        bytes = upload.bytes
        counts = upload.counts
        mapping = upload.mapping
        firstDay = upload.firstDay
        lastDay = upload.lastDay
        agents = upload.agents
        digest = upload.digest
        readAgain = upload.readAgain
        uploadedAs = upload.uploadedAs
        uploaded = time
        self.by = by
    }

    /// The same archive after days of it were purged.
    func keeping(_ kept: KeptVersion, purging spans: [ClockSpan]) -> ArchiveManifest {
        var manifest = self
        manifest.original = kept.original
        manifest.bytes = kept.bytes
        manifest.counts = kept.counts
        manifest.digest = kept.digest
        manifest.purged =
            (purged ?? [])
            + spans.map {
                Purged(from: LocalTime(seconds: $0.from).iso, until: LocalTime(seconds: $0.until).iso)
            }.filter { !(purged ?? []).contains($0) }
        return manifest
    }

    func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [0x0a]
    }
}

extension UInt64 {
    var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * UInt64($0))) } }
}
