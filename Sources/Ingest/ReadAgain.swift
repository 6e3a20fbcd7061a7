import Domain
import Formats
import Foundation
import Storage

/// What the first lines of a version would be, read with other answers.
public struct ReadingPreview: Sendable, Hashable {
    public struct Row: Sendable, Hashable {
        public var line: Int
        /// nil: it would be rejected.
        public var call: Call?
        /// Why it would be rejected, and the line as it stands in the file.
        public var reason = ""
        public var text = ""
    }
    /// A call as it would be kept.
    public struct Call: Sendable, Hashable {
        public var id: String
        public var agent: String
        public var time: LocalTime
        public var type: String
        public var state: String
        public var campaign: String
        /// Seconds.
        public var talk: Int?
    }

    public var rows: [Row]
    /// Of the lines that were looked at.
    public var accepted: Int
    public var rejected: Int
    /// The file has no other lines.
    public var isWhole: Bool
    public var mapping: FileMapping
}

/// A reading tried on the beginning of a version.
public struct ReadingTrial: Sendable {
    /// What the columns may be chosen from; empty where no line could be taken for the headings.
    public var headings: [String]
    public var preview: ReadingPreview?
    /// Why it cannot be read so.
    public var problem: UserError?
}

extension FileVersion {
    /// So many bytes of the original are looked at for a preview, and so many of its lines.
    private static let sample = (bytes: 1 << 20, lines: 1000)

    /// The same bytes once more, to be read so, as the next version of this file.
    public func readAgain(_ reading: FileReading, isDryRun: Bool = false, in store: OfficeStore)
        -> ImportRequest
    {
        let id: ID<IncomingFile> = store.ids.next(at: store.clock.now())
        // Taken out of the archive when it is its turn.
        let file = ReceivedFile(
            path: "\(store.folder.incoming)/\(id).csv", size: uploaded.bytes, sha256: uploaded.original)
        var request = ImportRequest(
            file: file, fileName: uploaded.fileName, reading: reading, isDryRun: isDryRun)
        request.readsAgain = VersionPlace(file: uploaded.file, version: uploaded.version)
        return request
    }

    /// Reads the first lines so, with the parser and the cleaner of the import. Blocks its thread.
    ///
    /// - Parameter rows: how many of them are wanted; the counts are over more.
    /// - Throws: `UserError` `damaged` when the archive cannot be read; what is wrong with the answers is in
    ///   the trial.
    public func trial(of reading: FileReading, rows: Int = 20, in store: OfficeStore) throws -> ReadingTrial {
        let id: ID<ReadingTrial> = store.ids.next(at: store.clock.now())
        let path = "\(store.folder.incoming)/\(id).sample"
        defer { unlink(path) }
        let isWhole = try extractBeginning(Self.sample.bytes, to: path)
        var trial = ReadingTrial(headings: [])
        do {
            let layout = try FileLayout(path: path, fileName: uploaded.fileName, reading: reading)
            trial.headings = layout.likeliest.fields.map(\.trimmingBlanks).filter { !$0.isEmpty }
            let preview = try preview(reading, layout, path, rows, isWhole, store)
            trial.preview = preview
            try refuseSame(preview.mapping, in: store)
            guard preview.accepted > 0 || preview.rejected == 0 else {
                let first = preview.rows.first
                throw UserError(
                    .noRows,
                    "None of the \(preview.isWhole ? "" : "first ")\(preview.rejected) rows could be taken in so. Line \(first?.line ?? 0): \(first?.reason ?? "")",
                    advice: "Change the answers. Nothing was changed.")
            }
        } catch {
            trial.problem = try userError(error)
        }
        return trial
    }

    private func userError(_ error: any Error) throws -> UserError {
        guard let known = explain(error, uploaded.fileName) as? UserError else { throw error }
        return known
    }

