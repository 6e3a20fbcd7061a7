import Crypto
import Domain
import Foundation
import Testing

@testable import Formats

/// zstd frames made by hand: blocks that repeat one byte 128 K times take four bytes.
private enum Frame {
    static func head(window: UInt8 = 0x58) -> [UInt8] { [0x28, 0xb5, 0x2f, 0xfd, 0x00, window] }
    static func raw(_ bytes: [UInt8], isLast: Bool = false) -> [UInt8] {
        header(0, bytes.count, isLast) + bytes
    }
    static func repeated(_ byte: UInt8, count: Int = 128 << 10) -> [UInt8] {
        header(1, count, false) + [byte]
    }
    static let end = raw([], isLast: true)

    private static func header(_ kind: Int, _ size: Int, _ isLast: Bool) -> [UInt8] {
        let value = size << 3 | kind << 1 | (isLast ? 1 : 0)
        return [UInt8(value & 255), UInt8(value >> 8 & 255), UInt8(value >> 16 & 255)]
    }

    /// 10 MB or so, which unpack to 100 GB of lines that look like objects.
    static let lines =
        head()
        + Array(
            repeatElement(
                raw([UInt8(ascii: "{")]) + repeated(UInt8(ascii: "a")) + raw(Array("}\n".utf8)),
                count: 800_000
            ).joined()) + end
    /// 10 MB, which unpack to 330 GB without one line end.
    static let endless =
        head() + raw(Array("{\"actor\":\"".utf8))
        + Array(repeatElement(repeated(UInt8(ascii: "a")), count: 2_600_000).joined()) + end
}

private func lyingManifest(_ office: SnapshotOffice, entries: Int) throws -> [UInt8] {
    var text = String(decoding: try office.manifest(.card).written(), as: UTF8.self)
    text.removeLast()
    text +=
        ",\"entries\":["
        + Array(repeating: "{\"name\":\"a\",\"size\":1}", count: entries).joined(separator: ",") + "]}"
    return Array(text.utf8)
}

private func numbers(_ count: Int) -> [UInt8] {
    Array("{\"x\":[".utf8) + Array(repeatElement([0x30, 0x2c], count: count).joined()) + Array("0]}".utf8)
}

/// Properly signed by a hostile key, each of them.
private let hostile: [(name: String, says: String, make: @Sendable (SnapshotOffice) throws -> [UInt8])] = [
    (
        "lines without end", "unpacks to more than 67108864",
        { try $0.forgePart(Frame.lines, unpacked: SnapshotLimits.partBytes, lines: 800_000, kind: .backup) }
    ),
    (
        "lines, said to be 10 GB", "would have",
        { try $0.forgePart(Frame.lines, unpacked: 10 << 30, lines: 800_000, kind: .backup) }
    ),
    (
        "a line without end", "a line is too long",
        { try $0.forgePart(Frame.endless, unpacked: SnapshotLimits.partBytes, lines: 1) }
    ),
    (
        "one byte less than said", "unpacks to 3 bytes, not 4",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 4, lines: 1, kind: .backup
            )
        }
    ),
    (
        "one byte more than said", "unpacks to more than 2",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 2, lines: 1, kind: .backup
            )
        }
    ),
    (
        "a line more than counted", "counts other entries",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 3, lines: 2, kind: .backup
            )
        }
    ),
    (
        "an empty line", "a line is empty",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a, 0x0a]) + Frame.end, unpacked: 4, lines: 2,
                kind: .backup)
        }
    ),
    (
        "a last line without its end", "last line has no end",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d]) + Frame.end, unpacked: 2, lines: 1, kind: .backup)
        }
    ),
    ("nothing packed", "unpack", { try $0.forgePart(Frame.head() + Frame.end, unpacked: 1, lines: 1) }),
    (
        "a window of 3.75 GB", "4026531840 bytes of memory",
        {
            try $0.forgePart(
                Frame.head(window: 0xaf) + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 3, lines: 1,
                kind: .backup)
        }
    ),
    (
        "a window of 16 MB", "16777216 bytes of memory",
        {
            try $0.forgePart(
                Frame.head(window: 0x70) + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 3, lines: 1,
                kind: .backup)
        }
    ),
    (
        "a second frame", "something follows its end",
        {
            let frame = Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end
            return try $0.forgePart(frame + frame, unpacked: 6, lines: 2, kind: .backup)
        }
    ),
    (
        "a skippable frame", "not packed with zstd",
        { try $0.forgePart([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], unpacked: 1, lines: 1) }
    ),
    (
        "a frame without its end", "unpacked",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]), unpacked: 3, lines: 1, kind: .backup)
        }
    ),
    (
        "text that is not packed", "not packed with zstd",
        { try $0.forgePart([0x7b, 0x7d, 0x0a], unpacked: 3, lines: 1, kind: .backup) }
    ),
    (
        "a larger size than there is", "cut off",
        { try $0.forgePart(Frame.end, unpacked: 3, lines: 1, size: 1 << 20) }
    ),
    (
        "a million entries", "manifest would have",
        { try $0.forge($0.manifest(), [], json: lyingManifest($0, entries: 1_000_000)) }
    ),
    (
        "more entries than may be", "100100 entries",
        { try $0.forge($0.manifest(), [], json: lyingManifest($0, entries: 100_100)) }
    ),
    (
        "a manifest of brackets", "values",
        { try $0.forge($0.manifest(), [], json: [UInt8](repeating: UInt8(ascii: "["), count: 8 << 20)) }
    ),
    ("a manifest of numbers", "values", { try $0.forge($0.manifest(), [], json: numbers((8 << 19) - 20)) }),
    (
        "as many numbers as a manifest may hold", "no manifest",
        { try $0.forge($0.manifest(), [], json: numbers(SnapshotLimits.manifestValues - 10)) }
    ),
    (
        "one long text", "no manifest",
        {
            try $0.forge(
                $0.manifest(), [], json: [0x22] + [UInt8](repeating: 0x61, count: (8 << 20) - 2) + [0x22])
        }
    ),
    (
        "as many files as a manifest may hold, and none of them there", "cut off",
        { office in
            var manifest = try office.manifest()
            manifest.heads = []
            manifest.entries = (0..<82_000).map { number in
                let digits = String(number, radix: 16)
                let digest = String(repeating: "0", count: 64 - digits.count) + digits
                return SnapshotManifest.Entry(
                    name: "files/" + digest, size: 1 << 20, sha256: digest, unpacked: 1 << 20)
            }
            manifest.counts.files = 82_000
            return try office.forge(manifest, [])
        }
    ),
]

