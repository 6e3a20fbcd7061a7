import ArgumentParser
import Domain
import Formats
import Foundation
import Ingest
import Storage

@main
struct Rollcall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollcall",
        abstract: "Runs a call-centre office: call logs in, figures out, who reports to whom, on one box.",
        version: Version.text,
        subcommands: [
            ServeCommand.self, DemoCommand.self, SetupCommand.self, SetupCodeCommand.self, UserCommand.self,
            ImportCommand.self, FilesCommand.self, ReportCommand.self, PeopleCommand.self,
            PlaceCommand.self, NamesCommand.self, RequestsCommand.self, PermissionsCommand.self,
            SnapshotCommand.self, ConflictsCommand.self, BackupCommand.self, RestoreCommand.self,
            VerifyCommand.self, RebuildCommand.self, DoctorCommand.self,
        ])

    static func main() async {
        // Whatever is written, the database's own side files included, is for this user's eyes.
        umask(0o077)
        // A reader that went away must not end the server.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withFailure: error)
        }
    }

    /// What an error looks like on the command line: what happened, what to do, a sysexits code.
    static func exit(withFailure error: any Error) -> Never {
        if let error = error as? UserError ?? programError(for: error) {
            writeError("\(error.message)\n\(error.advice)\n")
            Foundation.exit(error.code.exitCode)
        }
        if error is CleanExit || error is ValidationError || exitCode(for: error) != .failure {
            exit(withError: error)
        }
        writeError("Internal error: \(error)\nRun “rollcall doctor”, and ask for help with this message.\n")
        Foundation.exit(70)
    }
}

/// What a person can mend of an error from below: a full disk, a busy database, a file that cannot be written.
func programError(for error: any Error) -> UserError? {
    if let failure = error as? FileFailure {
        return failure.isDiskFull
            ? UserError.diskFull
            : UserError(
                .unreadable, "It was not done: \(failure.words).",
                advice: "Check that the folder is there, and that this user may read and write in it.")
    }
    return OfficeStore.userError(for: error)
}

// A reader that went away (`| head`) is no failure.
func writeError(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
func writeOutput(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