    private func preview(
        _ reading: FileReading, _ layout: FileLayout, _ path: String, _ wanted: Int, _ isWhole: Bool,
        _ store: OfficeStore
    ) throws -> ReadingPreview {
        let source = try store.sourceNow(uploaded.source).source
        let map = try layout.map(FileFormat.all.filter { $0.key == source.format }, reading)
        let office = try store.officeRulesNow()
        let name = reading.timeZone ?? source.timeZone ?? office.timeZone
        guard let zone = TimeZone(identifier: name) else {
            throw UserError(.invalid, "“\(name)” is not a time zone.", advice: "Choose one of the list.")
        }
        let order = try CallDates(file: path, dialect: layout.dialect, map: map).settle(
            asked: reading.dateOrder, usual: source.dateOrder ?? uploaded.mapping.dateOrder(under: map),
            wholeColumn: true)
        var cleaner = RowCleaner(
            map: map, dateOrder: order, zone: zone, partTimerSuffix: source.partTimerSuffix,
            latest: store.clock.now().adding(seconds: 2 * 86_400).local(in: zone))
        var result = ReadingPreview(
            rows: [], accepted: 0, rejected: 0, isWhole: isWhole,
            mapping: FileMapping(map, layout.dialect, order, timeZone: name))
        var reader = try CSVReader(path: path, dialect: layout.dialect)
        reader.doubtsQuotes = true
        reader.keepsRaw = true
        var row = CSVRow()
        var canonical: [UInt8] = []
        while try reader.next(&row) {
            guard row.line > map.headerLine, !row.isBlank else { continue }
            guard result.accepted + result.rejected < Self.sample.lines else {
                result.isWhole = false
                break
            }
            var shown = ReadingPreview.Row(line: row.line)
            canonical.removeAll(keepingCapacity: true)
            do {
                shown.call = ReadingPreview.Call(try cleaner.clean(row, canonical: &canonical).record)
                result.accepted += 1
            } catch let rejection as RowCleaner.Rejection {
                (shown.reason, shown.text) = (rejection.reason, row.rawString)
                result.rejected += 1
            }
            if result.rows.count < wanted { result.rows.append(shown) }
        }
        return result
    }

    /// Writes the first bytes of the original, whole lines only.
    ///
    /// - Returns: whether that is all of it.
    private func extractBeginning(_ limit: Int, to path: String) throws -> Bool {
        var bytes: [UInt8] = []
        try explained {
            try ArchiveReader(path: archivePath).withEntry(named: "original.csv") { chunk in
                bytes.append(contentsOf: chunk)
                return bytes.count <= limit
            }
        }
        let isWhole = bytes.count <= limit
        if !isWhole {
            bytes.removeSubrange(limit...)
            // A line that is cut off would be shown as rejected.
            if let end = bytes.lastIndex(where: { $0 == 0x0a || $0 == 0x0d }) {
                // In UTF-16 with the low byte first a line end has one more byte.
                let isPair = bytes.indices.contains(end + 1) && bytes[end + 1] == 0
                bytes.removeSubrange((end + (isPair ? 2 : 1))...)
            }
        }
        try writeFile(bytes, to: path)
        return isWhole
    }

    /// Bytes read as their latest version has them would change nothing.
    ///
    /// - Throws: `UserError` `sameReading`, naming that version.
    func refuseSame(_ mapping: FileMapping, in store: OfficeStore) throws {
        let latest = try store.versionsNow(of: uploaded.file).first {
            $0.uploaded.original == uploaded.original
        }
        guard let latest, latest.uploaded.mapping == mapping else { return }
        throw UserError(
            .sameReading,
            "Nothing would change: version \(latest.uploaded.version) is read in exactly this way.",
            advice: "Change an answer first.",
            place: VersionPlace(file: uploaded.file, version: latest.uploaded.version))
    }
}

extension ReadingPreview.Call {
    init(_ record: CallRecord) {
        id = record.key.idText
        agent = record.agent
        time = record.time
        type = record.type
        state = record.state
        campaign = record.currentCampaign.isEmpty ? record.originalCampaign : record.currentCampaign
        talk = record.talk
    }
}
