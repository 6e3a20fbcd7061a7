import Domain
import Testing

@testable import Formats

struct FieldParsingTests {
    @Test func `blanks of every kind are trimmed at both ends`() {
        let bytes = Array(" \t\u{a0}a b\u{202f}\u{a0} \r\n".utf8)
        #expect(String(decoding: bytes[trimmed(bytes, 0..<bytes.count)], as: UTF8.self) == "a b")
        #expect(trimmed(bytes, 0..<2).isEmpty)
        #expect(trimmed([], -5..<100).isEmpty)
        #expect(trimmed(Array("éé".utf8), 0..<4) == 0..<4)
    }

    @Test func `whole numbers fit or are none`() {
        #expect(parseInteger(" 42 ") == 42)
        #expect(parseInteger("-9223372036854775808") == .min)
        #expect(parseInteger("9223372036854775807") == .max)
        #expect(parseInteger("+007") == 7)
        for text in ["9223372036854775808", "-9223372036854775809", "", "-", "+-1", "1.0", "1 2", "x", "１"] {
            #expect(parseInteger(text) == nil, "\(text)")
        }
        #expect(parseInteger(Array("a,12,b".utf8), 2..<4) == 12)
        #expect(parseInteger(Array("12".utf8), 5..<90) == nil)
    }

    @Test(arguments: [
        ("143", 143), ("143.0", 143), ("143.9", 143), ("0:02:23", 143), ("0.02.23", 143), ("2:23", 143),
        ("00:02:23.5", 143), ("83:45", 5025), ("0", 0), (" 00:00:00 ", 0), ("4:00:00", 14_400),
        ("14400", 14_400),
        ("-0", 0), ("2.23", 2),
    ])
    func `durations are whole seconds`(text: String, seconds: Int) {
        #expect(parseDuration(text) == .seconds(seconds))
    }

    @Test func `durations below zero and over four hours are told apart from text`() {
        for text in ["-1", "-0:00:05", "-0.5", "-1.5", "-99999999999999999999"] {
            #expect(parseDuration(text) == .negative, "\(text)")
        }
        for text in ["14401", "4:00:01", "99999999999999999999", "999999999999999999:00", "5:00:00.0"] {
            #expect(parseDuration(text) == .tooLong, "\(text)")
        }
        for text in [
            "", "pending", "1:60", "0:60:00", "1:2:3:4", "12s", "1e3", "1:", ":5", "1..2", "0.2.75", "--1",
            "-",
        ] {
            #expect(parseDuration(text) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        ("09:12:58", 33_178), ("9.12.58", 33_178), ("9:12", 33_120), ("1:05 PM", 47_100), ("12:00 am", 0),
        ("12:30:00 PM", 45_000), ("11:59:59\u{202f}p.m.", 86_399), ("23:59:59.999", 86_399), ("'0:00'", 0),
    ])
    func `clock times are seconds of the day`(text: String, second: Int) {
        #expect(parseClockTime(text) == second)
    }

