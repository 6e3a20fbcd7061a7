import Domain
import Formats
import Foundation
import Storage

/// A line of a file that was not accepted, with its fate: `rejected`, `duplicate` or `changed`.
public struct RejectLine: Sendable, Hashable {
    public var line: Int
    public var fate: String
    public var reason: String
    /// The line as it stands in the file.
    public var text: String
}

extension FileVersion {
    /// The lines that were not accepted, in the order in which they were met. Blocks its thread.
    ///
    /// - Throws: `UserError` `damaged` when the archive cannot be read.
    public func rejects(offset: Int, limit: Int, in store: OfficeStore) throws -> [RejectLine] {
        var lines: [RejectLine] = []
        var index = 0
        try eachReject { line in
            if index >= offset { lines.append(line) }
            index += 1
            return lines.count < limit
        }
        return lines
    }

    /// Writes the rejected lines under the file's own header: to be mended and uploaded again.
    ///
    /// - Returns: how many lines were written.
    public func writeMendable(to path: String, in store: OfficeStore) throws -> Int {
        let line = uploaded.mapping.headerLine
        let header = (try records(on: [line])[line] ?? "").trimmingPrefix("\u{feff}")
        var count = 0
        try writeFile(to: path) { sink in
            // Excel takes a CSV for UTF-8 only with a byte order mark.
            try sink.write(Array("\u{feff}\(header)\r\n".utf8))
            try eachReject { line in
                guard line.fate == "rejected" else { return true }
                try sink.write(Array((line.text + "\r\n").utf8))
                count += 1
                return true
            }
        }
        return count
    }

    /// The bytes as they were uploaded, into a file. Blocks its thread.
    public func extractOriginal(to path: String) throws {
        try explained { try ArchiveReader(path: archivePath).extract(entry: "original.csv", to: path) }
    }

    /// The records that begin on these lines, as they stand in the file; some span several lines. Blocks its thread.
    public func records(on lines: Set<Int>) throws -> [Int: String] {
        var records: [Int: String] = [:]
        guard let last = lines.max() else { return records }
        try eachRecord { row in
            if lines.contains(row.line) { records[row.line] = row.rawString }
            return row.line < last
        }
        return records
    }

    /// Reads the original in the way that it was read, until `body` returns false.
    func eachRecord(_ body: (CSVRow) throws -> Bool) throws {
        try explained {
            var reader = try CSVReader(
                archive: ArchiveReader(path: archivePath), entry: "original.csv",
                dialect: uploaded.mapping.dialect)
            reader.doubtsQuotes = true
            reader.keepsRaw = true
            var row = CSVRow()
            while try reader.next(&row), try body(row) {}
        }
    }

    func eachReject(_ body: (RejectLine) throws -> Bool) throws {
        try explained { try forEachReject(inArchive: archivePath, body) }
    }

    func explained<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let failure where isUnreadable(failure) {
            throw damaged
        }
    }

    var damaged: UserError {
        UserError(
            .damaged, "The archive of “\(uploaded.fileName)”, version \(uploaded.version), cannot be read.",
            advice:
                "The figures are not touched. Put \(archivePath) back from a backup; “rollcall verify” names every such file."
        )
    }
}

/// Reads the lines that were not accepted out of an archive, in their order, until `body` returns false.
func forEachReject(inArchive path: String, _ body: (RejectLine) throws -> Bool) throws {
    var reader = try CSVReader(
        archive: ArchiveReader(path: path), entry: "rejects.csv", dialect: CSVDialect(), limits: .ownFiles)
    var row = CSVRow()
    _ = try reader.next(&row)
    while try reader.next(&row) {
        guard row.count == 4, let line = Int(row.string(0)) else { continue }
        let reject = RejectLine(line: line, fate: row.string(1), reason: row.string(2), text: row.string(3))
        guard try body(reject) else { return }
    }
}

/// The archive is missing, cut off or altered; not: the disk is full.
func isUnreadable(_ failure: any Error) -> Bool {
    guard let file = failure as? FileFailure else { return failure is ArchiveFailure }
    return file.operation == .open || file.operation == .read
}
