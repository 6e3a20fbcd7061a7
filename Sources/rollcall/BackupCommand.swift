import ArgumentParser
import Domain
import Formats
import Foundation
import Ingest
import Storage
import Web

struct BackupCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write the whole office into one file, and read it again to see that it is whole.",
        discussion: """
            A backup holds what a full snapshot holds, and the accounts, settings and keys beside it. It is for this \
            office alone: keep it where nobody else reads it, or seal it with a passphrase. The office goes on meanwhile.
            """)

    @OptionGroup var office: OfficeOptions
    @Option(help: "The file; else a new one in the folder of the backups.") var out: String?
    @Flag(name: .customLong("passphrase-stdin"), help: "Seal it with the first line of standard input.")
    var passphraseStdin = false

    @Flag(help: "Say how the backups stand; make none.") var status = false

    /// How the backups stand, for machines.
    struct Standing: Codable {
        var ok: Bool
        /// In words.
        var standing: String
        /// Milliseconds since 1970 of the last one that was read again.
        var last: Int64?
    }

    private struct Shown: Encodable {
        var file: String
        var bytes: Int64
        var events: Int64
        var files: Int64
        var calls: Int64
        var sealed: Bool
        var stateHash: String?
    }

    var callerFile: CallerFile? { out.map { .writes(absolutePath($0)) } }

    /// The path as the caller sees it, then the passphrase.
    func collectInput(_ folder: DataFolder) throws -> [String] {
        let path = out.map(absolutePath) ?? ""
        // Somebody's typing error is no failure of the backups, of which every page would tell.
        let place = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard path.isEmpty || access(place, W_OK) == 0 else { throw CallerFile.unwritable(place) }
        guard passphraseStdin else { return [path] }
        let passphrase = try readSecret("Passphrase: ", fromStandardInput: true, what: "passphrase")
        try SealingKey.requireLong(passphrase)
        return [path, passphrase]
    }

    func perform(_ session: OfficeSession) async throws {
        guard try await session.store.officeState() != nil else { throw UserError.noOffice }
        guard !status else {
            let standing = try await Self.standing(session.store)
            session.print(office.json ? try machineJSON(standing) : standing.standing)
            if !standing.ok { throw ExitCode(UserError.Code.damaged.exitCode) }
            return
        }
        let path = session.input.first.flatMap { $0.isEmpty ? nil : $0 }
        let passphrase = session.input.dropFirst().first
        let store = session.store
        let made = try await onOwnThread {
            let seal = try passphrase.map { try SealingKey.new(passphrase: $0, salt: store.ids.random()) }
            return try backUp(store, to: path, seal: seal, by: .console)
        }
        let manifest = made.summary.manifest
        let isSealed = try passphrase != nil || KeptSeal.backups.read(in: store.folder) != nil
        if office.json {
            session.print(
                try machineJSON(
                    Shown(
                        file: made.path, bytes: made.summary.bytes, events: manifest.counts.events,
                        files: manifest.counts.files, calls: manifest.counts.calls, sealed: isSealed,
                        stateHash: manifest.stateHash)))
            return
        }
        let format = OfficeFormat(zone: .gmt)
        session.print(
            "\(made.path): \(format.count(Int(clamping: manifest.counts.calls), "call", "calls")) in \(format.count(Int(clamping: manifest.counts.files), "file", "files")), \(format.bytes(made.summary.bytes)), \(isSealed ? "sealed" : "not sealed"). Written, read again, whole."
        )
    }
}

extension BackupCommand {
    static func standing(_ store: OfficeStore) async throws -> Standing {
        let state = try await store.backupState(for: .console)
        let now = store.clock.now()
        let format = OfficeFormat(zone: .gmt)
        let alarm = state.alarm(at: now)
        return Standing(
            ok: alarm == nil,
            standing: alarm?.words(at: now, format)
                ?? state.last.map {
                    "The last backup is \(format.age(of: $0.made, at: now)) old, and was whole."
                }
                ?? "No backup has been made yet.",
            last: state.last?.made.milliseconds)
    }

