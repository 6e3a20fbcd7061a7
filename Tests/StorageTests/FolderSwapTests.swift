import Domain
import Foundation
import GRDB
import Testing
import TestSupport

@testable import Storage

/// A restore that is cut off between any two renames leaves the old office or the new one, whole.
@Suite struct FolderSwapTests {
    private static let parts = ["rollcall.sqlite", "Files", "Trash", "Incoming", "keys"]

    /// A data folder whose every part says “old”, with a new office beside it.
    private func folder() throws -> DataFolder {
        let folder = DataFolder(
            path: FileManager.default.temporaryDirectory.path + "/rollcall-swap-\(UUID().uuidString)")
        for (place, word) in [(folder.path, "old"), (folder.restoring, "new")] {
            for part in Self.parts.dropFirst() {
                try FileManager.default.createDirectory(
                    atPath: "\(place)/\(part)", withIntermediateDirectories: true)
                try word.write(toFile: "\(place)/\(part)/it", atomically: false, encoding: .utf8)
            }
            try word.write(toFile: "\(place)/rollcall.sqlite", atomically: false, encoding: .utf8)
        }
        try "old".write(toFile: folder.database + "-wal", atomically: false, encoding: .utf8)
        try FileManager.default.createDirectory(atPath: folder.backups, withIntermediateDirectories: true)
        try "backup".write(toFile: folder.backups + "/it", atomically: false, encoding: .utf8)
        return folder
    }

    private func words(_ place: String) -> [String?] {
        Self.parts.map { part in
            let path = "\(place)/\(part)" + (part == "rollcall.sqlite" ? "" : "/it")
            return try? String(contentsOfFile: path, encoding: .utf8)
        }
    }

    private static let all = (
        old: parts.map { _ in "old" as String? }, new: parts.map { _ in "new" as String? }
    )

    @Test func `everything of the old office goes out, and everything of the new one comes in`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try FolderSwap(new: "Restoring", old: "Replaced/1").begin(in: folder)
        #expect(words(folder.path) == Self.all.new)
        #expect(words(folder.path + "/Replaced/1") == Self.all.old)
        let files = FileManager.default
        #expect(files.fileExists(atPath: folder.path + "/Replaced/1/rollcall.sqlite-wal"))
        #expect(!files.fileExists(atPath: folder.database + "-wal"))
        #expect(!files.fileExists(atPath: folder.restoring) && !files.fileExists(atPath: folder.swapMarker))
        #expect(files.fileExists(atPath: folder.backups + "/it"))
    }

    @Test func `one that was never begun is forgotten`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        // Cut off before the marker; an earlier one's office stays.
        for place in ["1", "2"] {
            try FileManager.default.createDirectory(
                atPath: folder.replaced + "/" + place, withIntermediateDirectories: true)
        }
        try "old".write(toFile: folder.replaced + "/1/rollcall.sqlite", atomically: false, encoding: .utf8)
        try FolderSwap.finish(in: folder)
        #expect(words(folder.path) == Self.all.old)
        #expect(!FileManager.default.fileExists(atPath: folder.restoring))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.replaced) == ["1"])
        try FileManager.default.removeItem(atPath: folder.replaced + "/1/rollcall.sqlite")
        try FolderSwap.finish(in: folder)
        #expect(!FileManager.default.fileExists(atPath: folder.replaced))
    }

    @Test func `one that was cut off anywhere is ended, however often that is cut off`() throws {
        let files = FileManager.default
        let parts = ["rollcall.sqlite-wal"] + Self.parts
        for step in ["out", "in"] {
            for moved in 0...parts.count {
                let folder = try folder()
                defer { try? files.removeItem(atPath: folder.path) }
                let old = folder.path + "/Replaced/1"
                try files.createDirectory(atPath: old, withIntermediateDirectories: true)
                for part in step == "in" ? parts[...] : parts.prefix(moved) {
                    try files.moveItem(atPath: folder.path + "/" + part, toPath: old + "/" + part)
                }
                for part in step == "in" ? parts.prefix(moved) : []
                where files.fileExists(atPath: folder.restoring + "/" + part) {
                    try files.moveItem(
                        atPath: folder.restoring + "/" + part, toPath: folder.path + "/" + part)
                }
                let marker = #"{"new":"Restoring","old":"Replaced/1","step":"\#(step)"}"#
                try marker.write(toFile: folder.swapMarker, atomically: false, encoding: .utf8)
                try FolderSwap.finish(in: folder)
                #expect(words(folder.path) == Self.all.new, "\(step) \(moved)")
                #expect(words(old) == Self.all.old, "\(step) \(moved)")
                #expect(!files.fileExists(atPath: folder.swapMarker))
                try FolderSwap.finish(in: folder)
                #expect(words(folder.path) == Self.all.new)
            }
        }
    }

    @Test func `a marker that leads elsewhere is not followed`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        for marker in ["", "{}", #"{"new":"../x","old":"Replaced/1","step":"in"}"#] {
            try marker.write(toFile: folder.swapMarker, atomically: false, encoding: .utf8)
            let error = #expect(throws: UserError.self) { try FolderSwap.finish(in: folder) }
            #expect(error?.code == .damaged)
            #expect(words(folder.path) == Self.all.old && words(folder.restoring) == Self.all.new)
        }
    }
}
