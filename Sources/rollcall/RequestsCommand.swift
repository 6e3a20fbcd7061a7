import ArgumentParser
import Domain
import Foundation
import Storage
import Web

struct RequestsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests", abstract: "Show transfer requests, and decide them as an admin.",
        subcommands: [RequestsListCommand.self, RequestsShowCommand.self, RequestsDecideCommand.self])
}

extension OfficeSession {
    fileprivate func request(_ text: String) async throws -> (row: RequestRow, names: [ID<Person>: String]) {
        do {
            guard let id = ID<TransferRequest>(text) else { throw UserError.notHere }
            let list = try await store.request(id, for: .console)
            guard let row = list.rows.first else { throw UserError.notHere }
            return (row, list.names)
        } catch let error as UserError where error.code == .notFound {
            throw UserError(
                .notFound, "No request is “\(text)”.", advice: "See “rollcall requests list”.")
        }
    }
}

struct RequestsListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the office's transfer requests, those without a decider first.")

    @OptionGroup var office: OfficeOptions
    @Flag(help: "Only those that somebody can still decide.") var open = false

    func perform(_ session: OfficeSession) async throws {
        let list = try await session.store.requests(undecided: open, for: .console)
        let format = try await session.format()
        for row in list.rows {
            if office.json {
                session.print(try machineJSON(TransferRequestJSON(row, names: list.names, format)))
            } else {
                for line in transferRequestText(row, names: list.names, format).prefix(1) {
                    session.print(line)
                }
            }
        }
    }
}

struct RequestsShowCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one request with all its steps.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The request's identity.") var request: String

    func perform(_ session: OfficeSession) async throws {
        let (row, names) = try await session.request(request)
        let format = try await session.format()
        if office.json {
            return session.print(try machineJSON(TransferRequestJSON(row, names: names, format)))
        }
        for line in transferRequestText(row, names: names, format) { session.print(line) }
    }
}

struct RequestsDecideCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide", abstract: "Override, reject, revoke or comment as an admin.",
        discussion:
            "The console stands for no person: it cannot open, accept, approve or withdraw a request. "
            + "“override” approves in place of everybody whose word is missing.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The request's identity.") var request: String
    @Argument(help: "override, reject, revoke or comment.") var action: String
    @Option(help: "Why; everybody with a part in the request reads it.") var comment: String

    func perform(_ session: OfficeSession) async throws {
        guard let action = RequestAction(rawValue: action) else {
            throw UserError(
                .invalid, "“\(action)” is no step.", advice: "There is: override, reject, revoke, comment.")
        }
        switch action {
        case .override, .reject, .revoke, .comment: break
        case .accept, .approve, .withdraw:
            throw UserError(
                .invalid,
                "The console stands for no person, so it cannot \(action.rawValue) a request.",
                advice: "Whoever it waits for does that on its page; an admin can override, reject or revoke."
            )
        }
        let id = try await session.request(request).row.request.id
        try await session.store.decideRequest(id, action, comment: comment, for: .console, by: .console)
        let (row, names) = try await session.request(request)
        let format = try await session.format()
        session.print(
            office.json
                ? try machineJSON(TransferRequestJSON(row, names: names, format))
                : transferRequestText(row, names: names, format).prefix(2).joined(separator: "\n"))
    }
}
