import ArgumentParser
import Domain
import Foundation
import Storage

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Add, list, disable users and set their passwords.",
        subcommands: [
            UserAddCommand.self, UserListCommand.self, UserDisableCommand.self, UserEnableCommand.self,
            UserPasswordCommand.self,
        ])
}

struct UserAddCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a user; without --password-stdin a first password is made and printed.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The user name.") var username: String
    @Option(help: "admin, data-entry, team-manager, team-leader or agent.") var role: Role
    @Option(help: "The person's full name.") var name: String?
    @Option(help: "Name of the person of the office behind the account.") var person: String?
    @Flag(name: .customLong("password-stdin"), help: "Read the password from standard input.")
    var passwordStdin = false

    func collectInput(_ folder: DataFolder) throws -> [String] {
        passwordStdin ? [try readSecret("", fromStandardInput: true)] : []
    }

    func perform(_ session: OfficeSession) async throws {
        let store = session.store
        var linked: ID<Person>?
        if let person {
            let found = try await store.persons().filter { $0.name.lowercased() == person.lowercased() }
            guard let only = found.first, found.count == 1 else {
                throw UserError(
                    .notFound,
                    found.isEmpty
                        ? "Nobody is called “\(person)”." : "\(found.count) people are called “\(person)”.",
                    advice: "Link the account on the page of the users.")
            }
            linked = only.id
        }
        let password = session.input.first ?? store.initialPassword()
        let user = try await store.addUser(
            username: username, name: name ?? username, role: role, person: linked, password: password,
            by: .console)
        let isMade = session.input.isEmpty
        if office.json {
            var line = ["user": user.id.description, "username": username]
            if isMade { line["password"] = password }
            session.print(try machineJSON(line))
        } else {
            session.print("\(username) is added as \(role.title).")
            if isMade { session.print("First password, shown only now: \(password)") }
        }
    }
}

extension Role: ExpressibleByArgument {}

struct UserListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the users.")

    @OptionGroup var office: OfficeOptions

    func perform(_ session: OfficeSession) async throws {
        for account in try await session.store.accounts() {
            let line = UserLine(account)
            session.print(office.json ? try machineJSON(line) : line.text)
        }
    }
}

/// An account as a machine reads it.
private struct UserLine: Encodable {
    var username: String
    var name: String
    var role: Role
    var person: String?
    var disabled: Bool

    init(_ account: Account) {
        username = account.user.username
        name = account.user.name
        role = account.user.role
        person = account.personName
        disabled = account.isDisabled
    }

    var text: String {
        "\(username): \(name), \(role.title)\(person.map { ", is \($0)" } ?? "")\(disabled ? ", disabled" : "")"
    }
}

extension OfficeSession {
    /// The account as it is after a change, or what was done to it in words.
    fileprivate func printChanged(_ account: Account, _ words: String, json: Bool) async throws {
        guard json else { return print(words) }
        print(try machineJSON(UserLine(try await store.account(named: account.user.username))))
    }
}

struct UserDisableCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Shut an account and end its sessions.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The user name.") var username: String

    func perform(_ session: OfficeSession) async throws {
        let account = try await session.store.account(named: username)
        try await session.store.setDisabled(account.user.id, true, by: .console)
        try await session.printChanged(
            account, "\(account.user.username) is disabled and signed out everywhere.", json: office.json)
    }
}

struct UserEnableCommand: OfficeCommand {
    static let configuration = CommandConfiguration(commandName: "enable", abstract: "Open an account again.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The user name.") var username: String

    func perform(_ session: OfficeSession) async throws {
        let account = try await session.store.account(named: username)
        try await session.store.setDisabled(account.user.id, false, by: .console)
        try await session.printChanged(
            account, "\(account.user.username) may sign in again.", json: office.json)
    }
}

struct UserPasswordCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Set a password; its owner must change it at the next sign-in.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The user name.") var username: String
    @Flag(name: .customLong("password-stdin"), help: "Read the password from standard input.")
    var passwordStdin = false

    func collectInput(_ folder: DataFolder) throws -> [String] {
        [try readSecret("New password for \(username): ", fromStandardInput: passwordStdin, isNew: true)]
    }

    func perform(_ session: OfficeSession) async throws {
        let account = try await session.store.account(named: username)
        try await session.store.setPassword(of: account.user.id, to: session.input.first ?? "", by: .console)
        try await session.printChanged(
            account, "The password of \(account.user.username) is set; all sessions are ended.",
            json: office.json)
    }
}
