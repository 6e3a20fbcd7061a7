import ArgumentParser
import Domain
import Formats
import Foundation
import Ingest
import Storage

/// Between offices: one file, by hand, by stick or by mail.
struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Exchange with other offices: export, inspect, import, pair.",
        subcommands: [
            SnapshotExportCommand.self, SnapshotInspectCommand.self, SnapshotImportCommand.self,
            SnapshotPairCommand.self, SnapshotCardCommand.self, SnapshotOfficesCommand.self,
            SnapshotForksCommand.self, SnapshotUndoCommand.self, SnapshotSyncCommand.self,
        ])
}

/// How a snapshot that is sealed with a passphrase is opened, or is to be sealed.
struct PassphraseOptions: ParsableArguments {
    @Flag(name: .long, help: "Ask for a passphrase.") var passphrase = false
    @Flag(
        name: .customLong("passphrase-stdin"),
        help: "Read the passphrase from the first line of standard input.")
    var passphraseStdin = false

    var isGiven: Bool { passphrase || passphraseStdin }

    /// Empty: none.
    ///
    /// - Parameter isNew: it is to seal, not to open.
    func read(isNew: Bool = false) throws -> String {
        guard isGiven else { return "" }
        let passphrase = try readSecret(
            "Passphrase: ", fromStandardInput: passphraseStdin, isNew: isNew, what: "passphrase")
        if isNew { try SealingKey.requireLong(passphrase) }
        return passphrase
    }
}

extension SealOpener {
    init(_ passphrase: String?) {
        if let passphrase, !passphrase.isEmpty { self = .passphrase(passphrase) } else { self = .none }
    }
}

/// The caller's file, since a server that performs the command stands elsewhere.
func absolutePath(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

/// Reads a snapshot: one that makes no sense is not the caller's mistake, and has another exit status.
func ofFile<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as UserError where error.code == .invalid {
        throw UserError(.unknownFormat, error.message, advice: error.advice)
    }
}

/// Asks on the terminal; nobody there is a no.
func isConfirmed(_ question: String) throws -> Bool {
    guard isatty(STDIN_FILENO) == 1 else {
        throw UserError(
            .invalid, "There is no terminal to ask whether to go on; nothing was changed.",
            advice: "Add --yes when you are sure.")
    }
    writeError("\(question) [y/N] ")
    return ["y", "yes"].contains((readLine() ?? "").lowercased())
}

struct SnapshotExportCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a snapshot for another office.",
        discussion: """
            All of it, or with --for what that office lacks, as far as its last snapshot told. Passwords, accounts and \
            settings of this box are in no snapshot.
            """)

    @OptionGroup var office: OfficeOptions
    @Option(help: "The file to write.") var out: String
    @Option(name: .customLong("for"), help: "Name or id of the office that will read it.") var reader: String?
    @Flag(help: "All of it, whatever that office holds.") var full = false
    @OptionGroup var seal: PassphraseOptions

    private struct Shown: Encodable {
        var file: String
        var manifest: SnapshotManifest
        var bytes: Int64
        var words: [String]
    }

    var callerFile: CallerFile? { .writes(absolutePath(out)) }

    func collectInput(_ folder: DataFolder) throws -> [String] {
        [absolutePath(out), try seal.read(isNew: true)]
    }

    func perform(_ session: OfficeSession) async throws {
        guard let path = session.input.first else { throw UserError.notHere }
        let passphrase = session.input.last ?? ""
        let peers = try await session.store.peers(for: .console)
        var order = SnapshotOrder()
        if let reader {
            let peer = try peer(reader, in: peers)
            order.to = peer.office
            if !full { order.since = peer.state.heads }
        }
        let summary = try await onOwnThread { [store = session.store, order] in
            var order = order
            if !passphrase.isEmpty {
                order.seal = try SealingKey.new(passphrase: passphrase, salt: store.ids.random())
            }
            return try exportSnapshot(order, to: path, from: store, by: .console)
        }
        let words = checkWords(ofHex: summary.digest)
        if office.json {
            return session.print(
                try machineJSON(
                    Shown(file: path, manifest: summary.manifest, bytes: summary.bytes, words: words)))
        }
        session.print("\(path): \(summaryWords(summary.manifest)), \(summary.bytes) bytes.")
        session.print("Check words: \(words.joined(separator: " "))")
    }
}

private func summaryWords(_ manifest: SnapshotManifest) -> String {
    let kind =
        switch manifest.kind {
        case .full: "a full snapshot"
        case .delta: "what that office lacks"
        case .backup: "a backup"
        case .card: "the card"
        }
    return
        "\(kind) of “\(manifest.officeName)”, \(manifest.counts.events) entries, \(manifest.counts.files) files"
}

