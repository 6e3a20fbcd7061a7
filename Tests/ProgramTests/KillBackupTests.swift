import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// kill -9 during a backup and at any instant of a restore: everything that is there afterwards is whole.
@Suite(.serialized) struct KillBackupTests {
    /// More with `ROLLCALL_TEST_KILLS=40`.
    private static let kills =
        ProcessInfo.processInfo.environment["ROLLCALL_TEST_KILLS"].flatMap { Int($0) } ?? 8

    private func copy(_ office: ImportOffice) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-kill-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: office.folder.path, toPath: path)
        return path
    }

    private func backups(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/Backups").sorted()
    }

    @Test func `a backup that is killed is whole, or not there`() async throws {
        let office = try await ImportOffice(clock: .system)
        for seed in 1...4 { try office.take(oldCalls(6000, seed: UInt64(seed)), file: "f\(seed).csv") }
        try office.store.close()
        let first = try copy(office)
        let began = Date()
        let whole = try await rollcall("backup", "--data", first, "--json")
        // Follows what the kills meet, for the box may get quicker or slower meanwhile.
        var length = Date().timeIntervalSince(began)
        #expect(whole.status == 0, "\(whole.err)")
        #expect(whole.json.first?["calls"] as? Int ?? 0 > 0)
        try FileManager.default.removeItem(atPath: first)
        var numbers = SeededNumbers(3)
        var outside = 0
        for moment in 0..<Self.kills * 5 where moment < Self.kills || outside == 0 {
            let path = try copy(office)
            let child = try Child(["backup", "--data", path])
            try await Task.sleep(
                for: .seconds(
                    length * Double.random(in: (moment.isMultiple(of: 2) ? 0.1 : 0.6)...1, using: &numbers)))
            child.kill()
            _ = try await child.wait()
            let restarted = try ImportOffice(opening: path)
            let names = try backups(path)
            #expect(!names.contains { $0.hasPrefix(".") }, "\(names)")
            if names.isEmpty {
                outside += 1
                length *= 1.05
            } else {
                length *= 0.7
            }
            for name in names { _ = try verifySnapshot("\(path)/Backups/\(name)") }
            // What is on record is there.
            #expect(try restarted.store.backupRecordsNow().allSatisfy { names.contains($0.name) })
            #expect(try await restarted.leftovers() == [])
            _ = try backUp(restarted.store, by: .console)
        }
        #expect(outside > 0, "no kill hit the backup")
    }

    @Test func `a restore that is killed leaves the old office or the new one, whole`() async throws {
        let office = try await ImportOffice(clock: .system)
        try office.take(oldCalls(4000, seed: 5), file: "before.csv")
        let file = try backUp(office.store, by: .console).path
        let backup = try TemporaryFile("", name: "kept.rollcall")
        try FileManager.default.removeItem(atPath: backup.path)
        try FileManager.default.moveItem(atPath: file, toPath: backup.path)
        let new = try await office.store.stateHash()
        try office.take(oldCalls(3000, seed: 6), file: "later.csv")
        let old = try await office.store.stateHash()
        try office.store.close()
        let first = try copy(office)
        let began = Date()
        let whole = try await rollcall("restore", backup.path, "--yes", "--data", first, "--json")
        var length = Date().timeIntervalSince(began)
        #expect(whole.status == 0, "\(whole.err)")
        #expect(whole.json.first?["stateHash"] as? String == new.hex)
        try FileManager.default.removeItem(atPath: first)
        var numbers = SeededNumbers(8)
        var outside = 0
        for moment in 0..<Self.kills * 5 where moment < Self.kills || outside == 0 {
            let path = try copy(office)
            let child = try Child(["restore", backup.path, "--yes", "--data", path])
            // Most of them late, where the renames are.
            let from = moment.isMultiple(of: 4) ? 0.1 : 0.8
            try await Task.sleep(for: .seconds(length * Double.random(in: from...1.05, using: &numbers)))
            child.kill()
            _ = try await child.wait()
            let restarted = try ImportOffice(opening: path)
            let hash = try await restarted.store.stateHash()
            if hash == new {
                length *= outside == 0 ? 0.7 : 0.95
                let replaced = try FileManager.default.contentsOfDirectory(atPath: path + "/Replaced")
                #expect(replaced.count == 1)
                let kept = try ImportOffice(opening: "\(path)/Replaced/\(replaced.first ?? "")")
                #expect(try await kept.store.stateHash() == old)
            } else {
                outside += 1
                length *= 1.05
                #expect(hash == old)
                #expect(!FileManager.default.fileExists(atPath: path + "/Replaced"))
            }
            #expect(!FileManager.default.fileExists(atPath: path + "/Restoring"))
            #expect(try await restarted.leftovers() == [])
            #expect(try await restarted.faults() == [])
            try restarted.take(oldCalls(50, seed: 77), file: "next.csv")
        }
        #expect(outside > 0, "no kill hit the restore")
    }
}
