import Crypto
import Domain
import Foundation
import Glibc

/// The tar as it goes to the disk, sealed on its way where it is to be.
final class SnapshotOutput {
    /// Bytes of the tar so far.
    private(set) var written: Int64 = 0
    private let sink: FileSink
    private let chunks: SealedChunks?
    private var number: Int64 = 0
    /// Plain bytes that make no whole chunk yet; of the last one nobody knows before the end that it is the last.
    private var held: [UInt8] = []
    private var fileSize: Int64 = 0

    init(_ sink: FileSink, _ seal: Seal?) throws {
        self.sink = sink
        chunks = try seal.map { try SealedChunks($0) }
        if let seal { try put(SealedFile.head(of: seal)) }
    }

    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(write(raw:)) }

    func write(raw bytes: UnsafeRawBufferPointer) throws {
        written += Int64(bytes.count)
        guard chunks != nil else { return try put(raw: bytes) }
        var rest = bytes[...]
        while !rest.isEmpty {
            if held.count == SealedFile.chunkBytes { try sealHeld(isLast: false) }
            let piece = rest.prefix(SealedFile.chunkBytes - held.count)
            held.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Returns the size of the file.
    func finish() throws -> Int64 {
        if chunks != nil { try sealHeld(isLast: true) }
        return fileSize
    }

    func entry(_ name: String, _ bytes: [UInt8]) throws {
        try write(SnapshotTar.header(name: name, size: Int64(bytes.count)))
        try write(bytes)
        try pad(after: Int64(bytes.count))
    }

    /// Copies the bytes of an entry from a place in a file, hashing them on the way.
    ///
    /// - Throws: `UserError` `damaged` where they are not the ones that the entry says.
    func copy(
        _ entry: SnapshotManifest.Entry, from descriptor: Int32, at offset: Int64, _ path: String,
        _ step: () throws -> Void
    ) throws {
        try write(SnapshotTar.header(name: entry.name, size: entry.size))
        var hash = SHA256()
        var done: Int64 = 0
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
            while done < entry.size {
                try step()
                let wanted = Int(clamping: min(entry.size - done, Int64(buffer.count)))
                let count = pread(descriptor, buffer.baseAddress, wanted, Int(offset + done))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw FileFailure(.read, path, errno: errno) }
                guard count > 0 else { throw SnapshotWriter.changed(path) }
                let piece = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer).prefix(count))
                hash.update(bufferPointer: piece)
                try write(raw: piece)
                done += Int64(count)
            }
        }
        guard hex(hash.finalize()) == entry.sha256 else { throw SnapshotWriter.changed(path) }
        try pad(after: entry.size)
    }

    private func pad(after size: Int64) throws {
        try write([UInt8](repeating: 0, count: Int(SnapshotTar.padding(after: size))))
    }

    private func sealHeld(isLast: Bool) throws {
        guard let chunks else { return }
        let sealed = try held.withUnsafeBytes { try chunks.seal($0, number: number, isLast: isLast) }
        try sealed.withUnsafeBytes(put(raw:))
        number += 1
        held.removeAll(keepingCapacity: true)
    }

    private func put(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(put(raw:)) }

    private func put(raw bytes: UnsafeRawBufferPointer) throws {
        try sink.write(raw: bytes)
        fileSize += Int64(bytes.count)
    }
}
