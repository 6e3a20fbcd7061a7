import Foundation
import Testing

@testable import Formats

private func small(_ scratch: Scratch, level: Int?) throws -> (bytes: [UInt8], entries: [ArchivedEntry]) {
    let text = (0..<40).map { "\($0),Ann,2026-11-\(10 + $0 % 20),NY\r\n" }.joined()
    let summary = try writeArchive(
        [
            ArchiveEntry(name: "original.csv", content: .bytes(Array(text.utf8))),
            ArchiveEntry(name: "manifest.json", content: .bytes(Array("{\"rows\":40}".utf8))),
        ], to: scratch["good"], compressionLevel: level)
    return (try scratch.get("good"), summary.entries)
}

@Test(arguments: [3, nil])
func `an archive cut at any length is refused`(level: Int?) throws {
    let scratch = try Scratch()
    let (bytes, entries) = try small(scratch, level: level)
    for length in 0..<bytes.count {
        let path = try scratch.put("cut", Array(bytes.prefix(length)))
        #expect(throws: ArchiveFailure.self, "\(length) of \(bytes.count)") {
            try ArchiveReader(path: path).list()
        }
        #expect(throws: ArchiveFailure.self, "\(length) of \(bytes.count)") {
            try ArchiveReader(path: path, expecting: entries).check()
        }
    }
    #expect(try ArchiveReader(path: scratch["good"], expecting: entries).check() == entries)
}

@Test(arguments: [3, nil], [UInt8(0x01), 0x80, 0xFF])
func `no flipped byte gives other content than was written`(level: Int?, mask: UInt8) throws {
    let scratch = try Scratch()
    let (bytes, entries) = try small(scratch, level: level)
    var refused = 0
    for position in bytes.indices {
        var flipped = bytes
        flipped[position] ^= mask
        let path = try scratch.put("flipped", flipped)
        // A flip in padding or in a header's date changes no content, and may pass.
        do {
            #expect(try ArchiveReader(path: path, expecting: entries).check() == entries)
        } catch let failure as ArchiveFailure {
            refused += 1
            #expect(failure.archive == path)
        }
        _ = try? ArchiveReader(path: path).check()
    }
    #expect(refused > (level == nil ? 1000 : bytes.count / 2))
}

@Test func `damage names the archive and the entry`() throws {
    let scratch = try Scratch()
    let (bytes, entries) = try small(scratch, level: nil)
    var flipped = bytes
    flipped[600] ^= 1
    let path = try scratch.put("flipped", flipped)
    let failure = #expect(throws: ArchiveFailure.self) {
        try ArchiveReader(path: path, expecting: entries).extract(entry: "original.csv", to: scratch["out"])
    }
    #expect(failure?.words == "Archive \(path), entry original.csv: SHA-256 differs (damaged)")
    #expect(scratch.names == ["flipped", "good"])
}

@Test func `random bytes and random damage never trap`() throws {
    let scratch = try Scratch()
    let (bytes, entries) = try small(scratch, level: 3)
    var generator = Seeded(42)
    for _ in 0..<1500 {
        var broken = bytes
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let position = Int.random(in: 0..<broken.count, using: &generator)
            broken[position] = UInt8.random(in: 0...255, using: &generator)
        }
        if Bool.random(using: &generator) { broken.append(contentsOf: broken.shuffled(using: &generator)) }
        let reader = ArchiveReader(path: try scratch.put("broken", broken), expecting: entries)
        if let read = try? reader.check() { #expect(read == entries) }
        _ = try? reader.withEntry(named: "original.csv") { $0.isEmpty }
    }
}

@Test func `a missing, a foreign and a resized entry are noticed`() throws {
    let scratch = try Scratch()
    let entries = try small(scratch, level: 3).entries
    func kind(_ expected: [ArchivedEntry]) -> ArchiveFailure.Kind? {
        #expect(throws: ArchiveFailure.self) {
            _ = try ArchiveReader(path: scratch["good"], expecting: expected).list()
        }?.kind
    }
    #expect(kind(entries + [ArchivedEntry(name: "z", size: 1, sha256: "")]) == .noSuchEntry)
    #expect(kind([entries[0]]) == .unsafe)
    var resized = entries
    resized[1].size += 1
    #expect(kind(resized) == .damaged)
}

/// Made by Python's tarfile, as a stranger would.
private let hostile: [(String, ArchiveFailure.Kind)] = [
    ("add('../evil')", .unsafe), ("add('/etc/evil')", .unsafe), ("add('a/../../evil')", .unsafe),
    ("add('./a')", .unsafe), ("add('a\\\\b')", .unsafe), ("add('caf\\u00e9')", .unsafe), ("add('')", .unsafe),
    ("add('a', type=tarfile.SYMTYPE, linkname='/etc/passwd')", .unsafe),
    ("add('a'); add('b', type=tarfile.LNKTYPE, linkname='a')", .unsafe),
    ("add('a', type=tarfile.CHRTYPE, devmajor=1, devminor=3)", .unsafe),
    ("add('a', type=tarfile.BLKTYPE)", .unsafe), ("add('a', type=tarfile.FIFOTYPE)", .unsafe),
    ("add('a', type=tarfile.DIRTYPE)", .unsafe), ("add('a'); add('a')", .unsafe),
    ("add('a', data=b'x' * 5000)", .tooLarge), ("[add(str(i)) for i in range(20)]", .tooLarge),
    ("[add(str(i), data=b'x' * 900) for i in range(9)]", .tooLarge),
    ("add('a', size=2**62)", .tooLarge),
    ("add('a', pax_headers={'GNU.sparse.map': '0,1,4096,1', 'GNU.sparse.size': '999'})", .unsafe),
    ("add('a', pax_headers={'path': '../evil'})", .unsafe),
    ("add('n' * 5000)", .unsafe),
]

