import Crypto
import Domain
import Foundation

/// One shared entry as a line of a snapshot: JSON (RFC 8259) in a single spelling, so that there is one line for an entry.
///
/// Keys sorted, no blanks, ids and hex in lower case, of the characters only `"`, `\` and those below U+0020 escaped.
/// `Docs/snapshots.md` shows one.
public enum SnapshotEvent {
    /// The line, without its end.
    ///
    /// - Throws: `UserError` `damaged` for an entry whose hash is not its own, `tooLarge` for one that no line holds.
    public static func encode(_ event: Event) throws -> [UInt8] {
        guard isSound(event), hash(of: event) == event.hash else {
            throw UserError(
                .damaged, "Entry \(event.seq) of the journal is damaged, so no snapshot was written.",
                advice: "Run “rollcall verify” and restore the last backup.")
        }
        var line: [UInt8] = []
        line.reserveCapacity(event.payload.utf8.count + 600)
        func put(_ key: String, _ value: String) {
            line.append(contentsOf: (line.isEmpty ? "{\"" : ",\"").utf8)
            line.append(contentsOf: key.utf8)
            line.append(contentsOf: "\":".utf8)
            line.append(contentsOf: value.utf8)
        }
        func put(_ key: String, text: String) {
            put(key, "\"")
            appendJSON(text, to: &line)
            line.append(UInt8(ascii: "\""))
        }
        put("actor", text: event.actor.name)
        put("hash", text: hexadecimal(event.hash))
        put("incarnation", String(event.incarnation))
        put("kind", text: event.kind)
        put("office", text: event.office.description)
        put("payload", text: event.payload)
        put("previousHash", text: hexadecimal(event.previousHash))
        put("seq", String(event.seq))
        put("stream", text: event.stream.rawValue)
        put("time", String(event.time.bits))
        if let user = event.actor.user { put("user", text: user.description) }
        put("via", text: event.actor.via)
        line.append(UInt8(ascii: "}"))
        guard line.count <= SnapshotLimits.lineBytes, event.payload.utf8.count <= SnapshotLimits.payloadBytes
        else {
            throw UserError(
                .tooLarge,
                "Entry \(event.seq) of the journal (\(event.kind)) is too long for a snapshot: \(line.count) bytes.",
                advice: "Tell whoever looks after Rollcall; a copy of the data folder still holds everything."
            )
        }
        return line
    }

    /// The entry that `encode` would write as exactly this line.
    ///
    /// - Throws: `UserError` `damaged` for any other line, and for an entry that its hash does not fit.
    public static func decode(_ line: ArraySlice<UInt8>) throws -> Event {
        guard line.count <= SnapshotLimits.lineBytes else { throw damaged("a line has \(line.count) bytes") }
        let event = line.withUnsafeBufferPointer { bytes in
            var reader = JSONLine(bytes)
            return read(&reader)
        }
        guard let event, isSound(event), event.payload.utf8.count <= SnapshotLimits.payloadBytes else {
            throw damaged("a line is no entry")
        }
        guard hash(of: event) == event.hash else { throw damaged("entry \(event.seq) was altered") }
        return event
    }

    private static func read(_ line: inout JSONLine) -> Event? {
        guard line.skip("{\"actor\":"), let name = line.text(),
            line.skip(",\"hash\":"), let hash = line.text().flatMap(bytes(ofHexadecimal:)),
            line.skip(",\"incarnation\":"), let incarnation = line.number(),
            line.skip(",\"kind\":"), let kind = line.text(),
            line.skip(",\"office\":"), let office: ID<Office> = line.text().flatMap(id),
            line.skip(",\"payload\":"), let payload = line.text(),
            line.skip(",\"previousHash\":"), let previousHash = line.text().flatMap(bytes(ofHexadecimal:)),
            line.skip(",\"seq\":"), let seq = line.number(),
            line.skip(",\"stream\":"), let stream = line.text().flatMap(EventStream.init(rawValue:)),
            line.skip(",\"time\":"), let time = line.number()
        else { return nil }
        var user: ID<User>?
        if line.skip(",\"user\":") {
            guard let it: ID<User> = line.text().flatMap(id) else { return nil }
            user = it
        }
        guard line.skip(",\"via\":"), let via = line.text(), line.skip("}"), line.isAtEnd,
            let incarnation = Int(exactly: incarnation)
        else { return nil }
        return Event(
            stream: stream, office: office, incarnation: incarnation, seq: seq, time: HybridTime(bits: time),
            actor: Actor(user: user, name: name, via: via), kind: kind, payload: payload,
            previousHash: previousHash, hash: hash)
    }

