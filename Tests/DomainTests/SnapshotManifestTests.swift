import Domain
import Foundation
import Testing

@Suite struct SnapshotManifestTests {
    private static let office: ID<Office> = EventFormatTests.id(1)
    private static let other: ID<Office> = EventFormatTests.id(2)
    private static func digest(_ letter: Character, bytes: Int = 32) -> String {
        String(repeating: letter, count: bytes * 2)
    }

    private static func head(
        _ office: ID<Office>, _ incarnation: Int = 1, seq: Int64 = 4, key: Character = "a"
    ) -> SignedHead {
        SignedHead(
            head: ChainHead(office: office, incarnation: incarnation, seq: seq, hash: digest("b")),
            name: "Nord",
            key: digest(key), signature: digest("c", bytes: 64))
    }

    private static func entry(_ name: String, _ size: Int64 = 9, unpacked: Int64 = 12)
        -> SnapshotManifest.Entry
    {
        SnapshotManifest.Entry(name: name, size: size, sha256: digest("d"), unpacked: unpacked)
    }

    private static func file(_ letter: Character, size: Int64 = 9) -> SnapshotManifest.Entry {
        SnapshotManifest.Entry(
            name: "files/\(digest(letter))", size: size, sha256: digest(letter), unpacked: size)
    }

    private static let good = SnapshotManifest(
        kind: .backup, program: "0.5", office: office, officeName: "Nord / \"1\"", incarnation: 1,
        made: Instant(milliseconds: 1_764_000_000_000),
        heads: [head(office), head(office, 2), head(other, key: "e")],
        counts: SnapshotManifest.Counts(events: 3, localEvents: 2, files: 2, calls: 5),
        stateHash: digest("f"),
        key: digest("a"),
        entries: [
            entry("journal/000.ndjson.zst"), entry("journal/001.ndjson.zst"), entry("local/000.ndjson.zst"),
            file("0", size: 0), file("1"),
        ])

