import Foundation

/// What a snapshot says of itself; signed by the office that wrote it. `Docs/snapshots.md` is the format.
public struct SnapshotManifest: Hashable, Codable, Sendable {
    /// The newest format that this release reads, and the one it writes.
    public static let readableFormat = 1

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Every shared entry and file.
        case full
        /// What a reader lacks who holds `since`.
        case delta
        /// `full` with the local stream and the secrets: for the same office alone.
        case backup
        /// No entries and no files: how two offices are introduced.
        case card
    }

    public struct Counts: Hashable, Codable, Sendable {
        public var events: Int64
        /// Lines of the local part, secrets included; 0 but in a backup.
        public var localEvents: Int64
        public var files: Int64
        /// Counted calls of the office when this was written.
        public var calls: Int64

        public init(events: Int64 = 0, localEvents: Int64 = 0, files: Int64 = 0, calls: Int64 = 0) {
            self.events = events
            self.localEvents = localEvents
            self.files = files
            self.calls = calls
        }
    }

    /// One entry of the tar behind the manifest and its signature.
    public struct Entry: Hashable, Codable, Sendable {
        public var name: String
        /// Bytes as they lie there.
        public var size: Int64
        /// Of those bytes, in hex. Not written for a file, which is called by it.
        public var sha256: String
        /// Bytes once unpacked. Not written where they lie there as they are.
        public var unpacked: Int64

        public init(name: String, size: Int64, sha256: String, unpacked: Int64) {
            self.name = name
            self.size = size
            self.sha256 = sha256
            self.unpacked = unpacked
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            name = try values.decode(String.self, forKey: .name)
            size = try values.decode(Int64.self, forKey: .size)
            sha256 =
                try values.decodeIfPresent(String.self, forKey: .sha256)
                ?? SnapshotManifest.fileDigest(ofEntry: name) ?? ""
            unpacked = try values.decodeIfPresent(Int64.self, forKey: .unpacked) ?? size
        }

        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(name, forKey: .name)
            try values.encode(size, forKey: .size)
            if SnapshotManifest.fileDigest(ofEntry: name) != sha256 {
                try values.encode(sha256, forKey: .sha256)
            }
            if unpacked != size { try values.encode(unpacked, forKey: .unpacked) }
        }

        private enum CodingKeys: String, CodingKey { case name, size, sha256, unpacked }
    }

    public var format: Int
    /// The oldest format whose readers understand this one.
    public var minimumReader: Int
    public var kind: Kind
    /// The release that wrote it.
    public var program: String
    public var office: ID<Office>
    public var officeName: String
    public var incarnation: Int
    public var made: Instant
    /// The last entry of every chain that the office holds, by office and incarnation, each signed by its own office.
    public var heads: [SignedHead]
    /// What the reader of a delta must hold; empty otherwise, and not written then.
    public var since: [ChainHead]
    public var counts: Counts
    /// Of the shared stream's projections, in hex.
    public var stateHash: String?
    /// The exporting office's Ed25519 public key, in hex.
    public var key: String
    /// In the order of the tar.
    public var entries: [Entry]

    public init(
        format: Int = Self.readableFormat, minimumReader: Int = Self.readableFormat, kind: Kind,
        program: String,
        office: ID<Office>, officeName: String, incarnation: Int, made: Instant, heads: [SignedHead],
        since: [ChainHead] = [], counts: Counts = Counts(), stateHash: String? = nil, key: String,
        entries: [Entry] = []
    ) {
        self.format = format
        self.minimumReader = minimumReader
        self.kind = kind
        self.program = program
        self.office = office
        self.officeName = officeName
        self.incarnation = incarnation
        self.made = made
        self.heads = heads
        self.since = since
        self.counts = counts
        self.stateHash = stateHash
        self.key = key
        self.entries = entries
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            format: try values.decode(Int.self, forKey: .format),
            minimumReader: try values.decode(Int.self, forKey: .minimumReader),
            kind: try values.decode(Kind.self, forKey: .kind),
            program: try values.decode(String.self, forKey: .program),
            office: try values.decode(ID<Office>.self, forKey: .office),
            officeName: try values.decode(String.self, forKey: .officeName),
            incarnation: try values.decode(Int.self, forKey: .incarnation),
            made: try values.decode(Instant.self, forKey: .made),
            heads: try values.decode([SignedHead].self, forKey: .heads),
            since: try values.decodeIfPresent([ChainHead].self, forKey: .since) ?? [],
            counts: try values.decode(Counts.self, forKey: .counts),
            stateHash: try values.decodeIfPresent(String.self, forKey: .stateHash),
            key: try values.decode(String.self, forKey: .key),
            entries: try values.decodeIfPresent([Entry].self, forKey: .entries) ?? [])
    }

    /// What is usual is not written.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(format, forKey: .format)
        try values.encode(minimumReader, forKey: .minimumReader)
        try values.encode(kind, forKey: .kind)
        try values.encode(program, forKey: .program)
        try values.encode(office, forKey: .office)
        try values.encode(officeName, forKey: .officeName)
        try values.encode(incarnation, forKey: .incarnation)
        try values.encode(made, forKey: .made)
        try values.encode(heads, forKey: .heads)
        if !since.isEmpty { try values.encode(since, forKey: .since) }
        try values.encode(counts, forKey: .counts)
        try values.encodeIfPresent(stateHash, forKey: .stateHash)
        try values.encode(key, forKey: .key)
        if !entries.isEmpty { try values.encode(entries, forKey: .entries) }
    }

    private enum CodingKeys: String, CodingKey {
        case format, minimumReader, kind, program, office, officeName, incarnation, made, heads, since, counts
        case stateHash, key, entries
    }

    /// Canonical JSON: keys sorted, no blanks.
    public func written() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// A manifest of this or an older format, whose `check` has been passed.
    ///
    /// A newer one is told by three fields alone, which every format has: whatever else it holds may be strange.
    /// - Throws: `UserError` `unknownFormat` for a newer format, `damaged` for no manifest, `invalid` for nonsense.
    public static func read(_ json: [UInt8]) throws -> SnapshotManifest {
        let data = Data(json)
        guard let version = try? JSONDecoder().decode(Version.self, from: data) else {
            throw UserError.snapshotDamaged("manifest.json", "it is no manifest")
        }
        guard version.minimumReader <= readableFormat else { throw version.isNewer }
        let manifest: SnapshotManifest
        do { manifest = try JSONDecoder().decode(SnapshotManifest.self, from: data) } catch {
            throw UserError.snapshotDamaged("manifest.json", "a field is missing, or of another kind")
        }
        try manifest.check()
        return manifest
    }

    private struct Version: Decodable {
        var format: Int
        var minimumReader: Int
        var program: String?

        var isNewer: UserError {
            // The words come from a stranger.
            let release = (program ?? "").unicodeScalars.filter { (0x20...0x7e).contains($0.value) }.prefix(
                40)
            let writer =
                release.isEmpty ? "a newer Rollcall" : "Rollcall \(String(String.UnicodeScalarView(release)))"
            return UserError(
                .unknownFormat,
                "This snapshot was written by \(writer) in format \(format); this release reads up to format \(readableFormat).",
                advice:
                    "Upgrade Rollcall here, then read the same snapshot again; nothing of it was taken in.")
        }
    }
}
