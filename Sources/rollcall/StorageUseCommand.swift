import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage
import Web

struct FilesStorageCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Show what takes the disk's space, the largest file first.")

    @OptionGroup var office: OfficeOptions
    @Flag(help: "One line a version rather than one a file.") var versions = false
    @Option(help: "At most so many.") var limit = 20

    private struct Shown: Codable {
        var free: Int64
        var size: Int64
        var marks: DiskMarks
        var files: Int64
        var trash: Int64
        var incoming: Int64
        var backups: Int64
        var replaced: Int64
        var database: Int64
        var databaseLog: Int64
        var weekly: Int64?
        var pastRetention: Int?
        var rows: [Row]
        var total: Int
    }

    private struct Row: Codable {
        var file: String
        var name: String
        var source: String
        var version: Int?
        var versions: Int
        var original: Int64
        var archive: Int64
        var missing: Int
    }

    func perform(_ session: OfficeSession) async throws {
        var query = StorageQuery()
        query.byVersion = versions
        query.limit = max(1, limit)
        let asked = query
        let use = try await onOwnThread { [store = session.store] in
            try store.storageUse(asked, for: .console)
        }
        if office.json {
            session.print(try machineJSON(shown(use)))
            return
        }
        let format = OfficeFormat(zone: .gmt)
        func line(_ name: String, _ size: Int64) { session.print("\(format.bytes(size))\t\(name)") }
        line("free of \(format.bytes(use.space.total))", use.space.free)
        for (name, size) in [
            ("Files", use.files), ("Trash", use.trash), ("Incoming", use.incoming), ("Backups", use.backups),
            ("Replaced", use.replaced.reduce(0) { $0 + $1.size }),
            ("database", use.database), ("database log", use.log),
        ] { line(name, size) }
        for row in use.rows {
            let version = row.version.map { ", version \($0)" } ?? ""
            let missing = row.missing > 0 ? ", \(row.missing) archives missing" : ""
            line(
                "\(row.name)\(version) (\(row.sourceName)), \(format.bytes(row.original)) as uploaded\(missing)",
                row.archive)
        }
        if use.rows.count < use.total { session.print("\(use.rows.count) of \(use.total)") }
    }

    private func shown(_ use: StorageUse) -> Shown {
        Shown(
            free: use.space.free, size: use.space.total, marks: use.marks, files: use.files, trash: use.trash,
            incoming: use.incoming, backups: use.backups,
            replaced: use.replaced.reduce(0) { $0 + $1.size }, database: use.database, databaseLog: use.log,
            weekly: use.weekly, pastRetention: use.pastRetention?.versions,
            rows: use.rows.map {
                Row(
                    file: $0.file.description, name: $0.name, source: $0.sourceName, version: $0.version,
                    versions: $0.versions, original: $0.original, archive: $0.archive, missing: $0.missing)
            }, total: use.total)
    }

    /// The marks of the office that a running server has; nil: it does not say.
    static func marks(ofServerAt folder: DataFolder) -> DiskMarks? {
        var lines: [String] = []
        let arguments = ["files", "storage", "--limit", "1", "--json"]
        guard (try? ConsoleClient.send(arguments, to: folder, out: { lines.append($0) })) == 0 else {
            return nil
        }
        return lines.first.flatMap { try? JSONDecoder().decode(Shown.self, from: Data($0.utf8)) }?.marks
    }
}
