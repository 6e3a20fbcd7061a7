import ArgumentParser
import Domain
import Formats
import Foundation
import Ingest
import Storage

struct ImportCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take call-log files in.",
        discussion: "Exit status 0: every file is in. 65: some were refused; the others are in.")

    @OptionGroup var office: OfficeOptions

    @Argument(help: "CSV files of a dialer.", completion: .file(extensions: ["csv"]))
    var files: [String]

    @Option(help: "Name of the source, where the header does not tell.")
    var source: String?

    @Option(name: .customLong("date-order"), help: "ymd, mdy or dmy, for dates that can be read both ways.")
    var dateOrder: DateOrder?

    @Option(name: .customLong("column"), help: ArgumentHelp(ColumnAnswer.help, valueName: "role=heading"))
    var columns: [ColumnAnswer] = []

    @Flag(help: "Show what would happen and change nothing.")
    var dryRun = false

    private struct Input: Codable {
        var name: String
        var file: ReceivedFile?
        var problem: UserError.Code?
        var message: String?
    }

    static let asksFirst = true

    /// Where the disk is below the mark, no file is even copied.
    func admit(_ session: OfficeSession) async throws {
        do {
            try await onOwnThread { [store = session.store] in try store.requireRoom() }
        } catch let error as UserError {
            for file in files { try refuse(URL(fileURLWithPath: file).lastPathComponent, error, session) }
            throw ExitCode(error.code.exitCode)
        }
    }

    /// The files are copied by the caller, who may read what the server may not.
    func collectInput(_ folder: DataFolder) throws -> [String] {
        try files.map { path in
            var input = Input(name: URL(fileURLWithPath: path).lastPathComponent)
            do {
                let file = try ReceivedFile.copy(path, to: folder, ids: .system, clock: .system)
                folder.handOver(file.path)
                input.file = file
            } catch {
                // One file that cannot be read keeps none of the others out.
                let known = error as? UserError ?? programError(for: error)
                guard let known else { throw error }
                (input.problem, input.message) = (known.code, known.message)
            }
            return try machineJSON(input)
        }
    }

    func perform(_ session: OfficeSession) async throws {
        var worst: Int32 = 0
        let inputs = try session.input.map { try JSONDecoder().decode(Input.self, from: Data($0.utf8)) }
        // Whatever stops the command, no copy stays behind in a running server's folder.
        defer { for input in inputs { if let file = input.file { unlink(file.path) } } }
        for input in inputs {
            guard let file = input.file else {
                let code = input.problem ?? .notFound
                worst = max(worst, code.exitCode)
                try refuse(
                    input.name,
                    UserError(
                        code, input.message ?? "It cannot be read.",
                        advice: code == .diskFull
                            ? "Make room on the box's disk and import it again." : "Check its name."),
                    session)
                continue
            }
            do {
                var reading = FileReading(dateOrder: dateOrder)
                for column in columns { reading.columns[column.role] = column.heading }
                let request = ImportRequest(
                    file: file, fileName: input.name, source: source, reading: reading, isDryRun: dryRun)
                let result = try await onOwnThread { [store = session.store] in
                    try importFile(request, into: store, by: .console)
                }
                session.print(try office.json ? machineJSON(ImportLine(result)) : ImportLine(result).words)
            } catch let error as UserError {
                worst = max(worst, error.code.exitCode)
                try session.store.recordRefusal(of: input.name, error, by: .console)
                try refuse(input.name, error, session)
            }
        }
        if worst != 0 { throw ExitCode(worst) }
    }
}

extension OfficeCommand {
    /// Says that a file was not taken in.
    func refuse(_ name: String, _ error: UserError, _ session: OfficeSession) throws {
        if office.json {
            session.print(
                try machineJSON(
                    RefusedLine(
                        file: name,
                        refused: .init(code: error.code, message: error.message, place: error.place))))
        } else {
            session.complain("\(name): not taken in. \(error.message)\n  \(error.advice)")
        }
    }
}

/// Which column a role has, as somebody says it: `state=Disposition`.
struct ColumnAnswer: ExpressibleByArgument {
    static let help: String =
        "Which column is which, for example state=Disposition; empty: none. Roles: "
        + ColumnRole.allCases.map(\.rawValue).joined(separator: ", ") + "."

    var role: ColumnRole
    var heading: String

    init?(argument: String) {
        let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = halves.first, let heading = halves.dropFirst().first else { return nil }
        let folded = name.lowercased().replacing("-", with: "")
        guard let role = ColumnRole.allCases.first(where: { $0.rawValue.lowercased() == folded }) else {
            return nil
        }
        self.role = role
        self.heading = String(heading)
    }
}

extension DateOrder: ExpressibleByArgument {}

struct RefusedLine: Encodable {
    var file: String
    var refused: Refusal

    struct Refusal: Encodable {
        var code: UserError.Code
        var message: String
        /// The version that holds the same bytes.
        var place: VersionPlace?
    }
}
