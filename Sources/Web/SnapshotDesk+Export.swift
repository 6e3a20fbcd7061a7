import Domain
import Formats
import Foundation
import Ingest
import Storage

extension SnapshotDesk {
    /// Writes a snapshot that lies ready for an hour.
    ///
    /// - Parameters:
    ///   - reader: who it is for; nil: anybody.
    ///   - passphrase: empty: not sealed.
    func write(
        _ order: SnapshotOrder, for reader: String?, named name: String, passphrase: String,
        to viewer: Viewer,
        by actor: Actor
    ) async throws -> ID<Work> {
        sweep()
        return try await works.begin(.write, for: viewer) { [self] work, progress in
            try await offLoop { [self] in
                var order = order
                if !passphrase.isEmpty {
                    order.seal = try SealingKey.new(passphrase: passphrase, salt: store.ids.random())
                }
                // A folder of its own, so that the file has its real name; the next start sweeps it.
                let folder = "\(store.folder.incoming)/\(work).written"
                try makeDirectory(folder)
                do {
                    let path = "\(folder)/\(name)"
                    let summary = try exportSnapshot(
                        order, to: path, from: store, by: actor, isCancelled: progress.isCancelled
                    ) { progress.progress(Int(clamping: $0), Int(clamping: $1)) }
                    keep(
                        WrittenSnapshot(
                            id: work, path: path, name: name, reader: reader, isSealed: order.seal != nil,
                            summary: summary, made: store.clock.now()))
                } catch {
                    try? FileManager.default.removeItem(atPath: folder)
                    if let failure = error as? FileFailure, failure.isDiskFull { throw UserError.diskFull }
                    throw error
                }
                return .written
            }
        }
    }

    /// - Throws: `UserError.notHere` for a folder that is no stick's.
    func copy(_ id: ID<Work>, to place: String, for viewer: Viewer) async throws -> ID<Work> {
        let written = try written(id)
        guard sticks().contains(place) else { throw UserError.notHere }
        return try await works.begin(.copyToStick(id, place), for: viewer) { _, work in
            try await offLoop {
                try copyToStick(
                    written.path, into: place, named: written.name, isCancelled: work.isCancelled,
                    progress: work.progress)
                return .onStick(place)
            }
        }
    }

    func undo(
        _ merge: EventName, _ id: String, name: String, reason: String, for viewer: Viewer, by actor: Actor
    )
        async throws -> ID<Work>
    {
        try await works.begin(.undo(id), for: viewer) { [store] _, _ in
            try await offLoop {
                try store.undoMerge(merge, reason: reason, for: viewer, by: actor)
                return .undone(name)
            }
        }
    }
}

/// `harbour-calls-20261123-091205.rollcall`: what every system takes as a file's name.
///
/// - Parameter zone: of the office.
func snapshotFileName(_ office: String, at instant: Instant, in zone: TimeZone) -> String {
    let local = instant.local(in: zone)
    let day = local.day.iso.filter(\.isNumber)
    let time = local.clock.filter(\.isNumber)
    return "\(fileNamePart(office))-\(day)-\(time).rollcall"
}
