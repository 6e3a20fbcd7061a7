import ArgumentParser
import Domain
import Storage
import Web

struct ConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: "Show what offices did without knowing of each other, and decide it.",
        subcommands: [ConflictsListCommand.self, ConflictsShowCommand.self, ConflictsDecideCommand.self])
}

extension OfficeSession {
    fileprivate func conflict(_ id: String) async throws -> OpenConflict {
        do { return try await store.conflict(id, for: .console) } catch let error as UserError
            where error.code == .notFound
        {
            throw UserError(.notFound, "No conflict is “\(id)”.", advice: "See “rollcall conflicts list”.")
        }
    }

    /// - Parameter isShort: its first line alone.
    fileprivate func print(_ conflict: OpenConflict, json: Bool, isShort: Bool = false) async throws {
        let names = try await store.activityNames()
        let format = try await format()
        if json { return print(try machineJSON(ConflictJSON(conflict, names: names, format))) }
        for line in conflictText(conflict, names: names, format).prefix(isShort ? 1 : .max) { print(line) }
    }
}

struct ConflictsListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List conflicts, open ones first.")

    @OptionGroup var office: OfficeOptions
    @Flag(help: "Only those that nobody decided.") var open = false

    func perform(_ session: OfficeSession) async throws {
        for conflict in try await session.store.conflicts(
            for: .console, open: open ? true : nil, limit: 1000)
        {
            try await session.print(conflict, json: office.json, isShort: true)
        }
    }
}

struct ConflictsShowCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one conflict with both sides.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The conflict's identity.") var conflict: String

    func perform(_ session: OfficeSession) async throws {
        try await session.print(try await session.conflict(conflict), json: office.json)
    }
}

struct ConflictsDecideCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide", abstract: "Keep what stands, do the other after all, or reopen it.",
        discussion: "A decision can be taken back with “reopen”, and decided anew.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The conflict's identity.") var conflict: String
    @Argument(help: "keep, other or reopen.") var choice: String
    @Option(help: "Why; the other office reads it.") var comment = ""

    func perform(_ session: OfficeSession) async throws {
        guard let choice = ConflictChoice(rawValue: choice) else {
            throw UserError(
                .invalid, "“\(choice)” is no choice.", advice: "There is: keep, other, reopen.")
        }
        let id = try await session.conflict(conflict).conflict.id
        try await session.store.decideConflict(id, choice, comment: comment, for: .console, by: .console)
        try await session.print(try await session.conflict(id), json: office.json)
    }
}
