import Domain
import Formats
import Foundation
import Glibc
import Storage

/// Rows from the file to the store: one thread parses and cleans, the caller's thread inserts; a short
/// queue between them bounds the memory.
final class RowPipeline {
    /// The bounds of a batch, which is one transaction: in between, so many rows that it holds the writer
    /// some 50 ms on this box.
    static let rowsPerBatch = 1000...16000

    let callsPath: String
    let rejectsPath: String
    private(set) var partTimers: Set<String> = []
    private let request: ImportRequest
    private let dialect: CSVDialect
    private let cleaner: RowCleaner
    private let clock: Clock
    private let isCancelled: @Sendable () -> Bool
    private var counts = RowCounts()
    private var firstReason: String?

    init(
        request: ImportRequest, dialect: CSVDialect, cleaner: RowCleaner, clock: Clock,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        self.request = request
        self.dialect = dialect
        self.cleaner = cleaner
        self.clock = clock
        self.isCancelled = isCancelled
        callsPath = request.file.path + ".calls"
        rejectsPath = request.file.path + ".rejects"
    }

    func removeFiles() {
        unlink(callsPath)
        unlink(rejectsPath)
    }

    func run(into staged: StagedVersion, progress: (ImportProgress) -> Void) throws {
        let calls = try TextFile(path: callsPath)
        let rejects = try TextFile(path: rejectsPath)
        defer {
            calls.close()
            rejects.close()
        }
        calls.buffer.append(contentsOf: CanonicalCalls.header.utf8)
        rejects.buffer.append(contentsOf: "line,fate,reason,text\r\n".utf8)

        let queue = BatchQueue()
        let parser = inBackground { [request, dialect, cleaner] in
            try parseRows(of: request, dialect, cleaner, into: queue)
        }
        do {
            while let batch = queue.pop() {
                if isCancelled() { throw UserError.cancelledImport }
                let begun = clock.now()
                let fates = try staged.insert(batch.calls)
                queue.pace(batch.rows, took: clock.now().milliseconds - begun.milliseconds)
                counts.rows += batch.rows
                counts.blank += batch.blank
                // Both kinds come in the order of their lines; the list must too.
                var pending = batch.rejects[...]
                for (index, fate) in fates.enumerated() {
                    let line = batch.calls.records[index].line
                    while let reject = pending.first, reject.line < line {
                        note(reject, rejects)
                        pending.removeFirst()
                    }
                    note(fate, batch, index, calls, rejects)
                }
                for reject in pending { note(reject, rejects) }
                if !batch.rejects.isEmpty, !staged.hasRejectedEnough {
                    try staged.keepRejected(
                        batch.rejects.map {
                            RejectedLine(line: $0.line, reason: $0.reason, text: plainText($0.text[...]))
                        })
                }
                try calls.flushIfFull()
                try rejects.flushIfFull()
                let done = counts.rows
                let estimated =
                    batch.bytesRead > 0
                    ? Int(Double(done) * Double(request.file.size) / Double(batch.bytesRead)) : done
                progress(ImportProgress(stage: .reading, rowsDone: done, rowsEstimated: max(done, estimated)))
            }
            let parsed = try parser.wait()
            partTimers = parsed.partTimers
            counts.badDurations = parsed.badDurations
        } catch {
            queue.cancel()
            _ = try? parser.wait()
            throw error
        }
        try calls.flush()
        try rejects.flush()
    }

    private func note(_ reject: Reject, _ rejects: TextFile) {
        counts.rejected += 1
        if firstReason == nil { firstReason = "line \(reject.line): \(reject.reason)" }
        rejects.reject(reject.line, RejectReason.rejected, reject.reason, reject.text[...])
    }

    private func note(_ fate: RowFate, _ batch: Batch, _ index: Int, _ calls: TextFile, _ rejects: TextFile) {
        let record = batch.calls.records[index]
        switch fate {
        case .accepted:
            counts.accepted += 1
            if case .digest = record.key { counts.keyless += 1 }
            calls.buffer.append(contentsOf: batch.canonical(index))
        case .duplicate(let line):
            counts.duplicate += 1
            rejects.reject(
                record.line, RejectReason.duplicate, RejectReason.duplicate(of: line), batch.raw(index))
        case .changed(let line):
            counts.changed += 1
            rejects.reject(
                record.line, RejectReason.changed, RejectReason.changed(of: line), batch.raw(index))
        }
    }

    /// - Throws: `UserError` `noRows` when there is nothing to count.
    func checkedCounts(_ staged: StagedVersion) throws -> RowCounts {
        counts.overlapping = staged.overlapping
        guard counts.rows > counts.blank else {
            throw UserError(
                .noRows, "“\(request.fileName)” has a header and no rows.",
                advice: "Export a period that has calls. Nothing was kept.")
        }
        guard counts.accepted > 0 else {
            throw UserError(
                .noRows,
                "None of the \(counts.rows) rows of “\(request.fileName)” could be taken in; the first reason is \(firstReason ?? "unknown")",
                advice: "Check the columns in the dialer's export. Nothing was kept.")
        }
        return counts
    }
}

struct Reject: Sendable {
    var line: Int
    var reason: String
    var text: [UInt8]
}

/// Rows on their way from the parser to the store.
struct Batch: Sendable {
    var calls = CallBatch()
    /// Lines of `calls.csv`, in case they are accepted.
    var canonicalBytes: [UInt8] = []
    var canonicalEnds: [Int] = []
    var rawBytes: [UInt8] = []
    var rawEnds: [Int] = []
    var rejects: [Reject] = []
    /// Of the rejects' texts.
    var rejectBytes = 0
    var rows = 0
    var blank = 0
    var bytesRead: Int64 = 0

