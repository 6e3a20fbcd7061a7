import Domain
import Formats
import Foundation
import Storage

/// A backup that was written and read again.
public struct MadeBackup: Sendable {
    public var path: String
    public var summary: SnapshotSummary

    public var name: String { URL(fileURLWithPath: path).lastPathComponent }
}

/// Writes a backup of the office, reads it again, and records it. Blocks its thread, and nobody else's.
///
/// - Parameters:
///   - path: where it goes; nil: into the backups' folder, under a name of its own.
///   - seal: nil: as this box seals its backups.
///   - progress: bytes done, and in all: written, and then read again.
/// - Throws: `UserError`, also recorded, where there is no room, where the folder is not there, or where what was written
///   is not what is read: no file is left then.
@discardableResult
public func backUp(
    _ store: OfficeStore, to path: String? = nil, seal: SealingKey? = nil, by actor: Actor,
    isCancelled: @escaping () -> Bool = { false }, progress: (Int64, Int64) -> Void = { _, _ in }
) throws -> MadeBackup {
    var step = BackupFailed.Step.written
    return try recordingFailure(of: step, store, actor) {
        let kept = try KeptSeal.backups.read(in: store.folder)?.sealing
        let sealed = seal ?? kept
        return try withWorkFolder(store) { work in
            let contents = try store.backupContents(linkingInto: work)
            let shared = contents.shared
            let path =
                try path ?? BackupPlace(of: store).newPath(office: shared.name, at: shared.made)
            try requireRoom(for: contents, at: path, store)
            var lines = try LocalPart(contents, keysOf: store, holdsSealingKey: sealed != nil)
            // Beside its place until it was read again: what lies there may be the last good one.
            let new = path + ".new"
            defer { unlink(new) }
            let summary = try write(
                shared, .backup, seal: sealed, to: new, work: work, store, local: { try lines.next() },
                isCancelled: isCancelled
            ) { done, all in progress(done / 2, all) }
            step = .verified
            try verify(
                new, shared, sealed, lines: summary.manifest.counts.localEvents, isCancelled: isCancelled
            ) { done, all in progress((all + done) / 2, all) }
            try moveDurably(from: new, to: path)
            let manifest = summary.manifest
            try store.record(
                BackupMade(
                    name: URL(fileURLWithPath: path).lastPathComponent, bytes: summary.bytes,
                    entries: Int(clamping: manifest.counts.events),
                    files: Int(clamping: manifest.counts.files), calls: Int(clamping: manifest.counts.calls),
                    isSealed: sealed != nil), by: actor)
            return MadeBackup(path: path, summary: summary)
        }
    }
}

/// Does a step, and records where it fails.
///
/// - Throws: `UserError`.
func recordingFailure<T>(
    of step: @autoclosure () -> BackupFailed.Step, _ store: OfficeStore, _ actor: Actor,
    _ body: () throws -> T
) throws -> T {
    do { return try body() } catch {
        let error = backupError(for: error)
        // Somebody's own wish is no failure.
        if error.code != .cancelled {
            try? store.record(BackupFailed(step: step(), message: error.message), by: actor)
        }
        throw error
    }
}

/// What a person can mend of what went wrong below.
func backupError(for error: any Error) -> UserError {
    switch error {
    case let error as UserError: return error
    case let error as FileFailure where error.isDiskFull:
        return UserError(
            .diskFull, "The disk of the backups is full; no backup was made.",
            advice: "Make room on it, or choose another folder.")
    case let error as FileFailure:
        return UserError(
            .unreadable, "No backup was made: \(error.words).",
            advice: "Check that the disk is there and that Rollcall's user may write on it.")
    default:
        return OfficeStore.userError(for: error)
            ?? UserError(
                .damaged, "No backup was made: \(error).",
                advice: "Run “rollcall verify”, and ask for help with this message.")
    }
}

private func requireRoom(for contents: BackupContents, at path: String, _ store: OfficeStore) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    // Entries pack to less; sealing adds little.
    let needed = contents.shared.archives.reduce(contents.shared.entries * 400) { $0 + $1.size } * 101 / 100
    let space = try store.disk.space(folder)
    let left = space.free - needed
    let marks = try store.officeStateNow()?.settings.disk ?? DiskMarks()
    // On the box's own disk a backup must not be what stops the uploads.
    let reserve = isOneDisk(folder, store.folder.path) ? marks.refuseBelow : 16 << 20
    guard left > reserve else {
        throw UserError(
            .diskFull,
            "There is no room for a backup: it needs about \(needed / 1_000_000) MB beside the \(reserve / 1_000_000) MB that stay free, and \(space.free / 1_000_000) MB are free.",
            advice: "Make room on the disk of \(folder), or choose another folder for backups.")
    }
}

