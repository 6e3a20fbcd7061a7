import Domain

/// What passes between offices, in words.
extension ActivityWriter {
    func words(_ it: SnapshotMerged) -> ActivityWords {
        var parts = [
            format.count(it.entries, "entry", "entries"), format.count(it.files, "file", "files"),
            format.count(it.calls, "call", "calls"),
        ]
        if it.conflicts > 0 { parts.append(format.count(it.conflicts, "conflict", "conflicts")) }
        return ActivityWords(
            "took in the snapshot of", it.name,
            note: "Made \(format.moment(it.made)). New: \(parts.joined(separator: ", "))")
    }

    func words(_ it: IncarnationBegun) -> ActivityWords {
        let why =
            switch it.reason {
            case .restored: "It was restored from a backup."
            case .moved: "It is in another place than before: it was moved or copied."
            case .forked: "Another box had written further entries of this office."
            }
        return ActivityWords("began to write a new chain of entries", note: why)
    }

    func words(_ it: ConflictDecided) -> ActivityWords {
        let deed =
            switch it.choice {
            case .keep: "decided a conflict: what stands is kept"
            case .other: "decided a conflict: what had lost is done after all"
            case .reopen: "opened a conflict again"
            }
        var words = ActivityWords(deed, note: it.comment.isEmpty ? nil : "Comment: \(it.comment)")
        if let change = try? it.change?.body() {
            let done = self.words(change)
            words.subject = done.subject
            words.href = done.href
            words.changes = done.changes
        }
        return words
    }

    func words(_ it: BackupMade) -> ActivityWords {
        ActivityWords(
            "made the backup", it.name,
            note: "\(format.count(it.calls, "call", "calls")) in \(format.count(it.files, "file", "files")), "
                + "\(format.bytes(it.bytes))"
                + (it.isSealed ? ", with a passphrase" : ""))
    }

    func words(_ it: SnapshotExported) -> ActivityWords {
        ActivityWords(
            "wrote a snapshot", it.name,
            note: (it.to.flatMap { name($0) }.map { "For \($0). " } ?? "")
                + (it.isDelta ? "What that office lacks: " : "All of it: ")
                + "\(format.count(it.entries, "entry", "entries")), \(format.count(it.files, "file", "files")), "
                + "\(format.bytes(it.bytes))"
                + (it.isSealed ? ", with a passphrase" : ""))
    }
}
