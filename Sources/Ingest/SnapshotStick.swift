import Crypto
import Domain
import Formats
import Foundation
import Glibc

/// Where removable disks are mounted that this process may write to.
///
/// - Parameters:
///   - mounts: the text of `/proc/self/mounts` (proc(5), fstab(5)).
///   - roots: folders below which desktops and people mount sticks.
public func removablePlaces(
    mounts: String, roots: [String] = ["/media", "/run/media", "/mnt"],
    isWritable: (String) -> Bool = { access($0, W_OK | X_OK) == 0 }
) -> [String] {
    var places: [String] = []
    for line in mounts.split(separator: "\n") {
        let fields = line.split(separator: " ")
        guard fields.count >= 4 else { continue }
        let place = plainMountPath(fields[1])
        let options = fields[3].split(separator: ",")
        guard options.contains("rw"), roots.contains(where: { place == $0 || place.hasPrefix($0 + "/") }),
            !places.contains(place), isWritable(place)
        else { continue }
        places.append(place)
    }
    return places.sorted()
}

/// Of this box now.
public func removablePlaces() -> [String] {
    let mounts = FileManager.default.contents(atPath: "/proc/self/mounts") ?? Data()
    return removablePlaces(mounts: String(decoding: mounts, as: UTF8.self))
}

/// Blanks and backslashes are written there as three octal digits.
private func plainMountPath(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        let digits = rest.prefix(3)
        if byte == UInt8(ascii: "\\"), digits.count == 3,
            let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
        {
            bytes.append(value)
            rest = rest.dropFirst(3)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Copies a file onto a stick so that it may be taken out when this returns: written beside its place, synced, renamed,
/// read back from the disk and compared, and everything else that waits in memory brought onto its disk, too.
///
/// Blocks its thread.
/// - Parameter progress: bytes written and read back, and twice the size.
/// - Throws: `UserError`: what is on the stick then is not the file; the file itself is as it was.
public func copyToStick(
    _ source: String, into folder: String, named name: String, isCancelled: () -> Bool = { false },
    progress: (Int, Int) -> Void = { _, _ in }
) throws {
    let target = folder + "/" + name
    do {
        let input = try openToRead(source)
        defer { close(input) }
        let size = Int(clamping: lseek(input, 0, SEEK_END))
        lseek(input, 0, SEEK_SET)
        var done = 0
        func count(_ bytes: Int) throws {
            if isCancelled() { throw UserError.stickCancelled }
            done += bytes
            progress(done, size * 2)
        }
        let written = try writeFile(to: target) { sink in
            try digest(of: input, source) { piece in
                try sink.write(raw: piece)
                try count(piece.count)
            }
        }
        do {
            let output = try openToRead(target)
            defer { close(output) }
            // What is in memory would always be what was written.
            posix_fadvise(output, 0, 0, POSIX_FADV_DONTNEED)
            let read = try digest(of: output, target) { try count($0.count) }
            guard read == written else {
                throw UserError.brokenStick
            }
            // What others wrote to the stick goes there, too; Linux returns when it is done (sync(2)).
            sync()
        } catch {
            unlink(target)
            throw error
        }
    } catch let failure as FileFailure {
        throw UserError.stick(failure)
    }
}

/// Whether a file lies on a removable disk.
public func isRemovable(_ path: String) -> Bool {
    removablePlaces().contains { path.hasPrefix($0 + "/") }
}

/// Brings a file that was just written onto its disk, with everything else that waits in memory, and compares what the
/// disk gives back: the stick may be taken out when this returns.
///
/// Blocks its thread.
/// - Throws: `UserError`.
public func readBack(fromStick path: String) throws {
    do {
        let file = try openToRead(path)
        defer { close(file) }
        let written = try digest(of: file, path) { _ in }
        guard fsync(file) == 0 else { throw FileFailure(.sync, path, errno: errno) }
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        lseek(file, 0, SEEK_SET)
        guard try digest(of: file, path, { _ in }) == written else { throw UserError.brokenStick }
        sync()
    } catch let failure as FileFailure {
        throw UserError.stick(failure)
    }
}

private func openToRead(_ path: String) throws -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.open, path, errno: errno) }
    return descriptor
}

private func digest(of descriptor: Int32, _ path: String, _ take: (UnsafeRawBufferPointer) throws -> Void)
    throws -> SHA256.Digest
{
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw FileFailure(.read, path, errno: errno) }
        if count == 0 { return hasher.finalize() }
        try buffer.withUnsafeBytes { bytes in
            let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            hasher.update(bufferPointer: piece)
            try take(piece)
        }
    }
}

extension UserError {
    static let stickCancelled = UserError(
        .cancelled, "It was cancelled; the file is not on the stick.", advice: "Write it again any time.")

    static let brokenStick = UserError(
        .damaged, "The stick gives back something else than was written to it.",
        advice: "Use another stick: this one is broken, or pretends to be larger than it is.")

    static func stick(_ failure: FileFailure) -> UserError {
        switch failure.errno {
        case ENOSPC, EDQUOT:
            UserError(
                .diskFull, "The stick is full; the file is not on it.",
                advice: "Make room on it, or use another.")
        case EFBIG:
            UserError(
                .tooLarge, "The stick takes no file of that size.",
                advice: "Format it with exFAT: FAT32 takes files up to 4 GB.")
        case EROFS, EACCES, EPERM:
            UserError(
                .unreadable, "The stick cannot be written to.",
                advice: "See whether it is locked, and whether this program may write there.")
        default:
            UserError(
                .unreadable, "The stick could not be written: \(String(cString: strerror(failure.errno))).",
                advice: "See whether it is still plugged in, then write it again.")
        }
    }
}