    @Test(arguments: [
        "24:00", "9:60", "9:12:60", "13:05 PM", "0:30 AM", "9", "", "9:12 XM", "009:12", "9:12:58x", "-1:00",
    ])
    func `what is no clock time is none`(_ text: String) { #expect(parseClockTime(text) == nil) }

    private func iso(_ text: String, _ order: DateOrder) -> String? {
        parseTime(text, order: order)?.local.iso
    }

    @Test func `each order reads its dates`() {
        #expect(iso("01/02/2021", .mdy) == "2021-01-02 00:00:00")
        #expect(iso("01/02/2021", .dmy) == "2021-02-01 00:00:00")
        #expect(iso("01/02/2021", .ymd) == nil)
        #expect(iso("1-13-2021", .mdy) == "2021-01-13 00:00:00")
        #expect(iso("1-13-2021", .dmy) == nil)
        #expect(iso("20.07.26 10:45", .dmy) == "2026-07-20 10:45:00")
        #expect(iso("29.02.2024", .dmy) == "2024-02-29 00:00:00")
        #expect(iso("29.02.2023", .dmy) == nil)
    }

    @Test func `two-digit years turn at 69`() {
        #expect(iso("1/2/68", .mdy) == "2068-01-02 00:00:00")
        #expect(iso("1/2/69", .mdy) == "1969-01-02 00:00:00")
        #expect(iso("1/2/00", .mdy) == "2000-01-02 00:00:00")
    }

    @Test(arguments: DateOrder.allCases) func `a year in front is read in every order`(_ order: DateOrder) {
        #expect(iso("2026-11-23 09:05:07", order) == "2026-11-23 09:05:07")
        #expect(iso("2026-11-23T09:05:07", order) == "2026-11-23 09:05:07")
        #expect(iso("2020/2/10 22:41", order) == "2020-02-10 22:41:00")
        #expect(iso("2020.2.10, 9:41:00 pm", order) == "2020-02-10 21:41:00")
        #expect(iso("'2026-01-01 00:00:00.000'", order) == "2026-01-01 00:00:00")
        #expect(iso("2026-02-30 09:05:07", order) == nil)
    }

    @Test func `offsets are told and fractions dropped`() throws {
        let time = try #require(parseTime("2025-09-18T15:27:55.7318522+02:00", order: .ymd))
        #expect(time.local.iso == "2025-09-18 15:27:55" && time.offsetSeconds == 7200 && time.hasTime)
        #expect(parseTime("2013-11-23T02:30:31-0830", order: .ymd)?.offsetSeconds == -30_600)
        #expect(parseTime("2013-11-23T02:30:31Z", order: .ymd)?.offsetSeconds == 0)
        #expect(parseTime("2013-11-23 02:30 UTC", order: .ymd)?.offsetSeconds == 0)
        #expect(parseTime("2013-11-23 02:30 -05", order: .ymd)?.offsetSeconds == -18_000)
        #expect(parseTime("2013-11-23 02:30:31", order: .ymd)?.offsetSeconds == nil)
        #expect(parseTime("2013-11-23", order: .ymd)?.hasTime == false)
    }

    @Test func `epoch seconds and milliseconds are moments in UTC`() throws {
        let seconds = try #require(parseTime("1594150929", order: .mdy))
        #expect(seconds.isEpoch && seconds.offsetSeconds == 0 && seconds.local.iso == "2020-07-07 19:42:09")
        #expect(parseTime("1594150929123", order: .dmy)?.local == seconds.local)
        #expect(parseTime("0", order: .ymd) == nil)
        #expect(parseTime("159415092", order: .ymd) == nil)
    }

    @Test(arguments: [
        "", "hello", "1/2", "1/2/3", "1/2/123", "1/2-2021", "2021-01-02x", "2021-01-02 25:00:00",
        "2021-01-02T",
        "2021-01-02 10:00 +19:00", "2021-01-02 10:00 PST", "2021-13-01 00:00:00", "0000-01-01", "12345/1/1",
        "2021-01-02 10:00:00 11:00", "'2021-01-02", "2021-01-02'", "99999999999999999999-1-1",
        "2021-1x-02 10:00:00",
    ])
    func `what is no date is none in any order`(_ text: String) {
        for order in DateOrder.allCases { #expect(parseTime(text, order: order) == nil) }
    }
}

struct DateColumnTests {
    private func column(_ values: [String]) -> DateColumn {
        var column = DateColumn()
        for (index, value) in values.enumerated() { column.add(value, line: index + 2) }
        return column
    }

    @Test func `one day over twelve proves the order`() {
        #expect(column(["01-02-2021", "1/13/2021", "03-04-2021"]).verdict == .decided(.mdy))
        #expect(column(["01-02-2021", "13/1/2021"]).verdict == .decided(.dmy))
    }

    @Test func `without a proof it is asked`() {
        #expect(column(["01-02-2021", "03-04-2021"]).verdict == .ambiguous([.mdy, .dmy]))
        #expect(column(["2021-01-13", "03-04-2021"]).verdict == .ambiguous([.mdy, .dmy]))
    }

    @Test func `years in front and epochs need no order`() {
        #expect(column(["2021-01-02", "2021-01-13 10:00", "1594150929"]).verdict == .decided(.ymd))
        #expect(column(["", "  ", "x"]).verdict == .none)
        #expect(column([]).verdict == .none)
    }

    @Test func `a few contradictions are misfits and many are a mixture`() {
        let usual = Array(repeating: "12/31/2021", count: 40)
        #expect(column(usual + ["31/12/2021", "30/12/2021"]).verdict == .decided(.mdy))
        #expect(
            column(usual + ["31/12/2021", "30/12/2021", "29/12/2021"]).verdict == .ambiguous([.mdy, .dmy]))
        #expect(column(["31/12/2021", "30/12/2021", "12/31/2021"]).verdict == .ambiguous([.dmy, .mdy]))
    }

    @Test func `misfits are counted and the first is named`() {
        let found = column(["1/13/2021", "", "total", "13/13/2021", "2021-02-30", "2021-01-01"])
        #expect(found.values == 5)
        #expect(found.fitting(.mdy) == 2 && found.fitting(.dmy) == 1 && found.fitting(.ymd) == 1)
        #expect(found.firstMisfitLine == 4)
    }
}

struct NameFoldingTests {
    @Test(arguments: [
        ("José  García", "josegarcia"), ("JOSE GARCIA (Night)", "josegarcia"), ("Yıldız İNCİ", "yildizinci"),
        ("Łukasz Ørsted", "lukaszorsted"), ("Straße", "strasse"), ("\u{a0}Ann\u{a0}Lee ", "annlee"),
        ("O’Brien", "o'brien"), ("(Night)", "(night)"), ("Ａnn", "ann"), ("Ann (a) (b)", "ann"),
        ("Ann （Night）", "ann"), ("", ""),
    ])
    func `names fold alike`(name: String, folded: String) {
        #expect(foldedName(name) == folded)
        #expect(foldedName(foldedName(name)) == foldedName(name))
    }

