import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage

struct VerifyCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Recompute every hash and every figure, and name what is wrong.",
        discussion: """
            With FILE: goes through a snapshot or a backup instead, every byte of it, and says what is in it. That \
            needs no office, and changes nothing.
            """)

    @Argument(help: "A snapshot or a backup.") var file: String?
    @OptionGroup var office: OfficeOptions
    @Flag(
        name: .customLong("passphrase-stdin"), help: "FILE's passphrase is the first line of standard input.")
    var passphraseStdin = false

    func run() async throws {
        guard let file else { return try await runOffice() }
        try VerifyFile.run(file, passphraseStdin: passphraseStdin, json: office.json)
    }

    private struct Report: Encodable {
        var ok: Bool
        var stateHash: String
        var checks: [CheckResult]
    }

    func perform(_ session: OfficeSession) async throws {
        guard try await session.store.officeState() != nil else { throw UserError.noOffice }
        let checks = try await session.store.verifyAll()
        let hash = try await session.store.stateHash()
        let report = Report(ok: checks.allSatisfy(\.ok), stateHash: hash.hex, checks: checks)
        if office.json {
            session.print(try machineJSON(report))
        } else {
            for check in checks {
                session.print("\(check.ok ? "ok    " : "WRONG ") \(check.name): \(check.detail)")
            }
            session.print("State hash \(hash.hex)")
        }
        if !report.ok { throw ExitCode(UserError.Code.damaged.exitCode) }
    }
}

struct RebuildCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Make every table again from the journal and the archives.")

    @OptionGroup var office: OfficeOptions

    func perform(_ session: OfficeSession) async throws {
        guard try await session.store.officeState() != nil else { throw UserError.noOffice }
        let before = try await session.store.stateHash()
        try await onOwnThread { [store = session.store] in try store.rebuildFromArchives() }
        let after = try await session.store.stateHash()
        let same = before == after
        session.print(
            office.json
                ? try machineJSON(["before": before.hex, "after": after.hex])
                : "Rebuilt \(after.calls) calls. State hash \(after.hex), \(same ? "as before" : "before it was \(before.hex)")."
        )
    }
}

struct PermissionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "permissions", abstract: "Print who may do what.")

    @Flag(name: .long, help: "Print JSON for machines.") var json = false

    func run() throws {
        if json {
            var table: [String: [String: String]] = [:]
            for permission in Permission.allCases {
                table[permission.rawValue] = Dictionary(
                    uniqueKeysWithValues: Role.allCases.map {
                        ($0.rawValue, permission.reach(of: $0).rawValue)
                    })
            }
            writeOutput(try machineJSON(table) + "\n")
            return
        }
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        writeOutput(padded("", 38) + Role.allCases.map { padded($0.title, 14) }.joined() + "\n")
        for permission in Permission.allCases {
            let cells = Role.allCases.map { padded(permission.reach(of: $0).title, 14) }.joined()
            writeOutput(padded(permission.title, 38) + cells + "\n")
        }
    }
}

extension UserError {
    static let noOffice = UserError(
        .conflict, "This data folder has no office yet.",
        advice: "Run “rollcall setup”, or open the address that “rollcall serve” prints.")
}
