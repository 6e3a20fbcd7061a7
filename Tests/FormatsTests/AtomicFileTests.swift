import Foundation
import Glibc
import Testing

@testable import Formats

private struct Stop: Error {}

private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

@Test func `a file is replaced whole and only its owner reads it`() throws {
    let scratch = try Scratch()
    try writeFile(Array("one".utf8), to: scratch["a"])
    try writeFile(Array("two".utf8), to: scratch["a"])
    #expect(try scratch.get("a") == Array("two".utf8))
    #expect(try mode(scratch["a"]) == 0o600)
    #expect(scratch.names == ["a"])
}

@Test func `a body that throws leaves the old file and no other`() throws {
    let scratch = try Scratch()
    try writeFile(Array("old".utf8), to: scratch["a"])
    #expect(throws: Stop.self) {
        try writeFile(to: scratch["a"]) { sink in
            try sink.write(Array("new".utf8)[...])
            #expect(scratch.names.contains { $0.hasPrefix(unfinishedPrefix) })
            throw Stop()
        }
    }
    #expect(try scratch.get("a") == Array("old".utf8))
    #expect(scratch.names == ["a"])
}

@Test func `what the body returns is returned`() throws {
    let scratch = try Scratch()
    let count = try writeFile(to: scratch["a"]) { sink in
        try sink.write([1, 2, 3])
        return 3
    }
    #expect(count == 3)
}

@Test func `a written file is moved into place with mode 0600`() throws {
    let scratch = try Scratch()
    try scratch.put("incoming", [1, 2, 3])
    try makeDirectory(scratch["b"])
    try moveDurably(from: scratch["incoming"], to: scratch["b/final"])
    #expect(try scratch.get("b/final") == [1, 2, 3])
    #expect(try mode(scratch["b/final"]) == 0o600)
    #expect(scratch.names == ["b"])
}

@Test func `a link is not moved in place of a file`() throws {
    let scratch = try Scratch()
    try scratch.put("secret", [1])
    symlink(scratch["secret"], scratch["link"])
    #expect(throws: FileFailure(.open, scratch["link"], errno: ELOOP)) {
        try moveDurably(from: scratch["link"], to: scratch["final"])
    }
    #expect(scratch.names == ["link", "secret"])
}

@Test func `directories are made with those above them, mode 0700, and may be there`() throws {
    let scratch = try Scratch()
    try makeDirectory(scratch["x/y/z"])
    try makeDirectory(scratch["x/y/z"])
    try makeDirectory(scratch["x/y/z/"])
    #expect(try mode(scratch["x"]) == 0o700)
    #expect(try mode(scratch["x/y/z"]) == 0o700)
    try scratch.put("file", [])
    #expect(throws: FileFailure(.makeDirectory, scratch["file"], errno: ENOTDIR)) {
        try makeDirectory(scratch["file"])
    }
    #expect(throws: FileFailure(.makeDirectory, "", errno: ENOENT)) { try makeDirectory("") }
}

@Test func `removing is done once and may be asked twice`() throws {
    let scratch = try Scratch()
    try scratch.put("a", [1])
    try removeDurably(scratch["a"])
    try removeDurably(scratch["a"])
    #expect(scratch.names.isEmpty)
    try makeDirectory(scratch["folder"])
    #expect(throws: FileFailure.self) { try removeDurably(scratch["folder"]) }
}

@Test func `a missing folder and a path through a file are told apart`() throws {
    let scratch = try Scratch()
    try scratch.put("file", [])
    let missing = #expect(throws: FileFailure.self) { try writeFile([1], to: scratch["no/a"]) }
    #expect(missing?.errno == ENOENT && missing?.operation == .create)
    #expect(missing?.words == "Cannot create \(scratch["no/a"]): No such file or directory")
    let through = #expect(throws: FileFailure.self) { try writeFile([1], to: scratch["file/a"]) }
    #expect(through?.errno == ENOTDIR)
    #expect(throws: FileFailure.self) { try writeFile([1], to: scratch.path) }
    #expect(scratch.names == ["file"])
}

@Test func `a full device is a full disk`() throws {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let failure = #expect(throws: FileFailure.self) {
        try FileSink(descriptor: descriptor, path: "x.csv").write([1])
    }
    #expect(failure?.isDiskFull == true)
    #expect(failure?.words == "Cannot write x.csv: No space left on device")
    #expect(!FileFailure(.write, "x", errno: EIO).isDiskFull)
}

@Test func `a full disk keeps the old file and leaves nothing half written`() throws {
    let scratch = try Scratch()
    try makeDirectory(scratch["disk"])
    // Only root may mount; the test above covers the error for everybody.
    guard try scratch.run("mount -t tmpfs -o size=256k none disk").status == 0 else { return }
    defer { _ = try? scratch.run("umount disk") }
    try writeFile(Array("old".utf8), to: scratch["disk/a"])
    var generator = Seeded(1)
    let noise = (0..<1_000_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let failure = #expect(throws: FileFailure.self) { try writeFile(noise, to: scratch["disk/a"]) }
    #expect(failure?.isDiskFull == true)
    let archive = #expect(throws: FileFailure.self) {
        _ = try writeArchive([ArchiveEntry(name: "n", content: .bytes(noise))], to: scratch["disk/b.tar.zst"])
    }
    #expect(archive?.isDiskFull == true)
    #expect(try scratch.get("disk/a") == Array("old".utf8))
    #expect(try scratch.run("ls -A disk").output == "a\n")
}

@Test func `a second name of a file is the same bytes, and replaces nothing`() throws {
    let scratch = try Scratch()
    try writeFile(Array("bytes".utf8), to: scratch["a"])
    #expect(try linkDurably(scratch["a"], to: scratch["b"]))
    #expect(try scratch.get("b") == Array("bytes".utf8))
    try writeFile(Array("other".utf8), to: scratch["c"])
    #expect(try linkDurably(scratch["a"], to: scratch["c"]) == false)
    #expect(try scratch.get("c") == Array("other".utf8))
    #expect(try linkDurably(scratch["no"], to: scratch["d"]) == false)
    try makeDurable(scratch["b"])
    #expect(throws: FileFailure.self) { try makeDurable(scratch["no"]) }
}
