import Domain
import Foundation
import Ingest
import Testing

@Suite struct SnapshotStickTests {
    private static let mounts = """
        /dev/sda1 / ext4 rw,relatime 0 0
        /dev/sdb1 /media/ann/STICK\\0401 vfat rw,nosuid 0 0
        /dev/sdc1 /media/ann/LOCKED vfat ro,nosuid 0 0
        /dev/sdd1 /mediathek ext4 rw 0 0
        /dev/sde1 /mnt ext4 rw 0 0
        /dev/sde1 /mnt ext4 rw 0 0
        /dev/sdf1 /run/media/ann/other exfat rw 0 0
        broken line
        """

    @Test func `sticks are what is mounted for removable disks and can be written to`() {
        let all = removablePlaces(mounts: Self.mounts, isWritable: { _ in true })
        #expect(all == ["/media/ann/STICK 1", "/mnt", "/run/media/ann/other"])
        let some = removablePlaces(mounts: Self.mounts, isWritable: { $0 == "/mnt" })
        #expect(some == ["/mnt"])
    }

    private func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-stick-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @Test func `a file is on the stick as it was, and every byte was read back`() throws {
        let place = try folder()
        defer { try? FileManager.default.removeItem(atPath: place) }
        let stick = place + "/stick"
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: true)
        let bytes = Data((0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
        try bytes.write(to: URL(fileURLWithPath: place + "/source"))
        var last = (0, 0)
        try copyToStick(
            place + "/source", into: stick, named: "a.rollcall", progress: { last = ($0, $1) })
        #expect(FileManager.default.contents(atPath: stick + "/a.rollcall") == bytes)
        #expect(last == (bytes.count * 2, bytes.count * 2))
        #expect(try FileManager.default.contentsOfDirectory(atPath: stick) == ["a.rollcall"])
    }

    @Test func `what was cancelled, or has no stick, leaves nothing`() throws {
        let place = try folder()
        defer { try? FileManager.default.removeItem(atPath: place) }
        let bytes = Data(repeating: 7, count: 3_000_000)
        try bytes.write(to: URL(fileURLWithPath: place + "/source"))
        let stick = place + "/stick"
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: true)
        // Once while it is written, once while it is read back.
        for limit in [1, 4] {
            var calls = 0
            #expect(throws: UserError.self) {
                try copyToStick(
                    place + "/source", into: stick, named: "a.rollcall",
                    isCancelled: {
                        calls += 1
                        return calls > limit
                    })
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: stick) == [])
        }
        let gone = #expect(throws: UserError.self) {
            try copyToStick(place + "/source", into: place + "/gone", named: "a.rollcall")
        }
        #expect(gone?.message.contains("could not be written") == true)
        #expect(FileManager.default.contents(atPath: place + "/source") == bytes)
    }
}
