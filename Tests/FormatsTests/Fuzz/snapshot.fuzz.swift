// The first byte chooses the layer; the rest is its input. What a hash or a signature would stop at once is made right
// again, as a stranger with a key of his own could.
// Built by fuzz.sh together with all of Formats, as one module.

import Crypto
import Domain
import Foundation
import Glibc

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSnapshot(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let layer = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    switch layer % 7 {
    case 0: read(bytes)
    case 1: read(forged(json: bytes, entries: []))
    case 2: part(bytes, isLocal: false)
    case 3: part(bytes, isLocal: true)
    case 4: line(bytes)
    case 5: sealed(bytes)
    default: patched(bytes)
    }
    return 0
}

private let key =
    (try? Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 1, count: 32)))

private let keyText = hexadecimal(key?.publicKey.rawRepresentation ?? Data())

private func sign(_ bytes: [UInt8]) throws -> [UInt8] { Array((try key?.signature(for: bytes)) ?? Data()) }

private func forged(json: [UInt8], entries: [(String, [UInt8])]) -> [UInt8] {
    let signature = hexadecimal((try? sign(SnapshotManifest.signedBytes(json))) ?? [])
    var tar: [UInt8] = []
    for (name, bytes) in [("manifest.json", json), ("manifest.sig", Array(signature.utf8))] + entries {
        tar += SnapshotTar.header(name: name, size: Int64(bytes.count)) + bytes
        tar += [UInt8](repeating: 0, count: Int(SnapshotTar.padding(after: Int64(bytes.count))))
    }
    return tar + [UInt8](repeating: 0, count: SnapshotTar.endBytes)
}

private func manifest(_ kind: SnapshotManifest.Kind) -> SnapshotManifest {
    SnapshotManifest(
        kind: kind, program: "0.5",
        office: ID(UUID(uuid: (1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 0, 0, 0, 0, 0, 0, 1))),
        officeName: "Nord", incarnation: 1, made: Instant(milliseconds: 1), heads: [], key: keyText)
}

private let folder: String = {
    // In memory: thousands of files a second.
    let path = "/dev/shm/rollcall-fuzz-\(getpid())"
    try? makeDirectory(path)
    return path
}()

