/// One entry of an archive, unpacked piece by piece as it is asked for.
///
/// Like `ArchiveReader.withEntry` it throws `ArchiveFailure` and `FileFailure`; what comes after the entry is not
/// looked at.
final class ArchivedEntryStream {
    private let archive: OpenArchive
    private let name: String
    private let size: Int64
    private var count: Int64 = 0

    init(_ reader: ArchiveReader, entry name: String) throws {
        archive = try OpenArchive(path: reader.path, limits: reader.limits)
        self.name = name
        while let (found, size) = try archive.next() {
            guard size <= reader.limits.entryBytes else {
                throw ArchiveFailure(
                    .tooLarge, archive: reader.path, entry: found, "unpacks to \(size) bytes")
            }
            if found == name {
                self.size = size
                return
            }
        }
        throw ArchiveFailure(.noSuchEntry, archive: reader.path, entry: name, "entry is missing")
    }

    /// No bytes at the end.
    func next() throws -> ArraySlice<UInt8> {
        guard let (chunk, offset) = try archive.nextChunk(of: name) else {
            guard count == size else {
                throw ArchiveFailure(
                    .damaged, archive: archive.path, entry: name, "\(count) bytes, not \(size)")
            }
            return []
        }
        guard offset == count, Int64(chunk.count) <= size - count else {
            throw ArchiveFailure(.damaged, archive: archive.path, entry: name, "holes in the data")
        }
        count += Int64(chunk.count)
        return chunk
    }
}
