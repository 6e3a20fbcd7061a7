import Domain
import Ingest
import Storage

/// What entries of a kind are called, one and many.
let entryKindWords: [String: (one: String, many: String)] = [
    OfficeFounded.kind: ("office opened", "offices opened"),
    OfficeChanged.kind: ("change of an office's settings", "changes of an office's settings"),
    SourceChanged.kind: ("change of a source", "changes of sources"),
    FileUploaded.kind: ("file with calls", "files with calls"),
    PersonAdded.kind: ("person added", "people added"),
    PersonsPlaced.kind: ("placement", "placements"),
    PersonRenamed.kind: ("person renamed", "people renamed"),
    TeamHandedOver.kind: ("team handed over", "teams handed over"),
    AliasChanged.kind: ("name given to a person", "names given to people"),
    NamesHeldApart.kind: ("pair of names held apart", "pairs of names held apart"),
    TransferRequestOpened.kind: ("request opened", "requests opened"),
    TransferRequestDecided.kind: ("word on a request", "words on requests"),
    TransferRequestCommented.kind: ("comment on a request", "comments on requests"),
    DelegationChanged.kind: ("change of who stands in", "changes of who stands in"),
    DeleteRequestOpened.kind: ("deletion asked for", "deletions asked for"),
    DeleteRequestDecided.kind: ("word on a deletion", "words on deletions"),
    DeleteRequestPurged.kind: ("deletion purged", "deletions purged"),
    ArchiveRewritten.kind: ("archive written again", "archives written again"),
    DeleteHoldChanged.kind: ("change of a hold", "changes of holds"),
    SnapshotMerged.kind: ("note of a snapshot taken in", "notes of snapshots taken in"),
    MergeUndone.kind: ("snapshot taken back", "snapshots taken back"),
    IncarnationBegun.kind: ("new chain begun", "new chains begun"),
    ConflictDecided.kind: ("conflict decided", "conflicts decided"),
]

/// What a merge brings, or brought, as pages and paper show it.
struct MergePart: Decodable, Sendable {
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
    }
    struct File: Decodable, Sendable {
        var name: String
        var office: String
        var days: String
        var calls: String
        var state: String
        var tone: String
    }
    var facts: [Fact]
    /// `3 people added`
    var kinds: [String]
    var hasKinds: Bool
    var files: [File]
    var hasFiles: Bool
    var moreFiles: String?
    /// What they are about.
    var conflicts: [String]
    var hasConflicts: Bool
    /// Of what nothing is taken, and why.
    var notTaken: [String]
    var hasNotTaken: Bool

    private static let most = 200

    init(
        facts: [(String, String)], kinds: [MergeOutcome.Kind], uploads: [MergeOutcome.Upload],
        conflicts: [Conflict], notTaken: [ChainNotTaken], _ words: ConflictWriter
    ) {
        let format = words.activity.format
        self.facts = facts.map { Fact(name: $0.0, value: $0.1) }
        self.kinds = kinds.map { kind in
            guard let it = entryKindWords[kind.kind] else {
                return "\(format.number(kind.entries)) of a newer release (\(kind.kind))"
            }
            return format.count(kind.entries, it.one, it.many)
        }
        hasKinds = !kinds.isEmpty
        files = uploads.prefix(Self.most).map { upload in
            File(
                name: "\(upload.upload.fileName), version \(upload.upload.version)",
                office: words.office(upload.office), days: upload.upload.days(format),
                calls: format.number(upload.upload.counts.accepted),
                state: upload.isLive ? "Counts" : "Deleted",
                tone: upload.isLive ? "good" : "neutral")
        }
        hasFiles = !uploads.isEmpty
        moreFiles =
            uploads.count > Self.most ? "and \(format.number(uploads.count - Self.most)) more files" : nil
        self.conflicts = conflicts.prefix(Self.most).map { words.about($0).text }
        hasConflicts = !conflicts.isEmpty
        self.notTaken = notTaken.map(\.words)
        hasNotTaken = !notTaken.isEmpty
    }
}

extension OfficeFormat {
    /// `3 minutes`, `2 days` of a difference between clocks; a part counts as a whole.
    func span(seconds: Int64) -> String {
        let seconds = seconds.magnitude
        switch seconds {
        case ..<60: return count(Int(seconds), "second", "seconds")
        case ..<7200: return count(Int((seconds + 59) / 60), "minute", "minutes")
        case ..<172_800: return count(Int((seconds + 3599) / 3600), "hour", "hours")
        default: return count(Int(clamping: (seconds + 86_399) / 86_400), "day", "days")
        }
    }
}

extension MergeOutcome {
    /// Calls before and after, and how many of the new files' calls are in the office already.
    func callFacts(_ format: OfficeFormat) -> [(String, String)] {
        let fresh = uploads.filter(\.isLive).reduce(Int64(0)) { $0 + Int64($1.upload.counts.accepted) }
        var facts = [("Calls that count here now", format.number(callsBefore))]
        guard let callsAfter else { return facts }
        facts.append(("Calls that count afterwards", format.number(callsAfter)))
        if fresh > 0 { facts.append(("Calls in the new files", format.number(fresh))) }
        let again = fresh - (callsAfter - callsBefore)
        if again > 0, changedVersions == 0 {
            facts.append(("Of these also in other files, counted once", format.number(again)))
        }
        return facts
    }
}
