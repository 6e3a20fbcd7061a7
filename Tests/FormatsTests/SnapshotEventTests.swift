import Crypto
import Domain
import Foundation
import Testing

@testable import Formats

private func event(_ change: (inout Event) -> Void = { _ in }) throws -> Event {
    let id: ID<Office> = try #require(ID("01890a5d-ac96-774b-bcce-b302099a8001"))
    var event = Event(
        stream: .shared, office: id, incarnation: 2, seq: 7, time: HybridTime(bits: 111_411_200_000_000_000),
        actor: Actor(user: ID(id.uuid), name: "Ann \"A\" \\ é\n\u{1}", via: "cli"), kind: "personRenamed",
        payload: "{\"name\":\"a/b\"}", previousHash: [UInt8](repeating: 0xab, count: 32))
    change(&event)
    event.hash = Array(SHA256.hash(data: Data(event.hashedText.utf8)))
    return event
}

private let golden = """
    {"actor":"Ann \\"A\\" \\\\ é\\n\\u0001","hash":"@","incarnation":2,"kind":"personRenamed",\
    "office":"01890a5d-ac96-774b-bcce-b302099a8001","payload":"{\\"name\\":\\"a/b\\"}",\
    "previousHash":"abababababababababababababababababababababababababababababababab","seq":7,"stream":"shared",\
    "time":111411200000000000,"user":"01890a5d-ac96-774b-bcce-b302099a8001","via":"cli"}
    """

private func text(_ event: Event) throws -> String {
    String(decoding: try SnapshotEvent.encode(event), as: UTF8.self)
}
private func decode(_ text: String) throws -> Event { try SnapshotEvent.decode(Array(text.utf8)[...]) }

@Test func `the line of an entry is for ever, and so is its hash`() throws {
    let event = try event()
    #expect(hexadecimal(event.hash) == "07eb31a9982a365b11c9e7a808ae027e02d72346d0a5f3b0b359ac29c1de9d3d")
    #expect(try text(event) == golden.replacing("@", with: hexadecimal(event.hash)))
    #expect(try decode(text(event)) == event)
    let program = try FormatsTests.event { $0.actor.user = nil }
    #expect(try !text(program).contains("\"user\"") && decode(text(program)) == program)
}

@Test func `another program writes the same lines and finds the same hashes`() throws {
    let scratch = try Scratch()
    let events = try SnapshotOffice(events: 60, payload: 200).events
    try scratch.put("lines", journal(events))
    // What Docs/snapshots.md says, in Python.
    let script = """
        import hashlib, json
        for line in open('lines', 'rb').read().split(b'\\n')[:-1]:
            e = json.loads(line)
            again = json.dumps(e, sort_keys=True, ensure_ascii=False, separators=(',', ':'))
            assert again.encode() == line, (again, line)
            fields = ['rollcall-event-1', e['stream'], e['office'], str(e['incarnation']), str(e['seq']),
                str(e['time']), e.get('user', '-'), e['actor'], e['via'], e['kind'], e['payload'], e['previousHash']]
            text = ''.join(f.replace('\\\\', '\\\\\\\\').replace('\\n', '\\\\n') + '\\n' for f in fields)
            assert hashlib.sha256(text.encode()).hexdigest() == e['hash'], e
        print('same')
        """
    try scratch.put("check.py", Array(script.utf8))
    #expect(try scratch.run("python3 check.py").output == "same\n")
}

