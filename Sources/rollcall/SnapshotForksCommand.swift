import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage
import Web

struct SnapshotForksCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "forks",
        abstract: "Show what two boxes wrote as one office, and decide which counts here.",
        discussion: """
            Lists both versions, to be read or printed. With --go-on this office goes on with the entries that it \
            holds: what continues them is taken in again, and the other box's entries stay out.
            """)

    @OptionGroup var office: OfficeOptions
    @Option(name: .customLong("go-on"), help: "Name or id of the office whose entries held here count.")
    var goOn: String?
    @Flag(help: "Do not ask.") var yes = false

    private struct Shown: Encodable {
        var office: String
        var incarnation: Int
        var name: String
        var seq: Int64
        var since: Instant
        var found: Instant
        var isSettled: Bool
        var here: Int
        var other: Int
    }

    func run() async throws {
        if let goOn, !yes {
            guard
                try isConfirmed(
                    "Go on with what is held here of “\(goOn)”? What the other box wrote stays out.")
            else {
                writeError("Nothing was changed.\n")
                throw ExitCode(75)
            }
        }
        try await runOffice()
    }

    func perform(_ session: OfficeSession) async throws {
        let store = session.store
        if let goOn {
            let open = try await store.forks(for: .console).filter {
                !$0.isSettled
                    && ($0.chain.office.description == goOn
                        || $0.name.caseInsensitiveCompare(goOn) == .orderedSame)
            }
            guard !open.isEmpty else {
                throw UserError(
                    .notFound, "No two boxes are known that write as “\(goOn)”.",
                    advice: "See “rollcall snapshot forks”.")
            }
            for fork in open {
                try await store.decideFork(fork.chain, isSettled: true, for: .console, by: .console)
            }
        }
        let forks = try await store.forks(for: .console)
        if office.json {
            return session.print(
                try machineJSON(
                    forks.map {
                        Shown(
                            office: $0.chain.office.description, incarnation: $0.chain.incarnation,
                            name: $0.name, seq: $0.seq, since: $0.since, found: $0.found,
                            isSettled: $0.isSettled, here: $0.hereCount, other: $0.otherCount)
                    }))
        }
        if forks.isEmpty { session.print("Each office's entries were written by one box.") }
        let names = try await store.activityNames()
        let format = OfficeFormat(zone: try await store.officeState()?.timeZone ?? .gmt)
        for fork in forks { for line in forkText(fork, names: names, format) { session.print(line) } }
    }
}
