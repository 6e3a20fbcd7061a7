import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage

struct FilesRecoverCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Take archives in again when the database is lost.",
        discussion: """
            Found the office first (“rollcall setup”), in the old data folder without its database or in a new one. \
            Every archive is taken in with its own file, version, uploader and time; what is there already is left \
            alone, so it may be run again. People's places in teams, requests and accounts are not in the archives. \
            Exit status 0: everything is in. 65: something was skipped, and is named.
            """)

    @OptionGroup var office: OfficeOptions
    @Option(help: "Another folder Files, or a data folder; else the office's own.") var from: String?

    private struct Shown: Encodable {
        var taken: Int
        var known: Int
        var skipped: Int
        var calls: Int
        var sources: [String]
        var archives: [RecoveredArchive]
    }

    /// The caller's place, since a server that performs the command stands elsewhere.
    func collectInput(_ folder: DataFolder) throws -> [String] {
        from.map { [URL(fileURLWithPath: $0).standardizedFileURL.path] } ?? []
    }

    func perform(_ session: OfficeSession) async throws {
        let summary = try await recoverFiles(
            from: session.input.first, into: session.store, by: .console, progress: session.complain)
        let skipped = summary.archives.filter { $0.fate == .skipped }
        if office.json {
            session.print(
                try machineJSON(
                    Shown(
                        taken: summary.count(.taken), known: summary.count(.known), skipped: skipped.count,
                        calls: summary.calls, sources: summary.sources, archives: summary.archives)))
        } else {
            session.print(
                "\(summary.count(.taken)) archives taken in, \(summary.calls) calls; \(summary.count(.known)) were there already; \(skipped.count) skipped."
            )
            if !summary.sources.isEmpty {
                session.print(
                    "Sources made: \(summary.sources.joined(separator: ", ")). What their states count as is on the page Sources."
                )
            }
            for archive in skipped {
                session.print("  \(archive.archive): skipped, \(archive.reason ?? "")")
            }
        }
        if !skipped.isEmpty { throw ExitCode(UserError.Code.damaged.exitCode) }
    }
}