@Test func `an entry keeps its hash whatever marks and line ends its texts hold`() throws {
    // Old entries were hashed by characters, which is the same but where a line feed or a backslash is part of one.
    for name in ["", "a\\b", "a\nb", "\\\\\n\n", "Zoë😀", "a\rb"] {
        let event = try event { $0.actor.name = name }
        let fields = [
            "rollcall-event-1", "shared", event.office.description, "2", "7", "111411200000000000",
            event.office.description, name, "cli", "personRenamed", event.payload,
            hexadecimal(event.previousHash),
        ]
        #expect(
            event.hashedText
                == fields.map { $0.replacing("\\", with: "\\\\").replacing("\n", with: "\\n") + "\n" }
                .joined())
    }
    // Two entries that differ never have one text: every field stays on its line.
    for name in ["a\r\nb", "\\\u{301}", "\r\n"] {
        let event = try event { $0.actor.name = name }
        #expect(event.hashedText.utf8.filter { $0 == 0x0a }.count == 12)
        #expect(try decode(text(event)) == event)
    }
    var pieces: [UInt8] = []
    let long = try event { $0.payload = String(repeating: "a\\", count: 200_000) }
    long.eachHashedPiece { pieces.append(contentsOf: $0) }
    #expect(pieces.elementsEqual(long.hashedText.utf8) && pieces.count > 600_000)
}

@Test func `a line in another spelling, or of what is no entry, is refused`() throws {
    let good = try text(event())
    let changes: [(String, String)] = [
        (",\"seq\":7", ",\"seq\": 7"), (",\"seq\":7", ",\"seq\":07"), (",\"seq\":7", ",\"seq\":7.0"),
        (",\"seq\":7", ",\"seq\":-7"), (",\"seq\":7", ",\"seq\":\"7\""), (",\"seq\":7", ""),
        (",\"seq\":7", ",\"seq\":7,\"seq\":7"), (",\"seq\":7", ",\"seq\":99999999999999999999"),
        (",\"seq\":7", ",\"seq\":"), (",\"seq\":7", ",\"seq\":7,\"sex\":1"), ("seq", "Seq"),
        ("\\u0001", "\\u0002"), ("\\u0001", "\u{1}"), ("\\n", "\\u000a"), ("a/b", "a\\/b"), ("é", "\\u00e9"),
        ("é", "e\u{301}"), ("cli\"}", "cli\"} "), ("{\"actor", " {\"actor"), ("cli\"}", "cli\"},"),
        ("cli\"}", "cli\""), ("\"shared\"", "\"Shared\""), ("\"shared\"", "\"local\""), ("ac96", "AC96"),
        ("ac96", "ac9"), ("abab", "ABab"), ("abab", "ab"), ("\"hash\":\"", "\"hash\":\"00"),
        ("\"incarnation\":2", "\"incarnation\":0"), ("\"incarnation\":2", "\"incarnation\":4294967298"),
        ("personRenamed", ""), ("Ann", "Anne"), ("\"user\":\"01", "\"user\":\"-1"),
    ]
    for (before, after) in changes {
        #expect(good.contains(before))
        let error = #expect(throws: UserError.self, "\(before) as \(after)") {
            _ = try decode(good.replacing(before, with: after, maxReplacements: 1))
        }
        #expect(error?.code == .damaged)
    }
    let bytes = Array(good.utf8)
    for length in bytes.indices {
        #expect(throws: UserError.self) { try SnapshotEvent.decode(bytes[..<length]) }
    }
    for position in bytes.indices {
        for mask in [UInt8(1), 0x20, 0x80] {
            var flipped = bytes
            flipped[position] ^= mask
            #expect(throws: UserError.self, "byte \(position)") { try SnapshotEvent.decode(flipped[...]) }
        }
    }
    // Not UTF-8, in a text whose hash nobody could take.
    #expect(throws: UserError.self) {
        try SnapshotEvent.decode(
            Array(good.replacing("é", with: "@").utf8.map { $0 == 0x40 ? 0xc3 : $0 })[...])
    }
}

@Test func `what no office writes is refused even with the right hash`() throws {
    for change: @Sendable (inout Event) -> Void in [
        { $0.seq = 0 }, { $0.seq = -1 }, { $0.incarnation = 0 }, { $0.incarnation = 1 << 40 },
        { $0.time = HybridTime(bits: -1) }, { $0.kind = "" },
        { $0.kind = String(repeating: "a", count: 101) },
        { $0.previousHash = [1] },
    ] {
        let event = try event(change)
        #expect(throws: UserError.self) { try SnapshotEvent.encode(event) }
    }
    var altered = try event()
    altered.hash[0] ^= 1
    #expect(throws: UserError.self) { try SnapshotEvent.encode(altered) }
}
