import Crypto
import Domain
import Foundation
import Testing

@testable import Formats

/// An office with a key, a chain of entries and some archives, from a seed.
struct SnapshotOffice {
    let key: Curve25519.Signing.PrivateKey
    let id: ID<Office>
    let name: String
    private(set) var events: [Event] = []

    init(_ seed: UInt8 = 1, name: String = "Nord “1”", events: Int = 0, payload: Int = 40) throws {
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
        id = try #require(ID("01890a5d-ac96-774b-bcce-b302099a80\(String(100 + Int(seed)).suffix(2))"))
        self.name = name
        var generator = Seeded(UInt64(seed))
        for _ in 0..<events { append(payload: payload, &generator) }
    }

    init(_ other: Self, _ events: [Event]) {
        (key, id, name) = (other.key, other.id, other.name)
        self.events = events
    }

    var keyText: String { hexadecimal(key.publicKey.rawRepresentation) }

    func sign(_ bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: bytes)) }

    mutating func append(payload size: Int, _ generator: inout Seeded) {
        let text = (0..<size).map { _ in "abc äé\\\\\\\"€😀\u{7f}".randomElement(using: &generator) ?? "a" }
        let payload =
            "{\"t\":\"\(String(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"}"
        var event = Event(
            stream: .shared, office: id, incarnation: 1, seq: Int64(events.count) + 1,
            time: HybridTime(bits: (1_700_000_000_000 + Int64(events.count)) << 16),
            actor: events.count.isMultiple(of: 3)
                ? .program : Actor(user: ID(id.uuid), name: "Ann\t\"\\\r\n\u{1}", via: "web 192.168.1.20"),
            kind: "personRenamed", payload: payload,
            previousHash: events.last?.hash ?? [UInt8](repeating: 0, count: 32))
        event.hash = Array(SHA256.hash(data: Data(event.hashedText.utf8)))
        events.append(event)
    }

    func head(at count: Int? = nil) throws -> SignedHead {
        let last = try #require(events.prefix(count ?? events.count).last)
        return try SignedHead(
            ChainHead(office: id, incarnation: 1, seq: last.seq, hash: hexadecimal(last.hash)), name: name,
            key: keyText, sign: sign)
    }

    func manifest(_ kind: SnapshotManifest.Kind = .full, since: [ChainHead] = []) throws -> SnapshotManifest {
        SnapshotManifest(
            kind: kind, program: "0.5", office: id, officeName: name, incarnation: 1,
            made: Instant(milliseconds: 1_764_000_000_000), heads: events.isEmpty ? [] : [try head()],
            since: since,
            counts: SnapshotManifest.Counts(calls: 7), key: keyText)
    }

    /// `count` archives of up to so many bytes, none of them empty but the first.
    func files(_ count: Int, upTo size: Int = 1500, in scratch: Scratch) throws -> [SnapshotFile] {
        var generator = Seeded(UInt64(count))
        return try (0..<count).map { number in
            let bytes = (0..<(number == 0 ? 0 : Int.random(in: 1...size, using: &generator)))
                .map { _ in UInt8.random(in: 0...255, using: &generator) }
            let path = try scratch.put("archive\(number)", bytes)
            return SnapshotFile(path: path, sha256: hexadecimal(SHA256.hash(data: bytes)))
        }
    }

    @discardableResult
    func write(
        _ kind: SnapshotManifest.Kind = .full, to path: String, from first: Int = 0, since: [ChainHead] = [],
        local: [String] = [], files: [SnapshotFile] = [], seal: Seal? = nil
    ) throws -> SnapshotSummary {
        var events = kind == .card ? [].makeIterator() : Array(events.dropFirst(first)).makeIterator()
        var lines = local.makeIterator()
        return try SnapshotWriter(manifest: manifest(kind, since: since), seal: seal, sign: sign).write(
            to: path, events: { events.next() }, local: { lines.next().map { Array($0.utf8) } }, files: files)
    }

    /// A snapshot as a stranger with this key would make it: whatever is said and whatever lies there.
    func forge(
        _ manifest: SnapshotManifest, _ entries: [(name: String, bytes: [UInt8])], json: [UInt8]? = nil
    ) throws -> [UInt8] {
        let json = try json ?? manifest.written()
        let signature = hexadecimal(try sign(SnapshotManifest.signedBytes(json)))
        var tar: [UInt8] = []
        for (name, bytes) in [("manifest.json", json), ("manifest.sig", Array(signature.utf8))] + entries {
            tar += SnapshotTar.header(name: name, size: Int64(bytes.count)) + bytes
            tar += [UInt8](repeating: 0, count: Int(SnapshotTar.padding(after: Int64(bytes.count))))
        }
        return tar + [UInt8](repeating: 0, count: SnapshotTar.endBytes)
    }

    /// The manifest and the entry of one part that holds these bytes, packed or not, with the sizes it is said to have.
    func forgePart(
        _ packed: [UInt8], unpacked: Int64, lines: Int64, kind: SnapshotManifest.Kind = .full,
        size: Int64? = nil
    ) throws -> [UInt8] {
        var manifest = try manifest(kind)
        let name = kind == .backup ? SnapshotManifest.localEntry(0) : SnapshotManifest.journalEntry(0)
        // Else the journal that is missing would be what is wrong.
        if kind == .backup { manifest.heads = [] }
        if kind == .backup { manifest.counts.localEvents = lines } else { manifest.counts.events = lines }
        manifest.entries = [
            SnapshotManifest.Entry(
                name: name, size: size ?? Int64(packed.count), sha256: hexadecimal(SHA256.hash(data: packed)),
                unpacked: unpacked)
        ]
        return try forge(manifest, [(name, packed)])
    }
}

/// Everything that a reader gives.
struct SnapshotContent: Equatable {
    var events: [Event] = []
    var local: [String] = []

    init(_ reader: SnapshotReader) throws {
        try reader.eachEvent { events.append($0) }
        try reader.eachLocalLine { local.append(String(decoding: $0, as: UTF8.self)) }
    }
}

/// What a reader says to these bytes; nil: it takes them.
func refusal(_ bytes: [UInt8], in scratch: Scratch, opener: SealOpener = .none) throws -> UserError? {
    let path = try scratch.put("refused", bytes)
    do {
        try SnapshotReader(path: path, opener: opener).verify()
        return nil
    } catch let error as UserError { return error }
}

/// The lines of these entries.
func journal(_ events: [Event]) throws -> [UInt8] {
    var lines: [UInt8] = []
    for event in events { lines += try SnapshotEvent.encode(event) + [0x0a] }
    return lines
}
