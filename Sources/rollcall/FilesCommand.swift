import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage
import Web

struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "List, show, extract and read again files, ask to delete them, and decide about it.",
        subcommands: [
            FilesListCommand.self, FilesShowCommand.self, FilesHistoryCommand.self, FilesExtractCommand.self,
            FilesDiffCommand.self, FilesRerunCommand.self, FilesStorageCommand.self,
            FilesRecoverCommand.self, DeleteRequestCommand.self, DeleteRequestsCommand.self,
            DeleteApproveCommand.self, DeleteRestoreCommand.self, DeletePurgeCommand.self,
            DeleteDecideCommand.self,
        ])
}

struct FilesListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the files, the latest upload first.")

    @OptionGroup var office: OfficeOptions
    @Option(help: "Part of a file's name.") var search = ""
    @Option(help: "live, trashed, purged or all: of each file its latest version in this state.")
    var state = FileStateChoice.live
    @Option(help: "At most so many.") var limit = 50

    func perform(_ session: OfficeSession) async throws {
        var query = FileQuery()
        query.search = search
        query.state = state.state
        query.limit = limit
        let (files, total) = try await session.store.files(query, for: .console)
        for file in files { try await session.printLine(of: file, json: office.json) }
        if !office.json {
            session.print(total == files.count ? "\(total) files" : "\(files.count) of \(total) files")
        }
    }
}

/// All versions of a file by its id, or by its name where no other has it, the latest first.
func fileVersions(of file: String, _ store: OfficeStore) async throws -> [FileVersion] {
    var found: [FileVersion] = []
    if let id = ID<CallFile>(file) {
        found = try await store.versions(of: id, for: .console)
    } else {
        var query = FileQuery()
        query.search = file
        query.state = nil
        query.limit = 500
        let named = try await store.files(query, for: .console).files.filter { $0.uploaded.fileName == file }
        guard named.count <= 1 else {
            let ids = named.map { "\($0.uploaded.file) (\($0.sourceName))" }.joined(separator: ", ")
            throw UserError(
                .invalid, "\(named.count) files are called “\(file)”.", advice: "Name one by its id: \(ids).")
        }
        if let id = named.first?.uploaded.file { found = try await store.versions(of: id, for: .console) }
    }
    guard !found.isEmpty else {
        throw UserError(.notFound, "There is no file “\(file)”.", advice: "See “rollcall files list”.")
    }
    return found
}

/// A version by its number; without one the latest in a state, or the latest that is live, or the latest.
func fileVersion(_ number: Int?, of file: String, state: FileStateChoice? = nil, _ store: OfficeStore)
    async throws -> FileVersion
{
    let all = try await fileVersions(of: file, store)
    if number == nil {
        let found = all.first { (state ?? .live).holds($0) }
        if let found = state == nil ? found ?? all.first : found { return found }
        throw UserError(
            .notFound, "“\(file)” has no such version.", advice: "See “rollcall files history \(file)”.")
    }
    guard let version = all.first(where: { $0.uploaded.version == number }) else {
        throw UserError(
            .notFound, "“\(file)” has no version \(number ?? 0).",
            advice: "It has \(all.map { String($0.uploaded.version) }.joined(separator: ", ")).")
    }
    return version
}

extension FileVersion {
    var line: String {
        let counts = uploaded.counts
        return
            "\(uploaded.fileName) version \(uploaded.version) (\(sourceName)): \(counts.rows) rows, \(counts.accepted) accepted, \(counts.rejected) rejected, \(uploaded.firstDay?.iso ?? "-") to \(uploaded.lastDay?.iso ?? "-"), by \(uploadedBy)"
    }
}

struct FilesHistoryCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List every version of a file, the latest first.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The file's name or id.") var file: String
    @Option(help: "live, trashed, purged or all.") var state = FileStateChoice.all

    func perform(_ session: OfficeSession) async throws {
        for version in try await fileVersions(of: file, session.store) where state.holds(version) {
            try await session.printLine(of: version, json: office.json)
        }
    }
}

struct FilesShowCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a version: its counts and the lines that were not accepted.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The file's name or id.") var file: String
    @Option(name: .customLong("version"), help: "Which version; else the latest.") var number: Int?
    @Option(help: "The latest version that is live, trashed or purged.") var state: FileStateChoice?
    @Option(help: "At most so many lines that were not accepted.") var lines = 20

    private struct Shown: Encodable {
        var version: FileListing.Entry
        var original: String
        var archive: String
        var lines: [Line]

        struct Line: Encodable {
            var line: Int
            var fate: String
            var reason: String
            var text: String
        }
    }

    func perform(_ session: OfficeSession) async throws {
        let version = try await fileVersion(number, of: file, state: state, session.store)
        let format = try await session.format()
        let standing = try await session.standing(of: version)
        let limit = lines
        var rejects: [RejectLine] = []
        if version.state != .purged {
            rejects = try await onOwnThread { [store = session.store] in
                try version.rejects(offset: 0, limit: max(0, limit), in: store)
            }
        }
        if office.json {
            session.print(
                try machineJSON(
                    Shown(
                        version: FileListing.Entry(standing, format), original: version.uploaded.original,
                        archive: version.uploaded.archive,
                        lines: rejects.map {
                            .init(line: $0.line, fate: $0.fate, reason: $0.reason, text: $0.text)
                        })))
            return
        }
        session.print("\(version.line); \(standing.words(format))")
        for day in standing.days { session.print("  deleted: \(format.day(day))") }
        for id in version.deletions { session.print("  see: rollcall files delete-requests \(id)") }
        guard version.state != .purged else { return }
        session.print("Archive \(version.archivePath)")
        for reject in rejects { session.print("  line \(reject.line), \(reject.fate): \(reject.reason)") }
    }
}

struct FilesExtractCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract", abstract: "Write a version's bytes, as they were uploaded, to a file.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The file's name or id.") var file: String
    @Option(name: .customLong("version"), help: "Which version; else the latest.") var number: Int?
    @Option(help: "The file to write; it must not exist.") var out: String

    var callerFile: CallerFile? { .writes(absolutePath(out)) }

    /// The caller's place, since a server that performs the command stands elsewhere.
    func collectInput(_ folder: DataFolder) throws -> [String] {
        let path = absolutePath(out)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw UserError(.conflict, "\(path) exists already.", advice: "Choose another name with --out.")
        }
        return [path]
    }

    func perform(_ session: OfficeSession) async throws {
        let version = try await fileVersion(number, of: file, session.store)
        guard version.state != .purged else {
            throw try await session.standing(of: version).purgedError(session.format())
        }
        let path = session.input.first ?? out
        try await onOwnThread { try version.extractOriginal(to: path) }
        struct Extracted: Encodable {
            var file: String
            var version: Int
            var bytes: Int64
            var path: String
        }
        let upload = version.uploaded
        session.print(
            office.json
                ? try machineJSON(
                    Extracted(
                        file: upload.fileName, version: upload.version, bytes: upload.bytes, path: path))
                : "\(upload.bytes) bytes in \(path)")
    }
}
