import Crypto
import Domain
import Foundation
import Testing

@testable import Formats

/// A small snapshot of every kind of entry, and where each of its entries begins and ends.
private struct Small {
    let scratch: Scratch
    let office: SnapshotOffice
    let bytes: [UInt8]
    let spans: [(name: String, range: Range<Int>)]

    init() throws {
        scratch = try Scratch()
        office = try SnapshotOffice(events: 2)
        let files = try office.files(2, upTo: 500, in: scratch)
        let written = try office.write(.backup, to: scratch["s"], local: ["{}"], files: files)
        bytes = try scratch.get("s")
        let json = try Int64(written.manifest.written().count)
        var (start, spans) = (0, [(name: String, range: Range<Int>)]())
        let sizes =
            [("manifest.json", json), ("manifest.sig", 128)]
            + written.manifest.entries.map { ($0.name, $0.size) }
        for (name, size) in sizes {
            let end = start + Int(SnapshotTar.span(of: size))
            spans.append((name, start..<end))
            start = end
        }
        self.spans = spans
        #expect(start + 1024 == bytes.count)
    }

    func refusal(_ bytes: [UInt8]) throws -> UserError? { try FormatsTests.refusal(bytes, in: scratch) }

    /// The entries of these numbers, in this order, and the end.
    func only(_ numbers: [Int]) -> [UInt8] {
        Array(numbers.flatMap { bytes[spans[$0].range] } + [UInt8](repeating: 0, count: 1024))
    }
}

private let refusals: Set<UserError.Code> = [.damaged, .invalid, .unknownFormat]

@Test func `a snapshot with any byte flipped is refused`() throws {
    let small = try Small()
    #expect(try small.refusal(small.bytes) == nil)
    var generator = Seeded(5)
    for position in small.bytes.indices {
        var flipped = small.bytes
        // One bit: the case of a letter, the parity of a digit, the edge of a range.
        flipped[position] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        let error = try small.refusal(flipped)
        #expect(error.map { refusals.contains($0.code) } == true, "byte \(position)")
        #expect(error?.message.contains("othing of it was taken in") == true)
    }
}

@Test func `a snapshot cut at any length, or with anything behind it, is refused`() throws {
    let small = try Small()
    let boundaries = small.spans.flatMap {
        [$0.range.lowerBound, $0.range.lowerBound + 512, $0.range.upperBound]
    }
    let lengths = Set(stride(from: 0, to: small.bytes.count, by: 7)).union(boundaries)
        .union([small.bytes.count - 1, small.bytes.count - 512])
    for length in lengths.sorted() {
        let error = try small.refusal(Array(small.bytes.prefix(length)))
        #expect(error.map { refusals.contains($0.code) } == true, "\(length) bytes")
    }
    for tail in [[UInt8(0)], [1], [UInt8](repeating: 0, count: 512), small.bytes] {
        #expect(try small.refusal(small.bytes + tail)?.code == .damaged)
    }
}

@Test func `entries in another order, missing or twice are refused, and named`() throws {
    let small = try Small()
    let all = Array(small.spans.indices)
    for entry in all {
        #expect(try small.refusal(small.only(all.filter { $0 != entry })) != nil, "without \(entry)")
        #expect(try small.refusal(small.only(all + [entry])) != nil, "\(entry) again at the end")
        for other in all where other != entry {
            var order = all
            order.swapAt(entry, other)
            #expect(try small.refusal(small.only(order)) != nil, "\(entry) and \(other) swapped")
            order = all
            order[other] = entry
            #expect(try small.refusal(small.only(order)) != nil, "\(entry) in the place of \(other)")
        }
    }
    var order = all
    order.swapAt(2, 3)
    let error = try small.refusal(small.only(order))
    #expect(
        error?.message
            == "The snapshot is damaged at journal/000.ndjson.zst: it does not begin where it should. Nothing of it was taken in."
    )
    #expect(error?.advice.isEmpty == false)
}

