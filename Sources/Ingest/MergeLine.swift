import Domain
import Foundation
import Storage

/// A merge for machines.
public struct MergeLine: Encodable, Sendable {
    public struct Upload: Encodable, Sendable {
        var office: String
        var file: String
        var version: Int
        var calls: Int
        var counts: Bool
    }
    var entries: Int
    var kinds: [String: Int]
    var uploads: [Upload]
    var conflicts: Int
    var changedVersions: Int
    var notTaken: [ChainNotTaken]
    var clockAhead: Int64
    var callsBefore: Int64
    var callsAfter: Int64?
    var stateHash: String?
    var checkWords: [String]?
    /// Where the database is kept as it was before.
    var copy: String?

    public init(_ outcome: MergeOutcome) {
        entries = outcome.entries
        kinds = Dictionary(outcome.kinds.map { ($0.kind, $0.entries) }) { first, _ in first }
        uploads = outcome.uploads.map {
            Upload(
                office: $0.office.description, file: $0.upload.fileName, version: $0.upload.version,
                calls: $0.upload.counts.accepted, counts: $0.isLive)
        }
        conflicts = outcome.conflicts.count
        changedVersions = outcome.changedVersions
        notTaken = outcome.notTaken
        clockAhead = outcome.ahead
        callsBefore = outcome.callsBefore
        callsAfter = outcome.callsAfter
        stateHash = outcome.stateHash
        checkWords = outcome.stateHash.map { Domain.checkWords(ofHex: $0) }
        copy = outcome.copy
    }
}

extension ChainNotTaken {
    /// One sentence.
    public var words: String {
        let these =
            entries == 1
            ? "1 entry of “\(name)” is not taken" : "\(entries) entries of “\(name)” are not taken"
        switch reason {
        case .unpaired: return "\(these): the two offices are not paired."
        case .revoked: return "\(these): the pairing was ended."
        case .gap: return "\(these): what comes before, from entry \(seq) on, is missing."
        case .fork:
            return "ALARM: two boxes wrote entry \(seq) of “\(name)”; nothing more of that chain is taken."
        case .unsigned: return "\(these): that office did not sign."
        }
    }
}

extension MergeOutcome {
    /// There is something new, and none of it can be taken.
    public var isRefused: Bool { entries == 0 && !notTaken.isEmpty }

    /// For people at a terminal.
    public func lines(isDone: Bool) -> [String] {
        func words(_ count: Int, _ one: String, _ many: String) -> String {
            "\(count) \(count == 1 ? one : many)"
        }
        var lines: [String] = []
        let calls = uploads.reduce(0) { $0 + $1.upload.counts.accepted }
        lines.append(
            entries == 0
                ? isRefused ? "None of it can be taken in." : "Nothing in it is new here."
                : "\(isDone ? "Taken in" : "New here"): \(words(entries, "entry", "entries")), \(words(uploads.count, "file", "files")) with \(words(calls, "call", "calls")), \(words(conflicts.count, "conflict", "conflicts"))."
        )
        if changedVersions > 0 {
            lines.append(
                "\(words(changedVersions, "file that is here changes", "files that are here change")) by deletions."
            )
        }
        if let callsAfter { lines.append("Calls that count: \(callsBefore) before, \(callsAfter) after.") }
        lines += notTaken.map(\.words)
        if ahead > 0 { lines.append("The other office's clock is \(ahead) seconds ahead of this one.") }
        if let copy { lines.append("The database as it was before is kept in \(copy).") }
        if let stateHash {
            lines.append(
                "Check words of this office now: \(Domain.checkWords(ofHex: stateHash).joined(separator: " "))"
            )
        }
        return lines
    }
}

extension ReceivedSnapshot {
    /// A clock further ahead than this would carry this office's entries into the future with it.
    public static let mostAhead: Int64 = 26 * 3600

    /// - Throws: `UserError` where the sender's clock is more than 26 hours ahead.
    public func requireSaneClock(despite isKnown: Bool) throws {
        guard !isKnown, reception.ahead > Self.mostAhead else { return }
        throw UserError(
            .conflict,
            "The clock of “\(manifest.officeName)” is \(reception.ahead / 3600) hours ahead of this one. Nothing was taken in.",
            advice:
                "Set the clocks right. Where entries were already made with the wrong time, take it in despite its clock: new entries here are then dated after them."
        )
    }
}