    @Test func `composed and decomposed spellings are one and other scripts keep their vowels`() {
        #expect(foldedName("Ame\u{301}lie") == foldedName("Am\u{e9}lie"))
        #expect(foldedName("राम") != foldedName("रामु"))
        #expect(foldedName("مُحَمَّد") == foldedName("محمد"))
    }

    @Test func `a shown name is tidy`() {
        #expect(displayName("  Ann \t Lee  (Night shift) ") == "Ann Lee")
        #expect(displayName("(Night)") == "(Night)")
        #expect(displayName("Ann (Night) Lee") == "Ann (Night) Lee")
    }

    @Test(arguments: [
        ("Ann Lee P", "Ann Lee", true), ("Ann Lee-P", "Ann Lee", true), ("Ann_p", "Ann", true),
        ("Ann - P (x)", "Ann", true), ("Ann Leep", "Ann Leep", false), ("P", "P", false),
        (" -P", "-P", false),
        ("Ann P.", "Ann P.", false), ("Philip", "Philip", false), ("", "", false),
    ])
    func `a part-timer's mark is recognised`(text: String, name: String, marked: Bool) {
        let found = partTimer(text)
        #expect(found.name == name && found.marked == marked)
    }

    @Test func `headers compare without case and punctuation`() {
        #expect(foldedHeader("\u{feff}Call_Log-ID ") == "calllogid")
        #expect(foldedHeader("Recording Length (Seconds)") == "recordinglengthseconds")
        #expect(foldedHeader("Costo en céntimos.") == "costoencentimos")
    }
}
