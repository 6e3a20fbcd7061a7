import Domain
import Formats
import Foundation
import Glibc
import Storage

extension ExchangeFolder {
    static let mode: mode_t = 0o640

    func writeOwn(_ outcome: inout Outcome, _ isCancelled: () -> Bool) throws {
        let vector = try store.exchangeVector()
        let own = ownEnding(vector.office)
        let stem = fileNamePart(vector.name) + own
        let (full, delta) = (stem + Self.ending, stem + Self.deltaEnding)
        let base = try ownManifest(full, vector)
        let since = base?.heads.map(\.head) ?? []
        // A full one that still has what was purged since must not stay.
        if let base, base.kind == .full, try store.stillHolds(base) {
            let latest = try ownManifest(delta, vector)
            if Set(since) == Set(vector.given) { return removeOthers(own, keeping: [full], delta: delta) }
            if let latest, latest.kind == .delta, Set(latest.heads.map(\.head)) == Set(vector.given),
                latest.since.isCovered(by: since)
            {
                return removeOthers(own, keeping: [full, delta], delta: delta)
            }
            let written = try write(
                delta, SnapshotOrder(to: nil, holding: since, of: vector), &outcome, isCancelled
            ) { $0 <= max(smallDelta, ((try? size(full)) ?? 0) / 4) }
            if written { return removeOthers(own, keeping: [full, delta], delta: delta) }
        }
        _ = try write(full, SnapshotOrder(), &outcome, isCancelled) { _ in true }
        // Only now is the delta of the one before of no use.
        removeOthers(own, keeping: [full], delta: delta)
    }

    private func size(_ name: String) throws -> Int64 {
        try files().first { $0.name == name }?.size ?? 0
    }

    /// nil: there is none, or it is none of ours that can be built on.
    ///
    /// - Throws: `UserError` where another box writes as this office.
    private func ownManifest(_ name: String, _ vector: ExchangeVector) throws -> SnapshotManifest? {
        guard let reader = try? SnapshotReader(path: "\(path)/\(name)", opener: opener) else { return nil }
        let manifest = reader.manifest
        guard manifest.office == vector.office else {
            throw UserError(
                .conflict, "“\(name)” in the shared folder is of another office; it was left as it is.",
                advice: "Change the name of one of the two offices.")
        }
        guard manifest.key == vector.key, reader.isSealed == (seal != nil) else { return nil }
        for head in manifest.heads.map(\.head) where head.office == vector.office {
            guard try !store.holds([head]) else { continue }
            // Somebody has decided that this box goes on: its file takes the place of what the other one wrote before.
            if let settled = try store.settled(head.chain), manifest.made <= settled { return nil }
            throw UserError(
                .conflict,
                "Another box writes as this office into the shared folder; its file was left as it is.",
                advice:
                    "Find the copied or restored data folder, and stop one of the boxes; if it is stopped already, take its file out of the folder. See “rollcall snapshot offices”."
            )
        }
        return manifest.heads.map(\.head).isCovered(by: vector.held) ? manifest : nil
    }

    /// - Returns: false where `isWanted` says that it is too large; nothing was written then.
    private func write(
        _ name: String, _ order: SnapshotOrder, _ outcome: inout Outcome, _ isCancelled: () -> Bool,
        ifOfSize isWanted: (Int64) -> Bool
    ) throws -> Bool {
        try withWorkFolder(store) { work in
            let place = "\(work)/\(name)"
            var order = order
            order.seal = seal?.sealing
            let summary = try exportSnapshot(
                order, to: place, from: store, by: actor, isCancelled: isCancelled)
            guard isWanted(summary.bytes) else { return false }
            let part = "\(path)/\(name)\(Self.partEnding)"
            // The files lie open: nobody on the file server beyond the offices' common group.
            try copyFile(place, to: part, mode: Self.mode)
            guard rename(part, "\(path)/\(name)") == 0 else {
                throw FileFailure(.rename, "\(path)/\(name)", errno: errno)
            }
            // Some network folders do not take it; the file itself was synced.
            try? makeDurable("\(path)/\(name)")
            try remember(name, summary)
            outcome.sent += 1
            outcome.bytesOut += summary.bytes
            outcome.lines.append(
                "Wrote “\(name)”: \(summary.manifest.counts.events) entries, \(summary.bytes) bytes.")
            return true
        }
    }

    /// What is shown of an own file is what was written last, not what was met before.
    private func remember(_ name: String, _ summary: SnapshotSummary) throws {
        guard remembers, let file = try files().first(where: { $0.name == name }) else { return }
        var known = ExchangeFile(
            name: name, mark: file.mark, state: .known, size: file.size, office: summary.manifest.officeName,
            met: store.clock.now())
        known.isSealed = seal != nil
        try store.save(known)
    }

    /// Of this office's files those under an older name, and a delta that a new full one holds.
    private func removeOthers(_ own: String, keeping names: [String], delta: String) {
        guard let found = try? files(), let vector = try? store.exchangeVector() else { return }
        // Earlier releases let everybody read them.
        for file in found where isOwn(file.name, own) && names.contains(file.name) {
            _ = chmod("\(path)/\(file.name)", Self.mode)
        }
        for file in found where isOwn(file.name, own) && !names.contains(file.name) {
            if let manifest = try? SnapshotReader(path: "\(path)/\(file.name)", opener: opener).manifest {
                guard manifest.office == vector.office, manifest.key == vector.key else { continue }
            } else if file.name != delta {
                // Sealed otherwise, or damaged; of this name nobody but this office writes.
                continue
            }
            unlink("\(path)/\(file.name)")
        }
    }

    /// A crash, or a stick that was pulled out, leaves them.
    func removeOldParts() {
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
