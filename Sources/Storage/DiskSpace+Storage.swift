import Domain
import Foundation
import GRDB

extension Disk {
    /// The real one: `statvfs`, what an ordinary user may still write.
    public static let system = Disk { path in
        var info = statvfs()
        guard statvfs(path, &info) == 0 else {
            throw UserError(
                .unreadable, "The free space of \(path) cannot be told: \(String(cString: strerror(errno))).",
                advice: "Check that the folder is there and its disk is mounted.")
        }
        func bytes(_ blocks: UInt64) -> Int64 {
            let (bytes, overflow) = blocks.multipliedReportingOverflow(by: UInt64(info.f_frsize))
            return overflow ? .max : Int64(clamping: bytes)
        }
        return DiskSpace(free: bytes(UInt64(info.f_bavail)), total: bytes(UInt64(info.f_blocks)))
    }
}

extension OfficeStore {
    /// The disk of the data folder as it is now: one quick question to the system.
    public func diskSpace() throws -> DiskSpace { try disk.space(folder.path) }

    /// Refuses an upload before anything of it is taken, where the disk is below the mark. For threads that may block.
    ///
    /// - Parameter needed: bytes that must be free beside it.
    /// - Throws: `UserError` `diskFull`.
    public func requireRoom(for needed: Int64 = 0) throws {
        let marks = try pool.read { db in try Self.officeState(db) }?.settings.disk ?? DiskMarks()
        let space = try diskSpace()
        try marks.requireRoom(on: space)
        guard space.free > needed else {
            throw UserError(
                .diskFull,
                "The file needs up to \(needed / 1_000_000) MB of the box's disk, and \(space.free / 1_000_000) MB are free. Nothing of it was kept.",
                advice: "Make room on the disk, or upload a shorter period.")
        }
    }
}
