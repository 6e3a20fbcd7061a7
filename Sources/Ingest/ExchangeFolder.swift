import Crypto
import Domain
import Formats
import Foundation
import Glibc
import Storage

/// The shared folder: each office writes its own files there and reads those of the others; nobody changes another's.
///
/// An office's file is a full snapshot, `<name>-<id>.rollcall`, which is written anew now and then. Beside it lies what
/// came since, `<name>-<id>-delta.rollcall`, written anew with each change. Two files that are whole in themselves need
/// no word about what others have read, nor an order in which they arrive, and the folder stays small: a delta beyond a
/// quarter of the full one makes way for a new full one.
public struct ExchangeFolder: Sendable {
    public struct Outcome: Sendable {
        public var bytesIn: Int64 = 0
        public var bytesOut: Int64 = 0
        public var taken = 0
        public var entries = 0
        public var sent = 0
        /// One sentence each, for a terminal.
        public var lines: [String] = []
    }

    public static let ending = ".rollcall"
    static let deltaEnding = "-delta.rollcall"
    static let partEnding = ".part"

    let store: OfficeStore
    let path: String
    let actor: Actor
    /// Whether files are remembered until the next run; false for a folder that is met once.
    let remembers: Bool
    /// A delta up to this size never makes way.
    var smallDelta: Int64 = 16_000_000

    public init(_ path: String, of store: OfficeStore, by actor: Actor, remembers: Bool = true) {
        self.store = store
        self.path = path
        self.actor = actor
        self.remembers = remembers
    }

    /// Takes in what is new, then writes what is new here. Blocks its thread.
    ///
    /// - Throws: `UserError` where the folder is not there, or cannot be read or written; a file that cannot be taken in
    ///   is no error of the run: see `OfficeStore.exchangeFiles`.
    public func run(isCancelled: () -> Bool = { false }) throws -> Outcome {
        var outcome = Outcome()
        do {
            try requireFolder()
            removeOldParts()
            try takeIn(&outcome, isCancelled)
            try writeOwn(&outcome, isCancelled)
        } catch let failure as FileFailure {
            throw failure.isDiskFull
                ? UserError(
                    .diskFull, "There is no room left in the shared folder, or on this box's disk.",
                    advice: "Make room. What is there already is kept.")
                : UserError(
                    .unreadable, "The shared folder cannot be used: \(failure.words).",
                    advice: "Check that it is connected, and that this user may write there.")
        }
        return outcome
    }

    /// What a quick look at the folder shows of others' files: it differs once something is worth a run.
    ///
    /// Polled, and not told by the system: folders on the network tell nobody.
    public func look() throws -> String {
        try requireFolder()
        let own = ownEnding(try store.exchangeVector().office)
        return try files().filter { !isOwn($0.name, own) }.map { "\($0.name) \($0.mark)" }
            .joined(separator: "\n")
    }

    private func requireFolder() throws {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & UInt32(S_IFMT) == UInt32(S_IFDIR) else {
            throw UserError(
                .unreadable, "The shared folder \(path) is not there.",
                advice: "Connect the share or the stick, or correct the path.")
        }
    }

    struct Found {
        var name: String
        var size: Int64
        /// Differs once the file is another, or was written to.
        var mark: String
        var modified: Int64
    }

