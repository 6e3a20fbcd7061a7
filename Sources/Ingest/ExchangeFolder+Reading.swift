import Crypto
import Domain
import Formats
import Foundation
import Glibc
import Storage

extension ExchangeFolder {
    func takeIn(_ outcome: inout Outcome, _ isCancelled: () -> Bool) throws {
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
            name: file.name, mark: pending, state: .refused, size: file.size, met: store.clock.now())
        do {
            let reader = try SnapshotReader(path: "\(path)/\(file.name)", opener: opener)
            let manifest = reader.manifest
            state.isSealed = reader.isSealed
            state.office = manifest.officeName
            if let reason = try unfit(manifest, vector) {
                (state.state, state.message) = reason
            } else if try store.holds(manifest.heads.map(\.head)) {
                state.state = .known
                state.mark = settled
                if manifest.office != vector.office {
                    try store.noteHeard(
                        of: manifest.office, made: manifest.made, heads: manifest.heads.map(\.head),
                        program: manifest.program)
                }
            } else {
                switch try intake(file, opener: reader.key.map { .key($0) } ?? .none, isCancelled) {
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
            switch error {
            case SealedFile.needsPassphrase:
                state.state = .sealed
                state.message = "It is sealed, and no passphrase of the shared folder is set here."
            case SealedFile.wrongPassphrase:
                state.state = .sealed
                state.message = "It is sealed with another passphrase than the one that is set here."
            default:
                let isOfNewerRelease = error.code == .unknownFormat && error != .noSnapshot
                state.state =
                    error.code == .notAllowed ? .unpaired : isOfNewerRelease ? .refused : .damaged
                state.message = "\(error.message) \(error.advice)"
                // What may pass by itself, or with an upgrade, is tried again with the next run.
                if isOfNewerRelease || [.stale, .unreadable, .notFound].contains(error.code) {
                    state.mark = ""
                }
            }
            if state.state == .sealed {
                state.isSealed = true
                // To try a passphrase takes a while; another one forgets the file.
                state.mark = settled
            }
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
        let keys = try store.pairedKeys()
        let key = manifest.office == vector.office ? vector.key : keys[manifest.office]
        guard key == manifest.key else {
            return (
                .unpaired,
                key == nil
                    ? "“\(manifest.officeName)” is not paired with this office."
                    : "It is signed with another key than the one that was compared."
            )
        }
        // What nothing is taken of is not here, and will not be.
        let forked = try store.forkedChains()
        let since = manifest.since.filter {
            ($0.office == vector.office || keys[$0.office] != nil) && !forked.contains($0.chain)
        }
        guard since.isCovered(by: vector.held) else {
            return (.waits, "The full file that it goes on from has not come yet.")
        }
        return nil
    }

    /// From a copy on the box's own disk: the folder's file may change, and the network may go, at any time.
    private func intake(_ file: Found, opener: SealOpener, _ isCancelled: () -> Bool) throws
        -> ExchangeIntake
    {
        try withWorkFolder(store) { work in
            let copy = "\(work)/\(file.name)"
            try store.requireRoom(for: file.size)
            try copyFile("\(path)/\(file.name)", to: copy, mode: 0o600)
            return try ExchangeIntake(
                of: copy, fileName: file.name, opener: opener, in: store, by: actor, isCancelled: isCancelled)
        }
    }
}
