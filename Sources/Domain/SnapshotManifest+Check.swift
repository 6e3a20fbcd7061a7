/// What a snapshot may hold at most; part of the format.
public enum SnapshotLimits {
    public static let manifestBytes = 8 << 20
    /// Commas, colons and opening brackets in it; no manifest of ours has more than one in 16 bytes.
    public static let manifestValues = manifestBytes / 16
    public static let entries = 100_000
    public static let heads = 10_000
    /// Of one part of the journal, unpacked.
    public static let partBytes: Int64 = 64 << 20
    /// Of one part as it lies there: what cannot be packed grows a little.
    public static let packedPartBytes: Int64 = 65 << 20
    public static let parts = 1000
    /// Of one file: what the size field of a tar header can say.
    public static let fileBytes: Int64 = (8 << 30) - 1
    public static let totalBytes: Int64 = 16 << 40
    /// Of one line, without its end.
    public static let lineBytes = 24 << 20
    public static let payloadBytes = 16 << 20
}

extension SnapshotManifest {
    /// Parts are counted from 0.
    public static func journalEntry(_ part: Int) -> String { "journal/\(threeDigits(part)).ndjson.zst" }
    public static func localEntry(_ part: Int) -> String { "local/\(threeDigits(part)).ndjson.zst" }
    /// An archive is called by the SHA-256 of its bytes, in hex.
    public static func fileEntry(_ sha256: String) -> String { "files/\(sha256)" }

    public var journalEntries: [Entry] { entries.filter { $0.name.hasPrefix("journal/") } }
    public var localEntries: [Entry] { entries.filter { $0.name.hasPrefix("local/") } }
    public var fileEntries: [Entry] { entries.filter { $0.name.hasPrefix("files/") } }

    /// nil: not the name of a file.
    public static func fileDigest(ofEntry name: String) -> String? {
        guard name.utf8.starts(with: "files/".utf8) else { return nil }
        let digest = String(name.dropFirst(6))
        return isHexadecimal(digest, bytes: 32) ? digest : nil
    }

    static func isName(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 16 * 1024 }

    /// Refuses what no office writes, before anything is made of it; signatures are not looked at.
    ///
    /// - Throws: `UserError` `invalid`.
    public func check() throws {
        guard format >= 1, (1...format).contains(minimumReader), minimumReader <= Self.readableFormat else {
            throw nonsense("its format is \(format) for readers of \(minimumReader)")
        }
        guard (1...40).contains(program.utf8.count), program.utf8.allSatisfy({ (0x20...0x7e).contains($0) }),
            Self.isName(officeName), (1...Int(Int32.max)).contains(incarnation),
            (0...253_402_300_799_999).contains(made.milliseconds)
        else { throw nonsense("it does not say who made it, or when") }
        guard isHexadecimal(key, bytes: 32), stateHash.map({ isHexadecimal($0, bytes: 32) }) ?? true else {
            throw nonsense("its key or its state hash is none")
        }
        try checkHeads()
        try checkEntries()
    }

    private func checkHeads() throws {
        guard heads.count <= SnapshotLimits.heads, since.count <= SnapshotLimits.heads else {
            throw nonsense("it has \(max(heads.count, since.count)) chains")
        }
        guard heads.allSatisfy(\.isSound), since.allSatisfy(\.isSound) else {
            throw nonsense("the end of a chain is none")
        }
        guard Self.areInOrder(heads.map(\.head.chain)), Self.areInOrder(since.map(\.chain)) else {
            throw nonsense("its chains are not in order, or there twice")
        }
        guard since.isEmpty || kind == .delta else {
            throw nonsense("a \(kind.rawValue) does not build on anything")
        }
        let own = heads.first { $0.head.chain == Chain(office: office, incarnation: incarnation) }
        guard own.map({ $0.key == key }) ?? true else {
            throw nonsense("its own chain was signed with another key")
        }
    }

    private func checkEntries() throws {
        guard entries.count <= SnapshotLimits.entries else {
            throw nonsense("it has \(entries.count) entries; \(SnapshotLimits.entries) are the most")
        }
        guard counts.events >= 0, counts.localEvents >= 0, counts.files >= 0, counts.calls >= 0 else {
            throw nonsense("it counts less than nothing")
        }
        var (journal, local, files) = (0, 0, 0)
        var lastFile = ""
        var total: Int64 = 0
        for entry in entries {
            if let digest = Self.fileDigest(ofEntry: entry.name), digest > lastFile, digest == entry.sha256 {
                lastFile = digest
                files += 1
            } else if files == 0, local == 0, journal < SnapshotLimits.parts,
                entry.name == Self.journalEntry(journal)
            {
                journal += 1
            } else if files == 0, kind == .backup, local < SnapshotLimits.parts,
                entry.name == Self.localEntry(local)
            {
                local += 1
            } else {
                throw nonsense("“\(Self.shown(entry.name))” is no entry, or not where it belongs")
            }
            try checkSizes(entry, isFile: files > 0)
            let (sum, overflow) = total.addingReportingOverflow(entry.size)
            guard !overflow, sum <= SnapshotLimits.totalBytes else { throw nonsense("it is too large") }
            total = sum
        }
        guard (counts.events > 0) == (journal > 0), (counts.localEvents > 0) == (local > 0),
            counts.files == Int64(files), kind != .card || entries.isEmpty
        else { throw nonsense("what it counts is not what it holds") }
    }

    private func checkSizes(_ entry: Entry, isFile: Bool) throws {
        let isSound =
            isFile
            ? (0...SnapshotLimits.fileBytes).contains(entry.size) && entry.unpacked == entry.size
            : (1...SnapshotLimits.packedPartBytes).contains(entry.size)
                && (1...SnapshotLimits.partBytes).contains(entry.unpacked)
        guard isSound, isHexadecimal(entry.sha256, bytes: 32) else {
            throw nonsense(
                "\(Self.shown(entry.name)) would have \(entry.size) bytes, unpacked \(entry.unpacked)")
        }
    }

    private static func areInOrder(_ chains: [Chain]) -> Bool {
        zip(chains, chains.dropFirst()).allSatisfy { $0 < $1 }
    }

    private static func shown(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.prefix(80)))
    }

    private func nonsense(_ detail: String) -> UserError { .snapshotInvalid(detail) }
}

extension UserError {
    /// The bytes are not the ones that were written.
    public static func snapshotDamaged(_ entry: String, _ detail: String) -> UserError {
        UserError(
            .damaged, "The snapshot is damaged at \(entry): \(detail). Nothing of it was taken in.",
            advice: "Copy it again from where it came, or ask the other office to export it again.")
    }

    /// The bytes are the ones that were written, and say what cannot be.
    public static func snapshotInvalid(_ detail: String) -> UserError {
        UserError(
            .invalid, "The snapshot makes no sense: \(detail). Nothing of it was taken in.",
            advice: "Ask the other office to export it again, and whether it really came from there.")
    }
}

private func threeDigits(_ value: Int) -> String { value < 100 ? "0" + twoDigits(value) : String(value) }
