import Foundation
import Testing

@testable import Formats

private let csv = Array("Agent name,State\r\nAnn,NY\r\nBen,\r\n".utf8)

private func bytesEntry(_ name: String, _ bytes: [UInt8]) -> ArchiveEntry {
    ArchiveEntry(name: name, content: .bytes(bytes))
}

private func noise(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
    var generator = Seeded(seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

@Test func `an archive opens with plain tar`() throws {
    let scratch = try Scratch()
    let file = try scratch.put("in.csv", csv)
    let summary = try writeArchive(
        [
            ArchiveEntry(name: "original.csv", content: .file(path: file, size: Int64(csv.count))),
            bytesEntry("files/manifest.json", Array("{}".utf8)), bytesEntry("empty", []),
        ], to: scratch["v.tar.zst"])
    let listing = try scratch.run("tar --zstd -tvf v.tar.zst")
    #expect(listing.status == 0)
    #expect(
        listing.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") } == [
            "-rw------- 0/0 \(csv.count) 1980-01-01 00:00 original.csv",
            "-rw------- 0/0 2 1980-01-01 00:00 files/manifest.json",
            "-rw------- 0/0 0 1980-01-01 00:00 empty",
        ])
    #expect(try scratch.run("mkdir out && tar --zstd -xf v.tar.zst -C out").output.isEmpty)
    #expect(try scratch.get("out/original.csv") == csv)
    #expect(try scratch.get("out/files/manifest.json") == Array("{}".utf8))
    // The summary says what other tools say.
    let sums = try scratch.run("sha256sum v.tar.zst out/original.csv && stat -c %s v.tar.zst").output
    #expect(sums.hasPrefix(summary.sha256) && sums.contains(summary.entries[0].sha256))
    #expect(sums.hasSuffix("\(summary.size)\n"))
    #expect(summary.entries.map(\.size) == [Int64(csv.count), 2, 0])
}

@Test func `the same input gives the same bytes, from a file or from memory`() throws {
    let scratch = try Scratch()
    let bytes = Array(repeating: csv, count: 30_000).joined() + noise(200_000)
    let file = try scratch.put("in", Array(bytes))
    func write(_ name: String, _ content: ArchiveEntry.Content) throws -> ArchiveSummary {
        try writeArchive([ArchiveEntry(name: "original.csv", content: content)], to: scratch[name])
    }
    let first = try write("a", .bytes(Array(bytes)))
    try scratch.run("touch -d 2001-01-01 in; chmod 644 in")
    let second = try write("b", .file(path: file, size: nil))
    #expect(first == second)
    #expect(try scratch.get("a") == scratch.get("b"))
    #expect(try ArchiveReader(path: scratch["a"], expecting: second.entries).check() == first.entries)
}

@Test func `an archive can be a plain tar`() throws {
    let scratch = try Scratch()
    let summary = try writeArchive([bytesEntry("a", csv)], to: scratch["p.tar"], compressionLevel: nil)
    #expect(try scratch.run("tar -xOf p.tar a").output == String(decoding: csv, as: UTF8.self))
    #expect(try ArchiveReader(path: scratch["p.tar"]).check() == summary.entries)
}

@Test func `long names and many entries survive`() throws {
    let scratch = try Scratch()
    let entries = (0..<300).map {
        bytesEntry("files/\(String(repeating: "x", count: 200))\($0)", [UInt8($0 & 255)])
    }
    let summary = try writeArchive(entries, to: scratch["a"])
    let reader = ArchiveReader(path: scratch["a"])
    #expect(try reader.list().map(\.name) == entries.map(\.name))
    #expect(try reader.bytes(of: entries[299].name, limit: 1) == [43])
    #expect(summary.entries.count == 300)
    #expect(try scratch.run("tar --zstd -tf a | wc -l").output == "300\n")
}

@Test(arguments: ["", "/a", "../a", "a/../b", "a//b", "./a", "a/", "a\\b", "a\nb", "é"])
func `a name that could leave the folder is not written`(name: String) throws {
    let scratch = try Scratch()
    let failure = #expect(throws: ArchiveFailure.self) {
        _ = try writeArchive([bytesEntry(name, [])], to: scratch["a"])
    }
    #expect(failure?.kind == .unsafe)
    #expect(scratch.names.isEmpty)
}

