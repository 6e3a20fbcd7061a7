import Crypto
import Domain
import Foundation
import Testing

@testable import Formats

/// The lowest cost, so that thousands of tries take seconds.
private func seal(_ passphrase: String = "vier Wörter reichen", salt: UInt8 = 7, nonce: UInt8 = 9) throws
    -> Seal
{
    Seal(
        key: try SealingKey(passphrase: passphrase, salt: [UInt8](repeating: salt, count: 16), cost: 10),
        nonce: [UInt8](repeating: nonce, count: 16))
}

private let opener = SealOpener.passphrase("vier Wörter reichen")

@Test func `a sealed snapshot opens with its passphrase, or with the key that was kept`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 200, payload: 600)
    let files = try office.files(4, upTo: 300_000, in: scratch)
    try office.write(.backup, to: scratch["plain"], local: ["{\"secret\":1}"], files: files)
    let written = try office.write(
        .backup, to: scratch["s"], local: ["{\"secret\":1}"], files: files, seal: seal())
    let sealed = try scratch.get("s")
    #expect(Int64(sealed.count) == written.bytes)
    for word in ["manifest", "journal", "secret", office.keyText] {
        #expect(sealed.firstRange(of: Array(word.utf8)) == nil, "\(word) can be read")
    }
    let plain = try SnapshotReader(path: scratch["plain"])
    // A composed and a decomposed ö are one letter.
    for opener in [opener, .passphrase("vier Wo\u{308}rter reichen"), .key(try seal().key)] {
        let reader = try SnapshotReader(path: scratch["s"], opener: opener)
        #expect(reader.isSealed && reader.manifest == plain.manifest && reader.digest == plain.digest)
        #expect(try SnapshotContent(reader) == SnapshotContent(plain))
        for file in files {
            try reader.extractFile(file.sha256, to: scratch["out"])
            #expect(try scratch.run("cmp out \(file.path)").status == 0)
        }
    }
    #expect(scratch.names.count == 7)
}

@Test func `the same input, salt and nonce give the same bytes, and another nonce gives others`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 2)
    try office.write(to: scratch["a"], seal: seal())
    try office.write(to: scratch["b"], seal: seal())
    try office.write(to: scratch["c"], seal: seal(nonce: 10))
    let (a, c) = (try scratch.get("a"), try scratch.get("c"))
    #expect(try a == scratch.get("b"))
    #expect(zip(a, c).dropFirst(SealedFile.headBytes).filter { $0 == $1 }.count < a.count / 50)
}

@Test func `a wrong passphrase is told apart from damage`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 2)
    try office.write(to: scratch["s"], seal: seal())
    let bytes = try scratch.get("s")
    func code(_ opener: SealOpener) throws -> String? {
        try refusal(bytes, in: scratch, opener: opener)?.message
    }
    #expect(try code(.none) == "The snapshot is sealed with a passphrase.")
    #expect(try code(.passphrase("vier Wörter reichen ")) == "The passphrase is wrong. Nothing was taken in.")
    #expect(try code(.key(seal("another").key)) == "The passphrase is wrong. Nothing was taken in.")
    #expect(try code(.key(seal(salt: 8).key)) == "The passphrase is wrong. Nothing was taken in.")
    #expect(try code(.passphrase("")) == "The passphrase is empty.")
    #expect(try code(opener) == nil)
    // A passphrase for what is not sealed does no harm.
    try office.write(to: scratch["p"])
    #expect(try refusal(scratch.get("p"), in: scratch, opener: opener) == nil)
}

@Test func `a sealed snapshot with any byte flipped is refused as damaged`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    try office.write(.card, to: scratch["s"], seal: seal())
    let bytes = try scratch.get("s")
    let key = SealOpener.key(try seal().key)
    var generator = Seeded(6)
    for position in bytes.indices {
        var flipped = bytes
        flipped[position] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        let error = try refusal(flipped, in: scratch, opener: key)
        // Without the first letters it is a file of another kind.
        #expect(
            error?.code == (position < SealedFile.magic.count ? .unknownFormat : .damaged), "byte \(position)"
        )
    }
}

