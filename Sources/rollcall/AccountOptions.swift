import ArgumentParser
import Domain
import Foundation
import Storage
import Synchronization

/// As whom a command acts: an account, proven by its password, or the box's console.
struct AccountOptions: ParsableArguments {
    @Option(name: .customLong("user"), help: "The account that acts; its password is asked for.")
    var username: String?
    @Flag(name: .customLong("password-stdin"), help: "Read the account's password from standard input.")
    var passwordStdin = false

    func validate() throws {
        guard username != nil || !passwordStdin else {
            throw ValidationError("Say whose password it is: --user NAME.")
        }
    }

    /// The password, which only the calling process can ask for.
    func collectInput() throws -> [String] {
        guard let username else { return [] }
        return [try readSecret("Password of \(username): ", fromStandardInput: passwordStdin)]
    }

    /// - Throws: `UserError` `notSignedIn` for a wrong password, `tooMany` after several.
    func party(_ session: OfficeSession) async throws -> (viewer: Viewer, actor: Actor) {
        guard let username else { return (.console, .console) }
        let viewer = try await session.store.confirmAccount(
            username: username, password: session.input.first ?? "")
        return (viewer, Actor(user: viewer.user, name: viewer.name, via: "cli"))
    }
}

extension OfficeSession {
    /// Work that tells the caller how far it is, once a second at most.
    func watchedWork() -> LongWork {
        let last = Mutex(ContinuousClock.now)
        return LongWork(progress: { [complain] done, total in
            let isDue = last.withLock { last in
                guard ContinuousClock.now - last >= .seconds(1) else { return false }
                last = .now
                return true
            }
            if isDue { complain("\(done) of \(total) rows") }
        })
    }

    func deleteRequest(_ text: String) async throws -> DeleteRequestRow {
        do {
            guard let id = ID<DeleteRequest>(text) else { throw UserError.notHere }
            return try await store.deleteRequest(id, for: .console)
        } catch let error as UserError where error.code == .notFound {
            throw UserError(
                .notFound, "No delete request is “\(text)”.",
                advice: "See “rollcall files delete-requests”.")
        }
    }
}
