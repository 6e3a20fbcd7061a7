import ArgumentParser
import Domain
import Formats
import Foundation
import Ingest
import Storage
import Web

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put the office of a backup in the place of what is there.",
        discussion: """
            Needs that no server runs. FILE is a backup (….rollcall), or a copy of the database that was kept before an \
            upgrade or a merge (before-….sqlite). The office is made again in full beside the one that is there, compared \
            with what the backup says, and put in its place at once; what it replaces is kept in the folder Replaced. \
            On a new box the data folder may be empty. Without FILE the backups that are there are listed.
            """)

    @Argument(help: "The backup.") var file: String?
    @OptionGroup var office: OfficeOptions
    @Flag(help: "Put the office back that the last restore replaced.") var undo = false
    @Flag(help: "Do not ask.") var yes = false
    @Flag(
        name: .customLong("passphrase-stdin"), help: "FILE's passphrase is the first line of standard input.")
    var passphraseStdin = false

    private struct Shown: Encodable {
        var office: String
        var calls: Int64
        var stateHash: String
        var replaced: String?
    }

    func validate() throws {
        guard !(undo && file != nil) else { throw ValidationError("Give FILE or --undo, not both.") }
    }

    func run() async throws {
        guard file != nil || undo else { return try listBackups() }
        try office.folder.requireOwner(of: "restore")
        let place = try RestorePlace(office.folder)
        let outcome: RestoreOutcome
        if undo {
            guard let last = place.replacedOffices.first else {
                outcome = try place.undo(by: .console)
                return
            }
            say("Back:  \(words(OfficeGlance(database: "\(place.folder.path)/\(last)/rollcall.sqlite")))")
            try confirm(place)
            outcome = try place.undo(by: .console, progress: say)
        } else {
            outcome = try restore(file ?? "", in: place)
        }
        if office.json {
            writeOutput(
                try machineJSON(
                    Shown(
                        office: outcome.office, calls: outcome.calls, stateHash: outcome.stateHash,
                        replaced: outcome.replaced)) + "\n")
            return
        }
        let calls = OfficeFormat(zone: .gmt).count(Int(clamping: outcome.calls), "call", "calls")
        writeOutput("“\(outcome.office)” is in place: \(calls). State hash \(outcome.stateHash)\n")
        if let replaced = outcome.replaced {
            let undo =
                place.replacedOffices.contains(replaced)
                ? "“rollcall restore --undo” puts it back; remove"
                : "“rollcall files recover --from \(place.folder.path)/\(replaced)” finds the uploads that the backup lacks; remove"
            writeOutput(
                "What was there before is kept in \(place.folder.path)/\(replaced). \(undo) the folder when you need it no more.\n"
            )
        }
    }

    private func restore(_ file: String, in place: RestorePlace) throws -> RestoreOutcome {
        let path = URL(fileURLWithPath: file).standardizedFileURL.path
        guard access(path, F_OK) == 0 else {
            throw UserError(
                .notFound, "There is no file “\(file)”.", advice: "Check the name and the folder.")
        }
        if isDatabase(path) {
            say("Copy:  \(words(OfficeGlance(database: path)))")
            try confirm(place)
            return try place.restoreDatabase(path, by: .console, progress: say)
        }
        let key = (try? KeptSeal.backups.read(in: place.folder))?.sealing
        let (it, reader) = try openSnapshot(path, passphraseStdin: passphraseStdin, key: key)
        let manifest = it.manifest
        say(
            "Backup: “\(manifest.officeName)”, \(utc(manifest.made)), by Rollcall \(manifest.program): \(VerifyFile.counts(manifest))"
        )
        try confirm(place)
        return try place.restore(
            reader, named: URL(fileURLWithPath: path).lastPathComponent, by: .console, progress: say)
    }

    /// Says what is there now, and asks.
    private func confirm(_ place: RestorePlace) throws {
        let present = place.present
        if place.hasDatabase {
            say("Now:    \(words(present))")
        } else if place.isEmpty {
            say("Now:    nothing; \(place.folder.path) is empty.")
        } else {
            say("Now:    an office that lost its database; its files in \(place.folder.path) are kept.")
        }
        guard !yes else { return }
        guard isatty(STDIN_FILENO) == 1, !passphraseStdin else {
            throw UserError(
                .invalid, "Nobody can be asked here; nothing was changed.",
                advice: "Run it again with --yes if that is what you want.")
        }
        writeError("Put it in place? What is there is kept. Type yes: ")
        guard readLine()?.lowercased() == "yes" else {
            throw UserError(
                .cancelled, "Nothing was changed.", advice: "Type “yes” in full to restore it.")
        }
    }

    private func words(_ glance: OfficeGlance?) -> String {
        guard let glance else { return "an office that cannot be read" }
        let format = OfficeFormat(zone: .gmt)
        return "“\(glance.name)”: \(format.count(Int(clamping: glance.calls), "call", "calls")), "
            + "\(format.count(glance.files, "file", "files")), "
            + "\(format.count(glance.entries, "entry", "entries"))"
            + (glance.last.map { ", the last of \(utc($0))" } ?? "")
    }

    private func isDatabase(_ path: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        return (try? handle.read(upToCount: 16))?.elementsEqual("SQLite format 3\0".utf8) == true
    }

    private func say(_ text: String) { writeError(text + "\n") }

    /// The files of the folder Backups, without opening the office: a server may run.
    private func listBackups() throws {
        let folder = office.folder.backups
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            !$0.hasPrefix(".") && ($0.hasSuffix(BackupName.ending) || $0.hasSuffix(".sqlite"))
        }.sorted()
        if office.json { return writeOutput(try machineJSON(names.map { "\(folder)/\($0)" }) + "\n") }
        guard !names.isEmpty else {
            throw UserError(
                .notFound, "There is no backup in \(folder).",
                advice: "Give the file: “rollcall restore FILE”.")
        }
        for name in names { writeOutput("\(folder)/\(name)\n") }
    }
}
