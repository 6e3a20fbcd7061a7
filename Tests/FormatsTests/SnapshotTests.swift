import Crypto
import Domain
import Foundation
import Testing

@testable import Formats

private let localLines = ["{\"kind\":\"userAdded\"}", "{\"secret\":\"€\"}"]

@Test(arguments: SnapshotManifest.Kind.allCases)
func `a snapshot gives back what went into it`(kind: SnapshotManifest.Kind) throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 30)
    let first = kind == .delta ? 12 : 0
    let since = kind == .delta ? [try office.head(at: 12).head] : []
    let files = kind == .card ? [] : try office.files(4, in: scratch)
    let written = try office.write(
        kind, to: scratch["s"], from: first, since: since, local: kind == .backup ? localLines : [],
        files: files)

    let reader = try SnapshotReader(path: scratch["s"])
    #expect(reader.manifest == written.manifest)
    #expect(reader.digest == written.digest && reader.fileSize == written.bytes && !reader.isSealed)
    #expect(reader.manifest.key == office.keyText)
    #expect(try reader.manifest.heads == [office.head()])
    let content = try SnapshotContent(reader)
    #expect(content.events == (kind == .card ? [] : Array(office.events.dropFirst(first))))
    #expect(content.local == (kind == .backup ? localLines : []))
    for file in files {
        try reader.extractFile(file.sha256, to: scratch["out"])
        #expect(try scratch.get("out") == Data(contentsOf: URL(filePath: file.path)).map { $0 })
    }
    #expect(Set(reader.manifest.fileEntries.map(\.sha256)) == Set(files.map(\.sha256)))
    let missing = #expect(throws: UserError.self) {
        try reader.extractFile(String(repeating: "0", count: 64), to: scratch["none"])
    }
    #expect(missing?.code == .notFound && !scratch.names.contains("none"))
}

@Test func `the tools of every system open a snapshot`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 5)
    let files = try office.files(2, in: scratch)
    let written = try office.write(.backup, to: scratch["s"], local: localLines, files: files)
    for tool in ["tar", "bsdtar"] where try scratch.run("command -v \(tool)").status == 0 {
        let listing = try scratch.run("\(tool) -tf s")
        #expect(listing.status == 0)
        #expect(
            listing.output.split(separator: "\n").map(String.init)
                == ["manifest.json", "manifest.sig"] + written.manifest.entries.map(\.name), "\(tool)")
    }
    #expect(
        try scratch.run("tar -tvf s manifest.sig").output.split(separator: " ").joined(separator: " ")
            == "-rw------- 0/0 128 1980-01-01 00:00 manifest.sig\n")
    // Our header is the one that tar itself writes.
    try scratch.run(
        "tar -xf s manifest.json && chmod 600 manifest.json && touch -d '1980-01-01 UTC' manifest.json")
    try scratch.run("tar --format=ustar --numeric-owner --owner=0 --group=0 -cf again manifest.json")
    #expect(try scratch.get("again").prefix(512) == scratch.get("s").prefix(512))
    let lines = try scratch.run("tar -xOf s journal/000.ndjson.zst | zstd -dc")
    let wanted = try office.events.map {
        String(decoding: try SnapshotEvent.encode($0), as: UTF8.self) + "\n"
    }
    #expect(lines.output == wanted.joined())
    #expect(
        try scratch.run("tar -xOf s local/000.ndjson.zst | zstd -dc").output
            == localLines.map { $0 + "\n" }.joined())
    #expect(try scratch.run("tar -xOf s files/\(files[1].sha256) | cmp - archive1").status == 0)
}

@Test func `the same input gives the same bytes`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 300, payload: 900)
    let files = try office.files(5, in: scratch)
    try office.write(.backup, to: scratch["a"], local: localLines, files: files)
    try office.write(.backup, to: scratch["b"], local: localLines, files: files.reversed())
    #expect(try scratch.get("a") == scratch.get("b"))
    #expect(try scratch.run("stat -c %a a").output == "600\n")
}