    /// Regular files alone: a link would lead elsewhere.
    private func files(ending: String = Self.ending) throws -> [Found] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw UserError(
                .unreadable, "The shared folder \(path) cannot be read.",
                advice: "Check that it is connected, and who may read it.")
        }
        return names.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.compactMap { name in
            var info = stat()
            guard lstat("\(path)/\(name)", &info) == 0, info.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG)
            else { return nil }
            return Found(
                name: name, size: Int64(info.st_size),
                mark: "\(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec) \(info.st_ino)",
                modified: Int64(info.st_mtim.tv_sec))
        }
        // What a delta goes on from comes before it.
        .sorted { a, b in
            let (first, second) = (a.name.hasSuffix(Self.deltaEnding), b.name.hasSuffix(Self.deltaEnding))
            return first == second ? a.name < b.name : second
        }
    }

    // MARK: Taking in

    private func takeIn(_ outcome: inout Outcome, _ isCancelled: () -> Bool) throws {
        let found = try files()
        if remembers { try store.forgetExchangeFiles(except: Set(found.map(\.name))) }
        var known: [String: ExchangeFile] = [:]
        for file in remembers ? try store.exchangeFiles() : [] { known[file.name] = file }
        // What one brings may be what another waits for.
        for _ in 0..<10 {
            let before = outcome.taken
            for file in found {
                if isCancelled() { throw UserError.exchangeCancelled }
                try look(at: file, &known, &outcome, isCancelled)
            }
            if outcome.taken == before { return }
        }
    }

    private func look(
        at file: Found, _ known: inout [String: ExchangeFile], _ outcome: inout Outcome,
        _ isCancelled: () -> Bool
    ) throws {
        let vector = try store.exchangeVector()
        let last = known[file.name]?.mark
        // A file that was not taken is tried again when it changes, and when what is known here has changed.
        let here = try trustMark(vector)
        let settled = file.mark
        let pending = "\(file.mark) \(here)"
        guard last != settled, last != pending else { return }
        var state = ExchangeFile(
            name: file.name, mark: pending, state: .refused, size: file.size, office: nil, message: nil,
            met: store.clock.now())
        do {
            let manifest = try SnapshotReader(path: "\(path)/\(file.name)").manifest
            state.office = manifest.officeName
            if let reason = try unfit(manifest, vector) {
                (state.state, state.message) = reason
            } else if manifest.heads.map(\.head).isCovered(by: vector.held) {
                state.state = .known
                state.mark = settled
                if manifest.office != vector.office {
                    try store.noteHeard(
                        of: manifest.office, made: manifest.made, heads: manifest.heads.map(\.head),
                        program: manifest.program)
                }
            } else {
                switch try intake(file, isCancelled) {
                case .taken(let merged):
                    outcome.taken += 1
                    outcome.entries += merged.entries
                    outcome.bytesIn += file.size
                    let left = merged.notTaken.map(\.words)
                    state.state = .taken
                    state.message = left.isEmpty ? nil : left.joined(separator: " ")
                    // What was left out may be taken once the chain before it is here.
                    if left.isEmpty { state.mark = settled } else { state.mark = try pendingMark(file) }
                    outcome.lines.append(
                        "Took in “\(file.name)” of “\(manifest.officeName)”: \(merged.entries) new entries.")
                case .asks(let questions):
                    state.state = .asks
                    state.message = questions.map(\.message).joined(separator: " ")
                }
            }
        } catch let error as UserError {
            guard error.code != .cancelled, error.code != .diskFull, error.code != .busy else { throw error }
            state.state = error.code == .notAllowed ? .unpaired : .damaged
            state.message = "\(error.message) \(error.advice)"
        }
        if let message = state.message { outcome.lines.append("“\(file.name)”: \(message)") }
        known[file.name] = state
        if remembers { try store.save(state) }
    }

    private func pendingMark(_ file: Found) throws -> String {
        "\(file.mark) \(try trustMark(store.exchangeVector()))"
    }

    /// Differs once other offices are paired, or more is held.
    private func trustMark(_ vector: ExchangeVector) throws -> String {
        let keys = try store.pairedKeys().map { "\($0.key) \($0.value)" }.sorted()
        let heads = vector.held.filter { $0.office != vector.office }
            .map { "\($0.office) \($0.incarnation) \($0.seq)" }
        let text = (keys + heads).joined(separator: "\n")
        return String(hexadecimal(SHA256.hash(data: Data(text.utf8))).prefix(16))
    }

    /// Why a file is not even copied; nil: it may be taken.
    private func unfit(_ manifest: SnapshotManifest, _ vector: ExchangeVector) throws -> (
        ExchangeFile.State, String
    )? {
        guard manifest.kind == .full || manifest.kind == .delta else {
            return (
                .refused,
                manifest.kind == .card
                    ? "It is the card of “\(manifest.officeName)”: pair with it by hand."
                    : "It is a backup, which other offices have no use for. Take it out of the folder."
            )
        }
        let key = manifest.office == vector.office ? vector.key : try store.pairedKeys()[manifest.office]
        guard key == manifest.key else {
            return (
                .unpaired,
                key == nil
                    ? "“\(manifest.officeName)” is not paired with this office."
                    : "It is signed with another key than the one that was compared."
            )
        }
        guard manifest.since.isCovered(by: vector.held) else {
            return (.waits, "The full file that it goes on from has not come yet.")
        }
        return nil
    }

    /// From a copy on the box's own disk: the folder's file may change, and the network may go, at any time.
    private func intake(_ file: Found, _ isCancelled: () -> Bool) throws -> ExchangeIntake {
        try withWorkFolder(store) { work in
            let copy = "\(work)/\(file.name)"
            try store.requireRoom(for: file.size)
            try copyFile("\(path)/\(file.name)", to: copy, mode: 0o600)
            return try ExchangeIntake(
                of: copy, fileName: file.name, in: store, by: actor, isCancelled: isCancelled)
        }
    }

    // MARK: Writing

    /// Ends the name of each file of the office, whatever the office is called.
    private func ownEnding(_ office: ID<Office>) -> String { "-\(office.description.suffix(8))" }

    private func isOwn(_ name: String, _ own: String) -> Bool {
        name.hasSuffix(own + Self.ending) || name.hasSuffix(own + Self.deltaEnding)
    }

    private func writeOwn(_ outcome: inout Outcome, _ isCancelled: () -> Bool) throws {
        let vector = try store.exchangeVector()
        let own = ownEnding(vector.office)
        let stem = fileStem(vector.name) + own
        let (full, delta) = (stem + Self.ending, stem + Self.deltaEnding)
        let base = try ownManifest(full, vector)
        let since = base?.heads.map(\.head) ?? []
        if let base, base.kind == .full, try isStillGood(base, vector) {
            let latest = try ownManifest(delta, vector)
            if Set(since) == Set(vector.given) { return removeOthers(own, keeping: [full]) }
            if let latest, latest.kind == .delta, Set(latest.heads.map(\.head)) == Set(vector.given),
                latest.since.isCovered(by: since)
            {
                return removeOthers(own, keeping: [full, delta])
            }
            let written = try write(
                delta, SnapshotOrder(to: nil, holding: since, of: vector), &outcome, isCancelled
            ) { $0 <= max(smallDelta, ((try? size(full)) ?? 0) / 4) }
            if written { return removeOthers(own, keeping: [full, delta]) }
        }
        _ = try write(full, SnapshotOrder(), &outcome, isCancelled) { _ in true }
        // Only now is the delta of the one before of no use.
        removeOthers(own, keeping: [full])
    }

    private func size(_ name: String) throws -> Int64 {
        try files().first { $0.name == name }?.size ?? 0
    }

    /// nil: there is none, or it is none of ours that can be built on.
    ///
    /// - Throws: `UserError` where another box writes as this office.
    private func ownManifest(_ name: String, _ vector: ExchangeVector) throws -> SnapshotManifest? {
        guard let manifest = try? SnapshotReader(path: "\(path)/\(name)").manifest else { return nil }
        guard manifest.office == vector.office else {
            throw UserError(
                .conflict, "“\(name)” in the shared folder is of another office; it was left as it is.",
                advice: "Change the name of one of the two offices.")
        }
        guard manifest.key == vector.key else { return nil }
        let held = Dictionary(vector.held.map { ($0.chain, $0) }) { first, _ in first }
        for head in manifest.heads.map(\.head) where head.office == vector.office {
            guard let ours = held[head.chain], head.seq <= ours.seq, head.seq < ours.seq || head == ours
            else {
                throw UserError(
                    .conflict,
                    "Another box writes as this office into the shared folder; its file was left as it is.",
                    advice:
                        "Find the copied or restored data folder, and stop one of the boxes. See “rollcall snapshot offices”."
                )
            }
        }
        return manifest.heads.map(\.head).isCovered(by: vector.held) ? manifest : nil
    }

    /// A full one that still has what was purged since must not stay.
    private func isStillGood(_ base: SnapshotManifest, _ vector: ExchangeVector) throws -> Bool {
        let here = try store.exchangedArchives()
        return base.entries.allSatisfy { entry in
            SnapshotManifest.fileDigest(ofEntry: entry.name).map { here.contains($0) } ?? true
        }
    }

    /// - Returns: false where `isWanted` says that it is too large; nothing was written then.
    private func write(
        _ name: String, _ order: SnapshotOrder, _ outcome: inout Outcome, _ isCancelled: () -> Bool,
        ifOfSize isWanted: (Int64) -> Bool
    ) throws -> Bool {
        try withWorkFolder(store) { work in
            let place = "\(work)/\(name)"
            let summary = try exportSnapshot(
                order, to: place, from: store, by: actor, isCancelled: isCancelled)
            guard isWanted(summary.bytes) else { return false }
            let part = "\(path)/\(name)\(Self.partEnding)"
            // Who may use the folder is said by the folder: that is what it is for.
            try copyFile(place, to: part, mode: 0o644)
            guard rename(part, "\(path)/\(name)") == 0 else {
                throw FileFailure(.rename, "\(path)/\(name)", errno: errno)
            }
            // Some network folders do not take it; the file itself was synced.
            try? makeDurable("\(path)/\(name)")
            outcome.sent += 1
            outcome.bytesOut += summary.bytes
            outcome.lines.append(
                "Wrote “\(name)”: \(summary.manifest.counts.events) entries, \(summary.bytes) bytes.")
            return true
        }
    }

    /// Of this office's files those under an older name, and a delta that a new full one holds.
    private func removeOthers(_ own: String, keeping names: [String]) {
        guard let found = try? files(), let vector = try? store.exchangeVector() else { return }
        for file in found where isOwn(file.name, own) && !names.contains(file.name) {
            guard let manifest = try? SnapshotReader(path: "\(path)/\(file.name)").manifest,
                manifest.office == vector.office, manifest.key == vector.key
            else { continue }
            unlink("\(path)/\(file.name)")
        }
    }

    /// A crash, or a stick that was pulled out, leaves them.
    private func removeOldParts() {
        guard let office = try? store.exchangeVector().office,
            let found = try? files(ending: Self.partEnding)
        else { return }
        let limit = store.clock.now().adding(seconds: -86_400).milliseconds / 1000
        for file in found
        where isOwn(String(file.name.dropLast(Self.partEnding.count)), ownEnding(office))
            && file.modified < limit
        {
            unlink("\(path)/\(file.name)")
        }
    }
}