    private static func isSound(_ event: Event) -> Bool {
        (1...Int(Int32.max)).contains(event.incarnation) && event.seq >= 1 && event.time.bits >= 0
            && event.hash.count == 32 && event.previousHash.count == 32
            && (1...100).contains(event.kind.utf8.count)
    }

    private static func hash(of event: Event) -> [UInt8] {
        var hash = SHA256()
        event.eachHashedPiece { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }

    /// In the one spelling that is hashed.
    private static func id<Entity>(_ text: String) -> ID<Entity>? {
        guard let id = ID<Entity>(text), id.description.utf8.elementsEqual(text.utf8) else { return nil }
        return id
    }

    private static func damaged(_ detail: String) -> UserError { .snapshotDamaged("journal", detail) }

    private static func appendJSON(_ text: String, to line: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        for byte in text.utf8 {
            if JSONLine.isPlain(byte) {
                line.append(byte)
            } else if let short = JSONLine.shortEscapes.first(where: { $0.byte == byte }) {
                line.append(contentsOf: [UInt8(ascii: "\\"), short.letter])
            } else {
                line.append(contentsOf: "\\u00".utf8)
                line.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
    }
}

/// Reads the one spelling of a line from left to right.
private struct JSONLine {
    static let shortEscapes: [(byte: UInt8, letter: UInt8)] = [
        (UInt8(ascii: "\""), UInt8(ascii: "\"")), (UInt8(ascii: "\\"), UInt8(ascii: "\\")),
        (0x08, UInt8(ascii: "b")), (0x09, UInt8(ascii: "t")), (0x0a, UInt8(ascii: "n")),
        (0x0c, UInt8(ascii: "f")), (0x0d, UInt8(ascii: "r")),
    ]

    private var rest: Swift.Slice<UnsafeBufferPointer<UInt8>>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ text: String) -> Bool {
        guard rest.starts(with: text.utf8) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    /// 0 or more, without a sign or needless zeros; nil also beyond 64 bits.
    mutating func number() -> Int64? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard let first = digits.first, first != 0x30 || digits.count == 1 else { return nil }
        var value: Int64 = 0
        for digit in digits {
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tens.addingReportingOverflow(Int64(digit - 0x30))
            guard !over, !carried else { return nil }
            value = sum
        }
        rest = rest.dropFirst(digits.count)
        return value
    }

    mutating func text() -> String? {
        guard skip("\"") else { return nil }
        // Most texts have no escapes, and are taken as they lie there.
        let first = plain()
        if skip("\"") { return String(validating: first, as: UTF8.self) }
        var text = Array(first)
        while let byte = rest.first {
            rest = rest.dropFirst()
            if byte == UInt8(ascii: "\"") { return String(validating: text, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\"), let meant = escaped() else { return nil }
            text.append(meant)
            text.append(contentsOf: plain())
        }
        return nil
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func plain() -> Swift.Slice<UnsafeBufferPointer<UInt8>> {
        let run = rest.prefix(while: Self.isPlain)
        rest = rest.dropFirst(run.count)
        return run
    }

    private mutating func escaped() -> UInt8? {
        guard let letter = rest.first else { return nil }
        rest = rest.dropFirst()
        if let short = Self.shortEscapes.first(where: { $0.letter == letter }) { return short.byte }
        guard letter == UInt8(ascii: "u"), rest.count >= 4, rest.prefix(2).elementsEqual("00".utf8),
            let digits = String(validating: rest.dropFirst(2).prefix(2), as: UTF8.self),
            let value = bytes(ofHexadecimal: digits)?.first, value < 0x20,
            !Self.shortEscapes.contains(where: { $0.byte == value })
        else { return nil }
        rest = rest.dropFirst(4)
        return value
    }
}