@Test func `a journal of several parts comes back whole`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 40, payload: 300)
    var events = office.events.makeIterator()
    var writer = SnapshotWriter(manifest: try office.manifest(), sign: office.sign)
    writer.partBytes = 4000
    let written = try writer.write(to: scratch["s"], events: { events.next() })
    let parts = written.manifest.journalEntries
    #expect(parts.map(\.name) == parts.indices.map(SnapshotManifest.journalEntry) && parts.count > 5)
    #expect(parts.allSatisfy { (1...4000).contains($0.unpacked) })
    #expect(try SnapshotContent(SnapshotReader(path: scratch["s"])).events == office.events)
    #expect(try scratch.run("tar -xf s && cat journal/* | zstd -dc | wc -l").output == "40\n")
}

@Test func `an entry too long for a line is refused before a file is made`() throws {
    let scratch = try Scratch()
    var office = try SnapshotOffice(events: 1)
    var event = try #require(office.events.last)
    event.payload = "\"\(String(repeating: "a", count: SnapshotLimits.payloadBytes))\""
    event.hash = Array(SHA256.hash(data: Data(event.hashedText.utf8)))
    office.replaceLast(event)
    let error = #expect(throws: UserError.self) { try office.write(to: scratch["s"]) }
    #expect(error?.code == .tooLarge)
    #expect(scratch.names.isEmpty)
}

@Test func `an archive that is not what it was stops the writing, and leaves the old file`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 2)
    var files = try office.files(3, in: scratch)
    try scratch.put("s", [1, 2, 3])
    let before = scratch.names
    func failure() throws -> UserError.Code? {
        let error = #expect(throws: UserError.self) { try office.write(to: scratch["s"], files: files) }
        #expect(try scratch.get("s") == [1, 2, 3])
        return error?.code
    }
    var bytes = try scratch.get("archive1")
    bytes[0] ^= 1
    try scratch.put("archive1", bytes)
    #expect(try failure() == .damaged)
    files[1].path = scratch["no"]
    #expect(try failure() == .damaged)
    try scratch.run("ln -s archive2 link")
    files[1].path = scratch["link"]
    #expect(try failure() == .damaged)
    files[1] = files[2]
    #expect(try failure() == .invalid)
    #expect(scratch.names == (before + ["link"]).sorted())
}

@Test func `what does not go on, or is not signed by the office, is not written`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 6)
    let other = try SnapshotOffice(2)
    func code(_ events: [Event], _ sign: @escaping SnapshotSigner) -> UserError.Code? {
        var rest = events.makeIterator()
        return #expect(throws: UserError.self) {
            try SnapshotWriter(manifest: office.manifest(), sign: sign)
                .write(to: scratch["s"], events: { rest.next() })
        }?.code
    }
    #expect(code(office.events.dropLast(), office.sign) == .invalid)
    #expect(code(Array(office.events.dropFirst()), office.sign) == .invalid)
    #expect(code([office.events[0]] + office.events[2...], office.sign) == .invalid)
    #expect(code(office.events.reversed(), office.sign) == .invalid)
    var altered = office.events
    altered[2].actor.name = "Ben"
    #expect(code(altered, office.sign) == .damaged)
    #expect(code(office.events, other.sign) == .invalid)
    #expect(throws: UserError.self) {
        try SignedHead(office.head().head, name: "x", key: office.keyText, sign: other.sign)
    }
    #expect(scratch.names.isEmpty)
}

@Test func `writing and reading stop when asked, and say how far they are`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 20)
    let files = try office.files(3, upTo: 3_000_000, in: scratch)
    var (calls, steps) = (0, [Int64]())
    var events = office.events.makeIterator()
    let written = try SnapshotWriter(manifest: office.manifest(), sign: office.sign).write(
        to: scratch["s"], events: { events.next() }, files: files,
        isCancelled: {
            calls += 1
            return false
        }, progress: { steps.append($0 * 1000 / $1) })
    #expect(steps == steps.sorted() && steps.last == 1000 && steps.count > 3)
    for stop in 0..<calls {
        var (left, rest) = (stop, office.events.makeIterator())
        let error = #expect(throws: UserError.self) {
            try SnapshotWriter(manifest: office.manifest(), sign: office.sign).write(
                to: scratch["t"], events: { rest.next() }, files: files,
                isCancelled: {
                    left -= 1
                    return left < 0
                })
        }
        #expect(error?.code == .cancelled)
    }
    #expect(!scratch.names.contains("t") && scratch.names.count == 4)
    let reader = try SnapshotReader(path: scratch["s"])
    var read: [Int64] = []
    try reader.verify(progress: { read.append($0 * 1000 / $1) })
    #expect(read == read.sorted() && read.last == 1000 && written.bytes == reader.fileSize)
    #expect(throws: UserError.self) { try reader.eachEvent(isCancelled: { true }) { _ in } }
    #expect(throws: UserError.self) {
        try reader.extractFile(files[2].sha256, to: scratch["t"], isCancelled: { true })
    }
    #expect(!scratch.names.contains("t"))
}

