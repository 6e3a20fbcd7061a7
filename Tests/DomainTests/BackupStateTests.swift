import Domain
import Foundation
import Testing

/// When backups are made, what they are called, and when somebody is told.
@Suite struct BackupStateTests {
    private static let now = Instant(milliseconds: 1_795_413_600_000)

    private func state(
        last hours: Int64?, settings: BackupSettings = BackupSettings(), hasChanged: Bool = true,
        failures: [BackupState.Failure] = [], drilled: Int64? = nil, founded: Int64? = -300
    ) -> BackupState {
        BackupState(
            settings: settings,
            last: hours.map {
                BackupRecord(
                    name: "a", made: at($0), bytes: 1, entries: 1, files: 0, calls: 0, isSealed: false)
            },
            drilled: drilled.map(at), failures: failures, hasChanged: hasChanged, founded: founded.map(at))
    }

    private func at(_ hours: Int64) -> Instant { Self.now.adding(seconds: hours * 3600) }
    private func failure(_ step: BackupFailed.Step, _ hours: Int64) -> BackupState.Failure {
        .init(step: step, time: at(hours), message: "The disk is full.")
    }

    @Test func `one a day, or an hour after the last where something changed`() {
        let long = at(-900)
        #expect(state(last: -5).next(started: long) == at(19))
        let hourly = BackupSettings(pace: .hourly)
        #expect(state(last: -5, settings: hourly).next(started: long) == at(-4))
        #expect(state(last: -5, settings: hourly, hasChanged: false).next(started: long) == at(19))
        #expect(state(last: -5, settings: BackupSettings(isOn: false)).next(started: long) == nil)
        #expect(state(last: nil, founded: nil).next(started: long) == nil)
        // The first one, and one that is overdue, soon after the start.
        let soon = Self.now.adding(seconds: BackupState.afterStart)
        #expect(state(last: nil).next(started: Self.now) == soon)
        #expect(state(last: -99).next(started: Self.now) == soon)
    }

    @Test func `what failed is tried again after an hour, a trial after a day`() {
        let failed = state(last: -30, failures: [failure(.written, 0), failure(.drill, 0)])
        #expect(failed.next(started: at(-900)) == at(1))
        #expect(failed.nextDrill(started: at(-900)) == at(24))
        #expect(state(last: -30, drilled: -48).nextDrill(started: at(-900)) == at(7 * 24 - 48))
        #expect(state(last: -30).nextDrill(started: at(-900)) == at(-30))
        #expect(state(last: nil).nextDrill(started: at(-900)) == nil)
        #expect(state(last: -1, settings: BackupSettings(drills: false)).nextDrill(started: at(-9)) == nil)
    }

    @Test func `somebody is told of what failed, is old, or was never made`() {
        #expect(state(last: -25).alarm(at: Self.now) == nil)
        #expect(state(last: -27).alarm(at: Self.now) == .old(at(-27)))
        #expect(state(last: nil, founded: -10).alarm(at: Self.now) == nil)
        #expect(state(last: nil, founded: -27).alarm(at: Self.now) == .never)
        #expect(state(last: nil, founded: nil).alarm(at: Self.now) == nil)
        #expect(state(last: -5, drilled: -359, founded: -999).alarm(at: Self.now) == nil)
        #expect(state(last: -5, drilled: -361, founded: -999).alarm(at: Self.now) == .untried(at(-361)))
        #expect(state(last: -5, founded: -361).alarm(at: Self.now) == .untried(nil))
        let untried = BackupSettings(drills: false)
        #expect(state(last: -5, settings: untried, founded: -999).alarm(at: Self.now) == nil)
        let off = BackupSettings(isOn: false)
        #expect(state(last: -27, settings: off).alarm(at: Self.now) == .off)
        let failures = [failure(.written, -2), failure(.drill, -1)]
        #expect(state(last: -3, failures: failures).alarm(at: Self.now) == .failed(failures[1]))
    }

    @Test func `a backup's name is safe wherever it is carried`() {
        func name(_ office: String) -> String {
            BackupName.make(office: office, at: Self.now) { _ in false }
        }
        #expect(name("North Branch") == "north-branch-20261123T060000Z.rollcall")
        #expect(name("../Ä\u{0}/x:y") == "a-x-y-20261123T060000Z.rollcall")
        #expect(name("日本") == "office-20261123T060000Z.rollcall")
        #expect(name(String(repeating: "a", count: 500)).utf8.count < 100)
        var taken: Set<String> = []
        for _ in 0..<3 { taken.insert(BackupName.make(office: "a", at: Self.now, isTaken: taken.contains)) }
        #expect(taken.count == 3 && taken.allSatisfy(BackupName.isName))
        for bad in ["a.sqlite", ".a.rollcall", "a/b.rollcall", "..\\a.rollcall", "a\n.rollcall"] {
            #expect(!BackupName.isName(bad), "\(bad)")
        }
    }

    @Test func `settings that are usual are not written`() throws {
        let usual = String(decoding: try JSONEncoder().encode(BoxSettings()), as: UTF8.self)
        #expect(!usual.contains("backups"))
        var other = BoxSettings()
        other.backups = BackupSettings(isOn: false, pace: .hourly, drills: false, folder: "/media/stick")
        let again = try JSONDecoder().decode(BoxSettings.self, from: try JSONEncoder().encode(other))
        #expect(again == other)
        for folder in ["stick", "/a/../b", "/a\nb", "/" + String(repeating: "a", count: 2000)] {
            #expect(throws: UserError.self) { try BackupSettings(folder: folder).check() }
        }
    }

    @Test func `a line of a local part has one spelling`() throws {
        let id: ID<User> = EventFormatTests.id(6)
        let line = BackupLine.credential(.init(user: id, hash: "scrypt$1", changed: 5, initial: true))
        let written = try line.written()
        #expect(
            String(decoding: written, as: UTF8.self)
                == #"{"credential":{"changed":5,"hash":"scrypt$1","initial":true,"user":"\#(id)"}}"#)
        #expect(try BackupLine.read(written[...]) == line)
        let text = String(decoding: written, as: UTF8.self)
        for other in [
            text.replacing(":5,", with: ": 5,"), text.replacing("credential", with: "secret"),
            text.replacing("\"changed\"", with: "\"more\":1,\"changed\""),
            text.replacing("}}", with: "},\"token\":{}}"), "{}", "",
            #"{"key":{"content":"AA==","name":"../x"}}"#, #"{"key":{"content":"AA==","name":".x"}}"#,
        ] {
            #expect(throws: UserError.self, "\(other)") { try BackupLine.read(Array(other.utf8)[...]) }
        }
        let key = BackupLine.key(.init(name: "office.key", content: Data([0, 255, 62, 63])))
        #expect(try BackupLine.read(try key.written()[...]) == key)
    }
}
