import ArgumentParser
import Domain
import Formats
import Foundation
import Ingest
import Storage

struct FilesRerunCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerun",
        abstract: "Read a version again with other answers, as the file's next version.",
        discussion:
            "What is not said stays as the version was read. Exit status 65: nothing was changed, with the reason."
    )

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The file's name or id.") var file: String
    @Option(name: .customLong("version"), help: "Which version; else the latest.") var number: Int?
    @Option(name: .customLong("date-order"), help: "ymd, mdy or dmy.") var dateOrder: DateOrder?
    @Option(name: .customLong("time-zone"), help: "The zone of its log times, such as Europe/Berlin.")
    var timeZone: String?
    @Option(help: "utf8, utf16le, utf16be, windows1252, windows1254 or latin1.") var encoding: TextEncoding?
    @Option(help: "comma, semicolon, tab or pipe.") var delimiter: FieldDelimiter?
    @Option(name: .customLong("header-line"), help: "The line that names the columns.") var headerLine: Int?
    @Option(name: .customLong("column"), help: ArgumentHelp(ColumnAnswer.help, valueName: "role=heading"))
    var columns: [ColumnAnswer] = []
    @Flag(help: "Show what would happen and change nothing.") var dryRun = false

    func perform(_ session: OfficeSession) async throws {
        let version = try await fileVersion(number, of: file, session.store)
        let request = version.readAgain(
            reading(version.uploaded.mapping), isDryRun: dryRun, in: session.store)
        do {
            let result = try await onOwnThread { [store = session.store] in
                try importFile(request, into: store, by: .console)
            }
            session.print(try office.json ? machineJSON(ImportLine(result)) : ImportLine(result).words)
        } catch let error as UserError {
            try refuse(version.uploaded.fileName, error, session)
            throw ExitCode(error.code.exitCode)
        }
    }

    private func reading(_ mapping: FileMapping) -> FileReading {
        var reading = FileReading(mapping)
        for column in columns { reading.columns[column.role] = column.heading }
        // Another column of dates speaks for itself.
        if columns.contains(where: { $0.role == .logTime || $0.role == .date }) { reading.dateOrder = nil }
        reading.dateOrder = dateOrder ?? reading.dateOrder
        reading.timeZone = timeZone ?? reading.timeZone
        reading.encoding = encoding ?? reading.encoding
        reading.delimiter = delimiter ?? reading.delimiter
        reading.headerLine = headerLine ?? reading.headerLine
        return reading
    }
}

extension TextEncoding: ExpressibleByArgument {}

extension FieldDelimiter: ExpressibleByArgument {
    public init?(argument: String) { self.init(text: argument) }
}
