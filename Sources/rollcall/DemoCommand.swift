import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage
import Web

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Make a full sample office and serve it at once.",
        discussion: """
            Some sixty invented people, nine weeks of calls that end yesterday, and an account for each role. \
            Everything goes the way it goes in a real office, so everything may be tried.
            """)

    @Option(help: "The address to listen on.") var host = "127.0.0.1"
    @Option(help: "The port; 0 for any free one.") var port = 8080
    @Option(
        name: .customLong("data"),
        help: "An empty or new folder to keep the office in; else it is gone when it stops."
    )
    var dataPath: String?

    func run() async throws {
        let temporary = try dataPath == nil ? Self.temporaryFolder() : nil
        // A quick look leaves the system as it was.
        defer { if let temporary { try? FileManager.default.removeItem(atPath: temporary) } }
        let folder = DataFolder(path: dataPath ?? temporary ?? "")
        guard !FileManager.default.fileExists(atPath: folder.database) else {
            throw UserError(
                .conflict, "There is an office in \(folder.path) already.",
                advice: "Choose a new folder, or serve it: rollcall serve --data \(folder.path)")
        }
        let time = DemoClock()
        // The password is printed below: a costly hash of it would guard nothing.
        let store = try OfficeStore(folder: folder, clock: time.clock, passwords: PasswordCost(rounds: 1024))
        let isTerminal = isatty(STDERR_FILENO) == 1
        let office = try await openDemoOffice(store, time: time) { share in
            if isTerminal { writeError("\rMaking the office: \(Int(share * 100)) % ") }
        }
        if isTerminal { writeError("\r") }
        writeOutput(
            """
            “\(DemoOffice.name)”: \(office.files) files, \(office.rows) rows, in \(folder.path)\(dataPath == nil ? " until it stops" : "")
            Sign in as \(DemoOffice.usernames.joined(separator: ", "))
            Password  \(DemoOffice.password)

            """)
        let configuration = WebConfiguration(host: host, port: port, tls: .off, version: Version.text)
        try await serve(store, configuration) { url in writeOutput("Open      \(url)\n") }
    }

    private static func temporaryFolder() throws -> String {
        var template = Array(
            (FileManager.default.temporaryDirectory.path + "/rollcall-demo-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw UserError(
                .unreadable, "A temporary folder cannot be made.", advice: "Name a folder with --data.")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
