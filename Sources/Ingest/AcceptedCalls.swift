import Domain
import Formats
import Foundation
import Storage

/// The accepted calls of an archive, in the order of lines, as they are unpacked.
final class AcceptedCalls {
    private let damaged: (String) -> UserError
    private var reader: CSVReader
    private var row = CSVRow()
    private var names: [String: String] = [:]

    /// - Parameter damaged: an error for what is wrong with this archive, in words such as “cannot be read”.
    /// - Throws: that error when the archive is missing or cannot be read.
    init(archive path: String, damaged: @escaping (String) -> UserError) throws {
        self.damaged = damaged
        do {
            reader = try CSVReader(
                archive: ArchiveReader(path: path), entry: "calls.csv", dialect: CSVDialect())
            reader.keepsRaw = true
            _ = try reader.next(&row)
        } catch {
            throw damaged("cannot be read")
        }
    }

    /// - Throws: `UserError` `damaged` when the archive is missing or cannot be read.
    convenience init(of upload: FileUploaded, from store: OfficeStore) throws {
        try self.init(
            archive: Self.archive(of: upload, in: store), damaged: Self.damaged(upload, in: store))
    }

    private static func archive(of upload: FileUploaded, in store: OfficeStore) -> String {
        store.folder.existingArchive(of: upload.file, version: upload.version)
            ?? store.folder.archive(of: upload.file, version: upload.version)
    }

    private static func damaged(_ upload: FileUploaded, in store: OfficeStore)
        -> @Sendable (String) ->
        UserError
    {
        let path = archive(of: upload, in: store)
        return { what in
            UserError(
                .damaged, "The archive of “\(upload.fileName)”, version \(upload.version), \(what).",
                advice: "Put \(path) back from a backup and run “rollcall rebuild”.")
        }
    }

    func next() throws -> (record: CallRecord, folded: String)? {
        do {
            guard try reader.next(&row) else { return nil }
        } catch {
            throw damaged("cannot be read")
        }
        guard let record = CanonicalCalls.record(row) else {
            throw damaged("has a damaged line \(row.line)")
        }
        if let known = names[record.agent] { return (record, known) }
        let folded = foldedName(record.agent)
        names[record.agent] = folded
        return (record, folded)
    }

    /// Reads the calls of an upload, whose archive is in its place, into a staged version.
    ///
    /// - Throws: `UserError` `damaged`, saying where a good archive belongs; `cancelled`.
    static func read(
        _ upload: FileUploaded, from store: OfficeStore, into staged: StagedVersion,
        isCancelled: () -> Bool = { false }
    ) throws {
        try read(
            archive(of: upload, in: store), into: staged, accepted: upload.counts.accepted,
            digest: upload.digest, damaged: damaged(upload, in: store), clock: store.clock,
            isCancelled: isCancelled)
    }

    /// Reads an archive's calls into a staged version, and compares them with what is known of them: one thread
    /// unpacks and parses, the caller's inserts.
    ///
    /// - Parameters:
    ///   - accepted: how many there shall be.
    ///   - digest: of all, as `FileUploaded` has it.
    static func read(
        _ path: String, into staged: StagedVersion, accepted: Int, digest: String,
        damaged: @escaping @Sendable (String) -> UserError, clock: Clock,
        isCancelled: () -> Bool = { false }
    ) throws {
        let queue = BatchQueue()
        let parser = inBackground {
            defer { queue.finish() }
            let calls = try AcceptedCalls(archive: path, damaged: damaged)
            var dictionary = CallDictionary()
            var batch = Batch()
            var rowsWanted = queue.rowsWanted
            while let (record, folded) = try calls.next() {
                try dictionary.add(record, folded: folded, to: &batch.calls)
                batch.rows += 1
                guard batch.rows >= rowsWanted else { continue }
                guard queue.push(batch) else { return }
                batch = Batch()
                rowsWanted = queue.rowsWanted
            }
            _ = queue.push(batch)
        }
        do {
            while let batch = queue.pop() {
                if isCancelled() { throw UserError.cancelledImport }
                let begun = clock.now()
                _ = try staged.insert(batch.calls)
                queue.pace(batch.rows, took: clock.now().milliseconds - begun.milliseconds)
            }
            try parser.wait()
        } catch {
            queue.cancel()
            _ = try? parser.wait()
            throw error
        }
        guard staged.accepted == accepted, hexadecimal(staged.digest.bigEndianBytes) == digest else {
            throw damaged("does not hold the rows that were accepted")
        }
    }
}