    /// As a running server says it; nil: it does not say.
    static func standing(ofServerAt folder: DataFolder) -> Standing? {
        var lines: [String] = []
        _ = try? ConsoleClient.send(["backup", "--status", "--json"], to: folder, out: { lines.append($0) })
        return lines.first.flatMap { try? JSONDecoder().decode(Standing.self, from: Data($0.utf8)) }
    }
}

/// `verify FILE`.
enum VerifyFile {
    private struct Shown: Encodable {
        var ok = true
        var file: String
        var kind: String
        var office: String
        var officeName: String
        var incarnation: Int
        var made: Int64
        var program: String
        var events: Int64
        var localEvents: Int64
        var files: Int64
        var calls: Int64
        var bytes: Int64
        var sealed: Bool
        var stateHash: String?
        var digest: String
    }

    /// Goes through a snapshot or backup, and says what is in it.
    static func run(_ path: String, passphraseStdin: Bool, json: Bool) throws {
        let (it, _) = try openSnapshot(path, passphraseStdin: passphraseStdin)
        let manifest = it.manifest
        guard !json else {
            writeOutput(
                try machineJSON(
                    Shown(
                        file: path, kind: manifest.kind.rawValue, office: manifest.office.description,
                        officeName: manifest.officeName, incarnation: manifest.incarnation,
                        made: manifest.made.milliseconds, program: manifest.program,
                        events: manifest.counts.events, localEvents: manifest.counts.localEvents,
                        files: manifest.counts.files, calls: manifest.counts.calls, bytes: it.size,
                        sealed: it.isSealed, stateHash: manifest.stateHash, digest: it.digest)) + "\n")
            return
        }
        writeOutput(
            "ok     \(manifest.kind.words) of “\(manifest.officeName)”, \(utc(manifest.made)), by Rollcall \(manifest.program)\n"
        )
        writeOutput("ok     \(counts(manifest)), \(OfficeFormat(zone: .gmt).bytes(it.size))\n")
        writeOutput(
            "ok     every byte is the one that was signed; signed with the key \(checkWords(ofKey: manifest.key).joined(separator: " "))\n"
        )
        if let hash = manifest.stateHash { writeOutput("State hash \(hash)\n") }
    }

    static func counts(_ manifest: SnapshotManifest) -> String {
        let format = OfficeFormat(zone: .gmt)
        return [
            format.count(Int(clamping: manifest.counts.calls), "call", "calls"),
            format.count(Int(clamping: manifest.counts.files), "file", "files"),
            format.count(Int(clamping: manifest.counts.events), "entry", "entries"),
        ].joined(separator: ", ")
    }
}

func utc(_ moment: Instant) -> String { "\(moment.local(in: .gmt).iso) UTC" }

/// Opens a snapshot or backup and reads all of it; a sealed one with the box's own key or with a passphrase.
func openSnapshot(
    _ path: String, passphraseStdin: Bool, key: SealingKey? = nil
) throws -> (verified: VerifiedSnapshot, reader: SnapshotReader) {
    if passphraseStdin {
        let passphrase = try readSecret("Passphrase: ", fromStandardInput: true, what: "passphrase")
        return try ofFile { try verifySnapshot(path, opener: .passphrase(passphrase)) }
    }
    if let key, let opened = try? SnapshotReader(path: path, opener: .key(key)), opened.isSealed {
        return try ofFile { try verifySnapshot(path, opener: .key(key)) }
    }
    do { return try ofFile { try verifySnapshot(path) } } catch let error as UserError
        where error == .snapshotSealed
    {
        guard isatty(STDIN_FILENO) == 1 else {
            throw UserError(
                error.code, error.message,
                advice: "Give the passphrase on standard input, with --passphrase-stdin.")
        }
        let passphrase = try readSecret("Passphrase: ", fromStandardInput: false, what: "passphrase")
        return try ofFile { try verifySnapshot(path, opener: .passphrase(passphrase)) }
    }
}