@Test func `chunks that were cut, swapped, doubled or taken from another file are noticed`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 3)
    let files = try office.files(2, upTo: 250_000, in: scratch)
    func chunks(_ seal: Seal) throws -> (head: [UInt8], chunks: [[UInt8]]) {
        try office.write(to: scratch["s"], files: files, seal: seal)
        let bytes = try scratch.get("s")
        let head = Array(bytes.prefix(SealedFile.headBytes))
        let size = SealedFile.chunkBytes + SealedFile.tagBytes
        return (
            head, stride(from: head.count, to: bytes.count, by: size).map { Array(bytes[$0...].prefix(size)) }
        )
    }
    let (head, good) = try chunks(seal())
    let key = SealOpener.key(try seal().key)
    func refused(_ parts: [[UInt8]], head other: [UInt8]? = nil) throws -> UserError.Code? {
        try refusal((other ?? head) + parts.joined(), in: scratch, opener: key)?.code
    }
    try #require(good.count >= 3)
    #expect(try refused(good) == nil)
    for end in 0..<good.count {
        #expect(try refused(Array(good[..<end])) == .damaged, "cut behind chunk \(end)")
        for length in [1, 16, 17, good[end].count - 1] {
            #expect(try refused(Array(good[..<end]) + [Array(good[end].prefix(length))]) == .damaged)
        }
        #expect(try refused(Array(good[...end]) + Array(good[end...])) == .damaged, "chunk \(end) twice")
        #expect(
            try refused(Array(good[..<end]) + Array(good[(end + 1)...])) == .damaged, "without chunk \(end)")
        for other in 0..<end {
            var swapped = good
            swapped.swapAt(end, other)
            #expect(try refused(swapped) == .damaged, "chunks \(end) and \(other) swapped")
        }
    }
    #expect(try refused(good + [[]]) == nil)
    #expect(try refused(good + [[0]]) == .damaged)
    // Of a file that the same key sealed: its chunks open under its own head only.
    let (head2, good2) = try chunks(seal(nonce: 10))
    #expect(try refused(good2, head: head2) == nil)
    #expect(try refused(good2) == .damaged)
    for number in good.indices {
        var mixed = good
        mixed[number] = good2[number]
        #expect(try refused(mixed) == .damaged)
    }
}

@Test func `a chunk opens in its place alone, and only the last one as the last`() throws {
    let chunks = try SealedChunks(seal())
    let plain = Array("plain".utf8)
    let sealed = Array(try plain.withUnsafeBytes { try chunks.seal($0, number: 258, isLast: false) })
    func opened(_ chunks: SealedChunks, _ number: Int64, isLast: Bool) throws -> [UInt8]? {
        try sealed.withUnsafeBytes { try chunks.open($0, number: number, isLast: isLast) }.map { Array($0) }
    }
    #expect(try opened(chunks, 258, isLast: false) == plain)
    #expect(try opened(chunks, 258, isLast: true) == nil)
    for number: Int64 in [0, 1, 2, 257, 259, 513, 258 << 8, 258 | 1 << 40] {
        #expect(try opened(chunks, number, isLast: false) == nil, "\(number)")
    }
    #expect(try opened(SealedChunks(seal(nonce: 10)), 258, isLast: false) == nil)
    #expect(try opened(SealedChunks(seal("other words")), 258, isLast: false) == nil)
}

@Test func `what is sealed well and is no whole snapshot is refused`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    try office.write(to: scratch["plain"])
    let tar = try scratch.get("plain")
    let seal = try seal()
    for length in stride(from: 1, to: tar.count, by: 97) {
        try writeFile(to: scratch["s"]) { sink in
            let output = try SnapshotOutput(sink, seal)
            try output.write(Array(tar.prefix(length)))
            _ = try output.finish()
        }
        #expect(
            try refusal(scratch.get("s"), in: scratch, opener: .key(seal.key))?.code == .damaged, "\(length)")
    }
}

@Test func `a head that asks for much memory or time is refused before anything is derived`() throws {
    let scratch = try Scratch()
    let office = try SnapshotOffice(events: 1)
    try office.write(to: scratch["s"], seal: seal())
    let bytes = try scratch.get("s")
    for (offset, value) in [
        (0, UInt8(9)), (0, 18), (0, 31), (0, 255), (1, 9), (1, 255), (1, 0), (2, 2), (2, 0),
    ] {
        var head = Array(bytes.prefix(SealedFile.headBytes - 16))
        head[SealedFile.magic.count + offset] = value
        let whole = summed(head) + bytes.dropFirst(SealedFile.headBytes)
        let error = try refusal(whole, in: scratch, opener: opener)
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("too much memory or time") == true)
    }
}

@Test func `the head is laid out as it is written down`() throws {
    let seal = try seal()
    let head = try SealedFile.head(of: seal)
    #expect(head.count == 85)
    #expect(head.prefix(18).elementsEqual("rollcall-sealed-1\n".utf8))
    #expect(Array(head[18..<21]) == [10, 8, 1])
    #expect(Array(head[21..<37]) == seal.key.salt && Array(head[37..<53]) == seal.nonce)
    #expect(summed(Array(head.prefix(69))) == head)
    // The key is scrypt's as another program makes it.
    let scratch = try Scratch()
    let python = try scratch.run(
        "python3 -c \"import hashlib;print(hashlib.scrypt('vier Wörter reichen'.encode(),salt=b'\\x07'*16,n=1024,r=8,p=1,dklen=32).hex())\""
    )
    #expect(python.output == hexadecimal(seal.key.secret) + "\n")
    #expect(throws: UserError.self) { try SealedFile.head(of: Seal(key: seal.key, nonce: [1])) }
}

private func summed(_ head: [UInt8]) -> [UInt8] { head + SHA256.hash(data: head).prefix(16) }