/// - Throws: `UserError` where none, or several, are called so.
func peer(_ text: String, in peers: [Peer]) throws -> Peer {
    let found = peers.filter {
        $0.office.description == text || $0.name.caseInsensitiveCompare(text) == .orderedSame
    }
    guard found.count == 1, let peer = found.first else {
        throw UserError(
            .notFound,
            found.isEmpty ? "No office “\(text)” is known." : "Several offices are called “\(text)”.",
            advice: "See “rollcall snapshot offices”, and give the id.")
    }
    return peer
}

struct SnapshotInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Say what a snapshot or backup holds, and whether it is whole.")

    @Argument(help: "The file.") var file: String
    @Flag(name: .long, help: "Print the manifest as JSON.") var json = false
    @Flag(help: "Only read its beginning.") var quick = false
    @OptionGroup var seal: PassphraseOptions

    func run() async throws {
        let (path, passphrase) = (absolutePath(file), try seal.read())
        let (manifest, digest) = try await onOwnThread { [quick] in
            try ofFile {
                let reader = try SnapshotReader(path: path, opener: SealOpener(passphrase))
                if !quick { try reader.verify() }
                return (reader.manifest, reader.digest)
            }
        }
        if json { return writeOutput(try machineJSON(manifest) + "\n") }
        writeOutput("\(file): \(summaryWords(manifest)).\n")
        writeOutput("Made \(manifest.made.date.ISO8601Format()) by Rollcall \(manifest.program).\n")
        writeOutput("Words of the office's key: \(checkWords(ofKey: manifest.key).joined(separator: " "))\n")
        writeOutput("Check words: \(checkWords(ofHex: digest).joined(separator: " "))\n")
        if !quick { writeOutput("Every byte is as it was signed.\n") }
    }
}

struct SnapshotImportCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take another office's snapshot in.",
        discussion:
            "Shows what it will do and asks. Exit status 65: it was refused, or nothing of what is new can be taken; 77: its office is not paired. Nothing was changed then."
    )

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The file.") var file: String
    @Flag(help: "Show what would happen and change nothing.") var dryRun = false
    @Flag(help: "Do not ask.") var yes = false
    @Flag(name: .customLong("despite-clock"), help: "Also where the other office's clock is far ahead.")
    var despiteClock = false
    @OptionGroup var seal: PassphraseOptions

    var callerFile: CallerFile? { .reads(absolutePath(file)) }

    func collectInput(_ folder: DataFolder) throws -> [String] { [absolutePath(file), try seal.read()] }

    func run() async throws {
        guard !yes, !dryRun else { return try await runOffice() }
        let input = try collectInput(office.folder)
        var rehearsal = self
        rehearsal.dryRun = true
        try await rehearsal.runOffice(adding: ["--dry-run"], input: input)
        guard try isConfirmed("Take it in?") else {
            writeError("Nothing was changed.\n")
            throw ExitCode(75)
        }
        try await runOffice(adding: ["--yes"], input: input)
    }

    func perform(_ session: OfficeSession) async throws {
        guard let path = session.input.first else { throw UserError.notHere }
        let opener = SealOpener(session.input.dropFirst().first)
        let name = URL(fileURLWithPath: path).lastPathComponent
        let (complain, isQuiet) = (session.complain, office.json)
        do {
            let outcome = try await onOwnThread { [store = session.store, dryRun, despiteClock] in
                try store.exchanging.takingIn {
                    let received = try ReceivedSnapshot(path: path, fileName: name, opener: opener, in: store)
                    let progress: (Int, Int) -> Void = { done, all in
                        if !isQuiet { complain("\(done) of \(all) files") }
                    }
                    guard !dryRun else { return try received.rehearse(progress: progress) }
                    try received.requireSaneClock(despite: despiteClock)
                    return try received.merge(by: .console, progress: progress)
                }
            }
            if office.json {
                session.print(try machineJSON(MergeLine(outcome)))
            } else {
                for line in outcome.lines(isDone: !dryRun) { session.print(line) }
            }
            if outcome.isRefused { throw ExitCode(UserError.Code.conflict.exitCode) }
        } catch let error as UserError {
            // Of a dry run too: before it asks, the command makes one.
            try await onOwnThread { [store = session.store] in
                try store.recordRefusal(ofSnapshot: name, error, by: .console)
            }
            try ofFile { throw error }
        }
    }
}