@Test(arguments: hostile.indices)
func `a hostile tar is refused`(index: Int) throws {
    let scratch = try Scratch()
    let (body, kind) = hostile[index]
    let script = """
        import io, tarfile
        t = tarfile.open('x.tar', 'w', format=tarfile.PAX_FORMAT)
        def add(name, data=b'x', **fields):
            i = tarfile.TarInfo(name)
            i.size = len(data) if fields.get('type', tarfile.REGTYPE) == tarfile.REGTYPE else 0
            for k, v in fields.items(): setattr(i, k, v)
            if 'size' in fields: t.fileobj.write(i.tobuf(tarfile.GNU_FORMAT)); return
            t.addfile(i, io.BytesIO(data) if i.size else None)
        \(body)
        t.close()
        """
    try scratch.put("make.py", Array(script.utf8))
    let made = try scratch.run("python3 make.py && zstd -q x.tar -o x.tar.zst")
    try #require(made.status == 0, "\(made.output)")
    let limits = ArchiveLimits(entries: 10, entryBytes: 4000, totalBytes: 6000)
    for name in ["x.tar", "x.tar.zst"] {
        let reader = ArchiveReader(path: scratch[name], limits: limits)
        let failure = #expect(throws: ArchiveFailure.self, "\(name) \(body)") { _ = try reader.check() }
        #expect(failure?.kind == kind, "\(name) \(body) \(failure?.words ?? "")")
    }
}

@Test(arguments: [
    "tar -czf x a", "zip -q x a && mv x.zip x", "bsdtar --format=cpio -cf x a", "xz -c a >x", "cp a x",
])
func `what is no tar of ours stays unread`(command: String) throws {
    let scratch = try Scratch()
    try scratch.put("a", Array(repeating: 0x61, count: 5000))
    guard try scratch.run(command).status == 0 else { return }
    let failure = #expect(throws: ArchiveFailure.self) { _ = try ArchiveReader(path: scratch["x"]).list() }
    #expect(failure?.kind == .damaged)
}

@Test func `a bomb is stopped by its declared size, and an endless end by what was unpacked`() throws {
    let scratch = try Scratch()
    try scratch.run("truncate -s 1G zeros && tar --zstd -cf bomb zeros && rm zeros")
    let limits = ArchiveLimits(entryBytes: 100 << 20, totalBytes: 100 << 20)
    let declared = #expect(throws: ArchiveFailure.self) {
        try ArchiveReader(path: scratch["bomb"], limits: limits).withEntry(named: "zeros") { _ in
            Issue.record("unpacked")
            return false
        }
    }
    #expect(declared?.kind == .tooLarge && declared?.entry == "zeros")
    // A sound archive with 512 MB of zeros behind its end.
    _ = try small(scratch, level: nil)
    try scratch.run("(cat good; head -c 512M /dev/zero) | zstd -q -1 -o tail")
    let tail = #expect(throws: ArchiveFailure.self) {
        _ = try ArchiveReader(path: scratch["tail"], limits: limits).list()
    }
    #expect(tail?.kind == .tooLarge)
    // Packed twice, any amount could hide behind one block of the file.
    try scratch.run("zstd -q tail -o twice")
    let twice = #expect(throws: ArchiveFailure.self) {
        _ = try ArchiveReader(path: scratch["twice"], limits: limits).list()
    }
    #expect(twice?.kind == .unsafe)
}

/// Not a test of its own: what the next one runs in a process that does nothing else.
@Test(.enabled(if: ProcessInfo.processInfo.environment["ROLLCALL_ARCHIVED"] != nil))
func `the peak of memory while an archive is written and checked`() throws {
    let file = try #require(ProcessInfo.processInfo.environment["ROLLCALL_ARCHIVED"])
    let scratch = try Scratch()
    let peak = try memoryPeak {
        let summary = try writeArchive(
            [ArchiveEntry(name: "zeros", content: .file(path: file, size: nil))], to: scratch["a"])
        _ = try ArchiveReader(path: scratch["a"], expecting: summary.entries).check()
    }
    print("peak \(peak >> 10) KB")
}

@Test func `memory stays bounded whatever the archive holds`() throws {
    let scratch = try Scratch()
    try scratch.run("truncate -s 400M zeros")
    let output = try runAlone("the peak of memory while an archive", "ROLLCALL_ARCHIVED", scratch["zeros"])
    let said = try #require(output.firstMatch(of: #/peak (\d+) KB/#), "\(output)")
    #expect(try #require(Int(said.1)) < 64 << 10)
}
