import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage
import Web

struct DeleteApproveCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve a delete request under an admin's account: its calls leave every figure at once.",
        discussion:
            "The console is nobody's second person, so --user is needed: an admin who did not ask for it. "
            + "An office's only admin waits, and types the file's name with --typed-name.")

    @OptionGroup var office: OfficeOptions
    @OptionGroup var account: AccountOptions
    @Argument(help: "The request's identity.") var request: String
    @Option(help: "What the others should know.") var comment = ""
    @Option(help: "The file's name, where the office's only admin asked for it.") var typedName: String?

    func validate() throws {
        guard account.username != nil else {
            throw ValidationError(
                "An approval is an admin's: --user NAME. The console is nobody's second person.")
        }
    }

    func collectInput(_ folder: DataFolder) throws -> [String] { try account.collectInput() }

    func perform(_ session: OfficeSession) async throws {
        try await session.decide(
            request, .approve, comment: comment, typedName: typedName, as: account, json: office.json)
    }
}

struct DeleteRestoreCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring a deletion back out of the trash, into every figure.")

    @OptionGroup var office: OfficeOptions
    @OptionGroup var account: AccountOptions
    @Argument(help: "The request's identity.") var request: String
    @Option(help: "Why; everybody who sees the request reads it.") var comment: String

    func collectInput(_ folder: DataFolder) throws -> [String] { try account.collectInput() }

    func perform(_ session: OfficeSession) async throws {
        try await session.decide(request, .restore, comment: comment, as: account, json: office.json)
    }
}

struct DeleteDecideCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide", abstract: "Reject, withdraw or comment on a delete request.")

    @OptionGroup var office: OfficeOptions
    @OptionGroup var account: AccountOptions
    @Argument(help: "The request's identity.") var request: String
    @Argument(help: "reject, withdraw or comment.") var action: String
    @Option(help: "Why; everybody who sees the request reads it.") var comment = ""

    func collectInput(_ folder: DataFolder) throws -> [String] { try account.collectInput() }

    func perform(_ session: OfficeSession) async throws {
        guard let action = DeleteAction(rawValue: action),
            [.reject, .withdraw, .comment].contains(action)
        else {
            throw UserError(
                .invalid, "“\(action)” is no step of “decide”.",
                advice:
                    "There is: reject, withdraw, comment. “approve”, “restore” and “purge” are commands of their own."
            )
        }
        try await session.decide(request, action, comment: comment, as: account, json: office.json)
    }
}

struct DeletePurgeCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Erase a deletion for good before its time, or with --due all whose time is over.")

    @OptionGroup var office: OfficeOptions
    @OptionGroup var account: AccountOptions
    @Argument(help: "The request's identity.") var request: String?
    @Flag(help: "All whose time in the trash is over; the running server does that every hour.") var due =
        false
    @Option(help: "Why before its time.") var comment = ""

    func validate() throws {
        guard (request == nil) == due else {
            throw ValidationError("Give the identity of a request, or --due.")
        }
        guard !due || account.username == nil else {
            throw ValidationError("What is due is purged by the program: leave --user out.")
        }
    }

    func collectInput(_ folder: DataFolder) throws -> [String] { try account.collectInput() }

    private struct Due: Encodable {
        var due: Int
        var purged: Int
        var failures: [UserError]
    }

    func perform(_ session: OfficeSession) async throws {
        if let request {
            let id = try await session.deleteRequest(request).request.id
            let (viewer, actor) = try await account.party(session)
            try session.requireAdmin(viewer, account)
            try await onOwnThread { [store = session.store, comment] in
                try purgeDeletion(id, in: store, comment: comment, for: viewer, by: actor)
            }
            return try await session.printRequest(id, json: office.json)
        }
        let (due, failures) = try await onOwnThread { [store = session.store] in
            (try store.purgesDue().count, try purgeWhatIsDue(in: store))
        }
        let purged = max(0, due - failures.count)
        if office.json {
            session.print(try machineJSON(Due(due: due, purged: purged, failures: failures)))
        } else {
            session.print("\(purged) of \(due) that were due are purged.")
            for failure in failures { session.complain("\(failure.message)\n\(failure.advice)") }
        }
        if let worst = failures.map(\.code.exitCode).max() { throw ExitCode(worst) }
    }
}

extension OfficeSession {
    fileprivate func decide(
        _ text: String, _ action: DeleteAction, comment: String, typedName: String? = nil,
        as account: AccountOptions, json: Bool
    ) async throws {
        let id = try await deleteRequest(text).request.id
        let (viewer, actor) = try await account.party(self)
        if action == .approve || action == .restore { try requireAdmin(viewer, account) }
        let work = watchedWork()
        try await onOwnThread { [store] in
            try store.decideDeleteRequest(
                id, action, comment: comment, typedName: typedName, for: viewer, by: actor, work: work)
        }
        try await printRequest(id, json: json)
    }

    /// Who may open the folder may be told what the account is; the verb checks it again.
    fileprivate func requireAdmin(_ viewer: Viewer, _ account: AccountOptions) throws {
        guard viewer.may(.decideDeletions) else {
            throw UserError(
                .notAllowed,
                "\(account.username ?? viewer.name) is \(viewer.role.title), and may not decide about deletions.",
                advice: "Give the account of an admin with --user.")
        }
    }

    fileprivate func printRequest(_ id: ID<DeleteRequest>, json: Bool) async throws {
        let row = try await store.deleteRequest(id, for: .console)
        let format = try await format()
        guard !json else { return print(try machineJSON(DeleteRequestJSON(row, format))) }
        for line in deleteRequestText(row, now: store.clock.now(), format).prefix(2) { print(line) }
    }
}
