import Domain
import Formats
import Foundation
import Storage

/// What became of one archive of a recovery.
public struct RecoveredArchive: Sendable, Hashable, Codable {
    public enum Fate: String, Sendable, Codable { case taken, known, skipped }

    /// `<file-id>/vNNNN.tar.zst`, or the name of what is no archive.
    public var archive: String
    public var fate: Fate
    public var file: String?
    public var version: Int?
    public var calls: Int?
    public var uploaded: Instant?
    public var by: String?
    /// Why it was skipped.
    public var reason: String?

    init(_ archive: String, _ fate: Fate, reason: String? = nil) {
        self.archive = archive
        self.fate = fate
        self.reason = reason
    }
}

public struct RecoverySummary: Sendable, Hashable, Codable {
    public var archives: [RecoveredArchive]
    /// Sources that were made for the archives.
    public var sources: [String]

    public func count(_ fate: RecoveredArchive.Fate) -> Int { archives.count { $0.fate == fate } }
    public var calls: Int { archives.reduce(0) { $0 + ($1.fate == .taken ? $1.calls ?? 0 : 0) } }
}

/// An archive whose manifest was read and agrees with it.
private struct SoundArchive: Sendable {
    var found: FoundArchive
    var manifest: ArchiveManifest
    var hash: String
}

/// Takes the archives of a `Files/` folder in, with their own files, versions and uploaders, in the order in which
/// they were uploaded: what a lost database leaves is had back. Each is wholly in or wholly out; running it again
/// takes nothing twice.
///
/// - Parameters:
///   - folder: another `Files/` than the office's own, which stays as it is.
///   - progress: a line for whoever waits.
/// - Throws: `UserError` `notFound` for a folder that cannot be read, `diskFull` where there is no room; what was
///   taken until then is in.
public func recoverFiles(
    from folder: String? = nil, into store: OfficeStore, by actor: Actor,
    progress: @escaping @Sendable (String) -> Void = { _ in }
) async throws -> RecoverySummary {
    let look = try await onOwnThread {
        try lookThrough(folder ?? store.folder.files, store, progress)
    }
    let (sources, made) = try await matchSources(look.sound, store, by: actor)
    let taken = try await onOwnThread {
        // Throughout, so that no upload is given the name of an archive that is still to come.
        try store.changingCalls {
            var fates: [RecoveredArchive] = []
            for (index, archive) in look.sound.enumerated() {
                let fate = try take(archive, sources, store, actor)
                fates.append(fate)
                progress(
                    "\(index + 1) of \(look.sound.count): \(archive.manifest.fileName), version \(archive.manifest.version): "
                        + (fate.reason.map { "skipped, \($0)" } ?? "\(fate.calls ?? 0) calls"))
            }
            return fates
        }
    }
    return RecoverySummary(archives: look.settled + taken, sources: made)
}

// MARK: Looking

private struct Look: Sendable {
    /// In the order of upload.
    var sound: [SoundArchive] = []
    /// Known, damaged or foreign.
    var settled: [RecoveredArchive] = []
}

private func lookThrough(_ folder: String, _ store: OfficeStore, _ progress: (String) -> Void) throws -> Look
{
    // There must be an office that takes them in.
    _ = try store.officeRulesNow()
    let (archives, strangers) = try findArchives(in: folder)
    let known = try store.knownArchives()
    var look = Look()
    look.settled = strangers.map {
        RecoveredArchive($0, .skipped, reason: "it is no archive of Rollcall by its name")
    }
    for (index, found) in archives.enumerated() {
        if index.isMultiple(of: 25) { progress("Reading \(index + 1) of \(archives.count) archives") }
        do {
            guard let hash = fileHash(found.path)?.hex else { throw ArchiveRefused("it cannot be read") }
            if let there = known[store.folder.archive(of: found.file, version: found.version)] {
                guard there == hash else {
                    throw ArchiveRefused("the office has another archive of this version")
                }
                look.settled.append(RecoveredArchive(found.name, .known))
                continue
            }
            look.sound.append(
                SoundArchive(found: found, manifest: try found.manifest(), hash: hash))
        } catch let refused as ArchiveRefused {
            progress("Skipped \(found.name): \(refused.reason)")
            look.settled.append(RecoveredArchive(found.name, .skipped, reason: refused.reason))
        }
    }
    look.sound.sort {
        ($0.manifest.uploaded, $0.found.file, $0.found.version)
            < ($1.manifest.uploaded, $1.found.file, $1.found.version)
    }
    return look
}

// MARK: Sources

