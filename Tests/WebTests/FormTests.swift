import Domain
import Foundation
import Testing

@testable import Web

@Suite struct FormTests {
    @Test func `forms are read as browsers write them`() {
        let form = Form(urlEncoded: "a=1&b=+two%20words+&a=3&empty=&bare&%C3%A4=%E2%82%AC&bad=%zz%4&=x")
        #expect(form["a"] == "1" && form.all("a") == ["1", "3"])
        #expect(form["b"] == "two words" && form.raw("b") == " two words ")
        #expect(form.text("empty") == nil && form.has("empty") && form.has("bare") && !form.has("none"))
        #expect(form["ä"] == "€")
        #expect(form["bad"] == "%zz%4")
        #expect(Form(urlEncoded: form.urlEncoded) == form)
        #expect(Form(urlEncoded: "").fields.isEmpty)
    }

    @Test func `a link keeps the rest of the query`() {
        let form = Form(urlEncoded: "from=2026-11-01&page=3&q=a%26b")
        #expect(form.with(["page": nil]).link("/x") == "/x?from=2026-11-01&q=a%26b")
        #expect(form.with(["page": "4"]).link("/x") == "/x?from=2026-11-01&q=a%26b&page=4")
        #expect(Form().link("/x") == "/x")
    }

    @Test func `numbers, days and times as the office writes them`() {
        let format = OfficeFormat(zone: TimeZone(identifier: "Europe/Berlin") ?? .gmt)
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "−1,234,567")] {
            #expect(format.number(value) == text)
        }
        #expect(format.number(Int64.min) == "−9,223,372,036,854,775,808")
        for (value, text) in [
            (0.05, "0.1"), (1234.56, "1,234.6"), (-0.04, "0.0"), (-2.5, "−2.5"), (0.999, "1.0"),
        ] { #expect(format.decimal(value) == text) }
        for odd in [Double.nan, .infinity, 1e300] { #expect(format.decimal(odd) == "—") }
        #expect(format.percent(81, of: 1000) == "8.1\u{a0}%" && format.percent(1, of: 0) == "—")
        #expect(format.duration(seconds: 93_784) == "26:03:04" && format.duration(seconds: nil) == "—")
        #expect(format.minutes(seconds: 61.4) == "1:01" && format.minutes(seconds: 3725) == "62:05")
        #expect(format.bytes(999) == "999\u{a0}bytes" && format.bytes(1_400_000) == "1.4\u{a0}MB")
        let day = Day(iso: "2026-11-23") ?? Day(number: 0)
        #expect(format.day(day) == "Mon 23 Nov 2026" && format.shortDay(day) == "Mon 23 Nov")
        let instant = Instant(milliseconds: 1_795_413_600_000)
        #expect(format.moment(instant) == "Mon 23 Nov 2026, 07:00")
        #expect(format.machine(instant) == "2026-11-23T07:00:00+01:00")
    }

    @Test func `a day begins at the office's midnight, also when the clock is changed`() {
        let format = OfficeFormat(zone: TimeZone(identifier: "Europe/Berlin") ?? .gmt)
        for iso in ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"] {
            let day = Day(iso: iso) ?? Day(number: 0)
            let local = format.start(of: day).local(in: format.zone)
            #expect(local.day == day && local.secondOfDay == 0, "\(iso): \(local.iso)")
        }
    }
}