struct SnapshotPairCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair", abstract: "Trust another office, by its card or any of its snapshots.",
        discussion:
            "Shows six words; the other office must have the same ones (its “rollcall snapshot card”).")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The other office's card or snapshot.") var file: String
    @Flag(help: "The words were compared already; do not ask.") var yes = false
    @Flag(help: "Also where the office had other words before: its box was replaced.") var replace = false
    @OptionGroup var seal: PassphraseOptions

    func run() async throws {
        let (path, passphrase) = (absolutePath(file), try seal.read())
        let manifest = try ofFile { try SnapshotReader(path: path, opener: SealOpener(passphrase)).manifest }
        if !yes {
            writeError("“\(manifest.officeName)” has the words:\n")
            writeError("  \(checkWords(ofKey: manifest.key).joined(separator: " "))\n")
            guard try isConfirmed("Does that office have the same words?") else {
                writeError("Nothing was changed.\n")
                throw ExitCode(75)
            }
        }
        try await runOffice(
            input: [manifest.office.description, manifest.officeName, manifest.key])
    }

    func perform(_ session: OfficeSession) async throws {
        guard session.input.count == 3, let other = ID<Office>(session.input[0]) else {
            throw UserError.notHere
        }
        let known = try await session.store.peers(for: .console).first { $0.office == other }
        if let known, let key = known.key, key != session.input[2], !replace {
            throw UserError(
                .conflict,
                "“\(known.name)” had other words before: \(checkWords(ofKey: key).joined(separator: " ")). Nothing was changed.",
                advice:
                    "Only if its box was replaced, and both have compared the new words: repeat it with --replace. Its token and address are forgotten then."
            )
        }
        try await session.store.pair(
            other, name: session.input[1], key: session.input[2], for: .console, by: .console)
        session.print(
            office.json
                ? try machineJSON(["office": session.input[0], "name": session.input[1]])
                : "Paired with “\(session.input[1])”.")
    }
}

struct SnapshotCardCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "card", abstract: "Write this office's card, for another office to pair with.")

    @OptionGroup var office: OfficeOptions
    @Option(help: "The file to write; else only the words are shown.") var out: String?

    var callerFile: CallerFile? { out.map { .writes(absolutePath($0)) } }

    func collectInput(_ folder: DataFolder) throws -> [String] { out.map { [absolutePath($0)] } ?? [] }

    func perform(_ session: OfficeSession) async throws {
        let words = try await onOwnThread { [store = session.store, path = session.input.first] in
            if let path { try exportCard(to: path, from: store) }
            return try OfficeKey(of: store).words
        }
        session.print(
            office.json
                ? try machineJSON(["words": words]) : "Words of this office: \(words.joined(separator: " "))")
    }
}

struct SnapshotOfficesCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "offices", abstract: "List the other offices, and what they last sent.")

    @OptionGroup var office: OfficeOptions

    private struct Shown: Encodable {
        var office: String
        var name: String
        var trust: String
        var heard: Instant?
        var made: Instant?
        var entries: Int64
        var heldUntil: Instant?
        var gaps: Int64
        var clockSkew: Int64?
        var release: String
        var openConflicts: Int
        var isForked: Bool

        init(_ peer: Peer, conflicts: Int) {
            office = peer.office.description
            name = peer.name
            trust = peer.trust.rawValue
            heard = peer.state.heard
            made = peer.state.made
            entries = peer.heads.reduce(0) { $0 + $1.seq }
            heldUntil = peer.heldUntil
            gaps = peer.gaps
            clockSkew = peer.state.clockSkew
            release = peer.state.program
            openConflicts = conflicts
            isForked = peer.isForked
        }
    }

    func perform(_ session: OfficeSession) async throws {
        let conflicts = try await session.store.openConflictsByOffice(for: .console)
        let peers = try await session.store.peers(for: .console).map {
            Shown($0, conflicts: conflicts[$0.office] ?? 0)
        }
        if office.json { return session.print(try machineJSON(peers)) }
        if peers.isEmpty {
            session.print("No other office is known. Pair with one: rollcall snapshot pair FILE")
        }
        for peer in peers {
            var words = [
                peer.trust, peer.heard.map { "last heard \($0.date.ISO8601Format())" } ?? "never heard",
                "\(peer.entries) entries here"
                    + (peer.heldUntil.map { " up to \($0.date.ISO8601Format())" } ?? ""),
            ]
            if peer.gaps > 0 { words.append("\(peer.gaps) missing") }
            if let skew = peer.clockSkew, skew.magnitude > 60 {
                words.append("its clock \(skew.magnitude) seconds \(skew > 0 ? "ahead" : "behind")")
            }
            if !peer.release.isEmpty { words.append("Rollcall \(peer.release)") }
            if peer.openConflicts > 0 { words.append("\(peer.openConflicts) open conflicts") }
            if peer.isForked {
                words.append("FORKED: two boxes wrote one chain, see “rollcall snapshot forks”")
            }
            session.print("\(peer.name): " + words.joined(separator: ", "))
        }
    }
}

struct SnapshotUndoCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Take the last snapshot that came in back, while nothing followed.")

    @OptionGroup var office: OfficeOptions
    @Option(help: "Why.") var reason: String

    func perform(_ session: OfficeSession) async throws {
        guard let last = try await session.store.merges(for: .console, limit: 1).first else {
            throw UserError(
                .notFound, "No snapshot was ever taken in here.", advice: "There is nothing to take back.")
        }
        try await onOwnThread { [store = session.store, reason] in
            try store.undoMerge(EventName(last.event), reason: reason, for: .console, by: .console)
        }
        session.print(
            office.json
                ? try machineJSON(["undone": EventName(last.event).description, "name": last.merged.name])
                : "The snapshot of “\(last.merged.name)” was taken back.")
    }
}
