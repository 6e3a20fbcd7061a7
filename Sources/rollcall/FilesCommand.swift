import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage
import Web

struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "List, show, extract and read again files.",
        subcommands: [
            FilesListCommand.self, FilesShowCommand.self, FilesHistoryCommand.self, FilesExtractCommand.self,
            FilesDiffCommand.self,
            FilesStorageCommand.self, FilesRecoverCommand.self,
            FilesRerunCommand.self,
        ])
}

struct FilesListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the files, the latest upload first.")

    @OptionGroup var office: OfficeOptions
    @Option(help: "Part of a file's name.") var search = ""
    @Option(help: "At most so many.") var limit = 50

    func perform(_ session: OfficeSession) async throws {
        var query = FileQuery()
        query.search = search
        query.limit = limit
        let (files, total) = try await session.store.files(query, for: .console)
        if office.json {
            for file in files { session.print(try machineJSON(FileListing.Entry(file))) }
        } else {
            for file in files { session.print(file.line) }
            session.print(total == files.count ? "\(total) files" : "\(files.count) of \(total) files")
        }
    }
}

/// A file by its id, or by its name where no other has it.
func fileVersions(of file: String, _ store: OfficeStore) async throws -> [FileVersion] {
    var found: [FileVersion] = []
    if let id = ID<CallFile>(file) {
        found = try await store.versions(of: id, for: .console)
    } else {
        var query = FileQuery()
        query.search = file
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

func fileVersion(_ number: Int?, of file: String, _ store: OfficeStore) async throws -> FileVersion {
    let all = try await fileVersions(of: file, store)
    guard let version = number == nil ? all.first : all.first(where: { $0.uploaded.version == number }) else {
        throw UserError(
            .notFound, "“\(file)” has no version \(number ?? 0).",
            advice: "It has \(all.map { String($0.uploaded.version) }.joined(separator: ", ")).")
    }
    return version
}

extension FileVersion {
    fileprivate var line: String {
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

    func perform(_ session: OfficeSession) async throws {
        for version in try await fileVersions(of: file, session.store) {
            session.print(try office.json ? machineJSON(FileListing.Entry(version)) : version.line)
        }
    }
}

struct FilesShowCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a version: its counts and the lines that were not accepted.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The file's name or id.") var file: String
    @Option(name: .customLong("version"), help: "Which version; else the latest.") var number: Int?
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
        let version = try await fileVersion(number, of: file, session.store)
        let limit = lines
        let rejects = try await onOwnThread { [store = session.store] in
            try version.rejects(offset: 0, limit: max(0, limit), in: store)
        }
        if office.json {
            session.print(
                try machineJSON(
                    Shown(
                        version: FileListing.Entry(version), original: version.uploaded.original,
                        archive: version.uploaded.archive,
                        lines: rejects.map {
                            .init(line: $0.line, fate: $0.fate, reason: $0.reason, text: $0.text)
                        })))
            return
        }
        session.print(version.line)
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

    /// The caller's place, since a server that performs the command stands elsewhere.
    func collectInput(_ folder: DataFolder) throws -> [String] {
        [URL(fileURLWithPath: out).standardizedFileURL.path]
    }

    func perform(_ session: OfficeSession) async throws {
        let version = try await fileVersion(number, of: file, session.store)
        let path = session.input.first ?? out
        guard !FileManager.default.fileExists(atPath: path) else {
            throw UserError(.conflict, "\(path) exists already.", advice: "Choose another name with --out.")
        }
        try await onOwnThread { try version.extractOriginal(to: path) }
        session.print("\(version.uploaded.bytes) bytes in \(path)")
    }
}
