import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage

/// Which data folder, and for whom the output is.
struct OfficeOptions: ParsableArguments {
    @Option(name: .customLong("data"), help: "The data folder; ROLLCALL_DATA where it is not given.")
    var dataPath: String?

    @Flag(name: .long, help: "Print JSON for machines.")
    var json = false

    var folder: DataFolder {
        let environment = ProcessInfo.processInfo.environment["ROLLCALL_DATA"]
        return DataFolder(path: dataPath ?? environment ?? "./rollcall-data")
    }
}

/// A command that works on an office: in this process when no server runs, else inside the server.
///
/// Either way it is the same `perform`, so there is one way to do a thing.
protocol OfficeCommand: AsyncParsableCommand {
    var office: OfficeOptions { get }
    /// Whether to ask first, with `admit`, before any input is collected.
    static var asksFirst: Bool { get }
    /// Whether it makes the data folder where there is none; for the others a folder without an office is a typing error.
    static var makesFolder: Bool { get }
    /// - Throws: where the command may not begin.
    func admit(_ session: OfficeSession) async throws
    /// What only the calling process can get: typed secrets, files of the calling user.
    func collectInput(_ folder: DataFolder) throws -> [String]
    /// The file that is the first input; nil: none is.
    var callerFile: CallerFile? { get }
    func perform(_ session: OfficeSession) async throws
}

/// What a command works with.
struct OfficeSession: Sendable {
    let store: OfficeStore
    var input: [String]
    /// Writes a line for the person, or for the machine, who called.
    let print: @Sendable (String) -> Void
    /// Writes to the caller's standard error.
    let complain: @Sendable (String) -> Void
}

extension OfficeCommand {
    static var asksFirst: Bool { false }
    static var makesFolder: Bool { false }
    func admit(_ session: OfficeSession) async throws {}
    func collectInput(_ folder: DataFolder) throws -> [String] { [] }
    var callerFile: CallerFile? { nil }

    func run() async throws { try await runOffice() }

    /// - Parameters:
    ///   - arguments: more of them, for a server that takes the command over.
    ///   - input: in place of `collectInput`.
    func runOffice(adding arguments: [String] = [], input: [String]? = nil) async throws {
        let folder = office.folder
        guard Self.makesFolder || access(folder.database, F_OK) == 0 else {
            throw UserError(
                .conflict, "The data folder \(folder.path) has no office yet.",
                advice: "Check --data, or found one with “rollcall setup”.")
        }
        do {
            let store = try OfficeStore(folder: folder)
            if !(self is RebuildCommand) { try await finishRebuild(store) }
            var session = OfficeSession(
                store: store, input: [], print: { writeOutput($0 + "\n") },
                complain: { writeError($0 + "\n") })
            try await admit(session)
            session.input = try input ?? collectInput(folder)
            try await perform(session)
            try store.close()
            try callerFile?.finish()
        } catch let error as UserError where error.code == .busy {
            // Somebody has the folder: a server takes the command over, anything else is in the way.
            let arguments = Array(CommandLine.arguments.dropFirst()) + arguments
            if Self.asksFirst, let status = try ConsoleClient.send(arguments, asks: true, to: folder),
                status != 0
            {
                throw ExitCode(status)
            }
            func send(_ place: CallerFile.Place? = nil) throws -> Int32? {
                try ConsoleClient.send(
                    arguments, input: input ?? collectInput(folder), file: place, to: folder,
                    out: { line in
                        // The server speaks of the place that it was lent.
                        let shown = place.flatMap { place in
                            place.wanted.map { line.replacing(place.path, with: $0) }
                        }
                        writeOutput((shown ?? line) + "\n")
                    })
            }
            guard let status = try callerFile.map({ try $0.lend(to: folder, send) }) ?? send() else {
                throw error
            }
            if status != 0 { throw ExitCode(status) }
            try callerFile?.finish()
        }
    }
}

/// Until a rebuild that was cut off is done again, everything else would see too little.
func finishRebuild(_ store: OfficeStore) async throws {
    guard try store.isRebuilding() else { return }
    writeError("The last rebuild was cut off; doing it again.\n")
    try await onOwnThread { try store.rebuildFromArchives() }
}

/// JSON for machines: keys sorted, on one line.
func machineJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Reads a secret from the terminal without showing it, or the first line of standard input.
///
/// - Parameters:
///   - isNew: it is chosen now; on the terminal it is typed twice, for nobody sees a slip.
///   - what: `password` or `passphrase`, as the option of the command calls it.
/// - Throws: `UserError` when neither is there.
func readSecret(
    _ prompt: String, fromStandardInput: Bool, isNew: Bool = false, what: String = "password"
) throws -> String {
    if fromStandardInput {
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw UserError(
                .invalid, "No \(what) came on standard input.", advice: "Write it as the first line.")
        }
        return line
    }
    guard isatty(STDIN_FILENO) == 1 else {
        throw UserError(
            .invalid, "There is no terminal to ask for the \(what).", advice: "Use --\(what)-stdin.")
    }
    let secret = try readHidden(prompt, what: what)
    if isNew, try readHidden("The same again: ", what: what) != secret {
        throw UserError(
            .invalid, "The two \(what)s differ; nothing was changed.", advice: "Type the same one twice.")
    }
    return secret
}

private func readHidden(_ prompt: String, what: String) throws -> String {
    writeError(prompt)
    var settings = termios()
    tcgetattr(STDIN_FILENO, &settings)
    var silent = settings
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSANOW, &silent)
    defer {
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        writeError("\n")
    }
    guard let line = readLine(strippingNewline: true), !line.isEmpty else {
        throw UserError(.invalid, "No \(what) was typed.", advice: "Try again.")
    }
    return line
}
