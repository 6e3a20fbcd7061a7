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

/// Properly signed by a hostile key, each of them.
private let hostile: [(name: String, make: @Sendable (SnapshotOffice) throws -> [UInt8])] = [
    (
        "lines without end",
        { try $0.forgePart(Frame.lines, unpacked: SnapshotLimits.partBytes, lines: 800_000, kind: .backup) }
    ),
    (
        "lines, said to be 10 GB",
        { try $0.forgePart(Frame.lines, unpacked: 10 << 30, lines: 800_000, kind: .backup) }
    ),
    ("a line without end", { try $0.forgePart(Frame.endless, unpacked: SnapshotLimits.partBytes, lines: 1) }),
    (
        "one byte less than said",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 4, lines: 1, kind: .backup
            )
        }
    ),
    (
        "one byte more than said",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 2, lines: 1, kind: .backup
            )
        }
    ),
    (
        "a line more than counted",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 3, lines: 2, kind: .backup
            )
        }
    ),
    (
        "an empty line",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a, 0x0a]) + Frame.end, unpacked: 4, lines: 2,
                kind: .backup)
        }
    ),
    (
        "a last line without its end",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d]) + Frame.end, unpacked: 2, lines: 1, kind: .backup)
        }
    ),
    ("nothing packed", { try $0.forgePart(Frame.head() + Frame.end, unpacked: 1, lines: 1) }),
    (
        "a window of 3.75 GB",
        {
            try $0.forgePart(
                Frame.head(window: 0xaf) + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 3, lines: 1,
                kind: .backup)
        }
    ),
    (
        "a window of 16 MB",
        {
            try $0.forgePart(
                Frame.head(window: 0x70) + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end, unpacked: 3, lines: 1,
                kind: .backup)
        }
    ),
    (
        "a second frame",
        {
            let frame = Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]) + Frame.end
            return try $0.forgePart(frame + frame, unpacked: 6, lines: 2, kind: .backup)
        }
    ),
    (
        "a skippable frame",
        { try $0.forgePart([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], unpacked: 1, lines: 1) }
    ),
    (
        "a frame without its end",
        {
            try $0.forgePart(
                Frame.head() + Frame.raw([0x7b, 0x7d, 0x0a]), unpacked: 3, lines: 1, kind: .backup)
        }
    ),
    (
        "text that is not packed",
        { try $0.forgePart([0x7b, 0x7d, 0x0a], unpacked: 3, lines: 1, kind: .backup) }
    ),
    ("a larger size than there is", { try $0.forgePart(Frame.end, unpacked: 3, lines: 1, size: 1 << 20) }),
    ("a million entries", { try $0.forge($0.manifest(), [], json: lyingManifest($0, entries: 1_000_000)) }),
    (
        "as many entries as 8 MB hold",
        { try $0.forge($0.manifest(), [], json: lyingManifest($0, entries: 340_000)) }
    ),
    (
        "a manifest of brackets",
        { try $0.forge($0.manifest(), [], json: [UInt8](repeating: UInt8(ascii: "["), count: 8 << 20)) }
    ),
    (
        "a manifest of numbers",
        {
            try $0.forge(
                $0.manifest(), [],
                json: Array(("{\"x\":[" + String(repeating: "0,", count: (8 << 19) - 20) + "0]}").utf8))
        }
    ),
]

@Test(arguments: hostile.indices)
func `what a hostile key signed is refused`(index: Int) throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    let error = try refusal(hostile[index].make(office), in: scratch)
    #expect(error.map { [.damaged, .invalid].contains($0.code) } == true, "\(hostile[index].name)")
    #expect(error?.message.contains("othing of it was taken in") == true, "\(hostile[index].name)")
}

/// Not a test of its own: what the next one runs in a process that does nothing else.
@Test(.enabled(if: ProcessInfo.processInfo.environment["ROLLCALL_SNAPSHOT"] != nil))
func `the peak of memory while a snapshot is refused`() throws {
    let path = try #require(ProcessInfo.processInfo.environment["ROLLCALL_SNAPSHOT"])
    func kilobytes(_ key: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(key) })
        return try #require(Int(line.filter(\.isNumber)))
    }
    // Forgets the peak so far (proc_pid_clear_refs(5)).
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    let before = try kilobytes("VmHWM:")
    let opener =
        ProcessInfo.processInfo.environment["ROLLCALL_PASSPHRASE"].map { SealOpener.passphrase($0) } ?? .none
    let result = Result { try SnapshotReader(path: path, opener: opener).verify() }
    print("peak \(try kilobytes("VmHWM:") - before) KB \(result)")
}

@Test func `a bomb takes little memory`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    for (name, make) in hostile {
        try scratch.put("s", make(office))
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--testing-library", "swift-testing", "--filter", "the peak of memory while"]
        process.environment = ProcessInfo.processInfo.environment.merging(["ROLLCALL_SNAPSHOT": scratch["s"]])
        { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let peak = try #require(output.firstMatch(of: #/peak (\d+) KB failure/#), "\(name): \(output)")
        print("\(name): \(peak.1) KB")
        #expect(try #require(Int(peak.1)) < 64 << 10, "\(name)")
    }
}