    @Test func `the manifest is written in one spelling, for ever`() throws {
        var small = Self.good
        small.heads = [Self.head(Self.office)]
        small.entries = [Self.entry("journal/000.ndjson.zst"), Self.file("1")]
        small.counts = SnapshotManifest.Counts(events: 3, files: 1, calls: 5)
        small.kind = .delta
        small.since = [ChainHead(office: Self.office, incarnation: 1, seq: 1, hash: Self.digest("b"))]
        let id = "01890a5d-ac96-774b-bcce-b302099a8001"
        let text = """
            {"counts":{"calls":5,"events":3,"files":1,"localEvents":0},"entries":[{"name":"journal/000.ndjson.zst",\
            "sha256":"\(Self.digest("d"))","size":9,"unpacked":12},{"name":"files/\(Self.digest("1"))","size":9}],\
            "format":1,"heads":[{"head":{"hash":"\(Self.digest("b"))","incarnation":1,"office":"\(id)","seq":4},\
            "key":"\(Self.digest("a"))","name":"Nord","signature":"\(Self.digest("c", bytes: 64))"}],"incarnation":1,\
            "key":"\(Self.digest("a"))","kind":"delta","made":1764000000000,"minimumReader":1,"office":"\(id)",\
            "officeName":"Nord / \\"1\\"","program":"0.5",\
            "since":[{"hash":"\(Self.digest("b"))","incarnation":1,"office":"\(id)","seq":1}],\
            "stateHash":"\(Self.digest("f"))"}
            """
        #expect(String(decoding: try small.written(), as: UTF8.self) == text)
        #expect(try SnapshotManifest.read(Array(text.utf8)) == small)
        #expect(try SnapshotManifest.read(Self.good.written()) == Self.good)
        // What is usual may be missing.
        let card = SnapshotManifest(
            kind: .card, program: "0.5", office: Self.office, officeName: "N", incarnation: 1,
            made: Instant(milliseconds: 0), heads: [], key: Self.digest("a"))
        let words = String(decoding: try card.written(), as: UTF8.self)
        for key in ["since", "entries", "stateHash"] { #expect(!words.contains(key)) }
        #expect(try SnapshotManifest.read(Array(words.utf8)) == card)
    }

    /// Each of them alone makes a good manifest nonsense.
    private static let nonsense: [(String, @Sendable (inout SnapshotManifest) -> Void)] = [
        ("format 0", { $0.format = 0 }), ("a reader of 0", { $0.minimumReader = 0 }),
        ("a reader newer than the format", { ($0.format, $0.minimumReader) = (1, 2) }),
        ("no release", { $0.program = "" }), ("a release in two lines", { $0.program = "1\n2" }),
        ("a long release", { $0.program = String(repeating: "1", count: 41) }),
        ("no name", { $0.officeName = "" }),
        ("a long name", { $0.officeName = String(repeating: "a", count: 20_000) }),
        ("incarnation 0", { $0.incarnation = 0 }), ("before 1970", { $0.made = Instant(milliseconds: -1) }),
        ("after 9999", { $0.made = Instant(milliseconds: .max) }),
        ("a short key", { $0.key.removeLast() }), ("a key in capitals", { $0.key = $0.key.uppercased() }),
        ("another key than its chain's", { $0.key = digest("9") }),
        ("a state hash that is none", { $0.stateHash = "x" }),
        ("chains in another order", { $0.heads.swapAt(0, 1) }),
        ("a chain twice", { $0.heads.append(head(other)) }),
        ("a head of nothing", { $0.heads[0].head.seq = 0 }),
        ("a head of incarnation 0", { $0.heads[0].head.incarnation = 0 }),
        ("a head without hash", { $0.heads[0].head.hash = "" }),
        ("a head of a short key", { $0.heads[2].key = "aa" }),
        ("a head that nobody signed", { $0.heads[0].signature = "" }),
        ("a head without name", { $0.heads[0].name = "" }),
        ("a full one that builds on something", { $0.since = [head(office).head] }),
        (
            "a delta with chains twice",
            { ($0.kind, $0.since) = (.delta, [head(office).head, head(office).head]) }
        ),
        ("fewer events than none", { $0.counts.events = -1 }),
        ("fewer calls than none", { $0.counts.calls = -1 }),
        ("events and no journal", { $0.entries.removeFirst(2) }),
        ("a journal and no events", { $0.counts.events = 0 }),
        ("local lines and no part", { $0.entries.remove(at: 2) }),
        ("a local part and no lines", { $0.counts.localEvents = 0 }),
        ("another number of files", { $0.counts.files = 3 }),
        ("a local part for another office", { $0.kind = .full }),
        ("files on a card", { $0 = card(with: $0) }),
        ("a part left out", { $0.entries[1].name = "journal/002.ndjson.zst" }),
        ("a part twice", { $0.entries[1].name = "journal/000.ndjson.zst" }),
        ("a part as nobody writes it", { $0.entries[0].name = "journal/0.ndjson.zst" }),
        ("local before shared", { $0.entries.swapAt(1, 2) }),
        ("a file before the journal", { $0.entries.swapAt(0, 3) }),
        ("files in another order", { $0.entries.swapAt(3, 4) }),
        ("a file twice", { $0.entries[4] = $0.entries[3] }),
        ("a file of another name than its hash", { $0.entries[4].sha256 = digest("2") }),
        ("a folder above", { $0.entries[4].name = "files/../x" }),
        ("an absolute name", { $0.entries[4].name = "/etc/passwd" }),
        ("the manifest again", { $0.entries[0].name = "manifest.json" }),
        ("no entry's name", { $0.entries[0].name = "" }),
        (
            "a file called by no hash",
            { ($0.entries[4].name, $0.entries[4].sha256) = ("files/" + digest("g"), digest("g")) }
        ),
        ("a negative size", { $0.entries[0].size = -1 }), ("an empty part", { $0.entries[0].size = 0 }),
        ("a part that unpacks to nothing", { $0.entries[0].unpacked = 0 }),
        ("a part that unpacks to 10 GB", { $0.entries[0].unpacked = 10 << 30 }),
        ("a part that lies there too large", { $0.entries[0].size = 66 << 20 }),
        ("a part without hash", { $0.entries[0].sha256 = "" }),
        ("a file of 8 GB", { ($0.entries[4].size, $0.entries[4].unpacked) = (8 << 30, 8 << 30) }),
        ("a file that would be unpacked", { $0.entries[4].unpacked = 10 }),
        ("sizes beyond 64 bits", { ($0.entries[4].size, $0.entries[4].unpacked) = (.max, .max) }),
    ]

    private static func card(with manifest: SnapshotManifest) -> SnapshotManifest {
        var card = manifest
        card.kind = .card
        card.entries.removeFirst(3)
        card.counts = SnapshotManifest.Counts(files: 2)
        return card
    }

    @Test func `nonsense is refused, each for itself`() throws {
        try Self.good.check()
        for (name, change) in Self.nonsense {
            var manifest = Self.good
            change(&manifest)
            let error = #expect(throws: UserError.self, "\(name)") { try manifest.check() }
            #expect(error?.code == .invalid, "\(name)")
            // Read from bytes it is refused as well, whatever the coding makes of it.
            #expect(throws: UserError.self, "\(name)") { try SnapshotManifest.read(manifest.written()) }
        }
    }

    @Test func `too many of anything is refused`() throws {
        var manifest = Self.good
        manifest.entries += (0..<SnapshotLimits.entries).map { _ in Self.file("2") }
        #expect(throws: UserError.self) { try manifest.check() }
        manifest = Self.good
        manifest.heads = (1...SnapshotLimits.heads + 1).map { Self.head(Self.office, $0) }
        #expect(throws: UserError.self) { try manifest.check() }
        manifest.heads.removeLast()
        try manifest.check()
        // 16 TB in files of 8 GB.
        manifest = Self.good
        let count = 2050
        manifest.entries = (0..<count).map { number in
            let digits = String(number, radix: 16)
            let digest = String(repeating: "0", count: 64 - digits.count) + digits
            return SnapshotManifest.Entry(
                name: "files/" + digest, size: SnapshotLimits.fileBytes, sha256: digest,
                unpacked: SnapshotLimits.fileBytes)
        }
        manifest.counts = SnapshotManifest.Counts(files: Int64(count))
        #expect(throws: UserError.self) { try manifest.check() }
        manifest.entries.removeLast(3)
        manifest.counts.files -= 3
        try manifest.check()
    }

    @Test func `a newer format names its release in plain letters`() {
        for (program, shown) in [
            ("\"9.1\"", "Rollcall 9.1"), ("\"9\\u0000\\n<\\u202e1\"", "Rollcall 9<1"),
            ("null", "a newer Rollcall"),
        ] {
            let error = #expect(throws: UserError.self) {
                try SnapshotManifest.read(
                    Array("{\"format\":3,\"minimumReader\":2,\"program\":\(program)}".utf8))
            }
            #expect(
                error?.message
                    == "This snapshot was written by \(shown) in format 3; this release reads up to format 1."
            )
            #expect(error?.code == .unknownFormat)
        }
    }

    @Test func `what an office signs about its chain stays on its lines`() {
        let head = Self.head(Self.office).head
        #expect(
            SignedHead.signedText(head, name: "No\\rd\r\n1", key: "k")
                == "rollcall-head-1\n01890a5d-ac96-774b-bcce-b302099a8001\n1\n4\n\(Self.digest("b"))\nNo\\\\rd\r\\n1\nk\n"
        )
    }

    @Test func `hexadecimal text is read in one spelling`() {
        #expect(bytes(ofHexadecimal: "00ff1a") == [0, 255, 26] && bytes(ofHexadecimal: "") == [])
        for text in ["0", "0g", "0G", "FF", "０0", " 00", "é"] { #expect(bytes(ofHexadecimal: text) == nil) }
    }
}
