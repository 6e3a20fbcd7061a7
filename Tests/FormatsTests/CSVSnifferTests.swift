import Testing

@testable import Formats

struct CSVSnifferTests {
    private func sniff(_ text: String) -> CSVDialect { sniffDialect(bytes: Array(text.utf8)) }

    @Test(arguments: [",", ";", "\t", "|"]) func `each delimiter is found`(_ delimiter: String) {
        let rows =
            ["name", "when", "note"].joined(separator: delimiter) + "\n"
            + String(
                repeating: ["Ann", "2026-11-23 10:00:00", "a b"].joined(separator: delimiter) + "\n", count: 9
            )
        #expect(sniff(rows).delimiter == delimiter.utf8.first)
        #expect(sniff(rows).headerLines == [1])
    }

    @Test func `decimal commas and lists in cells do not outweigh the true delimiter`() {
        #expect(sniff("a;b;c\n1,5;2,5;x\n3,5;4,5;y\n").delimiter == 0x3b)
        #expect(sniff("a,b,c\nx; y,1,2\nz; w,3,4\n").delimiter == 0x2c)
        #expect(sniff("\"a;b;c;d\",e\n\"a;b;c;d\",f\n").delimiter == 0x2c)
    }

    @Test func `a first line that names the delimiter is believed`() {
        let dialect = sniff("sep=;\nDatum;Name\n20.07.26 10:45;A, B, C, D\n21.07.26 10:45;A, B, C, D\n")
        #expect(dialect.delimiter == 0x3b)
        #expect(dialect.headerLines == [2])
    }

    @Test func `titles before the header are passed over`() {
        let text = "Agent report\n\n-----\nUSER NAME,ID,CALLS,TALK\nAnn,1,5,0:10\nBen,2,6,0:20\n"
        #expect(sniff(text).headerLines == [4])
    }

    @Test func `nothing but data has no header`() {
        #expect(sniff("Ann,2026-11-23,5\nBen,2026-11-23,6\n").headerLines == [])
        #expect(sniff("").headerLines == [])
    }

    @Test func `encodings are told by mark and by contents`() {
        let text = "näme,x\n1,2\n"
        let little = text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        #expect(sniffEncoding(little) == .utf16le)
        #expect(sniffEncoding(big) == .utf16be)
        #expect(sniffEncoding([0xff, 0xfe] + little) == .utf16le)
        #expect(sniffEncoding([0xfe, 0xff] + big) == .utf16be)
        #expect(sniffEncoding(Array(text.utf8)) == .utf8)
        #expect(sniffEncoding([0x6e, 0xe4, 0x6d]) == .windows1252)
        #expect(sniffEncoding([0x6e, 0xfd, 0x6d]) == .windows1254)
        #expect(sniffEncoding([0x6e, 0xfd, 0xe1]) == .windows1252)
        #expect(sniffEncoding([]) == .utf8)
        #expect(sniffDialect(bytes: little).headerLines == [1])
    }

    @Test func `half a character that a dialer cut off makes no other encoding of a whole file`() {
        let row = Array("Zoë Müller,1,2026-11-02\n".utf8)
        let cut = Array("M".utf8) + [0xc3] + Array(",2,2026-11-02\n".utf8)
        let file = (0..<40).flatMap { _ in row } + cut + row
        #expect(sniffEncoding(file) == .utf8)
        let cyrillic = (0..<40).flatMap { _ in Array("Иванов,1\n".utf8) } + [0xd0] + Array(",2\n".utf8)
        #expect(sniffEncoding(cyrillic) == .utf8)
        // Of two such letters in a row in another encoding one looks like a character of UTF-8.
        let german = (0..<40).flatMap { _ in [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72, 0x0a] as [UInt8] }
        #expect(sniffEncoding(german + [0xc3, 0xa9, 0x0a]) == .windows1252)
    }

    @Test func `a sample that ends within a character is still UTF-8`() {
        for padding in 0..<4 {
            let text = String(repeating: "a", count: padding) + String(repeating: "😀", count: 1 << 16)
            #expect(sniffEncoding(Array(text.utf8.prefix(256 << 10))) == .utf8)
        }
    }
}