@Test func `a file that was swapped behind the check is noticed`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 10)
    let files = try office.files(2, in: scratch)
    try office.write(to: scratch["s"], files: files)
    let reader = try SnapshotReader(path: scratch["s"])
    try reader.verify()
    let good = try scratch.get("s")
    for name in [SnapshotManifest.journalEntry(0), SnapshotManifest.fileEntry(files[1].sha256)] {
        let entry = try #require(reader.manifest.entries.first { $0.name == name })
        let place = try #require(good.firstRange(of: SnapshotTar.header(name: name, size: entry.size)))
        var bad = good
        bad[place.upperBound + Int(entry.size) / 2] ^= 0x10
        // In place: the descriptor stays the same.
        let handle = try #require(FileHandle(forWritingAtPath: scratch["s"]))
        try handle.write(contentsOf: bad)
        #expect(throws: UserError.self) {
            try reader.eachEvent { _ in }
            for file in files { try reader.extractFile(file.sha256, to: scratch["out"]) }
        }
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: good)
    }
    _ = try SnapshotContent(reader)
}

@Test func `a reader takes a file by its descriptor, and no pipe or folder`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 2)
    try office.write(to: scratch["s"])
    let handle = try #require(FileHandle(forReadingAtPath: scratch["s"]))
    let reader = try SnapshotReader(descriptor: handle.fileDescriptor)
    try handle.close()
    #expect(try SnapshotContent(reader).events == office.events)
    try scratch.run("mkfifo pipe")
    for (name, code) in [("pipe", UserError.Code.unreadable), (".", .unreadable), ("no", .notFound)] {
        let error = #expect(throws: UserError.self) { _ = try SnapshotReader(path: scratch[name]) }
        #expect(error?.code == code, "\(name)")
    }
}

@Test func `the page about the format names every field and every number`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "Docs/snapshots.md"), encoding: .utf8)
    let office = try SnapshotOffice(events: 3)
    var manifest = try office.manifest(.delta, since: [office.head(at: 1).head])
    manifest.stateHash = office.keyText
    let since = try #require(manifest.since.first)
    manifest.entries = [SnapshotManifest.Entry(name: "a", size: 1, sha256: since.hash, unpacked: 2)]
    for json in [try manifest.written(), try SnapshotEvent.encode(office.events[1])] {
        for key in String(decoding: json, as: UTF8.self).matches(of: #/"(\w+)":/#) {
            #expect(page.contains("`\(key.1)`") || page.contains("\"\(key.1)\""), "\(key.1)")
        }
    }
    for kind in SnapshotManifest.Kind.allCases { #expect(page.contains("`\(kind.rawValue)`")) }
    let numbers = [
        "100,000", "10,000", "1,000 each", "\(SnapshotLimits.partBytes >> 20) MiB",
        "\(SnapshotLimits.packedPartBytes >> 20) MiB", "8 GiB − 1", "\(SnapshotLimits.totalBytes >> 40) TiB",
        "\(SnapshotLimits.lineBytes >> 20) MiB", "\(SnapshotLimits.payloadBytes >> 20) MiB",
        "\(ZstandardFrame.largestWindow >> 20) MiB", "at most 8 MB with at most 524,288 values",
        "head of \(SealedFile.headBytes) bytes",
        "cost, \(SealingKey.costs.lowerBound) to \(SealingKey.costs.upperBound)",
        "`checkWordList`",
    ]
    for number in numbers { #expect(page.contains(number), "\(number)") }
    #expect(SnapshotLimits.manifestValues == 524_288 && SnapshotLimits.manifestBytes == 8 << 20)
    #expect(
        SnapshotLimits.entries == 100_000 && SnapshotLimits.heads == 10_000 && SnapshotLimits.parts == 1000)
}

extension SnapshotOffice {
    mutating func replaceLast(_ event: Event) {
        var events = events
        events[events.count - 1] = event
        self = Self(self, events)
    }
}