    func canonical(_ index: Int) -> ArraySlice<UInt8> { slice(canonicalBytes, canonicalEnds, index) }
    func raw(_ index: Int) -> ArraySlice<UInt8> { slice(rawBytes, rawEnds, index) }

    private func slice(_ bytes: [UInt8], _ ends: [Int], _ index: Int) -> ArraySlice<UInt8> {
        guard ends.indices.contains(index) else { return [] }
        return bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }
}

struct ParsedRows: Sendable {
    var partTimers: Set<String>
    var badDurations: Int
}

/// The parsing thread: ends the queue when it ends, however it ends.
private func parseRows(
    of request: ImportRequest, _ dialect: CSVDialect, _ cleaner: RowCleaner, into queue: BatchQueue
) throws -> ParsedRows {
    defer { queue.finish() }
    var cleaner = cleaner
    var reader = try CSVReader(path: request.file.path, dialect: dialect)
    reader.doubtsQuotes = true
    reader.keepsRaw = true
    var row = CSVRow()
    var dictionary = CallDictionary()
    var batch = Batch()
    var rowsWanted = queue.rowsWanted
    while try reader.next(&row) {
        guard row.line > cleaner.map.headerLine else { continue }
        batch.rows += 1
        if row.isBlank {
            batch.blank += 1
        } else {
            let canonicalStart = batch.canonicalBytes.count
            do {
                batch.canonicalBytes.appendDigits(row.line)
                batch.canonicalBytes.append(0x2c)
                let cleaned = try cleaner.clean(row, canonical: &batch.canonicalBytes)
                try dictionary.add(cleaned.record, folded: cleaned.folded, to: &batch.calls)
                batch.canonicalBytes.append(0x0d)
                batch.canonicalBytes.append(0x0a)
                batch.canonicalEnds.append(batch.canonicalBytes.count)
                batch.rawBytes.append(contentsOf: row.raw)
                batch.rawEnds.append(batch.rawBytes.count)
            } catch let rejection as RowCleaner.Rejection {
                batch.canonicalBytes.removeSubrange(canonicalStart...)
                batch.rejects.append(Reject(line: row.line, reason: rejection.reason, text: row.raw))
                batch.rejectBytes += row.raw.count
            }
        }
        if batch.rows >= rowsWanted || batch.rawBytes.count + batch.rejectBytes > 8 << 20
            || batch.rejects.count > 500
        {
            batch.bytesRead = reader.bytesRead
            guard queue.push(batch) else { break }
            batch = Batch()
            rowsWanted = queue.rowsWanted
        }
    }
    batch.bytesRead = reader.bytesRead
    _ = queue.push(batch)
    return ParsedRows(partTimers: cleaner.partTimers, badDurations: cleaner.badDurations)
}

/// A queue of at most two batches between two threads.
final class BatchQueue: @unchecked Sendable {
    // Everything below is touched only while `condition` is held.
    private let condition = NSCondition()
    private var batches: [Batch] = []
    private var wanted = 4000
    private var isFinished = false
    private var isCancelled = false

    /// Waits for room; false when nobody will read it.
    func push(_ batch: Batch) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while batches.count >= 2, !isCancelled { condition.wait() }
        guard !isCancelled else { return false }
        batches.append(batch)
        condition.broadcast()
        return true
    }

    /// Waits for a batch; nil after the last.
    func pop() -> Batch? {
        condition.lock()
        defer { condition.unlock() }
        while batches.isEmpty, !isFinished { condition.wait() }
        guard !batches.isEmpty else { return nil }
        let batch = batches.removeFirst()
        condition.broadcast()
        return batch
    }

    /// How many rows the next batch should have.
    var rowsWanted: Int { condition.withLock { wanted } }

    /// Learns from a transaction of `rows` that took so many milliseconds.
    func pace(_ rows: Int, took milliseconds: Int64) {
        let bounds = RowPipeline.rowsPerBatch
        condition.withLock {
            if milliseconds > 65 {
                wanted = max(bounds.lowerBound, min(wanted, rows) / 2)
            } else if milliseconds < 45 {
                wanted = min(bounds.upperBound, wanted + wanted / 4)
            }
        }
    }

    func finish() {
        condition.withLock { isFinished = true }
        condition.broadcast()
    }

    func cancel() {
        condition.withLock {
            isCancelled = true
            batches = []
        }
        condition.broadcast()
    }
}

/// A NUL would make the line unreadable in the archive, too.
private func plainText(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).replacing("\u{0}", with: "\u{fffd}")
}

/// A buffered text file of the import, written once and packed afterwards.
private final class TextFile {
    var buffer: [UInt8] = []
    private let sink: FileSink

    init(path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(.create, path, errno: errno) }
        sink = FileSink(descriptor: descriptor, path: path)
    }

    func reject(_ line: Int, _ fate: String, _ reason: String, _ text: ArraySlice<UInt8>) {
        buffer.appendDigits(line)
        buffer.append(contentsOf: ",\(fate),".utf8)
        buffer.appendField(reason)
        buffer.append(0x2c)
        buffer.appendField(plainText(text))
        buffer.append(contentsOf: [0x0d, 0x0a])
    }

    func flushIfFull() throws { if buffer.count > 1 << 18 { try flush() } }

    func flush() throws {
        try sink.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    func close() { Glibc.close(sink.descriptor) }
}