@Test func `another name, a link, a device or a header of other tools before an entry is refused`() throws {
    let small = try Small()
    func sealed(_ header: [UInt8]) -> [UInt8] {
        var header = header
        for place in 148..<156 { header[place] = 0x20 }
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        for (place, digit) in (String(repeating: "0", count: 6 - sum.count) + sum).utf8.enumerated() {
            header[148 + place] = digit
        }
        header[154] = 0
        return header
    }
    for (number, span) in small.spans.enumerated() {
        let start = span.range.lowerBound
        func with(_ change: (inout [UInt8]) -> Void) throws -> UserError? {
            var header = Array(small.bytes[start..<start + 512])
            change(&header)
            return try small.refusal(small.bytes[..<start] + sealed(header) + small.bytes[(start + 512)...])
        }
        #expect(try with { _ in } == nil, "the sum is made as the writer makes it")
        for name in ["../x", "/etc/passwd", "./\(span.name)", "files/../x", "x", ""] {
            #expect(
                try with {
                    $0.replaceSubrange(
                        0..<100, with: Array(name.utf8) + [UInt8](repeating: 0, count: 100 - name.utf8.count))
                } != nil)
        }
        // Hard link, symbolic link, devices, folder, pipe, pax, GNU long name and sparse, no type at all.
        for type in "1234567xgLKSVMDN\0".utf8 {
            #expect(try with { $0[156] = type } != nil, "\(span.name) of type \(type)")
        }
        #expect(try with { $0[157] = 0x61 } != nil)
        #expect(try with { $0[103] = 0x37 } != nil)
        #expect(try with { $0[135] = 0x31 } != nil)
        #expect(try with { $0[345] = 0x2e } != nil, "a prefix of the name")
        #expect(try with { $0[124] = 0x80 } != nil, "a size in base 256")
        for type in ["x", "g", "L", "K"] {
            var header = SnapshotTar.header(name: "pax", size: 13)
            header[156] = Array(type.utf8)[0]
            let record = Array("13 path=../x\n".utf8) + [UInt8](repeating: 0, count: 499)
            let bytes = small.bytes[..<start] + sealed(header) + record + small.bytes[start...]
            #expect(try small.refusal(Array(bytes)) != nil, "\(type) before entry \(number)")
        }
    }
}

@Test func `a manifest that another key signed is refused, and one of another office is told by its key`()
    throws
{
    let small = try Small()
    let stranger = try SnapshotOffice(9)
    let json = Array(small.bytes[512...].prefix { $0 != 0 })
    let forged = try stranger.forge(small.office.manifest(), [], json: json)
    let rest = small.spans[2].range.lowerBound
    let error = try small.refusal(Array(forged.dropLast(1024)) + small.bytes[rest...])
    #expect(error?.message.contains("did not sign this manifest") == true)
    // With its own key it is a snapshot of its own; that nobody knows the key is the caller's to say.
    var manifest = try small.office.manifest(.card)
    manifest.heads = []
    manifest.key = stranger.keyText
    let path = try small.scratch.put("own", stranger.forge(manifest, []))
    #expect(try SnapshotReader(path: path).manifest.key == stranger.keyText)
}