/// The office's source for each that the archives name; what it has not is made.
///
/// A new office's own source of the same name and layout is the one meant: with a second one beside it, the next
/// upload could not tell which, and calls of both would count twice.
private func matchSources(_ archives: [SoundArchive], _ store: OfficeStore, by actor: Actor) async throws -> (
    [ID<Source>: StoredSource], made: [String]
) {
    var latest: [ID<Source>: ArchiveManifest] = [:]
    for archive in archives { latest[archive.manifest.source] = archive.manifest }
    var sources: [ID<Source>: StoredSource] = [:]
    var made: [String] = []
    var meant: Set<ID<Source>> = Set(try await store.sources().map(\.source.id)).intersection(latest.keys)
    let zone = try await store.officeState()?.office.rules.timeZone
    for (id, manifest) in latest.sorted(by: { $0.value.uploaded < $1.value.uploaded }) {
        let all = try await store.sources()
        let own = all.first { $0.source.id == id }
        let alike = all.first {
            $0.source.name.lowercased() == manifest.sourceName.lowercased()
                && $0.source.format == manifest.mapping.format && !meant.contains($0.source.id)
        }
        if let found = own ?? alike {
            meant.insert(found.source.id)
            sources[id] = found
            continue
        }
        var name = manifest.sourceName
        var number = 2
        while all.contains(where: { $0.source.name.lowercased() == name.lowercased() }) {
            name = "\(manifest.sourceName.prefix(55)) \(number)"
            number += 1
        }
        let fileZone = manifest.mapping.timeZone
        try await store.saveSource(
            Source(
                id: id, name: name, format: manifest.mapping.format,
                timeZone: fileZone == zone || TimeZone(identifier: fileZone) == nil ? nil : fileZone,
                outcomes: .coldCalling), by: actor)
        meant.insert(id)
        made.append(name)
        sources[id] = try await store.source(id)
    }
    return (sources, made)
}

// MARK: Taking

/// - Throws: only what stops all of it, a full disk for example.
private func take(
    _ archive: SoundArchive, _ sources: [ID<Source>: StoredSource], _ store: OfficeStore, _ actor: Actor
) throws -> RecoveredArchive {
    let manifest = archive.manifest
    var line = RecoveredArchive(archive.found.name, .taken)
    (line.file, line.version) = (manifest.fileName, manifest.version)
    (line.uploaded, line.by) = (manifest.uploaded, manifest.by)
    do {
        guard let source = sources[manifest.source] else { throw ArchiveRefused("it has no source") }
        try store.requireRoom(for: 64_000_000)
        try store.requireRecoverable(
            manifest.file, name: manifest.fileName, version: manifest.version, source: source.source.id,
            original: manifest.original)
        line.calls = try makeLive(archive, source, store, actor).counts.accepted
    } catch let refused as ArchiveRefused {
        (line.fate, line.reason) = (.skipped, refused.reason)
    } catch let error as UserError where error.code != .diskFull {
        (line.fate, line.reason) = (.skipped, error.message)
    }
    return line
}

private func makeLive(
    _ archive: SoundArchive, _ source: StoredSource, _ store: OfficeStore, _ actor: Actor
) throws -> FileUploaded {
    let manifest = archive.manifest
    let spans = try ApprovedDeletions.spans(at: archive.found.deletions)
    let place = try ArchivePlace(archive.found, hash: archive.hash, in: store.folder)
    let staged = try store.stage(source, deleted: spans)
    do {
        // An archive that is announced goes in a crash; one that lay there before must not.
        if place.isNew { try staged.announceArchive(of: manifest.file, version: manifest.version) }
        try AcceptedCalls.read(
            archive.found.path, into: staged, accepted: manifest.counts.accepted, digest: manifest.digest,
            damaged: { UserError(.damaged, "its calls.csv \($0)", advice: "") }, clock: store.clock)
        let marked = try staged.hasNewNames() ? partTimers(archive, source.source, store) : []
        return try store.finish(
            staged, by: actor, isPartTimer: { marked.contains($0) }, isCancelled: { false }
        ) {
            try place.fill()
            var counts = manifest.counts
            counts.overlapping = staged.overlapping
            return FileUploaded(
                file: manifest.file, fileName: manifest.fileName, source: source.source.id,
                version: manifest.version, archive: archive.hash, original: manifest.original,
                bytes: manifest.bytes, counts: counts, mapping: manifest.mapping, firstDay: staged.firstDay,
                lastDay: staged.lastDay, agents: staged.agents, digest: manifest.digest, newNames: [],
                recovered: RecoveredUpload(
                    by: manifest.by, time: manifest.uploaded, deleted: spans,
                    deletedRows: staged.deletedRows), readAgain: manifest.readAgain,
                uploadedAs: manifest.uploadedAs)
        }
    } catch {
        try staged.abandon()
        place.empty()
        throw error is ArchiveRefused ? error : explain(error, manifest.fileName)
    }
}

/// Folded names that the original marks as a Part-Timer's: `calls.csv` has them without the mark.
private func partTimers(_ archive: SoundArchive, _ source: Source, _ store: OfficeStore) throws -> Set<String>
{
    let mapping = archive.manifest.mapping
    guard source.partTimerSuffix, let heading = mapping.columns[ColumnRole.agent.rawValue] else { return [] }
    let id: ID<SoundArchive> = store.ids.next(at: store.clock.now())
    let copy = "\(store.folder.incoming)/\(id).original"
    defer { unlink(copy) }
    do {
        try ArchiveReader(path: archive.found.path).extract(entry: "original.csv", to: copy)
    } catch is ArchiveFailure {
        throw ArchiveRefused("its original.csv cannot be read")
    }
    var reader = try CSVReader(path: copy, dialect: try sniffDialect(path: copy))
    var row = CSVRow()
    var column: Int?
    var seen: Set<String> = []
    var marked: Set<String> = []
    while try reader.next(&row) {
        if row.line == mapping.headerLine {
            column = (0..<row.count).first { row.string($0).trimmingBlanks == heading }
        }
        guard row.line > mapping.headerLine, row.problem == nil, let column, column < row.count else {
            continue
        }
        guard seen.insert(row.string(column)).inserted else { continue }
        let (name, isMarked) = partTimer(row.string(column))
        if isMarked { marked.insert(foldedName(name)) }
    }
    return marked
}