/// Whatever is said: a manifest that passes, or a `UserError`, and no file besides.
private func read(_ bytes: [UInt8], _ opener: SealOpener = .none) {
    let descriptor = open(folder + "/read", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { abort() }
    defer { close(descriptor) }
    do {
        try FileSink(descriptor: descriptor, path: "").write(bytes)
        let reader = try SnapshotReader(descriptor: descriptor, opener: opener)
        try reader.manifest.check()
        expect(
            try SnapshotManifest.read(reader.manifest.written()) == reader.manifest,
            "a manifest does not return")
        try reader.verify()
        var (events, lines) = (Int64(0), Int64(0))
        try reader.eachEvent { _ in events += 1 }
        try reader.eachLocalLine { _ in lines += 1 }
        expect(
            events == reader.manifest.counts.events && lines == reader.manifest.counts.localEvents,
            "the counts are others")
    } catch { expect(error is UserError, "an error of another type: \(error)") }
}

/// Packed bytes under a manifest that says the truth about them, as far as it can be known.
private func part(_ bytes: [UInt8], isLocal: Bool) {
    guard bytes.count > 2 else { return }
    var manifest = manifest(isLocal ? .backup : .full)
    let packed = Array(bytes.dropFirst(2))
    let unpacked = Int64(bytes[0]) << 8 | Int64(bytes[1])
    let name = isLocal ? SnapshotManifest.localEntry(0) : SnapshotManifest.journalEntry(0)
    if isLocal { manifest.counts.localEvents = 1 } else { manifest.counts.events = 1 }
    manifest.entries = [
        SnapshotManifest.Entry(
            name: name, size: Int64(packed.count), sha256: hexadecimal(SHA256.hash(data: packed)),
            unpacked: unpacked)
    ]
    guard let json = try? manifest.written() else { return }
    read(forged(json: json, entries: [(name, packed)]))
    // The walk along the frame says the same however the bytes are cut.
    func walk(_ size: Int) -> (String?, Bool) {
        var frame = ZstandardFrame()
        var rest = packed[...]
        while !rest.isEmpty {
            if let fault = rest.prefix(size).withUnsafeBytes({ frame.take($0) }) {
                return (fault, frame.isWhole)
            }
            rest = rest.dropFirst(size)
        }
        return (nil, frame.isWhole)
    }
    expect(walk(1) == walk(packed.count), "the pieces show")
}

private func line(_ bytes: [UInt8]) {
    do {
        let event = try SnapshotEvent.decode(bytes[...])
        expect(try SnapshotEvent.encode(event) == bytes, "a line has two spellings")
    } catch { expect(error is UserError, "an error of another type: \(error)") }
    // With the hash made right, the parser is all that judges.
    let hash = Array("\"hash\":\"".utf8)
    guard let place = bytes.firstRange(of: hash), bytes.count >= place.upperBound + 64 else { return }
    guard let object = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else { return }
    var right = bytes
    right.replaceSubrange(place.upperBound..<place.upperBound + 64, with: object.hash.utf8)
    if let event = try? SnapshotEvent.decode(right[...]) {
        expect((try? SnapshotEvent.encode(event)) == right, "a line has two spellings")
        expect(
            event.payload == object.payload && event.actor.name == object.actor, "a text was read otherwise")
    }
}

private struct Line: Decodable {
    var actor, kind, office, payload, previousHash, stream, via: String
    var user: String?
    var incarnation, seq, time: Int64

    /// As `Docs/snapshots.md` has it.
    var hash: String {
        let fields = [
            "rollcall-event-1", stream, office, String(incarnation), String(seq), String(time), user ?? "-",
            actor, via,
            kind, payload, previousHash,
        ]
        var text: [UInt8] = []
        for field in fields {
            for byte in field.utf8 {
                text += byte == 0x5c ? [0x5c, 0x5c] : byte == 0x0a ? [0x5c, 0x6e] : [byte]
            }
            text.append(0x0a)
        }
        return hexadecimal(SHA256.hash(data: text))
    }
}

private let seal = Seal(
    key: SealingKey(kept: [UInt8](repeating: 3, count: 32), salt: [UInt8](repeating: 1, count: 16), cost: 10),
    nonce: [UInt8](repeating: 2, count: 16))

/// As it is; and its chunks, each made genuine for its place.
private func sealed(_ bytes: [UInt8]) {
    read(bytes, .key(seal.key))
    guard let head = try? SealedFile.head(of: seal), let chunks = try? SealedChunks(seal) else { return }
    var file = head
    var (rest, number) = (bytes[...], Int64(0))
    while !rest.isEmpty {
        let size = min(rest.count, SealedFile.chunkBytes)
        let chunk = rest.prefix(size).withUnsafeBytes {
            try? chunks.seal($0, number: number, isLast: size == rest.count)
        }
        file += chunk ?? Data()
        rest = rest.dropFirst(size)
        number += 1
    }
    read(file, .key(seal.key))
}

/// A good snapshot with some of its bytes changed: two bytes of place, one of content, again and again.
private func patched(_ bytes: [UInt8]) {
    guard let json = try? manifest(.card).written() else { return }
    var file = forged(json: json, entries: [])
    let good = file
    var rest = bytes[...]
    while rest.count >= 3 {
        let three = Array(rest.prefix(3))
        file[(Int(three[0]) << 8 | Int(three[1])) % file.count] = three[2]
        rest = rest.dropFirst(3)
    }
    let path = folder + "/s"
    guard (try? writeFile(file, to: path)) != nil else { abort() }
    let isTaken = (try? SnapshotReader(path: path).verify()) != nil
    expect(isTaken == (file == good), "a changed snapshot was taken, or a good one was not")
}

/// Says what is wrong before it ends the process; optimised builds drop the words of a precondition.
private func expect(_ isTrue: @autoclosure () throws -> Bool, _ otherwise: @autoclosure () -> String) {
    if (try? isTrue()) == true { return }
    FileHandle.standardError.write(Data("\(otherwise())\n".utf8))
    abort()
}