/// What of an office's name every file system takes.
func fileStem(_ name: String) -> String {
    let folded = foldedName(name).unicodeScalars.map { scalar -> Character in
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            ? Character(scalar) : "-"
    }
    let parts = String(folded).split(separator: "-")
    let stem = parts.joined(separator: "-").prefix(40)
    return stem.isEmpty ? "office" : String(stem)
}

/// Copies a file piece by piece and brings it onto the disk.
func copyFile(_ source: String, to path: String, mode: mode_t) throws {
    let input = open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard input >= 0 else { throw FileFailure(.open, source, errno: errno) }
    defer { close(input) }
    let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)
    guard output >= 0 else { throw FileFailure(.create, path, errno: errno) }
    var isOpen = true
    defer { if isOpen { close(output) } }
    let sink = FileSink(descriptor: output, path: path)
    try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
        while true {
            let count = read(input, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure(.read, source, errno: errno) }
            if count == 0 { break }
            try sink.write(raw: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
        }
    }
    // The mask of the process would take rights away that the folder is to give; FAT has none to give.
    _ = fchmod(output, mode)
    guard fsync(output) == 0 else { throw FileFailure(.sync, path, errno: errno) }
    isOpen = false
    guard close(output) == 0 else { throw FileFailure(.write, path, errno: errno) }
}

extension UserError {
    public static let exchangeCancelled = UserError(
        .cancelled, "The exchange was stopped; what was done already is kept.",
        advice: "Start it again any time.")
}