@Test func `the history of another office cannot be forged by who carries it`() throws {
    let scratch = try Scratch()
    let (relay, other) = (try SnapshotOffice(1, events: 2), try SnapshotOffice(2, name: "Süd", events: 4))
    var manifest = try relay.manifest()
    manifest.heads.append(try other.head())
    func write(_ manifest: SnapshotManifest, _ events: [Event]) throws -> UserError? {
        let lines = try journal(events)
        try scratch.put("lines", lines)
        try scratch.run("zstd -qf lines")
        let packed = try scratch.get("lines.zst")
        var manifest = manifest
        manifest.counts.events = Int64(events.count)
        manifest.entries = [
            SnapshotManifest.Entry(
                name: SnapshotManifest.journalEntry(0), size: Int64(packed.count),
                sha256: hexadecimal(SHA256.hash(data: packed)), unpacked: Int64(lines.count))
        ]
        return try refusal(try relay.forge(manifest, [("journal/000.ndjson.zst", packed)]), in: scratch)
    }
    #expect(try write(manifest, relay.events + other.events) == nil)
    #expect(try write(manifest, other.events + relay.events) == nil)
    // An entry left out, two swapped, one too few, one too many, one of a chain that nobody signed.
    #expect(try write(manifest, relay.events + other.events.dropFirst())?.code == .invalid)
    #expect(
        try write(manifest, relay.events + [other.events[1], other.events[0]] + other.events[2...])?.code
            == .invalid)
    #expect(try write(manifest, relay.events + other.events.dropLast())?.code == .invalid)
    #expect(try write(manifest, relay.events + other.events + [other.events[3]])?.code == .invalid)
    var shorter = manifest
    shorter.heads.removeLast()
    #expect(try write(shorter, relay.events + other.events)?.code == .invalid)
    // A history of the relay's making, that fits together and has another end than the signed one.
    var changed = other.events
    var last = changed.removeLast()
    last.payload = "{\"t\":\"forged\"}"
    last.hash = Array(SHA256.hash(data: Data(last.hashedText.utf8)))
    #expect(
        try write(manifest, relay.events + changed + [last])?.message.contains(
            "not the one that its office signed") == true)
    // And a head for it, which only the other office could sign.
    var forged = manifest
    forged.heads[1].head.hash = hexadecimal(last.hash)
    #expect(
        try write(forged, relay.events + changed + [last])?.message.contains("Süd did not sign entry 4")
            == true)
    // Another entry in the middle, with a hash of its own, before the ones that the office wrote.
    var middle = other.events
    middle[1].payload = "{\"t\":\"forged\"}"
    middle[1].hash = Array(SHA256.hash(data: Data(middle[1].hashedText.utf8)))
    #expect(
        try write(manifest, relay.events + middle)?.message.contains("entry 3 does not go on after entry 2")
            == true)
    // A local entry that its office would never let travel.
    var local = try #require(relay.events.last)
    local.stream = .local
    local.hash = Array(SHA256.hash(data: Data(local.hashedText.utf8)))
    #expect(try write(manifest, [relay.events[0], local] + other.events)?.code == .invalid)
}

@Test func `a newer format is refused in one sentence, whatever else it holds`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    for rest in ["", ",\"office\":7,\"entries\":{\"a\":[1]},\"heads\":null"] {
        let json = Array("{\"format\":7,\"minimumReader\":5,\"program\":\"9.1\"\(rest)}".utf8)
        let error = try refusal(office.forge(office.manifest(), [("new", [1, 2])], json: json), in: scratch)
        #expect(error?.code == .unknownFormat)
        #expect(
            error?.message
                == "This snapshot was written by Rollcall 9.1 in format 7; this release reads up to format 1."
        )
    }
    // A newer writer whose format this release still understands.
    var manifest = try office.manifest(.card)
    manifest.format = 3
    var text = String(decoding: try manifest.written(), as: UTF8.self)
    text = text.replacing("{\"counts\"", with: "{\"added\":{\"x\":[1]},\"counts\"")
    #expect(try refusal(office.forge(manifest, [], json: Array(text.utf8)), in: scratch) == nil)
    for json in [
        "", "{", "[]", "null", "{\"format\":1}", "{\"format\":1,\"minimumReader\":1}",
        "{\"format\":1e99,\"minimumReader\":1}",
    ] {
        let error = try refusal(office.forge(manifest, [], json: Array(json.utf8)), in: scratch)
        #expect(error?.code == .damaged || json.isEmpty && error?.code == .invalid, "\(json)")
    }
}
