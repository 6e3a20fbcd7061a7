import Testing

@testable import Formats

private let contentType = "multipart/form-data; boundary=abc"

/// Events with neighbouring data joined, so that the size of the pieces fed does not show.
private func parse(
    _ body: [UInt8], chunk: Int = .max, type: String = contentType
) throws -> [MultipartEvent] {
    var form = try MultipartForm(contentType: type)
    var events: [MultipartEvent] = []
    var rest = body[...]
    while !rest.isEmpty {
        try form.feed(rest.prefix(chunk)) { event in
            if case .data(let more) = event, case .data(let sofar) = events.last {
                events[events.count - 1] = .data((Array(sofar) + more)[...])
            } else if case .data(let more) = event {
                events.append(.data(Array(more)[...]))
            } else {
                events.append(event)
            }
        }
        rest = rest.dropFirst(chunk)
    }
    try form.finish()
    return events
}

private func parse(_ body: String, chunk: Int = .max) throws -> [MultipartEvent] {
    try parse(Array(body.utf8), chunk: chunk)
}

private func part(_ headers: String, _ body: String = "x") -> String {
    "--abc\r\n\(headers)\r\n\r\n\(body)\r\n"
}

private func part(name: String) -> String { part("Content-Disposition: form-data; \(name)") }

private func data(_ text: String) -> MultipartEvent { .data(ArraySlice(text.utf8)) }