@Test func `what is made by hand and right is taken in`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    let lines = Array("{}\n{\"a\":1}\n".utf8)
    let frame =
        Frame.head() + Frame.raw(Array(lines.prefix(4))) + Frame.raw(Array(lines.dropFirst(4))) + Frame.end
    #expect(try refusal(office.forgePart(frame, unpacked: 11, lines: 2, kind: .backup), in: scratch) == nil)
    // As other programs pack it: with a checksum, the size said, and at another level.
    try scratch.put("lines", lines)
    for options in ["--check", "--no-check -19", "-1 --stream-size=11 <lines -o lines.zst #"] {
        try scratch.run("rm -f lines.zst; zstd -qf \(options) lines")
        let packed = try scratch.get("lines.zst")
        #expect(
            try refusal(office.forgePart(packed, unpacked: 11, lines: 2, kind: .backup), in: scratch) == nil)
    }
}

/// Not a test of its own: what the next one runs in a process that does nothing else.
@Test(.enabled(if: ProcessInfo.processInfo.environment["ROLLCALL_SNAPSHOT"] != nil))
func `the peak of memory while a snapshot is refused`() throws {
    let path = try #require(ProcessInfo.processInfo.environment["ROLLCALL_SNAPSHOT"])
    var said = "taken in"
    let peak = try memoryPeak {
        do { try SnapshotReader(path: path).verify() } catch let error as UserError {
            said = "\(error.code.rawValue): \(error.message)"
        }
    }
    print("peak \(peak >> 10) KB \(said)")
}

@Test func `what a hostile key signed is refused, and takes little memory`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    for (name, says, make) in hostile {
        try scratch.put("s", make(office))
        let output = try runAlone("the peak of memory while a snapshot", "ROLLCALL_SNAPSHOT", scratch["s"])
        let said = try #require(output.firstMatch(of: #/peak (\d+) KB (.*)/#), "\(name): \(output)")
        // The longest line is 24 MB and the largest manifest 8 MB, decoded; all else is far below.
        #expect(try #require(Int(said.1)) < 64 << 10, "\(name)")
        #expect(["damaged:", "invalid:"].contains { said.2.hasPrefix($0) }, "\(name): \(said.2)")
        #expect(said.2.contains(says), "\(name): \(said.2)")
        #expect(said.2.hasSuffix("othing of it was taken in."), "\(name): \(said.2)")
    }
}
