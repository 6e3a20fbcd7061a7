import CArchive
import Crypto
import Domain
import Foundation
import Glibc

/// The bytes of a snapshot's tar, from any place and as often as wanted; of a sealed one no plain byte is kept on disk.
final class SnapshotBytes: Sendable {
    /// Of the tar.
    let size: Int64
    /// Of the file.
    let fileSize: Int64
    /// What opened it; nil: it is not sealed.
    let key: SealingKey?
    var isSealed: Bool { key != nil }
    private let descriptor: Int32
    private let chunks: SealedChunks?

    /// Takes the descriptor over, and closes it at the end or where it throws.
    init(descriptor: Int32, _ opener: SealOpener) throws {
        do {
            var state = stat()
            guard fstat(descriptor, &state) == 0, state.st_mode & 0o170000 == regularFile else {
                throw UserError(
                    .unreadable, "That is no file.", advice: "Choose the file that the other office exported."
                )
            }
            let fileSize = Int64(state.st_size)
            var beginning = [UInt8](repeating: 0, count: SealedFile.headBytes)
            let count = try beginning.withUnsafeMutableBytes { try Self.read(descriptor, into: $0, at: 0) }
            beginning.removeLast(beginning.count - count)
            if SealedFile.isSealed(beginning) {
                let seal = try SealedFile.seal(ofHead: beginning, opener)
                key = seal.key
                chunks = try SealedChunks(seal)
                size = try Self.plainSize(fileSize - Int64(SealedFile.headBytes))
            } else {
                key = nil
                chunks = nil
                size = fileSize
            }
            self.fileSize = fileSize
            self.descriptor = descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    private static let sealedChunk = Int64(SealedFile.chunkBytes + SealedFile.tagBytes)

    /// All chunks are full but the last, which is never empty.
    private static func plainSize(_ sealed: Int64) throws -> Int64 {
        let last = sealed % sealedChunk
        let full = sealed / sealedChunk
        guard sealed > 0, last == 0 || last > Int64(SealedFile.tagBytes) else {
            throw UserError.snapshotDamaged("its end", "it is cut off")
        }
        return full * Int64(SealedFile.chunkBytes) + (last == 0 ? 0 : last - Int64(SealedFile.tagBytes))
    }

    func cursor(at offset: Int64) -> SnapshotCursor { SnapshotCursor(self, at: offset) }

    /// Fills `buffer` from `offset` in the file as far as the file goes; returns how many bytes there were.
    private static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(done))
            let count = pread(descriptor, rest.baseAddress, rest.count, Int(offset) + done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw UserError(
                    .unreadable,
                    "The snapshot cannot be read to its end: \(String(cString: strerror(errno))). Nothing of it was taken in.",
                    advice: "Try again, or copy the file to another disk first.")
            }
            guard count > 0 else { break }
            done += count
        }
        return done
    }

    /// Of a plain file: the bytes themselves.
    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws {
        guard try Self.read(descriptor, into: buffer, at: offset) == buffer.count else { throw Self.cutOff }
    }

    /// Of a sealed file: the chunk that holds the byte at `offset`, opened, and where it begins; nil: it is not sealed.
    fileprivate func chunk(at offset: Int64) throws -> (bytes: Data, start: Int64)? {
        guard let chunks else { return nil }
        guard offset < size else { throw Self.cutOff }
        let number = offset / Int64(SealedFile.chunkBytes)
        let start = number * Int64(SealedFile.chunkBytes)
        let plain = min(Int64(SealedFile.chunkBytes), size - start)
        let opened = try withUnsafeTemporaryAllocation(
            byteCount: Int(plain) + SealedFile.tagBytes, alignment: 16
        ) {
            try read(into: $0, at: Int64(SealedFile.headBytes) + number * Self.sealedChunk)
            return try chunks.open(UnsafeRawBufferPointer($0), number: number, isLast: start + plain == size)
        }
        guard let opened else {
            throw UserError.snapshotDamaged("byte \(start)", "what was sealed there is something else")
        }
        return (opened, start)
    }

    private static var cutOff: UserError { .snapshotDamaged("its end", "it is cut off") }
}

/// A place in a snapshot's tar, going forward.
final class SnapshotCursor {
    private let bytes: SnapshotBytes
    private var offset: Int64
    private var opened: (bytes: Data, start: Int64)?

    fileprivate init(_ bytes: SnapshotBytes, at offset: Int64) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Fills the buffer wholly.
    ///
    /// - Throws: `UserError` `damaged` where the file ends before, `unreadable` where the disk does not give it.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws {
        guard bytes.isSealed else {
            try bytes.read(into: buffer, at: offset)
            offset += Int64(buffer.count)
            return
        }
        var done = 0
        while done < buffer.count {
            let held = opened.map { $0.start + Int64($0.bytes.count) } ?? 0
            if opened == nil || offset >= held { opened = try bytes.chunk(at: offset) }
            guard let opened else { return }
            let piece = opened.bytes.dropFirst(Int(offset - opened.start)).prefix(buffer.count - done)
            UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(done)).copyBytes(from: piece)
            done += piece.count
            offset += Int64(piece.count)
        }
    }

    func read(_ count: Int) throws -> [UInt8] {
        var read = [UInt8](repeating: 0, count: count)
        try read.withUnsafeMutableBytes(self.read(into:))
        return read
    }
}