@Test func `a browser's form is read`() throws {
    let body =
        "--abc\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n12\r\n"
        + "--abc\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n"
        + "a,b\r\n1,2\r\n\r\n--abc\r\ncontent-disposition:form-data;name=none;filename=\"\"\r\n\r\n\r\n--abc--\r\n"
    let expected: [MultipartEvent] = [
        .part(name: "token", fileName: nil, contentType: nil), data("12"), .partEnd,
        .part(name: "file", fileName: "a.csv", contentType: "text/csv"), data("a,b\r\n1,2\r\n"), .partEnd,
        .part(name: "none", fileName: "", contentType: nil), .partEnd,
    ]
    for chunk in 1...64 { #expect(try parse(body, chunk: chunk) == expected) }
    #expect(try parse(body) == expected)
    #expect(try parse("preamble\r\n--abd\r\n" + body + "epilogue\r\n--abc\r\n") == expected)
}

@Test(arguments: 0..<300)
func `random parts come back whole however they are cut`(seed: Int) throws {
    var generator = Seeded(UInt64(seed))
    let pieces: [String] = [
        "\r", "\n", "\r\n", "-", "--", "--ab", "\r\n--ab", "\r\n-", "\r\n--", "--abc", "x--abc--",
        "\r\r\n--aabc", "abc",
        "\n--abc", "\r--abc--", " ", "a,b\r\n", "\u{0}", "\u{FEFF}",
    ]
    var expected: [MultipartEvent] = []
    var body: [UInt8] = Bool.random(using: &generator) ? [] : Array("ignored\r\n".utf8)
    for number in 0..<Int.random(in: 0...5, using: &generator) {
        var content: [UInt8] = []
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
            content += Array((pieces.randomElement(using: &generator) ?? "").utf8)
            content += (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
        }
        // Only a whole boundary at the beginning of a line ends a part.
        let text = Array("\r\n".utf8) + content + Array("\r\n--ab".utf8)
        let boundary = Array("\r\n--abc".utf8)
        if text.indices.contains(where: { text[$0...].starts(with: boundary) }) { continue }
        body += Array("--abc\r\nContent-Disposition: form-data; name=\"n\(number)\"\r\n\r\n".utf8)
        body += content + [13, 10]
        expected.append(.part(name: "n\(number)", fileName: nil, contentType: nil))
        if !content.isEmpty { expected.append(.data(content[...])) }
        expected.append(.partEnd)
    }
    body += Array("--abc--".utf8)
    for chunk in 1...64 { #expect(try parse(body, chunk: chunk) == expected, "seed \(seed) chunk \(chunk)") }
    #expect(try parse(body) == expected)
    // Cut anywhere, it is never taken for whole.
    for length in stride(from: 0, to: body.count, by: 7) {
        #expect(throws: MultipartError.incomplete) { try parse(Array(body.prefix(length))) }
    }
}

private let names: [(String, String)] = [
    (#"filename="a b.csv""#, "a b.csv"), ("filename=plain.csv", "plain.csv"),
    (#"filename="C:\logs\calls.csv""#, "calls.csv"), (#"filename="../../etc/passwd""#, "passwd"),
    (#"filename="/abs/x""#, "x"), (#"filename="..""#, ""), (#"filename="a/""#, ""),
    (#"filename="say \"hi\".csv""#, "say \"hi\".csv"), (#"filename="say %22hi%22%0A.csv""#, "say \"hi\".csv"),
    (#"filename="100%.csv""#, "100%.csv"), (#"filename="50%41.csv""#, "50%41.csv"),
    (#"filename="Ünïcode 電話.csv""#, "Ünïcode 電話.csv"), (#"filename="a;b=c.csv""#, "a;b=c.csv"),
    (#"filename="x"; filename*=UTF-8''%e2%82%ac%20rates.csv"#, "€ rates.csv"),
    (#"filename*=utf-8'en'..%2Fup.csv"#, "up.csv"), (#"filename*=iso-8859-1''caf%E9"#, "café"),
    (#"FileName="case.csv" ; "#, "case.csv"),
]

@Test(arguments: names.indices)
func `file names lose their folders and keep the rest`(index: Int) throws {
    let (text, expected) = names[index]
    let events = try parse(part(name: "name=f; \(text)") + "--abc--")
    #expect(events.first == .part(name: "f", fileName: expected, contentType: nil), "\(text)")
}

@Test func `bytes that are no UTF-8 are mended in names and kept in data`() throws {
    let body =
        Array("--abc\r\nContent-Disposition: form-data; name=f; filename=\"".utf8) + [0xFF, 0x61]
        + Array("\"\r\n\r\n".utf8) + [0xFF, 0x00] + Array("\r\n--abc--".utf8)
    #expect(
        try parse(body) == [
            .part(name: "f", fileName: "\u{FFFD}a", contentType: nil), .data([0xFF, 0x00]), .partEnd,
        ])
}

private let malformed = [
    part(name: "filename=x"), part("Content-Type: text/plain"), part(name: "name=\"open"),
    part("Content-Disposition: attachment; name=f"), part("no colon"), part(" folded: first"),
    part(name: "name=a; name=b"), part(name: "name=a\r\nContent-Disposition: form-data; name=b"),
    part(name: "name"), part(name: "name=a; filename*=x"), part(name: "name=a; filename*=utf-7''x"),
    part(name: "name=a\r\nContent-Transfer-Encoding: base64"), part(name: "name=a\nX: bare line feed"),
    part(name: "name=a\u{0}"), part(name: "name=\"a\" b"), "--abcd\r\n", "--abc-\r\n", "--abc \n",
    "--abc\r\r\n",
    part(name: "name=a") + "--abcx\r\n", "--abc" + String(repeating: " ", count: 300) + "\r\n",
]

@Test(arguments: malformed.indices)
func `what is malformed is refused, however it is cut`(index: Int) {
    for chunk in [1, 2, 3, 7, 64, 1000] {
        let error = #expect(throws: MultipartError.self) {
            try parse(malformed[index] + "--abc--", chunk: chunk)
        }
        guard case .malformed = error else {
            Issue.record("\(malformed[index]) gave \(String(describing: error))")
            continue
        }
    }
}

@Test func `odd but lawful forms are read`() throws {
    let one: [MultipartEvent] = [.part(name: "a", fileName: nil, contentType: nil), data("x"), .partEnd]
    #expect(try parse(part("Content-Disposition: form-data;\r\n\tname=a") + "--abc--") == one)
    #expect(try parse("--abc \t \r\nX:\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--abc--") == one)
    #expect(try parse("--abc--").isEmpty)
    // A part without even the line end of an empty body, behind one that had a body.
    let bare = "--abc\r\nContent-Disposition: form-data; name=b\r\n\r\n--abc--"
    #expect(
        try parse(part(name: "name=a") + bare)
            == one + [.part(name: "b", fileName: nil, contentType: nil), .partEnd])
    #expect(
        try parse("--abc\r\nContent-Disposition: form-data; name=a\r\n\r\n--abc--") == [one[0], .partEnd])
}

@Test func `headers and parts are limited`() throws {
    let long = "X: \(String(repeating: "y", count: 8200))"
    for chunk in [1, 100, 100_000] {
        #expect(throws: MultipartError.headersTooLarge) { try parse(part(long) + "--abc--", chunk: chunk) }
    }
    let hundred = String(repeating: part(name: "name=a"), count: 100)
    #expect(try parse(hundred + "--abc--").count == 300)
    #expect(throws: MultipartError.tooManyParts) { try parse(hundred + part(name: "name=a") + "--abc--") }
}

@Test(arguments: [
    "", "text/plain; boundary=abc", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=a; boundary=b",
    "multipart/form-data; boundary=" + String(repeating: "x", count: 71), "multipart/mixed; boundary=abc",
    "multipart/form-data; boundary=\"a\u{7}\"",
])
func `a request without a usable boundary is no form`(type: String) {
    #expect(throws: MultipartError.notMultipart) { _ = try MultipartForm(contentType: type) }
}

@Test func `a boundary may be quoted and hold spaces`() throws {
    let body = "--a b'(c)\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--a b'(c)--"
    let type = "Multipart/Form-Data; charset=utf-8; boundary=\"a b'(c)\""
    #expect(try parse(Array(body.utf8), type: type).count == 3)
}

private struct Stop: Error {}

@Test func `after an error nothing more is read`() throws {
    var form = try MultipartForm(contentType: contentType)
    let body = Array((part(name: "name=a") + "--abc--").utf8)
    #expect(throws: Stop.self) { try form.feed(body[...]) { _ in throw Stop() } }
    #expect(throws: Stop.self) { try form.feed(body[...]) { _ in Issue.record("went on") } }
    #expect(throws: Stop.self) { try form.finish() }
}
