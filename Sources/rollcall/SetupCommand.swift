import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage

struct SetupCommand: OfficeCommand {
    static let makesFolder = true
    static let configuration = CommandConfiguration(
        commandName: "setup", abstract: "Found the office with its first admin.")

    @OptionGroup var office: OfficeOptions
    @Option(name: .customLong("office"), help: "The office's name.") var officeName: String
    @Option(name: .customLong("time-zone"), help: "For example Europe/Berlin.") var timeZone: String
    @Option(help: "The first admin's user name.") var admin: String
    @Option(help: "The first admin's name.") var name: String?
    @Flag(name: .customLong("password-stdin"), help: "Read the password from standard input.")
    var passwordStdin = false

    func collectInput(_ folder: DataFolder) throws -> [String] {
        [try readSecret("Password for \(admin): ", fromStandardInput: passwordStdin, isNew: true)]
    }

    func perform(_ session: OfficeSession) async throws {
        try await session.store.foundOffice(
            rules: OfficeRules(name: officeName, timeZone: timeZone), sources: defaultSources,
            username: admin, name: name ?? admin, password: session.input.first ?? "", by: .console)
        let id = try await session.store.officeState()?.office.id.description
        session.print(
            try office.json
                ? machineJSON(["office": id ?? "", "name": officeName, "admin": admin])
                : "The office “\(officeName)” is open. Sign in as \(admin).")
    }
}

struct SetupCodeCommand: OfficeCommand {
    static let makesFolder = true
    static let configuration = CommandConfiguration(
        commandName: "setup-code", abstract: "Print a new one-time code for the set-up page.")

    @OptionGroup var office: OfficeOptions

    func perform(_ session: OfficeSession) async throws {
        let code = try await session.store.makeSetupCode()
        session.print(try office.json ? machineJSON(["code": code]) : code)
    }
}