/// Whether two folders are on one disk; where it cannot be told, they are.
private func isOneDisk(_ a: String, _ b: String) -> Bool {
    var (one, other) = (stat(), stat())
    guard stat(a, &one) == 0, stat(b, &other) == 0 else { return true }
    return one.st_dev == other.st_dev
}

/// Reads what was written, from the disk: every byte, every chain, every line, and that it says what the office said.
private func verify(
    _ path: String, _ shared: SnapshotContents, _ seal: SealingKey?, lines: Int64,
    isCancelled: @escaping () -> Bool,
    progress: (Int64, Int64) -> Void
) throws {
    forgetPages(of: path)
    let reader = try SnapshotReader(path: path, opener: seal.map { .key($0) } ?? .none)
    try reader.verify(isCancelled: isCancelled, progress: progress)
    let manifest = reader.manifest
    guard manifest.kind == .backup, manifest.stateHash == shared.stateHash,
        manifest.counts.calls == shared.calls, manifest.counts.events == shared.entries,
        manifest.counts.files == Int64(shared.archives.count), manifest.counts.localEvents == lines
    else { throw UserError.snapshotInvalid("it does not hold what the office held") }
    var part = RestoredLocalPart(manifest)
    try reader.eachLocalLine(isCancelled: isCancelled) { _ = try part.take($0) }
}

/// So that the disk is asked, not the memory.
private func forgetPages(of path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
    close(descriptor)
}

/// The lines of a backup's local part: entries first, then what no entry says, then the keys.
private struct LocalPart {
    private var entries: LocalEntries
    private var lines: ArraySlice<BackupLine>

    /// - Parameter holdsSealingKey: what opens the backups and the shared folder must not lie open in it.
    init(_ contents: BackupContents, keysOf store: OfficeStore, holdsSealingKey: Bool) throws {
        entries = store.localEntries(of: contents)
        // Made where there is none yet: the office is known by it.
        _ = try OfficeKey(of: store)
        var lines = contents.lines
        let names = try FileManager.default.contentsOfDirectory(atPath: store.folder.keys).sorted()
        for name in names where BackupLine.Key.isName(name) && !name.hasPrefix(unfinishedPrefix) {
            guard holdsSealingKey || ![KeptSeal.backups.name, KeptSeal.sharedFolder.name].contains(name)
            else { continue }
            guard let content = try Self.regularFile(store.folder.keys + "/" + name) else { continue }
            lines.append(.key(.init(name: name, content: content)))
        }
        self.lines = lines[...]
    }

    mutating func next() throws -> [UInt8]? {
        if let entry = try entries.next() { return try SnapshotEvent.encode(entry) }
        return try lines.popFirst()?.written()
    }

    /// nil: it is no file, or too large to be a key.
    private static func regularFile(_ path: String) throws -> Data? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            Int64(status.st_size) <= Int64(BackupLine.Key.mostBytes)
        else { return nil }
        guard let content = FileManager.default.contents(atPath: path) else {
            throw UserError(
                .unreadable, "The key \(path) cannot be read; no backup was made.",
                advice: "Check whose file it is: Rollcall's user must own it.")
        }
        return content
    }
}

/// Follows the lines of a local part as they are read.
struct RestoredLocalPart {
    enum Line {
        case entry(Event)
        case other(BackupLine)
    }

    private let signed: Set<Chain>
    private let office: ID<Office>
    private var ends: [String: (seq: Int64, hash: [UInt8])] = [:]

    init(_ manifest: SnapshotManifest) {
        signed = Set(manifest.heads.map(\.head.chain))
        office = manifest.office
    }

    /// - Throws: `UserError` `invalid` for a line that no backup of the office has.
    mutating func take(_ line: ArraySlice<UInt8>) throws -> Line {
        guard line.starts(with: "{\"actor\":".utf8) else { return .other(try BackupLine.read(line)) }
        let event = try SnapshotEvent.decode(line)
        let chain = Chain(office: event.office, incarnation: event.incarnation)
        guard event.stream == .local ? event.office == office : !signed.contains(chain) else {
            throw UserError.snapshotInvalid("an entry of its local part is another office's, or there twice")
        }
        let key = "\(event.stream.rawValue) \(event.office) \(event.incarnation)"
        let end = ends[key] ?? (seq: 0, hash: [UInt8](repeating: 0, count: 32))
        guard event.seq == end.seq + 1, event.previousHash == end.hash else {
            throw UserError.snapshotInvalid(
                "entry \(event.seq) of its local part does not go on after entry \(end.seq)")
        }
        ends[key] = (event.seq, event.hash)
        return .entry(event)
    }
}