@Test func `a name used twice is not written`() throws {
    let scratch = try Scratch()
    #expect(throws: ArchiveFailure.self) {
        _ = try writeArchive([bytesEntry("a", []), bytesEntry("a", [1])], to: scratch["a"])
    }
}

@Test(arguments: [-100, 100])
func `a file that changes size while it is archived is an error`(difference: Int) throws {
    let scratch = try Scratch()
    let file = try scratch.put("in", noise(1_000_000))
    var looks = 0
    let failure = #expect(throws: ArchiveFailure.self) {
        _ = try writeArchive(
            [ArchiveEntry(name: "in", content: .file(path: file, size: nil))], to: scratch["a"],
            isCancelled: {
                looks += 1
                if looks == 3 { truncate(file, 1_000_000 + difference) }
                return false
            })
    }
    #expect(failure?.kind == .changed && failure?.entry == "in")
    #expect(scratch.names == ["in"])
}

@Test func `a file of another size than declared, a folder and a missing file are errors`() throws {
    let scratch = try Scratch()
    let file = try scratch.put("in", csv)
    func write(_ path: String, _ size: Int64?) throws {
        _ = try writeArchive(
            [ArchiveEntry(name: "in", content: .file(path: path, size: size))], to: scratch["a"])
    }
    #expect(throws: ArchiveFailure.self) { try write(file, 1) }
    #expect(throws: FileFailure.self) { try write(scratch.path, nil) }
    #expect(throws: FileFailure(.open, scratch["no"], errno: ENOENT)) { try write(scratch["no"], nil) }
    #expect(scratch.names == ["in"])
}

@Test func `cancelling leaves nothing behind`() throws {
    let scratch = try Scratch()
    let failure = #expect(throws: ArchiveFailure.self) {
        _ = try writeArchive([bytesEntry("a", csv)], to: scratch["a"], isCancelled: { true })
    }
    #expect(failure?.kind == .cancelled)
    #expect(scratch.names.isEmpty)
}

@Test func `entries are streamed, extracted, read whole and left early`() throws {
    let scratch = try Scratch()
    let big = noise(700_000)
    let summary = try writeArchive([bytesEntry("big", big), bytesEntry("csv", csv)], to: scratch["a"])
    let reader = ArchiveReader(path: scratch["a"], expecting: summary.entries)
    try reader.extract(entry: "big", to: scratch["out"])
    #expect(try scratch.get("out") == big)
    #expect(try reader.bytes(of: "csv", limit: csv.count) == csv)
    var chunks = 0
    try reader.withEntry(named: "big") { chunk in
        chunks += 1
        #expect(chunk.count <= 256 * 1024)
        return chunks < 2
    }
    #expect(chunks == 2)
    let tooBig = #expect(throws: ArchiveFailure.self) { try reader.bytes(of: "csv", limit: csv.count - 1) }
    #expect(tooBig?.kind == .tooLarge)
    let missing = #expect(throws: ArchiveFailure.self) { try reader.extract(entry: "no", to: scratch["no"]) }
    #expect(missing?.kind == .noSuchEntry && missing?.entry == "no")
    #expect(scratch.names == ["a", "out"])
}

@Test func `an entry kept past its turn gives an error, not other bytes`() throws {
    let scratch = try Scratch()
    _ = try writeArchive([bytesEntry("a", [1]), bytesEntry("b", [2])], to: scratch["a"])
    var kept: OpenEntry?
    try ArchiveReader(path: scratch["a"]).forEachEntry {
        kept = kept ?? $0
        return true
    }
    #expect(throws: ArchiveFailure.self) { try kept?.read { _ in true } }
}

@Test func `what comes early is read from an archive whose rest is lost`() throws {
    let scratch = try Scratch()
    _ = try writeArchive(
        [bytesEntry("original.csv", Array("first\n".utf8) + noise(2_000_000))], to: scratch["a"])
    try scratch.put("cut", Array(try scratch.get("a").prefix(400_000)))
    var early: [UInt8] = []
    try ArchiveReader(path: scratch["cut"]).withEntry(named: "original.csv") { chunk in
        early += chunk
        return early.count < 6
    }
    #expect(early.starts(with: Array("first\n".utf8)))
    #expect(throws: ArchiveFailure.self) { try ArchiveReader(path: scratch["cut"]).list() }
}
