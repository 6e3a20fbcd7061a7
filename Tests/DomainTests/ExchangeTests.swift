import Domain
import Foundation
import Testing

/// When exchanges run, and what their tokens and addresses are.
@Suite struct ExchangeTests {
    private let berlin = TimeZone(identifier: "Europe/Berlin") ?? .gmt
    /// 2026-11-23 06:00 UTC, 07:00 in Berlin.
    private let now = Instant(milliseconds: 1_795_413_600_000)

    @Test func `the next run follows the last one`() {
        let last = now.adding(seconds: -120)
        #expect(ExchangeTimes.byHand.next(after: last, now: now, in: berlin) == nil)
        #expect(
            ExchangeTimes.everyMinutes(10).next(after: last, now: now, in: berlin)
                == last.adding(seconds: 600))
        #expect(ExchangeTimes.everyMinutes(10).next(after: nil, now: now, in: berlin) == now)
        // A last run of the future is one of a clock that was wrong.
        let future = now.adding(seconds: 90_000)
        #expect(ExchangeTimes.everyMinutes(10).next(after: future, now: now, in: berlin) == now)
        #expect(
            ExchangeTimes.daily(8 * 60).next(after: last, now: now, in: berlin) == now.adding(seconds: 3600))
        #expect(
            ExchangeTimes.daily(6 * 60).next(after: last, now: now, in: berlin)
                == now.adding(seconds: 23 * 3600))
        let twoDaysAgo = now.adding(seconds: -2 * 86_400)
        let due = ExchangeTimes.daily(8 * 60).next(after: twoDaysAgo, now: now, in: berlin)
        #expect(due.map { $0 < now } == true, "a day on which the box was off is made up for")
    }

    @Test func `failures are tried again after a minute, then later and later, an hour at most`() {
        for noise in [UInt8.min, 100, .max] {
            let pauses = (1...20).map { ExchangeRun.pause(afterFailures: $0, noise: noise) }
            #expect(pauses.allSatisfy { (60...3600).contains($0) })
            #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 })
            #expect((60...72).contains(pauses[0]))
            #expect(pauses[19] >= 2880)
        }
        let spread = Set((0...255).map { ExchangeRun.pause(afterFailures: 5, noise: UInt8($0)) })
        #expect(spread.count > 100, "offices that lost one line would all come back at once")
        #expect(ExchangeRun.pause(afterFailures: .max, noise: 255) == 3600)
        #expect(ExchangeRun.pause(afterFailures: -3, noise: 0) == 60)
    }

    @Test func `a token is read as it was written, and nothing else is one`() throws {
        let secret = String(repeating: "a-_9", count: 11).prefix(43)
        for trust in [ExchangeToken.Trust.system, .authority(String(repeating: "0f", count: 32))] {
            let token = ExchangeToken(secret: String(secret), trust: trust)
            #expect(try ExchangeToken("  \(token.text)\n") == token)
        }
        for text in [
            "", "rollcall_abc", "rollcall-exchange..system", "rollcall-exchange.\(secret).",
            "rollcall-exchange.\(secret).SYSTEM", "rollcall-exchange.\(secret).0f",
            "rollcall-exchange.\(secret)x.system",
        ] { #expect(throws: UserError.self, "\(text)") { try ExchangeToken(text) } }
    }

    @Test func `an address is one of a box over TLS`() throws {
        #expect(try ExchangeAddress("north.lan:8443").text == "https://north.lan:8443")
        #expect(try ExchangeAddress("HTTPS://north.lan/").text == "https://north.lan")
        #expect(try ExchangeAddress("https://[fd00::1]:8443").host == "fd00::1")
        #expect(try ExchangeAddress("https://[fd00::1]:8443").authority == "[fd00::1]:8443")
        for text in [
            "", "http://north.lan", "ftp://north.lan", "https://", "https://a:b@north.lan",
            "https://north.lan/files", "https://north.lan?x=1", "north.lan:0", "north.lan:70000",
        ] { #expect(throws: UserError.self, "\(text)") { try ExchangeAddress(text) } }
    }

    @Test func `settings that make no sense are refused`() {
        for settings in [
            ExchangeSettings(folder: "mnt"), ExchangeSettings(folder: "/a\0b"),
            ExchangeSettings(folderTimes: .everyMinutes(0)), ExchangeSettings(networkTimes: .daily(1440)),
        ] { #expect(throws: UserError.self) { try settings.check() } }
    }
}
