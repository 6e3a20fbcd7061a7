import Domain
import Formats
import Foundation
import Storage

/// The accepted calls of an archive, in the order of lines.
final class AcceptedCalls {
    private let copy: String
    private let damaged: (String) -> UserError
    private var reader: CSVReader
    private var row = CSVRow()

    /// - Parameter damaged: an error for what is wrong with this archive, in words such as “cannot be read”.
    /// - Throws: that error when the archive is missing or cannot be read.
    init(archive path: String, in store: OfficeStore, damaged: @escaping (String) -> UserError) throws {
        self.damaged = damaged
        // In the folder that is swept at every start.
        let id: ID<AcceptedCalls> = store.ids.next(at: store.clock.now())
        copy = "\(store.folder.incoming)/\(id).calls"
        do {
            try ArchiveReader(path: path).extract(entry: "calls.csv", to: copy)
        } catch let failure as FileFailure where failure.isDiskFull {
            throw UserError.diskFull
        } catch {
            throw damaged("cannot be read")
        }
        reader = try CSVReader(path: copy, dialect: CSVDialect())
        _ = try reader.next(&row)
    }

    /// - Throws: `UserError` `damaged` when the archive is missing or cannot be read.
    convenience init(of upload: FileUploaded, from store: OfficeStore) throws {
        let path =
            store.folder.existingArchive(of: upload.file, version: upload.version)
            ?? store.folder.archive(of: upload.file, version: upload.version)
        try self.init(archive: path, in: store) { what in
            UserError(
                .damaged, "The archive of “\(upload.fileName)”, version \(upload.version), \(what).",
                advice: "Put \(path) back from a backup and run “rollcall rebuild”.")
        }
    }

    deinit { unlink(copy) }

    func next() throws -> (record: CallRecord, folded: String)? {
        guard try reader.next(&row) else { return nil }
        guard let call = CanonicalCalls.record(row) else { throw damaged("has a damaged line \(row.line)") }
        return call
    }

    /// Reads the calls into a staged version, and compares them with what is known of them.
    ///
    /// - Parameter batch: rows a transaction: fewer where others write meanwhile.
    func read(into staged: StagedVersion, batch: Int, accepted: Int, digest: String) throws {
        var records: [CallRecord] = []
        var folded: [String] = []
        func flush() throws {
            _ = try staged.insert(records, folded: folded)
            records.removeAll(keepingCapacity: true)
            folded.removeAll(keepingCapacity: true)
        }
        while let (record, name) = try next() {
            records.append(record)
            folded.append(name)
            if records.count >= batch { try flush() }
        }
        try flush()
        guard staged.accepted == accepted, hexadecimal(staged.digest.bigEndianBytes) == digest else {
            throw damaged("does not hold the rows that were accepted")
        }
    }
}
